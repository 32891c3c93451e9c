//! One certificate's DER → its facts. What is odd but harmless is read; what cannot be understood is named.

use std::sync::Arc;

use data_encoding::{BASE64, HEXLOWER};
use ring::digest;
use x509_parser::{
    certificate::{X509Certificate, X509CertificateParser},
    error::X509Error,
    nom::{Err, Parser as _, error::ErrorKind},
    prelude::FromDer as _,
    x509::SubjectPublicKeyInfo,
};

use super::{
    CertificateFacts, KeyFacts, KeyKind, Unreadable, der, name,
    signature::{self, Verdict},
};
use crate::{recording::CertId, time::Timestamp};

/// The longest certificate that is read: twice what TLS can carry.
pub(super) const LONGEST: usize = 128 * 1024;

/// Reads one certificate.
pub fn read(der: &[u8]) -> Result<CertificateFacts, Unreadable> {
    parse(der).map(|parsed| Arc::unwrap_or_clone(parsed.facts))
}

/// Reads a SubjectPublicKeyInfo with nothing behind it.
pub fn read_key(spki: &[u8]) -> Option<KeyFacts> {
    let (rest, read) = SubjectPublicKeyInfo::from_der(spki).ok()?;
    (spki.len() <= LONGEST && rest.is_empty()).then(|| key(&read))
}

/// A DER Name as RFC 4514 writes it.
pub fn subject_of(name: &[u8]) -> String {
    name::rfc4514(der::inside(name, der::SEQUENCE).unwrap_or_default())
}

/// A certificate as parsed, for whoever must verify it.
pub(super) struct Parsed<'a> {
    pub facts: Arc<CertificateFacts>,
    pub der: &'a [u8],
    pub certificate: X509Certificate<'a>,
}

pub(super) fn parse(der: &[u8]) -> Result<Parsed<'_>, Unreadable> {
    let id = CertId::of(der);
    let unreadable = |detail: &str| Unreadable { id: id.clone(), detail: detail.to_owned() };
    if der.len() > LONGEST {
        return Err(unreadable("longer than 128 KiB"));
    }
    let parsed = X509CertificateParser::new().with_deep_parse_extensions(false).parse(der);
    let (rest, certificate) = parsed.map_err(|error| match error {
        Err::Incomplete(_) | Err::Error(X509Error::NomError(ErrorKind::Eof)) => unreadable("cut short, or no DER"),
        Err::Error(error) | Err::Failure(error) => unreadable(&error.to_string()),
    })?;
    if !rest.is_empty() {
        return Err(unreadable(&format!("{} bytes follow the certificate", rest.len())));
    }
    Ok(Parsed { facts: Arc::new(facts(id, der, &certificate)), der, certificate })
}

fn facts(id: CertId, der: &[u8], certificate: &X509Certificate<'_>) -> CertificateFacts {
    let subject = der::inside(certificate.subject().as_raw(), der::SEQUENCE).unwrap_or_default();
    let issuer = der::inside(certificate.issuer().as_raw(), der::SEQUENCE).unwrap_or_default();
    let extensions = Extensions::of(certificate);
    let self_issued = certificate.subject().as_raw() == certificate.issuer().as_raw();
    let self_signed = match (self_issued, self_issued.then(|| signature::verify(certificate, certificate.public_key())))
    {
        (true, Some(Verdict::Valid)) => Some(true),
        (true, Some(Verdict::Invalid)) => Some(false),
        _ => None,
    };
    CertificateFacts {
        id,
        sha1: HEXLOWER.encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, der).as_ref()),
        subject: name::rfc4514(subject),
        issuer: name::rfc4514(issuer),
        common_name: name::common_name(subject),
        serial: der::colons(without_sign(certificate.raw_serial())),
        version: certificate.version().0.saturating_add(1),
        not_before: Timestamp(certificate.validity().not_before.timestamp()),
        not_after: Timestamp(certificate.validity().not_after.timestamp()),
        dns_names: extensions.dns_names,
        ip_addresses: extensions.ip_addresses,
        emails: extensions.emails,
        has_san: extensions.has_san,
        key: key(certificate.public_key()),
        signature_algorithm: signature::algorithm_name(certificate.signature_algorithm.algorithm.as_bytes()),
        self_issued,
        self_signed,
        is_ca: extensions.is_ca,
        path_len: extensions.path_len,
        key_usage: extensions.key_usage,
        extended_key_usage: extensions.extended_key_usage,
        subject_key_id: extensions.subject_key_id,
        authority_key_id: extensions.authority_key_id,
        unknown_critical: extensions.unknown_critical,
        has_name_constraints: extensions.has_name_constraints,
    }
}

/// An INTEGER's contents without the zero that only says that it is positive.
fn without_sign(integer: &[u8]) -> &[u8] {
    match integer {
        [0, rest @ ..] if !rest.is_empty() => rest,
        all => all,
    }
}

