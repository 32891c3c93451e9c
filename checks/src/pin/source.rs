//! Sources of pins: what each holds for Device Services, and which of them devices use.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::{Form, form, shorten};
use crate::{
    answers::{self, HostPins},
    cause::PinFault,
    check::{Case, Judgement},
    deployment::{Role, TrustServiceMode, Vantage},
    json::Json,
    outcome::{Outcome, Target},
    recording::{FileUse, Request},
    report::PinCell,
    x509::{KeyFacts, KeyKind},
};

/// Where pins come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SourceId {
    /// Request 1.
    CloudRegistry,
    /// Request 3.
    TrustService,
    /// `device_services.certificates`
    Uploaded,
    /// `device_services.pins`
    Configuration,
}

impl SourceId {
    /// As JSON spells it.
    pub fn id(self) -> &'static str {
        match self {
            Self::CloudRegistry => "cloud-registry",
            Self::TrustService => "trust-service",
            Self::Uploaded => "uploaded",
            Self::Configuration => "configuration",
        }
    }

    /// For sentences.
    pub fn words(self) -> &'static str {
        match self {
            Self::CloudRegistry => "cloud registry",
            Self::TrustService => "Trust Service",
            Self::Uploaded => "uploaded certificates",
            Self::Configuration => "pins in the configuration",
        }
    }
}

/// One entry that stands in an answer and is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryFault {
    /// A pin.
    Pin {
        /// Its host.
        host: String,
        /// Its text, shortened.
        pin: String,
        /// What is wrong with it.
        fault: PinFault,
    },
    /// A host that the known client never finds.
    HostNotLowerCase {
        /// As it stands there.
        host: String,
    },
    /// Several hosts in an answer of which the known client uses one.
    SeveralHosts {
        /// As they stand there.
        hosts: Vec<String>,
    },
}

/// What an answer holds for one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostEntry {
    /// The host as the known client compares it: of the cloud registry in lower case, of the Trust Service as it stands.
    pub name: String,
    /// Whole keys, by SPKI digest.
    pub keys: BTreeSet<String>,
}

/// One distinct set of pins that a source holds for Device Services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinSet {
    /// Who said so.
    pub told_by: Vec<Target>,
    /// Whether the answer holds anything at all: a non-empty one ends the known client's fetch.
    pub is_empty: bool,
    /// Each host of the answer; none for files and the configuration, which name no hosts.
    pub hosts: Vec<HostEntry>,
    /// Whole keys for Device Services' host, by SPKI digest.
    pub keys: BTreeSet<String>,
    /// How many pins stand there for the host, right or wrong.
    pub pins: usize,
    /// Thumbprints of certificates that nobody showed: what keys they stand for is not known.
    pub unresolved: usize,
    /// What is wrong in it.
    pub faults: Vec<EntryFault>,
    /// The places of the recordings that have it; none for files and the configuration.
    pub recordings: BTreeSet<usize>,
}

impl PinSet {
    fn empty() -> Self {
        Self {
            told_by: vec![],
            is_empty: false,
            hosts: vec![],
            keys: BTreeSet::new(),
            pins: 0,
            unresolved: 0,
            faults: vec![],
            recordings: BTreeSet::new(),
        }
    }

    /// Whether it says the same as another, whoever heard it from whom.
    fn says_as(&self, other: &Self) -> bool {
        let said = |set: &Self| Self { told_by: vec![], recordings: BTreeSet::new(), ..set.clone() };
        said(self) == said(other)
    }

    /// Whether it is not certain which of its entries the known client uses, if any.
    pub fn is_uncertain(&self) -> bool {
        self.faults.iter().any(|fault| {
            let void = matches!(fault, EntryFault::Pin { fault: PinFault::WrongType(_), .. });
            void || matches!(fault, EntryFault::SeveralHosts { .. })
        })
    }

    /// The entry whose pins the known client applies to a host.
    pub fn applied_to(&self, host: &str) -> Option<&HostEntry> {
        let applied = applied_name(host, self.hosts.iter().map(|entry| entry.name.as_str()))?;
        self.hosts.iter().find(|entry| entry.name == applied)
    }
}

/// A source of pins, observed or not.
#[derive(Clone, Debug)]
pub struct Source {
    /// Which.
    pub id: SourceId,
    /// Each distinct answer; empty: not observed.
    pub sets: Vec<PinSet>,
    /// Whether it told one recording other pins than another, and neither of them both.
    pub contradicts: bool,
}

