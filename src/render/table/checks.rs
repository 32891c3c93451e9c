//! What passed: by category in short, or every check with its targets.

use std::io;

use pinflight_checks::{
    outcome::State,
    report::{Report, TargetReport},
};

use super::{
    super::text::{Sheet, Text, Tone},
    findings::evidence,
    marker, tone, word,
};

/// The checks that passed, a category after the other.
pub(super) fn passed(report: &Report, sheet: &mut Sheet<'_>) -> io::Result<()> {
    if report.counts.pass == 0 {
        return Ok(());
    }
    sheet.heading(format!("Passed ({}; -v shows each)", report.counts.pass))?;
    let mut told: Vec<(&str, usize, usize)> = Vec::new();
    for check in report.checks.iter().filter(|check| check.outcome != State::Skipped) {
        let passed = usize::from(check.outcome == State::Pass);
        match told.iter_mut().find(|(category, ..)| *category == check.category) {
            Some((_, count, all)) => (*count, *all) = (*count + passed, *all + 1),
            None => told.push((check.category, passed, 1)),
        }
    }
    let told: Vec<String> = told
        .iter()
        .filter(|(_, passed, _)| *passed > 0)
        .map(|(category, passed, all)| match passed {
            passed if passed == all => format!("{category} {passed}"),
            passed => format!("{category} {passed} of {all}"),
        })
        .collect();
    let last = told.len().saturating_sub(1);
    let words = told.iter().enumerate().fold(Text::default(), |text, (at, one)| {
        text.and_unbroken(Tone::Good, if at < last { format!("{one},") } else { one.clone() })
    });
    sheet.prose(2, &words)
}

/// Every check with each of its targets.
pub(super) fn every(report: &Report, sheet: &mut Sheet<'_>) -> io::Result<()> {
    sheet.heading("Every check")?;
    for check in &report.checks {
        let head = marker(check.outcome, sheet.style).and(Tone::Strong, format!(" {}", check.id));
        let whole = head.clone().and(Tone::Dim, format!(" {}", check.title));
        if sheet.fits(2, &whole) {
            sheet.prose(2, &whole)?;
        } else {
            sheet.prose(2, &head)?;
            sheet.prose(6, &Text::of(Tone::Dim, check.title))?;
        }
        for target in &check.targets {
            one(target, sheet)?;
        }
    }
    Ok(())
}

fn one(target: &TargetReport, sheet: &mut Sheet<'_>) -> io::Result<()> {
    let mut line =
        Text::plain(target.target.to_string()).and(Tone::Plain, "–").and(tone(target.outcome), word(target.outcome));
    if let Some(because) = target.because {
        line = line.and(Tone::Dim, format!("because of {because}"));
    }
    sheet.prose(6, &line)?;
    if let Some(reason) = &target.reason {
        sheet.prose(8, &Text::sentence(reason.as_str()))?;
    }
    evidence(&target.evidence, 8, sheet)
}
