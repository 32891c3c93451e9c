//! A chain as sent → all that is to be known of it.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap, HashSet, btree_map::Entry},
    sync::Arc,
};

use super::{
    ChainFacts, PathEnd, PathFacts, judge,
    paths::{Builder, Candidate},
    pool::{Index, Pool, Surroundings},
};
use crate::{
    recording::{CertId, ConnectionFact, Recording},
    time::Timestamp,
};

/// Reads and judges each distinct chain of the recordings, as of `now`, against the roots of its recording; one that
/// several recordings hold, against those of the first.
pub fn chains(recordings: &[Recording], now: Timestamp) -> BTreeMap<Vec<CertId>, ChainFacts> {
    let mut pool = Pool::default();
    let mut all = BTreeMap::new();
    for recording in recordings {
        if let Some(facts) = &recording.facts {
            for chain in &facts.chains {
                let ids = chain.sent.iter().map(|one| one.as_ref().map_or_else(|one| &one.id, |facts| &facts.id));
                all.entry(ids.cloned().collect()).or_insert_with(|| chain.as_of(now));
            }
            continue;
        }
        let mut around = Surroundings::of(recording, &mut pool);
        let sent = recording.presentations().filter_map(ConnectionFact::presented);
        for ids in sent.filter(|ids| !ids.is_empty()) {
            if let Entry::Vacant(place) = all.entry(ids.to_vec()) {
                place.insert(chain(ids, recording, &mut pool, &mut around, now));
            }
        }
    }
    all
}

/// Reads and judges one chain, as of `now`, whoever presented it: against the roots of `recording`, which holds its
/// certificates.
pub fn chain_as_of(ids: &[CertId], recording: &Recording, now: Timestamp) -> ChainFacts {
    let mut pool = Pool::default();
    let mut around = Surroundings::of(recording, &mut pool);
    chain(ids, recording, &mut pool, &mut around, now)
}

fn chain<'a>(
    ids: &'a [CertId],
    recording: &'a Recording,
    pool: &mut Pool<'a>,
    around: &mut Surroundings<'a>,
    now: Timestamp,
) -> ChainFacts {
    let found: Vec<_> = ids.iter().map(|id| pool.find(id, recording)).collect();
    let sent: Vec<_> = found.iter().map(|one| one.clone().map(|index| Arc::clone(pool.facts(index)))).collect();
    let mut seen = HashSet::new();
    let doubles: Vec<usize> =
        (0..ids.len()).filter(|place| ids.get(*place).is_some_and(|id| !seen.insert(id))).collect();
    let mut places: Vec<(usize, Index)> = Vec::new();
    for (place, one) in found.iter().enumerate() {
        if let (Ok(index), false) = (one, doubles.contains(&place)) {
            around.recognise(*index, pool);
            places.push((place, *index));
        }
    }
    let Some(Ok(leaf)) = found.first() else {
        return ChainFacts {
            sent,
            added: Vec::new(),
            paths: Vec::new(),
            strangers: Vec::new(),
            doubles,
            should_be: None,
        };
    };

    let readable: Vec<Index> = places.iter().map(|(_, index)| *index).collect();
    let mut builder = Builder::new(pool, around, &readable);
    let candidates = builder.paths(*leaf);
    let reachable = builder.reachable(*leaf);
    let (members, strangers): (Vec<_>, Vec<_>) = places.iter().partition(|(_, index)| reachable.contains(index));
    let issuers: HashMap<Index, Vec<Index>> =
        members.iter().map(|(_, index)| (*index, builder.issuing_certificates(*index))).collect();

    let position: HashMap<Index, usize> = places.iter().map(|(place, index)| (*index, *place)).collect();
    let mut paths: Vec<(PathFacts, &Candidate)> =
        candidates.iter().map(|candidate| (path_facts(pool, candidate, &position, now), candidate)).collect();
    let until = |path: &Candidate| path.certificates.iter().map(|index| pool.facts(*index).not_after).min();
    paths.sort_by_key(|(facts, candidate)| worth(facts, until(candidate)));

    let preferred = paths.first().map(|(facts, _)| facts.sent.iter().flatten().copied().collect()).unwrap_or_default();
    let should_be = proper_order(&members, &issuers, preferred);
    let mut added: Vec<Index> = Vec::new();
    for index in paths.iter().flat_map(|(_, candidate)| &candidate.certificates) {
        if !position.contains_key(index) && !added.contains(index) {
            added.push(*index);
        }
    }
    ChainFacts {
        sent,
        added: added.into_iter().map(|index| Arc::clone(pool.facts(index))).collect(),
        strangers: strangers.into_iter().map(|(place, _)| place).collect(),
        doubles,
        should_be,
        paths: paths.into_iter().map(|(facts, _)| facts).collect(),
    }
}

fn path_facts(pool: &Pool<'_>, path: &Candidate, position: &HashMap<Index, usize>, now: Timestamp) -> PathFacts {
    let needed = path.certificates.len() - usize::from(judge::ends_in_certificate(&path.end));
    let sent: Vec<Option<usize>> = path.certificates.iter().map(|index| position.get(index).copied()).collect();
    PathFacts {
        certificates: path.certificates.iter().map(|index| pool.facts(*index).id.clone()).collect(),
        complete_as_sent: sent.iter().take(needed).all(Option::is_some),
        sent,
        end: path.end.clone(),
        faults: judge::faults(pool, path, now),
        out_of_time: judge::out_of_time(pool, &path.certificates, now),
    }
}

