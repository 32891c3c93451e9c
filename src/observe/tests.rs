//! Whole runs against small peers on loopback.

use std::{
    collections::{BTreeMap, HashSet},
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use pinflight_checks::{
    deployment::{
        AddressFamily, Confirmed, DeviceServices, Discovery, Network, Proxy, ProxyScheme, ResolveOverride, Role,
        RootStore, Trust, TrustService, TrustServiceMode,
    },
    recording::{
        CertId, ConnectFailure, ConnectionFact, ConversationFailure, HandshakeSignature, HttpFailure, NameFailure,
        ProxyFailure, Resolver, Roots, TlsFailure,
    },
};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{
    ServerConfig,
    crypto::ring::sign::any_supported_type,
    pki_types::{CertificateDer, PrivateKeyDer},
    server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier},
};
use socket2::SockRef;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

use super::*;

/// On premises, every name known to nobody until a test says otherwise.
pub(super) fn deployment() -> Deployment {
    Deployment {
        discovery: Discovery { host: "discovery.example".to_owned(), port: 443, mail_domain: None },
        console: None,
        device_services: DeviceServices {
            url: "https://ds.example".parse().unwrap(),
            backends: Vec::new(),
            balancers: Vec::new(),
            reverse_proxies: Vec::new(),
            certificates: Vec::new(),
            next_certificates: Vec::new(),
            pins: Vec::new(),
        },
        trust_service: TrustService {
            mode: TrustServiceMode::OnPremises,
            url: Some("https://ts.example:9001/TrustService".parse().unwrap()),
            servers: Vec::new(),
            certificate: None,
            csr: None,
            signing_root: None,
            workspace_one_id_domain: None,
        },
        trust: Trust { roots: RootStore::None, ca_files: Vec::new() },
        network: Network { system_resolver: false, ..Network::default() },
        confirmed: Confirmed::default(),
        command: "pinflight check".to_owned(),
    }
}

fn job(vantage: Vantage, deployment: Deployment) -> Job {
    let roots = Roots { mozilla: None, system: Vec::new(), supplied: Vec::new() };
    Job {
        vantage,
        deployment,
        policy: Policy::default(),
        now: Timestamp::parse("2027-03-01").unwrap(),
        supplied: files::Supplied { files: Vec::new(), certificates: BTreeMap::new(), roots },
        hosts_file: "/nonexistent/hosts".into(),
        secrets: Secrets::default(),
    }
}

async fn observed(vantage: Vantage, deployment: Deployment) -> Recording {
    let (_keep, cancel) = watch::channel(false);
    observe(job(vantage, deployment), cancel, |_| {}).await
}

/// What a stand-in for the cloud sees of Device Services at one address: every other question left aside.
async fn device_services_at(address: SocketAddr, step: Duration) -> Recording {
    let mut deployment = deployment();
    deployment.trust_service.url = None;
    deployment.device_services.url = format!("https://ds.example:{}", address.port()).parse().unwrap();
    resolve(&mut deployment, "ds.example", address);
    deployment.network.step_timeout = step;
    observed(Vantage::Discovery, deployment).await
}

fn resolve(deployment: &mut Deployment, host: &str, address: SocketAddr) {
    let addresses = vec![address.ip()];
    deployment.network.resolve.push(ResolveOverride { host: host.to_owned(), port: address.port(), addresses });
}

fn first(recording: &Recording) -> &ConnectionFact {
    recording.connections.first().unwrap()
}

fn tls_failure(recording: &Recording) -> TlsFailure {
    match &first(recording).outcome {
        Err(ConversationFailure::Tls { failure, .. }) => failure.clone(),
        other => panic!("{other:?}"),
    }
}

const STEP: Duration = Duration::from_secs(20);

/// A port that refuses, and stays ours: bound, and nobody listens.
pub(super) fn closed() -> (socket2::Socket, SocketAddr) {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, address)
}

/// The same for UDP: a socket that is connected to itself hears nobody else.
pub(super) async fn closed_udp() -> (tokio::net::UdpSocket, SocketAddr) {
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    socket.connect(address).await.unwrap();
    (socket, address)
}

