//! TLS: one handshake, recorded and never judged.
//!
//! The verifier keeps the chain first and always asserts, so that the handshake ends whatever the chain is worth; whether
//! the server proved to have the leaf's key is kept as a fact.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use pinflight_checks::{
    recording::{HandshakeSignature, TlsFailure},
    time::Timestamp,
};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, InvalidMessage, PeerMisbehaved,
    RootCertStore, SignatureScheme, SupportedProtocolVersion,
    client::{
        ResolvesClientCert, Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    sign::CertifiedKey,
    time_provider::TimeProvider,
    version::TLS12,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    legacy::{self, Flight},
    tcp::{Io, within},
    watched::{Seen, Watched},
};

/// How much of an answer that is no TLS is kept.
pub(super) const BEGINNING: usize = 64;

/// A handshake that ended, before its certificates have ids.
#[derive(Clone, Debug)]
pub(super) struct Shake {
    pub(super) version: String,
    pub(super) suite: String,
    pub(super) alpn: Option<String>,
    pub(super) chain: Vec<Vec<u8>>,
    pub(super) signature: HandshakeSignature,
}

/// A handshake that did not, with the chain if it came that far.
#[derive(Clone, Debug)]
pub(super) struct Broken {
    pub(super) failure: TlsFailure,
    pub(super) chain: Vec<Vec<u8>>,
}

/// What a handshake offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offer {
    /// h2 and http/1.1, as a browser or a phone would.
    Any,
    /// http/1.1, for a GET.
    Http1,
    /// As the first, but TLS 1.2 alone.
    Tls12,
}

/// A handshake's stream, and what was noticed on it.
pub(super) struct Secured<S> {
    pub(super) stream: TlsStream<Watched<S>>,
    pub(super) shake: Shake,
    /// Whether the server asked for a certificate of ours; TLS 1.3 refuses only after the handshake.
    pub(super) client_certificate_asked: bool,
}

/// What handshakes are made with.
#[derive(Clone)]
struct Configs {
    /// For what is observed, without a verifier of its own yet.
    recording: ClientConfig,
    /// The same with TLS 1.2 alone.
    recording_tls12: ClientConfig,
    /// For our own servers.
    judging: Arc<ClientConfig>,
}

/// Makes handshakes.
#[derive(Clone)]
pub(super) struct Client {
    /// The error is rustls' own.
    configs: Result<Configs, rustls::Error>,
    provider: Arc<CryptoProvider>,
}

