//! Thresholds of the checks of uploads and successors, both sides.

use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use time::OffsetDateTime;

use super::*;
use crate::{
    cause::Cause,
    check::{Case, Check},
    deployment::Policy,
    outcome::{Outcome, State},
    recording::{FileUse, Recording},
    testing::{NOW, registry},
    x509::{
        self,
        forge::{HOST, Made, Supplied, day, leaf, met, presents, root},
    },
};

/// Keys of three servers; RSA, as pins are.
const KEYS: [&str; 3] = [
    include_str!("../../../fixtures/keys/ds-1.pem"),
    include_str!("../../../fixtures/keys/ds-2.pem"),
    include_str!("../../../fixtures/keys/ds-3.pem"),
];

fn ending(not_after: OffsetDateTime) -> CertificateParams {
    let mut params = leaf();
    params.not_after = not_after;
    params
}

fn with_key(index: usize, params: CertificateParams) -> Made {
    let key = Arc::new(KeyPair::from_pem(KEYS[index]).unwrap());
    root("R").issue_for(params, &key)
}

/// Device Services presents a certificate; the cloud registry pins the keys of some.
fn recording(presented: &Made, files: &[(FileUse, &Made)], pinned: &[&Made]) -> Recording {
    let mut recording = presents(&[presented], &Supplied { files, ..Supplied::default() });
    let pin = |made: &&Made| format!("\"{}\"", x509::read(&made.der).unwrap().key.rsa_public_key_hex.unwrap());
    let pins: Vec<String> = pinned.iter().map(pin).collect();
    recording.answers = vec![registry(&format!("{{\"{HOST}\": [{}]}}", pins.join(",")))];
    let paths =
        |wanted: FileUse| files.iter().filter(move |(used_as, _)| *used_as == wanted).map(|_| "a file.pem".to_owned());
    recording.deployment.device_services.certificates = paths(FileUse::Uploaded).collect();
    recording.deployment.device_services.next_certificates = paths(FileUse::Next).collect();
    recording
}

/// State and kind of each outcome.
fn judged(check: &dyn Check, recording: &Recording) -> Vec<(State, &'static str)> {
    let policy = Policy::default();
    let recordings = std::slice::from_ref(recording);
    let judgement = check.judge(&Case::new(recordings, &policy, NOW).unwrap());
    let told = judgement.iter().map(|(_, outcome)| match outcome {
        Outcome::Warn(finding) | Outcome::Fail(finding) => (outcome.state(), finding.cause.kind()),
        _ => (outcome.state(), ""),
    });
    told.collect()
}

#[test]
fn a_next_key_that_is_not_pinned_fails_once_no_time_is_left_to_publish_it() {
    let second = time::Duration::seconds(1);
    // A day and the fourteen that a device may be offline.
    for (not_after, state) in [(day(15), State::Warn), (day(15) - second, State::Fail)] {
        let used = with_key(0, ending(not_after));
        let next = with_key(1, leaf());
        let recording = recording(&used, &[(FileUse::Next, &next)], &[&used]);
        assert_eq!(judged(&Successor, &recording), [(state, "next-key-not-pinned")], "{not_after}");
    }
}

#[test]
fn a_next_certificate_is_fit_when_pinned_named_and_in_time() {
    let used = with_key(0, leaf());
    let pass = (State::Pass, "");
    let unfit = (State::Warn, "next-certificate-unfit");
    let mut begins = leaf();
    (begins.not_before, begins.not_after) = (day(180), day(400));
    let mut begins_later = begins.clone();
    begins_later.not_before += time::Duration::seconds(1);
    let mut other = leaf();
    other.subject_alt_names = vec![rcgen::SanType::DnsName("other.example.com".try_into().unwrap())];
    for (params, expected) in [
        (leaf(), pass),
        (ending(day(0)), pass),
        (ending(day(0) - time::Duration::seconds(1)), unfit),
        (begins, pass),
        (begins_later, unfit),
        (other, unfit),
    ] {
        let next = with_key(1, params);
        let recording = recording(&used, &[(FileUse::Next, &next)], &[&used, &next]);
        assert_eq!(judged(&Successor, &recording), [expected]);
    }
    let same_key = with_key(0, leaf());
    assert_eq!(judged(&Successor, &recording(&used, &[(FileUse::Next, &same_key)], &[&used])), [pass]);
}

