//! `pinflight replay` and `pinflight merge`: judge recordings, of one vantage or of several, with no network at all.

use std::path::PathBuf;

use anyhow::{Context, bail};
use pinflight_checks::recording::Recording;

use crate::{
    cli::{Cli, JudgedArgs},
    commands::show::{self, Moments, Outputs},
    exit::Exit,
    recordings, settings,
};

pub(super) fn run(cli: &Cli, files: &[PathBuf], args: &JudgedArgs) -> anyhow::Result<Exit> {
    let outputs = Outputs::new(cli, &args.output, None)?;
    outputs.replace_none_of(files, None)?;
    let at = args.at.as_deref().map(settings::at).transpose()?;
    let mut recordings = recordings::read_all(files)?;
    of_one_set(files, &recordings)?;
    // The order of the files says nothing.
    recordings.sort_by_key(|recording| (recording.vantage, recording.taken_at));
    let latest = recordings.iter().max_by_key(|recording| recording.taken_at).context("no recording is given")?;
    let mut policy = latest.policy.clone();
    show::select(&args.select, &mut policy)?;
    if let Some(max_age) = &args.max_age {
        policy.max_age = settings::max_age(max_age)?;
    }
    let moments = Moments { now: at.unwrap_or(latest.taken_at), judged_on: show::now() };
    let mut report = show::judged(&recordings, &policy, moments)?;
    report.run.replayed = true;
    show::finish(&report, &policy, &outputs, Ok(()))
}

/// Refuses recordings whose stand-ins mean different things.
pub(super) fn of_one_set(files: &[PathBuf], recordings: &[Recording]) -> anyhow::Result<()> {
    let set = |recording: &Recording| recording.facts.as_ref().map(|facts| facts.set.clone());
    let mut sets = files.iter().zip(recordings.iter().map(set));
    let Some((first, expected)) = sets.next() else { return Ok(()) };
    if let Some((other, _)) = sets.find(|(_, set)| *set != expected) {
        bail!(
            "{} and {} were not redacted together: what stands for a name in one means something else in the other\n  \
             fix: give the originals to one run of pinflight redact",
            first.display(),
            other.display()
        );
    }
    Ok(())
}
