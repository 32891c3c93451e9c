//! Broken surroundings: targets that are there or cannot be, full disks, closed streams, few descriptors, no DNS. Each is
//! named with what helps, and nothing is half-written or blamed on a server.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink},
    path::Path,
    process::{Command, Stdio},
};

use nix::{sys::stat::Mode, unistd::mkfifo};
use serde_json::Value;

use self::common::{files, shut};

/// A run by a shell in which `$PINFLIGHT` checks a server that refuses: exit code, standard output, standard error.
fn shell(folder: &Path, script: &str) -> (Option<i32>, String, String) {
    let (_held, address) = shut();
    let binary = env!("CARGO_BIN_EXE_pinflight");
    let check = format!("{binary} check --from discovery --no-proxy * --device-services https://{address}");
    let mut command = Command::new("sh");
    // The star is for nobody to expand.
    command.env_clear().env("LC_ALL", "C.UTF-8").env("PATH", std::env::var_os("PATH").unwrap()).env("CHECK", check);
    command.current_dir(folder).args(["-fc", script]).stdin(Stdio::null());
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn is_report(text: &str) -> bool {
    serde_json::from_str(text).is_ok_and(|report: Value| report["verdict"] == "not-ready")
}

#[test]
fn what_a_run_reads_it_does_not_replace() {
    let folder = tempfile::tempdir().unwrap();
    let recorded = common::pinflight().args(["demo", "-q", "-o", "short", "--record"]).arg(folder.path()).output();
    assert!(recorded.unwrap().status.success());
    fs::write(folder.path().join("p.toml"), "[device_services]\nurl = \"https://ds.example.com\"\n").unwrap();
    symlink("p.toml", folder.path().join("link")).unwrap();
    fs::create_dir(folder.path().join("down")).unwrap();
    for (words, kept) in [
        (&["replay", "console.json", "--report", "json=down/../console.json"][..], "console.json"),
        (&["merge", "console.json", "device.json", "--report", "html=device.json"], "device.json"),
        (&["check", "--config", "p.toml", "--from", "device", "--only", "dns/*", "--record", "link"], "p.toml"),
        (&["check", "--config", "link", "--from", "device", "--only", "dns/*", "--report", "json=p.toml"], "p.toml"),
    ] {
        let before = fs::read(folder.path().join(kept)).unwrap();
        let output = common::pinflight().current_dir(folder.path()).args(words).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            (output.status.code(), fs::read(folder.path().join(kept)).unwrap() == before),
            (Some(2), true),
            "{told}"
        );
        assert!(told.contains(" is read by this run, and would be replaced\n  fix: name another file"), "{told}");
    }
}

#[test]
fn a_file_that_is_named_is_replaced_and_keeps_its_permissions() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("report.json"), "old, and longer than nothing").unwrap();
    fs::set_permissions(path("report.json"), fs::Permissions::from_mode(0o640)).unwrap();
    let script = "umask 027; $CHECK -o short --report json=report.json --report html=new.html --record new.json";
    let (code, _, err) = shell(folder.path(), script);
    assert_eq!((code, err.as_str()), (Some(1), ""));
    assert_eq!(files(folder.path()), ["new.html", "new.json", "report.json"]);
    assert!(is_report(&fs::read_to_string(path("report.json")).unwrap()));
    let mode = |name: &str| fs::metadata(path(name)).unwrap().mode() & 0o777;
    assert_eq!((mode("report.json"), mode("new.html"), mode("new.json")), (0o640, 0o640, 0o640));
    let (code, ..) = shell(folder.path(), "umask 077; $CHECK -o short --record private.json");
    assert_eq!((code, mode("private.json")), (Some(1), 0o600));
    let (code, ..) = shell(folder.path(), "umask 000; $CHECK -o short --record open.json");
    assert_eq!((code, mode("open.json")), (Some(1), 0o666));
}

