//! The checks on recordings in which servers present chains made for the purpose.

mod rules;

use rcgen::{IsCa, SanType};

use super::*;
use crate::{
    cause::{Cause, Difference},
    check::Check,
    deployment::{Policy, TrustServiceMode, Vantage},
    outcome::{State, Unobserved},
    recording::ConnectFailure,
    recording::{FileUse, Tls12Fact, TlsFailure},
    testing::{NOW, name, recording, refused, registry},
    x509::{
        LinkFault, Place,
        forge::{HOST, Made, Supplied, ca, day, leaf, met, presents, presents_der, root, self_signed},
    },
};

fn judged(check: &dyn Check, recordings: &[Recording]) -> Judgement {
    let policy = Policy::default();
    check.judge(&Case::new(recordings, &policy, NOW).unwrap())
}

/// Where pins are not judged: `--only 'certificate/*'`.
fn judged_alone(check: &dyn Check, recordings: &[Recording]) -> Judgement {
    let policy = Policy { only: vec!["certificate/*".into()], ..Policy::default() };
    check.judge(&Case::new(recordings, &policy, NOW).unwrap())
}

/// The outcomes of the one target.
fn outcomes(check: &dyn Check, recording: &Recording) -> Vec<Outcome> {
    let judgement = judged(check, std::slice::from_ref(recording));
    let target = Target::At(Endpoint::new(HOST, 443), ([10, 1, 0, 11], 443).into());
    judgement.into_iter().inspect(|(found, _)| assert_eq!(*found, target)).map(|(_, outcome)| outcome).collect()
}

fn cause(outcome: &Outcome) -> (State, Option<&Cause>) {
    match outcome {
        Outcome::Warn(finding) | Outcome::Fail(finding) => (outcome.state(), Some(&finding.cause)),
        _ => (outcome.state(), None),
    }
}

/// State and kind of each finding of the checks that judge a chain, in their order; what passes is left out.
fn findings(recording: &Recording) -> Vec<(&'static str, State, &'static str)> {
    let checks: [&dyn Check; 5] = [&Path, &Order, &Name, &Expiry, &PlatformRules];
    let mut found = Vec::new();
    for check in checks {
        for outcome in outcomes(check, recording) {
            let (state, cause) = cause(&outcome);
            if state != State::Pass {
                found.push((check.meta().id.0, state, cause.map(Cause::kind).unwrap_or_default()));
            }
        }
    }
    found
}

fn with(roots: &[&Made], sent: &[&Made]) -> Recording {
    presents(sent, &Supplied { ca_files: roots, ..Supplied::default() })
}

const PATH: &str = "certificate/path";
const ORDER: &str = "certificate/order";
const EXPIRY: &str = "certificate/expiry";
const RULES: &str = "certificate/platform-rules";
const UNSEEN: (&str, State, &str) = (EXPIRY, State::NotObserved, "");
const UNRULED: (&str, State, &str) = (RULES, State::NotObserved, "");

// ---- one cause, one owner

