//! Every sample in every format, at every width.

mod escaping;
mod formats;
mod schema;
mod validators;

use std::sync::Arc;

use pinflight_checks::{
    client::{Kind, PlaceEnding},
    deployment::{Endpoint, Vantage},
    outcome::Target,
};
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

use super::{
    Show, Style, by_name, formats, sample,
    text::{Sheet, Text, Tone},
};

fn shown(format: &str, report: &pinflight_checks::report::Report, style: Style) -> String {
    let mut out = Vec::new();
    by_name(format).unwrap().render(report, &style, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn wide(width: usize) -> Style {
    Style { width, ..Style::default() }
}

fn samples() -> [(&'static str, pinflight_checks::report::Report); 8] {
    [
        ("healthy", sample::healthy()),
        ("firewall_shut", sample::firewall_shut()),
        ("pin_mismatch", sample::pin_mismatch()),
        ("one_vantage", sample::one_vantage()),
        ("vantage_ready", sample::vantage_ready()),
        ("selected", sample::selected()),
        ("hostile", sample::hostile()),
        ("hundred_findings", sample::hundred_findings()),
    ]
}

#[test]
fn tables_as_an_admin_sees_them() {
    for (name, report) in samples() {
        for width in [60, 80, 120] {
            insta::assert_snapshot!(format!("{name}_{width}"), shown("table", &report, wide(width)));
        }
        insta::assert_snapshot!(format!("{name}_short"), shown("short", &report, wide(80)));
    }
}

#[test]
fn other_styles() {
    let report = sample::pin_mismatch();
    let ascii = Style { unicode: false, ..Style::default() };
    insta::assert_snapshot!("pin_mismatch_ascii", shown("table", &report, ascii));
    let color = Style { color: true, ..Style::default() };
    insta::assert_snapshot!("pin_mismatch_color", shown("table", &report, color));
    let all = Style { show: Show::All, ..Style::default() };
    insta::assert_snapshot!("pin_mismatch_all", shown("table", &report, all));
    let failures = Style { show: Show::Failures, ..Style::default() };
    insta::assert_snapshot!("pin_mismatch_failures", shown("table", &report, failures));
    insta::assert_snapshot!("pin_mismatch_failures_markdown", shown("markdown", &report, failures));
}

/// Without the colours, which take no room.
fn uncoloured(text: &str) -> String {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').unwrap().1)
}

fn styles() -> impl Iterator<Item = Style> {
    let widths = [0, 60, 61, 79, 80, 100, 120, 199, 200, 500];
    let shows = [Show::All, Show::Findings, Show::Failures];
    let kinds = [(true, true), (true, false), (false, true), (false, false)];
    let each = widths.into_iter().flat_map(move |width| shows.into_iter().map(move |show| (width, show)));
    each.flat_map(move |(width, show)| {
        kinds.into_iter().map(move |(unicode, color)| Style { width, unicode, color, show, verbose: 0 })
    })
}

#[test]
fn no_line_is_wider_than_the_terminal_nor_ends_in_spaces() {
    for (name, report) in samples() {
        for style in styles() {
            let columns = style.width.clamp(60, 200);
            for line in uncoloured(&shown("table", &report, style)).lines() {
                assert!(line.width() <= columns, "{name} {style:?}: {line}");
                assert_eq!(line.trim_end(), line, "{name} {style:?}");
            }
        }
    }
}

#[test]
fn colours_change_no_word_and_are_not_there_unasked() {
    for (name, report) in samples() {
        for format in ["table", "short"] {
            let plain = shown(format, &report, Style::default());
            let color = shown(format, &report, Style { color: true, ..Style::default() });
            assert_eq!(plain.find('\u{1b}'), None, "{name}");
            assert_eq!(uncoloured(&color), plain, "{name}");
        }
    }
}

#[test]
fn nothing_hidden_reaches_a_terminal() {
    for style in styles() {
        for format in ["table", "short"] {
            let text = uncoloured(&shown(format, &sample::hostile(), style));
            let hidden = text.chars().find(|c| *c != '\n' && super::escape::is_hidden(*c));
            assert_eq!(hidden, None, "{format} {style:?}");
            // Of a CI system, too, whatever the line begins with.
            let orders = text.lines().find(|line| line.trim_start().starts_with("::") || line.contains("##["));
            assert_eq!(orders, None, "{format} {style:?}");
            assert!(style.unicode || text.is_ascii(), "{format} {style:?}");
        }
    }
}

#[test]
fn a_sound_deployment_fits_on_a_screen() {
    assert!(shown("table", &sample::healthy(), Style::default()).lines().count() <= 45);
}

#[test]
fn a_chat_message_has_twelve_lines_at_most() {
    for (name, report) in samples() {
        assert!(shown("short", &report, Style::default()).lines().count() <= 12, "{name}");
    }
    let shut = shown("short", &sample::everything_fails(), Style::default());
    assert_eq!(shut.lines().count(), 10);
    assert!(shut.contains("\nand 18 more failing checks\n"), "{shut}");
}

#[test]
fn a_check_with_many_findings_names_every_target() {
    let text = shown("table", &sample::hundred_findings(), Style::default());
    for last in 0..100 {
        let name = format!("10.1.0.{last}");
        assert!(text.split(|c: char| c.is_whitespace() || "@,".contains(c)).any(|word| word == name), "{name}");
    }
}

#[test]
fn what_several_vantages_saw_is_told_once_with_all_of_them() {
    let mut report = sample::pin_mismatch();
    let soon = report.checks.iter_mut().find(|check| check.id.0 == "certificate/expiry").unwrap();
    soon.findings[1].seen_from = [Vantage::Discovery].into();
    for format in ["table", "markdown", "html", "junit", "github", "tap"] {
        let text = shown(format, &report, wide(200));
        assert_eq!(text.matches("console, discovery, device").count(), 1, "{format} {text}");
    }
    let text = shown("table", &report, Style::default());
    assert_eq!(text.matches("ends in 16 days").count(), 1, "{text}");
    assert!(text.contains("      ds.example.com:443@10.1.0.11, 10.1.0.7\n"), "{text}");
}

#[test]
fn however_many_servers_refuse_devices_the_others_are_told() {
    let mut report = sample::pin_mismatch();
    let stories = &mut report.journey.as_mut().unwrap().stories;
    for story in stories.iter_mut().filter(|story| story.kind == Kind::IosHub) {
        let refusing = story.places[0].clone();
        let address = |last| std::net::SocketAddr::from(([10, 1, 9, last], 443));
        let at = |last| Target::At(Endpoint::new("ds.example.com", 443), address(last));
        Arc::make_mut(&mut story.places)
            .extend((0..40).map(|last| PlaceEnding { target: at(last), ..refusing.clone() }));
    }
    let all = Style { show: Show::All, ..Style::default() };
    let words = shown("table", &report, all).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("10.1.9.38, 10.1.9.39; elsewhere connects, pinned – pins/cover-every-server"), "{words}");
    let elsewhere = "at server 41 addresses; elsewhere connects, pinned";
    for format in ["table", "markdown", "html"] {
        let words = shown(format, &report, wide(200)).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(elsewhere), "{format} {words}");
    }
}

#[test]
fn findings_of_one_target_are_not_told_as_targets() {
    let report = sample::one_target_five_findings();
    let text = shown("table", &report, Style::default());
    assert!(text.contains("and 2 more findings (-v shows each): ds.example.com:443@10.1.0.11\n"), "{text}");
    let text = shown("short", &report, Style::default());
    assert!(text.contains("not valid yet. (and 4 more findings)\n"), "{text}");
}

#[test]
fn a_chat_message_says_why_nothing_was_seen() {
    let text = shown("short", &sample::selected_unseen(), Style::default());
    let line = text.lines().nth(1).unwrap();
    assert!(line.starts_with("not seen certificate/* ("), "{text}");
    assert!(line.ends_with(" checks): no handshake: connection refused"), "{text}");
}

#[test]
fn formats_are_found_by_name() {
    let ids: Vec<&str> = formats().iter().map(|format| format.id()).collect();
    let expected = [
        "table",
        "short",
        "json",
        "jsonl",
        "markdown",
        "html",
        "junit",
        "sarif",
        "github",
        "tap",
        "nagios",
        "prometheus",
    ];
    assert_eq!(ids, expected);
    let listed = expected.join(", ");
    let message = |name| by_name(name).map(|_| ()).unwrap_err().to_string();
    assert_eq!(message("jsn"), format!("no output format \"jsn\", did you mean json? ({listed})"));
    assert_eq!(message("xml"), format!("no output format \"xml\" ({listed})"));
}

#[test]
fn every_check_that_is_not_seen_is_told_somewhere() {
    let mut report = sample::firewall_shut();
    let text = shown("table", &report, Style::default());
    assert!(text.contains("hides  discovery/host-registry, pins/* (3 checks)\n"), "{text}");
    assert!(!text.contains("Not seen\n"), "{text}");

    // An accepted failure stands in another section, which folds nothing.
    report.checks[0].findings[0].accepted = Some("known".to_owned());
    let text = shown("table", &report, Style::default());
    let expected = "\nNot seen\n  discovery/host-registry, pins/* (3 checks)\n\
                    \u{20}   no handshake with discovery.awmdm.com:443 (because of\n    firewall/console-to-discovery)\n";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn a_continued_command_is_the_same_command() {
    let command =
        format!("pinflight check --trust-service https://{}:9001/TrustService --from device", "ts.".repeat(60));
    let mut out = Vec::new();
    let style = wide(60);
    Sheet { style: &style, out: &mut out }.command(4, &command).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.lines().all(|line| line.width() <= 60), "{text}");
    // What a shell reads: a backslash takes its line end away, and blanks between words are all alike.
    let read = text.replace("\\\n", "");
    assert_eq!(read.split_whitespace().collect::<Vec<_>>().join(" "), command);
}

#[test]
fn words_that_are_kept_together_are_parted_at_spaces() {
    let lines = Text::default().and_unbroken(Tone::Plain, "2027-02-23, 91 days").wrap(12, true);
    let written = |line: &super::text::Line| {
        let mut out = Vec::new();
        line.write(&Style::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    assert_eq!(lines.iter().map(written).collect::<Vec<_>>(), ["2027-02-23,", "91 days"]);
}

proptest! {
    #[test]
    fn any_text_is_wrapped_within_the_width(text in any::<String>(), width in 1usize..100, unicode: bool) {
        for line in Text::sentence(text).wrap(width, unicode) {
            // A character of two columns has nowhere to go in one.
            prop_assert!(line.width() <= width.max(2));
        }
    }

    #[test]
    fn wrapping_loses_no_letter(text in "[a-z ./-]{0,200}", width in 4usize..60) {
        let mut out = Vec::new();
        for line in Text::plain(text.as_str()).wrap(width, true) {
            line.write(&Style::default(), &mut out).unwrap();
        }
        let letters = |text: &str| text.replace(' ', "");
        prop_assert_eq!(letters(&String::from_utf8(out).unwrap()), letters(&text));
    }
}
