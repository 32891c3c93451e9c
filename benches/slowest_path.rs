//! Does a run take as long as its slowest conversation? `cargo bench --bench slowest_path`
//!
//! Every server of the loopback deployment waits 200 ms before each first byte. For each vantage: the wall time of observing
//! against the longest dependent path (look-up, TCP, TLS, HTTP) that the recording itself shows. Ends with 1 above 1.15.

use std::{
    io::{self, Write},
    process::ExitCode,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use pinflight::{commands::demo, observe::Job};
use pinflight_checks::{
    deployment::{Endpoint, Network},
    recording::Recording,
    time::Timestamp,
};
use pinflight_fixtures::{Kind, Place, Scenario, Variant};

const RUNS: usize = 5;
const DELAY_MS: u64 = 200;
const MOST: f64 = 1.15;

fn main() -> ExitCode {
    match measure() {
        Ok(worst) if worst <= MOST => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error:#}");
            ExitCode::from(2)
        }
    }
}

fn measure() -> anyhow::Result<f64> {
    let scenario = Scenario::sound(Variant::OnPremises).with(Place::Everything, Kind::Delay { ms: DELAY_MS });
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let now = Timestamp(i64::try_from(since.as_secs())?);
    let mut out = io::stdout().lock();
    writeln!(out, "{:16} {:>9} {:>9} {:>6}", "vantage", "longest", "wall", "ratio")?;
    let mut ratios: Vec<f64> = Vec::new();
    for _ in 0..RUNS {
        // The demo holds few conversations at once, for the sake of busy machines.
        let as_users = |job: &mut Job| job.deployment.network.jobs = Network::default().jobs;
        let (recordings, _) = demo::record_as(&scenario, now, as_users)?;
        let mut worst: f64 = 0.0;
        for recording in &recordings {
            let longest = longest_path(recording);
            let ratio = recording.took.as_secs_f64() / longest.as_secs_f64();
            worst = worst.max(ratio);
            let (longest, wall) = (longest.as_millis(), recording.took.as_millis());
            writeln!(out, "{:16} {longest:>6} ms {wall:>6} ms {ratio:>6.3}", recording.vantage.id())?;
        }
        ratios.push(worst);
    }
    ratios.sort_by(f64::total_cmp);
    let median = ratios.get(RUNS / 2).copied().unwrap_or(f64::INFINITY);
    writeln!(out, "median of the worst ratio of {RUNS} runs: {median:.3} (at most {MOST})")?;
    Ok(median)
}

/// The look-up of a name and the longest conversation behind it.
fn longest_path(recording: &Recording) -> Duration {
    let looked_up = |endpoint: &Endpoint| {
        let names = recording.names.iter().filter(|fact| fact.name == endpoint.host);
        names.map(|fact| fact.took).max().unwrap_or_default()
    };
    let connections = recording.connections.iter().map(|fact| looked_up(&fact.endpoint) + fact.took);
    let answers = recording.answers.iter().map(|fact| looked_up(&fact.endpoint) + fact.took);
    connections.chain(answers).max().unwrap_or_default()
}
