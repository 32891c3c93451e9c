//! Markdown for a terminal, as far as the pages of the checks use it: headings, paragraphs, lists, tables and code.

use std::io;

use super::{
    Style,
    text::{Sheet, Text, Tone},
};

/// Writes Markdown wrapped to the style's width; code blocks and tables stay as they are.
pub fn markdown(text: &str, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let mut sheet = Sheet { style, out };
    for block in blocks(text) {
        match block {
            Block::Gap => sheet.gap()?,
            Block::Heading(text) => sheet.prose(0, &Text::of(Tone::Strong, inline(&text)))?,
            Block::Paragraph(text) => sheet.prose(0, &coded(&text))?,
            Block::Item { indent, mark, text } => {
                sheet.listed(indent, &mark, &coded(&text))?;
            }
            Block::Verbatim(line) => sheet.verbatim(&line)?,
        }
    }
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
enum Block {
    Gap,
    Heading(String),
    Paragraph(String),
    Item { indent: usize, mark: String, text: String },
    Verbatim(String),
}

/// Lines that belong together.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        let body = line.trim();
        if body.starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            blocks.push(Block::Verbatim(format!("    {line}")));
        } else if body.is_empty() {
            blocks.push(Block::Gap);
        } else if let Some(title) = heading(body) {
            blocks.push(Block::Heading(title.to_owned()));
        } else if body.starts_with('|') {
            blocks.push(Block::Verbatim(line.to_owned()));
        } else if let Some((mark, text)) = item(body) {
            let indent = line.len() - line.trim_start().len();
            blocks.push(Block::Item { indent, mark: mark.to_owned(), text: text.to_owned() });
        } else {
            match blocks.last_mut() {
                Some(Block::Paragraph(text) | Block::Item { text, .. }) => {
                    text.push(' ');
                    text.push_str(body);
                }
                _ if line.starts_with("    ") => blocks.push(Block::Verbatim(line.to_owned())),
                Some(_) | None => blocks.push(Block::Paragraph(body.to_owned())),
            }
        }
    }
    while blocks.last() == Some(&Block::Gap) {
        blocks.pop();
    }
    blocks
}

fn heading(line: &str) -> Option<&str> {
    line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#'))
}

fn item(line: &str) -> Option<(&str, &str)> {
    let (mark, text) = line.split_once(' ')?;
    let numbered = mark.strip_suffix('.').is_some_and(|digits| digits.parse::<u32>().is_ok());
    (matches!(mark, "-" | "*" | "+") || numbered).then_some((mark, text))
}

/// Text with its code in another tone. Words that code and prose share (`` `x`, ``) follow their beginning.
fn coded(text: &str) -> Text {
    let mut words: Vec<(Tone, String)> = Vec::new();
    let mut code = false;
    for word in text.split(' ') {
        let tone =
            if code || word.trim_start_matches(['(', '*', '[']).starts_with('`') { Tone::Code } else { Tone::Plain };
        code ^= word.matches('`').count() % 2 == 1;
        match words.last_mut() {
            Some((last, run)) if *last == tone => {
                run.push(' ');
                run.push_str(word);
            }
            _ => words.push((tone, word.to_owned())),
        }
    }
    words.into_iter().fold(Text::default(), |text, (tone, run)| text.and_whole(tone, inline(&run)))
}

/// Without the marks of emphasis and code; links as their text and address.
fn inline(text: &str) -> String {
    let text = text.replace("**", "").replace('`', "");
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(link) = Link::first(rest) {
        shown.push_str(link.before);
        shown.push_str(link.text);
        if link.text != link.address {
            shown.push_str(" (");
            shown.push_str(link.address);
            shown.push(')');
        }
        rest = link.after;
    }
    shown + rest
}

struct Link<'a> {
    before: &'a str,
    text: &'a str,
    address: &'a str,
    after: &'a str,
}

impl<'a> Link<'a> {
    fn first(text: &'a str) -> Option<Self> {
        let (before, rest) = text.split_once('[')?;
        let (words, rest) = rest.split_once("](")?;
        let (address, after) = rest.split_once(')')?;
        Some(Self { before, text: words, address, after })
    }
}
