//! One JSON object a line (`pinflight.events/1`, docs/schema/events-1.json): each check, then the verdict. `check -o jsonl` writes
//! what it asks before them, as it happens.

use std::{collections::BTreeSet, io};

use pinflight_checks::{
    deployment::Vantage,
    report::{CheckReport, Counts, NextCommand, Report, ReportScope, Run, Verdict},
    time::Timestamp,
};
use serde::Serialize;

use super::{Renderer, Style, json};

/// The `schema` of every line this version writes.
const SCHEMA: &str = "pinflight.events/1";

/// `-o jsonl`
pub(super) struct JsonLines;

impl Renderer for JsonLines {
    fn id(&self) -> &'static str {
        "jsonl"
    }

    fn render(&self, report: &Report, _style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
        for check in &report.checks {
            write_event("check", &Checked { check }, out)?;
        }
        write_event("verdict", &Closing::of(report), out)
    }
}

/// Writes an event with its facts, as one line that is safe to print.
pub fn write_event(event: &'static str, facts: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Line<'a, T> {
        schema: &'static str,
        event: &'static str,
        #[serde(flatten)]
        facts: &'a T,
    }
    json::write_line(&Line { schema: SCHEMA, event, facts }, out)
}

#[derive(Serialize)]
struct Checked<'a> {
    check: &'a CheckReport,
}

/// The report without its checks, which stand before it, and its sections, which are theirs in another order.
#[derive(Serialize)]
struct Closing<'a> {
    verdict: Verdict,
    scope: ReportScope,
    headline: &'a str,
    vantages: &'a BTreeSet<Vantage>,
    taken_at: Timestamp,
    judged_at: Timestamp,
    version: &'a str,
    subject: &'a str,
    counts: Counts,
    next_commands: &'a [NextCommand],
    run: &'a Run,
}

impl<'a> Closing<'a> {
    fn of(report: &'a Report) -> Self {
        Self {
            verdict: report.verdict,
            scope: report.scope,
            headline: &report.headline,
            vantages: &report.vantages,
            taken_at: report.taken_at,
            judged_at: report.judged_at,
            version: &report.version,
            subject: &report.subject,
            counts: report.counts,
            next_commands: &report.next_commands,
            run: &report.run,
        }
    }
}
