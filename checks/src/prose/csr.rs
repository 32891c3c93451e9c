//! The Trust Service's certificate signing request.

use super::tls::named;
use crate::cause::Cause;

pub(super) fn tell(cause: &Cause) -> (String, String) {
    let (message, remedy) = match cause {
        Cause::CsrUnreadable { detail } => (
            format!("it is no certificate signing request that can be read: {detail}"),
            "make the request again (pinflight csr FILE --fix prints how), and give the file whole",
        ),
        Cause::CsrSignatureInvalid { algorithm } => (
            format!("the request is not signed with the key that it is for ({algorithm})"),
            "make the request again on the machine that has the key: this one was changed after it was signed, or signed \
             with another key",
        ),
        Cause::CsrKeyWeak { key } => (
            format!("the request is for a key that devices do not take: {key}"),
            "make the request again with RSA of 2048 bits or more, P-256 or P-384 (pinflight csr FILE --fix prints how)",
        ),
        Cause::CsrKeyUnusual { key } => (
            format!("the request is for a key that not every platform takes: {key}"),
            "prefer RSA of 2048 bits or more with the exponent 65537, P-256 or P-384",
        ),
        Cause::CsrEmailMissing => (
            "the request has no e-mail address, neither in its subject nor in its subject alternative name".to_owned(),
            "make the request again with an e-mail address in the domain of the Workspace ONE ID (pinflight csr FILE --fix prints how), and have that one signed",
        ),
        Cause::CsrEmailElsewhere { emails, domain, inside } if inside.is_empty() => (
            format!(
                "the request's e-mail address {} is not in the Workspace ONE ID's domain {domain}",
                emails.join(", ")
            ),
            "make the request again with an address whose domain is exactly that one (pinflight csr FILE --fix prints \
             how); or correct trust_service.workspace_one_id_domain",
        ),
        Cause::CsrEmailElsewhere { emails, domain, inside } => (
            format!(
                "besides {} the request has {}, which is not in the Workspace ONE ID's domain {domain}; it is not known \
                 which one the portal reads",
                inside.join(", "),
                emails.join(", "),
            ),
            "leave the other address out of the request",
        ),
        Cause::CsrSeveralDnsNames { names } => (
            format!(
                "the request has {} DNS names in its subject alternative name, and not more than one is signed: {}",
                names.len(),
                names.join(", ")
            ),
            "make the request again with the Trust Service's host as its one DNS name (pinflight csr FILE --fix prints \
             how)",
        ),
        Cause::CsrNameMismatch { host, names } => (
            if names.is_empty() {
                format!("the request has no name that is good for {host}")
            } else {
                format!("the request is for {}, and not for {host}", names.join(", "))
            },
            "make the request again for the Trust Service's host (pinflight csr FILE --fix prints how); or correct \
             trust_service.url",
        ),
        Cause::CsrNameInCommonNameOnly { host } => (
            format!(
                "the request has {host} in its CN only; devices read the subject alternative name, and whether the \
                 signing service writes one is not known"
            ),
            "put the host into the subject alternative name as well (pinflight csr FILE --fix prints how)",
        ),
        Cause::CertificateNotFromCsr { certificate, csr_spki_sha256, certificate_spki_sha256 } => (
            format!(
                "{} has another key than the request: sha256//{certificate_spki_sha256} instead of \
                 sha256//{csr_spki_sha256}",
                named(certificate)
            ),
            "name the request from which it was signed as trust_service.csr, or have this request signed and bind that \
             certificate",
        ),
        Cause::CertificateNamesDiffer { certificate, only_csr, only_certificate } => (
            format!(
                "{} has the request's key, but not its DNS names{}{}",
                named(certificate),
                list("; only the request has", only_csr),
                list("; only the certificate has", only_certificate),
            ),
            "name the request from which it was signed as trust_service.csr, or have this request signed",
        ),
        _ => (String::new(), ""),
    };
    (message, remedy.to_owned())
}

fn list(before: &str, names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!("{before} {}", names.join(", ")) }
}
