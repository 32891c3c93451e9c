use std::{collections::BTreeSet, net::IpAddr, sync::Arc, time::Duration};

use proptest::prelude::*;
use rcgen::KeyPair;

use super::{standins::StandIns, *};
use crate::{
    cause::PinFault,
    check::Case,
    deployment::{Accept, FailOn, Policy, Proxy, ProxyScheme, Scope, Severity},
    matching::{matches, would_match},
    pin::{self, Form},
    recording::{Body, BodyEnd, FileUse, Request, Spelling},
    testing::NOW,
    x509::forge::{Supplied, leaf, presents, root},
};

/// Stand-ins for names of hosts, and for those that pins or certificates name.
fn both(hosts: &[&str], named: &[&str]) -> (Vec<String>, Vec<String>) {
    let mut stand_ins = StandIns::default();
    let walk = |stand_ins: &mut StandIns| -> (Vec<String>, Vec<String>) {
        let hosts = hosts.iter().map(|host| stand_ins.host(host)).collect();
        (hosts, named.iter().map(|name| stand_ins.pinned_name(name)).collect())
    };
    walk(&mut stand_ins);
    stand_ins.settle();
    walk(&mut stand_ins)
}

proptest! {
    #[test]
    fn what_holds_between_names_holds_between_their_stand_ins(
        hosts in prop::collection::vec("[a-c]{1,3}(\\.[a-c]{1,2}){1,2}", 1..4),
        named in prop::collection::vec("(\\*\\.|[a-c]\\*\\.|\\.)?[a-cA]{1,3}(\\.[a-c]{1,2}){0,2}", 1..4),
    ) {
        let (hosts, named): (Vec<&str>, Vec<&str>) = (hosts.iter().map(String::as_str).collect(), named.iter().map(String::as_str).collect());
        let (new_hosts, new_named) = both(&hosts, &named);
        for (host, new_host) in hosts.iter().zip(&new_hosts) {
            prop_assert_ne!(host, new_host);
            for (name, new_name) in named.iter().zip(&new_named) {
                let told = format!("{host} {name} became {new_host} {new_name}");
                prop_assert_eq!(host.ends_with(name), new_host.ends_with(new_name), "{}", told);
                prop_assert_eq!(matches(host, name), matches(new_host, new_name), "{}", told);
                prop_assert!(!would_match(host, name) || would_match(new_host, new_name), "{}", told);
                let any_capital = |text: &str| text.chars().any(|c| c.is_ascii_uppercase());
                prop_assert_eq!(any_capital(name), any_capital(new_name), "{}", told);
                prop_assert_eq!(host.eq_ignore_ascii_case(name), new_host.eq_ignore_ascii_case(new_name), "{}", told);
            }
            for (other, new_other) in hosts.iter().zip(&new_hosts) {
                prop_assert_eq!(host == other, new_host == new_other);
            }
        }
    }

    #[test]
    fn addresses_stay_of_their_kind_and_apart(all in prop::collection::vec(prop_oneof![
        any::<u32>().prop_map(|bits| IpAddr::from(bits.to_be_bytes())),
        any::<u16>().prop_map(|bits| IpAddr::from([10, 128, bits.to_be_bytes()[0], bits.to_be_bytes()[1]])),
        any::<u8>().prop_map(|last| IpAddr::from([127, 0, 0, last])),
        any::<u8>().prop_map(|last| IpAddr::from([198, 18, 0, last])),
        any::<u128>().prop_map(|bits| IpAddr::from(bits.to_be_bytes())),
        any::<u8>().prop_map(|last| format!("fd00::{last:x}").parse().unwrap()),
        any::<u8>().prop_map(|last| format!("fe80::{last:x}").parse().unwrap()),
        any::<u8>().prop_map(|last| format!("::ffff:10.0.0.{last}").parse().unwrap()),
    ], 1..30)) {
        let mut stand_ins = StandIns::default();
        for ip in &all {
            stand_ins.ip(*ip);
        }
        stand_ins.settle();
        let new: Vec<IpAddr> = all.iter().map(|ip| stand_ins.ip(*ip)).collect();
        let kind = |ip: &IpAddr| match ip {
            IpAddr::V4(ip) => (4, ip.is_private(), ip.is_loopback(), ip.is_link_local(), ip.is_unspecified()),
            IpAddr::V6(ip) => (6, ip.is_unique_local(), ip.to_ipv4_mapped().is_some(), ip.is_unicast_link_local(), ip.is_unspecified()),
        };
        for (at, (real, stand_in)) in all.iter().zip(&new).enumerate() {
            prop_assert_eq!(kind(real), kind(stand_in), "{} became {}", real, stand_in);
            let says_nothing = real.is_unspecified() || real.to_string() == "::1";
            prop_assert!(says_nothing || !all.contains(stand_in), "{} became {}", real, stand_in);
            for (other, other_new) in all.iter().zip(&new).skip(at) {
                prop_assert_eq!(real == other, stand_in == other_new);
            }
        }
    }
}

