use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::Arc,
};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    deployment::{Accept, Role},
    recording::{FileUse, Recording},
    testing::{NOW, name, refused, registry, without_network},
    x509::{
        self,
        forge::{HOST, Supplied, day, leaf, presents, root},
    },
};

const ALL: [Standing; 6] =
    [Standing::Skipped, Standing::Pass, Standing::Accepted, Standing::Warn, Standing::NotObserved, Standing::Fail];

/// A check: its id, its targets with what is said of each.
type Said<'a> = (&'a str, Vec<(&'a str, Standing)>);

/// A report as `-o json` writes it, as far as it is read.
fn report(checks: &[Said<'_>]) -> Value {
    let mut counts: BTreeMap<&str, usize> =
        ["pass", "warn", "fail", "skipped", "not-observed"].into_iter().map(|state| (state, 0)).collect();
    let mut told = Vec::new();
    for (id, targets) in checks {
        let state = |standing| match standing {
            Standing::Skipped => State::Skipped,
            Standing::Pass | Standing::Accepted => State::Pass,
            Standing::Warn => State::Warn,
            Standing::NotObserved => State::NotObserved,
            Standing::Fail => State::Fail,
        };
        let wrong =
            targets.iter().filter(|(_, said)| matches!(said, Standing::Fail | Standing::Warn | Standing::Accepted));
        let findings: Vec<Value> = wrong
            .map(|(target, said)| {
                let accepted = (*said == Standing::Accepted).then_some("ticket 4711");
                json!({"target": target, "cause": {"kind": "tcp-failed"}, "message": "TCP fails", "accepted": accepted})
            })
            .collect();
        let outcome = targets.iter().map(|(_, said)| state(*said)).max().unwrap_or(State::Skipped);
        *counts.get_mut(outcome.id()).unwrap() += 1;
        let targets: Vec<Value> = targets
            .iter()
            .map(|(target, said)| {
                json!({"target": target, "outcome": state(*said), "reason": null, "because": null, "evidence": []})
            })
            .collect();
        told.push(json!({
            "id": id, "title": "It is so", "outcome": outcome, "reason": null, "because": null,
            "targets": targets, "findings": findings,
        }));
    }
    let failed = counts["fail"] > 0;
    json!({
        "schema": "pinflight.report/1", "verdict": if failed { "not-ready" } else { "incomplete" },
        "scope": "deployment", "headline": "X", "vantages": ["console"], "taken_at": NOW, "judged_at": NOW,
        "version": "0.1.0", "subject": "https://ds.example.com", "counts": counts,
        "pin_matrix": {"sources": [], "rows": []}, "chains": [], "journey": null, "checks": told,
        "run": {"unasked": []},
    })
}

fn side(report: &Value) -> Side {
    Side::of_report("x.json", report.to_string().as_bytes()).unwrap()
}

fn compared(old: &[Said<'_>], new: &[Said<'_>]) -> Difference {
    compare(&side(&report(old)), &side(&report(new))).unwrap()
}

#[test]
fn every_transition_of_an_outcome_has_its_word_and_its_way() {
    let mut table = String::new();
    for was in ALL {
        for is in ALL {
            let id = |standing: Standing| serde_json::to_string(&standing).unwrap().replace('"', "");
            let words = match outcomes::change(was, is) {
                None => "=".to_owned(),
                Some((change, effect)) => format!("{} {}", json!(effect), json!(change)).replace('"', ""),
            };
            writeln!(table, "{} {}: {words}", id(was), id(is)).unwrap();
        }
    }
    let expected = "\
skipped skipped: =
skipped pass: neither now-applies
skipped accepted: neither now-applies
skipped warn: worse now-applies
skipped not-observed: worse now-applies
skipped fail: worse now-applies
pass skipped: neither no-longer-applies
pass pass: =
pass accepted: neither now-accepted
pass warn: worse broken
pass not-observed: worse no-longer-seen
pass fail: worse broken
accepted skipped: neither no-longer-applies
accepted pass: better mended
accepted accepted: =
accepted warn: worse no-longer-accepted
accepted not-observed: neither no-longer-seen
accepted fail: worse no-longer-accepted
warn skipped: neither no-longer-applies
warn pass: better mended
warn accepted: neither now-accepted
warn warn: =
warn not-observed: worse no-longer-seen
warn fail: worse broken
not-observed skipped: neither no-longer-applies
not-observed pass: better now-seen
not-observed accepted: neither now-seen
not-observed warn: better now-seen
not-observed not-observed: =
not-observed fail: worse now-seen
fail skipped: neither no-longer-applies
fail pass: better mended
fail accepted: neither now-accepted
fail warn: better mended
fail not-observed: neither no-longer-seen
fail fail: =
";
    assert_eq!(table, expected);
}

#[test]
fn one_target_mended_and_another_broken_is_worse_and_both_are_told() {
    use Standing::{Fail, Pass};
    let (a, b) = ("ds:443@10.0.0.1", "ds:443@10.0.0.2");
    let difference = compared(
        &[("network/reachable", vec![(a, Fail), (b, Pass)])],
        &[("network/reachable", vec![(a, Pass), (b, Fail)])],
    );
    let check = &difference.checks[0];
    assert_eq!((difference.outcome, check.effect, check.change), (Answer::Worse, Effect::Worse, None));
    let told: Vec<(&str, Change)> = check.targets.iter().map(|t| (t.target.as_str(), t.change)).collect();
    assert_eq!(told, [(a, Change::Mended), (b, Change::Broken)]);
    assert_eq!(check.targets[0].was.as_ref().unwrap().findings[0].cause, "tcp-failed");
}

#[test]
fn what_is_not_asked_any_more_is_not_mended() {
    use Standing::{Accepted, Fail, NotObserved, Pass, Warn};
    let (a, b) = ("ds:443@10.0.0.1", "ds:443@10.0.0.2");
    for (old, new, answer, change) in [
        (vec![(a, Pass), (b, Accepted)], vec![(a, Pass)], Answer::NothingWorse, Some(Change::Gone)),
        (vec![(a, Pass), (b, NotObserved)], vec![(a, Pass)], Answer::NothingWorse, Some(Change::Gone)),
        (vec![(a, Pass), (b, Fail)], vec![(a, Pass)], Answer::NothingWorse, Some(Change::Gone)),
        (vec![(a, Pass), (b, Warn)], vec![(a, Pass)], Answer::NothingWorse, Some(Change::Gone)),
        (vec![(a, Pass), (b, Fail)], vec![(a, Pass), (b, Pass)], Answer::NothingWorse, Some(Change::Mended)),
        (vec![(a, Pass)], vec![(a, Pass), (b, Fail)], Answer::Worse, Some(Change::Broken)),
        (vec![(a, Fail)], vec![(a, Fail), (b, Fail)], Answer::Worse, None),
        (vec![(a, Fail)], vec![(a, Fail), (b, NotObserved)], Answer::NothingWorse, None),
        (vec![(a, Pass)], vec![(b, Pass)], Answer::NothingDifferent, None),
        // A service as a whole, before its addresses were known.
        (vec![("ds:443", Fail)], vec![(a, Pass), (b, Pass)], Answer::NothingWorse, Some(Change::Mended)),
        (vec![("ds:443", Fail)], vec![(a, Pass), (b, Fail)], Answer::NothingWorse, None),
        (vec![(a, Pass)], vec![("ds:443", NotObserved)], Answer::Worse, Some(Change::NoLongerSeen)),
        // The same service on another port.
        (vec![(a, Fail)], vec![("ds:8443@10.0.0.1", Pass)], Answer::NothingWorse, Some(Change::Mended)),
    ] {
        let difference = compared(&[("network/reachable", old.clone())], &[("network/reachable", new.clone())]);
        let found = difference.checks.first().and_then(|check| check.change);
        assert_eq!((difference.outcome, found), (answer, change), "{old:?} {new:?}");
    }
}

#[test]
fn a_place_that_a_check_names_only_when_it_is_wrong_is_mended_while_others_still_see_it() {
    use Standing::{Fail, NotObserved, Pass};
    let (place, clock) = ("ds:443", "the clock at console");
    for (elsewhere, change, back) in [
        (Pass, Change::Mended, Change::Broken),
        (Fail, Change::Mended, Change::Broken),
        (NotObserved, Change::Gone, Change::New),
    ] {
        let wrong = [("network/clock", vec![(place, Fail)]), ("network/reachable", vec![(place, elsewhere)])];
        let right = [("network/clock", vec![(clock, Pass)]), ("network/reachable", vec![(place, elsewhere)])];
        let target = |difference: &Difference| difference.checks[0].targets[0].change;
        // That it was wrong says that it was seen.
        assert_eq!(target(&compared(&wrong, &right)), change, "{elsewhere:?}");
        assert_eq!(target(&compared(&right, &wrong)), back, "{elsewhere:?}");
    }
}

#[test]
fn the_same_outcome_for_another_reason_is_told_and_is_neither() {
    let check: Said<'_> = ("network/reachable", vec![("ds:443", Standing::Fail)]);
    let mut other = report(std::slice::from_ref(&check));
    other["checks"][0]["findings"][0]["cause"]["kind"] = "tls-failed".into();
    let difference = compare(&side(&report(&[check])), &side(&other)).unwrap();
    let target = &difference.checks[0].targets[0];
    assert_eq!((difference.outcome, target.change), (Answer::NothingWorse, Change::OtherCause));
    assert_eq!(target.was.as_ref().unwrap().findings[0].cause, "tcp-failed");
    assert_eq!(target.is.as_ref().unwrap().findings[0].cause, "tls-failed");
}

#[test]
fn checks_that_one_side_does_not_know_or_did_not_select_are_told_and_not_counted() {
    use Standing::{Fail, Pass, Skipped};
    let unselected = |mut report: Value, at: usize| {
        report["checks"][at]["reason"] = "not selected".into();
        report
    };
    let whole = report(&[("a/a", vec![("x", Fail)]), ("a/b", vec![("x", Pass)]), ("a/c", vec![("x", Pass)])]);
    let some = report(&[("a/b", vec![("x", Skipped)]), ("a/a", vec![("x", Skipped)]), ("a/d", vec![("x", Fail)])]);
    let some = unselected(unselected(some, 0), 1);
    for (old, new, one, other) in [(&whole, &some, Which::Old, Which::New), (&some, &whole, Which::New, Which::Old)] {
        let difference = compare(&side(old), &side(new)).unwrap();
        assert_eq!((difference.outcome, difference.checks.len()), (Answer::NothingWorse, 0));
        assert_eq!(difference.verdict.effect, None);
        let mut told: Vec<(&str, Which, NotJudged)> =
            difference.not_compared.iter().map(|not| (not.id.as_str(), not.only, not.why)).collect();
        told.sort_unstable_by_key(|(id, ..)| *id);
        let expected = [
            ("a/a", one, NotJudged::NotSelected),
            ("a/b", one, NotJudged::NotSelected),
            ("a/c", one, NotJudged::Unknown),
            ("a/d", other, NotJudged::Unknown),
        ];
        assert_eq!(told, expected);
        let (only_old, only_new) = if one == Which::Old { (2, 0) } else { (0, 2) };
        assert!(difference.apart.contains(&Apart::Selections { only_old, only_new }));
    }
    // Left out on both sides: nothing is to be told.
    let difference = compare(&side(&some), &side(&some)).unwrap();
    assert_eq!(difference.outcome, Answer::NothingDifferent);
}

#[test]
fn verdicts_are_compared_where_they_speak_of_the_same() {
    let with = |verdict: &str, change: &dyn Fn(&mut Value)| {
        let mut made = report(&[("a/a", vec![("x", Standing::Pass)])]);
        made["verdict"] = verdict.into();
        change(&mut made);
        side(&made)
    };
    let same = |_: &mut Value| {};
    let ready = with("ready", &same);
    let effect = |old: &Side, new: &Side| compare(old, new).unwrap().verdict.effect;
    let cut = with("incomplete", &|made| made["run"]["unasked"] = json!(["TLS to ds.example.com:443"]));
    assert_eq!(effect(&ready, &cut), Some(Effect::Worse));
    assert_eq!(effect(&cut, &ready), Some(Effect::Better));
    assert_eq!(compare(&ready, &cut).unwrap().outcome, Answer::Worse);
    assert_eq!(effect(&ready, &ready), Some(Effect::Neither));
    let vantage = with("incomplete", &|made| made["scope"] = "vantage".into());
    assert_eq!(effect(&ready, &vantage), None);
    let elsewhere = with("incomplete", &|made| made["vantages"] = json!(["device"]));
    assert_eq!(effect(&ready, &elsewhere), None);
    let apart = compare(&ready, &elsewhere).unwrap().apart;
    let (only_old, only_new) = (vec![Vantage::Console], vec![Vantage::Device]);
    assert_eq!(apart[0], Apart::Vantages { only_old, only_new });
}

#[test]
fn other_deployments_are_not_compared() {
    let mut other = report(&[("a/a", vec![("x", Standing::Pass)])]);
    let one = side(&other);
    other["subject"] = "https://ds.example.org".into();
    let told = compare(&one, &side(&other)).unwrap_err().to_string();
    assert!(told.contains("https://ds.example.com and https://ds.example.org"), "{told}");
    // Another port is the same deployment, and is told.
    other["subject"] = "https://ds.example.com:8443".into();
    let difference = compare(&one, &side(&other)).unwrap();
    assert_eq!((difference.outcome, difference.facts[0].what), (Answer::NothingWorse, What::Url));
}

#[test]
fn a_report_whose_parts_contradict_each_other_is_refused() {
    let sound = report(&[("a/a", vec![("x", Standing::Pass)]), ("a/b", vec![("x", Standing::Fail)])]);
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut changed = sound.clone();
        change(&mut changed);
        Side::of_report("x.json", changed.to_string().as_bytes()).map(|_| ()).unwrap_err().to_string()
    };
    for (change, told) in [
        (&(|r: &mut Value| r["checks"][1]["outcome"] = "pass".into()) as &dyn Fn(&mut Value), "a/b says pass"),
        (&|r| r["counts"]["fail"] = 0.into(), "counts"),
        (&|r| r["verdict"] = "ready".into(), "verdict"),
        (&|r| r["checks"][1]["id"] = "a/a".into(), "a/a stands twice"),
        (&|r| r["checks"] = json!([]), "no check"),
        (&|r| r["checks"][0]["outcome"] = "splendid".into(), "splendid"),
        (&|r| r["schema"] = "pinflight.report/2".into(), "pinflight.report/2"),
        (&|r| r["taken_at"] = "yesterday".into(), "yesterday"),
    ] {
        let message = refused(change);
        assert!(message.contains(told), "{told}: {message}");
    }
    let text = sound.to_string();
    for end in [0, 1, text.len() / 3, text.len() - 1] {
        assert!(Side::of_report("x.json", &text.as_bytes()[..end]).is_err(), "{end}");
    }
}

fn between(old: &Recording, new: &Recording) -> Difference {
    let side = |recording| Side::of_recording("x.json", recording).unwrap();
    compare(&side(old), &side(new)).unwrap()
}

fn change_of<'a>(difference: &'a Difference, id: &str) -> &'a CheckChange {
    difference.checks.iter().find(|check| check.id == id).unwrap()
}

