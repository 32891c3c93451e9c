//! A ClientHello of TLS 1.0 to 1.2, as broad as clients ever were.

use pinflight_checks::recording::Offered;
use tls_parser::TlsVersion;

/// Suites with ECDHE: those of today first, so that a server which follows the client's order chooses the best.
pub(super) const ECDHE: &[u16] = &[
    0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, // GCM and ChaCha20
    0xc023, 0xc027, 0xc009, 0xc013, 0xc024, 0xc028, 0xc00a, 0xc014, // CBC
    0xc0ac, 0xc0ad, 0xc0ae, 0xc0af, // CCM
    0xc072, 0xc076, 0xc073, 0xc077, // Camellia
    0xc008, 0xc012, 0xc007, 0xc011, // 3DES and RC4
];

/// Suites without: DHE, RSA key transport, ECDH with a fixed key, DSS; none that is anonymous or for export.
pub(super) const NO_ECDHE: &[u16] = &[
    0x009e, 0x009f, 0xccaa, 0x0067, 0x006b, 0x0033, 0x0039, 0x0045, 0x0088, 0x0016, // DHE_RSA
    0x009c, 0x009d, 0xc09c, 0xc09d, 0x003c, 0x003d, 0x002f, 0x0035, 0x0041, 0x0084, // RSA
    0x000a, 0x0005, 0x0004, 0x0007, 0x0096, 0x0009, // RSA with 3DES, RC4, IDEA, SEED, DES
    0xc02d, 0xc031, 0xc02e, 0xc032, 0xc025, 0xc029, 0xc004, 0xc00e, 0xc005, 0xc00f, 0xc003, 0xc00d, // ECDH
    0x00a2, 0x00a3, 0x0040, 0x006a, 0x0032, 0x0038, 0x0013, // DHE_DSS
];

/// In the place of a suite: secure renegotiation is known (RFC 5746), which every version understands.
const RENEGOTIATION: u16 = 0x00ff;

/// The curves of phones first, then every other that a server might have, small ones too.
const GROUPS: &[u16] = &[
    29, 23, 24, 25, 30, 26, 27, 28, 22, // x25519, P-256, P-384, P-521, x448, brainpool, secp256k1
    21, 20, 19, 18, 16, 17, 15, // 224 bits and fewer
    14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, // on binary fields
];

/// What ends of chains sign with.
const SIGNATURES: &[u16] = &[
    0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0807, 0x0808, // SHA-2, EdDSA
    0x0303, 0x0301, 0x0203, 0x0201, 0x0402, 0x0302, 0x0202, // SHA-224, SHA-1, DSA
];

const SERVER_NAME: u16 = 0;
const SUPPORTED_GROUPS: u16 = 10;
const POINT_FORMATS: u16 = 11;
const SIGNATURE_ALGORITHMS: u16 = 13;
const PADDING: u16 = 21;
const EXTENDED_MASTER_SECRET: u16 = 23;

/// What is offered.
#[derive(Clone, Debug)]
pub(super) struct Offer<'a> {
    pub(super) version: TlsVersion,
    pub(super) suites: Vec<u16>,
    pub(super) sni: Option<&'a str>,
    pub(super) random: [u8; 32],
}

/// Which suites a question offers.
pub(super) fn suites(offered: Offered) -> impl Iterator<Item = u16> {
    let (ecdhe, others) = match offered {
        Offered::All => (ECDHE, NO_ECDHE),
        Offered::Ecdhe => (ECDHE, [].as_slice()),
        Offered::NoEcdhe => ([].as_slice(), NO_ECDHE),
    };
    ecdhe.iter().chain(others).copied()
}

