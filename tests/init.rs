//! `pinflight init` with the real binary: without a terminal, by flags, and on a pseudo-terminal with somebody who types.

#![expect(clippy::unwrap_used, reason = "a test")]

mod common;
#[cfg(target_os = "linux")]
#[path = "common/terminal.rs"]
mod terminal;
#[path = "common/up.rs"]
mod up;

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
};

use pinflight_fixtures::{Scenario, Variant, scenarios};

use self::up::Up;

impl Up {
    /// What the fixtures' own configuration says for a device.
    fn declared(&self) -> toml::Table {
        fs::read_to_string(self.folder.path().join("device.toml")).unwrap().parse().unwrap()
    }

    fn device_services(&self) -> String {
        self.declared()["device_services"]["url"].as_str().unwrap().to_owned()
    }

    fn trust_service(&self) -> String {
        self.declared()["trust_service"]["url"].as_str().unwrap().to_owned()
    }

    /// By which names are found here.
    fn network(&self) -> Vec<String> {
        let network = self.declared()["network"].as_table().unwrap().clone();
        let servers = network["dns_servers"].as_array().unwrap().iter();
        let servers = servers.map(|server| format!("--dns-server={}", server.as_str().unwrap()));
        let limits = ["connect_timeout", "step_timeout", "question_timeout"].into_iter().filter_map(|key| {
            let value = network.get(key)?.as_str()?;
            Some(format!("--{}={value}", key.replace('_', "-")))
        });
        servers.chain(limits).chain(["--system-resolver=false".to_owned()]).collect()
    }
}

