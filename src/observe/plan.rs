//! The plan: which questions a run asks, of whom, and under which condition. Conditions rest on facts, never on verdicts.

use std::{
    collections::{BTreeSet, HashMap},
    net::{IpAddr, SocketAddr},
};

use pinflight_checks::{
    deployment::{Deployment, DnsTransport, Endpoint, Network, Proxy, Role, ServiceUrl, TrustServiceMode, Vantage},
    recording::{Request, Resolver, Spelling},
};
use url::Url;

use super::legacy::HELLOS;

/// How many addresses of one name are asked.
pub(super) const ADDRESSES: usize = 16;

/// How many Trust Service URLs that Device Services hands out are followed.
pub(super) const FOLLOW_UPS: usize = 3;

/// A name that does not exist (RFC 6761, 6.4).
pub(super) const NOWHERE: &str = "pinflight.invalid";

/// One question that a run may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What exactly is asked of whom.
    pub ask: String,
    /// On which fact it depends; none: asked in any case.
    pub condition: Option<String>,
}

/// Every question that a run from `vantage` may ask, each once, in the order of its results.
pub fn plan(vantage: Vantage, deployment: &Deployment) -> Vec<Question> {
    let network = &deployment.network;
    let mut plan = Vec::new();
    let targets = targets(vantage, deployment);
    if let Some(proxy) = targets.iter().find_map(|target| network.proxy_for(&target.place.host)) {
        names(&mut plan, &proxy.endpoint(), network, None);
    }
    for target in &targets {
        of_target(&mut plan, target, network, None);
    }
    if follows_up(vantage, deployment) {
        redirect(&mut plan, network);
    }
    if targets.iter().any(|target| Way::of(&target.place, network) == Way::Resolve) {
        let asks = resolvers(network).into_iter().map(|resolver| name_words(NOWHERE, &resolver));
        plan.extend(asks.map(|ask| Question { ask, condition: None }));
    }
    retries(&mut plan, network);
    let mut seen = BTreeSet::new();
    plan.retain(|question| seen.insert(question.ask.clone()));
    plan
}

fn of_target(plan: &mut Vec<Question>, target: &Target, network: &Network, because: Option<&str>) {
    let way = Way::of(&target.place, network);
    let mut condition = because.map(str::to_owned);
    if way == Way::Resolve {
        names(plan, &target.place, network, because);
        let each = format!("for each address of {} that is found, {ADDRESSES} at most", target.place.host);
        condition = Some(because.map_or(each.clone(), |because| format!("{because}: {each}")));
    }
    let places = way.places(target, network);
    for leaf in target.leaves(places.len()) {
        let condition = match (&leaf, target.repeats, &way) {
            (Leaf::Shake { repeat: 1.., .. }, Repeats::IfSeveral(_), Way::Resolve) => {
                Some(format!("if {} has more than one address, for each of them", target.place.host))
            }
            _ => condition.clone(),
        };
        plan.extend(places.iter().map(|place| Question { ask: leaf.words(place), condition: condition.clone() }));
    }
    if target.https {
        let condition = condition.map_or(NOTHING_IN_COMMON.to_owned(), |each| format!("{each}, {NOTHING_IN_COMMON}"));
        let asks = places.iter().map(|place| legacy_words(place, target.sni()));
        plan.extend(asks.map(|ask| Question { ask, condition: Some(condition.clone()) }));
    }
}

/// When a server is asked below rustls.
const NOTHING_IN_COMMON: &str =
    "if its TLS handshake fails for want of something in common (by what it says, an alert, a reset or a close)";

/// What is asked below rustls.
pub(super) fn legacy_words(place: &str, sni: Option<&str>) -> String {
    let name = sni.map_or("without SNI".to_owned(), |sni| format!("SNI {sni}"));
    format!("versions and suites of TLS 1.2 and older at {place}, {name}: {HELLOS} hellos at most")
}

