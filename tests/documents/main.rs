//! What README and docs/ show is what the program does, and the book that is made of them is whole.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod alerts;
mod bench;
mod blocks;
#[path = "../common/mod.rs"]
mod common;
mod html;
mod links;
mod output;
mod page;
#[path = "../common/tls.rs"]
mod tls;
mod words;

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    sync::atomic::Ordering,
};

use pinflight::render;

use self::{
    bench::{Bench, Others},
    page::Page,
};

#[test]
fn what_is_shown_is_real() {
    let problems = blocks::problems(&Bench::new(Others::StandIns), &Page::all());
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
#[ignore = "needs curl, jq and xxd (.ci/run installs them)"]
fn what_is_piped_into_other_programs_is_real() {
    let mut pages = Page::all();
    pages.retain(|page| page.blocks().iter().any(|block| bench::OTHERS.iter().any(|name| block.text.contains(name))));
    assert!(pages.len() > 5);
    let problems = blocks::problems(&Bench::new(Others::Run), &pages);
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn what_waiting_says_is_real() {
    let block = Page::of("docs/reference/wait.md").blocks().into_iter().find(|block| block.language == "text").unwrap();
    let (command, shown) = block.text.split_once('\n').unwrap();
    let words = shlex::split(command.strip_prefix("$ pinflight ").unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let shut = bench::scenario("console-to-discovery-opened-since");
    let running = runtime.block_on(pinflight_fixtures::raise(shut, folder.path())).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_pinflight"))
        .env_clear()
        .args(words)
        // Longer than a round takes on a slow machine: of one that is late, another sentence is told.
        .args(["--interval", "5s", "--config"])
        .arg(&running.configurations["console"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = String::new();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        let line = line.unwrap();
        if line.starts_with("round 1, ") {
            running.since.as_ref().unwrap().store(true, Ordering::Release);
        }
        // A round takes the whole interval where the machine is busy.
        told += &(line.replace("; again at once", "; again in 1 s") + "\n");
    }
    assert!(child.wait().unwrap().success(), "{told}");
    runtime.block_on(running.stop());
    assert_eq!(output::first_invented(shown, &told), None, "{told}");
}

#[test]
fn every_format_has_a_section_with_a_sample() {
    let page = Page::of("docs/reference/formats.md");
    let mut described = BTreeSet::new();
    for block in page.blocks() {
        described
            .extend(block.text.lines().next().and_then(|line| line.rsplit_once(" -o ")).map(|(_, id)| id.to_owned()));
    }
    for format in render::formats().iter().map(|format| format.id()) {
        assert!(page.text.contains(&format!("\n## {format}\n")), "{format} has no section");
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
fn the_readme_has_the_two_commands_and_shows_a_report() {
    let readme = Page::of("README.md");
    let blocks = readme.blocks();
    for command in ["cargo run --release -- demo\n", "cargo test --workspace\n"] {
        assert!(blocks.iter().any(|block| block.text == command), "{command}");
    }
    let samples: Vec<_> = blocks.iter().filter(|block| block.language == "text").collect();
    assert!(samples.len() == 1 && samples[0].text.lines().count() > 20);
}
