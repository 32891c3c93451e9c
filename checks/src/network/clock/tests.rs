//! Whose clock is wrong, by how much, and what follows for certificates.

use std::time::Duration;

use super::*;
use crate::{
    certificate::Expiry,
    deployment::{Endpoint, Policy},
    outcome::{State, Unobserved},
    recording::{HttpFact, HttpFailure, Request},
    testing::{NOW, recording, registry},
    time::Timestamp,
    x509::forge::{Made, Supplied, day, leaf, presents, root},
};

/// An answer of this host, two seconds after the run began, whose Date is `ahead` of the local clock.
fn says(host: &str, last: u8, ahead: i64) -> HttpFact {
    let mut fact = registry("{}");
    fact.request = Request::TrustServiceSettings;
    fact.endpoint = Endpoint::new(host, 443);
    fact.address = Some(([10, 0, 0, last], 443).into());
    fact.ended_after = Some(Duration::from_secs(2));
    if let Ok(answer) = &mut fact.outcome {
        answer.date = Some(Timestamp(NOW.0 + 2 + ahead));
    }
    fact
}

fn with_header(mut fact: HttpFact, name: &str, value: &str) -> HttpFact {
    if let Ok(answer) = &mut fact.outcome {
        answer.headers.push((name.into(), value.into()));
    }
    fact
}

fn asked(answers: Vec<HttpFact>) -> Recording {
    let mut recording = recording(Vantage::Console, TrustServiceMode::OnPremises);
    recording.answers = answers;
    recording
}

fn judged(check: &dyn Check, recordings: &[Recording], now: Timestamp) -> Judgement {
    let policy = Policy::default();
    check.judge(&Case::new(recordings, &policy, now).unwrap())
}

/// Target, state and kind of cause.
fn told(answers: Vec<HttpFact>) -> Vec<(String, State, &'static str)> {
    let judgement = judged(&Clock, &[asked(answers)], NOW);
    let kind = |outcome: &Outcome| match outcome {
        Outcome::Warn(finding) | Outcome::Fail(finding) => finding.cause.kind(),
        _ => "",
    };
    judgement.iter().map(|(target, outcome)| (target.to_string(), outcome.state(), kind(outcome))).collect()
}

const HERE: &str = "the clock at console";

fn one(target: &str, state: State, kind: &'static str) -> Vec<(String, State, &'static str)> {
    vec![(target.to_owned(), state, kind)]
}

#[test]
fn five_minutes_are_tolerated_and_no_second_more() {
    for ahead in [0, 300, -300] {
        let answers = vec![says("a", 1, ahead), says("b", 2, ahead)];
        assert_eq!(told(answers), one(HERE, State::Pass, ""), "{ahead}");
    }
    for ahead in [301, -301, 86_400 * 4_000] {
        let answers = vec![says("a", 1, ahead), says("b", 2, ahead)];
        assert_eq!(told(answers), one(HERE, State::Warn, "local-clock-wrong"), "{ahead}");
    }
}

#[test]
fn the_local_clock_is_wrong_only_if_more_services_agree_against_it_than_with_it() {
    // Two against two, this machine among them.
    let tie = vec![says("a", 1, 600), says("b", 2, 600), says("c", 3, 0)];
    let peers = |count: usize| {
        let hosts = ["a:443@10.0.0.1", "b:443@10.0.0.2"].into_iter().take(count);
        hosts.map(|host| (host.to_owned(), State::Warn, "peer-clock-wrong")).collect::<Vec<_>>()
    };
    assert_eq!(told(tie), peers(2));
    let three = vec![says("a", 1, 600), says("b", 2, 600), says("c", 3, 600), says("d", 4, 0)];
    assert_eq!(told(three), one(HERE, State::Warn, "local-clock-wrong"));
    assert_eq!(told(vec![says("a", 1, 600), says("c", 3, 0)]), peers(1));
    // Ten addresses of one service are one voice.
    let many = (1..=10).map(|last| says("a", last, 600)).chain([says("c", 11, 0)]).collect();
    assert!(told(many).iter().all(|(_, _, kind)| *kind == "peer-clock-wrong"));
    // A service of which one address differs still agrees.
    let some = vec![says("a", 1, 600), says("a", 2, 0), says("a", 3, 0)];
    assert_eq!(told(some), peers(1));
}

#[test]
fn without_a_third_clock_nobody_is_accused() {
    let differs = |host: &str| (host.to_owned(), State::Warn, "clocks-differ");
    assert_eq!(told(vec![says("a", 1, 600)]), vec![differs("a:443@10.0.0.1")]);
    let three_times = vec![says("a", 1, 600), says("b", 2, -600)];
    assert_eq!(told(three_times), vec![differs("a:443@10.0.0.1"), differs("b:443@10.0.0.2")]);
}

#[test]
fn what_a_cache_kept_is_as_old_as_it_says() {
    let day_old = |age: &str| with_header(says("a", 1, -86_400), "age", age);
    assert_eq!(told(vec![day_old("86400")]), one(HERE, State::Pass, ""));
    assert_eq!(told(vec![day_old("86099")])[0].2, "clocks-differ");
    assert_eq!(told(vec![day_old("99999999999999999999")])[0].2, "clocks-differ");
    for age in ["", "-1", "1.5", "yes"] {
        assert_eq!(told(vec![day_old(age)]), one(HERE, State::Skipped, ""), "{age}");
    }
}

