//! What the servers present: is it a sound chain for the right name, for how long, and everywhere the same key?

pub mod expiry;
pub mod name;
pub mod order;
pub mod path;
pub mod platform_rules;
pub mod same_everywhere;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

pub use self::{
    expiry::Expiry, name::Name, order::Order, path::Path, platform_rules::PlatformRules,
    same_everywhere::SameEverywhere,
};
use crate::{
    cause::Cause,
    check::{Case, Check, CheckId, EachOnce, Judgement},
    deployment::{Endpoint, Policy, Role, Vantage},
    interception::Interception,
    outcome::{Outcome, Target},
    prose,
    reach::{self, Missed},
    recording::{CertId, ConnectionFact, ConversationFailure, HandshakeSignature, Recording},
    resolve,
    time::Timestamp,
    x509::{CertificateFacts, ChainFacts, Unreadable},
};

/// A certificate that cannot be read is `certificate/path`'s, and so is a path that is not sound.
const READABLE: &[CheckId] = &[CheckId("certificate/path")];

/// A chain that a server presented.
pub(crate) struct Presented<'a> {
    pub(crate) target: Target,
    pub(crate) role: Role,
    endpoint: &'a Endpoint,
    /// Whether the server proved that it has the leaf's key; none: the handshake did not come to that.
    signature: Option<&'a HandshakeSignature>,
}

/// One chain by itself, for whoever looks at it outside a deployment.
pub struct Alone<'a> {
    /// Read and judged.
    pub chain: &'a ChainFacts,
    /// The name and port that it must be good for; none: for no name in particular.
    pub endpoint: Option<&'a Endpoint>,
    /// What it is for: the Workspace ONE signing root counts for the Trust Service alone.
    pub role: Role,
    /// Whether the server proved that it has the leaf's key; none: there was no handshake.
    pub signature: Option<&'a HandshakeSignature>,
    /// By which thresholds.
    pub policy: &'a Policy,
    /// For which moment.
    pub now: Timestamp,
}

impl Alone<'_> {
    /// What each check of this category that needs nothing but the chain says of it.
    pub fn judge(&self) -> Vec<(CheckId, Outcome)> {
        let nobody = Endpoint::new(String::new(), 0);
        let endpoint = self.endpoint.unwrap_or(&nobody);
        let target = Target::Thing("the chain".to_owned());
        let presented = Presented { target, role: self.role, endpoint, signature: self.signature };
        let mut said = Vec::new();
        let mut say = |check: &dyn Check, outcomes: Vec<Outcome>| {
            said.extend(outcomes.into_iter().map(|outcome| (check.meta().id, outcome)));
        };
        say(&Path, path::judge(&presented, self.chain, self.now));
        say(&Order, order::judge(self.chain));
        if let (Some(endpoint), Some(leaf)) = (self.endpoint, self.chain.leaf()) {
            say(&Name, vec![name::judge(endpoint, leaf)]);
        }
        say(&Expiry, expiry::judge(&presented, self.chain, self.policy, self.now));
        say(&PlatformRules, platform_rules::judge(&presented, self.chain));
        said
    }
}

/// As [`judge_presented`], for what holds of the servers' own certificates alone.
pub(crate) fn judge_each(
    case: &Case<'_>,
    roles: fn(Role) -> bool,
    mut judge: impl FnMut(&Presented<'_>, &ChainFacts) -> Vec<Outcome>,
) -> Judgement {
    judge_presented(case, roles, |presented, chain| match chain.leaf() {
        Some(leaf) => match case.interception(&leaf.id) {
            Some(found) => vec![not_its_own(&presented.target, found)],
            None => judge(presented, chain),
        },
        None => judge(presented, chain),
    })
}

/// What there is to say of a certificate that was re-signed on the way.
pub(crate) fn not_its_own(target: &Target, found: &Interception) -> Outcome {
    let by = &found.issuer.subject;
    Outcome::unanswered(format!("what is presented at {target} is not the server's own certificate: {by} re-signs it"))
}

/// Whether a leaf is for the name of this service.
pub(crate) fn is_for(endpoint: &Endpoint, leaf: &CertificateFacts) -> bool {
    matches!(name::judge(endpoint, leaf), Outcome::Pass(_))
}

/// Judges every distinct chain that servers of these roles presented to a client that asks as devices do; what was asked
/// and presented none is not observed.
pub(crate) fn judge_presented(
    case: &Case<'_>,
    roles: fn(Role) -> bool,
    mut judge: impl FnMut(&Presented<'_>, &ChainFacts) -> Vec<Outcome>,
) -> Judgement {
    let mut said = EachOnce::default();
    for shown in case.shown().iter().filter(|shown| roles(shown.presented.role)) {
        let target = &shown.presented.target;
        let Some(sent) = shown.sent else {
            said.say(target.clone(), Outcome::unanswered("a resolver leads there, and it is not the deployment"));
            continue;
        };
        let Some(chain) = case.chain(sent) else { continue };
        for outcome in judge(&shown.presented, chain) {
            said.say(target.clone(), outcome);
        }
    }
    said.add_silent(case, roles);
    said.judgement
}

/// What a server presented to a client that asks as devices do.
pub(crate) struct Shown<'a> {
    presented: Presented<'a>,
    /// The chain; none: the server is none of the deployment's.
    sent: Option<&'a [CertId]>,
}

/// Every distinct one.
pub(crate) fn shown<'a>(case: &Case<'a>) -> Vec<Shown<'a>> {
    let mut known = HashSet::new();
    let of_recording = |recording: &'a Recording| recording.presentations().map(move |fact| (recording, fact));
    let facts = case.recordings.iter().flat_map(of_recording);
    let facts = facts.filter(|(_, fact)| reach::is_asked_as_devices_do(fact));
    let shown = facts.filter_map(|(recording, fact)| {
        let sent = fact.presented()?;
        let sent = (!resolve::is_false(case, recording, fact)).then_some(sent);
        let (target, signature) = (Target::of(&fact.endpoint, fact.address), fact.signature());
        let is_new = known.insert((target.clone(), fact.role, sent, signature));
        let presented = Presented { target, role: fact.role, endpoint: &fact.endpoint, signature };
        is_new.then_some(Shown { presented, sent })
    });
    shown.collect()
}

