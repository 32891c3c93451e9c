//! Where reports go: standard output, whose closing is no error, and files, which are whole or not there.

use std::{
    collections::BTreeSet,
    fs, io,
    io::Write,
    path::{Path, PathBuf},
    process,
    sync::{Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context, anyhow, bail};

use crate::{
    exit::Exit,
    platform::{self, is_device},
    render::{self, Service},
};

/// How what is not finished is called.
const UNFINISHED_PREFIX: &str = ".pinflight-";

/// What is being written and has no name of its own yet.
static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn unfinished() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the program at once, and leaves nothing unfinished behind.
pub fn end(exit: Exit) -> ! {
    // Held to the end: nothing is begun any more.
    let unfinished = unfinished();
    for path in unfinished.iter() {
        // It may have got its name by now.
        let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    }
    process::exit(exit.code().into())
}

/// As long as this lives, the program's end removes what has this name.
struct Unfinished(PathBuf);

impl Unfinished {
    /// Nobody ends the program between the making and the noting.
    fn make<T>(make: impl FnOnce() -> io::Result<T>, path: impl Fn(&T) -> &Path) -> io::Result<(T, Self)> {
        let mut unfinished = unfinished();
        let made = make()?;
        let path = path(&made).to_owned();
        unfinished.insert(path.clone());
        Ok((made, Self(path)))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        unfinished().remove(&self.0);
    }
}

/// A folder that vanishes with this, and with the program.
pub struct TemporaryFolder {
    folder: tempfile::TempDir,
    unfinished: Unfinished,
}

impl TemporaryFolder {
    /// Where the system keeps such things.
    pub fn new() -> io::Result<Self> {
        let make = || tempfile::Builder::new().prefix("pinflight-").tempdir();
        let (folder, unfinished) = Unfinished::make(make, tempfile::TempDir::path)?;
        Ok(Self { folder, unfinished })
    }

    /// In this folder, to become one of its own: as open to others as any that is made there.
    pub fn beside(parent: &Path) -> io::Result<Self> {
        let make = || platform::ordinary(tempfile::Builder::new().prefix(UNFINISHED_PREFIX), 0o777).tempdir_in(parent);
        let (folder, unfinished) = Unfinished::make(make, tempfile::TempDir::path)?;
        Ok(Self { folder, unfinished })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Gives it its name.
    pub fn rename(self, to: &Path) -> io::Result<()> {
        let Self { folder, unfinished } = self;
        fs::rename(folder.path(), to)?;
        // It is gone from there.
        let _ = folder.keep();
        drop(unfinished);
        Ok(())
    }
}

/// Writes to standard output; a reader that has gone away (`| head`) is no error.
pub fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("cannot write to standard output"),
    }
}

/// What stands where a file is to be.
enum Place {
    /// Nothing, or a file that will be replaced: behind the links that lead to it.
    File(PathBuf, Option<fs::Permissions>),
    /// A pipe, a device: it is written to, and stays what it is.
    Stream,
}

