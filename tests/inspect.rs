//! `pinflight inspect` against servers and files, sound and broken in every way.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;
#[path = "common/tls.rs"]
mod tls;

use std::{io::Write, net::TcpListener, path::PathBuf, process::Command};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, DnValue, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData, SanType,
};
use rustls::pki_types::PrivateKeyDer;
use serde_json::Value;

use self::tls::{OpenSsl, Rustls, Served};

const HOST: &str = "ds.example.com";
/// The day for which everything here is judged.
const AT: &str = "2027-03-01";

// ---- certificates

struct Made {
    params: CertificateParams,
    key: KeyPair,
    der: Vec<u8>,
}

fn rsa_key(name: &str) -> KeyPair {
    KeyPair::from_pem(&std::fs::read_to_string(common::project(&format!("fixtures/keys/{name}.pem"))).unwrap()).unwrap()
}

fn named(name: &str, from: i32, to: i32) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.use_authority_key_identifier_extension = true;
    (params.not_before, params.not_after) = (rcgen::date_time_ymd(from, 1, 1), rcgen::date_time_ymd(to, 1, 1));
    params
}

fn ca(name: &str) -> CertificateParams {
    let mut params = named(name, 2020, 2040);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn leaf() -> CertificateParams {
    let mut params = named(HOST, 2027, 2028);
    params.subject_alt_names = vec![SanType::DnsName(HOST.try_into().unwrap())];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params
}

fn self_signed(params: CertificateParams) -> Made {
    let key = KeyPair::generate().unwrap();
    let der = params.self_signed(&key).unwrap().der().to_vec();
    Made { params, key, der }
}

impl Made {
    fn issue(&self, params: CertificateParams, key: KeyPair) -> Made {
        let der = params.signed_by(&key, &Issuer::from_params(&self.params, &self.key)).unwrap().der().to_vec();
        Made { params, key, der }
    }
}

/// Root, intermediate and leaf, the leaf's key an RSA one.
struct Pki {
    root: Made,
    intermediate: Made,
    leaf: Made,
}

fn pki() -> Pki {
    pki_with(leaf())
}

fn pki_with(leaf: CertificateParams) -> Pki {
    let root = self_signed(ca("Example Root"));
    let intermediate = root.issue(ca("Example Issuing CA"), KeyPair::generate().unwrap());
    let leaf = intermediate.issue(leaf, rsa_key("ds-1"));
    Pki { root, intermediate, leaf }
}

fn pem(label: &str, der: &[u8]) -> String {
    let base64 = data_encoding::BASE64.encode(der);
    let lines: Vec<&str> = base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn pems(chain: &[&Made]) -> String {
    chain.iter().map(|made| pem("CERTIFICATE", &made.der)).collect()
}

// ---- a server

/// `HOST:PORT` and the `--resolve` that leads there.
fn words(server: &Rustls) -> [String; 3] {
    let port = server.address.port();
    [format!("{HOST}:{port}"), "--resolve".to_owned(), format!("{HOST}:{port}:127.0.0.1")]
}

fn presents(chain: Vec<Vec<u8>>, key: &KeyPair) -> Rustls {
    Rustls::presents(chain, PrivateKeyDer::Pkcs8(key.serialize_der().into()))
}

fn presents_chain(chain: &[&Made]) -> Rustls {
    presents(chain.iter().map(|made| made.der.clone()).collect(), &chain[0].key)
}

// ---- asking

struct Answer {
    json: Value,
    exit: i32,
}

impl Answer {
    fn kinds(&self) -> Vec<&str> {
        let findings = self.json["findings"].as_array().unwrap();
        findings.iter().map(|finding| finding["cause"]["kind"].as_str().unwrap()).collect()
    }

    fn states(&self) -> Vec<(&str, &str)> {
        let paths = self.json["paths"].as_array().unwrap();
        paths.iter().map(|path| (path["state"].as_str().unwrap(), path["end"]["kind"].as_str().unwrap())).collect()
    }
}

/// The real binary's JSON, which fits the published schema; and the table, whose lines fit and hold nothing hidden.
fn inspect<S: AsRef<std::ffi::OsStr>>(words: &[S]) -> Answer {
    for width in ["60", "80", "120"] {
        for ascii in [None, Some("--ascii")] {
            let shown = common::pinflight()
                .args(["inspect", "--at", AT, "--width", width])
                .args(ascii)
                .args(words)
                .output()
                .unwrap();
            let shown = String::from_utf8(shown.stdout).unwrap();
            for line in shown.lines() {
                assert!(unicode_width::UnicodeWidthStr::width(line) <= width.parse().unwrap(), "{line}");
                assert!(!line.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)), "{line:?}");
                assert!(ascii.is_none() || line.is_ascii(), "{line}");
            }
        }
    }
    let output = common::pinflight().args(["inspect", "--at", AT, "-o", "json"]).args(words).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    let json = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {told}"));
    let schema = std::fs::read(common::project("docs/schema/inspect-1.json")).unwrap();
    let schema = jsonschema::validator_for(&serde_json::from_slice(&schema).unwrap()).unwrap();
    let errors: Vec<String> =
        schema.iter_errors(&json).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert_eq!(errors, Vec::<String>::new());
    Answer { json, exit: output.status.code().unwrap() }
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path: PathBuf = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

/// Asks a server that presents this chain, its root given.
fn server(root: &Made, chain: &[&Made], more: &[&str]) -> Answer {
    let folder = Folder::new();
    let root = folder.file("root.pem", pems(&[root]));
    let server = presents_chain(chain);
    let mut asked = words(&server).to_vec();
    asked.extend(["--cacert".to_owned(), root]);
    asked.extend(more.iter().map(|word| (*word).to_owned()));
    inspect(&asked)
}

#[test]
fn the_schema_is_one() {
    let schema = std::fs::read(common::project("docs/schema/inspect-1.json")).unwrap();
    assert!(jsonschema::draft202012::meta::is_valid(&serde_json::from_slice(&schema).unwrap()));
}

#[test]
fn a_sound_server_is_shown_whole() {
    let Pki { root, intermediate, leaf } = pki();
    let answer = server(&root, &[&leaf, &intermediate], &[]);
    assert_eq!((answer.kinds(), answer.exit), (vec![], 0));
    assert_eq!(answer.states(), [("valid", "supplied")]);
    let json = &answer.json;
    assert_eq!((&json["sound"], &json["judged_at"]), (&true.into(), &"2027-03-01T00:00:00Z".into()));
    assert_eq!((&json["connection"]["name_matches"], &json["connection"]["sni"]), (&true.into(), &HOST.into()));
    assert_eq!(json["connection"]["signature"]["kind"], "valid");
    let sent: Vec<bool> = json["certificates"].as_array().unwrap().iter().map(|one| one["sent"] == true).collect();
    assert_eq!(sent, [true, true, false]);

    // The pins are those of the key itself, by another's reckoning.
    let spki = leaf.key.subject_public_key_info();
    let digest = ring::digest::digest(&ring::digest::SHA256, &spki);
    let facts = &json["certificates"][0]["facts"];
    assert_eq!(facts["pins"]["sha256"], format!("sha256//{}", data_encoding::BASE64.encode(digest.as_ref())));
    let pkcs1 = data_encoding::HEXUPPER.encode(&spki[24..]);
    assert_eq!(facts["pins"]["trust_service"], pkcs1);
    assert!(pkcs1.starts_with("3082010A02820101"), "{pkcs1}");
    assert_eq!(facts["days_left"], 306);
    assert_eq!(json["certificates"][1]["facts"]["pins"]["trust_service"], Value::Null);
    let sha1 = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, &leaf.der);
    assert_eq!(facts["sha1"], data_encoding::HEXLOWER.encode(sha1.as_ref()));
}

