//! Certificates.

use std::net::IpAddr;

use crate::{
    cause::{Cause, Difference, InterceptionProof},
    x509::{CertificateName, LinkFault, Place},
};

pub(super) fn tell(cause: &Cause) -> (String, String) {
    match cause {
        Cause::MissingIntermediate { certificate, issuer, key_id, found_among_supplied } => {
            missing(certificate, issuer, key_id.as_deref(), *found_among_supplied)
        }
        Cause::UntrustedRoot { root } => (
            format!("the chain ends in a root that is neither public nor declared: {}", named(root)),
            "if this is your own root, give it with --cacert (trust.ca_files) and have it on the devices; else find out who \
             re-signs the connection"
                .to_owned(),
        ),
        Cause::SelfSigned { certificate } => (
            format!("the server presents a self-signed certificate: {}", named(certificate)),
            "bind a certificate that a CA has issued".to_owned(),
        ),
        Cause::PathBroken { certificate, fault } => (
            format!("no path is valid: {} {}", named(certificate), link(fault)),
            "have this certificate issued anew, or send the right one in its place".to_owned(),
        ),
        Cause::CertificateUnreadable { position, detail } => (
            format!("certificate {} of the chain cannot be read: {detail}", position + 1),
            "bind a well-formed certificate".to_owned(),
        ),
        Cause::HandshakeSignatureInvalid { certificate } => (
            format!("the server cannot prove that it has the key of {}", named(certificate)),
            "bind the certificate together with its own private key; if it is, something in between replays it".to_owned(),
        ),
        Cause::ExpiredAlternativePath { certificate, not_after } => (
            format!("a second path leads through {}, which expired on {}", named(certificate), not_after.day()),
            stop_offering(certificate.place).to_owned(),
        ),
        Cause::WrongOrder { should_be } => {
            let order: Vec<String> = should_be.iter().map(|place| (place + 1).to_string()).collect();
            (
                format!("the chain is sent in the wrong order; right would be {}", order.join(", ")),
                "send the leaf first, and each certificate before its issuer".to_owned(),
            )
        }
        Cause::StrangerSent { certificate } => (
            format!("a certificate is sent that has nothing to do with the leaf: {}", named(certificate)),
            "remove it from the server's chain".to_owned(),
        ),
        Cause::SentTwice { certificate } => (
            format!("a certificate is sent more than once: {}", named(certificate)),
            "remove the double from the server's chain".to_owned(),
        ),
        Cause::NameMismatch { host, names } => (
            format!("the certificate is not for {host}; it is for {}", names_of(host, names)),
            format!("bind a certificate whose SAN holds {}, or use a name that it holds", in_san(host)),
        ),
        Cause::NameInCommonNameOnly { host, common_name } => (
            format!("{host} stands in the certificate's CN only ({common_name}), and no platform reads the CN"),
            format!("have the certificate issued with {} in its SAN", in_san(host)),
        ),
        Cause::PartialWildcard { host, pattern } => (
            format!("{pattern} does not cover {host}: a wildcard must be the whole leftmost label, and covers one label"),
            format!("have the certificate issued with {host} in its SAN"),
        ),
        Cause::Expired { certificate, not_after } => (
            format!("{} expired on {}", named(certificate), not_after.day()),
            renew(certificate),
        ),
        Cause::NotYetValid { certificate, not_before } => (
            format!("{} is not valid before {}", named(certificate), not_before),
            "bind it from that day on, or correct this machine's clock".to_owned(),
        ),
        Cause::ExpiresSoon { certificate, not_after, days } => (
            format!("{} expires on {}, in {days} days", named(certificate), not_after.day()),
            renew(certificate),
        ),
        Cause::KeysDiffer { keys, by, renewed } => {
            let told: Vec<String> =
                keys.iter().map(|(key, places)| format!("sha256//{key} at {}", places.join(", "))).collect();
            let renewed = if *renewed { "; one of them stands in a later certificate for the same names, as a renewal with a new key leaves it" } else { "" };
            (
                format!("different keys are presented {}: {}{renewed}", difference(*by), told.join("; ")),
                mend(*by).to_owned(),
            )
        }
        Cause::Intercepted { certificate, issuer, proof, declared } => {
            let known = if *declared { ", whose root counts here" } else { "" };
            (
                format!("{} is not the server's own: {} re-signs it{known}; {}", named(certificate), issuer.subject, proved(proof)),
                format!(
                    "except {} from TLS inspection {}: proxies, firewalls and virus scanners do that. Pinned devices refuse what is \
                     re-signed, and to trust its root changes nothing",
                    hosts(proof),
                    way(proof)
                ),
            )
        }
        _ => (String::new(), String::new()),
    }
}

