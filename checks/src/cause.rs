//! Every reason for which a check fails or warns, with the facts in it. Closed, so that sentence, remedy, page and
//! scenario of each can be counted. Each belongs to the checks that `Cause::owners` names, and to no other.

use std::{net::SocketAddr, time::Duration};

use serde::Serialize;

use crate::{
    deployment::{Role, Vantage},
    platform::PlatformRule,
    recording::{BodyEnd, ConnectFailure, HttpFailure, NameFailure, ProxyFailure, TlsFailure},
    time::{Timestamp, millis},
    x509::{CertificateName, LinkFault},
};

/// Why something is wrong. `kind` in JSON is stable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, strum::IntoStaticStr, strum::VariantNames)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Cause {
    // ---- names
    /// A resolver has no address for a name.
    NameUnresolved {
        /// The name.
        name: String,
        /// Who was asked.
        resolver: String,
        /// What came of it.
        failure: NameFailure,
    },

    /// A resolver leads a name to addresses where the deployment cannot be, and is not.
    NameSinkholed {
        /// The name.
        name: String,
        /// Who was asked.
        resolver: String,
        /// The addresses.
        addresses: Vec<String>,
    },
    /// A resolver leads a name to the addresses that it also has for a name that does not exist.
    NameInvented {
        /// The name.
        name: String,
        /// Who was asked.
        resolver: String,
        /// The addresses.
        addresses: Vec<String>,
    },
    /// Two resolvers lead to servers with different keys, not all of them pinned.
    ResolversDisagree {
        /// The name.
        name: String,
        /// The two who were asked.
        resolvers: Vec<String>,
        /// The addresses by each of them.
        addresses: Vec<String>,
        /// The keys that are shown there.
        keys: Vec<String>,
    },

    // ---- TCP and TLS
    /// TCP does not connect.
    TcpFailed {
        /// Where to.
        address: Option<SocketAddr>,
        /// Why.
        failure: ConnectFailure,
    },
    /// TCP connects, TLS does not come to an end.
    TlsFailed {
        /// Where to.
        address: Option<SocketAddr>,
        /// Why.
        failure: TlsFailure,
    },
    /// The proxy could not reach the target.
    ProxyCannotReach {
        /// The proxy, `http://proxy.example.com:3128`.
        proxy: String,
        /// Its words.
        answer: String,
    },
    /// The proxy says nothing of this target, while it leads to others: it waits for the target longer than is waited for it.
    ProxyWaits {
        /// The proxy.
        proxy: String,
        /// How long it was waited for.
        #[serde(serialize_with = "millis::serialize")]
        after: Duration,
    },
    /// The proxy itself is unusable, or refuses.
    ProxyFailed {
        /// The proxy.
        proxy: String,
        /// Why.
        failure: ProxyFailure,
    },

    /// The server speaks nothing newer than TLS 1.1.
    TlsTooOld {
        /// What it speaks, the newest first.
        versions: Vec<String>,
        /// The suites that it chose.
        suites: Vec<String>,
    },
    /// It speaks TLS 1.2, but none of the ECDHE suites that devices take.
    TlsNoUsableSuite {
        /// What it speaks, the newest first.
        versions: Vec<String>,
        /// The suites that it chose.
        suites: Vec<String>,
    },
    /// It agrees on keys by a curve of fewer than 256 bits.
    TlsCurveTooSmall {
        /// The curve.
        curve: String,
        /// Its size.
        bits: Option<u16>,
        /// The suites that it chose.
        suites: Vec<String>,
    },
    /// Its only ECDHE suites are with CBC: devices still take them, today's clients do not.
    TlsCbcOnly {
        /// The suites that it chose.
        suites: Vec<String>,
    },
    /// It speaks TLS 1.2 without extended master secret.
    NoExtendedMasterSecret {
        /// The suite that it chose.
        suite: String,
    },

    // ---- address families
    /// None of a name's addresses of one family answers, while the other family's do.
    FamilySilent {
        /// The name.
        name: String,
        /// `IPv4` or `IPv6`.
        family: &'static str,
        /// Each address of it, with what came of it.
        addresses: Vec<String>,
        /// Addresses of the other family that answer.
        answering: Vec<String>,
    },
    /// IPv4 and IPv6 lead to different keys by different issuers.
    FamiliesDiffer {
        /// The name.
        name: String,
        /// The leaves that IPv4 leads to.
        v4: Vec<CertificateName>,
        /// The leaves that IPv6 leads to.
        v6: Vec<CertificateName>,
    },

    // ---- clocks
    /// The clock of the machine that asked is wrong: most services agree with each other against it.
    LocalClockWrong {
        /// Which machine.
        vantage: Vantage,
        /// Seconds by which they are ahead of it; negative: behind.
        ahead: i64,
        /// Which services.
        services: Vec<String>,
        /// Leaves that are in time by one of the clocks and not by the other.
        certificates: Vec<CertificateName>,
    },
    /// A peer's clock is wrong: others agree with the machine that asked.
    PeerClockWrong {
        /// Seconds by which it is ahead; negative: behind.
        ahead: i64,
        /// Which machine asked.
        vantage: Vantage,
        /// Whose clocks agree with it.
        agree: Vec<String>,
    },
    /// A peer's clock and that of the machine that asked differ, and there is no third to tell whose is wrong.
    ClocksDiffer {
        /// Seconds by which the peer is ahead; negative: behind.
        ahead: i64,
        /// Which machine asked.
        vantage: Vantage,
    },

    // ---- recordings
    /// A recording is older than the policy lets it be.
    RecordingTooOld {
        /// Who saw it.
        vantage: Vantage,
        /// When it was taken.
        taken_at: Timestamp,
        /// Its age in seconds.
        age: i64,
        /// `policy.max_age` in seconds.
        max_age: u64,
        /// The command that takes it again.
        command: String,
    },
    /// A recording was taken at a moment that is still to come by the clock of the machine that judges.
    RecordingFromTheFuture {
        /// Who saw it.
        vantage: Vantage,
        /// When it was taken.
        taken_at: Timestamp,
        /// Seconds by which that is ahead of the judging machine's clock.
        ahead: i64,
        /// The command that takes it again.
        command: String,
    },

    /// The recordings were taken with different values of a setting.
    ConfigurationDiffers {
        /// As the configuration spells it.
        setting: String,
        /// Each value, in the order of the recordings.
        values: Vec<SettingValue>,
        /// The recordings whose value the verdict rests on; empty: a flag of the command says otherwise.
        judged_by: Vec<String>,
    },
    /// A source of pins answered one recording otherwise than another.
    PinsContradict {
        /// Which source.
        pins_source: String,
        /// Each answer.
        answers: Vec<Holder>,
    },
    /// One place shows different keys to different recordings, and not all of them are pinned.
    KeysContradict {
        /// A certificate with each of the keys, in the order of time.
        certificates: Vec<CertificateName>,
        /// By which recordings each was met.
        recordings: Vec<Vec<String>>,
        /// Whether it was renewed in between: each later recording has a later certificate.
        renewed: bool,
    },
    /// The clocks of two machines are too far apart, by the servers that both asked.
    ClocksApart {
        /// The recordings, that of the clock that is ahead first.
        recordings: Vec<String>,
        /// By how many seconds.
        seconds: u64,
    },
    /// What failed in an earlier recording works in the latest one from the same vantage.
    MendedSince {
        /// Which vantage.
        vantage: Vantage,
        /// When the earlier was taken.
        failed_at: Timestamp,
        /// When the latest was.
        connected_at: Timestamp,
        /// Where.
        endpoints: Vec<String>,
    },

    // ---- HTTP
    /// Not the status that the protocol knows.
    HttpStatus {
        /// The URL asked.
        url: String,
        /// The status.
        status: u16,
    },
    /// A redirect where an answer should be.
    HttpRedirected {
        /// The URL asked.
        url: String,
        /// The status.
        status: u16,
        /// Where to.
        location: String,
    },
    /// A web page where JSON should be: a captive portal, a block page or a sign-in page.
    HttpHtml {
        /// The URL asked.
        url: String,
        /// How it begins.
        begins: String,
    },
    /// Not JSON.
    HttpNotJson {
        /// The URL asked.
        url: String,
        /// The parser's words.
        detail: String,
        /// How it begins.
        begins: String,
    },
    /// JSON of another shape than the protocol's.
    HttpWrongShape {
        /// The URL asked.
        url: String,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        detail: String,
    },
    /// A body that is not whole.
    HttpCutShort {
        /// The URL asked.
        url: String,
        /// How it ended.
        end: BodyEnd,
        /// How much is kept.
        bytes: usize,
    },
    /// TLS stands, HTTP does not answer.
    HttpFailed {
        /// The URL asked.
        url: String,
        /// Why.
        failure: HttpFailure,
    },

    // ---- discovery and Trust Service
    /// The source of pins that devices use holds none for Device Services.
    HostNotRegistered {
        /// Device Services' host.
        host: String,
        /// The hosts that the answer holds instead.
        holds: Vec<String>,
    },
    /// The Trust Service URL is not of the guide's form.
    TrustServiceUrlForm {
        /// As declared.
        url: String,
        /// What is wrong with it.
        fault: UrlFault,
    },
    /// Device Services hands out another Trust Service URL than the one declared.
    TrustServiceUrlDiffers {
        /// What it hands out.
        handed_out: String,
        /// What was declared.
        declared: String,
    },

    // ---- certificates
    /// No valid path: nobody issued the last certificate that was found.
    MissingIntermediate {
        /// The certificate whose issuer is missing.
        certificate: CertificateName,
        /// That issuer's name.
        issuer: String,
        /// Its key identifier, if the certificate names one.
        key_id: Option<String>,
        /// The supplied file's certificate that closes the gap.
        found_among_supplied: bool,
    },
    /// The path ends in a root that nobody here trusts.
    UntrustedRoot {
        /// That root.
        root: CertificateName,
    },
    /// The leaf is its own issuer, and nobody here trusts it.
    SelfSigned {
        /// The leaf.
        certificate: CertificateName,
    },
    /// One link of the only path is broken.
    PathBroken {
        /// The certificate at fault.
        certificate: CertificateName,
        /// What is wrong with it.
        fault: LinkFault,
    },
    /// A certificate that is no X.509.
    CertificateUnreadable {
        /// Its place in the chain, 0 = leaf.
        position: usize,
        /// The parser's words.
        detail: String,
    },
    /// The server did not prove that it has the leaf's key.
    HandshakeSignatureInvalid {
        /// The leaf.
        certificate: CertificateName,
    },
    /// A second path is expired while one is valid; old clients may take the wrong one.
    ExpiredAlternativePath {
        /// The expired certificate of it.
        certificate: CertificateName,
        /// When it expired.
        not_after: Timestamp,
    },
    /// The chain is sent in another order than leaf first, each issued by the next.
    WrongOrder {
        /// The places as sent, in the order they should have.
        should_be: Vec<usize>,
    },
    /// A certificate that belongs to no path from the leaf.
    StrangerSent {
        /// That certificate.
        certificate: CertificateName,
    },
    /// A certificate sent more than once.
    SentTwice {
        /// That certificate.
        certificate: CertificateName,
    },
    /// The certificate is for other names.
    NameMismatch {
        /// The host asked for.
        host: String,
        /// The names it is good for.
        names: Vec<String>,
    },
    /// The host stands in the CN only, which no platform reads.
    NameInCommonNameOnly {
        /// The host.
        host: String,
        /// The CN.
        common_name: String,
    },
    /// A wildcard that is not a whole leftmost label.
    PartialWildcard {
        /// The host.
        host: String,
        /// The name in the certificate.
        pattern: String,
    },
    /// A certificate of the path used is past its end.
    Expired {
        /// Which.
        certificate: CertificateName,
        /// Its end.
        not_after: Timestamp,
    },
    /// A certificate of the path used is not valid yet.
    NotYetValid {
        /// Which.
        certificate: CertificateName,
        /// Its beginning.
        not_before: Timestamp,
    },
    /// A certificate of the path used ends soon.
    ExpiresSoon {
        /// Which.
        certificate: CertificateName,
        /// Its end.
        not_after: Timestamp,
        /// Whole days left.
        days: i64,
    },
    /// A certificate of the path used breaks a rule of iOS or Android, or works and is a hazard.
    PlatformRule {
        /// Which.
        certificate: CertificateName,
        /// The rule, with what breaks it.
        rule: PlatformRule,
    },
    /// Addresses, servers, repeats or SNI-less handshakes show different keys.
    KeysDiffer {
        /// Each key (SHA-256 of the SPKI, base64) with where it was met.
        keys: Vec<(String, Vec<String>)>,
        /// By what they differ.
        by: Difference,
        /// Whether one of them stands in a later certificate for the same names: renewed with a new key.
        renewed: bool,
    },

    /// Something between here and the server re-signs its certificate.
    Intercepted {
        /// What is presented in place of the server's own.
        certificate: CertificateName,
        /// Who issued it.
        issuer: CertificateName,
        /// What shows that this issuer re-signs.
        proof: InterceptionProof,
        /// Whether the root above it counts here, because it was declared or the operating system has it.
        declared: bool,
    },
    /// The Trust Service's certificate is sound, but not issued by the Workspace ONE signing service.
    IssuedElsewhere {
        /// Its leaf.
        certificate: CertificateName,
        /// The root that its path ends in.
        root: String,
    },
    /// A Trust Service server presents another certificate, with another key, than the one that is bound elsewhere.
    CertificateNotBound {
        /// What it presents.
        presented: CertificateName,
        /// What it should present.
        expected: CertificateName,
        /// Whether that is the declared file; else it is what the service presents under its name.
        declared: bool,
    },

    /// The Trust Service's port is not its own.
    PortShared {
        /// How that was seen.
        sharing: Sharing,
        /// The other service's host.
        host: String,
        /// What is presented there under that name.
        presented: Option<CertificateName>,
    },

    // ---- the Trust Service's certificate signing request
    /// It is no PKCS#10 that can be read.
    CsrUnreadable {
        /// What about it is none.
        detail: String,
    },
    /// It is not signed with the key that it is for.
    CsrSignatureInvalid {
        /// The signature's algorithm.
        algorithm: String,
    },
    /// Its key is too weak, or of a kind that no platform takes.
    CsrKeyWeak {
        /// Its key.
        key: String,
    },
    /// Its key is strong, but not taken by every platform.
    CsrKeyUnusual {
        /// Its key.
        key: String,
    },
    /// It has no e-mail address.
    CsrEmailMissing,
    /// It has an e-mail address outside the Workspace ONE ID's domain.
    CsrEmailElsewhere {
        /// The addresses outside.
        emails: Vec<String>,
        /// The domain.
        domain: String,
        /// The addresses inside; not empty: it is not known which one the portal reads.
        inside: Vec<String>,
    },
    /// It has more than one DNS name in its subject alternative name.
    CsrSeveralDnsNames {
        /// All of them.
        names: Vec<String>,
    },
    /// Its names are not good for the Trust Service's host.
    CsrNameMismatch {
        /// The host.
        host: String,
        /// The names in it.
        names: Vec<String>,
    },
    /// The host stands in its CN only, which no platform reads.
    CsrNameInCommonNameOnly {
        /// The host.
        host: String,
    },
    /// The signed certificate has another key.
    CertificateNotFromCsr {
        /// The certificate.
        certificate: CertificateName,
        /// SHA-256 of the request's SPKI, base64.
        csr_spki_sha256: String,
        /// SHA-256 of the certificate's SPKI, base64.
        certificate_spki_sha256: String,
    },
    /// The signed certificate has the key, but other DNS names.
    CertificateNamesDiffer {
        /// The certificate.
        certificate: CertificateName,
        /// DNS names that only the request has.
        only_csr: Vec<String>,
        /// DNS names that only the certificate has.
        only_certificate: Vec<String>,
    },

    // ---- pins
    /// A pin that the known client can never match, or that matches what it should not.
    PinMalformed {
        /// Where it was found.
        pins_source: String,
        /// The host it is for.
        host: String,
        /// The pin, shortened.
        pin: String,
        /// What is wrong with it.
        fault: PinFault,
    },
    /// The pins' host is not lower case, so the known client never finds it.
    PinnedHostNotLowerCase {
        /// Where it was found.
        pins_source: String,
        /// As it stands there.
        host: String,
    },
    /// The cloud's answer holds several hosts, of which the known client uses one, arbitrary.
    SeveralHosts {
        /// Where it was found.
        pins_source: String,
        /// The hosts, as they stand there.
        hosts: Vec<String>,
    },
    /// Pins are applied to Device Services that stand under another name, which is merely its suffix.
    ServedBySuffix {
        /// The source.
        pins_source: String,
        /// Device Services' host.
        host: String,
        /// The name whose pins are applied.
        name: String,
        /// Whether the suffix begins at a dot; else it is somebody else's name that ends alike.
        at_dot: bool,
    },
    /// Pins are applied to another host than Device Services that devices need.
    OtherHostPinned {
        /// The source.
        pins_source: String,
        /// The host.
        host: String,
        /// The name whose pins are applied: the host itself, or a suffix of it.
        name: String,
        /// What the host presents.
        certificate: CertificateName,
        /// Whether its key matches one of them all the same; null: no RSA key, so not established.
        matches: Option<bool>,
    },
    /// A key that devices can meet is not among the uploaded certificates.
    KeyNotUploaded {
        /// What the server is.
        role: Role,
        /// The leaf.
        certificate: CertificateName,
        /// SHA-256 of its SPKI, base64.
        spki_sha256: String,
        /// Whether it is pinned all the same; else it is no RSA key, and what is compared is not established.
        pinned: bool,
    },
    /// A certificate is uploaded whose key no server presents, and which is not to come.
    UploadStale {
        /// The certificate.
        certificate: CertificateName,
        /// SHA-256 of its SPKI, base64.
        spki_sha256: String,
        /// Whether the source that devices use still pins it; null: not seen.
        pinned: Option<bool>,
    },
    /// An uploaded certificate is past its end; its key is still in use under a renewed one.
    UploadExpired {
        /// The certificate.
        certificate: CertificateName,
        /// Its end.
        not_after: Timestamp,
    },
    /// The key of a certificate to come is not pinned.
    NextKeyNotPinned {
        /// The source that devices use.
        pins_source: String,
        /// The certificate to come.
        certificate: CertificateName,
        /// The pin to be published: its PKCS#1 key, upper-case hex.
        pin: String,
        /// How long before the switch it must be published, in hours: a day and the policy's `max_offline`.
        hours_before: u64,
        /// The end of the first certificate in use to expire.
        in_use_until: Timestamp,
        /// The last moment to publish it for a switch at that end.
        publish_by: Timestamp,
        /// Whether that moment is past.
        too_late: bool,
    },
    /// The key of a certificate to come is no RSA key: what the known client compares then is not established.
    NextKeyUnknownToClient {
        /// The certificate to come.
        certificate: CertificateName,
        /// Its key.
        key: String,
    },
    /// A certificate to come that could not take the place of the one in use.
    NextCertificateUnfit {
        /// The certificate to come.
        certificate: CertificateName,
        /// Why.
        fault: NextFault,
    },
    /// A key that devices can meet matches no pin of the source they use.
    KeyNotPinned {
        /// The source that devices use.
        pins_source: String,
        /// What the server is.
        role: Role,
        /// The leaf.
        certificate: CertificateName,
        /// SHA-256 of its SPKI, base64.
        spki_sha256: String,
        /// How many pins the source holds for the host.
        pins: usize,
        /// Whether the certificate, or its key, is among the uploaded files.
        uploaded: bool,
        /// Whether only clients that speak nothing newer than TLS 1.2 are shown it.
        only_tls12: bool,
    },
    /// The leaf has no RSA key: what the known client compares then is not established.
    KeyTypeUnknownToClient {
        /// What the server is.
        role: Role,
        /// The leaf.
        certificate: CertificateName,
        /// Its key.
        key: String,
    },
    /// Two sources of pins do not hold the same set.
    SourcesDiffer {
        /// The source that devices use.
        used: String,
        /// The other.
        other: String,
        /// Pins (shortened) that only the one in use holds.
        only_used: Vec<String>,
        /// Pins (shortened) that only the other holds.
        only_other: Vec<String>,
        /// The cloud's non-empty answer hides the on-premises Trust Service.
        hides: bool,
    },
}

