//! `certificate/platform-rules` on both sides of each threshold.

use std::sync::Arc;

use rcgen::{BasicConstraints, ExtendedKeyUsagePurpose, KeyUsagePurpose};

use super::*;
use crate::{
    platform::PlatformRule,
    x509::{CertificateFacts, ChainFacts, KeyKind, PathEnd},
};

const FAIL: State = State::Fail;
const WARN: State = State::Warn;
const DAY: i64 = 86_400;

/// Leaf, intermediate and root as sent, each to be changed as a test likes.
fn chain() -> ChainFacts {
    let root = root("R");
    let intermediate = root.intermediate("I");
    let recording = with(&[&root], &[&intermediate.leaf(), &intermediate, &root]);
    crate::x509::chains(&[recording], NOW).pop_first().unwrap().1
}

/// The same below a public root.
fn public_chain() -> ChainFacts {
    let mut chain = chain();
    for path in &mut chain.paths {
        path.end = PathEnd::Supplied { id: path.certificates[2].clone(), public: true };
    }
    chain
}

fn at(chain: &mut ChainFacts, place: usize) -> &mut CertificateFacts {
    Arc::make_mut(chain.sent[place].as_mut().unwrap())
}

/// State, place and rule of each finding.
fn broken(chain: &ChainFacts) -> Vec<(State, Place, PlatformRule)> {
    let endpoint = Endpoint::new(HOST, 443);
    let target = Target::Endpoint(endpoint.clone());
    let presented = Presented { target, role: Role::DeviceServices, endpoint: &endpoint, signature: None };
    let outcomes = platform_rules::judge(&presented, chain);
    let found = outcomes.iter().filter(|outcome| outcome.state() != State::Pass);
    found
        .map(|outcome| match cause(outcome) {
            (state, Some(Cause::PlatformRule { certificate, rule })) => (state, certificate.place, rule.clone()),
            other => panic!("{other:?}"),
        })
        .collect()
}

/// What is found once one certificate was changed.
fn changed(place: usize, change: impl FnOnce(&mut CertificateFacts)) -> Vec<(State, PlatformRule)> {
    let mut chain = chain();
    change(at(&mut chain, place));
    found_at(place, &chain)
}

fn found_at(place: usize, chain: &ChainFacts) -> Vec<(State, PlatformRule)> {
    let places = [Place::Leaf, Place::Intermediate, Place::Root];
    let found = broken(chain).into_iter();
    found.inspect(|(_, found, _)| assert_eq!(*found, places[place])).map(|(state, _, rule)| (state, rule)).collect()
}

fn rsa(bits: u32, exponent: &str) -> KeyKind {
    KeyKind::Rsa { bits, exponent: exponent.into() }
}

fn pss(bits: u32) -> KeyKind {
    KeyKind::RsaPss { bits, exponent: "65537".into() }
}

fn ec(curve: &str) -> KeyKind {
    KeyKind::Ec { curve: curve.into() }
}

fn other(oid: &str) -> KeyKind {
    KeyKind::Other { oid: oid.into() }
}

#[test]
fn nothing_is_said_of_what_is_fine() {
    for chain in [chain(), public_chain()] {
        let mut chain = chain;
        if chain.paths[0].end.is_public() {
            at(&mut chain, 0).not_after = Timestamp(at(&mut chain, 0).not_before.0 + 47 * DAY);
        }
        assert_eq!(broken(&chain), []);
        at(&mut chain, 0).common_name = None;
        at(&mut chain, 0).subject = String::new();
        at(&mut chain, 0).dns_names = vec![HOST.to_ascii_uppercase()];
        for algorithm in ["sha1WithRSAEncryption", "md5WithRSAEncryption"] {
            at(&mut chain, 2).signature_algorithm = algorithm.into();
            assert_eq!(broken(&chain), [], "the root's own signature is nobody's concern");
        }
    }
}

