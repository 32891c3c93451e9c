//! Whatever a peer says is text in every format, and nothing else: a report full of orders and markup has the same structure as
//! its twin with harmless words in the same places.

use pulldown_cmark::{Event as Mark, Options, Parser};
use quick_xml::{Reader, events::Event};
use serde_json::Value;

use super::{
    super::{escape::is_hidden, sample},
    Style, formats, shown,
};

#[test]
fn orders_and_markup_of_a_peer_are_text_in_every_format() {
    let (hostile, twin) = (sample::hostile(), sample::of_strangers("harmless, of https://evil.example/c"));
    for format in formats().iter().map(|format| format.id()) {
        let text = shown(format, &hostile, Style::default());
        let hidden = text.chars().find(|c| *c != '\n' && is_hidden(*c));
        assert_eq!(hidden, None, "{format}");
        assert!(text.ends_with('\n'), "{format}");
        assert_eq!(structure(format, &text), structure(format, &shown(format, &twin, Style::default())), "{format}");
        let orders =
            |line: &&str| line.trim_start().starts_with("::") || line.contains("##[") || line.contains("##vso[");
        if !matches!(format, "github" | "json" | "jsonl") {
            assert_eq!(text.lines().find(orders), None, "{format}");
        }
        // The long text was there to be shown.
        assert!(text.contains("xxxxxxxxxx"), "{format}");
    }
}

/// What a reader of the format makes of a text, without the words in it.
fn structure(format: &str, text: &str) -> Vec<String> {
    match format {
        "json" | "sarif" => shape(&serde_json::from_str(text).unwrap()),
        "jsonl" => text.lines().flat_map(|line| shape(&serde_json::from_str(line).unwrap())).collect(),
        "junit" => elements(text),
        "github" => text.lines().map(annotation).collect(),
        "tap" => text.lines().map(|line| line.split([':', '"', '#']).next().unwrap().to_owned()).collect(),
        "nagios" => plugin_line(text),
        "prometheus" => text.lines().map(sample_line).collect(),
        // Words wrap differently; what hides in them is looked for above.
        "markdown" => marks(text),
        "html" => tags(text),
        "table" | "short" => Vec::new(),
        format => panic!("{format} has no reader here"),
    }
}

/// The keys of a document, and the kinds of its values.
fn shape(value: &Value) -> Vec<String> {
    match value {
        Value::Object(map) => map.iter().flat_map(|(key, value)| prefixed(key, &shape(value))).collect(),
        Value::Array(items) => items.iter().flat_map(|value| prefixed("[]", &shape(value))).collect(),
        Value::String(_) => vec!["text".to_owned()],
        other => vec![other.to_string()],
    }
}

fn prefixed(key: &str, shape: &[String]) -> Vec<String> {
    shape.iter().map(|rest| format!("{key} {rest}")).collect()
}

/// Elements with the names of their attributes.
fn elements(text: &str) -> Vec<String> {
    let mut reader = Reader::from_str(text);
    let mut found = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => return found,
            Event::Start(start) | Event::Empty(start) => {
                let names = start.attributes().map(|attribute| attribute.unwrap());
                let names = names.map(|attribute| String::from_utf8(attribute.key.0.to_vec()).unwrap());
                let name = String::from_utf8(start.name().0.to_vec()).unwrap();
                found.push(format!("{name} {}", names.collect::<Vec<_>>().join(" ")));
            }
            Event::Comment(_) | Event::CData(_) | Event::PI(_) | Event::DocType(_) => panic!("not ours"),
            Event::Text(_) | Event::End(_) | Event::Decl(_) | Event::GeneralRef(_) => {}
        }
    }
}

