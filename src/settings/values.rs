//! From a text to a value: what each kind of value may look like, and what to write instead.

use std::{net::IpAddr, str::FromStr, time::Duration};

use data_encoding::{BASE64, HEXUPPER_PERMISSIVE};
use pinflight_checks::{
    deployment::{ConnectTo, DnsServer, DnsTransport, Proxy, ProxyScheme, ResolveOverride, ServerAddress, ServiceUrl},
    time::Timestamp,
};
use url::Host;

use crate::secrets;

/// What is wrong with a text, and what to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) problem: String,
    pub(super) fix: String,
}

/// A value, or why it is none.
pub(super) type Parsed<T> = Result<T, Problem>;

/// The two halves of a complaint.
pub(super) fn problem<T>(problem: impl Into<String>, fix: impl Into<String>) -> Parsed<T> {
    Err(Problem { problem: problem.into(), fix: fix.into() })
}

/// One of a few words.
pub(super) fn word<T: Copy>(text: &str, words: &[(&'static str, T)]) -> Parsed<T> {
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Ok(*value);
    }
    let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let near = super::keys::nearest(text, known.iter().copied());
    let known = known.join(", ");
    match near {
        Some(near) => problem(format!("not one of {known}"), format!("did you mean {near}?")),
        None => problem("not a word that is known here", format!("write one of {known}")),
    }
}

/// A whole number within bounds.
pub(super) fn number(text: &str, least: u32, most: u32) -> Parsed<u32> {
    let fix = match text.parse::<i128>() {
        Ok(number) if number > i128::from(most) => format!("write {most} or less"),
        Ok(number) if number < i128::from(least) => format!("write {least} or more"),
        _ => "write digits alone".to_owned(),
    };
    match text.parse::<u32>() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => problem(format!("must be a whole number from {least} to {most}"), fix),
    }
}

/// A host name, as A-labels in lower case, or an address without brackets.
pub(super) fn host(text: &str) -> Parsed<String> {
    if let Ok(address) = bracketless(text).parse::<IpAddr>() {
        return Ok(address.to_string());
    }
    if text.contains("://") {
        let host = authority(text).split(':').next().unwrap_or_default();
        return problem("this is a URL, and must be a host alone", format!("write {host:?}"));
    }
    if let Some((host, _)) = text.split_once(':') {
        return problem("this has a port, and must be a host alone", format!("write {host:?}"));
    }
    match Host::parse(text) {
        Ok(Host::Domain(name)) => domain_name(&name),
        Ok(address) => Ok(address.to_string()),
        Err(error) => problem(format!("not a host name ({error})"), "write a name like ds.example.com, or an address"),
    }
}

/// An IPv6 address without its brackets.
fn bracketless(text: &str) -> &str {
    text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text)
}

/// Host and port of a URL, for a hint: never what may be a password.
fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

/// The lengths that DNS allows, which `url` does not check; a final dot is dropped.
fn domain_name(name: &str) -> Parsed<String> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let labels_fit = name.split('.').all(|label| (1..=63).contains(&label.len()));
    if let Some(c) = name.chars().find(|c| !(c.is_ascii_alphanumeric() || "-_.".contains(*c))) {
        return problem(format!("{c:?} has no place in a host name"), "write a name like ds.example.com");
    }
    if name.len() > 253 || !labels_fit {
        let fix = "each part between dots has 1 to 63 characters, the whole name 253 at most";
        return problem("not a name that DNS can hold", fix);
    }
    Ok(name.to_owned())
}

/// A domain: what stands behind the `@`.
pub(super) fn domain(text: &str) -> Parsed<String> {
    if let Some((_, domain)) = text.rsplit_once('@') {
        return problem("this is a mail address, and must be a domain", format!("write {domain:?}"));
    }
    let name = host(text)?;
    if name.parse::<IpAddr>().is_ok() {
        return problem("this is an address, and must be a domain", "write a domain like example.com");
    }
    Ok(name)
}

