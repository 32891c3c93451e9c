//! The Trust Service: its URL, what Device Services say of it, what it answers.

mod redirect;
mod settings;
mod url;

pub use redirect::Redirect;
pub use settings::Settings;
pub use url::Url;

use crate::{check::Case, deployment::TrustServiceMode, outcome::Outcome};

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