/// Blocks and tables, and the markup that is ours; what stands in a code span is text.
fn marks(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for event in Parser::new_ext(text, Options::all()) {
        let one = match event {
            Mark::Text(words) => {
                for sign in ["://", "www.", "@", "#"] {
                    assert!(
                        !words.contains(sign) || found.last().is_some_and(|last| last.contains("CodeBlock")),
                        "{words}"
                    );
                }
                "words".to_owned()
            }
            Mark::Code(_) => "words".to_owned(),
            Mark::Html(markup) => markup.trim().to_owned(),
            Mark::Start(tag) => format!("{tag:?}"),
            other => format!("{other:?}"),
        };
        if one != "words" || found.last() != Some(&one) {
            found.push(one);
        }
    }
    let html = ["<details><summary>Every check</summary>", "</details>"];
    let ours = |one: &&String| !one.starts_with('<') || html.contains(&one.as_str());
    assert_eq!(found.iter().find(|one| !ours(one)), None);
    assert_eq!(
        found.iter().find(|one| ["Link", "Image", "Inline", "Math", "Footnote"].iter().any(|tag| one.starts_with(tag))),
        None
    );
    found
}

/// Tags with the names of their attributes.
fn tags(text: &str) -> Vec<String> {
    let (_, text) = text.split_once("</style>").unwrap();
    let mut found = Vec::new();
    for part in text.split('<').skip(1) {
        let (tag, words) = part.split_once('>').unwrap();
        assert!(!words.contains('>'), "{part}");
        let names = tag.split('"').step_by(2).map(|name| name.trim_end_matches('='));
        found.push(names.collect::<Vec<_>>().join(" "));
    }
    assert!(!found.iter().any(|tag| ["script", "img", "iframe", "link"].iter().any(|bad| tag.starts_with(bad))));
    found
}

/// As the runner reads a line: the command and the names of its properties.
fn annotation(line: &str) -> String {
    let (command, message) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
    let (level, properties) = command.split_once(' ').unwrap();
    let names: Vec<&str> = properties.split(',').map(|property| property.split_once('=').unwrap().0).collect();
    let percents = message.split('%').skip(1).all(|rest| ["25", "0A", "0D"].iter().any(|code| rest.starts_with(code)));
    assert!(percents, "{line}");
    format!("{level} {}", names.join(","))
}

/// One line, one bar, and nothing that a shell obeys.
fn plugin_line(text: &str) -> Vec<String> {
    assert_eq!(text.lines().count(), 1);
    let (words, data) = text.trim_end().split_once(" | ").unwrap();
    assert_eq!(words.find(['|', '`', '$', '"', '\'', '<', '>', '&', '\\']), None, "{words}");
    let mut labels = Vec::new();
    let mut rest = data;
    while !rest.is_empty() {
        let (label, after) = match rest.strip_prefix('\'') {
            Some(quoted) => quoted.split_once("'=").unwrap(),
            None => rest.split_once('=').unwrap(),
        };
        let (numbers, after) = after.split_once(' ').unwrap_or((after, ""));
        assert!(numbers.chars().all(|c| c.is_ascii_digit() || matches!(c, ';' | '-')), "{numbers}");
        assert!(label.chars().all(|c| c.is_ascii_alphanumeric() || " _.-*".contains(c)), "{label}");
        labels.push(label.split(' ').next().unwrap().to_owned());
        rest = after;
    }
    labels
}

/// The metric and the names of its labels; a comment's first two words.
fn sample_line(line: &str) -> String {
    if let Some(comment) = line.strip_prefix("# ") {
        return comment.split(' ').take(2).collect::<Vec<_>>().join(" ");
    }
    let Some((metric, rest)) = line.split_once('{') else { return line.split(' ').next().unwrap().to_owned() };
    let mut names = vec![metric.to_owned()];
    let mut rest = rest;
    while !rest.starts_with('}') {
        let (name, value) = rest.trim_start_matches(',').split_once("=\"").unwrap();
        names.push(name.to_owned());
        let mut escaped = false;
        let end = value.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        rest = &value[end.unwrap() + 1..];
    }
    assert!(rest.strip_prefix("} ").unwrap().parse::<f64>().is_ok(), "{line}");
    names.join(" ")
}
