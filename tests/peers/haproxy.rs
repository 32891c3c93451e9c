//! HAProxy as the balancers, passing TLS on or ending it, and as what stands in the way: a filter, an inspection.

use std::{
    fmt::Write as _,
    io::{Read, Write},
    net::SocketAddr,
    os::unix::net::UnixStream,
    path::Path,
    process::Command,
};

use pinflight_fixtures::{
    InspectionRoot, Service, Tls,
    post::{Inspection, Issuer, Presented, Server},
};

use super::{certificates::certified, world::World};

/// A server is out of rotation at the first handshake that it does not end. Below a second, all are tried at once.
const HEALTH: &str = "check check-ssl verify none inter 900ms fall 1";

/// So that it finds well what devices find well.
const AS_DEVICES_DO: &str = "ECDHE+AESGCM:ECDHE+CHACHA20:@SECLEVEL=0";
const ANY_STRENGTH: &str =
    "openssl_conf = o\n[o]\nssl_conf = s\n[s]\nsystem_default = d\n[d]\nCipherString = DEFAULT:@SECLEVEL=0\n";

/// One HAProxy for all of them.
pub struct HaProxy {
    health: &'static str,
    sections: String,
    /// The files beside the configuration, by name.
    files: Vec<(String, String)>,
    inspection: Option<Issuer>,
    addresses: Vec<SocketAddr>,
}

impl HaProxy {
    /// Whether it goes by TCP alone.
    pub fn new(looks_away: bool) -> Self {
        let health = if looks_away { "check inter 900ms fall 1" } else { HEALTH };
        Self { health, sections: String::new(), files: Vec::new(), inspection: None, addresses: Vec::new() }
    }

    /// Whether there is anything for it to do.
    pub fn is_there(&self) -> bool {
        !self.addresses.is_empty()
    }

    /// Passes TLS on to each of these in turn, as long as it answers under the name of its service.
    pub fn passes_on(&mut self, address: SocketAddr, servers: &[SocketAddr], service: Service) {
        let how = format!("{} check-sni {}", self.health, service.host());
        self.section(address, "", &format!("mode tcp\nbalance roundrobin\n{}", behind(servers, &how)));
    }

    /// Ends TLS as this server does, and asks those behind it, by TLS.
    pub fn ends_tls(&mut self, address: SocketAddr, server: &Server) {
        let certificates = self.certificates(server);
        let how = format!("{} ssl sni str({})", self.health, server.service.host());
        let body = format!("mode http\nbalance roundrobin\n{}", behind(&server.behind, &how));
        self.section(address, &format!("ssl {certificates}"), &body);
    }

    /// Demands a certificate of its clients.
    pub fn demands_certificates(&mut self, address: SocketAddr, server: &Server, tls: Tls, leads_to: SocketAddr) {
        let certificates = self.certificates(server);
        let root = self.file("clients.pem", &server.root);
        let version = match tls {
            Tls::V12 => "ssl-max-ver TLSv1.2",
            Tls::V13 => "ssl-min-ver TLSv1.3",
        };
        let bind = format!("ssl {certificates} ca-file {root} verify required {version}");
        let body = format!("mode http\n{}", behind(&[leads_to], "ssl verify none"));
        self.section(address, &bind, &body);
    }

    /// Leads whoever speaks TLS 1.3 to one server, and whoever does not to another.
    pub fn tells_versions_apart(&mut self, address: SocketAddr, of_today: SocketAddr, of_old: SocketAddr) {
        // supported_versions (RFC 8446, 4.2.1) begins with TLS 1.3.
        let body = format!(
            "mode tcp\ntcp-request inspect-delay 5s\ntcp-request content accept if {{ req.ssl_hello_type 1 }}\n\
             acl of_today req.payload(0,0),hex -m reg 002B00..[0-9A-F]{{0,2}}0304\n\
             use-server today if of_today\nuse-server old unless of_today\n\
             server today {of_today}\nserver old {of_old}\n"
        );
        self.section(address, "", &body);
    }

    /// A way, and no balancer: leads on whatever comes.
    pub fn leads_on(&mut self, address: SocketAddr, to: SocketAddr) {
        self.section(address, "", &format!("mode tcp\n{}", behind(&[to], "")));
    }

    /// Hangs up on whoever begins TLS.
    pub fn hangs_up(&mut self, address: SocketAddr) {
        self.stops(address, "reject if hello");
    }

    /// Says no more to whoever begins TLS.
    pub fn falls_silent(&mut self, address: SocketAddr) {
        self.stops(address, "silent-drop if hello");
    }

    fn stops(&mut self, address: SocketAddr, how: &str) {
        let body = format!(
            "mode tcp\ntcp-request inspect-delay 5s\nacl hello req.ssl_hello_type 1\n\
             server nobody 127.0.0.1:1\ntcp-request content {how}\n"
        );
        self.section(address, "", &body);
    }

