//! What README and guides show is what the program does.

mod common;

use std::fs;

use clap::Parser;
use pinflight::cli::Cli;

/// Ports, serial numbers, digests and dates differ from run to run, in digits and capital letters A to F.
fn without_numbers(line: &str) -> String {
    line.trim_end().chars().map(|c| if c.is_ascii_digit() || ('A'..='F').contains(&c) { '#' } else { c }).collect()
}

#[test]
fn the_readme_s_excerpt_is_real() {
    let readme = fs::read_to_string(common::project("README.md")).unwrap();
    let (_, excerpt) = readme.split_once("<!-- excerpt: begin -->\n```text\n").unwrap();
    let (excerpt, _) = excerpt.split_once("```\n<!-- excerpt: end -->").unwrap();
    let (command, shown) = excerpt.split_once('\n').unwrap();
    let arguments = shlex::split(command.strip_prefix("$ pinflight ").unwrap()).unwrap();
    let output = common::pinflight().args(arguments).arg("--quiet").output().unwrap();
    let real = String::from_utf8(output.stdout).unwrap();
    let real: Vec<String> = real.lines().map(without_numbers).collect();
    let mut behind = real.iter();
    for line in shown.lines().filter(|line| *line != "…") {
        assert!(
            behind.any(|real| *real == without_numbers(line)),
            "not in the real output, or not in this order: {line}"
        );
    }
    assert!(shown.lines().count() > 20);
}

#[test]
fn the_demo_is_ready_and_fits_on_one_screen() {
    let output = common::pinflight().args(["demo", "--width", "80"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(text.starts_with("READY  ") && text.lines().count() <= 48, "{text}");
}

#[test]
fn the_readme_has_the_two_commands() {
    let readme = fs::read_to_string(common::project("README.md")).unwrap();
    for command in ["\ncargo run --release -- demo\n", "\ncargo test --workspace\n"] {
        assert!(readme.contains(command), "{command}");
    }
}

#[test]
fn every_command_in_the_documents_is_understood() {
    let mut files = vec![common::project("README.md")];
    for folder in ["docs/guides", "docs/reference"] {
        files.extend(fs::read_dir(common::project(folder)).unwrap().map(|entry| entry.unwrap().path()));
    }
    let mut count = 0;
    for file in files {
        let text = fs::read_to_string(&file).unwrap().replace("\\\n", " ");
        for line in
            text.lines().map(|line| line.trim().trim_start_matches("$ ")).filter(|line| line.starts_with("pinflight "))
        {
            // A comment, a pipe, a redirection and what follows are the shell's.
            let command = line.split([';', '|', '>', '&']).next().unwrap();
            let command = command.split(" #").next().unwrap();
            let Some(words) = shlex::split(command) else { panic!("{}: {line}", file.display()) };
            let parsed = Cli::try_parse_from(words);
            let asks_for_help = parsed.as_ref().is_err_and(|error| !error.use_stderr());
            assert!(parsed.is_ok() || asks_for_help, "{}: {line}\n{}", file.display(), parsed.unwrap_err());
            count += 1;
        }
    }
    assert!(count > 15, "only {count} commands were found");
}
