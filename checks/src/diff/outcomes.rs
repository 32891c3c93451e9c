//! What became of each check and of each of its targets.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Change, CheckChange, Effect, NotCompared, NotJudged, Standing, TargetChange, Told, Which,
    pairs::{self, Pair},
    side::{Check, Read},
};
use crate::outcome::State;

/// All checks of two reports.
pub(super) struct Compared {
    pub(super) checks: Vec<CheckChange>,
    pub(super) one_sided: Vec<NotCompared>,
    pub(super) unchanged: usize,
    /// Services and resolvers that stand at another port now.
    pub(super) moved: BTreeSet<(String, String)>,
}

/// Compares check by check, in the newer report's order; what only the older one has comes last.
pub(super) fn compare(old: &Read, new: &Read) -> Compared {
    let asked = Asked { old: seen(old), new: seen(new) };
    let known: BTreeMap<&str, &Check> = old.checks.iter().map(|check| (check.id.as_str(), check)).collect();
    let mut compared = Compared { checks: vec![], one_sided: vec![], unchanged: 0, moved: BTreeSet::new() };
    let mut met = BTreeSet::new();
    for is in &new.checks {
        met.insert(is.id.as_str());
        let was = known.get(is.id.as_str()).copied();
        let only =
            |only, check: &Check, why| NotCompared { id: check.id.clone(), only, outcome: check.told().outcome, why };
        match was {
            None => compared.one_sided.push(only(Which::New, is, NotJudged::Unknown)),
            Some(was) => match (was.is_unselected(), is.is_unselected()) {
                (true, true) => compared.unchanged += 1,
                (true, false) => compared.one_sided.push(only(Which::New, is, NotJudged::NotSelected)),
                (false, true) => compared.one_sided.push(only(Which::Old, was, NotJudged::NotSelected)),
                (false, false) => match check(was, is, &asked, &mut compared.moved) {
                    Some(change) => compared.checks.push(change),
                    None => compared.unchanged += 1,
                },
            },
        }
    }
    for was in old.checks.iter().filter(|check| !met.contains(check.id.as_str())) {
        compared.one_sided.push(NotCompared {
            id: was.id.clone(),
            only: Which::Old,
            outcome: was.told().outcome,
            why: NotJudged::Unknown,
        });
    }
    compared
}

/// The places of which some check of a run says what was seen there, without their ports.
struct Asked {
    old: BTreeSet<String>,
    new: BTreeSet<String>,
}

fn seen(report: &Read) -> BTreeSet<String> {
    let targets = report.checks.iter().flat_map(|check| &check.targets);
    let seen = targets.filter(|target| matches!(target.outcome, State::Pass | State::Warn | State::Fail));
    seen.map(|target| pairs::portless(&target.name)).collect()
}

fn check(was: &Check, is: &Check, asked: &Asked, moved: &mut BTreeSet<(String, String)>) -> Option<CheckChange> {
    let (before, after) = (was.by_target(), is.by_target());
    let paired = pairs::pairs(before.keys().copied(), after.keys().copied());
    moved.extend(paired.iter().filter_map(moved_to));
    let targets: Vec<TargetChange> =
        paired.iter().filter_map(|(old, new)| target(told(&before, *old), told(&after, *new), asked)).collect();
    let (was, told) = (was.told(), is.told());
    let mut whole = change(was.outcome, told.outcome);
    // What was not well and is not asked any more is not mended, however well the rest does.
    let is_gone =
        |target: &TargetChange| target.change == Change::Gone && target.was.as_ref().is_some_and(was_not_well);
    if let Some((_, Effect::Better)) = whole
        && targets.iter().any(is_gone)
    {
        whole = Some((Change::Gone, Effect::Neither));
    }
    if whole.is_none() && targets.is_empty() {
        return None;
    }
    let effects = targets.iter().map(|target| target.effect).chain(whole.map(|(_, effect)| effect));
    Some(CheckChange {
        id: is.id.clone(),
        title: is.title.clone(),
        effect: worst(effects),
        change: whole.map(|(change, _)| change),
        was,
        is: told,
        targets,
    })
}

/// Worse where anything is; else better where anything is.
fn worst(effects: impl Iterator<Item = Effect>) -> Effect {
    effects.fold(Effect::Neither, |known, effect| match (known, effect) {
        (Effect::Worse, _) | (_, Effect::Worse) => Effect::Worse,
        (Effect::Better, _) | (_, Effect::Better) => Effect::Better,
        (Effect::Neither, Effect::Neither) => Effect::Neither,
    })
}

