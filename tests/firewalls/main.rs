//! Real firewalls: network namespaces of the test's own, nftables between them, and each failure named as what it is.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod addresses;
#[path = "../common/mod.rs"]
mod common;
mod deployment;
mod network;
#[path = "../common/site.rs"]
mod site;
#[path = "../common/tls.rs"]
mod tls;