fn init<S: AsRef<str>>(folder: &Path, words: &[S]) -> (Option<i32>, String, String) {
    let words = words.iter().map(AsRef::as_ref);
    let output = common::pinflight().current_dir(folder).arg("init").args(words).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn table(path: PathBuf) -> toml::Table {
    fs::read_to_string(path).unwrap().parse().unwrap()
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

#[test]
fn without_a_terminal_it_writes_the_sample_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, err) = init::<&str>(folder.path(), &[]);
    assert_eq!((code, out.as_str()), (Some(0), ""));
    assert_eq!(
        err,
        "there is no terminal to ask on, so this is the sample: pinflight.toml is written; edit it, then run: pinflight check --from console\n"
    );
    let written = fs::read_to_string(folder.path().join("pinflight.toml")).unwrap();
    assert_eq!(written, pinflight::settings::SAMPLE);
    assert_eq!(init(folder.path(), &["--sample", "-"]), (Some(0), written.clone(), String::new()));
    assert_eq!(init(folder.path(), &["-"]), (Some(0), written, String::new()));
    let (code, _, err) = init(folder.path(), &["--sample", "-q", "-o", "other.toml"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(folder.path().join("other.toml").exists());
}

#[test]
fn flags_without_a_terminal_want_to_be_taken_for_all_there_is() {
    let folder = tempfile::tempdir().unwrap();
    for words in [&["--device-services", "https://ds.example.com"][..], &["--offline"], &["--proxy", "http://p:1"]] {
        let (code, out, err) = init(folder.path(), words);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{words:?}");
        assert!(err.contains("there is no terminal to ask on\n  fix: add --yes"), "{err}");
    }
    for (words, wanted) in [
        (&["--yes", "--offline"][..], "add --device-services"),
        (&["--yes", "--device-services", "http://ds.example.com"], "fix: write \"https://ds.example.com\""),
        (
            &["--yes", "--offline", "--device-services", "https://ds.example.com", "--mode", "on-premises"],
            "an on-premises Trust Service has a URL",
        ),
        (&["--yes", "--sample"], "cannot be used with"),
        (&["--sample", "--mode", "cloud"], "cannot be used with"),
    ] {
        let (code, _, err) = init(folder.path(), words);
        assert!(code == Some(2) && err.contains(wanted), "{words:?}: {err}");
    }
    assert!(is_empty(folder.path()));
}

#[test]
fn offline_nobody_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap();
    nobody.set_nonblocking(true).unwrap();
    let url = format!("https://{}", nobody.local_addr().unwrap());
    let (code, out, err) = init(folder.path(), &["--yes", "--offline", "-", "--device-services", &url]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.contains(&format!("\nurl = \"{url}\"\n")), "{out}");
    assert_eq!(nobody.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn files_that_are_not_there_yet_are_told_and_written_down() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("none.cer"), "no certificate").unwrap();
    let words = ["--yes", "--offline", "--device-services=https://ds.acme.test"];
    let files = ["--certificate=missing.cer", "--next-certificate=none.cer"];
    let (code, stdout, stderr) = init(folder.path(), &[&words[..], &files].concat());
    assert_eq!((code, stdout.as_str()), (Some(0), ""));
    let told: Vec<&str> = stderr.lines().filter(|line| line.starts_with("pinflight check will not take ")).collect();
    let [missing, none] = told.as_slice() else { panic!("{stderr}") };
    assert!(missing.contains(" missing.cer: there is no such file"), "{missing}");
    assert!(none.contains(" none.cer: "), "{none}");
    let written = table(folder.path().join("pinflight.toml"));
    assert_eq!(written["device_services"]["certificates"].as_array().unwrap()[0].as_str(), Some("missing.cer"));
}

#[test]
fn device_services_are_asked_for_what_no_flag_says_and_it_is_told_before() {
    let up = Up::new(&Scenario::sound(Variant::OnPremises));
    let folder = tempfile::tempdir().unwrap();
    let url = up.device_services();
    let words = [up.network(), vec!["--yes".to_owned(), format!("--device-services={url}")]].concat();
    let (code, out, err) = init(folder.path(), &words);
    assert_eq!((code, out.as_str()), (Some(0), ""), "{err}");
    let place = |words: &str| err.find(words).unwrap_or_else(|| panic!("{words}: {err}"));
    let told = place(
        "asking Device Services where they send devices for the Trust Service:\n  A and AAAA of ds.acme.test from",
    );
    let asked = place("/DeviceServices/TrustServiceSettings from each\n  address of ds.acme.test");
    let answered = place("they send devices to");
    assert!(told < asked && asked < answered, "{err}");
    assert!(err.ends_with("pinflight.toml is written; next: pinflight check --from console\n"), "{err}");
    let written = table(folder.path().join("pinflight.toml"));
    assert_eq!(written["device_services"]["url"].as_str(), Some(url.as_str()));
    assert_eq!(written["trust_service"]["url"].as_str(), Some(up.trust_service().as_str()));
    // The file is all that a run needs.
    let plan =
        common::pinflight().current_dir(folder.path()).args(["check", "--from", "device", "--plan"]).output().unwrap();
    let plan = String::from_utf8(plan.stdout).unwrap();
    assert!(plan.contains(&up.trust_service()) && plan.contains(url.trim_start_matches("https://")), "{plan}");
}

#[test]
fn an_address_that_does_not_answer_is_not_the_last() {
    let up = Up::new(&Scenario::sound(Variant::OnPremises));
    let url = up.device_services();
    let place = url.trim_start_matches("https://");
    let ways = &up.running.as_ref().unwrap().ways;
    let there = ways[&("device".to_owned(), "ds.acme.test".to_owned())].ip();
    let folder = tempfile::tempdir().unwrap();
    let both = format!("--resolve={place}:127.254.254.254,{there}");
    let (code, out, err) = init(folder.path(), &["--yes", "-", "--device-services", &url, &both]);
    assert_eq!(code, Some(0), "{err}");
    assert!(
        err.contains("(if nothing\n  before it answered)") || err.contains("if nothing before it answered"),
        "{err}"
    );
    assert!(out.contains(&format!("url = \"{}\"", up.trust_service())), "{out}");
    // And where none answers, each is told.
    let none = format!("--resolve={place}:127.254.254.253,127.254.254.254");
    let (_, _, err) = init(folder.path(), &["--yes", "-", "--device-services", &url, &none]);
    assert_eq!(err.matches("fails: connection refused").count(), 2, "{err}");
}

#[test]
fn an_answer_of_no_use_is_told_and_not_written_down() {
    for (id, wanted) in [
        ("device-services-http-404", "404"),
        ("device-services-http-html", "a web page instead of JSON"),
        ("device-services-http-redirect", "https://login.acme.test/"),
        ("device-services-http-silent", "is not answered within"),
        ("device-services-http-too-long", "longer"),
        ("device-services-http-deep-nesting", "JSON"),
        ("device-services-uri-number", "Uri is a number"),
        ("device-services-uri-two-keys", "2 members"),
        ("device-services-uri-empty", "Uri is no URL"),
    ] {
        let up = Up::new(scenarios().iter().find(|scenario| scenario.id == id).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let words = [up.network(), vec!["--yes".to_owned(), format!("--device-services={}", up.device_services())]];
        let (code, _, err) = init(folder.path(), &words.concat());
        assert_eq!(code, Some(0), "{id}: {err}");
        let (_, why) = err.split_once("it could not be found out:").unwrap_or_else(|| panic!("{id}: {err}"));
        let why = why.replace("\n  ", " ");
        assert!(why.contains(wanted), "{id}: {why}");
        assert!(!table(folder.path().join("pinflight.toml"))["trust_service"].as_table().unwrap().contains_key("url"));
    }
}

#[test]
fn where_nobody_answers_it_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", closed.local_addr().unwrap());
    drop(closed);
    let words = ["--yes", "--device-services", &url, "-"];
    let (code, out, err) = init(folder.path(), &words);
    assert_eq!(code, Some(0));
    let why = format!(
        "it could not be found out:\n  TCP to {} fails: connection refused\n",
        url.trim_start_matches("https://")
    );
    assert!(err.ends_with(&why) && out.contains(&url), "{err}");
    // A mode that needs a URL cannot be without.
    let (code, out, err) = init(folder.path(), &[&words[..], &["--mode", "on-premises"]].concat());
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(err.contains("connection refused") && err.contains("fix: add --trust-service"), "{err}");
}

#[test]
fn no_proxy_password_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let output = common::pinflight()
        .current_dir(folder.path())
        .env("PINFLIGHT_NETWORK_PROXY", "http://somebody:hunter2@proxy.example.com:3128")
        .args(["init", "--yes", "--offline", "--device-services", "https://ds.example.com"])
        .output()
        .unwrap();
    let (told, written) =
        (String::from_utf8(output.stderr).unwrap(), fs::read_to_string(folder.path().join("pinflight.toml")).unwrap());
    assert!(written.contains("\nproxy = \"http://proxy.example.com:3128\"\n"), "{written}");
    for text in [&told, &written] {
        assert!(!text.contains("hunter2") && !text.contains("somebody"), "{text}");
    }
    assert!(told.contains("the proxy's user name and password are not in it"), "{told}");
}

