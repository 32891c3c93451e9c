//! Where reports go: standard output, whose closing is no error, and files, which are whole or not there.

use std::{
    io::{self, Write},
    path::Path,
};

use anyhow::Context;

use crate::{
    exit::Exit,
    render::{self, Service},
};

/// Writes to standard output; a reader that has gone away (`| head`) is no error.
pub fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("cannot write to standard output"),
    }
}

/// Whether a file can be written there, so that a long run does not end in finding out that it cannot.
pub fn can_be_written(path: &Path) -> anyhow::Result<()> {
    beside(path).map(drop)
}

/// A temporary file in the folder of `path`.
fn beside(path: &Path) -> anyhow::Result<tempfile::NamedTempFile> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if path.is_dir() {
        anyhow::bail!("cannot write {}: it is a folder; name a file in it", path.display());
    }
    if !folder.is_dir() {
        anyhow::bail!("cannot write {}: there is no folder {}", path.display(), folder.display());
    }
    tempfile::NamedTempFile::new_in(folder).with_context(|| format!("cannot write {}", path.display()))
}

/// Writes a file beside its place and renames it into it, so that nobody ever reads half of it.
pub fn to_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    let whole = written_beside(path, write)?;
    whole.persist(path).map_err(|error| error.error).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}

/// The same, if no file is there; whether it was written.
pub fn to_new_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<bool> {
    match written_beside(path, write)?.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.error).with_context(|| format!("cannot write {}", path.display())),
    }
}

fn written_beside(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> anyhow::Result<tempfile::NamedTempFile> {
    let problem = || format!("cannot write {}", path.display());
    let mut file = beside(path)?;
    let mut out = io::BufWriter::new(file.as_file_mut());
    write(&mut out).and_then(|()| out.flush()).with_context(problem)?;
    drop(out);
    readable_by_umask(&file).with_context(problem)?;
    Ok(file)
}

/// A temporary file is private; a report is an ordinary file.
#[cfg(unix)]
fn readable_by_umask(file: &tempfile::NamedTempFile) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable_by_umask(_: &tempfile::NamedTempFile) -> io::Result<()> {
    Ok(())
}

/// A line for the user on standard error; nobody listening is no error.
pub fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// The line of a plugin that came to no report, on standard output, where a monitoring system looks for it.
pub fn no_report(why: &str) -> Exit {
    let _ = writeln!(io::stdout(), "{}", render::no_report(why));
    Exit::Service(Service::Unknown)
}