impl EachOnce {
    /// Adds every target that was asked, or should have been, and presented no chain to anybody.
    fn add_silent<'a>(&mut self, case: &Case<'a>, roles: fn(Role) -> bool) {
        let facts = || {
            let of = |recording: &'a Recording| recording.connections.iter().map(|fact| (recording.vantage, fact));
            let all = case.recordings.iter().flat_map(of);
            all.filter(move |(_, fact)| roles(fact.role) && reach::is_asked_as_devices_do(fact))
        };
        let target = |fact: &ConnectionFact| Target::of(&fact.endpoint, fact.address);
        let seen: HashSet<Target> =
            facts().filter(|(_, fact)| fact.presented().is_some()).map(|(_, fact)| target(fact)).collect();
        for (vantage, fact) in facts().filter(|(_, fact)| !seen.contains(&target(fact))) {
            match spared(case, vantage, fact) {
                Some(reason) => self.say(target(fact), Outcome::Skipped(reason)),
                None => self.say_silent(case, target(fact)),
            }
        }
        let services = case.recordings.iter().flat_map(|recording| reach::unasked_services(recording, roles));
        let services = services.map(Target::Endpoint).filter(|target| !seen.contains(target));
        services.for_each(|target| self.say_silent(case, target));
        for role in [Role::Backend, Role::Balancer, Role::ReverseProxy, Role::TrustServiceServer] {
            let servers = case.unasked_servers(role).filter(|_| roles(role));
            servers.for_each(|target| self.say_silent(case, target));
        }
    }

    fn say_silent(&mut self, case: &Case<'_>, target: Target) {
        let reason = match untold(case, &target) {
            Some(why) => format!("no handshake with {target}: {why}"),
            None => format!("no handshake with {target}"),
        };
        self.say(target, Outcome::unanswered(reason));
    }
}

/// Why a target presented nothing, where the checks that would tell it are not selected.
fn untold(case: &Case<'_>, target: &Target) -> Option<String> {
    if case.policy.selects("network/reachable") {
        return None;
    }
    let facts = case.recordings.iter().flat_map(|recording| &recording.connections);
    let failure = facts
        .filter(|fact| Target::of(&fact.endpoint, fact.address) == *target)
        .find_map(|fact| fact.outcome.as_ref().err().map(|failure| (fact.address, failure)));
    let cause = match failure {
        Some((address, ConversationFailure::Tcp { failure })) => Cause::TcpFailed { address, failure: failure.clone() },
        Some((address, ConversationFailure::Tls { failure, .. })) => {
            Cause::TlsFailed { address, failure: failure.clone() }
        }
        Some((_, ConversationFailure::Proxy { failure })) => {
            Cause::ProxyFailed { proxy: case.proxy_words(), failure: failure.clone() }
        }
        None => {
            let facts = case.names().map(|(_, fact)| fact).filter(|fact| target.host() == Some(&fact.name));
            facts.into_iter().find_map(|fact| {
                let failure = fact.answer.as_ref().err()?.clone();
                Some(Cause::NameUnresolved { name: fact.name.clone(), resolver: fact.resolver.to_string(), failure })
            })?
        }
    };
    Some(prose::message(&cause))
}

/// Why nobody needs a conversation that did not come about.
fn spared(case: &Case<'_>, vantage: Vantage, fact: &ConnectionFact) -> Option<String> {
    let failure = fact.outcome.as_ref().err()?;
    Missed { vantage, role: fact.role, endpoint: &fact.endpoint, address: fact.address, failure }.spared(case)
}

/// Why there is nothing to say of a leaf.
fn leaf_unreadable(chain: &ChainFacts) -> Outcome {
    let detail = match chain.sent.first() {
        Some(Err(Unreadable { detail, .. })) => detail.as_str(),
        _ => "none was sent",
    };
    Outcome::unanswered(format!("the server's certificate cannot be read ({detail})"))
}
