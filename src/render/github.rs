//! Workflow commands of GitHub Actions: an annotation for the verdict and for each check that is not in order.

use std::io;

use pinflight_checks::{
    outcome::State,
    report::{CheckReport, Report, Verdict},
};

use super::{
    Renderer, Style, escape,
    reading::{headline, in_short, is_good, sentence, told, why_not, write},
    table::{hidden_by, not_seen_in_short},
};

/// `-o github`
pub(super) struct Github;

impl Renderer for Github {
    fn id(&self) -> &'static str {
        "github"
    }

    fn render(&self, report: &Report, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
        let mut lines = Vec::new();
        let level = match report.verdict {
            Verdict::Ready | Verdict::SelectedPass => "notice",
            Verdict::NotReady | Verdict::SelectedFail | Verdict::Incomplete | Verdict::SelectedIncomplete => "error",
        };
        let why = if is_good(report) { "pinflight has seen all that is required".to_owned() } else { why_not(report) };
        lines.push(command(level, &headline(report), &why, style));
        for (state, level) in [(State::Fail, "error"), (State::Warn, "warning")] {
            for check in report.checks.iter().filter(|check| check.outcome == state) {
                let title = format!("{}: {}", check.id, in_short(check, state).unwrap_or_default());
                lines.push(command(level, &title, &details(report, check), style));
            }
        }
        for (ids, reason) in not_seen_in_short(report) {
            lines.push(command("notice", &format!("not seen: {ids}"), &sentence(&reason), style));
        }
        for next in &report.next_commands {
            let ids: Vec<&str> = next.checks.iter().map(|id| id.0).collect();
            let title = format!("not seen from here: {}", ids.join(", "));
            let message = format!("on {}, run:\n{}", next.vantage.place(), next.command);
            lines.push(command("notice", &title, &message, style));
        }
        write(&lines, out)
    }
}

/// All of a check, and what is not seen because it fails.
fn details(report: &Report, check: &CheckReport) -> String {
    let hidden = hidden_by(report, check.id);
    let hidden = if hidden.is_empty() { String::new() } else { format!("hides: {}\n", hidden.join(", ")) };
    told(report, check) + &hidden + &format!("more: pinflight explain {}", check.id)
}

/// `::level title=TITLE::MESSAGE`, a line of its own.
fn command(level: &str, title: &str, message: &str, style: &Style) -> String {
    let shown = |text: &str| escape::terminal(text, usize::MAX, style.unicode);
    let lines: Vec<String> = message.trim_end().lines().map(shown).collect();
    let (title, message) = (property(&shown(title)), data(&lines.join("\n")));
    format!("::{level} title={title}::{message}")
}

/// What a message may not hold (actions/toolkit, `escapeData`).
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What a property may not hold, beyond that (`escapeProperty`).
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
