//! A network namespace of the test's own, with a deployment and other makers' servers in it.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Read,
    net::{IpAddr, SocketAddr, TcpStream, UdpSocket},
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sched::{CloneFlags, unshare},
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};
use pinflight_fixtures::{
    Running, Scenario,
    post::{Post, StandIn},
    raise_among,
};
use serde_json::Value;
use tokio::runtime::Runtime;

/// The longest that a server may take to begin.
const PATIENCE: Duration = Duration::from_mins(1);
/// Between two looks whether it has.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// All of it; every process in it ends when it is dropped, and the namespace with the last of them.
pub struct World {
    folder: tempfile::TempDir,
    programs: Vec<Program>,
    silent: Vec<UdpSocket>,
    /// What this machine's resolver is told.
    resolver: Option<PathBuf>,
    running: Option<Running>,
    runtime: Option<Runtime>,
}

struct Program {
    name: String,
    log: PathBuf,
    child: Child,
}

impl World {
    /// The calling thread, and all that it starts from now on, is alone in the new namespace.
    pub fn new() -> Self {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        let up = Command::new("ip").args(["link", "set", "lo", "up"]).status().unwrap();
        assert!(up.success());
        let folder = tempfile::tempdir().unwrap();
        // Squid works under a name of its own.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        // Its threads are in the namespace, as this one begins them.
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self { folder, programs: Vec::new(), silent: Vec::new(), resolver: None, running: None, runtime: Some(runtime) }
    }

    /// A file of the test's own.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file of the test's own.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// The fixtures' part of the deployment, with its configurations.
    pub fn raise(&mut self, scenario: &Scenario, stand_in: &mut (dyn FnMut(&Post) -> StandIn + Send)) {
        let folder = self.path("deployment");
        let runtime = self.runtime.as_ref().unwrap();
        let running = runtime.block_on(raise_among(scenario, &folder, stand_in));
        self.running = Some(running.unwrap_or_else(|error| panic!("{}: {error}", scenario.id)));
    }

    /// Starts a server; what it says goes into a file.
    pub fn start(&mut self, name: &str, mut command: Command) {
        let log = self.path(&format!("{name}.log"));
        let said = File::create(&log).unwrap();
        command.stdin(Stdio::null()).stdout(said.try_clone().unwrap()).stderr(said).process_group(0);
        let child = command.spawn().unwrap_or_else(|error| panic!("{name}: {error}; .ci/run installs it"));
        self.programs.push(Program { name: name.to_owned(), log, child });
    }

    /// Waits until something is so, as long as the server that was started last lives.
    pub fn until(&mut self, what: &str, mut is_so: impl FnMut(&Path) -> bool) {
        let program = self.programs.last_mut().unwrap();
        let began = Instant::now();
        while !is_so(&program.log) {
            let ended = program.child.try_wait().unwrap();
            if ended.is_some() || began.elapsed() > PATIENCE {
                let said = fs::read_to_string(&program.log).unwrap_or_default();
                panic!("{}: not {what}, {ended:?}: {said}", program.name);
            }
            thread::sleep(LOOK_AGAIN);
        }
    }

    /// Waits until the server that was started last takes connections there.
    pub fn until_listening(&mut self, addresses: impl IntoIterator<Item = SocketAddr>) {
        for address in addresses {
            self.until(&format!("listening on {address}"), |_| TcpStream::connect(address).is_ok());
        }
    }

    /// Waits until the server that was started last says these words.
    pub fn until_says(&mut self, words: &str) {
        self.until(&format!("saying {words:?}"), |log| fs::read_to_string(log).is_ok_and(|said| said.contains(words)));
    }

