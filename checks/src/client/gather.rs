//! The answers to a request of the protocol, as devices got them or, where they did not ask, as others did.

use crate::{
    check::{Case, CheckId},
    client::{Ending, Step, fetch::HOST_REGISTRY, places::below},
    clock,
    deployment::{Role, Vantage},
    outcome::{Evidence, Target},
    recording::{ConversationFailure, HttpFact, HttpFailure},
    time::Timestamp,
};

/// An answer that somebody got.
pub struct Told<'a> {
    /// What.
    pub fact: &'a HttpFact,
    /// Who got it.
    pub from: Vec<Vantage>,
    /// What the servers say that the time is, where it is another than the moment judged for.
    pub other_clock: Option<Timestamp>,
}

impl Told<'_> {
    /// Who gave it.
    pub fn target(&self) -> Target {
        Target::of(&self.fact.endpoint, self.fact.address)
    }

    /// The step of which it is the answer.
    pub fn step(&self, answer: String, decision: String, checks: &[CheckId]) -> Step {
        let evidence = Evidence::of("answered by", self.target());
        Step { evidence, ..step(&format!("GET {}", self.fact.url), answer, decision, &self.from, checks) }
    }
}

/// A step without evidence.
pub fn step(request: &str, answer: String, decision: String, from: &[Vantage], checks: &[CheckId]) -> Step {
    Step {
        request: request.to_owned(),
        answer,
        decision,
        seen_from: from.to_vec(),
        checks: checks.to_vec(),
        evidence: Evidence::none(),
    }
}

/// What came back to a request.
pub enum Gathered<'a> {
    /// These answers.
    Told(Vec<Told<'a>>),
    /// Devices asked and got no connection.
    Shut(Step),
    /// Nobody got an answer.
    Nothing,
}

/// The answers that devices got, or else those that others got. A server asked by its own address, from inside, is one
/// that a device may be led to.
pub fn gather<'a>(case: &Case<'a>, role: Role, wanted: impl Fn(&HttpFact) -> bool) -> Gathered<'a> {
    let facts = case.answers(|_| true).filter(|(_, fact)| wanted(fact));
    let all: Vec<(Vantage, &HttpFact)> = facts.collect();
    let is_connected = |fact: &HttpFact| !matches!(&fact.outcome, Err(HttpFailure::NotConnected { .. }));
    let is_server = |fact: &HttpFact| matches!(fact.role, Role::Backend | Role::TrustServiceServer);
    let by_device = || all.iter().filter(|(vantage, fact)| *vantage == Vantage::Device && !is_server(fact));
    let asked_by_device = by_device().next().is_some();
    // A proxy that lets nothing through is no word on the way that phones take, nor is it one that we could not ask what
    // answers devices.
    let answers_devices = |fact: &HttpFact| {
        let connections = case.recordings.iter().flat_map(|recording| &recording.connections);
        let mut there = connections.filter(|one| one.endpoint == fact.endpoint && one.address == fact.address);
        there.any(|one| matches!(below(one), Some(Ok(()) | Err(Ending::Unknown { .. }))))
    };
    let is_shut = |fact: &HttpFact| match &fact.outcome {
        Err(HttpFailure::NotConnected { failure: ConversationFailure::Tls { .. } }) => !answers_devices(fact),
        Err(HttpFailure::NotConnected { failure }) => !matches!(failure, ConversationFailure::Proxy { .. }),
        _ => false,
    };
    let shut = by_device().find(|(_, fact)| is_shut(fact));
    if let (Some((_, fact)), false) = (shut, by_device().any(|(_, fact)| is_connected(fact))) {
        let request = format!("GET {}", fact.url);
        let words = format!("no connection to {}", role.words());
        let decision = if role == Role::Discovery { "goes on to Device Services" } else { "it has no pins" };
        return Gathered::Shut(step(&request, words, decision.to_owned(), &[Vantage::Device], HOST_REGISTRY));
    }
    let other_clock = clock::contradicted(case);
    let mut told: Vec<Told<'a>> = Vec::new();
    for (vantage, fact) in all.iter().filter(|(_, fact)| is_connected(fact)) {
        if asked_by_device && *vantage != Vantage::Device && !is_server(fact) {
            continue;
        }
        // What somebody in between told others is no word on what devices are told.
        let intercepted = fact.leaf.as_ref().is_some_and(|leaf| case.interception(leaf).is_some());
        if intercepted && *vantage != Vantage::Device {
            continue;
        }
        let same = |known: &&mut Told<'_>| {
            known.fact.address == fact.address && known.fact.leaf == fact.leaf && known.fact.outcome == fact.outcome
        };
        match told.iter_mut().find(same) {
            Some(known) => {
                if !known.from.contains(vantage) {
                    known.from.push(*vantage);
                }
                // The name leads to a server that is declared by its address too.
                if is_server(known.fact) && !is_server(fact) {
                    known.fact = fact;
                }
            }
            None => told.push(Told { fact, from: vec![*vantage], other_clock }),
        }
    }
    // What only its servers said is not yet what devices get.
    if told.iter().all(|told| is_server(told.fact)) { Gathered::Nothing } else { Gathered::Told(told) }
}

/// Answers of which the client makes the same are one.
pub fn distinct<'t, 'a, T: PartialEq>(
    told: &'t [Told<'a>],
    mut means: impl FnMut(&Told<'a>) -> T,
) -> Vec<(&'t Told<'a>, T)> {
    let mut found: Vec<(&Told<'a>, T)> = Vec::new();
    for one in told {
        let meaning = means(one);
        if !found.iter().any(|(_, known)| *known == meaning) {
            found.push((one, meaning));
        }
    }
    found
}
