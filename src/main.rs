//! The program: parse, run, exit code.

use std::{env, process::ExitCode};

use clap::Parser;
use pinflight::{cli::Cli, commands, exit, exit::Exit, output};

fn main() -> ExitCode {
    let ended = match Cli::try_parse() {
        Ok(cli) => commands::run(&cli),
        // Help and version, which clap's own exit takes for printed whatever became of them.
        Err(help) if !help.use_stderr() => output::to_stdout(|_| help.print()).map(|()| Exit::Ready),
        Err(error) if exit::is_plugin(env::args_os()) => return output::no_report(&error.to_string()).into(),
        Err(error) => error.exit(),
    };
    match ended {
        Ok(exit) => exit.into(),
        Err(error) if exit::is_plugin(env::args_os()) => output::no_report(&format!("{error:#}")).into(),
        Err(error) => {
            output::note(&format!("pinflight: {error:#}"));
            Exit::Usage.into()
        }
    }
}
