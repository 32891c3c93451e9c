//! The alerts that the guide to monitoring shows.

use std::{collections::BTreeSet, fs, process::Command};

use super::{bench::found, common, page::Page};

/// The rules, as somebody would copy them.
fn rules() -> String {
    let blocks = Page::of("docs/guides/monitoring.md").blocks();
    blocks.into_iter().find(|block| block.text.starts_with("groups:\n")).unwrap().text
}

#[test]
fn alerts_go_by_metrics_that_are_written() {
    let demo = common::pinflight().args(["demo", "-q", "-o", "prometheus"]).output().unwrap();
    let written = String::from_utf8(demo.stdout).unwrap();
    let mut used = BTreeSet::new();
    for expression in rules().lines().filter_map(|line| line.trim().strip_prefix("expr: ")) {
        for (begin, _) in expression.match_indices("pinflight_") {
            let end = expression[begin..]
                .find(|c: char| !c.is_ascii_lowercase() && c != '_')
                .map_or(expression.len(), |end| begin + end);
            let name = &expression[begin..end];
            let labels =
                expression[end..].strip_prefix('{').and_then(|rest| rest.split('}').next()).unwrap_or_default();
            let is_written = written.lines().any(|line| {
                line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['{', ' ']) && rest.contains(labels))
            });
            assert!(is_written, "{name} with {labels:?}");
            used.insert(name.to_owned());
        }
    }
    assert!(used.len() >= 5, "{used:?}");
}

#[test]
#[ignore = "needs promtool (.ci/full installs it)"]
fn promtool_accepts_the_alerts_and_they_come_when_they_should() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("alerts.yml"), rules()).unwrap();
    fs::copy(common::project("tests/documents/alerts.test.yml"), folder.path().join("alerts.test.yml")).unwrap();
    for words in [["check", "rules", "alerts.yml"], ["test", "rules", "alerts.test.yml"]] {
        let output = Command::new(found("promtool")).args(words).current_dir(folder.path()).output().unwrap();
        let told = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap()).concat();
        assert!(output.status.success(), "{told}");
    }
}
