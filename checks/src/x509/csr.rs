//! A certificate signing request's DER (PKCS#10, RFC 2986) → its facts. The outer structure is walked here, leniently, for
//! x509-parser refuses a whole request for one odd attribute of those that Windows adds; keys are read by x509-parser.

use serde::{Deserialize, Serialize};
use x509_parser::{
    asn1_rs::FromDer,
    x509::{AlgorithmIdentifier, SubjectPublicKeyInfo},
};

use super::{
    KeyFacts,
    der::{self, Element},
    name,
    read::{self, Extensions},
    signature::{self, Signed, Verdict},
};

/// The longest request that is read.
const LONGEST: usize = 128 * 1024;

/// extensionRequest (RFC 2985), and the same as Windows calls it (szOID_CERT_EXTENSIONS).
const EXTENSION_REQUESTS: [&str; 2] = ["1.2.840.113549.1.9.14", "1.3.6.1.4.1.311.2.1.14"];

/// A certificate signing request, read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CsrFacts {
    /// RFC 4514.
    pub subject: String,
    /// The attributes of the subject that have a short name and are text, in the request's order.
    pub attributes: Vec<(String, String)>,
    /// The subject's last CN.
    pub common_name: Option<String>,
    /// emailAddress in the subject.
    pub subject_emails: Vec<String>,
    /// SAN rfc822Name.
    pub san_emails: Vec<String>,
    /// SAN dNSName, as they stand.
    pub dns_names: Vec<String>,
    /// SAN iPAddress.
    pub ip_addresses: Vec<String>,
    /// The key to be certified.
    pub key: KeyFacts,
    /// Name of the signature's algorithm, or its OID.
    pub signature_algorithm: String,
    /// Whether the request is signed with that key; none: there is no such algorithm here.
    pub signature_valid: Option<bool>,
}

impl CsrFacts {
    /// Every e-mail address, the subject's first.
    pub fn emails(&self) -> impl Iterator<Item = &str> {
        self.subject_emails.iter().chain(&self.san_emails).map(String::as_str)
    }
}

/// Reads one request. The error says what about it is none.
pub fn read_csr(der: &[u8]) -> Result<CsrFacts, String> {
    if der.len() > LONGEST {
        return Err("longer than 128 KiB".to_owned());
    }
    let (outer, rest) = der::take(der).ok_or("cut short, or no DER")?;
    if !rest.is_empty() {
        return Err(format!("{} bytes follow the request", rest.len()));
    }
    let [info, algorithm, signature] = members(outer, "the request")?;
    let parts = all_members(info, "its inside")?;
    let [version, subject, key, attributes @ ..] = parts.as_slice() else {
        return Err("its inside lacks version, subject or key".to_owned());
    };
    if version.tag != der::INTEGER || subject.tag != der::SEQUENCE || key.tag != der::SEQUENCE {
        return Err("its inside is not version, subject and key".to_owned());
    }
    if !is_well_formed(subject.contents) {
        return Err("its subject is malformed".to_owned());
    }
    let (_, key) = SubjectPublicKeyInfo::from_der(key.whole).map_err(|error| format!("its key: {error}"))?;
    let (_, algorithm) = AlgorithmIdentifier::from_der(algorithm.whole)
        .map_err(|error| format!("its signature's algorithm: {error}"))?;
    // The first byte of a BIT STRING counts the bits that are left over: none, in a signature.
    let signature = match signature.contents.split_first() {
        Some((0, signature)) if signature.len() < LONGEST => signature,
        _ => return Err("its signature is malformed".to_owned()),
    };
    let extensions = requested(attributes)?;
    let signed = Signed { algorithm: &algorithm, message: info.whole, signature };
    Ok(CsrFacts {
        subject: name::rfc4514(subject.contents),
        attributes: name::attributes(subject.contents),
        common_name: name::common_name(subject.contents),
        subject_emails: name::emails(subject.contents),
        san_emails: extensions.emails,
        dns_names: extensions.dns_names,
        ip_addresses: extensions.ip_addresses,
        signature_algorithm: signature::algorithm_name(algorithm.algorithm.as_bytes()),
        signature_valid: match signed.verify(&key) {
            Verdict::Valid => Some(true),
            Verdict::Invalid => Some(false),
            Verdict::Unsupported => None,
        },
        key: read::key(&key),
    })
}

/// The subject alternative names of the extensions asked for. One that cannot be read whole is an error: a name that was
/// overlooked would pass unseen.
fn requested(attributes: &[Element<'_>]) -> Result<Extensions, String> {
    let mut found = Extensions::default();
    for attributes in attributes.iter().filter(|part| part.tag == 0xa0) {
        for attribute in all_members(*attributes, "its list of attributes")? {
            let parts = all_members(attribute, "an attribute")?;
            let [kind, values] = parts.as_slice() else { continue };
            if EXTENSION_REQUESTS.contains(&der::dotted(kind.contents).as_str()) {
                for extensions in all_members(*values, "its extensions")? {
                    alternative_names(&mut found, extensions)?;
                }
            }
        }
    }
    Ok(found)
}

fn alternative_names(found: &mut Extensions, extensions: Element<'_>) -> Result<(), String> {
    for extension in all_members(extensions, "its list of extensions")? {
        let parts = all_members(extension, "an extension")?;
        let (Some(kind), Some(value)) = (parts.first(), parts.last()) else { continue };
        if der::dotted(kind.contents) != "2.5.29.17" {
            continue;
        }
        if found.has_san {
            return Err("it has two subject alternative names".to_owned());
        }
        if !der::inside(value.contents, der::SEQUENCE).is_some_and(is_well_formed) {
            return Err("its subject alternative name is malformed".to_owned());
        }
        found.alternative_names(value.contents);
    }
    Ok(())
}

/// A sequence of exactly three: two sequences and a bit string.
fn members<'a>(outer: Element<'a>, what: &str) -> Result<[Element<'a>; 3], String> {
    let parts = all_members(outer, what)?;
    match parts.as_slice() {
        [info, algorithm, signature]
            if outer.tag == der::SEQUENCE
                && info.tag == der::SEQUENCE
                && algorithm.tag == der::SEQUENCE
                && signature.tag == der::BIT_STRING =>
        {
            Ok([*info, *algorithm, *signature])
        }
        _ => Err(format!("{what} is not of the form of PKCS#10")),
    }
}

/// Every element inside, with nothing left over.
fn all_members<'a>(outer: Element<'a>, what: &str) -> Result<Vec<Element<'a>>, String> {
    if !is_well_formed(outer.contents) {
        return Err(format!("{what} is malformed"));
    }
    Ok(der::elements(outer.contents).collect())
}

fn is_well_formed(contents: &[u8]) -> bool {
    der::elements(contents).map(|element| element.whole.len()).sum::<usize>() == contents.len()
}
