//! The sections of a report that gather what several checks found: the guide, the firewall table, the chains.

use std::collections::{HashMap, HashSet};

use crate::{
    check::{Case, CheckId},
    client::Journey,
    guide::{self, STEPS},
    outcome::{State, Target},
    reach::Row,
    recording::{CertId, Recording},
    registry::CHECKS,
    report::{CertificateView, ChainView, CheckReport, FirewallRow, GuideRow},
    x509::{CertificateFacts, ChainFacts, PathEnd, Unreadable},
};

const BY_HAND: CheckId = CheckId("guide/by-hand");
/// Tells of every step of the guide, and proves none.
pub const JOURNEY: CheckId = CheckId("device/journey");

/// The guide's list, each step with the worst of what proves it.
pub fn guide(case: &Case<'_>, checks: &[CheckReport]) -> Vec<GuideRow> {
    let confirmations = guide::confirmations(case);
    let rows = STEPS.iter().map(|(step, title)| {
        // The journey tells of every step and proves none: what stands behind its ending is another check's.
        let proving = CHECKS.iter().map(|check| check.meta()).filter(|meta| meta.id != JOURNEY);
        let proving = proving.filter(|meta| meta.steps.contains(step)).map(|meta| meta.id);
        let mut proofs: Vec<(CheckId, State, Option<String>)> = proving
            .filter_map(|id| checks.iter().find(|report| report.id == id))
            .map(|report| (report.id, report.outcome, unseen(report, "to be seen from elsewhere")))
            .collect();
        let by_hand = checks.iter().find(|report| report.id == BY_HAND);
        for one in confirmations.iter().filter(|one| one.step == *step) {
            let thing = Target::Thing(one.title.to_owned());
            let told = by_hand.and_then(|report| report.targets.iter().find(|target| target.target == thing));
            match (told, by_hand) {
                (Some(told), _) => {
                    let note = told.reason.as_ref().map(|_| "to be confirmed by a person".to_owned());
                    proofs.push((BY_HAND, told.outcome, note));
                }
                (None, Some(report)) => proofs.push((BY_HAND, report.outcome, report.reason.clone())),
                (None, None) => {}
            }
        }
        let outcome = proofs.iter().map(|(_, state, _)| *state).max().unwrap_or(State::Skipped);
        let note = match proofs.iter().find(|(_, state, _)| *state == outcome) {
            None => Some("no check proves it yet".to_owned()),
            Some((id, State::Fail | State::Warn, _)) => Some(id.to_string()),
            Some((_, State::Pass, _)) => None,
            Some((_, _, note)) => note.clone(),
        };
        let mut checks: Vec<CheckId> = proofs.iter().map(|(id, ..)| *id).collect();
        checks.dedup();
        GuideRow { step: *step, title, outcome, checks, note }
    });
    rows.collect()
}

/// The guide's firewall table.
pub fn firewall(case: &Case<'_>, checks: &[CheckReport]) -> Vec<FirewallRow> {
    let rows = Row::ALL.iter().filter_map(|row| {
        let report = checks.iter().find(|report| report.id.0.strip_prefix("firewall/") == Some(row.id))?;
        let endpoint = row.endpoint(case)?;
        let note = match report.outcome {
            State::Fail | State::Warn => report.findings.first().map(|finding| finding.message.clone()),
            State::Pass if row.is_stand_in() => Some("seen from a stand-in".to_owned()),
            State::Pass => None,
            State::NotObserved => unseen(report, &format!("to be seen from {}", row.source)),
            State::Skipped => report.reason.clone(),
        };
        Some(FirewallRow {
            id: row.id,
            source: row.source_words(),
            destination: endpoint.host,
            port: endpoint.port,
            outcome: report.outcome,
            check: report.id,
            note,
        })
    });
    rows.collect()
}