#[test]
fn recordings_tell_addresses_configuration_and_policy_too() {
    let old = without_network();
    let mut new = old.clone();
    new.names[1] = name("ds.example.com", Role::DeviceServices, Ok([10, 0, 0, 2]));
    new.connections = vec![refused(Role::DeviceServices, "ds.example.com", 443, [10, 0, 0, 2])];
    new.deployment.network.dns_servers = vec!["10.1.0.53".parse().unwrap()];
    new.policy.warning_days = 60;
    new.deployment.command = "pinflight check --config other.toml".into();
    let difference = between(&old, &new);
    let first = |values: &Option<Vec<String>>| values.as_ref().and_then(|values| values.first()).cloned();
    let told: Vec<(What, String, Option<String>, Option<String>)> =
        difference.facts.iter().map(|f| (f.what, f.at[0].clone(), first(&f.was), first(&f.is))).collect();
    let name = "ds.example.com (the operating system)";
    let expected = [
        (What::Addresses, name, Some("10.0.0.1"), Some("10.0.0.2")),
        (What::Deployment, "network.dns_servers", None, Some("address 10.1.0.53:53, transport udp")),
        (What::Policy, "warning_days", Some("30"), Some("60")),
    ];
    let text = |text: Option<&str>| text.map(str::to_owned);
    assert_eq!(told, expected.map(|(what, at, was, is)| (what, at.to_owned(), text(was), text(is))));
    // The one that was refused is not asked any more, and the new one is refused too.
    assert_eq!(change_of(&difference, "network/reachable").effect, Effect::Worse);
}