fn names(plan: &mut Vec<Question>, place: &Endpoint, network: &Network, because: Option<&str>) {
    if known_addresses(place, network).is_some() {
        return;
    }
    let asks = resolvers(network).into_iter().map(|resolver| name_words(&place.host, &resolver));
    let asks = asks.chain([hosts_words(&place.host)]);
    plan.extend(asks.map(|ask| Question { ask, condition: because.map(str::to_owned) }));
}

fn redirect(plan: &mut Vec<Question>, network: &Network) {
    let because =
        format!("if Device Services names another Trust Service URL than the declared one, {FOLLOW_UPS} at most");
    let each = format!("{because}: for each of its addresses, {ADDRESSES} at most");
    let host = "the host of the named URL";
    if network.proxy.as_ref().is_none_or(|proxy| !proxy.scheme.resolves_names()) || !network.no_proxy.is_empty() {
        let asks = resolvers(network).into_iter().map(|resolver| name_words(host, &resolver));
        let asks = asks.chain([hosts_words(host)]);
        plan.extend(asks.map(|ask| Question { ask, condition: Some(because.clone()) }));
    }
    let place = match &network.proxy {
        Some(proxy) => format!("{host} through {proxy}"),
        None => host.to_owned(),
    };
    let mut add = |ask: String| plan.push(Question { ask, condition: Some(each.clone()) });
    add(format!("TLS handshake with {place}, SNI {host}"));
    add(format!("TLS handshake with {place} without SNI"));
    add(format!("TLS 1.2-only handshake with {place}, SNI {host}"));
    for spelling in SPELLINGS {
        add(format!("GET the named URL{} from {place}", settings_suffix(spelling)));
    }
    let condition = Some(format!("{each}, {NOTHING_IN_COMMON}"));
    plan.push(Question { ask: legacy_words(&place, Some(host)), condition });
}

fn retries(plan: &mut Vec<Question>, network: &Network) {
    let mut add =
        |ask: &str, condition: String| plan.push(Question { ask: ask.to_owned(), condition: Some(condition) });
    if network.retry > 0 {
        let condition = format!("if nobody answers within connect_timeout, up to {} times", network.retry);
        add("the same TCP connection again", condition);
    }
    if network.dns_servers.iter().any(|server| server.transport == DnsTransport::Udp) {
        let half = "if a DNS server does not answer within half of step_timeout, once";
        add("the same DNS question again over UDP", half.to_owned());
        add("the same DNS question over TCP", "if the answer over UDP is truncated".to_owned());
    }
    if !network.dns_servers.is_empty() {
        let condition = "if an answer ends in a CNAME without addresses, 8 in a row at most";
        add("A or AAAA of that CNAME from the same DNS server", condition.to_owned());
    }
}

/// One service or server, asked in one role.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) role: Role,
    /// The service.
    pub(super) endpoint: Endpoint,
    /// Where to connect: a name or an address.
    pub(super) place: Endpoint,
    /// Whether it speaks TLS.
    pub(super) https: bool,
    pub(super) gets: Vec<Get>,
    pub(super) repeats: Repeats,
    /// The name of the other service, which shares no port with this one: each address is asked under it too.
    pub(super) other_name: Option<String>,
}

/// A GET of the protocol.
#[derive(Clone, Debug)]
pub(super) struct Get {
    pub(super) request: Request,
    pub(super) url: Url,
}

/// How often the handshake with SNI is asked of each address, the first time included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeats {
    Once,
    IfSeveral(u32),
    Always(u32),
}

/// A question to one address.
#[derive(Clone, Debug)]
pub(super) enum Leaf {
    Shake {
        sni: Option<String>,
        repeat: u32,
    },
    /// With TLS 1.2 alone, as devices ask.
    Shake12 {
        sni: Option<String>,
    },
    /// Under the name of the other service.
    OtherName {
        sni: String,
    },
    Get {
        get: Get,
    },
}

