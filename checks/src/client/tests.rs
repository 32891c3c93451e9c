//! Journeys over recordings made by hand.

mod rules;

use std::sync::Arc;

use rcgen::KeyPair;

use super::*;
use crate::{
    check::Case,
    deployment::{Endpoint, Policy, Role, TrustServiceMode},
    recording::{
        Body, BodyEnd, ConnectionFact, ConversationFailure, Der, FileContent, FileUse, HttpAnswer, HttpFact,
        HttpFailure, Recording, Request, Spelling, SuppliedFile, Tls12Fact, TlsFailure,
    },
    testing::{NOW, recording, refused, registry},
    x509::{
        self, KeyFacts,
        forge::{HOST, Made, ca, leaf, met, root, self_signed},
    },
};

/// An RSA key, made once for all tests.
fn rsa(name: &str) -> Arc<KeyPair> {
    let path = format!("{}/../fixtures/keys/{name}.pem", env!("CARGO_MANIFEST_DIR"));
    Arc::new(KeyPair::from_pem(&std::fs::read_to_string(path).unwrap()).unwrap())
}

fn key(made: &Made) -> KeyFacts {
    x509::read(&made.der).unwrap().key
}

fn hex(made: &Made) -> String {
    key(made).rsa_public_key_hex.unwrap()
}

/// A private root, the Trust Service's signing root, two RSA leaves.
struct World {
    root: Made,
    signing: Made,
    ds: Made,
    ts: Made,
    intermediate: Made,
    recording: Recording,
}

fn named(host: &str) -> rcgen::CertificateParams {
    let mut params = leaf();
    params.subject_alt_names = vec![rcgen::SanType::DnsName(host.try_into().unwrap())];
    params
}

fn answer(request: Request, role: Role, url: &str, endpoint: Endpoint, leaf: &Made, body: &str) -> HttpFact {
    HttpFact {
        request,
        role,
        url: url.into(),
        address: Some(([10, 1, 0, 11], endpoint.port).into()),
        endpoint,
        leaf: Some(leaf.id()),
        outcome: Ok(HttpAnswer {
            status: 200,
            headers: vec![],
            date: None,
            body: Body { bytes: Der(body.into()), end: BodyEnd::Complete },
        }),
        ..registry("{}")
    }
}

fn pins(host: &str, keys: &[&Made]) -> String {
    let keys: Vec<String> = keys.iter().map(|made| format!("{:?}", hex(made).to_uppercase())).collect();
    format!("{{{host:?}: [{}]}}", keys.join(", "))
}

impl World {
    /// As the guide asks, seen from a device that reaches everything.
    fn sound() -> Self {
        let root = root("Example Root");
        let signing = self_signed(ca("Example Signing Root"));
        let intermediate = root.intermediate("Example CA");
        let ds = intermediate.issue_for(leaf(), &rsa("ds-1"));
        let ts = signing.issue_for(named("ts.example.com"), &rsa("trust-service"));
        let mut world = Self {
            recording: recording(Vantage::Device, TrustServiceMode::OnPremises),
            root,
            signing,
            ds,
            ts,
            intermediate,
        };
        for made in [&world.root, &world.signing, &world.intermediate, &world.ds, &world.ts] {
            world.recording.certificates.insert(made.id(), Der(made.der.clone()));
        }
        world.recording.roots.supplied = vec![world.root.id()];
        world.recording.files = vec![SuppliedFile {
            path: "signing-root.cer".into(),
            used_as: FileUse::SigningRoot,
            content: FileContent::Certificates(vec![world.signing.id()]),
        }];
        let chain = vec![world.ds.id(), world.intermediate.id()];
        world.recording.connections = vec![met([10, 1, 0, 11], chain)];
        let ts_met = World::ts_presents(&world.ts);
        world.recording.connections.push(ts_met);
        world.recording.answers = vec![registry("{}")];
        world.hands_out();
        let body = pins(HOST, &[&world.ds]);
        world.trust_service(&body);
        world
    }

