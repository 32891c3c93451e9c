//! DNS servers that lie.

use std::net::Ipv4Addr;

use hickory_proto::{
    op::{MessageType, Query, ResponseCode},
    rr::Name,
};

use super::{ESCAPES, handshakes, row, waits};
use crate::{
    Row,
    asks::Asks,
    dns::{self, Answering, Asked, truncated},
    peer::{Peer, drain, handler},
    table::{name, way},
    tls,
};

pub fn rows() -> Vec<Row> {
    let udp = |answering: Answering| Peer::Udp(dns::udp(answering));
    let loops = || [name("cname-loop")];
    let malformed = || [name("malformed")];
    let refused = [way("tcp-failed refused")];
    let untrusted = handler(|tcp| async move { drain(tls::accept(tcp, tls::VENDOR_SOUND.clone()).await?).await });
    vec![
        row("an alias of itself", Asks::DnsUdp, udp(alias_of_itself), &loops()),
        row("a circle of aliases", Asks::DnsUdp, udp(circle), &loops()),
        row("ever another alias", Asks::DnsUdp, udp(ever_on), &loops()),
        row("fifty aliases in one answer", Asks::DnsTcp, dns::tcp(fifty), &loops()),
        waits("an answer to another question's id", Asks::DnsUdp, udp(another_id), &malformed()),
        waits("an answer to another question", Asks::DnsUdp, udp(another_question), &malformed()),
        waits("a question for an answer", Asks::DnsUdp, udp(no_answer), &malformed()),
        waits(
            "an answer from another port",
            Asks::DnsUdp,
            Peer::Udp(dns::from_elsewhere(Ipv4Addr::LOCALHOST)),
            &[name("timed-out")],
        ),
        waits(
            "an answer from another address",
            Asks::DnsUdp,
            Peer::Udp(dns::from_elsewhere(Ipv4Addr::new(127, 0, 0, 2))),
            &[name("timed-out")],
        ),
        row("addresses of another name", Asks::DnsUdp, udp(of_another_name), &[name("no-addresses")]),
        waits("a pointer to itself", Asks::DnsUdp, udp(pointer_to_itself), &malformed()),
        waits("a pointer ahead", Asks::DnsUdp, udp(pointer_ahead), &malformed()),
        waits("65,535 records promised", Asks::DnsUdp, udp(counts_lie), &malformed()),
        row("a pointer to itself, over TCP", Asks::DnsTcp, dns::tcp(pointer_to_itself), &malformed()),
        waits("a datagram of a byte", Asks::DnsUdp, udp(one_byte), &malformed()),
        row("60,000 bytes behind a sound answer", Asks::DnsUdp, udp(long), &[]),
        waits("a datagram of 400 addresses", Asks::DnsUdp, udp(four_hundred), &malformed()),
        row("a message of no bytes", Asks::DnsTcp, dns::tcp(nothing), &malformed()),
        row("an unknown code", Asks::DnsUdp, udp(unknown_code), &[name("server-failure")]),
        row(
            "truncated over TCP, too",
            Asks::DnsUdp,
            Peer::Both(dns::udp(truncated), dns::tcp(truncated)),
            &malformed(),
        ),
        Row { leaves: true, ..row("4,000 addresses", Asks::DnsTcp, dns::tcp(four_thousand), &refused) },
        row("an alias that a terminal would obey", Asks::DnsUdp, udp(escapes), &[]),
        row("DNS over TLS by somebody else", Asks::DnsTls, untrusted, &[name("tls untrusted")]),
        row("DNS over TLS, no TLS", Asks::DnsTls, handshakes::says(b"SSH-2.0-x\r\n".to_vec()), &[name("tls not-tls")]),
    ]
}

fn alias_of_itself(asked: &mut Asked) -> Vec<u8> {
    let name = asked.name.clone();
    asked.alias(&name, &name);
    asked.bytes()
}

fn circle(asked: &mut Asked) -> Vec<u8> {
    let (name, other) = (asked.name.clone(), dns::name("other.acme.test."));
    asked.alias(&name, &other);
    asked.alias(&other, &name);
    asked.bytes()
}

