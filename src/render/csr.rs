//! A certificate signing request for a terminal: what it asks for, and what the checks say.

use std::io;

use pinflight_checks::{
    csr::{CheckView, Key, Request},
    outcome::State,
};

use super::{
    Style, table,
    text::{Sheet, Text, Tone},
};

/// Names shown of each list, unless all are asked for.
const LISTED: usize = 12;

/// Writes a request as a table.
pub fn csr(file: &str, request: &Request, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let mut sheet = Sheet { style, out };
    let sheet = &mut sheet;
    let (tone, word) = verdict(request);
    sheet.prose(0, &Text::of(tone, word).and(Tone::Strong, if file == "-" { "standard input" } else { file }))?;
    if request.parsed {
        facts(request, sheet)?;
    }
    section(request, State::Fail, "What is wrong", sheet)?;
    section(request, State::Warn, "What needs attention", sheet)?;
    section(request, State::NotObserved, "What was not judged", sheet)?;
    section(request, State::Skipped, "What was left out", sheet)
}

fn verdict(request: &Request) -> (Tone, &'static str) {
    let any = |state: State| request.checks.iter().any(|check| check.outcome == state);
    if !request.parsed {
        (Tone::Bad, "NO REQUEST")
    } else if request.is_wrong() {
        (Tone::Bad, "NOT SOUND")
    } else if any(State::NotObserved) {
        (Tone::Warn, "NOTHING WRONG SO FAR")
    } else {
        (Tone::Good, "SOUND")
    }
}

fn facts(request: &Request, sheet: &mut Sheet<'_>) -> io::Result<()> {
    let subject = request.subject.as_deref().filter(|subject| !subject.is_empty());
    line("subject", &Text::plain(subject.unwrap_or("empty")), sheet)?;
    let in_subject = request.emails.subject.iter().map(|email| format!("{email} (subject)"));
    let in_san = request.emails.san.iter().map(|email| format!("{email} (SAN)"));
    list("e-mail", in_subject.chain(in_san).collect(), sheet)?;
    list("DNS names", request.dns_names.clone(), sheet)?;
    line("key", &Text::plain(key(&request.key)), sheet)?;
    let signature = match request.signature_valid {
        Some(true) => Text::of(Tone::Good, "valid: made with that key"),
        Some(false) => Text::of(Tone::Bad, "invalid"),
        None => Text::of(Tone::Warn, "cannot be verified here"),
    };
    line("signature", &signature, sheet)
}

fn list(label: &'static str, items: Vec<String>, sheet: &mut Sheet<'_>) -> io::Result<()> {
    if items.is_empty() {
        return line(label, &Text::of(Tone::Dim, "none"), sheet);
    }
    let shown = if sheet.style.detailed() { items.len() } else { LISTED.min(items.len()) };
    let rest = items.len() - shown;
    let text = Text::default().and_list(Tone::Plain, items.into_iter().take(shown));
    let text = if rest > 0 { text.and(Tone::Dim, format!("and {rest} more (-v shows all)")) } else { text };
    line(label, &text, sheet)
}

fn key(key: &Key) -> String {
    let kind = key.kind.as_deref().unwrap_or_default();
    match (&key.curve, key.bits) {
        (Some(curve), _) => format!("{kind} {curve}"),
        (None, Some(bits)) if kind == "RSA" => format!("{kind} {bits}"),
        (None, _) => kind.to_owned(),
    }
}

fn line(label: &'static str, text: &Text, sheet: &mut Sheet<'_>) -> io::Result<()> {
    sheet.labelled(2, label, 11, text)
}

fn section(request: &Request, state: State, title: &'static str, sheet: &mut Sheet<'_>) -> io::Result<()> {
    let told = |check: &&CheckView| check.findings.iter().any(|finding| finding.outcome == state);
    let checks: Vec<&CheckView> = request.checks.iter().filter(told).collect();
    if checks.is_empty() {
        return Ok(());
    }
    sheet.heading(title)?;
    for check in checks {
        sheet.prose(2, &Text::of(Tone::Strong, check.id.0))?;
        for finding in check.findings.iter().filter(|finding| finding.outcome == state) {
            sheet.prose(6, &Text::sentence(finding.message.as_str()))?;
            if sheet.style.detailed() {
                table::evidence(&finding.evidence, 8, sheet)?;
            }
            if let Some(remedy) = &finding.remedy {
                sheet.labelled(6, "do", 7, &Text::sentence(remedy.as_str()))?;
            }
        }
        if matches!(state, State::Fail | State::Warn) {
            sheet.labelled(6, "more", 7, &Text::of(Tone::Code, format!("pinflight explain {}", check.id)))?;
        }
    }
    Ok(())
}
