//! `firewall/devices-to-trust-service`

use crate::{
    check::{Case, Check, CheckId, GuideStep, Judgement, Meta},
    reach::Row,
    registry::NAMES_AND_PROXY,
};

/// Devices can open TLS to the Trust Service they need.
pub struct DevicesToTrustService;

impl Check for DevicesToTrustService {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("firewall/devices-to-trust-service"),
            title: "Devices can open TLS to the Trust Service they need",
            steps: &[GuideStep::P3, GuideStep::S1],
            depends_on: NAMES_AND_PROXY,
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        Row::DEVICES_TO_TRUST_SERVICE.judge(case)
    }
}