impl Leaf {
    /// The question's words, which are also what tells it from every other.
    pub(super) fn words(&self, place: &str) -> String {
        match self {
            Self::Shake { sni: Some(sni), repeat: 0 } | Self::OtherName { sni } => {
                format!("TLS handshake with {place}, SNI {sni}")
            }
            Self::Shake { sni: Some(sni), repeat } => format!("TLS handshake with {place}, SNI {sni}, repeat {repeat}"),
            Self::Shake { sni: None, repeat: 0 } => format!("TLS handshake with {place} without SNI"),
            Self::Shake { sni: None, repeat } => format!("TLS handshake with {place} without SNI, repeat {repeat}"),
            Self::Shake12 { sni: Some(sni) } => format!("TLS 1.2-only handshake with {place}, SNI {sni}"),
            Self::Shake12 { sni: None } => format!("TLS 1.2-only handshake with {place} without SNI"),
            Self::Get { get } => format!("GET {} from {place}", get.url),
        }
    }
}

impl Target {
    /// The server name to send; RFC 6066 knows none for an address.
    pub(super) fn sni(&self) -> Option<&str> {
        self.endpoint.ip().is_none().then_some(self.endpoint.host.as_str())
    }

    /// What is asked of each address, if there are so many.
    pub(super) fn leaves(&self, addresses: usize) -> Vec<Leaf> {
        let total = match self.repeats {
            Repeats::Always(total) => total,
            Repeats::IfSeveral(total) if addresses > 1 => total,
            Repeats::IfSeveral(_) | Repeats::Once => 1,
        };
        let mut leaves = Vec::new();
        if self.https {
            let sni = self.sni().map(str::to_owned);
            let first = sni.iter().map(|sni| Leaf::Shake { sni: Some(sni.clone()), repeat: 0 });
            leaves.extend(first.chain([Leaf::Shake { sni: None, repeat: 0 }]));
            leaves.extend((1..total).map(|repeat| Leaf::Shake { sni: sni.clone(), repeat }));
            leaves.extend(self.other_name.iter().map(|sni| Leaf::OtherName { sni: sni.clone() }));
            leaves.push(Leaf::Shake12 { sni });
        }
        leaves.extend(self.gets.iter().map(|get| Leaf::Get { get: get.clone() }));
        leaves
    }
}

/// How a place is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Its addresses are known: it is one, or `--resolve` names them.
    Known(Vec<IpAddr>),
    /// By name through a proxy that resolves it.
    ByName,
    /// Its name has to be resolved.
    Resolve,
}

impl Way {
    pub(super) fn of(place: &Endpoint, network: &Network) -> Self {
        if let Some(addresses) = known_addresses(place, network) {
            return Self::Known(addresses);
        }
        match network.proxy_for(&place.host) {
            Some(proxy) if proxy.scheme.resolves_names() => Self::ByName,
            _ => Self::Resolve,
        }
    }

    /// The words for each place that is asked.
    fn places(&self, target: &Target, network: &Network) -> Vec<String> {
        let proxy = network.proxy_for(&target.place.host);
        match self {
            Self::Known(addresses) => addresses
                .iter()
                .take(ADDRESSES)
                .map(|ip| place_words(&Endpoint::new(ip.to_string(), target.place.port), proxy))
                .collect(),
            Self::ByName => vec![place_words(&target.place, proxy)],
            Self::Resolve => {
                let each = format!("each address of {}, port {}", target.place.host, target.place.port);
                // Two, so that what depends on several addresses is planned.
                let place = proxy.map_or(each.clone(), |proxy| format!("{each} through {proxy}"));
                vec![place.clone(), place]
            }
        }
    }

    /// What stands for the target's questions until its name is resolved.
    pub(super) fn unresolved(&self, target: &Target, network: &Network) -> Vec<String> {
        let places = self.places(target, network);
        let leaves = target.leaves(1);
        leaves.iter().filter_map(|leaf| places.first().map(|place| leaf.words(place))).collect()
    }
}

/// `10.0.0.1:443`, `ds.example.com:443 through http://proxy.example.com:3128`.
pub(super) fn place_words(place: &Endpoint, proxy: Option<&Proxy>) -> String {
    proxy.map_or(place.to_string(), |proxy| format!("{place} through {proxy}"))
}

