//! What if these pins were published, and these certificates presented? The known client, played over what is planned.

use serde::Serialize;

use crate::{
    answers::HostPins,
    check::Case,
    client::{self, Ending, Held, Journey, Kind, Met, Plan, Presented, Reading, Route, Step},
    deployment::{Endpoint, Role},
    outcome::{Evidence, Target},
    pin::SourceId,
    recording::{CertId, Recording},
    time::Timestamp,
    x509::{self, ChainFacts},
};

/// The `schema` of every simulation this version writes.
pub const SCHEMA: &str = "pinflight.simulate/1";

/// What is to be played.
pub struct Question<'a> {
    /// Device Services, as devices ask for it.
    pub endpoint: Endpoint,
    /// The list that would be published; none: what the recordings hold.
    pub published: Option<Published>,
    /// Chains that would be presented, each by one server; none: what the recordings hold.
    pub presented: Vec<Chain>,
    /// Holds the certificates of those chains, and the roots that count.
    pub supplied: &'a Recording,
    /// What was observed; empty: nothing.
    pub recordings: &'a [Recording],
    /// For which moment.
    pub now: Timestamp,
}

/// A list of pins.
pub struct Published {
    /// The files that it is made of.
    pub files: Vec<String>,
    /// Hosts with their pins.
    pub entries: HostPins,
    /// Where it would be published: names are read differently.
    pub source: SourceId,
}

/// A chain as a server would present it.
pub struct Chain {
    /// The file that it is from.
    pub file: String,
    /// Its certificates, leaf first.
    pub certificates: Vec<CertId>,
}

/// What would come of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Simulation {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The version of pinflight that played it.
    pub version: String,
    /// Device Services' host.
    pub host: String,
    /// For which moment.
    pub judged_at: Timestamp,
    /// Whether an iOS device is refused somewhere.
    pub outcome: Outcome,
    /// The files published; null: what was observed.
    pub published: Option<Vec<String>>,
    /// The files presented; null: what was observed.
    pub presented: Option<Vec<String>>,
    /// What each kind of device does.
    pub journey: Journey,
}

/// The answer; Android, which always ends in unknown, does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Every iOS device connects.
    NobodyBreaks,
    /// One is refused.
    Refused,
    /// None is refused, as far as is known, and one ends in unknown.
    Unknown,
}

impl Simulation {
    /// Plays it; none where nothing is given and nothing was recorded.
    pub fn of(question: &Question<'_>) -> Option<Self> {
        let Question { endpoint, published, presented, supplied, recordings, now } = question;
        let policy = recordings.first().map(|recording| recording.policy.clone()).unwrap_or_default();
        let case = Case::new(recordings, &policy, *now);
        let observed = case.as_ref().map(client::plan);
        let host = endpoint.host.clone();
        let chains: Vec<(&Chain, ChainFacts)> =
            presented.iter().map(|chain| (chain, x509::chain_as_of(&chain.certificates, supplied, *now))).collect();
        let places = chains.iter().map(|(chain, facts)| {
            let role = Role::DeviceServices;
            let presented = Presented { chain: facts, endpoint, role, signature: None, other_clock: None };
            let target = Target::File(chain.file.clone());
            Met::new(target, role, vec![], Ok(presented), *now)
        });
        let places: Vec<Met<'_>> = places.collect();
        let (routes, seen, uploaded) = match observed {
            Some(Plan { routes, places, uploaded, .. }) => (Some(routes), places, uploaded),
            None => (None, vec![], None),
        };
        let plan = Plan {
            host: host.clone(),
            routes: match published {
                Some(published) => vec![route(published)],
                None => routes?,
            },
            // The daily list is made of what is published, whatever was uploaded before.
            uploaded: uploaded.filter(|_| published.is_none()),
            places: if places.is_empty() { seen } else { places },
        };
        if plan.places.is_empty() {
            return None;
        }
        let journey = plan.tell();
        Some(Self {
            schema: SCHEMA,
            version: supplied.version.clone(),
            host,
            judged_at: *now,
            outcome: outcome(&journey),
            published: published.as_ref().map(|published| published.files.clone()),
            presented: (!presented.is_empty()).then(|| presented.iter().map(|chain| chain.file.clone()).collect()),
            journey,
        })
    }
}

fn outcome(journey: &Journey) -> Outcome {
    let ios = || journey.stories.iter().filter(|story| story.kind != Kind::Android);
    if ios().any(|story| matches!(story.ending, Ending::Refused { .. })) {
        return Outcome::Refused;
    }
    let unknown =
        ios().flat_map(|story| story.places.iter()).any(|place| matches!(place.ending, Ending::Unknown { .. }));
    if unknown { Outcome::Unknown } else { Outcome::NobodyBreaks }
}

/// A device that has taken the list.
fn route(published: &Published) -> Route {
    let Published { files, entries, source } = published;
    let words = entries.iter().map(|(name, pins)| match pins {
        Ok(pins) => format!("{} for {name}", client::counted(pins.len(), "pin")),
        Err(found) => format!("{found} for {name}"),
    });
    let step = |decision: &str| Step {
        request: format!("the list published at the {}", source.words()),
        answer: words.clone().collect::<Vec<_>>().join(", "),
        decision: decision.to_owned(),
        seen_from: vec![],
        checks: vec![],
        evidence: Evidence::of("files", files.join(", ")),
    };
    match client::read(entries, *source) {
        Reading::Void(why) => {
            Route::of(vec![step("void as a whole")], Held::Nothing(format!("the published list is void: {why}")))
        }
        Reading::Lists(lists, unsure) => Route {
            steps: vec![step("takes the whole list")],
            held: lists.into_iter().map(Held::List).collect(),
            unsure: unsure.map(Ending::not_established),
            ..Route::default()
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        json::Json,
        testing::NOW,
        x509::forge::{HOST, Made, Supplied, presents, root},
    };

    fn simulated(pins: &[&str], chain: &[&Made], root: &Made) -> Simulation {
        let supplied = presents(chain, &Supplied { ca_files: &[root], ..Supplied::default() });
        let pins = pins.iter().map(|pin| Json::String((*pin).to_owned())).collect();
        let question = Question {
            endpoint: Endpoint::new(HOST, 443),
            published: Some(Published {
                files: vec!["pins.txt".into()],
                entries: vec![(HOST.to_owned(), Ok(pins))],
                source: SourceId::TrustService,
            }),
            presented: vec![Chain {
                file: "ds.pem".into(),
                certificates: chain.iter().map(|made| made.id()).collect(),
            }],
            supplied: &supplied,
            recordings: &[],
            now: NOW,
        };
        Simulation::of(&question).unwrap()
    }

    #[test]
    fn what_is_refused_unknown_and_fine_is_told_apart() {
        let root = root("Example Root");
        let ca = root.intermediate("Example CA");
        // An EC key: what is compared is not established.
        let leaf = ca.leaf();
        let ec = simulated(&["abcd"], &[&leaf, &ca], &root);
        assert_eq!(ec.outcome, Outcome::Unknown);
        // No pins for it: nothing is compared.
        assert_eq!(simulated(&[], &[&leaf, &ca], &root).outcome, Outcome::NobodyBreaks);
        // An intermediate is missing.
        assert_eq!(simulated(&[], &[&leaf], &root).outcome, Outcome::Unknown);
        // Not its root.
        let other = super::tests::root("Another Root");
        let refused = simulated(&[], &[&leaf, &ca, &root], &other);
        assert_eq!(refused.outcome, Outcome::Refused);
        assert_eq!(refused.journey.stories[0].places[0].target, Target::File("ds.pem".into()));
    }
}
