//! What is wrong: one block a check, its findings, what it hides, what to do.

use std::{collections::HashSet, io};

use pinflight_checks::{
    check::CheckId,
    outcome::{Evidence, State},
    report::{CheckReport, Report},
};

use super::{
    super::{
        reading::{IN_FULL, Problem, problems},
        text::{Sheet, Text, Tone},
    },
    ids, listed, marker, more,
};

/// Columns of the widest label, with the gap behind it.
const LABEL: usize = 26;

/// Failures that count.
pub(super) fn failures(report: &Report, sheet: &mut Sheet<'_>) -> io::Result<()> {
    section(report, State::Fail, "What is wrong", sheet)
}

/// Warnings that count.
pub(super) fn warnings(report: &Report, sheet: &mut Sheet<'_>) -> io::Result<()> {
    section(report, State::Warn, "What needs attention", sheet)
}

/// Findings that the configuration accepts, in short.
pub(super) fn accepted(report: &Report, sheet: &mut Sheet<'_>) -> io::Result<()> {
    let findings = report.checks.iter().flat_map(|check| check.findings.iter().map(move |finding| (check, finding)));
    let accepted: Vec<_> =
        findings.filter_map(|(check, finding)| Some((check, finding, finding.accepted.as_ref()?))).collect();
    if accepted.is_empty() {
        return Ok(());
    }
    sheet.heading(format!("Accepted by the configuration ({})", accepted.len()))?;
    for (check, finding, reason) in accepted {
        let head = Text::of(Tone::Strong, check.id.0).and(Tone::Plain, format!(" {}", finding.target));
        sheet.prose(2, &head)?;
        sheet.prose(4, &Text::sentence(finding.message.as_str()))?;
        sheet.labelled(4, "because", 9, &Text::sentence(reason.as_str()))?;
    }
    Ok(())
}

fn section(report: &Report, state: State, title: &str, sheet: &mut Sheet<'_>) -> io::Result<()> {
    let blocks: Vec<_> = report
        .checks
        .iter()
        .map(|check| (check, problems(check, state)))
        .filter(|(_, items)| !items.is_empty())
        .collect();
    if blocks.is_empty() {
        return Ok(());
    }
    sheet.heading(title)?;
    for (number, (check, items)) in blocks.iter().enumerate() {
        if number > 0 {
            sheet.gap()?;
        }
        block(report, check, state, items, sheet)?;
    }
    Ok(())
}

fn block<'a>(
    report: &Report,
    check: &CheckReport,
    state: State,
    items: &[Problem<'a>],
    sheet: &mut Sheet<'_>,
) -> io::Result<()> {
    let indent = 6;
    let (shown, rest) = items.split_at(if sheet.style.detailed() { items.len() } else { IN_FULL.min(items.len()) });
    let head = marker(state, sheet.style).and(Tone::Strong, format!(" {}", check.id));
    let whole = match items {
        [Problem { targets, .. }] if targets.len() == 1 => {
            head.clone().and_list(Tone::Plain, targets.iter().map(|target| format!(" {target}")))
        }
        _ => head.clone(),
    };
    let fits = whole != head && sheet.fits(2, &whole);
    sheet.prose(2, if fits { &whole } else { &head })?;
    let same_remedy = items.windows(2).all(|pair| matches!(pair, [a, b] if a.finding.remedy == b.finding.remedy));
    for item in shown {
        if !fits {
            sheet.prose(indent, &Text::default().and_list(Tone::Strong, listed(&item.targets)))?;
        }
        sheet.prose(indent, &Text::sentence(item.finding.message.as_str()))?;
        evidence(&item.evidence(report), indent + 2, sheet)?;
        if !same_remedy {
            sheet.labelled(indent, "do", 7, &Text::sentence(item.finding.remedy.as_str()))?;
        }
    }
    if !rest.is_empty() {
        let of = |items: &[Problem<'a>]| items.iter().flat_map(|item| item.targets.clone()).collect::<Vec<_>>();
        let mut targets = of(rest);
        let count = more(&of(shown), &targets);
        let mut known = HashSet::new();
        targets.retain(|target| known.insert(*target));
        let text = Text::plain(format!("and {count} (-v shows each):")).and_list(Tone::Plain, listed(&targets));
        sheet.prose(indent, &text)?;
    }
    if let Some(item) = items.first().filter(|_| same_remedy) {
        sheet.labelled(indent, "do", 7, &Text::sentence(item.finding.remedy.as_str()))?;
    }
    let hidden = if state == State::Fail { hidden_by(report, check.id) } else { Vec::new() };
    if !hidden.is_empty() {
        sheet.labelled(indent, "hides", 7, &Text::default().and_list(Tone::Plain, hidden))?;
    }
    sheet.labelled(indent, "more", 7, &Text::of(Tone::Code, format!("pinflight explain {}", check.id)))
}

/// Label and value, one a line.
pub(in super::super) fn evidence(evidence: &Evidence, indent: usize, sheet: &mut Sheet<'_>) -> io::Result<()> {
    let width = evidence.0.iter().map(|fact| fact.label.len()).max().unwrap_or(0) + 2;
    for fact in &evidence.0 {
        sheet.labelled(indent, fact.label, width.min(LABEL), &Text::plain(fact.value.as_str()))?;
    }
    Ok(())
}

/// The checks that are not seen because this one fails.
pub(in super::super) fn hidden_by(report: &Report, id: CheckId) -> Vec<String> {
    let hidden: Vec<CheckId> =
        report.checks.iter().filter(|check| is_hidden_by(check, id)).map(|check| check.id).collect();
    ids(report, &hidden)
}

fn is_hidden_by(check: &CheckReport, id: CheckId) -> bool {
    check.because == Some(id) || check.targets.iter().any(|target| target.because == Some(id))
}
