//! `check --wait`: the same questions again, round after round, until nothing that this vantage sees is amiss or time is up.

use std::{
    io::{self, Write},
    time::Duration,
};

use anyhow::Context;
use pinflight_checks::{
    check::Case,
    deployment::{Policy, Scope, Vantage},
    diff::{self, Side},
    judge,
    recording::Recording,
    report::{Report, Verdict},
    time::Timestamp,
};
use tokio::{
    runtime::Runtime,
    time::{Instant, sleep_until},
};

use crate::{
    commands::{check, show},
    interrupt::Interrupts,
    observe::{self, files::Supplied},
    output,
    progress::Audience,
    render,
    settings::{Settings, Wait},
};

/// How it is asked again.
#[derive(Clone, Copy)]
pub(super) struct Rounds {
    /// How often, and for how long.
    pub wait: Wait,
    /// For which moment each round is judged; none: its own.
    pub at: Option<Timestamp>,
    /// Say nothing of the rounds.
    pub quiet: bool,
    /// Who is told what is asked.
    pub audience: Audience,
}

/// What the rounds come to: the last whole one; of a first round that was interrupted, what was seen of it.
pub(super) fn until_well(
    runtime: &Runtime,
    settings: &Settings,
    supplied: &Supplied,
    rounds: Rounds,
    interrupts: &Interrupts,
) -> anyhow::Result<Recording> {
    let mut cancelled = interrupts.heed();
    runtime.block_on(async {
        let began = Instant::now();
        let mut last: Option<(Recording, Side)> = None;
        for number in 1_u64.. {
            let started = Instant::now();
            let job = check::job(settings, supplied.clone(), show::now());
            let recording = observe::observe(job, cancelled.clone(), rounds.audience.listener()).await;
            if *cancelled.borrow() {
                // A round that was cut short has seen less than the one before it.
                return Ok(last.map_or(recording, |(whole, _)| whole));
            }
            let Round { report, side } = Round::of(&recording, settings, rounds.at)?;
            let next = next(started, rounds.wait.interval);
            let is_last = is_well(&report) || next.duration_since(began) >= rounds.wait.up_to;
            if !rounds.quiet {
                tell(number, &report, last.as_ref().map(|(_, side)| side), &side, (!is_last).then_some(next));
            }
            if is_last {
                return Ok(recording);
            }
            last = Some((recording, side));
            tokio::select! {
                () = sleep_until(next) => {}
                // The sender lives as long as the receiver.
                _ = cancelled.wait_for(|interrupted| *interrupted) => {}
            }
            if *cancelled.borrow() {
                break;
            }
        }
        let (recording, _) = last.context("no round came to its end")?;
        Ok(recording)
    })
}

/// Rounds never overlap: one that took longer than the interval is followed at once.
fn next(started: Instant, interval: Duration) -> Instant {
    (started + interval).max(Instant::now())
}

/// One round, judged for what its vantage can see.
struct Round {
    report: Report,
    side: Side,
}

impl Round {
    fn of(recording: &Recording, settings: &Settings, at: Option<Timestamp>) -> anyhow::Result<Self> {
        // What another machine or a person must say is not waited for: it would never come.
        let policy = Policy { scope: Scope::Vantage, ..settings.policy.clone() };
        let recordings = std::slice::from_ref(recording);
        let case = Case::new(recordings, &policy, at.unwrap_or(recording.taken_at)).context("nothing was recorded")?;
        let report = judge::judge(&case);
        let side = Side::of_case("the round", &case, &report)?;
        Ok(Self { report, side })
    }
}

fn is_well(report: &Report) -> bool {
    matches!(report.verdict, Verdict::Ready | Verdict::SelectedPass)
}

/// A line for the round, and one for each thing that changed since the one before.
fn tell(number: u64, report: &Report, before: Option<&Side>, after: &Side, next: Option<Instant>) {
    let then = match next {
        Some(next) => match next.duration_since(Instant::now()).as_secs_f64().round() {
            soon if soon < 1.0 => "; again at once".to_owned(),
            seconds => format!("; again in {seconds} s"),
        },
        None if is_well(report) => String::new(),
        None => "; time is up".to_owned(),
    };
    let (headline, counts) = (render::for_terminal(&report.headline), render::counts(&report.counts));
    output::note(&format!("round {number}, {}: {headline}: {counts}{then}", report.taken_at));
    let Some(difference) = before.and_then(|before| diff::compare(before, after).ok()) else { return };
    for line in render::difference_lines(&difference) {
        output::note(&format!("  {line}"));
    }
}

/// That the questions are repeated, for `--plan`.
pub(super) fn write_plan(wait: Wait, vantage: Vantage, out: &mut dyn Write) -> io::Result<()> {
    let (interval, up_to) = (humantime::format_duration(wait.interval), humantime::format_duration(wait.up_to));
    writeln!(
        out,
        "The same again every {interval} for up to {up_to}, until nothing that {vantage} sees fails or is unanswered."
    )
}
