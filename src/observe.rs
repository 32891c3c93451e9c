//! The observer: all that touches the network, and nothing that judges.
//!
//! Each distinct question is asked once, all of them side by side; what went wrong is part of what was observed, so that
//! observing never fails. [`plan`] says what is asked, [`files`] reads what the admin supplies.

mod board;
mod conversation;
pub mod descriptors;
pub mod dns;
pub mod files;
pub mod handed_out;
pub mod hosts;
pub mod http;
pub mod legacy;
pub mod plan;
pub mod present;
pub mod proxy;
mod run;
mod tcp;
mod tls;
mod watched;

#[cfg(test)]
mod limits_tests;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fmt, path::PathBuf, time::Duration};

use pinflight_checks::{
    deployment::{Deployment, Policy, Vantage},
    recording::{CertId, Der, Recording, Roots, SCHEMA, SuppliedFile},
    time::Timestamp,
};
use tokio::{sync::watch, time::Instant};

use self::{board::Found, run::Setting};

/// How every request and every CONNECT names us.
const USER_AGENT: &str = concat!("pinflight/", env!("CARGO_PKG_VERSION"));

/// Everything a run needs: nothing is read from the environment, and no clock but a monotonic one.
#[derive(Clone, Debug)]
pub struct Job {
    /// Where it looks from.
    pub vantage: Vantage,
    /// What was declared.
    pub deployment: Deployment,
    /// For the recording alone.
    pub policy: Policy,
    /// The run's one `now`.
    pub now: Timestamp,
    /// What [`files::load`] read.
    pub supplied: files::Supplied,
    /// The hosts file that counts here.
    pub hosts_file: PathBuf,
    /// What must never be recorded.
    pub secrets: Secrets,
}

/// What the observer needs and nobody may see: neither in a recording nor in a log.
#[derive(Clone, Default)]
pub struct Secrets {
    /// User name and password for the proxy.
    pub proxy_credentials: Option<(String, String)>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given = self.proxy_credentials.is_some();
        f.write_str(if given { "Secrets(proxy credentials)" } else { "Secrets(none)" })
    }
}

/// What happens while a run asks, for whoever shows progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// So many distinct questions are known by now; more may follow as names resolve.
    Planned {
        /// How many.
        questions: usize,
    },
    /// This question is under way.
    Asked(String),
    /// It came to an end.
    Answered {
        /// Which.
        question: String,
        /// Whether it was answered; what the answer is worth is not said here.
        ok: bool,
        /// How long it took.
        took: Duration,
    },
    /// Nothing more will be asked.
    Finished,
}

/// Asks everything and hands back what was seen. Ends at once when `cancel` becomes true, or at the run's deadline, with what
/// was finished by then; the rest is named in `unasked`.
///
/// A look-up by the operating system may outlive it on a thread of its own: end the runtime without waiting
/// (`shutdown_background`).
pub async fn observe(
    job: Job,
    cancel: watch::Receiver<bool>,
    on_event: impl Fn(Event) + Send + Sync + 'static,
) -> Recording {
    let (setting, frame) = begun(job);
    let found = run::run(setting, cancel, Box::new(on_event)).await;
    frame.around(found).as_kept()
}

/// What a recording says besides what was found.
struct Frame {
    vantage: Vantage,
    deployment: Deployment,
    policy: Policy,
    now: Timestamp,
    files: Vec<SuppliedFile>,
    roots: Roots,
    began: Instant,
}

impl Frame {
    fn around(self, found: Found) -> Recording {
        Recording {
            schema: SCHEMA.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            taken_at: self.now,
            took: self.began.elapsed(),
            vantage: self.vantage,
            deployment: self.deployment,
            policy: self.policy,
            roots: self.roots,
            files: self.files,
            certificates: found.certificates,
            facts: None,
            names: found.names,
            connections: found.connections,
            under_other_name: found.under_other_name,
            tls12: found.tls12,
            answers: found.answers,
            unasked: found.unasked,
        }
    }
}

/// A job, taken apart into what its questions need and what its recording will say.
fn begun(job: Job) -> (Setting, Frame) {
    let began = Instant::now();
    let Job { vantage, deployment, policy, now, supplied, hosts_file, secrets } = job;
    let files::Supplied { files, certificates, roots } = supplied;
    let tls = tls::Client::new(own_roots(&roots, &certificates), now);
    let hosts = hosts::read(&hosts_file).map_err(|error| error.to_string());
    let setting = Setting { hosts, vantage, deployment: deployment.clone(), secrets, tls, certificates, began };
    (setting, Frame { vantage, deployment, policy, now, files, roots, began })
}

/// The roots by which our own DNS server or proxy is believed: public ones and the admin's.
fn own_roots(roots: &Roots, certificates: &BTreeMap<CertId, Der>) -> rustls::RootCertStore {
    let mut store = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let given = roots.supplied.iter().chain(&roots.system).filter_map(|id| certificates.get(id));
    store.add_parsable_certificates(given.map(|der| der.0.clone().into()));
    store
}