    fn ts_presents(leaf: &Made) -> ConnectionFact {
        ConnectionFact {
            role: Role::TrustService,
            endpoint: Endpoint::new("ts.example.com", 9001),
            sni: Some("ts.example.com".into()),
            ..met([10, 1, 0, 11], vec![leaf.id()])
        }
    }

    fn hands_out(&mut self) {
        let fact = answer(
            Request::TrustServiceSettings,
            Role::DeviceServices,
            "https://ds.example.com/DeviceServices/TrustServiceSettings",
            Endpoint::new(HOST, 443),
            &self.ds,
            r#"{"Uri": "https://ts.example.com:9001/TrustService"}"#,
        );
        self.recording.answers.push(fact);
    }

    fn trust_service(&mut self, body: &str) {
        self.recording.answers.retain(|fact| !matches!(fact.request, Request::Settings { .. }));
        let fact = answer(
            Request::Settings { spelling: Spelling::Client },
            Role::TrustService,
            "https://ts.example.com:9001/TrustService/SSLPinning/Settings?URL=ds.example.com",
            Endpoint::new("ts.example.com", 9001),
            &self.ts,
            body,
        );
        self.recording.answers.push(fact);
    }

    fn cloud(&mut self, body: &str) {
        self.recording.answers[0] = registry(body);
    }

    fn stories(&self) -> Vec<Story> {
        let policy = Policy::default();
        Case::new(std::slice::from_ref(&self.recording), &policy, NOW).unwrap().journey().stories.clone()
    }

    fn story(&self, kind: Kind) -> Story {
        self.stories().into_iter().find(|story| story.kind == kind).unwrap()
    }

    fn hub(&self) -> Ending {
        self.story(Kind::IosHub).ending
    }
}

fn words(stories: &[Story]) -> Vec<&'static str> {
    stories.iter().map(|story| story.ending.words()).collect()
}

#[test]
fn a_sound_deployment_is_met_pinned_and_says_what_that_rests_on() {
    let world = World::sound();
    let stories = world.stories();
    let (pinned, not_pinned) = ("connects, pinned", "connects, not pinned");
    assert_eq!(words(&stories), [pinned, not_pinned, not_pinned, pinned, "unknown"]);
    let hub = &stories[0];
    let requests: Vec<&str> = hub.steps.iter().map(|step| step.request.split('?').next().unwrap()).collect();
    assert_eq!(
        requests,
        [
            "GET https://discovery.awmdm.com/autodiscovery/HostRegistry.aws",
            "GET https://ds.example.com/DeviceServices/TrustServiceSettings",
            "TLS to ts.example.com:9001@10.1.0.11",
            "GET https://ts.example.com:9001/TrustService/SSLPinning/Settings",
            "TLS to ds.example.com:443@10.1.0.11",
        ]
    );
    assert_eq!(
        hub.provided,
        ["devices trust Example Root", "the Hub trusts Example Signing Root, which is not the known signing root"]
    );
    assert!(stories.iter().all(|story| story.ending.is_meant(story.kind)));
    assert!(hub.steps.iter().all(|step| step.seen_from == [Vantage::Device]));
}

/// The balancer is declared by the address that its name has, and the console asked it first.
#[test]
fn an_answer_under_the_name_counts_whoever_else_was_asked_there() {
    let world = World::sound();
    let mut console = Recording { vantage: Vantage::Console, ..world.recording.clone() };
    let named = console.answers.iter().find(|fact| fact.role == Role::TrustService).unwrap();
    console.answers.push(HttpFact { role: Role::TrustServiceServer, ..named.clone() });
    let policy = Policy::default();
    let stories = Case::new(&[console, world.recording.clone()], &policy, NOW).unwrap().journey().stories.clone();
    assert_eq!(stories[0].ending, Ending::ConnectsPinned);
}

