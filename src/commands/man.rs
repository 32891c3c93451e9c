//! `pinflight man`: the manual pages, from the parser's own definition and the text below each help.

use std::{fs, io::Write as _, path::Path};

use anyhow::Context;
use clap::{Command, CommandFactory};
use clap_mangen::{
    Man,
    roff::{Inline, Roff, bold, roman},
};

use crate::{
    cli::{self, Cli, ManArgs},
    exit::Exit,
    output,
    settings::{self, DEFAULT_FILE},
};

/// The commands that read a configuration, by the environment too.
const CONFIGURED: [&str; 3] = ["init", "check", "gather"];
/// The commands that ask a server without one.
const ASKING: [&str; 2] = ["inspect", "pins"];

pub(super) fn run(args: &ManArgs) -> anyhow::Result<Exit> {
    let definition = definition();
    let Some(folder) = &args.folder else {
        let text = page(&definition)?;
        output::to_stdout(|out| out.write_all(&text))?;
        return Ok(Exit::Ready);
    };
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    for command in std::iter::once(&definition).chain(definition.get_subcommands()) {
        write(command, folder)?;
    }
    Ok(Exit::Ready)
}

fn definition() -> Command {
    let mut definition = Cli::command().disable_help_subcommand(true);
    definition.build();
    definition
}

fn write(command: &Command, folder: &Path) -> anyhow::Result<()> {
    let text = page(command)?;
    output::to_file(&folder.join(format!("{}.1", title(command))), |out| out.write_all(&text))
}

/// `pinflight-check`
fn title(command: &Command) -> String {
    command.get_display_name().unwrap_or(command.get_name()).to_owned()
}

/// One manual page.
fn page(command: &Command) -> anyhow::Result<Vec<u8>> {
    let is_whole = command.has_subcommands();
    let name = command.get_name();
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim().to_owned();
    // The synopsis would else name every flag.
    let man = Man::new(command.clone().override_usage(usage));
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let of_kind = |kind: Kind| after.split("\n\n").filter(move |paragraph| Kind::of(paragraph) == kind);

    let mut out = Vec::new();
    // Without a date: two builds of the same sources make the same pages. No word is broken, and no line is stretched.
    let (title, version) = (title(command).to_uppercase(), env!("CARGO_PKG_VERSION"));
    writeln!(out, ".TH \"{title}\" 1 \"\" \"pinflight {version}\" \"pinflight\"\n.nh\n.ad l")?;
    man.render_name_section(&mut out)?;
    man.render_synopsis_section(&mut out)?;
    let mut roff = Roff::new();
    roff.control("SH", ["DESCRIPTION"]);
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let end = if about.ends_with('?') { "" } else { "." };
    roff.text([roman(format!("{about}{end}"))]);
    for paragraph in of_kind(Kind::Prose) {
        roff.control("PP", []);
        prose(&mut roff, paragraph);
    }
    if is_whole {
        commands(&mut roff, command);
    }
    roff.to_writer(&mut out)?;
    man.render_options_section(&mut out)?;

    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    of_kind(Kind::ExitCodes).for_each(|paragraph| prose(&mut roff, paragraph.trim_start_matches("Exit codes: ")));
    environment(&mut roff, command);
    files(&mut roff, name, is_whole);
    roff.control("SH", ["EXAMPLES"]);
    of_kind(Kind::Examples).for_each(|paragraph| verbatim(&mut roff, paragraph.lines().skip(1)));
    see_also(&mut roff, name, is_whole);
    roff.to_writer(&mut out)?;
    Ok(out)
}

/// What a paragraph below a command's help is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Examples,
    ExitCodes,
    Prose,
}

impl Kind {
    fn of(paragraph: &str) -> Self {
        match paragraph {
            text if text.starts_with("Examples:\n") => Self::Examples,
            text if text.starts_with("Exit codes: ") => Self::ExitCodes,
            _ => Self::Prose,
        }
    }
}

/// A paragraph; indented lines stay as they are.
fn prose(roff: &mut Roff, paragraph: &str) {
    let (text, code): (Vec<&str>, Vec<&str>) = paragraph.lines().partition(|line| !line.starts_with("  "));
    for line in text {
        roff.text([roman(line)]);
    }
    if !code.is_empty() {
        roff.control("PP", []);
        verbatim(roff, code);
    }
}

