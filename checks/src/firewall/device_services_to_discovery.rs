//! `firewall/device-services-to-discovery`

use crate::{
    check::{Case, Check, CheckId, GuideStep, Judgement, Meta},
    reach::Row,
    registry::NAMES_AND_PROXY,
};

/// Device Services can open TLS to discovery.
pub struct DeviceServicesToDiscovery;

impl Check for DeviceServicesToDiscovery {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("firewall/device-services-to-discovery"),
            title: "Device Services can open TLS to discovery",
            steps: &[GuideStep::P4, GuideStep::S1],
            depends_on: NAMES_AND_PROXY,
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        Row::DEVICE_SERVICES_TO_DISCOVERY.judge(case)
    }
}
