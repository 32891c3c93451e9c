//! `firewall/devices-to-trust-service`

use crate::{
    check::{Case, Check, CheckId, GuideStep, Judgement, Meta},
    reach::Row,
};

/// Devices can open TLS to the Trust Service they need.
pub struct DevicesToTrustService;

impl Check for DevicesToTrustService {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("firewall/devices-to-trust-service"),
            title: "Devices can open TLS to the Trust Service they need",
            steps: &[GuideStep::P3, GuideStep::S1],
            // An http URL is never asked for TLS.
            depends_on: &[
                CheckId("dns/discovery-resolves"),
                CheckId("dns/names-resolve"),
                CheckId("dns/resolvers-agree"),
                CheckId("network/proxy"),
                CheckId("network/address-families"),
                CheckId("trust-service/url"),
            ],
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        Row::DEVICES_TO_TRUST_SERVICE.judge(case)
    }
}