#[test]
fn each_fault_of_the_chain_is_found_by_one_check() {
    let root = root("R");
    let good = root.intermediate("I");
    let leaf_made = good.leaf();
    let stranger = crate::x509::forge::root("S").intermediate("X");
    let mut not_a_ca = ca("I");
    not_a_ca.is_ca = IsCa::ExplicitNoCa;
    let not_a_ca = root.issue(not_a_ca);
    let alone = self_signed(leaf());
    let mut old = leaf();
    old.not_after = day(-1);
    let mut young = leaf();
    young.not_before = day(1);
    let mut expired_ca = ca("I");
    expired_ca.not_after = day(-1);
    let expired_ca = root.issue(expired_ca);
    let mut expired_root = ca("R");
    expired_root.not_after = day(-1);
    let expired_root = self_signed(expired_root);

    let fail = |check, kind| (check, State::Fail, kind);
    let warn = |check, kind| (check, State::Warn, kind);
    for (roots, sent, expected) in [
        (vec![&root], vec![&leaf_made, &good], vec![]),
        (vec![&root], vec![&leaf_made, &good, &root], vec![]),
        (vec![&root], vec![&leaf_made], vec![fail(PATH, "missing-intermediate"), UNSEEN, UNRULED]),
        (vec![&root, &good], vec![&leaf_made], vec![fail(PATH, "missing-intermediate"), UNSEEN, UNRULED]),
        (vec![&root], vec![&leaf_made, &root], vec![fail(PATH, "missing-intermediate"), UNSEEN, UNRULED]),
        (vec![], vec![&leaf_made, &good, &root], vec![fail(PATH, "untrusted-root"), UNSEEN, UNRULED]),
        (
            vec![],
            vec![&leaf_made, &root, &good],
            vec![fail(PATH, "untrusted-root"), warn(ORDER, "wrong-order"), UNSEEN, UNRULED],
        ),
        (vec![&root], vec![&alone], vec![fail(PATH, "self-signed"), UNSEEN, UNRULED]),
        (vec![&root], vec![&not_a_ca.leaf(), &not_a_ca], vec![fail(PATH, "path-broken"), UNSEEN, UNRULED]),
        (vec![&root], vec![&leaf_made.with_bad_signature(), &good], vec![fail(PATH, "path-broken"), UNSEEN, UNRULED]),
        (vec![&root], vec![&leaf_made, &good, &stranger], vec![warn(ORDER, "stranger-sent")]),
        (vec![&root], vec![&leaf_made, &good, &good], vec![warn(ORDER, "sent-twice")]),
        (vec![&root], vec![&leaf_made, &root, &good], vec![warn(ORDER, "wrong-order")]),
        (vec![&root], vec![&good.issue(old), &good], vec![fail(EXPIRY, "expired")]),
        (vec![&root], vec![&good.issue(young), &good], vec![fail(EXPIRY, "not-yet-valid")]),
        (vec![&root], vec![&expired_ca.leaf(), &expired_ca], vec![fail(EXPIRY, "expired")]),
        (vec![&expired_root], vec![&expired_root.leaf()], vec![fail(EXPIRY, "expired")]),
    ] {
        assert_eq!(findings(&with(&roots, &sent)), expected);
    }
}

#[test]
fn what_is_missing_is_named_and_found_among_the_files() {
    let root = root("R");
    let intermediate = root.intermediate("I");
    let leaf = intermediate.leaf();
    for (files, expected) in [(&[][..], false), (&[(FileUse::Next, &intermediate)][..], true)] {
        let recording = presents(&[&leaf], &Supplied { ca_files: &[&root], files, ..Supplied::default() });
        let found = outcomes(&Path, &recording);
        let facts = crate::x509::read(&leaf.der).unwrap();
        let missing = Cause::MissingIntermediate {
            certificate: facts.name(Place::Leaf),
            issuer: "CN=I".into(),
            key_id: facts.authority_key_id,
            found_among_supplied: expected,
        };
        assert_eq!(found.iter().map(cause).collect::<Vec<_>>(), [(State::Fail, Some(&missing))]);
    }
}

#[test]
fn the_broken_link_is_named() {
    let root = root("R");
    let intermediate = root.intermediate("I");
    let old = intermediate.version1(&root);
    let found = outcomes(&Path, &with(&[&root], &[&old.leaf(), &old]));
    let certificate = crate::x509::read(&old.der).unwrap().name(Place::Intermediate);
    let broken = Cause::PathBroken { certificate, fault: LinkFault::Version1 };
    assert_eq!(found.iter().map(cause).collect::<Vec<_>>(), [(State::Fail, Some(&broken))]);
}

#[test]
fn a_leaf_of_version_1_has_one_cause() {
    let root = root("R");
    let recording = with(&[&root], &[&root.leaf().version1(&root)]);
    let unnamed = ("certificate/name", State::NotObserved, "");
    assert_eq!(findings(&recording), [(PATH, State::Fail, "path-broken"), unnamed, UNSEEN, UNRULED]);
}

#[test]
fn the_signing_root_is_untrusted_at_device_services() {
    let root = root("AW");
    let leaf = root.leaf();
    let supplied = Supplied { files: &[(FileUse::SigningRoot, &root)], ..Supplied::default() };
    let mut recording = presents(&[&leaf], &supplied);
    assert_eq!(findings(&recording), [(PATH, State::Fail, "untrusted-root"), UNSEEN, UNRULED]);
    recording.connections[0].role = Role::TrustServiceServer;
    let judgement = judged(&Path, &[recording]);
    let states: Vec<State> = judgement.iter().map(|(_, outcome)| outcome.state()).collect();
    assert_eq!(states, [State::Pass, State::NotObserved], "and nobody presented Device Services' certificate");
}

