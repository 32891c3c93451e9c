//! Certificates right and wrong. rcgen writes them; what it does not write (weak keys and hashes, versions, odd names) is
//! edited in the DER and signed by the openssl command.

use std::{
    collections::BTreeMap,
    io::Write,
    net::IpAddr,
    path::PathBuf,
    process::{Command, Stdio},
    sync::{Arc, LazyLock},
};

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, DnValue, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SanType, SerialNumber, SigningKey,
};
use time::OffsetDateTime;

use crate::common;

/// The host that leaves are for, unless their row says otherwise.
pub const HOST: &str = "ds.example.com";
pub const HOUR: i64 = 3600;
pub const DAY: i64 = 24 * HOUR;

/// The moment from which every row counts.
static NOW: LazyLock<OffsetDateTime> = LazyLock::new(|| OffsetDateTime::now_utc().replace_nanosecond(0).unwrap());

// ---- keys

/// A key of `tests/chains/keys`, by its file's name.
pub struct Key {
    pub path: PathBuf,
    kind: Kind,
    /// What rcgen signs with: the key itself where it is P-256, else one that stands in until the DER is edited.
    pair: KeyPair,
    spki: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    P256,
    Ec,
    Rsa,
    RsaPss,
    Ed25519,
}

static KEYS: LazyLock<BTreeMap<String, Arc<Key>>> = LazyLock::new(|| {
    let files = std::fs::read_dir(common::project("tests/chains/keys")).unwrap().map(|entry| entry.unwrap().path());
    let keys = files.filter(|path| path.extension().is_some_and(|extension| extension == "pem"));
    keys.map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), Arc::new(load(path)))).collect()
});

fn load(path: PathBuf) -> Key {
    let kind = match path.file_stem().unwrap().to_str().unwrap() {
        "ed25519" => Kind::Ed25519,
        "rsa-pss" => Kind::RsaPss,
        name if name.starts_with("rsa-") => Kind::Rsa,
        name if name.starts_with('p') => Kind::Ec,
        _ => Kind::P256,
    };
    let pair = match kind {
        Kind::P256 => KeyPair::from_pem(&std::fs::read_to_string(&path).unwrap()).unwrap(),
        _ => KeyPair::generate().unwrap(),
    };
    let spki = openssl(&["pkey", "-pubout", "-outform", "DER", "-in", path.to_str().unwrap()], &[]);
    Key { path, kind, pair, spki }
}

pub fn key(name: &str) -> Arc<Key> {
    KEYS[name].clone()
}

/// What the openssl command writes to standard output.
pub fn openssl(words: &[&str], input: &[u8]) -> Vec<u8> {
    let mut command = Command::new("openssl");
    let mut child = command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "openssl {words:?}");
    output.stdout
}

impl Key {
    /// Signs as [`algorithm`] says.
    fn sign(&self, hash: &str, message: &[u8]) -> Vec<u8> {
        let key = self.path.to_str().unwrap();
        match (self.kind, hash) {
            (Kind::P256, "sha256") => self.pair.sign(message).unwrap(),
            // Pure Ed25519 takes a file that it can measure.
            (Kind::Ed25519, _) => {
                let mut file = tempfile::NamedTempFile::new().unwrap();
                file.write_all(message).unwrap();
                let path = file.path().to_str().unwrap();
                openssl(&["pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", path], &[])
            }
            (Kind::RsaPss, _) | (Kind::Rsa, "pss") => {
                let padding = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"];
                openssl(&[&["dgst", "-sha256", "-sign", key], &padding[..]].concat(), message)
            }
            _ => openssl(&["dgst", &format!("-{hash}"), "-sign", key], message),
        }
    }

    /// The AlgorithmIdentifier of such a signature.
    fn algorithm(&self, hash: &str) -> Vec<u8> {
        const RSA: [u8; 8] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1];
        const ECDSA: [u8; 6] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 4];
        let oid = |start: &[u8], end: &[u8]| element(0x06, &[start, end].concat());
        let rsa = |last: u8| [oid(&RSA, &[last]), vec![0x05, 0]].concat();
        let content = match (self.kind, hash) {
            (Kind::Rsa, "md5") => rsa(4),
            (Kind::Rsa, "sha1") => rsa(5),
            (Kind::Rsa, "sha224") => rsa(14),
            (Kind::Rsa, "sha256") => rsa(11),
            (Kind::Rsa, "sha384") => rsa(12),
            (Kind::RsaPss, _) | (Kind::Rsa, "pss") => [oid(&RSA, &[10]), pss_parameters()].concat(),
            (Kind::P256 | Kind::Ec, "sha1") => oid(&ECDSA, &[1]),
            (Kind::P256 | Kind::Ec, "sha224") => oid(&ECDSA, &[3, 1]),
            (Kind::P256 | Kind::Ec, "sha256") => oid(&ECDSA, &[3, 2]),
            (Kind::P256 | Kind::Ec, "sha384") => oid(&ECDSA, &[3, 3]),
            (Kind::P256 | Kind::Ec, "sha512") => oid(&ECDSA, &[3, 4]),
            (Kind::Ed25519, _) => oid(&[0x2b, 0x65, 0x70], &[]),
            (_, hash) => panic!("no such signature: {hash}"),
        };
        element(0x30, &content)
    }
}

