//! Recordings in files: JSON, packed as the file's name says; read by what the file holds, as something that a stranger sent.

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, BufWriter, Read, Write},
    path::Path,
};

use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use pinflight_checks::recording::{Recording, SCHEMA, Unsound};
use serde::Deserialize;
use serde_json::error::Category;

use crate::render;

/// Longer than a recording of a thousand servers: of the file, and of what it unpacks to.
pub const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// zstd's own default.
const ZSTD_LEVEL: i32 = 3;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// Writes a recording as the name of its file asks: `.gz`, `.zst`, else as it is. The same recording is the same bytes.
pub fn write(recording: &Recording, path: &Path, out: &mut dyn Write) -> io::Result<()> {
    let ending = path.extension().and_then(OsStr::to_str).map(str::to_ascii_lowercase);
    match ending.as_deref() {
        Some("gz") => {
            let mut packed = BufWriter::new(GzEncoder::new(out, Compression::default()));
            plain(recording, &mut packed)?;
            packed.into_inner()?.finish()?;
        }
        Some("zst") => {
            let mut encoder = zstd::Encoder::new(out, ZSTD_LEVEL)?;
            encoder.include_checksum(true)?;
            let mut packed = BufWriter::new(encoder);
            plain(recording, &mut packed)?;
            packed.into_inner()?.finish()?;
        }
        _ => plain(recording, out)?,
    }
    Ok(())
}

fn plain(recording: &Recording, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, recording)?;
    writeln!(out)
}

/// Reads recordings; where any is refused, every one that is refused is told.
pub fn read_all(paths: &[impl AsRef<Path>]) -> anyhow::Result<Vec<Recording>> {
    let mut recordings = Vec::new();
    let mut problems = Vec::new();
    for path in paths {
        match read(path.as_ref()) {
            Ok(recording) => recordings.push(recording),
            Err(problem) => problems.push(format!("{problem:#}")),
        }
    }
    if problems.is_empty() { Ok(recordings) } else { Err(anyhow::anyhow!("{}", problems.join("\n"))) }
}

/// Reads one recording.
pub fn read(path: &Path) -> anyhow::Result<Recording> {
    let name = render::for_terminal(&path.display().to_string());
    let written_by = "name a file that was written by: pinflight check --record FILE";
    let bytes = bytes_of(path).map_err(|error| cannot_read(&name, &error, written_by))?;
    from_bytes(&bytes).map_err(|refusal| {
        let told = render::for_terminal(&refusal.to_string());
        anyhow::anyhow!("{name} is not taken as a recording: {told}\n  fix: {}", refusal.fix())
    })
}

/// What to do about a file that cannot be read; `missing`, where it is not there.
pub fn cannot_read(name: &str, error: &io::Error, missing: &str) -> anyhow::Error {
    let fix = match error.kind() {
        io::ErrorKind::NotFound => missing,
        io::ErrorKind::PermissionDenied => "let this user read it",
        io::ErrorKind::IsADirectory => "name the files in it",
        _ => "copy it again from where it was written",
    };
    anyhow::anyhow!("cannot read {name}: {error}\n  fix: {fix}")
}

/// What stands in a file, read once and no further than a byte past [`MAX_BYTES`].
pub fn bytes_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Why a file is not taken as a recording.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing in it.
    #[error("it is empty")]
    Empty,
    /// More than [`MAX_BYTES`].
    #[error("it is longer than any recording (256 MB)")]
    TooLong,
    /// More than [`MAX_BYTES`] once unpacked.
    #[error("it unpacks to more than any recording holds (256 MB)")]
    UnpacksTooLong,
    /// What packed it says that it is not as it was.
    #[error("it is packed as {packing}, and damaged: {told}")]
    Damaged {
        /// `gzip`, `zstd`
        packing: &'static str,
        /// The unpacker's words.
        told: String,
    },
    /// The end is missing.
    #[error("it is cut short: it ends in line {line}, column {column}, in the midst of what it says")]
    CutShort {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// Something else altogether.
    #[error("it is {0}")]
    Foreign(String),
    /// Another of pinflight's own documents.
    #[error("its schema is {schema}")]
    OtherDocument {
        /// `pinflight.report/1`
        schema: String,
    },
    /// A recording of another version of the format.
    #[error(
        "its schema is {schema}, written by pinflight {version}; pinflight {} reads {SCHEMA}",
        env!("CARGO_PKG_VERSION")
    )]
    OtherVersion {
        /// `pinflight.recording/2`
        schema: String,
        /// Of pinflight.
        version: String,
    },
    /// It has the schema, and is not of its form.
    #[error("{told}{}", written_by(version))]
    Malformed {
        /// The place and what is wrong there.
        told: String,
        /// Of the pinflight that wrote it.
        version: String,
    },
    /// It contradicts itself.
    #[error("{0}")]
    Unsound(Unsound),
}

fn written_by(version: &str) -> String {
    let own = env!("CARGO_PKG_VERSION");
    if version == own { String::new() } else { format!(" (pinflight {version} wrote it, and this is {own})") }
}