/// A server need not send its root, so whoever is missing may be one.
fn missing(
    certificate: &CertificateName,
    issuer: &str,
    key_id: Option<&str>,
    found_among_supplied: bool,
) -> (String, String) {
    let key = key_id.map(|id| format!(", key identifier {id}")).unwrap_or_default();
    let (what, found, root) = if found_among_supplied {
        ("not sent", "; it is among the files you supplied", "")
    } else {
        let root = "; if it is your own root, give it with --cacert (trust.ca_files) and have it on the devices";
        ("neither sent nor known", "", root)
    };
    (
        format!("the issuer of {} is {what}: {issuer}{key}{found}", named(certificate)),
        format!(
            "install the intermediate {issuer} on this server, so that it is sent: Android fetches none by itself{root}"
        ),
    )
}

fn stop_offering(place: Place) -> &'static str {
    match place {
        Place::Leaf | Place::Intermediate => "stop sending the expired certificate: some clients choose that path",
        Place::Root => "remove the expired root wherever it is sent or trusted: some clients choose that path",
    }
}

fn proved(proof: &InterceptionProof) -> String {
    match proof {
        InterceptionProof::SignsDiscoveryToo { vantage, hosts } => {
            format!("seen from {vantage}, this one issuer, which is not public, signs for {}", super::series(hosts))
        }
        InterceptionProof::UnrelatedElsewhere { vantage, hosts, elsewhere } => format!(
            "seen from {vantage} it signs for {}, which have issuers of their own seen from {elsewhere}",
            super::series(hosts)
        ),
        InterceptionProof::TrustedElsewhere { vantage, host, elsewhere } => format!(
            "seen from {vantage} its root is neither public nor declared, and seen from {elsewhere} the chain of {host} is \
             trusted and another"
        ),
        InterceptionProof::SignsForTheVendor { vantage, host } => format!(
            "seen from {vantage} its root is neither public nor declared, and {host} is the vendor's, with a public certificate"
        ),
    }
}

fn hosts(proof: &InterceptionProof) -> String {
    match proof {
        InterceptionProof::SignsDiscoveryToo { hosts, .. } | InterceptionProof::UnrelatedElsewhere { hosts, .. } => {
            super::series(hosts)
        }
        InterceptionProof::TrustedElsewhere { host, .. } | InterceptionProof::SignsForTheVendor { host, .. } => {
            host.clone()
        }
    }
}

fn way(proof: &InterceptionProof) -> String {
    let (InterceptionProof::SignsDiscoveryToo { vantage, .. }
    | InterceptionProof::UnrelatedElsewhere { vantage, .. }
    | InterceptionProof::TrustedElsewhere { vantage, .. }
    | InterceptionProof::SignsForTheVendor { vantage, .. }) = proof;
    format!("on the way from {}", vantage.place())
}

pub(super) fn named(certificate: &CertificateName) -> String {
    let place = match certificate.place {
        Place::Leaf => "the leaf",
        Place::Intermediate => "the intermediate",
        Place::Root => "the root",
    };
    format!("{place} {} (serial {})", certificate.subject, certificate.serial)
}

/// The host itself is among them only if it is an address that stands there as a dNSName, which is not compared with one.
fn names_of(host: &str, names: &[String]) -> String {
    let name = |name: &String| if name == host { format!("{name} as a dNSName") } else { name.clone() };
    let names: Vec<String> = names.iter().map(name).collect();
    if names.is_empty() { "no host at all (none stands in a SAN)".to_owned() } else { names.join(", ") }
}

fn in_san(host: &str) -> String {
    if host.parse::<IpAddr>().is_ok() { format!("{host} as an iPAddress") } else { host.to_owned() }
}

fn renew(certificate: &CertificateName) -> String {
    match certificate.place {
        Place::Leaf => "renew it; with the same key nothing changes for pinned devices, a new key must be pinned first",
        Place::Intermediate => {
            "send the issuer's current certificate in its place, or have the leaf issued by a CA that lasts"
        }
        Place::Root => {
            "have the root's current certificate on the devices and in the files you supply, or the leaf issued below a root \
             that lasts"
        }
    }
    .to_owned()
}