/// RSASSA-PSS with SHA-256, MGF1 of it, and 32 bytes of salt (RFC 4055).
fn pss_parameters() -> Vec<u8> {
    let sha256 = element(0x30, &[&element(0x06, &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1]), &[5, 0][..]].concat());
    let mgf1 = element(0x06, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 8]);
    let mgf1 = element(0x30, &[mgf1, sha256.clone()].concat());
    element(0x30, &[element(0xa0, &sha256), element(0xa1, &mgf1), element(0xa2, &[2, 1, 32])].concat())
}

// ---- DER

/// One element of DER.
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length: Vec<u8> = content.len().to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    let mut all = vec![tag];
    match length.as_slice() {
        [] => all.push(0),
        [short] if *short < 0x80 => all.push(*short),
        long => {
            all.push(0x80 | u8::try_from(long.len()).unwrap());
            all.extend(long);
        }
    }
    all.extend(content);
    all
}

/// Tag, content and what follows.
fn split(der: &[u8]) -> (&[u8], &[u8], &[u8]) {
    let (length, head) = match der[1] {
        short @ 0..=0x7f => (usize::from(short), 2),
        long => {
            let digits = usize::from(long & 0x7f);
            (der[2..2 + digits].iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), 2 + digits)
        }
    };
    (&der[..head + length], &der[head..head + length], &der[head + length..])
}

/// The elements in a constructed one.
pub fn members(der: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = split(der).1;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (whole, _, after) = split(rest);
        found.push(whole.to_vec());
        rest = after;
    }
    found
}

// ---- certificates

/// A certificate to be.
#[derive(Clone)]
pub struct Draft {
    pub params: CertificateParams,
    key: &'static str,
    /// With which hash its issuer signs.
    hash: &'static str,
    /// Edits the fields of the TBSCertificate before it is signed.
    edits: Vec<fn(&mut Vec<Vec<u8>>)>,
    spoilt: bool,
}

fn draft(name: &str, key: &'static str) -> Draft {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.use_authority_key_identifier_extension = true;
    Draft { params, key, hash: "sha256", edits: Vec::new(), spoilt: false }
}

/// An authority that is valid for ten years on either side.
pub fn ca(name: &str, key: &'static str) -> Draft {
    let mut draft = draft(name, key).valid(-3650 * DAY, 3650 * DAY);
    draft.params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    draft.params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    draft
}

/// A leaf for [`HOST`] that every platform takes: P-256, 200 days, half of them gone.
pub fn leaf() -> Draft {
    leaf_for(&[HOST])
}

pub fn leaf_for(names: &[&str]) -> Draft {
    let mut draft = draft("the leaf", "leaf").valid(-100 * DAY, 100 * DAY);
    draft.params.subject_alt_names = names.iter().map(|name| SanType::DnsName((*name).try_into().unwrap())).collect();
    draft.params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    draft.params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    draft
}

impl Draft {
    /// Valid from and to so many seconds from now.
    pub fn valid(mut self, from: i64, to: i64) -> Self {
        let at = |seconds| *NOW + time::Duration::seconds(seconds);
        (self.params.not_before, self.params.not_after) = (at(from), at(to));
        self
    }

    /// Valid to so many seconds from now.
    pub fn until(mut self, to: i64) -> Self {
        self.params.not_after = *NOW + time::Duration::seconds(to);
        self
    }

    /// Valid for so many seconds from then on; days from now.
    pub fn lasting(self, from_days: i64, seconds: i64) -> Self {
        self.valid(from_days * DAY, from_days * DAY + seconds)
    }

    pub fn key(mut self, key: &'static str) -> Self {
        self.key = key;
        self
    }

    pub fn hash(mut self, hash: &'static str) -> Self {
        self.hash = hash;
        self
    }

