//! One run: the plan's questions side by side, within deadlines, and the follow-ups that their answers call for.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::join_all;
use pinflight_checks::{
    deployment::{Deployment, Endpoint, Proxy, Role, ServiceUrl, Vantage},
    recording::{
        BodyEnd, CertId, ConnectionFact, Der, HttpAnswer, HttpFact, HttpFailure, NameFailure, Request, Resolver,
        Tls12Fact,
    },
};
use tokio::{
    sync::{OnceCell, Semaphore, mpsc, watch},
    task::JoinSet,
    time::Instant,
};

use super::{
    Event, Secrets,
    board::{Board, Found, Order, Step, TimedLookUp, failed, given},
    conversation::{Got, Route, Shaken, Shaken12},
    descriptors, dns,
    hosts::Hosts,
    http, legacy,
    plan::{self, ADDRESSES, FOLLOW_UPS, Get, Leaf, Target, Way},
    tcp::Deadline,
    tls,
};

/// How many addresses of one name are listed, be it as unasked: an answer over TCP can hold thousands.
pub(super) const LISTED: usize = 64;

/// The longest Trust Service URL that is followed.
pub(super) const URL: usize = 2048;

/// What a run is about.
pub(super) struct Setting {
    pub(super) vantage: Vantage,
    pub(super) deployment: Deployment,
    pub(super) secrets: Secrets,
    pub(super) tls: tls::Client,
    pub(super) certificates: BTreeMap<CertId, Der>,
    pub(super) began: Instant,
    /// The hosts file, or why it could not be read.
    pub(super) hosts: Result<Hosts, String>,
}

/// Asks everything.
pub(super) async fn run(
    setting: Setting,
    mut cancel: watch::Receiver<bool>,
    on_event: Box<dyn Fn(Event) + Send + Sync>,
) -> Found {
    let targets = plan::targets(setting.vantage, &setting.deployment);
    let limit = limit(&targets, &setting);
    let (follow_up, mut follow_ups) = mpsc::unbounded_channel();
    let observer = Arc::new(Observer::new(setting, follow_up, on_event));
    let mut tasks = JoinSet::new();
    let targets: Vec<_> =
        targets.into_iter().zip(1..).map(|(target, place)| (Position::declared(place), target)).collect();
    let resolves =
        targets.iter().any(|(_, target)| Way::of(&target.place, &observer.deployment.network) == Way::Resolve);
    observer.announce_all(&targets);
    if resolves {
        tasks.spawn(observer.clone().ask_nowhere());
    }
    for (position, target) in targets {
        tasks.spawn(observer.clone().ask(position, target));
    }
    let deadline = tokio::time::sleep(limit);
    let cancelled = async move {
        if cancel.wait_for(|cancelled| *cancelled).await.is_err() {
            // Whoever could cancel is gone.
            std::future::pending::<()>().await;
        }
    };
    tokio::pin!(deadline, cancelled);
    let mut followed = BTreeSet::new();
    loop {
        tokio::select! {
            biased;
            () = &mut cancelled => break,
            () = &mut deadline => break,
            Some(url) = follow_ups.recv() => {
                let place = plan::place_of(&url);
                if !followed.insert(place.clone()) {
                    continue;
                }
                let target = plan::redirect_target(&url, &observer.deployment);
                let position = Position { target: usize::MAX, url: place };
                observer.announce(&position, &target);
                if followed.len() <= FOLLOW_UPS {
                    observer.tell_planned();
                    tasks.spawn(observer.clone().ask(position, target));
                }
            }
            ended = tasks.join_next() => if ended.is_none() {
                break;
            }
        }
    }
    tasks.shutdown().await;
    observer.tell(Event::Finished);
    std::mem::take(&mut *observer.board()).into_found()
}

/// Conversations with one server at once: a few more than a browser has, and no load for anybody.
pub(super) const AT_ONE_SERVER: usize = 8;

/// As long as the longest that the plan could take: every round of `jobs` conversations and every turn with the server that
/// is asked most, at its worst, and a few more.
fn limit(targets: &[Target], setting: &Setting) -> Duration {
    let network = &setting.deployment.network;
    let follows_up = plan::follows_up(setting.vantage, &setting.deployment);
    let most = plan::most_conversations(targets, network, follows_up);
    let at_once = descriptors::at_once(network.jobs);
    let turns = plan::most_with_one_server(targets).div_ceil(AT_ONE_SERVER);
    let rounds = u32::try_from(most.div_ceil(at_once) + turns + 3).unwrap_or(u32::MAX);
    network.max_time.unwrap_or_else(|| network.question_timeout.saturating_mul(rounds))
}

