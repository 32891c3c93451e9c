//! What was declared: deployment, policy, roots and files.

use std::net::SocketAddr;

use super::{LEFT_OUT, Redactor};
use crate::{
    deployment::{
        Accept, ConnectTo, Deployment, DeviceServices, Discovery, Network, Policy, Proxy, ResolveOverride, Trust,
        TrustService, UrlError,
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

    pub(super) fn policy(&mut self, policy: &Policy) -> Policy {
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
    pub(super) fn target(&mut self, target: &str) -> String {
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
            subject_emails: subject_emails.iter().map(|email| self.0.text(email)).collect(),
            san_emails: san_emails.iter().map(|email| self.0.text(email)).collect(),
            dns_names: dns_names.iter().map(|name| self.0.named(name)).collect(),
            ip_addresses: ip_addresses.iter().map(|name| self.0.named(name)).collect(),
            key: self.0.key(key),
            signature_algorithm: signature_algorithm.clone(),
            signature_valid: *signature_valid,
        })
    }
}
