//! Recordings made by hand, for unit tests.

use std::time::Duration;

use crate::{
    deployment::{
        Confirmed, Deployment, DeviceServices, Discovery, Endpoint, Network, Policy, Role, RootStore, Trust,
        TrustService, TrustServiceMode, Vantage,
    },
    recording::{
        Body, BodyEnd, ConnectFailure, ConnectionFact, ConversationFailure, Der, HttpAnswer, HttpFact, NameAnswer,
        NameFact, NameFailure, Recording, Request, Resolver, Roots, SCHEMA,
    },
    time::Timestamp,
};

pub(crate) const NOW: Timestamp = Timestamp(1_795_000_000);

pub(crate) fn deployment(mode: TrustServiceMode) -> Deployment {
    let url = matches!(mode, TrustServiceMode::OnPremises | TrustServiceMode::Awcm);
    Deployment {
        discovery: Discovery { host: "discovery.awmdm.com".into(), port: 443, mail_domain: None },
        console: None,
        device_services: DeviceServices {
            url: "https://ds.example.com".parse().unwrap(),
            backends: vec![],
            balancers: vec![],
            reverse_proxies: vec![],
            certificates: vec![],
            next_certificates: vec![],
            pins: vec![],
        },
        trust_service: TrustService {
            mode,
            url: url.then(|| "https://ts.example.com:9001/TrustService".parse().unwrap()),
            servers: vec![],
            certificate: None,
            csr: None,
            signing_root: None,
            workspace_one_id_domain: None,
        },
        trust: Trust { roots: RootStore::None, ca_files: vec![] },
        network: Network::default(),
        confirmed: Confirmed::default(),
        command: "pinflight check".into(),
    }
}

pub(crate) fn recording(vantage: Vantage, mode: TrustServiceMode) -> Recording {
    Recording {
        schema: SCHEMA.into(),
        version: "0.0.0".into(),
        taken_at: NOW,
        took: Duration::from_millis(10),
        vantage,
        deployment: deployment(mode),
        policy: Policy::default(),
        roots: Roots { mozilla: None, system: vec![], supplied: vec![] },
        files: vec![],
        certificates: [].into(),
        facts: None,
        names: vec![],
        connections: vec![],
        under_other_name: vec![],
        tls12: vec![],
        answers: vec![],
        unasked: vec![],
    }
}

pub(crate) fn name(name: &str, role: Role, answer: Result<[u8; 4], NameFailure>) -> NameFact {
    NameFact {
        name: name.into(),
        roles: vec![role],
        resolver: Resolver::System,
        took: Duration::from_millis(1),
        answer: answer.map(|address| NameAnswer { addresses: vec![address.into()], canonical_names: vec![] }),
        queries: vec![],
    }
}

pub(crate) fn refused(role: Role, host: &str, port: u16, address: [u8; 4]) -> ConnectionFact {
    ConnectionFact {
        role,
        endpoint: Endpoint::new(host, port),
        address: Some((address, port).into()),
        proxied: false,
        sni: Some(host.into()),
        only_tls12: false,
        repeat: 0,
        connected_after: None,
        took: Duration::from_millis(1),
        outcome: Err(ConversationFailure::Tcp { failure: ConnectFailure::Refused }),
        legacy: None,
    }
}

/// From a machine on which discovery does not resolve and Device Services refuses.
pub(crate) fn without_network() -> Recording {
    let mut recording = recording(Vantage::Console, TrustServiceMode::Cloud);
    recording.names = vec![
        name("discovery.awmdm.com", Role::Discovery, Err(NameFailure::NoServerAnswered)),
        name("ds.example.com", Role::DeviceServices, Ok([10, 0, 0, 1])),
    ];
    recording.connections = vec![refused(Role::DeviceServices, "ds.example.com", 443, [10, 0, 0, 1])];
    recording
}

/// The cloud registry's answer.
pub(crate) fn registry(body: &str) -> HttpFact {
    HttpFact {
        request: Request::HostRegistry,
        role: Role::Discovery,
        url: "https://discovery.awmdm.com/autodiscovery/HostRegistry.aws?URL=ds.example.com".into(),
        endpoint: Endpoint::new("discovery.awmdm.com", 443),
        address: Some(([192, 0, 2, 1], 443).into()),
        proxied: false,
        leaf: None,
        took: Duration::from_millis(1),
        ended_after: None,
        outcome: Ok(HttpAnswer {
            status: 200,
            headers: vec![("content-type".into(), "application/json".into())],
            date: None,
            body: Body { bytes: Der(body.into()), end: BodyEnd::Complete },
        }),
    }
}
