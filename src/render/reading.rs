//! What a report says, gathered for the formats that tell it line by line; each of them escapes it for its own medium.

use std::{collections::BTreeSet, io};

use pinflight_checks::{
    client::Journey,
    deployment::Vantage,
    outcome::{Evidence, State, Target},
    report::{CertificateView, CheckReport, FindingReport, PinRow, Report, ReportScope, Verdict},
    time::Timestamp,
};

use super::{
    escape,
    table::{counted, more},
};

/// Findings of one check told in full; the targets of the others are named.
pub(super) const IN_FULL: usize = 3;

/// Text from elsewhere on one line, bounded, with nothing hidden in it.
pub(super) fn value(text: &str) -> String {
    escape::terminal(text, escape::VALUE, true)
}

/// The same for a sentence, which may be longer.
pub(super) fn sentence(text: &str) -> String {
    escape::terminal(text, escape::SENTENCE, true)
}

/// Findings of a check that say the same, with all their targets and all who saw them.
pub(super) struct Problem<'a> {
    pub finding: &'a FindingReport,
    pub targets: Vec<&'a Target>,
    pub seen_from: BTreeSet<Vantage>,
}

impl Problem<'_> {
    fn says_the_same(&self, other: &FindingReport) -> bool {
        let this = self.finding;
        this.message == other.message && this.remedy == other.remedy && this.evidence == other.evidence
    }

    /// What was seen; and by whom, where that is not every vantage.
    pub fn evidence(&self, report: &Report) -> Evidence {
        let evidence = self.finding.evidence.clone();
        if self.seen_from.is_empty() || self.seen_from == report.vantages {
            return evidence;
        }
        let vantages: Vec<&str> = self.seen_from.iter().map(|vantage| vantage.id()).collect();
        evidence.and("seen from", vantages.join(", "))
    }
}

/// What of a check counts with this outcome, in its order.
pub(super) fn problems(check: &CheckReport, state: State) -> Vec<Problem<'_>> {
    let mut problems: Vec<Problem<'_>> = Vec::new();
    let counting = check.findings.iter().filter(|finding| finding.outcome == state && finding.accepted.is_none());
    for finding in counting {
        let target = &finding.target;
        let Some(problem) = problems.iter_mut().find(|problem| problem.says_the_same(finding)) else {
            problems.push(Problem { finding, targets: vec![target], seen_from: finding.seen_from.clone() });
            continue;
        };
        problem.seen_from.extend(&finding.seen_from);
        if !problem.targets.contains(&target) {
            problem.targets.push(target);
        }
    }
    problems
}

/// Findings of a check that the configuration accepts, with the reason.
pub(super) fn accepted(check: &CheckReport) -> impl Iterator<Item = (&FindingReport, &str)> {
    check.findings.iter().filter_map(|finding| Some((finding, finding.accepted.as_deref()?)))
}

/// The first problem of this outcome on one line, with the number of the others.
pub(super) fn in_short(check: &CheckReport, state: State) -> Option<String> {
    let counts = |finding: &&FindingReport| finding.outcome == state && finding.accepted.is_none();
    let mut findings = check.findings.iter().filter(counts);
    let first = findings.next()?;
    let others: Vec<&Target> = findings.map(|finding| &finding.target).collect();
    let target = value(&first.target.to_string());
    let and = if others.is_empty() { String::new() } else { format!(" (and {})", more(&[&first.target], &others)) };
    Some(format!("{target}: {}{and}", sentence(&first.message)))
}

/// Why a check was skipped or not observed, on one line.
pub(super) fn why(check: &CheckReport) -> String {
    let first = || check.targets.iter().find(|target| target.outcome == check.outcome)?.reason.as_deref();
    let reason = check.reason.as_deref().or_else(first).unwrap_or_default();
    let because = check.because.map(|id| format!(" (because of {id})")).unwrap_or_default();
    sentence(reason) + &because
}

/// All that is wrong with a check, what was accepted, and what of it was not seen: lines of plain text.
pub(super) fn told(report: &Report, check: &CheckReport) -> String {
    let mut lines = Vec::new();
    for state in [State::Fail, State::Warn] {
        for problem in problems(check, state) {
            let label = if state == State::Fail { "FAIL" } else { "warn" };
            lines.extend(problem.targets.iter().map(|target| format!("{label} {}", value(&target.to_string()))));
            lines.push(format!("  {}", sentence(&problem.finding.message)));
            let facts = problem.evidence(report).0;
            lines.extend(facts.iter().map(|fact| format!("  {}: {}", fact.label, value(&fact.value))));
            lines.push(format!("  do: {}", sentence(&problem.finding.remedy)));
        }
    }
    for (finding, reason) in accepted(check) {
        lines.push(format!("accepted {}", value(&finding.target.to_string())));
        lines.push(format!("  {}", sentence(&finding.message)));
        lines.push(format!("  because: {}", sentence(reason)));
    }
    for target in check.targets.iter().filter(|target| target.outcome == State::NotObserved) {
        let because = target.because.map(|id| format!(" (because of {id})")).unwrap_or_default();
        let reason = sentence(target.reason.as_deref().unwrap_or_default());
        lines.push(format!("not seen {}: {reason}{because}", value(&target.target.to_string())));
    }
    if let Some(command) = &check.command {
        lines.push(format!("to see it, run: {}", escape::terminal(command, usize::MAX, true)));
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

/// Writes lines.
pub(super) fn write(lines: &[String], out: &mut dyn io::Write) -> io::Result<()> {
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))
}

