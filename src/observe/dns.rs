//! Names: asked of the operating system, and of DNS servers by messages of our own, since a resolver library hides the code,
//! TC and a refused port, which a diagnosis needs.

use std::{
    collections::BTreeSet,
    io::{self, Read},
    net::IpAddr,
    time::Duration,
};

use dns_lookup::{AddrInfoHints, LookupError, LookupErrorKind, SockType, getaddrinfo};
use hickory_proto::{
    op::{Message, MessageType, OpCode, Query, ResponseCode},
    rr::{Name, RData, RecordType},
};
use pinflight_checks::{
    deployment::{DnsServer, DnsTransport},
    recording::{DnsQuery, NameAnswer, NameFailure},
};
use ring::rand::{SecureRandom, SystemRandom};
use socket2::SockRef;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, Interest},
    net::UdpSocket,
    task::coop::consume_budget,
    time::Instant,
};

use crate::platform;

use super::{
    tcp::{Deadline, Stream, connect, lacks_descriptors, refused, udp, within},
    tls::Client,
};

/// How many CNAME records are followed.
pub(super) const HOPS: usize = 8;

/// The longest datagram that is read; a server must not send more than 512 bytes to who offers no more.
pub(super) const DATAGRAM: usize = 4096;

/// AI_CANONNAME, which is 2 on Linux, Windows, macOS and the BSDs.
const CANONICAL_NAME: i32 = 2;

/// What a look-up came to.
#[derive(Clone, Debug)]
pub(super) struct LookedUp {
    pub(super) answer: Result<NameAnswer, NameFailure>,
    pub(super) queries: Vec<DnsQuery>,
}

/// Asks the operating system. Its resolver cannot be interrupted: past the limit the thread is left to itself, and whoever
/// ends the runtime must not wait for it.
pub(super) async fn system(name: &str, limit: Duration) -> LookedUp {
    let asked = name.to_owned();
    let thread = tokio::task::spawn_blocking(move || system_blocking(&asked));
    let answer = match within(limit, thread).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => Err(NameFailure::Other { detail: error.to_string() }),
        Err(after) => Err(NameFailure::TimedOut { after }),
    };
    LookedUp { answer, queries: Vec::new() }
}

fn system_blocking(name: &str) -> Result<NameAnswer, NameFailure> {
    let hints = AddrInfoHints { flags: CANONICAL_NAME, socktype: SockType::Stream.into(), ..AddrInfoHints::default() };
    let found = getaddrinfo(Some(name), None, Some(hints)).map_err(system_failure)?;
    let mut addresses = Vec::new();
    let mut canonical_names = Vec::new();
    for entry in found.flatten() {
        if !addresses.contains(&entry.sockaddr.ip()) {
            addresses.push(entry.sockaddr.ip());
        }
        let canonical = entry.canonname.map(|canonical| canonical.trim_end_matches('.').to_ascii_lowercase());
        canonical_names.extend(canonical.filter(|canonical| canonical != name));
    }
    if addresses.is_empty() {
        return Err(NameFailure::NoAddresses);
    }
    Ok(NameAnswer { addresses, canonical_names })
}

fn system_failure(error: LookupError) -> NameFailure {
    match error.kind() {
        LookupErrorKind::NoName => NameFailure::NotFound,
        LookupErrorKind::NoData => NameFailure::NoAddresses,
        LookupErrorKind::Again => NameFailure::NoServerAnswered,
        _ => NameFailure::Other { detail: io::Error::from(error).to_string() },
    }
}

/// Asks a DNS server for A and AAAA, side by side.
pub(super) async fn server(
    server: &DnsServer,
    name: &str,
    tls: &Client,
    connect_timeout: Duration,
    step: Duration,
    deadline: Deadline,
) -> LookedUp {
    // The trailing dot keeps the name from being taken as relative.
    let Ok(name) = Name::from_ascii(format!("{}.", name.trim_end_matches('.'))) else {
        let detail = "no name that DNS can hold (labels of 63 bytes, 253 in all)".to_owned();
        return LookedUp { answer: Err(NameFailure::Other { detail }), queries: Vec::new() };
    };
    let ask = Ask { server, tls, connect_timeout, step, deadline };
    let (four, six) = tokio::join!(ask.follow(&name, RecordType::A), ask.follow(&name, RecordType::AAAA));
    let queries = four.queries.into_iter().chain(six.queries).collect();
    LookedUp { answer: both(four.answer, six.answer), queries }
}

