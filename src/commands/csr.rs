//! `pinflight csr`: one certificate signing request by itself, and how to make a right one.

mod fix;

use std::{
    io::{self, IsTerminal},
    path::Path,
};

use anyhow::{anyhow, bail};
use pinflight_checks::{
    csr::{Expected, Request},
    x509::{self, CertificateFacts, CsrFacts, Unreadable},
};

use crate::{
    cli::{Cli, CsrArgs},
    commands::show,
    exit::Exit,
    observe::files,
    output, render, settings,
};

pub(super) fn run(cli: &Cli, args: &CsrArgs) -> anyhow::Result<Exit> {
    let domain = read_flag("--workspace-one-id-domain", args.workspace_one_id_domain.as_deref(), settings::domain)?;
    let url = |text: &str| settings::endpoint(text).map(|endpoint| endpoint.host);
    let host = read_flag("--trust-service", args.trust_service.as_deref(), url)?;
    let host = host.or(read_flag("--host", args.host.as_deref(), settings::host)?);
    let facts = read(&args.file)?;
    if args.fix {
        let wanted = fix::Wanted { host, domain, email: args.email.clone() };
        let text = fix::commands(facts.as_ref().ok(), wanted)?;
        output::to_stdout(|out| out.write_all(text.as_bytes()))?;
        return Ok(Exit::Ready);
    }
    let certificate = args.certificate.as_deref().map(certificate).transpose()?;
    let expected = Expected { domain: domain.as_deref(), host: host.as_deref(), certificate: certificate.as_ref() };
    let request = Request::of_facts(&facts, expected);
    let style = show::style(cli, args.output.width, args.output.ascii);
    output::to_stdout(|out| match args.output.output.as_str() {
        "json" => render::write_json(&request, out),
        _ => render::csr(&args.file, &request, &style, out),
    })?;
    Ok(if request.is_wrong() { Exit::NotReady } else { Exit::Ready })
}

fn read_flag(
    flag: &str,
    said: Option<&str>,
    read: impl Fn(&str) -> Result<String, String>,
) -> anyhow::Result<Option<String>> {
    said.map(read).transpose().map_err(|told| anyhow!("{flag}: {}", render::for_terminal(&told)))
}

/// The request in a file, or why there is none in it; a file that is not there is an error of the command line.
fn read(path: &str) -> anyhow::Result<Result<CsrFacts, String>> {
    let bytes = match path {
        "-" if io::stdin().is_terminal() => bail!("nothing is piped to standard input"),
        "-" => files::read_any_from(io::stdin().lock()),
        path => files::read_any(Path::new(path)),
    };
    let bytes = bytes.map_err(|problem| anyhow!("{}: {problem}", render::for_terminal(path)))?;
    Ok(bytes.and_then(|bytes| files::read_csr(&bytes)).and_then(|der| x509::read_csr(&der)))
}

/// The first certificate of a file.
fn certificate(path: &str) -> anyhow::Result<Result<CertificateFacts, Unreadable>> {
    let bytes = files::read_any(Path::new(path)).and_then(|bytes| bytes);
    let found = bytes.and_then(|bytes| files::read_certificates(&bytes));
    let found = found.map_err(|problem| anyhow!("{}: {problem}", render::for_terminal(path)))?;
    Ok(found.first().map_or_else(|| x509::read(&[]), |der| x509::read(der)))
}
