//! The whole deployment behind a firewall: each rule in each way of the guide's table gives every check the outcome that the
//! scenario of this failure has on loopback, and the failing one the cause.

use std::{collections::BTreeMap, fs, thread};

use pinflight_fixtures::{Scenario, Variant, scenarios};
use serde_json::{Value, json};

use crate::{
    common::{check, outcomes},
    network::{CLOUD_CABLE, DISTANCE, Network, VANTAGES},
    site::CLOUD,
};

/// The ways of the guide's firewall table: from where, to which address, and how scenarios and checks name it.
const WAYS: [(&str, &str, &str); 4] = [
    ("console", "10.11.1.1", "console-to-discovery"),
    ("device-services", "10.12.1.1", "device-services-to-discovery"),
    ("discovery", "10.13.2.1", "discovery-to-device-services"),
    ("device", "10.14.3.1", "devices-to-trust-service"),
];

/// What a firewall does with what is sent there, the scenario of it, and the cause that has to be named.
const RULES: [(&str, &str, &str); 9] = [
    ("drop", "tcp-timed-out", "tcp-failed timed-out"),
    ("meta l4proto tcp reject with tcp reset", "tcp-refused", "tcp-failed refused"),
    ("reject with icmpx type port-unreachable", "tcp-refused", "tcp-failed refused"),
    ("reject with icmpx type admin-prohibited", "tcp-unreachable", "tcp-failed prohibited by the router"),
    ("reject with icmpx type host-unreachable", "tcp-unreachable", "tcp-failed host-unreachable"),
    ("reject with icmpx type no-route", "tcp-unreachable", "tcp-failed network-unreachable"),
    ("ct state established drop", "tls-silent-after-client-hello", "tls-failed silent-after-client-hello"),
    (
        "ct state established tcp flags & psh == psh drop",
        "tls-silent-after-client-hello",
        "tls-failed silent-after-client-hello",
    ),
    (
        "ct state established tcp flags & psh == psh reject with tcp reset",
        "tls-reset-after-client-hello",
        "tls-failed reset-after-client-hello",
    ),
];

fn scenario(id: &str) -> &'static Scenario {
    scenarios().iter().find(|scenario| scenario.id == id).unwrap_or_else(|| panic!("no scenario is named {id}"))
}

/// Those that are otherwise than expected.
fn differences(report: &Value, expected: &BTreeMap<String, String>) -> Vec<String> {
    let seen = outcomes(report);
    assert!(seen.keys().eq(expected.keys()));
    let pairs = seen.iter().zip(expected.values()).filter(|((_, seen), expected)| seen != expected);
    pairs.map(|((id, seen), expected)| format!("{id}: {seen}, not {expected}")).collect()
}

/// The causes of a check's findings, each with the places where it was found.
fn causes(report: &Value, id: &str) -> BTreeMap<String, Vec<String>> {
    let mut causes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for finding in check(report, id)["findings"].as_array().unwrap() {
        let cause = &finding["cause"];
        let mut words = cause["kind"].as_str().unwrap().to_owned();
        if let Some(kind) = cause["failure"]["kind"].as_str() {
            words = format!("{words} {kind}");
        }
        if let Some(by) = cause["failure"]["by"].as_str() {
            let router = by.starts_with("172.31.") && by.ends_with(".1");
            words = format!("{words} by {}", if router { "the router" } else { by });
        }
        causes.entry(words).or_default().push(finding["target"].as_str().unwrap().to_owned());
    }
    causes
}

