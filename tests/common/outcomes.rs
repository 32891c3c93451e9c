//! Whether a report says of a scenario exactly what was written down for it.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;

use pinflight_checks::cause::owners;
use pinflight_fixtures::Scenario;
use serde_json::Value;

/// What a report says otherwise than the scenario expects; nothing: all of it is as it should be.
pub fn differences(scenario: &Scenario, report: &Value, exit: i32) -> Vec<String> {
    let mut found = Vec::new();
    let checks = report["checks"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let seen: BTreeMap<String, String> =
        checks.iter().map(|check| (text(&check["id"]), text(&check["outcome"]))).collect();
    for (id, expected) in scenario.outcomes() {
        let got = seen.get(&id).cloned().unwrap_or_else(|| "nothing".to_owned());
        if got != expected {
            found.push(format!("{id}: expected {expected}, got {got}"));
        }
    }
    for check in checks {
        let id = text(&check["id"]);
        // What is hidden by a failure names it; what is not hidden by one is for a person or another vantage.
        for finding in check["findings"].as_array().unwrap() {
            let kind = text(&finding["cause"]["kind"]);
            if !owners(&kind).contains(&id.as_str()) {
                found.push(format!("{id} raises {kind}, which it does not own"));
            }
            for key in ["message", "remedy"] {
                if text(&finding[key]).is_empty() {
                    found.push(format!("{id}: {kind} has no {key}"));
                }
            }
        }
        if check["outcome"] == "not-observed" && check["because"].is_null() && id != "guide/by-hand" {
            found.push(format!("{id} is not observed, and names no check: {}", check["reason"]));
        }
    }
    for (kind, expected) in scenario.journeys() {
        let stories = report["journey"]["stories"].as_array().unwrap();
        let story = stories.iter().find(|story| story["kind"] == kind.as_str()).unwrap();
        if story["ending"]["kind"] != expected.as_str() {
            found.push(format!("{kind}: expected {expected}, got {}", story["ending"]));
        }
    }
    if let Some(root) = &scenario.root {
        found.extend(root_difference(scenario, root, checks));
    }
    let any = |state: &str| seen.values().any(|outcome| outcome == state);
    let (verdict, code) = match (any("fail"), any("not-observed")) {
        (true, _) => ("not-ready", 1),
        (false, true) => ("incomplete", 3),
        (false, false) => ("ready", 0),
    };
    if report["verdict"] != verdict || exit != code {
        found.push(format!("verdict {} with exit code {exit}, expected {verdict} with {code}", report["verdict"]));
    }
    if scenario.healthy && any("warn") {
        found.push("a sound deployment warns".to_owned());
    }
    found
}

/// The root check names the cause; its detail too, where the scenario tells one.
fn root_difference(scenario: &Scenario, root: &str, checks: &[Value]) -> Option<String> {
    let check = checks.iter().find(|check| check["id"] == root)?;
    let causes: Vec<&Value> = check["findings"].as_array()?.iter().map(|finding| &finding["cause"]).collect();
    if causes.iter().any(|cause| fits(scenario, cause)) {
        return None;
    }
    let told: Vec<String> = causes.iter().map(ToString::to_string).collect();
    let expected = (scenario.cause.as_deref().unwrap_or("any"), scenario.detail.as_deref().unwrap_or("any"));
    Some(format!("{root} should name {expected:?}, but names {}", told.join(", ")))
}

/// Whether this is the scenario's cause, with its detail.
pub fn fits(scenario: &Scenario, cause: &Value) -> bool {
    let kind = scenario.cause.as_ref().is_none_or(|kind| cause["kind"] == kind.as_str());
    kind && scenario.detail.as_ref().is_none_or(|detail| names(cause, detail))
}

/// Whether the cause's failure or fault is of this kind, at any depth.
fn names(cause: &Value, detail: &str) -> bool {
    match cause {
        Value::String(text) => text == detail,
        Value::Array(items) => items.iter().any(|item| names(item, detail)),
        Value::Object(fields) => {
            fields.contains_key(detail)
                || ["failure", "fault", "rule", "kind", "end", "by", "status", "proof"]
                    .iter()
                    .any(|key| fields.get(*key).is_some_and(|value| names(value, detail)))
        }
        Value::Number(number) => number.to_string() == detail,
        Value::Null | Value::Bool(_) => false,
    }
}
