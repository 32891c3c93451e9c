//! On a terminal: progress on standard error alone, which leaves nothing behind, and colours where they are wanted.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

use std::{
    fs,
    io::Read,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::Value;

/// Takes the cursor to the beginning of the line and clears it (ECMA-48, EL).
const CLEAR: &str = "\r\u{1b}[2K";

/// A command of the shell's on a terminal of its own; what the terminal is sent comes by its output.
fn on_terminal(folder: &Path, words: &str, variables: &[(&str, &str)]) -> Child {
    let program = env!("CARGO_BIN_EXE_pinflight");
    let mut command = Command::new("script");
    command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C.UTF-8").env("TERM", "xterm-256color");
    command.envs(variables.iter().copied()).env("SHELL", "/bin/sh").current_dir(folder);
    command.args(["-q", "-e", "-f", "-c", &format!("stty cols 100; '{program}' {words}"), "/dev/null"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap()
}

/// A server that takes connections and is silent until it is dropped, and what asks it.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let words = format!("--only 'certificate/*' --device-services https://{}", listener.local_addr().unwrap());
    (listener, words)
}

/// What is sent until `wanted` was.
fn until(terminal: &mut impl Read, wanted: &str) -> String {
    let mut sent = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = terminal.read(&mut buffer).unwrap();
        sent.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&sent).into_owned();
        if text.contains(wanted) {
            return text;
        }
        assert!(read > 0, "{wanted:?} never came: {text}");
    }
}

fn rest(terminal: &mut impl Read) -> String {
    let mut sent = String::new();
    terminal.read_to_string(&mut sent).unwrap();
    sent
}

#[test]
fn what_is_under_way_is_told_on_stderr_and_vanishes() {
    let folder = tempfile::tempdir().unwrap();
    let (listener, words) = silent();
    let address = listener.local_addr().unwrap();
    let mut child = on_terminal(folder.path(), &format!("check {words} -o json > report.json"), &[]);
    let mut terminal = child.stdout.take().unwrap();
    let told = until(&mut terminal, &format!("2 under way: TLS handshake with {address} "));
    assert!(told.contains(" 0/2 "), "{told}");
    drop(listener);
    let told = rest(&mut terminal);
    assert_eq!(child.wait().unwrap().code(), Some(3));
    assert!(told.ends_with(CLEAR), "{told:?}");
    let report = fs::read_to_string(folder.path().join("report.json")).unwrap();
    assert!(!report.contains(['\r', '\u{1b}']), "{report}");
    assert_eq!(serde_json::from_str::<Value>(&report).unwrap()["verdict"], "selected-incomplete");
}

#[test]
fn nothing_is_told_where_it_would_stay() {
    let folder = tempfile::tempdir().unwrap();
    for (words, variables) in [("2> told", &[][..]), ("-q", &[]), ("> report", &[("TERM", "dumb")])] {
        let (listener, asked) = silent();
        let mut child = on_terminal(folder.path(), &format!("check {asked} --width 80 {words}"), variables);
        listener.accept().unwrap();
        drop(listener);
        let shown = rest(child.stdout.as_mut().unwrap());
        assert_eq!(child.wait().unwrap().code(), Some(3));
        assert!(!shown.contains(CLEAR), "{words}: {shown:?}");
        let begins = if words == "> report" { "" } else { "\u{1b}[33mSELECTED CHECKS INCOMPLETE" };
        assert!(shown.starts_with(begins) && shown.is_empty() == begins.is_empty(), "{words}: {shown:?}");
    }
    assert_eq!(fs::read_to_string(folder.path().join("told")).unwrap(), "");
}

#[test]
fn colours_are_there_where_they_are_wanted() {
    let folder = tempfile::tempdir().unwrap();
    for (words, variables, colored) in [
        ("list", &[][..], true),
        ("list", &[("NO_COLOR", "1")], false),
        ("list", &[("NO_COLOR", "")], true),
        ("list", &[("TERM", "dumb")], false),
        ("list --color always", &[("NO_COLOR", "1")], true),
        ("list --color never", &[("CLICOLOR_FORCE", "1")], false),
        ("list | cat", &[], false),
        ("list | cat", &[("CLICOLOR_FORCE", "1")], true),
        ("list | cat", &[("CLICOLOR_FORCE", "0")], false),
        ("list | cat", &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
        ("list --color always | cat", &[], true),
    ] {
        let mut child = on_terminal(folder.path(), words, variables);
        let shown = rest(child.stdout.as_mut().unwrap());
        assert_eq!(child.wait().unwrap().code(), Some(0), "{words} {variables:?}: {shown}");
        assert!(shown.contains("dns/discovery-resolves"), "{words} {variables:?}: {shown}");
        assert_eq!(shown.contains("\u{1b}["), colored, "{words} {variables:?}: {shown}");
    }
}

#[test]
fn the_table_is_as_wide_as_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = on_terminal(folder.path(), "explain pins/cover-every-server --color never", &[]);
    let shown = rest(child.stdout.as_mut().unwrap());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let longest = shown.lines().map(|line| line.chars().count()).max().unwrap();
    assert!((81..=100).contains(&longest), "{longest}: {shown}");
}
