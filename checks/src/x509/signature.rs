//! Who signed whom: the signature of one certificate, or request, by one key.

use data_encoding::HEXUPPER;
use ring::signature::{self, VerificationAlgorithm};
use x509_parser::{
    asn1_rs::Oid,
    certificate::X509Certificate,
    oid_registry as oid,
    signature_algorithm::RsaSsaPssParams,
    x509::{AlgorithmIdentifier, SubjectPublicKeyInfo},
};

use super::{der, rare, read::rsa_key};

/// What came of verifying a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is by that key.
    Valid,
    /// It is not.
    Invalid,
    /// There is no such algorithm here, or none for such a key (SHA-224, DSA, RSA under 512 bits, …).
    Unsupported,
}

/// Whether `certificate` was signed with the private key of `key`.
pub(super) fn verify(certificate: &X509Certificate<'_>, key: &SubjectPublicKeyInfo<'_>) -> Verdict {
    let signed = Signed {
        algorithm: &certificate.signature_algorithm,
        message: certificate.tbs_certificate.as_ref(),
        signature: &certificate.signature_value.data,
    };
    signed.verify(key)
}

/// Something signed.
pub(super) struct Signed<'a> {
    pub algorithm: &'a AlgorithmIdentifier<'a>,
    pub message: &'a [u8],
    pub signature: &'a [u8],
}

impl Signed<'_> {
    /// Whether it was signed with the private key of `key`. Weak keys and hashes count as long as they can be computed: that
    /// they are weak is for another to say.
    pub fn verify(&self, key: &SubjectPublicKeyInfo<'_>) -> Verdict {
        let algorithm = match algorithm(self.algorithm, key) {
            Ok(algorithm) => algorithm,
            Err(Verdict::Unsupported) => return rare::verify(self, key),
            Err(verdict) => return verdict,
        };
        let key = signature::UnparsedPublicKey::new(algorithm, &key.subject_public_key.data);
        match key.verify(self.message, self.signature) {
            Ok(()) => Verdict::Valid,
            Err(_) => Verdict::Invalid,
        }
    }
}

type Algorithm = &'static dyn VerificationAlgorithm;

/// ring's algorithm for it, or why there is none: a key of this kind makes no such signatures, or ring cannot verify them.
fn algorithm(with: &AlgorithmIdentifier<'_>, key: &SubjectPublicKeyInfo<'_>) -> Result<Algorithm, Verdict> {
    let signed_with = &with.algorithm;
    let is = |oid: &Oid<'_>| signed_with == oid;
    if is(&oid::OID_PKCS1_SHA1WITHRSA) || is(&oid::OID_SHA1_WITH_RSA) {
        rsa(key, 1024, &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY)
    } else if is(&oid::OID_PKCS1_SHA256WITHRSA) {
        rsa(key, 1024, &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY)
    } else if is(&oid::OID_PKCS1_SHA384WITHRSA) {
        rsa(key, 2048, &signature::RSA_PKCS1_2048_8192_SHA384)
    } else if is(&oid::OID_PKCS1_SHA512WITHRSA) {
        rsa(key, 1024, &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY)
    } else if is(&oid::OID_PKCS1_RSASSAPSS) {
        rsa(key, 2048, pss(with).ok_or(Verdict::Unsupported)?)
    } else if is(&oid::OID_SIG_ECDSA_WITH_SHA256) {
        ec(key, &signature::ECDSA_P256_SHA256_ASN1, &signature::ECDSA_P384_SHA256_ASN1)
    } else if is(&oid::OID_SIG_ECDSA_WITH_SHA384) {
        ec(key, &signature::ECDSA_P256_SHA384_ASN1, &signature::ECDSA_P384_SHA384_ASN1)
    } else if is(&oid::OID_SIG_ECDSA_WITH_SHA512) {
        if curve(key).is_some() { Err(Verdict::Unsupported) } else { Err(Verdict::Invalid) }
    } else if is(&oid::OID_SIG_ED25519) {
        if key.algorithm.algorithm == oid::OID_SIG_ED25519 { Ok(&signature::ED25519) } else { Err(Verdict::Invalid) }
    } else {
        Err(Verdict::Unsupported)
    }
}

