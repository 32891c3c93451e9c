//! Answers of discovery, Device Services and Trust Service.

use super::network::{tls_words, words};
use crate::{
    cause::{Cause, UrlFault},
    recording::{BodyEnd, HttpFailure},
};

pub(super) fn tell(cause: &Cause) -> (String, String) {
    match cause {
        Cause::HttpStatus { url, status } => (
            format!("GET {url} is answered with status {status} instead of 200"),
            match status {
                400 => "read the page that comes with it: web servers answer so that want a client certificate, or do not know the host",
                401 | 403 | 407 => "let this path through without authentication: devices ask it before they have any",
                404 => "check the application behind this path: it is not installed there, or a proxy in front spells the path otherwise",
                502..=504 => "look at the servers behind the balancer or reverse proxy that answers so: it has none that answers it",
                500..=599 => "look at the application's own log on that server",
                _ => "look at the server, and at the proxies in front of it",
            }
            .to_owned(),
        ),
        Cause::HttpRedirected { url, status, location } => (
            format!("GET {url} is redirected ({status}) to {location}; the answer must be there itself"),
            "take the redirect away for this path; the known client's answer to it is not established".to_owned(),
        ),
        Cause::HttpHtml { url, begins } => (
            format!("GET {url} is answered with a web page instead of JSON; it begins {begins:?}"),
            "find out whose page it is: a captive portal, a block page or a sign-in page stands in the way, or the \
             application is not installed there"
                .to_owned(),
        ),
        Cause::HttpNotJson { url, detail, begins } => (
            format!("GET {url} is answered with something that is no JSON ({detail}); it begins {begins:?}"),
            "look at the application, and at whatever in front of it changes its answers".to_owned(),
        ),
        Cause::HttpWrongShape { url, expected, detail } => (
            format!("the answer to GET {url} should be {expected}, but {detail}"),
            "check that this URL leads to the right application, in its right version".to_owned(),
        ),
        Cause::HttpCutShort { url, end, bytes } => (
            match end {
                // What is kept of it is only its beginning.
                BodyEnd::TooLong => format!("the answer to GET {url} {}", ending(*end)),
                _ => format!("the answer to GET {url} {} ({bytes} bytes were read)", ending(*end)),
            },
            "look at the server and at whatever in front of it cuts answers short".to_owned(),
        ),
        Cause::HttpFailed { url, failure } => (
            format!("TLS stands, but GET {url} {}", http(failure)),
            "look at the application's log on that server, and at what filters HTTP in between".to_owned(),
        ),
        Cause::HostNotRegistered { host, holds } => (
            if holds.is_empty() {
                format!("nothing is registered for {host}: devices would pin nothing")
            } else {
                format!("{host} is not among the registered hosts ({})", holds.join(", "))
            },
            format!("upload the Device Services certificates in the console for {host}, then ask again"),
        ),
        Cause::TrustServiceUrlForm { url, fault } => (
            format!("{url} is not of the form https://<host>:<port>/TrustService: {}", url_fault(fault)),
            "save the URL in that form in the console (Settings › System › Security › Trust Service), and in \
             trust_service.url"
                .to_owned(),
        ),
        Cause::TrustServiceUrlDiffers { handed_out, declared } => (
            format!("Device Services hands out {handed_out}, but {declared} is declared"),
            "save the right URL in the console (Settings › System › Security › Trust Service), or correct \
             trust_service.url"
                .to_owned(),
        ),
        _ => (String::new(), String::new()),
    }
}

fn ending(end: BodyEnd) -> &'static str {
    match end {
        BodyEnd::Complete => "is whole",
        BodyEnd::TooLong => "is longer than any answer of this protocol",
        BodyEnd::Truncated => "ends before its announced length",
        BodyEnd::Malformed => "is no longer HTTP in the midst of the body",
        BodyEnd::TimedOut => "stops in the middle",
    }
}

fn http(failure: &HttpFailure) -> String {
    match failure {
        HttpFailure::NotConnected { .. } => "has no connection".to_owned(),
        HttpFailure::Silent { after } => format!("is not answered within {}", words(*after)),
        HttpFailure::Stalled { after } => format!("is answered with headers that do not end within {}", words(*after)),
        HttpFailure::Closed => "is answered by a closed connection".to_owned(),
        HttpFailure::Malformed { detail } => format!("is answered with something that is no HTTP ({detail})"),
        HttpFailure::HeadersTooLong => "is answered with headers without end".to_owned(),
        HttpFailure::ClientCertificateRequired => tls_words(&crate::recording::TlsFailure::ClientCertificateRequired),
    }
}

fn url_fault(fault: &UrlFault) -> String {
    match fault {
        UrlFault::NotHttps => "its scheme is not https".to_owned(),
        UrlFault::Path(path) => format!("its path is {path}"),
        UrlFault::QueryOrFragment => "it has a query or a fragment".to_owned(),
        UrlFault::TrailingSlash => "it ends in a slash, and the known client appends /SSLPinning/Settings".to_owned(),
    }
}
