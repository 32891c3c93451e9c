//! What the documents show: commands run, output compared, configuration accepted.

use std::{
    collections::BTreeMap,
    fs,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use saphyr::{LoadableYamlNode, Yaml};

use super::{
    bench::{Bench, Place},
    output::first_invented,
    page::{Block, Page},
};

/// Programs and cmdlets that Windows has and no test can run.
const WINDOWS: [&str; 28] = [
    "Add-DnsServerConditionalForwarderZone",
    "Add-DnsServerResourceRecordA",
    "Enable-TlsCipherSuite",
    "Expand-Archive",
    "Export-Certificate",
    "Format-Table",
    "Get-ChildItem",
    "Get-Content",
    "Get-FileHash",
    "Get-ItemProperty",
    "Get-NetFirewallPortFilter",
    "Get-NetFirewallRule",
    "Get-NetTCPConnection",
    "Get-TlsCipherSuite",
    "Get-WebBinding",
    "Import-Certificate",
    "Import-PfxCertificate",
    "New-NetFirewallRule",
    "New-WebBinding",
    "Remove-Item",
    "Resolve-DnsName",
    "Resolve-Path",
    "Test-NetConnection",
    "Where-Object",
    "certutil",
    "curl.exe",
    "netsh",
    "w32tm",
];
/// What is neither ours nor a command, and where it may stand; or what packaging/try runs with the files of a release.
const FOREIGN: [(&str, &str); 5] = [
    ("docs/architecture.md", "plaintext"),
    ("docs/checks/network/proxy.md", "squid"),
    ("docs/checks/trust-service/settings.md", "nginx"),
    ("docs/install.md", "bash"),
    ("docs/install.md", "bat"),
];
/// The least that a configuration needs, for those that show a part.
const LEAST: &str = "[device_services]\nurl = \"https://ds.example.com\"\n\
    [trust_service]\nmode = \"on-premises\"\nurl = \"https://ts.example.com:9001/TrustService\"\n";

/// Goes through pages side by side; every problem with its place.
pub fn problems(bench: &Bench, pages: &[Page]) -> Vec<String> {
    let found = Mutex::new(Vec::new());
    let next = AtomicUsize::new(0);
    let demos = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some(page) = pages.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let place = bench.page();
                    let reader = Reader { page, place, demos: &demos };
                    for block in page.blocks() {
                        let told = reader.problems(&block).into_iter();
                        found.lock().unwrap().extend(told.map(|told| format!("{}:{}: {told}", page.name, block.line)));
                    }
                }
            });
        }
    });
    found.into_inner().unwrap()
}

/// Who does what a page says, from top to bottom.
struct Reader<'a> {
    page: &'a Page,
    place: Place<'a>,
    /// What demos printed, for all pages: they are the same everywhere.
    demos: &'a Mutex<BTreeMap<String, String>>,
}

impl Reader<'_> {
    fn problems(&self, block: &Block) -> Vec<String> {
        let text = block.text.as_str();
        match block.language.as_str() {
            "sh" => self.place.run("sh", text).problems(),
            "text" => self.sample(text),
            "toml" => self.configuration(text),
            "yaml" => self.yaml(text),
            "ini" | "nagios" | "nrpe" | "icinga2" => self.monitoring(&block.language, text),
            "http" => self.request(text),
            "powershell" => windows(text),
            foreign if FOREIGN.contains(&(self.page.name.as_str(), foreign)) => Vec::new(),
            "" => vec!["code without a word behind the fence that says what it is".to_owned()],
            other => vec![format!("nothing is known of {other:?}: say in tests/documents how it is tested")],
        }
    }

    /// `$ command`, and what it prints on stdout.
    fn sample(&self, text: &str) -> Vec<String> {
        let Some((command, shown)) = text.strip_prefix("$ ").and_then(|text| text.split_once('\n')) else {
            return vec!["a sample of output has to begin with its command: $ pinflight …".to_owned()];
        };
        // It takes something that is mended meanwhile: a test of its own.
        if command.contains(" --wait ") {
            return Vec::new();
        }
        let is_demo = command.starts_with("pinflight demo ");
        let known = self.demos.lock().unwrap().get(command).filter(|_| is_demo).cloned();
        let real = known.unwrap_or_else(|| self.place.run("sh", command).out);
        if is_demo {
            self.demos.lock().unwrap().insert(command.to_owned(), real.clone());
        }
        let invented = first_invented(shown, &real);
        let told = invented.map(|line| format!("{command} does not print this, or not in this order: {line}\n{real}"));
        told.into_iter().collect()
    }

    fn configuration(&self, text: &str) -> Vec<String> {
        fs::write(self.place.path().join("least.toml"), LEAST).unwrap();
        fs::write(self.place.path().join("sample.toml"), text).unwrap();
        let command = "pinflight check --from console --config least.toml --config sample.toml --plan";
        self.place.run("sh", command).problems()
    }

    /// Workflows of GitHub and GitLab are run; of everything else, that it is YAML.
    fn yaml(&self, text: &str) -> Vec<String> {
        let documents = match Yaml::load_from_str(text) {
            Ok(documents) => documents,
            Err(error) => return vec![error.to_string()],
        };
        let scripts = documents.iter().flat_map(|document| [of_github(document), of_gitlab(document)].concat());
        scripts.flat_map(|(shell, script)| self.place.run(shell, &script).problems()).collect()
    }

    /// The command that a monitoring system or systemd would start.
    fn monitoring(&self, language: &str, text: &str) -> Vec<String> {
        let text = &text.replace("\\\n", "");
        let commands = match language {
            "ini" => behind(text, "ExecStart="),
            "nrpe" => behind(text, "command[check_pinflight]="),
            "nagios" => nagios(text),
            _ => vec![icinga2(text)],
        };
        let is_a_timer = text.contains("[Timer]\n");
        if commands.is_empty() != is_a_timer {
            return vec![format!("commands found: {commands:?}")];
        }
        commands.iter().flat_map(|command| self.place.run("sh", command).problems()).collect()
    }

    /// A URL of which some parts are left open: one that is asked, or the beginning of one.
    fn request(&self, text: &str) -> Vec<String> {
        fs::write(self.place.path().join("least.toml"), LEAST).unwrap();
        let plan = self.place.run("sh", "pinflight check --from console --config least.toml --plan").out;
        let url = text
            .trim_end()
            .replace("<Device Services host>", "ds.example.com")
            .replace("<host>:<port>", "ts.example.com:9001");
        if plan.contains(&format!("GET {url}")) { Vec::new() } else { vec![format!("{url} is not asked:\n{plan}")] }
    }
}

