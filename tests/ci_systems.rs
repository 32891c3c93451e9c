//! What CI systems, clusters and service managers start from `action.yml` and `contrib/`, with the environment that they set, on a
//! deployment on loopback.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

mod common;
#[path = "common/up.rs"]
mod up;

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use clap::Parser;
use pinflight::cli::Cli;
use pinflight_fixtures::{Scenario, Variant, scenarios};
use saphyr::{LoadableYamlNode, Yaml};

use self::up::Up;

impl Up {
    /// With the console's configuration where it is looked for.
    fn of(scenario: &Scenario) -> Self {
        let up = Self::new(scenario);
        fs::copy(up.path().join("console.toml"), up.path().join("pinflight.toml")).unwrap();
        up
    }

    fn sound() -> Self {
        Self::of(&Scenario::sound(Variant::OnPremises))
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap_or_default()
    }

    /// A script, with nothing of the caller's environment.
    fn run(&self, shell: &[&str], script: &str, variables: &[(String, String)]) -> Output {
        let mut command = Command::new(shell[0]);
        command.env_clear().env("PATH", "/usr/bin:/bin").envs(variables.iter().cloned());
        command.args(&shell[1..]).arg(script).current_dir(self.path()).output().unwrap()
    }
}

fn yaml(file: &str) -> String {
    fs::read_to_string(common::project(file)).unwrap()
}

fn text(node: &Yaml<'_>) -> String {
    node.as_str().unwrap_or_else(|| panic!("no text: {node:?}")).to_owned()
}

/// One run of the action; inputs that are not given have their defaults.
fn action(up: &Up, given: &[(&str, &str)]) -> Output {
    let source = yaml("action.yml");
    let document = &Yaml::load_from_str(&source).unwrap()[0];
    let inputs = document["inputs"].as_mapping().unwrap();
    let step = &document["runs"]["steps"][0];
    let mut variables = vec![
        ("GITHUB_OUTPUT".to_owned(), up.path().join("output").display().to_string()),
        ("GITHUB_STEP_SUMMARY".to_owned(), up.path().join("summary").display().to_string()),
    ];
    for (name, expression) in step["env"].as_mapping().unwrap() {
        let expression = text(expression);
        let input = expression.strip_prefix("${{ inputs.").unwrap().strip_suffix(" }}").unwrap();
        let (_, declared) = inputs.iter().find(|(known, _)| known.as_str() == Some(input)).unwrap();
        let value = given.iter().find(|(known, _)| *known == input).map(|(_, value)| (*value).to_owned());
        let program = (input == "program").then(|| env!("CARGO_BIN_EXE_pinflight").to_owned());
        variables.push((text(name), value.or(program).unwrap_or_else(|| text(&declared["default"]))));
    }
    assert_eq!(variables.len(), inputs.len() + 2, "an input that reaches no script");
    let script = text(&step["run"]);
    assert!(!script.contains("${{"), "what stands in an input would be part of the script");
    // As the runner starts `shell: bash`.
    up.run(&["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"], &script, &variables)
}

#[test]
fn the_github_action_annotates_sums_up_and_keeps_reports() {
    let up = Up::sound();
    let output = action(&up, &[("from", "console")]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.starts_with("::notice title=READY as seen from console"), "{said}");
    assert!(up.read("summary").starts_with("## ✓ READY as seen from console"), "{}", up.read("summary"));
    assert_eq!(up.read("output"), "verdict=ready\nexit-code=0\nreports=pinflight-reports\n");
    for report in ["report.md", "report.html", "report.json", "report.xml", "report.sarif"] {
        assert!(up.read(&format!("pinflight-reports/{report}")).contains("ds.acme.test"), "{report}");
    }
}

#[test]
fn the_github_action_ends_as_the_program_does() {
    let shut = scenarios().iter().find(|scenario| scenario.id == "console-to-discovery-tcp-refused").unwrap();
    let up = Up::of(shut);
    let config = up.path().join("console.toml").display().to_string();
    let output = action(&up, &[("config", &config), ("fail-on", "fail"), ("reports", "kept in here")]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("::error title=NOT READY as seen from console"), "{said}");
    assert!(said.contains("firewall/console-to-discovery"), "{said}");
    assert_eq!(up.read("output"), "verdict=not-ready\nexit-code=1\nreports=kept in here\n");
    assert!(up.read("kept in here/report.xml").contains("<failure"));

    // Flags come as they are, and are nobody's script; what an earlier run left is no report of this one.
    let flags = "--only\n\n$(touch owned) `touch owned`; touch owned\r\n";
    let output = action(&up, &[("flags", flags), ("reports", "kept in here")]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("::error title=pinflight::No report was made: exit code 2"), "{said}");
    assert!(String::from_utf8(output.stderr).unwrap().contains("--only $(touch owned)"));
    assert!(!up.path().join("owned").exists() && !up.path().join("kept in here/report.json").exists());
    assert!(up.read("output").ends_with("verdict=\nexit-code=2\nreports=kept in here\n"));
}

