//! `pinflight redact`: recordings with stand-ins for every name, address, serial number and key, judged as they were.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use data_encoding::HEXLOWER;
use pinflight_checks::{recording::Recording, redact::redact};
use ring::rand::{SecureRandom, SystemRandom};

use crate::{
    cli::{Cli, RedactArgs},
    commands::{check, replay},
    exit::Exit,
    output, recordings, render,
};

pub(super) fn run(cli: &Cli, args: &RedactArgs) -> anyhow::Result<Exit> {
    let targets = targets(&args.files, &args.to)?;
    let recordings = recordings::read_all(&args.files)?;
    replay::of_one_set(&args.files, &recordings)?;
    let redacted = together(&recordings)?;
    fs::create_dir_all(&args.to).with_context(|| format!("cannot make the folder {}", args.to.display()))?;
    for (recording, path) in redacted.iter().zip(&targets) {
        check::keep_new(recording, path)?;
        if !cli.quiet {
            output::note(&format!("{} written", render::for_terminal(&path.display().to_string())));
        }
    }
    Ok(Exit::Ready)
}

/// The same name has the same stand-in in all of them.
pub(super) fn together(recordings: &[Recording]) -> anyhow::Result<Vec<Recording>> {
    let mut set = [0; 16];
    SystemRandom::new().fill(&mut set).ok().context("the operating system gives no random numbers")?;
    redact(recordings, &HEXLOWER.encode(&set)).context("this recording cannot be redacted")
}

/// Where each goes; no original is ever overwritten.
fn targets(files: &[PathBuf], folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut targets = BTreeSet::new();
    let target = |file: &PathBuf| {
        let name = file.file_name().with_context(|| format!("{} is no file", file.display()))?;
        let target = folder.join(name);
        // A link that leads nowhere is somebody's, too.
        if target.symlink_metadata().is_ok() {
            bail!("{} is there already\n  fix: name another folder with --to", target.display());
        }
        // Windows and macOS tell no case.
        if !targets.insert(name.to_ascii_lowercase()) {
            bail!("two files are called {}\n  fix: give them different names", name.display());
        }
        Ok(target)
    };
    files.iter().map(target).collect()
}
