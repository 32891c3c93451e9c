//! `csr/single-dns-name`

use super::{READABLE, if_readable, judge_declared};
use crate::{
    cause::Cause,
    check::{Case, Check, CheckId, GuideStep, Judgement, Meta},
    deployment::ServiceUrl,
    matching::{covers, matches},
    outcome::{Evidence, Outcome, Unobserved},
    x509::CsrFacts,
};

/// Is there not more than one DNS name, and does it cover the Trust Service's host?
pub struct SingleDnsName;

impl Check for SingleDnsName {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("csr/single-dns-name"),
            title: "The request has not more than one DNS name, and it covers the Trust Service's host",
            steps: &[GuideStep::S3],
            depends_on: READABLE,
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        let host = case.deployment.trust_service.url.as_ref().map(ServiceUrl::host);
        let undeclared = "the Trust Service's host is not declared: set trust_service.url";
        judge_declared(case, |request| if_readable(request, |facts| judge(facts, host.as_deref(), undeclared)))
    }
}

/// `undeclared` says how to name the host.
pub(super) fn judge(facts: &CsrFacts, host: Option<&str>, undeclared: &str) -> Vec<Outcome> {
    let names: Vec<String> = facts.dns_names.iter().chain(&facts.ip_addresses).cloned().collect();
    let evidence = || Evidence::of("names", if names.is_empty() { "none".to_owned() } else { names.join(", ") });
    let mut said = Vec::new();
    if facts.dns_names.len() > 1 {
        let cause = Cause::CsrSeveralDnsNames { names: facts.dns_names.clone() };
        said.push(Outcome::fail(cause, evidence()));
    }
    let Some(host) = host else {
        if said.is_empty() {
            said.push(Outcome::NotObserved(Unobserved::ByHand { reason: undeclared.to_owned() }));
        }
        return said;
    };
    let evidence = evidence().and("host", host);
    if covers(host, &facts.dns_names, &facts.ip_addresses) {
        if said.is_empty() {
            said.push(Outcome::Pass(evidence));
        }
        return said;
    }
    let in_common_name = facts.common_name.as_ref().is_some_and(|name| name == host || matches(host, name));
    said.push(if names.is_empty() && in_common_name {
        Outcome::warn(Cause::CsrNameInCommonNameOnly { host: host.to_owned() }, evidence)
    } else {
        Outcome::fail(Cause::CsrNameMismatch { host: host.to_owned(), names }, evidence)
    });
    said
}

/// Whether its names are such that the certificate can have the same.
pub(super) fn is_right(facts: &CsrFacts, host: Option<&str>) -> bool {
    !judge(facts, host, "").iter().any(|outcome| matches!(outcome, Outcome::Fail(_)))
}