/// The question for a name.
pub(super) fn name_words(name: &str, resolver: &Resolver) -> String {
    format!("A and AAAA of {name} from {resolver}")
}

/// The look into the hosts file.
pub(super) fn hosts_words(name: &str) -> String {
    format!("the hosts file for {name}")
}

/// Whom names are asked of.
pub(super) fn resolvers(network: &Network) -> Vec<Resolver> {
    let system = network.system_resolver.then_some(Resolver::System);
    system.into_iter().chain(network.dns_servers.iter().cloned().map(Resolver::Server)).collect()
}

/// The addresses of a place that nobody has to be asked for: it is one, or `--resolve` names them.
pub(super) fn known_addresses(place: &Endpoint, network: &Network) -> Option<Vec<IpAddr>> {
    if let Some(ip) = place.ip() {
        return Some(vec![ip]);
    }
    let addresses = overridden(place, network)?;
    Some(addresses.iter().copied().filter(|ip| network.address_family.admits(*ip)).collect())
}

/// What `--resolve` says of a name and port; the name itself goes before `*`.
pub(super) fn overridden<'a>(place: &Endpoint, network: &'a Network) -> Option<&'a [IpAddr]> {
    let by = |host: &str| network.resolve.iter().find(|rule| rule.host == host && rule.port == place.port);
    let rule = if place.ip().is_some() { None } else { by(&place.host).or_else(|| by("*")) };
    rule.map(|rule| rule.addresses.as_slice())
}

/// Everything declared that this vantage asks, in the order of the results.
pub(super) fn targets(vantage: Vantage, deployment: &Deployment) -> Vec<Target> {
    let mut targets = vec![discovery(deployment)];
    device_services(&mut targets, deployment);
    if deployment.device_needs_trust_service()
        && let Some(url) = &deployment.trust_service.url
    {
        targets.push(trust_service(Role::TrustService, url, deployment));
        let port = url.endpoint().port;
        targets.extend(deployment.trust_service.servers.iter().map(|server| Target {
            place: server.endpoint(port),
            ..trust_service(Role::TrustServiceServer, url, deployment)
        }));
    }
    other_names(&mut targets, deployment);
    targets.retain(|target| vantage.asks(target.role, deployment));
    targets
}

/// A Trust Service on premises must share its port with nothing, Device Services least of all: its port is asked under
/// their name, and theirs under its name where the port has the same number.
fn other_names(targets: &mut [Target], deployment: &Deployment) {
    let declared = deployment.trust_service.url.as_ref().filter(|url| url.url().scheme() == "https");
    let Some(url) = declared.filter(|_| deployment.trust_service.mode == TrustServiceMode::OnPremises) else { return };
    let (trust_service, device_services) = (url.endpoint(), deployment.device_services_endpoint());
    // An address is never sent as a name, and one name for both tells nothing apart.
    let names = [&trust_service, &device_services].into_iter().all(|endpoint| endpoint.ip().is_none());
    if !names || trust_service.host == device_services.host {
        return;
    }
    let ports: BTreeSet<u16> =
        targets.iter().filter(|target| target.role.is_trust_service()).map(|target| target.place.port).collect();
    for target in targets {
        if target.role.is_trust_service() {
            target.other_name = Some(device_services.host.clone());
        } else if target.role.is_device_services() && ports.contains(&target.place.port) {
            target.other_name = Some(trust_service.host.clone());
        }
    }
}

fn discovery(deployment: &Deployment) -> Target {
    let endpoint = deployment.discovery_endpoint();
    let get = |request: Request, path: &str| {
        let url = Url::parse(&format!("https://{endpoint}/autodiscovery/{path}"));
        url.ok().map(|url| Get { request, url })
    };
    let registry = get(Request::HostRegistry, &format!("HostRegistry.aws?URL={}", host_parameter(deployment)));
    let domain = deployment.discovery.mail_domain.as_ref().and_then(|domain| {
        let mut lookup = get(Request::DomainLookup, "awcredentials.aws/v2/domainlookup/domain/")?;
        lookup.url.path_segments_mut().ok()?.pop_if_empty().push(domain);
        Some(lookup)
    });
    Target {
        role: Role::Discovery,
        place: connect_to(&endpoint, &deployment.network),
        endpoint,
        https: true,
        gets: registry.into_iter().chain(domain).collect(),
        repeats: Repeats::Once,
        other_name: None,
    }
}

