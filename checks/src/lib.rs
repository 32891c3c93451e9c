//! The judgement of pinflight: pure functions from what was observed to a report.
//!
//! [`recording`] says what was seen and [`deployment`] what was declared; [`check`] is what a check is and is given;
//! [`registry`] holds them all, [`judge`] asks them, [`report`] is the result. No I/O, no clock, no environment.

pub mod answers;
pub mod cause;
pub mod certificate;
pub mod check;
pub mod client;
mod clock;
pub mod csr;
pub mod deployment;
pub mod device;
pub mod diff;
pub mod discovery;
pub mod dns;
mod family;
pub mod firewall;
pub mod gather;
pub mod glob;
pub mod guide;
mod http;
pub mod inspect;
pub mod interception;
pub mod json;
pub mod judge;
mod matching;
pub mod matrix;
mod names;
pub mod network;
pub mod outcome;
pub mod pin;
pub mod pins;
pub mod platform;
pub mod prose;
mod reach;
pub mod recording;
pub mod redact;
pub mod registry;
pub mod report;
mod resolve;
mod sections;
pub mod simulate;
mod strict;
#[cfg(test)]
mod testing;
pub mod time;
pub mod tls;
pub mod trust_service;
mod witness;
pub mod x509;
