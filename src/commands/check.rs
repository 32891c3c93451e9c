//! `pinflight check`: observe, judge, report.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use pinflight_checks::{
    recording::{FileUse, Recording},
    redact::can_redact,
    registry,
    time::Timestamp,
};
use tokio::runtime::Runtime;

use crate::{
    cli::{CheckArgs, Cli},
    commands::{
        redact,
        show::{self, Moments, Outputs},
        wait::{self, Rounds},
    },
    exit::Exit,
    interrupt::Interrupts,
    observe::{
        self, Event, Job, Secrets,
        descriptors::{self, Shortage},
        files::{self, Supplied},
        plan,
    },
    output, platform,
    progress::Audience,
    recordings,
    settings::{self, ConfigError, ConfigErrors, Settings},
};

pub(super) fn run(cli: &Cli, args: &CheckArgs, interrupts: &Interrupts) -> anyhow::Result<Exit> {
    // From the first moment on, Ctrl-C is answered by a report.
    interrupts.heed();
    let outputs = Outputs::new(cli, &args.output, args.record.as_deref())?;
    let at = args.at.as_deref().map(settings::at).transpose()?;
    let settings = settings::load(args, &show::environment, &settings::read, &registry::ids())?;
    if args.plan {
        output::to_stdout(|out| {
            write_plan(&settings, out)?;
            settings.wait.map_or(Ok(()), |wait| wait::write_plan(wait, settings.vantage, out))
        })?;
        return Ok(Exit::Ready);
    }
    if args.redact {
        can_redact(&settings.deployment).context("what is declared cannot be redacted")?;
    }
    heed_descriptors(settings.deployment.network.jobs, cli.quiet)?;
    let supplied = load_files(&settings)?;
    let mut read = settings.files.clone();
    read.extend(supplied.files.iter().map(|file| PathBuf::from(&file.path)));
    outputs.replace_none_of(&read, args.record.as_deref())?;
    let audience = outputs.audience(cli.quiet);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let recording = match settings.wait {
        Some(wait) => {
            let rounds = Rounds { wait, at, quiet: cli.quiet, audience };
            wait::until_well(&runtime, &settings, &supplied, rounds, interrupts)?
        }
        None => observe_until_interrupted(&runtime, &settings, supplied, show::now(), audience, interrupts),
    };
    // The operating system's resolver cannot be cancelled: do not wait for it.
    runtime.shutdown_background();
    // A report that was seen is shown, be the recording written or not.
    let kept = args.record.as_deref().map_or(Ok(()), |path| {
        if !args.redact {
            return keep(&recording, path);
        }
        keep(&redact::together(std::slice::from_ref(&recording))?.swap_remove(0), path)
    });
    // The run itself is the moment of judging: however long it took, what it saw is not old.
    let moments = Moments { now: at.unwrap_or(recording.taken_at), judged_on: recording.taken_at };
    let report = show::judged(&[recording], &settings.policy, moments)?;
    let exit = show::finish(&report, &settings.policy, &outputs, kept)?;
    Ok(match exit {
        // A verdict cut short is never a good one, and monitoring systems know no other codes.
        Exit::Service(_) => exit,
        // Whenever it came, though it be while all that was seen was written.
        exit => interrupts.exit().unwrap_or(exit),
    })
}

/// Tells where fewer conversations are held at once than were asked for, and refuses where there could be none.
pub(super) fn heed_descriptors(jobs: usize, quiet: bool) -> anyhow::Result<()> {
    let Some(Shortage { limit, enough_for, needed }) = descriptors::shortage(jobs) else { return Ok(()) };
    if enough_for == 0 {
        bail!(
            "this process may open {limit} files at once, too few to ask anybody\n  fix: raise the limit: ulimit -n {needed}"
        );
    }
    if !quiet {
        output::note(&format!(
            "pinflight: this process may open {limit} files at once, enough for {enough_for} conversations instead of {jobs}: it \
             will take longer\n  fix: raise the limit: ulimit -n {needed}, or ask fewer at once: --jobs {enough_for}"
        ));
    }
    Ok(())
}

/// Reads every file that the configuration names; what cannot be understood is a mistake in the configuration.
pub(super) fn load_files(settings: &Settings) -> Result<Supplied, ConfigErrors> {
    files::load(&settings.deployment).map_err(|errors| {
        let told = errors.into_iter().map(|error| {
            let origin = settings.origins.of_file(error.used_as, &error.path);
            let (problem, fix) = error.problem.split_once("; ").unwrap_or((&error.problem, "name another file"));
            ConfigError::new(origin, key(error.used_as), Some(&error.path), problem, fix)
        });
        ConfigErrors(told.collect())
    })
}

fn key(used_as: FileUse) -> &'static str {
    match used_as {
        FileUse::Uploaded => "device_services.certificates",
        FileUse::Next => "device_services.next_certificates",
        FileUse::TrustServiceCertificate => "trust_service.certificate",
        FileUse::TrustServiceCsr => "trust_service.csr",
        FileUse::SigningRoot => "trust_service.signing_root",
        FileUse::CaFile => "trust.ca_files",
    }
}

/// What to observe, as the settings have it.
pub(super) fn job(settings: &Settings, supplied: Supplied, now: Timestamp) -> Job {
    Job {
        vantage: settings.vantage,
        deployment: settings.deployment.clone(),
        policy: settings.policy.clone(),
        now,
        supplied,
        hosts_file: platform::hosts_file(),
        secrets: Secrets { proxy_credentials: settings.proxy_credentials.clone() },
    }
}

pub(super) fn observe_until_interrupted(
    runtime: &Runtime,
    settings: &Settings,
    supplied: Supplied,
    now: Timestamp,
    audience: Audience,
    interrupts: &Interrupts,
) -> Recording {
    runtime.block_on(observe::observe(job(settings, supplied, now), interrupts.heed(), audience.listener()))
}

pub(super) fn write_plan(settings: &Settings, out: &mut dyn Write) -> io::Result<()> {
    let questions = plan::plan(settings.vantage, &settings.deployment);
    let count = match questions.len() {
        1 => "1 question".to_owned(),
        several => format!("{several} questions"),
    };
    writeln!(out, "{count} would be asked from {}:", settings.vantage)?;
    for question in questions {
        writeln!(out, "  {}", question.ask)?;
        if let Some(condition) = question.condition {
            writeln!(out, "      {condition}")?;
        }
    }
    Ok(())
}

/// Writes a recording; one that stands there is replaced.
pub(super) fn keep(recording: &Recording, path: &Path) -> anyhow::Result<()> {
    output::to_file(path, |out| recordings::write(recording, path, out))
}

/// Writes a recording under a name that is not the user's choice: whatever stands there stays.
pub(super) fn keep_new(recording: &Recording, path: &Path) -> anyhow::Result<()> {
    let written = output::to_new_file(path, |out| recordings::write(recording, path, out));
    written.map_err(|error| output::cannot_write(path, &error))
}

/// Progress is not shown.
pub(super) fn silent(_: Event) {}
