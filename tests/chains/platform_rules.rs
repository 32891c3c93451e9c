//! `certificate/platform-rules`: each rule, on both sides of its threshold, in leaf, intermediate and root where it can be.
//! What stands on the other side and is fine is in `sound` too.
//!
//! Not shown here, and held by unit tests: what is asked below public roots alone (398 days, the schedule of SC-081v3), and
//! keys that no TLS library presents (P-224 and unlisted curves in the leaf).

use rcgen::{BasicConstraints, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose};
use time::macros::datetime;

use crate::{
    Row, Served,
    pki::{DAY, Draft, HOST, ca, issuing, leaf, leaf_for, root},
    row, served,
};

macro_rules! breaks {
    ($rule:literal) => {
        &[("certificate/platform-rules", $rule)]
    };
}

pub fn rows() -> Vec<Row> {
    let mut rows = keys();
    rows.extend(unusual_keys());
    rows.extend(signatures());
    rows.extend(usages());
    rows.extend(validity());
    rows.extend(hazards());
    rows
}

fn keys() -> Vec<Row> {
    vec![
        row("RSA 2047 in the leaf", breaks!("fail: platform-rule key-too-short leaf 2047"), || {
            one(leaf().key("rsa-2047"))
        }),
        row("RSA 2047 in the intermediate", breaks!("fail: platform-rule key-too-short intermediate 2047"), || {
            between(issuing("Issuing CA").key("rsa-2047"))
        }),
        row("RSA 2047 in the root", breaks!("fail: platform-rule key-too-short root 2047"), || {
            below(ca("Example Root", "rsa-2047"))
        }),
        row("RSA 1024 in the leaf", breaks!("fail: platform-rule key-too-short leaf 1024"), || {
            one(leaf().key("rsa-1024"))
        }),
        row("RSA 1024 in the intermediate", breaks!("fail: platform-rule key-too-short intermediate 1024"), || {
            between(issuing("Issuing CA").key("rsa-1024"))
        }),
        row("RSA 1024 in the root", breaks!("fail: platform-rule key-too-short root 1024"), || {
            below(ca("Example Root", "rsa-1024"))
        }),
        row("P-224 in the intermediate", breaks!("fail: platform-rule small-curve intermediate"), || {
            between(issuing("Issuing CA").key("p224"))
        }),
        row("P-224 in the root", breaks!("fail: platform-rule small-curve root"), || below(ca("Example Root", "p224"))),
        row(
            "RSA 1024 throughout",
            breaks!(
                "fail: platform-rule key-too-short leaf 1024; fail: platform-rule key-too-short intermediate 1024; \
                 fail: platform-rule key-too-short root 1024"
            ),
            || {
                let root = ca("Example Root", "rsa-1024").self_signed();
                let ca = root.issue(issuing("Issuing CA").key("rsa-1024"));
                served(&[&ca.issue(leaf().key("rsa-1024")), &ca], &[&root])
            },
        ),
    ]
}

