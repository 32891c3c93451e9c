//! HTTP: one GET over a stream of ours. Redirects are recorded and never followed; every byte read is bounded.

use std::{
    error::Error as _,
    io,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use http_body_util::{BodyExt, Empty};
use hyper::{
    Request, Response,
    body::{Bytes, Incoming},
    client::conn::http1,
    header::{ACCEPT, CONTENT_LENGTH, HOST, HeaderMap, TRANSFER_ENCODING, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use pinflight_checks::{
    recording::{Body, BodyEnd, Der, HttpAnswer, HttpFailure},
    time::Timestamp,
};
use time::{PrimitiveDateTime, format_description::BorrowedFormatItem, macros::format_description};
use tokio::task::JoinSet;
use url::{Position, Url};

use crate::secrets;

use super::{
    tcp::{Deadline, Stream, within},
    tls::{beginning, refuses_client, rustls_error},
    watched::{Seen, Watched},
};

/// The longest head that is read.
pub(super) const HEAD: usize = 64 * 1024;

/// The most headers that hyper reads.
const MOST_HEADERS: usize = 100;

/// The longest body that is read.
pub(super) const BODY: usize = 1024 * 1024;

/// What is kept of one that is longer, and of every body in any case: more than a URL needs.
pub(super) const KEPT: usize = 4 * 1024;

/// What is kept beyond that of all bodies of a run: a thousand servers could send one each.
pub(super) const BODIES: usize = 8 * 1024 * 1024;

/// The room that is left for bodies.
pub(super) struct Room(AtomicUsize);

impl Room {
    pub(super) fn new() -> Self {
        Self(AtomicUsize::new(BODIES))
    }

    fn take(&self, bytes: usize) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// What a status line begins with.
const PROTOCOL: &[u8] = b"HTTP/1.";

/// The headers that matter.
const HEADERS: [&str; 8] =
    ["content-type", "content-length", "content-encoding", "date", "age", "location", "server", "via"];

/// Asks once over any stream, whose other end wants no certificate of us, and reads the answer.
pub async fn ask(stream: Stream, url: &Url, step: Duration) -> Result<HttpAnswer, HttpFailure> {
    get(stream, url, false, &Room::new(), step, Deadline::after(step)).await
}

/// Asks once and reads the answer.
pub(super) async fn get(
    stream: Stream,
    url: &Url,
    client_certificate_asked: bool,
    room: &Room,
    step: Duration,
    deadline: Deadline,
) -> Result<HttpAnswer, HttpFailure> {
    let limit = deadline.step(step);
    let mut driver = JoinSet::new();
    let seen = Seen::new(HEAD);
    let stream = Watched::judging(stream, &seen, |bytes| no_head(bytes).is_some());
    let answered = async {
        let mut builder = http1::Builder::new();
        builder.max_buf_size(HEAD);
        let (mut sender, connection) = builder.handshake::<_, Empty<Bytes>>(TokioIo::new(stream)).await?;
        driver.spawn(connection);
        sender.send_request(request(url)).await
    };
    let response = match within(limit, answered).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => {
            return Err(no_head(&seen.bytes()).unwrap_or_else(|| failure(&error, client_certificate_asked)));
        }
        Err(after) if seen.bytes().is_empty() => return Err(HttpFailure::Silent { after }),
        Err(after) => return Err(no_head(&seen.bytes()).unwrap_or(HttpFailure::Stalled { after })),
    };
    let (parts, incoming) = Response::into_parts(response);
    // What the request itself had is no secret.
    let own = |part: &str| url.query().is_some_and(|query| query.split('&').any(|known| known == part));
    let mut body = body(incoming, &parts.headers, room, deadline.step(step)).await;
    let read = body.bytes.0.len();
    body.bytes.0 = secrets::out_of_body(&body.bytes.0, own);
    // Of a page little is left.
    room.give_back(beyond(read).saturating_sub(beyond(body.bytes.0.len())));
    let mut headers = headers(&parts.headers);
    for (_, location) in headers.iter_mut().filter(|(name, _)| name == "location") {
        *location = secrets::out_of_url(location, own);
    }
    let date = headers.iter().find(|(name, _)| name == "date").and_then(|(_, value)| http_date(value));
    Ok(HttpAnswer { status: parts.status.as_u16(), headers, date, body })
}

fn request(url: &Url) -> Request<Empty<Bytes>> {
    let mut request = Request::new(Empty::new());
    // An origin-form target; `Url` has percent-encoded whatever a target may not hold.
    if let Ok(target) = url[Position::BeforePath..Position::AfterQuery].parse() {
        *request.uri_mut() = target;
    }
    let host = &url[Position::BeforeHost..Position::AfterPort];
    for (name, value) in [(HOST, host), (ACCEPT, "application/json"), (USER_AGENT, super::USER_AGENT)] {
        if let Ok(value) = value.parse() {
            request.headers_mut().insert(name, value);
        }
    }
    request
}

/// Why these bytes can become no head of an answer, whatever follows. hyper does not always say it: once it has waited for the rest
/// of a head, it parses no more before the empty line, and what was said before the request was sent is a closed connection to it.
pub fn no_head(all: &[u8]) -> Option<HttpFailure> {
    let mut bytes = all;
    loop {
        let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
        let mut answer = httparse::Response::new(&mut headers);
        let length = match answer.parse(bytes) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return None,
            Err(httparse::Error::TooManyHeaders) => return Some(HttpFailure::HeadersTooLong),
            Err(error) => {
                let alike = all.iter().zip(PROTOCOL).all(|(is, should)| is == should);
                let detail = if alike { error.to_string() } else { format!("it begins {:?}", beginning(all)) };
                return Some(HttpFailure::Malformed { detail });
            }
        };
        // Before the answer there may be informational ones (RFC 9110, 15.2); one that switches protocols is the last.
        match answer.code {
            Some(100 | 102..=199) => bytes = bytes.get(length..)?,
            _ => return None,
        }
    }
}

/// What a conversation ended with in which each byte was HTTP.
fn failure(error: &hyper::Error, client_certificate_asked: bool) -> HttpFailure {
    // hyper has a method for this in its server alone; a test holds it to these words.
    if error.is_parse() && error.to_string() == "message head is too large" {
        return HttpFailure::HeadersTooLong;
    }
    if error.is_parse() {
        return HttpFailure::Malformed { detail: error.to_string() };
    }
    let cause = io_error(error);
    match cause.and_then(rustls_error) {
        Some(rustls::Error::AlertReceived(alert)) if refuses_client(*alert, client_certificate_asked) => {
            HttpFailure::ClientCertificateRequired
        }
        Some(rustls::Error::AlertReceived(_)) => HttpFailure::Closed,
        Some(error) => HttpFailure::Malformed { detail: error.to_string() },
        // rustls has an error of its own for what breaks the protocol, and none for what is too much of it.
        None if cause.is_some_and(|cause| cause.kind() == io::ErrorKind::InvalidData) => {
            HttpFailure::Malformed { detail: cause.map(ToString::to_string).unwrap_or_default() }
        }
        // Either the alert was lost to a reset, or the server just hung up: it wanted a certificate and got none.
        None if client_certificate_asked => HttpFailure::ClientCertificateRequired,
        _ => HttpFailure::Closed,
    }
}

/// What a body of this length takes of the room.
fn beyond(length: usize) -> usize {
    length.saturating_sub(KEPT)
}

async fn body(mut incoming: Incoming, headers: &HeaderMap, room: &Room, limit: Duration) -> Body {
    let mut bytes = Vec::new();
    let read = async {
        loop {
            let frame = match incoming.frame().await {
                None => return BodyEnd::Complete,
                Some(Ok(frame)) => frame,
                // A body that only the connection's end delimits ends with it; many servers spare the closing alert.
                Some(Err(error))
                    if !headers.contains_key(CONTENT_LENGTH)
                        && !headers.contains_key(TRANSFER_ENCODING)
                        && io_error(&error).is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof) =>
                {
                    return BodyEnd::Complete;
                }
                Some(Err(error)) => return broken_off(&error),
            };
            let Ok(data) = frame.into_data() else { continue };
            let (before, after) = (bytes.len(), bytes.len() + data.len());
            if after > BODY || !room.take(beyond(after) - beyond(before)) {
                bytes.extend_from_slice(&data);
                room.give_back(beyond(before));
                bytes.truncate(KEPT);
                bytes.shrink_to_fit();
                return BodyEnd::TooLong;
            }
            bytes.extend_from_slice(&data);
        }
    };
    let end = within(limit, read).await.unwrap_or(BodyEnd::TimedOut);
    Body { bytes: Der(bytes), end }
}

/// Whether the body's framing was wrong, or its connection ended.
fn broken_off(error: &hyper::Error) -> BodyEnd {
    let is_wrong = |error: &io::Error| {
        let is_alert = matches!(rustls_error(error), Some(rustls::Error::AlertReceived(_)));
        matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput) && !is_alert
    };
    if io_error(error).is_some_and(is_wrong) { BodyEnd::Malformed } else { BodyEnd::Truncated }
}

