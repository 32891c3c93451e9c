//! `pins/uploaded-set`

use crate::{
    cause::Cause,
    certificate::not_its_own,
    check::{Case, Check, CheckId, EachOnce, GuideStep, Judgement, Meta},
    deployment::{Role, Vantage},
    matrix::{self, Met},
    outcome::{Evidence, Outcome, Target},
    pin::{self, Book},
    reach,
    recording::{FileUse, SuppliedFile},
    report::PinCell,
    x509::{CertificateFacts, Place},
};

/// Every certificate that devices can meet is uploaded, and none besides.
pub struct UploadedSet;

impl Check for UploadedSet {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("pins/uploaded-set"),
            title: "Every certificate that devices can meet is among the uploaded ones, and none is stale",
            steps: &[GuideStep::N],
            depends_on: &[CheckId("tls/interception"), CheckId("pins/cover-every-server")],
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        if case.deployment.device_services.certificates.is_empty() {
            let target = Target::Endpoint(case.deployment.device_services_endpoint());
            let reason = "no uploaded certificate is declared: name them under device_services.certificates";
            return vec![(target, Outcome::Skipped(reason.to_owned()))];
        }
        let book = Book::new(case);
        let met = matrix::met(case);
        let uploaded = case.files(FileUse::Uploaded);
        let servers = met.iter().map(|one| (one.target.clone(), of_server(case, &book, one, &uploaded)));
        let mut judgement = servers.collect::<EachOnce>().judgement;
        let unsettled = judgement.iter().any(|(_, outcome)| matches!(outcome, Outcome::NotObserved(_)));
        for file in uploaded {
            let target = Target::File(file.path.clone());
            let outcome = match case.first_certificate(file) {
                Some(leaf) => of_file(case, &book, &met, leaf, unsettled),
                None => Outcome::unanswered("the certificate in it cannot be read"),
            };
            judgement.push((target, outcome));
        }
        judgement
    }
}

fn of_server(case: &Case<'_>, book: &Book, met: &Met<'_>, uploaded: &[&SuppliedFile]) -> Outcome {
    let Some(leaf) = met.leaf else {
        return Outcome::unanswered(format!("no certificate was seen at {}", met.target));
    };
    if let Some(found) = case.interception(&leaf.id) {
        return not_its_own(&met.target, found);
    }
    let key = &leaf.key.spki_sha256;
    let same_key = uploaded.iter().filter_map(|file| {
        let uploaded = case.first_certificate(file)?;
        (uploaded.key.spki_sha256 == *key).then_some((file, uploaded))
    });
    // The certificate itself goes before another one with its key.
    if let Some((file, uploaded)) = same_key.min_by_key(|(_, uploaded)| uploaded.id != leaf.id) {
        let evidence = Evidence::of("uploaded as", &file.path);
        // Pins are keys: a certificate renewed with the same key needs no upload.
        return Outcome::Pass(if uploaded.id == leaf.id {
            evidence
        } else {
            evidence.and("renewed", format!("serial {} with the key of serial {}", leaf.serial, uploaded.serial))
        });
    }
    if let Err(unknown) = book.used {
        let reason = format!("its key is not uploaded, and whether it is pinned was not seen: {unknown}");
        return pin::unseen(case, pin::SourceId::CloudRegistry, &reason);
    }
    for source in book.in_use() {
        match source.cell(&leaf.key) {
            PinCell::NotObserved => return pin::unseen_pins(case, source),
            PinCell::NoMatch => {
                return Outcome::unanswered(format!(
                    "its key is neither uploaded nor pinned in the {}",
                    source.id.words()
                ));
            }
            PinCell::Match | PinCell::Unknown => {}
        }
    }
    let cause = Cause::KeyNotUploaded {
        role: met.role,
        certificate: leaf.name(Place::Leaf),
        spki_sha256: key.clone(),
        pinned: book.cell(&leaf.key) == PinCell::Match,
    };
    Outcome::warn(cause, Evidence::of("key", format!("{} sha256//{key}", leaf.key.words)))
}

/// Where a key is presented to clients that send no server name.
fn without_name(case: &Case<'_>, key: &str) -> Option<Target> {
    let roles = [Role::DeviceServices, Role::Balancer, Role::ReverseProxy, Role::Backend];
    let mut nameless = case.connections(&roles).filter(|(_, fact)| !reach::is_asked_as_devices_do(fact));
    nameless.find_map(|(_, fact)| {
        let id = fact.outcome.as_ref().ok()?.chain.first().filter(|id| case.interception(id).is_none())?;
        let leaf = case.certificate(id)?;
        (leaf.key.spki_sha256 == key).then(|| Target::of(&fact.endpoint, fact.address))
    })
}

fn of_file(case: &Case<'_>, book: &Book, met: &[Met<'_>], leaf: &CertificateFacts, unsettled: bool) -> Outcome {
    let key = &leaf.key.spki_sha256;
    let presenting: Vec<(&Target, &CertificateFacts)> = met
        .iter()
        .filter_map(|met| Some((&met.target, met.leaf?)))
        .filter(|(_, met)| met.key.spki_sha256 == *key)
        .collect();
    if let Some((target, _)) = presenting.first() {
        // Expired and presented is what certificate/expiry tells.
        if leaf.not_after < case.now && presenting.iter().all(|(_, met)| met.id != leaf.id) {
            let cause = Cause::UploadExpired { certificate: leaf.name(Place::Leaf), not_after: leaf.not_after };
            return Outcome::warn(cause, Evidence::of("its key is at", target));
        }
        return Outcome::Pass(Evidence::of("its key is at", target));
    }
    // Gathered as well, and pinned for clients that send no name: certificate/same-everywhere tells of it.
    if let Some(target) = without_name(case, key) {
        return Outcome::Pass(Evidence::of("its key is at", target).and("presented", "to clients that send no name"));
    }
    let to_come = case.files(FileUse::Next).into_iter().any(|file| {
        let next = case.first_certificate(file);
        next.is_some_and(|next| next.key.spki_sha256 == *key)
    });
    if to_come {
        return Outcome::Pass(Evidence::of("to come", "declared as a next certificate"));
    }
    if unsettled {
        return Outcome::unanswered("its key was met nowhere, but not every server's certificate was seen and known");
    }
    let backends = !case.deployment.device_services.backends.is_empty();
    if backends && !case.asks(Role::Backend) {
        let reason = "its key was not met, and the servers behind the balancer are not asked from here";
        if let Some(outcome) = case.elsewhere(&[Vantage::Console, Vantage::DeviceServices], reason) {
            return outcome;
        }
    }
    let cause = Cause::UploadStale {
        certificate: leaf.name(Place::Leaf),
        spki_sha256: key.clone(),
        pinned: match book.cell(&leaf.key) {
            PinCell::Match => Some(true),
            PinCell::NoMatch => Some(false),
            PinCell::Unknown | PinCell::NotObserved => None,
        },
    };
    Outcome::warn(cause, Evidence::of("valid until", leaf.not_after))
}
