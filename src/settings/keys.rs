//! Every key of the configuration: the one list that the file, the environment, the sample and the reference are held to.

use self::Kind::{Date, Number, Switch, Text, Texts};

/// What a value is in TOML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A string.
    Text,
    /// A whole number.
    Number,
    /// true or false.
    Switch,
    /// A TOML date, or a string.
    Date,
    /// An array of strings.
    Texts,
}

impl Kind {
    /// With its article.
    pub(super) fn words(self) -> &'static str {
        match self {
            Text => "a string",
            Number => "a whole number",
            Switch => "true or false",
            Date => "a date",
            Texts => "an array of strings",
        }
    }
}

/// One key.
#[derive(Debug)]
pub(super) struct Key {
    /// With its table: `network.proxy`.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// The flag that says the same.
    pub(super) flag: Option<&'static str>,
    /// What one may look like, as TOML.
    pub(super) example: &'static str,
}

impl Key {
    /// Its table, empty for the top of the file.
    pub(super) fn table(&self) -> &'static str {
        self.name.rsplit_once('.').map_or("", |(table, _)| table)
    }

    /// Its name within the table.
    pub(super) fn leaf(&self) -> &'static str {
        self.name.rsplit_once('.').map_or(self.name, |(_, leaf)| leaf)
    }

    /// The environment variable that says the same; lists have none.
    pub(super) fn variable(&self) -> Option<String> {
        let scalar = self.kind != Texts;
        scalar.then(|| format!("PINFLIGHT_{}", self.name.replace('.', "_").to_ascii_uppercase()))
    }
}

const fn key(name: &'static str, kind: Kind, flag: Option<&'static str>, example: &'static str) -> Key {
    Key { name, kind, flag, example }
}

/// All keys with one value or one list; `policy.severity` and `accept` have a shape of their own.
pub(super) const KEYS: &[Key] = &[
    key("vantage", Text, Some("--from"), "\"console\""),
    key("discovery.host", Text, Some("--discovery"), "\"discovery.awmdm.com\""),
    key("discovery.port", Number, Some("--discovery"), "443"),
    key("discovery.mail_domain", Text, Some("--mail-domain"), "\"example.com\""),
    key("console.host", Text, Some("--console-host"), "\"console.example.com\""),
    key("device_services.url", Text, Some("--device-services"), "\"https://ds.example.com\""),
    key("device_services.backends", Texts, Some("--backend"), "[\"10.1.0.11\", \"10.1.0.12:8443\"]"),
    key("device_services.balancers", Texts, Some("--balancer"), "[\"203.0.113.7\"]"),
    key("device_services.reverse_proxies", Texts, Some("--reverse-proxy"), "[\"203.0.113.8\"]"),
    key("device_services.certificates", Texts, Some("--certificate"), "[\"uploaded/ds.cer\"]"),
    key("device_services.next_certificates", Texts, Some("--next-certificate"), "[\"next/ds.cer\"]"),
    key("device_services.pins", Texts, Some("--pin"), "[\"sha256//BASE64\"]"),
    key("trust_service.mode", Text, Some("--mode"), "\"on-premises\""),
    key("trust_service.url", Text, Some("--trust-service"), "\"https://ts.example.com:9001/TrustService\""),
    key("trust_service.servers", Texts, Some("--trust-service-server"), "[\"10.1.0.21:9001\"]"),
    key("trust_service.certificate", Text, Some("--trust-service-certificate"), "\"ts.cer\""),
    key("trust_service.csr", Text, Some("--csr"), "\"ts.csr\""),
    key("trust_service.signing_root", Text, Some("--signing-root"), "\"signing-root.cer\""),
    key("trust_service.workspace_one_id_domain", Text, Some("--workspace-one-id-domain"), "\"example.com\""),
    key("trust.roots", Text, Some("--roots"), "\"system\""),
    key("trust.ca_files", Texts, Some("--cacert"), "[\"corporate-root.pem\"]"),
    key("network.proxy", Text, Some("--proxy"), "\"http://proxy.example.com:3128\""),
    key("network.no_proxy", Texts, Some("--no-proxy"), "[\"*.example.com\"]"),
    key("network.system_resolver", Switch, Some("--system-resolver"), "true"),
    key("network.dns_servers", Texts, Some("--dns-server"), "[\"10.1.0.53\"]"),
    key("network.resolve", Texts, Some("--resolve"), "[\"ds.example.com:443:10.1.0.11\"]"),
    key("network.connect_to", Texts, Some("--connect-to"), "[\"ds.example.com:443:10.1.0.11:8443\"]"),
    key("network.connect_timeout", Text, Some("--connect-timeout"), "\"5s\""),
    key("network.step_timeout", Text, Some("--step-timeout"), "\"8s\""),
    key("network.question_timeout", Text, Some("--question-timeout"), "\"20s\""),
    key("network.max_time", Text, Some("--max-time"), "\"2m\""),
    key("network.retry", Number, Some("--retry"), "1"),
    key("network.jobs", Number, Some("--jobs"), "64"),
    key("network.repeat", Number, Some("--repeat"), "3"),
    key("network.address_family", Text, Some("--ipv4"), "\"ipv4\""),
    key("policy.scope", Text, Some("--scope"), "\"vantage\""),
    key("policy.fail_on", Text, Some("--fail-on"), "\"warning\""),
    key("policy.warning_days", Number, Some("--warning-days"), "30"),
    key("policy.critical_days", Number, Some("--critical-days"), "7"),
    key("policy.max_offline", Text, Some("--max-offline"), "\"14d\""),
    key("policy.max_age", Text, Some("--max-age"), "\"24h\""),
    key("confirmed.workspace_one_id_for_auto_discovery", Date, None, "2026-11-20"),
    key("confirmed.hmac_token_generated", Date, None, "2026-11-20"),
    key("confirmed.hub_supports_pinning", Date, None, "2026-11-20"),
    key("confirmed.trust_service_url_saved", Date, None, "2026-11-20"),
    key("confirmed.certificates_uploaded", Date, None, "2026-11-20"),
];

