//! `pinflight demo`: a whole deployment on loopback, sound or broken on purpose, checked from all four vantages.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::Path,
    sync::atomic::Ordering,
};

use anyhow::{Context, bail};
use pinflight_checks::{
    deployment::{Policy, Vantage},
    recording::Recording,
    registry,
    time::Timestamp,
};
use pinflight_fixtures::{Scenario, raise, scenarios};
use tokio::sync::watch;

use crate::{
    cli::{CheckArgs, Cli, DemoArgs},
    commands::{
        check,
        show::{self, Moments, Outputs},
    },
    exit::Exit,
    observe::{
        self, Job,
        descriptors::{self, Shortage},
    },
    output::{self, TemporaryFolder},
    render,
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
    let outputs = Outputs::new(cli, &args.output, None)?;
    if let Some(folder) = args.record.as_deref().filter(|_| !args.force) {
        has_room(folder)?;
    }
    let mut selected = Policy::default();
    show::select(&args.select, &mut selected)?;
    let now = show::now();
    if args.fault.is_some() {
        let told = format!("{}: {}", scenario.title, scenario.what);
        output::tell(cli.quiet, |out| render::paragraphs(&told, 0, &show::style_of_notes(), out));
    }
    let (mut recordings, mut policy) = record(scenario, now)?;
    // As a replay does.
    recordings.sort_by_key(|recording| (recording.vantage, recording.taken_at));
    if let Some(folder) = &args.record {
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        for (at, recording) in recordings.iter().enumerate() {
            // Some demos look twice from one vantage.
            let before = recordings.iter().take(at).filter(|known| known.vantage == recording.vantage).count();
            let path = folder.join(file_name(recording.vantage, before));
            if args.force { check::keep(recording, &path)? } else { check::keep_new(recording, &path)? }
        }
    }
    (policy.only, policy.skip, policy.fail_on) = (selected.only, selected.skip, selected.fail_on);
    let report = show::judged(&recordings, &policy, Moments { now, judged_on: now })?;
    show::finish(&report, &policy, &outputs, Ok(()))
}

/// The names that `--fault` takes.
pub(super) fn faults() -> impl Iterator<Item = &'static str> {
    scenarios().iter().map(|scenario| scenario.id.as_str())
}

/// What a recording is called, where so many of its vantage go before it.
fn file_name(vantage: Vantage, before: usize) -> String {
    let number = if before == 0 { String::new() } else { format!("-{}", before + 1) };
    format!("{vantage}{number}.json")
}

/// Real recordings have these names, too: none is overwritten unasked.
fn has_room(folder: &Path) -> anyhow::Result<()> {
    let names = Vantage::ALL.into_iter().flat_map(|vantage| [0, 1].map(|before| file_name(vantage, before)));
    // A link that leads nowhere is somebody's, too.
    match names.map(|name| folder.join(name)).find(|path| path.symlink_metadata().is_ok()) {
        Some(path) => {
            let path = render::for_terminal(&path.display().to_string());
            bail!("{path} is there already\n  fix: name another folder with --record, or add --force to replace it")
        }
        None => Ok(()),
    }
}

/// What the four vantages of a demo and its servers hold open is no more than so many conversations would, by what was seen.
const AT_ONCE: usize = 120;

/// Seconds by which the recording is earlier after which something changes: within what clocks may differ by.
const EARLIER: i64 = 60;

/// Raises the deployment of a scenario and observes it from every vantage, side by side; from the first of them once more
/// before, where the deployment then changes.
pub fn record(scenario: &Scenario, now: Timestamp) -> anyhow::Result<(Vec<Recording>, Policy)> {
    record_as(scenario, now, |_| {})
}

/// The same with something in each vantage's job set otherwise than the demo has it.
pub fn record_as(
    scenario: &Scenario,
    now: Timestamp,
    set: impl Fn(&mut Job),
) -> anyhow::Result<(Vec<Recording>, Policy)> {
    if let Some(Shortage { limit, needed, .. }) = descriptors::shortage(AT_ONCE) {
        bail!("this process may open {limit} files at once, too few for a whole deployment\n  fix: ulimit -n {needed}");
    }
    let folder = TemporaryFolder::new().context("cannot make a folder for the demo's files")?;
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
            set(&mut job);
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
