//! `trust-service/own-port`

use std::net::SocketAddr;

use crate::{
    cause::{Cause, Sharing},
    certificate::not_its_own,
    check::{Case, Check, CheckId, GuideStep, Judgement, Meta},
    deployment::{Endpoint, Role},
    interception::Interception,
    matching::normal,
    outcome::{Evidence, Outcome, Target},
    reach::Missed,
    recording::{ConnectionFact, ConversationFailure, FileUse, Recording, TlsFailure},
    x509::{CertificateFacts, Place},
};

/// The Trust Service shares its port with no other application.
pub struct OwnPort;

impl Check for OwnPort {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("trust-service/own-port"),
            title: "The Trust Service has a port of its own",
            steps: &[GuideStep::S4],
            depends_on: &[CheckId("trust-service/url"), CheckId("certificate/path")],
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        if let Some(skipped) = super::not_provisioned(case) {
            return vec![(Target::Thing("Trust Service".to_owned()), skipped)];
        }
        let Some(endpoint) = case.deployment.trust_service_endpoint() else { return vec![] };
        if let Some(outcome) = by_url(case, &endpoint) {
            return vec![(Target::Endpoint(endpoint), outcome)];
        }
        let mut judgement = Judgement::new();
        for recording in case.recordings {
            for fact in &recording.under_other_name {
                let target = Target::of(&fact.endpoint, fact.address);
                let outcome = Seen { case, recording, fact }.judge();
                match judgement.iter_mut().find(|(known, _)| *known == target) {
                    Some((_, known)) if weight(known) >= weight(&outcome) => {}
                    Some((_, known)) => *known = outcome,
                    None => judgement.push((target, outcome)),
                }
            }
        }
        judgement.extend(silent(case, &endpoint));
        super::or_elsewhere(case, judgement)
    }
}

/// The Trust Service, or a server of it, that should have been asked and was not: its name has no address.
fn silent(case: &Case<'_>, endpoint: &Endpoint) -> Judgement {
    let mut facts = case.recordings.iter().flat_map(|recording| &recording.under_other_name);
    let is_silent = !facts.any(|fact| fact.role == Role::TrustService);
    let service = is_silent.then(|| Target::Endpoint(endpoint.clone()));
    let targets = service.into_iter().chain(case.unasked_servers(Role::TrustServiceServer));
    targets.map(|target| (target.clone(), Outcome::unanswered(format!("no handshake with {target}")))).collect()
}

/// What was seen from one vantage counts before what another could not see.
fn weight(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Fail(_) => 4,
        Outcome::Warn(_) => 3,
        Outcome::Pass(_) => 2,
        Outcome::NotObserved(_) => 1,
        Outcome::Skipped(_) => 0,
    }
}

/// What the two URLs say by themselves: they clash, or there is nothing to tell apart on the wire.
fn by_url(case: &Case<'_>, trust_service: &Endpoint) -> Option<Outcome> {
    let device_services = case.deployment.device_services_endpoint();
    let evidence = Evidence::of("Device Services", &device_services).and("Trust Service", trust_service);
    if device_services == *trust_service {
        let cause = Cause::PortShared { sharing: Sharing::Url, host: device_services.host, presented: None };
        return Some(Outcome::fail(cause, evidence));
    }
    if device_services.host == trust_service.host {
        return Some(Outcome::Pass(evidence));
    }
    let is_address = [&device_services, trust_service].into_iter().any(|endpoint| endpoint.ip().is_some());
    if !is_address {
        return None;
    }
    // An address is never sent as a name: what else answers there is not to be asked for.
    let shared = case.recordings.iter().any(|recording| {
        let places = |is: fn(Role) -> bool| recording.connections.iter().filter(move |fact| is(fact.role));
        let trust_service: Vec<_> = places(Role::is_trust_service).filter_map(|fact| fact.address).collect();
        places(Role::is_device_services).any(|fact| fact.address.is_some_and(|at| trust_service.contains(&at)))
    });
    if shared {
        let cause = Cause::PortShared { sharing: Sharing::Address, host: device_services.host, presented: None };
        return Some(Outcome::fail(cause, evidence));
    }
    let reason = "declared by address, which no handshake can name: only that the places differ was seen";
    case.asks(Role::TrustService).then(|| Outcome::Skipped(reason.to_owned()))
}

