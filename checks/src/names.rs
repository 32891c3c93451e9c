//! How the look-ups of a name are judged: shared by the checks of dns/.

use std::collections::BTreeSet;

use crate::{
    cause::Cause,
    check::{Case, Judgement},
    deployment::Vantage,
    outcome::{Evidence, Outcome, Target},
    recording::{NameFact, Resolver},
};

/// Judges every look-up of the names that `wanted` picks, each resolver by itself, vantage by vantage.
///
/// A resolver without an answer is a failure where no resolver of that vantage has one, else a warning: the name can be
/// reached, but the resolvers disagree.
pub fn judge(case: &Case<'_>, wanted: impl Fn(&NameFact) -> bool) -> Judgement {
    let facts: Vec<(Vantage, &NameFact)> = case.names().filter(|(_, fact)| wanted(fact)).collect();
    let resolved: BTreeSet<(Vantage, &str)> = facts
        .iter()
        .filter(|(_, fact)| fact.answer.is_ok())
        .map(|(vantage, fact)| (*vantage, fact.name.as_str()))
        .collect();
    let mut judgement: Judgement = Vec::new();
    for (vantage, fact) in facts {
        let target = Target::Name(fact.name.clone(), fact.resolver.to_string());
        let outcome = of(fact, resolved.contains(&(vantage, fact.name.as_str())));
        match judgement.iter_mut().find(|(known, _)| *known == target) {
            Some((_, known)) if known.state() >= outcome.state() => {}
            Some((_, known)) => *known = outcome,
            None => judgement.push((target, outcome)),
        }
    }
    judgement
}

fn of(fact: &NameFact, resolved_elsewhere: bool) -> Outcome {
    let took = format!("{} ms", fact.took.as_millis());
    let failure = match &fact.answer {
        Ok(answer) => {
            let addresses: Vec<String> = answer.addresses.iter().map(ToString::to_string).collect();
            let mut evidence = Evidence::of("addresses", addresses.join(", "));
            if !answer.canonical_names.is_empty() {
                evidence = evidence.and("through", answer.canonical_names.join(" → "));
            }
            if fact.resolver != Resolver::Override {
                evidence = evidence.and("took", took);
            }
            return Outcome::Pass(evidence);
        }
        Err(failure) => failure,
    };
    let mut evidence = Evidence::of("took", took);
    for query in &fact.queries {
        let code = query.code.as_deref().unwrap_or("no answer");
        evidence = evidence.and("query", format!("{}: {code}", query.record_type));
    }
    let resolver = fact.resolver.to_string();
    let cause = Cause::NameUnresolved { name: fact.name.clone(), resolver, failure: failure.clone() };
    if resolved_elsewhere { Outcome::warn(cause, evidence) } else { Outcome::fail(cause, evidence) }
}
