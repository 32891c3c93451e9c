//! Recordings in files: packed or not, whole or refused, of today's format and of earlier ones, without secrets.

#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

use std::{fs, io::Write, path::Path, sync::LazyLock};

use data_encoding::BASE64;
use pinflight::recordings::{self, MAX_BYTES, Refusal};
use pinflight_checks::recording::{BodyEnd, Der, Recording, SCHEMA};
use pinflight_fixtures::{Scenario, Vantage, Variant, raise};
use serde_json::Value;

/// As `check --record` wrote it when the format began; it is never written anew.
const FIRST: &str = "tests/recordings/first.json";

/// It gets older from day to day.
const AGELESS: [&str; 2] = ["--skip", "recording/fresh"];

static WHOLE: LazyLock<Vec<u8>> = LazyLock::new(|| fs::read(common::project(FIRST)).unwrap());

fn recording() -> Recording {
    recordings::from_bytes(&WHOLE).unwrap()
}

fn packed(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    recordings::write(&recording(), Path::new(name), &mut bytes).unwrap();
    bytes
}

/// The recording as JSON, edited.
fn edited(edit: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut json: Value = serde_json::from_slice(&WHOLE).unwrap();
    edit(&mut json);
    serde_json::to_vec(&json).unwrap()
}

fn refused(bytes: &[u8]) -> Refusal {
    recordings::from_bytes(bytes).unwrap_err()
}

#[test]
fn the_name_says_how_it_is_packed_and_the_content_how_it_is_read() {
    for (name, begins) in [
        ("r.json", b"{\"".as_slice()),
        ("r", b"{\""),
        ("r.json.gz", &[0x1f, 0x8b]),
        ("r.GZ", &[0x1f, 0x8b]),
        ("r.json.zst", &[0x28, 0xb5, 0x2f, 0xfd]),
    ] {
        let bytes = packed(name);
        assert!(bytes.starts_with(begins), "{name}");
        assert_eq!(bytes, packed(name), "{name}: the same recording is the same bytes");
        assert_eq!(recordings::from_bytes(&bytes), Ok(recording()), "{name}");
        // The file's own name says nothing.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mail-attachment.bin");
        fs::write(&path, &bytes).unwrap();
        assert_eq!(recordings::read(&path).unwrap(), recording(), "{name}");
    }
    assert!(packed("r.gz").len() * 10 < packed("r").len() * 8);
    assert!(packed("r.zst").len() * 10 < packed("r").len() * 8);
    // Several members, as `cat a.gz b.gz` makes them, are one.
    let (first, second) = WHOLE.split_at(WHOLE.len() / 2);
    let gzip = |part: &[u8]| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(part).unwrap();
        packed.finish().unwrap()
    };
    assert_eq!(recordings::from_bytes(&[gzip(first), gzip(second)].concat()), Ok(recording()));
    let zstd = |part: &[u8]| zstd::encode_all(part, 1).unwrap();
    assert_eq!(recordings::from_bytes(&[zstd(first), zstd(second)].concat()), Ok(recording()));
}

#[test]
fn what_unpacks_to_more_than_any_recording_is_refused() {
    let much = |packed: &mut dyn Write| {
        let block = vec![b' '; 1024 * 1024];
        for _ in 0..=MAX_BYTES / block.len() as u64 {
            packed.write_all(&block).unwrap();
        }
    };
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    much(&mut gzip);
    assert_eq!(refused(&gzip.finish().unwrap()), Refusal::UnpacksTooLong);
    let mut zstd = zstd::Encoder::new(Vec::new(), 1).unwrap();
    much(&mut zstd);
    let bomb = zstd.finish().unwrap();
    assert!(bomb.len() < 100 * 1024);
    assert_eq!(refused(&bomb), Refusal::UnpacksTooLong);
}

#[test]
fn what_is_cut_short_or_damaged_is_refused_wherever_it_is() {
    for name in ["r", "r.gz", "r.zst"] {
        let whole = packed(name);
        for sixteenth in 0..16 {
            let refusal = refused(&whole[..whole.len() * sixteenth / 16]);
            let expected = match (name, sixteenth) {
                (_, 0) => refusal == Refusal::Empty,
                ("r", _) => matches!(refusal, Refusal::CutShort { line: 1, .. }),
                ("r.gz", _) => matches!(refusal, Refusal::Damaged { packing: "gzip", .. }),
                _ => matches!(refusal, Refusal::Damaged { packing: "zstd", .. }),
            };
            assert!(expected, "{name}, {sixteenth}/16: {refusal:?}");
        }
        // All but the line's end, and all but the checksum.
        let short = &whole[..whole.len() - if name == "r" { 2 } else { 1 }];
        assert!(recordings::from_bytes(short).is_err(), "{name}");
    }
    for name in ["r.gz", "r.zst"] {
        let mut damaged = packed(name);
        let middle = damaged.len() / 2;
        damaged[middle] ^= 0x10;
        assert!(matches!(refused(&damaged), Refusal::Damaged { .. }), "{name}");
        let followed = [packed(name), b"and more".to_vec()].concat();
        assert!(matches!(refused(&followed), Refusal::Damaged { .. }), "{name}: something follows");
    }
}

