//! Names, TCP, TLS up to the certificate, proxies.

use std::{net::SocketAddr, time::Duration};

use crate::recording::{ConnectFailure, NameFailure, ProxyFailure, TlsFailure};

pub(super) fn name(name: &str, resolver: &str, failure: &NameFailure) -> (String, String) {
    let ask_again = format!("make {name} resolve there, then run again");
    match failure {
        NameFailure::NotFound => (
            format!("{resolver} says that {name} does not exist (NXDOMAIN)"),
            format!("create the DNS record of {name}, or correct the name; {resolver} must answer it"),
        ),
        NameFailure::NoAddresses => (
            format!("{resolver} knows {name}, but no A or AAAA record of it"),
            format!("create an A or AAAA record for {name}"),
        ),
        NameFailure::ServerFailure { code } => (
            format!("{resolver} answers {code} for {name}"),
            match code.as_str() {
                "REFUSED" => {
                    format!("let this machine ask that server for {name} (recursion, ACL or view), or name another")
                }
                _ => "look at that server's forwarders, its DNSSEC validation, a circle of CNAME records, and its log: the fault lies behind it"
                    .to_owned(),
            },
        ),
        NameFailure::NoServerAnswered => (
            format!("no DNS server answered {resolver} for {name}; whether the name exists is not known"),
            "check this machine's network and its DNS servers: is port 53 (UDP and TCP) open to them?".to_owned(),
        ),
        NameFailure::TimedOut { after } => (
            format!(
                "{resolver} did not answer for {name} within {}; whether the name exists is not known",
                words(*after)
            ),
            "check the way to the DNS server: is port 53 (UDP and TCP) open from this machine? If it answers for other names, look \
             at the servers that it asks itself"
                .to_owned(),
        ),
        NameFailure::Unreachable { failure } => (
            format!("{resolver} cannot be reached for {name}: {}", connect(failure)),
            "check the server's address and port, and that DNS is allowed from this machine".to_owned(),
        ),
        NameFailure::Tls { failure } => (
            format!("{resolver} cannot be asked for {name}: {}", tls_words(failure)),
            "check the server's name behind the # and that port 853 is not intercepted".to_owned(),
        ),
        NameFailure::CnameLoop => (
            format!("{resolver} leads {name} round in a circle of CNAME records, or on for too long"),
            format!("correct the CNAME records of {name}"),
        ),
        NameFailure::Malformed { detail } => (
            format!("{resolver} sends no DNS answer for {name}: {detail}"),
            "check that a DNS server listens there and that nothing on the way rewrites DNS".to_owned(),
        ),
        NameFailure::Other { detail } => (format!("{resolver} has no address for {name}: {detail}"), ask_again),
    }
}

pub(super) fn tcp(address: Option<SocketAddr>, failure: &ConnectFailure) -> (String, String) {
    let message = format!("TCP to {} fails: {}", place(address), connect(failure));
    let port =
        address.map_or_else(|| "the port".to_owned(), |address| format!("TCP {} to {}", address.port(), address.ip()));
    let remedy = match failure {
        ConnectFailure::TimedOut { .. } => {
            format!("open {port} in every firewall between; packets that are dropped without a word look like this")
        }
        ConnectFailure::Refused => {
            format!("start the service there, or open {port}: nothing listens, or a firewall rejects it")
        }
        ConnectFailure::NetworkUnreachable | ConnectFailure::HostUnreachable => {
            "correct the route, or the address in DNS: this network does not lead there".to_owned()
        }
        ConnectFailure::Prohibited { by: Some(router) } => {
            format!("open {port} in the firewall at {router}, which said so")
        }
        ConnectFailure::Prohibited { by: None } => format!("open {port} in this machine's own firewall"),
        // ENFILE, EMFILE; WSAEMFILE.
        ConnectFailure::Other { code: Some(23 | 24 | 10024), .. } => {
            "raise the limit of open files on the machine that asked (ulimit -n), or ask fewer at once (--jobs)"
                .to_owned()
        }
        ConnectFailure::Other { .. } => "see the operating system's words above".to_owned(),
    };
    (message, remedy)
}

pub(super) fn tls(address: Option<SocketAddr>, failure: &TlsFailure) -> (String, String) {
    let message = format!("{} accepts TCP, but {}", place(address), tls_words(failure));
    let remedy = match failure {
        TlsFailure::ResetAfterClientHello
        | TlsFailure::ClosedAfterClientHello
        | TlsFailure::SilentAfterClientHello { .. } => {
            "something looks into the connection and stops it: except this host name from SNI filtering and TLS inspection; \
             if the server itself does so, look at its certificate binding; a balancer without a live server behind it does so \
             too; if large packets are lost on the way (a smaller MTU, and ICMP filtered), let ICMP \"fragmentation needed\" through"
        }
        TlsFailure::Alert { .. } => {
            "look at the server's TLS settings: versions, suites, and the certificate bound to this name"
        }
        TlsFailure::NotTls { .. } => "correct the port, or bind a certificate to it: no TLS is spoken there",
        TlsFailure::NothingInCommon { .. } => {
            "enable TLS 1.2 with ECDHE and AES-GCM suites, or TLS 1.3: devices accept nothing less"
        }
        TlsFailure::ChainTooLong => "send the leaf and its intermediates only",
        TlsFailure::NoCertificate => "bind a certificate to this port",
        TlsFailure::ClientCertificateRequired => {
            "do not ask for client certificates here: devices have none for it yet"
        }
        TlsFailure::Reset | TlsFailure::Closed | TlsFailure::Stalled { .. } => {
            "look at the server's log and at devices in between that inspect TLS; a path with a smaller MTU can look so too"
        }
        TlsFailure::Untrusted { .. } => {
            "give the root that issued its certificate with --cacert, or mend the certificate"
        }
        TlsFailure::Misbehaved { .. } => {
            "look for a device in between that changes TLS, and at the server's TLS software"
        }
    };
    (message, remedy.to_owned())
}

