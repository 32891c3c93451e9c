//! The report for a terminal: the verdict, what is wrong and what to do, then what the guide asks for, each with what was seen.

mod checks;
mod findings;
mod journey;
mod sections;
mod unseen;

use std::{collections::HashSet, io};

use pinflight_checks::{
    check::CheckId,
    deployment::Vantage,
    outcome::{State, Target},
    report::{Counts, Report, ReportScope, Verdict},
};

pub(super) use self::{
    findings::{evidence, hidden_by},
    journey::{in_detail, lines, parted_words},
    sections::{step, subject as common_name},
    unseen::{not_seen_in_full, not_seen_in_short, skipped_together},
};
use super::{
    Renderer, Show, Style,
    text::{Sheet, Text, Tone},
};

/// `-o table`, the default.
pub(super) struct Table;

impl Renderer for Table {
    fn id(&self) -> &'static str {
        "table"
    }

    fn render(&self, report: &Report, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
        let mut sheet = Sheet { style, out };
        let sheet = &mut sheet;
        verdict(report, sheet)?;
        findings::failures(report, sheet)?;
        if style.show == Show::Failures {
            unseen::next_commands(report, sheet)?;
            return run(report, sheet);
        }
        findings::warnings(report, sheet)?;
        findings::accepted(report, sheet)?;
        sections::guide(report, sheet)?;
        sections::firewall(report, sheet)?;
        sections::pins(report, sheet)?;
        journey::journey(report, sheet)?;
        sections::certificates(report, sheet)?;
        if style.detailed() {
            checks::every(report, sheet)?;
        } else if !all_is_well(report, style) {
            checks::passed(report, sheet)?;
        }
        unseen::next_commands(report, sheet)?;
        unseen::not_seen(report, sheet)?;
        unseen::skipped(report, sheet)?;
        run(report, sheet)
    }
}

fn verdict(report: &Report, sheet: &mut Sheet<'_>) -> io::Result<()> {
    let words =
        Text::of(verdict_tone(report.verdict), report.headline.as_str()).and(Tone::Strong, gapped(&report.subject));
    sheet.prose(0, &words.and(Tone::Plain, gapped(&seen_from(report))))?;
    if let Some(as_of) = as_of(report) {
        sheet.prose(0, &Text::of(Tone::Strong, as_of).and(Tone::Plain, format!("and taken {}", report.taken_at)))?;
    }
    let checks = counted(report.checks.len(), "check");
    // Where all is well, the numbers are all that is said of what passed.
    let hint = if all_is_well(report, sheet.style) { "(-v shows each)" } else { "" };
    sheet.prose(0, &Text::plain(format!("{checks}: {}", counts(&report.counts))).and(Tone::Dim, hint))
}

/// A sound deployment is told on one screen.
fn all_is_well(report: &Report, style: &Style) -> bool {
    report.verdict == Verdict::Ready && style.show == Show::Findings && !style.detailed()
}

/// A second space before a piece, so that it stands apart; nothing for nothing.
pub(super) fn gapped(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(" {text}") }
}

/// The colour of a verdict.
pub(super) fn verdict_tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Ready | Verdict::SelectedPass => Tone::Good,
        Verdict::NotReady | Verdict::SelectedFail => Tone::Bad,
        Verdict::Incomplete | Verdict::SelectedIncomplete => Tone::Warn,
    }
}

/// `seen from console, device (2 of 4 vantages)`; nothing where the headline says it.
pub(super) fn seen_from(report: &Report) -> String {
    let (seen, all) = (report.vantages.len(), Vantage::ALL.len());
    match report.scope {
        ReportScope::Vantage => String::new(),
        ReportScope::Deployment | ReportScope::Selected if seen == all => "seen from all 4 vantages".to_owned(),
        ReportScope::Deployment | ReportScope::Selected => {
            let names: Vec<&str> = report.vantages.iter().map(|vantage| vantage.id()).collect();
            format!("seen from {} ({seen} of {all} vantages)", names.join(", "))
        }
    }
}

/// `judged as of 2027-03-01T00:00:00Z`, where that is not when it was taken.
pub(super) fn as_of(report: &Report) -> Option<String> {
    (report.judged_at != report.taken_at).then(|| format!("judged as of {}", report.judged_at))
}

