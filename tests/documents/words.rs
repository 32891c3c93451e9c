//! Words of the documents against the program: commands, flags, codes, checks.

use std::collections::BTreeSet;

use clap::{CommandFactory, Parser};
use pinflight::{cli::Cli, exit::Exit, render::Service};
use serde_json::Value;

use super::{common, page::Page};

#[test]
fn every_command_in_the_documents_is_understood() {
    let mut count = 0;
    for page in Page::all() {
        let mut commands = page.spans();
        for block in page.blocks() {
            commands.extend(block.text.replace("\\\n", " ").lines().map(str::to_owned));
        }
        for line in commands.iter().map(|line| line.trim().trim_start_matches("$ ")) {
            // A comment, a pipe, a redirection and what follows are the shell's.
            let command = line.split([';', '|', '>', '&']).next().unwrap().split(" #").next().unwrap();
            let Some(behind) = command.strip_prefix("pinflight ") else { continue };
            // One that stands for all, and what GitHub fills in: it is run with that.
            if behind.starts_with("COMMAND") || behind.contains("${{") {
                continue;
            }
            let Some(words) = shlex::split(command) else { panic!("{}: {line}", page.name) };
            // Seen in reports only: `pinflight 0.1.0: …`.
            if words[1].starts_with(|c: char| c.is_ascii_digit()) {
                continue;
            }
            // Named, and not shown how it is called.
            if words.len() == 2 && Cli::command().find_subcommand(&words[1]).is_some() {
                continue;
            }
            let parsed = Cli::try_parse_from(words);
            let asks_for_help = parsed.as_ref().is_err_and(|error| !error.use_stderr());
            assert!(parsed.is_ok() || asks_for_help, "{}: {line}\n{}", page.name, parsed.unwrap_err());
            count += 1;
        }
    }
    assert!(count > 150, "only {count} commands were found");
}

#[test]
fn every_command_has_its_row() {
    let page = Page::of("docs/reference/commands.md");
    let rows: BTreeSet<&str> =
        page.text.lines().filter_map(|line| line.strip_prefix("| `pinflight ")?.split('`').next()).collect();
    let cli = Cli::command();
    let commands: BTreeSet<&str> =
        cli.get_subcommands().filter(|command| !command.is_hide_set()).map(clap::Command::get_name).collect();
    assert_eq!(rows, commands);
}

#[test]
fn every_check_has_its_row_in_the_order_of_the_report() {
    let page = Page::of("docs/reference/checks.md");
    let rows: Vec<&str> = page.text.lines().filter(|line| line.starts_with("| [")).collect();
    let listed = common::pinflight().args(["list", "-o", "json"]).output().unwrap();
    let checks: Vec<Value> = serde_json::from_slice(&listed.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    assert_eq!(rows.len(), checks.len());
    let expected = checks.iter().map(|check| {
        let steps: Vec<String> = check["steps"].as_array().unwrap().iter().map(text).collect();
        let steps = if steps.is_empty() { "–".to_owned() } else { steps.join(", ") };
        format!("| [{id}](../checks/{id}.md) | {steps} | {} |", text(&check["title"]), id = text(&check["id"]))
    });
    for (row, expected) in rows.into_iter().zip(expected) {
        assert_eq!(row, expected);
    }
}

#[test]
fn every_exit_code_has_its_row() {
    let page = Page::of("docs/reference/exit-codes.md");
    let codes = |section: &str| -> Vec<u8> {
        let rows = section.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse().ok());
        rows.collect()
    };
    let (own, rest) = page.text.split_once("\n## nagios\n").unwrap();
    let (nagios, others) = rest.split_once("\n## ").unwrap();
    let known = [
        Exit::Ready,
        Exit::NotReady,
        Exit::Usage,
        Exit::Incomplete,
        Exit::Warnings,
        Exit::Interrupted,
        Exit::Terminated,
    ]
    .map(Exit::code);
    assert_eq!(codes(own), known);
    let services = [Service::Ok, Service::Warning, Service::Critical, Service::Unknown];
    assert_eq!(codes(nagios), services.map(|service| service as u8));
    // Those with a report have the codes above.
    let cli = Cli::command();
    for command in cli.get_subcommands().map(clap::Command::get_name) {
        let names = |text: &str| text.contains(&format!("`{command}`"));
        assert!(names(own) || names(others), "{command} has no exit codes");
    }
}
