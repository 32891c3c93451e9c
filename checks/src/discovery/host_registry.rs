//! `discovery/host-registry`

use crate::{
    answers,
    cause::Cause,
    check::{Case, Check, CheckId, GuideStep, Judgement, Meta},
    deployment::{Role, TrustServiceMode, Vantage},
    http,
    outcome::{Evidence, Outcome, Target},
    pin,
    recording::Request,
    registry::EVERY_WAY,
};

/// What the cloud has registered for Device Services.
pub struct HostRegistry;

impl Check for HostRegistry {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("discovery/host-registry"),
            title: "The cloud registry answers for Device Services",
            steps: &[GuideStep::P3],
            depends_on: EVERY_WAY,
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        let whole = Target::Endpoint(case.deployment.discovery_endpoint());
        if !case.asks(Role::Discovery) {
            let vantages = [Vantage::Console, Vantage::DeviceServices];
            let unseen = "no vantage of this run asks discovery";
            return case.elsewhere(&vantages, unseen).map(|outcome| vec![(whole, outcome)]).unwrap_or_default();
        }
        let host = case.deployment.device_services.url.host();
        let is_cloud = matches!(case.deployment.trust_service.mode, TrustServiceMode::Cloud | TrustServiceMode::None);
        http::judge(
            case,
            Role::Discovery,
            whole,
            |request| matches!(request, Request::HostRegistry),
            |fact| {
                let entries = answers::host_pins(fact)?;
                // Whatever stands there ends the known client's fetch, be it for this host or another.
                if (is_cloud || !entries.is_empty()) && !pin::holds_host(&host, &entries) {
                    let holds = entries.into_iter().map(|(name, _)| name).collect();
                    return Ok(Outcome::fail(Cause::HostNotRegistered { host: host.clone(), holds }, Evidence::none()));
                }
                let names: Vec<String> = entries.into_iter().map(|(name, _)| name).collect();
                let registered = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
                Ok(Outcome::Pass(Evidence::of("registered", registered)))
            },
        )
    }
}
