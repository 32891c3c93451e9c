//! URLs and addresses as an admin writes them.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use serde::{Deserialize, Serialize};
use url::Url;

use super::Endpoint;

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
