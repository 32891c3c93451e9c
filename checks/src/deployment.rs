//! What the admin declares of the deployment: already parsed, so that nothing behind it validates again.
//!
//! The words are the vendor guide's: UEM console, Device Services, Trust Service, discovery.

use std::{
    collections::BTreeMap,
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    glob,
    time::{Timestamp, millis},
};

/// The auto-discovery host of the vendor's cloud.
pub const DISCOVERY_HOST: &str = "discovery.awmdm.com";

/// Where a run looks from: the source column of the guide's firewall table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vantage {
    /// The UEM console server.
    Console,
    /// A Device Services server.
    DeviceServices,
    /// Any machine outside, standing in for the vendor's cloud.
    Discovery,
    /// A machine on a network that devices use.
    Device,
}

impl Vantage {
    /// All of them, in the order of the firewall table.
    pub const ALL: [Self; 4] = [Self::Console, Self::DeviceServices, Self::Discovery, Self::Device];

    /// As `--from` spells it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Console => "console",
            Self::DeviceServices => "device-services",
            Self::Discovery => "discovery",
            Self::Device => "device",
        }
    }

    /// For a sentence: "run this on …".
    pub fn place(self) -> &'static str {
        match self {
            Self::Console => "the UEM console server",
            Self::DeviceServices => "a Device Services server",
            Self::Discovery => "any machine outside your network, standing in for the cloud",
            Self::Device => "a machine on a network that devices use",
        }
    }

    /// Whether this vantage asks an endpoint of this role at all. The firewall table and the guide's own proofs decide:
    /// a way that nobody needs is not asked, so that its being shut is never reported as a fault.
    pub fn asks(self, role: Role, deployment: &Deployment) -> bool {
        let inside = matches!(self, Self::Console | Self::DeviceServices);
        match role {
            Role::DeviceServices | Role::Balancer | Role::ReverseProxy => true,
            Role::Discovery => inside || (self == Self::Device && !deployment.device_needs_trust_service()),
            Role::TrustService | Role::RedirectTarget => self != Self::Discovery,
            Role::Backend | Role::TrustServiceServer => inside,
        }
    }
}

impl fmt::Display for Vantage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// What an endpoint is in the deployment: why it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The cloud Trust Service and auto-discovery host.
    Discovery,
    /// Device Services under its public name.
    DeviceServices,
    /// One Device Services server behind the balancer, asked under the name of Device Services.
    Backend,
    /// A balancer in front of Device Services, asked by address under the name of Device Services.
    Balancer,
    /// A reverse proxy in front of Device Services, asked like a balancer.
    ReverseProxy,
    /// The Trust Service under its name.
    TrustService,
    /// One server, balancer or reverse proxy that must present the Trust Service's certificate.
    TrustServiceServer,
    /// The Trust Service URL that Device Services hands out, where it is not the declared one.
    RedirectTarget,
}

impl Role {
    /// For sentences.
    pub fn words(self) -> &'static str {
        match self {
            Self::Discovery => "discovery",
            Self::DeviceServices => "Device Services",
            Self::Backend => "Device Services server",
            Self::Balancer => "balancer",
            Self::ReverseProxy => "reverse proxy",
            Self::TrustService => "Trust Service",
            Self::TrustServiceServer => "Trust Service server",
            Self::RedirectTarget => "Trust Service named by Device Services",
        }
    }

    /// Whether devices meet its key as Device Services: a row of the pin matrix.
    pub fn is_device_services(self) -> bool {
        matches!(self, Self::DeviceServices | Self::Backend | Self::Balancer | Self::ReverseProxy)
    }

    /// Whether it must present the Trust Service's certificate.
    pub fn is_trust_service(self) -> bool {
        matches!(self, Self::TrustService | Self::TrustServiceServer | Self::RedirectTarget)
    }
}

/// A host (name in lower case, or address without brackets) and a port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Endpoint {
    /// DNS name in lower-case A-label form, or an IP address.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

