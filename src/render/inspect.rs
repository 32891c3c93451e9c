//! A chain for a terminal: what is wrong, the tree of paths, the certificates on one axis of time, each in full.

mod axis;
mod paths;
#[cfg(test)]
mod tests;

use std::io;

use pinflight_checks::{
    deployment::RootStore,
    inspect::{CertificateState, CertificateView, Connection, Facts, FindingView, Inspection, PathState, Source},
    outcome::State,
    pin,
    recording::HandshakeSignature,
    time::Timestamp,
};

use self::axis::Axis;
use super::{
    Style, table,
    text::{Sheet, Text, Tone},
};

/// Names and usages shown of each list, unless all are asked for.
const LISTED: usize = 12;
/// Characters shown of each, likewise.
const NAME: usize = 100;
/// Findings of one check shown, unless all are asked for.
const IN_FULL: usize = 3;

/// Writes an inspection as a table.
pub fn inspection(inspection: &Inspection, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let mut sheet = Sheet { style, out };
    let sheet = &mut sheet;
    head(inspection, sheet)?;
    findings(inspection, State::Fail, "What is wrong", sheet)?;
    findings(inspection, State::Warn, "What needs attention", sheet)?;
    paths::tree(inspection, sheet)?;
    validity(inspection, sheet)?;
    certificates(inspection, sheet)
}

fn head(inspection: &Inspection, sheet: &mut Sheet<'_>) -> io::Result<()> {
    let (tone, word) = match inspection.sound {
        _ if inspection.certificates.is_empty() => (Tone::Bad, "NO CHAIN"),
        true => (Tone::Good, "SOUND"),
        false => (Tone::Bad, "NOT SOUND"),
    };
    let verdict = Text::of(tone, word);
    let verdict = match &inspection.source {
        Source::Host { host, port } if host.contains(':') => verdict.and(Tone::Strong, format!(" [{host}]:{port}")),
        Source::Host { host, port } => verdict.and(Tone::Strong, format!(" {host}:{port}")),
        Source::Files { paths } => verdict.and_list(Tone::Strong, paths.iter().map(|path| format!(" {path}"))),
    };
    sheet.prose(0, &verdict)?;
    if let Some(connection) = &inspection.connection {
        conversation(connection, sheet)?;
    }
    let sent = inspection.certificates.iter().filter(|one| one.sent).count();
    if sent > 0 {
        let verb = if inspection.connection.is_some() { "sent" } else { "read" };
        labelled(
            "chain",
            &Text::sentence(format!("{} {verb}, {}", table::counted(sent, "certificate"), end(inspection))),
            sheet,
        )?;
    }
    let roots = match inspection.roots {
        RootStore::Mozilla => "Mozilla's roots",
        RootStore::System => "the operating system's roots",
        RootStore::None => "no public root",
    };
    let supplied = match inspection.supplied {
        0 => String::new(),
        count => format!(" and {} supplied", table::counted(count, "certificate")),
    };
    let at = if inspection.judged_at == inspection.taken_at { "now" } else { "as of that moment" };
    labelled("judged", &Text::sentence(format!("{} ({at}), by {roots}{supplied}", inspection.judged_at)), sheet)
}

/// What the chain comes to.
fn end(inspection: &Inspection) -> String {
    let Some(used) = inspection.paths.iter().find(|path| path.used) else {
        return "no path to a root that counts".to_owned();
    };
    let members = inspection.certificates.iter().filter(|one| used.certificates.contains(&one.sha256));
    let first = members.filter_map(|one| one.facts.as_ref()).map(|facts| facts.not_after).min();
    let until = first.map(Timestamp::day).unwrap_or_default();
    match used.state {
        PathState::OutOfTime => "a path to a root that counts, but out of time".to_owned(),
        _ => format!("a valid path until {until}"),
    }
}

fn conversation(connection: &Connection, sheet: &mut Sheet<'_>) -> io::Result<()> {
    let sni = connection.sni.as_ref().map_or("without SNI".to_owned(), |sni| format!("SNI {sni}"));
    let through = connection.proxy.as_ref().map(|proxy| format!(" through {proxy}")).unwrap_or_default();
    let place = connection.address.map_or(connection.name.clone(), |address| address.to_string());
    let took = connection.took_ms.map(|ms| format!(", {ms} ms")).unwrap_or_default();
    if connection.took_ms.is_some() || !connection.attempts.is_empty() {
        labelled("asked", &Text::sentence(format!("{place}{through}, {sni}{took}")), sheet)?;
    }
    let others: Vec<String> = connection
        .addresses
        .iter()
        .filter(|ip| connection.address.is_some_and(|address| address.ip() != **ip))
        .filter(|ip| connection.attempts.iter().all(|one| one.address.is_none_or(|address| address.ip() != **ip)))
        .map(ToString::to_string)
        .collect();
    if !others.is_empty() {
        let text = Text::default().and_list(Tone::Plain, others).and(Tone::Dim, "(not asked; --resolve picks one)");
        labelled("also at", &text, sheet)?;
    }
    // Where nobody answered, what is wrong says so.
    for attempt in connection.attempts.iter().filter(|_| connection.version.is_some()) {
        labelled("in vain", &Text::sentence(attempt.message.as_str()), sheet)?;
    }
    if let (Some(version), Some(suite)) = (&connection.version, &connection.suite) {
        let alpn = connection.alpn.as_ref().map(|alpn| format!(", {alpn}")).unwrap_or_default();
        labelled("spoke", &Text::sentence(format!("{version}, {suite}{alpn}")), sheet)?;
    }
    if let Some(HandshakeSignature::Unverifiable { why }) = &connection.signature {
        labelled("key", &Text::sentence(format!("whether the server has it was not verified: {why}")), sheet)?;
    }
    if connection.name_matches == Some(true) {
        labelled("name", &Text::sentence(format!("the certificate is for {}", connection.name)), sheet)?;
    }
    Ok(())
}