#[test]
fn links_and_pipes_stay_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("elsewhere")).unwrap();
    fs::write(path("elsewhere/real.json"), "old").unwrap();
    symlink("elsewhere/real.json", path("link.json")).unwrap();
    mkfifo(&path("pipe"), Mode::S_IRWXU).unwrap();
    let script =
        "cat pipe >read & $CHECK -o short --report json=link.json --report json=pipe; code=$?; wait; exit $code";
    let (code, _, err) = shell(folder.path(), script);
    assert_eq!((code, err.as_str()), (Some(1), ""));
    assert!(path("link.json").symlink_metadata().unwrap().is_symlink());
    assert!(path("pipe").metadata().unwrap().file_type().is_fifo());
    for name in ["elsewhere/real.json", "read"] {
        assert!(is_report(&fs::read_to_string(path(name)).unwrap()), "{name}");
    }
    assert_eq!(files(&path("elsewhere")), ["real.json"]);

    // Whoever reads from a pipe may go away, as from standard output.
    let script = "head -c 1 pipe >/dev/null & $CHECK -o short --report json=pipe; code=$?; wait; exit $code";
    assert_eq!(shell(folder.path(), script).0, Some(1));
    // And the report may take the way of standard output.
    let (code, out, _) = shell(folder.path(), "$CHECK -o json --report short=/dev/stderr");
    assert!(code == Some(1) && is_report(&out));
}

#[test]
fn a_place_where_nothing_can_be_written_is_told_with_what_helps() {
    let folder = tempfile::tempdir().unwrap();
    symlink("nowhere", folder.path().join("link.json")).unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    for (words, told) in [
        (
            "--record link.json",
            "cannot write link.json: it is a link that leads nowhere\n  fix: name the file itself\n",
        ),
        ("--record .", "cannot write .: it is a folder\n  fix: name a file in it\n"),
        (
            "--report json=missing/report.json",
            "cannot write missing/report.json: there is no folder missing\n  fix: make it, or name a file elsewhere\n",
        ),
        ("--record file/x", "cannot write file/x: Not a directory (os error 20)\n  fix: name another file\n"),
        ("--report json=x --report html=./x", "./x is to be written twice\n  fix: give each its own file\n"),
        ("--report json=x --record x", "x is to be written twice\n  fix: give each its own file\n"),
    ] {
        let (code, out, err) = shell(folder.path(), &format!("$CHECK {words}"));
        assert_eq!((code, out.as_str(), err), (Some(2), "", format!("pinflight: {told}")), "{words}");
    }
    assert_eq!(files(folder.path()), ["file", "link.json"]);
    let (code, _, err) = shell(folder.path(), "${CHECK%% check *} replay missing.json .");
    assert_eq!(code, Some(2));
    for told in [
        "cannot read missing.json: No such file or directory (os error 2)\n  fix: name a file that was written by: \
         pinflight check --record FILE\n",
        "cannot read .: Is a directory (os error 21)\n  fix: name the files in it\n",
    ] {
        assert!(err.contains(told), "{err}");
    }
}

