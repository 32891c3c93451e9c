//! The program: parse, run, exit code.

use std::process::ExitCode;

use clap::Parser;
use pinflight::{cli::Cli, commands, exit::Exit, output};

fn main() -> ExitCode {
    let cli = Cli::parse();
    match commands::run(&cli) {
        Ok(exit) => exit.into(),
        Err(error) => {
            output::note(&format!("pinflight: {error:#}"));
            Exit::Usage.into()
        }
    }
}
