//! What iOS and Android ask of a server's certificate beyond a sound path: each rule, whose it is, where it is written.

use serde::Serialize;

/// A rule that a certificate breaks. `kind` in JSON is stable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum PlatformRule {
    /// An RSA key of less than 2048 bits.
    KeyTooShort {
        /// Its length.
        bits: u32,
    },
    /// Signed, by another, with a hash that is not of the SHA-2 family.
    WeakSignature {
        /// The signature's algorithm.
        algorithm: String,
    },
    /// The extended key usage does not name serverAuth.
    NoServerAuth {
        /// What it names instead; none: there is no such extension.
        usages: Option<Vec<String>>,
    },
    /// Valid for longer than iOS accepts.
    ValidityTooLong {
        /// Days from beginning to end, a part of one counted as one.
        days: i64,
        /// As many as are accepted.
        limit: i64,
    },
    /// Valid for longer than a public CA may issue.
    ValidityBeyondSchedule {
        /// Days from beginning to end, a part of one counted as one.
        days: i64,
        /// As many as may be issued.
        limit: i64,
    },
    /// An EC key of less than 256 bits.
    SmallCurve {
        /// `P-224`, or the OID.
        curve: String,
    },
    /// A kind of key that neither platform's TLS knows.
    UnlistedKey {
        /// For people: `DSA`, `EC secp256k1`.
        key: String,
    },
    /// A kind of key or signature that not every client takes.
    UnusualKey {
        /// For people: `Ed25519`, `RSA 2048 with exponent 3`.
        key: String,
    },
    /// The leaf says that it is a CA.
    LeafIsCa,
    /// The leaf's key usage does not allow it to sign a handshake.
    NoDigitalSignature,
    /// A name stands in the SAN more than once.
    NameTwice {
        /// The name; the first of them, where there are several.
        name: String,
        /// How many other names do too: a SAN may hold thousands, and they are one fault.
        more: usize,
    },
}

/// The longest validity that iOS accepts of any certificate.
pub const IOS_ANY_ROOT: i64 = 825;

impl PlatformRule {
    /// Who insists on it, as the subject of a sentence.
    pub fn platform(&self) -> &'static str {
        match self {
            Self::KeyTooShort { .. }
            | Self::NoServerAuth { .. }
            | Self::ValidityTooLong { limit: IOS_ANY_ROOT, .. } => "iOS 13 and later",
            Self::WeakSignature { .. } => "iOS 13, Android 10 and later",
            Self::ValidityTooLong { .. } => "iOS",
            Self::ValidityBeyondSchedule { .. } => "no phone, but every public CA",
            Self::SmallCurve { .. } => "iOS (App Transport Security)",
            Self::UnlistedKey { .. } | Self::UnusualKey { .. } => "iOS and Android",
            Self::LeafIsCa | Self::NoDigitalSignature | Self::NameTwice { .. } => "strict clients of both platforms",
        }
    }

    /// Where it is written.
    pub fn source(&self) -> &'static str {
        match self {
            Self::KeyTooShort { .. } | Self::ValidityTooLong { limit: IOS_ANY_ROOT, .. } => "Apple 103769",
            Self::WeakSignature { .. } => "Apple 103769; Android 10, behaviour changes",
            Self::NoServerAuth { .. } => "Apple 103769; RFC 5280, 4.2.1.12",
            Self::ValidityTooLong { .. } => "Apple 102028",
            Self::ValidityBeyondSchedule { .. } => "CA/Browser Forum SC-081v3",
            Self::SmallCurve { .. } | Self::UnusualKey { .. } => "Apple App Transport Security",
            Self::UnlistedKey { .. } => "RFC 8446, 4.2.3; Apple App Transport Security",
            Self::LeafIsCa => "RFC 5280, 4.2.1.9",
            Self::NoDigitalSignature => "RFC 8446, 4.4.2.2",
            Self::NameTwice { .. } => "RFC 5280, 4.2.1.6",
        }
    }
}
