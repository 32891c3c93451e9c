//! Globs over check ids: `*` for any text, the slash included, and `?` for one character; nothing else.

use super::{
    keys,
    values::{Parsed, problem},
};

/// Whether an id matches; a glob without `*` and `?` matches itself alone.
pub fn matches(glob: &str, id: &str) -> bool {
    let (mut glob, mut id) = (glob.as_bytes(), id.as_bytes());
    // Behind the last star, and where in the id it was last tried: only the last star ever has to take more.
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        match (glob.split_first(), id.split_first()) {
            (None, None) => return true,
            (Some((b'*', behind)), _) => {
                retry = Some((behind, id));
                glob = behind;
            }
            (Some((wanted, behind)), Some((found, rest))) if *wanted == b'?' || wanted == found => {
                (glob, id) = (behind, rest);
            }
            _ => {
                let Some((behind, (_, rest))) = retry.and_then(|(behind, tried)| Some((behind, tried.split_first()?)))
                else {
                    return false;
                };
                retry = Some((behind, rest));
                (glob, id) = (behind, rest);
            }
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks() {
        for (glob, id, expected) in [
            ("pins/well-formed", "pins/well-formed", true),
            ("pins/*", "pins/well-formed", true),
            ("*", "pins/well-formed", true),
            ("*/*-*", "pins/well-formed", true),
            ("*formed", "pins/well-formed", true),
            ("*forme", "pins/well-formed", false),
            ("pins", "pins/well-formed", false),
            ("dns/*-resolve?", "dns/discovery-resolves", true),
            ("dns/*-resolve?", "dns/names-resolve", false),
            ("", "", true),
            ("", "x", false),
            ("?", "", false),
            ("**", "", true),
            (
                "*a*a*a*a*a*a*a*a*a*b",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                false,
            ),
        ] {
            assert_eq!(matches(glob, id), expected, "{glob} {id}");
        }
    }
}
