//! README and docs/, as Markdown.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::common;

/// One document.
pub struct Page {
    /// As seen from the project's folder: docs/guides/fleet.md.
    pub name: String,
    pub text: String,
}

/// Code that stands by itself.
pub struct Block {
    pub line: usize,
    /// The word behind the fence; empty: none, or indented.
    pub language: String,
    pub text: String,
}

impl Page {
    /// README, and every page of docs/.
    pub fn all() -> Vec<Self> {
        let mut files = vec![common::project("README.md")];
        below(&common::project("docs"), &mut files);
        let pages = files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "md"));
        let mut pages: Vec<Self> = pages.map(|file| Self::read(file)).collect();
        pages.sort_by(|a, b| a.name.cmp(&b.name));
        pages
    }

    /// The one of that name.
    pub fn of(name: &str) -> Self {
        Self::read(&common::project(name))
    }

    fn read(file: &Path) -> Self {
        let name = file.strip_prefix(common::project("")).unwrap().to_str().unwrap().replace('\\', "/");
        Self { name, text: fs::read_to_string(file).unwrap() }
    }

    pub fn is_summary(&self) -> bool {
        self.name == "docs/SUMMARY.md"
    }

    /// Its code, in its order.
    pub fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut open = false;
        for (event, range) in parser(&self.text).into_offset_iter() {
            match event {
                Event::Start(Tag::CodeBlock(kind)) => {
                    let language = match kind {
                        CodeBlockKind::Fenced(words) => words.to_string(),
                        CodeBlockKind::Indented => String::new(),
                    };
                    let line = 1 + self.text[..range.start].matches('\n').count();
                    blocks.push(Block { line, language, text: String::new() });
                    open = true;
                }
                Event::Text(text) if open => blocks.last_mut().unwrap().text.push_str(&text),
                Event::End(TagEnd::CodeBlock) => open = false,
                _ => {}
            }
        }
        blocks
    }

    /// Code within sentences.
    pub fn spans(&self) -> Vec<String> {
        let span = |event| if let Event::Code(text) = event { Some(text.to_string()) } else { None };
        parser(&self.text).filter_map(span).collect()
    }

    /// Where its links lead, as they stand there.
    pub fn links(&self) -> Vec<String> {
        let target = |event| match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => Some(dest_url.to_string()),
            _ => None,
        };
        parser(&self.text).filter_map(target).collect()
    }

    /// What `#` in a link to it may name: its headings, as repository hosts and mdBook write them.
    pub fn anchors(&self) -> BTreeSet<String> {
        let mut anchors = BTreeSet::new();
        let mut heading: Option<String> = None;
        for event in parser(&self.text) {
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                Event::End(TagEnd::Heading(_)) => {
                    let text = heading.take().unwrap().to_lowercase();
                    let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
                    let anchor = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
                    assert!(anchors.insert(anchor), "{}: two headings read {text:?}", self.name);
                }
                _ => {}
            }
        }
        anchors
    }
}

fn parser(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES)
}

/// Every file in and below a folder.
pub fn below(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            below(&path, files);
        } else {
            files.push(path);
        }
    }
}
