//! Heads of answers.

use std::sync::Arc;

use rustls::ServerConfig;

use super::{ESCAPES, key, row, waits};
use crate::{
    Row,
    asks::{Asks, pins},
    http::{self, Who},
    peer::{Handler, drain, flood, handler, noise, read_head, say},
    table::registry,
    tls::{self, VENDOR_SOUND},
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
        row("no TLS behind the handshake", Asks::Registry, below(Below::Noise), &malformed()),
        row("no TLS behind the handshake, without end", Asks::Registry, below(Below::Flood), &malformed()),
        row("a hundred updates of the keys", Asks::Registry, below(Below::KeyUpdates), &malformed()),
        row("ten session tickets", Asks::Registry, below(Below::Tickets(10)), &[key()]),
        // More than is read of a handshake at once.
        row("a thousand session tickets", Asks::Registry, below(Below::Tickets(1000)), &malformed()),
    ]
}

/// What comes from below HTTP.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Below {
    Noise,
    Flood,
    KeyUpdates,
    Tickets(usize),
}

fn below(what: Below) -> Handler {
    let mut config = ServerConfig::clone(&VENDOR_SOUND);
    config.send_tls13_tickets = if let Below::Tickets(count) = what { count } else { 0 };
    let config = Arc::new(config);
    handler(move |tcp| {
        let config = config.clone();
        async move {
            let mut stream = tls::accept(tcp, config).await?;
            read_head(&mut stream).await?;
            match what {
                Below::Noise => {
                    let (mut tcp, _) = stream.into_inner();
                    say(&mut tcp, &noise(300)).await?;
                    drain(tcp).await
                }
                Below::Flood => flood(&mut stream.into_inner().0, &noise(300)).await,
                Below::KeyUpdates => {
                    for _ in 0..100 {
                        stream.get_mut().1.refresh_traffic_keys().map_err(std::io::Error::other)?;
                    }
                    say(&mut stream, &[]).await?;
                    drain(stream).await
                }
                Below::Tickets(_) => {
                    let body = pins();
                    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                    say(&mut stream, head.as_bytes()).await?;
                    drain(stream).await
                }
            }
        }
    })
}
