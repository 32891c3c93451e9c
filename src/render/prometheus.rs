//! The text format of Prometheus, for node_exporter's textfile collector.

use std::io;

use pinflight_checks::{
    outcome::State,
    report::{CertificateView, Report, Verdict},
};

use super::{
    Renderer, Style,
    reading::{certificates, days_left, value, write},
};

const STATES: [State; 5] = [State::Pass, State::Warn, State::Fail, State::NotObserved, State::Skipped];

const VERDICTS: [(Verdict, &str); 6] = [
    (Verdict::Ready, "ready"),
    (Verdict::NotReady, "not-ready"),
    (Verdict::Incomplete, "incomplete"),
    (Verdict::SelectedPass, "selected-pass"),
    (Verdict::SelectedFail, "selected-fail"),
    (Verdict::SelectedIncomplete, "selected-incomplete"),
];

/// `-o prometheus`
pub(super) struct Prometheus;

impl Renderer for Prometheus {
    fn id(&self) -> &'static str {
        "prometheus"
    }

    fn render(&self, report: &Report, _style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
        let mut page = Page::default();
        of_the_verdict(report, &mut page);
        of_checks(report, &mut page);
        of_certificates(report, &mut page);
        of_the_run(report, &mut page);
        write(&page.lines, out)
    }
}

fn of_the_verdict(report: &Report, page: &mut Page) {
    let vantages: Vec<&str> = report.vantages.iter().map(|vantage| vantage.id()).collect();
    page.family("pinflight_info", "What was judged, and by which version.");
    page.sample(
        "pinflight_info",
        &[("version", &report.version), ("subject", &report.subject), ("vantages", &vantages.join(","))],
        1,
    );
    page.family("pinflight_verdict", "1 for the verdict that was given, 0 for the others.");
    for (verdict, id) in VERDICTS {
        page.sample("pinflight_verdict", &[("verdict", id)], i64::from(verdict == report.verdict));
    }
}

fn of_checks(report: &Report, page: &mut Page) {
    page.family("pinflight_check_outcome", "1 for the outcome that a check has, 0 for the others.");
    for check in &report.checks {
        for state in STATES {
            let labels = [("check", check.id.0), ("category", check.category), ("outcome", state.id())];
            page.sample("pinflight_check_outcome", &labels, i64::from(state == check.outcome));
        }
    }
    page.family("pinflight_checks", "Checks by outcome.");
    for state in STATES {
        let count = report.checks.iter().filter(|check| check.outcome == state).count();
        page.sample("pinflight_checks", &[("outcome", state.id())], count);
    }
}

fn of_certificates(report: &Report, page: &mut Page) {
    let certificates = certificates(report);
    page.family(
        "pinflight_certificate_daysleft",
        "Whole days until a presented certificate expires, when it was judged.",
    );
    for certificate in &certificates {
        // What cannot be read is no number, and not 0.
        let days = certificate.not_after.map_or("NaN".to_owned(), |end| days_left(report, end).to_string());
        page.sample("pinflight_certificate_daysleft", &labels(certificate), days);
    }
    page.family("pinflight_certificate_not_after_timestamp_seconds", "When a presented certificate expires.");
    for certificate in &certificates {
        let end = certificate.not_after.map_or("NaN".to_owned(), |end| end.0.to_string());
        page.sample("pinflight_certificate_not_after_timestamp_seconds", &labels(certificate), end);
    }
}

fn labels(certificate: &CertificateView) -> [(&str, &str); 3] {
    [("sha256", &certificate.sha256), ("subject", &certificate.subject), ("issuer", &certificate.issuer)]
}

fn of_the_run(report: &Report, page: &mut Page) {
    page.family("pinflight_taken_timestamp_seconds", "When it was observed.");
    page.sample("pinflight_taken_timestamp_seconds", &[], report.taken_at.0);
    page.family("pinflight_judged_timestamp_seconds", "The moment for which it was judged.");
    page.sample("pinflight_judged_timestamp_seconds", &[], report.judged_at.0);
    page.family("pinflight_run_duration_seconds", "How long observing took.");
    let took = format!("{}.{:03}", report.run.took_ms / 1000, report.run.took_ms % 1000);
    page.sample("pinflight_run_duration_seconds", &[], took);
    page.family("pinflight_questions", "Questions that were asked.");
    page.sample("pinflight_questions", &[], report.run.questions);
    page.family("pinflight_questions_unasked", "Questions that had no time left.");
    page.sample("pinflight_questions_unasked", &[], report.run.unasked.len());
}

/// Lines of the exposition, each family together.
#[derive(Default)]
struct Page {
    lines: Vec<String>,
}

impl Page {
    fn family(&mut self, name: &str, help: &str) {
        self.lines.push(format!("# HELP {name} {help}"));
        self.lines.push(format!("# TYPE {name} gauge"));
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], number: impl std::fmt::Display) {
        let labels: Vec<String> = labels.iter().map(|(name, text)| format!("{name}=\"{}\"", escaped(text))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        self.lines.push(format!("{name}{labels} {number}"));
    }
}

/// A label's value; what is hidden was made visible, line ends among it.
fn escaped(text: &str) -> String {
    value(text).replace('\\', "\\\\").replace('"', "\\\"")
}