impl Source {
    /// Whether this source pins a key, by the known client's rule; all answers must agree on a match.
    pub fn cell(&self, key: &KeyFacts) -> PinCell {
        let pinning = self.sets.iter().filter(|set| set.keys.contains(&key.spki_sha256)).count();
        // Which of the answers devices get, nobody knows: recording/consistent says so.
        if self.sets.is_empty() || (self.contradicts && (1..self.sets.len()).contains(&pinning)) {
            return PinCell::NotObserved;
        }
        let pinned = self.sets.iter().all(|set| set.keys.contains(&key.spki_sha256));
        let unresolved = self.sets.iter().any(|set| set.unresolved > 0);
        match (pinned, &key.kind) {
            (true, KeyKind::Rsa { .. }) => PinCell::Match,
            (false, KeyKind::Rsa { .. }) if !unresolved => PinCell::NoMatch,
            _ => PinCell::Unknown,
        }
    }

    /// Whether one of its answers holds something the known client cannot use.
    pub fn has_faults(&self) -> bool {
        self.sets.iter().any(|set| !set.faults.is_empty())
    }

    /// How many pins it holds for Device Services; the fewest where answers differ.
    pub fn pins(&self) -> Option<usize> {
        self.sets.iter().map(|set| set.pins).min()
    }
}

/// All sources of a case.
#[derive(Clone, Debug)]
pub struct Book {
    /// In the matrix's order; only those that the deployment has.
    pub sources: Vec<Source>,
    /// The source that devices take their pins from; an error says why that is not known.
    pub used: Result<SourceId, &'static str>,
}

impl Book {
    /// Gathers what every source holds.
    pub fn new(case: &Case<'_>) -> Self {
        let mode = case.deployment.trust_service.mode;
        let has_url = case.deployment.trust_service.url.is_some();
        let mut sources = vec![answered(case, SourceId::CloudRegistry)];
        if matches!(mode, TrustServiceMode::OnPremises | TrustServiceMode::Awcm) && has_url {
            sources.push(answered(case, SourceId::TrustService));
        }
        if !case.deployment.device_services.certificates.is_empty() {
            sources.push(uploaded(case));
        }
        if !case.deployment.device_services.pins.is_empty() {
            sources.push(configured(case));
        }
        let has = |id| sources.iter().any(|source| source.id == id);
        let used = match (mode, sources.first().map(|cloud| cloud.sets.as_slice())) {
            (TrustServiceMode::Cloud | TrustServiceMode::None, _) => Ok(SourceId::CloudRegistry),
            (_, None | Some([])) => Err("a cloud entry would win, and the cloud registry's answer was not seen"),
            (_, Some(sets)) if sets.iter().any(|set| !set.is_empty) => Ok(SourceId::CloudRegistry),
            _ if has(SourceId::TrustService) => Ok(SourceId::TrustService),
            _ if has(SourceId::Uploaded) => Ok(SourceId::Uploaded),
            _ => Err("no source of pins is declared: give device_services.certificates, what was uploaded"),
        };
        Self { sources, used }
    }

    /// One source, if the deployment has it.
    pub fn source(&self, id: SourceId) -> Option<&Source> {
        self.sources.iter().find(|source| source.id == id)
    }

    /// The source that devices take their pins from: a non-empty cloud answer wins.
    pub fn used(&self) -> Option<&Source> {
        self.source(self.used.ok()?)
    }

    /// The same, or a judgement that it was not seen which source it is.
    pub fn used_or_unseen(&self, case: &Case<'_>) -> Result<&Source, Judgement> {
        let target = Target::Endpoint(case.deployment.device_services_endpoint());
        let unknown = self.used.err().unwrap_or_default();
        self.used().ok_or_else(|| vec![(target, unseen(case, SourceId::CloudRegistry, unknown))])
    }

    /// The source that a non-empty cloud answer hides from devices that reach the cloud.
    pub fn hidden(&self) -> Option<&Source> {
        (self.used == Ok(SourceId::CloudRegistry)).then(|| self.source(SourceId::TrustService)).flatten()
    }

    /// Those two, where they are: what devices may get, by whether they reach the cloud.
    pub fn in_use(&self) -> impl Iterator<Item = &Source> {
        self.used().into_iter().chain(self.hidden())
    }