#[test]
fn a_certificate_that_cannot_be_read_is_the_cause_or_a_warning() {
    let root = root("R");
    let intermediate = root.intermediate("I");
    let (junk, leaf) = (b"junk".as_slice(), intermediate.leaf());
    let roots = Supplied { ca_files: &[&root], ..Supplied::default() };
    let unreadable_leaf = findings(&presents_der(&[junk, &intermediate.der], &roots));
    let unseen = |check| (check, State::NotObserved, "");
    let expected =
        [(PATH, State::Fail, "certificate-unreadable"), unseen(ORDER), unseen("certificate/name"), UNSEEN, UNRULED];
    assert_eq!(unreadable_leaf, expected);
    let in_place_of_the_issuer = findings(&presents_der(&[&leaf.der, junk], &roots));
    assert_eq!(in_place_of_the_issuer, [(PATH, State::Fail, "certificate-unreadable"), UNSEEN, UNRULED]);
    let beside = findings(&presents_der(&[&leaf.der, &intermediate.der, junk], &roots));
    assert_eq!(beside, [(PATH, State::Warn, "certificate-unreadable")]);
}

#[test]
fn a_server_without_the_key_fails_though_its_chain_is_sound() {
    let root = root("R");
    let mut recording = with(&[&root], &[&root.leaf()]);
    recording.connections[0].outcome.as_mut().unwrap().signature = HandshakeSignature::Invalid;
    assert_eq!(findings(&recording), [(PATH, State::Fail, "handshake-signature-invalid")]);
    let why = "RSA 1024".to_owned();
    recording.connections[0].outcome.as_mut().unwrap().signature = HandshakeSignature::Unverifiable { why };
    assert_eq!(findings(&recording), []);
}

#[test]
fn an_expired_path_beside_a_valid_one_is_a_warning_of_its_own() {
    let (a, b) = (root("A"), root("B"));
    let mut expired = ca("A");
    expired.not_after = day(-1);
    let cross = b.issue_for(expired, &a.key);
    let leaf = a.leaf();
    let sent = [&leaf, &cross];
    assert_eq!(findings(&with(&[&a, &b], &sent)), [(PATH, State::Warn, "expired-alternative-path")]);
    assert_eq!(findings(&with(&[&b], &sent)), [(EXPIRY, State::Fail, "expired")]);
    // The old client's root need not be known here.
    assert_eq!(findings(&with(&[&a], &sent)), [(PATH, State::Warn, "expired-alternative-path")]);
}

// ---- names

#[test]
fn names_count_by_the_san_alone() {
    let root = root("R");
    let dns = |name: &str| SanType::DnsName(name.try_into().unwrap());
    let ip = |address: [u8; 4]| SanType::IpAddress(address.into());
    let kind = |host: &str, common_name: &str, names: Vec<SanType>| {
        let mut params = leaf();
        params.distinguished_name.push(rcgen::DnType::CommonName, common_name);
        params.subject_alt_names = names;
        let mut recording = with(&[&root], &[&root.issue(params)]);
        recording.connections[0].endpoint.host = host.into();
        let judgement = judged(&Name, &[recording]);
        cause(&judgement[0].1).1.map(Cause::kind)
    };
    for (host, common_name, names, expected) in [
        (HOST, "x", vec![dns(HOST)], None),
        (HOST, "x", vec![dns("other.example.com"), dns("*.example.com")], None),
        (HOST, "x", vec![dns("other.example.com")], Some("name-mismatch")),
        (HOST, "x", vec![], Some("name-mismatch")),
        (HOST, HOST, vec![], Some("name-in-common-name-only")),
        (HOST, "*.example.com", vec![dns("other.example.com")], Some("name-in-common-name-only")),
        (HOST, "x", vec![dns("d*.example.com")], Some("partial-wildcard")),
        (HOST, HOST, vec![dns("d*.example.com")], Some("partial-wildcard")),
        (HOST, "x", vec![dns("d*.example.com"), dns(HOST)], None),
        ("10.1.0.11", "x", vec![ip([10, 1, 0, 11])], None),
        ("10.1.0.11", "x", vec![ip([10, 1, 0, 12])], Some("name-mismatch")),
        ("10.1.0.11", "x", vec![dns("10.1.0.11")], Some("name-mismatch")),
        ("10.1.0.11", "10.1.0.11", vec![dns("10.1.0.11")], Some("name-mismatch")),
        ("10.1.0.11", "10.1.0.11", vec![dns("x")], Some("name-in-common-name-only")),
    ] {
        assert_eq!(kind(host, common_name, names.clone()), expected, "{host} {common_name} {names:?}");
    }
}

// ---- time

