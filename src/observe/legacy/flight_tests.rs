use proptest::prelude::*;

use super::*;

fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    [&[kind, 3, 1], u16::try_from(content.len()).unwrap().to_be_bytes().as_slice(), content].concat()
}

fn message(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&[kind, length[1], length[2], length[3]], content].concat()
}

fn server_hello(version: [u8; 2], suite: [u8; 2], extensions: &[u8]) -> Vec<u8> {
    let length = u16::try_from(extensions.len()).unwrap().to_be_bytes();
    message(2, &[version.as_slice(), &[7; 32], &[0], &suite, &[0], &length, extensions].concat())
}

fn certificate(der: &[u8]) -> Vec<u8> {
    let with_length = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_be_bytes()[1..], bytes].concat();
    message(11, &with_length(&with_length(der)))
}

/// ServerHello with extended master secret and renegotiation, a certificate, a curve, ServerHelloDone.
fn messages(curve: &[u8]) -> Vec<u8> {
    let extensions = [0, 23, 0, 0, 0xff, 1, 0, 1, 0];
    let exchange = [curve, &[1, 9], &[4, 1, 0, 1, 7]].concat();
    let hello = server_hello([3, 3], [0xc0, 0x13], &extensions);
    [hello, certificate(b"the leaf"), message(12, &exchange), message(14, &[])].concat()
}

fn whole() -> Flight {
    let hello = Hello { version: 0x0303, suite: 0xc013, extended_master_secret: true, secure_renegotiation: true };
    let curve = Some(Group::Named(23));
    Flight { hello: Some(hello), chain: vec![b"the leaf".to_vec()], curve, end: Some(End::Done) }
}

#[test]
fn a_flight_is_read_to_its_end() {
    assert_eq!(read_flight(&record(22, &messages(&[3, 0, 23]))), whole());
    let mut plain = whole();
    plain.hello =
        Some(Hello { version: 0x0301, suite: 0x002f, extended_master_secret: false, secure_renegotiation: false });
    plain.curve = None;
    let messages = [server_hello([3, 1], [0, 0x2f], &[]), certificate(b"the leaf"), message(14, &[])].concat();
    assert_eq!(read_flight(&record(22, &messages)), plain);
}

#[test]
fn a_curve_that_is_described_in_full_has_no_name() {
    // ExplicitPrime: p, a, b, base, order, cofactor of one byte each.
    let explicit = [1, 1, 2, 1, 2, 1, 2, 1, 4, 1, 2, 1, 1];
    assert_eq!(read_flight(&record(22, &messages(&explicit))).curve, Some(Group::Explicit));
    // ExplicitChar2 is not read.
    assert_eq!(read_flight(&record(22, &messages(&[2, 0, 1]))).curve, None);
}

#[test]
fn whoever_warns_goes_on_and_whoever_says_goodbye_is_gone() {
    let unrecognized_name = record(21, &[1, 112]);
    let after = [unrecognized_name, record(22, &messages(&[3, 0, 23]))].concat();
    assert_eq!(read_flight(&after), whole());
    for (alert, end) in [([1, 0], End::Alert(0)), ([2, 40], End::Alert(40)), ([2, 70], End::Alert(70))] {
        assert_eq!(read_flight(&record(21, &alert)), Flight { end: Some(end), ..Flight::default() });
    }
}

#[test]
fn what_is_no_flight_ends_at_once() {
    for bytes in [
        b"SSH-2.0-OpenSSH".to_vec(),
        b"HTTP/1.1 400 Bad Request".to_vec(),
        record(23, b"data"),
        record(22, &message(14, &[])),
        record(22, &certificate(b"before any hello")),
        vec![22, 3, 3, 0xff, 0xff],
        record(21, &[]),
    ] {
        assert_eq!(read_flight(&bytes), Flight { end: Some(End::Malformed), ..Flight::default() }, "{bytes:?}");
    }
    assert_eq!(read_flight(&[]), Flight::default());
    assert_eq!(read_flight(&record(22, &messages(&[3, 0, 23]))[..20]), Flight::default());
}

#[test]
fn what_was_said_before_a_fault_counts() {
    let hello = server_hello([3, 2], [0, 5], &[]);
    let broken = [record(22, &hello), record(21, &[2, 80])].concat();
    let flight = read_flight(&broken);
    assert_eq!(flight.hello.map(|hello| (hello.version, hello.suite)), Some((0x0302, 0x0005)));
    assert_eq!(flight.end, Some(End::Alert(80)));
}

#[test]
fn more_than_a_server_has_to_say_is_not_read() {
    let announced = [11, 0xff, 0xff, 0xff];
    let mut bytes = record(22, &[server_hello([3, 3], [0, 5], &[]), announced.to_vec()].concat());
    while bytes.len() <= FLIGHT {
        bytes.extend(record(22, &[0; 16_000]));
    }
    assert_eq!(read_flight(&bytes).end, Some(End::TooLong));
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..4096)) {
        read_flight(&bytes);
    }

    #[test]
    fn any_messages_in_a_record_are_read_without_harm(
        kind in prop::sample::select(vec![1_u8, 2, 4, 6, 11, 12, 13, 14, 15, 16, 20, 22, 24, 67]),
        content in prop::collection::vec(any::<u8>(), 0..512),
    ) {
        let hello = server_hello([3, 3], [0xc0, 0x13], &[]);
        read_flight(&record(22, &[hello, message(kind, &content)].concat()));
        read_flight(&record(22, &message(kind, &content)));
    }

    #[test]
    fn a_damaged_flight_is_read_without_harm(place in 0_usize..140, byte in any::<u8>()) {
        let mut bytes = record(22, &messages(&[3, 0, 23]));
        let place = place % bytes.len();
        bytes[place] = byte;
        read_flight(&bytes);
    }

    #[test]
    fn however_a_flight_is_cut_it_says_the_same(records in 1_usize..40, reads in 1_usize..40) {
        let messages = messages(&[3, 0, 23]);
        let bytes: Vec<u8> = messages.chunks(records).flat_map(|piece| record(22, piece)).collect();
        let mut reader = Reader::default();
        bytes.chunks(reads).for_each(|piece| reader.take(piece));
        prop_assert_eq!(reader.flight, whole());
    }
}
