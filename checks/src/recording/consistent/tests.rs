//! Both sides of each threshold.

use std::time::Duration;

use super::*;
use crate::{
    deployment::{Accept, Policy, Scope, Severity, TrustServiceMode, Vantage},
    outcome::State,
    recording::{CertId, FileContent, FileUse, HttpFact, SuppliedFile},
    testing::{NOW, recording, refused, registry},
    time::Timestamp,
    x509::forge::{HOST, Made, Supplied, day, leaf, met, presents, root},
};

fn judged(recordings: &[Recording]) -> Judgement {
    let policy = recordings[0].policy.clone();
    Consistent.judge(&Case::new(recordings, &policy, NOW).unwrap())
}

/// State, target and kind of each outcome.
fn told(recordings: &[Recording]) -> Vec<(State, String, &'static str)> {
    let told = judged(recordings).into_iter().map(|(target, outcome)| match &outcome {
        Outcome::Warn(finding) | Outcome::Fail(finding) => (outcome.state(), target.to_string(), finding.cause.kind()),
        _ => (outcome.state(), target.to_string(), ""),
    });
    told.collect()
}

fn whole(state: State) -> Vec<(State, String, &'static str)> {
    vec![(state, "the recordings".to_owned(), "")]
}

fn cause(recordings: &[Recording]) -> Cause {
    let judgement = judged(recordings);
    let [(_, Outcome::Warn(finding) | Outcome::Fail(finding))] = judgement.as_slice() else { panic!("{judgement:?}") };
    finding.cause.clone()
}

fn two() -> [Recording; 2] {
    [Vantage::Console, Vantage::Device].map(|vantage| recording(vantage, TrustServiceMode::OnPremises))
}

fn file(used_as: FileUse, path: &str, ids: &[&str]) -> SuppliedFile {
    let ids = ids.iter().map(|id| CertId((*id).to_owned())).collect();
    SuppliedFile { path: path.to_owned(), used_as, content: FileContent::Certificates(ids) }
}

#[test]
fn one_recording_has_nothing_to_contradict() {
    let [one, other] = two();
    assert_eq!(told(std::slice::from_ref(&one)), whole(State::Skipped));
    assert_eq!(told(&[one.clone(), other]), whole(State::Pass));
    // The same one twice neither.
    assert_eq!(told(&[one.clone(), one]), whole(State::Pass));
}

#[test]
fn every_setting_that_the_verdict_rests_on_is_compared() {
    type Change = fn(&mut Recording);
    let changes: [(&str, Change); 27] = [
        ("device_services.url", |it| it.deployment.device_services.url = "https://ds2.example.com".parse().unwrap()),
        ("device_services.backends", |it| it.deployment.device_services.backends = vec!["10.1.0.11".parse().unwrap()]),
        ("device_services.balancers", |it| it.deployment.device_services.balancers = vec!["10.1.0.2".parse().unwrap()]),
        ("device_services.reverse_proxies", |it| {
            it.deployment.device_services.reverse_proxies = vec!["10.1.0.3".parse().unwrap()];
        }),
        ("device_services.certificates", |it| it.files = vec![file(FileUse::Uploaded, "a", &["aa"])]),
        ("device_services.next_certificates", |it| it.files = vec![file(FileUse::Next, "a", &["aa"])]),
        ("device_services.pins", |it| it.deployment.device_services.pins = vec!["aa".into()]),
        ("trust_service.mode", |it| it.deployment.trust_service.mode = TrustServiceMode::Awcm),
        ("trust_service.url", |it| it.deployment.trust_service.url = None),
        ("trust_service.servers", |it| it.deployment.trust_service.servers = vec!["10.1.0.4".parse().unwrap()]),
        ("trust_service.certificate", |it| it.files = vec![file(FileUse::TrustServiceCertificate, "a", &["aa"])]),
        ("trust_service.csr", |it| {
            let content = FileContent::Csr(crate::recording::Der(vec![1]));
            it.files = vec![SuppliedFile { path: "a".into(), used_as: FileUse::TrustServiceCsr, content }];
        }),
        ("trust_service.signing_root", |it| it.files = vec![file(FileUse::SigningRoot, "a", &["aa"])]),
        ("trust_service.workspace_one_id_domain", |it| {
            it.deployment.trust_service.workspace_one_id_domain = Some("example.com".into());
        }),
        ("discovery.host", |it| it.deployment.discovery.port = 8443),
        ("discovery.mail_domain", |it| it.deployment.discovery.mail_domain = Some("example.com".into())),
        ("console.host", |it| it.deployment.console = Some("console.example.com".into())),
        ("trust.roots", |it| it.deployment.trust.roots = crate::deployment::RootStore::Mozilla),
        ("trust.ca_files", |it| it.files = vec![file(FileUse::CaFile, "a", &["aa"])]),
        ("policy.scope", |it| it.policy.scope = Scope::Vantage),
        ("policy.warning_days", |it| it.policy.warning_days += 1),
        ("policy.critical_days", |it| it.policy.critical_days += 1),
        ("policy.max_offline", |it| it.policy.max_offline += Duration::from_millis(1)),
        ("policy.max_age", |it| it.policy.max_age += Duration::from_millis(1)),
        ("policy.severity", |it| it.policy.severity.extend([("certificate/order".into(), Severity::Fail)])),
        ("policy.only", |it| it.policy.only = vec!["dns/*".into()]),
        ("policy.skip", |it| it.policy.skip = vec!["dns/*".into()]),
    ];
    for (setting, change) in changes {
        let [one, mut other] = two();
        change(&mut other);
        let expected = vec![(State::Fail, setting.to_owned(), "configuration-differs")];
        assert_eq!(told(&[one.clone(), other.clone()]), expected, "{setting}");
        assert_eq!(told(&[other, one]), expected, "{setting}");
    }
    let accept = Accept { check: "certificate/order".into(), target: None, until: None, reason: "a".into() };
    let [one, mut other] = two();
    other.policy.accept = vec![accept.clone()];
    assert_eq!(told(&[one, other])[0].1, "accept");
    let compared: BTreeSet<&str> = changes.iter().map(|(setting, _)| *setting).chain(["accept"]).collect();
    assert_eq!(compared, settings::KEYS.iter().copied().collect());
    assert_eq!(compared, settings::of(&two()[0]).into_keys().collect());
}