#[test]
fn a_next_certificate_with_an_ec_key_is_unknown_and_without_pins_unseen() {
    let used = with_key(0, leaf());
    let ec = root("R").leaf();
    let seen = recording(&used, &[(FileUse::Next, &ec)], &[&used]);
    assert_eq!(judged(&Successor, &seen), [(State::Warn, "next-key-unknown-to-client")]);
    let next = with_key(1, leaf());
    let mut unseen = recording(&used, &[(FileUse::Next, &next)], &[&used]);
    unseen.answers.clear();
    assert_eq!(judged(&Successor, &unseen), [(State::NotObserved, "")]);
    assert_eq!(judged(&Successor, &recording(&used, &[], &[&used])), [(State::Skipped, "")]);
}

#[test]
fn uploads_are_compared_by_key() {
    let used = with_key(0, leaf());
    let renewed = with_key(0, leaf());
    let other = with_key(1, leaf());
    let uploaded = |made| (FileUse::Uploaded, made);
    let pass = (State::Pass, "");
    for (files, pinned, expected) in [
        (vec![uploaded(&used)], vec![&used], vec![pass, pass]),
        (vec![uploaded(&renewed)], vec![&used], vec![pass, pass]),
        (vec![uploaded(&used), uploaded(&other)], vec![&used], vec![pass, pass, (State::Warn, "upload-stale")]),
        (vec![uploaded(&used), uploaded(&other), (FileUse::Next, &other)], vec![&used], vec![pass, pass, pass]),
        // Pinned, and not uploaded.
        (vec![uploaded(&other)], vec![&used], vec![(State::Warn, "key-not-uploaded"), (State::Warn, "upload-stale")]),
        // Neither: pins/cover-every-server tells it, and what is stale cannot be known.
        (vec![uploaded(&other)], vec![&other], vec![(State::NotObserved, ""), (State::NotObserved, "")]),
        (vec![], vec![&used], vec![(State::Skipped, "")]),
    ] {
        assert_eq!(judged(&UploadedSet, &recording(&used, &files, &pinned)), expected);
    }
}

#[test]
fn an_upload_for_clients_that_send_no_name_is_not_stale() {
    let used = with_key(0, leaf());
    let nameless = with_key(1, leaf());
    let files = [(FileUse::Uploaded, &used), (FileUse::Uploaded, &nameless)];
    let mut recording = recording(&used, &files, &[&used, &nameless]);
    let mut without_sni = met([10, 1, 0, 11], vec![nameless.id()]);
    without_sni.sni = None;
    recording.connections.push(without_sni);
    assert_eq!(judged(&UploadedSet, &recording), [(State::Pass, ""); 3]);
}

#[test]
fn an_upload_that_has_ended_is_told_while_a_server_has_its_key_renewed() {
    let used = with_key(0, leaf());
    let pass = (State::Pass, "");
    for (not_after, expected) in
        [(day(0), pass), (day(0) - time::Duration::seconds(1), (State::Warn, "upload-expired"))]
    {
        let uploaded = with_key(0, ending(not_after));
        let recording = recording(&used, &[(FileUse::Uploaded, &uploaded)], &[&used]);
        assert_eq!(judged(&UploadedSet, &recording), [pass, expected], "{not_after}");
    }
}

#[test]
fn a_suffix_is_told_with_or_without_its_dot() {
    let used = with_key(0, leaf());
    let pin = x509::read(&used.der).unwrap().key.rsa_public_key_hex.unwrap();
    for (name, at_dot) in [("example.com", Some(true)), ("s.example.com", Some(false)), (HOST, None)] {
        let mut recording = recording(&used, &[], &[]);
        recording.answers = vec![registry(&format!("{{\"{name}\": [\"{pin}\"]}}"))];
        let policy = Policy::default();
        let recordings = std::slice::from_ref(&recording);
        let judgement = HostMatching.judge(&Case::new(recordings, &policy, NOW).unwrap());
        let told = judgement.into_iter().find_map(|(_, outcome)| match outcome {
            Outcome::Warn(finding) => Some(finding.cause),
            _ => None,
        });
        let expected = at_dot.map(|at_dot| Cause::ServedBySuffix {
            pins_source: "cloud registry".to_owned(),
            host: HOST.to_owned(),
            name: name.to_owned(),
            at_dot,
        });
        assert_eq!(told, expected);
    }
}
