//! The flags of `check` as a layer of the settings, and as the command line that asks the same from elsewhere.

use std::path::PathBuf;

use super::{
    error::Origin,
    keys::{self, ONLY, SKIP},
    raw::{Located, Raw},
};
use crate::{
    cli::{CheckArgs, SelectArgs},
    secrets,
};

/// What the flag of each key was given, in the order of the help; empty: the flag was not given.
fn said(args: &CheckArgs) -> Vec<(&'static str, Vec<&str>)> {
    let (deployment, network, judgement) = (&args.deployment, &args.network, &args.judgement);
    vec![
        ("vantage", one(deployment.from.as_ref())),
        ("discovery.host", one(deployment.discovery.as_ref())),
        ("discovery.mail_domain", one(deployment.mail_domain.as_ref())),
        ("console.host", one(deployment.console_host.as_ref())),
        ("device_services.url", one(deployment.device_services.as_ref())),
        ("device_services.backends", many(&deployment.backend)),
        ("device_services.balancers", many(&deployment.balancer)),
        ("device_services.reverse_proxies", many(&deployment.reverse_proxy)),
        ("device_services.certificates", many(&deployment.certificate)),
        ("device_services.next_certificates", many(&deployment.next_certificate)),
        ("device_services.pins", many(&deployment.pin)),
        ("trust_service.mode", one(deployment.mode.as_ref())),
        ("trust_service.url", one(deployment.trust_service.as_ref())),
        ("trust_service.servers", many(&deployment.trust_service_server)),
        ("trust_service.certificate", one(deployment.trust_service_certificate.as_ref())),
        ("trust_service.csr", one(deployment.csr.as_ref())),
        ("trust_service.signing_root", one(deployment.signing_root.as_ref())),
        ("trust_service.workspace_one_id_domain", one(deployment.workspace_one_id_domain.as_ref())),
        ("trust.roots", one(deployment.roots.as_ref())),
        ("trust.ca_files", many(&deployment.cacert)),
        ("network.proxy", one(network.proxy.as_ref())),
        ("network.no_proxy", one(network.no_proxy.as_ref())),
        ("network.system_resolver", one(network.system_resolver.as_ref())),
        ("network.dns_servers", many(&network.dns_server)),
        ("network.resolve", many(&network.resolve)),
        ("network.connect_to", many(&network.connect_to)),
        ("network.connect_timeout", one(network.connect_timeout.as_ref())),
        ("network.step_timeout", one(network.step_timeout.as_ref())),
        ("network.question_timeout", one(network.question_timeout.as_ref())),
        ("network.max_time", one(network.max_time.as_ref())),
        ("network.retry", one(network.retry.as_ref())),
        ("network.repeat", one(network.repeat.as_ref())),
        ("network.jobs", one(network.jobs.as_ref())),
        ("policy.scope", one(judgement.scope.as_ref())),
        ("policy.fail_on", one(args.select.fail_on.as_ref())),
        ("policy.warning_days", one(judgement.warning_days.as_ref())),
        ("policy.critical_days", one(judgement.critical_days.as_ref())),
        ("policy.max_offline", one(judgement.max_offline.as_ref())),
        ("policy.max_age", one(judgement.max_age.as_ref())),
    ]
}

fn one(value: Option<&String>) -> Vec<&str> {
    value.map(String::as_str).into_iter().collect()
}

fn many(values: &[String]) -> Vec<&str> {
    values.iter().map(String::as_str).collect()
}

/// The flag of a key.
fn flag(key: &str) -> &'static str {
    keys::find(key).and_then(|key| key.flag).unwrap_or("--config")
}

/// The layer that the flags make.
pub(super) fn layer(args: &CheckArgs) -> Raw {
    let mut raw = select(&args.select);
    // How this run goes is no part of the command that asks the same from elsewhere.
    let run = [("wait", one(args.wait.as_ref())), ("interval", one(args.interval.as_ref()))];
    for (key, values) in said(args).into_iter().chain(run).filter(|(_, values)| !values.is_empty()) {
        let origin = Origin::Flag(flag(key));
        let located = values.iter().map(|text| Located::new(text, origin.clone()));
        raw.values.insert(key, located.collect());
    }
    if let Some(discovery) = &args.deployment.discovery {
        let (host, port) = split_port(discovery);
        let origin = Origin::Flag("--discovery");
        raw.say("discovery.host", Located { shown: discovery.clone(), ..Located::new(host, origin.clone()) });
        if let Some(port) = port {
            raw.say("discovery.port", Located { shown: discovery.clone(), ..Located::new(port, origin) });
        }
    }
    if let Some(list) = &args.network.no_proxy {
        let rules = list.split(',').map(str::trim).filter(|rule| !rule.is_empty());
        let located = rules.map(|rule| Located::new(rule, Origin::Flag("--no-proxy")));
        raw.values.insert("network.no_proxy", located.collect());
    }
    if let Some((flag, family)) = address_family(args) {
        raw.say("network.address_family", Located::new(family, Origin::Flag(flag)));
    }
    raw
}

/// `--only` and `--skip`.
pub(super) fn select(args: &SelectArgs) -> Raw {
    let mut raw = Raw::default();
    for (key, flag, globs) in [(ONLY, "--only", &args.only), (SKIP, "--skip", &args.skip)] {
        let located = globs.iter().map(|glob| Located::new(glob, Origin::Flag(flag)));
        raw.values.insert(key, located.collect());
    }
    raw
}

/// `HOST`, `HOST:PORT`, `[V6]`, `[V6]:PORT` or a bare IPv6 address.
pub(super) fn split_port(text: &str) -> (&str, Option<&str>) {
    if let Some((host, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (host, rest.strip_prefix(':'));
    }
    match text.split_once(':') {
        Some((host, port)) if !port.contains(':') => (host, Some(port)),
        _ => (text, None),
    }
}

fn address_family(args: &CheckArgs) -> Option<(&'static str, &'static str)> {
    match (args.network.ipv4, args.network.ipv6) {
        (true, _) => Some(("--ipv4", "ipv4")),
        (_, true) => Some(("--ipv6", "ipv6")),
        _ => None,
    }
}

/// `pinflight check --config pinflight.toml …`: the files that were read and the flags that were given, but `--from` and what
/// only concerns this run's output. A flag never holds a secret: a proxy's credentials in one are refused.
pub(super) fn command(args: &CheckArgs, files: &[PathBuf]) -> String {
    let mut words = vec!["pinflight".to_owned(), "check".to_owned()];
    let mut say = |flag: &str, value: &str| words.extend([flag.to_owned(), quoted(value)]);
    for file in files {
        say("--config", &file.display().to_string());
    }
    for (key, values) in said(args).into_iter().filter(|(key, _)| *key != "vantage") {
        for value in values {
            let is_url = key == "trust_service.url";
            say(flag(key), &if is_url { secrets::out_of_url(value, |_| false) } else { value.to_owned() });
        }
    }
    for (flag, globs) in [("--only", &args.select.only), ("--skip", &args.select.skip)] {
        for glob in globs {
            say(flag, glob);
        }
    }
    words.extend(address_family(args).map(|(flag, _)| flag.to_owned()));
    words.join(" ")
}

/// For a POSIX shell; words of harmless characters stay bare, so that the line can be pasted elsewhere too.
fn quoted(word: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "-_./:,@%+=".contains(c);
    if !word.is_empty() && word.chars().all(harmless) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
