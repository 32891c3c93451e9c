//! `pinflight csr` on requests that openssl made, right and wrong, and on files that hold none.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use data_encoding::BASE64;
use serde_json::{Value, json};
use tempfile::TempDir;

const JUDGED: [&str; 4] = ["--workspace-one-id-domain", "example.com", "--host", "ts.example.com"];
const SUBJECT: &str = "/C=DE/O=Example/CN=ts.example.com";
const NAMES: &str = "subjectAltName=DNS:ts.example.com,email:admin@example.com";

/// A folder in which openssl makes things.
struct Bench(TempDir);

impl Bench {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn openssl(&self, arguments: &[&str]) {
        let output = Command::new("openssl").args(arguments).current_dir(self.0.path()).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// A request in PEM, with these options besides.
    fn request(&self, name: &str, key: &[&str], options: &[&str]) -> PathBuf {
        let new = ["req", "-new", "-nodes", "-keyout", "ts.key", "-out", name];
        self.openssl(&[&new, key, options].concat());
        self.path(name)
    }

    /// The same with everything right.
    fn sound(&self) -> PathBuf {
        self.request("ts.csr", &["-newkey", "rsa:2048"], &["-subj", SUBJECT, "-addext", NAMES])
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }
}

/// The answer in JSON, which fits its schema, and the exit code.
fn judged(file: &Path, flags: &[&str]) -> (Value, i32) {
    let output = common::pinflight().arg("csr").arg(file).args(flags).args(["-o", "json"]).output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let schema = serde_json::from_slice(&fs::read(common::project("docs/schema/csr-1.json")).unwrap()).unwrap();
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    let errors: Vec<String> = schema.iter_errors(&answer).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new(), "{answer:#}");
    (answer, output.status.code().unwrap())
}

fn outcomes(answer: &Value) -> [&str; 4] {
    let checks = answer["checks"].as_array().unwrap();
    let outcomes: Vec<&str> = checks.iter().map(|check| check["outcome"].as_str().unwrap()).collect();
    outcomes.try_into().unwrap()
}

fn causes(answer: &Value) -> Vec<&str> {
    let findings = answer["checks"].as_array().unwrap().iter().flat_map(|check| check["findings"].as_array().unwrap());
    findings.filter_map(|finding| finding["cause"]["kind"].as_str()).collect()
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2], mark: &[u8]) -> Vec<u8> {
    [mark, text.encode_utf16().flat_map(unit).collect::<Vec<_>>().as_slice()].concat()
}

#[test]
fn a_sound_request_is_one_in_every_form() {
    let bench = Bench::new();
    let pem = bench.sound();
    let (expected, code) = judged(&pem, &JUDGED);
    assert_eq!((outcomes(&expected), code), (["pass", "pass", "pass", "skipped"], 0));
    assert_eq!(expected["subject"], "CN=ts.example.com,O=Example,C=DE");
    assert_eq!(expected["emails"], json!({"subject": [], "san": ["admin@example.com"]}));
    assert_eq!(expected["dns_names"], json!(["ts.example.com"]));
    assert_eq!(expected["key"], json!({"type": "RSA", "bits": 2048, "curve": null}));
    assert_eq!(
        (&expected["signature_valid"], &expected["parsed"], &expected["error"]),
        (&json!(true), &json!(true), &Value::Null)
    );

    bench.openssl(&["req", "-in", "ts.csr", "-outform", "DER", "-out", "ts.der"]);
    bench.openssl(&["req", "-in", "ts.csr", "-text", "-out", "text.csr"]);
    let der = fs::read(bench.path("ts.der")).unwrap();
    let text = fs::read_to_string(&pem).unwrap();
    // As certreq spells it, with its line ends.
    let windows = text.replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST").replace('\n', "\r\n");
    let lines: Vec<String> =
        BASE64.encode(&der).as_bytes().chunks(64).map(|line| String::from_utf8(line.to_vec()).unwrap()).collect();
    let bare = lines.join("\r\n");
    for (name, bytes) in [
        ("text", fs::read(bench.path("text.csr")).unwrap()),
        ("der", der),
        ("certreq", windows.clone().into_bytes()),
        ("utf-16le", utf16(&windows, u16::to_le_bytes, &[0xff, 0xfe])),
        ("utf-16be", utf16(&windows, u16::to_be_bytes, &[0xfe, 0xff])),
        ("utf-16le without a mark", utf16(&windows, u16::to_le_bytes, &[])),
        ("utf-16be without a mark", utf16(&windows, u16::to_be_bytes, &[])),
        ("bare base64", bare.clone().into_bytes()),
        ("bare base64 in utf-16", utf16(&bare, u16::to_le_bytes, &[0xff, 0xfe])),
        ("utf-8 with a mark", format!("\u{feff}{windows}").into_bytes()),
    ] {
        let (seen, code) = judged(&bench.write("same.csr", bytes), &JUDGED);
        assert_eq!((seen, code), (expected.clone(), 0), "{name}");
    }
    let output = common::pinflight().args(["csr", "-", "-o", "json"]).args(JUDGED).write_stdin(text).output().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap(), expected);
}