    pub fn set(mut self, change: impl FnOnce(&mut CertificateParams)) -> Self {
        change(&mut self.params);
        self
    }

    pub fn edit(mut self, edit: fn(&mut Vec<Vec<u8>>)) -> Self {
        self.edits.push(edit);
        self
    }

    /// The last bit of the signature turned over.
    pub fn spoilt(mut self) -> Self {
        self.spoilt = true;
        self
    }

    /// Neither version field nor extensions.
    pub fn version_1(self) -> Self {
        self.edit(|tbs| tbs.retain(|field| !matches!(field[0], 0xa0 | 0xa3)))
    }

    pub fn usages(self, usages: &[KeyUsagePurpose]) -> Self {
        self.set(|params| params.key_usages = usages.to_vec())
    }

    pub fn subject(self, name: &str) -> Self {
        self.set(|params| {
            params.distinguished_name = DistinguishedName::new();
            params.distinguished_name.push(DnType::CommonName, DnValue::Utf8String(name.to_owned()));
        })
    }

    pub fn no_subject(self) -> Self {
        self.set(|params| params.distinguished_name = DistinguishedName::new())
    }

    pub fn address(self, address: &str) -> Self {
        let address: IpAddr = address.parse().unwrap();
        self.set(|params| params.subject_alt_names.push(SanType::IpAddress(address)))
    }

    pub fn serial(self, serial: &[u8]) -> Self {
        self.set(|params| params.serial_number = Some(SerialNumber::from_slice(serial)))
    }

    /// At most so many authorities below.
    pub fn path_length(self, most: u8) -> Self {
        self.set(|params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(most)))
    }

    /// Only names under these domains, none under those.
    pub fn names_within(self, permitted: &[&str], excluded: &[&str]) -> Self {
        let subtrees = |domains: &[&str]| domains.iter().map(|name| GeneralSubtree::DnsName((*name).into())).collect();
        let constraints =
            NameConstraints { permitted_subtrees: subtrees(permitted), excluded_subtrees: subtrees(excluded) };
        self.set(|params| params.name_constraints = Some(constraints))
    }

    pub fn extension(self, oid: &[u64], content: &[u8], critical: bool) -> Self {
        let mut extension = CustomExtension::from_oid_content(oid, content.to_vec());
        extension.set_criticality(critical);
        self.set(|params| params.custom_extensions.push(extension))
    }

    pub fn self_signed(self) -> Made {
        let key = key(self.key);
        let der = self.params.self_signed(&key.pair).unwrap().der().to_vec();
        self.finish(&der, &key)
    }

    fn finish(self, der: &[u8], issuer: &Key) -> Made {
        let subject = key(self.key);
        let mut certificate = members(der);
        let mut tbs = members(&certificate[0]);
        tbs[2] = issuer.algorithm(self.hash);
        tbs[6].clone_from(&subject.spki);
        for edit in &self.edits {
            edit(&mut tbs);
        }
        certificate[0] = element(0x30, &tbs.concat());
        certificate[1] = issuer.algorithm(self.hash);
        let signature = issuer.sign(self.hash, &certificate[0]);
        certificate[2] = element(0x03, &[&[0], signature.as_slice()].concat());
        let mut der = element(0x30, &certificate.concat());
        if self.spoilt {
            *der.last_mut().unwrap() ^= 1;
        }
        Made { der, key: self.key, params: self.params }
    }
}

/// A certificate that is.
#[derive(Clone)]
pub struct Made {
    pub der: Vec<u8>,
    pub key: &'static str,
    params: CertificateParams,
}

impl Made {
    pub fn issue(&self, draft: Draft) -> Made {
        let (issuer, subject) = (key(self.key), key(draft.key));
        let from = Issuer::from_params(&self.params, &issuer.pair);
        let der = draft.params.signed_by(&subject.pair, &from).unwrap().der().to_vec();
        draft.finish(&der, &issuer)
    }

    /// Bytes that are no certificate, in its place.
    pub fn replaced_by(&self, der: &[u8]) -> Made {
        Made { der: der.to_vec(), ..self.clone() }
    }

    pub fn pem(&self) -> String {
        let base64 = data_encoding::BASE64.encode(&self.der);
        let lines: Vec<&str> = base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
    }
}

// ---- what most rows begin with

pub fn root() -> Made {
    ca("Example Root", "root").self_signed()
}

/// A root that nobody supplies.
pub fn other_root() -> Made {
    ca("Another Root", "other").self_signed()
}

pub fn issuing(name: &str) -> Draft {
    ca(name, "ca")
}
