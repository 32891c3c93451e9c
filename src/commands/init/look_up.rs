//! The Trust Service's URL by the word of Device Services: what is asked is said before it is asked.

use std::io::{self, Write};

use pinflight_checks::{answers, deployment::ServiceUrl, deployment::Vantage, prose, recording::Recording};

use crate::{
    commands::show,
    observe::{Job, Secrets, files, handed_out},
    platform, progress,
    render::{self, Style},
    secrets,
    settings::{self, Drafted},
};

/// The longest URL that is taken: no more than is shown, so that nobody says yes to what they have not seen.
const URL: usize = 256;

/// What Device Services said.
#[derive(Debug)]
pub(super) enum Found {
    /// Fit to be written down.
    Url(ServiceUrl),
    /// Why there is none, a sentence each.
    Nothing(Vec<String>),
}

/// Says what will be asked, and of whom.
pub(super) fn announce(drafted: &Drafted, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    for question in handed_out::plan(&drafted.deployment) {
        let condition = question.condition.map(|condition| format!(" ({condition})")).unwrap_or_default();
        render::paragraphs(&format!("{}{condition}", question.ask), 2, style, out)?;
    }
    Ok(())
}

/// Asks it.
pub(super) fn ask(drafted: Drafted, quiet: bool) -> anyhow::Result<Found> {
    let Drafted { mut deployment, policy, proxy_credentials } = drafted;
    // What the other files hold is not needed for this.
    deployment.device_services.certificates.clear();
    deployment.device_services.next_certificates.clear();
    let service = &mut deployment.trust_service;
    (service.certificate, service.csr, service.signing_root) = (None, None, None);
    let supplied = match files::load(&deployment) {
        Ok(supplied) => supplied,
        Err(errors) => return Ok(Found::Nothing(errors.iter().map(ToString::to_string).collect())),
    };
    let job = Job {
        vantage: Vantage::Discovery,
        deployment,
        policy,
        now: show::now(),
        supplied,
        hosts_file: platform::hosts_file(),
        secrets: Secrets { proxy_credentials },
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let recording = runtime.block_on(handed_out::ask(job, progress::on_terminal(quiet)));
    // The operating system's resolver cannot be cancelled: do not wait for it.
    runtime.shutdown_background();
    Ok(found(&recording))
}

/// What they said is taken as hostile: it is offered for a file.
fn found(recording: &Recording) -> Found {
    match answers::handed_out(recording) {
        Ok(uri) => sound(&uri).map_or_else(|why| Found::Nothing(vec![why]), Found::Url),
        Err(causes) if causes.is_empty() => Found::Nothing(vec!["no answer came in time".to_owned()]),
        Err(causes) => Found::Nothing(causes.iter().map(prose::message).collect()),
    }
}

fn sound(uri: &str) -> Result<ServiceUrl, String> {
    if uri.len() > URL {
        return Err(format!("the URL that they hand out has {} bytes", uri.len()));
    }
    // The parser would leave some of them out without a word.
    if let Some(c) = uri.chars().find(|c| !c.is_ascii_graphic()) {
        return Err(format!("the URL that they hand out holds {c:?}, which no URL does"));
    }
    let shown = secrets::out_of_url(uri, |_| false);
    settings::service_url(uri).map_err(|told| format!("{shown}, which they hand out, is of no use: {told}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_handed_out_is_no_more_than_a_url() {
        let good = "https://ts.example.com:9001/TrustService";
        assert_eq!(sound(good).unwrap().as_str(), good);
        let long = format!("https://ts.example.com/{}", "x".repeat(4096));
        for (uri, wanted) in [
            ("https://ts.example.com/\n", "holds '\\n'"),
            ("https://ts.example.com/\u{202e}x", "holds '\\u{202e}'"),
            ("https://t\u{e4}st.example/", "holds 'ä'"),
            ("javascript:alert(1)", "of no use"),
            ("ftp://ts.example.com/", "of no use"),
            ("https://user:secret@ts.example.com/", "of no use"),
            ("https://ts.example.com:0/", "of no use"),
            (long.as_str(), "has 4119 bytes"),
        ] {
            let told = sound(uri).unwrap_err();
            assert!(told.contains(wanted) && !told.contains("secret"), "{told}");
        }
        // What may be a secret is not written down.
        assert_eq!(sound("https://ts.example.com/T?token=x").unwrap().as_str(), "https://ts.example.com/T?token=***");
    }
}
