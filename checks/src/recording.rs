//! What was observed: facts, never verdicts. The versioned format that a replay needs, and all that it needs.
//!
//! Every text and every byte here came from a peer or a file and is kept as it came, within the bounds that the observer
//! set; whoever shows it escapes it.

mod consistent;
mod fresh;
mod kept;
mod sound;
mod versions;

use std::{
    collections::BTreeMap,
    fmt,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

pub use self::{
    consistent::Consistent,
    fresh::Fresh,
    sound::Unsound,
    versions::{Chosen, Curve, Legacy, Offered, Refused, Tls12Fact},
};
use crate::{
    deployment::{Deployment, DnsServer, Endpoint, Policy, Role, Vantage},
    strict::{bare, each_once},
    time::{Timestamp, millis},
    x509::{CertificateFacts, ChainFacts, CsrFacts},
};

/// The `schema` of every recording this version writes.
pub const SCHEMA: &str = "pinflight.recording/1";

/// One run's observations from one vantage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// [`SCHEMA`].
    pub schema: String,
    /// The version of pinflight that observed.
    pub version: String,
    /// The run's one `now`.
    pub taken_at: Timestamp,
    /// How long observing took.
    #[serde(with = "millis")]
    pub took: Duration,
    /// Who saw it.
    pub vantage: Vantage,
    /// What was declared.
    pub deployment: Deployment,
    /// By which thresholds.
    pub policy: Policy,
    /// The roots that counted.
    pub roots: Roots,
    /// The files that the admin supplied.
    pub files: Vec<SuppliedFile>,
    /// Each certificate met or supplied, once; none in a redacted recording.
    #[serde(deserialize_with = "each_once")]
    pub certificates: BTreeMap<CertId, Der>,
    /// What was read from the certificates, in a redacted recording; none: they are there themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
    /// Name look-ups, in plan order.
    pub names: Vec<NameFact>,
    /// TLS conversations, in plan order.
    pub connections: Vec<ConnectionFact>,
    /// TLS conversations under the other service's name, in plan order: the Trust Service's port under Device Services' name,
    /// and the other way round. Role and endpoint are those of the service that is expected there.
    #[serde(default)]
    pub under_other_name: Vec<ConnectionFact>,
    /// Handshakes with TLS 1.2 alone, in plan order.
    #[serde(default)]
    pub tls12: Vec<Tls12Fact>,
    /// GETs, in plan order.
    pub answers: Vec<HttpFact>,
    /// Questions that had no time left, in plan order, as `--plan` words them; not empty: interrupted or past `max_time`.
    pub unasked: Vec<String>,
}

/// What the certificates of a redacted recording say: the DER is not kept, as names stand inside its signatures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Facts {
    /// Which recordings were redacted together: a stand-in means the same in all of them, and in no other.
    pub set: String,
    /// Each distinct chain that was presented.
    pub chains: Vec<ChainFacts>,
    /// Each certificate met or supplied that could be read.
    pub certificates: Vec<CertificateFacts>,
}

/// SHA-256 of a certificate's DER, lower-case hex.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CertId(pub String);

impl CertId {
    /// Of this DER.
    pub fn of(der: &[u8]) -> Self {
        let digest = ring::digest::digest(&ring::digest::SHA256, der);
        Self(HEXLOWER.encode(digest.as_ref()))
    }
}

impl fmt::Display for CertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Bytes; base64 in JSON.
#[derive(Clone, PartialEq, Eq)]
pub struct Der(pub Vec<u8>);

impl fmt::Debug for Der {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Der({} bytes)", self.0.len())
    }
}

impl Serialize for Der {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Der {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64.decode(text.as_bytes()).map(Self).map_err(D::Error::custom)
    }
}

/// The trust anchors of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roots {
    /// Mozilla's bundled roots, named by how many they are and a digest; `None`: not used.
    pub mozilla: Option<BundledRoots>,
    /// The operating system's roots; empty unless `trust.roots = "system"`.
    pub system: Vec<CertId>,
    /// Certificates of `ca_files`: a self-issued one is a root, any other an intermediate that may mend a path.
    pub supplied: Vec<CertId>,
}

/// The Mozilla roots that were built in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundledRoots {
    /// How many.
    pub count: usize,
    /// SHA-256 over their subjects and keys, in order.
    pub digest: String,
}

/// A file that the admin named, read and understood (one that was not is a configuration error, before anything is asked).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SuppliedFile {
    /// As declared.
    pub path: String,
    /// What it was declared as.
    pub used_as: FileUse,
    /// What it holds.
    pub content: FileContent,
}