#[test]
fn where_it_cannot_write_it_says_so_and_leaves_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine.toml"), "mine").unwrap();
    let said = ["--yes", "--offline", "--device-services", "https://ds.example.com"];
    for (file, wanted) in [
        ("mine.toml", "mine.toml is there already and was left as it is\n  fix: pass --force"),
        ("no/such.toml", "there is no folder no"),
        (".", "it is a folder"),
    ] {
        let (code, _, err) = init(folder.path(), &[&said[..], &[file]].concat());
        assert!(code == Some(2) && err.contains(wanted), "{err}");
    }
    assert_eq!(fs::read_to_string(folder.path().join("mine.toml")).unwrap(), "mine");
    let (code, _, err) = init(folder.path(), &[&said[..], &["mine.toml", "--force"]].concat());
    assert_eq!(code, Some(0), "{err}");
    assert!(err.ends_with("next: pinflight check --config mine.toml --from console\n"), "{err}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[cfg(target_os = "linux")]
mod on_a_terminal {
    use std::process::Command;

    use super::{terminal::Terminal, *};

    fn before<S: AsRef<str>>(folder: &Path, words: &[S]) -> Terminal {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pinflight"));
        command.arg("init").args(words.iter().map(AsRef::as_ref)).current_dir(folder);
        Terminal::new(&command, 60)
    }

    #[test]
    fn it_asks_and_writes_what_was_answered() {
        let up = Up::new(&Scenario::sound(Variant::OnPremises));
        let folder = tempfile::tempdir().unwrap();
        let mut terminal = before(folder.path(), &up.network());
        terminal.answer("URL of Device Services: ", "ds.acme.test");
        terminal.expect("fix: write \"https://ds.acme.test\"");
        terminal.answer("URL of Device Services: ", &up.device_services());
        terminal.answer("Proxy [none]: ", "");
        terminal.expect("A and AAAA of ds.acme.test from");
        terminal.expect("TrustServiceSettings");
        terminal.answer("Ask it now [yes]: ", "");
        terminal.expect("they send devices to");
        terminal.answer("Kind of Trust Service [on-premises]: ", "");
        terminal.answer(&format!("URL of the Trust Service [{}]: ", up.trust_service()), "");
        terminal.answer("Servers of the Trust Service [none]: ", "10.1.0.21");
        terminal.answer("Domain of the Workspace ONE ID [none]: ", "");
        terminal.answer("Device Services servers [none]: ", "10.1.0.11, 10.1.0.12:8443");
        for question in
            ["Balancers", "Reverse proxies", "Files of the uploaded certificates", "Files of your own roots"]
        {
            terminal.answer(&format!("{question} [none]: "), "");
        }
        terminal.answer("Mail domain [none]: ", "acme.test");
        assert!(is_empty(folder.path()), "it is written at the end");
        terminal.answer("Where this file is used [none]: ", "device");
        let (status, screen) = terminal.end();
        assert_eq!(status.code(), Some(0), "{screen}");
        assert!(screen.ends_with("pinflight.toml is written; next: pinflight check\r\n"), "{screen}");
        let written = table(folder.path().join("pinflight.toml"));
        let text = |table: &str, key: &str| written[table][key].as_str().unwrap().to_owned();
        assert_eq!(written["vantage"].as_str(), Some("device"));
        assert_eq!(text("device_services", "url"), up.device_services());
        assert_eq!(text("trust_service", "url"), up.trust_service());
        assert_eq!(text("discovery", "mail_domain"), "acme.test");
        assert_eq!(written["device_services"]["backends"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn the_end_of_the_input_ends_it_with_nothing_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut terminal = before(folder.path(), &["--offline"]);
        terminal.answer("URL of Device Services: ", "https://ds.example.com");
        terminal.answer("Proxy [none]: ", "");
        terminal.expect("Kind of Trust Service [cloud]: ");
        terminal.press("\u{4}");
        let (status, screen) = terminal.end();
        assert_eq!(status.code(), Some(2));
        let told = "Kind of Trust Service [cloud]: \r\npinflight: the input ended at this question, and nothing was written\r\n  fix: ";
        assert!(screen.contains(told), "{screen}");
        assert!(is_empty(folder.path()));
    }

    #[test]
    fn ctrl_c_ends_it_with_nothing_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut terminal = before(folder.path(), &["--offline"]);
        terminal.expect("URL of Device Services: ");
        terminal.press("https://ds.exam\u{3}");
        let (status, _) = terminal.end();
        assert_eq!(status.code(), Some(130));
        assert!(is_empty(folder.path()));
        // And while Device Services are asked.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", silent.local_addr().unwrap());
        let mut terminal = before(folder.path(), &["--device-services", &url]);
        terminal.answer("Proxy [none]: ", "");
        terminal.answer("Ask it now [yes]: ", "y");
        let connection = silent.accept().unwrap();
        terminal.press("\u{3}");
        let (status, _) = terminal.end();
        drop(connection);
        assert_eq!(status.code(), Some(130));
        assert!(is_empty(folder.path()));
    }

    #[test]
    fn a_file_that_is_there_is_told_before_the_first_question() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("pinflight.toml"), "mine").unwrap();
        let (status, screen) = before::<&str>(folder.path(), &[]).end();
        assert_eq!(status.code(), Some(2));
        assert!(
            screen.starts_with("pinflight: pinflight.toml is there already") && !screen.contains("URL of"),
            "{screen}"
        );
        assert_eq!(fs::read_to_string(folder.path().join("pinflight.toml")).unwrap(), "mine");
    }

    #[test]
    fn with_a_dash_the_file_is_all_that_is_printed() {
        let folder = tempfile::tempdir().unwrap();
        let words = ["-", "--yes", "--offline", "--device-services", "https://ds.example.com"];
        let (status, screen) = before(folder.path(), &words).end();
        assert_eq!(status.code(), Some(0));
        let text = screen.replace("\r\n", "\n");
        assert!(text.starts_with("# pinflight.toml") && text.parse::<toml::Table>().is_ok(), "{text}");
    }
}
