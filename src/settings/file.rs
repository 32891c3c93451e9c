//! A configuration file: which keys it has, on which line, and whether each has the type it should. What the texts mean
//! is decided later, once for all layers.

use std::{
    collections::BTreeMap,
    io::{self, Read as _},
    ops::Range,
    path::{Path, PathBuf},
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    error::{ConfigError, Origin},
    keys::{self, ACCEPT, KEYS, Key, Kind, SEVERITY},
    raw::{Located, Raw, RawAccept},
};

/// Longer files are refused unread.
const MAX_BYTES: usize = 1 << 20;
/// A file that is no TOML at all would have one error a line.
const MAX_SYNTAX_ERRORS: usize = 20;

type Said<'a, 'i> = (&'a Spanned<std::borrow::Cow<'i, str>>, &'a Spanned<DeValue<'i>>);

/// The bytes of a file, one more than is allowed at most, so that its size is known to be too much.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    std::fs::File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a file's bytes; what is wrong goes to `errors`, the rest is kept.
pub(super) fn parse(path: &Path, bytes: &[u8], errors: &mut Vec<ConfigError>) -> Raw {
    let whole = |problem: &str, fix: &str| {
        let origin = Origin::File { path: path.display().to_string(), line: 0 };
        ConfigError::new(origin, "", None, problem, fix)
    };
    if bytes.len() > MAX_BYTES {
        errors.push(whole("the file is longer than 1 MiB", "is it the right file? `pinflight init` writes a sample"));
        return Raw::default();
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        errors.push(whole("the file is not UTF-8 text", "save it as UTF-8 (not UTF-16, not Latin-1)"));
        return Raw::default();
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (table, syntax) = DeTable::parse_recoverable(text);
    let mut reader = Reader::new(path, text, errors);
    if syntax.is_empty() {
        reader.document(table.get_ref());
    } else {
        // What is left of a broken file would only bring errors that follow from the first.
        reader.syntax(&syntax);
    }
    reader.raw
}

struct Reader<'a> {
    path: String,
    base: PathBuf,
    text: &'a str,
    line_starts: Vec<usize>,
    errors: &'a mut Vec<ConfigError>,
    raw: Raw,
}

impl<'a> Reader<'a> {
    fn new(path: &Path, text: &'a str, errors: &'a mut Vec<ConfigError>) -> Self {
        let line_starts = text.match_indices('\n').map(|(at, _)| at + 1).collect();
        let base = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Self { path: path.display().to_string(), base, text, line_starts, errors, raw: Raw::default() }
    }

    fn document(&mut self, root: &DeTable<'_>) {
        for (name, value) in in_order(root) {
            let tables = keys::tables();
            match (name.get_ref().as_ref(), value.get_ref()) {
                ("accept", _) => self.accepts(value),
                (table, DeValue::Table(keys)) if tables.contains(&table) => self.table(table, keys),
                (table, _) if tables.contains(&table) => {
                    self.mistyped(table, value, "a table", &format!("write [{table}] on a line of its own"));
                }
                _ => self.key("", name, value),
            }
        }
    }

    fn table(&mut self, table: &str, keys: &DeTable<'_>) {
        for (name, value) in in_order(keys) {
            match (table, name.get_ref().as_ref(), value.get_ref()) {
                ("policy", "severity", DeValue::Table(checks)) => self.severity(checks),
                ("policy", "severity", _) => {
                    let fix = "write severity = { \"certificate/order\" = \"fail\" }";
                    self.mistyped(SEVERITY, value, "a table", fix);
                }
                _ => self.key(table, name, value),
            }
        }
    }

    fn key(&mut self, table: &str, name: &Spanned<std::borrow::Cow<'_, str>>, value: &Spanned<DeValue<'_>>) {
        let full = if table.is_empty() { name.get_ref().to_string() } else { format!("{table}.{}", name.get_ref()) };
        match KEYS.iter().find(|key| key.name == full) {
            Some(key) => {
                if let Some(values) = self.typed(key, value) {
                    self.raw.values.insert(key.name, values);
                }
            }
            None => self.unknown(KEYS, table, (name, value)),
        }
    }