#[test]
fn the_first_to_expire_is_named_on_both_sides_of_each_threshold() {
    let root = root("R");
    for (days, expected) in [
        (-1, (State::Fail, Some("expired"))),
        (0, (State::Fail, Some("expires-soon"))),
        (6, (State::Fail, Some("expires-soon"))),
        (7, (State::Warn, Some("expires-soon"))),
        (29, (State::Warn, Some("expires-soon"))),
        (30, (State::Pass, None)),
    ] {
        let mut params = leaf();
        params.not_after = day(days);
        let found = outcomes(&Expiry, &with(&[&root], &[&root.issue(params)]));
        let found: Vec<_> = found.iter().map(cause).map(|(state, cause)| (state, cause.map(Cause::kind))).collect();
        assert_eq!(found, [expected], "{days}");

        let mut params = ca("I");
        params.not_after = day(days);
        let intermediate = root.issue(params);
        let found = outcomes(&Expiry, &with(&[&root], &[&intermediate.leaf(), &intermediate]));
        match cause(&found[0]).1 {
            Some(Cause::ExpiresSoon { certificate, days: left, .. }) => {
                assert_eq!(
                    (certificate.place, certificate.id.clone(), *left),
                    (Place::Intermediate, intermediate.id(), days)
                );
            }
            Some(Cause::Expired { certificate, .. }) => assert_eq!(certificate.id, intermediate.id()),
            _ => assert_eq!(days, 30),
        }
    }
    // The last second still counts.
    let mut params = leaf();
    params.not_before = day(0);
    assert_eq!(findings(&with(&[&root], &[&root.issue(params)])), []);
}

// ---- what was not seen

#[test]
fn who_presents_nothing_is_not_observed_unless_somebody_else_saw_it() {
    let root = root("R");
    let leaf = root.leaf();
    let seen = with(&[&root], &[&leaf]);
    let mut silent = recording(Vantage::Device, TrustServiceMode::OnPremises);
    silent.names = vec![name(HOST, Role::DeviceServices, Ok([10, 1, 0, 11]))];
    silent.connections = vec![
        refused(Role::DeviceServices, HOST, 443, [10, 1, 0, 11]),
        refused(Role::DeviceServices, HOST, 443, [10, 1, 0, 12]),
    ];
    let reasons = |recordings: &[Recording]| {
        let judgement = judged(&Path, recordings);
        let unseen = judgement.into_iter().filter_map(|(target, outcome)| match outcome {
            Outcome::NotObserved(Unobserved::Unanswered { reason }) => Some((target.to_string(), reason)),
            _ => None,
        });
        unseen
            .map(|(target, reason)| {
                assert_eq!(reason, format!("no handshake with {target}"));
                target
            })
            .collect::<Vec<_>>()
    };
    let unresolved = "ts.example.com:9001";
    assert_eq!(
        reasons(&[silent.clone()]),
        ["ds.example.com:443@10.1.0.11", "ds.example.com:443@10.1.0.12", unresolved]
    );
    assert_eq!(reasons(&[seen, silent.clone()]), ["ds.example.com:443@10.1.0.12", unresolved]);

    silent.deployment.device_services.balancers = vec!["lb.corp:8443".parse().unwrap()];
    assert!(reasons(&[silent]).contains(&"lb.corp:8443".to_owned()));
    let http = "http://ts.example.com:9001/TrustService".parse().unwrap();
    let mut plain = recording(Vantage::Device, TrustServiceMode::OnPremises);
    plain.deployment.trust_service.url = Some(http);
    assert_eq!(reasons(&[plain]), ["ds.example.com:443"], "http has no certificate");
}

#[test]
fn a_machine_without_ipv6_says_nothing_of_ipv6() {
    let root = root("R");
    let mut recording = with(&[&root], &[&root.leaf()]);
    let mut fact = refused(Role::DeviceServices, HOST, 443, [0; 4]);
    fact.address = Some("[fd00::1]:443".parse().unwrap());
    let no_route = ConversationFailure::Tcp { failure: ConnectFailure::NetworkUnreachable };
    fact.outcome = Err(no_route);
    recording.connections.push(fact);
    let states = |recording: &Recording| -> Vec<State> {
        judged(&Path, std::slice::from_ref(recording)).iter().map(|(_, outcome)| outcome.state()).collect()
    };
    assert_eq!(states(&recording), [State::Pass, State::Skipped]);
    recording.connections.remove(0);
    assert_eq!(states(&recording), [State::NotObserved]);
}

