//! What each source holds, and which of them devices use.

use std::sync::Arc;

use rcgen::KeyPair;

use super::*;
use crate::{
    deployment::{Endpoint, Policy},
    outcome::Unobserved,
    recording::{Der, FileContent, HttpFact, Recording, Spelling, SuppliedFile},
    testing::{NOW, recording, registry},
    x509::{
        self,
        forge::{Made, leaf, root},
    },
};

fn sample() -> String {
    format!("308189028181009A2B32{}0203010001", "5A".repeat(125))
}

#[test]
fn the_longest_suffix_wins_without_a_dot_boundary() {
    let applied = |host| applied_name(host, ["example.com", "ds.example.com", "DS.example.com", ""].into_iter());
    assert_eq!(applied("notexample.com"), Some("example.com"));
    assert_eq!(applied("a.ds.example.com"), Some("ds.example.com"));
    assert_eq!(applied("ds.example.com"), Some("ds.example.com"));
    assert_eq!(applied("other.test"), None);
}

#[test]
fn only_the_cloud_lower_cases_names_and_only_it_must_hold_one_host() {
    let pins = || Ok(vec![Json::String(sample())]);
    let entries = vec![("DS.example.com".to_owned(), pins()), ("example.com".to_owned(), Ok(vec![]))];
    let cloud = pin_set("ds.example.com", &entries, SourceId::CloudRegistry);
    assert_eq!(cloud.applied_to("ds.example.com").map(|entry| entry.name.as_str()), Some("ds.example.com"));
    assert_eq!((cloud.keys.len(), cloud.pins), (1, 1));
    let hosts = vec!["DS.example.com".to_owned(), "example.com".to_owned()];
    assert_eq!(cloud.faults, [EntryFault::SeveralHosts { hosts }]);
    let trust_service = pin_set("ds.example.com", &entries, SourceId::TrustService);
    assert_eq!(trust_service.applied_to("ds.example.com").map(|entry| entry.name.as_str()), Some("example.com"));
    assert_eq!((trust_service.keys.len(), trust_service.pins), (0, 0));
    assert_eq!(trust_service.faults, [EntryFault::HostNotLowerCase { host: "DS.example.com".to_owned() }]);
    let twice = vec![("DS.example.com".to_owned(), pins()), ("ds.example.com".to_owned(), pins())];
    let cloud = pin_set("ds.example.com", &twice, SourceId::CloudRegistry);
    let fault = PinFault::HostTwice;
    let (host, pin) = ("ds.example.com".to_owned(), String::new());
    assert_eq!(cloud.faults, [EntryFault::Pin { host, pin, fault }]);
}

#[test]
fn a_value_of_the_wrong_type_voids_the_answer() {
    let entries = vec![
        ("ds.example.com".to_owned(), Ok(vec![Json::String(sample())])),
        ("other.example.com".to_owned(), Err("a string")),
    ];
    let set = pin_set("ds.example.com", &entries, SourceId::TrustService);
    assert_eq!((set.keys.len(), set.pins, set.faults.len()), (0, 1, 1));
}

/// A certificate with one of the fixtures' keys; RSA, as pins are.
fn with_key(index: usize) -> Made {
    let pem = [include_str!("../../../../fixtures/keys/ds-1.pem"), include_str!("../../../../fixtures/keys/ds-2.pem")];
    root("R").issue_for(leaf(), &Arc::new(KeyPair::from_pem(pem[index]).unwrap()))
}

fn key(made: &Made) -> KeyFacts {
    x509::read(&made.der).unwrap().key
}

/// An answer that pins these keys for Device Services.
fn body(pinned: &[&KeyFacts]) -> String {
    let pins: Vec<String> =
        pinned.iter().map(|key| format!("\"{}\"", key.rsa_public_key_hex.clone().unwrap())).collect();
    format!("{{\"ds.example.com\": [{}]}}", pins.join(","))
}

/// The Trust Service's answer at an address.
fn settings(role: Role, last: u8, body: &str) -> HttpFact {
    HttpFact {
        request: Request::Settings { spelling: Spelling::Client },
        role,
        endpoint: Endpoint::new("ts.example.com", 9001),
        address: Some(([10, 0, 0, last], 9001).into()),
        ..registry(body)
    }
}

fn answering(vantage: Vantage, answers: Vec<HttpFact>) -> Recording {
    Recording { answers, ..recording(vantage, TrustServiceMode::OnPremises) }
}

