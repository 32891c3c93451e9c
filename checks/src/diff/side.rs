//! One of the two runs: a report as it stands in its file, or what a recording comes to.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{Head, Kind, Standing, Told, Wrong, facts};
use crate::{
    check::Case,
    deployment::{ServiceUrl, Vantage},
    judge,
    outcome::State,
    pin::Book,
    recording::Recording,
    report::{self, Counts, PinCell, Report, ReportScope, Verdict},
    time::Timestamp,
};

/// One run, ready to be compared.
#[derive(Clone, Debug)]
pub struct Side {
    pub(super) file: String,
    pub(super) kind: Kind,
    pub(super) report: Read,
    pub(super) held: Option<Held>,
}

/// What a recording holds beyond its report.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// The keys that each source pins for Device Services, one set for each distinct answer.
    pub(super) pins: BTreeMap<&'static str, BTreeSet<String>>,
    /// Deployment, policy, roots and files: by key, as texts.
    pub(super) declared: facts::Declared,
}

/// Why a file cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Another schema, or none.
    #[error("its schema is {schema:?}; this version compares {}", report::SCHEMA)]
    Foreign {
        /// What it says.
        schema: String,
    },
    /// Cut off, or not of the report's shape.
    #[error("{0}")]
    Malformed(#[from] serde_json::Error),
    /// Its parts contradict each other.
    #[error("{0}: it was changed since it was written")]
    Contradictory(String),
    /// Nothing was judged.
    #[error("it holds no check")]
    Empty,
}

impl Side {
    /// A report as JSON. `file` says where it is from.
    pub fn of_report(file: &str, bytes: &[u8]) -> Result<Self, Refused> {
        let report: Read = serde_json::from_slice(bytes)?;
        if report.schema != report::SCHEMA {
            return Err(Refused::Foreign { schema: report.schema });
        }
        report.is_sound()?;
        Ok(Self { file: file.to_owned(), kind: Kind::Report, report, held: None })
    }

    /// A recording, judged by its own policy for the moment when it was taken.
    pub fn of_recording(file: &str, recording: &Recording) -> Result<Self, Refused> {
        let recordings = std::slice::from_ref(recording);
        let case = Case::new(recordings, &recording.policy, recording.taken_at).ok_or(Refused::Empty)?;
        Self::of_case(file, &case, &judge::judge(&case))
    }

    /// A case and the report that it came to.
    pub fn of_case(file: &str, case: &Case<'_>, report: &Report) -> Result<Self, Refused> {
        let book = Book::new(case);
        let pins = book.sources.iter().filter(|source| !source.sets.is_empty()).map(|source| {
            let keys = source.sets.iter().flat_map(|set| set.keys.iter().cloned());
            (source.id.id(), keys.collect())
        });
        let held = Held { pins: pins.collect(), declared: facts::declared(case)? };
        // The same way as a file goes, so that the two cannot be read differently.
        let read = serde_json::from_slice(&serde_json::to_vec(report)?)?;
        Ok(Self { file: file.to_owned(), kind: Kind::Recording, report: read, held: Some(held) })
    }

    /// Device Services' host.
    pub(super) fn host(&self) -> String {
        self.report.subject.parse::<ServiceUrl>().map_or_else(|_| self.report.subject.clone(), |url| url.host())
    }

    pub(super) fn head(&self) -> Head {
        let report = &self.report;
        Head {
            file: self.file.clone(),
            kind: self.kind,
            subject: report.subject.clone(),
            verdict: report.verdict,
            scope: report.scope,
            headline: report.headline.clone(),
            vantages: report.vantages.clone(),
            taken_at: report.taken_at,
            judged_at: report.judged_at,
            version: report.version.clone(),
        }
    }
}

/// A report as a reader has it; what is not compared is left out.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Read {
    schema: String,
    pub(super) verdict: Verdict,
    pub(super) scope: ReportScope,
    pub(super) headline: String,
    pub(super) vantages: BTreeSet<Vantage>,
    pub(super) taken_at: Timestamp,
    pub(super) judged_at: Timestamp,
    pub(super) version: String,
    pub(super) subject: String,
    counts: Counts,
    pub(super) pin_matrix: Matrix,
    pub(super) chains: Vec<Chain>,
    pub(super) journey: Option<Journey>,
    pub(super) checks: Vec<Check>,
    pub(super) run: Run,
}

