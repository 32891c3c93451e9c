//! Every scenario once more, without network and binary: what `REPORTS=FOLDER cargo test --test scenarios` kept there is
//! judged, and redacted and judged, in this process. So coverage and mutants count the scenarios, too (.ci/full).

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

#[path = "../../tests/common/redaction.rs"]
mod redaction;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use pinflight_checks::{check::Case, judge, recording::Recording, time::Timestamp};
use serde_json::Value;

#[test]
#[ignore = "RECORDED has to name a folder with what the scenarios recorded"]
fn what_was_recorded_is_judged_as_it_was() {
    for_each_scenario(|recordings, live| {
        let now = Timestamp::parse(live["judged_at"].as_str().unwrap()).unwrap();
        // As a replay does.
        let latest = recordings.iter().max_by_key(|recording| recording.taken_at).unwrap();
        let report = judge::judge(&Case::new(recordings, &latest.policy, now).unwrap().judged_on(now));
        let report = serde_json::to_value(&report).unwrap();
        let parts = live.as_object().unwrap().keys().filter(|part| live[*part] != report[*part]);
        parts.map(|part| format!("{part}: expected {}, got {}", live[part], report[part])).collect()
    });
}

#[test]
#[ignore = "RECORDED has to name a folder with what the scenarios recorded"]
fn what_was_recorded_is_redacted_and_judged_the_same() {
    for_each_scenario(redaction::problems);
}

/// Tells what is not as it was in the first scenario where something is not, whose others are no longer asked.
fn for_each_scenario(problems: impl Fn(&[Recording], &Value) -> Vec<String> + Sync) {
    let folder = PathBuf::from(std::env::var_os("RECORDED").unwrap());
    let folders = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let mut folders: Vec<PathBuf> = folders.collect();
    folders.sort();
    assert!(!folders.is_empty());
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(folder) = folders.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let live = fs::read(folder.with_extension("json")).unwrap();
                    let found = problems(&recordings(folder), &serde_json::from_slice(&live).unwrap());
                    if !found.is_empty() {
                        next.store(folders.len(), Ordering::Relaxed);
                        panic!("{}\n    {}", folder.display(), found.join("\n    "));
                    }
                }
            });
        }
    });
}

/// In the order of a replay.
fn recordings(folder: &Path) -> Vec<Recording> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut recordings: Vec<Recording> =
        files.map(|file| serde_json::from_slice(&fs::read(file).unwrap()).unwrap()).collect();
    recordings.sort_by_key(|recording| (recording.vantage, recording.taken_at));
    recordings
}
