//! DER → facts: names, keys, pins, who signed whom, every candidate path and what breaks it.

mod chain;
mod csr;
pub(crate) mod der;
#[cfg(test)]
pub(crate) mod forge;
mod judge;
mod name;
mod paths;
mod pool;
mod rare;
mod read;
mod signature;
mod strength;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub(crate) use self::pool::{is_public_key, is_public_name};
pub use self::{
    chain::{chain_as_of, chains},
    csr::{CsrFacts, read_csr},
    pool::is_known_signing_root,
    read::{read, read_key, subject_of},
    strength::Strength,
};
use crate::{deployment::Role, recording::CertId, strict::bare, time::Timestamp};

/// Enough to tell a person which certificate is meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateName {
    /// Its id.
    pub id: CertId,
    /// Its subject, RFC 4514, or the first name of its SAN where the subject is empty.
    pub subject: String,
    /// Its issuer, RFC 4514.
    pub issuer: String,
    /// Its serial number, upper-case hex with colons.
    pub serial: String,
    /// Where in the path it stands.
    pub place: Place,
}

/// Where in a path a certificate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The server's own.
    Leaf,
    /// Between leaf and root.
    Intermediate,
    /// Its own issuer.
    Root,
}

/// One certificate, read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateFacts {
    /// SHA-256 of the DER.
    pub id: CertId,
    /// SHA-1 of the DER, lower-case hex: the thumbprint that Windows shows.
    pub sha1: String,
    /// RFC 4514.
    pub subject: String,
    /// RFC 4514.
    pub issuer: String,
    /// The subject's last CN.
    pub common_name: Option<String>,
    /// Upper-case hex with colons.
    pub serial: String,
    /// 1, 2 or 3.
    pub version: u32,
    /// First second.
    pub not_before: Timestamp,
    /// Last second.
    pub not_after: Timestamp,
    /// SAN dNSName, as they stand.
    pub dns_names: Vec<String>,
    /// SAN iPAddress.
    pub ip_addresses: Vec<String>,
    /// SAN rfc822Name.
    pub emails: Vec<String>,
    /// Whether there is a SAN at all.
    pub has_san: bool,
    /// Its key.
    pub key: KeyFacts,
    /// Name of the signature's algorithm: `sha256WithRSAEncryption`, or its OID.
    pub signature_algorithm: String,
    /// Subject equals issuer.
    pub self_issued: bool,
    /// Its own key verifies it; none: not self-issued, or the algorithm cannot be verified here.
    pub self_signed: Option<bool>,
    /// basicConstraints' cA; none: no such extension.
    pub is_ca: Option<bool>,
    /// basicConstraints' pathLenConstraint.
    pub path_len: Option<u32>,
    /// keyUsage by RFC 5280 names; none: no such extension.
    pub key_usage: Option<Vec<String>>,
    /// extKeyUsage by RFC 5280 names or OIDs; none: no such extension.
    pub extended_key_usage: Option<Vec<String>>,
    /// Subject key identifier, upper-case hex with colons.
    pub subject_key_id: Option<String>,
    /// Authority key identifier, likewise.
    pub authority_key_id: Option<String>,
    /// OIDs of critical extensions that RFC 5280 path validation does not know.
    pub unknown_critical: Vec<String>,
    /// Whether it constrains the names below it.
    pub has_name_constraints: bool,
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyFacts {
    /// For people: `RSA 2048`, `EC P-256`, `Ed25519`.
    pub words: String,
    /// Its kind.
    pub kind: KeyKind,
    /// SHA-256 of the SubjectPublicKeyInfo, base64: the `sha256//` pin.
    pub spki_sha256: String,
    /// The SubjectPublicKeyInfo, lower-case hex.
    pub spki_hex: String,
    /// The PKCS#1 RSAPublicKey, lower-case hex: what the known client compares. None: not RSA.
    pub rsa_public_key_hex: Option<String>,
}

/// Kinds of keys, as far as they are told apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum KeyKind {
    /// rsaEncryption.
    Rsa {
        /// Length of the modulus.
        bits: u32,
        /// Public exponent, decimal.
        exponent: String,
    },
    /// id-RSASSA-PSS: a key for RSA-PSS alone.
    RsaPss {
        /// Length of the modulus.
        bits: u32,
        /// Public exponent, decimal.
        exponent: String,
    },
    /// id-ecPublicKey on a named curve.
    Ec {
        /// `P-256`, or the OID.
        curve: String,
    },
    /// Ed25519.
    #[serde(deserialize_with = "bare")]
    Ed25519,
    /// Anything else, by OID.
    Other {
        /// The OID.
        oid: String,
    },
}