impl Endpoint {
    /// An endpoint; the host is taken as it is.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port }
    }

    /// The host as an address, where it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Everything the admin declares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deployment {
    /// The cloud Trust Service and auto-discovery.
    pub discovery: Discovery,
    /// Host of the UEM console, if told.
    pub console: Option<String>,
    /// Device Services and all that stands in front of it.
    pub device_services: DeviceServices,
    /// The Trust Service in use.
    pub trust_service: TrustService,
    /// Which roots count.
    pub trust: Trust,
    /// How the network is to be asked.
    pub network: Network,
    /// What a person has confirmed.
    pub confirmed: Confirmed,
    /// The command line and configuration that would ask the same from elsewhere, without `--from`:
    /// `pinflight check --config pinflight.toml`.
    pub command: String,
}

impl Deployment {
    /// Row 4 of the firewall table: devices need the on-premises Trust Service instead of discovery.
    pub fn device_needs_trust_service(&self) -> bool {
        match self.trust_service.mode {
            TrustServiceMode::OnPremises => true,
            TrustServiceMode::Awcm => self.trust_service.url.is_some(),
            TrustServiceMode::Cloud | TrustServiceMode::None => false,
        }
    }

    /// Discovery's endpoint.
    pub fn discovery_endpoint(&self) -> Endpoint {
        Endpoint::new(&self.discovery.host, self.discovery.port)
    }

    /// Device Services' endpoint under its public name.
    pub fn device_services_endpoint(&self) -> Endpoint {
        self.device_services.url.endpoint()
    }

    /// The declared Trust Service's endpoint.
    pub fn trust_service_endpoint(&self) -> Option<Endpoint> {
        self.trust_service.url.as_ref().map(ServiceUrl::endpoint)
    }

    /// The command that asks the same questions from another vantage and keeps what was seen, to be judged together.
    pub fn command_from(&self, vantage: Vantage) -> String {
        format!("{} --from {vantage} --record {vantage}.json", self.command)
    }
}

/// `[discovery]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Discovery {
    /// Host of the cloud Trust Service.
    pub host: String,
    /// Its port, 443 unless a test says otherwise.
    pub port: u16,
    /// The mail domain users type for auto-discovery.
    pub mail_domain: Option<String>,
}

/// `[device_services]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceServices {
    /// The public URL that devices use.
    pub url: ServiceUrl,
    /// Each server behind the balancer.
    pub backends: Vec<ServerAddress>,
    /// Balancers, by address.
    pub balancers: Vec<ServerAddress>,
    /// Reverse proxies, by address.
    pub reverse_proxies: Vec<ServerAddress>,
    /// Certificates that were, or will be, uploaded to the console.
    pub certificates: Vec<String>,
    /// Certificates that will replace them.
    pub next_certificates: Vec<String>,
    /// Pins known from elsewhere, as written.
    pub pins: Vec<String>,
}

impl DeviceServices {
    /// Servers with their roles, in the order of the configuration.
    pub fn servers(&self) -> impl Iterator<Item = (Role, &ServerAddress)> {
        let backends = self.backends.iter().map(|server| (Role::Backend, server));
        let balancers = self.balancers.iter().map(|server| (Role::Balancer, server));
        let proxies = self.reverse_proxies.iter().map(|server| (Role::ReverseProxy, server));
        backends.chain(balancers).chain(proxies)
    }
}

/// How devices learn the pins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrustServiceMode {
    /// The vendor's cloud Trust Service on the discovery host.
    Cloud,
    /// A Trust Service of the customer's own.
    OnPremises,
    /// The one that AWCM brings along; the guide's provisioning steps do not apply.
    Awcm,
    /// No Trust Service: pins come from the cloud registry alone.
    None,
}

impl TrustServiceMode {
    /// As the configuration spells it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Cloud => "cloud",
            Self::OnPremises => "on-premises",
            Self::Awcm => "awcm",
            Self::None => "none",
        }
    }
}

/// `[trust_service]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrustService {
    /// Which kind is in use.
    pub mode: TrustServiceMode,
    /// As saved in the console. Its form is judged by `trust-service/url`, so any absolute http(s) URL is accepted here.
    pub url: Option<ServiceUrl>,
    /// Every server, balancer and reverse proxy that must present its certificate.
    pub servers: Vec<ServerAddress>,
    /// Its signed certificate, as a file.
    pub certificate: Option<String>,
    /// Its certificate signing request, as a file.
    pub csr: Option<String>,
    /// The signing root, as a file.
    pub signing_root: Option<String>,
    /// Domain of the Workspace ONE ID.
    pub workspace_one_id_domain: Option<String>,
}

