//! `recording/consistent`

mod settings;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
};

use crate::{
    cause::{Cause, Holder, SettingValue},
    check::{Case, Check, CheckId, Judgement, Meta},
    clock::{self, Reading, TOLERANCE, Verdict},
    deployment::{Endpoint, Role},
    outcome::{Evidence, Finding, Outcome, Target},
    pin::{Book, Source},
    recording::{ConnectionFact, Recording},
    report::PinCell,
    resolve,
    x509::{CertificateFacts, Place},
};

/// The recordings do not contradict each other.
pub struct Consistent;

impl Check for Consistent {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("recording/consistent"),
            title: "The recordings speak of the same deployment and do not contradict each other",
            steps: &[],
            depends_on: &[],
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        let whole = Target::Thing("the recordings".to_owned());
        if case.recordings.len() < 2 {
            let reason = "there is one recording, so there is nothing to compare";
            return vec![(whole, Outcome::Skipped(reason.to_owned()))];
        }
        let names = names(case.recordings);
        let mut judgement = configuration(case, &names);
        // Recordings of two deployments have nothing else to agree on.
        if !judgement.iter().any(|(target, _)| *target == Target::Thing(settings::URL.to_owned())) {
            judgement.extend(pins(case, &names));
            judgement.extend(keys(case, &names));
            judgement.extend(clocks(case, &names));
            judgement.extend(mended(case.recordings));
        }
        if judgement.is_empty() {
            judgement.push((whole, Outcome::Pass(agreeing(case.recordings))));
        }
        judgement
    }
}

/// What each recording is called: by its vantage, and by its moment where there are several from there.
fn names(recordings: &[Recording]) -> Vec<String> {
    let name = |recording: &Recording| {
        let vantage = recording.vantage;
        let several = recordings.iter().filter(|other| other.vantage == vantage).count() > 1;
        if several { format!("{vantage} of {}", recording.taken_at) } else { vantage.to_string() }
    };
    recordings.iter().map(name).collect()
}

fn named(names: &[String], recordings: &[usize]) -> Vec<String> {
    recordings.iter().filter_map(|index| names.get(*index).cloned()).collect()
}

fn agreeing(recordings: &[Recording]) -> Evidence {
    let versions: BTreeSet<&str> = recordings.iter().map(|recording| recording.version.as_str()).collect();
    let evidence = Evidence::of("compared", format!("{} recordings", recordings.len()));
    match versions.len() {
        0 | 1 => evidence,
        _ => evidence.and("versions", versions.into_iter().collect::<Vec<_>>().join(", ")),
    }
}

/// Each setting that not all recordings were taken with.
fn configuration(case: &Case<'_>, names: &[String]) -> Judgement {
    let declared: Vec<_> = case.recordings.iter().map(settings::of).collect();
    let mut judgement = Judgement::new();
    for key in settings::KEYS {
        let mut groups: Vec<(&BTreeSet<String>, Vec<usize>)> = Vec::new();
        for (index, value) in declared.iter().enumerate().filter_map(|(index, all)| Some((index, all.get(key)?))) {
            match groups.iter_mut().find(|(known, _)| *known == value) {
                Some((_, by)) => by.push(index),
                None => groups.push((value, vec![index])),
            }
        }
        if groups.len() < 2 {
            continue;
        }
        let common = groups.iter().map(|(value, _)| (*value).clone()).reduce(|one, other| &one & &other);
        let common = common.unwrap_or_default();
        let values = groups.iter().map(|(value, by)| SettingValue {
            value: value.difference(&common).cloned().collect(),
            recordings: named(names, by),
        });
        let judged_by = settings::of_policy(case.policy).get(key).map_or_else(
            // What the deployment is, the first one says.
            || named(names, &[0]),
            |counts| {
                groups.iter().find(|(value, _)| *value == counts).map(|(_, by)| named(names, by)).unwrap_or_default()
            },
        );
        let cause = Cause::ConfigurationDiffers { setting: (*key).to_owned(), values: values.collect(), judged_by };
        judgement.push((Target::Thing((*key).to_owned()), Outcome::fail(cause, Evidence::none())));
        if *key == settings::URL {
            break;
        }
    }
    judgement
}

/// Sources of pins that answer one vantage otherwise than another.
fn pins(case: &Case<'_>, names: &[String]) -> Judgement {
    let book = Book::new(case);
    let target = Target::Endpoint(case.deployment.device_services_endpoint());
    let contradicting = book.sources.iter().filter(|source| source.contradicts);
    let told = contradicting.map(|source| (target.clone(), contradiction(source, names)));
    told.collect()
}

fn contradiction(source: &Source, names: &[String]) -> Outcome {
    let holders = source.sets.iter().map(|set| Holder {
        keys: set.keys.iter().map(|key| format!("sha256//{key}")).collect(),
        recordings: named(names, &set.recordings.iter().copied().collect::<Vec<_>>()),
    });
    let cause = Cause::PinsContradict { pins_source: source.id.words().to_owned(), answers: holders.collect() };
    Outcome::fail(cause, Evidence::none())
}

