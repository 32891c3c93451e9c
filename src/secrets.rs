//! What a URL or an answer may hold that is nobody's business: passwords, tokens, sessions. They are taken out before
//! anything is recorded; that they were there stays to be seen.

use std::borrow::Cow;

/// Either parts the segments of a URL.
const SLASHES: [char; 2] = ['/', '\\'];

/// What stands in place of a secret.
const REMOVED: &str = "***";

/// Of a web page only this much is kept: what it is, not what its forms hold.
pub(crate) const PAGE: usize = 256;

/// Keys of an answer whose text is a secret, in lower case without `-` and `_`.
const SECRET_KEYS: [&str; 13] = [
    "token",
    "password",
    "passwd",
    "pwd",
    "secret",
    "credential",
    "authorization",
    "cookie",
    "session",
    "apikey",
    "hmac",
    "signature",
    "privatekey",
];

/// A URL, absolute or relative, without user name and password, the values of its query, its path parameters (jsessionid)
/// and its fragment; `kept` says which parts of the query may stay.
pub fn out_of_url(url: &str, kept: impl Fn(&str) -> bool) -> String {
    let (rest, fragment) = split(url, '#');
    let (place, query) = split(rest, '?');
    let mut out = out_of_place(place);
    if let Some(query) = query {
        let parts = query.split('&').map(|part| match part.split_once('=') {
            _ if part.is_empty() || kept(part) => part.to_owned(),
            // A URL that stands there as it is, with an equals sign of its own.
            Some((key, _)) if key.contains([':', '/', '\\', '?']) => REMOVED.to_owned(),
            Some((_, "")) => part.to_owned(),
            Some((key, _)) => format!("{key}={REMOVED}"),
            None => REMOVED.to_owned(),
        });
        out.push('?');
        out.push_str(&parts.collect::<Vec<_>>().join("&"));
    }
    match fragment {
        None => {}
        Some("") => out.push('#'),
        Some(_) => out.extend(["#", REMOVED]),
    }
    out
}

/// Scheme, authority and path.
fn out_of_place(place: &str) -> String {
    let mut out = String::with_capacity(place.len());
    // How many slashes are missing until an authority may stand; none: none will. At the beginning it takes two, behind a colon
    // browsers are content with one (WHATWG URL, 4.4), and either kind of slash will do.
    let mut missing: Option<u8> = Some(2);
    for piece in place.split_inclusive(SLASHES) {
        let (segment, slash) = piece.split_at(piece.trim_end_matches(SLASHES).len());
        // What they pass over, too.
        let word = segment.trim_matches(|c: char| c <= ' ');
        if word.is_empty() {
            out.push_str(segment);
        } else {
            out.push_str(&out_of_segment(segment, missing == Some(0)));
            missing = word.ends_with(':').then_some(1);
        }
        if !slash.is_empty() {
            missing = missing.map(|count| count.saturating_sub(1));
            out.push_str(slash);
        }
    }
    out
}

/// What stands between two slashes: user and password before an `@`, and parameters. Of a path, what has the form of both is taken
/// for them, since it may be of a URL within.
fn out_of_segment(segment: &str, is_authority: bool) -> String {
    let (user, rest) = match segment.rsplit_once('@') {
        Some((user, rest)) if is_authority || user.contains(':') => (format!("{REMOVED}@"), rest),
        _ => (String::new(), segment),
    };
    let (name, parameters) = split(rest, ';');
    let parameters =
        parameters.into_iter().flat_map(|parameters| parameters.split(';')).map(|one| match split(one, '=') {
            ("", None) => ";".to_owned(),
            (_, None) => format!(";{REMOVED}"),
            (key, Some(_)) => format!(";{key}={REMOVED}"),
        });
    format!("{user}{name}{}", parameters.collect::<String>())
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, behind)| (before, Some(behind)))
}