#[test]
fn what_cannot_be_written_at_the_end_keeps_nothing_else_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    // Files may be of no more than 1 KiB, which no recording and no report in JSON is.
    fs::write(path("recording.json"), "old").unwrap();
    let script = "ulimit -f 2; $CHECK -o json --report short=short --report html=html --record recording.json | cat";
    let (_, out, err) = shell(folder.path(), script);
    assert!(is_report(&out), "{out}");
    for name in ["html", "recording.json"] {
        let told = format!(
            "cannot write {name}: File too large (os error 27)\n  fix: raise the limit of files' sizes: ulimit -f\n"
        );
        assert!(err.contains(&told), "{err}");
    }
    assert_eq!(files(folder.path()), ["recording.json", "short"]);
    assert_eq!(fs::read_to_string(path("recording.json")).unwrap(), "old");
    let (code, ..) = shell(folder.path(), "ulimit -f 2; $CHECK -o short --record recording.json");
    assert_eq!(code, Some(2));

    // A full standard output keeps the files from nothing.
    let (code, _, err) = shell(folder.path(), "$CHECK -o json --report json=report.json --record new.json >/dev/full");
    assert_eq!(code, Some(2));
    assert_eq!(err, "pinflight: cannot write to standard output: No space left on device (os error 28)\n");
    assert!(is_report(&fs::read_to_string(path("report.json")).unwrap()));
    assert_eq!(files(folder.path()), ["new.json", "recording.json", "report.json", "short"]);
    // A plugin has one line.
    let (code, out, _) = shell(folder.path(), "ulimit -f 2; $CHECK -o nagios --record recording.json");
    assert_eq!(
        (code, out.lines().next().map(|line| line.starts_with("PINFLIGHT UNKNOWN"))),
        (Some(3), Some(true)),
        "{out}"
    );
}

#[test]
fn without_a_standard_output_the_exit_code_still_tells() {
    let folder = tempfile::tempdir().unwrap();
    for script in [
        "$CHECK -o json --report json=report.json >&-",
        "$CHECK -o jsonl --report json=report.json >&-",
        "$CHECK -o json --report json=report.json 2>&-",
        "$CHECK -o json --report json=report.json >&- 2>&- <&-",
        "$CHECK -o json --report json=report.json >/dev/null",
    ] {
        let (code, ..) = shell(folder.path(), script);
        assert_eq!(code, Some(1), "{script}");
        // No descriptor of these was taken for the report's.
        assert!(is_report(&fs::read_to_string(folder.path().join("report.json")).unwrap()), "{script}");
        assert_eq!(files(folder.path()), ["report.json"], "{script}");
    }
    let closed = "{ $CHECK -o json; echo $? >code; } | true";
    shell(folder.path(), closed);
    assert_eq!(fs::read_to_string(folder.path().join("code")).unwrap(), "1\n");
}

