//! What passed: by category in short, or every check with its targets.

use std::io;

use pinflight_checks::{
    outcome::State,
    report::{CheckReport, Report, TargetReport},
};

use super::{
    super::text::{Sheet, Text, Tone},
    findings::evidence,
    marker, tone, word,
};

/// The checks that passed, a category after the other.
pub(super) fn passed(report: &Report, sheet: &mut Sheet<'_>) -> io::Result<()> {
    let passed: Vec<&CheckReport> = report.checks.iter().filter(|check| check.outcome == State::Pass).collect();
    if passed.is_empty() {
        return Ok(());
    }
    sheet.heading(format!("Passed ({}; -v shows each)", passed.len()))?;
    let mut told: Vec<(&str, Vec<&str>)> = Vec::new();
    for check in passed {
        let name = check.id.0.split_once('/').map_or(check.id.0, |(_, name)| name);
        match told.last_mut() {
            Some((category, names)) if *category == check.category => names.push(name),
            _ => told.push((check.category, vec![name])),
        }
    }
    for (category, names) in told {
        sheet.prose(2, &Text::of(Tone::Good, category).and_list(Tone::Plain, names))?;
    }
    Ok(())
}

/// Every check with each of its targets.
pub(super) fn every(report: &Report, sheet: &mut Sheet<'_>) -> io::Result<()> {
    sheet.heading("Every check")?;
    for check in &report.checks {
        let head = marker(check.outcome, sheet.style).and(Tone::Strong, format!(" {}", check.id));
        sheet.prose(2, &head.and(Tone::Dim, format!(" {}", check.title)))?;
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