#[test]
fn each_way_to_break_a_chain_is_told() {
    let Pki { root, intermediate, leaf } = pki();
    let stranger = self_signed(ca("Somebody Else"));
    let mut old = self::leaf();
    old.not_after = rcgen::date_time_ymd(2027, 2, 1);
    let old = intermediate.issue(old, rsa_key("ds-1"));
    let mut early = self::leaf();
    early.not_before = rcgen::date_time_ymd(2027, 6, 1);
    let early = intermediate.issue(early, rsa_key("ds-1"));
    let lone = self_signed(self::leaf());
    let no_ca = root.issue(named("No CA", 2020, 2040), KeyPair::generate().unwrap());
    let under_no_ca = no_ca.issue(self::leaf(), rsa_key("ds-1"));
    let mut client = self::leaf();
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let client = intermediate.issue(client, rsa_key("ds-1"));
    let mut wide = self::leaf();
    wide.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let wide = intermediate.issue(wide, rsa_key("ds-1"));
    for (what, chain, kinds, state, exit) in [
        ("missing intermediate", vec![&leaf], vec!["missing-intermediate"], ("issuer-missing", "issuer-missing"), 1),
        ("expired", vec![&old, &intermediate], vec!["expired"], ("out-of-time", "supplied"), 1),
        ("not yet valid", vec![&early, &intermediate], vec!["not-yet-valid"], ("out-of-time", "supplied"), 1),
        ("self-signed", vec![&lone], vec!["self-signed"], ("untrusted", "untrusted"), 1),
        ("no CA", vec![&under_no_ca, &no_ca], vec!["path-broken"], ("broken", "supplied"), 1),
        ("for clients", vec![&client, &intermediate], vec!["platform-rule"], ("valid", "supplied"), 1),
        ("a leaf that is a CA", vec![&wide, &intermediate], vec!["platform-rule"], ("valid", "supplied"), 0),
        ("wrong order", vec![&leaf, &root, &intermediate], vec!["wrong-order"], ("valid", "supplied"), 0),
        ("stranger", vec![&leaf, &intermediate, &stranger], vec!["stranger-sent"], ("valid", "supplied"), 0),
        ("twice", vec![&leaf, &intermediate, &intermediate], vec!["sent-twice"], ("valid", "supplied"), 0),
    ] {
        let answer = server(&root, &chain, &[]);
        assert_eq!((answer.kinds(), answer.states(), answer.exit), (kinds, vec![state], exit), "{what}");
    }
    let untrusted = inspect(&words(&presents_chain(&[&leaf, &intermediate, &root])));
    assert_eq!((untrusted.kinds(), untrusted.exit), (vec!["untrusted-root"], 1));
}

