//! What a key is worth by the rules of the platforms (App Transport Security).

use super::{KeyFacts, KeyKind};

/// What a key is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// RSA of 2048 bits or more, P-256, P-384.
    Strong,
    /// Strong, but not taken by every platform: Ed25519, RSA-PSS, P-521, an RSA exponent of 3.
    Unusual,
    /// Anything else.
    Weak,
}

impl KeyFacts {
    /// What it is worth.
    pub fn strength(&self) -> Strength {
        match &self.kind {
            KeyKind::Rsa { bits, .. } if *bits < 2048 => Strength::Weak,
            KeyKind::Rsa { exponent, .. } if exponent == "3" => Strength::Unusual,
            // A longer exponent than any in use is left empty; 1 encrypts nothing.
            KeyKind::Rsa { exponent, .. } if exponent == "1" || exponent == "0" => Strength::Weak,
            KeyKind::Rsa { .. } => Strength::Strong,
            KeyKind::RsaPss { bits, .. } if *bits < 2048 => Strength::Weak,
            KeyKind::Ec { curve } => match curve.as_str() {
                "P-256" | "P-384" => Strength::Strong,
                "P-521" => Strength::Unusual,
                _ => Strength::Weak,
            },
            KeyKind::RsaPss { .. } | KeyKind::Ed25519 => Strength::Unusual,
            KeyKind::Other { .. } => Strength::Weak,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_apart_at_their_thresholds() {
        let rsa = |bits, exponent: &str| KeyKind::Rsa { bits, exponent: exponent.to_owned() };
        let ec = |curve: &str| KeyKind::Ec { curve: curve.to_owned() };
        let other = |oid: &str| KeyKind::Other { oid: oid.to_owned() };
        for (kind, expected) in [
            (rsa(2047, "65537"), Strength::Weak),
            (rsa(2048, "65537"), Strength::Strong),
            (rsa(4096, ""), Strength::Strong),
            (rsa(2048, "3"), Strength::Unusual),
            (rsa(2048, "1"), Strength::Weak),
            (rsa(0, ""), Strength::Weak),
            (ec("P-224"), Strength::Weak),
            (ec("P-256"), Strength::Strong),
            (ec("P-384"), Strength::Strong),
            (ec("P-521"), Strength::Unusual),
            (ec("secp256k1"), Strength::Weak),
            (ec("unnamed"), Strength::Weak),
            (KeyKind::Ed25519, Strength::Unusual),
            (KeyKind::RsaPss { bits: 2048, exponent: String::new() }, Strength::Unusual),
            (KeyKind::RsaPss { bits: 1024, exponent: String::new() }, Strength::Weak),
            (other("1.2.840.10040.4.1"), Strength::Weak),
        ] {
            let words = String::new;
            let facts =
                KeyFacts { words: words(), kind, spki_sha256: words(), spki_hex: words(), rsa_public_key_hex: None };
            assert_eq!(facts.strength(), expected, "{facts:?}");
        }
    }
}
