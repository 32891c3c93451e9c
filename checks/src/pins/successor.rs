//! `pins/successor`

use std::time::Duration;

use crate::{
    cause::{Cause, NextFault},
    check::{Case, Check, CheckId, Judgement, Meta},
    matching,
    matrix::{self, Met},
    outcome::{Evidence, Outcome, Target},
    pin::{self, Book, Source},
    recording::FileUse,
    report::PinCell,
    time::Timestamp,
    x509::{CertificateFacts, Place},
};

/// The certificates to come can take their place without locking a device out.
pub struct Successor;

impl Check for Successor {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("pins/successor"),
            title: "The keys of the certificates to come are pinned before they are needed",
            steps: &[],
            depends_on: &[
                CheckId("tls/interception"),
                CheckId("discovery/host-registry"),
                CheckId("trust-service/settings"),
                CheckId("pins/well-formed"),
                CheckId("pins/cover-every-server"),
            ],
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        let target = Target::Endpoint(case.deployment.device_services_endpoint());
        if case.deployment.device_services.next_certificates.is_empty() {
            let reason = "no certificate to come is declared";
            return vec![(target, Outcome::Skipped(reason.to_owned()))];
        }
        let book = Book::new(case);
        if let Err(unseen) = book.used_or_unseen(case) {
            return unseen;
        }
        let met = matrix::met(case);
        let files = case.files(FileUse::Next).into_iter().map(|file| {
            let outcome = match case.first_certificate(file) {
                Some(next) => of(case, &book, &met, next),
                None => Outcome::unanswered("the certificate in it cannot be read"),
            };
            (Target::File(file.path.clone()), outcome)
        });
        files.collect()
    }
}

fn of(case: &Case<'_>, book: &Book, met: &[Met<'_>], next: &CertificateFacts) -> Outcome {
    let unfit = |fault| {
        let cause = Cause::NextCertificateUnfit { certificate: next.name(Place::Leaf), fault };
        Outcome::warn(cause, Evidence::of("valid", format!("{} to {}", next.not_before, next.not_after)))
    };
    let host = case.deployment.device_services.url.host();
    if !matching::covers(&host, &next.dns_names, &next.ip_addresses) {
        let names = next.dns_names.iter().chain(&next.ip_addresses).cloned().collect();
        return unfit(NextFault::Name { host, names });
    }
    if next.not_after < case.now {
        return unfit(NextFault::Expired { not_after: next.not_after });
    }
    let leaves = || met.iter().filter_map(|met| met.leaf).filter(|leaf| case.interception(&leaf.id).is_none());
    let in_use = leaves().find(|leaf| leaf.key.spki_sha256 == next.key.spki_sha256);
    // Servers that have it already wait for nothing.
    let in_use_until = leaves().filter(|leaf| leaf.id != next.id).map(|leaf| leaf.not_after).min();
    for source in book.in_use() {
        match source.cell(&next.key) {
            PinCell::Match => {}
            PinCell::NotObserved => return pin::unseen_pins(case, source),
            PinCell::Unknown => {
                let cause =
                    Cause::NextKeyUnknownToClient { certificate: next.name(Place::Leaf), key: next.key.words.clone() };
                return Outcome::warn(cause, Evidence::of("key", format!("sha256//{}", next.key.spki_sha256)));
            }
            PinCell::NoMatch => return not_pinned(case, source, next, in_use.is_some(), in_use_until),
        }
    }
    if let Some(in_use_until) = in_use_until.filter(|until| next.not_before > *until) {
        return unfit(NextFault::BeginsTooLate { not_before: next.not_before, in_use_until });
    }
    let pinned: Vec<&str> = book.in_use().map(|source| source.id.words()).collect();
    let evidence = Evidence::of("pinned in", pinned.join(", "));
    Outcome::Pass(evidence.and("safe to switch", safe(case, in_use.is_some())))
}

/// When devices know a pin that is published: the known client refreshes its list at most daily, and a device may be offline
/// for as long as the policy says.
fn lead_time(case: &Case<'_>) -> Duration {
    Duration::from_hours(24).saturating_add(case.policy.max_offline)
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

fn safe(case: &Case<'_>, in_use: bool) -> String {
    if in_use {
        return "today: its key is in use and pinned".to_owned();
    }
    let lead = lead_time(case);
    let hours = lead.as_secs().div_ceil(3600);
    let rule = format!("{hours} hours after its pin was published; when that was, no answer tells");
    match case.deployment.confirmed.certificates_uploaded.filter(|day| *day <= case.now) {
        None => rule,
        Some(day) => {
            let from = Timestamp(day.0.saturating_add(seconds(lead)));
            format!("{rule}; if with the upload of {}, from {from}", day.day())
        }
    }
}

fn not_pinned(
    case: &Case<'_>,
    source: &Source,
    next: &CertificateFacts,
    in_use: bool,
    in_use_until: Option<Timestamp>,
) -> Outcome {
    let words = source.id.words();
    if source.pins() == Some(0) {
        return Outcome::unanswered(format!("the {words} holds no pins for Device Services"));
    }
    if source.has_faults() {
        return Outcome::unanswered(format!("a pin of the {words} that cannot be used may be meant for its key"));
    }
    if in_use {
        return Outcome::unanswered(format!("a server presents its key already, and the {words} does not pin it"));
    }
    let Some(in_use_until) = in_use_until else {
        return Outcome::unanswered(
            "its key is not pinned, and until when that has time was not seen: no server's certificate",
        );
    };
    let lead = lead_time(case);
    let publish_by = Timestamp(in_use_until.0.saturating_sub(seconds(lead)));
    let too_late = publish_by < case.now;
    let cause = Cause::NextKeyNotPinned {
        pins_source: words.to_owned(),
        certificate: next.name(Place::Leaf),
        pin: next.key.rsa_public_key_hex.as_deref().unwrap_or_default().to_ascii_uppercase(),
        hours_before: lead.as_secs().div_ceil(3600),
        in_use_until,
        publish_by,
        too_late,
    };
    let evidence = Evidence::of("key", format!("{} sha256//{}", next.key.words, next.key.spki_sha256));
    // From then on no order of publishing and switching keeps every device: that is a failure, not a reminder.
    if too_late { Outcome::fail(cause, evidence) } else { Outcome::warn(cause, evidence) }
}
