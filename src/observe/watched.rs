//! A stream that remembers how what it received began.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::tcp::Io;

/// The first bytes received, so many at most.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    bytes: Arc<Mutex<Vec<u8>>>,
    most: usize,
}

impl Seen {
    pub(super) fn new(most: usize) -> Self {
        Self { bytes: Arc::default(), most }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.bytes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, new: &[u8]) {
        let mut bytes = self.lock();
        let room = self.most.saturating_sub(bytes.len());
        bytes.extend(new.iter().take(room));
    }
}

/// Whether these bytes can no longer become what is waited for.
type Wrong = fn(&[u8]) -> bool;

/// The stream.
pub(super) struct Watched<S> {
    stream: S,
    seen: Seen,
    wrong: Wrong,
    judged: usize,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, seen: &Seen) -> Self {
        Self::judging(stream, seen, |_| false)
    }

    /// One that soon ends with [`io::ErrorKind::InvalidData`] where what was seen is wrong.
    pub(super) fn judging(stream: S, seen: &Seen, wrong: Wrong) -> Self {
        Self { stream, seen: seen.clone(), wrong, judged: 0 }
    }

    /// Judges what was seen each time that it has doubled: whoever sends it byte by byte costs no more than its length.
    fn is_wrong(&mut self) -> bool {
        let bytes = self.seen.lock();
        if bytes.len() < (2 * self.judged).max(1) {
            return false;
        }
        self.judged = bytes.len();
        (self.wrong)(&bytes)
    }
}

impl<S: Io> AsyncRead for Watched<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.stream).poll_read(cx, buffer);
        this.seen.add(buffer.filled().get(before..).unwrap_or_default());
        if this.is_wrong() { Poll::Ready(Err(io::ErrorKind::InvalidData.into())) } else { polled }
    }
}

impl<S: Io> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
