//! `[network]`: how the network is to be asked.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::Endpoint;
use crate::time::millis;

/// `[network]`: how the network is to be asked. Proxy credentials are not part of it; they never leave the observer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
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
#[serde(deny_unknown_fields)]
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
#[serde(deny_unknown_fields)]
pub struct DnsServer {
    /// Where it listens (53, or 853 for TLS, unless told otherwise).
    pub address: SocketAddr,
    /// How it is asked.
    pub transport: DnsTransport,
}

/// How a DNS server is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
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
#[serde(deny_unknown_fields)]
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
#[serde(deny_unknown_fields)]
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
