//! `csr/key-and-signature`

use super::judge_declared;
use crate::{
    cause::Cause,
    check::{Case, Check, CheckId, GuideStep, Judgement, Meta},
    outcome::{Evidence, Outcome},
    x509::{CsrFacts, Strength},
};

/// Is the request readable, signed with its own key, and that key strong enough?
pub struct KeyAndSignature;

impl Check for KeyAndSignature {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("csr/key-and-signature"),
            title: "The request can be read, is signed with its own key, and that key is strong enough",
            steps: &[GuideStep::S3],
            depends_on: &[],
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        judge_declared(case, judge)
    }
}

pub(super) fn judge(request: &Result<CsrFacts, String>) -> Vec<Outcome> {
    let facts = match request {
        Ok(facts) => facts,
        Err(detail) => {
            return vec![Outcome::fail(Cause::CsrUnreadable { detail: detail.clone() }, Evidence::none())];
        }
    };
    let key = facts.key.words.clone();
    let evidence = Evidence::of("key", &key)
        .and("spki", format!("sha256//{}", facts.key.spki_sha256))
        .and("signature", &facts.signature_algorithm);
    let mut said = Vec::new();
    match facts.key.strength() {
        Strength::Strong => {}
        Strength::Unusual => said.push(Outcome::warn(Cause::CsrKeyUnusual { key }, evidence.clone())),
        Strength::Weak => said.push(Outcome::fail(Cause::CsrKeyWeak { key }, evidence.clone())),
    }
    match facts.signature_valid {
        Some(true) => {}
        Some(false) => {
            let cause = Cause::CsrSignatureInvalid { algorithm: facts.signature_algorithm.clone() };
            said.push(Outcome::fail(cause, evidence.clone()));
        }
        None => said.push(Outcome::unanswered(format!(
            "its signature ({}, {}) cannot be verified here; run: openssl req -in FILE -noout -verify",
            facts.signature_algorithm, facts.key.words
        ))),
    }
    if said.is_empty() {
        said.push(Outcome::Pass(evidence));
    }
    said
}

/// Whether nothing but a new request helps, so that no certificate will be made from this one.
pub(super) fn is_refused(facts: &CsrFacts) -> bool {
    facts.key.strength() == Strength::Weak || facts.signature_valid == Some(false)
}
