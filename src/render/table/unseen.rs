//! What was not seen and why, where to see it, what does not apply.

use std::io;

use pinflight_checks::{
    check::CheckId,
    outcome::State,
    report::{CheckReport, FindingReport, Report},
};

use super::super::text::{Sheet, Text, Tone};

/// What to run, and where.
pub(super) fn next_commands(report: &Report, sheet: &mut Sheet<'_>) -> io::Result<()> {
    if report.next_commands.is_empty() {
        return Ok(());
    }
    sheet.heading("Not seen from here: run next")?;
    for next in &report.next_commands {
        let place =
            Text::plain("on").and(Tone::Strong, format!("{},", next.vantage.place())).and(Tone::Plain, "to see");
        sheet.prose(2, &place.and_list(Tone::Plain, next.checks.iter().map(|id| id.0)))?;
        sheet.command(4, &next.command)?;
    }
    sheet.prose(2, &Text::plain("then, to judge them together with a recording of this run (--record FILE):"))?;
    sheet.command(4, "pinflight replay FILE...")?;
    Ok(())
}

/// What was not seen for a reason of its own: no failure above hides it and no command below shows it.
fn of_its_own(report: &Report) -> Vec<&CheckReport> {
    let told = |check: &&CheckReport| {
        let elsewhere = report.next_commands.iter().any(|next| next.checks.contains(&check.id));
        check.outcome == State::NotObserved && !check.because.is_some_and(|id| is_told(report, id)) && !elsewhere
    };
    report.checks.iter().filter(told).collect()
}

/// The same in short: the checks, and the first reason with the number of others.
pub(in super::super) fn not_seen_in_short(report: &Report) -> Vec<(String, String)> {
    let groups = by_reason(&of_its_own(report), State::NotObserved).into_iter();
    let told = groups.map(|(reasons, ids)| {
        let others = reasons.len().saturating_sub(1);
        let first = reasons.into_iter().next();
        let first = first.map(|(target, reason)| target.map_or(reason.clone(), |target| format!("{target}: {reason}")));
        let others =
            if others == 0 { String::new() } else { format!(" (and {})", super::counted(others, "more target")) };
        (super::ids(report, &ids).join(", "), first.unwrap_or_default() + &others)
    });
    told.collect()
}

pub(super) fn not_seen(report: &Report, sheet: &mut Sheet<'_>) -> io::Result<()> {
    let checks = of_its_own(report);
    if checks.is_empty() {
        return Ok(());
    }
    sheet.heading("Not seen")?;
    for (reasons, ids) in by_reason(&checks, State::NotObserved) {
        sheet.prose(2, &Text::default().and_list(Tone::Strong, super::ids(report, &ids)))?;
        for (target, reason) in reasons {
            let text = target.map_or_else(Text::default, |target| Text::plain(format!("{target}:")));
            sheet.prose(4, &text.and_sentence(Tone::Plain, reason))?;
        }
    }
    for check in checks {
        if let Some(text) = &check.command {
            sheet.command(4, text)?;
        }
    }
    Ok(())
}

/// What does not apply, and why.
pub(super) fn skipped(report: &Report, sheet: &mut Sheet<'_>) -> io::Result<()> {
    let groups = skipped_together(report);
    if groups.is_empty() {
        return Ok(());
    }
    if super::all_is_well(report, sheet.style) {
        let told: Vec<String> = groups.iter().map(|(ids, why)| format!("{} – {why}", ids.join(", "))).collect();
        // After the line of the certificates at once, after a section apart from it.
        if !(report.next_commands.is_empty() && of_its_own(report).is_empty()) {
            sheet.gap()?;
        }
        let text = Text::of(Tone::Strong, "Skipped:").and_sentence(Tone::Plain, told.join("; "));
        return sheet.prose(0, &text);
    }
    sheet.heading("Skipped")?;
    for (ids, why) in groups {
        sheet.prose(2, &Text::default().and_list(Tone::Plain, ids).and_sentence(Tone::Dim, format!("– {why}")))?;
    }
    Ok(())
}

/// What was skipped: checks with the same reason together.
pub(in super::super) fn skipped_together(report: &Report) -> Vec<(Vec<String>, String)> {
    let checks: Vec<&CheckReport> = report.checks.iter().filter(|check| check.outcome == State::Skipped).collect();
    let groups = by_reason(&checks, State::Skipped).into_iter().map(|(reasons, ids)| {
        let why: Vec<String> = reasons.into_iter().map(|(_, reason)| reason).collect();
        (super::ids(report, &ids), why.join("; "))
    });
    groups.collect()
}

/// Whether a check has a failure in the report above, that what it hides is folded under.
fn is_told(report: &Report, id: CheckId) -> bool {
    let counts = |finding: &FindingReport| finding.outcome == State::Fail && finding.accepted.is_none();
    report.checks.iter().any(|check| check.id == id && check.findings.iter().any(counts))
}

type Reasons = Vec<(Option<String>, String)>;

/// What was not seen for a reason of its own: each check with every reason, told of a target where targets differ.
pub(in super::super) fn not_seen_in_full(report: &Report) -> Vec<(CheckId, Vec<String>)> {
    let told = of_its_own(report).into_iter().map(|check| {
        let reasons = reasons(check, State::NotObserved).into_iter();
        let one = |(target, reason): (Option<String>, String)| {
            target.map_or(reason.clone(), |target| format!("{target}: {reason}"))
        };
        (check.id, reasons.map(one).collect())
    });
    told.collect()
}

/// Checks with the same reasons together. A reason that all targets share is told without them.
fn by_reason(checks: &[&CheckReport], state: State) -> Vec<(Reasons, Vec<CheckId>)> {
    let mut groups: Vec<(Reasons, Vec<CheckId>)> = Vec::new();
    for check in checks {
        let reasons = reasons(check, state);
        match groups.iter_mut().find(|(others, _)| *others == reasons) {
            Some((_, ids)) => ids.push(check.id),
            None => groups.push((reasons, vec![check.id])),
        }
    }
    groups
}

fn reasons(check: &CheckReport, state: State) -> Reasons {
    let mut reasons: Reasons = Vec::new();
    for target in check.targets.iter().filter(|target| target.outcome == state && target.because.is_none()) {
        let reason = (Some(target.target.to_string()), target.reason.clone().unwrap_or_default());
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    let shared = |(_, reason): &(Option<String>, String)| reasons.first().is_some_and(|(_, first)| first == reason);
    match (reasons.first(), &check.reason) {
        (Some((_, reason)), _) if reasons.iter().all(shared) => vec![(None, reason.clone())],
        (Some(_), _) => reasons,
        (None, reason) => {
            let because = check.because.map(|id| format!(" (because of {id})")).unwrap_or_default();
            vec![(None, reason.clone().unwrap_or_default() + &because)]
        }
    }
}
