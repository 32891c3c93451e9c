//! A fault of each category, told as the checks tell it.

use std::sync::Arc;

use pinflight_checks::{
    cause::{Cause, UrlFault},
    check::CheckId,
    client::Ending,
    deployment::Endpoint,
    outcome::{Evidence, State, Target},
    prose,
    recording::{ConnectFailure, NameFailure},
    report::{Report, Verdict},
    time::Timestamp,
};

use super::{
    at, check, count, ds, find, finding, firewall_shut, healthy, hide, leaf_name, one_vantage, passing, pin_mismatch,
};

/// Each category with a report of it.
pub(in super::super) fn by_category() -> Vec<(&'static str, Report)> {
    let service = || Target::Endpoint(ds());
    let trust_service = || Target::Endpoint(Endpoint::new("ts.example.com", 9001));
    let name = Cause::NameUnresolved {
        name: "ts.example.com".to_owned(),
        resolver: "the operating system".to_owned(),
        failure: NameFailure::NotFound,
    };
    let refused = Cause::TcpFailed { address: Some(([10, 1, 0, 12], 443).into()), failure: ConnectFailure::Refused };
    let sign_in = Cause::HttpHtml {
        url: "https://discovery.awmdm.com/autodiscovery/HostRegistry.aws?URL=ds.example.com".to_owned(),
        begins: "<html><title>Sign in</title>".to_owned(),
    };
    let url = "http://ts.example.com:9001/TrustService".to_owned();
    let expired = Cause::Expired { certificate: leaf_name(), not_after: Timestamp::parse("2026-11-20").unwrap() };
    let resolver = || Target::Name("ts.example.com".to_owned(), "the operating system".to_owned());
    let apart = Cause::ClocksApart { recordings: vec!["console".to_owned(), "device".to_owned()], seconds: 600 };
    let recordings = Target::Thing("console and device".to_owned());
    vec![
        ("firewall", firewall_shut()),
        ("dns", failing("dns/names-resolve", resolver(), name, "rcode", "NXDOMAIN")),
        ("network", failing("network/reachable", at(12), refused, "address", "10.1.0.12:443")),
        ("tls", failing("tls/versions", at(12), tls(), "versions", "TLSv1.1, TLSv1")),
        ("discovery", failing("discovery/host-registry", service(), sign_in, "status", "200")),
        (
            "trust-service",
            failing(
                "trust-service/url",
                trust_service(),
                Cause::TrustServiceUrlForm { url: url.clone(), fault: UrlFault::NotHttps },
                "url",
                &url,
            ),
        ),
        ("certificate", failing("certificate/expiry", at(12), expired, "not after", "2026-11-20T00:00:00Z")),
        ("pins", pin_mismatch()),
        (
            "csr",
            failing("csr/email-domain", Target::File("ts.csr".to_owned()), Cause::CsrEmailMissing, "e-mail", "none"),
        ),
        ("device", refused_devices()),
        ("guide", one_vantage()),
        ("recording", failing("recording/consistent", recordings, apart, "seconds", "600")),
    ]
}

fn tls() -> Cause {
    Cause::TlsTooOld {
        versions: vec!["TLSv1.1".to_owned(), "TLSv1".to_owned()],
        suites: vec!["TLS_RSA_WITH_AES_128_CBC_SHA".to_owned()],
    }
}

/// A sound deployment but for this.
fn failing(id: &'static str, target: Target, cause: Cause, label: &'static str, value: &str) -> Report {
    let mut report = healthy();
    (report.verdict, report.headline) = (Verdict::NotReady, "NOT READY".to_owned());
    if report.checks.iter().all(|check| check.id.0 != id) {
        let place = report.checks.iter().position(|check| check.id.0.starts_with("guide/")).unwrap();
        report.checks.insert(place, passing((id, "What it proves")));
    }
    let (message, remedy) = (prose::message(&cause), prose::remedy(&cause));
    find(&mut report, id, finding(target, cause, &message, Evidence::of(label, value), &remedy));
    count(report)
}

/// Devices meet a chain that they refuse.
fn refused_devices() -> Report {
    let cause = Cause::MissingIntermediate {
        certificate: leaf_name(),
        issuer: "CN=Example TLS CA 1,O=Example".to_owned(),
        key_id: None,
        found_among_supplied: false,
    };
    let mut report = failing("certificate/path", at(11), cause, "sent", "1 certificate");
    hide(&mut report, "certificate/path", &["device/journey"]);
    check(&mut report, "device/journey").reason = Some("every device is refused".to_owned());
    for story in report.journey.iter_mut().flat_map(|journey| &mut journey.stories) {
        story.ending = Ending::Refused { why: "no path leads from its certificate to a root".to_owned() };
        Arc::make_mut(&mut story.places)[0].ending = story.ending.clone();
        story.because = vec![CheckId("certificate/path")];
        let last = story.steps.last_mut().unwrap();
        last.decision = "default validation refuses it: the device gives up".to_owned();
    }
    report.chains[0].anchor = None;
    for row in report.guide.iter_mut().filter(|row| row.checks.contains(&CheckId("certificate/path"))) {
        row.outcome = State::Fail;
        row.note = Some("certificate/path".to_owned());
    }
    count(report)
}