#[test]
fn the_name_is_the_one_that_was_asked_for() {
    let Pki { root, intermediate, leaf } = pki();
    let chain = [&leaf, &intermediate];
    let other = server(&root, &chain, &["--sni", "other.example.com"]);
    assert_eq!((other.kinds(), other.exit), (vec!["name-mismatch"], 1));
    assert_eq!(other.json["connection"]["sni"], "other.example.com");
    let none = server(&root, &chain, &["--no-sni"]);
    assert_eq!((none.kinds(), none.exit, &none.json["connection"]["sni"]), (vec![], 0, &Value::Null));
    let by_address = presents_chain(&chain);
    let answer = inspect(&[format!("https://{}/console?x", by_address.address)]);
    assert_eq!((answer.kinds(), answer.exit), (vec!["missing-intermediate", "name-mismatch"], 1));
}

#[test]
fn a_member_that_cannot_be_read_is_shown_as_such() {
    let Pki { root, intermediate, leaf } = pki();
    let folder = Folder::new();
    let root = folder.file("root.pem", pems(&[&root]));
    let junk = vec![0x30, 0x82, 0x01, 0x00, 0xff];
    let server = presents(vec![leaf.der.clone(), junk.clone(), intermediate.der.clone()], &leaf.key);
    let mut asked = words(&server).to_vec();
    asked.extend(["--cacert".to_owned(), root]);
    let answer = inspect(&asked);
    assert_eq!((answer.kinds(), answer.exit), (vec!["certificate-unreadable"], 0));
    assert_eq!(answer.json["certificates"][1]["facts"], Value::Null);

    // As the leaf: nothing is left to judge, and that is the finding.
    let server = presents(vec![junk.clone()], &leaf.key);
    let answer = inspect(&words(&server));
    assert_eq!((answer.kinds(), answer.states(), answer.exit), (vec!["certificate-unreadable"], vec![], 1));

    let file = folder.file("odd.pem", pems(&[&leaf]) + &pem("CERTIFICATE", &junk) + &pems(&[&intermediate]));
    let mut asked = asked.split_off(3);
    asked.push(file);
    let answer = inspect(&asked);
    assert_eq!((answer.kinds(), answer.exit), (vec!["certificate-unreadable"], 0));
    assert_eq!(answer.json["findings"][0]["cause"]["position"], 1);
}

