//! A pseudo-terminal with a program on it, and somebody who reads and types.

#![expect(clippy::unwrap_used, reason = "a test")]
#![allow(dead_code, reason = "each test takes what it needs of this")]

use std::{
    fs::File,
    io::{Read, Write},
    os::fd::AsFd,
    process::{Child, Command, ExitStatus, Stdio},
};

use nix::{
    poll::{PollFd, PollFlags, PollTimeout, poll},
    pty::{Winsize, openpty},
};

/// A program with somebody before it.
pub struct Terminal {
    child: Child,
    master: File,
    screen: String,
    /// How much of the screen was waited for.
    seen: usize,
}

impl Terminal {
    /// Starts it, so many columns wide and with nothing of the caller's environment.
    pub fn new(command: &Command, columns: u16) -> Self {
        let size = Winsize { ws_row: 40, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        let ends = openpty(Some(&size), None).unwrap();
        let end = || Stdio::from(ends.slave.try_clone().unwrap());
        // Only in a session of its own it is the terminal whose Ctrl-C counts, and what runs the tests may have it ignored.
        let mut session = Command::new("env");
        session.args(["--default-signal=INT", "setsid", "--ctty"]).arg(command.get_program()).args(command.get_args());
        session.env_clear().envs([("LC_ALL", "C.UTF-8"), ("TERM", "xterm"), ("PATH", "/usr/bin:/bin")]);
        session.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if let Some(folder) = command.get_current_dir() {
            session.current_dir(folder);
        }
        let child = session.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        Self { child, master: File::from(ends.master), screen: String::new(), seen: 0 }
    }

    /// More of the screen; none once the program has ended.
    fn read(&mut self) -> bool {
        let mut ready = [PollFd::new(self.master.as_fd(), PollFlags::POLLIN)];
        let minute = PollTimeout::try_from(60_000).unwrap();
        assert_ne!(poll(&mut ready, minute).unwrap(), 0, "nothing more came:\n{}", self.screen);
        let mut bytes = [0; 4096];
        // EIO: nobody holds the other end any more.
        let read = self.master.read(&mut bytes).unwrap_or(0);
        self.screen.push_str(&String::from_utf8_lossy(&bytes[..read]));
        read > 0
    }

    /// Waits until this stands on the screen.
    pub fn expect(&mut self, wanted: &str) {
        loop {
            if let Some(at) = self.screen[self.seen..].find(wanted) {
                self.seen += at + wanted.len();
                return;
            }
            assert!(self.read(), "it ended without {wanted:?}:\n{}", self.screen);
        }
    }

    /// Types these keys.
    pub fn press(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }

    /// Types a line once the question stands there.
    pub fn answer(&mut self, question: &str, line: &str) {
        self.expect(question);
        self.press(&format!("{line}\r"));
    }

    /// How it ended, and all that stood on the screen.
    pub fn end(mut self) -> (ExitStatus, String) {
        while self.read() {}
        (self.child.wait().unwrap(), std::mem::take(&mut self.screen))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Where a test failed; otherwise it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
