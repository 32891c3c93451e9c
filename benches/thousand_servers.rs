//! What do a thousand servers take? `cargo bench --bench thousand_servers`
//!
//! A thousand servers on loopback, each with a certificate of its own below one intermediate, in a process of their own: all
//! sound, with keys of EC and with keys of RSA, all dropped by a full backlog, and mixed. `pinflight check` asks them as a
//! process of its own, judges by every check and writes the recording, the table, and the report as JSON and as a page. A bare
//! loop of tokio and rustls shakes as many hands with the same servers, as many at a time, and verifies and reads each chain: in
//! turns, in one run. Ends with 1 where pinflight completes fewer than 80 % of the loop's handshakes in the same time, takes more
//! than 64 MB, or grows by more than 20 KB a server.

use std::{
    env, fs,
    io::{self, BufRead, BufReader, Write},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
    process::{Child, Command, ExitCode, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use nix::sys::resource::{Resource, UsageWho, getrusage, setrlimit};
use pinflight_checks::{deployment::Role, recording::Recording};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SerialNumber};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    client::Resumption,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    version::{TLS12, TLS13},
};
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpSocket, TcpStream},
    runtime::Runtime,
    sync::Semaphore,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

const SERVERS: u16 = 1000;
const FEW: u16 = 100;
const RUNS: usize = 5;
/// Conversations at once: pinflight's default.
const JOBS: usize = 64;
/// How often a server's hand is shaken: with a name, without one, and with TLS 1.2 alone.
const HANDSHAKES: usize = 3;
const LEAST_RATIO: f64 = 0.8;
const MOST_MEMORY_KB: u64 = 64 * 1000;
const MOST_SERVER_BYTES: u64 = 20 * 1000;
const HOST: &str = "ds.example.test";
/// Sound servers, by what their keys and those of their issuers are.
const EC: &str = "keys of EC";
const RSA: &str = "keys of RSA";
/// Set for the processes that this one starts of itself: which servers to hold, or `measured` for one that runs a command.
/// `loop PORT HANDSHAKES COUNT ROOT` is the bare loop alone, for `benches/side_by_side`.
const PART: &str = "PINFLIGHT_BENCH_PART";
/// How long a connection to a full backlog is tried until the backlog counts as full.
const FULL: Duration = Duration::from_millis(300);

fn main() -> ExitCode {
    let ended = match env::var(PART).as_deref() {
        Ok("measured") => measured().map(|()| true),
        Ok(words) if words.starts_with("loop ") => alone(words).map(|()| true),
        Ok(kind) => serve(kind).map(|()| true),
        Err(_) => measure(),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error:#}");
            ExitCode::from(2)
        }
    }
}

/// The server's address: so many that each has its own.
fn address(number: u16, port: u16) -> SocketAddr {
    let [high, low] = (number + 1).to_be_bytes();
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 40, high, low)), port)
}

fn measure() -> anyhow::Result<bool> {
    let mut out = io::stdout().lock();
    let folder = tempfile::tempdir()?;
    let mut good = true;

    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    for kind in [EC, RSA] {
        let servers = Servers::start(kind, folder.path())?;
        let bare = Loop::new(servers.port, servers.root.clone(), HANDSHAKES)?;
        let mut ratios = Vec::new();
        let mut memory = 0;
        writeln!(out, "{SERVERS} sound servers, {kind}, {HANDSHAKES} handshakes each, {JOBS} at a time")?;
        for _ in 0..RUNS {
            let bare = bare.run(&runtime, SERVERS)?;
            let run = servers.check(SERVERS, SERVERS, folder.path())?;
            let ratio = bare.as_secs_f64() / run.observed.as_secs_f64();
            writeln!(
                out,
                "  bare loop {bare:.3?}; pinflight {:.3?} observing, {:.3?} in all, {} KB: {ratio:.2} of the loop's handshakes in the \
                 same time",
                run.observed, run.took, run.memory_kb
            )?;
            memory = memory.max(run.memory_kb);
            ratios.push(ratio);
        }
        ratios.sort_by(f64::total_cmp);
        let ratio = ratios.get(RUNS / 2).copied().context("nothing was measured")?;
        let few = servers.check(FEW, FEW, folder.path())?.memory_kb;
        let a_server = memory.saturating_sub(few) * 1000 / u64::from(SERVERS - FEW);
        writeln!(out, "  median {ratio:.2} (at least {LEAST_RATIO})")?;
        writeln!(
            out,
            "  peak {memory} KB (at most {MOST_MEMORY_KB}), {few} KB with {FEW} servers: {a_server} bytes a server (at most \
             {MOST_SERVER_BYTES})"
        )?;
        good &= ratio >= LEAST_RATIO && memory <= MOST_MEMORY_KB && a_server <= MOST_SERVER_BYTES;
    }

    for (kind, dropped) in [("mixed", SERVERS / 10), ("dropped", SERVERS)] {
        let servers = Servers::start(kind, folder.path())?;
        let run = servers.check(SERVERS, SERVERS - dropped, folder.path())?;
        writeln!(
            out,
            "{kind}: {dropped} of {SERVERS} dropped: {:.1?}, every question asked, {} KB",
            run.took, run.memory_kb
        )?;
        good &= run.memory_kb <= MOST_MEMORY_KB;
    }
    Ok(good)
}

