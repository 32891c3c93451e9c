//! Where the commands of the documents run: a sound deployment on loopback, a folder with files of the names that the
//! documents use, and programs that ask nobody but that deployment.

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use pinflight_fixtures::{Running, Scenario, raise, scenarios};
use tokio::runtime::Runtime;

use super::{common, tls::Served};

/// What documents pipe into, and not every machine has; [`Others`] says whether they are run.
pub const OTHERS: [&str; 3] = ["curl", "jq", "xxd"];
/// What belongs to every POSIX system, or asks nobody.
const SYSTEM: [&str; 8] = ["base64", "bash", "cat", "grep", "mktemp", "rm", "sh", "tr"];
/// What is shown and never run here: it builds, installs, changes the system, or asks the network in its own way.
const SHOWN: [&str; 8] =
    ["ansible-galaxy", "ansible-playbook", "cargo", "chronyc", "getent", "mdbook", "pip", "timedatectl"];

/// Whether curl, jq and xxd are run, or stand-ins that say nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Others {
    Run,
    StandIns,
}

/// The deployment and the folder that each page gets a copy of.
pub struct Bench {
    runtime: Runtime,
    running: Option<Running>,
    folder: tempfile::TempDir,
    proxy: Served,
}

impl Bench {
    pub fn new(others: Others) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let deployment = folder.path().join("deployment");
        let running = runtime.block_on(raise(scenario("healthy"), &deployment)).unwrap();
        let proxy = proxy(&running);
        let bench = Self { runtime, running: Some(running), folder, proxy };
        bench.write_programs(others);
        bench.write_files(&deployment);
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A folder of its own for the commands of one page.
    pub fn page(&self) -> Place<'_> {
        let folder = tempfile::tempdir_in(self.folder.path()).unwrap();
        copy(&self.path("files"), folder.path());
        Place { bench: self, folder }
    }

    fn write_programs(&self, others: Others) {
        let bin = self.path("bin");
        fs::create_dir(&bin).unwrap();
        for name in SYSTEM {
            symlink(found(name), bin.join(name)).unwrap();
        }
        for name in SHOWN {
            program(&bin.join(name), "exit 0");
        }
        let proxy = self.proxy.address;
        let real = env!("CARGO_BIN_EXE_pinflight");
        // What names the documents' own hosts and addresses is planned and not asked. `init` writes to an empty folder.
        program(
            &bin.join("pinflight"),
            &format!(
                r#"said=$(echo "$*" | tr '\n' ' ')
case "$1" in
init) cd "$(mktemp -d -p .)" && export https_proxy=http://{proxy} || exit 70 ;;
check | gather)
  case "$* " in
  *" --plan "*) ;;
  *example.com* | *10.[0-9]*.* | *" -6 "*) set -- "$@" --plan ;;
  esac ;;
inspect | pins) export https_proxy=http://{proxy} ;;
esac
"{real}" "$@"
code=$?
echo "$code pinflight $said" >>"$CODES"
exit $code"#
            ),
        );
        let logged = |call: &str, name: &str| {
            format!(
                "said=$(echo \"$*\" | tr '\\n' ' ')\n{call}\ncode=$?\necho \"$code {name} $said\" >>\"$CODES\"\nexit $code"
            )
        };
        let openssl = format!(
            r#"if [ "$1" = s_client ]; then
  shift
  for word; do
    shift
    case "$word" in -4 | -6) ;; *) set -- "$@" "$word" ;; esac
  done
  set -- s_client "$@" -proxy {proxy}