/// An absolute http or https URL as the admin wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServiceUrl {
    text: String,
    url: Url,
}

/// Why a text is no [`ServiceUrl`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Not a URL at all.
    #[error("not a URL ({0}); write it like https://ds.example.com")]
    Unparsable(String),
    /// A scheme that no device speaks.
    #[error("scheme {0:?} is not http or https; write it like https://ds.example.com")]
    Scheme(String),
    /// User name or password in the URL.
    #[error("it carries a user name or password; leave them out")]
    Credentials,
}

impl ServiceUrl {
    /// As written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Parsed.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Host in lower case (A-labels), address without brackets.
    pub fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        host.trim_start_matches('[').trim_end_matches(']').to_owned()
    }

    /// Host and port, with the scheme's default port.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::new(self.host(), self.url.port_or_known_default().unwrap_or(443))
    }
}

impl FromStr for ServiceUrl {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let url = Url::parse(text).map_err(|error| UrlError::Unparsable(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(UrlError::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UrlError::Credentials);
        }
        Ok(Self { text: text.to_owned(), url })
    }
}

impl TryFrom<String> for ServiceUrl {
    type Error = UrlError;

    fn try_from(text: String) -> Result<Self, UrlError> {
        text.parse()
    }
}

impl From<ServiceUrl> for String {
    fn from(url: ServiceUrl) -> Self {
        url.text
    }
}

/// One server, by address (`10.1.0.12`, `10.1.0.12:8443`, `[fd00::1]:443`) or by an internal name (`ds1.corp:8443`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ServerAddress {
    /// Address without brackets, or name in lower case.
    pub host: String,
    /// The port, where it is not that of the service's URL.
    pub port: Option<u16>,
}

/// Why a text is no [`ServerAddress`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write an address or a name, with a port if it is another: 10.1.0.12, 10.1.0.12:8443, [fd00::1]:443")]
pub struct ServerAddressError;

impl ServerAddress {
    /// Where to connect, with the port of the service that it serves unless it has its own.
    pub fn endpoint(&self, service_port: u16) -> Endpoint {
        Endpoint::new(&self.host, self.port.unwrap_or(service_port))
    }
}

impl FromStr for ServerAddress {
    type Err = ServerAddressError;

    fn from_str(text: &str) -> Result<Self, ServerAddressError> {
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        if let Ok(ip) = bare.parse::<IpAddr>() {
            return Ok(Self { host: ip.to_string(), port: None });
        }
        if let Ok(address) = text.parse::<SocketAddr>()
            && address.port() != 0
        {
            return Ok(Self { host: address.ip().to_string(), port: Some(address.port()) });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().map_err(|_| ServerAddressError)?)),
            None => (text, None),
        };
        if port == Some(0) {
            return Err(ServerAddressError);
        }
        match url::Host::parse(host) {
            Ok(url::Host::Domain(name)) => Ok(Self { host: name, port }),
            Ok(url::Host::Ipv4(ip)) => Ok(Self { host: ip.to_string(), port }),
            Ok(url::Host::Ipv6(ip)) => Ok(Self { host: ip.to_string(), port }),
            Err(_) => Err(ServerAddressError),
        }
    }
}

impl TryFrom<String> for ServerAddress {
    type Error = ServerAddressError;

    fn try_from(text: String) -> Result<Self, ServerAddressError> {
        text.parse()
    }
}

impl From<ServerAddress> for String {
    fn from(address: ServerAddress) -> Self {
        address.to_string()
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => Endpoint::new(&self.host, port).fmt(f),
            None => f.write_str(&self.host),
        }
    }
}

/// `[trust]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trust {
    /// Which public roots count.
    pub roots: RootStore,
    /// Files with further roots and intermediates (`--cacert`).
    pub ca_files: Vec<String>,
}

/// Which public roots count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RootStore {
    /// Mozilla's root programme, bundled.
    Mozilla,
    /// The operating system's store.
    System,
    /// Only `ca_files`.
    None,
}

