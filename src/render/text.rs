//! Styled text, wrapped by display columns. Here, and only here, text is escaped for the terminal.

use std::io;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{Style, escape};

/// What a piece of text is, for its colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tone {
    /// As it is.
    #[default]
    Plain,
    /// A heading, a name that matters.
    Strong,
    /// Of less importance.
    Dim,
    /// Right.
    Good,
    /// Needs attention.
    Warn,
    /// Wrong.
    Bad,
    /// To be typed.
    Code,
}

impl Tone {
    /// The parameters of SGR (ECMA-48, 8.3.117).
    fn sgr(self) -> Option<&'static str> {
        Some(match self {
            Self::Plain => return None,
            Self::Strong => "1",
            Self::Dim => "2",
            Self::Good => "32",
            Self::Warn => "33",
            Self::Bad => "1;31",
            Self::Code => "36",
        })
    }
}

/// Pieces of text in a row; a space lies between two of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    tone: Tone,
    raw: String,
    limit: usize,
    /// One word, spaces and all.
    unbroken: bool,
}

impl Text {
    /// One piece.
    pub fn of(tone: Tone, raw: impl Into<String>) -> Self {
        Self::default().and(tone, raw)
    }

    /// One piece without emphasis.
    pub fn plain(raw: impl Into<String>) -> Self {
        Self::of(Tone::Plain, raw)
    }

    /// A sentence, which may be longer than a value.
    pub fn sentence(raw: impl Into<String>) -> Self {
        Self::default().and_sentence(Tone::Plain, raw)
    }

    /// And another piece; nothing if it is empty.
    pub fn and(self, tone: Tone, raw: impl Into<String>) -> Self {
        self.with(tone, raw.into(), escape::VALUE)
    }

    /// And a sentence or a list.
    pub fn and_sentence(self, tone: Tone, raw: impl Into<String>) -> Self {
        self.with(tone, raw.into(), escape::SENTENCE)
    }

    /// And text of our own that is never cut: a page.
    pub fn and_whole(self, tone: Tone, raw: impl Into<String>) -> Self {
        self.with(tone, raw.into(), usize::MAX)
    }

    /// And a few words that stay on one line.
    pub fn and_unbroken(self, tone: Tone, raw: impl Into<String>) -> Self {
        let mut text = self.and(tone, raw);
        if let Some(piece) = text.0.last_mut() {
            piece.unbroken = true;
        }
        text
    }

    /// At most `limit` characters of each piece.
    pub fn capped(mut self, limit: usize) -> Self {
        for piece in &mut self.0 {
            piece.limit = piece.limit.min(limit);
        }
        self
    }

    /// And a list of ours that must not be cut: check ids, targets. Its items are bounded, not their number.
    pub fn and_list(mut self, tone: Tone, items: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut items = items.into_iter().map(Into::into).peekable();
        while let Some(mut item) = items.next() {
            // Cut first, so that the comma survives.
            if item.chars().count() > escape::VALUE {
                item = item.chars().take(escape::VALUE - 1).chain(['…']).collect();
            }
            let comma = if items.peek().is_some() { "," } else { "" };
            self = self.with(tone, item + comma, escape::VALUE + 1);
        }
        self
    }

    /// And another text.
    pub fn and_text(mut self, more: Self) -> Self {
        self.0.extend(more.0);
        self
    }

    fn with(mut self, tone: Tone, raw: String, limit: usize) -> Self {
        if !raw.is_empty() {
            self.0.push(Piece { tone, raw, limit, unbroken: false });
        }
        self
    }

    /// The words, escaped.
    fn words(&self, unicode: bool) -> Vec<(Tone, String)> {
        let mut words = Vec::new();
        for piece in &self.0 {
            let shown = escape::terminal(&piece.raw, piece.limit, unicode);
            if piece.unbroken {
                words.push((piece.tone, shown));
            } else {
                words.extend(shown.split(' ').map(|word| (piece.tone, word.to_owned())));
            }
        }
        words
    }

    /// Columns on one line, and of the longest word.
    pub fn measure(&self, unicode: bool) -> (usize, usize) {
        let words = self.words(unicode);
        let widths = words.iter().map(|(_, word)| columns(word));
        let line = widths.clone().sum::<usize>() + words.len().saturating_sub(1);
        (line, widths.max().unwrap_or(0))
    }

