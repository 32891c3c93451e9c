//! `pinflight simulate`, as the real binary: what is refused, unknown and fine, from files and from recordings.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

mod common;

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType};
use serde_json::Value;
use tempfile::TempDir;

const HOST: &str = "ds.example.com";
const AT: &str = "2027-03-01";

struct Made {
    params: CertificateParams,
    key: KeyPair,
    pem: String,
}

fn rsa_key(name: &str) -> KeyPair {
    KeyPair::from_pem(&std::fs::read_to_string(common::project(&format!("fixtures/keys/{name}.pem"))).unwrap()).unwrap()
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.use_authority_key_identifier_extension = true;
    (params.not_before, params.not_after) = (rcgen::date_time_ymd(2027, 1, 1), rcgen::date_time_ymd(2027, 12, 1));
    params
}

fn root() -> Made {
    let mut params = named("Example Root");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = (rcgen::date_time_ymd(2020, 1, 1), rcgen::date_time_ymd(2040, 1, 1));
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    Made { params, key, pem }
}

fn leaf(root: &Made, key: &KeyPair) -> String {
    let mut params = named(HOST);
    params.subject_alt_names = vec![SanType::DnsName(HOST.try_into().unwrap())];
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.signed_by(key, &Issuer::from_params(&root.params, &root.key)).unwrap().pem()
}