/// One family's answer is an answer; without one the graver reason counts.
fn both(
    four: Result<NameAnswer, NameFailure>,
    six: Result<NameAnswer, NameFailure>,
) -> Result<NameAnswer, NameFailure> {
    let nothing = |failure: &NameFailure| matches!(failure, NameFailure::NotFound | NameFailure::NoAddresses);
    match (four, six) {
        (Ok(mut four), Ok(six)) => {
            four.addresses.extend(six.addresses);
            Ok(four)
        }
        (Ok(one), Err(_)) | (Err(_), Ok(one)) => Ok(one),
        (Err(NameFailure::NotFound), Err(NameFailure::NotFound)) => Err(NameFailure::NotFound),
        (Err(four), Err(_)) if !nothing(&four) => Err(four),
        (Err(_), Err(six)) if !nothing(&six) => Err(six),
        (Err(_), Err(_)) => Err(NameFailure::NoAddresses),
    }
}

struct Ask<'a> {
    server: &'a DnsServer,
    tls: &'a Client,
    connect_timeout: Duration,
    step: Duration,
    deadline: Deadline,
}

impl Ask<'_> {
    /// Asks for one type, and on where an answer ends in a CNAME whose addresses it does not hold.
    async fn follow(&self, name: &Name, kind: RecordType) -> LookedUp {
        let mut queries = Vec::new();
        let mut trail = Trail::new(name);
        let answer = loop {
            let (message, query) = self.exchange(&trail.at, kind).await;
            queries.push(query);
            let answer = message.map_or_else(|failure| Some(Err(failure)), |message| trail.take(&message, kind));
            if let Some(answer) = answer {
                break answer;
            }
        };
        LookedUp { answer, queries }
    }

    /// One question, over UDP first where that is the transport.
    async fn exchange(&self, name: &Name, kind: RecordType) -> (Result<Message, NameFailure>, DnsQuery) {
        let began = Instant::now();
        let mut truncated = false;
        let mut answer = match self.server.transport {
            DnsTransport::Udp => self.over_udp(name, kind).await,
            DnsTransport::Tcp | DnsTransport::Tls { .. } => self.over_stream(name, kind).await,
        };
        if self.server.transport == DnsTransport::Udp
            && answer.as_ref().is_ok_and(|message| message.metadata.truncation)
        {
            truncated = true;
            answer = self.over_stream(name, kind).await;
        }
        let metadata = answer.as_ref().ok().map(|message| message.metadata);
        let query = DnsQuery {
            record_type: kind.to_string(),
            code: metadata.map(|metadata| code_words(metadata.response_code)),
            authoritative: metadata.is_some_and(|metadata| metadata.authoritative),
            truncated,
            took: began.elapsed(),
        };
        (answer, query)
    }

    async fn over_udp(&self, name: &Name, kind: RecordType) -> Result<Message, NameFailure> {
        let limit = self.deadline.step(self.step);
        let (id, question) = question(name, kind)?;
        let unreachable = |failure| NameFailure::Unreachable { failure };
        let (socket, errors) = loop {
            match udp(self.server.address) {
                Err(error) if lacks_descriptors(error.raw_os_error()) && self.deadline.wait_for_room().await => {}
                made => break made.map_err(|error| unreachable(refused(&error, None)))?,
            }
        };
        let mut wrong = None;
        let asking = async {
            socket.send(&question).await?;
            // Once more at half-time: UDP loses datagrams.
            if let Ok(received) = within(limit / 2, matching_datagram(&socket, id, name, kind, &mut wrong)).await {
                return received;
            }
            socket.send(&question).await?;
            matching_datagram(&socket, id, name, kind, &mut wrong).await
        };
        let asked: Result<io::Result<Message>, Duration> = within(limit, asking).await;
        match (asked, wrong) {
            (Ok(Ok(message)), _) => Ok(message),
            (Ok(Err(error)), _) => Err(unreachable(refused(&error, errors.as_ref()))),
            (Err(_), Some(detail)) => Err(NameFailure::Malformed { detail }),
            (Err(after), None) => Err(NameFailure::TimedOut { after }),
        }
    }

    async fn over_stream(&self, name: &Name, kind: RecordType) -> Result<Message, NameFailure> {
        let (id, question) = question(name, kind)?;
        let connected = connect(self.server.address, self.connect_timeout, 0, self.deadline).await;
        let tcp = connected.map_err(|failure| NameFailure::Unreachable { failure })?;
        let mut stream: Stream = match &self.server.transport {
            DnsTransport::Tls { name } => {
                let trusted = self.tls.trusted(tcp, name, self.deadline.step(self.step)).await;
                Box::new(trusted.map_err(|failure| NameFailure::Tls { failure })?)
            }
            DnsTransport::Udp | DnsTransport::Tcp => Box::new(tcp),
        };
        let limit = self.deadline.step(self.step);
        let bytes = match within(limit, over_stream(&mut stream, &question)).await {
            Ok(Ok(bytes)) => bytes,
            Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(NameFailure::Malformed {
                    detail: "the connection was closed without an answer".to_owned(),
                });
            }
            Ok(Err(error)) => return Err(NameFailure::Malformed { detail: error.to_string() }),
            Err(after) => return Err(NameFailure::TimedOut { after }),
        };
        let message = read(&bytes, id, name, kind).map_err(|detail| NameFailure::Malformed { detail })?;
        if message.metadata.truncation && message.answers.is_empty() {
            // There is no longer way to ask, and that there is no address was not said.
            return Err(NameFailure::Malformed { detail: "truncated, though asked over TCP".to_owned() });
        }
        Ok(message)
    }
}

