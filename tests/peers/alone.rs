//! What no scenario is, and servers of other makers are.

use std::collections::BTreeMap;

use pinflight_fixtures::{Scenario, scenarios};
use serde_json::Value;
use toml::Table;

use super::{
    certificates::{certified, root},
    outcomes::differences,
    peers::{Habit, Names, Peers},
    proxy::LOGIN,
    raised,
    world::World,
};

fn scenario(id: &str) -> Scenario {
    scenarios().iter().find(|scenario| scenario.id == id).unwrap().clone()
}

/// A scenario that stands, set up a little otherwise before it is started.
fn stands(id: &str, habit: Habit, otherwise: impl FnOnce(&mut World, &mut Peers)) -> World {
    let mut world = World::new();
    let mut peers = raised(&mut world, &scenario(id), Names::Bind, habit);
    otherwise(&mut world, &mut peers);
    peers.start(&mut world);
    world
}

/// The findings of a check: each target with the message, the evidence and the remedy.
fn findings(report: &Value, id: &str) -> BTreeMap<String, String> {
    let check = report["checks"].as_array().unwrap().iter().find(|check| check["id"] == id).unwrap();
    let told = check["findings"].as_array().unwrap().iter().map(|finding| {
        let words = ["message", "evidence", "remedy"].map(|of| finding[of].to_string()).join(" ");
        (finding["target"].as_str().unwrap().to_owned(), words)
    });
    told.collect()
}

/// The machine's resolver is Unbound, the named server is BIND, and they lead to different addresses of the same servers.
#[test]
#[ignore = "needs root, and the servers that .ci/run installs (peers)"]
fn peers_that_resolve_with_split_horizon_agree() {
    let mut world = stands("healthy", Habit::Usual, |world, peers| {
        let server = peers.resolves(None);
        world.resolve_by(server.ip());
    });
    world.configure("network", |network| drop(network.insert("system_resolver".to_owned(), true.into())));
    let (report, exit) = world.judge();
    assert_eq!(differences(&scenario("healthy"), &report, exit), Vec::<String>::new(), "{}", world.keep().display());
    let checks = report["checks"].as_array().unwrap();
    let agree = checks.iter().find(|check| check["id"] == "dns/resolvers-agree").unwrap();
    let told = agree["targets"].to_string();
    for words in ["operating system", "DNS server 127.11.53.53", "split horizon", "the same or pinned keys"] {
        assert!(told.contains(words), "{words}: {told}");
    }
}

/// DNS over TLS, and the same under a name that is not in its certificate.
#[test]
#[ignore = "needs root, and the servers that .ci/run installs (peers)"]
fn peers_that_resolve_over_tls_are_asked_under_their_name() {
    let mut server = None;
    let mut world = stands("healthy", Habit::Usual, |world, peers| {
        let issuer = root(world);
        world.write("deployment/root-of-the-test.pem", &issuer.certificate);
        server = Some(peers.resolves(Some(certified(world, &issuer, "DNS:dns.acme.test"))));
    });
    let server = server.unwrap().ip();
    world.configure("trust", add_root);
    let ask_as = |name: &str| {
        let servers = vec![format!("tls://{server}#{name}")];
        move |network: &mut Table| drop(network.insert("dns_servers".to_owned(), servers.clone().into()))
    };
    world.configure("network", ask_as("dns.acme.test"));
    let (report, exit) = world.judge();
    assert_eq!(differences(&scenario("healthy"), &report, exit), Vec::<String>::new(), "{}", world.keep().display());

    world.configure("network", ask_as("other.acme.test"));
    let (report, exit) = world.judge();
    assert_eq!(exit, 1);
    let names = findings(&report, "dns/names-resolve");
    assert!(!names.is_empty());
    for told in names.values() {
        assert!(told.contains("its certificate is not believed"), "{told}");
    }
}

fn add_root(trust: &mut Table) {
    trust.get_mut("ca_files").unwrap().as_array_mut().unwrap().push("root-of-the-test.pem".into());
}

/// Squid asks who somebody is, and knows one name and password.
#[test]
#[ignore = "needs root, and the servers that .ci/run installs (peers)"]
fn peers_that_ask_who_somebody_is_are_told() {
    let mut world = stands("behind-http-proxy", Habit::Usual, |_, peers| {
        peers.proxies().iter_mut().for_each(|rules| rules.asks_who = true);
    });
    let (user, password) = LOGIN;
    let (report, exit) = world.judge_with(&[("PINFLIGHT_PROXY_USER", user), ("PINFLIGHT_PROXY_PASSWORD", password)]);
    let sound = scenario("behind-http-proxy");
    assert_eq!(differences(&sound, &report, exit), Vec::<String>::new(), "{}", world.keep().display());
    assert!(!world.recording("console").contains(password));

    let (report, exit) = world.judge_with(&[("PINFLIGHT_PROXY_USER", user), ("PINFLIGHT_PROXY_PASSWORD", "wrong")]);
    assert_eq!(differences(&scenario("http-proxy-407"), &report, exit), Vec::<String>::new());
    for told in findings(&report, "network/proxy").values() {
        assert!(told.contains("it refuses the user name or the password"), "{told}");
    }
}