    /// What the source that devices use says of a key.
    pub fn cell(&self, key: &KeyFacts) -> PinCell {
        self.used().map_or(PinCell::NotObserved, |source| source.cell(key))
    }
}

/// That the pins of a source were not seen, or not which of two sets devices get.
pub fn unseen_pins(case: &Case<'_>, source: &Source) -> Outcome {
    if source.contradicts {
        return Outcome::unanswered(format!("the {} tells one vantage other pins than another", source.id.words()));
    }
    unseen(case, source.id, &format!("the pins of the {} were not seen", source.id.words()))
}

/// That something of a source was not seen: by another vantage it can be, where none of this run asks it.
pub fn unseen(case: &Case<'_>, id: SourceId, reason: &str) -> Outcome {
    let (is_asked, vantages) = match id {
        SourceId::CloudRegistry => (case.asks(Role::Discovery), [Vantage::Console, Vantage::DeviceServices]),
        SourceId::TrustService => (case.asks(Role::TrustService), [Vantage::Device, Vantage::Console]),
        SourceId::Uploaded | SourceId::Configuration => return Outcome::unanswered(reason),
    };
    let elsewhere = (!is_asked).then(|| case.elsewhere(&vantages, reason)).flatten();
    elsewhere.unwrap_or_else(|| Outcome::unanswered(reason))
}

fn answered(case: &Case<'_>, id: SourceId) -> Source {
    let wanted: fn(&Request) -> bool = match id {
        SourceId::CloudRegistry => |request| matches!(request, Request::HostRegistry),
        _ => |request| matches!(request, Request::Settings { .. }),
    };
    let mut sets: Vec<PinSet> = Vec::new();
    let mut answers_by_name = false;
    let answers = case.recordings.iter().enumerate().flat_map(|(index, recording)| {
        let answers = recording.answers.iter().filter(|fact| wanted(&fact.request));
        answers.map(move |fact| (index, fact))
    });
    for (index, fact) in answers {
        if fact.role == Role::RedirectTarget {
            continue;
        }
        let Ok(entries) = answers::host_pins(fact) else { continue };
        answers_by_name |= fact.role != Role::TrustServiceServer;
        let target = Target::of(&fact.endpoint, fact.address);
        let set = pin_set(&case.deployment.device_services.url.host(), &entries, id);
        match sets.iter_mut().find(|known| known.says_as(&set)) {
            Some(known) => {
                known.recordings.insert(index);
                if !known.told_by.contains(&target) {
                    known.told_by.push(target);
                }
            }
            None => sets.push(PinSet { told_by: vec![target], recordings: BTreeSet::from([index]), ..set }),
        }
    }
    // What only its servers said is not yet what devices get.
    if !answers_by_name {
        sets.clear();
    }
    Source { id, contradicts: contradict(&sets), sets }
}

/// Whether two recordings have no set of pins in common. Several answers in one recording are those of several servers.
fn contradict(sets: &[PinSet]) -> bool {
    let mut told: BTreeMap<usize, BTreeSet<(&BTreeSet<String>, bool)>> = BTreeMap::new();
    for set in sets {
        for recording in &set.recordings {
            told.entry(*recording).or_default().insert((&set.keys, set.is_empty));
        }
    }
    let distinct: BTreeSet<_> = told.into_values().collect();
    distinct.iter().any(|one| distinct.iter().any(|other| one.is_disjoint(other)))
}

