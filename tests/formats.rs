//! Formats as the program writes them: several in one run, a plugin's exit codes, and no secret in any of them.

#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
};

use pinflight::render;
use serde_json::Value;

/// `--report` for every format, and the files.
fn every_report() -> (Vec<String>, Vec<String>) {
    let ids = render::formats().iter().map(|format| format.id());
    let flags = ids.clone().flat_map(|id| ["--report".to_owned(), format!("{id}=report.{id}")]).collect();
    (flags, ids.map(|id| format!("report.{id}")).collect())
}

#[test]
fn one_run_writes_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let (flags, files) = every_report();
    let mut command = common::pinflight();
    let output = command.current_dir(folder.path()).args(["demo", "-q", "-o", "short"]).args(flags).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stdout.starts_with(b"READY  https://ds.acme.test:"));
    for file in files {
        let text = fs::read_to_string(folder.path().join(&file)).unwrap();
        assert!(text.contains("ds.acme.test") && text.ends_with('\n'), "{file}");
    }
}

#[test]
fn how_much_is_shown_changes_no_verdict_and_no_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let mut shown = Vec::new();
    for words in [&["--show", "failures"][..], &[], &["--show", "all"], &["-v"]] {
        let mut command = common::pinflight();
        let words =
            words.iter().chain(&["--only", "pins/*", "--fault", "server-new-key", "--report", "json=whole.json"]);
        let output = command.current_dir(folder.path()).arg("demo").args(words).output().unwrap();
        let report: Value = serde_json::from_slice(&fs::read(folder.path().join("whole.json")).unwrap()).unwrap();
        assert_eq!((output.status.code(), &report["verdict"]), (Some(1), &Value::from("selected-fail")));
        shown.push(String::from_utf8(output.stdout).unwrap());
    }
    let lines: Vec<usize> = shown.iter().map(|text| text.lines().count()).collect();
    assert!(lines[0] < lines[1] && lines[1] < lines[2].min(lines[3]), "{lines:?}");
    for text in &shown {
        assert!(text.starts_with("SELECTED CHECKS FAIL") && text.contains("pins/cover-every-server"), "{text}");
    }
}

#[test]
fn two_reports_in_one_file_are_refused() {
    let words = ["demo", "-q", "--report", "json=same", "--report", "html=same"];
    let output = common::pinflight().args(words).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("same is to be written twice"));
}

#[test]
fn a_plugin_ends_as_monitoring_systems_expect() {
    for (words, code, begins) in [
        (&["demo"][..], 0, "PINFLIGHT OK - READY https://ds.acme.test:"),
        (&["demo", "--fault", "server-certificate-expires-in-20-days"], 1, "PINFLIGHT WARNING - READY https://"),
        (&["demo", "--fault", "server-new-key", "--fail-on", "never"], 2, "PINFLIGHT CRITICAL - NOT READY https://"),
        (&["demo", "--fault", "nonsense"], 3, "PINFLIGHT UNKNOWN - no fault is named "),
        (&["demo", "--nonsense"], 3, "PINFLIGHT UNKNOWN - error: unexpected argument "),
        (&["check"], 3, "PINFLIGHT UNKNOWN - "),
    ] {
        let output = common::pinflight().args(words).args(["-q", "-o", "nagios"]).output().unwrap();
        let line = String::from_utf8(output.stdout).unwrap();
        assert_eq!((output.status.code(), line.lines().count()), (Some(code), 1), "{words:?}: {line}");
        assert!(line.starts_with(begins), "{words:?}: {line}");
    }
}

#[test]
fn what_is_asked_stands_on_stdout_while_it_is_asked() {
    // Accepts, and says nothing until it is told to.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let (release, released) = mpsc::channel::<()>();
    let silent = thread::spawn(move || {
        let conversation = listener.accept().unwrap();
        let _ = released.recv();
        drop((conversation, listener));
    });
    let words = ["check", "-o", "jsonl", "--only", "certificate/*", "--device-services", &url];
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinflight"));
    let mut child = command.env_clear().args(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(|line| line.unwrap());
    let mut next = || lines.next().map(|line| serde_json::from_str::<Value>(&line).unwrap());
    let asked = loop {
        let event = next().unwrap();
        assert_eq!(event["schema"], "pinflight.events/1");
        if event["event"] == "asked" {
            break event["question"].clone();
        }
        assert_eq!(event["event"], "planned");
    };
    assert!(asked.as_str().unwrap().contains("127.0.0.1"), "{asked}");
    // Nothing was answered yet, so the line above was not kept back.
    release.send(()).unwrap();
    let rest: Vec<Value> = std::iter::from_fn(next).collect();
    let kinds: Vec<&str> = rest.iter().map(|event| event["event"].as_str().unwrap()).collect();
    let finished = kinds.iter().position(|kind| *kind == "finished").unwrap();
    assert!(kinds[..finished].contains(&"answered"), "{kinds:?}");
    let (verdict, checks) = kinds[finished + 1..].split_last().unwrap();
    assert_eq!((*verdict, checks.iter().all(|kind| *kind == "check")), ("verdict", true), "{kinds:?}");
    assert_eq!(rest.last().unwrap()["verdict"], "selected-incomplete");
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    silent.join().unwrap();
}

/// A proxy that lets nobody through, and says again all that it was told, in every part of its answer.
fn talkative_proxy() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // Ends with the process.
    thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = vec![0; 4096];
            let count = stream.read(&mut request).unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..count]).into_owned();
            let sent = request.lines().find_map(|line| line.strip_prefix("Proxy-Authorization: ")).unwrap_or_default();
            let told = format!("{sent} is agent-7 with hunter2-Pa55");
            let _ = write!(stream, "HTTP/1.1 403 {told}\r\nX-Told: {told}\r\nLocation: {told}\r\n\r\n{told}\r\n");
        }
    });
    port
}

#[test]
fn no_format_and_no_recording_holds_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let (flags, mut files) = every_report();
    let proxy = format!("http://127.0.0.1:{}", talkative_proxy());
    let with_userinfo = proxy.replace("http://", "http://agent-7:hunter2-Pa55@");
    let base64 = "YWdlbnQtNzpodW50ZXIyLVBhNTU=";
    files.push("recording.json".to_owned());
    // As variables of pinflight's own, and in the URL that curl takes too.
    for variables in [
        vec![
            ("PINFLIGHT_NETWORK_PROXY", proxy.as_str()),
            ("PINFLIGHT_PROXY_USER", "agent-7"),
            ("PINFLIGHT_PROXY_PASSWORD", "hunter2-Pa55"),
        ],
        vec![("HTTPS_PROXY", with_userinfo.as_str())],
    ] {
        let output = common::pinflight()
            .current_dir(folder.path())
            .envs(variables.iter().copied())
            .args(["check", "-v", "--from", "console", "--device-services", "https://ds.example.com"])
            .args(["--trust-service", "https://ts.example.com:9001/TrustService", "--record", "recording.json"])
            .args(&flags)
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        assert!(said.contains("403"), "{said}");
        let written = files.iter().map(|file| fs::read_to_string(folder.path().join(file)).unwrap());
        for (name, text) in files.iter().map(String::as_str).zip(written).chain([("what it says", said)]) {
            assert!(text.contains("ds.example.com"), "{name}");
            for secret in ["agent-7", "hunter2", "Pa55", base64] {
                assert!(!text.contains(secret), "{name} holds {secret}:\n{text}");
            }
        }
    }
}
