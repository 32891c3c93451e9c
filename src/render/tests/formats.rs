//! Each format of a sound deployment whole, and what a fault of each category changes in it.

use similar::TextDiff;

use super::{
    super::sample::{self, faulty},
    Style, formats, shown,
};

/// Formats whose look depends on no width: all but the table and the chat message, which have tests of their own.
fn fixed() -> impl Iterator<Item = &'static str> {
    formats().iter().map(|format| format.id()).filter(|id| !matches!(*id, "table" | "short"))
}

#[test]
fn a_sound_deployment_in_every_format() {
    for format in fixed() {
        insta::assert_snapshot!(format!("healthy_{format}"), shown(format, &sample::healthy(), Style::default()));
    }
}

#[test]
fn what_people_read_is_looked_at_whole() {
    let others = ["firewall_shut", "pin_mismatch", "one_vantage", "selected", "hostile"];
    for (name, report) in super::samples().into_iter().filter(|(name, _)| others.contains(name)) {
        for format in ["markdown", "html"] {
            insta::assert_snapshot!(format!("{name}_{format}"), shown(format, &report, Style::default()));
        }
    }
}

#[test]
fn a_fault_of_each_category_in_every_format() {
    for (category, report) in faulty::by_category() {
        let mut told = String::new();
        for format in fixed() {
            let sound = shown(format, &sample::healthy(), Style::default());
            let faulty = shown(format, &report, Style::default());
            let lines = TextDiff::from_lines(&sound, &faulty).unified_diff().context_radius(0).to_string();
            // Where a line stands is nobody's concern.
            let lines = lines.lines().map(|line| if line.starts_with("@@ ") { "@@" } else { line });
            told = format!("{told}==== {format}\n{}\n", lines.collect::<Vec<_>>().join("\n"));
        }
        insta::assert_snapshot!(format!("fault_{}", category.replace('-', "_")), told);
    }
}
