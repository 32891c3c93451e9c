//! TLS servers that present a chain: `openssl s_server`, and rustls for the few things that it refuses to present.

use std::{
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

use rustls::{
    ServerConfig, ServerConnection,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use crate::pki::{self, Made};

/// A server on a port that the system gave, until it is dropped.
pub enum Server {
    OpenSsl { child: Child, port: u16 },
    Rustls { address: SocketAddr, ended: Arc<AtomicBool>, thread: Option<JoinHandle<()>> },
}

impl Server {
    /// `openssl s_server` presents exactly this, in this order; it builds nothing of its own.
    pub fn openssl(chain: &[Made], flags: &[&str], folder: &Path) -> Self {
        let (leaf, rest) = chain.split_first().unwrap();
        let file = |name: &str, content: &str| {
            let path = folder.join(name);
            std::fs::write(&path, content).unwrap();
            path
        };
        let mut command = Command::new("openssl");
        // At its usual level it presents no weak keys and hashes.
        command.args(["s_server", "-accept", "127.0.0.1:0", "-www", "-no_ticket", "-cipher", "ALL@SECLEVEL=0"]);
        command.arg("-key").arg(&pki::key(leaf.key).path).arg("-cert").arg(file("leaf.pem", &leaf.pem()));
        if !rest.is_empty() {
            let rest: String = rest.iter().map(Made::pem).collect();
            command.arg("-cert_chain").arg(file("rest.pem", &rest));
        }
        command.args(["-no-CAfile", "-no-CApath", "-no-CAstore"]).args(flags);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(folder.join("s_server.log")).unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let accept = lines.find_map(|line| line.unwrap().strip_prefix("ACCEPT ").map(str::to_owned));
        let told = || std::fs::read_to_string(folder.join("s_server.log")).unwrap();
        let Some(accept) = accept else { panic!("s_server ended: {}", told()) };
        let port = accept.rsplit_once(':').unwrap().1.parse().unwrap();
        // It goes on writing.
        std::thread::spawn(move || lines.for_each(drop));
        Self::OpenSsl { child, port }
    }

    /// rustls presents whatever it is given, with any key: bytes that are no certificate, a key that is not the leaf's.
    pub fn rustls(chain: &[Made], key: &str) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::from_pem_file(&pki::key(key).path).unwrap();
        let key = provider.key_provider.load_private_key(key).unwrap();
        let chain = chain.iter().map(|made| CertificateDer::from(made.der.clone())).collect();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Presents(Arc::new(CertifiedKey::new(chain, key)))));
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let ended = Arc::new(AtomicBool::new(false));
        let told = ended.clone();
        let thread = std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                if told.load(Ordering::Acquire) {
                    return;
                }
                stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
                let mut connection = ServerConnection::new(config.clone()).unwrap();
                while connection.is_handshaking() && connection.complete_io(&mut stream).is_ok() {}
            }
        });
        Self::Rustls { address, ended, thread: Some(thread) }
    }

    pub fn port(&self) -> u16 {
        match self {
            Self::OpenSsl { port, .. } => *port,
            Self::Rustls { address, .. } => address.port(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        match self {
            Self::OpenSsl { child, .. } => {
                let _ = child.kill();
                let _ = child.wait();
            }
            Self::Rustls { address, ended, thread } => {
                ended.store(true, Ordering::Release);
                let _ = TcpStream::connect(*address);
                if let Some(thread) = thread.take() {
                    let _ = thread.join();
                }
            }
        }
    }
}

#[derive(Debug)]
struct Presents(Arc<CertifiedKey>);

impl ResolvesServerCert for Presents {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}
