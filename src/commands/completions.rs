//! `pinflight completions SHELL`: from the parser's own definition, with the words that it leaves to others.

use std::io::{self, Write as _};

use clap::{
    Arg, Command, CommandFactory, ValueHint,
    builder::{PossibleValue, PossibleValuesParser},
};
use clap_complete::Shell;
use pinflight_checks::registry;

use crate::{
    cli::{Cli, CompletionsArgs},
    commands::demo,
    exit::Exit,
    output, render,
};

pub(super) fn run(args: &CompletionsArgs) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut definition(), "pinflight", &mut script);
    if args.shell == Shell::Fish {
        words_without_flags(&definition(), &mut script)?;
    }
    output::to_stdout(|out| out.write_all(&script))?;
    Ok(Exit::Ready)
}

/// What stands behind no flag (ids, shells), which clap's script for fish leaves out.
fn words_without_flags(definition: &Command, script: &mut Vec<u8>) -> io::Result<()> {
    for command in definition.get_subcommands() {
        for arg in command.get_positionals() {
            let values = arg.get_possible_values();
            let words: Vec<&str> = values.iter().map(PossibleValue::get_name).collect();
            if !words.is_empty() {
                let (name, words) = (command.get_name(), words.join(" "));
                let condition = format!("__fish_pinflight_using_subcommand {name}");
                writeln!(script, "complete -c pinflight -n \"{condition}\" -f -a \"{words}\"")?;
            }
        }
    }
    Ok(())
}

/// What a shell may offer. The parser itself knows no ids and formats, so that a slip is told by who knows the nearest.
fn definition() -> Command {
    Cli::command().mut_subcommands(|command| command.mut_args(with_words))
}

fn with_words(arg: Arg) -> Arg {
    let takes_any = arg.get_possible_values().is_empty();
    let name = arg.get_value_names().and_then(|names| names.first()).map(ToString::to_string).unwrap_or_default();
    let words: Vec<&str> = match (arg.get_id().as_str(), name.as_str()) {
        ("id" | "only" | "skip", _) => registry::ids(),
        ("fault", _) => demo::faults().collect(),
        ("output", "FORMAT") if takes_any => render::formats().iter().map(|format| format.id()).collect(),
        _ => Vec::new(),
    };
    let hint = match name.as_str() {
        "FILE" | "FORMAT=FILE" | "OLD" | "NEW" => ValueHint::FilePath,
        "FOLDER" | "DIR" => ValueHint::DirPath,
        "FILE|HOST" | "HOST|FILE" => ValueHint::AnyPath,
        "HOST" | "HOST[:PORT]" | "ADDR" => ValueHint::Hostname,
        "URL" => ValueHint::Url,
        _ => arg.get_value_hint(),
    };
    if words.is_empty() { arg.value_hint(hint) } else { arg.value_parser(PossibleValuesParser::new(words)) }
}
