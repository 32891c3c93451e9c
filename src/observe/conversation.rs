//! One conversation: TCP, the proxy's tunnel, TLS, HTTP, each within its time.

use std::{net::SocketAddr, time::Duration};

use pinflight_checks::{
    deployment::{Endpoint, Proxy},
    recording::{CertId, Chosen, ConversationFailure, Handshake, HttpAnswer, HttpFailure, NameFailure, ProxyFailure},
};
use tokio::{io::AsyncWriteExt, time::Instant};

use super::{
    http, legacy,
    plan::{self, Get, Target},
    proxy,
    run::Observer,
    tcp::{self, Deadline, Stream, within},
    tls::{Broken, Offer, Secured},
};

/// How long a server is given to take our goodbye.
pub(super) const GOODBYE: Duration = Duration::from_millis(100);

/// Where a conversation goes.
#[derive(Clone, Debug)]
pub(super) enum Route {
    Direct(SocketAddr),
    Proxied { proxy: Proxy, at: Result<Vec<SocketAddr>, NameFailure>, target: Endpoint },
}

impl Route {
    pub(super) fn words(&self) -> String {
        match self {
            Self::Direct(address) => plan::place_words(&plan::endpoint_of(*address), None),
            Self::Proxied { proxy, target, .. } => plan::place_words(target, Some(proxy)),
        }
    }

    pub(super) fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Direct(address) => Some(*address),
            Self::Proxied { target, .. } => target.ip().map(|ip| SocketAddr::new(ip, target.port)),
        }
    }

    pub(super) fn is_proxied(&self) -> bool {
        matches!(self, Self::Proxied { .. })
    }
}

/// A handshake that was asked.
#[derive(Clone, Debug)]
pub(super) struct Shaken {
    pub(super) connected_after: Option<Duration>,
    pub(super) took: Duration,
    pub(super) outcome: Result<Handshake, ConversationFailure>,
}

/// A handshake with TLS 1.2 alone that was asked.
#[derive(Clone, Debug)]
pub(super) struct Shaken12 {
    pub(super) shaken: Shaken,
    pub(super) chosen: Option<Chosen>,
}

/// A GET that was asked.
#[derive(Clone, Debug)]
pub(super) struct Got {
    pub(super) leaf: Option<CertId>,
    pub(super) took: Duration,
    pub(super) ended: Instant,
    pub(super) outcome: Result<HttpAnswer, HttpFailure>,
}

impl Observer {
    /// TCP, and the proxy's tunnel where there is one.
    pub(super) async fn connect(&self, route: &Route, deadline: Deadline) -> Result<Stream, ConversationFailure> {
        let network = &self.deployment.network;
        let tcp = |address| tcp::connect(address, network.connect_timeout, network.retry, deadline);
        let (proxy, at, target) = match route {
            Route::Direct(address) => {
                let connected = tcp(*address).await;
                return connected
                    .map(|tcp| Box::new(tcp) as Stream)
                    .map_err(|failure| ConversationFailure::Tcp { failure });
            }
            Route::Proxied { proxy, at, target } => (proxy, at, target),
        };
        let failed = |failure: ProxyFailure| ConversationFailure::Proxy { failure };
        let addresses = at.as_ref().map_err(|failure| failed(ProxyFailure::Unresolved { failure: failure.clone() }))?;
        let mut unreachable = ProxyFailure::Unresolved { failure: NameFailure::NoAddresses };
        for (place, address) in addresses.iter().enumerate() {
            let stream: Stream = match tcp(*address).await {
                Ok(tcp) => Box::new(tcp),
                Err(failure) if place == 0 => {
                    unreachable = ProxyFailure::Unreachable { failure };
                    continue;
                }
                Err(_) => continue,
            };
            let given = self.secrets.proxy_credentials.as_ref();
            let credentials = given.map(|(user, password)| (user.as_str(), password.as_str()));
            let step = network.step_timeout;
            let tunnel = proxy::tunnel(stream, proxy, target, credentials, &self.tls, step, deadline).await;
            return tunnel.map_err(failed);
        }
        Err(failed(unreachable))
    }

