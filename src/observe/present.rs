//! What one server presents, for whoever looks at it outside a deployment: the same steps as a run's, one address after
//! another until one answers.

use pinflight_checks::{
    deployment::{Endpoint, Role},
    recording::{ConnectionFact, ConversationFailure, Handshake, Legacy, Recording},
};
use tokio::sync::mpsc;

use super::{
    Job, begun, conversation,
    hosts::Hosts,
    legacy,
    plan::{Repeats, Target},
    run::{Observer, Position, Setting},
    tcp::Deadline,
};

/// Whom to ask, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Where to connect.
    pub asked: Endpoint,
    /// The server name to send; none: none is sent.
    pub sni: Option<String>,
    /// The name that the certificate must be good for.
    pub name: String,
}

/// Asks one server for its chain. The recording's last connection is the one that came to a chain, if one did; those before
/// it are the addresses that did not answer.
///
/// As with [`super::observe`], end the runtime without waiting.
pub async fn present(job: Job, question: &Question) -> Recording {
    let (setting, frame) = begun(job);
    // The hosts file is read by the operating system's resolver.
    let setting = Setting { hosts: Ok(Hosts::new()), ..setting };
    // Nothing that is asked here leads to another question, and nobody watches.
    let (follow_up, _) = mpsc::unbounded_channel();
    let observer = Observer::new(setting, follow_up, Box::new(|_| {}));
    let connections = ask(&observer, question).await;
    let found = std::mem::take(&mut *observer.board()).into_found();
    Recording { connections, ..frame.around(found) }
}

async fn ask(observer: &Observer, question: &Question) -> Vec<ConnectionFact> {
    let target = Target {
        role: Role::DeviceServices,
        endpoint: Endpoint::new(&question.name, question.asked.port),
        place: question.asked.clone(),
        https: true,
        gets: Vec::new(),
        repeats: Repeats::Once,
        other_name: None,
    };
    let mut connections = Vec::new();
    for route in observer.routes(&Position::declared(1), &target).await {
        let deadline = Deadline::after(observer.deployment.network.question_timeout);
        let conversation::Shaken { connected_after, took, mut outcome } =
            observer.shake(&route, question.sni.as_deref(), deadline).await;
        let legacy = legacy_of(observer, question, &route, &mut outcome).await;
        let has_chain = match &outcome {
            Ok(_) => true,
            Err(ConversationFailure::Tls { chain, .. }) => !chain.is_empty(),
            Err(_) => false,
        };
        connections.push(ConnectionFact {
            role: target.role,
            endpoint: target.endpoint.clone(),
            address: route.address(),
            proxied: route.is_proxied(),
            sni: question.sni.clone(),
            only_tls12: false,
            repeat: 0,
            connected_after,
            took,
            outcome,
            legacy,
        });
        if has_chain {
            break;
        }
    }
    connections
}

/// A server that has nothing in common with clients of today is asked below rustls, where the chain is shown too.
async fn legacy_of(
    observer: &Observer,
    question: &Question,
    route: &conversation::Route,
    outcome: &mut Result<Handshake, ConversationFailure>,
) -> Option<Legacy> {
    let failure = outcome.as_mut().err().filter(|failure| legacy::calls_for_legacy(failure))?;
    let deadline = Deadline::after(observer.deployment.network.question_timeout);
    let asked = observer.legacy(route, question.sni.as_deref(), deadline).await;
    if let ConversationFailure::Tls { chain, .. } = failure
        && chain.is_empty()
    {
        *chain = asked.chain;
    }
    Some(asked.legacy)
}
