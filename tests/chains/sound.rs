//! Nothing is wrong, and nothing is said to be.

use rcgen::{IsCa, KeyUsagePurpose};

use crate::{
    Row,
    pki::{self, DAY, HOST, ca, issuing, leaf, leaf_for, root},
    row, served,
};

pub fn rows() -> Vec<Row> {
    let mut rows = algorithms();
    rows.extend(roots());
    rows.extend(contents());
    rows
}

fn algorithms() -> Vec<Row> {
    vec![
        row("P-256 throughout, root not sent", &[], || {
            let (root, ca) = chain();
            served(&[&ca.issue(leaf()), &ca], &[&root])
        }),
        row("the root is sent too", &[], || {
            let (root, ca) = chain();
            served(&[&ca.issue(leaf()), &ca, &root], &[&root])
        }),
        row("a leaf under the root itself", &[], || {
            let root = root();
            served(&[&root.issue(leaf())], &[&root])
        }),
        row("two intermediates", &[], || {
            let root = root();
            let upper = root.issue(ca("Upper CA", "ca-2"));
            let ca = upper.issue(issuing("Issuing CA"));
            served(&[&ca.issue(leaf()), &ca, &upper], &[&root])
        }),
        row("six intermediates, as many as path validation admits", &[], || {
            let (root, mut sent) = crate::path::tower(6);
            sent.insert(0, sent[0].issue(leaf()));
            served(&sent.iter().collect::<Vec<_>>(), &[&root])
        }),
        row("P-384 throughout", &[], || {
            let root = ca("Example Root", "p384").hash("sha384").self_signed();
            let ca = root.issue(issuing("Issuing CA").hash("sha384"));
            served(&[&ca.issue(leaf().key("p384")), &ca], &[&root])
        }),
        row("RSA 2048 throughout", &[], || {
            let root = ca("Example Root", "rsa-2048").self_signed();
            let ca = root.issue(issuing("Issuing CA").key("rsa-2048"));
            served(&[&ca.issue(leaf().key("rsa-2048")), &ca], &[&root])
        }),
        row("RSA leaf under P-256, signed with SHA-384", &[], || {
            let (root, ca) = chain();
            served(&[&ca.issue(leaf().key("rsa-2048").hash("sha384")), &ca], &[&root])
        }),
        row("TLS 1.2 alone", &[], || {
            let (root, ca) = chain();
            served(&[&ca.issue(leaf()), &ca], &[&root]).server_flags(&["-tls1_2"])
        }),
    ]
}

fn roots() -> Vec<Row> {
    vec![
        row("only the root's own signature is SHA-1, root not sent", &[], || {
            let root = ca("Example Root", "rsa-2048").hash("sha1").self_signed();
            let ca = root.issue(issuing("Issuing CA"));
            served(&[&ca.issue(leaf()), &ca], &[&root])
        }),
        row("only the root's own signature is SHA-1, root sent", &[], || {
            let root = ca("Example Root", "rsa-2048").hash("sha1").self_signed();
            let ca = root.issue(issuing("Issuing CA"));
            served(&[&ca.issue(leaf()), &ca, &root], &[&root])
        }),
        row("only the root's own signature is MD5", &[], || {
            let root = ca("Example Root", "rsa-2048").hash("md5").self_signed();
            let ca = root.issue(issuing("Issuing CA"));
            served(&[&ca.issue(leaf()), &ca], &[&root])
        }),
        row("a root of version 1", &[], || {
            let root = ca("Example Root", "root").version_1().self_signed();
            let ca = root.issue(issuing("Issuing CA"));
            served(&[&ca.issue(leaf()), &ca], &[&root])
        }),
        row("cross-signed: both ways up are sent and supplied", &[], || {
            let (old, new) = (ca("Old Root", "root").self_signed(), ca("New Root", "ca-2").self_signed());
            let (by_old, by_new) = (old.issue(issuing("Issuing CA")), new.issue(issuing("Issuing CA")));
            served(&[&by_new.issue(leaf()), &by_new, &by_old], &[&old, &new])
        }),
        row("cross-signed: the root that counts signs the one that is sent", &[], || {
            let old = ca("Old Root", "root").self_signed();
            let new = ca("New Root", "ca-2").self_signed();
            let cross = old.issue(ca("New Root", "ca-2"));
            let ca = new.issue(issuing("Issuing CA"));
            served(&[&ca.issue(leaf()), &ca, &cross], &[&old])
        }),
        row("a root and another certificate of it, same name and key", &[], || {
            let (root, ca) = chain();
            let renewed = pki::ca("Example Root", "root").until(5000 * DAY).self_signed();
            served(&[&ca.issue(leaf()), &ca, &renewed], &[&root])
        }),
        row("the leaf's own certificate is supplied as a root", &[], || {
            let lone = leaf().self_signed();
            served(&[&lone], &[&lone])
        }),
    ]
}

