//! BIND as the authority that knows the names, another for each who asks; Unbound as the resolver that asks it.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    process::Command,
};

use pinflight_fixtures::{Kind, Service};

use super::world::World;

/// Where a name that does not exist leads, where somebody invents answers.
const NOBODY: Ipv4Addr = Ipv4Addr::new(127, 20, 9, 9);

/// What one DNS server knows.
#[derive(Clone, Default)]
pub struct Knows {
    pub names: BTreeMap<Service, IpAddr>,
    pub ipv6: BTreeMap<Service, Ipv6Addr>,
    pub faults: Vec<Kind>,
}

impl Knows {
    /// Whether BIND can be so wrong.
    pub fn is_bind(&self) -> bool {
        !self.faults.iter().any(|kind| matches!(kind, Kind::PortClosed | Kind::Garbage { .. } | Kind::NoAnswer { .. }))
    }

    /// Whether Unbound can be so wrong.
    pub fn is_unbound(&self) -> bool {
        !self.faults.iter().any(|kind| {
            // It resolves nothing of its own accord, so that there is nothing to invent, and asks on what is refused.
            matches!(kind, Kind::PortClosed | Kind::Garbage { .. } | Kind::RefusedCode { .. } | Kind::Invents { .. })
        })
    }
}

/// One BIND for all who ask.
#[derive(Default)]
pub struct Bind {
    views: Vec<(SocketAddr, Knows)>,
}

impl Bind {
    /// Whether there is anything for it to do.
    pub fn is_there(&self) -> bool {
        !self.views.is_empty()
    }

    /// Answers at this address, over UDP and TCP.
    pub fn answers(&mut self, address: SocketAddr, knows: Knows) {
        self.views.push((address, knows));
    }

    /// Starts it, and waits until every zone is loaded, or found not to load.
    pub fn start(self, world: &mut World) {
        if self.views.is_empty() {
            return;
        }
        std::fs::create_dir(world.path("bind")).unwrap();
        let (mut listens, mut views) = (String::new(), String::new());
        for (number, (address, knows)) in self.views.iter().enumerate() {
            let (ip, port) = (address.ip(), address.port());
            // It listens on addresses of interfaces alone, however much of loopback is this machine's.
            let added = Command::new("ip").args(["address", "add", &format!("{ip}/32"), "dev", "lo"]).status();
            assert!(added.unwrap().success());
            writeln!(listens, "listen-on port {port} {{ {ip}; }};").unwrap();
            let mut zones = String::new();
            for zone in zones_of(knows) {
                let file = format!("{number}.{}", zone.name);
                if let Some(records) = &zone.records {
                    world.write(&format!("bind/{file}"), format!("{}{records}", head(&zone.name)));
                }
                let allow = if zone.is_shut { "allow-query { none; };" } else { "" };
                writeln!(zones, "zone \"{}\" {{ type primary; file \"{file}\"; {allow} }};", zone.name).unwrap();
            }
            writeln!(views, "view v{number} {{ match-destinations {{ {ip}; }};\n{zones}}};").unwrap();
        }
        let folder = world.path("bind");
        let configuration = format!(
            "options {{ directory \"{}\"; pid-file none; session-keyfile none; listen-on-v6 {{ none; }};\n\
             {listens}recursion no; dnssec-validation no; notify no; }};\ncontrols {{ }};\n{views}",
            folder.display(),
        );
        let file = world.write("bind/named.conf", configuration);
        let mut command = Command::new("named");
        command.args(["-g", "-n", "1", "-c"]).arg(file);
        world.start("bind", command);
        world.until_says(" running\n");
    }
}

struct Zone {
    name: String,
    /// None: its file is missing.
    records: Option<String>,
    is_shut: bool,
}

fn head(zone: &str) -> String {
    let origin = if zone == "." { String::new() } else { format!("{zone}.") };
    format!("$TTL 60\n$ORIGIN {origin}.\n@ SOA localhost. hostmaster.localhost. 1 3600 600 86400 60\n@ NS localhost.\n")
        .replace("..", ".")
}

