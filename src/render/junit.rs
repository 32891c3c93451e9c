//! JUnit XML, as CI systems read it: a suite a category, a test case a check, and one for the verdict itself.

use std::{io, time::Duration};

use chrono::DateTime;
use pinflight_checks::{
    outcome::State,
    report::{CheckReport, Report},
};
use quick_junit::{NonSuccessKind, Property, TestCase, TestCaseStatus, TestSuite};

use super::{
    Renderer, Style,
    reading::{headline, in_short, is_good, problems, proves, told, value, why, why_not},
};

/// `-o junit`
pub(super) struct Junit;

impl Renderer for Junit {
    fn id(&self) -> &'static str {
        "junit"
    }

    fn render(&self, report: &Report, _style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
        let mut junit = quick_junit::Report::new(format!("pinflight: {}", headline(report)));
        junit.set_time(Duration::from_millis(report.run.took_ms));
        let mut suites = vec![verdict(report)];
        for check in &report.checks {
            if suites.last().is_none_or(|suite| suite.name.as_str() != check.category) {
                suites.push(TestSuite::new(check.category));
            }
            if let Some(suite) = suites.last_mut() {
                suite.add_test_case(case(report, check));
            }
        }
        if let Some(taken_at) = DateTime::from_timestamp(report.taken_at.0, 0) {
            for suite in &mut suites {
                suite.set_timestamp(taken_at.fixed_offset());
            }
        }
        junit.add_test_suites(suites);
        let text = junit.to_string().map_err(io::Error::other)?;
        // The schema in common use has no such attribute there; within the name a quote is `&quot;`.
        let text = text.replacen(&format!(" skipped=\"{}\"", junit.skipped), "", 1);
        out.write_all(text.as_bytes())
    }
}

/// So that a gate that counts failures cannot take INCOMPLETE for a success.
fn verdict(report: &Report) -> TestSuite {
    let mut status = TestCaseStatus::success();
    if !is_good(report) {
        let failed = report.counts.fail > 0;
        status = TestCaseStatus::non_success(if failed { NonSuccessKind::Failure } else { NonSuccessKind::Error });
        status.set_type(if failed { "not-ready" } else { "incomplete" });
        status.set_message(why_not(report));
    }
    let mut case = TestCase::new(proves(report), status);
    case.set_classname("verdict");
    let mut suite = TestSuite::new("verdict");
    let vantages: Vec<&str> = report.vantages.iter().map(|vantage| vantage.id()).collect();
    let properties = [
        ("headline", value(&report.headline)),
        ("subject", value(&report.subject)),
        ("vantages", vantages.join(", ")),
        ("judged_at", report.judged_at.to_string()),
        ("version", value(&report.version)),
    ];
    suite.add_properties(properties.map(|(name, value)| Property::new(name, value)));
    suite.add_test_case(case);
    suite
}

fn case(report: &Report, check: &CheckReport) -> TestCase {
    let mut status = TestCaseStatus::success();
    let mut output = told(report, check);
    match check.outcome {
        State::Pass | State::Warn => {}
        State::Skipped => {
            status = TestCaseStatus::skipped();
            status.set_message(why(check));
        }
        State::NotObserved => {
            status = TestCaseStatus::skipped();
            status.set_type("not-observed");
            status.set_message(format!("not observed: {}", why(check)));
        }
        State::Fail => {
            status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            if let Some(problem) = problems(check, State::Fail).first() {
                status.set_type(problem.finding.cause.kind());
            }
            status.set_message(in_short(check, State::Fail).unwrap_or_default());
            status.set_description(std::mem::take(&mut output));
        }
    }
    let mut case = TestCase::new(check.title, status);
    case.set_classname(check.id.0);
    if !output.is_empty() {
        case.set_system_out(output);
    }
    case
}
