//! What is wrong with one path, time and names left aside: by our own reading of RFC 5280, 6.1, so that the certificate at
//! fault is known, and then by rustls-webpki, for all that this reading does not cover.

use std::time::Duration;

use rustls_pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm, TrustAnchor, UnixTime,
    alg_id,
};
use webpki::{EndEntityCert, Error, ExtendedKeyUsageValidator, KeyPurposeIdIter, anchor_from_trusted_cert};

use super::{
    LinkFault, PathEnd, Place, der,
    paths::Candidate,
    pool::{Index, Pool},
    read::Parsed,
    signature::Verdict,
};
use crate::{recording::CertId, time::Timestamp};

/// What path validation admits (webpki's bound, and more than any CA needs).
const MOST_INTERMEDIATES: usize = 6;

/// The faults of a candidate, the one nearest to the leaf first.
pub(super) fn faults(pool: &Pool<'_>, path: &Candidate, now: Timestamp) -> Vec<(Place, CertId, LinkFault)> {
    let mut found = Vec::new();
    for (position, index) in path.certificates.iter().take(links(path)).enumerate() {
        for fault in own(pool, path, position) {
            found.push((place(path, position), pool.facts(*index).id.clone(), fault));
        }
    }
    if found.is_empty() {
        found.extend(by_webpki(pool, path, now));
    }
    found
}

/// Where the certificate at this position of the path stands.
pub(super) fn place(path: &Candidate, position: usize) -> Place {
    match position {
        0 => Place::Leaf,
        last if last + 1 == path.certificates.len() && ends_in_certificate(&path.end) => Place::Root,
        _ => Place::Intermediate,
    }
}

/// Whether the path's last certificate is a root.
pub(super) fn ends_in_certificate(end: &PathEnd) -> bool {
    !matches!(end, PathEnd::Mozilla { .. } | PathEnd::IssuerMissing { .. })
}

/// How many certificates are judged: a trust anchor is not (RFC 5280 asks nothing of it but its name, its key and its name
/// constraints), unless it is the leaf itself.
fn links(path: &Candidate) -> usize {
    (path.certificates.len() - usize::from(ends_in_certificate(&path.end))).max(1)
}

fn own(pool: &Pool<'_>, path: &Candidate, position: usize) -> Vec<LinkFault> {
    let Some(facts) = path.certificates.get(position).map(|index| pool.facts(*index)) else { return Vec::new() };
    let mut faults = Vec::new();
    match path.signatures.get(position) {
        Some(Verdict::Invalid) => faults.push(LinkFault::BadSignature),
        Some(Verdict::Unsupported) => {
            faults.push(LinkFault::UnsupportedSignature { algorithm: facts.signature_algorithm.clone() });
        }
        Some(Verdict::Valid) | None => {}
    }
    if facts.version < 3 {
        faults.push(LinkFault::Version1);
    }
    if path.certificates.get(position).is_some_and(|index| !has_plain_dates(pool.at(*index))) {
        faults.push(LinkFault::Other { detail: ODD_DATES.to_owned() });
    }
    faults.extend(facts.unknown_critical.iter().map(|oid| LinkFault::UnknownCriticalExtension { oid: oid.clone() }));
    if position == 0 {
        return faults;
    }
    // A certificate of version 1 cannot say that it is a CA: one fault, not two.
    if facts.version >= 3 && facts.is_ca != Some(true) {
        faults.push(LinkFault::NotACa);
    }
    if facts.key_usage.as_ref().is_some_and(|usages| !usages.iter().any(|usage| usage == "keyCertSign")) {
        faults.push(LinkFault::NoCertSign);
    }
    let below = path.certificates.iter().take(position).skip(1).filter(|index| !pool.facts(**index).self_issued);
    let found = u32::try_from(below.count()).unwrap_or(u32::MAX);
    if let Some(allowed) = facts.path_len.filter(|allowed| *allowed < found) {
        faults.push(LinkFault::PathLength { allowed, found });
    }
    if position == MOST_INTERMEDIATES + 1 {
        faults.push(LinkFault::TooLong);
    }
    faults
}

const ODD_DATES: &str = "its dates are not written to the second and in UTC, as RFC 5280, 4.1.2.5, asks";

