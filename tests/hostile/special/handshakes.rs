//! Handshakes that no server should make.

use std::{io, sync::Arc};

use futures_util::future::BoxFuture;
use tokio::net::TcpStream;

use super::{row, waits};
use crate::{
    Row,
    asks::Asks,
    peer::{Deed, Handler, Next, drain, flood, go_wrong, handler, noise, say},
    table::way,
    tls::{ALERT, CHANGE_CIPHER_SPEC, HANDSHAKE, read_hello, record},
};

/// Reads a ClientHello, and then does this.
fn after_hello(
    then: impl Fn(TcpStream, Vec<u8>) -> BoxFuture<'static, io::Result<()>> + Send + Sync + 'static,
) -> Handler {
    let then = Arc::new(then);
    handler(move |mut tcp| {
        let then = then.clone();
        async move {
            let hello = read_hello(&mut tcp).await?;
            then(tcp, hello).await
        }
    })
}

/// Reads a ClientHello, says these bytes, and waits.
pub fn says(bytes: Vec<u8>) -> Handler {
    after_hello(move |mut tcp, _| {
        let bytes = bytes.clone();
        Box::pin(async move {
            say(&mut tcp, &bytes).await?;
            drain(tcp).await
        })
    })
}

/// Reads a ClientHello, says these bytes, and then those without end.
fn floods(before: Vec<u8>, bytes: Vec<u8>) -> Handler {
    after_hello(move |mut tcp, _| {
        let (before, bytes) = (before.clone(), bytes.clone());
        Box::pin(async move {
            say(&mut tcp, &before).await?;
            flood(&mut tcp, &bytes).await
        })
    })
}

/// A handshake message's header.
fn message(kind: u8, length: u32) -> Vec<u8> {
    let [_, high, middle, low] = length.to_be_bytes();
    vec![kind, high, middle, low]
}

/// A ServerHello of TLS 1.2 that chooses this suite.
fn server_hello(suite: u16) -> Vec<u8> {
    let body = [&[3, 3], [7; 32].as_slice(), &[0], &suite.to_be_bytes(), &[0]].concat();
    [message(2, u32::try_from(body.len()).unwrap()), body].concat()
}

/// A HelloRetryRequest that asks for a key of P-384, with the session's id from the ClientHello.
fn hello_retry_request(hello: &[u8]) -> Vec<u8> {
    // Message header, version and random stand before the id's length.
    let id = &hello[38..39 + usize::from(hello[38])];
    let random = ring::digest::digest(&ring::digest::SHA256, b"HelloRetryRequest");
    let extensions = [0, 43, 0, 2, 3, 4, 0, 51, 0, 2, 0, 24];
    let body = [&[3, 3], random.as_ref(), id, &[0x13, 1, 0, 0, 12], &extensions].concat();
    [message(2, u32::try_from(body.len()).unwrap()), body].concat()
}