/// ring says no more than "invalid" of keys outside its bounds, so they are asked first.
fn rsa(key: &SubjectPublicKeyInfo<'_>, least_bits: u32, algorithm: Algorithm) -> Result<Algorithm, Verdict> {
    let kind = &key.algorithm.algorithm;
    if *kind != oid::OID_PKCS1_RSAENCRYPTION && *kind != oid::OID_PKCS1_RSASSAPSS {
        return Err(Verdict::Invalid);
    }
    let (bits, exponent) = rsa_key(&key.subject_public_key.data).ok_or(Verdict::Unsupported)?;
    let exponent_fits = exponent.is_some_and(|exponent| exponent >= 3 && exponent % 2 == 1 && exponent < 1 << 33);
    // Whole bytes count, as in ring.
    let fits = (least_bits..=8192).contains(&bits.next_multiple_of(8)) && exponent_fits;
    if fits { Ok(algorithm) } else { Err(Verdict::Unsupported) }
}

fn ec(key: &SubjectPublicKeyInfo<'_>, p256: Algorithm, p384: Algorithm) -> Result<Algorithm, Verdict> {
    if key.algorithm.algorithm != oid::OID_KEY_TYPE_EC_PUBLIC_KEY {
        return Err(Verdict::Invalid);
    }
    match curve(key) {
        Some(curve) if curve == oid::OID_EC_P256 => Ok(p256),
        Some(curve) if curve == oid::OID_NIST_EC_P384 => Ok(p384),
        _ => Err(Verdict::Unsupported),
    }
}

/// The curve of an EC key.
pub(super) fn curve<'a>(key: &'a SubjectPublicKeyInfo<'_>) -> Option<Oid<'a>> {
    let is_ec = key.algorithm.algorithm == oid::OID_KEY_TYPE_EC_PUBLIC_KEY;
    key.algorithm.parameters.as_ref().filter(|_| is_ec)?.as_oid().ok()
}

/// RSA-PSS with a salt as long as the hash, the only kind in use and in ring.
fn pss(with: &AlgorithmIdentifier<'_>) -> Option<Algorithm> {
    let parameters = RsaSsaPssParams::try_from(with.parameters.as_ref()?).ok()?;
    let hash = parameters.hash_algorithm_oid();
    match parameters.salt_length() {
        32 if *hash == oid::OID_NIST_HASH_SHA256 => Some(&signature::RSA_PSS_2048_8192_SHA256),
        48 if *hash == oid::OID_NIST_HASH_SHA384 => Some(&signature::RSA_PSS_2048_8192_SHA384),
        64 if *hash == oid::OID_NIST_HASH_SHA512 => Some(&signature::RSA_PSS_2048_8192_SHA512),
        _ => None,
    }
}

/// The name by which a signature's algorithm is known, or its OID.
pub(super) fn algorithm_name(algorithm: &[u8]) -> String {
    const NAMES: [(&str, &str); 17] = [
        ("2A864886F70D010102", "md2WithRSAEncryption"),
        ("2A864886F70D010104", "md5WithRSAEncryption"),
        ("2A864886F70D010105", "sha1WithRSAEncryption"),
        ("2B0E03021D", "sha1WithRSAEncryption"),
        ("2A864886F70D01010A", "rsassaPss"),
        ("2A864886F70D01010B", "sha256WithRSAEncryption"),
        ("2A864886F70D01010C", "sha384WithRSAEncryption"),
        ("2A864886F70D01010D", "sha512WithRSAEncryption"),
        ("2A864886F70D01010E", "sha224WithRSAEncryption"),
        ("2A8648CE3D0401", "ecdsa-with-SHA1"),
        ("2A8648CE3D040301", "ecdsa-with-SHA224"),
        ("2A8648CE3D040302", "ecdsa-with-SHA256"),
        ("2A8648CE3D040303", "ecdsa-with-SHA384"),
        ("2A8648CE3D040304", "ecdsa-with-SHA512"),
        ("2A8648CE380403", "dsa-with-SHA1"),
        ("2B6570", "Ed25519"),
        ("2B6571", "Ed448"),
    ];
    let hex = HEXUPPER.encode(algorithm);
    let known = NAMES.iter().find(|(oid, _)| *oid == hex);
    known.map_or_else(|| der::dotted(algorithm), |(_, name)| (*name).to_owned())
}
