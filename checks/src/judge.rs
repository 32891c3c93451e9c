//! A case becomes a report: every check is asked, what it could not see is traced to the check that failed, policy is
//! applied, and the verdict follows.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    check::{Case, Check, CheckId, Judgement},
    deployment::{Accept, Scope, Severity},
    outcome::{Evidence, Faulty, Outcome, State, Target, Unobserved},
    prose,
    registry::CHECKS,
    report::{
        CheckReport, Counts, FindingReport, NextCommand, Report, ReportScope, Run, SCHEMA, TargetReport, Verdict,
    },
    sections,
    witness::Witnesses,
};

/// The reason of a check that `--only` and `--skip` left out.
pub const NOT_SELECTED: &str = "not selected";

/// Judges a case with every registered check.
pub fn judge(case: &Case<'_>) -> Report {
    let mut judged: Vec<(&dyn Check, Judgement)> =
        CHECKS.iter().map(|check| (*check, selected(case, *check).unwrap_or_else(|| check.judge(case)))).collect();
    trace(&mut judged);
    settle(case, &mut judged);
    let is_unseen = is_unseen(case, &judged);
    let next_commands = next_commands(&judged);
    let checks: Vec<CheckReport> =
        judged.into_iter().map(|(check, judgement)| report(case, check, judgement)).collect();
    let scope = scope(case);
    let verdict = verdict(&checks, scope, is_unseen);
    Report {
        schema: SCHEMA,
        verdict,
        scope,
        headline: headline(case, verdict, scope),
        vantages: case.vantages(),
        taken_at: case.recordings.iter().map(|recording| recording.taken_at).max().unwrap_or(case.now),
        judged_at: case.now,
        version: case.recordings.first().map(|recording| recording.version.clone()).unwrap_or_default(),
        subject: case.deployment.device_services.url.as_str().to_owned(),
        counts: counts(&checks),
        guide: sections::guide(case, &checks),
        firewall: sections::firewall(case, &checks),
        pin_matrix: crate::matrix::build(case),
        chains: sections::chains(case),
        journey: sections::journey(case, &checks),
        next_commands,
        checks,
        run: run(case),
    }
}

/// The judgement of a check that was not selected.
fn selected(case: &Case<'_>, check: &dyn Check) -> Option<Judgement> {
    let is_selected = case.policy.selects(check.meta().id.0);
    let target = Target::Thing("selection".to_owned());
    (!is_selected).then(|| vec![(target, Outcome::Skipped(NOT_SELECTED.to_owned()))])
}

/// What was asked and not seen is traced to the check that explains it, which failed or hides it: of the same target, else of any target
/// (a pin that was not seen because the Trust Service gave no answer).
fn trace(judged: &mut [(&dyn Check, Judgement)]) {
    let failing: Vec<(CheckId, Faulty)> = judged
        .iter()
        .map(|(check, judgement)| {
            let hides = |outcome: &Outcome| match outcome {
                Outcome::Fail(_) => true,
                Outcome::Warn(finding) => finding.cause.hides(),
                _ => false,
            };
            let targets = judgement.iter().filter(|(_, outcome)| hides(outcome));
            (check.meta().id, targets.map(|(target, _)| target).collect::<Faulty>())
        })
        .filter(|(_, faulty)| !faulty.is_empty())
        .collect();
    let depends: BTreeMap<CheckId, &'static [CheckId]> =
        judged.iter().map(|(check, _)| (check.meta().id, check.meta().depends_on)).collect();
    for (check, judgement) in judged {
        let closure = closure(check.meta().id, &depends);
        let culprits: Vec<&(CheckId, Faulty)> = failing.iter().filter(|(id, _)| closure.contains(id)).collect();
        for (target, outcome) in judgement {
            let Outcome::NotObserved(Unobserved::Unanswered { reason }) = outcome else { continue };
            let direct = culprits.iter().find(|(_, faulty)| faulty.explains(target));
            if let Some((id, _)) = direct.or(culprits.first()) {
                *outcome = Outcome::NotObserved(Unobserved::Because { check: *id, reason: reason.clone() });
            }
        }
    }
}

/// A journey that ends otherwise than it should because of findings that the policy lets pass holds nothing up either.
fn settle(case: &Case<'_>, judged: &mut [(&dyn Check, Judgement)]) {
    let let_pass: BTreeSet<CheckId> = judged
        .iter()
        .filter(|(check, judgement)| {
            let id = check.meta().id;
            let mut failing = judgement.iter().filter(|(_, outcome)| outcome.state() == State::Fail).peekable();
            failing.peek().is_some()
                && failing.all(|(target, outcome)| state(case, id, accepted(case, id, target), outcome) != State::Fail)
        })
        .map(|(check, _)| check.meta().id)
        .collect();
    let journeys = judged.iter_mut().filter(|(check, _)| check.meta().id == sections::JOURNEY);
    for (_, outcome) in journeys.flat_map(|(_, judgement)| judgement) {
        if let Outcome::NotObserved(Unobserved::Because { check, reason }) = outcome
            && let_pass.contains(check)
        {
            *outcome = Outcome::Pass(Evidence::of("ends in", reason).and("let pass by the policy", check));
        }
    }
}