#[test]
fn what_differs_by_nature_is_not_compared() {
    let [mut one, mut other] = two();
    other.deployment.command = "pinflight check --config elsewhere.toml".into();
    other.deployment.network.system_resolver = false;
    other.deployment.confirmed.hub_supports_pinning = Some(NOW);
    other.policy.fail_on = crate::deployment::FailOn::Never;
    // The same certificates from another folder, in another order, one of them with its chain.
    one.files = vec![file(FileUse::Uploaded, "a.pem", &["aa"]), file(FileUse::Uploaded, "b.pem", &["bb"])];
    other.files = vec![file(FileUse::Uploaded, "c/b.pem", &["bb", "cc"]), file(FileUse::Uploaded, "c/a.pem", &["aa"])];
    one.deployment.device_services.backends = vec!["10.1.0.11".parse().unwrap(), "10.1.0.12:443".parse().unwrap()];
    other.deployment.device_services.backends = vec!["10.1.0.12".parse().unwrap(), "10.1.0.11".parse().unwrap()];
    assert_eq!(told(&[one, other]), whole(State::Pass));
}

#[test]
fn a_difference_names_both_values_the_recordings_and_whose_counts() {
    let [mut one, mut other] = two();
    one.deployment.device_services.pins = vec!["aa".into(), "bb".into()];
    other.deployment.device_services.pins = vec!["aa".into()];
    let value = |value: &[&str], by: &str| SettingValue {
        value: value.iter().map(|&value| value.to_owned()).collect(),
        recordings: vec![by.to_owned()],
    };
    let differs = |setting: &str, values: [SettingValue; 2], judged_by: &[&str]| Cause::ConfigurationDiffers {
        setting: setting.to_owned(),
        values: values.into(),
        judged_by: judged_by.iter().map(|&by| by.to_owned()).collect(),
    };
    let values = [value(&["bb"], "console"), value(&[], "device")];
    assert_eq!(cause(&[one, other]), differs("device_services.pins", values, &["console"]));

    // Of the policy, the one that is judged by counts, which may be that of neither.
    let [one, mut other] = two();
    other.policy.critical_days = 3;
    let with = |policy: &Policy| {
        let recordings = [one.clone(), other.clone()];
        let judgement = Consistent.judge(&Case::new(&recordings, policy, NOW).unwrap());
        let [(_, Outcome::Fail(finding))] = judgement.as_slice() else { panic!() };
        finding.cause.clone()
    };
    let values = || [value(&["7"], "console"), value(&["3"], "device")];
    let setting = "policy.critical_days";
    assert_eq!(with(&other.policy), differs(setting, values(), &["device"]));
    assert_eq!(with(&Policy { critical_days: 5, ..Policy::default() }), differs(setting, values(), &[]));

    // From the same vantage, they are told apart by their moments.
    let mut again = one.clone();
    again.taken_at = Timestamp(NOW.0 + 1);
    again.policy.critical_days = 3;
    let Cause::ConfigurationDiffers { values, .. } = cause(&[one, again]) else { panic!() };
    assert_eq!(values[1].recordings, [format!("console of {}", Timestamp(NOW.0 + 1))]);
}

