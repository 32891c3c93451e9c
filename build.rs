//! What `pinflight --version` says of the build. No time of day, no path, no name of a machine: the same sources and the same
//! toolchain give the same program.
//!
//! The commit is recorded in release builds alone: it would make every commit a reason to compile everything again.

use std::{
    env, fs,
    io::{self, Write},
    path::Path,
    process::Command,
};

/// What is compiled: of these files it is told whether they are those of the commit.
const COMPILED: [&str; 8] =
    ["Cargo.toml", "Cargo.lock", "build.rs", "src", "checks/src", "fixtures/src", "fixtures/scenarios", "docs/checks"];

fn main() -> io::Result<()> {
    let root = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    let lines = directives(&|name| env::var(name).ok(), Path::new(&root));
    lines.iter().try_for_each(|line| writeln!(io::stdout(), "{line}"))
}

/// What cargo is told, a line each.
pub fn directives(environment: &dyn Fn(&str) -> Option<String>, root: &Path) -> Vec<String> {
    let mut lines = vec!["cargo:rerun-if-changed=build.rs".to_owned(), "cargo:rerun-if-changed=Cargo.lock".to_owned()];
    lines.push("cargo:rerun-if-env-changed=PINFLIGHT_COMMIT".to_owned());
    let profile = environment("PROFILE").unwrap_or_default();
    // Who packages a tarball says the commit.
    let declared = environment("PINFLIGHT_COMMIT").filter(|commit| is_commit(commit));
    let commit = match declared {
        Some(commit) => commit,
        None if profile != "release" => "not recorded in a debug build".to_owned(),
        None => {
            lines.extend(watched(root).iter().map(|path| format!("cargo:rerun-if-changed={path}")));
            commit(root).unwrap_or_else(|| "not known: built outside its repository".to_owned())
        }
    };
    let rustc = environment("RUSTC").and_then(|rustc| run(Command::new(rustc).arg("--version")));
    let lock = fs::read_to_string(root.join("Cargo.lock")).unwrap_or_default();
    let mut say = |name: &str, value: &str| lines.push(format!("cargo:rustc-env=PINFLIGHT_BUILD_{name}={value}"));
    say("COMMIT", &commit);
    say("TARGET", &environment("TARGET").unwrap_or_default());
    say("PROFILE", &profile);
    say("RUSTC", rustc.as_deref().unwrap_or("not known").trim_start_matches("rustc "));
    for (name, package) in [("RUSTLS", "rustls"), ("RING", "ring"), ("WEBPKI_ROOTS", "webpki-roots")] {
        say(name, version(&lock, package).unwrap_or("not known"));
    }
    lines
}

/// Hex digits, and perhaps a word behind a hyphen; it goes into one line of cargo's.
fn is_commit(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// The commit, if the package is the top of a repository; `-modified` if what is compiled is not what is committed.
fn commit(root: &Path) -> Option<String> {
    let git = |words: &[&str]| run(git(root).args(words));
    // An unpacked tarball may lie within somebody's repository of other things.
    if !git(&["rev-parse", "--show-prefix"])?.is_empty() {
        return None;
    }
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    let changed = git(&[&["status", "--porcelain", "--"][..], &COMPILED].concat())?;
    Some(if changed.is_empty() { commit } else { commit + "-modified" })
}

/// What the commit depends on, as far as it is there: cargo takes a file that is missing as changed each time.
fn watched(root: &Path) -> Vec<String> {
    let in_git = ["HEAD", "logs/HEAD"].map(|name| {
        let path = run(git(root).args(["rev-parse", "--git-path", name]));
        path.map(|path| root.join(path).display().to_string())
    });
    let compiled = COMPILED.iter().map(|path| root.join(path).display().to_string());
    in_git.into_iter().flatten().chain(compiled).filter(|path| Path::new(path).exists()).collect()
}

/// The repository around the package, whatever a hook or an alias of git's says of another one.
fn git(root: &Path) -> Command {
    let mut git = Command::new("git");
    git.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").arg("-C").arg(root);
    git
}

/// What a command prints, without the end of the line; nothing if it fails.
fn run(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim_end().to_owned())
}

/// The version of a package that is locked; the first of several.
fn version<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let (_, rest) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    rest.split_once('"').map(|(version, _)| version)
}
