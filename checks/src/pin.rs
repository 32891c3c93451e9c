//! Pins: their forms, their sources, and what the known client does with them (trust-service-protocol, "How the known
//! client decides").

use std::collections::BTreeSet;

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use x509_parser::prelude::{FromDer, SubjectPublicKeyInfo, X509Certificate};

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

/// What a pin's text turns out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// A whole PKCS#1 RSAPublicKey in hex: lower-cased, what the known client compares.
    Key {
        /// Lower-case hex.
        hex: String,
        /// SHA-256 of the SPKI that holds this key, base64.
        spki_sha256: String,
    },
    /// Anything else.
    Fault(PinFault),
}

/// Reads a pin as it stands in an answer.
pub fn form(text: &str) -> Form {
    if text.is_empty() {
        return Form::Fault(PinFault::Empty);
    }
    if text.starts_with("sha256//") {
        return Form::Fault(PinFault::IsDigest);
    }
    let Ok(bytes) = HEXLOWER_PERMISSIVE.decode(text.as_bytes()) else {
        return Form::Fault(PinFault::NotHex);
    };
    if is_rsa_public_key(&bytes) {
        return Form::Key { hex: text.to_ascii_lowercase(), spki_sha256: spki_sha256_of_rsa(&bytes) };
    }
    let whole = |rest: &[u8]| rest.is_empty();
    if SubjectPublicKeyInfo::from_der(&bytes).is_ok_and(|(rest, _)| whole(rest)) {
        return Form::Fault(PinFault::IsSpki);
    }
    if X509Certificate::from_der(&bytes).is_ok_and(|(rest, _)| whole(rest)) {
        return Form::Fault(PinFault::IsCertificate);
    }
    if matches!(bytes.len(), 20 | 32) {
        return Form::Fault(PinFault::IsDigest);
    }
    Form::Fault(PinFault::Fragment)
}

/// SEQUENCE of two INTEGERs and nothing behind it (RFC 8017, A.1.1).
fn is_rsa_public_key(bytes: &[u8]) -> bool {
    let Some((0x30, content, [])) = tlv(bytes) else { return false };
    let Some((0x02, modulus, rest)) = tlv(content) else { return false };
    let Some((0x02, exponent, [])) = tlv(rest) else { return false };
    modulus.len() >= 64 && !exponent.is_empty()
}

/// Tag, content and rest of one DER element.
fn tlv(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, mut rest) = rest.split_first()?;
    let length = if *first < 0x80 {
        usize::from(*first)
    } else {
        let (digits, behind) = rest.split_at_checked(usize::from(first & 0x7f))?;
        rest = behind;
        if digits.is_empty() || digits.len() > 3 {
            return None;
        }
        digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit))
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

/// Wraps a PKCS#1 key as an SPKI, which `sha256//` pins are taken of, and digests that.
fn spki_sha256_of_rsa(key: &[u8]) -> String {
    const RSA_ENCRYPTION: [u8; 15] =
        [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let bits = element(0x03, &[&[0], key].concat());
    let spki = element(0x30, &[RSA_ENCRYPTION.as_slice(), &bits].concat());
    BASE64.encode(ring::digest::digest(&ring::digest::SHA256, &spki).as_ref())
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let digits: Vec<u8> = length.into_iter().skip_while(|digit| *digit == 0).collect();
    let mut bytes = vec![tag];
    match digits.as_slice() {
        [] => bytes.push(0),
        [one] if *one < 0x80 => bytes.push(*one),
        more => {
            bytes.push(0x80 | u8::try_from(more.len()).unwrap_or(0x7f));
            bytes.extend(more);
        }
    }
    bytes.extend(content);
    bytes
}

/// A pin short enough for a sentence: both ends and its length.
pub fn shorten(pin: &str) -> String {
    let characters = pin.chars().count();
    if characters <= 40 {
        return pin.to_owned();
    }
    let head: String = pin.chars().take(16).collect();
    let tail: String = pin.chars().skip(characters - 12).collect();
    format!("{head}…{tail} ({characters} characters)")
}

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
}

/// One distinct set of pins that a source holds for Device Services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinSet {
    /// Who said so.
    pub told_by: Vec<Target>,
    /// Whether the answer holds anything at all: a non-empty one ends the known client's fetch.
    pub is_empty: bool,
    /// Whole keys for Device Services' host, by SPKI digest.
    pub keys: BTreeSet<String>,
    /// How many pins stand there for the host, right or wrong.
    pub pins: usize,
    /// What is wrong in it.
    pub faults: Vec<EntryFault>,
}