impl Refusal {
    /// What to do.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::Empty | Self::Damaged { .. } | Self::CutShort { .. } => "copy it again from where it was recorded",
            Self::TooLong | Self::UnpacksTooLong | Self::Foreign(_) => {
                "give a file that was written by: pinflight check --record FILE"
            }
            Self::OtherDocument { .. } => {
                "a report cannot be judged again; give what the same run wrote with: pinflight check --record FILE"
            }
            Self::OtherVersion { .. } => "use the version that wrote it, or a later one",
            Self::Malformed { version, .. } if version != env!("CARGO_PKG_VERSION") => {
                "use the version that wrote it, or a later one; if it was edited, record again"
            }
            Self::Malformed { .. } | Self::Unsound(_) => "it was changed after it was written: record again",
        }
    }
}

/// Reads the bytes of a file.
pub fn from_bytes(bytes: &[u8]) -> Result<Recording, Refusal> {
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Refusal::TooLong);
    }
    if bytes.starts_with(GZIP) {
        return from_json(&unpacked("gzip", MultiGzDecoder::new(bytes))?);
    }
    if bytes.starts_with(ZSTD) {
        let damaged = |error: io::Error| Refusal::Damaged { packing: "zstd", told: error.to_string() };
        return from_json(&unpacked("zstd", zstd::Decoder::with_buffer(bytes).map_err(damaged)?)?);
    }
    from_json(bytes)
}

fn unpacked(packing: &'static str, packed: impl Read) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    // Whatever was unpacked before the damage counts for nothing.
    let read = packed.take(MAX_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| Refusal::Damaged { packing, told: error.to_string() })?;
    if bytes.len() as u64 > MAX_BYTES { Err(Refusal::UnpacksTooLong) } else { Ok(bytes) }
}

fn from_json(bytes: &[u8]) -> Result<Recording, Refusal> {
    let recording: Recording = serde_json::from_slice(bytes).map_err(|error| why_not(bytes, &error))?;
    if recording.schema != SCHEMA {
        return Err(of_schema(recording.schema, recording.version));
    }
    match recording.unsound() {
        Some(unsound) => Err(Refusal::Unsound(unsound)),
        None => Ok(recording),
    }
}

/// What stands in every recording, whatever its version.
#[derive(Deserialize)]
struct Header {
    schema: Option<String>,
    version: Option<String>,
}

fn why_not(bytes: &[u8], error: &serde_json::Error) -> Refusal {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Refusal::Empty;
    }
    // Where its form is wrong it may still be cut short, or be something else.
    let header = serde_json::from_slice::<Header>(bytes);
    match header {
        Err(error) if error.classify() == Category::Eof => {
            Refusal::CutShort { line: error.line(), column: error.column() }
        }
        Err(error) if error.classify() == Category::Syntax => Refusal::Foreign(no_json(bytes, &error)),
        Err(twice) if twice.to_string().starts_with("duplicate field") => {
            Refusal::Malformed { told: place_of(bytes, error), version: env!("CARGO_PKG_VERSION").to_owned() }
        }
        Err(_) => Refusal::Foreign("JSON, but no recording".to_owned()),
        Ok(Header { schema: None, .. }) => Refusal::Foreign("JSON without a schema".to_owned()),
        Ok(Header { schema: Some(schema), version }) if schema != SCHEMA => {
            of_schema(schema, version.unwrap_or_else(|| "of an unknown version".to_owned()))
        }
        Ok(Header { version, .. }) => {
            Refusal::Malformed { told: place_of(bytes, error), version: version.unwrap_or_default() }
        }
    }
}

fn of_schema(schema: String, version: String) -> Refusal {
    if schema.starts_with("pinflight.recording/") {
        Refusal::OtherVersion { schema, version }
    } else if schema.starts_with("pinflight.") {
        Refusal::OtherDocument { schema }
    } else {
        Refusal::Foreign(format!("JSON of the schema {schema:?}"))
    }
}

/// What a file is that is not JSON.
fn no_json(bytes: &[u8], error: &serde_json::Error) -> String {
    let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if utf16 {
        "text in UTF-16: a program wrote it anew".to_owned()
    } else if first == Some(&b'<') {
        "HTML or XML, perhaps a sign-in page that was saved in its place".to_owned()
    } else if std::str::from_utf8(bytes).is_err() || bytes.contains(&0) {
        "no text".to_owned()
    } else {
        format!("not JSON: {error}")
    }
}

/// Where the form is wrong, and what is wrong there.
fn place_of(bytes: &[u8], error: &serde_json::Error) -> String {
    let read: Result<Recording, _> = serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_slice(bytes));
    let (place, told) = match read {
        Err(error) => (error.path().to_string(), error.inner().to_string()),
        Ok(_) => (".".to_owned(), error.to_string()),
    };
    // The list of what is known helps nobody here.
    let told = told.split_once("`, expected").map_or(told.clone(), |(told, _)| format!("{told}`"));
    if place == "." { told } else { format!("{place}: {told}") }
}
