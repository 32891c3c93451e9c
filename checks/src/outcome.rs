//! What a check says of a target.

use std::{collections::HashSet, fmt, net::SocketAddr};

use serde::{Deserialize, Serialize, Serializer};

use crate::{
    cause::Cause,
    check::CheckId,
    deployment::{Endpoint, Vantage},
};

/// What an outcome speaks of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A service as a whole: `ds.example.com:443`.
    Endpoint(Endpoint),
    /// A service at one address: `ds.example.com:443@10.1.0.11`, with the address's port where it is another.
    At(Endpoint, SocketAddr),
    /// A name asked of a resolver: `ds.example.com (the operating system)`.
    Name(String, String),
    /// A file, as declared.
    File(String),
    /// Something else, in the guide's words: `HMAC token generated`.
    Thing(String),
}

impl Target {
    /// At an address where there is one, else the whole service.
    pub fn of(endpoint: &Endpoint, address: Option<SocketAddr>) -> Self {
        match address {
            Some(address) => Self::At(endpoint.clone(), address),
            None => Self::Endpoint(endpoint.clone()),
        }
    }

    /// The host it speaks of, if any.
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::Endpoint(endpoint) | Self::At(endpoint, _) => Some(&endpoint.host),
            Self::Name(name, _) => Some(name),
            Self::File(_) | Self::Thing(_) => None,
        }
    }
}

/// Where something is wrong, and what that explains: a fault of a service that its addresses were not seen, a fault of an
/// address that its service was not, a fault of a name either.
#[derive(Default)]
pub struct Faulty {
    exact: HashSet<Target>,
    services: HashSet<Endpoint>,
    hosts: HashSet<String>,
}

impl Faulty {
    /// Whether this explains that `target` could not be observed.
    pub fn explains(&self, target: &Target) -> bool {
        let by_service = match target {
            Target::Endpoint(endpoint) | Target::At(endpoint, _) => {
                self.services.contains(endpoint) || self.hosts.contains(&endpoint.host)
            }
            Target::Name(..) | Target::File(_) | Target::Thing(_) => false,
        };
        by_service || self.exact.contains(target)
    }

    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty()
    }
}

impl<'a> FromIterator<&'a Target> for Faulty {
    fn from_iter<T: IntoIterator<Item = &'a Target>>(targets: T) -> Self {
        let mut all = Self::default();
        for target in targets {
            all.exact.insert(target.clone());
            match target {
                Target::Endpoint(endpoint) => {
                    all.services.insert(endpoint.clone());
                }
                Target::At(endpoint, _) => {
                    all.exact.insert(Target::Endpoint(endpoint.clone()));
                }
                Target::Name(name, _) => {
                    all.hosts.insert(name.clone());
                }
                Target::File(_) | Target::Thing(_) => {}
            }
        }
        all
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endpoint(endpoint) => endpoint.fmt(f),
            Self::At(endpoint, address) if address.port() == endpoint.port => write!(f, "{endpoint}@{}", address.ip()),
            Self::At(endpoint, address) => write!(f, "{endpoint}@{address}"),
            Self::Name(name, resolver) => write!(f, "{name} ({resolver})"),
            Self::File(text) | Self::Thing(text) => f.write_str(text),
        }
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What was seen, as label and value; values may come from a peer and are escaped by whoever shows them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Evidence(pub Vec<Fact>);

/// One thing seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What it is: `addresses`, `status`, `issuer`.
    pub label: &'static str,
    /// What was seen.
    pub value: String,
}

impl Evidence {
    /// Nothing seen.
    pub fn none() -> Self {
        Self::default()
    }

    /// One thing seen.
    pub fn of(label: &'static str, value: impl fmt::Display) -> Self {
        Self::none().and(label, value)
    }

    /// And another.
    #[must_use]
    pub fn and(mut self, label: &'static str, value: impl fmt::Display) -> Self {
        self.0.push(Fact { label, value: value.to_string() });
        self
    }
}

/// Something wrong: why, and what shows it. Sentence and remedy are made from the cause, in `prose`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Why.
    pub cause: Cause,
    /// What shows it.
    pub evidence: Evidence,
}

/// What a check says of a target. Findings are few and large, outcomes as many as targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was seen and is right.
    Pass(Evidence),
    /// It works, but will not for ever or not for all.
    Warn(Box<Finding>),
    /// It is wrong.
    Fail(Box<Finding>),
    /// It does not apply here, and why.
    Skipped(String),
    /// It was not seen, and why.
    NotObserved(Unobserved),
}

impl Outcome {
    /// A failure.
    pub fn fail(cause: Cause, evidence: Evidence) -> Self {
        Self::Fail(Box::new(Finding { cause, evidence }))
    }

    /// A warning.
    pub fn warn(cause: Cause, evidence: Evidence) -> Self {
        Self::Warn(Box::new(Finding { cause, evidence }))
    }

    /// Asked, and nothing usable came back.
    pub fn unanswered(reason: impl Into<String>) -> Self {
        Self::NotObserved(Unobserved::Unanswered { reason: reason.into() })
    }

    /// The word for it.
    pub fn state(&self) -> State {
        match self {
            Self::Pass(_) => State::Pass,
            Self::Warn(_) => State::Warn,
            Self::Fail(_) => State::Fail,
            Self::Skipped(_) => State::Skipped,
            Self::NotObserved(_) => State::NotObserved,
        }
    }
}

/// The word for an outcome, from the least to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Does not apply.
    Skipped,
    /// Seen and right.
    Pass,
    /// Seen; needs attention.
    Warn,
    /// Not seen.
    NotObserved,
    /// Seen and wrong.
    Fail,
}

impl State {
    /// As JSON spells it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::NotObserved => "not-observed",
            Self::Fail => "fail",
        }
    }
}

/// Why something was not seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unobserved {
    /// It was asked, and nothing usable came back; the registry names the check that found out why, if one did.
    Unanswered {
        /// What is known, as a clause: `no handshake with ds.example.com:443`.
        reason: String,
    },
    /// Another check failed first.
    Because {
        /// That check.
        check: CheckId,
        /// What could therefore not be seen.
        reason: String,
    },
    /// No vantage of this run can see it.
    Elsewhere {
        /// What can be seen only from there.
        reason: String,
        /// Where it can be seen.
        vantage: Vantage,
        /// The command to run there.
        command: String,
    },
    /// Only a person can say so.
    ByHand {
        /// What to do and where to write it down.
        reason: String,
    },
}

impl Unobserved {
    /// Why, as a sentence without its full stop.
    pub fn reason(&self) -> &str {
        match self {
            Self::Unanswered { reason }
            | Self::Because { reason, .. }
            | Self::Elsewhere { reason, .. }
            | Self::ByHand { reason } => reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_written_with_the_port_that_matters() {
        let ds = Endpoint::new("ds.example.com", 443);
        for (target, expected) in [
            (Target::Endpoint(ds.clone()), "ds.example.com:443"),
            (Target::At(ds.clone(), ([10, 1, 0, 11], 443).into()), "ds.example.com:443@10.1.0.11"),
            (Target::At(ds, ([10, 1, 0, 11], 8443).into()), "ds.example.com:443@10.1.0.11:8443"),
        ] {
            assert_eq!(target.to_string(), expected);
        }
    }
}