#[test]
fn the_gitlab_job_keeps_what_its_artifacts_name() {
    let source = yaml("contrib/gitlab/pinflight.gitlab-ci.yml");
    let job = &Yaml::load_from_str(&source).unwrap()[0][".pinflight"];
    let up = Up::sound();
    let mut variables: Vec<(String, String)> =
        job["variables"].as_mapping().unwrap().iter().map(|(name, value)| (text(name), text(value))).collect();
    variables.retain(|(name, _)| name != "PROGRAM");
    variables.push(("PROGRAM".to_owned(), env!("CARGO_BIN_EXE_pinflight").to_owned()));
    variables.push(("PINFLIGHT_VANTAGE".to_owned(), "console".to_owned()));
    let script: Vec<String> = job["script"].as_sequence().unwrap().iter().map(text).collect();
    let output = up.run(&["sh", "-e", "-c"], &script.join("\n"), &variables);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.starts_with("READY as seen from console"), "{said}");
    let artifacts = &job["artifacts"];
    let mut kept: Vec<String> = artifacts["paths"].as_sequence().unwrap().iter().map(text).collect();
    kept.push(text(&artifacts["reports"]["junit"]));
    assert!(kept.len() > 3);
    for file in kept {
        assert!(up.read(&file).contains("ds.acme.test"), "{file}");
    }
}

#[test]
fn the_cron_job_leaves_metrics_where_node_exporter_looks() {
    let source = yaml("contrib/kubernetes/cronjob.yaml");
    let document = &Yaml::load_from_str(&source).unwrap()[0];
    let container = &document["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0];
    let mounts: Vec<String> =
        container["volumeMounts"].as_sequence().unwrap().iter().map(|mount| text(&mount["mountPath"])).collect();
    assert_eq!(mounts, ["/etc/pinflight", "/textfile"]);
    let up = Up::sound();
    let here = up.path().display().to_string();
    let words = container["args"].as_sequence().unwrap().iter().map(text);
    let words = words.map(|word| mounts.iter().fold(word, |word, mount| word.replace(mount.as_str(), &here)));
    let output = common::pinflight().args(words).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(up.read("pinflight.prom").contains("\npinflight_verdict{verdict=\"incomplete\"} 1\n"));
}

#[test]
fn the_systemd_unit_starts_a_check_and_its_timer_names_no_other() {
    let unit = yaml("contrib/systemd/pinflight.service").replace("\\\n", " ");
    let command = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/bin/pinflight ")).unwrap();
    let up = Up::sound();
    let here = up.path().display().to_string();
    let command = command.replace("/etc/pinflight", &here).replace("/var/lib/pinflight", &here);
    let output = common::pinflight().args(shlex::split(&command).unwrap()).output().unwrap();
    // One machine alone: INCOMPLETE, which fails the unit.
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    for report in ["report.json", "report.html", "pinflight.prom"] {
        assert!(up.read(report).contains("ds.acme.test"), "{report}");
    }
    assert!(unit.contains("\nStateDirectory=pinflight\n"));
    // Without Unit=, a timer starts the service of its own name.
    let timer = yaml("contrib/systemd/pinflight.timer");
    assert!(!timer.contains("Unit=") && timer.contains("\nOnCalendar="));
}

#[test]
fn the_scheduled_task_s_command_is_understood() {
    let script = yaml("contrib/windows/Register-PinflightTask.ps1");
    let (_, flags) = script.split_once("$flags = '").unwrap();
    let (flags, values) = flags.split_once("' -f ").unwrap();
    assert!(values.starts_with("$Config, $Reports\n"));
    // Backslashes of Windows' paths are escapes for whoever splits words here.
    let command =
        format!("pinflight {flags}").replace("{0}", "C:/my files/pinflight.toml").replace("{1}", "C:/my reports");
    let words = shlex::split(&command.replace('\\', "/")).unwrap();
    assert!(words.contains(&"json=C:/my reports/report.json".to_owned()), "{words:?}");
    Cli::try_parse_from(words).unwrap();
}