/// What a file was declared as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileUse {
    /// `device_services.certificates`
    Uploaded,
    /// `device_services.next_certificates`
    Next,
    /// `trust_service.certificate`
    TrustServiceCertificate,
    /// `trust_service.csr`
    TrustServiceCsr,
    /// `trust_service.signing_root`
    SigningRoot,
    /// `trust.ca_files`
    CaFile,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileContent {
    /// Certificates in the file's order; never empty.
    Certificates(Vec<CertId>),
    /// One PKCS#10 request.
    Csr(Der),
    /// What it says, or why it cannot be read, in a redacted recording.
    CsrFacts(Box<Result<CsrFacts, String>>),
}

/// Who was asked for a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resolver {
    /// The operating system: hosts file, its DNS servers, whatever it is set up with.
    System,
    /// A DNS server that the admin named.
    Server(DnsServer),
    /// The hosts file of the machine that asked; recorded where it holds the name.
    Hosts,
    /// `--resolve`: nobody was asked.
    Override,
}

impl fmt::Display for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("the operating system"),
            Self::Server(server) => write!(f, "DNS server {server}"),
            Self::Hosts => f.write_str("the hosts file"),
            Self::Override => f.write_str("--resolve"),
        }
    }
}

/// One name asked of one resolver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NameFact {
    /// The name, in lower case.
    pub name: String,
    /// Every role that it was asked for; empty for the proxy's name and for one that does not exist.
    pub roles: Vec<Role>,
    /// Who was asked.
    pub resolver: Resolver,
    /// How long the answer took.
    #[serde(with = "millis")]
    pub took: Duration,
    /// The addresses, or why there are none.
    pub answer: Result<NameAnswer, NameFailure>,
    /// The messages behind it; empty for the operating system, which shows none.
    pub queries: Vec<DnsQuery>,
}

/// A name's addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NameAnswer {
    /// In the order given, never empty.
    pub addresses: Vec<IpAddr>,
    /// The CNAME chain, or the canonical name if the operating system told one; empty: the name itself.
    pub canonical_names: Vec<String>,
}

/// Why a name has no addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum NameFailure {
    /// NXDOMAIN, or the operating system's word for it.
    #[serde(deserialize_with = "bare")]
    NotFound,
    /// The name exists, without A and AAAA records.
    #[serde(deserialize_with = "bare")]
    NoAddresses,
    /// The server answered with another code: SERVFAIL, REFUSED, …
    ServerFailure {
        /// The code's name.
        code: String,
    },
    /// The operating system says that no server answered (EAI_AGAIN).
    #[serde(deserialize_with = "bare")]
    NoServerAnswered,
    /// Nobody answered within this time.
    TimedOut {
        /// How long was waited.
        #[serde(with = "millis")]
        after: Duration,
    },
    /// The server could not be reached.
    Unreachable {
        /// Why.
        failure: ConnectFailure,
    },
    /// DNS over TLS: the handshake failed.
    Tls {
        /// Why.
        failure: TlsFailure,
    },
    /// The CNAME records lead back to themselves, or on for too long.
    #[serde(deserialize_with = "bare")]
    CnameLoop,
    /// What came back is no answer to the question.
    Malformed {
        /// What is wrong with it.
        detail: String,
    },
    /// Anything else the operating system said.
    Other {
        /// Its words.
        detail: String,
    },
}

/// One DNS message exchanged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DnsQuery {
    /// `A` or `AAAA`.
    pub record_type: String,
    /// Response code (`NOERROR`, `NXDOMAIN`, …); none: no answer.
    pub code: Option<String>,
    /// AA.
    pub authoritative: bool,
    /// TC: asked again over TCP.
    pub truncated: bool,
    /// The round trip, over both transports where two were needed.
    #[serde(with = "millis")]
    pub took: Duration,
}

/// One TLS conversation: TCP, proxy if any, handshake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionFact {
    /// Why it was asked.
    pub role: Role,
    /// The service's name and port: what the certificate must be good for.
    pub endpoint: Endpoint,
    /// Where the connection went; none: to the name, through the proxy.
    pub address: Option<SocketAddr>,
    /// Whether a proxy carried it.
    pub proxied: bool,
    /// The server name sent in ClientHello; none: none sent.
    pub sni: Option<String>,
    /// Whether TLS 1.2 alone was offered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_tls12: bool,
    /// 0, and 1, 2, … for repeats of the same question.
    pub repeat: u32,
    /// Time until TCP (and the proxy's tunnel) stood.
    #[serde(with = "millis::option")]
    pub connected_after: Option<Duration>,
    /// Time from the first step to the last.
    #[serde(with = "millis")]
    pub took: Duration,
    /// What it came to.
    pub outcome: Result<Handshake, ConversationFailure>,
    /// What the server answers below rustls, where the failure was of a kind that called for the question.
    #[serde(default)]
    pub legacy: Option<Legacy>,
}

