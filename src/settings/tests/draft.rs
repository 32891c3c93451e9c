//! What a draft writes is read back as what was said.

use proptest::prelude::*;

use super::{super::Draft, *};

const NOTHING: &dyn Fn(&str) -> Option<String> = &|_| None;

/// The draft's text, read as a file; and what the draft itself comes to.
fn read_back(draft: &Draft<'_>) -> (Settings, super::super::Drafted) {
    let text = draft.text(Path::new(""));
    let from: &[&str] = if draft.said("vantage").is_some() { &[] } else { &["--from", "console"] };
    let loaded = load_with(from, &[("pinflight.toml", text.as_bytes())], &[]);
    let mut loaded = loaded.unwrap_or_else(|errors| panic!("{errors}\n{text}"));
    let mut drafted = draft.finished().unwrap();
    // The command that asks the same from elsewhere names the file.
    loaded.deployment.command.clear();
    drafted.deployment.command.clear();
    (loaded, drafted)
}

fn is_the_same(draft: &Draft<'_>) {
    let (loaded, drafted) = read_back(draft);
    assert_eq!(loaded.deployment, drafted.deployment);
    assert_eq!(loaded.policy, drafted.policy);
    assert_eq!(loaded.proxy_credentials, None);
}

/// The value of a key's example: what an admin would answer.
fn example(key: &keys::Key) -> Vec<String> {
    let table: toml::Table = format!("x = {}", key.example).parse().unwrap();
    match &table["x"] {
        toml::Value::Array(values) => values.iter().map(|value| value.as_str().unwrap().to_owned()).collect(),
        toml::Value::String(text) => vec![text.replace("/BASE64", "/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")],
        other => vec![other.to_string()],
    }
}

#[test]
fn every_key_is_written_at_its_place() {
    let mut draft = Draft::new(&CheckArgs::default(), NOTHING).unwrap();
    for key in keys::KEYS {
        let texts: Vec<String> = match key.name {
            "device_services.pins" => vec!["sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=".to_owned()],
            _ => example(key),
        };
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        draft.answer(key.name, &texts).unwrap_or_else(|errors| panic!("{}: {errors}", key.name));
    }
    is_the_same(&draft);
    let (loaded, _) = read_back(&draft);
    for key in keys::KEYS {
        let Origin::File { line, .. } = loaded.origins.of(key.name) else { panic!("{} is not written", key.name) };
        let text = draft.text(Path::new(""));
        assert!(text.lines().nth(line - 1).unwrap().starts_with(&format!("{} = ", key.leaf())), "{}", key.name);
    }
}

#[test]
fn nothing_but_what_was_said_is_otherwise_than_in_the_sample() {
    let args = args(&["--device-services", "https://ds.acme.test", "--backend", "10.1.0.11", "--backend", "ds2:8443"]);
    let text = Draft::new(&args, NOTHING).unwrap().text(Path::new(""));
    let removed: Vec<&str> = SAMPLE.lines().filter(|line| !text.lines().any(|kept| kept == *line)).collect();
    let added: Vec<&str> = text.lines().filter(|line| !SAMPLE.lines().any(|kept| kept == *line)).collect();
    assert_eq!(removed, ["url = \"https://ds.example.com\""]);
    assert_eq!(added, ["url = \"https://ds.acme.test\"", "backends = [\"10.1.0.11\", \"ds2:8443\"]"]);
    // Where the example was, and under it.
    let example = text.lines().position(|line| line.starts_with("#backends = ")).unwrap();
    assert!(text.lines().nth(example + 1).unwrap().starts_with("backends = "));
}

#[test]
fn a_draft_is_refused_where_a_run_would_be() {
    let refused = |flags: &[&str]| Draft::new(&args(flags), NOTHING).err().map(|errors| errors.to_string());
    let message = |flags: &[&str]| load_flags(flags).unwrap_err().to_string();
    for flags in [
        &["--backend", "https://x"][..],
        &["--mail-domain", "a@b.c"],
        &["--proxy", "http://u:p@proxy:1"],
        &["--connect-timeout", "8d", "--retry", "99"],
        &["--mode", "cloud", "--trust-service", "https://ts.example.com/TrustService"],
    ] {
        assert_eq!(refused(flags), Some(message(flags)), "{flags:?}");
    }
    // More may be said, until it is written.
    for flags in [&["--mode", "on-premises"][..], &["--trust-service-server", "10.1.0.21"]] {
        let with_url = [&["--device-services", "https://ds.example.com"], flags].concat();
        let draft = Draft::new(&args(&with_url), NOTHING).unwrap();
        assert_eq!(draft.finished().err().map(|errors| errors.to_string()), Some(message(flags)), "{flags:?}");
    }
    let nothing = Draft::new(&CheckArgs::default(), NOTHING).unwrap();
    assert!(nothing.so_far().is_none());
    assert!(nothing.finished().err().unwrap().to_string().contains("add --device-services"));
}

