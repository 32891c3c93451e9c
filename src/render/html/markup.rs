//! Markup: our own is written as it stands, anything else gets into it escaped, or not at all.

use std::io;

use pinflight_checks::outcome::{Evidence, State, Target};

use super::super::{
    escape,
    reading::{sentence, value},
    table::word,
};

/// A piece of a page.
#[derive(Default)]
pub(super) struct Html(String);

impl Html {
    /// Markup of our own, which nobody else has a say in.
    pub fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// A start tag. Attributes' values may come from anywhere.
    pub fn open(&mut self, tag: &'static str, attributes: &[(&'static str, &str)]) -> &mut Self {
        self.raw("<").raw(tag);
        for (name, text) in attributes {
            self.raw(" ").raw(name).raw("=\"");
            self.escaped(text).raw("\"");
        }
        self.raw(">")
    }

    /// An end tag; a line of its own for those that stand on their own.
    pub fn close(&mut self, tag: &'static str) -> &mut Self {
        self.raw("</").raw(tag);
        let inline =
            matches!(tag, "code" | "span" | "strong" | "a" | "text" | "title" | "summary" | "dt" | "th" | "td" | "li");
        self.raw(if inline { ">" } else { ">\n" })
    }

    /// An element with nothing but text in it.
    pub fn element(&mut self, tag: &'static str, attributes: &[(&'static str, &str)], text: &str) -> &mut Self {
        self.open(tag, attributes).sentence(text).close(tag)
    }

    /// A value.
    pub fn text(&mut self, text: &str) -> &mut Self {
        let shown = value(text);
        self.escaped(&shown)
    }

    /// A sentence, or a list of ours.
    pub fn sentence(&mut self, text: &str) -> &mut Self {
        let shown = sentence(text);
        self.escaped(&shown)
    }

    /// A value in the type of code.
    pub fn code(&mut self, text: &str) -> &mut Self {
        self.open("code", &[]).text(text).close("code")
    }

    /// A host, broken over lines at its dots if at all.
    pub fn host(&mut self, host: &str) -> &mut Self {
        for (at, label) in value(host).split('.').enumerate() {
            self.raw(if at > 0 { ".<wbr>" } else { "" }).escaped(label);
        }
        self
    }

    /// A command, whole.
    pub fn command(&mut self, command: &str) -> &mut Self {
        let shown = escape::terminal(command, usize::MAX, true);
        self.raw("<pre><code>").escaped(&shown).raw("</code></pre>\n")
    }

    /// Another piece.
    pub fn add(&mut self, piece: &Self) -> &mut Self {
        self.0.push_str(&piece.0);
        self
    }

    /// Sign and word of an outcome.
    pub fn mark(&mut self, state: State) -> &mut Self {
        let words = format!("{} {}", sign(state), word(state));
        self.element("span", &[("class", &format!("mark {}", state.id()))], &words)
    }

    /// Targets, one after the other.
    pub fn targets(&mut self, targets: &[&Target]) -> &mut Self {
        self.raw("<ul class=\"targets\">");
        for target in targets {
            self.raw("<li>").code(&target.to_string()).raw("</li>");
        }
        self.raw("</ul>\n")
    }

    /// What was seen, folded; nothing for nothing.
    pub fn evidence(&mut self, evidence: &Evidence) -> &mut Self {
        if evidence.0.is_empty() {
            return self;
        }
        self.raw("<details><summary>Evidence</summary>\n<dl>");
        for fact in &evidence.0 {
            self.raw("<dt>").text(fact.label).raw("</dt><dd>").code(&fact.value).raw("</dd>\n");
        }
        self.raw("</dl></details>\n")
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Ends it: it is written, and held no longer.
    pub fn write(self, out: &mut dyn io::Write) -> io::Result<()> {
        out.write_all(self.0.as_bytes())
    }

    /// What was made visible already, for an element or a quoted attribute.
    fn escaped(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c if escape::is_hidden(c) => self.0.extend(c.escape_unicode()),
                c => self.0.push(c),
            }
        }
        self
    }
}

/// So that no colour is the only sign.
pub(super) fn sign(state: State) -> &'static str {
    match state {
        State::Skipped => "–",
        State::Pass => "✓",
        State::Warn => "!",
        State::NotObserved => "?",
        State::Fail => "✗",
    }
}
