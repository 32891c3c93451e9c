//! Text that came from a peer, made harmless. Everything a terminal is shown passes here, once, in `text`.

use unicode_width::UnicodeWidthChar;

/// The longest value shown, in characters; JSON has all of it.
pub(super) const VALUE: usize = 300;
/// The longest sentence shown, in characters.
pub(super) const SENTENCE: usize = 1200;

/// One line without control, invisible or reordering characters, cut at 300 characters. For messages outside a report.
pub fn for_terminal(text: &str) -> String {
    terminal(text, VALUE, true)
}

/// Characters that a terminal obeys, or that change how their neighbours look without being seen.
pub(super) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{3164}' | '\u{ffa0}'
            | '\u{180b}'..='\u{180f}'
            // Zero-width, bidirectional marks, line and paragraph separator, overrides, invisible operators, isolates.
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            // Variation selectors, byte order mark, interlinear annotation.
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            // Format characters of music and shorthand, tags, further variation selectors.
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// At most `limit` characters of `text`, hidden ones as `\u{..}`; without `unicode` everything beyond ASCII likewise.
pub(super) fn terminal(text: &str, limit: usize, unicode: bool) -> String {
    let mut shown = String::with_capacity(text.len().min(limit.saturating_mul(4)));
    let mut marks = 0;
    for (count, (at, c)) in text.char_indices().enumerate() {
        if count == limit {
            shown.push_str(if unicode { "…" } else { "..." });
            break;
        }
        marks = if c.width() == Some(0) { marks + 1 } else { 0 };
        // Accents are letters in some languages; a heap of them climbs over the lines above.
        let is_order = gives_order(text.get(at..).unwrap_or_default());
        if is_hidden(c) || marks > 2 || is_order {
            shown.extend(c.escape_unicode());
        } else if unicode || c.is_ascii() {
            shown.push(c);
        } else if let Some(plain) = ascii(c) {
            shown.push_str(plain);
        } else {
            shown.extend(c.escape_unicode());
        }
    }
    shown
}

/// Whether a CI system takes what begins here for an order to the job in whose log it stands: `::error …::` at the beginning of a
/// line, where wrapping may put anything (GitHub), `##[…]` and `##vso[…]` (Azure Pipelines), `##teamcity[…]`.
fn gives_order(text: &str) -> bool {
    if let Some(rest) = text.strip_prefix("##") {
        return ["[", "vso[", "teamcity["].iter().any(|order| rest.starts_with(order));
    }
    let Some(rest) = text.strip_prefix("::") else { return false };
    // `::ffff:10.1.0.11` is an address; every order has a letter that no address has.
    let name: String = rest.chars().take_while(|c| c.is_ascii_alphabetic() || *c == '-').collect();
    name.chars().any(|c| !c.is_ascii_hexdigit())
}

/// Typography that our own sentences use, for terminals without it.
fn ascii(c: char) -> Option<&'static str> {
    Some(match c {
        '–' | '—' | '‑' | '−' => "-",
        '…' => "...",
        '‘' | '’' => "'",
        '“' | '”' => "\"",
        '·' | '•' => "*",
        '→' => "->",
        '›' => ">",
        '×' => "x",
        '≤' => "<=",
        '≥' => ">=",
        '\u{a0}' => " ",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_becomes_visible() {
        for (raw, shown) in [
            ("plain text, Zoë, 東京", "plain text, Zoë, 東京"),
            ("\u{1b}[2J\u{1b}]0;title\u{7}", r"\u{1b}[2J\u{1b}]0;title\u{7}"),
            ("a\nb\r\tc\0", r"a\u{a}b\u{d}\u{9}c\u{0}"),
            ("\u{9b}31m\u{7f}", r"\u{9b}31m\u{7f}"),
            ("user\u{202e}gpj.exe\u{2066}\u{2069}", r"user\u{202e}gpj.exe\u{2066}\u{2069}"),
            ("ze\u{200b}ro\u{200d}\u{feff}\u{2028}\u{2029}", r"ze\u{200b}ro\u{200d}\u{feff}\u{2028}\u{2029}"),
            ("tag\u{e0041} vs\u{fe0f} shy\u{ad}", r"tag\u{e0041} vs\u{fe0f} shy\u{ad}"),
        ] {
            assert_eq!(terminal(raw, VALUE, true), shown);
        }
    }

    #[test]
    fn no_order_to_a_ci_system_is_left() {
        for (raw, shown) in [
            ("::error::x", r"\u{3a}:error\u{3a}:x"),
            ("a ::add-mask::e", r"a \u{3a}:add-mask::e"),
            ("##[error]x ##vso[task] a##teamcity[x]", r"\u{23}#[error]x \u{23}#vso[task] a\u{23}#teamcity[x]"),
            ("::1 ::ffff:10.1.0.11 fe80::add2 ::dead", "::1 ::ffff:10.1.0.11 fe80::add2 ::dead"),
            ("## heading, a::b", "## heading, a::b"),
        ] {
            assert_eq!(terminal(raw, VALUE, true), shown);
        }
    }

    #[test]
    fn accents_stay_and_heaps_of_them_do_not() {
        assert_eq!(terminal("e\u{301}", VALUE, true), "e\u{301}");
        let heap: String = std::iter::once('e').chain(std::iter::repeat_n('\u{301}', 5)).collect();
        assert_eq!(terminal(&heap, VALUE, true), "e\u{301}\u{301}\\u{301}\\u{301}\\u{301}");
    }

    #[test]
    fn length_is_bounded_by_characters() {
        assert_eq!(terminal(&"é".repeat(301), VALUE, true), format!("{}…", "é".repeat(300)));
        assert_eq!(terminal(&"x".repeat(300), VALUE, true), "x".repeat(300));
        assert_eq!(terminal("abcd", 3, false), "abc...");
    }

    #[test]
    fn without_unicode_only_ascii_is_left() {
        assert_eq!(terminal("“a” → b – Zoë…", VALUE, false), r#""a" -> b - Zo\u{eb}..."#);
    }
}
