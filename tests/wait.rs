//! `pinflight check --wait`, as the real binary: what is mended between two rounds, what is not waited for, the end of the
//! time, and Ctrl-C. Every step waits for the line that the program prints, and none for a clock.

#![expect(clippy::unwrap_used, reason = "a test")]

mod common;
#[path = "common/tls.rs"]
mod tls;

use std::{
    fs,
    io::{self, BufRead, BufReader, Read},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, ChildStderr, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
        mpsc,
    },
    thread::JoinHandle,
};

use serde_json::Value;

use self::tls::Rustls;

/// Hangs up on whoever connects: a firewall that is not open yet.
const SHUT: u8 = 0;
/// Hands on to the server.
const OPEN: u8 = 1;
/// Takes connections, and says nothing.
const SILENT: u8 = 2;
const END: u8 = 3;

/// A TLS server behind something that a test opens and shuts.
struct Server {
    address: SocketAddr,
    mode: Arc<AtomicU8>,
    /// A message for each connection that is kept in silence.
    #[cfg_attr(not(unix), expect(dead_code, reason = "read by what is interrupted there"))]
    kept: mpsc::Receiver<()>,
    thread: Option<JoinHandle<()>>,
    folder: tempfile::TempDir,
    _tls: Rustls,
}

impl Server {
    fn start(mode: u8) -> Self {
        let (tls, root) = Rustls::of_ds_example_com();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("root.pem"), root).unwrap();

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, behind) = (listener.local_addr().unwrap(), tls.address);
        let mode = Arc::new(AtomicU8::new(mode));
        let (tell, kept) = mpsc::channel();
        let read = mode.clone();
        let thread = std::thread::spawn(move || {
            let mut held = Vec::new();
            while let Ok((stream, _)) = listener.accept() {
                match read.load(Ordering::Acquire) {
                    SHUT => drop(stream),
                    OPEN => hand_on(stream, behind),
                    SILENT => {
                        held.push(stream);
                        let _ = tell.send(());
                    }
                    _ => return,
                }
            }
        });
        Self { address, mode, kept, thread: Some(thread), folder, _tls: tls }
    }

    fn set(&self, mode: u8) {
        self.mode.store(mode, Ordering::Release);
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// `pinflight check` of what is seen from outside, with these words more.
    fn check(&self, words: &[&str]) -> Running {
        let place = format!("ds.example.com:{}", self.address.port());
        let mut command = Command::new(env!("CARGO_BIN_EXE_pinflight"));
        command.env_clear().env("LC_ALL", "C.UTF-8").current_dir(self.path());
        command.args(["check", "--from", "discovery", "--only", "certificate/*", "--only", "firewall/*", "-o", "json"]);
        command.args(["--cacert", "root.pem", "--no-proxy", "*"]);
        command.args(["--device-services", &format!("https://{place}"), "--resolve", &format!("{place}:127.0.0.1")]);
        Running::start(command.args(words))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.set(END);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Both ways, until either end hangs up.
fn hand_on(client: TcpStream, behind: SocketAddr) {
    let server = TcpStream::connect(behind).unwrap();
    for (mut from, mut to) in [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)] {
        std::thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        });
    }
}