#[test]
fn a_demo_overwrites_no_recording_unasked() {
    let folder = tempfile::tempdir().unwrap();
    let demo = |words: &[&str]| {
        let mut command = common::pinflight();
        let output =
            command.current_dir(folder.path()).args(["demo", "-q", "-o", "short"]).args(words).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    fs::write(folder.path().join("device.json"), "a real one").unwrap();
    let told = "pinflight: ./device.json is there already\n  fix: name another folder with --record, or add --force to \
                replace it\n";
    assert_eq!(demo(&["--record", "."]), (Some(2), told.to_owned()));
    assert_eq!(files(folder.path()), ["device.json"]);
    assert_eq!(demo(&["--record", ".", "--force"]), (Some(0), String::new()));
    assert_eq!(files(folder.path()), ["console.json", "device-services.json", "device.json", "discovery.json"]);
    let device = fs::read_to_string(folder.path().join("device.json")).unwrap();
    assert!(serde_json::from_str::<Value>(&device).is_ok());
}

#[test]
fn few_descriptors_make_it_slower_and_blame_nobody() {
    let folder = tempfile::tempdir().unwrap();
    // More servers than descriptors, all of which take connections.
    let listeners = std::iter::repeat_with(|| {
        let first = TcpListener::bind("127.0.1.1:0")?;
        let port = first.local_addr()?.port();
        let others = (2..=150).map(|last| TcpListener::bind((Ipv4Addr::new(127, 0, 1, last), port)));
        std::iter::once(Ok(first)).chain(others).collect::<std::io::Result<Vec<_>>>()
    });
    // The port may be taken at one of them.
    let listeners = listeners.take(16).find_map(Result::ok).unwrap();
    let port = listeners[0].local_addr().unwrap().port();
    let backends: Vec<String> = (1..=150).map(|last| format!("--backend 127.0.1.{last}")).collect();
    let end = listeners.iter().map(|listener| listener.try_clone().unwrap()).collect::<Vec<_>>();
    let serving: Vec<_> = listeners
        .into_iter()
        .map(|listener| {
            // Whoever connects is hung up on, until the test is over.
            std::thread::spawn(move || {
                while let Ok((mut stream, _)) = listener.accept() {
                    let mut hello = [0; 1];
                    if std::io::Read::read(&mut stream, &mut hello).is_ok_and(|count| count == 1 && hello == [0]) {
                        return;
                    }
                }
            })
        })
        .collect();
    let binary = env!("CARGO_BIN_EXE_pinflight");
    let check = format!(
        "{binary} check --from console --device-services https://127.0.1.1:{port} --discovery 127.0.1.1:{port} \
         --no-proxy * {} -o json",
        backends.join(" ")
    );
    let run = |limit: &str| {
        let output = Command::new("sh")
            .env_clear()
            .current_dir(folder.path())
            .args(["-fc", &format!("ulimit {limit}; exec {check}")])
            .output()
            .unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code(), report, String::from_utf8(output.stderr).unwrap())
    };
    // Hung up on is what every server did, and nothing else is said of any.
    let blamed = |report: &Value| {
        let checks = report["checks"].as_array().unwrap().iter();
        let findings = checks.flat_map(|check| check["findings"].as_array().unwrap());
        let failures = findings.map(|finding| finding["cause"]["failure"]["kind"].as_str().unwrap().to_owned());
        let mut failures: Vec<String> = failures.collect();
        let count = failures.len();
        failures.sort();
        failures.dedup();
        (count, failures)
    };
    let (code, report, err) = run("-n 64");
    assert_eq!(
        err,
        "pinflight: this process may open 64 files at once, enough for 8 conversations instead of 64: it will take longer\n  \
         fix: raise the limit: ulimit -n 288, or ask fewer at once: --jobs 8\n"
    );
    assert_eq!((code, report["run"]["unasked"].as_array().map(Vec::len)), (Some(1), Some(0)));
    let few = blamed(&report);
    // What may be raised is raised, and nobody need hear of it.
    let (code, report, err) = run("-Sn 64");
    assert_eq!((code, err.as_str()), (Some(1), ""));
    assert_eq!(blamed(&report), few);
    assert!(few.0 >= 150, "{few:?}");
    assert!(
        few.1.iter().all(|kind| ["reset-after-client-hello", "closed-after-client-hello"].contains(&kind.as_str())),
        "{few:?}"
    );
    let (code, _, err) = run("-n 30");
    assert_eq!(code, Some(2));
    let told = "pinflight: this process may open 30 files at once, too few to ask anybody\n  fix: raise the limit: ulimit \
                -n 288\n";
    assert_eq!(err, told);
    for listener in end {
        let mut stream = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        std::io::Write::write_all(&mut stream, &[0]).unwrap();
    }
    for thread in serving {
        thread.join().unwrap();
    }
}

/// The same in mount and network namespaces of the test's own, where root may break what it likes.
fn alone(folder: &Path, script: &str) -> (Option<i32>, String, String) {
    fs::write(folder.join("script"), format!("ip link set lo up\n{script}")).unwrap();
    shell(folder, "exec unshare --mount --net sh -f script")
}

#[test]
#[ignore = "needs root: makes mount and network namespaces (netns)"]
fn netns_a_full_disk_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("disk")).unwrap();
    let script = "mount -t tmpfs -o size=8k tmpfs disk || exit 99\n\
                  echo old >disk/recording.json\n\
                  head -c 4096 /dev/zero >disk/filler\n\
                  $CHECK -o json --record disk/recording.json --report html=disk/report.html >report.json 2>told\n\
                  echo $?\nls -A disk\ncat disk/recording.json";
    let (code, out, err) = alone(folder.path(), script);
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "2\nfiller\nrecording.json\nold\n", ""));
    let told = fs::read_to_string(folder.path().join("told")).unwrap();
    for name in ["recording.json", "report.html"] {
        let wanted = format!(
            "cannot write disk/{name}: No space left on device (os error 28)\n  fix: free some space there, or name a file \
             elsewhere\n"
        );
        assert!(told.contains(&wanted), "{told}");
    }
    assert!(is_report(&fs::read_to_string(folder.path().join("report.json")).unwrap()));
}

