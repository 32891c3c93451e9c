use super::*;
use crate::x509::forge::root;

#[test]
fn an_address_is_of_the_kind_of_another_and_has_its_number() {
    let (low, high) = (0x0005_cdef, 0x00c7_cdef);
    for (ip, number, expected) in [
        ("127.0.0.1", low, "127.133.205.239"),
        ("127.0.0.1", high, "127.199.205.239"),
        ("169.254.1.2", high, "169.254.205.239"),
        ("169.255.1.2", low, "198.19.205.239"),
        ("100.63.0.1", low, "198.19.205.239"),
        ("100.64.0.1", low, "100.69.205.239"),
        ("100.127.0.1", high, "100.71.205.239"),
        ("100.128.0.1", low, "198.19.205.239"),
        ("10.0.0.1", low, "10.133.205.239"),
        ("172.16.0.1", high, "10.199.205.239"),
        ("192.168.0.1", low, "10.133.205.239"),
        ("203.0.113.1", 0x0004_cdef, "198.18.205.239"),
        ("203.0.113.1", low, "198.19.205.239"),
        ("fd12::1", low, "fd00:5a::5:cdef"),
        ("fe80::1", low, "fe80::5a:0:5:cdef"),
        ("2001:db8::1", high, "2001:db8:5a::c7:cdef"),
    ] {
        assert_eq!(of_kind(ip.parse().unwrap(), number).to_string(), expected, "{ip}");
    }
}

#[test]
fn what_says_nothing_of_a_site_stays() {
    let mut stand_ins = StandIns::default();
    for (ip, expected) in [
        ("0.0.0.0", "0.0.0.0"),
        ("::", "::"),
        ("::1", "::1"),
        ("127.0.0.1", "127.128.0.1"),
        ("::ffff:127.0.0.1", "::ffff:127.128.0.1"),
    ] {
        assert_eq!(stand_ins.ip(ip.parse().unwrap()).to_string(), expected);
    }
}

#[test]
fn no_stand_in_is_an_address_that_was_met() {
    let mut stand_ins = StandIns::default();
    let met: Vec<IpAddr> = ["203.0.113.1", "198.18.0.1", "198.18.0.2"].map(|ip| ip.parse().unwrap()).into();
    for ip in &met {
        stand_ins.ip(*ip);
    }
    stand_ins.settle();
    let new: Vec<String> = met.iter().map(|ip| stand_ins.ip(*ip).to_string()).collect();
    assert_eq!(new, ["198.18.0.3", "198.18.0.4", "198.18.0.5"]);
}

#[test]
fn text_is_replaced_word_by_word_and_case_by_case() {
    let mut stand_ins = StandIns::default();
    for (text, expected) in [
        ("", ""),
        ("site", "name1"),
        ("the site: site-2", "name2 name1: name1-name3"),
        ("Site SITE site Site", "Name1 nAme1 name1 Name1"),
        ("b\u{fc}cher.Discovery.awmdm.com", "name4.Discovery.awmdm.com"),
    ] {
        assert_eq!(stand_ins.text(text), expected);
    }
    let spellings: Vec<String> =
        (1..=20_usize).map(|bits| (0..5).map(|at| if bits >> at & 1 == 1 { 'X' } else { 'x' }).collect()).collect();
    let new: Vec<String> = spellings.iter().map(|word| stand_ins.text(word)).collect();
    assert_eq!(new[..4], ["Name5", "nAme5", "NAme5", "naMe5"]);
    assert_eq!(new[13..17], ["nAME5", "NAME5", "NAME6", "NAME7"]);
    assert_eq!(stand_ins.text("xxxxx"), "name5");
}

#[test]
fn a_wildcard_among_other_characters_is_one_in_the_stand_in() {
    let mut stand_ins = StandIns::default();
    assert_eq!(stand_ins.host("abcdefg.acme.test"), "name1.name2.name3");
    for (pattern, expected) in [
        ("a*", "n*"),
        ("ab*", "na*"),
        ("abc*", "nam*"),
        ("abcd*", "name*"),
        ("abcde*", "name1*"),
        ("abcdef*", "n*1"),
        ("*g", "na*1"),
        ("a*", "n*"),
        ("b*", "x0*"),
        ("c*", "x1*"),
        ("*", "*"),
    ] {
        assert_eq!(stand_ins.name(&format!("{pattern}.acme.test")), format!("{expected}.name2.name3"));
    }
}

#[test]
fn attributes_of_a_distinguished_name_keep_their_types() {
    let mut stand_ins = StandIns::default();
    for (name, expected) in [
        ("CN=site,O=site+OU=other", "CN=name1,O=name1+OU=name2"),
        ("1.2.840=site", "1.2.840=name1"),
        ("se-cret=site", "name3-name4=name1"),
        ("site", "name1"),
        ("O=a\\,b,C=c\\\\,L=d", "O=name5\\,name6,C=name7\\\\,L=name8"),
    ] {
        assert_eq!(stand_ins.distinguished_name(name), expected);
    }
    assert_eq!(unescaped("a\\,b,c", &[',']), Some(4));
    assert_eq!(unescaped("a+b,c", &[',', '+']), Some(1));
    assert_eq!(unescaped("a\\,b", &[',']), None);
}

