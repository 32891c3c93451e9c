//! What sound configurations come to.

use std::time::Duration;

use pinflight_checks::{
    deployment::{
        AddressFamily, ConnectTo, DnsTransport, Endpoint, ProxyScheme, ResolveOverride, Severity, TrustServiceMode,
    },
    time::Timestamp,
};

use super::*;

#[test]
fn flags_alone_are_enough() {
    let flags = [
        "--from",
        "console",
        "--device-services",
        "https://DS.example.com",
        "--trust-service",
        "https://ts.example.com:9001/TrustService",
    ];
    let settings = load_with(&flags, &[], &[]).unwrap();
    assert_eq!(settings.vantage, Vantage::Console);
    assert_eq!(settings.deployment.device_services_endpoint(), Endpoint::new("ds.example.com", 443));
    assert_eq!(settings.deployment.trust_service.mode, TrustServiceMode::OnPremises);
    assert_eq!(settings.deployment.trust_service_endpoint(), Some(Endpoint::new("ts.example.com", 9001)));
    assert_eq!(settings.deployment.discovery_endpoint(), Endpoint::new("discovery.awmdm.com", 443));
    assert_eq!(settings.policy, Policy::default());
    assert_eq!(settings.files, Vec::<PathBuf>::new());
    assert_eq!(
        settings.deployment.command,
        "pinflight check --device-services https://DS.example.com --trust-service https://ts.example.com:9001/TrustService"
    );
}

#[test]
fn later_layers_win() {
    let files: [(&str, &[u8]); 2] = [
        (
            "a.toml",
            b"vantage = \"console\"\ndevice_services.url = \"https://a.example.com\"\ndevice_services.backends = [\"10.0.0.1\"]\nnetwork.jobs = 1\nnetwork.retry = 1\nnetwork.repeat = 1\n[policy.severity]\n\"certificate/order\" = \"fail\"\n",
        ),
        (
            "conf/b.toml",
            b"device_services.backends = []\nnetwork.jobs = 2\nnetwork.retry = 2\nnetwork.repeat = 2\ntrust.ca_files = [\"root.pem\", \"/etc/root.pem\"]\n[policy.severity]\n\"certificate/path\" = \"warn\"\n",
        ),
    ];
    let flags = ["--config", "a.toml", "--config", "conf/b.toml", "--repeat", "4", "--balancer", "10.0.0.9"];
    let variables = [("PINFLIGHT_NETWORK_RETRY", "3"), ("PINFLIGHT_NETWORK_REPEAT", "3"), ("PINFLIGHT_VANTAGE", "")];
    let settings = load_with(&flags, &files, &variables).unwrap();
    let network = &settings.deployment.network;
    assert_eq!((network.jobs, network.retry, network.repeat), (2, 3, 4));
    assert_eq!(settings.deployment.device_services.backends, []);
    assert_eq!(settings.deployment.trust.ca_files, ["conf/root.pem", "/etc/root.pem"]);
    assert_eq!(settings.policy.severity.len(), 2);
    assert_eq!(settings.policy.severity.get("certificate/order"), Some(&Severity::Fail));
    assert_eq!(
        settings.deployment.command,
        "pinflight check --config a.toml --config conf/b.toml --balancer 10.0.0.9 --repeat 4"
    );

    let origins = &settings.origins;
    assert_eq!(origins.of("vantage").to_string(), "a.toml:1");
    assert_eq!(origins.of("network.jobs").to_string(), "conf/b.toml:2");
    assert_eq!(origins.of("network.retry").to_string(), "environment PINFLIGHT_NETWORK_RETRY");
    assert_eq!(origins.of("network.repeat").to_string(), "--repeat");
    assert_eq!(origins.of("network.proxy").to_string(), "default");
    assert_eq!(origins.of_file(FileUse::CaFile, "conf/root.pem").to_string(), "conf/b.toml:5");
    assert_eq!(origins.of_file(FileUse::Uploaded, "conf/root.pem"), Origin::Default);
}

#[test]
fn a_named_file_replaces_the_default_one() {
    let other = LEAST.replace("console", "device");
    let files = [("pinflight.toml", LEAST.as_bytes()), ("other.toml", other.as_bytes())];
    assert_eq!(load_with(&[], &files, &[]).unwrap().vantage, Vantage::Console);
    let settings = load_with(&["--config", "other.toml"], &files, &[]).unwrap();
    assert_eq!((settings.vantage, settings.files), (Vantage::Device, vec![PathBuf::from("other.toml")]));
}

