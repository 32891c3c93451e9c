//! Healthy differences, and those that are not.

use super::*;
use crate::{
    deployment::{Endpoint, Policy, Role, TrustServiceMode, Vantage},
    outcome::State,
    recording::{NameAnswer, NameFailure},
    testing::{NOW, name, recording},
    x509::forge::{Made, Supplied, leaf, met, presents, root},
};

const HOST: &str = "discovery.awmdm.com";

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn answers(resolver: Resolver, host: &str, role: Option<Role>, addresses: &[&str]) -> NameFact {
    let mut fact = name(host, Role::Discovery, Err(NameFailure::NotFound));
    fact.roles = role.into_iter().collect();
    fact.resolver = resolver;
    if !addresses.is_empty() {
        let addresses = addresses.iter().map(|address| ip(address)).collect();
        fact.answer = Ok(NameAnswer { addresses, canonical_names: vec![] });
    }
    fact
}

fn server(last: u8) -> Resolver {
    Resolver::Server(format!("192.0.2.{last}").parse().unwrap())
}

/// Discovery by these resolvers; what shows which certificate at which address.
fn seen(role: Role, by: &[(Resolver, &[&str])], shows: &[(&str, &Made)], roots: &[&Made]) -> Recording {
    let mut recording = recording(Vantage::Console, TrustServiceMode::Cloud);
    let sent: Vec<&Made> = shows.iter().map(|(_, made)| *made).collect();
    let shown = presents(&sent, &Supplied { ca_files: roots, ..Supplied::default() });
    (recording.certificates, recording.roots) = (shown.certificates, shown.roots);
    recording.names =
        by.iter().map(|(resolver, addresses)| answers(resolver.clone(), HOST, Some(role), addresses)).collect();
    for (address, made) in shows {
        let mut fact = met([0, 0, 0, 0], vec![made.id()]);
        (fact.role, fact.endpoint, fact.address) = (role, Endpoint::new(HOST, 443), Some((ip(address), 443).into()));
        fact.sni = Some(HOST.into());
        recording.connections.push(fact);
    }
    recording
}

fn told(recording: &Recording) -> Vec<(State, &'static str)> {
    let policy = Policy::default();
    let recordings = std::slice::from_ref(recording);
    let judgement = ResolversAgree.judge(&Case::new(recordings, &policy, NOW).unwrap());
    let kind = |outcome: &Outcome| match outcome {
        Outcome::Warn(finding) | Outcome::Fail(finding) => finding.cause.kind(),
        _ => "",
    };
    judgement.iter().map(|(_, outcome)| (outcome.state(), kind(outcome))).collect()
}

fn for_discovery(issuer: &Made) -> Made {
    let mut params = leaf();
    params.subject_alt_names = vec![rcgen::SanType::DnsName(HOST.try_into().unwrap())];
    issuer.issue(params)
}

#[test]
fn other_addresses_are_healthy_and_keys_decide() {
    let root = root("root");
    let (a, b) = (for_discovery(&root), for_discovery(&root));
    let by = |one: &'static [&'static str], two: &'static [&'static str]| [(Resolver::System, one), (server(1), two)];
    for (by, shows, expected) in [
        (by(&["192.0.2.1"], &["192.0.2.1"]), vec![("192.0.2.1", &a)], (State::Pass, "")),
        // One address in common is agreement: a cloud answers some of many.
        (
            by(&["192.0.2.1", "192.0.2.2"], &["192.0.2.2", "192.0.2.3"]),
            vec![("192.0.2.1", &a), ("192.0.2.3", &b)],
            (State::Pass, ""),
        ),
        (by(&["192.0.2.1"], &["192.0.2.2"]), vec![("192.0.2.1", &a), ("192.0.2.2", &a)], (State::Pass, "")),
        (
            by(&["192.0.2.1"], &["192.0.2.2"]),
            vec![("192.0.2.1", &a), ("192.0.2.2", &b)],
            (State::Warn, "resolvers-disagree"),
        ),
        (by(&["192.0.2.1"], &["192.0.2.2"]), vec![("192.0.2.1", &a)], (State::NotObserved, "")),
        (by(&["192.0.2.1"], &[]), vec![("192.0.2.1", &a)], (State::Pass, "")),
        (by(&[], &[]), vec![], (State::NotObserved, "")),
    ] {
        assert_eq!(told(&seen(Role::Discovery, &by, &shows, &[&root])), [expected], "{by:?}");
    }
}

