//! Ctrl-C: what was seen so far is still reported.

use std::{
    future::{Future as _, poll_fn},
    task::Poll,
};

use tokio::{runtime::Runtime, sync::watch};

/// Listens from now on: true once Ctrl-C came. Its sender lives as long as a receiver does.
pub(super) fn listen(runtime: &Runtime) -> watch::Receiver<bool> {
    let (cancel, cancelled) = watch::channel(false);
    let mut signal = Box::pin(tokio::signal::ctrl_c());
    // The handler is there from the first poll on, and before it Ctrl-C would end the process without a report.
    let now = runtime.block_on(poll_fn(|context| Poll::Ready(signal.as_mut().poll(context))));
    runtime.spawn(async move {
        let came = match now {
            Poll::Ready(result) => result,
            Poll::Pending => signal.await,
        };
        if came.is_ok() {
            let _ = cancel.send(true);
        }
        cancel.closed().await;
    });
    cancelled
}
