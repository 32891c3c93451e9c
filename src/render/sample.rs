//! Reports made by hand, as the registry would make them: the deployment of the guide, sound and broken.

pub(super) mod faulty;

use std::{collections::BTreeSet, sync::Arc};

use pinflight_checks::{
    cause::Cause,
    check::{CheckId, GuideStep},
    client::{Ending, Journey, Kind, PlaceEnding, Step, Story},
    deployment::{Endpoint, Role, Vantage},
    outcome::{Evidence, State, Target},
    recording::{CertId, ConnectFailure},
    report::{
        CertificateView, ChainView, CheckReport, Counts, FindingReport, FirewallRow, GuideRow, NextCommand, PinCell,
        PinMatrix, PinRow, PinSource, Report, ReportScope, Run, SCHEMA, TargetReport, Verdict,
    },
    time::Timestamp,
    x509::{CertificateName, Place},
};

const CHECKS: [(&str, &str); 22] = [
    ("firewall/console-to-discovery", "The console can open TLS to discovery"),
    ("firewall/device-services-to-discovery", "Device Services can open TLS to discovery"),
    ("firewall/discovery-to-device-services", "Device Services is reachable on 443 from outside"),
    ("firewall/devices-to-trust-service", "Devices can reach the Trust Service"),
    ("dns/discovery-resolves", "Discovery's name resolves"),
    ("dns/names-resolve", "All other declared names resolve"),
    ("network/reachable", "Endpoints outside the firewall table accept TCP and TLS"),
    ("network/proxy", "The declared proxy is usable"),
    ("discovery/host-registry", "The cloud Trust Service answers for Device Services"),
    ("trust-service/url", "The Trust Service URL is of the form that the guide asks for"),
    ("trust-service/redirect", "Device Services hands out that same URL"),
    ("trust-service/settings", "The settings request answers as the protocol says"),
    ("certificate/path", "Every chain has a valid path as it is sent"),
    ("certificate/order", "Every chain is sent leaf first, each issued by the next"),
    ("certificate/name", "Every leaf is good for the name that devices use"),
    ("certificate/expiry", "No certificate of the paths used expires soon"),
    ("certificate/same-everywhere", "Every address shows the same key, or only pinned ones"),
    ("pins/well-formed", "Every pin is a whole public key as the known client compares it"),
    ("pins/cover-every-server", "Every key that devices can meet matches a pin"),
    ("pins/sources-agree", "All sources of pins hold the same set"),
    ("device/journey", "Each device comes to the end that is meant for it, by the known client's rules"),
    ("guide/by-hand", "What only a person can confirm is confirmed"),
];

const GUIDE: [(GuideStep, &str, &str); 11] = [
    (GuideStep::P1, "The Hub in use supports pinning", "guide/by-hand"),
    (GuideStep::P2, "Every certificate that devices may meet is gathered", "pins/cover-every-server"),
    (GuideStep::P3, "A Trust Service, or an exception to the cloud one", "trust-service/settings"),
    (GuideStep::P4, "Closed network: exception to discovery", "firewall/devices-to-trust-service"),
    (GuideStep::S1, "Workspace ONE ID, HMAC token, firewall open", "firewall/console-to-discovery"),
    (GuideStep::S2, "Trust Service installed", "trust-service/settings"),
    (GuideStep::S3, "Its certificate signed in the portal", "certificate/path"),
    (GuideStep::S4, "That certificate bound everywhere", "network/reachable"),
    (GuideStep::S5, "Its URL saved in the console", "trust-service/redirect"),
    (GuideStep::S6, "The settings URL answers", "trust-service/settings"),
    (GuideStep::N, "Device Services certificates uploaded", "pins/sources-agree"),
];

const SPKI: &str = "gI1os/q0iEpflxrOfRBVDXqVoWN3Tz7Dav/7IT++THQ=";

fn ds() -> Endpoint {
    Endpoint::new("ds.example.com", 443)
}

fn at(last: u8) -> Target {
    Target::At(ds(), ([10, 1, 0, last], 443).into())
}

fn now() -> Timestamp {
    Timestamp::parse("2026-11-23T10:15:00Z").unwrap()
}