/// What messages say of a name, each read as the answer to the question that those before it left; none: one is left. What each
/// came with as its id is taken for the question's.
pub fn read_answers<'a>(
    name: &str,
    kind: RecordType,
    messages: impl IntoIterator<Item = &'a [u8]>,
) -> Option<Result<NameAnswer, NameFailure>> {
    let mut trail = Trail::new(&Name::from_ascii(format!("{name}.")).ok()?);
    messages.into_iter().find_map(|bytes| {
        let id = bytes.first_chunk().copied().map(u16::from_be_bytes).unwrap_or_default();
        match read(bytes, id, &trail.at, kind) {
            Ok(message) => trail.take(&message, kind),
            Err(detail) => Some(Err(NameFailure::Malformed { detail })),
        }
    })
}

/// Where CNAME records have led.
struct Trail {
    at: Name,
    chain: Vec<String>,
    seen: BTreeSet<Name>,
}

impl Trail {
    fn new(name: &Name) -> Self {
        Self { at: name.clone(), chain: Vec::new(), seen: BTreeSet::from([name.to_lowercase()]) }
    }

    /// What a message says of the name that it was asked for; none: that is asked where its CNAME records end.
    fn take(&mut self, message: &Message, kind: RecordType) -> Option<Result<NameAnswer, NameFailure>> {
        let asked = self.at.clone();
        if let Err(failure) = self.follow_within(message) {
            return Some(Err(failure));
        }
        let addresses = addresses(message, &self.at, kind);
        if !addresses.is_empty() {
            return Some(Ok(NameAnswer { addresses, canonical_names: std::mem::take(&mut self.chain) }));
        }
        match message.metadata.response_code {
            ResponseCode::NoError if self.at != asked => None,
            ResponseCode::NoError => Some(Err(NameFailure::NoAddresses)),
            ResponseCode::NXDomain => Some(Err(NameFailure::NotFound)),
            code => Some(Err(NameFailure::ServerFailure { code: code_words(code) })),
        }
    }

    /// Walks the CNAME records of one answer.
    fn follow_within(&mut self, message: &Message) -> Result<(), NameFailure> {
        let next = |from: &Name| {
            message.answers.iter().find_map(|record| match &record.data {
                RData::CNAME(target) if record.name == *from => Some(target.0.clone()),
                _ => None,
            })
        };
        while let Some(target) = next(&self.at) {
            if self.chain.len() == HOPS || !self.seen.insert(target.to_lowercase()) {
                return Err(NameFailure::CnameLoop);
            }
            self.chain.push(target.to_ascii().trim_end_matches('.').to_ascii_lowercase());
            self.at = target;
        }
        Ok(())
    }
}

