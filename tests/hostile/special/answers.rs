//! Heads of answers.

use super::{ESCAPES, row, waits};
use crate::{
    Row,
    asks::Asks,
    http::{self, Who},
    table::registry,
};

pub fn rows() -> Vec<Row> {
    let says = |text: &str| http::says(Who::Vendor, text.as_bytes());
    let with = |headers: &str| says(&format!("HTTP/1.1 200 OK\r\n{headers}\r\n"));
    let malformed = || [registry("http-failed malformed")];
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(200));
    vec![
        row("200 headers", Asks::Registry, says(&many), &[registry("http-failed headers-too-long")]),
        waits(
            "100 Continue without end",
            Asks::Registry,
            http::floods(Who::Vendor, "", "HTTP/1.1 100 Continue\r\n\r\n"),
            &[registry("http-failed stalled")],
        ),
        row(
            "a length of 25 digits",
            Asks::Registry,
            with("Content-Length: 9999999999999999999999999\r\n"),
            &malformed(),
        ),
        row("a negative length", Asks::Registry, with("Content-Length: -1\r\n"), &malformed()),
        row("two lengths", Asks::Registry, with("Content-Length: 1\r\nContent-Length: 2\r\n"), &malformed()),
        row("an escape sequence in a header", Asks::Registry, with("Server: \u{1b}[2J\r\n"), &malformed()),
        row(
            "an escape sequence in the status line",
            Asks::Registry,
            says("HTTP/1.1 200 \u{1b}[2J\r\n\r\n"),
            &malformed(),
        ),
        row("HTTP/0.9", Asks::Registry, says("<html>\r\n\r\n"), &malformed()),
        row(
            "HTTP/2",
            Asks::Registry,
            http::says(Who::Vendor, b"\0\0\x12\x04\0\0\0\0\0\0\x03\0\0\0\x64\r\n\r\n".as_slice()),
            &malformed(),
        ),
        row("HTTP/3.0 200", Asks::Registry, says("HTTP/3.0 200 OK\r\n\r\n"), &malformed()),
        row("status 1", Asks::Registry, says("HTTP/1.1 1 OK\r\n\r\n"), &malformed()),
        row(
            "status 999",
            Asks::Registry,
            http::whole(Who::Vendor, "999 \u{202e}", "", b"{}"),
            &[registry("http-status 999")],
        ),
        row(
            "status 204",
            Asks::Registry,
            http::whole(Who::Vendor, "204 No Content", "", b""),
            &[registry("http-status 204")],
        ),
        row(
            "another protocol",
            Asks::Registry,
            says("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
            &[registry("http-status 101")],
        ),
        row(
            "a web page of escape sequences",
            Asks::Registry,
            http::whole(
                Who::Vendor,
                "200 OK",
                "Content-Type: text/html\r\nServer: \u{9b}31m\u{202e}\r\n",
                format!("<title>{ESCAPES}").as_bytes(),
            ),
            &[registry("http-html")],
        ),
        row(
            "text of escape sequences",
            Asks::Registry,
            http::whole(Who::Vendor, "200 OK", "", ESCAPES.as_bytes()),
            &[registry("http-not-json")],
        ),
    ]
}
