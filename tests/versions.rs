//! Servers of old, of another make: what they speak is named, and their chain is judged all the same.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod common;
#[path = "common/tls.rs"]
mod tls;

use std::{fs, path::Path, process::Command};

use serde_json::{Value, json};

use self::{common::check, tls::OpenSsl};

const HOST: &str = "ds.example.com";

/// A folder with a certificate for HOST, its RSA key, and a configuration without extended master secret.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new("openssl")
        .args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90", "-keyout", "leaf.key", "-out", "leaf.pem",
        ])
        .args(["-subj", &format!("/CN={HOST}"), "-addext", &format!("subjectAltName=DNS:{HOST}")])
        .current_dir(folder.path())
        .output()
        .expect("openssl is needed for this test");
    assert!(made.status.success());
    let without =
        "openssl_conf = c\n[c]\nssl_conf = s\n[s]\nsystem_default = d\n[d]\nOptions = -ExtendedMasterSecret\n";
    fs::write(folder.path().join("without-ems.cnf"), without).unwrap();
    folder
}

fn serve(folder: &Path, words: &[&str], configuration: Option<&str>) -> OpenSsl {
    let mut command = Command::new("openssl");
    command
        .args(["s_server", "-accept", "127.0.0.1:0", "-www", "-cert", "leaf.pem", "-key", "leaf.key"])
        .args(words)
        .current_dir(folder);
    if let Some(configuration) = configuration {
        command.env("OPENSSL_CONF", configuration);
    }
    OpenSsl::start(command, folder)
}

fn judged(folder: &Path, port: u16) -> Value {
    let place = format!("{HOST}:{port}");
    let output = common::pinflight()
        .current_dir(folder)
        .args(["check", "--from", "discovery", "--cacert", "leaf.pem", "-o", "json"])
        .args(["--only", "tls/*", "--only", "firewall/*", "--only", "certificate/*"])
        .args(["--device-services", &format!("https://{place}"), "--resolve", &format!("{place}:127.0.0.1")])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What stands behind a label of the evidence.
fn evidence<'a>(finding: &'a Value, label: &str) -> Vec<&'a str> {
    let facts = finding["evidence"].as_array().unwrap().iter().filter(|fact| fact["label"] == label);
    facts.map(|fact| fact["value"].as_str().unwrap()).collect()
}

/// Serves so, and hands back what `tls/versions` says. The way is open and the chain is judged, whatever is spoken.
fn asked(words: &[&str], configuration: Option<&str>) -> Value {
    let folder = folder();
    let server = serve(folder.path(), words, configuration);
    let report = judged(folder.path(), server.port.unwrap());
    assert_eq!(check(&report, "firewall/discovery-to-device-services")["outcome"], "pass", "{words:?}");
    for id in ["certificate/path", "certificate/name", "certificate/order"] {
        assert_eq!(check(&report, id)["outcome"], "pass", "{words:?}: {id}");
    }
    let chains = report["chains"].as_array().unwrap();
    assert_eq!(chains[0]["certificates"][0]["names"], json!([HOST]));
    check(&report, "tls/versions").clone()
}

fn finding(check: &Value, outcome: &str) -> Value {
    assert_eq!(check["outcome"], outcome, "{check}");
    let findings = check["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{findings:?}");
    findings[0].clone()
}

#[test]
fn a_server_of_today_passes() {
    let check = asked(&[], None);
    assert_eq!(check["outcome"], "pass", "{check}");
    let target = &check["targets"][0];
    assert_eq!(evidence(target, "tls"), ["TLSv1.3 TLS_AES_256_GCM_SHA384"]);
    let alone = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, x25519, with extended master secret";
    assert_eq!(evidence(target, "tls 1.2 alone"), [alone]);
    let check = asked(&["-tls1_3"], None);
    assert_eq!(check["outcome"], "pass", "{check}");
    assert_eq!(evidence(&check["targets"][0], "tls 1.2 alone"), ["refused"]);
}

#[test]
fn old_versions_are_named_with_their_suites() {
    for (flag, version) in [("-tls1", "TLSv1.0"), ("-tls1_1", "TLSv1.1")] {
        let finding = finding(&asked(&[flag, "-cipher", "ALL:@SECLEVEL=0"], None), "fail");
        assert_eq!(finding["cause"]["kind"], "tls-too-old");
        assert_eq!(finding["cause"]["versions"], json!([version]));
        let suites: Vec<&str> =
            finding["cause"]["suites"].as_array().unwrap().iter().map(|suite| suite.as_str().unwrap()).collect();
        assert_eq!(suites[..2], ["TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"]);
        for suite in ["TLS_DHE_RSA_WITH_AES_256_CBC_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"] {
            assert!(suites.contains(&suite), "{suites:?}");
        }
        assert!(!suites.iter().any(|suite| suite.contains("GCM")), "{suites:?}");
        let asked = evidence(&finding, "asked");
        assert!(asked[0].ends_with("until nothing more was chosen"), "{asked:?}");
    }
}

#[test]
fn a_server_with_cbc_alone_is_a_warning() {
    let finding = finding(&asked(&["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA"], None), "warn");
    let expected = json!({ "kind": "tls-cbc-only", "suites": ["TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"] });
    assert_eq!(finding["cause"], expected);
}

#[test]
fn a_server_without_ecdhe_fails() {
    let finding = finding(&asked(&["-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0"], None), "fail");
    let suites = ["TLS_RSA_WITH_AES_128_CBC_SHA"];
    assert_eq!(finding["cause"], json!({ "kind": "tls-no-usable-suite", "versions": ["TLSv1.2"], "suites": suites }));
}

#[test]
fn a_small_curve_is_named() {
    let words = ["-tls1_2", "-curves", "secp224r1", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"];
    let finding = finding(&asked(&words, None), "fail");
    let suites = ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"];
    let expected = json!({ "kind": "tls-curve-too-small", "curve": "secp224r1", "bits": 224, "suites": suites });
    assert_eq!(finding["cause"], expected);
}

#[test]
fn extended_master_secret_is_missed_where_it_is_switched_off() {
    let suite = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384";
    for words in [&["-tls1_2"][..], &[]] {
        let finding = finding(&asked(words, Some("without-ems.cnf")), "warn");
        assert_eq!(finding["cause"], json!({ "kind": "no-extended-master-secret", "suite": suite }));
    }
}