#[test]
fn what_servers_present_is_asked_from_wherever_asks_them_alone() {
    const DS: [&str; 2] = ["--device-services", "https://ds.example.com"];
    const TS: [&str; 2] = ["--trust-service", "https://ts.example.com:9001/TrustService"];
    let vantage = |words: &[&[&str]]| load_with(&words.concat(), &[], &[]).ok().map(|settings| settings.vantage);
    let certificates = &["--only", "certificate/*"][..];
    for (words, expected) in [
        (&[&DS[..], certificates][..], Some(Vantage::Discovery)),
        (&[&DS, certificates, &["--skip", "certificate/order"]], Some(Vantage::Discovery)),
        (&[&DS, &["--only", "certificate/expiry"], &["--balancer", "10.0.0.9"]], Some(Vantage::Discovery)),
        (&[&DS, &TS, certificates], Some(Vantage::Device)),
        (&[&DS, &["--mode", "awcm"], certificates], Some(Vantage::Discovery)),
        (&[&DS, certificates, &["--from", "console"]], Some(Vantage::Console)),
        (&[&DS], None),
        (&[&DS, &["--skip", "certificate/*"]], None),
        (&[&DS, certificates, &["--only", "pins/*"]], None),
        (&[&DS, certificates, &["--skip", "certificate/*"]], None),
        (&[&DS, certificates, &["--backend", "10.0.0.11"]], None),
        (&[&DS, &TS, certificates, &["--trust-service-server", "10.0.0.21"]], None),
        (&[&DS, certificates, &["--record", "kept.json"]], None),
    ] {
        assert_eq!(vantage(words), expected, "{words:?}");
    }
}

#[test]
fn the_command_is_quoted_and_leaves_this_runs_output_out() {
    let settings = load_flags(&[
        "--from",
        "device",
        "--only",
        "certificate/*",
        "-4",
        "--certificate",
        "it's ours.cer",
        "-o",
        "json",
        "--record",
        "r.json",
        "--resolve",
        "*:443:[fd00::1]",
        "-m",
        "30",
    ]);
    assert_eq!(
        settings.unwrap().deployment.command,
        "pinflight check --config pinflight.toml --certificate 'it'\\''s ours.cer' --resolve '*:443:[fd00::1]' \
         --max-time 30 --only 'certificate/*' --ipv4"
    );
}

#[test]
fn every_flag_is_in_the_command_and_read_by_it() {
    let flags = [
        "--device-services https://ds.example.com --trust-service https://ts.example.com --mode on-premises",
        "--backend 10.0.0.1 --balancer 10.0.0.2 --reverse-proxy 10.0.0.3 --trust-service-server 10.0.0.4",
        "--certificate a.cer --next-certificate b.cer --csr c.csr --trust-service-certificate d.cer --signing-root e.cer",
        "--pin 308189028181009A2B3200000000000000000000000000000203010001 --workspace-one-id-domain example.com",
        "--mail-domain example.com --discovery d.example.com:8443 --console-host c.example.com --cacert f.pem --roots none",
        "--proxy socks5h://p.example.com:1080 --no-proxy example.com,10.0.0.0/8 --dns-server 10.0.0.5",
        "--system-resolver false --resolve a.example.com:443:10.0.0.6 --connect-to a:1:b:2 --ipv6",
        "--connect-timeout 1 --step-timeout 2s --question-timeout 3000ms --max-time 1m --retry 1 --repeat 2 --jobs 3",
        "--scope vantage --fail-on warning --warning-days 9 --critical-days 8 --max-offline 7d --max-age 6h",
        "--only certificate/path --skip pins/well-formed",
    ]
    .join(" ");
    let words: Vec<&str> = ["--from", "device"].into_iter().chain(flags.split(' ')).collect();
    let settings = load_with(&words, &[], &[]).unwrap();
    let command = settings.deployment.command_from(Vantage::Device);
    let again: Vec<&str> = command.split(' ').skip(2).collect();
    let again = load_with(&again, &[], &[]).unwrap();
    assert_eq!(again, settings);
    for word in flags.split(' ').filter(|word| word.starts_with("--")) {
        assert!(command.contains(&format!(" {word} ")), "{word} is not in {command}");
    }
    let known: Vec<&str> = keys::KEYS.iter().filter_map(|key| key.flag).filter(|flag| *flag != "--ipv4").collect();
    for flag in known {
        assert!(command.contains(&format!(" {flag} ")), "{flag} is not in {command}");
    }
    for key in keys::KEYS.iter().filter(|key| key.flag.is_some()) {
        assert!(matches!(settings.origins.of(key.name), Origin::Flag(_)), "{}", key.name);
    }
}

