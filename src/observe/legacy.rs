//! Below rustls: what a server speaks that no client of today agrees with. Hellos of our own, read up to ServerHelloDone
//! and then given up; nothing of it is verified, and nothing in it changes a server's state.

mod flight;
mod hello;

use std::time::Duration;

use pinflight_checks::recording::{CertId, Chosen, ConversationFailure, Curve, Legacy, Offered, Refused, TlsFailure};
use ring::rand::{SecureRandom, SystemRandom};
use tls_parser::{NamedGroup, TlsCipherSuite, TlsVersion};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::Instant,
};

pub(super) use self::flight::FLIGHT;
pub use self::flight::{End, Flight, Group, Hello, read_flight};
use self::{
    flight::Reader,
    hello::{Offer, suites},
};
use super::{
    conversation::Route,
    run::Observer,
    tcp::{Deadline, Io, within},
    tls,
};

/// How many hellos one server is sent at most.
pub(super) const HELLOS: u32 = 16;

const VERSIONS: [TlsVersion; 3] = [TlsVersion::Tls12, TlsVersion::Tls11, TlsVersion::Tls10];

/// What came of asking, before it is written down with its conversation.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    pub(super) legacy: Legacy,
    pub(super) chain: Vec<CertId>,
}

/// Whether a handshake failed as it does with a server of old.
///
/// Nothing in common is what it says. An alert of these is how servers answer a hello of which they can use nothing, or
/// which they cannot read; Windows resets or closes instead. Silence is not asked about: each hello would have to wait for
/// a step's whole time.
pub(super) fn calls_for_legacy(failure: &ConversationFailure) -> bool {
    const ALERTS: [&str; 6] = [
        "protocol_version",
        "handshake_failure",
        "insufficient_security",
        "illegal_parameter",
        "decode_error",
        "internal_error",
    ];
    let ConversationFailure::Tls { failure, .. } = failure else { return false };
    match failure {
        TlsFailure::NothingInCommon { .. } | TlsFailure::ResetAfterClientHello | TlsFailure::ClosedAfterClientHello => {
            true
        }
        TlsFailure::Alert { name } => ALERTS.contains(&name.as_str()),
        _ => false,
    }
}

/// What a flight says, as it is recorded.
pub(super) fn chosen(flight: &Flight) -> Option<Chosen> {
    let hello = flight.hello?;
    Some(Chosen {
        version: version_words(TlsVersion(hello.version)),
        suite: suite_words(hello.suite),
        curve: flight.curve.map(curve),
        extended_master_secret: hello.extended_master_secret,
        secure_renegotiation: hello.secure_renegotiation,
    })
}

fn version_words(version: TlsVersion) -> String {
    match version {
        TlsVersion::Tls12 => "TLSv1.2".to_owned(),
        TlsVersion::Tls11 => "TLSv1.1".to_owned(),
        TlsVersion::Tls10 => "TLSv1.0".to_owned(),
        TlsVersion::Ssl30 => "SSLv3".to_owned(),
        TlsVersion(other) => format!("{other:#06x}"),
    }
}

fn suite_words(suite: u16) -> String {
    TlsCipherSuite::from_id(suite).map_or_else(|| format!("{suite:#06x}"), |suite| suite.name.to_owned())
}

fn curve(group: Group) -> Curve {
    let Group::Named(number) = group else {
        return Curve { name: "explicit parameters".to_owned(), bits: None };
    };
    let group = NamedGroup(number);
    let (name, bits) = match group {
        NamedGroup::Secp256r1 => ("P-256".to_owned(), Some(256)),
        NamedGroup::Secp384r1 => ("P-384".to_owned(), Some(384)),
        NamedGroup::Secp521r1 => ("P-521".to_owned(), Some(521)),
        // Their fields are of 255, 448 and 512 bits; the crate counts otherwise.
        NamedGroup::EcdhX25519 => ("x25519".to_owned(), Some(255)),
        NamedGroup::EcdhX448 => ("x448".to_owned(), Some(448)),
        NamedGroup::BrainpoolP512r1 => ("brainpoolP512r1".to_owned(), Some(512)),
        other => match other.key_bits() {
            Some(bits) => (format!("{other:?}").to_lowercase(), Some(bits)),
            None => (number.to_string(), None),
        },
    };
    Curve { name, bits }
}

/// One answer to one hello.
enum Answer {
    Chosen(Flight),
    Refused(TlsFailure),
    /// Nothing more is to be learnt: the way is shut, or time is up.
    Over,
}

impl Observer {
    /// Versions, the highest downwards. The suites of the highest that it speaks before those below, since they decide and
    /// time may run out; each question without those that were chosen before.
    pub(super) async fn legacy(&self, route: &Route, sni: Option<&str>, deadline: Deadline) -> Asked {
        let began = Instant::now();
        let mut asking = Asking { observer: self, route, sni, deadline, asked: Asked::default() };
        asking.asked.legacy.complete = asking.everything().await.is_some();
        asking.asked.legacy.took = began.elapsed();
        asking.asked
    }
}

struct Asking<'a> {
    observer: &'a Observer,
    route: &'a Route,
    sni: Option<&'a str>,
    deadline: Deadline,
    asked: Asked,
}