    /// An address where questions are taken, and never answered.
    pub fn silence(&mut self) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        self.silent.push(socket);
        address
    }

    /// Every configuration, by vantage.
    fn configurations(&self) -> &BTreeMap<String, PathBuf> {
        &self.running.as_ref().unwrap().configurations
    }

    /// Changes a section of every configuration.
    pub fn configure(&self, section: &str, mut change: impl FnMut(&mut toml::Table)) {
        for path in self.configurations().values() {
            let mut file: toml::Table = fs::read_to_string(path).unwrap().parse().unwrap();
            change(file.get_mut(section).unwrap().as_table_mut().unwrap());
            fs::write(path, file.to_string()).unwrap();
        }
    }

    /// To pinflight, the machine's resolver asks this server, on port 53.
    pub fn resolve_by(&mut self, server: IpAddr) {
        self.resolver = Some(self.write("resolv.conf", format!("nameserver {server}\n")));
    }

    /// What a vantage recorded.
    pub fn recording(&self, vantage: &str) -> String {
        fs::read_to_string(self.path(&format!("{vantage}.json"))).unwrap()
    }

    /// Leaves the configurations, the logs and the recordings where they are, for who wants to know why.
    pub fn keep(&mut self) -> PathBuf {
        self.folder.disable_cleanup(true);
        self.folder.path().to_owned()
    }

    /// What each vantage sees, judged together: the report and the exit code.
    pub fn judge(&self) -> (Value, i32) {
        self.judge_with(&[])
    }

    /// The same, with further variables in the environment.
    pub fn judge_with(&self, environment: &[(&str, &str)]) -> (Value, i32) {
        let configurations = self.configurations();
        let recordings: Vec<PathBuf> =
            configurations.keys().map(|vantage| self.path(&format!("{vantage}.json"))).collect();
        let observing: Vec<Child> = configurations
            .values()
            .zip(&recordings)
            .map(|(configuration, recording)| {
                let _ = fs::remove_file(recording);
                let mut command = self.pinflight();
                command.envs(environment.iter().copied());
                command.args(["check", "-q", "-o", "json", "--config"]).arg(configuration);
                command.arg("--record").arg(recording).stdin(Stdio::null()).stdout(Stdio::null());
                command.stderr(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        for (mut child, recording) in observing.into_iter().zip(&recordings) {
            let mut said = String::new();
            child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
            let ended = child.wait().unwrap();
            assert!(recording.exists(), "{ended}: {said}");
        }
        let output = self.pinflight().args(["replay", "-o", "json"]).args(&recordings).output().unwrap();
        let report = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        (report, output.status.code().unwrap())
    }

    /// The real binary, to whom the hosts file of the deployment is the machine's.
    pub fn pinflight(&self) -> Command {
        let hosts = self.path("deployment/hosts");
        let mut files = Vec::new();
        if fs::metadata(&hosts).is_ok_and(|file| file.size() > 0) {
            files.push((hosts.as_path(), "/etc/hosts"));
        }
        files.extend(self.resolver.as_deref().map(|file| (file, "/etc/resolv.conf")));
        let mut command = with_files(&files, env!("CARGO_BIN_EXE_pinflight"));
        command.env_clear().env("LC_ALL", "C.UTF-8").env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command.current_dir(self.folder.path());
        command
    }
}

/// A program to which these files of the system are others.
pub fn with_files(files: &[(&Path, &str)], program: &str) -> Command {
    if files.is_empty() {
        return Command::new(program);
    }
    let mut command = Command::new("unshare");
    let mounts: Vec<String> =
        files.iter().map(|(file, over)| format!("mount --bind '{}' {over} && ", file.display())).collect();
    command.args(["--mount", "sh", "-c"]).arg(format!("{}exec \"$0\" \"$@\"", mounts.concat())).arg(program);
    command
}

impl Drop for World {
    fn drop(&mut self) {
        for program in &mut self.programs {
            // Its helpers, too. It may have ended by itself.
            let _ = killpg(Pid::from_raw(program.child.id().cast_signed()), Signal::SIGKILL);
            let _ = program.child.wait();
        }
        end_strays();
        if let (Some(running), Some(runtime)) = (self.running.take(), &self.runtime) {
            runtime.block_on(running.stop());
        }
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Ends what left its process group: whatever else is in this namespace.
fn end_strays() {
    let Ok(here) = fs::read_link("/proc/thread-self/ns/net") else { return };
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // With one thread for all tests, this is the process's main thread.
        if pid == std::process::id().cast_signed() {
            continue;
        }
        if fs::read_link(process.path().join("ns/net")).is_ok_and(|there| there == here) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}