#[test]
fn domains_and_emails_are_read_as_whoever_judges_them_reads_them() {
    let mut stand_ins = StandIns::default();
    assert_eq!(stand_ins.host("xn--bcher-kva.test"), "name1--name2-name3.name4");
    assert_eq!(stand_ins.domain("b\u{fc}cher.test"), "name1--name2-name3.name4");
    assert_eq!(stand_ins.domain("other.test"), "name5.name4");
    assert_eq!(stand_ins.email("a@b@other.test"), "name6@name7@name5.name4");
    assert_eq!(stand_ins.email("nobody"), "name8");
}

#[test]
fn a_serial_number_keeps_its_sign_and_is_no_superfluous_zero() {
    let mut stand_ins = StandIns::default();
    let mut first = BTreeSet::new();
    for number in 0..64_u8 {
        for real in [number, number | 0x80] {
            let new = stand_ins.serial(&format!("{real:02X}:{number:02X}"));
            let (head, tail) = new.split_once(':').unwrap();
            let byte = u8::from_str_radix(head, 16).unwrap();
            assert_eq!((byte & 0x80, byte & 1, tail.len()), (real & 0x80, 1, 2), "{new}");
            first.insert(byte & 0x7e);
        }
    }
    assert!(first.len() > 16, "{first:?}");
    // Of a key identifier nothing is kept but its length, and that it is the same one.
    let id = stand_ins.key_id("AA:BB:CC");
    assert_eq!((id.len(), stand_ins.key_id("AA:BB:CC") == id, id == "AA:BB:CC"), (8, true, false));
    assert_ne!(stand_ins.key_id("AA:BB:CD"), id);
}

#[test]
fn an_rsa_key_stays_one_of_its_length_and_odd() {
    let mut stand_ins = StandIns::default();
    let mut last = BTreeSet::new();
    for number in 0..32_u8 {
        let mut modulus = vec![0x5a; 65];
        (modulus[0], modulus[1], modulus[2]) = (0, 0x9a, number);
        let content = [&[2, 65], modulus.as_slice(), &[2, 3, 1, 0, 1]].concat();
        let key = [&[0x30, u8::try_from(content.len()).unwrap()], content.as_slice()].concat();
        let new = stand_ins.rsa_public_key(&key);
        assert_eq!((new.len(), &new[..6], &new[69..]), (key.len(), &key[..6], &key[69..]));
        assert_ne!(new[6..69], key[6..69]);
        assert_eq!(new[68] & 1, 1);
        last.insert(new[68]);
    }
    assert!(last.len() > 8, "{last:?}");
    assert_eq!(stand_ins.rsa_public_key(b"no key").len(), 6);
    assert_ne!(stand_ins.rsa_public_key(b"no key"), b"no key");
}

#[test]
fn only_what_is_public_of_a_certificate_stays() {
    let made = root("R");
    let real = x509::read(&made.der).unwrap();
    let anchor = &webpki_roots::TLS_SERVER_ROOTS[0];
    let spki = webpki::spki_for_anchor(anchor);
    let public_key = BASE64.encode(digest(&SHA256, spki.as_ref()).as_ref());
    let public_name = "CN=ISRG Root X1,O=Internet Security Research Group,C=US";
    for bits in 0..8 {
        let (signed, named, keyed) = (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0);
        let mut facts = CertificateFacts { self_signed: Some(signed), ..real.clone() };
        if named {
            public_name.clone_into(&mut facts.subject);
        }
        if keyed {
            facts.key.spki_sha256.clone_from(&public_key);
        }
        let mut stand_ins = StandIns::default();
        let new = stand_ins.certificate(&facts);
        assert_eq!(new == facts, signed && named && keyed, "{signed} {named} {keyed}");
        assert_eq!(stand_ins.cert_id(&facts.id) == facts.id, signed && named && keyed);
        if !(signed && named && keyed) {
            assert!(new.id != facts.id && new.serial != facts.serial && new.sha1 != facts.sha1);
        }
    }
    let vendors = CertId("6b43368bbdf31386e839492f8cc8c3e59fec26f46df8ab400863ce7daf4f365b".into());
    let facts = CertificateFacts { id: vendors.clone(), ..real };
    let mut stand_ins = StandIns::default();
    assert_eq!(stand_ins.cert_id(&vendors), vendors);
    assert_eq!(stand_ins.certificate(&facts), facts);
}

#[test]
fn a_part_of_a_key_is_the_same_part_of_its_stand_in() {
    let mut stand_ins = StandIns::default();
    let real = format!("308189028181009a2b32{}0203010001", "5a7b".repeat(62) + "5b");
    let new = format!("308189028181009a2b32{}0203010001", "c1d2".repeat(62) + "c3");
    stand_ins.rsa_keys.insert(real.clone(), new.clone());
    assert_eq!(stand_ins.part_of_key(&real[10..40]).as_deref(), Some(&new[10..40]));
    assert_eq!(stand_ins.pin(&real[10..40].to_ascii_uppercase()), new[10..40].to_ascii_uppercase());
    assert_eq!(stand_ins.pin(&real), new);
    assert_eq!(stand_ins.part_of_key("ffff"), None);
    assert_eq!(stand_ins.pin(""), "");
    assert_eq!(stand_ins.pin("no hex"), "name1 name2");
    let fragment = stand_ins.pin("FFEE01");
    assert!(fragment.starts_with("5A") && fragment.len() == 6 && fragment != "FFEE01", "{fragment}");
}
