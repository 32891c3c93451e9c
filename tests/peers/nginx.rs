//! nginx as the servers of every service, set up as IIS is: paths in any case, one certificate for the port, another by SNI.

use std::{fmt::Write as _, fs, net::SocketAddr, process::Command};

use pinflight_fixtures::{
    Old, Service,
    post::{Answer, App, Presented, Server},
};

use super::world::World;

/// The suites of today, with certificates of any strength.
const TODAY: &str = "ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers DEFAULT:@SECLEVEL=0;";

/// More base64 than the 64 KiB have that clients take, and the 100 KiB that OpenSSL takes.
const TOO_LONG: usize = 200 * 1024;

/// One nginx for all of them.
#[derive(Default)]
pub struct Nginx {
    sites: String,
    /// The files beside the configuration, by name.
    files: Vec<(String, Vec<u8>)>,
    addresses: Vec<SocketAddr>,
}

impl Nginx {
    /// Whether there is anything for it to do.
    pub fn is_there(&self) -> bool {
        !self.addresses.is_empty()
    }

    /// Whether it can present what this server presents.
    pub fn presents(server: &Server) -> bool {
        let other = server.also.as_ref().map(|(_, presented)| presented);
        let all = [Some(&server.presents), server.without_sni.as_ref(), server.on_tls12.as_ref(), other];
        all.into_iter().flatten().all(|presented| presented.key().is_some())
    }

    /// Whether it can answer all by itself.
    pub fn answers(server: &Server) -> bool {
        requests(server.service).iter().all(|request| match (server.app)(request.target) {
            Answer::Whole { headers, .. } => headers.iter().all(|(_, value)| value.len() < 1024),
            _ => false,
        })
    }

    /// A server as this one is, at this address.
    pub fn serves(&mut self, address: SocketAddr, server: &Server) {
        self.serves_with(address, server, TODAY);
    }

    /// With TLS of old.
    pub fn serves_as_of_old(&mut self, address: SocketAddr, server: &Server, old: Old) {
        self.serves_with(address, server, match old {
            Old::V10 => "ssl_protocols TLSv1; ssl_ciphers ALL:@SECLEVEL=0;",
            Old::V11 => "ssl_protocols TLSv1 TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0;",
            Old::CbcOnly => "ssl_protocols TLSv1.2; ssl_ciphers ECDHE-RSA-AES128-SHA256:ECDHE-RSA-AES256-SHA;",
            Old::RsaOnly => "ssl_protocols TLSv1.2; ssl_ciphers AES128-GCM-SHA256:AES256-SHA;",
            Old::SmallCurve => {
                "ssl_protocols TLSv1.2; ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0; ssl_ecdh_curve secp224r1;"
            }
            Old::NoExtendedMasterSecret => {
                "ssl_protocols TLSv1.2 TLSv1.3; ssl_conf_command Options -ExtendedMasterSecret;"
            }
        });
    }

    /// TLS and HTTP as this server has them; whatever is asked, it asks whoever is behind.
    pub fn passes_on(&mut self, address: SocketAddr, server: &Server, behind: SocketAddr) {
        let locations = format!(
            "location / {{ proxy_pass http://{behind}; proxy_http_version 1.1; proxy_set_header Host $host;\n\
             proxy_buffering off; }}\n"
        );
        self.site(address, server, TODAY, &locations);
    }

    /// Whatever is asked, it has none.
    pub fn has_moved(&mut self, address: SocketAddr, server: &Server) {
        self.site(address, server, TODAY, "location / { return 404; }\n");
    }

    /// A reverse proxy that ends TLS as this server does, and asks whoever is behind by TLS.
    pub fn is_in_front(&mut self, address: SocketAddr, server: &Server, behind: SocketAddr) {
        let locations = format!(
            "location / {{ proxy_pass https://{behind}; proxy_http_version 1.1; proxy_set_header Host $host;\n\
             proxy_ssl_server_name on; proxy_ssl_name {}; }}\n",
            server.service.host()
        );
        self.site(address, server, TODAY, &locations);
    }

    /// With a certificate message longer than any client takes.
    pub fn sends_too_much(&mut self, address: SocketAddr, server: &Server) {
        let (chain, issuer) = (server.presents.chain(), "-----BEGIN CERTIFICATE-----");
        let (_, last) = chain.rsplit_once(issuer).unwrap();
        let many = format!("{chain}{}", format!("{issuer}{last}").repeat(TOO_LONG / last.len() + 1));
        let certificate = self.certificate_of(&many, server.presents.key().unwrap());
        let locations = self.locations(server.service, &server.app);
        let listen = format!("listen {address} ssl default_server;");
        writeln!(self.sites, "server {{ {listen}\n{TODAY}\n{certificate}{locations}}}").unwrap();
        self.addresses.push(address);
    }

    /// A web server without TLS.
    pub fn speaks_http(&mut self, address: SocketAddr) {
        writeln!(self.sites, "server {{ listen {address}; }}").unwrap();
        self.addresses.push(address);
    }

    /// Certificates of its clients are wanted; whoever has none is told so by HTTP.
    pub fn wants_certificates(&mut self, address: SocketAddr, server: &Server) {
        let root = self.file("clients.pem", server.root.as_bytes());
        let tls = format!("{TODAY} ssl_verify_client on; ssl_client_certificate {root};");
        self.serves_with(address, server, &tls);
    }

