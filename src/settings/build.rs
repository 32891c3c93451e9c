//! From what was said to what holds: every value parsed, every contradiction found, nothing given up at the first error.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use pinflight_checks::{
    deployment::{
        Accept, AddressFamily, Confirmed, Deployment, DeviceServices, Discovery, FailOn, Network, Policy, RootStore,
        Scope, ServerAddress, Severity, Trust, TrustService, TrustServiceMode, Vantage, selects,
    },
    recording::FileUse,
    time::Timestamp,
};

use super::{
    Wait, deadlines,
    error::{ConfigError, Origin},
    globs,
    keys::{self, ONLY, SEVERITY, SKIP},
    raw::{Located, Raw, RawAccept},
    values::{self, Parsed},
};

/// More of one kind would be a mistake, and hours of asking.
pub(crate) const MAX_LIST: usize = 4096;
/// The longest of the deadlines, and how it is spelled.
pub(super) const DAY: (Duration, &str) = (Duration::from_hours(24), "24h");
/// From the start of one round to the start of the next.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(15);
const LEAST_INTERVAL: Duration = Duration::from_secs(1);
/// The longest of the spans of the policy.
pub(super) const DECADE: (Duration, &str) = (Duration::from_hours(24 * 3650), "3650d");

const VANTAGES: &[(&str, Vantage)] = &[
    ("console", Vantage::Console),
    ("device-services", Vantage::DeviceServices),
    ("discovery", Vantage::Discovery),
    ("device", Vantage::Device),
];
const MODES: &[(&str, TrustServiceMode)] = &[
    ("cloud", TrustServiceMode::Cloud),
    ("on-premises", TrustServiceMode::OnPremises),
    ("awcm", TrustServiceMode::Awcm),
    ("none", TrustServiceMode::None),
];
const ROOTS: &[(&str, RootStore)] =
    &[("mozilla", RootStore::Mozilla), ("system", RootStore::System), ("none", RootStore::None)];
const FAMILIES: &[(&str, AddressFamily)] =
    &[("both", AddressFamily::Both), ("ipv4", AddressFamily::Ipv4), ("ipv6", AddressFamily::Ipv6)];
const SCOPES: &[(&str, Scope)] = &[("deployment", Scope::Deployment), ("vantage", Scope::Vantage)];
const FAIL_ON: &[(&str, FailOn)] = &[("fail", FailOn::Fail), ("warning", FailOn::Warning), ("never", FailOn::Never)];
const SEVERITIES: &[(&str, Severity)] = &[("warn", Severity::Warn), ("fail", Severity::Fail)];
const SWITCH: &[(&str, bool)] = &[("true", true), ("false", false)];

/// What is being built, and what was found wrong on the way.
pub(super) struct Build<'a> {
    raw: &'a Raw,
    known_checks: &'a [&'a str],
    /// More will be said, so that what is missing is no mistake yet.
    unfinished: bool,
    pub(super) errors: Vec<ConfigError>,
    /// Each declared file with the place that names it.
    pub(super) files: Vec<(FileUse, String, Origin)>,
}

