//! Pins and keys.

use crate::cause::{Cause, PinFault};

pub(super) fn tell(cause: &Cause) -> (String, String) {
    match cause {
        Cause::PinMalformed { pins_source, host, pin, fault } => (
            format!("a pin of the {pins_source} for {host} {}{}", fault_words(fault), quoted(pin)),
            "upload the certificate itself in the console, so that the Trust Service derives the pin, and remove this entry"
                .to_owned(),
        ),
        Cause::PinnedHostNotLowerCase { pins_source, host } => (
            format!("the {pins_source} holds pins for {host}, not in lower case: the known client never finds them"),
            format!("register the host as {}", host.to_ascii_lowercase()),
        ),
        Cause::SeveralHosts { pins_source, hosts } => (
            format!(
                "the {pins_source} answers with several hosts ({}); the known client uses one of them, arbitrary, and may \
                 apply other pins than Device Services' or none",
                hosts.join(", "),
            ),
            "have every other entry removed from what is registered for this host".to_owned(),
        ),
        Cause::KeyNotPinned { pins_source, role: _, certificate, spki_sha256, pins, uploaded, only_tls12 } => (
            format!(
                "the key presented here{} is not pinned: it {} that devices get from the {pins_source} ({}, serial {}, \
                 sha256//{spki_sha256})",
                if *only_tls12 { " on TLS 1.2 alone, as old devices meet it," } else { "" },
                if *pins == 1 { "does not match the one pin".to_owned() } else { format!("matches none of the {pins} pins") },
                certificate.subject,
                certificate.serial,
            ),
            if *uploaded {
                "its certificate is among the uploaded files: upload it in the console (again), and check that the Trust \
                 Service has taken it over, before pinning is switched on"
                    .to_owned()
            } else {
                "upload this server's certificate in the console and wait until its pin is answered, or give the server a \
                 certificate with a pinned key, before pinning is switched on"
                    .to_owned()
            },
        ),
        Cause::KeyTypeUnknownToClient { role, certificate, key } => (
            format!(
                "this {} has a key of type {key} ({}); what the known client compares then is not established",
                role.words(),
                certificate.subject,
            ),
            "use a certificate with an RSA key of 2048 bits or more, or try it with one device before the roll-out".to_owned(),
        ),
        Cause::SourcesDiffer { used, other, only_used, only_other, hides } => (
            format!(
                "the {used} and the {other} hold different pins (only the former: {}; only the latter: {}){}",
                list(only_used),
                list(only_other),
                if *hides { "; a device that reaches the cloud never asks the Trust Service" } else { "" },
            ),
            if *hides {
                "upload the same certificates for both, or have the cloud registry's entry for this host removed".to_owned()
            } else {
                "upload what is missing in the console, and remove what is no longer in use".to_owned()
            },
        ),
        _ => (String::new(), String::new()),
    }
}

pub(super) fn hosts(cause: &Cause) -> (String, String) {
    match cause {
        Cause::ServedBySuffix { pins_source, host, name, at_dot } => (
            format!(
                "the {pins_source} holds no entry for {host}; the known client applies the pins of {name} to it, because \
                 the one ends like the other{}",
                if *at_dot { "" } else { ", though not at a dot: it is somebody else's name" },
            ),
            format!(
                "register Device Services under its own name, {host}; whether other clients match by suffix is not \
                 established"
            ),
        ),
        Cause::OtherHostPinned { pins_source, host, name, certificate, matches } => {
            let whose =
                if host == name { "pins for it".to_owned() } else { format!("pins for {name}, a suffix of its name") };
            let key = match matches {
                Some(true) => "matches one of them today",
                Some(false) => "matches none of them",
                None => "is no RSA key, so that what is compared is not established",
            };
            (
                format!(
                    "{host} is not Device Services, and yet pinned: the {pins_source} holds {whose}, and the key that it \
                     presents ({}, serial {}) {key}",
                    certificate.subject, certificate.serial,
                ),
                if host == name {
                    format!("have the entry for {host} removed, or corrected: a key without a pin is refused")
                } else {
                    format!(
                        "register Device Services' pins under its whole name instead of {name}, so that they reach no other host"
                    )
                },
            )
        }
        _ => (String::new(), String::new()),
    }
}

fn quoted(pin: &str) -> String {
    if pin.is_empty() { String::new() } else { format!(": {pin}") }
}

fn list(pins: &[String]) -> String {
    if pins.is_empty() { "none".to_owned() } else { pins.join(", ") }
}

fn fault_words(fault: &PinFault) -> String {
    match fault {
        PinFault::IsSpki => {
            "is a SubjectPublicKeyInfo; the known client compares the PKCS#1 key inside it, so it never matches"
                .to_owned()
        }
        PinFault::IsDigest => "is a digest; the known client compares whole keys, so it never matches".to_owned(),
        PinFault::IsCertificate => {
            "is a whole certificate; the known client compares keys, so it never matches".to_owned()
        }
        PinFault::Fragment => {
            "is only a part of a key, or something else in hex; it may match keys that nobody meant".to_owned()
        }
        PinFault::Empty => "is empty, and matches every key there is".to_owned(),
        PinFault::NotHex => "is not hexadecimal".to_owned(),
        PinFault::WrongType(found) => {
            format!("is {found} instead of a string; the known client throws the whole answer away")
        }
        PinFault::HostTwice => {
            "stands beside another entry of the same host; which of them counts is not established".to_owned()
        }
    }
}
