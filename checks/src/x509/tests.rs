//! Chains of every kind, and what is to be known of them.

mod dates;
mod reading;
mod signatures;

use std::time::Instant;

use rcgen::{BasicConstraints, CustomExtension, GeneralSubtree, IsCa, KeyUsagePurpose, NameConstraints};

use super::{
    forge::{HOST, Made, Supplied, ca, day, element, leaf, new_key, presents, presents_der, root, self_signed},
    *,
};
use crate::{recording::FileUse, testing::NOW};

fn chain_of(sent: &[&Made], supplied: &Supplied<'_>) -> ChainFacts {
    let recording = presents(sent, supplied);
    let mut all = chains(&[recording], NOW);
    assert_eq!(all.len(), 1);
    all.pop_first().unwrap().1
}

fn against(roots: &[&Made], sent: &[&Made]) -> ChainFacts {
    chain_of(sent, &Supplied { ca_files: roots, ..Supplied::default() })
}

/// The only path's faults.
fn faults(roots: &[&Made], sent: &[&Made]) -> Vec<(Place, CertId, LinkFault)> {
    let chain = against(roots, sent);
    assert_eq!(chain.paths.len(), 1, "{:?}", chain.paths);
    chain.paths[0].faults.clone()
}

const DS: Role = Role::DeviceServices;
const TS: Role = Role::TrustService;

// ---- sound chains

#[test]
fn a_chain_is_sound_with_or_without_its_root() {
    let root = root("R");
    let intermediate = root.intermediate("I");
    let leaf = intermediate.leaf();
    for sent in [vec![&leaf, &intermediate], vec![&leaf, &intermediate, &root]] {
        let chain = against(&[&root], &sent);
        assert_eq!(chain.paths.len(), 1);
        let path = &chain.paths[0];
        assert!(path.is_valid(DS));
        assert_eq!(path.certificates, [leaf.id(), intermediate.id(), root.id()]);
        assert_eq!(path.end, PathEnd::Supplied { id: root.id(), public: false });
        assert_eq!(path.sent[..2], [Some(0), Some(1)]);
        assert_eq!((chain.strangers, chain.doubles, chain.should_be), (vec![], vec![], None));
        assert_eq!(chain.added.len(), usize::from(sent.len() == 2));
    }
}

#[test]
fn a_root_of_the_system_counts_and_an_uploaded_one_does_not() {
    let root = root("R");
    let leaf = root.leaf();
    let system = chain_of(&[&leaf], &Supplied { system: &[&root], ..Supplied::default() });
    assert_eq!(system.paths[0].end, PathEnd::System { id: root.id(), public: false });
    let uploaded = chain_of(&[&leaf], &Supplied { files: &[(FileUse::Uploaded, &root)], ..Supplied::default() });
    assert_eq!(uploaded.paths[0].end, PathEnd::Untrusted { id: root.id() });
    assert!(uploaded.used_path(DS).is_none());
}

#[test]
fn the_signing_root_counts_for_the_trust_service_alone() {
    let root = root("AW");
    let leaf = root.leaf();
    let chain = chain_of(&[&leaf], &Supplied { files: &[(FileUse::SigningRoot, &root)], ..Supplied::default() });
    assert_eq!(chain.paths[0].end, PathEnd::SigningRoot { id: root.id() });
    assert!(chain.used_path(TS).is_some_and(|path| path.is_valid(TS)));
    assert!(chain.used_path(DS).is_none());

    let files = &[(FileUse::SigningRoot, &root)];
    let both = chain_of(&[&leaf], &Supplied { files, ca_files: &[&root], ..Supplied::default() });
    assert!(both.used_path(DS).is_some());
    assert_eq!(both.used_path(TS).unwrap().end, PathEnd::SigningRoot { id: root.id() });
}

#[test]
fn a_self_signed_leaf_that_was_supplied_is_its_own_root() {
    for params in [leaf(), {
        let mut params = ca("L");
        params.subject_alt_names = leaf().subject_alt_names;
        params
    }] {
        let made = self_signed(params);
        let chain = against(&[&made], &[&made]);
        assert_eq!(chain.paths.len(), 1);
        assert!(chain.paths[0].is_valid(DS), "{:?}", chain.paths);
        assert_eq!(chain.paths[0].end, PathEnd::Supplied { id: made.id(), public: false });
    }
}