#[test]
fn files_are_read_in_every_wrapping() {
    let Pki { root, intermediate, leaf } = pki();
    let folder = Folder::new();
    let cacert = folder.file("root.pem", pems(&[&root]));
    let pem_file = folder.file("chain.pem", format!("text before\n{}text behind", pems(&[&leaf, &intermediate])));
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(pems(&[&leaf, &intermediate]).encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let leaf_der = folder.file("leaf.cer", &leaf.der);
    let intermediate_der = folder.file("ca.crt", &intermediate.der);
    let set = pkcs7(&[&root, &intermediate, &leaf]);
    for files in [
        vec![pem_file],
        vec![folder.file("utf16.pem", utf16)],
        vec![leaf_der.clone(), intermediate_der.clone()],
        vec![folder.file("both.der", [leaf.der.clone(), intermediate.der.clone()].concat())],
        vec![folder.file("set.p7b", &set)],
        vec![folder.file("set.pem", pem("PKCS7", &set))],
    ] {
        let mut words = vec!["--cacert".to_owned(), cacert.clone()];
        words.extend(files.clone());
        let answer = inspect(&words);
        assert_eq!((answer.kinds(), answer.exit), (vec![], 0), "{files:?}");
        assert_eq!(answer.json["source"]["paths"].as_array().unwrap().len(), files.len());
        assert_eq!(answer.json["connection"], Value::Null);
        let path = &answer.json["paths"][0]["certificates"];
        assert_eq!(path.as_array().unwrap().len(), 3);
        assert_eq!(path[0], pinflight_checks::recording::CertId::of(&leaf.der).0);
    }
    // A PEM file has an order, and a web server would send it as it stands.
    let answer = inspect(&["--cacert".to_owned(), cacert, intermediate_der, leaf_der]);
    assert_eq!((answer.kinds(), answer.exit), (vec!["wrong-order"], 0));
    assert_eq!(answer.json["findings"][0]["cause"]["should_be"], serde_json::json!([1, 0]));
}

/// A degenerate SignedData (RFC 5652) around certificates.
fn pkcs7(chain: &[&Made]) -> Vec<u8> {
    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x82], length.as_slice(), content].concat()
    }
    let certificates: Vec<u8> = chain.iter().flat_map(|made| made.der.clone()).collect();
    let data = element(0x30, &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1]);
    let signed = [vec![2, 1, 1, 0x31, 0], data, element(0xa0, &certificates), vec![0x31, 0]].concat();
    let oid = vec![6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
    element(0x30, &[oid, element(0xa0, &element(0x30, &signed))].concat())
}

#[test]
fn standard_input_is_a_file() {
    let Pki { root, intermediate, leaf } = pki();
    let output = common::pinflight()
        .args(["inspect", "--at", AT, "-o", "json", "-"])
        .write_stdin(pems(&[&leaf, &intermediate, &root]))
        .output()
        .unwrap();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&json["source"]["paths"][0], json["certificates"].as_array().unwrap().len()), (&"-".into(), 3));
}

#[test]
fn hostile_names_are_shown_harmless_and_kept_whole_in_json() {
    let hostile = "\u{1b}]0;owned\u{7}\u{1b}[2Jgo\u{202e}moc.elpmaxe";
    for (subject, kinds) in [
        (hostile.to_owned(), vec![]),
        // Longer than path validation takes.
        ("x".repeat(64 * 1024), vec!["path-broken"]),
        (format!("nul\0in{}", "\u{301}".repeat(50)), vec![]),
    ] {
        let mut params = leaf();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, DnValue::Utf8String(subject.clone()));
        params
            .subject_alt_names
            .extend((0..500).map(|n| SanType::DnsName(format!("n{n}.example.com").try_into().unwrap())));
        let Pki { root, intermediate, leaf } = pki_with(params);
        let folder = Folder::new();
        let words = [
            "--cacert".to_owned(),
            folder.file("root.pem", pems(&[&root])),
            folder.file("x.pem", pems(&[&leaf, &intermediate])),
        ];
        let answer = inspect(&words);
        assert_eq!(answer.kinds(), kinds);
        let names = answer.json["certificates"][0]["facts"]["names"]["dns"].as_array().unwrap();
        assert_eq!(names.len(), 501);
        let shown = answer.json["certificates"][0]["facts"]["subject"].as_str().unwrap();
        assert!(shown.len() >= subject.len() && shown.starts_with("CN="), "{}", shown.len());
        let raw = common::pinflight().args(["inspect", "-o", "json"]).args(&words).output().unwrap().stdout;
        assert!(!raw.iter().any(|byte| *byte == 0x1b || *byte == 0));
    }
}