/// A target's place in the plan.
#[derive(Clone, Debug)]
pub(super) struct Position {
    target: usize,
    url: String,
}

impl Position {
    pub(super) fn declared(target: usize) -> Self {
        Self { target, url: String::new() }
    }

    /// The proxy's name comes before everything.
    fn proxy() -> Self {
        Self::declared(0)
    }

    fn at(&self, step: Step, address: usize, question: usize) -> Order {
        Order { target: self.target, url: self.url.clone(), step, address, question }
    }

    /// Where a question stands in until the addresses are known.
    fn unresolved(&self, question: usize) -> Order {
        self.at(Step::Conversation, usize::MAX, question)
    }
}

/// Questions by their words: the first who asks does so for all.
struct Once<T>(Mutex<HashMap<String, Arc<OnceCell<T>>>>);

impl<T: Clone> Once<T> {
    fn new() -> Self {
        Self(Mutex::new(HashMap::new()))
    }

    async fn ask(&self, ask: &str, asking: impl Future<Output = T>) -> T {
        let cell = self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(ask.to_owned()).or_default().clone();
        cell.get_or_init(|| asking).await.clone()
    }
}

/// What a run's tasks share.
pub(super) struct Observer {
    pub(super) deployment: Deployment,
    pub(super) secrets: Secrets,
    pub(super) tls: tls::Client,
    follows_up: bool,
    follow_up: mpsc::UnboundedSender<ServiceUrl>,
    jobs: Semaphore,
    /// Targets whose questions are laid out: as many as keep every turn taken, and what the others will ask takes no memory yet.
    laid_out: Semaphore,
    /// Turns at each server, by the words of its route.
    servers: Mutex<HashMap<String, Arc<Semaphore>>>,
    board: Mutex<Board>,
    names: Once<TimedLookUp>,
    shakes: Once<Shaken>,
    shakes12: Once<Shaken12>,
    legacies: Once<legacy::Asked>,
    gets: Once<Got>,
    pub(super) room: http::Room,
    on_event: Box<dyn Fn(Event) + Send + Sync>,
    /// The run's beginning: the moment of the recording's `taken_at`.
    began: Instant,
    hosts: Result<Hosts, String>,
}

impl Observer {
    pub(super) fn new(
        setting: Setting,
        follow_up: mpsc::UnboundedSender<ServiceUrl>,
        on_event: Box<dyn Fn(Event) + Send + Sync>,
    ) -> Self {
        let Setting { vantage, deployment, secrets, tls, certificates, began, hosts } = setting;
        let at_once = descriptors::at_once(deployment.network.jobs).min(Semaphore::MAX_PERMITS / 2);
        Self {
            follows_up: plan::follows_up(vantage, &deployment),
            jobs: Semaphore::new(at_once),
            laid_out: Semaphore::new(2 * at_once),
            servers: Mutex::default(),
            board: Mutex::new(Board::new(certificates)),
            names: Once::new(),
            shakes: Once::new(),
            shakes12: Once::new(),
            legacies: Once::new(),
            gets: Once::new(),
            room: http::Room::new(),
            deployment,
            secrets,
            tls,
            follow_up,
            on_event,
            began,
            hosts,
        }
    }

    pub(super) fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For whoever shows progress.
    pub(super) fn tell(&self, event: Event) {
        (self.on_event)(event);
    }

    fn tell_planned(&self) {
        let questions = self.board().questions();
        (self.on_event)(Event::Planned { questions });
    }

    fn announce_all(&self, targets: &[(Position, Target)]) {
        let network = &self.deployment.network;
        let proxy = targets.iter().find_map(|(_, target)| network.proxy_for(&target.place.host)).map(Proxy::endpoint);
        if let Some(proxy) = proxy.filter(|proxy| plan::known_addresses(proxy, network).is_none()) {
            self.announce_names(&Position::proxy(), &proxy);
        }
        for (position, target) in targets {
            self.announce(position, target);
        }
        self.tell_planned();
    }

    fn announce_names(&self, position: &Position, place: &Endpoint) {
        let mut board = self.board();
        for (at, resolver) in plan::resolvers(&self.deployment.network).iter().enumerate() {
            board.open(position.at(Step::Name, 0, at), plan::name_words(&place.host, resolver));
        }
    }

