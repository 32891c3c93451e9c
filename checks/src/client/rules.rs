//! What the known client makes of an answer, and of a key: rules 2 to 5.

use std::collections::BTreeSet;

use crate::{
    answers::HostPins,
    json::Json,
    pin::{self, SourceId},
    x509::KeyFacts,
};

/// Pins by host, as the client holds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// Where they are from.
    pub source: SourceId,
    /// Names as the client spells them, with their pins.
    pub hosts: Vec<(String, Vec<String>)>,
}

/// What a device has when its fetch is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// Pins.
    List(List),
    /// None, and why.
    Nothing(String),
}

/// What the client makes of a whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A value of the wrong type voids it.
    Void(String),
    /// One list; or several, of which it is not known which one it takes, and why.
    Lists(Vec<List>, Option<String>),
}

/// Reads an answer to request 1 or 3. Of several hosts in answer 1 one is used, and which is arbitrary; so is which of two
/// entries of one name counts. Names of answer 1 are lower-cased, those of answer 3 are not.
pub fn read(entries: &HostPins, source: SourceId) -> Reading {
    let mut hosts = Vec::new();
    for (name, pins) in entries {
        let pins = match pins {
            Ok(pins) => pins,
            Err(found) => return Reading::Void(format!("what stands under {name} is {found}")),
        };
        let mut texts = Vec::new();
        for pin in pins {
            match pin {
                Json::String(text) => texts.push(text.clone()),
                other => return Reading::Void(format!("a pin of {name} is {}", other.type_name())),
            }
        }
        let is_cloud = source == SourceId::CloudRegistry;
        hosts.push((if is_cloud { name.to_lowercase() } else { name.clone() }, texts));
    }
    let list = |hosts| List { source, hosts };
    if source == SourceId::CloudRegistry && hosts.len() > 1 {
        let unsure = format!("the answer holds {} hosts, of which the known client uses one, any", hosts.len());
        return Reading::Lists(hosts.into_iter().map(|host| list(vec![host])).collect(), Some(unsure));
    }
    let first = |hosts: &mut dyn Iterator<Item = &(String, Vec<String>)>| {
        let mut seen = BTreeSet::new();
        hosts.filter(|(name, _)| seen.insert(name.clone())).cloned().collect::<Vec<_>>()
    };
    let (firsts, lasts) = (first(&mut hosts.iter()), first(&mut hosts.iter().rev()));
    if firsts.len() < hosts.len() {
        let unsure = "a name stands twice, and which entry counts is not established".to_owned();
        return Reading::Lists(vec![list(firsts), list(lasts)], Some(unsure));
    }
    Reading::Lists(vec![list(hosts)], None)
}

/// What a list says of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match<'a> {
    /// No pins are applied to the host.
    NoPins,
    /// One of them is empty, and so matches every key.
    Anything {
        /// The name whose pins are applied.
        name: &'a str,
    },
    /// One of them matches.
    Pinned {
        /// The name whose pins are applied.
        name: &'a str,
        /// The pin.
        pin: &'a str,
    },
    /// None of them matches.
    NotPinned {
        /// The name whose pins are applied.
        name: &'a str,
        /// How many there are.
        pins: usize,
    },
    /// What is compared for a key of this kind is not established.
    NotEstablished,
}

impl List {
    /// Whether the answer that it is from held nothing.
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    /// The exact name, else the longest one that is a plain suffix of the host.
    pub fn applied(&self, host: &str) -> Option<(&str, &[String])> {
        let applied = pin::applied_name(host, self.hosts.iter().map(|(name, _)| name.as_str()))?;
        let (name, pins) = self.hosts.iter().find(|(name, _)| name == applied)?;
        Some((name, pins))
    }

    /// Lower-case hex of the leaf's PKCS#1 key must contain a pin.
    pub fn compare(&self, host: &str, key: &KeyFacts) -> Match<'_> {
        let Some((name, pins)) = self.applied(host).filter(|(_, pins)| !pins.is_empty()) else { return Match::NoPins };
        let Some(hex) = &key.rsa_public_key_hex else { return Match::NotEstablished };
        if pins.iter().any(String::is_empty) {
            return Match::Anything { name };
        }
        match pins.iter().find(|pin| hex.contains(&pin.to_lowercase())) {
            Some(pin) => Match::Pinned { name, pin },
            None => Match::NotPinned { name, pins: pins.len() },
        }
    }
}