fn unusual_keys() -> Vec<Row> {
    vec![
        row("Ed25519 in the leaf", breaks!("warn: platform-rule unusual-key leaf"), || one(leaf().key("ed25519"))),
        row("Ed25519 in the intermediate", breaks!("warn: platform-rule unusual-key intermediate"), || {
            between(issuing("Issuing CA").key("ed25519"))
        }),
        row("Ed25519 in the root", breaks!("warn: platform-rule unusual-key root"), || {
            below(ca("Example Root", "ed25519"))
        }),
        row("P-521 in the leaf", breaks!("warn: platform-rule unusual-key leaf"), || one(leaf().key("p521"))),
        row("P-521 in the intermediate", breaks!("warn: platform-rule unusual-key intermediate"), || {
            between(issuing("Issuing CA").key("p521"))
        }),
        row("P-521 in the root", breaks!("warn: platform-rule unusual-key root"), || below(ca("Example Root", "p521"))),
        row("RSA exponent 3 in the leaf", breaks!("warn: platform-rule unusual-key leaf"), || {
            one(leaf().key("rsa-exponent-3"))
        }),
        row("RSA exponent 3 in the intermediate", breaks!("warn: platform-rule unusual-key intermediate"), || {
            between(issuing("Issuing CA").key("rsa-exponent-3"))
        }),
        row("RSA exponent 3 in the root", breaks!("warn: platform-rule unusual-key root"), || {
            below(ca("Example Root", "rsa-exponent-3"))
        }),
        row("an RSA-PSS signature on the leaf", breaks!("warn: platform-rule unusual-key leaf"), || {
            let root = ca("Example Root", "rsa-2048").self_signed();
            served(&[&root.issue(leaf().hash("pss"))], &[&root])
        }),
        row(
            "an RSA-PSS signature on the intermediate",
            breaks!("warn: platform-rule unusual-key intermediate"),
            || {
                let root = ca("Example Root", "rsa-2048").self_signed();
                let ca = root.issue(issuing("Issuing CA").hash("pss"));
                served(&[&ca.issue(leaf()), &ca], &[&root])
            },
        ),
        row("an RSA-PSS signature on the root alone", &[], || below(ca("Example Root", "rsa-2048").hash("pss"))),
    ]
}

fn signatures() -> Vec<Row> {
    vec![
        row("SHA-1 on the leaf", breaks!("fail: platform-rule weak-signature leaf"), || {
            let root = ca("Example Root", "rsa-2048").self_signed();
            served(&[&root.issue(leaf().hash("sha1"))], &[&root])
        }),
        row("SHA-1 on the intermediate", breaks!("fail: platform-rule weak-signature intermediate"), || {
            let root = ca("Example Root", "rsa-2048").self_signed();
            let ca = root.issue(issuing("Issuing CA").hash("sha1"));
            served(&[&ca.issue(leaf()), &ca], &[&root])
        }),
        row("MD5 on the leaf", breaks!("fail: platform-rule weak-signature leaf"), || {
            let root = ca("Example Root", "rsa-2048").self_signed();
            served(&[&root.issue(leaf().hash("md5"))], &[&root])
        }),
        row("MD5 on the intermediate", breaks!("fail: platform-rule weak-signature intermediate"), || {
            let root = ca("Example Root", "rsa-2048").self_signed();
            let ca = root.issue(issuing("Issuing CA").hash("md5"));
            served(&[&ca.issue(leaf()), &ca], &[&root])
        }),
        row("ECDSA with SHA-1 on the leaf", breaks!("fail: platform-rule weak-signature leaf"), || {
            one(leaf().hash("sha1"))
        }),
        row(
            "a key and a hash that are weak",
            breaks!("fail: platform-rule key-too-short leaf 1024; fail: platform-rule weak-signature leaf"),
            || {
                let root = ca("Example Root", "rsa-2048").self_signed();
                served(&[&root.issue(leaf().key("rsa-1024").hash("sha1"))], &[&root])
            },
        ),
    ]
}

fn usages() -> Vec<Row> {
    vec![
        row("no extended key usage", breaks!("fail: platform-rule no-server-auth leaf"), || {
            one(leaf().set(|params| params.extended_key_usages = Vec::new()))
        }),
        row("clientAuth alone", breaks!("fail: platform-rule no-server-auth leaf"), || {
            one(extended(leaf(), ExtendedKeyUsagePurpose::ClientAuth))
        }),
        row("anyExtendedKeyUsage in place of serverAuth", breaks!("fail: platform-rule no-server-auth leaf"), || {
            one(extended(leaf(), ExtendedKeyUsagePurpose::Any))
        }),
        row("serverAuth and clientAuth", &[], || {
            one(leaf().set(|params| params.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth)))
        }),
        row("no extended key usage, from the day before 2019-07-01", &[], || {
            one(leaf().set(|params| {
                params.extended_key_usages = Vec::new();
                params.not_before = datetime!(2019-06-30 23:59:59 UTC);
            }))
        }),
        row("an intermediate for clientAuth alone", breaks!("fail: platform-rule no-server-auth intermediate"), || {
            between(extended(issuing("Issuing CA"), ExtendedKeyUsagePurpose::ClientAuth))
        }),
        row("an intermediate for serverAuth", &[], || {
            between(extended(issuing("Issuing CA"), ExtendedKeyUsagePurpose::ServerAuth))
        }),
        row("an intermediate for anyExtendedKeyUsage", &[], || {
            between(extended(issuing("Issuing CA"), ExtendedKeyUsagePurpose::Any))
        }),
    ]
}

