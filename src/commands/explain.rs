//! `pinflight explain ID`: the page of a check, offline.

use std::io;

use pinflight_checks::check::Meta;

use crate::{
    pages,
    render::{self, Style},
};

/// Why there is nothing to explain.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// No check has this id; exit code 2.
    #[error("no check {id:?}{}; `pinflight list` shows them all", suggestion.map(|id| format!(", did you mean {id}?")).unwrap_or_default())]
    Unknown {
        /// What was asked for.
        id: String,
        /// The id that was most likely meant.
        suggestion: Option<&'static str>,
    },
    /// The page could not be written; a closed pipe is the caller's to forgive.
    #[error("cannot write the page: {0}")]
    Write(#[from] io::Error),
}

/// Writes the page of the check `id`, headings strong, wrapped to the style's width.
pub fn explain(metas: &[&'static Meta], id: &str, style: &Style, out: &mut dyn io::Write) -> Result<(), ExplainError> {
    let known = metas.iter().find(|meta| meta.id.0 == id);
    let Some(text) = known.and_then(|meta| pages::page(meta.id.0)) else {
        let suggestion = render::nearest(id, metas.iter().map(|meta| meta.id.0));
        return Err(ExplainError::Unknown { id: id.to_owned(), suggestion });
    };
    render::markdown(text, style, out)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use pinflight_checks::check::CheckId;

    use super::*;

    static PATH: Meta =
        Meta { id: CheckId("certificate/path"), title: "", steps: &[], depends_on: &[], since: "0.1.0" };
    static COVER: Meta =
        Meta { id: CheckId("pins/cover-every-server"), title: "", steps: &[], depends_on: &[], since: "0.1.0" };

    fn message(id: &str) -> String {
        explain(&[&PATH, &COVER], id, &Style::default(), &mut Vec::new()).unwrap_err().to_string()
    }

    #[test]
    fn an_unknown_id_is_refused_with_the_nearest_one() {
        let all = "; `pinflight list` shows them all";
        assert_eq!(
            message("certificate/pth"),
            format!("no check \"certificate/pth\", did you mean certificate/path?{all}")
        );
        assert_eq!(
            message("cover-every-server"),
            format!("no check \"cover-every-server\", did you mean pins/cover-every-server?{all}")
        );
        assert_eq!(message("zzz"), format!("no check \"zzz\"{all}"));
        assert!(!message("\u{1b}[2J").contains('\u{1b}'));
    }

    #[test]
    fn a_known_one_prints_its_page() {
        let mut out = Vec::new();
        explain(&[&PATH], "certificate/path", &Style::default(), &mut out).unwrap();
        assert!(String::from_utf8(out).unwrap().starts_with("certificate/path\n"));
    }
}
