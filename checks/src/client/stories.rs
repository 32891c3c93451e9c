//! The journeys, told: the fetch, then each place of Device Services that a device may meet.

use std::{collections::HashMap, sync::Arc};

use crate::{
    check::{Case, CheckId},
    client::{
        Ending, Held, Journey, Kind, List, Match, PlaceEnding, Step, Story,
        fetch::{self, Route, counted, leaf_words, short},
        places,
        trust::{Presented, Validation},
    },
    deployment::{Role, Vantage},
    outcome::{Evidence, Target},
    pin::{self, SourceId},
    recording::FileUse,
    time::Timestamp,
};

const CERTIFICATE: &[CheckId] = &[
    CheckId("network/reachable"),
    CheckId("network/address-families"),
    CheckId("network/clock"),
    CheckId("firewall/discovery-to-device-services"),
    CheckId("tls/versions"),
    CheckId("tls/interception"),
    CheckId("certificate/path"),
    CheckId("certificate/name"),
    CheckId("certificate/expiry"),
    CheckId("certificate/platform-rules"),
];
const PINNED: &[CheckId] = &[
    CheckId("network/reachable"),
    CheckId("network/address-families"),
    CheckId("network/clock"),
    CheckId("firewall/discovery-to-device-services"),
    CheckId("tls/versions"),
    CheckId("tls/interception"),
    CheckId("certificate/path"),
    CheckId("certificate/name"),
    CheckId("certificate/expiry"),
    CheckId("certificate/platform-rules"),
    CheckId("pins/well-formed"),
    CheckId("pins/host-matching"),
    CheckId("pins/cover-every-server"),
    CheckId("pins/sources-agree"),
];

/// Why an iOS device that is enrolled in the browser or by DEP compares no pins (the guide).
const WHILE_ENROLLING: &str = "no pins while enrolling";

/// What a device meets.
pub struct Plan<'a> {
    /// Device Services' host.
    pub host: String,
    /// The ways to its pins.
    pub routes: Vec<Route>,
    /// The places of Device Services.
    pub places: Vec<Met<'a>>,
    /// Pins of the uploaded certificates, of which the daily list should be made; none: not supplied.
    pub uploaded: Option<List>,
}

/// A place of Device Services.
pub struct Met<'a> {
    /// Where.
    pub target: Target,
    /// What it is.
    pub role: Role,
    /// Who saw it.
    pub seen_from: Vec<Vantage>,
    /// What it presents, and what default validation makes of it; or how a journey ends there in any case.
    pub presented: Result<(Presented<'a>, Validation), Ending>,
    /// The leaf, for people.
    answer: String,
}

impl<'a> Met<'a> {
    /// A place that presents this for the moment `now`, or where a journey ends so in any case.
    pub fn new(
        target: Target,
        role: Role,
        seen_from: Vec<Vantage>,
        presented: Result<Presented<'a>, Ending>,
        now: Timestamp,
    ) -> Self {
        let leaf = presented.as_ref().ok().and_then(|presented| presented.chain.leaf());
        let answer = leaf.map_or_else(|| "no certificate".to_owned(), leaf_words);
        let presented = presented.map(|presented| (presented, presented.validate(now)));
        Self { target, role, seen_from, presented, answer }
    }

    fn ends(&self, ending: Ending) -> PlaceEnding {
        PlaceEnding { target: self.target.clone(), role: self.role.words(), ending }
    }
}

/// What devices meet, as it was observed.
pub fn plan<'a>(case: &'a Case<'_>) -> Plan<'a> {
    let host = case.deployment.device_services.url.host();
    Plan { routes: fetch::routes(case), places: places::places(case), uploaded: uploaded(case, &host), host }
}

fn uploaded(case: &Case<'_>, host: &str) -> Option<List> {
    let files = case.files(FileUse::Uploaded);
    let leaves = files.iter().filter_map(|file| case.first_certificate(file));
    let pins: Vec<String> = leaves.filter_map(|leaf| leaf.key.rsa_public_key_hex.clone()).collect();
    (!files.is_empty()).then(|| List { source: SourceId::Uploaded, hosts: vec![(host.to_owned(), pins)] })
}

