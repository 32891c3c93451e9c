//! `pins/well-formed`

use crate::{
    cause::Cause,
    check::{Case, Check, CheckId, GuideStep, Judgement, Meta},
    outcome::{Evidence, Outcome, Target},
    pin::{self, Book, EntryFault, PinSet, Source, SourceId},
    registry::ANSWERS,
};

/// Every pin is a whole public key in the form that the known client compares.
pub struct WellFormed;

/// As many faults of one answer are told each by itself: a hostile one has thousands.
const TOLD: usize = 32;

impl Check for WellFormed {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("pins/well-formed"),
            title: "Every pin is a whole public key in the form that the known client compares",
            steps: &[GuideStep::S6],
            depends_on: ANSWERS,
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        let mut judgement = Judgement::new();
        let book = Book::new(case);
        for source in &book.sources {
            if source.id == SourceId::Uploaded {
                continue;
            }
            if source.sets.is_empty() {
                let target = Target::Thing(source.id.words().to_owned());
                judgement.push((target, pin::unseen_pins(case, source)));
            }
            let used = book.used == Ok(source.id);
            for set in &source.sets {
                judgement.extend(of_set(source, set, used));
            }
        }
        judgement
    }
}

fn of_set(source: &Source, set: &PinSet, used: bool) -> Judgement {
    let Some(target) = set.told_by.first() else { return vec![] };
    if used && set.pins == 0 && set.faults.is_empty() {
        let reason = format!("the {} holds no pins for Device Services", source.id.words());
        return vec![(target.clone(), Outcome::unanswered(reason))];
    }
    if set.faults.is_empty() {
        return vec![(target.clone(), Outcome::Pass(Evidence::of("pins for Device Services", set.pins)))];
    }
    let told_by: Vec<String> = set.told_by.iter().map(ToString::to_string).collect();
    let mut evidence = Evidence::of("told by", told_by.join(", "));
    let mut faults: Vec<&EntryFault> = Vec::new();
    for fault in &set.faults {
        if !faults.contains(&fault) {
            faults.push(fault);
        }
    }
    if let more @ 1.. = faults.len().saturating_sub(TOLD) {
        evidence = evidence.and("not listed", format!("{more} more faults of this answer"));
    }
    let told = faults.into_iter().take(TOLD);
    told.map(|fault| (target.clone(), Outcome::fail(cause(source.id, fault), evidence.clone()))).collect()
}

fn cause(id: SourceId, fault: &EntryFault) -> Cause {
    let pins_source = id.words().to_owned();
    match fault.clone() {
        EntryFault::SeveralHosts { hosts } => Cause::SeveralHosts { pins_source, hosts },
        EntryFault::HostNotLowerCase { host } => Cause::PinnedHostNotLowerCase { pins_source, host },
        EntryFault::Pin { host, pin, fault } => Cause::PinMalformed { pins_source, host, pin, fault },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_bounds_has_this_number() {
        let page = include_str!("../../../docs/reference/limits.md");
        assert!(page.contains(&format!("| faults of one answer's pins that are told | {TOLD} |")));
    }
}