#[test]
fn the_mode_follows_the_url() {
    for (flags, expected) in [
        (vec![], TrustServiceMode::Cloud),
        (vec!["--trust-service", "http://ts.example.com"], TrustServiceMode::OnPremises),
        (vec!["--mode", "awcm"], TrustServiceMode::Awcm),
        (vec!["--mode", "awcm", "--trust-service", "https://ts.example.com"], TrustServiceMode::Awcm),
        (vec!["--mode", "none"], TrustServiceMode::None),
    ] {
        assert_eq!(load_flags(&flags).unwrap().deployment.trust_service.mode, expected, "{flags:?}");
    }
}

#[test]
fn names_become_a_labels_in_lower_case() {
    let settings = load_flags(&[
        "--discovery",
        "Bücher.Example.",
        "--console-host",
        "[FD00::1]",
        "--mail-domain",
        "BÜCHER.example",
    ]);
    let deployment = settings.unwrap().deployment;
    assert_eq!(deployment.discovery_endpoint(), Endpoint::new("xn--bcher-kva.example", 443));
    assert_eq!(deployment.console.as_deref(), Some("fd00::1"));
    assert_eq!(deployment.discovery.mail_domain.as_deref(), Some("xn--bcher-kva.example"));
    for (text, host, port) in [("127.0.0.1:8443", "127.0.0.1", 8443), ("[::1]:8443", "::1", 8443), ("::1", "::1", 443)]
    {
        let deployment = load_flags(&["--discovery", text]).unwrap().deployment;
        assert_eq!(deployment.discovery_endpoint(), Endpoint::new(host, port), "{text}");
    }
}

#[test]
fn a_proxy_is_read_as_curl_reads_it() {
    for (text, scheme, host, port) in [
        ("http://proxy.example.com:3128/", ProxyScheme::Http, "proxy.example.com", 3128),
        ("PROXY.example.com", ProxyScheme::Http, "proxy.example.com", 1080),
        ("https://proxy.example.com", ProxyScheme::Https, "proxy.example.com", 443),
        ("socks5://[::1]", ProxyScheme::Socks5, "::1", 1080),
        ("SOCKS5H://10.0.0.1:9", ProxyScheme::Socks5h, "10.0.0.1", 9),
    ] {
        let proxy = load_flags(&["-x", text]).unwrap().deployment.network.proxy.unwrap();
        assert_eq!((proxy.scheme, proxy.host.as_str(), proxy.port), (scheme, host, port), "{text}");
    }
}

