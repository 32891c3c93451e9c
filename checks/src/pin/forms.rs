//! Every form of a pin for one key: of a certificate, a signing request, a public key, or what a server presents.
//! `pinflight.pins/1`.

use serde::Serialize;
use x509_parser::{certification_request::X509CertificationRequest, prelude::FromDer};

use super::rsa_as_spki;
use crate::{
    time::Timestamp,
    x509::{self, KeyFacts, KeyKind},
};

/// The `schema` of what this version writes.
pub const SCHEMA: &str = "pinflight.pins/1";

/// The pins of everything that was named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PinForms {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The version of pinflight that looked.
    pub version: String,
    /// When.
    pub taken_at: Timestamp,
    /// Whether a key was found everywhere.
    pub sound: bool,
    /// In the order of the command line and of each file.
    pub keys: Vec<Entry>,
}

/// One key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its place in the list, from 1.
    pub number: usize,
    /// The file as named, or the server as asked, `ds.example.com:443`.
    pub source: String,
    /// What the source holds; none: nothing that could be read.
    pub what: Option<Material>,
    /// Why there is no key.
    pub error: Option<String>,
    /// RFC 4514; none: a bare key, or none.
    pub subject: Option<String>,
    /// Its key; none: see `error`.
    pub key: Option<Key>,
    /// The number of an earlier entry with the same key.
    pub same_key_as: Option<usize>,
}

/// What holds a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Material {
    /// A certificate.
    Certificate,
    /// A PKCS#10 request.
    Request,
    /// A public key alone.
    PublicKey,
}

/// A key in every form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Key {
    /// For people: `RSA 2048`.
    pub words: String,
    /// Its kind, with what belongs to it.
    #[serde(flatten)]
    pub kind: KeyKind,
    /// The PKCS#1 RSAPublicKey, upper-case hex: what the known client compares. None: not RSA, and what is compared then is
    /// not established.
    pub pkcs1_hex: Option<String>,
    /// The SubjectPublicKeyInfo, upper-case hex; as a pin it never matches.
    pub spki_hex: String,
    /// `sha256//BASE64` of the SubjectPublicKeyInfo, curl's form.
    pub sha256: String,
    /// Thumbprints of the certificate; none: no certificate.
    pub thumbprints: Option<Thumbprints>,
}

/// Digests of a certificate: they name it, and are no pins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Thumbprints {
    /// Upper-case hex: the thumbprint that Windows shows.
    pub sha1: String,
    /// Upper-case hex.
    pub sha256: String,
}

impl PinForms {
    /// Numbers the entries and finds equal keys.
    pub fn new(version: &str, taken_at: Timestamp, mut keys: Vec<Entry>) -> Self {
        for at in 0..keys.len() {
            let (before, rest) = keys.split_at_mut(at);
            let Some(entry) = rest.first_mut() else { continue };
            entry.number = at + 1;
            let spki = |entry: &Entry| entry.key.as_ref().map(|key| key.spki_hex.clone());
            let own = spki(entry);
            entry.same_key_as = before.iter().find(|one| own.is_some() && spki(one) == own).map(|one| one.number);
        }
        let sound = !keys.is_empty() && keys.iter().all(|entry| entry.error.is_none());
        Self { schema: SCHEMA, version: version.to_owned(), taken_at, sound, keys }
    }
}

impl Entry {
    /// A source without a key.
    pub fn without(source: impl Into<String>, error: impl Into<String>) -> Self {
        let (source, error) = (source.into(), Some(error.into()));
        Self { number: 0, source, what: None, error, subject: None, key: None, same_key_as: None }
    }

    /// What DER holds: a certificate, a request, a SubjectPublicKeyInfo or a PKCS#1 key.
    pub fn of_der(source: impl Into<String>, what: Material, der: &[u8]) -> Self {
        let source = source.into();
        match read(what, der) {
            Ok((subject, key)) => {
                let what = Some(what);
                Self { number: 0, source, what, error: None, subject, key: Some(key), same_key_as: None }
            }
            Err(error) => Self { what: Some(what), ..Self::without(source, error) },
        }
    }
}

fn read(what: Material, der: &[u8]) -> Result<(Option<String>, Key), String> {
    match what {
        Material::Certificate => {
            let facts = x509::read(der).map_err(|unreadable| unreadable.detail)?;
            let thumbprints =
                Thumbprints { sha1: facts.sha1.to_ascii_uppercase(), sha256: facts.id.0.to_ascii_uppercase() };
            let subject = facts.display_subject();
            Ok((Some(subject), Key { thumbprints: Some(thumbprints), ..Key::of(&facts.key) }))
        }
        Material::Request => {
            let (_, request) = X509CertificationRequest::from_der(der).map_err(|error| error.to_string())?;
            let info = &request.certification_request_info;
            let key = x509::read_key(info.subject_pki.raw).ok_or("its key cannot be read")?;
            Ok((Some(x509::subject_of(info.subject.as_raw())), Key::of(&key)))
        }
        Material::PublicKey => {
            let key = x509::read_key(der).or_else(|| x509::read_key(&rsa_as_spki(der)?));
            Ok((None, Key::of(&key.ok_or("it is no public key that can be read")?)))
        }
    }
}

