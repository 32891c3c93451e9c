//! `certificate/path`: each cause, and each fault of a link at each place where it can be.

use rcgen::{IsCa, KeyUsagePurpose};

use crate::{
    NO_EXPIRY, NO_RULES, Row,
    pki::{DAY, Made, ca, element, issuing, leaf, other_root, root},
    row, served,
};

macro_rules! breaks {
    ($cause:literal) => {
        &[("certificate/path", $cause), NO_EXPIRY, NO_RULES]
    };
}

pub fn rows() -> Vec<Row> {
    let mut rows = ends();
    rows.extend(signatures());
    rows.extend(authorities());
    rows.extend(contents());
    rows.extend(alternatives());
    rows
}

/// The path does not end where it should.
fn ends() -> Vec<Row> {
    vec![
        row("the intermediate is not sent", breaks!("fail: missing-intermediate leaf"), || {
            let (root, ca) = chain();
            served(&[&ca.issue(leaf())], &[&root])
        }),
        row("the root is sent in place of the intermediate", breaks!("fail: missing-intermediate leaf"), || {
            let (root, ca) = chain();
            served(&[&ca.issue(leaf()), &root], &[&root])
        }),
        row("the intermediate is supplied, not sent", breaks!("fail: missing-intermediate leaf supplied"), || {
            let (root, ca) = chain();
            served(&[&ca.issue(leaf())], &[&root, &ca])
        }),
        row("the upper of two intermediates is not sent", breaks!("fail: missing-intermediate intermediate"), || {
            let (root, mut tower) = tower(2);
            let upper = tower.pop().unwrap();
            drop(upper);
            served(&[&tower[0].issue(leaf()), &tower[0]], &[&root])
        }),
        row("it is supplied, not sent", breaks!("fail: missing-intermediate intermediate supplied"), || {
            let (root, tower) = tower(2);
            served(&[&tower[0].issue(leaf()), &tower[0]], &[&root, &tower[1]])
        }),
        row("the lower of two intermediates is not sent", breaks!("fail: missing-intermediate leaf"), || {
            let (root, tower) = tower(2);
            served(&[&tower[0].issue(leaf()), &tower[1]], &[&root])
        }),
        row("nothing is supplied, the root is sent", breaks!("fail: untrusted-root root"), || {
            let (root, ca) = chain();
            served(&[&ca.issue(leaf()), &ca, &root], &[])
        }),
        row("another root is supplied, the root is sent", breaks!("fail: untrusted-root root"), || {
            let (root, ca) = chain();
            served(&[&ca.issue(leaf()), &ca, &root], &[&other_root()])
        }),
        row(
            "another root is supplied, the root is not sent",
            breaks!("fail: missing-intermediate intermediate"),
            || {
                let (_, ca) = chain();
                served(&[&ca.issue(leaf()), &ca], &[&other_root()])
            },
        ),
        row("a root of the same name with another key is supplied", breaks!("fail: untrusted-root root"), || {
            let (root, signer) = chain();
            let namesake = ca("Example Root", "other").self_signed();
            served(&[&signer.issue(leaf()), &signer, &root], &[&namesake])
        }),
        row("a self-signed leaf", breaks!("fail: self-signed leaf"), || {
            served(&[&leaf().self_signed()], &[&other_root()])
        }),
        row("a self-signed leaf, nothing supplied", breaks!("fail: self-signed leaf"), || {
            served(&[&leaf().self_signed()], &[])
        }),
        row(
            "the leaf's key is not the one that signs the handshake",
            &[("certificate/path", "fail: handshake-signature-invalid leaf")],
            || {
                let (root, ca) = chain();
                served(&[&ca.issue(leaf()), &ca], &[&root]).by_rustls("other")
            },
        ),
    ]
}

/// A signature is not what it should be.
fn signatures() -> Vec<Row> {
    vec![
        row("the leaf's signature is spoilt", breaks!("fail: path-broken bad-signature leaf"), || {
            let (root, ca) = chain();
            served(&[&ca.issue(leaf().spoilt()), &ca], &[&root])
        }),
        row("the intermediate's signature is spoilt", breaks!("fail: path-broken bad-signature intermediate"), || {
            let root = root();
            let ca = root.issue(issuing("Issuing CA").spoilt());
            served(&[&ca.issue(leaf()), &ca], &[&root])
        }),
        row(
            "the upper intermediate's signature is spoilt",
            breaks!("fail: path-broken bad-signature intermediate"),
            || {
                let root = root();
                let upper = root.issue(ca("Upper CA", "ca-2").spoilt());
                let ca = upper.issue(issuing("Issuing CA"));
                served(&[&ca.issue(leaf()), &ca, &upper], &[&root])
            },
        ),
        row("an RSA signature is spoilt", breaks!("fail: path-broken bad-signature leaf"), || {
            let root = ca("Example Root", "rsa-2048").self_signed();
            served(&[&root.issue(leaf().spoilt())], &[&root])
        }),
        row(
            "the leaf is signed with an algorithm nobody verifies",
            breaks!("fail: path-broken unsupported-signature leaf"),
            || {
                let root = root();
                served(&[&root.issue(leaf().hash("sha224"))], &[&root])
            },
        ),
        row(
            "the intermediate is signed with an algorithm nobody verifies",
            breaks!("fail: path-broken unsupported-signature intermediate"),
            || {
                let root = root();
                let ca = root.issue(issuing("Issuing CA").hash("sha224"));
                served(&[&ca.issue(leaf()), &ca], &[&root])
            },
        ),
    ]
}

