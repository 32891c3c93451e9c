//! `tls/versions`

use std::{
    collections::{BTreeSet, HashMap},
    net::SocketAddr,
};

use crate::{
    cause::Cause,
    check::{Case, Check, CheckId, GuideStep, Judgement, Meta},
    deployment::{Endpoint, Role, Vantage},
    outcome::{Evidence, Outcome, State, Target},
    reach::{self, Missed},
    recording::{
        Chosen, ConnectionFact, ConversationFailure, Curve, Handshake, Legacy, Offered, Tls12Fact, TlsFailure,
    },
    registry::REACHED,
};

/// Does each server speak what devices need; if not, what does it speak?
pub struct Versions;

static META: Meta = Meta {
    id: CheckId("tls/versions"),
    title: "Each server speaks the versions and suites of TLS that devices need",
    steps: &[GuideStep::P2],
    depends_on: REACHED,
    since: "0.1.0",
};

impl Check for Versions {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        let mut judgement = Judgement::new();
        let mut known = HashMap::new();
        let facts = case.recordings.iter().flat_map(|recording| {
            let asked = recording.connections.iter().filter(|fact| reach::is_asked_as_devices_do(fact));
            asked.map(|fact| (recording.vantage, fact))
        });
        let mut tls12 = HashMap::new();
        for recording in case.recordings {
            for fact in &recording.tls12 {
                tls12.entry(place(recording.vantage, &fact.connection)).or_insert(fact);
            }
        }
        for (vantage, fact) in facts {
            let target = Target::of(&fact.endpoint, fact.address);
            for outcome in of(case, vantage, fact, tls12.get(&place(vantage, fact)).copied()) {
                add(&mut judgement, &mut known, &target, outcome);
            }
        }
        let silent = case.recordings.iter().flat_map(|recording| reach::unasked_services(recording, |_| true));
        for endpoint in silent.chain(reach::unasked_servers(case)) {
            let target = Target::Endpoint(endpoint);
            let outcome = unseen(&target);
            add(&mut judgement, &mut known, &target, outcome);
        }
        judgement
    }
}

/// A server that one vantage saw is seen, and whoever finds a fault with it knows more than whoever found none. What is known of each
/// target spares a look through all that is said.
fn add(judgement: &mut Judgement, known: &mut HashMap<Target, u8>, target: &Target, outcome: Outcome) {
    let worth = match outcome.state() {
        State::Skipped => 0,
        State::NotObserved => 1,
        State::Pass => 2,
        State::Warn | State::Fail => 3,
    };
    let said = (target.clone(), outcome);
    let before = known.get(target).copied();
    if before.is_some_and(|before| before > worth || (before == worth && (worth < 3 || judgement.contains(&said)))) {
        return;
    }
    if before.is_some_and(|before| before < worth) {
        judgement.retain(|(known, _)| known != target);
    }
    known.insert(target.clone(), worth);
    judgement.push(said);
}

fn unseen(target: &Target) -> Outcome {
    Outcome::unanswered(format!("no handshake with {target}"))
}

/// The server, and the way on which it is seen.
fn place(vantage: Vantage, fact: &ConnectionFact) -> (Vantage, Role, &Endpoint, Option<SocketAddr>, bool) {
    (vantage, fact.role, &fact.endpoint, fact.address, fact.proxied)
}

fn of(case: &Case<'_>, vantage: Vantage, fact: &ConnectionFact, tls12: Option<&Tls12Fact>) -> Vec<Outcome> {
    let failure = match &fact.outcome {
        Ok(handshake) => return vec![agreed(fact, handshake, tls12)],
        Err(failure) => failure,
    };
    if let Some(legacy) = fact.legacy_answer() {
        return below(legacy);
    }
    let missed = Missed { vantage, role: fact.role, endpoint: &fact.endpoint, address: fact.address, failure };
    vec![missed.spared(case).map_or_else(|| unseen(&Target::of(&fact.endpoint, fact.address)), Outcome::Skipped)]
}

/// What today's clients agree on with it is sound by itself: rustls knows TLS 1.2 with ECDHE and GCM or ChaCha20 on curves
/// of 255 bits and more, and TLS 1.3. What is left to ask is the extended master secret of TLS 1.2.
fn agreed(fact: &ConnectionFact, handshake: &Handshake, tls12: Option<&Tls12Fact>) -> Outcome {
    let evidence = Evidence::of("tls", format!("{} {}", handshake.version, handshake.suite))
        .and("alpn", handshake.alpn.as_deref().unwrap_or("none"));
    let place = Target::of(&fact.endpoint, fact.address);
    let not_seen = |why: &str| {
        Outcome::unanswered(format!(
            "{place} agrees on {}; whether on TLS 1.2 alone was not seen: {why}",
            handshake.version
        ))
    };
    let Some(tls12) = tls12 else { return not_seen("this recording holds no handshake with TLS 1.2 alone") };
    if let Some(chosen) = tls12.chosen.as_ref().filter(|chosen| chosen.version == TLS12) {
        let evidence = evidence.and("tls 1.2 alone", chosen_words(chosen));
        return if chosen.extended_master_secret {
            Outcome::Pass(evidence)
        } else {
            Outcome::warn(Cause::NoExtendedMasterSecret { suite: chosen.suite.clone() }, evidence)
        };
    }
    match &tls12.connection.outcome {
        Err(failure) if handshake.version != TLS12 && refuses(failure) => {
            Outcome::Pass(evidence.and("tls 1.2 alone", "refused"))
        }
        Err(ConversationFailure::Tls { .. }) => not_seen("its handshake failed"),
        Err(_) => not_seen("there was no connection"),
        Ok(_) => not_seen("what it chose could not be read"),
    }
}