/// Where a conversation failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ConversationFailure {
    /// TCP to the server itself.
    Tcp {
        /// Why.
        failure: ConnectFailure,
    },
    /// The proxy, or the way to it.
    Proxy {
        /// Why.
        failure: ProxyFailure,
    },
    /// TLS.
    Tls {
        /// Why.
        failure: TlsFailure,
        /// The chain, where the handshake failed after it was sent, or where the server was asked below rustls.
        chain: Vec<CertId>,
    },
}

/// Why TCP did not connect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ConnectFailure {
    /// No answer to SYN.
    TimedOut {
        /// How long was waited.
        #[serde(with = "millis")]
        after: Duration,
    },
    /// RST, or ICMP port unreachable.
    #[serde(deserialize_with = "bare")]
    Refused,
    /// No route to the network (ENETUNREACH), here or by a router's word.
    #[serde(deserialize_with = "bare")]
    NetworkUnreachable,
    /// No route to the host (EHOSTUNREACH).
    #[serde(deserialize_with = "bare")]
    HostUnreachable,
    /// ICMP says that a firewall forbids it (administratively prohibited), or this machine's own firewall does (EPERM).
    Prohibited {
        /// The router that said so, where it is known.
        by: Option<IpAddr>,
    },
    /// Anything else.
    Other {
        /// The operating system's number.
        code: Option<i32>,
        /// Its words.
        detail: String,
    },
}

/// Why a proxy was of no use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ProxyFailure {
    /// Its own name has no address.
    Unresolved {
        /// Why.
        failure: NameFailure,
    },
    /// TCP to the proxy failed.
    Unreachable {
        /// Why.
        failure: ConnectFailure,
    },
    /// TLS to an https proxy failed.
    Tls {
        /// Why.
        failure: TlsFailure,
    },
    /// 407, or SOCKS authentication was asked for or refused.
    AuthenticationRequired {
        /// Whether credentials were sent.
        sent: bool,
    },
    /// It refuses this target: HTTP 403 and the other codes below 500, SOCKS "not allowed".
    Denied {
        /// The status line or the SOCKS reply.
        answer: String,
    },
    /// It could not reach the target: HTTP 5xx, SOCKS unreachable or refused.
    TargetUnreachable {
        /// The status line or the SOCKS reply.
        answer: String,
    },
    /// It took the connection and never answered.
    Silent {
        /// How long was waited.
        #[serde(with = "millis")]
        after: Duration,
    },
    /// It hung up.
    #[serde(deserialize_with = "bare")]
    Closed,
    /// What it answers is not the declared protocol.
    NotAProxy {
        /// How the answer begins.
        begins: String,
    },
}

/// Why TLS failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum TlsFailure {
    /// TCP reset before the server said anything.
    #[serde(deserialize_with = "bare")]
    ResetAfterClientHello,
    /// The connection was closed before the server said anything.
    #[serde(deserialize_with = "bare")]
    ClosedAfterClientHello,
    /// Nothing came back.
    SilentAfterClientHello {
        /// How long was waited.
        #[serde(with = "millis")]
        after: Duration,
    },
    /// The server sent a fatal alert.
    Alert {
        /// Its name (RFC 8446, 6.2), `handshake_failure`.
        name: String,
    },
    /// The answer is no TLS record.
    NotTls {
        /// How the answer begins, 64 bytes at most, as text where it is text.
        begins: String,
    },
    /// No protocol version or suite in common.
    NothingInCommon {
        /// rustls' words.
        detail: String,
    },
    /// A handshake message behind ServerHello, as a rule the certificates, is longer than can be taken (64 KiB).
    #[serde(deserialize_with = "bare")]
    ChainTooLong,
    /// The server sent no certificate.
    #[serde(deserialize_with = "bare")]
    NoCertificate,
    /// The server wants a certificate from us.
    #[serde(deserialize_with = "bare")]
    ClientCertificateRequired,
    /// Reset in the midst of the handshake.
    #[serde(deserialize_with = "bare")]
    Reset,
    /// Closed in the midst of the handshake.
    #[serde(deserialize_with = "bare")]
    Closed,
    /// Silent in the midst of the handshake.
    Stalled {
        /// How long was waited.
        #[serde(with = "millis")]
        after: Duration,
    },
    /// The certificate of a DNS server or of a proxy is not believed; servers of the deployment are never refused for theirs.
    Untrusted {
        /// rustls' words.
        detail: String,
    },
    /// The server broke the protocol.
    Misbehaved {
        /// rustls' words.
        detail: String,
    },
}