pub(super) fn proxy_cannot_reach(proxy: &str, answer: &str) -> (String, String) {
    (
        format!("the proxy {proxy} says that it cannot reach the server: {answer}"),
        "open the way from the proxy to the server, or let the proxy resolve the name".to_owned(),
    )
}

pub(super) fn proxy_waits(proxy: &str, after: Duration) -> (String, String) {
    (
        format!(
            "the proxy {proxy} says nothing of this server within {}, while it leads to others: it waits for the server, too",
            words(after)
        ),
        "open the way from the proxy to the server (packets that are dropped look like this), or do not use the proxy for it"
            .to_owned(),
    )
}

pub(super) fn proxy(proxy: &str, failure: &ProxyFailure) -> (String, String) {
    let (what, remedy) = match failure {
        ProxyFailure::Unresolved { failure } => {
            let (message, remedy) = name("its name", "the resolver", failure);
            (message, remedy)
        }
        ProxyFailure::Unreachable { failure } => (
            format!("TCP to it fails: {}", connect(failure)),
            "correct network.proxy (--proxy), or open the way to it".to_owned(),
        ),
        ProxyFailure::Tls { failure } => (
            tls_words(failure),
            "use http:// in network.proxy if it speaks plain HTTP; else mend its certificate".to_owned(),
        ),
        ProxyFailure::AuthenticationRequired { sent: false } => (
            "it wants a user name and a password".to_owned(),
            "give them as PINFLIGHT_PROXY_USER and PINFLIGHT_PROXY_PASSWORD, or except the host from authentication"
                .to_owned(),
        ),
        ProxyFailure::AuthenticationRequired { sent: true } => {
            ("it refuses the user name or the password".to_owned(), "correct the credentials".to_owned())
        }
        ProxyFailure::Denied { answer } => (
            format!("it refuses to connect to this server: {answer}"),
            "allow this host and port in the proxy's rules".to_owned(),
        ),
        ProxyFailure::TargetUnreachable { answer } => return proxy_cannot_reach(proxy, answer),
        ProxyFailure::Silent { after } => (
            format!("it takes the connection and does not answer within {}", words(*after)),
            "check the proxy's health and its own way out".to_owned(),
        ),
        ProxyFailure::Closed => {
            ("it hangs up without an answer".to_owned(), "check that this machine may use it".to_owned())
        }
        ProxyFailure::NotAProxy { begins } => (
            format!("it does not speak the declared protocol; its answer begins {begins:?}"),
            "correct the scheme, host or port of network.proxy".to_owned(),
        ),
    };
    (format!("the proxy {proxy} is of no use: {what}"), remedy)
}

fn place(address: Option<SocketAddr>) -> String {
    address.map_or_else(|| "the server".to_owned(), |address| address.to_string())
}

pub(super) fn connect(failure: &ConnectFailure) -> String {
    match failure {
        ConnectFailure::TimedOut { after } => format!("no answer within {} (dropped)", words(*after)),
        ConnectFailure::Refused => "connection refused".to_owned(),
        ConnectFailure::NetworkUnreachable => "network unreachable, there is no route".to_owned(),
        ConnectFailure::HostUnreachable => "host unreachable".to_owned(),
        ConnectFailure::Prohibited { by: Some(router) } => format!("prohibited by the firewall at {router} (ICMP)"),
        ConnectFailure::Prohibited { by: None } => "prohibited by this machine's own firewall".to_owned(),
        ConnectFailure::Other { code: Some(code), detail } => format!("{detail} (error {code})"),
        ConnectFailure::Other { code: None, detail } => detail.clone(),
    }
}

pub(super) fn tls_words(failure: &TlsFailure) -> String {
    match failure {
        TlsFailure::ResetAfterClientHello => "the connection is reset right after ClientHello".to_owned(),
        TlsFailure::ClosedAfterClientHello => "the connection is closed right after ClientHello".to_owned(),
        TlsFailure::SilentAfterClientHello { after } => {
            format!("ClientHello is answered by {} of silence", words(*after))
        }
        TlsFailure::Alert { name } => format!("the server ends the TLS handshake with the alert {name}"),
        TlsFailure::NotTls { begins } => format!("the answer to ClientHello is no TLS; it begins {begins:?}"),
        TlsFailure::NothingInCommon { detail } => {
            format!("it speaks no TLS version or suite that devices accept ({detail})")
        }
        TlsFailure::ChainTooLong => {
            "one of its handshake messages, as a rule its certificates, is longer than the 64 KiB that can be taken"
                .to_owned()
        }
        TlsFailure::NoCertificate => "it presents no certificate".to_owned(),
        TlsFailure::ClientCertificateRequired => "it demands a client certificate".to_owned(),
        TlsFailure::Reset => "the connection is reset in the midst of the TLS handshake".to_owned(),
        TlsFailure::Closed => "the connection is closed in the midst of the TLS handshake".to_owned(),
        TlsFailure::Stalled { after } => format!("the TLS handshake stalls for {}", words(*after)),
        TlsFailure::Untrusted { detail } => format!("its certificate is not believed ({detail})"),
        TlsFailure::Misbehaved { detail } => format!("it breaks the TLS protocol ({detail})"),
    }
}

/// `5 s`, `700 ms`.
pub(super) fn words(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    if milliseconds >= 1000 && milliseconds.is_multiple_of(1000) {
        format!("{} s", milliseconds / 1000)
    } else {
        format!("{milliseconds} ms")
    }
}
