//! The deployment with servers of other makers in place of the fixtures' own: the same scenarios, the same outcomes.
//!
//! nginx, HAProxy, BIND, Unbound, Squid, Dante and OpenSSH from Debian's packages, each run in a network namespace of its own.
//! `SCENARIO=id` runs one scenario, `PEERS=all` every one that such servers can be (some minutes), else one of each kind.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod alone;
mod certificates;
mod dns;
mod haproxy;
mod nginx;
#[path = "../common/outcomes.rs"]
mod outcomes;
mod peers;
mod proxy;
mod ssh;
mod world;

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use pinflight_fixtures::{Kind, Scenario, scenarios};

use self::{
    peers::{Habit, Names, Peers, is_of_fixtures_alone},
    world::World,
};

/// Runs under way at once.
const AT_ONCE: usize = 4;

/// Where servers of other makers say something else than the fixtures' own, and both are true: the scenario, who answers for
/// names, what is otherwise, the cause and its detail.
struct Otherwise {
    scenario: &'static str,
    names: Names,
    outcomes: &'static [(&'static str, &'static str)],
    journey: &'static [(&'static str, &'static str)],
    cause: Option<(&'static str, &'static str)>,
}

impl Otherwise {
    const fn names(scenario: &'static str, detail: &'static str) -> Self {
        Self { scenario, names: Names::Unbound, outcomes: &[], journey: &[], cause: Some(("name-unresolved", detail)) }
    }

    /// nginx asks on, and says 502 where that gives no answer that it can pass on.
    const fn gateway(scenario: &'static str, outcomes: &'static [(&'static str, &'static str)]) -> Self {
        Self { scenario, names: Names::Bind, outcomes, journey: &[], cause: Some(("http-status", "502")) }
    }

    /// HAProxy makes certificates without extended key usage, which iOS does not take.
    const fn without_usage(scenario: &'static str, outcomes: &'static [(&'static str, &'static str)]) -> Self {
        let journey = &[("ios-dep", "refused"), ("ios-web", "refused")];
        Self { scenario, names: Names::Bind, outcomes, journey, cause: None }
    }
}

const OTHERWISE: &[Otherwise] = &[
    Otherwise::gateway("discovery-http-closed", &[]),
    Otherwise::gateway("device-services-http-closed", &[("network/clock", "pass")]),
    Otherwise::gateway("trust-service-http-closed", &[]),
    Otherwise::gateway("discovery-http-huge-headers", &[]),
    Otherwise::gateway("device-services-http-huge-headers", &[("network/clock", "pass")]),
    Otherwise::gateway("trust-service-http-huge-headers", &[]),
    Otherwise::without_usage("devices-intercepted-declared", &[]),
    Otherwise::without_usage("outside-intercepted-declared", &[("certificate/platform-rules", "fail")]),
    // A resolver goes round the circle itself, and says that it failed.
    Otherwise::names("discovery-dns-cname-loop", "server-failure"),
    Otherwise::names("device-services-dns-cname-loop", "server-failure"),
    Otherwise::names("trust-service-dns-cname-loop", "server-failure"),
];

/// A scenario with somebody who answers for names.
struct Run {
    scenario: Scenario,
    names: Names,
}

#[test]
#[ignore = "needs root, and the servers that .ci/run installs (peers)"]
fn peers_give_the_outcomes_that_the_fixtures_give() {
    let runs = runs();
    let (next, left_out) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (problems, present) = (Mutex::new(BTreeMap::new()), Mutex::new(BTreeMap::<&str, usize>::new()));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(run) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let began = Instant::now();
                    let found = match catch_unwind(AssertUnwindSafe(|| run.differences())) {
                        Ok(None) => {
                            left_out.fetch_add(1, Ordering::Relaxed);
                            continue;
                        }
                        Ok(Some((who, found))) => {
                            let ms = began.elapsed().as_millis();
                            let words = who.iter().copied().collect::<Vec<_>>().join(", ");
                            eprintln!("{} by {words}: {ms} ms", run.scenario.id);
                            for name in who {
                                *present.lock().unwrap().entry(name).or_default() += 1;
                            }
                            found
                        }
                        // It has said itself what it was.
                        Err(_) => vec!["panicked".to_owned()],
                    };
                    if !found.is_empty() {
                        let name = format!("{} with {:?}", run.scenario.id, run.names);
                        problems.lock().unwrap().insert(name, found);
                    }
                }
            });
        }
    });
    let (problems, present) = (problems.into_inner().unwrap(), present.into_inner().unwrap());
    let told: Vec<String> =
        problems.iter().map(|(name, found)| format!("{name}\n    {}", found.join("\n    "))).collect();
    assert!(problems.is_empty(), "{} runs differ:\n{}", problems.len(), told.join("\n"));
    let left_out = left_out.into_inner();
    eprintln!(
        "{} runs, {left_out} more that only the fixtures' own servers can make: {present:?}",
        runs.len() - left_out
    );
    assert!(!present.is_empty(), "there is no such scenario, or only the fixtures' own servers can be so wrong");
    if std::env::var_os("SCENARIO").is_none() {
        // None of them is left out in silence.
        let least = [
            ("nginx", 200),
            ("HAProxy", 200),
            ("BIND", 200),
            ("Unbound", 100),
            ("Squid", 8),
            ("Dante", 8),
            ("OpenSSH", 1),
        ];
        for (name, least) in least {
            assert!(present.get(name).is_some_and(|runs| *runs >= least), "{name}: {present:?}");
        }
    }
}

