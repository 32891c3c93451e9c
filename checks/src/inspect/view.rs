//! What is shown: typed, complete, and judged nowhere but here and in the checks.

use std::net::{IpAddr, SocketAddr};

use serde::Serialize;

use super::{ROLE, missed};
use crate::{
    cause::Cause,
    check::CheckId,
    deployment::Endpoint,
    outcome::{Evidence, Outcome, State},
    prose,
    recording::{HandshakeSignature, Recording},
    time::Timestamp,
    x509::{CertificateFacts, ChainFacts, KeyKind, PathEnd, PathFacts, Unreadable},
};

/// One certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CertificateView {
    /// Its place in the source, from 1; those that were not sent follow.
    pub number: usize,
    /// Whether the source holds it; else it was supplied, or is a root that has a certificate.
    pub sent: bool,
    /// SHA-256 of the DER, lower-case hex.
    pub sha256: String,
    /// Why it cannot be read, in the parser's words.
    pub error: Option<String>,
    /// What it says; none: it cannot be read.
    pub facts: Option<Facts>,
}

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Facts {
    /// RFC 4514; may be empty.
    pub subject: String,
    /// RFC 4514.
    pub issuer: String,
    /// Upper-case hex with colons.
    pub serial: String,
    /// 1, 2 or 3.
    pub version: u32,
    /// First second.
    pub not_before: Timestamp,
    /// Last second.
    pub not_after: Timestamp,
    /// Whole days from the moment judged for to the end; negative: since the end.
    pub days_left: i64,
    /// At the moment judged for.
    pub state: CertificateState,
    /// Its subject alternative names; none: it has no SAN.
    pub names: Option<Names>,
    /// Its key.
    pub key: Key,
    /// `sha256WithRSAEncryption`, or the OID.
    pub signature_algorithm: String,
    /// Subject equals issuer.
    pub self_issued: bool,
    /// Its own key verifies it; none: not self-issued, or not to be verified here.
    pub self_signed: Option<bool>,
    /// basicConstraints' cA; none: no such extension.
    pub ca: Option<bool>,
    /// basicConstraints' pathLenConstraint.
    pub path_length: Option<u32>,
    /// keyUsage; none: no such extension.
    pub key_usage: Option<Vec<String>>,
    /// extKeyUsage; none: no such extension.
    pub extended_key_usage: Option<Vec<String>>,
    /// Subject key identifier, upper-case hex with colons.
    pub subject_key_id: Option<String>,
    /// Authority key identifier, likewise.
    pub authority_key_id: Option<String>,
    /// OIDs of critical extensions that nobody knows.
    pub unknown_critical: Vec<String>,
    /// Whether it constrains the names below it.
    pub name_constraints: bool,
    /// SHA-1 of the DER, lower-case hex: the thumbprint that Windows shows.
    pub sha1: String,
    /// Of its key.
    pub pins: Pins,
}

/// Whether a certificate is in its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateState {
    /// It is.
    Valid,
    /// Not any more.
    Expired,
    /// Not yet.
    NotYetValid,
}

/// Subject alternative names, by kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Names {
    /// dNSName, as they stand.
    pub dns: Vec<String>,
    /// iPAddress.
    pub ip: Vec<String>,
    /// rfc822Name.
    pub email: Vec<String>,
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Key {
    /// For people: `RSA 2048`.
    pub words: String,
    /// Its kind, with what belongs to it.
    #[serde(flatten)]
    pub kind: KeyKind,
}

/// A key as a pin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pins {
    /// The PKCS#1 RSAPublicKey in upper-case hex, as the Trust Service registers it; none: not RSA.
    pub trust_service: Option<String>,
    /// `sha256//BASE64` of the SubjectPublicKeyInfo.
    pub sha256: String,
}

impl CertificateView {
    pub(super) fn of(number: usize, sent: bool, read: Result<&CertificateFacts, &Unreadable>, now: Timestamp) -> Self {
        match read {
            Ok(facts) => {
                Self { number, sent, sha256: facts.id.0.clone(), error: None, facts: Some(Facts::of(facts, now)) }
            }
            Err(Unreadable { id, detail }) => {
                Self { number, sent, sha256: id.0.clone(), error: Some(detail.clone()), facts: None }
            }
        }
    }
}

