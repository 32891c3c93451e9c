//! `pinflight check`: observe, judge, report.

use std::{collections::BTreeMap, io::Write};

use pinflight_checks::{recording::Recording, registry};
use tokio::sync::watch;

use crate::{
    cli::{CheckArgs, Cli},
    commands::show::{self, Outputs},
    exit::Exit,
    observe::{self, Job, Secrets, files},
    output, progress,
    settings::{self, Settings},
};

pub(super) fn run(cli: &Cli, args: &CheckArgs) -> anyhow::Result<Exit> {
    let outputs = Outputs::new(cli, &args.output)?;
    if let Some(path) = &args.record {
        show::must_have_folder(path)?;
    }
    let settings = settings::load(args, &show::environment, &registry::ids())?;
    if args.plan {
        output::to_stdout(|out| write_plan(&settings, out))?;
        return Ok(Exit::Ready);
    }
    let supplied = load_files(&settings)?;
    let now = show::now();
    let (recording, interrupted) = observe_until_interrupted(&settings, supplied, now, cli.quiet)?;
    let recordings = [recording];
    if let Some(path) = &args.record {
        output::to_file(path, |out| write_recording(&recordings[0], out))?;
    }
    let exit = show::conclude(&recordings, &settings.policy, now, &outputs)?;
    Ok(if interrupted { Exit::Interrupted } else { exit })
}