fn row(id: &'static str, source: &'static str, destination: &str, port: u16, check: &'static str) -> FirewallRow {
    let (destination, check) = (destination.to_owned(), CheckId(check));
    FirewallRow { id, source, destination, port, outcome: State::Pass, check, note: None }
}

fn certificate(subject: &str, issuer: &str, until: &str) -> CertificateView {
    CertificateView {
        subject: subject.to_owned(),
        issuer: issuer.to_owned(),
        serial: "04:A2:19:7C".to_owned(),
        not_before: Timestamp::parse("2026-10-01"),
        not_after: Timestamp::parse(until),
        names: vec!["ds.example.com".to_owned()],
        key: "RSA 2048".to_owned(),
        // Of two certificates never the same.
        sha256: format!("{:02x}", subject.len()).repeat(32),
        sha1: "c1".repeat(20),
        spki_sha256: SPKI.to_owned(),
    }
}

pub(super) fn leaf_name() -> CertificateName {
    CertificateName {
        id: CertId("5f".repeat(32)),
        subject: "CN=ds.example.com,O=Example".to_owned(),
        issuer: "CN=Example TLS CA 1,O=Example".to_owned(),
        serial: "04:A2:19:7C".to_owned(),
        place: Place::Leaf,
    }
}

fn passing((id, title): (&'static str, &'static str)) -> CheckReport {
    CheckReport {
        id: CheckId(id),
        category: CheckId(id).category(),
        title,
        outcome: State::Pass,
        reason: None,
        because: None,
        command: None,
        targets: vec![TargetReport {
            target: Target::Endpoint(ds()),
            outcome: State::Pass,
            reason: None,
            because: None,
            evidence: Evidence::of("address", "10.1.0.11:443").and("version", "TLSv1.3"),
        }],
        findings: Vec::new(),
    }
}

fn guide_row((step, title, check): (GuideStep, &'static str, &'static str)) -> GuideRow {
    GuideRow { step, title, outcome: State::Pass, checks: vec![CheckId(check)], note: None }
}

fn firewall() -> Vec<FirewallRow> {
    let discovery = "discovery.awmdm.com";
    let ds = "ds.example.com";
    let mut rows = vec![
        row("console-to-discovery", "UEM console", discovery, 443, CHECKS[0].0),
        row("device-services-to-discovery", "Device Services", discovery, 443, CHECKS[1].0),
        row("discovery-to-device-services", discovery, ds, 443, CHECKS[2].0),
        row("devices-to-trust-service", "devices", "ts.example.com", 9001, CHECKS[3].0),
    ];
    rows[2].note = Some("from a stand-in for the cloud".to_owned());
    rows
}

fn pin_matrix() -> PinMatrix {
    let source = |id, title: &str, pins, used| PinSource { id, title: title.to_owned(), pins: Some(pins), used };
    let row = |target, role| PinRow {
        target,
        role,
        spki_sha256: Some(SPKI.to_owned()),
        subject: Some("CN=ds.example.com".to_owned()),
        cells: vec![PinCell::NoMatch, PinCell::Match, PinCell::Match],
    };
    PinMatrix {
        sources: vec![
            source("cloud-registry", "cloud registry", 0, false),
            source("trust-service", "Trust Service", 2, true),
            source("uploaded", "uploaded", 2, false),
        ],
        rows: vec![
            row(Target::Endpoint(ds()), "Device Services"),
            row(at(11), "Device Services server"),
            row(at(12), "Device Services server"),
            row(at(7), "balancer"),
        ],
    }
}

fn chains() -> Vec<ChainView> {
    let issuer = "CN=Example TLS CA 1,O=Example";
    let chain = |targets, subject: &str, until, anchor: &str| ChainView {
        targets,
        certificates: vec![
            certificate(subject, issuer, until),
            certificate(issuer, "CN=Example Root X1", "2030-01-01"),
        ],
        anchor: Some(anchor.to_owned()),
    };
    let everywhere = vec![Target::Endpoint(ds()), at(11), at(12), at(7)];
    let trust_service = vec![Target::Endpoint(Endpoint::new("ts.example.com", 9001))];
    vec![
        chain(everywhere, "CN=ds.example.com,O=Example", "2027-02-23", "Mozilla: Example Root X1"),
        chain(trust_service, "CN=ts.example.com", "2027-10-01", "supplied: AW Trust Root"),
    ]
}

