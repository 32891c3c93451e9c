//! `trust-service/redirect`

use url::Url;

use crate::{
    answers,
    cause::Cause,
    check::{Case, Check, CheckId, GuideStep, Judgement, Meta},
    deployment::{Role, ServiceUrl, Vantage},
    http,
    outcome::{Evidence, Outcome, Target},
    recording::Request,
    registry::EVERY_WAY,
};

/// Device Services hands out the Trust Service URL that is declared.
pub struct Redirect;

impl Check for Redirect {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("trust-service/redirect"),
            title: "Device Services hands out the declared Trust Service URL",
            steps: &[GuideStep::S5],
            depends_on: EVERY_WAY,
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        let whole = Target::Endpoint(case.deployment.device_services_endpoint());
        if let Some(skipped) = super::skipped(case) {
            return vec![(whole, skipped)];
        }
        let Some(declared) = &case.deployment.trust_service.url else { return vec![] };
        http::judge(
            case,
            Role::DeviceServices,
            whole,
            |request| matches!(request, Request::TrustServiceSettings),
            |fact| {
                let handed_out = answers::trust_service_uri(fact)?;
                if is_same(&handed_out, declared) {
                    return Ok(Outcome::Pass(Evidence::of("Uri", handed_out)));
                }
                let evidence = seen_there(case, &handed_out);
                let declared = declared.as_str().to_owned();
                Ok(Outcome::fail(Cause::TrustServiceUrlDiffers { handed_out, declared }, evidence))
            },
        )
    }
}

/// Scheme, host, port and path, as IIS compares them; a slash at the end is `trust-service/url`'s matter.
fn is_same(handed_out: &str, declared: &ServiceUrl) -> bool {
    let Ok(handed_out) = Url::parse(handed_out) else { return false };
    let path = |url: &Url| url.path().trim_end_matches('/').to_ascii_lowercase();
    let declared = declared.url();
    handed_out.scheme() == declared.scheme()
        && handed_out.host_str() == declared.host_str()
        && handed_out.port_or_known_default() == declared.port_or_known_default()
        && path(&handed_out) == path(declared)
}

/// What was found behind the URL that was handed out.
fn seen_there(case: &Case<'_>, handed_out: &str) -> Evidence {
    let mut evidence = Evidence::none();
    let mut seen: Vec<(Vantage, String)> = Vec::new();
    for (vantage, fact) in case.answers(|request| matches!(request, Request::Settings { .. })) {
        if fact.role == Role::RedirectTarget && fact.url.starts_with(handed_out.trim_end_matches('/')) {
            let said = match &fact.outcome {
                Ok(answer) => format!("status {}", answer.status),
                Err(_) => "no answer".to_owned(),
            };
            if !seen.contains(&(vantage, said.clone())) {
                seen.push((vantage, said));
            }
        }
    }
    for (vantage, said) in seen {
        evidence = evidence.and("behind it", format!("{said}, from {vantage}"));
    }
    evidence
}
