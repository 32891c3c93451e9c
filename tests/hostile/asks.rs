//! How a run is led to a peer: all else in it is sound.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    http::{self, Who},
    peer::{Peer, Raised},
    tls::{DEVICE_SERVICES, DISCOVERY, ROOT, TRUST_SERVICE, VENDOR_ROOT},
};

/// What the peer is to the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// Device Services, asked for TLS alone.
    DeviceServices,
    /// Discovery, asked for what is registered.
    Registry,
    /// Device Services, asked for the Trust Service's URL.
    Redirect,
    /// The Trust Service, asked for its pins.
    Settings,
    /// The same at sixteen addresses.
    SettingsOfMany,
    /// An HTTP proxy.
    HttpProxy,
    /// A SOCKS5 proxy.
    Socks,
    /// A DNS server.
    DnsUdp,
    DnsTcp,
    DnsTls,
}

/// The bounds of a run's patience: the flags' order is connect, step, question, run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Waiting is what the run ends by.
    Short,
    /// The same on a machine that is so busy that what is sound takes its time, too.
    Longer,
    /// Whatever this machine is busy with, waiting is not what it ends by.
    Long,
}

impl Patience {
    pub fn once_more(self) -> Self {
        if self == Self::Short { Self::Longer } else { self }
    }

    fn words(self) -> [String; 8] {
        let [connect, step, question] = match self {
            Self::Short => ["800ms", "1s", "3s"],
            Self::Longer => ["3s", "4s", "12s"],
            Self::Long => ["20s", "60s", "100s"],
        };
        let run = format!("{}s", self.run().as_secs());
        ["--connect-timeout", connect, "--step-timeout", step, "--question-timeout", question, "--max-time", &run]
            .map(str::to_owned)
    }

    /// How long all of it may take.
    pub fn run(self) -> Duration {
        Duration::from_secs(match self {
            Self::Short => 60,
            Self::Longer => 100,
            Self::Long => 110,
        })
    }
}

impl Asks {
    /// Raises the peer and what is sound around it, and says how to run.
    pub async fn lead(self, raised: &mut Raised, peer: &Peer, patience: Patience, folder: &Path) -> Vec<String> {
        fs::write(folder.join("root.pem"), format!("{}{}", ROOT.pem, VENDOR_ROOT.pem)).unwrap();
        fs::write(folder.join("signing-root.pem"), &ROOT.pem).unwrap();
        let mut words: Vec<String> =
            ["--roots", "none", "--cacert", "root.pem", "--no-proxy", ""].map(str::to_owned).into();
        words.extend(patience.words());
        let mut add = |some: &[&str]| words.extend(some.iter().map(|word| (*word).to_owned()));
        let here = if self == Self::SettingsOfMany { Vec::new() } else { vec![raised.raise(peer).await] };
        let port = here.first().map(SocketAddr::port).unwrap_or_default();
        let addresses = if self == Self::SettingsOfMany { 1..=16 } else { 1..=1 };
        let addresses: Vec<Ipv4Addr> = addresses.map(|last| Ipv4Addr::new(127, 0, 0, last)).collect();
        let trust_service = match (self, peer) {
            (Self::Settings, _) => port,
            (Self::SettingsOfMany, Peer::Tcp(handler)) => raised.raise_at(handler, &addresses).await,
            _ => raised.raise(&Peer::Tcp(http::sound(Who::Customer, pins()))).await.port(),
        };
        let trust_service_url = format!("https://{TRUST_SERVICE}:{trust_service}/TrustService");
        let settings = json!({ "Uri": trust_service_url }).to_string();
        let sound = raised.raise(&Peer::Tcp(http::sound(Who::Customer, settings))).await.port();
        let device_services = if matches!(self, Self::DeviceServices | Self::Redirect) { port } else { sound };
        add(&["--device-services", &format!("https://{DEVICE_SERVICES}:{device_services}")]);
        let at = |host: &str, port: u16| format!("{host}:{port}:127.0.0.1");
        // DNS and the proxies are asked for the name.
        if matches!(
            self,
            Self::DeviceServices | Self::Registry | Self::Redirect | Self::Settings | Self::SettingsOfMany
        ) {
            add(&["--resolve", &at(DEVICE_SERVICES, device_services)]);
        }
        match self {
            Self::DeviceServices => add(&["--from", "discovery"]),
            Self::Registry => {
                let discovery = format!("{DISCOVERY}:{port}");
                add(&["--from", "console", "--discovery", &discovery, "--resolve", &at(DISCOVERY, port)]);
            }
            Self::Redirect | Self::Settings | Self::SettingsOfMany => {
                let registry = http::sound(Who::Vendor, registered());
                let port_of_discovery = raised.raise(&Peer::Tcp(registry)).await.port();
                let discovery = format!("{DISCOVERY}:{port_of_discovery}");
                add(&["--from", "console", "--discovery", &discovery]);
                add(&["--resolve", &at(DISCOVERY, port_of_discovery)]);
                add(&["--mode", "on-premises", "--trust-service", &trust_service_url]);
                add(&["--signing-root", "signing-root.pem"]);
                let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                add(&["--resolve", &format!("{TRUST_SERVICE}:{trust_service}:{}", addresses.join(","))]);
            }
            Self::HttpProxy => add(&["--from", "discovery", "--proxy", &format!("http://127.0.0.1:{port}")]),
            Self::Socks => add(&["--from", "discovery", "--proxy", &format!("socks5h://127.0.0.1:{port}")]),
            Self::DnsUdp | Self::DnsTcp | Self::DnsTls => {
                let server = match self {
                    Self::DnsUdp => format!("127.0.0.1:{port}"),
                    Self::DnsTcp => format!("tcp://127.0.0.1:{port}"),
                    _ => format!("tls://127.0.0.1:{port}#{DEVICE_SERVICES}"),
                };
                add(&["--from", "discovery", "--system-resolver", "false", "--dns-server", &server]);
            }
        }
        words
    }
}

/// What a sound Trust Service answers.
pub fn pins() -> String {
    json!({ DEVICE_SERVICES: [] }).to_string()
}

/// What a sound discovery answers where the Trust Service is on premises.
fn registered() -> String {
    "{}".to_owned()
}

/// What is amiss, as `check outcome cause detail`, once each, in the report's order.
pub fn said(report: &Value) -> Vec<String> {
    let mut said = Vec::new();
    for check in report["checks"].as_array().unwrap() {
        for finding in check["findings"].as_array().unwrap() {
            let words = [&check["id"], &finding["outcome"]].map(|word| word.as_str().unwrap());
            let words = format!("{} {} {}", words[0], words[1], cause(&finding["cause"]));
            if !said.contains(&words) {
                said.push(words);
            }
        }
    }
    said
}

/// The kinds within a cause, from the outermost to the innermost.
fn cause(cause: &Value) -> String {
    let mut words = vec![cause["kind"].as_str().unwrap().to_owned()];
    let mut inner = &cause["failure"];
    while let Some(kind) = inner["kind"].as_str() {
        words.push(kind.to_owned());
        inner = &inner["failure"];
    }
    for detail in ["end", "status", "location"] {
        match &cause[detail] {
            Value::String(text) => words.push(text.clone()),
            Value::Number(number) => words.push(number.to_string()),
            _ => {}
        }
    }
    words.join(" ")
}
