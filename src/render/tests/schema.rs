//! `-o json` against its published schema.

use std::time::Duration;

use pinflight_checks::{
    cause::{Cause, Difference, Holder, InterceptionProof, NextFault, PinFault, SettingValue, Sharing, UrlFault},
    deployment::{Role, Vantage},
    platform::PlatformRule,
    recording::{
        BodyEnd, CertId, ConnectFailure, ConversationFailure, HttpFailure, NameFailure, ProxyFailure, TlsFailure,
    },
    time::Timestamp,
    x509::LinkFault,
};
use serde_json::{Value, json};

use super::{Style, sample, samples, shown};

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../docs/schema/report-1.json")).unwrap()
}

/// What the schema says against a value.
fn errors(value: &Value) -> Vec<String> {
    let schema = schema();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn json(report: &pinflight_checks::report::Report) -> Value {
    serde_json::from_str(&shown("json", report, Style::default())).unwrap()
}

#[test]
fn the_schema_is_one() {
    assert!(jsonschema::draft202012::meta::is_valid(&schema()));
}

#[test]
fn every_sample_fits() {
    for (name, report) in samples() {
        assert_eq!(errors(&json(&report)), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn every_line_of_every_sample_fits() {
    let events = include_str!("../../../docs/schema/events-1.json").replace("report-1.json#", "#");
    let mut events: Value = serde_json::from_str(&events).unwrap();
    // One document, as its references to the report's schema lead into it.
    let report = schema();
    events["$defs"].as_object_mut().unwrap().extend(report["$defs"].as_object().unwrap().clone());
    let definitions = json!({ "$defs": events["$defs"], "oneOf": events["oneOf"] });
    let validator = jsonschema::draft202012::new(&inlined(definitions, &report)).unwrap();
    for (name, report) in samples() {
        for line in shown("jsonl", &report, Style::default()).lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            assert!(validator.is_valid(&line), "{name}: {line}");
        }
    }
    assert!(!validator.is_valid(&json!({ "schema": "pinflight.events/1", "event": "check" })));
}

/// References to the report's properties, replaced by what they lead to.
fn inlined(value: Value, report: &Value) -> Value {
    match value {
        Value::Object(map) => {
            match map.get("$ref").and_then(Value::as_str).and_then(|to| to.strip_prefix("#/properties/")) {
                Some(name) => report["properties"][name].clone(),
                None => Value::Object(map.into_iter().map(|(key, value)| (key, inlined(value, report))).collect()),
            }
        }
        Value::Array(items) => Value::Array(items.into_iter().map(|value| inlined(value, report)).collect()),
        other => other,
    }
}

#[test]
fn every_cause_fits() {
    for cause in causes() {
        let report = sample::with_cause(cause.clone());
        assert_eq!(errors(&json(&report)), Vec::<String>::new(), "{cause:?}");
    }
    let mut kinds: Vec<&str> = causes().iter().map(Cause::kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let known = schema()["$defs"]["cause"]["oneOf"].as_array().unwrap().len();
    assert_eq!(kinds.len(), known, "a cause in the schema or among these samples that the other lacks");
}

#[test]
fn broken_reports_are_refused() {
    let whole = json(&sample::pin_mismatch());
    for (pointer, value) in [
        ("/schema", json!("pinflight.report/2")),
        ("/verdict", json!("fine")),
        ("/scope", Value::Null),
        ("/taken_at", json!("yesterday")),
        ("/vantages", json!([])),
        ("/counts/pass", json!(-1)),
        ("/firewall/0/port", json!(0)),
        ("/pin_matrix/rows/0/cells/0", json!("yes")),
        ("/checks", json!([])),
        ("/checks/0/outcome", json!("ok")),
        ("/checks/0/id", json!("no slash")),
        ("/checks/18/findings/0/cause/kind", json!("mystery")),
        ("/checks/18/findings/0/outcome", json!("pass")),
        ("/run", json!({"questions": 1, "took_ms": 1, "replayed": false})),
        ("/journey", json!({"steps": []})),
    ] {
        let mut broken = whole.clone();
        *broken.pointer_mut(pointer).unwrap() = value;
        assert_eq!(errors(&broken).len(), 1, "{pointer}");
    }
    let mut broken = whole;
    broken["checks"][0]["extra"] = json!(1);
    assert_eq!(errors(&broken).len(), 1);
}

#[test]
fn json_says_the_same_in_every_style_and_ends_its_line() {
    let report = sample::hostile();
    let plain = shown("json", &report, Style::default());
    let styled = Style { width: 200, unicode: false, color: true, verbose: 2, ..Style::default() };
    assert_eq!(plain, shown("json", &report, styled));
    assert!(plain.ends_with("}\n"));
    assert_eq!(plain.chars().find(|c| c.is_control() && *c != '\n'), None);
    assert_eq!(serde_json::from_str::<Value>(&plain).unwrap(), serde_json::to_value(&report).unwrap());
}

fn text() -> String {
    "x".to_owned()
}

fn causes() -> Vec<Cause> {
    let mut causes = of_the_way();
    causes.extend(of_clocks_and_families());
    causes.extend(of_answers());
    causes.extend(of_certificates());
    causes.extend(of_pins());
    causes.extend(of_requests());
    causes
}

fn of_requests() -> Vec<Cause> {
    let certificate = sample::leaf_name();
    vec![
        Cause::CsrUnreadable { detail: text() },
        Cause::CsrSignatureInvalid { algorithm: text() },
        Cause::CsrKeyWeak { key: text() },
        Cause::CsrKeyUnusual { key: text() },
        Cause::CsrEmailMissing,
        Cause::CsrEmailElsewhere { emails: vec![text()], domain: text(), inside: vec![] },
        Cause::CsrEmailElsewhere { emails: vec![text()], domain: text(), inside: vec![text()] },
        Cause::CsrSeveralDnsNames { names: vec![text(), text()] },
        Cause::CsrNameMismatch { host: text(), names: vec![] },
        Cause::CsrNameInCommonNameOnly { host: text() },
        Cause::CertificateNotFromCsr {
            certificate: certificate.clone(),
            csr_spki_sha256: text(),
            certificate_spki_sha256: text(),
        },
        Cause::CertificateNamesDiffer { certificate, only_csr: vec![text()], only_certificate: vec![] },
    ]
}

fn of_clocks_and_families() -> Vec<Cause> {
    let vantage = Vantage::Console;
    vec![
        Cause::LocalClockWrong {
            vantage,
            ahead: 600,
            services: vec![text(), text()],
            certificates: vec![sample::leaf_name()],
        },
        Cause::PeerClockWrong { ahead: -600, vantage, agree: vec![text()] },
        Cause::ClocksDiffer { ahead: 600, vantage },
        Cause::RecordingTooOld { vantage, taken_at: Timestamp(0), age: 90_000, max_age: 86_400, command: text() },
        Cause::RecordingFromTheFuture { vantage, taken_at: Timestamp(0), ahead: 3_600, command: text() },
        Cause::ConfigurationDiffers {
            setting: text(),
            values: vec![SettingValue { value: vec![text()], recordings: vec![text()] }],
            judged_by: vec![text()],
        },
        Cause::PinsContradict {
            pins_source: text(),
            answers: vec![Holder { keys: vec![text()], recordings: vec![text(), text()] }],
        },
        Cause::KeysContradict {
            certificates: vec![sample::leaf_name(), sample::leaf_name()],
            recordings: vec![vec![text()], vec![text()]],
            renewed: true,
        },
        Cause::ClocksApart { recordings: vec![text(), text()], seconds: 400 },
        Cause::MendedSince { vantage, failed_at: Timestamp(0), connected_at: Timestamp(60), endpoints: vec![text()] },
        Cause::NameSinkholed { name: text(), resolver: text(), addresses: vec![text()] },
        Cause::NameInvented { name: text(), resolver: text(), addresses: vec![text()] },
        Cause::ResolversDisagree {
            name: text(),
            resolvers: vec![text(), text()],
            addresses: vec![text(), text()],
            keys: vec![text(), text()],
        },
        Cause::FamilySilent { name: text(), family: "IPv6", addresses: vec![text()], answering: vec![text()] },
        Cause::FamiliesDiffer { name: text(), v4: vec![sample::leaf_name()], v6: vec![sample::leaf_name()] },
    ]
}

fn of_the_way() -> Vec<Cause> {
    let after = Duration::from_secs(5);
    let connect = [
        ConnectFailure::TimedOut { after },
        ConnectFailure::Refused,
        ConnectFailure::NetworkUnreachable,
        ConnectFailure::HostUnreachable,
        ConnectFailure::Prohibited { by: Some([10, 1, 0, 1].into()) },
        ConnectFailure::Prohibited { by: None },
        ConnectFailure::Other { code: Some(13), detail: text() },
        ConnectFailure::Other { code: None, detail: text() },
    ];
    let tls = [
        TlsFailure::ResetAfterClientHello,
        TlsFailure::ClosedAfterClientHello,
        TlsFailure::SilentAfterClientHello { after },
        TlsFailure::Alert { name: text() },
        TlsFailure::NotTls { begins: text() },
        TlsFailure::NothingInCommon { detail: text() },
        TlsFailure::ChainTooLong,
        TlsFailure::NoCertificate,
        TlsFailure::ClientCertificateRequired,
        TlsFailure::Reset,
        TlsFailure::Closed,
        TlsFailure::Stalled { after },
        TlsFailure::Misbehaved { detail: text() },
        TlsFailure::Untrusted { detail: text() },
    ];
    let name = [
        NameFailure::NotFound,
        NameFailure::NoAddresses,
        NameFailure::ServerFailure { code: text() },
        NameFailure::NoServerAnswered,
        NameFailure::TimedOut { after },
        NameFailure::Unreachable { failure: ConnectFailure::Refused },
        NameFailure::Tls { failure: TlsFailure::Reset },
        NameFailure::CnameLoop,
        NameFailure::Malformed { detail: text() },
        NameFailure::Other { detail: text() },
    ];
    let proxy = [
        ProxyFailure::Unresolved { failure: NameFailure::NotFound },
        ProxyFailure::Unreachable { failure: ConnectFailure::Refused },
        ProxyFailure::Tls { failure: TlsFailure::Reset },
        ProxyFailure::AuthenticationRequired { sent: true },
        ProxyFailure::Denied { answer: text() },
        ProxyFailure::TargetUnreachable { answer: text() },
        ProxyFailure::Silent { after },
        ProxyFailure::Closed,
        ProxyFailure::NotAProxy { begins: text() },
    ];
    let address = Some(([10, 1, 0, 11], 443).into());
    let mut causes = vec![
        Cause::ProxyCannotReach { proxy: text(), answer: text() },
        Cause::ProxyWaits { proxy: text(), after },
        Cause::TlsTooOld { versions: vec![text()], suites: vec![text()] },
        Cause::TlsNoUsableSuite { versions: vec![text()], suites: vec![text()] },
        Cause::TlsCurveTooSmall { curve: text(), bits: Some(224), suites: vec![text()] },
        Cause::TlsCurveTooSmall { curve: text(), bits: None, suites: vec![text()] },
        Cause::TlsCbcOnly { suites: vec![text()] },
        Cause::NoExtendedMasterSecret { suite: text() },
    ];
    causes.extend(connect.map(|failure| Cause::TcpFailed { address, failure }));
    causes.extend(tls.map(|failure| Cause::TlsFailed { address: None, failure }));
    causes.extend(name.map(|failure| Cause::NameUnresolved { name: text(), resolver: text(), failure }));
    causes.extend(proxy.map(|failure| Cause::ProxyFailed { proxy: text(), failure }));
    causes
}

fn of_answers() -> Vec<Cause> {
    let conversation = [
        ConversationFailure::Tcp { failure: ConnectFailure::Refused },
        ConversationFailure::Proxy { failure: ProxyFailure::Closed },
        ConversationFailure::Tls { failure: TlsFailure::Reset, chain: vec![CertId(text())] },
    ];
    let mut failures = vec![
        HttpFailure::Silent { after: Duration::from_secs(8) },
        HttpFailure::Stalled { after: Duration::from_secs(8) },
        HttpFailure::Closed,
        HttpFailure::Malformed { detail: text() },
        HttpFailure::HeadersTooLong,
        HttpFailure::ClientCertificateRequired,
    ];
    failures.extend(conversation.map(|failure| HttpFailure::NotConnected { failure }));
    let faults = [UrlFault::NotHttps, UrlFault::Path(text()), UrlFault::QueryOrFragment, UrlFault::TrailingSlash];
    let ends = [BodyEnd::Complete, BodyEnd::TooLong, BodyEnd::Truncated, BodyEnd::Malformed, BodyEnd::TimedOut];
    let mut causes = vec![
        Cause::HttpStatus { url: text(), status: 503 },
        Cause::HttpRedirected { url: text(), status: 302, location: text() },
        Cause::HttpHtml { url: text(), begins: text() },
        Cause::HttpNotJson { url: text(), detail: text(), begins: text() },
        Cause::HttpWrongShape { url: text(), expected: "an object", detail: text() },
        Cause::HostNotRegistered { host: text(), holds: vec![text()] },
        Cause::TrustServiceUrlDiffers { handed_out: text(), declared: text() },
    ];
    causes.extend(ends.map(|end| Cause::HttpCutShort { url: text(), end, bytes: 7 }));
    causes.extend(failures.into_iter().map(|failure| Cause::HttpFailed { url: text(), failure }));
    causes.extend(faults.map(|fault| Cause::TrustServiceUrlForm { url: text(), fault }));
    causes
}

fn of_certificates() -> Vec<Cause> {
    let certificate = sample::leaf_name;
    let day = Timestamp(0);
    let faults = [
        LinkFault::BadSignature,
        LinkFault::UnsupportedSignature { algorithm: text() },
        LinkFault::NotACa,
        LinkFault::NoCertSign,
        LinkFault::PathLength { allowed: 0, found: 1 },
        LinkFault::NameConstraints,
        LinkFault::UnknownCriticalExtension { oid: text() },
        LinkFault::Version1,
        LinkFault::TooLong,
        LinkFault::Other { detail: text() },
    ];
    let differences =
        [Difference::Address, Difference::Family, Difference::Repeat, Difference::Sni, Difference::Version];
    let mut causes = vec![
        Cause::MissingIntermediate {
            certificate: certificate(),
            issuer: text(),
            key_id: Some(text()),
            found_among_supplied: false,
        },
        Cause::UntrustedRoot { root: certificate() },
        Cause::SelfSigned { certificate: certificate() },
        Cause::IssuedElsewhere { certificate: certificate(), root: text() },
        Cause::PortShared { sharing: Sharing::Url, host: text(), presented: None },
        Cause::PortShared { sharing: Sharing::Other, host: text(), presented: Some(certificate()) },
        Cause::CertificateNotBound { presented: certificate(), expected: certificate(), declared: true },
        Cause::CertificateUnreadable { position: 1, detail: text() },
        Cause::HandshakeSignatureInvalid { certificate: certificate() },
        Cause::ExpiredAlternativePath { certificate: certificate(), not_after: day },
        Cause::WrongOrder { should_be: vec![0, 2, 1] },
        Cause::StrangerSent { certificate: certificate() },
        Cause::SentTwice { certificate: certificate() },
        Cause::NameMismatch { host: text(), names: vec![text()] },
        Cause::NameInCommonNameOnly { host: text(), common_name: text() },
        Cause::PartialWildcard { host: text(), pattern: text() },
        Cause::Expired { certificate: certificate(), not_after: Timestamp(i64::MIN) },
        Cause::NotYetValid { certificate: certificate(), not_before: day },
        Cause::ExpiresSoon { certificate: certificate(), not_after: day, days: -1 },
    ];
    let (vantage, elsewhere) = (Vantage::Console, Vantage::Device);
    let proofs = [
        InterceptionProof::SignsDiscoveryToo { vantage, hosts: vec![text(), text()] },
        InterceptionProof::UnrelatedElsewhere { vantage, hosts: vec![text(), text()], elsewhere },
        InterceptionProof::TrustedElsewhere { vantage, host: text(), elsewhere },
        InterceptionProof::SignsForTheVendor { vantage, host: text() },
    ];
    causes.extend(proofs.map(|proof| Cause::Intercepted {
        certificate: certificate(),
        issuer: certificate(),
        proof,
        declared: true,
    }));
    let rules = [
        PlatformRule::KeyTooShort { bits: 1024 },
        PlatformRule::WeakSignature { algorithm: text() },
        PlatformRule::NoServerAuth { usages: None },
        PlatformRule::NoServerAuth { usages: Some(vec![text()]) },
        PlatformRule::ValidityTooLong { days: 826, limit: 825 },
        PlatformRule::ValidityBeyondSchedule { days: 201, limit: 200 },
        PlatformRule::SmallCurve { curve: text() },
        PlatformRule::UnlistedKey { key: text() },
        PlatformRule::UnusualKey { key: text() },
        PlatformRule::LeafIsCa,
        PlatformRule::NoDigitalSignature,
        PlatformRule::NameTwice { name: text(), more: 1 },
    ];
    causes.extend(rules.map(|rule| Cause::PlatformRule { certificate: certificate(), rule }));
    causes.extend(faults.map(|fault| Cause::PathBroken { certificate: certificate(), fault }));
    causes.extend(differences.map(|by| Cause::KeysDiffer { keys: vec![(text(), vec![text()])], by, renewed: true }));
    causes
}

fn of_pins() -> Vec<Cause> {
    let faults = [
        PinFault::IsSpki,
        PinFault::IsDigest,
        PinFault::IsCertificate,
        PinFault::Fragment,
        PinFault::Empty,
        PinFault::NotHex,
        PinFault::WrongType(text()),
        PinFault::HostTwice,
    ];
    let roles = [
        Role::Discovery,
        Role::DeviceServices,
        Role::Backend,
        Role::Balancer,
        Role::ReverseProxy,
        Role::TrustService,
        Role::TrustServiceServer,
        Role::RedirectTarget,
    ];
    let certificate = sample::leaf_name;
    let mut causes = vec![
        Cause::PinnedHostNotLowerCase { pins_source: text(), host: text() },
        Cause::SeveralHosts { pins_source: text(), hosts: vec![text()] },
        Cause::ServedBySuffix { pins_source: text(), host: text(), name: text(), at_dot: false },
        Cause::KeyNotUploaded { role: Role::Balancer, certificate: certificate(), spki_sha256: text(), pinned: true },
        Cause::UploadExpired { certificate: certificate(), not_after: Timestamp(0) },
        Cause::NextKeyNotPinned {
            pins_source: text(),
            certificate: certificate(),
            pin: text(),
            hours_before: 360,
            in_use_until: Timestamp(0),
            publish_by: Timestamp(i64::MIN),
            too_late: true,
        },
        Cause::NextKeyUnknownToClient { certificate: certificate(), key: text() },
        Cause::KeyNotPinned {
            pins_source: text(),
            role: Role::Backend,
            certificate: certificate(),
            spki_sha256: text(),
            pins: 0,
            uploaded: true,
            only_tls12: true,
        },
        Cause::SourcesDiffer {
            used: text(),
            other: text(),
            only_used: vec![text()],
            only_other: Vec::new(),
            hides: true,
        },
    ];
    causes.extend([Some(true), Some(false), None].map(|matches| Cause::OtherHostPinned {
        pins_source: text(),
        host: text(),
        name: text(),
        certificate: certificate(),
        matches,
    }));
    causes.extend([Some(true), None].map(|pinned| Cause::UploadStale {
        certificate: certificate(),
        spki_sha256: text(),
        pinned,
    }));
    let unfit = [
        NextFault::Name { host: text(), names: vec![text()] },
        NextFault::Expired { not_after: Timestamp(0) },
        NextFault::BeginsTooLate { not_before: Timestamp(1), in_use_until: Timestamp(0) },
    ];
    causes.extend(unfit.map(|fault| Cause::NextCertificateUnfit { certificate: certificate(), fault }));
    causes.extend(roles.map(|role| Cause::KeyTypeUnknownToClient { role, certificate: certificate(), key: text() }));
    causes.extend(faults.map(|fault| Cause::PinMalformed { pins_source: text(), host: text(), pin: text(), fault }));
    causes
}

/// A variant that is added to [`Cause`] stops this from compiling, until it has its sample above and its shape in the schema.
#[expect(dead_code, reason = "the compiler is its only reader")]
fn is_known(cause: &Cause) {
    match cause {
        Cause::NameUnresolved { .. }
        | Cause::NameSinkholed { .. }
        | Cause::NameInvented { .. }
        | Cause::ResolversDisagree { .. }
        | Cause::TcpFailed { .. }
        | Cause::TlsFailed { .. }
        | Cause::ProxyCannotReach { .. }
        | Cause::ProxyWaits { .. }
        | Cause::ProxyFailed { .. }
        | Cause::TlsTooOld { .. }
        | Cause::TlsNoUsableSuite { .. }
        | Cause::TlsCurveTooSmall { .. }
        | Cause::TlsCbcOnly { .. }
        | Cause::NoExtendedMasterSecret { .. }
        | Cause::FamilySilent { .. }
        | Cause::FamiliesDiffer { .. }
        | Cause::LocalClockWrong { .. }
        | Cause::PeerClockWrong { .. }
        | Cause::ClocksDiffer { .. }
        | Cause::RecordingTooOld { .. }
        | Cause::RecordingFromTheFuture { .. }
        | Cause::ConfigurationDiffers { .. }
        | Cause::PinsContradict { .. }
        | Cause::KeysContradict { .. }
        | Cause::ClocksApart { .. }
        | Cause::MendedSince { .. }
        | Cause::HttpStatus { .. }
        | Cause::HttpRedirected { .. }
        | Cause::HttpHtml { .. }
        | Cause::HttpNotJson { .. }
        | Cause::HttpWrongShape { .. }
        | Cause::HttpCutShort { .. }
        | Cause::HttpFailed { .. }
        | Cause::HostNotRegistered { .. }
        | Cause::TrustServiceUrlForm { .. }
        | Cause::TrustServiceUrlDiffers { .. }
        | Cause::MissingIntermediate { .. }
        | Cause::UntrustedRoot { .. }
        | Cause::SelfSigned { .. }
        | Cause::Intercepted { .. }
        | Cause::IssuedElsewhere { .. }
        | Cause::CertificateNotBound { .. }
        | Cause::PortShared { .. }
        | Cause::PathBroken { .. }
        | Cause::CertificateUnreadable { .. }
        | Cause::HandshakeSignatureInvalid { .. }
        | Cause::ExpiredAlternativePath { .. }
        | Cause::WrongOrder { .. }
        | Cause::StrangerSent { .. }
        | Cause::SentTwice { .. }
        | Cause::NameMismatch { .. }
        | Cause::NameInCommonNameOnly { .. }
        | Cause::PartialWildcard { .. }
        | Cause::Expired { .. }
        | Cause::NotYetValid { .. }
        | Cause::ExpiresSoon { .. }
        | Cause::PlatformRule { .. }
        | Cause::KeysDiffer { .. }
        | Cause::CsrUnreadable { .. }
        | Cause::CsrSignatureInvalid { .. }
        | Cause::CsrKeyWeak { .. }
        | Cause::CsrKeyUnusual { .. }
        | Cause::CsrEmailMissing
        | Cause::CsrEmailElsewhere { .. }
        | Cause::CsrSeveralDnsNames { .. }
        | Cause::CsrNameMismatch { .. }
        | Cause::CsrNameInCommonNameOnly { .. }
        | Cause::CertificateNotFromCsr { .. }
        | Cause::CertificateNamesDiffer { .. }
        | Cause::PinMalformed { .. }
        | Cause::PinnedHostNotLowerCase { .. }
        | Cause::SeveralHosts { .. }
        | Cause::ServedBySuffix { .. }
        | Cause::OtherHostPinned { .. }
        | Cause::KeyNotUploaded { .. }
        | Cause::UploadStale { .. }
        | Cause::UploadExpired { .. }
        | Cause::NextKeyNotPinned { .. }
        | Cause::NextKeyUnknownToClient { .. }
        | Cause::NextCertificateUnfit { .. }
        | Cause::KeyNotPinned { .. }
        | Cause::KeyTypeUnknownToClient { .. }
        | Cause::SourcesDiffer { .. } => {}
    }
}