fn step(request: &str, answer: &str, decision: &str, check: &'static str) -> Step {
    Step {
        request: request.to_owned(),
        answer: answer.to_owned(),
        decision: decision.to_owned(),
        seen_from: vec![Vantage::Device],
        checks: vec![CheckId(check)],
        evidence: Evidence::none(),
    }
}

/// As iOS meets the sound deployment, and Android perhaps.
fn journey() -> Journey {
    let story = |kind: Kind, ending: Ending| Story {
        kind,
        title: kind.title(),
        places: Arc::new(vec![
            PlaceEnding { target: at(11), role: "Device Services server", ending: ending.clone() },
            PlaceEnding { target: at(7), role: "balancer", ending: ending.clone() },
        ]),
        provided: vec!["devices trust Example Root".to_owned()],
        steps: vec![
            step(
                "GET https://discovery.awmdm.com/autodiscovery/HostRegistry.aws?URL=ds.example.com",
                "200, {}",
                "nothing is registered, so it goes on to Device Services",
                "discovery/host-registry",
            ),
            step(
                "TLS to ds.example.com:443@10.1.0.11",
                "ds.example.com, RSA 2048",
                "default validation accepts it",
                "pins/cover-every-server",
            ),
        ],
        ending,
        because: vec![],
    };
    let not_pinned = || Ending::ConnectsNotPinned { why: "no pins while enrolling".to_owned() };
    let unknown = Ending::Unknown {
        why: "how it compares pins is not known".to_owned(),
        observable: false,
        vantage: None,
        command: None,
    };
    Journey {
        stories: vec![
            story(Kind::IosHub, Ending::ConnectsPinned),
            story(Kind::IosWeb, not_pinned()),
            story(Kind::IosDep, not_pinned()),
            story(Kind::IosEnrolled, Ending::ConnectsPinned),
            story(Kind::Android, unknown),
        ],
    }
}

/// All four vantages, on-premises Trust Service, two servers behind a balancer: READY.
pub(super) fn healthy() -> Report {
    let mut report = Report {
        schema: SCHEMA,
        verdict: Verdict::Ready,
        scope: ReportScope::Deployment,
        headline: "READY".to_owned(),
        vantages: Vantage::ALL.into(),
        taken_at: now(),
        judged_at: now(),
        version: "0.1.0".to_owned(),
        subject: "https://ds.example.com".to_owned(),
        counts: Counts::default(),
        guide: GUIDE.map(guide_row).into(),
        firewall: firewall(),
        pin_matrix: pin_matrix(),
        chains: chains(),
        journey: Some(journey()),
        checks: CHECKS.map(passing).into(),
        next_commands: Vec::new(),
        run: Run { questions: 38, took_ms: 1234, unasked: Vec::new(), replayed: false },
    };
    skip(&mut report, "network/proxy", "no proxy is declared");
    report.guide[3].outcome = State::Skipped;
    report.guide[3].note = Some("the Trust Service is on-premises".to_owned());
    count(report)
}

fn count(mut report: Report) -> Report {
    let of = |state| report.checks.iter().filter(|check| check.outcome == state).count();
    report.counts = Counts {
        pass: of(State::Pass),
        warn: of(State::Warn),
        fail: of(State::Fail),
        skipped: of(State::Skipped),
        not_observed: of(State::NotObserved),
    };
    report
}

fn check<'a>(report: &'a mut Report, id: &str) -> &'a mut CheckReport {
    report.checks.iter_mut().find(|check| check.id.0 == id).unwrap()
}

fn skip(report: &mut Report, id: &str, reason: &str) {
    let check = check(report, id);
    check.outcome = State::Skipped;
    check.reason = Some(reason.to_owned());
    check.targets.clear();
}

