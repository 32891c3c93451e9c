//! `certificate/path`

use super::{Presented, judge_each};
use crate::{
    cause::Cause,
    check::{Case, Check, CheckId, GuideStep, Judgement, Meta},
    outcome::{Evidence, Outcome, Target},
    recording::{CertId, HandshakeSignature},
    registry::EVERY_WAY,
    time::Timestamp,
    x509::{ChainFacts, PathEnd, PathFacts, Place},
};

/// Is there a valid path from what is sent; if not, what exactly breaks it and what would mend it?
pub struct Path;

static META: Meta = Meta {
    id: CheckId("certificate/path"),
    title: "Each server's chain leads to a root that counts",
    steps: &[GuideStep::P2],
    depends_on: EVERY_WAY,
    since: "0.1.0",
};

impl Check for Path {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        judge_each(case, |_| true, |presented, chain| judge(presented, chain, case.now))
    }
}

/// One root cause gives one finding; that the server did not prove to have the key is another matter than its chain.
///
/// A certificate beside the leaf that cannot be read is the cause where the path lacks one, and a warning where the path
/// is sound without it: clients differ in what they do with it.
pub(super) fn judge(presented: &Presented<'_>, chain: &ChainFacts, now: Timestamp) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    if presented.signature == Some(&HandshakeSignature::Invalid)
        && let Some(leaf) = chain.leaf()
    {
        let cause = Cause::HandshakeSignatureInvalid { certificate: leaf.name(Place::Leaf) };
        outcomes.push(Outcome::fail(cause, Evidence::none()));
    }
    let Some(leaf) = chain.leaf() else {
        outcomes.push(Outcome::fail(unreadable(chain, 0), Evidence::none()));
        return outcomes;
    };
    let others = || (1..chain.sent.len()).filter(|place| matches!(chain.sent.get(*place), Some(Err(_))));
    let Some(used) = chain.used_path(presented.role) else {
        let best = chain.paths.first();
        let cause = match (explain(presented, chain), others().next()) {
            (Some(Cause::MissingIntermediate { .. }) | None, Some(place)) => Some(unreadable(chain, place)),
            (cause, _) => cause,
        };
        let evidence = best.map_or_else(Evidence::none, |path| evidence(chain, path));
        outcomes.extend(cause.map(|cause| Outcome::fail(cause, evidence)));
        return outcomes;
    };
    outcomes.extend(others().map(|place| Outcome::warn(unreadable(chain, place), Evidence::none())));
    outcomes.extend(expired_alternative(chain, used, now));
    if outcomes.is_empty() {
        let key = format!("{}, serial {}", leaf.key.words, leaf.serial);
        let evidence = evidence(chain, used).and("key", key);
        outcomes.push(Outcome::Pass(match unproved(presented) {
            Some(why) => evidence.and("proof of the key", why),
            None => evidence,
        }));
    }
    outcomes
}

/// Why it is not known whether the server has the leaf's key; a chain from files has no server.
fn unproved(presented: &Presented<'_>) -> Option<String> {
    match presented.signature {
        None if matches!(presented.target, Target::Thing(_)) => None,
        None => Some("not observed: the handshake did not come to it".to_owned()),
        Some(HandshakeSignature::Unverifiable { why }) => Some(format!("could not be verified here: {why}")),
        Some(HandshakeSignature::Valid | HandshakeSignature::Invalid) => None,
    }
}

/// Why no path is sound: what would mend the best of them.
fn explain(presented: &Presented<'_>, chain: &ChainFacts) -> Option<Cause> {
    let role = presented.role;
    let mendable = |path: &&PathFacts| path.faults.is_empty() && path.end.is_trusted(role);
    if let Some(path) = chain.paths.iter().find(mendable) {
        let gap = path.sent.iter().position(Option::is_none)?;
        return missing(chain, path.certificates.get(gap.checked_sub(1)?)?, gap == 1, true);
    }
    let path = chain.paths.first()?;
    if let Some((place, id, fault)) = path.faults.first() {
        return Some(Cause::PathBroken { certificate: chain.name_of(id, *place), fault: fault.clone() });
    }
    match &path.end {
        PathEnd::IssuerMissing { id } => missing(chain, id, path.certificates.len() == 1, false),
        PathEnd::Untrusted { id } if path.certificates.len() == 1 => {
            Some(Cause::SelfSigned { certificate: chain.name_of(id, Place::Leaf) })
        }
        PathEnd::Untrusted { id }
        | PathEnd::SigningRoot { id }
        | PathEnd::Supplied { id, .. }
        | PathEnd::System { id, .. } => Some(Cause::UntrustedRoot { root: chain.name_of(id, Place::Root) }),
        PathEnd::Mozilla { .. } => None,
    }
}

fn missing(chain: &ChainFacts, last: &CertId, is_leaf: bool, found_among_supplied: bool) -> Option<Cause> {
    let facts = chain.certificate(last)?;
    let place = if is_leaf { Place::Leaf } else { Place::Intermediate };
    Some(Cause::MissingIntermediate {
        certificate: facts.name(place),
        issuer: facts.issuer.clone(),
        key_id: facts.authority_key_id.clone(),
        found_among_supplied,
    })
}

fn unreadable(chain: &ChainFacts, position: usize) -> Cause {
    let detail = match chain.sent.get(position) {
        Some(Err(unreadable)) => unreadable.detail.clone(),
        _ => "not sent".to_owned(),
    };
    Cause::CertificateUnreadable { position, detail }
}

/// An expired path beside the valid one that is used: old clients may take it.
fn expired_alternative(chain: &ChainFacts, used: &PathFacts, now: Timestamp) -> Option<Outcome> {
    if !used.out_of_time.is_empty() {
        return None;
    }
    let others = chain.paths.iter().filter(|path| path.faults.is_empty() && path.complete_as_sent);
    others.into_iter().find_map(|path| {
        let expired = path.out_of_time.iter().find_map(|id| {
            let facts = chain.certificate(id).filter(|facts| facts.not_after < now)?;
            Some((id, facts.not_after))
        });
        let (id, not_after) = expired?;
        let certificate = chain.name_of(id, path.place_of(id));
        Some(Outcome::warn(Cause::ExpiredAlternativePath { certificate, not_after }, evidence(chain, path)))
    })
}

fn evidence(chain: &ChainFacts, path: &PathFacts) -> Evidence {
    let members = path.certificates.iter().zip(&path.sent).map(|(id, sent)| {
        let name = chain.certificate(id).map(crate::x509::CertificateFacts::display_subject).unwrap_or_default();
        if sent.is_some() { name } else { format!("{name} (not sent)") }
    });
    let evidence = Evidence::of("path", members.collect::<Vec<_>>().join(" ← "));
    match &path.end {
        PathEnd::Mozilla { subject } => evidence.and("root", format!("{subject}, of Mozilla's roots")),
        PathEnd::System { .. } => evidence.and("root", "one of the operating system's"),
        PathEnd::Supplied { .. } => evidence.and("root", "supplied"),
        PathEnd::SigningRoot { .. } => evidence.and("root", "the Workspace ONE signing root"),
        PathEnd::Untrusted { .. } => evidence.and("root", "not among the roots that count"),
        PathEnd::IssuerMissing { .. } => evidence.and("root", "none found"),
    }
}