    /// Whoever names no server is sent away.
    pub fn wants_sni(&mut self, address: SocketAddr, server: &Server) {
        let nobody = format!("listen {address} ssl default_server; {TODAY} ssl_reject_handshake on;");
        writeln!(self.sites, "server {{ {nobody} }}").unwrap();
        let locations = self.locations(server.service, &server.app);
        self.named(address, server.service.host(), &server.presents, TODAY, &locations);
        self.addresses.push(address);
    }

    fn serves_with(&mut self, address: SocketAddr, server: &Server, tls: &str) {
        let locations = self.locations(server.service, &server.app);
        self.site(address, server, tls, &locations);
    }

    fn site(&mut self, address: SocketAddr, server: &Server, tls: &str, locations: &str) {
        let presented = server.without_sni.as_ref().unwrap_or(&server.presents);
        let certificate = self.certificate(presented);
        let listen = format!("listen {address} ssl default_server;");
        writeln!(self.sites, "server {{ {listen}\n{tls}\n{certificate}{locations}}}").unwrap();
        if server.without_sni.is_some() {
            self.named(address, server.service.host(), &server.presents, tls, locations);
        }
        if let Some((other, presented)) = &server.also {
            self.named(address, other, presented, tls, locations);
        }
        self.addresses.push(address);
    }

    fn named(&mut self, address: SocketAddr, name: &str, presented: &Presented, tls: &str, locations: &str) {
        let certificate = self.certificate(presented);
        let listen = format!("listen {address} ssl; server_name {name};");
        writeln!(self.sites, "server {{ {listen}\n{tls}\n{certificate}{locations}}}").unwrap();
    }

    fn certificate(&mut self, presented: &Presented) -> String {
        self.certificate_of(&presented.chain(), presented.key().unwrap())
    }

    fn certificate_of(&mut self, chain: &str, key: &str) -> String {
        let name = format!("{}.pem", self.files.len());
        let chain = self.file(&name, chain.as_bytes());
        let key = self.file(&format!("{name}.key"), key.as_bytes());
        format!("ssl_certificate {chain};\nssl_certificate_key {key};\n")
    }

    fn file(&mut self, name: &str, content: &[u8]) -> String {
        self.files.push((name.to_owned(), content.to_vec()));
        name.to_owned()
    }

    fn locations(&mut self, service: Service, app: &App) -> String {
        let mut locations = String::new();
        for request in requests(service) {
            let answer = self.answer(&app(request.target));
            writeln!(locations, "location {} {{\n{answer}}}", request.location).unwrap();
        }
        let nothing = self.answer(&app("/"));
        locations + &format!("location / {{\n{nothing}}}\nlocation /answers/ {{ internal; root .; }}\n")
    }

    fn answer(&mut self, answer: &Answer) -> String {
        let Answer::Whole { status, headers, body } = answer else { return "return 500;\n".to_owned() };
        let header = |wanted| headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_str());
        if let Some(location) = header("Location") {
            return format!("return {status} {location};\n");
        }
        let kind = header("Content-Type").unwrap_or("text/plain");
        let file = self.file(&format!("answers/{}", self.files.len()), body);
        match status {
            200 => format!("default_type \"{kind}\"; root .; try_files /{file} =404;\n"),
            _ => format!("default_type \"{kind}\"; error_page {status} /{file}; return {status};\n"),
        }
    }

    /// Starts it; nothing to serve, nothing to start.
    pub fn start(self, world: &mut World) {
        if self.addresses.is_empty() {
            return;
        }
        let folder = world.path("nginx");
        fs::create_dir_all(folder.join("answers")).unwrap();
        for (name, content) in &self.files {
            fs::write(folder.join(name), content).unwrap();
        }
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
        let temporary = temporary.map(|kind| format!("{kind}_temp_path temporary;\n")).concat();
        let configuration = format!(
            "daemon off;\nmaster_process off;\nuser root;\npid pid;\nerror_log stderr warn;\n\
             events {{ worker_connections 1024; }}\n\
             http {{\naccess_log off;\nserver_tokens off;\n{temporary}{}}}\n",
            self.sites,
        );
        fs::write(folder.join("nginx.conf"), configuration).unwrap();
        let mut command = Command::new("nginx");
        command.arg("-p").arg(&folder).args(["-c", "nginx.conf", "-e", "stderr"]);
        world.start("nginx", command);
        world.until_listening(self.addresses);
    }
}

/// A request that somebody asks, where nginx sees it, and in words.
struct Request {
    location: &'static str,
    target: &'static str,
}

fn requests(service: Service) -> &'static [Request] {
    match service {
        Service::Discovery => &[
            Request {
                location: r"~* ^/autodiscovery/hostregistry\.aws$",
                target: "/autodiscovery/HostRegistry.aws?URL=ds.acme.test",
            },
            Request {
                location: r"~* ^/autodiscovery/awcredentials\.aws/v2/domainlookup/domain/",
                target: "/autodiscovery/awcredentials.aws/v2/domainlookup/domain/acme.test",
            },
        ],
        Service::DeviceServices => &[Request {
            location: "~* ^/deviceservices/trustservicesettings$",
            target: "/DeviceServices/TrustServiceSettings",
        }],
        Service::TrustService => &[
            Request {
                location: "~ /sslpinning/settings$",
                target: "/TrustService/sslpinning/settings?URL=ds.acme.test",
            },
            Request {
                location: "~ /SSLPinning/Settings$",
                target: "/TrustService/SSLPinning/Settings?URL=ds.acme.test",
            },
        ],
    }
}