#[test]
fn what_the_configuration_accepts_is_not_mended() {
    let old = without_network();
    let mut new = old.clone();
    new.policy.accept =
        vec![Accept { check: "network/reachable".into(), target: None, until: None, reason: "ticket 4711".into() }];
    let difference = between(&old, &new);
    let check = change_of(&difference, "network/reachable");
    assert_eq!((check.change, check.is.outcome), (Some(Change::NowAccepted), Standing::Accepted));
    assert_eq!((difference.counts.worse, check.effect), (0, Effect::Neither));
    let back = between(&new, &old);
    let check = change_of(&back, "network/reachable");
    assert_eq!((back.outcome, check.change), (Answer::Worse, Some(Change::NoLongerAccepted)));
}

#[test]
fn what_broke_and_what_it_hides_are_both_worse_and_the_hidden_names_its_cause() {
    let broken = without_network();
    let mut sound = broken.clone();
    sound.names[0] = name("discovery.awmdm.com", Role::Discovery, Ok([192, 0, 2, 1]));
    sound.connections.push(refused(Role::Discovery, "discovery.awmdm.com", 443, [192, 0, 2, 1]));
    let difference = between(&sound, &broken);
    let row = change_of(&difference, "firewall/console-to-discovery");
    // It was wrong, and is hidden now: not mended.
    assert_eq!((row.change, row.effect), (Some(Change::NoLongerSeen), Effect::Neither));
    assert_eq!(row.is.because.as_deref(), Some("dns/discovery-resolves"));
    assert_eq!(change_of(&difference, "dns/discovery-resolves").change, Some(Change::Broken));
    assert_eq!(difference.outcome, Answer::Worse);
}

