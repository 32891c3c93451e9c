//! What a recording was taken with, as far as the verdict rests on it: what differs by nature from machine to machine (the
//! vantage, the network, the paths of files, the command) is not among it, nor what a person has confirmed.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    deployment::{Deployment, Policy, RootStore, Scope, ServerAddress, Severity},
    recording::{FileContent, FileUse, Recording},
    x509::{self, CsrFacts},
};

/// What makes them recordings of one deployment at all.
pub(super) const URL: &str = "device_services.url";

/// Every setting that is compared, as the configuration spells it, in the order in which differences are told.
pub(super) const KEYS: &[&str] = &[
    URL,
    "device_services.backends",
    "device_services.balancers",
    "device_services.reverse_proxies",
    "device_services.certificates",
    "device_services.next_certificates",
    "device_services.pins",
    "trust_service.mode",
    "trust_service.url",
    "trust_service.servers",
    "trust_service.certificate",
    "trust_service.csr",
    "trust_service.signing_root",
    "trust_service.workspace_one_id_domain",
    "discovery.host",
    "discovery.mail_domain",
    "console.host",
    "trust.roots",
    "trust.ca_files",
    "policy.scope",
    "policy.warning_days",
    "policy.critical_days",
    "policy.max_offline",
    "policy.max_age",
    "policy.severity",
    "policy.only",
    "policy.skip",
    "accept",
];

/// A setting's value; one of several for a list, none where nothing is declared.
pub(super) type Values = BTreeMap<&'static str, BTreeSet<String>>;

pub(super) fn of(recording: &Recording) -> Values {
    let mut values = of_deployment(&recording.deployment);
    values.extend(of_files(recording));
    values.extend(of_policy(&recording.policy));
    values
}

fn of_deployment(deployment: &Deployment) -> Values {
    let Deployment { discovery, console, device_services, trust_service, trust, .. } = deployment;
    let port = deployment.device_services_endpoint().port;
    let trust_service_port = deployment.trust_service_endpoint().map_or(443, |endpoint| endpoint.port);
    let servers =
        |servers: &[ServerAddress], port: u16| servers.iter().map(|server| server.endpoint(port).to_string()).collect();
    BTreeMap::from([
        (URL, one(device_services.url.as_str())),
        ("device_services.backends", servers(&device_services.backends, port)),
        ("device_services.balancers", servers(&device_services.balancers, port)),
        ("device_services.reverse_proxies", servers(&device_services.reverse_proxies, port)),
        ("device_services.pins", device_services.pins.iter().cloned().collect()),
        ("trust_service.mode", one(trust_service.mode.id())),
        ("trust_service.url", trust_service.url.iter().map(|url| url.as_str().to_owned()).collect()),
        ("trust_service.servers", servers(&trust_service.servers, trust_service_port)),
        ("trust_service.workspace_one_id_domain", trust_service.workspace_one_id_domain.iter().cloned().collect()),
        ("discovery.host", one(&deployment.discovery_endpoint().to_string())),
        ("discovery.mail_domain", discovery.mail_domain.iter().cloned().collect()),
        ("console.host", console.iter().cloned().collect()),
        (
            "trust.roots",
            one(match trust.roots {
                RootStore::Mozilla => "mozilla",
                RootStore::System => "system",
                RootStore::None => "none",
            }),
        ),
    ])
}

/// Files by what is in them: each machine may keep them elsewhere.
fn of_files(recording: &Recording) -> Values {
    let of = |used_as: FileUse| {
        let files = recording.files.iter().filter(|file| file.used_as == used_as);
        files.flat_map(|file| contents(used_as, &file.content)).collect()
    };
    BTreeMap::from([
        ("device_services.certificates", of(FileUse::Uploaded)),
        ("device_services.next_certificates", of(FileUse::Next)),
        ("trust_service.certificate", of(FileUse::TrustServiceCertificate)),
        ("trust_service.csr", of(FileUse::TrustServiceCsr)),
        ("trust_service.signing_root", of(FileUse::SigningRoot)),
        ("trust.ca_files", of(FileUse::CaFile)),
    ])
}

fn contents(used_as: FileUse, content: &FileContent) -> Vec<String> {
    let ids = match content {
        FileContent::Certificates(ids) => ids,
        FileContent::Csr(der) => return vec![request(&x509::read_csr(&der.0))],
        FileContent::CsrFacts(facts) => return vec![request(facts)],
    };
    // Of a file with a whole chain the first certificate counts, unless roots are wanted.
    let counting = if matches!(used_as, FileUse::CaFile | FileUse::SigningRoot) { ids.len() } else { 1 };
    ids.iter().take(counting).map(|id| format!("sha256 {id}")).collect()
}

/// A request by what it says: a redacted recording keeps nothing else of it.
fn request(facts: &Result<CsrFacts, String>) -> String {
    match facts {
        Ok(facts) => {
            let emails = facts.emails().collect::<Vec<_>>().join(", ");
            let names: Vec<&str> = facts.dns_names.iter().chain(&facts.ip_addresses).map(String::as_str).collect();
            let (subject, key) = (&facts.subject, &facts.key.spki_sha256);
            format!("{subject}; e-mail {emails}; names {}; key sha256//{key}", names.join(", "))
        }
        Err(unreadable) => format!("not readable: {unreadable}"),
    }
}

pub(super) fn of_policy(policy: &Policy) -> Values {
    let severity = |severity: &Severity| match severity {
        Severity::Warn => "warn",
        Severity::Fail => "fail",
    };
    let accept = policy.accept.iter().map(|accept| {
        let target = accept.target.as_deref().unwrap_or("everywhere");
        let until = accept.until.map_or_else(String::new, |until| format!(" until {until}"));
        format!("{} at {target}{until}", accept.check)
    });
    BTreeMap::from([
        (
            "policy.scope",
            one(match policy.scope {
                Scope::Deployment => "deployment",
                Scope::Vantage => "vantage",
            }),
        ),
        ("policy.warning_days", one(&policy.warning_days.to_string())),
        ("policy.critical_days", one(&policy.critical_days.to_string())),
        ("policy.max_offline", one(&format!("{} s", policy.max_offline.as_secs_f64()))),
        ("policy.max_age", one(&format!("{} s", policy.max_age.as_secs_f64()))),
        ("policy.severity", policy.severity.iter().map(|(check, is)| format!("{check} = {}", severity(is))).collect()),
        ("policy.only", policy.only.iter().cloned().collect()),
        ("policy.skip", policy.skip.iter().cloned().collect()),
        ("accept", accept.collect()),
    ])
}

fn one(value: &str) -> BTreeSet<String> {
    BTreeSet::from([value.to_owned()])
}