/// `1 failed, 2 warn, 9 ok`; zeros are left out.
pub(super) fn counts(counts: &Counts) -> String {
    let all = [
        (counts.fail, State::Fail),
        (counts.warn, State::Warn),
        (counts.not_observed, State::NotObserved),
        (counts.pass, State::Pass),
        (counts.skipped, State::Skipped),
    ];
    let told: Vec<String> =
        all.iter().filter(|(count, _)| *count > 0).map(|(count, state)| format!("{count} {}", word(*state))).collect();
    told.join(", ")
}

/// The word for a state, without which no colour or sign is used.
pub(super) fn word(state: State) -> &'static str {
    match state {
        State::Skipped => "skipped",
        State::Pass => "ok",
        State::Warn => "warn",
        State::NotObserved => "not seen",
        State::Fail => "FAIL",
    }
}

fn tone(state: State) -> Tone {
    match state {
        State::Skipped | State::NotObserved => Tone::Dim,
        State::Pass => Tone::Good,
        State::Warn => Tone::Warn,
        State::Fail => Tone::Bad,
    }
}

/// Sign and word.
pub(super) fn marker(state: State, style: &Style) -> Text {
    let sign = match state {
        State::Skipped => "-",
        State::Pass => "✓",
        State::Warn => "!",
        State::NotObserved => "?",
        State::Fail => "✗",
    };
    let words = if style.unicode { format!("{sign} {}", word(state)) } else { word(state).to_owned() };
    Text::default().and_unbroken(tone(state), words)
}

/// Check ids for a list: a whole category is told as `category/*`.
fn ids(report: &Report, wanted: &[CheckId]) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    for id in wanted {
        let all: Vec<CheckId> =
            report.checks.iter().filter(|check| check.category == id.category()).map(|check| check.id).collect();
        let whole = all.len() > 1 && all.iter().all(|id| wanted.contains(id));
        let one = if whole { format!("{}/* ({})", id.category(), counted(all.len(), "check")) } else { id.to_string() };
        if !told.contains(&one) {
            told.push(one);
        }
    }
    told
}

/// Targets for a list: what several addresses of one service share is told once.
fn listed(targets: &[&Target]) -> Vec<String> {
    let mut last = None;
    let mut listed = Vec::with_capacity(targets.len());
    for target in targets {
        let endpoint = if let Target::At(endpoint, _) = target { Some(endpoint) } else { None };
        listed.push(if endpoint.is_some() && endpoint == last { place(target) } else { target.to_string() });
        last = endpoint;
    }
    listed
}

/// How many findings were left out: `97 more targets`, or `3 more findings` where a target has several.
pub(super) fn more(shown: &[&Target], rest: &[&Target]) -> String {
    let mut known: HashSet<&Target> = shown.iter().copied().collect();
    let is_one_each = rest.iter().all(|target| known.insert(*target));
    counted(rest.len(), if is_one_each { "more target" } else { "more finding" })
}

/// A target without the service's name.
fn place(target: &Target) -> String {
    match target {
        Target::At(endpoint, address) if endpoint.port == address.port() => address.ip().to_string(),
        Target::At(_, address) => address.to_string(),
        Target::Endpoint(_) => "by name".to_owned(),
        Target::Name(..) | Target::File(_) | Target::Thing(_) => target.to_string(),
    }
}

/// `1 check`, `2 checks`
pub(super) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

fn run(report: &Report, sheet: &mut Sheet<'_>) -> io::Result<()> {
    if !report.run.unasked.is_empty() {
        sheet.heading(format!("No time was left for {}", counted(report.run.unasked.len(), "question")))?;
    }
    for question in &report.run.unasked {
        sheet.prose(2, &Text::plain(question.as_str()))?;
    }
    sheet.gap()?;
    sheet.prose(0, &Text::of(Tone::Dim, run_line(report)))
}

/// `pinflight 0.1.0: 38 questions in 1.2 s, judged for 2026-11-23T10:15:00Z`
pub(super) fn run_line(report: &Report) -> String {
    let took = match report.run.took_ms {
        ms if ms < 1000 => format!("{ms} ms"),
        ms => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
    };
    let questions = counted(report.run.questions, "question");
    let judged = match as_of(report) {
        Some(as_of) => format!("taken {}, {as_of}", report.taken_at),
        None => format!("judged for {}", report.judged_at),
    };
    let replayed = if report.run.replayed { ", replayed: nobody was asked" } else { "" };
    format!("pinflight {}: {questions} in {took}, {judged}{replayed}", report.version)
}
