//! Bytes that no authority should send: read as far as they can be, and named where they cannot.

use crate::{
    NO_EXPIRY, NO_RULES, Row,
    pki::{element, issuing, leaf, members, root},
    row, served,
};

const UNREADABLE_LEAF: &[(&str, &str)] = &[
    ("certificate/path", "fail: certificate-unreadable 0"),
    ("certificate/order", "not observed because of certificate/path"),
    ("certificate/name", "not observed because of certificate/path"),
    ("certificate/same-everywhere", "not observed because of certificate/path"),
    NO_EXPIRY,
    NO_RULES,
];

pub fn rows() -> Vec<Row> {
    vec![
        row("the leaf is no DER", UNREADABLE_LEAF, || {
            let root = root();
            served(&[&root.issue(leaf()).replaced_by(&[0x30, 0x82, 1, 0, 0xff])], &[&root]).by_rustls("leaf")
        }),
        row("the leaf is of indefinite length", UNREADABLE_LEAF, || {
            let root = root();
            let made = root.issue(leaf());
            let content = members(&made.der).concat();
            let indefinite = [&[0x30, 0x80], content.as_slice(), &[0, 0]].concat();
            served(&[&made.replaced_by(&indefinite)], &[&root]).by_rustls("leaf")
        }),
        row("bytes follow the leaf", UNREADABLE_LEAF, || {
            let root = root();
            let made = root.issue(leaf());
            served(&[&made.replaced_by(&[made.der.as_slice(), &[5, 0]].concat())], &[&root]).by_rustls("leaf")
        }),
        row("the leaf's time is in month 13", UNREADABLE_LEAF, || {
            let root = root();
            let month_13 = leaf().edit(|tbs| {
                let time = |text: &str| element(0x17, text.as_bytes());
                tbs[4] = element(0x30, &[time("260101000000Z"), time("261301000000Z")].concat());
            });
            served(&[&root.issue(month_13)], &[&root]).by_rustls("leaf")
        }),
        row(
            "the intermediate is no DER",
            &[("certificate/path", "fail: certificate-unreadable 1"), NO_EXPIRY, NO_RULES],
            || {
                let root = root();
                let ca = root.issue(issuing("Issuing CA"));
                let junk = ca.replaced_by(b"junk");
                served(&[&ca.issue(leaf()), &junk], &[&root]).by_rustls("leaf")
            },
        ),
        row("junk is sent beside a sound chain", &[("certificate/path", "warn: certificate-unreadable 2")], || {
            let root = root();
            let ca = root.issue(issuing("Issuing CA"));
            let junk = ca.replaced_by(b"junk");
            served(&[&ca.issue(leaf()), &ca, &junk], &[&root]).by_rustls("leaf")
        }),
        row("a negative serial number", &[], || {
            let root = root();
            let ca = root.issue(issuing("Issuing CA"));
            let negative = leaf().edit(|tbs| tbs[1] = element(0x02, &[0xff, 0x7f]));
            served(&[&ca.issue(negative), &ca], &[&root])
        }),
        row("the year 9999", &[], || {
            let root = root();
            let ca = root.issue(issuing("Issuing CA").edit(|tbs| {
                let (from, to) = (element(0x17, b"200101000000Z"), element(0x18, b"99991231235959Z"));
                tbs[4] = element(0x30, &[from, to].concat());
            }));
            served(&[&ca.issue(leaf()), &ca], &[&root])
        }),
        row("a subject of 20,000 characters", &[], || {
            let root = root();
            let ca = root.issue(issuing("Issuing CA"));
            served(&[&ca.issue(leaf().subject(&"x".repeat(20_000))), &ca], &[&root])
        }),
        row("escape sequences and right-to-left marks in the subject", &[], || {
            let root = root();
            let ca = root.issue(issuing("Issuing CA"));
            served(&[&ca.issue(leaf().subject("\u{1b}[2J\u{202e}moc.live\u{0}")), &ca], &[&root])
        }),
        row("a hundred certificates, the path among them", &[("certificate/order", HUNDRED)], || {
            let root = root();
            let ca = root.issue(issuing("Issuing CA"));
            let stranger = crate::pki::other_root();
            let mut sent = vec![ca.issue(leaf()), ca];
            sent.extend((0..98).map(|_| stranger.clone()));
            served(&sent.iter().collect::<Vec<_>>(), &[&root])
        }),
    ]
}

/// A stranger that is sent 98 times: each is said once.
const HUNDRED: &str = "warn: sent-twice root; warn: stranger-sent root";

const HOSTILE: &str = "\u{1b}[2J\u{9b}31m\u{202e}moc.live\u{2066}\u{0}";

#[test]
fn what_a_terminal_would_obey_is_shown_escaped() {
    let root = root();
    let ca = root.issue(issuing(HOSTILE));
    let chain = served(&[&ca.issue(leaf().subject(HOSTILE)), &ca], &[&root]);
    for (words, wanted) in [
        (&["inspect", "--width", "120"][..], r"\u{1b}[2J\u{9b}31m\u{202e}moc.live\u{2066}\00"),
        (
            &["check", "--only", "certificate/*", "-v", "--width", "200"],
            r"\u{1b}[2J\u{9b}31m\u{202e}moc.live\u{2066}\00",
        ),
        (&["inspect", "-o", "json"], r"\u001b[2J\u009b31m\u202emoc.live\u2066\\00"),
        (&["check", "--only", "certificate/*", "-o", "json"], r"\u001b[2J\u009b31m\u202emoc.live\u2066\\00"),
    ] {
        let shown = String::from_utf8(chain.run(words).stdout).unwrap();
        let harmful =
            |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        assert_eq!(shown.chars().find(|c| harmful(*c)), None, "{words:?}");
        assert!(shown.contains(wanted), "{words:?}: {shown}");
    }
}

#[test]
fn a_chain_of_more_than_64_kib_is_a_cause_of_its_own() {
    let root = root();
    let ca = root.issue(issuing("Issuing CA"));
    let long = |n: usize| root.issue(issuing(&format!("{n} {}", "x".repeat(400))));
    let mut sent = vec![ca.issue(leaf()), ca];
    sent.extend((0..98).map(long));
    let bytes: usize = sent.iter().map(|made| made.der.len()).sum();
    assert!(bytes > 64 * 1024, "{bytes}");
    let chain = served(&sent.iter().collect::<Vec<_>>(), &[&root]).asked_with(&["--from", "discovery"]);
    let (report, exit) = chain.ask("*");
    let because = "not observed because of firewall/discovery-to-device-services";
    assert_eq!(crate::said(&report)["certificate/path"], because);
    let checks = report["checks"].as_array().unwrap();
    let failing: Vec<(&str, &str)> = checks
        .iter()
        .flat_map(|check| check["findings"].as_array().unwrap().iter().map(move |finding| (check, finding)))
        .map(|(check, finding)| (check["id"].as_str().unwrap(), finding["cause"]["failure"]["kind"].as_str().unwrap()))
        .collect();
    assert_eq!((failing, exit), (vec![("firewall/discovery-to-device-services", "chain-too-long")], 1));
}
