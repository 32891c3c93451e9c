//! Certificates made for tests, right and wrong, and recordings in which a server presents them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, SigningKey,
};
use time::OffsetDateTime;

use super::der;
use crate::{
    deployment::{Endpoint, Role, TrustServiceMode, Vantage},
    recording::{
        BundledRoots, CertId, ConnectionFact, Der, FileContent, FileUse, Handshake, HandshakeSignature, Recording,
        SuppliedFile,
    },
    testing::{NOW, recording},
};

/// The host that the leaves made here are for.
pub(crate) const HOST: &str = "ds.example.com";

/// A certificate with its key.
#[derive(Clone)]
pub(crate) struct Made {
    pub der: Vec<u8>,
    pub params: CertificateParams,
    pub key: Arc<KeyPair>,
}

impl Made {
    pub fn id(&self) -> CertId {
        CertId::of(&self.der)
    }

    /// Issues `params` for a key.
    pub fn issue_for(&self, params: CertificateParams, key: &Arc<KeyPair>) -> Made {
        let issuer = Issuer::from_params(&self.params, self.key.as_ref());
        let der = params.signed_by(key.as_ref(), &issuer).unwrap().der().to_vec();
        Made { der, params, key: Arc::clone(key) }
    }

    /// Issues `params` for a new key.
    pub fn issue(&self, params: CertificateParams) -> Made {
        self.issue_for(params, &new_key())
    }

    /// An ordinary intermediate.
    pub fn intermediate(&self, name: &str) -> Made {
        self.issue(ca(name))
    }

    /// An ordinary leaf for [`HOST`].
    pub fn leaf(&self) -> Made {
        self.issue(leaf())
    }

    /// The same, with the last byte of the signature changed.
    pub fn with_bad_signature(&self) -> Made {
        let mut made = self.clone();
        *made.der.last_mut().unwrap() ^= 1;
        made
    }

    /// The same, its TBSCertificate's fields edited and signed anew by `issuer`.
    pub fn edited(&self, issuer: &Made, edit: impl FnOnce(&mut Vec<Vec<u8>>)) -> Made {
        let fields = |input| der::elements(input).map(|element| element.whole.to_vec()).collect::<Vec<_>>();
        let mut certificate = fields(der::inside(&self.der, der::SEQUENCE).unwrap());
        let mut tbs = fields(der::inside(&certificate[0], der::SEQUENCE).unwrap());
        edit(&mut tbs);
        certificate[0] = element(der::SEQUENCE, &tbs.concat());
        let mut signature = vec![0];
        signature.extend(issuer.key.sign(&certificate[0]).unwrap());
        certificate[2] = element(der::BIT_STRING, &signature);
        Made { der: element(der::SEQUENCE, &certificate.concat()), ..self.clone() }
    }

    /// The same as X.509 version 1: no version field, no extensions.
    pub fn version1(&self, issuer: &Made) -> Made {
        self.edited(issuer, |tbs| tbs.retain(|field| !matches!(field[0], 0xa0 | 0xa3)))
    }
}

/// One element of DER.
pub(crate) fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = contents.len();
    let mut whole = vec![tag];
    match length {
        0..=0x7f => whole.push(u8::try_from(length).unwrap()),
        0x80..=0xff => whole.extend([0x81, u8::try_from(length).unwrap()]),
        _ => {
            whole.push(0x82);
            whole.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
    }
    whole.extend(contents);
    whole
}

pub(crate) fn new_key() -> Arc<KeyPair> {
    Arc::new(KeyPair::generate().unwrap())
}

/// Days from [`NOW`], which is the middle of a day.
pub(crate) fn day(days: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(NOW.0 + days * 86_400).unwrap()
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.use_authority_key_identifier_extension = true;
    params
}

/// A CA's certificate, valid for ten years on either side.
pub(crate) fn ca(name: &str) -> CertificateParams {
    let mut params = named(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = (day(-3650), day(3650));
    params
}

/// A leaf's, valid for half a year on either side.
pub(crate) fn leaf() -> CertificateParams {
    let mut params = named("the leaf");
    params.subject_alt_names = vec![SanType::DnsName(HOST.try_into().unwrap())];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    (params.not_before, params.not_after) = (day(-180), day(180));
    params
}

/// Self-signed.
pub(crate) fn self_signed(params: CertificateParams) -> Made {
    let key = new_key();
    let der = params.self_signed(key.as_ref()).unwrap().der().to_vec();
    Made { der, params, key }
}

/// A root.
pub(crate) fn root(name: &str) -> Made {
    self_signed(ca(name))
}

/// What a recording holds besides the chain.
#[derive(Default)]
pub(crate) struct Supplied<'a> {
    pub ca_files: &'a [&'a Made],
    pub system: &'a [&'a Made],
    pub files: &'a [(FileUse, &'a Made)],
    pub mozilla: bool,
}

/// A recording from outside in which Device Services presents `sent` at one address.
pub(crate) fn presents(sent: &[&Made], supplied: &Supplied<'_>) -> Recording {
    let ders: Vec<&[u8]> = sent.iter().map(|made| made.der.as_slice()).collect();
    presents_der(&ders, supplied)
}

/// The same of bytes.
pub(crate) fn presents_der(sent: &[&[u8]], supplied: &Supplied<'_>) -> Recording {
    let mut recording = recording(Vantage::Discovery, TrustServiceMode::None);
    let mut certificates: BTreeMap<CertId, Der> = BTreeMap::new();
    let files = supplied.files.iter().map(|(_, made)| *made);
    for made in supplied.ca_files.iter().chain(supplied.system).copied().chain(files) {
        certificates.insert(made.id(), Der(made.der.clone()));
    }
    for der in sent {
        certificates.insert(CertId::of(der), Der(der.to_vec()));
    }
    recording.certificates = certificates;
    recording.roots.mozilla = supplied.mozilla.then(|| BundledRoots { count: 0, digest: String::new() });
    recording.roots.supplied = supplied.ca_files.iter().map(|made| made.id()).collect();
    recording.roots.system = supplied.system.iter().map(|made| made.id()).collect();
    recording.files = supplied
        .files
        .iter()
        .map(|(used_as, made)| SuppliedFile {
            path: "a file.pem".into(),
            used_as: *used_as,
            content: FileContent::Certificates(vec![made.id()]),
        })
        .collect();
    recording.connections = vec![met([10, 1, 0, 11], sent.iter().map(|der| CertId::of(der)).collect())];
    recording
}

/// A handshake with Device Services.
pub(crate) fn met(address: [u8; 4], chain: Vec<CertId>) -> ConnectionFact {
    ConnectionFact {
        role: Role::DeviceServices,
        endpoint: Endpoint::new(HOST, 443),
        address: Some((address, 443).into()),
        proxied: false,
        sni: Some(HOST.into()),
        only_tls12: false,
        repeat: 0,
        connected_after: Some(Duration::from_millis(1)),
        took: Duration::from_millis(2),
        outcome: Ok(Handshake {
            version: "TLSv1.3".into(),
            suite: "TLS_AES_128_GCM_SHA256".into(),
            alpn: None,
            chain,
            signature: HandshakeSignature::Valid,
        }),
        legacy: None,
    }
}
