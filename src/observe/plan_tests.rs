use pinflight_checks::deployment::TrustServiceMode;

use super::*;
use crate::observe::tests::deployment;

fn asks(vantage: Vantage, deployment: &Deployment) -> Vec<String> {
    plan(vantage, deployment).into_iter().map(|question| question.ask).collect()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a plan is told line by line")]
fn the_whole_plan_is_told() {
    let mut deployment = deployment();
    deployment.discovery.mail_domain = Some("example.com/x".to_owned());
    deployment.network.system_resolver = true;
    deployment.network.dns_servers = vec!["10.1.0.53".parse().unwrap()];
    deployment.network.retry = 1;
    let each = |name: &str| Some(format!("for each address of {name} that is found, 16 at most"));
    let nothing_in_common =
        "if its TLS handshake fails for want of something in common (by what it says, an alert, a reset or a close)";
    let several = Some("if ds.example has more than one address, for each of them".to_owned());
    let below = |name: &str| each(name).map(|each| format!("{each}, {nothing_in_common}"));
    let named = "if Device Services names another Trust Service URL than the declared one, 3 at most".to_owned();
    let each_named = Some(format!("{named}: for each of its addresses, 16 at most"));
    let expected: Vec<(&str, Option<String>)> = vec![
        ("A and AAAA of discovery.example from the operating system", None),
        ("A and AAAA of discovery.example from DNS server 10.1.0.53", None),
        ("the hosts file for discovery.example", None),
        (
            "TLS handshake with each address of discovery.example, port 443, SNI discovery.example",
            each("discovery.example"),
        ),
        ("TLS handshake with each address of discovery.example, port 443 without SNI", each("discovery.example")),
        (
            "TLS 1.2-only handshake with each address of discovery.example, port 443, SNI discovery.example",
            each("discovery.example"),
        ),
        (
            "GET https://discovery.example/autodiscovery/HostRegistry.aws?URL=ds.example from each address of discovery.example, port 443",
            each("discovery.example"),
        ),
        (
            "GET https://discovery.example/autodiscovery/awcredentials.aws/v2/domainlookup/domain/example.com%2Fx from each address of discovery.example, port 443",
            each("discovery.example"),
        ),
        (
            "versions and suites of TLS 1.2 and older at each address of discovery.example, port 443, SNI discovery.example: 16 hellos at most",
            below("discovery.example"),
        ),
        ("A and AAAA of ds.example from the operating system", None),
        ("A and AAAA of ds.example from DNS server 10.1.0.53", None),
        ("the hosts file for ds.example", None),
        ("TLS handshake with each address of ds.example, port 443, SNI ds.example", each("ds.example")),
        ("TLS handshake with each address of ds.example, port 443 without SNI", each("ds.example")),
        ("TLS handshake with each address of ds.example, port 443, SNI ds.example, repeat 1", several.clone()),
        ("TLS handshake with each address of ds.example, port 443, SNI ds.example, repeat 2", several.clone()),
        ("TLS 1.2-only handshake with each address of ds.example, port 443, SNI ds.example", each("ds.example")),
        (
            "GET https://ds.example/DeviceServices/TrustServiceSettings from each address of ds.example, port 443",
            each("ds.example"),
        ),
        (
            "versions and suites of TLS 1.2 and older at each address of ds.example, port 443, SNI ds.example: 16 hellos at most",
            below("ds.example"),
        ),
        ("A and AAAA of ts.example from the operating system", None),
        ("A and AAAA of ts.example from DNS server 10.1.0.53", None),
        ("the hosts file for ts.example", None),
        ("TLS handshake with each address of ts.example, port 9001, SNI ts.example", each("ts.example")),
        ("TLS handshake with each address of ts.example, port 9001 without SNI", each("ts.example")),
        ("TLS handshake with each address of ts.example, port 9001, SNI ds.example", each("ts.example")),
        ("TLS 1.2-only handshake with each address of ts.example, port 9001, SNI ts.example", each("ts.example")),
        (
            "GET https://ts.example:9001/TrustService/sslpinning/settings?URL=ds.example from each address of ts.example, port 9001",
            each("ts.example"),
        ),
        (
            "GET https://ts.example:9001/TrustService/SSLPinning/Settings?URL=ds.example from each address of ts.example, port 9001",
            each("ts.example"),
        ),
        (
            "versions and suites of TLS 1.2 and older at each address of ts.example, port 9001, SNI ts.example: 16 hellos at most",
            below("ts.example"),
        ),
        ("A and AAAA of the host of the named URL from the operating system", Some(named.clone())),
        ("A and AAAA of the host of the named URL from DNS server 10.1.0.53", Some(named.clone())),
        ("the hosts file for the host of the named URL", Some(named)),
        ("TLS handshake with the host of the named URL, SNI the host of the named URL", each_named.clone()),
        ("TLS handshake with the host of the named URL without SNI", each_named.clone()),
        ("TLS 1.2-only handshake with the host of the named URL, SNI the host of the named URL", each_named.clone()),
        ("GET the named URL/sslpinning/settings from the host of the named URL", each_named.clone()),
        ("GET the named URL/SSLPinning/Settings from the host of the named URL", each_named.clone()),
        (
            "versions and suites of TLS 1.2 and older at the host of the named URL, SNI the host of the named URL: 16 hellos at most",
            each_named.map(|each| format!("{each}, {nothing_in_common}")),
        ),
        ("A and AAAA of pinflight.invalid from the operating system", None),
        ("A and AAAA of pinflight.invalid from DNS server 10.1.0.53", None),
        ("the same TCP connection again", Some("if nobody answers within connect_timeout, up to 1 times".to_owned())),
        (
            "the same DNS question again over UDP",
            Some("if a DNS server does not answer within half of step_timeout, once".to_owned()),
        ),
        ("the same DNS question over TCP", Some("if the answer over UDP is truncated".to_owned())),
        (
            "A or AAAA of that CNAME from the same DNS server",
            Some("if an answer ends in a CNAME without addresses, 8 in a row at most".to_owned()),
        ),
    ];
    let plan = plan(Vantage::Console, &deployment);
    for (got, expected) in plan.iter().zip(&expected) {
        assert_eq!((got.ask.as_str(), &got.condition), (expected.0, &expected.1));
    }
    assert_eq!(plan.len(), expected.len());
}

#[test]
fn the_vantage_and_the_mode_decide() {
    let mut deployment = deployment();
    deployment.device_services.backends = vec!["10.1.0.11".parse().unwrap(), "10.1.0.12:8443".parse().unwrap()];
    deployment.trust_service.mode = TrustServiceMode::Cloud;
    let cloud = asks(Vantage::Console, &deployment);
    assert!(cloud.iter().all(|ask| !ask.contains("ts.example") && !ask.contains("TrustServiceSettings")), "{cloud:#?}");
    assert!(cloud.contains(&"TLS handshake with 10.1.0.12:8443, SNI ds.example".to_owned()));
    let device = asks(Vantage::Device, &deployment);
    assert!(
        device.iter().any(|ask| ask.contains("HostRegistry")) && !device.iter().any(|ask| ask.contains("10.1.0.11"))
    );
    deployment.trust_service.mode = TrustServiceMode::Awcm;
    let cloud_stand_in = asks(Vantage::Discovery, &deployment);
    assert!(cloud_stand_in.iter().all(|ask| !ask.contains("discovery.example") && !ask.contains("ts.example")));
    assert!(!cloud_stand_in.iter().any(|ask| ask.contains("named URL")));
    let console = asks(Vantage::Console, &deployment);
    assert!(console.iter().any(|ask| ask.contains("10.1.0.12:8443") && ask.contains("TrustServiceSettings")));
}

#[test]
fn a_proxy_that_resolves_needs_no_dns_but_for_its_own_name() {
    let mut deployment = deployment();
    let proxy = |scheme| Proxy { scheme, host: "proxy.example".to_owned(), port: 3128 };
    deployment.network.system_resolver = true;
    deployment.network.proxy = Some(proxy(pinflight_checks::deployment::ProxyScheme::Http));
    let by_name = asks(Vantage::Console, &deployment);
    let names: Vec<_> = by_name.iter().filter(|ask| ask.starts_with("A and AAAA")).collect();
    assert_eq!(names, ["A and AAAA of proxy.example from the operating system"]);
    assert_eq!(
        by_name[2],
        "TLS handshake with discovery.example:443 through http://proxy.example:3128, SNI discovery.example"
    );
    deployment.network.proxy = Some(proxy(pinflight_checks::deployment::ProxyScheme::Socks5));
    let resolved = asks(Vantage::Console, &deployment);
    assert!(resolved.contains(&"A and AAAA of ds.example from the operating system".to_owned()));
}

#[test]
fn overrides_need_no_resolver() {
    let mut deployment = deployment();
    let rule = |host: &str, port, ip: &str| pinflight_checks::deployment::ResolveOverride {
        host: host.to_owned(),
        port,
        addresses: vec![ip.parse().unwrap()],
    };
    deployment.network.resolve = vec![rule("*", 443, "127.0.0.9"), rule("ds.example", 443, "127.0.0.2")];
    let place = |host: &str, port| Endpoint::new(host, port);
    let network = &deployment.network;
    assert_eq!(known_addresses(&place("ds.example", 443), network), Some(vec!["127.0.0.2".parse().unwrap()]));
    assert_eq!(known_addresses(&place("other.example", 443), network), Some(vec!["127.0.0.9".parse().unwrap()]));
    assert_eq!(known_addresses(&place("ds.example", 444), network), None);
    assert_eq!(known_addresses(&place("192.0.2.1", 443), network), Some(vec!["192.0.2.1".parse().unwrap()]));
}

#[test]
fn connect_to_follows_curl() {
    let mut deployment = deployment();
    deployment.network.connect_to = vec![pinflight_checks::deployment::ConnectTo {
        host: Some("ds.example".to_owned()),
        port: None,
        to_host: Some("127.0.0.2".to_owned()),
        to_port: Some(8443),
    }];
    let asks = asks(Vantage::Device, &deployment);
    assert!(asks.contains(&"TLS handshake with 127.0.0.2:8443, SNI ds.example".to_owned()), "{asks:#?}");
}

#[test]
fn only_another_place_is_followed() {
    let url = |text: &str| text.parse::<ServiceUrl>().unwrap();
    let declared = url("https://ts.example:9001/TrustService");
    for (handed_out, elsewhere) in [
        ("https://TS.example:9001/trustservice/", false),
        ("https://ts.example:9001/TrustService", false),
        ("https://ts.example/TrustService", true),
        ("http://ts.example:9001/TrustService", true),
        ("https://other.example:9001/TrustService", true),
        ("https://ts.example:9001/Other", true),
    ] {
        assert_eq!(leads_elsewhere(&url(handed_out), Some(&declared)), elsewhere, "{handed_out}");
    }
    assert!(leads_elsewhere(&declared, None));
}

#[test]
fn settings_are_asked_below_the_url_without_what_does_not_belong_there() {
    let url: ServiceUrl = "https://ts.example:9001/TrustService/?x=1#y".parse().unwrap();
    let asked = settings_url(&url, Spelling::Client, "ds.example").unwrap();
    assert_eq!(asked.as_str(), "https://ts.example:9001/TrustService/SSLPinning/Settings?URL=ds.example");
}

#[test]
fn the_trust_service_s_port_is_asked_under_the_other_name() {
    let under = |deployment: &Deployment, place: &str, name: &str| {
        let wanted = format!("TLS handshake with {place}, SNI {name}");
        asks(Vantage::Console, deployment).contains(&wanted)
    };
    let mut deployment = deployment();
    deployment.trust_service.servers = vec!["10.1.0.21".parse().unwrap()];
    deployment.device_services.backends = vec!["10.1.0.11".parse().unwrap(), "10.1.0.12:9001".parse().unwrap()];
    assert!(under(&deployment, "each address of ts.example, port 9001", "ds.example"));
    assert!(under(&deployment, "10.1.0.21:9001", "ds.example"));
    // Another port is not the Trust Service's.
    assert!(!under(&deployment, "each address of ds.example, port 443", "ts.example"));
    assert!(!under(&deployment, "10.1.0.11:443", "ts.example"));
    assert!(under(&deployment, "10.1.0.12:9001", "ts.example"));

    let changed = |change: fn(&mut Deployment)| {
        let mut deployment = deployment.clone();
        change(&mut deployment);
        asks(Vantage::Console, &deployment).iter().filter(|ask| ask.contains("SNI")).count()
    };
    let all = changed(|_| ());
    for change in [
        (|deployment| deployment.trust_service.mode = TrustServiceMode::Awcm) as fn(&mut Deployment),
        |deployment| deployment.trust_service.url = Some("https://ds.example:9001/TrustService".parse().unwrap()),
        |deployment| deployment.device_services.url = "https://10.1.0.1".parse().unwrap(),
    ] {
        assert!(changed(change) < all);
    }
}

#[test]
fn one_server_s_turns_follow_from_what_is_asked_of_one_place() {
    let turns = |deployment: &Deployment| most_with_one_server(&targets(Vantage::Console, deployment));
    let mut deployment = deployment();
    let before = turns(&deployment);
    deployment.network.repeat += 40;
    assert_eq!(turns(&deployment), before + 40);
    let address = |host: u8| format!("10.1.0.{host}").parse().unwrap();
    deployment.device_services.backends = (1..=200).map(address).collect();
    assert_eq!(turns(&deployment), before + 40, "others wait for nobody");
}
