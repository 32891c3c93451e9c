//! How long does judging take? `cargo bench -p pinflight-checks`
//!
//! One recording with 10,000 servers behind Device Services, each with a chain of its own: leafs with RSA and EC keys under
//! four shared intermediates and two roots, one in twenty broken in some way. Judged as a report is: everything is read,
//! every signature verified, every check asked. What counts is the time of the one core that does it, so that a busy machine
//! measures alike. Ends with 1 where the median is over 2 s.

use std::{
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr},
    process::ExitCode,
    time::Duration,
};

use cpu_time::ThreadTime;
use criterion::{Criterion, Throughput};
use pinflight_checks::{
    check::Case,
    deployment::Role,
    judge::judge,
    recording::{CertId, ConnectionFact, Der, HandshakeSignature, Recording},
    report::Verdict,
};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SerialNumber, SigningKey,
};
use time::OffsetDateTime;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const CHAINS: u32 = 10_000;
const MOST: Duration = Duration::from_secs(2);
/// RSA keys are slow to make; the leafs share these.
const RSA_KEYS: [&str; 6] = ["ds-1", "ds-2", "ds-3", "ds-4", "ds-5", "ds-6"];

fn main() -> ExitCode {
    match measure() {
        Ok(median) if median <= MOST => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::from(2)
        }
    }
}

fn measure() -> Result<Duration> {
    let recordings = [recording()?];
    let [recording] = &recordings;
    let mut took: Vec<Duration> = Vec::new();
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    let mut group = criterion.benchmark_group("judge");
    group.throughput(Throughput::Elements(u64::from(CHAINS)));
    group.bench_function("10,000 chains", |bencher| {
        bencher.iter_custom(|iterations| {
            let mut sum = Duration::ZERO;
            for _ in 0..iterations {
                let begun = ThreadTime::now();
                let report = Case::new(&recordings, &recording.policy, recording.taken_at).map(|case| judge(&case));
                let elapsed = begun.elapsed();
                took.push(elapsed);
                sum += elapsed;
                assert_eq!(report.map(|report| report.verdict), Some(Verdict::NotReady));
            }
            sum
        });
    });
    group.finish();
    took.sort();
    let median = took.get(took.len() / 2).copied().ok_or("nothing was measured")?;
    writeln!(io::stdout(), "median of {} runs: {median:.3?} (at most {MOST:?})", took.len())?;
    Ok(median)
}

/// An authority: what it is, its key, and its certificate's DER.
struct Authority {
    params: CertificateParams,
    key: KeyPair,
    der: Vec<u8>,
}

fn recording() -> Result<Recording> {
    let mut recording: Recording = serde_json::from_slice(include_bytes!("../../fuzz/recording.json"))?;
    let now = OffsetDateTime::from_unix_timestamp(recording.taken_at.0)?;
    let rsa_keys = RSA_KEYS.into_iter().map(rsa_key).collect::<Result<Vec<_>>>()?;
    let roots = [root("EC", KeyPair::generate()?, now)?, root("RSA", rsa_key("balancer")?, now)?];
    let intermediates = [
        intermediate("EC CA 1", &roots[0], KeyPair::generate()?, now)?,
        intermediate("RSA CA 1", &roots[1], rsa_key("discovery")?, now)?,
        intermediate("EC CA 2", &roots[0], KeyPair::generate()?, now)?,
        intermediate("RSA CA 2", &roots[1], rsa_key("spare")?, now)?,
    ];
    let mut keep = |der: &[u8]| {
        let id = CertId::of(der);
        recording.certificates.insert(id.clone(), Der(der.to_vec()));
        id
    };
    let trusted: Vec<CertId> = roots.iter().map(|root| keep(&root.der)).collect();
    let issuers: Vec<CertId> = intermediates.iter().map(|ca| keep(&ca.der)).collect();
    let host = "ds.acme.test";
    let mut chains = Vec::new();
    for number in 0..CHAINS {
        let at = number as usize;
        let (issuer, issuer_id) = (&intermediates[at % 4], &issuers[at % 4]);
        let other_id = &issuers[(at + 1) % 4];
        let own = KeyPair::generate()?;
        let key = if at.is_multiple_of(2) { &own } else { &rsa_keys[at / 2 % rsa_keys.len()] };
        let name = if number % 100 == 4 { "other.acme.test" } else { host };
        let left = if number % 100 == 1 { -1 } else { 60 + i64::from(number % 100) };
        let mut der = leaf(name, number, now + time::Duration::days(left), key, issuer)?;
        if number % 100 == 2
            && let Some(last) = der.last_mut()
        {
            *last ^= 1;
        }
        let leaf = keep(&der);
        chains.push(match number % 100 {
            3 => vec![leaf],
            5 => vec![leaf, other_id.clone(), issuer_id.clone()],
            _ => vec![leaf, issuer_id.clone()],
        });
    }
    recording.roots.supplied = trusted;
    recording.connections.retain(|fact| fact.role == Role::DeviceServices && fact.sni.is_some());
    let model = recording.connections.first().ok_or("the model has no conversation")?.clone();
    recording.connections =
        chains.into_iter().zip(0..).map(|(chain, number)| conversation(&model, chain, number)).collect();
    Ok(recording)
}

/// One server's conversation with the chain that it presented.
fn conversation(model: &ConnectionFact, chain: Vec<CertId>, number: u32) -> ConnectionFact {
    let address = Ipv4Addr::from(u32::from(Ipv4Addr::new(10, 0, 0, 0)) + number);
    let mut fact = model.clone();
    fact.role = Role::Backend;
    fact.address = Some(SocketAddr::from((address, fact.endpoint.port)));
    if let Ok(handshake) = &mut fact.outcome {
        handshake.chain = chain;
        handshake.signature = HandshakeSignature::Valid;
    }
    fact
}

fn rsa_key(name: &str) -> Result<KeyPair> {
    let path = format!("{}/../fixtures/keys/{name}.pem", env!("CARGO_MANIFEST_DIR"));
    Ok(KeyPair::from_pem(&std::fs::read_to_string(path)?)?)
}

fn authority(name: &str, now: OffsetDateTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    (params.not_before, params.not_after) = (now - time::Duration::days(1000), now + time::Duration::days(1000));
    params
}

fn root(name: &str, key: KeyPair, now: OffsetDateTime) -> Result<Authority> {
    let params = authority(&format!("{name} Root"), now);
    let der = params.self_signed(&key)?.der().to_vec();
    Ok(Authority { params, key, der })
}

fn intermediate(name: &str, issuer: &Authority, key: KeyPair, now: OffsetDateTime) -> Result<Authority> {
    let params = authority(name, now);
    let der = params.signed_by(&key, &Issuer::from_params(&issuer.params, &issuer.key))?.der().to_vec();
    Ok(Authority { params, key, der })
}

fn leaf(name: &str, serial: u32, until: OffsetDateTime, key: &impl SigningKey, issuer: &Authority) -> Result<Vec<u8>> {
    let mut params = CertificateParams::new(vec![name.to_owned()])?;
    params.serial_number = Some(SerialNumber::from(u64::from(serial) + 1));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    (params.not_before, params.not_after) = (until - time::Duration::days(200), until);
    Ok(params.signed_by(key, &Issuer::from_params(&issuer.params, &issuer.key))?.der().to_vec())
}
