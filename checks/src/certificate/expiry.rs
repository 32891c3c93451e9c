//! `certificate/expiry`

use super::{Presented, judge_each, leaf_unreadable};
use crate::{
    cause::Cause,
    check::{Case, Check, CheckId, GuideStep, Judgement, Meta},
    clock,
    deployment::Policy,
    outcome::{Evidence, Outcome},
    time::Timestamp,
    x509::ChainFacts,
};

/// When does the first certificate of the path used expire?
pub struct Expiry;

static META: Meta = Meta {
    id: CheckId("certificate/expiry"),
    title: "No certificate of a path used expires soon",
    steps: &[GuideStep::P2],
    depends_on: &[CheckId("certificate/path"), CheckId("network/clock")],
    since: "0.1.0",
};

impl Check for Expiry {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        let other = clock::contradicted(case);
        judge_each(
            case,
            |_| true,
            |presented, chain| {
                let in_time = |at| clock::is_in_time(chain, presented.role, at);
                match other.filter(|other| in_time(case.now) != in_time(*other)) {
                    Some(other) => vec![by_one_clock(presented, in_time(other), other)],
                    None => judge(presented, chain, case.policy, case.now),
                }
            },
        )
    }
}

/// Which of the two clocks is right, `network/clock` says, if anything does.
fn by_one_clock(presented: &Presented<'_>, in_time: bool, other: Timestamp) -> Outcome {
    let (here, there) = if in_time { ("out of time", "in time") } else { ("in time", "out of time") };
    Outcome::unanswered(format!(
        "what {} presents is {here} by this machine's clock and {there} by the servers', which say {other}",
        presented.target
    ))
}

pub(super) fn judge(presented: &Presented<'_>, chain: &ChainFacts, policy: &Policy, now: Timestamp) -> Vec<Outcome> {
    if chain.leaf().is_none() {
        return vec![leaf_unreadable(chain)];
    }
    let Some(path) = chain.used_path(presented.role) else {
        let reason = format!("no sound path from what {} presents", presented.target);
        return vec![Outcome::unanswered(reason)];
    };
    let members = chain.members(path);

    let out_of_time = members.iter().filter_map(|(place, facts)| {
        let evidence = Evidence::of("certificate", facts.display_subject());
        if facts.not_after < now {
            let evidence = evidence.and("expired", facts.not_after).and("days ago", facts.not_after.days_until(now));
            let cause = Cause::Expired { certificate: facts.name(*place), not_after: facts.not_after };
            return Some(Outcome::fail(cause, evidence));
        }
        (now < facts.not_before).then(|| {
            let evidence = evidence.and("valid from", facts.not_before);
            let cause = Cause::NotYetValid { certificate: facts.name(*place), not_before: facts.not_before };
            Outcome::fail(cause, evidence)
        })
    });
    let out_of_time: Vec<Outcome> = out_of_time.collect();
    if !out_of_time.is_empty() {
        return out_of_time;
    }

    let Some((place, first)) = members.iter().min_by_key(|(_, facts)| facts.not_after) else { return Vec::new() };
    let days = now.days_until(first.not_after);
    let evidence =
        Evidence::of("first to expire", first.display_subject()).and("expires", first.not_after).and("days left", days);
    let cause = || Cause::ExpiresSoon { certificate: first.name(*place), not_after: first.not_after, days };
    if days < i64::from(policy.critical_days) {
        vec![Outcome::fail(cause(), evidence)]
    } else if days < i64::from(policy.warning_days) {
        vec![Outcome::warn(cause(), evidence)]
    } else {
        vec![Outcome::Pass(evidence)]
    }
}