/// `[network]`: how the network is to be asked. Proxy credentials are not part of it; they never leave the observer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// The proxy for all TCP conversations but those of `no_proxy`.
    pub proxy: Option<Proxy>,
    /// Names (`example.com` and all below it, `*.example.com`), addresses and networks that are asked directly; `*` for all.
    pub no_proxy: Vec<String>,
    /// Whether the operating system's resolver is asked. Off, only `dns_servers` are.
    pub system_resolver: bool,
    /// DNS servers asked besides it.
    pub dns_servers: Vec<DnsServer>,
    /// curl's `--resolve`.
    pub resolve: Vec<ResolveOverride>,
    /// curl's `--connect-to`.
    pub connect_to: Vec<ConnectTo>,
    /// For each TCP connection.
    #[serde(with = "millis")]
    pub connect_timeout: Duration,
    /// For each step of a conversation (DNS, proxy, TLS, HTTP).
    #[serde(with = "millis")]
    pub step_timeout: Duration,
    /// For each question with all its steps.
    #[serde(with = "millis")]
    pub question_timeout: Duration,
    /// For the whole run; `None`: from the plan's size.
    #[serde(with = "millis::option")]
    pub max_time: Option<Duration>,
    /// How often a TCP connection that timed out is tried again.
    pub retry: u32,
    /// How many conversations may be under way at once.
    pub jobs: usize,
    /// How often a name that more than one server answers is asked.
    pub repeat: u32,
    /// Which addresses count.
    pub address_family: AddressFamily,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            proxy: None,
            no_proxy: Vec::new(),
            system_resolver: true,
            dns_servers: Vec::new(),
            resolve: Vec::new(),
            connect_to: Vec::new(),
            connect_timeout: Duration::from_secs(5),
            step_timeout: Duration::from_secs(8),
            question_timeout: Duration::from_secs(20),
            max_time: None,
            retry: 0,
            jobs: 64,
            repeat: 3,
            address_family: AddressFamily::Both,
        }
    }
}

impl Network {
    /// The proxy that a conversation with `host` goes through.
    pub fn proxy_for(&self, host: &str) -> Option<&Proxy> {
        let proxy = self.proxy.as_ref()?;
        let direct = self.no_proxy.iter().any(|rule| no_proxy_matches(rule, host));
        (!direct).then_some(proxy)
    }
}

/// curl's rules for `NO_PROXY`: a name covers itself and all names below it, a leading `*.` or `.` changes nothing;
/// an address or a network in CIDR form covers addresses.
fn no_proxy_matches(rule: &str, host: &str) -> bool {
    let rule = rule.trim();
    if rule == "*" {
        return true;
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        return match rule.split_once('/') {
            None => rule.trim_matches(['[', ']']).parse::<IpAddr>() == Ok(address),
            Some((network, bits)) => in_network(address, network, bits),
        };
    }
    let name = rule.trim_start_matches('*').trim_start_matches('.').to_ascii_lowercase();
    if name.is_empty() {
        return false;
    }
    host == name || host.strip_suffix(&name).is_some_and(|rest| rest.ends_with('.'))
}

fn in_network(address: IpAddr, network: &str, bits: &str) -> bool {
    let (Ok(network), Ok(bits)) = (network.parse::<IpAddr>(), bits.parse::<u32>()) else {
        return false;
    };
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(n)) if bits <= 32 => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            a.to_bits() & mask == n.to_bits() & mask
        }
        (IpAddr::V6(a), IpAddr::V6(n)) if bits <= 128 => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            a.to_bits() & mask == n.to_bits() & mask
        }
        _ => false,
    }
}

/// A declared proxy, without its credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proxy {
    /// How it is spoken to.
    pub scheme: ProxyScheme,
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl Proxy {
    /// Host and port.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::new(&self.host, self.port)
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.id(), self.endpoint())
    }
}

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyScheme {
    /// HTTP CONNECT over plain TCP.
    Http,
    /// HTTP CONNECT over TLS.
    Https,
    /// SOCKS5, names resolved here.
    Socks5,
    /// SOCKS5, names resolved by the proxy.
    Socks5h,
}

impl ProxyScheme {
    /// As in a URL.
    pub fn id(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Socks5 => "socks5",
            Self::Socks5h => "socks5h",
        }
    }

    /// Whether names are resolved by the proxy.
    pub fn resolves_names(self) -> bool {
        self != Self::Socks5
    }
}

