//! pinflight: will every device still connect once SSL pinning is on?
//!
//! Three stages, one data type between each: [`observe`] asks the network and the files and hands back a recording,
//! `pinflight_checks` judges it, [`render`] shows the report. [`settings`] is what the admin declared, [`commands`] puts the
//! stages together.

pub mod build_facts;
pub mod cli;
pub mod commands;
pub mod exit;
pub mod interrupt;
pub mod live;
pub mod observe;
pub mod output;
pub mod pages;
pub mod platform;
pub mod progress;
pub mod recordings;
pub mod render;
pub mod secrets;
pub mod settings;
