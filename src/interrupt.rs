//! Ctrl-C and SIGTERM: whoever heeds them still reports what was seen so far; the program ends at once otherwise, and at a
//! second one in any case. Nothing unfinished is left behind.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use tokio::sync::watch;

use crate::{exit::Exit, output, platform::Signals};

/// The same signal so soon is no second one: `timeout` sends it to the program, and then to the group that it is in.
const ECHO: Duration = Duration::from_millis(100);

/// What comes from outside to end the program.
#[derive(Debug)]
pub struct Interrupts {
    cancelled: watch::Receiver<bool>,
    is_heeded: Arc<AtomicBool>,
    /// The exit code of the first; 0: none came.
    code: Arc<AtomicU8>,
}

impl Interrupts {
    /// Listens from now on.
    pub fn listen() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        // The handlers are there before the first thing is done.
        let mut signals = {
            let _inside = runtime.enter();
            Signals::new()?
        };
        let (cancel, cancelled) = watch::channel(false);
        let (is_heeded, code) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU8::new(0)));
        let (heeded, first) = (is_heeded.clone(), code.clone());
        thread::Builder::new().name("signals".to_owned()).spawn(move || {
            runtime.block_on(async {
                let mut last: Option<(Exit, Instant)> = None;
                loop {
                    let exit = signals.next().await;
                    if last.is_some_and(|(known, at)| known == exit && at.elapsed() < ECHO) {
                        continue;
                    }
                    last = Some((exit, Instant::now()));
                    let is_second = first.swap(exit.code(), Ordering::AcqRel) != 0;
                    if is_second || !heeded.load(Ordering::Acquire) {
                        output::end(exit);
                    }
                    // Nobody may be observing yet, or any more.
                    cancel.send_replace(true);
                }
            });
        })?;
        Ok(Self { cancelled, is_heeded, code })
    }

    /// From now on the first only makes this true: the caller ends by itself, with a report.
    pub fn heed(&self) -> watch::Receiver<bool> {
        self.is_heeded.store(true, Ordering::Release);
        self.cancelled.clone()
    }

    /// How the program has to end since one came; none: none did.
    pub fn exit(&self) -> Option<Exit> {
        [Exit::Interrupted, Exit::Terminated].into_iter().find(|exit| exit.code() == self.code.load(Ordering::Acquire))
    }
}