impl Offer<'_> {
    /// As one record.
    pub(super) fn record(&self) -> Vec<u8> {
        let mut suites: Vec<u8> = self.suites.iter().flat_map(|suite| suite.to_be_bytes()).collect();
        suites.extend(RENEGOTIATION.to_be_bytes());
        // No session, and no compression.
        let head = [&self.version.to_be_bytes(), self.random.as_slice(), &[0], &vector16(&suites), &[1, 0]].concat();
        let mut extensions = self.extensions();
        // Some balancers hang on a hello of 256 to 511 bytes (RFC 7685).
        let length = 4 + head.len() + 2 + extensions.len();
        if (256..512).contains(&length) {
            extensions.extend(extension(PADDING, &vec![0; 512_usize.saturating_sub(length + 4)]));
        }
        let body = [head, vector16(&extensions)].concat();
        let [_, high, middle, low] = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
        let message = [&[1, high, middle, low], body.as_slice()].concat();
        // The record of a first hello is of TLS 1.0, whatever is offered in it (RFC 5246, E.1).
        [&[22, 3, 1], vector16(&message).as_slice()].concat()
    }

    fn extensions(&self) -> Vec<u8> {
        let list = |values: &[u16]| vector16(&values.iter().flat_map(|value| value.to_be_bytes()).collect::<Vec<_>>());
        let mut extensions = Vec::new();
        if let Some(name) = self.sni {
            let host_name = [&[0], vector16(name.as_bytes()).as_slice()].concat();
            extensions.extend(extension(SERVER_NAME, &vector16(&host_name)));
        }
        extensions.extend(extension(EXTENDED_MASTER_SECRET, &[]));
        extensions.extend(extension(SUPPORTED_GROUPS, &list(GROUPS)));
        // Uncompressed points.
        extensions.extend(extension(POINT_FORMATS, &[1, 0]));
        if self.version == TlsVersion::Tls12 {
            extensions.extend(extension(SIGNATURE_ALGORITHMS, &list(SIGNATURES)));
        }
        extensions
    }
}

fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    [kind.to_be_bytes().as_slice(), &vector16(content)].concat()
}

/// With its length before it; all that is said here is far below 64 KiB.
fn vector16(content: &[u8]) -> Vec<u8> {
    [u16::try_from(content.len()).unwrap_or(u16::MAX).to_be_bytes().as_slice(), content].concat()
}

#[cfg(test)]
mod tests {
    use tls_parser::{
        SNIType, TlsCipherSuite, TlsExtension, TlsMessage, TlsMessageHandshake, parse_tls_client_hello_extensions,
        parse_tls_plaintext,
    };

    use super::*;

    fn offer(version: TlsVersion, offered: Offered, sni: Option<&str>) -> Vec<u8> {
        Offer { version, suites: suites(offered).collect(), sni, random: [7; 32] }.record()
    }

    #[test]
    fn a_hello_is_read_as_it_was_meant() {
        for (version, offered) in [
            (TlsVersion::Tls12, Offered::All),
            (TlsVersion::Tls11, Offered::NoEcdhe),
            (TlsVersion::Tls10, Offered::Ecdhe),
        ] {
            let record = offer(version, offered, Some("ds.example.com"));
            let (rest, plain) = parse_tls_plaintext(&record).unwrap();
            assert!(rest.is_empty());
            let [TlsMessage::Handshake(TlsMessageHandshake::ClientHello(hello))] = plain.msg.as_slice() else {
                panic!("{plain:?}")
            };
            assert_eq!((plain.hdr.version, hello.version), (TlsVersion::Tls10, version));
            let expected: Vec<u16> = suites(offered).chain([RENEGOTIATION]).collect();
            assert_eq!(hello.ciphers.iter().map(|suite| suite.0).collect::<Vec<_>>(), expected);
            let (rest, extensions) = parse_tls_client_hello_extensions(hello.ext.unwrap()).unwrap();
            assert!(rest.is_empty());
            assert!(extensions.contains(&TlsExtension::SNI(vec![(SNIType::HostName, b"ds.example.com".as_slice())])));
            assert!(extensions.contains(&TlsExtension::ExtendedMasterSecret));
            let signs = extensions.iter().any(|one| matches!(one, TlsExtension::SignatureAlgorithms(_)));
            assert_eq!(signs, version == TlsVersion::Tls12);
        }
    }

    #[test]
    fn no_hello_is_of_a_length_that_balancers_hang_on() {
        for name in [None, Some("a.io"), Some("a-long-name-of-a-server.with-a-long-domain.example.com")] {
            for left_out in 0..ECDHE.len() {
                let suites = ECDHE.iter().skip(left_out).copied().collect();
                let record = Offer { version: TlsVersion::Tls12, suites, sni: name, random: [7; 32] }.record();
                assert!(!(256..512).contains(&(record.len() - 5)), "{}", record.len());
            }
        }
    }

    #[test]
    fn every_suite_has_a_name_and_stands_once_on_its_side() {
        let mut seen = std::collections::BTreeSet::new();
        for (ecdhe, suite) in ECDHE.iter().map(|suite| (true, suite)).chain(NO_ECDHE.iter().map(|suite| (false, suite)))
        {
            let known = TlsCipherSuite::from_id(*suite).unwrap_or_else(|| panic!("{suite:#06x}"));
            assert_eq!(known.name.starts_with("TLS_ECDHE_"), ecdhe, "{}", known.name);
            assert!(!known.name.contains("anon") && !known.name.contains("EXPORT"), "{}", known.name);
            assert!(seen.insert(suite), "{}", known.name);
        }
    }
}
