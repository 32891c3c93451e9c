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

/// The deployment, until it is dropped.
pub struct Site {
    _serving: Inside,
}

impl Site {
    /// Returns when it stands and its configurations are written. The namespace is there; its loopback is brought up, with all of
    /// the deployment's addresses.
    pub fn raise(namespace: &str, folder: &Path, scenario: Scenario) -> Self {
        ip(&["-n", namespace, "link", "set", "lo", "up"]);
        ip(&["-n", namespace, "route", "add", "local", &format!("{NETWORK}.0.0.0/8"), "dev", "lo"]);
        ip(&["-n", namespace, "addr", "add", &format!("{IPV6}/128"), "dev", "lo", "nodad"]);
        fs::create_dir(folder).unwrap();
        let folder = folder.to_owned();
        let (serving, ()) = Inside::start(namespace, async move |up, stopped| {
            let running = raise_in(NETWORK, &scenario, &folder).await.unwrap();
            up.send(()).unwrap();
            let _ = stopped.await;
            running.stop().await;
        });
        Self { _serving: serving }
    }
}

/// Servers on a thread that lives in a namespace; dropped, they are told to stop, and waited for.
pub struct Inside {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Inside {
    /// Returns with what they send once they are up.
    pub fn start<T: Send + 'static>(
        namespace: &str,
        serve: impl AsyncFnOnce(mpsc::Sender<T>, oneshot::Receiver<()>) + Send + 'static,
    ) -> (Self, T) {
        let namespace = File::open(format!("/run/netns/{namespace}")).unwrap();
        let (stop, stopped) = oneshot::channel();
        let (up, is_up) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
            // Every task on this thread: another would be in another namespace.
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(serve(up, stopped));
        });
        let inside = Self { stop: Some(stop), thread: Some(thread) };
        let up = is_up.recv().unwrap();
        (inside, up)
    }
}

impl Drop for Inside {
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