impl Asking<'_> {
    /// None: it was not asked to the end.
    async fn everything(&mut self) -> Option<()> {
        let mut highest = None;
        let mut next = VERSIONS.first().copied();
        while let Some(version) = next {
            let spoken = self.ask(version, Offered::All, &[]).await?;
            if let (None, Some((version, suite))) = (highest, spoken) {
                highest = spoken;
                self.suites_of(version, suite).await?;
            }
            // Whoever chooses a lower version speaks none in between.
            let from = spoken.map_or(version, |(version, _)| version);
            next = VERSIONS.into_iter().find(|lower| lower.0 < from.0);
        }
        Some(())
    }

    async fn suites_of(&mut self, version: TlsVersion, suite: u16) -> Option<()> {
        if !VERSIONS.contains(&version) {
            return Some(());
        }
        let mut known = vec![suite];
        for offered in [Offered::Ecdhe, Offered::NoEcdhe] {
            while let Some((_, suite)) = self.ask(version, offered, &known).await? {
                known.push(suite);
            }
        }
        Some(())
    }

    /// One hello; what it chose, if it chose anything. None: it is over.
    async fn ask(&mut self, version: TlsVersion, offered: Offered, known: &[u16]) -> Option<Option<(TlsVersion, u16)>> {
        let suites: Vec<u16> = suites(offered).filter(|suite| !known.contains(suite)).collect();
        if suites.is_empty() {
            return Some(None);
        }
        if self.asked.legacy.hellos >= HELLOS {
            return None;
        }
        self.asked.legacy.hellos += 1;
        let mut random = [0; 32];
        SystemRandom::new().fill(&mut random).ok()?;
        let record = Offer { version, suites: suites.clone(), sni: self.sni, random }.record();
        let flight = match self.converse(&record).await {
            Answer::Over => return None,
            Answer::Chosen(flight) => flight,
            Answer::Refused(failure) => {
                self.refused(version, offered, failure);
                return Some(None);
            }
        };
        let (Some(hello), Some(chosen)) = (flight.hello, chosen(&flight)) else { return Some(None) };
        if hello.version > version.0 {
            let detail = format!("{} chosen, {} offered", chosen.version, version_words(version));
            self.refused(version, offered, TlsFailure::Misbehaved { detail });
            return Some(None);
        }
        // It would do so for ever.
        if offered != Offered::All && !suites.contains(&hello.suite) {
            let detail = format!("{} chosen, which was not offered", chosen.suite);
            self.refused(version, offered, TlsFailure::Misbehaved { detail });
            return Some(None);
        }
        if self.asked.chain.is_empty() {
            self.asked.chain = self.observer.board().keep(flight.chain);
        }
        if !self.asked.legacy.spoken.contains(&chosen) {
            self.asked.legacy.spoken.push(chosen);
        }
        Some(Some((TlsVersion(hello.version), hello.suite)))
    }

    fn refused(&mut self, version: TlsVersion, offered: Offered, failure: TlsFailure) {
        self.asked.legacy.refused.push(Refused { version: version_words(version), offered, failure });
    }

    async fn converse(&self, record: &[u8]) -> Answer {
        let Ok(mut stream) = self.observer.connect(self.route, self.deadline).await else { return Answer::Over };
        let limit = self.deadline.step(self.observer.deployment.network.step_timeout);
        let answer = exchange(&mut stream, record, limit).await;
        // Whatever it makes of that: nothing more is said.
        let _ = within(super::conversation::GOODBYE, stream.shutdown()).await;
        answer
    }
}

/// Sends a hello and reads until the server has said all, or no more.
async fn exchange<S: Io>(stream: &mut S, record: &[u8], limit: Duration) -> Answer {
    let mut reader = Reader::default();
    let mut seen = Vec::new();
    let spoken = within(limit, async {
        stream.write_all(record).await?;
        let mut buffer = vec![0; 4096];
        while reader.flight.end.is_none() {
            let read = stream.read(&mut buffer).await?;
            let Some(read) = buffer.get(..read).filter(|read| !read.is_empty()) else { break };
            seen.extend(read.iter().take(tls::BEGINNING.saturating_sub(seen.len())));
            reader.take(read);
        }
        Ok::<(), std::io::Error>(())
    })
    .await;
    // What was chosen is known, however it went on.
    if reader.flight.hello.is_some() {
        return Answer::Chosen(reader.flight);
    }
    let silent = reader.is_empty();
    match (reader.flight.end, spoken) {
        (Some(End::Alert(number)), _) => {
            Answer::Refused(TlsFailure::Alert { name: tls::alert_name(rustls::AlertDescription::from(number)) })
        }
        (Some(End::Malformed), _) if !tls::looks_like_tls(&seen) => Answer::Over,
        (Some(End::Malformed | End::TooLong | End::Done), _) => {
            Answer::Refused(TlsFailure::Misbehaved { detail: "no ServerHello where one should be".to_owned() })
        }
        (None, Err(_)) => Answer::Over,
        (None, Ok(Ok(()))) if silent => Answer::Refused(TlsFailure::ClosedAfterClientHello),
        (None, Ok(Ok(()))) => Answer::Refused(TlsFailure::Closed),
        (None, Ok(Err(error))) if !tls::is_reset(&error) => {
            Answer::Refused(TlsFailure::Misbehaved { detail: error.to_string() })
        }
        (None, Ok(Err(_))) if silent => Answer::Refused(TlsFailure::ResetAfterClientHello),
        (None, Ok(Err(_))) => Answer::Refused(TlsFailure::Reset),
    }
}