#[test]
fn the_environments_proxy_is_taken_as_curl_takes_it() {
    type Case<'a> =
        (&'a [&'a str], &'a [(&'a str, &'a str)], Option<&'a str>, Option<(&'a str, &'a str)>, &'a [&'a str]);
    let cases: &[Case<'_>] = &[
        (&[], &[("https_proxy", "a"), ("HTTPS_PROXY", "b"), ("ALL_PROXY", "c")], Some("http://a:1080"), None, &[]),
        (&[], &[("HTTPS_PROXY", "b:1"), ("all_proxy", "c")], Some("http://b:1"), None, &[]),
        (&[], &[("ALL_PROXY", "socks5h://c")], Some("socks5h://c:1080"), None, &[]),
        (&[], &[("http_proxy", "d"), ("HTTP_PROXY", "e")], None, None, &[]),
        (&[], &[("https_proxy", ""), ("ALL_PROXY", "c")], None, None, &[]),
        (
            &[],
            &[("no_proxy", "x.org,,x.org b:1 10.0.0.0/8"), ("NO_PROXY", "z.org")],
            None,
            None,
            &["x.org", "10.0.0.0/8"],
        ),
        (
            &["-x", "f:2"],
            &[("https_proxy", "a"), ("NO_PROXY", "x.org, .y.org")],
            Some("http://f:2"),
            None,
            &["x.org", ".y.org"],
        ),
        (&["-x", ""], &[("https_proxy", "a")], None, None, &[]),
        (&["--no-proxy", "*"], &[("https_proxy", "a"), ("no_proxy", "x.org")], Some("http://a:1080"), None, &["*"]),
        (&["--no-proxy", ""], &[("https_proxy", "a"), ("no_proxy", "x.org")], Some("http://a:1080"), None, &[]),
        (&[], &[("https_proxy", "http://u%40d:p%3A%zz@a")], Some("http://a:1080"), Some(("u@d", "p:%zz")), &[]),
        (&[], &[("https_proxy", "u@a:1")], Some("http://a:1"), Some(("u", "")), &[]),
        (
            &["-x", "f"],
            &[("PINFLIGHT_PROXY_USER", "u"), ("PINFLIGHT_PROXY_PASSWORD", "p")],
            Some("http://f:1080"),
            Some(("u", "p")),
            &[],
        ),
        (
            &[],
            &[("PINFLIGHT_NETWORK_PROXY", "http://u:p@g"), ("PINFLIGHT_PROXY_USER", "v")],
            Some("http://g:1080"),
            Some(("v", "")),
            &[],
        ),
        (&[], &[("PINFLIGHT_NETWORK_PROXY", ""), ("https_proxy", "a"), ("PINFLIGHT_PROXY_USER", "v")], None, None, &[]),
    ];
    let origins = load_variables(&[("HTTPS_PROXY", "a")]).unwrap().origins;
    assert_eq!(origins.of("network.proxy").to_string(), "environment HTTPS_PROXY");
    for (flags, variables, proxy, credentials, no_proxy) in cases {
        let settings = load_with(flags, &[("pinflight.toml", LEAST.as_bytes())], variables).unwrap();
        let network = &settings.deployment.network;
        assert_eq!(network.proxy.as_ref().map(ToString::to_string).as_deref(), *proxy, "{variables:?}");
        let expected = credentials.map(|(user, password)| (user.to_owned(), password.to_owned()));
        assert_eq!(settings.proxy_credentials, expected, "{variables:?}");
        assert!(!format!("{settings:?}").contains("u%40d"), "no password in a log");
        assert_eq!(network.no_proxy, *no_proxy, "{variables:?}");
    }
}

#[test]
fn overrides_follow_curl() {
    let network = load_flags(&[
        "--resolve",
        "DS.example.com:443:10.1.0.11,[fd00::1],fd00::2",
        "--resolve",
        "+*:8443:[::1]",
        "--resolve",
        "[::1]:1:::2",
        "--connect-to",
        "a:443:[::1]:8443",
        "--connect-to",
        "::b:",
        "--connect-to",
        "[fd00::1]:::1",
    ]);
    let network = network.unwrap().deployment.network;
    let over = |host: &str, port, addresses: &[&str]| ResolveOverride {
        host: host.to_owned(),
        port,
        addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
    };
    assert_eq!(
        network.resolve,
        [
            over("ds.example.com", 443, &["10.1.0.11", "fd00::1", "fd00::2"]),
            over("*", 8443, &["::1"]),
            over("::1", 1, &["::2"]),
        ]
    );
    let to = |host: Option<&str>, port, to_host: Option<&str>, to_port| ConnectTo {
        host: host.map(str::to_owned),
        port,
        to_host: to_host.map(str::to_owned),
        to_port,
    };
    assert_eq!(
        network.connect_to,
        [
            to(Some("a"), Some(443), Some("::1"), Some(8443)),
            to(None, None, Some("b"), None),
            to(Some("fd00::1"), None, None, Some(1)),
        ]
    );
}

#[test]
fn times_are_seconds_on_the_command_line_and_have_units_everywhere() {
    let network =
        load_flags(&["--connect-timeout", "0.5", "--step-timeout", "1500ms", "-m", "2m"]).unwrap().deployment.network;
    assert_eq!(network.connect_timeout, Duration::from_millis(500));
    assert_eq!(network.step_timeout, Duration::from_millis(1500));
    assert_eq!(network.max_time, Some(Duration::from_mins(2)));
    let network = load_flags(&["-m", "5"]).unwrap().deployment.network;
    let limits = [network.connect_timeout, network.step_timeout, network.question_timeout];
    assert_eq!(limits, [2560, 3200, 4000].map(Duration::from_millis), "defaults give way");
    assert_eq!(load_flags(&["-m", "auto"]).unwrap().deployment.network.max_time, None);
}