/// A handshake that ended, whatever the chain is worth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handshake {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: String,
    /// The suite's IANA name.
    pub suite: String,
    /// The protocol agreed by ALPN.
    pub alpn: Option<String>,
    /// As presented, leaf first; never empty.
    pub chain: Vec<CertId>,
    /// Whether the server proved that it has the leaf's key.
    pub signature: HandshakeSignature,
}

/// The signature over the handshake.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum HandshakeSignature {
    /// It is the leaf's.
    #[serde(deserialize_with = "bare")]
    Valid,
    /// It is not.
    #[serde(deserialize_with = "bare")]
    Invalid,
    /// It could not be verified here (RSA under 2048 bits, P-521, an unreadable leaf).
    Unverifiable {
        /// Why.
        why: String,
    },
}

/// The four GETs of the protocol.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// 1: what the cloud has registered for Device Services.
    #[serde(deserialize_with = "bare")]
    HostRegistry,
    /// 2: the Trust Service URL that Device Services hands out.
    #[serde(deserialize_with = "bare")]
    TrustServiceSettings,
    /// 3: what the Trust Service has for Device Services.
    Settings {
        /// As the guide or as the client spells it.
        spelling: Spelling,
    },
    /// 4: whether the mail domain is registered.
    #[serde(deserialize_with = "bare")]
    DomainLookup,
}

/// How the settings request is spelled; IIS takes both, a proxy in front may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spelling {
    /// `sslpinning/settings`
    Guide,
    /// `SSLPinning/Settings`
    Client,
}

/// One GET.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpFact {
    /// Which of the four.
    pub request: Request,
    /// Whom it was asked.
    pub role: Role,
    /// The whole URL that was asked; it holds no secret.
    pub url: String,
    /// The service's name and port.
    pub endpoint: Endpoint,
    /// Where the connection went; none: to the name, through the proxy.
    pub address: Option<SocketAddr>,
    /// Whether a proxy carried it.
    pub proxied: bool,
    /// The leaf of its own connection, where TLS stood; none for http.
    pub leaf: Option<CertId>,
    /// Time from the first step to the last.
    #[serde(with = "millis")]
    pub took: Duration,
    /// When it ended, from the run's beginning; none: an older recording.
    #[serde(default, with = "millis::option")]
    pub ended_after: Option<Duration>,
    /// What it came to.
    pub outcome: Result<HttpAnswer, HttpFailure>,
}

/// An HTTP answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpAnswer {
    /// Status code.
    pub status: u16,
    /// The headers that matter (content-type, content-length, content-encoding, date, age, location, server, via), names in
    /// lower case; `location` without secrets.
    pub headers: Vec<(String, String)>,
    /// `Date`, understood.
    pub date: Option<Timestamp>,
    /// The body.
    pub body: Body,
}

impl HttpAnswer {
    /// The first header of this lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A body, as far as it was read, without the secrets that it held; of a web page, the beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// The bytes.
    pub bytes: Der,
    /// Why it ends here.
    pub end: BodyEnd,
}

/// Why a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BodyEnd {
    /// It is whole.
    Complete,
    /// It is longer than we read.
    TooLong,
    /// The connection ended before the body did.
    Truncated,
    /// Its framing is broken: a chunk's size that is none, headers behind it without end.
    Malformed,
    /// The rest did not come in time.
    TimedOut,
}

/// Why there is no HTTP answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum HttpFailure {
    /// The conversation failed before HTTP.
    NotConnected {
        /// Where.
        failure: ConversationFailure,
    },
    /// No answer to the request.
    Silent {
        /// How long was waited.
        #[serde(with = "millis")]
        after: Duration,
    },
    /// An answer began, and its head did not come to an end.
    Stalled {
        /// How long was waited.
        #[serde(with = "millis")]
        after: Duration,
    },
    /// Closed or reset before an answer.
    #[serde(deserialize_with = "bare")]
    Closed,
    /// The answer is no HTTP.
    Malformed {
        /// hyper's words.
        detail: String,
    },
    /// The headers are longer than we read.
    #[serde(deserialize_with = "bare")]
    HeadersTooLong,
    /// The server wants a certificate from us.
    #[serde(deserialize_with = "bare")]
    ClientCertificateRequired,
}
