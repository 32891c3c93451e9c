//! Dependence, policy and verdict.

use std::time::Duration;

use super::*;
use crate::{
    cause::Cause,
    certificate,
    deployment::{Accept, Endpoint, Policy, Role, TrustServiceMode, Vantage},
    recording::{Legacy, Recording, Tls12Fact},
    testing::{NOW, recording, refused, registry, without_network},
    time::Timestamp,
    tls,
};

fn judged(recordings: &[Recording]) -> Report {
    let policy = &recordings[0].policy;
    judge(&Case::new(recordings, policy, NOW).unwrap())
}

fn at(host: &str) -> Target {
    Target::Endpoint(Endpoint::new(host, 443))
}

/// A cause that hides what is behind it even where it only warns.
fn hiding() -> Outcome {
    Outcome::warn(Cause::TlsCbcOnly { suites: vec!["suite".into()] }, Evidence::none())
}

fn warning() -> Outcome {
    Outcome::warn(Cause::NoExtendedMasterSecret { suite: "suite".into() }, Evidence::none())
}

fn failure() -> Outcome {
    Outcome::fail(Cause::NoExtendedMasterSecret { suite: "suite".into() }, Evidence::none())
}

fn elsewhere(vantage: Vantage) -> Outcome {
    let (reason, command) = ("only from there".into(), format!("pinflight check --from {vantage}"));
    Outcome::NotObserved(Unobserved::Elsewhere { reason, vantage, command })
}

fn of<'a>(report: &'a Report, id: &str) -> &'a CheckReport {
    report.checks.iter().find(|check| check.id.0 == id).unwrap()
}

#[test]
fn what_was_not_seen_is_traced_to_the_check_that_failed_at_the_same_target() {
    let report = judged(&[without_network()]);
    assert_eq!(report.verdict, Verdict::NotReady);
    assert_eq!(of(&report, "dns/discovery-resolves").outcome, State::Fail);
    assert!(of(&report, "dns/discovery-resolves").findings[0].message.contains("no DNS server answered"));
    let row = of(&report, "firewall/console-to-discovery");
    assert_eq!((row.outcome, row.because), (State::NotObserved, Some(CheckId("dns/discovery-resolves"))));
    // Device Services were refused, so what is missing there is not discovery's name.
    assert_eq!(of(&report, "network/reachable").outcome, State::Fail);
    let elsewhere = of(&report, "firewall/devices-to-trust-service");
    assert_eq!((elsewhere.outcome, elsewhere.because), (State::NotObserved, None));
    assert_eq!(elsewhere.command.as_deref(), Some("pinflight check --from device --record device.json"));
    assert_eq!(of(&report, "trust-service/settings").outcome, State::Skipped);
}

#[test]
fn every_check_is_reported_whatever_is_selected() {
    let mut recording = without_network();
    recording.policy.only = vec!["trust-service/*".into()];
    let report = judged(&[recording.clone()]);
    assert_eq!(report.checks.len(), CHECKS.len());
    assert_eq!((report.verdict, report.scope), (Verdict::SelectedIncomplete, ReportScope::Selected));
    assert_eq!(of(&report, "dns/discovery-resolves").reason.as_deref(), Some("not selected"));

    recording.policy.only = vec!["dns/names-resolve".into()];
    assert_eq!(judged(&[recording]).verdict, Verdict::SelectedPass);
}

#[test]
fn an_accepted_finding_is_shown_and_does_not_count_until_its_day() {
    let mut recording = without_network();
    let accept = |until| Accept {
        check: "network/reachable".into(),
        target: Some("ds.example.com".into()),
        until: Some(Timestamp(NOW.0 + until)),
        reason: "ticket 4711".into(),
    };
    recording.policy.accept = vec![accept(0)];
    let report = judged(&[recording.clone()]);
    let check = of(&report, "network/reachable");
    assert_eq!(check.outcome, State::Pass);
    let until = format!("ticket 4711 (until {})", NOW.day());
    assert_eq!(check.findings[0].accepted, Some(until));

    recording.policy.accept = vec![accept(-1)];
    let report = judged(&[recording]);
    let check = of(&report, "network/reachable");
    assert_eq!((check.outcome, check.findings[0].accepted.as_deref()), (State::Fail, None));
    let lapsed = Evidence::of("accepted until", format!("{}: ticket 4711", Timestamp(NOW.0 - 1).day()));
    assert_eq!(check.findings[0].evidence.0.last(), lapsed.0.last());
}

