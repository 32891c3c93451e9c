//! Both services at one place, and at two.

use std::sync::Arc;

use rcgen::KeyPair;

use super::*;
use crate::{
    deployment::{Policy, TrustServiceMode, Vantage},
    outcome::State,
    recording::{CertId, Der, Handshake, HandshakeSignature},
    testing::{NOW, recording, refused},
    x509::forge::{Made, leaf, root},
};

const DS: &str = "ds.example.com";
const TS: &str = "ts.example.com";
const TS_AT: ([u8; 4], u16) = ([10, 0, 0, 2], 9001);

/// Certificates for both, and for a third.
struct Cast {
    ds: Made,
    ts: Made,
    other: Made,
}

fn cast() -> Cast {
    let root = root("R");
    let made = |name: &str| {
        let mut params = leaf();
        params.subject_alt_names = vec![rcgen::SanType::DnsName(name.try_into().unwrap())];
        root.issue_for(params, &Arc::new(KeyPair::generate().unwrap()))
    };
    Cast { ds: made(DS), ts: made(TS), other: made("wiki.example.com") }
}

fn met(role: Role, at: ([u8; 4], u16), sni: &str, made: &Made) -> ConnectionFact {
    let host = if role.is_trust_service() { TS } else { DS };
    let (address, port) = at;
    ConnectionFact {
        sni: Some(sni.into()),
        outcome: Ok(Handshake {
            version: "TLSv1.3".into(),
            suite: "TLS13_AES_128_GCM_SHA256".into(),
            alpn: None,
            chain: vec![CertId::of(&made.der)],
            signature: HandshakeSignature::Valid,
        }),
        ..refused(role, host, port, address)
    }
}

/// Both services, each under its own name.
fn both(cast: &Cast, ds_role: Role, ds_at: ([u8; 4], u16)) -> Recording {
    let mut recording = recording(Vantage::Device, TrustServiceMode::OnPremises);
    for made in [&cast.ds, &cast.ts, &cast.other] {
        recording.certificates.insert(CertId::of(&made.der), Der(made.der.clone()));
    }
    recording.connections = vec![met(ds_role, ds_at, DS, &cast.ds), met(Role::TrustService, TS_AT, TS, &cast.ts)];
    recording
}

fn judged(recording: Recording) -> Vec<(State, Option<Sharing>)> {
    let recordings = [recording];
    let policy = Policy::default();
    let case = Case::new(&recordings, &policy, NOW).unwrap();
    let of = |outcome: &Outcome| match outcome {
        Outcome::Fail(finding) | Outcome::Warn(finding) => match finding.cause {
            Cause::PortShared { sharing, .. } => Some(sharing),
            _ => None,
        },
        _ => None,
    };
    OwnPort.judge(&case).iter().map(|(_, outcome)| (outcome.state(), of(outcome))).collect()
}

#[test]
fn what_is_presented_under_the_other_name_decides() {
    let cast = cast();
    let elsewhere = ([10, 0, 0, 1], 443);
    let under = |made: &Made| {
        let mut recording = both(&cast, Role::DeviceServices, elsewhere);
        recording.under_other_name = vec![met(Role::TrustService, TS_AT, DS, made)];
        judged(recording)
    };
    assert_eq!(under(&cast.ts), [(State::Pass, None)]);
    assert_eq!(under(&cast.ds), [(State::Fail, Some(Sharing::DeviceServices))]);
    assert_eq!(under(&cast.other), [(State::Warn, Some(Sharing::Other))]);

    let failed = |failure: TlsFailure| {
        let mut recording = both(&cast, Role::DeviceServices, elsewhere);
        let outcome = Err(ConversationFailure::Tls { failure, chain: vec![] });
        recording.under_other_name = vec![ConnectionFact { outcome, ..met(Role::TrustService, TS_AT, DS, &cast.ts) }];
        judged(recording)
    };
    assert_eq!(failed(TlsFailure::Alert { name: "unrecognized_name".into() }), [(State::Pass, None)]);
    assert_eq!(failed(TlsFailure::Stalled { after: std::time::Duration::from_secs(1) }), [(State::NotObserved, None)]);
}

#[test]
fn another_server_of_the_same_service_is_no_other_application() {
    let cast = cast();
    let second = root("S").issue_for(cast.ts.params.clone(), &Arc::new(KeyPair::generate().unwrap()));
    let mut recording = both(&cast, Role::DeviceServices, ([10, 0, 0, 1], 443));
    recording.certificates.insert(CertId::of(&second.der), Der(second.der.clone()));
    recording.connections.push(met(Role::TrustServiceServer, ([10, 0, 0, 3], 9001), TS, &second));
    recording.under_other_name = vec![met(Role::TrustService, TS_AT, DS, &second)];
    assert_eq!(judged(recording), [(State::Pass, None)]);
}

