//! Versions and suites of TLS.

use crate::cause::Cause;

pub(super) fn tell(cause: &Cause) -> (String, String) {
    match cause {
        Cause::TlsTooOld { versions, suites } => (
            format!("the server speaks {} and nothing newer, with {}", super::series(versions), suites.join(", ")),
            "enable TLS 1.2, better TLS 1.3 too, with ECDHE suites; devices speak nothing older".to_owned(),
        ),
        Cause::TlsNoUsableSuite { suites, .. } => (
            format!("the server speaks TLS 1.2, but with no ECDHE suite that devices take; it chose {}", suites.join(", ")),
            "enable ECDHE suites with AES-GCM, such as TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384".to_owned(),
        ),
        Cause::TlsCurveTooSmall { curve, bits, suites } => {
            let bits = bits.map(|bits| format!(", of {bits} bits")).unwrap_or_default();
            (
                format!("the server agrees on keys by {curve}{bits}, and devices want 256 or more (with {})", suites.join(", ")),
                "have it use x25519, P-256 or P-384".to_owned(),
            )
        }
        Cause::TlsCbcOnly { suites } => (
            format!("the server's only ECDHE suites are with CBC, which devices still take and are about to give up: {}", suites.join(", ")),
            "enable ECDHE suites with AES-GCM; until then, what it answers by HTTP cannot be asked from here".to_owned(),
        ),
        Cause::NoExtendedMasterSecret { suite } => (
            format!("the server speaks TLS 1.2 without extended master secret (with {suite})"),
            "update the server's TLS, or enable extended master secret (RFC 7627) in it; some platforms are to insist on it".to_owned(),
        ),
        _ => (String::new(), String::new()),
    }
}
