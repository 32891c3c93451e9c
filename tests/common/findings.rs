//! Whether the root check finds a scenario's fault and nothing else, at its place and nowhere else.
//!
//! The fixtures' own servers are broken in one way alone; those of other makers may tell more, and are not compared so.

use pinflight_fixtures::{Scenario, Whereabouts};
use serde_json::Value;

use super::outcomes::fits;

/// What the root check finds otherwise than the scenario says; nothing: each finding is of its cause, and at its place.
pub fn astray(scenario: &Scenario, report: &Value) -> Vec<String> {
    let Some(root) = &scenario.root else { return Vec::new() };
    let check = report["checks"].as_array().unwrap().iter().find(|check| check["id"] == root.as_str()).unwrap();
    let findings = check["findings"].as_array().unwrap();
    let whereabouts = scenario.whereabouts();
    let by_chance = whereabouts.as_ref().is_some_and(|whereabouts| !whereabouts.in_front.is_empty());
    let mut found = other_causes(scenario, findings, by_chance);
    if let Some(whereabouts) = whereabouts {
        found.extend(other_places(&whereabouts, findings));
    }
    found.into_iter().map(|what| format!("{root}: {what}")).collect()
}

/// A finding whose cause is neither the scenario's nor a further one of it; a further one that no finding has, though it is not by
/// chance that the fault is met.
fn other_causes(scenario: &Scenario, findings: &[Value], by_chance: bool) -> Vec<String> {
    let kind = |finding: &Value| finding["cause"]["kind"].as_str().unwrap().to_owned();
    let strays = findings
        .iter()
        .filter(|finding| !fits(scenario, &finding["cause"]) && !scenario.also.contains_key(&kind(finding)))
        .map(|finding| format!("{} at {} is another cause", finding["cause"], finding["target"]));
    let untold = scenario
        .also
        .keys()
        .filter(|also| !by_chance && findings.iter().all(|finding| kind(finding) != **also))
        .map(|also| format!("no finding has the further cause {also}"));
    strays.chain(untold).collect()
}

/// A finding that is neither at the place nor at what stands in front of it; or that none is at the place itself.
fn other_places(whereabouts: &Whereabouts, findings: &[Value]) -> Vec<String> {
    let mut is_met = false;
    let mut found = Vec::new();
    for finding in findings {
        let target = spot(finding["target"].as_str().unwrap());
        let told_of = whereabouts.told_of.iter().find(|(spot, _)| *spot == target);
        let is_at = whereabouts.at.contains(&target)
            || told_of.is_some_and(|(_, words)| words.iter().any(|word| speaks_of(&finding["cause"], word)));
        is_met |= is_at;
        if !is_at && !whereabouts.in_front.contains(&target) {
            found.push(format!("a finding is at {target}, where nothing of its place is"));
        }
        if let Some(vantage) = whereabouts.seen_from
            && finding["seen_from"] != serde_json::json!([vantage])
        {
            found.push(format!("at {target} it is seen from {}, not from {vantage} alone", finding["seen_from"]));
        }
    }
    if !is_met {
        let at: Vec<&str> = whereabouts.at.iter().map(String::as_str).collect();
        found.push(format!("no finding is at its place: {}", at.join(", ")));
    }
    found
}

/// A target without what differs from run to run: ports, and the folder of a file.
fn spot(target: &str) -> String {
    let without_port = |text: &str| match text.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => host.to_owned(),
        _ => text.to_owned(),
    };
    if let Some((name, resolver)) = target.split_once(" (") {
        return format!("{name} ({})", without_port(resolver.trim_end_matches(')')));
    }
    match target.split_once('@') {
        Some((service, address)) => format!("{}@{address}", without_port(service)),
        None => without_port(target.rsplit('/').next().unwrap_or(target)),
    }
}

