//! Signatures, weak and rare.

use super::*;

#[test]
fn weak_keys_and_hashes_are_verified_and_what_cannot_be_is_said() {
    let file = |der: &[u8]| Made { der: der.to_vec(), params: leaf(), key: new_key() };
    let rsa_root = file(include_bytes!("../../../testdata/rsa-root.der"));
    let rsa_1024 = file(include_bytes!("../../../testdata/rsa-1024.der"));
    let p521_root = file(include_bytes!("../../../testdata/p521-root.der"));
    let rsa_512 = file(include_bytes!("../../../testdata/rsa-512.der"));
    let p224_root = file(include_bytes!("../../../testdata/p224-root.der"));
    let p384_root = file(include_bytes!("../../../testdata/p384-root.der"));
    let at = read(&rsa_root.der).unwrap().not_before;
    let judged = |sent: &[&Made], root: &Made| {
        let recording = presents(sent, &Supplied { ca_files: &[root], ..Supplied::default() });
        let mut all = chains(&[recording], Timestamp(at.0 + 86_400));
        let path = all.pop_first().unwrap().1.paths.remove(0);
        (path.is_valid(DS), path.faults.into_iter().map(|(_, _, fault)| fault).collect::<Vec<_>>())
    };
    let unsupported = |name: &str| (false, vec![LinkFault::UnsupportedSignature { algorithm: name.into() }]);
    for (leaf, root, expected) in [
        (&include_bytes!("../../../testdata/leaf-pss.der")[..], &rsa_root, (true, vec![])),
        (include_bytes!("../../../testdata/leaf-pss-salt-20.der"), &rsa_root, unsupported("rsassaPss")),
        (include_bytes!("../../../testdata/leaf-md5.der"), &rsa_root, (true, vec![])),
        (include_bytes!("../../../testdata/leaf-by-p521.der"), &p521_root, (true, vec![])),
        (include_bytes!("../../../testdata/leaf-sha256-by-p521.der"), &p521_root, (true, vec![])),
        (include_bytes!("../../../testdata/leaf-md5-by-512.der"), &rsa_512, (true, vec![])),
        (include_bytes!("../../../testdata/leaf-by-p224.der"), &p224_root, (true, vec![])),
        (include_bytes!("../../../testdata/leaf-sha1-by-p384.der"), &p384_root, (true, vec![])),
        (include_bytes!("../../../testdata/leaf-sha512-by-p384.der"), &p384_root, (true, vec![])),
    ] {
        assert_eq!(judged(&[&file(leaf)], root), expected);
        // The same with a signature that is nobody's, unless it cannot be verified at all.
        let wrong = file(leaf).with_bad_signature();
        let expected = if expected.0 { (false, vec![LinkFault::BadSignature]) } else { expected };
        assert_eq!(judged(&[&wrong], root), expected);
    }
    let weak = file(include_bytes!("../../../testdata/leaf-sha1-by-1024.der"));
    assert_eq!(judged(&[&weak, &rsa_1024], &rsa_root), (true, vec![]));
    let odd = file(include_bytes!("../../../testdata/leaf-sha384-by-1024.der"));
    assert_eq!(judged(&[&odd, &rsa_1024], &rsa_root), (true, vec![]));
}
