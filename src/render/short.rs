//! The report as a chat message: at most twelve lines, none of them wrapped.

use std::io;

use pinflight_checks::{
    outcome::{State, Target},
    report::{FindingReport, Report, Verdict},
};

use super::{
    Renderer, Style,
    table::{as_of, counted, counts, gapped, more, not_seen_in_short, seen_from, verdict_tone},
    text::{Text, Tone},
};

const FINDINGS: usize = 5;
const COMMANDS: usize = 3;

/// `-o short`
pub(super) struct Short;

impl Renderer for Short {
    fn id(&self) -> &'static str {
        "short"
    }

    fn render(&self, report: &Report, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
        for line in lines(report) {
            for line in line.wrap(usize::MAX, style.unicode) {
                line.write(style, out)?;
            }
            out.write_all(b"\n")?;
        }
        Ok(())
    }
}

fn lines(report: &Report) -> Vec<Text> {
    let verdict = Text::of(verdict_tone(report.verdict), report.headline.as_str());
    let verdict = verdict.and(Tone::Strong, gapped(&report.subject)).and(Tone::Plain, gapped(&seen_from(report)));
    let as_of = as_of(report).map(|as_of| gapped(&as_of)).unwrap_or_default();
    let verdict = verdict.and(Tone::Strong, as_of);
    let mut lines = vec![verdict];
    let failures = root_causes(report);
    let shown = if failures.len() > FINDINGS { FINDINGS - 1 } else { FINDINGS };
    for (id, finding, others) in failures.iter().take(shown) {
        let others =
            if others.is_empty() { String::new() } else { format!("(and {})", more(&[&finding.target], others)) };
        let line = Text::of(Tone::Bad, "FAIL").and(Tone::Strong, *id);
        let line = line.and(Tone::Plain, format!("{}:", finding.target)).and(Tone::Plain, finding.message.as_str());
        lines.push(line.and(Tone::Dim, others));
    }
    if failures.len() > shown {
        lines.push(Text::plain(format!("and {}", counted(failures.len() - shown, "more failing check"))));
    }
    for (ids, reason) in not_seen_in_short(report).into_iter().take(FINDINGS.saturating_sub(failures.len())) {
        let line = Text::plain("not seen").and(Tone::Strong, format!("{ids}:"));
        lines.push(line.and(Tone::Plain, reason));
    }
    lines.push(Text::plain(format!("{}: {}", counted(report.checks.len(), "check"), counts(&report.counts))));
    if matches!(report.verdict, Verdict::Ready | Verdict::SelectedPass) {
        return lines;
    }
    for next in report.next_commands.iter().take(COMMANDS) {
        let place = format!("next, on {}:", next.vantage.place());
        lines.push(Text::plain(place).and_whole(Tone::Code, next.command.as_str()));
    }
    lines
}

/// Each check that fails, its first failure, and the targets of the others.
fn root_causes(report: &Report) -> Vec<(&'static str, &FindingReport, Vec<&Target>)> {
    let counts = |finding: &&FindingReport| finding.outcome == State::Fail && finding.accepted.is_none();
    let first = report.checks.iter().filter_map(|check| {
        let mut failures = check.findings.iter().filter(counts);
        Some((check.id.0, failures.next()?, failures.map(|finding| &finding.target).collect()))
    });
    first.collect()
}
