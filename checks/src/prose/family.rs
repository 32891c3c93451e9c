//! IPv4 and IPv6.

use super::tls::named;
use crate::{cause::Cause, x509::CertificateName};

pub(super) fn tell(cause: &Cause) -> (String, String) {
    match cause {
        Cause::FamilySilent { name, family, addresses, answering } => {
            let records = if *family == "IPv6" { "AAAA" } else { "A" };
            (
                format!(
                    "no {family} address of {name} answers ({}), while {} does",
                    addresses.join("; "),
                    answering.join(", ")
                ),
                format!(
                    "open the way to these {family} addresses, or take the {records} records out of DNS: devices try them too, \
                     and on a network of that family alone they have nothing else"
                ),
            )
        }
        Cause::FamiliesDiffer { name, v4, v6 } => (
            format!(
                "IPv4 and IPv6 of {name} lead to different keys by different issuers: on IPv4 {}, on IPv6 {}",
                told(v4),
                told(v6)
            ),
            "find out who answers on each family: a device that inspects TLS often stands in the way of one only; where \
             both are right, nothing needs to be done"
                .to_owned(),
        ),
        _ => (String::new(), String::new()),
    }
}

fn told(leaves: &[CertificateName]) -> String {
    let told: Vec<String> = leaves.iter().map(|leaf| format!("{} by {}", named(leaf), leaf.issuer)).collect();
    told.join(", ")
}
