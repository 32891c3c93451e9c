//! Pins: their forms, their sources, and what the known client does with them (trust-service-protocol, "How the known
//! client decides").

pub mod forms;
mod source;

use std::ops::Range;

use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use x509_parser::prelude::{FromDer, SubjectPublicKeyInfo, X509Certificate};

pub(crate) use self::source::applied_name;
pub use self::source::{Book, EntryFault, HostEntry, PinSet, Source, SourceId, holds_host, unseen, unseen_pins};
use crate::{cause::PinFault, x509::der};

/// What a pin's text turns out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// A whole PKCS#1 RSAPublicKey in hex: lower-cased, what the known client compares.
    Key {
        /// Lower-case hex.
        hex: String,
        /// SHA-256 of the SPKI that holds this key, base64.
        spki_sha256: String,
    },
    /// Anything else.
    Fault(PinFault),
}

/// Reads a pin as it stands in an answer.
pub fn form(text: &str) -> Form {
    if text.is_empty() {
        return Form::Fault(PinFault::Empty);
    }
    if text.starts_with("sha256//") {
        return Form::Fault(PinFault::IsDigest);
    }
    let Ok(bytes) = HEXLOWER_PERMISSIVE.decode(text.as_bytes()) else {
        return Form::Fault(PinFault::NotHex);
    };
    if is_rsa_public_key(&bytes) {
        return Form::Key { hex: text.to_ascii_lowercase(), spki_sha256: spki_sha256_of_rsa(&bytes) };
    }
    let whole = |rest: &[u8]| rest.is_empty();
    if SubjectPublicKeyInfo::from_der(&bytes).is_ok_and(|(rest, _)| whole(rest)) {
        return Form::Fault(PinFault::IsSpki);
    }
    if X509Certificate::from_der(&bytes).is_ok_and(|(rest, _)| whole(rest)) {
        return Form::Fault(PinFault::IsCertificate);
    }
    if matches!(bytes.len(), 20 | 32) {
        return Form::Fault(PinFault::IsDigest);
    }
    Form::Fault(PinFault::Fragment)
}

/// SEQUENCE of two INTEGERs and nothing behind it (RFC 8017, A.1.1).
fn is_rsa_public_key(bytes: &[u8]) -> bool {
    modulus(bytes).is_some()
}

/// Where the modulus of a PKCS#1 key stands; none: it is no PKCS#1 key.
pub(crate) fn modulus(bytes: &[u8]) -> Option<Range<usize>> {
    let (modulus, rest) = der::take(der::inside(bytes, der::SEQUENCE)?)?;
    let exponent = der::inside(rest, der::INTEGER)?;
    let end = bytes.len() - rest.len();
    let is_key = modulus.tag == der::INTEGER && modulus.contents.len() >= 64 && !exponent.is_empty();
    is_key.then(|| end - modulus.contents.len()..end)
}

/// Digests a PKCS#1 key as `sha256//` pins have it: as an SPKI.
fn spki_sha256_of_rsa(key: &[u8]) -> String {
    BASE64.encode(ring::digest::digest(&ring::digest::SHA256, &spki_of_rsa(key)).as_ref())
}

/// A PKCS#1 key as an SPKI; none: it is no PKCS#1 key.
fn rsa_as_spki(key: &[u8]) -> Option<Vec<u8>> {
    is_rsa_public_key(key).then(|| spki_of_rsa(key))
}

