//! `pinflight diff`: what was mended, what broke and what changed between two runs. No network.

use std::path::Path;

use anyhow::ensure;
use pinflight_checks::{
    diff::{self, Answer, Side},
    recording::Recording,
    report,
};
use serde::Deserialize;

use crate::{
    cli::{Cli, DiffArgs},
    commands::{replay, show},
    exit::Exit,
    output, recordings, render,
};

pub(super) fn run(cli: &Cli, args: &DiffArgs) -> anyhow::Result<Exit> {
    let ((old, before), (new, after)) = (side(&args.old)?, side(&args.new)?);
    if let (Some(before), Some(after)) = (before, after) {
        replay::of_one_set(&[args.old.clone(), args.new.clone()], &[before, after])?;
    }
    let difference = diff::compare(&old, &new).map_err(|unrelated| {
        let told = render::for_terminal(&unrelated.to_string());
        anyhow::anyhow!("{told}\n  fix: give two runs of one deployment")
    })?;
    let style = show::style(cli, args.output.width, args.output.ascii);
    output::to_stdout(|out| match args.output.output.as_str() {
        "json" => render::write_json(&difference, out),
        _ => render::difference(&difference, &style, out),
    })?;
    Ok(match difference.outcome {
        Answer::Worse => Exit::NotReady,
        Answer::NothingWorse | Answer::NothingDifferent => Exit::Ready,
    })
}

/// A report as it stands; anything else is a recording, which is handed back too, or nothing that can be compared.
fn side(path: &Path) -> anyhow::Result<(Side, Option<Recording>)> {
    #[derive(Deserialize)]
    struct Versioned {
        schema: String,
    }
    let name = render::for_terminal(&path.display().to_string());
    let written_by = "name a file that was written by: pinflight check --record FILE, or --report json=FILE";
    let bytes = recordings::bytes_of(path).map_err(|error| recordings::cannot_read(&name, &error, written_by))?;
    // Longer than the report of a thousand servers is no report either.
    ensure!(
        bytes.len() as u64 <= recordings::MAX_BYTES,
        "{name} is longer than any report\n  fix: name a report or a recording"
    );
    let is_report = serde_json::from_slice::<Versioned>(&bytes).is_ok_and(|file| file.schema == report::SCHEMA);
    let refused = |refused: diff::Refused| {
        let told = render::for_terminal(&refused.to_string());
        anyhow::anyhow!("{name} is of no use: {told}")
    };
    if is_report {
        return Ok((Side::of_report(&name, &bytes).map_err(refused)?, None));
    }
    let recording = recordings::from_bytes(&bytes).map_err(|refusal| {
        let told = render::for_terminal(&refusal.to_string());
        let fix = refusal.fix();
        anyhow::anyhow!("{name} is neither a report (-o json) nor a recording (--record): {told}\n  fix: {fix}")
    })?;
    Ok((Side::of_recording(&name, &recording).map_err(refused)?, Some(recording)))
}
