//! Every certificate that a run holds, parsed once; and what one recording trusts and supplies.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{Arc, LazyLock},
};

use rustls_pki_types::TrustAnchor;
use x509_parser::{prelude::FromDer as _, x509::SubjectPublicKeyInfo};

use super::{
    CertificateFacts, PathEnd, Unreadable, der, name,
    read::{self, Parsed},
    signature::{self, Verdict},
};
use crate::recording::{CertId, Der, FileContent, FileUse, Recording};

/// Certificate SHA-256 of the Workspace ONE signing root, subject `AW Trust Root`.
const SIGNING_ROOT: &str = "6b43368bbdf31386e839492f8cc8c3e59fec26f46df8ab400863ce7daf4f365b";

/// A certificate in the pool.
pub(super) type Index = usize;

/// Whether this is the Workspace ONE signing root itself.
pub fn is_known_signing_root(id: &CertId) -> bool {
    id.0 == SIGNING_ROOT
}

/// The certificates, and the signatures verified so far.
#[derive(Default)]
pub(super) struct Pool<'a> {
    parsed: Vec<Parsed<'a>>,
    by_id: HashMap<&'a CertId, Result<Index, Unreadable>>,
    verdicts: HashMap<(Index, String), Verdict>,
}

impl<'a> Pool<'a> {
    /// The certificate of this id, parsed at its first use.
    pub fn find(&mut self, id: &'a CertId, recording: &'a Recording) -> Result<Index, Unreadable> {
        if let Some(known) = self.by_id.get(id) {
            return known.clone();
        }
        let Some(Der(der)) = recording.certificates.get(id) else {
            // Another recording may hold it, so this is not remembered.
            return Err(Unreadable { id: id.clone(), detail: "not among the recording's certificates".to_owned() });
        };
        let found = match read::parse(der) {
            Ok(parsed) if parsed.facts.id == *id => {
                self.parsed.push(parsed);
                Ok(self.parsed.len() - 1)
            }
            Ok(_) => Err(Unreadable { id: id.clone(), detail: "the recording holds another under this id".to_owned() }),
            Err(unreadable) => Err(Unreadable { id: id.clone(), ..unreadable }),
        };
        self.by_id.insert(id, found.clone());
        found
    }

    /// A certificate that was found.
    ///
    /// Indices come from [`Self::find`] alone and nothing is ever removed, so there always is one.
    #[expect(clippy::indexing_slicing, reason = "indices come from find() alone, and nothing is ever removed")]
    pub fn at(&self, index: Index) -> &Parsed<'a> {
        &self.parsed[index]
    }

    /// Its facts.
    pub fn facts(&self, index: Index) -> &Arc<CertificateFacts> {
        &self.at(index).facts
    }

    /// Whether the key of `issuer` verifies the signature of `subject`; verified once.
    pub fn verify(&mut self, subject: Index, issuer: &Issuer) -> Verdict {
        let key = match issuer {
            Issuer::Certificate(issuer) => self.facts(*issuer).key.spki_sha256.clone(),
            Issuer::Mozilla(root) => root.spki_sha256.clone(),
        };
        let key = (subject, key);
        if let Some(verdict) = self.verdicts.get(&key) {
            return *verdict;
        }
        let certificate = &self.at(subject).certificate;
        let verdict = match issuer {
            Issuer::Certificate(issuer) => signature::verify(certificate, self.at(*issuer).certificate.public_key()),
            Issuer::Mozilla(root) => match SubjectPublicKeyInfo::from_der(&root.spki) {
                Ok((_, key)) => signature::verify(certificate, &key),
                Err(_) => Verdict::Unsupported,
            },
        };
        self.verdicts.insert(key, verdict);
        verdict
    }

    /// Its issuer's name, as the contents of the SEQUENCE.
    pub fn issuer(&self, index: Index) -> &'a [u8] {
        self.name(index, |parsed| parsed.certificate.tbs_certificate.issuer.as_raw())
    }

    /// Its own name, likewise.
    pub fn subject(&self, index: Index) -> &'a [u8] {
        self.name(index, |parsed| parsed.certificate.tbs_certificate.subject.as_raw())
    }

    fn name(&self, index: Index, raw: fn(&Parsed<'a>) -> &'a [u8]) -> &'a [u8] {
        der::inside(raw(self.at(index)), der::SEQUENCE).unwrap_or_default()
    }

    /// Whether both are the same authority: one name, one key.
    pub fn same_authority(&self, one: Index, other: Index) -> bool {
        self.subject(one) == self.subject(other) && self.facts(one).key.spki_sha256 == self.facts(other).key.spki_sha256
    }
}

