//! A recording that may leave a closed site: what was seen, with stand-ins for every name, address, serial number and key.
//!
//! Certificates hold names inside their signatures, so they are not kept: what they say was read before, and is kept as
//! [`Facts`], so that the recording is judged as it was. Whoever adds a field to a recording has to say here what becomes of
//! it: everything is taken apart by name.

mod standins;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, net::SocketAddr};

use self::standins::StandIns;
use crate::{
    deployment::{
        Accept, ConnectTo, Deployment, DeviceServices, Discovery, DnsServer, DnsTransport, Endpoint, Network, Policy,
        Proxy, ResolveOverride, ServerAddress, ServiceUrl, Trust, TrustService, UrlError,
    },
    json::Json,
    recording::{
        Body, CertId, ConnectFailure, ConnectionFact, ConversationFailure, Der, Facts, FileContent, Handshake,
        HandshakeSignature, HttpAnswer, HttpFact, HttpFailure, Legacy, NameAnswer, NameFact, NameFailure, ProxyFailure,
        Recording, Refused, Request, Resolver, Roots, SuppliedFile, Tls12Fact, TlsFailure,
    },
    x509::{self, ChainFacts, CsrFacts, LinkFault, PathEnd, PathFacts, Unreadable},
};

/// What stands for a text of a peer or a library that nothing is judged by.
const LEFT_OUT: &str = "(redacted)";

/// What was declared of one deployment and seen of it, with stand-ins: the same in all of these recordings. `set` tells them
/// from recordings that were redacted another time, whose stand-ins mean something else.
///
/// # Errors
/// A declared URL whose stand-in would be none: nothing is handed out then.
pub fn redact(recordings: &[Recording], set: &str) -> Result<Vec<Recording>, UrlError> {
    let facts: Vec<Facts> = recordings.iter().map(|recording| facts_of(recording, set)).collect();
    let mut stand_ins = StandIns::default();
    let walk = |stand_ins: &mut StandIns| -> Result<Vec<Recording>, UrlError> {
        let both = recordings.iter().zip(&facts);
        both.map(|(recording, facts)| Redactor(stand_ins).recording(recording, facts)).collect()
    };
    walk(&mut stand_ins)?;
    stand_ins.settle();
    walk(&mut stand_ins)
}

/// All that is to be read from the certificates of a recording.
fn facts_of(recording: &Recording, set: &str) -> Facts {
    if let Some(facts) = &recording.facts {
        return Facts { set: set.to_owned(), ..facts.clone() };
    }
    let read = |(id, Der(der)): (&CertId, &Der)| x509::read(der).ok().filter(|facts| facts.id == *id);
    Facts {
        set: set.to_owned(),
        chains: x509::chains(std::slice::from_ref(recording), recording.taken_at).into_values().collect(),
        certificates: recording.certificates.iter().filter_map(read).collect(),
    }
}

struct Redactor<'a>(&'a mut StandIns);