/// Whether both dates are of the only form that webpki and BoringSSL read: without seconds, with a part of one or with an
/// offset they are none. webpki's own word for it is put aside, as it has the same one for a date before 1970, which is
/// harmless.
fn has_plain_dates(certificate: &Parsed<'_>) -> bool {
    let tbs = der::inside(certificate.certificate.tbs_certificate.as_ref(), der::SEQUENCE).unwrap_or_default();
    let fields = der::elements(tbs).filter(|field| field.tag != der::VERSION);
    let Some(validity) = fields.into_iter().nth(3) else { return true };
    der::elements(validity.contents).all(|date| {
        let digits = if date.tag == der::UTC_TIME { 12 } else { 14 };
        let is_digit = |byte: &u8| byte.is_ascii_digit();
        matches!(date.contents.split_last(), Some((b'Z', rest)) if rest.len() == digits && rest.iter().all(is_digit))
    })
}

/// webpki's judgement of this path alone: its intermediates, its one anchor. A path that ends in no root is judged as if
/// its last certificate were one, so that all of its faults are known.
fn by_webpki(pool: &Pool<'_>, path: &Candidate, now: Timestamp) -> Option<(Place, CertId, LinkFault)> {
    let (leaf, rest) = path.certificates.split_first()?;
    let leaf_der = as_end_entity(pool.at(*leaf));
    let mut ders = rest.iter().map(|index| CertificateDer::from(pool.at(*index).der)).collect::<Vec<_>>();
    for (position, der) in std::iter::once(&leaf_der).chain(&ders).enumerate() {
        if let Some(fault) = EndEntityCert::try_from(der).err().and_then(unexplained) {
            return at(pool, path, position, fault);
        }
    }
    let anchor_der = match path.anchor {
        Some(_) => None,
        None => Some(ders.pop().unwrap_or_else(|| leaf_der.clone())),
    };
    let anchor = match (path.anchor, &anchor_der) {
        (Some(root), _) => root.anchor.clone(),
        (None, Some(der)) => match anchor_from_trusted_cert(der) {
            Ok(anchor) => anchor,
            Err(error) => return at(pool, path, path.certificates.len() - 1, unexplained(error)?),
        },
        (None, None) => return None,
    };
    if rest.is_empty() && path.anchor.is_none() && !pool.facts(*leaf).self_issued {
        // A leaf without any issuer: there is nothing to judge it by.
        return None;
    }
    let judged_at = moment(pool, path, now)?;
    let error = ask(&leaf_der, &ders, &anchor, judged_at).err()?;
    if error == Error::BadDerTime {
        return unjudged_names(pool, path);
    }
    let fault = unexplained(error)?;
    let position = match fault {
        LinkFault::NameConstraints => constrains(&leaf_der, &ders, judged_at).unwrap_or(path.certificates.len() - 1),
        _ => 0,
    };
    at(pool, path, position, fault)
}

/// A date before 1970 is harmless, but webpki stops at it and never comes to the name constraints.
fn unjudged_names(pool: &Pool<'_>, path: &Candidate) -> Option<(Place, CertId, LinkFault)> {
    let root_constrains = path.anchor.is_some_and(|root| root.anchor.name_constraints.is_some());
    let constrains = |index: &Index| pool.facts(*index).has_name_constraints;
    if !root_constrains && !path.certificates.iter().any(constrains) {
        return None;
    }
    let is_early = |index: &Index| pool.facts(*index).not_before.0 < 0;
    let position = path.certificates.iter().position(is_early)?;
    let detail = "a date before 1970, beside which name constraints cannot be judged".to_owned();
    at(pool, path, position, LinkFault::Other { detail })
}

fn at(pool: &Pool<'_>, path: &Candidate, position: usize, fault: LinkFault) -> Option<(Place, CertId, LinkFault)> {
    let index = path.certificates.get(position)?;
    Some((place(path, position), pool.facts(*index).id.clone(), fault))
}

fn ask(
    leaf: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
    anchor: &TrustAnchor<'_>,
    at: UnixTime,
) -> Result<(), Error> {
    let leaf = EndEntityCert::try_from(leaf)?;
    let anchors = std::slice::from_ref(anchor);
    leaf.verify_for_usage(PROVED, anchors, intermediates, at, AnyUsage, None, None).map(|_| ())
}

