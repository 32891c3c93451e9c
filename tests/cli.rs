//! The command line as a user meets it: exit codes, messages, files, pipes, Ctrl-C.

#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

use std::{fs, path::Path, process::Output};

use common::pinflight;

fn run(folder: &Path, words: &[&str]) -> (Option<i32>, String, String) {
    let output = pinflight().current_dir(folder).args(words).output().unwrap();
    told(&output)
}

fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// Nothing of this is asked: its address is nobody's, and the configuration is refused first.
const LEAST: &str = "vantage = \"console\"\n[device_services]\nurl = \"https://ds.example.com\"\n";

#[test]
fn without_anything_to_check_it_says_what_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, err) = run(folder.path(), &["check"]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    for wanted in ["--device-services https://", "--from console", "pinflight init"] {
        assert!(err.contains(wanted), "{wanted}: {err}");
    }
}

#[test]
fn mistakes_in_the_configuration_are_told_all_at_once_with_their_lines() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "{LEAST}backend = [\"10.1.0.11\"]\npins = [\"nonsense!\"]\n[network]\njobs = \"many\"\nproxi = \"x\"\n"
    );
    fs::write(folder.path().join("pinflight.toml"), text).unwrap();
    let (code, out, err) = run(folder.path(), &["check"]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    for wanted in [
        "pinflight.toml:4",
        "backends",
        "pinflight.toml:5",
        "nonsense!",
        "pinflight.toml:7",
        "pinflight.toml:8",
        "proxy",
    ] {
        assert!(err.contains(wanted), "{wanted}: {err}");
    }
}

#[test]
fn a_configuration_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.toml");
    let long = vec![b'x'; 2_000_000];
    for bytes in [&b"\xff\xfe"[..], b"[device_services", b"= 1", &long, b"\0", b"[a]\n[a]\n"] {
        fs::write(&file, bytes).unwrap();
        let (code, out, err) = run(folder.path(), &["check", "--from", "console", "--config", "bad.toml"]);
        assert_eq!((code, out.as_str()), (Some(2), ""));
        assert!(err.contains("bad.toml"), "{err}");
    }
    for missing in ["missing.toml", "."] {
        let (code, _, err) = run(folder.path(), &["check", "--config", missing]);
        assert!(code == Some(2) && err.contains(missing), "{err}");
    }
}

#[test]
fn a_file_that_is_no_certificate_is_named_with_its_line_and_the_fix() {
    let folder = tempfile::tempdir().unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let csr = rcgen::CertificateParams::new(vec!["ds.example.com".into()]).unwrap().serialize_request(&key).unwrap();
    let text = format!("{LEAST}certificates = [\"ds.cer\"]\n");
    fs::write(folder.path().join("pinflight.toml"), text).unwrap();
    for (content, wanted) in [
        (None, "ds.cer"),
        (Some(Vec::new()), "empty"),
        (Some(key.serialize_pem().into_bytes()), "private key"),
        (Some(csr.pem().unwrap().into_bytes()), "request"),
        (Some(b"\x30\x80garbage".to_vec()), "certificate"),
        (Some(vec![b'A'; 2_000_000]), "ds.cer"),
    ] {
        match content {
            Some(bytes) => fs::write(folder.path().join("ds.cer"), bytes).unwrap(),
            None => assert!(!folder.path().join("ds.cer").exists()),
        }
        let (code, out, err) = run(folder.path(), &["check"]);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
        for wanted in ["pinflight.toml:4", "device_services.certificates", "fix: ", wanted] {
            assert!(err.contains(wanted), "{wanted}: {err}");
        }
    }
}

