//! The candidate paths as one tree: what they share is drawn once.

use std::io;

use pinflight_checks::inspect::{CertificateView, Inspection, PathState, PathView};

use super::{
    super::text::{Sheet, Text, Tone},
    subject,
};

/// Levels that are drawn further in than the one above.
const DEEPEST: usize = 8;

/// Characters shown of a name; the certificate itself shows more.
const SHOWN: usize = 120;

/// A certificate with all that stands above it.
#[derive(Default)]
struct Node<'a> {
    id: &'a str,
    issuers: Vec<Node<'a>>,
    ends: Vec<&'a PathView>,
}

impl<'a> Node<'a> {
    fn add(&mut self, path: &'a PathView) {
        let mut node = self;
        for id in &path.certificates {
            let at = node.issuers.iter().position(|issuer| issuer.id == id).unwrap_or_else(|| {
                node.issuers.push(Node { id, ..Node::default() });
                node.issuers.len() - 1
            });
            let Some(next) = node.issuers.get_mut(at) else { return };
            node = next;
        }
        node.ends.push(path);
    }
}

/// Writes the tree from the leaf on.
pub(super) fn tree(inspection: &Inspection, sheet: &mut Sheet<'_>) -> io::Result<()> {
    if inspection.paths.is_empty() {
        return Ok(());
    }
    sheet.heading("Paths")?;
    let mut all = Node::default();
    inspection.paths.iter().for_each(|path| all.add(path));
    for leaf in &all.issuers {
        sheet.node(2, "", "", &certificate(inspection, leaf.id))?;
        above(inspection, leaf, "", 1, sheet)?;
    }
    Ok(())
}

fn above(
    inspection: &Inspection,
    node: &Node<'_>,
    before: &str,
    depth: usize,
    sheet: &mut Sheet<'_>,
) -> io::Result<()> {
    let count = node.ends.len() + node.issuers.len();
    let guides = |place: usize| {
        let is_last = place + 1 == count;
        match (sheet_is_unicode(sheet), is_last) {
            (true, false) => ("├─ ", "│  "),
            (true, true) => ("└─ ", "   "),
            (false, false) => ("|- ", "|  "),
            (false, true) => ("`- ", "   "),
        }
    };
    let guides: Vec<_> = (0..count).map(guides).collect();
    let mut guides = guides.into_iter();
    for (path, (first, rest)) in node.ends.iter().zip(guides.by_ref()) {
        sheet.node(2, &format!("{before}{first}"), &format!("{before}{rest}"), &end(path, sheet.style.unicode))?;
    }
    for (issuer, (first, rest)) in node.issuers.iter().zip(guides) {
        let inner = format!("{before}{rest}");
        sheet.node(2, &format!("{before}{first}"), &inner, &certificate(inspection, issuer.id))?;
        let inner = if depth < DEEPEST { inner.as_str() } else { before };
        above(inspection, issuer, inner, depth + 1, sheet)?;
    }
    Ok(())
}

fn sheet_is_unicode(sheet: &Sheet<'_>) -> bool {
    sheet.style.unicode
}

fn certificate(inspection: &Inspection, id: &str) -> Text {
    let Some(one) = inspection.certificates.iter().find(|one| one.sha256 == id) else { return Text::plain(id) };
    let CertificateView { number, sent, facts, .. } = one;
    let text = Text::of(Tone::Dim, number.to_string());
    let text = text.and(Tone::Plain, facts.as_ref().map(subject).unwrap_or_default()).capped(SHOWN);
    if *sent { text } else { text.and(Tone::Dim, "(not sent)") }
}

/// What a path is worth, and why.
fn end(path: &PathView, unicode: bool) -> Text {
    let (tone, sign, word) = match path.state {
        PathState::Valid => (Tone::Good, "✓", "valid"),
        PathState::OutOfTime => (Tone::Bad, "✗", "out of time"),
        PathState::Incomplete => (Tone::Bad, "✗", "incomplete as sent"),
        PathState::Untrusted => (Tone::Bad, "✗", "untrusted"),
        PathState::IssuerMissing => (Tone::Bad, "✗", "issuer missing"),
        PathState::Broken => (Tone::Bad, "✗", "broken"),
    };
    let used = if path.used { ", used" } else { "" };
    let head = if unicode { format!("{sign} {word}{used}:") } else { format!("{word}{used}:") };
    let name = &path.end.name;
    let end = match path.end.kind {
        "mozilla" => format!("{name}, one of Mozilla's roots"),
        "system" => "a root of the operating system".to_owned(),
        "supplied" => "a supplied root".to_owned(),
        "signing-root" => "the Workspace ONE signing root, which counts for the Trust Service alone".to_owned(),
        "issuer-missing" => match &path.end.key_id {
            Some(key) => format!("{name}, key identifier {key}"),
            None => name.clone(),
        },
        _ => "a root that does not count".to_owned(),
    };
    let text = Text::of(tone, head).and_sentence(Tone::Plain, end);
    // That the end is no root is said already.
    let why: Vec<&str> = match path.state {
        PathState::Untrusted | PathState::IssuerMissing => path.why.iter().skip(1).map(String::as_str).collect(),
        _ => path.why.iter().map(String::as_str).collect(),
    };
    let text = if why.is_empty() { text } else { text.and_sentence(Tone::Plain, format!("({})", why.join("; "))) };
    text.capped(2 * SHOWN)
}
