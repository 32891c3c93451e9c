//! The truth about chains, over real TLS servers: each row of the tables makes certificates, has `openssl s_server` present
//! them, asks the real binary, and says exactly what it must find.
//!
//! What cannot be shown here, because nobody can sign under a root of Mozilla's: the rules for publicly trusted certificates.
//! They are held by unit tests in `checks/src/certificate`. P-224 leaves likewise: no TLS library offers that curve.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

#[path = "../common/mod.rs"]
mod common;
mod expiry;
mod hostile;
mod name;
mod order;
mod path;
mod pki;
mod platform_rules;
mod server;
mod sound;
#[path = "../common/tls.rs"]
mod tls;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::Value;
use strum::VariantNames;

use self::{
    pki::{HOST, Made},
    server::Server,
};

/// A row of a table.
struct Row {
    /// What is the case.
    name: &'static str,
    /// Each check of the category that does not simply pass, with what it says.
    expected: &'static [(&'static str, &'static str)],
    make: fn() -> Served,
}

const fn row(name: &'static str, expected: &'static [(&'static str, &'static str)], make: fn() -> Served) -> Row {
    Row { name, expected, make }
}

/// Where there is no sound path, the check that failed is the reason of this one.
const NO_EXPIRY: (&str, &str) = ("certificate/expiry", "not observed because of certificate/path");
const NO_RULES: (&str, &str) = ("certificate/platform-rules", "not observed because of certificate/path");

/// What a server presents, and how it is asked.
struct Served {
    chain: Vec<Made>,
    roots: Vec<Made>,
    host: &'static str,
    flags: &'static [&'static str],
    server_flags: &'static [&'static str],
    /// The key that signs the handshake where it is not the leaf's, or where the chain is nothing that openssl presents.
    rustls_key: Option<&'static str>,
}

/// A chain with the certificates that are supplied by `--cacert`.
fn served(chain: &[&Made], roots: &[&Made]) -> Served {
    let all = |made: &[&Made]| made.iter().map(|one| (*one).clone()).collect();
    let (chain, roots) = (all(chain), all(roots));
    Served { chain, roots, host: HOST, flags: &[], server_flags: &[], rustls_key: None }
}

impl Served {
    fn host(self, host: &'static str) -> Self {
        Self { host, ..self }
    }

    fn asked_with(self, flags: &'static [&'static str]) -> Self {
        Self { flags, ..self }
    }

    fn server_flags(self, server_flags: &'static [&'static str]) -> Self {
        Self { server_flags, ..self }
    }

    fn by_rustls(self, key: &'static str) -> Self {
        Self { rustls_key: Some(key), ..self }
    }

    /// The report of the real binary, and its exit code.
    fn ask(&self, only: &str) -> (Value, i32) {
        let output = self.run(&["check", "--only", only, "-o", "json"]);
        let told = String::from_utf8_lossy(&output.stderr);
        let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {told}"));
        (report, output.status.code().unwrap())
    }

    /// Runs the real binary against the server.
    fn run(&self, words: &[&str]) -> std::process::Output {
        let folder = tempfile::tempdir().unwrap();
        let server = match self.rustls_key {
            None => Server::openssl(&self.chain, self.server_flags, folder.path()),
            Some(key) => Server::rustls(&self.chain, key),
        };
        let place = format!("{}:{}", self.host, server.port());
        let mut command = common::pinflight();
        command.args(words).args(["--roots", "none"]);
        match words.first() {
            Some(&"inspect") => command.arg(&place),
            _ => command.arg(format!("--device-services=https://{place}")),
        };
        if self.host.parse::<std::net::IpAddr>().is_err() {
            command.args(["--resolve", &format!("{place}:127.0.0.1")]);
        }
        if !self.roots.is_empty() {
            let file = folder.path().join("roots.pem");
            std::fs::write(&file, self.roots.iter().map(Made::pem).collect::<String>()).unwrap();
            command.arg("--cacert").arg(file);
        }
        command.args(self.flags).output().unwrap()
    }
}

/// What each check of the category says: `pass`, `skipped`, `not observed because of …`, or its findings.
fn said(report: &Value) -> BTreeMap<String, String> {
    let checks = report["checks"].as_array().unwrap().iter().filter(|check| check["category"] == "certificate");
    checks.map(|check| (check["id"].as_str().unwrap().to_owned(), said_by(check))).collect()
}