/// One handshake under the other service's name.
struct Seen<'c, 'a> {
    case: &'c Case<'a>,
    recording: &'a Recording,
    fact: &'a ConnectionFact,
}

impl<'c, 'a> Seen<'c, 'a> {
    fn judge(&self) -> Outcome {
        let Self { case, fact, .. } = *self;
        let other = fact.sni.clone().unwrap_or_default();
        let target = Target::of(&fact.endpoint, fact.address);
        let Some(own) = self.own() else { return Outcome::unanswered(format!("no handshake with {target}")) };
        // A handshake that fails after the certificate has shown what this is about.
        if let Err(failure) = &own.outcome
            && self.leaf(own).is_none()
        {
            let missed = Missed {
                vantage: self.recording.vantage,
                role: own.role,
                endpoint: &own.endpoint,
                address: own.address,
                failure,
            };
            let unanswered = || Outcome::unanswered(format!("no handshake with {target}"));
            return missed.spared(case).map_or_else(unanswered, Outcome::Skipped);
        }
        if let Some(found) = self.leaf(own).and_then(|leaf| case.interception(&leaf.id)) {
            return not_its_own(&target, found);
        }
        if fact.role.is_trust_service() && self.is_shared_address() {
            return self.found(Sharing::Address, self.leaf(fact));
        }
        let presented = match &fact.outcome {
            Err(ConversationFailure::Tls { failure, chain }) if chain.is_empty() => return refused(&other, failure),
            Err(ConversationFailure::Tcp { .. } | ConversationFailure::Proxy { .. }) => {
                return Outcome::unanswered(format!("no connection to {target} for a handshake under {other}"));
            }
            _ => self.leaf(fact),
        };
        let (Some(own), Some(presented)) = (self.leaf(own), presented) else {
            return Outcome::unanswered(format!("no certificate of {target} can be read"));
        };
        if let Some(found) = self.re_signed(presented) {
            return not_its_own(&target, found);
        }
        if own.key.spki_sha256 == presented.key.spki_sha256 {
            return Outcome::Pass(Evidence::of("under", &other).and("presented", "the same certificate's key"));
        }
        // Behind a balancer, the next handshake may meet another server of the same service.
        if self.is_key_of(fact.role.is_trust_service(), presented) {
            return Outcome::Pass(Evidence::of("under", &other).and("presented", presented.display_subject()));
        }
        match (fact.role.is_trust_service(), self.is_the_other_s(presented, &other)) {
            (true, true) => self.found(Sharing::DeviceServices, Some(presented)),
            (true, false) => self.found(Sharing::Other, Some(presented)),
            (false, true) => self.found(Sharing::TrustService, Some(presented)),
            // What else Device Services' port is good for is nobody's matter here.
            (false, false) => {
                Outcome::Pass(Evidence::of("under", &other).and("presented", presented.display_subject()))
            }
        }
    }