fn io_error(error: &hyper::Error) -> Option<&io::Error> {
    error.source().and_then(|cause| cause.downcast_ref::<io::Error>())
}

fn headers(all: &HeaderMap) -> Vec<(String, String)> {
    let one = |name: &'static str| all.get_all(name).iter().map(move |value| (name, value));
    let kept = HEADERS.into_iter().flat_map(one);
    kept.map(|(name, value)| (name.to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect()
}

/// IMF-fixdate (RFC 9110, 5.6.7), which every server has sent for decades.
pub fn http_date(text: &str) -> Option<Timestamp> {
    const FORMAT: &[BorrowedFormatItem<'_>] =
        format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    // A year with a sign is none of four digits.
    let text = Some(text.trim()).filter(|text| text.len() == "Tue, 02 Mar 2027 01:02:03 GMT".len())?;
    let at = PrimitiveDateTime::parse(text, FORMAT).ok()?;
    Some(Timestamp(at.assume_utc().unix_timestamp()))
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    /// What a server that says `answer`, and `more` over and over, comes to; and the request that it got.
    async fn asked(answer: &str, more: Option<&'static [u8]>, hold: bool) -> (Result<HttpAnswer, HttpFailure>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let answer = answer.to_owned();
        let (release, released) = tokio::sync::oneshot::channel::<()>();
        let server = tokio::spawn(async move {
            let (mut peer, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(peer.read_u8().await.unwrap());
            }
            let _ = peer.write_all(answer.as_bytes()).await;
            while let Some(more) = more {
                if peer.write_all(more).await.is_err() {
                    break;
                }
            }
            if hold {
                let _ = released.await;
            }
            String::from_utf8(request).unwrap()
        });
        let stream: Stream = Box::new(TcpStream::connect(address).await.unwrap());
        let url = Url::parse("https://ds.example:8443/a b?URL=x").unwrap();
        let step = if hold { Duration::from_millis(50) } else { Duration::from_secs(20) };
        let outcome = get(stream, &url, false, &Room::new(), step, Deadline::after(Duration::from_secs(30))).await;
        drop(release);
        (outcome, server.await.unwrap())
    }

    #[tokio::test]
    async fn a_whole_answer_is_kept_with_the_headers_that_matter() {
        let answer = "HTTP/1.1 302 Found\r\nDate: Mon, 01 Mar 2027 00:00:00 GMT\r\nLocation: /x\r\nX-Secret: y\r\nContent-Length: 2\r\n\r\n{}";
        let (outcome, request) = asked(answer, None, false).await;
        assert_eq!(
            request,
            "GET /a%20b?URL=x HTTP/1.1\r\nhost: ds.example:8443\r\naccept: application/json\r\nuser-agent: pinflight/0.1.0\r\n\r\n"
        );
        let outcome = outcome.unwrap();
        assert_eq!(outcome.status, 302);
        assert_eq!(outcome.date, Timestamp::parse("2027-03-01"));
        assert_eq!(outcome.header("location"), Some("/x"));
        assert_eq!(outcome.header("x-secret"), None);
        assert_eq!(outcome.body, Body { bytes: Der(b"{}".to_vec()), end: BodyEnd::Complete });
    }

    #[tokio::test]
    async fn what_is_secret_in_an_answer_is_not_kept() {
        let body = r#"{"Uri": "https://ann:hunter2@ts.example/TrustService?token=hunter2&URL=x", "Token": "hunter2"}"#;
        let head =
            "HTTP/1.1 302 Found\r\nLocation: //ann:hunter2@ds.example/login;s=hunter2?URL=x&state=hunter2#hunter2\r\n";
        let cookie = "Set-Cookie: session=hunter2\r\nWWW-Authenticate: Basic hunter2\r\n";
        let (outcome, _) =
            asked(&format!("{head}{cookie}Content-Length: {}\r\n\r\n{body}", body.len()), None, false).await;
        let answer = outcome.unwrap();
        assert_eq!(answer.header("location"), Some("//***@ds.example/login;s=***?URL=x&state=***#***"));
        let expected = r#"{"Uri": "https://***@ts.example/TrustService?token=***&URL=x", "Token": "***"}"#;
        assert_eq!(std::str::from_utf8(&answer.body.bytes.0), Ok(expected));
        assert_eq!(answer.headers.len(), 2);
    }

    #[tokio::test]
    async fn a_body_is_read_as_far_as_it_may_be() {
        let (outcome, _) =
            asked("HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n", Some(&[b'x'; 4096]), false).await;
        let body = outcome.unwrap().body;
        assert_eq!((body.bytes.0.len(), body.end), (KEPT, BodyEnd::TooLong));
        let (outcome, _) = asked("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", None, false).await;
        assert_eq!(outcome.unwrap().body, Body { bytes: Der(b"{}".to_vec()), end: BodyEnd::Truncated });
        let (outcome, _) = asked("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", None, true).await;
        assert_eq!(outcome.unwrap().body, Body { bytes: Der(b"{}".to_vec()), end: BodyEnd::TimedOut });
        let (outcome, _) = asked("HTTP/1.0 200 OK\r\n\r\n{}", None, false).await;
        assert_eq!(outcome.unwrap().body, Body { bytes: Der(b"{}".to_vec()), end: BodyEnd::Complete });
    }

    #[tokio::test]
    async fn what_is_no_answer_is_told_apart() {
        assert_eq!(asked("", None, false).await.0, Err(HttpFailure::Closed));
        assert_eq!(asked("HTTP/1.1 20", None, false).await.0, Err(HttpFailure::Closed));
        let silent = HttpFailure::Silent { after: Duration::from_millis(50) };
        assert_eq!(asked("", None, true).await.0, Err(silent));
        assert!(matches!(asked("SSH-2.0-x\r\n\r\n", None, false).await.0, Err(HttpFailure::Malformed { .. })));
        let endless = asked("HTTP/1.1 200 OK\r\n", Some(b"x-more: and more and more\r\n"), false).await.0;
        assert_eq!(endless, Err(HttpFailure::HeadersTooLong));
        let one = asked("HTTP/1.1 200 OK\r\nx: ", Some(&[b'x'; 4096]), false).await.0;
        assert_eq!(one, Err(HttpFailure::HeadersTooLong));
    }

    /// What an answer comes to of which the client gets so many bytes at a time, and then nothing, or the end of the connection; a
    /// client certificate was asked for.
    async fn asked_in_parts(answer: &[u8], part: usize, then: Then, step: Duration) -> Result<HttpAnswer, HttpFailure> {
        let (ours, theirs) = tokio::io::duplex(part);
        let url = Url::parse("https://ds.example/x").unwrap();
        let serve = async {
            let (mut request, mut response) = tokio::io::split(theirs);
            request.read_u8().await.unwrap();
            let respond = async {
                let _ = response.write_all(answer).await;
                if then == Then::Close {
                    let _ = response.shutdown().await;
                }
            };
            let mut sink = tokio::io::sink();
            let _ = tokio::join!(respond, tokio::io::copy(&mut request, &mut sink));
            std::future::pending::<()>().await;
        };
        let room = Room::new();
        tokio::select! {
            outcome = get(Box::new(ours), &url, true, &room, step, Deadline::after(Duration::from_secs(30))) => outcome,
            () = serve => unreachable!(),
        }
    }

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Then {
        Wait,
        Close,
    }

    #[tokio::test]
    async fn what_becomes_no_head_is_malformed_however_it_is_cut() {
        let (short, long) = (Duration::from_millis(100), Duration::from_secs(20));
        let noise = [b"\xa7\x1b[2J\x00".as_slice(), &[b'~'; 300]].concat();
        let sound = [b"HTTP/1.1 200 OK\r\nContent-Length: 306\r\n\r\n", noise.as_slice()].concat();
        let many = format!("HTTP/1.1 200 OK\r\n{}", "x: y\r\n".repeat(250));
        let begun: [&[u8]; 4] = [
            b"HTTP/1.1 2",
            b"HTTP/1.1 200 OK\r\nContent-Type: applicati",
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 20",
            b"HTTP/1.1 103 Early Hints\r\nx: y\r\n\r\n",
        ];
        for part in [1, 10, 47, 1000] {
            for begun in begun {
                let shown = String::from_utf8_lossy(begun);
                for (wrong, then) in [(noise.as_slice(), Then::Wait), (&noise, Then::Close), (b"\xa7\x1b", Then::Close)]
                {
                    let outcome = asked_in_parts(&[begun, wrong].concat(), part, then, long).await;
                    let expected = matches!(outcome, Err(HttpFailure::Malformed { .. }));
                    assert!(expected, "{shown:?} by {part}, then {then:?}: {outcome:?}");
                }
                let outcome = asked_in_parts(begun, part, Then::Wait, short).await;
                assert!(matches!(outcome, Err(HttpFailure::Stalled { .. })), "{shown:?} by {part}: {outcome:?}");
                let outcome = asked_in_parts(begun, part, Then::Close, long).await;
                assert_eq!(outcome, Err(HttpFailure::ClientCertificateRequired), "{shown:?} by {part}");
            }
            for then in [Then::Wait, Then::Close] {
                let outcome = asked_in_parts(many.as_bytes(), part, then, long).await;
                assert_eq!(outcome, Err(HttpFailure::HeadersTooLong), "by {part}, then {then:?}");
                // The body is anything.
                let outcome = asked_in_parts(&sound, part, then, long).await;
                assert_eq!(outcome.map(|answer| answer.body.bytes.0), Ok(noise.clone()), "by {part}, then {then:?}");
            }
        }
    }

    #[test]
    fn dates_are_read_or_left() {
        assert_eq!(http_date("Tue, 02 Mar 2027 01:02:03 GMT").unwrap().to_string(), "2027-03-02T01:02:03Z");
        let signed = ["Tue, 02 Mar +2027 01:02:03 GMT", "Tue, 02 Mar -2027 01:02:03 GMT"];
        for text in ["", "now", "2027-03-02T01:02:03Z", "Tue, 99 Mar 2027 01:02:03 GMT"].into_iter().chain(signed) {
            assert_eq!(http_date(text), None, "{text}");
        }
    }
}