/// Whether a handshake failed by the server's will.
fn refuses(failure: &ConversationFailure) -> bool {
    let ConversationFailure::Tls { failure, .. } = failure else { return false };
    matches!(
        failure,
        TlsFailure::Alert { .. }
            | TlsFailure::NothingInCommon { .. }
            | TlsFailure::ResetAfterClientHello
            | TlsFailure::ClosedAfterClientHello
    )
}

const TLS12: &str = "TLSv1.2";

/// What it speaks where today's clients agree on nothing with it.
pub(crate) fn below(legacy: &Legacy) -> Vec<Outcome> {
    let spoken = &legacy.spoken;
    let (versions, suites) = (each_once(spoken, |one| &one.version), each_once(spoken, |one| &one.suite));
    let evidence = || evidence(legacy, &versions);
    let on_12 = || spoken.iter().filter(|one| one.version == TLS12);
    if on_12().next().is_none() {
        return vec![Outcome::fail(Cause::TlsTooOld { versions: versions.clone(), suites }, evidence())];
    }
    let usable: Vec<&Chosen> = on_12().filter(|one| is_listed(&one.suite)).collect();
    if usable.is_empty() {
        let asked =
            legacy.complete || legacy.refused.iter().any(|one| one.version == TLS12 && one.offered == Offered::Ecdhe);
        if !asked {
            let reason = "no ECDHE suite was chosen, but it could not be asked to the end";
            return vec![Outcome::unanswered(reason)];
        }
        return vec![Outcome::fail(Cause::TlsNoUsableSuite { versions: versions.clone(), suites }, evidence())];
    }
    let on_good_curve: Vec<&Chosen> = usable.iter().copied().filter(|one| curve(one) == Size::Good).collect();
    if on_good_curve.is_empty() {
        let small = usable.iter().find_map(|one| one.curve.clone().filter(|_| curve(one) == Size::Small));
        return vec![match small {
            Some(Curve { name, bits }) => {
                let suites = names(&usable);
                Outcome::fail(Cause::TlsCurveTooSmall { curve: name, bits, suites }, evidence())
            }
            None => Outcome::unanswered("the curve by which it agrees on keys was not seen, or has no known size"),
        }];
    }
    let mut outcomes = Vec::new();
    if on_good_curve.iter().all(|one| one.suite.contains("_CBC_")) {
        outcomes.push(Outcome::warn(Cause::TlsCbcOnly { suites: names(&on_good_curve) }, evidence()));
    }
    if let Some(without) = on_good_curve.iter().find(|one| !one.extended_master_secret) {
        let cause = Cause::NoExtendedMasterSecret { suite: without.suite.clone() };
        outcomes.push(Outcome::warn(cause, evidence()));
    }
    if outcomes.is_empty() {
        outcomes.push(Outcome::Pass(evidence()));
    }
    outcomes
}

fn names(chosen: &[&Chosen]) -> Vec<String> {
    chosen.iter().map(|one| one.suite.clone()).collect()
}

fn each_once(spoken: &[Chosen], of: impl Fn(&Chosen) -> &String) -> Vec<String> {
    let mut seen = BTreeSet::new();
    spoken.iter().map(of).filter(|text| seen.insert(*text)).cloned().collect()
}

/// The suites that App Transport Security lists for TLS 1.2, and ChaCha20, which every platform has beside them.
fn is_listed(suite: &str) -> bool {
    let Some((key_exchange, cipher)) = suite.split_once("_WITH_") else { return false };
    let listed = cipher.contains("_GCM_") || cipher.starts_with("CHACHA20") || cipher.contains("_CBC_");
    let known = cipher.starts_with("AES_") || cipher.starts_with("CHACHA20");
    matches!(key_exchange, "TLS_ECDHE_RSA" | "TLS_ECDHE_ECDSA") && listed && known
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Good,
    Small,
    Unknown,
}

/// App Transport Security wants 256 bits or more; x25519's field has 255, and counts.
fn curve(chosen: &Chosen) -> Size {
    match &chosen.curve {
        Some(curve) if curve.name == "x25519" => Size::Good,
        Some(Curve { bits: Some(256..), .. }) => Size::Good,
        Some(Curve { bits: Some(_), .. }) => Size::Small,
        Some(Curve { bits: None, .. }) | None => Size::Unknown,
    }
}

fn chosen_words(chosen: &Chosen) -> String {
    let curve = chosen.curve.as_ref().map(|curve| format!(", {}", curve.name)).unwrap_or_default();
    let secret = if chosen.extended_master_secret { "with" } else { "without" };
    format!("{}{curve}, {secret} extended master secret", chosen.suite)
}

fn evidence(legacy: &Legacy, versions: &[String]) -> Evidence {
    let mut evidence = Evidence::none();
    for version in versions {
        let suites = legacy.spoken.iter().filter(|one| one.version == *version);
        let words: Vec<String> = suites
            .map(|one| match &one.curve {
                Some(curve) => format!("{} ({})", one.suite, curve.name),
                None => one.suite.clone(),
            })
            .collect();
        evidence = evidence.and("speaks", format!("{version}: {}", words.join(", ")));
    }
    let with = legacy.spoken.iter().filter(|one| one.extended_master_secret).count();
    let asked = if legacy.complete { "until nothing more was chosen" } else { "not to the end: it may speak more" };
    evidence
        .and("extended master secret", format!("with {with} of {} of these", legacy.spoken.len()))
        .and("asked", format!("{} hellos of TLS 1.2 and older, {asked}", legacy.hellos))
        .and("http", "not asked: no handshake of today comes to its end")
}

#[cfg(test)]
#[path = "versions_tests.rs"]
mod tests;