/// The verdict and what it is about: `NOT READY https://ds.example.com`.
pub(super) fn headline(report: &Report) -> String {
    format!("{} {}", value(&report.headline), value(&report.subject))
}

/// What must hold for the verdict to be a good one.
pub(super) fn proves(report: &Report) -> String {
    match report.scope {
        ReportScope::Deployment => "The deployment is ready for SSL pinning".to_owned(),
        ReportScope::Selected => "The selected checks pass".to_owned(),
        ReportScope::Vantage => {
            let vantages: Vec<&str> = report.vantages.iter().map(|vantage| vantage.id()).collect();
            format!("What {} sees is ready for SSL pinning", vantages.join(", "))
        }
    }
}

/// Whether the verdict is a good one.
pub(super) fn is_good(report: &Report) -> bool {
    matches!(report.verdict, Verdict::Ready | Verdict::SelectedPass)
}

/// So that no colour is the only sign.
pub(super) fn verdict_sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ready | Verdict::SelectedPass => "✓",
        Verdict::NotReady | Verdict::SelectedFail => "✗",
        Verdict::Incomplete | Verdict::SelectedIncomplete => "?",
    }
}

/// Why the verdict is not a good one, on one line: the failing checks, or what was not seen.
pub(super) fn why_not(report: &Report) -> String {
    let of = |state: State| {
        let ids = report.checks.iter().filter(|check| check.outcome == state).map(|check| check.id.0);
        ids.collect::<Vec<_>>()
    };
    let (failing, unseen) = (of(State::Fail), of(State::NotObserved));
    let mut parts = Vec::new();
    if !failing.is_empty() {
        let verb = if failing.len() == 1 { "fails" } else { "fail" };
        parts.push(format!("{} {verb}: {}", counted(failing.len(), "check"), failing.join(", ")));
    }
    if !unseen.is_empty() {
        parts.push(format!("{} not seen: {}", counted(unseen.len(), "check"), unseen.join(", ")));
    }
    if !report.run.unasked.is_empty() {
        parts.push(format!("no time was left for {}", counted(report.run.unasked.len(), "question")));
    }
    if parts.is_empty() { "nothing was seen".to_owned() } else { parts.join("; ") }
}

/// Rows of the pin matrix that differ by their place alone, together.
pub(super) fn matrix_rows(report: &Report) -> Vec<(&PinRow, Vec<&Target>)> {
    let mut rows: Vec<(&PinRow, Vec<&Target>)> = Vec::new();
    for row in &report.pin_matrix.rows {
        let alike = |known: &&mut (&PinRow, Vec<&Target>)| {
            let known = known.0;
            (known.role, &known.spki_sha256, &known.subject, &known.cells)
                == (row.role, &row.spki_sha256, &row.subject, &row.cells)
        };
        match rows.iter_mut().find(alike) {
            Some((_, targets)) => targets.push(&row.target),
            None => rows.push((row, vec![&row.target])),
        }
    }
    rows
}

/// What has to hold for the devices to end as is told, each once.
pub(super) fn provided(journey: &Journey) -> Vec<&str> {
    let mut provided: Vec<&str> = Vec::new();
    for one in journey.stories.iter().flat_map(|story| &story.provided) {
        if !provided.contains(&one.as_str()) {
            provided.push(one);
        }
    }
    provided
}

/// Each distinct certificate of the chains, in their order.
pub(super) fn certificates(report: &Report) -> Vec<&CertificateView> {
    let mut known: Vec<&CertificateView> = Vec::new();
    for certificate in report.chains.iter().flat_map(|chain| &chain.certificates) {
        if !known.iter().any(|one| one.sha256 == certificate.sha256) {
            known.push(certificate);
        }
    }
    known
}

/// Whole days that a certificate has left; negative once it has expired.
pub(super) fn days_left(report: &Report, end: Timestamp) -> i64 {
    report.judged_at.days_until(end)
}
