//! What holds for a run: defaults < files < environment < flags, each value with the place that said it.
//!
//! Every layer is first read as texts with their places (`raw`), then laid over the others, and only the result is
//! parsed (`build`): so a mistake is told alike wherever it was made, and all mistakes are told at once.

mod build;
mod deadlines;
mod draft;
mod error;
mod file;
mod flags;
mod globs;
mod keys;
mod proxy;
mod raw;
mod values;

use std::{
    fmt, io,
    path::{Path, PathBuf},
    time::Duration,
};

use pinflight_checks::{
    deployment::{Deployment, Endpoint, Network, Policy, ServiceUrl, Trust, Vantage},
    recording::FileUse,
    time::Timestamp,
};

#[cfg(test)]
pub(crate) use self::build::MAX_LIST;
use self::{build::Build, raw::Raw};
pub use self::{
    draft::{Draft, Drafted},
    error::{ConfigError, ConfigErrors, Origin},
    file::read,
};
use crate::cli::{CheckArgs, SelectArgs};

/// The file that is read if it is there and no other is named.
pub const DEFAULT_FILE: &str = "pinflight.toml";

/// The commented sample that `pinflight init` writes.
pub const SAMPLE: &str = include_str!("settings/sample.toml");

/// What holds for a run.
#[derive(Clone, PartialEq)]
pub struct Settings {
    /// Where this run looks from.
    pub vantage: Vantage,
    /// What is declared, and how the network is asked.
    pub deployment: Deployment,
    /// How it is judged.
    pub policy: Policy,
    /// Whether the run is repeated; none: it is not.
    pub wait: Option<Wait>,
    /// User name and password for the proxy; from the environment alone, and to be shown nowhere.
    pub proxy_credentials: Option<(String, String)>,
    /// The configuration files that were read.
    pub files: Vec<PathBuf>,
    /// Where each value came from.
    pub origins: Origins,
}

/// `--wait` and `--interval`: the same questions again, as long as something is amiss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The last round starts before this is over.
    pub up_to: Duration,
    /// From the start of one round to the start of the next.
    pub interval: Duration,
}

// Not derived: neither the credentials nor a variable's text with them in it belongs in a log.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut settings = f.debug_struct("Settings");
        settings.field("vantage", &self.vantage).field("deployment", &self.deployment).field("policy", &self.policy);
        settings.finish_non_exhaustive()
    }
}

/// Where each value came from.
#[derive(Clone, Default, PartialEq)]
pub struct Origins {
    raw: Raw,
    files: Vec<(FileUse, String, Origin)>,
}

impl Origins {
    /// Where a key, `network.proxy`, was said; of a list, its first entry.
    pub fn of(&self, key: &str) -> Origin {
        self.raw.origin(key)
    }

    /// Where a file of certificates was named.
    pub fn of_file(&self, used_as: FileUse, path: &str) -> Origin {
        let mut named = self.files.iter().filter(|(named_as, named, _)| *named_as == used_as && named == path);
        named.next().map_or(Origin::Default, |(_, _, origin)| origin.clone())
    }
}

