//! Bodies of answers.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};

use super::{ESCAPES, key, row};
use crate::{
    Row,
    asks::Asks,
    http::{self, Who},
    table::registry,
    tls::DEVICE_SERVICES,
};

pub fn rows() -> Vec<Row> {
    let json = |body: String| http::json(Who::Vendor, body);
    let not_json = || [registry("http-not-json")];
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let floods = |before: &str, flood: &str| http::floods(Who::Vendor, &format!("{chunked}{before}"), flood);
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..64 {
        bomb.write_all(&vec![0; 1 << 20]).unwrap();
    }
    let bomb = bomb.finish().unwrap();
    let list =
        |item: &str| format!("{{\"{DEVICE_SERVICES}\":[{}]}}", vec![item; 1_000_000 / (item.len() + 1)].join(","));
    let hosts: Vec<String> = (0..60_000).map(|n| format!("\"h{n}.test\":[]")).collect();
    let fragments: Vec<String> = (0..4000).map(|n| format!("\"{n:04x}\"")).collect();
    let fragments = format!("{{\"{DEVICE_SERVICES}\":[{}]}}", fragments.join(","));
    let malformed = || ["pins/well-formed fail pin-malformed".to_owned(), key()];
    let several = || [registry("host-not-registered"), "pins/well-formed fail several-hosts".to_owned(), key()];
    let twice = vec![format!("\"{DEVICE_SERVICES}\":[]"); 50_000].join(",");
    let escapes = serde_json::Value::from(ESCAPES);
    vec![
        row(
            "a gzip bomb",
            Asks::Registry,
            http::whole(Who::Vendor, "200 OK", "Content-Encoding: gzip\r\n", &bomb),
            &not_json(),
        ),
        row(
            "a chunk of 16 EiB",
            Asks::Registry,
            floods("ffffffffffffffff\r\n", "x"),
            &[registry("http-cut-short too-long")],
        ),
        row(
            "a chunk of more",
            Asks::Registry,
            floods("10000000000000000\r\n", "x"),
            &[registry("http-cut-short malformed")],
        ),
        row("chunks of a byte", Asks::Registry, floods("", "1\r\nx\r\n"), &[registry("http-cut-short too-long")]),
        row("an endless chunk extension", Asks::Registry, floods("1;", "x"), &[registry("http-cut-short malformed")]),
        row("JSON of 100,000 arrays in one another", Asks::Registry, json("[".repeat(100_000)), &not_json()),
        row("JSON of 100,000 objects in one another", Asks::Registry, json("{\"\":".repeat(100_000)), &not_json()),
        row("a number beyond all numbers", Asks::Registry, json(list("1e999999")), &not_json()),
        row("a million digits", Asks::Registry, json(list(&"9".repeat(999_000))), &not_json()),
        row("a lone surrogate", Asks::Registry, json(r#"{"\ud800": []}"#.to_owned()), &not_json()),
        row("UTF-16", Asks::Registry, http::json(Who::Vendor, b"\xff\xfe{\0}\0".as_slice()), &not_json()),
        row("no UTF-8", Asks::Registry, http::json(Who::Vendor, b"{\"\xff\": []}".as_slice()), &not_json()),
        row(
            "a pin of a million digits",
            Asks::Registry,
            json(list(&format!("\"{}\"", "A".repeat(999_000)))),
            &malformed(),
        ),
        row("300,000 empty pins", Asks::Registry, json(list("\"\"")), &[registry("http-wrong-shape")]),
        row("500,000 numbers for pins", Asks::Registry, json(list("0")), &[registry("http-wrong-shape")]),
        row("60,000 hosts", Asks::Registry, json(format!("{{{}}}", hosts.join(","))), &[registry("http-wrong-shape")]),
        row("the host 50,000 times", Asks::Registry, json(format!("{{{twice}}}")), &[registry("http-wrong-shape")]),
        row("4,000 fragments of pins", Asks::Registry, json(fragments), &malformed()),
        row("4,000 hosts", Asks::Registry, json(format!("{{{}}}", hosts[..4000].join(","))), &several()),
        row(
            "escape sequences for hosts and pins",
            Asks::Registry,
            json(format!("{{{escapes}: [{escapes}], \"{DEVICE_SERVICES}\": [{escapes}]}}")),
            &[
                "pins/well-formed fail pin-malformed".to_owned(),
                "pins/well-formed fail several-hosts".to_owned(),
                key(),
            ],
        ),
        row(
            "300,000 arrays at sixteen addresses",
            Asks::SettingsOfMany,
            http::json(Who::Customer, list("[]")),
            // As many are read as there is room for in a run.
            &["http-wrong-shape", "http-cut-short too-long"].map(|said| format!("trust-service/settings fail {said}")),
        ),
        row(
            "endless bodies at sixteen addresses",
            Asks::SettingsOfMany,
            http::floods(Who::Customer, "HTTP/1.1 200 OK\r\n\r\n", "{\"\":"),
            &["trust-service/settings fail http-cut-short too-long".to_owned()],
        ),
    ]
}
