//! Thresholds of the checks of uploads and successors, both sides.

use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use time::OffsetDateTime;

use super::*;
use crate::{
    cause::Cause,
    check::{Case, Check, Judgement},
    deployment::{Endpoint, Policy, Role, TrustServiceMode, Vantage},
    outcome::{Evidence, Outcome, State},
    recording::{FileUse, HttpFact, Recording, Request, Spelling},
    testing::{NOW, registry},
    time::Timestamp,
    x509::{
        self,
        forge::{HOST, Made, Supplied, day, leaf, met, presents, root},
    },
};

/// Keys of three servers; RSA, as pins are.
const KEYS: [&str; 3] = [
    include_str!("../../../fixtures/keys/ds-1.pem"),
    include_str!("../../../fixtures/keys/ds-2.pem"),
    include_str!("../../../fixtures/keys/ds-3.pem"),
];

fn ending(not_after: OffsetDateTime) -> CertificateParams {
    let mut params = leaf();
    params.not_after = not_after;
    params
}

fn with_key(index: usize, params: CertificateParams) -> Made {
    let key = Arc::new(KeyPair::from_pem(KEYS[index]).unwrap());
    root("R").issue_for(params, &key)
}

/// Device Services presents a certificate; the cloud registry pins the keys of some.
fn recording(presented: &Made, files: &[(FileUse, &Made)], pinned: &[&Made]) -> Recording {
    let mut recording = presents(&[presented], &Supplied { files, ..Supplied::default() });
    let pin = |made: &&Made| format!("\"{}\"", x509::read(&made.der).unwrap().key.rsa_public_key_hex.unwrap());
    let pins: Vec<String> = pinned.iter().map(pin).collect();
    recording.answers = vec![registry(&format!("{{\"{HOST}\": [{}]}}", pins.join(",")))];
    let paths =
        |wanted: FileUse| files.iter().filter(move |(used_as, _)| *used_as == wanted).map(|_| "a file.pem".to_owned());
    recording.deployment.device_services.certificates = paths(FileUse::Uploaded).collect();
    recording.deployment.device_services.next_certificates = paths(FileUse::Next).collect();
    recording
}

fn judgement(check: &dyn Check, recordings: &[Recording]) -> Judgement {
    check.judge(&Case::new(recordings, &Policy::default(), NOW).unwrap())
}

/// State and kind of each outcome.
fn judged(check: &dyn Check, recording: &Recording) -> Vec<(State, &'static str)> {
    let judgement = judgement(check, std::slice::from_ref(recording));
    let told = judgement.iter().map(|(_, outcome)| match outcome {
        Outcome::Warn(finding) | Outcome::Fail(finding) => (outcome.state(), finding.cause.kind()),
        _ => (outcome.state(), ""),
    });
    told.collect()
}

/// What was seen where it passes.
fn passes(check: &dyn Check, recording: &Recording) -> Vec<Evidence> {
    let judgement = judgement(check, std::slice::from_ref(recording));
    let evidence = judgement.into_iter().map(|(_, outcome)| match outcome {
        Outcome::Pass(evidence) => evidence,
        other => panic!("{other:?}"),
    });
    evidence.collect()
}

#[test]
fn a_next_key_that_is_not_pinned_fails_once_no_time_is_left_to_publish_it() {
    let second = time::Duration::seconds(1);
    // A day and the fourteen that a device may be offline.
    for (not_after, state) in [(day(15), State::Warn), (day(15) - second, State::Fail)] {
        let used = with_key(0, ending(not_after));
        let next = with_key(1, leaf());
        let recording = recording(&used, &[(FileUse::Next, &next)], &[&used]);
        assert_eq!(judged(&Successor, &recording), [(state, "next-key-not-pinned")], "{not_after}");
    }
}