impl<'a> Build<'a> {
    pub(super) fn new(raw: &'a Raw, known_checks: &'a [&'a str]) -> Self {
        Self { raw, known_checks, unfinished: false, errors: Vec::new(), files: Vec::new() }
    }

    /// Of something that is still being said.
    pub(super) fn unfinished(raw: &'a Raw) -> Self {
        Self { unfinished: true, ..Self::new(raw, &[]) }
    }

    /// Where this run looks from; must be said, unless one is `assumed`.
    pub(super) fn vantage(&mut self, assumed: Option<Vantage>) -> Option<Vantage> {
        if self.raw.one("vantage").is_some() {
            return self.word("vantage", VANTAGES);
        }
        if assumed.is_none() {
            let problem = "the run must know where it looks from";
            self.missing("vantage", problem, &format!("add --from with one of:\n{}", vantages()));
            // It is settled last, for it may follow from the rest, and told first.
            self.errors.rotate_right(1);
        }
        assumed
    }

    pub(super) fn deployment(&mut self, network: Network, command: String) -> Option<Deployment> {
        let device_services = self.device_services();
        let trust_service = self.trust_service();
        if let Some(DeviceServices { backends, balancers, reverse_proxies, .. }) = &device_services {
            self.named_behind_proxy(&network, "device_services.backends", backends);
            self.named_behind_proxy(&network, "device_services.balancers", balancers);
            self.named_behind_proxy(&network, "device_services.reverse_proxies", reverse_proxies);
        }
        self.named_behind_proxy(&network, "trust_service.servers", &trust_service.servers);
        Some(Deployment {
            discovery: self.discovery(),
            console: self.one("console.host", |said| values::host(&said.text)),
            trust: self.trust(),
            confirmed: self.confirmed(),
            device_services: device_services?,
            trust_service,
            network,
            command,
        })
    }

    /// A server whose name the proxy resolves has no address of its own to be told by.
    fn named_behind_proxy(&mut self, network: &Network, key: &'static str, servers: &[ServerAddress]) {
        for server in servers.iter().filter(|server| server.host.parse::<IpAddr>().is_err()) {
            let Some(proxy) = network.proxy_for(&server.host).filter(|proxy| proxy.scheme.resolves_names()) else {
                continue;
            };
            let problem =
                format!("{server} is a name, and {proxy} resolves names: which server it is could not be told");
            self.complain(key, &problem, "write the server's address, or except its name with network.no_proxy");
        }
    }

    fn discovery(&mut self) -> Discovery {
        let default = pinflight_checks::deployment::DISCOVERY_HOST;
        Discovery {
            host: self.one("discovery.host", |said| values::host(&said.text)).unwrap_or_else(|| default.to_owned()),
            port: self
                .one("discovery.port", |said| values::number(&said.text, 1, 65535))
                .and_then(|port| port.try_into().ok())
                .unwrap_or(443),
            mail_domain: self.one("discovery.mail_domain", |said| values::domain(&said.text)),
        }
    }

    fn device_services(&mut self) -> Option<DeviceServices> {
        if self.raw.one("device_services.url").is_none() && !self.unfinished {
            let problem = "the URL of Device Services is needed: everything is judged for its host";
            let fix = "add --device-services https://ds.example.com, or url = \"https://ds.example.com\" under [device_services]";
            self.missing("device_services.url", problem, fix);
        }
        let url = self.one("device_services.url", |said| values::device_services_url(&said.text));
        let servers = |build: &mut Self, key| build.many(key, |said| values::server(&said.text));
        let backends = servers(self, "device_services.backends");
        let balancers = servers(self, "device_services.balancers");
        let reverse_proxies = servers(self, "device_services.reverse_proxies");
        let certificates = self.file_list("device_services.certificates", FileUse::Uploaded);
        let next_certificates = self.file_list("device_services.next_certificates", FileUse::Next);
        let pins = self.many("device_services.pins", |said| values::pin(&said.text));
        Some(DeviceServices { url: url?, backends, balancers, reverse_proxies, certificates, next_certificates, pins })
    }

    fn trust_service(&mut self) -> TrustService {
        let declared = self.word("trust_service.mode", MODES);
        let url = self.one("trust_service.url", |said| values::service_url(&said.text));
        let has_url = self.raw.one("trust_service.url").is_some();
        let assumed = if has_url { TrustServiceMode::OnPremises } else { TrustServiceMode::Cloud };
        let mode = declared.unwrap_or(assumed);
        // A mode that could not be read contradicts nothing.
        if declared.is_some() || self.raw.one("trust_service.mode").is_none() {
            self.contradictions(mode, declared.is_some(), has_url);
        }
        TrustService {
            mode,
            url,
            servers: self.many("trust_service.servers", |said| values::server(&said.text)),
            certificate: self.file("trust_service.certificate", FileUse::TrustServiceCertificate),
            csr: self.file("trust_service.csr", FileUse::TrustServiceCsr),
            signing_root: self.file("trust_service.signing_root", FileUse::SigningRoot),
            workspace_one_id_domain: self
                .one("trust_service.workspace_one_id_domain", |said| values::domain(&said.text)),
        }
    }

    /// What a mode needs, and what it has no use for.
    fn contradictions(&mut self, mode: TrustServiceMode, declared: bool, has_url: bool) {
        const URL: &str = "add --trust-service https://ts.example.com:9001/TrustService, or url under [trust_service]";
        if mode == TrustServiceMode::OnPremises && !has_url && !self.unfinished {
            self.complain("trust_service.mode", "an on-premises Trust Service has a URL, and none is given", URL);
        }
        if mode == TrustServiceMode::Awcm && !has_url && !self.unfinished {
            self.complain(
                "trust_service.servers",
                "servers are asked under the name of the Trust Service's URL, and none is given",
                URL,
            );
        }
        if !matches!(mode, TrustServiceMode::Cloud | TrustServiceMode::None) {
            return;
        }
        for leaf in ["url", "servers", "certificate", "csr", "signing_root"] {
            let Some(key) = keys::find(&format!("trust_service.{leaf}")) else { continue };
            let (problem, fix) = if declared {
                let place = self.raw.origin("trust_service.mode");
                let problem =
                    format!("mode {:?} ({place}) has no Trust Service of your own, so this means nothing", mode.id());
                (problem, format!("remove {leaf}, or say mode = \"on-premises\" with its url"))
            } else if self.unfinished {
                return;
            } else {
                ("it belongs to a Trust Service of your own, and no url of one is given".to_owned(), URL.to_owned())
            };
            self.complain(key.name, &problem, &fix);
        }
    }

    pub(super) fn trust(&mut self) -> Trust {
        Trust {
            roots: self.word("trust.roots", ROOTS).unwrap_or(RootStore::Mozilla),
            ca_files: self.file_list("trust.ca_files", FileUse::CaFile),
        }
    }

    /// All of `[network]` but the proxy.
    pub(super) fn network(&mut self) -> Network {
        let default = Network::default();
        let (connect, step, question) = ("network.connect_timeout", "network.step_timeout", "network.question_timeout");
        let declared = [
            self.timeout(connect).map(Some),
            self.timeout(step).map(Some),
            self.timeout(question).map(Some),
            self.one("network.max_time", |said| match said.text.as_str() {
                "auto" => Ok(None),
                text => values::duration(text, is_flag(said), DAY).map(Some),
            }),
        ];
        let names = [connect, step, question, "network.max_time"];
        self.errors.extend(deadlines::contradictions(self.raw, names, declared));
        let [connect_timeout, step_timeout, question_timeout] =
            deadlines::settled([default.connect_timeout, default.step_timeout, default.question_timeout], declared);
        Network {
            proxy: None,
            no_proxy: self.many("network.no_proxy", |said| values::no_proxy(&said.text)),
            system_resolver: self.word("network.system_resolver", SWITCH).unwrap_or(default.system_resolver),
            dns_servers: self.many("network.dns_servers", |said| values::dns_server(&said.text)),
            resolve: self.many("network.resolve", |said| values::resolve(&said.text)),
            connect_to: self.many("network.connect_to", |said| values::connect_to(&said.text)),
            connect_timeout,
            step_timeout,
            question_timeout,
            max_time: declared[3].flatten(),
            retry: self.number("network.retry", 0, 10).unwrap_or(default.retry),
            jobs: self.number("network.jobs", 1, 1024).and_then(|n| n.try_into().ok()).unwrap_or(default.jobs),
            repeat: self.number("network.repeat", 1, 100).unwrap_or(default.repeat),
            address_family: self.word("network.address_family", FAMILIES).unwrap_or(default.address_family),
        }
    }

    /// Whether the run is repeated.
    pub(super) fn wait(&mut self) -> Option<Wait> {
        let duration = |said: &Located| values::duration(&said.text, is_flag(said), DAY);
        let up_to = self.one("wait", duration);
        let interval = self.one("interval", duration);
        let interval = interval.unwrap_or(DEFAULT_INTERVAL);
        if interval < LEAST_INTERVAL {
            let fix = "write 1s or more: whoever is asked has other things to do";
            self.complain("interval", "must not be shorter than 1s", fix);
        }
        if is_flag_of(self.raw, "interval") && self.raw.one("wait").is_none() {
            self.complain("interval", "nothing is repeated without --wait", "add --wait 10m, or leave it out");
        }
        Some(Wait { up_to: up_to?, interval })
    }

    fn confirmed(&mut self) -> Confirmed {
        let mut date = |key| self.one(key, |said| values::date(&said.text));
        Confirmed {
            workspace_one_id_for_auto_discovery: date("confirmed.workspace_one_id_for_auto_discovery"),
            hmac_token_generated: date("confirmed.hmac_token_generated"),
            hub_supports_pinning: date("confirmed.hub_supports_pinning"),
            trust_service_url_saved: date("confirmed.trust_service_url_saved"),
            certificates_uploaded: date("confirmed.certificates_uploaded"),
        }
    }

    pub(super) fn policy(&mut self) -> Policy {
        let default = Policy::default();
        let warning = self.number("policy.warning_days", 0, 3650);
        let critical = self.number("policy.critical_days", 0, 3650);
        if let (Some(warning), Some(critical)) = (warning, critical)
            && warning < critical
        {
            let place = self.raw.origin("policy.critical_days");
            let problem = format!(
                "warning_days {warning} is less than critical_days {critical} ({place}), so it would never warn"
            );
            self.complain("policy.warning_days", &problem, "make warning_days the greater of the two");
        }
        // A threshold that nobody declared gives way to the one that was.
        let warning_days = warning.unwrap_or(default.warning_days.max(critical.unwrap_or(0)));
        let critical_days = critical.unwrap_or(default.critical_days.min(warning_days));
        let long = |said: &Located| values::duration(&said.text, false, DECADE);
        let (only, skip) = self.selection();
        Policy {
            scope: self.word("policy.scope", SCOPES).unwrap_or(default.scope),
            fail_on: self.word("policy.fail_on", FAIL_ON).unwrap_or(default.fail_on),
            warning_days,
            critical_days,
            max_offline: self.one("policy.max_offline", long).unwrap_or(default.max_offline),
            max_age: self.one("policy.max_age", long).unwrap_or(default.max_age),
            severity: self.severity(),
            accept: self.accept(),
            only,
            skip,
        }
    }

    /// `--only` and `--skip`.
    pub(super) fn selection(&mut self) -> (Vec<String>, Vec<String>) {
        let known = self.known_checks;
        let mut globs = |key| self.many(key, |said: &Located| globs::glob(&said.text, known));
        let (only, skip) = (globs(ONLY), globs(SKIP));
        if self.errors.is_empty() && !known.iter().any(|id| selects(&only, &skip, id)) {
            let problem = if only.is_empty() { "no check is left" } else { "no check of --only is left" };
            let said = self.raw.values.get(SKIP).and_then(|said| said.last());
            let fix = "skip less; `pinflight list` prints all checks";
            self.errors.extend(said.map(|said| said.error(SKIP, problem, fix)));
        }
        (only, skip)
    }

    fn severity(&mut self) -> BTreeMap<String, Severity> {
        let mut severities = BTreeMap::new();
        for (check, said) in &self.raw.severity {
            let key = format!("{SEVERITY}.\"{}\"", super::error::shown(check));
            let parsed = globs::known(check, self.known_checks).and_then(|()| values::word(&said.text, SEVERITIES));
            if let Some(severity) = self.kept(&key, said, parsed) {
                severities.insert(check.clone(), severity);
            }
        }
        severities
    }

    fn accept(&mut self) -> Vec<Accept> {
        let raw = self.raw;
        raw.accept.iter().flatten().filter_map(|entry| self.accepted(entry)).collect()
    }

    fn accepted(&mut self, entry: &RawAccept) -> Option<Accept> {
        for (leaf, why) in [("check", "whose finding is accepted"), ("reason", "why, for whoever reads this next")] {
            if !entry.fields.contains_key(leaf) {
                let fix = format!("add {leaf} = \"…\": {why}");
                self.errors.push(ConfigError::new(
                    entry.origin.clone(),
                    "accept",
                    None,
                    format!("it has no {leaf}"),
                    fix,
                ));
            }
        }
        let known = self.known_checks;
        let mut field = |leaf: &str, parse: &dyn Fn(&str) -> Parsed<String>| {
            let said = entry.fields.get(leaf)?;
            self.kept(&format!("accept.{leaf}"), said, parse(&said.text))
        };
        let check = field("check", &|text| globs::known(text, known).map(|()| text.to_owned()));
        let target = field("target", &|text| {
            filled(text, "leave target out for all targets, or write a host as the report prints it")
        });
        let reason = field("reason", &|text| filled(text, "say why it is accepted"));
        let until = entry.fields.get("until").and_then(|said| {
            let parsed = values::date(&said.text).map(|at| last_second(at, &said.text));
            self.kept("accept.until", said, parsed)
        });
        Some(Accept { check: check?, target, until, reason: reason? })
    }

    fn timeout(&mut self, key: &'static str) -> Option<Duration> {
        self.one(key, |said| values::duration(&said.text, is_flag(said), DAY))
    }

    fn number(&mut self, key: &'static str, least: u32, most: u32) -> Option<u32> {
        self.one(key, |said| values::number(&said.text, least, most))
    }

    fn word<T: Copy>(&mut self, key: &'static str, words: &[(&'static str, T)]) -> Option<T> {
        self.one(key, |said| values::word(&said.text, words))
    }

    fn file(&mut self, key: &'static str, used_as: FileUse) -> Option<String> {
        let path = self.one(key, path)?;
        self.files.push((used_as, path.clone(), self.raw.origin(key)));
        Some(path)
    }

    fn file_list(&mut self, key: &'static str, used_as: FileUse) -> Vec<String> {
        let paths = self.many(key, path);
        let said = self.raw.values.get(key).into_iter().flatten();
        self.files.extend(said.filter_map(|said| Some((used_as, path(said).ok()?, said.origin.clone()))));
        paths
    }

    /// The value of a key, if it was said and is sound.
    pub(super) fn one<T>(&mut self, key: &'static str, parse: impl Fn(&Located) -> Parsed<T>) -> Option<T> {
        let said = self.raw.one(key)?;
        self.kept(key, said, parse(said))
    }

    /// The values of a list, each once.
    fn many<T: PartialEq>(&mut self, key: &'static str, parse: impl Fn(&Located) -> Parsed<T>) -> Vec<T> {
        let said = self.raw.values.get(key).map(Vec::as_slice).unwrap_or_default();
        if let Some(first_too_many) = said.get(MAX_LIST) {
            let problem = format!("the list has {} entries, and {MAX_LIST} are the most", said.len());
            self.errors.push(first_too_many.error(key, problem, "make several configurations, and run once with each"));
            return Vec::new();
        }
        let mut values: Vec<(T, &Located)> = Vec::new();
        for said in said {
            let Some(value) = self.kept(key, said, parse(said)) else { continue };
            match values.iter().find(|(earlier, _)| *earlier == value) {
                Some((_, earlier)) => {
                    let problem = format!("given twice, first at {}", earlier.origin);
                    self.errors.push(said.error(key, problem, "remove one of the two"));
                }
                None => values.push((value, said)),
            }
        }
        values.into_iter().map(|(value, _)| value).collect()
    }

    pub(super) fn kept<T>(&mut self, key: &str, said: &Located, parsed: Parsed<T>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(wrong) => {
                self.errors.push(said.error(key, wrong.problem, wrong.fix));
                None
            }
        }
    }

    /// An error about a key, where it was said; nothing if it was not.
    fn complain(&mut self, key: &'static str, problem: &str, fix: &str) {
        if let Some(said) = self.raw.one(key) {
            self.errors.push(said.error(key, problem, fix));
        }
    }

    fn missing(&mut self, key: &str, problem: &str, fix: &str) {
        let (problem, fix) = (problem.to_owned(), fix.to_owned());
        self.errors.push(ConfigError { origin: Origin::Default, key: key.to_owned(), value: None, problem, fix });
    }
}

/// The vantages, a line each, for a hint.
pub(super) fn vantages() -> String {
    let lines = Vantage::ALL.map(|vantage| format!("    {:16} {}", vantage.id(), vantage.place()));
    lines.join("\n")
}

/// A path as it is to be opened: relative to the file that names it.
fn path(said: &Located) -> Parsed<String> {
    if said.text.is_empty() || said.text.contains('\0') {
        return values::problem("not the path of a file", "write one like uploaded/ds.cer");
    }
    Ok(said.base.join(&said.text).display().to_string())
}

fn filled(text: &str, fix: &str) -> Parsed<String> {
    if text.trim().is_empty() {
        return values::problem("it is empty", fix);
    }
    Ok(text.to_owned())
}

/// `until` a day means to its end.
fn last_second(at: Timestamp, text: &str) -> Timestamp {
    if text.len() == 10 { Timestamp(at.0.saturating_add(86_399)) } else { at }
}

fn is_flag_of(raw: &Raw, key: &str) -> bool {
    raw.one(key).is_some_and(is_flag)
}

/// curl's plain numbers of seconds are for the command line; a file says its units.
fn is_flag(said: &Located) -> bool {
    matches!(said.origin, Origin::Flag(_))
}
