//! The messages, word by word.

use super::*;

/// Snapshots what is said of each text as a whole configuration file.
fn of_files(texts: &[&str]) -> String {
    told(texts.iter().map(|text| ((*text).to_owned(), load_file(text))))
}

/// The same, with the least that a run needs in front.
fn of_additions(texts: &[&str]) -> String {
    told(texts.iter().map(|text| {
        let file = format!("vantage = \"console\"\ndevice_services.url = \"https://ds.example.com\"\n{text}");
        ((*text).to_owned(), load_file(&file))
    }))
}

#[test]
fn syntax() {
    insta::assert_snapshot!(of_files(&[
        "vantage = console",
        "vantage",
        "[network",
        "vantage = \"console\"\nvantage = \"device\"",
        "[network]\n[network]",
        "x = [1,",
        "x = \"abc",
        "x = 'a\nb'",
        "x = \"C:\\certs\\ds.cer\"",
        "\u{0}\u{202e}",
        "[[accept]]\n[accept]",
        "x = 1979-99-99",
        &format!("x = {}", "[".repeat(200)),
        &"no toml\n".repeat(25),
        "[network]\nproxy = \"http://user:geheim@proxy.example.com",
    ]));
}

#[test]
fn unknown_keys_and_tables() {
    insta::assert_snapshot!(of_additions(&[
        "[netwrok]\nproxy = \"http://proxy.example.com:3128\"",
        "[foo]",
        "[acept]",
        "[network]\nproxi = \"http://user:geheim@proxy.example.com\"",
        "[network]\nproxy_password = \"geheim\"",
        "[network]\nconnect-timeout = \"5s\"",
        "[network]\nca_files = []",
        "[network]\nfoo = 1",
        "[network.foo]",
        "[trust]\nvantage = \"device\"",
        "[[accept]]\nchek = \"certificate/expiry\"\nreason = \"known\"",
        "[policy]\nseverty = { \"certificate/order\" = \"fail\" }",
    ]));
    insta::assert_snapshot!("unknown_at_the_top", of_files(&["ulr = 1", "vantge = \"console\"", "foo = []"]));
}

#[test]
fn types() {
    insta::assert_snapshot!(of_additions(&[
        "network = 3",
        "accept = 1",
        "accept = [1]",
        "accept = { check = \"certificate/expiry\" }",
        "[network]\njobs = \"64\"\nconnect_timeout = 5\nsystem_resolver = \"no\"",
        "[network]\ndns_servers = \"10.1.0.53\"",
        "[network]\ndns_servers = [\"10.1.0.53\", 10, [\"x\"], { a = 1 }]",
        "[network]\nretry = 1.5",
        "[policy]\nseverity = \"fail\"",
        "[policy.severity]\n\"certificate/order\" = 1",
        "[confirmed]\nhmac_token_generated = true",
    ]));
    insta::assert_snapshot!(
        "types_at_the_top",
        of_files(&["vantage = 3\ndevice_services = \"https://ds.example.com\""])
    );
}

#[test]
fn values_of_the_deployment() {
    insta::assert_snapshot!(of_additions(&[
        "[discovery]\nhost = \"https://discovery.awmdm.com/\"\nport = 0",
        "[discovery]\nhost = \"discovery.awmdm.com:443\"",
        "[discovery]\nhost = \"a b\"\nmail_domain = \"user@example.com\"",
        "[discovery]\nhost = \"\"\nmail_domain = \"10.0.0.1\"",
        &format!("[console]\nhost = \"{}.example.com\"", "a".repeat(64)),
        "[discovery]\nhost = \"10.0.0.300\"\nport = 65536",
        "device_services.backends = [\"10.1.0.11\", \"10.1.0.11\", \"https://user:geheim@10.1.0.12/\", \"10.1.0.13:0\", \"10.1.0.14:99999\", \"\"]",
        "device_services.certificates = [\"\", \"a\\u0000b\", \"ds.cer\", \"./ds.cer\", \"ds.cer\"]",
        "device_services.pins = [\"3082010A0282…\", \"sha256//abc\", \"sha256//AAAA\", \"308\", \"30820\", \"zz\"]",
        "trust_service.mode = \"on-premise\"",
        "trust_service.mode = \"banana\"",
        "trust_service.mode = \"on-premises\"",
        "trust_service.url = \"ts.example.com:9001\"",
        "trust_service.url = \"ftp://ts.example.com\"",
        "trust_service.url = \"https://user:geheim@ts.example.com\"",
        "trust_service.url = \"https://ts.example.com:0/TrustService\"",
        "trust_service.url = \"https://ts.example.com./TrustService\"",
        "trust_service.url = \"https://\"",
        "trust_service.mode = \"cloud\"\ntrust_service.servers = [\"10.1.0.21\"]\ntrust_service.csr = \"ts.csr\"",
        "trust_service.mode = \"none\"\ntrust_service.url = \"https://ts.example.com\"\ntrust_service.certificate = \"ts.cer\"",
        "trust_service.servers = [\"10.1.0.21\"]\ntrust_service.signing_root = \"root.cer\"",
        "trust_service.mode = \"awcm\"\ntrust_service.servers = [\"10.1.0.21\"]",
        "trust_service.workspace_one_id_domain = \"https://example.com\"",
        "trust.roots = \"windows\"",
        "[confirmed]\nhmac_token_generated = \"yesterday\"\nhub_supports_pinning = 10:00:00\ntrust_service_url_saved = 2026-11-20T10:00:00",
    ]));
}