/// Which intermediate's name constraints are violated, as its position in the path: the nearest to the leaf that
/// refuses the part of the path below it. `None`: the root's.
fn constrains(leaf: &CertificateDer<'_>, intermediates: &[CertificateDer<'_>], at: UnixTime) -> Option<usize> {
    let refuses = |position: usize| {
        let below = intermediates.get(..position).unwrap_or_default();
        let anchor = intermediates.get(position).and_then(|der| anchor_from_trusted_cert(der).ok());
        anchor.is_some_and(|anchor| ask(leaf, below, &anchor, at) == Err(Error::NameConstraintViolation))
    };
    (0..intermediates.len()).find(|position| refuses(*position)).map(|position| position + 1)
}

/// A moment at which all but the root are valid: of the time that they share, what is nearest to `now`. `None`: they share
/// none, and webpki, which cannot leave time aside, is not asked.
fn moment(pool: &Pool<'_>, path: &Candidate, now: Timestamp) -> Option<UnixTime> {
    let members: Vec<_> = path.certificates.iter().take(links(path)).map(|index| pool.facts(*index)).collect();
    let from = members.iter().map(|facts| facts.not_before.0).max()?;
    let to = members.iter().map(|facts| facts.not_after.0).min()?;
    let moment = (from <= to).then(|| now.0.clamp(from, to))?;
    Some(UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(moment).ok()?)))
}

/// What is left of webpki's refusals: those of time are put aside here, key usages belong to the platforms' rules, and
/// of the others our own reading was the judge (webpki knows no critical policies, for one).
fn unexplained(error: Error) -> Option<LinkFault> {
    match error {
        Error::NameConstraintViolation => Some(LinkFault::NameConstraints),
        Error::CertExpired { .. }
        | Error::CertNotValidYet { .. }
        | Error::InvalidCertValidity
        | Error::BadDerTime
        | Error::CaUsedAsEndEntity
        | Error::EndEntityUsedAsCa
        | Error::EmptyEkuExtension
        | Error::RequiredEkuNotFoundContext(_)
        | Error::PathLenConstraintViolated
        | Error::MaximumPathDepthExceeded
        | Error::UnsupportedCertVersion
        | Error::UnsupportedCriticalExtension
        | Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => None,
        other => Some(LinkFault::Other { detail: other.to_string() }),
    }
}

/// The leaf as webpki is shown it. A leaf that says it is a CA works on every platform, so that one bit is cleared: its
/// signature has been verified before, and the rest of the path can then be judged.
fn as_end_entity<'a>(leaf: &Parsed<'a>) -> CertificateDer<'a> {
    ca_flag(leaf).map_or_else(
        || CertificateDer::from(leaf.der),
        |at| {
            let mut der = leaf.der.to_vec();
            if let Some(flag) = der.get_mut(at) {
                *flag = 0;
            }
            CertificateDer::from(der)
        },
    )
}

/// Where in the DER cA's TRUE stands.
fn ca_flag(leaf: &Parsed<'_>) -> Option<usize> {
    let mut extensions = leaf.certificate.extensions().iter();
    let constraints = extensions.find(|extension| extension.oid.as_bytes() == [0x55, 0x1d, 0x13])?;
    // SEQUENCE { BOOLEAN TRUE …
    let is_set = matches!(constraints.value, [0x30, _, 0x01, 0x01, 0xff, ..]);
    let offset = constraints.value.as_ptr().addr().checked_sub(leaf.der.as_ptr().addr())?;
    is_set.then_some(offset + 4)
}

/// Key usages are judged elsewhere.
struct AnyUsage;

impl ExtendedKeyUsageValidator for AnyUsage {
    fn validate(&self, _: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        Ok(())
    }
}

/// Stands for a signature that was verified before: webpki is asked only about candidates whose every signature our own
/// builder has found valid, so verifying them again would double the work, and would refuse the weak ones, which are
/// the platform rules' to judge.
#[derive(Debug)]
struct Proved {
    signature: AlgorithmIdentifier,
    key: AlgorithmIdentifier,
}