fn closure(id: CheckId, depends: &BTreeMap<CheckId, &'static [CheckId]>) -> BTreeSet<CheckId> {
    let mut found = BTreeSet::new();
    let mut open = vec![id];
    while let Some(next) = open.pop() {
        for dependency in depends.get(&next).copied().unwrap_or_default() {
            if found.insert(*dependency) {
                open.push(*dependency);
            }
        }
    }
    found
}

fn report(case: &Case<'_>, check: &dyn Check, judgement: Judgement) -> CheckReport {
    let meta = check.meta();
    let findings = findings(case, check, &judgement);
    let command = judgement.iter().find_map(|(_, outcome)| match outcome {
        Outcome::NotObserved(Unobserved::Elsewhere { command, .. }) => Some(command.clone()),
        _ => None,
    });
    let mut targets = Vec::new();
    for (target, outcome) in judgement {
        let state = state(case, meta.id, accepted(case, meta.id, &target), &outcome);
        let (reason, because, evidence) = match outcome {
            Outcome::Skipped(reason) => (Some(reason), None, Evidence::none()),
            Outcome::NotObserved(Unobserved::Because { check, reason }) => {
                (Some(reason), Some(check), Evidence::none())
            }
            Outcome::NotObserved(unobserved) => (Some(unobserved.reason().to_owned()), None, Evidence::none()),
            Outcome::Pass(evidence) => (None, None, evidence),
            Outcome::Warn(finding) | Outcome::Fail(finding) => (None, None, finding.evidence),
        };
        targets.push(TargetReport { target, outcome: state, reason, because, evidence });
    }
    let outcome = targets.iter().map(|target| target.outcome).max().unwrap_or(State::Skipped);
    let told = |wanted: State| move |target: &&TargetReport| outcome == wanted && target.outcome == wanted;
    let because = targets.iter().filter(told(State::NotObserved)).find_map(|target| target.because);
    let reason = targets
        .iter()
        .find(|target| told(State::NotObserved)(target) || told(State::Skipped)(target))
        .and_then(|target| target.reason.clone());
    CheckReport {
        id: meta.id,
        category: meta.id.category(),
        title: meta.title,
        outcome,
        reason,
        because,
        command,
        targets,
        findings,
    }
}

fn findings(case: &Case<'_>, check: &dyn Check, judgement: &Judgement) -> Vec<FindingReport> {
    let id = check.meta().id;
    let witnesses = Witnesses::of(case, check, judgement);
    let mut findings = Vec::new();
    for (target, outcome) in judgement {
        let (Outcome::Warn(finding) | Outcome::Fail(finding)) = outcome else { continue };
        let accept = accepted(case, id, target);
        findings.push(FindingReport {
            target: target.clone(),
            outcome: severity(case, id, outcome.state()),
            cause: finding.cause.clone(),
            message: prose::message(&finding.cause),
            evidence: match accept {
                Some(_) => finding.evidence.clone(),
                None => with_lapse(case, id, target, finding.evidence.clone()),
            },
            remedy: prose::remedy(&finding.cause),
            accepted: accept.map(acceptance),
            seen_from: witnesses.saw(target, finding),
        });
    }
    findings
}

/// The outcome's state after policy: an accepted finding no longer counts.
fn state(case: &Case<'_>, id: CheckId, accept: Option<&Accept>, outcome: &Outcome) -> State {
    match outcome.state() {
        State::Warn | State::Fail if accept.is_some() => State::Pass,
        state => severity(case, id, state),
    }
}

fn severity(case: &Case<'_>, id: CheckId, state: State) -> State {
    match (state, case.policy.severity.get(id.0)) {
        (State::Warn | State::Fail, Some(Severity::Fail)) => State::Fail,
        (State::Warn | State::Fail, Some(Severity::Warn)) => State::Warn,
        (state, _) => state,
    }
}

fn accepted<'a>(case: &Case<'a>, id: CheckId, target: &Target) -> Option<&'a Accept> {
    accepts(case, id, target).find(|accept| accept.until.is_none_or(|until| case.now <= until))
}

/// Why it does not count, and how long: whoever reads the reason has to know when the finding comes back.
fn acceptance(accept: &Accept) -> String {
    match accept.until {
        Some(until) => format!("{} (until {})", accept.reason, until.day()),
        None => accept.reason.clone(),
    }
}

/// All that speak of it, those whose time is over too.
fn accepts<'a>(case: &Case<'a>, id: CheckId, target: &Target) -> impl Iterator<Item = &'a Accept> {
    let (text, host) = (target.to_string(), target.host().map(str::to_owned));
    case.policy.accept.iter().filter(move |accept| {
        let service = text.split('@').next().unwrap_or(&text);
        let fits = |wanted: &String| *wanted == text || *wanted == service || host.as_ref() == Some(wanted);
        accept.check == id.0 && accept.target.as_ref().is_none_or(fits)
    })
}