    /// The handshake with the same place under the service's own name.
    fn own(&self) -> Option<&'a ConnectionFact> {
        let fact = self.fact;
        self.recording.connections.iter().find(|own| {
            (own.role, &own.endpoint, own.address) == (fact.role, &fact.endpoint, fact.address)
                && own.sni.as_deref() == Some(fact.endpoint.host.as_str())
        })
    }

    /// Who re-signed a certificate, if its issuer does so with others.
    fn re_signed(&self, presented: &CertificateFacts) -> Option<&'c Interception> {
        let case = self.case;
        let leaves = self.recording.connections.iter().filter_map(|fact| self.leaf(fact));
        let mut found = leaves.filter_map(|leaf| case.interception(&leaf.id));
        found.find(|found| found.issuer.subject == presented.issuer)
    }

    fn leaf(&self, fact: &ConnectionFact) -> Option<&'c CertificateFacts> {
        self.case.certificate(fact.presented()?.first()?)
    }

    /// Whether this vantage met Device Services at this very address and port.
    fn is_shared_address(&self) -> bool {
        self.device_services_at(self.fact.address).next().is_some()
    }

    fn device_services_at(&self, address: Option<SocketAddr>) -> impl Iterator<Item = &'a ConnectionFact> {
        let facts = self.recording.connections.iter().filter(|fact| fact.role.is_device_services());
        facts.filter(move |fact| address.is_some() && fact.address == address)
    }

    /// Whether a certificate is the other service's: by its key, or by its very name. A wildcard is whoever's it is: the domain's
    /// certificate is what many servers and balancers show to names that they do not know.
    fn is_the_other_s(&self, presented: &CertificateFacts, host: &str) -> bool {
        let is_its_key = self.is_key_of(!self.fact.role.is_trust_service(), presented);
        is_its_key || presented.dns_names.iter().any(|name| normal(name) == normal(host))
    }

    /// Whether a key was met at the Trust Service, or else at Device Services, or is declared as theirs.
    fn is_key_of(&self, trust_service: bool, presented: &CertificateFacts) -> bool {
        let (is_theirs, used_as): (fn(Role) -> bool, _) = if trust_service {
            (Role::is_trust_service, FileUse::TrustServiceCertificate)
        } else {
            (Role::is_device_services, FileUse::Uploaded)
        };
        let facts = self.case.recordings.iter().flat_map(|recording| &recording.connections);
        let mut met = facts.filter(|fact| is_theirs(fact.role)).filter_map(|fact| self.leaf(fact));
        let files = self.case.files(used_as);
        let mut declared = files.into_iter().filter_map(|file| self.case.first_certificate(file));
        let is_key = |facts: &CertificateFacts| facts.key.spki_sha256 == presented.key.spki_sha256;
        met.any(is_key) || declared.any(is_key)
    }

    /// A reverse proxy or balancer that tells the names apart works for every client that sends one, as devices do; a server
    /// that shares its port is what the guide rules out. What nobody declared as the former counts as the latter.
    fn found(&self, sharing: Sharing, presented: Option<&CertificateFacts>) -> Outcome {
        let host = self.fact.sni.clone().unwrap_or_default();
        let evidence = Evidence::of("asked for", &host);
        let evidence = match presented {
            Some(leaf) => {
                evidence.and("presented", format!("serial {}, sha256//{}", leaf.serial, leaf.key.spki_sha256))
            }
            None => evidence,
        };
        let cause = Cause::PortShared { sharing, host, presented: presented.map(|leaf| leaf.name(Place::Leaf)) };
        let is_front = |fact: &ConnectionFact| matches!(fact.role, Role::Balancer | Role::ReverseProxy);
        let is_server = |fact: &ConnectionFact| fact.role == Role::Backend;
        let here = || self.device_services_at(self.fact.address);
        let in_front = is_front(self.fact) || (here().any(is_front) && !here().any(is_server));
        if in_front || sharing == Sharing::Other {
            Outcome::warn(cause, evidence)
        } else {
            Outcome::fail(cause, evidence)
        }
    }
}

/// Whether a server that gave no certificate for a name said so.
fn refused(other: &str, failure: &TlsFailure) -> Outcome {
    match failure {
        TlsFailure::Alert { .. } | TlsFailure::ResetAfterClientHello | TlsFailure::ClosedAfterClientHello => {
            Outcome::Pass(Evidence::of("under", other).and("presented", "nothing: the handshake is refused"))
        }
        _ => Outcome::unanswered(format!("the handshake under {other} came to no end")),
    }
}

#[cfg(test)]
#[path = "own_port_tests.rs"]
mod tests;
