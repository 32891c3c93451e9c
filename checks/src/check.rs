//! What a check is, and what it is given.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::{
    deployment::{Deployment, Policy, Role, Vantage},
    outcome::{Outcome, Target, Unobserved},
    recording::{CertId, ConnectionFact, FileContent, FileUse, HttpFact, NameFact, Recording, Request, SuppliedFile},
    time::Timestamp,
    x509::{self, ChainFacts},
};

/// `category/kebab-name`; never reused once released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct CheckId(pub &'static str);

impl CheckId {
    /// What stands before the slash.
    pub fn category(self) -> &'static str {
        self.0.split('/').next().unwrap_or(self.0)
    }
}

impl std::fmt::Display for CheckId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

/// A step of the vendor's guide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum GuideStep {
    /// The Hub supports pinning.
    P1,
    /// Every certificate that devices may meet is gathered.
    P2,
    /// A Trust Service is there, or an exception to the cloud one.
    P3,
    /// Closed network: exception to discovery.
    P4,
    /// Workspace ONE ID, HMAC token, firewall.
    #[serde(rename = "1")]
    S1,
    /// Trust Service installed.
    #[serde(rename = "2")]
    S2,
    /// Its certificate: CSR, signing.
    #[serde(rename = "3")]
    S3,
    /// That certificate bound everywhere.
    #[serde(rename = "4")]
    S4,
    /// Its URL saved in the console.
    #[serde(rename = "5")]
    S5,
    /// The settings URL answers.
    #[serde(rename = "6")]
    S6,
    /// Device Services certificates uploaded.
    N,
}

/// What is fixed about a check.
#[derive(Debug)]
pub struct Meta {
    /// Its id.
    pub id: CheckId,
    /// The question it answers, without the question mark: `The console can open TLS to discovery`.
    pub title: &'static str,
    /// The steps of the guide that it proves.
    pub steps: &'static [GuideStep],
    /// The checks whose failure explains that this one could not observe.
    pub depends_on: &'static [CheckId],
    /// The version that brought it.
    pub since: &'static str,
}

/// A judgement: each target with its outcome. A target may appear several times, once for each finding.
pub type Judgement = Vec<(Target, Outcome)>;

/// A pure function of a case.
pub trait Check: Sync {
    /// What is fixed about it.
    fn meta(&self) -> &'static Meta;
    /// Judges; the same case gives the same judgement.
    fn judge(&self, case: &Case<'_>) -> Judgement;
}

/// Everything that a check may look at.
pub struct Case<'a> {
    /// What was declared (by the first recording; `recording/consistent` compares the others).
    pub deployment: &'a Deployment,
    /// By which thresholds.
    pub policy: &'a Policy,
    /// The one moment for which everything is judged.
    pub now: Timestamp,
    /// What was seen, one recording a vantage.
    pub recordings: &'a [Recording],
    chains: BTreeMap<Vec<CertId>, ChainFacts>,
}

impl<'a> Case<'a> {
    /// A case over recordings of one deployment; `None` if there are none.
    pub fn new(recordings: &'a [Recording], policy: &'a Policy, now: Timestamp) -> Option<Self> {
        let first = recordings.first()?;
        Some(Self { deployment: &first.deployment, policy, now, recordings, chains: x509::chains(recordings, now) })
    }

    /// The vantages that were taken.
    pub fn vantages(&self) -> BTreeSet<Vantage> {
        self.recordings.iter().map(|recording| recording.vantage).collect()
    }

    /// The recordings from one vantage.
    pub fn from(&self, vantage: Vantage) -> impl Iterator<Item = &'a Recording> {
        self.recordings.iter().filter(move |recording| recording.vantage == vantage)
    }

    /// The first of `vantages` that was not taken, as an outcome that says what to run there; `None` if one of them was.
    pub fn elsewhere(&self, vantages: &[Vantage], what: &str) -> Option<Outcome> {
        let taken = self.vantages();
        let missing = *vantages.first()?;
        if vantages.iter().any(|vantage| taken.contains(vantage)) {
            return None;
        }
        Some(Outcome::NotObserved(Unobserved::Elsewhere {
            reason: what.to_owned(),
            vantage: missing,
            command: self.deployment.command_from(missing),
        }))
    }

    /// Every TLS conversation with endpoints of these roles, with the vantage that had it.
    pub fn connections(&self, roles: &[Role]) -> impl Iterator<Item = (Vantage, &'a ConnectionFact)> {
        self.recordings.iter().flat_map(move |recording| {
            let wanted = recording.connections.iter().filter(|fact| roles.contains(&fact.role));
            wanted.map(|fact| (recording.vantage, fact))
        })
    }

    /// Every answer to a request, with the vantage that got it.
    pub fn answers(&self, wanted: fn(&Request) -> bool) -> impl Iterator<Item = (Vantage, &'a HttpFact)> {
        self.recordings.iter().flat_map(move |recording| {
            let answers = recording.answers.iter().filter(move |fact| wanted(&fact.request));
            answers.map(|fact| (recording.vantage, fact))
        })
    }

    /// Every look-up of a name, with the vantage that made it.
    pub fn names(&self) -> impl Iterator<Item = (Vantage, &'a NameFact)> {
        self.recordings.iter().flat_map(|recording| recording.names.iter().map(|fact| (recording.vantage, fact)))
    }

    /// Supplied files of one use, each once.
    pub fn files(&self, used_as: FileUse) -> Vec<&'a SuppliedFile> {
        let mut files: Vec<&SuppliedFile> = Vec::new();
        for file in self.recordings.iter().flat_map(|recording| &recording.files) {
            if file.used_as == used_as && !files.contains(&file) {
                files.push(file);
            }
        }
        files
    }

    /// The certificates of such files.
    pub fn supplied(&self, used_as: FileUse) -> Vec<(&'a str, &'a CertId)> {
        let mut found = Vec::new();
        for file in self.files(used_as) {
            if let FileContent::Certificates(ids) = &file.content {
                found.extend(ids.iter().map(|id| (file.path.as_str(), id)));
            }
        }
        found
    }

    /// What is to be known of a chain as presented; `None` for one that no recording holds.
    pub fn chain(&self, sent: &[CertId]) -> Option<&ChainFacts> {
        self.chains.get(sent)
    }

    /// Whether a conversation with this role is ever asked from one of the vantages taken.
    pub fn asks(&self, role: Role) -> bool {
        self.recordings.iter().any(|recording| recording.vantage.asks(role, self.deployment))
    }
}
