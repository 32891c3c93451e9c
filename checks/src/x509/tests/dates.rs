//! Dates in odd forms, and from before 1970.

use super::*;

#[test]
fn dates_are_written_to_the_second_and_in_utc() {
    let root = root("R");
    let good = root.intermediate("I");
    for (tag, date, expected) in [
        (0x17, "491231235959Z", true),
        (0x18, "20490101000000Z", true),
        (0x18, "99991231235959Z", true),
        (0x17, "4912312359Z", false),
        (0x17, "491231235959+0000", false),
        (0x18, "20490101000000.5Z", false),
    ] {
        let fault = |place, made: &Made| {
            let detail = "its dates are not written to the second and in UTC, as RFC 5280, 4.1.2.5, asks".to_owned();
            if expected { vec![] } else { vec![(place, made.id(), LinkFault::Other { detail })] }
        };
        let until = |tbs: &mut Vec<Vec<u8>>| {
            let dates = [element(0x17, b"260101000000Z"), element(tag, date.as_bytes())].concat();
            tbs[4] = element(der::SEQUENCE, &dates);
        };
        let leaf = good.leaf().edited(&good, until);
        assert_eq!(faults(&[&root], &[&leaf, &good]), fault(Place::Leaf, &leaf), "{date}");
        let intermediate = good.edited(&root, until);
        let found = faults(&[&root], &[&intermediate.leaf(), &intermediate]);
        assert_eq!(found, fault(Place::Intermediate, &intermediate), "{date}");
        let oddly_dated = root.edited(&root, until);
        assert_eq!(faults(&[&oddly_dated], &[&good.leaf(), &good]), [], "of a root nothing is asked");
    }
}

#[test]
fn name_constraints_beside_a_date_before_1970_do_not_pass_unjudged() {
    let root = root("R");
    let mut params = ca("I");
    params.name_constraints = Some(only("example.org"));
    let constrained = root.issue(params);
    let since = |issuer: &Made, from: &[u8]| {
        issuer.leaf().edited(issuer, |tbs| {
            let dates = [element(0x17, from), element(0x17, b"490101000000Z")].concat();
            tbs[4] = element(der::SEQUENCE, &dates);
        })
    };
    let early = |issuer: &Made| since(issuer, b"691231235959Z");
    let leaf = early(&constrained);
    let detail = "a date before 1970, beside which name constraints cannot be judged".to_owned();
    let expected = [(Place::Leaf, leaf.id(), LinkFault::Other { detail: detail.clone() })];
    assert_eq!(faults(&[&root], &[&leaf, &constrained]), expected);
    assert_eq!(faults(&[&root], &[&early(&root)]), []);
    // The first second of 1970 is no such date: the one that has one is at fault.
    let early_ca = constrained.edited(&root, |tbs| {
        let dates = [element(0x17, b"691231235959Z"), element(0x17, b"490101000000Z")].concat();
        tbs[4] = element(der::SEQUENCE, &dates);
    });
    let expected = [(Place::Intermediate, early_ca.id(), LinkFault::Other { detail })];
    assert_eq!(faults(&[&root], &[&since(&early_ca, b"700101000000Z"), &early_ca]), expected);
}