/// One place to ask: what a server shows there is the same for everybody.
type Spot<'a> = (Role, &'a Endpoint, SocketAddr, Option<&'a str>, bool);

/// A leaf, by the recording that met it.
type Shown<'a> = BTreeMap<usize, Vec<&'a CertificateFacts>>;

/// Places that show one vantage another key than the other, where it matters.
fn keys(case: &Case<'_>, names: &[String]) -> Judgement {
    let mut spots: BTreeMap<Spot<'_>, Shown<'_>> = BTreeMap::new();
    for (index, recording) in case.recordings.iter().enumerate() {
        for fact in
            recording.presentations().filter(|fact| fact.role.is_device_services() || fact.role.is_trust_service())
        {
            let Some((address, leaf)) = shown(case, recording, fact) else { continue };
            let spot = (fact.role, &fact.endpoint, address, fact.sni.as_deref(), fact.only_tls12);
            spots.entry(spot).or_default().entry(index).or_default().push(leaf);
        }
    }
    let mut book = None;
    let mut judgement = Judgement::new();
    for (spot, shown) in &spots {
        let target = Target::At(spot.1.clone(), spot.2);
        let told = judgement.iter().any(|(known, _)| *known == target);
        if told || !differs(shown) || is_explained(spot, shown, &spots) {
            continue;
        }
        let book = book.get_or_insert_with(|| Book::new(case));
        let mut leaves = shown.values().flatten();
        // Where all of them are pinned, devices do not care which one they meet.
        if spot.0.is_device_services() && leaves.all(|leaf| book.cell(&leaf.key) == PinCell::Match) {
            continue;
        }
        let finding = contradicting(case.recordings, shown, names);
        // That the Trust Service's servers differ at one time belongs to trust-service/bound-everywhere.
        let is_renewed = matches!(finding.cause, Cause::KeysContradict { renewed: true, .. });
        if is_renewed || spot.0.is_device_services() {
            judgement.push((target, Outcome::Warn(Box::new(finding))));
        }
    }
    judgement
}

/// The leaf shown at an address that is the same place for everybody: a declared server's, or a public one.
fn shown<'a>(
    case: &'a Case<'_>,
    recording: &'a Recording,
    fact: &'a ConnectionFact,
) -> Option<(SocketAddr, &'a CertificateFacts)> {
    let address = fact.address.filter(|address| !is_named(fact.role) || resolve::is_public_address(address.ip()))?;
    let leaf = case.certificate(fact.presented()?.first()?)?;
    let is_its_own = case.interception(&leaf.id).is_none() && !resolve::is_false(case, recording, fact);
    is_its_own.then_some((address, leaf))
}

/// Whether its addresses are those that a name leads to.
fn is_named(role: Role) -> bool {
    matches!(role, Role::DeviceServices | Role::TrustService | Role::RedirectTarget)
}

/// Whether each recording met one key there, and not all of them the same. Several keys in one recording are several servers
/// behind that address.
fn differs(shown: &Shown<'_>) -> bool {
    let mut all = BTreeSet::new();
    for leaves in shown.values() {
        let keys: BTreeSet<&str> = leaves.iter().map(|leaf| leaf.key.spki_sha256.as_str()).collect();
        if keys.len() > 1 {
            return false;
        }
        all.extend(keys);
    }
    all.len() > 1
}

/// Whether the keys are those of servers that are met elsewhere too: then a balancer chose another one for each. A declared
/// server is one by itself.
fn is_explained<'a>(spot: &Spot<'a>, shown: &Shown<'_>, spots: &BTreeMap<Spot<'a>, Shown<'_>>) -> bool {
    if matches!(spot.0, Role::Backend | Role::TrustServiceServer) {
        return false;
    }
    let elsewhere = spots.iter().filter(|(other, _)| {
        let same_service = other.0.is_device_services() == spot.0.is_device_services();
        same_service && other.2 != spot.2
    });
    let known: BTreeSet<&str> =
        elsewhere.flat_map(|(_, shown)| shown.values().flatten()).map(|leaf| leaf.key.spki_sha256.as_str()).collect();
    shown.values().flatten().all(|leaf| known.contains(leaf.key.spki_sha256.as_str()))
}

fn contradicting(recordings: &[Recording], shown: &Shown<'_>, names: &[String]) -> Finding {
    let mut by_key: Vec<(&CertificateFacts, Vec<usize>)> = Vec::new();
    let mut in_time: Vec<usize> = shown.keys().copied().collect();
    in_time.sort_by_key(|index| recordings.get(*index).map(|recording| recording.taken_at));
    for index in in_time {
        let Some(leaf) = shown.get(&index).and_then(|leaves| leaves.first()) else { continue };
        match by_key.iter_mut().find(|(known, _)| known.key.spki_sha256 == leaf.key.spki_sha256) {
            Some((_, by)) => by.push(index),
            None => by_key.push((leaf, vec![index])),
        }
    }
    let taken = |index: &usize| recordings.get(*index).map(|recording| recording.taken_at);
    // Every recording with the later certificate is later than every one with the earlier: it was renewed in between.
    let renewed = by_key.windows(2).all(|pair| match pair {
        [(old, before), (new, after)] => {
            let in_order = before.iter().filter_map(taken).max() < after.iter().filter_map(taken).min();
            in_order && old.not_before < new.not_before && old.dns_names == new.dns_names
        }
        _ => false,
    });
    let evidence = by_key.iter().fold(Evidence::none(), |evidence, (leaf, by)| {
        evidence.and("key", format!("sha256//{}, by {}", leaf.key.spki_sha256, named(names, by).join(", ")))
    });
    let certificates = by_key.iter().map(|(leaf, by)| (leaf.name(Place::Leaf), named(names, by)));
    let (certificates, recordings) = certificates.unzip();
    Finding { cause: Cause::KeysContradict { certificates, recordings, renewed }, evidence }
}

