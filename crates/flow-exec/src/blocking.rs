//! Work that blocks, off the async threads, and asked to stop when the attempt is cancelled.
//!
//! Knows nothing of what the work is. A worker looks at its [`Stop`] between batches of rows, so it ends soon.

use crate::api::Cancel;
use flow_diag::codes;
use flow_plan::{ErrorClass, Failure};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Asked between pieces of work.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// # Errors
    /// When the work was cancelled.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.0.load(Ordering::Relaxed) { Err(cancelled()) } else { Ok(()) }
    }
}

/// Sets the flag when the caller goes away, by cancel, timeout or panic.
struct StopOnDrop(Stop);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

/// Runs blocking work to its end, or until a cancel.
pub(crate) async fn blocking<T: Send + 'static>(
    cancel: &Cancel,
    work: impl FnOnce(&Stop) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let stop = Stop::default();
    let _guard = StopOnDrop(stop.clone());
    let task = tokio::task::spawn_blocking(move || work(&stop));
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(cancelled()),
        done = task => done.unwrap_or_else(|error| Err(broken(&error.to_string()))),
    }
}

/// Runs asynchronous work that computes much on a thread of its own; dropped at a cancel or the timeout.
pub(crate) async fn blocking_async<T, W>(
    cancel: &Cancel,
    timeout: Duration,
    work: impl FnOnce(Stop) -> W + Send + 'static,
) -> Result<T, Failure>
where
    T: Send + 'static,
    W: Future<Output = Result<T, Failure>> + Send,
{
    let (runtime, inner) = (tokio::runtime::Handle::current(), cancel.clone());
    blocking(cancel, move |stop| {
        let stop = stop.clone();
        runtime.block_on(async {
            tokio::select! {
                biased;
                () = inner.cancelled() => Err(cancelled()),
                () = tokio::time::sleep(timeout) => Err(timed_out(timeout)),
                done = work(stop) => done,
            }
        })
    })
    .await
}

/// The attempt took too long.
fn timed_out(timeout: Duration) -> Failure {
    let message = format!("the query did not end within {timeout:?}");
    Failure::new(ErrorClass::Timeout, codes::R0103.as_str(), message)
}

/// The attempt was cancelled.
pub(crate) fn cancelled() -> Failure {
    Failure::new(ErrorClass::Internal, codes::R0104.as_str(), "it was cancelled")
}

/// The runtime's own work broke off.
pub(crate) fn broken(why: &str) -> Failure {
    Failure::new(ErrorClass::Internal, codes::R0300.as_str(), format!("the runtime broke off: {why}"))
}
