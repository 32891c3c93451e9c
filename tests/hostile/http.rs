//! HTTP up to any place in an answer.

use std::{io, sync::Arc};

use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::{
    peer::{Deed, Handler, Next, go_wrong, handler, noise, read_head, say},
    tls::{self, SOUND, VENDOR_SOUND},
};

/// Whose certificate is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Customer,
    Vendor,
}

impl Who {
    async fn accept(self, tcp: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let config = if self == Self::Vendor { &VENDOR_SOUND } else { &SOUND };
        tls::accept(tcp, (*config).clone()).await
    }
}

/// A server that answers every GET with this JSON.
pub fn sound(who: Who, body: String) -> Handler {
    answering(who, move |_| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length";
        format!("{head}: {}\r\n\r\n{body}", body.len()).into_bytes()
    })
}

/// A server that answers a GET by its head, and keeps the connection.
pub fn answering(who: Who, answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Handler {
    let answer = Arc::new(answer);
    handler(move |tcp| {
        let answer = answer.clone();
        async move {
            let mut stream = who.accept(tcp).await?;
            loop {
                let head = read_head(&mut stream).await?;
                let answer = answer(&String::from_utf8_lossy(&head));
                say(&mut stream, &answer).await?;
            }
        }
    })
}

/// A place in an answer.
#[derive(Clone, Debug)]
pub struct Place {
    /// Whether the request is read before anything is said.
    pub reads: bool,
    /// What is said before.
    pub before: String,
    pub next: Next,
}

/// Goes wrong at this place.
pub fn wrong_at(who: Who, place: Place, deed: Deed) -> Handler {
    handler(move |tcp| {
        let place = place.clone();
        async move {
            let mut stream = who.accept(tcp).await?;
            if place.reads {
                read_head(&mut stream).await?;
            }
            say(&mut stream, place.before.as_bytes()).await?;
            go_wrong(stream, deed, &place.next).await
        }
    })
}

/// A place by its bytes: what was said, what should follow, what comes instead, once and without end.
pub fn place(before: &str, rest: &str, garbage: Vec<u8>, flood: &[u8]) -> Place {
    let next = Next { rest: rest.as_bytes().to_vec(), garbage, flood: flood.to_vec() };
    Place { reads: true, before: before.to_owned(), next }
}

/// Says these bytes to whoever has asked, and then waits.
pub fn says(who: Who, bytes: impl Into<Vec<u8>>) -> Handler {
    let next = Next { rest: Vec::new(), garbage: bytes.into(), flood: Vec::new() };
    wrong_at(who, Place { reads: true, before: String::new(), next }, Deed::Garbage)
}

/// The same, again and again, behind a beginning.
pub fn floods(who: Who, before: &str, bytes: impl Into<Vec<u8>>) -> Handler {
    let next = Next { rest: Vec::new(), garbage: Vec::new(), flood: bytes.into() };
    wrong_at(who, Place { reads: true, before: before.to_owned(), next }, Deed::Flood)
}

/// Whoever asks is told this status and these headers, with this body.
pub fn whole(who: Who, status: &str, headers: &str, body: &[u8]) -> Handler {
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    let answer = [head.as_bytes(), body].concat();
    answering(who, move |_| answer.clone())
}

/// 200 with this JSON.
pub fn json(who: Who, body: impl Into<Vec<u8>>) -> Handler {
    whole(who, "200 OK", "Content-Type: application/json\r\n", &body.into())
}

/// The places of an answer in which a peer can go wrong, by name.
pub fn places() -> Vec<(&'static str, Place)> {
    const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    const LONG: &str = "Content-Length: 300\r\n\r\n";
    let body = format!("{{\"ds.acme.test\": [\"{}\"]}}", "A".repeat(278));
    assert_eq!(body.len(), 300);
    let (first, second) = body.split_at(150);
    let sound = format!("{HEAD}{LONG}{body}");
    let chunked = format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n");
    let noise = || noise(300);
    let framed = |bytes: Vec<u8>| [bytes, b"\r\n0\r\n\r\n".to_vec()].concat();
    vec![
        ("before the request", Place { reads: false, ..place("", &sound, noise(), &noise()) }),
        ("the request", place("", &sound, noise(), &noise())),
        ("half a status line", place("HTTP/1.1 2", &sound[10..], noise(), &noise())),
        ("half a header", place(&HEAD[..40], &sound[40..], noise(), b"x: and more and more\r\n")),
        ("the headers", place(&format!("{HEAD}{LONG}"), &body, noise(), &noise())),
        ("half a body", place(&format!("{HEAD}{LONG}{first}"), second, noise(), &noise())),
        ("half a chunk's size", place(&format!("{chunked}12"), &format!("c\r\n{body}\r\n0\r\n\r\n"), noise(), b"0")),
        (
            "half a chunk",
            place(
                &format!("{chunked}12c\r\n{first}"),
                &format!("{second}\r\n0\r\n\r\n"),
                framed(noise()[..150].to_vec()),
                second_and_more(second).as_bytes(),
            ),
        ),
        (
            "the last chunk",
            place(&format!("{chunked}12c\r\n{body}\r\n0\r\n"), "x: y\r\n\r\n", noise(), b"x: and more and more\r\n"),
        ),
        ("half a body of unknown length", place(&format!("{HEAD}\r\n{first}"), second, noise(), &noise())),
    ]
}

/// The rest of a chunk, and another of as many bytes begun, so that one and the same text can follow itself.
fn second_and_more(second: &str) -> String {
    format!("{second}\r\n12c\r\n{second}")
}