/// The program at work; killed if a test gives up on it.
struct Running {
    child: Child,
    lines: BufReader<ChildStderr>,
    told: Vec<String>,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap());
        Self { child, lines, told: Vec::new() }
    }

    /// Waits for a line on stderr that begins so.
    fn until(&mut self, begin: &str) {
        loop {
            let mut line = String::new();
            let read = self.lines.read_line(&mut line).unwrap();
            assert!(read > 0, "no line begins with {begin:?}: {:#?}", self.told);
            self.told.push(line.trim_end().to_owned());
            if line.starts_with(begin) {
                return;
            }
        }
    }

    #[cfg(unix)]
    fn interrupt(&self) {
        let id = nix::unistd::Pid::from_raw(self.child.id().try_into().unwrap());
        nix::sys::signal::kill(id, nix::sys::signal::Signal::SIGINT).unwrap();
    }

    /// Exit code, report, and every line on stderr.
    fn ended(mut self) -> (i32, Value, Vec<String>) {
        let mut out = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        let mut told = std::mem::take(&mut self.told);
        told.extend((&mut self.lines).lines().map_while(Result::ok));
        let code = self.child.wait().unwrap().code().unwrap();
        (code, serde_json::from_str(&out).unwrap_or(Value::Null), told)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn rounds(told: &[String]) -> usize {
    told.iter().filter(|line| line.starts_with("round ")).count()
}

#[test]
fn what_is_mended_between_two_rounds_ends_the_waiting_and_is_told() {
    let server = Server::start(SHUT);
    let mut run = server.check(&["--scope", "vantage", "--wait", "5m", "--interval", "1s", "--record", "last.json"]);
    run.until("round 1, ");
    server.set(OPEN);
    let (exit, report, told) = run.ended();
    assert_eq!((exit, report["verdict"].as_str()), (0, Some("selected-pass")), "{told:#?}");
    assert!(told[0].contains(": SELECTED CHECKS FAIL: 1 FAIL, ") && told[0].contains("; again "), "{told:#?}");
    let last = told.iter().rposition(|line| line.starts_with("round ")).unwrap();
    assert!(last > 0 && told[last].contains(": SELECTED CHECKS PASS: ") && !told[last].contains("again"), "{told:#?}");
    let mended = "  better: firewall/discovery-to-device-services at ds.example.com:";
    assert!(told[last..].iter().any(|line| line.starts_with(mended) && line.contains("ok, was FAIL")), "{told:#?}");
    let seen = "  better: certificate/path ";
    assert!(told[last..].iter().any(|line| line.starts_with(seen) && line.contains("ok, was not seen")), "{told:#?}");
    assert!(told[last..].iter().any(|line| line.starts_with("  changed: key of ds.example.com:")), "{told:#?}");

    // What was recorded is the last round.
    let replayed = common::pinflight().current_dir(server.path()).args(["replay", "last.json", "-o", "json"]).output();
    let replayed: Value = serde_json::from_slice(&replayed.unwrap().stdout).unwrap();
    assert_eq!((&replayed["verdict"], &replayed["taken_at"]), (&report["verdict"], &report["taken_at"]));
}

#[test]
fn what_only_another_machine_can_see_is_not_waited_for() {
    let server = Server::start(OPEN);
    let (exit, report, told) = server.check(&["--wait", "24h", "--interval", "1h"]).ended();
    assert_eq!((exit, report["verdict"].as_str()), (3, Some("selected-incomplete")));
    assert_eq!(told.len(), 1, "{told:#?}");
    let (exit, _, told) = server.check(&["--wait", "24h", "--interval", "1h", "--scope", "vantage", "-q"]).ended();
    assert_eq!((exit, told), (0, vec![]));
}

#[test]
fn when_time_is_up_the_last_round_counts() {
    let server = Server::start(SHUT);
    let (exit, report, told) = server.check(&["--scope", "vantage", "--wait", "1500ms", "--interval", "1s"]).ended();
    assert_eq!((exit, report["verdict"].as_str()), (1, Some("selected-fail")), "{told:#?}");
    // Two where the first one took less than the time.
    assert!((1..=2).contains(&rounds(&told)), "{told:#?}");
    assert!(told.last().unwrap().ends_with("; time is up"), "{told:#?}");
}

#[cfg(unix)]
#[test]
fn interrupted_between_two_rounds_it_reports_the_one_before() {
    let server = Server::start(SHUT);
    let mut run = server.check(&["--scope", "vantage", "--wait", "24h", "--interval", "1h", "--record", "last.json"]);
    run.until("round 1, ");
    run.interrupt();
    let (exit, report, told) = run.ended();
    assert_eq!((exit, rounds(&told), report["counts"]["fail"].as_u64()), (130, 1, Some(1)), "{told:#?}");
    assert_eq!(report["run"]["unasked"], serde_json::json!([]));
    assert!(server.path().join("last.json").exists());
}

#[cfg(unix)]
#[test]
fn interrupted_within_a_round_it_reports_the_last_whole_one() {
    let server = Server::start(SHUT);
    let long = ["--step-timeout", "50s", "--question-timeout", "60s"];
    let mut run = server.check(&[&["--scope", "vantage", "--wait", "24h", "--interval", "1s"][..], &long].concat());
    run.until("round 1, ");
    server.set(SILENT);
    server.kept.recv().unwrap();
    run.interrupt();
    let (exit, report, told) = run.ended();
    assert_eq!((exit, report["counts"]["fail"].as_u64()), (130, Some(1)), "{told:#?}");
    assert_eq!(report["run"]["unasked"], serde_json::json!([]));

    // There is none before the first: what was seen of it is reported.
    let server = Server::start(SILENT);
    let run = server.check(&[&["--scope", "vantage", "--wait", "24h"][..], &long].concat());
    server.kept.recv().unwrap();
    run.interrupt();
    let (exit, report, _) = run.ended();
    assert_eq!(exit, 130);
    assert!(!report["run"]["unasked"].as_array().unwrap().is_empty());
}

#[test]
fn the_plan_says_that_it_is_repeated_and_usage_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let base = ["check", "--from", "console", "--device-services", "https://ds.example.com", "--plan"];
    let run = |words: &[&str], variables: &[(&str, &str)]| {
        let mut command = common::pinflight();
        let output = command.current_dir(folder.path()).args(base).args(words).envs(variables.to_vec()).output();
        let output = output.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    };
    let line = |interval: &str, up_to: &str| {
        format!(
            "The same again every {interval} for up to {up_to}, until nothing that console sees fails or is unanswered.\n"
        )
    };
    for (words, variables, expected) in [
        (&["--wait", "10m"][..], &[][..], line("15s", "10m")),
        (&["--wait", "90", "--interval", "30"], &[], line("30s", "1m 30s")),
        (&[], &[("PINFLIGHT_WAIT", "10m"), ("PINFLIGHT_INTERVAL", "1m")], line("1m", "10m")),
        (&["--wait", "5m"], &[("PINFLIGHT_WAIT", "10m")], line("15s", "5m")),
    ] {
        let (exit, out, _) = run(words, variables);
        assert!(exit == 0 && out.ends_with(&expected), "{words:?}: {out}");
    }
    // A variable that is set once and for all does no harm.
    let (exit, out, _) = run(&[], &[("PINFLIGHT_INTERVAL", "1m")]);
    assert!(exit == 0 && !out.contains("again"), "{out}");
    // Nor does it where nothing is repeated.
    let gather = common::pinflight()
        .current_dir(folder.path())
        .arg("gather")
        .args(&base[1..])
        .env("PINFLIGHT_WAIT", "10m")
        .output();
    let gather = gather.unwrap();
    assert!(gather.status.success() && !String::from_utf8(gather.stdout).unwrap().contains("again"));
    for (words, told) in [
        (&["--wait", "soon"][..], "--wait soon"),
        (&["--wait", "0"], "--wait 0"),
        (&["--wait", "25h"], "--wait 25h"),
        (&["--wait", "10m", "--interval", "100ms"], "--interval 100ms"),
        (&["--interval", "10s"], "nothing is repeated without --wait"),
    ] {
        let (exit, out, error) = run(words, &[]);
        assert!(exit == 2 && out.is_empty() && error.contains(told), "{words:?}: {error}");
    }
    fs::write(folder.path().join("pinflight.toml"), "[network]\nwait = \"10m\"\n").unwrap();
    let (exit, _, error) = run(&[], &[]);
    assert!(exit == 2 && error.contains("pinflight.toml:2"), "{error}");
}
