//! A running process's output: scrubbed, logged, and kept where somebody needs it.
//!
//! Reads as fast as the process writes and never keeps more than it may. Knows nothing of processes,
//! only of something to read from.

use crate::{Scrubber, api::Stream, log::BoundedLog, scrub::ScrubStream};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// How much of the end of standard error goes into a failure.
const TAIL_BYTES: usize = 4 << 10;

/// The output was longer than it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

/// One stream of a process.
pub(crate) struct Output {
    scrubber: ScrubStream,
    stream: Stream,
    /// As written, not scrubbed: it becomes a value, and is looked at there.
    kept: Vec<u8>,
    limit: usize,
    tail: Vec<u8>,
}

impl Output {
    /// A stream of which at most `limit` bytes are kept as a result; more are [`TooLong`]. None: nothing is kept.
    pub(crate) fn new(stream: Stream, scrubber: &Scrubber, limit: Option<usize>) -> Self {
        let limit = limit.unwrap_or(usize::MAX);
        let kept = Vec::new();
        Self { scrubber: scrubber.stream(), stream, kept, limit, tail: Vec::new() }
    }

    /// Reads to the end.
    pub(crate) async fn pump(&mut self, source: impl AsyncRead, log: &BoundedLog) -> Result<(), TooLong> {
        let mut source = std::pin::pin!(source);
        // Most programs say little or nothing: the room for more is not touched before it is needed.
        let mut buffer = Vec::with_capacity(64 << 10);
        // An error while reading means that the other side is gone.
        while let Ok(1..) = source.read_buf(&mut buffer).await {
            self.take(&buffer, log)?;
            buffer.clear();
        }
        Ok(())
    }

    fn take(&mut self, bytes: &[u8], log: &BoundedLog) -> Result<(), TooLong> {
        if self.limit != usize::MAX {
            if self.kept.len() + bytes.len() > self.limit {
                return Err(TooLong);
            }
            self.kept.extend_from_slice(bytes);
        }
        let mut shown = Vec::with_capacity(bytes.len());
        self.scrubber.push(bytes, &mut shown);
        self.show(&shown, log);
        Ok(())
    }

    fn show(&mut self, bytes: &[u8], log: &BoundedLog) {
        log.push(self.stream, bytes);
        let last = &bytes[bytes.len().saturating_sub(TAIL_BYTES)..];
        self.tail.extend_from_slice(last);
        let excess = self.tail.len().saturating_sub(TAIL_BYTES);
        self.tail.drain(..excess);
    }

    /// Logs what was held back.
    pub(crate) fn finish(&mut self, log: &BoundedLog) {
        let mut shown = Vec::new();
        self.scrubber.finish(&mut shown);
        self.show(&shown, log);
    }

    /// What was kept.
    pub(crate) fn into_kept(self) -> Vec<u8> {
        self.kept
    }

    /// The last lines, if any, whole ones unless there is only one.
    pub(crate) fn tail(&self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.tail);
        let text = match text.split_once('\n') {
            Some((_, rest)) if self.tail.len() >= TAIL_BYTES && !rest.trim().is_empty() => rest,
            _ => &text,
        };
        let text = text.trim_end();
        (!text.is_empty()).then(|| text.to_owned())
    }
}
