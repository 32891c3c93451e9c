//! TAP 14 (testanything.org): a test point a check, and a last one for the verdict itself.

use std::io;

use pinflight_checks::{
    outcome::State,
    report::{CheckReport, Report},
};

use super::{
    Renderer, Style, escape,
    reading::{headline, in_short, is_good, proves, told, why, why_not, write},
};

/// `-o tap`
pub(super) struct Tap;

impl Renderer for Tap {
    fn id(&self) -> &'static str {
        "tap"
    }

    fn render(&self, report: &Report, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
        let tap = Words { unicode: style.unicode };
        let last = report.checks.len() + 1;
        let mut lines = vec!["TAP version 14".to_owned(), format!("1..{last}")];
        lines.push(format!("# {}", tap.shown(&headline(report))));
        for (at, check) in report.checks.iter().enumerate() {
            tap.point(at + 1, report, check, &mut lines);
        }
        let ok = if is_good(report) { "ok" } else { "not ok" };
        lines.push(format!("{ok} {last} - verdict: {}", tap.escaped(&proves(report))));
        if !is_good(report) {
            tap.diagnostics(&[("message", why_not(report))], &mut lines);
        }
        write(&lines, out)
    }
}

/// How words are written.
struct Words {
    unicode: bool,
}

impl Words {
    fn point(&self, number: usize, report: &Report, check: &CheckReport, lines: &mut Vec<String>) {
        let ok = if check.outcome == State::Fail { "not ok" } else { "ok" };
        let head = format!("{ok} {number} - {}: {}", check.id, self.escaped(check.title));
        // A directive is the last on its line, and takes the rest of it as its reason.
        lines.push(match check.outcome {
            State::Skipped => format!("{head} # SKIP {}", self.escaped(&why(check))),
            State::NotObserved => format!("{head} # SKIP not observed: {}", self.escaped(&why(check))),
            State::Pass | State::Warn | State::Fail => head,
        });
        let mut pairs = Vec::new();
        if let Some(message) = in_short(check, check.outcome) {
            pairs.extend([("severity", check.outcome.id().to_owned()), ("message", message)]);
        }
        pairs.push(("details", told(report, check)));
        self.diagnostics(&pairs, lines);
    }

    fn shown(&self, text: &str) -> String {
        escape::terminal(text, usize::MAX, self.unicode)
    }

    /// A `#` begins a directive, and a backslash escapes it.
    fn escaped(&self, text: &str) -> String {
        self.shown(text).replace('\\', "\\\\").replace('#', "\\#")
    }

    /// A YAML block; nothing for nothing. A text of several lines is a list of them.
    fn diagnostics(&self, pairs: &[(&str, String)], lines: &mut Vec<String>) {
        let told: Vec<_> = pairs.iter().filter(|(_, value)| !value.is_empty()).collect();
        if told.is_empty() {
            return;
        }
        lines.push("  ---".to_owned());
        for (key, value) in told {
            let value = value.trim_end();
            if value.contains('\n') {
                lines.push(format!("  {key}:"));
                lines.extend(value.lines().map(|line| format!("    - {}", self.quoted(line))));
            } else {
                lines.push(format!("  {key}: {}", self.quoted(value)));
            }
        }
        lines.push("  ...".to_owned());
    }

    /// As JSON quotes it, which YAML reads.
    fn quoted(&self, text: &str) -> String {
        serde_json::Value::from(self.shown(text)).to_string()
    }
}
