//! `tls/interception`

use std::collections::BTreeSet;

use crate::{
    cause::Cause,
    certificate::{Presented, judge_presented},
    check::{Case, Check, CheckId, GuideStep, Judgement, Meta},
    deployment::Role,
    outcome::{Evidence, Outcome},
    recording::{CertId, Recording},
    x509::{ChainFacts, PathEnd, Place},
};

/// Nothing between us and the servers re-signs their certificates.
pub struct Interception;

static META: Meta = Meta {
    id: CheckId("tls/interception"),
    title: "Nothing on the way re-signs the servers' certificates",
    steps: &[GuideStep::P2, GuideStep::S1],
    depends_on: &[
        CheckId("firewall/console-to-discovery"),
        CheckId("firewall/device-services-to-discovery"),
        CheckId("firewall/discovery-to-device-services"),
        CheckId("firewall/devices-to-trust-service"),
        CheckId("network/reachable"),
        CheckId("tls/versions"),
    ],
    since: "0.1.0",
};

impl Check for Interception {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        let compared = compared(case);
        judge_presented(case, |_| true, |presented, chain| vec![of(case, presented, chain, &compared)])
    }
}

/// The leaves met where discovery and a host of the customer's were met together, so that their issuers could be compared.
fn compared<'a>(case: &Case<'a>) -> BTreeSet<&'a CertId> {
    let leaves = |recording: &'a Recording, of: fn(Role) -> bool| -> Vec<&'a CertId> {
        let met = recording.connections.iter().filter(|fact| of(fact.role));
        met.filter_map(|fact| fact.outcome.as_ref().ok()?.chain.first()).collect()
    };
    let of_one = |recording: &'a Recording| {
        let vendors = leaves(recording, |role| role == Role::Discovery);
        let customers = leaves(recording, |role| role != Role::Discovery);
        if vendors.is_empty() || customers.is_empty() { Vec::new() } else { [vendors, customers].concat() }
    };
    case.recordings.iter().flat_map(of_one).collect()
}

fn of(case: &Case<'_>, presented: &Presented<'_>, chain: &ChainFacts, compared: &BTreeSet<&CertId>) -> Outcome {
    let Some(leaf) = chain.leaf() else {
        return Outcome::Skipped("its certificate cannot be read, so that nobody knows who issued it".to_owned());
    };
    let evidence = Evidence::of("issuer", &leaf.issuer);
    if let Some(found) = case.interception(&leaf.id) {
        let cause = Cause::Intercepted {
            certificate: leaf.name(Place::Leaf),
            issuer: found.issuer.clone(),
            proof: found.proof.clone(),
            declared: found.declared,
        };
        let key = format!("{} sha256//{}", leaf.key.words, leaf.key.spki_sha256);
        return Outcome::fail(cause, evidence.and("key", key));
    }
    let Some(path) = chain.used_path(presented.role) else {
        // certificate/path says what is wrong with it.
        return Outcome::Skipped(
            "its chain leads to no root that counts, and nothing else tells who issued it".to_owned(),
        );
    };
    match &path.end {
        end if end.is_public() => Outcome::Pass(evidence.and("root", "public")),
        PathEnd::SigningRoot { .. } => Outcome::Pass(evidence.and("root", "the Workspace ONE signing root")),
        _ if compared.contains(&leaf.id) => Outcome::Pass(
            evidence.and("root", "private, and its issuer does not sign for discovery and the customer's hosts alike"),
        ),
        _ => Outcome::Skipped(
            "its root is private, and there was no certificate of discovery to compare its issuer with".to_owned(),
        ),
    }
}
