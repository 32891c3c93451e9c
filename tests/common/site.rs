//! A deployment in a network namespace of the test's own.

use std::{
    fs::{self, File},
    io,
    net::SocketAddr,
    path::Path,
    process::Command,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
};

use nix::{
    sched::{CloneFlags, setns},
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use pinflight_fixtures::{Scenario, bound, raise_in};
use socket2::Socket;
use tokio::sync::oneshot;

/// The deployment is in 10.0.0.0/8.
const NETWORK: u8 = 10;

/// What is the customer's of the deployment, or the cloud's.
pub struct Part {
    /// The third octets of its networks.
    thirds: &'static [u8],
    /// Its addresses of IPv6.
    pub ipv6: &'static [&'static str],
}

/// Device Services, the Trust Service, proxies, an address of nobody, name servers.
pub const CUSTOMER: Part = Part { thirds: &[2, 3, 8, 9, 53], ipv6: &["fd00:706e::2", "fd00:706e::3"] };
/// Discovery.
pub const CLOUD: Part = Part { thirds: &[1], ipv6: &["fd00:706e::1"] };

impl Part {
    /// The networks of IPv4: those that the vantages' name servers lead to, and where the servers are.
    pub fn networks(&self) -> impl Iterator<Item = String> {
        let of_place = |place| self.thirds.iter().map(move |third| format!("{NETWORK}.{place}.{third}.0/24"));
        [11, 12, 13, 14, 20].into_iter().flat_map(of_place)
    }
}

/// The deployment, until it is dropped.
pub struct Site {
    _serving: Inside,
}

impl Site {
    /// Returns when it stands and its configurations are written. The namespaces, the customer's and the cloud's or one for both, are
    /// there; the loopback of each is brought up, with the addresses of its part.
    pub fn raise(namespace: &str, cloud: &str, folder: &Path, scenario: Scenario) -> Self {
        for (namespace, part) in [(namespace, CUSTOMER), (cloud, CLOUD)] {
            ip(&["-n", namespace, "link", "set", "lo", "up"]);
            for network in part.networks() {
                ip(&["-n", namespace, "route", "add", "local", &network, "dev", "lo"]);
            }
            for address in part.ipv6 {
                ip(&["-n", namespace, "addr", "add", &format!("{address}/128"), "dev", "lo", "nodad"]);
            }
        }
        fs::create_dir(folder).unwrap();
        let folder = folder.to_owned();
        let cloud = open(cloud);
        let (serving, ()) = Inside::start(namespace, async move |up, stopped| {
            let cloud = Arc::new(move |address| bound_in(&cloud, address));
            let running = raise_in(NETWORK, cloud, &scenario, &folder).await.unwrap();
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
        let namespace = open(namespace);
        let (stop, stopped) = oneshot::channel();
        let (up, is_up) = mpsc::channel();
        let thread = thread::spawn(move || {
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

fn open(namespace: &str) -> File {
    File::open(format!("/run/netns/{namespace}")).unwrap()
}

/// A socket of another namespace.
fn bound_in(namespace: &File, address: SocketAddr) -> io::Result<Socket> {
    // This thread stays where it is.
    let bind = || {
        setns(namespace, CloneFlags::CLONE_NEWNET)?;
        bound(address)
    };
    thread::scope(|scope| scope.spawn(bind).join().unwrap())
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