/// The URL of a service as the admin wrote it.
pub(super) fn service_url(text: &str) -> Parsed<ServiceUrl> {
    if !text.contains("://") {
        let host = Some(authority(text)).filter(|host| !host.is_empty()).unwrap_or("ds.example.com");
        return problem("the URL has no scheme", format!("write \"https://{host}\""));
    }
    // What stands behind the path is told as wrong, and must not be told itself.
    let url: ServiceUrl = match secrets::out_of_url(text, |_| false).parse() {
        Ok(url) => url,
        Err(error) => {
            let words = error.to_string();
            let (what, fix) = words.split_once("; ").unwrap_or((words.as_str(), ""));
            return problem(what, fix);
        }
    };
    if url.url().port() == Some(0) {
        return problem("port 0 does not exist", "leave the port out, or write the one that the service listens on");
    }
    if url.url().domain().is_some_and(|name| name.ends_with('.') || domain_name(name).is_err()) {
        return problem(
            "not a name that certificates and DNS can hold",
            "write the name without a final dot, each part 63 characters at most",
        );
    }
    Ok(url)
}

/// The URL of Device Services: https, and nothing behind the host, for the devices add the rest.
pub(super) fn device_services_url(text: &str) -> Parsed<ServiceUrl> {
    let url = service_url(text)?;
    let bare = format!("write \"https://{}\"", url.url().host_str().unwrap_or_default());
    if url.url().scheme() != "https" {
        return problem("devices speak https alone to Device Services", bare);
    }
    let bare = format!("write \"https://{}\"", url.url().authority());
    if url.url().query().is_some() || url.url().fragment().is_some() {
        return problem("a query or fragment is no part of it", bare);
    }
    if !matches!(url.url().path(), "" | "/") {
        return problem("a path is no part of it: devices add /DeviceServices themselves", bare);
    }
    Ok(url)
}

/// A server by address or internal name.
pub(super) fn server(text: &str) -> Parsed<ServerAddress> {
    if text.contains("://") {
        return problem("this is a URL, and must be an address", format!("write {:?}", authority(text)));
    }
    let bare = bracketless(text);
    let server: ServerAddress = if bare.parse::<IpAddr>().is_ok() { bare } else { text }.parse().or_else(|_| {
        problem("not the address of a server", "write 10.1.0.12, 10.1.0.12:8443, [fd00::1]:443 or ds1.example.com")
    })?;
    if server.port == Some(0) {
        return problem("port 0 does not exist", "leave the port out, or write the one that the server listens on");
    }
    if server.host.parse::<IpAddr>().is_err() {
        let host = domain_name(&server.host)?;
        return Ok(ServerAddress { host, ..server });
    }
    Ok(server)
}

/// A pin as written: a public key in hex, its SHA-256 in base64, or a thumbprint.
pub(super) fn pin(text: &str) -> Parsed<String> {
    const FIX: &str =
        "write the public key in hex (30820…), sha256//BASE64 of its SPKI, or a thumbprint of 40 or 64 hex digits";
    if let Some(digest) = text.strip_prefix("sha256//") {
        return match BASE64.decode(digest.as_bytes()) {
            Ok(bytes) if bytes.len() == 32 => Ok(text.to_owned()),
            Ok(bytes) => problem(format!("the digest has {} bytes, and SHA-256 has 32", bytes.len()), FIX),
            Err(_) => problem("not base64 after sha256//", FIX),
        };
    }
    let digits: Vec<char> = text.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
    match digits.iter().find(|c| !c.is_ascii_hexdigit()) {
        Some(c) => problem(format!("{c:?} is no hex digit"), FIX),
        None if digits.len() % 2 == 1 => {
            problem(format!("{} hex digits are no whole number of bytes", digits.len()), FIX)
        }
        None if digits.len() < 40 => problem("too short for a key or a thumbprint", FIX),
        None if digits.len() > 8192 => problem("too long for a key", FIX),
        None => Ok(text.to_owned()),
    }
}