    /// Puts on the board what is known of a target's questions before its name is resolved.
    fn announce(&self, position: &Position, target: &Target) {
        let network = &self.deployment.network;
        let way = Way::of(&target.place, network);
        if way == Way::Resolve {
            self.announce_names(position, &target.place);
        }
        let mut board = self.board();
        for (place, ask) in way.unresolved(target, network).into_iter().enumerate() {
            board.open(position.unresolved(place), ask);
        }
    }

    /// Everything about one target.
    async fn ask(self: Arc<Self>, position: Position, target: Target) {
        let _laid_out = self.laid_out.acquire().await;
        let routes = self.routes(&position, &target).await;
        let leaves = target.leaves(routes.len());
        let mut questions = Vec::new();
        {
            let mut board = self.board();
            for place in 0..leaves.len() {
                board.withdraw(&position.unresolved(place));
            }
            for (at, route) in routes.iter().enumerate() {
                for (place, leaf) in leaves.iter().enumerate() {
                    let order = position.at(Step::Conversation, at, place);
                    board.open(order.clone(), leaf.words(&route.words()));
                    if at < ADDRESSES {
                        questions.push((order, route, leaf));
                    }
                }
            }
        }
        self.tell_planned();
        join_all(questions.into_iter().map(|(order, route, leaf)| self.ask_leaf(order, &target, route, leaf))).await;
    }

    async fn ask_leaf(&self, order: Order, target: &Target, route: &Route, leaf: &Leaf) {
        let ask = leaf.words(&route.words());
        match leaf {
            Leaf::Shake { sni, repeat } => {
                let fact = self.shaken(&ask, target, route, sni.clone(), *repeat).await;
                let as_devices_do = sni.as_deref() == target.sni();
                let is_legacy = as_devices_do && fact.outcome.as_ref().err().is_some_and(legacy::calls_for_legacy);
                self.board().connection_done(order.clone(), fact);
                if is_legacy {
                    self.ask_legacy(order, target, route).await;
                }
            }
            Leaf::Shake12 { sni } => {
                let shaken = self
                    .shakes12
                    .ask(&ask, self.timed(&ask, Some(route), |deadline| self.shake12(route, sni.as_deref(), deadline)));
                let Shaken12 { shaken, chosen } = shaken.await;
                let connection = ConnectionFact { only_tls12: true, ..fact_of(target, route, sni.clone(), 0, shaken) };
                self.board().tls12_done(order, Tls12Fact { connection, chosen });
            }
            Leaf::OtherName { sni } => {
                let fact = self.shaken(&ask, target, route, Some(sni.clone()), 0).await;
                self.board().other_name_done(order, fact);
            }
            Leaf::Get { get } => {
                let got = self
                    .gets
                    .ask(&ask, self.timed(&ask, Some(route), |deadline| self.get(route, target, get, deadline)));
                let got = got.await;
                self.follow(get, &got.outcome);
                self.board().answer_done(order, self.answer_of(target, route, get, got));
            }
        }
    }

    /// What came of a GET.
    pub(super) fn answer_of(&self, target: &Target, route: &Route, get: &Get, got: Got) -> HttpFact {
        let Got { leaf, took, ended, outcome } = got;
        HttpFact {
            request: get.request.clone(),
            role: target.role,
            url: get.url.to_string(),
            endpoint: target.endpoint.clone(),
            address: route.address(),
            proxied: route.is_proxied(),
            leaf,
            took,
            ended_after: Some(ended.saturating_duration_since(self.began)),
            outcome,
        }
    }

    async fn shaken(
        &self,
        ask: &str,
        target: &Target,
        route: &Route,
        sni: Option<String>,
        repeat: u32,
    ) -> ConnectionFact {
        let asked = self.timed(ask, Some(route), |deadline| self.shake(route, sni.as_deref(), deadline));
        let shaken = self.shakes.ask(ask, asked).await;
        fact_of(target, route, sni, repeat, shaken)
    }

    /// What is behind a handshake that found nothing in common; repeats of it share the answer.
    async fn ask_legacy(&self, conversation: Order, target: &Target, route: &Route) {
        let ask = plan::legacy_words(&route.words(), target.sni());
        let order = Order { step: Step::Legacy, ..conversation.clone() };
        self.board().open(order.clone(), ask.clone());
        self.tell_planned();
        let asked = self.timed(&ask, Some(route), |deadline| self.legacy(route, target.sni(), deadline));
        let asked = self.legacies.ask(&ask, asked).await;
        self.board().legacy_done(&order, &conversation, asked);
    }

