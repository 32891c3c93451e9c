//! `pinflight list`: every registered check, what it proves, and the steps of the guide that it stands for.

use std::io;

use pinflight_checks::check::{CheckId, GuideStep, Meta};
use serde::Serialize;

use crate::render::{self, Style};

/// Writes one line a check.
pub fn table(metas: &[&'static Meta], style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    render::list(metas.iter().map(|meta| (meta.id.0, meta.title, meta.steps)), style, out)
}

/// Writes an array of `{"id", "category", "title", "steps", "depends_on", "since"}`.
pub fn json(metas: &[&'static Meta], out: &mut dyn io::Write) -> io::Result<()> {
    let entries: Vec<Entry> = metas
        .iter()
        .map(|meta| Entry {
            id: meta.id,
            category: meta.id.category(),
            title: meta.title,
            steps: meta.steps,
            depends_on: meta.depends_on,
            since: meta.since,
        })
        .collect();
    render::write_json(&entries, out)
}

#[derive(Serialize)]
struct Entry {
    id: CheckId,
    category: &'static str,
    title: &'static str,
    steps: &'static [GuideStep],
    depends_on: &'static [CheckId],
    since: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    static METAS: [Meta; 2] = [
        Meta {
            id: CheckId("dns/discovery-resolves"),
            title: "Discovery's name resolves",
            steps: &[GuideStep::S1],
            depends_on: &[],
            since: "0.1.0",
        },
        Meta {
            id: CheckId("certificate/path"),
            title: "Every chain has a valid path",
            steps: &[GuideStep::P2, GuideStep::S6],
            depends_on: &[CheckId("dns/discovery-resolves")],
            since: "0.1.0",
        },
    ];

    fn metas() -> Vec<&'static Meta> {
        METAS.iter().collect()
    }

    #[test]
    fn one_line_a_check() {
        let mut out = Vec::new();
        table(&metas(), &Style::default(), &mut out).unwrap();
        let expected = "check                   guide  proves\n\
                        dns/discovery-resolves  1      Discovery's name resolves\n\
                        certificate/path        P2, 6  Every chain has a valid path\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn json_says_the_same() {
        let mut out = Vec::new();
        json(&metas(), &mut out).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
        let expected = serde_json::json!({
            "id": "certificate/path", "category": "certificate", "title": "Every chain has a valid path",
            "steps": ["P2", "6"], "depends_on": ["dns/discovery-resolves"], "since": "0.1.0",
        });
        assert_eq!(value[1], expected);
    }
}
