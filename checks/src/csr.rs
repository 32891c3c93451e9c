//! The certificate signing request from which the Trust Service's certificate was, or will be, signed.

mod email_domain;
mod key_and_signature;
mod matches_certificate;
mod single_dns_name;
#[cfg(test)]
mod tests;
mod view;

pub use self::{
    email_domain::EmailDomain,
    key_and_signature::KeyAndSignature,
    matches_certificate::MatchesCertificate,
    single_dns_name::SingleDnsName,
    view::{CheckView, Emails, Expected, FindingView, Key, Request, SCHEMA},
};
use crate::{
    check::{Case, CheckId, Judgement},
    outcome::{Outcome, Target},
    recording::{FileContent, FileUse},
    trust_service,
    x509::{self, CsrFacts},
};

/// A request that cannot be read is `csr/key-and-signature`'s.
const READABLE: &[CheckId] = &[CheckId("csr/key-and-signature")];

/// Judges the declared request; says why where there is none.
fn judge_declared(case: &Case<'_>, judge: impl Fn(&Result<CsrFacts, String>) -> Vec<Outcome>) -> Judgement {
    let request = Target::Thing("trust_service.csr".to_owned());
    if let Some(skipped) = trust_service::not_provisioned(case) {
        return vec![(request, skipped)];
    }
    let mut judgement = Judgement::new();
    for file in case.files(FileUse::TrustServiceCsr) {
        let said = match &file.content {
            FileContent::Csr(der) => judge(&x509::read_csr(&der.0)),
            FileContent::CsrFacts(facts) => judge(facts),
            FileContent::Certificates(_) => continue,
        };
        judgement.extend(said.into_iter().map(|outcome| (Target::File(file.path.clone()), outcome)));
    }
    if judgement.is_empty() {
        // What the portal signed is proof of the request, and trust-service/issuer asks for it.
        let reason = "trust_service.csr names no request; trust-service/issuer judges what was signed";
        return vec![(request, Outcome::Skipped(reason.to_owned()))];
    }
    judgement
}

/// What is said of a request that can be read.
fn if_readable(request: &Result<CsrFacts, String>, judge: impl FnOnce(&CsrFacts) -> Vec<Outcome>) -> Vec<Outcome> {
    match request {
        Ok(facts) => judge(facts),
        Err(_) => vec![Outcome::unanswered("the request cannot be read")],
    }
}
