//! Whether a conversation reached its server: shared by the rows of the firewall table and `network/reachable`, so that
//! both read the same facts alike.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
};

use crate::{
    cause::Cause,
    check::{Case, Judgement},
    deployment::{Endpoint, Role, ServiceUrl, TrustServiceMode, Vantage},
    family::{self, Family},
    outcome::{Evidence, Outcome, Target},
    recording::{ConnectFailure, ConnectionFact, ConversationFailure, ProxyFailure, Recording, TlsFailure},
    resolve,
};

/// A row of the guide's firewall table.
pub struct Row {
    /// `console-to-discovery`
    pub id: &'static str,
    /// The source column.
    pub source: Vantage,
    /// What it leads to.
    pub role: fn(&Case<'_>) -> Role,
}

impl Row {
    /// Row 1.
    pub const CONSOLE_TO_DISCOVERY: Self =
        Self { id: "console-to-discovery", source: Vantage::Console, role: |_| Role::Discovery };
    /// Row 2.
    pub const DEVICE_SERVICES_TO_DISCOVERY: Self =
        Self { id: "device-services-to-discovery", source: Vantage::DeviceServices, role: |_| Role::Discovery };
    /// Row 3.
    pub const DISCOVERY_TO_DEVICE_SERVICES: Self =
        Self { id: "discovery-to-device-services", source: Vantage::Discovery, role: |_| Role::DeviceServices };
    /// Row 4: the on-premises Trust Service where there is one, else discovery.
    pub const DEVICES_TO_TRUST_SERVICE: Self = Self {
        id: "devices-to-trust-service",
        source: Vantage::Device,
        role: |case| {
            if case.deployment.device_needs_trust_service() { Role::TrustService } else { Role::Discovery }
        },
    };
    /// The table, in the guide's order.
    pub const ALL: [Self; 4] = [
        Self::CONSOLE_TO_DISCOVERY,
        Self::DEVICE_SERVICES_TO_DISCOVERY,
        Self::DISCOVERY_TO_DEVICE_SERVICES,
        Self::DEVICES_TO_TRUST_SERVICE,
    ];
}

impl Row {
    /// Where it leads.
    pub fn endpoint(&self, case: &Case<'_>) -> Option<Endpoint> {
        match (self.role)(case) {
            Role::Discovery => Some(case.deployment.discovery_endpoint()),
            Role::DeviceServices => Some(case.deployment.device_services_endpoint()),
            _ => case.deployment.trust_service_endpoint(),
        }
    }

    /// Each address that the source met, and how that went.
    pub fn judge(&self, case: &Case<'_>) -> Judgement {
        let Some(endpoint) = self.endpoint(case) else { return vec![] };
        let whole = Target::Endpoint(endpoint.clone());
        let unseen = format!("whether {endpoint} can be reached is to be seen from {}", self.source.place());
        if let Some(outcome) = case.elsewhere(&[self.source], &unseen) {
            return vec![(whole, outcome)];
        }
        let role = (self.role)(case);
        let facts =
            case.connections(&[role]).filter(|(vantage, fact)| *vantage == self.source && is_asked_as_devices_do(fact));
        let judgement = of_each_address(case, facts);
        if judgement.is_empty() {
            let reason = format!("no connection to {endpoint} was possible");
            return vec![(whole, Outcome::unanswered(reason))];
        }
        judgement
    }

    /// The source column, for people.
    pub fn source_words(&self) -> &'static str {
        match self.source {
            Vantage::Console => "UEM console",
            Vantage::DeviceServices => "Device Services",
            Vantage::Discovery => "discovery",
            Vantage::Device => "devices",
        }
    }

    /// Whether the vantage is not the source itself, but any machine outside.
    pub fn is_stand_in(&self) -> bool {
        self.source == Vantage::Discovery
    }

    /// Whether its source was taken and found the way shut.
    pub fn is_shut(&self, case: &Case<'_>) -> bool {
        self.judge(case).iter().any(|(_, outcome)| matches!(outcome, Outcome::Fail(_)))
    }
}

