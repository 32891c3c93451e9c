//! What differs between operating systems, and nothing else: numbers of errors, files, limits, signals.
//!
//! What can be told without asking the system takes it as a value, so that the tests of each run on all.

pub mod icmp;

use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
};

use crate::exit::Exit;

/// The kinds that differ here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// Linux, macOS, the BSDs.
    Unix,
    /// Windows.
    Windows,
}

/// The one that this program was built for.
pub const HERE: System = if cfg!(windows) { System::Windows } else { System::Unix };

/// Why a socket is of no use, in words that every system has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// No answer.
    TimedOut,
    /// A reset, or ICMP's word that the port is closed.
    Refused,
    /// No route, or no address of this family here.
    NetworkUnreachable,
    /// The last router found nobody.
    HostUnreachable,
    /// A firewall of this machine, or one that says so.
    Prohibited,
    /// This process, or the machine, has no descriptors left.
    NoDescriptors,
    /// Anything else.
    Other,
}

/// What an error of a socket means; for what `ErrorKind` has no word, its number says it.
pub fn trouble(system: System, error: io::ErrorKind, code: Option<i32>) -> Trouble {
    match (system, code) {
        // ENFILE, EMFILE; WSAEMFILE. Below 10000, Windows' numbers have to do with files, and mean other things than a Unix's.
        (System::Unix, Some(23 | 24)) | (System::Windows, Some(10024)) => return Trouble::NoDescriptors,
        // WSAEAFNOSUPPORT: no such family here.
        (System::Windows, Some(10047)) => return Trouble::NetworkUnreachable,
        // WSAEHOSTDOWN.
        (System::Windows, Some(10064)) => return Trouble::HostUnreachable,
        _ => {}
    }
    match error {
        io::ErrorKind::TimedOut => Trouble::TimedOut,
        // Windows tells a closed port of UDP as WSAECONNRESET.
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => Trouble::Refused,
        // EADDRNOTAVAIL: this machine has no source address of that family.
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown | io::ErrorKind::AddrNotAvailable => {
            Trouble::NetworkUnreachable
        }
        io::ErrorKind::HostUnreachable => Trouble::HostUnreachable,
        // WSAEACCES is what the Windows firewall gives.
        io::ErrorKind::PermissionDenied => Trouble::Prohibited,
        _ => Trouble::Other,
    }
}

/// Whether the error of this number means that a datagram was longer than what it was read into, and lost its end: WSAEMSGSIZE.
pub fn is_cut_short(system: System, code: Option<i32>) -> bool {
    system == System::Windows && code == Some(10040)
}

/// Where this system keeps its hosts file.
pub fn hosts_file() -> PathBuf {
    hosts_file_of(HERE, std::env::var_os("SystemRoot"))
}

fn hosts_file_of(system: System, root: Option<OsString>) -> PathBuf {
    match system {
        System::Unix => PathBuf::from("/etc/hosts"),
        System::Windows => {
            let mut path = root.unwrap_or_else(|| r"C:\Windows".into());
            path.push(r"\System32\drivers\etc\hosts");
            PathBuf::from(path)
        }
    }
}

/// Whether a path names a device by its last part alone, as on Windows: such a name cannot be asked what it is.
pub fn is_device(system: System, path: &Path) -> bool {
    let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
    system == System::Windows && ["NUL", "CON", "CONOUT$"].iter().any(|device| device.eq_ignore_ascii_case(name))
}

/// How many descriptors this process may have, once that was raised to so many or to what is allowed; none: no bound is known.
#[cfg(unix)]
pub fn descriptors(needed: u64) -> Option<u64> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    let wanted = needed.min(hard);
    if soft < wanted && setrlimit(Resource::RLIMIT_NOFILE, wanted, hard).is_ok() {
        return Some(wanted);
    }
    Some(soft)
}

/// Windows bounds a process's sockets by memory alone.
#[cfg(windows)]
pub fn descriptors(_: u64) -> Option<u64> {
    None
}