#[test]
fn keys_and_signatures_are_told_apart() {
    let bench = Bench::new();
    let sound = ["-subj", SUBJECT, "-addext", NAMES];
    let ec = |curve: &'static str| vec!["-newkey", "ec", "-pkeyopt", curve];
    for (key, options, words, valid, outcome, code) in [
        (
            vec!["-newkey", "rsa:1024"],
            vec![],
            json!({"type": "RSA", "bits": 1024, "curve": null}),
            json!(true),
            "fail",
            1,
        ),
        (
            vec!["-newkey", "rsa:3072"],
            vec![],
            json!({"type": "RSA", "bits": 3072, "curve": null}),
            json!(true),
            "pass",
            0,
        ),
        (
            ec("ec_paramgen_curve:P-256"),
            vec![],
            json!({"type": "EC", "bits": 256, "curve": "P-256"}),
            json!(true),
            "pass",
            0,
        ),
        (
            ec("ec_paramgen_curve:P-384"),
            vec!["-sha384"],
            json!({"type": "EC", "bits": 384, "curve": "P-384"}),
            json!(true),
            "pass",
            0,
        ),
        (
            ec("ec_paramgen_curve:P-521"),
            vec!["-sha512"],
            json!({"type": "EC", "bits": 521, "curve": "P-521"}),
            json!(true),
            "warn",
            0,
        ),
        (
            ec("ec_paramgen_curve:P-224"),
            vec![],
            json!({"type": "EC", "bits": 224, "curve": "P-224"}),
            json!(true),
            "fail",
            1,
        ),
        (
            vec!["-newkey", "ed25519"],
            vec![],
            json!({"type": "Ed25519", "bits": 256, "curve": null}),
            json!(true),
            "warn",
            0,
        ),
        (
            vec!["-newkey", "rsa:2048"],
            vec!["-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:20"],
            json!({"type": "RSA", "bits": 2048, "curve": null}),
            Value::Null,
            "not-observed",
            0,
        ),
    ] {
        let file = bench.request("key.csr", &key, &[&sound[..], &options].concat());
        let (seen, exit) = judged(&file, &JUDGED);
        assert_eq!(
            (&seen["key"], &seen["signature_valid"], outcomes(&seen)[2], exit),
            (&words, &valid, outcome, code),
            "{key:?}"
        );
    }

    bench.sound();
    bench.openssl(&["req", "-in", "ts.csr", "-outform", "DER", "-out", "ts.der"]);
    let mut der = fs::read(bench.path("ts.der")).unwrap();
    *der.last_mut().unwrap() ^= 1;
    let (seen, code) = judged(&bench.write("tampered.der", der), &JUDGED);
    assert_eq!((&seen["signature_valid"], causes(&seen), code), (&json!(false), vec!["csr-signature-invalid"], 1));
}

