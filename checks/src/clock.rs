//! What the peers' HTTP `Date` says of the clock of the machine that asked: shared by `network/clock` and
//! `certificate/expiry`.

use std::collections::BTreeMap;

use crate::{
    check::Case,
    deployment::{Endpoint, Role},
    outcome::Target,
    recording::{HttpAnswer, HttpFact, Recording},
    time::Timestamp,
    x509::{CertificateName, ChainFacts, Place},
};

/// By how many seconds clocks may differ: what Kerberos, and with it a Windows domain, tolerates (RFC 4120, 3.2.3:
/// five minutes). `Date` is in whole seconds, and an answer is on its way for seconds at most.
pub const TOLERANCE: i64 = 5 * 60;

/// The longest `Age` that is believed (RFC 9111, 1.2.2).
const LONGEST_AGE: i64 = 1 << 31;

/// One peer's clock as one recording shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Whose.
    pub target: Target,
    /// The service that it answers for.
    pub endpoint: Endpoint,
    /// Seconds by which it is ahead of the machine that asked.
    pub ahead: i64,
}

impl Reading {
    /// Whether it agrees with the machine that asked.
    pub fn agrees(&self) -> bool {
        self.ahead.abs() <= TOLERANCE
    }

    /// `ds.example.com:443@10.1.0.11: 3 s ahead`
    pub fn words(&self) -> String {
        let direction = if self.ahead < 0 { "behind" } else { "ahead" };
        format!("{}: {} s {direction}", self.target, self.ahead.unsigned_abs())
    }
}

/// What a recording's readings come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every clock agrees.
    Agrees,
    /// The machine that asked is wrong by what most services agree on.
    LocalWrong {
        /// Seconds by which they are ahead of it.
        ahead: i64,
        /// Which services.
        services: Vec<Endpoint>,
    },
    /// Some peers are wrong: others agree with the machine that asked.
    PeersWrong,
    /// The clocks differ, and nobody tells whose is wrong.
    Undecided {
        /// Seconds by which the first service that differs is ahead.
        ahead: i64,
    },
}

/// Every peer's clock in this recording, in its order. Of answers without a `Date` that can be read nothing is known.
pub fn readings(recording: &Recording) -> Vec<Reading> {
    let of = |fact: &HttpFact| {
        let answer = fact.outcome.as_ref().ok()?;
        let target = Target::of(&fact.endpoint, fact.address);
        Some(Reading { target, endpoint: fact.endpoint.clone(), ahead: ahead(recording, fact, sent(answer)?) })
    };
    let mut readings: Vec<Reading> = Vec::new();
    for reading in recording.answers.iter().filter_map(of) {
        // One peer asked several times: the answer that is nearest to our own time.
        match readings.iter_mut().find(|known| known.target == reading.target) {
            Some(known) if known.ahead.abs() <= reading.ahead.abs() => {}
            Some(known) => *known = reading,
            None => readings.push(reading),
        }
    }
    readings
}

/// When the answer was sent, by the peer's clock: `Date` is when it was made, and a cache says in `Age` how long it kept
/// it since (RFC 9111, 4.2.3). With an `Age` that is no number, nothing is known.
fn sent(answer: &HttpAnswer) -> Option<Timestamp> {
    let made = answer.date?;
    let age = match answer.header("age") {
        None => 0,
        Some(age) if !age.is_empty() && age.bytes().all(|byte| byte.is_ascii_digit()) => {
            age.parse().unwrap_or(LONGEST_AGE).min(LONGEST_AGE)
        }
        Some(_) => return None,
    };
    Some(Timestamp(made.0.saturating_add(age)))
}

/// Where an older recording does not say when the answer came, the moment of the run that accuses nobody.
fn ahead(recording: &Recording, fact: &HttpFact, sent: Timestamp) -> i64 {
    let since = |seconds: u64| sent.0.saturating_sub(recording.taken_at.0).saturating_sub_unsigned(seconds);
    match fact.ended_after {
        Some(after) => since(after.as_secs()),
        None => match (since(recording.took.as_secs()), since(0)) {
            (earliest, _) if earliest > 0 => earliest,
            (_, latest) if latest < 0 => latest,
            _ => 0,
        },
    }
}

