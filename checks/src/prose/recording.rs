//! Recordings: their age, and whether they speak of the same deployment.

use super::{clock::lapse, tls::named};
use crate::{
    cause::{Cause, Holder, SettingValue},
    x509::CertificateName,
};

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
        Cause::ConfigurationDiffers { setting, values, judged_by } => (
            format!("{}; {}", told(values), judged(judged_by)),
            format!("give every machine the same {setting}, and take the recordings that had another one again"),
        ),
        Cause::PinsContradict { pins_source, answers } => {
            let answers: Vec<String> = answers.iter().map(answer).collect();
            (
                format!("the {pins_source} answers otherwise from one place than from another: {}", answers.join("; ")),
                "if the pins were changed in between, take the older recordings again; else ask it from both places with curl, \
                 and find the server, cache or proxy on the way that holds the other answer"
                    .to_owned(),
            )
        }
        Cause::KeysContradict { certificates, recordings, renewed } => keys(certificates, recordings, *renewed),
        Cause::ClocksApart { recordings, seconds } => {
            let ahead = recordings.first().map_or("", String::as_str);
            (
                format!(
                    "the clock at {ahead} is {} ahead of the one at {}, by the servers that both asked",
                    lapse(*seconds),
                    recordings.get(1).map_or("", String::as_str)
                ),
                "set both from a time server (w32tm /resync, timedatectl set-ntp true)".to_owned(),
            )
        }
        Cause::MendedSince { vantage, failed_at, connected_at, endpoints } => (
            format!(
                "what {vantage} could not reach at {failed_at} it reaches at {connected_at}: {}",
                endpoints.join(", ")
            ),
            format!("judge without the recording of {failed_at}: the failures in it are of that time"),
        ),
        _ => (String::new(), String::new()),
    }
}

fn told(values: &[SettingValue]) -> String {
    let told = values.iter().map(|one| {
        let value = if one.value.is_empty() { "none of that".to_owned() } else { one.value.join(", ") };
        format!("{value} in {}", of(&one.recordings))
    });
    told.collect::<Vec<_>>().join("; ")
}

fn judged(judged_by: &[String]) -> String {
    match judged_by {
        [] => "the verdict is by what this command was told".to_owned(),
        by => format!("the verdict is by {}", of(by)),
    }
}

/// `the recording of console`, `the recordings of console, device`.
fn of(recordings: &[String]) -> String {
    let word = if recordings.len() == 1 { "recording" } else { "recordings" };
    format!("the {word} from {}", recordings.join(", "))
}

fn answer(holder: &Holder) -> String {
    let keys = if holder.keys.is_empty() { "no pins".to_owned() } else { holder.keys.join(", ") };
    format!("{keys} in {}", of(&holder.recordings))
}

fn keys(certificates: &[CertificateName], recordings: &[Vec<String>], renewed: bool) -> (String, String) {
    let shown = certificates.iter().zip(recordings).map(|(one, by)| format!("{} to {}", named(one), by.join(", ")));
    let shown = shown.collect::<Vec<_>>().join("; ");
    if renewed {
        (
            format!("its certificate was renewed with another key between the recordings: it shows {shown}"),
            "take the older recordings again: what they say of the former key no longer holds".to_owned(),
        )
    } else {
        (
            format!("it shows different keys to different places: {shown}"),
            "find out what answers for this address from each of them: another server, a balancer, something on the way; \
             declare and pin each key that is right"
                .to_owned(),
        )
    }
}
