//! The report as a chat message: at most twelve lines, none of them wrapped.

use std::io;

use pinflight_checks::{
    outcome::{State, Target},
    report::{FindingReport, Report, Verdict},
};

use super::{
    Renderer, Style,
    table::{as_of, counted, counts, gapped, more, not_seen_in_short, seen_from, verdict_tone, word},
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
    let failures = firsts(report, State::Fail);
    let shown = if failures.len() > FINDINGS { FINDINGS - 1 } else { FINDINGS };
    lines.extend(failures.iter().take(shown).map(|first| first.line(Tone::Bad)));
    if failures.len() > shown {
        lines.push(Text::plain(format!("and {}", counted(failures.len() - shown, "more failing check"))));
    }
    let room = FINDINGS.saturating_sub(failures.len());
    let unseen = not_seen_in_short(report)
        .into_iter()
        .map(|(ids, reason)| Text::plain("not seen").and(Tone::Strong, format!("{ids}:")).and(Tone::Plain, reason));
    let warnings = firsts(report, State::Warn).into_iter().map(|first| first.line(Tone::Warn));
    lines.extend(unseen.chain(warnings).take(room));
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

/// A check that fails or warns: its first finding, and the targets of the others.
struct First<'a> {
    id: &'static str,
    finding: &'a FindingReport,
    others: Vec<&'a Target>,
}

impl First<'_> {
    fn line(&self, tone: Tone) -> Text {
        let Self { id, finding, others } = self;
        let line = Text::of(tone, word(finding.outcome)).and(Tone::Strong, *id);
        let line = line.and(Tone::Plain, format!("{}:", finding.target)).and(Tone::Plain, finding.message.as_str());
        let others =
            if others.is_empty() { String::new() } else { format!("(and {})", more(&[&finding.target], others)) };
        line.and(Tone::Dim, others)
    }
}

/// Each check with this outcome in its findings.
fn firsts(report: &Report, state: State) -> Vec<First<'_>> {
    let counts = |finding: &&FindingReport| finding.outcome == state && finding.accepted.is_none();
    let first = report.checks.iter().filter_map(|check| {
        let mut findings = check.findings.iter().filter(counts);
        let finding = findings.next()?;
        Some(First { id: check.id.0, finding, others: findings.map(|finding| &finding.target).collect() })
    });
    first.collect()
}