#[test]
fn keys_are_judged_in_every_member() {
    let short = |bits| Some((FAIL, PlatformRule::KeyTooShort { bits }));
    let small = |curve: &str| Some((FAIL, PlatformRule::SmallCurve { curve: curve.into() }));
    let unlisted = |key: &str| Some((FAIL, PlatformRule::UnlistedKey { key: key.into() }));
    let unusual = |key: &str| Some((WARN, PlatformRule::UnusualKey { key: key.into() }));
    for (kind, expected) in [
        (rsa(512, "65537"), short(512)),
        (rsa(1024, "65537"), short(1024)),
        (rsa(2047, "65537"), short(2047)),
        (rsa(2048, "65537"), None),
        (rsa(4096, "65537"), None),
        (rsa(2048, "3"), unusual("words with exponent 3")),
        (rsa(2048, "17"), None),
        (rsa(0, ""), unlisted("words")),
        (pss(2048), unusual("words")),
        (ec("P-192"), small("P-192")),
        (ec("P-224"), small("P-224")),
        (ec("1.3.132.0.8"), small("1.3.132.0.8")),
        (ec("P-256"), None),
        (ec("P-384"), None),
        (ec("P-521"), unusual("words")),
        (ec("secp256k1"), unlisted("words")),
        (ec("1.3.36.3.3.2.8.1.1.7"), unlisted("words")),
        (ec("unnamed"), unlisted("words")),
        (KeyKind::Ed25519, unusual("words")),
        (other("1.2.840.10040.4.1"), unlisted("words")),
        (other("1.3.101.113"), unlisted("words")),
    ] {
        for place in 0..3 {
            let found = changed(place, |facts| {
                facts.key.kind = kind.clone();
                facts.key.words = "words".into();
            });
            assert_eq!(found, expected.clone().into_iter().collect::<Vec<_>>(), "{kind:?} at {place}");
        }
    }
    let both = changed(0, |leaf| leaf.key.kind = pss(1024));
    assert!(both.len() == 2 && Some(both[0].clone()) == short(1024), "{both:?}");
    let mut public = public_chain();
    at(&mut public, 0).not_after = at(&mut public, 0).not_before;
    at(&mut public, 2).key.kind = rsa(1024, "3");
    assert_eq!(broken(&public), [], "the platforms brought that root themselves");
}

#[test]
fn the_hash_is_judged_below_the_root() {
    for (algorithm, expected) in [
        ("md2WithRSAEncryption", true),
        ("md5WithRSAEncryption", true),
        ("sha1WithRSAEncryption", true),
        ("ecdsa-with-SHA1", true),
        ("dsa-with-SHA1", true),
        ("sha256WithRSAEncryption", false),
        ("sha384WithRSAEncryption", false),
        ("sha512WithRSAEncryption", false),
        ("ecdsa-with-SHA256", false),
        ("ecdsa-with-SHA384", false),
        ("ecdsa-with-SHA512", false),
        ("Ed25519", false),
    ] {
        for place in 0..3 {
            let found = changed(place, |facts| facts.signature_algorithm = algorithm.into());
            let weak = (FAIL, PlatformRule::WeakSignature { algorithm: algorithm.into() });
            let expected = if expected && place < 2 { vec![weak] } else { vec![] };
            assert_eq!(found, expected, "{algorithm} at {place}");
        }
    }
    let pss = (WARN, PlatformRule::UnusualKey { key: "RSA-PSS signature".into() });
    assert_eq!(changed(1, |facts| facts.signature_algorithm = "rsassaPss".into()), [pss]);
}

#[test]
fn a_leaf_that_is_its_own_root_is_judged_as_a_leaf() {
    let mut params = leaf();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let alone = self_signed(params);
    let recording = with(&[&alone], &[&alone]);
    let mut chain = crate::x509::chains(&[recording], NOW).pop_first().unwrap().1;
    assert_eq!(broken(&chain), [(WARN, Place::Leaf, PlatformRule::LeafIsCa)]);
    at(&mut chain, 0).signature_algorithm = "sha1WithRSAEncryption".into();
    assert_eq!(broken(&chain), [(WARN, Place::Leaf, PlatformRule::LeafIsCa)], "nobody verifies it");
}