#[test]
fn pins_keep_their_form_and_what_they_are_of() {
    let key = format!("{}/../fixtures/keys/ds-1.pem", env!("CARGO_MANIFEST_DIR"));
    let key = Arc::new(KeyPair::from_pem(&std::fs::read_to_string(key).unwrap()).unwrap());
    let made = root("R").issue_for(leaf(), &key);
    let facts = x509::read(&made.der).unwrap();
    let key = facts.key.rsa_public_key_hex.clone().unwrap();
    let mut stand_ins = StandIns::default();
    let other = format!("308189028181009A2B32{}0203010001", "5A".repeat(125));
    let pins = [
        key.clone(),
        key.to_ascii_uppercase(),
        other,
        facts.key.spki_hex.clone(),
        data_encoding::HEXUPPER.encode(&made.der),
        key.get(2..200).unwrap().to_owned(),
        facts.sha1.to_ascii_uppercase(),
        facts.id.0.clone(),
        format!("sha256//{}", facts.key.spki_sha256),
        "no hex".to_owned(),
        String::new(),
    ];
    let form = |pin: &str| match pin::form(pin) {
        Form::Key { .. } => None,
        Form::Fault(fault) => Some(fault),
    };
    // What was learned of the key holds from the second time on.
    let mut new = (facts.clone(), Vec::new());
    for _ in 0..2 {
        let pins = pins.iter().map(|pin| stand_ins.pin(pin)).collect();
        new = (stand_ins.certificate(&facts), pins);
        stand_ins.settle();
    }
    let (new_facts, new_pins) = new;
    for (real, new) in pins.iter().zip(&new_pins) {
        assert_eq!(form(real), form(new), "{real} became {new}");
        assert!(real.is_empty() || (real != new && real.len().abs_diff(new.len()) < real.len()), "{real} became {new}");
    }
    assert_eq!(form(&new_pins[4]), Some(PinFault::IsCertificate));
    let new_key = new_facts.key.rsa_public_key_hex.unwrap();
    assert_eq!((&new_pins[0], &new_pins[1]), (&new_key, &new_key.to_ascii_uppercase()));
    assert!(
        matches!(pin::form(&new_pins[0]), Form::Key { spki_sha256, .. } if spki_sha256 == new_facts.key.spki_sha256)
    );
    assert_eq!(new_pins[3], new_facts.key.spki_hex);
    let part = new_key.find(&new_pins[5]).unwrap();
    assert_eq!((part, new_pins[5].len()), (2, 198));
    assert_eq!(new_pins[6], new_facts.sha1.to_ascii_uppercase());
    assert_eq!(new_pins[7], new_facts.id.0);
    assert_eq!(new_pins[8], format!("sha256//{}", new_facts.key.spki_sha256));
}