impl Redactor<'_> {
    fn recording(&mut self, recording: &Recording, facts: &Facts) -> Result<Recording, UrlError> {
        let Recording {
            schema,
            version,
            taken_at,
            took,
            vantage,
            deployment,
            policy,
            roots,
            files,
            certificates: _,
            facts: _,
            names,
            connections,
            under_other_name,
            tls12,
            answers,
            unasked,
        } = recording;
        // First of all, so that every digest of a key or a certificate is known for what it is.
        let Facts { set, chains, certificates } = facts;
        let facts = Facts {
            set: set.clone(),
            certificates: certificates.iter().map(|facts| self.0.certificate(facts)).collect(),
            chains: chains.iter().map(|chain| self.chain(chain)).collect(),
        };
        Ok(Recording {
            schema: schema.clone(),
            version: version.clone(),
            taken_at: *taken_at,
            took: *took,
            vantage: *vantage,
            deployment: self.deployment(deployment)?,
            policy: self.policy(policy),
            roots: self.roots(roots),
            files: files.iter().map(|file| self.file(file)).collect(),
            certificates: BTreeMap::new(),
            facts: Some(facts),
            names: names.iter().map(|fact| self.name_fact(fact)).collect(),
            connections: connections.iter().map(|fact| self.connection(fact)).collect(),
            under_other_name: under_other_name.iter().map(|fact| self.connection(fact)).collect(),
            tls12: tls12.iter().map(|fact| self.tls12(fact)).collect(),
            answers: answers.iter().map(|fact| self.answer(fact)).collect(),
            unasked: (1..=unasked.len()).map(|number| format!("question {number} {LEFT_OUT}")).collect(),
        })
    }

    // ---- what was declared

    fn deployment(&mut self, deployment: &Deployment) -> Result<Deployment, UrlError> {
        let Deployment { discovery, console, device_services, trust_service, trust, network, confirmed, command: _ } =
            deployment;
        let Discovery { host, port, mail_domain } = discovery;
        let Trust { roots, ca_files } = trust;
        Ok(Deployment {
            discovery: Discovery {
                host: self.0.host(host),
                port: *port,
                mail_domain: mail_domain.as_ref().map(|domain| self.0.host(domain)),
            },
            console: console.as_ref().map(|host| self.0.host(host)),
            device_services: self.device_services(device_services)?,
            trust_service: self.trust_service(trust_service)?,
            trust: Trust { roots: *roots, ca_files: self.paths(ca_files) },
            network: self.network(network),
            confirmed: confirmed.clone(),
            command: "pinflight check".to_owned(),
        })
    }

    fn device_services(&mut self, declared: &DeviceServices) -> Result<DeviceServices, UrlError> {
        let DeviceServices { url, backends, balancers, reverse_proxies, certificates, next_certificates, pins } =
            declared;
        Ok(DeviceServices {
            url: self.service_url(url)?,
            backends: self.servers(backends),
            balancers: self.servers(balancers),
            reverse_proxies: self.servers(reverse_proxies),
            certificates: self.paths(certificates),
            next_certificates: self.paths(next_certificates),
            pins: pins.iter().map(|pin| self.0.pin(pin)).collect(),
        })
    }

    fn trust_service(&mut self, declared: &TrustService) -> Result<TrustService, UrlError> {
        let TrustService { mode, url, servers, certificate, csr, signing_root, workspace_one_id_domain } = declared;
        Ok(TrustService {
            mode: *mode,
            url: url.as_ref().map(|url| self.service_url(url)).transpose()?,
            servers: self.servers(servers),
            certificate: certificate.as_ref().map(|path| self.path(path)),
            csr: csr.as_ref().map(|path| self.path(path)),
            signing_root: signing_root.as_ref().map(|path| self.path(path)),
            workspace_one_id_domain: workspace_one_id_domain.as_ref().map(|domain| self.0.text(domain)),
        })
    }

    fn network(&mut self, declared: &Network) -> Network {
        let Network { proxy, no_proxy, dns_servers, resolve, connect_to, .. } = declared;
        let proxy = proxy.as_ref().map(|Proxy { scheme, host, port }| Proxy {
            scheme: *scheme,
            host: self.0.host(host),
            port: *port,
        });
        Network {
            proxy,
            no_proxy: no_proxy.iter().map(|pattern| self.0.named(pattern)).collect(),
            dns_servers: dns_servers.iter().map(|server| self.dns_server(server)).collect(),
            resolve: resolve
                .iter()
                .map(|ResolveOverride { host, port, addresses }| ResolveOverride {
                    host: self.0.host(host),
                    port: *port,
                    addresses: addresses.iter().map(|ip| self.0.ip(*ip)).collect(),
                })
                .collect(),
            connect_to: connect_to
                .iter()
                .map(|ConnectTo { host, port, to_host, to_port }| ConnectTo {
                    host: host.as_ref().map(|host| self.0.host(host)),
                    port: *port,
                    to_host: to_host.as_ref().map(|host| self.0.host(host)),
                    to_port: *to_port,
                })
                .collect(),
            // Durations, numbers and switches.
            ..declared.clone()
        }
    }

    fn policy(&mut self, policy: &Policy) -> Policy {
        let accept = policy.accept.iter().map(|Accept { check, target, until, reason: _ }| Accept {
            check: check.clone(),
            target: target.as_ref().map(|target| self.target(target)),
            until: *until,
            reason: LEFT_OUT.to_owned(),
        });
        // Thresholds, and globs over checks.
        Policy { accept: accept.collect(), ..policy.clone() }
    }

    /// As a report spells it: `ds.example.com:443@10.1.0.11`, a name, a file.
    fn target(&mut self, target: &str) -> String {
        let parts: Vec<String> = target
            .split('@')
            .map(|part| {
                if let Ok(address) = part.parse::<SocketAddr>() {
                    return self.address(address).to_string();
                }
                match part.rsplit_once(':') {
                    Some((host, port)) if port.parse::<u16>().is_ok() => format!("{}:{port}", self.0.named(host)),
                    _ => self.0.named(part),
                }
            })
            .collect();
        parts.join("@")
    }

    fn roots(&mut self, roots: &Roots) -> Roots {
        let Roots { mozilla, system, supplied } = roots;
        Roots { mozilla: mozilla.clone(), system: self.ids(system), supplied: self.ids(supplied) }
    }

    fn file(&mut self, file: &SuppliedFile) -> SuppliedFile {
        let SuppliedFile { path, used_as, content } = file;
        let content = match content {
            FileContent::Certificates(ids) => FileContent::Certificates(self.ids(ids)),
            FileContent::Csr(Der(der)) => FileContent::CsrFacts(Box::new(self.csr(&x509::read_csr(der)))),
            FileContent::CsrFacts(facts) => FileContent::CsrFacts(Box::new(self.csr(facts))),
        };
        SuppliedFile { path: self.path(path), used_as: *used_as, content }
    }

    fn csr(&mut self, facts: &Result<CsrFacts, String>) -> Result<CsrFacts, String> {
        let CsrFacts {
            subject,
            attributes,
            common_name,
            subject_emails,
            san_emails,
            dns_names,
            ip_addresses,
            key,
            signature_algorithm,
            signature_valid,
        } = facts.as_ref().map_err(|_| LEFT_OUT.to_owned())?;
        Ok(CsrFacts {
            subject: self.0.distinguished_name(subject),
            attributes: attributes.iter().map(|(name, value)| (name.clone(), self.0.text(value))).collect(),
            common_name: common_name.as_ref().map(|name| self.0.named(name)),
            subject_emails: subject_emails.iter().map(|email| self.0.text(email)).collect(),
            san_emails: san_emails.iter().map(|email| self.0.text(email)).collect(),
            dns_names: dns_names.iter().map(|name| self.0.named(name)).collect(),
            ip_addresses: ip_addresses.iter().map(|name| self.0.named(name)).collect(),
            key: self.0.key(key),
            signature_algorithm: signature_algorithm.clone(),
            signature_valid: *signature_valid,
        })
    }

    // ---- chains

    fn chain(&mut self, chain: &ChainFacts) -> ChainFacts {
        let ChainFacts { sent, added, paths, strangers, doubles, should_be } = chain;
        let unreadable =
            |one: &Unreadable, this: &mut Self| Unreadable { id: this.0.cert_id(&one.id), detail: LEFT_OUT.to_owned() };
        ChainFacts {
            sent: sent
                .iter()
                .map(|one| match one {
                    Ok(facts) => Ok(self.0.certificate(facts)),
                    Err(one) => Err(unreadable(one, self)),
                })
                .collect(),
            added: added.iter().map(|facts| self.0.certificate(facts)).collect(),
            paths: paths.iter().map(|path| self.chain_path(path)).collect(),
            strangers: strangers.clone(),
            doubles: doubles.clone(),
            should_be: should_be.clone(),
        }
    }

    fn chain_path(&mut self, path: &PathFacts) -> PathFacts {
        let PathFacts { certificates, sent, end, complete_as_sent, faults, out_of_time } = path;
        let fault = |fault: &LinkFault| match fault {
            LinkFault::Other { detail: _ } => LinkFault::Other { detail: LEFT_OUT.to_owned() },
            known => known.clone(),
        };
        PathFacts {
            certificates: self.ids(certificates),
            sent: sent.clone(),
            end: match end {
                PathEnd::Mozilla { subject } => PathEnd::Mozilla { subject: subject.clone() },
                PathEnd::System { id, public } => PathEnd::System { id: self.0.cert_id(id), public: *public },
                PathEnd::Supplied { id, public } => PathEnd::Supplied { id: self.0.cert_id(id), public: *public },
                PathEnd::SigningRoot { id } => PathEnd::SigningRoot { id: self.0.cert_id(id) },
                PathEnd::Untrusted { id } => PathEnd::Untrusted { id: self.0.cert_id(id) },
                PathEnd::IssuerMissing { id } => PathEnd::IssuerMissing { id: self.0.cert_id(id) },
            },
            complete_as_sent: *complete_as_sent,
            faults: faults.iter().map(|(place, id, found)| (*place, self.0.cert_id(id), fault(found))).collect(),
            out_of_time: self.ids(out_of_time),
        }
    }

    // ---- what was seen

    fn name_fact(&mut self, fact: &NameFact) -> NameFact {
        let NameFact { name, roles, resolver, took, answer, queries } = fact;
        NameFact {
            name: self.0.host(name),
            roles: roles.clone(),
            resolver: match resolver {
                Resolver::Server(server) => Resolver::Server(self.dns_server(server)),
                known @ (Resolver::System | Resolver::Hosts | Resolver::Override) => known.clone(),
            },
            took: *took,
            answer: match answer {
                Ok(NameAnswer { addresses, canonical_names }) => Ok(NameAnswer {
                    addresses: addresses.iter().map(|ip| self.0.ip(*ip)).collect(),
                    canonical_names: canonical_names.iter().map(|name| self.0.host(name)).collect(),
                }),
                Err(failure) => Err(self.name_failure(failure)),
            },
            queries: queries.clone(),
        }
    }

    fn name_failure(&mut self, failure: &NameFailure) -> NameFailure {
        match failure {
            NameFailure::Unreachable { failure } => NameFailure::Unreachable { failure: self.connect_failure(failure) },
            NameFailure::Tls { failure } => NameFailure::Tls { failure: tls_failure(failure) },
            NameFailure::Malformed { detail: _ } => NameFailure::Malformed { detail: LEFT_OUT.to_owned() },
            NameFailure::Other { detail: _ } => NameFailure::Other { detail: LEFT_OUT.to_owned() },
            known @ (NameFailure::NotFound
            | NameFailure::NoAddresses
            | NameFailure::ServerFailure { code: _ }
            | NameFailure::NoServerAnswered
            | NameFailure::TimedOut { after: _ }
            | NameFailure::CnameLoop) => known.clone(),
        }
    }

    fn connection(&mut self, fact: &ConnectionFact) -> ConnectionFact {
        let ConnectionFact {
            role,
            endpoint,
            address,
            proxied,
            sni,
            only_tls12,
            repeat,
            connected_after,
            took,
            outcome,
            legacy,
        } = fact;
        ConnectionFact {
            role: *role,
            endpoint: self.endpoint(endpoint),
            address: address.map(|address| self.address(address)),
            proxied: *proxied,
            sni: sni.as_ref().map(|name| self.0.host(name)),
            only_tls12: *only_tls12,
            repeat: *repeat,
            connected_after: *connected_after,
            took: *took,
            outcome: match outcome {
                Ok(Handshake { version, suite, alpn, chain, signature }) => Ok(Handshake {
                    version: version.clone(),
                    suite: suite.clone(),
                    alpn: alpn.clone(),
                    chain: self.ids(chain),
                    signature: match signature {
                        HandshakeSignature::Unverifiable { why: _ } => {
                            HandshakeSignature::Unverifiable { why: LEFT_OUT.to_owned() }
                        }
                        known @ (HandshakeSignature::Valid | HandshakeSignature::Invalid) => known.clone(),
                    },
                }),
                Err(failure) => Err(self.conversation_failure(failure)),
            },
            legacy: legacy.as_ref().map(|Legacy { hellos, took, spoken, refused, complete }| Legacy {
                hellos: *hellos,
                took: *took,
                spoken: spoken.clone(),
                refused: refused
                    .iter()
                    .map(|Refused { version, offered, failure }| Refused {
                        version: version.clone(),
                        offered: *offered,
                        failure: tls_failure(failure),
                    })
                    .collect(),
                complete: *complete,
            }),
        }
    }

    fn tls12(&mut self, fact: &Tls12Fact) -> Tls12Fact {
        let Tls12Fact { connection, chosen } = fact;
        Tls12Fact { connection: self.connection(connection), chosen: chosen.clone() }
    }

    fn conversation_failure(&mut self, failure: &ConversationFailure) -> ConversationFailure {
        match failure {
            ConversationFailure::Tcp { failure } => ConversationFailure::Tcp { failure: self.connect_failure(failure) },
            ConversationFailure::Proxy { failure } => {
                ConversationFailure::Proxy { failure: self.proxy_failure(failure) }
            }
            ConversationFailure::Tls { failure, chain } => {
                ConversationFailure::Tls { failure: tls_failure(failure), chain: self.ids(chain) }
            }
        }
    }

    fn connect_failure(&mut self, failure: &ConnectFailure) -> ConnectFailure {
        match failure {
            ConnectFailure::Prohibited { by } => ConnectFailure::Prohibited { by: by.map(|by| self.0.ip(by)) },
            ConnectFailure::Other { code, detail: _ } => {
                ConnectFailure::Other { code: *code, detail: LEFT_OUT.to_owned() }
            }
            known @ (ConnectFailure::TimedOut { after: _ }
            | ConnectFailure::Refused
            | ConnectFailure::NetworkUnreachable
            | ConnectFailure::HostUnreachable) => known.clone(),
        }
    }

    fn proxy_failure(&mut self, failure: &ProxyFailure) -> ProxyFailure {
        let left_out = || LEFT_OUT.to_owned();
        match failure {
            ProxyFailure::Unresolved { failure } => ProxyFailure::Unresolved { failure: self.name_failure(failure) },
            ProxyFailure::Unreachable { failure } => {
                ProxyFailure::Unreachable { failure: self.connect_failure(failure) }
            }
            ProxyFailure::Tls { failure } => ProxyFailure::Tls { failure: tls_failure(failure) },
            ProxyFailure::Denied { answer: _ } => ProxyFailure::Denied { answer: left_out() },
            ProxyFailure::TargetUnreachable { answer: _ } => ProxyFailure::TargetUnreachable { answer: left_out() },
            ProxyFailure::NotAProxy { begins: _ } => ProxyFailure::NotAProxy { begins: left_out() },
            known @ (ProxyFailure::AuthenticationRequired { sent: _ }
            | ProxyFailure::Silent { after: _ }
            | ProxyFailure::Closed) => known.clone(),
        }
    }

    fn answer(&mut self, fact: &HttpFact) -> HttpFact {
        let HttpFact { request, role, url, endpoint, address, proxied, leaf, took, ended_after, outcome } = fact;
        HttpFact {
            request: request.clone(),
            role: *role,
            url: self.url(url),
            endpoint: self.endpoint(endpoint),
            address: address.map(|address| self.address(address)),
            proxied: *proxied,
            leaf: leaf.as_ref().map(|leaf| self.0.cert_id(leaf)),
            took: *took,
            ended_after: *ended_after,
            outcome: match outcome {
                Ok(HttpAnswer { status, headers, date, body }) => Ok(HttpAnswer {
                    status: *status,
                    headers: headers.iter().filter_map(|(name, value)| self.header(name, value)).collect(),
                    date: *date,
                    body: self.body(request, body),
                }),
                Err(HttpFailure::NotConnected { failure }) => {
                    Err(HttpFailure::NotConnected { failure: self.conversation_failure(failure) })
                }
                Err(HttpFailure::Malformed { detail: _ }) => {
                    Err(HttpFailure::Malformed { detail: LEFT_OUT.to_owned() })
                }
                Err(
                    known @ (HttpFailure::Silent { after: _ }
                    | HttpFailure::Closed
                    | HttpFailure::HeadersTooLong
                    | HttpFailure::ClientCertificateRequired),
                ) => Err(known.clone()),
            },
        }
    }

    /// Those by which something is judged, as far as it is.
    fn header(&mut self, name: &str, value: &str) -> Option<(String, String)> {
        let kept = match name {
            "location" => self.url(value),
            "content-type" if value.to_ascii_lowercase().contains("html") => "text/html".to_owned(),
            "content-type" if value.to_ascii_lowercase().contains("json") => "application/json".to_owned(),
            "age" if value.bytes().all(|byte| byte.is_ascii_digit()) => value.to_owned(),
            "age" | "content-type" => LEFT_OUT.to_owned(),
            _ => return None,
        };
        Some((name.to_owned(), kept))
    }

    fn body(&mut self, request: &Request, body: &Body) -> Body {
        let Body { bytes: Der(bytes), end } = body;
        let new = match Json::parse(bytes) {
            Ok(json) => self.json(request, &json).to_text().into_bytes(),
            // What is no JSON is judged by how it begins.
            Err(_) => match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
                None => bytes.clone(),
                Some(b'<') => b"<redacted>".to_vec(),
                Some(b'{') => b"{redacted".to_vec(),
                Some(_) => b"redacted".to_vec(),
            },
        };
        Body { bytes: Der(new), end: *end }
    }

    fn json(&mut self, request: &Request, json: &Json) -> Json {
        let holds_pins = matches!(request, Request::HostRegistry | Request::Settings { .. });
        match json {
            Json::Null => Json::Null,
            Json::Bool(value) => Json::Bool(*value),
            Json::Number => Json::Number,
            Json::String(text) if holds_pins => Json::String(self.0.pin(text)),
            Json::String(text) => Json::String(self.url(text)),
            Json::Array(items) => Json::Array(items.iter().map(|item| self.json(request, item)).collect()),
            Json::Object(entries) => Json::Object(
                entries
                    .iter()
                    .map(|(key, value)| {
                        let known = ["uri", "enrollmenturl", "groupid"].contains(&key.to_ascii_lowercase().as_str());
                        let key = if known && !holds_pins { key.clone() } else { self.0.pinned_name(key) };
                        (key, self.json(request, value))
                    })
                    .collect(),
            ),
        }
    }

    // ---- pieces

    fn ids(&mut self, ids: &[CertId]) -> Vec<CertId> {
        ids.iter().map(|id| self.0.cert_id(id)).collect()
    }

    fn address(&mut self, address: SocketAddr) -> SocketAddr {
        (self.0.ip(address.ip()), address.port()).into()
    }

    fn endpoint(&mut self, endpoint: &Endpoint) -> Endpoint {
        Endpoint { host: self.0.host(&endpoint.host), port: endpoint.port }
    }

    fn servers(&mut self, servers: &[ServerAddress]) -> Vec<ServerAddress> {
        let redacted = servers.iter().map(|ServerAddress { host, port }| (self.0.host(host), *port));
        redacted.map(|(host, port)| ServerAddress { host, port }).collect()
    }

    fn dns_server(&mut self, server: &DnsServer) -> DnsServer {
        let DnsServer { address, transport } = server;
        let transport = match transport {
            DnsTransport::Tls { name } => DnsTransport::Tls { name: self.0.host(name) },
            known @ (DnsTransport::Udp | DnsTransport::Tcp) => known.clone(),
        };
        DnsServer { address: self.address(*address), transport }
    }

    /// A file's path; what ends of files are called is kept.
    fn path(&mut self, path: &str) -> String {
        match path.rsplit_once('.') {
            Some((stem, end @ ("cer" | "crt" | "pem" | "der" | "p7b" | "csr" | "req"))) => {
                format!("{}.{end}", self.0.text(stem))
            }
            _ => self.0.text(path),
        }
    }

    fn paths(&mut self, paths: &[String]) -> Vec<String> {
        paths.iter().map(|path| self.path(path)).collect()
    }

    fn service_url(&mut self, url: &ServiceUrl) -> Result<ServiceUrl, UrlError> {
        self.url(url.as_str()).parse()
    }

    /// A URL, or a text that was to be one.
    fn url(&mut self, url: &str) -> String {
        let Some((scheme, rest)) = url.split_once("://") else { return self.words(url) };
        let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let place = authority.rsplit('@').next().unwrap_or_default();
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, Some(port)),
            _ => (place, None),
        };
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = match bare {
            Some(ip) => format!("[{}]", self.0.named(ip)),
            None => self.0.named(host),
        };
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" => scheme.to_owned(),
            _ => self.0.text(scheme),
        };
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{scheme}://{host}{port}{}", self.words(rest))
    }

    /// Text in which the words of the protocol are kept.
    fn words(&mut self, text: &str) -> String {
        const PROTOCOL: [&str; 12] = [
            "trustservice",
            "sslpinning",
            "settings",
            "url",
            "deviceservices",
            "trustservicesettings",
            "autodiscovery",
            "hostregistry.aws",
            "awcredentials.aws",
            "v2",
            "domainlookup",
            "domain",
        ];
        let between = ['/', '?', '=', '&', '#'];
        let pieces = text.split_inclusive(between).map(|piece| {
            let word = piece.trim_end_matches(between);
            if PROTOCOL.contains(&word.to_ascii_lowercase().as_str()) {
                return piece.to_owned();
            }
            let behind = piece.get(word.len()..).unwrap_or_default();
            format!("{}{behind}", self.0.named(word))
        });
        pieces.collect()
    }
}

fn tls_failure(failure: &TlsFailure) -> TlsFailure {
    let left_out = || LEFT_OUT.to_owned();
    match failure {
        TlsFailure::NotTls { begins: _ } => TlsFailure::NotTls { begins: left_out() },
        TlsFailure::NothingInCommon { detail: _ } => TlsFailure::NothingInCommon { detail: left_out() },
        TlsFailure::Untrusted { detail: _ } => TlsFailure::Untrusted { detail: left_out() },
        TlsFailure::Misbehaved { detail: _ } => TlsFailure::Misbehaved { detail: left_out() },
        known @ (TlsFailure::ResetAfterClientHello
        | TlsFailure::ClosedAfterClientHello
        | TlsFailure::SilentAfterClientHello { after: _ }
        | TlsFailure::Alert { name: _ }
        | TlsFailure::ChainTooLong
        | TlsFailure::NoCertificate
        | TlsFailure::ClientCertificateRequired
        | TlsFailure::Reset
        | TlsFailure::Closed
        | TlsFailure::Stalled { after: _ }) => known.clone(),
    }
}
