//! The result, as every renderer gets it and as JSON shows it (`pinflight.report/1`, schema in docs/).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{
    check::{CheckId, GuideStep},
    client::Journey,
    deployment::Vantage,
    outcome::{Evidence, State, Target},
    time::Timestamp,
};

/// The `schema` of every report this version writes.
pub const SCHEMA: &str = "pinflight.report/1";

/// A whole report: every registered check, always.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The answer.
    pub verdict: Verdict,
    /// What it speaks of.
    pub scope: ReportScope,
    /// The answer in words: `NOT READY`, `READY as seen from console`.
    pub headline: String,
    /// Where was looked from.
    pub vantages: BTreeSet<Vantage>,
    /// When it was observed; of several recordings, the latest.
    pub taken_at: Timestamp,
    /// For which moment everything was judged.
    pub judged_at: Timestamp,
    /// The version of pinflight.
    pub version: String,
    /// Device Services' URL: what the report is about.
    pub subject: String,
    /// How many checks have which outcome.
    pub counts: Counts,
    /// The guide's own list.
    pub guide: Vec<GuideRow>,
    /// The guide's firewall table.
    pub firewall: Vec<FirewallRow>,
    /// Every key that devices can meet against every source of pins.
    pub pin_matrix: PinMatrix,
    /// Each distinct chain presented.
    pub chains: Vec<ChainView>,
    /// What each device does; null where `device/journey` was not selected.
    pub journey: Option<Journey>,
    /// Every registered check, in the registry's order.
    pub checks: Vec<CheckReport>,
    /// What to run, and where, to see what was not seen.
    pub next_commands: Vec<NextCommand>,
    /// How the run went.
    pub run: Run,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Everything required was seen and is right.
    Ready,
    /// Something is wrong.
    NotReady,
    /// Nothing is wrong, but something required was not seen.
    Incomplete,
    /// Of the selected checks none failed and all that apply were seen.
    SelectedPass,
    /// Of the selected checks one failed.
    SelectedFail,
    /// Of the selected checks none failed, but one that applies was not seen, or none applies.
    SelectedIncomplete,
}

/// What a verdict speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportScope {
    /// The whole deployment.
    Deployment,
    /// What the vantages of this run can see.
    Vantage,
    /// The checks selected by `--only` and `--skip`.
    Selected,
}

/// Checks by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Counts {
    /// Seen and right.
    pub pass: usize,
    /// Seen; needs attention.
    pub warn: usize,
    /// Seen and wrong.
    pub fail: usize,
    /// Does not apply.
    pub skipped: usize,
    /// Not seen.
    pub not_observed: usize,
}

/// One step of the guide.
#[derive(Clone, Debug, Serialize)]
pub struct GuideRow {
    /// Which.
    pub step: GuideStep,
    /// What the admin does there.
    pub title: &'static str,
    /// The worst of what proves it.
    pub outcome: State,
    /// What proves it.
    pub checks: Vec<CheckId>,
    /// Why it does not apply or was not seen, in short.
    pub note: Option<String>,
}

/// One row of the guide's firewall table.
#[derive(Clone, Debug, Serialize)]
pub struct FirewallRow {
    /// `console-to-discovery`
    pub id: &'static str,
    /// From.
    pub source: &'static str,
    /// To.
    pub destination: String,
    /// TCP port.
    pub port: u16,
    /// What was seen.
    pub outcome: State,
    /// The check that saw it.
    pub check: CheckId,
    /// What is wrong, or why it was not seen; `from a stand-in for the cloud` on row 3.
    pub note: Option<String>,
}

/// Every key that devices can meet against every source of pins.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PinMatrix {
    /// The columns.
    pub sources: Vec<PinSource>,
    /// The rows.
    pub rows: Vec<PinRow>,
}

/// A source of pins.
#[derive(Clone, Debug, Serialize)]
pub struct PinSource {
    /// `cloud-registry`, `trust-service`, `uploaded`, `configuration`.
    pub id: &'static str,
    /// For people.
    pub title: String,
    /// How many pins it holds for Device Services; none: not observed.
    pub pins: Option<usize>,
    /// Whether devices take their pins from it.
    pub used: bool,
}

