//! `dns/discovery-resolves`

use crate::{
    check::{Case, Check, CheckId, GuideStep, Judgement, Meta},
    deployment::{Role, Vantage},
    names,
    outcome::{Outcome, Target},
};

/// The name of discovery resolves here.
pub struct DiscoveryResolves;

impl Check for DiscoveryResolves {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("dns/discovery-resolves"),
            title: "The name of discovery resolves",
            steps: &[GuideStep::S1],
            depends_on: &[],
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        let target = Target::Endpoint(case.deployment.discovery_endpoint());
        if case.deployment.discovery_endpoint().ip().is_some() {
            return vec![(target, Outcome::Skipped("discovery is declared by address".to_owned()))];
        }
        if let Some(reason) = case.names_go_to_proxy(&case.deployment.discovery.host) {
            return vec![(target, Outcome::Skipped(reason))];
        }
        if !case.asks(Role::Discovery) {
            let vantages = [Vantage::Console, Vantage::DeviceServices];
            let unseen = "no vantage of this run needs to reach discovery";
            return case.elsewhere(&vantages, unseen).map(|outcome| vec![(target, outcome)]).unwrap_or_default();
        }
        let judgement = names::judge(case, |fact| fact.roles.contains(&Role::Discovery));
        if judgement.is_empty() {
            return vec![(target, Outcome::unanswered("the run ended before its name was asked for"))];
        }
        judgement
    }
}
