//! What the admin declares of the deployment: already parsed, so that nothing behind it validates again.
//!
//! The words are the vendor guide's: UEM console, Device Services, Trust Service, discovery.

mod address;
mod network;
mod policy;

use std::{fmt, net::IpAddr};

use serde::{Deserialize, Serialize};

pub use self::{
    address::{ServerAddress, ServerAddressError, ServiceUrl, UrlError},
    network::{
        AddressFamily, ConnectTo, DnsServer, DnsServerError, DnsTransport, Network, Proxy, ProxyScheme, ResolveOverride,
    },
    policy::{Accept, FailOn, Policy, Scope, Severity, selects},
};
use crate::time::Timestamp;

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
#[serde(deny_unknown_fields)]
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
#[serde(deny_unknown_fields)]
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
#[serde(deny_unknown_fields)]
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
#[serde(deny_unknown_fields)]
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
#[serde(deny_unknown_fields)]
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

/// `[trust]`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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

/// `[confirmed]`: the day on which a person did what no probe can see. `None`: nobody said so.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