/// A server on loopback; it ends with the test's runtime.
async fn serve<F, T>(serve: F) -> SocketAddr
where
    F: Fn(TcpStream) -> T + Send + 'static,
    T: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((peer, _)) = listener.accept().await {
            tokio::spawn(serve(peer));
        }
    });
    address
}

fn certificate(name: &str) -> (Vec<u8>, PrivateKeyDer<'static>) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed([name.to_owned()]).unwrap();
    (cert.der().to_vec(), PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap())
}

/// A chain of any kind with any key.
#[derive(Debug)]
struct Presents(Arc<rustls::sign::CertifiedKey>);

impl ResolvesServerCert for Presents {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<rustls::sign::CertifiedKey>> {
        Some(self.0.clone())
    }
}

fn presents(chain: Vec<Vec<u8>>, key: &PrivateKeyDer<'static>) -> Arc<dyn ResolvesServerCert> {
    let chain = chain.into_iter().map(CertificateDer::from).collect();
    Arc::new(Presents(Arc::new(rustls::sign::CertifiedKey::new(chain, any_supported_type(key).unwrap()))))
}

fn server_config(chain: Vec<Vec<u8>>, key: &PrivateKeyDer<'static>) -> ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    builder.with_no_client_auth().with_cert_resolver(presents(chain, key))
}

type Log = Arc<Mutex<Vec<String>>>;

/// HTTPS: answers with what `answer` says to each request line, and logs `SNI request-line`. Waits `delay` before each step.
async fn https(config: ServerConfig, delay: Duration, answer: fn(&str) -> String) -> (SocketAddr, Log) {
    let log = Log::default();
    let seen = log.clone();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let address = serve(move |peer| {
        let (acceptor, seen) = (acceptor.clone(), seen.clone());
        async move {
            tokio::time::sleep(delay).await;
            let Ok(mut stream) = acceptor.accept(peer).await else { return };
            let sni = stream.get_ref().1.server_name().unwrap_or("-").to_owned();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                match stream.read_u8().await {
                    Ok(byte) => request.push(byte),
                    Err(_) => break,
                }
            }
            let line = String::from_utf8(request).unwrap().lines().next().unwrap_or_default().to_owned();
            seen.lock().unwrap().push(format!("{sni} {line}"));
            if line.is_empty() {
                return;
            }
            tokio::time::sleep(delay).await;
            let body = answer(&line);
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
            let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    })
    .await;
    (address, log)
}

fn nothing(_: &str) -> String {
    "{}".to_owned()
}