#[test]
fn public_roots_and_the_words_of_the_protocol_stay() {
    let mut stand_ins = StandIns::default();
    let mut redactor = Redactor(&mut stand_ins);
    for (url, expected) in [
        ("https://ts.example.org:9001/TrustService", "https://name1.name2.name3:9001/TrustService"),
        (" https:\t//TS.example.org/secret/?token=Abc", "https://name1.name2.name3/name4/?name5=Name6"),
        (
            "https://user:word@[fd00::1]:8443/TrustService/SSLPinning/Settings?URL=ts.example.org",
            "https://name7:name8@[fd00:5a::1]:8443/TrustService/SSLPinning/Settings?URL=name1.name2.name3",
        ),
        ("https://b\u{fc}cher.example.org", "https://name9--name10-name11.name2.name3/"),
        ("https://ts.example.org:4711471147114711/", "name12://name1.name2.name3:name13/"),
        ("javascript://evil", "name14://name15"),
        ("no url", "name16 name17"),
    ] {
        assert_eq!(redactor.url(url), expected, "{url}");
    }
    for (target, expected) in [
        ("ts.example.org:443@10.1.0.11:9001", "name1.name2.name3:443@10.128.0.2:9001"),
        ("ts.example.org:443@fd00::1:2:3:4567", "name1.name2.name3:443@fd00:5a::3"),
        ("/etc/site/trust-service.csr", "/name18/name19/name20-name21.csr"),
        ("the recording from discovery", "the recording from discovery"),
        (
            "ts.example.org (DNS server tls://10.1.0.11:853#ts.example.org)",
            "name1.name2.name3 (DNS server tls://10.128.0.2:853#name1.name2.name3)",
        ),
        ("ts.example.org (the hosts file)", "name1.name2.name3 (the hosts file)"),
    ] {
        assert_eq!(redactor.target(target), expected, "{target}");
    }
    let isrg = "CN=ISRG Root X1,O=Internet Security Research Group,C=US";
    assert!(x509::is_public_name(isrg));
    assert_eq!(stand_ins.distinguished_name(isrg), isrg);
    assert_eq!(
        stand_ins.distinguished_name("CN=ts.example.org,O=A\\, B+OU=x"),
        "CN=name1.name2.name3,O=Name22\\, Name23+OU=name24"
    );
    assert_eq!(stand_ins.host("discovery.awmdm.com"), "discovery.awmdm.com");
}

#[test]
fn names_that_only_look_alike_stay_apart() {
    let spellings: Vec<String> =
        (0..40_u32).map(|bits| (0..6).map(|at| if bits >> at & 1 == 1 { 'A' } else { 'a' }).collect()).collect();
    let spellings: Vec<&str> = spellings.iter().map(String::as_str).collect();
    let long: Vec<String> = (1..30).map(|length| format!("{}.test", "s".repeat(length))).collect();
    let more =
        ["a*.acme.test", "b*.acme.test", "d*.acme.test", "*s.acme.test", "b\u{dc}.acme.test", "b\u{fc}.acme.test"];
    let named: Vec<&str> = [&spellings[..], &more, &long.iter().map(String::as_str).collect::<Vec<_>>()].concat();
    let (_, new) = both(&["ds.acme.test"], &named);
    let apart: std::collections::BTreeSet<&String> = new.iter().collect();
    assert_eq!(apart.len(), named.len(), "{new:?}");
    assert!(would_match(
        &both(&["ds.acme.test"], &["d*.acme.test"]).0[0],
        &both(&["ds.acme.test"], &["d*.acme.test"]).1[0]
    ));
    assert!(!new[44].chars().any(|c| c.is_ascii_uppercase()), "{}", new[44]);
    // The end of a host that is a word which everybody knows.
    let (hosts, named) = both(&["mydiscovery.acme.test"], &["discovery.acme.test"]);
    assert!(hosts[0].ends_with(&named[0]) && hosts[0] != named[0], "{hosts:?} {named:?}");
}

#[test]
fn who_is_asked_directly_is_so_among_stand_ins() {
    let mut recording = presents(&[&root("R").leaf()], &Supplied::default());
    recording.deployment.network.proxy =
        Some(Proxy { scheme: ProxyScheme::Http, host: "proxy.corp".into(), port: 3128 });
    recording.deployment.network.no_proxy = vec![" *.EXAMPLE.com".into(), "10.0.0.0/8".into()];
    let redacted = redact(std::slice::from_ref(&recording), "s").unwrap();
    let network = &redacted[0].deployment.network;
    assert!(network.proxy_for(&redacted[0].connections[0].endpoint.host).is_none(), "{network:?}");
    assert!(network.proxy_for("another.host").is_some());
    assert!(network.proxy.as_ref().unwrap().host.starts_with("name"));
    assert!(network.proxy_for("discovery.awmdm.com").is_some(), "{network:?}");
    recording.deployment.network.proxy = None;
    let redacted = redact(std::slice::from_ref(&recording), "s").unwrap();
    assert!(redacted[0].deployment.network.no_proxy.is_empty());
}

