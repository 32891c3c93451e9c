//! What was seen and declared, and changed, whatever the outcomes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    FactChange, Refused, Side, What,
    pairs::{self, pairs},
    side::{Certificate, Read},
};
use crate::{check::Case, recording::FileContent};

/// Texts by key.
pub(super) type Declared = BTreeMap<(What, String), Vec<String>>;

/// What was: none, where it was not seen.
type Values = Option<Vec<String>>;

/// All that changed, grouped by what changed alike, in the order of [`What`].
pub(super) fn compare(old: &Side, new: &Side, moved: &BTreeSet<(String, String)>) -> Vec<FactChange> {
    let mut changes = Changes::default();
    let (was, is) = (&old.report, &new.report);
    changes.note(What::Url, &new.host(), Some(vec![was.subject.clone()]), Some(vec![is.subject.clone()]));
    for (from, to) in moved {
        changes.note(What::Place, &pairs::portless(to), Some(vec![from.clone()]), Some(vec![to.clone()]));
    }
    addresses(was, is, &mut changes);
    presented(was, is, &mut changes);
    matched(was, is, &mut changes);
    sources(old, new, &mut changes);
    journeys(was, is, &mut changes);
    if let (Some(was), Some(is)) = (&old.held, &new.held) {
        for key in union(&was.declared, &is.declared) {
            changes.note(key.0, &key.1, was.declared.get(key).cloned(), is.declared.get(key).cloned());
        }
    }
    changes.grouped()
}

#[derive(Default)]
struct Changes(BTreeMap<(What, Values, Values), BTreeSet<String>>);

impl Changes {
    fn note(&mut self, what: What, at: &str, was: Values, is: Values) {
        if was != is {
            self.0.entry((what, was, is)).or_default().insert(at.to_owned());
        }
    }

    fn grouped(self) -> Vec<FactChange> {
        let mut changes: Vec<FactChange> = self
            .0
            .into_iter()
            .map(|((what, was, is), at)| FactChange { what, at: at.into_iter().collect(), was, is })
            .collect();
        changes.sort_by(|a, b| (a.what, &a.at).cmp(&(b.what, &b.at)));
        changes
    }
}

fn union<'a, K: Ord, V>(old: &'a BTreeMap<K, V>, new: &'a BTreeMap<K, V>) -> BTreeSet<&'a K> {
    old.keys().chain(new.keys()).collect()
}

/// Distinct texts, in order.
fn distinct(texts: impl IntoIterator<Item = String>) -> Vec<String> {
    texts.into_iter().collect::<BTreeSet<String>>().into_iter().collect()
}

/// Names with their addresses, by each resolver; their order means nothing.
fn addresses(old: &Read, new: &Read, changes: &mut Changes) {
    let (old, new) = (looked_up(old), looked_up(new));
    for (was, is) in pairs(old.keys().copied(), new.keys().copied()) {
        let values = |known: &BTreeMap<&str, Vec<String>>, name: Option<&str>| known.get(name?).cloned();
        changes.note(What::Addresses, is.or(was).unwrap_or_default(), values(&old, was), values(&new, is));
    }
}

fn looked_up(report: &Read) -> BTreeMap<&str, Vec<String>> {
    let checks = report.checks.iter();
    let resolves = checks.filter(|check| ["dns/discovery-resolves", "dns/names-resolve"].contains(&check.id.as_str()));
    let found = resolves.flat_map(|check| &check.targets).filter_map(|target| {
        let addresses = target.evidence.iter().find(|fact| fact.label == "addresses")?;
        Some((target.name.as_str(), distinct(addresses.value.split(", ").map(str::to_owned))))
    });
    found.collect()
}

/// What is presented at one place: more than one chain, where handshakes differ.
#[derive(Default)]
struct Presented<'a> {
    leaves: Vec<&'a Certificate>,
    rest: BTreeSet<String>,
    anchors: BTreeSet<String>,
}

impl Presented<'_> {
    fn values(&self, what: What) -> Vec<String> {
        let moment =
            |at: Option<crate::time::Timestamp>| at.map_or_else(|| "unreadable".to_owned(), |at| at.to_string());
        let of = |text: fn(&Certificate) -> String| distinct(self.leaves.iter().map(|leaf| text(leaf)));
        match what {
            What::Key => of(|leaf| leaf.spki_sha256.clone()),
            What::Certificate => of(|leaf| leaf.sha256.clone()),
            What::Serial => of(|leaf| leaf.serial.clone()),
            What::Subject => of(|leaf| leaf.subject.clone()),
            What::Issuer => of(|leaf| leaf.issuer.clone()),
            What::ValidFrom => distinct(self.leaves.iter().map(|leaf| moment(leaf.not_before))),
            What::ValidUntil => distinct(self.leaves.iter().map(|leaf| moment(leaf.not_after))),
            What::Intermediates => self.rest.iter().cloned().collect(),
            _ => self.anchors.iter().cloned().collect(),
        }
    }
}

const OF_A_CHAIN: [What; 9] = [
    What::Key,
    What::Certificate,
    What::Serial,
    What::ValidFrom,
    What::ValidUntil,
    What::Subject,
    What::Issuer,
    What::Intermediates,
    What::PathEnd,
];

fn presented(old: &Read, new: &Read, changes: &mut Changes) {
    let (old, new) = (by_place(old), by_place(new));
    for (was, is) in pairs(old.keys().copied(), new.keys().copied()) {
        let at = is.or(was).unwrap_or_default();
        let (was, is) = (was.and_then(|was| old.get(was)), is.and_then(|is| new.get(is)));
        // Of a place that one side has not seen, the key says enough.
        let whats = if was.is_some() && is.is_some() { &OF_A_CHAIN[..] } else { &[What::Key] };
        for what in whats {
            changes.note(*what, at, was.map(|was| was.values(*what)), is.map(|is| is.values(*what)));
        }
    }
}

