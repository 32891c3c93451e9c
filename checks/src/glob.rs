//! Globs over check ids: `*` for any text, the slash included, and `?` for one character; nothing else.

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