fn mirrored(change: Change) -> Change {
    match change {
        Change::Mended => Change::Broken,
        Change::Broken => Change::Mended,
        Change::NowSeen => Change::NoLongerSeen,
        Change::NoLongerSeen => Change::NowSeen,
        Change::NowApplies => Change::NoLongerApplies,
        Change::NoLongerApplies => Change::NowApplies,
        Change::Gone => Change::New,
        Change::New => Change::Gone,
        other => other,
    }
}

const IDS: [&str; 4] = ["a/a", "a/b", "b/a", "b/b"];
const TARGETS: [&str; 6] =
    ["ds:443", "ds:443@10.0.0.1", "ds:443@10.0.0.2", "ds:8443@10.0.0.1", "ts:443@10.0.0.1", "a file"];

/// Some of the checks, each with some of the targets.
fn any_report(standings: &'static [Standing]) -> impl Strategy<Value = Vec<Said<'static>>> {
    let targets = proptest::collection::btree_map(0..TARGETS.len(), proptest::sample::select(standings), 1..6);
    let checks = proptest::collection::btree_map(0..IDS.len(), targets, 1..=IDS.len());
    checks.prop_map(|checks| {
        let said = checks.into_iter().map(|(id, targets)| {
            (IDS[id], targets.into_iter().map(|(target, standing)| (TARGETS[target], standing)).collect())
        });
        said.collect()
    })
}

const UNACCEPTED: &[Standing] =
    &[Standing::Skipped, Standing::Pass, Standing::Warn, Standing::NotObserved, Standing::Fail];

/// Target by target; a service as a whole may stand against several of its addresses.
type Turn = (String, Option<Standing>, Option<Standing>, Change, Effect);

fn changes(difference: &Difference) -> Vec<Turn> {
    let outcome = |told: &Option<Told>| told.as_ref().map(|told| told.outcome);
    let all = difference.checks.iter().flat_map(|check| {
        let told = |target: &TargetChange| {
            (check.id.clone(), outcome(&target.was), outcome(&target.is), target.change, target.effect)
        };
        check.targets.iter().map(told).collect::<Vec<_>>()
    });
    all.collect()
}

#[test]
fn what_changed_behind_the_outcomes_is_told_with_what_it_was() {
    let pem = [include_str!("../../../fixtures/keys/ds-1.pem"), include_str!("../../../fixtures/keys/ds-2.pem")];
    let side = |name: &str, pem: &str, days: i64| {
        let authority = root(name);
        let intermediate = authority.intermediate(&format!("{name} below"));
        let mut params = leaf();
        params.distinguished_name.push(rcgen::DnType::CommonName, format!("{name} leaf"));
        (params.not_before, params.not_after) = (day(days - 100), day(days));
        params.serial_number = Some(rcgen::SerialNumber::from(u64::try_from(days).unwrap()));
        let made = intermediate.issue_for(params, &Arc::new(rcgen::KeyPair::from_pem(pem).unwrap()));
        let files = [(FileUse::Uploaded, &made)];
        let supplied = Supplied { ca_files: &[&authority], files: &files, ..Supplied::default() };
        let mut recording = presents(&[&made, &intermediate], &supplied);
        let key = x509::read(&made.der).unwrap().key;
        let pin = key.rsa_public_key_hex.clone().unwrap();
        recording.answers = vec![registry(&format!("{{\"{HOST}\": [\"{pin}\"]}}"))];
        recording.deployment.device_services.certificates = vec!["a file.pem".into()];
        recording.policy.warning_days = u32::try_from(days).unwrap();
        let side = Side::of_recording(&format!("{name}.json"), &recording).unwrap();
        (side, made.id(), intermediate.id(), authority.id(), key.spki_sha256)
    };
    let (old, new) = (side("Old", pem[0], 50), side("New", pem[1], 90));
    let difference = compare(&old.0, &new.0).unwrap();
    let at = format!("{HOST}:443@10.1.0.11");
    let told = |what: What, at: &str| {
        let found = difference.facts.iter().find(|fact| fact.what == what && fact.at.iter().any(|place| place == at));
        let fact = found.unwrap_or_else(|| panic!("{what:?} {:?}", difference.facts));
        (fact.was.clone().unwrap(), fact.is.clone().unwrap())
    };
    let moment = |day: time::OffsetDateTime| crate::time::Timestamp(day.unix_timestamp()).to_string();
    for (what, was, is) in [
        (What::Key, old.4.clone(), new.4.clone()),
        (What::Certificate, old.1.0.clone(), new.1.0.clone()),
        (What::Serial, "32".into(), "5A".into()),
        (What::ValidFrom, moment(day(-50)), moment(day(-10))),
        (What::ValidUntil, moment(day(50)), moment(day(90))),
        (What::Subject, "CN=Old leaf".into(), "CN=New leaf".into()),
        (What::Issuer, "CN=Old below".into(), "CN=New below".into()),
        (What::Intermediates, old.2.0.clone(), new.2.0.clone()),
    ] {
        assert_eq!(told(what, &at), (vec![was], vec![is]), "{what:?}");
    }
    let (was, is) = told(What::PathEnd, &at);
    assert!(was[0].contains("Old") && is[0].contains("New"), "{was:?} {is:?}");
    assert_eq!(told(What::Pins, "cloud-registry"), (vec![old.4], vec![new.4]));
    assert_eq!(told(What::Policy, "warning_days"), (vec!["50".to_owned()], vec!["90".to_owned()]));
    assert_eq!(told(What::File, "a file.pem"), (vec![old.1.0], vec![new.1.0]));
    assert_eq!(told(What::Roots, "supplied"), (vec![old.3.0], vec![new.3.0]));
    let words: BTreeSet<&str> = difference.facts.iter().map(|fact| fact.what.words()).collect();
    let whats: BTreeSet<What> = difference.facts.iter().map(|fact| fact.what).collect();
    assert_eq!(words.len(), whats.len(), "{words:?}");
    assert!(compare(&old.0, &old.0).unwrap().facts.is_empty());
}

proptest! {
    #[test]
    fn a_run_is_no_different_from_itself(checks in any_report(&ALL)) {
        let difference = compared(&checks, &checks);
        prop_assert_eq!(difference.outcome, Answer::NothingDifferent);
        prop_assert!(difference.checks.is_empty() && difference.facts.is_empty());
        prop_assert_eq!(difference.counts.unchanged, checks.len());
    }

    #[test]
    fn turned_round_what_was_mended_is_broken(old in any_report(UNACCEPTED), new in any_report(UNACCEPTED)) {
        let (there, back) = (compared(&old, &new), compared(&new, &old));
        let mut turned: Vec<_> = changes(&back)
            .into_iter()
            .map(|(id, was, is, change, _)| (id, is, was, mirrored(change)))
            .collect();
        let mut told: Vec<_> =
            changes(&there).into_iter().map(|(id, was, is, change, _)| (id, was, is, change)).collect();
        told.sort_unstable();
        turned.sort_unstable();
        prop_assert_eq!(told, turned);
        prop_assert_eq!(there.not_compared.len(), back.not_compared.len());
    }

    #[test]
    fn nothing_is_better_both_ways_and_nothing_unseen_is_better(old in any_report(&ALL), new in any_report(&ALL)) {
        let difference = compared(&old, &new);
        for check in &difference.checks {
            if check.change == Some(Change::Mended) {
                prop_assert!(matches!(check.is.outcome, Standing::Pass | Standing::Warn));
            }
        }
        for (_, was, is, change, effect) in changes(&difference) {
            let (Some(was), Some(is)) = (was, is) else {
                // It is still seen there, and nothing is said of it.
                prop_assert_eq!(effect == Effect::Better, change == Change::Mended);
                prop_assert!(change != Change::Mended || matches!(was, Some(Standing::Fail | Standing::Warn)));
                continue;
            };
            prop_assert_eq!(effect == Effect::Better, matches!(is, Standing::Pass | Standing::Warn) && was > is);
            let back = outcomes::change(is, was).map(|(_, effect)| effect);
            prop_assert!(effect != Effect::Better || back != Some(Effect::Better), "{:?}", change);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Side::of_report("x.json", &bytes);
    }
}