#[tokio::test]
async fn a_whole_deployment_is_recorded_in_plan_order() {
    let (leaf, key) = certificate("ds.example");
    let config = server_config(vec![leaf.clone()], &key);
    let (address, log) = https(config, Duration::ZERO, |line| {
        if line.contains("TrustServiceSettings") {
            r#"{"Uri": "https://handed.example:1/TrustService/"}"#.to_owned()
        } else {
            "{}".to_owned()
        }
    })
    .await;
    let mut deployment = deployment();
    let port = address.port();
    deployment.discovery.port = port;
    deployment.device_services.url = format!("https://ds.example:{port}").parse().unwrap();
    deployment.device_services.backends = vec![address.to_string().parse().unwrap()];
    deployment.trust_service.url = Some(format!("https://ts.example:{port}/TrustService").parse().unwrap());
    for host in ["discovery.example", "ds.example", "ts.example"] {
        resolve(&mut deployment, host, address);
    }
    let (_bound, closed) = closed();
    deployment.network.connect_to.push(pinflight_checks::deployment::ConnectTo {
        host: Some("handed.example".to_owned()),
        port: Some(1),
        to_host: Some(closed.ip().to_string()),
        to_port: Some(closed.port()),
    });
    let recording = observed(Vantage::Console, deployment).await;

    assert_eq!(recording.unasked, Vec::<String>::new());
    let names: Vec<_> =
        recording.names.iter().map(|fact| (fact.name.as_str(), &fact.roles[..], &fact.resolver)).collect();
    assert_eq!(
        names,
        [
            ("discovery.example", &[Role::Discovery][..], &Resolver::Override),
            ("ds.example", &[Role::DeviceServices], &Resolver::Override),
            ("ts.example", &[Role::TrustService], &Resolver::Override),
        ]
    );
    let connections: Vec<_> = recording
        .connections
        .iter()
        .map(|fact| (fact.role, fact.sni.as_deref(), fact.repeat, fact.outcome.is_ok()))
        .collect();
    assert_eq!(
        connections,
        [
            (Role::Discovery, Some("discovery.example"), 0, true),
            (Role::Discovery, None, 0, true),
            (Role::DeviceServices, Some("ds.example"), 0, true),
            (Role::DeviceServices, None, 0, true),
            (Role::DeviceServices, Some("ds.example"), 1, true),
            (Role::DeviceServices, Some("ds.example"), 2, true),
            (Role::Backend, Some("ds.example"), 0, true),
            (Role::Backend, None, 0, true),
            (Role::TrustService, Some("ts.example"), 0, true),
            (Role::TrustService, None, 0, true),
            (Role::RedirectTarget, Some("handed.example"), 0, false),
            (Role::RedirectTarget, None, 0, false),
        ]
    );
    let answers: Vec<_> = recording
        .answers
        .iter()
        .map(|fact| (fact.role, fact.url.replace(&port.to_string(), "P"), fact.outcome.is_ok()))
        .collect();
    let expected = [
        (Role::Discovery, "https://discovery.example:P/autodiscovery/HostRegistry.aws?URL=ds.example", true),
        (Role::DeviceServices, "https://ds.example:P/DeviceServices/TrustServiceSettings", true),
        (Role::Backend, "https://ds.example:P/DeviceServices/TrustServiceSettings", true),
        (Role::TrustService, "https://ts.example:P/TrustService/sslpinning/settings?URL=ds.example", true),
        (Role::TrustService, "https://ts.example:P/TrustService/SSLPinning/Settings?URL=ds.example", true),
        (Role::RedirectTarget, "https://handed.example:1/TrustService/sslpinning/settings?URL=ds.example", false),
        (Role::RedirectTarget, "https://handed.example:1/TrustService/SSLPinning/Settings?URL=ds.example", false),
    ];
    assert_eq!(answers, expected.map(|(role, url, ok)| (role, url.to_owned(), ok)));

    let id = CertId::of(&leaf);
    assert_eq!(recording.certificates.keys().collect::<Vec<_>>(), [&id]);
    assert!(
        recording.answers.iter().take(5).all(|fact| fact.leaf.as_ref() == Some(&id) && fact.address == Some(address))
    );
    let handshake = first(&recording).outcome.as_ref().unwrap();
    assert_eq!((handshake.version.as_str(), handshake.suite.as_str()), ("TLSv1.3", "TLS_AES_256_GCM_SHA384"));
    assert_eq!((handshake.chain.as_slice(), &handshake.signature), (&[id][..], &HandshakeSignature::Valid));
    // The backend is at the name's address: asked once for both, as is every address without SNI.
    let log = log.lock().unwrap();
    let count = |what: &str| log.iter().filter(|line| line.contains(what)).count();
    assert_eq!((count("TrustServiceSettings"), count("- "), count("GET")), (1, 1, 4), "{log:#?}");
    let text = serde_json::to_string(&recording).unwrap();
    assert_eq!(serde_json::from_str::<Recording>(&text).unwrap().connections.len(), 12);
}