/// A body without what is secret in its URLs and under its keys; of a web page, the beginning.
pub fn out_of_body(bytes: &[u8], kept: impl Fn(&str) -> bool) -> Vec<u8> {
    let is_page = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<');
    let bytes = if is_page { bytes.get(..PAGE).unwrap_or(bytes) } else { bytes };
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    let mut is_secret = false;
    while let Some(begin) = rest.iter().position(|byte| *byte == b'"') {
        let (between, from) = rest.split_at(begin);
        out.extend_from_slice(&out_of_bytes(between, &kept));
        // A secret key counts for the text right behind its colon.
        is_secret &= between.trim_ascii() == b":";
        let (literal, after) = from.split_at(literal_end(from));
        out.extend_from_slice(&out_of_literal(literal, is_secret, &kept));
        is_secret = is_secret_key(literal);
        rest = after;
    }
    out.extend_from_slice(&out_of_bytes(rest, &kept));
    out
}

/// How long a text in JSON is, from its quotation mark on; one that does not end goes on to the end.
fn literal_end(from: &[u8]) -> usize {
    let mut escaped = false;
    for (at, byte) in from.iter().enumerate().skip(1) {
        match byte {
            b'"' if !escaped => return at + 1,
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    from.len()
}

/// What a literal says; one that was cut off says what it says so far.
fn meaning(literal: &[u8]) -> Option<String> {
    let ended = [literal, b"\""].concat();
    serde_json::from_slice(literal).or_else(|_| serde_json::from_slice(&ended)).ok()
}

fn is_secret_key(literal: &[u8]) -> bool {
    // A key is short; what is long need not be understood.
    let key = Some(literal).filter(|literal| literal.len() < 256).and_then(meaning).unwrap_or_default();
    let key: String = key.to_ascii_lowercase().chars().filter(|c| !matches!(c, '-' | '_')).collect();
    SECRET_KEYS.iter().any(|secret| key.ends_with(secret))
}

fn out_of_literal<'a>(literal: &'a [u8], is_secret: bool, kept: &impl Fn(&str) -> bool) -> Cow<'a, [u8]> {
    if is_secret {
        return Cow::Owned(format!("\"{REMOVED}\"").into_bytes());
    }
    let Some(said) = meaning(literal) else { return out_of_bytes(literal, kept) };
    let Cow::Owned(without) = out_of_text(&said, kept) else { return Cow::Borrowed(literal) };
    let mut written = serde_json::Value::String(without).to_string();
    if serde_json::from_slice::<String>(literal).is_err() {
        // It was cut off, and stays so.
        written.pop();
    }
    Cow::Owned(written.into_bytes())
}

/// What is no JSON, or between its texts.
fn out_of_bytes<'a>(bytes: &'a [u8], kept: &impl Fn(&str) -> bool) -> Cow<'a, [u8]> {
    match out_of_text(&String::from_utf8_lossy(bytes), kept) {
        Cow::Borrowed(_) => Cow::Borrowed(bytes),
        Cow::Owned(without) => Cow::Owned(without.into_bytes()),
    }
}