fn validity() -> Vec<Row> {
    vec![
        row("825 days and a second", breaks!("fail: platform-rule validity-too-long leaf 826 825"), || {
            one(leaf().lasting(-10, 825 * DAY + 1))
        }),
        row("ten years", breaks!("fail: platform-rule validity-too-long leaf 3650 825"), || {
            one(leaf().lasting(-10, 3650 * DAY))
        }),
        row("ten years, from the day before 2019-07-01", &[], || {
            one(leaf().set(|params| {
                params.not_before = datetime!(2019-06-30 23:59:59 UTC);
                params.not_after = datetime!(2029-06-30 23:59:59 UTC);
            }))
        }),
        row("ten years, from 2019-07-01", breaks!("fail: platform-rule validity-too-long leaf 3653 825"), || {
            one(leaf().set(|params| {
                params.not_before = datetime!(2019-07-01 00:00:00 UTC);
                params.not_after = datetime!(2029-07-01 00:00:00 UTC);
            }))
        }),
    ]
}

fn hazards() -> Vec<Row> {
    vec![
        row("a leaf that says that it is a CA", breaks!("warn: platform-rule leaf-is-ca leaf"), || {
            one(leaf().set(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)))
        }),
        row("an EC leaf that may not sign", breaks!("warn: platform-rule no-digital-signature leaf"), || {
            one(leaf().usages(&[KeyUsagePurpose::KeyAgreement]))
        }),
        row("an RSA leaf that may not sign", breaks!("warn: platform-rule no-digital-signature leaf"), || {
            one(leaf().key("rsa-2048").usages(&[KeyUsagePurpose::KeyEncipherment]))
        }),
        row("a name twice", breaks!("warn: platform-rule name-twice leaf"), || one(leaf_for(&[HOST, HOST]))),
        row("a name twice, once in upper case", breaks!("warn: platform-rule name-twice leaf"), || {
            one(leaf_for(&[HOST, "DS.example.com"]))
        }),
        row("an address twice", breaks!("warn: platform-rule name-twice leaf"), || {
            one(leaf().address("192.0.2.1").address("192.0.2.1"))
        }),
        row("two names", &[], || one(leaf_for(&[HOST, "other.example.com"]))),
    ]
}

/// A leaf under sound authorities.
fn one(leaf: Draft) -> Served {
    let root = root();
    let ca = root.issue(issuing("Issuing CA"));
    served(&[&ca.issue(leaf), &ca], &[&root])
}

/// An intermediate between a sound root and a sound leaf.
fn between(intermediate: Draft) -> Served {
    let root = root();
    let ca = root.issue(intermediate);
    served(&[&ca.issue(leaf()), &ca], &[&root])
}

/// A root above a sound intermediate and leaf.
fn below(root: Draft) -> Served {
    let root = root.self_signed();
    let ca = root.issue(issuing("Issuing CA"));
    served(&[&ca.issue(leaf()), &ca], &[&root])
}

fn extended(draft: Draft, usage: ExtendedKeyUsagePurpose) -> Draft {
    draft.set(|params| params.extended_key_usages = vec![usage])
}
