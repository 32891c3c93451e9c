//! `csr/matches-certificate`

use std::collections::BTreeSet;

use super::{if_readable, judge_declared, key_and_signature, single_dns_name};
use crate::{
    cause::Cause,
    check::{Case, Check, CheckId, GuideStep, Judgement, Meta},
    deployment::{Role, ServiceUrl, Vantage},
    matching::{covers, normal},
    outcome::{Evidence, Outcome},
    reach,
    recording::FileUse,
    x509::{CertificateFacts, CsrFacts, Place},
};

/// Has the signed certificate the request's key and names?
pub struct MatchesCertificate;

impl Check for MatchesCertificate {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("csr/matches-certificate"),
            title: "The signed certificate has the request's key and names",
            steps: &[GuideStep::S3],
            depends_on: &[
                CheckId("csr/key-and-signature"),
                CheckId("csr/single-dns-name"),
                CheckId("certificate/name"),
                CheckId("certificate/path"),
            ],
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        let host = case.deployment.trust_service.url.as_ref().map(ServiceUrl::host);
        let host = host.as_deref();
        judge_declared(case, |request| {
            if_readable(request, |facts| {
                let signed = declared(case).or_else(|| presented(case));
                vec![signed.map_or_else(|| unseen(case), |signed| in_deployment(facts, signed, host))]
            })
        })
    }
}

/// The declared certificate.
fn declared<'a>(case: &'a Case<'_>) -> Option<&'a CertificateFacts> {
    case.files(FileUse::TrustServiceCertificate).into_iter().find_map(|file| case.first_certificate(file))
}

/// What the Trust Service itself presents under its name.
fn presented<'a>(case: &'a Case<'_>) -> Option<&'a CertificateFacts> {
    let facts = case.connections(&[Role::TrustService]).filter(|(_, fact)| reach::is_asked_as_devices_do(fact));
    let mut leaves = facts.filter_map(|(_, fact)| fact.outcome.as_ref().ok()?.chain.first());
    leaves.find_map(|id| case.certificate(id).filter(|_| case.interception(id).is_none()))
}

fn unseen(case: &Case<'_>) -> Outcome {
    let what = "trust_service.certificate is not declared, and no vantage of this run asks the Trust Service";
    let vantages = [Vantage::Device, Vantage::Console, Vantage::DeviceServices];
    case.elsewhere(&vantages, what).filter(|_| !case.asks(Role::TrustService)).unwrap_or_else(|| {
        Outcome::unanswered("trust_service.certificate is not declared, and the Trust Service presented none")
    })
}

/// What other checks say of request or certificate is not said again.
fn in_deployment(facts: &CsrFacts, signed: &CertificateFacts, host: Option<&str>) -> Outcome {
    let outcome = judge(facts, signed);
    let is_for =
        |dns_names: &[String], addresses: &[String]| host.is_none_or(|host| covers(host, dns_names, addresses));
    match &outcome {
        Outcome::Fail(_) if key_and_signature::is_refused(facts) => {
            Outcome::unanswered("the request has to be made again before anything is signed from it")
        }
        Outcome::Warn(_) if !single_dns_name::is_right(facts, host) => {
            Outcome::unanswered("no certificate is signed for the names of this request")
        }
        Outcome::Warn(_) if !is_for(&signed.dns_names, &signed.ip_addresses) => {
            Outcome::unanswered("the certificate is not for the Trust Service's host")
        }
        _ => outcome,
    }
}

pub(super) fn judge(facts: &CsrFacts, signed: &CertificateFacts) -> Outcome {
    let certificate = signed.name(Place::Leaf);
    let evidence = Evidence::of("certificate", format!("serial {}", signed.serial))
        .and("spki", format!("sha256//{}", signed.key.spki_sha256));
    // As pins compare: one key may be written with and without the NULL beside its algorithm.
    let is_same_key = match (&facts.key.rsa_public_key_hex, &signed.key.rsa_public_key_hex) {
        (Some(asked), Some(signed)) => asked == signed,
        _ => facts.key.spki_hex == signed.key.spki_hex,
    };
    if !is_same_key {
        let cause = Cause::CertificateNotFromCsr {
            certificate,
            csr_spki_sha256: facts.key.spki_sha256.clone(),
            certificate_spki_sha256: signed.key.spki_sha256.clone(),
        };
        return Outcome::fail(cause, evidence);
    }
    let asked: BTreeSet<String> = facts.dns_names.iter().map(|name| normal(name)).collect();
    let got: BTreeSet<String> = signed.dns_names.iter().map(|name| normal(name)).collect();
    // A signing service may make a DNS name of the CN.
    let from_common_name = facts.common_name.as_deref().map(normal);
    let only_csr: Vec<String> = asked.difference(&got).cloned().collect();
    let only_certificate: Vec<String> =
        got.difference(&asked).filter(|name| Some(*name) != from_common_name.as_ref()).cloned().collect();
    if only_csr.is_empty() && only_certificate.is_empty() {
        let names = if got.is_empty() { "none".to_owned() } else { signed.dns_names.join(", ") };
        return Outcome::Pass(evidence.and("names", names));
    }
    Outcome::warn(Cause::CertificateNamesDiffer { certificate, only_csr, only_certificate }, evidence)
}
