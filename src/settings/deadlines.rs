//! Connect ≤ step ≤ question ≤ run: or every failure would read as the outermost deadline's.

use std::time::Duration;

use super::{error::ConfigError, raw::Raw};

/// From the innermost to the outermost; `None`: not declared; `Some(None)`: declared to be without limit.
pub(super) type Declared = [Option<Option<Duration>>; 4];

/// Two declared deadlines, the inner one longer than the next outer one that is declared.
pub(super) fn contradictions(raw: &Raw, keys: [&'static str; 4], declared: Declared) -> Vec<ConfigError> {
    let limits = keys.into_iter().zip(declared).filter_map(|(key, limit)| Some((key, limit.flatten()?)));
    let limits: Vec<(&'static str, Duration)> = limits.collect();
    let pairs = limits.iter().zip(limits.iter().skip(1)).filter(|((_, inner), (_, outer))| inner > outer);
    pairs
        .filter_map(|((inner_key, inner), (outer_key, outer))| {
            let said = raw.one(inner_key)?;
            let (inner, outer) = (humantime::format_duration(*inner), humantime::format_duration(*outer));
            let (inner_name, outer_name) = (leaf(inner_key), leaf(outer_key));
            let problem =
                format!("{inner_name} {inner} is longer than {outer_name} {outer} ({})", raw.origin(outer_key));
            Some(said.error(inner_key, problem, format!("make {inner_name} the shorter, or {outer_name} the longer")))
        })
        .collect()
}

fn leaf(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

/// What holds: a default gives way to what is declared around it, so that `--max-time 5` alone is no contradiction.
pub(super) fn settled(defaults: [Duration; 3], declared: Declared) -> [Duration; 3] {
    let [connect, step, question, run] = declared.map(Option::flatten);
    let mut limits = defaults;
    let mut floors = [Duration::ZERO; 3];
    let (mut inner, mut floor) = (Duration::ZERO, Duration::ZERO);
    for ((limit, least), said) in limits.iter_mut().zip(&mut floors).zip([connect, step, question]) {
        *least = floor;
        // Longer than what it holds, or the inner deadline would never be the one that strikes.
        let raised = if *limit <= inner { inner * 5 / 4 } else { *limit };
        *limit = said.unwrap_or(raised);
        inner = *limit;
        floor = said.unwrap_or(floor);
    }
    let mut outer = run.unwrap_or(Duration::MAX);
    for ((limit, least), said) in limits.iter_mut().zip(floors).zip([connect, step, question]).rev() {
        if said.is_none() && *limit >= outer {
            *limit = (outer * 4 / 5).max(least);
        }
        outer = *limit;
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_give_way_to_what_is_declared() {
        let defaults = [5_000, 8_000, 20_000];
        for (declared, expected) in [
            ([None, None, None, None], defaults),
            ([None, None, None, Some(10_000)], [5_000, 6_400, 8_000]),
            ([None, None, None, Some(5_000)], [2_560, 3_200, 4_000]),
            ([Some(30_000), None, None, None], [30_000, 37_500, 46_875]),
            ([Some(30_000), None, None, Some(40_000)], [30_000, 30_000, 32_000]),
            ([None, Some(1_000), None, None], [800, 1_000, 20_000]),
            ([None, None, Some(8_000), None], [5_000, 6_400, 8_000]),
            ([Some(9_000), Some(9_000), Some(9_000), Some(9_000)], [9_000, 9_000, 9_000]),
        ] {
            let declared = declared.map(|limit| limit.map(|ms| Some(Duration::from_millis(ms))));
            let settled = settled(defaults.map(Duration::from_millis), declared);
            assert_eq!(settled, expected.map(Duration::from_millis), "{declared:?}");
        }
    }
}
