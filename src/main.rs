//! The program: parse, run, exit code.

use std::{env, process::ExitCode};

use clap::Parser;
use pinflight::{cli::Cli, commands, exit, exit::Exit, output};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Err(error) if error.use_stderr() && exit::is_plugin(env::args_os()) => {
            return output::no_report(&error.to_string()).into();
        }
        parsed => parsed.unwrap_or_else(|error| error.exit()),
    };
    match commands::run(&cli) {
        Ok(exit) => exit.into(),
        Err(error) if exit::is_plugin(env::args_os()) => output::no_report(&format!("{error:#}")).into(),
        Err(error) => {
            output::note(&format!("pinflight: {error:#}"));
            Exit::Usage.into()
        }
    }
}
