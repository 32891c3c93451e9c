//! `--version` and what finds out its facts: the build script, tried as a module.

#![expect(clippy::unwrap_used, reason = "a test")]

mod common;

#[path = "../build.rs"]
#[expect(dead_code, reason = "cargo runs its main")]
mod build;

use std::{fs, path::Path, process::Command};

fn told(flag: &str) -> String {
    let output = common::pinflight().arg(flag).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_short_one_is_the_version_alone() {
    assert_eq!(told("-V"), concat!("pinflight ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn the_long_one_says_how_it_was_built() {
    let version = told("--version");
    let lines: Vec<&str> = version.lines().collect();
    assert_eq!(lines[..2], [concat!("pinflight ", env!("CARGO_PKG_VERSION")), ""]);
    let names: Vec<&str> = lines[2..].iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(names, ["commit", "target", "profile", "rustc", "TLS", "roots"]);
    let lock: toml::Table = fs::read_to_string(common::project("Cargo.lock")).unwrap().parse().unwrap();
    let locked = |package: &str| {
        let packages = lock["package"].as_array().unwrap().iter();
        let found: Vec<&str> = packages
            .filter(|one| one["name"].as_str() == Some(package))
            .filter_map(|one| one["version"].as_str())
            .collect();
        assert_eq!(found.len(), 1, "which {package} is in use?");
        found[0].to_owned()
    };
    let tls = format!("TLS      rustls {}, ring {}", locked("rustls"), locked("ring"));
    let count = webpki_roots::TLS_SERVER_ROOTS.len();
    let roots = format!("roots    {count} of Mozilla's, as webpki-roots {} has them", locked("webpki-roots"));
    assert!(lines.contains(&tls.as_str()) && lines.contains(&roots.as_str()), "{version}");
    assert!(version.contains(std::env::consts::ARCH) && version.contains("rustc    1."), "{version}");
}

/// The facts that a build in `root` comes to, and what it watches.
fn facts(root: &Path, variables: &[(&str, &str)]) -> (String, Vec<String>) {
    let environment =
        |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let lines = build::directives(&environment, root);
    let commit = lines.iter().find_map(|line| line.strip_prefix("cargo:rustc-env=PINFLIGHT_BUILD_COMMIT=")).unwrap();
    let watched = lines.iter().filter_map(|line| line.strip_prefix("cargo:rerun-if-changed=").map(str::to_owned));
    (commit.to_owned(), watched.collect())
}

const RELEASE: &[(&str, &str)] = &[("PROFILE", "release")];

fn git(root: &Path, words: &[&str]) -> String {
    let mut command = Command::new("git");
    command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("HOME", root).current_dir(root);
    let who = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.com", "-c", "init.defaultBranch=main"];
    let output = command.args(who).args(words).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

#[test]
fn a_release_says_its_commit_and_whether_it_was_modified() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir(root.join("src")).unwrap();
    fs::write(root.join("src/main.rs"), "fn main() {}").unwrap();
    fs::write(root.join("notes"), "").unwrap();
    git(root, &["init", "--quiet"]);
    git(root, &["add", "."]);
    git(root, &["commit", "--quiet", "--message", "x"]);
    let commit = git(root, &["rev-parse", "--short=12", "HEAD"]);
    let (said, watched) = facts(root, RELEASE);
    assert_eq!((said.as_str(), commit.len()), (commit.as_str(), 12));
    // A missing file would make every build a new one.
    assert!(watched.iter().skip(2).all(|path| Path::new(path).exists()), "{watched:?}");
    for wanted in [".git/HEAD", ".git/logs/HEAD", "src"] {
        assert!(watched.contains(&root.join(wanted).display().to_string()), "{wanted}: {watched:?}");
    }
    fs::write(root.join("notes"), "what is not compiled does not count").unwrap();
    assert_eq!(facts(root, RELEASE).0, commit);
    fs::write(root.join("src/main.rs"), "fn main() { }").unwrap();
    assert_eq!(facts(root, RELEASE).0, format!("{commit}-modified"));
}

#[test]
fn outside_its_repository_there_is_no_commit_unless_it_is_declared() {
    let folder = tempfile::tempdir().unwrap();
    let unknown = "not known: built outside its repository";
    assert_eq!(facts(folder.path(), RELEASE).0, unknown);
    // Unpacked within a repository of something else.
    git(folder.path(), &["init", "--quiet"]);
    git(folder.path(), &["commit", "--quiet", "--allow-empty", "--message", "x"]);
    let unpacked = folder.path().join("unpacked");
    fs::create_dir(&unpacked).unwrap();
    assert_eq!(facts(&unpacked, RELEASE).0, unknown);
    let declared = |commit| facts(&unpacked, &[("PROFILE", "release"), ("PINFLIGHT_COMMIT", commit)]).0;
    assert_eq!(declared("0123456789ab"), "0123456789ab");
    assert_eq!(declared("0123456789ab\ncargo:rustc-link-arg=x"), unknown);
}

#[test]
fn a_debug_build_is_not_made_anew_by_a_commit() {
    let root = common::project("");
    let (said, watched) = facts(&root, &[("PROFILE", "debug")]);
    assert_eq!(said, "not recorded in a debug build");
    assert_eq!(watched, ["build.rs", "Cargo.lock"]);
    assert_eq!(facts(&root, &[("PROFILE", "debug"), ("PINFLIGHT_COMMIT", "0123456789ab")]).0, "0123456789ab");
}
