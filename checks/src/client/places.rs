//! The places of Device Services that a device may meet, and what was presented there.

use std::collections::{HashMap, HashSet};

use crate::{
    check::Case,
    client::{Ending, stories::Met, trust::Presented},
    clock,
    deployment::{Role, Vantage},
    outcome::{Outcome, Target},
    prose,
    reach::{self, Missed},
    recording::{CertId, ConnectionFact, ConversationFailure},
    tls::versions,
};

/// Each place once for each chain met there: as devices saw it, and where they did not look, as others did.
pub fn places<'a>(case: &'a Case<'_>) -> Vec<Met<'a>> {
    let other_clock = clock::contradicted(case);
    let mut places: Vec<Met<'a>> = Vec::new();
    let mut known_at: HashMap<(Target, &'a [CertId]), usize> = HashMap::new();
    let mut silent: Vec<(Role, Target, Option<Vantage>, Ending)> = Vec::new();
    for role in [Role::DeviceServices, Role::Balancer, Role::ReverseProxy, Role::Backend] {
        let facts = || case.presentations(&[role]).filter(|(_, fact)| reach::is_asked_as_devices_do(fact));
        for (vantage, fact) in facts() {
            let target = Target::of(&fact.endpoint, fact.address);
            // What speaks no TLS of today is met by devices all the same, if it speaks enough for them.
            let legacy = below(fact);
            // A chain that only TLS 1.2 brings is met, however that handshake goes on: of it, tls/versions tells.
            let met = fact.outcome.is_ok() || legacy == Some(Ok(())) || fact.only_tls12;
            let sent = met.then(|| fact.presented()).flatten();
            let Some((sent, chain)) = sent.and_then(|sent| Some((sent, case.chain(sent)?))) else {
                if let Some(Err(ending)) = legacy {
                    silent.push((role, target, Some(vantage), ending));
                } else if let Err(failure) = &fact.outcome {
                    let missed = Missed { vantage, role, endpoint: &fact.endpoint, address: fact.address, failure };
                    if missed.spared(case).is_none() {
                        let ending = unmet(&target, vantage, failure);
                        silent.push((role, target, Some(vantage), ending));
                    }
                }
                continue;
            };
            // Whatever a device meets is what it decides on; others say nothing of a server that they did not meet.
            let found = sent.first().and_then(|leaf| case.interception(leaf));
            if let Some(found) = found.filter(|_| vantage != Vantage::Device) {
                let by = &found.issuer.subject;
                let ending = unseen(&target, &format!("{by} re-signs it on the way to {vantage}"));
                silent.push((role, target, None, ending));
                continue;
            }
            let known = known_at.get(&(target.clone(), sent)).and_then(|at| places.get_mut(*at));
            match known {
                Some(met) if met.seen_from.contains(&vantage) => {}
                Some(met) => met.seen_from.push(vantage),
                None => {
                    let presented =
                        Presented { chain, endpoint: &fact.endpoint, role, signature: fact.signature(), other_clock };
                    known_at.insert((target.clone(), sent), places.len());
                    places.push(Met::new(target, role, vec![vantage], Ok(presented), case.now));
                }
            }
        }
        let unasked = case.unasked_servers(role);
        silent.extend(unasked.map(|target| {
            let ending = unseen(&target, "it has no address");
            (role, target, None, ending)
        }));
    }
    let answers_device = |role: Role| {
        let by_device = |met: &&Met<'_>| met.presented.is_ok() && met.seen_from.contains(&Vantage::Device);
        places.iter().filter(by_device).any(|met| met.role == role)
    };
    let another: Vec<Role> = [Role::DeviceServices].into_iter().filter(|role| answers_device(*role)).collect();
    let answered: HashSet<Target> = known_at.into_keys().map(|(target, _)| target).collect();
    let mut told: HashSet<(Target, Ending)> = HashSet::new();
    for (role, target, vantage, mut ending) in silent {
        // A name with several addresses: a device goes on to another, unless it has no way there.
        if vantage == Some(Vantage::Device) && another.contains(&role) && matches!(ending, Ending::Refused { .. }) {
            let why = ending.why().unwrap_or_default();
            ending = Ending::not_observed(format!("{why} at this address; it may go on to another"), None);
        }
        // What others did not see matters where nobody else did.
        if vantage != Some(Vantage::Device) && answered.contains(&target) {
            continue;
        }
        if told.insert((target.clone(), ending.clone())) {
            places.push(Met::new(target, role, vantage.into_iter().collect(), Err(ending), case.now));
        }
    }
    if !places.iter().any(|met| met.role == Role::DeviceServices) {
        let endpoint = case.deployment.device_services_endpoint();
        let ending = Ending::not_observed(format!("what {endpoint} presents was not seen"), None);
        let target = Target::Endpoint(endpoint);
        places.insert(0, Met::new(target, Role::DeviceServices, vec![], Err(ending), case.now));
    }
    places
}

fn unseen(target: &Target, why: &str) -> Ending {
    Ending::not_observed(format!("what {target} presents was not seen: {why}"), None)
}

/// A proxy that lets nothing through is no word on the way that phones take.
fn unmet(target: &Target, vantage: Vantage, failure: &ConversationFailure) -> Ending {
    let why = match failure {
        ConversationFailure::Proxy { .. } => return unseen(target, "the proxy lets none through"),
        ConversationFailure::Tcp { .. } => "TCP does not connect",
        ConversationFailure::Tls { .. } => "TLS does not come about",
    };
    if vantage == Vantage::Device {
        return Ending::Refused { why: format!("a device gets no connection: {why}") };
    }
    unseen(target, why)
}

/// Whether devices agree with a server that no client of today agrees with, and how a journey ends there if not; none:
/// it is no such server.
pub fn below(fact: &ConnectionFact) -> Option<Result<(), Ending>> {
    let legacy = fact.legacy_answer()?;
    let outcomes = versions::below(legacy);
    let ending = outcomes.into_iter().find_map(|outcome| match outcome {
        Outcome::Fail(finding) => Some(Ending::Refused { why: prose::message(&finding.cause) }),
        Outcome::NotObserved(unobserved) => Some(Ending::not_observed(unobserved.reason(), None)),
        _ => None,
    });
    Some(ending.map_or(Ok(()), Err))
}
