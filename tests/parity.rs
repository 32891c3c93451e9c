//! Registry, pages, causes, scenarios and schema speak of the same things.

mod common;

use std::{collections::BTreeSet, fs};

use pinflight_checks::{
    cause::{Cause, owners},
    registry,
};
use pinflight_fixtures::{checks, scenarios};
use strum::VariantNames;

#[test]
fn every_check_has_a_page_and_every_page_a_check() {
    let pages: BTreeSet<String> = fs::read_dir(common::project("docs/checks"))
        .unwrap()
        .flat_map(|category| {
            let category = category.unwrap();
            let name = category.file_name().into_string().unwrap();
            let pages = fs::read_dir(category.path()).unwrap();
            pages.map(move |page| format!("{name}/{}", page.unwrap().path().file_stem().unwrap().to_str().unwrap()))
        })
        .collect();
    let registered: BTreeSet<String> = registry::ids().into_iter().map(str::to_owned).collect();
    assert_eq!(pages, registered);
    let embedded: BTreeSet<String> = pinflight::pages::ids().map(str::to_owned).collect();
    assert_eq!(embedded, registered);
    assert_eq!(*checks(), registered, "fixtures/scenarios/baseline.toml");
}

#[test]
fn a_page_has_the_headings_and_explains_every_cause_that_its_check_owns() {
    for id in registry::ids() {
        let page = pinflight::pages::page(id).unwrap();
        let mut rest = page.strip_prefix(&format!("# {id}\n")).unwrap_or_else(|| panic!("{id}: title"));
        for heading in ["What it asks", "Why it matters", "Evidence", "How to mend it", "References"] {
            let (_, behind) =
                rest.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("{id}: {heading}"));
            rest = behind;
        }
        for kind in Cause::VARIANTS.iter().filter(|kind| owners(kind).contains(&id)) {
            assert!(page.contains(&format!("`{kind}`")), "{id} does not explain {kind}");
        }
    }
}

#[test]
fn the_fault_matrix_is_the_one_of_the_scenarios() {
    let page = fs::read_to_string(common::project("docs/fault-matrix.md")).unwrap();
    let update = "cargo run -p pinflight-fixtures --bin matrix > docs/fault-matrix.md";
    assert!(page == pinflight_fixtures::matrix(), "docs/fault-matrix.md is of another day; write it anew: {update}");
    for scenario in scenarios() {
        assert!(page.contains(&format!("| `{}` |", scenario.id)), "{}", scenario.id);
    }
}

#[test]
fn every_cause_has_a_scenario_at_each_of_its_owners() {
    let told: BTreeSet<(&str, &str)> = scenarios()
        .iter()
        .filter_map(|scenario| Some((scenario.cause.as_deref()?, scenario.root.as_deref()?)))
        .collect();
    for scenario in scenarios() {
        let root = scenario.root.as_deref().unwrap_or_default();
        assert!(scenario.also.keys().all(|kind| owners(kind).contains(&root)), "{}: {:?}", scenario.id, scenario.also);
    }
    let mut missing = Vec::new();
    for kind in Cause::VARIANTS {
        for owner in owners(kind) {
            if !told.contains(&(*kind, *owner)) {
                missing.push(format!("{kind} by {owner}"));
            }
        }
    }
    assert!(missing.is_empty(), "no scenario shows {}", missing.join(", "));
    let healthy = scenarios().iter().filter(|scenario| scenario.healthy).count();
    assert!(healthy >= 6 && scenarios().len() - healthy >= 40);
}
