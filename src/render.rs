//! A report, shown: one format a file, and the one list of them. Renderers only format; they judge and decide nothing.

mod csr;
mod difference;
mod escape;
mod gather;
mod github;
mod grid;
mod html;
mod inspect;
mod json;
mod jsonl;
mod junit;
mod markdown;
mod nagios;
mod page;
mod pins;
mod prometheus;
mod reading;
mod sarif;
mod short;
mod simulation;
mod table;
mod tap;
mod text;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

use std::io;

use pinflight_checks::{
    check::GuideStep,
    report::{Counts, Report},
};

pub use self::{
    csr::csr,
    difference::{difference, difference_lines},
    escape::for_terminal,
    gather::gathered,
    inspect::inspection,
    json::write as write_json,
    jsonl::write_event,
    nagios::{Service, no_report},
    page::markdown,
    pins::pins,
    simulation::simulation,
};
use self::{
    grid::Grid,
    text::{Sheet, Text, Tone},
};

/// A way to show a report.
pub trait Renderer: Sync {
    /// As `--output` spells it.
    fn id(&self) -> &'static str;
    /// Writes the whole report. Errors are the writer's own, a closed pipe among them.
    fn render(&self, report: &Report, style: &Style, out: &mut dyn io::Write) -> io::Result<()>;
}

/// How text for people is to look. JSON is the same in every style.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns; taken as 60 to 200 whatever it says.
    pub width: usize,
    /// Whether anything but ASCII may be written.
    pub unicode: bool,
    /// Whether ANSI colours may be written.
    pub color: bool,
    /// How much of the report is shown.
    pub show: Show,
    /// `-v`: from 1 on, every check with its targets, evidence and certificates.
    pub verbose: u8,
}

impl Default for Style {
    fn default() -> Self {
        Self { width: 80, unicode: true, color: false, show: Show::Findings, verbose: 0 }
    }
}

impl Style {
    /// The columns in use.
    fn columns(&self) -> usize {
        self.width.clamp(60, 200)
    }

    /// Whether what passed is shown one by one.
    fn detailed(&self) -> bool {
        self.show == Show::All || self.verbose > 0
    }
}

/// How much of the report the table and Markdown show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Show {
    /// Every check with its targets and evidence; in Markdown they are always there, folded.
    All,
    /// What is wrong in full, what passed in short.
    #[default]
    Findings,
    /// The verdict, the failures, what to run next.
    Failures,
}

/// Every format, the default first.
pub fn formats() -> &'static [&'static dyn Renderer] {
    &[
        &table::Table,
        &short::Short,
        &json::Json,
        &jsonl::JsonLines,
        &markdown::Markdown,
        &html::Page,
        &junit::Junit,
        &sarif::Sarif,
        &github::Github,
        &tap::Tap,
        &nagios::Nagios,
        &prometheus::Prometheus,
    ]
}

/// The format of this name.
pub fn by_name(name: &str) -> Result<&'static dyn Renderer, UnknownFormat> {
    let found = formats().iter().find(|format| format.id() == name).copied();
    found.ok_or_else(|| UnknownFormat { name: name.to_owned() })
}

/// No format has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no output format {:?}{} ({})",
    .name,
    nearest(.name, formats().iter().map(|format| format.id())).map(|id| format!(", did you mean {id}?")).unwrap_or_default(),
    formats().iter().map(|format| format.id()).collect::<Vec<_>>().join(", ")
)]
pub struct UnknownFormat {
    /// What was asked for.
    pub name: String,
}

/// The candidate that `name` was most likely meant to be, if any is near.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // An id's second half alone (`path` for `certificate/path`) is the commonest slip, and far away by letters.
    let score = |candidate: &str| {
        let half = candidate.rsplit('/').next().unwrap_or(candidate);
        strsim::jaro_winkler(name, candidate).max(strsim::jaro_winkler(name, half))
    };
    let scored = candidates.into_iter().map(|candidate| (score(candidate), candidate));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.75).then_some(best.1)
}

/// Outcomes with their numbers, for a line: `1 FAIL, 8 not seen, 25 ok`.
pub fn counts(counts: &Counts) -> String {
    table::counts(counts)
}

/// Writes text of several lines for a person at a terminal, escaped, each line wrapped and indented.
pub fn paragraphs(text: &str, indent: usize, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let mut sheet = Sheet { style, out };
    text.lines().try_for_each(|line| sheet.prose(indent, &Text::sentence(line)))
}

/// Writes checks as a table: id, steps of the guide, what is proved.
pub fn list<'a>(
    checks: impl Iterator<Item = (&'a str, &'a str, &'a [GuideStep])>,
    style: &Style,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut grid = Grid::default();
    grid.row(["check", "guide", "proves"].map(|title| Text::of(Tone::Dim, title)));
    for (id, title, steps) in checks {
        let steps: Vec<&str> = steps.iter().map(|step| table::step(*step)).collect();
        let steps = if steps.is_empty() { "-".to_owned() } else { steps.join(", ") };
        grid.row([Text::of(Tone::Strong, id), Text::plain(steps), Text::plain(title)]);
    }
    grid.write(0, &mut Sheet { style, out })
}