/// Whether a cause has this word as a key, or as what one of its texts is or begins with.
fn speaks_of(cause: &Value, word: &str) -> bool {
    match cause {
        Value::String(text) => {
            text.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', ' ']))
        }
        Value::Array(items) => items.iter().any(|item| speaks_of(item, word)),
        Value::Object(fields) => fields.iter().any(|(key, value)| key == word || speaks_of(value, word)),
        Value::Number(_) | Value::Null | Value::Bool(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use pinflight_fixtures::scenarios;
    use serde_json::json;

    use super::*;

    /// What is astray where the scenario's root check finds these causes at these targets.
    fn astray_with(id: &str, findings: &[(&str, Value)]) -> Vec<String> {
        let scenario = scenarios().iter().find(|scenario| scenario.id == id).unwrap();
        let finding =
            |(target, cause): &(&str, Value)| json!({ "target": target, "cause": cause, "seen_from": ["console"] });
        let findings: Vec<Value> = findings.iter().map(finding).collect();
        astray(scenario, &json!({ "checks": [{ "id": scenario.root, "findings": findings }] }))
    }

    fn expired() -> Value {
        json!({ "kind": "expired" })
    }

    #[test]
    fn a_server_and_what_passes_it_on_are_at_its_place() {
        let findings = [("ds.acme.test:4443@127.20.2.12", expired()), ("ds.acme.test:4443@127.20.2.1", expired())];
        assert_eq!(astray_with("server-certificate-expired", &findings), Vec::<String>::new());
    }

    #[test]
    fn a_finding_at_another_server_is_told() {
        let findings = [("ds.acme.test:4443@127.20.2.12", expired()), ("ds.acme.test:4443@127.20.2.11", expired())];
        assert_eq!(
            astray_with("server-certificate-expired", &findings),
            ["certificate/expiry: a finding is at ds.acme.test@127.20.2.11, where nothing of its place is"]
        );
    }

    #[test]
    fn a_fault_that_is_only_met_in_front_of_its_place_is_told() {
        let findings = [("ds.acme.test:4443@127.20.2.1", expired())];
        assert_eq!(
            astray_with("server-certificate-expired", &findings),
            ["certificate/expiry: no finding is at its place: ds.acme.test@127.20.2.12"]
        );
    }

    #[test]
    fn a_balancer_is_not_blamed_for_a_server_that_it_leaves_out() {
        let refused = json!({ "kind": "port-unreachable", "failure": { "kind": "refused" } });
        let findings = [("ds.acme.test:4443@127.20.2.12", refused.clone()), ("ds.acme.test:4443@127.20.2.1", refused)];
        let found = astray_with("server-tcp-refused", &findings);
        assert!(found.contains(
            &"network/reachable: a finding is at ds.acme.test@127.20.2.1, where nothing of its place is".to_owned()
        ));
    }

    #[test]
    fn a_comparison_of_servers_has_to_name_the_one() {
        let differ = |address: &str| json!({ "kind": "keys-differ", "by": "sni", "keys": [["I0RQ", [address]]] });
        let id = "balancer-other-key-without-sni";
        let named = [("ds.acme.test:4443", differ("127.20.2.2:4443 without SNI"))];
        assert_eq!(astray_with(id, &named), Vec::<String>::new());
        let another = [("ds.acme.test:4443", differ("127.20.2.22:4443 without SNI"))];
        assert_eq!(astray_with(id, &another).len(), 2);
    }

    #[test]
    fn a_way_is_met_from_its_vantage_alone() {
        let refused = json!({ "kind": "port-unreachable", "failure": { "kind": "refused" } });
        let findings = [("discovery.awmdm.com:4443@127.12.1.1", refused)];
        let found = astray_with("device-services-to-discovery-tcp-refused", &findings);
        let expected =
            "at discovery.awmdm.com@127.12.1.1 it is seen from [\"console\"], not from device-services alone";
        assert!(found.iter().any(|what| what.ends_with(expected)), "{found:?}");
    }

    #[test]
    fn a_second_cause_is_told() {
        let other = json!({ "kind": "expires-soon" });
        let findings = [("ds.acme.test:4443@127.20.2.12", expired()), ("ds.acme.test:4443@127.20.2.12", other)];
        let expected =
            r#"certificate/expiry: {"kind":"expires-soon"} at "ds.acme.test:4443@127.20.2.12" is another cause"#;
        assert_eq!(astray_with("server-certificate-expired", &findings), [expected]);
    }

    #[test]
    fn a_further_cause_that_is_met_through_a_balancer_need_not_be_told() {
        let cause = |kind: &str| json!({ "kind": kind });
        let behind = ("ds.acme.test:4443@127.20.2.12", cause("peer-clock-wrong"));
        let through = ("ds.acme.test:4443@127.13.2.1", cause("clocks-differ"));
        for findings in [&[behind.clone()][..], &[behind, through]] {
            assert_eq!(astray_with("clock-server-behind", findings), Vec::<String>::new());
        }
    }

    #[test]
    fn a_further_cause_is_allowed_where_it_is_named_and_then_has_to_be_told() {
        let cause = |kind: &str| json!({ "kind": kind, "pins_source": "Trust Service" });
        let served = ("ds.acme.test:4443", cause("served-by-suffix"));
        let both = [served.clone(), ("ts.acme.test:4444", cause("other-host-pinned"))];
        assert_eq!(astray_with("pins-under-suffix", &both), Vec::<String>::new());
        assert_eq!(
            astray_with("pins-under-suffix", &[served]),
            ["pins/host-matching: no finding has the further cause other-host-pinned"]
        );
    }
}
