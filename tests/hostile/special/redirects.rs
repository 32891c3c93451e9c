//! Ways that lead elsewhere, back, or nowhere: none is gone but to a Trust Service that Device Services name.

use super::{ESCAPES, NOBODY, key, row};
use crate::{
    Row,
    asks::Asks,
    http::{self, Who},
    peer::Handler,
    table::registry,
    tls::{DEVICE_SERVICES, TRUST_SERVICE},
};

pub fn rows() -> Vec<Row> {
    let to = |location: &str| {
        let said = registry(&format!("http-redirected 302 {location}"));
        let head = format!("Location: {location}\r\n");
        (http::whole(Who::Vendor, "302 Found", &head, b"<html>Object moved</html>"), [said])
    };
    let redirect = |what: &str, location: &str| {
        let (peer, said) = to(location);
        row(what, Asks::Registry, peer, &said)
    };
    let uri = |uri: &str| http::json(Who::Customer, serde_json::json!({ "Uri": uri }).to_string());
    let differs = || ["trust-service/redirect fail trust-service-url-differs".to_owned(), key()];
    let nobody = NOBODY.local_addr().unwrap();
    let long = format!("https://{TRUST_SERVICE}/{}", "a".repeat(900_000));
    vec![
        redirect("a redirect to itself", &format!("/autodiscovery/HostRegistry.aws?URL={DEVICE_SERVICES}")),
        redirect("a redirect to a file", "file:///etc/passwd"),
        redirect("a redirect to another host", &format!("http://{nobody}/")),
        redirect("a redirect to a host without a scheme", &format!("//{nobody}/")),
        redirect("a redirect from right to left", "https://\u{202e}moc.live/"),
        row(
            "a redirect to nowhere",
            Asks::Registry,
            http::whole(Who::Vendor, "302 Found", "", b""),
            &[registry("http-status 302")],
        ),
        row("a Trust Service URL that is a file", Asks::Redirect, uri("file:///etc/passwd"), &differs()),
        row("a Trust Service URL of a million characters", Asks::Redirect, uri(&long), &differs()),
        row(
            "a Trust Service URL of escape sequences",
            Asks::Redirect,
            uri(&format!("https://ts.acme.test/{ESCAPES}")),
            &differs(),
        ),
        row("a Trust Service URL that leads back", Asks::Redirect, leads_back(), &differs()),
    ]
}

/// Device Services that name themselves as the Trust Service, and say the same there.
fn leads_back() -> Handler {
    http::answering(Who::Customer, |head| {
        let host = head.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default();
        let body = serde_json::json!({ "Uri": format!("https://{host}/TrustService") }).to_string();
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    })
}