impl Place {
    fn of(path: &Path) -> anyhow::Result<Self> {
        match fs::metadata(path) {
            _ if is_device(platform::HERE, path) => Ok(Self::Stream),
            Ok(found) if found.is_dir() => {
                bail!("cannot write {}: it is a folder\n  fix: name a file in it", shown(path))
            }
            Ok(found) if found.is_file() => {
                // What its owner protects is not replaced either.
                fs::OpenOptions::new().write(true).open(path).map_err(|error| cannot_write(path, &error))?;
                let real = fs::canonicalize(path).map_err(|error| cannot_write(path, &error))?;
                Ok(Self::File(real, Some(found.permissions())))
            }
            Ok(_) => Ok(Self::Stream),
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cannot_write(path, &error)),
            Err(_) if path.symlink_metadata().is_ok() => {
                bail!("cannot write {}: it is a link that leads nowhere\n  fix: name the file itself", shown(path))
            }
            Err(_) if !folder_of(path).is_dir() => {
                let folder = shown(folder_of(path));
                bail!(
                    "cannot write {}: there is no folder {folder}\n  fix: make it, or name a file elsewhere",
                    shown(path)
                )
            }
            Err(_) => Ok(Self::File(path.to_owned(), None)),
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn shown(path: &Path) -> String {
    render::for_terminal(&path.display().to_string())
}

/// Why a file cannot be written, and what helps.
pub fn cannot_write(path: &Path, error: &io::Error) -> anyhow::Error {
    let fix = match error.kind() {
        io::ErrorKind::FileTooLarge => "raise the limit of files' sizes: ulimit -f",
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free some space there, or name a file elsewhere",
        io::ErrorKind::ReadOnlyFilesystem => "name a file elsewhere: that file system is read-only",
        io::ErrorKind::PermissionDenied => "name a file elsewhere, or let this user write there",
        _ => "name another file",
    };
    anyhow!("cannot write {}: {error}\n  fix: {fix}", shown(path))
}

/// Whether a file can be written there, so that a long run does not end in finding out that it cannot.
pub fn can_be_written(path: &Path) -> anyhow::Result<()> {
    match Place::of(path)? {
        Place::Stream => Ok(()),
        Place::File(place, _) => File::beside(folder_of(&place)).map(drop).map_err(|error| cannot_write(path, &error)),
    }
}

/// Whether no two of these are one and the same file, of which only the last would remain.
pub fn are_apart<'a>(paths: impl IntoIterator<Item = &'a Path>) -> anyhow::Result<()> {
    let mut known = BTreeSet::new();
    for path in paths {
        let Place::File(place, _) = Place::of(path)? else { continue };
        let folder = fs::canonicalize(folder_of(&place)).map_err(|error| cannot_write(path, &error))?;
        if !known.insert((folder, place.file_name().map(ToOwned::to_owned))) {
            bail!("{} is to be written twice\n  fix: give each its own file", shown(path));
        }
    }
    Ok(())
}

/// Whether none of these is a file that the run reads.
pub fn replace_none_of<'a>(inputs: &[PathBuf], paths: impl IntoIterator<Item = &'a Path>) -> anyhow::Result<()> {
    // What is not there is refused by whoever reads it.
    let inputs: Vec<PathBuf> = inputs.iter().filter_map(|input| fs::canonicalize(input).ok()).collect();
    for path in paths {
        if fs::canonicalize(path).is_ok_and(|real| real.is_file() && inputs.contains(&real)) {
            bail!("{} is read by this run, and would be replaced\n  fix: name another file", shown(path));
        }
    }
    Ok(())
}

/// A file without its name yet.
struct File {
    file: tempfile::NamedTempFile,
    unfinished: Unfinished,
}

impl File {
    fn beside(folder: &Path) -> io::Result<Self> {
        let make = || platform::ordinary(tempfile::Builder::new().prefix(UNFINISHED_PREFIX), 0o666).tempfile_in(folder);
        let (file, unfinished) = Unfinished::make(make, tempfile::NamedTempFile::path).map_err(|error| {
            // The name that was tried is nobody's concern.
            let told = error.to_string();
            io::Error::new(error.kind(), told.split(" at path ").next().unwrap_or_default())
        })?;
        Ok(Self { file, unfinished })
    }

    fn write(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let mut out = io::BufWriter::new(self.file.as_file_mut());
        write(&mut out).and_then(|()| out.flush())?;
        drop(out);
        // A full disk may be told only now, and a name must never lead to less than all of it.
        self.file.as_file().sync_all()
    }
}

/// Writes a file beside its place and renames it into it, so that nobody ever reads half of it. What stood there is replaced,
/// and lends it its permissions.
pub fn to_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    let (place, permissions) = match Place::of(path)? {
        Place::File(place, permissions) => (place, permissions),
        Place::Stream => {
            let written = fs::OpenOptions::new().write(true).open(path).and_then(|stream| {
                let mut out = io::BufWriter::new(stream);
                write(&mut out).and_then(|()| out.flush())
            });
            return match written {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                written => written.map_err(|error| cannot_write(path, &error)),
            };
        }
    };
    let written = || {
        let mut file = File::beside(folder_of(&place))?;
        file.write(write)?;
        if let Some(permissions) = permissions {
            file.file.as_file().set_permissions(permissions)?;
        }
        let File { file, unfinished } = file;
        file.persist(&place).map_err(|error| error.error)?;
        drop(unfinished);
        Ok(())
    };
    written().map_err(|error: io::Error| cannot_write(path, &error))
}

/// The same where nothing must stand yet: an error of the kind `AlreadyExists` otherwise.
pub fn to_new_file(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    // A link that leads nowhere is somebody's, too.
    if path.symlink_metadata().is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let mut file = File::beside(folder_of(path))?;
    file.write(write)?;
    let File { file, unfinished } = file;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    drop(unfinished);
    Ok(())
}

/// A line for the user on standard error.
pub fn note(line: &str) {
    tell(false, |out| writeln!(out, "{line}"));
}

/// Says something to the user on standard error, unless it is to be quiet; nobody listening is no error.
pub fn tell(quiet: bool, say: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
    if !quiet {
        let _ = say(&mut io::stderr());
    }
}

/// The line of a plugin that came to no report, on standard output, where a monitoring system looks for it.
pub fn no_report(why: &str) -> Exit {
    let _ = writeln!(io::stdout(), "{}", render::no_report(why));
    Exit::Service(Service::Unknown)
}
