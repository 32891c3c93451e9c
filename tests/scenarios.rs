//! Every scenario, with the real binary: exactly the outcomes that were written down for it, of its cause and at its place alone.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;
#[path = "common/findings.rs"]
mod findings;
#[path = "common/outcomes.rs"]
mod outcomes;
#[path = "common/redaction.rs"]
mod redaction;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use pinflight_checks::{recording::Recording, redact::redact};
use pinflight_fixtures::{Scenario, scenarios};
use serde_json::Value;

use self::common::files;

/// Scenarios under way at once: most of a faulty one is waiting for something that never comes.
const AT_ONCE: usize = 4;

#[test]
fn every_scenario_gives_exactly_its_expected_outcomes() {
    let schema = |name: &str| {
        let schema = std::fs::read(common::project("docs/schema").join(name)).unwrap();
        jsonschema::validator_for(&serde_json::from_slice(&schema).unwrap()).unwrap()
    };
    let (schema, of_recording) = (schema("report-1.json"), schema("recording-1.json"));
    let (of_sarif, reports) = (sarif_schema(), Reports::begin());
    // One scenario alone, for work on it: SCENARIO=id cargo test --test scenarios.
    let only = std::env::var("SCENARIO").ok();
    let wanted: Vec<&Scenario> =
        scenarios().iter().filter(|scenario| only.as_ref().is_none_or(|only| scenario.id == *only)).collect();
    assert!(!wanted.is_empty());
    let next = AtomicUsize::new(0);
    let problems = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(scenario) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let recorded = reports.recorded(&scenario.id);
                    let (report, exit, recordings) = run(scenario, &recorded, &reports);
                    let mut found = outcomes::differences(scenario, &report, exit);
                    found.extend(findings::astray(scenario, &report));
                    found.extend(sarif_faults(&reports.path(&scenario.id, "sarif"), &report, &of_sarif));
                    found.extend(redaction::problems(&recordings, &report));
                    found.extend(schema.iter_errors(&report).map(|error| format!("schema: {error}")));
                    found.extend(replay_differences(&recorded, &report, exit, &of_recording));
                    found.extend(redacted_faults(&recordings, &of_recording));
                    reports.seen_through(&recorded);
                    if !found.is_empty() {
                        problems.lock().unwrap().insert(&scenario.id, found);
                    }
                }
            });
        }
    });
    let problems = problems.into_inner().unwrap();
    reports.fit_the_schema_of_junit();
    let told: Vec<String> = problems.iter().map(|(id, found)| format!("{id}\n    {}", found.join("\n    "))).collect();
    assert!(problems.is_empty(), "{} of {} scenarios differ:\n{}", problems.len(), wanted.len(), told.join("\n"));
}

/// Where each scenario's recordings are kept, and its report in the formats of others, for their schemas and validators.
struct Reports {
    folder: PathBuf,
    formats: &'static [&'static str],
    temporary: Option<tempfile::TempDir>,
}

impl Reports {
    /// In the folder that the environment names, and there in JSON for checks/tests/recorded.rs, and in formats whose
    /// validators cost a process a file as well.
    fn begin() -> Self {
        if let Some(folder) = std::env::var_os("REPORTS") {
            let formats = &["junit", "sarif", "json", "prometheus", "html"];
            return Self { folder: folder.into(), formats, temporary: None };
        }
        let temporary = tempfile::tempdir().unwrap();
        Self { folder: temporary.path().to_owned(), formats: &["junit", "sarif"], temporary: Some(temporary) }
    }

    /// The folder of a scenario's recordings; demo makes it, and refuses one that holds any.
    fn recorded(&self, id: &str) -> PathBuf {
        self.folder.join(id)
    }

    /// Recordings that nobody asked to keep would pile up.
    fn seen_through(&self, recorded: &Path) {
        if self.temporary.is_some() {
            std::fs::remove_dir_all(recorded).unwrap();
        }
    }

    fn path(&self, id: &str, format: &str) -> PathBuf {
        self.folder.join(format!("{id}.{format}"))
    }

    /// What `--report` is to write.
    fn wanted(&self, id: &str) -> Vec<String> {
        self.formats.iter().map(|format| format!("{format}={}", self.path(id, format).display())).collect()
    }

    /// All of them in one go: a process each would take as long as the scenarios.
    fn fit_the_schema_of_junit(&self) {
        let all = files(&self.folder).into_iter().filter(|name| Path::new(name).extension() == Some("junit".as_ref()));
        let mut xmllint = Command::new("xmllint");
        xmllint.current_dir(&self.folder).args(["--noout", "--nonet", "--schema"]);
        xmllint.arg(common::project("tests/formats/junit-10.xsd")).args(all);
        let output = xmllint.output().unwrap_or_else(|error| panic!("xmllint is needed for this test: {error}"));
        let said = String::from_utf8_lossy(&output.stderr);
        let refused: Vec<&str> = said.lines().filter(|line| !line.ends_with(" validates")).collect();
        assert!(output.status.success(), "{}", refused.join("\n"));
    }
}

