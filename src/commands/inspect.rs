//! `pinflight inspect`: the chain of one server, or of files, as a person wants to see it.

use std::{
    io::{self, IsTerminal},
    path::Path,
};

use anyhow::{Context, bail};
use pinflight_checks::{
    deployment::{
        Confirmed, Deployment, DeviceServices, Discovery, Endpoint, Network, Policy, Trust, TrustService,
        TrustServiceMode, Vantage,
    },
    inspect::{Filed, Inspection},
    recording::{CertId, Der, Recording, SCHEMA},
    time::Timestamp,
};

use crate::{
    cli::{CheckArgs, Cli, DeploymentArgs, InspectArgs, NetworkArgs, OneServerArgs},
    commands::show,
    exit::Exit,
    observe::{
        Job, Secrets,
        files::{self, Bundle, Supplied},
        present::{self, Question},
    },
    output, platform, render,
    settings::{self, Means},
};

pub(super) fn run(cli: &Cli, args: &InspectArgs) -> anyhow::Result<Exit> {
    let now = show::now();
    let at = args.at.as_deref().map(settings::at).transpose()?.unwrap_or(now);
    let means = means(&args.network, &args.cacert, args.roots.as_ref())?;
    let inspection = match source(&args.sources)? {
        Source::Files(paths) => {
            if args.sni.is_some() || args.no_sni {
                bail!("--sni and --no-sni are for servers, and {} is a file", paths.join(", "));
            }
            let filed = read(&paths)?;
            let (recording, filed) = filed_away(means, filed, now)?;
            Inspection::of_files(&recording, &filed, at)
        }
        Source::Server(asked) => {
            let question = question(asked, args)?;
            let recording = ask(means, &question, now)?;
            let inspection = Inspection::of_server(&recording, &question.asked, at);
            if let ([word], true, false) = (args.sources.as_slice(), inspection.certificates.is_empty(), cli.quiet) {
                note_other_reading(word);
            }
            inspection
        }
    };
    let style = show::style(cli, args.output.width, args.output.ascii);
    output::to_stdout(|out| match args.output.output.as_str() {
        "json" => render::write_json(&inspection, out),
        _ => render::inspection(&inspection, &style, out),
    })?;
    Ok(if inspection.sound { Exit::Ready } else { Exit::NotReady })
}

/// What the words of the command line name.
pub(super) enum Source {
    Files(Vec<String>),
    Server(Endpoint),
}

/// What is a file on this machine is read as a file, anything else is a server.
pub(super) fn source(words: &[String]) -> anyhow::Result<Source> {
    let is_file = |word: &String| *word == "-" || Path::new(word).metadata().is_ok_and(|kind| !kind.is_dir());
    if words.iter().all(is_file) {
        return Ok(Source::Files(words.to_vec()));
    }
    let [word] = words else {
        let missing: Vec<&str> = words.iter().filter(|word| !is_file(word)).map(String::as_str).collect();
        bail!(
            "{}: there is no such file, and only one server can be asked at a time\n  fix: name files that are there, or one \
             server",
            render::for_terminal(&missing.join(", "))
        );
    };
    settings::endpoint(word).map(Source::Server).map_err(|told| neither(word, &told))
}

/// A word that is no file and cannot be a server.
pub(super) fn neither(word: &str, as_server: &str) -> anyhow::Error {
    let as_file =
        if Path::new(word).is_dir() { "it is a folder; name the files in it" } else { "there is no such file" };
    let (word, as_server) = (render::for_terminal(word), render::for_terminal(as_server));
    anyhow::anyhow!("{word}\n  as a file: {as_file}\n  as a server: {as_server}")
}

/// A file's name that is mistyped reads as a host's.
pub(super) fn note_other_reading(word: &str) {
    if !word.contains(':') {
        let word = render::for_terminal(word);
        output::note(&format!("{word} was asked as a server, for there is no file of this name"));
    }
}

/// The flags that `check` has too, read by the same rules.
pub(super) fn means(network: &OneServerArgs, cacert: &[String], roots: Option<&String>) -> anyhow::Result<Means> {
    let args = CheckArgs {
        deployment: DeploymentArgs { cacert: cacert.to_vec(), roots: roots.cloned(), ..DeploymentArgs::default() },
        network: NetworkArgs {
            proxy: network.proxy.clone(),
            no_proxy: network.no_proxy.clone(),
            resolve: network.resolve.clone(),
            ipv4: network.ipv4,
            ipv6: network.ipv6,
            connect_timeout: network.connect_timeout.clone(),
            ..NetworkArgs::default()
        },
        ..CheckArgs::default()
    };
    Ok(settings::means(&args, &show::environment)?)
}