/// With SNI, or without one because the host is an address.
pub fn is_asked_as_devices_do(fact: &ConnectionFact) -> bool {
    fact.sni.is_some() || fact.endpoint.ip().is_some()
}

/// A conversation that did not come about.
pub struct Missed<'a> {
    /// Who tried.
    pub vantage: Vantage,
    /// What it is.
    pub role: Role,
    /// Its name.
    pub endpoint: &'a Endpoint,
    /// Where to.
    pub address: Option<SocketAddr>,
    /// Why it did not.
    pub failure: &'a ConversationFailure,
}

impl Missed<'_> {
    /// Why nobody needs this conversation; `None`: somebody does.
    pub fn spared(&self, case: &Case<'_>) -> Option<String> {
        self.is_without_ipv6(case)
            .then(|| "this machine has no route to IPv6 addresses; IPv4 addresses answer".to_owned())
            .or_else(|| self.row_is_open(case))
    }

    /// A name with an AAAA record seen from a machine without IPv6 says nothing of the deployment.
    fn is_without_ipv6(&self, case: &Case<'_>) -> bool {
        let no_route = ConversationFailure::Tcp { failure: ConnectFailure::NetworkUnreachable };
        let answers_on_ipv4 = |fact: &ConnectionFact| {
            fact.endpoint == *self.endpoint
                && (fact.outcome.is_ok() || fact.legacy_answer().is_some())
                && fact.address.is_some_and(|address| address.is_ipv4())
        };
        *self.failure == no_route
            && self.address.is_some_and(|address| address.is_ipv6())
            && case.from(self.vantage).any(|recording| recording.connections.iter().any(answers_on_ipv4))
    }

    /// The way that the guide asks for is open from its own source, and devices are not who tried: a balancer is often not
    /// to be reached from behind it.
    fn row_is_open(&self, case: &Case<'_>) -> Option<String> {
        let row = match self.role {
            Role::DeviceServices => Row::DISCOVERY_TO_DEVICE_SERVICES,
            Role::TrustService => Row::DEVICES_TO_TRUST_SERVICE,
            _ => return None,
        };
        if self.vantage == row.source || self.vantage == Vantage::Device {
            return None;
        }
        case.from(row.source).next()?;
        let family_answers = self
            .address
            .is_none_or(|address| family::is_open_from_source(case, &row, self.role, Family::of(address.ip())));
        let missed_there = case.connections(&[self.role]).any(|(vantage, fact)| {
            vantage == row.source && self.address.is_some() && fact.address == self.address && fact.outcome.is_err()
        });
        let is_open = !missed_there && !row.is_shut(case) && family_answers;
        is_open.then(|| format!("not reached from {}, but from {}, as the guide asks", self.vantage, row.source))
    }
}

/// Each address once: the worst of its conversations. Where one vantage had others there that ended well, that is told.
pub fn of_each_address<'a>(case: &Case<'_>, facts: impl Iterator<Item = (Vantage, &'a ConnectionFact)>) -> Judgement {
    let mut judgement: Judgement = Vec::new();
    let mut places: HashMap<Target, usize> = HashMap::new();
    let mut ended: HashMap<Target, BTreeMap<Vantage, (usize, usize)>> = HashMap::new();
    for (vantage, fact) in facts {
        let target = Target::of(&fact.endpoint, fact.address);
        let outcome = of(case, vantage, fact);
        let (well, all) = ended.entry(target.clone()).or_default().entry(vantage).or_default();
        *well += usize::from(matches!(outcome, Outcome::Pass(_)));
        *all += 1;
        match places.get(&target).and_then(|place| judgement.get_mut(*place)) {
            Some((_, known)) if known.state() >= outcome.state() => {}
            Some((_, known)) => *known = outcome,
            None => {
                places.insert(target.clone(), judgement.len());
                judgement.push((target, outcome));
            }
        }
    }
    for (target, outcome) in &mut judgement {
        let sometimes = ended.get(target).and_then(|by| by.values().find(|(well, all)| (1..*all).contains(well)));
        if let (Outcome::Fail(finding), Some((well, all))) = (outcome, sometimes) {
            let told =
                format!("{well} of {all} handshakes ended well: one server of several, or packets that are lost");
            finding.evidence = std::mem::take(&mut finding.evidence).and("not always", told);
        }
    }
    judgement
}