    /// Lines of at most `width` columns; one empty line for an empty text.
    pub fn wrap(&self, width: usize, unicode: bool) -> Vec<Line> {
        let mut lines = vec![Line::default()];
        for (tone, word) in self.words(unicode) {
            put(&mut lines, tone, &word, width.max(1));
        }
        lines.iter_mut().for_each(Line::trim);
        lines
    }
}

/// Adds a word after the last one, on a new line or cut over several where it does not fit.
fn put(lines: &mut Vec<Line>, tone: Tone, word: &str, width: usize) {
    let Some(line) = lines.last_mut() else { return };
    let gap = usize::from(!line.is_fresh());
    if line.width() + gap + columns(word) <= width {
        line.push(tone, word);
        return;
    }
    // A word that needs more than a line of its own starts where there is room, if that is worth it.
    let mut rest = word;
    let mut room = width.saturating_sub(line.width() + gap);
    if columns(word) <= width || 3 * room <= width {
        lines.push(Line::default());
        room = width;
    }
    while !rest.is_empty() {
        let (head, tail) = rest.split_at(fitting(rest, room));
        if let Some(line) = lines.last_mut() {
            line.push(tone, head);
        }
        // Where a few words are kept together, they may be parted at a space.
        rest = tail.trim_start_matches(' ');
        if !rest.is_empty() {
            lines.push(Line::default());
            room = width;
        }
    }
}

/// How many bytes of a word fit; after a separator where one is near, never none.
fn fitting(word: &str, width: usize) -> usize {
    if columns(word) <= width {
        return word.len();
    }
    let (mut used, mut end, mut after_separator) = (0, 0, 0);
    for (at, c) in word.char_indices() {
        used += c.width().unwrap_or(0);
        if used > width && end > 0 {
            break;
        }
        end = at + c.len_utf8();
        if matches!(c, '/' | ',' | ';' | '&' | '?' | '@' | '=' | '-' | '.') && used > width / 2 {
            after_separator = end;
        }
    }
    if after_separator > 0 { after_separator } else { end }
}

/// Display columns of escaped text.
pub(super) fn columns(text: &str) -> usize {
    text.width()
}

/// One line of escaped text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    runs: Vec<(Tone, String)>,
}

impl Line {
    /// Display columns.
    pub fn width(&self) -> usize {
        self.runs.iter().map(|(_, run)| columns(run)).sum()
    }

    fn is_fresh(&self) -> bool {
        self.runs.is_empty()
    }

    fn push(&mut self, tone: Tone, word: &str) {
        match self.runs.last_mut() {
            None if word.is_empty() => {}
            None => self.runs.push((tone, word.to_owned())),
            Some((last, run)) if *last == tone => {
                run.push(' ');
                run.push_str(word);
            }
            Some(_) => {
                self.runs.push((Tone::Plain, " ".to_owned()));
                self.runs.push((tone, word.to_owned()));
            }
        }
    }

    fn trim(&mut self) {
        while let Some((_, run)) = self.runs.last_mut() {
            run.truncate(run.trim_end_matches(' ').len());
            if !run.is_empty() {
                return;
            }
            self.runs.pop();
        }
    }

    /// Writes it without a line end.
    pub fn write(&self, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
        for (tone, run) in &self.runs {
            match tone.sgr().filter(|_| style.color) {
                Some(sgr) => write!(out, "\u{1b}[{sgr}m{run}\u{1b}[0m")?,
                None => out.write_all(run.as_bytes())?,
            }
        }
        Ok(())
    }
}

/// Where lines go: a writer and how it is to look.
pub(super) struct Sheet<'a> {
    pub style: &'a Style,
    pub out: &'a mut dyn io::Write,
}

