//! Ctrl-C and SIGTERM at any moment: the report of what was seen so far, and nothing unfinished left behind.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

use std::{
    fs,
    io::{BufRead, BufReader, PipeReader, Read},
    net::{TcpListener, TcpStream, UdpSocket},
    os::fd::AsFd,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use nix::{
    fcntl::{FcntlArg, fcntl},
    sys::{
        inotify::{AddWatchFlags, InitFlags, Inotify},
        signal::{Signal, kill},
    },
    unistd::Pid,
};
use serde_json::Value;

use self::common::{files, shut};

const SIGNALS: [(Signal, i32); 2] = [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)];

/// Nobody answers anything within the test.
const PATIENCE: [&str; 6] = ["--connect-timeout", "10m", "--step-timeout", "10m", "--question-timeout", "10m"];

fn start(folder: &Path, words: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinflight"));
    command.env_clear().env("LC_ALL", "C.UTF-8").current_dir(folder).args(words);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Files are tried before anything is asked, and written at the end.
const FILES: [&str; 4] = ["--record", "recording.json", "--report", "html=report.html"];

fn check(folder: &Path, words: &[&str]) -> Child {
    start(folder, &[&["check", "-o", "json", "--no-proxy", "*"][..], words, &FILES].concat())
}

fn send(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id().try_into().unwrap()), signal).unwrap();
}

/// Exit code, standard output and standard error.
fn ended(child: Child) -> (Option<i32>, String, String) {
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// Forgets what else a run that has ended wanted to ask in the meantime.
fn drain(listener: &TcpListener) {
    listener.set_nonblocking(true).unwrap();
    while listener.accept().is_ok() {}
    listener.set_nonblocking(false).unwrap();
}

/// A question that is under way: how the run is led to it, and what holds it there.
type Moment = fn(&Path) -> (Child, Box<dyn Send>);

fn a_look_up(folder: &Path) -> (Child, Box<dyn Send>) {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let server = silent.local_addr().unwrap().to_string();
    let names = ["--system-resolver", "false", "--dns-server", &server];
    let words = [&["--from", "discovery", "--device-services", "https://ds.example.com"][..], &names, &PATIENCE];
    let child = check(folder, &words.concat());
    silent.recv_from(&mut [0; 512]).unwrap();
    (child, Box::new(silent))
}

fn a_handshake(folder: &Path) -> (Child, Box<dyn Send>) {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", silent.local_addr().unwrap());
    let words = [&["--from", "discovery", "--device-services", &url][..], &PATIENCE];
    let child = check(folder, &words.concat());
    let held = silent.accept().unwrap();
    (child, Box::new((silent, held)))
}

fn an_answer(folder: &Path) -> (Child, Box<dyn Send>) {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/TrustService", silent.local_addr().unwrap());
    let (bound, address) = shut();
    let services =
        ["--device-services", &format!("https://{address}"), "--mode", "on-premises", "--trust-service", &url];
    let child = check(folder, &[&["--from", "device"][..], &services, &PATIENCE].concat());
    let (mut held, _) = silent.accept().unwrap();
    read_head(&mut held);
    (child, Box::new((silent, held, bound)))
}

fn read_head(peer: &mut TcpStream) {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        peer.read_exact(&mut byte).unwrap();
        request.extend(byte);
    }
}

fn a_tunnel(folder: &Path) -> (Child, Box<dyn Send>) {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", silent.local_addr().unwrap());
    let words = ["check", "-o", "json", "--from", "discovery", "--device-services", "https://ds.example.com"];
    let child = start(folder, &[&words[..], &["--proxy", &proxy, "--no-proxy", ""], &PATIENCE, &FILES].concat());
    let (mut held, _) = silent.accept().unwrap();
    read_head(&mut held);
    (child, Box::new((silent, held)))
}

/// The files are being tried.
fn nothing_yet(folder: &Path) -> (Child, Box<dyn Send>) {
    let watch = watching(folder, AddWatchFlags::IN_CREATE);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", silent.local_addr().unwrap());
    let child = check(folder, &[&["--from", "discovery", "--device-services", &url][..], &PATIENCE].concat());
    watch.read_events().unwrap();
    (child, Box::new(silent))
}

