//! What `pinflight completions` and `pinflight man` give to a shell and to `man`, tried by those.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;
#[cfg(target_os = "linux")]
#[path = "common/terminal.rs"]
mod terminal;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use clap::CommandFactory;
use pinflight::cli::{self, Cli};

const SHELLS: [&str; 5] = ["bash", "elvish", "fish", "powershell", "zsh"];

fn completions(shell: &str) -> String {
    let output = common::pinflight().args(["completions", shell]).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty());
    String::from_utf8(output.stdout).unwrap()
}

/// A folder with the script of a shell in it.
fn folder_with(shell: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("script");
    fs::write(&script, completions(shell)).unwrap();
    (folder, script)
}

/// What a command prints; it must succeed, and complain of nothing.
fn printed(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && said.is_empty(), "{command:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// A shell with nothing of the caller's environment.
fn shell(program: &str, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", home).env("LC_ALL", "C.UTF-8").current_dir(home);
    command
}

/// What is typed, its last word unfinished; what must be offered, what must not.
const TYPED: &[(&[&str], &[&str], &[&str])] = &[
    (&[""], &["check", "init", "completions", "--version"], &["certificate/expiry"]),
    (&["che"], &["check"], &["init"]),
    (&["explain", "certificate/ex"], &["certificate/expiry"], &["certificate/path"]),
    (&["check", "--from", ""], &["console", "device-services", "discovery", "device"], &["--from"]),
    (&["check", "--only", "pins/"], &["pins/cover-every-server", "pins/well-formed"], &["csr/key-and-signature"]),
    (&["check", "--mo"], &["--mode"], &["--max-time"]),
    (&["check", "-o", "j"], &["json", "jsonl", "junit"], &["table"]),
    (&["pins", "-o", ""], &["table", "json"], &["junit"]),
    (&["demo", "--fault", "device-services-uri-"], &["device-services-uri-number"], &["healthy"]),
    (&["completions", ""], &["bash", "zsh", "fish", "powershell", "elvish"], &["check"]),
    (&["init", "--mode", "on"], &["on-premises"], &["cloud"]),
];

fn is_offered(shell: &str, typed: &[&str], offered: &BTreeSet<String>, wanted: &[&str], unwanted: &[&str]) {
    for word in wanted {
        assert!(offered.contains(*word), "{shell}, {typed:?}: no {word} in {offered:?}");
    }
    for word in unwanted {
        assert!(!offered.contains(*word), "{shell}, {typed:?}: {word} in {offered:?}");
    }
}

#[test]
fn bash_completes_commands_flags_ids_formats_and_faults() {
    let (folder, script) = folder_with("bash");
    // As readline calls it: the command, the word, the one before it.
    let offer = "source \"$1\" && complete -p pinflight >/dev/null && shift && COMP_WORDS=(pinflight \"$@\") && \
                 COMP_CWORD=$# && _pinflight pinflight \"${COMP_WORDS[$#]}\" \"${COMP_WORDS[$#-1]}\" && \
                 printf '%s\\n' \"${COMPREPLY[@]}\"";
    for (typed, wanted, unwanted) in TYPED {
        let offered =
            printed(shell("bash", folder.path()).args(["--norc", "-c", offer, "bash"]).arg(&script).args(*typed));
        let offered = offered.lines().map(str::to_owned).collect();
        is_offered("bash", typed, &offered, wanted, unwanted);
    }
}

#[test]
fn a_file_is_completed_where_a_file_belongs() {
    let (folder, script) = folder_with("bash");
    fs::write(folder.path().join("site-a.toml"), "").unwrap();
    // Outside readline there is no completion to set options of.
    let offer = "compopt() { :; }; source \"$1\" && shift && COMP_WORDS=(pinflight \"$@\") && COMP_CWORD=$# && \
                 _pinflight pinflight \"${COMP_WORDS[$#]}\" \"${COMP_WORDS[$#-1]}\" && printf '%s\\n' \"${COMPREPLY[@]}\"";
    for typed in [["check", "--config", "site"], ["check", "--cacert", "site"], ["check", "--certificate", "site"]] {
        let offered =
            printed(shell("bash", folder.path()).args(["--norc", "-c", offer, "bash"]).arg(&script).args(typed));
        assert_eq!(offered, "site-a.toml\n", "{typed:?}");
    }
}

#[test]
fn every_shell_is_given_every_command() {
    let commands: Vec<&str> = cli::groups().iter().flat_map(|(_, names)| names.iter().copied()).collect();
    for shell in SHELLS {
        let script = completions(shell);
        for command in &commands {
            assert!(script.contains(command), "{shell}: no {command}");
        }
        let has_words = ["certificate/same-everywhere", "device-services-uri-number"].map(|word| script.contains(word));
        assert_eq!(has_words, [matches!(shell, "bash" | "fish" | "zsh"); 2], "{shell}");
    }
}

#[test]
#[ignore = "needs fish; .ci/run installs it"]
fn shells_fish_completes_the_same() {
    let (folder, script) = folder_with("fish");
    for (typed, wanted, unwanted) in TYPED {
        let line = format!("pinflight {}", typed.join(" "));
        let program = format!("source {}; complete --do-complete '{line}'", script.display());
        let offered = printed(shell("fish", folder.path()).args(["--no-config", "-c", &program]));
        let offered = offered.lines().filter_map(|line| line.split('\t').next()).map(str::to_owned).collect();
        // It offers flags behind a hyphen alone.
        let wanted: Vec<&str> =
            wanted.iter().copied().filter(|word| typed.last() != Some(&"") || !word.starts_with('-')).collect();
        is_offered("fish", typed, &offered, &wanted, unwanted);
    }
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "needs zsh; .ci/run installs it"]
fn shells_zsh_completes_what_is_typed() {
    use terminal::Terminal;
    let (folder, script) = folder_with("zsh");
    printed(shell("zsh", folder.path()).args(["-f", "-n"]).arg(&script));
    let mut zsh = Command::new("zsh");
    zsh.args(["-f", "-i"]).env("HOME", folder.path()).env("PS1", "ready> ").current_dir(folder.path());
    let mut terminal = Terminal::new(&zsh, 60);
    // In place of the program: what is run is what was completed.
    let program = "pinflight() { print -r -- \"run: $*.\" }";
    let script = script.display();
    terminal.answer("ready> ", &format!("autoload -Uz compinit; compinit -u -D; source {script}; {program}"));
    for (typed, completed) in [
        ("chec", "check"),
        ("explain certificate/exp", "explain certificate/expiry"),
        ("demo --fault device-services-uri-numb", "demo --fault device-services-uri-number"),
        ("check --from disc", "check --from discovery"),
        ("pins -o js", "pins -o json"),
    ] {
        terminal.answer("ready> ", &format!("pinflight {typed}\t"));
        terminal.expect(&format!("run: {completed}."));
    }
    terminal.answer("ready> ", "exit");
    assert!(terminal.end().0.success());
}

/// All pages, by name.
fn pages(folder: &Path) -> BTreeSet<String> {
    let output = common::pinflight().arg("man").arg(folder).output().unwrap();
    assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty());
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn every_command_has_its_page_with_every_section() {
    let folder = tempfile::tempdir().unwrap();
    let pages = pages(&folder.path().join("man1"));
    let commands = cli::groups().iter().flat_map(|(_, names)| names.iter()).filter(|name| **name != "help");
    let expected: BTreeSet<String> =
        commands.map(|name| format!("pinflight-{name}.1")).chain(["pinflight.1".to_owned()]).collect();
    assert_eq!(pages, expected);
    let text = |page: &str| fs::read_to_string(folder.path().join("man1").join(page)).unwrap();
    for page in &pages {
        let text = text(page);
        for section in
            ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "ENVIRONMENT", "EXAMPLES", "SEE ALSO"]
        {
            let heading = [format!("\n.SH {section}\n"), format!("\n.SH \"{section}\"\n")];
            let (_, body) = heading
                .iter()
                .find_map(|heading| text.split_once(heading))
                .unwrap_or_else(|| panic!("{page}: {section}"));
            assert!(!body.starts_with(".SH"), "{page}: {section} is empty");
        }
        assert!(text.is_ascii(), "{page}");
        assert_eq!(text, fs::read_to_string(folder.path().join("man1").join(page)).unwrap());
    }
    let check = text("pinflight-check.1");
    assert!(check.contains("PINFLIGHT_TRUST_SERVICE_URL") && check.contains("pinflight.toml"), "{check}");
    // The whole one goes to standard output, and is the same.
    let whole = common::pinflight().arg("man").output().unwrap();
    assert_eq!(String::from_utf8(whole.stdout).unwrap(), text("pinflight.1"));
}

