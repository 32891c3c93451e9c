//! What is wrong with a configuration: every error at once, each with its place, the value and the fix.

use std::fmt;

use super::keys;

/// Longer values are cut where they are shown.
const SHOWN: usize = 72;
/// So are sentences, for they may quote a value.
const SAID: usize = 600;

/// Where a value came from; in the order in which errors are told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A configuration file.
    File {
        /// As given to `--config`.
        path: String,
        /// Counted from 1; 0: the file as a whole.
        line: usize,
    },
    /// An environment variable.
    Environment(String),
    /// A flag, in its long form.
    Flag(&'static str),
    /// What was answered to a question.
    Answer,
    /// Nobody said it.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line: 0 } => f.write_str(path),
            Self::File { path, line } => write!(f, "{path}:{line}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => f.write_str(name),
            Self::Answer => f.write_str("your answer"),
        }
    }
}

/// One value that cannot stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Where it was said; [`Origin::Default`]: nowhere, and that is the error.
    pub origin: Origin,
    /// The key, `network.proxy`; empty for a file as a whole.
    pub key: String,
    /// As written, on one line, bounded, without passwords; `None` where there is none.
    pub value: Option<String>,
    /// What is wrong.
    pub problem: String,
    /// What to write instead, or to do.
    pub fix: String,
}

impl ConfigError {
    /// An error about a value, which is made fit to be shown.
    pub fn new(
        origin: Origin,
        key: impl Into<String>,
        value: Option<&str>,
        problem: impl Into<String>,
        fix: impl Into<String>,
    ) -> Self {
        let key = key.into();
        let value = value.map(|value| shown(&without_password(&key, value)));
        let (problem, fix) = (plain(&problem.into(), SAID), plain(&fix.into(), SAID));
        Self { origin, key, value, problem, fix }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = &self.key;
        match (&self.origin, &self.value) {
            (Origin::Default, _) => f.write_str(key)?,
            (origin @ Origin::Answer, Some(value)) => write!(f, "{origin} {value}")?,
            (Origin::Flag(name), Some(value)) => write!(f, "{name} {value}")?,
            (Origin::Environment(name), Some(value)) => write!(f, "environment {name}={value}")?,
            (origin @ Origin::File { .. }, Some(value)) if key.is_empty() => write!(f, "{origin}: {value}")?,
            (origin @ Origin::File { .. }, Some(value)) => write!(f, "{origin}: {key} = {value}")?,
            (origin @ Origin::File { .. }, None) if !key.is_empty() => write!(f, "{origin}: {key}")?,
            (origin, None) => write!(f, "{origin}")?,
        }
        write!(f, "\n  {}", self.problem)?;
        if !self.fix.is_empty() {
            write!(f, "\n  fix: {}", self.fix)?;
        }
        Ok(())
    }
}

/// All that is wrong, a file from top to bottom, what is missing last; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// A value on one line, bounded, without characters that a terminal would obey.
pub(super) fn shown(value: &str) -> String {
    plain(value.trim(), SHOWN)
}

fn plain(text: &str, most: usize) -> String {
    let mut line = String::new();
    for (index, c) in text.chars().enumerate() {
        if index == most {
            line.push('…');
            break;
        }
        if c.is_control() || is_invisible(c) {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

/// Direction marks, zero-width characters and line separators.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Hides whatever may be a secret: the value of a key that is named like one, and all before the `@` of a URL or proxy.
fn without_password(key: &str, value: &str) -> String {
    let name = key.to_ascii_lowercase();
    let secret = ["password", "passwd", "secret", "token", "credential"].iter().any(|word| name.contains(word));
    if secret && keys::find(key).is_none() {
        return "…".to_owned();
    }
    let start = match value.find("://") {
        Some(at) => at + 3,
        // host:port@address is how the report spells a target.
        None if name == "accept.target" => return value.to_owned(),
        None => usize::from(value.starts_with('"')),
    };
    let Some(at) = value.rfind('@').filter(|at| *at > start) else { return value.to_owned() };
    let (scheme, rest) = (value.get(..start).unwrap_or_default(), value.get(at..).unwrap_or_default());
    // A mail address where a domain belongs is no secret.
    if scheme.len() < 2 && !value.get(start..at).unwrap_or_default().contains(':') && !name.ends_with("proxy") {
        return value.to_owned();
    }
    format!("{scheme}…{rest}")
}
