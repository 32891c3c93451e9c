//! GitHub Flavored Markdown, for tickets and CI summaries: what is wrong and what to do, then each section as a table.
//!
//! A word with anything in it that Markdown, or what reads it, takes for more than a letter stands in a code span: no link, no
//! mention, no markup comes of it. Backslashes would not do: mentions and links are found after they are gone.

use std::{fmt::Write, io};

use pinflight_checks::{
    outcome::{State, Target},
    report::{ChainView, CheckReport, PinCell, Report},
};

use super::{
    Renderer, Show, Style, escape,
    reading::{
        self, IN_FULL, Problem, accepted, in_short, matrix_rows, problems, provided, sentence, value, verdict_sign,
        why, write,
    },
    table::{
        as_of, common_name, counted, counts, hidden_by, not_seen_in_full, parted_words, run_line, seen_from,
        skipped_together, step, word,
    },
};

/// `-o markdown`
pub(super) struct Markdown;

impl Renderer for Markdown {
    fn id(&self) -> &'static str {
        "markdown"
    }

    fn render(&self, report: &Report, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
        let mut lines = Vec::new();
        verdict(report, &mut lines);
        findings(report, State::Fail, "What is wrong", &mut lines);
        if style.show == Show::Failures {
            next_commands(report, &mut lines);
        } else {
            findings(report, State::Warn, "What needs attention", &mut lines);
            accepted_findings(report, &mut lines);
            next_commands(report, &mut lines);
            not_seen(report, &mut lines);
            guide(report, &mut lines);
            firewall(report, &mut lines);
            pins(report, &mut lines);
            devices(report, &mut lines);
            certificates(report, &mut lines);
            every_check(report, &mut lines);
        }
        lines.push(format!("{}.", text(&run_line(report))));
        write(&lines, out)
    }
}

fn verdict(report: &Report, lines: &mut Vec<String>) {
    let sign = verdict_sign(report.verdict);
    lines.push(format!("## {sign} {}: {}", text(&value(&report.headline)), code(&value(&report.subject))));
    paragraph(lines, &[seen_from(report), as_of(report).unwrap_or_default()].join(" "));
    let count = counted(report.checks.len(), "check");
    paragraph(lines, &format!("{count}: {}", counts(&report.counts)));
    if !report.run.unasked.is_empty() {
        let count = counted(report.run.unasked.len(), "question");
        let told: Vec<String> = report.run.unasked.iter().map(|question| text(&value(question))).collect();
        lines.push(format!("**No time was left for {count}:** {}", told.join("; ")));
        lines.push(String::new());
    }
}

/// Our own words, with what they quote made harmless.
fn paragraph(lines: &mut Vec<String>, words: &str) {
    if lines.last().is_none_or(|line| !line.is_empty()) {
        lines.push(String::new());
    }
    if !words.trim().is_empty() {
        lines.push(text(words.trim()));
        lines.push(String::new());
    }
}

fn heading(lines: &mut Vec<String>, title: &str) {
    lines.push(format!("### {title}"));
    lines.push(String::new());
}

fn findings(report: &Report, state: State, title: &str, lines: &mut Vec<String>) {
    let blocks: Vec<_> = report.checks.iter().map(|check| (check, problems(check, state))).collect();
    if blocks.iter().all(|(_, problems)| problems.is_empty()) {
        return;
    }
    heading(lines, title);
    for (check, problems) in blocks.iter().filter(|(_, problems)| !problems.is_empty()) {
        lines.push(format!("{} {}: {}", marker(state), code(check.id.0), check.title));
        lines.push(String::new());
        let (shown, rest) = problems.split_at(IN_FULL.min(problems.len()));
        for problem in shown {
            item(report, problem, lines);
        }
        if !rest.is_empty() {
            let targets: Vec<String> =
                rest.iter().flat_map(|problem| &problem.targets).map(|target| place(target)).collect();
            lines.push(format!("- and {}: {}", counted(targets.len(), "more finding"), targets.join(", ")));
        }
        let hidden = if state == State::Fail { hidden_by(report, check.id) } else { Vec::new() };
        if !hidden.is_empty() {
            lines.push(format!("- Hides: {}", ids(&hidden)));
        }
        lines.push(format!("- More: {}", code(&format!("pinflight explain {}", check.id))));
        lines.push(String::new());
    }
}

