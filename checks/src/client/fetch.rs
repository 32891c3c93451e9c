//! How a device comes by its pins: rules 1 and 8, over the answers that were observed.

use crate::{
    answers::{self, Useless},
    cause::Cause,
    check::{Case, CheckId},
    client::{
        Ending, Held, List, Reading, Step,
        gather::{Gathered, Told, distinct, gather, step},
        read,
        trust::{Anchor, Presented, Validation},
    },
    deployment::{Role, TrustServiceMode, Vantage},
    outcome::{Evidence, Outcome, Unobserved},
    pin::SourceId,
    prose,
    recording::{ConnectionFact, HttpFact, Request, Spelling},
    x509::CertificateFacts,
};

pub const HOST_REGISTRY: &[CheckId] =
    &[CheckId("discovery/host-registry"), CheckId("tls/interception"), CheckId("pins/well-formed")];
const REDIRECT: &[CheckId] = &[CheckId("trust-service/redirect"), CheckId("tls/interception")];
const ANCHOR: &[CheckId] = &[
    CheckId("network/clock"),
    CheckId("tls/versions"),
    CheckId("tls/interception"),
    CheckId("trust-service/issuer"),
    CheckId("certificate/path"),
    CheckId("certificate/name"),
    CheckId("certificate/expiry"),
    CheckId("certificate/platform-rules"),
];
const SETTINGS: &[CheckId] = &[CheckId("trust-service/settings"), CheckId("pins/well-formed")];

/// One way in which a device may come by its pins.
#[derive(Clone, Debug, Default)]
pub struct Route {
    /// When it does, where there are several ways.
    pub when: Option<String>,
    /// What it does.
    pub steps: Vec<Step>,
    /// What it has then; several: one of them, and it is not known which.
    pub held: Vec<Held>,
    /// The ending where that matters.
    pub unsure: Option<Ending>,
    /// What this rests on beyond what was seen.
    pub provided: Vec<String>,
}

impl Route {
    /// Ends with what is certain.
    pub fn of(steps: Vec<Step>, held: Held) -> Self {
        Self { steps, held: vec![held], ..Self::default() }
    }

    /// Ends with what is not known.
    fn unknown(steps: Vec<Step>, ending: Ending) -> Self {
        Self { steps, unsure: Some(ending), ..Self::default() }
    }

    fn after(&self, steps: &[Step]) -> Self {
        Self { steps: [steps, &self.steps].concat(), ..self.clone() }
    }
}

/// Every way that differs, in the order in which they were found.
pub fn routes(case: &Case<'_>) -> Vec<Route> {
    let what = "what the cloud has registered for Device Services";
    let inside = [Vantage::Console, Vantage::DeviceServices];
    let told = match gather(case, Role::Discovery, |fact| fact.request == Request::HostRegistry) {
        Gathered::Told(told) => told,
        Gathered::Shut(step) => {
            return beyond(case).iter().map(|route| route.after(std::slice::from_ref(&step))).collect();
        }
        Gathered::Nothing => {
            let url = format!("GET https://{}/autodiscovery/HostRegistry.aws", case.deployment.discovery.host);
            let (step, ending) = unseen(case, &url, what, &inside, HOST_REGISTRY);
            return vec![Route::unknown(vec![step], ending)];
        }
    };
    let by_device = told.iter().any(|told| told.from.contains(&Vantage::Device));
    let mut routes = Vec::new();
    for (told, said) in distinct(&told, |told| said(case, told, SourceId::CloudRegistry)) {
        let step = |decision: String| told.step(said.words(), decision, HOST_REGISTRY);
        match &said {
            Said::Unknown(ending, _) => {
                routes.push(Route::unknown(vec![step("unknown".to_owned())], ending.clone()));
            }
            Said::Lists(lists, unsure) if lists.iter().any(|list| !list.is_empty()) => {
                let mut route =
                    of_lists(vec![step("not empty, so it asks no further".to_owned())], lists, unsure.as_ref());
                if !by_device && case.deployment.device_needs_trust_service() {
                    route.when = Some("where a device reaches discovery".to_owned());
                    let other = told.step(
                        "no way to discovery".to_owned(),
                        "goes on to Device Services".to_owned(),
                        HOST_REGISTRY,
                    );
                    routes.push(route);
                    routes.extend(beyond(case).iter().map(|route| Route {
                        when: Some("where a device does not reach discovery".to_owned()),
                        ..route.after(&[Step { seen_from: vec![], ..other.clone() }])
                    }));
                } else {
                    routes.push(route);
                }
            }
            _ => {
                let step = step(match &said {
                    Said::Lists(..) => "nothing is registered, so it goes on to Device Services".to_owned(),
                    Said::Void(..) => "the whole answer is void, so it goes on to Device Services".to_owned(),
                    _ => "of no use, so it goes on to Device Services".to_owned(),
                });
                routes.extend(beyond(case).iter().map(|route| route.after(std::slice::from_ref(&step))));
            }
        }
    }
    routes
}