#[test]
fn the_url_of_device_services() {
    let with = |url: &str| {
        let text = format!("vantage = \"console\"\ndevice_services.url = \"{url}\"");
        (url.to_owned(), load_file(&text))
    };
    insta::assert_snapshot!(told(
        [
            "http://ds.example.com:8080",
            "ds.example.com",
            "ds.example.com:443/DeviceServices",
            "https://ds.example.com/DeviceServices",
            "https://ds.example.com:8443/?x=1",
            "https://ds.example.com#x",
            "https://user:geheim@ds.example.com",
            "user:geheim@ds.example.com",
            "https://ds example.com",
            "https:///",
            "",
        ]
        .map(with)
    ));
}

#[test]
fn values_of_the_network() {
    insta::assert_snapshot!(of_additions(&[
        "[network]\nproxy = \"http://user:geheim@proxy.example.com:3128\"",
        "[network]\nproxy = \"user:geheim@proxy.example.com:3128\"",
        "[network]\nproxy = \"socks4://proxy.example.com\"",
        "[network]\nproxy = \"ftp://proxy.example.com\"",
        "[network]\nproxy = \"http://proxy.example.com/proxy.pac\"",
        "[network]\nproxy = \"http://:3128\"",
        "[network]\nno_proxy = [\"example.com:8080\", \"a*.example.com\", \"10.0.0.0/33\", \"10.0.0/8\", \"\"]",
        "[network]\ndns_servers = [\"dns.example.com\", \"tls://9.9.9.9\", \"10.1.0.53:0\", \"tls://9.9.9.9#a b\"]",
        "[network]\nresolve = [\"ds.example.com\", \"ds.example.com:443\", \"ds.example.com:443:\", \"ds.example.com:0:10.1.0.11\", \"-ds.example.com:443\", \"a:443:10.1.0.11,10.1.0.11\"]",
        "[network]\nconnect_to = [\"a:443\", \":::\", \"a:443:b:99999\", \"a:443:b:443:c\", \"[::1]x:443:b:443\"]",
        "[network]\nconnect_timeout = \"5\"\nstep_timeout = \"0s\"\nquestion_timeout = \"-5s\"\nmax_time = \"25h\"",
        "[network]\nconnect_timeout = \"10s\"\nstep_timeout = \"5s\"",
        "[network]\nconnect_timeout = \"10s\"\nmax_time = \"5s\"",
        "[network]\nretry = 11\njobs = 0\nrepeat = -1\naddress_family = \"ipv5\"",
        "[network]\njobs = 99999999999999999999",
        &format!("[network]\ndns_servers = [{}]", "\"10.1.0.53\", ".repeat(4097)),
    ]));
}

#[test]
fn values_of_the_policy() {
    insta::assert_snapshot!(of_additions(&[
        "[policy]\nscope = \"all\"\nfail_on = \"warn\"",
        "[policy]\nwarning_days = 5\ncritical_days = 7",
        "[policy]\nmax_offline = \"14\"\nmax_age = \"1 fortnight\"",
        "[policy]\nmax_offline = \"100y\"",
        "[policy.severity]\n\"certificate/ordr\" = \"fail\"\n\"certificate/order\" = \"error\"\n\"order\" = \"fail\"",
        "[[accept]]",
        "[[accept]]\ncheck = \"certificate/*\"\nreason = \" \"\ntarget = \"\"\nuntil = \"2027-02-30\"",
    ]));
}

#[test]
fn flags_and_variables() {
    let flags = |words: &[&str]| (words.join(" "), load_flags(words));
    let variables = |pairs: &[(&str, &str)]| (format!("{pairs:?}"), load_variables(pairs));
    insta::assert_snapshot!(told([
        flags(&["--only", "certificate", "--only", "certificat/*", "--skip", "pins/[a-z]*", "--skip", "orders"]),
        flags(&["--only", "dns/*", "--skip", "dns/discovery-resolves", "--skip", "dns/*"]),
        flags(&["--skip", "*"]),
        flags(&["-x", "http://user:geheim@proxy.example.com", "-m", "0", "--connect-timeout", "soon"]),
        flags(&["--discovery", "discovery.awmdm.com:x", "--no-proxy", "a, b:1", "--jobs", "many"]),
        flags(&["--connect-timeout", "10", "-m", "5"]),
        flags(&["--max-offline", "14", "--backend", "10.1.0.11", "--backend", "10.1.0.11:443"]),
        flags(&["--config", "other.toml"]),
        variables(&[
            ("PINFLIGHT_NETWORK_JOBS", "many"),
            ("PINFLIGHT_VANTAGE", "consol"),
            ("PINFLIGHT_NETWORK_STEP_TIMEOUT", "5")
        ]),
        variables(&[("https_proxy", "http://user:geheim@proxy.example.com/x.pac")]),
        variables(&[("PINFLIGHT_NETWORK_PROXY", "http://p"), ("PINFLIGHT_PROXY_PASSWORD", "geheim")]),
    ]));
}

