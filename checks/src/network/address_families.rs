//! `network/address-families`

use std::collections::BTreeSet;

use crate::{
    cause::Cause,
    check::{Case, Check, CheckId, EachOnce, Judgement, Meta},
    deployment::{AddressFamily, Role},
    family::{self, Family, Group, State},
    outcome::{Evidence, Outcome, Target},
    prose,
    recording::{ConnectionFact, ConversationFailure},
    x509::{CertificateFacts, CertificateName, PathEnd, Place},
};

/// IPv4 and IPv6 lead to the same service.
pub struct AddressFamilies;

impl Check for AddressFamilies {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("network/address-families"),
            title: "IPv4 and IPv6 lead to the same service",
            steps: &[],
            // Where neither family answers, the way is shut.
            depends_on: &[
                CheckId("firewall/console-to-discovery"),
                CheckId("firewall/device-services-to-discovery"),
                CheckId("firewall/discovery-to-device-services"),
                CheckId("firewall/devices-to-trust-service"),
                CheckId("network/reachable"),
            ],
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        let groups = || case.recordings.iter().flat_map(family::groups);
        if let Some(first) = groups().next()
            && let Some(only) =
                [Family::V4, Family::V6].into_iter().find(|family| groups().all(|group| group.is_only(*family)))
        {
            let reason = match first.recording.deployment.network.address_family {
                AddressFamily::Both => format!("every name has {} addresses only", only.words()),
                _ => format!("only {} addresses are asked in this run", only.words()),
            };
            return vec![(Target::Thing("IPv4 and IPv6".to_owned()), Outcome::Skipped(reason))];
        }
        let of_group = |group| of(case, &group).into_iter().map(move |outcome| (target(&group), outcome));
        let mut judgement = groups().flat_map(of_group).collect::<EachOnce>().judgement;
        if judgement.is_empty() {
            judgement.push((Target::Thing("IPv4 and IPv6".to_owned()), Outcome::Skipped(nothing_to_compare(case))));
        }
        judgement
    }
}

fn target(group: &Group<'_>) -> Target {
    if group.name == group.endpoint.host {
        Target::Endpoint(group.endpoint.clone())
    } else {
        Target::Name(group.name.to_owned(), group.role.words().to_owned())
    }
}

fn nothing_to_compare(case: &Case<'_>) -> String {
    let proxied = case.recordings.iter().any(|recording| recording.connections.iter().any(|fact| fact.proxied));
    if proxied {
        "the proxy makes the connections: which family it takes is not seen from here"
    } else {
        "no name was resolved to an address that was asked"
    }
    .to_owned()
}

fn of(case: &Case<'_>, group: &Group<'_>) -> Vec<Outcome> {
    let states = [Family::V4, Family::V6].map(|family| (family, group.state(family)));
    match states {
        [(_, State::Absent), (there, _)] | [(there, _), (_, State::Absent)] => {
            vec![Outcome::Skipped(format!("{} has {} addresses only", group.name, there.words()))]
        }
        [_, (_, State::NoRoute)] => {
            vec![Outcome::Skipped("this machine has no route to IPv6 addresses".to_owned())]
        }
        [(_, State::Answers), (_, State::Answers)] => vec![compared(case, group)],
        [(silent, State::Silent), (_, State::Answers)] | [(_, State::Answers), (silent, State::Silent)] => {
            vec![match group.spared(case, silent) {
                Some(reason) => Outcome::Skipped(reason),
                None => is_silent(group, silent),
            }]
        }
        _ => match group.spared(case, Family::V4) {
            Some(reason) => vec![Outcome::Skipped(reason)],
            None => vec![Outcome::unanswered(format!("{} answers on neither IPv4 nor IPv6", group.name))],
        },
    }
}