    fn severity(&mut self, checks: &DeTable<'_>) {
        for (check, value) in in_order(checks) {
            let DeValue::String(text) = value.get_ref() else {
                self.mistyped(
                    &format!("{SEVERITY}.\"{}\"", check.get_ref()),
                    value,
                    "a string",
                    "write \"warn\" or \"fail\"",
                );
                continue;
            };
            let located = self.located(text, value);
            self.raw.severity.insert(check.get_ref().to_string(), located);
        }
    }

    fn accepts(&mut self, value: &Spanned<DeValue<'_>>) {
        let fix = "write [[accept]] on a line of its own, once for each finding";
        let DeValue::Array(entries) = value.get_ref() else {
            self.mistyped("accept", value, "an array of tables", fix);
            return;
        };
        let mut accepts = Vec::new();
        for entry in entries {
            let DeValue::Table(keys) = entry.get_ref() else {
                self.mistyped("accept", entry, "an array of tables", fix);
                continue;
            };
            let mut fields = BTreeMap::new();
            for (name, value) in in_order(keys) {
                let Some(key) = ACCEPT.iter().find(|key| key.leaf() == name.get_ref()) else {
                    self.unknown(ACCEPT, "accept", (name, value));
                    continue;
                };
                let first = self.typed(key, value).and_then(|values| values.into_iter().next());
                fields.extend(first.map(|value| (key.leaf(), value)));
            }
            accepts.push(RawAccept { origin: self.origin(entry.span()), fields });
        }
        self.raw.accept = Some(accepts);
    }

    /// The value as text, if it has the type that the key asks for.
    fn typed(&mut self, key: &Key, value: &Spanned<DeValue<'_>>) -> Option<Vec<Located>> {
        let text = match (key.kind, value.get_ref()) {
            (Kind::Text | Kind::Date, DeValue::String(text)) => text.to_string(),
            // The radix is part of it: 0x10 is sixteen.
            (Kind::Number, DeValue::Integer(number)) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => number.to_string(),
                Err(_) => number.to_string(),
            },
            (Kind::Switch, DeValue::Boolean(switch)) => switch.to_string(),
            (Kind::Date, DeValue::Datetime(date)) => date.to_string(),
            (Kind::Texts, DeValue::Array(entries)) => {
                let mut values = Vec::new();
                for entry in entries {
                    if let DeValue::String(text) = entry.get_ref() {
                        values.push(self.located(text, entry));
                    } else {
                        self.mistyped(key.name, entry, "an array of strings", &example(key));
                    }
                }
                return Some(values);
            }
            _ => {
                self.mistyped(key.name, value, key.kind.words(), &example(key));
                return None;
            }
        };
        Some(vec![self.located(&text, value)])
    }

    fn mistyped(&mut self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str, fix: &str) {
        let problem = format!("this is {}, and must be {wanted}", words(value.get_ref()));
        let shown = self.slice(value.span());
        self.errors.push(ConfigError::new(self.origin(value.span()), key, Some(shown), problem, fix));
    }

    fn unknown(&mut self, known: &[Key], table: &str, (name, value): Said<'_, '_>) {
        let word = name.get_ref().as_ref();
        let is_table = match value.get_ref() {
            DeValue::Table(_) => true,
            DeValue::Array(entries) => entries.first().is_some_and(|entry| entry.get_ref().is_table()),
            _ => false,
        };
        let problem = if is_table { "there is no such table" } else { "there is no such key" };
        let full = if table.is_empty() { word.to_owned() } else { format!("{table}.{word}") };
        let fix = suggestion(known, table, word, is_table);
        let shown = (!is_table).then(|| self.slice(value.span()));
        let key = super::error::shown(&full);
        self.errors.push(ConfigError::new(self.origin(name.span()), key, shown, problem, fix));
    }

    /// One error a line: what follows on the same line mostly follows from it.
    fn syntax(&mut self, errors: &[toml::de::Error]) {
        let mut by_line = BTreeMap::new();
        for error in errors {
            let line = self.line(error.span().unwrap_or_default().start);
            by_line.entry(line).or_insert(error);
        }
        let lines: Vec<&str> = self.text.lines().collect();
        for (&line, error) in by_line.iter().take(MAX_SYNTAX_ERRORS) {
            let shown = lines.get(line - 1).copied().unwrap_or_default();
            let fix = match error.message() {
                message if message.contains("duplicate key") => "keep one of the two",
                message if message.contains("must be quoted") => "put text in double quotes: key = \"value\"",
                message if message.contains("recurse") => "nothing here nests so deep: remove brackets",
                message if message.contains("unclosed") => "close the bracket",
                message if message.contains("escape") => "write a backslash twice, or use single quotes: 'C:\\ds.cer'",
                message if message.contains("basic string") => "end the text with \" on its line",
                message if message.contains("literal string") => "end the text with ' on its line",
                _ => {
                    "write key = \"value\", key = 1, key = true or key = [\"a\", \"b\"], one a line, under its [table]"
                }
            };
            let problem = format!("not TOML: {}", error.message());
            let origin = Origin::File { path: self.path.clone(), line };
            self.errors.push(ConfigError::new(origin, "", Some(shown), problem, fix));
        }
        if let Some(more) = by_line.len().checked_sub(MAX_SYNTAX_ERRORS).filter(|more| *more > 0) {
            let line = by_line.keys().nth(MAX_SYNTAX_ERRORS).copied().unwrap_or_default();
            let origin = Origin::File { path: self.path.clone(), line };
            let problem = format!("and {more} more lines like these");
            self.errors.push(ConfigError::new(origin, "", None, problem, "is it the right file?"));
        }
    }

    fn located(&self, text: &str, value: &Spanned<DeValue<'_>>) -> Located {
        let shown = self.slice(value.span()).to_owned();
        Located { text: text.to_owned(), shown, origin: self.origin(value.span()), base: self.base.clone() }
    }

    fn origin(&self, span: Range<usize>) -> Origin {
        Origin::File { path: self.path.clone(), line: self.line(span.start) }
    }

    fn line(&self, at: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= at) + 1
    }

    fn slice(&self, span: Range<usize>) -> &'a str {
        self.text.get(span).unwrap_or_default()
    }
}