#[test]
fn recordings_of_two_deployments_differ_in_nothing_else() {
    let [one, mut other] = two();
    other.deployment.device_services.url = "https://ds.example.net".parse().unwrap();
    other.deployment.trust_service.mode = TrustServiceMode::Cloud;
    other.policy.critical_days = 3;
    assert_eq!(told(&[one, other]).len(), 1);
}

fn dated(vantage: Vantage, ahead: i64) -> Recording {
    let mut recording = recording(vantage, TrustServiceMode::OnPremises);
    recording.answers = vec![HttpFact { ended_after: Some(Duration::ZERO), ..registry("{}") }];
    recording.answers[0].outcome.as_mut().unwrap().date = Some(Timestamp(NOW.0 + ahead));
    recording
}

#[test]
fn clocks_are_apart_by_more_than_five_minutes_or_not_at_all() {
    let told = |ours: i64, theirs: i64| told(&[dated(Vantage::Console, ours), dated(Vantage::DeviceServices, theirs)]);
    assert_eq!(told(-150, 150), whole(State::Pass));
    assert_eq!(told(-150, 151), vec![(State::Warn, "the clocks".to_owned(), "clocks-apart")]);
    // With 301 seconds network/clock has its say of the one.
    assert_eq!(told(-150, 301), whole(State::Pass));
    // Where the servers are further behind, the machine is further ahead.
    for (ours, theirs) in [(-200, 200), (200, -200)] {
        let apart = cause(&[dated(Vantage::Console, ours), dated(Vantage::DeviceServices, theirs)]);
        let Cause::ClocksApart { recordings, seconds: 400 } = apart else { panic!("{apart:?}") };
        assert_eq!(recordings[0], if ours < 0 { "console" } else { "device-services" });
    }
    // Servers that only one of them asked tell nothing.
    let mut elsewhere = dated(Vantage::DeviceServices, 200);
    elsewhere.answers[0].endpoint = Endpoint::new("ts.example.com", 9001);
    assert_eq!(super::tests::told(&[dated(Vantage::Console, -200), elsewhere]), whole(State::Pass));
}

#[test]
fn an_older_failure_is_told_where_the_latest_recording_connects() {
    let console = |at: i64, fact: ConnectionFact| {
        let mut recording = recording(Vantage::Console, TrustServiceMode::OnPremises);
        recording.taken_at = Timestamp(NOW.0 + at);
        recording.connections = vec![fact];
        recording
    };
    let connects = || met([10, 1, 0, 11], vec![CertId("aa".into())]);
    let fails = || refused(Role::DeviceServices, HOST, 443, [10, 1, 0, 11]);
    let expected = vec![(State::Warn, "the recordings from console".to_owned(), "mended-since")];
    assert_eq!(told(&[console(0, fails()), console(1, connects())]), expected);
    assert_eq!(told(&[console(1, connects()), console(0, fails())]), expected);
    // What fails now is a failure; what is of the same moment is no older; what was not asked again is not mended.
    for recordings in [
        [console(0, connects()), console(1, fails())],
        [console(0, fails()), console(0, connects())],
        [console(0, fails()), console(1, met([10, 1, 0, 12], vec![CertId("aa".into())]))],
    ] {
        assert_eq!(told(&recordings), whole(State::Pass));
    }
    let mut elsewhere = console(1, connects());
    elsewhere.vantage = Vantage::Device;
    assert_eq!(told(&[console(0, fails()), elsewhere]), whole(State::Pass));
}

/// A certificate from a day on, with a key of its own.
fn from(first: i64) -> Made {
    let mut params = leaf();
    params.not_before = day(first);
    root("R").issue(params)
}

/// What a recording met at addresses, at a moment.
fn showing(vantage: Vantage, at: i64, role: Role, shown: &[([u8; 4], &Made)]) -> Recording {
    let made: Vec<&Made> = shown.iter().map(|(_, made)| *made).collect();
    let mut recording = presents(&made, &Supplied::default());
    (recording.vantage, recording.taken_at) = (vantage, Timestamp(NOW.0 + at));
    let facts = shown.iter().map(|(address, made)| ConnectionFact { role, ..met(*address, vec![made.id()]) });
    recording.connections = facts.collect();
    recording
}