    /// Runs a question when its turn comes, within its deadline.
    pub(super) async fn timed<T: Ended, F: Future<Output = T>>(
        &self,
        ask: &str,
        route: Option<&Route>,
        question: impl FnOnce(Deadline) -> F,
    ) -> T {
        // Who waits for a server's turn keeps nobody from another server. The semaphores are never closed.
        let server = route.map(|route| self.server_turns(route));
        let _at_server = match &server {
            Some(turns) => turns.acquire().await.ok(),
            None => None,
        };
        let _turn = self.jobs.acquire().await;
        (self.on_event)(Event::Asked(ask.to_owned()));
        let began = Instant::now();
        // Boxed, so that thousands of questions that wait for their turn hold little.
        let answer = Box::pin(question(Deadline::after(self.deployment.network.question_timeout))).await;
        (self.on_event)(Event::Answered { question: ask.to_owned(), ok: answer.is_ok(), took: began.elapsed() });
        answer
    }

    fn server_turns(&self, route: &Route) -> Arc<Semaphore> {
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(servers.entry(route.words()).or_insert_with(|| Arc::new(Semaphore::new(AT_ONE_SERVER))))
    }

    /// Where the target's questions go; a name without addresses leads nowhere.
    pub(super) async fn routes(&self, position: &Position, target: &Target) -> Vec<Route> {
        let network = &self.deployment.network;
        let place = &target.place;
        let by_address = match Way::of(place, network) {
            Way::ByName => None,
            Way::Known(addresses) => {
                self.note_override(position, place, Some(target.role));
                Some(addresses)
            }
            Way::Resolve => Some(self.resolve(position, place, Some(target.role)).await.unwrap_or_default()),
        };
        let ends: Vec<Endpoint> = match by_address {
            None => vec![place.clone()],
            Some(addresses) => addresses.iter().map(|ip| Endpoint::new(ip.to_string(), place.port)).collect(),
        };
        let Some(proxy) = network.proxy_for(&place.host) else {
            return ends.iter().filter_map(|end| Some(Route::Direct(SocketAddr::new(end.ip()?, end.port)))).collect();
        };
        let at = self.proxy_addresses(proxy).await;
        let through = |target: Endpoint| Route::Proxied { proxy: proxy.clone(), at: at.clone(), target };
        ends.into_iter().map(through).collect()
    }

    async fn proxy_addresses(&self, proxy: &Proxy) -> Result<Vec<SocketAddr>, NameFailure> {
        let place = proxy.endpoint();
        let position = Position::proxy();
        let addresses = match plan::known_addresses(&place, &self.deployment.network) {
            Some(addresses) => {
                self.note_override(&position, &place, None);
                addresses
            }
            None => self.resolve(&position, &place, None).await?,
        };
        if addresses.is_empty() {
            return Err(NameFailure::NoAddresses);
        }
        Ok(addresses.into_iter().take(ADDRESSES).map(|ip| SocketAddr::new(ip, proxy.port)).collect())
    }

    /// `--resolve` is a fact about a name too.
    fn note_override(&self, position: &Position, place: &Endpoint, role: Option<Role>) {
        let Some(addresses) = plan::overridden(place, &self.deployment.network) else { return };
        let ask = format!("--resolve {place}");
        let order = position.at(Step::Name, 0, 0);
        let mut board = self.board();
        board.name(&ask, &order, &place.host, role, &Resolver::Override);
        board.name_done(&ask, &order, given(addresses.to_vec()));
    }

    /// A name's addresses by every resolver, in their order, each once; the first resolver's failure where there is none.
    async fn resolve(
        &self,
        position: &Position,
        place: &Endpoint,
        role: Option<Role>,
    ) -> Result<Vec<IpAddr>, NameFailure> {
        let name = place.host.as_str();
        let resolvers = plan::resolvers(&self.deployment.network);
        let look_ups = resolvers.iter().enumerate().map(|(at, resolver)| {
            let order = position.at(Step::Name, 0, at);
            let ask = plan::name_words(name, resolver);
            {
                let mut board = self.board();
                board.open(order.clone(), ask.clone());
                board.name(&ask, &order, name, role, resolver);
            }
            async move {
                let asked = self.timed(&ask, None, |deadline| self.look_up(name, resolver, deadline));
                let found = self.names.ask(&ask, asked).await;
                self.board().name_done(&ask, &order, found.clone());
                found.found.answer
            }
        });
        let mut addresses = self.by_hosts_file(position, name, role, resolvers.len());
        let mut failure = None;
        for answer in join_all(look_ups).await {
            match answer {
                Ok(answer) => addresses.extend(answer.addresses),
                Err(failed) => failure = failure.or(Some(failed)),
            }
        }
        let family = self.deployment.network.address_family;
        let mut seen = BTreeSet::new();
        addresses.retain(|ip| family.admits(*ip) && seen.insert(*ip));
        addresses.truncate(LISTED);
        match failure {
            Some(failure) if addresses.is_empty() => Err(failure),
            _ => Ok(addresses),
        }
    }

