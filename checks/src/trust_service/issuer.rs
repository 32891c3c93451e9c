//! `trust-service/issuer`

use crate::{
    cause::Cause,
    certificate::{Presented, judge_each},
    check::{Case, Check, CheckId, GuideStep, Judgement, Meta},
    deployment::Role,
    outcome::{Evidence, Outcome, Target},
    x509::{CertificateFacts, ChainFacts, PathEnd, Place},
};

/// The Trust Service's certificate chains to the Workspace ONE signing root.
pub struct Issuer;

impl Check for Issuer {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("trust-service/issuer"),
            title: "The Trust Service's certificate chains to the Workspace ONE signing root",
            steps: &[GuideStep::S3],
            depends_on: &[CheckId("trust-service/url"), CheckId("certificate/path"), CheckId("certificate/expiry")],
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        if let Some(skipped) = super::not_provisioned(case) {
            return vec![(Target::Thing("Trust Service".to_owned()), skipped)];
        }
        let roles = |role| matches!(role, Role::TrustService | Role::TrustServiceServer);
        super::or_elsewhere(case, judge_each(case, roles, |presented, chain| vec![of(presented, chain)]))
    }
}

fn of(presented: &Presented<'_>, chain: &ChainFacts) -> Outcome {
    let valid =
        |end: fn(&PathEnd) -> bool| chain.paths.iter().find(|path| path.is_valid(presented.role) && end(&path.end));
    if let Some(PathEnd::SigningRoot { id }) =
        valid(|end| matches!(end, PathEnd::SigningRoot { .. })).map(|path| &path.end)
    {
        let root = chain.certificate(id).map(CertificateFacts::display_subject).unwrap_or_default();
        return Outcome::Pass(Evidence::of("signing root", root).and("SHA-256", id));
    }
    let (Some(path), Some(leaf)) = (valid(|_| true), chain.leaf()) else {
        return Outcome::unanswered(format!("no valid path from what {} presents", presented.target));
    };
    let root = match &path.end {
        PathEnd::Mozilla { subject } => subject.clone(),
        PathEnd::System { id, .. }
        | PathEnd::Supplied { id, .. }
        | PathEnd::SigningRoot { id }
        | PathEnd::Untrusted { id } => chain.certificate(id).map(CertificateFacts::display_subject).unwrap_or_default(),
        PathEnd::IssuerMissing { .. } => String::new(),
    };
    let evidence = Evidence::of("issuer", &leaf.issuer);
    Outcome::fail(Cause::IssuedElsewhere { certificate: leaf.name(Place::Leaf), root }, evidence)
}
