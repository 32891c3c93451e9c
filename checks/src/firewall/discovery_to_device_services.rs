//! `firewall/discovery-to-device-services`

use crate::{
    check::{Case, Check, CheckId, GuideStep, Judgement, Meta},
    reach::Row,
    registry::NAMES_AND_PROXY,
};

/// Discovery can open TLS to Device Services.
pub struct DiscoveryToDeviceServices;

impl Check for DiscoveryToDeviceServices {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("firewall/discovery-to-device-services"),
            title: "Discovery can open TLS to Device Services",
            steps: &[GuideStep::S1],
            depends_on: NAMES_AND_PROXY,
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        Row::DISCOVERY_TO_DEVICE_SERVICES.judge(case)
    }
}