#[test]
fn a_next_certificate_is_fit_when_pinned_named_and_in_time() {
    let used = with_key(0, leaf());
    let pass = (State::Pass, "");
    let unfit = (State::Warn, "next-certificate-unfit");
    let mut begins = leaf();
    (begins.not_before, begins.not_after) = (day(180), day(400));
    let mut begins_later = begins.clone();
    begins_later.not_before += time::Duration::seconds(1);
    let mut other = leaf();
    other.subject_alt_names = vec![rcgen::SanType::DnsName("other.example.com".try_into().unwrap())];
    for (params, expected) in [
        (leaf(), pass),
        (ending(day(0)), pass),
        (ending(day(0) - time::Duration::seconds(1)), unfit),
        (begins, pass),
        (begins_later, unfit),
        (other, unfit),
    ] {
        let next = with_key(1, params);
        let recording = recording(&used, &[(FileUse::Next, &next)], &[&used, &next]);
        assert_eq!(judged(&Successor, &recording), [expected]);
    }
    let same_key = with_key(0, leaf());
    assert_eq!(judged(&Successor, &recording(&used, &[(FileUse::Next, &same_key)], &[&used])), [pass]);
}

#[test]
fn when_it_is_safe_to_switch_follows_from_the_day_of_the_upload() {
    let used = with_key(0, leaf());
    let (same, next) = (with_key(0, leaf()), with_key(1, leaf()));
    let rule = "360 hours after its pin was published; when that was, no answer tells";
    for (next, uploaded, expected) in [
        (&same, None, "today: its key is in use and pinned".to_owned()),
        (&next, None, rule.to_owned()),
        (&next, Some(NOW.0 + 1), rule.to_owned()),
        (
            &next,
            Some(NOW.0),
            format!("{rule}; if with the upload of {}, from {}", NOW.day(), Timestamp(NOW.0 + 360 * 3600)),
        ),
    ] {
        let mut recording = recording(&used, &[(FileUse::Next, next)], &[&used, next]);
        recording.deployment.confirmed.certificates_uploaded = uploaded.map(Timestamp);
        assert_eq!(passes(&Successor, &recording)[0].0[1].value, expected);
    }
}

#[test]
fn a_next_certificate_with_an_ec_key_is_unknown_and_without_pins_unseen() {
    let used = with_key(0, leaf());
    let ec = root("R").leaf();
    let seen = recording(&used, &[(FileUse::Next, &ec)], &[&used]);
    assert_eq!(judged(&Successor, &seen), [(State::Warn, "next-key-unknown-to-client")]);
    let next = with_key(1, leaf());
    let mut unseen = recording(&used, &[(FileUse::Next, &next)], &[&used]);
    unseen.answers.clear();
    assert_eq!(judged(&Successor, &unseen), [(State::NotObserved, "")]);
    assert_eq!(judged(&Successor, &recording(&used, &[], &[&used])), [(State::Skipped, "")]);
}

#[test]
fn uploads_are_compared_by_key() {
    let used = with_key(0, leaf());
    let renewed = with_key(0, leaf());
    let other = with_key(1, leaf());
    let uploaded = |made| (FileUse::Uploaded, made);
    let pass = (State::Pass, "");
    for (files, pinned, expected) in [
        (vec![uploaded(&used)], vec![&used], vec![pass, pass]),
        (vec![uploaded(&renewed)], vec![&used], vec![pass, pass]),
        (vec![uploaded(&used), uploaded(&other)], vec![&used], vec![pass, pass, (State::Warn, "upload-stale")]),
        (vec![uploaded(&used), uploaded(&other), (FileUse::Next, &other)], vec![&used], vec![pass, pass, pass]),
        // Pinned, and not uploaded.
        (vec![uploaded(&other)], vec![&used], vec![(State::Warn, "key-not-uploaded"), (State::Warn, "upload-stale")]),
        // Neither: pins/cover-every-server tells it, and what is stale cannot be known.
        (vec![uploaded(&other)], vec![&other], vec![(State::NotObserved, ""), (State::NotObserved, "")]),
        (vec![], vec![&used], vec![(State::Skipped, "")]),
    ] {
        assert_eq!(judged(&UploadedSet, &recording(&used, &files, &pinned)), expected);
    }
}

#[test]
fn an_upload_for_clients_that_send_no_name_is_not_stale() {
    let used = with_key(0, leaf());
    let nameless = with_key(1, leaf());
    let files = [(FileUse::Uploaded, &used), (FileUse::Uploaded, &nameless)];
    let mut recording = recording(&used, &files, &[&used, &nameless]);
    let mut without_sni = met([10, 1, 0, 11], vec![nameless.id()]);
    without_sni.sni = None;
    recording.connections.push(without_sni);
    assert_eq!(judged(&UploadedSet, &recording), [(State::Pass, ""); 3]);
}

