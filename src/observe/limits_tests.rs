//! The page of bounds has the program's numbers.

use super::{conversation, descriptors, dns, files, hosts, http, legacy, plan, proxy, run, tls};

const PAGE: &str = include_str!("../../docs/reference/limits.md");

/// What a row of the page says of this.
fn bound(what: &str) -> &'static str {
    let rows: Vec<&str> = PAGE.lines().filter_map(|line| line.strip_prefix(&format!("| {what} | "))).collect();
    assert_eq!(rows.len(), 1, "{what}");
    rows[0].split_once(" |").unwrap().0
}

#[test]
fn every_bound_is_the_program_s() {
    let kib = |bytes: usize| format!("{} KiB", bytes / 1024);
    let defaults = pinflight_checks::deployment::Network::default();
    let seconds = |time: std::time::Duration| format!("{} s", time.as_secs());
    for (what, expected) in [
        ("a TCP connection", format!("`connect_timeout`, {}", seconds(defaults.connect_timeout))),
        (
            "a step (look-up, proxy, TLS handshake, headers, body)",
            format!("`step_timeout`, {}", seconds(defaults.step_timeout)),
        ),
        ("a question with all its steps", format!("`question_timeout`, {}", seconds(defaults.question_timeout))),
        ("a server's goodbye after a handshake", format!("{} ms", conversation::GOODBYE.as_millis())),
        ("a server's first flight, below TLS 1.3", kib(legacy::FLIGHT)),
        ("the headers of an HTTP answer", kib(http::HEAD)),
        ("the body of an HTTP answer", kib(http::BODY)),
        ("the bodies of a run, beyond 4 KiB of each", kib(http::BODIES)),
        ("a proxy's answer", kib(proxy::ANSWER)),
        ("a proxy's status line", format!("{} characters are kept", proxy::LINE)),
        ("an answer that is another protocol's", format!("{} bytes are kept", tls::BEGINNING)),
        ("a web page", format!("{} bytes are kept", crate::secrets::PAGE)),
        ("a DNS message over UDP", format!("{} bytes", dns::DATAGRAM)),
        ("a Trust Service URL that is followed", format!("{} bytes", run::URL)),
        ("the hosts file", format!("{} KiB", hosts::LONGEST / 1024)),
        ("a certificate file, a request", format!("{} KiB", files::LONGEST / 1024)),
        ("a recording, packed and unpacked", format!("{} MiB", crate::recordings::MAX_BYTES / 1024 / 1024)),
        ("Trust Service URLs that Device Services hand out and that are asked", plan::FOLLOW_UPS.to_string()),
        ("CNAME records in a row", dns::HOPS.to_string()),
        ("addresses of a name that are asked", plan::ADDRESSES.to_string()),
        ("addresses of a name that are listed", run::LISTED.to_string()),
        ("hellos of old that one address is sent", legacy::HELLOS.to_string()),
        ("values in a JSON body", pinflight_checks::json::MOST_VALUES.to_string()),
        ("conversations at once", format!("`jobs`, {}; 1024 at most", defaults.jobs)),
        ("conversations with one server at once", run::AT_ONE_SERVER.to_string()),
        ("entries of a list in the configuration", crate::settings::MAX_LIST.to_string()),
        ("file descriptors", format!("{} a conversation, and {}", descriptors::EACH, descriptors::RESERVE)),
    ] {
        assert_eq!(bound(what), expected, "{what}");
    }
    assert!(PAGE.contains(&format!("the first {} are kept", kib(http::KEPT))));
    assert_eq!(descriptors::EACH + descriptors::RESERVE, 36, "docs/reference/files.md says so");
}