impl Client {
    /// `roots` and `now` are for the observer's own needs (DNS over TLS, https proxies), never for what it observes.
    pub(super) fn new(roots: RootCertStore, now: Timestamp) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let configs = configs(&provider, roots, now);
        Self { configs, provider }
    }

    /// One handshake; `sni` none: without a server name.
    pub(super) async fn handshake<S: Io>(
        &self,
        stream: S,
        sni: Option<&str>,
        offer: Offer,
        limit: Duration,
    ) -> Result<Secured<S>, Broken> {
        self.shake(stream, sni, offer, limit, &Seen::new(BEGINNING)).await
    }

    /// One handshake with TLS 1.2 alone, and the server's first flight, which is in clear text, as far as it came.
    pub(super) async fn tls12<S: Io>(
        &self,
        stream: S,
        sni: Option<&str>,
        limit: Duration,
    ) -> (Flight, Result<Secured<S>, Broken>) {
        let seen = Seen::new(legacy::FLIGHT);
        let secured = self.shake(stream, sni, Offer::Tls12, limit, &seen).await;
        (legacy::read_flight(&seen.bytes()), secured)
    }

    async fn shake<S: Io>(
        &self,
        stream: S,
        sni: Option<&str>,
        offer: Offer,
        limit: Duration,
        seen: &Seen,
    ) -> Result<Secured<S>, Broken> {
        let notes = Arc::new(Notes::default());
        let unusable = |detail: String| Broken { failure: TlsFailure::Misbehaved { detail }, chain: Vec::new() };
        let configs = self.configs.as_ref().map_err(|error| unusable(error.to_string()))?;
        let mut config =
            if offer == Offer::Tls12 { configs.recording_tls12.clone() } else { configs.recording.clone() };
        config.enable_sni = sni.is_some();
        config.alpn_protocols = match offer {
            Offer::Any | Offer::Tls12 => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            Offer::Http1 => vec![b"http/1.1".to_vec()],
        };
        config.client_auth_cert_resolver = notes.clone();
        config
            .dangerous()
            .set_certificate_verifier(Arc::new(Recorder { notes: notes.clone(), provider: self.provider.clone() }));
        // Without SNI the name goes nowhere, so any will do.
        let name = ServerName::try_from(sni.unwrap_or("unnamed.invalid").to_owned());
        let name = name.map_err(|error| unusable(error.to_string()))?;
        let stream = connect(config.into(), name, stream, limit, &notes, seen)
            .await
            .map_err(|failure| Broken { failure, chain: notes.take().chain })?;
        let facts = notes.take();
        let session = stream.get_ref().1;
        let shake = Shake {
            version: session
                .protocol_version()
                .and_then(|version| version.as_str())
                .map(version_words)
                .unwrap_or_default(),
            suite: session.negotiated_cipher_suite().map(|suite| suite_words(suite.suite())).unwrap_or_default(),
            alpn: session.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
            chain: facts.chain,
            signature: facts.signature.unwrap_or_else(|| HandshakeSignature::Unverifiable {
                why: "the key exchange is not signed".to_owned(),
            }),
        };
        Ok(Secured { stream, shake, client_certificate_asked: facts.client_certificate_asked })
    }

    /// A handshake that is worth something: the peer is our own DNS server or proxy, and must be who it says.
    pub(super) async fn trusted<S: Io>(
        &self,
        stream: S,
        name: &str,
        limit: Duration,
    ) -> Result<TlsStream<Watched<S>>, TlsFailure> {
        let misbehaved = |detail: String| TlsFailure::Misbehaved { detail };
        let configs = self.configs.as_ref().map_err(|error| misbehaved(error.to_string()))?;
        let name = ServerName::try_from(name.to_owned()).map_err(|error| misbehaved(error.to_string()))?;
        connect(configs.judging.clone(), name, stream, limit, &Notes::default(), &Seen::new(BEGINNING)).await
    }
}

async fn connect<S: Io>(
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    stream: S,
    limit: Duration,
    notes: &Notes,
    seen: &Seen,
) -> Result<TlsStream<Watched<S>>, TlsFailure> {
    let watched = Watched::new(stream, seen);
    let outcome = within(limit, TlsConnector::from(config).connect(name, watched)).await;
    let error = match outcome {
        Ok(Ok(stream)) => return Ok(stream),
        Ok(Err(error)) => Ended::Error(error),
        Err(after) => Ended::Silence(after),
    };
    Err(failure(&error, &seen.bytes(), notes.asked()))
}

enum Ended {
    Error(io::Error),
    Silence(Duration),
}

/// What an end means, given what had come before it.
fn failure(ended: &Ended, seen: &[u8], client_certificate_asked: bool) -> TlsFailure {
    if !seen.is_empty() && !looks_like_tls(seen) {
        return TlsFailure::NotTls { begins: beginning(seen) };
    }
    let error = match ended {
        Ended::Silence(after) if seen.is_empty() => return TlsFailure::SilentAfterClientHello { after: *after },
        Ended::Silence(after) => return TlsFailure::Stalled { after: *after },
        Ended::Error(error) => error,
    };
    match rustls_error(error) {
        Some(rustls::Error::AlertReceived(alert)) if refuses_client(*alert, client_certificate_asked) => {
            TlsFailure::ClientCertificateRequired
        }
        // Its first message is no certificate's.
        Some(rustls::Error::InvalidMessage(InvalidMessage::HandshakePayloadTooLarge)) if begins_too_long(seen) => {
            TlsFailure::Misbehaved { detail: "ServerHello is longer than 64 KiB".to_owned() }
        }
        Some(error) => protocol_failure(error),
        None if error.kind() == io::ErrorKind::InvalidData && error.to_string() == BUFFER_FULL => {
            TlsFailure::ChainTooLong
        }
        // Either the alert was lost to a reset, or the server just hung up: it wanted a certificate and got none.
        None if client_certificate_asked && (is_reset(error) || error.kind() == io::ErrorKind::UnexpectedEof) => {
            TlsFailure::ClientCertificateRequired
        }
        None if error.kind() == io::ErrorKind::UnexpectedEof && seen.is_empty() => TlsFailure::ClosedAfterClientHello,
        None if error.kind() == io::ErrorKind::UnexpectedEof => TlsFailure::Closed,
        None if is_reset(error) && seen.is_empty() => TlsFailure::ResetAfterClientHello,
        None if is_reset(error) => TlsFailure::Reset,
        None => TlsFailure::Misbehaved { detail: error.to_string() },
    }
}

