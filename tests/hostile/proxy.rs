//! Proxies up to any place in a tunnel's making.

use std::io;

use tokio::{io::AsyncReadExt, net::TcpStream};

use crate::peer::{Deed, Handler, Next, go_wrong, handler, heard, noise, read_head, say};

/// What is done up to a place, each step by itself: read this, say that.
#[derive(Clone, Debug)]
pub enum Step {
    /// Reads to the empty line.
    Head,
    /// Reads so many bytes.
    Bytes(usize),
    Say(&'static [u8]),
}

/// A place, by its name, what was done until then, and what could be said next.
pub type Place = (&'static str, Vec<Step>, Next);

pub fn wrong_at(steps: Vec<Step>, next: Next, deed: Deed) -> Handler {
    handler(move |tcp| {
        let (steps, next) = (steps.clone(), next.clone());
        async move {
            let tcp = after(tcp, &steps).await?;
            if steps.is_empty() && deed == Deed::Reset {
                heard(&tcp).await?;
            }
            go_wrong(tcp, deed, &next).await
        }
    })
}

async fn after(mut tcp: TcpStream, steps: &[Step]) -> io::Result<TcpStream> {
    for step in steps {
        match step {
            Step::Head => drop(read_head(&mut tcp).await?),
            Step::Bytes(count) => drop(tcp.read_exact(&mut vec![0; *count]).await?),
            Step::Say(bytes) => say(&mut tcp, bytes).await?,
        }
    }
    Ok(tcp)
}

fn next(rest: &[u8], garbage: &[u8], flood: &[u8]) -> Next {
    Next { rest: rest.to_vec(), garbage: garbage.to_vec(), flood: flood.to_vec() }
}

/// HTTP CONNECT.
pub fn http() -> Vec<Place> {
    use Step::{Head, Say};
    const ANSWER: &[u8] =
        b"HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy.acme.test (and a comment that is long enough)\r\n\r\n";
    let noise = noise(300);
    let ended = [&noise, b"\r\n\r\n".as_slice()].concat();
    vec![
        ("connected", vec![], next(&[], &noise, &noise)),
        ("CONNECT", vec![Head], next(ANSWER, &noise, &noise)),
        ("half a status line", vec![Head, Say(&ANSWER[..10])], next(&ANSWER[10..], &ended, &noise)),
        ("half a header", vec![Head, Say(&ANSWER[..50])], next(&ANSWER[50..], &ended, b"x: and more and more\r\n")),
        ("the tunnel", vec![Head, Say(ANSWER)], next(&[], &noise, &noise)),
    ]
}

/// SOCKS5 without authentication.
pub fn socks() -> Vec<Place> {
    use Step::{Bytes, Say};
    // The name that it connected from is as long as a name can be.
    let reply = [&[5, 0, 0, 3, 255], [b'x'; 255].as_slice(), &[0, 1]].concat();
    // Version, command, reserved, kind and length, the name, the port.
    let request = 5 + crate::tls::DEVICE_SERVICES.len() + 2;
    let noise = noise(600);
    let greeted = || vec![Bytes(3), Say(&[5, 0]), Bytes(request)];
    let half = [greeted(), vec![Say(&[5, 0, 0, 3])]].concat();
    vec![
        ("connected", vec![], next(&[], &noise, &noise)),
        ("the greeting", vec![Bytes(3)], next(&[5, 0], &noise, &noise)),
        ("the request", greeted(), next(&reply, &noise, &noise)),
        ("half a reply", half, next(&reply[4..], &noise, &noise)),
    ]
}