/// An issuer may not issue.
fn authorities() -> Vec<Row> {
    vec![
        row("the issuer says that it is no CA", breaks!("fail: path-broken not-a-ca intermediate"), || {
            let root = root();
            let ca = root.issue(issuing("Issuing CA").set(|params| params.is_ca = IsCa::ExplicitNoCa));
            served(&[&ca.issue(leaf()), &ca], &[&root])
        }),
        row("the issuer has no basic constraints", breaks!("fail: path-broken not-a-ca intermediate"), || {
            let root = root();
            let ca = root.issue(issuing("Issuing CA").set(|params| params.is_ca = IsCa::NoCa));
            served(&[&ca.issue(leaf()), &ca], &[&root])
        }),
        row("the upper issuer says that it is no CA", breaks!("fail: path-broken not-a-ca intermediate"), || {
            let root = root();
            let upper = root.issue(ca("Upper CA", "ca-2").set(|params| params.is_ca = IsCa::ExplicitNoCa));
            let ca = upper.issue(issuing("Issuing CA"));
            served(&[&ca.issue(leaf()), &ca, &upper], &[&root])
        }),
        row("another leaf issued this one", breaks!("fail: path-broken not-a-ca intermediate"), || {
            let (root, ca) = chain();
            let sibling = ca.issue(leaf().subject("another leaf").key("other").usages(&[]));
            served(&[&sibling.issue(leaf()), &sibling, &ca], &[&root])
        }),
        row("the issuer may not sign certificates", breaks!("fail: path-broken no-cert-sign intermediate"), || {
            let root = root();
            let ca = root.issue(issuing("Issuing CA").usages(&[KeyUsagePurpose::CrlSign]));
            served(&[&ca.issue(leaf()), &ca], &[&root])
        }),
        row(
            "more authorities than the path length admits",
            breaks!("fail: path-broken path-length intermediate"),
            || {
                let root = root();
                let upper = root.issue(ca("Upper CA", "ca-2").path_length(0));
                let ca = upper.issue(issuing("Issuing CA"));
                served(&[&ca.issue(leaf()), &ca, &upper], &[&root])
            },
        ),
        row("as many authorities as the path length admits", &[], || {
            let root = root();
            let upper = root.issue(ca("Upper CA", "ca-2").path_length(1));
            let ca = upper.issue(issuing("Issuing CA").path_length(0));
            served(&[&ca.issue(leaf()), &ca, &upper], &[&root])
        }),
        row("seven intermediates", breaks!("fail: path-broken too-long intermediate"), || {
            let (root, mut sent) = tower(7);
            sent.insert(0, sent[0].issue(leaf()));
            served(&sent.iter().collect::<Vec<_>>(), &[&root])
        }),
    ]
}

