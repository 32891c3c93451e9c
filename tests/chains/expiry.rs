//! `certificate/expiry`: both sides of each threshold, in leaf, intermediate and root.

use crate::{
    Row, Served,
    pki::{DAY, HOUR, ca, issuing, leaf, root},
    row, served,
};

macro_rules! says {
    ($outcome:literal) => {
        &[("certificate/expiry", $outcome)]
    };
}

pub fn rows() -> Vec<Row> {
    let mut rows = times();
    rows.extend(thresholds());
    rows
}

fn times() -> Vec<Row> {
    vec![
        row("the leaf expired an hour ago", says!("fail: expired leaf"), || ending(-HOUR, 900 * DAY, 900 * DAY)),
        row("the leaf expires in an hour", says!("fail: expires-soon leaf 0"), || ending(HOUR, 900 * DAY, 900 * DAY)),
        row("the leaf expires in 7 days less an hour", says!("fail: expires-soon leaf 6"), || {
            ending(7 * DAY - HOUR, 900 * DAY, 900 * DAY)
        }),
        row("the leaf expires in 7 days and an hour", says!("warn: expires-soon leaf 7"), || {
            ending(7 * DAY + HOUR, 900 * DAY, 900 * DAY)
        }),
        row("the leaf expires in 30 days less an hour", says!("warn: expires-soon leaf 29"), || {
            ending(30 * DAY - HOUR, 900 * DAY, 900 * DAY)
        }),
        row("the leaf expires in 30 days and an hour", &[], || ending(30 * DAY + HOUR, 900 * DAY, 900 * DAY)),
        row("the intermediate expired an hour ago", says!("fail: expired intermediate"), || {
            ending(90 * DAY, -HOUR, 900 * DAY)
        }),
        row("the intermediate expires in 7 days less an hour", says!("fail: expires-soon intermediate 6"), || {
            ending(90 * DAY, 7 * DAY - HOUR, 900 * DAY)
        }),
        row("the intermediate expires in 7 days and an hour", says!("warn: expires-soon intermediate 7"), || {
            ending(90 * DAY, 7 * DAY + HOUR, 900 * DAY)
        }),
        row("the intermediate expires in 30 days less an hour", says!("warn: expires-soon intermediate 29"), || {
            ending(90 * DAY, 30 * DAY - HOUR, 900 * DAY)
        }),
        row("the intermediate expires in 30 days and an hour", &[], || ending(90 * DAY, 30 * DAY + HOUR, 900 * DAY)),
        row("the root expired an hour ago", says!("fail: expired root"), || ending(90 * DAY, 900 * DAY, -HOUR)),
        row("the root expires in 7 days less an hour", says!("fail: expires-soon root 6"), || {
            ending(90 * DAY, 900 * DAY, 7 * DAY - HOUR)
        }),
        row("the root expires in 7 days and an hour", says!("warn: expires-soon root 7"), || {
            ending(90 * DAY, 900 * DAY, 7 * DAY + HOUR)
        }),
        row("the root expires in 30 days less an hour", says!("warn: expires-soon root 29"), || {
            ending(90 * DAY, 900 * DAY, 30 * DAY - HOUR)
        }),
        row("the root expires in 30 days and an hour", &[], || ending(90 * DAY, 900 * DAY, 30 * DAY + HOUR)),
        row("the leaf is valid from in an hour", says!("fail: not-yet-valid leaf"), || {
            let root = root();
            let ca = root.issue(issuing("Issuing CA"));
            served(&[&ca.issue(leaf().valid(HOUR, 90 * DAY)), &ca], &[&root])
        }),
        row("the leaf is valid since an hour ago", &[], || {
            let root = root();
            let ca = root.issue(issuing("Issuing CA"));
            served(&[&ca.issue(leaf().valid(-HOUR, 90 * DAY)), &ca], &[&root])
        }),
        row("the intermediate is valid from in an hour", says!("fail: not-yet-valid intermediate"), || {
            let root = root();
            let ca = root.issue(issuing("Issuing CA").valid(HOUR, 900 * DAY));
            served(&[&ca.issue(leaf()), &ca], &[&root])
        }),
        row("the root is valid from in an hour", says!("fail: not-yet-valid root"), || {
            let root = ca("Example Root", "root").valid(HOUR, 900 * DAY).self_signed();
            let ca = root.issue(issuing("Issuing CA"));
            served(&[&ca.issue(leaf()), &ca], &[&root])
        }),
    ]
}

fn thresholds() -> Vec<Row> {
    vec![
        row(
            "leaf, intermediate and root expired together",
            says!("fail: expired leaf; fail: expired intermediate; fail: expired root"),
            || ending(-HOUR, -HOUR, -HOUR),
        ),
        row("of two that expire soon the first is named", says!("warn: expires-soon intermediate 10"), || {
            ending(20 * DAY + HOUR, 10 * DAY + HOUR, 900 * DAY)
        }),
        row("--warning-days 91, 90 days left", says!("warn: expires-soon leaf 90"), || {
            ending(90 * DAY + HOUR, 900 * DAY, 900 * DAY).asked_with(&["--warning-days", "91"])
        }),
        row("--warning-days 90, 90 days left", &[], || {
            ending(90 * DAY + HOUR, 900 * DAY, 900 * DAY).asked_with(&["--warning-days", "90"])
        }),
        row("--critical-days 15, 14 days left", says!("fail: expires-soon leaf 14"), || {
            ending(14 * DAY + HOUR, 900 * DAY, 900 * DAY).asked_with(&["--critical-days", "15"])
        }),
        row("--critical-days 14, 14 days left", says!("warn: expires-soon leaf 14"), || {
            ending(14 * DAY + HOUR, 900 * DAY, 900 * DAY).asked_with(&["--critical-days", "14"])
        }),
    ]
}

/// Leaf, intermediate and root that end so many seconds from now. The leaf lasts 200 days.
fn ending(leaf_ends: i64, intermediate_ends: i64, root_ends: i64) -> Served {
    let root = ca("Example Root", "root").until(root_ends).self_signed();
    let ca = root.issue(issuing("Issuing CA").until(intermediate_ends));
    served(&[&ca.issue(leaf().valid(leaf_ends - 200 * DAY, leaf_ends)), &ca], &[&root])
}
