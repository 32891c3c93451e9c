//! `guide/by-hand`

use crate::{
    check::{Case, Check, CheckId, Judgement, Meta},
    guide::{Confirmation, confirmations},
    outcome::{Evidence, Outcome, Target, Unobserved},
};

/// What only a person can confirm is confirmed.
pub struct ByHand;

impl Check for ByHand {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("guide/by-hand"),
            title: "What only a person can confirm is confirmed, with its date",
            // Each confirmation counts for its own step: see guide::steps.
            steps: &[],
            depends_on: &[],
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        confirmations(case).into_iter().map(|one| (Target::Thing(one.title.to_owned()), of(case, &one))).collect()
    }
}

fn of(case: &Case<'_>, confirmation: &Confirmation) -> Outcome {
    match confirmation.date {
        Some(date) if date <= case.now => Outcome::Pass(Evidence::of("confirmed", date.day())),
        Some(date) => {
            let reason = format!("confirmed.{} names a day to come, {}", confirmation.key, date.day());
            Outcome::NotObserved(Unobserved::ByHand { reason })
        }
        None => {
            let (place, key, today) = (confirmation.place, confirmation.key, case.now.day());
            let reason = format!("look {place}; if it is so, write {key} = {today} under [confirmed]");
            Outcome::NotObserved(Unobserved::ByHand { reason })
        }
    }
}
