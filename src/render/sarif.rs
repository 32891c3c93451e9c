//! SARIF 2.1.0 (OASIS): a rule a check, a result for each finding, and one for each check without any.

use std::io;

use pinflight_checks::{
    outcome::{State, Target},
    report::{CheckReport, FindingReport, Report},
};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{
    Renderer, Style, json,
    reading::{sentence, value, why},
};

/// As the standard names it (3.13.3).
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// `-o sarif`
pub(super) struct Sarif;

impl Renderer for Sarif {
    fn id(&self) -> &'static str {
        "sarif"
    }

    fn render(&self, report: &Report, _style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
        json::write(&log(report), out)
    }
}

/// The standard wants the version first (3.13.2), and a map has an order of its own.
#[derive(Serialize)]
struct Log<'a> {
    version: &'static str,
    #[serde(rename = "$schema")]
    schema: &'static str,
    runs: [Run<'a>; 1],
}

/// In the order of a map's keys, as the rest of it.
#[derive(Serialize)]
struct Run<'a> {
    invocations: Value,
    properties: Value,
    results: Results<'a>,
    tool: Value,
}

/// Written one by one: beside a report of a thousand servers, they are not held as well.
struct Results<'a>(&'a [CheckReport]);

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().enumerate().flat_map(|(rule, check)| results(rule, check)))
    }
}

fn log(report: &Report) -> Log<'_> {
    Log { version: "2.1.0", schema: SCHEMA, runs: [run(report)] }
}

fn run(report: &Report) -> Run<'_> {
    let vantages: Vec<&str> = report.vantages.iter().map(|vantage| vantage.id()).collect();
    Run {
        invocations: json!([{ "executionSuccessful": true, "endTimeUtc": report.taken_at }]),
        properties: json!({
            "verdict": report.verdict,
            "scope": report.scope,
            "headline": value(&report.headline),
            "subject": value(&report.subject),
            "vantages": vantages,
            "judgedAt": report.judged_at,
            "counts": report.counts,
            "unasked": report.run.unasked.iter().map(|question| value(question)).collect::<Vec<_>>(),
        }),
        results: Results(&report.checks),
        tool: json!({ "driver": {
            "name": "pinflight",
            "version": value(&report.version),
            "informationUri": env!("CARGO_PKG_REPOSITORY"),
            "rules": report.checks.iter().map(rule).collect::<Vec<_>>(),
        }}),
    }
}

fn rule(check: &CheckReport) -> Value {
    json!({
        "id": check.id,
        "shortDescription": { "text": message(check.title) },
        "helpUri": format!("{}/blob/main/docs/checks/{}.md", env!("CARGO_PKG_REPOSITORY"), check.id),
        "help": { "text": format!("pinflight explain {}", check.id) },
    })
}

/// Its findings, or what else there is to say of it: nothing is left out.
fn results(rule: usize, check: &CheckReport) -> Vec<Value> {
    let findings = check.findings.iter().map(|finding| of_finding(rule, check, finding));
    let mut results: Vec<Value> = findings.collect();
    let unseen = check.targets.iter().filter(|target| target.outcome == State::NotObserved);
    results.extend(unseen.map(|target| {
        let because = target.because.map(|id| format!(" (because of {id})")).unwrap_or_default();
        let reason = sentence(target.reason.as_deref().unwrap_or_default());
        result(rule, check, "open", "none", &format!("not observed: {reason}{because}"), &[&target.target])
    }));
    if !results.is_empty() {
        return results;
    }
    let targets: Vec<&Target> = check.targets.iter().map(|target| &target.target).collect();
    vec![match check.outcome {
        State::Skipped => result(rule, check, "notApplicable", "none", &format!("skipped: {}", why(check)), &targets),
        State::NotObserved => result(rule, check, "open", "none", &format!("not observed: {}", why(check)), &targets),
        State::Pass | State::Warn | State::Fail => result(rule, check, "pass", "none", check.title, &targets),
    }]
}

fn of_finding(rule: usize, check: &CheckReport, finding: &FindingReport) -> Value {
    let level = if finding.outcome == State::Fail { "error" } else { "warning" };
    let text = format!("{}\nTo do: {}", sentence(&finding.message), sentence(&finding.remedy));
    let mut result = result(rule, check, "fail", level, &text, &[&finding.target]);
    let evidence = finding.evidence.0.iter().map(|fact| json!({ "label": fact.label, "value": value(&fact.value) }));
    result["properties"] = json!({ "cause": finding.cause.kind(), "evidence": evidence.collect::<Vec<_>>(), "seenFrom": finding.seen_from });
    // The same finding of two runs is the same to whoever compares them.
    let fingerprint = format!("{} {} {}", check.id, value(&finding.target.to_string()), finding.cause.kind());
    result["partialFingerprints"] = json!({ "checkTargetCause/v1": fingerprint });
    if let Some(reason) = &finding.accepted {
        result["suppressions"] =
            json!([{ "kind": "external", "status": "accepted", "justification": sentence(reason) }]);
    }
    result
}

fn result(rule: usize, check: &CheckReport, kind: &str, level: &str, text: &str, targets: &[&Target]) -> Value {
    let location = |target: &&Target| {
        let name = value(&target.to_string());
        json!({ "logicalLocations": [{ "fullyQualifiedName": name, "kind": "resource" }] })
    };
    json!({
        "ruleId": check.id,
        "ruleIndex": rule,
        "kind": kind,
        "level": level,
        "message": { "text": message(text) },
        "locations": targets.iter().map(location).collect::<Vec<_>>(),
    })
}

/// Braces stand for themselves (3.11.5), and nothing is a link (3.11.6).
fn message(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}").replace("](", "] (")
}