fi
"{}" "$@""#,
            found("openssl").display()
        );
        program(&bin.join("openssl"), &logged(&openssl, "openssl"));
        for name in OTHERS {
            let call = match (others, name) {
                (Others::StandIns, _) => "cat >/dev/null".to_owned(),
                (Others::Run, "curl") => {
                    format!("\"{}\" \"$@\" -4 -k -x http://{proxy} --noproxy ''", found(name).display())
                }
                (Others::Run, _) => format!("\"{}\" \"$@\"", found(name).display()),
            };
            program(&bin.join(name), &logged(&call, name));
        }
    }

    fn write_files(&self, deployment: &Path) {
        let files = self.path("files");
        for folder in ["", "uploaded", "next", "preflight", "textfile", "target/release"] {
            fs::create_dir_all(files.join(folder)).unwrap();
        }
        let read = |name: &str| fs::read(deployment.join(name)).unwrap();
        let write = |names: &[&str], content: &[u8]| {
            for name in names {
                fs::write(files.join(name), content).unwrap();
            }
        };
        // The deployment's own configuration, with the files that it names.
        for name in ["ds-1.cer", "ds-2.cer", "public-root.pem", "cloud-root.pem", "signing-root.cer"] {
            write(&[name], &read(name));
        }
        write(&["trust-service.cer", "ts.cer"], &read("trust-service.cer"));
        write(&["trust-service.csr", "ts.csr", "next.csr"], &read("trust-service.csr"));
        // Without its deadlines, which are for tests.
        let configuration = String::from_utf8(read("console.toml")).unwrap();
        let lines = configuration.lines().filter(|line| !line.contains("_timeout = "));
        write(&["pinflight.toml"], lines.collect::<Vec<_>>().join("\n").as_bytes());
        write(&["proxy.toml"], b"[network]\nproxy = \"\"\n");

        write(
            &[
                "ds.cer",
                "old.cer",
                "in-use.cer",
                "uploaded/ds.cer",
                "uploaded/ds-1.cer",
                "old.pem",
                "ds.pem",
                "ds-1.pem",
                "leaf.pem",
            ],
            &read("ds-1.cer"),
        );
        write(
            &["new.cer", "renewed.cer", "next/ds-2027.cer", "uploaded/ds-2.cer", "uploaded/lb.cer"],
            &read("ds-2.cer"),
        );
        write(&["new.pem", "ds-2.pem", "ds-2027.pem", "renewed.pem"], &read("ds-1.cer"));
        write(&["intermediate.cer", "intermediate.pem", "root.pem", "corporate-root.pem"], &read("public-root.pem"));
        program(&files.join("target/release/pinflight"), "exec pinflight \"$@\"");
        write(&["new-pins.json"], br#"{"ds.example.com": ["3082010A"]}"#);
        write(&["ds.key"], &fs::read(common::project("fixtures/keys/ds-1.pem")).unwrap());
        for words in [
            &["pkey", "-in", "ds.key", "-pubout", "-out", "public.pem"][..],
            &["req", "-new", "-key", "ds.key", "-subj", "/CN=ds.example.com", "-out", "ds.csr"],
        ] {
            let output = Command::new(found("openssl")).args(words).current_dir(&files).output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }

        for vantage in ["console", "device-services", "discovery", "device"] {
            let record = ["check", "-q", "-o", "json", "--from", vantage, "--record", &format!("{vantage}.json")];
            let report = common::pinflight().current_dir(&files).args(record).output().unwrap();
            write(&["report.json"], &report.stdout);
        }
        for (vantage, names) in [
            ("console", &["before.json", "after.json", "console-1.json", "console-2.json", "console-new.json"][..]),
            ("device", &["device-1.json", "device-2.json"]),
            ("discovery", &["outside.json"]),
        ] {
            write(names, &fs::read(files.join(format!("{vantage}.json"))).unwrap());
        }
        for vantage in ["console", "device"] {
            let recording = fs::read(files.join(format!("{vantage}.json"))).unwrap();
            write(&[&format!("preflight/{vantage}.example.com.{vantage}.json")], &recording);
            // Reading goes by the content.
            write(&[&format!("{vantage}.json.zst")], &recording);
        }
        write(&["device-services.json.gz"], &fs::read(files.join("device-services.json")).unwrap());
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop());
        }
    }
}

/// A folder in which the commands of a page run, one after another.
pub struct Place<'a> {
    bench: &'a Bench,
    folder: tempfile::TempDir,
}

/// What came of a script.
pub struct Ran {
    pub out: String,
    pub err: String,
    /// Each program of note that it ran: exit code, and words.
    pub codes: Vec<(i32, String)>,
}