#[test]
fn a_leaf_that_says_it_is_a_ca_makes_no_path_fault() {
    let root = root("R");
    let intermediate = root.intermediate("I");
    let mut params = leaf();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    assert_eq!(faults(&[&root], &[&intermediate.issue(params.clone()), &intermediate]), []);

    // And the rest of its path is judged all the same.
    let mut constrained = ca("I");
    constrained.name_constraints = Some(only("example.org"));
    let intermediate = root.issue(constrained);
    let expected = [(Place::Intermediate, intermediate.id(), LinkFault::NameConstraints)];
    assert_eq!(faults(&[&root], &[&intermediate.issue(params), &intermediate]), expected);
}

#[test]
fn key_usages_are_not_the_paths_matter() {
    let root = root("R");
    for usage in [rcgen::ExtendedKeyUsagePurpose::ClientAuth, rcgen::ExtendedKeyUsagePurpose::Any] {
        let mut params = leaf();
        params.extended_key_usages = vec![usage];
        assert_eq!(faults(&[&root], &[&root.issue(params)]), []);
    }
}

// ---- broken links

fn only(domain: &str) -> NameConstraints {
    NameConstraints { permitted_subtrees: vec![GeneralSubtree::DnsName(domain.into())], excluded_subtrees: vec![] }
}

#[test]
fn each_broken_link_is_laid_to_the_certificate_at_fault() {
    let root = root("R");
    let good = root.intermediate("I");
    let tweaked = |tweak: fn(&mut rcgen::CertificateParams)| {
        let mut params = ca("I");
        tweak(&mut params);
        root.issue(params)
    };
    let critical = |params: &mut rcgen::CertificateParams| {
        let mut extension = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
        extension.set_criticality(true);
        params.custom_extensions = vec![extension];
    };
    let unknown = || LinkFault::UnknownCriticalExtension { oid: "1.2.3.4".into() };

    let not_a_ca = tweaked(|params| params.is_ca = IsCa::ExplicitNoCa);
    let without_constraints = tweaked(|params| params.is_ca = IsCa::NoCa);
    let no_cert_sign = tweaked(|params| params.key_usages = vec![KeyUsagePurpose::DigitalSignature]);
    let constrained = tweaked(|params| params.name_constraints = Some(only("example.org")));
    let strange = tweaked(critical);
    let forged = good.with_bad_signature();
    let old = good.version1(&root);
    for (intermediate, fault) in [
        (not_a_ca, LinkFault::NotACa),
        (without_constraints, LinkFault::NotACa),
        (no_cert_sign, LinkFault::NoCertSign),
        (constrained, LinkFault::NameConstraints),
        (strange, unknown()),
        (forged, LinkFault::BadSignature),
        (old, LinkFault::Version1),
    ] {
        let found = faults(&[&root], &[&intermediate.leaf(), &intermediate]);
        assert_eq!(found, [(Place::Intermediate, intermediate.id(), fault)]);
    }

    let mut params = leaf();
    critical(&mut params);
    let strange = good.issue(params);
    let forged = good.leaf().with_bad_signature();
    let old = good.leaf().version1(&good);
    for (leaf, fault) in [(strange, unknown()), (forged, LinkFault::BadSignature), (old, LinkFault::Version1)] {
        assert_eq!(faults(&[&root], &[&leaf, &good]), [(Place::Leaf, leaf.id(), fault)]);
    }
}

