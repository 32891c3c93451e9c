//! OpenSSH where a server of TLS should be.

use std::{
    fs,
    net::SocketAddr,
    process::{Command, Stdio},
};

use super::world::World;

/// Starts it on each of these addresses.
pub fn start(world: &mut World, addresses: &[SocketAddr]) {
    if addresses.is_empty() {
        return;
    }
    // It insists on this place, and on being called by its whole name.
    fs::create_dir_all("/run/sshd").unwrap();
    let key = world.path("ssh.key");
    let mut keygen = Command::new("ssh-keygen");
    keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).stdin(Stdio::null());
    assert!(keygen.status().unwrap().success());
    let listens: Vec<String> = addresses.iter().map(|address| format!("ListenAddress {address}\n")).collect();
    let configuration = format!("{}HostKey {}\nPidFile none\nUsePAM no\n", listens.concat(), key.display());
    let file = world.write("sshd.conf", configuration);
    let mut command = Command::new("/usr/sbin/sshd");
    command.args(["-D", "-e", "-f"]).arg(file);
    world.start("sshd", command);
    world.until_listening(addresses.iter().copied());
}