    /// Makes a certificate for every name that is asked for, and asks the real server itself.
    pub fn inspects(&mut self, address: SocketAddr, leads_to: SocketAddr, inspection: &Inspection) {
        // It sends what it signs with along, and nothing above that.
        let issuer = if inspection.root_is == InspectionRoot::Sent { &inspection.root } else { &inspection.issuer };
        let signing = self.file("signing.pem", &[issuer.certificate.as_str(), &issuer.key].concat());
        self.inspection = Some(issuer.clone());
        // Whoever names no server gets the inspection's own certificate.
        let bind = format!("ssl crt haproxy/itself.pem generate-certificates ca-sign-file {signing}");
        let body = format!("mode tcp\n{}", behind(&[leads_to], "ssl verify none sni ssl_fc_sni"));
        self.section(address, &bind, &body);
    }

    /// A certificate for whoever names no server or an unknown one comes first, then one for each name.
    fn certificates(&mut self, server: &Server) -> String {
        let default = self.certificate(server.without_sni.as_ref().unwrap_or(&server.presents));
        let mut list = String::new();
        let named = server.without_sni.as_ref().map(|_| (server.service.host(), &server.presents));
        for (name, presented) in named.into_iter().chain(server.also.as_ref().map(|(name, other)| (*name, other))) {
            let named = self.certificate(presented);
            writeln!(list, "{named} {name}").unwrap();
        }
        let list = self.file(&format!("{}.list", self.files.len()), &format!("{default} nobody.invalid\n{list}"));
        format!("crt-list {list}")
    }

    fn certificate(&mut self, presented: &Presented) -> String {
        let content = [presented.chain().as_str(), presented.key().unwrap()].concat();
        self.file(&format!("{}.pem", self.files.len()), &content)
    }

    fn file(&mut self, name: &str, content: &str) -> String {
        self.files.push((name.to_owned(), content.to_owned()));
        format!("haproxy/{name}")
    }

    fn section(&mut self, address: SocketAddr, bind: &str, body: &str) {
        let name = self.addresses.len();
        writeln!(self.sections, "listen l{name}\nbind {address} {bind}\n{body}").unwrap();
        self.addresses.push(address);
    }

    /// Starts it, and waits until the health of every server is known.
    pub fn start(self, world: &mut World) {
        if self.addresses.is_empty() {
            return;
        }
        std::fs::create_dir(world.path("haproxy")).unwrap();
        for (name, content) in &self.files {
            world.write(&format!("haproxy/{name}"), content);
        }
        if let Some(issuer) = &self.inspection {
            let (chain, key) = certified(world, issuer, "DNS:inspection.acme.test");
            world.write("haproxy/itself.pem", [chain, key].concat());
        }
        let socket = world.path("haproxy/socket");
        let configuration = format!(
            "global\nnbthread 1\nstats socket {} level admin\nssl-default-bind-options no-tls-tickets ssl-min-ver TLSv1.2\n\
             ssl-default-server-options ssl-min-ver TLSv1.2\nssl-default-server-ciphers {AS_DEVICES_DO}\n\
             defaults\ntimeout connect 10s\ntimeout client 30s\ntimeout server 30s\ntimeout check 5s\n{}",
            socket.display(),
            self.sections
        );
        let file = world.write("haproxy/haproxy.cfg", configuration);
        let mut command = Command::new("haproxy");
        // Certificates of any strength.
        command.env("OPENSSL_CONF", world.write("haproxy/openssl.cnf", ANY_STRENGTH));
        command.args(["-db", "-f"]).arg(file).current_dir(world.path(""));
        world.start("haproxy", command);
        world.until_listening(self.addresses);
        let mut servers = None;
        world.until("sure of its servers' health", |_| {
            servers = tried(&socket);
            servers.is_some()
        });
        // It has found who is well. Whoever is slow from now on, on a busy machine, is to stay in rotation.
        for server in servers.into_iter().flatten() {
            assert_eq!(told(&socket, &format!("disable health {server}")).unwrap().trim(), "");
        }
    }
}

fn behind(servers: &[SocketAddr], how: &str) -> String {
    let lines = servers.iter().enumerate().map(|(number, server)| format!("server s{number} {server} {how}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// What it answers to a command.
fn told(socket: &Path, command: &str) -> std::io::Result<String> {
    let mut stream = UnixStream::connect(socket)?;
    writeln!(stream, "{command}")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Every server that is tried, once each has been.
fn tried(socket: &Path) -> Option<Vec<String>> {
    let table = told(socket, "show stat").ok()?;
    let mut lines = table.trim_start_matches("# ").lines().map(|line| line.split(',').collect::<Vec<_>>());
    let heads = lines.next()?;
    let column = heads.iter().position(|head| *head == "check_status")?;
    let mut servers = Vec::new();
    for line in lines {
        match (line.as_slice(), line.get(column)) {
            // A star: the check is under way.
            (_, Some(status)) if *status == "INI" || status.starts_with('*') => return None,
            ([section, server, ..], Some(status)) if !status.is_empty() => servers.push(format!("{section}/{server}")),
            _ => {}
        }
    }
    Some(servers)
}