/// Reads the configuration files and lays environment and flags over them. `environment` and `read` are the only ways to
/// the world; [`read`] is the one that a program hands in. `known_checks` are the ids that globs and severities may name.
pub fn load(
    args: &CheckArgs,
    environment: &dyn Fn(&str) -> Option<String>,
    read: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
    known_checks: &[&str],
) -> Result<Settings, ConfigErrors> {
    let mut errors = Vec::new();
    let mut raw = proxy::conventional(environment);
    let (said, files) = read_files(args, read, &mut errors);
    raw.lay_over(said);
    let unread = errors.iter().any(|error| error.key.is_empty());
    raw.lay_over(Raw::from_environment(environment));
    raw.lay_over(flags::layer(args));
    let needed = ["vantage", "device_services.url"];
    if files.is_empty() && !unread && needed.iter().all(|key| raw.one(key).is_none()) {
        return Err(ConfigErrors(vec![nothing_said()]));
    }

    let mut build = Build::new(&raw, known_checks);
    let mut network = build.network();
    let (proxy, proxy_credentials) = proxy::settle(&mut build, &raw, environment);
    network.proxy = proxy;
    let deployment = build.deployment(network, flags::command(args, &files));
    let policy = build.policy();
    let wait = build.wait();
    let selected: Vec<&str> = known_checks.iter().copied().filter(|id| policy.selects(id)).collect();
    let anywhere = args.record.is_none() && selected.iter().all(|id| is_same_anywhere(id));
    let assumed = deployment.as_ref().filter(|_| anywhere && !selected.is_empty()).and_then(assumed_vantage);
    // Whether it must be said is known once what is wrong in the deployment is put right.
    let is_open = anywhere && deployment.is_none() && raw.one("vantage").is_none();
    let vantage = if is_open { None } else { build.vantage(assumed) };
    let Build { errors: wrong, files: named, .. } = build;
    // What a file that could not be read may say is not missing, nor is what was said in the wrong type.
    let mistyped: Vec<String> = errors.iter().map(|error| error.key.clone()).collect();
    let missing = |error: &ConfigError| error.origin == Origin::Default;
    errors.extend(wrong.into_iter().filter(|error| !missing(error) || !(unread || mistyped.contains(&error.key))));
    errors.sort_by(|a, b| a.origin.cmp(&b.origin));
    match (vantage, deployment) {
        (Some(vantage), Some(deployment)) if errors.is_empty() => {
            let origins = Origins { raw, files: named };
            Ok(Settings { vantage, deployment, policy, wait, proxy_credentials, files, origins })
        }
        _ => Err(ConfigErrors(errors)),
    }
}

/// Whether a check asks the same question from everywhere.
fn is_same_anywhere(check: &str) -> bool {
    check.starts_with("certificate/") || check.starts_with("csr/")
}

/// The vantage of a run that does not say one, which it may where nothing that was selected depends on it: what a server
/// presents is the same question everywhere. It is the one that asks the declared services and nothing else; servers behind
/// a balancer are asked from inside alone, and who is inside says where. A recording needs it said, as it may be judged for
/// more than was selected.
fn assumed_vantage(deployment: &Deployment) -> Option<Vantage> {
    let has_inner_servers =
        !deployment.device_services.backends.is_empty() || !deployment.trust_service.servers.is_empty();
    if has_inner_servers {
        return None;
    }
    Some(if deployment.device_needs_trust_service() { Vantage::Device } else { Vantage::Discovery })
}

/// How the network is asked and which roots count, for commands that look at one thing outside a deployment: from the
/// environment and flags, no file.
#[derive(Clone, PartialEq)]
pub struct Means {
    /// How to ask.
    pub network: Network,
    /// Which roots count.
    pub trust: Trust,
    /// As in [`Settings`].
    pub proxy_credentials: Option<(String, String)>,
}

/// The means alone. Only the flags of network and trust are read.
pub fn means(args: &CheckArgs, environment: &dyn Fn(&str) -> Option<String>) -> Result<Means, ConfigErrors> {
    let mut raw = proxy::conventional(environment);
    raw.lay_over(Raw::from_environment(environment));
    raw.lay_over(flags::layer(args));
    let mut build = Build::new(&raw, &[]);
    let mut network = build.network();
    let (proxy, proxy_credentials) = proxy::settle(&mut build, &raw, environment);
    network.proxy = proxy;
    let trust = build.trust();
    if build.errors.is_empty() {
        Ok(Means { network, trust, proxy_credentials })
    } else {
        Err(ConfigErrors(build.errors))
    }
}

/// Reads where a server is: `HOST`, `HOST:PORT`, `[V6]:PORT`, or an https URL, of which host and port count; 443 unless a
/// port is given. The error says why it is none, and what to write.
pub fn endpoint(text: &str) -> Result<Endpoint, String> {
    let told = |wrong: values::Problem| format!("{}; {}", wrong.problem, wrong.fix);
    if text.contains("://") {
        let url = values::service_url(text).map_err(told)?;
        if url.url().scheme() != "https" {
            return Err("http has no certificates; write https".to_owned());
        }
        return Ok(url.endpoint());
    }
    let (host, port) = flags::split_port(text);
    let port = port.map_or(Ok(443), |port| values::port(port, "write HOST:PORT")).map_err(told)?;
    Ok(Endpoint::new(values::host(host).map_err(told)?, port))
}

