//! `device/journey`

use crate::{
    check::{Case, Check, CheckId, GuideStep, Judgement, Meta},
    client::{Ending, Story},
    outcome::{Evidence, Outcome, Target, Unobserved},
};

/// What will a device do, request by request, and where does it end?
///
/// It tells and never fails: a journey that ends otherwise than it should is not observed to its end, because of the check
/// that owns the cause. Should no check own one, the report is incomplete, and never ready. An ending that nobody can
/// observe (Android; a key of a type that the known client's rules do not cover) is told, and holds nothing up.
pub struct Journey;

static META: Meta = Meta {
    id: CheckId("device/journey"),
    title: "Each device comes to the end that is meant for it, by the known client's rules",
    steps: &[
        GuideStep::P1,
        GuideStep::P2,
        GuideStep::P3,
        GuideStep::P4,
        GuideStep::S1,
        GuideStep::S2,
        GuideStep::S3,
        GuideStep::S4,
        GuideStep::S5,
        GuideStep::S6,
        GuideStep::N,
    ],
    depends_on: &[
        CheckId("network/address-families"),
        CheckId("network/clock"),
        CheckId("tls/versions"),
        CheckId("tls/interception"),
        CheckId("discovery/host-registry"),
        CheckId("trust-service/url"),
        CheckId("trust-service/redirect"),
        CheckId("trust-service/settings"),
        CheckId("trust-service/issuer"),
        CheckId("certificate/path"),
        CheckId("certificate/name"),
        CheckId("certificate/expiry"),
        CheckId("certificate/platform-rules"),
        CheckId("pins/well-formed"),
        CheckId("pins/host-matching"),
        CheckId("pins/cover-every-server"),
        CheckId("pins/sources-agree"),
    ],
    since: "0.1.0",
};

impl Check for Journey {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        case.journey().stories.iter().map(|story| of(case, story)).collect()
    }
}

fn of(case: &Case<'_>, story: &Story) -> (Target, Outcome) {
    let target = Target::Thing(story.title.to_owned());
    if story.ending.is_meant(story.kind) {
        let mut evidence = Evidence::of("ends in", &story.ending);
        for one in &story.provided {
            evidence = evidence.and("provided that", one);
        }
        return (target, Outcome::Pass(evidence));
    }
    let reason = story.ending.to_string();
    let left_out: Vec<&str> = META.depends_on.iter().map(|id| id.0).filter(|id| !case.policy.selects(id)).collect();
    if !left_out.is_empty() {
        let left_out = left_out.join(", ");
        return (
            target,
            Outcome::Skipped(format!("it ends in {reason}, and what may own the cause was not selected: {left_out}")),
        );
    }
    let outcome = match &story.ending {
        Ending::Unknown { vantage: Some(vantage), command: Some(command), why, .. } => {
            Outcome::NotObserved(Unobserved::Elsewhere {
                reason: why.clone(),
                vantage: *vantage,
                command: command.clone(),
            })
        }
        _ => Outcome::unanswered(reason),
    };
    (target, outcome)
}
