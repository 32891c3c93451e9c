//! Each malformed configuration with its exact message, and what the sound ones come to.

use std::{collections::BTreeMap, fmt::Write as _};

use clap::Parser as _;

use super::*;
use crate::cli::{Cli, Command};

mod draft;
mod meaning;
mod messages;
mod robust;
mod sample;

/// Stands in for the registry.
const CHECKS: &[&str] = &[
    "firewall/console-to-discovery",
    "dns/discovery-resolves",
    "dns/names-resolve",
    "certificate/path",
    "certificate/order",
    "certificate/expiry",
    "pins/well-formed",
    "pins/cover-every-server",
];

/// The least that a run needs.
const LEAST: &str = "vantage = \"console\"\n[device_services]\nurl = \"https://ds.example.com\"\n";

fn args(words: &[&str]) -> CheckArgs {
    let words = ["pinflight", "check"].iter().chain(words);
    match Cli::try_parse_from(words).unwrap().command {
        Command::Check(args) => *args,
        other => panic!("{other:?}"),
    }
}

/// Loads with these files and variables, and nothing of the machine's own.
fn load_with(flags: &[&str], files: &[(&str, &[u8])], variables: &[(&str, &str)]) -> Result<Settings, ConfigErrors> {
    let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
    let environment = |name: &str| variables.get(name).map(|value| (*value).to_owned());
    let read = |path: &Path| {
        let found = files.iter().find(|(name, _)| Path::new(name) == path);
        found.map(|(_, bytes)| bytes.to_vec()).ok_or_else(|| io::ErrorKind::NotFound.into())
    };
    load(&args(flags), &environment, &read, CHECKS)
}

fn load_file(text: &str) -> Result<Settings, ConfigErrors> {
    load_with(&[], &[("pinflight.toml", text.as_bytes())], &[])
}

/// The least, laid over with flags.
fn load_flags(flags: &[&str]) -> Result<Settings, ConfigErrors> {
    load_with(flags, &[("pinflight.toml", LEAST.as_bytes())], &[])
}

/// The least, laid over with variables.
fn load_variables(variables: &[(&str, &str)]) -> Result<Settings, ConfigErrors> {
    load_with(&[], &[("pinflight.toml", LEAST.as_bytes())], variables)
}

/// Each input with what is said of it, for a snapshot.
fn told(cases: impl IntoIterator<Item = (String, Result<Settings, ConfigErrors>)>) -> String {
    let mut told = String::new();
    for (input, loaded) in cases {
        let message = loaded.map_or_else(|errors| errors.to_string(), |_| "ACCEPTED".to_owned());
        let input: Vec<String> = input.lines().map(error::shown).collect();
        writeln!(told, "{}\n----\n{message}\n", input.join("\n")).unwrap();
    }
    told
}
