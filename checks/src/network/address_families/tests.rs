//! What is said of two families, of one, and of single addresses.

use std::net::IpAddr;

use super::*;
use crate::{
    deployment::{Policy, TrustServiceMode, Vantage},
    firewall::DiscoveryToDeviceServices,
    outcome::State as Said,
    recording::{ConnectFailure, Recording, Resolver, TlsFailure},
    testing::{NOW, name, recording, refused},
    x509::forge::{HOST, Made, Supplied, met, presents, root},
};

const V6: [&str; 2] = ["2001:db8::1", "2001:db8::2"];

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// A conversation with Device Services at this address: `None`, the handshake came to its end.
fn at(address: &str, failure: Option<ConversationFailure>, shown: &Recording) -> ConnectionFact {
    let mut fact = shown.connections[0].clone();
    fact.address = Some((ip(address), 443).into());
    if let Some(failure) = failure {
        fact.outcome = Err(failure);
    }
    fact
}

fn tcp(failure: ConnectFailure) -> ConversationFailure {
    ConversationFailure::Tcp { failure }
}

fn silent() -> ConversationFailure {
    ConversationFailure::Tls { failure: TlsFailure::ClosedAfterClientHello, chain: vec![] }
}

fn shown() -> Recording {
    let root = root("root");
    presents(&[&root.leaf()], &Supplied { ca_files: &[&root], ..Supplied::default() })
}

/// From outside, Device Services with these addresses.
fn asked(addresses: &[(&str, Option<ConversationFailure>)]) -> Recording {
    let mut recording = shown();
    let mut fact = name(HOST, Role::DeviceServices, Ok([0, 0, 0, 0]));
    fact.answer.as_mut().unwrap().addresses = addresses.iter().map(|(address, _)| ip(address)).collect();
    recording.names = vec![fact];
    recording.connections =
        addresses.iter().map(|(address, failure)| at(address, failure.clone(), &recording)).collect();
    recording
}

fn judged(check: &dyn Check, recordings: &[Recording]) -> Judgement {
    let policy = Policy::default();
    check.judge(&Case::new(recordings, &policy, NOW).unwrap())
}

fn states(check: &dyn Check, recording: &Recording) -> Vec<Said> {
    judged(check, std::slice::from_ref(recording)).iter().map(|(_, outcome)| outcome.state()).collect()
}

#[test]
fn a_family_is_silent_if_none_of_its_addresses_answers_and_the_other_does() {
    let refused = || Some(tcp(ConnectFailure::Refused));
    let row = &DiscoveryToDeviceServices;
    for (four, six, expected, of_row) in [
        ([None, None], [None, None], Said::Pass, [Said::Pass; 4]),
        // One address of a family is its row's matter.
        ([None, None], [refused(), None], Said::Pass, [Said::Pass, Said::Pass, Said::Fail, Said::Pass]),
        (
            [None, refused()],
            [refused(), Some(silent())],
            Said::Fail,
            [Said::Pass, Said::Fail, Said::NotObserved, Said::NotObserved],
        ),
        (
            [Some(silent()), refused()],
            [None, None],
            Said::Fail,
            [Said::NotObserved, Said::NotObserved, Said::Pass, Said::Pass],
        ),
        ([refused(), refused()], [refused(), refused()], Said::NotObserved, [Said::Fail; 4]),
    ] {
        let [a, b] = four;
        let [c, d] = six;
        let mut recording = asked(&[("10.1.0.1", a), ("10.1.0.2", b), (V6[0], c), (V6[1], d)]);
        assert_eq!(states(&AddressFamilies, &recording), [expected]);
        assert_eq!(states(row, &recording), of_row);
        // A resolver for each family.
        let mut other = recording.names[0].clone();
        other.resolver = Resolver::Hosts;
        other.answer.as_mut().unwrap().addresses.retain(IpAddr::is_ipv6);
        recording.names[0].answer.as_mut().unwrap().addresses.retain(IpAddr::is_ipv4);
        recording.names.push(other);
        assert_eq!(states(row, &recording), of_row);
    }
}

#[test]
fn the_finding_names_every_address_and_what_answers() {
    let recording = asked(&[("10.1.0.1", None), (V6[0], Some(tcp(ConnectFailure::Refused))), (V6[1], Some(silent()))]);
    let judgement = judged(&AddressFamilies, &[recording]);
    let Outcome::Fail(finding) = &judgement[0].1 else { panic!("{judgement:?}") };
    let expected = Cause::FamilySilent {
        name: HOST.into(),
        family: "IPv6",
        addresses: vec![
            "[2001:db8::1]:443: connection refused".into(),
            "[2001:db8::2]:443: the connection is closed right after ClientHello".into(),
        ],
        answering: vec!["10.1.0.1:443".into()],
    };
    assert_eq!(finding.cause, expected);
}