/// Whoever may have signed a certificate.
#[derive(Clone, Copy)]
pub(super) enum Issuer {
    Certificate(Index),
    Mozilla(&'static MozillaRoot),
}

/// A bundled root: name and key are all that is known of it.
pub(super) struct MozillaRoot {
    pub anchor: &'static TrustAnchor<'static>,
    pub spki_sha256: String,
    /// The key identifier that nearly every CA uses (RFC 5280, 4.2.1.2, method 1).
    pub key_id: Option<String>,
    spki: Vec<u8>,
}

impl MozillaRoot {
    /// RFC 4514.
    pub fn subject(&self) -> String {
        name::rfc4514(self.anchor.subject.as_ref())
    }
}

/// The bundled roots by their names.
static MOZILLA: LazyLock<HashMap<&'static [u8], Vec<MozillaRoot>>> = LazyLock::new(|| {
    let mut roots: HashMap<&'static [u8], Vec<MozillaRoot>> = HashMap::new();
    for anchor in webpki_roots::TLS_SERVER_ROOTS {
        let spki = webpki::spki_for_anchor(anchor).as_ref().to_vec();
        let digest = ring::digest::digest(&ring::digest::SHA256, &spki);
        let key_id = SubjectPublicKeyInfo::from_der(&spki).ok().map(|(_, key)| computed_key_id(&key));
        let spki_sha256 = data_encoding::BASE64.encode(digest.as_ref());
        roots.entry(anchor.subject.as_ref()).or_default().push(MozillaRoot { anchor, spki_sha256, key_id, spki });
    }
    roots
});

/// The bundled roots as facts have them: names (RFC 4514), and keys (SHA-256 of the SPKI).
static PUBLIC: LazyLock<(HashSet<String>, HashSet<&'static str>)> = LazyLock::new(|| {
    let roots = || MOZILLA.values().flatten();
    (roots().map(MozillaRoot::subject).collect(), roots().map(|root| root.spki_sha256.as_str()).collect())
});

/// Whether a bundled root has this name, whatever counts in a run.
pub(crate) fn is_public_name(subject: &str) -> bool {
    PUBLIC.0.contains(subject)
}

/// Whether a bundled root has this key, whatever counts in a run.
pub(crate) fn is_public_key(spki_sha256: &str) -> bool {
    PUBLIC.1.contains(spki_sha256)
}

/// SHA-1 of the key's BIT STRING.
pub(super) fn computed_key_id(key: &SubjectPublicKeyInfo<'_>) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, &key.subject_public_key.data);
    der::colons(digest.as_ref())
}

/// What counts in one recording besides what the servers send.
pub(super) struct Surroundings<'a> {
    mozilla: bool,
    roots: HashMap<Index, BTreeSet<RootKind>>,
    roots_by_subject: HashMap<&'a [u8], Vec<Index>>,
    supplied_by_subject: HashMap<&'a [u8], Vec<Index>>,
}

/// Why a certificate counts as a root, in the order in which paths name it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum RootKind {
    Signing,
    Supplied,
    System,
}

