//! `trust-service/bound-everywhere`

use crate::{
    cause::Cause,
    certificate::judge_each,
    check::{Case, Check, CheckId, GuideStep, Judgement, Meta},
    deployment::Role,
    outcome::{Evidence, Outcome, Target},
    reach,
    recording::FileUse,
    x509::{CertificateFacts, Place},
};

/// Every Trust Service server, balancer and reverse proxy presents the one certificate.
pub struct BoundEverywhere;

impl Check for BoundEverywhere {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("trust-service/bound-everywhere"),
            title: "Every Trust Service server presents the one certificate",
            steps: &[GuideStep::S4],
            depends_on: &[CheckId("trust-service/url"), CheckId("certificate/path")],
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        if let Some(skipped) = super::not_provisioned(case) {
            return vec![(Target::Thing("Trust Service".to_owned()), skipped)];
        }
        let file =
            case.files(FileUse::TrustServiceCertificate).into_iter().find_map(|file| case.first_certificate(file));
        let Some(expected) = file.or_else(|| by_name(case)) else {
            return super::or_elsewhere(case, judge_each(case, is_asked, |_, _| vec![]));
        };
        let judgement = judge_each(case, is_asked, |presented, chain| match chain.leaf() {
            Some(leaf) => vec![of(leaf, expected, file.is_some())],
            None => vec![Outcome::unanswered(format!("no certificate of {} can be read", presented.target))],
        });
        super::or_elsewhere(case, judgement)
    }
}

fn is_asked(role: Role) -> bool {
    matches!(role, Role::TrustService | Role::TrustServiceServer)
}

/// What the service presents under its name.
fn by_name<'a>(case: &'a Case<'_>) -> Option<&'a CertificateFacts> {
    let facts = case.connections(&[Role::TrustService]).filter(|(_, fact)| reach::is_asked_as_devices_do(fact));
    let mut leaves = facts.filter_map(|(_, fact)| fact.outcome.as_ref().ok()?.chain.first());
    leaves.find_map(|id| case.certificate(id))
}

/// The same key is the same binding: a renewal with it changes nothing for anybody.
fn of(leaf: &CertificateFacts, expected: &CertificateFacts, declared: bool) -> Outcome {
    let evidence = Evidence::of("presented", format!("serial {}, sha256//{}", leaf.serial, leaf.key.spki_sha256));
    if leaf.key.spki_sha256 == expected.key.spki_sha256 {
        let renewed = leaf.id != expected.id;
        return Outcome::Pass(if renewed { evidence.and("renewed", "with the same key") } else { evidence });
    }
    let cause = Cause::CertificateNotBound {
        presented: leaf.name(Place::Leaf),
        expected: expected.name(Place::Leaf),
        declared,
    };
    Outcome::fail(cause, evidence.and("expected", format!("sha256//{}", expected.key.spki_sha256)))
}