/// A duration between bounds; `plain` numbers are seconds, as curl has it.
pub(super) fn duration(text: &str, plain: bool, (most, most_words): (Duration, &str)) -> Parsed<Duration> {
    let seconds = text.parse::<f64>().ok().filter(|_| plain && text.len() < 32);
    let duration = match seconds {
        Some(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        None => humantime::parse_duration(text).ok(),
    };
    let example = if plain { "5, 500ms, 5s or 2m" } else { "500ms, 5s, 2m, 24h or 14d" };
    match duration {
        None if text.parse::<f64>().is_ok() && !plain => {
            problem("this has no unit", format!("write {text}s, {text}m, {text}h or {text}d"))
        }
        None => problem("not a duration", format!("write {example}")),
        Some(duration) if duration < Duration::from_millis(1) => {
            problem("must be longer than nothing", format!("write {example}"))
        }
        Some(duration) if duration > most => {
            problem(format!("must not be longer than {most_words}"), format!("write {most_words} or less"))
        }
        Some(duration) => Ok(duration),
    }
}

/// A day, or a moment.
pub(super) fn date(text: &str) -> Parsed<Timestamp> {
    Timestamp::parse(text).map_or_else(
        || problem("not a date", "write a day like 2027-01-31, or a moment with its zone like 2027-01-31T12:00:00Z"),
        Ok,
    )
}

/// A proxy, with the credentials of its URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ProxyUrl {
    pub(super) proxy: Proxy,
    pub(super) credentials: Option<(String, String)>,
}

