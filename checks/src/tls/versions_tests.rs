use std::time::Duration;

use super::*;
use crate::{
    deployment::{Role, TrustServiceMode, Vantage},
    recording::{ConnectFailure, HandshakeSignature, Recording, Refused},
    testing::{NOW, recording, refused},
};

const GCM: &str = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
const CBC: &str = "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384";

fn chosen(version: &str, suite: &str, curve: Option<(&str, u16)>, extended_master_secret: bool) -> Chosen {
    Chosen {
        version: version.into(),
        suite: suite.into(),
        curve: curve.map(|(name, bits)| Curve { name: name.into(), bits: Some(bits) }),
        extended_master_secret,
        secure_renegotiation: true,
    }
}

fn legacy(spoken: Vec<Chosen>) -> Legacy {
    Legacy { hellos: 5, took: Duration::ZERO, spoken, refused: vec![], complete: true }
}

/// What is said of these; the kinds of causes, or the states where there is none.
fn said(outcomes: &[Outcome]) -> Vec<&'static str> {
    let word = |outcome: &Outcome| match outcome {
        Outcome::Fail(finding) | Outcome::Warn(finding) => finding.cause.kind(),
        other => other.state().id(),
    };
    outcomes.iter().map(word).collect()
}

#[test]
fn each_threshold_is_met_on_its_two_sides() {
    let p256 = Some(("P-256", 256));
    for (spoken, expected) in [
        (vec![chosen("TLSv1.1", CBC, p256, true), chosen("TLSv1.0", CBC, p256, true)], vec!["tls-too-old"]),
        (vec![chosen("SSLv3", "TLS_RSA_WITH_RC4_128_SHA", None, false)], vec!["tls-too-old"]),
        (vec![chosen("TLSv1.2", CBC, p256, true), chosen("TLSv1.1", CBC, p256, true)], vec!["tls-cbc-only"]),
        (vec![chosen("TLSv1.2", "TLS_RSA_WITH_AES_128_GCM_SHA256", None, true)], vec!["tls-no-usable-suite"]),
        (vec![chosen("TLSv1.2", "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256", None, true)], vec!["tls-no-usable-suite"]),
        (vec![chosen("TLSv1.2", "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", p256, true)], vec!["tls-no-usable-suite"]),
        (vec![chosen("TLSv1.2", "TLS_ECDHE_RSA_WITH_RC4_128_SHA", p256, true)], vec!["tls-no-usable-suite"]),
        (vec![chosen("TLSv1.2", GCM, Some(("sect239k1", 239)), true)], vec!["tls-curve-too-small"]),
        (vec![chosen("TLSv1.2", GCM, Some(("secp224r1", 224)), true)], vec!["tls-curve-too-small"]),
        (vec![chosen("TLSv1.2", GCM, Some(("x25519", 255)), true)], vec!["pass"]),
        (vec![chosen("TLSv1.2", GCM, Some(("P-521", 521)), true)], vec!["pass"]),
        (vec![chosen("TLSv1.2", GCM, p256, false)], vec!["no-extended-master-secret"]),
        (vec![chosen("TLSv1.2", CBC, p256, false)], vec!["tls-cbc-only", "no-extended-master-secret"]),
        (vec![chosen("TLSv1.2", CBC, p256, true), chosen("TLSv1.2", GCM, p256, true)], vec!["pass"]),
        // A curve that was not seen is not taken for a good one.
        (vec![chosen("TLSv1.2", CBC, None, true)], vec!["not-observed"]),
    ] {
        assert_eq!(said(&below(&legacy(spoken.clone()))), expected, "{spoken:?}");
    }
}

#[test]
fn no_suite_is_missed_before_it_was_asked_for() {
    let mut legacy = legacy(vec![chosen("TLSv1.2", "TLS_RSA_WITH_AES_128_CBC_SHA", None, true)]);
    legacy.complete = false;
    assert_eq!(said(&below(&legacy)), ["not-observed"]);
    let failure = TlsFailure::Alert { name: "handshake_failure".into() };
    legacy.refused = vec![Refused { version: "TLSv1.2".into(), offered: Offered::Ecdhe, failure }];
    assert_eq!(said(&below(&legacy)), ["tls-no-usable-suite"]);
}

