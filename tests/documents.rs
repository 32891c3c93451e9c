//! What README and guides show is what the program does.

#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

use std::{collections::BTreeSet, fs, path::PathBuf};

use clap::Parser;
use pinflight::{cli::Cli, render};

/// Ports, serial numbers, digests and dates differ from run to run, in digits and capital letters A to F.
fn without_numbers(line: &str) -> String {
    line.trim_end().chars().map(|c| if c.is_ascii_digit() || ('A'..='F').contains(&c) { '#' } else { c }).collect()
}

/// What stands between the marks, each with its command on the first line.
fn excerpts(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for part in text.split("<!-- excerpt: begin -->\n```text\n").skip(1) {
        let (excerpt, _) = part.split_once("```\n<!-- excerpt: end -->").unwrap();
        let (command, shown) = excerpt.split_once('\n').unwrap();
        found.push((command.strip_prefix("$ pinflight ").unwrap().to_owned(), shown.to_owned()));
    }
    found
}

/// Every line that is shown is in the real output, in this order; `…` stands for lines left out, or for the rest of a line.
fn is_real(command: &str, shown: &str, real: &str) {
    let real: Vec<String> = real.lines().map(without_numbers).collect();
    let mut behind = real.iter();
    for line in shown.lines().filter(|line| line.trim() != "…") {
        let wanted = without_numbers(line);
        let fits = |real: &String| match wanted.strip_suffix('…') {
            Some(start) => real.starts_with(start),
            None => *real == wanted,
        };
        assert!(
            behind.any(fits),
            "{command}: not in the real output, or not in this order: {line}\n{}",
            real.join("\n")
        );
    }
}

#[test]
fn the_readme_s_excerpt_is_real() {
    let readme = fs::read_to_string(common::project("README.md")).unwrap();
    let excerpts = excerpts(&readme);
    let (command, shown) = &excerpts[0];
    assert!(excerpts.len() == 1 && shown.lines().count() > 20);
    let output = common::pinflight().args(shlex::split(command).unwrap()).arg("--quiet").output().unwrap();
    is_real(command, shown, &String::from_utf8(output.stdout).unwrap());
}

#[test]
fn every_format_is_described_with_a_real_sample() {
    let page = fs::read_to_string(common::project("docs/reference/formats.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut described = BTreeSet::new();
    let mut run = BTreeSet::new();
    for (command, shown) in excerpts(&page) {
        let (words, format) = command.split_once(" -o ").unwrap();
        let file = |format: &str| folder.path().join(format!("{}.{format}", words.replace(' ', "_")));
        // One run writes all formats of a report.
        if run.insert(words.to_owned()) {
            let reports =
                render::formats().iter().map(|one| format!("--report={}={}", one.id(), file(one.id()).display()));
            let words = shlex::split(words).unwrap();
            common::pinflight().args(words).args(reports).args(["-q", "-o", "short"]).output().unwrap();
        }
        is_real(&command, &shown, &fs::read_to_string(file(format)).unwrap());
        described.insert(format.to_owned());
    }
    for format in render::formats().iter().map(|format| format.id()) {
        assert!(page.contains(&format!("\n## {format}\n")), "{format} has no section");
        assert!(described.contains(format), "{format} has no sample");
    }
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

/// README, guides and reference.
fn documents() -> Vec<PathBuf> {
    let mut files = vec![common::project("README.md")];
    for folder in ["docs/guides", "docs/reference"] {
        files.extend(fs::read_dir(common::project(folder)).unwrap().map(|entry| entry.unwrap().path()));
    }
    files
}

#[test]
fn every_command_in_the_documents_is_understood() {
    let mut count = 0;
    for file in documents() {
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

#[test]
fn every_link_between_documents_leads_somewhere() {
    let mut found = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        let folder = document.parent().unwrap();
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        let ours = targets.filter(|target| !target.is_empty() && !target.contains(':') && !target.contains(' '));
        found.extend(
            ours.filter(|target| !folder.join(target).exists())
                .map(|target| format!("{}: {target}", document.display())),
        );
    }
    assert!(found.is_empty(), "{found:#?}");
}