#[test]
fn an_upload_is_stale_where_no_key_of_its_is_met_by_any_name() {
    let used = with_key(0, leaf());
    let other = with_key(1, leaf());
    let mut recording = recording(&used, &[(FileUse::Uploaded, &other)], &[&used, &other]);
    let mut without_sni = met([10, 1, 0, 11], vec![used.id()]);
    without_sni.sni = None;
    recording.connections.push(without_sni);
    let stale = [(State::Warn, "key-not-uploaded"), (State::Warn, "upload-stale")];
    assert_eq!(judged(&UploadedSet, &recording), stale);
    // From where devices are, the servers behind the balancer are not asked.
    recording.vantage = Vantage::Device;
    assert_eq!(judged(&UploadedSet, &recording), stale);
    recording.deployment.device_services.backends = vec!["10.1.0.12".parse().unwrap()];
    assert_eq!(judged(&UploadedSet, &recording), [stale[0], (State::NotObserved, "")]);
}

#[test]
fn whether_a_key_that_is_not_uploaded_is_pinned_is_said() {
    let (used, unknown, other) = (with_key(0, leaf()), root("R").leaf(), with_key(1, leaf()));
    for (presented, expected) in [(&used, true), (&unknown, false)] {
        let recording = recording(presented, &[(FileUse::Uploaded, &other)], &[&used]);
        let judgement = judgement(&UploadedSet, std::slice::from_ref(&recording));
        let (_, Outcome::Warn(finding)) = &judgement[0] else { panic!("{judgement:?}") };
        let Cause::KeyNotUploaded { pinned, .. } = finding.cause else { panic!("{finding:?}") };
        assert_eq!(pinned, expected);
    }
}

#[test]
fn a_certificate_that_is_uploaded_itself_goes_before_another_one_with_its_key() {
    let (used, renewed) = (with_key(0, leaf()), with_key(0, leaf()));
    let labels = |files: &[(FileUse, &Made)]| -> Vec<&str> {
        let passed = passes(&UploadedSet, &recording(&used, files, &[&used])).remove(0);
        passed.0.iter().map(|fact| fact.label).collect()
    };
    let (itself, other) = ((FileUse::Uploaded, &used), (FileUse::Uploaded, &renewed));
    assert_eq!(labels(&[itself, other]), ["uploaded as"]);
    assert_eq!(labels(&[other, itself]), ["uploaded as"]);
    assert_eq!(labels(&[other]), ["uploaded as", "renewed"]);
}

#[test]
fn an_upload_that_has_ended_is_told_while_a_server_has_its_key_renewed() {
    let used = with_key(0, leaf());
    let pass = (State::Pass, "");
    for (not_after, expected) in
        [(day(0), pass), (day(0) - time::Duration::seconds(1), (State::Warn, "upload-expired"))]
    {
        let uploaded = with_key(0, ending(not_after));
        let recording = recording(&used, &[(FileUse::Uploaded, &uploaded)], &[&used]);
        assert_eq!(judged(&UploadedSet, &recording), [pass, expected], "{not_after}");
    }
}

#[test]
fn a_suffix_is_told_with_or_without_its_dot() {
    let used = with_key(0, leaf());
    let pin = x509::read(&used.der).unwrap().key.rsa_public_key_hex.unwrap();
    for (name, at_dot) in [("example.com", Some(true)), ("s.example.com", Some(false)), (HOST, None)] {
        let mut recording = recording(&used, &[], &[]);
        recording.answers = vec![registry(&format!("{{\"{name}\": [\"{pin}\"]}}"))];
        let judgement = judgement(&HostMatching, std::slice::from_ref(&recording));
        let told = judgement.into_iter().find_map(|(_, outcome)| match outcome {
            Outcome::Warn(finding) => Some(finding.cause),
            _ => None,
        });
        let expected = at_dot.map(|at_dot| Cause::ServedBySuffix {
            pins_source: "cloud registry".to_owned(),
            host: HOST.to_owned(),
            name: name.to_owned(),
            at_dot,
        });
        assert_eq!(told, expected);
    }
}

