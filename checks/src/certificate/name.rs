//! `certificate/name`

use std::net::IpAddr;

use super::{READABLE, judge_each, leaf_unreadable};
use crate::{
    cause::Cause,
    check::{Case, Check, CheckId, GuideStep, Judgement, Meta},
    deployment::Endpoint,
    outcome::{Evidence, Outcome},
    x509::CertificateFacts,
};

/// Does the name match by the platforms' rules?
pub struct Name;

static META: Meta = Meta {
    id: CheckId("certificate/name"),
    title: "Each server's certificate is for the name that devices ask for",
    steps: &[GuideStep::P2],
    depends_on: READABLE,
    since: "0.1.0",
};

impl Check for Name {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        judge_each(
            case,
            |_| true,
            |presented, chain| match chain.leaf() {
                Some(leaf) => vec![judge(presented.endpoint, leaf)],
                None => vec![leaf_unreadable(chain)],
            },
        )
    }
}

pub(super) fn judge(endpoint: &Endpoint, leaf: &CertificateFacts) -> Outcome {
    let host = endpoint.host.clone();
    let names: Vec<String> = leaf.dns_names.iter().chain(&leaf.ip_addresses).cloned().collect();
    let evidence = Evidence::of("asked for", &host)
        .and("names", if names.is_empty() { "none".to_owned() } else { names.join(", ") });
    if let Some(ip) = endpoint.ip() {
        // An address is compared as an address, never as text (RFC 9525, 6.5).
        if leaf.ip_addresses.iter().any(|name| name.parse::<IpAddr>() == Ok(ip)) {
            return Outcome::Pass(evidence);
        }
    } else {
        if leaf.dns_names.iter().any(|name| matches(&host, name)) {
            return Outcome::Pass(evidence);
        }
        if let Some(pattern) = leaf.dns_names.iter().find(|name| would_match(&host, name)) {
            return Outcome::fail(Cause::PartialWildcard { host, pattern: pattern.clone() }, evidence);
        }
    }
    if let Some(common_name) = &leaf.common_name
        && (matches(&host, common_name) || *common_name == host)
    {
        return Outcome::fail(Cause::NameInCommonNameOnly { host, common_name: common_name.clone() }, evidence);
    }
    Outcome::fail(Cause::NameMismatch { host, names }, evidence)
}

/// RFC 9525, 6.3: labels compared without regard to case; a wildcard is the whole leftmost label and covers one label.
fn matches(host: &str, name: &str) -> bool {
    let (host, name) = (normal(host), normal(name));
    if name.is_empty() {
        return false;
    }
    match name.strip_prefix("*.") {
        None => host == name && !name.contains('*'),
        Some(domain) if domain.is_empty() || domain.contains('*') => false,
        Some(domain) => host.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest == domain),
    }
}

/// Whether a name with a wildcard that no platform accepts was meant for this host: each label with its `*` as anything.
fn would_match(host: &str, name: &str) -> bool {
    let (host, name) = (normal(host), normal(name));
    let (labels, patterns): (Vec<_>, Vec<_>) = (host.split('.').collect(), name.split('.').collect());
    name.contains('*')
        && labels.len() == patterns.len()
        && labels.iter().zip(patterns).all(|(l, p)| label_would_match(l, p))
}

fn label_would_match(label: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = label.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

/// Lower case, without the dot that ends an absolute name.
fn normal(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_match_as_the_platforms_match_them() {
        for (host, name, expected) in [
            ("ds.example.com", "ds.example.com", true),
            ("ds.example.com", "DS.Example.COM", true),
            ("ds.example.com", "ds.example.com.", true),
            ("ds.example.com", "*.example.com", true),
            ("ds.example.com", "*.EXAMPLE.com.", true),
            ("xn--bcher-kva.example", "xn--bcher-kva.example", true),
            ("xn--bcher-kva.example", "*.example", true),
            ("xn--bcher-kva.example", "bücher.example", false),
            ("a.ds.example.com", "*.example.com", false),
            ("example.com", "*.example.com", false),
            ("ds.example.com", "*.*.com", false),
            ("ds.example.com", "d*.example.com", false),
            ("ds.example.com", "*s.example.com", false),
            ("ds.example.com", "ds.*.com", false),
            ("ds.example.com", "*", false),
            ("ds.example.com", "*.", false),
            ("ds.example.com", "", false),
            ("ds.example.com", "ds.example.com\0.evil.example", false),
            ("ds.example.com", "example.com", false),
            ("notexample.com", "example.com", false),
            (".example.com", "*.example.com", false),
        ] {
            assert_eq!(matches(host, name), expected, "{host} {name:?}");
        }
    }

    #[test]
    fn a_wildcard_that_was_meant_for_the_host_is_known() {
        for (name, expected) in [
            ("d*.example.com", true),
            ("*s.example.com", true),
            ("d*s.example.com", true),
            ("ds.*.com", true),
            ("*.*.com", true),
            ("x*.example.com", false),
            ("d*x.example.com", false),
            ("d*.example.org", false),
            ("d*.com", false),
            ("ds.example.com", false),
        ] {
            assert_eq!(would_match("ds.example.com", name), expected, "{name}");
        }
    }
}
