//! `certificate/name`: by RFC 9525, as the platforms read it.

use rcgen::SanType;

use crate::{
    Row, Served,
    pki::{Draft, HOST, element, issuing, leaf, leaf_for, root},
    row, served,
};

const NO_MATCH: (&str, &str) = ("certificate/name", "fail: name-mismatch");
const MISMATCH: &[(&str, &str)] = &[NO_MATCH];
const PARTIAL: &[(&str, &str)] = &[("certificate/name", "fail: partial-wildcard")];
const CN_ONLY: (&str, &str) = ("certificate/name", "fail: name-in-common-name-only");
const COMMON_NAME_ONLY: &[(&str, &str)] = &[CN_ONLY];

/// An address is asked without server name, so there is one handshake, and nothing to compare.
const MET_ONCE: (&str, &str) = ("certificate/same-everywhere", "skipped");

pub fn rows() -> Vec<Row> {
    let mut rows = names();
    rows.extend(addresses());
    rows
}

fn names() -> Vec<Row> {
    vec![
        row("another name", MISMATCH, || asked(HOST, leaf_for(&["other.example.com"]))),
        row("another domain behind the name", MISMATCH, || asked(HOST, leaf_for(&["ds.example.com.example.org"]))),
        row("the domain alone", MISMATCH, || asked(HOST, leaf_for(&["example.com"]))),
        row("no SAN, the CN is the host", COMMON_NAME_ONLY, || asked(HOST, without_san().subject(HOST))),
        row("no SAN, the CN is a wildcard for the host", COMMON_NAME_ONLY, || {
            asked(HOST, without_san().subject("*.example.com"))
        }),
        row("a SAN with another name, the CN is the host", COMMON_NAME_ONLY, || {
            asked(HOST, leaf_for(&["other.example.com"]).subject(HOST))
        }),
        row("no SAN, the CN is no name", MISMATCH, || asked(HOST, without_san())),
        row("a SAN with a mail address alone", MISMATCH, || {
            let mail = SanType::Rfc822Name("admin@ds.example.com".try_into().unwrap());
            asked(HOST, leaf().set(|params| params.subject_alt_names = vec![mail]))
        }),
        row("a wildcard for one label", &[], || asked(HOST, leaf_for(&["*.example.com"]))),
        row("a wildcard in upper case", &[], || asked(HOST, leaf_for(&["*.EXAMPLE.Com"]))),
        row("a wildcard for two labels", MISMATCH, || asked("ds.eu.example.com", leaf_for(&["*.example.com"]))),
        row("a wildcard for the domain itself", MISMATCH, || asked("example.com", leaf_for(&["*.example.com"]))),
        row("a wildcard at the end of a label", PARTIAL, || asked(HOST, leaf_for(&["d*.example.com"]))),
        row("a wildcard at the beginning of a label", PARTIAL, || asked(HOST, leaf_for(&["*s.example.com"]))),
        row("a wildcard within a label", PARTIAL, || asked("d-s.example.com", leaf_for(&["d*s.example.com"]))),
        row("a wildcard in the second label", PARTIAL, || asked(HOST, leaf_for(&["ds.*.com"]))),
        row("two wildcards", PARTIAL, || asked(HOST, leaf_for(&["*.*.com"]))),
        row("a partial wildcard beside the right name", &[], || asked(HOST, leaf_for(&["d*.example.com", HOST]))),
        row("a partial wildcard for another host", MISMATCH, || asked(HOST, leaf_for(&["x*.example.com"]))),
        row("an IDNA A-label", &[], || asked("xn--bcher-kva.example", leaf_for(&["xn--bcher-kva.example"]))),
        row("the URL in Unicode, the SAN an A-label", &[], || {
            asked("bücher.example", leaf_for(&["xn--bcher-kva.example"]))
        }),
        row("a U-label in the SAN", MISMATCH, || asked("xn--bcher-kva.example", with_san("bücher.example".as_bytes()))),
        row("a NUL within the name", MISMATCH, || asked(HOST, with_san(b"ds.example.com\0.example.org"))),
        row("a dot at the end", &[], || asked(HOST, leaf_for(&["ds.example.com."]))),
        row("an empty name beside the right one", &[], || asked(HOST, leaf_for(&["", HOST]))),
        row("a blank before the name", MISMATCH, || asked(HOST, with_san(b" ds.example.com"))),
    ]
}

fn addresses() -> Vec<Row> {
    vec![
        row("an address in the SAN", &[MET_ONCE], || asked("127.0.0.1", leaf_for(&[]).address("127.0.0.1"))),
        row("an address beside a name", &[MET_ONCE], || asked("127.0.0.1", leaf().address("127.0.0.1"))),
        row("another address", &[NO_MATCH, MET_ONCE], || asked("127.0.0.1", leaf_for(&[]).address("127.0.0.2"))),
        row("an address of the other family", &[NO_MATCH, MET_ONCE], || {
            asked("127.0.0.1", leaf_for(&[]).address("::ffff:127.0.0.1"))
        }),
        row("an address written as a name", &[NO_MATCH, MET_ONCE], || asked("127.0.0.1", leaf_for(&["127.0.0.1"]))),
        row("an address in the CN alone", &[CN_ONLY, MET_ONCE], || {
            asked("127.0.0.1", without_san().subject("127.0.0.1"))
        }),
        row("an address asked for, a name certified", &[NO_MATCH, MET_ONCE], || asked("127.0.0.1", leaf())),
        row("a name asked for, its address certified", MISMATCH, || asked(HOST, leaf_for(&[]).address("127.0.0.1"))),
    ]
}

fn asked(host: &'static str, leaf: Draft) -> Served {
    let root = root();
    let ca = root.issue(issuing("Issuing CA"));
    served(&[&ca.issue(leaf), &ca], &[&root]).host(host)
}

fn without_san() -> Draft {
    leaf_for(&[])
}

/// A SAN with one dNSName of these bytes.
pub fn with_san(name: &[u8]) -> Draft {
    let names = element(0x30, &element(0x82, name));
    without_san().extension(&[2, 5, 29, 17], &names, false)
}