fn hide(report: &mut Report, because: &'static str, ids: &[&str]) {
    for id in ids {
        let check = check(report, id);
        check.outcome = State::NotObserved;
        check.because = Some(CheckId(because));
        check.reason = Some("no handshake with discovery.awmdm.com:443".to_owned());
        for target in &mut check.targets {
            target.outcome = State::NotObserved;
            target.because = check.because;
            target.reason.clone_from(&check.reason);
            target.evidence = Evidence::none();
        }
    }
}

fn unseen(report: &mut Report, id: &str, reason: &str, command: Option<&str>) {
    let check = check(report, id);
    check.outcome = State::NotObserved;
    check.reason = Some(reason.to_owned());
    check.command = command.map(str::to_owned);
    check.targets = vec![TargetReport {
        target: Target::Endpoint(ds()),
        outcome: State::NotObserved,
        reason: Some(reason.to_owned()),
        because: None,
        evidence: Evidence::none(),
    }];
}

fn find(report: &mut Report, id: &str, finding: FindingReport) {
    let check = check(report, id);
    // What is accepted counts as passed.
    let outcome = if finding.accepted.is_some() { State::Pass } else { finding.outcome };
    check.outcome = check.outcome.max(outcome);
    check.targets.push(TargetReport {
        target: finding.target.clone(),
        outcome,
        reason: None,
        because: None,
        evidence: finding.evidence.clone(),
    });
    check.findings.push(finding);
}

fn finding(target: Target, cause: Cause, message: &str, evidence: Evidence, remedy: &str) -> FindingReport {
    FindingReport {
        target,
        outcome: State::Fail,
        cause,
        message: message.to_owned(),
        evidence,
        remedy: remedy.to_owned(),
        accepted: None,
        seen_from: [Vantage::Console, Vantage::Device].into(),
    }
}

fn tcp_timed_out() -> Cause {
    let after = std::time::Duration::from_secs(5);
    Cause::TcpFailed { address: Some(([203, 0, 113, 80], 443).into()), failure: ConnectFailure::TimedOut { after } }
}

/// The console's way to discovery is shut.
pub(super) fn firewall_shut() -> Report {
    let mut report = healthy();
    (report.verdict, report.headline) = (Verdict::NotReady, "NOT READY".to_owned());
    find(
        &mut report,
        "firewall/console-to-discovery",
        finding(
            Target::At(Endpoint::new("discovery.awmdm.com", 443), ([203, 0, 113, 80], 443).into()),
            tcp_timed_out(),
            "No answer from 203.0.113.80:443 within 5 s: something on the way drops the packets.",
            Evidence::of("address", "203.0.113.80:443").and("waited", "5 s").and("resolver", "the operating system"),
            "Allow TCP 443 from the UEM console to discovery.awmdm.com in the firewall; it is row 1 of the guide's table.",
        ),
    );
    let hidden = ["discovery/host-registry", "pins/well-formed", "pins/cover-every-server", "pins/sources-agree"];
    hide(&mut report, "firewall/console-to-discovery", &hidden);
    report.firewall[0].outcome = State::Fail;
    report.firewall[0].note = Some("no answer within 5 s".to_owned());
    report.guide[4].outcome = State::Fail;
    report.guide[4].note = Some("firewall/console-to-discovery".to_owned());
    for at in [1, 10] {
        report.guide[at].outcome = State::NotObserved;
        report.guide[at].note = Some("because of firewall/console-to-discovery".to_owned());
    }
    report.pin_matrix.sources[0].pins = None;
    for cell in report.pin_matrix.rows.iter_mut().filter_map(|row| row.cells.first_mut()) {
        *cell = PinCell::NotObserved;
    }
    count(report)
}