/// rustls' words for a message that fits, and does not with its records' headers; a test holds it to them.
const BUFFER_FULL: &str = "message buffer full";

/// Whether the first message, in its record, is said to be of 64 KiB or more.
fn begins_too_long(seen: &[u8]) -> bool {
    matches!(seen, [22, _, _, _, _, _, high, ..] if *high > 0)
}

fn protocol_failure(error: &rustls::Error) -> TlsFailure {
    match error {
        rustls::Error::AlertReceived(alert) => TlsFailure::Alert { name: alert_name(*alert) },
        rustls::Error::InvalidMessage(
            InvalidMessage::CertificatePayloadTooLarge | InvalidMessage::HandshakePayloadTooLarge,
        ) => TlsFailure::ChainTooLong,
        rustls::Error::NoCertificatesPresented => TlsFailure::NoCertificate,
        // Servers of old choose what they have, offered or not.
        rustls::Error::PeerIncompatible(_)
        | rustls::Error::PeerMisbehaved(
            PeerMisbehaved::SelectedUnofferedCipherSuite
            | PeerMisbehaved::SelectedUnofferedKxGroup
            | PeerMisbehaved::SelectedUnusableCipherSuiteForVersion,
        ) => TlsFailure::NothingInCommon { detail: error.to_string() },
        rustls::Error::InvalidCertificate(_) => TlsFailure::Untrusted { detail: error.to_string() },
        _ => TlsFailure::Misbehaved { detail: error.to_string() },
    }
}

/// The rustls error inside an I/O error, however deep.
pub(super) fn rustls_error(error: &io::Error) -> Option<&rustls::Error> {
    let inner = error.get_ref()?;
    if let Some(error) = inner.downcast_ref::<rustls::Error>() {
        return Some(error);
    }
    inner.downcast_ref::<io::Error>().and_then(rustls_error)
}

/// Whether an alert means that the server wants a certificate from us: it says so, or it asked for one and then refused.
pub(super) fn refuses_client(alert: AlertDescription, asked: bool) -> bool {
    match alert {
        AlertDescription::CertificateRequired => true,
        AlertDescription::HandshakeFailure
        | AlertDescription::NoCertificate
        | AlertDescription::BadCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::AccessDenied => asked,
        _ => false,
    }
}

/// Whether an error means that the peer, or something between, tore the connection down.
pub(super) fn is_reset(error: &io::Error) -> bool {
    use io::ErrorKind as E;
    matches!(error.kind(), E::ConnectionReset | E::ConnectionAborted | E::BrokenPipe | E::NotConnected)
}

/// A record begins with its type (20 to 24) and a version whose first byte is 3.
pub(super) fn looks_like_tls(seen: &[u8]) -> bool {
    matches!(seen, [20..=24, 3, ..] | [20..=24])
}

/// The first bytes of an answer, as text where it is text, else in hex.
pub(super) fn beginning(seen: &[u8]) -> String {
    let seen = seen.get(..BEGINNING).unwrap_or(seen);
    match std::str::from_utf8(seen) {
        Ok(text) if text.chars().all(|c| !c.is_control() || c.is_ascii_whitespace()) => text.to_owned(),
        _ => data_encoding::HEXLOWER.encode(seen),
    }
}

/// As RFC 8446 (6) spells it.
pub(super) fn alert_name(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::UnrecognisedName => "unrecognized_name".to_owned(),
        AlertDescription::UnknownCA => "unknown_ca".to_owned(),
        AlertDescription::UnknownPSKIdentity => "unknown_psk_identity".to_owned(),
        AlertDescription::EncryptedClientHelloRequired => "ech_required".to_owned(),
        AlertDescription::Unknown(code) => format!("alert {code}"),
        known => {
            let mut name = String::new();
            for letter in format!("{known:?}").chars() {
                if letter.is_ascii_uppercase() && !name.is_empty() {
                    name.push('_');
                }
                name.push(letter.to_ascii_lowercase());
            }
            name
        }
    }
}