/// A proxy as curl reads it: without scheme http, without port 1080 (https: 443).
pub(super) fn proxy(text: &str) -> Parsed<ProxyUrl> {
    const FIX: &str = "write it like http://proxy.example.com:3128 (or https, socks5, socks5h)";
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    let (scheme, default_port) = match scheme.to_ascii_lowercase().as_str() {
        "http" => (ProxyScheme::Http, 1080),
        "https" => (ProxyScheme::Https, 443),
        "socks5" => (ProxyScheme::Socks5, 1080),
        "socks5h" => (ProxyScheme::Socks5h, 1080),
        "socks" | "socks4" | "socks4a" => return problem("SOCKS 4 is not supported", FIX),
        _ => return problem("not a scheme of a proxy", FIX),
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if !matches!(path, "" | "/") {
        return problem("a proxy has no path; a PAC file is not read", FIX);
    }
    let (userinfo, address) = match authority.rsplit_once('@') {
        Some((userinfo, address)) => (Some(userinfo), address),
        None => (None, authority),
    };
    let Ok(address) = server(address) else {
        return problem("not the address of a proxy", FIX);
    };
    let proxy = Proxy { scheme, host: address.host, port: address.port.unwrap_or(default_port) };
    let credentials = userinfo.map(|userinfo| {
        let (user, password) = userinfo.split_once(':').unwrap_or((userinfo, ""));
        (percent_decoded(user), percent_decoded(password))
    });
    Ok(ProxyUrl { proxy, credentials })
}

/// `%40` is `@`; what is no escape stays as it is.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let escaped = (first == b'%').then(|| tail.get(..2)).flatten();
        if let Some(decoded) = escaped.and_then(|digits| HEXUPPER_PERMISSIVE.decode(digits).ok()) {
            bytes.extend(decoded);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A rule of `no_proxy`: `*`, a name, an address, a network.
pub(super) fn no_proxy(text: &str) -> Parsed<String> {
    const FIX: &str = "write example.com, *.example.com, 10.1.0.11, 10.0.0.0/8, or * for all";
    if text == "*" {
        return Ok(text.to_owned());
    }
    if let Ok(address) = bracketless(text).parse::<IpAddr>() {
        return Ok(address.to_string());
    }
    if let Some((network, bits)) = text.split_once('/') {
        let most = match network.parse::<IpAddr>() {
            Ok(IpAddr::V4(_)) => 32,
            Ok(IpAddr::V6(_)) => 128,
            Err(_) => return problem("not a network", FIX),
        };
        return match bits.parse::<u8>() {
            Ok(bits) if bits <= most => Ok(text.to_owned()),
            _ => problem(format!("the length of a network is 0 to {most} bits here"), FIX),
        };
    }
    let prefix = text.find(|c| c != '*' && c != '.').unwrap_or(text.len());
    let (prefix, name) = text.split_at(prefix);
    if !matches!(prefix, "" | "." | "*.") {
        return problem("a * stands for whole names at the front alone", FIX);
    }
    match host(name) {
        Ok(name) => Ok(format!("{prefix}{name}")),
        Err(_) => problem("not a host, domain or network", FIX),
    }
}

/// A DNS server.
pub(super) fn dns_server(text: &str) -> Parsed<DnsServer> {
    const FIX: &str = "write an address: 10.1.0.53, 10.1.0.53:5353, tcp://10.1.0.53 or tls://9.9.9.9#dns.quad9.net";
    let Ok(server) = DnsServer::from_str(text) else {
        return problem("not a DNS server", FIX);
    };
    if server.address.port() == 0 {
        return problem("port 0 does not exist", FIX);
    }
    match &server.transport {
        DnsTransport::Tls { name } => {
            let name = host(name)?;
            Ok(DnsServer { transport: DnsTransport::Tls { name }, ..server })
        }
        _ => Ok(server),
    }
}

/// curl's `HOST:PORT:ADDR[,ADDR]`.
pub(super) fn resolve(text: &str) -> Parsed<ResolveOverride> {
    const FIX: &str =
        "write HOST:PORT:ADDRESS, like ds.example.com:443:10.1.0.11 or ds.example.com:443:10.1.0.11,[fd00::1]";
    if text.starts_with('-') {
        return problem("there is nothing to take away: no answers are kept between runs", FIX);
    }
    // curl's + lets an entry expire; a run is over before that.
    let text = text.strip_prefix('+').unwrap_or(text);
    let Some((name, rest)) = split_field(text) else { return problem("it has no port", FIX) };
    let Some((port, addresses)) = rest.split_once(':') else { return problem("it has no address", FIX) };
    let name = if name == "*" { name.to_owned() } else { host(name)? };
    let mut found: Vec<IpAddr> = Vec::new();
    for address in addresses.split(',') {
        let bare = bracketless(address);
        match bare.parse() {
            Ok(address) if !found.contains(&address) => found.push(address),
            Ok(_) => return problem(format!("{bare} is there twice"), FIX),
            Err(_) => return problem(format!("{:?} is no address", super::error::shown(bare)), FIX),
        }
    }
    Ok(ResolveOverride { host: name, port: self::port(port, FIX)?, addresses: found })
}

/// curl's `HOST1:PORT1:HOST2:PORT2`.
pub(super) fn connect_to(text: &str) -> Parsed<ConnectTo> {
    const FIX: &str = "write HOST1:PORT1:HOST2:PORT2, like ds.example.com:443:10.1.0.11:8443; each may be empty";
    let fields = split_field(text).and_then(|(host, rest)| {
        let (from_port, rest) = rest.split_once(':')?;
        let (to_host, to_port) = split_field(rest)?;
        (!to_port.contains(':')).then_some((host, from_port, to_host, to_port))
    });
    let Some((from_host, from_port, to_host, to_port)) = fields else {
        return problem("it has not four parts", FIX);
    };
    if to_host.is_empty() && to_port.is_empty() {
        return problem("it changes nothing", FIX);
    }
    let host = |text: &str| if text.is_empty() { Ok(None) } else { host(text).map(Some) };
    let port = |text: &str| if text.is_empty() { Ok(None) } else { port(text, FIX).map(Some) };
    Ok(ConnectTo { host: host(from_host)?, port: port(from_port)?, to_host: host(to_host)?, to_port: port(to_port)? })
}

/// The first field of a list with colons, an IPv6 address in brackets being one.
fn split_field(text: &str) -> Option<(&str, &str)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (address, rest) = rest.split_once(']')?;
        return Some((address, rest.strip_prefix(':')?));
    }
    text.split_once(':')
}

pub(super) fn port(text: &str, fix: &str) -> Parsed<u16> {
    match text.parse::<u16>() {
        Ok(port) if port > 0 => Ok(port),
        _ => problem(format!("{:?} is no port (1 to 65535)", super::error::shown(text)), fix),
    }
}
