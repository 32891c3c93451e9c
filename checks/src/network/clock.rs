//! `network/clock`

use crate::{
    cause::Cause,
    check::{Case, Check, CheckId, EachOnce, Judgement, Meta},
    client::counted,
    clock::{self, Reading, Verdict},
    deployment::{Role, TrustServiceMode, Vantage},
    outcome::{Evidence, Outcome, Target},
    recording::Recording,
};

/// The local clock agrees with the peers' Date.
pub struct Clock;

impl Check for Clock {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("network/clock"),
            title: "The clock agrees with those of the servers",
            steps: &[],
            depends_on: &[
                CheckId("dns/discovery-resolves"),
                CheckId("dns/names-resolve"),
                CheckId("network/proxy"),
                CheckId("firewall/console-to-discovery"),
                CheckId("firewall/device-services-to-discovery"),
                CheckId("firewall/discovery-to-device-services"),
                CheckId("firewall/devices-to-trust-service"),
                CheckId("network/reachable"),
                CheckId("discovery/host-registry"),
                CheckId("trust-service/redirect"),
                CheckId("trust-service/settings"),
            ],
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        case.recordings.iter().flat_map(|recording| of(case, recording)).collect::<EachOnce>().judgement
    }
}

/// Each machine that asked has a clock of its own.
fn of(case: &Case<'_>, recording: &Recording) -> Judgement {
    let here = Target::Thing(format!("the clock at {}", recording.vantage));
    let readings = clock::readings(recording);
    if readings.is_empty() {
        return vec![(here, unseen(recording))];
    }
    let evidence = || readings.iter().fold(Evidence::none(), |evidence, reading| evidence.and("peer", reading.words()));
    let differing = readings.iter().filter(|reading| !reading.agrees());
    match clock::verdict(&readings) {
        Verdict::Agrees => {
            let most = readings.iter().map(|reading| reading.ahead.abs()).max().unwrap_or_default();
            let compared = format!("{}, {most} s apart at most", counted(readings.len(), "server"));
            vec![(here, Outcome::Pass(Evidence::of("compared", compared)))]
        }
        Verdict::LocalWrong { ahead, services } => {
            let services = services.iter().map(ToString::to_string).collect();
            let certificates = clock::in_time_by_one(case, recording, ahead);
            let changes = !certificates.is_empty();
            let cause = Cause::LocalClockWrong { vantage: recording.vantage, ahead, services, certificates };
            let judged = if changes { Outcome::fail } else { Outcome::warn };
            vec![(here, judged(cause, evidence()))]
        }
        Verdict::PeersWrong => {
            let agreeing = readings.iter().filter(|reading| reading.agrees()).map(|reading| reading.target.to_string());
            let agree: Vec<String> = agreeing.collect();
            let peer_wrong = |reading: &Reading| {
                let cause =
                    Cause::PeerClockWrong { ahead: reading.ahead, vantage: recording.vantage, agree: agree.clone() };
                (reading.target.clone(), Outcome::warn(cause, evidence()))
            };
            differing.map(peer_wrong).collect()
        }
        Verdict::Undecided { .. } => {
            let differs = |reading: &Reading| {
                let cause = Cause::ClocksDiffer { ahead: reading.ahead, vantage: recording.vantage };
                (reading.target.clone(), Outcome::warn(cause, evidence()))
            };
            differing.map(differs).collect()
        }
    }
}

/// `ds.example.com:443@10.1.0.11: 3600 s ahead`
fn unseen(recording: &Recording) -> Outcome {
    let answered = recording.answers.iter().filter(|fact| fact.outcome.is_ok()).count();
    if answered > 0 {
        let reason = format!("none of {answered} HTTP answers to {} has a Date that can be used", recording.vantage);
        return Outcome::Skipped(reason);
    }
    if asks_http(recording) {
        return Outcome::unanswered(format!("no server answered {} over HTTP", recording.vantage));
    }
    Outcome::Skipped(format!("{} asks nobody over HTTP", recording.vantage))
}

/// Whether this vantage has a GET to ask of anybody.
fn asks_http(recording: &Recording) -> bool {
    let deployment = &recording.deployment;
    let asks = |role: Role| Vantage::asks(recording.vantage, role, deployment);
    let has_trust_service = match deployment.trust_service.mode {
        TrustServiceMode::OnPremises => true,
        TrustServiceMode::Awcm => deployment.trust_service.url.is_some(),
        TrustServiceMode::Cloud | TrustServiceMode::None => false,
    };
    asks(Role::Discovery) || (has_trust_service && (asks(Role::DeviceServices) || asks(Role::TrustService)))
}

#[cfg(test)]
mod tests;