fn of(case: &Case<'_>, vantage: Vantage, fact: &ConnectionFact) -> Outcome {
    let address = fact.address;
    let failure = match &fact.outcome {
        Ok(handshake) => {
            let evidence = Evidence::of("tls", format!("{} {}", handshake.version, handshake.suite));
            return Outcome::Pass(evidence.and("took", format!("{} ms", fact.took.as_millis())));
        }
        Err(failure) => failure,
    };
    // TLS answers there; what it speaks is judged by tls/versions.
    if let Some(legacy) = fact.legacy_answer() {
        let spoken: Vec<&str> = legacy.spoken.iter().map(|one| one.version.as_str()).collect();
        let newest = spoken.first().copied().unwrap_or_default();
        return Outcome::Pass(Evidence::of("tls", format!("{newest} at best, which tls/versions judges")));
    }
    let missed = Missed { vantage, role: fact.role, endpoint: &fact.endpoint, address, failure };
    if let Some(reason) = missed.spared(case) {
        return Outcome::Skipped(reason);
    }
    if case.from(vantage).any(|recording| resolve::is_false(case, recording, fact)) {
        return Outcome::unanswered(format!("a resolver leads {} where it is not", fact.endpoint));
    }
    if family::is_silent(case, &missed) {
        let family = address.map_or("", |address| Family::of(address.ip()).words());
        return Outcome::unanswered(format!("no {family} address of {} answers, others do", fact.endpoint));
    }
    match failure {
        ConversationFailure::Tcp { failure } => {
            Outcome::fail(Cause::TcpFailed { address, failure: failure.clone() }, connected(fact))
        }
        ConversationFailure::Tls { failure, .. } => {
            let evidence = with_nameless(case, vantage, fact, failure, connected(fact));
            Outcome::fail(Cause::TlsFailed { address, failure: failure.clone() }, evidence)
        }
        ConversationFailure::Proxy { failure: ProxyFailure::TargetUnreachable { answer } } => {
            let cause = Cause::ProxyCannotReach { proxy: case.proxy_words(), answer: answer.clone() };
            Outcome::fail(cause, connected(fact))
        }
        ConversationFailure::Proxy { failure: ProxyFailure::Silent { after } } if is_led_on(case, vantage) => {
            let cause = Cause::ProxyWaits { proxy: case.proxy_words(), after: *after };
            Outcome::fail(cause, connected(fact))
        }
        ConversationFailure::Proxy { .. } => {
            Outcome::unanswered(format!("the proxy let no connection to {} through", fact.endpoint))
        }
    }
}

/// Where a ClientHello that names the host is stopped and one without a name is answered, it is the name that is stopped.
fn with_nameless(
    case: &Case<'_>,
    vantage: Vantage,
    fact: &ConnectionFact,
    failure: &TlsFailure,
    evidence: Evidence,
) -> Evidence {
    let is_stopped = matches!(
        failure,
        TlsFailure::ResetAfterClientHello
            | TlsFailure::ClosedAfterClientHello
            | TlsFailure::SilentAfterClientHello { .. }
    );
    let Some(name) = fact.sni.as_ref().filter(|_| is_stopped) else { return evidence };
    let is_answered = |other: &ConnectionFact| {
        (&other.endpoint, other.address) == (&fact.endpoint, fact.address)
            && other.sni.is_none()
            && other.outcome.is_ok()
    };
    if !case.from(vantage).flat_map(|recording| &recording.connections).any(is_answered) {
        return evidence;
    }
    let mut told = format!("the handshake completes: what stops it goes by the name {name}");
    if has_servers_behind(case, fact.role) {
        told.push_str(", unless another server behind the balancer answered it");
    }
    evidence.and("without SNI", told)
}