#[test]
fn a_redacted_chain_is_judged_for_another_moment_as_the_real_one_is() {
    let authority = root("R");
    let leaf = authority.leaf();
    let recording = presents(&[&leaf, &authority], &Supplied { ca_files: &[&authority], ..Supplied::default() });
    let redacted = redact(std::slice::from_ref(&recording), "s").unwrap();
    assert!(redacted[0].certificates.is_empty());
    let later = crate::time::Timestamp(NOW.0 + 20 * 365 * 86_400);
    for moment in [NOW, later] {
        let real = x509::chains(std::slice::from_ref(&recording), moment).into_values().next().unwrap();
        let new = x509::chains(&redacted, moment).into_values().next().unwrap();
        let out = |chain: &ChainFacts| chain.paths.iter().map(|path| path.out_of_time.len()).collect::<Vec<_>>();
        assert_eq!((out(&real), real.paths.len()), (out(&new), new.paths.len()));
        assert_eq!(out(&new)[0] > 0, moment == later);
    }
    // Once more, and nothing is lost.
    assert_eq!(redact(&redacted, "t").unwrap()[0].facts.as_ref().unwrap().chains.len(), 1);
}

#[test]
fn what_a_redacted_chain_says_of_a_certificate_is_not_what_was_read() {
    let recording = presents(&[&root("R").leaf()], &Supplied::default());
    let mut redacted = redact(std::slice::from_ref(&recording), "s").unwrap();
    let leaf = redacted[0].connections[0].presented().unwrap()[0].clone();
    let is_known = |recordings: &[Recording]| {
        let case = Case::new(recordings, &recording.policy, NOW).unwrap();
        assert!(case.chain(std::slice::from_ref(&leaf)).is_some());
        case.certificate(&leaf).is_some()
    };
    assert!(is_known(&redacted));
    redacted[0].facts.as_mut().unwrap().certificates.clear();
    assert!(!is_known(&redacted));
}

#[test]
fn recordings_that_were_redacted_together_say_so() {
    let recording = presents(&[&root("R").leaf()], &Supplied::default());
    let set = |recordings: &[Recording], set: &str| -> Vec<String> {
        redact(recordings, set).unwrap().into_iter().map(|recording| recording.facts.unwrap().set).collect()
    };
    let both = [recording.clone(), recording];
    assert_eq!(set(&both, "s"), ["s", "s"]);
    let once = redact(&both, "s").unwrap();
    assert_eq!(set(&once, "t"), ["t", "t"], "what it once was of does not matter");
}

#[test]
fn a_declared_file_is_called_as_the_supplied_one() {
    let authority = root("R");
    let files = [(FileUse::Uploaded, &authority)];
    let mut recording = presents(&[&authority.leaf()], &Supplied { files: &files, ..Supplied::default() });
    let paths = ["/site/a.pem", "b.P7B", "/site/c", "d.e", "f.csr"];
    recording.deployment.device_services.certificates = paths.map(str::to_owned).into();
    recording.files[0].path = paths[0].into();
    let redacted = redact(std::slice::from_ref(&recording), "s").unwrap();
    let new = &redacted[0].deployment.device_services.certificates;
    let expected = ["/name1/name2.pem", "name3.Name4", "/name1/name5", "name6.name7", "name8.csr"];
    let shape = |text: &String| text.split(|c: char| c.is_ascii_digit()).collect::<String>();
    assert_eq!(new.iter().map(shape).collect::<Vec<_>>(), expected.map(|text| shape(&text.to_owned())));
    assert_eq!(redacted[0].files[0].path, new[0]);
}

#[test]
fn a_certificate_under_another_ones_id_is_no_fact() {
    let (one, two, other) = (root("R"), root("S"), root("T"));
    let mut recording = presents(&[&one, &two], &Supplied::default());
    recording.certificates.insert(other.id(), Der(one.der.clone()));
    let facts = facts_of(&recording, "s");
    let known: BTreeSet<CertId> = facts.certificates.iter().map(|facts| facts.id.clone()).collect();
    assert_eq!((facts.certificates.len(), known), (2, [one.id(), two.id()].into()));
}

#[test]
fn declared_servers_stay_as_many_and_keep_their_ports() {
    let mut recording = presents(&[&root("R").leaf()], &Supplied::default());
    let declared = ["10.1.0.11", "ds1.corp:8443", "[fd00::1]:443"];
    recording.deployment.device_services.backends = declared.map(|server| server.parse().unwrap()).into();
    let redacted = redact(std::slice::from_ref(&recording), "s").unwrap().remove(0);
    let backends = &redacted.deployment.device_services.backends;
    assert_eq!(backends.iter().map(|server| server.port).collect::<Vec<_>>(), [None, Some(8443), Some(443)]);
    assert_eq!(
        Some(backends[0].host.as_str()),
        redacted.connections[0].address.map(|at| at.ip().to_string()).as_deref()
    );
    assert!(backends[1].host.starts_with("name") && backends[2].host.starts_with("fd00:5a:"), "{backends:?}");
}