/// Squid speaks TLS to its clients.
#[test]
#[ignore = "needs root, and the servers that .ci/run installs (peers)"]
fn peers_that_are_asked_for_tunnels_over_tls_lead_on() {
    let mut world = stands("behind-http-proxy", Habit::Usual, |world, peers| {
        let issuer = root(world);
        world.write("deployment/root-of-the-test.pem", &issuer.certificate);
        for rules in peers.proxies() {
            rules.tls = Some(certified(world, &issuer, &format!("IP:{}", rules.address.ip())));
        }
    });
    world.configure("trust", add_root);
    world.configure("network", |network| {
        let proxy = network["proxy"].as_str().unwrap().replace("http://", "https://");
        network.insert("proxy".to_owned(), proxy.into());
    });
    let (report, exit) = world.judge();
    let sound = scenario("behind-http-proxy");
    assert_eq!(differences(&sound, &report, exit), Vec::<String>::new(), "{}", world.keep().display());
}

/// As IIS is whose every binding requires SNI: devices send it, and nothing is amiss.
#[test]
#[ignore = "needs root, and the servers that .ci/run installs (peers)"]
fn peers_that_require_sni_are_sound() {
    let mut world = stands("healthy", Habit::WantsSni, |_, _| ());
    let (report, exit) = world.judge();
    assert_eq!(differences(&scenario("healthy"), &report, exit), Vec::<String>::new(), "{}", world.keep().display());
}

/// nginx ends the handshake, and then says by HTTP that it wants a certificate; as IIS does with 403.7.
#[test]
#[ignore = "needs root, and the servers that .ci/run installs (peers)"]
fn peers_that_want_certificates_may_say_so_by_http() {
    let mut world = stands("device-services-http-client-certificate", Habit::TellsByHttp, |_, _| ());
    let (report, exit) = world.judge();
    let mut expected = scenario("device-services-http-client-certificate");
    expected.expect.insert("network/clock".to_owned(), "pass".to_owned());
    (expected.cause, expected.detail) = (Some("http-status".to_owned()), Some("400".to_owned()));
    assert_eq!(differences(&expected, &report, exit), Vec::<String>::new(), "{}", world.keep().display());
    for told in findings(&report, "trust-service/redirect").values() {
        assert!(told.contains("No required SSL certificate was sent"), "{told}");
        assert!(told.contains("web servers answer so that want a client certificate"), "{told}");
    }
}

/// Every Device Services server is down. A balancer that passes TLS on takes TCP and hangs up; one that ends TLS says 503.
#[test]
#[ignore = "needs root, and the servers that .ci/run installs (peers)"]
fn peers_without_servers_behind_them_are_not_taken_for_filters() {
    let world = stands("healthy", Habit::Dead, |_, _| ());
    let (report, _) = world.judge();
    let reachable = findings(&report, "network/reachable");
    for (target, told) in &reachable {
        let is_server = target.ends_with("@127.20.2.11") || target.ends_with("@127.20.2.12");
        let words = if is_server { "connection refused" } else { "closed right after ClientHello" };
        assert!(told.contains(words), "{target}: {told}");
    }
    assert_eq!(reachable.len(), 4, "{reachable:?}");
    let row = findings(&report, "firewall/discovery-to-device-services");
    assert_eq!(row.len(), 1);
    for told in row.values() {
        assert!(told.contains("a balancer without a live server behind it does so"), "{told}");
    }
    drop(world);

    let world = stands("terminating-balancer", Habit::Dead, |_, _| ());
    let (report, _) = world.judge();
    assert_eq!(findings(&report, "network/reachable").len(), 2);
    let redirect = findings(&report, "trust-service/redirect");
    assert!(!redirect.is_empty());
    for told in redirect.values() {
        assert!(told.contains("status 503 instead of 200"), "{told}");
        assert!(told.contains("look at the servers behind the balancer or reverse proxy that answers so"), "{told}");
    }
}

/// A balancer that goes by TCP leads to the silent server too, now and then.
#[test]
#[ignore = "needs root, and the servers that .ci/run installs (peers)"]
fn peers_that_look_away_lead_to_a_silent_server_now_and_then() {
    let world = stands("server-tls-silent-after-client-hello", Habit::LooksAway, |_, _| ());
    // Whose turn it is is not for anybody outside to say: a run may never meet the silent one.
    for _ in 0..10 {
        let (report, _) = world.judge();
        let reachable = findings(&report, "network/reachable");
        let silent = reachable.iter().find(|(target, _)| target.ends_with("@127.20.2.12")).unwrap();
        assert!(!silent.1.contains("handshakes ended well"), "{silent:?}");
        let row = findings(&report, "firewall/discovery-to-device-services");
        assert!(row.len() <= 1, "{row:?}");
        let Some(told) = row.values().next() else { continue };
        if told.contains("handshakes ended well: one server of several") {
            return;
        }
        // Or it may meet the silent one each time, or each time but for the one without SNI.
        assert!(told.contains(" s of silence"), "{told}");
        let is_certain =
            told.contains("goes by the name") && !told.contains("unless another server behind the balancer");
        assert!(!is_certain, "{told}");
    }
    panic!("ten runs met one server alone");
}

/// A balancer that ends TLS, and asks servers of which one has not what devices ask for: its own address tells which.
#[test]
#[ignore = "needs root, and the servers that .ci/run installs (peers)"]
fn peers_that_differ_behind_the_end_of_tls_are_told_apart() {
    let world = stands("terminating-balancer", Habit::OneMoved, |_, _| ());
    let (report, exit) = world.judge();
    assert_eq!(exit, 1);
    assert_eq!(findings(&report, "network/reachable"), BTreeMap::new());
    let redirect = findings(&report, "trust-service/redirect");
    for told in redirect.values() {
        assert!(told.contains("status 404 instead of 200"), "{told}");
    }
    let is_told = |end: &str| redirect.keys().any(|target| target.ends_with(end));
    assert!(is_told("@127.20.2.12") && !is_told("@127.20.2.11"), "{redirect:?}");
}
