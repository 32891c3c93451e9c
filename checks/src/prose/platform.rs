//! What iOS and Android ask of a certificate.

use super::tls::named;
use crate::{
    platform::{IOS_ANY_ROOT, PlatformRule},
    x509::{CertificateName, Place},
};

/// What stands there, what is asked, by whom, and where it is written.
pub(super) fn tell(certificate: &CertificateName, rule: &PlatformRule) -> (String, String) {
    let (what, asked) = what(rule, certificate.place);
    let (who, source) = (rule.platform(), rule.source());
    (format!("{} {what}; {who} {asked} ({source})", named(certificate)), remedy(certificate.place, rule))
}

fn what(rule: &PlatformRule, place: Place) -> (String, String) {
    match rule {
        PlatformRule::KeyTooShort { bits } => {
            (format!("has an RSA key of {bits} bits"), "refuse less than 2048".to_owned())
        }
        PlatformRule::WeakSignature { algorithm } => {
            (format!("is signed with {algorithm}"), "take signatures of the SHA-2 family alone".to_owned())
        }
        PlatformRule::NoServerAuth { usages } => {
            let has = match usages {
                None => "has no extended key usage".to_owned(),
                Some(usages) if usages.is_empty() => "has an extended key usage that names nothing".to_owned(),
                Some(usages) => format!("has the extended key usage {}", usages.join(", ")),
            };
            let asked = match place {
                Place::Leaf => "ask for serverAuth by name in a certificate issued since July 2019",
                Place::Intermediate | Place::Root => {
                    "take no server's certificate from a CA that is limited to other usages"
                }
            };
            (has, asked.to_owned())
        }
        PlatformRule::ValidityTooLong { days, limit } => {
            let since = if *limit == IOS_ANY_ROOT {
                "if it was issued since July 2019"
            } else {
                "below a public root, if it was issued since September 2020"
            };
            let verb = if *limit == IOS_ANY_ROOT { "accept" } else { "accepts" };
            (format!("is valid for {days} days"), format!("{verb} {limit} days at most {since}"))
        }
        PlatformRule::ValidityBeyondSchedule { days, limit } => {
            (format!("is valid for {days} days"), format!("has to keep to {limit} days at its date of issue"))
        }
        PlatformRule::SmallCurve { curve } => {
            (format!("has an EC key on {curve}"), "refuses curves of less than 256 bits".to_owned())
        }
        PlatformRule::UnlistedKey { key } => {
            (format!("has a key of a kind that TLS does not agree on: {key}"), "know RSA, P-256 and P-384".to_owned())
        }
        PlatformRule::UnusualKey { key } => (
            format!("has an unusual key or signature: {key}"),
            "are sure to take RSA, P-256 and P-384 alone".to_owned(),
        ),
        PlatformRule::LeafIsCa => {
            ("is a server's certificate and says that it is a CA".to_owned(), "may refuse it".to_owned())
        }
        PlatformRule::NoDigitalSignature => (
            "has a key usage without digitalSignature, yet signs every handshake of TLS 1.3 and ECDHE".to_owned(),
            "may refuse it".to_owned(),
        ),
        PlatformRule::NameTwice { name, more } => {
            let others = match more {
                0 => String::new(),
                1 => " and 1 other name".to_owned(),
                several => format!(" and {several} other names"),
            };
            (format!("has {name}{others} in its SAN more than once"), "may stumble over it".to_owned())
        }
    }
}

fn remedy(place: Place, rule: &PlatformRule) -> String {
    let leaf = match rule {
        PlatformRule::KeyTooShort { .. }
        | PlatformRule::SmallCurve { .. }
        | PlatformRule::UnlistedKey { .. }
        | PlatformRule::UnusualKey { .. } => {
            "have it issued for a new RSA key of 2048 bits or more, and pin that key before it is bound"
        }
        PlatformRule::WeakSignature { .. } => {
            "have it issued anew with SHA-256; with the same key nothing changes for pinned devices"
        }
        PlatformRule::NoServerAuth { .. } => {
            "have it issued anew with serverAuth (1.3.6.1.5.5.7.3.1) in its extended key usage; anyExtendedKeyUsage does not count"
        }
        PlatformRule::ValidityTooLong { limit, .. } | PlatformRule::ValidityBeyondSchedule { limit, .. } => {
            return format!(
                "have it issued anew for {limit} days at most; with the same key nothing changes for pinned devices"
            );
        }
        PlatformRule::LeafIsCa => "have it issued anew from a template for servers, with CA:FALSE",
        PlatformRule::NoDigitalSignature => "have it issued anew with digitalSignature in its key usage",
        PlatformRule::NameTwice { .. } => "have it issued anew with each name once in its SAN",
    };
    let issuer = match rule {
        PlatformRule::NoServerAuth { .. } => {
            "have the leaf issued by a CA that may issue for servers: one without an extended key usage, or with serverAuth in it"
        }
        PlatformRule::WeakSignature { .. } => {
            "have this CA's certificate issued anew with SHA-256, and send that one; the leaf stays as it is"
        }
        _ => "have the leaf issued by a CA with an RSA key of 2048 bits or more, on P-256 or on P-384",
    };
    match place {
        Place::Leaf => leaf.to_owned(),
        Place::Intermediate | Place::Root => issuer.to_owned(),
    }
}