/// Every absolute URL in a text, be it JSON that could not be read.
fn out_of_text<'a>(text: &'a str, kept: &impl Fn(&str) -> bool) -> Cow<'a, str> {
    let ends = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>');
    let begins = |rest: &str, at: usize| ["://", r":\/\/"].iter().any(|begin| rest[at..].starts_with(begin));
    let mut out = String::new();
    let mut rest = text;
    let mut changed = false;
    while let Some((at, _)) = rest.match_indices(':').find(|(at, _)| begins(rest, *at)) {
        let (before, from) = rest.split_at(at);
        let end = from.find(ends).unwrap_or(from.len());
        let (url, after) = from.split_at(end);
        // The scheme's colon is what `out_of_url` tells an authority by.
        let without = out_of_url(url, kept);
        changed |= without != url;
        out.extend([before, &without]);
        rest = after;
    }
    out.push_str(rest);
    if changed { Cow::Owned(out) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: fn(&str) -> bool = |_| false;

    #[test]
    fn a_url_says_where_it_leads_and_nothing_more() {
        for (url, expected) in [
            ("https://ts.example.com:9001/TrustService", "https://ts.example.com:9001/TrustService"),
            ("https://ann:pw@ts.example.com/a", "https://***@ts.example.com/a"),
            ("https://ann:p@w@ts.example.com", "https://***@ts.example.com"),
            ("//ann@ts.example.com/a@b", "//***@ts.example.com/a@b"),
            ("/login?returnTo=%2Fx&token=abc&empty=&flag", "/login?returnTo=***&token=***&empty=&***"),
            ("https://h/a;jsessionid=ABC/b?x=1#frag", "https://h/a;jsessionid=***/b?x=***#***"),
            ("/a;ABC", "/a;***"),
            ("https://h?x@y=1", "https://h?x@y=***"),
            ("/x?URL=ds.example.com&t=1", "/x?URL=ds.example.com&t=***"),
            ("a//b@c", "a//b@c"),
            ("https:\\\\ann:pw@h\\x", "https:\\\\***@h\\x"),
            ("https:/ann@h/", "https:/***@h/"),
            ("https:ann:pw@h/", "***@h/"),
            (" /\t\\ann@h/", " /\t\\***@h/"),
            ("/seen/https://ann@h/x", "/seen/https://***@h/x"),
            ("/seen/ann:pw@h/x", "/seen/***@h/x"),
            ("https://[::1]:8443/a:b/c@d", "https://[::1]:8443/a:b/c@d"),
            ("/a;ABC;v=1;;w=/b", "/a;***;v=***;;w=***/b"),
            ("/login?https://ann:pw@h/?x=y&a=b", "/login?***&a=***"),
            ("?", "?"),
            ("", ""),
        ] {
            assert_eq!(out_of_url(url, |part| part == "URL=ds.example.com"), expected, "{url}");
            let once = out_of_url(url, NONE);
            assert_eq!(out_of_url(&once, NONE), once, "nothing is left to take out of {url}");
        }
    }

    #[test]
    fn a_body_keeps_its_sense_and_no_secret() {
        for (body, expected) in [
            (r#"{"Uri": "https://ts.example.com:9001/TrustService"}"#, None),
            (r#"{"ds.example.com": ["3082", "\u0033"], "n": 1.50}"#, None),
            (r#"{"token.example.com": ["3082"], "session": 5}"#, None),
            (r#"{"Uri": "https://u:p@ts/T?token=x"}"#, Some(r#"{"Uri": "https://***@ts/T?token=***"}"#)),
            (r#"{"Uri":"https:\/\/ts\/T?a=1\u0026token=x"}"#, Some(r#"{"Uri":"https://ts/T?a=***&token=***"}"#)),
            (r#"{"a": 1, "access_token" : "e\"y", "b": "c"}"#, Some(r#"{"a": 1, "access_token" : "***", "b": "c"}"#)),
            (r#"{"Set-Cookie": "x=y"}"#, Some(r#"{"Set-Cookie": "***"}"#)),
            (r#"{"Uri": "https://ts/T?token=abc"#, Some(r#"{"Uri": "https://ts/T?token=***"#)),
            (r#"{"X-Token": "ab"#, Some(r#"{"X-Token": "***""#)),
            ("see https://ts/T?token=abc and more", Some("see https://ts/T?token=*** and more")),
            ("https://ann:o'clock@ts/T", Some("https://***@ts/T")),
            // Cut in the midst of a character that was escaped.
            (r#"{"Uri": "https:\/\/ann:pw@ts\/T\u00"#, Some(r#"{"Uri": "https:\/\/***@ts\/T\u00"#)),
            ("\"\\", None),
            ("", None),
        ] {
            let kept = out_of_body(body.as_bytes(), NONE);
            assert_eq!(std::str::from_utf8(&kept), Ok(expected.unwrap_or(body)));
        }
        let bytes = [b"\xff\xfe{".as_slice(), b"\"\xff\""].concat();
        assert_eq!(out_of_body(&bytes, NONE), bytes, "what is no text stays as it came");
    }

    #[test]
    fn of_a_web_page_the_beginning_is_kept() {
        let page = format!(" <html>{}<input name=csrf value=hunter2>", " ".repeat(PAGE));
        assert_eq!(out_of_body(page.as_bytes(), NONE), page.as_bytes()[..PAGE]);
        let json = format!("[{}1]", " ".repeat(PAGE));
        assert_eq!(out_of_body(json.as_bytes(), NONE), json.as_bytes());
    }
}
