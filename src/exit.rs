//! Exit codes: a contract with scripts, the same for every output format but `nagios`, whose callers have their own.

use std::{ffi::OsString, process::ExitCode};

use pinflight_checks::{
    deployment::FailOn,
    outcome::State,
    report::{Report, Verdict},
};

use crate::render::Service;

/// How a run ends. Where several hold, the first of usage, not ready, incomplete, warnings counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Ready; the selected checks pass; what was asked for is done.
    Ready,
    /// Something is wrong with the deployment.
    NotReady,
    /// Something is wrong with the command line or the configuration, or within pinflight.
    Usage,
    /// Nothing is wrong, but something required was not observed.
    Incomplete,
    /// Only warnings, under `--fail-on warning`.
    Warnings,
    /// Interrupted by the user (Ctrl-C); the report of what was seen is printed.
    Interrupted,
    /// Ended from outside (SIGTERM); the report of what was seen is printed.
    Terminated,
    /// As monitoring systems know it, under `-o nagios`.
    Service(Service),
}

impl Exit {
    /// What a report comes to.
    pub fn of(report: &Report, fail_on: FailOn) -> Self {
        let failed = report.checks.iter().any(|check| check.outcome == State::Fail);
        match report.verdict {
            _ if fail_on == FailOn::Never => Self::Ready,
            _ if failed => Self::NotReady,
            Verdict::NotReady | Verdict::SelectedFail => Self::NotReady,
            Verdict::Incomplete | Verdict::SelectedIncomplete => Self::Incomplete,
            Verdict::Ready | Verdict::SelectedPass if fail_on == FailOn::Warning && report.counts.warn > 0 => {
                Self::Warnings
            }
            Verdict::Ready | Verdict::SelectedPass => Self::Ready,
        }
    }
}

impl Exit {
    /// What the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Self::Ready => 0,
            Self::NotReady => 1,
            Self::Usage => 2,
            Self::Incomplete => 3,
            Self::Warnings => 4,
            Self::Interrupted => 130,
            Self::Terminated => 143,
            Self::Service(service) => service as u8,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Whether a monitoring system is the caller, told by the words alone: even where they are wrong, 2 must not mean that a service
/// is critical.
pub fn is_plugin(words: impl IntoIterator<Item = OsString>) -> bool {
    let words: Vec<String> = words.into_iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let is_short = |word: &str| word.starts_with('-') && !word.starts_with("--");
    let in_one = |word: &String| word == "--output=nagios" || (is_short(word) && word.ends_with("onagios"));
    let in_two = |first: &str, second: &str| {
        second == "nagios" && (first == "--output" || (is_short(first) && first.ends_with('o')))
    };
    words.iter().any(in_one) || words.windows(2).any(|pair| matches!(pair, [a, b] if in_two(a, b)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugin_is_told_by_its_words() {
        for (words, expected) in [
            ("pinflight check -o nagios", true),
            ("pinflight check -qo nagios --nonsense", true),
            ("pinflight check -onagios", true),
            ("pinflight check --output nagios", true),
            ("pinflight check --output=nagios", true),
            ("pinflight check --report nagios=x -o table", false),
            ("pinflight check --only nagios", false),
            ("pinflight explain nagios", false),
        ] {
            assert_eq!(is_plugin(words.split(' ').map(OsString::from)), expected, "{words}");
        }
    }
}