impl Plan<'_> {
    /// Every kind of device.
    pub fn tell(&self) -> Journey {
        Journey { stories: Kind::ALL.iter().map(|kind| self.story(*kind)).collect() }
    }

    fn story(&self, kind: Kind) -> Story {
        match kind {
            Kind::IosHub => self.over(kind, &self.routes),
            Kind::IosWeb | Kind::IosDep => {
                let held = Held::Nothing(WHILE_ENROLLING.to_owned());
                self.over(kind, &[Route::of(vec![], held)])
            }
            Kind::IosEnrolled => self.enrolled(),
            Kind::Android => self.android(),
        }
    }

    fn over(&self, kind: Kind, routes: &[Route]) -> Story {
        let Walk { places, provided, steps } = self.walk(kind, routes);
        Self::ended(kind, places, provided, steps)
    }

    /// The worst of all ways, place by place.
    fn walk(&self, kind: Kind, routes: &[Route]) -> Walk {
        let mut walk = Walk::default();
        let mut met_steps = Vec::new();
        let worst_route = |met: &Met<'_>| {
            let met_by = routes.iter().enumerate().map(|(at, route)| (at, self.meet(route, met)));
            met_by.max_by_key(|(at, meeting)| (meeting.ending.rank(), routes.len() - at))
        };
        let mut taken = 0;
        let mut worst = None;
        for met in &self.places {
            let Some((at, mut meeting)) = worst_route(met) else { continue };
            if worst.is_none_or(|rank| meeting.ending.rank() > rank) {
                (worst, taken) = (Some(meeting.ending.rank()), at);
            }
            if let Some(when) = routes.get(at).and_then(|route| route.when.as_ref()) {
                meeting.ending = meeting.ending.when(when);
            }
            push_all(&mut walk.provided, meeting.provided);
            walk.places.push(met.ends(meeting.ending));
            met_steps.push((met, meeting.decision));
        }
        walk.steps = routes.get(taken).map(|route| route.steps.clone()).unwrap_or_default();
        for (at, route) in routes.iter().enumerate().filter(|(at, _)| *at != taken) {
            walk.steps.extend(self.other_way(at, route));
        }
        for route in routes {
            push_all(&mut walk.provided, route.provided.clone());
        }
        walk.steps.extend(grouped(&met_steps, if kind.pins() { PINNED } else { CERTIFICATE }));
        walk
    }

    /// How it goes for a device whose fetch went another way.
    fn other_way(&self, at: usize, route: &Route) -> Option<Step> {
        let endings = self.places.iter().map(|met| self.meet(route, met).ending);
        let worst = endings.max_by_key(Ending::rank)?;
        let last = route.steps.last()?;
        let when = route.when.clone().unwrap_or_else(|| format!("with the answer {}", last.answer));
        Some(Step {
            request: format!("another way ({})", at + 1),
            answer: when,
            decision: worst.to_string(),
            seen_from: last.seen_from.clone(),
            checks: last.checks.clone(),
            evidence: last.evidence.clone(),
        })
    }

    /// Enrolled devices take their list from Device Services, which gives it to them alone: nobody else can see it.
    fn enrolled(&self) -> Story {
        let mut walk = self.walk(Kind::IosEnrolled, &self.routes);
        let daily = self.uploaded.as_ref().map(|list| Route::of(vec![], Held::List(list.clone())));
        let answer = match &self.uploaded {
            Some(list) => {
                let pins = list.hosts.iter().map(|(_, pins)| pins.len()).sum();
                format!("for enrolled devices alone, so never asked; {} uploaded", counted(pins, "certificate"))
            }
            None => "for enrolled devices alone, so never asked; no uploaded certificate is declared".to_owned(),
        };
        let step = Step {
            request: "GET deviceservices/CertificatePinningEndpoint, at most daily".to_owned(),
            answer,
            decision: "replaces the whole list".to_owned(),
            seen_from: vec![],
            checks: vec![CheckId("pins/sources-agree"), CheckId("pins/uploaded-set")],
            evidence: Evidence::none(),
        };
        let at = walk.steps.iter().position(|step| step.request.starts_with("TLS to ") && step.checks == PINNED);
        walk.steps.insert(at.unwrap_or(walk.steps.len()), step);
        for (place, met) in walk.places.iter_mut().zip(&self.places) {
            let Some(daily) = &daily else { continue };
            let then = self.meet(daily, met).ending;
            if then.rank() != place.ending.rank() && place.ending.rank() < 2 {
                place.ending = Ending::not_established(format!(
                    "by its enrollment's list {}; the daily list, which only devices are given, may differ",
                    place.ending.words(),
                ));
            }
        }
        walk.provided.push("the daily list holds the same pins".to_owned());
        Self::ended(Kind::IosEnrolled, walk.places, walk.provided, walk.steps)
    }

    /// Its rules are not known: what is, is that the platform validates the chain.
    fn android(&self) -> Story {
        let mut places = Vec::new();
        let mut steps = Vec::new();
        for met in &self.places {
            let mut why = "how it compares pins is not known".to_owned();
            let known = match &met.presented {
                Err(ending) => ending.to_string(),
                Ok((_, validation)) => match validation {
                    Validation::Accepted { private_root: None } => "the platform accepts the chain".to_owned(),
                    Validation::Accepted { private_root: Some(root) } => {
                        format!(
                            "the platform accepts the chain if {} is trusted, and apps that target API 24 or later do not \
                             trust a root that a user installed",
                            short(root)
                        )
                    }
                    Validation::Refused { why: refused, .. } | Validation::Unknown { why: refused, .. } => {
                        why.push_str("; the platform does not accept the chain");
                        format!("the platform does not accept the chain, and fetches no intermediates: {refused}")
                    }
                },
            };
            let ending = Ending::not_established(why);
            places.push(met.ends(ending));
            steps.push((met, format!("{known}; whether and how it compares pins is not known")));
        }
        Self::ended(Kind::Android, places, vec![], grouped(&steps, CERTIFICATE))
    }

    fn ended(kind: Kind, mut places: Vec<PlaceEnding>, provided: Vec<String>, steps: Vec<Step>) -> Story {
        places.sort_by_key(|place| std::cmp::Reverse(place.ending.rank()));
        let ending = places.first().map(|place| place.ending.clone());
        let ending = ending.unwrap_or_else(|| Ending::not_observed("no server was seen", None));
        Story { kind, title: kind.title(), ending, places: Arc::new(places), provided, steps, because: vec![] }
    }

    /// What a device that came this way does at a place.
    fn meet(&self, route: &Route, met: &Met<'_>) -> Meeting {
        let ended = |ending: Ending, decision: String| Meeting { ending, decision, provided: vec![] };
        let (presented, validation) = match &met.presented {
            Ok((presented, validation)) => (presented, validation),
            Err(ending) => return ended(ending.clone(), "no certificate to decide on".to_owned()),
        };
        let provided = match validation {
            Validation::Accepted { private_root } => {
                private_root.as_ref().map(|root| format!("devices trust {}", short(root)))
            }
            Validation::Refused { why, .. } => {
                return ended(Ending::Refused { why: why.clone() }, format!("default validation refuses it: {why}"));
            }
            Validation::Unknown { why, .. } => {
                let decision = format!("default validation may refuse it: {why}");
                return ended(Ending::not_observed(why.clone(), None), decision);
            }
        };
        let compared: Vec<(Ending, String)> = route.held.iter().map(|held| self.compare(held, presented)).collect();
        let agreed = compared.first().filter(|(first, _)| compared.iter().all(|(one, _)| one.rank() == first.rank()));
        let (ending, decision) = match (agreed, &route.unsure) {
            (Some(agreed), _) => agreed.clone(),
            (None, Some(unsure)) => (unsure.clone(), "not known".to_owned()),
            (None, None) => (Ending::not_observed("its pins were not seen", None), "not known".to_owned()),
        };
        Meeting { ending, decision, provided: provided.into_iter().collect() }
    }

    fn compare(&self, held: &Held, presented: &Presented<'_>) -> (Ending, String) {
        let accepted = "default validation accepts it";
        let not_pinned = |why: String| {
            let decision = format!("{accepted}; nothing is compared: {why}");
            (Ending::ConnectsNotPinned { why }, decision)
        };
        let list = match held {
            Held::Nothing(why) => return not_pinned(why.clone()),
            Held::List(list) => list,
        };
        let Some(leaf) = presented.chain.leaf() else {
            let why = "the leaf cannot be read";
            return (Ending::not_observed(why, None), why.to_owned());
        };
        let source = list.source.words();
        match list.compare(&self.host, &leaf.key) {
            Match::NoPins => not_pinned(format!("the {source} holds no pins for {}", self.host)),
            Match::Anything { name } => {
                not_pinned(format!("an empty pin stands under {name} in the {source}, and matches every key"))
            }
            Match::Pinned { name, pin } => {
                let pin = pin::shorten(pin);
                (
                    Ending::ConnectsPinned,
                    format!("{accepted}; its key holds the pin {pin} under {name} of the {source}"),
                )
            }
            Match::NotPinned { name, pins } => {
                let why = format!("its key matches none of {} under {name} in the {source}", counted(pins, "pin"));
                let told = "the known client reported that and fell back to default handling; the vendor has announced \
                            that later ones refuse it";
                (Ending::Refused { why: why.clone() }, format!("{accepted}; {why}; {told}"))
            }
            Match::NotEstablished => {
                let why =
                    format!("what the known client compares of a key of type {} is not established", leaf.key.words);
                (Ending::not_established(why.clone()), format!("{accepted}; {why}"))
            }
        }
    }
}

