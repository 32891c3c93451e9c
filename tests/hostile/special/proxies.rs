//! Proxies that say what no proxy says.

use super::{ESCAPES, row};
use crate::{
    Row,
    asks::Asks,
    peer::{Deed, Next},
    proxy::{Step, wrong_at},
    table::way,
    tls::DEVICE_SERVICES,
};

pub fn rows() -> Vec<Row> {
    let proxy = |said: &str| [format!("network/proxy fail proxy-failed {said}")];
    let connect = |answer: String| {
        let bytes: &'static [u8] = answer.into_bytes().leak();
        let next = Next { rest: Vec::new(), garbage: bytes.to_vec(), flood: Vec::new() };
        wrong_at(vec![Step::Head], next, Deed::Garbage)
    };
    let socks = |bytes: &'static [u8], steps: Vec<Step>| {
        let next = Next { rest: Vec::new(), garbage: bytes.to_vec(), flood: Vec::new() };
        wrong_at(steps, next, Deed::Garbage)
    };
    let request = || vec![Step::Bytes(3), Step::Say(&[5, 0]), Step::Bytes(5 + DEVICE_SERVICES.len() + 2)];
    vec![
        row(
            "a refusal of escape sequences",
            Asks::HttpProxy,
            connect(format!("HTTP/1.1 403 {ESCAPES}\r\n\r\n")),
            &proxy("denied"),
        ),
        row(
            "CONNECT, answered by HTTP/2.0",
            Asks::HttpProxy,
            connect("HTTP/2.0 200 OK\r\n\r\n".to_owned()),
            &proxy("not-a-proxy"),
        ),
        row(
            "CONNECT, answered by status 70000",
            Asks::HttpProxy,
            connect("HTTP/1.1 70000 OK\r\n\r\n".to_owned()),
            &proxy("not-a-proxy"),
        ),
        row(
            "a tunnel to SSH",
            Asks::HttpProxy,
            connect("HTTP/1.1 200 OK\r\n\r\nSSH-2.0-x\r\n".to_owned()),
            &[way("tls-failed not-tls")],
        ),
        row("SOCKS4", Asks::Socks, socks(&[0, 0x5a, 0, 0, 0, 0, 0, 0], vec![Step::Bytes(3)]), &proxy("not-a-proxy")),
        row(
            "SOCKS5, a method that was not offered",
            Asks::Socks,
            socks(&[5, 2], vec![Step::Bytes(3)]),
            &proxy("authentication-required"),
        ),
        row(
            "SOCKS5, a reply of no meaning",
            Asks::Socks,
            socks(&[5, 0x99, 0, 1, 0, 0, 0, 0, 0, 0], request()),
            &proxy("denied"),
        ),
        row("SOCKS5, an address of no kind", Asks::Socks, socks(&[5, 0, 0, 9], request()), &proxy("not-a-proxy")),
    ]
}