impl Place<'_> {
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a script by this shell: `sh`, or `bash -e`. One that hangs is ended.
    pub fn run(&self, shell: &str, script: &str) -> Ran {
        // Where documents say where things are on a server.
        let script = script
            .replace("/usr/local/bin/pinflight", "pinflight")
            .replace("/etc/pinflight/", "")
            .replace("/var/lib/node_exporter/textfile/", "textfile/");
        let codes = self.bench.path("codes").join(self.path().file_name().unwrap());
        fs::create_dir_all(codes.parent().unwrap()).unwrap();
        fs::write(&codes, "").unwrap();
        let bin = self.bench.path("bin");
        let Output { status, stdout, stderr } = Command::new(found("timeout"))
            .args(["--kill-after=1", "300"])
            .args(shell.split(' '))
            .args(["-c", &script])
            .current_dir(self.path())
            .env_clear()
            .env("PATH", &bin)
            .env("HOME", self.path())
            .env("LC_ALL", "C.UTF-8")
            .env("CODES", &codes)
            .env("GITHUB_STEP_SUMMARY", self.path().join("summary.md"))
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        assert_ne!(status.code(), Some(124), "it hangs: {script}");
        let told = fs::read_to_string(&codes).unwrap();
        let codes = told.lines().map(|line| {
            let (code, words) = line.split_once(' ').unwrap();
            (code.parse().unwrap(), words.to_owned())
        });
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ran { out: text(stdout), err: text(stderr), codes: codes.collect() }
    }
}

impl Ran {
    /// What went otherwise than a reader may expect.
    pub fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = self
            .codes
            .iter()
            .filter(|(code, words)| !expected(words).contains(code))
            .map(|(code, words)| format!("exit code {code}: {words}\n{}", self.err))
            .collect();
        let missing = self.err.lines().filter(|line| line.contains("not found") || line.contains("No such file"));
        problems.extend(missing.map(str::to_owned));
        // A plugin's exit code for wrong usage is that of INCOMPLETE.
        problems.extend(self.out.lines().filter(|line| line.starts_with("PINFLIGHT UNKNOWN")).map(str::to_owned));
        problems
    }
}

/// How a command may end here, where the deployment is sound.
fn expected(words: &str) -> &'static [i32] {
    let mut words = words.split(' ');
    match (words.next(), words.next()) {
        (Some("pinflight"), Some("check" | "replay" | "merge")) => &[0, 3],
        (Some("pinflight"), Some("demo")) if words.any(|word| word == "--fault") => &[0, 1, 2],
        (Some("pinflight"), Some("csr" | "gather" | "inspect" | "pins")) => &[0, 1],
        (Some("pinflight"), Some("simulate")) => &[0, 1, 3],
        _ => &[0],
    }
}

/// A scenario by its id.
pub fn scenario(id: &str) -> &'static Scenario {
    scenarios().iter().find(|scenario| scenario.id == id).unwrap()
}

/// Whoever is asked for, it is the deployment that answers.
fn proxy(running: &Running) -> Served {
    let way = |name: &str| running.ways[&("console".to_owned(), name.to_owned())];
    let (discovery, device_services, trust_service) =
        (way("discovery.awmdm.com"), way("ds.acme.test"), way("ts.acme.test"));
    Served::by(move |client| {
        // A client that goes away ends its own conversation only.
        std::thread::spawn(move || {
            let _ = tunnel(client, |target| {
                if target.starts_with("discovery.") {
                    discovery
                } else if target.ends_with(":9001") {
                    trust_service
                } else {
                    device_services
                }
            });
        });
    })
}

fn tunnel(mut client: TcpStream, choose: impl Fn(&str) -> SocketAddr) -> io::Result<()> {
    let mut lines = BufReader::with_capacity(1, client.try_clone()?).lines();
    let request = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let Some(target) = request.strip_prefix("CONNECT ").and_then(|rest| rest.split(' ').next()) else { return Ok(()) };
    let mut server = TcpStream::connect(choose(target))?;
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    let (mut from, mut to) = (server.try_clone()?, client.try_clone()?);
    let back = std::thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
    let copied = io::copy(&mut client, &mut server);
    server.shutdown(Shutdown::Both)?;
    let _ = back.join();
    copied.map(drop)
}

/// A program of this machine.
pub fn found(name: &str) -> PathBuf {
    let paths = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&paths).map(|folder| folder.join(name)).find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("{name} is needed for this test, and is not installed"))
}

fn program(file: &Path, script: &str) {
    fs::write(file, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}
