//! What a server says to a ClientHello of TLS 1.2 or older, up to ServerHelloDone: all of it in clear text.

use tls_parser::{
    ECParametersContent, NamedGroup, TlsAlertSeverity, TlsExtension, TlsMessage, TlsMessageHandshake, TlsRecordType,
    parse_ec_parameters, parse_tls_message_alert, parse_tls_message_handshake, parse_tls_server_hello_extensions,
};

/// The most bytes that are read of one flight: a certificate message of 64 KiB, and the rest.
pub(in crate::observe) const FLIGHT: usize = 128 * 1024;

/// A record's header.
const HEAD: usize = 5;

/// The most that a record holds (RFC 5246, 6.2.3).
const RECORD: usize = 16 * 1024 + 2048;

/// A handshake message's header.
const MESSAGE_HEAD: usize = 4;

/// What was said, as far as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flight {
    /// ServerHello.
    pub hello: Option<Hello>,
    /// Certificates as sent.
    pub chain: Vec<Vec<u8>>,
    /// The curve of ServerKeyExchange.
    pub curve: Option<Group>,
    /// How it ended; none: more may follow.
    pub end: Option<End>,
}

/// What a server chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The version, `0x0303`.
    pub version: u16,
    /// The suite.
    pub suite: u16,
    /// Whether extended master secret was echoed.
    pub extended_master_secret: bool,
    /// Whether secure renegotiation was.
    pub secure_renegotiation: bool,
}

/// By what keys are agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// By IANA's number.
    Named(u16),
    /// A curve described in full.
    Explicit,
}

/// Why nothing more is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// ServerHelloDone.
    Done,
    /// A fatal alert, by its number.
    Alert(u8),
    /// No TLS record, or no message that belongs here.
    Malformed,
    /// More than a server has to say.
    TooLong,
}

/// Reads a flight that is there as a whole, whatever these bytes are.
pub fn read_flight(bytes: &[u8]) -> Flight {
    let mut reader = Reader::default();
    reader.take(bytes);
    reader.flight
}

/// Reads a flight as it comes: each byte once, however it is cut.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) flight: Flight,
    taken: usize,
    /// A record that is not whole yet.
    record: Vec<u8>,
    /// Messages that are not whole yet.
    messages: Vec<u8>,
}

impl Reader {
    /// Whether anything has come.
    pub(super) fn is_empty(&self) -> bool {
        self.taken == 0
    }

    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.taken = self.taken.saturating_add(bytes.len());
        self.record.extend_from_slice(bytes);
        let mut record = std::mem::take(&mut self.record);
        let mut read = 0;
        while self.flight.end.is_none() {
            let Some(length) = self.record_length(record.get(read..).unwrap_or_default()) else { break };
            let Some(whole) = record.get(read..read + HEAD + length) else { break };
            self.take_record(whole);
            read += HEAD + length;
        }
        record.drain(..read);
        self.record = record;
        if self.flight.end.is_none() && self.taken > FLIGHT {
            self.flight.end = Some(End::TooLong);
        }
    }

    /// What follows a record's header, once it is there.
    fn record_length(&mut self, record: &[u8]) -> Option<usize> {
        let begins_as_tls = matches!(record, [] | [21 | 22] | [21 | 22, 3, ..]);
        let length = match record {
            [_, _, _, high, low, ..] => usize::from(u16::from_be_bytes([*high, *low])),
            _ => 0,
        };
        if !begins_as_tls || length > RECORD {
            self.flight.end = Some(End::Malformed);
            return None;
        }
        (record.len() >= HEAD).then_some(length)
    }

    fn take_record(&mut self, record: &[u8]) {
        let (Some(kind), Some(content)) = (record.first(), record.get(HEAD..)) else { return };
        if TlsRecordType(*kind) != TlsRecordType::Alert {
            self.messages.extend_from_slice(content);
            self.take_messages();
            return;
        }
        self.flight.end = match parse_tls_message_alert(content) {
            // Whoever warns goes on (an unrecognised name), unless it says goodbye.
            Ok((_, TlsMessage::Alert(alert)))
                if alert.severity == TlsAlertSeverity::Warning && alert.code.0 != CLOSE_NOTIFY =>
            {
                None
            }
            Ok((_, TlsMessage::Alert(alert))) => Some(End::Alert(alert.code.0)),
            _ => Some(End::Malformed),
        };
    }

    fn take_messages(&mut self) {
        let messages = std::mem::take(&mut self.messages);
        let mut rest = messages.as_slice();
        while let [_, high, middle, low, ..] = rest
            && self.flight.end.is_none()
        {
            let length = usize::try_from(u32::from_be_bytes([0, *high, *middle, *low])).unwrap_or(usize::MAX);
            let Some(message) = rest.get(..length.saturating_add(MESSAGE_HEAD)) else { break };
            self.take_message(message);
            rest = rest.get(message.len()..).unwrap_or_default();
        }
        self.messages = rest.to_vec();
    }

    fn take_message(&mut self, message: &[u8]) {
        let flight = &mut self.flight;
        let Ok((_, TlsMessage::Handshake(message))) = parse_tls_message_handshake(message) else {
            flight.end = Some(End::Malformed);
            return;
        };
        match message {
            TlsMessageHandshake::ServerHello(hello) if flight.hello.is_none() => {
                let extensions = parse_tls_server_hello_extensions(hello.ext.unwrap_or_default());
                let extensions = extensions.map(|(_, extensions)| extensions).unwrap_or_default();
                let has = |wanted: fn(&TlsExtension<'_>) -> bool| extensions.iter().any(wanted);
                flight.hello = Some(Hello {
                    version: hello.version.0,
                    suite: hello.cipher.0,
                    extended_master_secret: has(|one| matches!(one, TlsExtension::ExtendedMasterSecret)),
                    secure_renegotiation: has(|one| matches!(one, TlsExtension::RenegotiationInfo(_))),
                });
            }
            // Nothing comes before ServerHello, but for a request that it be said again.
            TlsMessageHandshake::HelloRequest => {}
            _ if flight.hello.is_none() => flight.end = Some(End::Malformed),
            TlsMessageHandshake::Certificate(sent) if flight.chain.is_empty() => {
                flight.chain = sent.cert_chain.iter().map(|certificate| certificate.data.to_vec()).collect();
            }
            TlsMessageHandshake::ServerKeyExchange(exchange) => {
                if flight.hello.is_some_and(|hello| super::hello::ECDHE.contains(&hello.suite)) {
                    flight.curve = curve(exchange.parameters);
                }
            }
            TlsMessageHandshake::CertificateRequest(_) | TlsMessageHandshake::CertificateStatus(_) => {}
            TlsMessageHandshake::ServerDone(_) => flight.end = Some(End::Done),
            _ => flight.end = Some(End::Malformed),
        }
    }
}

const CLOSE_NOTIFY: u8 = 0;

/// The curve at the beginning of ServerKeyExchange (RFC 8422, 5.4).
fn curve(parameters: &[u8]) -> Option<Group> {
    let (_, parameters) = parse_ec_parameters(parameters).ok()?;
    Some(match parameters.params_content {
        ECParametersContent::NamedGroup(NamedGroup(number)) => Group::Named(number),
        ECParametersContent::ExplicitPrime(_) => Group::Explicit,
    })
}

#[cfg(test)]
#[path = "flight_tests.rs"]
mod tests;
