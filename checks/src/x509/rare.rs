//! Signatures that ring does not verify, being weak or rare: MD5, RSA keys under 1024 bits (under 2048 with SHA-384), ECDSA
//! with SHA-1, P-224, P-521. A path whose only fault they are is to be told from a forged one: that they are weak is the
//! platform rules' to say.

use md5::{Digest as _, Md5};
use p521::ecdsa::signature::hazmat::PrehashVerifier as _;
use ring::digest;
use rsa::{BoxedUint, Pkcs1v15Sign, PublicKey};
use x509_parser::{asn1_rs::Oid, oid_registry as oid, x509::SubjectPublicKeyInfo};

use super::{
    read::{rsa_integers, rsa_key},
    signature::{Signed, Verdict, curve},
};

/// The RSA keys whose signatures are verified here, in bits. Shorter ones nobody ever issued, longer ones take long.
const RSA_BITS: std::ops::RangeInclusive<usize> = 512..=4096;

/// Whether `signed` was signed with the private key of `key`.
pub(super) fn verify(signed: &Signed<'_>, key: &SubjectPublicKeyInfo<'_>) -> Verdict {
    let Some((kind, hash)) = algorithm(&signed.algorithm.algorithm) else { return Verdict::Unsupported };
    let is_ec = key.algorithm.algorithm == oid::OID_KEY_TYPE_EC_PUBLIC_KEY;
    let is_rsa = key.algorithm.algorithm == oid::OID_PKCS1_RSAENCRYPTION;
    let digest = hash.of(signed.message);
    let signature = signed.signature;
    match kind {
        Kind::Rsa if is_rsa => rsa(key, hash, &digest, signature),
        Kind::Ecdsa if is_ec => ecdsa(key, &digest, signature),
        Kind::Rsa | Kind::Ecdsa => Verdict::Invalid,
    }
}

/// What makes the signature.
enum Kind {
    Rsa,
    Ecdsa,
}

/// Of what it is made.
#[derive(Clone, Copy)]
enum Hash {
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

fn algorithm(signed_with: &Oid<'_>) -> Option<(Kind, Hash)> {
    if signed_with.as_bytes() == ECDSA_SHA1 {
        return Some((Kind::Ecdsa, Hash::Sha1));
    }
    let all = [
        (oid::OID_PKCS1_MD5WITHRSAENC, Kind::Rsa, Hash::Md5),
        (oid::OID_PKCS1_SHA1WITHRSA, Kind::Rsa, Hash::Sha1),
        (oid::OID_SHA1_WITH_RSA, Kind::Rsa, Hash::Sha1),
        (oid::OID_PKCS1_SHA256WITHRSA, Kind::Rsa, Hash::Sha256),
        (oid::OID_PKCS1_SHA384WITHRSA, Kind::Rsa, Hash::Sha384),
        (oid::OID_PKCS1_SHA512WITHRSA, Kind::Rsa, Hash::Sha512),
        (oid::OID_SIG_ECDSA_WITH_SHA256, Kind::Ecdsa, Hash::Sha256),
        (oid::OID_SIG_ECDSA_WITH_SHA384, Kind::Ecdsa, Hash::Sha384),
        (oid::OID_SIG_ECDSA_WITH_SHA512, Kind::Ecdsa, Hash::Sha512),
    ];
    all.into_iter().find(|(oid, ..)| oid == signed_with).map(|(_, kind, hash)| (kind, hash))
}

impl Hash {
    fn of(self, message: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Md5 => return Md5::digest(message).to_vec(),
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, message).as_ref().to_vec()
    }

    /// What stands before the digest: the DER of DigestInfo up to it (RFC 8017, 9.2, note 1).
    fn prefix(self) -> &'static [u8] {
        match self {
            Self::Md5 => b"\x30\x20\x30\x0c\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x05\x05\x00\x04\x10",
            Self::Sha1 => b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14",
            Self::Sha256 => b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
            Self::Sha384 => b"\x30\x41\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x30",
            Self::Sha512 => b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40",
        }
    }
}

/// PKCS#1 v1.5.
fn rsa(key: &SubjectPublicKeyInfo<'_>, hash: Hash, digest: &[u8], signature: &[u8]) -> Verdict {
    let pkcs1 = key.subject_public_key.data.as_ref();
    let (Some((bits, _)), Some((modulus, exponent))) = (rsa_key(pkcs1), rsa_integers(pkcs1)) else {
        return Verdict::Unsupported;
    };
    // The exponent of a longer one is refused anyway; it need not be read.
    if !usize::try_from(bits).is_ok_and(|bits| RSA_BITS.contains(&bits)) || exponent.len() > 8 {
        return Verdict::Unsupported;
    }
    let number = BoxedUint::from_be_slice_vartime;
    let Ok(key) = PublicKey::new_with_size_limits(number(modulus), number(exponent), RSA_BITS) else {
        return Verdict::Unsupported;
    };
    let scheme = Pkcs1v15Sign { hash_len: Some(digest.len()), prefix: hash.prefix().into() };
    if key.verify(scheme, digest, signature).is_ok() { Verdict::Valid } else { Verdict::Invalid }
}

/// One curve: its point, its signature, the octets of its field.
macro_rules! on {
    ($curve:ident, $octets:literal, $key:expr, $digest:expr, $signature:expr) => {{
        let key = $curve::ecdsa::VerifyingKey::from_sec1_bytes($key);
        let signature = $curve::ecdsa::Signature::from_der($signature);
        // A digest shorter than half the field is refused, though the standard only has it filled up with zeros.
        let mut padded = vec![0; usize::saturating_sub($octets, $digest.len())];
        padded.extend_from_slice($digest);
        matches!((key, signature), (Ok(key), Ok(signature)) if key.verify_prehash(&padded, &signature).is_ok())
    }};
}

fn ecdsa(key: &SubjectPublicKeyInfo<'_>, digest: &[u8], signature: &[u8]) -> Verdict {
    let point = key.subject_public_key.data.as_ref();
    let is_valid = match curve(key) {
        Some(curve) if curve == oid::OID_EC_P256 => on!(p256, 32, point, digest, signature),
        Some(curve) if curve == oid::OID_NIST_EC_P384 => on!(p384, 48, point, digest, signature),
        Some(curve) if curve == oid::OID_NIST_EC_P521 => on!(p521, 66, point, digest, signature),
        Some(curve) if curve.as_bytes() == P224 => on!(p224, 28, point, digest, signature),
        _ => return Verdict::Unsupported,
    };
    if is_valid { Verdict::Valid } else { Verdict::Invalid }
}

/// 1.2.840.10045.4.1
const ECDSA_SHA1: [u8; 7] = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];
/// 1.3.132.0.33
const P224: [u8; 5] = [0x2b, 0x81, 0x04, 0x00, 0x21];
