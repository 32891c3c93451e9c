//! What is otherwise in a newer run than in an older one: what was mended, what broke, what changed behind it, and what
//! was not seen on one side. Pure: it compares two reports, and what the recordings hold beyond them.
//!
//! Nothing unseen passes, here as in a report: what was right and is no longer seen is worse, and what was wrong and is
//! no longer seen is not mended.

mod facts;
mod outcomes;
mod pairs;
mod side;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::Serialize;

pub use self::side::{Refused, Side};
use crate::{
    deployment::Vantage,
    outcome::State,
    report::{ReportScope, Verdict},
    time::Timestamp,
};

/// The `schema` of every difference this version writes.
pub const SCHEMA: &str = "pinflight.diff/1";

/// What is otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The version of pinflight that compared.
    pub version: &'static str,
    /// Whether anything is worse.
    pub outcome: Answer,
    /// Device Services' host, which both are about.
    pub host: String,
    /// The older one.
    pub old: Head,
    /// The newer one.
    pub new: Head,
    /// Why the two are not alike, and can be compared in part only.
    pub apart: Vec<Apart>,
    /// The verdicts.
    pub verdict: VerdictChange,
    /// How many checks changed, and how.
    pub counts: Counts,
    /// Every check that changed, in the newer report's order.
    pub checks: Vec<CheckChange>,
    /// Checks that only one of the two judged.
    pub not_compared: Vec<NotCompared>,
    /// What changed behind the outcomes.
    pub facts: Vec<FactChange>,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Something is worse.
    Worse,
    /// Something is otherwise, and nothing is worse.
    NothingWorse,
    /// Nothing is otherwise.
    NothingDifferent,
}

/// One of the two, by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Head {
    /// Where it is from.
    pub file: String,
    /// What it is.
    pub kind: Kind,
    /// Device Services' URL.
    pub subject: String,
    /// Its answer.
    pub verdict: Verdict,
    /// What that speaks of.
    pub scope: ReportScope,
    /// The answer in words.
    pub headline: String,
    /// Where was looked from.
    pub vantages: BTreeSet<Vantage>,
    /// When it was observed.
    pub taken_at: Timestamp,
    /// For which moment it was judged.
    pub judged_at: Timestamp,
    /// The version of pinflight that observed.
    pub version: String,
}

/// What was handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A report: outcomes and what they rest on.
    Report,
    /// A recording, judged for the moment when it was taken: it holds the configuration and the pins too.
    Recording,
}

/// The older or the newer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Which {
    /// The older one.
    Old,
    /// The newer one.
    New,
}

/// Why the two are not alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Apart {
    /// The newer one was taken before the older one.
    Reversed,
    /// Different versions observed.
    Versions,
    /// The verdicts speak of different things.
    Scopes,
    /// They were not taken from the same places.
    Vantages {
        /// Only the older one.
        only_old: Vec<Vantage>,
        /// Only the newer one.
        only_new: Vec<Vantage>,
    },
    /// `--only` and `--skip` left out what the other one judged.
    Selections {
        /// How many checks only the older one judged.
        only_old: usize,
        /// How many checks only the newer one judged.
        only_new: usize,
    },
    /// Judged for another moment than the one when it was taken.
    JudgedAt {
        /// Which.
        which: Which,
    },
    /// Interrupted, or out of time.
    CutShort {
        /// Which.
        which: Which,
        /// How many questions were not asked.
        unasked: usize,
    },
    /// It is a report, which holds neither the configuration nor the pins themselves: they are not compared.
    NotHeld {
        /// Which.
        which: Which,
    },
}

/// Which way it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Better.
    Better,
    /// Neither.
    Neither,
    /// Worse.
    Worse,
}

/// The verdicts of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct VerdictChange {
    /// The older one's.
    pub was: Verdict,
    /// The newer one's.
    pub is: Verdict,
    /// Which way it went; null: they speak of different things.
    pub effect: Option<Effect>,
}

/// How many checks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Something of it is worse.
    pub worse: usize,
    /// Something of it is better, and nothing worse.
    pub better: usize,
    /// Otherwise, and neither.
    pub neither: usize,
    /// As it was.
    pub unchanged: usize,
}

/// One check that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckChange {
    /// Which.
    pub id: String,
    /// What it proves.
    pub title: String,
    /// The worst that happened to it or to one of its targets.
    pub effect: Effect,
    /// What became of its outcome; null: that is the same.
    pub change: Option<Change>,
    /// What it was.
    pub was: Told,
    /// What it is.
    pub is: Told,
    /// Its targets that changed.
    pub targets: Vec<TargetChange>,
}