#[test]
#[ignore = "needs root: makes mount and network namespaces (netns)"]
fn netns_where_this_user_may_not_write_nothing_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("theirs")).unwrap();
    // Root that goes by the permissions, as everybody else.
    let script = "chmod 555 theirs\n\
                  for words in '--record theirs/new.json' '--report html=theirs/report.html'; do\n\
                  setpriv --bounding-set=-dac_override,-dac_read_search $CHECK $words\necho $?\ndone\n\
                  ls -A theirs";
    let (code, out, err) = alone(folder.path(), script);
    assert_eq!((code, out.as_str()), (Some(0), "2\n2\n"), "{err}");
    for name in ["new.json", "report.html"] {
        let wanted = format!(
            "pinflight: cannot write theirs/{name}: Permission denied (os error 13)\n  fix: name a file elsewhere, or let \
             this user write there\n"
        );
        assert!(err.contains(&wanted), "{err}");
    }
}

#[test]
#[ignore = "needs root: makes mount and network namespaces (netns)"]
fn netns_on_a_read_only_file_system_nothing_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("disk")).unwrap();
    let words = ["--record disk/new.json", "--record disk/old.json", "--report html=disk/report.html"];
    let tries: Vec<String> = words.iter().map(|words| format!("$CHECK {words}\necho $?\n")).collect();
    let other = "${CHECK%% check *} init disk/pinflight.toml\necho $?\n\
                 ${CHECK%% check *} demo -q --record disk\necho $?\n\
                 ${CHECK/check/gather} --to disk/gathered\necho $?\n\
                 ls -A disk";
    let script = format!(
        "mount -t tmpfs tmpfs disk || exit 99\necho old >disk/old.json\nmount -o remount,ro disk || exit 99\n{}{}",
        tries.concat(),
        other.replace("${CHECK/check/gather}", "$(echo \"$CHECK\" | sed 's/ check / gather /')")
    );
    let (code, out, err) = alone(folder.path(), &script);
    assert_eq!((code, out.as_str()), (Some(0), "2\n2\n2\n2\n2\n2\nold.json\n"), "{err}");
    assert_eq!(
        err.matches(
            "Read-only file system (os error 30)\n  fix: name a file elsewhere: that file system is read-only\n"
        )
        .count(),
        6,
        "{err}"
    );
}

#[test]
#[ignore = "needs root: makes mount and network namespaces (netns)"]
fn netns_without_dns_servers_names_are_not_said_to_be_unknown() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("resolv.conf"), "").unwrap();
    let check = "${CHECK%% --device-services *} --device-services https://ds.example.com -o json";
    for before in ["mount --bind resolv.conf /etc/resolv.conf || exit 99", "mount -t tmpfs tmpfs /etc || exit 99"] {
        let (code, out, err) = alone(folder.path(), &format!("{before}\n{check}"));
        assert_eq!((code, err.as_str()), (Some(1), ""), "{before}");
        let report: Value = serde_json::from_str(&out).unwrap();
        let checks = report["checks"].as_array().unwrap();
        let failing: Vec<&Value> = checks.iter().filter(|check| check["outcome"] == "fail").collect();
        assert_eq!(failing.len(), 1, "{failing:?}");
        let cause = &failing[0]["findings"][0]["cause"];
        let said = (failing[0]["id"].as_str(), cause["kind"].as_str(), cause["failure"]["kind"].as_str());
        assert_eq!(said, (Some("dns/names-resolve"), Some("name-unresolved"), Some("no-server-answered")), "{before}");
    }
}