impl Read {
    /// Whether its parts fit each other, as in every report that was not edited.
    fn is_sound(&self) -> Result<(), Refused> {
        if self.checks.is_empty() {
            return Err(Refused::Empty);
        }
        let mut ids = BTreeSet::new();
        for check in &self.checks {
            if !ids.insert(&check.id) {
                return Err(Refused::Contradictory(format!("{} stands twice in it", check.id)));
            }
            let worst = check.targets.iter().map(|target| target.outcome).max().unwrap_or(State::Skipped);
            if worst != check.outcome {
                let (says, worst) = (check.outcome.id(), worst.id());
                let told = format!("{} says {says}, and the worst of its targets {worst}", check.id);
                return Err(Refused::Contradictory(told));
            }
        }
        let count = |state| self.checks.iter().filter(|check| check.outcome == state).count();
        let counts = Counts {
            pass: count(State::Pass),
            warn: count(State::Warn),
            fail: count(State::Fail),
            skipped: count(State::Skipped),
            not_observed: count(State::NotObserved),
        };
        let fits = match self.verdict {
            Verdict::Ready | Verdict::Incomplete | Verdict::SelectedPass | Verdict::SelectedIncomplete => {
                counts.fail == 0
            }
            Verdict::NotReady | Verdict::SelectedFail => counts.fail > 0,
        };
        if counts != self.counts {
            return Err(Refused::Contradictory("its counts are not those of its checks".to_owned()));
        }
        if !fits {
            return Err(Refused::Contradictory("its verdict does not fit its failures".to_owned()));
        }
        Ok(())
    }
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Matrix {
    pub(super) sources: Vec<Source>,
    pub(super) rows: Vec<Row>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Source {
    pub(super) id: String,
    pub(super) pins: Option<usize>,
    pub(super) used: bool,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Row {
    pub(super) target: String,
    pub(super) cells: Vec<PinCell>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Chain {
    pub(super) targets: Vec<String>,
    pub(super) certificates: Vec<Certificate>,
    pub(super) anchor: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Certificate {
    pub(super) subject: String,
    pub(super) issuer: String,
    pub(super) serial: String,
    pub(super) not_before: Option<Timestamp>,
    pub(super) not_after: Option<Timestamp>,
    pub(super) sha256: String,
    pub(super) spki_sha256: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Journey {
    pub(super) stories: Vec<Story>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Story {
    pub(super) title: String,
    pub(super) ending: Ending,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Ending {
    pub(super) kind: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Run {
    pub(super) unasked: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Check {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) outcome: State,
    pub(super) reason: Option<String>,
    pub(super) because: Option<String>,
    pub(super) targets: Vec<Target>,
    findings: Vec<Finding>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Target {
    #[serde(rename = "target")]
    pub(super) name: String,
    pub(super) outcome: State,
    reason: Option<String>,
    because: Option<String>,
    pub(super) evidence: Vec<Fact>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Fact {
    pub(super) label: String,
    pub(super) value: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Finding {
    target: String,
    cause: Cause,
    message: String,
    accepted: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
struct Cause {
    kind: String,
}

impl Check {
    /// Whether `--only` or `--skip` left it out.
    pub(super) fn is_unselected(&self) -> bool {
        self.outcome == State::Skipped && self.reason.as_deref() == Some(judge::NOT_SELECTED)
    }

    pub(super) fn told(&self) -> Told {
        Told {
            outcome: standing(self.outcome, self.findings.iter()),
            reason: self.reason.clone(),
            because: self.because.clone(),
            findings: Vec::new(),
        }
    }

    /// Each target once, with the worst that is said of it.
    pub(super) fn by_target(&self) -> BTreeMap<&str, Told> {
        let mut findings: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
        for finding in &self.findings {
            findings.entry(&finding.target).or_default().push(finding);
        }
        let mut worst: BTreeMap<&str, &Target> = BTreeMap::new();
        for target in &self.targets {
            let known = worst.entry(&target.name).or_insert(target);
            if target.outcome > known.outcome {
                *known = target;
            }
        }
        let told = worst.into_iter().map(|(name, target)| {
            let found = findings.remove(name).unwrap_or_default();
            let wrong = found
                .iter()
                .map(|finding| Wrong { cause: finding.cause.kind.clone(), message: finding.message.clone() });
            let wrong: BTreeSet<Wrong> = wrong.collect();
            let told = Told {
                outcome: standing(target.outcome, found.iter().copied()),
                reason: target.reason.clone(),
                because: target.because.clone(),
                findings: wrong.into_iter().collect(),
            };
            (name, told)
        });
        told.collect()
    }
}

/// What passes with an accepted finding passes because it is accepted.
fn standing<'a>(outcome: State, mut findings: impl Iterator<Item = &'a Finding>) -> Standing {
    if outcome == State::Pass && findings.any(|finding| finding.accepted.is_some()) {
        return Standing::Accepted;
    }
    outcome.into()
}
