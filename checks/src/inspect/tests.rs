use super::*;
use crate::{
    testing::NOW,
    x509::forge::{Supplied, presents, root},
};

fn kinds(inspection: &Inspection) -> Vec<&'static str> {
    inspection.findings.iter().map(|finding| finding.cause.kind()).collect()
}

#[test]
fn a_file_may_begin_with_its_root() {
    let root = root("root");
    let issuing = root.intermediate("issuing");
    let leaf = issuing.leaf();
    let recording = presents(&[&leaf, &issuing, &root], &Supplied { ca_files: &[&root], ..Supplied::default() });
    let certificates = vec![root.id(), issuing.id(), leaf.id()];
    for (ordered, expected) in [(true, vec!["wrong-order"]), (false, vec![])] {
        let filed = Filed { paths: vec!["chain.pem".to_owned()], certificates: certificates.clone(), ordered };
        let inspection = Inspection::of_files(&recording, &filed, NOW);
        assert_eq!((kinds(&inspection), inspection.sound), (expected, true));
        let numbers: Vec<(usize, &str)> =
            inspection.certificates.iter().map(|one| (one.number, one.sha256.as_str())).collect();
        let places: Vec<(usize, &str)> = (1..).zip(certificates.iter().map(|id| id.0.as_str())).collect();
        assert_eq!(numbers, places);
        assert_eq!(inspection.paths[0].certificates, [leaf.id().0, issuing.id().0, root.id().0]);
    }
}

#[test]
fn an_empty_file_and_a_server_that_sent_nothing_are_not_sound() {
    let mut recording = presents(&[&root("root")], &Supplied::default());
    let nothing = Filed { paths: vec![], certificates: vec![], ordered: true };
    assert!(!Inspection::of_files(&recording, &nothing, NOW).sound);
    recording.connections.clear();
    assert!(!Inspection::of_server(&recording, &Endpoint::new("ds.example.com", 443), NOW).sound);
}