/// What each machine sees while nothing is shut.
fn look_from_everywhere(network: &Network) -> BTreeMap<&'static str, String> {
    thread::scope(|scope| {
        let looking = VANTAGES.map(|vantage| {
            scope.spawn(move || {
                let recording = format!("{vantage}.json");
                network.look(vantage, &[], &recording);
                (vantage, recording)
            })
        });
        looking.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

#[test]
#[ignore = "needs root and nftables: makes network namespaces (netns)"]
fn netns_every_rule_in_every_way_is_named_and_fails_what_the_scenario_says() {
    let network = Network::new("rules", Scenario::sound(Variant::OnPremises));
    let open = look_from_everywhere(&network);
    let sound: Vec<String> = open.values().cloned().collect();
    assert_eq!(differences(&network.judge(&sound), &Scenario::sound(Variant::OnPremises).outcomes()), [""; 0]);

    let row = |way: (&str, &str, &str), rule: (&str, &str, &str), number: usize| {
        let ((vantage, address, name), (statement, suffix, cause)) = (way, rule);
        network.firewall(vantage, &[format!("ip daddr {address} {statement}")]);
        let recording = format!("{vantage}-{number}.json");
        network.look(vantage, &[], &recording);
        let others = open.iter().filter(|(from, _)| **from != vantage).map(|(_, recording)| recording.clone());
        let report = network.judge(&others.chain([recording]).collect::<Vec<_>>());
        let mut told = differences(&report, &scenario(&format!("{name}-{suffix}")).outcomes());
        let found = causes(&report, &format!("firewall/{name}"));
        if !found.keys().eq([cause]) {
            told.push(format!("{found:?}, not {cause}"));
        }
        told.into_iter().map(|told| format!("{name}, {statement}: {told}")).collect::<Vec<_>>()
    };
    let problems: Vec<String> = thread::scope(|scope| {
        let row = &row;
        let each = WAYS.map(|way| {
            scope.spawn(move || RULES.iter().enumerate().flat_map(|(n, rule)| row(way, *rule, n)).collect::<Vec<_>>())
        });
        each.into_iter().flat_map(|one| one.join().unwrap()).collect()
    });
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// What a check fails for, and where; nothing else may fail, and nothing be warned of.
type Failures = BTreeMap<String, BTreeMap<String, Vec<String>>>;

fn failures(report: &Value) -> Failures {
    let checks = report["checks"].as_array().unwrap().iter();
    let wrong = checks.filter(|check| check["outcome"] == "fail" || check["outcome"] == "warn");
    wrong.map(|check| check["id"].as_str().unwrap()).map(|id| (id.to_owned(), causes(report, id))).collect()
}

/// One check, one cause, at these places.
fn only(check: &str, cause: &str, places: &[String]) -> Failures {
    BTreeMap::from([(check.to_owned(), BTreeMap::from([(cause.to_owned(), places.to_vec())]))])
}

/// The number behind a place of the configuration, `53` in `port = 53`.
fn port(configuration: &str, before: &str) -> u16 {
    let (_, behind) = configuration.split_once(before).unwrap();
    behind.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

/// The evidence of a check's first finding, by label.
fn evidence<'a>(report: &'a Value, id: &str, label: &str) -> Option<&'a str> {
    let facts = check(report, id)["findings"][0]["evidence"].as_array().unwrap();
    facts.iter().find(|fact| fact["label"] == label).map(|fact| fact["value"].as_str().unwrap())
}

#[test]
#[ignore = "needs root and nftables: makes network namespaces (netns)"]
fn netns_loss_and_distance_are_no_faults() {
    let network = Network::new("far", Scenario::sound(Variant::OnPremises));
    let sound = Scenario::sound(Variant::OnPremises).outcomes();
    // The first SYN of each connection is lost: every second one of all that are sent.
    for vantage in VANTAGES {
        let connection = "ip saddr . ip daddr . tcp sport . tcp dport";
        network.firewall(
            vantage,
            &[format!("tcp flags & (syn | ack) == syn {connection} != @met add @met {{ {connection} }} drop")],
        );
    }
    let look = |flags: &[&str]| {
        let looking = VANTAGES.map(|vantage| {
            let recording = format!("{vantage}.json");
            network.look(vantage, flags, &recording);
            recording
        });
        network.judge(&looking)
    };
    let lossy = look(&["--connect-timeout", "3s"]);
    assert_eq!(differences(&lossy, &sound), [""; 0]);
    assert_eq!(failures(&lossy), Failures::new());
    // Who gives up before the second SYN is told what it looks like.
    let report = network.look("console", &["--only", "firewall/*"], "impatient.json");
    let place = format!("discovery.awmdm.com:{0}@10.11.1.1", port(&network.configuration("console"), "port = "));
    assert_eq!(failures(&report), only("firewall/console-to-discovery", "tcp-failed timed-out", &[place]));

    for vantage in VANTAGES {
        network.firewall(vantage, &[]);
    }
    let _relay = network.delay();
    let far = look(&[]);
    assert_eq!(differences(&far, &sound), [""; 0]);
    assert_eq!(failures(&far), Failures::new());
    for vantage in VANTAGES {
        let recording = fs::read(network.path(&format!("{vantage}.json"))).unwrap();
        let recording: Value = serde_json::from_slice(&recording).unwrap();
        let connections = recording["connections"].as_array().unwrap();
        assert!(!connections.is_empty(), "{vantage}");
        for connection in connections {
            let took = u128::from(connection["took"].as_u64().unwrap());
            assert!(took >= DISTANCE.as_millis(), "{vantage} is not far away: {connection}");
        }
    }
}

#[test]
#[ignore = "needs root, nftables and iptables: makes network namespaces (netns)"]
fn netns_what_stops_a_part_is_told_as_that_part() {
    let network = Network::new("parts", Scenario::sound(Variant::OnPremises));
    let configuration = network.configuration("console");
    let (discovery, dns) = (port(&configuration, "port = "), port(&configuration, "dns_servers = [\"10.11.53.53:"));
    let row = "firewall/console-to-discovery";
    let at = |address: &str| format!("discovery.awmdm.com:{discovery}@{address}");

    // By the name in the ClientHello.
    let filter = ["-p", "tcp", "-m", "string", "--algo", "bm", "--string", "discovery.awmdm.com", "-j", "DROP"];
    let by_name = |action: &str| {
        let status = network.in_router("iptables").args([action, "FORWARD", "-i", "pf0"]).args(filter).status();
        assert!(status.unwrap().success());
    };
    by_name("-A");
    let report = network.look("console", &[], "name.json");
    by_name("-D");
    assert_eq!(failures(&report), only(row, "tls-failed silent-after-client-hello", &[at("10.11.1.1")]));
    let told = evidence(&report, row, "without SNI").unwrap();
    assert!(told.contains("goes by the name discovery.awmdm.com"), "{told}");

    // One address of three is let through.
    network.nft(
        "table ip other {\nchain p {\ntype nat hook prerouting priority dstnat;\n\
         ip daddr { 10.11.1.2, 10.11.1.3 } dnat to 10.11.1.1\n}\n}\n",
    );
    let addresses = format!("discovery.awmdm.com:{discovery}:10.11.1.1,10.11.1.2,10.11.1.3");
    let report = network.look("console", &["--resolve", &addresses], "three.json");
    assert_eq!(failures(&report), Failures::new());
    network.firewall("console", &["ct original ip daddr { 10.11.1.1, 10.11.1.3 } drop".to_owned()]);
    let report = network.look("console", &["--resolve", &addresses], "one.json");
    assert_eq!(failures(&report), only(row, "tcp-failed timed-out", &[at("10.11.1.1"), at("10.11.1.3")]));
    assert!(evidence(&report, row, "without SNI").is_none());

    // The name server.
    let answer = |rule: &str| {
        network.firewall("console", &[format!("ip daddr 10.11.53.53 {rule}")]);
        let report = network.look("console", &[], "dns.json");
        let found = failures(&report);
        assert!(found.keys().eq(["dns/discovery-resolves", "dns/names-resolve"]), "{found:?}");
        let cause = &check(&report, "dns/names-resolve")["findings"][0]["cause"];
        assert_eq!(cause["kind"], "name-unresolved");
        let mut failure = cause["failure"].clone();
        if let Some(after) = failure.get_mut("after") {
            *after = Value::Null;
        }
        failure
    };
    assert_eq!(answer("drop"), json!({ "kind": "timed-out", "after": null }));
    let unreachable = |failure: Value| json!({ "kind": "unreachable", "failure": failure });
    assert_eq!(answer("reject with icmpx type port-unreachable"), unreachable(json!({ "kind": "refused" })));
    assert_eq!(
        answer("reject with icmpx type admin-prohibited"),
        unreachable(json!({ "kind": "prohibited", "by": "172.31.0.1" }))
    );
    // TCP is let through, and an answer over UDP would not have been truncated: nobody asks by TCP unasked.
    assert_eq!(answer(&format!("udp dport {dns} drop")), json!({ "kind": "timed-out", "after": null }));
}

#[test]
#[ignore = "needs root and nftables: makes network namespaces (netns)"]
fn netns_a_firewall_before_the_cloud_stops_who_asks_there_and_nobody_else() {
    let network = Network::new("cloud", Scenario::sound(Variant::OnPremises));
    let discovery = port(&network.configuration("console"), "port = ");
    let table = |side: &str, statement: &str| {
        network.nft(&format!(
            "table inet before\ndelete table inet before\ntable inet before {{\nchain f {{\n\
             type filter hook forward priority 0; policy accept;\n{side} \"{CLOUD_CABLE}\" {statement}\n}}\n}}\n"
        ));
    };
    // What goes there, and what comes from there. Who asks Device Services from outside has a firewall of its own.
    for (side, statement, cause) in [
        ("oifname", "drop", "tcp-failed timed-out"),
        ("iifname", "drop", "tcp-failed timed-out"),
        ("oifname", "reject with icmpx type admin-prohibited", "tcp-failed prohibited by the router"),
        ("iifname", "tcp flags & syn == 0 drop", "tls-failed silent-after-client-hello"),
    ] {
        table(side, statement);
        let report = network.judge(&look_from_everywhere(&network).into_values().collect::<Vec<_>>());
        let at = |address: &str| format!("discovery.awmdm.com:{discovery}@{address}");
        let mut expected = only("firewall/console-to-discovery", cause, &[at("10.11.1.1")]);
        expected.extend(only("firewall/device-services-to-discovery", cause, &[at("10.12.1.1")]));
        assert_eq!(failures(&report), expected, "{side} {statement}");
    }
    network.nft("table inet before\ndelete table inet before\n");
    let open: Vec<String> = look_from_everywhere(&network).into_values().collect();
    assert_eq!(failures(&network.judge(&open)), Failures::new());
}

#[test]
#[ignore = "needs root and nftables: makes network namespaces (netns)"]
fn netns_a_small_mtu_behind_filtered_icmp_is_silence_and_the_remedy_says_why() {
    let network = Network::new("mtu", Scenario::sound(Variant::OnPremises));
    network.mtu("console", 600);
    network.nft(
        "table inet pmtu {\nchain out {\ntype filter hook output priority 0; policy accept;\n\
         icmp type destination-unreachable drop\n}\n}\n",
    );
    let report = network.look("console", &[], "filtered.json");
    let found = failures(&report);
    assert!(found.keys().eq(["firewall/console-to-discovery", "network/reachable"]), "{found:?}");
    for causes in found.values() {
        assert!(causes.keys().eq(["tls-failed silent-after-client-hello"]), "{found:?}");
    }
    let remedy = check(&report, "firewall/console-to-discovery")["findings"][0]["remedy"].as_str().unwrap();
    assert!(remedy.contains("a smaller MTU, and ICMP filtered"), "{remedy}");
    assert!(evidence(&report, "firewall/console-to-discovery", "without SNI").is_none());

    // Where the router may say so, the sender sends less.
    network.nft("table inet pmtu\ndelete table inet pmtu\n");
    assert_eq!(failures(&network.look("console", &[], "told.json")), Failures::new());
}

#[test]
#[ignore = "needs root and nftables: makes network namespaces (netns)"]
fn netns_a_family_alone_that_is_shut_is_told_as_that_family() {
    let network = Network::new("family", Scenario::sound(Variant::DualStack));
    look_from_everywhere(&network);
    let recordings = VANTAGES.map(|vantage| format!("{vantage}.json"));
    assert_eq!(failures(&network.judge(&recordings)), Failures::new());
    let discovery = port(&network.configuration("console"), "port = ");
    for vantage in VANTAGES {
        network.firewall(vantage, &[format!("ip6 daddr {} tcp dport {discovery} drop", CLOUD.ipv6[0])]);
    }
    look_from_everywhere(&network);
    let report = network.judge(&recordings);
    assert_eq!(differences(&report, &scenario("dual-stack-discovery-ipv6-timed-out").outcomes()), [""; 0]);
    let found = failures(&report);
    let [(check, causes)] = &found.iter().collect::<Vec<_>>()[..] else { panic!("{found:?}") };
    let [(cause, places)] = &causes.iter().collect::<Vec<_>>()[..] else { panic!("{found:?}") };
    assert_eq!(check.as_str(), "network/address-families");
    assert!(cause.starts_with("family-silent"), "{cause}");
    // Two machines ask discovery, each by other IPv4 addresses, which are told.
    assert_eq!(**places, [(); 2].map(|()| format!("discovery.awmdm.com:{discovery}")));
}