#[test]
fn a_journey_is_held_up_by_what_counts_alone() {
    let mut recording = without_network();
    let told = |recording: &Recording| {
        let report = judged(std::slice::from_ref(recording));
        let web = of(&report, "device/journey").targets[1].clone();
        (web.outcome, web.because, report.journey.is_some())
    };
    let resolves = Some(CheckId("dns/discovery-resolves"));
    assert_eq!(told(&recording), (State::NotObserved, resolves, true));
    for check in ["dns/discovery-resolves", "network/reachable"] {
        let accept = Accept { check: check.into(), target: None, until: None, reason: "ticket 4711".into() };
        recording.policy.accept.push(accept);
    }
    assert_eq!(told(&recording), (State::Pass, None, true));
    // Whatever would own the cause was not selected.
    recording.policy.accept.clear();
    recording.policy.skip = vec!["pins/*".into()];
    assert_eq!(told(&recording), (State::Skipped, None, true));
}

#[test]
fn an_interrupted_run_is_never_ready() {
    let mut recording = recording(Vantage::Console, TrustServiceMode::Cloud);
    recording.policy.scope = Scope::Vantage;
    recording.unasked = vec!["the rest".into()];
    assert_eq!(judged(&[recording]).verdict, Verdict::Incomplete);
}

#[test]
fn a_fault_explains_what_was_not_seen_behind_it() {
    let endpoint = |host: &str| Endpoint::new(host, 443);
    let at = |host: &str, last: u8| Target::At(endpoint(host), ([10, 0, 0, last], 443).into());
    let (service, name) = (Target::Endpoint(endpoint("a")), Target::Name("a".into(), "system".into()));
    for (fault, unseen, expected) in [
        (&service, &service, true),
        (&service, &at("a", 1), true),
        (&service, &name, false),
        (&service, &Target::Endpoint(endpoint("b")), false),
        (&at("a", 1), &service, true),
        (&at("a", 1), &at("a", 1), true),
        (&at("a", 1), &at("a", 2), false),
        (&name, &service, true),
        (&name, &at("a", 1), true),
        (&name, &at("b", 1), false),
        (&name, &Target::Name("a".into(), "another".into()), false),
        (&Target::Thing("x".into()), &Target::Thing("x".into()), true),
        (&Target::Thing("x".into()), &Target::File("x".into()), false),
    ] {
        assert_eq!([fault].into_iter().collect::<Faulty>().explains(unseen), expected, "{fault} {unseen}");
    }
}

#[test]
fn a_warning_explains_what_was_not_seen_where_its_cause_hides_it() {
    let versions = CheckId("tls/versions");
    for (outcome, expected) in [
        (hiding(), Some(versions)),
        (failure(), Some(versions)),
        (warning(), None),
        (Outcome::Pass(Evidence::none()), None),
    ] {
        let mut judged: Vec<(&dyn Check, Judgement)> = vec![
            (&tls::Versions, vec![(at("a"), outcome)]),
            (&certificate::Path, vec![(at("a"), Outcome::unanswered("no chain"))]),
        ];
        trace(&mut judged);
        let because = match &judged[1].1[0].1 {
            Outcome::NotObserved(Unobserved::Because { check, .. }) => Some(*check),
            _ => None,
        };
        assert_eq!(because, expected);
    }
}

