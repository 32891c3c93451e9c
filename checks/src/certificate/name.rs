//! `certificate/name`

use super::{READABLE, judge_each, leaf_unreadable};
use crate::{
    cause::Cause,
    check::{Case, Check, CheckId, GuideStep, Judgement, Meta},
    deployment::Endpoint,
    matching::{covers, matches, would_match},
    outcome::{Evidence, Outcome},
    x509::CertificateFacts,
};

/// Does the name match by the platforms' rules?
pub struct Name;

static META: Meta = Meta {
    id: CheckId("certificate/name"),
    title: "Each server's certificate is for the name that devices ask for",
    steps: &[GuideStep::P2],
    depends_on: READABLE,
    since: "0.1.0",
};

impl Check for Name {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        judge_each(
            case,
            |_| true,
            |presented, chain| match chain.leaf() {
                Some(leaf) => vec![judge(presented.endpoint, leaf)],
                None => vec![leaf_unreadable(chain)],
            },
        )
    }
}

pub(super) fn judge(endpoint: &Endpoint, leaf: &CertificateFacts) -> Outcome {
    let host = endpoint.host.clone();
    let names: Vec<String> = leaf.dns_names.iter().chain(&leaf.ip_addresses).cloned().collect();
    let evidence = Evidence::of("asked for", &host)
        .and("names", if names.is_empty() { "none".to_owned() } else { names.join(", ") });
    if covers(&host, &leaf.dns_names, &leaf.ip_addresses) {
        return Outcome::Pass(evidence);
    }
    let intended = |name: &&String| endpoint.ip().is_none() && would_match(&host, name);
    if let Some(pattern) = leaf.dns_names.iter().find(intended) {
        return Outcome::fail(Cause::PartialWildcard { host, pattern: pattern.clone() }, evidence);
    }
    // Its version is the cause, and certificate/path's: no name could stand in it.
    if leaf.version < 3 && !leaf.has_san {
        return Outcome::unanswered(format!("a certificate of X.509 version {} has no SAN", leaf.version));
    }
    // Of an address that stands in the SAN as a dNSName, that is told.
    if let Some(common_name) = leaf.common_name.as_ref().filter(|_| !leaf.dns_names.contains(&host))
        && (matches(&host, common_name) || *common_name == host)
    {
        return Outcome::fail(Cause::NameInCommonNameOnly { host, common_name: common_name.clone() }, evidence);
    }
    Outcome::fail(Cause::NameMismatch { host, names }, evidence)
}
