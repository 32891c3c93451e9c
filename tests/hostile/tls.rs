//! TLS up to any flight, by rustls, whose records are held back.

use std::{
    io,
    sync::{Arc, LazyLock},
};

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig, ServerConnection, SupportedProtocolVersion,
    pki_types::{CertificateDer, PrivateKeyDer},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use time::{Duration, OffsetDateTime};
use tokio::{io::AsyncReadExt, net::TcpStream};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::peer::{Deed, Handler, Next, go_wrong, handler, noise, say};

pub const DEVICE_SERVICES: &str = "ds.acme.test";
pub const DISCOVERY: &str = "discovery.acme.test";
pub const TRUST_SERVICE: &str = "ts.acme.test";

/// Record types.
pub const CHANGE_CIPHER_SPEC: u8 = 20;
pub const ALERT: u8 = 21;
pub const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

/// A root of these tests' own.
pub struct Root {
    issuer: Issuer<'static, KeyPair>,
    pub pem: String,
}

/// What counts in every run: the customer's, and the vendor's, who signs for discovery alone.
pub static ROOT: LazyLock<Root> = LazyLock::new(|| root("Example Root"));
pub static VENDOR_ROOT: LazyLock<Root> = LazyLock::new(|| root("Vendor Root"));

fn root(name: &str) -> Root {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    Root { issuer: Issuer::new(params, key), pem }
}

/// A certificate, and its key.
pub type Leaf = (Vec<u8>, PrivateKeyDer<'static>);

/// Sound leaves.
pub static LEAF: LazyLock<Leaf> = LazyLock::new(|| leaf(&leaf_params(&[DEVICE_SERVICES, TRUST_SERVICE]), &ROOT));
pub static VENDOR_LEAF: LazyLock<Leaf> = LazyLock::new(|| leaf(&leaf_params(&[DISCOVERY]), &VENDOR_ROOT));

pub fn leaf_params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let now = OffsetDateTime::now_utc();
    (params.not_before, params.not_after) = (now - Duration::DAY, now + Duration::days(90));
    params
}

pub fn leaf(params: &CertificateParams, root: &Root) -> Leaf {
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &root.issuer).unwrap();
    (certificate.der().to_vec(), PrivateKeyDer::Pkcs8(key.serialize_der().into()))
}

/// Versions that a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    Tls12,
    Both,
}

/// Present a sound leaf.
pub static SOUND: LazyLock<Arc<ServerConfig>> = LazyLock::new(|| sound(Speaks::Both));
pub static VENDOR_SOUND: LazyLock<Arc<ServerConfig>> =
    LazyLock::new(|| presents(vec![VENDOR_LEAF.0.clone()], &VENDOR_LEAF.1, Speaks::Both));

pub fn sound(speaks: Speaks) -> Arc<ServerConfig> {
    presents(vec![LEAF.0.clone()], &LEAF.1, speaks)
}

/// Presents these bytes, be they certificates or not.
pub fn presents(chain: Vec<Vec<u8>>, key: &PrivateKeyDer<'static>, speaks: Speaks) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = provider.key_provider.load_private_key(key.clone_key()).unwrap();
    let chain = chain.into_iter().map(CertificateDer::from).collect();
    let versions: &[&SupportedProtocolVersion] = match speaks {
        Speaks::Tls12 => &[&TLS12],
        Speaks::Both => &[&TLS12, &TLS13],
    };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Presents(Arc::new(CertifiedKey::new(chain, key)))));
    config.send_tls13_tickets = 0;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

#[derive(Debug)]
struct Presents(Arc<CertifiedKey>);

impl ResolvesServerCert for Presents {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

/// How far a handshake goes well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flight {
    /// ClientHello was read.
    ClientHello,
    /// ServerHello was sent.
    ServerHello,
    /// Certificate was sent; with TLS 1.3, half of what follows ServerHello.
    Certificate,
    /// All of the first flight was sent, and the client's answer read. With TLS 1.3 the client is through by then.
    Answer,
    /// ChangeCipherSpec was sent; TLS 1.2 alone has it here.
    ChangeCipherSpec,
}