/// Keys that say how one run goes: variables and flags, and nothing of a file.
pub(super) const RUN: &[Key] =
    &[key("wait", Text, Some("--wait"), "\"10m\""), key("interval", Text, Some("--interval"), "\"15s\"")];

/// The keys of one `[[accept]]`.
pub(super) const ACCEPT: &[Key] = &[
    key("accept.check", Text, None, "\"certificate/expiry\""),
    key("accept.target", Text, None, "\"ds.example.com\""),
    key("accept.until", Date, None, "2027-01-31"),
    key("accept.reason", Text, None, "\"renewal ordered, ticket 4711\""),
];

/// `policy.severity`: a table from check ids to `warn` or `fail`.
pub(super) const SEVERITY: &str = "policy.severity";

/// Flags without a key: they choose for one run.
pub(super) const ONLY: &str = "only";
/// See [`ONLY`].
pub(super) const SKIP: &str = "skip";

/// The key of this full name.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().chain(RUN).chain(ACCEPT).find(|key| key.name == name)
}

/// The tables, each once, in the order of the list.
pub(super) fn tables() -> Vec<&'static str> {
    let mut tables = Vec::new();
    for table in KEYS.iter().map(Key::table).filter(|table| !table.is_empty()) {
        if !tables.contains(&table) {
            tables.push(table);
        }
    }
    tables
}

/// The nearest of `known`, if it is near enough to have been meant.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // A key of a hostile file may be a megabyte long, and the measure is quadratic.
    if word.len() > 64 {
        return None;
    }
    let word = word.to_ascii_lowercase().replace('-', "_");
    let near = |candidate: &'a str| {
        let known = candidate.replace('-', "_");
        // The first is best at missing ends, the second at two letters swapped in a short word.
        let near = strsim::jaro_winkler(&word, &known).max(strsim::normalized_damerau_levenshtein(&word, &known) + 0.2);
        (near, candidate)
    };
    let best = known.into_iter().map(near).max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.8).then_some(best.1)
}
