use pinflight_checks::deployment::{
    Confirmed, DeviceServices, Discovery, Network, Trust, TrustService, TrustServiceMode,
};
use rcgen::{CertificateParams, KeyPair};

use super::*;

fn certificate() -> Vec<u8> {
    let key = KeyPair::generate().unwrap();
    CertificateParams::new(["ds.example".to_owned()]).unwrap().self_signed(&key).unwrap().der().to_vec()
}

fn csr() -> Vec<u8> {
    let key = KeyPair::generate().unwrap();
    CertificateParams::new(["ts.example".to_owned()]).unwrap().serialize_request(&key).unwrap().der().to_vec()
}

fn pem(label: &str, der: &[u8]) -> String {
    let base64 = BASE64.encode(der);
    let lines: Vec<_> = base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\r\n{}\r\n-----END {label}-----\r\n", lines.join("\r\n"))
}

fn value(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82][..], &length, &content].concat()
}

fn pkcs7(certificates: &[&[u8]]) -> Vec<u8> {
    let oid = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
    let digests = value(0x31, &[]);
    let inside = value(SEQUENCE, &[&[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01]]);
    let all = value(CONTEXT_0, certificates);
    let signed = value(SEQUENCE, &[&[INTEGER, 1, 1], &digests, &inside, &all, &value(0x31, &[])]);
    value(SEQUENCE, &[&oid, &value(CONTEXT_0, &[&signed])])
}