/// A source of pins, observed or not.
#[derive(Clone, Debug)]
pub struct Source {
    /// Which.
    pub id: SourceId,
    /// Each distinct answer; empty: not observed.
    pub sets: Vec<PinSet>,
}

impl Source {
    /// Whether this source pins a key, by the known client's rule; all answers must agree on a match.
    pub fn cell(&self, key: &KeyFacts) -> PinCell {
        if self.sets.is_empty() {
            return PinCell::NotObserved;
        }
        let pinned = self.sets.iter().all(|set| set.keys.contains(&key.spki_sha256));
        match (pinned, &key.kind) {
            (true, KeyKind::Rsa { .. }) => PinCell::Match,
            (_, KeyKind::Rsa { .. }) => PinCell::NoMatch,
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

    /// What the source that devices use says of a key.
    pub fn cell(&self, key: &KeyFacts) -> PinCell {
        self.used().map_or(PinCell::NotObserved, |source| source.cell(key))
    }
}

/// That the pins of a source were not seen.
pub fn unseen_pins(case: &Case<'_>, source: &Source) -> Outcome {
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
    for (_, fact) in case.answers(wanted) {
        if fact.role == Role::RedirectTarget {
            continue;
        }
        let Ok(entries) = answers::host_pins(fact) else { continue };
        answers_by_name |= fact.role != Role::TrustServiceServer;
        let target = Target::of(&fact.endpoint, fact.address);
        let set = pin_set(&case.deployment.device_services.url.host(), &entries, id);
        match sets
            .iter_mut()
            .find(|known| (&known.keys, &known.faults, known.pins) == (&set.keys, &set.faults, set.pins))
        {
            Some(known) if known.told_by.contains(&target) => {}
            Some(known) => known.told_by.push(target),
            None => sets.push(PinSet { told_by: vec![target], ..set }),
        }
    }
    // What only its servers said is not yet what devices get.
    if !answers_by_name {
        sets.clear();
    }
    Source { id, sets }
}

/// The pins of an answer that the known client would apply to `host`, and everything wrong with the answer.
fn pin_set(host: &str, entries: &HostPins, id: SourceId) -> PinSet {
    let mut set =
        PinSet { told_by: vec![], is_empty: entries.is_empty(), keys: BTreeSet::new(), pins: 0, faults: vec![] };
    let mut seen = BTreeSet::new();
    let applied = applied_name(host, entries, id);
    for (name, pins) in entries {
        if !seen.insert(name) {
            let fault = PinFault::HostTwice;
            set.faults.push(EntryFault::Pin { host: name.clone(), pin: String::new(), fault });
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
        let is_applied = applied == Some(name.as_str());
        for pin in pins {
            set.pins += usize::from(is_applied);
            match pin {
                Json::String(text) => match form(text) {
                    Form::Key { spki_sha256, .. } => drop(is_applied && set.keys.insert(spki_sha256)),
                    Form::Fault(fault) => {
                        set.faults.push(EntryFault::Pin { host: name.clone(), pin: shorten(text), fault });
                    }
                },
                other => set.faults.push(wrong_type(name, other.type_name())),
            }
        }
    }
    // Any value of the wrong type voids the whole answer.
    let void = |fault: &EntryFault| matches!(fault, EntryFault::Pin { fault: PinFault::WrongType(_), .. });
    if set.faults.iter().any(void) {
        set.keys.clear();
    }
    set
}

fn wrong_type(host: &str, found: &str) -> EntryFault {
    EntryFault::Pin { host: host.to_owned(), pin: String::new(), fault: PinFault::WrongType(found.to_owned()) }
}

/// The exact name, else the longest pinned name that is a plain suffix of the host.
fn applied_name<'a>(host: &str, entries: &'a HostPins, id: SourceId) -> Option<&'a str> {
    let spelled = |name: &str| match id {
        SourceId::CloudRegistry => name.to_ascii_lowercase(),
        _ => name.to_owned(),
    };
    let names = entries.iter().map(|(name, _)| name.as_str());
    let fitting = names.filter(|name| !name.is_empty() && host.ends_with(&spelled(name)));
    fitting.max_by_key(|name| name.len())
}

/// Whether an answer holds the host in any spelling; the form of the spelling is `pins/well-formed`'s matter.
pub fn holds_host(host: &str, entries: &HostPins) -> bool {
    let lower: HostPins = entries.iter().map(|(name, _)| (name.to_ascii_lowercase(), Ok(vec![]))).collect();
    applied_name(host, &lower, SourceId::CloudRegistry).is_some()
}

fn uploaded(case: &Case<'_>) -> Source {
    let target = |path: &str| Target::File(path.to_owned());
    let mut set = PinSet { told_by: vec![], is_empty: false, keys: BTreeSet::new(), pins: 0, faults: vec![] };
    for file in case.files(FileUse::Uploaded) {
        set.told_by.push(target(&file.path));
        if let Some(leaf) = case.first_certificate(file) {
            set.pins += 1;
            set.keys.insert(leaf.key.spki_sha256.clone());
        }
    }
    Source { id: SourceId::Uploaded, sets: vec![set] }
}

/// Pins in the configuration: PKCS#1 hex, `sha256//BASE64` of the SPKI, or the thumbprint of a certificate seen here.
fn configured(case: &Case<'_>) -> Source {
    let mut set = PinSet { told_by: vec![], is_empty: false, keys: BTreeSet::new(), pins: 0, faults: vec![] };
    for pin in &case.deployment.device_services.pins {
        set.told_by.push(Target::Thing("device_services.pins".to_owned()));
        set.pins += 1;
        match form(pin) {
            Form::Key { spki_sha256, .. } => drop(set.keys.insert(spki_sha256)),
            Form::Fault(PinFault::IsDigest) => set.keys.extend(digest_keys(case, pin)),
            Form::Fault(fault) => set.faults.push(EntryFault::Pin {
                host: case.deployment.device_services.url.host(),
                pin: shorten(pin),
                fault,
            }),
        }
    }
    set.told_by.dedup();
    Source { id: SourceId::Configuration, sets: vec![set] }
}

fn digest_keys(case: &Case<'_>, pin: &str) -> Vec<String> {
    if let Some(spki) = pin.strip_prefix("sha256//") {
        return vec![spki.to_owned()];
    }
    let pin = pin.to_ascii_lowercase();
    let named = case.certificates().filter(|facts| facts.id.0 == pin || facts.sha1 == pin);
    named.map(|facts| facts.key.spki_sha256.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 1024-bit key as in the protocol's published sample: 140 bytes, `308189028181…0203010001`.
    fn sample() -> String {
        format!("308189028181009A2B32{}0203010001", "5A".repeat(125))
    }

    #[test]
    fn forms_are_told_apart() {
        let key = sample();
        assert!(matches!(form(&key), Form::Key { hex, .. } if hex == key.to_ascii_lowercase()));
        let bytes = HEXLOWER_PERMISSIVE.decode(key.as_bytes()).unwrap();
        let spki = format!("30819F300D06092A864886F70D010101050003818D00{key}");
        for (pin, fault) in [
            ("", PinFault::Empty),
            ("sha256//AAAA", PinFault::IsDigest),
            ("zz", PinFault::NotHex),
            ("abc", PinFault::NotHex),
            (&"ab".repeat(32), PinFault::IsDigest),
            (&"ab".repeat(20), PinFault::IsDigest),
            (&key[2..], PinFault::Fragment),
            (&key[..200], PinFault::Fragment),
            (&spki, PinFault::IsSpki),
        ] {
            assert_eq!(form(pin), Form::Fault(fault), "{pin}");
        }
        let spki = HEXLOWER_PERMISSIVE.decode(spki.as_bytes()).unwrap();
        let digest = BASE64.encode(ring::digest::digest(&ring::digest::SHA256, &spki).as_ref());
        assert_eq!(spki_sha256_of_rsa(&bytes), digest);
    }

    #[test]
    fn the_longest_suffix_wins_without_a_dot_boundary() {
        let entries: HostPins =
            ["example.com", "ds.example.com", "DS.example.com"].map(|name| (name.to_owned(), Ok(vec![]))).into();
        let applied = |host, id| applied_name(host, &entries, id);
        assert_eq!(applied("notexample.com", SourceId::TrustService), Some("example.com"));
        assert_eq!(applied("a.ds.example.com", SourceId::TrustService), Some("ds.example.com"));
        assert_eq!(applied("other.test", SourceId::TrustService), None);
    }

    #[test]
    fn a_value_of_the_wrong_type_voids_the_answer() {
        let entries = vec![
            ("ds.example.com".to_owned(), Ok(vec![Json::String(sample())])),
            ("other.example.com".to_owned(), Err("a string")),
        ];
        let set = pin_set("ds.example.com", &entries, SourceId::TrustService);
        assert_eq!((set.keys.len(), set.pins, set.faults.len()), (0, 1, 1));
    }
}