/// Request 2: Device Services name the Trust Service.
fn beyond(case: &Case<'_>) -> Vec<Route> {
    let device_services = case.deployment.device_services_endpoint();
    let url = format!("GET https://{device_services}/DeviceServices/TrustServiceSettings");
    let unasked = |why: &str, ending: Ending| {
        let step = step(&url, why.to_owned(), "not known".to_owned(), &[], REDIRECT);
        vec![Route::unknown(vec![step], ending)]
    };
    let mode = case.deployment.trust_service.mode;
    match (mode, &case.deployment.trust_service.url) {
        (TrustServiceMode::Cloud | TrustServiceMode::None, _) => {
            let why =
                format!("trust_service.mode is {}, so Device Services was not asked for a Trust Service", mode.id());
            return unasked("not asked", Ending::not_observed(why, None));
        }
        (TrustServiceMode::Awcm, None) => {
            let why = "where AWCM's Trust Service is, and what the client asks there, is not established";
            return unasked("not asked: no URL is declared", Ending::not_established(why));
        }
        (TrustServiceMode::Awcm | TrustServiceMode::OnPremises, _) => {}
    }
    let asked = |fact: &HttpFact| fact.request == Request::TrustServiceSettings;
    let told = match gather(case, Role::DeviceServices, asked) {
        Gathered::Told(told) => told,
        Gathered::Shut(step) => {
            let step = Step { checks: REDIRECT.to_vec(), ..step };
            return vec![Route::of(vec![step], Held::Nothing("Device Services did not answer".to_owned()))];
        }
        Gathered::Nothing => {
            let what = "which Trust Service Device Services names";
            let (step, ending) = unseen(case, &url, what, &[Vantage::Device, Vantage::Console], REDIRECT);
            return vec![Route::unknown(vec![step], ending)];
        }
    };
    let mut routes = Vec::new();
    for (told, said) in distinct(&told, |told| uri(case, told)) {
        match said {
            Ok(uri) => {
                let step = told.step(format!("Uri {uri}"), "asks that Trust Service".to_owned(), REDIRECT);
                routes.extend(settings(case, &uri).iter().map(|route| route.after(std::slice::from_ref(&step))));
            }
            Err(said) => routes.push(no_list(told, &said, "Device Services name no Trust Service", REDIRECT)),
        }
    }
    routes
}

