//! A deployment in a network namespace of the test's own.

use std::{
    fs::{self, File},
    path::Path,
    process::Command,
    sync::mpsc,
    thread::JoinHandle,
};

use nix::{
    sched::{CloneFlags, setns},
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use pinflight_fixtures::{Scenario, raise_in};
use tokio::sync::oneshot;

/// The deployment has 10.0.0.0/8,
const NETWORK: u8 = 10;
/// and this address.
pub const IPV6: &str = "fd00:706e::1";

/// The deployment, on a thread that lives in its namespace.
pub struct Site {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Site {
    /// Returns when it stands and its configurations are written. The namespace is there; its loopback is brought up, with all of
    /// the deployment's addresses.
    pub fn raise(namespace: &str, folder: &Path, scenario: Scenario) -> Self {
        ip(&["-n", namespace, "link", "set", "lo", "up"]);
        ip(&["-n", namespace, "route", "add", "local", &format!("{NETWORK}.0.0.0/8"), "dev", "lo"]);
        ip(&["-n", namespace, "addr", "add", &format!("{IPV6}/128"), "dev", "lo", "nodad"]);
        fs::create_dir(folder).unwrap();
        let (folder, namespace) = (folder.to_owned(), File::open(format!("/run/netns/{namespace}")).unwrap());
        let (stop, stopped) = oneshot::channel();
        let (up, is_up) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
            // Every task on this thread: another would be in another namespace.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let running = raise_in(NETWORK, &scenario, &folder).await.unwrap();
                up.send(()).unwrap();
                let _ = stopped.await;
                running.stop().await;
            });
        });
        let site = Self { stop: Some(stop), thread: Some(thread) };
        is_up.recv().unwrap();
        site
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Ends every process in a namespace.
pub fn end_processes(namespace: &str) {
    let pids = Command::new("ip").args(["netns", "pids", namespace]).output().map(|output| output.stdout);
    for pid in String::from_utf8_lossy(&pids.unwrap_or_default()).lines().filter_map(|pid| pid.parse().ok()) {
        // It may have ended by itself.
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
}

/// A namespace of this process's own.
pub fn name(role: &str) -> String {
    format!("pinflight-{}-{role}", std::process::id())
}

/// `ip`, which has to succeed.
pub fn ip(arguments: &[&str]) {
    let status = Command::new("ip").args(arguments).status().unwrap();
    assert!(status.success(), "ip {}", arguments.join(" "));
}
