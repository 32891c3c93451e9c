//! `pins/host-matching`

use std::collections::BTreeSet;

use crate::{
    cause::Cause,
    check::{Case, Check, CheckId, EachOnce, Judgement, Meta},
    deployment::{Endpoint, Role},
    outcome::{Evidence, Outcome, Target},
    pin::{self, Book, PinSet, Source, SourceId},
    reach,
    x509::{CertificateFacts, KeyKind, Place},
};

/// Each host gets its own pins and no others'.
pub struct HostMatching;

impl Check for HostMatching {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("pins/host-matching"),
            title: "Device Services gets the pins under its own name, and no other host gets them",
            steps: &[],
            depends_on: &[
                CheckId("tls/interception"),
                CheckId("discovery/host-registry"),
                CheckId("trust-service/settings"),
                CheckId("pins/well-formed"),
            ],
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        let endpoint = case.deployment.device_services_endpoint();
        let target = Target::Endpoint(endpoint.clone());
        let book = Book::new(case);
        let used = match book.used_or_unseen(case) {
            Ok(used) => used,
            Err(unseen) => return unseen,
        };
        if !matches!(used.id, SourceId::CloudRegistry | SourceId::TrustService) {
            let reason = format!("devices take their pins from the {}, which name no hosts", used.id.words());
            return vec![(target, Outcome::Skipped(reason))];
        }
        if used.sets.is_empty() {
            return vec![(target, pin::unseen_pins(case, used))];
        }
        let mut said = EachOnce::default();
        for source in book.in_use() {
            for set in &source.sets {
                let is_used = source.id == used.id;
                let own = of_device_services(source, set, is_used, &endpoint.host);
                if let Some(outcome) = own {
                    said.say(target.clone(), outcome);
                }
                for other in others(case) {
                    let outcome = of_other(case, source, set, &other);
                    said.say(Target::Endpoint(other), outcome);
                }
            }
        }
        said.judgement
    }
}

fn of_device_services(source: &Source, set: &PinSet, is_used: bool, host: &str) -> Option<Outcome> {
    let words = source.id.words();
    if set.is_uncertain() {
        return Some(Outcome::unanswered(format!("which entry of the {words} devices use is not certain")));
    }
    let Some(applied) = set.applied_to(host) else {
        return is_used.then(|| Outcome::unanswered(format!("the {words} holds no pins for Device Services")));
    };
    let evidence = Evidence::of("pins applied", format!("those of {} in the {words}", applied.name));
    if applied.name == host {
        return Some(Outcome::Pass(evidence));
    }
    let before = host.strip_suffix(&applied.name).unwrap_or_default();
    let cause = Cause::ServedBySuffix {
        pins_source: words.to_owned(),
        host: host.to_owned(),
        name: applied.name.clone(),
        at_dot: before.ends_with('.') || applied.name.starts_with('.'),
    };
    Some(Outcome::warn(cause, evidence))
}

/// The other hosts that devices need, each once. One of the same name as Device Services is anchored in its own root and
/// stands under that name by the guide's leave.
fn others(case: &Case<'_>) -> Vec<Endpoint> {
    let handed_out = case.connections(&[Role::RedirectTarget]).map(|(_, fact)| fact.endpoint.clone());
    let declared = case.deployment.trust_service_endpoint().filter(|_| case.deployment.device_needs_trust_service());
    let mut known = BTreeSet::from([case.deployment.device_services.url.host()]);
    let all = std::iter::once(case.deployment.discovery_endpoint()).chain(declared).chain(handed_out);
    all.filter(|endpoint| known.insert(endpoint.host.clone())).collect()
}

fn of_other(case: &Case<'_>, source: &Source, set: &PinSet, other: &Endpoint) -> Outcome {
    let words = source.id.words();
    if set.is_uncertain() {
        return Outcome::unanswered(format!("which entry of the {words} devices use is not certain"));
    }
    let Some(applied) = set.applied_to(&other.host) else {
        return Outcome::Pass(Evidence::of("pins applied", "none"));
    };
    let evidence = Evidence::of("pins applied", format!("those of {} in the {words}", applied.name));
    let leaves = presented(case, other);
    let says = |leaf: &CertificateFacts| match (applied.keys.contains(&leaf.key.spki_sha256), &leaf.key.kind) {
        (true, KeyKind::Rsa { .. }) => Some(true),
        (false, KeyKind::Rsa { .. }) => Some(false),
        _ => None,
    };
    // The worst of what it presents.
    let rank = |leaf: &&CertificateFacts| match says(leaf) {
        Some(false) => 0,
        None => 1,
        Some(true) => 2,
    };
    let Some(leaf) = leaves.into_iter().min_by_key(rank) else {
        return Outcome::unanswered(format!("no certificate was seen at {other}, to which pins are applied"));
    };
    let matches = says(leaf);
    if matches == Some(true) && applied.name == other.host {
        return Outcome::Pass(evidence);
    }
    if matches == Some(false) && !set.faults.is_empty() {
        return Outcome::unanswered(format!(
            "a pin of the {words} that cannot be used may be meant for {}",
            other.host
        ));
    }
    let cause = Cause::OtherHostPinned {
        pins_source: words.to_owned(),
        host: other.host.clone(),
        name: applied.name.clone(),
        certificate: leaf.name(Place::Leaf),
        matches,
    };
    if matches == Some(false) { Outcome::fail(cause, evidence) } else { Outcome::warn(cause, evidence) }
}

/// Every leaf that a host presents under its name.
fn presented<'a>(case: &'a Case<'_>, of: &Endpoint) -> Vec<&'a CertificateFacts> {
    let roles = [Role::Discovery, Role::TrustService, Role::TrustServiceServer, Role::RedirectTarget];
    let facts = case.connections(&roles).filter(|(_, fact)| fact.endpoint.host == of.host);
    let asked = facts.filter(|(_, fact)| reach::is_asked_as_devices_do(fact));
    let sent = asked.filter_map(|(_, fact)| fact.presented()?.first());
    sent.filter(|id| case.interception(id).is_none()).filter_map(|id| case.certificate(id)).collect()
}
