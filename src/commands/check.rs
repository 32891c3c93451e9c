//! `pinflight check`: observe, judge, report.

use std::{
    io::{self, Write},
    path::Path,
};

use anyhow::Context;
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
        interrupt, redact,
        show::{self, Moments, Outputs},
        wait::{self, Rounds},
    },
    exit::Exit,
    observe::{
        self, Event, Job, Secrets,
        files::{self, Supplied},
        plan,
    },
    output,
    progress::Audience,
    recordings,
    settings::{self, ConfigError, ConfigErrors, Settings},
};

pub(super) fn run(cli: &Cli, args: &CheckArgs) -> anyhow::Result<Exit> {
    let outputs = Outputs::new(cli, &args.output)?;
    if let Some(path) = &args.record {
        output::can_be_written(path)?;
    }
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
    let supplied = load_files(&settings)?;
    let audience = outputs.audience(cli.quiet);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (recording, interrupted) = match settings.wait {
        Some(wait) => {
            wait::until_well(&runtime, &settings, &supplied, Rounds { wait, at, quiet: cli.quiet, audience })?
        }
        None => observe_until_interrupted(&runtime, &settings, supplied, show::now(), audience),
    };
    // The operating system's resolver cannot be cancelled: do not wait for it.
    runtime.shutdown_background();
    if let Some(path) = &args.record {
        if args.redact {
            keep(&redact::together(std::slice::from_ref(&recording))?.swap_remove(0), path)?;
        } else {
            keep(&recording, path)?;
        }
    }
    // The run itself is the moment of judging: however long it took, what it saw is not old.
    let moments = Moments { now: at.unwrap_or(recording.taken_at), judged_on: recording.taken_at };
    let exit = show::conclude(&[recording], &settings.policy, moments, &outputs)?;
    Ok(match exit {
        // A verdict cut short is never a good one, and monitoring systems know no other codes.
        Exit::Service(_) => exit,
        _ if interrupted => Exit::Interrupted,
        exit => exit,
    })
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
        hosts_file: observe::hosts::of_the_system(),
        secrets: Secrets { proxy_credentials: settings.proxy_credentials.clone() },
    }
}

pub(super) fn observe_until_interrupted(
    runtime: &Runtime,
    settings: &Settings,
    supplied: Supplied,
    now: Timestamp,
    audience: Audience,
) -> (Recording, bool) {
    let cancelled = interrupt::listen(runtime);
    let observing = observe::observe(job(settings, supplied, now), cancelled.clone(), audience.listener());
    let recording = runtime.block_on(observing);
    let interrupted = *cancelled.borrow();
    (recording, interrupted)
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

/// Writes a recording.
pub(super) fn keep(recording: &Recording, path: &Path) -> anyhow::Result<()> {
    output::to_file(path, |out| recordings::write(recording, path, out))
}

/// Progress is not shown.
pub(super) fn silent(_: Event) {}