#[test]
fn no_date_is_no_fault_and_no_answer_is_not_observed() {
    let mut dateless = says("a", 1, 0);
    dateless.outcome.as_mut().unwrap().date = None;
    assert_eq!(told(vec![dateless.clone()]), one(HERE, State::Skipped, ""));
    let mut silent = dateless;
    silent.outcome = Err(HttpFailure::Closed);
    assert_eq!(told(vec![silent]), one(HERE, State::NotObserved, ""));
    assert_eq!(told(vec![]), one(HERE, State::NotObserved, ""));
    // From outside, in cloud mode, there is no GET to ask.
    let outside = recording(Vantage::Discovery, TrustServiceMode::Cloud);
    assert_eq!(judged(&Clock, &[outside], NOW)[0].1.state(), State::Skipped);
}

#[test]
fn an_older_recording_accuses_nobody_of_the_time_that_it_took() {
    let at = |ahead: i64| {
        let mut fact = says("a", 1, ahead - 2);
        fact.ended_after = None;
        let mut recording = asked(vec![fact]);
        recording.took = Duration::from_secs(100);
        judged(&Clock, &[recording], NOW)[0].1.state()
    };
    assert_eq!(
        [at(-301), at(-300), at(0), at(400), at(401)].map(|state| state == State::Pass),
        [false, true, true, true, false]
    );
}

#[test]
fn each_machine_has_its_own_clock_and_the_day_judged_for_is_nothing_to_it() {
    let mut right = asked(vec![says("a", 1, 0)]);
    right.vantage = Vantage::Device;
    let wrong = asked(vec![says("a", 1, 600), says("b", 2, 600)]);
    let judgement = judged(&Clock, &[right, wrong], Timestamp(0));
    let states: Vec<_> = judgement.iter().map(|(target, outcome)| (target.to_string(), outcome.state())).collect();
    assert_eq!(states, [("the clock at device".to_owned(), State::Pass), (HERE.to_owned(), State::Warn)]);
}

/// A server whose certificate ended a day ago by the local clock, and peers that are `ahead`.
fn expired(ahead: i64, peers: &[&str]) -> Recording {
    let root: Made = root("root");
    let mut params = leaf();
    params.not_after = day(-1);
    let leaf = root.issue(params);
    let mut recording = presents(&[&leaf], &Supplied { ca_files: &[&root], ..Supplied::default() });
    recording.answers = peers.iter().zip(1..).map(|(host, last)| says(host, last, ahead)).collect();
    recording
}

const TWO_DAYS: i64 = 2 * 86_400;

#[test]
fn a_certificate_in_time_by_one_clock_only_fails_the_clock_and_not_the_certificate() {
    let recording = [expired(-TWO_DAYS, &["a", "b"])];
    let judgement = judged(&Clock, &recording, NOW);
    let Outcome::Fail(finding) = &judgement[0].1 else { panic!("{judgement:?}") };
    let Cause::LocalClockWrong { ahead, services, certificates, .. } = &finding.cause else { panic!("{finding:?}") };
    assert_eq!((*ahead, services.len(), certificates.len()), (-TWO_DAYS, 2, 1));
    let expiry = judged(&Expiry, &recording, NOW);
    assert!(matches!(expiry[0].1, Outcome::NotObserved(Unobserved::Unanswered { .. })), "{expiry:?}");
    // For a day that somebody names, the local clock does not matter.
    assert_eq!(judged(&Expiry, &recording, day_of(1))[0].1.state(), State::Fail);
}

fn day_of(days: i64) -> Timestamp {
    Timestamp(NOW.0 + days * 86_400)
}

#[test]
fn a_certificate_out_of_time_by_both_clocks_has_expired() {
    let recording = [expired(-43_200, &["a", "b"])];
    assert_eq!(judged(&Clock, &recording, NOW)[0].1.state(), State::Warn);
    assert_eq!(judged(&Expiry, &recording, NOW)[0].1.state(), State::Fail);
}

#[test]
fn where_nobody_knows_the_time_nobody_judges_the_certificate() {
    let recording = [expired(-TWO_DAYS, &["a"])];
    assert_eq!(judged(&Clock, &recording, NOW)[0].1.state(), State::Warn);
    assert_eq!(judged(&Expiry, &recording, NOW)[0].1.state(), State::NotObserved);
    // Another machine with the same clock, which others confirm.
    let confirmed = asked(vec![says("c", 1, 0)]);
    let both = [recording[0].clone(), confirmed];
    assert_eq!(judged(&Expiry, &both, NOW)[0].1.state(), State::Fail);
    // Its peer is wrong, and another agrees with it.
    let mut third = expired(-TWO_DAYS, &["a"]);
    third.answers.push(says("c", 9, 0));
    assert_eq!(judged(&Expiry, &[third], NOW)[0].1.state(), State::Fail);
}
