//! Every certificate that devices may meet at Device Services, ready to be uploaded, and what could not be gathered.
//! `pinflight.gather/1`.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::{
    check::Case,
    deployment::{Role, Vantage},
    inspect,
    outcome::Target,
    pin::forms::{Entry, Key, Material},
    prose, reach,
    recording::{NameFact, Recording},
    time::Timestamp,
    x509::{self, CertificateFacts},
};

/// The `schema` of the manifest.
pub const SCHEMA: &str = "pinflight.gather/1";

/// What was gathered: the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Gathered {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The version of pinflight that gathered.
    pub version: String,
    /// When.
    pub taken_at: Timestamp,
    /// From where; other vantages may meet other servers under the same name.
    pub vantage: Vantage,
    /// The host of Device Services.
    pub host: String,
    /// Whether every declared place presented a certificate. If not, uploading these alone locks devices out.
    pub complete: bool,
    /// Each certificate once.
    pub certificates: Vec<Certificate>,
    /// Places that presented none, and why.
    pub missing: Vec<Missing>,
}

/// A certificate that devices may meet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Certificate {
    /// Its file's name.
    pub file: String,
    /// Where it was met.
    pub met_at: Vec<Met>,
    /// RFC 4514.
    pub subject: String,
    /// RFC 4514.
    pub issuer: String,
    /// Upper-case hex with colons.
    pub serial: String,
    /// First second.
    pub not_before: Timestamp,
    /// Last second.
    pub not_after: Timestamp,
    /// SAN names and addresses.
    pub names: Vec<String>,
    /// Its key in every form of a pin.
    pub key: Key,
    /// The certificate itself.
    #[serde(skip)]
    pub der: Vec<u8>,
}

/// A place where a certificate was met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Met {
    /// Where.
    pub target: Target,
    /// What it is.
    pub role: Role,
    /// Whether a server name was sent.
    pub sni: bool,
}

/// A place without a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// Where.
    pub target: Target,
    /// What it is.
    pub role: Role,
    /// Why, as a sentence.
    pub reason: String,
}

const ROLES: [Role; 4] = [Role::DeviceServices, Role::Balancer, Role::ReverseProxy, Role::Backend];

impl Gathered {
    /// What one run met.
    pub fn of(recording: &Recording) -> Self {
        let recordings = std::slice::from_ref(recording);
        let host = recording.deployment.device_services.url.host();
        let mut gathered = Self {
            schema: SCHEMA,
            version: recording.version.clone(),
            taken_at: recording.taken_at,
            vantage: recording.vantage,
            host,
            complete: false,
            certificates: Vec::new(),
            missing: Vec::new(),
        };
        if let Some(case) = Case::new(recordings, &recording.policy, recording.taken_at) {
            for role in ROLES {
                gathered.role(recording, &case, role);
            }
            gathered.never_asked(&case);
        }
        for question in &recording.unasked {
            let target = Target::Thing(question.clone());
            let reason = "no time was left to ask it".to_owned();
            gathered.missing.push(Missing { target, role: Role::DeviceServices, reason });
        }
        gathered.complete = gathered.missing.is_empty() && !gathered.certificates.is_empty();
        gathered
    }

    fn role(&mut self, recording: &Recording, case: &Case<'_>, role: Role) {
        let mut vain: Vec<Missing> = Vec::new();
        let mut reached: Vec<Target> = Vec::new();
        for fact in recording.presentations().filter(|fact| fact.role == role) {
            let target = Target::of(&fact.endpoint, fact.address);
            let met = Met { target: target.clone(), role, sni: fact.sni.is_some() };
            let leaf = fact.presented().and_then(<[_]>::first);
            let told = match leaf.and_then(|id| recording.certificates.get(id)) {
                // Somebody on the way presents it; the server's own was not seen.
                Some(_) if leaf.is_some_and(|id| case.interception(id).is_some()) => {
                    Err("what is presented here was signed again on the way: see tls/interception".to_owned())
                }
                Some(der) => self.add(met, &der.0),
                None => Err(inspect::missed(recording, fact)
                    .map_or_else(|| "it presents no certificate".to_owned(), |(_, cause)| prose::message(&cause))),
            };
            match told {
                Ok(()) if reach::is_asked_as_devices_do(fact) => reached.push(target),
                Ok(()) => {}
                // A server that refuses whoever sends no name shows devices nothing then.
                Err(_) if !reach::is_asked_as_devices_do(fact) => {}
                Err(reason) => vain.push(Missing { target, role, reason }),
            }
        }
        // A repeat that came to nothing is no gap: the first time counts.
        vain.retain(|missing| !reached.contains(&missing.target));
        vain.dedup_by(|a, b| a.target == b.target);
        self.missing.extend(vain);
    }