#[tokio::test]
async fn what_happens_after_the_client_hello_is_told_apart() {
    let (_bound, closed) = closed();
    let refused = device_services_at(closed, STEP).await;
    assert_eq!(first(&refused).outcome, Err(ConversationFailure::Tcp { failure: ConnectFailure::Refused }));
    assert_eq!(first(&refused).connected_after, None);

    let reset = serve(|peer| async move {
        // The ClientHello must have come, or the reset could strike at connecting.
        let _ = peer.readable().await;
        SockRef::from(&peer).set_linger(Some(Duration::ZERO)).unwrap();
    })
    .await;
    assert_eq!(tls_failure(&device_services_at(reset, STEP).await), TlsFailure::ResetAfterClientHello);

    let closing = serve(|mut peer| async move {
        let mut hello = [0; 4096];
        let _ = peer.read(&mut hello).await;
    })
    .await;
    assert_eq!(tls_failure(&device_services_at(closing, STEP).await), TlsFailure::ClosedAfterClientHello);

    let silent = serve(|mut peer| async move {
        let mut all = Vec::new();
        let _ = peer.read_to_end(&mut all).await;
    })
    .await;
    let after = Duration::from_millis(50);
    assert_eq!(tls_failure(&device_services_at(silent, after).await), TlsFailure::SilentAfterClientHello { after });

    let stalled = serve(|mut peer| async move {
        peer.write_all(&[22, 3, 3]).await.unwrap();
        let mut all = Vec::new();
        let _ = peer.read_to_end(&mut all).await;
    })
    .await;
    assert_eq!(tls_failure(&device_services_at(stalled, after).await), TlsFailure::Stalled { after });

    for (banner, begins) in [
        (&b"SSH-2.0-OpenSSH_9.2\r\n"[..], "SSH-2.0-OpenSSH_9.2\r\n"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n"),
        (&[0, 0xff, 1, 2, 3, 4], "00ff01020304"),
    ] {
        let other = serve(move |mut peer| async move {
            peer.write_all(banner).await.unwrap();
            let mut all = Vec::new();
            let _ = peer.read_to_end(&mut all).await;
        })
        .await;
        let failure = tls_failure(&device_services_at(other, STEP).await);
        assert_eq!(failure, TlsFailure::NotTls { begins: begins.to_owned() });
    }

    let alert = serve(|mut peer| async move {
        let mut hello = [0; 4096];
        let _ = peer.read(&mut hello).await;
        peer.write_all(&[21, 3, 3, 0, 2, 2, 112]).await.unwrap();
    })
    .await;
    let name = "unrecognized_name".to_owned();
    assert_eq!(tls_failure(&device_services_at(alert, STEP).await), TlsFailure::Alert { name });
}

#[tokio::test]
async fn a_key_that_is_not_the_leafs_is_a_fact() {
    let (leaf, _) = certificate("ds.example");
    let (_, other_key) = certificate("ds.example");
    let (address, _) = https(server_config(vec![leaf], &other_key), Duration::ZERO, nothing).await;
    let recording = device_services_at(address, STEP).await;
    assert_eq!(first(&recording).outcome.as_ref().unwrap().signature, HandshakeSignature::Invalid);

    let (_, key) = certificate("ds.example");
    let (address, _) = https(server_config(vec![b"no certificate".to_vec()], &key), Duration::ZERO, nothing).await;
    let recording = device_services_at(address, STEP).await;
    let handshake = first(&recording).outcome.as_ref().unwrap();
    assert!(matches!(handshake.signature, HandshakeSignature::Unverifiable { .. }));
    assert_eq!(handshake.chain, [CertId::of(b"no certificate")]);
}

#[tokio::test]
async fn a_chain_that_is_too_long_is_a_cause_of_its_own() {
    let (leaf, key) = certificate("ds.example");
    let chain = vec![leaf; 300];
    let (address, _) = https(server_config(chain, &key), Duration::ZERO, nothing).await;
    assert_eq!(tls_failure(&device_services_at(address, STEP).await), TlsFailure::ChainTooLong);
}

#[tokio::test]
async fn a_server_that_wants_our_certificate_is_understood() {
    let (leaf, key) = certificate("ds.example");
    let mut roots = rustls::RootCertStore::empty();
    roots.add(leaf.clone().into()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone()).build().unwrap();
    for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
        let builder = ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(&[version]).unwrap();
        let config =
            builder.with_client_cert_verifier(verifier.clone()).with_cert_resolver(presents(vec![leaf.clone()], &key));
        let (address, _) = https(config, Duration::ZERO, nothing).await;
        let recording = device_services_at(address, STEP).await;
        let answer = recording.answers.first().unwrap();
        assert_eq!(answer.address, Some(address));
        let Err(failure) = &answer.outcome else { panic!("{answer:?}") };
        if version.version == rustls::ProtocolVersion::TLSv1_3 {
            assert_eq!(*failure, HttpFailure::ClientCertificateRequired);
            assert_eq!(answer.leaf, Some(CertId::of(&leaf)));
        } else {
            let chain = vec![CertId::of(&leaf)];
            let failure = ConversationFailure::Tls { failure: TlsFailure::ClientCertificateRequired, chain };
            assert_eq!(first(&recording).outcome, Err(failure));
        }
    }
}