/// Whether each conversation may be another server's.
fn has_servers_behind(case: &Case<'_>, role: Role) -> bool {
    let deployment = case.deployment;
    match role {
        Role::DeviceServices | Role::Balancer | Role::ReverseProxy => !deployment.device_services.backends.is_empty(),
        Role::TrustService => !deployment.trust_service.servers.is_empty(),
        _ => false,
    }
}

/// Whether the proxy led a vantage anywhere, or said honestly that it could not: then its silence is about the target.
pub fn is_led_on(case: &Case<'_>, vantage: Vantage) -> bool {
    let led_on = |fact: &ConnectionFact| match &fact.outcome {
        Err(ConversationFailure::Proxy { failure }) => matches!(failure, ProxyFailure::TargetUnreachable { .. }),
        _ => true,
    };
    case.from(vantage).flat_map(|recording| &recording.connections).any(|fact| fact.proxied && led_on(fact))
}

fn connected(fact: &ConnectionFact) -> Evidence {
    let evidence = Evidence::of("took", format!("{} ms", fact.took.as_millis()));
    match fact.connected_after {
        Some(after) => evidence.and("tcp", format!("connected after {} ms", after.as_millis())),
        None => evidence,
    }
}

/// The services that this recording's vantage asks and holds no conversation with: the name did not resolve, or time
/// ran out. One that is spoken to by http has no certificate.
pub fn unasked_services(recording: &Recording, roles: fn(Role) -> bool) -> Vec<Endpoint> {
    let deployment = &recording.deployment;
    let https = |url: &ServiceUrl| (url.url().scheme() == "https").then(|| url.endpoint());
    let has_trust_service =
        matches!(deployment.trust_service.mode, TrustServiceMode::OnPremises | TrustServiceMode::Awcm);
    let trust_service = deployment.trust_service.url.as_ref().filter(|_| has_trust_service);
    let services = [
        (Role::Discovery, Some(deployment.discovery_endpoint())),
        (Role::DeviceServices, https(&deployment.device_services.url)),
        (Role::TrustService, trust_service.and_then(https)),
    ];
    let is_silent = |role: Role| {
        let asked = recording.connections.iter().any(|fact| fact.role == role);
        roles(role) && recording.vantage.asks(role, deployment) && !asked
    };
    services.into_iter().filter(|(role, _)| is_silent(*role)).filter_map(|(_, endpoint)| endpoint).collect()
}