/// A value of a setting, with the recordings that were taken with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SettingValue {
    /// The value; of a list, what not all recordings have; empty: nothing, or nothing more.
    pub value: Vec<String>,
    /// The recordings.
    pub recordings: Vec<String>,
}

/// The pins of an answer, with the recordings that got it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// Whole keys for Device Services' host, as `sha256//BASE64` of the SPKI.
    pub keys: Vec<String>,
    /// The recordings.
    pub recordings: Vec<String>,
}

/// What shows that an issuer re-signs what it did not issue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum InterceptionProof {
    /// Though not public, it signs for discovery, which is the vendor's, and for hosts of the customer's.
    SignsDiscoveryToo {
        /// Where that was seen.
        vantage: Vantage,
        /// The hosts, discovery first.
        hosts: Vec<String>,
    },
    /// It signs for hosts that have issuers of their own, seen from elsewhere.
    UnrelatedElsewhere {
        /// Where that was seen.
        vantage: Vantage,
        /// The hosts.
        hosts: Vec<String>,
        /// Where they have issuers of their own.
        elsewhere: Vantage,
    },
    /// Its root is not known, and seen from elsewhere the same name has a chain that is trusted.
    TrustedElsewhere {
        /// Where that was seen.
        vantage: Vantage,
        /// The host.
        host: String,
        /// Where its chain is trusted.
        elsewhere: Vantage,
    },
    /// Its root is not known, and it signs for the vendor's own host, whose certificate is public.
    SignsForTheVendor {
        /// Where that was seen.
        vantage: Vantage,
        /// The host.
        host: String,
    },
}