/// What readings come to. Each service has one vote, that of its middle clock, however many addresses it has; the machine
/// that asked has one too.
pub fn verdict(readings: &[Reading]) -> Verdict {
    if readings.iter().all(Reading::agrees) {
        return Verdict::Agrees;
    }
    let votes = votes(readings);
    let near = |centre: i64| votes.iter().filter(move |(_, ahead)| (ahead - centre).abs() <= TOLERANCE);
    let differing = || votes.iter().filter(|(_, ahead)| ahead.abs() > TOLERANCE);
    let for_local = 1 + votes.len() - differing().count();
    let mut strongest: Option<(usize, i64)> = None;
    for (_, ahead) in differing() {
        let count = near(*ahead).count();
        if strongest.is_none_or(|(most, _)| count > most) {
            strongest = Some((count, *ahead));
        }
    }
    match strongest {
        Some((count, ahead)) if count > 1 && count > for_local => {
            Verdict::LocalWrong { ahead, services: near(ahead).map(|(service, _)| service.clone()).collect() }
        }
        _ if readings.iter().any(Reading::agrees) => Verdict::PeersWrong,
        Some((_, ahead)) => Verdict::Undecided { ahead },
        None => Verdict::PeersWrong,
    }
}

fn votes(readings: &[Reading]) -> Vec<(Endpoint, i64)> {
    let mut by_service: BTreeMap<&Endpoint, Vec<i64>> = BTreeMap::new();
    for reading in readings {
        by_service.entry(&reading.endpoint).or_default().push(reading.ahead);
    }
    let middle = |mut clocks: Vec<i64>| {
        clocks.sort_by_key(|ahead| ahead.abs());
        clocks.get((clocks.len().saturating_sub(1)) / 2).copied().unwrap_or_default()
    };
    by_service.into_iter().map(|(service, clocks)| (service.clone(), middle(clocks))).collect()
}

/// The moment that it may be instead of the one that everything is judged for, by the peers' clocks. `None`: the judgement
/// is for a day that a person named, or nobody contradicts the clock that it rests on.
pub fn contradicted(case: &Case<'_>) -> Option<Timestamp> {
    let mut other = None;
    for recording in case.recordings.iter().filter(|recording| recording.taken_at == case.now) {
        let readings = readings(recording);
        match verdict(&readings) {
            // Two machines that agree to the second, of which one agrees with its peers: the clock is right.
            Verdict::Agrees | Verdict::PeersWrong if !readings.is_empty() => return None,
            Verdict::LocalWrong { ahead, .. } | Verdict::Undecided { ahead } if other.is_none() => other = Some(ahead),
            _ => {}
        }
    }
    other.map(|ahead| Timestamp(case.now.0.saturating_add(ahead)))
}

/// Whether a sound path of a chain is in time at this moment, whatever moment it was judged for.
pub fn is_in_time(chain: &ChainFacts, role: Role, at: Timestamp) -> bool {
    chain.paths.iter().filter(|path| path.is_sound(role)).any(|path| {
        let mut members = path.certificates.iter().filter_map(|id| chain.certificate(id));
        members.all(|member| member.is_in_time(at))
    })
}

/// The leaves of the chains in this recording that are in time by one clock and not by the other, each once.
pub fn in_time_by_one(case: &Case<'_>, recording: &Recording, ahead: i64) -> Vec<CertificateName> {
    let here = recording.taken_at;
    let there = Timestamp(here.0.saturating_add(ahead));
    let mut names: Vec<CertificateName> = Vec::new();
    for fact in &recording.connections {
        let Some(chain) = fact.outcome.as_ref().ok().and_then(|handshake| case.chain(&handshake.chain)) else {
            continue;
        };
        let Some(leaf) = chain.leaf() else { continue };
        if is_in_time(chain, fact.role, here) != is_in_time(chain, fact.role, there)
            && !names.iter().any(|known| known.id == leaf.id)
        {
            names.push(leaf.name(Place::Leaf));
        }
    }
    names
}