/// One server has a new key that was never uploaded; another certificate ends soon; one order is accepted.
pub(super) fn pin_mismatch() -> Report {
    let mut report = healthy();
    (report.verdict, report.headline) = (Verdict::NotReady, "NOT READY".to_owned());
    let cause = Cause::KeyNotPinned {
        pins_source: "Trust Service".to_owned(),
        role: Role::Backend,
        certificate: leaf_name(),
        spki_sha256: "Vjs8r4z+80wjNcr1YKepWQboSIRi63WsWXhIMN+eWys=".to_owned(),
        pins: 2,
        uploaded: false,
        only_tls12: false,
    };
    let mismatch = finding(
        at(12),
        cause,
        "The key of this Device Services server (CN=ds.example.com,O=Example) matches none of the 2 pins that the \
         Trust Service holds for ds.example.com: devices that land on it will not connect.",
        Evidence::of("presented", "sha256//Vjs8r4z+80wjNcr1YKepWQboSIRi63WsWXhIMN+eWys=")
            .and("pinned", format!("sha256//{SPKI}")),
        "Upload the certificate of 10.1.0.12 in the console (Settings, System, Security, SSL Pinning), or bind the \
         pinned certificate on that server.",
    );
    find(&mut report, "pins/cover-every-server", mismatch);
    for story in report.journey.iter_mut().flat_map(|journey| &mut journey.stories).filter(|story| story.kind.pins()) {
        if story.kind != Kind::Android {
            story.ending = Ending::Refused { why: "its key matches none of 2 pins".to_owned() };
            let ending = story.ending.clone();
            Arc::make_mut(&mut story.places)
                .insert(0, PlaceEnding { target: at(12), role: "Device Services server", ending });
            story.because = vec![CheckId("pins/cover-every-server")];
        }
    }
    let soon =
        Cause::ExpiresSoon { certificate: leaf_name(), not_after: Timestamp::parse("2026-12-10").unwrap(), days: 16 };
    let soon = FindingReport {
        outcome: State::Warn,
        ..finding(
            at(11),
            soon,
            "The leaf CN=ds.example.com,O=Example ends in 16 days, on 2026-12-10.",
            Evidence::of("not after", "2026-12-10T00:00:00Z"),
            "Renew it with the same key, or publish the new key's pin first.",
        )
    };
    let soon_too = FindingReport { target: at(7), ..soon.clone() };
    find(&mut report, "certificate/expiry", soon);
    find(&mut report, "certificate/expiry", soon_too);
    let order = FindingReport {
        outcome: State::Warn,
        accepted: Some("renewal ordered, ticket 4711".to_owned()),
        ..finding(
            at(11),
            Cause::WrongOrder { should_be: vec![0, 2, 1] },
            "The chain is sent as leaf, root, intermediate.",
            Evidence::none(),
            "Send leaf, intermediate, root.",
        )
    };
    check(&mut report, "certificate/order").findings.push(order);
    report.pin_matrix.rows[2].cells = vec![PinCell::NoMatch; 3];
    report.pin_matrix.rows[2].spki_sha256 = Some("Vjs8r4z+80wjNcr1YKepWQboSIRi63WsWXhIMN+eWys=".to_owned());
    report.pin_matrix.rows[3].cells[1] = PinCell::Unknown;
    let mut other = report.chains[0].clone();
    other.targets = vec![at(12)];
    other.certificates[0].not_after = Timestamp::parse("2026-11-20");
    other.certificates[0].sha256 = "e7".repeat(32);
    other.anchor = None;
    report.chains[0].targets.remove(2);
    report.chains[0].certificates[0].not_after = Timestamp::parse("2026-12-10");
    report.chains.insert(1, other);
    for at in [1, 10] {
        report.guide[at].outcome = State::Fail;
        report.guide[at].note = Some("pins/cover-every-server".to_owned());
    }
    count(report)
}

