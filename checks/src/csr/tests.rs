//! Requests made right and wrong.

use proptest::prelude::*;
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, DnType, KeyPair, SanType};

use super::*;
use crate::{
    check::Check,
    deployment::{Policy, TrustServiceMode, Vantage},
    judge,
    outcome::State,
    recording::{Der, Recording, SuppliedFile},
    testing::{NOW, recording},
    x509::read_csr,
};

const TS: &str = "ts.example.com";

fn params(common_name: &str, names: &[SanType]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.subject_alt_names = names.to_vec();
    params
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

fn email(address: &str) -> SanType {
    SanType::Rfc822Name(address.try_into().unwrap())
}

fn request(params: &CertificateParams) -> Vec<u8> {
    params.serialize_request(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
}

fn sound() -> Vec<u8> {
    request(&params(TS, &[dns(TS), email("admin@example.com")]))
}

fn view(der: &[u8]) -> Request {
    let expected = Expected { domain: Some("example.com"), host: Some(TS), certificate: None };
    Request::of(Ok(der), expected)
}

fn outcomes(request: &Request) -> [State; 4] {
    let states: Vec<State> = request.checks.iter().map(|check| check.outcome).collect();
    states.try_into().unwrap()
}

fn kinds(request: &Request) -> Vec<&'static str> {
    let findings = request.checks.iter().flat_map(|check| &check.findings);
    findings.filter_map(|finding| finding.cause.as_ref()).map(crate::cause::Cause::kind).collect()
}

#[test]
fn a_sound_request_is_read_and_passes() {
    let seen = view(&sound());
    assert_eq!(outcomes(&seen), [State::Pass, State::Pass, State::Pass, State::Skipped]);
    assert_eq!((seen.parsed, seen.error.as_ref(), seen.signature_valid), (true, None, Some(true)));
    assert_eq!(seen.subject.as_deref(), Some("CN=ts.example.com"));
    assert_eq!(
        (seen.emails.subject.as_slice(), seen.emails.san.as_slice()),
        (&[][..], &["admin@example.com".to_owned()][..])
    );
    assert_eq!(seen.dns_names, [TS]);
    assert_eq!(
        (seen.key.kind.as_deref(), seen.key.bits, seen.key.curve.as_deref()),
        (Some("EC"), Some(256), Some("P-256"))
    );
    assert!(!seen.is_wrong());
}

#[test]
fn what_is_wrong_with_names_and_addresses_is_told() {
    use State::{Fail, Pass, Skipped, Warn};
    let admin = || email("admin@example.com");
    let mut in_subject = params(TS, &[dns(TS)]);
    in_subject.distinguished_name.push(
        DnType::CustomDnType(vec![1, 2, 840, 113_549, 1, 9, 1]),
        rcgen::string::Ia5String::try_from("a@example.com").map(rcgen::DnValue::Ia5String).unwrap(),
    );
    for (params, expected, kinds_expected) in [
        (in_subject, [Pass, Pass, Pass, Skipped], vec![]),
        (params(TS, &[dns(TS)]), [Fail, Pass, Pass, Skipped], vec!["csr-email-missing"]),
        (params(TS, &[dns(TS), email("a@example.org")]), [Fail, Pass, Pass, Skipped], vec!["csr-email-elsewhere"]),
        (
            params(TS, &[dns(TS), admin(), email("a@example.org")]),
            [Warn, Pass, Pass, Skipped],
            vec!["csr-email-elsewhere"],
        ),
        (
            params(TS, &[dns(TS), dns("www.example.com"), admin()]),
            [Pass, Fail, Pass, Skipped],
            vec!["csr-several-dns-names"],
        ),
        (
            params(TS, &[dns("a.example.org"), dns("b.example.org"), admin()]),
            [Pass, Fail, Pass, Skipped],
            vec!["csr-several-dns-names", "csr-name-mismatch"],
        ),
        (params(TS, &[dns("*.example.com"), admin()]), [Pass, Pass, Pass, Skipped], vec![]),
        (params(TS, &[dns("ts.example.org"), admin()]), [Pass, Fail, Pass, Skipped], vec!["csr-name-mismatch"]),
        (params(TS, &[admin()]), [Pass, Warn, Pass, Skipped], vec!["csr-name-in-common-name-only"]),
        (params("other", &[admin()]), [Pass, Fail, Pass, Skipped], vec!["csr-name-mismatch"]),
    ] {
        let seen = view(&request(&params));
        assert_eq!((outcomes(&seen), kinds(&seen)), (expected, kinds_expected), "{seen:?}");
    }
}

#[test]
fn nothing_passes_that_was_not_held_against_anything() {
    let seen = Request::of(Ok(&sound()), Expected::default());
    assert_eq!(outcomes(&seen), [State::NotObserved, State::NotObserved, State::Pass, State::Skipped]);
    assert!(seen.checks[0].findings[0].message.contains("--workspace-one-id-domain"));
    assert!(seen.checks[1].findings[0].message.contains("--host"));
    // What is wrong by itself needs nothing to be held against.
    let two = request(&params(TS, &[dns(TS), dns("www.example.com")]));
    assert_eq!(outcomes(&Request::of(Ok(&two), Expected::default()))[..2], [State::Fail, State::Fail]);
}

#[test]
fn a_signature_is_valid_invalid_or_not_to_be_verified() {
    let mut broken = sound();
    *broken.last_mut().unwrap() ^= 1;
    let seen = view(&broken);
    assert_eq!((seen.signature_valid, kinds(&seen)), (Some(false), vec!["csr-signature-invalid"]));

    // ecdsa-with-SHA256, as ecdsa-with-SHA224, which nobody here verifies.
    let mut unknown = sound();
    let oid = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
    let at = unknown.windows(oid.len()).rposition(|window| window == oid).unwrap();
    unknown[at + oid.len() - 1] = 0x01;
    let seen = view(&unknown);
    assert_eq!((seen.signature_valid, seen.checks[2].outcome), (None, State::NotObserved));
    assert!(seen.checks[2].findings[0].message.contains("openssl req"));
}

#[test]
fn what_is_no_request_is_shown_all_the_same() {
    use State::{Fail, NotObserved, Skipped};
    for bytes in [&b""[..], b"hello", &[0x30, 0x00], &[0x30, 0x82, 0xff], &sound()[..100]] {
        let seen = view(bytes);
        assert_eq!(outcomes(&seen), [NotObserved, NotObserved, Fail, Skipped], "{bytes:?}");
        assert_eq!((seen.parsed, kinds(&seen)), (false, vec!["csr-unreadable"]));
        assert!(seen.error.is_some() && seen.subject.is_none() && seen.signature_valid.is_none());
        assert_eq!((seen.key, seen.dns_names.len()), (Key::default(), 0));
    }
}

#[test]
fn a_name_that_cannot_be_read_whole_is_no_passing_name() {
    // dNSName ts.example.com, and another that is longer than there is.
    let san = |contents: &[u8]| {
        let mut params = params(TS, &[]);
        let mut value = vec![0x30, u8::try_from(contents.len()).unwrap()];
        value.extend(contents);
        params.custom_extensions.push(CustomExtension::from_oid_content(&[2, 5, 29, 17], value));
        request(&params)
    };
    let whole = [&[0x82, 14][..], TS.as_bytes()].concat();
    assert_eq!(read_csr(&san(&whole)).unwrap().dns_names, [TS]);
    let cut = [&whole[..], &[0x82, 9, b'x']].concat();
    assert_eq!(read_csr(&san(&cut)).unwrap_err(), "its subject alternative name is malformed");
}

#[test]
fn the_certificate_is_held_against_the_request() {
    let root = crate::x509::forge::root("R");
    let key = std::sync::Arc::new(KeyPair::generate().unwrap());
    let der =
        params(TS, &[dns(TS), email("admin@example.com")]).serialize_request(key.as_ref()).unwrap().der().to_vec();
    let signed = |names: &[&str], key: &std::sync::Arc<KeyPair>| {
        let mut params = crate::x509::forge::leaf();
        params.subject_alt_names = names.iter().map(|name| dns(name)).collect();
        x509::read(&root.issue_for(params, key).der)
    };
    let other = std::sync::Arc::new(KeyPair::generate().unwrap());
    for (certificate, expected) in [
        (signed(&[TS], &key), (State::Pass, vec![])),
        (signed(&["TS.example.com"], &key), (State::Pass, vec![])),
        (signed(&[TS], &other), (State::Fail, vec!["certificate-not-from-csr"])),
        (signed(&[TS, "www.example.com"], &key), (State::Warn, vec!["certificate-names-differ"])),
        (signed(&["www.example.com"], &key), (State::Warn, vec!["certificate-names-differ"])),
        (signed(&[], &key), (State::Warn, vec!["certificate-names-differ"])),
        (x509::read(b"no certificate"), (State::NotObserved, vec![])),
    ] {
        let expected_of = Expected { domain: Some("example.com"), host: Some(TS), certificate: Some(&certificate) };
        let seen = Request::of(Ok(&der), expected_of);
        assert_eq!((seen.checks[3].outcome, kinds(&seen)), expected, "{certificate:?}");
    }
    // The service made a DNS name of the CN.
    let bare = params(TS, &[]).serialize_request(key.as_ref()).unwrap().der().to_vec();
    let certificate = signed(&[TS], &key);
    let seen = Request::of(Ok(&bare), Expected { certificate: Some(&certificate), ..Expected::default() });
    assert_eq!(seen.checks[3].outcome, State::Pass);
}

fn declared(der: Vec<u8>, domain: Option<&str>) -> Recording {
    let mut recording = recording(Vantage::Device, TrustServiceMode::OnPremises);
    recording.deployment.trust_service.workspace_one_id_domain = domain.map(str::to_owned);
    let content = FileContent::Csr(Der(der));
    recording.files = vec![SuppliedFile { path: "ts.csr".into(), used_as: FileUse::TrustServiceCsr, content }];
    recording
}

fn of<'a>(report: &'a crate::report::Report, id: &str) -> &'a crate::report::CheckReport {
    report.checks.iter().find(|check| check.id.0 == id).unwrap()
}

