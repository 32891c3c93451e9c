//! `network/proxy`

use crate::{
    cause::Cause,
    check::{Case, Check, CheckId, Judgement, Meta},
    outcome::{Evidence, Outcome, Target},
    reach,
    recording::{ConversationFailure, ProxyFailure},
};

/// The declared proxy is usable.
pub struct Proxy;

impl Check for Proxy {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("network/proxy"),
            title: "The declared proxy lets every conversation through",
            steps: &[],
            depends_on: &[],
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        let Some(proxy) = &case.deployment.network.proxy else {
            let target = Target::Thing("proxy".to_owned());
            return vec![(target, Outcome::Skipped("no proxy is declared".to_owned()))];
        };
        let itself = Target::Endpoint(proxy.endpoint());
        let mut judgement = Judgement::new();
        let facts = case.recordings.iter().flat_map(|recording| {
            recording.connections.iter().map(|fact| (recording.vantage, fact)).filter(|(_, fact)| fact.proxied)
        });
        let mut tunnels = 0;
        for (vantage, fact) in facts {
            let Err(ConversationFailure::Proxy { failure }) = &fact.outcome else {
                tunnels += 1;
                continue;
            };
            let target = match failure {
                ProxyFailure::TargetUnreachable { .. } => {
                    tunnels += 1;
                    continue;
                }
                // It waits for that target, which owns the fault.
                ProxyFailure::Silent { .. } if reach::is_led_on(case, vantage) => continue,
                ProxyFailure::Denied { .. } => Target::of(&fact.endpoint, fact.address),
                _ => itself.clone(),
            };
            let cause = Cause::ProxyFailed { proxy: proxy.to_string(), failure: failure.clone() };
            if !judgement.iter().any(|(known, _)| *known == target) {
                let evidence = Evidence::of("asked for", Target::of(&fact.endpoint, fact.address));
                judgement.push((target, Outcome::fail(cause, evidence)));
            }
        }
        if judgement.is_empty() {
            judgement.push(match tunnels {
                0 => (itself, Outcome::unanswered("no conversation went through the proxy")),
                _ => (itself, Outcome::Pass(Evidence::of("tunnels", tunnels))),
            });
        }
        judgement
    }
}
