//! `pinflight replay`: judge recordings, of one vantage or of several, with no network at all.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use pinflight_checks::recording::{Recording, SCHEMA};
use serde::Deserialize;

use crate::{
    cli::{Cli, ReplayArgs},
    commands::show::{self, Moments, Outputs},
    exit::Exit,
    settings,
};

/// Longer than a recording of a thousand servers.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

pub(super) fn run(cli: &Cli, args: &ReplayArgs) -> anyhow::Result<Exit> {
    let outputs = Outputs::new(cli, &args.output)?;
    let at = args.at.as_deref().map(settings::at).transpose()?;
    let recordings = args.files.iter().map(read).collect::<anyhow::Result<Vec<_>>>()?;
    of_one_set(&args.files, &recordings)?;
    let latest = recordings.iter().max_by_key(|recording| recording.taken_at).context("no recording is given")?;
    let mut policy = latest.policy.clone();
    show::select(&args.select, &mut policy)?;
    if let Some(max_age) = &args.max_age {
        policy.max_age = settings::max_age(max_age)?;
    }
    let moments = Moments { now: at.unwrap_or(latest.taken_at), judged_on: show::now() };
    show::conclude(&recordings, &policy, moments, &outputs)
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

pub(super) fn read(path: impl AsRef<Path>) -> anyhow::Result<Recording> {
    let path = path.as_ref();
    let name = path.display();
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(|| format!("cannot read {name}"))?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).with_context(|| format!("cannot read {name}"))?;
    if bytes.len() as u64 > MAX_BYTES {
        bail!("{name} is longer than any recording");
    }
    parse(&bytes).with_context(|| format!("{name} is no recording"))
}

fn parse(bytes: &[u8]) -> anyhow::Result<Recording> {
    #[derive(Deserialize)]
    struct Versioned {
        schema: String,
    }
    let Versioned { schema } = serde_json::from_slice(bytes).context("it is not JSON with a schema")?;
    if schema != SCHEMA {
        bail!("its schema is {schema:?}; this version reads {SCHEMA}");
    }
    Ok(serde_json::from_slice(bytes)?)
}