fn item(report: &Report, problem: &Problem<'_>, lines: &mut Vec<String>) {
    let targets: Vec<String> = problem.targets.iter().map(|target| place(target)).collect();
    lines.push(format!("- {}: {}", targets.join(", "), text(&sentence(&problem.finding.message))));
    let facts = problem.evidence(report).0;
    lines.extend(facts.iter().map(|fact| format!("  - {}: {}", fact.label, code(&value(&fact.value)))));
    lines.push(format!("  - **Do:** {}", text(&sentence(&problem.finding.remedy))));
}

fn accepted_findings(report: &Report, lines: &mut Vec<String>) {
    let told: Vec<String> = report
        .checks
        .iter()
        .flat_map(|check| accepted(check).map(move |(finding, reason)| (check, finding, reason)))
        .map(|(check, finding, reason)| {
            let head = format!("- {} {}: ", code(check.id.0), place(&finding.target));
            head + &text(&sentence(&finding.message)) + " – **accepted:** " + &text(&sentence(reason))
        })
        .collect();
    list(lines, "Accepted by the configuration", told);
}

fn next_commands(report: &Report, lines: &mut Vec<String>) {
    if report.next_commands.is_empty() {
        return;
    }
    heading(lines, "Not seen from here: run next");
    for next in &report.next_commands {
        let ids: Vec<String> = next.checks.iter().map(|id| code(id.0)).collect();
        lines.push(format!("On {}, to see {}:", next.vantage.place(), ids.join(", ")));
        lines.push(String::new());
        block(lines, &next.command);
    }
    paragraph(lines, "Then, to judge them together with a recording of this run (--record FILE):");
    block(lines, "pinflight replay FILE...");
}

/// A block of code: a command, whole, on one line.
fn block(lines: &mut Vec<String>, command: &str) {
    let command = escape::terminal(command, usize::MAX, true);
    let fence = "`".repeat(longest_run(&command).max(2) + 1);
    lines.extend([format!("{fence}sh"), command, fence, String::new()]);
}

fn not_seen(report: &Report, lines: &mut Vec<String>) {
    let told = not_seen_in_full(report).into_iter().flat_map(|(id, reasons)| {
        reasons.into_iter().map(move |reason| format!("- {}: {}", code(id.0), text(&sentence(&reason))))
    });
    let told = told.collect();
    list(lines, "Not seen", told);
    let skipped = skipped_together(report).into_iter();
    let skipped = skipped.map(|(checks, why)| format!("- {}: {}", ids(&checks), text(&sentence(&why)))).collect();
    list(lines, "Skipped", skipped);
}

fn list(lines: &mut Vec<String>, title: &str, items: Vec<String>) {
    if items.is_empty() {
        return;
    }
    heading(lines, title);
    lines.extend(items);
    lines.push(String::new());
}

fn guide(report: &Report, lines: &mut Vec<String>) {
    if report.guide.iter().all(|row| row.outcome == State::Skipped) {
        return;
    }
    let row = |row: &pinflight_checks::report::GuideRow| {
        vec![step(row.step).to_owned(), marker(row.outcome), text(row.title), noted(row.note.as_deref())]
    };
    let rows = report.guide.iter().map(row).collect::<Vec<_>>();
    table(lines, "The guide", &["step", "outcome", "what", "note"], &rows);
}

fn noted(note: Option<&str>) -> String {
    text(&sentence(note.unwrap_or_default()))
}

fn firewall(report: &Report, lines: &mut Vec<String>) {
    if report.firewall.iter().all(|row| row.outcome == State::Skipped) {
        return;
    }
    let row = |row: &pinflight_checks::report::FirewallRow| {
        let to = value(&format!("{}:{}", row.destination, row.port));
        vec![text(row.source), code(&to), marker(row.outcome), noted(row.note.as_deref())]
    };
    let rows = report.firewall.iter().map(row).collect::<Vec<_>>();
    table(lines, "Firewall", &["from", "to", "outcome", "note"], &rows);
}