impl<'a> Surroundings<'a> {
    /// Of one recording. Its own `ca_files` and the declared signing root are trusted where they are self-issued; every
    /// other supplied certificate may mend a path, but is no root.
    pub fn of(recording: &'a Recording, pool: &mut Pool<'a>) -> Self {
        let mut all = Self {
            mozilla: recording.roots.mozilla.is_some(),
            roots: HashMap::new(),
            roots_by_subject: HashMap::new(),
            supplied_by_subject: HashMap::new(),
        };
        for id in &recording.roots.supplied {
            all.supply(id, recording, pool, Some(RootKind::Supplied));
        }
        for file in &recording.files {
            if let FileContent::Certificates(ids) = &file.content {
                let kind = (file.used_as == FileUse::SigningRoot).then_some(RootKind::Signing);
                for id in ids {
                    all.supply(id, recording, pool, kind);
                }
            }
        }
        for id in &recording.roots.system {
            if let Ok(index) = pool.find(id, recording) {
                all.trust(index, RootKind::System, pool);
                push_new(all.supplied_by_subject.entry(pool.subject(index)).or_default(), index);
            }
        }
        all
    }

    fn supply(&mut self, id: &'a CertId, recording: &'a Recording, pool: &mut Pool<'a>, as_root: Option<RootKind>) {
        let Ok(index) = pool.find(id, recording) else { return };
        push_new(self.supplied_by_subject.entry(pool.subject(index)).or_default(), index);
        if let Some(kind) = as_root.filter(|_| pool.facts(index).self_issued) {
            self.trust(index, kind, pool);
        }
        self.recognise(index, pool);
    }

    /// Trusts the Workspace ONE signing root, wherever it comes from.
    pub fn recognise(&mut self, index: Index, pool: &Pool<'a>) {
        if is_known_signing_root(&pool.facts(index).id) {
            self.trust(index, RootKind::Signing, pool);
        }
    }

    fn trust(&mut self, index: Index, kind: RootKind, pool: &Pool<'a>) {
        self.roots.entry(index).or_default().insert(kind);
        push_new(self.roots_by_subject.entry(pool.subject(index)).or_default(), index);
    }

    /// As what a path may end in this certificate; empty: it is no root.
    pub fn ends(&self, index: Index, pool: &Pool<'a>) -> Vec<PathEnd> {
        let id = || pool.facts(index).id.clone();
        let public = || is_mozilla(index, pool);
        let kinds = self.roots.get(&index).into_iter().flatten();
        let ends = kinds.map(|kind| match kind {
            RootKind::Signing => PathEnd::SigningRoot { id: id() },
            RootKind::Supplied => PathEnd::Supplied { id: id(), public: public() },
            RootKind::System => PathEnd::System { id: id(), public: public() },
        });
        ends.collect()
    }

    pub fn is_root(&self, index: Index) -> bool {
        self.roots.contains_key(&index)
    }

    /// Supplied certificates of this name.
    pub fn supplied(&self, subject: &[u8]) -> &[Index] {
        self.supplied_by_subject.get(subject).map(Vec::as_slice).unwrap_or_default()
    }

    /// Bundled roots of this name, if they count.
    pub fn mozilla(&self, subject: &[u8]) -> &'static [MozillaRoot] {
        let roots = if self.mozilla { MOZILLA.get(subject) } else { None };
        roots.map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a self-issued certificate is another copy of a root that counts: same name, same key.
    pub fn is_copy_of_root(&self, index: Index, pool: &Pool<'a>) -> bool {
        let facts = pool.facts(index);
        if !facts.self_issued || self.is_root(index) {
            return false;
        }
        let subject = pool.subject(index);
        let roots = self.roots_by_subject.get(subject).map(Vec::as_slice).unwrap_or_default();
        roots.iter().any(|root| pool.same_authority(*root, index))
            || self.mozilla(subject).iter().any(|root| root.spki_sha256 == facts.key.spki_sha256)
    }
}

/// Whether a certificate has name and key of one of Mozilla's roots, whether those count here or not.
fn is_mozilla(index: Index, pool: &Pool<'_>) -> bool {
    let roots = MOZILLA.get(pool.subject(index)).map(Vec::as_slice).unwrap_or_default();
    roots.iter().any(|root| root.spki_sha256 == pool.facts(index).key.spki_sha256)
}

fn push_new(list: &mut Vec<Index>, index: Index) {
    if !list.contains(&index) {
        list.push(index);
    }
}