fn spki_of_rsa(key: &[u8]) -> Vec<u8> {
    const RSA_ENCRYPTION: [u8; 15] =
        [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let bits = element(0x03, &[&[0], key].concat());
    element(0x30, &[RSA_ENCRYPTION.as_slice(), &bits].concat())
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let digits: Vec<u8> = length.into_iter().skip_while(|digit| *digit == 0).collect();
    let mut bytes = vec![tag];
    match digits.as_slice() {
        [] => bytes.push(0),
        [one] if *one < 0x80 => bytes.push(*one),
        more => {
            bytes.push(0x80 + u8::try_from(more.len()).unwrap_or(0x7f));
            bytes.extend(more);
        }
    }
    bytes.extend(content);
    bytes
}

/// A certificate that says nothing, but for a serial number and a key of these bytes: to stand for another.
pub(crate) fn certificate_of(bytes: &[u8]) -> Vec<u8> {
    const SHA256_WITH_RSA: [u8; 15] =
        [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00];
    let version = element(0xa0, &element(0x02, &[2]));
    let serial = element(0x02, &[&[1], bytes].concat());
    let day = element(0x17, b"200101000000Z");
    let validity = element(0x30, &[day.as_slice(), &day].concat());
    let name = element(0x30, &[]);
    let parts = [&version, &serial, SHA256_WITH_RSA.as_slice(), &name, &validity, &name, &spki_of_rsa(bytes)];
    let signature = element(0x03, &[&[0], bytes].concat());
    element(0x30, &[element(0x30, &parts.concat()).as_slice(), &SHA256_WITH_RSA, &signature].concat())
}

/// A pin short enough for a sentence: both ends and its length.
pub fn shorten(pin: &str) -> String {
    let characters = pin.chars().count();
    if characters <= 40 {
        return pin.to_owned();
    }
    let head: String = pin.chars().take(16).collect();
    let tail: String = pin.chars().skip(characters - 12).collect();
    format!("{head}…{tail} ({characters} characters)")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 1024-bit key as in the protocol's published sample: 140 bytes, `308189028181…0203010001`.
    fn sample() -> String {
        format!("308189028181009A2B32{}0203010001", "5A".repeat(125))
    }

    #[test]
    fn forms_are_told_apart() {
        let key = sample();
        assert!(matches!(form(&key), Form::Key { hex, .. } if hex == key.to_ascii_lowercase()));
        let bytes = HEXLOWER_PERMISSIVE.decode(key.as_bytes()).unwrap();
        let spki = format!("30819F300D06092A864886F70D010101050003818D00{key}");
        for (pin, fault) in [
            ("", PinFault::Empty),
            ("sha256//AAAA", PinFault::IsDigest),
            ("zz", PinFault::NotHex),
            ("abc", PinFault::NotHex),
            (&"ab".repeat(32), PinFault::IsDigest),
            (&"ab".repeat(20), PinFault::IsDigest),
            (&key[2..], PinFault::Fragment),
            (&key[..200], PinFault::Fragment),
            (&spki, PinFault::IsSpki),
        ] {
            assert_eq!(form(pin), Form::Fault(fault), "{pin}");
        }
        let spki = HEXLOWER_PERMISSIVE.decode(spki.as_bytes()).unwrap();
        let digest = BASE64.encode(ring::digest::digest(&ring::digest::SHA256, &spki).as_ref());
        assert_eq!(spki_sha256_of_rsa(&bytes), digest);
    }

    #[test]
    fn a_pkcs1_key_is_two_integers_of_which_the_first_is_long_enough() {
        let key = |modulus: &[u8], exponent: &[u8], behind: &[u8]| {
            let numbers = [element(0x02, modulus), element(0x02, exponent), behind.to_vec()].concat();
            element(0x30, &numbers)
        };
        for length in [64, 127, 128, 255, 256, 65_535, 65_536] {
            let bytes = key(&vec![0x5a; length], &[3], &[]);
            assert_eq!(modulus(&bytes), Some(bytes.len() - 3 - length..bytes.len() - 3), "{length}");
            assert!(rsa_as_spki(&bytes).is_some_and(|spki| spki.ends_with(&[&[0], bytes.as_slice()].concat())));
        }
        let long = [0x5a; 64];
        let of_other_tags = [element(0x30, &[element(0x03, &long), element(0x02, &[3])].concat()), element(0x31, &[])];
        let long_enough = key(&long, &[3], &[]);
        for bytes in [
            key(&long[1..], &[3], &[]),
            key(&long, &[], &[]),
            key(&long, &[3], &[5, 0]),
            element(0x30, &element(0x02, &long)),
            [long_enough.as_slice(), &[0]].concat(),
            vec![],
        ]
        .iter()
        .chain(&of_other_tags)
        {
            assert_eq!((modulus(bytes), rsa_as_spki(bytes)), (None, None), "{bytes:x?}");
        }
    }

    #[test]
    fn an_element_has_the_shortest_length_there_is() {
        for (length, head) in [
            (0, vec![4, 0]),
            (1, vec![4, 1]),
            (0x7f, vec![4, 0x7f]),
            (0x80, vec![4, 0x81, 0x80]),
            (0x100, vec![4, 0x82, 1, 0]),
            (0x1_0000, vec![4, 0x83, 1, 0, 0]),
        ] {
            let content = vec![7; length];
            assert_eq!(element(4, &content), [head, content].concat());
        }
    }

    #[test]
    fn a_certificate_that_stands_for_another_can_be_read_and_has_a_key_of_its_own() {
        let made = certificate_of(&[1, 2, 3]);
        let (rest, read) = X509Certificate::from_der(&made).unwrap();
        assert!(rest.is_empty());
        assert_eq!(read.raw_serial(), [1, 1, 2, 3]);
        assert_eq!(read.public_key().subject_public_key.data.as_ref(), [1, 2, 3]);
        assert_eq!(read.signature_value.data.as_ref(), [1, 2, 3]);
        assert_ne!(certificate_of(&[1, 2, 4]), made);
    }

    #[test]
    fn a_pin_is_shortened_to_both_of_its_ends() {
        let of = |length: usize| "ä".repeat(length - 28) + &"x".repeat(28);
        assert_eq!(shorten(&of(40)), of(40));
        let pin = format!("{}{}{}", "a".repeat(16), "b".repeat(13), "c".repeat(12));
        assert_eq!(shorten(&pin), format!("{}…{} (41 characters)", "a".repeat(16), "c".repeat(12)));
    }
}