fn pins(report: &Report, lines: &mut Vec<String>) {
    let sources = &report.pin_matrix.sources;
    if sources.is_empty() && report.pin_matrix.rows.is_empty() {
        return;
    }
    let titles = sources.iter().map(|source| {
        let count = source.pins.map_or("not seen".to_owned(), |pins| counted(pins, "pin"));
        let used = if source.used { ", used by devices" } else { "" };
        text(&format!("{} ({count}{used})", value(&source.title)))
    });
    let titles: Vec<String> = ["of".to_owned(), "at".to_owned(), "key".to_owned()].into_iter().chain(titles).collect();
    let rows = matrix_rows(report).into_iter().map(|(row, targets)| {
        let places: Vec<String> = targets.iter().map(|target| place(target)).collect();
        let key = row.spki_sha256.as_deref().map_or("not seen".to_owned(), |key| code(&value(key)));
        let cells = sources.iter().zip(&row.cells).map(|(source, cell)| match cell {
            PinCell::Match => "✓ match",
            // By nature: what devices do not use may be empty.
            PinCell::NoMatch if source.pins == Some(0) && !source.used => "– no pins",
            PinCell::NoMatch => "**✗ no match**",
            PinCell::Unknown => "? unknown",
            PinCell::NotObserved => "– not seen",
        });
        [row.role.to_owned(), places.join(", "), key].into_iter().chain(cells.map(str::to_owned)).collect()
    });
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    table(lines, "Pins", &titles, &rows.collect::<Vec<_>>());
}

fn devices(report: &Report, lines: &mut Vec<String>) {
    let Some(journey) = &report.journey else { return };
    let row = |story: &pinflight_checks::client::Story| {
        let parted = parted_words(story).map(|words| format!(" {}", sentence(&words))).unwrap_or_default();
        let because: Vec<String> = story.because.iter().map(|id| code(id.0)).collect();
        let why = story.ending.why().map(|why| text(&sentence(why))).unwrap_or_default();
        let because = if because.is_empty() { why } else { because.join(", ") };
        vec![story.title.to_owned(), text(&format!("{}{parted}", story.ending.words())), because]
    };
    let rows = journey.stories.iter().map(row).collect::<Vec<_>>();
    table(lines, "Devices, by the known client's rules", &["device", "ends in", "because"], &rows);
    let provided = provided(journey);
    if !provided.is_empty() {
        paragraph(lines, &format!("Provided that {}.", sentence(&provided.join("; "))));
    }
}

fn certificates(report: &Report, lines: &mut Vec<String>) {
    let row = |chain: &ChainView| {
        let leaf = chain.certificates.first()?;
        let end = chain.certificates.iter().filter_map(|one| one.not_after).min();
        let end = end.map_or("unreadable".to_owned(), |end| {
            let days = reading::days_left(report, end);
            if end < report.judged_at {
                format!("**{}, expired**", end.day())
            } else {
                format!("{}, {days} days", end.day())
            }
        });
        let anchor = chain.anchor.as_deref().map_or("**no valid path**".to_owned(), |anchor| text(&value(anchor)));
        Some(vec![code(&value(common_name(leaf))), text(&value(&leaf.key)), end, anchor])
    };
    let rows: Vec<Vec<String>> = report.chains.iter().filter_map(row).collect();
    if !rows.is_empty() {
        table(lines, "Certificates", &["leaf", "key", "first of its chain ends", "path ends in"], &rows);
    }
}

fn every_check(report: &Report, lines: &mut Vec<String>) {
    let row = |check: &CheckReport| {
        let more = match check.outcome {
            State::Pass => String::new(),
            State::Warn | State::Fail => in_short(check, check.outcome).unwrap_or_default(),
            State::Skipped | State::NotObserved => why(check),
        };
        vec![marker(check.outcome), code(check.id.0), text(check.title), text(&more)]
    };
    lines.push("<details><summary>Every check</summary>".to_owned());
    lines.push(String::new());
    rows(lines, &["outcome", "check", "proves", "more"], &report.checks.iter().map(row).collect::<Vec<_>>());
    lines.extend(["</details>".to_owned(), String::new()]);
}

fn table(lines: &mut Vec<String>, title: &str, titles: &[&str], cells: &[Vec<String>]) {
    heading(lines, title);
    rows(lines, titles, cells);
}

fn rows(lines: &mut Vec<String>, titles: &[&str], rows: &[Vec<String>]) {
    let row = |cells: &[&str]| {
        // Whether a backslash before a bar escapes it hangs on what stands before the backslash.
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\u{7c}")).collect();
        format!("| {} |", cells.join(" | "))
    };
    lines.push(row(titles));
    lines.push(format!("|{}", "---|".repeat(titles.len())));
    lines.extend(rows.iter().map(|cells| row(&cells.iter().map(String::as_str).collect::<Vec<_>>())));
    lines.push(String::new());
}

fn place(target: &Target) -> String {
    code(&value(&target.to_string()))
}

