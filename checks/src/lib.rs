//! The judgement of pinflight: pure functions from what was observed to a report.
//!
//! [`recording`] says what was seen and [`deployment`] what was declared; [`check`] is what a check is and is given;
//! [`registry`] holds them all and judges; [`report`] is the result. No I/O, no clock, no environment.

pub mod cause;
pub mod certificate;
pub mod check;
pub mod deployment;
pub mod outcome;
pub mod recording;
pub mod report;
pub mod time;
pub mod x509;
