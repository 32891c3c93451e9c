//! How the answers to a GET are judged, address by address: shared by the checks that own an answer.

use crate::{
    answers::{Useless, beginning},
    check::{Case, Judgement},
    deployment::{Role, Vantage},
    outcome::{Evidence, Outcome, Target},
    reach::Missed,
    recording::{HttpFact, HttpFailure, Recording, Request},
};

/// Judges every answer to the requests that `wanted` picks by `content`, which reads a sound one. Equal outcomes of one
/// target are told once. Where a vantage had nowhere to ask the service under its own name, that is not observed.
pub fn judge(
    case: &Case<'_>,
    role: Role,
    whole: Target,
    wanted: fn(&Request) -> bool,
    content: impl Fn(&HttpFact) -> Result<Outcome, Useless>,
) -> Judgement {
    let mut judgement = Judgement::new();
    for (vantage, fact) in case.answers(wanted) {
        let target = Target::of(&fact.endpoint, fact.address);
        let outcome = match content(fact) {
            Ok(outcome) => outcome,
            Err(Useless::NotConnected) => match spared(case, vantage, fact) {
                Some(reason) => Outcome::Skipped(reason),
                None => Outcome::unanswered(format!("no connection for GET {}", fact.url)),
            },
            // Whoever re-signs the connection answers as it likes.
            Err(Useless::Fault(_)) if fact.leaf.as_ref().is_some_and(|leaf| case.interception(leaf).is_some()) => {
                Outcome::unanswered(format!("what answers at {target} is not the server itself"))
            }
            Err(Useless::Fault(cause)) => Outcome::fail(*cause, of_answer(fact)),
        };
        let answered = |known: &Outcome| !matches!(known, Outcome::NotObserved(_));
        let entry = (target, outcome);
        match &entry.1 {
            // Another vantage got an answer at this very address.
            Outcome::NotObserved(_) if judgement.iter().any(|(known, _)| *known == entry.0) => {}
            _ if judgement.contains(&entry) => {}
            _ => {
                judgement.retain(|(known, outcome)| *known != entry.0 || answered(outcome));
                judgement.push(entry);
            }
        }
    }
    let is_silent = |recording: &Recording| {
        let asked = recording.answers.iter().any(|fact| fact.role == role && wanted(&fact.request));
        recording.vantage.asks(role, case.deployment) && !asked
    };
    if case.recordings.iter().any(is_silent) {
        judgement.push((whole, Outcome::unanswered(format!("{} could not be asked under its name", role.words()))));
    }
    judgement
}

/// Why nobody needs an answer that had no connection.
fn spared(case: &Case<'_>, vantage: Vantage, fact: &HttpFact) -> Option<String> {
    let Err(HttpFailure::NotConnected { failure }) = &fact.outcome else { return None };
    Missed { vantage, role: fact.role, endpoint: &fact.endpoint, address: fact.address, failure }.spared(case)
}

/// Status, headers and the beginning of the body.
pub fn of_answer(fact: &HttpFact) -> Evidence {
    let mut evidence = Evidence::of("request", format!("GET {}", fact.url));
    let Ok(answer) = &fact.outcome else { return evidence };
    evidence = evidence.and("status", answer.status);
    for name in ["content-type", "location", "server", "via"] {
        if let Some(value) = answer.header(name) {
            evidence = evidence.and(name, value);
        }
    }
    let begins = beginning(&answer.body.bytes.0);
    if begins.is_empty() { evidence } else { evidence.and("body begins", begins) }
}
