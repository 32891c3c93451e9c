//! `pinflight init`: writes the commented sample configuration.

use std::{
    fs::OpenOptions,
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::{
    cli::InitArgs,
    settings::{DEFAULT_FILE, SAMPLE},
};

/// Why no sample was written.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// A file of that name is there.
    #[error(
        "{path} is there already and was left as it is\n  fix: pass --force to overwrite it, or --output FILE to write another"
    )]
    Exists {
        /// The file.
        path: String,
    },
    /// It could not be written.
    #[error("{path} could not be written: {source}")]
    Unwritten {
        /// The file, or `standard output`.
        path: String,
        /// The operating system's reason.
        source: io::Error,
    },
}

/// Writes the sample to the file that was asked for, or to `out`; hands back the file that was written, if one was.
pub fn run(args: &InitArgs, out: &mut dyn Write) -> Result<Option<PathBuf>, InitError> {
    let path = args.file.as_deref().or(args.output.as_deref()).unwrap_or(Path::new(DEFAULT_FILE));
    if path == Path::new("-") {
        let written = out.write_all(SAMPLE.as_bytes()).and_then(|()| out.flush());
        return match written {
            Err(source) if source.kind() != io::ErrorKind::BrokenPipe => {
                Err(InitError::Unwritten { path: "standard output".to_owned(), source })
            }
            _ => Ok(None),
        };
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(!args.force).create(true).truncate(args.force);
    let written = options.open(path).and_then(|mut file| file.write_all(SAMPLE.as_bytes()));
    written.map_err(|source| {
        let path = path.display().to_string();
        match source.kind() {
            io::ErrorKind::AlreadyExists => InitError::Exists { path },
            _ => InitError::Unwritten { path, source },
        }
    })?;
    Ok(Some(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(file: Option<PathBuf>, force: bool) -> InitArgs {
        InitArgs { file: None, output: file, force }
    }

    #[test]
    fn a_file_is_written_once_and_overwritten_only_by_force() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pinflight.toml");
        let mut out = Vec::new();
        assert_eq!(run(&args(Some(path.clone()), false), &mut out).unwrap(), Some(path.clone()));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), SAMPLE);
        std::fs::write(&path, "mine, and longer than nothing").unwrap();
        let error = run(&args(Some(path.clone()), false), &mut out).unwrap_err();
        assert!(matches!(error, InitError::Exists { .. }), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine, and longer than nothing");
        run(&args(Some(path.clone()), true), &mut out).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), SAMPLE);
        assert!(out.is_empty());
    }

    #[test]
    fn a_dash_prints_it() {
        let mut out = Vec::new();
        assert_eq!(run(&args(Some("-".into()), false), &mut out).unwrap(), None);
        assert_eq!(String::from_utf8(out).unwrap(), SAMPLE);
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let error = run(&args(Some(folder.path().join("no/such.toml")), false), &mut Vec::new()).unwrap_err();
        assert!(matches!(error, InitError::Unwritten { .. }), "{error}");
    }
}