#[test]
fn what_does_not_apply_is_skipped_and_what_is_not_declared_is_not_seen() {
    let policy = Policy::default();
    let judged = |recordings: &[Recording]| judge::judge(&Case::new(recordings, &policy, NOW).unwrap());
    for mode in [TrustServiceMode::Cloud, TrustServiceMode::Awcm, TrustServiceMode::None] {
        let mut recording = recording(Vantage::Device, mode);
        recording.files = declared(sound(), None).files;
        let report = judged(&[recording]);
        for id in ["csr/email-domain", "csr/single-dns-name", "csr/key-and-signature", "csr/matches-certificate"] {
            assert_eq!(of(&report, id).outcome, State::Skipped, "{id} {mode:?}");
        }
    }
    let report = judged(&[recording(Vantage::Device, TrustServiceMode::OnPremises)]);
    assert_eq!(of(&report, "csr/email-domain").outcome, State::Skipped);

    let report = judged(&[declared(sound(), None)]);
    let email = of(&report, "csr/email-domain");
    assert_eq!(email.outcome, State::NotObserved);
    assert!(email.reason.as_ref().unwrap().contains("trust_service.workspace_one_id_domain"), "{email:?}");
    assert_eq!(of(&report, "csr/single-dns-name").outcome, State::Pass);
    assert_eq!(of(&report, "csr/matches-certificate").outcome, State::NotObserved);

    let report = judged(&[declared(b"\x30\x03\x02\x01\x00".to_vec(), Some("example.com"))]);
    assert_eq!(of(&report, "csr/key-and-signature").outcome, State::Fail);
    for id in ["csr/email-domain", "csr/single-dns-name", "csr/matches-certificate"] {
        let check = of(&report, id);
        assert_eq!((check.outcome, check.because), (State::NotObserved, Some(KeyAndSignature.meta().id)), "{id}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Bytes changed, taken away and put in.
    #[test]
    fn mutated_requests_never_panic(edits in prop::collection::vec((any::<u16>(), any::<u8>(), 0..3u8), 1..8)) {
        thread_local! {
            static REQUEST: Vec<u8> = sound();
        }
        let mut der = REQUEST.with(Clone::clone);
        for (at, byte, kind) in &edits {
            let at = usize::from(*at) % der.len();
            match kind {
                0 => der[at] = *byte,
                1 => drop(der.remove(at)),
                _ => der.insert(at, *byte),
            }
        }
        let seen = view(&der);
        prop_assert_eq!(seen.parsed, seen.error.is_none());
        prop_assert_eq!(seen.checks.len(), 4);
    }

    /// Anything at all.
    #[test]
    fn arbitrary_bytes_never_panic(der in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(view(&der).checks.len(), 4);
    }
}