fn shaken(version: &str) -> ConnectionFact {
    let handshake = Handshake {
        version: version.into(),
        suite: GCM.into(),
        alpn: Some("h2".into()),
        chain: vec![],
        signature: HandshakeSignature::Valid,
    };
    ConnectionFact { outcome: Ok(handshake), ..refused(Role::DeviceServices, "ds.example.com", 443, [10, 0, 0, 1]) }
}

fn tls12(chosen: Option<Chosen>, outcome: Result<(), ConversationFailure>) -> Tls12Fact {
    let outcome = outcome.and_then(|()| shaken(TLS12).outcome);
    let connection = ConnectionFact { outcome, only_tls12: true, ..shaken(TLS12) };
    Tls12Fact { connection, chosen }
}

fn judged(recording: Recording) -> Judgement {
    let recordings = [recording];
    Versions.judge(&Case::new(&recordings, &recordings[0].policy, NOW).unwrap())
}

/// From where nothing but Device Services is looked at.
fn seen(connections: Vec<ConnectionFact>, tls12: Vec<Tls12Fact>) -> Recording {
    Recording { connections, tls12, ..recording(Vantage::Discovery, TrustServiceMode::Cloud) }
}

fn alert() -> ConversationFailure {
    ConversationFailure::Tls { failure: TlsFailure::Alert { name: "protocol_version".into() }, chain: vec![] }
}

#[test]
fn extended_master_secret_is_read_from_the_handshake_with_tls_1_2_alone() {
    let tcp = ConversationFailure::Tcp { failure: ConnectFailure::Refused };
    let with = |ems| Some(chosen("TLSv1.2", GCM, Some(("x25519", 255)), ems));
    for (version, asked, expected) in [
        ("TLSv1.3", Some(tls12(with(true), Ok(()))), "pass"),
        ("TLSv1.2", Some(tls12(with(true), Ok(()))), "pass"),
        ("TLSv1.3", Some(tls12(with(false), Ok(()))), "no-extended-master-secret"),
        ("TLSv1.2", Some(tls12(with(false), Err(alert()))), "no-extended-master-secret"),
        ("TLSv1.3", Some(tls12(None, Err(alert()))), "pass"),
        ("TLSv1.2", Some(tls12(None, Err(alert()))), "not-observed"),
        ("TLSv1.3", Some(tls12(None, Err(tcp))), "not-observed"),
        ("TLSv1.3", None, "not-observed"),
    ] {
        let judgement = judged(seen(vec![shaken(version)], asked.clone().into_iter().collect()));
        let outcomes: Vec<Outcome> = judgement.into_iter().map(|(_, outcome)| outcome).collect();
        assert_eq!(said(&outcomes), [expected], "{version} {asked:?}");
    }
}

#[test]
fn whoever_saw_the_server_is_believed_and_a_fault_outweighs() {
    let mut old = refused(Role::DeviceServices, "ds.example.com", 443, [10, 0, 0, 1]);
    old.outcome = Err(alert());
    old.legacy = Some(legacy(vec![chosen("TLSv1.0", CBC, None, false)]));
    let silent = refused(Role::DeviceServices, "ds.example.com", 443, [10, 0, 0, 1]);
    let with = tls12(Some(chosen("TLSv1.2", GCM, Some(("x25519", 255)), true)), Ok(()));
    let outcomes = |connections| {
        let judgement = judged(seen(connections, vec![with.clone()]));
        said(&judgement.into_iter().map(|(_, outcome)| outcome).collect::<Vec<_>>())
    };
    assert_eq!(outcomes(vec![silent.clone()]), ["not-observed"]);
    assert_eq!(outcomes(vec![silent.clone(), shaken("TLSv1.3")]), ["pass"]);
    assert_eq!(outcomes(vec![shaken("TLSv1.3"), silent, old.clone()]), ["tls-too-old"]);
    // A repeat says the same once.
    assert_eq!(outcomes(vec![old.clone(), old]), ["tls-too-old"]);
}

#[test]
fn a_server_that_answered_no_hello_is_left_to_the_way() {
    let mut fact = refused(Role::DeviceServices, "ds.example.com", 443, [10, 0, 0, 1]);
    fact.outcome = Err(alert());
    fact.legacy = Some(legacy(vec![]));
    let outcomes: Vec<Outcome> = judged(seen(vec![fact], vec![])).into_iter().map(|(_, outcome)| outcome).collect();
    assert_eq!(outcomes, [Outcome::unanswered("no handshake with ds.example.com:443@10.0.0.1")]);
}