impl Sheet<'_> {
    /// An empty line.
    pub fn gap(&mut self) -> io::Result<()> {
        self.out.write_all(b"\n")
    }

    /// An empty line and a section's title.
    pub fn heading(&mut self, title: impl Into<String>) -> io::Result<()> {
        self.gap()?;
        self.prose(0, &Text::of(Tone::Strong, title))
    }

    /// Whether a paragraph is one line.
    pub fn fits(&self, indent: usize, text: &Text) -> bool {
        indent + text.measure(self.style.unicode).0 <= self.style.columns()
    }

    /// A paragraph.
    pub fn prose(&mut self, indent: usize, text: &Text) -> io::Result<()> {
        let room = self.style.columns().saturating_sub(indent);
        for line in text.wrap(room, self.style.unicode) {
            self.line(indent, &line)?;
        }
        Ok(())
    }

    /// A paragraph at `start + width`, with a label at `start`.
    pub fn labelled(&mut self, start: usize, label: &'static str, width: usize, text: &Text) -> io::Result<()> {
        let room = self.style.columns().saturating_sub(start + width);
        for (number, line) in text.wrap(room, self.style.unicode).iter().enumerate() {
            indent(self.out, start)?;
            let label = if number == 0 { Text::of(Tone::Dim, label) } else { Text::default() };
            let label = label.wrap(width, self.style.unicode).into_iter().next().unwrap_or_default();
            label.write(self.style, self.out)?;
            self.line(width.saturating_sub(label.width()), line)?;
        }
        Ok(())
    }

    /// An item of a list: the mark, and the text beside it.
    pub fn listed(&mut self, start: usize, mark: &str, text: &Text) -> io::Result<()> {
        let rest = start + columns(mark) + 1;
        let room = self.style.columns().saturating_sub(rest);
        for (number, line) in text.wrap(room, self.style.unicode).iter().enumerate() {
            if number == 0 {
                indent(self.out, start)?;
                write!(self.out, "{mark} ")?;
                self.line(0, line)?;
            } else {
                self.line(rest, line)?;
            }
        }
        Ok(())
    }

    /// A node of a tree: `first` before its first line, `rest` before the others.
    pub fn node(&mut self, by: usize, first: &str, rest: &str, text: &Text) -> io::Result<()> {
        let room = self.style.columns().saturating_sub(by + columns(first));
        for (number, line) in text.wrap(room, self.style.unicode).iter().enumerate() {
            let before = if number == 0 { first } else { rest };
            let mut lead = Line::default();
            lead.push(Tone::Dim, before);
            indent(self.out, by)?;
            lead.write(self.style, self.out)?;
            self.line(0, line)?;
        }
        Ok(())
    }

    /// A line of our own as it stands, however wide: code.
    pub fn verbatim(&mut self, text: &str) -> io::Result<()> {
        self.code(0, &escape::terminal(text, usize::MAX, self.style.unicode))
    }

    /// A command to be copied, whole: continued as a POSIX shell does it, even within a word that is wider than the line.
    pub fn command(&mut self, by: usize, command: &str) -> io::Result<()> {
        let shown = escape::terminal(command, usize::MAX, self.style.unicode);
        let width = self.style.columns();
        let (mut line, mut start) = (String::new(), by);
        for word in shown.split(' ') {
            let gap = if line.is_empty() { "" } else { " " };
            if start + columns(&line) + gap.len() + columns(word) + 2 <= width {
                line = line + gap + word;
                continue;
            }
            if !line.is_empty() {
                self.code(start, &format!("{line} \\"))?;
                start = by;
            }
            // Spaces at the beginning of a line would part a word, so its rest stands at the margin.
            let mut rest = word;
            while start + columns(rest) + 2 > width {
                let (head, tail) = rest.split_at(fitting(rest, width.saturating_sub(start + 1)));
                self.code(start, &format!("{head}\\"))?;
                (rest, start) = (tail, 0);
            }
            rest.clone_into(&mut line);
        }
        self.code(start, &line)
    }

    fn code(&mut self, by: usize, escaped: &str) -> io::Result<()> {
        let mut line = Line::default();
        line.push(Tone::Code, escaped);
        self.line(by, &line)
    }

    fn line(&mut self, by: usize, line: &Line) -> io::Result<()> {
        indent(self.out, by)?;
        line.write(self.style, self.out)?;
        self.out.write_all(b"\n")
    }
}

/// Spaces.
pub(super) fn indent(out: &mut dyn io::Write, by: usize) -> io::Result<()> {
    write!(out, "{:by$}", "")
}
