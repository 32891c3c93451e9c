//! Which certificates the client accepts: default validation, and the one root of the Trust Service (rules 4 and 8).

use crate::{
    cause::Cause,
    certificate::Alone,
    check::CheckId,
    clock,
    deployment::{Endpoint, Policy, Role},
    outcome::Outcome,
    prose,
    recording::HandshakeSignature,
    time::Timestamp,
    x509::{self, CertificateFacts, ChainFacts, LinkFault, PathEnd},
};

/// What a device makes of a chain before any pin is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Validation {
    /// It accepts it, provided that it trusts this root, where the root is not a public one.
    Accepted {
        /// The root.
        private_root: Option<String>,
    },
    /// It does not.
    Refused {
        /// Why.
        why: String,
        /// The check that says so.
        check: CheckId,
    },
    /// It depends on the client, or cannot be verified here.
    Unknown {
        /// Why.
        why: String,
        /// The check that says so.
        check: CheckId,
    },
}

/// A chain as it was presented.
#[derive(Clone, Copy)]
pub struct Presented<'a> {
    /// The chain, judged.
    pub chain: &'a ChainFacts,
    /// What was asked for.
    pub endpoint: &'a Endpoint,
    /// What it is.
    pub role: Role,
    /// Whether the server proved that it has the key; none: not known.
    pub signature: Option<&'a HandshakeSignature>,
    /// What the servers say that the time is, where it is another than the moment judged for.
    pub other_clock: Option<Timestamp>,
}

impl Presented<'_> {
    /// Default validation: what each check of certificate/* would fail for, but for a day to come.
    pub fn validate(&self, now: Timestamp) -> Validation {
        let policy = Policy { critical_days: 0, ..Policy::default() };
        let Self { chain, endpoint, role, signature, other_clock } = *self;
        let in_time = |at| clock::is_in_time(chain, role, at);
        if let Some(other) = other_clock.filter(|other| in_time(*other) != in_time(now)) {
            let why = format!("whether it is in time depends on the clock: the servers say that it is {other}");
            return Validation::Unknown { why, check: CheckId("certificate/expiry") };
        }
        let alone = Alone { chain, endpoint: Some(endpoint), signature, role, policy: &policy, now };
        let failed = alone.judge().into_iter().find_map(|(check, outcome)| match outcome {
            Outcome::Fail(finding) => Some((check, finding.cause)),
            _ => None,
        });
        if let Some((check, cause)) = failed {
            return refusal(check, &cause);
        }
        let root = |id| chain.certificate(id).map(CertificateFacts::display_subject).unwrap_or_default();
        let private_root = match chain.used_path(role).map(|path| &path.end) {
            Some(PathEnd::Supplied { id, public: false } | PathEnd::System { id, public: false }) => Some(root(id)),
            _ => None,
        };
        Validation::Accepted { private_root }
    }

    /// How the path to the Trust Service is anchored, once it is valid.
    pub fn anchor(&self) -> Anchor {
        let valid = || self.chain.paths.iter().filter(|path| path.is_valid(self.role));
        let root = |id| self.chain.certificate(id).map(CertificateFacts::display_subject).unwrap_or_default();
        let signing = valid().find_map(|path| match &path.end {
            PathEnd::SigningRoot { id } => Some(id),
            _ => None,
        });
        if let Some(id) = signing {
            let root = root(id);
            return if x509::is_known_signing_root(id) { Anchor::Known { root } } else { Anchor::Declared { root } };
        }
        let end = valid().next().map(|path| &path.end);
        Anchor::Elsewhere {
            root: match end {
                Some(PathEnd::Mozilla { subject }) => subject.clone(),
                Some(PathEnd::Supplied { id, .. } | PathEnd::System { id, .. } | PathEnd::Untrusted { id }) => root(id),
                _ => String::new(),
            },
        }
    }
}

/// The root that the Trust Service's path ends in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The signing root, by its fingerprint.
    Known {
        /// Its subject.
        root: String,
    },
    /// One declared as `trust_service.signing_root` that has another fingerprint.
    Declared {
        /// Its subject.
        root: String,
    },
    /// Any other.
    Elsewhere {
        /// Its subject.
        root: String,
    },
}

/// A missing intermediate is fetched by some clients and not by others; what cannot be read or verified here may be by them.
fn refusal(check: CheckId, cause: &Cause) -> Validation {
    let why = prose::message(cause);
    match cause {
        Cause::MissingIntermediate { .. } => {
            Validation::Unknown { why: format!("{why}; iOS may have it or fetch it, and does not have to"), check }
        }
        Cause::CertificateUnreadable { .. }
        | Cause::PathBroken { fault: LinkFault::UnsupportedSignature { .. }, .. } => Validation::Unknown { why, check },
        _ => Validation::Refused { why, check },
    }
}
