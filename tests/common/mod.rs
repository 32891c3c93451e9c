//! The real binary, with nothing of the caller's environment.

#![allow(dead_code, clippy::unwrap_used, reason = "each test takes what it needs of this")]

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};

use assert_cmd::Command;
use serde_json::Value;
use socket2::{Domain, Socket, Type};

/// `pinflight`, without colours, proxies and variables of the caller's.
pub fn pinflight() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinflight"));
    command.env_clear().env("LC_ALL", "C.UTF-8").current_dir(env!("CARGO_TARGET_TMPDIR"));
    // So that coverage counts what the program does.
    command.envs(std::env::var_os("LLVM_PROFILE_FILE").map(|file| ("LLVM_PROFILE_FILE", file)));
    command
}

/// A file of the project.
pub fn project(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The names of what is in a folder, sorted.
pub fn files(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// A check of a report.
pub fn check<'a>(report: &'a Value, id: &str) -> &'a Value {
    report["checks"].as_array().unwrap().iter().find(|check| check["id"] == id).unwrap()
}

/// The outcome of every check of a report.
pub fn outcomes(report: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    report["checks"].as_array().unwrap().iter().map(|check| (text(&check["id"]), text(&check["outcome"]))).collect()
}

/// Where nobody listens, as long as the socket is held.
pub fn shut() -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, address)
}
