//! How the answers to a GET are judged, address by address: shared by the checks that own an answer.

use crate::{
    answers::{Useless, beginning},
    cause::Cause,
    check::{Case, Judgement},
    deployment::{Role, Vantage},
    outcome::{Evidence, Outcome, Target},
    pin::Book,
    reach::Missed,
    recording::{FileUse, HttpFact, HttpFailure, Recording, Request},
    report::PinCell,
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
            Err(Useless::Fault(cause)) => {
                let evidence = of_answer(fact);
                let by = matches!(*cause, Cause::HttpHtml { .. }).then(|| answered_by(case, fact)).flatten();
                Outcome::fail(*cause, by.into_iter().fold(evidence, |evidence, by| evidence.and("answered by", by)))
            }
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

/// Whether a web page in place of an answer is the server's own fault, or somebody else's page: by the key of the very
/// connection that it came on.
fn answered_by(case: &Case<'_>, fact: &HttpFact) -> Option<String> {
    let leaf = case.certificate(fact.leaf.as_ref()?)?;
    let files: &[FileUse] = match fact.role {
        Role::TrustService | Role::TrustServiceServer => &[FileUse::TrustServiceCertificate],
        role if role.is_device_services() => &[FileUse::Uploaded, FileUse::Next],
        _ => &[],
    };
    let supplied: Vec<_> = files.iter().flat_map(|used_as| case.files(*used_as)).collect();
    let own = supplied.iter().filter_map(|file| case.first_certificate(file));
    let is_own = own.map(|own| &own.key.spki_sha256).any(|key| *key == leaf.key.spki_sha256);
    let book = fact.role.is_device_services().then(|| Book::new(case));
    let cells: Vec<PinCell> = book.iter().flat_map(|book| &book.sources).map(|source| source.cell(&leaf.key)).collect();
    let who = if is_own || cells.contains(&PinCell::Match) {
        "its key is the server's own, so the page is its application's, or of what stands before it"
    } else if !supplied.is_empty() || cells.contains(&PinCell::NoMatch) {
        "its key is not the server's own, so the page is of somebody in between: a sign-in page, a block page, an inspection"
    } else {
        "whether its key is the server's own is not known"
    };
    Some(format!("{}, issued by {}; {who}", leaf.display_subject(), leaf.issuer))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        answers,
        deployment::Policy,
        recording::CertId,
        testing::{NOW, registry},
        x509::forge::{HOST, Made, Supplied, presents, root},
    };

    #[test]
    fn a_web_page_is_the_server_s_own_or_somebody_else_s() {
        let root = root("R");
        let (own, other) = (root.leaf(), root.leaf());
        let answered_by = |files: &[(FileUse, &Made)], leaf: Option<CertId>| {
            let mut recording = presents(&[&own, &other], &Supplied { files, ..Supplied::default() });
            let mut fact = registry("<!DOCTYPE html><title>Sign in</title>");
            (fact.request, fact.role, fact.leaf) = (Request::TrustServiceSettings, Role::DeviceServices, leaf);
            recording.answers = vec![fact];
            let recordings = [recording];
            let policy = Policy::default();
            let case = Case::new(&recordings, &policy, NOW).unwrap();
            let wanted: fn(&Request) -> bool = |request| matches!(request, Request::TrustServiceSettings);
            let judgement = judge(&case, Role::DeviceServices, Target::Thing(HOST.into()), wanted, |fact| {
                answers::trust_service_uri(fact).map(|_| Outcome::Pass(Evidence::none()))
            });
            let Some((_, Outcome::Fail(finding))) = judgement.first() else { panic!("{judgement:?}") };
            assert_eq!(finding.cause.kind(), "http-html");
            let found = finding.evidence.0.iter().find(|fact| fact.label == "answered by");
            found.map(|fact| fact.value.clone())
        };
        let uploaded: &[(FileUse, &Made)] = &[(FileUse::Uploaded, &own)];
        for (files, leaf, expected) in [
            (uploaded, Some(own.id()), Some("its key is the server's own")),
            (uploaded, Some(other.id()), Some("its key is not the server's own")),
            (&[], Some(other.id()), Some("whether its key is the server's own is not known")),
            (uploaded, None, None),
        ] {
            let found = answered_by(files, leaf);
            match (found, expected) {
                (Some(found), Some(expected)) => assert!(found.contains(expected), "{found}"),
                (found, expected) => assert_eq!(found.as_deref(), expected),
            }
        }
    }
}