fn device_services(targets: &mut Vec<Target>, deployment: &Deployment) {
    let declared = &deployment.device_services;
    let endpoint = declared.url.endpoint();
    let port = endpoint.port;
    let get = trust_service_settings(deployment).filter(|_| hands_out_trust_service(deployment));
    let gets: Vec<_> = get.into_iter().collect();
    let total = deployment.network.repeat.max(1);
    let several = declared.servers().next().is_some();
    let named = Target {
        role: Role::DeviceServices,
        place: connect_to(&endpoint, &deployment.network),
        endpoint,
        https: declared.url.url().scheme() == "https",
        gets,
        repeats: if several { Repeats::Always(total) } else { Repeats::IfSeveral(total) },
        other_name: None,
    };
    let servers = declared.servers().map(|(role, server)| Target {
        role,
        place: server.endpoint(port),
        gets: if role == Role::Backend { named.gets.clone() } else { Vec::new() },
        repeats: Repeats::Once,
        ..named.clone()
    });
    let servers: Vec<_> = servers.collect();
    targets.push(named);
    targets.extend(servers);
}

/// The request by which devices learn the Trust Service's URL.
fn trust_service_settings(deployment: &Deployment) -> Option<Get> {
    let url = deployment.device_services.url.url().join("/DeviceServices/TrustServiceSettings").ok()?;
    Some(Get { request: Request::TrustServiceSettings, url })
}

/// Device Services under their own name, and that request alone, whatever is declared of a Trust Service.
pub(super) fn handed_out(deployment: &Deployment) -> Option<(Target, Get)> {
    let endpoint = deployment.device_services.url.endpoint();
    let get = trust_service_settings(deployment)?;
    let target = Target {
        role: Role::DeviceServices,
        place: connect_to(&endpoint, &deployment.network),
        endpoint,
        https: true,
        gets: vec![get.clone()],
        repeats: Repeats::Once,
        other_name: None,
    };
    Some((target, get))
}

/// What [`handed_out`] comes to.
pub(super) fn of_handed_out(deployment: &Deployment) -> Vec<Question> {
    let network = &deployment.network;
    let mut plan = Vec::new();
    let Some((target, get)) = handed_out(deployment) else { return plan };
    if let Some(proxy) = network.proxy_for(&target.place.host) {
        names(&mut plan, &proxy.endpoint(), network, None);
    }
    let way = Way::of(&target.place, network);
    if way == Way::Resolve {
        names(&mut plan, &target.place, network, None);
    }
    let mut places = way.places(&target, network);
    // Two stand for however many a name has.
    places.dedup();
    let leaf = Leaf::Get { get };
    plan.extend(places.iter().enumerate().map(|(at, place)| {
        let condition = (at > 0).then(|| "if nothing before it answered".to_owned());
        Question { ask: leaf.words(place), condition }
    }));
    plan
}

fn trust_service(role: Role, url: &ServiceUrl, deployment: &Deployment) -> Target {
    let endpoint = url.endpoint();
    let gets = SPELLINGS.into_iter().filter_map(|spelling| {
        let url = settings_url(url, spelling, &host_parameter(deployment))?;
        Some(Get { request: Request::Settings { spelling }, url })
    });
    Target {
        role,
        place: connect_to(&endpoint, &deployment.network),
        https: url.url().scheme() == "https",
        gets: gets.collect(),
        repeats: Repeats::Once,
        other_name: None,
        endpoint,
    }
}

/// The follow-up where Device Services hands out another URL than the declared one.
pub(super) fn redirect_target(url: &ServiceUrl, deployment: &Deployment) -> Target {
    trust_service(Role::RedirectTarget, url, deployment)
}

