//! Which target of the newer run is which of the older one.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
};

/// The older one's target, the newer one's; none: it has no such.
pub(super) type Pair<'a> = (Option<&'a str>, Option<&'a str>);

/// Pairs the targets of two runs. The same words are the same target; else the same place on another port, where it is the
/// only one; else a service as a whole and its addresses, which is how it is told where no address is known.
pub(super) fn pairs<'a>(
    old: impl IntoIterator<Item = &'a str>,
    new: impl IntoIterator<Item = &'a str>,
) -> Vec<Pair<'a>> {
    let (all_old, all_new): (BTreeSet<&str>, BTreeSet<&str>) = (old.into_iter().collect(), new.into_iter().collect());
    let mut pairs: Vec<Pair<'a>> = all_old.intersection(&all_new).map(|both| (Some(*both), Some(*both))).collect();
    let mut old: BTreeSet<&str> = all_old.difference(&all_new).copied().collect();
    let mut new: BTreeSet<&str> = all_new.difference(&all_old).copied().collect();

    let (old_places, new_places) = (by(&old, portless), by(&new, portless));
    for (place, was) in &old_places {
        if let ([was], Some([is])) = (was.as_slice(), new_places.get(place).map(Vec::as_slice)) {
            pairs.push((Some(was), Some(is)));
            old.remove(was);
            new.remove(is);
        }
    }

    let whole = spread(&old, &new, &all_new);
    let parts = spread(&new, &old, &all_old);
    let met_old: BTreeSet<&str> = whole.iter().map(|(was, _)| *was).chain(parts.iter().map(|(_, was)| *was)).collect();
    let met_new: BTreeSet<&str> = whole.iter().map(|(_, is)| *is).chain(parts.iter().map(|(is, _)| *is)).collect();
    pairs.extend(whole.into_iter().map(|(was, is)| (Some(was), Some(is))));
    pairs.extend(parts.into_iter().map(|(is, was)| (Some(was), Some(is))));
    pairs.extend(old.difference(&met_old).map(|was| (Some(*was), None)));
    pairs.extend(new.difference(&met_new).map(|is| (None, Some(*is))));
    pairs.sort_unstable_by_key(|(was, is)| (is.or(*was), *was));
    pairs
}

/// Each service of `from` that stands there as a whole, with its addresses in the other run: those that are left over, else all.
fn spread<'a>(from: &BTreeSet<&'a str>, left: &BTreeSet<&'a str>, all: &BTreeSet<&'a str>) -> Vec<(&'a str, &'a str)> {
    let addresses = |of: &BTreeSet<&'a str>| {
        let addresses: BTreeSet<&'a str> = of.iter().copied().filter(|target| target.contains('@')).collect();
        by(&addresses, |target| portless(service(target)))
    };
    let (left, all) = (addresses(left), addresses(all));
    let mut found = Vec::new();
    for whole in from.iter().filter(|target| !target.contains('@')) {
        let service = portless(whole);
        let parts = left.get(&service).or_else(|| all.get(&service));
        found.extend(parts.into_iter().flatten().map(|part| (*whole, *part)));
    }
    found
}

fn by<'a>(targets: &BTreeSet<&'a str>, key: impl Fn(&str) -> String) -> BTreeMap<String, Vec<&'a str>> {
    let mut found: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for target in targets {
        found.entry(key(target)).or_default().push(target);
    }
    found
}

/// A target without its address.
pub(super) fn service(target: &str) -> &str {
    target.split('@').next().unwrap_or(target)
}

/// A target without its ports: of service, address and resolver.
pub(super) fn portless(target: &str) -> String {
    let resolver = target.strip_suffix(')').and_then(|rest| rest.split_once(" ("));
    if let Some((name, resolver)) = resolver {
        let (words, server) = resolver.rsplit_once([' ', '/']).unwrap_or(("", resolver));
        return format!("{name} ({words} {})", without_port(server));
    }
    match target.split_once('@') {
        Some((service, address)) => format!("{}@{}", without_port(service), without_port(address)),
        None => without_port(target),
    }
}

fn without_port(place: &str) -> String {
    if let Ok(address) = place.parse::<SocketAddr>() {
        return address.ip().to_string();
    }
    match place.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') && port.parse::<u16>().is_ok() => host.to_owned(),
        _ => place.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_taken_away_and_nothing_else() {
        for (target, expected) in [
            ("ds.example.com:443", "ds.example.com"),
            ("ds.example.com:443@10.1.0.11", "ds.example.com@10.1.0.11"),
            ("ds.example.com:443@10.1.0.11:8443", "ds.example.com@10.1.0.11"),
            ("ds.example.com:443@2001:db8::1", "ds.example.com@2001:db8::1"),
            ("ds.example.com:443@[2001:db8::1]:8443", "ds.example.com@2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("ds.example.com (DNS server 10.1.0.53:5353)", "ds.example.com (DNS server 10.1.0.53)"),
            ("ds.example.com (the operating system)", "ds.example.com (the operating system)"),
            ("certs/ds.cer", "certs/ds.cer"),
            (r"C:\certs\ds.cer", r"C:\certs\ds.cer"),
            ("", ""),
        ] {
            assert_eq!(portless(target), expected);
        }
    }

    #[test]
    fn a_target_is_found_again_by_words_then_place_then_service() {
        let (a, b, c) = ("ds:443@10.1.0.1", "ds:443@10.1.0.2", "ds:443@10.1.0.3");
        for (old, new, expected) in [
            (vec![a], vec![a], vec![(Some(a), Some(a))]),
            (vec![a], vec!["ds:8443@10.1.0.1"], vec![(Some(a), Some("ds:8443@10.1.0.1"))]),
            // Which of the two it is now cannot be told.
            (
                vec![a],
                vec!["ds:1@10.1.0.1", "ds:2@10.1.0.1"],
                vec![(Some(a), None), (None, Some("ds:1@10.1.0.1")), (None, Some("ds:2@10.1.0.1"))],
            ),
            (vec![a], vec![b], vec![(Some(a), None), (None, Some(b))]),
            (vec!["ds:443"], vec![a, b], vec![(Some("ds:443"), Some(a)), (Some("ds:443"), Some(b))]),
            (vec![a, b], vec!["ds:443"], vec![(Some(a), Some("ds:443")), (Some(b), Some("ds:443"))]),
            (vec!["ds:443", a], vec![a, c], vec![(Some(a), Some(a)), (Some("ds:443"), Some(c))]),
            (vec!["ds:443", a], vec![a], vec![(Some(a), Some(a)), (Some("ds:443"), Some(a))]),
            (vec!["ts:443"], vec![a], vec![(None, Some(a)), (Some("ts:443"), None)]),
        ] {
            let mut found = pairs(old.clone(), new.clone());
            let mut turned: Vec<Pair<'_>> = pairs(new, old).into_iter().map(|(is, was)| (was, is)).collect();
            let mut expected = expected;
            for list in [&mut found, &mut turned, &mut expected] {
                list.sort_unstable();
            }
            assert_eq!(found, expected);
            assert_eq!(turned, expected);
        }
    }
}
