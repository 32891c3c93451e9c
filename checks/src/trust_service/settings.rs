//! `trust-service/settings`

use crate::{
    answers::{self, Useless},
    cause::Cause,
    check::{Case, Check, CheckId, GuideStep, Judgement, Meta},
    deployment::{Role, Vantage},
    http,
    outcome::{Evidence, Outcome, Target},
    pin,
    recording::Request,
    registry::EVERY_WAY,
};

/// The settings request answers, in both spellings.
pub struct Settings;

impl Check for Settings {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("trust-service/settings"),
            title: "The Trust Service answers the settings request with pins for Device Services",
            steps: &[GuideStep::S2, GuideStep::S6],
            depends_on: EVERY_WAY,
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        let endpoint = case.deployment.trust_service_endpoint();
        let whole = endpoint.map_or(Target::Thing("Trust Service".to_owned()), Target::Endpoint);
        if let Some(skipped) = super::skipped(case) {
            return vec![(whole, skipped)];
        }
        if !case.asks(Role::TrustService) {
            let vantages = [Vantage::Device, Vantage::Console, Vantage::DeviceServices];
            let unseen = "no vantage of this run asks the Trust Service";
            return case.elsewhere(&vantages, unseen).map(|outcome| vec![(whole, outcome)]).unwrap_or_default();
        }
        let host = case.deployment.device_services.url.host();
        let mut judgement = http::judge(
            case,
            Role::TrustService,
            whole,
            |request| matches!(request, Request::Settings { .. }),
            |fact| {
                if fact.role == Role::RedirectTarget {
                    return Ok(Outcome::Skipped(
                        "not the declared Trust Service: see trust-service/redirect".to_owned(),
                    ));
                }
                let entries = match answers::host_pins(fact) {
                    // What a port of https says to http is the URL's fault, which is told already.
                    Err(Useless::Fault(_)) if fact.url.starts_with("http:") => {
                        return Ok(Outcome::unanswered(format!("no pins by http, as the URL says: GET {}", fact.url)));
                    }
                    entries => entries?,
                };
                if pin::holds_host(&host, &entries) {
                    let names: Vec<String> = entries.into_iter().map(|(name, _)| name).collect();
                    return Ok(Outcome::Pass(Evidence::of("hosts", names.join(", "))));
                }
                let holds = entries.into_iter().map(|(name, _)| name).collect();
                Ok(Outcome::fail(Cause::HostNotRegistered { host: host.clone(), holds }, http::of_answer(fact)))
            },
        );
        judgement.retain(|(_, outcome)| !matches!(outcome, Outcome::Skipped(_)));
        judgement
    }
}