#[tokio::test]
async fn slow_servers_are_asked_side_by_side() {
    let (leaf, key) = certificate("ds.example");
    let delay = Duration::from_millis(200);
    let (address, _) = https(server_config(vec![leaf], &key), delay, nothing).await;
    let mut deployment = deployment();
    let port = address.port();
    deployment.device_services.url = format!("https://ds.example:{port}").parse().unwrap();
    // With a server behind it the name is asked three times with SNI, once without, and once for its settings.
    deployment.device_services.backends = vec![address.to_string().parse().unwrap()];
    deployment.trust_service.url = None;
    resolve(&mut deployment, "ds.example", address);
    let recording = observed(Vantage::Discovery, deployment).await;
    assert_eq!((recording.connections.len(), recording.answers.len()), (4, 1));
    assert!(recording.connections.iter().all(|fact| fact.outcome.is_ok()));
    assert!(recording.took >= delay * 2, "{:?}", recording.took);
    // One after another it would be 1.2 s: four handshakes, and a GET that waits twice.
    assert!(recording.took < delay * 5, "{:?}", recording.took);
}

/// Servers that count how many peers they have at once, all together.
struct Crowd {
    awaited: usize,
    here: AtomicUsize,
    most: AtomicUsize,
    all_are_here: watch::Sender<bool>,
}

impl Crowd {
    /// Nobody is let go before so many have come, and one more had the time to.
    fn of(awaited: usize) -> Arc<Self> {
        let (all_are_here, _) = watch::channel(false);
        Arc::new(Self { awaited, here: AtomicUsize::new(0), most: AtomicUsize::new(0), all_are_here })
    }

    async fn server(self: &Arc<Self>) -> SocketAddr {
        let crowd = self.clone();
        serve(move |peer| {
            let crowd = crowd.clone();
            async move {
                let now = crowd.here.fetch_add(1, Ordering::SeqCst) + 1;
                crowd.most.fetch_max(now, Ordering::SeqCst);
                if now == crowd.awaited {
                    crowd.all_are_here.send_replace(true);
                }
                let _ = crowd.all_are_here.subscribe().wait_for(|all| *all).await;
                tokio::time::sleep(Duration::from_millis(100)).await;
                crowd.here.fetch_sub(1, Ordering::SeqCst);
                drop(peer);
            }
        })
        .await
    }
}

#[tokio::test]
async fn a_server_is_asked_eight_things_at_once_and_no_more() {
    let crowd = Crowd::of(8);
    let address = crowd.server().await;
    let mut deployment = deployment();
    deployment.trust_service.url = None;
    deployment.device_services.url = format!("https://ds.example:{}", address.port()).parse().unwrap();
    // A name that several servers answer is asked as often.
    deployment.device_services.backends = vec![address.to_string().parse().unwrap()];
    deployment.network.repeat = 20;
    resolve(&mut deployment, "ds.example", address);
    let recording = observed(Vantage::Discovery, deployment).await;
    assert!(recording.connections.len() > 20, "{}", recording.connections.len());
    assert_eq!(crowd.most.load(Ordering::SeqCst), 8);
}