/// What is wrong with a Trust Service URL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UrlFault {
    /// http.
    NotHttps,
    /// The path is not `/TrustService`.
    Path(String),
    /// A query or a fragment.
    QueryOrFragment,
    /// A trailing slash: the client appends `/SSLPinning/Settings`.
    TrailingSlash,
}

/// How a port is seen to be shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sharing {
    /// Both URLs have the same host and port.
    Url,
    /// Both services have the same address and port.
    Address,
    /// Device Services' certificate is presented on the Trust Service's port.
    DeviceServices,
    /// The Trust Service's certificate is presented on Device Services' port, which has the same number.
    TrustService,
    /// A third certificate is presented on the Trust Service's port.
    Other,
}

/// Why a certificate to come could not take the place of the one in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NextFault {
    /// It is for other names than Device Services'.
    Name {
        /// Device Services' host.
        host: String,
        /// The names it is good for.
        names: Vec<String>,
    },
    /// It is past its end.
    Expired {
        /// Its end.
        not_after: Timestamp,
    },
    /// It begins after the end of the first certificate in use to expire.
    BeginsTooLate {
        /// Its beginning.
        not_before: Timestamp,
        /// That end.
        in_use_until: Timestamp,
    },
}

/// By what keys differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Difference {
    /// By server or address.
    Address,
    /// By address family.
    Family,
    /// Between repeats on one address.
    Repeat,
    /// With and without SNI.
    Sni,
    /// In handshakes with TLS 1.2 alone and in those of clients of today.
    Version,
}