#[test]
fn a_wildcard_with_a_key_of_nobody_s_is_not_the_other_service() {
    let mut cast = cast();
    let mut wildcard = leaf();
    wildcard.subject_alt_names = vec![rcgen::SanType::DnsName("*.example.com".try_into().unwrap())];
    cast.other = root("S").issue_for(wildcard, &Arc::new(KeyPair::generate().unwrap()));
    let at = ([10, 0, 0, 1], 9001);
    let mut recording = both(&cast, Role::DeviceServices, at);
    recording.under_other_name =
        vec![met(Role::DeviceServices, at, TS, &cast.other), met(Role::TrustService, TS_AT, DS, &cast.other)];
    assert_eq!(judged(recording.clone()), [(State::Pass, None), (State::Warn, Some(Sharing::Other))]);
    // The same one, known as Device Services' own.
    recording.connections.push(met(Role::Backend, ([10, 0, 0, 4], 9001), DS, &cast.other));
    assert_eq!(judged(recording), [(State::Pass, None), (State::Fail, Some(Sharing::DeviceServices))]);
}

#[test]
fn one_address_and_port_for_both_is_shared_whatever_is_presented() {
    let cast = cast();
    for (role, at, expected) in [
        (Role::DeviceServices, TS_AT, State::Fail),
        (Role::Backend, TS_AT, State::Fail),
        // A proxy or balancer that was declared as one tells the names apart.
        (Role::ReverseProxy, TS_AT, State::Warn),
        (Role::Balancer, TS_AT, State::Warn),
        // The same server with another port, and another server with the same port.
        (Role::Backend, ([10, 0, 0, 2], 443), State::Pass),
        (Role::Backend, ([10, 0, 0, 1], 9001), State::Pass),
    ] {
        let mut recording = both(&cast, role, at);
        recording.under_other_name = vec![met(Role::TrustService, TS_AT, DS, &cast.ts)];
        let sharing = (expected != State::Pass).then_some(Sharing::Address);
        assert_eq!(judged(recording), [(expected, sharing)], "{role:?} {at:?}");
    }
}

#[test]
fn the_other_way_round_the_trust_service_s_certificate_counts() {
    let cast = cast();
    for (role, made, expected) in [
        (Role::DeviceServices, &cast.ds, (State::Pass, None)),
        (Role::DeviceServices, &cast.other, (State::Pass, None)),
        (Role::DeviceServices, &cast.ts, (State::Fail, Some(Sharing::TrustService))),
        (Role::Backend, &cast.ts, (State::Fail, Some(Sharing::TrustService))),
        (Role::ReverseProxy, &cast.ts, (State::Warn, Some(Sharing::TrustService))),
    ] {
        let at = ([10, 0, 0, 1], 9001);
        let mut recording = both(&cast, role, at);
        recording.under_other_name = vec![met(role, at, TS, made), met(Role::TrustService, TS_AT, DS, &cast.ts)];
        assert_eq!(judged(recording), [expected, (State::Pass, None)], "{role:?}");
    }
}

#[test]
fn the_urls_alone_can_tell() {
    let cast = cast();
    for (url, expected) in [
        ("https://ds.example.com/TrustService", (State::Fail, Some(Sharing::Url))),
        ("https://ds.example.com:443/TrustService", (State::Fail, Some(Sharing::Url))),
        ("https://ds.example.com:9001/TrustService", (State::Pass, None)),
        ("https://10.0.0.2:9001/TrustService", (State::Skipped, None)),
    ] {
        let mut recording = both(&cast, Role::DeviceServices, ([10, 0, 0, 1], 443));
        recording.deployment.trust_service.url = Some(url.parse().unwrap());
        assert_eq!(judged(recording), [expected], "{url}");
    }
    let mut shared = both(&cast, Role::DeviceServices, TS_AT);
    shared.deployment.trust_service.url = Some("https://10.0.0.2:9001/TrustService".parse().unwrap());
    assert_eq!(judged(shared), [(State::Fail, Some(Sharing::Address))]);
}

#[test]
fn what_was_not_asked_does_not_pass() {
    let cast = cast();
    let at = ([10, 0, 0, 1], 9001);
    let mut recording = both(&cast, Role::DeviceServices, at);
    recording.connections.pop();
    recording.under_other_name = vec![met(Role::DeviceServices, at, TS, &cast.ds)];
    assert_eq!(judged(recording), [(State::Pass, None), (State::NotObserved, None)]);

    let mut refused_there = both(&cast, Role::DeviceServices, ([10, 0, 0, 1], 443));
    refused_there.connections[1] = refused(Role::TrustService, TS, TS_AT.1, TS_AT.0);
    refused_there.under_other_name =
        vec![ConnectionFact { sni: Some(DS.into()), ..refused_there.connections[1].clone() }];
    assert_eq!(judged(refused_there), [(State::NotObserved, None)]);
    for mode in [TrustServiceMode::Cloud, TrustServiceMode::Awcm, TrustServiceMode::None] {
        assert_eq!(judged(crate::testing::recording(Vantage::Device, mode)), [(State::Skipped, None)]);
    }
}