/// What is temporary is private otherwise; the umask has its say.
#[cfg(unix)]
pub fn ordinary<'a, 'p, 's>(
    builder: &'a mut tempfile::Builder<'p, 's>,
    mode: u32,
) -> &'a mut tempfile::Builder<'p, 's> {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(std::fs::Permissions::from_mode(mode))
}

/// On Windows a file has the rights of its folder.
#[cfg(windows)]
pub fn ordinary<'a, 'p, 's>(builder: &'a mut tempfile::Builder<'p, 's>, _: u32) -> &'a mut tempfile::Builder<'p, 's> {
    builder
}

/// What the system sends to end the program.
#[cfg(unix)]
#[derive(Debug)]
pub struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    /// Listened to so that writing past `ulimit -f` is an error that can be told, and does not end the program.
    _too_long: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Listens from now on.
    pub fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            _too_long: signal(SignalKind::from_raw(nix::libc::SIGXFSZ))?,
        })
    }

    /// The next one, as the exit code that it asks for.
    pub async fn next(&mut self) -> Exit {
        tokio::select! {
            _ = self.interrupt.recv() => Exit::Interrupted,
            _ = self.terminate.recv() => Exit::Terminated,
        }
    }
}

/// Windows has no SIGTERM; what ends a console program there is Ctrl-Break, the closing of its window, and the machine's
/// shutting down. At the latter two it has five seconds.
#[cfg(windows)]
#[derive(Debug)]
pub struct Signals {
    interrupt: tokio::signal::windows::CtrlC,
    ctrl_break: tokio::signal::windows::CtrlBreak,
    close: tokio::signal::windows::CtrlClose,
    shutdown: tokio::signal::windows::CtrlShutdown,
}

