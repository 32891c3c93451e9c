//! `dns/names-resolve`

use crate::{
    check::{Case, Check, CheckId, Judgement, Meta},
    deployment::{Role, ServerAddress},
    names,
    outcome::{Outcome, Target},
};

/// All other declared names resolve here.
pub struct NamesResolve;

impl Check for NamesResolve {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("dns/names-resolve"),
            title: "The names of Device Services, Trust Service and their servers resolve",
            steps: &[],
            depends_on: &[],
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        let is_other = |role: &Role| !matches!(role, Role::Discovery | Role::RedirectTarget);
        let mut judgement = names::judge(case, |fact| fact.roles.iter().any(is_other));
        for name in declared(case) {
            let target = Target::Thing(name.clone());
            if judgement.iter().any(|(known, _)| known.host() == Some(&name)) {
                continue;
            }
            judgement.push(match case.names_go_to_proxy(&name) {
                Some(reason) => (target, Outcome::Skipped(reason)),
                None => (target, Outcome::unanswered("the run ended before this name was asked for")),
            });
        }
        if judgement.is_empty() {
            let target = Target::Endpoint(case.deployment.device_services_endpoint());
            judgement.push((target, Outcome::Skipped("every server is declared by address".to_owned())));
        }
        judgement
    }
}

/// Every name that a vantage of this run asks for, discovery's left aside.
fn declared(case: &Case<'_>) -> Vec<String> {
    let deployment = case.deployment;
    let servers = deployment.device_services.servers();
    let trust_service_servers = deployment.trust_service.servers.iter();
    let named = |server: &ServerAddress| server.host.clone();
    let mut names: Vec<(Role, String)> = vec![(Role::DeviceServices, deployment.device_services.url.host())];
    names.extend(servers.map(|(role, server)| (role, named(server))));
    if case.asks_trust_service() {
        names.extend(deployment.trust_service.url.as_ref().map(|url| (Role::TrustService, url.host())));
        names.extend(trust_service_servers.map(|server| (Role::TrustServiceServer, named(server))));
    }
    let mut asked: Vec<String> = Vec::new();
    for (role, name) in names {
        if case.asks(role) && name.parse::<std::net::IpAddr>().is_err() && !asked.contains(&name) {
            asked.push(name);
        }
    }
    asked
}
