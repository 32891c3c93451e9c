//! A sound deployment, seen from one machine or from four, with the real binary.

#![expect(clippy::unwrap_used, reason = "a test")]

mod common;
#[path = "common/up.rs"]
mod up;

use std::path::Path;

use pinflight_checks::time::Timestamp;
use pinflight_fixtures::{Scenario, Vantage, Variant};
use serde_json::Value;

use self::up::Up;

impl Up {
    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// `pinflight check` from a vantage; its report, its exit code.
    fn check(&self, vantage: Vantage, flags: &[&str]) -> (Value, i32) {
        let file = self.path().join(format!("{}.toml", vantage.id()));
        let mut command = common::pinflight();
        command.current_dir(self.path()).args(["check", "-o", "json", "--config"]).arg(file).args(flags);
        ended(&mut command)
    }
}

fn ended(command: &mut assert_cmd::Command) -> (Value, i32) {
    let output = command.output().unwrap();
    let code = output.status.code().unwrap();
    let report = serde_json::from_slice(&output.stdout);
    assert!(report.is_ok(), "exit {code}: {}", String::from_utf8_lossy(&output.stderr));
    (report.unwrap(), code)
}

fn outcome<'a>(report: &'a Value, id: &str) -> &'a str {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|check| check["id"] == id).unwrap()["outcome"].as_str().unwrap()
}

#[test]
fn one_machine_is_incomplete_and_ready_as_far_as_it_sees() {
    let up = Up::new(&Scenario::sound(Variant::OnPremises));
    for vantage in Vantage::ALL {
        let (report, code) = up.check(vantage, &[]);
        assert_eq!((report["verdict"].as_str(), code), (Some("incomplete"), 3), "{}", vantage.id());
        assert_eq!(report["next_commands"].as_array().unwrap().len(), 3, "{}", vantage.id());
        let (report, code) = up.check(vantage, &["--scope", "vantage"]);
        assert_eq!((report["verdict"].as_str(), code), (Some("ready"), 0), "{}", vantage.id());
        assert_eq!(report["headline"], format!("READY as seen from {}", vantage.id()));
    }
}

#[test]
fn four_recordings_make_one_verdict_and_three_do_not() {
    let up = Up::new(&Scenario::sound(Variant::OnPremises));
    for vantage in Vantage::ALL {
        let record = format!("{}.json", vantage.id());
        assert_eq!(up.check(vantage, &["--record", &record]).1, 3);
    }
    let replay =
        |files: &[&str]| ended(common::pinflight().current_dir(up.path()).args(["replay", "-o", "json"]).args(files));
    let (report, code) = replay(&["console.json", "device-services.json", "discovery.json", "device.json"]);
    assert_eq!((report["verdict"].as_str(), code), (Some("ready"), 0));
    let (report, code) = replay(&["console.json", "device-services.json", "discovery.json"]);
    assert_eq!((report["verdict"].as_str(), code), (Some("incomplete"), 3));
    assert_eq!(outcome(&report, "firewall/devices-to-trust-service"), "not-observed");

    // The same machine twice is still one vantage.
    let (report, code) = replay(&["console.json", "console.json"]);
    assert_eq!((report["vantages"].clone(), code), (serde_json::json!(["console"]), 3));

    let whole = std::fs::read_to_string(up.path().join("console.json")).unwrap();
    for (name, text) in [
        ("cut.json", &whole[..whole.len() / 2]),
        ("foreign.json", r#"{"schema": "somebody.else/1"}"#),
        ("empty.json", ""),
        ("newer.json", &whole.replacen("pinflight.recording/1", "pinflight.recording/2", 1)),
    ] {
        std::fs::write(up.path().join(name), text).unwrap();
        let output = common::pinflight().current_dir(up.path()).args(["replay", name]).output().unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{name}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(name), "{name}");
    }
}

