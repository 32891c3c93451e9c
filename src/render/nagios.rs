//! The line of a Nagios plugin, with performance data, and the plugin's own exit codes (Nagios plugin development guidelines).

use std::io;

use pinflight_checks::{
    outcome::State,
    report::{CertificateView, Report, Verdict},
};

use super::{
    Renderer, Style, escape,
    reading::{days_left, headline, in_short, is_good, why},
    table::{counted, counts},
};

/// Certificates in the performance data: a monitoring system takes a few kilobytes of one line.
const CERTIFICATES: usize = 20;

/// `-o nagios`
pub(super) struct Nagios;

impl Renderer for Nagios {
    fn id(&self) -> &'static str {
        "nagios"
    }

    fn render(&self, report: &Report, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
        let text = escaped(&text(report), style.unicode);
        writeln!(out, "PINFLIGHT {} - {text} | {}", Service::of(report).word(), performance(report))
    }
}

/// The state of a service, as Nagios and its kin know it, and its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Service {
    /// Everything required was seen and is right.
    Ok = 0,
    /// The same, with warnings.
    Warning = 1,
    /// Something is wrong with the deployment.
    Critical = 2,
    /// Something required was not seen, or nothing could be asked.
    Unknown = 3,
}

impl Service {
    /// What a report comes to.
    pub fn of(report: &Report) -> Self {
        let failed = report.counts.fail > 0;
        match report.verdict {
            _ if failed => Self::Critical,
            Verdict::NotReady | Verdict::SelectedFail => Self::Critical,
            Verdict::Incomplete | Verdict::SelectedIncomplete => Self::Unknown,
            Verdict::Ready | Verdict::SelectedPass if report.counts.warn > 0 => Self::Warning,
            Verdict::Ready | Verdict::SelectedPass => Self::Ok,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// The line for a run that came to no report.
pub fn no_report(why: &str) -> String {
    let lines: Vec<&str> = why.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let why = escape::terminal(&lines.join("; "), escape::SENTENCE, true);
    format!("PINFLIGHT {} - {}", Service::Unknown.word(), escaped(&why, true))
}

/// The verdict, then the first thing that is the matter.
fn text(report: &Report) -> String {
    let of = |state: State| report.checks.iter().filter(move |check| check.outcome == state);
    let with = |state: State, first: Option<String>| {
        let others = of(state).count().saturating_sub(1);
        let and = if others == 0 { String::new() } else { format!("; and {}", counted(others, "more check")) };
        first.map(|first| format!(": {first}{and}"))
    };
    let found = |state: State, word: &str| {
        with(
            state,
            of(state).next().and_then(|check| Some(format!("{word} {}, {}", check.id, in_short(check, state)?))),
        )
    };
    let unseen = || {
        with(
            State::NotObserved,
            of(State::NotObserved).next().map(|check| format!("not seen {}, {}", check.id, why(check))),
        )
    };
    // What a good verdict does not need is no matter.
    let unseen = || if is_good(report) { None } else { unseen() };
    let matter = found(State::Fail, "FAIL").or_else(unseen).or_else(|| found(State::Warn, "warn")).unwrap_or_default();
    format!("{} ({}){matter}", headline(report), counts(&report.counts))
}

/// Checks by outcome, and the days that each name's certificates have left. `label=value;warn;crit;min`, without thresholds
/// where the checks have judged already.
fn performance(report: &Report) -> String {
    let counts = &report.counts;
    let mut data = vec![
        format!("failed={};;0;0", counts.fail),
        format!("not_seen={};;;0", counts.not_observed),
        format!("warnings={};0;;0", counts.warn),
        format!("ok={};;;0", counts.pass),
        format!("skipped={};;;0", counts.skipped),
    ];
    // Labels stay the same when a certificate is renewed, so that a graph goes on.
    let mut names: Vec<(String, i64)> = Vec::new();
    for chain in &report.chains {
        let end = chain.certificates.iter().filter_map(|certificate| certificate.not_after).min();
        let (Some(leaf), Some(end)) = (chain.certificates.first(), end) else { continue };
        let (name, days) = (label(leaf), days_left(report, end));
        match names.iter_mut().find(|(known, _)| *known == name) {
            Some((_, fewest)) => *fewest = days.min(*fewest),
            None => names.push((name, days)),
        }
    }
    let left_out = names.len().saturating_sub(CERTIFICATES);
    // Who ends last is least missed.
    names.sort_by_key(|(_, days)| *days);
    data.extend(names.iter().take(CERTIFICATES).map(|(name, days)| format!("'days_left {name}'={days}")));
    if left_out > 0 {
        data.push(format!("names_left_out={left_out}"));
    }
    data.join(" ")
}

/// The name of a leaf with nothing in it that a label or a file system might take amiss.
fn label(leaf: &CertificateView) -> String {
    let name = leaf.subject.split(',').find_map(|part| part.trim().strip_prefix("CN="));
    let name = name.or(leaf.names.first().map(String::as_str)).unwrap_or(&leaf.sha256);
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '*') { c } else { '_' };
    name.chars().take(64).map(plain).collect()
}

/// `|` ends the text; the others are what monitoring systems take out before they hand a text to a shell
/// (`illegal_macro_output_chars`), and what `printf %b` obeys. Each is written in its full-width form, or as `_`.
fn escaped(text: &str, unicode: bool) -> String {
    let shown = escape::terminal(text, usize::MAX, unicode);
    let safe = shown.chars().map(|c| match c {
        '\'' if unicode => '’',
        '|' | '`' | '~' | '$' | '&' | '"' | '\'' | '<' | '>' | '\\' if unicode => {
            char::from_u32(u32::from(c) + 0xfee0).unwrap_or('_')
        }
        '|' | '`' | '~' | '$' | '&' | '"' | '\'' | '<' | '>' | '\\' => '_',
        c => c,
    });
    safe.collect()
}