impl Facts {
    fn of(facts: &CertificateFacts, now: Timestamp) -> Self {
        let key = &facts.key;
        let state = match now {
            now if facts.not_after < now => CertificateState::Expired,
            now if now < facts.not_before => CertificateState::NotYetValid,
            _ => CertificateState::Valid,
        };
        let names = Names { dns: facts.dns_names.clone(), ip: facts.ip_addresses.clone(), email: facts.emails.clone() };
        Self {
            subject: facts.subject.clone(),
            issuer: facts.issuer.clone(),
            serial: facts.serial.clone(),
            version: facts.version,
            not_before: facts.not_before,
            not_after: facts.not_after,
            days_left: now.days_until(facts.not_after),
            state,
            names: facts.has_san.then_some(names),
            key: Key { words: key.words.clone(), kind: key.kind.clone() },
            signature_algorithm: facts.signature_algorithm.clone(),
            self_issued: facts.self_issued,
            self_signed: facts.self_signed,
            ca: facts.is_ca,
            path_length: facts.path_len,
            key_usage: facts.key_usage.clone(),
            extended_key_usage: facts.extended_key_usage.clone(),
            subject_key_id: facts.subject_key_id.clone(),
            authority_key_id: facts.authority_key_id.clone(),
            unknown_critical: facts.unknown_critical.clone(),
            name_constraints: facts.has_name_constraints,
            sha1: facts.sha1.clone(),
            pins: Pins {
                trust_service: key.rsa_public_key_hex.as_ref().map(|hex| hex.to_ascii_uppercase()),
                sha256: format!("sha256//{}", key.spki_sha256),
            },
        }
    }
}

/// A candidate path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PathView {
    /// SHA-256 of each, from the leaf upwards; the root too, where it has a certificate.
    pub certificates: Vec<String>,
    /// Where it ends.
    pub end: End,
    /// What it is worth.
    pub state: PathState,
    /// Whether it is the one that a client would use.
    pub used: bool,
    /// Whether all but the root were sent.
    pub complete_as_sent: bool,
    /// Why it is not valid, a sentence each.
    pub why: Vec<String>,
}

/// Where a path ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct End {
    /// What it is.
    pub kind: &'static str,
    /// The root's subject; of a missing issuer, its name.
    pub name: String,
    /// The key identifier of a missing issuer.
    pub key_id: Option<String>,
}

/// What a path is worth at the moment judged for; the first that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PathState {
    /// A link of it is wrong.
    Broken,
    /// It leads to nobody.
    IssuerMissing,
    /// It leads to a root that does not count.
    Untrusted,
    /// Only with certificates that were not sent.
    Incomplete,
    /// A member is out of its time.
    OutOfTime,
    /// It leads to a root that counts.
    Valid,
}

impl PathView {
    pub(super) fn of(chain: &ChainFacts, path: &PathFacts, used: bool, now: Timestamp) -> Self {
        let state = match &path.end {
            _ if !path.faults.is_empty() => PathState::Broken,
            PathEnd::IssuerMissing { .. } => PathState::IssuerMissing,
            end if !end.is_trusted(ROLE) => PathState::Untrusted,
            _ if !path.complete_as_sent => PathState::Incomplete,
            _ if !path.out_of_time.is_empty() => PathState::OutOfTime,
            _ => PathState::Valid,
        };
        Self {
            certificates: path.certificates.iter().map(|id| id.0.clone()).collect(),
            end: End::of(chain, path),
            state,
            used,
            complete_as_sent: path.complete_as_sent,
            why: why(chain, path, now),
        }
    }
}

impl End {
    fn of(chain: &ChainFacts, path: &PathFacts) -> Self {
        let subject = |id| chain.certificate(id).map(CertificateFacts::display_subject).unwrap_or_default();
        let (kind, name) = match &path.end {
            PathEnd::Mozilla { subject } => ("mozilla", subject.clone()),
            PathEnd::System { id, .. } => ("system", subject(id)),
            PathEnd::Supplied { id, .. } => ("supplied", subject(id)),
            PathEnd::SigningRoot { id } => ("signing-root", subject(id)),
            PathEnd::Untrusted { id } => ("untrusted", subject(id)),
            PathEnd::IssuerMissing { id } => {
                let last = chain.certificate(id);
                return Self {
                    kind: "issuer-missing",
                    name: last.map(|facts| facts.issuer.clone()).unwrap_or_default(),
                    key_id: last.and_then(|facts| facts.authority_key_id.clone()),
                };
            }
        };
        Self { kind, name, key_id: None }
    }
}

