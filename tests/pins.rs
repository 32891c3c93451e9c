//! `pinflight pins` and `pinflight gather` with the real binary: files of every make, a deployment on loopback.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;
#[path = "common/up.rs"]
mod up;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use pinflight_checks::{pin::forms::Entry, pin::forms::Material};
use pinflight_fixtures::{Scenario, Vantage, Variant, scenarios};
use serde_json::Value;

use self::up::Up;

impl Up {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// `pinflight gather` from a vantage.
    fn gather(&self, vantage: Vantage, flags: &[&str]) -> (i32, String, String) {
        let config = format!("{}.toml", vantage.id());
        run(self.folder.path(), &[&["gather", "-q", "--config", &config], flags].concat())
    }

    fn names(&self, folder: &str) -> BTreeSet<String> {
        let entries = fs::read_dir(self.path(folder)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn manifest(&self, folder: &str) -> Value {
        let manifest = serde_json::from_slice(&fs::read(self.path(folder).join("manifest.json")).unwrap()).unwrap();
        fits("gather", &manifest);
        manifest
    }
}

fn scenario(id: &str) -> Scenario {
    scenarios().iter().find(|scenario| scenario.id == id).unwrap().clone()
}

fn run(folder: &Path, words: &[&str]) -> (i32, String, String) {
    let output = common::pinflight().current_dir(folder).args(words).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn fits(schema: &str, value: &Value) {
    let schema = fs::read(common::project(&format!("docs/schema/{schema}-1.json"))).unwrap();
    let schema = serde_json::from_slice(&schema).unwrap();
    assert!(jsonschema::draft202012::meta::is_valid(&schema));
    let errors: Vec<String> =
        jsonschema::validator_for(&schema).unwrap().iter_errors(value).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
}

/// `pinflight pins -o json`, and a table that fits.
fn pins(folder: &Path, words: &[&str]) -> (Value, i32) {
    for width in ["60", "80"] {
        let (_, shown, _) = run(folder, &[&["pins", "--width", width, "--ascii"], words].concat());
        assert!(shown.lines().all(|line| line.is_ascii() && line.len() <= width.parse().unwrap()), "{shown}");
    }
    let (code, shown, told) = run(folder, &[&["pins", "-o", "json"], words].concat());
    let value = serde_json::from_str(&shown).unwrap_or_else(|_| panic!("{code}: {told}"));
    fits("pins", &value);
    (value, code)
}

fn openssl(folder: &Path, words: &[&str]) {
    let output = Command::new("openssl").current_dir(folder).args(words).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// One key as certificate, request and public key in five encodings.
fn files_of_one_key(folder: &Path) -> [&'static str; 7] {
    let key = common::project("fixtures/keys/ds-1.pem");
    let key = key.to_str().unwrap();
    for words in [
        ["req", "-x509", "-key", key, "-subj", "/CN=ds.example.com", "-out", "ds.pem"].as_slice(),
        &["x509", "-in", "ds.pem", "-outform", "DER", "-out", "ds.cer"],
        &["req", "-new", "-key", key, "-subj", "/CN=ds.example.com", "-out", "ds.csr"],
        &["pkey", "-in", key, "-pubout", "-out", "spki.pem"],
        &["pkey", "-in", key, "-pubout", "-outform", "DER", "-out", "spki.der"],
        &["rsa", "-in", key, "-RSAPublicKey_out", "-out", "pkcs1.pem"],
        &["rsa", "-in", key, "-RSAPublicKey_out", "-outform", "DER", "-out", "pkcs1.der"],
    ] {
        openssl(folder, words);
    }
    ["ds.pem", "ds.cer", "ds.csr", "spki.pem", "spki.der", "pkcs1.pem", "pkcs1.der"]
}

#[test]
fn one_key_is_the_same_pin_in_every_kind_of_file() {
    let folder = tempfile::tempdir().unwrap();
    let files = files_of_one_key(folder.path());
    let (value, code) = pins(folder.path(), &files);
    assert_eq!((code, &value["sound"]), (0, &true.into()));
    let keys = value["keys"].as_array().unwrap();
    let what: Vec<&str> = keys.iter().map(|key| key["what"].as_str().unwrap()).collect();
    let public = "public-key";
    assert_eq!(what, ["certificate", "certificate", "request", public, public, public, public]);
    let pkcs1 = data_encoding::HEXUPPER.encode(&fs::read(folder.path().join("pkcs1.der")).unwrap());
    let spki = fs::read(folder.path().join("spki.der")).unwrap();
    let sha256 = data_encoding::BASE64.encode(ring::digest::digest(&ring::digest::SHA256, &spki).as_ref());
    let certificate = fs::read(folder.path().join("ds.cer")).unwrap();
    let thumbprint = data_encoding::HEXUPPER.encode(ring::digest::digest(&ring::digest::SHA256, &certificate).as_ref());
    for (number, key) in keys.iter().enumerate() {
        assert_eq!(key["key"]["pkcs1_hex"], pkcs1, "{}", files[number]);
        assert_eq!(key["key"]["spki_hex"], data_encoding::HEXUPPER.encode(&spki));
        assert_eq!(key["key"]["sha256"], format!("sha256//{sha256}"));
        let thumbprints = &key["key"]["thumbprints"]["sha256"];
        assert_eq!(thumbprints.as_str(), (number < 2).then_some(thumbprint.as_str()));
        assert_eq!(key["same_key_as"].as_u64(), (number > 0).then_some(1));
    }
    let (_, shown, _) = run(folder.path(), &["pins", "ds.pem", "spki.pem"]);
    let in_one: String = shown.split_whitespace().collect();
    assert!(in_one.contains(&pkcs1) && shown.contains("the same key as 1"), "{shown}");
}

#[test]
fn an_ec_key_has_no_pkcs1_form_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    openssl(folder.path(), &["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "key.pem"]);
    openssl(folder.path(), &["pkey", "-in", "key.pem", "-pubout", "-out", "ec.pem"]);
    let (value, code) = pins(folder.path(), &["ec.pem"]);
    assert_eq!((code, &value["keys"][0]["key"]["pkcs1_hex"]), (0, &Value::Null));
    let (_, shown, _) = run(folder.path(), &["pins", "ec.pem"]);
    assert!(shown.contains("not established"), "{shown}");
    // A private key is never read.
    let (code, shown, told) = run(folder.path(), &["pins", "key.pem"]);
    assert_eq!((code, shown.as_str()), (2, ""), "{told}");
    assert!(told.contains("private key"), "{told}");
}

#[test]
fn what_cannot_be_read_and_who_does_not_answer_are_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("text.txt"), "nothing").unwrap();
    fs::write(folder.path().join("bad.pem"), "-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n").unwrap();
    assert_eq!(run(folder.path(), &["pins", "text.txt"]).0, 2);
    assert_eq!(run(folder.path(), &["pins", "no such file"]).0, 2);
    assert_eq!(run(folder.path(), &["pins"]).0, 2);
    let (value, code) = pins(folder.path(), &["bad.pem"]);
    assert_eq!((code, &value["sound"], &value["keys"][0]["key"]), (1, &false.into(), &Value::Null));
    // A port that nobody listens on: bound, so that it is nobody else's either.
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let closed = format!("127.0.0.1:{}", socket.local_addr().unwrap().port());
    let (value, code) = pins(folder.path(), &[&closed]);
    assert_eq!(code, 1);
    assert!(value["keys"][0]["error"].as_str().unwrap().contains("fails"), "{value}");
}

#[test]
fn a_sound_deployment_is_gathered_whole_and_its_servers_have_the_same_pins() {
    let up = Up::new(&Scenario::sound(Variant::OnPremises));
    let (code, shown, told) = up.gather(Vantage::Console, &["--to", "out"]);
    assert_eq!(code, 0, "{shown}{told}");
    assert!(shown.starts_with("COMPLETE"), "{shown}");
    let manifest = up.manifest("out");
    assert_eq!((&manifest["complete"], &manifest["missing"]), (&true.into(), &Value::Array(vec![])));
    let certificates = manifest["certificates"].as_array().unwrap();
    let mut expected: BTreeSet<String> =
        certificates.iter().map(|one| one["file"].as_str().unwrap().to_owned()).collect();
    expected.insert("manifest.json".to_owned());
    assert_eq!((up.names("out"), certificates.len()), (expected, 2));
    let uploaded = ["ds-1.cer", "ds-2.cer"].map(|name| up.path(name).to_str().unwrap().to_owned());
    let (known, _) = pins(up.folder.path(), &[&uploaded[0], &uploaded[1]]);
    let pin = |value: &Value| value["key"]["pkcs1_hex"].as_str().unwrap().to_owned();
    let known: BTreeSet<String> = known["keys"].as_array().unwrap().iter().map(pin).collect();
    assert_eq!(certificates.iter().map(pin).collect::<BTreeSet<_>>(), known);
    for one in certificates {
        let der = fs::read(up.path("out").join(one["file"].as_str().unwrap())).unwrap();
        let key = Entry::of_der("", Material::Certificate, &der).key.unwrap();
        assert_eq!(Some(key.sha256.as_str()), one["key"]["sha256"].as_str());
        let met = one["met_at"].as_array().unwrap();
        assert!(met.iter().any(|met| met["sni"] == true) && met.iter().any(|met| met["sni"] == false), "{one}");
    }

    // Asked as servers, they are the same.
    let server = certificates[0]["met_at"].as_array().unwrap().iter().find(|met| met["role"] == "backend").unwrap();
    let (_, address) = server["target"].as_str().unwrap().split_once('@').unwrap();
    let port = server["target"].as_str().unwrap().split(['@', ':']).nth(1).unwrap();
    let address = if address.contains(':') { address.to_owned() } else { format!("{address}:{port}") };
    let (asked, code) = pins(up.folder.path(), &[&address, "--sni", "ds.acme.test"]);
    assert_eq!((code, pin(&asked["keys"][0])), (0, pin(&certificates[0])));
}

#[test]
fn what_is_there_is_replaced_only_by_force_and_only_what_was_gathered() {
    let up = Up::new(&Scenario::sound(Variant::OneServer));
    assert_eq!(up.gather(Vantage::Console, &["--to", "out"]).0, 0);
    let (code, shown, told) = up.gather(Vantage::Console, &["--to", "out"]);
    assert_eq!((code, shown.as_str()), (2, ""));
    assert!(told.contains("--force"), "{told}");
    let before = up.names("out");
    // An earlier gathering's certificate, a file of the admin's, and a manifest that names what is not its own.
    let former = "ds.acme.test_key-former_until-2020-01-01.cer";
    for name in [former, "notes.txt", "mine.cer"] {
        fs::write(up.path("out").join(name), "x").unwrap();
    }
    fs::write(up.path("outside_key-1.cer"), "x").unwrap();
    let mut manifest = up.manifest("out");
    for name in [former, "mine.cer", "notes.txt", "../outside_key-1.cer", "/etc/hosts_key-.cer"] {
        let mut one = manifest["certificates"][0].clone();
        one["file"] = name.into();
        manifest["certificates"].as_array_mut().unwrap().push(one);
    }
    fs::write(up.path("out").join("manifest.json"), manifest.to_string()).unwrap();
    assert_eq!(up.gather(Vantage::Console, &["--to", "out", "--force"]).0, 0);
    let mut expected = before;
    expected.extend(["notes.txt".to_owned(), "mine.cer".to_owned()]);
    assert_eq!(up.names("out"), expected);
    assert!(up.path("outside_key-1.cer").exists());
    assert_eq!(up.manifest("out")["certificates"].as_array().unwrap().len(), 1);
}

#[test]
fn a_server_that_does_not_answer_makes_the_set_incomplete() {
    let up = Up::new(&scenario("server-tcp-refused"));
    let (code, shown, _) = up.gather(Vantage::Console, &["--to", "out"]);
    assert_eq!(code, 1);
    assert!(shown.starts_with("INCOMPLETE") && shown.contains("Do not upload"), "{shown}");
    let manifest = up.manifest("out");
    assert_eq!(manifest["complete"], false);
    let missing = manifest["missing"].as_array().unwrap();
    assert_eq!((missing.len(), &missing[0]["role"]), (1, &"backend".into()));
    assert_eq!(manifest["certificates"].as_array().unwrap().len(), 1);
    // From outside, the servers behind the balancer are not asked.
    let (code, shown, _) = up.gather(Vantage::Discovery, &["--to", "outside", "-o", "json"]);
    let value: Value = serde_json::from_str(&shown).unwrap();
    fits("gather", &value);
    let backends = value["missing"].as_array().unwrap().iter().filter(|missing| missing["role"] == "backend");
    assert_eq!((code, backends.count()), (1, 2));
}

#[test]
fn what_was_signed_again_on_the_way_is_never_gathered() {
    let up = Up::new(&scenario("console-intercepted"));
    let (code, shown, _) = up.gather(Vantage::Console, &["--to", "out"]);
    assert_eq!(code, 1);
    assert!(shown.starts_with("INCOMPLETE") && shown.contains("tls/interception"), "{shown}");
    // The servers and balancers are asked by address, on ways that are not inspected or are; of those that are, nothing.
    let manifest = up.manifest("out");
    let subjects: Vec<&str> =
        manifest["certificates"].as_array().unwrap().iter().map(|one| one["issuer"].as_str().unwrap()).collect();
    assert!(subjects.iter().all(|issuer| issuer.contains("Acme Public-like Issuing CA")), "{manifest}");
}

#[test]
fn nothing_is_written_when_nothing_is_reached_or_only_planned() {
    let up = Up::new(&scenario("dns-port-closed"));
    let flags = ["--to", "out", "--backend", "127.255.255.255:9", "--balancer", "127.255.255.255:9"];
    let (code, shown, _) = up.gather(Vantage::Console, &flags);
    assert_eq!(code, 1);
    assert!(shown.starts_with("NOTHING GATHERED") && shown.contains("Nothing was written"), "{shown}");
    assert!(!up.path("out").exists());
    let (code, shown, _) = up.gather(Vantage::Console, &["--to", "out", "--plan"]);
    assert_eq!(code, 0);
    assert!(shown.contains("TLS handshake") && !shown.contains("SSLPinning"), "{shown}");
    assert!(!up.path("out").exists());
}

#[test]
fn the_matrix_stays_readable_with_many_servers_and_a_certificate_to_come() {
    for id in ["many-servers", "next-not-pinned"] {
        for width in ["60", "80"] {
            let (_, shown, _) = run(Path::new("."), &["demo", "-q", "--fault", id, "--width", width]);
            let (_, matrix) = shown.split_once("Pins: ").unwrap();
            let rows: Vec<&str> = matrix.lines().take_while(|line| !line.is_empty()).collect();
            let limit: usize = width.parse().unwrap();
            assert!(rows.iter().all(|line| unicode_width::UnicodeWidthStr::width(*line) <= limit), "{matrix}");
            assert!(rows.iter().any(|line| line.contains("match")), "{matrix}");
            assert_eq!(rows.iter().any(|line| line.contains("next")), id == "next-not-pinned", "{matrix}");
        }
    }
}
