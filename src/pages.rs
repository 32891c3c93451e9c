//! The pages of the checks, inside the program, so that `explain` needs no network.

/// The page of a check, as Markdown; none for an id that has no page.
pub fn page(id: &str) -> Option<&'static str> {
    PAGES.iter().find(|(known, _)| *known == id).map(|(_, text)| *text)
}

/// Every id that has a page.
pub fn ids() -> impl Iterator<Item = &'static str> {
    PAGES.iter().map(|(id, _)| *id)
}

macro_rules! pages {
    ($($id:literal,)*) => {
        const PAGES: &[(&str, &str)] = &[$(($id, include_str!(concat!("../docs/checks/", $id, ".md")))),*];
    };
}

pages! {
    "firewall/console-to-discovery",
    "firewall/device-services-to-discovery",
    "firewall/discovery-to-device-services",
    "firewall/devices-to-trust-service",
    "dns/discovery-resolves",
    "dns/names-resolve",
    "dns/resolvers-agree",
    "network/reachable",
    "network/address-families",
    "network/clock",
    "network/proxy",
    "tls/versions",
    "tls/interception",
    "discovery/host-registry",
    "trust-service/url",
    "trust-service/redirect",
    "trust-service/settings",
    "trust-service/own-port",
    "trust-service/issuer",
    "trust-service/bound-everywhere",
    "certificate/path",
    "certificate/order",
    "certificate/name",
    "certificate/expiry",
    "certificate/platform-rules",
    "certificate/same-everywhere",
    "pins/well-formed",
    "pins/cover-every-server",
    "pins/sources-agree",
    "pins/host-matching",
    "pins/uploaded-set",
    "pins/successor",
    "csr/email-domain",
    "csr/single-dns-name",
    "csr/key-and-signature",
    "csr/matches-certificate",
    "device/journey",
    "guide/by-hand",
    "recording/consistent",
    "recording/fresh",
}
