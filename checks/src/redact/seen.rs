//! What was seen: look-ups, conversations, answers.

use super::{LEFT_OUT, Redactor};
use crate::{
    json::{Json, MOST_VALUES, Unread},
    recording::{
        Body, ConnectFailure, ConnectionFact, ConversationFailure, Der, Handshake, HandshakeSignature, HttpAnswer,
        HttpFact, HttpFailure, Legacy, NameAnswer, NameFact, NameFailure, ProxyFailure, Refused, Request, Resolver,
        Tls12Fact, TlsFailure,
    },
};

impl Redactor<'_> {
    pub(super) fn name_fact(&mut self, fact: &NameFact) -> NameFact {
        let NameFact { name, roles, resolver, took, answer, queries } = fact;
        NameFact {
            name: self.0.host(name),
            roles: roles.clone(),
            resolver: match resolver {
                Resolver::Server(server) => Resolver::Server(self.dns_server(server)),
                known @ (Resolver::System | Resolver::Hosts | Resolver::Override) => known.clone(),
            },
            took: *took,
            answer: match answer {
                Ok(NameAnswer { addresses, canonical_names }) => Ok(NameAnswer {
                    addresses: addresses.iter().map(|ip| self.0.ip(*ip)).collect(),
                    canonical_names: canonical_names.iter().map(|name| self.0.host(name)).collect(),
                }),
                Err(failure) => Err(self.name_failure(failure)),
            },
            queries: queries.clone(),
        }
    }

    fn name_failure(&mut self, failure: &NameFailure) -> NameFailure {
        match failure {
            NameFailure::Unreachable { failure } => NameFailure::Unreachable { failure: self.connect_failure(failure) },
            NameFailure::Tls { failure } => NameFailure::Tls { failure: tls_failure(failure) },
            NameFailure::Malformed { detail: _ } => NameFailure::Malformed { detail: LEFT_OUT.to_owned() },
            NameFailure::Other { detail: _ } => NameFailure::Other { detail: LEFT_OUT.to_owned() },
            known @ (NameFailure::NotFound
            | NameFailure::NoAddresses
            | NameFailure::ServerFailure { code: _ }
            | NameFailure::NoServerAnswered
            | NameFailure::TimedOut { after: _ }
            | NameFailure::CnameLoop) => known.clone(),
        }
    }

    pub(super) fn connection(&mut self, fact: &ConnectionFact) -> ConnectionFact {
        let ConnectionFact {
            role,
            endpoint,
            address,
            proxied,
            sni,
            only_tls12,
            repeat,
            connected_after,
            took,
            outcome,
            legacy,
        } = fact;
        ConnectionFact {
            role: *role,
            endpoint: self.endpoint(endpoint),
            address: address.map(|address| self.address(address)),
            proxied: *proxied,
            sni: sni.as_ref().map(|name| self.0.host(name)),
            only_tls12: *only_tls12,
            repeat: *repeat,
            connected_after: *connected_after,
            took: *took,
            outcome: match outcome {
                Ok(Handshake { version, suite, alpn, chain, signature }) => Ok(Handshake {
                    version: version.clone(),
                    suite: suite.clone(),
                    alpn: alpn.clone(),
                    chain: self.ids(chain),
                    signature: match signature {
                        HandshakeSignature::Unverifiable { why: _ } => {
                            HandshakeSignature::Unverifiable { why: LEFT_OUT.to_owned() }
                        }
                        known @ (HandshakeSignature::Valid | HandshakeSignature::Invalid) => known.clone(),
                    },
                }),
                Err(failure) => Err(self.conversation_failure(failure)),
            },
            legacy: legacy.as_ref().map(|Legacy { hellos, took, spoken, refused, complete }| Legacy {
                hellos: *hellos,
                took: *took,
                spoken: spoken.clone(),
                refused: refused
                    .iter()
                    .map(|Refused { version, offered, failure }| Refused {
                        version: version.clone(),
                        offered: *offered,
                        failure: tls_failure(failure),
                    })
                    .collect(),
                complete: *complete,
            }),
        }
    }

    pub(super) fn tls12(&mut self, fact: &Tls12Fact) -> Tls12Fact {
        let Tls12Fact { connection, chosen } = fact;
        Tls12Fact { connection: self.connection(connection), chosen: chosen.clone() }
    }

    fn conversation_failure(&mut self, failure: &ConversationFailure) -> ConversationFailure {
        match failure {
            ConversationFailure::Tcp { failure } => ConversationFailure::Tcp { failure: self.connect_failure(failure) },
            ConversationFailure::Proxy { failure } => {
                ConversationFailure::Proxy { failure: self.proxy_failure(failure) }
            }
            ConversationFailure::Tls { failure, chain } => {
                ConversationFailure::Tls { failure: tls_failure(failure), chain: self.ids(chain) }
            }
        }
    }

    fn connect_failure(&mut self, failure: &ConnectFailure) -> ConnectFailure {
        match failure {
            ConnectFailure::Prohibited { by } => ConnectFailure::Prohibited { by: by.map(|by| self.0.ip(by)) },
            ConnectFailure::Other { code, detail: _ } => {
                ConnectFailure::Other { code: *code, detail: LEFT_OUT.to_owned() }
            }
            known @ (ConnectFailure::TimedOut { after: _ }
            | ConnectFailure::Refused
            | ConnectFailure::NetworkUnreachable
            | ConnectFailure::HostUnreachable) => known.clone(),
        }
    }

    fn proxy_failure(&mut self, failure: &ProxyFailure) -> ProxyFailure {
        let left_out = || LEFT_OUT.to_owned();
        match failure {
            ProxyFailure::Unresolved { failure } => ProxyFailure::Unresolved { failure: self.name_failure(failure) },
            ProxyFailure::Unreachable { failure } => {
                ProxyFailure::Unreachable { failure: self.connect_failure(failure) }
            }
            ProxyFailure::Tls { failure } => ProxyFailure::Tls { failure: tls_failure(failure) },
            ProxyFailure::Denied { answer: _ } => ProxyFailure::Denied { answer: left_out() },
            ProxyFailure::TargetUnreachable { answer: _ } => ProxyFailure::TargetUnreachable { answer: left_out() },
            ProxyFailure::NotAProxy { begins: _ } => ProxyFailure::NotAProxy { begins: left_out() },
            known @ (ProxyFailure::AuthenticationRequired { sent: _ }
            | ProxyFailure::Silent { after: _ }
            | ProxyFailure::Closed) => known.clone(),
        }
    }

    pub(super) fn answer(&mut self, fact: &HttpFact) -> HttpFact {
        let HttpFact { request, role, url, endpoint, address, proxied, leaf, took, ended_after, outcome } = fact;
        HttpFact {
            request: request.clone(),
            role: *role,
            url: self.url(url),
            endpoint: self.endpoint(endpoint),
            address: address.map(|address| self.address(address)),
            proxied: *proxied,
            leaf: leaf.as_ref().map(|leaf| self.0.cert_id(leaf)),
            took: *took,
            ended_after: *ended_after,
            outcome: match outcome {
                Ok(HttpAnswer { status, headers, date, body }) => Ok(HttpAnswer {
                    status: *status,
                    headers: headers.iter().filter_map(|(name, value)| self.header(name, value)).collect(),
                    date: *date,
                    body: self.body(request, body),
                }),
                Err(HttpFailure::NotConnected { failure }) => {
                    Err(HttpFailure::NotConnected { failure: self.conversation_failure(failure) })
                }
                Err(HttpFailure::Malformed { detail: _ }) => {
                    Err(HttpFailure::Malformed { detail: LEFT_OUT.to_owned() })
                }
                Err(
                    known @ (HttpFailure::Silent { after: _ }
                    | HttpFailure::Stalled { after: _ }
                    | HttpFailure::Closed
                    | HttpFailure::HeadersTooLong
                    | HttpFailure::ClientCertificateRequired),
                ) => Err(known.clone()),
            },
        }
    }

    /// Those by which something is judged, as far as it is.
    pub(super) fn header(&mut self, name: &str, value: &str) -> Option<(String, String)> {
        let kept = match name {
            "location" => self.url(value),
            "content-type" if value.to_ascii_lowercase().contains("html") => "text/html".to_owned(),
            "content-type" if value.to_ascii_lowercase().contains("json") => "application/json".to_owned(),
            "age" if value.bytes().all(|byte| byte.is_ascii_digit()) => value.to_owned(),
            "age" | "content-type" => LEFT_OUT.to_owned(),
            _ => return None,
        };
        Some((name.to_owned(), kept))
    }

    pub(super) fn body(&mut self, request: &Request, body: &Body) -> Body {
        let Body { bytes: Der(bytes), end } = body;
        let new = match Json::parse(bytes) {
            Ok(json) => self.json(request, &json).to_text().into_bytes(),
            // It is judged by there being too many of them.
            Err(Unread::TooManyValues) => Json::Array(vec![Json::Null; MOST_VALUES]).to_text().into_bytes(),
            // What is no JSON is judged by how it begins.
            Err(Unread::NotJson(_)) => match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
                None => bytes.clone(),
                Some(b'<') => b"<redacted>".to_vec(),
                Some(b'{') => b"{redacted".to_vec(),
                Some(_) => b"redacted".to_vec(),
            },
        };
        Body { bytes: Der(new), end: *end }
    }

    fn json(&mut self, request: &Request, json: &Json) -> Json {
        let holds_pins = matches!(request, Request::HostRegistry | Request::Settings { .. });
        match json {
            Json::Null => Json::Null,
            Json::Bool(value) => Json::Bool(*value),
            Json::Number => Json::Number,
            Json::String(text) if holds_pins => Json::String(self.0.pin(text)),
            Json::String(text) => Json::String(self.url(text)),
            Json::Array(items) => Json::Array(items.iter().map(|item| self.json(request, item)).collect()),
            Json::Object(entries) => Json::Object(
                entries
                    .iter()
                    .map(|(key, value)| {
                        let known = ["uri", "enrollmenturl", "groupid"].contains(&key.to_ascii_lowercase().as_str());
                        let key = if known && !holds_pins { key.clone() } else { self.0.pinned_name(key) };
                        (key, self.json(request, value))
                    })
                    .collect(),
            ),
        }
    }
}

fn tls_failure(failure: &TlsFailure) -> TlsFailure {
    let left_out = || LEFT_OUT.to_owned();
    match failure {
        TlsFailure::NotTls { begins: _ } => TlsFailure::NotTls { begins: left_out() },
        TlsFailure::NothingInCommon { detail: _ } => TlsFailure::NothingInCommon { detail: left_out() },
        TlsFailure::Untrusted { detail: _ } => TlsFailure::Untrusted { detail: left_out() },
        TlsFailure::Misbehaved { detail: _ } => TlsFailure::Misbehaved { detail: left_out() },
        known @ (TlsFailure::ResetAfterClientHello
        | TlsFailure::ClosedAfterClientHello
        | TlsFailure::SilentAfterClientHello { after: _ }
        | TlsFailure::Alert { name: _ }
        | TlsFailure::ChainTooLong
        | TlsFailure::NoCertificate
        | TlsFailure::ClientCertificateRequired
        | TlsFailure::Reset
        | TlsFailure::Closed
        | TlsFailure::Stalled { after: _ }) => known.clone(),
    }
}
