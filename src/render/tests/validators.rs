//! What other people's validators say of each format, over every sample.

use std::{fs, path::Path, process::Command};

use pinflight_checks::report::Report;

use super::{super::sample::faulty, Style, samples, shown};

fn every_sample() -> impl Iterator<Item = (String, Report)> {
    let faults = faulty::by_category().into_iter().map(|(name, report)| (format!("fault in {name}"), report));
    samples().into_iter().map(|(name, report)| (name.to_owned(), report)).chain(faults)
}

/// Runs a validator over each sample in a file of this name; what it says where it does not end in 0.
fn refusals(format: &str, file: &str, validator: &dyn Fn(&Path) -> Command) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file);
    let told = every_sample().filter_map(|(name, report)| {
        fs::write(&path, shown(format, &report, Style::default())).unwrap();
        let mut command = validator(&path);
        let output = command.output().unwrap_or_else(|error| panic!("{command:?} is needed for this test: {error}"));
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (!output.status.success()).then(|| format!("{name}: {said}"))
    });
    told.collect()
}

fn nothing() -> Vec<String> {
    Vec::new()
}

#[test]
fn sarif_fits_the_schema_of_its_standard() {
    let mut schema: serde_json::Value =
        serde_json::from_str(include_str!("../../../tests/formats/sarif-2.1.0.json")).unwrap();
    // As published, the pattern for `language`, which is not used here, is no regular expression.
    for object in ["run", "toolComponent"] {
        schema["definitions"][object]["properties"]["language"].as_object_mut().unwrap().remove("pattern").unwrap();
    }
    let validator = jsonschema::draft7::new(&schema).unwrap();
    for (name, report) in every_sample() {
        let log = serde_json::from_str(&shown("sarif", &report, Style::default())).unwrap();
        let errors = validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path()));
        assert_eq!(errors.collect::<Vec<_>>(), nothing(), "{name}");
    }
}

#[test]
fn junit_fits_the_schema_in_common_use() {
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/formats/junit-10.xsd");
    let xmllint = |path: &Path| {
        let mut command = Command::new("xmllint");
        command.args(["--noout", "--nonet", "--schema", schema]).arg(path);
        command
    };
    assert_eq!(refusals("junit", "report.xml", &xmllint), nothing());
}

#[test]
#[ignore = "needs html-validate from npm; .ci/full installs it"]
fn validators_html_is_valid() {
    let html_validate = |path: &Path| {
        let mut command = Command::new("html-validate");
        command.args(["--preset", "standard"]).arg(path);
        command
    };
    assert_eq!(refusals("html", "report.html", &html_validate), nothing());
}

#[test]
#[ignore = "needs promtool; .ci/full installs it"]
fn validators_promtool_takes_the_metrics() {
    let promtool = |path: &Path| {
        let mut command = Command::new("promtool");
        command.args(["check", "metrics"]).stdin(fs::File::open(path).unwrap());
        command
    };
    assert_eq!(refusals("prometheus", "pinflight.prom", &promtool), nothing());
}
