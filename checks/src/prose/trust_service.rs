//! The Trust Service's own certificate.

use super::tls::named;
use crate::cause::Cause;

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
        _ => (String::new(), String::new()),
    }
}