/// One target of a check that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TargetChange {
    /// As the newer one has it; where it has none, as the older one.
    pub target: String,
    /// Which way it went.
    pub effect: Effect,
    /// What became of it.
    pub change: Change,
    /// What it was; null: the check did not name it.
    pub was: Option<Told>,
    /// What it is; null: the check does not name it.
    pub is: Option<Told>,
}

/// An outcome, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Told {
    /// Which.
    pub outcome: Standing,
    /// Why it was skipped or not observed; null otherwise.
    pub reason: Option<String>,
    /// The check whose failure hid it; null otherwise.
    pub because: Option<String>,
    /// What is wrong.
    pub findings: Vec<Wrong>,
}

/// A finding, in short.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Wrong {
    /// The cause's kind.
    pub cause: String,
    /// The same in words.
    pub message: String,
}

/// An outcome; what the configuration accepts stands apart from what is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Does not apply.
    Skipped,
    /// Seen and right.
    Pass,
    /// Seen and wrong, and the configuration accepts it.
    Accepted,
    /// Seen; needs attention.
    Warn,
    /// Not seen.
    NotObserved,
    /// Seen and wrong.
    Fail,
}

impl From<State> for Standing {
    fn from(state: State) -> Self {
        match state {
            State::Skipped => Self::Skipped,
            State::Pass => Self::Pass,
            State::Warn => Self::Warn,
            State::NotObserved => Self::NotObserved,
            State::Fail => Self::Fail,
        }
    }
}

/// What became of an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Seen on both sides, and better.
    Mended,
    /// Seen on both sides, and worse.
    Broken,
    /// It was not seen before.
    NowSeen,
    /// It is not seen any more: not mended, if it was wrong; worse, if it was right.
    NoLongerSeen,
    /// It did not apply before.
    NowApplies,
    /// It does not apply any more: not mended, if it was wrong.
    NoLongerApplies,
    /// What is wrong is accepted now: not mended.
    NowAccepted,
    /// What was accepted counts again.
    NoLongerAccepted,
    /// A target that is not asked any more, and was not right: not mended.
    Gone,
    /// A target that was not asked before, and is not right.
    New,
    /// As wrong as before, for another reason.
    OtherCause,
}

/// A check that only one of the two judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NotCompared {
    /// Which.
    pub id: String,
    /// Which of the two judged it.
    pub only: Which,
    /// Its outcome there.
    pub outcome: Standing,
    /// Why the other did not.
    pub why: NotJudged,
}

/// Why a check was not judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotJudged {
    /// `--only` and `--skip` left it out.
    NotSelected,
    /// That version has no such check.
    Unknown,
}

/// Something seen or declared that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FactChange {
    /// What.
    pub what: What,
    /// Of whom: places, names, sources of pins, keys of the configuration; all changed alike.
    pub at: Vec<String>,
    /// What it was; null: not seen.
    pub was: Option<Vec<String>>,
    /// What it is; null: not seen.
    pub is: Option<Vec<String>>,
}

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Device Services' URL.
    Url,
    /// Name and port of a service or a resolver.
    Place,
    /// A name's addresses.
    Addresses,
    /// The keys presented: SHA-256 of the SPKI, base64.
    Key,
    /// The leaf certificates presented: SHA-256 of the DER, hex.
    Certificate,
    /// Their serial numbers.
    Serial,
    /// Their first second.
    ValidFrom,
    /// Their last second.
    ValidUntil,
    /// Their subjects.
    Subject,
    /// Their issuers.
    Issuer,
    /// What is sent behind them: SHA-256 of the DER, hex.
    Intermediates,
    /// Where the best path ends.
    PathEnd,
    /// The pins of a source: SHA-256 of the SPKI, base64.
    Pins,
    /// How many pins a source holds.
    PinCount,
    /// The source that devices take their pins from.
    PinsUsed,
    /// What a source says of the key at a place.
    PinMatch,
    /// Where a kind of device ends.
    Journey,
    /// What the configuration declares.
    Deployment,
    /// By which thresholds it was judged.
    Policy,
    /// What a supplied file holds: SHA-256 of each certificate, hex.
    File,
    /// The roots that counted.
    Roots,
}