#[test]
fn whatever_is_under_way_what_was_seen_is_reported() {
    let moments: [(&str, Moment); 5] = [
        ("nothing", nothing_yet),
        ("a look-up", a_look_up),
        ("a tunnel", a_tunnel),
        ("a handshake", a_handshake),
        ("an answer", an_answer),
    ];
    for (what, moment) in moments {
        for (signal, code) in SIGNALS {
            let folder = tempfile::tempdir().unwrap();
            let (child, held) = moment(folder.path());
            send(&child, signal);
            let (exit, out, err) = ended(child);
            drop(held);
            assert_eq!((exit, err.as_str()), (Some(code), ""), "{what}, {signal}");
            let report: Value = serde_json::from_str(&out).unwrap();
            let verdict = report["verdict"].as_str().unwrap();
            // Device Services' port is closed where an answer is waited for.
            assert_eq!(verdict, if what == "an answer" { "not-ready" } else { "incomplete" }, "{what}, {signal}");
            assert!(!report["run"]["unasked"].as_array().unwrap().is_empty(), "{what}, {signal}");
            assert_eq!(files(folder.path()), ["recording.json", "report.html"], "{what}, {signal}");
            let recording = fs::read(folder.path().join("recording.json")).unwrap();
            let recording: Value = serde_json::from_slice(&recording).unwrap();
            assert_eq!(recording["unasked"], report["run"]["unasked"], "{what}, {signal}");
            let page = fs::read_to_string(folder.path().join("report.html")).unwrap();
            assert!(page.trim_end().ends_with("</html>"), "{what}, {signal}");
        }
    }
}

#[test]
fn between_two_rounds_the_last_one_is_reported() {
    for (signal, code) in SIGNALS {
        let folder = tempfile::tempdir().unwrap();
        let (_bound, address) = shut();
        let words = ["--from", "discovery", "--device-services", &format!("https://{address}")];
        let mut child = check(folder.path(), &[&words[..], &["--wait", "24h", "--interval", "23h"]].concat());
        let mut first = String::new();
        let mut told = BufReader::new(child.stderr.take().unwrap());
        told.read_line(&mut first).unwrap();
        assert!(first.starts_with("round 1, "), "{first}");
        send(&child, signal);
        let (exit, out, _) = ended(child);
        assert_eq!(exit, Some(code));
        let report: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(
            (report["verdict"].as_str(), report["run"]["unasked"].as_array().unwrap().len()),
            (Some("not-ready"), 0)
        );
        assert_eq!(files(folder.path()), ["recording.json", "report.html"]);
    }
}

#[test]
fn the_same_signal_twice_at_once_is_one() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", silent.local_addr().unwrap());
    for (signal, code) in SIGNALS {
        for _ in 0..5 {
            let folder = tempfile::tempdir().unwrap();
            let words = [&["--from", "discovery", "--device-services", &url][..], &PATIENCE].concat();
            let child = check(folder.path(), &words);
            let held = silent.accept().unwrap();
            // As `timeout` does.
            send(&child, signal);
            send(&child, signal);
            let (exit, out, err) = ended(child);
            drop(held);
            drain(&silent);
            assert_eq!((exit, err.as_str()), (Some(code), ""));
            assert!(serde_json::from_str::<Value>(&out).is_ok(), "{out}");
            assert_eq!(files(folder.path()), ["recording.json", "report.html"]);
        }
    }
}

#[test]
fn commands_that_saw_nothing_whole_end_at_once() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", silent.local_addr().unwrap());
    for (signal, code) in SIGNALS {
        let gather =
            ["gather", "--from", "discovery", "--no-proxy", "*", "--device-services", &url, "--to", "gathered"];
        for words in [&[&gather[..], &PATIENCE].concat()[..], &["inspect", "-x", "", &url], &["pins", "-x", "", &url]] {
            let folder = tempfile::tempdir().unwrap();
            let child = start(folder.path(), words);
            let held = silent.accept().unwrap();
            send(&child, signal);
            let (exit, _, err) = ended(child);
            drop(held);
            drain(&silent);
            assert_eq!((exit, err.as_str()), (Some(code), ""), "{words:?}");
            assert_eq!(files(folder.path()), Vec::<String>::new(), "{words:?}");
        }
    }
}

