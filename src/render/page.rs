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
            Block::Heading(text) => sheet.prose(0, &Text::of(Tone::Strong, inline(&text, style)))?,
            Block::Paragraph { indent, text } => sheet.prose(indent, &coded(&text, style))?,
            Block::Item { indent, mark, text } => sheet.listed(indent, &mark, &coded(&text, style))?,
            Block::Verbatim(line) => sheet.verbatim(&line)?,
        }
    }
    Ok(())
}

#[derive(Debug, PartialEq, Eq)]
enum Block {
    Gap,
    Heading(String),
    Paragraph { indent: usize, text: String },
    Item { indent: usize, mark: String, text: String },
    Verbatim(String),
}

/// Lines that belong together.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut fenced = false;
    // Where the text of the list item begins that the line may belong to; code lies four columns further in.
    let mut base = 0;
    for line in text.lines() {
        let body = line.trim();
        let indent = line.len() - line.trim_start().len();
        let detached = matches!(blocks.last(), None | Some(Block::Gap | Block::Verbatim(_)));
        if body.starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            blocks.push(Block::Verbatim(format!("    {line}")));
        } else if body.is_empty() {
            blocks.push(Block::Gap);
        } else if (detached && indent >= base + 4) || body.starts_with('|') {
            blocks.push(Block::Verbatim(line.to_owned()));
        } else if let Some(title) = heading(body) {
            base = 0;
            blocks.push(Block::Heading(title.to_owned()));
        } else if let Some((mark, text)) = item(body) {
            base = indent + mark.len() + 1;
            blocks.push(Block::Item { indent, mark: mark.to_owned(), text: text.trim_start().to_owned() });
        } else if let Some(Block::Paragraph { text, .. } | Block::Item { text, .. }) = blocks.last_mut() {
            text.push(' ');
            text.push_str(body);
        } else {
            base = if indent == 0 { 0 } else { base };
            blocks.push(Block::Paragraph { indent, text: body.to_owned() });
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
fn coded(text: &str, style: &Style) -> Text {
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
    words.into_iter().fold(Text::default(), |text, (tone, run)| text.and_whole(tone, inline(&run, style)))
}

/// Without the marks of emphasis, and of code where colour tells it; links as their text and address.
fn inline(text: &str, style: &Style) -> String {
    let text = text.replace("**", "");
    let text = if style.color { text.replace('`', "") } else { text };
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

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\
# certificate/path

Every chain has a **valid** path, as [RFC 5280](https://www.rfc-editor.org/rfc/rfc5280) says.
It wraps where the `terminal does`, not where the file does.

- `expired`: a leaf
  or an issuer.
  - nested, with code of its own:

        # not a heading
        openssl x509 -noout -subject -dates

  and a paragraph of the item.

1. numbered

| a | b |
|---|---|

```sh
echo '- verbatim'
```
";

    fn shown(style: Style) -> String {
        let mut out = Vec::new();
        markdown(PAGE, &style, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_page_is_wrapped_and_its_code_is_not() {
        let expected = "\
certificate/path

Every chain has a valid path, as RFC 5280
(https://www.rfc-editor.org/rfc/rfc5280) says. It wraps
where the `terminal does`, not where the file does.

- `expired`: a leaf or an issuer.
  - nested, with code of its own:

        # not a heading
        openssl x509 -noout -subject -dates

  and a paragraph of the item.

1. numbered

| a | b |
|---|---|

    echo '- verbatim'
";
        assert_eq!(shown(Style { width: 60, ..Style::default() }), expected);
    }

    #[test]
    fn colour_takes_the_place_of_backticks() {
        let text = shown(Style { color: true, ..Style::default() });
        assert!(text.starts_with("\u{1b}[1mcertificate/path\u{1b}[0m\n"), "{text}");
        assert!(text.contains("\u{1b}[36mterminal does,\u{1b}[0m"), "{text}");
        assert!(!text.contains('`'), "{text}");
    }
}