/// The pins of an answer that the known client would apply to `host`, and everything wrong with the answer.
fn pin_set(host: &str, entries: &HostPins, id: SourceId) -> PinSet {
    let mut set = PinSet { is_empty: entries.is_empty(), ..PinSet::empty() };
    let spelled = |name: &str| match id {
        SourceId::CloudRegistry => name.to_ascii_lowercase(),
        _ => name.to_owned(),
    };
    let names: Vec<String> = entries.iter().map(|(name, _)| spelled(name)).collect();
    let applied = applied_name(host, names.iter().map(String::as_str));
    for ((name, pins), spelled) in entries.iter().zip(&names) {
        if set.hosts.iter().any(|entry| entry.name == *spelled) {
            let fault = PinFault::HostTwice;
            set.faults.push(EntryFault::Pin { host: name.clone(), pin: String::new(), fault });
        } else {
            set.hosts.push(HostEntry { name: spelled.clone(), keys: BTreeSet::new() });
        }
        // Names of the cloud registry are lower-cased by the known client, those of the Trust Service are not.
        if id == SourceId::TrustService && name.chars().any(|c| c.is_ascii_uppercase()) {
            set.faults.push(EntryFault::HostNotLowerCase { host: name.clone() });
        }
        let pins = match pins {
            Ok(pins) => pins.as_slice(),
            Err(found) => {
                set.faults.push(wrong_type(name, found));
                continue;
            }
        };
        set.pins += if applied == Some(spelled) { pins.len() } else { 0 };
        for pin in pins {
            match pin {
                Json::String(text) => match form(text) {
                    Form::Key { spki_sha256, .. } => {
                        let entry = set.hosts.iter_mut().find(|entry| entry.name == *spelled);
                        entry.map(|entry| entry.keys.insert(spki_sha256));
                    }
                    Form::Fault(fault) => {
                        set.faults.push(EntryFault::Pin { host: name.clone(), pin: shorten(text), fault });
                    }
                },
                other => set.faults.push(wrong_type(name, other.type_name())),
            }
        }
    }
    if id == SourceId::CloudRegistry && set.hosts.len() > 1 {
        set.faults.push(EntryFault::SeveralHosts { hosts: entries.iter().map(|(name, _)| name.clone()).collect() });
    }
    // Any value of the wrong type voids the whole answer.
    let void = |fault: &EntryFault| matches!(fault, EntryFault::Pin { fault: PinFault::WrongType(_), .. });
    if set.faults.iter().any(void) {
        set.hosts.iter_mut().for_each(|entry| entry.keys.clear());
    }
    set.keys = set.applied_to(host).map(|entry| entry.keys.clone()).unwrap_or_default();
    set
}

fn wrong_type(host: &str, found: &str) -> EntryFault {
    EntryFault::Pin { host: host.to_owned(), pin: String::new(), fault: PinFault::WrongType(found.to_owned()) }
}

/// The exact name, else the longest pinned name that is a plain suffix of the host, with no dot boundary.
pub(crate) fn applied_name<'a>(host: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names.filter(|name| !name.is_empty() && host.ends_with(name)).max_by_key(|name| name.len())
}

/// Whether an answer holds the host in any spelling; the form of the spelling is `pins/well-formed`'s matter.
pub fn holds_host(host: &str, entries: &HostPins) -> bool {
    let lower: Vec<String> = entries.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    applied_name(host, lower.iter().map(String::as_str)).is_some()
}

fn uploaded(case: &Case<'_>) -> Source {
    let target = |path: &str| Target::File(path.to_owned());
    let mut set = PinSet::empty();
    for file in case.files(FileUse::Uploaded) {
        set.told_by.push(target(&file.path));
        if let Some(leaf) = case.first_certificate(file) {
            set.pins += 1;
            set.keys.insert(leaf.key.spki_sha256.clone());
        }
    }
    Source { id: SourceId::Uploaded, sets: vec![set], contradicts: false }
}

/// Pins in the configuration: PKCS#1 hex, `sha256//BASE64` of the SPKI, or the thumbprint of a certificate seen here.
fn configured(case: &Case<'_>) -> Source {
    let mut set = PinSet::empty();
    for pin in &case.deployment.device_services.pins {
        set.told_by.push(Target::Thing("device_services.pins".to_owned()));
        set.pins += 1;
        match form(pin) {
            Form::Key { spki_sha256, .. } => drop(set.keys.insert(spki_sha256)),
            Form::Fault(PinFault::IsDigest) => {
                let named = digest_keys(case, pin);
                set.unresolved += usize::from(named.is_empty());
                set.keys.extend(named);
            }
            Form::Fault(fault) => set.faults.push(EntryFault::Pin {
                host: case.deployment.device_services.url.host(),
                pin: shorten(pin),
                fault,
            }),
        }
    }
    set.told_by.dedup();
    Source { id: SourceId::Configuration, sets: vec![set], contradicts: false }
}

fn digest_keys(case: &Case<'_>, pin: &str) -> Vec<String> {
    if let Some(spki) = pin.strip_prefix("sha256//") {
        return vec![spki.to_owned()];
    }
    let pin = pin.to_ascii_lowercase();
    let named = case.certificates().filter(|facts| facts.id.0 == pin || facts.sha1 == pin);
    named.map(|facts| facts.key.spki_sha256.clone()).collect()
}
