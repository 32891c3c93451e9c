//! Clocks.

use super::tls::named;
use crate::{cause::Cause, x509::CertificateName};

pub(super) fn tell(cause: &Cause) -> (String, String) {
    match cause {
        Cause::LocalClockWrong { vantage, ahead, services, certificates } => (
            format!(
                "the clock at {vantage} is {} the clocks of {}, which agree with each other{}",
                against(-ahead),
                services.join(", "),
                changes(certificates)
            ),
            "set this machine's clock, and have it kept by a time server (w32tm /resync, timedatectl set-ntp true); if all \
             of these servers take a wrong time from one source, mend that source"
                .to_owned(),
        ),
        Cause::PeerClockWrong { ahead, vantage, agree } => (
            format!("its clock is {} the one at {vantage}, with which {} agree", against(*ahead), agree.join(", ")),
            "set the clock of this server, or of the proxy that answers for it, and have it kept by a time server".to_owned(),
        ),
        Cause::ClocksDiffer { ahead, vantage } => (
            format!(
                "its clock is {} the one at {vantage}; from here no third clock tells whose is wrong",
                against(*ahead)
            ),
            "compare both with a time server (w32tm /stripchart, chronyc tracking), and set the one that is wrong".to_owned(),
        ),
        _ => (String::new(), String::new()),
    }
}

fn changes(certificates: &[CertificateName]) -> String {
    match certificates {
        [] => String::new(),
        [one] => format!("; {} is in time by one of them only", named(one)),
        [first, more @ ..] => {
            format!("; {} and {} more are in time by one of them only", named(first), more.len())
        }
    }
}

/// `31 days ahead of`, `10 minutes behind`.
fn against(ahead: i64) -> String {
    let direction = if ahead < 0 { "behind" } else { "ahead of" };
    format!("{} {direction}", lapse(ahead.unsigned_abs()))
}

/// In the largest unit of which there are two.
pub(super) fn lapse(seconds: u64) -> String {
    match seconds {
        172_800.. => format!("{} days", seconds / 86_400),
        7_200.. => format!("{} hours", seconds / 3_600),
        120.. => format!("{} minutes", seconds / 60),
        _ => format!("{seconds} seconds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lapse_is_told_in_the_largest_unit_of_which_there_are_two() {
        for (seconds, words) in [
            (119, "119 seconds"),
            (120, "2 minutes"),
            (7_199, "119 minutes"),
            (7_200, "2 hours"),
            (172_799, "47 hours"),
            (172_800, "2 days"),
            (u64::MAX, "213503982334601 days"),
        ] {
            assert_eq!(lapse(seconds), words);
        }
        assert_eq!((against(600), against(-600)), ("10 minutes ahead of".into(), "10 minutes behind".into()));
    }
}
