//! DNS servers: sound, broken at any place, and lying.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    str::FromStr,
    sync::Arc,
};

use hickory_proto::{
    op::{Message, ResponseCode},
    rr::{Name, RData, Record, RecordType, rdata},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    net::UdpSocket,
    task::JoinSet,
};

use crate::peer::{Deed, Handler, Next, UdpHandler, go_wrong, handler, heard, noise, say, udp_handler};

/// A question, and the beginnings of its answer.
pub struct Asked {
    pub name: Name,
    pub kind: RecordType,
    pub answer: Message,
}

impl Asked {
    fn read(bytes: &[u8]) -> Option<Self> {
        let query = Message::from_vec(bytes).ok()?;
        let question = query.queries.first()?.clone();
        let mut answer = Message::response(query.metadata.id, query.metadata.op_code);
        answer.add_query(question.clone());
        Some(Self { name: question.name().clone(), kind: question.query_type(), answer })
    }

    pub fn address(&mut self, name: &Name, address: Ipv4Addr) {
        if self.kind == RecordType::A {
            self.answer.add_answer(Record::from_rdata(name.clone(), 60, RData::A(rdata::A(address))));
        }
    }

    pub fn alias(&mut self, name: &Name, target: &Name) {
        self.answer.add_answer(Record::from_rdata(name.clone(), 60, RData::CNAME(rdata::CNAME(target.clone()))));
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.answer.to_vec().unwrap()
    }
}

pub fn name(text: &str) -> Name {
    Name::from_str(text).unwrap()
}

/// What a question is answered with.
pub type Answering = fn(&mut Asked) -> Vec<u8>;

/// 127.0.0.1 for every name but one that cannot exist.
pub fn sound(asked: &mut Asked) -> Vec<u8> {
    if asked.name.to_ascii().ends_with("invalid.") {
        asked.answer.metadata.response_code = ResponseCode::NXDomain;
    } else {
        let name = asked.name.clone();
        asked.address(&name, Ipv4Addr::LOCALHOST);
    }
    asked.bytes()
}

/// What does not fit into a datagram.
pub fn truncated(asked: &mut Asked) -> Vec<u8> {
    asked.answer.metadata.truncation = true;
    asked.bytes()
}

/// Answers each datagram.
pub fn udp(answering: Answering) -> UdpHandler {
    udp_handler(move |socket| async move {
        let mut buffer = [0; 4096];
        loop {
            let (count, from) = socket.recv_from(&mut buffer).await?;
            if let Some(mut asked) = Asked::read(&buffer[..count]) {
                socket.send_to(&answering(&mut asked), from).await?;
            }
        }
    })
}

/// Answers each message of a stream.
pub fn tcp(answering: Answering) -> Handler {
    handler(move |tcp| converse(tcp, answering))
}

pub async fn converse(mut stream: impl AsyncRead + AsyncWrite + Unpin, answering: Answering) -> io::Result<()> {
    loop {
        let mut question = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut question).await?;
        if let Some(mut asked) = Asked::read(&question) {
            say(&mut stream, &framed(&answering(&mut asked))).await?;
        }
    }
}

pub fn framed(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).unwrap();
    [length.to_be_bytes().as_slice(), message].concat()
}

/// How far a question over TCP goes well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Connected,
    Question,
    HalfALength,
    HalfAnAnswer,
}

/// Goes wrong over TCP.
pub fn wrong_at(place: Place, deed: Deed) -> Handler {
    handler(move |mut tcp| async move {
        let noise = noise(300);
        if place == Place::Connected {
            if deed == Deed::Reset {
                heard(&tcp).await?;
            }
            let next = Next { rest: Vec::new(), garbage: framed(&noise), flood: noise };
            return go_wrong(tcp, deed, &next).await;
        }
        let mut question = vec![0; usize::from(tcp.read_u16().await?)];
        tcp.read_exact(&mut question).await?;
        let Some(mut asked) = Asked::read(&question) else { return Ok(()) };
        // Long enough to trickle past every deadline.
        for last in 0..250 {
            let name = asked.name.clone();
            asked.address(&name, Ipv4Addr::new(127, 0, 1, last));
        }
        let answer = framed(&asked.bytes());
        let sent = match place {
            Place::Connected | Place::Question => 0,
            Place::HalfALength => 1,
            Place::HalfAnAnswer => answer.len() / 2,
        };
        say(&mut tcp, &answer[..sent]).await?;
        // As long as the answer was said to be.
        let garbage = match sent {
            0 => framed(&noise),
            1 => vec![0xff; 0x1_0000],
            _ => vec![0xff; answer.len() - sent],
        };
        let next = Next { rest: answer[sent..].to_vec(), garbage, flood: vec![0xff; 300] };
        go_wrong(tcp, deed, &next).await
    })
}

/// Goes wrong over UDP.
pub fn wrong_over_udp(deed: Deed) -> UdpHandler {
    udp_handler(move |socket| async move {
        let socket = Arc::new(socket);
        let mut floods = JoinSet::new();
        let mut buffer = [0; 4096];
        loop {
            let (_, from) = socket.recv_from(&mut buffer).await?;
            match deed {
                Deed::Garbage => drop(socket.send_to(&noise(300), from).await?),
                Deed::Flood => drop(floods.spawn(flood(socket.clone(), from, |_| noise(1000)))),
                _ => {}
            }
        }
    })
}

/// Datagrams without end, to whoever asked.
pub async fn flood(socket: Arc<UdpSocket>, to: SocketAddr, datagram: fn(u16) -> Vec<u8>) {
    for number in (0..=u16::MAX).cycle() {
        // Nobody listens any more.
        if socket.send_to(&datagram(number), to).await.is_err() {
            return;
        }
        if number % 32 == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
}

/// An answer from another port or address than the one that was asked.
pub fn from_elsewhere(address: Ipv4Addr) -> UdpHandler {
    udp_handler(move |socket| async move {
        let elsewhere = UdpSocket::bind((IpAddr::V4(address), 0)).await?;
        let mut buffer = [0; 4096];
        loop {
            let (count, from) = socket.recv_from(&mut buffer).await?;
            if let Some(mut asked) = Asked::read(&buffer[..count]) {
                elsewhere.send_to(&sound(&mut asked), from).await?;
            }
        }
    })
}