fn ever_on(asked: &mut Asked) -> Vec<u8> {
    let name = asked.name.clone();
    let first = name.to_ascii();
    let next = format!("x{}", first.split_once('.').map_or("", |_| &first));
    let next = if next.len() > 200 { "x.acme.test.".to_owned() } else { next };
    asked.alias(&name, &dns::name(&next));
    asked.bytes()
}

fn fifty(asked: &mut Asked) -> Vec<u8> {
    let mut at = asked.name.clone();
    for n in 0..50 {
        let next = dns::name(&format!("n{n}.acme.test."));
        asked.alias(&at, &next);
        at = next;
    }
    asked.address(&at, Ipv4Addr::LOCALHOST);
    asked.bytes()
}

fn another_id(asked: &mut Asked) -> Vec<u8> {
    let mut bytes = dns::sound(asked);
    bytes[0] ^= 0xff;
    bytes
}

fn another_question(asked: &mut Asked) -> Vec<u8> {
    let name = dns::name("other.acme.test.");
    asked.answer.queries.clear();
    asked.answer.add_query(Query::query(name.clone(), asked.kind));
    asked.address(&name, Ipv4Addr::LOCALHOST);
    asked.bytes()
}

fn no_answer(asked: &mut Asked) -> Vec<u8> {
    asked.answer.metadata.message_type = MessageType::Query;
    asked.bytes()
}

fn of_another_name(asked: &mut Asked) -> Vec<u8> {
    asked.address(&dns::name("other.acme.test."), Ipv4Addr::LOCALHOST);
    asked.bytes()
}

/// An answer whose name is a pointer to these bytes of the message.
fn pointing(asked: &Asked, to: impl Fn(usize) -> usize) -> Vec<u8> {
    let mut bytes = asked.bytes();
    bytes[7] = 1;
    let pointer = 0xc000 | u16::try_from(to(bytes.len())).unwrap();
    bytes.extend(pointer.to_be_bytes());
    bytes.extend([0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    bytes
}

fn pointer_to_itself(asked: &mut Asked) -> Vec<u8> {
    pointing(asked, |here| here)
}

fn pointer_ahead(asked: &mut Asked) -> Vec<u8> {
    pointing(asked, |here| here + 2)
}

fn counts_lie(asked: &mut Asked) -> Vec<u8> {
    let mut bytes = asked.bytes();
    (bytes[6], bytes[7]) = (0xff, 0xff);
    bytes
}

fn unknown_code(asked: &mut Asked) -> Vec<u8> {
    asked.answer.metadata.response_code = ResponseCode::Unknown(15);
    asked.bytes()
}

fn one_byte(_: &mut Asked) -> Vec<u8> {
    vec![0]
}

fn nothing(_: &mut Asked) -> Vec<u8> {
    Vec::new()
}

fn long(asked: &mut Asked) -> Vec<u8> {
    [dns::sound(asked), vec![0; 60_000]].concat()
}

fn four_thousand(asked: &mut Asked) -> Vec<u8> {
    many(asked, 4000)
}

fn four_hundred(asked: &mut Asked) -> Vec<u8> {
    many(asked, 400)
}

fn many(asked: &mut Asked, count: u16) -> Vec<u8> {
    if asked.name.to_ascii().ends_with("invalid.") {
        return dns::sound(asked);
    }
    let name = asked.name.clone();
    for n in 0..count {
        let [high, low] = n.to_be_bytes();
        asked.address(&name, Ipv4Addr::new(127, 1, high, low));
    }
    asked.bytes()
}

fn escapes(asked: &mut Asked) -> Vec<u8> {
    if asked.name.to_ascii().ends_with("invalid.") {
        return dns::sound(asked);
    }
    let name = asked.name.clone();
    let label = &ESCAPES.as_bytes()[..ESCAPES.len().min(60)];
    let evil = Name::from_labels([label, b"test".as_slice()]).unwrap();
    asked.alias(&name, &evil);
    asked.address(&evil, Ipv4Addr::LOCALHOST);
    asked.bytes()
}
