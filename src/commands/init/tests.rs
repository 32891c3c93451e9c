//! The dialogue with a person who is played, and Device Services who are.

use std::{
    cell::{Cell, RefCell},
    io::{self, BufRead, Read, Write},
    path::Path,
    rc::Rc,
};

use clap::Parser as _;

use super::*;
use crate::cli::Command;

/// What stands on the screen.
#[derive(Clone, Default)]
struct Screen(Rc<RefCell<Vec<u8>>>);

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Somebody who types these lines, which a terminal shows.
struct Person<'a> {
    lines: &'a [u8],
    screen: Screen,
}

impl Read for Person<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.lines.read(buffer)?;
        self.screen.write_all(&buffer[..read])?;
        Ok(read)
    }
}

impl BufRead for Person<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(self.lines)
    }

    fn consume(&mut self, count: usize) {
        self.screen.0.borrow_mut().extend(&self.lines[..count]);
        self.lines = &self.lines[count..];
    }
}

struct Asked {
    /// The lines of the file that the sample has not, or what was said instead of a file.
    written: Result<Vec<String>, String>,
    screen: String,
    /// How often Device Services were asked.
    looked_up: usize,
}

/// What Device Services answer.
type Answer = Result<&'static str, &'static str>;

fn asked(words: &[&str], variables: &[(&str, &str)], typed: &str, answer: Option<Answer>) -> Asked {
    let words = ["pinflight", "init"].iter().chain(words);
    let Command::Init(args) = Cli::try_parse_from(words).unwrap().command else { panic!("not init") };
    let said = CheckArgs { deployment: args.deployment.clone(), network: args.network.clone(), ..CheckArgs::default() };
    let environment =
        |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let mut draft = Draft::new(&said, &environment).unwrap();
    let screen = Screen::default();
    let looked_up = Cell::new(0);
    let mut look_up = |_: Drafted| {
        looked_up.set(looked_up.get() + 1);
        Ok(match answer {
            Some(Ok(url)) => Found::Url(url.parse().unwrap()),
            Some(Err(why)) => Found::Nothing(vec![why.to_owned()]),
            None => panic!("nobody was to be asked"),
        })
    };
    let mut dialogue = Dialogue {
        input: &mut Person { lines: typed.as_bytes(), screen: screen.clone() },
        out: &mut screen.clone(),
        style: Style { width: 60, ..Style::default() },
    };
    let offline: Option<&mut LookUp<'_>> = if args.offline { None } else { Some(&mut look_up) };
    let answered = questions::ask(&mut dialogue, &mut draft, offline);
    let written = answered.and_then(|()| Ok(draft.finished()?)).map(|_| {
        let text = draft.text(Path::new(""));
        text.lines().filter(|line| !SAMPLE.lines().any(|known| known == *line)).map(str::to_owned).collect()
    });
    let screen = String::from_utf8(screen.0.take()).unwrap();
    Asked { written: written.map_err(|error| error.to_string()), screen, looked_up: looked_up.get() }
}

const TRUST_SERVICE: &str = "https://ts.example.com:9001/TrustService";
/// Enter to everything behind the URL of Device Services: proxy, look-up, mode, URL, servers, domain, and the rest.
const ENTER: &str = "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n";

fn url_and(rest: &str) -> String {
    format!("https://ds.example.com\n{rest}")
}

#[test]
fn a_whole_conversation() {
    let typed = "ds.example.com\nhttps://ds.example.com\nhttp://somebody:hunter2@proxy\nhttp://proxy.example.com:3128\n\
                 maybe\ny\nonprem\n\n\n10.1.0.21, 10.1.0.22:9001\nadmin@example.com\nexample.com\n10.1.0.11 10.1.0.12:8443\n\
                 203.0.113.7\n\nno/such.cer\n\nnone\nexample.com\nconsole\n";
    let asked = asked(&[], &[], typed, Some(Ok(TRUST_SERVICE)));
    assert_eq!(
        asked.written.unwrap(),
        [
            "vantage = \"console\"",
            "mail_domain = \"example.com\"",
            "backends = [\"10.1.0.11\", \"10.1.0.12:8443\"]",
            "balancers = [\"203.0.113.7\"]",
            "mode = \"on-premises\"",
            "url = \"https://ts.example.com:9001/TrustService\"",
            "servers = [\"10.1.0.21\", \"10.1.0.22:9001\"]",
            "workspace_one_id_domain = \"example.com\"",
            "proxy = \"http://proxy.example.com:3128\"",
        ]
    );
    assert_eq!(asked.looked_up, 1);
    assert!(asked.screen.lines().all(|line| line.chars().count() <= 100), "{}", asked.screen);
    insta::assert_snapshot!(asked.screen);
}

#[test]
fn enter_alone_is_enough_behind_the_url() {
    let found = asked(&[], &[], &url_and(ENTER), Some(Ok(TRUST_SERVICE)));
    let lines = ["mode = \"on-premises\"".to_owned(), format!("url = \"{TRUST_SERVICE}\"")];
    assert_eq!((found.written.unwrap(), found.looked_up), (lines.to_vec(), 1));
    let why = "TCP to 10.1.0.11:443 fails: connection refused";
    let nothing = asked(&[], &[], &url_and(ENTER), Some(Err(why)));
    assert_eq!(nothing.written.unwrap(), ["mode = \"cloud\""]);
    assert!(nothing.screen.contains(&format!("it could not be found out:\n  {why}\n")), "{}", nothing.screen);
    // A file that says what is the default anyway is no worse.
    let cloud = asked(&[], &[], &url_and(ENTER), Some(Ok("https://discovery.awmdm.com/TrustService")));
    assert_eq!(cloud.written.unwrap(), ["mode = \"cloud\""]);
}

