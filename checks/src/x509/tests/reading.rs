//! One certificate at a time, as made and mutated.

use std::net::Ipv4Addr;

use proptest::prelude::*;
use rcgen::{KeyUsagePurpose, SanType};

use super::*;

#[test]
fn facts_are_those_of_the_certificate() {
    let root = root("R, Inc.");
    let mut params = leaf();
    params.serial_number = Some(vec![0x80, 0x01].into());
    params.subject_alt_names = vec![
        SanType::DnsName("DS.example.com".try_into().unwrap()),
        SanType::DnsName("*.example.com".try_into().unwrap()),
        SanType::IpAddress(Ipv4Addr::new(10, 1, 0, 11).into()),
        SanType::IpAddress("fd00::1".parse().unwrap()),
        SanType::Rfc822Name("admin@example.com".try_into().unwrap()),
    ];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyAgreement];
    params.extended_key_usages =
        vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth, rcgen::ExtendedKeyUsagePurpose::Other(vec![1, 2, 3])];
    let made = root.issue(params);
    let facts = read(&made.der).unwrap();
    assert_eq!(facts.id, made.id());
    assert_eq!(facts.sha1.len(), 40);
    assert_eq!((facts.subject.as_str(), facts.issuer.as_str()), ("CN=the leaf", r"CN=R\, Inc."));
    assert_eq!(facts.common_name.as_deref(), Some("the leaf"));
    assert_eq!((facts.serial.as_str(), facts.version), ("80:01", 3));
    assert_eq!((facts.not_before.0, facts.not_after.0), (day(-180).unix_timestamp(), day(180).unix_timestamp()));
    assert_eq!(facts.dns_names, ["DS.example.com", "*.example.com"]);
    assert_eq!(facts.ip_addresses, ["10.1.0.11", "fd00::1"]);
    assert_eq!(facts.emails, ["admin@example.com"]);
    assert!(facts.has_san && !facts.self_issued && !facts.has_name_constraints);
    assert_eq!((facts.self_signed, facts.is_ca, facts.path_len), (None, None, None));
    assert_eq!(facts.key_usage.unwrap(), ["digitalSignature", "keyAgreement"]);
    assert_eq!(facts.extended_key_usage.unwrap(), ["serverAuth", "1.2.3"]);
    assert_eq!((facts.key.words.as_str(), facts.key.rsa_public_key_hex), ("EC P-256", None));
    assert_eq!(facts.key.kind, KeyKind::Ec { curve: "P-256".into() });
    assert_eq!(facts.signature_algorithm, "ecdsa-with-SHA256");
    assert_eq!(facts.unknown_critical, [""; 0]);

    let facts = read(&root.der).unwrap();
    assert_eq!((facts.self_issued, facts.self_signed, facts.is_ca), (true, Some(true), Some(true)));
    assert_eq!(facts.key_usage.unwrap(), ["keyCertSign", "cRLSign"]);
    assert_eq!(facts.subject_key_id, read(&made.der).unwrap().authority_key_id);
    assert_eq!(read(&root.with_bad_signature().der).unwrap().self_signed, Some(false));
}

#[test]
fn an_rsa_key_is_told_in_the_form_that_the_known_client_compares() {
    let facts = read(include_bytes!("../../../testdata/rsa-root.der")).unwrap();
    assert_eq!(facts.key.kind, KeyKind::Rsa { bits: 2048, exponent: "65537".into() });
    assert_eq!(facts.key.words, "RSA 2048");
    let key = facts.key.rsa_public_key_hex.unwrap();
    assert!(key.starts_with("3082010a0282010100") && key.ends_with("0203010001"), "{key}");
    assert!(facts.key.spki_hex.ends_with(&key));
    for (der, words) in [
        (&include_bytes!("../../../testdata/p521-root.der")[..], "EC P-521"),
        (include_bytes!("../../../testdata/p224-root.der"), "EC P-224"),
        (include_bytes!("../../../testdata/rsa-512.der"), "RSA 512"),
    ] {
        let facts = read(der).unwrap();
        assert_eq!((facts.key.words.as_str(), facts.self_signed), (words, Some(true)));
    }
    let kind = |der: &[u8]| read(der).unwrap().key.kind;
    let exponent_3 = kind(include_bytes!("../../../testdata/leaf-exponent-3.der"));
    assert_eq!(exponent_3, KeyKind::Rsa { bits: 2048, exponent: "3".into() });
    let pss = kind(include_bytes!("../../../testdata/leaf-pss-key.der"));
    assert_eq!(pss, KeyKind::RsaPss { bits: 2048, exponent: "65537".into() });
    assert_eq!(kind(include_bytes!("../../../testdata/leaf-k256.der")), KeyKind::Ec { curve: "secp256k1".into() });
}