/// Lines as they are, further left than text, so that eighty columns are enough.
fn verbatim<'a>(roff: &mut Roff, lines: impl IntoIterator<Item = &'a str>) {
    roff.control("nf", []).control("in", ["2n"]);
    for line in lines {
        roff.text([roman(line.strip_prefix("  ").unwrap_or(line))]);
    }
    roff.control("in", []).control("fi", []);
}

/// The subcommands, by what people come for.
fn commands(roff: &mut Roff, whole: &Command) {
    roff.control("SH", ["COMMANDS"]);
    for (heading, names) in cli::groups() {
        roff.control("SS", [*heading]);
        for command in names.iter().filter_map(|name| whole.find_subcommand(name)) {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            entry(roff, vec![bold(title(command)), roman("(1)")], &about);
        }
    }
}

/// A term, and what it means.
fn entry(roff: &mut Roff, term: Vec<Inline>, meaning: &str) {
    roff.control("TP", []).text(term).text([roman(meaning)]);
}

fn environment(roff: &mut Roff, command: &Command) {
    let (name, is_whole) = (command.get_name(), command.has_subcommands());
    let mut variables: Vec<(String, String)> = Vec::new();
    let mut say = |name: &str, meaning: &str| variables.push((name.to_owned(), meaning.to_owned()));
    let configured = CONFIGURED.contains(&name);
    if configured || ASKING.contains(&name) || is_whole {
        say(
            "PINFLIGHT_PROXY_USER, PINFLIGHT_PROXY_PASSWORD",
            "User name and password for the proxy; they are read nowhere else.",
        );
        say(
            "https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY",
            "The proxy, if neither a file, nor PINFLIGHT_NETWORK_PROXY, nor a flag names one; the first that is set counts.",
        );
        say("no_proxy, NO_PROXY", "What is asked without it, likewise.");
    }
    if configured {
        for (variable, key, flag) in settings::variables() {
            let has = |flag: &&str| command.get_arguments().any(|arg| arg.get_long() == flag.strip_prefix("--"));
            let flag = flag.filter(has).map(|flag| format!(", and as {flag}")).unwrap_or_default();
            say(&variable, &format!("As {key} in the file{flag}."));
        }
    } else if is_whole {
        say("PINFLIGHT_*", "Every key of the configuration with one value: see pinflight-check(1).");
    }
    if name == "check" {
        say("PINFLIGHT_WAIT, PINFLIGHT_INTERVAL", "As --wait and --interval.");
    }
    say("NO_COLOR, CLICOLOR_FORCE", "No colours, if set; colours without a terminal, too. --color goes before both.");
    say("LC_ALL, LC_CTYPE, LANG", "C or POSIX: ASCII characters only.");
    roff.control("SH", ["ENVIRONMENT"]);
    for (variable, meaning) in &variables {
        entry(roff, vec![bold(variable.as_str())], meaning);
    }
}

fn files(roff: &mut Roff, name: &str, is_whole: bool) {
    let meaning = match name {
        "init" => "The configuration that is written, unless another file is named.",
        _ if is_whole || CONFIGURED.contains(&name) => {
            "The configuration that is read if it is there and --config names no other."
        }
        _ => return,
    };
    roff.control("SH", ["FILES"]);
    entry(roff, vec![bold(format!("./{DEFAULT_FILE}"))], meaning);
}

fn see_also(roff: &mut Roff, name: &str, is_whole: bool) {
    let group = cli::groups().iter().find(|(_, names)| names.contains(&name)).map_or(&[][..], |(_, names)| names);
    let others = group.iter().filter(|other| **other != name && **other != "help");
    let others = others.map(|other| format!("pinflight-{other}"));
    let mut pages: Vec<String> = if is_whole { Vec::new() } else { vec!["pinflight".to_owned()] };
    if is_whole {
        let all = cli::groups().iter().flat_map(|(_, names)| names.iter()).filter(|name| **name != "help");
        pages.extend(all.map(|name| format!("pinflight-{name}")));
    }
    pages.extend(others);
    roff.control("SH", ["SEE ALSO"]);
    let mut line = Vec::new();
    for (at, page) in pages.iter().enumerate() {
        let end = if at + 1 == pages.len() { "(1)" } else { "(1), " };
        line.extend([bold(page.as_str()), roman(end)]);
    }
    roff.text(line);
}