#[test]
fn whatever_cannot_be_read_or_meant_is_usage() {
    let folder = Folder::new();
    let key = folder.file("key.pem", std::fs::read(common::project("fixtures/keys/ds-1.pem")).unwrap());
    let empty = folder.file("empty.pem", "");
    let junk = folder.file("junk.der", [0x30, 0x82, 0xff]);
    let damaged = folder.file("damaged.pem", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n");
    let long = folder.file("long.pem", vec![b'x'; 1024 * 1024 + 1]);
    for (words, told) in [
        (vec![key.as_str()], "it holds a private key"),
        (vec![empty.as_str()], "the file is empty"),
        (vec![junk.as_str()], "no certificate in it"),
        (vec![damaged.as_str()], "is damaged"),
        (vec![long.as_str()], "longer than 1 MiB"),
        (vec![empty.as_str(), "ds.example.com"], "only one server can be asked at a time"),
        (vec!["./no/such.pem"], "as a file: there is no such file\n  as a server: "),
        (vec!["."], "as a file: it is a folder; name the files in it"),
        (vec!["http://ds.example.com"], "as a server: http has no certificates"),
        (vec!["ds.example.com:0"], "as a server: "),
        (vec![empty.as_str(), "--no-sni"], "are for servers"),
        (vec!["ds.example.com", "--sni", "10.0.0.1"], "a server name is never an address"),
        (vec!["ds.example.com", "--at", "yesterday"], "--at yesterday\n  not a date"),
        (vec!["ds.example.com", "--cacert", "no-such.pem"], "no-such.pem: there is no such file"),
        (vec!["ds.example.com", "--resolve", "nonsense"], "--resolve nonsense"),
        (vec!["\u{1b}[2J/x"], "as a file"),
    ] {
        let output = common::pinflight().arg("inspect").args(&words).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {error}");
        assert!(error.contains(told), "{words:?}: {error}");
        assert!(!error.contains('\u{1b}'), "{error:?}");
    }
}

#[test]
fn a_server_that_cannot_be_reached_is_a_finding_with_its_cause() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = inspect(&[free.to_string()]);
    assert_eq!((refused.kinds(), refused.exit), (vec!["tcp-failed"], 1));
    assert_eq!(refused.json["certificates"], serde_json::json!([]));
    assert_eq!(refused.json["connection"]["attempts"].as_array().unwrap().len(), 1);

    // Not TLS at all.
    let mail = Served::by(|mut stream| drop(stream.write_all(b"220 mail.example.com ESMTP\r\n")));
    let plain = inspect(&[mail.address.to_string()]);
    assert_eq!((plain.kinds(), plain.exit), (vec!["tls-failed"], 1));

    // A name that is nobody's; the other reading is told.
    let output = common::pinflight()
        .args(["inspect", "chain.invalid", "--resolve", "chain.invalid:443:127.0.0.1", "-6"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(shown.starts_with("NO CHAIN  chain.invalid:443\n"), "{shown}");
    let note = "chain.invalid was asked as a server, for there is no file of this name\n";
    assert_eq!(String::from_utf8(output.stderr).unwrap(), note);
}

#[test]
fn the_next_address_is_asked_where_one_does_not_answer() {
    let Pki { root, intermediate, leaf } = pki();
    let folder = Folder::new();
    let root = folder.file("root.pem", pems(&[&root]));
    let server = presents_chain(&[&leaf, &intermediate]);
    let port = server.address.port();
    let answer = inspect(&[
        format!("{HOST}:{port}"),
        "--resolve".to_owned(),
        format!("{HOST}:{port}:127.0.0.77,127.0.0.1"),
        "--cacert".to_owned(),
        root,
    ]);
    assert_eq!((answer.kinds(), answer.exit), (vec![], 0));
    assert_eq!(answer.json["connection"]["address"], format!("127.0.0.1:{port}"));
    assert_eq!(answer.json["connection"]["attempts"][0]["address"], format!("127.0.0.77:{port}"));
}

#[test]
fn another_implementation_is_understood() {
    let Pki { root, intermediate, leaf } = pki();
    let folder = Folder::new();
    let cacert = folder.file("root.pem", pems(&[&root]));
    folder.file("leaf.pem", pems(&[&leaf]));
    folder.file("ca.pem", pems(&[&intermediate]));
    folder.file("leaf.key", leaf.key.serialize_pem());
    for (version, spoken) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
        let mut command = Command::new("openssl");
        command.args(["s_server", "-accept", "127.0.0.1:0", "-www", version]);
        command.args(["-cert", "leaf.pem", "-key", "leaf.key", "-cert_chain", "ca.pem"]);
        command.current_dir(folder.0.path());
        let server = OpenSsl::start(command, folder.0.path());
        let port = server.port.unwrap();
        let words = [&format!("{HOST}:{port}"), "--resolve", &format!("{HOST}:{port}:127.0.0.1"), "--cacert", &cacert];
        let answer = inspect(&words);
        assert_eq!((answer.kinds(), answer.exit), (vec![], 0));
        assert_eq!(answer.json["connection"]["version"], spoken);
    }
}