#[test]
fn what_the_cloud_holds_ends_the_fetch_and_hides_the_trust_service() {
    let mut world = World::sound();
    let other = world.intermediate.issue_for(leaf(), &rsa("ds-2"));
    world.cloud(&pins(HOST, &[&other]));
    let hub = world.story(Kind::IosHub);
    assert!(matches!(&hub.ending, Ending::Refused { why } if why.contains("cloud registry")), "{}", hub.ending);
    assert!(hub.steps.iter().all(|step| !step.request.contains("TrustServiceSettings")));
    // An entry for another host ends it as well, and pins nothing.
    let mut world = World::sound();
    world.cloud(&pins("elsewhere.test", &[&other]));
    assert!(matches!(world.hub(), Ending::ConnectsNotPinned { .. }));
    // The right entry is as good as the Trust Service's.
    let mut world = World::sound();
    let body = pins("DS.EXAMPLE.COM", &[&world.ds]);
    world.cloud(&body);
    assert_eq!(world.hub(), Ending::ConnectsPinned);
    // A void answer is none: it goes on.
    let mut world = World::sound();
    world.cloud(r#"{"ds.example.com": "AB"}"#);
    assert_eq!(world.hub(), Ending::ConnectsPinned);
}

#[test]
fn where_only_others_saw_a_cloud_entry_both_ways_are_gone() {
    let mut world = World::sound();
    let other = world.intermediate.issue_for(leaf(), &rsa("ds-2"));
    let body = pins(HOST, &[&other]);
    let mut console =
        Recording { vantage: Vantage::Console, answers: vec![registry(&body)], ..world.recording.clone() };
    console.connections = vec![];
    world.recording.answers.remove(0);
    let policy = Policy::default();
    let recordings = [world.recording.clone(), console];
    let stories = Case::new(&recordings, &policy, NOW).unwrap().journey().stories.clone();
    let Ending::Refused { why } = &stories[0].ending else { panic!("{}", stories[0].ending) };
    assert!(why.ends_with("where a device reaches discovery"), "{why}");
    let other_way = stories[0].steps.iter().find(|step| step.request.starts_with("another way")).unwrap();
    assert_eq!(
        (other_way.answer.as_str(), other_way.decision.as_str()),
        ("where a device does not reach discovery", "connects, pinned")
    );
    // Without the console nobody saw it, and there is a command that would.
    assert_eq!(
        world.hub(),
        Ending::Unknown {
            why: "what the cloud has registered for Device Services was not seen".into(),
            observable: true,
            vantage: Some(Vantage::Console),
            command: Some("pinflight check --from console --record console.json".into()),
        }
    );
}

#[test]
fn the_trust_service_is_believed_by_the_one_root_and_its_name() {
    // Sound, by the private root of the company.
    let mut world = World::sound();
    world.ts = world.root.issue_for(named("ts.example.com"), &rsa("trust-service"));
    world.recording.certificates.insert(world.ts.id(), Der(world.ts.der.clone()));
    world.recording.connections[1] = World::ts_presents(&world.ts);
    let body = pins(HOST, &[&world.ds]);
    world.trust_service(&body);
    assert!(matches!(world.hub(), Ending::ConnectsNotPinned { why } if why.contains("Example Root")));
    // By the signing root, for another name.
    let mut world = World::sound();
    world.ts = world.signing.issue_for(named("other.example.com"), &rsa("trust-service"));
    world.recording.certificates.insert(world.ts.id(), Der(world.ts.der.clone()));
    world.recording.connections[1] = World::ts_presents(&world.ts);
    world.trust_service(&body);
    assert!(matches!(world.hub(), Ending::ConnectsNotPinned { why } if why.contains("other.example.com")));
}

#[test]
fn names_of_the_trust_service_and_forms_of_pins_decide() {
    for (body, expected) in [
        (r#"{"DS.example.com": ["KEY"]}"#, "connects, not pinned"),
        (r#"{"example.com": ["KEY"]}"#, "connects, pinned"),
        (r#"{"ds.example.com": ["KEY", 1]}"#, "connects, not pinned"),
        (r#"{"ds.example.com": [""]}"#, "connects, not pinned"),
        (r#"{"ds.example.com": ["3082"]}"#, "connects, pinned"),
        (r#"{"ds.example.com": ["AB12CD34AB12CD34"]}"#, "refused"),
        (r#"{"ds.example.com": []}"#, "connects, not pinned"),
        ("{}", "connects, not pinned"),
        ("[]", "connects, not pinned"),
        ("<html>", "connects, not pinned"),
        (r#"{"ds.example.com": ["KEY"], "ds.example.com": ["AB12CD34AB12CD34"]}"#, "unknown"),
        (r#"{"ds.example.com": ["KEY"], "ds.example.com": ["KEY"]}"#, "connects, pinned"),
    ] {
        let mut world = World::sound();
        let body = body.replace("KEY", &hex(&world.ds));
        world.trust_service(&body);
        assert_eq!(world.hub().words(), expected, "{body}");
    }
}

#[test]
fn default_validation_comes_first() {
    // No intermediate: iOS may have it.
    let mut world = World::sound();
    world.recording.connections[0] = met([10, 1, 0, 11], vec![world.ds.id()]);
    let stories = world.stories();
    assert_eq!(words(&stories), ["unknown"; 5]);
    assert!(stories[..4].iter().all(|story| matches!(story.ending, Ending::Unknown { observable: true, .. })));
    // A root that nobody gave.
    let mut world = World::sound();
    world.recording.roots.supplied = vec![];
    let chain = vec![world.ds.id(), world.intermediate.id(), world.root.id()];
    world.recording.connections[0] = met([10, 1, 0, 11], chain);
    assert_eq!(words(&world.stories()), ["refused", "refused", "refused", "refused", "unknown"]);
    // The signing root counts for the Trust Service alone.
    let mut world = World::sound();
    let ds = world.signing.issue_for(leaf(), &rsa("ds-1"));
    world.recording.certificates.insert(ds.id(), Der(ds.der.clone()));
    world.recording.connections[0] = met([10, 1, 0, 11], vec![ds.id()]);
    assert_eq!(world.hub().words(), "refused");
}

#[test]
fn each_place_has_its_own_ending_and_the_worst_counts() {
    let mut world = World::sound();
    let other = world.intermediate.issue_for(leaf(), &rsa("ds-2"));
    let ec = world.intermediate.issue(leaf());
    for (made, last) in [(&other, 12), (&ec, 13)] {
        world.recording.certificates.insert(made.id(), Der(made.der.clone()));
        world.recording.connections.push(met([10, 1, 0, last], vec![made.id(), world.intermediate.id()]));
    }
    world.recording.connections.push(refused(Role::DeviceServices, HOST, 443, [10, 1, 0, 14]));
    let hub = world.story(Kind::IosHub);
    let places: Vec<(String, &str)> =
        hub.places.iter().map(|place| (place.target.to_string(), place.ending.words())).collect();
    let at = |last: u8| format!("ds.example.com:443@10.1.0.{last}");
    // From an address that does not answer a device may go on to another.
    assert_eq!(places, [(at(12), "refused"), (at(14), "unknown"), (at(13), "unknown"), (at(11), "connects, pinned")]);
    // Where the browser enrols, a connection is all that counts; without one, nobody connects.
    assert!(world.story(Kind::IosWeb).places.iter().all(|place| !matches!(place.ending, Ending::Refused { .. })));
    world.recording.connections.retain(|fact| fact.role == Role::TrustService || fact.outcome.is_err());
    assert_eq!(world.story(Kind::IosWeb).ending.words(), "refused");
}

#[test]
fn a_tls_1_2_handshake_that_breaks_off_refuses_nobody_whom_tls_1_3_lets_in() {
    let mut world = World::sound();
    let other = world.intermediate.issue_for(leaf(), &rsa("ds-2"));
    world.recording.certificates.insert(other.id(), Der(other.der.clone()));
    let failure = TlsFailure::Misbehaved { detail: "no extended master secret".into() };
    let chain = vec![other.id(), world.intermediate.id()];
    let broken_off = ConnectionFact {
        only_tls12: true,
        outcome: Err(ConversationFailure::Tls { failure, chain }),
        ..met([10, 1, 0, 11], vec![])
    };
    world.recording.tls12.push(Tls12Fact { connection: broken_off, chosen: None });
    let endings = |world: &World| -> Vec<&'static str> {
        world.story(Kind::IosHub).places.iter().map(|place| place.ending.words()).collect()
    };
    // Its chain is a place of its own: pinned or not.
    assert_eq!(endings(&world), ["refused", "connects, pinned"]);
    let body = pins(HOST, &[&world.ds, &other]);
    world.trust_service(&body);
    assert_eq!(endings(&world), ["connects, pinned", "connects, pinned"]);
}

#[test]
fn a_trust_service_that_devices_cannot_reach_leaves_them_unpinned() {
    let mut world = World::sound();
    for fact in &mut world.recording.answers {
        if matches!(fact.request, Request::Settings { .. }) {
            let failure = refused(Role::TrustService, "ts.example.com", 9001, [10, 1, 0, 11]).outcome.unwrap_err();
            fact.outcome = Err(HttpFailure::NotConnected { failure });
        }
    }
    assert_eq!(world.hub(), Ending::ConnectsNotPinned { why: "the Trust Service did not answer".into() });
}

#[test]
fn once_enrolled_the_uploaded_certificates_tell_what_the_daily_list_may_hold() {
    let upload = |world: &mut World, made: &Made| {
        world.recording.certificates.insert(made.id(), Der(made.der.clone()));
        world.recording.files.push(SuppliedFile {
            path: "ds.cer".into(),
            used_as: FileUse::Uploaded,
            content: FileContent::Certificates(vec![made.id()]),
        });
    };
    let mut world = World::sound();
    let ds = world.ds.clone();
    upload(&mut world, &ds);
    assert_eq!(world.story(Kind::IosEnrolled).ending, Ending::ConnectsPinned);
    let mut world = World::sound();
    let other = world.intermediate.issue_for(leaf(), &rsa("ds-2"));
    upload(&mut world, &other);
    let enrolled = world.story(Kind::IosEnrolled);
    assert!(matches!(enrolled.ending, Ending::Unknown { observable: false, .. }), "{}", enrolled.ending);
    assert_eq!(world.hub(), Ending::ConnectsPinned);
}

#[test]
fn awcm_ends_in_unknown_and_the_cloud_alone_needs_no_trust_service() {
    let mut world = World::sound();
    world.recording.deployment.trust_service.mode = TrustServiceMode::Awcm;
    world.ts = world.root.issue_for(named("ts.example.com"), &rsa("trust-service"));
    world.recording.certificates.insert(world.ts.id(), Der(world.ts.der.clone()));
    world.recording.connections[1] = World::ts_presents(&world.ts);
    let body = pins(HOST, &[&world.ds]);
    world.trust_service(&body);
    assert!(matches!(world.hub(), Ending::Unknown { observable: false, .. }));
    let mut world = World::sound();
    world.recording.deployment.trust_service.mode = TrustServiceMode::Cloud;
    world.cloud(&body);
    assert_eq!(world.hub(), Ending::ConnectsPinned);
    world.cloud("{}");
    assert!(matches!(world.hub(), Ending::Unknown { observable: true, command: None, .. }));
}

#[test]
fn endings_read_as_the_guide_s_reader_would_say_them() {
    assert_eq!(Ending::ConnectsPinned.to_string(), "connects, pinned");
    assert_eq!(Ending::Refused { why: "no".into() }.to_string(), "refused (no)");
    let unseen = Ending::not_observed("x was not seen", Some((Vantage::Console, "pinflight check".into())));
    assert_eq!(unseen.to_string(), "unknown (not observed: x was not seen; run pinflight check)");
}