/// A DNS server to ask: `10.1.0.53`, `10.1.0.53:5353`, `tcp://10.1.0.53`, `tls://9.9.9.9#dns.quad9.net`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DnsServer {
    /// Where it listens (53, or 853 for TLS, unless told otherwise).
    pub address: SocketAddr,
    /// How it is asked.
    pub transport: DnsTransport,
}

/// How a DNS server is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DnsTransport {
    /// UDP, and TCP where the answer is truncated.
    Udp,
    /// TCP only.
    Tcp,
    /// DNS over TLS (RFC 7858), authenticated by this name.
    Tls {
        /// The name its certificate must bear.
        name: String,
    },
}

/// Why a text is no [`DnsServer`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write an address: 10.1.0.53, 10.1.0.53:5353, tcp://10.1.0.53 or tls://9.9.9.9#dns.quad9.net")]
pub struct DnsServerError;

impl FromStr for DnsServer {
    type Err = DnsServerError;

    fn from_str(text: &str) -> Result<Self, DnsServerError> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("udp", text));
        let (address, name) = match rest.split_once('#') {
            Some((address, name)) => (address, Some(name)),
            None => (rest, None),
        };
        let (transport, default_port) = match (scheme, name) {
            ("udp", None) => (DnsTransport::Udp, 53),
            ("tcp", None) => (DnsTransport::Tcp, 53),
            ("tls", Some(name)) if !name.is_empty() => (DnsTransport::Tls { name: name.to_owned() }, 853),
            _ => return Err(DnsServerError),
        };
        let ip = address.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let address = match (address.parse::<SocketAddr>(), ip) {
            (Ok(address), _) => address,
            (_, Ok(ip)) => SocketAddr::new(ip, default_port),
            _ => return Err(DnsServerError),
        };
        Ok(Self { address, transport })
    }
}

impl fmt::Display for DnsServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.transport {
            DnsTransport::Udp if self.address.port() == 53 => write!(f, "{}", self.address.ip()),
            DnsTransport::Udp => write!(f, "{}", self.address),
            DnsTransport::Tcp => write!(f, "tcp://{}", self.address),
            DnsTransport::Tls { name } => write!(f, "tls://{}#{name}", self.address),
        }
    }
}

/// curl's `--resolve HOST:PORT:ADDR[,ADDR]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResolveOverride {
    /// Name in lower case, or `*`.
    pub host: String,
    /// Port.
    pub port: u16,
    /// The addresses to use instead of the resolvers' answers.
    pub addresses: Vec<IpAddr>,
}

/// curl's `--connect-to HOST1:PORT1:HOST2:PORT2`; an empty HOST1 or PORT1 matches all, an empty HOST2 or PORT2 keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectTo {
    /// What it applies to.
    pub host: Option<String>,
    /// What it applies to.
    pub port: Option<u16>,
    /// Where to connect instead.
    pub to_host: Option<String>,
    /// Where to connect instead.
    pub to_port: Option<u16>,
}

/// `-4`, `-6`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AddressFamily {
    /// IPv4 and IPv6.
    Both,
    /// IPv4 only.
    Ipv4,
    /// IPv6 only.
    Ipv6,
}

impl AddressFamily {
    /// Whether an address of this kind is asked.
    pub fn admits(self, address: IpAddr) -> bool {
        match self {
            Self::Both => true,
            Self::Ipv4 => address.is_ipv4(),
            Self::Ipv6 => address.is_ipv6(),
        }
    }
}

/// `[confirmed]`: the day on which a person did what no probe can see. `None`: nobody said so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmed {
    /// Workspace ONE ID chosen as auto-discovery mode (step 1).
    pub workspace_one_id_for_auto_discovery: Option<Timestamp>,
    /// HMAC token generated (step 1).
    pub hmac_token_generated: Option<Timestamp>,
    /// The Hub in use supports pinning (prerequisite).
    pub hub_supports_pinning: Option<Timestamp>,
    /// Trust Service URL saved in the console (step 5).
    pub trust_service_url_saved: Option<Timestamp>,
    /// Device Services certificates uploaded (next).
    pub certificates_uploaded: Option<Timestamp>,
}