fn by_place(report: &Read) -> BTreeMap<&str, Presented<'_>> {
    let mut places: BTreeMap<&str, Presented<'_>> = BTreeMap::new();
    for chain in &report.chains {
        for target in &chain.targets {
            let place = places.entry(target).or_default();
            place.leaves.extend(chain.certificates.first());
            place.rest.extend(chain.certificates.iter().skip(1).map(|certificate| certificate.sha256.clone()));
            place.anchors.insert(chain.anchor.clone().unwrap_or_else(|| "no sound path".to_owned()));
        }
    }
    places
}

/// What each source says of the key at each place.
fn matched(old: &Read, new: &Read, changes: &mut Changes) {
    let (old, new) = (by_row(old), by_row(new));
    let names = |rows: &BTreeMap<(&str, &str), Vec<String>>, source: &str| -> BTreeSet<String> {
        rows.keys().filter(|(of, _)| *of == source).map(|(_, target)| (*target).to_owned()).collect()
    };
    let sources: BTreeSet<&str> = old.keys().chain(new.keys()).map(|(source, _)| *source).collect();
    for source in sources {
        let (before, after) = (names(&old, source), names(&new, source));
        for (was, is) in pairs(before.iter().map(String::as_str), after.iter().map(String::as_str)) {
            // A place or a source that only one side has is told as such.
            let (Some(was), Some(is)) = (was, is) else { continue };
            let values = |rows: &BTreeMap<(&str, &str), Vec<String>>, at| rows.get(&(source, at)).cloned();
            changes.note(What::PinMatch, &format!("{is} by {source}"), values(&old, was), values(&new, is));
        }
    }
}

fn by_row(report: &Read) -> BTreeMap<(&str, &str), Vec<String>> {
    let mut rows: BTreeMap<(&str, &str), BTreeSet<String>> = BTreeMap::new();
    let matrix = &report.pin_matrix;
    for row in &matrix.rows {
        for (source, cell) in matrix.sources.iter().zip(&row.cells) {
            rows.entry((&source.id, &row.target)).or_default().insert(cell.id().to_owned());
        }
    }
    rows.into_iter().map(|(at, cells)| (at, cells.into_iter().collect())).collect()
}

fn sources(old: &Side, new: &Side, changes: &mut Changes) {
    let counts = |side: &Side| -> BTreeMap<String, Values> {
        let sources = side.report.pin_matrix.sources.iter();
        sources.map(|source| (source.id.clone(), source.pins.map(|pins| vec![pins.to_string()]))).collect()
    };
    let (was, is) = (counts(old), counts(new));
    for source in union(&was, &is) {
        let count = |counts: &BTreeMap<String, Values>| counts.get(source).cloned().flatten();
        changes.note(What::PinCount, source, count(&was), count(&is));
    }
    let used = |side: &Side| {
        let used = side.report.pin_matrix.sources.iter().filter(|source| source.used);
        let used: Vec<String> = used.map(|source| source.id.clone()).collect();
        (!used.is_empty()).then_some(used)
    };
    changes.note(What::PinsUsed, "devices", used(old), used(new));
    if let (Some(was), Some(is)) = (&old.held, &new.held) {
        for source in union(&was.pins, &is.pins) {
            let keys = |pins: &BTreeMap<&str, BTreeSet<String>>| {
                pins.get(source).map(|keys| keys.iter().cloned().collect::<Vec<String>>())
            };
            changes.note(What::Pins, source, keys(&was.pins), keys(&is.pins));
        }
    }
}

fn journeys(old: &Read, new: &Read, changes: &mut Changes) {
    let endings = |report: &Read| -> BTreeMap<String, Vec<String>> {
        let stories = report.journey.iter().flat_map(|journey| &journey.stories);
        stories.map(|story| (story.title.clone(), vec![story.ending.kind.clone()])).collect()
    };
    let (was, is) = (endings(old), endings(new));
    for device in union(&was, &is) {
        changes.note(What::Journey, device, was.get(device).cloned(), is.get(device).cloned());
    }
}

/// Deployment, policy, roots and files of a case, by the keys of the configuration.
pub(super) fn declared(case: &Case<'_>) -> Result<Declared, Refused> {
    let mut declared = Declared::new();
    let mut deployment = serde_json::to_value(case.deployment)?;
    if let Some(fields) = deployment.as_object_mut() {
        // How it was asked, not what is asked.
        fields.remove("command");
    }
    flatten(What::Deployment, String::new(), &deployment, &mut declared);
    flatten(What::Policy, String::new(), &serde_json::to_value(case.policy)?, &mut declared);
    for recording in case.recordings {
        flatten(What::Roots, String::new(), &serde_json::to_value(&recording.roots)?, &mut declared);
        for file in &recording.files {
            if let FileContent::Certificates(ids) = &file.content {
                let held = ids.iter().map(|id| id.0.clone()).collect();
                declared.insert((What::File, file.path.clone()), held);
            }
        }
    }
    Ok(declared)
}

fn flatten(what: What, key: String, value: &Value, into: &mut Declared) {
    let values = match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (field, value) in fields {
                let key = if key.is_empty() { field.clone() } else { format!("{key}.{field}") };
                flatten(what, key, value, into);
            }
            return;
        }
        Value::Null => return,
        Value::Array(values) => values.iter().map(text).collect(),
        value => vec![text(value)],
    };
    into.insert((what, key), values);
}

/// A value in one line: the fields of an object with their names, what is not set left out.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let said = fields.iter().filter(|(_, value)| !value.is_null());
            said.map(|(field, value)| format!("{field} {}", text(value))).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}