#[test]
fn something_else_is_told_what_it_is() {
    let report = br#"{"schema": "pinflight.report/1", "verdict": "ready"}"#;
    let newer = String::from_utf8(WHOLE.clone()).unwrap().replacen(SCHEMA, "pinflight.recording/2", 1);
    let later = edited(|json| {
        json["schema"] = "pinflight.recording/2".into();
        json["version"] = "9.1.0".into();
        json["verdicts"] = Value::Array(vec![]);
    });
    let utf16: Vec<u8> = "\u{feff}{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, told) in [
        (b"".as_slice(), "it is empty"),
        (b" \n", "it is empty"),
        (report, "its schema is pinflight.report/1"),
        (newer.as_bytes(), "its schema is pinflight.recording/2, written by pinflight 0.1.0; pinflight 0.1.0 reads"),
        (&later, "its schema is pinflight.recording/2, written by pinflight 9.1.0; pinflight 0.1.0 reads"),
        (br#"{"schema": "somebody.else/1"}"#, "it is JSON of the schema \"somebody.else/1\""),
        (br#"{"a": 1}"#, "it is JSON without a schema"),
        (br"[1, 2]", "it is JSON, but no recording"),
        (br"5", "it is JSON, but no recording"),
        (br#"{"schema": 5}"#, "it is JSON, but no recording"),
        (b"\r\n<!DOCTYPE html><title>Sign in</title>", "it is HTML or XML"),
        (&utf16, "it is text in UTF-16"),
        (b"\x7fELF\x02\x01\x01\0", "it is no text"),
        (b"\x89PNG\r\n\x1a\n\0", "it is no text"),
        (b"BEGIN CERTIFICATE", "it is not JSON: "),
        (&[WHOLE.as_slice(), b"{}"].concat(), "it is not JSON: trailing characters"),
        (br#"{"schema": "pinflight.rec"#, "it is cut short: it ends in line 1, column 25"),
    ] {
        let refusal = refused(bytes);
        assert!(refusal.to_string().starts_with(told), "{refusal}");
        assert!(refusal.fix().len() > 20);
    }
    let deep = |open: &str, closed: &str| {
        let nested = open.repeat(100_000) + &closed.repeat(100_000);
        format!("{{\"schema\": \"pinflight.recording/1\", \"names\": {nested}}}")
    };
    assert!(matches!(refused(deep("[", "]").as_bytes()), Refusal::Malformed { .. }));
    assert!(matches!(refused(deep("[", "").as_bytes()), Refusal::CutShort { .. } | Refusal::Foreign(_)));
}

#[test]
fn what_was_edited_is_refused_with_the_place() {
    type Edit = fn(&mut Value);
    let edits: &[(Edit, &str)] = &[
        (|json| json["verdict"] = "ready".into(), "unknown field `verdict`"),
        (|json| json["names"][0]["ttl"] = 1.into(), "names[0].ttl: unknown field `ttl`"),
        (|json| json["deployment"]["network"]["retry"] = (-1).into(), "deployment.network.retry: invalid value"),
        (|json| json["deployment"]["network"]["retry"] = 4_294_967_296_u64.into(), "deployment.network.retry: invalid"),
        (|json| json["took"] = u64::MAX.into(), "took: 18446744073709551615 ms is longer than anything"),
        (|json| json["took"] = 1e300.into(), "took: invalid type: floating point"),
        (|json| json["taken_at"] = "@99999999999999".into(), "taken_at: a time out of all bounds"),
        (|json| json["taken_at"] = "yesterday".into(), "taken_at: not an RFC 3339 time"),
        (|json| json["vantage"] = "moon".into(), "vantage: unknown variant `moon`"),
        (
            |json| json["connections"][0]["endpoint"]["port"] = 65536.into(),
            "connections[0].endpoint.port: invalid value",
        ),
        (
            |json| json["deployment"]["device_services"]["url"] = "https://a:b@ds".into(),
            "deployment.device_services.url: ",
        ),
        (|json| json["connections"][0]["outcome"] = serde_json::json!({}), "connections[0].outcome: "),
        (
            |json| json["connections"][0]["outcome"]["Err"] = serde_json::json!({"step": "tcp"}),
            "connections[0].outcome.Err: missing field `failure`",
        ),
        (|json| drop(json["certificates"].as_object_mut().unwrap().remove(&first_id())), "refers to certificate"),
        (|json| json["certificates"][first_id()] = "MAA=".into(), "it holds another certificate under the id"),
        (|json| json["certificates"]["ABCD"] = "MAA=".into(), "it holds another certificate under the id ABCD"),
        (|json| json["certificates"][first_id()] = "%%".into(), "certificates"),
        (|json| json["answers"][0]["leaf"] = "00".repeat(32).into(), "answers[0] refers to certificate 0000"),
    ];
    for (edit, told) in edits {
        let refusal = refused(&edited(edit));
        assert!(refusal.to_string().contains(told), "{told:?} is not in {refusal}");
        assert_eq!(refusal.fix(), "it was changed after it was written: record again");
    }
    let whole = String::from_utf8(WHOLE.clone()).unwrap();
    let id = first_id();
    for (doubled, told) in [
        (
            whole.replacen("{\"schema\"", "{\"schema\":\"pinflight.recording/1\",\"schema\"", 1),
            "duplicate field `schema`",
        ),
        (
            whole.replacen("\"certificates\":{", &format!("\"certificates\":{{\"{id}\":\"MAA=\","), 1),
            &format!("duplicate key `{id}`"),
        ),
        (whole.replacen("\"severity\":{", "\"severity\":{\"a\":\"warn\",\"a\":\"fail\"", 1), "duplicate key `a`"),
    ] {
        let refusal = refused(doubled.as_bytes());
        assert!(refusal.to_string().contains(told), "{told:?} is not in {refusal}");
    }
    // What another version wrote is not called edited.
    let other = refused(&edited(|json| {
        json["version"] = "0.2.0".into();
        json["weather"] = "fine".into();
    }));
    let expected = "weather: unknown field `weather` (pinflight 0.2.0 wrote it, and this is 0.1.0)";
    assert_eq!((other.to_string().as_str(), other.fix().starts_with("use the version")), (expected, true));
}

/// The id of the first leaf that was presented.
fn first_id() -> String {
    let json: Value = serde_json::from_slice(&WHOLE).unwrap();
    let mut chains = json["connections"].as_array().unwrap().iter().map(|fact| &fact["outcome"]["Ok"]["chain"][0]);
    chains.find_map(Value::as_str).unwrap().to_owned()
}

#[test]
fn every_file_that_is_refused_is_told_and_none_is_judged() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    write("good.json", &WHOLE);
    write("empty.json", b"");
    write("\u{1b}[31m.json", br#"{"schema": "\u001b[31m"}"#);
    for command in ["replay", "merge"] {
        let mut pinflight = common::pinflight();
        pinflight.current_dir(folder.path()).args([
            command,
            "good.json",
            "empty.json",
            "absent.json",
            "\u{1b}[31m.json",
        ]);
        let output = pinflight.output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{told}");
        for line in [
            "empty.json is not taken as a recording: it is empty",
            "fix: copy it again from where it was recorded",
            "cannot read absent.json: ",
            r"\u{1b}[31m.json is not taken as a recording: it is JSON of the schema",
        ] {
            assert!(told.contains(line), "{told}");
        }
        assert!(!told.contains('\u{1b}'), "{told:?}");
    }
    let output = common::pinflight().current_dir(folder.path()).args(["merge", "good.json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "one recording is nothing to merge");
}

/// New checks may come; those that there were when it was recorded keep saying what they said.
#[test]
fn the_first_recording_ever_is_judged_as_it_was() {
    let output =
        common::pinflight().args(["replay", "-o", "json"]).args(AGELESS).arg(common::project(FIRST)).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &report["run"]["replayed"]), (Some(3), &Value::Bool(true)));
    let outcome = |id: &str| {
        let check = report["checks"].as_array().unwrap().iter().find(|check| check["id"] == id);
        check.map_or("gone", |check| check["outcome"].as_str().unwrap())
    };
    let expected = fs::read_to_string(common::project("tests/recordings/first.outcomes")).unwrap();
    let expected: Vec<(&str, &str)> = expected.lines().filter_map(|line| line.split_once(' ')).collect();
    assert!(expected.len() > 30);
    for (id, expected) in expected {
        assert_eq!(outcome(id), expected, "{id}");
    }
    let again = serde_json::to_vec(&recording()).unwrap();
    assert_eq!(again, WHOLE.trim_ascii_end(), "it is written as it was");
}

/// All that a recording holds, bodies too, as text.
fn text_of(recording: &Path) -> String {
    let json = fs::read_to_string(recording).unwrap();
    let value: Value = serde_json::from_str(&json).unwrap();
    let bodies = value["answers"].as_array().unwrap().iter().filter_map(|fact| {
        let body = fact["outcome"]["Ok"]["body"]["bytes"].as_str()?;
        Some(String::from_utf8_lossy(&BASE64.decode(body.as_bytes()).unwrap()).into_owned())
    });
    bodies.fold(json.clone(), |text, body| text + &body)
}

#[test]
fn no_secret_of_the_caller_is_recorded_reported_or_told() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let running = runtime.block_on(raise(&Scenario::sound(Variant::OnPremises), folder.path())).unwrap();
    let config = folder.path().join(format!("{}.toml", Vantage::Console.id()));
    let text = fs::read_to_string(&config).unwrap();
    let token = text.replacen("/TrustService\"", "/TrustService?token=hunter2#hunter2\"", 1);
    assert_ne!(token, text);
    fs::write(folder.path().join("token.toml"), token).unwrap();
    let run = |words: &[&str], variables: &[(&str, &str)]| {
        let mut command = common::pinflight();
        command.current_dir(folder.path()).args(["check", "-v", "-o", "json", "--record", "kept.json"]).args(words);
        let output = command.envs(variables.iter().copied()).output().unwrap();
        let shown = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.code().unwrap(), shown)
    };
    let proxy = "http://ann:hunter2@127.0.0.1:1";
    let declared: &[&str] = &["--config", "console.toml", "--config", "token.toml"];
    let flag = &["--config", "console.toml", "--trust-service", "https://ts.example.com/TrustService?token=hunter2"];
    let named = [("PINFLIGHT_PROXY_USER", "ann"), ("PINFLIGHT_PROXY_PASSWORD", "hunter2")];
    for (words, variables) in [
        (["--config", "console.toml"].as_slice(), [("HTTPS_PROXY", proxy)].as_slice()),
        (&["--config", "console.toml", "-x", "http://127.0.0.1:1"], &named),
        (declared, &[]),
        (flag, &[]),
        (&["--config", "console.toml"], &[("PINFLIGHT_TRUST_SERVICE", "https://ts/TrustService?token=hunter2")]),
    ] {
        let (code, shown) = run(words, variables);
        assert!([0, 1, 3].contains(&code), "{words:?}: {shown}");
        assert!(!shown.contains("hunter2"), "{words:?}: {shown}");
        let kept = text_of(&folder.path().join("kept.json"));
        assert!(!kept.contains("hunter2"), "{words:?}");
        assert!(!kept.contains("YW5uOmh1bnRlcjI"), "{words:?}: nor as it is sent");
        fs::remove_file(folder.path().join("kept.json")).unwrap();
    }
    runtime.block_on(running.stop());
}

#[test]
#[ignore = "needs root: takes the network away (netns)"]
fn netns_without_any_network_recordings_are_judged_alike() {
    let judged = |program: &str, words: &[&str]| {
        let mut command = assert_cmd::Command::new(program);
        command.args(words).args(["replay", "-o", "json"]).args(AGELESS).arg(common::project(FIRST)).env_clear();
        let output = command.env("PATH", std::env::var_os("PATH").unwrap()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let pinflight = env!("CARGO_BIN_EXE_pinflight");
    let (with, without) = (judged(pinflight, &[]), judged("unshare", &["--net", pinflight]));
    assert_eq!(with.0, Some(3));
    assert_eq!(with, without);
}

#[test]
fn a_body_that_was_cut_is_kept_as_cut() {
    let mut cut = recording();
    for fact in &mut cut.answers {
        if let Ok(answer) = &mut fact.outcome {
            (answer.body.bytes, answer.body.end) = (Der(vec![0xff, 0, b'"']), BodyEnd::TimedOut);
        }
    }
    let mut bytes = Vec::new();
    recordings::write(&cut, Path::new("r.zst"), &mut bytes).unwrap();
    assert_eq!(recordings::from_bytes(&bytes), Ok(cut));
}