/// The registry's one entry (of several it is not certain which devices use), what discovery presents, and what is told of it.
#[test]
fn another_host_that_pins_are_applied_to_is_judged_by_the_worst_that_it_presents() {
    const OTHER: &str = "discovery.awmdm.com";
    let pass = (State::Pass, String::new());
    let works = (State::Warn, "other-host-pinned".to_owned());
    let breaks = (State::Fail, "other-host-pinned".to_owned());
    let unseen = |why: &str| (State::NotObserved, why.to_owned());
    let rsa = |index: usize| with_key(index, leaf());
    let ec = || root("R").leaf();
    let damaged = "a pin of the cloud registry that cannot be used may be meant for discovery.awmdm.com";
    for (entry, presented, expected) in [
        (format!("\"{HOST}\": [{}]", pins(&[0])), vec![rsa(1)], pass.clone()),
        (format!("\"{OTHER}\": [{}]", pins(&[1])), vec![rsa(1)], pass.clone()),
        (format!("\"{OTHER}\": [{}]", pins(&[1, 2])), vec![rsa(1), rsa(2)], pass.clone()),
        (format!("\"{OTHER}\": [{}]", pins(&[1])), vec![rsa(2)], breaks.clone()),
        (format!("\"{OTHER}\": [{}]", pins(&[1])), vec![rsa(1), rsa(2)], breaks.clone()),
        (format!("\"{OTHER}\": [{}]", pins(&[1])), vec![ec()], works.clone()),
        (format!("\"{OTHER}\": [{}]", pins(&[1])), vec![rsa(1), ec()], works.clone()),
        (format!("\"com\": [{}]", pins(&[1])), vec![rsa(1)], works.clone()),
        (format!("\"com\": [{}]", pins(&[1])), vec![rsa(2)], breaks.clone()),
        (format!("\"{OTHER}\": [{}, \"3082\"]", pins(&[1])), vec![rsa(1)], pass.clone()),
        (format!("\"{OTHER}\": [{}, \"3082\"]", pins(&[1])), vec![rsa(2)], unseen(damaged)),
        (format!("\"{OTHER}\": [{}, \"3082\"]", pins(&[1])), vec![ec()], works.clone()),
        (
            format!("\"{OTHER}\": [{}]", pins(&[1])),
            vec![],
            unseen("no certificate was seen at discovery.awmdm.com:443, to which pins are applied"),
        ),
    ] {
        let used = with_key(0, leaf());
        let mut recording = recording(&used, &[], &[]);
        recording.answers = vec![registry(&format!("{{{entry}}}"))];
        for (made, last) in presented.iter().zip(1..) {
            recording.certificates.insert(made.id(), crate::recording::Der(made.der.clone()));
            let mut fact = met([192, 0, 2, last], vec![made.id()]);
            (fact.role, fact.endpoint, fact.sni) = (Role::Discovery, Endpoint::new(OTHER, 443), Some(OTHER.to_owned()));
            recording.connections.push(fact);
        }
        let of_others = told(&HostMatching, std::slice::from_ref(&recording));
        assert_eq!(of_others[1..], [expected], "{entry}, {} presented", presented.len());
    }
}

/// What the sources hold, each by the numbers of [`KEYS`]; `None`: not seen, or not declared.
#[derive(Clone, Copy, Default)]
struct Sources<'a> {
    cloud: Option<&'a str>,
    trust_service: Option<&'a [usize]>,
    uploaded: &'a [usize],
    next: &'a [usize],
    configured: &'a [usize],
}

fn pins(keys: &[usize]) -> String {
    let pins: Vec<String> = keys.iter().map(|index| format!("\"{}\"", pkcs1(*index))).collect();
    pins.join(",")
}

fn pkcs1(index: usize) -> String {
    x509::read(&with_key(index, leaf()).der).unwrap().key.rsa_public_key_hex.unwrap()
}

fn settings(body: &str) -> HttpFact {
    HttpFact {
        request: Request::Settings { spelling: Spelling::Client },
        role: Role::TrustService,
        endpoint: Endpoint::new("ts.example.com", 9001),
        address: Some(([10, 0, 0, 9], 9001).into()),
        ..registry(body)
    }
}