#[test]
fn a_demo_takes_its_files_with_it() {
    for (signal, code) in SIGNALS {
        let folder = tempfile::tempdir().unwrap();
        let watch = watching(folder.path(), AddWatchFlags::IN_CREATE);
        let child = Command::new(env!("CARGO_BIN_EXE_pinflight"))
            .env("TMPDIR", folder.path())
            .current_dir(folder.path())
            .args(["demo", "-q", "--fault", "console-to-discovery-tcp-timed-out"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        watch.read_events().unwrap();
        send(&child, signal);
        let (exit, out, _) = ended(child);
        assert_eq!((exit, out.as_str(), files(folder.path())), (Some(code), "", Vec::new()));
    }
}

fn watching(folder: &Path, what: AddWatchFlags) -> Inotify {
    let watch = Inotify::init(InitFlags::empty()).unwrap();
    watch.add_watch(folder, what).unwrap();
    watch
}

/// A check whose report goes into a pipe that takes no more than a page, until somebody reads it.
fn check_into_pipe(folder: &Path, words: &[&str]) -> (Child, PipeReader) {
    let (reader, writer) = std::io::pipe().unwrap();
    fcntl(writer.as_fd(), FcntlArg::F_SETPIPE_SZ(4096)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinflight"));
    command.current_dir(folder).args(["check", "--from", "discovery", "-o", "json", "--no-proxy", "*"]).args(words);
    // The writer's end is the process's alone.
    (command.stdout(writer).stderr(Stdio::null()).spawn().unwrap(), reader)
}

#[test]
fn a_second_one_ends_even_a_report_that_nobody_takes() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", silent.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let words = [&["--device-services", &url, "--record", "recording.json"][..], &PATIENCE].concat();
    let (mut child, mut reader) = check_into_pipe(folder.path(), &words);
    let held = silent.accept().unwrap();
    send(&child, Signal::SIGINT);
    // The report is under way, and cannot go on.
    reader.read_exact(&mut [0]).unwrap();
    send(&child, Signal::SIGTERM);
    assert_eq!(child.wait().unwrap().code(), Some(143));
    drop(held);
    assert_eq!(files(folder.path()), ["recording.json"]);
}

/// How often the thread that listens for signals has gone to sleep again, once it sleeps.
fn slept(child: &Child) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{}/task", child.id())).unwrap().map(|task| task.unwrap().path());
    let listening = |task: &PathBuf| fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim() == "signals");
    let task = tasks.into_iter().find(listening).unwrap();
    loop {
        let status = fs::read_to_string(task.join("status")).unwrap();
        let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
        if line("State:").starts_with('S') {
            return line("voluntary_ctxt_switches:").parse().unwrap();
        }
    }
}

#[test]
fn one_that_comes_while_the_report_is_written_leaves_it_whole() {
    for (signal, code) in SIGNALS {
        let folder = tempfile::tempdir().unwrap();
        let (_bound, address) = shut();
        let url = format!("https://{address}");
        let (mut child, mut reader) =
            check_into_pipe(folder.path(), &[&["--device-services", &url][..], &FILES].concat());
        let mut out = vec![0];
        reader.read_exact(&mut out).unwrap();
        // It cannot go on before it has heard of it.
        let before = slept(&child);
        send(&child, signal);
        while slept(&child) == before {}
        reader.read_to_end(&mut out).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code));
        let report: Value = serde_json::from_slice(&out).unwrap();
        // All had been seen.
        assert_eq!((report["verdict"].as_str(), &report["run"]["unasked"]), (Some("not-ready"), &Value::Array(vec![])));
        assert_eq!(files(folder.path()), ["recording.json", "report.html"]);
    }
}

#[test]
fn what_is_being_written_is_whole_or_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let recorded = folder.path().join("recorded");
    let demo = common::pinflight().args(["demo", "-q", "-o", "short", "--record"]).arg(&recorded).output().unwrap();
    assert!(demo.status.success());
    let recordings: Vec<String> = files(&recorded).iter().map(|name| format!("recorded/{name}")).collect();
    let recordings: Vec<&str> = recordings.iter().map(String::as_str).collect();
    let reports = ["html", "json", "markdown", "sarif", "junit", "table"];
    for turn in 0..2 * reports.len() {
        let written = folder.path().join(format!("written-{turn}"));
        fs::create_dir(&written).unwrap();
        let watch = watching(&written, AddWatchFlags::IN_CREATE);
        let asked: Vec<String> = reports.iter().map(|format| format!("{format}=written-{turn}/{format}")).collect();
        let mut words = vec!["replay", "-o", "short"];
        words.extend(asked.iter().flat_map(|report| ["--report", report]));
        words.extend(&recordings);
        let child = start(folder.path(), &words);
        // Each file is tried, and then written; each turn waits for one more.
        let mut begun = 0;
        while begun <= turn {
            begun += watch.read_events().unwrap().len();
        }
        send(&child, Signal::SIGTERM);
        let (exit, ..) = ended(child);
        assert!(matches!(exit, Some(0 | 143)), "{exit:?}");
        for name in files(&written) {
            assert!(reports.contains(&name.as_str()), "{name} is left behind");
            let text = fs::read_to_string(written.join(&name)).unwrap();
            let whole = match name.as_str() {
                "html" => text.trim_end().ends_with("</html>"),
                "junit" => text.trim_end().ends_with("</testsuites>"),
                "json" | "sarif" => serde_json::from_str::<Value>(&text).is_ok(),
                _ => text.ends_with('\n'),
            };
            assert!(whole, "{name} is cut short");
        }
    }
}
