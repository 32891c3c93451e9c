//! `certificate/same-everywhere`

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{leaf_unreadable, not_its_own};
use crate::{
    cause::{Cause, Difference},
    check::{Case, Check, CheckId, EachOnce, GuideStep, Judgement, Meta},
    deployment::Role,
    outcome::{Evidence, Outcome, Target},
    pin::{self, Book, SourceId},
    recording::{CertId, ConnectionFact, Recording},
    report::PinCell,
    x509::{CertificateFacts, KeyFacts},
};

/// Do addresses, servers, families, repeats and SNI-less handshakes show the same key?
pub struct SameEverywhere;

static META: Meta = Meta {
    id: CheckId("certificate/same-everywhere"),
    title: "Device Services shows the same key, or pinned ones, wherever it is met",
    steps: &[GuideStep::P2],
    depends_on: &[
        CheckId("certificate/path"),
        CheckId("discovery/host-registry"),
        CheckId("trust-service/settings"),
        CheckId("pins/well-formed"),
        CheckId("recording/consistent"),
    ],
    since: "0.1.0",
};

impl Check for SameEverywhere {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        let mut said = EachOnce::default();
        let mut met: BTreeMap<Target, Vec<Met<'_>>> = BTreeMap::new();
        let facts = case.recordings.iter().flat_map(Recording::presentations);
        for fact in facts.filter(|fact| fact.role.is_device_services()) {
            let Some(chain) = fact.presented().and_then(|sent| case.chain(sent)) else { continue };
            match chain.leaf() {
                Some(leaf) if let Some(found) = case.interception(&leaf.id) => {
                    let target = Target::of(&fact.endpoint, fact.address);
                    said.say(target.clone(), not_its_own(&target, found));
                }
                Some(leaf) => met.entry(Target::Endpoint(fact.endpoint.clone())).or_default().push(Met { fact, leaf }),
                None => said.say(Target::of(&fact.endpoint, fact.address), leaf_unreadable(chain)),
            }
        }
        let book = Book::new(case);
        for (target, met) in met {
            // Where pins are not judged at all, the difference itself is what there is to say.
            let pins_judged = case.policy.selects("pins/cover-every-server");
            let unseen = |reason: &str| match &book.used() {
                Some(source) => pin::unseen(case, source.id, reason),
                None => pin::unseen(case, SourceId::CloudRegistry, reason),
            };
            let unseen = pins_judged.then_some(unseen);
            said.say(target, judge(&met, |key| book.cell(key), unseen));
        }
        said.add_silent(case, Role::is_device_services);
        said.judgement
    }
}

/// A leaf with the conversation in which it was met.
struct Met<'a> {
    fact: &'a ConnectionFact,
    leaf: &'a CertificateFacts,
}

impl Met<'_> {
    fn key(&self) -> &str {
        &self.leaf.key.spki_sha256
    }

    fn server(&self) -> String {
        let address = self.fact.address.map(|address| address.to_string());
        address.unwrap_or_else(|| format!("{} through the proxy", self.fact.endpoint))
    }

    /// `10.1.0.11:443 without SNI`; repeats of a question are not told apart.
    fn place(&self) -> String {
        if self.fact.only_tls12 {
            format!("{} on TLS 1.2 alone", self.server())
        } else if self.fact.sni.is_some() || self.fact.endpoint.ip().is_some() {
            self.server()
        } else {
            format!("{} without SNI", self.server())
        }
    }
}

