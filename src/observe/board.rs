//! What is open and what is done, each in its place of the plan, whatever order the answers come in.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use pinflight_checks::{
    deployment::Role,
    recording::{
        CertId, ConnectionFact, ConversationFailure, Der, HttpFact, NameAnswer, NameFact, NameFailure, Resolver,
        Tls12Fact,
    },
};

use super::{dns::LookedUp, legacy::Asked};

/// A question's place in the plan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Order {
    /// Place of the target; follow-ups come last.
    pub(super) target: usize,
    /// Which follow-up; empty otherwise.
    pub(super) url: String,
    /// Names come before what needs their addresses.
    pub(super) step: Step,
    /// Place of the address among the name's.
    pub(super) address: usize,
    /// Place of the question among the address's.
    pub(super) question: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Name,
    Conversation,
    /// What a conversation's failure calls for.
    Legacy,
}

/// A look-up with its time.
#[derive(Clone, Debug)]
pub(super) struct TimedLookUp {
    pub(super) found: LookedUp,
    pub(super) took: std::time::Duration,
}

#[derive(Debug)]
struct NameEntry {
    order: Order,
    name: String,
    roles: BTreeSet<Role>,
    resolver: Resolver,
    done: Option<TimedLookUp>,
}

/// Where a question's words stand: many targets may ask the same.
#[derive(Debug, Default)]
struct Standing {
    open: usize,
    is_done: bool,
}

/// Gathers a run's facts.
#[derive(Debug, Default)]
pub(super) struct Board {
    open: BTreeMap<Order, String>,
    /// Every question that is open or done.
    asks: HashMap<String, Standing>,
    names: BTreeMap<String, NameEntry>,
    connections: BTreeMap<Order, ConnectionFact>,
    under_other_name: BTreeMap<Order, ConnectionFact>,
    tls12: BTreeMap<Order, Tls12Fact>,
    answers: BTreeMap<Order, HttpFact>,
    certificates: BTreeMap<CertId, Der>,
}

/// All that a run found, in plan order.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) certificates: BTreeMap<CertId, Der>,
    pub(super) names: Vec<NameFact>,
    pub(super) connections: Vec<ConnectionFact>,
    pub(super) under_other_name: Vec<ConnectionFact>,
    pub(super) tls12: Vec<Tls12Fact>,
    pub(super) answers: Vec<HttpFact>,
    pub(super) unasked: Vec<String>,
}

impl Board {
    pub(super) fn new(certificates: BTreeMap<CertId, Der>) -> Self {
        Self { certificates, ..Self::default() }
    }

    /// A question that will be asked.
    pub(super) fn open(&mut self, order: Order, ask: String) {
        self.asks.entry(ask.clone()).or_default().open += 1;
        if let Some(earlier) = self.open.insert(order, ask) {
            self.forget(&earlier);
        }
    }

    /// What is open no longer: it stood for a question until its addresses were known, or it is done.
    pub(super) fn withdraw(&mut self, order: &Order) {
        if let Some(ask) = self.open.remove(order) {
            self.forget(&ask);
        }
    }

    fn forget(&mut self, ask: &str) {
        let Some(standing) = self.asks.get_mut(ask) else { return };
        standing.open = standing.open.saturating_sub(1);
        if standing.open == 0 && !standing.is_done {
            self.asks.remove(ask);
        }
    }

    /// A name that is asked for this role too; whoever comes first in the plan gives it its place.
    pub(super) fn name(&mut self, ask: &str, order: &Order, name: &str, role: Option<Role>, resolver: &Resolver) {
        let entry = self.names.entry(ask.to_owned()).or_insert_with(|| NameEntry {
            order: order.clone(),
            name: name.to_owned(),
            roles: BTreeSet::new(),
            resolver: resolver.clone(),
            done: None,
        });
        if *order < entry.order {
            entry.order = order.clone();
        }
        entry.roles.extend(role);
    }

    pub(super) fn name_done(&mut self, ask: &str, order: &Order, found: TimedLookUp) {
        self.close(order);
        if let Some(entry) = self.names.get_mut(ask) {
            entry.done = Some(found);
        }
    }

    pub(super) fn connection_done(&mut self, order: Order, fact: ConnectionFact) {
        self.close(&order);
        self.connections.insert(order, fact);
    }

    pub(super) fn other_name_done(&mut self, order: Order, fact: ConnectionFact) {
        self.close(&order);
        self.under_other_name.insert(order, fact);
    }