#[test]
fn server_auth_is_asked_of_leaves_since_july_2019() {
    let usages = |usages: &[&str]| usages.iter().map(|usage| (*usage).to_owned()).collect::<Vec<_>>();
    for (has, expected) in [
        (None, true),
        (Some(usages(&[])), true),
        (Some(usages(&["clientAuth"])), true),
        (Some(usages(&["anyExtendedKeyUsage"])), true),
        (Some(usages(&["anyExtendedKeyUsage", "serverAuth"])), false),
        (Some(usages(&["clientAuth", "serverAuth"])), false),
    ] {
        for (seconds, applies) in [(-1, false), (0, true), (1, true)] {
            let found = changed(0, |leaf| {
                leaf.not_before = Timestamp(Timestamp::parse("2019-07-01").unwrap().0 + seconds);
                leaf.not_after = Timestamp(leaf.not_before.0 + DAY);
                leaf.extended_key_usage = has.clone();
            });
            let rule = (FAIL, PlatformRule::NoServerAuth { usages: has.clone() });
            assert_eq!(found, if expected && applies { vec![rule] } else { vec![] }, "{has:?} {seconds}");
        }
    }
    for (has, expected) in [
        (None, false),
        (Some(usages(&["clientAuth"])), true),
        (Some(usages(&[])), true),
        (Some(usages(&["anyExtendedKeyUsage"])), false),
        (Some(usages(&["serverAuth", "clientAuth"])), false),
    ] {
        let found = changed(1, |intermediate| intermediate.extended_key_usage = has.clone());
        let rule = (FAIL, PlatformRule::NoServerAuth { usages: has.clone() });
        assert_eq!(found, if expected { vec![rule] } else { vec![] }, "{has:?}");
        assert_eq!(changed(2, |root| root.extended_key_usage = has), [], "a root is an anchor, whatever it says");
    }
}

#[test]
fn validity_is_counted_to_the_second_from_each_date_on() {
    let too_long = |days, limit| vec![(FAIL, PlatformRule::ValidityTooLong { days, limit })];
    let beyond = |days, limit| vec![(WARN, PlatformRule::ValidityBeyondSchedule { days, limit })];
    for (public, day, before, days, over) in [
        // (root, date, a day before it, at most, one second more)
        (false, "2019-07-01", false, 825, too_long(826, 825)),
        (false, "2019-07-01", true, 5000, vec![]),
        (false, "2020-09-01", false, 825, too_long(826, 825)),
        (false, "2026-03-15", false, 825, too_long(826, 825)),
        (false, "2029-03-15", false, 825, too_long(826, 825)),
        (true, "2019-07-01", true, 5000, vec![]),
        (true, "2019-07-01", false, 825, too_long(826, 825)),
        (true, "2020-09-01", true, 825, too_long(826, 825)),
        (true, "2020-09-01", false, 398, too_long(399, 398)),
        (true, "2026-03-15", true, 398, too_long(399, 398)),
        (true, "2026-03-15", false, 200, beyond(201, 200)),
        (true, "2027-03-15", true, 200, beyond(201, 200)),
        (true, "2027-03-15", false, 100, beyond(101, 100)),
        (true, "2029-03-15", true, 100, beyond(101, 100)),
        (true, "2029-03-15", false, 47, beyond(48, 47)),
    ] {
        for (more, expected) in [(0, vec![]), (1, over)] {
            let mut chain = if public { public_chain() } else { chain() };
            let leaf = at(&mut chain, 0);
            // The last second of the day before it, or its first.
            leaf.not_before = Timestamp(Timestamp::parse(day).unwrap().0 - i64::from(before));
            leaf.not_after = Timestamp(leaf.not_before.0 + days * DAY + more);
            assert_eq!(found_at(0, &chain), expected, "{public} {day} {before} {days} {more}");
        }
    }
    // What iOS refuses is not told a second time by the schedule, and CAs may last.
    let mut chain = public_chain();
    for (days, expected) in [(398, beyond(398, 47)), (399, too_long(399, 398)), (826, too_long(826, 398))] {
        let leaf = at(&mut chain, 0);
        leaf.not_before = Timestamp::parse("2029-03-15").unwrap();
        leaf.not_after = Timestamp(leaf.not_before.0 + days * DAY);
        assert_eq!(found_at(0, &chain), expected);
    }
}