#[test]
fn an_answer_is_read_as_a_flag_is_and_a_wrong_one_leaves_no_trace() {
    let mut draft = Draft::new(&args(&["--backend", "10.1.0.11"]), NOTHING).unwrap();
    for (key, flag, text) in [
        ("device_services.url", "--device-services", "http://ds.example.com"),
        ("device_services.backends", "--backend", "10.1.0.11:0"),
        ("trust_service.url", "--trust-service", "ts.example.com"),
        ("network.proxy", "--proxy", "ftp://x"),
    ] {
        let told = draft.answer(key, &[text]).unwrap_err().to_string();
        let by_flag = load_flags(&[flag, text]).unwrap_err().to_string();
        assert_eq!(told.replace("your answer ", &format!("{flag} ")), by_flag);
    }
    let twice = draft.answer("device_services.balancers", &["10.1.0.7", "10.1.0.7"]).unwrap_err().to_string();
    assert!(twice.contains("given twice, first at your answer"), "{twice}");
    assert_eq!(draft.said("device_services.backends").unwrap().0, "10.1.0.11");
    assert_eq!(draft.said("device_services.balancers"), None);
    draft.answer("vantage", &["device"]).unwrap();
    assert!(draft.answer("vantage", &["consol"]).unwrap_err().to_string().contains("did you mean console?"));
    assert_eq!(draft.said("vantage"), Some(("device".to_owned(), Origin::Answer)));
}

#[test]
fn variables_are_written_and_passwords_are_not() {
    let variables = BTreeMap::from([
        ("PINFLIGHT_DEVICE_SERVICES_URL", "https://ds.example.com"),
        ("PINFLIGHT_NETWORK_PROXY", "http://somebody:hunter2@proxy.example.com"),
        ("PINFLIGHT_CONFIRMED_HMAC_TOKEN_GENERATED", "2026-11-20"),
        ("PINFLIGHT_TRUST_SERVICE_URL", "https://ts.example.com/T?token=hunter2"),
        ("PINFLIGHT_WAIT", "10m"),
        ("https_proxy", "http://other:hunter2@other.example.com"),
    ]);
    let environment = |name: &str| variables.get(name).map(|value| (*value).to_owned());
    let draft = Draft::new(&CheckArgs::default(), &environment).unwrap();
    let text = draft.text(Path::new(""));
    assert!(!text.contains("hunter2") && !text.contains("somebody") && !text.contains("other.example"), "{text}");
    for line in [
        "proxy = \"http://proxy.example.com:1080\"",
        "hmac_token_generated = 2026-11-20",
        "url = \"https://ds.example.com\"",
    ] {
        assert!(text.lines().any(|written| written == line), "{line}\n{text}");
    }
    let (loaded, drafted) = read_back(&draft);
    assert_eq!(drafted.proxy_credentials, Some(("somebody".to_owned(), "hunter2".to_owned())));
    assert_eq!(loaded.deployment, drafted.deployment);
    assert_eq!(draft.said("network.proxy").unwrap().0, "http://proxy.example.com:1080");
    let usual = Draft::new(&CheckArgs::default(), &|name| (name == "all_proxy").then(|| "socks5h://p:9".to_owned()));
    let usual = usual.unwrap().usual_proxy();
    assert_eq!(usual, Some(("socks5h://p:9".to_owned(), Origin::Environment("all_proxy".to_owned()))));
}

#[test]
fn paths_lead_to_the_same_files_from_another_folder() {
    let flags = ["--device-services", "https://ds.example.com", "--certificate", "up/ds.cer", "--cacert", "/root.pem"];
    let draft = Draft::new(&args(&flags), NOTHING).unwrap();
    let text = draft.text(Path::new("sites/a"));
    let loaded =
        load_with(&["--from", "console", "--config", "sites/a/x.toml"], &[("sites/a/x.toml", text.as_bytes())], &[]);
    let deployment = loaded.unwrap().deployment;
    let here = std::path::absolute("up/ds.cer").unwrap().display().to_string();
    assert_eq!(deployment.device_services.certificates, [here]);
    assert_eq!(deployment.trust.ca_files, ["/root.pem"]);
}