fn labelled(label: &'static str, text: &Text, sheet: &mut Sheet<'_>) -> io::Result<()> {
    sheet.labelled(2, label, 9, text)
}

fn findings(inspection: &Inspection, state: State, title: &str, sheet: &mut Sheet<'_>) -> io::Result<()> {
    let findings: Vec<&FindingView> = inspection.findings.iter().filter(|one| one.outcome == state).collect();
    if findings.is_empty() {
        return Ok(());
    }
    sheet.heading(title)?;
    let mut shown = 0;
    let mut check = None;
    let mut folded = 0;
    for (number, finding) in findings.iter().enumerate() {
        if check != Some(finding.check) {
            (check, shown, folded) = (Some(finding.check), 0, 0);
            sheet.prose(2, &table::marker(state, sheet.style).and(Tone::Strong, format!(" {}", finding.check)))?;
        }
        if shown < IN_FULL || sheet.style.detailed() {
            shown += 1;
            sheet.prose(6, &Text::sentence(finding.message.as_str()))?;
            if sheet.style.detailed() {
                table::evidence(&finding.evidence, 8, sheet)?;
            }
            sheet.labelled(6, "do", 7, &Text::sentence(finding.remedy.as_str()))?;
        } else {
            folded += 1;
        }
        let is_last = findings.get(number + 1).is_none_or(|next| Some(next.check) != check);
        if is_last && folded > 0 {
            sheet.prose(6, &Text::plain(format!("and {folded} more (-v shows each)")))?;
        }
        if is_last {
            sheet.labelled(6, "more", 7, &Text::of(Tone::Code, format!("pinflight explain {}", finding.check)))?;
        }
    }
    Ok(())
}

/// Every certificate's time on one axis.
fn validity(inspection: &Inspection, sheet: &mut Sheet<'_>) -> io::Result<()> {
    let readable: Vec<(usize, &Facts)> =
        inspection.certificates.iter().filter_map(|one| Some((one.number, one.facts.as_ref()?))).collect();
    if readable.is_empty() {
        return Ok(());
    }
    sheet.heading("Validity")?;
    let words: Vec<(Tone, String)> = readable.iter().map(|(_, facts)| remaining(facts, inspection)).collect();
    let beside = words.iter().map(|(_, words)| words.chars().count()).max().unwrap_or(0);
    let digits = readable.iter().map(|(number, _)| number.to_string().len()).max().unwrap_or(1);
    let room = sheet.style.columns().saturating_sub(2 + digits + 1 + 2 + beside).clamp(10, 100);
    let axis =
        Axis::of(readable.iter().map(|(_, facts)| (facts.not_before, facts.not_after)), inspection.judged_at, room);
    let at = if inspection.judged_at == inspection.taken_at { "now" } else { "then" };
    let blank = " ".repeat(digits);
    sheet.prose(2, &Text::default().and_unbroken(Tone::Dim, format!("{blank} {}", axis.labels(at))))?;
    for ((number, facts), (tone, words)) in readable.iter().zip(words) {
        let bar = axis.bar(facts.not_before, facts.not_after, sheet.style.unicode);
        let row = Text::default().and_unbroken(Tone::Dim, format!("{number:digits$}")).and_unbroken(tone, bar);
        sheet.prose(2, &row.and_unbroken(Tone::Plain, format!(" {words}")))?;
    }
    Ok(())
}

/// How long a certificate still lasts.
fn remaining(facts: &Facts, inspection: &Inspection) -> (Tone, String) {
    let now = inspection.judged_at;
    let days = |count: i64| table::counted(usize::try_from(count).unwrap_or(0), "day");
    match facts.state {
        CertificateState::Expired => (Tone::Bad, format!("expired {} ago", days(facts.not_after.days_until(now)))),
        CertificateState::NotYetValid => (Tone::Bad, format!("valid in {}", days(now.days_until(facts.not_before)))),
        CertificateState::Valid if facts.days_left < 30 => (Tone::Warn, format!("{} left", days(facts.days_left))),
        CertificateState::Valid => (Tone::Good, format!("{} left", days(facts.days_left))),
    }
}

