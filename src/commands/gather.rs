//! `pinflight gather`: every certificate that devices may meet at Device Services, written down for the upload.

use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use pinflight_checks::{
    deployment::TrustServiceMode,
    gather::{Gathered, is_own_name},
    registry,
};

use crate::{
    cli::{CheckArgs, Cli, GatherArgs},
    commands::{check, show},
    exit::Exit,
    interrupt::Interrupts,
    output::{self, TemporaryFolder},
    progress::Audience,
    render, settings,
};

/// The file that says what is in the others.
const MANIFEST: &str = "manifest.json";
/// The longest manifest of an earlier gathering that is read.
const LONGEST: u64 = 4 * 1024 * 1024;

pub(super) fn run(cli: &Cli, args: &GatherArgs, interrupts: &Interrupts) -> anyhow::Result<Exit> {
    let folder = args.to.as_path();
    let words = CheckArgs {
        config: args.config.clone(),
        deployment: args.deployment.clone(),
        network: args.network.clone(),
        ..CheckArgs::default()
    };
    let mut settings = settings::load(&words, &show::environment, &settings::read, &registry::ids())?;
    // Only Device Services' certificates are gathered: its Trust Service need not be asked.
    settings.deployment.trust_service.mode = TrustServiceMode::None;
    settings.deployment.trust_service.url = None;
    settings.deployment.trust_service.servers.clear();
    if args.plan {
        output::to_stdout(|out| check::write_plan(&settings, out))?;
        return Ok(Exit::Ready);
    }
    can_be_filled(folder, args.force)?;
    check::heed_descriptors(settings.deployment.network.jobs, cli.quiet)?;
    let supplied = check::load_files(&settings)?;
    let now = show::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let audience = Audience::of(cli.quiet);
    let recording = check::observe_until_interrupted(&runtime, &settings, supplied, now, audience, interrupts);
    let interrupted = interrupts.exit();
    // The operating system's resolver cannot be cancelled: do not wait for it.
    runtime.shutdown_background();
    let gathered = Gathered::of(&recording);
    let written = !gathered.certificates.is_empty() && interrupted.is_none();
    if written {
        fill(folder, &gathered)?;
    }
    let style = show::style(cli, args.output.width, args.output.ascii);
    let place = written.then(|| folder.display().to_string());
    output::to_stdout(|out| match args.output.output.as_str() {
        "json" => render::write_json(&gathered, out),
        _ => render::gathered(&gathered, place.as_deref(), &style, out),
    })?;
    Ok(match (interrupted, gathered.complete) {
        (Some(exit), _) => exit,
        (None, true) => Exit::Ready,
        (None, false) => Exit::NotReady,
    })
}

/// Before anything is asked: nothing of anybody's is ever overwritten unasked.
fn can_be_filled(folder: &Path, force: bool) -> anyhow::Result<()> {
    let shown = folder.display();
    let is_empty = fs::read_dir(folder).map(|mut entries| entries.next().is_none());
    match is_empty {
        Ok(false) if !force => {
            bail!(
                "{shown} is not empty\n  fix: name another folder with --to, or add --force to replace what was gathered there"
            )
        }
        Ok(_) => output::can_be_written(&folder.join(MANIFEST)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => output::can_be_written(folder),
        Err(error) => bail!("{shown} cannot be a folder for certificates: {error}\n  fix: name another with --to"),
    }
}

/// A new folder is filled beside its place and renamed into it. In one that is there, each file is; what an earlier gathering
/// wrote and this one did not is removed, so that nobody uploads it.
fn fill(folder: &Path, gathered: &Gathered) -> anyhow::Result<()> {
    if folder.is_dir() {
        let earlier = earlier_files(folder);
        write_all(folder, gathered)?;
        for path in earlier.iter().filter(|path| !is_written(path, gathered)) {
            fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
        return Ok(());
    }
    let problem = |error: io::Error| output::cannot_write(folder, &error);
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let beside = TemporaryFolder::beside(parent).map_err(problem)?;
    write_all(beside.path(), gathered)?;
    beside.rename(folder).map_err(problem)
}

fn write_all(folder: &Path, gathered: &Gathered) -> anyhow::Result<()> {
    for certificate in &gathered.certificates {
        output::to_file(&folder.join(&certificate.file), |out| out.write_all(&certificate.der))?;
    }
    output::to_file(&folder.join(MANIFEST), |out: &mut dyn Write| render::write_json(gathered, out))
}

fn is_written(path: &Path, gathered: &Gathered) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    gathered.certificates.iter().any(|one| name == Some(one.file.as_str()))
}

/// What the manifest in the folder names, as far as the names are ones that a gathering gives.
fn earlier_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(file) = fs::File::open(folder.join(MANIFEST)) else { return Vec::new() };
    let Ok(manifest) = serde_json::from_reader::<_, serde_json::Value>(file.take(LONGEST)) else { return Vec::new() };
    let certificates = manifest["certificates"].as_array().cloned().unwrap_or_default();
    let names = certificates.iter().filter_map(|one| one["file"].as_str()).filter(|name| is_own_name(name));
    names.map(|name| folder.join(name)).filter(|path| path.is_file()).collect()
}