#[test]
fn every_flag_stands_in_its_page() {
    let folder = tempfile::tempdir().unwrap();
    pages(folder.path());
    let mut whole = Cli::command();
    whole.build();
    for command in whole.get_subcommands().filter(|command| command.get_name() != "help") {
        let page = format!("pinflight-{}.1", command.get_name());
        let text = fs::read_to_string(folder.path().join(&page)).unwrap().replace('\\', "");
        for flag in command.get_arguments().filter_map(|arg| arg.get_long()) {
            assert!(text.contains(&format!("--{flag}")), "{page}: --{flag}");
        }
    }
}

#[test]
#[ignore = "needs man, groff and mandoc; .ci/run installs them"]
fn manuals_are_without_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    for page in pages(folder.path()) {
        let path = folder.path().join(&page);
        printed(Command::new("groff").args(["-ww", "-z", "-man", "-Tascii"]).arg(&path));
        let mandoc = Command::new("mandoc").args(["-T", "lint", "-W", "warning"]).arg(&path).output().unwrap();
        let told = String::from_utf8(mandoc.stdout).unwrap();
        // A page without a date is one that two builds make alike.
        let told: Vec<&str> = told.lines().filter(|line| !line.contains("missing date")).collect();
        assert!(told.is_empty(), "{told:?}");
        let mut man = Command::new("man");
        man.args(["--warnings", "-E", "UTF-8", "--local-file", "-P", "cat"]).arg(&path);
        let shown = printed(man.env("MANWIDTH", "80").env("MAN_KEEP_FORMATTING", ""));
        let name = page.trim_end_matches(".1");
        assert!(shown.to_ascii_uppercase().starts_with(&format!("{}(1)", name.to_ascii_uppercase())), "{shown}");
        let long = shown.lines().find(|line| line.chars().count() > 80);
        assert_eq!(long, None, "{page}");
    }
}