/// Request 3: the Trust Service, believed by the one root.
fn settings(case: &Case<'_>, uri: &str) -> Vec<Route> {
    let base = uri.trim_end_matches('/');
    let is_asked = |fact: &HttpFact| {
        let is_client_s = fact.request == Request::Settings { spelling: Spelling::Client };
        is_client_s && fact.url.get(..base.len()).is_some_and(|start| start.eq_ignore_ascii_case(base))
    };
    let told = match gather(case, Role::TrustService, is_asked) {
        Gathered::Told(told) => told,
        Gathered::Shut(step) => {
            let step = Step { checks: SETTINGS.to_vec(), ..step };
            return vec![Route::of(vec![step], Held::Nothing("the Trust Service did not answer".to_owned()))];
        }
        Gathered::Nothing => {
            let what = "what the Trust Service has for Device Services";
            let url = format!("GET {base}/SSLPinning/Settings");
            let (step, ending) = unseen(case, &url, what, &[Vantage::Device, Vantage::Console], SETTINGS);
            return vec![Route::unknown(vec![step], ending)];
        }
    };
    let is_awcm = case.deployment.trust_service.mode == TrustServiceMode::Awcm;
    let mut routes = Vec::new();
    for (told, (anchored, said)) in
        distinct(&told, |told| (anchored(case, told), said(case, told, SourceId::TrustService)))
    {
        let tls = |decision: String| {
            let request = format!("TLS to {}", told.target());
            Step { request, evidence: Evidence::none(), ..told.step(anchored.words(), decision, ANCHOR) }
        };
        let get = |decision: &str| told.step(said.words(), decision.to_owned(), SETTINGS);
        let route = match (&anchored, &said) {
            (Anchored::Unknown(ending), _) => Route::unknown(vec![tls("unknown".to_owned())], ending.clone()),
            (Anchored::Refused(why), _) => {
                let held = Held::Nothing(format!("it does not believe the Trust Service: {why}"));
                Route::of(vec![tls("does not believe it, so it has no pins".to_owned())], held)
            }
            (Anchored::By(Anchor::Elsewhere { root }), _) if !is_awcm => {
                let held = Held::Nothing(format!(
                    "the Trust Service's certificate leads to {}, and the known client believes the Workspace ONE signing \
                     root alone",
                    if root.is_empty() { "another root" } else { root }
                ));
                Route::of(vec![tls("not the signing root: it does not believe it, so it has no pins".to_owned())], held)
            }
            (Anchored::By(anchor), Said::Lists(lists, unsure)) => {
                let decision = match anchor {
                    Anchor::Known { .. } => "believed: the signing root, known by its fingerprint",
                    Anchor::Declared { .. } => "believed by clients that anchor in this declared root",
                    Anchor::Elsewhere { .. } => "whether it believes AWCM's certificate is not established",
                };
                let taken = get("takes the whole list in place of the one it had");
                let mut route = of_lists(vec![tls(decision.to_owned()), taken], lists, unsure.as_ref());
                match anchor {
                    Anchor::Known { .. } => {}
                    Anchor::Declared { root } => route
                        .provided
                        .push(format!("the Hub trusts {}, which is not the known signing root", short(root))),
                    Anchor::Elsewhere { .. } => {
                        let why = "whether the known client believes AWCM's certificate is not established";
                        route.unsure.get_or_insert_with(|| Ending::not_established(why));
                        route.held.push(Held::Nothing(why.to_owned()));
                    }
                }
                route
            }
            (Anchored::By(_), said) => {
                let mut route = no_list(told, said, "the Trust Service gives no usable answer", SETTINGS);
                route.steps.insert(0, tls("believed".to_owned()));
                route
            }
        };
        routes.push(route);
    }
    routes
}

/// A root's name, as people say it.
pub fn short(subject: &str) -> &str {
    let name = subject.split(',').find_map(|part| part.trim().strip_prefix("CN="));
    name.filter(|name| !name.is_empty()).unwrap_or(subject)
}

fn of_lists(steps: Vec<Step>, lists: &[List], unsure: Option<&String>) -> Route {
    Route {
        steps,
        held: lists.iter().cloned().map(Held::List).collect(),
        unsure: unsure.cloned().map(Ending::not_established),
        ..Route::default()
    }
}

fn no_list(told: &Told<'_>, said: &Said, why: &str, checks: &[CheckId]) -> Route {
    match said {
        Said::Unknown(ending, _) => {
            let step = told.step(said.words(), "unknown".to_owned(), checks);
            Route::unknown(vec![step], ending.clone())
        }
        said => {
            let step = told.step(said.words(), "of no use, so it has no pins".to_owned(), checks);
            Route::of(vec![step], Held::Nothing(format!("{why}: {}", said.words())))
        }
    }
}

/// What was not seen, and how it can be.
fn unseen(case: &Case<'_>, url: &str, what: &str, vantages: &[Vantage], checks: &[CheckId]) -> (Step, Ending) {
    let why = format!("{what} was not seen");
    let at = match case.elsewhere(vantages, &why) {
        Some(Outcome::NotObserved(Unobserved::Elsewhere { vantage, command, .. })) => Some((vantage, command)),
        _ => None,
    };
    (step(url, "not seen".to_owned(), "not known".to_owned(), &[], checks), Ending::not_observed(why, at))
}

/// What an answer comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    /// The certificate of its connection is not accepted.
    Refused(String),
    /// It depends on the client, or cannot be said here; and the answer in words.
    Unknown(Ending, String),
    /// It is not what the protocol knows.
    Useless(String),
    /// A value of the wrong type voids it.
    Void(String),
    /// Pins.
    Lists(Vec<List>, Option<String>),
}

