//! `pinflight simulate`: what devices would do if other pins or certificates were in place. No network.

use std::{fs::File, io::Read, path::Path};

use anyhow::{Context, bail};
use pinflight_checks::{
    answers::HostPins,
    deployment::Endpoint,
    json::Json,
    pin::SourceId,
    recording::{CertId, Der, Recording},
    simulate::{Chain, Outcome, Published, Question, Simulation},
    x509,
};

use crate::{
    cli::{Cli, OneServerArgs, SimulateArgs},
    commands::{inspect, show},
    exit::Exit,
    observe::files::{self, Bundle},
    output, recordings, render, settings,
};

/// Longer than a list of ten thousand pins.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

pub(super) fn run(cli: &Cli, args: &SimulateArgs) -> anyhow::Result<Exit> {
    let recordings = recordings::read_all(&args.recording)?;
    if recordings.iter().any(|recording| recording.facts.is_some()) {
        bail!("a redacted recording holds no certificates to play with\n  fix: give the original");
    }
    let taken = recordings.iter().map(|recording| recording.taken_at).max();
    let now = match args.at.as_deref() {
        Some(at) => settings::at(at)?,
        None => taken.unwrap_or_else(show::now),
    };
    let endpoint = endpoint(args, &recordings)?;
    let means = inspect::means(&OneServerArgs::default(), &args.cacert, args.roots.as_ref())?;
    let nothing = Bundle { certificates: Vec::new(), ordered: true };
    let (mut supplied, _) = inspect::filed_away(means, (Vec::new(), nothing), now)?;
    // What counted when it was recorded counts again.
    for recording in &recordings {
        supplied.certificates.extend(recording.certificates.clone());
        supplied.roots.supplied.extend(recording.roots.supplied.clone());
        supplied.roots.system.extend(recording.roots.system.clone());
    }
    let mut problems = Vec::new();
    let mut kept = |problem: anyhow::Error| problems.push(format!("{problem:#}"));
    let published = published(args, &endpoint.host).map_err(&mut kept).ok().flatten();
    let mut presented = Vec::new();
    for file in &args.present {
        match chain(file, &mut supplied) {
            Ok(chain) => presented.push(chain),
            Err(problem) => kept(problem),
        }
    }
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    let question = Question { endpoint, published, presented, supplied: &supplied, recordings: &recordings, now };
    let simulation = Simulation::of(&question).context("there is nothing to simulate: give --publish and --present")?;
    let style = show::style(cli, args.output.width, args.output.ascii);
    output::to_stdout(|out| match args.output.output.as_str() {
        "json" => render::write_json(&simulation, out),
        _ => render::simulation(&simulation, &style, out),
    })?;
    Ok(match simulation.outcome {
        Outcome::NobodyBreaks => Exit::Ready,
        Outcome::Refused => Exit::NotReady,
        Outcome::Unknown => Exit::Incomplete,
    })
}

/// Device Services, by `--host` or as recorded.
fn endpoint(args: &SimulateArgs, recordings: &[Recording]) -> anyhow::Result<Endpoint> {
    let recorded = recordings.first().map(|recording| recording.deployment.device_services_endpoint());
    match &args.host {
        Some(host) => {
            let host = settings::host(host).map_err(|told| anyhow::anyhow!("--host: {told}"))?;
            let port = recorded.map_or(443, |endpoint| endpoint.port);
            Ok(Endpoint::new(host, port))
        }
        None => recorded.context("--host is needed: the name of Device Services"),
    }
}

/// All files of `--publish` as one list.
fn published(args: &SimulateArgs, host: &str) -> anyhow::Result<Option<Published>> {
    if args.publish.is_empty() {
        return Ok(None);
    }
    let mut entries: HostPins = Vec::new();
    let mut problems = Vec::new();
    for file in &args.publish {
        match pins(file, host) {
            Ok(found) => add(&mut entries, found),
            Err(problem) => problems.push(format!("{}: {problem:#}", render::for_terminal(file))),
        }
    }
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    let source = if args.at_source == "cloud-registry" { SourceId::CloudRegistry } else { SourceId::TrustService };
    Ok(Some(Published { files: args.publish.clone(), entries, source }))
}

/// Pins of one host from several files are one entry; a name that stands twice in one file stays so.
fn add(entries: &mut HostPins, found: HostPins) {
    let before = entries.len();
    for (host, pins) in found {
        let known = entries.iter_mut().take(before).find(|(name, pins)| *name == host && pins.is_ok());
        match (known, pins) {
            (Some((_, Ok(known))), Ok(pins)) => known.extend(pins),
            (_, pins) => entries.push((host, pins)),
        }
    }
}

/// What one file would publish: an answer in JSON, certificates, or pins, one a line.
fn pins(file: &str, host: &str) -> anyhow::Result<HostPins> {
    let bytes = read(Path::new(file))?;
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{') {
        return of_answer(&bytes);
    }
    let of_host = |pins: Vec<String>| vec![(host.to_owned(), Ok(pins.into_iter().map(Json::String).collect()))];
    let why = match files::read_bundle(Path::new(file)) {
        Ok(bundle) => {
            let leaf = bundle.certificates.first().context("it holds no certificate")?;
            let leaf = x509::read(leaf).map_err(|unreadable| anyhow::anyhow!("{}", unreadable.detail))?;
            // A key that is not RSA has no form that is known to be compared; its SPKI stands for it.
            return Ok(of_host(vec![leaf.key.rsa_public_key_hex.unwrap_or(leaf.key.spki_hex)]));
        }
        Err(why) => why,
    };
    let text = std::str::from_utf8(&bytes).map_err(|_| anyhow::anyhow!("{why}"))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let pins: Vec<String> = lines.map(str::to_owned).collect();
    // What holds a space is no pin in any form, but perhaps a certificate that was meant.
    if pins.is_empty() || pins.iter().any(|pin| pin.contains(char::is_whitespace)) {
        bail!("{why}\n  fix: give certificates, an answer in JSON, or pins, one a line");
    }
    Ok(of_host(pins))
}

fn of_answer(bytes: &[u8]) -> anyhow::Result<HostPins> {
    let parsed = Json::parse(bytes).map_err(|unread| anyhow::anyhow!("{unread}"))?;
    let Json::Object(entries) = parsed else { bail!("it is not an object") };
    let pins = |value| match value {
        Json::Array(pins) => Ok(pins),
        other => Err(other.type_name()),
    };
    Ok(entries.into_iter().map(|(host, value)| (host, pins(value))).collect())
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path).context("it cannot be opened")?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).context("it cannot be read")?;
    if bytes.len() as u64 > MAX_BYTES {
        bail!("it is longer than any list of pins");
    }
    Ok(bytes)
}

/// One chain, as one server would send it.
fn chain(file: &str, supplied: &mut Recording) -> anyhow::Result<Chain> {
    let bundle = files::read_bundle(Path::new(file))
        .map_err(|problem| anyhow::anyhow!("{}: {problem}", render::for_terminal(file)))?;
    let certificates = bundle.certificates.into_iter().map(|der| {
        let id = CertId::of(&der);
        supplied.certificates.insert(id.clone(), Der(der));
        id
    });
    Ok(Chain { file: file.to_owned(), certificates: certificates.collect() })
}