#[test]
fn a_check_says_why_of_the_targets_that_decided() {
    let (one, other) = (recording(Vantage::Console, TrustServiceMode::Cloud), Policy::default());
    let recordings = [one];
    let case = Case::new(&recordings, &other, NOW).unwrap();
    let told = |outcomes: Vec<Outcome>| {
        let judgement = outcomes.into_iter().map(|outcome| (at("a"), outcome)).collect();
        let told = super::report(&case, &tls::Versions, judgement);
        (told.outcome, told.reason, told.because, told.command)
    };
    let skipped = || Outcome::Skipped("not here".into());
    let because = |check| Outcome::NotObserved(Unobserved::Because { check, reason: "no way".into() });
    let (pass, network) = (|| Outcome::Pass(Evidence::none()), CheckId("network/reachable"));
    let by_itself = Outcome::unanswered("no answer");
    let (first, second) = (Some("no answer".to_owned()), Some("no way".to_owned()));
    let skip = Some("not here".to_owned());
    for (outcomes, expected) in [
        (vec![], (State::Skipped, None, None, None)),
        (vec![skipped()], (State::Skipped, skip, None, None)),
        (vec![skipped(), pass()], (State::Pass, None, None, None)),
        (vec![skipped(), by_itself.clone()], (State::NotObserved, first.clone(), None, None)),
        (vec![by_itself, because(network)], (State::NotObserved, first, Some(network), None)),
        (vec![pass(), because(network)], (State::NotObserved, second, Some(network), None)),
        (vec![because(network), failure()], (State::Fail, None, None, None)),
        (
            vec![failure(), elsewhere(Vantage::Device)],
            (State::Fail, None, None, Some("pinflight check --from device".to_owned())),
        ),
    ] {
        assert_eq!(told(outcomes.clone()), expected, "{outcomes:?}");
    }
}

#[test]
fn an_accepted_finding_is_of_one_check_and_of_a_service_an_address_or_a_host() {
    let recordings = [recording(Vantage::Console, TrustServiceMode::Cloud)];
    let endpoint = Endpoint::new("ds.example.com", 443);
    let (service, address) = (Target::Endpoint(endpoint.clone()), Target::At(endpoint, ([10, 0, 0, 1], 443).into()));
    let (name, file) = (Target::Name("ds.example.com".into(), "system".into()), Target::File("a.pem".into()));
    for (wanted, fits) in [
        (None, [true; 4]),
        (Some("ds.example.com"), [true, true, true, false]),
        (Some("ds.example.com:443"), [true, true, false, false]),
        (Some("ds.example.com:443@10.0.0.1"), [false, true, false, false]),
        (Some("ds.example.com:443@10.0.0.2"), [false; 4]),
        (Some("example.com"), [false; 4]),
        (Some("a.pem"), [false, false, false, true]),
    ] {
        for check in ["tls/versions", "tls/interception"] {
            let target = wanted.map(str::to_owned);
            let accept = Accept { check: check.into(), target, until: None, reason: "ticket 4711".into() };
            let policy = Policy { accept: vec![accept], ..Policy::default() };
            let case = Case::new(&recordings, &policy, NOW).unwrap();
            let is_of_it = check == "tls/versions";
            for (target, fits) in [&service, &address, &name, &file].into_iter().zip(fits) {
                let accepted = accepted(&case, CheckId("tls/versions"), target);
                assert_eq!(accepted.is_some(), fits && is_of_it, "{check} {wanted:?} {target}");
            }
        }
    }
}

#[test]
fn a_severity_changes_what_is_wrong_and_nothing_else() {
    let recordings = [recording(Vantage::Console, TrustServiceMode::Cloud)];
    let severity_of = [("tls/versions".to_owned(), Severity::Fail), ("network/clock".to_owned(), Severity::Warn)];
    let policy = Policy { severity: severity_of.into(), ..Policy::default() };
    let case = Case::new(&recordings, &policy, NOW).unwrap();
    for (check, expected) in [
        ("tls/versions", [State::Fail, State::Fail]),
        ("network/clock", [State::Warn, State::Warn]),
        ("tls/interception", [State::Warn, State::Fail]),
    ] {
        assert_eq!([State::Warn, State::Fail].map(|state| severity(&case, CheckId(check), state)), expected);
        for state in [State::Skipped, State::Pass, State::NotObserved] {
            assert_eq!(severity(&case, CheckId(check), state), state);
        }
    }
}

