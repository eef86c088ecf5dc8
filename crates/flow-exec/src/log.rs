//! An attempt's log, bounded: the beginning as it comes, and the end.
//!
//! Between the two, lines are counted and dropped, so that a program which prints a gigabyte costs
//! [`KEPT_BYTES`] of memory and of whatever the sink writes to. Knows not what lines mean.

use crate::api::{LogSink, Stream};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

/// How much of one attempt's output is kept.
pub const KEPT_BYTES: usize = 16 << 20;

/// A longer line is shown as several.
const LONGEST_LINE: usize = 64 << 10;

/// Passes the first half of its budget on, keeps the last half until [`BoundedLog::finish`].
pub(crate) struct BoundedLog {
    sink: Arc<dyn LogSink>,
    half: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    passed: usize,
    tail: VecDeque<(Stream, Box<[u8]>)>,
    tail_bytes: usize,
    dropped_lines: u64,
    dropped_bytes: u64,
}

impl BoundedLog {
    /// A log that keeps so many bytes.
    pub(crate) fn new(sink: Arc<dyn LogSink>, kept: usize) -> Self {
        Self { sink, half: kept / 2, state: Mutex::default() }
    }

    /// One line without its end.
    pub(crate) fn line(&self, stream: Stream, bytes: &[u8]) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // What a line costs besides its bytes: else empty lines would be free.
        let cost = bytes.len() + 32;
        if state.passed + cost <= self.half {
            state.passed += cost;
            self.sink.line(stream, bytes);
            return;
        }
        state.passed = self.half;
        state.tail.push_back((stream, bytes.into()));
        state.tail_bytes += cost;
        while state.tail_bytes > self.half
            && let Some((_, oldest)) = state.tail.pop_front()
        {
            state.tail_bytes -= oldest.len() + 32;
            state.dropped_lines += 1;
            state.dropped_bytes += oldest.len() as u64;
        }
    }

    /// Passes on the end of what was logged, after a note on what is missing.
    pub(crate) fn finish(&self) {
        let state = std::mem::take(&mut *self.state.lock().unwrap_or_else(PoisonError::into_inner));
        if state.dropped_lines > 0 {
            let note = format!("… {} lines ({} bytes) left out …", state.dropped_lines, state.dropped_bytes);
            self.sink.line(Stream::Note, note.as_bytes());
        }
        for (stream, line) in state.tail {
            self.sink.line(stream, &line);
        }
    }
}

/// Cuts a stream's bytes into lines.
pub(crate) struct Lines {
    stream: Stream,
    partial: Vec<u8>,
}

impl Lines {
    pub(crate) fn new(stream: Stream) -> Self {
        Self { stream, partial: Vec::new() }
    }

    /// Takes the next bytes, logs the lines that they complete.
    pub(crate) fn push(&mut self, mut bytes: &[u8], log: &BoundedLog) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.extend(&bytes[..end], log);
            self.flush(log);
            bytes = &bytes[end + 1..];
        }
        self.extend(bytes, log);
    }

    /// Logs what has no line end.
    pub(crate) fn finish(&mut self, log: &BoundedLog) {
        if !self.partial.is_empty() {
            self.flush(log);
        }
    }

    fn extend(&mut self, mut bytes: &[u8], log: &BoundedLog) {
        while self.partial.len() + bytes.len() > LONGEST_LINE {
            let (piece, rest) = bytes.split_at(LONGEST_LINE - self.partial.len());
            self.partial.extend_from_slice(piece);
            self.flush(log);
            bytes = rest;
        }
        self.partial.extend_from_slice(bytes);
    }

    fn flush(&mut self, log: &BoundedLog) {
        let line = self.partial.strip_suffix(b"\r").unwrap_or(&self.partial);
        log.line(self.stream, line);
        self.partial.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Memory(Mutex<Vec<String>>);

    impl LogSink for Memory {
        fn line(&self, _: Stream, bytes: &[u8]) {
            self.0.lock().unwrap().push(String::from_utf8_lossy(bytes).into_owned());
        }
    }

    fn logged(kept: usize, pieces: &[&[u8]]) -> Vec<String> {
        let memory = Arc::new(Memory::default());
        let log = BoundedLog::new(memory.clone(), kept);
        let mut lines = Lines::new(Stream::Out);
        for piece in pieces {
            lines.push(piece, &log);
        }
        lines.finish(&log);
        log.finish();
        let lines = memory.0.lock().unwrap().clone();
        lines
    }

    #[test]
    fn lines_are_found_wherever_the_stream_is_cut() {
        assert_eq!(logged(KEPT_BYTES, &[b"a\nb", b"c\r\n\n", b"d"]), ["a", "bc", "", "d"]);
    }

    #[test]
    fn beginning_and_end_are_kept() {
        let text: String = (0..1000).map(|number| format!("line {number}\n")).collect();
        let lines = logged(400, &[text.as_bytes()]);
        assert_eq!(lines[0], "line 0");
        assert_eq!(lines.last().unwrap(), "line 999");
        assert!(lines.len() < 15, "{lines:?}");
        assert!(lines.iter().any(|line| line.contains("left out")), "{lines:?}");
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let lines = logged(KEPT_BYTES, &[&[b'x'; 3 * LONGEST_LINE + 5]]);
        assert_eq!(lines.iter().map(String::len).collect::<Vec<_>>(), [LONGEST_LINE, LONGEST_LINE, LONGEST_LINE, 5]);
    }
}
