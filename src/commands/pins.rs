//! `pinflight pins`: every form of a pin, for the keys of files and servers.

use std::{
    io::{self, IsTerminal},
    path::Path,
};

use anyhow::bail;
use pinflight_checks::{
    pin::forms::{Entry, Material, PinForms},
    recording::ConversationFailure,
    time::Timestamp,
};

use crate::{
    cli::{Cli, PinsArgs},
    commands::{inspect, show},
    exit::Exit,
    observe::{files, present::Question},
    output, render, settings,
};

pub(super) fn run(cli: &Cli, args: &PinsArgs) -> anyhow::Result<Exit> {
    let now = show::now();
    let mut keys = Vec::new();
    let mut problems = Vec::new();
    for word in &args.sources {
        if is_file(word) {
            match of_file(word)? {
                Ok(found) => keys.extend(found),
                Err(problem) => problems.push(format!("{}: {problem}", render::for_terminal(word))),
            }
            continue;
        }
        match settings::endpoint(word) {
            Ok(_) => keys.push(of_server(word, args, now)?),
            Err(told) => problems.push(inspect::neither(word, &told).to_string()),
        }
    }
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    let forms = PinForms::new(env!("CARGO_PKG_VERSION"), now, keys);
    let style = show::style(cli, args.output.width, args.output.ascii);
    output::to_stdout(|out| match args.output.output.as_str() {
        "json" => render::write_json(&forms, out),
        _ => render::pins(&forms, &style, out),
    })?;
    Ok(if forms.sound { Exit::Ready } else { Exit::NotReady })
}

fn is_file(word: &str) -> bool {
    word == "-" || Path::new(word).metadata().is_ok_and(|kind| !kind.is_dir())
}

fn of_file(path: &str) -> anyhow::Result<Result<Vec<Entry>, String>> {
    let found = match path {
        "-" if io::stdin().is_terminal() => bail!("nothing is piped to standard input"),
        "-" => files::read_materials_from(io::stdin().lock()),
        path => files::read_materials(Path::new(path)),
    };
    let entry = |(material, der): (files::Material, Vec<u8>)| {
        let what = match material {
            files::Material::Certificate => Material::Certificate,
            files::Material::Request => Material::Request,
            files::Material::PublicKey => Material::PublicKey,
        };
        Entry::of_der(path, what, &der)
    };
    Ok(found.map(|found| found.into_iter().map(entry).collect()))
}

/// The leaf that a server presents: no other certificate of its chain is ever compared.
fn of_server(word: &str, args: &PinsArgs, now: Timestamp) -> anyhow::Result<Entry> {
    let asked = settings::endpoint(word).map_err(|told| anyhow::anyhow!("{told}"))?;
    let source = asked.to_string();
    let sni = args.sni.as_deref().map(settings::host).transpose().map_err(|told| anyhow::anyhow!("--sni: {told}"))?;
    let name = sni.unwrap_or_else(|| asked.host.clone());
    // RFC 6066 knows no server name for an address.
    let sent = Some(name.clone()).filter(|name| name.parse::<std::net::IpAddr>().is_err());
    let question = Question { asked, sni: sent, name };
    let recording = inspect::ask(inspect::means(&args.network, &[], None)?, &question, now)?;
    let leaf = recording.connections.last().and_then(|fact| match &fact.outcome {
        Ok(handshake) => handshake.chain.first(),
        Err(ConversationFailure::Tls { chain, .. }) => chain.first(),
        Err(_) => None,
    });
    if let Some(der) = leaf.and_then(|id| recording.certificates.get(id)) {
        return Ok(Entry::of_der(source, Material::Certificate, &der.0));
    }
    if !word.contains(':') {
        inspect::note_other_reading(word);
    }
    let why = pinflight_checks::inspect::Inspection::of_server(&recording, &question.asked, now);
    let told: Vec<String> = why.findings.into_iter().map(|finding| finding.message).collect();
    let told = if told.is_empty() { "it presents no certificate".to_owned() } else { told.join("; ") };
    Ok(Entry::without(source, told))
}