/// A certificate's own contents forbid the path.
fn contents() -> Vec<Row> {
    vec![
        row(
            "a name outside what the issuer permits",
            breaks!("fail: path-broken name-constraints intermediate"),
            || {
                let root = root();
                let ca = root.issue(issuing("Issuing CA").names_within(&["example.org"], &[]));
                served(&[&ca.issue(leaf()), &ca], &[&root])
            },
        ),
        row("a name that the issuer excludes", breaks!("fail: path-broken name-constraints intermediate"), || {
            let root = root();
            let ca = root.issue(issuing("Issuing CA").names_within(&[], &["ds.example.com"]));
            served(&[&ca.issue(leaf()), &ca], &[&root])
        }),
        row("a name outside what the root permits", breaks!("fail: path-broken name-constraints root"), || {
            let root = ca("Example Root", "root").names_within(&["example.org"], &[]).self_signed();
            let ca = root.issue(issuing("Issuing CA"));
            served(&[&ca.issue(leaf()), &ca], &[&root])
        }),
        row(
            "a critical extension of the leaf that nobody knows",
            breaks!("fail: path-broken unknown-critical-extension leaf"),
            || {
                let (root, ca) = chain();
                let leaf = ca.issue(leaf().extension(&[1, 3, 6, 1, 4, 1, 99_999, 1], &[5, 0], true));
                served(&[&leaf, &ca], &[&root])
            },
        ),
        row(
            "a critical extension of the intermediate that nobody knows",
            breaks!("fail: path-broken unknown-critical-extension intermediate"),
            || {
                let root = root();
                let ca = root.issue(issuing("Issuing CA").extension(&[1, 3, 6, 1, 4, 1, 99_999, 1], &[5, 0], true));
                served(&[&ca.issue(leaf()), &ca], &[&root])
            },
        ),
        row(
            "a leaf of version 1",
            &[
                ("certificate/path", "fail: path-broken version1 leaf"),
                ("certificate/name", "not observed because of certificate/path"),
                NO_EXPIRY,
                NO_RULES,
            ],
            || {
                let (root, ca) = chain();
                served(&[&ca.issue(leaf().version_1()), &ca], &[&root])
            },
        ),
        row("dates without seconds in the leaf", breaks!("fail: path-broken other leaf"), || {
            let (root, ca) = chain();
            let hasty = leaf().edit(|tbs| {
                let time = |text: &str| element(0x17, text.as_bytes());
                tbs[4] = element(0x30, &[time("2601010000Z"), time("2712310000Z")].concat());
            });
            served(&[&ca.issue(hasty), &ca], &[&root])
        }),
        row("an intermediate of version 1", breaks!("fail: path-broken version1 intermediate"), || {
            let root = root();
            let ca = root.issue(issuing("Issuing CA").version_1());
            served(&[&ca.issue(leaf()), &ca], &[&root])
        }),
        row("an extension that stands twice", breaks!("fail: path-broken other leaf"), || {
            let (root, ca) = chain();
            // keyUsage: digitalSignature.
            let twice = leaf().extension(&[2, 5, 29, 15], &[3, 2, 7, 0x80], true);
            served(&[&ca.issue(twice), &ca], &[&root])
        }),
    ]
}

/// A path beside the one that is used.
fn alternatives() -> Vec<Row> {
    vec![
        row(
            "cross-signed: the other way up has expired",
            &[("certificate/path", "warn: expired-alternative-path intermediate")],
            || {
                let (old, new) = (ca("Old Root", "root").self_signed(), ca("New Root", "ca-2").self_signed());
                let by_old = old.issue(issuing("Issuing CA").until(-DAY));
                let by_new = new.issue(issuing("Issuing CA"));
                served(&[&by_new.issue(leaf()), &by_new, &by_old], &[&old, &new])
            },
        ),
        row(
            "cross-signed: the root of the other way up has expired",
            &[("certificate/path", "warn: expired-alternative-path root")],
            || {
                let old = ca("Old Root", "root").until(-DAY).self_signed();
                let new = ca("New Root", "ca-2").self_signed();
                let (by_old, by_new) = (old.issue(issuing("Issuing CA")), new.issue(issuing("Issuing CA")));
                served(&[&by_new.issue(leaf()), &by_new, &by_old], &[&old, &new])
            },
        ),
        row(
            "cross-signed: the only way up has expired",
            &[("certificate/expiry", "fail: expired intermediate")],
            || {
                let old = ca("Old Root", "root").self_signed();
                let cross = old.issue(ca("New Root", "ca-2").until(-DAY));
                let ca = ca("New Root", "ca-2").self_signed().issue(issuing("Issuing CA"));
                served(&[&ca.issue(leaf()), &ca, &cross], &[&old])
            },
        ),
        row("a broken way up beside a sound one", &[], || {
            let (old, new) = (ca("Old Root", "root").self_signed(), ca("New Root", "ca-2").self_signed());
            let by_old = old.issue(issuing("Issuing CA").set(|params| params.is_ca = IsCa::ExplicitNoCa));
            let by_new = new.issue(issuing("Issuing CA"));
            served(&[&by_new.issue(leaf()), &by_old, &by_new], &[&old, &new])
        }),
    ]
}

fn chain() -> (Made, Made) {
    let root = root();
    let ca = root.issue(issuing("Issuing CA"));
    (root, ca)
}

/// A root and so many intermediates, the lowest first.
pub fn tower(height: usize) -> (Made, Vec<Made>) {
    let root = root();
    let mut intermediates: Vec<Made> = Vec::new();
    for level in 0..height {
        let above = intermediates.first().unwrap_or(&root);
        let next = above.issue(issuing(&format!("CA of level {level}")));
        intermediates.insert(0, next);
    }
    (root, intermediates)
}