pub(super) fn key(key: &SubjectPublicKeyInfo<'_>) -> KeyFacts {
    let bits = &key.subject_public_key.data;
    let parameters = key.algorithm.parameters.as_ref();
    let kind = match der::dotted(key.algorithm.algorithm.as_bytes()).as_str() {
        oid @ ("1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.10") => {
            let (bits, exponent) = rsa_key(bits).unwrap_or((0, None));
            let exponent = exponent.map(|e| e.to_string()).unwrap_or_default();
            if oid.ends_with(".10") { KeyKind::RsaPss { bits, exponent } } else { KeyKind::Rsa { bits, exponent } }
        }
        "1.2.840.10045.2.1" => {
            let curve =
                parameters.filter(|any| any.header.tag().0 == u32::from(der::OID)).map(|any| der::dotted(any.data));
            KeyKind::Ec { curve: curve.map_or_else(|| "unnamed".to_owned(), |oid| curve_name(&oid)) }
        }
        "1.3.101.112" => KeyKind::Ed25519,
        oid => KeyKind::Other { oid: oid.to_owned() },
    };
    let words = match &kind {
        KeyKind::Rsa { bits: 0, .. } => "RSA, unreadable".to_owned(),
        KeyKind::Rsa { bits, .. } => format!("RSA {bits}"),
        KeyKind::RsaPss { bits, .. } => format!("RSA-PSS {bits}"),
        KeyKind::Ec { curve } => format!("EC {curve}"),
        KeyKind::Ed25519 => "Ed25519".to_owned(),
        KeyKind::Other { oid } => match oid.as_str() {
            "1.2.840.10040.4.1" => "DSA".to_owned(),
            "1.3.101.113" => "Ed448".to_owned(),
            oid => oid.to_owned(),
        },
    };
    KeyFacts {
        words,
        rsa_public_key_hex: matches!(kind, KeyKind::Rsa { .. }).then(|| HEXLOWER.encode(bits)),
        kind,
        spki_sha256: BASE64.encode(digest::digest(&digest::SHA256, key.raw).as_ref()),
        spki_hex: HEXLOWER.encode(key.raw),
    }
}

/// Bits of the modulus, and the exponent unless it is longer than any in use, of a PKCS#1 `RSAPublicKey`.
pub(super) fn rsa_key(pkcs1: &[u8]) -> Option<(u32, Option<u128>)> {
    let (modulus, exponent) = rsa_integers(pkcs1)?;
    let bits = u32::try_from(modulus.len()).ok()?.checked_mul(8)?.checked_sub(modulus.first()?.leading_zeros())?;
    let exponent =
        (exponent.len() <= 16).then(|| exponent.iter().fold(0, |sum: u128, byte| sum << 8 | u128::from(*byte)));
    Some((bits, exponent))
}

/// Modulus and exponent, without leading zeros, of a PKCS#1 `RSAPublicKey`.
pub(super) fn rsa_integers(pkcs1: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut integers = der::elements(der::inside(pkcs1, der::SEQUENCE)?).filter(|element| element.tag == der::INTEGER);
    let mut next = || {
        let integer = integers.next()?.contents;
        integer.get(integer.iter().position(|byte| *byte != 0).unwrap_or(integer.len())..)
    };
    Some((next()?, next()?))
}

fn curve_name(oid: &str) -> String {
    let name = match oid {
        "1.2.840.10045.3.1.1" => "P-192",
        "1.2.840.10045.3.1.7" => "P-256",
        "1.3.132.0.10" => "secp256k1",
        "1.3.132.0.33" => "P-224",
        "1.3.132.0.34" => "P-384",
        "1.3.132.0.35" => "P-521",
        other => other,
    };
    name.to_owned()
}

/// What is read of a certificate's extensions; the first of each kind counts.
#[derive(Default)]
pub(super) struct Extensions {
    pub dns_names: Vec<String>,
    pub ip_addresses: Vec<String>,
    pub emails: Vec<String>,
    pub has_san: bool,
    is_ca: Option<bool>,
    path_len: Option<u32>,
    key_usage: Option<Vec<String>>,
    extended_key_usage: Option<Vec<String>>,
    subject_key_id: Option<String>,
    authority_key_id: Option<String>,
    unknown_critical: Vec<String>,
    has_name_constraints: bool,
}

/// The extensions of RFC 5280 other than those read below: policies, alternative issuer names, revocation lists and
/// where to find more.
const KNOWN: [&str; 11] = [
    "2.5.29.9",
    "2.5.29.16",
    "2.5.29.18",
    "2.5.29.31",
    "2.5.29.32",
    "2.5.29.33",
    "2.5.29.36",
    "2.5.29.46",
    "2.5.29.54",
    "1.3.6.1.5.5.7.1.1",
    "1.3.6.1.5.5.7.1.11",
];