/// Device Services presents the first key, with a Trust Service on premises.
fn with_sources(sources: Sources<'_>) -> Recording {
    let made: Vec<Made> = (0..KEYS.len()).map(|index| with_key(index, leaf())).collect();
    let of = |used_as, keys: &[usize]| -> Vec<(FileUse, &Made)> {
        keys.iter().map(|index| (used_as, &made[*index])).collect()
    };
    let files = [of(FileUse::Uploaded, sources.uploaded), of(FileUse::Next, sources.next)].concat();
    let mut recording = recording(&made[0], &files, &[]);
    recording.vantage = Vantage::Console;
    let deployment = &mut recording.deployment;
    deployment.trust_service.mode = TrustServiceMode::OnPremises;
    deployment.trust_service.url = Some("https://ts.example.com:9001/TrustService".parse().unwrap());
    deployment.device_services.pins = sources.configured.iter().map(|index| pkcs1(*index)).collect();
    let body = |keys: &[usize]| settings(&format!("{{\"{HOST}\": [{}]}}", pins(keys)));
    recording.answers = sources.cloud.map(registry).into_iter().chain(sources.trust_service.map(body)).collect();
    recording
}

/// State of each outcome, and its cause's kind or why nothing is known.
fn told(check: &dyn Check, recordings: &[Recording]) -> Vec<(State, String)> {
    let judgement = judgement(check, recordings);
    let told = judgement.iter().map(|(_, outcome)| {
        let why = match outcome {
            Outcome::Warn(finding) | Outcome::Fail(finding) => match &finding.cause {
                Cause::SourcesDiffer { other, .. } => format!("differs from {other}"),
                cause => cause.kind().to_owned(),
            },
            Outcome::NotObserved(unobserved) => unobserved.reason().to_owned(),
            Outcome::Skipped(why) => why.clone(),
            Outcome::Pass(_) => String::new(),
        };
        (outcome.state(), why)
    });
    told.collect()
}

