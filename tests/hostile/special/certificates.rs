//! Certificates by the megabyte and by the thousand.

use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair, SanType};
use rustls::pki_types::PrivateKeyDer;

use super::{ESCAPES, row};
use crate::{
    Row,
    asks::Asks,
    peer::{Handler, drain, handler, noise},
    table::way,
    tls::{self, DEVICE_SERVICES, LEAF, ROOT, Speaks},
};

fn presenting(chain: Vec<Vec<u8>>, speaks: Speaks) -> Handler {
    let config = tls::presents(chain, &LEAF.1, speaks);
    handler(move |tcp| {
        let config = config.clone();
        async move { drain(tls::accept(tcp, config).await?).await }
    })
}

pub fn rows() -> Vec<Row> {
    let and = |more: Vec<Vec<u8>>| [vec![LEAF.0.clone()], more].concat();
    let tiny = |n: usize| vec![0x30, 0x03, 0x02, 0x01, u8::try_from(n % 128).unwrap(), u8::try_from(n / 128).unwrap()];
    let too_long = || [way("tls-failed chain-too-long")];
    let escapes = {
        let mut params = tls::leaf_params(&["other.acme.test"]);
        params.distinguished_name.push(DnType::CommonName, ESCAPES);
        params.distinguished_name.push(DnType::OrganizationName, ESCAPES);
        let name: String = ESCAPES.chars().filter(char::is_ascii).collect();
        params.subject_alt_names.push(SanType::DnsName(name.try_into().unwrap()));
        tls::leaf(&params, &ROOT)
    };
    let evil = tls::presents(vec![escapes.0], &escapes.1, Speaks::Both);
    let evil = handler(move |tcp| {
        let config = evil.clone();
        async move { drain(tls::accept(tcp, config).await?).await }
    });
    let (crowd, key) = crowd(180);
    let crowd = tls::presents(crowd, &key, Speaks::Both);
    let crowd = handler(move |tcp| {
        let config = crowd.clone();
        async move { drain(tls::accept(tcp, config).await?).await }
    });
    vec![
        row(
            "16 MB of certificates",
            Asks::DeviceServices,
            presenting(and(vec![noise(16_000_000)]), Speaks::Both),
            &too_long(),
        ),
        row(
            "65,400 bytes of certificates",
            Asks::DeviceServices,
            presenting(and(vec![noise(65_400 - LEAF.0.len())]), Speaks::Both),
            &too_long(),
        ),
        row(
            "1,000 certificates",
            Asks::DeviceServices,
            presenting(vec![LEAF.0.clone(); 1000], Speaks::Both),
            &too_long(),
        ),
        row(
            "1,000 certificates, TLS 1.2",
            Asks::DeviceServices,
            presenting(vec![LEAF.0.clone(); 1000], Speaks::Tls12),
            &too_long(),
        ),
        row(
            "1,000 that are none",
            Asks::DeviceServices,
            presenting(and((1..1000).map(tiny).collect()), Speaks::Both),
            &["certificate/path warn certificate-unreadable".to_owned()],
        ),
        row(
            "180 authorities of one name and key",
            Asks::DeviceServices,
            crowd,
            &["certificate/path fail untrusted-root".to_owned()],
        ),
        row(
            "escape sequences in a certificate",
            Asks::DeviceServices,
            evil,
            &["certificate/name fail name-mismatch".to_owned()],
        ),
    ]
}

/// A leaf below so many certificates of one authority, each of which could have issued every other.
fn crowd(count: usize) -> (Vec<Vec<u8>>, PrivateKeyDer<'static>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "C");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let mut chain: Vec<Vec<u8>> = (0..count)
        .map(|n| {
            params.serial_number = Some(u64::try_from(n + 1).unwrap().into());
            params.self_signed(&key).unwrap().der().to_vec()
        })
        .collect();
    let issuer = Issuer::new(params, key);
    let leaf_key = KeyPair::generate().unwrap();
    let leaf = tls::leaf_params(&[DEVICE_SERVICES]).signed_by(&leaf_key, &issuer).unwrap();
    chain.insert(0, leaf.der().to_vec());
    (chain, PrivateKeyDer::Pkcs8(leaf_key.serialize_der().into()))
}
