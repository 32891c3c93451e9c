//! What a check is, and what it is given.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet, HashMap},
    rc::Rc,
    sync::Arc,
};

use serde::Serialize;

use crate::{
    certificate::{self, Shown},
    client::{self, Journey},
    deployment::{Deployment, Policy, Role, ServerAddress, TrustServiceMode, Vantage},
    interception::{self, Interception},
    outcome::{Outcome, Target, Unobserved},
    recording::{CertId, ConnectionFact, FileContent, FileUse, HttpFact, NameFact, Recording, Request, SuppliedFile},
    time::Timestamp,
    x509::{self, CertificateFacts, ChainFacts},
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

/// A judgement that says nothing twice.
#[derive(Default)]
pub(crate) struct EachOnce {
    /// What was said, in its order.
    pub(crate) judgement: Judgement,
    /// Where in it each target stands.
    places: HashMap<Target, Vec<usize>>,
}

impl EachOnce {
    /// Says it, unless it was said.
    pub(crate) fn say(&mut self, target: Target, outcome: Outcome) {
        let places = self.places.entry(target.clone()).or_default();
        let known = places.iter().filter_map(|place| self.judgement.get(*place));
        if known.into_iter().any(|(_, known)| *known == outcome) {
            return;
        }
        places.push(self.judgement.len());
        self.judgement.push((target, outcome));
    }
}

impl FromIterator<(Target, Outcome)> for EachOnce {
    fn from_iter<I: IntoIterator<Item = (Target, Outcome)>>(entries: I) -> Self {
        let mut said = Self::default();
        for (target, outcome) in entries {
            said.say(target, outcome);
        }
        said
    }
}

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
    /// When it is judged, by the clock of the machine that judges: not the day that `--at` names.
    pub judged_on: Timestamp,
    /// What was seen, one recording a vantage.
    pub recordings: &'a [Recording],
    read: Rc<Read>,
    shown: OnceCell<Vec<Shown<'a>>>,
    journey: OnceCell<Journey>,
}

/// What was read from all recordings together.
struct Read {
    chains: HashMap<Vec<CertId>, ChainFacts>,
    intercepted: BTreeMap<CertId, Interception>,
    certificates: BTreeMap<CertId, Arc<CertificateFacts>>,
}

impl<'a> Case<'a> {
    /// A case over recordings of one deployment, judged when the latest was taken; `None` if there are none.
    pub fn new(recordings: &'a [Recording], policy: &'a Policy, now: Timestamp) -> Option<Self> {
        let first = recordings.first()?;
        let chains = x509::chains(recordings, now);
        let certificates = certificates(recordings, &chains);
        Some(Self {
            deployment: &first.deployment,
            policy,
            now,
            judged_on: recordings.iter().map(|recording| recording.taken_at).max()?,
            recordings,
            read: Rc::new(Read {
                intercepted: interception::read(recordings, &chains, &certificates),
                chains: chains.into_iter().collect(),
                certificates,
            }),
            shown: OnceCell::new(),
            journey: OnceCell::new(),
        })
    }

    /// One of its recordings, as if there were no other; what is known of certificates stays known.
    pub(crate) fn of_one(&self, recording: &'a Recording) -> Self {
        Self {
            deployment: &recording.deployment,
            recordings: std::slice::from_ref(recording),
            read: Rc::clone(&self.read),
            shown: OnceCell::new(),
            journey: OnceCell::new(),
            ..*self
        }
    }

