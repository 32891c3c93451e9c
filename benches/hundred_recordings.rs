//! How long does it take to judge a hundred recordings, and how much memory? `cargo bench --bench hundred_recordings`
//!
//! The demo's deployment with 20 Device Services servers, each with a certificate of its own, recorded on 25 machines at each
//! vantage. `pinflight replay` of all hundred files, as a process of its own: wall time, peak resident memory, and what a
//! recording takes on disk. Ends with 1 where the median is over 1 s, the memory over 200 MB, or a server over 40 KB.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use pinflight::{commands::demo, recordings};
use pinflight_checks::{
    deployment::Role,
    recording::{CertId, ConnectionFact, Der, HttpFact, Recording},
    time::Timestamp,
    x509,
};
use pinflight_fixtures::{Scenario, Variant};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SerialNumber,
};
use time::OffsetDateTime;

const RECORDINGS: usize = 100;
const SERVERS: u8 = 20;
const RUNS: usize = 11;
const MOST: Duration = Duration::from_secs(1);
const MOST_MEMORY_KB: i64 = 200 * 1000;
const MOST_SERVER_BYTES: u64 = 40 * 1000;
/// RSA keys are slow to make; the leafs share these.
const KEYS: [&str; 6] = ["ds-1", "ds-2", "ds-3", "ds-4", "ds-5", "ds-6"];

fn main() -> ExitCode {
    match measure() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error:#}");
            ExitCode::from(2)
        }
    }
}

fn measure() -> anyhow::Result<bool> {
    let mut out = io::stdout().lock();
    let folder = tempfile::tempdir()?;
    let recordings = recordings()?;
    let files = write(&recordings, folder.path(), "json")?;
    let mut largest = 0;
    for (recording, file) in recordings.iter().zip(&files).take(4) {
        let size = |file: &Path| anyhow::Ok(fs::metadata(file)?.len());
        let packed = |ending| size(&write(std::slice::from_ref(recording), folder.path(), ending)?.remove(0));
        let (plain, gzip, zstd) = (size(file)?, packed("json.gz")?, packed("json.zst")?);
        let a_server = plain / u64::from(SERVERS);
        largest = largest.max(a_server);
        let vantage = recording.vantage.id();
        writeln!(out, "{vantage:16} {plain:>7} bytes, {a_server:>5} a server; .gz {gzip:>6}, .zst {zstd:>6}")?;
    }
    let mut took = Vec::new();
    for _ in 0..RUNS {
        took.push(replay(&files)?);
    }
    took.sort();
    let median = took.get(RUNS / 2).copied().context("nothing was measured")?;
    let memory = getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss();
    writeln!(
        out,
        "{RECORDINGS} recordings of {SERVERS} servers: median of {RUNS} runs {median:.3?} (at most {MOST:?})"
    )?;
    writeln!(out, "peak resident memory {memory} KB (at most {MOST_MEMORY_KB} KB)")?;
    Ok(median <= MOST && memory <= MOST_MEMORY_KB && largest <= MOST_SERVER_BYTES)
}

fn replay(files: &[PathBuf]) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinflight"));
    let output = command.args(["replay", "-o", "json"]).args(files).stderr(Stdio::inherit()).output()?;
    let took = begun.elapsed();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    ensure!(report["verdict"] == "ready", "the verdict is {}: {:?}", report["verdict"], report["counts"]);
    Ok(took)
}

fn write(recordings: &[Recording], folder: &Path, ending: &str) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for (recording, number) in recordings.iter().zip(0..) {
        let path = folder.join(format!("{number:03}.{ending}"));
        let mut bytes = Vec::new();
        recordings::write(recording, &path, &mut bytes)?;
        fs::write(&path, bytes)?;
        files.push(path);
    }
    Ok(files)
}

/// One of each vantage in turn.
fn recordings() -> anyhow::Result<Vec<Recording>> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let now = Timestamp(i64::try_from(since.as_secs())?);
    let (mut recorded, _) = demo::record(&Scenario::sound(Variant::OnPremises), now)?;
    let host = recorded.first().context("the demo recorded nothing")?.deployment.device_services_endpoint().host;
    let servers = Servers::new(&host, now)?;
    for recording in &mut recorded {
        servers.put_into(recording)?;
    }
    Ok(recorded.iter().cycle().take(RECORDINGS).cloned().collect())
}

/// The chains of 20 servers, and the pins of their keys.
struct Servers {
    root: Vec<u8>,
    issuer: Vec<u8>,
    leafs: Vec<Vec<u8>>,
    pins: Vec<String>,
    host: String,
}