    fn add(&mut self, met: Met, der: &[u8]) -> Result<(), String> {
        if let Some(known) = self.certificates.iter_mut().find(|known| known.der == der) {
            if !known.met_at.contains(&met) {
                known.met_at.push(met);
            }
            return Ok(());
        }
        let facts =
            x509::read(der).map_err(|unreadable| format!("its certificate cannot be read: {}", unreadable.detail))?;
        let Some(key) = Entry::of_der("", Material::Certificate, der).key else {
            return Err("its key cannot be read".to_owned());
        };
        let file = self.file_name(&facts);
        self.certificates.push(Certificate {
            file,
            met_at: vec![met],
            subject: facts.display_subject(),
            issuer: facts.issuer.clone(),
            serial: facts.serial.clone(),
            not_before: facts.not_before,
            not_after: facts.not_after,
            names: facts.dns_names.iter().chain(&facts.ip_addresses).cloned().collect(),
            key,
            der: der.to_vec(),
        });
        Ok(())
    }

    /// Host as declared, key and end; nothing of it is a peer's text.
    fn file_name(&self, facts: &CertificateFacts) -> String {
        let host: String = self.host.chars().take(100).map(|c| if is_plain(c) { c } else { '-' }).collect();
        // Windows takes `aux.example.com` for a device.
        let label = host.split('.').next().unwrap_or_default();
        let prefix = if is_device(label) { "_" } else { "" };
        let key: String = facts.key.spki_sha256.chars().filter(char::is_ascii_alphanumeric).take(10).collect();
        let day: String = facts.not_after.day().chars().filter(|c| c.is_ascii_digit() || *c == '-').collect();
        let stem = format!("{prefix}{host}_key-{key}_until-{day}");
        let taken: BTreeSet<String> = self.certificates.iter().map(|known| known.file.to_ascii_lowercase()).collect();
        let mut names =
            std::iter::once(format!("{stem}.cer")).chain((2..).map(|number| format!("{stem}_{number}.cer")));
        names.find(|name| !taken.contains(&name.to_ascii_lowercase())).unwrap_or_default()
    }

    /// Declared places that nobody asked: from elsewhere they are, or their name has no address.
    fn never_asked(&mut self, case: &Case<'_>) {
        let service = case.deployment.device_services_endpoint();
        let known = |met: &[Missing], target: &Target| met.iter().any(|missing| missing.target == *target);
        for role in ROLES {
            let targets: Vec<Target> = case.unasked_servers(role).collect();
            for target in targets {
                let reason = target.host().and_then(|host| unresolved(case, host));
                let reason = reason.unwrap_or_else(|| "its name has no address".to_owned());
                self.missing.push(Missing { target, role, reason });
            }
        }
        for (role, server) in case.deployment.device_services.servers().filter(|(role, _)| !case.asks(*role)) {
            let place = server.endpoint(service.port);
            let target = match place.ip() {
                Some(ip) => Target::At(service.clone(), (ip, place.port).into()),
                None => Target::Endpoint(place),
            };
            let reason = format!(
                "a server behind the balancer is not asked from {}: gather on {} too",
                self.vantage,
                Vantage::Console.place()
            );
            self.missing.push(Missing { target, role, reason });
        }
        let by_name = Target::Endpoint(service.clone());
        let met = case.connections(&[Role::DeviceServices]).next().is_some();
        if !met && !known(&self.missing, &by_name) {
            let reason = unresolved(case, &service.host).unwrap_or_else(|| "no connection was possible".to_owned());
            self.missing.push(Missing { target: by_name, role: Role::DeviceServices, reason });
        }
    }
}

fn unresolved(case: &Case<'_>, host: &str) -> Option<String> {
    let of_host = |fact: &&NameFact| fact.name == host;
    let failed = case.names().map(|(_, fact)| fact).filter(of_host).find_map(|fact| {
        let failure = fact.answer.as_ref().err()?.clone();
        Some(crate::cause::Cause::NameUnresolved {
            name: host.to_owned(),
            resolver: fact.resolver.to_string(),
            failure,
        })
    });
    failed.map(|cause| prose::message(&cause))
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-')
}

/// Names that Windows keeps for itself, whatever follows behind a dot.
fn is_device(label: &str) -> bool {
    let label = label.to_ascii_lowercase();
    let numbered = label.strip_prefix("com").or_else(|| label.strip_prefix("lpt"));
    let is_numbered = numbered.is_some_and(|rest| rest.len() == 1 && rest.chars().all(|c| c.is_ascii_digit()));
    is_numbered || matches!(label.as_str(), "con" | "prn" | "aux" | "nul")
}

