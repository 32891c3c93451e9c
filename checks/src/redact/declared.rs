//! What was declared: deployment, policy, roots and files.

use std::net::{IpAddr, SocketAddr};

use super::{LEFT_OUT, Redactor, is_file};
use crate::{
    deployment::{
        Accept, ConnectTo, Deployment, DeviceServices, Discovery, DnsServer, Network, Policy, Proxy, ResolveOverride,
        Trust, TrustService, UrlError,
    },
    recording::{Der, FileContent, Roots, SuppliedFile},
    x509::{self, CsrFacts},
};

impl Redactor<'_> {
    pub(super) fn deployment(&mut self, deployment: &Deployment) -> Result<Deployment, UrlError> {
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
            workspace_one_id_domain: workspace_one_id_domain.as_ref().map(|domain| self.0.domain(domain)),
        })
    }

    fn network(&mut self, declared: &Network) -> Network {
        let Network {
            proxy,
            no_proxy: _,
            system_resolver,
            dns_servers,
            resolve,
            connect_to,
            connect_timeout,
            step_timeout,
            question_timeout,
            max_time,
            retry,
            jobs,
            repeat,
            address_family,
        } = declared;
        // Patterns and networks mean nothing among stand-ins: those that are asked directly are named one by one.
        let direct = self.0.hosts().into_iter().filter(|host| proxy.is_some() && declared.proxy_for(host).is_none());
        let no_proxy = direct.map(|host| self.0.named(&host)).collect();
        let proxy = proxy.as_ref().map(|Proxy { scheme, host, port }| Proxy {
            scheme: *scheme,
            host: self.0.host(host),
            port: *port,
        });
        Network {
            proxy,
            no_proxy,
            system_resolver: *system_resolver,
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
            connect_timeout: *connect_timeout,
            step_timeout: *step_timeout,
            question_timeout: *question_timeout,
            max_time: *max_time,
            retry: *retry,
            jobs: *jobs,
            repeat: *repeat,
            address_family: *address_family,
        }
    }

    pub(super) fn policy(&mut self, policy: &Policy) -> Policy {
        let Policy { scope, fail_on, warning_days, critical_days, max_offline, max_age, severity, accept, only, skip } =
            policy;
        let accept = accept.iter().map(|Accept { check, target, until, reason: _ }| Accept {
            check: check.clone(),
            target: target.as_ref().map(|target| self.target(target)),
            until: *until,
            reason: LEFT_OUT.to_owned(),
        });
        Policy {
            scope: *scope,
            fail_on: *fail_on,
            warning_days: *warning_days,
            critical_days: *critical_days,
            max_offline: *max_offline,
            max_age: *max_age,
            severity: severity.clone(),
            accept: accept.collect(),
            only: only.clone(),
            skip: skip.clone(),
        }
    }

    /// As a report spells it: `ds.example.com:443@10.1.0.11`, `ds.example.com (the hosts file)`, a file, a thing.
    pub(super) fn target(&mut self, target: &str) -> String {
        const THINGS: [&str; 5] = ["the ", "trust_service.", "device_services.", "Trust Service", "IPv4 and IPv6"];
        if THINGS.iter().any(|thing| target.starts_with(thing)) {
            return target.to_owned();
        }
        if let Some((name, resolver)) = target.split_once(" (") {
            let words: Vec<String> = resolver.split(' ').map(|word| self.resolver_word(word)).collect();
            return format!("{} ({}", self.0.named(name), words.join(" "));
        }
        if target.contains(['/', '\\']) || is_file(target) {
            return self.path(target);
        }
        let parts: Vec<String> = target.split('@').map(|part| self.place(part)).collect();
        parts.join("@")
    }

    fn place(&mut self, place: &str) -> String {
        if let Ok(address) = place.parse::<SocketAddr>() {
            return self.address(address).to_string();
        }
        match place.rsplit_once(':') {
            Some((host, port)) if port.parse::<u16>().is_ok() && place.parse::<IpAddr>().is_err() => {
                format!("{}:{port}", self.0.named(host))
            }
            _ => self.0.named(place),
        }
    }

    /// `the hosts file`, `DNS server tls://10.1.0.53:853#dns.example.com`.
    fn resolver_word(&mut self, word: &str) -> String {
        const WORDS: [&str; 8] = ["the", "operating", "system", "hosts", "file", "DNS", "server", "--resolve"];
        let bare = word.trim_end_matches(')');
        if WORDS.contains(&bare) {
            return word.to_owned();
        }
        let end = word.get(bare.len()..).unwrap_or_default();
        match bare.parse::<DnsServer>() {
            Ok(server) => format!("{}{end}", self.dns_server(&server)),
            Err(_) => format!("{}{end}", self.0.text(bare)),
        }
    }

    pub(super) fn roots(&mut self, roots: &Roots) -> Roots {
        let Roots { mozilla, system, supplied } = roots;
        Roots { mozilla: mozilla.clone(), system: self.ids(system), supplied: self.ids(supplied) }
    }

    pub(super) fn file(&mut self, file: &SuppliedFile) -> SuppliedFile {
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
            subject_emails: subject_emails.iter().map(|email| self.0.email(email)).collect(),
            san_emails: san_emails.iter().map(|email| self.0.email(email)).collect(),
            dns_names: dns_names.iter().map(|name| self.0.named(name)).collect(),
            ip_addresses: ip_addresses.iter().map(|name| self.0.named(name)).collect(),
            key: self.0.key(key),
            signature_algorithm: signature_algorithm.clone(),
            signature_valid: *signature_valid,
        })
    }
}
