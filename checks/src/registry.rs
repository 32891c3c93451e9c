//! Every check there is. Its order is the report's order.

use crate::{
    certificate,
    check::{Check, CheckId},
    csr, device, discovery, dns, firewall, guide, network, pins, recording, tls, trust_service,
};

/// The one list.
pub const CHECKS: &[&dyn Check] = &[
    &dns::DiscoveryResolves,
    &dns::NamesResolve,
    &dns::ResolversAgree,
    &network::Proxy,
    &firewall::ConsoleToDiscovery,
    &firewall::DeviceServicesToDiscovery,
    &firewall::DiscoveryToDeviceServices,
    &firewall::DevicesToTrustService,
    &network::Reachable,
    &network::AddressFamilies,
    &network::Clock,
    &tls::Versions,
    &tls::Interception,
    &discovery::HostRegistry,
    &trust_service::Url,
    &trust_service::Redirect,
    &trust_service::Settings,
    &trust_service::OwnPort,
    &trust_service::Issuer,
    &trust_service::BoundEverywhere,
    &certificate::Path,
    &certificate::Order,
    &certificate::Name,
    &certificate::Expiry,
    &certificate::PlatformRules,
    &certificate::SameEverywhere,
    &pins::WellFormed,
    &pins::CoverEveryServer,
    &pins::SourcesAgree,
    &pins::HostMatching,
    &pins::UploadedSet,
    &pins::Successor,
    &csr::EmailDomain,
    &csr::SingleDnsName,
    &csr::KeyAndSignature,
    &csr::MatchesCertificate,
    &device::Journey,
    &guide::ByHand,
    &recording::Consistent,
    &recording::Fresh,
];

/// Every id, in the registry's order.
pub fn ids() -> Vec<&'static str> {
    CHECKS.iter().map(|check| check.meta().id.0).collect()
}

/// What a conversation with a name needs first.
pub(crate) const NAMES_AND_PROXY: &[CheckId] = &[
    CheckId("dns/discovery-resolves"),
    CheckId("dns/names-resolve"),
    CheckId("dns/resolvers-agree"),
    CheckId("network/proxy"),
    CheckId("network/address-families"),
];

/// What a handshake with any server needs first: every way.
pub(crate) const REACHED: &[CheckId] = &[
    CheckId("firewall/console-to-discovery"),
    CheckId("firewall/device-services-to-discovery"),
    CheckId("firewall/discovery-to-device-services"),
    CheckId("firewall/devices-to-trust-service"),
    CheckId("network/reachable"),
];

/// What an answer of any server needs first: every way, that it speaks with clients of today, and the server itself at the
/// way's end.
pub(crate) const EVERY_WAY: &[CheckId] = &[
    CheckId("firewall/console-to-discovery"),
    CheckId("firewall/device-services-to-discovery"),
    CheckId("firewall/discovery-to-device-services"),
    CheckId("firewall/devices-to-trust-service"),
    CheckId("network/reachable"),
    CheckId("tls/versions"),
    CheckId("tls/interception"),
];

/// What a source of pins needs first.
pub(crate) const ANSWERS: &[CheckId] = &[CheckId("discovery/host-registry"), CheckId("trust-service/settings")];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_unique_kebab_and_depend_on_what_is_registered() {
        let all: BTreeSet<&str> = ids().into_iter().collect();
        assert_eq!(all.len(), CHECKS.len());
        for check in CHECKS {
            let meta = check.meta();
            let (category, name) = meta.id.0.split_once('/').unwrap();
            for part in [category, name] {
                assert!(!part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", meta.id);
            }
            for dependency in meta.depends_on {
                assert!(all.contains(dependency.0), "{} depends on {dependency}", meta.id);
            }
            assert!(!meta.title.ends_with('.'), "{}", meta.id);
        }
    }
}