/// All that is to be known of a chain as a server presented it, judged for one moment. Chains that are read here share what is known
/// of a certificate: a thousand servers send one intermediate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainFacts {
    /// As sent, leaf first; each read, or why it cannot be.
    pub sent: Vec<Result<Arc<CertificateFacts>, Unreadable>>,
    /// Certificates of the paths that were not sent: supplied intermediates and roots that have a certificate.
    pub added: Vec<Arc<CertificateFacts>>,
    /// Every candidate path from the leaf, best first; empty when the leaf cannot be read.
    pub paths: Vec<PathFacts>,
    /// Places in `sent` that lie on no path from the leaf (by verified signatures), a doubled one excepted.
    pub strangers: Vec<usize>,
    /// Places in `sent` that repeat an earlier one.
    pub doubles: Vec<usize>,
    /// The order that `sent` should have had, as places, where it is another (strangers and doubles left out).
    pub should_be: Option<Vec<usize>>,
}

/// A certificate that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unreadable {
    /// Its id.
    pub id: CertId,
    /// The parser's words.
    pub detail: String,
}

/// A candidate path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathFacts {
    /// From the leaf upwards; the root too, where it has a certificate.
    pub certificates: Vec<CertId>,
    /// Places of them in the message, `None`: not sent.
    pub sent: Vec<Option<usize>>,
    /// Where it ends.
    pub end: PathEnd,
    /// Whether a client that has only the roots can build it: all but the root were sent.
    pub complete_as_sent: bool,
    /// Faults of the path, time left aside; empty: sound. The first is the one nearest to the leaf.
    pub faults: Vec<(Place, CertId, LinkFault)>,
    /// Members out of their time at the moment judged for.
    pub out_of_time: Vec<CertId>,
}

impl PathFacts {
    /// Sound but perhaps for its time, complete as sent, ending in a root that counts for this role.
    pub fn is_sound(&self, role: Role) -> bool {
        self.faults.is_empty() && self.complete_as_sent && self.end.is_trusted(role)
    }

    /// Whether the member at this position is the root that the path ends in.
    pub fn is_anchor(&self, position: usize) -> bool {
        let ends_in_certificate = !matches!(self.end, PathEnd::Mozilla { .. } | PathEnd::IssuerMissing { .. });
        ends_in_certificate && position + 1 == self.certificates.len()
    }

    /// Where a member stands.
    pub fn place_of(&self, id: &CertId) -> Place {
        match self.certificates.iter().position(|one| one == id) {
            Some(0) => Place::Leaf,
            Some(position) if self.is_anchor(position) => Place::Root,
            _ => Place::Intermediate,
        }
    }

    /// Valid at the moment judged for.
    pub fn is_valid(&self, role: Role) -> bool {
        self.is_sound(role) && self.out_of_time.is_empty()
    }
}

/// Where a path ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum PathEnd {
    /// A bundled Mozilla root.
    Mozilla {
        /// Its subject.
        subject: String,
    },
    /// A root of the operating system.
    System {
        /// Its certificate.
        id: CertId,
        /// Whether its name and key are those of one of Mozilla's roots.
        #[serde(default)]
        public: bool,
    },
    /// A root that the admin supplied.
    Supplied {
        /// Its certificate.
        id: CertId,
        /// Whether its name and key are those of one of Mozilla's roots.
        #[serde(default)]
        public: bool,
    },
    /// The Workspace ONE signing root: known by its fingerprint, or supplied as `trust_service.signing_root`. It counts for
    /// the Trust Service alone.
    SigningRoot {
        /// Its certificate.
        id: CertId,
    },
    /// A self-issued certificate that nobody here trusts.
    Untrusted {
        /// Its certificate.
        id: CertId,
    },
    /// A certificate whose issuer was neither sent nor supplied.
    IssuerMissing {
        /// The last certificate found.
        id: CertId,
    },
}