/// A key that devices can meet.
#[derive(Clone, Debug, Serialize)]
pub struct PinRow {
    /// Where it was met; of a certificate to come, its file.
    pub target: Target,
    /// `Device Services`, `Device Services server`, `balancer`, `reverse proxy`, `next certificate`.
    pub role: &'static str,
    /// SHA-256 of the SPKI, base64; none: not observed.
    pub spki_sha256: Option<String>,
    /// The leaf's subject; none: not observed.
    pub subject: Option<String>,
    /// One for each source, in their order.
    pub cells: Vec<PinCell>,
}

/// What a source of pins says of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PinCell {
    /// A pin of it matches.
    Match,
    /// None matches.
    NoMatch,
    /// The known client's behaviour is not established (EC keys).
    Unknown,
    /// The key or the source was not seen.
    NotObserved,
}

impl PinCell {
    /// As JSON spells it.
    pub fn id(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::NoMatch => "no-match",
            Self::Unknown => "unknown",
            Self::NotObserved => "not-observed",
        }
    }
}

/// A chain as presented.
#[derive(Clone, Debug, Serialize)]
pub struct ChainView {
    /// By whom.
    pub targets: Vec<Target>,
    /// Leaf first.
    pub certificates: Vec<CertificateView>,
    /// Where its best path ends: `Mozilla: ISRG Root X1`, `supplied: …`; none: no sound path.
    pub anchor: Option<String>,
}

/// A certificate, for people.
#[derive(Clone, Debug, Serialize)]
pub struct CertificateView {
    /// RFC 4514.
    pub subject: String,
    /// RFC 4514.
    pub issuer: String,
    /// Upper-case hex with colons.
    pub serial: String,
    /// First second; none: unreadable.
    pub not_before: Option<Timestamp>,
    /// Last second; none: unreadable.
    pub not_after: Option<Timestamp>,
    /// SAN names and addresses.
    pub names: Vec<String>,
    /// `RSA 2048`.
    pub key: String,
    /// SHA-256 of the DER, hex.
    pub sha256: String,
    /// SHA-1 of the DER, hex.
    pub sha1: String,
    /// SHA-256 of the SPKI, base64.
    pub spki_sha256: String,
}

/// One check.
#[derive(Clone, Debug, Serialize)]
pub struct CheckReport {
    /// Which.
    pub id: CheckId,
    /// What stands before the slash.
    pub category: &'static str,
    /// What it proves.
    pub title: &'static str,
    /// The worst of its targets.
    pub outcome: State,
    /// Why it was skipped or not observed; null otherwise.
    pub reason: Option<String>,
    /// The check whose failure hid this one; null otherwise.
    pub because: Option<CheckId>,
    /// What to run to see it; null otherwise.
    pub command: Option<String>,
    /// Each target.
    pub targets: Vec<TargetReport>,
    /// Everything wrong.
    pub findings: Vec<FindingReport>,
}

/// One target of a check.
#[derive(Clone, Debug, Serialize)]
pub struct TargetReport {
    /// Which.
    pub target: Target,
    /// Its outcome.
    pub outcome: State,
    /// Why it was skipped or not observed; null otherwise.
    pub reason: Option<String>,
    /// The check whose failure hid it; null otherwise.
    pub because: Option<CheckId>,
    /// What was seen.
    pub evidence: Evidence,
}

/// Something wrong.
#[derive(Clone, Debug, Serialize)]
pub struct FindingReport {
    /// Where.
    pub target: Target,
    /// Warning or failure.
    pub outcome: State,
    /// Why, with its facts; `kind` is stable.
    pub cause: crate::cause::Cause,
    /// Why, as a sentence.
    pub message: String,
    /// What shows it.
    pub evidence: Evidence,
    /// What to do.
    pub remedy: String,
    /// Why it does not count, and until which day, where the configuration accepts it; null otherwise.
    pub accepted: Option<String>,
    /// Who saw it: each of these vantages shows it by itself, or they do together.
    pub seen_from: BTreeSet<Vantage>,
}

/// What to run, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NextCommand {
    /// Where.
    pub vantage: Vantage,
    /// What.
    pub command: String,
    /// The checks it would complete.
    pub checks: Vec<CheckId>,
}

/// How the run went.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Run {
    /// Questions asked.
    pub questions: usize,
    /// How long observing took, milliseconds; the longest of several recordings.
    pub took_ms: u64,
    /// Questions that had no time left.
    pub unasked: Vec<String>,
    /// Whether recordings were judged again, and nobody was asked.
    pub replayed: bool,
}