fn sarif_schema() -> jsonschema::Validator {
    let schema = std::fs::read(common::project("tests/formats/sarif-2.1.0.json")).unwrap();
    let mut schema: Value = serde_json::from_slice(&schema).unwrap();
    // As published, the pattern for `language`, which is not used here, is no regular expression.
    for object in ["run", "toolComponent"] {
        schema["definitions"][object]["properties"]["language"].as_object_mut().unwrap().remove("pattern").unwrap();
    }
    jsonschema::draft7::new(&schema).unwrap()
}

/// It is of the schema of its standard, and has a result for every check.
fn sarif_faults(path: &Path, report: &Value, schema: &jsonschema::Validator) -> Vec<String> {
    let log: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let errors = schema.iter_errors(&log).map(|error| format!("sarif: {error} at {}", error.instance_path()));
    let results = log["runs"][0]["results"].as_array().unwrap();
    let silent = report["checks"].as_array().unwrap().iter().map(|check| &check["id"]);
    let silent = silent.filter(|id| results.iter().all(|result| result["ruleId"] != **id));
    errors.chain(silent.map(|id| format!("sarif: no result for {id}"))).collect()
}

/// The report, the exit code, and what each vantage saw.
fn run(scenario: &Scenario, folder: &Path, reports: &Reports) -> (Value, i32, Vec<Recording>) {
    let mut command = common::pinflight();
    command.args(["demo", "-q", "-o", "json", "--fault", &scenario.id, "--record"]).arg(folder);
    command.args(reports.wanted(&scenario.id).iter().flat_map(|report| ["--report", report]));
    let output = command.output().unwrap();
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{}: {error}: {}", scenario.id, String::from_utf8_lossy(&output.stderr)));
    let read = |name: &String| serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap();
    let mut recordings: Vec<Recording> = files(folder).iter().map(read).collect();
    recordings.sort_by_key(|recording| (recording.vantage, recording.taken_at));
    (report, output.status.code().unwrap(), recordings)
}

/// The recordings are of their schema, and judged again they give the same report, but for what says so.
fn replay_differences(recorded: &Path, live: &Value, exit: i32, schema: &jsonschema::Validator) -> Vec<String> {
    let files = files(recorded);
    let mut found = Vec::new();
    for file in &files {
        let recording = std::fs::read(recorded.join(file)).unwrap();
        let recording: Value = serde_json::from_slice(&recording).unwrap();
        found.extend(
            schema.iter_errors(&recording).map(|error| format!("{file}: {} at {}", error, error.instance_path())),
        );
    }
    let output =
        common::pinflight().current_dir(recorded).args(["replay", "-o", "json"]).args(&files).output().unwrap();
    let Ok(replayed) = serde_json::from_slice::<Value>(&output.stdout) else {
        found.push(format!("replay: {}", String::from_utf8_lossy(&output.stderr)));
        return found;
    };
    let mut expected = live.clone();
    expected["run"]["replayed"] = true.into();
    // Where the clock of a machine is wrong on purpose, the moment of the replay is another, and an age grows.
    let age_is_told = live["checks"]
        .as_array()
        .unwrap()
        .iter()
        .any(|check| check["id"] == "recording/fresh" && check["outcome"] == "fail");
    let of_one_time = live["taken_at"] == live["judged_at"] && !age_is_told;
    if live["run"]["replayed"] != false || (of_one_time && replayed != expected) {
        found.push(format!("replayed, it differs at {:?}", first_difference(&expected, &replayed, "")));
    }
    if of_one_time && output.status.code() != Some(exit) {
        found.push(format!("replayed, it ends with {:?}", output.status.code()));
    }
    found
}

/// Redacted, they are recordings that can be read, and of the schema.
fn redacted_faults(recordings: &[Recording], schema: &jsonschema::Validator) -> Vec<String> {
    let mut found = Vec::new();
    for redacted in redact(recordings, "test").unwrap_or_default() {
        let vantage = redacted.vantage;
        let json = serde_json::to_value(&redacted).unwrap();
        let errors = schema.iter_errors(&json);
        found.extend(errors.map(|error| format!("redacted {vantage}: {error} at {}", error.instance_path())));
        if let Err(refusal) = pinflight::recordings::from_bytes(&serde_json::to_vec(&redacted).unwrap()) {
            found.push(format!("redacted {vantage}: {refusal}"));
        }
    }
    found
}

/// Where two documents differ first, and what stands there.
fn first_difference(one: &Value, other: &Value, place: &str) -> Option<String> {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) if one.keys().eq(other.keys()) => {
            one.iter().find_map(|(key, value)| first_difference(value, other.get(key)?, &format!("{place}/{key}")))
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let mut pairs = one.iter().zip(other).enumerate();
            pairs.find_map(|(at, (one, other))| first_difference(one, other, &format!("{place}/{at}")))
        }
        _ => (one != other).then(|| format!("{place}: {one} and {other}")),
    }
}
