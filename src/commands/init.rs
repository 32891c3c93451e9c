//! `pinflight init`: asks a person, or takes flags, and writes the commented configuration.

mod dialogue;
mod look_up;
mod questions;
#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
};

use anyhow::bail;

use self::{dialogue::Dialogue, look_up::Found, questions::LookUp};
use crate::{
    cli::{CheckArgs, Cli, DeploymentArgs, InitArgs, NetworkArgs},
    commands::show,
    exit::Exit,
    observe::files,
    output::{self, tell},
    render::{self, Style},
    settings::{DEFAULT_FILE, Draft, Drafted, SAMPLE},
};

pub(super) fn run(cli: &Cli, args: &InitArgs) -> anyhow::Result<Exit> {
    let place = Place::of(args)?;
    let is_terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
    let says_nothing = args.deployment == DeploymentArgs::default() && args.network == NetworkArgs::default();
    if args.sample || (!args.yes && !is_terminal && says_nothing && !args.offline) {
        place.write(SAMPLE)?;
        let why = if args.sample { "" } else { "there is no terminal to ask on, so this is the sample: " };
        place.note(cli, &format!("{why}{}edit it, then run: {}", place.written(), place.next(None)));
        return Ok(Exit::Ready);
    }
    if !args.yes && !is_terminal {
        bail!(
            "there is no terminal to ask on\n  fix: add --yes to write what flags and variables say, or --sample for the sample alone"
        );
    }
    let said = CheckArgs { deployment: args.deployment.clone(), network: args.network.clone(), ..CheckArgs::default() };
    let mut draft = Draft::new(&said, &show::environment)?;
    let style = show::style_of_notes();
    if args.yes {
        if !args.offline {
            fill(&mut draft, cli.quiet, &style)?;
        }
    } else {
        let mut look_up = |drafted: Drafted| look_up::ask(drafted, cli.quiet);
        let look_up: Option<&mut LookUp<'_>> = if args.offline { None } else { Some(&mut look_up) };
        let mut dialogue = Dialogue { input: &mut io::stdin().lock(), out: &mut io::stderr(), style };
        questions::ask(&mut dialogue, &mut draft, look_up)?;
    }
    let drafted = draft.finished()?;
    place.write(&draft.text(place.folder()))?;
    if drafted.proxy_credentials.is_some() {
        tell(cli.quiet, |out| {
            writeln!(out, "the proxy's user name and password are not in it: they come from the environment alone")
        });
    }
    // They may come later, which is no error here.
    for error in files::load(&drafted.deployment).err().unwrap_or_default() {
        tell(cli.quiet, |out| {
            writeln!(out, "pinflight check will not take {}", render::for_terminal(&error.to_string()))
        });
    }
    let vantage = draft.said("vantage").map(|(vantage, _)| vantage);
    place.note(cli, &format!("{}next: {}", place.written(), place.next(vantage.as_deref())));
    Ok(Exit::Ready)
}

/// Asks Device Services for what nobody said.
fn fill(draft: &mut Draft<'_>, quiet: bool, style: &Style) -> anyhow::Result<()> {
    let Some(drafted) = draft.so_far().filter(|_| questions::needs_look_up(draft)) else { return Ok(()) };
    tell(quiet, |out| {
        render::paragraphs("asking Device Services where they send devices for the Trust Service:", 0, style, out)?;
        look_up::announce(&drafted, style, out)
    });
    let discovery = drafted.deployment.discovery_endpoint();
    let (url, told) = match look_up::ask(drafted, quiet)? {
        Found::Url(url) if url.endpoint() == discovery => {
            (None, format!("they send devices to the cloud: {}", url.as_str()))
        }
        Found::Url(url) => {
            let told =
                format!("they send devices to {}, and that is written down; pinflight check judges it", url.as_str());
            (Some(url), told)
        }
        Found::Nothing(why) => (None, format!("it could not be found out:\n{}", why.join("\n"))),
    };
    tell(quiet, |out| render::paragraphs(&told, 2, style, out));
    if let Some(url) = url {
        draft.answer("trust_service.url", &[url.as_str()])?;
    }
    Ok(())
}

/// Where the configuration goes.
struct Place {
    /// None: standard output.
    path: Option<PathBuf>,
    force: bool,
}

impl Place {
    /// Finds out before the first question whether a file can be written there.
    fn of(args: &InitArgs) -> anyhow::Result<Self> {
        let path = args.file.as_deref().or(args.output.as_deref()).unwrap_or(Path::new(DEFAULT_FILE));
        let place = Self { path: Some(path.to_owned()).filter(|path| path != Path::new("-")), force: args.force };
        if let Some(path) = &place.path {
            if !args.force && path.symlink_metadata().is_ok_and(|kind| !kind.is_dir()) {
                return Err(exists(path));
            }
            output::can_be_written(path)?;
        }
        Ok(place)
    }

    /// The folder that paths in the file start from; empty: the current one.
    fn folder(&self) -> &Path {
        self.path.as_deref().and_then(Path::parent).unwrap_or(Path::new(""))
    }

    fn write(&self, text: &str) -> anyhow::Result<()> {
        let write = |out: &mut dyn Write| out.write_all(text.as_bytes());
        match &self.path {
            None => output::to_stdout(write),
            Some(path) if self.force => output::to_file(path, write),
            Some(path) => output::to_new_file(path, write).map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => exists(path),
                _ => output::cannot_write(path, &error),
            }),
        }
    }

    /// Says what came of it, unless it is itself to be read on a screen.
    fn note(&self, cli: &Cli, line: &str) {
        if !cli.quiet && self.path.is_some() {
            output::note(line);
        }
    }

    fn written(&self) -> String {
        self.path.as_ref().map_or(String::new(), |path| format!("{} is written; ", shown(path)))
    }

    /// The command that reads the file.
    fn next(&self, vantage: Option<&str>) -> String {
        let mut command = "pinflight check".to_owned();
        let path = self.path.as_ref().map(|path| shown(path)).filter(|path| path != DEFAULT_FILE);
        if let Some(path) = path {
            command.push_str(" --config ");
            command.push_str(&shlex::try_quote(&path).map_or(path.clone(), Cow::into_owned));
        }
        if vantage.is_none() {
            command.push_str(" --from console");
        }
        command
    }
}

/// A path, without what a terminal would obey.
fn shown(path: &Path) -> String {
    render::for_terminal(&path.display().to_string())
}

fn exists(path: &Path) -> anyhow::Error {
    anyhow::anyhow!(
        "{} is there already and was left as it is\n  fix: pass --force to overwrite it, or --output FILE to write another",
        shown(path)
    )
}