#[test]
fn a_path_length_counts_the_cas_below() {
    for (allowed, expected) in [(0, Some(1)), (1, None)] {
        let root = root("R");
        let mut params = ca("upper");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(allowed));
        let upper = root.issue(params);
        let lower = upper.intermediate("lower");
        let found = faults(&[&root], &[&lower.leaf(), &lower, &upper]);
        let fault =
            |found| (Place::Intermediate, upper.id(), LinkFault::PathLength { allowed: u32::from(allowed), found });
        assert_eq!(found, expected.map(fault).into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn the_roots_name_constraints_bind_and_the_culprit_is_named() {
    let mut params = ca("R");
    params.name_constraints = Some(only("example.org"));
    let constrained = self_signed(params);
    let intermediate = constrained.intermediate("I");
    let leaf = intermediate.leaf();
    let expected = [(Place::Root, constrained.id(), LinkFault::NameConstraints)];
    assert_eq!(faults(&[&constrained], &[&leaf, &intermediate]), expected);

    let mut fitting = ca("R");
    fitting.name_constraints = Some(only("example.com"));
    let root = self_signed(fitting);
    assert_eq!(faults(&[&root], &[&root.leaf()]), []);
}

#[test]
fn six_intermediates_are_admitted_and_seven_are_not() {
    for (count, is_sound) in [(6, true), (7, false)] {
        let root = root("R");
        let mut made = vec![root.clone()];
        for number in 0..count {
            let next = made.last().unwrap().intermediate(&format!("I{number}"));
            made.push(next);
        }
        let leaf = made.last().unwrap().leaf();
        let mut sent = vec![&leaf];
        sent.extend(made.iter().skip(1).rev());
        let found = faults(&[&root], &sent);
        // The seventh from below.
        let expected = [(Place::Intermediate, made[1].id(), LinkFault::TooLong)];
        assert_eq!(found, if is_sound { &[][..] } else { &expected[..] });
    }
}

#[test]
fn what_webpki_alone_refuses_is_laid_to_the_certificate_that_says_it() {
    // Signed by another algorithm than the one that it names inside.
    let ecdsa_with_sha384 = element(der::SEQUENCE, &element(der::OID, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3]));
    let mismatched = |made: &Made, issuer: &Made| made.edited(issuer, |tbs| tbs[2].clone_from(&ecdsa_with_sha384));
    let detail = webpki::Error::SignatureAlgorithmMismatch.to_string();
    let (root, fault) = (root("R"), LinkFault::Other { detail });
    let intermediate = root.intermediate("I");
    let leaf = intermediate.leaf();
    let (odd_leaf, odd_intermediate) = (mismatched(&leaf, &intermediate), mismatched(&intermediate, &root));
    let odd_root = mismatched(&root, &root);
    for (roots, sent, place, id) in [
        (&root, [&odd_leaf, &intermediate], Place::Leaf, odd_leaf.id()),
        (&root, [&leaf, &odd_intermediate], Place::Intermediate, odd_intermediate.id()),
        (&odd_root, [&leaf, &intermediate], Place::Root, odd_root.id()),
    ] {
        assert_eq!(faults(&[roots], &sent), [(place, id, fault.clone())]);
    }
    // A root of version 1 is none to it where anything follows the key.
    let old = root.version1(&root);
    let odd = old.edited(&root, |tbs| tbs.push(element(0x81, &[0, 1])));
    assert_eq!(faults(&[&old], &[&leaf, &intermediate]), []);
    let fault = LinkFault::Other { detail: webpki::Error::BadDer.to_string() };
    assert_eq!(faults(&[&odd], &[&leaf, &intermediate]), [(Place::Root, odd.id(), fault)]);
}

#[test]
fn a_path_that_ends_in_no_root_is_judged_up_to_its_end() {
    let mut params = ca("I");
    params.is_ca = IsCa::ExplicitNoCa;
    let intermediate = root("R").issue(params);
    let leaf = intermediate.leaf();
    let chain = against(&[], &[&leaf, &intermediate]);
    assert_eq!(chain.paths[0].end, PathEnd::IssuerMissing { id: intermediate.id() });
    assert_eq!(chain.paths[0].faults, [(Place::Intermediate, intermediate.id(), LinkFault::NotACa)]);
    assert!(chain.paths[0].complete_as_sent);
}

// ---- gaps and untrusted ends

#[test]
fn a_gap_is_closed_by_what_was_supplied() {
    let root = root("R");
    let intermediate = root.intermediate("I");
    let leaf = intermediate.leaf();
    let open = against(&[&root], &[&leaf]);
    assert_eq!(open.paths[0].end, PathEnd::IssuerMissing { id: leaf.id() });

    let by_ca_file = Supplied { ca_files: &[&root, &intermediate], ..Supplied::default() };
    let by_upload =
        Supplied { ca_files: &[&root], files: &[(FileUse::Uploaded, &intermediate)], ..Supplied::default() };
    for supplied in [by_ca_file, by_upload] {
        let closed = chain_of(&[&leaf], &supplied);
        assert_eq!(closed.paths[0].sent, [Some(0), None, None]);
        assert!(!closed.paths[0].complete_as_sent && closed.paths[0].faults.is_empty());
        assert!(closed.used_path(DS).is_none());
        assert_eq!(closed.added.len(), 2);
    }
}

#[test]
fn untrusted_ends_are_told_from_missing_ones() {
    let root = root("R");
    let intermediate = root.intermediate("I");
    let leaf_made = intermediate.leaf();
    let sent_root = against(&[], &[&leaf_made, &intermediate, &root]);
    assert_eq!(sent_root.paths[0].end, PathEnd::Untrusted { id: root.id() });
    let without = against(&[], &[&leaf_made, &intermediate]);
    assert_eq!(without.paths[0].end, PathEnd::IssuerMissing { id: intermediate.id() });
    let alone = self_signed(leaf());
    assert_eq!(against(&[&root], &[&alone]).paths[0].end, PathEnd::Untrusted { id: alone.id() });
}

#[test]
fn a_namesake_with_another_key_is_no_issuer() {
    let (right, namesake) = (root("R"), root("R"));
    let leaf = right.leaf();
    let chain = against(&[&namesake], &[&leaf]);
    assert_eq!(chain.paths[0].end, PathEnd::IssuerMissing { id: leaf.id() });
    assert!(chain.paths[0].faults.is_empty());
    // Without a key identifier nothing but the signature tells them apart.
    let mut params = self::leaf();
    params.use_authority_key_identifier_extension = false;
    let leaf = right.issue(params);
    let chain = against(&[&namesake], &[&leaf]);
    assert_eq!(chain.paths[0].faults, [(Place::Leaf, leaf.id(), LinkFault::BadSignature)]);
    // And where the right one is there too, the other is not thought of.
    assert_eq!(against(&[&namesake, &right], &[&leaf]).paths.len(), 1);
}

/// Name and key of a bundled root, in a certificate of nobody's: no more is known of it, and no more is asked.
#[test]
fn a_root_is_public_by_the_name_and_key_of_a_bundled_one() {
    let anchor = &webpki_roots::TLS_SERVER_ROOTS[0];
    let made = root("R");
    let name = element(der::SEQUENCE, &anchor.subject);
    let key = webpki::spki_for_anchor(anchor);
    let renamed = |with_key: bool| {
        made.edited(&made, |tbs| {
            tbs[3].clone_from(&name);
            tbs[5].clone_from(&name);
            if with_key {
                tbs[6] = key.as_ref().to_vec();
            }
        })
    };
    for (root, is_public) in [(made.clone(), false), (renamed(false), false), (renamed(true), true)] {
        for supplied in [
            Supplied { system: &[&root], ..Supplied::default() },
            Supplied { ca_files: &[&root], ..Supplied::default() },
        ] {
            assert_eq!(chain_of(&[&root], &supplied).paths[0].end.is_public(), is_public);
        }
    }
    let old: PathEnd = serde_json::from_str(r#"{"kind":"system","id":"00"}"#).unwrap();
    assert!(!old.is_public(), "as written before this was known");
}

#[test]
fn bundled_roots_are_known_by_name_and_key() {
    // A leaf that names a bundled root as its issuer, but was never signed by it.
    let anchor = &webpki_roots::TLS_SERVER_ROOTS[0];
    let root = root("R");
    let name = element(der::SEQUENCE, anchor.subject.as_ref());
    let mut params = leaf();
    params.use_authority_key_identifier_extension = false;
    let forged = root.issue(params).edited(&root, |tbs| tbs[3] = name);
    let chain = chain_of(&[&forged], &Supplied { mozilla: true, ..Supplied::default() });
    assert!(matches!(chain.paths[0].end, PathEnd::Mozilla { .. }));
    assert_eq!(chain.paths[0].certificates, [forged.id()]);
    assert_eq!(chain.paths[0].faults, [(Place::Leaf, forged.id(), LinkFault::BadSignature)]);
    let without = chain_of(&[&forged], &Supplied::default());
    assert_eq!(without.paths[0].end, PathEnd::IssuerMissing { id: forged.id() });
}

// ---- several paths

/// Two roots; the intermediate's issuer `A` is a root of its own and cross-signed by `B`.
fn crossed(validity: (i64, i64)) -> (Made, Made, Made, Made, Made) {
    let (a, b) = (root("A"), root("B"));
    let mut params = ca("A");
    (params.not_before, params.not_after) = (day(validity.0), day(validity.1));
    let cross = b.issue_for(params, &a.key);
    let intermediate = a.intermediate("I");
    let leaf = intermediate.leaf();
    (a, b, cross, intermediate, leaf)
}

#[test]
fn a_cross_signed_issuer_gives_two_paths_and_no_stranger() {
    let (a, b, cross, intermediate, leaf) = crossed((-100, 100));
    let chain = against(&[&a, &b], &[&leaf, &intermediate, &cross]);
    assert_eq!(chain.paths.len(), 2);
    assert!(chain.paths.iter().all(|path| path.is_valid(DS)));
    // The shorter one needs one certificate that was not sent, and so does the other.
    assert_eq!(chain.paths[0].certificates, [leaf.id(), intermediate.id(), a.id()]);
    assert_eq!(chain.paths[1].certificates, [leaf.id(), intermediate.id(), cross.id(), b.id()]);
    assert_eq!((chain.strangers, chain.should_be), (vec![], None));
}

#[test]
fn the_valid_path_goes_before_the_expired_one() {
    let (a, b, cross, intermediate, leaf) = crossed((-200, -100));
    let chain = against(&[&a, &b], &[&leaf, &intermediate, &cross]);
    assert_eq!(chain.paths[0].out_of_time, []);
    assert_eq!(chain.paths[1].out_of_time, [cross.id()]);
    assert!(chain.paths[1].faults.is_empty(), "time is left aside");
    let only_b = against(&[&b], &[&leaf, &intermediate, &cross]);
    let used = only_b.used_path(DS).unwrap();
    assert!(!used.is_valid(DS));
    assert_eq!(used.out_of_time, [cross.id()]);
}

#[test]
fn time_is_left_aside_even_where_members_share_none() {
    let root = root("R");
    let mut params = ca("I");
    (params.not_before, params.not_after) = (day(-400), day(-300));
    let intermediate = root.issue(params);
    let leaf = intermediate.leaf();
    let chain = against(&[&root], &[&leaf, &intermediate]);
    assert!(chain.paths[0].is_sound(DS));
    assert_eq!(chain.paths[0].out_of_time, [intermediate.id()]);
}

#[test]
fn name_constraints_bind_whenever_all_were_valid() {
    let root = root("R");
    // From and to in days; the last pair shares one second alone.
    for (upper, lower) in
        [((-10, 10), (-10, 10)), ((-400, -300), (-350, -250)), ((250, 350), (300, 400)), ((0, 1), (1, 2))]
    {
        let mut params = ca("I");
        params.name_constraints = Some(only("example.org"));
        (params.not_before, params.not_after) = (day(upper.0), day(upper.1));
        let intermediate = root.issue(params);
        let mut params = leaf();
        (params.not_before, params.not_after) = (day(lower.0), day(lower.1));
        let expected = [(Place::Intermediate, intermediate.id(), LinkFault::NameConstraints)];
        assert_eq!(faults(&[&root], &[&intermediate.issue(params), &intermediate]), expected, "{upper:?} {lower:?}");
    }
}

#[test]
fn cas_that_sign_each_other_make_no_endless_path() {
    let (a, b) = (root("A"), root("B"));
    let a_by_b = b.issue_for(ca("A"), &a.key);
    let b_by_a = a.issue_for(ca("B"), &b.key);
    let leaf = a.leaf();
    let chain = against(&[], &[&leaf, &a_by_b, &b_by_a]);
    assert_eq!(chain.paths.len(), 1);
    assert_eq!(chain.paths[0].certificates, [leaf.id(), a_by_b.id(), b_by_a.id()]);
    assert_eq!(chain.paths[0].end, PathEnd::IssuerMissing { id: b_by_a.id() });
}

#[test]
fn an_authority_is_a_name_and_a_key() {
    let root = root("R");
    let next = new_key();
    // A root's next key under its name, and its key under another name: neither is the root once more.
    for between in [root.issue_for(ca("R"), &next), root.issue_for(ca("I"), &root.key)] {
        let leaf = between.leaf();
        let chain = against(&[&root], &[&leaf, &between]);
        assert_eq!(chain.paths[0].certificates, [leaf.id(), between.id(), root.id()]);
        assert_eq!(chain.paths[0].end, PathEnd::Supplied { id: root.id(), public: false });
    }
}

#[test]
fn another_copy_of_the_root_is_the_root() {
    let root = root("R");
    let mut params = ca("R");
    params.not_after = day(100);
    let key = std::sync::Arc::clone(&root.key);
    let copy = Made { der: params.self_signed(key.as_ref()).unwrap().der().to_vec(), params, key };
    let leaf = root.leaf();
    let chain = against(&[&root], &[&leaf, &copy]);
    assert_eq!(chain.paths.len(), 1);
    assert_eq!(chain.paths[0].end, PathEnd::Supplied { id: root.id(), public: false });
    assert_eq!((chain.strangers, chain.should_be), (vec![], None));
}

#[test]
fn every_issuer_is_followed_up_to_the_eighth_certificate_and_one_above() {
    for (intermediates, paths) in [(6, 2), (7, 2), (8, 1), (9, 1)] {
        let (a, b) = (root("A"), root("B"));
        let cross = b.issue_for(ca("A"), &a.key);
        let mut made = vec![a.intermediate("1")];
        for number in 1..intermediates {
            let next = made[0].intermediate(&format!("{}", number + 1));
            made.insert(0, next);
        }
        let leaf = made[0].leaf();
        let sent: Vec<&Made> = std::iter::once(&leaf).chain(&made).chain([&cross]).collect();
        assert_eq!(against(&[&a, &b], &sent).paths.len(), paths, "{intermediates}");
    }
}

#[test]
fn as_many_paths_are_kept_as_the_bound_says() {
    let root = root("R");
    let files = [(FileUse::SigningRoot, &root)];
    let supplied = Supplied { ca_files: &[&root], system: &[&root], files: &files, ..Supplied::default() };
    let first = root.intermediate("I");
    let leaf = first.leaf();
    // Each copy of the intermediate leads to a root that counts for three reasons.
    for (copies, paths) in [(1, 3), (21, 63), (22, 64), (23, 64)] {
        let more: Vec<Made> = (1..copies).map(|_| root.issue_for(ca("I"), &first.key)).collect();
        let sent: Vec<&Made> = [&leaf, &first].into_iter().chain(&more).collect();
        assert_eq!(chain_of(&sent, &supplied).paths.len(), paths, "{copies}");
    }
}

#[test]
fn as_many_signatures_are_looked_at_as_the_bound_says_those_of_roots_first() {
    let right = root("R");
    let mut params = leaf();
    params.use_authority_key_identifier_extension = false;
    let leaf = right.issue(params);
    // One key: what its signature comes to is verified once and counted each time.
    let other = root("R");
    let namesakes: Vec<Made> =
        (0..super::paths::MOST_SIGNATURES).map(|_| other.issue_for(ca("R"), &other.key)).collect();
    for (before, is_found) in [(namesakes.len() - 1, true), (namesakes.len(), false)] {
        let sent: Vec<&Made> = std::iter::once(&leaf).chain(namesakes.iter().take(before)).chain([&right]).collect();
        let chain = against(&[], &sent);
        let found = chain.paths.iter().any(|path| path.end == PathEnd::Untrusted { id: right.id() });
        assert_eq!((found, chain.paths.iter().any(|path| path.faults.is_empty())), (is_found, is_found), "{before}");
    }
    // Whom the key identifier names goes before all others.
    let named = right.leaf();
    let sent: Vec<&Made> = std::iter::once(&named).chain(&namesakes).chain([&right]).collect();
    let chain = against(&[], &sent);
    assert_eq!(chain.paths[0].end, PathEnd::Untrusted { id: right.id() });
    assert!(chain.paths[0].faults.is_empty());
    let sent: Vec<&Made> = std::iter::once(&leaf).chain(&namesakes).collect();
    let chain = against(&[&right], &sent);
    assert_eq!(chain.paths[0].end, PathEnd::Supplied { id: right.id(), public: false });
    assert!(chain.paths[0].is_valid(DS));
}

/// An authority key identifier of these bytes.
fn names_key(id: &[u8]) -> CustomExtension {
    CustomExtension::from_oid_content(&[2, 5, 29, 35], element(der::SEQUENCE, &element(0x80, id)))
}

fn sha1(bytes: &[u8]) -> Vec<u8> {
    ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().to_vec()
}

#[test]
fn whose_signature_it_should_be_is_told_by_the_key_identifier() {
    // A leaf that names an issuer, and is signed by nobody of this name.
    let forged = |issuer: &[u8], key_id: &[u8]| {
        let mut params = leaf();
        params.use_authority_key_identifier_extension = false;
        params.custom_extensions = vec![names_key(key_id)];
        let stranger = root("S");
        stranger.issue(params).edited(&stranger, |tbs| tbs[3] = element(der::SEQUENCE, issuer))
    };
    let anchor = &webpki_roots::TLS_SERVER_ROOTS[0];
    let spki = webpki::spki_for_anchor(anchor);
    let bits = der::elements(der::inside(spki.as_ref(), der::SEQUENCE).unwrap()).nth(1).unwrap().contents;
    let named = root("R");
    let name = der::elements(der::inside(&named.der, der::SEQUENCE).unwrap()).next().unwrap().contents;
    let name = der::inside(der::elements(name).nth(5).unwrap().whole, der::SEQUENCE).unwrap().to_vec();
    let facts = read(&named.der).unwrap();
    let own = facts.subject_key_id.unwrap().replace(':', "");
    let own = data_encoding::HEXUPPER.decode(own.as_bytes()).unwrap();
    // Without an identifier of its own, an issuer has the one that its key gives.
    let old = named.version1(&named);
    let computed = sha1(named.key.public_key_raw());
    let (mozilla, none) = (Supplied { mozilla: true, ..Supplied::default() }, Supplied::default());
    for (issuer, key_id, sent, supplied, is_named) in [
        (anchor.subject.as_ref(), sha1(&bits[1..]), None, &mozilla, true),
        (anchor.subject.as_ref(), vec![1], None, &mozilla, false),
        (&name, own.clone(), Some(&named), &none, true),
        (&name, vec![1], Some(&named), &none, false),
        (&name, computed, Some(&old), &none, true),
        (&name, own, Some(&old), &none, false),
    ] {
        let leaf = forged(issuer, &key_id);
        let sent: Vec<&Made> = std::iter::once(&leaf).chain(sent).collect();
        let chain = chain_of(&sent, supplied);
        let expected = if is_named { vec![(Place::Leaf, leaf.id(), LinkFault::BadSignature)] } else { vec![] };
        let own: Vec<_> = chain.paths[0].faults.iter().filter(|(place, ..)| *place == Place::Leaf).cloned().collect();
        assert_eq!((own, chain.paths.len()), (expected, 1), "{key_id:x?}");
        assert_eq!(matches!(chain.paths[0].end, PathEnd::IssuerMissing { .. }), !is_named);
    }
    // A signature that is right needs no identifier to match.
    let mut params = leaf();
    params.use_authority_key_identifier_extension = false;
    params.custom_extensions = vec![names_key(&[1])];
    let leaf = named.issue(params);
    assert!(against(&[&named], &[&leaf]).paths[0].is_valid(DS));
}

#[test]
fn a_self_signed_leaf_has_its_own_keys_root_above_it_and_no_other_copy_of_itself() {
    let key = new_key();
    let copy = || {
        let der = ca("L").self_signed(key.as_ref()).unwrap().der().to_vec();
        Made { der, params: ca("L"), key: std::sync::Arc::clone(&key) }
    };
    let (leaf, renewed) = (copy(), copy());
    assert_ne!(leaf.id(), renewed.id());
    let chain = against(&[&renewed], &[&leaf]);
    assert_eq!(chain.paths.len(), 1);
    assert_eq!(chain.paths[0].certificates, [leaf.id(), renewed.id()]);
    assert_eq!(chain.paths[0].end, PathEnd::Supplied { id: renewed.id(), public: false });
    for leaf in [leaf.clone(), leaf.with_bad_signature()] {
        let chain = against(&[], &[&leaf, &renewed]);
        assert_eq!(chain.paths.len(), 1);
        assert_eq!(chain.paths[0].certificates, [leaf.id()]);
        assert_eq!(chain.paths[0].end, PathEnd::Untrusted { id: leaf.id() });
    }
}

#[test]
fn a_copy_of_a_bundled_root_is_that_root() {
    let anchor = &webpki_roots::TLS_SERVER_ROOTS[0];
    let name = element(der::SEQUENCE, &anchor.subject);
    let made = root("R");
    let copy = |with_key: bool| {
        made.edited(&made, |tbs| {
            tbs[3].clone_from(&name);
            tbs[5].clone_from(&name);
            if with_key {
                tbs[6] = webpki::spki_for_anchor(anchor).as_ref().to_vec();
            }
        })
    };
    let stranger = root("S");
    let mut params = leaf();
    params.use_authority_key_identifier_extension = false;
    let forged = stranger.issue(params).edited(&stranger, |tbs| tbs[3].clone_from(&name));
    for (copy, paths) in [(copy(true), 1), (copy(false), 2)] {
        let chain = chain_of(&[&forged, &copy], &Supplied { mozilla: true, ..Supplied::default() });
        assert_eq!(chain.paths.len(), paths, "{:?}", chain.paths);
        assert!(chain.paths.iter().any(|path| matches!(path.end, PathEnd::Mozilla { .. })));
    }
}

// ---- order, strangers, doubles

#[test]
fn order_strangers_and_doubles_are_places() {
    let root = root("R");
    let upper = root.intermediate("U");
    let lower = upper.intermediate("L");
    let leaf = lower.leaf();
    let stranger = self::root("S").intermediate("X");
    for (sent, strangers, doubles, should_be) in [
        (vec![&leaf, &lower, &upper], vec![], vec![], None),
        (vec![&leaf, &lower, &upper, &root], vec![], vec![], None),
        (vec![&leaf, &upper, &lower], vec![], vec![], Some(vec![0, 2, 1])),
        (vec![&leaf, &root, &upper, &lower], vec![], vec![], Some(vec![0, 3, 2, 1])),
        (vec![&leaf, &stranger, &lower, &upper], vec![1], vec![], None),
        (vec![&leaf, &lower, &lower, &upper, &leaf], vec![], vec![2, 4], None),
        (vec![&leaf, &upper, &stranger, &lower, &upper], vec![2], vec![4], Some(vec![0, 3, 1])),
    ] {
        let chain = against(&[&root], &sent);
        assert_eq!((chain.strangers, chain.doubles, chain.should_be), (strangers, doubles, should_be));
        assert!(chain.paths[0].is_valid(DS));
    }
}

#[test]
fn a_cross_signed_certificate_may_not_come_before_what_it_issued() {
    let (a, b, cross, intermediate, leaf) = crossed((-100, 100));
    let chain = against(&[&a, &b], &[&leaf, &cross, &intermediate]);
    assert_eq!((chain.strangers, chain.should_be), (vec![], Some(vec![0, 2, 1])));
}

#[test]
fn what_the_preferred_path_leaves_over_comes_after_what_it_issued() {
    let (a, b, c) = (root("A"), root("B"), root("C"));
    let (a_by_b, b_by_c) = (b.issue_for(ca("A"), &a.key), c.issue_for(ca("B"), &b.key));
    let intermediate = a.intermediate("I");
    let leaf = intermediate.leaf();
    let chain = against(&[&a, &c], &[&leaf, &b_by_c, &intermediate, &a_by_b]);
    assert_eq!(chain.paths[0].certificates, [leaf.id(), intermediate.id(), a.id()]);
    assert_eq!((chain.strangers, chain.should_be), (vec![], Some(vec![0, 2, 3, 1])));
}

// ---- what cannot be read

#[test]
fn an_unreadable_certificate_keeps_its_place() {
    let root = root("R");
    let leaf = root.leaf();
    let recording =
        presents_der(&[&leaf.der, b"no certificate"], &Supplied { ca_files: &[&root], ..Supplied::default() });
    let chain = chains(&[recording], NOW).pop_first().unwrap().1;
    assert!(chain.sent[0].is_ok() && chain.sent[1].is_err());
    assert!(chain.paths[0].is_valid(DS));
    let recording = presents_der(&[b"no certificate", &leaf.der], &Supplied::default());
    let chain = chains(&[recording], NOW).pop_first().unwrap().1;
    assert!(chain.leaf().is_none() && chain.paths.is_empty());
}

#[test]
fn a_certificate_under_another_ones_id_is_not_believed() {
    let root = root("R");
    let leaf = root.leaf();
    let mut recording = presents(&[&leaf], &Supplied { ca_files: &[&root], ..Supplied::default() });
    recording.certificates.insert(leaf.id(), crate::recording::Der(root.leaf().der));
    let chain = chains(&[recording.clone()], NOW).pop_first().unwrap().1;
    assert_eq!(chain.sent[0].as_ref().unwrap_err().detail, "the recording holds another under this id");
    recording.certificates.insert(leaf.id(), crate::recording::Der(b"no certificate".into()));
    let chain = chains(&[recording], NOW).pop_first().unwrap().1;
    assert_eq!(chain.sent[0].as_ref().unwrap_err().id, leaf.id());
}

#[test]
fn a_hundred_certificates_are_judged_in_bounded_time() {
    let root = root("R");
    let began = Instant::now();
    // All of one name and one key identifier, so that everyone may have signed everyone.
    let mut params = ca("same");
    params.use_authority_key_identifier_extension = false;
    params.key_identifier_method = rcgen::KeyIdMethod::PreSpecified(vec![1]);
    let first = self_signed(params.clone());
    let mut made = vec![first];
    for _ in 1..100 {
        let next = made.last().unwrap().issue(params.clone());
        made.push(next);
    }
    let making = began.elapsed();
    let sent: Vec<&Made> = made.iter().rev().collect();
    let began = Instant::now();
    let chain = against(&[&root], &sent);
    assert!(chain.paths.len() <= 64);
    assert!(began.elapsed() < making * 20 + std::time::Duration::from_secs(1), "{:?}", began.elapsed());

    // And in a row.
    let mut made = vec![root.clone()];
    for number in 1..100 {
        let next = made.last().unwrap().intermediate(&format!("{number}"));
        made.push(next);
    }
    let sent: Vec<&Made> = made.iter().rev().collect();
    let chain = against(&[&root], &sent);
    assert_eq!(chain.paths.len(), 1);
    assert_eq!(chain.paths[0].certificates.len(), 100);
    assert!(chain.paths[0].faults.iter().any(|(_, _, fault)| *fault == LinkFault::TooLong));
}

#[test]
fn the_page_of_bounds_has_these_numbers() {
    let page = include_str!("../../../docs/reference/limits.md");
    let kib = super::read::LONGEST / 1024;
    for row in [
        format!("| one certificate | {kib} KiB |"),
        format!("| candidate paths of one chain | {} |", super::paths::MOST_PATHS),
        format!("| signatures that are verified for one chain | {} |", super::paths::MOST_SIGNATURES),
    ] {
        assert!(page.contains(&row), "{row}");
    }
}