impl PathEnd {
    /// Whether it is a root that counts for this role.
    pub fn is_trusted(&self, role: Role) -> bool {
        match self {
            Self::Mozilla { .. } | Self::System { .. } | Self::Supplied { .. } => true,
            Self::SigningRoot { .. } => role.is_trust_service(),
            Self::Untrusted { .. } | Self::IssuerMissing { .. } => false,
        }
    }

    /// Whether the rules for publicly trusted certificates apply: it is one of Mozilla's roots, whoever gave it.
    pub fn is_public(&self) -> bool {
        matches!(self, Self::Mozilla { .. } | Self::System { public: true, .. } | Self::Supplied { public: true, .. })
    }
}

/// What is wrong with one certificate as a link of a path, time and names left aside (RFC 5280, 6.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum LinkFault {
    /// Its signature is not by its issuer's key.
    #[serde(deserialize_with = "bare")]
    BadSignature,
    /// Signed with an algorithm that cannot be verified.
    UnsupportedSignature {
        /// The algorithm.
        algorithm: String,
    },
    /// It issued another, but is no CA.
    #[serde(deserialize_with = "bare")]
    NotACa,
    /// It issued another, but its keyUsage lacks keyCertSign.
    #[serde(deserialize_with = "bare")]
    NoCertSign,
    /// More CAs below it than its pathLenConstraint admits.
    PathLength {
        /// What it admits.
        allowed: u32,
        /// How many there are.
        found: u32,
    },
    /// A name below it lies outside its name constraints.
    #[serde(deserialize_with = "bare")]
    NameConstraints,
    /// It has a critical extension that nobody knows.
    UnknownCriticalExtension {
        /// Its OID.
        oid: String,
    },
    /// X.509 version 1.
    #[serde(deserialize_with = "bare")]
    Version1,
    /// More intermediates than path validation admits.
    #[serde(deserialize_with = "bare")]
    TooLong,
    /// webpki refuses the path for another reason.
    Other {
        /// Its words.
        detail: String,
    },
}

impl ChainFacts {
    /// The leaf, if it can be read.
    pub fn leaf(&self) -> Option<&CertificateFacts> {
        self.sent.first().and_then(|first| first.as_deref().ok())
    }

    /// Any certificate of the chain or its paths.
    pub fn certificate(&self, id: &CertId) -> Option<&CertificateFacts> {
        let sent = self.sent.iter().filter_map(|one| one.as_ref().ok());
        sent.chain(&self.added).find(|facts| facts.id == *id).map(AsRef::as_ref)
    }

    /// The path that a client would use: the first valid one, else the first sound one.
    pub fn used_path(&self, role: Role) -> Option<&PathFacts> {
        let valid = self.paths.iter().find(|path| path.is_valid(role));
        valid.or_else(|| self.paths.iter().find(|path| path.is_sound(role)))
    }

    /// The certificates of a path with their places, the leaf first.
    pub fn members(&self, path: &PathFacts) -> Vec<(Place, &CertificateFacts)> {
        let members = path.certificates.iter().filter_map(|id| Some((path.place_of(id), self.certificate(id)?)));
        members.collect()
    }

    /// For a sentence.
    pub fn name_of(&self, id: &CertId, place: Place) -> CertificateName {
        let facts = self.certificate(id);
        CertificateName {
            id: id.clone(),
            subject: facts.map(CertificateFacts::display_subject).unwrap_or_default(),
            issuer: facts.map(|facts| facts.issuer.clone()).unwrap_or_default(),
            serial: facts.map(|facts| facts.serial.clone()).unwrap_or_default(),
            place,
        }
    }
}

impl CertificateFacts {
    /// For a sentence.
    pub fn name(&self, place: Place) -> CertificateName {
        CertificateName {
            id: self.id.clone(),
            subject: self.display_subject(),
            issuer: self.issuer.clone(),
            serial: self.serial.clone(),
            place,
        }
    }

    /// Whether its validity covers this moment.
    pub fn is_in_time(&self, at: Timestamp) -> bool {
        (self.not_before..=self.not_after).contains(&at)
    }

    /// The subject, or the first SAN name where it is empty.
    pub fn display_subject(&self) -> String {
        if self.subject.is_empty() {
            self.dns_names.first().or(self.ip_addresses.first()).cloned().unwrap_or_default()
        } else {
            self.subject.clone()
        }
    }
}