/// Why a path is not valid.
fn why(chain: &ChainFacts, path: &PathFacts, now: Timestamp) -> Vec<String> {
    let subject = |id| chain.certificate(id).map(CertificateFacts::display_subject).unwrap_or_default();
    let faults = path.faults.iter().map(|(_, id, fault)| format!("{} {}", subject(id), prose::link_fault(fault)));
    let mut why: Vec<String> = faults.collect();
    match &path.end {
        PathEnd::IssuerMissing { .. } => why.push("its issuer was neither sent nor supplied".to_owned()),
        PathEnd::Untrusted { id } => why.push(format!("{} is not among the roots that count", subject(id))),
        end if end.is_trusted(ROLE) => {
            let ends_in_certificate = !matches!(end, PathEnd::Mozilla { .. });
            let needed = path.certificates.len() - usize::from(ends_in_certificate && !path.certificates.is_empty());
            let members = path.certificates.iter().zip(&path.sent).take(needed);
            why.extend(
                members.filter(|(_, sent)| sent.is_none()).map(|(id, _)| format!("{} is not sent", subject(id))),
            );
        }
        _ => {}
    }
    let out_of_time = path.out_of_time.iter().filter_map(|id| chain.certificate(id));
    why.extend(out_of_time.map(|facts| {
        let subject = facts.display_subject();
        if facts.not_after < now {
            format!("{subject} expired on {}", facts.not_after.day())
        } else {
            format!("{subject} is not valid before {}", facts.not_before.day())
        }
    }));
    why
}

/// Something wrong, or something that needs attention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FindingView {
    /// The check that says so; `pinflight explain` has its page.
    pub check: CheckId,
    /// `fail` or `warn`.
    pub outcome: State,
    /// Why, with its facts.
    pub cause: Cause,
    /// Why, in one sentence.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
    /// What shows it.
    pub evidence: Evidence,
}

impl FindingView {
    pub(super) fn of(check: CheckId, outcome: Outcome) -> Option<Self> {
        let state = outcome.state();
        let (Outcome::Fail(finding) | Outcome::Warn(finding)) = outcome else { return None };
        Some(Self {
            check,
            outcome: state,
            message: prose::message(&finding.cause),
            remedy: prose::remedy(&finding.cause),
            cause: finding.cause,
            evidence: finding.evidence,
        })
    }
}

/// The conversation behind a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Connection {
    /// The name that the certificate is held against.
    pub name: String,
    /// Whether the certificate is good for it; none: no certificate to be read.
    pub name_matches: Option<bool>,
    /// The server name sent; none: none sent.
    pub sni: Option<String>,
    /// The address that answered; none: nobody did, or the proxy looked it up.
    pub address: Option<SocketAddr>,
    /// Every address of the name, in the resolver's order.
    pub addresses: Vec<IpAddr>,
    /// The proxy in between.
    pub proxy: Option<String>,
    /// `TLSv1.3`
    pub version: Option<String>,
    /// IANA name.
    pub suite: Option<String>,
    /// The protocol agreed by ALPN.
    pub alpn: Option<String>,
    /// Whether the server proved that it has the leaf's key.
    pub signature: Option<HandshakeSignature>,
    /// Time until TCP (and the proxy's tunnel) stood, in milliseconds.
    pub connected_after_ms: Option<u64>,
    /// Time to the end of the handshake, in milliseconds.
    pub took_ms: Option<u64>,
    /// What was tried in vain before, or altogether.
    pub attempts: Vec<Attempt>,
}

/// A conversation that did not come about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// Where to.
    pub address: Option<SocketAddr>,
    /// Why not.
    pub message: String,
}

impl Connection {
    pub(super) fn of(recording: &Recording, asked: &Endpoint, name_matches: Option<bool>) -> Self {
        let last = recording.connections.last();
        let answered = last.filter(|fact| fact.presented().is_some());
        let handshake = answered.and_then(|fact| fact.outcome.as_ref().ok());
        let network = &recording.deployment.network;
        let mut addresses: Vec<IpAddr> = Vec::new();
        let looked_up = recording.names.iter().filter(|fact| fact.name == asked.host);
        for ip in looked_up.filter_map(|fact| fact.answer.as_ref().ok()).flat_map(|answer| &answer.addresses) {
            if !addresses.contains(ip) {
                addresses.push(*ip);
            }
        }
        let attempts = recording.connections.iter().filter_map(|fact| {
            let (_, cause) = missed(recording, fact)?;
            Some(Attempt { address: fact.address, message: prose::message(&cause) })
        });
        let milliseconds = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            name: last.map_or_else(|| asked.host.clone(), |fact| fact.endpoint.host.clone()),
            name_matches,
            sni: last.and_then(|fact| fact.sni.clone()),
            address: answered.and_then(|fact| fact.address),
            addresses,
            proxy: network.proxy_for(&asked.host).map(ToString::to_string),
            version: handshake.map(|handshake| handshake.version.clone()),
            suite: handshake.map(|handshake| handshake.suite.clone()),
            alpn: handshake.and_then(|handshake| handshake.alpn.clone()),
            signature: handshake.map(|handshake| handshake.signature.clone()),
            connected_after_ms: answered.and_then(|fact| fact.connected_after).map(milliseconds),
            took_ms: answered.map(|fact| milliseconds(fact.took)),
            attempts: attempts.collect(),
        }
    }
}
