//! The known client, played: which requests it makes, what it makes of the answers, and where it ends
//! (trust-service-protocol, "How the known client decides"). Pure, and without a case: `journey` plays it over what was
//! observed, `simulate` over what is planned.
//!
//! What is not established of it ends in `unknown`, and never in a guess.

mod fetch;
mod gather;
mod places;
mod rules;
mod stories;
#[cfg(test)]
mod tests;
mod trust;

use std::{fmt, sync::Arc};

use serde::Serialize;

pub use self::{
    fetch::{Route, counted},
    rules::{Held, List, Match, Reading, read},
    stories::{Met, Plan, plan},
    trust::{Presented, Validation},
};
use crate::{
    check::CheckId,
    deployment::Vantage,
    outcome::{Evidence, Target},
};

/// What each device does, request by request, and where it ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Journey {
    /// One for each platform and kind of enrollment.
    pub stories: Vec<Story>,
}

/// A journey of one kind of device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Story {
    /// Which device, and how it is enrolled.
    pub kind: Kind,
    /// The same for people.
    pub title: &'static str,
    /// Where it ends: the worst of its places.
    pub ending: Ending,
    /// Each place of Device Services that it may meet, the worst first. There may be thousands; stories that are told again share them.
    pub places: Arc<Vec<PlaceEnding>>,
    /// What the ending rests on beyond what was seen.
    pub provided: Vec<String>,
    /// What it does, in order.
    pub steps: Vec<Step>,
    /// The failing checks behind the ending, root causes first.
    pub because: Vec<CheckId>,
}

/// Devices, as far as their ways differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// iOS, enrolled in Workspace ONE Hub.
    IosHub,
    /// iOS, enrolled in the browser.
    IosWeb,
    /// iOS, enrolled by Apple's device enrollment programme.
    IosDep,
    /// iOS, once enrolled.
    IosEnrolled,
    /// Android.
    Android,
}

impl Kind {
    /// All of them, in the report's order.
    pub const ALL: [Self; 5] = [Self::IosHub, Self::IosWeb, Self::IosDep, Self::IosEnrolled, Self::Android];

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Self::IosHub => "iOS Hub enrollment",
            Self::IosWeb => "iOS web enrollment",
            Self::IosDep => "iOS DEP enrollment",
            Self::IosEnrolled => "iOS after enrollment",
            Self::Android => "Android",
        }
    }

    /// As JSON spells it.
    pub fn id(self) -> &'static str {
        match self {
            Self::IosHub => "ios-hub",
            Self::IosWeb => "ios-web",
            Self::IosDep => "ios-dep",
            Self::IosEnrolled => "ios-enrolled",
            Self::Android => "android",
        }
    }

    /// Whether its key is compared with pins, by the guide.
    pub fn pins(self) -> bool {
        !matches!(self, Self::IosWeb | Self::IosDep)
    }
}

/// Where a journey ends; from the best to the worst.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Ending {
    /// The key matches a pin.
    ConnectsPinned,
    /// Default validation only.
    ConnectsNotPinned {
        /// Why.
        why: String,
    },
    /// Nobody can say.
    Unknown {
        /// Why.
        why: String,
        /// Whether it could have been observed, and was not; else the client's behaviour is not established.
        observable: bool,
        /// Where it can be observed; null: nowhere, or mend first what stands in the way.
        vantage: Option<Vantage>,
        /// What to run there.
        command: Option<String>,
    },
    /// It does not connect.
    Refused {
        /// Why.
        why: String,
    },
}

impl Ending {
    /// What the client does is not known.
    pub(crate) fn not_established(why: impl Into<String>) -> Self {
        Self::Unknown { why: why.into(), observable: false, vantage: None, command: None }
    }

    /// What it met was not seen.
    pub(crate) fn not_observed(why: impl Into<String>, at: Option<(Vantage, String)>) -> Self {
        let (vantage, command) = at.unzip();
        Self::Unknown { why: why.into(), observable: true, vantage, command }
    }

    /// From the best to the worst; what was not observed is worse than what nobody can.
    pub fn rank(&self) -> u8 {
        match self {
            Self::ConnectsPinned => 0,
            Self::ConnectsNotPinned { .. } => 1,
            Self::Unknown { observable: false, .. } => 2,
            Self::Unknown { observable: true, .. } => 3,
            Self::Refused { .. } => 4,
        }
    }

    /// Whether a device of this kind ends as it should, or as nobody can tell.
    pub fn is_meant(&self, kind: Kind) -> bool {
        match self {
            Self::ConnectsPinned => true,
            Self::ConnectsNotPinned { .. } => !kind.pins(),
            Self::Unknown { observable, .. } => !observable,
            Self::Refused { .. } => false,
        }
    }

    /// In two words.
    pub fn words(&self) -> &'static str {
        match self {
            Self::ConnectsPinned => "connects, pinned",
            Self::ConnectsNotPinned { .. } => "connects, not pinned",
            Self::Unknown { .. } => "unknown",
            Self::Refused { .. } => "refused",
        }
    }

    /// Why, where that is to be told.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::ConnectsPinned => None,
            Self::ConnectsNotPinned { why } | Self::Unknown { why, .. } | Self::Refused { why } => Some(why),
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConnectsPinned => f.write_str(self.words()),
            Self::Unknown { why, observable: true, command: Some(command), .. } => {
                write!(f, "unknown (not observed: {why}; run {command})")
            }
            Self::Unknown { why, observable: true, .. } => write!(f, "unknown (not observed: {why})"),
            Self::ConnectsNotPinned { why } | Self::Unknown { why, .. } | Self::Refused { why } => {
                write!(f, "{} ({why})", self.words())
            }
        }
    }
}

/// Where a journey ends at one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlaceEnding {
    /// Where.
    pub target: Target,
    /// What it is.
    pub role: &'static str,
    /// How it ends there.
    pub ending: Ending,
}

/// One thing that a device does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What it asks: `GET https://…`, `TLS to …`.
    pub request: String,
    /// What it is answered.
    pub answer: String,
    /// What it makes of that.
    pub decision: String,
    /// Who saw the answer; empty: nobody.
    pub seen_from: Vec<Vantage>,
    /// The checks that judge it.
    pub checks: Vec<CheckId>,
    /// What was seen.
    pub evidence: Evidence,
}