impl ChainFacts {
    /// The same for another moment: which members are out of their time, and which path is the best then.
    #[must_use]
    pub fn as_of(&self, now: Timestamp) -> Self {
        let mut chain = self.clone();
        for path in &mut chain.paths {
            let members = path.certificates.iter().filter_map(|id| self.certificate(id));
            let out = members.filter(|facts| !facts.is_in_time(now));
            path.out_of_time = out.map(|facts| facts.id.clone()).collect();
        }
        let until = |path: &PathFacts| {
            let members = path.certificates.iter().filter_map(|id| self.certificate(id));
            members.map(|facts| facts.not_after).min()
        };
        chain.paths.sort_by_cached_key(|path| worth(path, until(path)));
        chain
    }
}

/// The best first: valid; sound but for its time; sound with what was supplied; a root that nobody trusts; no root; broken.
/// Among equals the one in time, the one with the most sent, the shortest, the one that lasts longest; then as found.
fn worth(facts: &PathFacts, until: Option<Timestamp>) -> impl Ord + use<> {
    let ends_well = !matches!(facts.end, PathEnd::Untrusted { .. } | PathEnd::IssuerMissing { .. });
    let rank = match (&facts.end, facts.faults.is_empty()) {
        (_, false) if ends_well => 5,
        (_, false) => 6,
        (PathEnd::Untrusted { .. }, true) => 3,
        (PathEnd::IssuerMissing { .. }, true) => 4,
        (_, true) if !facts.complete_as_sent => 2,
        (_, true) => u8::from(!facts.out_of_time.is_empty()),
    };
    let not_sent = facts.sent.iter().filter(|place| place.is_none()).count();
    (rank, !facts.out_of_time.is_empty(), not_sent, facts.certificates.len(), Reverse(until))
}

/// The order in which the members should have been sent, `None` if they were: each after one that it issued, the path
/// used before others.
fn proper_order(
    members: &[(usize, Index)],
    issuers: &HashMap<Index, Vec<Index>>,
    preferred: Vec<usize>,
) -> Option<Vec<usize>> {
    let issued = |issuer: Index, subject: Index| {
        issuer != subject && issuers.get(&subject).is_some_and(|issuers| issuers.contains(&issuer))
    };
    let follows_another = |(at, (_, index)): (usize, &(usize, Index))| {
        let mut before = members.iter().take(at);
        let mut others = members.iter();
        before.any(|(_, other)| issued(*index, *other)) || !others.any(|(_, other)| issued(*index, *other))
    };
    if members.iter().enumerate().skip(1).all(follows_another) {
        return None;
    }
    let mut order = preferred;
    let mut rest: Vec<&(usize, Index)> = members.iter().filter(|(place, _)| !order.contains(place)).collect();
    while !rest.is_empty() {
        let done = |place: &usize| order.contains(place);
        let ready =
            |(_, index): &&(usize, Index)| members.iter().any(|(place, other)| done(place) && issued(*index, *other));
        let next = rest.iter().position(ready).unwrap_or_default();
        order.push(rest.remove(next).0);
    }
    Some(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::{LinkFault, Place};

    #[test]
    fn paths_are_worth_what_their_end_their_faults_their_time_and_their_gaps_say() {
        let id = || CertId("00".into());
        let path = |end: &PathEnd, is_faulty: bool, in_time: bool, complete: bool, sent: &[Option<usize>]| PathFacts {
            certificates: vec![id(); sent.len()],
            sent: sent.to_vec(),
            end: end.clone(),
            complete_as_sent: complete,
            faults: if is_faulty { vec![(Place::Leaf, id(), LinkFault::BadSignature)] } else { vec![] },
            out_of_time: if in_time { vec![] } else { vec![id()] },
        };
        let supplied = PathEnd::Supplied { id: id(), public: false };
        let (untrusted, missing) = (PathEnd::Untrusted { id: id() }, PathEnd::IssuerMissing { id: id() });
        let (short, long, gap) = (&[Some(0), Some(1)][..], &[Some(0), Some(1), Some(2)][..], &[Some(0), None][..]);
        let gaps = &[Some(0), None, None][..];
        // The best first. What is worth more comes before what is worth less, whatever else speaks for that.
        let ordered = [
            (path(&supplied, false, true, true, short), 9),
            (path(&supplied, false, true, true, short), 8),
            (path(&supplied, false, true, true, long), 9),
            (path(&supplied, false, true, true, gap), 9),
            (path(&supplied, false, true, true, gaps), 8),
            (path(&supplied, false, false, true, short), 9),
            (path(&supplied, false, false, true, gaps), 8),
            (path(&supplied, false, true, false, short), 9),
            (path(&supplied, false, false, false, gaps), 8),
            (path(&untrusted, false, true, true, short), 9),
            (path(&untrusted, false, true, false, gaps), 9),
            (path(&untrusted, false, false, false, gaps), 8),
            (path(&missing, false, true, true, short), 9),
            (path(&missing, false, false, false, gaps), 8),
            (path(&supplied, true, true, true, short), 9),
            (path(&supplied, true, false, false, gaps), 8),
            (path(&untrusted, true, true, true, short), 9),
            (path(&missing, true, false, false, gaps), 8),
        ];
        let keys = ordered.iter().map(|(path, until)| worth(path, Some(Timestamp(*until)))).collect::<Vec<_>>();
        for (at, pair) in keys.windows(2).enumerate() {
            assert!(pair[0] < pair[1], "{:?} and {:?}", ordered[at], ordered[at + 1]);
        }
    }
}
