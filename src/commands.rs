//! One file a subcommand: the stages put together.

pub mod check;
pub mod completions;
pub mod csr;
pub mod demo;
pub mod diff;
pub mod explain;
pub mod gather;
pub mod init;
pub mod inspect;
pub mod list;
pub mod man;
pub mod pins;
pub mod redact;
pub mod replay;
mod show;
pub mod simulate;
mod wait;

use anyhow::Context;

use crate::{
    cli::{Cli, Command},
    exit::Exit,
    interrupt::Interrupts,
};

/// Carries out what the command line says.
pub fn run(cli: &Cli) -> anyhow::Result<Exit> {
    let interrupts = Interrupts::listen().context("cannot listen for Ctrl-C")?;
    match &cli.command {
        Command::Init(args) => init::run(cli, args),
        Command::Check(args) => check::run(cli, args, &interrupts),
        Command::Gather(args) => gather::run(cli, args, &interrupts),
        Command::Demo(args) => demo::run(cli, args),
        Command::Replay(args) => replay::run(cli, &args.files, &args.judged),
        Command::Merge(args) => replay::run(cli, &args.files, &args.judged),
        Command::Diff(args) => diff::run(cli, args),
        Command::Redact(args) => redact::run(cli, args),
        Command::Inspect(args) => inspect::run(cli, args),
        Command::Csr(args) => csr::run(cli, args),
        Command::Pins(args) => pins::run(cli, args),
        Command::Simulate(args) => simulate::run(cli, args),
        Command::Explain(args) => show::explain(cli, args),
        Command::List(args) => show::list(cli, args),
        Command::Completions(args) => completions::run(args),
        Command::Man(args) => man::run(args),
    }
}