/// The process that holds the servers; it ends when dropped.
struct Servers {
    process: Child,
    port: u16,
    root: CertificateDer<'static>,
}

impl Servers {
    fn start(kind: &str, folder: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new(env::current_exe()?);
        command.env(PART, kind).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("no output")?).read_line(&mut line)?;
        let port = line.trim().parse().context("the servers did not start")?;
        let root =
            CertificateDer::from_pem_file(folder.join("root.pem")).map_err(|error| anyhow::anyhow!("{error:?}"))?;
        Ok(Self { process, port, root })
    }

    /// One run of the program over so many of them, which has to ask each and to shake the hands of those that are sound.
    fn check(&self, count: u16, sound: u16, folder: &Path) -> anyhow::Result<Run> {
        let port = self.port;
        let backends: Vec<String> = (0..count).map(|number| format!("\"{}\"", address(number, port))).collect();
        let configuration = format!(
            "vantage = \"console\"\n[device_services]\nurl = \"https://{HOST}:{port}\"\nbackends = [{}]\n\
             [trust_service]\nmode = \"none\"\n[trust]\nroots = \"none\"\nca_files = [\"root.pem\"]\n\
             [network]\nresolve = [\"{HOST}:{port}:{}\", \"discovery.awmdm.com:443:127.0.0.1\"]\nconnect_timeout = \"1s\"\nno_proxy = [\"*\"]\n",
            backends.join(", "),
            address(0, port).ip(),
        );
        fs::write(folder.join("many.toml"), configuration)?;
        let written = ["many.json", "report.json", "report.html"].map(|name| folder.join(name));
        for file in written.iter().filter(|file| file.exists()) {
            fs::remove_file(file)?;
        }
        let mut command = Command::new(env::current_exe()?);
        command.env(PART, "measured").current_dir(folder).arg(env!("CARGO_BIN_EXE_pinflight"));
        command.args(["check", "-q", "--config", "many.toml", "--record", "many.json"]);
        command.args(["--report", "json=report.json", "--report", "html=report.html"]);
        let begun = Instant::now();
        let output = command.stderr(Stdio::inherit()).output()?;
        let took = begun.elapsed();
        let memory_kb = String::from_utf8(output.stdout)?.trim().parse().context("the run was not measured")?;
        let [recording, reports @ ..] = written.map(fs::read);
        for report in reports {
            ensure!(!report?.is_empty(), "a report was not written");
        }
        let recording: Recording = serde_json::from_slice(&recording?)?;
        let all = recording.connections.iter().chain(recording.tls12.iter().map(|fact| &fact.connection));
        let of_servers = all.filter(|fact| fact.role == Role::Backend && fact.repeat == 0);
        let handshakes = of_servers.filter(|fact| fact.outcome.is_ok()).count();
        let unasked = recording.unasked.len();
        ensure!(
            handshakes == usize::from(sound) * HANDSHAKES && unasked == 0,
            "{handshakes} handshakes with {sound} servers, {unasked} questions unasked"
        );
        Ok(Run { took, observed: recording.took, memory_kb })
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What one run of the program came to.
struct Run {
    took: Duration,
    observed: Duration,
    memory_kb: u64,
}

/// Runs the command in the arguments to its end and prints its peak resident memory in KB, of 1000 bytes.
fn measured() -> anyhow::Result<()> {
    let mut words = env::args_os().skip(1);
    let program = words.next().context("no command")?;
    Command::new(program).args(words).stdout(Stdio::null()).status()?;
    // Linux counts in KiB.
    let memory = getrusage(UsageWho::RUSAGE_CHILDREN)?.max_rss() * 1024 / 1000;
    writeln!(io::stdout(), "{memory}")?;
    Ok(())
}

/// Holds the servers until it is killed: listens, says on which port, and shakes hands with whoever comes.
fn serve(kind: &str) -> anyhow::Result<()> {
    let is_dropped = |number: u16| match kind {
        EC | RSA => false,
        "mixed" => number % 10 == 5,
        _ => true,
    };
    let (_, most) = nix::sys::resource::getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    let key = || if kind == RSA { rsa() } else { Ok(KeyPair::generate()?) };
    let root = CertifiedIssuer::self_signed(authority("Bench Root"), key()?)?;
    let intermediate = CertifiedIssuer::signed_by(authority("Bench Intermediate"), key()?, &root)?;
    fs::write("root.pem", root.pem())?;
    // Making keys is not what is measured: the servers share a few.
    let keys = (0..8).map(|_| key()).collect::<Result<Vec<_>, _>>()?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let mut port = 0;
        let mut held = Vec::new();
        let mut filling = tokio::task::JoinSet::new();
        for number in 0..SERVERS {
            let socket = TcpSocket::new_v4()?;
            socket.bind(address(number, port))?;
            port = socket.local_addr()?.port();
            if is_dropped(number) {
                let listener = socket.listen(0)?;
                filling.spawn(fill(listener.local_addr()?));
                held.push(listener);
                continue;
            }
            let key = keys.get(usize::from(number) % keys.len()).context("no key")?;
            let acceptor = acceptor(number, key, &intermediate)?;
            tokio::spawn(listen(socket.listen(1024)?, acceptor));
        }
        let mut fillers = Vec::new();
        while let Some(filled) = filling.join_next().await {
            fillers.extend(filled??);
        }
        let mut out = io::stdout();
        writeln!(out, "{port}")?;
        out.flush()?;
        std::future::pending::<anyhow::Result<()>>().await
    })
}

