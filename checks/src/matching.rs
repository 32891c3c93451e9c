//! Whether a name in a certificate, or in a request for one, is good for a host: by the platforms' rules.

use std::net::IpAddr;

/// Whether these subject alternative names are good for a host, which may be an address.
pub fn covers(host: &str, dns_names: &[String], ip_addresses: &[String]) -> bool {
    match host.parse::<IpAddr>() {
        // An address is compared as an address, never as text (RFC 9525, 6.5).
        Ok(ip) => ip_addresses.iter().any(|name| name.parse::<IpAddr>() == Ok(ip)),
        Err(_) => dns_names.iter().any(|name| matches(host, name)),
    }
}

/// RFC 9525, 6.3: labels compared without regard to case; a wildcard is the whole leftmost label and covers one label.
pub fn matches(host: &str, name: &str) -> bool {
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
pub fn would_match(host: &str, name: &str) -> bool {
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
pub fn normal(name: &str) -> String {
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
