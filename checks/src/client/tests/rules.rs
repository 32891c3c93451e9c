//! Rules 2 to 5 of the known client, each in both directions.

use super::*;
use crate::{answers::HostPins, json::Json, pin::SourceId};

const CLOUD: SourceId = SourceId::CloudRegistry;
const TRUST_SERVICE: SourceId = SourceId::TrustService;

fn entries(body: &str) -> HostPins {
    let Json::Object(entries) = Json::parse(body.as_bytes()).unwrap() else { panic!("{body}") };
    let pins = |value| match value {
        Json::Array(pins) => Ok(pins),
        other => Err(other.type_name()),
    };
    entries.into_iter().map(|(host, value)| (host, pins(value))).collect()
}

fn list(body: &str, source: SourceId) -> List {
    match read(&entries(body), source) {
        Reading::Lists(lists, None) => lists.into_iter().next().unwrap(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_value_of_the_wrong_type_voids_the_whole_answer() {
    for source in [CLOUD, TRUST_SERVICE] {
        for body in [
            r#"{"ds.example.com": "AB"}"#,
            r#"{"ds.example.com": ["AB"], "other.example.com": {}}"#,
            r#"{"ds.example.com": ["AB", 1]}"#,
            r#"{"ds.example.com": [null]}"#,
        ] {
            assert!(matches!(read(&entries(body), source), Reading::Void(_)), "{body}");
        }
        assert!(matches!(read(&entries(r#"{"ds.example.com": []}"#), source), Reading::Lists(..)));
    }
}

#[test]
fn names_of_the_cloud_are_lower_cased_and_those_of_the_trust_service_are_not() {
    let body = r#"{"DS.Example.com": ["AB"]}"#;
    assert_eq!(list(body, CLOUD).applied(HOST).map(|(name, _)| name.to_owned()), Some("ds.example.com".to_owned()));
    assert_eq!(list(body, TRUST_SERVICE).applied(HOST), None);
}

#[test]
fn of_several_hosts_of_the_cloud_one_is_used_and_of_the_trust_service_all() {
    let body = r#"{"ds.example.com": ["AB"], "other.example.com": ["CD"]}"#;
    let Reading::Lists(lists, Some(_)) = read(&entries(body), CLOUD) else { panic!() };
    assert_eq!(lists.iter().map(|list| list.hosts.len()).collect::<Vec<_>>(), [1, 1]);
    assert_eq!(list(body, TRUST_SERVICE).hosts.len(), 2);
}

#[test]
fn of_a_name_that_stands_twice_it_is_not_known_which_entry_counts() {
    let body = r#"{"ds.example.com": ["AB"], "ds.example.com": ["CD"]}"#;
    let Reading::Lists(lists, Some(_)) = read(&entries(body), TRUST_SERVICE) else { panic!() };
    let pins: Vec<&str> = lists.iter().map(|list| list.hosts[0].1[0].as_str()).collect();
    assert_eq!(pins, ["AB", "CD"]);
}

#[test]
fn the_exact_name_wins_then_the_longest_plain_suffix() {
    let applied = |body: &str, host: &str| list(body, TRUST_SERVICE).applied(host).map(|(name, _)| name.to_owned());
    let body = r#"{"example.com": ["AB"], "ds.example.com": ["CD"]}"#;
    assert_eq!(applied(body, "ds.example.com").as_deref(), Some("ds.example.com"));
    assert_eq!(applied(body, "a.ds.example.com").as_deref(), Some("ds.example.com"));
    assert_eq!(applied(body, "notexample.com").as_deref(), Some("example.com"));
    assert_eq!(applied(body, "example.org"), None);
    assert_eq!(applied("{}", "ds.example.com"), None);
}

#[test]
fn the_key_must_contain_a_pin() {
    let root = root("Example Root");
    let made = root.issue_for(leaf(), &rsa("ds-1"));
    let other = root.issue_for(leaf(), &rsa("ds-2"));
    let (other_hex, ec) = (hex(&other), key(&root.issue(leaf())));
    let (key, hex) = (key(&made), hex(&made));
    let says = |pins: &[&str], key: &KeyFacts| {
        let list = List {
            source: TRUST_SERVICE,
            hosts: vec![(HOST.to_owned(), pins.iter().map(|pin| (*pin).to_owned()).collect())],
        };
        match list.compare(HOST, key) {
            Match::Pinned { .. } => "pinned",
            Match::NotPinned { .. } => "not pinned",
            Match::NoPins => "no pins",
            Match::Anything { .. } => "anything",
            Match::NotEstablished => "not established",
        }
    };
    let fragment = &hex[20..60];
    let upper = hex.to_uppercase();
    let spki = key.spki_hex.clone();
    for (pins, expected) in [
        (&[hex.as_str()][..], "pinned"),
        (&[upper.as_str()], "pinned"),
        (&[fragment], "pinned"),
        (&["ab".repeat(32).as_str(), hex.as_str()], "pinned"),
        (&[spki.as_str()], "not pinned"),
        (&["zz"], "not pinned"),
        (&[other_hex.as_str()], "not pinned"),
        (&[""], "anything"),
        (&[hex.as_str(), ""], "anything"),
        (&[], "no pins"),
    ] {
        assert_eq!(says(pins, &key), expected, "{pins:?}");
    }
    assert_eq!(says(&[&hex], &ec), "not established");
    assert_eq!(says(&[], &ec), "no pins");
}
