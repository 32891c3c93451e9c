//! On a terminal: progress on standard error alone, which leaves nothing behind, and colours where they are wanted.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test")]

#[path = "common/terminal.rs"]
mod terminal;

use std::{fs, net::TcpListener, path::Path, process::Command};

use serde_json::Value;

use self::terminal::Terminal;

/// Takes the cursor to the beginning of the line and clears it (ECMA-48, EL).
const CLEAR: &str = "\r\u{1b}[2K";

/// A command of the shell's on a terminal of its own, 100 columns wide.
fn on_terminal(folder: &Path, words: &str, variables: &[(&str, &str)]) -> Terminal {
    on_terminal_of(100, folder, words, variables)
}

fn on_terminal_of(columns: u16, folder: &Path, words: &str, variables: &[(&str, &str)]) -> Terminal {
    let mut command = Command::new("sh");
    command.env("TERM", "xterm-256color").envs(variables.iter().copied()).current_dir(folder);
    command.args(["-c", &format!("'{}' {words}", env!("CARGO_BIN_EXE_pinflight"))]);
    Terminal::new(&command, columns)
}

/// A server that takes connections and is silent until it is dropped, and what asks it.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let words = format!("--only 'certificate/*' --device-services https://{}", listener.local_addr().unwrap());
    (listener, words)
}

#[test]
fn what_is_under_way_is_told_on_stderr_and_vanishes() {
    let folder = tempfile::tempdir().unwrap();
    let (listener, words) = silent();
    let address = listener.local_addr().unwrap();
    let mut terminal = on_terminal(folder.path(), &format!("check {words} -o json > report.json"), &[]);
    terminal.expect(&format!(" 0/2 0s 2 under way: TLS handshake with {address} "));
    drop(listener);
    let (status, told) = terminal.end();
    assert_eq!(status.code(), Some(3));
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
        let terminal = on_terminal(folder.path(), &format!("check {asked} --width 80 {words}"), variables);
        listener.accept().unwrap();
        drop(listener);
        let (status, shown) = terminal.end();
        assert_eq!(status.code(), Some(3));
        assert!(!shown.contains(CLEAR), "{words}: {shown:?}");
        let begins = if words == "> report" { "" } else { "\u{1b}[33mSELECTED CHECKS INCOMPLETE" };
        assert!(shown.starts_with(begins) && shown.is_empty() == begins.is_empty(), "{words}: {shown:?}");
    }
    assert_eq!(fs::read_to_string(folder.path().join("told")).unwrap(), "");
}

#[test]
fn what_a_fault_is_fits_a_narrow_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let words = "demo --fault cloud-pins-nothing-registered -o short > report";
    let (_, told) = on_terminal_of(60, folder.path(), words, &[]).end();
    assert!(told.lines().count() > 1, "{told}");
    assert!(told.lines().all(|line| line.trim_end().chars().count() <= 60), "{told}");
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
        let (status, shown) = on_terminal(folder.path(), words, variables).end();
        assert_eq!(status.code(), Some(0), "{words} {variables:?}: {shown}");
        assert!(shown.contains("dns/discovery-resolves"), "{words} {variables:?}: {shown}");
        assert_eq!(shown.contains("\u{1b}["), colored, "{words} {variables:?}: {shown}");
    }
}

#[test]
fn the_table_is_as_wide_as_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let (status, shown) = on_terminal(folder.path(), "explain pins/cover-every-server --color never", &[]).end();
    assert_eq!(status.code(), Some(0));
    let longest = shown.lines().map(|line| line.chars().count()).max().unwrap();
    assert!((81..=100).contains(&longest), "{longest}: {shown}");
}
