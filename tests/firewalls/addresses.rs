//! Two namespaces with a firewall between them: each failure at an address of the server, as `network/reachable` tells it.

use std::{
    collections::BTreeMap,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::{common, site::ip, tls::OpenSsl};

/// Each address of the server with what the firewall does there, and what has to be said of it.
const ADDRESSES: [(&str, &str, &str); 8] = [
    ("10.97.0.2", "", "pass"),
    ("10.97.0.3", "drop", "tcp-failed timed-out"),
    ("10.97.0.4", "reject with tcp reset", "tcp-failed refused"),
    ("10.97.0.5", "reject with icmpx type admin-prohibited", "tcp-failed prohibited 10.97.0.5"),
    ("10.97.0.6", "reject with icmpx type host-unreachable", "tcp-failed host-unreachable"),
    ("10.97.0.7", "reject with icmpx type port-unreachable", "tcp-failed refused"),
    ("10.97.0.8", "ct state established drop", "tls-failed silent-after-client-hello"),
    // No route leads there.
    ("10.98.0.1", "", "tcp-failed network-unreachable"),
];

#[test]
#[ignore = "needs root and nftables: makes network namespaces (netns)"]
fn netns_every_firewall_is_named_for_what_it_does() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new();
    let blocked = ADDRESSES.iter().filter(|(_, rule, _)| !rule.is_empty());
    let rules: Vec<String> = blocked.map(|(address, rule, _)| format!("ip daddr {address} {rule}")).collect();
    let chain = "type filter hook input priority 0; policy accept;";
    let table = format!("table inet t {{\nchain i {{\n{chain}\n{}\n}}\n}}\n", rules.join("\n"));
    let mut nft = Command::new("ip")
        .args(["netns", "exec", &world.server, "nft", "-f", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    nft.stdin.take().unwrap().write_all(table.as_bytes()).unwrap();
    assert!(nft.wait().unwrap().success());
    // openssl serves one connection after another: the one that is cut off must not keep the others waiting.
    let _listening = ["10.97.0.2", "10.97.0.8"].map(|address| world.tls_server(folder.path(), address));

    let mut check = Command::new("ip");
    check.args(["netns", "exec", &world.client, env!("CARGO_BIN_EXE_pinflight")]);
    check.args(["check", "--from", "console", "--device-services", "https://10.97.0.2", "--discovery", "10.97.0.2"]);
    for (address, ..) in &ADDRESSES[1..] {
        check.args(["--backend", address]);
    }
    check.args(["--roots", "none", "--connect-timeout", "2s", "--step-timeout", "3s", "--no-proxy", "*"]);
    let output = check.args(["-o", "json"]).env_remove("HTTPS_PROXY").env_remove("https_proxy").output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!("{error}: {}", String::from_utf8_lossy(&output.stderr));
    });
    let reachable = common::check(&report, "network/reachable");
    let mut told: BTreeMap<String, String> = BTreeMap::new();
    for target in reachable["targets"].as_array().unwrap() {
        told.insert(target["target"].as_str().unwrap().to_owned(), target["outcome"].as_str().unwrap().to_owned());
    }
    for finding in reachable["findings"].as_array().unwrap() {
        let cause = &finding["cause"];
        let mut words = format!("{} {}", cause["kind"].as_str().unwrap(), cause["failure"]["kind"].as_str().unwrap());
        if let Some(by) = cause["failure"]["by"].as_str() {
            words = format!("{words} {by}");
        }
        told.insert(finding["target"].as_str().unwrap().to_owned(), words);
    }
    for (address, rule, expected) in ADDRESSES {
        let target = format!("10.97.0.2:443@{address}");
        assert_eq!(told.get(&target).map(String::as_str), Some(expected), "{address} {rule}: {told:?}");
    }
}

/// A client's and a server's namespace with a cable between them; gone when dropped, with every process in them.
struct World {
    client: String,
    server: String,
}

impl World {
    fn new() -> Self {
        let id = std::process::id();
        let world = Self { client: format!("pinflight-{id}-c"), server: format!("pinflight-{id}-s") };
        let (client, server) = (&world.client, &world.server);
        ip(&["netns", "add", client]);
        ip(&["netns", "add", server]);
        ip(&["link", "add", "pfc", "netns", client, "type", "veth", "peer", "name", "pfs", "netns", server]);
        ip(&["-n", client, "addr", "add", "10.97.0.1/24", "dev", "pfc"]);
        for (address, ..) in ADDRESSES.iter().filter(|(address, ..)| address.starts_with("10.97.")) {
            ip(&["-n", server, "addr", "add", &format!("{address}/24"), "dev", "pfs"]);
        }
        for (namespace, device) in [(client, "pfc"), (server, "pfs"), (client, "lo"), (server, "lo")] {
            ip(&["-n", namespace, "link", "set", device, "up"]);
        }
        world
    }

    /// openssl's server on port 443 of an address; returns when it listens.
    fn tls_server(&self, folder: &Path, address: &str) -> OpenSsl {
        let (key, certificate) = (folder.join("key.pem"), folder.join("certificate.pem"));
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=server", "-days", "30"])
            .args(["-addext", "subjectAltName=IP:10.97.0.2", "-keyout"])
            .arg(&key)
            .arg("-out")
            .arg(&certificate)
            .stderr(Stdio::null())
            .status();
        assert!(made.unwrap().success());
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.server, "openssl", "s_server", "-www", "-accept"]);
        command.arg(format!("{address}:443")).arg("-key").arg(&key).arg("-cert").arg(&certificate);
        OpenSsl::start(command, folder)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for namespace in [&self.client, &self.server] {
            let _ = Command::new("ip").args(["netns", "delete", namespace]).status();
        }
    }
}