/// What is run: of each kind of fault one scenario, not always at the same place; or one that is asked for; or all.
fn runs() -> Vec<Run> {
    let only = std::env::var("SCENARIO").ok();
    let all = only.is_some() || std::env::var("PEERS").is_ok_and(|peers| peers == "all");
    let mut kinds: BTreeMap<String, Vec<&Scenario>> = BTreeMap::new();
    for scenario in scenarios().iter().filter(|scenario| !is_of_fixtures_alone(scenario)) {
        if only.as_ref().is_none_or(|only| *only == scenario.id) {
            kinds.entry(kind(scenario)).or_default().push(scenario);
        }
    }
    let mut runs = Vec::new();
    for (number, same) in kinds.values().enumerate() {
        let one = same.get(number % same.len()).copied();
        let chosen: Vec<&Scenario> = if all { same.clone() } else { one.into_iter().collect() };
        for scenario in chosen {
            let of_names = scenario.faults.iter().any(|fault| is_of_names(&fault.kind));
            let both = [Names::Bind, Names::Unbound];
            let names = if of_names || all { &both[..] } else { &both[number % 2..=number % 2] };
            runs.extend(names.iter().map(|names| Run { scenario: scenario.clone(), names: *names }));
        }
    }
    runs.retain(|run| OTHERWISE.iter().all(|otherwise| !otherwise.is_of(run)));
    for otherwise in OTHERWISE.iter().filter(|otherwise| only.as_ref().is_none_or(|only| only == otherwise.scenario)) {
        let scenario = scenarios().iter().find(|scenario| scenario.id == otherwise.scenario).unwrap();
        runs.push(Run { scenario: otherwise.of(scenario), names: otherwise.names });
    }
    runs
}

/// What scenarios have in common that break the same, wherever it strikes.
fn kind(scenario: &Scenario) -> String {
    let kinds = scenario.faults.iter().map(|fault| {
        let mut kind = toml::Table::try_from(fault).unwrap();
        for place in ["at", "name", "target"] {
            kind.remove(place);
        }
        kind.to_string()
    });
    let kinds: Vec<String> = kinds.collect();
    format!("{:?} {}", scenario.variant, kinds.join(" "))
}

/// Whether a fault is one of who answers for names.
fn is_of_names(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::Nxdomain { .. }
            | Kind::NoAddresses { .. }
            | Kind::Servfail { .. }
            | Kind::RefusedCode { .. }
            | Kind::NoAnswer { .. }
            | Kind::CnameLoop { .. }
            | Kind::TruncatedThenTcp { .. }
            | Kind::OtherAddress { .. }
            | Kind::OtherServer { .. }
            | Kind::Sinkhole { .. }
            | Kind::Invents { .. }
    )
}

/// Whether somebody says nothing, so that each who asks waits as long as he may.
fn is_silence(kind: &Kind) -> bool {
    matches!(
        kind,
        Kind::TimedOut
            | Kind::SilentAfterClientHello
            | Kind::StalledMidHandshake
            | Kind::NoAnswer { .. }
            | Kind::Silent
            | Kind::Patient
            | Kind::SilentAfterRequest
            | Kind::StalledBody
    )
}

impl Otherwise {
    fn is_of(&self, run: &Run) -> bool {
        self.scenario == run.scenario.id && (self.names == run.names || !self.is_about_names())
    }

    fn is_about_names(&self) -> bool {
        self.cause.is_some_and(|(cause, _)| cause == "name-unresolved")
    }

    /// The scenario with other expectations.
    fn of(&self, scenario: &Scenario) -> Scenario {
        let mut scenario = scenario.clone();
        let owned = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(of, is)| ((*of).to_owned(), (*is).to_owned())).collect::<Vec<_>>()
        };
        scenario.expect.extend(owned(self.outcomes));
        scenario.journey.extend(owned(self.journey));
        if let Some((cause, detail)) = self.cause {
            scenario.cause = Some(cause.to_owned());
            scenario.detail = Some(detail.to_owned());
        }
        scenario
    }
}

impl Run {
    /// Who stood there, and what is otherwise than expected; none: only the fixtures can be so wrong.
    fn differences(&self) -> Option<(BTreeSet<&'static str>, Vec<String>)> {
        let mut world = World::new();
        let peers = raised(&mut world, &self.scenario, self.names, Habit::Usual);
        if !peers.left().is_empty() {
            return None;
        }
        let who = peers.present();
        peers.start(&mut world);
        let (report, exit) = world.judge();
        let mut found = outcomes::differences(&self.scenario, &report, exit);
        if !found.is_empty() {
            found.push(format!("all of it is in {}", world.keep().display()));
        }
        Some((who, found))
    }
}

/// The fixtures' part of a deployment, and those who are to stand in the rest.
fn raised(world: &mut World, scenario: &Scenario, names: Names, habit: Habit) -> Peers {
    let mut peers = Peers::new(scenario, names, habit);
    world.raise(scenario, &mut |post| peers.stand_in(post));
    // Where nothing is silent, nobody waits in vain, and a busy machine may take its time.
    if !scenario.faults.iter().any(|fault| is_silence(&fault.kind)) {
        world.configure("network", |network| {
            for (limit, time) in [("connect_timeout", "10s"), ("step_timeout", "20s"), ("question_timeout", "60s")] {
                network.insert(limit.to_owned(), time.into());
            }
        });
    }
    peers
}
