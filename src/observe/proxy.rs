//! Proxies: a tunnel by HTTP CONNECT or SOCKS5 (RFC 1928, 1929), and precisely why there is none.

use std::{io, net::IpAddr, time::Duration};

use data_encoding::BASE64;
use pinflight_checks::{
    deployment::{Endpoint, Proxy, ProxyScheme},
    recording::ProxyFailure,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{
    tcp::{Deadline, Stream, within},
    tls::{Client, beginning},
};

/// How long a proxy's answer to CONNECT may be.
pub(super) const ANSWER: usize = 64 * 1024;

/// How much of it is kept.
pub(super) const LINE: usize = 200;

/// A user name and a password.
pub type Credentials<'a> = Option<(&'a str, &'a str)>;

/// Asks the proxy at the other end of `stream` for a tunnel to `target`.
pub(super) async fn tunnel(
    mut stream: Stream,
    proxy: &Proxy,
    target: &Endpoint,
    credentials: Credentials<'_>,
    tls: &Client,
    step: Duration,
    deadline: Deadline,
) -> Result<Stream, ProxyFailure> {
    if proxy.scheme == ProxyScheme::Https {
        let trusted = tls.trusted(stream, &proxy.host, deadline.step(step)).await;
        stream = Box::new(trusted.map_err(|failure| ProxyFailure::Tls { failure })?);
    }
    ask(stream, proxy.scheme, target, credentials, deadline.step(step)).await
}

/// Asks for a tunnel whoever is at the other end of a stream, after TLS to it where that is to be.
pub async fn ask(
    mut stream: Stream,
    scheme: ProxyScheme,
    target: &Endpoint,
    credentials: Credentials<'_>,
    limit: Duration,
) -> Result<Stream, ProxyFailure> {
    let asked = async {
        match scheme {
            ProxyScheme::Http | ProxyScheme::Https => http(&mut stream, target, credentials).await,
            ProxyScheme::Socks5 | ProxyScheme::Socks5h => socks(&mut stream, target, credentials).await,
        }
    };
    match within(limit, asked).await {
        Ok(Ok(())) => Ok(stream),
        Ok(Err(failure)) => Err(without(failure, credentials)),
        Err(after) => Err(ProxyFailure::Silent { after }),
    }
}

/// A proxy may say again what it was told: that is not kept, nor the beginning of it where its answer was cut.
fn without(failure: ProxyFailure, credentials: Credentials<'_>) -> ProxyFailure {
    let Some((user, password)) = credentials else { return failure };
    let token = BASE64.encode(format!("{user}:{password}").as_bytes());
    let without = |mut text: String| {
        for secret in [token.as_str(), password, user].into_iter().filter(|secret| !secret.is_empty()) {
            text = text.replace(secret, "…");
            let begun = (4..secret.len()).rev().filter_map(|count| secret.get(..count));
            if let Some(begun) = begun.into_iter().find(|begun| text.ends_with(begun)) {
                text.truncate(text.len() - begun.len());
            }
        }
        text
    };
    match failure {
        ProxyFailure::Denied { answer } => ProxyFailure::Denied { answer: without(answer) },
        ProxyFailure::TargetUnreachable { answer } => ProxyFailure::TargetUnreachable { answer: without(answer) },
        ProxyFailure::NotAProxy { begins } => ProxyFailure::NotAProxy { begins: without(begins) },
        failure => failure,
    }
}

async fn http(stream: &mut Stream, target: &Endpoint, credentials: Credentials<'_>) -> Result<(), ProxyFailure> {
    let login = credentials.map(|(user, password)| {
        let token = BASE64.encode(format!("{user}:{password}").as_bytes());
        format!("Proxy-Authorization: Basic {token}\r\n")
    });
    let login = login.unwrap_or_default();
    let agent = super::USER_AGENT;
    let request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nUser-Agent: {agent}\r\n{login}\r\n");
    send(stream, request.as_bytes()).await?;
    let head = http_head(stream).await?;
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line: String = String::from_utf8_lossy(line).trim().chars().take(LINE).collect();
    let mut words = line.split_ascii_whitespace();
    let version = words.next().unwrap_or_default();
    let status = words.next().filter(|word| word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_digit()));
    let status = status.and_then(|word| word.parse::<u16>().ok());
    match status.filter(|_| version.starts_with("HTTP/1.")) {
        Some(200..=299) => Ok(()),
        Some(407) => Err(ProxyFailure::AuthenticationRequired { sent: credentials.is_some() }),
        Some(500..) => Err(ProxyFailure::TargetUnreachable { answer: line }),
        Some(_) => Err(ProxyFailure::Denied { answer: line }),
        None => Err(ProxyFailure::NotAProxy { begins: beginning(&head) }),
    }
}

