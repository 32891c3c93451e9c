//! The program: parse, run, exit code.

use std::{env, io, process::ExitCode};

use clap::Parser;
use pinflight::{cli::Cli, commands, exit, exit::Exit, output};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if !error.use_stderr() => return told(&error).into(),
        Err(error) if exit::is_plugin(env::args_os()) => return output::no_report(&error.to_string()).into(),
        Err(error) => error.exit(),
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

/// Help and version, which clap's own exit takes for printed whatever became of them.
fn told(help: &clap::Error) -> Exit {
    match help.print() {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            output::note(&format!("pinflight: cannot write to standard output: {error}"));
            Exit::Usage
        }
        _ => Exit::Ready,
    }
}