/// Goes wrong at this flight.
pub fn wrong_at(flight: Flight, speaks: Speaks, deed: Deed) -> Handler {
    let mut config = ServerConfig::clone(&sound(speaks));
    if speaks == Speaks::Both {
        // Several records of TLS 1.3, so that some of them can be held back.
        config.max_fragment_size = Some(256);
    }
    let config = Arc::new(config);
    handler(move |mut tcp| {
        let config = config.clone();
        async move {
            let rest = until(&mut tcp, config, flight).await?;
            let next = Next { rest, garbage: noise(300), flood: noise(300) };
            go_wrong(tcp, deed, &next).await
        }
    })
}

/// What would follow.
async fn until(tcp: &mut TcpStream, config: Arc<ServerConfig>, flight: Flight) -> io::Result<Vec<u8>> {
    let mut server = ServerConnection::new(config).map_err(io::Error::other)?;
    let records = next_flight(&mut server, tcp).await?;
    let is_tls13 = records.iter().any(|record| record[0] == APPLICATION_DATA);
    let count = match (flight, is_tls13) {
        (Flight::ClientHello, _) => 0,
        (Flight::ServerHello, false) => 1,
        // The middlebox's ChangeCipherSpec is the second.
        (Flight::ServerHello, true) | (Flight::Certificate, false) => 2,
        (Flight::Certificate, true) => 2 + (records.len() - 2) / 2,
        (Flight::Answer | Flight::ChangeCipherSpec, _) => records.len(),
    };
    let (sent, rest) = records.split_at(count);
    say(tcp, &sent.concat()).await?;
    if !matches!(flight, Flight::Answer | Flight::ChangeCipherSpec) {
        return Ok(rest.concat());
    }
    let records = next_flight(&mut server, tcp).await?;
    let (sent, rest) = records.split_at(usize::from(flight == Flight::ChangeCipherSpec));
    say(tcp, &sent.concat()).await?;
    Ok(rest.concat())
}

/// Reads until the server has something to say: one record for each handshake message that is in clear text.
async fn next_flight(server: &mut ServerConnection, tcp: &mut TcpStream) -> io::Result<Vec<Vec<u8>>> {
    let mut buffer = [0; 4096];
    while !server.wants_write() {
        let count = tcp.read(&mut buffer).await?;
        let mut read = &buffer[..count];
        if read.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        while !read.is_empty() {
            server.read_tls(&mut read)?;
            server.process_new_packets().map_err(io::Error::other)?;
        }
    }
    let mut bytes = Vec::new();
    while server.wants_write() {
        server.write_tls(&mut bytes)?;
    }
    Ok(records(&bytes))
}

fn records(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    let mut clear = Vec::new();
    while let [kind, _, _, high, low, ..] = bytes {
        let length = 5 + usize::from(u16::from_be_bytes([*high, *low]));
        let (whole, rest) = bytes.split_at(length);
        // Behind ChangeCipherSpec a handshake record is encrypted.
        if *kind == HANDSHAKE && records.last().is_none_or(|last: &Vec<u8>| last[0] != CHANGE_CIPHER_SPEC) {
            clear.extend_from_slice(&whole[5..]);
        } else {
            records.extend(messages(&std::mem::take(&mut clear)));
            records.push(whole.to_vec());
        }
        bytes = rest;
    }
    records.extend(messages(&clear));
    records
}

fn messages(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    while let [_, high, middle, low, ..] = bytes {
        let length = usize::try_from(u32::from_be_bytes([0, *high, *middle, *low])).unwrap();
        let (whole, rest) = bytes.split_at(4 + length);
        records.push(record(HANDSHAKE, whole));
        bytes = rest;
    }
    records
}

/// One record.
pub fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[kind, 3, 3], length.as_slice(), content].concat()
}

/// Reads a ClientHello: the whole message.
pub async fn read_hello(tcp: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = [0; 5];
    tcp.read_exact(&mut head).await?;
    let mut hello = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
    tcp.read_exact(&mut hello).await?;
    Ok(hello)
}

/// The handshake to its end.
pub async fn accept(tcp: TcpStream, config: Arc<ServerConfig>) -> io::Result<TlsStream<TcpStream>> {
    TlsAcceptor::from(config).accept(tcp).await
}