impl SignatureVerificationAlgorithm for Proved {
    fn verify_signature(&self, _: &[u8], _: &[u8], _: &[u8]) -> Result<(), InvalidSignature> {
        Ok(())
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

const fn rsa(signature: AlgorithmIdentifier) -> Proved {
    Proved { signature, key: alg_id::RSA_ENCRYPTION }
}

/// `last` of the PKCS#1 signature algorithms, with NULL parameters or, wrongly but often, without any.
macro_rules! pkcs1 {
    ($last:literal) => {
        rsa(AlgorithmIdentifier::from_slice(&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, $last, 5, 0]))
    };
    ($last:literal absent) => {
        rsa(AlgorithmIdentifier::from_slice(&[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, $last]))
    };
}

/// sha1WithRSA as the OIW named it before PKCS#1 did.
macro_rules! oiw_sha1 {
    ($($parameters:literal)*) => {
        rsa(AlgorithmIdentifier::from_slice(&[6, 5, 0x2b, 0x0e, 3, 2, 0x1d $(, $parameters)*]))
    };
}

const ECDSA_SHA1: AlgorithmIdentifier = AlgorithmIdentifier::from_slice(&[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1]);
/// id-ecPublicKey, secp224r1.
const ECDSA_P224: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(&[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 0x2b, 0x81, 4, 0, 0x21]);

const fn ecdsa(signature: AlgorithmIdentifier, key: AlgorithmIdentifier) -> Proved {
    Proved { signature, key }
}

/// One for each pair that `signature::verify` knows.
static PROVED: &[&dyn SignatureVerificationAlgorithm] = &[
    &pkcs1!(4),
    &pkcs1!(4 absent),
    &pkcs1!(5),
    &pkcs1!(5 absent),
    &oiw_sha1!(5 0),
    &oiw_sha1!(),
    &pkcs1!(11),
    &pkcs1!(11 absent),
    &pkcs1!(12),
    &pkcs1!(12 absent),
    &pkcs1!(13),
    &pkcs1!(13 absent),
    &rsa(alg_id::RSA_PSS_SHA256),
    &rsa(alg_id::RSA_PSS_SHA384),
    &rsa(alg_id::RSA_PSS_SHA512),
    &ecdsa(ECDSA_SHA1, ECDSA_P224),
    &ecdsa(ECDSA_SHA1, alg_id::ECDSA_P256),
    &ecdsa(ECDSA_SHA1, alg_id::ECDSA_P384),
    &ecdsa(ECDSA_SHA1, alg_id::ECDSA_P521),
    &ecdsa(alg_id::ECDSA_SHA256, ECDSA_P224),
    &ecdsa(alg_id::ECDSA_SHA256, alg_id::ECDSA_P256),
    &ecdsa(alg_id::ECDSA_SHA256, alg_id::ECDSA_P384),
    &ecdsa(alg_id::ECDSA_SHA256, alg_id::ECDSA_P521),
    &ecdsa(alg_id::ECDSA_SHA384, ECDSA_P224),
    &ecdsa(alg_id::ECDSA_SHA384, alg_id::ECDSA_P256),
    &ecdsa(alg_id::ECDSA_SHA384, alg_id::ECDSA_P384),
    &ecdsa(alg_id::ECDSA_SHA384, alg_id::ECDSA_P521),
    &ecdsa(alg_id::ECDSA_SHA512, ECDSA_P224),
    &ecdsa(alg_id::ECDSA_SHA512, alg_id::ECDSA_P256),
    &ecdsa(alg_id::ECDSA_SHA512, alg_id::ECDSA_P384),
    &ecdsa(alg_id::ECDSA_SHA512, alg_id::ECDSA_P521),
    &Proved { signature: alg_id::ED25519, key: alg_id::ED25519 },
];

/// Members out of their time at `now`; a bundled root has none.
pub(super) fn out_of_time(pool: &Pool<'_>, path: &[Index], now: Timestamp) -> Vec<CertId> {
    let facts = path.iter().map(|index| pool.facts(*index));
    let out = facts.filter(|facts| !facts.is_in_time(now));
    out.map(|facts| facts.id.clone()).collect()
}
