//! Links of the documents, and the book that mdBook makes of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Component, Path, PathBuf},
    process::Command,
};

use super::{
    bench::found,
    common,
    html::{self, Tag},
    page::{self, Page},
};

#[test]
fn every_link_leads_to_a_file_and_to_a_heading_of_it() {
    let mut wrong = Vec::new();
    for page in Page::all() {
        let folder = Path::new(&page.name).parent().unwrap();
        for link in page.links() {
            if link.contains(':') {
                assert!(link.starts_with("https://"), "{}: {link}", page.name);
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { PathBuf::from(&page.name) } else { flat(&folder.join(file)) };
            // The book holds docs/ and nothing else.
            let leaves_the_book = page.name.starts_with("docs/") && !target.starts_with("docs");
            let is_there = common::project(target.to_str().unwrap()).exists();
            let has_anchor = anchor.is_empty() || Page::of(target.to_str().unwrap()).anchors().contains(anchor);
            if leaves_the_book || !is_there || !has_anchor {
                wrong.push(format!("{}: {link}", page.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_summary_has_every_page_once() {
    let mut listed = Page::of("docs/SUMMARY.md").links();
    listed.sort();
    let pages = Page::all();
    let there: Vec<&str> =
        pages.iter().filter(|page| !page.is_summary()).filter_map(|page| page.name.strip_prefix("docs/")).collect();
    assert_eq!(listed, there);
}

#[test]
fn every_page_is_called_in_the_summary_as_it_calls_itself() {
    let summary = Page::of("docs/SUMMARY.md");
    for line in summary.text.lines().filter_map(|line| line.trim_start_matches([' ', '-']).strip_prefix('[')) {
        let (title, rest) = line.split_once("](").unwrap();
        let page = Page::of(&format!("docs/{}", rest.trim_end_matches(')')));
        // A page of commands is called by what it tells.
        if page.name.starts_with("docs/reference/") && title.chars().next().unwrap().is_lowercase() {
            continue;
        }
        let heading = page.text.lines().next().unwrap();
        assert!(heading == format!("# {title}") || page.name == "docs/introduction.md", "{}: {title}", page.name);
    }
}

/// Without `.` and `..`.
fn flat(path: &Path) -> PathBuf {
    let mut flat = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => assert!(flat.pop(), "{} leaves the project", path.display()),
            Component::CurDir => {}
            part => flat.push(part),
        }
    }
    flat
}

#[test]
#[ignore = "needs mdBook (.ci/run installs it)"]
fn the_built_book_is_whole_and_loads_nothing_from_elsewhere() {
    let output = Command::new(found("mdbook")).arg("build").current_dir(common::project("")).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && !told.contains("WARN") && !told.contains("ERROR"), "{told}");

    let book = common::project("target/book");
    let mut files = Vec::new();
    page::below(&book, &mut files);
    let texts: BTreeMap<&PathBuf, String> =
        of_kind(&files, "html").map(|file| (file, fs::read_to_string(file).unwrap())).collect();
    let documents: BTreeMap<&PathBuf, Vec<Tag>> = texts.iter().map(|(file, text)| (*file, html::tags(text))).collect();
    for page in Page::all().iter().filter(|page| page.name.starts_with("docs/") && !page.is_summary()) {
        let html = book.join(page.name.strip_prefix("docs/").unwrap()).with_extension("html");
        assert!(documents.contains_key(&html), "{} is not in the book", page.name);
    }
    let ids: BTreeMap<&PathBuf, BTreeSet<&str>> =
        documents.iter().map(|(file, tags)| (*file, tags.iter().filter_map(|tag| tag.get("id")).collect())).collect();
    let mut wrong = Vec::new();
    for (file, tags) in &documents {
        // The page that a server shows for any address that is not there has its links from the root of the site.
        let folder = if file.ends_with("404.html") { &book } else { file.parent().unwrap() };
        for tag in tags.iter().filter(|tag| tag.name != "base") {
            for value in ["href", "src", "action", "data", "poster"].iter().filter_map(|name| tag.get(name)) {
                let is_elsewhere = value.contains(':') || value.starts_with("//");
                // What a reader follows may lead anywhere; all else is loaded unasked.
                if is_elsewhere && tag.name == "a" && value.starts_with("https://") {
                    continue;
                }
                let (target, anchor) = value.split_once('#').unwrap_or((value, ""));
                let target = if target.is_empty() {
                    (*file).clone()
                } else {
                    flat(&folder.join(target.trim_start_matches('/')))
                };
                let has_anchor = anchor.is_empty() || ids.get(&target).is_none_or(|ids| ids.contains(anchor));
                if is_elsewhere || !target.is_file() || !has_anchor {
                    wrong.push(format!("{}: <{} …{value}>", file.display(), tag.name));
                }
            }
            // mdBook's script asks play.rust-lang.org where one of these is.
            if tag.get("class").is_some_and(|class| class.split(' ').any(|class| class == "playground")) {
                wrong.push(format!("{}: a playground", file.display()));
            }
        }
    }
    for file in of_kind(&files, "css") {
        let text = fs::read_to_string(file).unwrap();
        for address in text.split("url(").skip(1).filter_map(|rest| rest.split(')').next()) {
            let address = address.trim_matches(['"', '\'']);
            let is_there = address.starts_with("data:") || file.parent().unwrap().join(address).is_file();
            if !is_there {
                wrong.push(format!("{} loads {address}", file.display()));
            }
        }
        if text.contains("@import") {
            wrong.push(format!("{} imports", file.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for schema in fs::read_dir(common::project("docs/schema")).unwrap() {
        assert!(book.join("schema").join(schema.unwrap().file_name()).is_file());
    }
}

fn of_kind<'a>(files: &'a [PathBuf], ending: &'static str) -> impl Iterator<Item = &'a PathBuf> {
    files.iter().filter(move |file| file.extension().is_some_and(|of| of == ending))
}