/// Reads to the empty line and not a byte further: what follows belongs to the tunnel.
async fn http_head(stream: &mut Stream) -> Result<Vec<u8>, ProxyFailure> {
    const PREFIX: &[u8] = b"HTTP/";
    let mut head = Vec::new();
    loop {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) if head.is_empty() || head.starts_with(PREFIX) => return Err(ProxyFailure::Closed),
            Err(_) => return Err(ProxyFailure::NotAProxy { begins: beginning(&head) }),
        }
        let alike = head.iter().zip(PREFIX).all(|(is, should)| is == should);
        if !alike {
            read_a_little(stream, &mut head).await;
            return Err(ProxyFailure::NotAProxy { begins: beginning(&head) });
        }
        if head.ends_with(b"\r\n\r\n") || head.ends_with(b"\n\n") {
            return Ok(head);
        }
        if head.len() >= ANSWER {
            return Err(ProxyFailure::NotAProxy { begins: beginning(&head) });
        }
    }
}

/// Enough of an answer of another protocol to recognise it by; what has come already is enough.
async fn read_a_little(stream: &mut Stream, head: &mut Vec<u8>) {
    let mut more = [0; 64];
    let read = within(Duration::from_millis(50), stream.read(&mut more)).await;
    if let Ok(Ok(count)) = read {
        head.extend(more.iter().take(count));
    }
}

async fn socks(stream: &mut Stream, target: &Endpoint, credentials: Credentials<'_>) -> Result<(), ProxyFailure> {
    let greeting: &[u8] = if credentials.is_some() { &[5, 2, 0, 2] } else { &[5, 1, 0] };
    send(stream, greeting).await?;
    let [version, method] = receive(stream).await?;
    if version != 5 {
        let mut head = vec![version, method];
        read_a_little(stream, &mut head).await;
        return Err(ProxyFailure::NotAProxy { begins: beginning(&head) });
    }
    match (method, credentials) {
        (0, _) => {}
        (2, Some((user, password))) => {
            let mut login = vec![1];
            login.extend(with_length(user.as_bytes())?);
            login.extend(with_length(password.as_bytes())?);
            send(stream, &login).await?;
            let [_, status] = receive(stream).await?;
            if status != 0 {
                return Err(ProxyFailure::AuthenticationRequired { sent: true });
            }
        }
        _ => return Err(ProxyFailure::AuthenticationRequired { sent: credentials.is_some() }),
    }
    let mut request = vec![5, 1, 0];
    match target.ip() {
        Some(IpAddr::V4(ip)) => {
            request.push(1);
            request.extend(ip.octets());
        }
        Some(IpAddr::V6(ip)) => {
            request.push(4);
            request.extend(ip.octets());
        }
        None => {
            request.push(3);
            request.extend(with_length(target.host.as_bytes())?);
        }
    }
    request.extend(target.port.to_be_bytes());
    send(stream, &request).await?;
    let [version, reply, _, kind] = receive(stream).await?;
    if version != 5 {
        return Err(ProxyFailure::NotAProxy { begins: beginning(&[version, reply, 0, kind]) });
    }
    if reply != 0 {
        return Err(socks_refusal(reply));
    }
    // The address it connects from, which nobody needs.
    match kind {
        1 => drop(receive::<6>(stream).await?),
        4 => drop(receive::<18>(stream).await?),
        3 => {
            let [length] = receive(stream).await?;
            for _ in 0..u32::from(length) + 2 {
                receive::<1>(stream).await?;
            }
        }
        _ => return Err(ProxyFailure::NotAProxy { begins: beginning(&[version, reply, 0, kind]) }),
    }
    Ok(())
}