/// Whether Device Services is asked for the Trust Service's URL.
fn hands_out_trust_service(deployment: &Deployment) -> bool {
    let service = &deployment.trust_service;
    let is_awcm = service.mode == TrustServiceMode::Awcm;
    service.mode == TrustServiceMode::OnPremises || (is_awcm && service.url.is_some())
}

/// Whether what it hands out is followed.
pub(super) fn follows_up(vantage: Vantage, deployment: &Deployment) -> bool {
    vantage.asks(Role::RedirectTarget, deployment) && hands_out_trust_service(deployment)
}

/// Whether a URL leads elsewhere than the declared one: by endpoint, scheme or path, in whatever case.
pub(super) fn leads_elsewhere(url: &ServiceUrl, declared: Option<&ServiceUrl>) -> bool {
    declared.is_none_or(|declared| place_of(url) != place_of(declared))
}

/// What makes a Trust Service URL that very one.
pub(super) fn place_of(url: &ServiceUrl) -> String {
    let path = url.url().path().trim_end_matches('/').to_ascii_lowercase();
    format!("{}://{}{path}", url.url().scheme(), url.endpoint())
}

const SPELLINGS: [Spelling; 2] = [Spelling::Guide, Spelling::Client];

fn settings_suffix(spelling: Spelling) -> &'static str {
    match spelling {
        Spelling::Guide => "/sslpinning/settings",
        Spelling::Client => "/SSLPinning/Settings",
    }
}

fn settings_url(url: &ServiceUrl, spelling: Spelling, host: &str) -> Option<Url> {
    let url = url.url();
    let path = url.path().trim_end_matches('/');
    let origin = url.origin().ascii_serialization();
    Url::parse(&format!("{origin}{path}{}?URL={host}", settings_suffix(spelling))).ok()
}

/// Device Services' host as the value of `URL=`: no scheme, no port.
fn host_parameter(deployment: &Deployment) -> String {
    url::form_urlencoded::byte_serialize(deployment.device_services.url.host().as_bytes()).collect()
}

/// curl's `--connect-to`: the first rule that applies.
fn connect_to(endpoint: &Endpoint, network: &Network) -> Endpoint {
    let applies = network.connect_to.iter().find(|rule| {
        rule.host.as_ref().is_none_or(|host| *host == endpoint.host)
            && rule.port.is_none_or(|port| port == endpoint.port)
    });
    let Some(rule) = applies else { return endpoint.clone() };
    Endpoint::new(rule.to_host.as_ref().unwrap_or(&endpoint.host), rule.to_port.unwrap_or(endpoint.port))
}

/// The most conversations and look-ups that a run may come to, for its deadline.
pub(super) fn most_conversations(targets: &[Target], network: &Network, follows_up: bool) -> usize {
    let each = |target: &Target, addresses: usize| addresses * most_of_an_address(target, addresses);
    let of = |target: &Target| match Way::of(&target.place, network) {
        Way::Known(addresses) => each(target, addresses.len().min(ADDRESSES)),
        Way::ByName => each(target, 1),
        Way::Resolve => each(target, ADDRESSES) + resolvers(network).len(),
    };
    let follow_ups = if follows_up { FOLLOW_UPS * (ADDRESSES * 6 + resolvers(network).len()) } else { 0 };
    targets.iter().map(of).sum::<usize>() + follow_ups
}

/// The most conversations that one server may be asked for: targets at one place are one server's.
pub(super) fn most_with_one_server(targets: &[Target]) -> usize {
    let mut places = HashMap::new();
    for target in targets {
        *places.entry(&target.place).or_insert(0) += most_of_an_address(target, ADDRESSES);
    }
    places.into_values().max().unwrap_or(0)
}

/// Each address may be asked below rustls, too.
fn most_of_an_address(target: &Target, addresses: usize) -> usize {
    target.leaves(addresses).len() + 1
}

/// An address and port as an endpoint.
pub(super) fn endpoint_of(address: SocketAddr) -> Endpoint {
    Endpoint::new(address.ip().to_string(), address.port())
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