impl Servers {
    fn new(host: &str, now: Timestamp) -> anyhow::Result<Self> {
        let now = OffsetDateTime::from_unix_timestamp(now.0)?;
        let (root, root_key) = (authority("Fleet Root", now), key("spare")?);
        let (issuer, issuer_key) = (authority("Fleet CA", now), key("balancer")?);
        let by_root = Issuer::from_params(&root, &root_key);
        let by_issuer = Issuer::from_params(&issuer, &issuer_key);
        let mut leafs = Vec::new();
        let mut pins = Vec::new();
        for number in 0..SERVERS {
            let mut params = CertificateParams::new(vec![host.to_owned()])?;
            params.serial_number = Some(SerialNumber::from(u64::from(number) + 1));
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            params.use_authority_key_identifier_extension = true;
            (params.not_before, params.not_after) = (now - time::Duration::DAY, now + time::Duration::days(200));
            let name = KEYS.get(usize::from(number) % KEYS.len()).context("no key")?;
            let der = params.signed_by(&key(name)?, &by_issuer)?.der().to_vec();
            let facts = x509::read(&der).map_err(|unreadable| anyhow::anyhow!(unreadable.detail))?;
            pins.extend(facts.key.rsa_public_key_hex);
            leafs.push(der);
        }
        pins.sort();
        pins.dedup();
        let root_der = root.self_signed(&root_key)?.der().to_vec();
        let issuer_der = issuer.signed_by(&issuer_key, &by_root)?.der().to_vec();
        Ok(Self { root: root_der, issuer: issuer_der, leafs, pins, host: host.to_owned() })
    }

    /// Every conversation with Device Services and every server of theirs becomes twenty.
    fn put_into(&self, recording: &mut Recording) -> anyhow::Result<()> {
        let mut keep = |der: &Vec<u8>| {
            let id = CertId::of(der);
            recording.certificates.insert(id.clone(), Der(der.clone()));
            id
        };
        let (root, issuer) = (keep(&self.root), keep(&self.issuer));
        let leafs: Vec<CertId> = self.leafs.iter().map(&mut keep).collect();
        recording.roots.supplied.push(root);
        // What was uploaded covers the new keys, as the pins of every other source do.
        for file in &mut recording.files {
            if file.used_as == pinflight_checks::recording::FileUse::Uploaded {
                file.content = pinflight_checks::recording::FileContent::Certificates(leafs.clone());
            }
        }
        let chain = |number: usize| leafs.get(number).into_iter().chain([&issuer]).cloned().collect::<Vec<_>>();
        let address = |number: usize| format!("10.1.0.{}", number + 1);
        let all = 0..leafs.len();
        let connection = |fact: &ConnectionFact, number: usize| -> anyhow::Result<ConnectionFact> {
            let mut fact = fact.clone();
            fact.address = Some(format!("{}:{}", address(number), fact.endpoint.port).parse()?);
            if let Ok(handshake) = &mut fact.outcome {
                handshake.chain = chain(number);
            }
            Ok(fact)
        };
        let model = recording.connections.iter().chain(recording.tls12.iter().map(|fact| &fact.connection));
        let mut models: Vec<_> = model.filter(|fact| fact.role.is_device_services()).map(|fact| fact.address).collect();
        models.sort();
        models.dedup();
        let is_model = |role: Role, at| role.is_device_services() && models.first() == Some(&at);
        let mut connections = Vec::new();
        for fact in &recording.connections {
            if is_model(fact.role, fact.address) {
                for number in all.clone() {
                    connections.push(connection(fact, number)?);
                }
            } else if !fact.role.is_device_services() {
                connections.push(fact.clone());
            }
        }
        recording.connections = connections;
        let mut tls12 = Vec::new();
        for fact in &recording.tls12 {
            if is_model(fact.connection.role, fact.connection.address) {
                for number in all.clone() {
                    let mut fact = fact.clone();
                    fact.connection = connection(&fact.connection, number)?;
                    tls12.push(fact);
                }
            } else if !fact.connection.role.is_device_services() {
                tls12.push(fact.clone());
            }
        }
        recording.tls12 = tls12;
        let mut answers = Vec::new();
        for fact in &recording.answers {
            if is_model(fact.role, fact.address) {
                for number in all.clone() {
                    let mut fact = fact.clone();
                    fact.address = Some(format!("{}:{}", address(number), fact.endpoint.port).parse()?);
                    fact.leaf = leafs.get(number).cloned();
                    answers.push(fact);
                }
            } else if !fact.role.is_device_services() {
                answers.push(self.pinned(fact)?);
            }
        }
        recording.answers = answers;
        for name in recording.names.iter_mut().filter(|fact| fact.name == self.host) {
            if let Ok(answer) = &mut name.answer {
                answer.addresses = all.clone().map(|number| address(number).parse()).collect::<Result<_, _>>()?;
            }
        }
        recording.deployment.device_services.backends =
            all.map(|number| address(number).parse()).collect::<Result<_, _>>()?;
        recording.deployment.device_services.balancers.clear();
        recording.deployment.device_services.reverse_proxies.clear();
        Ok(())
    }

    /// The answer, with the pins of all servers where it has pins of Device Services.
    fn pinned(&self, fact: &HttpFact) -> anyhow::Result<HttpFact> {
        let mut fact = fact.clone();
        if let Ok(answer) = &mut fact.outcome
            && let Ok(mut body) = serde_json::from_slice::<serde_json::Value>(&answer.body.bytes.0)
            && let Some(pins) = body.get_mut(&self.host)
        {
            *pins = self.pins.clone().into();
            answer.body.bytes = Der(serde_json::to_vec(&body)?);
        }
        Ok(fact)
    }
}

fn key(name: &str) -> anyhow::Result<KeyPair> {
    let path = format!("{}/fixtures/keys/{name}.pem", env!("CARGO_MANIFEST_DIR"));
    Ok(KeyPair::from_pem(&fs::read_to_string(path)?)?)
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