fn utf16_le(text: &str) -> Vec<u8> {
    [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

#[test]
fn certificates_are_found_in_every_wrapping() {
    let (a, b) = (certificate(), certificate());
    let both = Ok(vec![a.clone(), b.clone()]);
    let text = format!("Bag Attributes: é\n{}subject=\n{}", pem("CERTIFICATE", &a), pem("X509 CERTIFICATE", &b));
    assert_eq!(read_certificates(text.as_bytes()), both);
    assert_eq!(read_certificates(&utf16_le(&text)), both);
    assert_eq!(read_certificates(&[a.clone(), b.clone()].concat()), both);
    assert_eq!(read_certificates(&pkcs7(&[&a, &b])), both);
    assert_eq!(read_certificates(pem("PKCS7", &pkcs7(&[&a, &b])).as_bytes()), both);
    // A key beside its certificate is common and does no harm.
    let with_key = format!("{}{}", pem("PRIVATE KEY", PRIVATE_KEY), pem("CERTIFICATE", &a));
    assert_eq!(read_certificates(with_key.as_bytes()), Ok(vec![a.clone()]));
    let trusted = [a.as_slice(), &value(SEQUENCE, &[])].concat();
    assert_eq!(read_certificates(pem("TRUSTED CERTIFICATE", &trusted).as_bytes()), Ok(vec![a]));
}

#[test]
fn an_odd_certificate_is_still_one() {
    let signed = value(SEQUENCE, &[&[INTEGER, 1, 0xff], &[0x05, 0x00]]);
    let odd = value(SEQUENCE, &[&signed, &value(SEQUENCE, &[]), &[BIT_STRING, 1, 0]]);
    assert_eq!(read_certificates(&odd), Ok(vec![odd.clone()]));
}

#[test]
fn what_is_no_certificate_is_named_with_the_fix() {
    let key = KeyPair::generate().unwrap();
    let pfx = value(SEQUENCE, &[&[INTEGER, 1, 3], &value(SEQUENCE, &[])]);
    for (bytes, begins) in [
        (Vec::new(), "the file is empty"),
        (b" \r\n".to_vec(), "the file is empty"),
        (csr(), "it holds a certificate signing request"),
        (pem("CERTIFICATE REQUEST", &csr()).into_bytes(), "it holds a certificate signing request"),
        (key.serialize_der(), "it holds a private key"),
        (key.serialize_pem().into_bytes(), "it holds a private key"),
        (pem("ENCRYPTED PRIVATE KEY", b"x").into_bytes(), "it holds a private key"),
        (pfx, "it is a PKCS#12 file"),
        (pkcs7(&[]), "its PKCS#7 holds no certificate"),
        (b"hello".to_vec(), "no certificate in it"),
        (vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff], "no certificate in it"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA".to_vec(), "its PEM block \"CERTIFICATE\" has no end"),
        (b"-----BEGIN CERTIFICATE-----\nA*A\n-----END CERTIFICATE-----".to_vec(), "the base64 of its PEM block"),
    ] {
        let problem = read_certificates(&bytes).unwrap_err();
        assert!(problem.starts_with(begins), "{begins}: {problem}");
    }
}

#[test]
fn requests_are_read_as_certreq_writes_them() {
    let request = csr();
    let text = pem("NEW CERTIFICATE REQUEST", &request);
    for bytes in [request.clone(), text.clone().into_bytes(), utf16_le(&text)] {
        assert_eq!(read_csr(&bytes), Ok(request.clone()));
    }
    for (bytes, begins) in [
        (certificate(), "it holds a certificate"),
        (pem("CERTIFICATE", &certificate()).into_bytes(), "it holds a certificate"),
        (KeyPair::generate().unwrap().serialize_pem().into_bytes(), "it holds a private key"),
        ([csr(), csr()].concat(), "it holds several requests"),
        (b"hello".to_vec(), "no certificate signing request in it"),
    ] {
        let problem = read_csr(&bytes).unwrap_err();
        assert!(problem.starts_with(begins), "{begins}: {problem}");
    }
}

#[test]
fn all_files_are_loaded_and_all_errors_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (a, root) = (certificate(), certificate());
    fs::write(path("ds.cer"), &a).unwrap();
    fs::write(path("root.pem"), pem("CERTIFICATE", &root)).unwrap();
    fs::write(path("ts.csr"), csr()).unwrap();
    fs::write(path("long.pem"), vec![b' '; 1024 * 1024 + 1]).unwrap();
    let mut deployment = deployment();
    deployment.device_services.certificates = vec![path("ds.cer")];
    deployment.trust.ca_files = vec![path("root.pem")];
    deployment.trust_service.csr = Some(path("ts.csr"));
    let supplied = load(&deployment).unwrap();
    let uses: Vec<_> = supplied.files.iter().map(|file| file.used_as).collect();
    assert_eq!(uses, [FileUse::Uploaded, FileUse::CaFile, FileUse::TrustServiceCsr]);
    assert_eq!(supplied.roots.supplied, [CertId::of(&root)]);
    assert_eq!(supplied.certificates.len(), 2);
    assert_eq!(supplied.roots.mozilla.unwrap().count, webpki_roots::TLS_SERVER_ROOTS.len());

    deployment.device_services.certificates = vec![path("missing"), path("long.pem"), path("")];
    deployment.trust_service.csr = Some(path("ds.cer"));
    let errors = load(&deployment).unwrap_err();
    let problems: Vec<_> = errors.iter().map(|error| error.problem.as_str()).collect();
    assert_eq!(
        problems,
        [
            "there is no such file; correct the path",
            "it is longer than 1 MiB; name a file that holds certificates or a request alone",
            "this is a directory; name the file in it",
            "it holds a certificate; name the request (.csr, .req) that it was issued for",
        ]
    );
    assert_eq!(errors[0].to_string(), format!("{}: {}", path("missing"), problems[0]));
}

fn deployment() -> Deployment {
    Deployment {
        discovery: Discovery { host: "discovery.example".to_owned(), port: 443, mail_domain: None },
        console: None,
        device_services: DeviceServices {
            url: "https://ds.example".parse().unwrap(),
            backends: Vec::new(),
            balancers: Vec::new(),
            reverse_proxies: Vec::new(),
            certificates: Vec::new(),
            next_certificates: Vec::new(),
            pins: Vec::new(),
        },
        trust_service: TrustService {
            mode: TrustServiceMode::OnPremises,
            url: None,
            servers: Vec::new(),
            certificate: None,
            csr: None,
            signing_root: None,
            workspace_one_id_domain: None,
        },
        trust: Trust { roots: RootStore::Mozilla, ca_files: Vec::new() },
        network: Network::default(),
        confirmed: Confirmed::default(),
        command: "pinflight check".to_owned(),
    }
}