fn question(asked: Endpoint, args: &InspectArgs) -> anyhow::Result<Question> {
    let sni = args.sni.as_deref().map(settings::host).transpose().map_err(|told| anyhow::anyhow!("--sni: {told}"))?;
    // RFC 6066 knows no server name for an address.
    let is_address = |host: &str| host.parse::<std::net::IpAddr>().is_ok();
    if let Some(sni) = sni.as_deref().filter(|sni| is_address(sni)) {
        bail!("--sni {sni}: a server name is never an address\n  fix: write a name, or --no-sni");
    }
    let name = sni.clone().unwrap_or_else(|| asked.host.clone());
    let sent = Some(name.clone()).filter(|name| !args.no_sni && !is_address(name));
    Ok(Question { asked, sni: sent, name })
}

/// Every file's certificates, in their order.
pub(super) fn read(paths: &[String]) -> anyhow::Result<(Vec<String>, Bundle)> {
    let mut all = Bundle { certificates: Vec::new(), ordered: true };
    let mut problems = Vec::new();
    for path in paths {
        let found = match path.as_str() {
            "-" if io::stdin().is_terminal() => bail!("nothing is piped to standard input"),
            "-" => files::read_bundle_from(io::stdin().lock()),
            path => files::read_bundle(Path::new(path)),
        };
        match found {
            Ok(found) => {
                all.ordered &= found.ordered;
                all.certificates.extend(found.certificates);
            }
            Err(problem) => problems.push(format!("{}: {problem}", render::for_terminal(path))),
        }
    }
    if problems.is_empty() { Ok((paths.to_vec(), all)) } else { bail!("{}", problems.join("\n")) }
}

/// A recording that holds the files' certificates and what was supplied, with no conversation.
pub(super) fn filed_away(
    means: Means,
    (paths, bundle): (Vec<String>, Bundle),
    now: Timestamp,
) -> anyhow::Result<(Recording, Filed)> {
    let deployment = nothing_declared("https://files.invalid", means.network, means.trust)?;
    let Supplied { files, mut certificates, roots } = supplied(&deployment)?;
    let ids = bundle.certificates.into_iter().map(|der| {
        let id = CertId::of(&der);
        certificates.insert(id.clone(), Der(der));
        id
    });
    let filed = Filed { paths, certificates: ids.collect(), ordered: bundle.ordered };
    let recording = Recording {
        schema: SCHEMA.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        taken_at: now,
        took: std::time::Duration::ZERO,
        vantage: Vantage::Discovery,
        deployment,
        policy: Policy::default(),
        roots,
        files,
        certificates,
        facts: None,
        names: Vec::new(),
        connections: Vec::new(),
        under_other_name: Vec::new(),
        tls12: Vec::new(),
        answers: Vec::new(),
        unasked: Vec::new(),
    };
    Ok((recording, filed))
}

/// Asks one server.
pub(super) fn ask(means: Means, question: &Question, now: Timestamp) -> anyhow::Result<Recording> {
    let Means { network, trust, proxy_credentials } = means;
    let deployment = nothing_declared(&format!("https://{}", question.asked), network, trust)?;
    let job = Job {
        vantage: Vantage::Discovery,
        supplied: supplied(&deployment)?,
        deployment,
        policy: Policy::default(),
        now,
        hosts_file: platform::hosts_file(),
        secrets: Secrets { proxy_credentials },
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let recording = runtime.block_on(present::present(job, question));
    // The operating system's resolver cannot be cancelled: do not wait for it.
    runtime.shutdown_background();
    Ok(recording)
}

pub(super) fn supplied(deployment: &Deployment) -> anyhow::Result<Supplied> {
    files::load(deployment).map_err(|errors| {
        let told: Vec<String> = errors.iter().map(|error| render::for_terminal(&error.to_string())).collect();
        anyhow::anyhow!("{}", told.join("\n"))
    })
}

/// A deployment of which nothing is known but how to ask.
pub(super) fn nothing_declared(url: &str, network: Network, trust: Trust) -> anyhow::Result<Deployment> {
    let none = Vec::new;
    Ok(Deployment {
        discovery: Discovery {
            host: pinflight_checks::deployment::DISCOVERY_HOST.to_owned(),
            port: 443,
            mail_domain: None,
        },
        console: None,
        device_services: DeviceServices {
            url: url.parse().context("no URL can be made of this server")?,
            backends: Vec::new(),
            balancers: Vec::new(),
            reverse_proxies: Vec::new(),
            certificates: none(),
            next_certificates: none(),
            pins: none(),
        },
        trust_service: TrustService {
            mode: TrustServiceMode::None,
            url: None,
            servers: Vec::new(),
            certificate: None,
            csr: None,
            signing_root: None,
            workspace_one_id_domain: None,
        },
        trust,
        network,
        confirmed: Confirmed::default(),
        command: "pinflight inspect".to_owned(),
    })
}