    /// The same, judged at another moment.
    #[must_use]
    pub fn judged_on(self, moment: Timestamp) -> Self {
        Self { judged_on: moment, ..self }
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
    pub fn connections(&self, roles: &[Role]) -> impl Iterator<Item = (Vantage, &'a ConnectionFact)> + use<'a> {
        let roles = roles.to_vec();
        self.recordings.iter().flat_map(move |recording| {
            let roles = roles.clone();
            let wanted = recording.connections.iter().filter(move |fact| roles.contains(&fact.role));
            wanted.map(|fact| (recording.vantage, fact))
        })
    }

    /// The same, with what only clients of TLS 1.2 are shown there.
    pub fn presentations(&self, roles: &[Role]) -> impl Iterator<Item = (Vantage, &'a ConnectionFact)> + use<'a> {
        let roles = roles.to_vec();
        self.recordings.iter().flat_map(move |recording| {
            let roles = roles.clone();
            let wanted = recording.presentations().filter(move |fact| roles.contains(&fact.role));
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
        self.read.chains.get(sent)
    }

    /// Who re-signed a leaf, if it is not the server's own.
    pub fn interception(&self, leaf: &CertId) -> Option<&Interception> {
        self.read.intercepted.get(leaf)
    }

    /// A certificate met or supplied, if it can be read.
    pub fn certificate(&self, id: &CertId) -> Option<&CertificateFacts> {
        self.read.certificates.get(id).map(AsRef::as_ref)
    }

    /// Every certificate met or supplied that can be read.
    pub fn certificates(&self) -> impl Iterator<Item = &CertificateFacts> {
        self.read.certificates.values().map(AsRef::as_ref)
    }

    /// The first certificate of a file: the leaf, where a whole chain was saved.
    pub fn first_certificate(&self, file: &SuppliedFile) -> Option<&CertificateFacts> {
        match &file.content {
            FileContent::Certificates(ids) => self.certificate(ids.first()?),
            FileContent::Csr(_) | FileContent::CsrFacts(_) => None,
        }
    }

    /// What servers presented to clients that ask as devices do: gathered once, whoever asks.
    pub(crate) fn shown(&self) -> &[Shown<'a>] {
        self.shown.get_or_init(|| certificate::shown(self))
    }

    /// The known client, played over what was observed: once, whoever asks.
    pub fn journey(&self) -> &Journey {
        self.journey.get_or_init(|| client::plan(self).tell())
    }

    /// Why a name is not looked up here, where that is so.
    pub fn names_go_to_proxy(&self, host: &str) -> Option<String> {
        let proxy = self.deployment.network.proxy_for(host)?;
        proxy.scheme.resolves_names().then(|| format!("the proxy {proxy} resolves names"))
    }

    /// Whether there is a Trust Service to be asked.
    pub fn asks_trust_service(&self) -> bool {
        let has_one = match self.deployment.trust_service.mode {
            TrustServiceMode::OnPremises | TrustServiceMode::Awcm => self.deployment.trust_service.url.is_some(),
            TrustServiceMode::Cloud | TrustServiceMode::None => false,
        };
        has_one && self.asks(Role::TrustService)
    }

    /// Declared servers of a role that some vantage should have asked and none did: their name has no address.
    pub fn unasked_servers(&self, role: Role) -> impl Iterator<Item = Target> {
        let deployment = self.deployment;
        let service = match role {
            Role::TrustServiceServer => deployment.trust_service_endpoint(),
            _ => Some(deployment.device_services_endpoint()),
        };
        let servers: Vec<&ServerAddress> = match role {
            Role::TrustServiceServer if self.asks_trust_service() => deployment.trust_service.servers.iter().collect(),
            _ => deployment.device_services.servers().filter(|(is, _)| *is == role).map(|(_, server)| server).collect(),
        };
        let asked = self.asks(role);
        let named: Vec<&str> =
            self.names().filter(|(_, fact)| fact.answer.is_ok()).map(|(_, fact)| fact.name.as_str()).collect();
        let unasked = servers.into_iter().filter(move |server| {
            let is_name = server.host.parse::<std::net::IpAddr>().is_err();
            asked && is_name && !named.contains(&server.host.as_str())
        });
        let unasked: Vec<Target> = service
            .into_iter()
            .flat_map(|service| unasked.clone().map(move |server| Target::Endpoint(server.endpoint(service.port))))
            .collect();
        unasked.into_iter()
    }

    /// The declared proxy, for a sentence.
    pub fn proxy_words(&self) -> String {
        self.deployment.network.proxy.as_ref().map(ToString::to_string).unwrap_or_default()
    }

    /// Whether a conversation with this role is ever asked from one of the vantages taken.
    pub fn asks(&self, role: Role) -> bool {
        self.recordings.iter().any(|recording| recording.vantage.asks(role, self.deployment))
    }
}

/// Every certificate that can be read. Those of chains were, but what a redacted recording says of them is its word alone.
fn certificates(
    recordings: &[Recording],
    chains: &BTreeMap<Vec<CertId>, ChainFacts>,
) -> BTreeMap<CertId, Arc<CertificateFacts>> {
    let mut read = BTreeMap::new();
    let redacted = recordings.iter().filter_map(|recording| recording.facts.as_ref());
    let told = recordings.iter().any(|recording| recording.facts.is_some());
    for facts in redacted.flat_map(|facts| &facts.certificates) {
        read.entry(facts.id.clone()).or_insert_with(|| Arc::new(facts.clone()));
    }
    for facts in chains.values().filter(|_| !told).flat_map(|chain| chain.sent.iter().flatten()) {
        read.entry(facts.id.clone()).or_insert_with(|| Arc::clone(facts));
    }
    for (id, der) in recordings.iter().flat_map(|recording| &recording.certificates) {
        if !read.contains_key(id)
            && let Ok(facts) = x509::read(&der.0)
        {
            read.insert(id.clone(), Arc::new(facts));
        }
    }
    read
}
