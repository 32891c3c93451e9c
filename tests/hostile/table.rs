//! The table: every place in a conversation times every way to go wrong, with what is then to be said.

use crate::{
    Row,
    asks::{Asks, Patience},
    dns,
    http::{self, Who},
    peer::{DEEDS, Deed, Peer},
    proxy,
    tls::{self, Flight, Speaks},
};

/// No peer can do that there.
const NONE: &str = "";

/// What is said of each deed, in their order: stall, trickle, reset, close, garbage, flood.
type Said = [&'static str; 6];

const SILENT: &str = "silent-after-client-hello";
const TLS: [(Flight, Speaks, Said); 6] = [
    (
        Flight::ClientHello,
        Speaks::Both,
        [SILENT, "stalled", "reset-after-client-hello", "closed-after-client-hello", "not-tls", "not-tls"],
    ),
    (Flight::ServerHello, Speaks::Both, BEGUN),
    (Flight::Certificate, Speaks::Both, BEGUN),
    (Flight::ServerHello, Speaks::Tls12, BEGUN),
    (Flight::Certificate, Speaks::Tls12, BEGUN),
    (Flight::Answer, Speaks::Tls12, BEGUN),
];
const BEGUN: Said = ["stalled", "stalled", "reset", "closed", "misbehaved", "misbehaved"];

const HTTP: [(&str, Said); 10] = [
    (
        "before the request",
        [
            "http-failed silent",
            NONE,
            "http-failed closed",
            "http-failed closed",
            "http-failed malformed",
            "http-failed malformed",
        ],
    ),
    (
        "the request",
        [
            "http-failed silent",
            "http-failed stalled",
            "http-failed closed",
            "http-failed closed",
            "http-failed malformed",
            "http-failed malformed",
        ],
    ),
    ("half a status line", HEAD),
    (
        "half a header",
        [
            "http-failed stalled",
            "http-failed stalled",
            "http-failed closed",
            "http-failed closed",
            "http-failed malformed",
            "http-failed headers-too-long",
        ],
    ),
    ("the headers", BODY),
    ("half a body", BODY),
    (
        "half a chunk's size",
        [
            "http-cut-short timed-out",
            "http-cut-short timed-out",
            "http-cut-short truncated",
            "http-cut-short truncated",
            "http-cut-short malformed",
            "http-cut-short malformed",
        ],
    ),
    (
        "half a chunk",
        [
            "http-cut-short timed-out",
            "http-cut-short timed-out",
            "http-cut-short truncated",
            "http-cut-short truncated",
            "http-not-json",
            "http-cut-short too-long",
        ],
    ),
    (
        "the last chunk",
        [
            "http-cut-short timed-out",
            NONE,
            "http-cut-short truncated",
            "http-cut-short truncated",
            "http-cut-short malformed",
            "http-cut-short malformed",
        ],
    ),
    (
        "half a body of unknown length",
        [
            "http-cut-short timed-out",
            "http-cut-short timed-out",
            "http-cut-short truncated",
            // Such a body ends with its connection.
            "http-not-json",
            "http-cut-short timed-out",
            "http-cut-short too-long",
        ],
    ),
];
const HEAD: Said = [
    "http-failed stalled",
    "http-failed stalled",
    "http-failed closed",
    "http-failed closed",
    "http-failed malformed",
    "http-failed malformed",
];
const BODY: Said = [
    "http-cut-short timed-out",
    "http-cut-short timed-out",
    "http-cut-short truncated",
    "http-cut-short truncated",
    "http-not-json",
    "http-not-json",
];

const CONNECT: [(&str, Said); 5] = [
    ("connected", ["silent", NONE, "closed", "closed", "not-a-proxy", "not-a-proxy"]),
    ("CONNECT", PROXY),
    ("half a status line", PROXY),
    // What is in the headers of 200 is nobody's concern.
    ("half a header", ["silent", "silent", "closed", "closed", TUNNEL_SILENT, "not-a-proxy"]),
    (
        "the tunnel",
        [
            TUNNEL_SILENT,
            NONE,
            "tls reset-after-client-hello",
            "tls closed-after-client-hello",
            "tls not-tls",
            "tls not-tls",
        ],
    ),
];
const PROXY: Said = ["silent", "silent", "closed", "closed", "not-a-proxy", "not-a-proxy"];
const TUNNEL_SILENT: &str = "tls silent-after-client-hello";

const SOCKS: [(&str, Said); 4] = [
    ("connected", ["silent", NONE, "closed", "closed", "not-a-proxy", "not-a-proxy"]),
    ("the greeting", ["silent", NONE, "closed", "closed", "not-a-proxy", "not-a-proxy"]),
    ("the request", PROXY),
    // Any name is taken that it connected from; what follows belongs to the tunnel.
    ("half a reply", ["silent", "silent", "closed", "closed", "tls not-tls", "tls not-tls"]),
];

const DNS: [(dns::Place, Said); 4] = [
    (dns::Place::Connected, ["timed-out", NONE, "malformed", "malformed", "malformed", "malformed"]),
    (dns::Place::Question, STREAM),
    (dns::Place::HalfALength, STREAM),
    (dns::Place::HalfAnAnswer, STREAM),
];
const STREAM: Said = ["timed-out", "timed-out", "malformed", "malformed", "malformed", "malformed"];

/// Every row of it.
pub fn rows() -> Vec<Row> {
    let mut rows = vec![
        row("TCP: SYN, stall", Asks::DeviceServices, Peer::Drops, Deed::Stall, &way("tcp-failed timed-out")),
        row("TCP: SYN, reset", Asks::DeviceServices, Peer::Refuses, Deed::Reset, &way("tcp-failed refused")),
        row(
            "DNS over UDP: a question, reset",
            Asks::DnsUdp,
            Peer::UdpRefuses,
            Deed::Reset,
            &name("unreachable refused"),
        ),
    ];
    let mut add = |what: String, asks, deed, peer, said: String| {
        rows.push(row(&format!("{what}, {deed:?}").to_lowercase(), asks, peer, deed, &said));
    };
    for (at, said) in [
        (Deed::Stall, SILENT),
        (Deed::Reset, "reset-after-client-hello"),
        (Deed::Close, "closed-after-client-hello"),
        (Deed::Garbage, "not-tls"),
        (Deed::Flood, "not-tls"),
    ] {
        let noise = crate::peer::noise(300);
        let next = crate::peer::Next { rest: Vec::new(), garbage: noise.clone(), flood: noise };
        let peer = Peer::Tcp(proxy::wrong_at(Vec::new(), next, at));
        add("tls: connected".to_owned(), Asks::DeviceServices, at, peer, way(&format!("tls-failed {said}")));
    }
    for (flight, speaks, said) in TLS.into_iter().chain([(Flight::ChangeCipherSpec, Speaks::Tls12, BEGUN)]) {
        for (deed, said) in DEEDS.into_iter().zip(said) {
            let peer = Peer::Tcp(tls::wrong_at(flight, speaks, deed));
            let said = way(&format!("tls-failed {said}"));
            add(format!("TLS ({speaks:?}): {flight:?}"), Asks::DeviceServices, deed, peer, said);
        }
    }
    for ((place, at), (named, said)) in http::places().into_iter().zip(HTTP) {
        assert_eq!(place, named);
        for (deed, said) in DEEDS.into_iter().zip(said).filter(|(_, said)| *said != NONE) {
            let peer = Peer::Tcp(http::wrong_at(Who::Vendor, at.clone(), deed));
            add(format!("HTTP: {place}"), Asks::Registry, deed, peer, registry(said));
        }
    }
    let proxies = [
        ("CONNECT", Asks::HttpProxy, proxy::http(), CONNECT.to_vec()),
        ("SOCKS5", Asks::Socks, proxy::socks(), SOCKS.to_vec()),
    ];
    for (protocol, asks, places, table) in proxies {
        assert_eq!(places.len(), table.len());
        for ((place, steps, next), (named, said)) in places.into_iter().zip(table) {
            assert_eq!(place, named);
            for (deed, said) in DEEDS.into_iter().zip(said).filter(|(_, said)| *said != NONE) {
                let peer = Peer::Tcp(proxy::wrong_at(steps.clone(), next.clone(), deed));
                let said = match said.strip_prefix("tls ") {
                    Some(said) => way(&format!("tls-failed {said}")),
                    None => format!("network/proxy fail proxy-failed {said}"),
                };
                add(format!("{protocol}: {place}"), asks, deed, peer, said);
            }
        }
    }
    for (place, said) in DNS {
        for (deed, said) in DEEDS.into_iter().zip(said).filter(|(_, said)| *said != NONE) {
            add(
                format!("DNS over TCP: {place:?}"),
                Asks::DnsTcp,
                deed,
                Peer::Tcp(dns::wrong_at(place, deed)),
                name(said),
            );
        }
    }
    for (deed, said) in [(Deed::Stall, "timed-out"), (Deed::Garbage, "malformed"), (Deed::Flood, "malformed")] {
        let mut peer = row("", Asks::DnsUdp, Peer::Udp(dns::wrong_over_udp(deed)), deed, &name(said));
        // Whoever sends what is no answer is waited for: the answer may still come.
        peer.patience = Patience::Short;
        peer.name = format!("dns over udp: a question, {deed:?}").to_lowercase();
        rows.push(peer);
    }
    rows
}

/// What keeps a run waiting is bounded by its deadlines alone.
fn row(name: &str, asks: Asks, peer: Peer, deed: Deed, said: &str) -> Row {
    let waits = matches!(deed, Deed::Stall | Deed::Trickle) || said.contains("silent") || said.contains("timed-out");
    let patience = if waits { Patience::Short } else { Patience::Long };
    Row { name: name.to_owned(), asks, peer, patience, said: vec![said.to_owned()], leaves: false }
}

pub fn way(said: &str) -> String {
    format!("firewall/discovery-to-device-services fail {said}")
}

pub fn registry(said: &str) -> String {
    format!("discovery/host-registry fail {said}")
}

pub fn name(said: &str) -> String {
    format!("dns/names-resolve fail name-unresolved {said}")
}