#[test]
fn dates_are_toml_dates_or_strings_and_until_is_the_whole_day() {
    let text = format!(
        "{LEAST}[confirmed]\nhmac_token_generated = 2026-11-20\nhub_supports_pinning = \"2026-11-20\"\n\
         certificates_uploaded = 2026-11-20 12:00:00+01:00\n\
         [[accept]]\ncheck = \"certificate/expiry\"\nuntil = 2027-01-31\nreason = \"known\"\n\
         [[accept]]\ncheck = \"certificate/path\"\nuntil = \"2027-01-31T00:00:00Z\"\nreason = \"known\"\ntarget = \"ds.example.com\"\n"
    );
    let settings = load_file(&text).unwrap();
    let confirmed = &settings.deployment.confirmed;
    let day = Timestamp::parse("2026-11-20");
    assert_eq!((confirmed.hmac_token_generated, confirmed.hub_supports_pinning), (day, day));
    assert_eq!(confirmed.certificates_uploaded, Timestamp::parse("2026-11-20T11:00:00Z"));
    assert_eq!(confirmed.trust_service_url_saved, None);
    let until: Vec<_> = settings.policy.accept.iter().map(|accept| accept.until).collect();
    assert_eq!(until, ["2027-01-31T23:59:59Z", "2027-01-31T00:00:00Z"].map(Timestamp::parse));
}

#[test]
fn thresholds_give_way_to_the_one_that_is_declared() {
    let days = |flags: &[&str]| {
        let policy = load_flags(flags).unwrap().policy;
        (policy.warning_days, policy.critical_days)
    };
    assert_eq!(days(&["--warning-days", "5"]), (5, 5));
    assert_eq!(days(&["--critical-days", "60"]), (60, 60));
    assert_eq!(days(&["--critical-days", "3"]), (30, 3));
}

#[test]
fn selection_alone() {
    let args = SelectArgs { only: vec!["dns/*".to_owned()], ..SelectArgs::default() };
    assert_eq!(select(&args, CHECKS), Ok((vec!["dns/*".to_owned()], vec![])));
    let args = SelectArgs { skip: vec!["dnss/*".to_owned()], ..SelectArgs::default() };
    assert_eq!(select(&args, CHECKS).unwrap_err().0.len(), 1);
}

#[test]
fn the_rest_is_taken_as_it_is() {
    let settings = load_flags(&[
        "--dns-server",
        "tls://9.9.9.9#DNS.quad9.net",
        "--system-resolver",
        "false",
        "-6",
        "--pin",
        "AB:cd 00112233445566778899aabbccddeeff0011",
    ]);
    let deployment = settings.unwrap().deployment;
    assert_eq!(deployment.network.dns_servers[0].transport, DnsTransport::Tls { name: "dns.quad9.net".to_owned() });
    assert!(!deployment.network.system_resolver);
    assert_eq!(deployment.network.address_family, AddressFamily::Ipv6);
    assert_eq!(deployment.device_services.pins, ["AB:cd 00112233445566778899aabbccddeeff0011"]);
}

#[test]
fn a_server_behind_a_proxy_that_resolves_names_is_declared_by_address() {
    let file = format!("{LEAST}backends = [\"10.1.0.11\", \"ds1.corp\"]\n");
    let load = |flags: &[&str]| load_with(flags, &[("pinflight.toml", file.as_bytes())], &[]);
    let told = load(&["--proxy", "http://proxy.example.com:3128"]).unwrap_err().to_string();
    assert!(told.contains("ds1.corp is a name, and http://proxy.example.com:3128 resolves names"), "{told}");
    assert!(!told.contains("10.1.0.11 is"), "{told}");
    for sound in [&["--proxy", "socks5://proxy.example.com:1080"][..], &["--proxy", "http://p:1", "--no-proxy", "corp"]]
    {
        assert!(load(sound).is_ok(), "{sound:?}");
    }
}
