//! One chain, looked at by itself: every certificate, every path and what breaks it. `pinflight.inspect/1`.

#[cfg(test)]
mod tests;
mod view;

use std::{collections::HashSet, net::SocketAddr, sync::Arc};

use serde::Serialize;

pub use self::view::{
    Attempt, CertificateState, CertificateView, Connection, End, Facts, FindingView, Key, Names, PathState, PathView,
    Pins,
};
use crate::{
    cause::Cause,
    certificate::Alone,
    check::CheckId,
    deployment::{Endpoint, Policy, Role, RootStore},
    outcome::{Evidence, Outcome, State},
    recording::{CertId, ConnectionFact, ConversationFailure, ProxyFailure, Recording},
    time::Timestamp,
    tls::versions,
    x509::{self, CertificateFacts, ChainFacts},
};

/// The `schema` of every inspection this version writes.
pub const SCHEMA: &str = "pinflight.inspect/1";

/// What the chain is for is not known, so the Workspace ONE signing root counts too.
const ROLE: Role = Role::TrustService;

/// All that is to be shown of a chain.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inspection {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The version of pinflight that looked.
    pub version: String,
    /// Where the chain is from.
    pub source: Source,
    /// When it was looked at.
    pub taken_at: Timestamp,
    /// The moment for which it is judged; another one under `--at`.
    pub judged_at: Timestamp,
    /// The public roots that counted.
    pub roots: RootStore,
    /// How many certificates were supplied to help.
    pub supplied: usize,
    /// Whether there is a chain, and nothing is wrong with it; warnings do not count.
    pub sound: bool,
    /// In the order of the source, then those that the paths add to them.
    pub certificates: Vec<CertificateView>,
    /// Every candidate path from the leaf, best first.
    pub paths: Vec<PathView>,
    /// What is wrong, then what needs attention.
    pub findings: Vec<FindingView>,
    /// The conversation; none: the chain is from files.
    pub connection: Option<Connection>,
}

/// Where a chain is from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Source {
    /// A server.
    Host {
        /// As it was asked.
        host: String,
        /// TCP port.
        port: u16,
    },
    /// Files, read as one chain.
    Files {
        /// As named.
        paths: Vec<String>,
    },
}

/// Certificates from files, as one chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filed {
    /// The files, as named.
    pub paths: Vec<String>,
    /// Their certificates, in their order.
    pub certificates: Vec<CertId>,
    /// Whether that order means anything; the certificates of a PKCS#7 file are a set.
    pub ordered: bool,
}

impl Inspection {
    /// What a server presented to the last of the recording's connections; the earlier ones are attempts that failed.
    pub fn of_server(recording: &Recording, asked: &Endpoint, now: Timestamp) -> Self {
        let source = Source::Host { host: asked.host.clone(), port: asked.port };
        let mut inspection = Self::empty(recording, source, now);
        let mut outcomes = not_answered(recording);
        let mut name_matches = None;
        let answer = recording.connections.last();
        if let Some((fact, sent)) = answer.and_then(|fact| Some((fact, fact.presented()?))) {
            let chain = x509::chain_as_of(sent, recording, now);
            let signature = fact.outcome.as_ref().ok().map(|handshake| &handshake.signature);
            let alone =
                Alone { chain: &chain, endpoint: Some(&fact.endpoint), role: ROLE, signature, policy: &policy(), now };
            outcomes.extend(alone.judge());
            let named = outcomes.iter().find(|(id, _)| id.0 == "certificate/name");
            name_matches = named.map(|(_, outcome)| matches!(outcome, Outcome::Pass(_)));
            inspection.show(&chain, &(1..=sent.len()).collect::<Vec<_>>());
        }
        inspection.find(outcomes);
        inspection.connection = Some(Connection::of(recording, asked, name_matches));
        inspection
    }

