//! Which versions and suites of TLS a server speaks, beside the handshakes that phones of today make.

use std::{collections::HashSet, net::SocketAddr, time::Duration};

use serde::{Deserialize, Serialize};

use super::{CertId, ConnectionFact, ConversationFailure, HandshakeSignature, Recording, TlsFailure};
use crate::{
    deployment::{Endpoint, Role},
    time::millis,
};

/// One handshake in which TLS 1.2 alone was offered, with every suite and curve that rustls knows for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls12Fact {
    /// The conversation; its chain may be another than clients of TLS 1.3 are shown.
    pub connection: ConnectionFact,
    /// What the server chose, where it came to that, even if the handshake broke off afterwards.
    pub chosen: Option<Chosen>,
}

/// What was presented where.
fn presented_at(fact: &ConnectionFact) -> (Role, &Endpoint, Option<SocketAddr>, &[CertId]) {
    (fact.role, &fact.endpoint, fact.address, fact.presented().unwrap_or_default())
}

impl Recording {
    /// The handshakes with TLS 1.2 alone in which a server presented a chain that it presented in no other: what only
    /// the clients of that version meet.
    pub fn met_on_tls12(&self) -> impl Iterator<Item = &ConnectionFact> {
        let others = if self.tls12.is_empty() { &[] } else { self.connections.as_slice() };
        let mut known: HashSet<_> = others.iter().map(presented_at).collect();
        let asked = self.tls12.iter().map(|fact| &fact.connection);
        asked.filter(move |fact| fact.presented().is_some() && known.insert(presented_at(fact)))
    }

    /// Every conversation in which a server may have presented something: those of clients of today, and those that only
    /// clients of TLS 1.2 have.
    pub fn presentations(&self) -> impl Iterator<Item = &ConnectionFact> {
        self.connections.iter().chain(self.met_on_tls12())
    }
}

/// What a server chose from a ClientHello of TLS 1.2 or older; it is said in clear text, and proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    /// `TLSv1.2`, `TLSv1.1`, `TLSv1.0`, `SSLv3`.
    pub version: String,
    /// The suite's IANA name, or its number as `0x1301`.
    pub suite: String,
    /// The curve of ServerKeyExchange; none: the suite has none, or the message did not come.
    pub curve: Option<Curve>,
    /// Whether extended master secret (RFC 7627) was echoed.
    pub extended_master_secret: bool,
    /// Whether secure renegotiation (RFC 5746) was.
    pub secure_renegotiation: bool,
}

/// An elliptic curve by which keys are agreed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Curve {
    /// `P-256`, `x25519`, or IANA's name; a number or `explicit parameters` for what has none.
    pub name: String,
    /// The size of its field; none: not known.
    pub bits: Option<u16>,
}

/// What a server that no client of today agrees with answers to hellos of our own: TLS 1.2 and older, every common suite.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Legacy {
    /// How many hellos were sent.
    pub hellos: u32,
    /// Time from the first to the last.
    #[serde(with = "millis")]
    pub took: Duration,
    /// What it chose, in the order asked, each once; empty: it answered none of them.
    pub spoken: Vec<Chosen>,
    /// What it does not speak.
    pub refused: Vec<Refused>,
    /// Whether it was asked until it had nothing more to choose; else it may speak more than this.
    pub complete: bool,
}

/// A hello that a server chose nothing from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// The version offered.
    pub version: String,
    /// The suites offered.
    pub offered: Offered,
    /// What came instead.
    pub failure: TlsFailure,
}

/// The suites in a hello, those left out that the server had chosen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Offered {
    /// Every common one.
    All,
    /// Those with ECDHE.
    Ecdhe,
    /// Those without.
    NoEcdhe,
}

impl ConnectionFact {
    /// The chain that the server presented, even if the handshake failed afterwards; none: it presented none.
    pub fn presented(&self) -> Option<&[CertId]> {
        match &self.outcome {
            Ok(handshake) => Some(&handshake.chain),
            Err(ConversationFailure::Tls { chain, .. }) if !chain.is_empty() => Some(chain),
            Err(_) => None,
        }
    }

    /// Whether the server proved that it has the leaf's key; none: the handshake did not come to that.
    pub fn signature(&self) -> Option<&HandshakeSignature> {
        self.outcome.as_ref().ok().map(|handshake| &handshake.signature)
    }

    /// What the server said below rustls, where it said anything at all.
    pub fn legacy_answer(&self) -> Option<&Legacy> {
        self.legacy.as_ref().filter(|legacy| !legacy.spoken.is_empty())
    }
}