fn addresses(message: &Message, name: &Name, kind: RecordType) -> Vec<IpAddr> {
    let mut addresses = Vec::new();
    for record in message.answers.iter().filter(|record| record.name == *name) {
        let address = match (&record.data, kind) {
            (RData::A(address), RecordType::A) => IpAddr::V4(address.0),
            (RData::AAAA(address), RecordType::AAAA) => IpAddr::V6(address.0),
            _ => continue,
        };
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses
}

/// A question with an id that nobody can guess.
fn question(name: &Name, kind: RecordType) -> Result<(u16, Vec<u8>), NameFailure> {
    let other = |detail: String| NameFailure::Other { detail };
    let mut id = [0; 2];
    SystemRandom::new().fill(&mut id).map_err(|_| other("no random number".to_owned()))?;
    let id = u16::from_be_bytes(id);
    let mut message = Message::new(id, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name.clone(), kind));
    let bytes = message.to_vec().map_err(|error| other(error.to_string()))?;
    Ok((id, bytes))
}

/// The answer to this very question, or what is wrong with it.
fn read(bytes: &[u8], id: u16, name: &Name, kind: RecordType) -> Result<Message, String> {
    let message = Message::from_vec(bytes).map_err(|error| error.to_string())?;
    if message.metadata.id != id || message.metadata.message_type != MessageType::Response {
        return Err("an answer to another question".to_owned());
    }
    // A server that could not read the question cannot repeat it.
    let repeated = message.queries.iter().any(|query| query.query_type == kind && query.name == *name);
    let unread = message.queries.is_empty() && message.metadata.response_code != ResponseCode::NoError;
    if repeated || unread { Ok(message) } else { Err("an answer to another question".to_owned()) }
}

/// Waits for the answer; what is none is passed over, since anybody can send such a thing.
async fn matching_datagram(
    socket: &UdpSocket,
    id: u16,
    name: &Name,
    kind: RecordType,
    wrong: &mut Option<String>,
) -> io::Result<Message> {
    let mut buffer = vec![0; DATAGRAM];
    loop {
        let count = receive(socket, &mut buffer).await?;
        match read(buffer.get(..count).unwrap_or_default(), id, name, kind) {
            Ok(message) => return Ok(message),
            Err(detail) => *wrong = Some(detail),
        }
    }
}

/// What has come, or why nothing will.
///
/// Where ICMP has said that nobody is there, Wine's sockets are closed for reading, and have told somebody else why. tokio's own
/// `recv` takes what is closed for ready, asks for ever, and yields to no time-out.
async fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        // Junk that never ends must not keep others waiting, nor time-outs.
        consume_budget().await;
        let ready = socket.ready(Interest::READABLE | Interest::ERROR).await?;
        // One at a time: tokio takes two together for none here.
        let interest = if ready.is_readable() { Interest::READABLE } else { Interest::ERROR };
        let received = socket.try_io(interest, || (&*SockRef::from(socket)).read(buffer));
        let none = received.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
        if ready.is_read_closed() && (none || matches!(received, Ok(0))) {
            return Err(socket.take_error()?.unwrap_or_else(|| io::ErrorKind::NotConnected.into()));
        }
        match received {
            Err(_) if none => {}
            // Linux cuts it short and says nothing.
            Err(error) if platform::is_cut_short(platform::HERE, error.raw_os_error()) => return Ok(buffer.len()),
            received => return received,
        }
    }
}

/// RFC 1035, 4.2.2: the length in two bytes before each message.
async fn over_stream(stream: &mut Stream, question: &[u8]) -> io::Result<Vec<u8>> {
    let length = u16::try_from(question.len()).map_err(io::Error::other)?;
    let framed: Vec<u8> = length.to_be_bytes().into_iter().chain(question.iter().copied()).collect();
    stream.write_all(&framed).await?;
    stream.flush().await?;
    let length = stream.read_u16().await?;
    let mut answer = vec![0; usize::from(length)];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

/// As RFC 1035 and its successors, and every tool, write it.
fn code_words(code: ResponseCode) -> String {
    match code {
        ResponseCode::NoError => "NOERROR".to_owned(),
        ResponseCode::FormErr => "FORMERR".to_owned(),
        ResponseCode::ServFail => "SERVFAIL".to_owned(),
        ResponseCode::NXDomain => "NXDOMAIN".to_owned(),
        ResponseCode::NotImp => "NOTIMP".to_owned(),
        ResponseCode::Refused => "REFUSED".to_owned(),
        ResponseCode::NotAuth => "NOTAUTH".to_owned(),
        other => format!("RCODE{}", u16::from(other)),
    }
}

#[cfg(test)]
#[path = "dns_tests.rs"]
mod tests;
