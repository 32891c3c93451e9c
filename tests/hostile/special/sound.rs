//! The same harness with nothing wrong in it.

use std::{io, net::Ipv4Addr};

use tokio::{io::AsyncReadExt, net::TcpStream};

use super::{key, row};
use crate::{
    Row,
    asks::{Asks, pins},
    dns,
    http::{self, Who},
    peer::{Peer, handler, read_head, say},
    tls::{self, DEVICE_SERVICES},
};

pub fn rows() -> Vec<Row> {
    let tunnel = handler(|mut tcp| async move {
        let head = String::from_utf8(read_head(&mut tcp).await?).map_err(io::Error::other)?;
        let port = head.split(' ').nth(1).and_then(|target| target.rsplit_once(':')).map(|(_, port)| port.parse());
        let mut far = TcpStream::connect((Ipv4Addr::LOCALHOST, port.unwrap().unwrap())).await?;
        say(&mut tcp, b"HTTP/1.1 200 OK\r\n\r\n").await?;
        tokio::io::copy_bidirectional(&mut tcp, &mut far).await.map(drop)
    });
    let relay = handler(|mut tcp| async move {
        tcp.read_exact(&mut [0; 3]).await?;
        say(&mut tcp, &[5, 0]).await?;
        let mut request = vec![0; 5 + DEVICE_SERVICES.len() + 2];
        tcp.read_exact(&mut request).await?;
        let port = u16::from_be_bytes([request[request.len() - 2], request[request.len() - 1]]);
        let mut far = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        say(&mut tcp, &[5, 0, 0, 1, 127, 0, 0, 1, 0, 1]).await?;
        tokio::io::copy_bidirectional(&mut tcp, &mut far).await.map(drop)
    });
    let over_tls = handler(|tcp| async move {
        let stream = tls::accept(tcp, tls::SOUND.clone()).await?;
        dns::converse(stream, dns::sound).await
    });
    vec![
        row("sound: TLS", Asks::DeviceServices, http::sound(Who::Customer, "{}".to_owned()), &[]),
        row("sound: the registry", Asks::Registry, http::json(Who::Vendor, pins()), &[key()]),
        row("sound: the Trust Service", Asks::Settings, http::json(Who::Customer, pins()), &[key()]),
        row("sound: CONNECT", Asks::HttpProxy, tunnel, &[]),
        row("sound: SOCKS5", Asks::Socks, relay, &[]),
        row("sound: DNS over UDP", Asks::DnsUdp, Peer::Udp(dns::udp(dns::sound)), &[]),
        row("sound: DNS over TCP", Asks::DnsTcp, dns::tcp(dns::sound), &[]),
        row("sound: DNS over TLS", Asks::DnsTls, over_tls, &[]),
        row(
            "sound: DNS over TCP after TC",
            Asks::DnsUdp,
            Peer::Both(dns::udp(dns::truncated), dns::tcp(dns::sound)),
            &[],
        ),
    ]
}
