//! `pinflight diff`, as the real binary: before and after real faults, from reports and from recordings, and files that are
//! none.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

mod common;

use std::{fs, path::Path, process::Output, sync::LazyLock};

use pinflight_checks::{deployment::Policy, recording::Recording};
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

/// Reports of the demo, as `-o json` writes them: sound, and broken in each of these ways.
static REPORTS: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    for name in ["healthy"].into_iter().chain(FAULTS.map(|(fault, _)| fault)) {
        let output = common::pinflight().args(["demo", "-q", "-o", "json", "--fault", name]).output().unwrap();
        fs::write(folder.path().join(format!("{name}.json")), output.stdout).unwrap();
    }
    folder
});

/// Faults with the one check that each breaks.
const FAULTS: [(&str, &str); 5] = [
    ("console-to-discovery-tcp-timed-out", "firewall/console-to-discovery"),
    ("pins-missing-one", "pins/cover-every-server"),
    ("device-services-certificate-expired", "certificate/expiry"),
    ("device-services-dns-no-addresses", "dns/names-resolve"),
    ("trust-service-http-not-json", "trust-service/settings"),
];

fn diff(folder: &Path, words: &[&str]) -> Output {
    common::pinflight().current_dir(folder).arg("diff").args(words).output().unwrap()
}

/// The JSON, which fits the schema, and the exit code; the table ends with the same.
fn compared(folder: &Path, old: &str, new: &str) -> (Value, i32) {
    static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
        let schema: Value =
            serde_json::from_slice(&fs::read(common::project("docs/schema/diff-1.json")).unwrap()).unwrap();
        assert!(jsonschema::draft202012::meta::is_valid(&schema));
        jsonschema::validator_for(&schema).unwrap()
    });
    let output = diff(folder, &[old, new, "-o", "json"]);
    let json: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{old} {new}: {error}: {}", String::from_utf8_lossy(&output.stderr)));
    let errors: Vec<String> =
        SCHEMA.iter_errors(&json).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{old} {new}: {errors:#?}");
    for width in ["60", "80", "200"] {
        for style in [&["--ascii"][..], &[], &["-v"]] {
            let shown = diff(folder, &[&[old, new, "--width", width], style].concat());
            assert_eq!(shown.status, output.status);
            let text = String::from_utf8(shown.stdout).unwrap();
            assert!(style != ["--ascii"] || text.is_ascii());
            for line in text.lines() {
                assert!(line.width() <= width.parse().unwrap() && line.trim_end() == line, "{line:?}");
                assert!(!line.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)), "{line:?}");
            }
        }
    }
    (json, output.status.code().unwrap())
}

/// The checks with this effect.
fn with<'a>(json: &'a Value, effect: &str) -> Vec<&'a str> {
    let checks = json["checks"].as_array().unwrap().iter();
    checks.filter(|check| check["effect"] == effect).map(|check| check["id"].as_str().unwrap()).collect()
}

fn change<'a>(json: &'a Value, id: &str) -> &'a Value {
    json["checks"].as_array().unwrap().iter().find(|check| check["id"] == id).unwrap_or(&Value::Null)
}

#[test]
fn each_fault_is_worse_when_it_comes_and_mended_when_it_goes() {
    let folder = REPORTS.path();
    for (fault, check) in FAULTS {
        let fault = format!("{fault}.json");
        let (json, exit) = compared(folder, "healthy.json", &fault);
        assert_eq!((exit, &json["outcome"]), (1, &"worse".into()), "{fault}");
        assert_eq!(change(&json, check)["change"], "broken", "{fault}");
        // Whatever else is worse is hidden by it, and says so.
        for id in with(&json, "worse").into_iter().filter(|id| *id != check) {
            let hidden = change(&json, id);
            assert_eq!(
                (&hidden["change"], &hidden["is"]["because"]),
                (&"no-longer-seen".into(), &check.into()),
                "{id}"
            );
        }
        assert!(with(&json, "better").is_empty(), "{fault}");

        let (json, exit) = compared(folder, &fault, "healthy.json");
        assert_eq!((exit, &json["outcome"]), (0, &"nothing-worse".into()), "{fault}");
        assert_eq!(change(&json, check)["change"], "mended", "{fault}");
        assert!(with(&json, "worse").is_empty(), "{fault}");
        assert_eq!((&json["verdict"]["was"], &json["verdict"]["is"]), (&"not-ready".into(), &"ready".into()));
    }
}