pub(super) fn link(fault: &LinkFault) -> String {
    match fault {
        LinkFault::BadSignature => "bears a signature that its issuer's key did not make".to_owned(),
        LinkFault::UnsupportedSignature { algorithm } => {
            format!("is signed with {algorithm}, which cannot be verified")
        }
        LinkFault::NotACa => "has issued another certificate, but is no CA".to_owned(),
        LinkFault::NoCertSign => "has issued another certificate, but its key usage does not allow that".to_owned(),
        LinkFault::PathLength { allowed, found } => {
            format!("allows {allowed} further CAs below it, and there are {found}")
        }
        LinkFault::NameConstraints => {
            "does not allow the names of the certificates below it (name constraints)".to_owned()
        }
        LinkFault::UnknownCriticalExtension { oid } => format!("has a critical extension that nobody knows ({oid})"),
        LinkFault::Version1 => "is of X.509 version 1, which is no longer accepted".to_owned(),
        LinkFault::TooLong => "stands below more intermediates than are accepted".to_owned(),
        LinkFault::Other { detail } => format!("is refused ({detail})"),
    }
}

fn difference(by: Difference) -> &'static str {
    match by {
        Difference::Address => "by different servers",
        Difference::Family => "on IPv4 and IPv6",
        Difference::Repeat => "by one address from one connection to the next",
        Difference::Sni => "with and without SNI",
        Difference::Version => "on TLS 1.2 alone and on what clients of today choose",
    }
}

fn mend(by: Difference) -> &'static str {
    match by {
        Difference::Sni => "bind the same certificate as the default of this address: clients without SNI get that one",
        Difference::Version => {
            "bind the same certificate for every version of TLS: old phones and some proxies speak TLS 1.2 alone"
        }
        Difference::Address | Difference::Family | Difference::Repeat => {
            "bind the same certificate everywhere, or have every key pinned"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{prose, recording::CertId, time::Timestamp};

    fn certificate(place: Place) -> CertificateName {
        let (subject, issuer) = ("CN=I".to_owned(), "CN=R".to_owned());
        CertificateName { id: CertId::of(b"I"), subject, issuer, serial: "01".to_owned(), place }
    }

    #[test]
    fn who_is_missing_may_be_a_root_unless_it_was_supplied() {
        let missing = |found_among_supplied| {
            let (certificate, issuer) = (certificate(Place::Intermediate), "CN=R".to_owned());
            prose::remedy(&Cause::MissingIntermediate { certificate, issuer, key_id: None, found_among_supplied })
        };
        let install =
            "install the intermediate CN=R on this server, so that it is sent: Android fetches none by itself";
        assert_eq!(missing(true), install);
        let root = "if it is your own root, give it with --cacert (trust.ca_files) and have it on the devices";
        assert_eq!(missing(false), format!("{install}; {root}"));
    }

    #[test]
    fn an_expired_root_is_not_mended_by_what_is_sent() {
        let not_after = Timestamp(0);
        for place in [Place::Leaf, Place::Intermediate, Place::Root] {
            let causes = [
                Cause::Expired { certificate: certificate(place), not_after },
                Cause::ExpiresSoon { certificate: certificate(place), not_after, days: 1 },
                Cause::ExpiredAlternativePath { certificate: certificate(place), not_after },
            ];
            for cause in causes {
                let asks_to_send =
                    ["send the ", "stop sending"].iter().any(|words| prose::remedy(&cause).contains(words));
                assert!(place != Place::Root || !asks_to_send, "{cause:?}");
            }
        }
    }

    #[test]
    fn a_san_without_hosts_is_not_told_as_none() {
        let told = prose::message(&Cause::NameMismatch { host: "ds.example.com".to_owned(), names: Vec::new() });
        assert_eq!(told, "the certificate is not for ds.example.com; it is for no host at all (none stands in a SAN)");
    }

    #[test]
    fn an_address_as_a_dns_name_is_told_as_such() {
        let (host, names) = ("10.1.0.11".to_owned(), vec!["10.1.0.11".to_owned(), "10.1.0.12".to_owned()]);
        let cause = Cause::NameMismatch { host, names };
        let told = "the certificate is not for 10.1.0.11; it is for 10.1.0.11 as a dNSName, 10.1.0.12";
        assert_eq!(prose::message(&cause), told);
        assert!(prose::remedy(&cause).contains("whose SAN holds 10.1.0.11 as an iPAddress"));
    }
}
