//! `recording/fresh`

use crate::{
    cause::Cause,
    check::{Case, Check, CheckId, EachOnce, Judgement, Meta},
    clock::{self, TOLERANCE, Verdict},
    outcome::{Evidence, Outcome, Target, Unobserved},
    recording::Recording,
    time::Timestamp,
};

/// What was recorded is not too long ago.
pub struct Fresh;

const CLOCK: CheckId = CheckId("network/clock");

impl Check for Fresh {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("recording/fresh"),
            title: "Every recording is young enough to speak of today",
            steps: &[],
            depends_on: &[CLOCK],
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        let of_one = |recording: &Recording| {
            (Target::Thing(format!("the recording from {}", recording.vantage)), of(case, recording))
        };
        case.recordings.iter().map(of_one).collect::<EachOnce>().judgement
    }
}

/// Where the moment of a recording stands against that of judging.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Fresh,
    TooOld,
    ToCome,
}

fn of(case: &Case<'_>, recording: &Recording) -> Outcome {
    let taken_at = recording.taken_at;
    // Nothing that changes from one judging to the next: a replay says what the run said.
    let taken = Evidence::of("taken", taken_at);
    let standing = standing(case, taken_at);
    if standing == Standing::Fresh {
        return Outcome::Pass(taken);
    }
    if let Some(by_peers) = by_peers(recording)
        && self::standing(case, by_peers) == Standing::Fresh
    {
        let reason = format!(
            "by its own clock the recording from {} was taken at {taken_at}, by the servers' at {by_peers}",
            recording.vantage
        );
        return Outcome::NotObserved(Unobserved::Because { check: CLOCK, reason });
    }
    let evidence = taken.and("judged", case.judged_on);
    let seconds = case.judged_on.0.saturating_sub(taken_at.0);
    let vantage = recording.vantage;
    let command = recording.deployment.command_from(vantage);
    if standing == Standing::ToCome {
        let ahead = seconds.saturating_neg();
        return Outcome::fail(Cause::RecordingFromTheFuture { vantage, taken_at, ahead, command }, evidence);
    }
    let max_age = case.policy.max_age.as_secs();
    Outcome::fail(Cause::RecordingTooOld { vantage, taken_at, age: seconds, max_age, command }, evidence)
}

fn standing(case: &Case<'_>, taken_at: Timestamp) -> Standing {
    let age = case.judged_on.0.saturating_sub(taken_at.0);
    let max_age = i64::try_from(case.policy.max_age.as_secs()).unwrap_or(i64::MAX);
    match age {
        ..0 if age < -TOLERANCE => Standing::ToCome,
        _ if age > max_age => Standing::TooOld,
        _ => Standing::Fresh,
    }
}

/// When it was taken by the clocks of the servers, where they contradict that of the machine that asked.
fn by_peers(recording: &Recording) -> Option<Timestamp> {
    match clock::verdict(&clock::readings(recording)) {
        Verdict::LocalWrong { ahead, .. } | Verdict::Undecided { ahead } => {
            Some(Timestamp(recording.taken_at.0.saturating_add(ahead)))
        }
        Verdict::Agrees | Verdict::PeersWrong => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        deployment::{TrustServiceMode, Vantage},
        outcome::State,
        testing::{NOW, recording, registry},
    };

    const HOUR: i64 = 3600;

    fn judged(recording: &Recording, judged_on: Timestamp, at: Timestamp) -> Outcome {
        let case = Case::new(std::slice::from_ref(recording), &recording.policy, at).unwrap().judged_on(judged_on);
        let [(target, outcome)] = Fresh.judge(&case).try_into().unwrap();
        assert_eq!(target.to_string(), format!("the recording from {}", recording.vantage));
        outcome
    }

    fn after(seconds: i64) -> Outcome {
        let recording = recording(Vantage::Discovery, TrustServiceMode::Cloud);
        judged(&recording, Timestamp(NOW.0 + seconds), NOW)
    }

    #[test]
    fn a_recording_counts_for_as_long_as_the_policy_says() {
        for (seconds, state) in [
            (0, State::Pass),
            (24 * HOUR, State::Pass),
            (24 * HOUR + 1, State::Fail),
            (-300, State::Pass),
            (-301, State::Fail),
        ] {
            assert_eq!(after(seconds).state(), state, "{seconds}");
        }
        let Outcome::Fail(old) = after(24 * HOUR + 1) else { panic!() };
        assert_eq!(old.cause.kind(), "recording-too-old");
        let Outcome::Fail(to_come) = after(-301) else { panic!() };
        assert!(matches!(to_come.cause, Cause::RecordingFromTheFuture { ahead: 301, .. }), "{:?}", to_come.cause);

        let mut recording = recording(Vantage::Discovery, TrustServiceMode::Cloud);
        recording.policy.max_age = Duration::from_mins(1);
        assert_eq!(judged(&recording, Timestamp(NOW.0 + 60), NOW).state(), State::Pass);
        assert_eq!(judged(&recording, Timestamp(NOW.0 + 61), NOW).state(), State::Fail);
    }

    #[test]
    fn the_day_that_is_judged_for_is_not_the_day_of_judging() {
        let recording = recording(Vantage::Discovery, TrustServiceMode::Cloud);
        for days in [-365, 365] {
            let at = Timestamp(NOW.0 + days * 24 * HOUR);
            assert_eq!(judged(&recording, NOW, at).state(), State::Pass);
            assert_eq!(judged(&recording, at, NOW).state(), State::Fail);
        }
        // A command that says nothing judges the latest recording as it was taken.
        let case = Case::new(std::slice::from_ref(&recording), &recording.policy, Timestamp(0)).unwrap();
        assert_eq!(case.judged_on, NOW);
    }

    #[test]
    fn what_passes_says_the_same_whenever_it_is_judged() {
        assert_eq!(after(0), after(HOUR));
    }

    #[test]
    fn a_clock_that_servers_contradict_does_not_make_a_recording_old() {
        let answered = |ahead: i64| {
            let mut recording = recording(Vantage::Console, TrustServiceMode::Cloud);
            let mut answer = registry("{}");
            answer.ended_after = Some(Duration::ZERO);
            answer.outcome.as_mut().unwrap().date = Some(Timestamp(NOW.0 + ahead));
            recording.answers.push(answer);
            recording
        };
        let because =
            |outcome: &Outcome| matches!(outcome, Outcome::NotObserved(Unobserved::Because { check: CLOCK, .. }));
        let two_days = Timestamp(NOW.0 + 48 * HOUR);
        // By the servers' clocks it was taken a moment ago, an hour ago, 23 hours ago; a day and an hour ago.
        assert!(because(&judged(&answered(48 * HOUR), two_days, NOW)));
        assert!(because(&judged(&answered(25 * HOUR), two_days, NOW)));
        assert_eq!(judged(&answered(23 * HOUR), two_days, NOW).state(), State::Fail);
        // They agree with it: it is old.
        assert_eq!(judged(&answered(0), two_days, NOW).state(), State::Fail);
        let before = Timestamp(NOW.0 - HOUR);
        assert!(because(&judged(&answered(-HOUR), before, NOW)));
        assert_eq!(judged(&answered(0), before, NOW).state(), State::Fail);
    }
}