impl Said {
    fn words(&self) -> String {
        match self {
            Self::Refused(why) => format!("its certificate is not accepted: {why}"),
            Self::Unknown(_, words) | Self::Useless(words) => words.clone(),
            Self::Void(why) => format!("200, but {why}"),
            Self::Lists(lists, _) => {
                let hosts: Vec<&(String, Vec<String>)> = lists.iter().flat_map(|list| &list.hosts).collect();
                let told: Vec<String> =
                    hosts.iter().map(|(name, pins)| format!("{} for {name}", counted(pins.len(), "pin"))).collect();
                if told.is_empty() { "200, {}".to_owned() } else { format!("200, {}", told.join(", ")) }
            }
        }
    }
}

/// `1 pin`, `2 pins`
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn said(case: &Case<'_>, told: &Told<'_>, source: SourceId) -> Said {
    // The Trust Service's connection is judged by its anchor.
    if source == SourceId::CloudRegistry
        && let Some(said) = not_accepted(case, told)
    {
        return said;
    }
    match answers::host_pins(told.fact) {
        Ok(entries) => match read(&entries, source) {
            Reading::Void(why) => Said::Void(why),
            Reading::Lists(lists, unsure) => Said::Lists(lists, unsure),
        },
        Err(useless) => of_useless(useless),
    }
}

fn uri(case: &Case<'_>, told: &Told<'_>) -> Result<String, Said> {
    if let Some(said) = not_accepted(case, told) {
        return Err(said);
    }
    answers::trust_service_uri(told.fact).map_err(of_useless)
}

/// A client may follow a redirect; whether this one does is not established.
fn of_useless(useless: Useless) -> Said {
    match useless {
        Useless::NotConnected => Said::Useless("no connection".to_owned()),
        Useless::Fault(cause) => match *cause {
            Cause::HttpRedirected { .. } => {
                let ending = Ending::not_established("whether the known client follows a redirect is not established");
                Said::Unknown(ending, prose::message(&cause))
            }
            cause => Said::Useless(prose::message(&cause)),
        },
    }
}

fn not_accepted(case: &Case<'_>, told: &Told<'_>) -> Option<Said> {
    match presented(case, told)?.validate(case.now) {
        Validation::Accepted { .. } => None,
        Validation::Refused { why, .. } => Some(Said::Refused(why)),
        Validation::Unknown { why, .. } => Some(Said::Unknown(Ending::not_observed(why.clone(), None), why)),
    }
}

/// What the client makes of the Trust Service's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Anchored {
    By(Anchor),
    Refused(String),
    Unknown(Ending),
}

impl Anchored {
    fn words(&self) -> String {
        match self {
            Self::By(Anchor::Known { root } | Anchor::Declared { root } | Anchor::Elsewhere { root }) => {
                format!("a certificate under {root}")
            }
            Self::Refused(why) => why.clone(),
            Self::Unknown(ending) => ending.why().unwrap_or_default().to_owned(),
        }
    }
}

fn anchored(case: &Case<'_>, told: &Told<'_>) -> Anchored {
    let Some(presented) = presented(case, told) else {
        return Anchored::Unknown(if told.fact.leaf.is_none() {
            Ending::not_established("what the client does without TLS to the Trust Service is not established")
        } else {
            Ending::not_observed("the chain of this connection was not kept", None)
        });
    };
    match presented.validate(case.now) {
        Validation::Accepted { .. } => Anchored::By(presented.anchor()),
        Validation::Refused { why, .. } => Anchored::Refused(why),
        Validation::Unknown { why, .. } => Anchored::Unknown(Ending::not_observed(why, None)),
    }
}

/// The chain that came with an answer: of the same address if it was asked there, and by the leaf in any case.
fn presented<'c>(case: &'c Case<'_>, told: &Told<'c>) -> Option<Presented<'c>> {
    let fact = told.fact;
    let leaf = fact.leaf.as_ref()?;
    let facts = case.recordings.iter().flat_map(|recording| &recording.connections);
    let fitting = || facts.clone().filter(|one| one.presented().and_then(<[_]>::first) == Some(leaf));
    let same_place = |one: &&ConnectionFact| one.endpoint == fact.endpoint && one.address == fact.address;
    let found = fitting().find(same_place).or_else(|| fitting().next())?;
    let (sent, signature) = (found.presented()?, found.signature());
    let other_clock = told.other_clock;
    Some(Presented { chain: case.chain(sent)?, endpoint: &fact.endpoint, role: fact.role, signature, other_clock })
}

/// A leaf for a sentence: its subject and key.
pub fn leaf_words(leaf: &CertificateFacts) -> String {
    format!("{}, {} sha256//{}", short(&leaf.display_subject()), leaf.key.words, leaf.key.spki_sha256)
}
