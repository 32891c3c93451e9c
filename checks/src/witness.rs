//! Who saw what is wrong, where several looked.

use std::collections::BTreeSet;

use crate::{
    check::{Case, Check, Judgement},
    deployment::Vantage,
    outcome::{Finding, Outcome, Target},
    recording::Recording,
};

/// What each recording shows of a check by itself.
pub(crate) struct Witnesses<'r, 'j> {
    vantages: BTreeSet<Vantage>,
    recordings: &'r [Recording],
    judgement: &'j Judgement,
    alone: Vec<(Vantage, Judgement)>,
}

impl<'r, 'j> Witnesses<'r, 'j> {
    /// Asks the check again of each recording, where there are several vantages and something is wrong.
    pub(crate) fn of(case: &Case<'r>, check: &dyn Check, judgement: &'j Judgement) -> Self {
        let vantages = case.vantages();
        let is_wrong = judgement.iter().any(|(_, outcome)| found(outcome).is_some());
        let alone = case.recordings.iter().filter(|_| is_wrong && vantages.len() > 1);
        let alone = alone.map(|recording| (recording.vantage, check.judge(&case.of_one(recording)))).collect();
        Self { vantages, recordings: case.recordings, judgement, alone }
    }

    /// The vantages that each by itself show a cause of this kind at this target. What only several show together was seen by
    /// those that looked there; what is of no place in the network, by all.
    pub(crate) fn saw(&self, target: &Target, finding: &Finding) -> BTreeSet<Vantage> {
        // Nobody else could have: there may be a finding for each of thousands of servers.
        if self.vantages.len() == 1 {
            return self.vantages.clone();
        }
        // Where several are told of the target, each is of those who see that one.
        let several = alike(self.judgement, target, finding).len() > 1;
        let by = |is_it: &dyn Fn(&&Finding) -> bool| -> BTreeSet<Vantage> {
            let shows = |judgement| alike(judgement, target, finding).iter().any(is_it);
            self.alone.iter().filter(|(_, judgement)| shows(judgement)).map(|(vantage, _)| *vantage).collect()
        };
        let exactly = by(&|found| several && found.cause == finding.cause);
        let alone = if exactly.is_empty() { by(&|_| true) } else { exactly };
        if !alone.is_empty() {
            return alone;
        }
        let looked = self.recordings.iter().filter(|recording| looked_at(recording, target));
        let looked: BTreeSet<Vantage> = looked.map(|recording| recording.vantage).collect();
        if looked.is_empty() { self.vantages.clone() } else { looked }
    }
}

fn found(outcome: &Outcome) -> Option<&Finding> {
    match outcome {
        Outcome::Warn(finding) | Outcome::Fail(finding) => Some(finding),
        _ => None,
    }
}

/// What is told of the target with a cause of this kind.
fn alike<'j>(judgement: &'j Judgement, target: &Target, finding: &Finding) -> Vec<&'j Finding> {
    let found = judgement.iter().filter(|(known, _)| known == target).filter_map(|(_, outcome)| found(outcome));
    found.filter(|found| found.cause.kind() == finding.cause.kind()).collect()
}