    /// The hosts file is a resolver too, where it holds the name; where it cannot be read, that is a fact.
    fn by_hosts_file(&self, position: &Position, name: &str, role: Option<Role>, after: usize) -> Vec<IpAddr> {
        let found = match &self.hosts {
            Ok(hosts) => match hosts.get(name) {
                Some(addresses) => given(addresses.iter().copied().take(LISTED).collect()),
                None => return Vec::new(),
            },
            Err(detail) => failed(NameFailure::Other { detail: detail.clone() }),
        };
        let ask = plan::hosts_words(name);
        let order = position.at(Step::Name, 0, after);
        let mut board = self.board();
        board.name(&ask, &order, name, role, &Resolver::Hosts);
        board.name_done(&ask, &order, found.clone());
        found.found.answer.map(|answer| answer.addresses).unwrap_or_default()
    }

    /// Whoever has an address for a name that cannot exist invents answers.
    async fn ask_nowhere(self: Arc<Self>) {
        let place = Endpoint::new(plan::NOWHERE, 443);
        // That there is no such name is the answer that is hoped for.
        let _ = self.resolve(&Position::declared(usize::MAX - 1), &place, None).await;
    }

    async fn look_up(&self, name: &str, resolver: &Resolver, deadline: Deadline) -> TimedLookUp {
        let began = Instant::now();
        let network = &self.deployment.network;
        let found = match resolver {
            Resolver::Server(server) => {
                let (connect_timeout, step) = (network.connect_timeout, network.step_timeout);
                Box::pin(dns::server(server, name, &self.tls, connect_timeout, step, deadline)).await
            }
            Resolver::System => dns::system(name, deadline.step(network.step_timeout)).await,
            Resolver::Hosts | Resolver::Override => return given(Vec::new()),
        };
        TimedLookUp { found, took: began.elapsed() }
    }

    /// Where Device Services hands out another Trust Service URL than the declared one, it is asked too.
    fn follow(&self, get: &Get, outcome: &Result<HttpAnswer, HttpFailure>) {
        let Ok(answer) = outcome else { return };
        let whole = answer.status == 200 && answer.body.end == BodyEnd::Complete;
        if !self.follows_up || get.request != Request::TrustServiceSettings || !whole {
            return;
        }
        let Some(url) = handed_out(&answer.body.bytes.0) else { return };
        if plan::leads_elsewhere(&url, self.deployment.trust_service.url.as_ref()) {
            // The receiver outlives every task.
            let _ = self.follow_up.send(url);
        }
    }
}

/// The URL in `{"Uri": "https://…"}`.
fn handed_out(body: &[u8]) -> Option<ServiceUrl> {
    let answer: serde_json::Value = serde_json::from_slice(body).ok()?;
    let uri = answer.get("Uri")?.as_str()?;
    if uri.len() > URL {
        return None;
    }
    uri.parse().ok()
}

/// Whether a question was answered, for the progress.
fn fact_of(target: &Target, route: &Route, sni: Option<String>, repeat: u32, shaken: Shaken) -> ConnectionFact {
    let Shaken { connected_after, took, outcome } = shaken;
    ConnectionFact {
        role: target.role,
        endpoint: target.endpoint.clone(),
        address: route.address(),
        proxied: route.is_proxied(),
        sni,
        only_tls12: false,
        repeat,
        connected_after,
        took,
        outcome,
        legacy: None,
    }
}

pub(super) trait Ended {
    fn is_ok(&self) -> bool;
}

impl Ended for TimedLookUp {
    fn is_ok(&self) -> bool {
        self.found.answer.is_ok()
    }
}

impl Ended for Shaken {
    fn is_ok(&self) -> bool {
        self.outcome.is_ok()
    }
}

impl Ended for Shaken12 {
    fn is_ok(&self) -> bool {
        self.chosen.is_some()
    }
}

impl Ended for legacy::Asked {
    fn is_ok(&self) -> bool {
        !self.legacy.spoken.is_empty()
    }
}

impl Ended for Got {
    fn is_ok(&self) -> bool {
        self.outcome.is_ok()
    }
}
