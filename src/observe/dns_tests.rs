use hickory_proto::rr::{
    Record,
    rdata::{A, AAAA, CNAME},
};
use pinflight_checks::{recording::ConnectFailure, time::Timestamp};
use tokio::net::TcpListener;

use super::*;

const STEP: Duration = Duration::from_secs(5);

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

fn a(owner: &str, address: [u8; 4]) -> Record {
    Record::from_rdata(name(owner), 60, RData::A(A(address.into())))
}

fn cname(owner: &str, target: &str) -> Record {
    Record::from_rdata(name(owner), 60, RData::CNAME(CNAME(name(target))))
}

fn reply(query: &Message, code: ResponseCode, answers: Vec<Record>) -> Message {
    let mut message = Message::new(query.metadata.id, MessageType::Response, OpCode::Query);
    message.metadata.response_code = code;
    message.metadata.authoritative = true;
    message.queries.clone_from(&query.queries);
    message.answers = answers;
    message
}

/// Serves UDP with what `answer` makes of each query; the task ends with the test's runtime.
async fn udp(answer: impl Fn(&Message) -> Vec<Vec<u8>> + Send + 'static) -> DnsServer {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 512];
        while let Ok((count, peer)) = socket.recv_from(&mut buffer).await {
            let query = Message::from_vec(&buffer[..count]).unwrap();
            for datagram in answer(&query) {
                socket.send_to(&datagram, peer).await.unwrap();
            }
        }
    });
    DnsServer { address, transport: DnsTransport::Udp }
}

/// The same, where each query has one answer.
async fn zone(answer: impl Fn(&str, RecordType) -> (ResponseCode, Vec<Record>) + Send + 'static) -> DnsServer {
    udp(move |query| {
        let asked = &query.queries[0];
        let (code, records) = answer(&asked.name.to_ascii(), asked.query_type);
        vec![reply(query, code, records).to_vec().unwrap()]
    })
    .await
}

async fn ask(dns: &DnsServer, asked: &str, step: Duration) -> LookedUp {
    let tls = Client::new(rustls::RootCertStore::empty(), Timestamp(0));
    server(dns, asked, &tls, step, step, Deadline::after(STEP)).await
}

#[tokio::test]
async fn both_families_and_the_chain_are_kept() {
    let dns = zone(|asked, kind| match (asked, kind) {
        ("ds.example.", RecordType::A) => {
            (ResponseCode::NoError, vec![cname("DS.example.", "Lb.example."), a("lb.example.", [127, 0, 0, 2])])
        }
        // The answer for IPv6 ends in a CNAME: the rest is asked for.
        ("ds.example.", _) => (ResponseCode::NoError, vec![cname("ds.example.", "lb.example.")]),
        (_, RecordType::AAAA) => {
            let address = AAAA("::1".parse().unwrap());
            (ResponseCode::NoError, vec![Record::from_rdata(name("lb.example."), 60, RData::AAAA(address))])
        }
        other => panic!("{other:?}"),
    })
    .await;
    let found = ask(&dns, "ds.example", STEP).await;
    assert_eq!(
        found.answer,
        Ok(NameAnswer {
            addresses: vec!["127.0.0.2".parse().unwrap(), "::1".parse().unwrap()],
            canonical_names: vec!["lb.example".to_owned()],
        })
    );
    let seen: Vec<_> =
        found.queries.iter().map(|q| (q.record_type.as_str(), q.code.as_deref(), q.authoritative)).collect();
    assert_eq!(seen, [("A", Some("NOERROR"), true), ("AAAA", Some("NOERROR"), true), ("AAAA", Some("NOERROR"), true)]);
}

#[tokio::test]
async fn codes_are_told_apart() {
    for (code, expected) in [
        (ResponseCode::NXDomain, NameFailure::NotFound),
        (ResponseCode::NoError, NameFailure::NoAddresses),
        (ResponseCode::ServFail, NameFailure::ServerFailure { code: "SERVFAIL".to_owned() }),
        (ResponseCode::Refused, NameFailure::ServerFailure { code: "REFUSED".to_owned() }),
    ] {
        let dns = zone(move |_, _| (code, Vec::new())).await;
        assert_eq!(ask(&dns, "ds.example", STEP).await.answer, Err(expected));
    }
    let half = zone(|_, kind| match kind {
        RecordType::A => (ResponseCode::NoError, vec![a("ds.example.", [127, 0, 0, 2])]),
        _ => (ResponseCode::ServFail, Vec::new()),
    });
    let found = ask(&half.await, "ds.example", STEP).await;
    assert_eq!(found.answer.unwrap().addresses, ["127.0.0.2".parse::<IpAddr>().unwrap()]);
    assert_eq!(found.queries[1].code.as_deref(), Some("SERVFAIL"));
}

#[tokio::test]
async fn a_circle_of_cnames_ends() {
    let inside = zone(|_, _| {
        (ResponseCode::NoError, vec![cname("a.example.", "b.example."), cname("b.example.", "a.example.")])
    });
    assert_eq!(ask(&inside.await, "a.example", STEP).await.answer, Err(NameFailure::CnameLoop));
    // One that no single answer shows.
    let endless = zone(|asked, _| (ResponseCode::NoError, vec![cname(asked, &format!("x{asked}"))]));
    assert_eq!(ask(&endless.await, "a.example", STEP).await.answer, Err(NameFailure::CnameLoop));
}