#[test]
fn what_is_asked_of_a_deployment_stays_but_for_places_and_reasons() {
    let mut recording = presents(&[&root("R").leaf()], &Supplied::default());
    let accept = |target: &str, reason: &str| Accept {
        check: "certificate/expiry".into(),
        target: Some(target.into()),
        until: Some(NOW),
        reason: reason.into(),
    };
    recording.policy = Policy {
        scope: Scope::Vantage,
        fail_on: FailOn::Warning,
        warning_days: 45,
        critical_days: 3,
        max_offline: Duration::from_hours(1),
        max_age: Duration::from_hours(2),
        severity: [("pins/successor".to_owned(), Severity::Fail)].into(),
        accept: vec![accept("10.1.0.11:443", "the ticket of Jo")],
        only: vec!["pins/*".into()],
        skip: vec!["dns/*".into()],
    };
    let redacted = redact(std::slice::from_ref(&recording), "s").unwrap().remove(0);
    let accepted = accept(redacted.policy.accept[0].target.as_ref().unwrap(), LEFT_OUT);
    assert_ne!(accepted.target, recording.policy.accept[0].target);
    assert_eq!(redacted.policy, Policy { accept: vec![accepted], ..recording.policy });
}

#[test]
fn places_keep_their_form() {
    let mut stand_ins = StandIns::default();
    let mut redactor = Redactor(&mut stand_ins);
    for (target, expected) in [
        ("ds.test", "name1.name2"),
        ("ds.test:443", "name1.name2:443"),
        ("ds.test:secret", "name1.name2:name3"),
        ("ds.test:443@fd00::1", "name1.name2:443@fd00:5a::1"),
        ("fd00::1:443", "fd00:5a::2"),
        ("[fd00::1]:443", "[fd00:5a::1]:443"),
        ("10.0.0.1:443", "10.128.0.3:443"),
        ("10.0.0.1", "10.128.0.3"),
        ("uploads\\ds.old", "name4\\name1.name5"),
        ("uploads/ds", "name4/name1"),
        ("ds.pem", "name1.pem"),
        ("Trust Service settings", "Trust Service settings"),
    ] {
        assert_eq!(redactor.target(target), expected);
    }
}

#[test]
fn of_an_answer_only_what_is_judged_is_kept() {
    let mut stand_ins = StandIns::default();
    let mut redactor = Redactor(&mut stand_ins);
    for (name, value, expected) in [
        ("location", "https://ds.test/", Some("https://name1.name2/")),
        ("content-type", "Text/HTML; site=x", Some("text/html")),
        ("content-type", "application/JSON", Some("application/json")),
        ("content-type", "secret", Some("(redacted)")),
        ("age", "17", Some("17")),
        ("age", "17 site", Some("(redacted)")),
        ("server", "site", None),
    ] {
        let kept = redactor.header(name, value);
        assert_eq!(kept, expected.map(|value| (name.to_owned(), value.to_owned())));
    }
    let mut body = |request: &Request, text: &str| {
        let body = Body { bytes: Der(text.into()), end: BodyEnd::Complete };
        String::from_utf8(redactor.body(request, &body).bytes.0).unwrap()
    };
    let (settings, handed_out) = (Request::Settings { spelling: Spelling::Client }, Request::TrustServiceSettings);
    for (text, expected) in [
        ("", ""),
        (" \n", " \n"),
        ("<p>site", "<redacted>"),
        ("  <p>site", "<redacted>"),
        ("{site", "{redacted"),
        ("site", "redacted"),
    ] {
        assert_eq!(body(&settings, text), expected);
    }
    assert_eq!(body(&handed_out, r#"{"Uri":"https://ds.test/"}"#), r#"{"Uri":"https://name1.name2/"}"#);
    assert_eq!(body(&handed_out, r#"{"Site":null}"#), r#"{"Name3":null}"#);
    // Where pins are asked for, every key is a host, and every text a pin.
    assert_eq!(body(&settings, r#"{"uri":["ds/x"]}"#), r#"{"name4":["name1/name5"]}"#);
    assert_eq!(body(&Request::HostRegistry, r#"{"uri":["ds/x"]}"#), r#"{"name4":["name1/name5"]}"#);
    let part = body(&settings, r#"{"uri":["FFEE01"]}"#);
    assert!(part.starts_with(r#"{"name4":["5A"#) && part.len() == r#"{"name4":["FFEE01"]}"#.len(), "{part}");
}
