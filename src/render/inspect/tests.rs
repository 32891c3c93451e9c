//! Chains as a person sees them, at every width.

use pinflight_checks::{
    cause::Cause,
    check::CheckId,
    inspect::{Attempt, End, Key, Names, PathView, Pins, SCHEMA},
    outcome::Evidence,
    recording::ConnectFailure,
    x509::KeyKind,
};
use unicode_width::UnicodeWidthStr;

use super::*;

const NOW: Timestamp = Timestamp(1_795_000_000);

fn shown(what: &Inspection, style: Style) -> String {
    let mut out = Vec::new();
    inspection(what, &style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn id(of: char) -> String {
    of.to_string().repeat(64)
}

fn facts(subject: &str, issuer: &str, from: i64, to: i64) -> Facts {
    let day = |days: i64| Timestamp(NOW.0 + days * 86_400);
    let is_ca = !subject.contains("ds.example.com");
    Facts {
        subject: subject.to_owned(),
        issuer: issuer.to_owned(),
        serial: "4E:6E:08:F7".to_owned(),
        version: 3,
        not_before: day(from),
        not_after: day(to),
        days_left: to,
        state: match () {
            () if to < 0 => CertificateState::Expired,
            () if from > 0 => CertificateState::NotYetValid,
            () => CertificateState::Valid,
        },
        names: (!is_ca).then(|| Names {
            dns: vec!["ds.example.com".to_owned(), "*.ds.example.com".to_owned()],
            ip: vec!["192.0.2.7".to_owned()],
            email: vec![],
        }),
        key: Key { words: "RSA 2048".to_owned(), kind: KeyKind::Rsa { bits: 2048, exponent: "65537".to_owned() } },
        signature_algorithm: "sha256WithRSAEncryption".to_owned(),
        self_issued: subject == issuer,
        self_signed: (subject == issuer).then_some(true),
        ca: Some(is_ca),
        path_length: is_ca.then_some(0),
        key_usage: Some(vec!["digitalSignature".to_owned()]),
        extended_key_usage: (!is_ca).then(|| vec!["serverAuth".to_owned()]),
        subject_key_id: Some("19:7B:83".to_owned()),
        authority_key_id: Some("DA:20:45".to_owned()),
        unknown_critical: vec![],
        name_constraints: false,
        sha1: "5e".repeat(20),
        pins: Pins {
            trust_service: Some(format!("3082010A02820101{}0203010001", "5A".repeat(257))),
            sha256: "sha256//eEOtbEuVnNoAZgOxQ6CMFIKEmnxPWLW1N3AO6C6klJU=".to_owned(),
        },
    }
}

fn certificate(number: usize, of: char, facts: Facts) -> CertificateView {
    CertificateView { number, sent: true, sha256: id(of), error: None, facts: Some(facts) }
}

fn path(members: &str, kind: &'static str, name: &str, state: PathState, why: &[&str]) -> PathView {
    PathView {
        certificates: members.chars().map(id).collect(),
        end: End { kind, name: name.to_owned(), key_id: None },
        state,
        used: state == PathState::Valid,
        complete_as_sent: true,
        why: why.iter().map(|why| (*why).to_owned()).collect(),
    }
}

fn connection() -> Connection {
    Connection {
        name: "ds.example.com".to_owned(),
        name_matches: Some(true),
        sni: Some("ds.example.com".to_owned()),
        address: Some(([192, 0, 2, 7], 443).into()),
        addresses: vec![[192, 0, 2, 7].into(), [192, 0, 2, 8].into()],
        proxy: Some("http://proxy.example.com:3128".to_owned()),
        version: Some("TLSv1.3".to_owned()),
        suite: Some("TLS13_AES_256_GCM_SHA384".to_owned()),
        alpn: Some("h2".to_owned()),
        signature: Some(HandshakeSignature::Valid),
        connected_after_ms: Some(3),
        took_ms: Some(12),
        attempts: vec![],
    }
}

/// A cross-signed chain: one way up is sound, the other has expired.
fn sound() -> Inspection {
    let root = "CN=Example Root R1,O=Example";
    let issuing = "CN=Example Issuing CA 7,O=Example";
    Inspection {
        schema: SCHEMA,
        version: "0.1.0".to_owned(),
        source: Source::Host { host: "ds.example.com".to_owned(), port: 443 },
        taken_at: NOW,
        judged_at: NOW,
        roots: RootStore::Mozilla,
        supplied: 0,
        sound: true,
        certificates: vec![
            certificate(1, 'a', facts("CN=ds.example.com", issuing, -100, 90)),
            certificate(2, 'b', facts(issuing, root, -800, 1000)),
            certificate(3, 'c', facts(root, "CN=Old Root,O=Elsewhere", -3000, -20)),
        ],
        paths: vec![
            path("ab", "mozilla", root, PathState::Valid, &[]),
            path(
                "abc",
                "mozilla",
                "CN=Old Root,O=Elsewhere",
                PathState::OutOfTime,
                &["CN=Example Root R1,O=Example expired on 2026-10-29"],
            ),
        ],
        findings: vec![],
        connection: Some(connection()),
    }
}

fn finding(check: &'static str, outcome: State, message: &str) -> FindingView {
    let cause = Cause::WrongOrder { should_be: vec![0] };
    let (message, remedy) = (message.to_owned(), "mend it".to_owned());
    FindingView { check: CheckId(check), outcome, cause, message, remedy, evidence: Evidence::of("seen", "this") }
}

fn hostile() -> Inspection {
    let bad = "CN=\u{1b}[2J\u{1b}]0;owned\u{7}go\u{202e}moc,O=".to_owned() + &"x".repeat(65_536);
    let mut leaf = facts("CN=ds.example.com", &bad, -100_000, 2_900_000);
    leaf.subject.clone_from(&bad);
    leaf.version = 1;
    leaf.names = Some(Names { dns: vec![bad.clone(); 500], ip: vec![], email: vec!["a\nb".to_owned()] });
    leaf.unknown_critical = vec!["1.2.3".to_owned(); 40];
    let mut why = sound();
    why.sound = false;
    why.source = Source::Files { paths: vec!["\u{1b}[2J.pem".to_owned(), "\u{202e}b.p7b".to_owned()] };
    why.connection = None;
    why.certificates = vec![
        certificate(1, 'a', leaf),
        CertificateView {
            error: Some("cut short\u{1b}[0m".to_owned()),
            facts: None,
            ..certificate(2, 'b', facts("", "", 0, 0))
        },
    ];
    why.paths =
        vec![path("a", "issuer-missing", &bad, PathState::Broken, &[&bad, "its issuer was neither sent nor supplied"])];
    why.findings = (0..5).map(|_| finding("certificate/order", State::Warn, &bad)).collect();
    why.findings.insert(0, finding("certificate/path", State::Fail, &bad));
    why
}

fn not_reached() -> Inspection {
    let failure = ConnectFailure::Refused;
    let address = Some(([192, 0, 2, 7], 443).into());
    let cause = Cause::TcpFailed { address, failure };
    let message = pinflight_checks::prose::message(&cause);
    let remedy = pinflight_checks::prose::remedy(&cause);
    let attempt = Attempt { address, message: message.clone() };
    Inspection {
        sound: false,
        certificates: vec![],
        paths: vec![],
        findings: vec![FindingView {
            check: CheckId("network/reachable"),
            outcome: State::Fail,
            cause,
            message,
            remedy,
            evidence: Evidence::none(),
        }],
        connection: Some(Connection {
            name_matches: None,
            address: None,
            version: None,
            suite: None,
            alpn: None,
            signature: None,
            connected_after_ms: None,
            took_ms: None,
            attempts: vec![attempt],
            ..connection()
        }),
        ..sound()
    }
}

#[test]
fn chains_as_a_person_sees_them() {
    for (name, what) in [("sound", sound()), ("hostile", hostile()), ("not_reached", not_reached())] {
        for width in [60, 80, 120] {
            let style = Style { width, ..Style::default() };
            insta::assert_snapshot!(format!("{name}_{width}"), shown(&what, style));
        }
    }
    insta::assert_snapshot!("sound_ascii", shown(&sound(), Style { unicode: false, ..Style::default() }));
    insta::assert_snapshot!("sound_verbose", shown(&sound(), Style { verbose: 1, ..Style::default() }));
}

#[test]
fn every_line_fits_and_nothing_hidden_is_shown() {
    // Far more levels than fit beside each other.
    let mut deep = sound();
    let members: String = ('A'..='Z').chain('a'..='z').collect();
    deep.paths = vec![path(&members, "untrusted", "CN=x", PathState::Untrusted, &["no", "expired"]); 3];
    for what in [sound(), hostile(), not_reached(), deep] {
        for width in [0, 60, 61, 80, 120, 200, 500] {
            for (unicode, verbose) in [(true, 0), (false, 0), (true, 1)] {
                let style = Style { width, unicode, verbose, ..Style::default() };
                for line in shown(&what, style).lines() {
                    assert!(line.width() <= width.clamp(60, 200), "{style:?}: {line}");
                    assert_eq!(line.trim_end(), line, "{style:?}");
                    assert_eq!(line.chars().find(|c| super::super::escape::is_hidden(*c)), None, "{line}");
                    assert!(unicode || line.is_ascii(), "{line}");
                }
            }
        }
    }
}