impl What {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Url => "URL",
            Self::Place => "moved",
            Self::Addresses => "addresses",
            Self::Key => "key",
            Self::Certificate => "certificate",
            Self::Serial => "serial",
            Self::ValidFrom => "valid from",
            Self::ValidUntil => "valid until",
            Self::Subject => "subject",
            Self::Issuer => "issuer",
            Self::Intermediates => "sent behind",
            Self::PathEnd => "path ends at",
            Self::Pins => "pins",
            Self::PinCount => "pins, number",
            Self::PinsUsed => "pins taken from",
            Self::PinMatch => "pinned",
            Self::Journey => "device",
            Self::Deployment => "configuration",
            Self::Policy => "policy",
            Self::File => "file",
            Self::Roots => "roots",
        }
    }
}

/// Two that are not about the same deployment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("they are about different deployments: {old} and {new}")]
pub struct Unrelated {
    /// The older one's Device Services.
    pub old: String,
    /// The newer one's.
    pub new: String,
}

/// Compares two runs of one deployment.
pub fn compare(old: &Side, new: &Side) -> Result<Difference, Unrelated> {
    if old.host() != new.host() {
        return Err(Unrelated { old: old.report.subject.clone(), new: new.report.subject.clone() });
    }
    let compared = outcomes::compare(&old.report, &new.report);
    let facts = facts::compare(old, new, &compared.moved);
    let apart = apart(old, new, &compared.one_sided);
    let verdict = verdict(old, new, &apart, &compared.one_sided);
    let outcomes::Compared { checks, one_sided: not_compared, unchanged, .. } = compared;
    let count = |effect| checks.iter().filter(|check| check.effect == effect).count();
    let counts = Counts {
        worse: count(Effect::Worse),
        better: count(Effect::Better),
        neither: count(Effect::Neither),
        unchanged,
    };
    let alike = checks.is_empty() && not_compared.is_empty() && facts.is_empty() && verdict.was == verdict.is;
    Ok(Difference {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION"),
        outcome: match (counts.worse > 0 || verdict.effect == Some(Effect::Worse), alike) {
            (true, _) => Answer::Worse,
            (false, false) => Answer::NothingWorse,
            (false, true) => Answer::NothingDifferent,
        },
        host: new.host(),
        old: old.head(),
        new: new.head(),
        apart,
        verdict,
        counts,
        checks,
        not_compared,
        facts,
    })
}

fn apart(old: &Side, new: &Side, not_compared: &[NotCompared]) -> Vec<Apart> {
    let mut apart = Vec::new();
    let (before, after) = (&old.report, &new.report);
    let tell = |is: bool, told: Apart| is.then_some(told);
    apart.extend(tell(after.taken_at < before.taken_at, Apart::Reversed));
    apart.extend(tell(before.version != after.version, Apart::Versions));
    apart.extend(tell(before.scope != after.scope, Apart::Scopes));
    if before.vantages != after.vantages {
        let only_old = before.vantages.difference(&after.vantages).copied().collect();
        let only_new = after.vantages.difference(&before.vantages).copied().collect();
        apart.push(Apart::Vantages { only_old, only_new });
    }
    let unselected = |only| {
        let left_out = not_compared.iter().filter(|one| one.why == NotJudged::NotSelected && one.only == only);
        left_out.count()
    };
    let (only_old, only_new) = (unselected(Which::Old), unselected(Which::New));
    apart.extend(tell(only_old + only_new > 0, Apart::Selections { only_old, only_new }));
    for (which, side) in [(Which::Old, old), (Which::New, new)] {
        let report = &side.report;
        apart.extend(tell(report.judged_at != report.taken_at, Apart::JudgedAt { which }));
        let unasked = report.run.unasked.len();
        apart.extend(tell(unasked > 0, Apart::CutShort { which, unasked }));
        apart.extend(tell(side.kind == Kind::Report, Apart::NotHeld { which }));
    }
    apart
}

/// Verdicts can be compared where they speak of the same checks, seen from the same places.
fn verdict(old: &Side, new: &Side, apart: &[Apart], not_compared: &[NotCompared]) -> VerdictChange {
    let (was, is) = (old.report.verdict, new.report.verdict);
    let hinders = |apart: &Apart| matches!(apart, Apart::Scopes | Apart::Vantages { .. });
    let comparable = not_compared.is_empty() && !apart.iter().any(hinders);
    let standing = |verdict| match verdict {
        Verdict::Ready | Verdict::SelectedPass => Standing::Pass,
        Verdict::Incomplete | Verdict::SelectedIncomplete => Standing::NotObserved,
        Verdict::NotReady | Verdict::SelectedFail => Standing::Fail,
    };
    let effect =
        comparable.then(|| outcomes::change(standing(was), standing(is)).map_or(Effect::Neither, |(_, effect)| effect));
    VerdictChange { was, is, effect }
}
