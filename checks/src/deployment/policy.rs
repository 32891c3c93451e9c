//! `[policy]` and `[[accept]]`: thresholds, and what counts.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    glob,
    strict::each_once,
    time::{Timestamp, millis},
};

/// `[policy]`: thresholds, and what counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// What READY speaks of.
    pub scope: Scope,
    /// Which outcomes make the exit code.
    pub fail_on: FailOn,
    /// A certificate that expires sooner is a warning.
    pub warning_days: u32,
    /// A certificate that expires sooner is a failure.
    pub critical_days: u32,
    /// The longest that a device stays offline (pins/successor).
    #[serde(with = "millis")]
    pub max_offline: Duration,
    /// The oldest recording that counts (recording/fresh).
    #[serde(with = "millis")]
    pub max_age: Duration,
    /// Warnings that are failures here, or the other way round, by check.
    #[serde(deserialize_with = "each_once")]
    pub severity: BTreeMap<String, Severity>,
    /// Findings that are known and accepted.
    pub accept: Vec<Accept>,
    /// Globs over check ids; empty: all.
    pub only: Vec<String>,
    /// Globs over check ids.
    pub skip: Vec<String>,
}

impl Policy {
    /// Whether `only` and `skip` leave this check in.
    pub fn selects(&self, id: &str) -> bool {
        selects(&self.only, &self.skip, id)
    }
}

/// Whether these globs leave this check in.
pub fn selects(only: &[String], skip: &[String], id: &str) -> bool {
    let any = |globs: &[String]| globs.iter().any(|glob| glob::matches(glob, id));
    (only.is_empty() || any(only)) && !any(skip)
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            scope: Scope::Deployment,
            fail_on: FailOn::Fail,
            warning_days: 30,
            critical_days: 7,
            max_offline: Duration::from_hours(14 * 24),
            max_age: Duration::from_hours(24),
            severity: BTreeMap::new(),
            accept: Vec::new(),
            only: Vec::new(),
            skip: Vec::new(),
        }
    }
}

/// What READY speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// The whole deployment, all four rows of the firewall table.
    Deployment,
    /// What the vantage can see.
    Vantage,
}

/// Which outcomes make the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailOn {
    /// Failures.
    Fail,
    /// Warnings too.
    Warning,
    /// Nothing.
    Never,
}

/// What a finding of a check counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// A warning.
    Warn,
    /// A failure.
    Fail,
}

/// `[[accept]]`: a finding that is known, until a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accept {
    /// Check id.
    pub check: String,
    /// Host, `host:port` or `host:port@address`; none: every target.
    pub target: Option<String>,
    /// The last second at which it holds; none: for ever.
    pub until: Option<Timestamp>,
    /// Why.
    pub reason: String,
}
