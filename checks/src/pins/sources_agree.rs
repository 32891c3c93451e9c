//! `pins/sources-agree`

use crate::{
    cause::Cause,
    check::{Case, Check, CheckId, GuideStep, Judgement, Meta},
    matrix,
    outcome::{Evidence, Outcome, Target},
    pin::{self, Book, PinSet, Source, SourceId},
    recording::FileUse,
};
use std::collections::BTreeSet;

/// All sources of pins hold the same set.
pub struct SourcesAgree;

impl Check for SourcesAgree {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("pins/sources-agree"),
            title: "Cloud registry, Trust Service and uploaded certificates hold the same pins",
            steps: &[GuideStep::S6],
            depends_on: &[
                CheckId("discovery/host-registry"),
                CheckId("trust-service/settings"),
                CheckId("pins/well-formed"),
                CheckId("recording/consistent"),
            ],
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        let book = Book::new(case);
        let target = Target::Endpoint(case.deployment.device_services_endpoint());
        let used = match book.used_or_unseen(case) {
            Ok(used) => used,
            Err(unseen) => return unseen,
        };
        if used.pins() == Some(0) && !used.has_faults() {
            let reason = format!("the {} holds no pins for Device Services", used.id.words());
            return vec![(target, Outcome::unanswered(reason))];
        }
        let met: BTreeSet<String> =
            matrix::met(case).iter().filter_map(|met| Some(met.leaf?.key.spki_sha256.clone())).collect();
        let mut judgement = Judgement::new();
        for source in book.sources.iter().filter(|source| !source.sets.is_empty()) {
            let told = if source.contradicts { Some(pin::unseen_pins(case, source)) } else { of_answers(source) };
            judgement.extend(told.map(|outcome| (target.clone(), outcome)));
        }
        let others: Vec<&Source> = book.sources.iter().filter(|source| source.id != used.id).collect();
        for other in &others {
            // Only an empty cloud answer sends devices on to another source: nothing to agree with.
            if other.id == SourceId::CloudRegistry {
                continue;
            }
            // What is uploaded goes to the Trust Service: a cloud entry that hides it is told once.
            let beside = if other.id > SourceId::TrustService { book.hidden().unwrap_or(used) } else { used };
            judgement.extend(of_pair(case, &book, beside, other, &met).map(|outcome| (target.clone(), outcome)));
        }
        if judgement.is_empty() {
            let agreeing: Vec<&str> = others.iter().map(|source| source.id.words()).collect();
            judgement.push(if used.sets.is_empty() {
                (target, pin::unseen_pins(case, used))
            } else if agreeing.is_empty() {
                (target, Outcome::Skipped("there is one source of pins only".to_owned()))
            } else {
                let evidence = Evidence::of("devices use", used.id.words()).and("agreeing", agreeing.join(", "));
                (target, Outcome::Pass(evidence))
            });
        }
        judgement
    }
}

/// Servers of one source that answer differently.
fn of_answers(source: &Source) -> Option<Outcome> {
    let [first, second, ..] = source.sets.as_slice() else { return None };
    if first.keys == second.keys {
        return None;
    }
    let told = |set: &PinSet| {
        let by: Vec<String> = set.told_by.iter().map(ToString::to_string).collect();
        format!("{} at {}", source.id.words(), by.join(", "))
    };
    let only = |a: &PinSet, b: &PinSet| a.keys.difference(&b.keys).map(|key| format!("sha256//{key}")).collect();
    let cause = Cause::SourcesDiffer {
        used: told(first),
        other: told(second),
        only_used: only(first, second),
        only_other: only(second, first),
        hides: false,
    };
    Some(Outcome::fail(cause, Evidence::none()))
}

fn of_pair(case: &Case<'_>, book: &Book, used: &Source, other: &Source, met: &BTreeSet<String>) -> Option<Outcome> {
    let (Some(ours), Some(theirs)) = (used.sets.first(), other.sets.first()) else {
        let missing = if used.sets.is_empty() { used } else { other };
        return Some(pin::unseen_pins(case, missing));
    };
    // Said once, for each of them.
    if used.contradicts || other.contradicts {
        return None;
    }
    if used.has_faults() || other.has_faults() {
        return (ours.keys != theirs.keys).then(|| Outcome::unanswered("a pin that cannot be used stands in the way"));
    }
    let hides = book.hidden().is_some_and(|hidden| hidden.id == other.id);
    let uploaded = other.id == SourceId::Uploaded;
    // A key that a server presents and that is not uploaded, or that is uploaded and stale, belongs to pins/uploaded-set; one
    // that is to come, to pins/successor.
    let next = next_keys(case);
    let accounted = |key: &&String| (uploaded && met.contains(*key)) || (!hides && next.contains(*key));
    // What a server presents and no pin covers belongs to pins/cover-every-server.
    let unpinned = |key: &&String| uploaded || (!hides && met.contains(*key));
    let only_used: BTreeSet<&String> = ours.keys.difference(&theirs.keys).filter(|key| !accounted(key)).collect();
    let only_other: BTreeSet<&String> = theirs.keys.difference(&ours.keys).filter(|key| !unpinned(key)).collect();
    if only_used.is_empty() && only_other.is_empty() {
        return None;
    }
    let list = |keys: &BTreeSet<&String>| keys.iter().map(|key| format!("sha256//{key}")).collect();
    let cause = Cause::SourcesDiffer {
        used: used.id.words().to_owned(),
        other: other.id.words().to_owned(),
        only_used: list(&only_used),
        only_other: list(&only_other),
        hides,
    };
    let breaks = |key: &&String| met.contains(*key);
    let decides = only_used.iter().any(breaks) || only_other.iter().any(breaks) || met.is_empty();
    Some(if hides && decides { Outcome::fail(cause, Evidence::none()) } else { Outcome::warn(cause, Evidence::none()) })
}

/// The keys of the certificates to come.
fn next_keys(case: &Case<'_>) -> BTreeSet<String> {
    let files = case.files(FileUse::Next).into_iter();
    files.filter_map(|file| Some(case.first_certificate(file)?.key.spki_sha256.clone())).collect()
}