#[tokio::test]
async fn as_many_conversations_as_declared_are_held_at_once_and_no_more() {
    let crowd = Crowd::of(3);
    let mut deployment = deployment();
    for _ in 0..4 {
        let address = crowd.server().await;
        deployment.device_services.backends.push(address.to_string().parse().unwrap());
    }
    deployment.trust_service.url = None;
    deployment.network.jobs = 3;
    let recording = observed(Vantage::DeviceServices, deployment).await;
    let servers: HashSet<_> = recording.connections.iter().filter_map(|fact| fact.address).collect();
    assert!(servers.len() >= 4, "{servers:?}");
    assert_eq!(crowd.most.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn everything_goes_by_name_through_a_proxy() {
    let (leaf, key) = certificate("ds.example");
    let (server, log) = https(server_config(vec![leaf], &key), Duration::ZERO, nothing).await;
    let asked = Log::default();
    let seen = asked.clone();
    let address = serve(move |mut peer| {
        let seen = seen.clone();
        async move {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(peer.read_u8().await.unwrap());
            }
            let line = String::from_utf8(request).unwrap().lines().next().unwrap().to_owned();
            let refused = line.contains("discovery.example");
            seen.lock().unwrap().push(line);
            if refused {
                peer.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").await.unwrap();
                return;
            }
            peer.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            let mut server = TcpStream::connect(server).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut peer, &mut server).await;
        }
    })
    .await;
    let mut deployment = deployment();
    deployment.trust_service.url = None;
    deployment.device_services.backends = vec!["192.0.2.11:8443".parse().unwrap()];
    deployment.network.proxy =
        Some(Proxy { scheme: ProxyScheme::Http, host: address.ip().to_string(), port: address.port() });
    let recording = observed(Vantage::Console, deployment).await;
    assert_eq!(recording.names, []);
    let seen: Vec<_> = recording
        .connections
        .iter()
        .map(|fact| (fact.role, fact.address, fact.proxied, fact.outcome.is_ok()))
        .collect();
    let backend = Some("192.0.2.11:8443".parse().unwrap());
    assert_eq!(seen[0], (Role::Discovery, None, true, false));
    assert_eq!(seen[2], (Role::DeviceServices, None, true, true));
    assert_eq!(seen.last(), Some(&(Role::Backend, backend, true, true)));
    let denied = ProxyFailure::Denied { answer: "HTTP/1.1 403 Forbidden".to_owned() };
    assert_eq!(first(&recording).outcome, Err(ConversationFailure::Proxy { failure: denied }));
    assert!(asked.lock().unwrap().contains(&"CONNECT 192.0.2.11:8443 HTTP/1.1".to_owned()));
    assert!(log.lock().unwrap().contains(&"ds.example GET /DeviceServices/TrustServiceSettings HTTP/1.1".to_owned()));
}

#[tokio::test]
async fn a_proxy_whose_name_is_unknown_says_so() {
    let mut deployment = deployment();
    deployment.network.proxy = Some(Proxy { scheme: ProxyScheme::Http, host: "proxy.example".to_owned(), port: 3128 });
    let (_deaf, dns) = closed_udp().await;
    deployment.network.dns_servers = vec![dns.to_string().parse().unwrap()];
    let recording = observed(Vantage::Console, deployment).await;
    let failure = NameFailure::Unreachable { failure: ConnectFailure::Refused };
    let names: Vec<_> =
        recording.names.iter().map(|fact| (fact.name.as_str(), fact.roles.len(), &fact.answer)).collect();
    assert_eq!(names, [("proxy.example", 0, &Err(failure.clone()))]);
    let failure = ProxyFailure::Unresolved { failure };
    assert!(
        recording
            .connections
            .iter()
            .all(|fact| fact.outcome == Err(ConversationFailure::Proxy { failure: failure.clone() }))
    );
    assert_eq!(recording.connections.len(), 6);
}

/// A server that never says a word, and tells when somebody has come.
async fn silent() -> (SocketAddr, tokio::sync::mpsc::UnboundedReceiver<()>) {
    let (come, coming) = tokio::sync::mpsc::unbounded_channel();
    let address = serve(move |mut peer| {
        let come = come.clone();
        async move {
            let _ = come.send(());
            let mut all = Vec::new();
            let _ = peer.read_to_end(&mut all).await;
        }
    })
    .await;
    (address, coming)
}

#[tokio::test]
async fn what_had_no_time_left_is_named_in_plan_order() {
    let (address, mut coming) = silent().await;
    let mut deployment = deployment();
    deployment.trust_service.url = None;
    deployment.device_services.url = format!("https://ds.example:{}", address.port()).parse().unwrap();
    let (_deaf, dns) = closed_udp().await;
    deployment.network.dns_servers = vec![dns.to_string().parse().unwrap()];
    resolve(&mut deployment, "ds.example", address);
    let (cancel, cancelled) = watch::channel(false);
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = events.clone();
    let run = tokio::spawn(observe(job(Vantage::Console, deployment.clone()), cancelled, move |event| {
        seen.lock().unwrap().push(event);
    }));
    coming.recv().await.unwrap();
    cancel.send(true).unwrap();
    let recording = run.await.unwrap();
    let place = address.to_string();
    assert_eq!(
        recording.unasked,
        [
            format!("TLS handshake with {place}, SNI ds.example"),
            format!("TLS handshake with {place} without SNI"),
            format!("TLS 1.2-only handshake with {place}, SNI ds.example"),
            format!("GET https://ds.example:{}/DeviceServices/TrustServiceSettings from {place}", address.port()),
        ]
    );
    assert_eq!(recording.connections, []);
    let events = std::mem::take(&mut *events.lock().unwrap());
    assert_eq!(events.last(), Some(&Event::Finished));
    assert!(matches!(events.first(), Some(Event::Planned { questions: 9 })), "{events:?}");

    deployment.network.max_time = Some(Duration::from_millis(30));
    let recording = observed(Vantage::Discovery, deployment).await;
    assert_eq!(recording.unasked.len(), 4);
    assert!(recording.took < Duration::from_secs(10));
}