/// `acme.test` and `awmdm.com`, and a zone for each name that is served otherwise than its neighbours.
fn zones_of(knows: &Knows) -> Vec<Zone> {
    let mut acme = String::new();
    let mut cloud = String::new();
    let mut zones = Vec::new();
    for service in Service::ALL {
        let host = service.host();
        let records = if service == Service::Discovery { &mut cloud } else { &mut acme };
        let Some(address) = knows.names.get(&service) else { continue };
        let mut addresses = format!("A {address}\n");
        if let Some(ipv6) = knows.ipv6.get(&service) {
            addresses = format!("{addresses}      AAAA {ipv6}\n");
        }
        let own = |records: Option<String>, is_shut| Zone { name: host.to_owned(), records, is_shut };
        let fault = knows.faults.iter().find(|kind| of(kind) == Some(service));
        match fault {
            Some(Kind::Nxdomain { .. }) => {}
            Some(Kind::NoAddresses { .. }) => writeln!(records, "{host}. TXT \"nothing\"").unwrap(),
            Some(Kind::Servfail { .. }) => zones.push(own(None, false)),
            Some(Kind::RefusedCode { .. }) => zones.push(own(Some(format!("{host}. {addresses}")), true)),
            Some(Kind::CnameLoop { .. }) => {
                writeln!(records, "{host}. CNAME loop.{host}.\nloop.{host}. CNAME {host}.").unwrap();
            }
            Some(Kind::TruncatedThenTcp { .. }) => {
                // Aliases too long for 512 bytes together.
                let mut from = host.to_owned();
                for label in ["a", "b", "c", "d"] {
                    let labels = [label.repeat(63), label.repeat(63), label.repeat(50)].join(".");
                    let to = format!("{labels}.{}", host.split_once('.').map_or("", |(_, zone)| zone));
                    writeln!(records, "{from}. CNAME {to}.").unwrap();
                    from = to;
                }
                write!(records, "{from}. {addresses}").unwrap();
            }
            _ if service == Service::Discovery => {
                let edge = "discovery.edge.awmdm.com";
                write!(records, "{host}. CNAME {edge}.\n{edge}. {addresses}").unwrap();
            }
            _ => write!(records, "{host}. {addresses}").unwrap(),
        }
    }
    if knows.faults.iter().any(|kind| matches!(kind, Kind::Invents { .. })) {
        let wild = format!("* A {NOBODY}\n");
        acme += &wild;
        cloud += &wild;
        zones.push(Zone { name: ".".to_owned(), records: Some(wild), is_shut: false });
    }
    let zone = |name: &str, records| Zone { name: name.to_owned(), records: Some(records), is_shut: false };
    zones.extend([zone("acme.test", acme), zone("awmdm.com", cloud)]);
    zones
}

fn of(kind: &Kind) -> Option<Service> {
    match kind {
        Kind::Nxdomain { name }
        | Kind::NoAddresses { name }
        | Kind::Servfail { name }
        | Kind::RefusedCode { name }
        | Kind::NoAnswer { name }
        | Kind::CnameLoop { name }
        | Kind::TruncatedThenTcp { name } => Some(*name),
        _ => None,
    }
}

/// A resolver for one who asks.
pub struct Unbound {
    pub address: SocketAddr,
    /// The authority that it asks.
    pub authority: SocketAddr,
    /// Zones whose authority never answers.
    pub silent: Vec<Service>,
    /// For DNS over TLS on port 853: certificate and key.
    pub tls: Option<(String, String)>,
}

impl Unbound {
    pub fn new(address: SocketAddr, authority: SocketAddr, knows: &Knows) -> Self {
        let silent = knows.faults.iter().filter(|kind| matches!(kind, Kind::NoAnswer { .. })).filter_map(of).collect();
        Self { address, authority, silent, tls: None }
    }

    pub fn start(&self, world: &mut World, name: &str) {
        let folder = world.path(name);
        std::fs::create_dir(&folder).unwrap();
        let listens = |address: SocketAddr| format!("interface: {}@{}\n", address.ip(), address.port());
        let mut server = listens(self.address);
        let mut addresses = vec![self.address];
        if let Some((certificate, key)) = &self.tls {
            let by_tls = SocketAddr::new(self.address.ip(), 853);
            let certificate = world.write(&format!("{name}/tls.pem"), certificate);
            let key = world.write(&format!("{name}/tls.key"), key);
            server += &listens(by_tls);
            let (certificate, key) = (certificate.display(), key.display());
            writeln!(server, "tls-port: 853\ntls-service-pem: \"{certificate}\"\ntls-service-key: \"{key}\"").unwrap();
            addresses.push(by_tls);
        }
        let mut zones = String::new();
        let silent = self.silent.iter().map(|service| (service.host(), world.silence()));
        for (zone, authority) in silent.chain(["acme.test", "awmdm.com"].map(|zone| (zone, self.authority))) {
            let authority = format!("{}@{}", authority.ip(), authority.port());
            writeln!(zones, "stub-zone:\nname: \"{zone}\"\nstub-addr: {authority}").unwrap();
        }
        let configuration = format!(
            "server:\n{server}access-control: 127.0.0.0/8 allow\nusername: \"\"\nchroot: \"\"\ndirectory: \"{}\"\n\
             pidfile: \"\"\nuse-syslog: no\nlogfile: \"\"\nmodule-config: \"iterator\"\nnum-threads: 1\n\
             do-not-query-localhost: no\nlocal-zone: \"test.\" nodefault\nroot-hints: \"\"\n{zones}\
             remote-control:\ncontrol-enable: no\n",
            folder.display()
        );
        let file = world.write(&format!("{name}/unbound.conf"), configuration);
        let mut command = Command::new("unbound");
        command.args(["-d", "-p", "-c"]).arg(file);
        world.start(name, command);
        world.until_listening(addresses);
    }
}