impl Key {
    fn of(key: &KeyFacts) -> Self {
        Self {
            words: key.words.clone(),
            kind: key.kind.clone(),
            pkcs1_hex: key.rsa_public_key_hex.as_ref().map(|hex| hex.to_ascii_uppercase()),
            spki_hex: key.spki_hex.to_ascii_uppercase(),
            sha256: format!("sha256//{}", key.spki_sha256),
            thumbprints: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        testing::NOW,
        x509::forge::{Made, leaf, root},
    };
    use data_encoding::HEXLOWER;
    use rcgen::{CertificateParams, KeyPair, PublicKeyData};
    use std::sync::Arc;

    /// A certificate with an RSA key, as pins are.
    fn made() -> Made {
        let key = KeyPair::from_pem(include_str!("../../../fixtures/keys/ds-1.pem")).unwrap();
        root("R").issue_for(leaf(), &Arc::new(key))
    }

    #[test]
    fn one_key_has_the_same_forms_whatever_holds_it() {
        let made = made();
        let facts = x509::read(&made.der).unwrap();
        let mut asked = CertificateParams::default();
        asked.distinguished_name = made.params.distinguished_name.clone();
        let request = asked.serialize_request(made.key.as_ref()).unwrap();
        let spki = made.key.subject_public_key_info();
        let pkcs1 = HEXLOWER.decode(facts.key.rsa_public_key_hex.clone().unwrap().as_bytes()).unwrap();
        let of = |what, der: &[u8]| Entry::of_der("a file", what, der);
        let (certificate, requested) = (of(Material::Certificate, &made.der), of(Material::Request, request.der()));
        assert_eq!(certificate.subject.as_deref(), Some("CN=the leaf"));
        assert_eq!(requested.subject.as_deref(), Some("CN=the leaf"));
        let thumbprints =
            Thumbprints { sha1: facts.sha1.to_ascii_uppercase(), sha256: made.id().0.to_ascii_uppercase() };
        let key = certificate.key.clone().unwrap();
        assert_eq!(key.thumbprints, Some(thumbprints));
        assert_eq!(key.sha256, format!("sha256//{}", facts.key.spki_sha256));
        assert_eq!(key.pkcs1_hex, facts.key.rsa_public_key_hex.map(|hex| hex.to_ascii_uppercase()));
        let bare = Some(Key { thumbprints: None, ..key });
        assert_eq!(requested.key, bare);
        for (entry, what) in [
            (certificate, Material::Certificate),
            (requested, Material::Request),
            (of(Material::PublicKey, &spki), Material::PublicKey),
            (of(Material::PublicKey, &pkcs1), Material::PublicKey),
        ] {
            assert_eq!((entry.what, entry.error), (Some(what), None));
            assert_eq!(entry.key.map(|key| Key { thumbprints: None, ..key }), bare);
        }
    }

    #[test]
    fn what_holds_no_key_says_so_and_what_it_should_be() {
        for what in [Material::Certificate, Material::Request, Material::PublicKey] {
            let entry = Entry::of_der("a file", what, b"no DER");
            assert_eq!((entry.what, entry.error.is_some(), entry.key), (Some(what), true, None));
            assert_eq!(entry.source, "a file");
        }
        let error = Entry::of_der("a file", Material::PublicKey, b"no DER").error;
        assert_eq!(error.as_deref(), Some("it is no public key that can be read"));
    }

    #[test]
    fn equal_keys_are_found_and_one_source_without_a_key_is_unsound() {
        let of = |made: &Made| Entry::of_der("a file", Material::Certificate, &made.der);
        let (one, other) = (made(), root("R").leaf());
        let without = || Entry::without("another", "no answer");
        let keys = vec![of(&one), without(), of(&other), of(&made()), without(), of(&one)];
        let forms = PinForms::new("1.2.3", NOW, keys);
        let told: Vec<_> = forms.keys.iter().map(|entry| (entry.number, entry.same_key_as)).collect();
        assert_eq!(told, [(1, None), (2, None), (3, None), (4, Some(1)), (5, None), (6, Some(1))]);
        assert_eq!((forms.schema, forms.version.as_str(), forms.taken_at, forms.sound), (SCHEMA, "1.2.3", NOW, false));
        assert!(PinForms::new("1.2.3", NOW, vec![of(&one), of(&other)]).sound);
        assert!(!PinForms::new("1.2.3", NOW, vec![]).sound);
    }
}