    pub(super) async fn shake(&self, route: &Route, sni: Option<&str>, deadline: Deadline) -> Shaken {
        let began = Instant::now();
        let mut connected_after = None;
        let outcome = async {
            let stream = self.connect(route, deadline).await?;
            connected_after = Some(began.elapsed());
            let (mut stream, (handshake, _)) = self.secure(stream, sni, Offer::Any, deadline).await?;
            let took = began.elapsed();
            let _ = within(GOODBYE, stream.shutdown()).await;
            Ok((took, handshake))
        };
        let outcome: Result<(Duration, Handshake), ConversationFailure> = outcome.await;
        match outcome {
            Ok((took, handshake)) => Shaken { connected_after, took, outcome: Ok(handshake) },
            Err(failure) => Shaken { connected_after, took: began.elapsed(), outcome: Err(failure) },
        }
    }

    pub(super) async fn shake12(&self, route: &Route, sni: Option<&str>, deadline: Deadline) -> Shaken12 {
        let began = Instant::now();
        let shaken = |connected_after, outcome| Shaken { connected_after, took: began.elapsed(), outcome };
        let stream = match self.connect(route, deadline).await {
            Ok(stream) => stream,
            Err(failure) => return Shaken12 { shaken: shaken(None, Err(failure)), chosen: None },
        };
        let connected_after = Some(began.elapsed());
        let limit = deadline.step(self.deployment.network.step_timeout);
        let (flight, outcome) = self.tls.tls12(stream, sni, limit).await;
        // What it said in clear text is all that is left of a handshake that broke off.
        let outcome = outcome.map_err(|broken| Broken { chain: flight.chain.clone(), ..broken });
        match self.kept(outcome) {
            Ok((mut stream, (handshake, _))) => {
                let shaken = shaken(connected_after, Ok(handshake));
                let _ = within(GOODBYE, stream.shutdown()).await;
                Shaken12 { shaken, chosen: legacy::chosen(&flight) }
            }
            Err(failure) => Shaken12 { shaken: shaken(connected_after, Err(failure)), chosen: legacy::chosen(&flight) },
        }
    }

    /// The handshake, its chain kept; and whether the server asked for a certificate of ours.
    async fn secure(
        &self,
        stream: Stream,
        sni: Option<&str>,
        offer: Offer,
        deadline: Deadline,
    ) -> Result<(Stream, (Handshake, bool)), ConversationFailure> {
        let limit = deadline.step(self.deployment.network.step_timeout);
        self.kept(self.tls.handshake(stream, sni, offer, limit).await)
    }

    fn kept(
        &self,
        secured: Result<Secured<Stream>, Broken>,
    ) -> Result<(Stream, (Handshake, bool)), ConversationFailure> {
        let secured = secured.map_err(|broken| {
            let chain = self.board().keep(broken.chain);
            ConversationFailure::Tls { failure: broken.failure, chain }
        })?;
        let shake = secured.shake;
        let handshake = Handshake {
            version: shake.version,
            suite: shake.suite,
            alpn: shake.alpn,
            chain: self.board().keep(shake.chain),
            signature: shake.signature,
        };
        Ok((Box::new(secured.stream), (handshake, secured.client_certificate_asked)))
    }

    pub(super) async fn get(&self, route: &Route, target: &Target, get: &Get, deadline: Deadline) -> Got {
        let began = Instant::now();
        let mut leaf = None;
        let outcome = async {
            let not_connected = |failure: ConversationFailure| HttpFailure::NotConnected { failure };
            let mut stream = self.connect(route, deadline).await.map_err(not_connected)?;
            let mut asked = false;
            if target.https {
                let secured = self.secure(stream, target.sni(), Offer::Http1, deadline).await.map_err(not_connected)?;
                let (secured, (handshake, client_certificate_asked)) = secured;
                leaf = handshake.chain.into_iter().next();
                asked = client_certificate_asked;
                stream = secured;
            }
            http::get(stream, &get.url, asked, &self.room, self.deployment.network.step_timeout, deadline).await
        };
        let outcome = outcome.await;
        let ended = Instant::now();
        Got { leaf, took: ended - began, ended, outcome }
    }
}