/// What may stand in a file's name, a terminal's worst included.
fn path() -> impl Strategy<Value = String> {
    prop_oneof![
        "[^\0]{1,12}",
        "[\"'\\\\\n\r\t#=\\[\\]\u{7f}\u{1}\u{1b}\u{202e}]{1,8}",
        Just("\"\"\"".to_owned()),
        Just("''' + \\u0041".to_owned()),
    ]
}

fn host() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{1,8}(\\.[A-Za-z0-9-]{1,8}){0,3}", "10\\.1\\.0\\.[1-9]", Just("bücher.example".to_owned())]
}

fn flags() -> impl Strategy<Value = Vec<String>> {
    let flag = |name: &'static str, value: BoxedStrategy<String>| {
        value.prop_map(move |value| format!("{name}={value}")).boxed()
    };
    let one = prop_oneof![
        flag("--certificate", path().boxed()),
        flag("--next-certificate", path().boxed()),
        flag("--csr", path().boxed()),
        flag("--signing-root", path().boxed()),
        flag("--trust-service-certificate", path().boxed()),
        flag("--cacert", path().boxed()),
        flag("--backend", host().boxed()),
        flag(
            "--trust-service-server",
            (host(), 0..70_000_u32).prop_map(|(host, port)| format!("{host}:{port}")).boxed()
        ),
        flag(
            "--trust-service",
            (host(), "[/ -~]{0,12}").prop_map(|(host, path)| format!("https://{host}{path}")).boxed()
        ),
        flag(
            "--mode",
            prop::sample::select(vec!["cloud", "on-premises", "awcm", "none"]).prop_map(str::to_owned).boxed()
        ),
        flag(
            "--proxy",
            prop_oneof!["(http|https|socks5|socks5h)://[a-z]{1,5}(:[1-9]{2})?/?", Just(String::new())].boxed()
        ),
        flag("--no-proxy", "[*.a-z0-9,/]{0,12}".boxed()),
        flag("--connect-timeout", "[0-9]{1,2}(\\.[0-9]{1,9})?(ms|s|m)?".boxed()),
        flag("--max-time", "[0-9]{1,3}(\\.[0-9]{1,9})?(s|m)?|auto".boxed()),
        flag("--pin", "[0-9a-fA-F: ]{40,60}".boxed()),
        flag("--mail-domain", host().boxed()),
        flag("--discovery", "[a-z]{1,5}(:[0-9]{1,5})?".boxed()),
        flag("--console-host", "\\PC{0,10}".boxed()),
        flag("--retry", "[+0-9]{1,3}".boxed()),
        flag("--system-resolver", "true|false".boxed()),
        flag("--resolve", host().prop_map(|host| format!("{host}:443:10.1.0.11,[fd00::1]")).boxed()),
    ];
    prop::collection::vec(one, 0..6)
}

proptest! {
    #[test]
    fn whatever_is_accepted_is_read_back_as_it_was_said(flags in flags(), host in host(), shape in "[a-z\"\\\\ ]{0,6}") {
        let url = format!("--device-services=https://{host}/{shape}");
        let words: Vec<&str> = [url.trim_end_matches(['"', '\\', ' '])].into_iter().chain(flags.iter().map(String::as_str)).collect();
        let Ok(parsed) = Cli::try_parse_from(["pinflight", "check"].iter().chain(&words)) else { return Ok(()) };
        let Command::Check(args) = parsed.command else { panic!("not check") };
        if let Ok(draft) = Draft::new(&args, NOTHING)
            && draft.finished().is_ok()
        {
            is_the_same(&draft);
        }
    }

    #[test]
    fn every_name_of_a_file_is_read_back(names in prop::collection::btree_set(path(), 1..5)) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut draft = Draft::new(&args(&["--device-services", "https://ds.example.com"]), NOTHING).unwrap();
        draft.answer("device_services.certificates", &names).unwrap();
        let (loaded, _) = read_back(&draft);
        prop_assert_eq!(loaded.deployment.device_services.certificates, names);
    }
}