/// A journey before it is sorted: its places are those of the plan, in their order.
#[derive(Default)]
struct Walk {
    places: Vec<PlaceEnding>,
    provided: Vec<String>,
    steps: Vec<Step>,
}

/// How it goes at a place.
struct Meeting {
    ending: Ending,
    decision: String,
    provided: Vec<String>,
}

impl Ending {
    /// The same where only some devices come that way.
    fn when(self, when: &str) -> Self {
        match self {
            Self::ConnectsPinned => self,
            Self::ConnectsNotPinned { why } => Self::ConnectsNotPinned { why: format!("{why}, {when}") },
            Self::Refused { why } => Self::Refused { why: format!("{why}, {when}") },
            Self::Unknown { why, observable, vantage, command } => {
                Self::Unknown { why: format!("{why}, {when}"), observable, vantage, command }
            }
        }
    }
}

/// Places where the same is met and decided are one step.
fn grouped(met: &[(&Met<'_>, String)], checks: &[CheckId]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut known_at: HashMap<(&str, &str), usize> = HashMap::new();
    for (met, decision) in met {
        let target = met.target.to_string();
        let at = *known_at.entry((&met.answer, decision)).or_insert(steps.len());
        match steps.get_mut(at) {
            Some(step) => {
                step.request.push_str(", ");
                step.request.push_str(&target);
                push_all(&mut step.seen_from, met.seen_from.clone());
            }
            None => steps.push(Step {
                request: format!("TLS to {target}"),
                answer: met.answer.clone(),
                decision: decision.clone(),
                seen_from: met.seen_from.clone(),
                checks: checks.to_vec(),
                evidence: Evidence::none(),
            }),
        }
    }
    steps
}

fn push_all<T: PartialEq>(known: &mut Vec<T>, more: Vec<T>) {
    for one in more {
        if !known.contains(&one) {
            known.push(one);
        }
    }
}
