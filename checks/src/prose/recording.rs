//! Recordings: their age, and whether they speak of the same deployment.

use super::clock::lapse;
use crate::cause::Cause;

pub(super) fn tell(cause: &Cause) -> (String, String) {
    match cause {
        Cause::RecordingTooOld { taken_at, age, max_age, command, .. } => (
            format!(
                "was taken at {taken_at}, {} ago, and counts for {}: what it shows may have changed since",
                lapse(age.unsigned_abs()),
                lapse(*max_age)
            ),
            format!("take it again: {command}; or let older ones count: --max-age"),
        ),
        Cause::RecordingFromTheFuture { vantage, taken_at, ahead, command } => (
            format!(
                "was taken at {taken_at}, {} from now by the clock of the machine that judges: one of the two is wrong, and \
                 how old it is, nobody knows",
                lapse(ahead.unsigned_abs())
            ),
            format!("set the clock at {vantage}, or here, whichever is wrong, and take it again: {command}"),
        ),
        _ => (String::new(), String::new()),
    }
}
