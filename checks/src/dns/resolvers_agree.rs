//! `dns/resolvers-agree`

use std::{collections::BTreeSet, net::IpAddr};

use crate::{
    cause::Cause,
    check::{Case, Check, CheckId, EachOnce, Judgement, Meta},
    outcome::{Evidence, Outcome, Target},
    pin::Book,
    recording::{NameFact, Recording, Resolver},
    report::PinCell,
    resolve::{self, Falsehood},
    x509::KeyFacts,
};

/// The operating system, the hosts file and each named DNS server lead to the same place.
pub struct ResolversAgree;

impl Check for ResolversAgree {
    fn meta(&self) -> &'static Meta {
        &Meta {
            id: CheckId("dns/resolvers-agree"),
            title: "Every resolver leads to the deployment",
            steps: &[],
            depends_on: &[CheckId("dns/discovery-resolves"), CheckId("dns/names-resolve")],
            since: "0.1.0",
        }
    }

    fn judge(&self, case: &Case<'_>) -> Judgement {
        let said: EachOnce = case.recordings.iter().flat_map(|recording| of(case, recording)).collect();
        let mut judgement = said.judgement;
        if judgement.is_empty() {
            let target = Target::Thing("resolvers".to_owned());
            judgement.push((target, Outcome::Skipped("no resolver was asked for a name of the deployment".to_owned())));
        }
        judgement
    }
}

fn of(case: &Case<'_>, recording: &Recording) -> Judgement {
    let asked = |fact: &&NameFact| !fact.roles.is_empty() && fact.resolver != Resolver::Override;
    let facts: Vec<&NameFact> = recording.names.iter().filter(asked).collect();
    let names: BTreeSet<&str> = facts.iter().map(|fact| fact.name.as_str()).collect();
    names
        .into_iter()
        .flat_map(|name| {
            let answers: Vec<&NameFact> =
                facts.iter().copied().filter(|fact| fact.name == name && fact.answer.is_ok()).collect();
            of_name(case, recording, name, &answers)
        })
        .collect()
}

fn of_name(case: &Case<'_>, recording: &Recording, name: &str, answers: &[&NameFact]) -> Judgement {
    let whole = Target::Name(name.to_owned(), "every resolver".to_owned());
    if answers.is_empty() {
        return vec![(whole, Outcome::unanswered(format!("no resolver has an address for {name}")))];
    }
    let false_ones: Judgement = answers.iter().filter_map(|fact| false_answer(case, recording, fact)).collect();
    if !false_ones.is_empty() {
        return false_ones;
    }
    let outcome = match answers {
        [only] => {
            let told = format!("{}, {}", only.resolver, words(&addresses(only)));
            Outcome::Pass(Evidence::of("asked", told))
        }
        [first, others @ ..] => {
            let found = others.iter().find_map(|other| contradiction(case, recording, first, other));
            found.unwrap_or_else(|| Outcome::Pass(compared(recording, answers)))
        }
        [] => return vec![],
    };
    vec![(whole, outcome)]
}

fn addresses(fact: &NameFact) -> BTreeSet<IpAddr> {
    fact.answer.as_ref().map(|answer| answer.addresses.iter().copied().collect()).unwrap_or_default()
}

fn words(addresses: &BTreeSet<IpAddr>) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// An answer that leads nowhere the deployment can be.
fn false_answer(case: &Case<'_>, recording: &Recording, fact: &NameFact) -> Option<(Target, Outcome)> {
    let of = |ip: IpAddr| resolve::falsehood(case, recording, fact, ip).map(|kind| (ip, kind));
    let found: Vec<(IpAddr, Falsehood)> = addresses(fact).into_iter().filter_map(of).collect();
    let kind = found.iter().map(|(_, kind)| *kind).max()?;
    let wrong: Vec<String> = found.iter().map(|(ip, _)| ip.to_string()).collect();
    let (name, resolver) = (fact.name.clone(), fact.resolver.to_string());
    let target = Target::Name(name.clone(), resolver.clone());
    let evidence = Evidence::of("addresses", words(&addresses(fact)));
    let cause = match kind {
        Falsehood::Invented => Cause::NameInvented { name, resolver, addresses: wrong },
        Falsehood::Unspecified | Falsehood::Loopback | Falsehood::Private => {
            Cause::NameSinkholed { name, resolver, addresses: wrong }
        }
    };
    Some((target, Outcome::fail(cause, evidence)))
}

/// The keys that are shown where an answer leads, each with what is known of it.
fn keys<'a>(case: &'a Case<'_>, recording: &Recording, fact: &NameFact) -> Vec<&'a KeyFacts> {
    let mut keys: Vec<&KeyFacts> = Vec::new();
    for ip in addresses(fact) {
        let shown = resolve::at(recording, fact, ip).filter_map(|met| met.outcome.as_ref().ok()?.chain.first());
        for leaf in shown.filter_map(|id| case.certificate(id)) {
            if !keys.iter().any(|known| known.spki_sha256 == leaf.key.spki_sha256) {
                keys.push(&leaf.key);
            }
        }
    }
    keys
}

/// Two resolvers that lead to different servers: other addresses are healthy, keys decide.
fn contradiction(case: &Case<'_>, recording: &Recording, one: &NameFact, other: &NameFact) -> Option<Outcome> {
    if !addresses(one).is_disjoint(&addresses(other)) {
        return None;
    }
    let (here, there) = (keys(case, recording, one), keys(case, recording, other));
    for (fact, keys) in [(one, &here), (other, &there)] {
        if keys.is_empty() {
            let reason = format!("nobody showed a key where {} leads {}", fact.resolver, fact.name);
            return Some(Outcome::unanswered(reason));
        }
    }
    let same = here.iter().any(|key| there.iter().any(|also| also.spki_sha256 == key.spki_sha256));
    if same || are_all_pinned(case, one, here.iter().chain(&there).copied()) {
        return None;
    }
    let told = |keys: &[&KeyFacts]| keys.iter().map(|key| format!("sha256//{}", key.spki_sha256)).collect::<Vec<_>>();
    let cause = Cause::ResolversDisagree {
        name: one.name.clone(),
        resolvers: [one, other].map(|fact| fact.resolver.to_string()).to_vec(),
        addresses: [one, other].map(|fact| words(&addresses(fact))).to_vec(),
        keys: [told(&here).join(", "), told(&there).join(", ")].to_vec(),
    };
    Some(Outcome::warn(cause, Evidence::none()))
}

/// Pins are for Device Services alone.
fn are_all_pinned<'a>(case: &Case<'_>, fact: &NameFact, mut keys: impl Iterator<Item = &'a KeyFacts>) -> bool {
    let book = Book::new(case);
    fact.roles.iter().all(|role| role.is_device_services()) && keys.all(|key| book.cell(key) == PinCell::Match)
}

fn compared(recording: &Recording, answers: &[&NameFact]) -> Evidence {
    let mut evidence = Evidence::none();
    for fact in answers {
        evidence = evidence.and("asked", format!("{}, {}", fact.resolver, words(&addresses(fact))));
    }
    let disjoint = answers
        .iter()
        .skip(1)
        .any(|fact| answers.iter().take(1).any(|first| addresses(first).is_disjoint(&addresses(fact))));
    if disjoint {
        evidence.and("split horizon", format!("other addresses at {}, the same or pinned keys", recording.vantage))
    } else {
        evidence
    }
}

#[cfg(test)]
mod tests;