/// What is wrong with a pin. The known client compares lower-case hex of the leaf's PKCS#1 `RSAPublicKey`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PinFault {
    /// It is the SPKI in hex, which never matches.
    IsSpki,
    /// It is a digest (a `sha256//` pin or a thumbprint), which never matches.
    IsDigest,
    /// It is a whole certificate in hex, which never matches.
    IsCertificate,
    /// A part of a key: it may match more keys than one.
    Fragment,
    /// Empty: it matches every key.
    Empty,
    /// Not hexadecimal.
    NotHex,
    /// Not a string; the known client then throws the whole answer away.
    WrongType(String),
    /// The same host stands twice in the answer.
    HostTwice,
}

impl Cause {
    /// The `kind` in JSON.
    pub fn kind(&self) -> &'static str {
        self.into()
    }

    /// Whether it hides what is behind it even where it is only a warning: devices get through, and we do not.
    pub fn hides(&self) -> bool {
        matches!(self, Self::TlsCbcOnly { .. })
    }
}

/// Which checks own the cause of this kind: no other check ever raises it. Empty: there is no such kind.
pub fn owners(kind: &str) -> &'static [&'static str] {
    match kind {
        "name-unresolved" => &["dns/discovery-resolves", "dns/names-resolve"],
        "name-sinkholed" | "name-invented" | "resolvers-disagree" => &["dns/resolvers-agree"],
        "tcp-failed" | "tls-failed" | "proxy-cannot-reach" | "proxy-waits" => &[
            "firewall/console-to-discovery",
            "firewall/device-services-to-discovery",
            "firewall/discovery-to-device-services",
            "firewall/devices-to-trust-service",
            "network/reachable",
        ],
        "proxy-failed" => &["network/proxy"],
        "tls-too-old"
        | "tls-no-usable-suite"
        | "tls-curve-too-small"
        | "tls-cbc-only"
        | "no-extended-master-secret" => &["tls/versions"],
        "family-silent" | "families-differ" => &["network/address-families"],
        "local-clock-wrong" | "peer-clock-wrong" | "clocks-differ" => &["network/clock"],
        "configuration-differs" | "pins-contradict" | "keys-contradict" | "clocks-apart" | "mended-since" => {
            &["recording/consistent"]
        }
        "recording-too-old" | "recording-from-the-future" => &["recording/fresh"],
        "http-status" | "http-redirected" | "http-html" | "http-not-json" | "http-wrong-shape" | "http-cut-short"
        | "http-failed" => &["discovery/host-registry", "trust-service/redirect", "trust-service/settings"],
        "host-not-registered" => &["discovery/host-registry", "trust-service/settings"],
        "trust-service-url-form" => &["trust-service/url"],
        "trust-service-url-differs" => &["trust-service/redirect"],
        "missing-intermediate"
        | "untrusted-root"
        | "self-signed"
        | "path-broken"
        | "certificate-unreadable"
        | "handshake-signature-invalid"
        | "expired-alternative-path" => &["certificate/path"],
        "wrong-order" | "stranger-sent" | "sent-twice" => &["certificate/order"],
        "name-mismatch" | "name-in-common-name-only" | "partial-wildcard" => &["certificate/name"],
        "expired" | "not-yet-valid" | "expires-soon" => &["certificate/expiry"],
        "intercepted" => &["tls/interception"],
        "platform-rule" => &["certificate/platform-rules"],
        "issued-elsewhere" => &["trust-service/issuer"],
        "certificate-not-bound" => &["trust-service/bound-everywhere"],
        "port-shared" => &["trust-service/own-port"],
        "keys-differ" => &["certificate/same-everywhere"],
        "pin-malformed" | "pinned-host-not-lower-case" | "several-hosts" => &["pins/well-formed"],
        "served-by-suffix" | "other-host-pinned" => &["pins/host-matching"],
        "key-not-uploaded" | "upload-stale" | "upload-expired" => &["pins/uploaded-set"],
        "next-key-not-pinned" | "next-key-unknown-to-client" | "next-certificate-unfit" => &["pins/successor"],
        "key-not-pinned" | "key-type-unknown-to-client" => &["pins/cover-every-server"],
        "sources-differ" => &["pins/sources-agree"],
        "csr-unreadable" | "csr-signature-invalid" | "csr-key-weak" | "csr-key-unusual" => &["csr/key-and-signature"],
        "csr-email-missing" | "csr-email-elsewhere" => &["csr/email-domain"],
        "csr-several-dns-names" | "csr-name-mismatch" | "csr-name-in-common-name-only" => &["csr/single-dns-name"],
        "certificate-not-from-csr" | "certificate-names-differ" => &["csr/matches-certificate"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantNames;

    use super::*;

    #[test]
    fn every_cause_has_an_owner_and_a_kind_that_json_spells_alike() {
        for kind in Cause::VARIANTS {
            assert!(!owners(kind).is_empty(), "{kind}");
        }
        let cause = Cause::WrongOrder { should_be: vec![0, 2, 1] };
        assert_eq!(serde_json::to_value(&cause).unwrap()["kind"], cause.kind());
    }
}