/// `unseen_pins` says why it is not known whether a key is pinned; none: pins are not judged.
fn judge(
    met: &[Met<'_>],
    cell: impl Fn(&KeyFacts) -> PinCell,
    unseen_pins: Option<impl Fn(&str) -> Outcome>,
) -> Outcome {
    if let [only] = met {
        return Outcome::Skipped(format!("{} was met once, so there is nothing to compare", only.place()));
    }
    let keys: BTreeSet<&str> = met.iter().map(Met::key).collect();
    let (evidence, renewed) = renewals(met, evidence(met));
    if keys.len() <= 1 {
        return Outcome::Pass(evidence);
    }
    let by = difference(met);
    let cells: Vec<PinCell> = met.iter().map(|one| cell(&one.leaf.key)).collect();
    let unseen = cells.contains(&PinCell::NotObserved);
    if let (true, Some(unseen_pins)) = (unseen, unseen_pins) {
        return unseen_pins("different keys are presented, and whether all of them are pinned was not seen");
    }
    let all_pinned = cells.iter().all(|cell| *cell == PinCell::Match);
    // An unpinned key is the failure of pins/cover-every-server; that SNI-less clients get another certificate is not
    // said there.
    if all_pinned || !(unseen || by == Difference::Sni) {
        return Outcome::Pass(evidence.and("all pinned", if all_pinned { "yes" } else { "no" }));
    }
    let mut places: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for one in met {
        places.entry(one.key()).or_default().insert(one.place());
    }
    let keys = places.into_iter().map(|(key, places)| (key.to_owned(), places.into_iter().collect())).collect();
    Outcome::warn(Cause::KeysDiffer { keys, by, renewed }, evidence)
}

/// How often each key was met, of how many times asked.
fn evidence(met: &[Met<'_>]) -> Evidence {
    let servers: BTreeSet<String> = met.iter().map(Met::server).collect();
    let mut keys: BTreeMap<&str, (usize, BTreeSet<&str>)> = BTreeMap::new();
    for one in met {
        let (times, serials) = keys.entry(one.key()).or_default();
        *times += 1;
        serials.insert(&one.leaf.serial);
    }
    let start = Evidence::of("handshakes", format!("{} with {} servers", met.len(), servers.len()));
    keys.into_iter().fold(start, |evidence, (key, (times, serials))| {
        let serials = serials.into_iter().collect::<Vec<_>>().join(", ");
        evidence.and("key", format!("{key}, {times} of {} times, serial {serials}", met.len()))
    })
}

/// Certificates for the same names, the earliest first, and the last of them with each key.
#[derive(Default)]
struct SameNames<'a> {
    all: Vec<&'a CertificateFacts>,
    by_key: HashMap<&'a str, &'a CertificateFacts>,
}

/// Each certificate for the same names as another, but from a later day on: what a renewal leaves on some of the servers.
/// And whether one of them brought a new key. Certificates of the same day are one for each server.
fn renewals(met: &[Met<'_>], evidence: Evidence) -> (Evidence, bool) {
    let mut leaves: Vec<&CertificateFacts> = Vec::new();
    let mut counts: HashMap<&CertId, usize> = HashMap::new();
    for one in met {
        let count = counts.entry(&one.leaf.id).or_default();
        *count += 1;
        if *count == 1 {
            leaves.push(one.leaf);
        }
    }
    leaves.sort_by_key(|leaf| leaf.not_before);
    let times = |leaf: &CertificateFacts| {
        let count = counts.get(&leaf.id).copied().unwrap_or_default();
        format!("serial {}, from {}, {count} of {} times", leaf.serial, leaf.not_before.day(), met.len())
    };
    let mut renewed_key = false;
    let mut told = evidence;
    let mut earlier: BTreeMap<BTreeSet<String>, SameNames<'_>> = BTreeMap::new();
    for new in leaves {
        let former = earlier.entry(names(new)).or_default();
        // With the key of any of them, nothing changes for anybody.
        let same_key = former.by_key.insert(&new.key.spki_sha256, new);
        let days_before = former.all.partition_point(|old| old.not_before.days_until(new.not_before) > 0);
        let old = same_key.or(former.all.get(..days_before).and_then(<[_]>::last).copied());
        former.all.push(new);
        let Some(old) = old else { continue };
        let key = if same_key.is_some() { "the same key" } else { "a new key" };
        renewed_key |= same_key.is_none();
        let issuer = if new.issuer == old.issuer { String::new() } else { format!(", now by {}", new.issuer) };
        told = told.and("renewed", format!("with {key}{issuer}: {}; before: {}", times(new), times(old)));
    }
    (told, renewed_key)
}

fn names(leaf: &CertificateFacts) -> BTreeSet<String> {
    leaf.dns_names.iter().map(|name| name.to_ascii_lowercase()).chain(leaf.ip_addresses.iter().cloned()).collect()
}

/// By what keys differ: the first of SNI, version, repeats, families, addresses that tells them apart.
fn difference(met: &[Met<'_>]) -> Difference {
    let with_sni = |one: &Met<'_>| one.fact.sni.is_some();
    let named: BTreeSet<&str> = met.iter().filter(|one| with_sni(one)).map(Met::key).collect();
    if !named.is_empty() && met.iter().any(|one| !with_sni(one) && !named.contains(one.key())) {
        return Difference::Sni;
    }
    let of_today: BTreeSet<&str> = met.iter().filter(|one| !one.fact.only_tls12).map(Met::key).collect();
    if met.iter().any(|one| one.fact.only_tls12 && !of_today.contains(one.key())) {
        return Difference::Version;
    }
    let mut by_question: BTreeMap<(String, bool), BTreeSet<&str>> = BTreeMap::new();
    let mut by_family: BTreeMap<bool, BTreeSet<&str>> = BTreeMap::new();
    for one in met {
        by_question.entry((one.server(), with_sni(one))).or_default().insert(one.key());
        if let Some(address) = one.fact.address {
            by_family.entry(address.is_ipv6()).or_default().insert(one.key());
        }
    }
    if by_question.values().any(|keys| keys.len() > 1) {
        return Difference::Repeat;
    }
    match (by_family.get(&false), by_family.get(&true)) {
        (Some(v4), Some(v6)) if v4.is_disjoint(v6) && v4.len() == 1 && v6.len() == 1 => Difference::Family,
        _ => Difference::Address,
    }
}