#[test]
fn the_verdict_follows_from_what_was_judged() {
    use Verdict::{Incomplete, NotReady, Ready, SelectedFail, SelectedIncomplete, SelectedPass};
    let pass = || Outcome::Pass(Evidence::none());
    let by_hand = || Outcome::NotObserved(Unobserved::ByHand { reason: "look there".into() });
    let because =
        || Outcome::NotObserved(Unobserved::Because { check: CheckId("network/reachable"), reason: "no way".into() });
    let skipped = || Outcome::Skipped("not here".into());
    let (deployment, vantage) = (Scope::Deployment, Scope::Vantage);
    for (outcomes, scope, unasked, expected) in [
        (vec![pass()], deployment, false, [Ready, SelectedPass]),
        (vec![pass(), warning(), skipped()], deployment, false, [Ready, SelectedPass]),
        (vec![warning()], deployment, false, [Ready, SelectedPass]),
        (vec![pass(), failure()], deployment, false, [NotReady, SelectedFail]),
        (vec![failure(), Outcome::unanswered("no answer")], deployment, false, [NotReady, SelectedFail]),
        // Cut short, whatever was seen until then.
        (vec![pass()], deployment, true, [Incomplete, SelectedIncomplete]),
        (vec![pass()], vantage, true, [Incomplete, SelectedIncomplete]),
        (vec![pass(), failure()], deployment, true, [NotReady, SelectedFail]),
        // Nothing applies.
        (vec![skipped()], deployment, false, [Incomplete, SelectedIncomplete]),
        (vec![], deployment, false, [Incomplete, SelectedIncomplete]),
        (vec![pass(), Outcome::unanswered("no answer")], deployment, false, [Incomplete, SelectedIncomplete]),
        (vec![pass(), Outcome::unanswered("no answer")], vantage, false, [Incomplete, SelectedIncomplete]),
        (vec![pass(), because()], vantage, false, [Incomplete, SelectedIncomplete]),
        // What another vantage or a person must say is not this vantage's to see.
        (vec![pass(), elsewhere(Vantage::Device)], deployment, false, [Incomplete, SelectedIncomplete]),
        (vec![pass(), elsewhere(Vantage::Device)], vantage, false, [Ready, SelectedPass]),
        (vec![pass(), by_hand()], deployment, false, [Incomplete, SelectedIncomplete]),
        (vec![pass(), by_hand()], vantage, false, [Ready, SelectedPass]),
    ] {
        let mut recording = recording(Vantage::Console, TrustServiceMode::Cloud);
        recording.unasked = if unasked { vec!["the rest".into()] } else { vec![] };
        let recordings = [recording];
        let policy = Policy { scope, ..Policy::default() };
        let case = Case::new(&recordings, &policy, NOW).unwrap();
        // Each of another check.
        let judged: Vec<(&dyn Check, Judgement)> =
            CHECKS.iter().copied().zip(outcomes.into_iter().map(|outcome| vec![(at("a"), outcome)])).collect();
        let unseen = is_unseen(&case, &judged);
        let checks: Vec<CheckReport> =
            judged.into_iter().map(|(check, judgement)| super::report(&case, check, judgement)).collect();
        let whole = super::scope(&case);
        let told = [whole, ReportScope::Selected].map(|scope| verdict(&checks, scope, unseen));
        assert_eq!(told, expected, "{checks:?} {scope:?} {unasked}");
    }
}

