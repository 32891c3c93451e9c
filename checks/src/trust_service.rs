//! The Trust Service: its URL, what Device Services say of it, what it answers.

mod bound_everywhere;
mod issuer;
mod own_port;
mod redirect;
mod settings;
mod url;

pub use bound_everywhere::BoundEverywhere;
pub use issuer::Issuer;
pub use own_port::OwnPort;
pub use redirect::Redirect;
pub use settings::Settings;
pub use url::Url;

use crate::{
    check::{Case, Judgement},
    deployment::{Role, TrustServiceMode, Vantage},
    outcome::{Outcome, Target},
};

/// Why none of these checks applies, if so.
fn skipped(case: &Case<'_>) -> Option<Outcome> {
    let mode = case.deployment.trust_service.mode;
    let reason = match mode {
        TrustServiceMode::Cloud | TrustServiceMode::None => {
            format!("trust_service.mode is {}: there is no Trust Service of your own", mode.id())
        }
        TrustServiceMode::Awcm if case.deployment.trust_service.url.is_none() => {
            "trust_service.mode is awcm and no URL is declared".to_owned()
        }
        _ => return None,
    };
    Some(Outcome::Skipped(reason))
}

/// Why the guide's provisioning of a certificate does not apply, if so: it is for an on-premises Trust Service alone.
pub(crate) fn not_provisioned(case: &Case<'_>) -> Option<Outcome> {
    skipped(case).or_else(|| {
        let is_awcm = case.deployment.trust_service.mode == TrustServiceMode::Awcm;
        is_awcm.then(|| Outcome::Skipped("AWCM brings its own certificate along".to_owned()))
    })
}

/// What was judged; or where it can be seen, if no vantage of this run asks the Trust Service; or that TLS was not asked.
fn or_elsewhere(case: &Case<'_>, judgement: Judgement) -> Judgement {
    let Some(endpoint) = case.deployment.trust_service_endpoint() else { return judgement };
    let vantages = [Vantage::Device, Vantage::Console, Vantage::DeviceServices];
    let elsewhere = case.elsewhere(&vantages, "no vantage of this run asks the Trust Service");
    match elsewhere.filter(|_| !case.asks(Role::TrustService)) {
        Some(outcome) => vec![(Target::Endpoint(endpoint), outcome)],
        None if judgement.is_empty() => {
            vec![(Target::Endpoint(endpoint), Outcome::unanswered("no certificate was asked for"))]
        }
        None => judgement,
    }
}