/// A finding that counts again says until when, and why, it did not.
fn with_lapse(case: &Case<'_>, id: CheckId, target: &Target, evidence: Evidence) -> Evidence {
    let lapsed = accepts(case, id, target).filter_map(|accept| Some((accept.until?, &accept.reason)));
    match lapsed.max_by_key(|(until, _)| *until) {
        Some((until, reason)) => evidence.and("accepted until", format!("{}: {reason}", until.day())),
        None => evidence,
    }
}

fn scope(case: &Case<'_>) -> ReportScope {
    if !case.policy.only.is_empty() || !case.policy.skip.is_empty() {
        return ReportScope::Selected;
    }
    match case.policy.scope {
        Scope::Deployment => ReportScope::Deployment,
        Scope::Vantage => ReportScope::Vantage,
    }
}

/// Whether something that this run was to see, it did not see.
fn is_unseen(case: &Case<'_>, judged: &[(&dyn Check, Judgement)]) -> bool {
    let mut outcomes = judged.iter().flat_map(|(_, judgement)| judgement).map(|(_, outcome)| outcome);
    case.recordings.iter().any(|recording| !recording.unasked.is_empty())
        || match case.policy.scope {
            Scope::Deployment => outcomes.any(|outcome| outcome.state() == State::NotObserved),
            // What another vantage or a person must say is not this vantage's to see.
            Scope::Vantage => outcomes.any(|outcome| {
                matches!(outcome, Outcome::NotObserved(Unobserved::Unanswered { .. } | Unobserved::Because { .. }))
            }),
        }
}

fn verdict(checks: &[CheckReport], scope: ReportScope, is_unseen: bool) -> Verdict {
    let failed = checks.iter().any(|check| check.outcome == State::Fail);
    let passed = checks.iter().any(|check| matches!(check.outcome, State::Pass | State::Warn));
    match (scope, failed, is_unseen || !passed) {
        (ReportScope::Selected, false, false) => Verdict::SelectedPass,
        (ReportScope::Selected, true, _) => Verdict::SelectedFail,
        (ReportScope::Selected, false, true) => Verdict::SelectedIncomplete,
        (_, true, _) => Verdict::NotReady,
        (_, false, true) => Verdict::Incomplete,
        (_, false, false) => Verdict::Ready,
    }
}

fn headline(case: &Case<'_>, verdict: Verdict, scope: ReportScope) -> String {
    let vantages: Vec<&str> = case.vantages().into_iter().map(crate::deployment::Vantage::id).collect();
    let words = match verdict {
        Verdict::Ready => "READY",
        Verdict::NotReady => "NOT READY",
        Verdict::Incomplete => "INCOMPLETE",
        Verdict::SelectedPass => "SELECTED CHECKS PASS",
        Verdict::SelectedFail => "SELECTED CHECKS FAIL",
        Verdict::SelectedIncomplete => "SELECTED CHECKS INCOMPLETE",
    };
    match scope {
        ReportScope::Vantage => format!("{words} as seen from {}", vantages.join(", ")),
        ReportScope::Deployment | ReportScope::Selected => words.to_owned(),
    }
}

fn counts(checks: &[CheckReport]) -> Counts {
    let count = |state| checks.iter().filter(|check| check.outcome == state).count();
    Counts {
        pass: count(State::Pass),
        warn: count(State::Warn),
        fail: count(State::Fail),
        skipped: count(State::Skipped),
        not_observed: count(State::NotObserved),
    }
}

fn next_commands(judged: &[(&dyn Check, Judgement)]) -> Vec<NextCommand> {
    let mut commands: Vec<NextCommand> = Vec::new();
    for (check, judgement) in judged {
        let id = check.meta().id;
        for (_, outcome) in judgement {
            let Outcome::NotObserved(Unobserved::Elsewhere { vantage, command, .. }) = outcome else { continue };
            match commands.iter_mut().find(|known| known.vantage == *vantage) {
                Some(known) if known.checks.contains(&id) => {}
                Some(known) => known.checks.push(id),
                None => commands.push(NextCommand { vantage: *vantage, command: command.clone(), checks: vec![id] }),
            }
        }
    }
    commands
}

fn run(case: &Case<'_>) -> Run {
    let questions = |recording: &crate::recording::Recording| {
        let legacy = recording.connections.iter().filter(|fact| fact.legacy.is_some()).count();
        let handshakes = recording.connections.len() + recording.under_other_name.len() + recording.tls12.len();
        recording.names.len() + handshakes + legacy + recording.answers.len()
    };
    let took = case.recordings.iter().map(|recording| recording.took).max().unwrap_or_default();
    Run {
        questions: case.recordings.iter().map(questions).sum(),
        took_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        unasked: case.recordings.iter().flat_map(|recording| recording.unasked.clone()).collect(),
        replayed: false,
    }
}
