//! The Trust Service's own certificate.

use super::tls::named;
use crate::cause::{Cause, Sharing};

pub(super) fn tell(cause: &Cause) -> (String, String) {
    match cause {
        Cause::IssuedElsewhere { certificate, root } => (
            format!(
                "{} is sound, but ends in {root} and not in the Workspace ONE signing root, in which the known client \
                 anchors this connection",
                named(certificate)
            ),
            "have its CSR signed in the Workspace ONE portal (My Company › Certificate Signing Portal) and bind that \
             certificate; if another root is meant, give it as trust_service.signing_root"
                .to_owned(),
        ),
        Cause::CertificateNotBound { presented, expected, declared } => (
            format!(
                "another certificate is presented here than {}: {} (serial {}) instead of {} (serial {})",
                if *declared { "the declared one" } else { "under the Trust Service's name" },
                presented.subject,
                presented.serial,
                expected.subject,
                expected.serial,
            ),
            "bind the certificate that was signed in the Workspace ONE portal on this server too, balancers and reverse \
             proxies included"
                .to_owned(),
        ),
        Cause::PortShared { sharing, host, presented } => {
            let what = presented.as_ref().map_or_else(|| "a certificate".to_owned(), named);
            let message = match sharing {
                Sharing::Url => format!("the Trust Service's URL has the host and port of Device Services ({host})"),
                Sharing::Address => format!("the Trust Service has the address and port of Device Services ({host})"),
                Sharing::DeviceServices => {
                    format!("Device Services answers on the Trust Service's port too: under {host}, {what} is presented")
                }
                Sharing::TrustService => {
                    format!("the Trust Service answers on Device Services' port too: under {host}, {what} is presented")
                }
                Sharing::Other => {
                    format!("another application answers on the Trust Service's port: under {host}, {what} is presented")
                }
            };
            let remedy = "give the Trust Service a port of its own, and save the URL with that port in the console; where \
                          this is a reverse proxy that tells the names apart, declare it under \
                          device_services.reverse_proxies";
            (message, remedy.to_owned())
        }
        _ => (String::new(), String::new()),
    }
}