/// Checks by id; a whole category by its pattern, with their number.
fn ids(ids: &[String]) -> String {
    let one = |id: &String| if id.contains(' ') { text(id) } else { code(id) };
    ids.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Sign and word.
fn marker(state: State) -> String {
    match state {
        State::Skipped => format!("– {}", word(state)),
        State::Pass => format!("✓ {}", word(state)),
        State::Warn => format!("**! {}**", word(state)),
        State::NotObserved => format!("? {}", word(state)),
        State::Fail => format!("**✗ {}**", word(state)),
    }
}

/// A code span, delimited by more backticks than there are in it.
fn code(text: &str) -> String {
    let fence = "`".repeat(longest_run(text) + 1);
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    if text.is_empty() { String::new() } else { format!("{fence}{pad}{text}{pad}{fence}") }
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// A sentence: words that might be more than words stand in code spans, what follows each other in one.
fn text(sentence: &str) -> String {
    let mut out = String::new();
    let mut quoted = String::new();
    for (at, token) in sentence.split(' ').enumerate() {
        if !is_plain(token, at == 0) {
            if !quoted.is_empty() {
                quoted.push(' ');
            }
            quoted.push_str(token);
            // Where the sentence pauses, the span ends.
            if token.ends_with([',', '.', ';', ':', ')', '"']) {
                flush(&mut out, &mut quoted);
            }
            continue;
        }
        flush(&mut out, &mut quoted);
        if at > 0 {
            out.push(' ');
        }
        out.push_str(token);
    }
    flush(&mut out, &mut quoted);
    out
}

/// Writes what is quoted, without the punctuation of the sentence around it.
fn flush(out: &mut String, quoted: &mut String) {
    if quoted.is_empty() {
        return;
    }
    // A bracket of the sentence has its other half elsewhere.
    let paired = quoted.matches('(').count() == quoted.matches(')').count();
    let is_outer = |c: char| matches!(c, '"' | ',' | '.' | ';' | ':') || (matches!(c, '(' | ')') && !paired);
    let rest = quoted.trim_start_matches(|c| matches!(c, '"' | '(') && is_outer(c));
    let before = quoted.len() - rest.len();
    let inner = rest.trim_end_matches(is_outer);
    let (inner, before) = if inner.is_empty() { (quoted.as_str(), 0) } else { (inner, before) };
    let after = before + inner.len();
    if !out.is_empty() {
        out.push(' ');
    }
    let _ = write!(out, "{}{}{}", &quoted[..before], code(inner), &quoted[after..]);
    quoted.clear();
}

/// Whether a word is nothing but a word to Markdown, to what finds mentions, links, emoji and formulas in it, and, as the first
/// one, to what finds lists and headings.
fn is_plain(word: &str, first: bool) -> bool {
    let harmless = |c: char| c.is_alphanumeric() || ",.;:()'\"’“”–…/%=?!-+✓✗›→×≤≥".contains(c);
    let is_number = |digits: &str| digits.chars().all(|c| c.is_ascii_digit());
    let is_item = word.strip_suffix(['.', ')']).is_some_and(is_number);
    let begins_block = first && !word.is_empty() && (is_item || word.chars().all(|c| "-+=".contains(c)));
    let linked = word.contains("://") || word.to_ascii_lowercase().contains("www.");
    let emoji = word.matches(':').count() > 1 || word.starts_with(':');
    word.chars().all(harmless) && !begins_block && !linked && !emoji
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_might_be_more_stand_in_code_spans() {
        for (sentence, shown) in [
            ("The key of CN=ds.example.com,O=Example is new.", "The key of CN=ds.example.com,O=Example is new."),
            ("see https://evil.example, now", "see `https://evil.example`, now"),
            ("@all of you (trust_service.url) #1", "`@all` of you `(trust_service.url)` `#1`"),
            ("pins/* and [a](b) <script>", "`pins/*` and `[a](b)` `<script>`"),
            ("a `tick` ``two``", "a ``` `tick` ``two`` ```"),
            ("1. one", "`1`. one"),
            ("- one", "`-` one"),
            ("22 checks", "22 checks"),
            ("a - b", "a - b"),
            ("::x :smile: 04:A2:19", "`::x :smile`: `04:A2:19`"),
            ("", ""),
            ("(_)", "`(_)`"),
            ("(a_b c_d), x", "`(a_b c_d)`, x"),
            ("\"$x$\"", "\"`$x$`\""),
        ] {
            assert_eq!(text(sentence), shown);
        }
    }
}