fn with_case<T>(recordings: &[Recording], told: impl FnOnce(&Case<'_>) -> T) -> T {
    let policy = Policy::default();
    told(&Case::new(recordings, &policy, NOW).unwrap())
}

fn book(recordings: &[Recording]) -> Book {
    with_case(recordings, Book::new)
}

#[test]
fn who_says_the_same_is_told_together() {
    let (one, other) = (key(&with_key(0)), key(&with_key(1)));
    let same = body(&[&one]);
    let recordings = [
        answering(
            Vantage::Console,
            vec![
                settings(Role::TrustService, 1, &same),
                settings(Role::TrustServiceServer, 2, &same),
                settings(Role::TrustServiceServer, 3, &body(&[&one, &other])),
            ],
        ),
        answering(Vantage::Device, vec![settings(Role::TrustService, 1, &same)]),
    ];
    let book = book(&recordings);
    let source = book.source(SourceId::TrustService).unwrap();
    let at = |last| Target::At(Endpoint::new("ts.example.com", 9001), ([10, 0, 0, last], 9001).into());
    let told: Vec<_> = source.sets.iter().map(|set| (set.told_by.clone(), set.recordings.clone(), set.pins)).collect();
    assert_eq!(told, [(vec![at(1), at(2)], [0, 1].into(), 1), (vec![at(3)], [0].into(), 2)]);
    assert_eq!((source.contradicts, source.pins(), source.has_faults()), (false, Some(1), false));
    assert_eq!(source.sets[0].hosts, [HostEntry { name: "ds.example.com".into(), keys: [one.spki_sha256].into() }]);
}

#[test]
fn what_only_servers_or_another_trust_service_said_is_not_what_devices_get() {
    let pinned = body(&[&key(&with_key(0))]);
    for (role, sets) in [(Role::TrustService, 1), (Role::TrustServiceServer, 0), (Role::RedirectTarget, 0)] {
        let book = book(&[answering(Vantage::Console, vec![settings(role, 1, &pinned)])]);
        assert_eq!(book.source(SourceId::TrustService).unwrap().sets.len(), sets, "{role:?}");
    }
    let both = vec![settings(Role::TrustServiceServer, 1, &pinned), settings(Role::TrustService, 2, "{}")];
    assert_eq!(book(&[answering(Vantage::Console, both)]).source(SourceId::TrustService).unwrap().sets.len(), 2);
}

#[test]
fn a_cloud_entry_wins_and_hides_the_trust_service() {
    use SourceId::{CloudRegistry, Configuration, TrustService, Uploaded};
    use TrustServiceMode::{Awcm, Cloud, None as Without, OnPremises};
    let pinned = body(&[&key(&with_key(0))]);
    let unseen = "a cloud entry would win, and the cloud registry's answer was not seen";
    let undeclared = "no source of pins is declared: give device_services.certificates, what was uploaded";
    for (mode, cloud, has_url, uploads, expected, sources) in [
        (Cloud, None, false, false, Ok(CloudRegistry), vec![CloudRegistry]),
        (Without, Some("{}"), true, true, Ok(CloudRegistry), vec![CloudRegistry, Uploaded]),
        (OnPremises, None, true, true, Err(unseen), vec![CloudRegistry, TrustService, Uploaded]),
        (OnPremises, Some(pinned.as_str()), true, false, Ok(CloudRegistry), vec![CloudRegistry, TrustService]),
        (OnPremises, Some("{}"), true, true, Ok(TrustService), vec![CloudRegistry, TrustService, Uploaded]),
        (Awcm, Some("{}"), true, false, Ok(TrustService), vec![CloudRegistry, TrustService]),
        (Awcm, Some("{}"), false, true, Ok(Uploaded), vec![CloudRegistry, Uploaded]),
        (OnPremises, Some("{}"), false, false, Err(undeclared), vec![CloudRegistry]),
    ] {
        let mut recording = recording(Vantage::Console, mode);
        recording.answers = cloud.map(registry).into_iter().collect();
        let deployment = &mut recording.deployment;
        let url = "https://ts.example.com:9001/TrustService".parse().unwrap();
        deployment.trust_service.url = has_url.then_some(url);
        deployment.device_services.certificates = if uploads { vec!["a.pem".into()] } else { vec![] };
        let book = book(std::slice::from_ref(&recording));
        assert_eq!((book.used, book.sources.iter().map(|source| source.id).collect::<Vec<_>>()), (expected, sources));
        assert_eq!(book.used().map(|source| source.id), expected.ok());
        let hidden = (expected == Ok(CloudRegistry)).then(|| book.source(TrustService)).flatten();
        assert_eq!(book.hidden().map(|source| source.id), hidden.map(|source| source.id));
        let in_use: Vec<SourceId> = book.in_use().map(|source| source.id).collect();
        assert_eq!(in_use, expected.ok().into_iter().chain(hidden.map(|source| source.id)).collect::<Vec<_>>());
        with_case(std::slice::from_ref(&recording), |case| match (book.used_or_unseen(case), expected) {
            (Ok(source), Ok(id)) => assert_eq!(source.id, id),
            (Err(judgement), Err(why)) => {
                let target = Target::Endpoint(Endpoint::new("ds.example.com", 443));
                assert_eq!(judgement, [(target, Outcome::unanswered(why))]);
            }
            (told, _) => panic!("{told:?}, expected {expected:?}"),
        });
    }
    let mut recording = recording(Vantage::Console, Cloud);
    recording.deployment.device_services.pins = vec!["ab".repeat(32)];
    assert!(book(&[recording]).source(Configuration).is_some());
}

#[test]
fn a_key_is_pinned_where_every_answer_pins_it() {
    use PinCell::{Match, NoMatch, NotObserved, Unknown};
    let (one, other) = (key(&with_key(0)), key(&with_key(1)));
    let ec = key(&root("R").leaf());
    let pins = |keys: &[&KeyFacts], unresolved| PinSet {
        keys: keys.iter().map(|key| key.spki_sha256.clone()).collect(),
        unresolved,
        ..PinSet::empty()
    };
    for (sets, contradicts, asked, expected) in [
        (vec![], false, &one, NotObserved),
        (vec![pins(&[&one], 0)], false, &one, Match),
        (vec![pins(&[&other], 0)], false, &one, NoMatch),
        (vec![pins(&[&other], 1)], false, &one, Unknown),
        (vec![pins(&[&one], 1)], false, &one, Match),
        (vec![pins(&[&one], 0), pins(&[&one, &other], 0)], false, &one, Match),
        (vec![pins(&[&one], 0), pins(&[&one, &other], 0)], false, &other, NoMatch),
        (vec![pins(&[&one], 0), pins(&[&other], 0)], true, &one, NotObserved),
        (vec![pins(&[&one], 0), pins(&[&one, &other], 0)], true, &one, Match),
        (vec![pins(&[&one], 0), pins(&[], 0)], true, &other, NoMatch),
        // What the known client compares of other keys is not established.
        (vec![pins(&[&ec], 0)], false, &ec, Unknown),
        (vec![pins(&[], 0)], false, &ec, Unknown),
    ] {
        let source = Source { id: SourceId::CloudRegistry, sets, contradicts };
        assert_eq!(source.cell(asked), expected, "{source:?}");
        let book = Book { sources: vec![source], used: Ok(SourceId::CloudRegistry) };
        assert_eq!(book.cell(asked), expected);
        assert_eq!(Book { used: Err("not known"), ..book }.cell(asked), NotObserved);
    }
}

#[test]
fn recordings_contradict_each_other_where_no_set_is_common_to_both() {
    let set = |key: &str, is_empty, recordings: &[usize]| PinSet {
        keys: if key.is_empty() { BTreeSet::new() } else { [key.to_owned()].into() },
        is_empty,
        recordings: recordings.iter().copied().collect(),
        ..PinSet::empty()
    };
    for (sets, expected) in [
        (vec![], false),
        (vec![set("a", false, &[0, 1])], false),
        (vec![set("a", false, &[0]), set("b", false, &[0])], false),
        (vec![set("a", false, &[0]), set("b", false, &[1])], true),
        (vec![set("a", false, &[0, 1]), set("b", false, &[1])], false),
        (vec![set("a", false, &[0, 1]), set("b", false, &[1, 2])], true),
        // No host at all is another answer than a host without pins: the one ends the known client's fetch.
        (vec![set("", false, &[0]), set("", true, &[1])], true),
    ] {
        assert_eq!(contradict(&sets), expected, "{sets:?}");
    }
}

#[test]
fn a_source_that_was_not_seen_is_seen_from_elsewhere_where_nobody_here_asks_it() {
    use SourceId::{CloudRegistry, Configuration, TrustService, Uploaded};
    for (vantage, id, expected) in [
        (Vantage::Console, CloudRegistry, None),
        (Vantage::Device, CloudRegistry, Some(Vantage::Console)),
        (Vantage::Discovery, CloudRegistry, Some(Vantage::Console)),
        (Vantage::Device, TrustService, None),
        (Vantage::Discovery, TrustService, Some(Vantage::Device)),
        (Vantage::Discovery, Uploaded, None),
        (Vantage::Discovery, Configuration, None),
    ] {
        let recordings = [recording(vantage, TrustServiceMode::OnPremises)];
        with_case(&recordings, |case| {
            let elsewhere = match unseen(case, id, "why") {
                Outcome::NotObserved(Unobserved::Elsewhere { reason, vantage, .. }) if reason == "why" => Some(vantage),
                other => {
                    assert_eq!(other, Outcome::unanswered("why"));
                    None
                }
            };
            assert_eq!(elsewhere, expected, "{id:?} from {vantage}");
            let source = |contradicts| Source { id, sets: vec![], contradicts };
            let words = id.words();
            let reason = format!("the pins of the {words} were not seen");
            assert_eq!(unseen_pins(case, &source(false)), unseen(case, id, &reason));
            let reason = format!("the {words} tells one vantage other pins than another");
            assert_eq!(unseen_pins(case, &source(true)), Outcome::unanswered(reason));
        });
    }
}

#[test]
fn uploads_and_the_configuration_hold_keys_by_every_name_of_them() {
    let (one, other) = (with_key(0), with_key(1));
    let (facts, second) = (x509::read(&one.der).unwrap(), key(&other));
    let mut recording = recording(Vantage::Console, TrustServiceMode::Cloud);
    recording.certificates = [&one, &other].map(|made| (made.id(), Der(made.der.clone()))).into();
    let file = |path: &str, made: &[&Made], used_as| SuppliedFile {
        path: path.into(),
        used_as,
        content: FileContent::Certificates(made.iter().map(|made| made.id()).collect()),
    };
    recording.files = vec![
        file("a.pem", &[&one, &other], FileUse::Uploaded),
        file("b.pem", &[], FileUse::Uploaded),
        file("c.pem", &[&other], FileUse::Next),
    ];
    recording.deployment.device_services.certificates = vec!["a.pem".into(), "b.pem".into()];
    recording.deployment.device_services.pins = vec![
        second.rsa_public_key_hex.clone().unwrap(),
        format!("sha256//{}", facts.key.spki_sha256),
        facts.sha1.to_ascii_uppercase(),
        facts.id.0.clone(),
        "ab".repeat(32),
        "no hex".into(),
    ];
    let book = book(&[recording]);
    let set = |id| book.source(id).unwrap().sets.clone();
    let target = |path: &str| Target::File(path.into());
    let uploaded = PinSet {
        told_by: vec![target("a.pem"), target("b.pem")],
        keys: [facts.key.spki_sha256.clone()].into(),
        pins: 1,
        ..PinSet::empty()
    };
    assert_eq!(set(SourceId::Uploaded), [uploaded]);
    let not_hex = EntryFault::Pin { host: "ds.example.com".into(), pin: "no hex".into(), fault: PinFault::NotHex };
    let configured = PinSet {
        told_by: vec![Target::Thing("device_services.pins".into())],
        keys: [facts.key.spki_sha256, second.spki_sha256].into(),
        pins: 6,
        // The thumbprint of a certificate that nobody showed.
        unresolved: 1,
        faults: vec![not_hex],
        ..PinSet::empty()
    };
    assert_eq!(set(SourceId::Configuration), [configured]);
}

#[test]
fn everything_wrong_with_an_answer_is_told_of_its_host() {
    let pins = |pins: Vec<Json>| Ok(pins);
    let text = |text: &str| Json::String(text.to_owned());
    let (host, long) = ("ds.example.com", "zz".repeat(40));
    let entries: HostPins = vec![
        (host.into(), pins(vec![text(&sample()), text(&long), Json::Null])),
        ("other.example.com".into(), pins(vec![text("")])),
    ];
    let set = pin_set(host, &entries, SourceId::TrustService);
    let fault = |host: &str, pin: &str, fault| EntryFault::Pin { host: host.into(), pin: pin.into(), fault };
    let void = fault(host, "", PinFault::WrongType(Json::Null.type_name().into()));
    let faults =
        [fault(host, &shorten(&long), PinFault::NotHex), void, fault("other.example.com", "", PinFault::Empty)];
    assert_eq!((set.faults.as_slice(), set.pins, set.keys.len()), (faults.as_slice(), 3, 0));
    assert!(set.is_uncertain() && !set.is_empty);
    let entries: HostPins = vec![(host.into(), pins(vec![text(&sample()), text(&long)]))];
    let set = pin_set(host, &entries, SourceId::CloudRegistry);
    assert_eq!((set.faults.len(), set.pins, set.keys.len(), set.is_uncertain()), (1, 2, 1, false));
    let several = pin_set(host, &[entries[0].clone(), ("b".into(), pins(vec![]))].into(), SourceId::CloudRegistry);
    assert!(several.is_uncertain() && several.keys.len() == 1);
    assert!(pin_set(host, &vec![], SourceId::CloudRegistry).is_empty);
    for (asked, held) in [("ds.example.com", true), ("xds.example.com", true), ("s.example.com", false)] {
        assert_eq!(holds_host(asked, &vec![("DS.Example.com".into(), pins(vec![]))]), held, "{asked}");
    }
}

#[test]
fn a_source_has_its_id_and_its_words() {
    use SourceId::{CloudRegistry, Configuration, TrustService, Uploaded};
    for (source, id, words) in [
        (CloudRegistry, "cloud-registry", "cloud registry"),
        (TrustService, "trust-service", "Trust Service"),
        (Uploaded, "uploaded", "uploaded certificates"),
        (Configuration, "configuration", "pins in the configuration"),
    ] {
        assert_eq!((source.id(), source.words()), (id, words));
    }
}
