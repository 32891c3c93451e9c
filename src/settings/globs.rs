//! Globs over check ids: `*` for any text, the slash included, and `?` for one character; nothing else.

use pinflight_checks::glob::matches;

use super::{
    keys,
    values::{Parsed, problem},
};

/// A glob that matches at least one check.
pub(super) fn glob(text: &str, known: &[&str]) -> Parsed<String> {
    if let Some(c) = text.chars().find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || "/-*?".contains(*c))) {
        let fix = "ids are lower-case letters, digits, - and /; * stands for any text and ? for one character";
        return problem(format!("{c:?} has no meaning here"), fix);
    }
    if known.iter().any(|id| matches(text, id)) {
        return Ok(text.to_owned());
    }
    let category = format!("{text}/");
    if known.iter().any(|id| id.starts_with(&category)) {
        return problem("no check has this id", format!("write '{text}/*' for the whole category"));
    }
    no_such_check(text, known, "no check matches")
}

/// The id of a check.
pub(super) fn known(id: &str, known: &[&str]) -> Parsed<()> {
    if known.contains(&id) {
        return Ok(());
    }
    no_such_check(id, known, "there is no such check")
}

fn no_such_check<T>(text: &str, known: &[&str], what: &str) -> Parsed<T> {
    let fix = match nearest_id(text, known) {
        Some(near) => format!("did you mean {near}? `pinflight list` prints them all"),
        None => "`pinflight list` prints them all".to_owned(),
    };
    problem(what, fix)
}

/// By the whole id, else by what stands behind the slash, which is what people remember.
fn nearest_id<'a>(text: &str, known: &[&'a str]) -> Option<&'a str> {
    let tail = |id: &'a str| id.rsplit('/').next().unwrap_or(id);
    let near = keys::nearest(text, known.iter().copied());
    near.or_else(|| {
        let near = keys::nearest(text, known.iter().map(|id| tail(id)))?;
        known.iter().copied().find(|id| tail(id) == near)
    })
}
