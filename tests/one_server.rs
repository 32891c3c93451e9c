//! `pinflight check` of one TLS server, with nothing else configured and nothing else asked; and `--at`.

#![expect(clippy::unwrap_used, reason = "a test")]

mod common;
#[path = "common/tls.rs"]
mod tls;

use std::{fs, net::SocketAddr, path::Path};

use serde_json::Value;
use time::{Duration as Span, OffsetDateTime};

use self::{common::check, tls::Rustls};

/// Issued by a root of its own for 90 days, on a port of 127.0.0.1, until it is dropped.
struct Server {
    tls: Rustls,
    root: String,
}

impl Server {
    fn start() -> Self {
        let (tls, root) = Rustls::of_ds_example_com();
        Self { tls, root }
    }
}

/// The words that the issue of one server needs, and no others; the root is in the folder.
fn words(address: SocketAddr) -> Vec<String> {
    let place = format!("ds.example.com:{}", address.port());
    ["check", "--only", "certificate/*", "--cacert", "root.pem", "-o", "json"]
        .map(str::to_owned)
        .into_iter()
        .chain(["--device-services".to_owned(), format!("https://{place}")])
        .chain(["--resolve".to_owned(), format!("{place}:127.0.0.1")])
        .collect()
}

struct Answer {
    report: Value,
    exit: i32,
    told: String,
}

fn run(folder: &Path, words: &[String], more: &[&str]) -> Answer {
    let output = common::pinflight().current_dir(folder).args(words).args(more).output().unwrap();
    Answer {
        report: serde_json::from_slice(&output.stdout).unwrap_or(Value::Null),
        exit: output.status.code().unwrap(),
        told: String::from_utf8(output.stderr).unwrap(),
    }
}

fn folder(server: &Server) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("root.pem"), &server.root).unwrap();
    folder
}

#[test]
fn a_single_server_is_judged_with_nothing_else_configured_and_nothing_else_asked() {
    let server = Server::start();
    let folder = folder(&server);
    let Answer { report, exit, told } = run(folder.path(), &words(server.tls.address), &[]);
    assert_eq!((exit, report["verdict"].as_str(), told.as_str()), (0, Some("selected-pass"), ""));
    assert_eq!(report["vantages"], serde_json::json!(["discovery"]));
    assert_eq!(report["taken_at"], report["judged_at"]);
    for one in report["checks"].as_array().unwrap() {
        if one["category"] == "certificate" {
            assert_eq!(one["outcome"], "pass", "{one}");
        } else {
            assert_eq!((one["outcome"].as_str(), one["reason"].as_str()), (Some("skipped"), Some("not selected")));
        }
    }
    let targets: Vec<&Value> = report["chains"].as_array().unwrap().iter().map(|chain| &chain["targets"]).collect();
    assert_eq!(targets, [&serde_json::json!([format!("ds.example.com:{0}@127.0.0.1", server.tls.address.port())])]);

    let plan = common::pinflight().current_dir(folder.path()).args(words(server.tls.address)).arg("--plan").output();
    let plan = String::from_utf8(plan.unwrap().stdout).unwrap();
    assert!(plan.starts_with("4 questions would be asked from discovery:\n"), "{plan}");
    assert!(!plan.contains("awmdm"), "{plan}");
}

#[test]
fn one_that_does_not_answer_is_not_seen_and_the_reason_is_told() {
    let server = Server::start();
    let (folder, address) = (folder(&server), server.tls.address);
    drop(server);
    let Answer { report, exit, .. } = run(folder.path(), &words(address), &[]);
    assert_eq!((exit, report["verdict"].as_str()), (3, Some("selected-incomplete")));
    let path = check(&report, "certificate/path");
    let reason = path["reason"].as_str().unwrap();
    assert!(path["outcome"] == "not-observed" && reason.contains("refused"), "{reason}");
}

#[test]
fn at_judges_as_of_another_moment_and_the_report_says_both() {
    let server = Server::start();
    let folder = folder(&server);
    let kept = run(folder.path(), &words(server.tls.address), &["--from", "discovery", "--record", "kept.json"]);
    assert_eq!(kept.exit, 0, "{}", kept.told);
    let taken = kept.report["taken_at"].as_str().unwrap();
    let at =
        |span: Span| (OffsetDateTime::now_utc() + span).format(&time::format_description::well_known::Rfc3339).unwrap();
    let (before, soon, after) = (at(Span::days(-2)), at(Span::days(70)), at(Span::days(91)));
    let replay: Vec<String> = ["replay", "kept.json", "-o", "json"].map(str::to_owned).into();
    for (moment, outcome, kind) in [
        (before.as_str(), "fail", "not-yet-valid"),
        (&soon, "warn", "expires-soon"),
        (&after, "fail", "expired"),
        (&after[..10], "fail", "expired"),
    ] {
        for words in [&words(server.tls.address), &replay] {
            let Answer { report, told, .. } = run(folder.path(), words, &["--at", moment]);
            assert_eq!(told, "");
            let expiry = check(&report, "certificate/expiry");
            assert_eq!((&expiry["outcome"], &expiry["findings"][0]["cause"]["kind"]), (&outcome.into(), &kind.into()));
            assert_ne!(report["judged_at"], report["taken_at"]);
            assert!(report["judged_at"].as_str().unwrap().starts_with(&moment[..10]), "{}", report["judged_at"]);
            if *words == replay {
                assert_eq!(report["taken_at"], taken);
            }
        }
    }
    let table = common::pinflight().current_dir(folder.path()).args(["replay", "kept.json", "--at", &after]).output();
    let table = String::from_utf8(table.unwrap().stdout).unwrap();
    assert!(table.contains("judged as of ") && table.contains(taken), "{table}");
}

#[test]
fn what_cannot_stand_is_refused_before_anything_is_asked() {
    let server = Server::start();
    let folder = folder(&server);
    let all = words(server.tls.address);
    let unselected: Vec<String> =
        all.iter().filter(|word| !["--only", "certificate/*"].contains(&word.as_str())).cloned().collect();
    for (words, more, wanted) in [
        (&all, ["--at", "tomorrow"], "--at tomorrow"),
        (&all, ["--at", "2027-02-30"], "--at 2027-02-30"),
        (&all, ["--record", "kept.json"], "--from"),
        (&all, ["--only", "pins/*"], "--from"),
        (&unselected, ["--repeat", "2"], "--from"),
    ] {
        let Answer { exit, told, .. } = run(folder.path(), words, &more);
        assert!(exit == 2 && told.contains(wanted), "{exit} {told}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
