//! What was said, before anybody asks what it means: texts, each with its place.

use std::{collections::BTreeMap, path::PathBuf};

use super::{
    error::{ConfigError, Origin},
    keys,
};

/// One value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Located {
    /// A number, a date and a switch too are kept as text.
    pub(super) text: String,
    /// As it stands in the file, with its quotes; elsewhere the text.
    pub(super) shown: String,
    pub(super) origin: Origin,
    /// The folder that relative paths start from; empty: the current one.
    pub(super) base: PathBuf,
}

impl Located {
    /// A value from outside a file.
    pub(super) fn new(text: &str, origin: Origin) -> Self {
        Self { text: text.to_owned(), shown: text.to_owned(), origin, base: PathBuf::new() }
    }

    /// An error about it.
    pub(super) fn error(&self, key: &str, problem: impl Into<String>, fix: impl Into<String>) -> ConfigError {
        ConfigError::new(self.origin.clone(), key, Some(&self.shown), problem, fix)
    }
}

/// One `[[accept]]`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RawAccept {
    pub(super) origin: Origin,
    pub(super) fields: BTreeMap<&'static str, Located>,
}

/// One layer, or several laid over each other.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Raw {
    /// By key; a scalar is a list of one, an empty list was said to be empty.
    pub(super) values: BTreeMap<&'static str, Vec<Located>>,
    /// `policy.severity`, by check.
    pub(super) severity: BTreeMap<String, Located>,
    /// `None`: not said.
    pub(super) accept: Option<Vec<RawAccept>>,
}

impl Raw {
    /// Lays a later layer over this one: a list replaces a list, `policy.severity` is laid over check by check.
    pub(super) fn lay_over(&mut self, later: Self) {
        self.values.extend(later.values);
        self.severity.extend(later.severity);
        self.accept = later.accept.or(self.accept.take());
    }

    /// Says one scalar.
    pub(super) fn say(&mut self, key: &'static str, value: Located) {
        self.values.insert(key, vec![value]);
    }

    /// The one value of a key.
    pub(super) fn one(&self, key: &str) -> Option<&Located> {
        self.values.get(key)?.first()
    }

    /// Where a key was said; [`Origin::Default`] if nowhere.
    pub(super) fn origin(&self, key: &str) -> Origin {
        self.one(key).map_or(Origin::Default, |value| value.origin.clone())
    }

    /// Reads the environment: every key with one value has its variable.
    pub(super) fn from_environment(environment: &dyn Fn(&str) -> Option<String>) -> Self {
        let mut raw = Self::default();
        for key in keys::KEYS.iter().chain(keys::RUN) {
            let Some(name) = key.variable() else { continue };
            // An empty variable is how a shell says "unset"; only a proxy can be empty.
            let said = environment(&name).filter(|text| !text.is_empty() || key.name == "network.proxy");
            if let Some(text) = said {
                raw.say(key.name, Located::new(&text, Origin::Environment(name)));
            }
        }
        raw
    }
}