#[test]
fn nobody_is_asked_who_need_not_be() {
    let looked_up = |words: &[&str], typed: &str| {
        let asked = asked(words, &[], typed, Some(Err("x")));
        (asked.looked_up, asked.screen.contains("This would be asked"), asked.written.is_ok())
    };
    let url = url_and(ENTER);
    assert_eq!(looked_up(&[], &url), (1, true, true));
    assert_eq!(looked_up(&[], &url_and(&format!("\nno{ENTER}"))), (0, true, true));
    assert_eq!(looked_up(&["--offline"], &url), (0, false, true));
    assert_eq!(looked_up(&["--mode", "cloud"], &url), (0, false, true));
    assert_eq!(looked_up(&["--mode", "none"], &url), (0, false, true));
    assert_eq!(looked_up(&["--mode", "awcm"], &url), (1, true, true));
    assert_eq!(looked_up(&["--trust-service", TRUST_SERVICE], &url), (0, false, true));
    // Where it cannot be found out, it has to be typed.
    assert_eq!(looked_up(&["--mode", "on-premises"], &url), (1, true, false));
    let typed = url_and(&format!("\n\n\n{TRUST_SERVICE}{ENTER}"));
    assert_eq!(looked_up(&["--mode", "on-premises"], &typed), (1, true, true));
}

#[test]
fn what_flags_and_variables_say_is_told_and_not_asked() {
    let words = ["--backend", "10.1.0.11", "--backend", "10.1.0.12", "--mail-domain", "example.com"];
    let variables = [
        ("PINFLIGHT_DEVICE_SERVICES_URL", "https://ds.example.com"),
        ("PINFLIGHT_NETWORK_PROXY", "http://somebody:hunter2@proxy.example.com:3128"),
        ("PINFLIGHT_VANTAGE", "device"),
    ];
    let asked = asked(&words, &variables, ENTER, Some(Err("x")));
    assert_eq!(
        asked.written.unwrap(),
        [
            "vantage = \"device\"",
            "mail_domain = \"example.com\"",
            "backends = [\"10.1.0.11\", \"10.1.0.12\"]",
            "mode = \"cloud\"",
            "proxy = \"http://proxy.example.com:3128\"",
        ]
    );
    for line in [
        "URL of Device Services: https://ds.example.com (environment\nPINFLIGHT_DEVICE_SERVICES_URL)\n",
        "Device Services servers: 10.1.0.11, 10.1.0.12 (--backend)\n",
        "Mail domain: example.com (--mail-domain)\n",
    ] {
        assert!(asked.screen.contains(line), "{line}\n{}", asked.screen);
    }
    assert!(!asked.screen.contains("hunter2") && !asked.screen.contains("somebody"), "{}", asked.screen);
}

#[test]
fn wherever_the_input_ends_there_is_no_file() {
    let typed = url_and(ENTER);
    let whole = asked(&[], &[], &typed, Some(Ok(TRUST_SERVICE)));
    // The URL, and every Enter.
    let lines = 1 + whole.screen.matches("]: \n").count();
    assert!(lines > 12, "{lines}");
    for count in 0..lines {
        let part: String = typed.split_inclusive('\n').take(count).collect();
        let asked = asked(&[], &[], &part, Some(Ok(TRUST_SERVICE)));
        let told = asked.written.unwrap_err();
        assert!(
            told.starts_with("the input ended at this question, and nothing was written\n  fix: "),
            "{count}: {told}"
        );
        assert!(asked.screen.ends_with(": \n"), "{count}: {}", asked.screen);
    }
}

#[test]
fn the_usual_proxy_holds_unless_another_is_named() {
    let variables = [("https_proxy", "http://somebody:hunter2@proxy.example.com:3128")];
    let screen_and_proxy = |typed: &str| {
        let asked = asked(&[], &variables, &url_and(typed), Some(Err("x")));
        assert!(asked.screen.contains("Proxy [as environment https_proxy says: http://proxy.example.com:3128]: "));
        assert!(!asked.screen.contains("hunter2"), "{}", asked.screen);
        asked.written.unwrap().into_iter().find(|line| line.starts_with("proxy"))
    };
    assert_eq!(screen_and_proxy(ENTER), None);
    assert_eq!(screen_and_proxy(&format!("none{ENTER}")), Some("proxy = \"\"".to_owned()));
    assert_eq!(screen_and_proxy(&format!("socks5h://p:1{ENTER}")), Some("proxy = \"socks5h://p:1\"".to_owned()));
}

#[test]
fn files_are_read_before_they_are_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["ds.example.com".into()]).unwrap().self_signed(&key).unwrap();
    std::fs::write(path("d s.cer"), certificate.der()).unwrap();
    std::fs::write(path("key.pem"), key.serialize_pem()).unwrap();
    // Proxy, mode, servers, balancers, reverse proxies.
    let before = "\n\n\n\n\n";
    let typed = format!("{before}{}\n\"{}\"{ENTER}", path("key.pem"), path("d s.cer"));
    let asked = asked(&["--offline"], &[], &url_and(&typed), None);
    assert_eq!(asked.written.unwrap()[0], format!("certificates = [{}]", toml::Value::from(path("d s.cer"))));
    let told = asked.screen.split("Files of the uploaded certificates [none]: ").nth(1).unwrap();
    assert!(told.contains("private key") && told.contains("\n  fix: "), "{told}");
}