#[test]
fn a_vantage_is_not_asked_for_where_a_corrected_run_may_need_none() {
    const WRONG: [&str; 2] = ["--device-services", "http://ds.example.com"];
    let keys = |words: &[&[&str]]| {
        let ConfigErrors(errors) = load_with(&words.concat(), &[], &[]).unwrap_err();
        errors.into_iter().map(|error| error.key).collect::<Vec<_>>()
    };
    let certificates = &["--only", "certificate/*"][..];
    assert_eq!(keys(&[&WRONG, certificates]), ["device_services.url"]);
    assert_eq!(keys(&[&WRONG, certificates, &["--record", "kept.json"]]), ["device_services.url", "vantage"]);
    assert_eq!(keys(&[&WRONG]), ["device_services.url", "vantage"]);
}

#[test]
fn what_is_missing() {
    let file = |text: &'static str| (text.to_owned(), load_file(text));
    insta::assert_snapshot!(told([
        ("nothing".to_owned(), load_with(&[], &[], &[])),
        ("a flag that does not help".to_owned(), load_with(&["-m", "5"], &[], &[])),
        ("no vantage".to_owned(), load_with(&["--device-services", "https://ds.example.com"], &[], &[])),
        ("no URL".to_owned(), load_with(&["--from", "device"], &[], &[])),
        file(""),
        file("[device_services]\nulr = \"https://ds.example.com\""),
    ]));
}

#[test]
fn files_that_are_none() {
    let bytes = |name: &str, bytes: &[u8]| (name.to_owned(), load_with(&[], &[("pinflight.toml", bytes)], &[]));
    let denied = load(&args(&[]), &|_| None, &|_| Err(io::ErrorKind::PermissionDenied.into()), CHECKS);
    let folder = load(&args(&["--config", "conf"]), &|_| None, &|_| Err(io::ErrorKind::IsADirectory.into()), CHECKS);
    insta::assert_snapshot!(told([
        bytes("too long", &vec![b'#'; (1 << 20) + 1]),
        bytes("not UTF-8", b"vantage = \"\xff\""),
        bytes("UTF-16", b"\xff\xfev\0a\0"),
        ("denied".to_owned(), denied),
        ("a folder".to_owned(), folder),
    ]));
    assert!(load_file(&format!("\u{feff}{LEAST}")).is_ok(), "a byte order mark is no error");
    assert!(load_file(&LEAST.replace('\n', "\r\n")).is_ok(), "nor are the line ends of Windows");
}

#[test]
fn all_errors_of_all_layers_come_at_once() {
    let files: [(&str, &[u8]); 2] =
        [("a.toml", b"[network]\nretry = 11\nfoo = 1\n"), ("conf/b.toml", b"vantage = \"moon\"\n[network\n")];
    let errors = load_with(
        &["--config", "a.toml", "--config", "conf/b.toml", "--device-services", "http://ds.example.com"],
        &files,
        &[("PINFLIGHT_NETWORK_JOBS", "0")],
    );
    let ConfigErrors(errors) = errors.unwrap_err();
    let places: Vec<String> = errors.iter().map(|error| error.origin.to_string()).collect();
    assert_eq!(
        places,
        ["a.toml:2", "a.toml:3", "conf/b.toml:2", "environment PINFLIGHT_NETWORK_JOBS", "--device-services"]
    );
}

#[test]
fn no_message_has_a_password() {
    let told = told(
        [
            load_file("[network]\nproxy = \"http://user:geheim@proxy.example.com"),
            load_file("[network]\nproxy = \"http://user:ge/he@im/geheim@proxy.example.com\""),
            load_file("device_services.url = \"user:geheim@ds.example.com\""),
            load_file("device_services.backends = [\"https://user:geheim@ds.example.com\"]"),
            load_flags(&["-x", "user:geheim@proxy.example.com:x"]),
            load_variables(&[("ALL_PROXY", "ftp://user:geheim@proxy.example.com")]),
            load_variables(&[("PINFLIGHT_PROXY_PASSWORD", "geheim"), ("https_proxy", "proxy.example.com")]),
        ]
        .map(|loaded| (String::new(), loaded)),
    );
    assert!(!told.contains("geheim") && !told.contains("ACCEPTED"), "{told}");
}
