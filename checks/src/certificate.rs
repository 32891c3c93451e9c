//! What the servers present: is it a sound chain for the right name, for how long, and everywhere the same key?

pub mod expiry;
pub mod name;
pub mod order;
pub mod path;
pub mod same_everywhere;

use std::collections::{HashMap, HashSet};

pub use self::{expiry::Expiry, name::Name, order::Order, path::Path, same_everywhere::SameEverywhere};
use crate::{
    check::{Case, CheckId, Judgement},
    deployment::{Deployment, Endpoint, Role, ServerAddress, ServiceUrl, TrustServiceMode},
    outcome::{Outcome, Target, Unobserved},
    recording::{CertId, ConnectionFact, ConversationFailure, HandshakeSignature, Recording},
    x509::{ChainFacts, Unreadable},
};

/// Without a conversation there is no certificate.
const CONVERSATION: [CheckId; 8] = [
    CheckId("dns/discovery-resolves"),
    CheckId("dns/names-resolve"),
    CheckId("network/proxy"),
    CheckId("firewall/console-to-discovery"),
    CheckId("firewall/device-services-to-discovery"),
    CheckId("firewall/discovery-to-device-services"),
    CheckId("firewall/devices-to-trust-service"),
    CheckId("network/reachable"),
];

/// What a check that cannot say anything of a certificate, or of a path, depends on.
const READABLE: [CheckId; 9] = {
    let mut all = [CheckId("certificate/path"); 9];
    let mut at = 0;
    while at < CONVERSATION.len() {
        all[at] = CONVERSATION[at];
        at += 1;
    }
    all
};

/// A chain that a server presented.
struct Presented<'a> {
    target: Target,
    role: Role,
    endpoint: &'a Endpoint,
    /// Whether the server proved that it has the leaf's key; none: the handshake did not come to that.
    signature: Option<&'a HandshakeSignature>,
}

/// The chain of a conversation, if it came to one.
fn presented(fact: &ConnectionFact) -> Option<(&[CertId], Option<&HandshakeSignature>)> {
    match &fact.outcome {
        Ok(handshake) => Some((&handshake.chain, Some(&handshake.signature))),
        Err(ConversationFailure::Tls { chain, .. }) if !chain.is_empty() => Some((chain, None)),
        Err(_) => None,
    }
}

/// Whether a device would begin a conversation like this: with a server name, where there is a name.
fn is_as_devices_ask(fact: &ConnectionFact) -> bool {
    fact.sni.is_some() || fact.endpoint.ip().is_some()
}

/// Judges every distinct chain that servers of these roles presented to a client that asks as devices do; what was asked
/// and presented none is not observed.
fn judge_each(
    case: &Case<'_>,
    roles: fn(Role) -> bool,
    mut judge: impl FnMut(&Presented<'_>, &ChainFacts) -> Vec<Outcome>,
) -> Judgement {
    let mut said = Said::default();
    let mut judged = HashSet::new();
    let facts = case.recordings.iter().flat_map(|recording| &recording.connections);
    for fact in facts.filter(|fact| roles(fact.role) && is_as_devices_ask(fact)) {
        let Some((sent, signature)) = presented(fact) else { continue };
        let target = Target::of(&fact.endpoint, fact.address);
        if !judged.insert((target.clone(), fact.role, sent, format!("{signature:?}"))) {
            continue;
        }
        let presented = Presented { target, role: fact.role, endpoint: &fact.endpoint, signature };
        let Some(chain) = case.chain(sent) else { continue };
        for outcome in judge(&presented, chain) {
            said.say(presented.target.clone(), outcome);
        }
    }
    said.add_silent(case, roles);
    said.judgement
}

/// A judgement that says nothing twice.
#[derive(Default)]
struct Said {
    judgement: Judgement,
    places: HashMap<Target, Vec<usize>>,
}

impl Said {
    fn say(&mut self, target: Target, outcome: Outcome) {
        let places = self.places.entry(target.clone()).or_default();
        let known = places.iter().filter_map(|place| self.judgement.get(*place));
        if known.into_iter().any(|(_, known)| *known == outcome) {
            return;
        }
        places.push(self.judgement.len());
        self.judgement.push((target, outcome));
    }

    /// Adds every target that was asked, or should have been, and presented no chain to anybody.
    fn add_silent(&mut self, case: &Case<'_>, roles: fn(Role) -> bool) {
        let facts = || {
            let all = case.recordings.iter().flat_map(|recording| &recording.connections);
            all.filter(move |fact| roles(fact.role) && is_as_devices_ask(fact))
        };
        let target = |fact: &ConnectionFact| Target::of(&fact.endpoint, fact.address);
        let seen: HashSet<Target> = facts().filter(|fact| presented(fact).is_some()).map(target).collect();
        let asked = facts().map(target);
        let unasked = case.recordings.iter().flat_map(|recording| unasked(recording, roles)).map(Target::Endpoint);
        for target in asked.chain(unasked).filter(|target| !seen.contains(target)) {
            let reason = format!("no handshake with {target}");
            self.say(target, Outcome::NotObserved(Unobserved::Unanswered { reason }));
        }
    }
}

/// What this recording's vantage asks and holds no conversation with: its name did not resolve, or time ran out.
fn unasked(recording: &Recording, roles: fn(Role) -> bool) -> Vec<Endpoint> {
    let deployment = &recording.deployment;
    let is_silent = |role: Role| {
        let asked = recording.connections.iter().any(|fact| fact.role == role);
        roles(role) && recording.vantage.asks(role, deployment) && !asked
    };
    let mut silent = Vec::new();
    if is_silent(Role::Discovery) {
        silent.push(deployment.discovery_endpoint());
    }
    let service = &deployment.device_services.url;
    if is_silent(Role::DeviceServices) {
        silent.extend(https(service));
    }
    let servers = deployment.device_services.servers().filter(|(role, _)| is_silent(*role));
    silent.extend(servers.map(|(_, server)| server_endpoint(server, service)));
    if let Some(service) = trust_service(deployment) {
        if is_silent(Role::TrustService) {
            silent.extend(https(service));
        }
        let servers = deployment.trust_service.servers.iter().filter(|_| is_silent(Role::TrustServiceServer));
        silent.extend(servers.map(|server| server_endpoint(server, service)));
    }
    silent
}

/// http has no certificate to judge.
fn https(url: &ServiceUrl) -> Option<Endpoint> {
    (url.url().scheme() == "https").then(|| url.endpoint())
}

fn server_endpoint(server: &ServerAddress, service: &ServiceUrl) -> Endpoint {
    server.endpoint(service.endpoint().port)
}

/// The Trust Service that is asked at all.
fn trust_service(deployment: &Deployment) -> Option<&ServiceUrl> {
    let is_asked = matches!(deployment.trust_service.mode, TrustServiceMode::OnPremises | TrustServiceMode::Awcm);
    deployment.trust_service.url.as_ref().filter(|_| is_asked)
}

/// Why there is nothing to say of a leaf.
fn leaf_unreadable(chain: &ChainFacts) -> Outcome {
    let detail = match chain.sent.first() {
        Some(Err(Unreadable { detail, .. })) => detail.as_str(),
        _ => "none was sent",
    };
    let reason = format!("the server's certificate cannot be read ({detail})");
    Outcome::NotObserved(Unobserved::Unanswered { reason })
}