/// Declared servers whose name has no address, so that nobody asked them.
pub fn unasked_servers(case: &Case<'_>) -> Vec<Endpoint> {
    let roles = [Role::Backend, Role::Balancer, Role::ReverseProxy, Role::TrustServiceServer];
    let targets = roles.into_iter().flat_map(|role| case.unasked_servers(role));
    let endpoints = targets.filter_map(|target| match target {
        Target::Endpoint(endpoint) => Some(endpoint),
        _ => None,
    });
    endpoints.collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        deployment::{Policy, Proxy, ProxyScheme},
        testing::{NOW, recording, refused},
        x509::forge::met,
    };

    /// What the row of the console says of these conversations with discovery.
    fn row(connections: Vec<ConnectionFact>) -> Outcome {
        let mut recording = recording(Vantage::Console, TrustServiceMode::Cloud);
        recording.deployment.network.proxy =
            Some(Proxy { scheme: ProxyScheme::Http, host: "proxy.example.com".into(), port: 3128 });
        recording.connections = connections;
        let (recordings, policy) = ([recording], Policy::default());
        let case = Case::new(&recordings, &policy, NOW).unwrap();
        Row::CONSOLE_TO_DISCOVERY.judge(&case).swap_remove(0).1
    }

    fn asked(outcome: Result<(), ConversationFailure>) -> ConnectionFact {
        let role = Role::Discovery;
        let refused = refused(role, "discovery.awmdm.com", 443, [192, 0, 2, 1]);
        match outcome {
            Ok(()) => ConnectionFact { outcome: met([192, 0, 2, 1], vec![]).outcome, ..refused },
            Err(failure) => ConnectionFact { outcome: Err(failure), ..refused },
        }
    }

    #[test]
    fn what_fails_now_and_then_is_told_as_that() {
        let fails = || asked(Err(ConversationFailure::Tcp { failure: ConnectFailure::Refused }));
        let told = |outcome: &Outcome| match outcome {
            Outcome::Fail(finding) => finding.evidence.0.iter().any(|fact| fact.value.starts_with("1 of 2 handshakes")),
            other => panic!("{other:?}"),
        };
        assert!(told(&row(vec![asked(Ok(())), fails()])));
        assert!(!told(&row(vec![fails(), fails()])));
    }

    #[test]
    fn a_name_is_blamed_for_certain_where_no_balancer_may_have_led_elsewhere() {
        let after = Duration::from_secs(3);
        let failure = TlsFailure::SilentAfterClientHello { after };
        let stopped = Err(ConversationFailure::Tls { failure, chain: vec![] });
        let [named, nameless] = [met([10, 1, 0, 11], vec![]), met([10, 1, 0, 11], vec![])];
        let told = |backends| {
            let mut recording = recording(Vantage::Discovery, TrustServiceMode::Cloud);
            recording.deployment.device_services.backends = backends;
            recording.connections = vec![
                ConnectionFact { outcome: stopped.clone(), ..named.clone() },
                ConnectionFact { sni: None, ..nameless.clone() },
            ];
            let (recordings, policy) = ([recording], Policy::default());
            let case = Case::new(&recordings, &policy, NOW).unwrap();
            match Row::DISCOVERY_TO_DEVICE_SERVICES.judge(&case).swap_remove(0).1 {
                Outcome::Fail(finding) => {
                    finding.evidence.0.into_iter().find(|fact| fact.label == "without SNI").unwrap().value
                }
                other => panic!("{other:?}"),
            }
        };
        let certain = format!("the handshake completes: what stops it goes by the name {}", named.endpoint.host);
        assert_eq!(told(vec![]), certain);
        let behind = vec!["10.1.0.21".parse().unwrap(), "10.1.0.22".parse().unwrap()];
        assert_eq!(told(behind), format!("{certain}, unless another server behind the balancer answered it"));
    }

    #[test]
    fn the_silence_of_a_proxy_that_leads_to_others_is_about_the_target() {
        let silent = ProxyFailure::Silent { after: Duration::from_secs(3) };
        let fails = |failure| ConnectionFact { proxied: true, ..asked(Err(ConversationFailure::Proxy { failure })) };
        let elsewhere = |failure| ConnectionFact { role: Role::DeviceServices, ..fails(failure) };
        let led = ConnectionFact { proxied: true, role: Role::DeviceServices, ..asked(Ok(())) };
        let waits = |outcome: &Outcome| match outcome {
            Outcome::Fail(finding) => matches!(finding.cause, Cause::ProxyWaits { .. }),
            Outcome::NotObserved(_) => false,
            other => panic!("{other:?}"),
        };
        assert!(waits(&row(vec![fails(silent.clone()), led])));
        let answer = "HTTP/1.1 503 Service Unavailable".to_owned();
        assert!(waits(&row(vec![fails(silent.clone()), elsewhere(ProxyFailure::TargetUnreachable { answer })])));
        assert!(!waits(&row(vec![fails(silent.clone()), elsewhere(silent.clone())])));
        assert!(!waits(&row(vec![fails(silent), elsewhere(ProxyFailure::Closed)])));
    }
}