#[test]
fn a_private_address_for_discovery_is_false_unless_a_sound_certificate_is_there() {
    let (root, other) = (root("root"), root("other"));
    let (sound, unknown) = (for_discovery(&root), for_discovery(&other));
    let elsewhere = root.leaf();
    for address in ["127.0.0.1", "10.1.0.1", "172.16.0.1", "192.168.0.1", "169.254.1.1", "100.64.0.1", "fd00::1", "::1"]
    {
        let by: [(Resolver, &[&str]); 1] = [(Resolver::System, &[address])];
        let told = |shows: &[(&str, &Made)]| told(&seen(Role::Discovery, &by, shows, &[&root]));
        assert_eq!(told(&[(address, &sound)]), [(State::Pass, "")], "{address}");
        for shows in [vec![], vec![(address, &unknown)], vec![(address, &elsewhere)]] {
            assert_eq!(told(&shows), [(State::Fail, "name-sinkholed")], "{address}");
        }
        // A discovery of one's own may stand inside.
        let mut own = seen(Role::Discovery, &by, &[], &[&root]);
        own.deployment.discovery.port = 8443;
        assert_eq!(self::told(&own), [(State::Pass, "")], "{address}");
        // The customer's own names may well lead inside.
        let own = seen(Role::DeviceServices, &by, &[], &[&root]);
        assert_eq!(self::told(&own), [(State::Pass, "")], "{address}");
    }
    for (address, expected) in [
        ("100.63.255.255", State::Pass),
        ("100.128.0.0", State::Pass),
        ("172.15.0.1", State::Pass),
        ("172.32.0.1", State::Pass),
        ("2001:db8::1", State::Pass),
        ("::ffff:10.0.0.1", State::Fail),
    ] {
        let by: [(Resolver, &[&str]); 1] = [(server(1), &[address])];
        assert_eq!(told(&seen(Role::Discovery, &by, &[], &[&root]))[0].0, expected, "{address}");
    }
}

#[test]
fn nothing_stands_at_the_unspecified_address_whosever_name_it_is() {
    for address in ["0.0.0.0", "::"] {
        for role in [Role::Discovery, Role::DeviceServices, Role::TrustService] {
            let by: [(Resolver, &[&str]); 1] = [(Resolver::Hosts, &[address])];
            assert_eq!(told(&seen(role, &by, &[], &[])), [(State::Fail, "name-sinkholed")], "{address}");
        }
    }
}

#[test]
fn an_address_that_a_name_without_existence_has_too_is_invented() {
    let root = root("root");
    let sound = for_discovery(&root);
    let by: [(Resolver, &[&str]); 2] = [(Resolver::System, &["192.0.2.9"]), (server(1), &["192.0.2.1"])];
    let mut recording = seen(Role::DeviceServices, &by, &[("192.0.2.1", &sound), ("192.0.2.9", &sound)], &[&root]);
    assert_eq!(told(&recording), [(State::Pass, "")]);
    recording.names.push(answers(Resolver::System, "pinflight.invalid", None, &["192.0.2.9"]));
    // What stands there is sound all the same.
    assert_eq!(told(&recording), [(State::Pass, "")]);
    recording.connections.truncate(1);
    assert_eq!(told(&recording), [(State::Fail, "name-invented")]);
    // Only the resolver that invents is accused.
    recording.names.retain(|fact| fact.resolver != Resolver::System || !fact.roles.is_empty());
    recording.names.push(answers(server(1), "pinflight.invalid", None, &["192.0.2.77"]));
    assert_eq!(told(&recording), [(State::NotObserved, "")]);
}