/// rustls writes `TLSv1_3`.
fn version_words(name: &str) -> String {
    name.replace('_', ".")
}

/// rustls names the suites of TLS 1.3 `TLS13_…`, which IANA does not.
fn suite_words(suite: rustls::CipherSuite) -> String {
    suite.as_str().unwrap_or_default().replacen("TLS13_", "TLS_", 1)
}

fn configs(provider: &Arc<CryptoProvider>, roots: RootCertStore, now: Timestamp) -> Result<Configs, rustls::Error> {
    let notes = Arc::new(Notes::default());
    let verifier = Arc::new(Recorder { notes: notes.clone(), provider: provider.clone() });
    let builder = |versions: &[&'static SupportedProtocolVersion]| {
        let mut provider = CryptoProvider::clone(provider);
        // rustls offers the suites of a version even where it does not offer the version.
        provider.cipher_suites.retain(|suite| versions.contains(&suite.version()));
        let builder = ClientConfig::builder_with_details(Arc::new(provider), Arc::new(Clock(now)));
        builder.with_protocol_versions(versions)
    };
    let recording = |versions: &[&'static SupportedProtocolVersion]| {
        let verified = builder(versions)?.dangerous().with_custom_certificate_verifier(verifier.clone());
        let mut recording = verified.with_client_cert_resolver(notes.clone());
        // Each handshake must show the whole chain again.
        recording.resumption = Resumption::disabled();
        Ok::<ClientConfig, rustls::Error>(recording)
    };
    Ok(Configs {
        recording: recording(rustls::DEFAULT_VERSIONS)?,
        recording_tls12: recording(&[&TLS12])?,
        judging: Arc::new(builder(rustls::DEFAULT_VERSIONS)?.with_root_certificates(roots).with_no_client_auth()),
    })
}

/// The run's `now`.
#[derive(Debug)]
struct Clock(Timestamp);

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.0).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

/// What one handshake showed on the way.
#[derive(Debug, Default)]
struct Notes(Mutex<Noted>);

#[derive(Debug, Default)]
struct Noted {
    chain: Vec<Vec<u8>>,
    signature: Option<HandshakeSignature>,
    client_certificate_asked: bool,
}

