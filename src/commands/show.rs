//! How a report reaches the user: style, formats, files, exit code. And the commands that only print.

use std::{
    io::{IsTerminal, stderr, stdout},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::ColorChoice;
use pinflight_checks::{
    check::{Case, Meta},
    deployment::{FailOn, Policy},
    judge,
    recording::Recording,
    registry::{self, CHECKS},
    report::Report,
    time::Timestamp,
};

use crate::{
    cli::{Cli, ExplainArgs, ListArgs, OutputArgs, SelectArgs},
    commands::{explain, list},
    exit::Exit,
    output,
    progress::Audience,
    render::{self, Renderer, Service, Show, Style},
    settings::{self, ConfigErrors},
};

/// Where and how a report is shown, checked before anything is asked.
pub(super) struct Outputs {
    style: Style,
    stdout: &'static dyn Renderer,
    files: Vec<(&'static dyn Renderer, PathBuf)>,
}

impl Outputs {
    /// `record`: a file that is written beside the reports.
    pub(super) fn new(cli: &Cli, args: &OutputArgs, record: Option<&Path>) -> anyhow::Result<Self> {
        let mut files = Vec::new();
        for report in &args.report {
            let Some((format, path)) = report.split_once('=').filter(|(_, path)| !path.is_empty()) else {
                bail!("--report {report}: write it as FORMAT=FILE, for example json=report.json");
            };
            files.push((render::by_name(format)?, PathBuf::from(path)));
        }
        let paths = || files.iter().map(|(_, path)| path.as_path()).chain(record);
        paths().try_for_each(output::can_be_written)?;
        output::are_apart(paths())?;
        let show = match args.show.as_deref() {
            Some("all") => Show::All,
            Some("failures") => Show::Failures,
            _ => Show::Findings,
        };
        let style = Style { show, ..style(cli, args.width, args.ascii) };
        Ok(Self { style, stdout: render::by_name(&args.output)?, files })
    }

    /// Refuses to write where something is read.
    pub(super) fn replace_none_of(&self, inputs: &[PathBuf], record: Option<&Path>) -> anyhow::Result<()> {
        output::replace_none_of(inputs, self.files.iter().map(|(_, path)| path.as_path()).chain(record))
    }

    /// Writes the report everywhere it was asked for: where it cannot be, it still is elsewhere. `kept`: what came of what is
    /// written beside it.
    fn write(&self, report: &Report, kept: anyhow::Result<()>) -> anyhow::Result<()> {
        let plain = Style { color: false, ..self.style };
        let to_file = |(format, path): &(&'static dyn Renderer, PathBuf)| {
            output::to_file(path, |out| format.render(report, &plain, out))
        };
        let written = self.files.iter().map(to_file).chain([kept]);
        let mut problems: Vec<anyhow::Error> = written.filter_map(Result::err).collect();
        // A plugin has one line to say, and that will be the problem.
        if problems.is_empty() || self.stdout.id() != "nagios" {
            problems.extend(output::to_stdout(|out| self.stdout.render(report, &self.style, out)).err());
        }
        if problems.is_empty() {
            return Ok(());
        }
        let told: Vec<String> = problems.iter().map(|problem| format!("{problem:#}")).collect();
        bail!("{}", told.join("\n"))
    }

    /// Who is told what is asked while it is asked.
    pub(super) fn audience(&self, quiet: bool) -> Audience {
        if self.stdout.id() == "jsonl" { Audience::Stdout } else { Audience::of(quiet) }
    }

    /// How the run ends: the format on standard output says to whom.
    fn exit(&self, report: &Report, fail_on: FailOn) -> Exit {
        match self.stdout.id() {
            "nagios" => Exit::Service(Service::of(report)),
            _ => Exit::of(report, fail_on),
        }
    }
}

/// Lays the selection of the command line over a policy that was not read from a configuration.
pub(super) fn select(args: &SelectArgs, policy: &mut Policy) -> Result<(), ConfigErrors> {
    let (only, skip) = settings::select(args, &registry::ids())?;
    policy.only.extend(only);
    policy.skip.extend(skip);
    policy.fail_on = match args.fail_on.as_deref() {
        Some("warning") => FailOn::Warning,
        Some("never") => FailOn::Never,
        Some(_) => FailOn::Fail,
        None => policy.fail_on,
    };
    Ok(())
}

/// The moments that a judgement needs.
#[derive(Clone, Copy)]
pub(super) struct Moments {
    /// What everything is judged for: `--at`.
    pub(super) now: Timestamp,
    /// When it is judged, which tells how old a recording is.
    pub(super) judged_on: Timestamp,
}

pub(super) fn judged(recordings: &[Recording], policy: &Policy, moments: Moments) -> anyhow::Result<Report> {
    let Moments { now, judged_on } = moments;
    let case = Case::new(recordings, policy, now).context("there is no recording to judge")?.judged_on(judged_on);
    Ok(judge::judge(&case))
}

/// Shows, and says how it ends. `kept`: what came of what is written beside the report.
pub(super) fn finish(
    report: &Report,
    policy: &Policy,
    outputs: &Outputs,
    kept: anyhow::Result<()>,
) -> anyhow::Result<Exit> {
    outputs.write(report, kept)?;
    Ok(outputs.exit(report, policy.fail_on))
}

pub(super) fn explain(cli: &Cli, args: &ExplainArgs) -> anyhow::Result<Exit> {
    let mut text = Vec::new();
    explain::explain(&metas(), &args.id, &style(cli, None, false), &mut text)?;
    output::to_stdout(|out| out.write_all(&text))?;
    Ok(Exit::Ready)
}

pub(super) fn list(cli: &Cli, args: &ListArgs) -> anyhow::Result<Exit> {
    output::to_stdout(|out| match args.output.as_str() {
        "json" => list::json(&metas(), out),
        _ => list::table(&metas(), &style(cli, None, false), out),
    })?;
    Ok(Exit::Ready)
}

/// The one clock of a run.
pub(super) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// The process's environment, as settings ask for it.
pub(super) fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn metas() -> Vec<&'static Meta> {
    CHECKS.iter().map(|check| check.meta()).collect()
}

/// Standard output is what the style is for.
pub(super) fn style(cli: &Cli, width: Option<u16>, ascii: bool) -> Style {
    let terminal = stdout().is_terminal();
    let columns = terminal_size::terminal_size().filter(|_| terminal).map(|(width, _)| usize::from(width.0));
    let forced = environment("CLICOLOR_FORCE").is_some_and(|value| value != "0");
    let color = match cli.color {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            environment("NO_COLOR").is_none() && (forced || terminal && anstyle_query::term_supports_color())
        }
    };
    // A Windows console of before 2016 knows no ANSI colours; a newer one is told to show them. Elsewhere nothing is asked.
    let color = color && (!terminal || anstyle_query::windows::enable_ansi_colors() != Some(false));
    Style {
        width: width.map(usize::from).or(columns).unwrap_or(80),
        unicode: !ascii && !is_ascii_locale(),
        color,
        show: Show::Findings,
        verbose: cli.verbose,
    }
}

/// For what is said on standard error: plain text.
pub(super) fn style_of_notes() -> Style {
    let columns = terminal_size::terminal_size_of(stderr()).map(|(width, _)| usize::from(width.0));
    Style { width: columns.unwrap_or(80).min(80), unicode: !is_ascii_locale(), ..Style::default() }
}

fn is_ascii_locale() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| environment(name));
    locale.is_some_and(|locale| matches!(locale.as_str(), "C" | "POSIX"))
}
