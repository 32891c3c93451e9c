//! Exit codes: a contract with scripts, the same for every output format.

use std::process::ExitCode;

use pinflight_checks::{
    deployment::FailOn,
    outcome::State,
    report::{Report, Verdict},
};

/// How a run ends. Where several hold, the first of usage, not ready, incomplete, warnings counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Ready; the selected checks pass; what was asked for is done.
    Ready = 0,
    /// Something is wrong with the deployment.
    NotReady = 1,
    /// Something is wrong with the command line or the configuration, or within pinflight.
    Usage = 2,
    /// Nothing is wrong, but something required was not observed.
    Incomplete = 3,
    /// Only warnings, under `--fail-on warning`.
    Warnings = 4,
    /// Interrupted by the user; the report of what was seen is printed.
    Interrupted = 130,
}

impl Exit {
    /// What a report comes to.
    pub fn of(report: &Report, fail_on: FailOn) -> Self {
        let failed = report.checks.iter().any(|check| check.outcome == State::Fail);
        match report.verdict {
            _ if fail_on == FailOn::Never => Self::Ready,
            _ if failed => Self::NotReady,
            Verdict::NotReady => Self::NotReady,
            Verdict::Incomplete | Verdict::SelectedFail => Self::Incomplete,
            Verdict::Ready | Verdict::SelectedPass if fail_on == FailOn::Warning && report.counts.warn > 0 => {
                Self::Warnings
            }
            Verdict::Ready | Verdict::SelectedPass => Self::Ready,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
