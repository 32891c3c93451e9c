//! A deployment, four machines that look at it, and a router between them that is their firewall.

use std::{
    fs,
    io::Write,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use nix::sys::socket::{getsockopt, sockopt::OriginalDst};
use pinflight_fixtures::Scenario;
use serde_json::Value;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

use crate::site::{CLOUD, CUSTOMER, Inside, Site, end_processes, ip, name};

/// The machines, by the vantage that they stand for.
pub const VANTAGES: [&str; 4] = ["console", "device-services", "discovery", "device"];
/// What they look at, the customer's and the vendor's, each with the number of its cable.
const PARTS: [(&str, usize); 2] = [("site", 9), ("cloud", 8)];
/// The router's end of the cloud's.
pub const CLOUD_CABLE: &str = "pf8";

/// All of it; gone when dropped, with every process in it.
pub struct Network {
    folder: tempfile::TempDir,
    /// So that several stand side by side in one process.
    tag: &'static str,
    site: Option<Site>,
}

impl Network {
    /// The deployment is up, and the router lets everything through.
    pub fn new(tag: &'static str, scenario: Scenario) -> Self {
        let mut network = Self { folder: tempfile::tempdir().unwrap(), tag, site: None };
        let router = network.name("router");
        ip(&["netns", "add", &router]);
        let settings = [
            ("ipv4/ip_forward", "1"),
            ("ipv6/conf/all/forwarding", "1"),
            // Each refusal gets its ICMP message, however many there are.
            ("ipv4/icmp_ratelimit", "0"),
            ("ipv6/icmp/ratelimit", "0"),
        ];
        for (setting, value) in settings {
            Self::set(&router, setting, value);
        }
        for (machine, index) in Self::machines() {
            let namespace = network.name(machine);
            ip(&["netns", "add", &namespace]);
            ip(&["-n", &namespace, "link", "set", "lo", "up"]);
            network.cable(index, &namespace, "pf");
        }
        for (part, (_, index)) in [CUSTOMER, CLOUD].iter().zip(PARTS) {
            for there in part.networks() {
                ip(&["-n", &router, "route", "add", &there, "via", &format!("172.31.{index}.2")]);
            }
            for there in part.ipv6 {
                ip(&["-n", &router, "route", "add", there, "via", &format!("fd00:706f:{index}::2")]);
            }
        }
        for (machine, _) in Self::machines() {
            network.until_ipv6_is_ready(machine);
        }
        let [site, cloud] = PARTS.map(|(part, _)| network.name(part));
        network.site = Some(Site::raise(&site, &cloud, &network.path("deployment"), scenario));
        network
    }

    /// Every one but the router, with the number of its cable.
    fn machines() -> impl Iterator<Item = (&'static str, usize)> {
        VANTAGES.into_iter().zip(0..).chain(PARTS)
    }

    /// A file or folder of the test's own.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the router does with what comes from this machine, by statements of nftables, for the part that they match.
    pub fn firewall(&self, vantage: &str, rules: &[String]) {
        let index = VANTAGES.iter().position(|known| *known == vantage).unwrap();
        let table = format!("pinflight_{}", vantage.replace('-', "_"));
        let rules = rules.join("\n");
        self.nft(&format!(
            "table inet {table}\ndelete table inet {table}\n\
             table inet {table} {{\n\
             set met {{\ntype ipv4_addr . ipv4_addr . inet_service . inet_service\nsize 65535\nflags dynamic\n}}\n\
             chain ours {{\n{rules}\n}}\n\
             chain forward {{\ntype filter hook forward priority 0; policy accept;\niifname \"pf{index}\" jump ours\n}}\n\
             }}\n"
        ));
    }

    /// A table of nftables' own words in the router.
    pub fn nft(&self, table: &str) {
        let mut nft = self.in_router("nft").args(["-f", "-"]).stdin(Stdio::piped()).spawn().unwrap();
        nft.stdin.take().unwrap().write_all(table.as_bytes()).unwrap();
        assert!(nft.wait().unwrap().success(), "{table}");
    }

    /// A program in the router.
    pub fn in_router(&self, program: &str) -> Command {
        self.at("router", Path::new(program))
    }

    /// Looks from this machine, with further flags, and keeps what was seen in a file of this name.
    pub fn look(&self, vantage: &str, flags: &[&str], recording: &str) -> Value {
        let mut check = self.at(vantage, Path::new(env!("CARGO_BIN_EXE_pinflight")));
        let configuration = self.path("deployment").join(format!("{vantage}.toml"));
        check.args(["check", "-q", "-o", "json", "--config"]).arg(configuration).args(flags);
        let output = check.arg("--record").arg(self.path(recording)).output().unwrap();
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
    }

    /// One report over these recordings.
    pub fn judge(&self, recordings: &[String]) -> Value {
        let mut replay = crate::common::pinflight();
        replay.current_dir(self.folder.path()).args(["replay", "-o", "json"]).args(recordings);
        let output = replay.output().unwrap();
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
    }

    /// The configuration of a vantage, for the ports in it.
    pub fn configuration(&self, vantage: &str) -> String {
        fs::read_to_string(self.path("deployment").join(format!("{vantage}.toml"))).unwrap()
    }

    /// What the router's end of a machine's cable takes at once, in bytes.
    pub fn mtu(&self, vantage: &str, bytes: u16) {
        let index = VANTAGES.iter().position(|known| *known == vantage).unwrap();
        ip(&["-n", &self.name("router"), "link", "set", &format!("pf{index}"), "mtu", &bytes.to_string()]);
    }

    /// Every connection through the router goes by a relay there that waits before it goes on, as far away as another continent.
    pub fn delay(&self) -> Inside {
        let (relay, port) = Inside::start(&self.name("router"), relays);
        let ways = (0..VANTAGES.len()).map(|index| format!("\"pf{index}\"")).collect::<Vec<_>>().join(", ");
        self.nft(&format!(
            "table ip far {{\nchain p {{\ntype nat hook prerouting priority dstnat;\n\
             iifname {{ {ways} }} meta l4proto tcp redirect to :{port}\n}}\n}}\n"
        ));
        relay
    }

    fn at(&self, role: &str, program: &Path) -> Command {
        let mut command = Command::new("ip");
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LC_ALL", "C.UTF-8");
        command.args(["netns", "exec", &self.name(role)]).arg(program);
        command
    }

    fn set(namespace: &str, setting: &str, value: &str) {
        let written = Command::new("ip")
            .args(["netns", "exec", namespace, "sh", "-c", &format!("echo {value} > /proc/sys/net/{setting}")])
            .status();
        assert!(written.unwrap().success(), "{setting}");
    }

    /// From the router's `pf<index>` to a machine, which sends everything by it.
    fn cable(&self, index: usize, machine: &str, end: &str) {
        let (router, cable) = (self.name("router"), format!("pf{index}"));
        ip(&["link", "add", &cable, "netns", &router, "type", "veth", "peer", "name", end, "netns", machine]);
        for (namespace, device, last) in [(router.as_str(), cable.as_str(), 1), (machine, end, 2)] {
            ip(&["-n", namespace, "addr", "add", &format!("172.31.{index}.{last}/24"), "dev", device]);
            ip(&["-n", namespace, "addr", "add", &format!("fd00:706f:{index}::{last}/64"), "dev", device, "nodad"]);
            ip(&["-n", namespace, "link", "set", device, "up"]);
        }
        ip(&["-n", machine, "route", "add", "default", "via", &format!("172.31.{index}.1")]);
        ip(&["-n", machine, "route", "add", "default", "via", &format!("fd00:706f:{index}::1")]);
    }

    /// A cable speaks IPv6 some time after it is plugged in: when its own address is no longer tentative.
    fn until_ipv6_is_ready(&self, role: &str) {
        let addresses = |state: &str| {
            let mut shown = self.at(role, Path::new("ip"));
            let output = shown.args(["-6", "addr", "show", "dev", "pf", "scope", "link", state]).output().unwrap();
            !output.stdout.is_empty()
        };
        let patience = Instant::now() + Duration::from_secs(10);
        while !addresses("permanent") || addresses("tentative") {
            assert!(Instant::now() < patience, "{role} has no IPv6");
            thread::yield_now();
        }
    }

    fn name(&self, role: &str) -> String {
        name(&format!("{}-{role}", self.tag))
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.site = None;
        for (role, _) in Self::machines().chain([("router", 0)]) {
            let namespace = self.name(role);
            end_processes(&namespace);
            let _ = Command::new("ip").args(["netns", "delete", &namespace]).stderr(Stdio::null()).status();
        }
    }
}

/// How long a connection waits at the relay.
pub const DISTANCE: Duration = Duration::from_millis(250);

/// Connections that were redirected to its port go where they were meant to go, after a while.
async fn relays(up: mpsc::Sender<u16>, stopped: oneshot::Receiver<()>) {
    let listener = TcpListener::bind("0.0.0.0:0").await.unwrap();
    up.send(listener.local_addr().unwrap().port()).unwrap();
    let relaying = async {
        loop {
            let (near, _) = listener.accept().await.unwrap();
            tokio::spawn(relay(near));
        }
    };
    tokio::select! {
        () = relaying => {}
        _ = stopped => {}
    }
}

async fn relay(mut near: TcpStream) {
    let meant = getsockopt(&near, OriginalDst).unwrap();
    let meant = (Ipv4Addr::from(u32::from_be(meant.sin_addr.s_addr)), u16::from_be(meant.sin_port));
    tokio::time::sleep(DISTANCE).await;
    // Either end may go away.
    if let Ok(mut far) = TcpStream::connect(meant).await {
        let _ = copy_bidirectional(&mut near, &mut far).await;
    }
}