#[expect(clippy::too_many_lines, reason = "a table")]
pub fn rows() -> Vec<Row> {
    let tls = |said: &str| [way(&format!("tls-failed {said}"))];
    let says_first = |text: &'static [u8]| {
        handler(move |mut tcp| async move {
            say(&mut tcp, text).await?;
            drain(tcp).await
        })
    };
    let sixteen_mb = 16 * 1024 * 1024 - 1;
    let of_chosen = |kind| {
        let begun = [record(HANDSHAKE, &server_hello(0xc02f)), record(HANDSHAKE, &message(kind, sixteen_mb))].concat();
        floods(begun, record(HANDSHAKE, &noise(16_000)))
    };
    let retries = after_hello(|mut tcp, hello| {
        Box::pin(async move {
            say(&mut tcp, &record(HANDSHAKE, &hello_retry_request(&hello))).await?;
            say(&mut tcp, &record(HANDSHAKE, &hello_retry_request(&hello))).await?;
            drain(tcp).await
        })
    });
    vec![
        row("an SSH banner", Asks::DeviceServices, says_first(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), &tls("not-tls")),
        row("an SMTP banner", Asks::DeviceServices, says_first(b"220 mail.acme.test ESMTP\r\n"), &tls("not-tls")),
        row(
            "HTTP on the TLS port",
            Asks::DeviceServices,
            says(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n".to_vec()),
            &tls("not-tls"),
        ),
        row(
            "record version 9.9",
            Asks::DeviceServices,
            says(b"\x16\x09\x09\0\x04\x02\0\0\0".to_vec()),
            &tls("not-tls"),
        ),
        row(
            "record version 3.9",
            Asks::DeviceServices,
            says(b"\x16\x03\x09\0\x04\x02\0\0\0".to_vec()),
            &tls("misbehaved"),
        ),
        row(
            "an SSLv2 ServerHello",
            Asks::DeviceServices,
            says(b"\x80\x0b\x04\0\x01\0\x02\0\0\0\0\0\x10".to_vec()),
            &tls("not-tls"),
        ),
        row("a heartbeat", Asks::DeviceServices, says(record(24, &[1, 0x40, 0])), &tls("misbehaved")),
        row(
            "a record of 65,535 bytes",
            Asks::DeviceServices,
            says([&[22, 3, 3, 0xff, 0xff], noise(65_535).as_slice()].concat()),
            &tls("misbehaved"),
        ),
        row(
            "Finished first",
            Asks::DeviceServices,
            says(record(HANDSHAKE, &[message(20, 12), vec![0; 12]].concat())),
            &tls("misbehaved"),
        ),
        row("application data first", Asks::DeviceServices, says(record(23, &noise(200))), &tls("misbehaved")),
        row(
            "ServerHello of nothing",
            Asks::DeviceServices,
            says(record(HANDSHAKE, &message(2, 0))),
            &tls("misbehaved"),
        ),
        row("two HelloRetryRequests", Asks::DeviceServices, retries, &tls("misbehaved")),
        waits(
            "RC4 chosen, and no more said",
            Asks::DeviceServices,
            says(record(HANDSHAKE, &server_hello(0x0005))),
            &["tls/versions fail tls-no-usable-suite".to_owned()],
        ),
        row(
            "16 MB of ServerHello",
            Asks::DeviceServices,
            floods(record(HANDSHAKE, &message(2, sixteen_mb)), record(HANDSHAKE, &noise(16_000))),
            &tls("misbehaved"),
        ),
        row("16 MB of certificates, TLS 1.2", Asks::DeviceServices, of_chosen(11), &tls("chain-too-long")),
        // Which message it is, the protocol does not tell where it is encrypted; as a rule it is the certificates.
        row("16 MB of ServerKeyExchange", Asks::DeviceServices, of_chosen(12), &tls("chain-too-long")),
        row(
            "warnings without end",
            Asks::DeviceServices,
            floods(Vec::new(), record(ALERT, &[1, 112])),
            &tls("misbehaved"),
        ),
        row(
            "fatal alerts without end",
            Asks::DeviceServices,
            floods(Vec::new(), record(ALERT, &[2, 40])),
            &tls("alert"),
        ),
        row("an unknown alert", Asks::DeviceServices, says(record(ALERT, &[2, 201])), &tls("alert")),
        row(
            "empty records without end",
            Asks::DeviceServices,
            floods(Vec::new(), record(HANDSHAKE, &[])),
            &tls("misbehaved"),
        ),
        row(
            "ChangeCipherSpec without end",
            Asks::DeviceServices,
            floods(Vec::new(), record(CHANGE_CIPHER_SPEC, &[1])),
            &tls("misbehaved"),
        ),
        waits(
            "the first reset, the others silent",
            Asks::DeviceServices,
            reset_once(),
            &tls("reset-after-client-hello"),
        ),
    ]
}

/// Resets whoever offers what clients of today offer, and keeps those waiting who come below them.
fn reset_once() -> Handler {
    after_hello(|tcp, hello| {
        Box::pin(async move {
            // TLS 1.3's first suites are in no hello of old.
            let is_of_today = hello.windows(2).any(|pair| pair == [0x13, 0x01]);
            let deed = if is_of_today { Deed::Reset } else { Deed::Stall };
            go_wrong(tcp, deed, &Next { rest: Vec::new(), garbage: Vec::new(), flood: Vec::new() }).await
        })
    })
}