    /// What files hold.
    pub fn of_files(recording: &Recording, filed: &Filed, now: Timestamp) -> Self {
        let mut inspection = Self::empty(recording, Source::Files { paths: filed.paths.clone() }, now);
        let order = leaf_first(recording, filed);
        let sent: Vec<CertId> = order.iter().filter_map(|place| filed.certificates.get(*place).cloned()).collect();
        let chain = x509::chain_as_of(&sent, recording, now);
        let alone = Alone { chain: &chain, endpoint: None, role: ROLE, signature: None, policy: &policy(), now };
        let mut outcomes = alone.judge();
        outcomes.retain(|(_, outcome)| !matches!(cause(outcome), Some(Cause::WrongOrder { .. })));
        for (_, outcome) in &mut outcomes {
            if let Outcome::Fail(finding) | Outcome::Warn(finding) = outcome {
                place_in_file(&mut finding.cause, &order);
            }
        }
        if let Some(should_be) = should_be(&chain, &order).filter(|_| filed.ordered) {
            let cause = Cause::WrongOrder { should_be };
            outcomes.push((CheckId("certificate/order"), Outcome::warn(cause, Evidence::none())));
        }
        inspection.show(&chain, &order.iter().map(|place| place + 1).collect::<Vec<_>>());
        inspection.find(outcomes);
        inspection
    }

    fn empty(recording: &Recording, source: Source, now: Timestamp) -> Self {
        Self {
            schema: SCHEMA,
            version: recording.version.clone(),
            source,
            taken_at: recording.taken_at,
            judged_at: now,
            roots: recording.deployment.trust.roots,
            supplied: recording.roots.supplied.len(),
            sound: false,
            certificates: Vec::new(),
            paths: Vec::new(),
            findings: Vec::new(),
            connection: None,
        }
    }

    /// The certificates by these numbers, and the paths.
    fn show(&mut self, chain: &ChainFacts, numbers: &[usize]) {
        let now = self.judged_at;
        let view =
            |(one, number): (&Result<Arc<_>, _>, &usize)| CertificateView::of(*number, true, one.as_deref(), now);
        self.certificates = chain.sent.iter().zip(numbers).map(view).collect();
        self.certificates.sort_by_key(|one| one.number);
        for facts in &chain.added {
            let number = self.certificates.len() + 1;
            self.certificates.push(CertificateView::of(number, false, Ok(facts), now));
        }
        let used = chain.used_path(ROLE);
        let paths =
            chain.paths.iter().map(|path| PathView::of(chain, path, used.is_some_and(|used| used == path), now));
        self.paths = paths.collect();
    }

    fn find(&mut self, outcomes: Vec<(CheckId, Outcome)>) {
        self.findings = outcomes.into_iter().filter_map(|(id, outcome)| FindingView::of(id, outcome)).collect();
        // Stable: each kind in the order in which the checks say it.
        self.findings.sort_by_key(|finding| finding.outcome != State::Fail);
        self.sound =
            self.findings.iter().all(|finding| finding.outcome != State::Fail) && !self.certificates.is_empty();
    }
}

/// A certificate that will expire is sound until then: it is warned of, from 30 days on.
fn policy() -> Policy {
    Policy { critical_days: 0, ..Policy::default() }
}

/// Why there was no handshake, where there was none; with the check that owns the cause.
fn not_answered(recording: &Recording) -> Vec<(CheckId, Outcome)> {
    if recording.connections.iter().any(|fact| fact.outcome.is_ok()) {
        return Vec::new();
    }
    // TLS answers, below what clients of today speak.
    let spoken: Vec<_> = recording.connections.iter().filter_map(ConnectionFact::legacy_answer).collect();
    if !spoken.is_empty() {
        let outcomes = spoken.into_iter().flat_map(versions::below);
        return outcomes.map(|outcome| (CheckId("tls/versions"), outcome)).collect();
    }
    let failed = recording.connections.iter().filter_map(|fact| missed(recording, fact));
    let mut causes: Vec<(CheckId, Cause)> = failed.collect();
    if causes.is_empty() {
        causes.extend(unresolved(recording).map(|cause| (CheckId("dns/names-resolve"), cause)));
    }
    causes.into_iter().map(|(id, cause)| (id, Outcome::fail(cause, Evidence::none()))).collect()
}

