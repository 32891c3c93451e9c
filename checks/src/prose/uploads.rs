//! Uploaded certificates, and those to come.

use crate::cause::{Cause, NextFault};

pub(super) fn tell(cause: &Cause) -> (String, String) {
    match cause {
        Cause::KeyNotUploaded { role, certificate, spki_sha256, pinned } => (
            format!(
                "this {} presents a key that is not among the uploaded certificates ({}, serial {}, sha256//{spki_sha256}){}",
                role.words(),
                certificate.subject,
                certificate.serial,
                if *pinned { "; it is pinned today all the same, and the next upload may drop its pin" } else { "" },
            ),
            "upload this certificate in the console too, and name its file under device_services.certificates; pinflight \
             gather writes it"
                .to_owned(),
        ),
        Cause::UploadStale { certificate, spki_sha256, pinned } => (
            format!(
                "no server presents the key of this certificate ({}, serial {}, sha256//{spki_sha256}){}",
                certificate.subject,
                certificate.serial,
                match pinned {
                    Some(true) => ", and it is still pinned",
                    Some(false) => ", and it is not pinned",
                    None => "",
                },
            ),
            "if a server has it that was not declared, declare that server; if it is to come, name it under \
             device_services.next_certificates; otherwise remove it in the console and from device_services.certificates"
                .to_owned(),
        ),
        Cause::UploadExpired { certificate, not_after } => (
            format!(
                "this certificate ({}, serial {}) ended on {not_after}; its key lives on under a renewed one, so its pin \
                 still matches",
                certificate.subject, certificate.serial,
            ),
            "upload the renewed certificate, and name its file under device_services.certificates".to_owned(),
        ),
        _ => (String::new(), String::new()),
    }
}

pub(super) fn next(cause: &Cause) -> (String, String) {
    match cause {
        // The pin itself, of some five hundred characters, is in the cause.
        Cause::NextKeyNotPinned {
            pins_source, certificate, hours_before, in_use_until, publish_by, too_late, ..
        } => {
            let before = span(*hours_before);
            let deadline = if *too_late {
                format!("which leaves less than the {before} that devices may need to learn a pin")
            } else {
                format!("so publish its pin by {publish_by}")
            };
            (
                format!(
                    "the key of this certificate to come ({}, serial {}) is not pinned in the {pins_source}; the first \
                     certificate in use ends on {in_use_until}, {deadline}",
                    certificate.subject, certificate.serial,
                ),
                if *too_late {
                    "renew with the key in use, which is pinned already; with the new key, devices that were offline are \
                     refused until they fetch its pin, so publish it at once (pinflight pins FILE prints it)"
                        .to_owned()
                } else {
                    format!(
                        "do not switch yet: upload this certificate beside those in use, see that its pin is answered \
                         (pinflight pins FILE prints it), wait {before}, then switch"
                    )
                },
            )
        }
        Cause::NextKeyUnknownToClient { certificate, key } => (
            format!(
                "the certificate to come has a key of type {key} ({}); what the known client compares then is not established",
                certificate.subject,
            ),
            "have it issued for an RSA key of 2048 bits or more, or try it with one device before the switch"
                .to_owned(),
        ),
        Cause::NextCertificateUnfit { certificate, fault } => {
            let who = format!("{}, serial {}", certificate.subject, certificate.serial);
            match fault {
                NextFault::Name { host, names } => (
                    format!("the certificate to come ({who}) is for {}, not for {host}", names_words(names)),
                    format!("have it issued again with {host} as a DNS name"),
                ),
                NextFault::Expired { not_after } => (
                    format!("the certificate to come ({who}) ended on {not_after}"),
                    "name the certificate that will be bound, or have it issued anew".to_owned(),
                ),
                NextFault::BeginsTooLate { not_before, in_use_until } => (
                    format!(
                        "the certificate to come ({who}) begins on {not_before}; the first one in use ends before, on \
                         {in_use_until}"
                    ),
                    "have it issued with an earlier beginning, so that both are valid while you switch".to_owned(),
                ),
            }
        }
        _ => (String::new(), String::new()),
    }
}

fn names_words(names: &[String]) -> String {
    if names.is_empty() { "no name at all".to_owned() } else { names.join(", ") }
}

/// `15 days`, or hours where they are no whole days.
fn span(hours: u64) -> String {
    match (hours / 24, hours % 24) {
        (1, 0) => "1 day".to_owned(),
        (days, 0) => format!("{days} days"),
        _ => format!("{hours} hours"),
    }
}
