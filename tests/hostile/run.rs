//! The real binary against one peer, watched from outside.

use std::{
    collections::BTreeMap,
    fs,
    os::fd::AsFd,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use nix::fcntl::{FcntlArg, fcntl};
use serde_json::Value;
use tokio::{
    io::AsyncReadExt,
    net::unix::pipe::Receiver,
    process::{Child, Command},
    time::timeout,
};

/// No run may need it: it ends the test where a run does not end by itself.
const WATCHDOG: Duration = Duration::from_mins(3);

/// Every format but the one on standard output.
const FORMATS: [&str; 10] =
    ["table", "short", "markdown", "html", "junit", "sarif", "github", "tap", "nagios", "prometheus"];

/// What came of a run.
pub struct Ended {
    pub code: Option<i32>,
    pub out: Vec<u8>,
    pub err: String,
    /// From its start to its end.
    pub took: Duration,
    /// The most memory that it ever had resident, in KiB.
    pub peak: u64,
    /// The report in every format, by name.
    pub reports: BTreeMap<&'static str, String>,
}

impl Ended {
    pub fn report(&self) -> Result<Value, String> {
        serde_json::from_slice(&self.out).map_err(|error| format!("no report: {error}; {}", self.err))
    }
}

/// Runs `pinflight check` with these words; an error where it had to be ended.
pub async fn check(folder: &Path, words: &[String]) -> Result<Ended, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pinflight"));
    command.env_clear().env("LC_ALL", "C.UTF-8").current_dir(folder).kill_on_drop(true);
    command.args(["check", "-o", "json", "-v"]).args(words);
    for format in FORMATS {
        command.arg("--report").arg(format!("{format}=report.{format}"));
    }
    command.args(["--record", "recording.json"]);
    // So narrow that the report does not fit: while nobody reads on, the process stands there with all that it ever needed.
    let (reader, writer) = std::io::pipe().unwrap();
    fcntl(writer.as_fd(), FcntlArg::F_SETPIPE_SZ(4096)).unwrap();
    command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
    let began = Instant::now();
    let child = command.spawn().unwrap();
    // The writer's end is the process's alone.
    drop(command);
    let stdout = Receiver::from_owned_fd(reader.into()).unwrap();
    let ended = timeout(WATCHDOG, watch(child, stdout)).await;
    let (code, out, err, peak) = ended.map_err(|_| format!("it did not end within {WATCHDOG:?}"))?;
    let took = began.elapsed();
    let read = |format| Some((format, fs::read_to_string(folder.join(format!("report.{format}"))).ok()?));
    Ok(Ended { code, out, err, took, peak, reports: FORMATS.into_iter().filter_map(read).collect() })
}

async fn watch(mut child: Child, mut stdout: Receiver) -> (Option<i32>, Vec<u8>, String, u64) {
    let id = child.id().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let reading = async {
        let mut out = vec![0; 1];
        let count = stdout.read(&mut out).await.unwrap();
        out.truncate(count);
        let peak = if count == 0 { 0 } else { peak(id) };
        stdout.read_to_end(&mut out).await.unwrap();
        (out, peak)
    };
    let complaining = async {
        let mut err = Vec::new();
        stderr.read_to_end(&mut err).await.unwrap();
        String::from_utf8_lossy(&err).into_owned()
    };
    let ((out, peak), err) = tokio::join!(reading, complaining);
    let status = child.wait().await.unwrap();
    (status.code(), out, err, peak)
}

/// Linux's high-water mark of the resident set.
fn peak(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