/// A sound deployment, seen from the console alone.
pub(super) fn one_vantage() -> Report {
    let mut report = healthy();
    (report.verdict, report.headline) = (Verdict::Incomplete, "INCOMPLETE".to_owned());
    report.vantages = BTreeSet::from([Vantage::Console]);
    let command = "pinflight check --config pinflight.toml";
    for (row, id, vantage) in [
        (1, "firewall/device-services-to-discovery", Vantage::DeviceServices),
        (2, "firewall/discovery-to-device-services", Vantage::Discovery),
        (3, "firewall/devices-to-trust-service", Vantage::Device),
    ] {
        let command = format!("{command} --from {vantage}");
        let reason = format!("whether it is open is to be seen from {}", vantage.place());
        unseen(&mut report, id, &reason, Some(&command));
        report.next_commands.push(NextCommand { vantage, command, checks: vec![CheckId(id)] });
        report.firewall[row].outcome = State::NotObserved;
        report.firewall[row].note = Some(format!("run with --from {vantage}"));
    }
    report.guide[4].outcome = State::NotObserved;
    report.guide[4].note = Some("3 of 4 firewall rows not seen from here".to_owned());
    report.guide[0].outcome = State::NotObserved;
    report.guide[0].note = Some("only a person can confirm it".to_owned());
    let by_hand = check(&mut report, "guide/by-hand");
    by_hand.outcome = State::NotObserved;
    by_hand.reason = Some("not everything is confirmed".to_owned());
    by_hand.targets =
        [("HMAC token generated", "hmac_token_generated"), ("Hub supports pinning", "hub_supports_pinning")]
            .map(|(thing, key)| TargetReport {
                target: Target::Thing(thing.to_owned()),
                outcome: State::NotObserved,
                reason: Some(format!(
                    "nobody has confirmed it; write confirmed.{key} = 2026-11-23 into pinflight.toml"
                )),
                because: None,
                evidence: Evidence::none(),
            })
            .into();
    count(report)
}

/// The same, asked for what one machine sees.
pub(super) fn vantage_ready() -> Report {
    let mut report = one_vantage();
    (report.verdict, report.scope) = (Verdict::Ready, ReportScope::Vantage);
    report.headline = "READY as seen from console".to_owned();
    report
}

/// `--only certificate/*`
pub(super) fn selected() -> Report {
    let mut report = healthy();
    (report.verdict, report.scope) = (Verdict::SelectedPass, ReportScope::Selected);
    report.headline = "SELECTED CHECKS PASS".to_owned();
    report.vantages = BTreeSet::from([Vantage::Console, Vantage::Device]);
    let left_out: Vec<&str> =
        CHECKS.map(|(id, _)| id).into_iter().filter(|id| !id.starts_with("certificate/")).collect();
    for id in left_out {
        skip(&mut report, id, "not selected");
    }
    for row in &mut report.guide {
        row.outcome = State::Skipped;
    }
    for row in &mut report.firewall {
        row.outcome = State::Skipped;
        row.note = Some("not selected".to_owned());
    }
    report.pin_matrix = PinMatrix::default();
    report.journey = None;
    count(report)
}

/// The one server that was selected is not there.
pub(super) fn selected_unseen() -> Report {
    let mut report = selected();
    (report.verdict, report.headline) = (Verdict::SelectedIncomplete, "SELECTED CHECKS INCOMPLETE".to_owned());
    for (id, _) in CHECKS.iter().filter(|(id, _)| id.starts_with("certificate/")) {
        unseen(&mut report, id, "no handshake: connection refused", None);
    }
    count(report)
}

/// What a certificate's name or a body may hold: orders for terminals, markup of every medium, commands of CI systems, shells.
pub(super) const HOSTILE: &str = concat!(
    "\u{1b}[2J\u{1b}]0;owned\u{7}\r\n\tREADY\0\u{9b}1m\u{202e}evil\u{2066}\u{200b}\u{2028}\u{feff}e\u{301}\u{301}\u{301}東京",
    "]]></script><script>alert(1)</script><!--|`$(reboot)`'\"&amp;%0A::error::x\n::stop-commands::x\n##[error]",
    " ::add-mask::x\n# HELP x\nnot ok 1 # SKIP {0} [a](javascript:1) ![b](https://evil.example/c) @all #1 ~~~ www.evil.example \\",
);

/// Every text that can come from elsewhere, as bad as it can be.
pub(super) fn hostile() -> Report {
    of_strangers(HOSTILE)
}

