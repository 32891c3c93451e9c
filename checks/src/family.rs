//! Whether both address families of a name answer: shared by `network/address-families`, which owns it where one does not,
//! and by whoever judges single addresses.

use std::{collections::BTreeSet, net::IpAddr};

use crate::{
    check::Case,
    deployment::{Endpoint, Role},
    reach::{self, Missed, Row},
    recording::{ConnectFailure, ConnectionFact, ConversationFailure, NameFact, Recording},
};

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// A records.
    V4,
    /// AAAA records.
    V6,
}

impl Family {
    /// Of an address.
    pub fn of(ip: IpAddr) -> Self {
        if ip.is_ipv6() { Self::V6 } else { Self::V4 }
    }

    /// `IPv6`.
    pub fn words(self) -> &'static str {
        match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        }
    }

    /// The type of its records.
    pub fn records(self) -> &'static str {
        match self {
            Self::V4 => "A",
            Self::V6 => "AAAA",
        }
    }

    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::V4 => Self::V6,
            Self::V6 => Self::V4,
        }
    }
}

/// The direct conversations with the addresses of one name for one service, as one recording holds them.
pub struct Group<'a> {
    /// The name that has the addresses.
    pub name: &'a str,
    /// What it is asked for.
    pub role: Role,
    /// The service.
    pub endpoint: &'a Endpoint,
    /// Who asked.
    pub recording: &'a Recording,
    facts: Vec<&'a ConnectionFact>,
}

/// What is to be said of a family of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The name has no address of it, or none was asked.
    Absent,
    /// One of its addresses answers, or more.
    Answers,
    /// None of its addresses answers.
    Silent,
    /// This machine has no route to it.
    NoRoute,
}

impl<'a> Group<'a> {
    /// The conversations with one family, as devices have them.
    pub fn of(&self, family: Family) -> impl Iterator<Item = &'a ConnectionFact> {
        let is_of =
            move |fact: &&ConnectionFact| fact.address.is_some_and(|address| Family::of(address.ip()) == family);
        self.facts.iter().copied().filter(is_of)
    }

    /// Whether the name has addresses of this family alone.
    pub fn is_only(&self, family: Family) -> bool {
        self.state(family.other()) == State::Absent
    }

    /// How a family does.
    pub fn state(&self, family: Family) -> State {
        let mut facts = self.of(family).peekable();
        if facts.peek().is_none() {
            return State::Absent;
        }
        let no_route = ConversationFailure::Tcp { failure: ConnectFailure::NetworkUnreachable };
        let mut silent = State::NoRoute;
        for fact in facts {
            // TLS answers there, however old; what it speaks is tls/versions'.
            if fact.legacy_answer().is_some() {
                return State::Answers;
            }
            match &fact.outcome {
                Ok(_) => return State::Answers,
                Err(failure) if *failure == no_route && family == Family::V6 => {}
                Err(_) => silent = State::Silent,
            }
        }
        silent
    }

    /// Why a silent family is of no concern, which holds for every address of it; `None`: it is.
    pub fn spared(&self, case: &Case<'_>, family: Family) -> Option<String> {
        let vantage = self.recording.vantage;
        let reasons = self.of(family).map(|fact| {
            let failure = fact.outcome.as_ref().err()?;
            let missed = Missed { vantage, role: self.role, endpoint: self.endpoint, address: fact.address, failure };
            missed.spared(case)
        });
        reasons.collect::<Option<Vec<_>>>()?.into_iter().next()
    }
}

/// Every name that the recording's vantage asked for, with the conversations that its addresses led to.
pub fn groups(recording: &Recording) -> Vec<Group<'_>> {
    groups_of(recording, |_| true)
}

/// Those of the names that have this address.
fn groups_with(recording: &Recording, ip: IpAddr) -> Vec<Group<'_>> {
    let has_it = |name: &&NameFact| name.answer.as_ref().is_ok_and(|answer| answer.addresses.contains(&ip));
    let names: BTreeSet<&str> = recording.names.iter().filter(has_it).map(|name| name.name.as_str()).collect();
    groups_of(recording, |name| names.contains(name))
}

fn groups_of(recording: &Recording, wanted: impl Fn(&str) -> bool) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for name in recording.names.iter().filter(|name| wanted(&name.name)) {
        let Ok(answer) = &name.answer else { continue };
        let asked = recording.connections.iter().filter(|fact| {
            let leads_there = fact.address.is_some_and(|address| answer.addresses.contains(&address.ip()));
            leads_there && !fact.proxied && name.roles.contains(&fact.role) && reach::is_asked_as_devices_do(fact)
        });
        for fact in asked {
            let same = |group: &Group<'_>| {
                group.name == name.name && group.role == fact.role && *group.endpoint == fact.endpoint
            };
            match groups.iter_mut().find(|group| same(group)) {
                Some(group) if group.facts.contains(&fact) => {}
                Some(group) => group.facts.push(fact),
                None => groups.push(Group {
                    name: &name.name,
                    role: fact.role,
                    endpoint: &fact.endpoint,
                    recording,
                    facts: vec![fact],
                }),
            }
        }
    }
    groups
}

/// Whether this conversation is with a family of which no address answers, while the other family does: then it is
/// `network/address-families` that says so.
pub fn is_silent(case: &Case<'_>, missed: &Missed<'_>) -> bool {
    let Some(ip) = missed.address.map(|address| address.ip()) else { return false };
    let family = Family::of(ip);
    case.from(missed.vantage).flat_map(|recording| groups_with(recording, ip)).any(|group| {
        let same = group.role == missed.role && *group.endpoint == *missed.endpoint;
        let holds = || group.of(family).any(|fact| fact.address == missed.address);
        same && holds() && group.state(family) == State::Silent && group.state(family.other()) == State::Answers
    })
}

/// Whether the row of the firewall table for this role is open for a family from its own source.
pub fn is_open_from_source(case: &Case<'_>, row: &Row, role: Role, family: Family) -> bool {
    let states: BTreeSet<bool> = case
        .from(row.source)
        .flat_map(groups)
        .filter(|group| group.role == role)
        .map(|group| group.state(family) == State::Answers)
        .collect();
    states.contains(&true) || states.is_empty()
}
