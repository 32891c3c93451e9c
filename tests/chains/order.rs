//! `certificate/order`: warnings each, for the chain works.

use crate::{
    NO_EXPIRY, NO_RULES, Row,
    pki::{ca, issuing, leaf, other_root, root},
    row, served,
};

pub fn rows() -> Vec<Row> {
    vec![
        row("two intermediates the wrong way round", &[("certificate/order", "warn: wrong-order [0,2,1]")], || {
            let (root, tower) = crate::path::tower(2);
            served(&[&tower[0].issue(leaf()), &tower[1], &tower[0]], &[&root])
        }),
        row("the root before the intermediate", &[("certificate/order", "warn: wrong-order [0,2,1]")], || {
            let root = root();
            let ca = root.issue(issuing("Issuing CA"));
            served(&[&ca.issue(leaf()), &root, &ca], &[&root])
        }),
        row(
            "the wrong order under a root that nobody supplied",
            &[
                ("certificate/path", "fail: untrusted-root root"),
                ("certificate/order", "warn: wrong-order [0,2,1]"),
                NO_EXPIRY,
                NO_RULES,
            ],
            || {
                let root = root();
                let ca = root.issue(issuing("Issuing CA"));
                served(&[&ca.issue(leaf()), &root, &ca], &[])
            },
        ),
        row(
            "another authority's intermediate is sent too",
            &[("certificate/order", "warn: stranger-sent intermediate")],
            || {
                let root = root();
                let ca = root.issue(issuing("Issuing CA"));
                let stranger = other_root().issue(crate::pki::ca("A Stranger", "other"));
                served(&[&ca.issue(leaf()), &ca, &stranger], &[&root])
            },
        ),
        row("another authority's root is sent too", &[("certificate/order", "warn: stranger-sent root")], || {
            let root = root();
            let ca = root.issue(issuing("Issuing CA"));
            served(&[&ca.issue(leaf()), &ca, &other_root()], &[&root])
        }),
        row("another leaf is sent too", &[("certificate/order", "warn: stranger-sent intermediate")], || {
            let root = root();
            let ca = root.issue(issuing("Issuing CA"));
            let sibling = ca.issue(leaf().subject("another leaf").key("other"));
            served(&[&ca.issue(leaf()), &ca, &sibling], &[&root])
        }),
        row(
            "a sibling of the issuer is sent between",
            &[("certificate/order", "warn: stranger-sent intermediate")],
            || {
                let root = root();
                let issuer = root.issue(issuing("Issuing CA"));
                let sibling = root.issue(ca("Issuing CA 2", "ca-2"));
                served(&[&issuer.issue(leaf()), &sibling, &issuer], &[&root])
            },
        ),
        row("the leaf is sent twice", &[("certificate/order", "warn: sent-twice leaf")], || {
            let root = root();
            let ca = root.issue(issuing("Issuing CA"));
            let leaf = ca.issue(leaf());
            served(&[&leaf, &leaf, &ca], &[&root])
        }),
        row("the intermediate is sent twice", &[("certificate/order", "warn: sent-twice intermediate")], || {
            let root = root();
            let ca = root.issue(issuing("Issuing CA"));
            served(&[&ca.issue(leaf()), &ca, &ca], &[&root])
        }),
        row("the root is sent twice", &[("certificate/order", "warn: sent-twice root")], || {
            let root = root();
            let ca = root.issue(issuing("Issuing CA"));
            served(&[&ca.issue(leaf()), &ca, &root, &root], &[&root])
        }),
        row(
            "order, double and stranger at once",
            &[(
                "certificate/order",
                "warn: wrong-order [0,2,1]; warn: sent-twice intermediate; warn: stranger-sent root",
            )],
            || {
                let (root, tower) = crate::path::tower(2);
                let leaf = tower[0].issue(leaf());
                served(&[&leaf, &tower[1], &tower[0], &tower[0], &other_root()], &[&root])
            },
        ),
    ]
}