#[test]
fn the_headline_says_the_verdict_and_from_where_it_was_seen() {
    let recordings = [Vantage::Console, Vantage::Device].map(|vantage| recording(vantage, TrustServiceMode::Cloud));
    let policy = Policy::default();
    let case = Case::new(&recordings, &policy, NOW).unwrap();
    for (verdict, expected) in [
        (Verdict::Ready, "READY"),
        (Verdict::NotReady, "NOT READY"),
        (Verdict::Incomplete, "INCOMPLETE"),
        (Verdict::SelectedPass, "SELECTED CHECKS PASS"),
        (Verdict::SelectedFail, "SELECTED CHECKS FAIL"),
        (Verdict::SelectedIncomplete, "SELECTED CHECKS INCOMPLETE"),
    ] {
        assert_eq!(headline(&case, verdict, ReportScope::Deployment), expected);
        assert_eq!(headline(&case, verdict, ReportScope::Selected), expected);
        let seen = headline(&case, verdict, ReportScope::Vantage);
        assert_eq!(seen, format!("{expected} as seen from console, device"));
    }
}

#[test]
fn what_was_not_seen_is_counted_and_told_by_vantage_with_each_check_once() {
    let two = vec![(at("a"), elsewhere(Vantage::Device)), (at("b"), elsewhere(Vantage::Device))];
    let judged: Vec<(&dyn Check, Judgement)> = vec![
        (&tls::Versions, two),
        (&tls::Interception, vec![(at("a"), elsewhere(Vantage::Discovery)), (at("a"), elsewhere(Vantage::Device))]),
        (&certificate::Path, vec![(at("a"), Outcome::unanswered("no chain"))]),
    ];
    let told = next_commands(&judged).into_iter().map(|next| (next.vantage, next.command, next.checks));
    let (versions, interception) = (CheckId("tls/versions"), CheckId("tls/interception"));
    let command = |vantage| format!("pinflight check --from {vantage}");
    let device = (Vantage::Device, command(Vantage::Device), vec![versions, interception]);
    let discovery = (Vantage::Discovery, command(Vantage::Discovery), vec![interception]);
    assert_eq!(told.collect::<Vec<_>>(), [device, discovery]);
}

#[test]
fn checks_are_counted_by_outcome() {
    let recordings = [recording(Vantage::Console, TrustServiceMode::Cloud)];
    let policy = Policy::default();
    let case = Case::new(&recordings, &policy, NOW).unwrap();
    let outcomes = [
        (Outcome::Pass(Evidence::none()), 1),
        (warning(), 2),
        (failure(), 3),
        (Outcome::Skipped("not here".into()), 4),
        (Outcome::unanswered("no answer"), 5),
    ];
    let of = |outcome: &Outcome| super::report(&case, &tls::Versions, vec![(at("a"), outcome.clone())]);
    let checks: Vec<CheckReport> =
        outcomes.iter().flat_map(|(outcome, times)| std::iter::repeat_n(of(outcome), *times)).collect();
    let Counts { pass, warn, fail, skipped, not_observed } = counts(&checks);
    assert_eq!([pass, warn, fail, skipped, not_observed], [1, 2, 3, 4, 5]);
}

#[test]
fn a_run_has_as_many_questions_as_were_asked_and_took_as_long_as_the_longest() {
    let mut first = recording(Vantage::Console, TrustServiceMode::Cloud);
    let fact = || refused(Role::DeviceServices, "ds.example.com", 443, [10, 0, 0, 1]);
    let mut asked_below = fact();
    asked_below.legacy = Some(Legacy::default());
    first.names = without_network().names;
    first.connections = vec![asked_below, fact(), fact()];
    first.under_other_name = vec![fact(); 5];
    first.tls12 = vec![Tls12Fact { connection: fact(), chosen: None }; 7];
    first.answers = vec![registry("{}"); 11];
    let mut second = recording(Vantage::Device, TrustServiceMode::Cloud);
    (second.took, second.unasked) = (Duration::from_millis(1500), vec!["the rest".into()]);
    let recordings = [first, second];
    let policy = Policy::default();
    let Run { questions, took_ms, unasked, replayed } = run(&Case::new(&recordings, &policy, NOW).unwrap());
    // Two look-ups, fifteen handshakes, one of which was asked again below rustls, and eleven GETs.
    assert_eq!(questions, 2 + (3 + 5 + 7) + 1 + 11);
    assert_eq!((took_ms, unasked, replayed), (1500, vec!["the rest".to_owned()], false));
}