#[test]
fn one_place_that_shows_different_keys_is_told() {
    use Role::{Backend, Balancer, DeviceServices, TrustServiceServer};
    use Vantage::{Console, Device};
    let (old, new) = (from(-20), from(-2));
    let server = [10, 1, 0, 11];
    let pair = |role: Role, address: [u8; 4], one: &Made, later: i64, other: &Made| {
        [showing(Console, 0, role, &[(address, one)]), showing(Device, later, role, &[(address, other)])]
    };
    let renewed = |recordings: &[Recording]| match cause(recordings) {
        Cause::KeysContradict { renewed, .. } => renewed,
        other => panic!("{other:?}"),
    };
    assert!(renewed(&pair(Backend, server, &old, 60, &new)));
    assert!(!renewed(&pair(Backend, server, &old, 0, &new)), "at one moment");
    assert!(!renewed(&pair(Backend, server, &new, 60, &old)), "backwards");
    assert_eq!(told(&pair(Backend, server, &old, 60, &old)), whole(State::Pass));
    // A balancer may choose another server for each: told only of keys that are met nowhere else.
    assert!(!renewed(&pair(Balancer, server, &old, 0, &new)));
    let mut behind = pair(Balancer, server, &old, 0, &new);
    for (recording, made) in behind.iter_mut().zip([&new, &old]) {
        let other = showing(Console, 0, Backend, &[([10, 1, 0, 12], &old), ([10, 1, 0, 13], &new)]);
        recording.certificates.extend(other.certificates);
        recording.connections.extend(other.connections);
        assert!(recording.certificates.contains_key(&made.id()));
    }
    assert_eq!(told(&behind), whole(State::Pass));
    let both = showing(Device, 0, Balancer, &[(server, &old), (server, &new)]);
    assert_eq!(told(&[showing(Console, 0, Balancer, &[(server, &old)]), both]), whole(State::Pass));
    // Private addresses of a name are other machines elsewhere.
    assert_eq!(told(&pair(DeviceServices, server, &old, 60, &new)), whole(State::Pass));
    assert!(renewed(&pair(DeviceServices, [203, 0, 113, 5], &old, 60, &new)));
    // Servers of the Trust Service that differ at one time belong to another check.
    assert!(renewed(&pair(TrustServiceServer, server, &old, 60, &new)));
    assert_eq!(told(&pair(TrustServiceServer, server, &old, 0, &new)), whole(State::Pass));
    // Nobody pins discovery's.
    assert_eq!(told(&pair(Role::Discovery, [203, 0, 113, 5], &old, 60, &new)), whole(State::Pass));
}

/// The keys of two servers; RSA, as pins are.
const KEYS: [&str; 2] =
    [include_str!("../../../../fixtures/keys/ds-1.pem"), include_str!("../../../../fixtures/keys/ds-2.pem")];

#[test]
fn a_source_that_tells_one_vantage_other_pins_than_another_leaves_its_keys_unknown() {
    let made = KEYS.map(|key| {
        let key = std::sync::Arc::new(rcgen::KeyPair::from_pem(key).unwrap());
        root("R").issue_for(leaf(), &key)
    });
    let [first, second] = made.each_ref().map(|made| crate::x509::read(&made.der).unwrap().key);
    let answer = |pinned: &[usize]| {
        let keys = [&first, &second];
        let pins: Vec<String> =
            pinned.iter().map(|index| format!("\"{}\"", keys[*index].rsa_public_key_hex.as_deref().unwrap())).collect();
        registry(&format!("{{\"{HOST}\": [{}]}}", pins.join(",")))
    };
    let from = |vantage: Vantage, answers: Vec<HttpFact>| Recording {
        vantage,
        answers,
        connections: vec![],
        ..presents(&[&made[0]], &Supplied::default())
    };
    let asked = |ours: Vec<HttpFact>, theirs: Vec<HttpFact>| {
        [from(Vantage::Console, ours), from(Vantage::DeviceServices, theirs)]
    };
    let cells = |recordings: &[Recording]| {
        let policy = Policy::default();
        let case = Case::new(recordings, &policy, NOW).unwrap();
        let book = Book::new(&case);
        [&first, &second].map(|key| book.cell(key))
    };
    let contradicting = asked(vec![answer(&[0])], vec![answer(&[0, 1])]);
    let expected = vec![(State::Fail, format!("{HOST}:443"), "pins-contradict")];
    assert_eq!(told(&contradicting), expected);
    assert_eq!(cells(&contradicting), [PinCell::Match, PinCell::NotObserved]);
    let Cause::PinsContradict { answers, .. } = cause(&contradicting) else { panic!() };
    assert_eq!(answers.iter().map(|one| one.keys.len()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(answers[1].recordings, ["device-services"]);

    assert_eq!(told(&asked(vec![answer(&[0, 1])], vec![answer(&[1, 0])])), whole(State::Pass));
    // Both answers in one recording: two servers of the source, which pins/sources-agree compares.
    let servers = asked(vec![answer(&[0]), answer(&[0, 1])], vec![answer(&[0, 1])]);
    assert_eq!(told(&servers), whole(State::Pass));
    assert_eq!(cells(&servers), [PinCell::Match, PinCell::NoMatch]);
}
