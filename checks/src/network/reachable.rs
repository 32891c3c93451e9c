//! `network/reachable`

use std::collections::HashMap;

use crate::{
    check::{Case, Check, CheckId, GuideStep, Judgement, Meta},
    deployment::{Role, Vantage},
    outcome::{Outcome, Target},
    reach::{self, Row},
    recording::ConnectionFact,
};

/// The endpoints outside the firewall table accept TCP and TLS.
pub struct Reachable;

impl Check for Reachable {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("network/reachable"),
            title: "Every server outside the firewall table accepts TCP and TLS",
            steps: &[GuideStep::P2, GuideStep::S2],
            depends_on: &[
                CheckId("dns/discovery-resolves"),
                CheckId("dns/names-resolve"),
                CheckId("dns/resolvers-agree"),
                CheckId("network/proxy"),
                CheckId("network/address-families"),
                CheckId("firewall/discovery-to-device-services"),
                CheckId("firewall/devices-to-trust-service"),
            ],
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        let mut judgement = named(case, Role::DeviceServices, &Row::DISCOVERY_TO_DEVICE_SERVICES);
        judgement.extend(named(case, Role::TrustService, &Row::DEVICES_TO_TRUST_SERVICE));
        for role in [Role::Backend, Role::Balancer, Role::ReverseProxy, Role::TrustServiceServer] {
            judgement.extend(servers(case, role));
        }
        if judgement.is_empty() {
            let target = Target::Endpoint(case.deployment.device_services_endpoint());
            let reason =
                "from here every server is a row of the firewall table, and none is declared behind a balancer";
            judgement.push((target, Outcome::Skipped(reason.to_owned())));
        }
        judgement
    }
}

/// A service under its name, seen from the vantages that are not the row's source. Devices must reach Device Services
/// themselves; for any other vantage the row answers, where it was seen.
fn named(case: &Case<'_>, role: Role, row: &Row) -> Judgement {
    if !case.asks(role) || (role == Role::TrustService && !case.asks_trust_service()) {
        return vec![];
    }
    let off_row = |vantage: Vantage| vantage != row.source;
    let facts = asked(case, role).filter(|(vantage, _)| off_row(*vantage));
    let mut judgement = reach::of_each_address(case, facts);
    if row.is_shut(case) {
        for (_, outcome) in judgement.iter_mut().filter(|(_, outcome)| matches!(outcome, Outcome::Fail(_))) {
            *outcome = Outcome::unanswered(format!("{} was not reached under its name", role.words()));
        }
    }
    let other = case.vantages().into_iter().any(|vantage| off_row(vantage) && vantage.asks(role, case.deployment));
    if judgement.is_empty() && other {
        let target = match role {
            Role::TrustService => case.deployment.trust_service_endpoint(),
            _ => Some(case.deployment.device_services_endpoint()),
        };
        let unseen = Outcome::unanswered("no address to connect to");
        judgement.extend(target.map(|endpoint| (Target::Endpoint(endpoint), unseen)));
    }
    judgement
}

/// Servers by address: reached by one vantage is reached.
fn servers(case: &Case<'_>, role: Role) -> Judgement {
    let facts: Vec<(Vantage, &ConnectionFact)> = asked(case, role).collect();
    let mut judgement = Judgement::new();
    let mut places: HashMap<Target, usize> = HashMap::new();
    for vantage in case.vantages() {
        let seen = facts.iter().filter(|(from, _)| *from == vantage).copied();
        for (target, outcome) in reach::of_each_address(case, seen) {
            match places.get(&target).and_then(|place| judgement.get_mut(*place)) {
                Some((_, known)) if matches!(outcome, Outcome::Pass(_)) => *known = outcome,
                Some(_) => {}
                None => {
                    places.insert(target.clone(), judgement.len());
                    judgement.push((target, outcome));
                }
            }
        }
    }
    judgement
        .extend(case.unasked_servers(role).map(|target| (target, Outcome::unanswered("no address to connect to"))));
    judgement
}

fn asked<'a>(case: &Case<'a>, role: Role) -> impl Iterator<Item = (Vantage, &'a ConnectionFact)> {
    let facts: Vec<_> = case.connections(&[role]).filter(|(_, fact)| reach::is_asked_as_devices_do(fact)).collect();
    facts.into_iter()
}