/// Connections that nobody takes, until no more are let in.
async fn fill(to: SocketAddr) -> anyhow::Result<Vec<TcpStream>> {
    let mut fillers = Vec::new();
    while let Ok(stream) = tokio::time::timeout(FULL, TcpStream::connect(to)).await {
        fillers.push(stream?);
        ensure!(fillers.len() < 32, "the backlog of {to} is never full");
    }
    Ok(fillers)
}

async fn listen(listener: TcpListener, acceptor: TlsAcceptor) {
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                // Until the client ends it.
                let _ = stream.read(&mut [0; 16]).await;
            }
        });
    }
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn rsa() -> anyhow::Result<KeyPair> {
    let mut openssl = Command::new("openssl");
    openssl.args(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]).stderr(Stdio::null());
    let output = openssl.output().context("openssl makes the keys")?;
    Ok(KeyPair::from_pem(&String::from_utf8(output.stdout)?)?)
}

fn acceptor(number: u16, key: &KeyPair, issuer: &CertifiedIssuer<'static, KeyPair>) -> anyhow::Result<TlsAcceptor> {
    let mut params = CertificateParams::new(vec![HOST.to_owned()])?;
    params.serial_number = Some(SerialNumber::from(u64::from(number) + 1));
    let leaf = params.signed_by(key, issuer)?;
    let private = PrivateKeyDer::try_from(key.serialize_der()).map_err(|error| anyhow::anyhow!(error))?;
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone(), issuer.der().clone()], private)?;
    config.send_tls13_tickets = 0;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// As little as can be done with a server: connect, shake hands, verify the chain, read it.
struct Loop {
    port: u16,
    /// One for each handshake: with a name, without one, with TLS 1.2 alone.
    connectors: Vec<TlsConnector>,
}

impl Loop {
    fn new(port: u16, root: CertificateDer<'static>, handshakes: usize) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(root)?;
        let roots = Arc::new(roots);
        let connector = |versions, with_name| {
            let builder = ClientConfig::builder_with_protocol_versions(versions);
            let mut config = builder.with_root_certificates(Arc::clone(&roots)).with_no_client_auth();
            (config.resumption, config.enable_sni) = (Resumption::disabled(), with_name);
            TlsConnector::from(Arc::new(config))
        };
        let all = [connector(&[&TLS13, &TLS12], true), connector(&[&TLS13, &TLS12], false), connector(&[&TLS12], true)];
        Ok(Self { port, connectors: all.into_iter().take(handshakes).collect() })
    }

    fn run(&self, runtime: &Runtime, count: u16) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        runtime.block_on(async {
            let jobs = Arc::new(Semaphore::new(JOBS));
            let mut shaking = tokio::task::JoinSet::new();
            for number in 0..count {
                for connector in &self.connectors {
                    let (jobs, connector, to) = (Arc::clone(&jobs), connector.clone(), address(number, self.port));
                    shaking.spawn(async move {
                        let _turn = jobs.acquire().await?;
                        shake(&connector, to).await
                    });
                }
            }
            while let Some(shaken) = shaking.join_next().await {
                shaken??;
            }
            anyhow::Ok(begun.elapsed())
        })
    }
}

async fn shake(connector: &TlsConnector, to: SocketAddr) -> anyhow::Result<()> {
    let stream = TcpStream::connect(to).await?;
    let stream = connector.connect(ServerName::try_from(HOST)?, stream).await?;
    let chain = stream.get_ref().1.peer_certificates().context("no chain")?;
    for certificate in chain {
        x509_parser::parse_x509_certificate(certificate)?;
    }
    Ok(())
}

/// The loop alone, over servers that somebody else holds.
fn alone(words: &str) -> anyhow::Result<()> {
    let [_, port, handshakes, count, root] = words.split(' ').collect::<Vec<_>>()[..] else {
        anyhow::bail!("loop PORT HANDSHAKES COUNT ROOT");
    };
    let root = CertificateDer::from_pem_file(root).map_err(|error| anyhow::anyhow!("{error:?}"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    Loop::new(port.parse()?, root, handshakes.parse()?)?.run(&runtime, count.parse()?).map(drop)
}
