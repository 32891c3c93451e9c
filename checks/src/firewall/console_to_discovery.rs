//! `firewall/console-to-discovery`

use crate::{
    check::{Case, Check, CheckId, GuideStep, Judgement, Meta},
    reach::Row,
    registry::NAMES_AND_PROXY,
};

/// The UEM console can open TLS to discovery.
pub struct ConsoleToDiscovery;

impl Check for ConsoleToDiscovery {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("firewall/console-to-discovery"),
            title: "The UEM console can open TLS to discovery",
            steps: &[GuideStep::P4, GuideStep::S1],
            depends_on: NAMES_AND_PROXY,
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        Row::CONSOLE_TO_DISCOVERY.judge(case)
    }
}