impl Notes {
    fn write(&self, note: impl FnOnce(&mut Noted)) {
        note(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn take(&self) -> Noted {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn asked(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).client_certificate_asked
    }
}

impl ResolvesClientCert for Notes {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.write(|noted| noted.client_certificate_asked = true);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

#[derive(Debug)]
struct Recorder {
    notes: Arc<Notes>,
    provider: Arc<CryptoProvider>,
}

impl Recorder {
    fn note(&self, leaf: &CertificateDer<'_>, verified: Result<HandshakeSignatureValid, rustls::Error>) {
        let signature = match verified {
            Ok(_) => HandshakeSignature::Valid,
            Err(rustls::Error::InvalidCertificate(CertificateError::BadSignature)) => match unknown_to_ring(leaf) {
                Some(why) => HandshakeSignature::Unverifiable { why },
                None => HandshakeSignature::Invalid,
            },
            Err(error) => HandshakeSignature::Unverifiable { why: error.to_string() },
        };
        self.notes.write(|noted| noted.signature = Some(signature));
    }
}

/// ring says "bad signature" of an RSA key whose size it does not take.
fn unknown_to_ring(leaf: &CertificateDer<'_>) -> Option<String> {
    let (_, leaf) = x509_parser::parse_x509_certificate(leaf).ok()?;
    match leaf.public_key().parsed() {
        Ok(x509_parser::public_key::PublicKey::RSA(key)) => {
            let bits = key.key_size();
            (!(2048..=8192).contains(&bits)).then(|| format!("an RSA key of {bits} bits"))
        }
        _ => None,
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chain = std::iter::once(leaf).chain(others).map(|certificate| certificate.to_vec()).collect();
        self.notes.write(|noted| noted.chain = chain);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        self.note(leaf, verify_tls12_signature(message, leaf, signed, known));
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        self.note(leaf, verify_tls13_signature(message, leaf, signed, known));
        Ok(HandshakeSignatureValid::assertion())
    }

    /// All that a phone might offer, so that no server refuses us what it grants a phone.
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        use SignatureScheme as S;
        vec![
            S::ECDSA_NISTP256_SHA256,
            S::ECDSA_NISTP384_SHA384,
            S::ECDSA_NISTP521_SHA512,
            S::ED25519,
            S::ED448,
            S::RSA_PSS_SHA256,
            S::RSA_PSS_SHA384,
            S::RSA_PSS_SHA512,
            S::RSA_PKCS1_SHA256,
            S::RSA_PKCS1_SHA384,
            S::RSA_PKCS1_SHA512,
            S::ECDSA_SHA1_Legacy,
            S::RSA_PKCS1_SHA1,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_bear_the_names_of_the_rfc() {
        for (alert, name) in [
            (AlertDescription::HandshakeFailure, "handshake_failure"),
            (AlertDescription::UnrecognisedName, "unrecognized_name"),
            (AlertDescription::ProtocolVersion, "protocol_version"),
            (AlertDescription::UnknownCA, "unknown_ca"),
            (AlertDescription::BadRecordMac, "bad_record_mac"),
            (AlertDescription::Unknown(200), "alert 200"),
        ] {
            assert_eq!(alert_name(alert), name);
        }
    }

    #[test]
    fn an_end_is_read_by_what_came_before_it() {
        use TlsFailure as F;
        let ended = |kind: io::ErrorKind| Ended::Error(io::Error::from(kind));
        let rustls = |error: rustls::Error| Ended::Error(io::Error::new(io::ErrorKind::InvalidData, error));
        let record = [22, 3, 3, 0];
        let after = Duration::from_secs(8);
        let text = |text: &str| F::NotTls { begins: text.to_owned() };
        for (ended, seen, expected) in [
            (ended(io::ErrorKind::ConnectionReset), &[][..], F::ResetAfterClientHello),
            (ended(io::ErrorKind::BrokenPipe), &[], F::ResetAfterClientHello),
            (ended(io::ErrorKind::ConnectionReset), &record, F::Reset),
            (ended(io::ErrorKind::UnexpectedEof), &[], F::ClosedAfterClientHello),
            (ended(io::ErrorKind::UnexpectedEof), &record, F::Closed),
            (Ended::Silence(after), &[], F::SilentAfterClientHello { after }),
            (Ended::Silence(after), &record, F::Stalled { after }),
            (Ended::Silence(after), b"SSH-2.0-x\r\n", text("SSH-2.0-x\r\n")),
            (ended(io::ErrorKind::UnexpectedEof), b"hi", text("hi")),
            (ended(io::ErrorKind::UnexpectedEof), &[0xff, 0x00], text("ff00")),
            (rustls(InvalidMessage::CertificatePayloadTooLarge.into()), &record, F::ChainTooLong),
            (rustls(rustls::Error::NoCertificatesPresented), &record, F::NoCertificate),
            (Ended::Error(io::Error::new(io::ErrorKind::InvalidData, BUFFER_FULL)), &record, F::ChainTooLong),
        ] {
            assert_eq!(failure(&ended, seen, false), expected);
        }
        let refused = rustls(rustls::Error::AlertReceived(AlertDescription::HandshakeFailure));
        for lost in [refused, ended(io::ErrorKind::ConnectionReset), ended(io::ErrorKind::UnexpectedEof)] {
            assert_eq!(failure(&lost, &record, true), F::ClientCertificateRequired);
        }
        let refused = rustls(rustls::Error::AlertReceived(AlertDescription::HandshakeFailure));
        assert_eq!(failure(&refused, &record, false), F::Alert { name: "handshake_failure".to_owned() });
        let nothing = rustls::Error::PeerIncompatible(rustls::PeerIncompatible::NoCipherSuitesInCommon);
        assert!(matches!(failure(&rustls(nothing), &record, false), F::NothingInCommon { .. }));
    }
}
