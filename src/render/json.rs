//! `pinflight.report/1` (docs/schema/report-1.json), safe to print: whatever a terminal would obey is written as `\uXXXX`.

use std::io;

use pinflight_checks::report::Report;
use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, PrettyFormatter, Serializer};

use super::{Renderer, Style, escape::is_hidden};

/// `-o json`
pub(super) struct Json;

impl Renderer for Json {
    fn id(&self) -> &'static str {
        "json"
    }

    fn render(&self, report: &Report, _style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
        write(report, out)
    }
}

/// Writes pretty JSON that is safe to print, and a line end, in many small pieces: `out` should buffer. Errors are the writer's, or
/// serde's for a value that JSON cannot hold.
pub fn write(value: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    write_as(PrettyFormatter::new(), value, out)
}

/// The same on one line, in one piece: what else is written there stands before or behind it.
pub(super) fn write_line(value: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    let mut line = Vec::new();
    write_as(CompactFormatter, value, &mut line)?;
    out.write_all(&line)
}

fn write_as(formatter: impl Formatter, value: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(&mut *out, Visible(formatter))).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

/// serde_json escapes C0 alone; here also DEL, C1, separators, bidirectional and invisible characters.
struct Visible<F>(F);

impl<F: Formatter> Formatter for Visible<F> {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| is_hidden(*c)) {
            let (before, after) = rest.split_at(at);
            writer.write_all(before.as_bytes())?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = after.strip_prefix(c).unwrap_or_default();
        }
        writer.write_all(rest.as_bytes())
    }

    fn write_char_escape<W: ?Sized + io::Write>(&mut self, writer: &mut W, escape: CharEscape) -> io::Result<()> {
        self.0.write_char_escape(writer, escape)
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_escaped_and_read_back_the_same() {
        let text = "a\u{1b}[31m\u{9b}\u{7f}\u{202e}\u{2028}\u{e0041}\0 \"quoted\\\" Zoë 東京";
        let mut bytes = Vec::new();
        write(&text, &mut bytes).unwrap();
        let shown = String::from_utf8(bytes).unwrap();
        let expected = r#""a\u001b[31m\u009b\u007f\u202e\u2028\udb40\udc41\u0000 \"quoted\\\" Zoë 東京""#;
        assert_eq!(shown, format!("{expected}\n"));
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
    }
}