#[test]
fn a_chain_that_was_sent_before_tls_failed_is_judged() {
    let root = root("R");
    let leaf = root.leaf();
    let mut recording = with(&[], &[&leaf]);
    let failure = TlsFailure::ClientCertificateRequired;
    recording.connections[0].outcome = Err(ConversationFailure::Tls { failure, chain: vec![leaf.id()] });
    assert_eq!(findings(&recording), [(PATH, State::Fail, "missing-intermediate"), UNSEEN, UNRULED]);
}

#[test]
fn the_same_of_several_vantages_is_said_once() {
    let root = root("R");
    let recording = with(&[&root], &[&root.leaf()]);
    assert_eq!(judged(&Path, &[recording.clone(), recording]).len(), 1);
}

// ---- one key everywhere

/// Handshakes with Device Services: address, whether with SNI, repeat, leaf.
fn handshakes(met_at: &[([u8; 4], bool, u32, &Made)]) -> Recording {
    let all: Vec<&Made> = met_at.iter().map(|(.., made)| *made).collect();
    let mut recording = presents(&all, &Supplied::default());
    recording.connections = met_at
        .iter()
        .map(|(address, with_sni, repeat, made)| {
            let mut fact = met(*address, vec![made.id()]);
            fact.repeat = *repeat;
            fact.sni = fact.sni.filter(|_| *with_sni);
            fact
        })
        .collect();
    recording
}

const A: [u8; 4] = [10, 1, 0, 11];
const B: [u8; 4] = [10, 1, 0, 12];

#[test]
fn what_only_clients_of_tls_1_2_are_shown_is_compared_too() {
    let root = root("R");
    let (one, other) = (root.leaf(), root.leaf());
    let judged = |on_tls12: &[&Made]| {
        let all = [&[&one], on_tls12].concat();
        let mut recording = presents(&all, &Supplied::default());
        let without_sni = ConnectionFact { sni: None, ..met(A, vec![one.id()]) };
        recording.connections = vec![met(A, vec![one.id()]), without_sni];
        let asked = on_tls12.iter().map(|made| ConnectionFact { only_tls12: true, ..met(A, vec![made.id()]) });
        recording.tls12 = asked.map(|connection| Tls12Fact { connection, chosen: None }).collect();
        judged_alone(&SameEverywhere, &[recording]).remove(0).1
    };
    assert!(matches!(judged(&[&one]), Outcome::Pass(_)));
    let Outcome::Warn(finding) = judged(&[&other, &other]) else { panic!("no warning") };
    let Cause::KeysDiffer { by, keys, .. } = finding.cause else { panic!("{finding:?}") };
    assert_eq!((by, keys.len()), (Difference::Version, 2));
    assert!(keys.iter().any(|(_, places)| *places == ["10.1.0.11:443 on TLS 1.2 alone"]), "{keys:?}");
}

