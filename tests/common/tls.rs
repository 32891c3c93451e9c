//! TLS servers for the tests: rustls, which presents whatever it is given, and openssl, which is of another make.

#![allow(dead_code, reason = "each test takes what it needs of this")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig, ServerConnection,
    pki_types::{CertificateDer, PrivateKeyDer},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use time::{Duration as Span, OffsetDateTime};

/// Whoever connects to a port of 127.0.0.1 that the system gave is served, one after another, until it is dropped.
pub struct Served {
    pub address: SocketAddr,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Served {
    pub fn by(mut serve: impl FnMut(TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let ended = Arc::new(AtomicBool::new(false));
        let told = ended.clone();
        let thread = std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if told.load(Ordering::Acquire) {
                    return;
                }
                serve(stream);
            }
        });
        Self { address, ended, thread: Some(thread) }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// rustls, until it is dropped.
pub struct Rustls {
    pub address: SocketAddr,
    _served: Served,
}

impl Rustls {
    /// Presents this chain with this key: bytes that are no certificate, and a key that is not the leaf's, too.
    pub fn presents(chain: Vec<Vec<u8>>, key: PrivateKeyDer<'static>) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = provider.key_provider.load_private_key(key).unwrap();
        let chain = chain.into_iter().map(CertificateDer::from).collect();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Presents(Arc::new(CertifiedKey::new(chain, key)))));
        let config = Arc::new(config);
        let served = Served::by(move |mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            let mut connection = ServerConnection::new(config.clone()).unwrap();
            while connection.is_handshaking() && connection.complete_io(&mut stream).is_ok() {}
        });
        Self { address: served.address, _served: served }
    }

    /// Presents a sound leaf for ds.example.com, alone; and the PEM of the root that issued it.
    pub fn of_ds_example_com() -> (Self, String) {
        let now = OffsetDateTime::now_utc();
        let mut root = CertificateParams::default();
        root.distinguished_name.push(rcgen::DnType::CommonName, "Example Root");
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root_key = KeyPair::generate().unwrap();
        let root_pem = root.self_signed(&root_key).unwrap().pem();
        let mut leaf = CertificateParams::new(vec!["ds.example.com".into()]).unwrap();
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        (leaf.not_before, leaf.not_after) = (now - Span::DAY, now + Span::days(90));
        let key = KeyPair::generate().unwrap();
        let leaf = leaf.signed_by(&key, &Issuer::from_params(&root, &root_key)).unwrap();
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        (Self::presents(vec![leaf.der().to_vec()], key), root_pem)
    }
}

#[derive(Debug)]
struct Presents(Arc<CertifiedKey>);

impl ResolvesServerCert for Presents {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

/// `openssl s_server`, until it is dropped.
pub struct OpenSsl {
    child: Child,
    /// The port that the system gave; what `-accept` names, openssl does not say again.
    pub port: Option<u16>,
}

impl OpenSsl {
    /// Whatever starts it; returns when it listens. What it complains of is kept in the folder, for when it does not.
    pub fn start(mut command: Command, folder: &Path) -> Self {
        let log = folder.join("s_server.log");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::create(&log).unwrap());
        let child = command.spawn().unwrap_or_else(|error| panic!("openssl is needed for this test: {error}"));
        let mut server = Self { child, port: None };
        let mut lines = BufReader::new(server.child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let accept = lines.find_map(|line| line.strip_prefix("ACCEPT").map(str::to_owned));
        let Some(accept) = accept else { panic!("s_server ended: {}", fs::read_to_string(&log).unwrap()) };
        server.port = accept.rsplit_once(':').map(|(_, port)| port.trim().parse().unwrap());
        // What it says of each connection must not block it.
        std::thread::spawn(move || lines.for_each(drop));
        server
    }
}

impl Drop for OpenSsl {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