/// `[policy]`: thresholds, and what counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// What READY speaks of.
    pub scope: Scope,
    /// Which outcomes make the exit code.
    pub fail_on: FailOn,
    /// A certificate that expires sooner is a warning.
    pub warning_days: u32,
    /// A certificate that expires sooner is a failure.
    pub critical_days: u32,
    /// The longest that a device stays offline (pins/successor).
    #[serde(with = "millis")]
    pub max_offline: Duration,
    /// The oldest recording that counts (recording/fresh).
    #[serde(with = "millis")]
    pub max_age: Duration,
    /// Warnings that are failures here, or the other way round, by check.
    pub severity: BTreeMap<String, Severity>,
    /// Findings that are known and accepted.
    pub accept: Vec<Accept>,
    /// Globs over check ids; empty: all.
    pub only: Vec<String>,
    /// Globs over check ids.
    pub skip: Vec<String>,
}

impl Policy {
    /// Whether `only` and `skip` leave this check in.
    pub fn selects(&self, id: &str) -> bool {
        let any = |globs: &[String]| globs.iter().any(|glob| glob::matches(glob, id));
        (self.only.is_empty() || any(&self.only)) && !any(&self.skip)
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            scope: Scope::Deployment,
            fail_on: FailOn::Fail,
            warning_days: 30,
            critical_days: 7,
            max_offline: Duration::from_hours(14 * 24),
            max_age: Duration::from_hours(24),
            severity: BTreeMap::new(),
            accept: Vec::new(),
            only: Vec::new(),
            skip: Vec::new(),
        }
    }
}

/// What READY speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// The whole deployment, all four rows of the firewall table.
    Deployment,
    /// What the vantage can see.
    Vantage,
}

/// Which outcomes make the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailOn {
    /// Failures.
    Fail,
    /// Warnings too.
    Warning,
    /// Nothing.
    Never,
}

/// What a finding of a check counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// A warning.
    Warn,
    /// A failure.
    Fail,
}

/// `[[accept]]`: a finding that is known, until a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accept {
    /// Check id.
    pub check: String,
    /// Host, `host:port` or `host:port@address`; none: every target.
    pub target: Option<String>,
    /// The last second at which it holds; none: for ever.
    pub until: Option<Timestamp>,
    /// Why.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_follows_curl() {
        for (rule, host, expected) in [
            ("example.com", "example.com", true),
            ("example.com", "ds.example.com", true),
            ("*.example.com", "ds.example.com", true),
            (".example.com", "ds.example.com", true),
            ("example.com", "notexample.com", false),
            ("10.0.0.0/8", "10.1.0.11", true),
            ("10.0.0.0/8", "11.1.0.11", false),
            ("0.0.0.0/0", "11.1.0.11", true),
            ("10.1.0.11", "10.1.0.11", true),
            ("fd00::/8", "fd00::1", true),
            ("*", "anything", true),
            ("", "anything", false),
        ] {
            assert_eq!(no_proxy_matches(rule, host), expected, "{rule} {host}");
        }
    }

    #[test]
    fn server_addresses_are_read_and_written_alike() {
        for (text, host, port) in [
            ("10.1.0.12", "10.1.0.12", None),
            ("10.1.0.12:8443", "10.1.0.12", Some(8443)),
            ("[fd00::1]:443", "fd00::1", Some(443)),
            ("fd00::1", "fd00::1", None),
            ("[fd00::1]", "fd00::1", None),
            ("DS1.corp:8443", "ds1.corp", Some(8443)),
        ] {
            let address: ServerAddress = text.parse().unwrap();
            assert_eq!((address.host.as_str(), address.port), (host, port), "{text}");
            assert_eq!(address.to_string().parse(), Ok(address));
        }
        for text in ["", "10.1.0.12:0", "10.1.0.12:99999", "https://x", "a b"] {
            assert_eq!(text.parse::<ServerAddress>(), Err(ServerAddressError), "{text}");
        }
    }

    #[test]
    fn dns_servers_are_read_and_written_alike() {
        for text in ["10.1.0.53", "10.1.0.53:5353", "tcp://10.1.0.53:53", "tls://9.9.9.9:853#dns.quad9.net"] {
            let server: DnsServer = text.parse().unwrap();
            assert_eq!(server.to_string(), text);
        }
        for text in ["", "dns.example.com", "tls://9.9.9.9", "udp://10.1.0.53#x", "ftp://1.2.3.4"] {
            assert!(text.parse::<DnsServer>().is_err(), "{text}");
        }
    }
}