#[test]
fn where_nothing_can_be_written_nothing_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pinflight.toml"), LEAST).unwrap();
    for flags in [
        ["--report", "json=missing/report.json"],
        ["--record", "missing/recording.json"],
        ["--record", "."],
        ["--report", "json"],
        ["--report", "jsn=report.json"],
        ["-o", "jsn"],
    ] {
        let (code, out, err) = run(folder.path(), &[&["check"][..], &flags].concat());
        assert_eq!((code, out.as_str()), (Some(2), ""), "{flags:?}: {err}");
        assert!(err.starts_with("pinflight: ") && err.lines().count() < 6, "{flags:?}: {err}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn init_writes_a_file_that_is_understood_and_overwrites_none() {
    let folder = tempfile::tempdir().unwrap();
    let (code, _, err) = run(folder.path(), &["init"]);
    assert_eq!(code, Some(0), "{err}");
    let (code, out, err) = run(folder.path(), &["check", "--from", "console", "--plan"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("discovery.awmdm.com") && out.contains("HostRegistry.aws"), "{out}");
    assert_eq!(run(folder.path(), &["init"]).0, Some(2));
    assert_eq!(run(folder.path(), &["init", "--force"]).0, Some(0));
}

#[test]
fn ids_are_explained_and_slips_are_understood() {
    let here = tempfile::tempdir().unwrap();
    let (code, out, _) = run(here.path(), &["explain", "certificate/expiry"]);
    assert!(code == Some(0) && out.starts_with("certificate/expiry"), "{out}");
    let (code, out, err) = run(here.path(), &["explain", "certificate/expire"]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(err.contains("certificate/expiry"), "{err}");
    let (code, out, _) = run(here.path(), &["list", "-o", "json"]);
    let list: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, list["checks"].as_array().or(list.as_array()).unwrap().len()),
        (Some(0), pinflight_checks::registry::ids().len())
    );
    let (code, _, err) = run(here.path(), &["demo", "--fault", "healty"]);
    assert!(code == Some(2) && err.contains("did you mean healthy?"), "{err}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_reader_that_goes_away_is_no_error_and_a_full_disk_is() {
    use std::process::{Command, Stdio};
    let mut child =
        Command::new(env!("CARGO_BIN_EXE_pinflight")).args(["demo", "-v"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));

    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    for word in ["list", "--help", "--version"] {
        let stdout = full.try_clone().unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_pinflight")).arg(word).stdout(stdout).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{word}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write to standard output"), "{word}");
    }
}

#[test]
fn no_password_leaves_the_process() {
    let folder = tempfile::tempdir().unwrap();
    // Nobody listens there: bound, and never accepting.
    let proxy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", proxy.local_addr().unwrap());
    drop(proxy);
    let flags = ["check", "--from", "console", "--device-services", "https://ds.example.com", "--proxy", &url];
    let more = ["--record", "recording.json", "--report", "json=report.json", "-v"];
    let output = pinflight()
        .current_dir(folder.path())
        .env("PINFLIGHT_PROXY_USER", "somebody")
        .env("PINFLIGHT_PROXY_PASSWORD", "hunter2")
        .args(flags)
        .args(more)
        .output()
        .unwrap();
    let (code, out, err) = told(&output);
    assert_eq!(code, Some(1), "{err}");
    let written = ["recording.json", "report.json"].map(|name| fs::read_to_string(folder.path().join(name)).unwrap());
    assert!(out.contains("network/proxy"));
    for text in written.iter().chain([&out, &err]) {
        assert!(!text.contains("hunter2") && !text.contains("somebody"), "{text}");
    }
    let inline =
        pinflight().args(["check", "--from", "console", "--proxy", "http://somebody:hunter2@127.0.0.1:1"]).output();
    let (code, _, err) = told(&inline.unwrap());
    assert!(code == Some(2) && !err.contains("hunter2"), "{err}");
}

#[cfg(unix)]
#[test]
fn interrupted_it_reports_what_was_seen() {
    use std::process::{Command, Stdio};
    // Takes connections and says nothing: the handshake is under way when the signal comes.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", silent.local_addr().unwrap());
    let child = Command::new(env!("CARGO_BIN_EXE_pinflight"))
        .args(["check", "--from", "discovery", "-o", "json", "--device-services", &url, "--no-proxy", "*"])
        .args(["--step-timeout", "50s", "--question-timeout", "60s", "--record", "interrupted.json"])
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let connection = silent.accept().unwrap();
    let id = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
    nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGINT).unwrap();
    let (code, out, err) = told(&child.wait_with_output().unwrap());
    drop(connection);
    assert_eq!(code, Some(130), "{err}");
    let report: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(report["verdict"], "incomplete");
    assert!(!report["run"]["unasked"].as_array().unwrap().is_empty());
    assert!(Path::new(env!("CARGO_TARGET_TMPDIR")).join("interrupted.json").exists());
}