/// This text wherever one can come from elsewhere, and a long one that begins with it.
pub(super) fn of_strangers(bad: &str) -> Report {
    let long = format!("{bad}{}", "x".repeat(5000));
    let host = Endpoint::new(bad, 443);
    let mut report = pin_mismatch();
    report.headline.push_str(bad);
    report.subject = long.clone();
    let cause = Cause::HttpHtml { url: long.clone(), begins: bad.to_owned() };
    let target = Target::Name(long.clone(), bad.to_owned());
    let finding = finding(target, cause, &long, Evidence::of("body", &long).and("server", bad), &long);
    find(&mut report, "trust-service/settings", finding.clone());
    let accepted = FindingReport { accepted: Some(bad.to_owned()), ..finding };
    find(&mut report, "trust-service/redirect", accepted);
    unseen(&mut report, "certificate/name", &long, Some(&long));
    check(&mut report, "certificate/name").targets[0].target = Target::File(long.clone());
    skip(&mut report, "network/proxy", &long);
    report.next_commands = vec![NextCommand {
        vantage: Vantage::Device,
        command: long.clone(),
        checks: vec![CheckId("certificate/name")],
    }];
    report.guide[0].note = Some(bad.to_owned());
    report.firewall[0].destination = bad.to_owned();
    report.firewall[0].note = Some(long.clone());
    report.pin_matrix.rows[0].target = Target::Endpoint(host.clone());
    report.pin_matrix.rows[0].spki_sha256 = Some(bad.to_owned());
    report.pin_matrix.sources[0].title = bad.to_owned();
    for story in report.journey.iter_mut().flat_map(|journey| &mut journey.stories) {
        story.ending = Ending::Refused { why: long.clone() };
        let place = &mut Arc::make_mut(&mut story.places)[0];
        place.target = Target::Endpoint(host.clone());
        place.ending = story.ending.clone();
        story.provided = vec![bad.to_owned(), long.clone()];
        story.steps[0].answer = long.clone();
        story.steps[0].request = bad.to_owned();
        story.steps[0].decision = long.clone();
        story.because.clear();
    }
    let chain = &mut report.chains[0];
    chain.targets = vec![Target::Endpoint(host)];
    chain.anchor = Some(bad.to_owned());
    let leaf = &mut chain.certificates[0];
    for text in [&mut leaf.subject, &mut leaf.issuer, &mut leaf.serial, &mut leaf.key] {
        long.clone_into(text);
    }
    leaf.names = vec![bad.to_owned(); 40];
    report.run.unasked = vec![long];
    count(report)
}

/// A hundred servers without an intermediate, each with its own sentence.
pub(super) fn hundred_findings() -> Report {
    let mut report = healthy();
    (report.verdict, report.headline) = (Verdict::NotReady, "NOT READY".to_owned());
    for last in 0..100 {
        let cause = Cause::MissingIntermediate {
            certificate: leaf_name(),
            issuer: "CN=Example TLS CA 1,O=Example".to_owned(),
            key_id: None,
            found_among_supplied: true,
        };
        let message = format!("10.1.0.{last} does not send CN=Example TLS CA 1,O=Example, the issuer of its leaf.");
        let remedy = "Install that intermediate on the server; the supplied files have it.";
        let evidence = Evidence::of("sent", "1 certificate");
        find(&mut report, "certificate/path", finding(at(last), cause, &message, evidence, remedy));
    }
    report.guide[1].outcome = State::Fail;
    report.guide[1].note = Some("certificate/path".to_owned());
    count(report)
}

/// One server with five certificates out of date.
pub(super) fn one_target_five_findings() -> Report {
    let mut report = healthy();
    for place in 1..=5 {
        let cause = Cause::NotYetValid { certificate: leaf_name(), not_before: now() };
        let message = format!("Certificate {place} is not valid yet.");
        find(&mut report, "certificate/expiry", finding(at(11), cause, &message, Evidence::none(), "Wait."));
    }
    count(report)
}

/// A failure for this cause, for the schema.
pub(super) fn with_cause(cause: Cause) -> Report {
    let mut report = healthy();
    find(&mut report, "network/reachable", finding(at(11), cause, "It is so.", Evidence::none(), "Do so."));
    count(report)
}

/// Every check fails, and every vantage is missing.
pub(super) fn everything_fails() -> Report {
    let mut report = one_vantage();
    (report.verdict, report.headline) = (Verdict::NotReady, "NOT READY".to_owned());
    for (id, _) in CHECKS {
        find(&mut report, id, finding(at(11), tcp_timed_out(), "It is so.", Evidence::none(), "Do so."));
    }
    count(report)
}