#[test]
fn a_merged_report_has_all_four_rows_and_says_who_saw_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let demo = ["demo", "-q", "-o", "short", "--fault", "console-to-discovery-tcp-refused", "--record", "."];
    common::pinflight().current_dir(folder.path()).args(demo).output().unwrap();
    let merge = |files: &[&str], format: &str| {
        let mut command = common::pinflight();
        command.current_dir(folder.path()).args(["merge", "-o", format]).args(files);
        command
    };
    let all = ["console.json", "device-services.json", "discovery.json", "device.json"];
    let (report, code) = ended(&mut merge(&all, "json"));
    assert_eq!((report["verdict"].as_str(), code), (Some("not-ready"), 1));
    let rows = report["firewall"].as_array().unwrap().iter().map(|row| row["outcome"].as_str().unwrap());
    assert_eq!(rows.collect::<Vec<_>>(), ["fail", "pass", "pass", "pass"]);
    let row = report["checks"].as_array().unwrap().iter().find(|check| check["id"] == "firewall/console-to-discovery");
    assert_eq!(row.unwrap()["findings"][0]["seen_from"], serde_json::json!(["console"]));
    let table = String::from_utf8(merge(&all, "table").output().unwrap().stdout).unwrap();
    assert!(table.contains("seen from  console\n") && table.contains("seen from all 4 vantages"), "{table}");
    assert!(table.contains("replayed: nobody was asked"), "{table}");
}

#[test]
fn a_recording_counts_for_a_day_and_for_whatever_day_it_is_judged() {
    let up = Up::new(&Scenario::sound(Variant::OneServer));
    let (mut live, _) = up.check(Vantage::Console, &["--record", "console.json"]);
    live["run"]["replayed"] = true.into();
    let replay = |flags: &[&str]| {
        ended(common::pinflight().current_dir(up.path()).args(["replay", "-o", "json", "console.json"]).args(flags))
    };
    let (replayed, code) = replay(&[]);
    assert_eq!((&replayed, code), (&live, 3));
    assert_eq!(outcome(&replayed, "recording/fresh"), "pass");
    assert_eq!(outcome(&replay(&["--at", "2099-01-01"]).0, "recording/fresh"), "pass");
    assert_eq!(outcome(&up.check(Vantage::Console, &["--at", "2099-01-01"]).0, "recording/fresh"), "pass");

    let path = up.path().join("console.json");
    let mut recording: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let taken_at = Timestamp::parse(recording["taken_at"].as_str().unwrap()).unwrap();
    // As if everything had been seen 25 hours earlier, by the servers' clocks too.
    let earlier = |at: Timestamp| Timestamp(at.0 - 25 * 3600).to_string();
    recording["taken_at"] = earlier(taken_at).into();
    for fact in recording["answers"].as_array_mut().unwrap() {
        let date = &mut fact["outcome"]["Ok"]["date"];
        *date = earlier(Timestamp::parse(date.as_str().unwrap()).unwrap()).into();
    }
    std::fs::write(&path, recording.to_string()).unwrap();
    let (old, code) = replay(&[]);
    assert_eq!((outcome(&old, "recording/fresh"), old["verdict"].as_str(), code), ("fail", Some("not-ready"), 1));
    let checks = old["checks"].as_array().unwrap();
    let fresh = checks.iter().find(|check| check["id"] == "recording/fresh").unwrap();
    let cause = &fresh["findings"][0]["cause"];
    assert_eq!((&cause["kind"], &cause["max_age"]), (&"recording-too-old".into(), &86_400.into()));
    let (let_count, code) = replay(&["--max-age", "26h"]);
    assert_eq!((outcome(&let_count, "recording/fresh"), code), ("pass", 3));
    for wrong in ["26", "0s", "11y"] {
        let flags = ["replay", "--max-age", wrong, "console.json"];
        let refused = common::pinflight().current_dir(up.path()).args(flags).output().unwrap();
        assert_eq!(refused.status.code(), Some(2), "{wrong}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains("--max-age"), "{wrong}");
    }
}

#[test]
fn machines_with_different_configurations_make_no_verdict_that_holds() {
    let up = Up::new(&Scenario::sound(Variant::OnPremises));
    for vantage in Vantage::ALL {
        let record = format!("{}.json", vantage.id());
        assert_eq!(up.check(vantage, &["--record", &record]).1, 3);
    }
    let other = ["--workspace-one-id-domain", "other.test", "--record", "other.json"];
    assert_eq!(up.check(Vantage::Device, &other).1, 1);
    let replay =
        |files: &[&str]| ended(common::pinflight().current_dir(up.path()).args(["replay", "-o", "json"]).args(files));
    let told = |report: &Value| {
        let checks = report["checks"].as_array().unwrap();
        let check = checks.iter().find(|check| check["id"] == "recording/consistent").unwrap();
        assert_eq!((check["outcome"].as_str(), check["findings"].as_array().unwrap().len()), (Some("fail"), 1));
        check["findings"][0].clone()
    };
    let expected = |first: &str, second: &str, judged_by: &str| {
        let value = |by: &str| {
            let domain = if by == "device" { "other.test" } else { "acme.test" };
            let by = if by == "device" { vec!["device"] } else { vec!["console", "device-services", "discovery"] };
            serde_json::json!({ "value": [domain], "recordings": by })
        };
        serde_json::json!({
            "kind": "configuration-differs",
            "setting": "trust_service.workspace_one_id_domain",
            "values": [value(first), value(second)],
            "judged_by": [judged_by],
        })
    };
    let inside = ["console.json", "device-services.json", "discovery.json"];
    let (report, code) = replay(&[&inside[..], &["other.json"]].concat());
    assert_eq!((report["verdict"].as_str(), code), (Some("not-ready"), 1));
    assert_eq!(told(&report)["cause"], expected("console", "device", "console"));
    // In whatever order they are named, the same is judged by the same configuration.
    let (again, code) = replay(&[&["other.json"], &inside[..]].concat());
    assert_eq!((outcome(&again, "csr/email-domain"), code), ("pass", 1));
    assert_eq!(told(&again)["cause"], told(&report)["cause"]);
    // With the right one beside it there are two from the devices' network.
    let (report, _) = replay(&[&inside[..], &["device.json", "other.json"]].concat());
    let values = told(&report)["cause"]["values"].clone();
    assert!(values[1]["recordings"][0].as_str().unwrap().starts_with("device of 20"), "{values}");
    let (report, code) = replay(&[&inside[..], &["device.json"]].concat());
    assert_eq!((outcome(&report, "recording/consistent"), code), ("pass", 0));
}

#[test]
fn only_what_is_asked_for_is_judged_and_what_is_unknown_is_refused() {
    let up = Up::new(&Scenario::sound(Variant::OnPremises));
    let (report, code) = up.check(Vantage::Console, &["--scope", "vantage", "--only", "certificate/*"]);
    assert_eq!((report["verdict"].as_str(), code), (Some("selected-pass"), 0));
    assert_eq!(outcome(&report, "dns/discovery-resolves"), "skipped");
    // What another machine must say counts, unless the scope is this vantage.
    let (report, code) = up.check(Vantage::Console, &["--only", "firewall/*"]);
    assert_eq!((report["verdict"].as_str(), code), (Some("selected-incomplete"), 3));
    let file = up.path().join("console.toml");
    let unknown = common::pinflight().args(["check", "--only", "certficate/*", "--config"]).arg(file).output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("certificate/"));
}

