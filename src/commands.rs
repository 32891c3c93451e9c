//! One module a subcommand.

pub mod init;