#[test]
fn what_the_portal_refuses_is_found() {
    let bench = Bench::new();
    let make = |subject: &str, names: &[&str]| {
        let mut options = vec!["-subj", subject];
        let names = format!("subjectAltName={}", names.join(","));
        if names.len() > 15 {
            options.extend(["-addext", names.as_str()]);
        }
        bench.request("bad.csr", &["-newkey", "rsa:2048"], &options)
    };
    let host = "DNS:ts.example.com";
    for (subject, names, expected, kinds) in [
        ("/CN=ts/emailAddress=admin@example.com", vec![host], ["pass", "pass", "pass", "skipped"], vec![]),
        ("/CN=ts", vec![host], ["fail", "pass", "pass", "skipped"], vec!["csr-email-missing"]),
        (
            "/CN=ts",
            vec![host, "email:admin@example.org"],
            ["fail", "pass", "pass", "skipped"],
            vec!["csr-email-elsewhere"],
        ),
        (
            "/CN=ts/emailAddress=admin@example.org",
            vec![host, "email:admin@example.com"],
            ["warn", "pass", "pass", "skipped"],
            vec!["csr-email-elsewhere"],
        ),
        (
            "/CN=ts",
            vec![host, "DNS:www.example.com", "email:admin@example.com"],
            ["pass", "fail", "pass", "skipped"],
            vec!["csr-several-dns-names"],
        ),
        (
            "/CN=ts.example.com",
            vec!["email:admin@example.com"],
            ["pass", "warn", "pass", "skipped"],
            vec!["csr-name-in-common-name-only"],
        ),
        (
            "/CN=ts.example.com/emailAddress=admin@example.com",
            vec![],
            ["pass", "warn", "pass", "skipped"],
            vec!["csr-name-in-common-name-only"],
        ),
        (
            "/CN=ts",
            vec!["DNS:other.example.com", "email:admin@example.com"],
            ["pass", "fail", "pass", "skipped"],
            vec!["csr-name-mismatch"],
        ),
    ] {
        let (seen, code) = judged(&make(subject, &names), &JUDGED);
        assert_eq!((outcomes(&seen), causes(&seen)), (expected, kinds), "{subject} {names:?}");
        assert_eq!(code, i32::from(expected.contains(&"fail")), "{subject} {names:?}");
    }
}

#[test]
fn every_file_gets_an_answer_in_json() {
    let bench = Bench::new();
    bench.sound();
    bench.openssl(&["req", "-x509", "-key", "ts.key", "-subj", "/CN=x", "-out", "certificate.pem"]);
    let pem = fs::read_to_string(bench.path("ts.csr")).unwrap();
    for (name, bytes) in [
        ("empty", Vec::new()),
        ("text", b"no request".to_vec()),
        ("zeros", vec![0; 4096]),
        ("noise", (0..=255).cycle().take(5000).collect()),
        ("deep", [0x30, 0x80].repeat(5000)),
        ("certificate", fs::read(bench.path("certificate.pem")).unwrap()),
        ("key", fs::read(bench.path("ts.key")).unwrap()),
        ("half", pem.as_bytes()[..pem.len() / 2].to_vec()),
        ("twice", format!("{pem}{pem}").into_bytes()),
        ("nothing inside", b"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n".to_vec()),
        ("too long", vec![b'A'; 2 * 1024 * 1024]),
        ("odd utf-16", vec![0xff, 0xfe, 0x00, 0xd8, 0x41]),
    ] {
        let (seen, code) = judged(&bench.write("any", bytes), &JUDGED);
        let expected = (["not-observed", "not-observed", "fail", "skipped"], vec!["csr-unreadable"], 1);
        assert_eq!((outcomes(&seen), causes(&seen), code), expected, "{name}");
        assert_eq!(
            (&seen["parsed"], &seen["subject"], &seen["signature_valid"]),
            (&json!(false), &Value::Null, &Value::Null),
            "{name}"
        );
        assert_eq!(
            (&seen["key"], &seen["emails"]),
            (&json!({"type": null, "bits": null, "curve": null}), &json!({"subject": [], "san": []})),
            "{name}"
        );
        assert!(seen["error"].as_str().is_some_and(|error| !error.is_empty()), "{name}");
    }
}

