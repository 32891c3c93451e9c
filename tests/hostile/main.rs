//! Hostile peers: whatever a peer does, at whatever moment, the real binary ends by itself, within its memory, and names it.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod asks;
mod dns;
mod http;
mod peer;
mod proxy;
mod run;
mod special;
mod table;
mod tls;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use asks::{Asks, Patience};
use peer::{Peer, Raised};
use serde_json::Value;
use tokio::{sync::Semaphore, task::JoinSet};

/// What a run may ever have in memory, in KiB.
const MEMORY: u64 = 80 * 1024;

/// What the deadline leaves out: eleven reports of what was seen, on a busy machine.
const TO_REPORT: Duration = Duration::from_secs(15);

/// One peer, and what is said of it.
pub struct Row {
    name: String,
    asks: Asks,
    peer: Peer,
    patience: Patience,
    /// All that fails or warns.
    said: Vec<String>,
    /// Whether there is more to ask than is ever asked.
    leaves: bool,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_hostile_peer_is_named_in_time_and_within_memory() {
    let schema = |name: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema").join(name);
        jsonschema::validator_for(&serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()).unwrap()
    };
    let schemas = Arc::new([schema("report-1.json"), schema("recording-1.json")]);
    // One row alone, for work on it: HOSTILE='part of its name' cargo test --test hostile.
    let only = std::env::var("HOSTILE").ok();
    let generated = table::rows();
    assert!(generated.len() > 60, "{}", generated.len());
    let rows: Vec<Row> = generated
        .into_iter()
        .chain(special::rows())
        .filter(|row| only.as_ref().is_none_or(|only| row.name.contains(only)))
        .collect();
    let count = rows.len();
    assert!(count > 0, "there is no such row");
    let problems: Arc<Mutex<BTreeMap<String, Vec<String>>>> = Arc::default();
    // Those who wait keep nobody from working.
    let (waiting, working) = (Arc::new(Semaphore::new(16)), Arc::new(Semaphore::new(4)));
    let mut tasks = JoinSet::new();
    for row in rows {
        let turn = if row.patience == Patience::Short { &waiting } else { &working }.clone();
        let (schemas, problems) = (schemas.clone(), problems.clone());
        tasks.spawn(async move {
            let _turn = turn.acquire().await;
            let mut found = tried(&row, row.patience, &schemas).await;
            // On a busy machine an answer can miss a short deadline; what is wrong stays wrong.
            if !found.is_empty() {
                found = tried(&row, row.patience.once_more(), &schemas).await;
            }
            if !found.is_empty() {
                problems.lock().unwrap().insert(row.name, found);
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    let asked = special::NOBODY.accept().err().map(|error| error.kind());
    assert_eq!(asked, Some(std::io::ErrorKind::WouldBlock), "somebody asked where a redirect leads");
    let problems = std::mem::take(&mut *problems.lock().unwrap());
    let told: Vec<String> =
        problems.iter().map(|(name, found)| format!("{name}\n    {}", found.join("\n    "))).collect();
    assert!(problems.is_empty(), "{} of {count} rows differ:\n{}", problems.len(), told.join("\n"));
}

/// What is not as it should be.
async fn tried(row: &Row, patience: Patience, schemas: &[jsonschema::Validator; 2]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let mut raised = Raised::default();
    let words = row.asks.lead(&mut raised, &row.peer, patience, folder.path()).await;
    let ended = match run::check(folder.path(), &words).await {
        Ok(ended) => ended,
        Err(problem) => return vec![problem],
    };
    let report = match ended.report() {
        Ok(report) => report,
        Err(problem) => return vec![problem],
    };
    let mut found = Vec::new();
    let mut said = asks::said(&report);
    said.sort();
    if said != row.said {
        found.push(format!("expected {:?}, said {said:?}", row.said));
    }
    // From one vantage alone nothing is ready.
    let code = if row.said.iter().any(|said| said.contains(" fail ")) { 1 } else { 3 };
    if ended.code != Some(code) {
        found.push(format!("it ends with {:?}", ended.code));
    }
    // Its own bounds ended it, and not the last one of all.
    if !row.leaves && report["run"]["unasked"] != Value::Array(Vec::new()) {
        found.push(format!("not asked: {}", report["run"]["unasked"]));
    }
    if ended.took > patience.run() + TO_REPORT {
        found.push(format!("it takes {:?}", ended.took));
    }
    if ended.peak == 0 || ended.peak > MEMORY {
        found.push(format!("{} KiB of memory", ended.peak));
    }
    if ended.err.contains("panicked") || !ended.err.is_empty() {
        found.push(format!("on standard error: {}", ended.err));
    }
    let recording = std::fs::read(folder.path().join("recording.json")).unwrap_or_default();
    let recording = serde_json::from_slice(&recording).unwrap_or_default();
    for (schema, document) in schemas.iter().zip([&report, &recording]) {
        found.extend(
            schema.iter_errors(document).take(3).map(|error| format!("schema: {error} at {}", error.instance_path())),
        );
    }
    for (format, text) in &ended.reports {
        let harmful = |c: char| {
            (c.is_control() && !matches!(c, '\n' | '\t'))
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        found.extend(text.chars().find(|c| harmful(*c)).map(|c| format!("{c:?} in {format}")));
    }
    // What would be obeyed is there, and shown.
    let shown = |table: &String| [r"\u{1b}[2J", r"\u{202e}"].iter().any(|escaped| table.contains(escaped));
    if row.name.contains("escape sequences") && !ended.reports.get("table").is_some_and(shown) {
        found.push(format!("nothing is shown of it: {:?}", ended.reports.get("table")));
    }
    if ended.reports.len() != 10 {
        found.push(format!("{} reports in files", ended.reports.len()));
    }
    found
}