/// Files of a deployment with a private root: two RSA leaves, an EC leaf, and lists of pins.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = root();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("root.pem", &root.pem);
    write("old.pem", &leaf(&root, &rsa_key("ds-1")));
    write("new.pem", &leaf(&root, &rsa_key("ds-2")));
    write("ec.pem", &leaf(&root, &KeyPair::generate().unwrap()));
    write("void.json", r#"{"ds.example.com": ["AB"], "other.example.com": 1}"#);
    write("upper.json", r#"{"DS.example.com": ["30820"]}"#);
    write("twice.json", r#"{"ds.example.com": ["3082"], "ds.example.com": ["abcdabcdabcd"]}"#);
    write("fragment.txt", "# a fragment of a key\n\n3082\n");
    write("hostile.txt", "\u{1b}[2Jevil\u{202e}\n");
    write("words.txt", "this is no list of pins\n");
    folder
}

struct Answer {
    json: Value,
    exit: i32,
}

impl Answer {
    fn ending(&self, kind: &str) -> &str {
        let stories = self.json["journey"]["stories"].as_array().unwrap();
        stories.iter().find(|story| story["kind"] == kind).unwrap()["ending"]["kind"].as_str().unwrap()
    }
}

/// The JSON, which fits the schema; the table, whose lines fit and hold nothing hidden, ends with the same code.
fn simulate(folder: &Path, words: &[&str]) -> Answer {
    let run = |more: &[&str]| {
        let mut command = common::pinflight();
        command.current_dir(folder).arg("simulate").args(words).args(more).output().unwrap()
    };
    let shown = run(&["--width", "80", "-v"]);
    for line in String::from_utf8(shown.stdout).unwrap().lines() {
        assert!(unicode_width::UnicodeWidthStr::width(line) <= 80, "{line}");
        assert!(!line.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)), "{line:?}");
    }
    let output = run(&["-o", "json"]);
    let json: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{words:?}: {error}: {}", String::from_utf8_lossy(&output.stderr)));
    let schema = std::fs::read(common::project("docs/schema/simulate-1.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_slice(&schema).unwrap()).unwrap();
    let errors: Vec<String> =
        schema.iter_errors(&json).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{words:?}: {errors:#?}");
    assert_eq!(shown.status.code(), output.status.code());
    Answer { json, exit: output.status.code().unwrap() }
}

#[test]
fn which_devices_break_is_told_for_each_list_and_chain() {
    let folder = folder();
    for (publish, present, hub, outcome, exit) in [
        (&["old.pem", "new.pem"][..], &["old.pem", "new.pem"][..], "connects-pinned", "nobody-breaks", 0),
        (&["old.pem"], &["old.pem", "new.pem"], "refused", "refused", 1),
        (&["old.pem"], &["new.pem"], "refused", "refused", 1),
        (&["old.pem"], &["ec.pem"], "unknown", "unknown", 3),
        (&["void.json"], &["old.pem"], "connects-not-pinned", "nobody-breaks", 0),
        (&["upper.json"], &["old.pem"], "connects-not-pinned", "nobody-breaks", 0),
        (&["twice.json"], &["old.pem"], "unknown", "unknown", 3),
        (&["fragment.txt"], &["old.pem", "new.pem"], "connects-pinned", "nobody-breaks", 0),
        (&["hostile.txt"], &["old.pem"], "refused", "refused", 1),
        (&["hostile.txt", "old.pem"], &["old.pem"], "connects-pinned", "nobody-breaks", 0),
    ] {
        let words =
            [&["--host", HOST, "--at", AT, "--cacert", "root.pem", "--publish"], publish, &["--present"], present]
                .concat();
        let answer = simulate(folder.path(), &words);
        assert_eq!(
            (answer.ending("ios-hub"), &answer.json["outcome"], answer.exit),
            (hub, &outcome.into(), exit),
            "{words:?}"
        );
        assert_eq!(answer.ending("ios-web"), "connects-not-pinned");
        assert_eq!(answer.ending("android"), "unknown");
    }
}

#[test]
fn the_cloud_s_names_are_lower_cased_and_roots_and_the_day_count() {
    let folder = folder();
    let base = ["--host", HOST, "--publish", "upper.json", "--present", "old.pem"];
    let with = |more: &[&str]| simulate(folder.path(), &[&base, more].concat());
    let cloud = with(&["--at", AT, "--cacert", "root.pem", "--at-source", "cloud-registry"]);
    assert_eq!((cloud.ending("ios-hub"), cloud.exit), ("connects-pinned", 0));
    // Nobody gave the root: whether an issuer is missing, or the root is not trusted, is not known.
    assert_eq!(with(&["--at", AT]).exit, 3);
    let expired = with(&["--at", "2028-01-01", "--cacert", "root.pem"]);
    assert_eq!((expired.ending("ios-web"), expired.exit), ("refused", 1));
}

#[test]
fn what_is_given_stands_in_the_place_of_what_was_recorded() {
    let folder = folder();
    let scenario = pinflight_fixtures::scenarios().iter().find(|scenario| scenario.id == "healthy").unwrap();
    // The demo's certificates are made for today.
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = pinflight_checks::time::Timestamp(i64::try_from(since.as_secs()).unwrap());
    let (recordings, _) = pinflight::commands::demo::record(scenario, now).unwrap();
    let mut words = vec!["--recording".to_owned()];
    for recording in &recordings {
        let name = format!("{}.json", recording.vantage);
        std::fs::write(folder.path().join(&name), serde_json::to_vec(recording).unwrap()).unwrap();
        words.push(name);
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let seen = simulate(folder.path(), &words);
    assert_eq!((&seen.json["published"], &seen.json["presented"]), (&Value::Null, &Value::Null));
    let answer = simulate(folder.path(), &[&words[..], &["--publish", "ec.pem"]].concat());
    assert_eq!((answer.ending("ios-hub"), answer.ending("ios-enrolled"), answer.exit), ("refused", "refused", 1));
}

#[test]
fn usage_is_told_in_full() {
    let folder = folder();
    for (words, told) in [
        (&["--publish", "old.pem"][..], "--present"),
        (&["--host", HOST, "--publish", "none.pem", "--present", "missing.pem"], "none.pem"),
        (&["--host", HOST, "--publish", "words.txt", "--present", "old.pem"], "pins, one a line"),
        (&["--host", HOST, "--publish", "old.pem", "--present", "fragment.txt"], "fragment.txt"),
        (&["--host", "no host", "--publish", "old.pem", "--present", "old.pem"], "--host"),
        (&["--recording", "old.pem"], "not taken as a recording"),
    ] {
        let mut command = common::pinflight();
        let output = command.current_dir(folder.path()).arg("simulate").args(words).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {error}");
        assert!(error.contains(told), "{words:?}: {error}");
    }
}

#[test]
fn the_schema_shares_its_definitions_with_the_report_s() {
    let read = |name: &str| -> Value {
        serde_json::from_slice(&std::fs::read(common::project(&format!("docs/schema/{name}-1.json"))).unwrap()).unwrap()
    };
    let (own, report) = (read("simulate"), read("report"));
    assert!(jsonschema::draft202012::meta::is_valid(&own));
    for (name, definition) in own["$defs"].as_object().unwrap() {
        assert_eq!(definition, &report["$defs"][name], "{name}");
    }
}