#[test]
fn keys_are_compared_and_not_certificates() {
    let root = root("R");
    let (one, other) = (root.leaf(), root.leaf());
    let renewed = root.issue_for(leaf(), &one.key);
    for (met_at, expected) in [
        (vec![(A, true, 0, &one)], None),
        (vec![(A, true, 0, &one), (A, false, 0, &one), (B, true, 0, &one)], Some(None)),
        (vec![(A, true, 0, &one), (B, true, 0, &renewed)], Some(None)),
        (vec![(A, true, 0, &one), (B, true, 0, &other)], Some(Some(Difference::Address))),
        (vec![(A, true, 0, &one), (A, true, 1, &other)], Some(Some(Difference::Repeat))),
        (vec![(A, true, 0, &one), (A, false, 0, &other)], Some(Some(Difference::Sni))),
        // Without SNI, behind a balancer, a key may be met that another handshake with SNI showed too.
        (vec![(A, true, 0, &one), (A, true, 1, &other), (A, false, 0, &other)], Some(Some(Difference::Repeat))),
    ] {
        let judgement = judged_alone(&SameEverywhere, &[handshakes(&met_at)]);
        let [(target, outcome)] = judgement.as_slice() else { panic!("{judgement:?}") };
        assert_eq!(target.to_string(), "ds.example.com:443");
        let found = match outcome {
            Outcome::Skipped(_) => None,
            Outcome::Pass(_) => Some(None),
            Outcome::Warn(finding) => match &finding.cause {
                Cause::KeysDiffer { by, keys, renewed: false } => {
                    assert_eq!(keys.len(), 2);
                    Some(Some(*by))
                }
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        };
        assert_eq!(found, expected);
    }
}

#[test]
fn a_renewal_with_the_same_key_is_told_from_one_with_a_new_key() {
    let (first, second) = (root("R"), root("S"));
    let from = |days: i64, issuer: &Made, key: Option<&Made>, host: &str| {
        let mut params = leaf();
        params.subject_alt_names = vec![SanType::DnsName(host.try_into().unwrap())];
        params.not_before = day(days);
        match key {
            Some(made) => issuer.issue_for(params, &made.key),
            None => issuer.issue(params),
        }
    };
    let old = from(-90, &first, None, HOST);
    for (new, expected) in [
        (from(-89, &first, None, HOST), Some(("with a new key: ", true))),
        (from(-1, &second, None, HOST), Some(("with a new key, now by CN=S: ", true))),
        (from(-1, &first, Some(&old), HOST), Some(("with the same key: ", false))),
        (from(-90, &first, Some(&old), HOST), Some(("with the same key: ", false))),
        // Of the same day: one for each server. For other names: something else.
        (from(-90, &first, None, HOST), None),
        (from(-1, &first, None, "other.example.com"), None),
    ] {
        let met_at = [(A, true, 0, &old), (A, true, 1, &new), (A, true, 2, &old)];
        let judgement = judged_alone(&SameEverywhere, &[handshakes(&met_at)]);
        let (evidence, new_key) = match &judgement[0].1 {
            Outcome::Pass(evidence) => (evidence, false),
            Outcome::Warn(finding) => match &finding.cause {
                Cause::KeysDiffer { renewed, .. } => (&finding.evidence, *renewed),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        };
        let told = evidence.0.iter().find(|fact| fact.label == "renewed").map(|fact| fact.value.as_str());
        let Some((words, expected)) = expected else {
            assert_eq!((told, new_key), (None, false));
            continue;
        };
        let told = told.unwrap();
        assert_eq!(new_key, expected, "{told}");
        let serial = |made: &Made| format!("serial {}, from ", crate::x509::read(&made.der).unwrap().serial);
        assert!(told.starts_with(words), "{told}");
        for (made, times) in [(&old, "2 of 3 times"), (&new, "1 of 3 times")] {
            assert!(told.contains(&serial(made)) && told.contains(times), "{told}");
        }
    }
}

#[test]
fn address_families_are_told_apart() {
    let root = root("R");
    let (one, other) = (root.leaf(), root.leaf());
    let mut recording = handshakes(&[(A, true, 0, &one), (B, true, 0, &other)]);
    recording.connections[1].address = Some("[fd00::1]:443".parse().unwrap());
    let judgement = judged_alone(&SameEverywhere, &[recording]);
    match cause(&judgement[0].1) {
        (State::Warn, Some(Cause::KeysDiffer { by: Difference::Family, keys, .. })) => {
            let places: Vec<&str> = keys.iter().flat_map(|(_, places)| places).map(String::as_str).collect();
            assert!(places.contains(&"[fd00::1]:443") && places.contains(&"10.1.0.11:443"), "{places:?}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn several_keys_are_right_where_all_are_pinned_and_the_pins_matter_where_not() {
    let file = |der: &[u8]| Made { der: der.to_vec(), ..root("unused") };
    let one = file(include_bytes!("../../testdata/leaf-pss.der"));
    let other = file(include_bytes!("../../testdata/leaf-md5.der"));
    let pinned = |pins: &[&Made], met_at: &[([u8; 4], bool, u32, &Made)]| {
        let mut recording = handshakes(met_at);
        recording.deployment.trust_service.mode = TrustServiceMode::Awcm;
        recording.deployment.device_services.certificates = vec!["a file.pem".into()];
        recording.files = presents(
            &[],
            &Supplied {
                files: &pins.iter().map(|made| (FileUse::Uploaded, *made)).collect::<Vec<_>>(),
                ..Supplied::default()
            },
        )
        .files;
        recording.answers = vec![registry("{}")];
        let judgement = judged(&SameEverywhere, &[recording]);
        judgement[0].1.state()
    };
    let by_address = [(A, true, 0, &one), (B, true, 0, &other)];
    let by_sni = [(A, true, 0, &one), (A, false, 0, &other)];
    for (pins, met_at, expected) in [
        (vec![&one, &other], by_address, State::Pass),
        (vec![&one, &other], by_sni, State::Pass),
        // pins/cover-every-server fails.
        (vec![&one], by_address, State::Pass),
        (vec![&one], by_sni, State::Warn),
    ] {
        assert_eq!(pinned(&pins, &met_at), expected, "{} pins", pins.len());
    }
}