fn is_wrong(told: &Told) -> bool {
    matches!(told.outcome, Standing::Fail | Standing::Warn)
}

fn was_not_well(told: &Told) -> bool {
    !matches!(told.outcome, Standing::Pass | Standing::Skipped)
}

/// Where a service or a resolver stands that has the same place on another port.
fn moved_to(pair: &Pair<'_>) -> Option<(String, String)> {
    let (Some(was), Some(is)) = pair else { return None };
    // A service as a whole and one of its addresses are the same service.
    let (was, is) = (pairs::service(was), pairs::service(is));
    (was != is).then(|| (was.to_owned(), is.to_owned()))
}

type Named<'a> = Option<(&'a str, &'a Told)>;

fn told<'a>(targets: &'a BTreeMap<&'a str, Told>, name: Option<&'a str>) -> Named<'a> {
    name.and_then(|name| Some((name, targets.get(name)?)))
}

fn target(was: Named<'_>, is: Named<'_>, asked: &Asked) -> Option<TargetChange> {
    let is_right = |told: &Told| matches!(told.outcome, Standing::Pass | Standing::Skipped);
    let (change, effect) = match (was, is) {
        (Some((_, was)), Some((_, is))) => change(was.outcome, is.outcome).or_else(|| other_cause(was, is))?,
        // Some checks name a place only where something is wrong there.
        (Some((name, was)), None) if is_wrong(was) && asked.new.contains(&pairs::portless(name)) => {
            (Change::Mended, Effect::Better)
        }
        (None, Some((name, is))) if is_wrong(is) && asked.old.contains(&pairs::portless(name)) => {
            (Change::Broken, Effect::Worse)
        }
        (Some((_, was)), None) if !is_right(was) => (Change::Gone, Effect::Neither),
        (None, Some((_, is))) if !is_right(is) => {
            let effect = if is.outcome == Standing::Fail { Effect::Worse } else { Effect::Neither };
            (Change::New, effect)
        }
        _ => return None,
    };
    let (name, _) = is.or(was)?;
    let told = |named: Named<'_>| named.map(|(_, told)| told.clone());
    Some(TargetChange { target: name.to_owned(), effect, change, was: told(was), is: told(is) })
}

/// The same outcome for other reasons. A reason's facts (times, addresses) may differ; its kind says what to do.
fn other_cause(was: &Told, is: &Told) -> Option<(Change, Effect)> {
    let kinds = |told: &Told| told.findings.iter().map(|wrong| wrong.cause.clone()).collect::<BTreeSet<_>>();
    let wrong = matches!(is.outcome, Standing::Fail | Standing::Warn | Standing::Accepted);
    (wrong && kinds(was) != kinds(is)).then_some((Change::OtherCause, Effect::Neither))
}

/// What became of an outcome; none: it is the same.
pub(super) fn change(was: Standing, is: Standing) -> Option<(Change, Effect)> {
    use Standing::{Accepted, Fail, NotObserved, Pass, Skipped, Warn};
    if was == is {
        return None;
    }
    Some(match (was, is) {
        // What does not apply is neither right nor wrong.
        (_, Skipped) => (Change::NoLongerApplies, Effect::Neither),
        (Skipped, Pass | Accepted) => (Change::NowApplies, Effect::Neither),
        (Skipped, Warn | NotObserved | Fail) => (Change::NowApplies, Effect::Worse),
        // What was wrong is not mended by not being seen; what was right is not right while it is not seen.
        (Fail | Accepted, NotObserved) => (Change::NoLongerSeen, Effect::Neither),
        (Pass | Warn, NotObserved) => (Change::NoLongerSeen, Effect::Worse),
        (NotObserved, Fail) => (Change::NowSeen, Effect::Worse),
        (NotObserved, Accepted) => (Change::NowSeen, Effect::Neither),
        (NotObserved, Pass | Warn) => (Change::NowSeen, Effect::Better),
        // Whoever accepts a finding has not mended it.
        (Pass | Warn | Fail, Accepted) => (Change::NowAccepted, Effect::Neither),
        (Accepted, Warn | Fail) => (Change::NoLongerAccepted, Effect::Worse),
        (Accepted, Pass) => (Change::Mended, Effect::Better),
        (was, is) if was < is => (Change::Broken, Effect::Worse),
        _ => (Change::Mended, Effect::Better),
    })
}