#[test]
fn a_machine_without_ipv6_says_nothing_of_it() {
    let unreachable = || Some(tcp(ConnectFailure::NetworkUnreachable));
    let recording = asked(&[("10.1.0.1", None), (V6[0], unreachable())]);
    assert_eq!(states(&AddressFamilies, &recording), [Said::Skipped]);
    assert_eq!(states(&DiscoveryToDeviceServices, &recording), [Said::Pass, Said::Skipped]);
    // One address is refused, so there is a route.
    let recording = asked(&[("10.1.0.1", None), (V6[0], unreachable()), (V6[1], Some(tcp(ConnectFailure::Refused)))]);
    assert_eq!(states(&AddressFamilies, &recording), [Said::Fail]);
}

#[test]
fn one_family_or_a_proxy_leaves_nothing_to_compare() {
    assert_eq!(states(&AddressFamilies, &asked(&[("10.1.0.1", None)])), [Said::Skipped]);
    assert_eq!(states(&AddressFamilies, &asked(&[(V6[0], Some(tcp(ConnectFailure::Refused)))])), [Said::Skipped]);
    let mut recording = asked(&[("10.1.0.1", None), (V6[0], None)]);
    for fact in &mut recording.connections {
        fact.proxied = true;
    }
    assert_eq!(states(&AddressFamilies, &recording), [Said::Skipped]);
    let mut nowhere = recording;
    nowhere.connections = vec![refused(Role::DeviceServices, HOST, 443, [10, 9, 9, 9])];
    assert_eq!(states(&AddressFamilies, &nowhere), [Said::Skipped]);
}

#[test]
fn a_way_that_nobody_needs_is_no_fault() {
    // From inside, IPv6 of the balancer is shut; from outside, whence the guide asks for it, it is open.
    let outside = asked(&[("10.1.0.1", None), (V6[0], None)]);
    let mut inside = asked(&[("10.1.0.1", None), (V6[0], Some(tcp(ConnectFailure::Refused)))]);
    inside.vantage = Vantage::Console;
    let both = |outside: Recording| {
        let said = judged(&AddressFamilies, &[outside, inside.clone()]);
        said.iter().map(|(_, outcome)| outcome.state()).collect::<Vec<_>>()
    };
    assert_eq!(both(outside), [Said::Pass, Said::Skipped]);
    let shut = asked(&[("10.1.0.1", None), (V6[0], Some(tcp(ConnectFailure::Refused)))]);
    assert_eq!(both(shut), [Said::Fail]);
}

/// Discovery, with one leaf on each family.
fn discovery(roots: &[&Made], four: &[&Made], six: &[&Made]) -> Vec<Said> {
    let all: Vec<&Made> = four.iter().chain(six).copied().collect();
    let mut recording = recording(Vantage::Console, TrustServiceMode::Cloud);
    let shown = presents(&all, &Supplied { ca_files: roots, ..Supplied::default() });
    (recording.certificates, recording.roots) = (shown.certificates, shown.roots);
    let endpoint = recording.deployment.discovery_endpoint();
    let mut named = name(&endpoint.host, Role::Discovery, Ok([10, 1, 0, 1]));
    named.answer.as_mut().unwrap().addresses.push(ip(V6[0]));
    recording.names = vec![named];
    for (address, sent) in [("10.1.0.1", four), (V6[0], six)] {
        let mut fact = met([0, 0, 0, 0], sent.iter().map(|made| made.id()).collect());
        (fact.role, fact.endpoint, fact.address) = (Role::Discovery, endpoint.clone(), Some((ip(address), 443).into()));
        recording.connections.push(fact);
    }
    states(&AddressFamilies, &recording)
}

#[test]
fn other_keys_by_other_issuers_are_told_of_discovery_where_the_chains_are_sound() {
    let (one, two) = (root("one"), root("two"));
    let (a, b, other) = (one.leaf(), one.leaf(), two.leaf());
    assert_eq!(discovery(&[&one, &two], &[&a], &[&a]), [Said::Pass]);
    assert_eq!(discovery(&[&one, &two], &[&a], &[&b]), [Said::Pass], "one issuer");
    assert_eq!(discovery(&[&one, &two], &[&a], &[&other]), [Said::Warn]);
    // A root that nobody trusts is certificate/path's.
    assert_eq!(discovery(&[&one], &[&a], &[&other]), [Said::Pass]);
}
