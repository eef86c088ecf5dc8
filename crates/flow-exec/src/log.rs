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

/// What a line costs besides its bytes: else empty lines would be free.
const LINE_COST: usize = 32;

/// Bytes of the end are kept in blocks of this size, and dropped so.
const BLOCK: usize = 64 << 10;

/// Passes lines on until half of its budget is used, then keeps the end until [`BoundedLog::finish`].
pub(crate) struct BoundedLog {
    sink: Arc<dyn LogSink>,
    half: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    lines: Lines,
    passed: usize,
    /// Not cut into lines yet, so that a flood costs a copy and no more.
    tail: VecDeque<(Stream, Vec<u8>)>,
    tail_bytes: usize,
    dropped: u64,
}

impl BoundedLog {
    /// A log that keeps so many bytes.
    pub(crate) fn new(sink: Arc<dyn LogSink>, kept: usize) -> Self {
        Self { sink, half: kept / 2, state: Mutex::default() }
    }

    /// Takes the next bytes of a stream, cut anywhere.
    pub(crate) fn push(&self, stream: Stream, mut bytes: &[u8]) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.passed < self.half && !bytes.is_empty() {
            let State { lines, passed, .. } = &mut *state;
            bytes = lines.next(stream, bytes, &mut |line| {
                *passed += line.len() + LINE_COST;
                self.sink.line(stream, line);
            });
        }
        state.keep(stream, bytes, self.half);
    }

    /// One line of the runtime itself.
    pub(crate) fn note(&self, text: &str) {
        self.push(Stream::Note, text.as_bytes());
        self.push(Stream::Note, b"\n");
    }

    /// Passes on the end of what was logged, after a note on what is missing.
    pub(crate) fn finish(&self) {
        let state = std::mem::take(&mut *self.state.lock().unwrap_or_else(PoisonError::into_inner));
        let mut lines = state.lines;
        if state.dropped > 0 {
            lines.finish(&*self.sink);
            self.sink.line(Stream::Note, format!("… {} bytes left out …", state.dropped).as_bytes());
        }
        for (stream, block) in state.tail {
            let mut rest = block.as_slice();
            while !rest.is_empty() {
                rest = lines.next(stream, rest, &mut |line| self.sink.line(stream, line));
            }
        }
        lines.finish(&*self.sink);
    }
}

impl State {
    fn keep(&mut self, stream: Stream, mut bytes: &[u8], most: usize) {
        self.tail_bytes += bytes.len();
        while !bytes.is_empty() {
            let (piece, rest) = bytes.split_at(bytes.len().min(BLOCK));
            match self.tail.back_mut() {
                Some((same, block)) if *same == stream && block.len() + piece.len() <= BLOCK => {
                    block.extend_from_slice(piece);
                }
                _ => self.tail.push_back((stream, piece.to_vec())),
            }
            bytes = rest;
        }
        while self.tail_bytes > most
            && let Some((_, oldest)) = self.tail.pop_front()
        {
            self.tail_bytes -= oldest.len();
            self.dropped += oldest.len() as u64;
        }
    }
}

/// Lines whose ends have not come yet, one per stream.
#[derive(Default)]
struct Lines([(Option<Stream>, Vec<u8>); 3]);

impl Lines {
    /// Takes bytes up to the next line end, hands the line over if it is complete, gives the rest.
    fn next<'a>(&mut self, stream: Stream, bytes: &'a [u8], line: &mut dyn FnMut(&[u8])) -> &'a [u8] {
        let (known, partial) = &mut self.0[stream as usize];
        *known = Some(stream);
        let room = LONGEST_LINE - partial.len();
        let window = &bytes[..bytes.len().min(room)];
        let end = window.iter().position(|byte| *byte == b'\n');
        partial.extend_from_slice(&window[..end.unwrap_or(window.len())]);
        if end.is_some() || partial.len() == LONGEST_LINE {
            line(partial.strip_suffix(b"\r").unwrap_or(partial));
            partial.clear();
        }
        &bytes[end.map_or(window.len(), |end| end + 1)..]
    }

    /// Hands over what has no line end.
    fn finish(&mut self, sink: &dyn LogSink) {
        for (stream, partial) in &mut self.0 {
            if let Some(stream) = stream
                && !partial.is_empty()
            {
                sink.line(*stream, partial);
                partial.clear();
            }
        }
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
        for piece in pieces {
            log.push(Stream::Out, piece);
        }
        log.finish();
        memory.0.lock().unwrap().clone()
    }

    #[test]
    fn lines_are_found_wherever_the_stream_is_cut() {
        assert_eq!(logged(KEPT_BYTES, &[b"a\nb", b"c\r\n\n", b"d"]), ["a", "bc", "", "d"]);
    }

    #[test]
    fn beginning_and_end_are_kept() {
        let text: String = (0..100_000).map(|number| format!("line {number:05}\n")).collect();
        let lines = logged(8 * BLOCK, &[text.as_bytes()]);
        assert_eq!(lines[0], "line 00000");
        assert_eq!(lines.last().unwrap(), "line 99999");
        let kept: usize = lines.iter().map(|line| line.len() + 1).sum();
        assert!(kept > 3 * BLOCK && kept < 8 * BLOCK, "{kept}");
        assert!(lines.iter().any(|line| line.contains("left out")), "{lines:?}");
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let lines = logged(KEPT_BYTES, &[&[b'x'; 3 * LONGEST_LINE + 5]]);
        assert_eq!(lines.iter().map(String::len).collect::<Vec<_>>(), [LONGEST_LINE, LONGEST_LINE, LONGEST_LINE, 5]);
    }
}