#[test]
fn a_request_is_held_against_its_certificate() {
    let bench = Bench::new();
    let csr = bench.sound();
    let sign = |key: &str, names: &str, out: &str| {
        bench.openssl(&["req", "-x509", "-key", key, "-subj", "/CN=ts", "-addext", names, "-out", out]);
        bench.path(out).to_str().unwrap().to_owned()
    };
    bench.openssl(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "other.key"]);
    let host = "subjectAltName=DNS:ts.example.com";
    for (certificate, expected, code) in [
        (sign("ts.key", host, "a.pem"), "pass", 0),
        (sign("ts.key", "subjectAltName=DNS:ts.example.com,DNS:www.example.com", "b.pem"), "warn", 0),
        (sign("other.key", host, "c.pem"), "fail", 1),
    ] {
        let (seen, exit) = judged(&csr, &[&JUDGED[..], &["--certificate", &certificate]].concat());
        assert_eq!((outcomes(&seen)[3], exit), (expected, code), "{certificate}");
    }
    let asserted =
        common::pinflight().arg("csr").arg(&csr).args(["--certificate", csr.to_str().unwrap()]).assert().code(2);
    let told = String::from_utf8_lossy(&asserted.get_output().stderr).into_owned();
    assert!(told.contains("it holds a certificate signing request"), "{told}");
}