#[test]
fn odd_certificates_are_read() {
    let root = root("R");
    let leaf = root.leaf();
    let negative = leaf.edited(&root, |tbs| tbs[1] = element(der::INTEGER, &[0xff, 0x02]));
    assert_eq!(read(&negative.der).unwrap().serial, "FF:02");
    let far = element(0x18, b"99991231235959Z");
    let validity = element(der::SEQUENCE, &[element(0x17, b"500101000000Z"), far].concat());
    let far = leaf.edited(&root, |tbs| tbs[4] = validity);
    let facts = read(&far.der).unwrap();
    assert_eq!((facts.not_before.day(), facts.not_after.day()), ("1950-01-01".into(), "9999-12-31".into()));
    assert!(against(&[&root], &[&far]).paths[0].is_valid(DS));
    let mut params = forge::leaf();
    params.subject_alt_names = vec![SanType::DnsName(format!("{HOST}\0.evil.example").as_str().try_into().unwrap())];
    assert_eq!(read(&root.issue(params).der).unwrap().dns_names, ["ds.example.com\0.evil.example"]);

    let mut trailing = leaf.der.clone();
    trailing.push(0);
    assert_eq!(read(&trailing).unwrap_err().detail, "1 bytes follow the certificate");
    assert_eq!(read(&leaf.der[..100]).unwrap_err().detail, "cut short, or no DER");
    assert_eq!(read(&vec![0x30; 200_000]).unwrap_err().detail, "longer than 128 KiB");
    let month13 = element(der::SEQUENCE, &[element(0x17, b"261301000000Z"), element(0x17, b"271301000000Z")].concat());
    assert!(read(&leaf.edited(&root, |tbs| tbs[4] = month13).der).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Bytes changed, taken away and put in, in a certificate with every extension that is read.
    #[test]
    fn mutated_certificates_never_panic(edits in prop::collection::vec((any::<u16>(), any::<u8>(), 0..3u8), 1..8)) {
        thread_local! {
            static CHAIN: (Made, Made, Made) = {
                let root = root("R");
                let mut params = ca("I");
                params.name_constraints = Some(only("example.com"));
                let intermediate = root.issue(params);
                let mut params = leaf();
                params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
                params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
                let leaf = intermediate.issue(params);
                (root, intermediate, leaf)
            };
        }
        let mutated = |der: &[u8]| {
            let mut der = der.to_vec();
            for (at, byte, kind) in &edits {
                let at = usize::from(*at) % der.len();
                match kind {
                    0 => der[at] = *byte,
                    1 => drop(der.remove(at)),
                    _ => der.insert(at, *byte),
                }
            }
            der
        };
        CHAIN.with(|(root, intermediate, leaf)| {
            let bad_leaf = mutated(&leaf.der);
            let bad_intermediate = mutated(&intermediate.der);
            let _ = read(&bad_leaf);
            let supplied = Supplied { ca_files: &[root], ..Supplied::default() };
            for sent in [[&bad_leaf, &intermediate.der], [&leaf.der, &bad_intermediate]] {
                let recording = presents_der(&[sent[0], sent[1]], &supplied);
                let chain = chains(&[recording], NOW).pop_first().unwrap().1;
                prop_assert_eq!(chain.sent.len(), 2);
                let unchanged = *sent[0] == leaf.der && *sent[1] == intermediate.der;
                prop_assert!(unchanged || !chain.paths.iter().any(|path| path.is_valid(DS)));
            }
            Ok(())
        })?;
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(read(&bytes).is_err());
    }
}