fn contents() -> Vec<Row> {
    vec![
        row("a subject without CN", &[], || {
            let (root, ca) = chain();
            served(&[&ca.issue(leaf().no_subject()), &ca], &[&root])
        }),
        row("a SAN in upper case", &[], || {
            let (root, ca) = chain();
            served(&[&ca.issue(leaf_for(&["DS.EXAMPLE.COM"])), &ca], &[&root])
        }),
        row("one name of fifty", &[], || {
            let (root, ca) = chain();
            let names: Vec<String> = (0..50).map(|n| format!("host-{n}.example.com")).collect();
            let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
            names.push(HOST);
            served(&[&ca.issue(leaf_for(&names)), &ca], &[&root])
        }),
        row("private root, 399 days", &[], || {
            let (root, ca) = chain();
            served(&[&ca.issue(leaf().lasting(-10, 399 * DAY)), &ca], &[&root])
        }),
        row("private root, exactly 825 days", &[], || {
            let (root, ca) = chain();
            served(&[&ca.issue(leaf().lasting(-10, 825 * DAY)), &ca], &[&root])
        }),
        row("an intermediate that may have no authority below", &[], || {
            let root = root();
            let ca = root.issue(issuing("Issuing CA").path_length(0));
            served(&[&ca.issue(leaf()), &ca], &[&root])
        }),
        row("the path length of the root is not asked", &[], || {
            let root = ca("Example Root", "root").path_length(0).self_signed();
            let upper = root.issue(ca("Upper CA", "ca-2"));
            let ca = upper.issue(issuing("Issuing CA"));
            served(&[&ca.issue(leaf()), &ca, &upper], &[&root])
        }),
        row("name constraints that the leaf keeps", &[], || {
            let root = root();
            let ca = root.issue(issuing("Issuing CA").names_within(&["example.com"], &["other.example.com"]));
            served(&[&ca.issue(leaf()), &ca], &[&root])
        }),
        row("an intermediate without key usage", &[], || {
            let root = root();
            let ca = root.issue(issuing("Issuing CA").usages(&[]));
            served(&[&ca.issue(leaf()), &ca], &[&root])
        }),
        row("an unknown extension that is not critical", &[], || {
            let (root, ca) = chain();
            let leaf = ca.issue(leaf().extension(&[1, 3, 6, 1, 4, 1, 99_999, 1], &[5, 0], false));
            served(&[&leaf, &ca], &[&root])
        }),
        row("a leaf that says explicitly that it is no CA", &[], || {
            let (root, ca) = chain();
            served(&[&ca.issue(leaf().set(|params| params.is_ca = IsCa::ExplicitNoCa)), &ca], &[&root])
        }),
        row("a leaf without key usage", &[], || {
            let (root, ca) = chain();
            served(&[&ca.issue(leaf().usages(&[])), &ca], &[&root])
        }),
        row("an RSA leaf with key encipherment too", &[], || {
            let (root, ca) = chain();
            let usages = [KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
            served(&[&ca.issue(leaf().key("rsa-2048").usages(&usages)), &ca], &[&root])
        }),
        row("no key identifiers at all", &[], || {
            let (root, ca) = chain();
            let leaf = ca.issue(leaf().set(|params| params.use_authority_key_identifier_extension = false));
            served(&[&leaf, &ca], &[&root])
        }),
        row("a serial number of twenty bytes", &[], || {
            let (root, ca) = chain();
            served(&[&ca.issue(leaf().serial(&[0x7f; 20])), &ca], &[&root])
        }),
    ]
}

/// Root and intermediate.
fn chain() -> (pki::Made, pki::Made) {
    let root = root();
    let ca = root.issue(issuing("Issuing CA"));
    (root, ca)
}
