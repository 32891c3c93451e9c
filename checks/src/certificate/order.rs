//! `certificate/order`

use super::{READABLE, judge_each, leaf_unreadable};
use crate::{
    cause::Cause,
    check::{Case, Check, CheckId, GuideStep, Judgement, Meta},
    outcome::{Evidence, Outcome},
    x509::{CertificateFacts, ChainFacts, PathEnd, Place},
};

/// Leaf first, each issued by the next, no strangers?
pub struct Order;

/// As many certificates are named as evidence: each finding bears it, and a hostile chain has hundreds.
const LISTED: usize = 16;

static META: Meta = Meta {
    id: CheckId("certificate/order"),
    title: "Each server sends its chain in order and nothing beside it",
    steps: &[GuideStep::P2],
    depends_on: READABLE,
    since: "0.1.0",
};

impl Check for Order {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        judge_each(case, |_| true, |_, chain| judge(chain))
    }
}

pub(super) fn judge(chain: &ChainFacts) -> Vec<Outcome> {
    if chain.leaf().is_none() {
        return vec![leaf_unreadable(chain)];
    }
    let sent = || {
        let names = chain.sent.iter().take(LISTED).map(|one| match one {
            Ok(facts) => facts.display_subject(),
            Err(_) => "(unreadable)".to_owned(),
        });
        let names = names.collect::<Vec<_>>().join(", ");
        match chain.sent.len().saturating_sub(LISTED) {
            0 => Evidence::of("sent", names),
            more => Evidence::of("sent", format!("{names} and {more} more")),
        }
    };
    let mut outcomes = Vec::new();
    if let Some(should_be) = &chain.should_be {
        outcomes.push(Outcome::warn(Cause::WrongOrder { should_be: should_be.clone() }, sent()));
    }
    let at = |place: &usize| chain.sent.get(*place).and_then(|one| one.as_ref().ok());
    for facts in chain.doubles.iter().filter_map(at) {
        let certificate = facts.name(place_of(chain, facts));
        outcomes.push(Outcome::warn(Cause::SentTwice { certificate }, sent()));
    }
    // Where the path has a gap, what stands above it looks like a stranger; the gap is certificate/path's.
    let has_gap = chain.paths.iter().all(|path| matches!(path.end, PathEnd::IssuerMissing { .. }));
    let strangers = if has_gap { &[][..] } else { &chain.strangers };
    for facts in strangers.iter().filter_map(at) {
        let certificate = facts.name(place_of(chain, facts));
        outcomes.push(Outcome::warn(Cause::StrangerSent { certificate }, sent()));
    }
    if outcomes.is_empty() {
        outcomes.push(Outcome::Pass(sent()));
    }
    outcomes
}

fn place_of(chain: &ChainFacts, facts: &CertificateFacts) -> Place {
    match chain.leaf() {
        Some(leaf) if leaf.id == facts.id => Place::Leaf,
        _ if facts.self_issued => Place::Root,
        _ => Place::Intermediate,
    }
}