fn certificates(inspection: &Inspection, sheet: &mut Sheet<'_>) -> io::Result<()> {
    if inspection.certificates.is_empty() {
        return Ok(());
    }
    sheet.heading("Certificates")?;
    for (at, one) in inspection.certificates.iter().enumerate() {
        if at > 0 {
            sheet.gap()?;
        }
        certificate(one, inspection, sheet)?;
    }
    Ok(())
}

fn certificate(one: &CertificateView, inspection: &Inspection, sheet: &mut Sheet<'_>) -> io::Result<()> {
    let head = Text::of(Tone::Dim, one.number.to_string());
    let Some(facts) = &one.facts else {
        let error = one.error.as_deref().unwrap_or_default();
        sheet.prose(2, &head.and_sentence(Tone::Bad, format!("cannot be read: {error}")))?;
        return line("SHA-256", one.sha256.as_str(), sheet);
    };
    let head = head.and(Tone::Strong, subject(facts));
    sheet.prose(2, &if one.sent { head } else { head.and(Tone::Dim, "(not sent)") })?;
    let detailed = sheet.style.detailed();
    line("issuer", if facts.self_issued { "itself" } else { &facts.issuer }, sheet)?;
    names(facts, sheet)?;
    line("serial", &facts.serial, sheet)?;
    line("key", &facts.key.words, sheet)?;
    line("signed", &format!("with {}", facts.signature_algorithm), sheet)?;
    line("is", &kind(facts), sheet)?;
    usages("for", facts.extended_key_usage.as_deref(), sheet)?;
    usages("key may", facts.key_usage.as_deref(), sheet)?;
    if !facts.unknown_critical.is_empty() {
        usages("critical", Some(&facts.unknown_critical), sheet)?;
    }
    let (tone, remaining) = remaining(facts, inspection);
    let valid = Text::plain(format!("{} to {}", facts.not_before, facts.not_after)).and(tone, format!("({remaining})"));
    sheet.labelled(6, "valid", 10, &valid)?;
    if detailed {
        line("key id", facts.subject_key_id.as_deref().unwrap_or("none"), sheet)?;
        line("issuer's", facts.authority_key_id.as_deref().unwrap_or("none"), sheet)?;
    }
    line("SHA-256", &one.sha256, sheet)?;
    line("SHA-1", &facts.sha1, sheet)?;
    match &facts.pins.trust_service {
        Some(pin) if detailed => sheet.labelled(6, "pin", 10, &Text::default().and_whole(Tone::Plain, pin.as_str()))?,
        Some(pin) => line("pin", &pin::shorten(pin), sheet)?,
        None => line("pin", "none for the Trust Service, which registers RSA keys", sheet)?,
    }
    line("", &facts.pins.sha256, sheet)
}

fn line(label: &'static str, value: &str, sheet: &mut Sheet<'_>) -> io::Result<()> {
    sheet.labelled(6, label, 10, &Text::plain(value))
}

/// The subject, or the first name where it is empty.
fn subject(facts: &Facts) -> &str {
    let names = facts.names.as_ref();
    let first = names.and_then(|names| names.dns.first().or(names.ip.first())).map(String::as_str);
    if facts.subject.is_empty() { first.unwrap_or("(no subject)") } else { &facts.subject }
}

fn names(facts: &Facts, sheet: &mut Sheet<'_>) -> io::Result<()> {
    match &facts.names {
        None if facts.ca == Some(true) => Ok(()),
        None => line("names", "none: it has no SAN", sheet),
        Some(names) => {
            let all: Vec<String> = names.dns.iter().chain(&names.ip).chain(&names.email).cloned().collect();
            usages("names", Some(&all), sheet)
        }
    }
}

/// A list of the certificate's, cut unless all is asked for.
fn usages(label: &'static str, items: Option<&[String]>, sheet: &mut Sheet<'_>) -> io::Result<()> {
    let Some(items) = items else { return Ok(()) };
    if items.is_empty() {
        return line(label, "nothing", sheet);
    }
    let shown = if sheet.style.detailed() { items.len() } else { LISTED.min(items.len()) };
    let text = Text::default().and_list(Tone::Plain, items.iter().take(shown));
    let rest = items.len() - shown;
    let text = if rest > 0 { text.and(Tone::Dim, format!("and {rest} more (-v shows all)")) } else { text };
    sheet.labelled(6, label, 10, &if sheet.style.detailed() { text } else { text.capped(NAME) })
}

/// What it may do as a CA.
fn kind(facts: &Facts) -> String {
    let kind = match (facts.ca, facts.path_length) {
        (Some(true), Some(length)) => format!("a CA, path length {length}"),
        (Some(true), None) => "a CA".to_owned(),
        (Some(false), _) => "no CA".to_owned(),
        (None, _) => "no CA (no basic constraints)".to_owned(),
    };
    let version = if facts.version == 3 { String::new() } else { format!(", X.509 version {}", facts.version) };
    let constrained = if facts.name_constraints { ", with name constraints" } else { "" };
    let signed = match facts.self_signed {
        Some(true) => ", self-signed",
        Some(false) => ", self-issued, not signed by its own key",
        None => "",
    };
    kind + &version + constrained + signed
}