#[cfg(windows)]
impl Signals {
    /// Listens from now on.
    pub fn new() -> io::Result<Self> {
        use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};
        Ok(Self { interrupt: ctrl_c()?, ctrl_break: ctrl_break()?, close: ctrl_close()?, shutdown: ctrl_shutdown()? })
    }

    /// The next one, as the exit code that it asks for.
    pub async fn next(&mut self) -> Exit {
        tokio::select! {
            _ = self.interrupt.recv() => Exit::Interrupted,
            _ = self.ctrl_break.recv() => Exit::Terminated,
            _ = self.close.recv() => Exit::Terminated,
            _ = self.shutdown.recv() => Exit::Terminated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use System::{Unix, Windows};

    #[test]
    fn only_windows_tells_of_a_datagram_that_was_too_long() {
        assert!(is_cut_short(Windows, Some(10040)));
        assert!(!is_cut_short(Windows, Some(10054)));
        assert!(!is_cut_short(Unix, Some(10040)));
        assert!(!is_cut_short(Windows, None));
    }

    #[test]
    fn errors_of_every_system_are_understood() {
        use io::ErrorKind as E;
        for (system, kind, code, expected) in [
            (Unix, E::ConnectionRefused, Some(111), Trouble::Refused),
            (Unix, E::ConnectionRefused, Some(61), Trouble::Refused),
            (Unix, E::TimedOut, Some(110), Trouble::TimedOut),
            (Unix, E::NetworkUnreachable, Some(101), Trouble::NetworkUnreachable),
            (Unix, E::NetworkDown, Some(100), Trouble::NetworkUnreachable),
            (Unix, E::AddrNotAvailable, Some(99), Trouble::NetworkUnreachable),
            (Unix, E::HostUnreachable, Some(113), Trouble::HostUnreachable),
            (Unix, E::PermissionDenied, Some(1), Trouble::Prohibited),
            (Unix, E::PermissionDenied, Some(13), Trouble::Prohibited),
            (Unix, E::Other, Some(23), Trouble::NoDescriptors),
            (Unix, E::Other, Some(24), Trouble::NoDescriptors),
            (Unix, E::InvalidInput, Some(22), Trouble::Other),
            (Unix, E::Other, Some(10024), Trouble::Other),
            (Unix, E::Other, None, Trouble::Other),
            (Windows, E::ConnectionRefused, Some(10061), Trouble::Refused),
            (Windows, E::ConnectionReset, Some(10054), Trouble::Refused),
            (Windows, E::TimedOut, Some(10060), Trouble::TimedOut),
            (Windows, E::NetworkDown, Some(10050), Trouble::NetworkUnreachable),
            (Windows, E::NetworkUnreachable, Some(10051), Trouble::NetworkUnreachable),
            (Windows, E::AddrNotAvailable, Some(10049), Trouble::NetworkUnreachable),
            (Windows, E::Other, Some(10047), Trouble::NetworkUnreachable),
            (Windows, E::HostUnreachable, Some(10065), Trouble::HostUnreachable),
            (Windows, E::Other, Some(10064), Trouble::HostUnreachable),
            (Windows, E::PermissionDenied, Some(10013), Trouble::Prohibited),
            (Windows, E::Other, Some(10024), Trouble::NoDescriptors),
            // ERROR_CRC, ERROR_BAD_LENGTH: no matter of descriptors.
            (Windows, E::Other, Some(23), Trouble::Other),
            (Windows, E::Other, Some(24), Trouble::Other),
            (Windows, E::Other, None, Trouble::Other),
        ] {
            assert_eq!(trouble(system, kind, code), expected, "{system:?} {kind:?} {code:?}");
        }
    }

    /// What the table takes for granted of the standard library, asked of it where it is so.
    #[test]
    fn the_numbers_of_this_system_have_their_kinds() {
        let numbers: &[(i32, Trouble)] = if HERE == Windows {
            &[
                (10061, Trouble::Refused),
                (10054, Trouble::Refused),
                (10060, Trouble::TimedOut),
                (10050, Trouble::NetworkUnreachable),
                (10051, Trouble::NetworkUnreachable),
                (10049, Trouble::NetworkUnreachable),
                (10047, Trouble::NetworkUnreachable),
                (10065, Trouble::HostUnreachable),
                (10013, Trouble::Prohibited),
                (10024, Trouble::NoDescriptors),
            ]
        } else if cfg!(target_os = "linux") {
            &[
                (111, Trouble::Refused),
                (104, Trouble::Refused),
                (110, Trouble::TimedOut),
                (100, Trouble::NetworkUnreachable),
                (101, Trouble::NetworkUnreachable),
                (99, Trouble::NetworkUnreachable),
                (113, Trouble::HostUnreachable),
                (13, Trouble::Prohibited),
                (24, Trouble::NoDescriptors),
            ]
        } else {
            &[]
        };
        for (number, expected) in numbers {
            let error = io::Error::from_raw_os_error(*number);
            assert_eq!(trouble(HERE, error.kind(), Some(*number)), *expected, "{number} {error}");
        }
    }

    #[test]
    fn the_hosts_file_is_where_the_system_keeps_it() {
        assert_eq!(hosts_file_of(Unix, Some("ignored".into())), Path::new("/etc/hosts"));
        let windows = |root: Option<&str>| hosts_file_of(Windows, root.map(Into::into)).display().to_string();
        assert_eq!(windows(Some(r"D:\Win")), r"D:\Win\System32\drivers\etc\hosts");
        assert_eq!(windows(None), r"C:\Windows\System32\drivers\etc\hosts");
    }

    #[test]
    fn devices_of_windows_are_known_by_name_there_alone() {
        for name in ["NUL", "nul", "CON", "reports/nul", "CONOUT$"] {
            assert!(is_device(Windows, Path::new(name)), "{name}");
            assert!(!is_device(Unix, Path::new(name)), "{name}");
        }
        for name in ["null", "NUL.json", "nul/report.json", ""] {
            assert!(!is_device(Windows, Path::new(name)), "{name}");
        }
    }
}
