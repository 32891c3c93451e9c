//! Where names lead by each resolver, and whether that is a place where the deployment can be: shared by
//! `dns/resolvers-agree`, which owns a false answer, and by whoever judges the addresses of one.

use std::{collections::BTreeSet, net::IpAddr};

use crate::{
    check::Case,
    deployment::{DISCOVERY_HOST, Endpoint, Role},
    reach,
    recording::{ConnectionFact, NameFact, Recording, Resolver},
};

/// The zone that holds no name (RFC 6761, 6.4): whoever has an address for a name in it invents answers.
const NOWHERE: &str = ".invalid";

/// Why an answer leads nowhere that the deployment can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Falsehood {
    /// 0.0.0.0 or ::.
    Unspecified,
    /// Loopback, for a public name.
    Loopback,
    /// A private, shared or link-local address, for a public name.
    Private,
    /// The resolver has these addresses for names that do not exist.
    Invented,
}

/// Whether this look-up was for a name that does not exist.
pub fn is_nowhere(fact: &NameFact) -> bool {
    fact.name.ends_with(NOWHERE)
}

/// The addresses that a resolver gives to a name that does not exist.
pub fn invented(recording: &Recording, resolver: &Resolver) -> BTreeSet<IpAddr> {
    let asked = recording.names.iter().filter(|fact| is_nowhere(fact) && fact.resolver == *resolver);
    asked.filter_map(|fact| fact.answer.as_ref().ok()).flat_map(|answer| answer.addresses.iter().copied()).collect()
}

/// What is false about one address of an answer. What stands there decides, where anything does: a server that shows a
/// sound certificate for the name is the deployment, whatever its address.
pub fn falsehood(case: &Case<'_>, recording: &Recording, fact: &NameFact, ip: IpAddr) -> Option<Falsehood> {
    let kind = if ip.is_unspecified() {
        Falsehood::Unspecified
    } else if invented(recording, &fact.resolver).contains(&ip) {
        Falsehood::Invented
    } else if !is_public(recording, fact) {
        return None;
    } else if ip.is_loopback() {
        Falsehood::Loopback
    } else if is_private(ip) {
        Falsehood::Private
    } else {
        return None;
    };
    let mut there = at(recording, fact, ip);
    let is_sound = there.any(|fact| is_sound(case, fact));
    (!is_sound).then_some(kind)
}

/// The vendor's discovery, which everybody meets at public addresses; one that is declared with another name or port is
/// somebody's own.
fn is_public(recording: &Recording, fact: &NameFact) -> bool {
    let public = Endpoint::new(DISCOVERY_HOST, 443);
    fact.roles.contains(&Role::Discovery) && recording.deployment.discovery_endpoint() == public
}

/// Whether an address is the same machine for everybody.
pub fn is_public_address(ip: IpAddr) -> bool {
    !(ip.is_unspecified() || ip.is_loopback() || is_private(ip))
}

/// RFC 1918, RFC 6598, RFC 3927; RFC 4193, RFC 4291 2.5.6.
fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            ip.is_private() || ip.is_link_local() || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => is_private(ip.into()),
            None => ip.is_unique_local() || ip.is_unicast_link_local(),
        },
    }
}

/// The conversations under a name with one address.
pub fn at<'a>(
    recording: &'a Recording,
    fact: &'a NameFact,
    ip: IpAddr,
) -> impl Iterator<Item = &'a ConnectionFact> + use<'a> {
    recording.connections.iter().filter(move |met| {
        let there = met.address.is_some_and(|address| address.ip() == ip);
        there && fact.roles.contains(&met.role) && reach::is_asked_as_devices_do(met)
    })
}

/// Whether a sound chain for the very name was shown.
fn is_sound(case: &Case<'_>, met: &ConnectionFact) -> bool {
    let Ok(handshake) = &met.outcome else { return false };
    let Some(chain) = case.chain(&handshake.chain) else { return false };
    let for_it = chain.leaf().is_some_and(|leaf| crate::certificate::is_for(&met.endpoint, leaf));
    for_it && chain.used_path(met.role).is_some()
}

/// Whether the address of this conversation comes from a false answer and from no true one.
pub fn is_false(case: &Case<'_>, recording: &Recording, met: &ConnectionFact) -> bool {
    let Some(ip) = met.address.map(|address| address.ip()) else { return false };
    let gives = |fact: &&NameFact| {
        let answer = fact.answer.as_ref().is_ok_and(|answer| answer.addresses.contains(&ip));
        answer && fact.roles.contains(&met.role)
    };
    let mut given = recording.names.iter().filter(gives).peekable();
    given.peek().is_some() && given.all(|fact| falsehood(case, recording, fact, ip).is_some())
}