/// Why a conversation did not come about.
pub(crate) fn missed(recording: &Recording, fact: &ConnectionFact) -> Option<(CheckId, Cause)> {
    Some(of_failure(recording, fact.address, fact.outcome.as_ref().err()?.clone()))
}

/// What a conversation that did not come about means, by itself.
pub(crate) fn of_failure(
    recording: &Recording,
    address: Option<SocketAddr>,
    failure: ConversationFailure,
) -> (CheckId, Cause) {
    let proxy = || recording.deployment.network.proxy.as_ref().map(ToString::to_string).unwrap_or_default();
    match failure {
        ConversationFailure::Tcp { failure } => (CheckId("network/reachable"), Cause::TcpFailed { address, failure }),
        ConversationFailure::Tls { failure, .. } => {
            (CheckId("network/reachable"), Cause::TlsFailed { address, failure })
        }
        ConversationFailure::Proxy { failure: ProxyFailure::TargetUnreachable { answer } } => {
            (CheckId("network/reachable"), Cause::ProxyCannotReach { proxy: proxy(), answer })
        }
        ConversationFailure::Proxy { failure } => {
            (CheckId("network/proxy"), Cause::ProxyFailed { proxy: proxy(), failure })
        }
    }
}

/// Why names have no address, a cause for each look-up that failed.
pub(crate) fn unresolved(recording: &Recording) -> impl Iterator<Item = Cause> {
    recording.names.iter().filter_map(|fact| {
        let failure = fact.answer.as_ref().err()?.clone();
        Some(Cause::NameUnresolved { name: fact.name.clone(), resolver: fact.resolver.to_string(), failure })
    })
}

fn cause(outcome: &Outcome) -> Option<&Cause> {
    match outcome {
        Outcome::Fail(finding) | Outcome::Warn(finding) => Some(&finding.cause),
        _ => None,
    }
}

/// The places in the file, the leaf's first: a file may begin with the root, and has no order at all if it is a PKCS#7.
/// The leaf is the first certificate that issued no other one of the file, by name.
fn leaf_first(recording: &Recording, filed: &Filed) -> Vec<usize> {
    let read: Vec<Option<CertificateFacts>> = filed
        .certificates
        .iter()
        .map(|id| recording.certificates.get(id).and_then(|der| x509::read(&der.0).ok()))
        .collect();
    let issuers: HashSet<&str> =
        read.iter().flatten().filter(|facts| !facts.self_issued).map(|facts| facts.issuer.as_str()).collect();
    let is_leaf = |facts: &CertificateFacts| !issuers.contains(facts.subject.as_str());
    // What stands first and cannot be read may be the leaf.
    let may_be_leaf = |one: &Option<CertificateFacts>| one.as_ref().map_or(filed.ordered, is_leaf);
    let leaf = read.iter().position(may_be_leaf).unwrap_or_default();
    let rest = (0..read.len()).filter(|place| *place != leaf);
    std::iter::once(leaf).chain(rest).take(read.len()).collect()
}

/// The order that the file should have, where it is another, as its places.
fn should_be(chain: &ChainFacts, order: &[usize]) -> Option<Vec<usize>> {
    let is_kept = |at: &usize| !chain.strangers.contains(at) && !chain.doubles.contains(at);
    let places = match &chain.should_be {
        Some(places) => places.clone(),
        None if order.first() == Some(&0) => return None,
        None => (0..order.len()).filter(is_kept).collect(),
    };
    Some(places.iter().filter_map(|place| order.get(*place).copied()).collect())
}

/// From a place in the chain as judged to the place in the file.
fn place_in_file(cause: &mut Cause, order: &[usize]) {
    if let Cause::CertificateUnreadable { position, .. } = cause {
        *position = order.get(*position).copied().unwrap_or(*position);
    }
}