fn said_by(check: &Value) -> String {
    let findings: Vec<String> = check["findings"].as_array().unwrap().iter().map(finding).collect();
    match (check["outcome"].as_str().unwrap(), check["because"].as_str()) {
        ("warn" | "fail", _) => findings.join("; "),
        ("not-observed", Some(because)) => format!("not observed because of {because}"),
        (outcome, _) => {
            assert_eq!(findings, Vec::<String>::new());
            outcome.to_owned()
        }
    }
}

/// Outcome, cause, and the facts that tell it from others of its kind.
fn finding(finding: &Value) -> String {
    let cause = &finding["cause"];
    let outcome = finding["outcome"].as_str().unwrap();
    let mut words = vec![format!("{outcome}:"), cause["kind"].as_str().unwrap().to_owned()];
    let facts = [
        "/fault/kind",
        "/rule/kind",
        "/certificate/place",
        "/root/place",
        "/position",
        "/days",
        "/should_be",
        "/rule/bits",
        "/rule/days",
        "/rule/limit",
    ];
    for fact in facts.iter().filter_map(|fact| cause.pointer(fact)) {
        words.push(fact.as_str().map_or_else(|| fact.to_string(), str::to_owned));
    }
    if cause["found_among_supplied"] == true {
        words.push("supplied".to_owned());
    }
    words.join(" ")
}

fn tables() -> Vec<Row> {
    let mut rows = sound::rows();
    for more in [path::rows(), order::rows(), name::rows(), expiry::rows(), platform_rules::rows(), hostile::rows()] {
        rows.extend(more);
    }
    rows
}

/// Why this row is not as it should be.
fn wrong(row: &Row) -> Option<String> {
    let (report, exit) = (row.make)().ask("certificate/*");
    let said = said(&report);
    let mut expected: BTreeMap<String, String> = said.keys().map(|id| (id.clone(), "pass".to_owned())).collect();
    expected.extend(row.expected.iter().map(|(id, outcome)| ((*id).to_owned(), (*outcome).to_owned())));
    // 1: something failed; warnings alone are no failure.
    let fails = row.expected.iter().any(|(_, outcome)| outcome.contains("fail:"));
    let exit_expected = i32::from(fails);
    (said != expected || exit != exit_expected).then(|| {
        let differs = said.iter().filter(|(id, outcome)| expected.get(*id) != Some(*outcome));
        let differs: Vec<String> =
            differs.map(|(id, outcome)| format!("\n    {id} said {outcome:?}, not {:?}", expected[id])).collect();
        format!("{}: exit {exit}{}", row.name, differs.concat())
    })
}

#[test]
fn every_chain_gets_its_check_its_cause_and_its_outcome() {
    let wanted = std::env::var("CHAIN").ok();
    let rows: Vec<Row> = tables()
        .into_iter()
        .filter(|row| wanted.as_ref().is_none_or(|name| row.name.contains(name.as_str())))
        .collect();
    let (next, told) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    told.lock().unwrap().extend(wrong(row));
                }
            });
        }
    });
    let told = told.into_inner().unwrap();
    assert!(told.is_empty(), "{} of {} rows:\n{}", told.len(), rows.len(), told.join("\n"));
}

/// Every cause that these checks own stands in a table, and no row twice.
#[test]
fn no_cause_is_left_out() {
    let rows = tables();
    let names: BTreeSet<&str> = rows.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), rows.len());
    let shown: BTreeSet<&str> =
        rows.iter().flat_map(|row| row.expected).flat_map(|(_, outcome)| outcome.split([' ', ';'])).collect();
    let owned = pinflight_checks::cause::Cause::VARIANTS.iter().filter(|kind| {
        let owners = pinflight_checks::cause::owners(kind);
        owners.iter().any(|owner| owner.starts_with("certificate/") && *owner != "certificate/same-everywhere")
    });
    let missing: Vec<_> = owned.filter(|kind| !shown.contains(**kind)).collect();
    assert_eq!(missing, Vec::<&&str>::new());

    // Every fault of a link and every rule of the schema too, but for those that the module says no server can show.
    let schema = std::fs::read(common::project("docs/schema/report-1.json")).unwrap();
    let schema: Value = serde_json::from_slice(&schema).unwrap();
    let kinds = ["/$defs/link_fault/oneOf", "/$defs/platform_rule/oneOf"]
        .into_iter()
        .flat_map(|list| schema.pointer(list).unwrap().as_array().unwrap())
        .map(|one| one["properties"]["kind"]["const"].as_str().unwrap());
    let missing: Vec<&str> = kinds.filter(|kind| !shown.contains(kind)).collect();
    assert_eq!(missing, ["validity-beyond-schedule", "unlisted-key"]);
}
