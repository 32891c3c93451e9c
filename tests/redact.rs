//! `pinflight redact` and `--redact`, with the real binary. What is replaced is tested with every scenario.

#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

use std::path::Path;

use serde_json::Value;

const VANTAGES: [&str; 4] = ["console.json", "device-services.json", "discovery.json", "device.json"];

/// Runs in this folder; exit code, standard output, standard error.
fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = common::pinflight().current_dir(folder).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn recorded() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (code, ..) = run(folder.path(), &["demo", "-q", "-o", "short", "--fault", "server-new-key", "--record", "all"]);
    assert_eq!(code, 1);
    folder
}

#[test]
fn recordings_redacted_together_are_judged_together() {
    let folder = recorded();
    let paths = |folder: &str| VANTAGES.map(|name| format!("{folder}/{name}"));
    let redact: Vec<String> =
        [&["redact".to_owned()], &paths("all")[..], &["--to".to_owned(), "out".to_owned()]].concat();
    let redact: Vec<&str> = redact.iter().map(String::as_str).collect();
    let (code, out, told) = run(folder.path(), &redact);
    assert_eq!((code, out.as_str(), told.lines().count()), (0, "", 4), "{told}");
    let replay: Vec<String> = [&["replay".to_owned(), "-o".to_owned(), "json".to_owned()], &paths("out")[..]].concat();
    let (code, out, told) = run(folder.path(), &replay.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!((code, told.as_str()), (1, ""));
    assert!(!out.to_lowercase().contains("acme"), "{out}");
    let report: Value = serde_json::from_str(&out).unwrap();
    let failing = report["checks"].as_array().unwrap().iter().filter(|check| check["outcome"] == "fail");
    assert_eq!(failing.map(|check| check["id"].as_str().unwrap()).collect::<Vec<_>>(), ["pins/cover-every-server"]);

    // No original, and nothing else, is overwritten.
    let (code, _, told) = run(folder.path(), &redact);
    assert_eq!(code, 2);
    assert!(told.contains("out/console.json is there already"), "{told}");
    let (code, _, told) = run(folder.path(), &["redact", "all/console.json", "--to", "all"]);
    assert_eq!(code, 2, "{told}");

    // Apart, stand-ins mean different things.
    assert_eq!(run(folder.path(), &["redact", "all/device.json", "--to", "apart"]).0, 0);
    for other in ["apart/device.json", "all/device.json"] {
        let (code, _, told) = run(folder.path(), &["replay", "out/console.json", other]);
        assert_eq!(code, 2);
        assert!(
            told.contains("out/console.json") && told.contains(other) && told.contains("not redacted together"),
            "{told}"
        );
    }
    let (code, _, told) = run(folder.path(), &["simulate", "--recording", "out/device.json", "--present", "none.pem"]);
    assert_eq!(code, 2);
    assert!(told.contains("redacted"), "{told}");
}

#[test]
fn a_run_records_itself_redacted() {
    let folder = tempfile::tempdir().unwrap();
    let flags = ["--from", "console", "--device-services", "https://ds.secret-site.test", "--max-time", "2s"];
    let resolve = ["--resolve", "ds.secret-site.test:443:127.0.0.1", "--only", "certificate/*", "-q"];
    let check = [&["check", "--record", "run.json", "--redact"], &flags[..], &resolve].concat();
    let (code, _, told) = run(folder.path(), &check);
    assert_eq!(code, 3, "{told}");
    let recording = std::fs::read_to_string(folder.path().join("run.json")).unwrap();
    assert!(!recording.contains("secret") && !recording.contains("127.0.0.1"), "{recording}");
    assert_eq!(run(folder.path(), &["replay", "run.json", "-o", "short"]).0, 3);
    let (code, _, told) = run(folder.path(), &["check", "--redact", "--from", "console"]);
    assert_eq!(code, 2);
    assert!(told.contains("--record"), "{told}");
}