#[tokio::test]
async fn addresses_past_the_sixteenth_are_left_unasked() {
    let (_bound, closed) = closed();
    let (address, _guard) = many_addresses(17).await;
    let mut deployment = deployment();
    deployment.trust_service.url = None;
    deployment.trust_service.mode = TrustServiceMode::Cloud;
    deployment.network.repeat = 1;
    deployment.network.address_family = AddressFamily::Ipv4;
    deployment.network.dns_servers = vec![address.to_string().parse().unwrap()];
    deployment.device_services.url = format!("https://ds.example:{}", closed.port()).parse().unwrap();
    let recording = observed(Vantage::Discovery, deployment).await;
    assert_eq!(recording.connections.len(), 32);
    let port = closed.port();
    assert_eq!(
        recording.unasked,
        [
            format!("TLS handshake with 127.0.1.16:{port}, SNI ds.example"),
            format!("TLS handshake with 127.0.1.16:{port} without SNI"),
            format!("TLS 1.2-only handshake with 127.0.1.16:{port}, SNI ds.example"),
        ]
    );
    assert_eq!(recording.names[0].answer.as_ref().unwrap().addresses.len(), 17);
}

#[tokio::test]
async fn addresses_past_the_sixteenth_of_an_override_are_left_unasked_too() {
    let (_bound, closed) = closed();
    let port = closed.port();
    let mut deployment = deployment();
    deployment.trust_service.url = None;
    deployment.trust_service.mode = TrustServiceMode::Cloud;
    deployment.network.repeat = 1;
    let addresses = (0..17).map(|last| [127, 0, 1, last].into()).collect();
    deployment.network.resolve = vec![ResolveOverride { host: "ds.example".into(), port, addresses }];
    deployment.device_services.url = format!("https://ds.example:{port}").parse().unwrap();
    let planned = plan::plan(Vantage::Discovery, &deployment);
    assert!(!planned.iter().any(|question| question.ask.contains("127.0.1.16:")));
    let recording = observed(Vantage::Discovery, deployment).await;
    assert_eq!(recording.connections.len(), 32);
    assert!(recording.unasked.contains(&format!("TLS handshake with 127.0.1.16:{port}, SNI ds.example")));
}

/// A DNS server that has so many A records for every name.
async fn many_addresses(count: u8) -> (SocketAddr, tokio::task::JoinHandle<()>) {
    use hickory_proto::{
        op::{Message, MessageType, OpCode},
        rr::{RData, Record, RecordType, rdata::A},
    };
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let task = tokio::spawn(async move {
        let mut buffer = [0; 512];
        while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
            let query = Message::from_vec(&buffer[..length]).unwrap();
            let mut answer = Message::new(query.metadata.id, MessageType::Response, OpCode::Query);
            answer.queries.clone_from(&query.queries);
            if query.queries[0].query_type == RecordType::A {
                let name = query.queries[0].name.clone();
                let record = |last| Record::from_rdata(name.clone(), 60, RData::A(A([127, 0, 1, last].into())));
                answer.answers = (0..count).map(record).collect();
            }
            socket.send_to(&answer.to_vec().unwrap(), peer).await.unwrap();
        }
    });
    (address, task)
}

#[test]
fn secrets_are_not_shown() {
    let secrets = Secrets { proxy_credentials: Some(("user".to_owned(), "hunter2".to_owned())) };
    assert_eq!(format!("{secrets:?}"), "Secrets(proxy credentials)");
}
