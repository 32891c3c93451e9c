//! A fleet run by the real Ansible over real SSH: one verdict from four machines, each behind a firewall of its own.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/site.rs"]
mod site;
mod world;

use std::{
    fs,
    path::{Path, PathBuf},
};

use pinflight_fixtures::{Scenario, Variant, scenarios};
use serde_json::{Value, json};

use self::{
    common::{check, outcomes},
    world::{MACHINES, World},
};

/// In the environment of every run, and nowhere else.
const SECRET: &str = "hunter2";

#[test]
#[ignore = "needs root, nftables, OpenSSH and the Ansible that .ci/run installs (netns)"]
fn netns_ansible_runs_the_fleet_and_the_play_goes_by_the_verdict() {
    let fleet = Fleet::new();
    let planned = fleet.play(&["--check"]);
    planned.ended(0);
    for machine in &MACHINES {
        planned.says(&format!("would be asked from {}:", machine.vantage));
    }
    planned.says("Check mode: nothing was asked, so there is no verdict.");
    let outside = fleet.play(&["--check", "-e", r#"{"pinflight_files": ["uploaded/../../key"]}"#]);
    outside.ended(2);
    outside.says("pinflight_files in or below the folder of pinflight.toml");
    assert!(!fleet.output().exists());

    World::drop_device_services_to_discovery();
    let blocked = fleet.play(&[]);
    blocked.ended(2);
    blocked.says(r#""msg": "NOT READY  https://ds.acme.test"#);
    blocked.says("ok: [device-services-1] => (item=device-services) => {\n    \"msg\": [\n        \"NOT READY  ");
    blocked.says("\"FAIL firewall/device-services-to-discovery discovery.awmdm.com:");
    let report = fleet.report();
    let scenario = |id| scenarios().iter().find(|scenario| scenario.id == id).unwrap();
    assert_eq!(outcomes(&report), scenario("device-services-to-discovery-tcp-timed-out").outcomes());
    assert_eq!(rows(&report), ["pass", "fail", "pass", "pass"]);
    let table = fs::read_to_string(fleet.output().join("report.txt")).unwrap();
    let (_, table) = table.split_once("\nFirewall\n").unwrap();
    let marks = table.lines().filter_map(|line| line.split_once(" → ")?.0.trim_start().split_once(' '));
    assert_eq!(marks.map(|(mark, _)| mark).collect::<Vec<_>>(), ["✓", "✗", "✓", "✓"]);
    let root = check(&report, "firewall/device-services-to-discovery");
    let cause = &root["findings"][0]["cause"];
    assert_eq!((&cause["kind"], &cause["failure"]["kind"]), (&json!("tcp-failed"), &json!("timed-out")));
    fleet.left_nothing();

    World::open_all();
    // As much as Ansible can be made to say.
    let open = fleet.play(&["-vvvv"]);
    open.ended(0);
    open.says(r#""msg": "READY  https://ds.acme.test"#);
    open.does_not_say(SECRET);
    let report = fleet.report();
    assert_eq!(outcomes(&report), Scenario::sound(Variant::OnPremises).outcomes());
    assert_eq!(rows(&report), ["pass"; 4]);
    fleet.left_nothing();

    // Ansible's exit codes: 2 where a task failed, 4 where a host was not reached.
    World::end_ssh_server("devices");
    let incomplete = fleet.play(&[]);
    incomplete.ended(4);
    incomplete.says(r#""msg": "INCOMPLETE  https://ds.acme.test"#);
    incomplete.says("(3 of 4 vantages); without device-1, which failed above");
    assert_eq!(rows(&fleet.report()), ["pass", "pass", "pass", "not-observed"]);
    assert_eq!(
        fleet.recordings(),
        ["console-1.console.json", "device-services-1.device-services.json", "discovery-1.discovery.json"]
    );

    // One machine for two vantages, and a play that a gap does not fail.
    let allowed = json!({ "pinflight_vantages": ["console", "device-services"], "pinflight_incomplete_fails": false });
    let two = fleet.play(&["--limit", "console", "-e", &allowed.to_string()]);
    two.ended(0);
    two.says(r#""msg": "INCOMPLETE  https://ds.acme.test"#);
    assert_eq!(rows(&fleet.report()), ["pass", "pass", "not-observed", "not-observed"]);

    // What cannot run is an error, whatever the others see.
    let value = "it's $(many)\nof them";
    let environment = json!({ "PINFLIGHT_NETWORK_JOBS": value, "PINFLIGHT_PROXY_PASSWORD": SECRET });
    let wrong = json!({ "pinflight_environment": environment, "pinflight_incomplete_fails": false }).to_string();
    fs::write(fleet.world.path("wrong.json"), wrong).unwrap();
    let wrong = format!("@{}", fleet.world.path("wrong.json").display());
    let refused = fleet.play(&["--limit", "console", "-vvvv", "-e", &wrong]);
    refused.ended(2);
    refused.says("pinflight check --from console could not run");
    refused.says("environment PINFLIGHT_NETWORK_JOBS=it's $(many)");
    refused.does_not_say(SECRET);
    fleet.left_nothing();
}

/// The collection as it is installed, an inventory, and the machines.
struct Fleet {
    world: World,
    ansible: PathBuf,
}

impl Fleet {
    fn new() -> Self {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let ansible = target.join("ansible/bin");
        assert!(ansible.join("ansible-playbook").exists(), "no Ansible in {}: .ci/run installs it", ansible.display());
        let fleet = Self { world: World::new(), ansible };
        fleet.write_inventory();
        let installed = fleet
            .command("ansible-galaxy")
            .args(["collection", "install", "--offline", "-p"])
            .arg(fleet.world.path("collections"))
            .arg(common::project("contrib/ansible"))
            .output()
            .unwrap();
        assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
        fleet
    }

    fn write_inventory(&self) {
        let deployment = self.world.path("deployment");
        // One of the files in a folder below that of the configurations.
        fs::create_dir(deployment.join("of the trust service")).unwrap();
        let moved = "of the trust service/ts.cer";
        fs::rename(deployment.join("trust-service.cer"), deployment.join(moved)).unwrap();
        let mut files = vec![moved.to_owned()];
        for entry in fs::read_dir(&deployment).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.extension().is_some_and(|extension| extension == "toml") {
                let text = fs::read_to_string(&path).unwrap();
                fs::write(&path, text.replace("\"trust-service.cer\"", &format!("\"{moved}\""))).unwrap();
            } else if path.is_file() && name != "hosts" {
                files.push(name);
            }
        }
        let mut groups = serde_json::Map::new();
        for (index, machine) in MACHINES.iter().enumerate() {
            let [_, ansible] = self.world.temporary(machine);
            let host = json!({ "ansible_host": format!("172.31.{index}.2"), "ansible_remote_tmp": ansible });
            let configuration = deployment.join(format!("{}.toml", machine.vantage));
            let group = json!({
                "hosts": { format!("{}-1", machine.vantage): host },
                "vars": { "pinflight_config": configuration },
            });
            groups.insert(machine.group.to_owned(), group);
        }
        let known = self.world.path("known_hosts");
        let vars = json!({
            "ansible_user": "root",
            "ansible_ssh_private_key_file": self.world.path("key"),
            "ansible_ssh_common_args": format!("-F /dev/null -o UserKnownHostsFile={}", known.display()),
            "ansible_python_interpreter": self.ansible.join("python"),
            "ansible_pipelining": true,
            "pinflight_binary": env!("CARGO_BIN_EXE_pinflight"),
            "pinflight_files": files,
            "pinflight_output": self.output(),
            "pinflight_environment": { "PINFLIGHT_PROXY_USER": "somebody", "PINFLIGHT_PROXY_PASSWORD": SECRET },
        });
        // JSON is YAML.
        let inventory = json!({ "all": { "children": groups, "vars": vars } });
        fs::write(self.world.path("inventory.yml"), inventory.to_string()).unwrap();
    }

    /// One of Ansible's programs on the controller, with nothing of the caller's environment.
    fn command(&self, program: &str) -> std::process::Command {
        let mut command = World::controller(&self.ansible.join(program));
        let path = std::env::join_paths([&self.ansible, Path::new("/usr/bin"), Path::new("/bin"), Path::new("/sbin")]);
        command.env_clear().env("PATH", path.unwrap()).env("LC_ALL", "C.UTF-8").env("ANSIBLE_NOCOLOR", "1");
        command.env("HOME", self.world.path("home")).env("ANSIBLE_COLLECTIONS_PATH", self.world.path("collections"));
        // Ansible's own default, but for what the caller may have said; the masters end with the namespace.
        command.env("ANSIBLE_SSH_ARGS", "-o ControlMaster=auto -o ControlPersist=60s");
        command
    }

    fn play(&self, flags: &[&str]) -> Played {
        let mut command = self.command("ansible-playbook");
        command.arg("-i").arg(self.world.path("inventory.yml")).args(flags).arg("pinflight.fleet.preflight");
        let output = command.output().unwrap();
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        Played { code: output.status.code(), said }
    }

    fn output(&self) -> PathBuf {
        self.world.path("preflight")
    }

    fn report(&self) -> Value {
        serde_json::from_slice(&fs::read(self.output().join("report.json")).unwrap()).unwrap()
    }

    fn recordings(&self) -> Vec<String> {
        let names = fs::read_dir(self.output()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| !name.starts_with("report.")).collect();
        names.sort();
        names
    }

    /// No temporary file: on the machines, or beside the recordings.
    fn left_nothing(&self) {
        for folder in MACHINES.iter().flat_map(|machine| self.world.temporary(machine)) {
            let left: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
            assert_eq!(left, Vec::<PathBuf>::new());
        }
        let extension = |name: &String| name.rsplit_once('.').map(|(_, extension)| extension.to_owned());
        assert!(self.recordings().iter().all(|name| extension(name).as_deref() == Some("json")));
    }
}

/// What came of a play.
struct Played {
    code: Option<i32>,
    said: String,
}

impl Played {
    fn ended(&self, code: i32) {
        assert_eq!(self.code, Some(code), "{}", self.said);
    }

    fn says(&self, words: &str) {
        assert!(self.said.contains(words), "{words}: {}", self.said);
    }

    fn does_not_say(&self, words: &str) {
        assert!(!self.said.contains(words), "{words}: {}", self.said);
    }
}

/// The outcomes of the firewall table.
fn rows(report: &Value) -> Vec<&str> {
    report["firewall"].as_array().unwrap().iter().map(|row| row["outcome"].as_str().unwrap()).collect()
}