/// RFC 1928, 6.
fn socks_refusal(reply: u8) -> ProxyFailure {
    let words = match reply {
        1 => "general SOCKS server failure",
        2 => "connection not allowed by ruleset",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "TTL expired",
        7 => "command not supported",
        8 => "address type not supported",
        _ => "unassigned reply",
    };
    let answer = format!("SOCKS reply {reply}: {words}");
    match reply {
        1 | 3..=6 => ProxyFailure::TargetUnreachable { answer },
        _ => ProxyFailure::Denied { answer },
    }
}

/// A field with its length in one byte before it.
fn with_length(field: &[u8]) -> Result<Vec<u8>, ProxyFailure> {
    let length = u8::try_from(field.len()).map_err(|_| ProxyFailure::Denied {
        answer: "SOCKS5 takes no name, user or password longer than 255 bytes".to_owned(),
    })?;
    Ok(std::iter::once(length).chain(field.iter().copied()).collect())
}

async fn send(stream: &mut Stream, bytes: &[u8]) -> Result<(), ProxyFailure> {
    let sent: io::Result<()> = async {
        stream.write_all(bytes).await?;
        stream.flush().await
    }
    .await;
    sent.map_err(|_| ProxyFailure::Closed)
}

async fn receive<const N: usize>(stream: &mut Stream) -> Result<[u8; N], ProxyFailure> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await.map_err(|_| ProxyFailure::Closed)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use pinflight_checks::time::Timestamp;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// A proxy that expects each `(request, answer)` in turn and then hangs up.
    async fn answers(
        scheme: ProxyScheme,
        host: &str,
        credentials: Credentials<'_>,
        script: &'static [(&'static [u8], &'static [u8])],
    ) -> Result<(), ProxyFailure> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (mut peer, _) = listener.accept().await.unwrap();
            for (request, answer) in script {
                let mut got = vec![0; request.len()];
                peer.read_exact(&mut got).await.unwrap();
                assert_eq!(got, *request);
                peer.write_all(answer).await.unwrap();
            }
        });
        let stream: Stream = Box::new(TcpStream::connect(address).await.unwrap());
        let tls = Client::new(rustls::RootCertStore::empty(), Timestamp(0));
        let proxy = Proxy { scheme, host: "127.0.0.1".to_owned(), port: address.port() };
        let step = Duration::from_secs(5);
        let target = Endpoint::new(host, 443);
        let made = tunnel(stream, &proxy, &target, credentials, &tls, step, Deadline::after(step)).await;
        server.await.unwrap();
        made.map(drop)
    }

    const CONNECT: &[u8] = b"CONNECT ds.example:443 HTTP/1.1\r\nHost: ds.example:443\r\n";

    async fn http_answer(answer: &'static [(&'static [u8], &'static [u8])]) -> Result<(), ProxyFailure> {
        answers(ProxyScheme::Http, "ds.example", None, answer).await
    }

    #[tokio::test]
    async fn each_answer_to_connect_has_its_meaning() {
        use ProxyFailure as F;
        assert_eq!(http_answer(&[(CONNECT, b"HTTP/1.1 200 OK\r\nVia: x\r\n\r\n")]).await, Ok(()));
        let denied = F::Denied { answer: "HTTP/1.1 403 Forbidden".to_owned() };
        assert_eq!(http_answer(&[(CONNECT, b"HTTP/1.1 403 Forbidden\r\n\r\nno")]).await, Err(denied));
        let far = F::TargetUnreachable { answer: "HTTP/1.0 502 Bad Gateway".to_owned() };
        assert_eq!(http_answer(&[(CONNECT, b"HTTP/1.0 502 Bad Gateway\r\n\r\n")]).await, Err(far));
        let login = F::AuthenticationRequired { sent: false };
        assert_eq!(http_answer(&[(CONNECT, b"HTTP/1.1 407 Who\r\n\r\n")]).await, Err(login));
        assert_eq!(http_answer(&[(CONNECT, b"HTTP/1.1 200")]).await, Err(F::Closed));
        let odd = F::NotAProxy { begins: "HTTP/1.1 +200 OK\r\n\r\n".to_owned() };
        assert_eq!(http_answer(&[(CONNECT, b"HTTP/1.1 +200 OK\r\n\r\n")]).await, Err(odd));
        let other = F::NotAProxy { begins: "SSH-2.0-OpenSSH\r\n".to_owned() };
        assert_eq!(http_answer(&[(b"", b"SSH-2.0-OpenSSH\r\n"), (CONNECT, b"")]).await, Err(other));
    }

    #[tokio::test]
    async fn credentials_are_sent_to_the_proxy_alone() {
        let answer = answers(
            ProxyScheme::Http,
            "ds.example",
            Some(("u", "p")),
            &[(
                b"CONNECT ds.example:443 HTTP/1.1\r\nHost: ds.example:443\r\nUser-Agent: pinflight/0.1.0\r\nProxy-Authorization: Basic dTpw\r\n\r\n",
                b"HTTP/1.1 407 Who\r\n\r\n",
            )],
        )
        .await;
        assert_eq!(answer, Err(ProxyFailure::AuthenticationRequired { sent: true }));
    }

    #[test]
    fn what_a_proxy_says_again_is_not_kept() {
        let denied = |answer: &str| ProxyFailure::Denied { answer: answer.to_owned() };
        for (said, kept) in [
            ("403 Basic YWdlbnQ6aHVudGVyMg== of agent, hunter2", "403 Basic … of …, …"),
            ("403 Basic YWdlbnQ6aH", "403 Basic "),
            ("403 for hunter", "403 for "),
            ("403 No", "403 No"),
        ] {
            assert_eq!(without(denied(said), Some(("agent", "hunter2"))), denied(kept));
            assert_eq!(without(denied(said), None), denied(said));
        }
    }

    #[tokio::test]
    async fn each_socks_reply_has_its_meaning() {
        use ProxyFailure as F;
        let ask: &[u8] = b"\x05\x01\x00\x03\x0ads.example\x01\xbb";
        assert_eq!(ask.len(), 17);
        let socks = ProxyScheme::Socks5h;
        let done = answers(
            socks,
            "ds.example",
            None,
            &[
                (b"\x05\x01\x00", b"\x05\x00"),
                (b"\x05\x01\x00\x03\x0ads.example\x01\xbb", b"\x05\0\0\x01\x7f\0\0\x01\0\0"),
            ],
        );
        assert_eq!(done.await, Ok(()));
        let refused = answers(
            socks,
            "10.0.0.1",
            None,
            &[(b"\x05\x01\x00", b"\x05\x00"), (b"\x05\x01\x00\x01\x0a\0\0\x01\x01\xbb", b"\x05\x05\0\x01\0\0\0\0\0\0")],
        );
        let words = "SOCKS reply 5: connection refused".to_owned();
        assert_eq!(refused.await, Err(F::TargetUnreachable { answer: words }));
        let denied = answers(
            socks,
            "10.0.0.1",
            None,
            &[(b"\x05\x01\x00", b"\x05\x00"), (b"\x05\x01\x00\x01\x0a\0\0\x01\x01\xbb", b"\x05\x02\0\x01\0\0\0\0\0\0")],
        );
        let words = "SOCKS reply 2: connection not allowed by ruleset".to_owned();
        assert_eq!(denied.await, Err(F::Denied { answer: words }));
        let login = answers(socks, "x", None, &[(b"\x05\x01\x00", b"\x05\xff")]);
        assert_eq!(login.await, Err(F::AuthenticationRequired { sent: false }));
        let wrong = answers(
            socks,
            "x",
            Some(("u", "p")),
            &[(b"\x05\x02\x00\x02", b"\x05\x02"), (b"\x01\x01u\x01p", b"\x01\x01")],
        );
        assert_eq!(wrong.await, Err(F::AuthenticationRequired { sent: true }));
        let http = answers(socks, "x", None, &[(b"\x05\x01\x00", b"HTTP/1.1 400 Bad\r\n\r\n")]);
        let begins = "HTTP/1.1 400 Bad\r\n\r\n".to_owned();
        assert_eq!(http.await, Err(F::NotAProxy { begins }));
        assert_eq!(answers(socks, "x", None, &[(b"\x05\x01\x00", b"")]).await, Err(F::Closed));
    }
}