/// Each `run:` of a workflow, for each value of its matrix.
fn of_github(document: &Yaml) -> Vec<(&'static str, String)> {
    let mut scripts = Vec::new();
    for job in values(document, "jobs") {
        let matrix = job.as_mapping_get("strategy").and_then(|strategy| strategy.as_mapping_get("matrix"));
        let matrix = matrix.and_then(Yaml::as_mapping).into_iter().flatten();
        let values: Vec<(String, &str)> = matrix
            .flat_map(|(name, values)| {
                let name = format!("${{{{ matrix.{} }}}}", name.as_str().unwrap());
                values.as_sequence().unwrap().iter().map(move |value| (name.clone(), value.as_str().unwrap()))
            })
            .collect();
        for step in sequence(job, "steps") {
            let Some(run) = step.as_mapping_get("run").and_then(Yaml::as_str) else { continue };
            if values.is_empty() {
                scripts.push(("bash -eo pipefail", run.to_owned()));
            }
            scripts.extend(values.iter().map(|(name, value)| ("bash -eo pipefail", run.replace(name, value))));
        }
    }
    scripts
}

/// Each line of a job's `script:`.
fn of_gitlab(document: &Yaml) -> Vec<(&'static str, String)> {
    let jobs = document.as_mapping().into_iter().flatten().map(|(_, job)| job);
    let lines = jobs.flat_map(|job| sequence(job, "script"));
    lines.map(|line| ("sh", line.as_str().unwrap().to_owned())).collect()
}

fn values<'a>(yaml: &'a Yaml<'a>, key: &str) -> impl Iterator<Item = &'a Yaml<'a>> {
    yaml.as_mapping_get(key).and_then(Yaml::as_mapping).into_iter().flatten().map(|(_, value)| value)
}

fn sequence<'a>(yaml: &'a Yaml<'a>, key: &str) -> impl Iterator<Item = &'a Yaml<'a>> {
    yaml.as_mapping_get(key).and_then(Yaml::as_sequence).into_iter().flatten()
}

/// What stands behind this beginning, line by line.
fn behind(text: &str, begin: &str) -> Vec<String> {
    text.lines().filter_map(|line| line.trim().strip_prefix(begin)).map(|rest| rest.trim().to_owned()).collect()
}

/// Each `command_line`, with the arguments that a service gives it.
fn nagios(text: &str) -> Vec<String> {
    let check = behind(text, "check_command").pop().unwrap_or_default();
    let arguments: Vec<&str> = check.split('!').skip(1).collect();
    let fill = |line: String| {
        let filled = arguments.iter().zip(1..);
        filled.fold(line, |line, (argument, number)| line.replace(&format!("$ARG{number}$"), argument))
    };
    behind(text, "command_line").into_iter().map(fill).collect()
}

/// The words of `command` and `arguments`; what the host says is the console.
fn icinga2(text: &str) -> String {
    let (_, object) = text.split_once("command = [").unwrap();
    let (object, _) = object.split_once("\n}").unwrap();
    let words: Vec<&str> = object.split('"').skip(1).step_by(2).collect();
    words.join(" ").replace("$pinflight_from$", "console")
}

/// Each program of Windows that is named is one that it has.
fn windows(text: &str) -> Vec<String> {
    let mut unknown = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with(' ') || line.contains("-Object")) {
        for command in line.split(" | ") {
            let command = command.trim_start_matches(['(', ' ']);
            let name = command.split([' ', ')']).next().unwrap();
            // A variable, and what is called of a class.
            if name.starts_with(['$', '[']) || WINDOWS.contains(&name) {
                continue;
            }
            unknown.push(format!("no program of Windows is known as {name:?}"));
        }
    }
    unknown
}
