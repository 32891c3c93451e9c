//! A configuration in the making, for `pinflight init`: what variables, flags and answers say, read as a line of the file would
//! be, and then written as one.

use std::{
    collections::BTreeMap,
    path::{self, Path},
};

use pinflight_checks::deployment::{Deployment, Policy};
use toml::{Value, value::Datetime};

use super::{
    SAMPLE,
    build::{Build, DAY},
    error::{ConfigErrors, Origin},
    flags,
    keys::{KEYS, Key, Kind},
    proxy::{self, Credentials},
    raw::{Located, Raw},
    values,
};
use crate::cli::CheckArgs;

/// The keys that name files.
const FILES: [&str; 6] = [
    "device_services.certificates",
    "device_services.next_certificates",
    "trust_service.certificate",
    "trust_service.csr",
    "trust_service.signing_root",
    "trust.ca_files",
];

/// What has been said so far; all of it sound.
pub struct Draft<'a> {
    environment: &'a dyn Fn(&str) -> Option<String>,
    said: Raw,
}

/// What a draft comes to.
pub struct Drafted {
    /// What is declared, and how the network is asked.
    pub deployment: Deployment,
    /// How it will be judged.
    pub policy: Policy,
    /// As in [`super::Settings`].
    pub proxy_credentials: Option<Credentials>,
}

impl<'a> Draft<'a> {
    /// Begins with what variables of our own and flags say.
    pub fn new(args: &CheckArgs, environment: &'a dyn Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        let mut said = Raw::from_environment(environment);
        said.lay_over(flags::layer(args));
        said.values.retain(|name, _| KEYS.iter().any(|key| key.name == *name));
        let draft = Self { environment, said };
        draft.build(true)?;
        Ok(draft)
    }

    /// What is said of a key, as a file has it, and where it was said; a list with commas.
    pub fn said(&self, key: &str) -> Option<(String, Origin)> {
        let values = self.said.values.get(key)?;
        let texts = values.iter().map(|said| in_file(key, said, Path::new("")));
        Some((texts.collect::<Vec<_>>().join(", "), self.said.origin(key)))
    }

    /// The proxy that holds where nothing is said of one, with the variable that names it: that of all programs.
    pub fn usual_proxy(&self) -> Option<(String, Origin)> {
        let raw = proxy::conventional(self.environment);
        let (proxy, _) = proxy::settle(&mut Build::unfinished(&raw), &raw, self.environment);
        Some((proxy?.to_string(), raw.origin("network.proxy")))
    }

    /// Says a key, if what it says is sound beside all the rest. No text at all: an empty list.
    pub fn answer(&mut self, key: &'static str, texts: &[&str]) -> Result<(), ConfigErrors> {
        let located = texts.iter().map(|text| Located::new(text, Origin::Answer)).collect();
        let before = self.said.values.insert(key, located);
        let checked = self.build(true).map(drop);
        if checked.is_err() {
            match before {
                Some(before) => self.said.values.insert(key, before),
                None => self.said.values.remove(key),
            };
        }
        checked
    }

    /// Says nothing of a key any more.
    pub fn withdraw(&mut self, key: &str) {
        self.said.values.remove(key);
    }

    /// What it comes to so far; nothing before the URL of Device Services is said.
    pub fn so_far(&self) -> Option<Drafted> {
        self.build(true).ok().flatten()
    }

    /// What it comes to, or what is still missing.
    pub fn finished(&self) -> Result<Drafted, ConfigErrors> {
        self.build(false)?.ok_or_else(|| ConfigErrors(Vec::new()))
    }

    fn build(&self, unfinished: bool) -> Result<Option<Drafted>, ConfigErrors> {
        let mut raw = proxy::conventional(self.environment);
        raw.lay_over(self.said.clone());
        let mut build = if unfinished { Build::unfinished(&raw) } else { Build::new(&raw, &[]) };
        let mut network = build.network();
        let (proxy, proxy_credentials) = proxy::settle(&mut build, &raw, self.environment);
        network.proxy = proxy;
        let deployment = build.deployment(network, "pinflight check".to_owned());
        let policy = build.policy();
        if raw.one("vantage").is_some() {
            build.vantage(None);
        }
        if build.errors.is_empty() {
            Ok(deployment.map(|deployment| Drafted { deployment, policy, proxy_credentials }))
        } else {
            Err(ConfigErrors(build.errors))
        }
    }

    /// The sample with everything that was said at its place, for a file in `folder`; an example stays above what was said.
    pub fn text(&self, folder: &Path) -> String {
        let mut said = BTreeMap::new();
        for key in KEYS {
            if let Some(values) = self.said.values.get(key.name) {
                said.insert(key.name, in_toml(key, values, folder));
            }
        }
        let (mut table, mut text) = (String::new(), String::new());
        for line in SAMPLE.lines() {
            let bare = line.strip_prefix('#').unwrap_or(line);
            if let Some(name) = line.strip_prefix('[') {
                table = name.trim_end_matches(']').to_owned() + ".";
            }
            let value = bare.split_once(" = ").and_then(|(leaf, _)| said.remove(format!("{table}{leaf}").as_str()));
            if value.is_none() || bare != line {
                text.extend([line, "\n"]);
            }
            if let (Some(value), Some((leaf, _))) = (value, bare.split_once(" = ")) {
                text.extend([leaf, " = ", &value, "\n"]);
            }
        }
        text
    }
}

/// The value as the file has it.
fn in_toml(key: &Key, said: &[Located], folder: &Path) -> String {
    let mut texts = said.iter().map(|said| in_file(key.name, said, folder));
    if key.kind == Kind::Texts {
        return Value::Array(texts.map(Value::String).collect()).to_string();
    }
    let text = texts.next().unwrap_or_default();
    let plain = match key.kind {
        Kind::Number => text.parse().ok().map(Value::Integer),
        Kind::Switch => text.parse().ok().map(Value::Boolean),
        Kind::Date => text.parse::<Datetime>().ok().map(Value::Datetime),
        Kind::Text | Kind::Texts => None,
    };
    plain.unwrap_or(Value::String(text)).to_string()
}

/// What a file has to say instead of what was said elsewhere: no password, its own paths, units.
fn in_file(key: &str, said: &Located, folder: &Path) -> String {
    let text = said.text.as_str();
    let other = match key {
        "network.proxy" => {
            values::proxy(text).ok().filter(|url| url.credentials.is_some()).map(|url| url.proxy.to_string())
        }
        "trust_service.url" => values::service_url(text).ok().map(|url| url.as_str().to_owned()),
        name if FILES.contains(&name) && !folder.as_os_str().is_empty() => {
            path::absolute(text).ok().map(|path| path.display().to_string())
        }
        // Plain seconds are for the command line.
        name if name.ends_with("_timeout") || name == "network.max_time" => {
            let plain = text.parse::<f64>().ok().and_then(|_| values::duration(text, true, DAY).ok());
            plain.map(|duration| humantime::format_duration(duration).to_string())
        }
        _ => None,
    };
    other.unwrap_or_else(|| text.to_owned())
}