#[test]
fn a_failure_seen_from_one_machine_is_not_ready_and_fail_on_rules_the_exit_code() {
    let broken = pinflight_fixtures::scenarios().iter().find(|scenario| scenario.id == "pins-missing-one").unwrap();
    let up = Up::new(broken);
    assert_eq!(up.check(Vantage::Console, &[]).1, 1);
    assert_eq!(up.check(Vantage::Console, &["--fail-on", "never"]).1, 0);
    let (report, code) = up.check(Vantage::Console, &["--scope", "vantage", "--skip", "pins/*"]);
    assert_eq!((report["verdict"].as_str(), code), (Some("selected-pass"), 0));
}

#[test]
#[ignore = "needs root: takes the network away (netns)"]
fn netns_without_any_network_discovery_does_not_resolve_and_nobody_says_it_does_not_exist() {
    // Without a route to any server the operating system says so at once.
    let mut command = assert_cmd::Command::new("unshare");
    command.args(["--net", env!("CARGO_BIN_EXE_pinflight"), "check", "-o", "json", "--from", "console"]);
    command.args(["--device-services", "https://ds.example.com", "--no-proxy", "*"]).env_clear();
    let (report, code) = ended(command.env("PATH", std::env::var_os("PATH").unwrap()));
    assert_eq!((report["verdict"].as_str(), code), (Some("not-ready"), 1));
    let checks = report["checks"].as_array().unwrap();
    let resolves = checks.iter().find(|check| check["id"] == "dns/discovery-resolves").unwrap();
    assert_eq!(resolves["outcome"], "fail");
    let finding = &resolves["findings"][0];
    assert_eq!(finding["cause"]["failure"]["kind"], "no-server-answered");
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("no DNS server answered") && !message.contains("does not exist"), "{message}");
    for hidden in ["firewall/console-to-discovery", "discovery/host-registry"] {
        let check = checks.iter().find(|check| check["id"] == hidden).unwrap();
        assert_eq!((&check["outcome"], &check["because"]), (&"not-observed".into(), &"dns/discovery-resolves".into()));
    }
}
