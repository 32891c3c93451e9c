//! Peers beyond the table: bombs, loops, lies, and what speaks another protocol.

mod answers;
mod bodies;
mod certificates;
mod handshakes;
mod names;
mod proxies;
mod redirects;
mod sound;

use std::{net::TcpListener, sync::LazyLock};

use crate::{
    Row,
    asks::{Asks, Patience},
    peer::Peer,
};

/// What a terminal, a bidirectional text and a CI system would obey.
pub const ESCAPES: &str = "\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}31m\u{202e}moc.live\u{2066}\r\n::error::x";

/// Where redirects lead: nobody may ever ask there.
pub static NOBODY: LazyLock<TcpListener> = LazyLock::new(|| {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    listener
});

pub fn rows() -> Vec<Row> {
    let mut rows = sound::rows();
    rows.extend(handshakes::rows());
    rows.extend(certificates::rows());
    rows.extend(answers::rows());
    rows.extend(bodies::rows());
    rows.extend(redirects::rows());
    rows.extend(proxies::rows());
    rows.extend(names::rows());
    rows
}

fn row(what: &str, asks: Asks, peer: impl Into<Peer>, said: &[String]) -> Row {
    let mut said = said.to_vec();
    said.sort();
    Row { name: what.to_owned(), asks, peer: peer.into(), patience: Patience::Long, said, leaves: false }
}

/// A row that ends by waiting.
fn waits(what: &str, asks: Asks, peer: impl Into<Peer>, said: &[String]) -> Row {
    Row { patience: Patience::Short, ..row(what, asks, peer, said) }
}

/// These certificates have EC keys, which the known client is not known to compare.
fn key() -> String {
    "pins/cover-every-server warn key-type-unknown-to-client".to_owned()
}