/// Whether a file of this name was written by an earlier gathering: only such are ever removed.
pub fn is_own_name(name: &str) -> bool {
    let plain = name.chars().all(|c| is_plain(c) || c == '_');
    plain && name.contains("_key-") && name.strip_suffix(".cer").is_some() && !name.starts_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        recording::{ConnectFailure, ConnectionFact, ConversationFailure, Der, Tls12Fact},
        testing::refused,
        x509::forge::{HOST, Supplied, leaf, met, presents, root},
    };

    #[test]
    fn each_certificate_is_gathered_once_and_what_is_missing_told() {
        let issuer = root("R");
        let made = issuer.leaf();
        let mut recording = presents(&[&made], &Supplied::default());
        recording.connections.push(met([10, 1, 0, 12], vec![made.id()]));
        let mut without_sni = met([10, 1, 0, 12], vec![made.id()]);
        without_sni.sni = None;
        recording.connections.push(without_sni);
        let gathered = Gathered::of(&recording);
        assert!(gathered.complete);
        let [one] = gathered.certificates.as_slice() else { panic!("{gathered:?}") };
        assert_eq!((one.met_at.len(), one.der == made.der, is_own_name(&one.file)), (3, true, true));

        let other = issuer.leaf();
        recording.certificates.insert(other.id(), Der(other.der.clone()));
        let connection = ConnectionFact { only_tls12: true, ..met([10, 1, 0, 12], vec![other.id()]) };
        recording.tls12.push(Tls12Fact { connection, chosen: None });
        let gathered = Gathered::of(&recording);
        let [_, two] = gathered.certificates.as_slice() else { panic!("{gathered:?}") };
        assert!(two.der == other.der && gathered.complete);
        recording.tls12.clear();

        recording.connections.push(refused(Role::DeviceServices, HOST, 443, [10, 1, 0, 13]));
        let gathered = Gathered::of(&recording);
        assert!(!gathered.complete);
        let [missing] = gathered.missing.as_slice() else { panic!("{gathered:?}") };
        assert_eq!(missing.target.to_string(), "ds.example.com:443@10.1.0.13");

        // A machine without IPv6 does not see what devices with it meet.
        let mut recording = presents(&[&made], &Supplied::default());
        let mut six = refused(Role::DeviceServices, HOST, 443, [10, 1, 0, 13]);
        six.address = Some(("fd00::1".parse::<std::net::IpAddr>().unwrap(), 443).into());
        six.outcome = Err(ConversationFailure::Tcp { failure: ConnectFailure::NetworkUnreachable });
        recording.connections.push(six);
        assert_eq!(Gathered::of(&recording).missing.len(), 1);
    }

    #[test]
    fn servers_that_are_asked_elsewhere_and_names_without_address_are_missing() {
        let mut recording = presents(&[&root("R").leaf()], &Supplied::default());
        recording.deployment.device_services.backends = vec!["10.1.0.21".parse().unwrap()];
        let gathered = Gathered::of(&recording);
        let told: Vec<String> = gathered.missing.iter().map(|missing| missing.target.to_string()).collect();
        assert_eq!((told, gathered.complete), (vec!["ds.example.com:443@10.1.0.21".to_owned()], false));
        recording.connections.clear();
        assert_eq!(Gathered::of(&recording).missing.len(), 2);
    }

    #[test]
    fn names_of_files_are_ours_and_safe() {
        let issuer = root("R");
        let made = issuer.leaf();
        let mut again = leaf();
        again.serial_number = Some(7.into());
        let again = issuer.issue_for(again, &made.key);
        let mut recording = presents(&[&made], &Supplied::default());
        recording.certificates.insert(again.id(), Der(again.der.clone()));
        recording.connections.push(met([10, 1, 0, 12], vec![again.id()]));
        let files: Vec<String> = Gathered::of(&recording).certificates.into_iter().map(|one| one.file).collect();
        let [first, second] = files.as_slice() else { panic!("{files:?}") };
        assert_eq!(*second, first.replace(".cer", "_2.cer"));
        for (host, begins) in
            [("https://aux.example.com", "_aux.example.com_key-"), ("https://[fd00::1]", "fd00--1_key-")]
        {
            recording.deployment.device_services.url = host.parse().unwrap();
            let gathered = Gathered::of(&recording);
            assert!(gathered.certificates[0].file.starts_with(begins), "{gathered:?}");
        }
        for (name, own) in [(first.as_str(), true), ("../x_key-1.cer", false), ("notes.txt", false), ("ds.cer", false)]
        {
            assert_eq!(is_own_name(name), own, "{name}");
        }
    }
}