#[test]
fn hazards_of_the_leaf_are_warned_of() {
    assert_eq!(changed(0, |leaf| leaf.is_ca = Some(true)), [(WARN, PlatformRule::LeafIsCa)]);
    assert_eq!(changed(0, |leaf| leaf.is_ca = Some(false)), []);
    for (usages, expected) in [
        (None, false),
        (Some(vec![]), true),
        (Some(vec!["keyEncipherment".to_owned()]), true),
        (Some(vec!["digitalSignature".to_owned(), "keyEncipherment".to_owned()]), false),
    ] {
        let found = changed(0, |leaf| leaf.key_usage = usages);
        assert_eq!(found, if expected { vec![(WARN, PlatformRule::NoDigitalSignature)] } else { vec![] });
    }
    let among = |name: &str, more| (WARN, PlatformRule::NameTwice { name: name.into(), more });
    let twice = |name: &str| among(name, 0);
    for (names, addresses, expected) in [
        (vec!["a.example", "b.example"], vec!["10.1.0.11"], vec![]),
        (vec!["a.example", "b.example", "a.example"], vec![], vec![twice("a.example")]),
        (vec!["a.example", "A.example", "a.example"], vec![], vec![twice("A.example")]),
        (vec!["*.example", "a.example"], vec![], vec![]),
        (vec!["a.example"], vec!["10.1.0.11", "10.1.0.11"], vec![twice("10.1.0.11")]),
        (vec!["a.example", "10.1.0.11"], vec!["10.1.0.11"], vec![]),
        (vec!["a.example", "b.example", "b.example", "a.example"], vec!["::1", "::1"], vec![among("b.example", 2)]),
    ] {
        let found = changed(0, |leaf| {
            leaf.dns_names = names.iter().map(|name| (*name).to_owned()).collect();
            leaf.ip_addresses = addresses.iter().map(|name| (*name).to_owned()).collect();
        });
        assert_eq!(found, expected);
    }
}

#[test]
fn each_rule_broken_is_a_finding_of_its_own_and_names_its_certificate() {
    let mut chain = chain();
    at(&mut chain, 0).is_ca = Some(true);
    at(&mut chain, 0).key.kind = rsa(1024, "65537");
    at(&mut chain, 1).key.kind = rsa(1024, "65537");
    at(&mut chain, 1).signature_algorithm = "sha1WithRSAEncryption".into();
    let short = PlatformRule::KeyTooShort { bits: 1024 };
    let weak = PlatformRule::WeakSignature { algorithm: "sha1WithRSAEncryption".into() };
    let expected = [
        (FAIL, Place::Leaf, short.clone()),
        (WARN, Place::Leaf, PlatformRule::LeafIsCa),
        (FAIL, Place::Intermediate, short),
        (FAIL, Place::Intermediate, weak),
    ];
    assert_eq!(broken(&chain), expected);
}

#[test]
fn a_path_that_breaks_a_rule_beside_one_that_does_not_is_a_hazard() {
    let root = root("R");
    let good = root.intermediate("I");
    let limited = |to| {
        let mut params = ca("I");
        params.extended_key_usages = vec![to];
        root.issue_for(params, &good.key)
    };
    let (client, signer) =
        (limited(ExtendedKeyUsagePurpose::ClientAuth), limited(ExtendedKeyUsagePurpose::CodeSigning));
    let leaf = good.leaf();
    for (sent, expected) in [
        ([&leaf, &client, &good], vec![(RULES, WARN, "platform-rule")]),
        ([&leaf, &good, &client], vec![]),
        ([&leaf, &client, &signer], vec![(RULES, FAIL, "platform-rule")]),
    ] {
        assert_eq!(findings(&with(&[&root], &sent)), expected);
    }
}

#[test]
fn what_is_read_of_a_certificate_is_judged() {
    let root = root("R");
    let mut client = leaf();
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let mut encipherment = leaf();
    encipherment.key_usages = vec![KeyUsagePurpose::KeyEncipherment];
    let mut long = leaf();
    (long.not_before, long.not_after) = (day(-400), day(426));
    let mut signer = ca("I");
    signer.extended_key_usages = vec![ExtendedKeyUsagePurpose::CodeSigning];
    let signer = root.issue(signer);
    for (sent, state) in [
        (vec![&root.leaf()], None),
        (vec![&root.issue(client)], Some(FAIL)),
        (vec![&root.issue(encipherment)], Some(WARN)),
        (vec![&root.issue(long)], Some(FAIL)),
        (vec![&signer.leaf(), &signer], Some(FAIL)),
    ] {
        let expected: Vec<_> = state.map(|state| (RULES, state, "platform-rule")).into_iter().collect();
        assert_eq!(findings(&with(&[&root], &sent)), expected);
    }
}
