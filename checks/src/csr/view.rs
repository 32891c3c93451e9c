//! One request, looked at by itself. `pinflight.csr/1`.

use serde::Serialize;

use super::{
    EmailDomain, KeyAndSignature, MatchesCertificate, SingleDnsName, email_domain, if_readable, key_and_signature,
    matches_certificate, single_dns_name,
};
use crate::{
    cause::Cause,
    check::{Check, CheckId},
    outcome::{Evidence, Outcome, State},
    prose,
    x509::{self, CertificateFacts, CsrFacts, KeyFacts, KeyKind},
};

/// The `schema` of every request that this version shows.
pub const SCHEMA: &str = "pinflight.csr/1";

/// What a request is held against.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected<'a> {
    /// Domain of the Workspace ONE ID.
    pub domain: Option<&'a str>,
    /// Host of the Trust Service.
    pub host: Option<&'a str>,
    /// The signed certificate, or why it cannot be read.
    pub certificate: Option<&'a Result<CertificateFacts, x509::Unreadable>>,
}

/// All that is to be shown of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// Whether it is a PKCS#10 request that can be read.
    pub parsed: bool,
    /// Why it cannot be read.
    pub error: Option<String>,
    /// RFC 4514; may be empty. None: it cannot be read.
    pub subject: Option<String>,
    /// Its e-mail addresses.
    pub emails: Emails,
    /// SAN dNSName, as they stand.
    pub dns_names: Vec<String>,
    /// Its key.
    pub key: Key,
    /// Whether it is signed with its own key; none: that cannot be verified here, or it cannot be read.
    pub signature_valid: Option<bool>,
    /// What each check of csr/ says.
    pub checks: Vec<CheckView>,
}

/// E-mail addresses by where they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Emails {
    /// emailAddress in the subject.
    pub subject: Vec<String>,
    /// SAN rfc822Name.
    pub san: Vec<String>,
}

/// A key in three words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Key {
    /// `RSA`, `EC`, `Ed25519`, or another's name or OID.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Length of an RSA modulus, or of a known curve's field.
    pub bits: Option<u32>,
    /// `P-256`, or the OID.
    pub curve: Option<String>,
}

/// What a check says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckView {
    /// `pinflight explain` has its page.
    pub id: CheckId,
    /// The worst of its findings.
    pub outcome: State,
    /// What it found, and what it did not see.
    pub findings: Vec<FindingView>,
}

/// One thing that a check says, unless all is well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FindingView {
    /// `fail`, `warn`, `not-observed` or `skipped`.
    pub outcome: State,
    /// Why, with its facts; none: it was not judged.
    pub cause: Option<Cause>,
    /// Why, in one sentence.
    pub message: String,
    /// What to do about it; none: it was not judged.
    pub remedy: Option<String>,
    /// What shows it.
    pub evidence: Evidence,
}

impl Request {
    /// Looks at the DER of a request, or at why there is none.
    pub fn of(der: Result<&[u8], String>, expected: Expected<'_>) -> Self {
        Self::of_facts(&der.and_then(x509::read_csr), expected)
    }

    /// The same of a request that was read.
    pub fn of_facts(facts: &Result<CsrFacts, String>, expected: Expected<'_>) -> Self {
        let read = facts.as_ref().ok();
        let emails = read.map(|facts| Emails { subject: facts.subject_emails.clone(), san: facts.san_emails.clone() });
        Self {
            schema: SCHEMA,
            parsed: read.is_some(),
            error: facts.as_ref().err().cloned(),
            subject: read.map(|facts| facts.subject.clone()),
            emails: emails.unwrap_or_default(),
            dns_names: read.map(|facts| facts.dns_names.clone()).unwrap_or_default(),
            key: read.map(|facts| Key::of(&facts.key)).unwrap_or_default(),
            signature_valid: read.and_then(|facts| facts.signature_valid),
            checks: checks(facts, expected),
        }
    }

    /// Whether a check fails.
    pub fn is_wrong(&self) -> bool {
        self.checks.iter().any(|check| check.outcome == State::Fail)
    }
}

fn checks(request: &Result<CsrFacts, String>, expected: Expected<'_>) -> Vec<CheckView> {
    let Expected { domain, host, certificate } = expected;
    let no_domain = "give the domain of the Workspace ONE ID: --workspace-one-id-domain";
    let no_host = "give the Trust Service's URL or host: --trust-service or --host";
    let email = if_readable(request, |facts| vec![email_domain::judge(facts, domain, no_domain)]);
    let names = if_readable(request, |facts| single_dns_name::judge(facts, host, no_host));
    let signed = match certificate {
        None => vec![Outcome::Skipped("no signed certificate is given: --certificate".to_owned())],
        Some(Err(unreadable)) => {
            vec![Outcome::unanswered(format!("the certificate cannot be read ({})", unreadable.detail))]
        }
        Some(Ok(certificate)) => if_readable(request, |facts| vec![matches_certificate::judge(facts, certificate)]),
    };
    vec![
        CheckView::of(&EmailDomain, email),
        CheckView::of(&SingleDnsName, names),
        CheckView::of(&KeyAndSignature, key_and_signature::judge(request)),
        CheckView::of(&MatchesCertificate, signed),
    ]
}

impl CheckView {
    fn of(check: &dyn Check, said: Vec<Outcome>) -> Self {
        let outcome = said.iter().map(Outcome::state).max().unwrap_or(State::Skipped);
        let mut findings: Vec<FindingView> = said.into_iter().filter_map(FindingView::of).collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.outcome));
        Self { id: check.meta().id, outcome, findings }
    }
}

impl FindingView {
    fn of(outcome: Outcome) -> Option<Self> {
        let state = outcome.state();
        let unjudged =
            |message: String| Self { outcome: state, cause: None, message, remedy: None, evidence: Evidence::none() };
        match outcome {
            Outcome::Pass(_) => None,
            Outcome::Skipped(reason) => Some(unjudged(reason)),
            Outcome::NotObserved(unobserved) => Some(unjudged(unobserved.reason().to_owned())),
            Outcome::Fail(finding) | Outcome::Warn(finding) => Some(Self {
                outcome: state,
                message: prose::message(&finding.cause),
                remedy: Some(prose::remedy(&finding.cause)),
                cause: Some(finding.cause),
                evidence: finding.evidence,
            }),
        }
    }
}

impl Key {
    fn of(key: &KeyFacts) -> Self {
        let words = || Some(key.words.clone());
        match &key.kind {
            KeyKind::Rsa { bits, .. } => Self { kind: Some("RSA".to_owned()), bits: Some(*bits), curve: None },
            KeyKind::Ec { curve } => {
                let bits = match curve.as_str() {
                    "P-192" => Some(192),
                    "P-224" => Some(224),
                    "P-256" | "secp256k1" => Some(256),
                    "P-384" => Some(384),
                    "P-521" => Some(521),
                    _ => None,
                };
                Self { kind: Some("EC".to_owned()), bits, curve: Some(curve.clone()) }
            }
            KeyKind::RsaPss { bits, .. } => Self { kind: Some("RSA-PSS".to_owned()), bits: Some(*bits), curve: None },
            KeyKind::Ed25519 => Self { kind: words(), bits: Some(256), curve: None },
            KeyKind::Other { .. } => Self { kind: words(), bits: None, curve: None },
        }
    }
}