#[tokio::test]
async fn a_wrong_id_is_passed_over() {
    let dns = udp(|query| {
        let right = reply(query, ResponseCode::NXDomain, Vec::new());
        let mut wrong = reply(query, ResponseCode::NoError, vec![a("ds.example.", [192, 0, 2, 66])]);
        wrong.metadata.id ^= 1;
        vec![wrong.to_vec().unwrap(), b"junk".to_vec(), right.to_vec().unwrap()]
    });
    assert_eq!(ask(&dns.await, "ds.example", STEP).await.answer, Err(NameFailure::NotFound));
    let junk = udp(|_| vec![b"junk".to_vec()]).await;
    let answer = ask(&junk, "ds.example", Duration::from_millis(60)).await.answer;
    assert!(matches!(answer, Err(NameFailure::Malformed { .. })), "{answer:?}");
}

#[tokio::test]
async fn silence_is_asked_twice_and_a_closed_port_told_at_once() {
    let (heard, mut queries) = tokio::sync::mpsc::unbounded_channel();
    let silent = udp(move |query| {
        heard.send(query.queries[0].query_type).unwrap();
        Vec::new()
    })
    .await;
    let after = Duration::from_millis(60);
    assert_eq!(ask(&silent, "ds.example", after).await.answer, Err(NameFailure::TimedOut { after }));
    let mut kinds = Vec::new();
    while kinds.len() < 4 {
        kinds.push(queries.recv().await.unwrap());
    }
    assert_eq!(kinds.iter().filter(|kind| **kind == RecordType::A).count(), 2);
    let (_deaf, address) = crate::observe::tests::closed_udp().await;
    let closed = DnsServer { address, transport: DnsTransport::Udp };
    let refused = NameFailure::Unreachable { failure: ConnectFailure::Refused };
    assert_eq!(ask(&closed, "ds.example", STEP).await.answer, Err(refused));
}

#[tokio::test]
async fn a_truncated_answer_is_asked_again_over_tcp() {
    let cut = |query: &Message| {
        let mut cut = reply(query, ResponseCode::NoError, Vec::new());
        cut.metadata.truncation = true;
        vec![cut.to_vec().unwrap()]
    };
    // The system gives a port for UDP; somebody else may have the same one for TCP.
    let (dns, listener) = loop {
        let dns = udp(cut).await;
        if let Ok(listener) = TcpListener::bind(dns.address).await {
            break (dns, listener);
        }
    };
    tokio::spawn(async move {
        while let Ok((mut peer, _)) = listener.accept().await {
            let length = peer.read_u16().await.unwrap();
            let mut bytes = vec![0; usize::from(length)];
            peer.read_exact(&mut bytes).await.unwrap();
            let query = Message::from_vec(&bytes).unwrap();
            let answers = (0..100).map(|last| a("ds.example.", [127, 0, 1, last])).collect();
            let answer = reply(&query, ResponseCode::NoError, answers).to_vec().unwrap();
            peer.write_u16(u16::try_from(answer.len()).unwrap()).await.unwrap();
            peer.write_all(&answer).await.unwrap();
        }
    });
    let found = ask(&dns, "ds.example", STEP).await;
    assert_eq!(found.answer.unwrap().addresses.len(), 100);
    assert!(found.queries.iter().all(|query| query.truncated));
    let tcp = DnsServer { transport: DnsTransport::Tcp, ..dns };
    let found = ask(&tcp, "ds.example", STEP).await;
    assert_eq!(found.answer.unwrap().addresses.len(), 100);
    assert!(found.queries.iter().all(|query| !query.truncated));
}

#[tokio::test]
async fn the_operating_system_knows_localhost() {
    let found = system("localhost", STEP).await.answer.unwrap();
    assert!(found.addresses.iter().all(IpAddr::is_loopback), "{found:?}");
}

#[test]
fn the_operating_systems_words_are_understood() {
    // EAI_NONAME, EAI_NODATA, EAI_AGAIN; WSAHOST_NOT_FOUND, WSANO_DATA, WSATRY_AGAIN.
    #[cfg(any(target_os = "linux", windows))]
    let numbers = if cfg!(windows) { [11001, 11004, 11002] } else { [-2, -5, -3] };
    #[cfg(any(target_os = "linux", windows))]
    for (code, expected) in
        numbers.into_iter().zip([NameFailure::NotFound, NameFailure::NoAddresses, NameFailure::NoServerAnswered])
    {
        assert_eq!(system_failure(LookupError::new(code)), expected);
    }
}

/// As Wine's sockets are once ICMP has told of a closed port; what waits must not wait, or ask, for ever.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_is_closed_for_reading_ends_and_what_came_before_is_read() {
    let peer = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.connect(peer.local_addr().unwrap()).await.unwrap();
    peer.send_to(b"before", socket.local_addr().unwrap()).await.unwrap();
    socket.ready(Interest::READABLE).await.unwrap();
    SockRef::from(&socket).shutdown(std::net::Shutdown::Read).unwrap();
    let mut buffer = [0; 16];
    assert_eq!(receive(&socket, &mut buffer).await.unwrap(), 6);
    assert_eq!(&buffer[..6], b"before");
    assert_eq!(receive(&socket, &mut buffer).await.unwrap_err().kind(), io::ErrorKind::NotConnected);
}
