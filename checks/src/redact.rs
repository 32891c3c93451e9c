//! A recording that may leave a closed site: what was seen, with stand-ins for every name, address, serial number and key.
//!
//! Certificates hold names inside their signatures, so they are not kept: what they say was read before, and is kept as
//! [`Facts`], so that the recording is judged as it was. Whoever adds a field to a recording has to say here what becomes of
//! it: everything is taken apart by name.

mod declared;
mod seen;
mod standins;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use url::{Position, Url};

use self::standins::StandIns;
use crate::{
    deployment::{Deployment, DnsServer, DnsTransport, Endpoint, ServerAddress, ServiceUrl, UrlError},
    recording::{CertId, Der, Facts, Recording},
    x509::{self, ChainFacts, LinkFault, PathEnd, PathFacts, Unreadable},
};

/// Whether a text ends as the files do that are declared.
fn is_file(text: &str) -> bool {
    let ends = ["cer", "crt", "pem", "der", "p7b", "csr", "req"];
    text.rsplit_once('.').is_some_and(|(_, end)| ends.contains(&end))
}

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

/// Whether what is declared can be redacted: to be asked before anything is observed.
///
/// # Errors
/// As [`redact`].
pub fn can_redact(deployment: &Deployment) -> Result<(), UrlError> {
    Redactor(&mut StandIns::default()).deployment(deployment).map(drop)
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

    // ---- chains

    fn chain(&mut self, chain: &ChainFacts) -> ChainFacts {
        let ChainFacts { sent, added, paths, strangers, doubles, should_be } = chain;
        let unreadable =
            |one: &Unreadable, this: &mut Self| Unreadable { id: this.0.cert_id(&one.id), detail: LEFT_OUT.to_owned() };
        ChainFacts {
            sent: sent
                .iter()
                .map(|one| match one {
                    Ok(facts) => Ok(Arc::new(self.0.certificate(facts))),
                    Err(one) => Err(unreadable(one, self)),
                })
                .collect(),
            added: added.iter().map(|facts| Arc::new(self.0.certificate(facts))).collect(),
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
        match path.rsplit_once('.').filter(|_| is_file(path)) {
            Some((stem, end)) => format!("{}.{end}", self.0.text(stem)),
            None => self.0.text(path),
        }
    }

    fn paths(&mut self, paths: &[String]) -> Vec<String> {
        paths.iter().map(|path| self.path(path)).collect()
    }

    fn service_url(&mut self, url: &ServiceUrl) -> Result<ServiceUrl, UrlError> {
        self.url(url.as_str()).parse()
    }

    /// A URL, or a text that was to be one. Read as whoever judges it reads it: without blanks around it, its host in lower
    /// case and in A-labels.
    fn url(&mut self, url: &str) -> String {
        let Some(parsed) = Url::parse(url).ok().filter(|url| matches!(url.scheme(), "http" | "https")) else {
            return self.words(url);
        };
        let user = match (parsed.username(), parsed.password()) {
            ("", None) => String::new(),
            (user, password) => format!("{}@", self.0.text(&format!("{user}:{}", password.unwrap_or_default()))),
        };
        let host = parsed.host_str().unwrap_or_default();
        let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(ip) => format!("[{}]", self.0.named(ip)),
            None => self.0.named(host),
        };
        let port = parsed.port().map(|port| format!(":{port}")).unwrap_or_default();
        let rest: String = parsed[Position::BeforePath..].to_owned();
        format!("{}://{user}{host}{port}{}", parsed.scheme(), self.words(&rest))
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