#[test]
fn usage_is_told_with_2() {
    let bench = Bench::new();
    let csr = bench.sound();
    let csr = csr.to_str().unwrap();
    for (arguments, told) in [
        (vec!["csr", "missing.csr"], "there is no such file"),
        (vec!["csr", "."], "directory"),
        (vec!["csr"], "FILE"),
        (vec!["csr", csr, "--workspace-one-id-domain", "admin@example.com"], "must be a domain"),
        (vec!["csr", csr, "--trust-service", "http://ts.example.com"], "--trust-service"),
        (vec!["csr", csr, "--host", "a b"], "--host"),
        (vec!["csr", csr, "--host", "a", "--trust-service", "https://a"], "cannot be used with"),
        (vec!["csr", csr, "--email", "a@example.com"], "--fix"),
        (vec!["csr", csr, "--fix", "--email", "$(id)@example.com"], "plain mail address"),
    ] {
        let assert = common::pinflight().args(&arguments).assert().code(2);
        let stderr = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
        assert!(stderr.contains(told), "{arguments:?}: {stderr}");
        assert!(assert.get_output().stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn the_table_says_what_json_says() {
    let bench = Bench::new();
    bench.sound();
    let shown = |file: &str, flags: &[&str]| {
        let output = common::pinflight().current_dir(bench.0.path()).args(["csr", file]).args(flags).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let sound = shown("ts.csr", &JUDGED);
    assert_eq!(
        sound,
        "SOUND ts.csr\n  subject    CN=ts.example.com,O=Example,C=DE\n  e-mail     admin@example.com (SAN)\n  DNS names  \
         ts.example.com\n  key        RSA 2048\n  signature  valid: made with that key\n\nWhat was left out\n  \
         csr/matches-certificate\n      no signed certificate is given: --certificate\n"
    );
    let unsure = shown("ts.csr", &[]);
    assert!(unsure.starts_with("NOTHING WRONG SO FAR ts.csr\n"), "{unsure}");
    let wrong = shown("ts.csr", &["--workspace-one-id-domain", "example.org"]);
    assert!(
        wrong.starts_with("NOT SOUND ts.csr\n") && wrong.contains("What is wrong\n  csr/email-domain\n"),
        "{wrong}"
    );
    bench.write("noise", "noise");
    assert!(shown("noise", &JUDGED).starts_with("NO REQUEST noise\n"));
}

/// The openssl command of `--fix`, run as a shell runs it.
fn run_fix(bench: &Bench, file: &Path, flags: &[&str]) -> (String, PathBuf) {
    let output = common::pinflight().arg("csr").arg(file).arg("--fix").args(flags).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let commands: Vec<&str> = text.lines().filter(|line| line.contains("openssl req -new")).collect();
    let [command] = commands.as_slice() else { panic!("{text}") };
    let place = tempfile::tempdir_in(bench.0.path()).unwrap().keep();
    let ran = Command::new("sh").args(["-c", command]).current_dir(&place).output().unwrap();
    assert!(ran.status.success(), "{command}\n{}", String::from_utf8_lossy(&ran.stderr));
    let made: Vec<String> =
        fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(made.len(), 2, "{made:?}");
    (text, place.join("trust-service.csr"))
}

#[test]
fn the_printed_command_makes_a_sound_request_of_any() {
    let bench = Bench::new();
    let hostile = "/C=DE/O=Bob's \"Best\" $(touch pwned) `touch pwned`/OU=a; touch pwned\n[Extensions]/OU=100% right/L=M\\/S, \
                   \u{fc}ber & Co./CN=$(touch pwned)/emailAddress=a;b@example.com";
    let two = "subjectAltName=DNS:ts.example.com,DNS:$(touch pwned),email:it-admin@example.com";
    for (name, key, options) in [
        ("sound", vec!["-newkey", "rsa:2048"], vec!["-subj", SUBJECT, "-addext", NAMES]),
        ("weak", vec!["-newkey", "rsa:1024"], vec!["-subj", SUBJECT, "-addext", NAMES]),
        ("ec", vec!["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"], vec!["-subj", "/CN=x"]),
        ("hostile", vec!["-newkey", "rsa:3072"], vec!["-utf8", "-subj", hostile]),
        (
            "names",
            vec!["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
            vec!["-subj", "/O=Example, Inc.", "-addext", &two.replace('$', "\\$")],
        ),
    ] {
        let file = bench.request(name, &key, &options);
        let (text, made) = run_fix(&bench, &file, &JUDGED);
        let (seen, code) = judged(&made, &JUDGED);
        assert_eq!((outcomes(&seen), code), (["pass", "pass", "pass", "skipped"], 0), "{name}: {text}");
        let section = text.split_once("[Version]\n").unwrap().1;
        assert_eq!(section.matches("\n[").count(), 2, "{text}");
        assert!(section.contains("\n_continue_ = \"dns=ts.example.com&\"\n"), "{text}");
        match name {
            "sound" => {
                assert_eq!(seen["subject"], "emailAddress=admin@example.com,CN=ts.example.com,O=Example,C=DE");
                assert_eq!(seen["key"]["bits"], 2048);
            }
            "weak" => assert_eq!(seen["key"]["bits"], 2048),
            "ec" => assert_eq!(seen["key"]["curve"], "P-384"),
            "hostile" => {
                let subject = "emailAddress=admin@example.com,CN=ts.example.com,L=M/S\\, \u{fc}ber & Co.,C=DE";
                assert_eq!(seen["subject"], subject);
                assert!(
                    text.contains("# Left out of the subject, for its kind, length or characters: O, OU.\n"),
                    "{text}"
                );
                assert!(!text.contains("pwned") && !text.contains("100%"), "{text}");
            }
            _ => {
                assert_eq!(seen["emails"]["san"], json!(["it-admin@example.com"]));
                assert!(section.contains("O=\"\"Example, Inc.\"\""), "{text}");
            }
        }
    }
    let (text, made) = run_fix(&bench, &bench.write("noise", "noise"), &JUDGED);
    assert!(text.contains("nothing of it is kept"), "{text}");
    assert_eq!(outcomes(&judged(&made, &JUDGED).0), ["pass", "pass", "pass", "skipped"]);
}

#[test]
fn a_key_that_is_there_is_not_overwritten() {
    let bench = Bench::new();
    let file = bench.sound();
    let output = common::pinflight().arg("csr").arg(&file).arg("--fix").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let command = text.lines().find(|line| line.contains("openssl req")).unwrap();
    bench.write("trust-service.key", "precious");
    let ran = Command::new("sh").args(["-c", command]).current_dir(bench.0.path()).output().unwrap();
    assert!(!ran.status.success());
    assert_eq!(fs::read_to_string(bench.path("trust-service.key")).unwrap(), "precious");
    assert!(!bench.path("trust-service.csr").exists());
}

#[test]
fn fix_asks_for_what_the_file_does_not_tell() {
    let bench = Bench::new();
    let file = bench.write("noise", "noise");
    for (flags, told) in [
        (vec![], "--host"),
        (vec!["--host", "ts.example.com"], "--email"),
        (
            vec!["--host", "ts.example.com", "--workspace-one-id-domain", "example.com", "--email", "a@example.org"],
            "--email",
        ),
    ] {
        let assert = common::pinflight().arg("csr").arg(&file).arg("--fix").args(flags).assert().code(2);
        let stderr = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
        assert!(stderr.contains(told), "{stderr}");
    }
}