impl Extensions {
    fn of(certificate: &X509Certificate<'_>) -> Self {
        let mut all = Self::default();
        for extension in certificate.extensions() {
            let value = extension.value;
            let oid = der::dotted(extension.oid.as_bytes());
            match oid.as_str() {
                "2.5.29.14" if all.subject_key_id.is_none() => {
                    all.subject_key_id = der::inside(value, der::OCTET_STRING).map(der::colons);
                }
                "2.5.29.15" if all.key_usage.is_none() => all.key_usage = Some(key_usage(value)),
                "2.5.29.17" if !all.has_san => all.alternative_names(value),
                "2.5.29.19" if all.is_ca.is_none() => all.basic_constraints(value),
                "2.5.29.30" => all.has_name_constraints = true,
                "2.5.29.35" if all.authority_key_id.is_none() => {
                    let mut fields = der::elements(der::inside(value, der::SEQUENCE).unwrap_or_default());
                    all.authority_key_id =
                        fields.find(|field| field.tag == 0x80).map(|field| der::colons(field.contents));
                }
                "2.5.29.37" if all.extended_key_usage.is_none() => {
                    all.extended_key_usage = Some(extended_key_usage(value));
                }
                "2.5.29.14" | "2.5.29.15" | "2.5.29.17" | "2.5.29.19" | "2.5.29.35" | "2.5.29.37" => {}
                known if KNOWN.contains(&known) => {}
                _ if extension.critical => all.unknown_critical.push(oid),
                _ => {}
            }
        }
        all
    }

    pub fn alternative_names(&mut self, value: &[u8]) {
        self.has_san = true;
        for name in der::elements(der::inside(value, der::SEQUENCE).unwrap_or_default()) {
            let text = || String::from_utf8_lossy(name.contents).into_owned();
            match name.tag {
                0x81 => self.emails.push(text()),
                0x82 => self.dns_names.push(text()),
                0x87 => self.ip_addresses.push(ip_address(name.contents)),
                _ => {}
            }
        }
    }

    fn basic_constraints(&mut self, value: &[u8]) {
        let Some(fields) = der::inside(value, der::SEQUENCE) else { return };
        self.is_ca = Some(false);
        for field in der::elements(fields) {
            match field.tag {
                der::BOOLEAN => self.is_ca = Some(field.contents.iter().any(|byte| *byte != 0)),
                der::INTEGER => {
                    let fold = |sum: u32, byte: &u8| sum.checked_mul(256)?.checked_add(u32::from(*byte));
                    let length = field.contents.iter().try_fold(0, fold);
                    self.path_len = Some(length.unwrap_or(u32::MAX));
                }
                _ => {}
            }
        }
    }
}

fn ip_address(bytes: &[u8]) -> String {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return std::net::Ipv4Addr::from(v4).to_string();
    }
    match <[u8; 16]>::try_from(bytes) {
        Ok(v6) => std::net::Ipv6Addr::from(v6).to_string(),
        Err(_) => format!("#{}", HEXLOWER.encode(bytes)),
    }
}

fn key_usage(value: &[u8]) -> Vec<String> {
    const NAMES: [&str; 9] = [
        "digitalSignature",
        "nonRepudiation",
        "keyEncipherment",
        "dataEncipherment",
        "keyAgreement",
        "keyCertSign",
        "cRLSign",
        "encipherOnly",
        "decipherOnly",
    ];
    let bits = der::inside(value, der::BIT_STRING).and_then(|string| string.get(1..)).unwrap_or_default();
    let is_set = |at: usize| bits.get(at / 8).is_some_and(|byte| byte & (0x80 >> (at % 8)) != 0);
    NAMES.iter().enumerate().filter(|(at, _)| is_set(*at)).map(|(_, name)| (*name).to_owned()).collect()
}

fn extended_key_usage(value: &[u8]) -> Vec<String> {
    let usages = der::elements(der::inside(value, der::SEQUENCE).unwrap_or_default());
    let usages = usages.filter(|usage| usage.tag == der::OID).map(|usage| der::dotted(usage.contents));
    let name = |oid: String| match oid.as_str() {
        "1.3.6.1.5.5.7.3.1" => "serverAuth".to_owned(),
        "1.3.6.1.5.5.7.3.2" => "clientAuth".to_owned(),
        "1.3.6.1.5.5.7.3.3" => "codeSigning".to_owned(),
        "1.3.6.1.5.5.7.3.4" => "emailProtection".to_owned(),
        "1.3.6.1.5.5.7.3.8" => "timeStamping".to_owned(),
        "1.3.6.1.5.5.7.3.9" => "OCSPSigning".to_owned(),
        "2.5.29.37.0" => "anyExtendedKeyUsage".to_owned(),
        _ => oid,
    };
    usages.map(name).collect()
}