#[test]
fn one_fault_in_the_place_of_another_is_worse_and_what_it_hides_is_not_mended() {
    let (json, exit) =
        compared(REPORTS.path(), "device-services-certificate-expired.json", "console-to-discovery-tcp-timed-out.json");
    assert_eq!(exit, 1);
    assert_eq!(change(&json, "firewall/console-to-discovery")["change"], "broken");
    assert_eq!(change(&json, "certificate/expiry")["change"], "no-longer-seen");
    let path = change(&json, "certificate/path");
    assert_eq!((&path["change"], &path["effect"]), (&"no-longer-seen".into(), &"worse".into()));
}

#[test]
fn a_report_is_no_different_from_itself() {
    let (json, exit) = compared(REPORTS.path(), "healthy.json", "healthy.json");
    assert_eq!((exit, &json["outcome"]), (0, &"nothing-different".into()));
    let text = String::from_utf8(diff(REPORTS.path(), &["healthy.json", "healthy.json"]).stdout).unwrap();
    assert!(text.starts_with("NOTHING IS DIFFERENT  ds.acme.test\n"), "{text}");
    assert!(!text.contains("Worse") && !text.contains("Better"), "{text}");
}

#[test]
fn a_table_says_first_what_is_worse_and_what_it_hides() {
    let output = diff(REPORTS.path(), &["healthy.json", "console-to-discovery-tcp-timed-out.json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let parts =
        ["SOMETHING IS WORSE  ds.acme.test\n", "\nNot alike\n", "\nWorse\n  ✗ FAIL  firewall/console-to-discovery"];
    let at: Vec<usize> = parts.iter().map(|part| text.find(part).unwrap_or_else(|| panic!("{part}: {text}"))).collect();
    assert!(at.is_sorted(), "{text}");
    assert!(text.contains("      hides  tls/versions, tls/interception, discovery/host-registry,\n"), "{text}");
    let mut command = common::pinflight();
    let colored = command.current_dir(REPORTS.path()).args(["--color", "always", "diff", "healthy.json"]);
    let colored = colored.arg("pins-missing-one.json").output().unwrap().stdout;
    assert!(colored.contains(&0x1b));
}

/// The demo's four recordings.
fn recorded(fault: &str) -> (Vec<Recording>, Policy) {
    let scenario = pinflight_fixtures::scenarios().iter().find(|scenario| scenario.id == fault).unwrap();
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = pinflight_checks::time::Timestamp(i64::try_from(since.as_secs()).unwrap());
    pinflight::commands::demo::record(scenario, now).unwrap()
}

#[test]
fn recordings_are_judged_first_and_tell_pins_and_configuration() {
    let folder = tempfile::tempdir().unwrap();
    for (name, fault) in [("new", "healthy"), ("old", "pins-missing-one")] {
        let (recordings, _) = recorded(fault);
        let device = recordings.iter().find(|recording| recording.vantage.id() == "console").unwrap();
        fs::write(folder.path().join(format!("{name}.json")), serde_json::to_vec(device).unwrap()).unwrap();
    }
    let (json, exit) = compared(folder.path(), "old.json", "new.json");
    assert_eq!((exit, &json["old"]["kind"], &json["new"]["kind"]), (0, &"recording".into(), &"recording".into()));
    assert_eq!(change(&json, "pins/cover-every-server")["change"], "mended");
    let pins = json["facts"].as_array().unwrap().iter().find(|fact| fact["what"] == "pins").unwrap();
    assert_eq!(pins["at"], serde_json::json!(["trust-service"]));
    assert_eq!((pins["was"].as_array().unwrap().len(), pins["is"].as_array().unwrap().len()), (1, 2));
    let declared = |fact: &&Value| fact["what"] == "deployment" && fact["at"][0] == "device_services.url";
    assert!(json["facts"].as_array().unwrap().iter().any(|fact| declared(&fact)), "the port is another");

    // A report beside a recording: what it does not hold is said, and is not taken for changed.
    let replayed = common::pinflight().current_dir(folder.path()).args(["replay", "new.json", "-o", "json"]).output();
    fs::write(folder.path().join("report.json"), replayed.unwrap().stdout).unwrap();
    let (json, exit) = compared(folder.path(), "new.json", "report.json");
    assert_eq!((exit, &json["outcome"]), (0, &"nothing-different".into()));
    assert_eq!(json["apart"], serde_json::json!([{"kind": "not-held", "which": "new"}]));
}

#[test]
fn a_selected_run_beside_a_whole_one_is_told_and_breaks_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["demo", "-q", "-o", "json", "--fault", "pins-missing-one", "--only", "certificate/*"];
    let output = common::pinflight().args(words).output().unwrap();
    fs::write(folder.path().join("some.json"), output.stdout).unwrap();
    fs::copy(REPORTS.path().join("healthy.json"), folder.path().join("whole.json")).unwrap();
    let (json, exit) = compared(folder.path(), "whole.json", "some.json");
    assert_eq!((exit, &json["counts"]["worse"], &json["verdict"]["effect"]), (0, &0.into(), &Value::Null));
    let told = json["not_compared"].as_array().unwrap();
    assert!(told.iter().all(|one| one["only"] == "old" && one["why"] == "not-selected"), "{told:?}");
    assert!(told.iter().any(|one| one["id"] == "pins/cover-every-server" && one["outcome"] == "pass"));
    let kinds: Vec<&str> =
        json["apart"].as_array().unwrap().iter().map(|apart| apart["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"selections") && kinds.contains(&"scopes"), "{kinds:?}");
}

#[test]
fn files_that_are_none_are_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let report = fs::read_to_string(REPORTS.path().join("healthy.json")).unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("good.json", &report);
    write("cut.json", &report[..report.len() / 2]);
    write("foreign.json", r#"{"schema": "somebody.else/1"}"#);
    write("newer.json", &report.replacen("pinflight.report/1", "pinflight.report/2", 1));
    write("empty.json", "");
    write("text.json", "READY");
    write("hostile.json", "{\"schema\": \"\u{1b}[2J\u{202e}\"}");
    write("deep.json", &"[".repeat(100_000));
    write("edited.json", &report.replacen("\"verdict\": \"ready\"", "\"verdict\": \"not-ready\"", 1));
    write("other.json", &report.replace("ds.acme.test", "ds.another.test"));
    let counts = report.replacen("\"fail\": 0", "\"fail\": 1", 1);
    write("counts.json", &counts);
    write("simulated.json", r#"{"schema": "pinflight.simulate/1"}"#);
    for (name, told) in [
        ("cut.json", "cut short"),
        ("foreign.json", "somebody.else/1"),
        ("newer.json", "pinflight.report/2"),
        ("empty.json", "neither a report"),
        ("text.json", "neither a report"),
        ("hostile.json", "neither a report"),
        ("deep.json", "neither a report"),
        ("other.json", "different deployments"),
        ("counts.json", "changed since it was written"),
        ("edited.json", "changed since it was written"),
        ("simulated.json", "pinflight.simulate/1"),
        ("missing.json", "fix: name a file that was written by"),
        (".", "fix: name the files in it"),
    ] {
        for words in [["good.json", name], [name, "good.json"]] {
            let output = diff(folder.path(), &words);
            let error = String::from_utf8(output.stderr).unwrap();
            assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{words:?}: {error}");
            assert!(error.contains(told), "{told}: {error}");
            assert!(!error.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{error:?}");
        }
    }
    for words in [&["good.json"][..], &[], &["good.json", "good.json", "good.json"]] {
        assert_eq!(diff(folder.path(), words).status.code(), Some(2), "{words:?}");
    }
}

#[test]
fn what_a_peer_said_reaches_no_terminal_as_it_came() {
    let folder = tempfile::tempdir().unwrap();
    let hostile = r"\u001b[2J\u202eevil\u0007";
    let sound = fs::read_to_string(REPORTS.path().join("healthy.json")).unwrap();
    let broken = fs::read_to_string(REPORTS.path().join("pins-missing-one.json")).unwrap();
    fs::write(folder.path().join("old.json"), sound.replace("O=Acme", hostile)).unwrap();
    let broken = broken.replace("O=Acme", &format!("{hostile}{hostile}")).replace("the key presented", hostile);
    fs::write(folder.path().join("new.json"), broken).unwrap();
    // `compared` looks at every line of the table.
    let (json, exit) = compared(folder.path(), "old.json", "new.json");
    assert_eq!(exit, 1);
    assert!(json["facts"].as_array().unwrap().iter().any(|fact| fact["what"] == "subject"));
}

#[test]
fn redacted_recordings_are_compared_where_they_were_redacted_together() {
    let folder = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| common::pinflight().current_dir(folder.path()).args(words).output().unwrap();
    for (name, fault) in [("old", "pins-missing-one"), ("new", "healthy")] {
        run(&["demo", "-q", "-o", "short", "--fault", fault, "--record", name]);
        fs::copy(folder.path().join(name).join("console.json"), folder.path().join(format!("{name}.json"))).unwrap();
    }
    assert!(run(&["redact", "old.json", "new.json", "--to", "together"]).status.success());
    let (json, exit) = compared(folder.path(), "together/old.json", "together/new.json");
    assert_eq!((exit, &change(&json, "pins/cover-every-server")["change"]), (0, &"mended".into()));
    assert!(!json.to_string().contains("acme"), "{json}");

    assert!(run(&["redact", "new.json", "--to", "alone"]).status.success());
    for new in ["alone/new.json", "new.json"] {
        let output = diff(folder.path(), &["together/old.json", new]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{error}");
        assert!(error.contains("redacted together") || error.contains("different deployments"), "{error}");
    }
}