/// The entries as they stand in the file, so that errors come from top to bottom.
fn in_order<'a, 'i>(table: &'a DeTable<'i>) -> Vec<Said<'a, 'i>> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    entries
}

fn example(key: &Key) -> String {
    format!("write {} = {}", key.leaf(), key.example)
}

fn words(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

/// What may have been meant by a key or table that does not exist.
fn suggestion(known: &[Key], table: &str, word: &str, is_table: bool) -> String {
    if is_table && table.is_empty() {
        return table_suggestion(word);
    }
    if table == "network" && word.starts_with("proxy_") {
        return "the proxy's credentials come from PINFLIGHT_PROXY_USER and PINFLIGHT_PROXY_PASSWORD alone".to_owned();
    }
    let mut here: Vec<&str> = known.iter().filter(|key| key.table() == table).map(Key::leaf).collect();
    if table == "policy" {
        here.push("severity");
    }
    if let Some(near) = keys::nearest(word, here.iter().copied()) {
        return format!("did you mean {near}?");
    }
    if let Some(key) = known.iter().find(|key| key.leaf() == word.replace('-', "_")) {
        return match key.table() {
            "" => format!("{} stands at the top of the file, above the first [table]", key.leaf()),
            table => format!("{} belongs under [{table}]", key.leaf()),
        };
    }
    let place = if table.is_empty() { "above the first [table]".to_owned() } else { format!("under [{table}]") };
    format!("remove it; {place} there is: {}", here.join(", "))
}

fn table_suggestion(word: &str) -> String {
    let tables = keys::tables();
    match keys::nearest(word, tables.iter().copied().chain(["accept"])) {
        Some("accept") => "did you mean [[accept]]?".to_owned(),
        Some(near) => format!("did you mean [{near}]?"),
        None => format!("remove it; there is: [{}], [[accept]]", tables.join("], [")),
    }
}