#[test]
fn sources_agree_or_what_only_one_holds_is_told_by_the_check_that_owns_it() {
    let cloud = |keys: &[usize]| format!("{{\"{HOST}\": [{}]}}", pins(keys));
    let (one, two, other, with_fault) =
        (cloud(&[0]), cloud(&[0, 1]), cloud(&[1]), format!("{{\"{HOST}\": [{}, \"zz\"]}}", pins(&[0])));
    let several = format!("{{\"a.test\": [{}], \"b.test\": []}}", pins(&[0]));
    let none = cloud(&[]);
    let base = Sources { cloud: Some("{}"), trust_service: Some(&[0]), ..Sources::default() };
    let agree = (State::Pass, "");
    let differ = |state, other: &'static str| (state, other);
    let (uploaded, trust_service) = ("differs from uploaded certificates", "differs from Trust Service");
    let configured = "differs from pins in the configuration";
    let unusable = (State::NotObserved, "a pin that cannot be used stands in the way");
    for (number, (sources, expected)) in [
        (base, agree),
        (Sources { uploaded: &[0], ..base }, agree),
        // Stale uploads, keys that are met and keys to come belong to other checks.
        (Sources { trust_service: Some(&[0, 1]), uploaded: &[0], ..base }, differ(State::Warn, uploaded)),
        (Sources { trust_service: Some(&[0, 1]), uploaded: &[0], next: &[1], ..base }, agree),
        (Sources { trust_service: Some(&[0, 1]), uploaded: &[0], next: &[2], ..base }, differ(State::Warn, uploaded)),
        (Sources { uploaded: &[0, 1], ..base }, agree),
        (Sources { trust_service: Some(&[1]), uploaded: &[0], ..base }, differ(State::Warn, uploaded)),
        (Sources { trust_service: Some(&[0, 1]), uploaded: &[1], ..base }, agree),
        // The configuration is nobody's upload.
        (Sources { configured: &[0, 1], ..base }, differ(State::Warn, configured)),
        (Sources { trust_service: Some(&[1]), configured: &[0, 1], ..base }, agree),
        (Sources { configured: &[1], ..base }, differ(State::Warn, configured)),
        // What the cloud hides decides for devices that do not reach it.
        (Sources { cloud: Some(&one), ..base }, agree),
        (Sources { cloud: Some(&two), ..base }, differ(State::Warn, trust_service)),
        (Sources { cloud: Some(&two), uploaded: &[0], ..base }, differ(State::Warn, trust_service)),
        (Sources { cloud: Some(&other), ..base }, differ(State::Fail, trust_service)),
        (Sources { cloud: Some(&two), trust_service: Some(&[1]), ..base }, differ(State::Fail, trust_service)),
        (Sources { cloud: Some(&other), trust_service: Some(&[0, 1]), ..base }, differ(State::Fail, trust_service)),
        (Sources { cloud: Some(&one), trust_service: Some(&[0, 1]), ..base }, differ(State::Warn, trust_service)),
        (
            Sources { cloud: Some(&one), trust_service: Some(&[0, 1]), next: &[1], ..base },
            differ(State::Warn, trust_service),
        ),
        // What was not seen, and what cannot be used.
        (
            Sources { cloud: Some(&one), trust_service: None, ..base },
            (State::NotObserved, "the pins of the Trust Service were not seen"),
        ),
        (Sources { trust_service: None, ..base }, (State::NotObserved, "the pins of the Trust Service were not seen")),
        (Sources { cloud: Some(&with_fault), ..base }, agree),
        (Sources { cloud: Some(&with_fault), trust_service: Some(&[1]), ..base }, unusable),
        (Sources { cloud: Some(&several), ..base }, unusable),
        (
            Sources { cloud: Some(&none), ..base },
            (State::NotObserved, "the cloud registry holds no pins for Device Services"),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let found = told(&SourcesAgree, &[with_sources(sources)]);
        assert_eq!(found, [(expected.0, expected.1.to_owned())], "number {number}");
    }
    // Without a certificate of any server, whatever differs may decide.
    let mut unseen = with_sources(Sources { cloud: Some(&other), trust_service: Some(&[1, 2]), ..base });
    unseen.connections.clear();
    assert_eq!(told(&SourcesAgree, &[unseen]), [(State::Fail, trust_service.to_owned())]);
    let mut alone = with_sources(Sources { cloud: Some(&one), trust_service: None, ..base });
    alone.deployment.trust_service.mode = TrustServiceMode::Cloud;
    assert_eq!(told(&SourcesAgree, &[alone]), [(State::Skipped, "there is one source of pins only".to_owned())]);
}

#[test]
fn servers_of_one_source_that_answer_otherwise_are_told_once() {
    let base = Sources { cloud: Some("{}"), trust_service: Some(&[0]), ..Sources::default() };
    let mut recording = with_sources(base);
    let another = |body: &str| {
        let role = Role::TrustServiceServer;
        HttpFact { role, address: Some(([10, 0, 0, 10], 9001).into()), ..settings(body) }
    };
    // Another spelling of other hosts, and the same pins for this one.
    recording.answers.push(another(&format!("{{\"{HOST}\": [{}], \"a.test\": []}}", pins(&[0]))));
    assert_eq!(told(&SourcesAgree, &[recording.clone()]), [(State::Pass, String::new())]);
    recording.answers.push(another(&format!("{{\"{HOST}\": [{}]}}", pins(&[0, 1]))));
    recording.answers.remove(2);
    let differs = (State::Fail, "differs from Trust Service at ts.example.com:9001@10.0.0.10".to_owned());
    assert_eq!(told(&SourcesAgree, &[recording]), [differs]);

    // One recording hears other pins than another: neither is compared, with what was uploaded or with what the cloud holds.
    let cloud = format!("{{\"{HOST}\": [{}]}}", pins(&[0]));
    let contradicts = "the Trust Service tells one vantage other pins than another".to_owned();
    for base in [Sources { uploaded: &[0], ..base }, Sources { cloud: Some(&cloud), ..base }] {
        let both = [&[1][..], &[2]].map(|keys| with_sources(Sources { trust_service: Some(keys), ..base }));
        assert_eq!(told(&SourcesAgree, &both), [(State::NotObserved, contradicts.clone())]);
    }
}

#[test]
fn a_key_that_no_pin_covers_fails_unless_something_else_explains_it() {
    let cloud = |keys: &[usize]| format!("{{\"{HOST}\": [{}]}}", pins(keys));
    let (one, other, none) = (cloud(&[0]), cloud(&[1]), cloud(&[]));
    let with_fault = format!("{{\"{HOST}\": [{}, \"zz\"]}}", pins(&[1]));
    let base = Sources { cloud: Some("{}"), trust_service: Some(&[0]), ..Sources::default() };
    let differ = "the cloud registry and the Trust Service differ on this key";
    for (sources, expected) in [
        (base, (State::Pass, "")),
        (Sources { trust_service: Some(&[1]), ..base }, (State::Fail, "key-not-pinned")),
        (Sources { cloud: Some(&one), ..base }, (State::Pass, "")),
        (Sources { cloud: Some(&other), trust_service: Some(&[1]), ..base }, (State::Fail, "key-not-pinned")),
        (Sources { cloud: Some(&other), ..base }, (State::NotObserved, differ)),
        (Sources { cloud: Some(&one), trust_service: Some(&[1]), ..base }, (State::NotObserved, differ)),
        (Sources { trust_service: None, ..base }, (State::NotObserved, "the pins of the Trust Service were not seen")),
        (
            Sources { cloud: Some(&none), trust_service: Some(&[1]), ..base },
            (State::NotObserved, "the cloud registry holds no pins for Device Services"),
        ),
        (
            Sources { cloud: Some(&with_fault), trust_service: Some(&[1]), ..base },
            (State::NotObserved, "a pin of the cloud registry that cannot be used may be meant for this key"),
        ),
    ] {
        let recording = with_sources(sources);
        assert_eq!(told(&CoverEveryServer, std::slice::from_ref(&recording)), [(expected.0, expected.1.to_owned())]);
        // Several vantages meet the same server and say the same of it, once.
        assert_eq!(told(&CoverEveryServer, &[recording.clone(), recording]).len(), 1);
    }
    for (uploaded, expected) in [(&[0][..], true), (&[1], false), (&[], false)] {
        let sources = Sources { trust_service: Some(&[1]), uploaded, ..base };
        let recordings = [with_sources(sources)];
        let judgement = judgement(&CoverEveryServer, &recordings);
        let Outcome::Fail(finding) = &judgement[0].1 else { panic!("{judgement:?}") };
        let Cause::KeyNotPinned { uploaded, pins, .. } = &finding.cause else { panic!("{finding:?}") };
        assert_eq!((*uploaded, *pins), (expected, 1));
    }
}

#[test]
fn each_fault_of_an_answer_is_told_once_and_not_more_than_fit() {
    let base = Sources { cloud: Some("{}"), trust_service: Some(&[0]), ..Sources::default() };
    let with_pins = |pins: String| format!("{{\"{HOST}\": [{pins}]}}");
    let malformed = |count: usize| {
        let pins: Vec<String> = (0..count).map(|number| format!("\"z{number}\"")).collect();
        with_pins(pins.join(","))
    };
    let fault = || (State::Fail, "pin-malformed".to_owned());
    let pass = || (State::Pass, String::new());
    let unseen = |what: &str| (State::NotObserved, what.to_owned());
    let holds_none = || unseen("the cloud registry holds no pins for Device Services");
    for (cloud, expected) in [
        (None, vec![unseen("the pins of the cloud registry were not seen"), pass()]),
        (Some("{}".to_owned()), vec![pass(), pass()]),
        (Some(with_pins(String::new())), vec![holds_none(), pass()]),
        (Some(malformed(1)), vec![fault(), pass()]),
        (Some(with_pins("\"zz\", \"zz\"".to_owned())), vec![fault(), pass()]),
        (Some(malformed(32)), [vec![fault(); 32], vec![pass()]].concat()),
        (Some(malformed(33)), [vec![fault(); 32], vec![pass()]].concat()),
    ] {
        let recordings = [with_sources(Sources { cloud: cloud.as_deref(), uploaded: &[0], ..base })];
        assert_eq!(told(&WellFormed, &recordings), expected, "{cloud:?}");
    }
    let told = |count| {
        let cloud = malformed(count);
        let recordings = [with_sources(Sources { cloud: Some(&cloud), ..base })];
        let judgement = judgement(&WellFormed, &recordings);
        let Outcome::Fail(finding) = &judgement[0].1 else { panic!("{judgement:?}") };
        finding.evidence.0.iter().map(|fact| fact.value.clone()).collect::<Vec<_>>()
    };
    assert_eq!(told(32).len(), 1);
    assert_eq!(told(34)[1], "2 more faults of this answer");
}