/// Reads the day or the moment of `--at`.
pub fn at(text: &str) -> Result<Timestamp, ConfigErrors> {
    values::date(text).map_err(|wrong| {
        ConfigErrors(vec![ConfigError::new(Origin::Flag("--at"), "", Some(text), wrong.problem, wrong.fix)])
    })
}

/// Reads the value of `--max-age` where there is no configuration.
pub fn max_age(text: &str) -> Result<Duration, ConfigErrors> {
    values::duration(text, false, build::DECADE).map_err(|wrong| {
        ConfigErrors(vec![ConfigError::new(Origin::Flag("--max-age"), "", Some(text), wrong.problem, wrong.fix)])
    })
}

/// The vantages, a line each.
pub fn vantages() -> String {
    build::vantages()
}

/// Every environment variable that says what a key of the configuration says: its name, the key, the flag that says the same.
pub fn variables() -> impl Iterator<Item = (String, &'static str, Option<&'static str>)> {
    keys::KEYS.iter().filter_map(|key| Some((key.variable()?, key.name, key.flag)))
}

/// Reads a server name as TLS carries it.
pub fn host(text: &str) -> Result<String, String> {
    values::host(text).map_err(|wrong| format!("{}; {}", wrong.problem, wrong.fix))
}

/// Reads the URL of a service.
pub fn service_url(text: &str) -> Result<ServiceUrl, String> {
    values::service_url(text).map_err(|wrong| format!("{}; {}", wrong.problem, wrong.fix))
}

/// Reads a domain: what stands behind the `@`.
pub fn domain(text: &str) -> Result<String, String> {
    values::domain(text).map_err(|wrong| format!("{}; {}", wrong.problem, wrong.fix))
}

/// The globs of `--only` and `--skip` alone, for commands that have no configuration.
pub fn select(args: &SelectArgs, known_checks: &[&str]) -> Result<(Vec<String>, Vec<String>), ConfigErrors> {
    let raw = flags::select(args);
    let mut build = Build::new(&raw, known_checks);
    let selected = build.selection();
    if build.errors.is_empty() { Ok(selected) } else { Err(ConfigErrors(build.errors)) }
}

fn read_files(
    args: &CheckArgs,
    read: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
    errors: &mut Vec<ConfigError>,
) -> (Raw, Vec<PathBuf>) {
    let (mut raw, mut files) = (Raw::default(), Vec::new());
    let named = &args.config;
    let default = [PathBuf::from(DEFAULT_FILE)];
    for path in if named.is_empty() { default.as_slice() } else { named } {
        match read(path) {
            Ok(bytes) => {
                raw.lay_over(file::parse(path, &bytes, errors));
                files.push(path.clone());
            }
            Err(error) if named.is_empty() && error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let shown = path.display().to_string();
                let origin = if named.is_empty() {
                    Origin::File { path: shown.clone(), line: 0 }
                } else {
                    Origin::Flag("--config")
                };
                let value = (!named.is_empty()).then_some(shown.as_str());
                let fix = "check the path and its permissions; `pinflight init` writes a sample";
                errors.push(ConfigError::new(origin, "", value, unreadable(&error), fix));
            }
        }
    }
    (raw, files)
}

/// In plain words where there are some; the operating system's differ from one to the next.
fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "the file may not be read".to_owned(),
        io::ErrorKind::IsADirectory => "this is a folder, and must be a file".to_owned(),
        _ => format!("the file cannot be read: {error}"),
    }
}

/// For whoever starts the program for the first time.
fn nothing_said() -> ConfigError {
    let fix = format!(
        "say both on the command line:\n\n    \
         pinflight check --from console --device-services https://ds.example.com\n\n  \
         with --from one of:\n\n{}\n\n  \
         or write the whole deployment down once, and then read it:\n\n    \
         pinflight init              writes a commented {DEFAULT_FILE}\n    \
         pinflight check --from …    reads it",
        build::vantages()
    );
    ConfigError {
        origin: Origin::Default,
        key: format!("nothing to check: there is no ./{DEFAULT_FILE}, and no flag says what to ask"),
        value: None,
        problem: "a run needs to know the URL of Device Services, and where it looks from".to_owned(),
        fix,
    }
}

#[cfg(test)]
mod tests;