    /// What the server of a failed conversation answers below rustls; its chain is the conversation's, if that had none.
    pub(super) fn legacy_done(&mut self, order: &Order, conversation: &Order, asked: Asked) {
        self.close(order);
        let Some(fact) = self.connections.get_mut(conversation) else { return };
        if let Err(ConversationFailure::Tls { chain, .. }) = &mut fact.outcome
            && chain.is_empty()
        {
            *chain = asked.chain;
        }
        fact.legacy = Some(asked.legacy);
    }

    pub(super) fn tls12_done(&mut self, order: Order, fact: Tls12Fact) {
        self.close(&order);
        self.tls12.insert(order, fact);
    }

    pub(super) fn answer_done(&mut self, order: Order, fact: HttpFact) {
        self.close(&order);
        self.answers.insert(order, fact);
    }

    fn close(&mut self, order: &Order) {
        if let Some(standing) = self.open.get(order).and_then(|ask| self.asks.get_mut(ask)) {
            standing.is_done = true;
        }
        self.withdraw(order);
    }

    /// Keeps each certificate once.
    pub(super) fn keep(&mut self, chain: Vec<Vec<u8>>) -> Vec<CertId> {
        let keep = |der: Vec<u8>| {
            let id = CertId::of(&der);
            self.certificates.entry(id.clone()).or_insert(Der(der));
            id
        };
        chain.into_iter().map(keep).collect()
    }

    /// How many distinct questions are known by now.
    pub(super) fn questions(&self) -> usize {
        self.asks.len()
    }

    pub(super) fn into_found(self) -> Found {
        let mut names: Vec<_> = self.names.into_values().collect();
        names.sort_by(|a, b| a.order.cmp(&b.order));
        let names = names.into_iter().filter_map(|entry| {
            let TimedLookUp { found: LookedUp { answer, queries }, took } = entry.done?;
            let roles = entry.roles.into_iter().collect();
            Some(NameFact { name: entry.name, roles, resolver: entry.resolver, took, answer, queries })
        });
        let mut seen = HashSet::new();
        let asks = self.asks;
        let is_done = |ask: &str| asks.get(ask).is_some_and(|standing| standing.is_done);
        let unasked = self.open.into_values().filter(|ask| !is_done(ask) && seen.insert(ask.clone()));
        Found {
            certificates: self.certificates,
            names: names.collect(),
            connections: self.connections.into_values().collect(),
            under_other_name: self.under_other_name.into_values().collect(),
            tls12: self.tls12.into_values().collect(),
            answers: self.answers.into_values().collect(),
            unasked: unasked.collect(),
        }
    }
}

/// A look-up that came to nothing at once.
pub(super) fn failed(failure: NameFailure) -> TimedLookUp {
    TimedLookUp { found: LookedUp { answer: Err(failure), queries: Vec::new() }, took: std::time::Duration::ZERO }
}

/// What `--resolve` gives in place of a look-up.
pub(super) fn given(addresses: Vec<std::net::IpAddr>) -> TimedLookUp {
    let answer = if addresses.is_empty() {
        Err(NameFailure::NoAddresses)
    } else {
        Ok(NameAnswer { addresses, canonical_names: Vec::new() })
    };
    TimedLookUp { found: LookedUp { answer, queries: Vec::new() }, took: std::time::Duration::ZERO }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(question: usize) -> Order {
        Order { target: 1, url: String::new(), step: Step::Conversation, address: 0, question }
    }

    #[test]
    fn a_question_that_many_ask_is_one_until_the_last_of_them_withdraws() {
        let mut board = Board::default();
        for (place, ask) in ["same", "same", "other"].into_iter().enumerate() {
            board.open(order(place), ask.to_owned());
        }
        assert_eq!(board.questions(), 2);
        board.withdraw(&order(0));
        assert_eq!(board.questions(), 2);
        board.withdraw(&order(1));
        assert_eq!(board.questions(), 1);
        board.open(order(2), "in its place".to_owned());
        assert_eq!((board.questions(), board.into_found().unasked), (1, vec!["in its place".to_owned()]));
    }

    #[test]
    fn what_was_answered_once_is_asked_nowhere() {
        let mut board = Board::default();
        for place in 0..3 {
            board.open(order(place), "same".to_owned());
        }
        board.close(&order(1));
        board.withdraw(&order(2));
        assert_eq!(board.questions(), 1);
        board.open(order(3), "unasked".to_owned());
        assert_eq!(board.questions(), 2);
        assert_eq!(board.into_found().unasked, ["unasked"]);
    }
}