fn looked_at(recording: &Recording, target: &Target) -> bool {
    let tls12 = recording.tls12.iter().map(|fact| &fact.connection);
    let handshakes = recording.connections.iter().chain(&recording.under_other_name).chain(tls12);
    let handshakes = handshakes.map(|fact| (&fact.endpoint, fact.address));
    let mut places = handshakes.chain(recording.answers.iter().map(|fact| (&fact.endpoint, fact.address)));
    match target {
        Target::At(endpoint, address) => places.any(|place| place == (endpoint, Some(*address))),
        Target::Endpoint(endpoint) => {
            places.any(|(place, _)| place == endpoint) || recording.names.iter().any(|fact| fact.name == endpoint.host)
        }
        Target::Name(name, _) => recording.names.iter().any(|fact| fact.name == *name),
        Target::File(path) => recording.files.iter().any(|file| file.path == *path),
        Target::Thing(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cause::Cause,
        deployment::{Role, TrustServiceMode},
        judge::judge,
        outcome::Evidence,
        recording::ConnectFailure,
        report::Report,
        testing::{NOW, name, recording, refused},
    };

    /// Device Services at one address: does it refuse?
    fn seen(vantage: Vantage, refuses: bool) -> Recording {
        let mut seen = recording(vantage, TrustServiceMode::None);
        seen.names = vec![name("ds.example.com", Role::DeviceServices, Ok([10, 0, 0, 1]))];
        let mut fact = refused(Role::DeviceServices, "ds.example.com", 443, [10, 0, 0, 1]);
        if !refuses {
            let failure = ConnectFailure::TimedOut { after: std::time::Duration::from_secs(5) };
            fact.outcome = Err(crate::recording::ConversationFailure::Tcp { failure });
        }
        seen.connections = vec![fact];
        seen
    }

    fn who(report: &Report, id: &str) -> Vec<(String, Vec<Vantage>)> {
        let check = report.checks.iter().find(|check| check.id.0 == id).unwrap();
        let of = |finding: &crate::report::FindingReport| {
            (finding.target.to_string(), finding.seen_from.iter().copied().collect())
        };
        check.findings.iter().map(of).collect()
    }

    #[test]
    fn a_finding_says_which_vantages_show_it_by_themselves() {
        let one = [seen(Vantage::Discovery, true)];
        let at = "ds.example.com:443@10.0.0.1".to_owned();
        let report = judge(&Case::new(&one, &one[0].policy, NOW).unwrap());
        let row = "firewall/discovery-to-device-services";
        assert_eq!(who(&report, row), [(at.clone(), vec![Vantage::Discovery])]);

        let several = [seen(Vantage::Console, true), seen(Vantage::Discovery, true), seen(Vantage::Device, true)];
        let report = judge(&Case::new(&several, &several[0].policy, NOW).unwrap());
        assert_eq!(who(&report, row), [(at.clone(), vec![Vantage::Discovery])], "a row has one source");
        let seen_by = who(&report, "network/reachable");
        assert!(seen_by.iter().all(|(target, vantages)| *target == at && vantages.len() < 3), "{seen_by:?}");
    }

    #[test]
    fn of_several_findings_at_one_target_each_has_its_own_witnesses() {
        let target = Target::Thing("ts.example.com".to_owned());
        let finding = |last: u8| {
            let address = Some(([10, 0, 0, last], 443).into());
            let cause = Cause::TcpFailed { address, failure: ConnectFailure::Refused };
            Finding { cause, evidence: Evidence::none() }
        };
        let told = |lasts: &[u8]| -> Judgement {
            lasts.iter().map(|last| (target.clone(), Outcome::Fail(Box::new(finding(*last))))).collect()
        };
        let saw = |judgement: &Judgement, last| {
            let alone = vec![(Vantage::Console, told(&[1])), (Vantage::Device, told(&[2]))];
            let vantages = [Vantage::Console, Vantage::Device].into();
            let witnesses = Witnesses { vantages, recordings: &[], judgement, alone };
            witnesses.saw(&target, &finding(last))
        };
        assert_eq!(saw(&told(&[1, 2]), 1), [Vantage::Console].into());
        assert_eq!(saw(&told(&[1, 2]), 2), [Vantage::Device].into());
        assert_eq!(saw(&told(&[1]), 1), [Vantage::Console, Vantage::Device].into(), "one for both");
        assert_eq!(saw(&told(&[1, 3]), 3), [Vantage::Console, Vantage::Device].into(), "nobody's own");
    }

    #[test]
    fn who_looked_at_a_target_is_known_by_its_facts() {
        let recording = seen(Vantage::Console, true);
        let place = recording.connections[0].endpoint.clone();
        let at = |last| Target::At(place.clone(), ([10, 0, 0, last], 443).into());
        assert!(looked_at(&recording, &at(1)) && !looked_at(&recording, &at(2)));
        assert!(looked_at(&recording, &Target::Endpoint(place.clone())));
        assert!(looked_at(&recording, &Target::Name("ds.example.com".into(), "any".into())));
        assert!(!looked_at(&recording, &Target::Name("ts.example.com".into(), "any".into())));
        assert!(!looked_at(&recording, &Target::File("ds.cer".into())));
    }
}
