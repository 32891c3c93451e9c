//! `pins/cover-every-server`

use crate::{
    cause::Cause,
    certificate::not_its_own,
    check::{Case, Check, CheckId, EachOnce, GuideStep, Judgement, Meta},
    matrix::{self, Met},
    outcome::{Evidence, Outcome},
    pin::{self, Book, Source, SourceId},
    report::PinCell,
    x509::{CertificateFacts, Place},
};

/// Every key that a device can meet matches a pin of the source that devices use.
pub struct CoverEveryServer;

impl Check for CoverEveryServer {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("pins/cover-every-server"),
            title: "Every key that devices can meet at Device Services is pinned",
            steps: &[GuideStep::P2, GuideStep::S6],
            depends_on: &[
                CheckId("tls/interception"),
                CheckId("discovery/host-registry"),
                CheckId("trust-service/settings"),
                CheckId("pins/well-formed"),
                CheckId("pins/sources-agree"),
            ],
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        let book = Book::new(case);
        let used = match book.used_or_unseen(case) {
            Ok(used) => used,
            Err(unseen) => return unseen,
        };
        let judge = |met: Met<'_>| {
            let outcome = of(case, &book, used, &met);
            (met.target, outcome)
        };
        matrix::met(case).into_iter().map(judge).collect::<EachOnce>().judgement
    }
}

fn of(case: &Case<'_>, book: &Book, used: &Source, met: &Met<'_>) -> Outcome {
    let Some(leaf) = met.leaf else {
        return Outcome::unanswered(format!("no certificate was seen at {}", met.target));
    };
    if let Some(found) = case.interception(&leaf.id) {
        return not_its_own(&met.target, found);
    }
    let cell = used.cell(&leaf.key);
    let hidden = book.hidden().map(|source| source.cell(&leaf.key));
    let evidence = Evidence::of("key", format!("{} sha256//{}", leaf.key.words, leaf.key.spki_sha256));
    let evidence = if met.only_tls12 { evidence.and("presented", "on TLS 1.2 alone") } else { evidence };
    match (cell, hidden) {
        (PinCell::NotObserved, _) => pin::unseen_pins(case, used),
        (PinCell::Unknown, _) => {
            let cause = Cause::KeyTypeUnknownToClient {
                role: met.role,
                certificate: leaf.name(Place::Leaf),
                key: leaf.key.words.clone(),
            };
            Outcome::warn(cause, evidence)
        }
        // A device that reaches the cloud takes its pins there, one that does not takes the Trust Service's.
        (PinCell::NoMatch, Some(PinCell::Match)) | (PinCell::Match, Some(PinCell::NoMatch)) => {
            Outcome::unanswered("the cloud registry and the Trust Service differ on this key")
        }
        (PinCell::Match, _) => Outcome::Pass(evidence.and("pinned by", used.id.words())),
        (PinCell::NoMatch, _) if used.pins() == Some(0) => {
            Outcome::unanswered(format!("the {} holds no pins for Device Services", used.id.words()))
        }
        (PinCell::NoMatch, _) if used.has_faults() => Outcome::unanswered(format!(
            "a pin of the {} that cannot be used may be meant for this key",
            used.id.words()
        )),
        (PinCell::NoMatch, _) => Outcome::fail(not_pinned(book, used, met, leaf), evidence),
    }
}

fn not_pinned(book: &Book, used: &Source, met: &Met<'_>, leaf: &CertificateFacts) -> Cause {
    let uploaded = book.source(SourceId::Uploaded).is_some_and(|source| source.cell(&leaf.key) == PinCell::Match);
    Cause::KeyNotPinned {
        pins_source: used.id.words().to_owned(),
        role: met.role,
        certificate: leaf.name(Place::Leaf),
        spki_sha256: leaf.key.spki_sha256.clone(),
        pins: used.pins().unwrap_or_default(),
        uploaded,
        only_tls12: met.only_tls12,
    }
}