/// What each device does, with the failing checks behind an ending that is not as it should be.
pub fn journey(case: &Case<'_>, checks: &[CheckReport]) -> Option<Journey> {
    let told = checks.iter().find(|report| report.id == JOURNEY)?;
    if told.outcome == State::Skipped {
        return None;
    }
    let failing: Vec<CheckId> =
        checks.iter().filter(|report| report.outcome == State::Fail).map(|report| report.id).collect();
    let mut journey = case.journey().clone();
    for story in &mut journey.stories {
        for step in &mut story.steps {
            step.checks.retain(|id| checks.iter().any(|report| report.id == *id));
        }
        if story.ending.is_meant(story.kind) {
            continue;
        }
        let cited = |id: &CheckId| story.steps.iter().any(|step| step.checks.contains(id));
        // A cited check that could not see is as good as the one that hid it.
        let hides = |id: &CheckId| {
            let hidden = checks.iter().filter(|report| cited(&report.id));
            hidden.into_iter().any(|report| report.targets.iter().any(|target| target.because == Some(*id)))
        };
        story.because = failing.iter().copied().filter(|id| cited(id) || hides(id)).collect();
        let title = Target::Thing(story.title.to_owned());
        let traced = told.targets.iter().find(|target| target.target == title).and_then(|target| target.because);
        story.because.extend(traced.filter(|id| !story.because.contains(id)));
    }
    Some(journey)
}

/// Why a check was skipped or not observed, in a few words.
fn unseen(report: &CheckReport, elsewhere: &str) -> Option<String> {
    match (report.because, &report.command) {
        (Some(because), _) => Some(format!("because of {because}")),
        (None, Some(_)) => Some(elsewhere.to_owned()),
        (None, None) => report.reason.clone(),
    }
}

/// Each distinct chain, with everybody who presented it.
pub fn chains(case: &Case<'_>) -> Vec<ChainView> {
    let mut seen: Vec<(&[CertId], Vec<Target>, Option<String>)> = Vec::new();
    let mut places: HashMap<&[CertId], usize> = HashMap::new();
    let mut told: HashSet<(&[CertId], Target)> = HashSet::new();
    for fact in case.recordings.iter().flat_map(Recording::presentations) {
        let Some(sent) = fact.presented() else { continue };
        let Some(facts) = case.chain(sent) else { continue };
        let target = Target::of(&fact.endpoint, fact.address);
        if !told.insert((sent, target.clone())) {
            continue;
        }
        if let Some((_, targets, _)) = places.get(sent).and_then(|place| seen.get_mut(*place)) {
            targets.push(target);
            continue;
        }
        places.insert(sent, seen.len());
        seen.push((sent, vec![target], anchor(facts, fact.role)));
    }
    seen.into_iter()
        .filter_map(|(sent, targets, anchor)| {
            let certificates = case.chain(sent)?.sent.iter().map(|one| view(one.as_deref())).collect();
            Some(ChainView { targets, certificates, anchor })
        })
        .collect()
}

fn anchor(facts: &ChainFacts, role: crate::deployment::Role) -> Option<String> {
    let subject = |id| {
        let root = facts.certificate(id);
        let name = root.and_then(|root| root.common_name.clone());
        name.or_else(|| root.map(CertificateFacts::display_subject)).unwrap_or_default()
    };
    Some(match &facts.used_path(role)?.end {
        PathEnd::Mozilla { subject } => format!("public root {subject}"),
        PathEnd::System { id, .. } => format!("root of this machine {}", subject(id)),
        PathEnd::Supplied { id, .. } => format!("supplied root {}", subject(id)),
        PathEnd::SigningRoot { id } => format!("signing root {}", subject(id)),
        PathEnd::Untrusted { .. } | PathEnd::IssuerMissing { .. } => return None,
    })
}

fn view(certificate: Result<&CertificateFacts, &Unreadable>) -> CertificateView {
    match certificate {
        Ok(facts) => CertificateView {
            subject: facts.display_subject(),
            issuer: facts.issuer.clone(),
            serial: facts.serial.clone(),
            not_before: Some(facts.not_before),
            not_after: Some(facts.not_after),
            names: facts.dns_names.iter().chain(&facts.ip_addresses).cloned().collect(),
            key: facts.key.words.clone(),
            sha256: facts.id.0.clone(),
            sha1: facts.sha1.clone(),
            spki_sha256: facts.key.spki_sha256.clone(),
        },
        Err(unreadable) => CertificateView {
            subject: format!("unreadable: {}", unreadable.detail),
            issuer: String::new(),
            serial: String::new(),
            not_before: None,
            not_after: None,
            names: Vec::new(),
            key: String::new(),
            sha256: unreadable.id.0.clone(),
            sha1: String::new(),
            spki_sha256: String::new(),
        },
    }
}