/// Machines whose clocks are too far apart, though each of them is near enough to the servers'.
fn clocks(case: &Case<'_>, names: &[String]) -> Judgement {
    let read = |recording: &Recording| {
        let readings = clock::readings(recording);
        // What is wrong with one clock, network/clock tells.
        matches!(clock::verdict(&readings), Verdict::Agrees | Verdict::PeersWrong).then_some(readings)
    };
    let readings: Vec<Option<Vec<Reading>>> = case.recordings.iter().map(read).collect();
    let mut furthest: Option<(i64, usize, usize)> = None;
    for (one, ours) in readings.iter().enumerate() {
        for (other, theirs) in readings.iter().enumerate().skip(one + 1) {
            let (Some(ours), Some(theirs)) = (ours, theirs) else { continue };
            let Some(apart) = apart(ours, theirs).filter(|apart| apart.abs() > TOLERANCE) else { continue };
            if furthest.is_none_or(|(known, ..)| known.abs() < apart.abs()) {
                furthest = Some((apart, one, other));
            }
        }
    }
    let told = furthest.map(|(apart, one, other)| {
        // Where the servers are further ahead, the machine is behind.
        let (ahead, behind) = if apart > 0 { (one, other) } else { (other, one) };
        let recordings = named(names, &[ahead, behind]);
        let cause = Cause::ClocksApart { recordings, seconds: apart.unsigned_abs() };
        let evidence = [ahead, behind].into_iter().fold(Evidence::none(), |evidence, index| {
            let readings = readings.get(index).and_then(Option::as_ref).into_iter().flatten();
            let words: Vec<String> = readings.map(Reading::words).collect();
            evidence.and("servers", format!("by {}: {}", named(names, &[index]).join(""), words.join(", ")))
        });
        (Target::Thing("the clocks".to_owned()), Outcome::warn(cause, evidence))
    });
    told.into_iter().collect()
}

/// By how many seconds the servers that both asked are further ahead of the second machine: the least difference there is.
/// A server whose own clock is wrong says nothing of it, and behind a balancer not everybody meets it.
fn apart(ours: &[Reading], theirs: &[Reading]) -> Option<i64> {
    let common = ours.iter().filter(|one| one.agrees()).flat_map(|one| {
        let same = theirs.iter().filter(|other| other.endpoint == one.endpoint && other.agrees());
        same.map(|other| other.ahead.saturating_sub(one.ahead))
    });
    common.min_by_key(|apart| apart.abs())
}

/// What failed in an earlier recording from a vantage and connects in the latest from there.
fn mended(recordings: &[Recording]) -> Judgement {
    let mut judgement = Judgement::new();
    let mut in_time: Vec<&Recording> = recordings.iter().collect();
    in_time.sort_by_key(|recording| Reverse(recording.taken_at));
    for (place, latest) in in_time.iter().enumerate() {
        let is_latest = !in_time.iter().take(place).any(|later| later.vantage == latest.vantage);
        let earlier = in_time
            .iter()
            .skip(place + 1)
            .filter(|earlier| earlier.vantage == latest.vantage && earlier.taken_at < latest.taken_at);
        for earlier in earlier.filter(|_| is_latest) {
            let endpoints: BTreeSet<String> = earlier
                .connections
                .iter()
                .filter(|fact| fact.outcome.is_err() && connects(latest, fact))
                .map(|fact| Target::of(&fact.endpoint, fact.address).to_string())
                .collect();
            if endpoints.is_empty() {
                continue;
            }
            let cause = Cause::MendedSince {
                vantage: latest.vantage,
                failed_at: earlier.taken_at,
                connected_at: latest.taken_at,
                endpoints: endpoints.into_iter().collect(),
            };
            let target = Target::Thing(format!("the recordings from {}", latest.vantage));
            judgement.push((target, Outcome::warn(cause, Evidence::none())));
        }
    }
    judgement
}

/// Whether the same question was answered there, every time.
fn connects(recording: &Recording, fact: &ConnectionFact) -> bool {
    let same = |other: &&ConnectionFact| {
        let place = (other.role, &other.endpoint, other.address) == (fact.role, &fact.endpoint, fact.address);
        place && other.sni == fact.sni
    };
    let mut asked = recording.connections.iter().filter(same).peekable();
    asked.peek().is_some() && asked.all(|other| other.outcome.is_ok())
}

#[cfg(test)]
mod tests;
