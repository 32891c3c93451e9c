//! `pinflight demo`: a whole deployment on loopback, sound or broken on purpose, checked from all four vantages.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    sync::atomic::Ordering,
};

use anyhow::{Context, bail};
use pinflight_checks::{deployment::Policy, recording::Recording, registry, time::Timestamp};
use pinflight_fixtures::{Scenario, raise, scenarios};
use tokio::sync::watch;

use crate::{
    cli::{CheckArgs, Cli, DemoArgs},
    commands::{
        check,
        show::{self, Moments, Outputs},
    },
    exit::Exit,
    observe::{self, Job},
    output, render,
    settings::{self, Settings},
};

/// The healthy deployment that is shown unless another is named.
const DEFAULT: &str = "healthy";

pub(super) fn run(cli: &Cli, args: &DemoArgs) -> anyhow::Result<Exit> {
    if args.list {
        output::to_stdout(|out| write_list(out))?;
        return Ok(Exit::Ready);
    }
    let name = args.fault.as_deref().unwrap_or(DEFAULT);
    let Some(scenario) = scenarios().iter().find(|scenario| scenario.id == name) else {
        let hint = render::nearest(name, faults()).map(|id| format!(", did you mean {id}?")).unwrap_or_default();
        bail!("no fault is named {name:?}{hint}\n  fix: choose one of pinflight demo --list");
    };
    let outputs = Outputs::new(cli, &args.output)?;
    let mut selected = Policy::default();
    show::select(&args.select, &mut selected)?;
    let now = show::now();
    if !cli.quiet && args.fault.is_some() {
        output::note(&format!("{}: {}", scenario.title, scenario.what));
    }
    let (mut recordings, mut policy) = record(scenario, now)?;
    // As a replay does.
    recordings.sort_by_key(|recording| (recording.vantage, recording.taken_at));
    if let Some(folder) = &args.record {
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        for (at, recording) in recordings.iter().enumerate() {
            // Some demos look twice from one vantage.
            let before = recordings.iter().take(at).filter(|known| known.vantage == recording.vantage).count();
            let number = if before == 0 { String::new() } else { format!("-{}", before + 1) };
            check::keep(recording, &folder.join(format!("{}{number}.json", recording.vantage)))?;
        }
    }
    (policy.only, policy.skip, policy.fail_on) = (selected.only, selected.skip, selected.fail_on);
    show::conclude(&recordings, &policy, Moments { now, judged_on: now }, &outputs)
}

/// The names that `--fault` takes.
pub(super) fn faults() -> impl Iterator<Item = &'static str> {
    scenarios().iter().map(|scenario| scenario.id.as_str())
}

/// Seconds by which the recording is earlier after which something changes: within what clocks may differ by.
const EARLIER: i64 = 60;

/// Raises the deployment of a scenario and observes it from every vantage, side by side; from the first of them once more
/// before, where the deployment then changes.
pub fn record(scenario: &Scenario, now: Timestamp) -> anyhow::Result<(Vec<Recording>, Policy)> {
    let folder = tempfile::tempdir().context("cannot make a folder for the demo's files")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let recorded = runtime.block_on(async {
        let running = raise(scenario, folder.path()).await?;
        let mut observing = Vec::new();
        let mut policy = Policy::default();
        let mut jobs = Vec::new();
        for (vantage, path) in &running.configurations {
            let settings = load(path)?;
            let supplied = check::load_files(&settings)?;
            policy = settings.policy.clone();
            let ahead = running.clocks.get(vantage).copied().unwrap_or_default();
            let mut job = check::job(&settings, supplied, Timestamp(now.0 + ahead));
            // The demo is the same whatever this machine's own file says.
            job.hosts_file = folder.path().join("hosts");
            jobs.push(job);
        }
        let mut recordings = Vec::new();
        if let (Some(since), Some(first)) = (&running.since, jobs.first()) {
            let earlier = Job { now: Timestamp(first.now.0 - EARLIER), ..first.clone() };
            recordings.push(observed(earlier).await);
            since.store(true, Ordering::Release);
        }
        for job in jobs {
            observing.push(tokio::spawn(observed(job)));
        }
        for one in observing {
            recordings.push(one.await?);
        }
        running.stop().await;
        // As `replay` has them.
        recordings.sort_by_key(|recording| recording.vantage);
        anyhow::Ok((recordings, policy))
    });
    runtime.shutdown_background();
    recorded
}

async fn observed(job: Job) -> Recording {
    // Never sent, never closed while observing: a demo is over in seconds.
    let (cancel, cancelled) = watch::channel(false);
    let recording = observe::observe(job, cancelled, check::silent).await;
    drop(cancel);
    recording
}

fn load(path: &std::path::Path) -> anyhow::Result<Settings> {
    let args = CheckArgs { config: vec![path.to_owned()], ..CheckArgs::default() };
    // The demo is the same whatever the user's environment says.
    Ok(settings::load(&args, &|_| None, &settings::read, &registry::ids())?)
}

fn write_list(out: &mut dyn Write) -> io::Result<()> {
    let mut groups: BTreeMap<bool, Vec<&Scenario>> = BTreeMap::new();
    for scenario in scenarios() {
        groups.entry(!scenario.healthy).or_default().push(scenario);
    }
    for (is_fault, scenarios) in groups {
        let heading = if is_fault { "Faults" } else { "Sound deployments" };
        writeln!(out, "{heading} (pinflight demo --fault NAME):")?;
        let width = scenarios.iter().map(|scenario| scenario.id.len()).max().unwrap_or_default();
        for scenario in scenarios {
            writeln!(out, "  {:width$}  {}", scenario.id, scenario.title)?;
        }
    }
    Ok(())
}