fn is_silent(group: &Group<'_>, silent: Family) -> Outcome {
    let told = |fact: &ConnectionFact| {
        let address = fact.address.map(|address| address.to_string()).unwrap_or_default();
        let why = match &fact.outcome {
            Err(ConversationFailure::Tcp { failure }) => prose::connect_failure(failure),
            Err(ConversationFailure::Tls { failure, .. }) => prose::tls_failure(failure),
            Err(ConversationFailure::Proxy { .. }) | Ok(_) => String::new(),
        };
        format!("{address}: {why}")
    };
    let unique =
        |texts: &mut dyn Iterator<Item = String>| texts.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>();
    let answering = group.of(silent.other()).filter(|fact| fact.outcome.is_ok());
    let answering = unique(&mut answering.filter_map(|fact| fact.address).map(|address| address.to_string()));
    let cause = Cause::FamilySilent {
        name: group.name.to_owned(),
        family: silent.words(),
        addresses: unique(&mut group.of(silent).map(told)),
        answering: answering.clone(),
    };
    let evidence = Evidence::of("records", silent.records()).and("answering", answering.join(", "));
    Outcome::fail(cause, evidence)
}

/// Both answer. Different keys of Device Services are `certificate/same-everywhere`'s, of the Trust Service
/// `trust-service/bound-everywhere`'s; what discovery shows is the vendor's choice, unless somebody else shows it.
fn compared(case: &Case<'_>, group: &Group<'_>) -> Outcome {
    let [v4, v6] = [Family::V4, Family::V6].map(|family| leaves(case, group, family));
    let count = |family: Family| group.of(family).filter(|fact| fact.outcome.is_ok()).count();
    let keys = |leaves: &[&CertificateFacts]| -> BTreeSet<String> {
        leaves.iter().map(|leaf| format!("sha256//{}", leaf.key.spki_sha256)).collect()
    };
    let told = |keys: &BTreeSet<String>| keys.iter().cloned().collect::<Vec<_>>().join(", ");
    let (keys4, keys6) = (keys(&v4), keys(&v6));
    let evidence = Evidence::of("IPv4", format!("{} handshakes, {}", count(Family::V4), told(&keys4)))
        .and("IPv6", format!("{} handshakes, {}", count(Family::V6), told(&keys6)));
    let issuers = |leaves: &[&CertificateFacts]| leaves.iter().map(|leaf| leaf.issuer.clone()).collect::<BTreeSet<_>>();
    let differ = !keys4.is_empty() && !keys6.is_empty() && keys4.is_disjoint(&keys6);
    let elsewhere = differ && issuers(&v4).is_disjoint(&issuers(&v6));
    if group.role == Role::Discovery && elsewhere && are_for_us(case, group) {
        let names = |leaves: &[&CertificateFacts]| -> Vec<CertificateName> {
            leaves.iter().map(|leaf| leaf.name(Place::Leaf)).collect()
        };
        let cause = Cause::FamiliesDiffer { name: group.name.to_owned(), v4: names(&v4), v6: names(&v6) };
        return Outcome::warn(cause, evidence);
    }
    Outcome::Pass(evidence)
}

/// Each leaf that a family shows, once.
fn leaves<'a>(case: &'a Case<'_>, group: &Group<'_>, family: Family) -> Vec<&'a CertificateFacts> {
    let mut leaves: Vec<&CertificateFacts> = Vec::new();
    let chains = group.of(family).filter_map(|fact| fact.outcome.as_ref().ok());
    for leaf in chains.filter_map(|handshake| case.certificate(handshake.chain.first()?)) {
        if !leaves.iter().any(|known| known.id == leaf.id) {
            leaves.push(leaf);
        }
    }
    leaves
}

/// Whether every chain is sound, so that no other check tells of it, and one is not public: two certificates of public CAs
/// for one name are usual at a service with servers all over the world.
fn are_for_us(case: &Case<'_>, group: &Group<'_>) -> bool {
    let ends: Vec<Option<&PathEnd>> = [Family::V4, Family::V6]
        .into_iter()
        .flat_map(|family| group.of(family))
        .filter_map(|fact| fact.outcome.as_ref().ok())
        .map(|handshake| case.chain(&handshake.chain)?.used_path(group.role).map(|path| &path.end))
        .collect();
    let all_public = ends.iter().flatten().all(|end| end.is_public());
    // Whoever re-signs on one family is tls/interception's.
    let mut leaves = [Family::V4, Family::V6].into_iter().flat_map(|family| leaves(case, group, family));
    if leaves.any(|leaf| case.interception(&leaf.id).is_some()) {
        return false;
    }
    ends.iter().all(Option::is_some) && !all_public
}

#[cfg(test)]
mod tests;
