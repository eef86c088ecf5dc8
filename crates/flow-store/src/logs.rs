//! What attempts write, in files: one for each attempt, made with its first line, bounded.
//!
//! The first half of the bound is written as it comes, so it can be followed; of the rest the end is
//! kept in memory and written when the attempt ends, with a line that says how much is missing.
//! Each line is `TIME STREAM TEXT`; bytes that are no UTF-8 are replaced.

use crate::{Layout, StoreError};
use jiff::Timestamp;
use std::{
    collections::VecDeque,
    fs::{self, File},
    io::Write as _,
    path::PathBuf,
};

/// Bytes of one attempt's log that are written as they come.
const HEAD_BYTES: usize = 512 * 1024;
/// Bytes of its end that are kept besides.
const TAIL_BYTES: usize = 512 * 1024;
/// Bytes of one line.
const LINE_BYTES: usize = 16 * 1024;

/// The log of one attempt.
#[derive(Debug)]
pub struct AttemptLog {
    path: PathBuf,
    file: Option<File>,
    written: usize,
    tail: VecDeque<String>,
    tail_bytes: usize,
    dropped: u64,
    failed: bool,
}

/// Where an attempt's log is.
#[must_use]
pub fn log_path(layout: &Layout, run: &str, path: &str, attempt: u32) -> PathBuf {
    layout.logs().join(run).join(format!("{path}-{attempt}.log"))
}

impl AttemptLog {
    /// The log of an attempt; no file is made before there is a line.
    #[must_use]
    pub fn new(layout: &Layout, run: &str, path: &str, attempt: u32) -> Self {
        Self {
            path: log_path(layout, run, path, attempt),
            file: None,
            written: 0,
            tail: VecDeque::new(),
            tail_bytes: 0,
            dropped: 0,
            failed: false,
        }
    }

    /// Adds a line without its end.
    pub fn line(&mut self, at: Timestamp, stream: &str, bytes: &[u8]) {
        let cut = &bytes[..bytes.len().min(LINE_BYTES)];
        let more = if cut.len() < bytes.len() { " …" } else { "" };
        let text = format!("{at:.3} {stream} {}{more}\n", String::from_utf8_lossy(cut));
        if self.written + text.len() <= HEAD_BYTES && self.tail.is_empty() {
            self.written += text.len();
            self.append(&text);
            return;
        }
        self.tail_bytes += text.len();
        self.tail.push_back(text);
        while self.tail_bytes > TAIL_BYTES {
            let Some(oldest) = self.tail.pop_front() else { break };
            self.tail_bytes -= oldest.len();
            self.dropped += 1;
        }
    }

    /// Writes what was kept of the end.
    pub fn finish(&mut self, at: Timestamp) {
        if self.dropped > 0 {
            let text = format!("{at:.3} note … {} lines left out …\n", self.dropped);
            self.append(&text);
        }
        for text in std::mem::take(&mut self.tail) {
            self.append(&text);
        }
        self.tail_bytes = 0;
        self.dropped = 0;
        self.file = None;
    }

    /// A log that cannot be written is lost, not the run.
    fn append(&mut self, text: &str) {
        if self.failed {
            return;
        }
        if self.file.is_none() {
            let made = self.path.parent().map_or(Ok(()), fs::create_dir_all);
            let file = made.and_then(|()| File::options().append(true).create(true).open(&self.path));
            match file {
                Ok(file) => self.file = Some(file),
                Err(_) => self.failed = true,
            }
        }
        if let Some(file) = &mut self.file {
            self.failed = file.write_all(text.as_bytes()).is_err();
        }
    }
}

/// The lines of an attempt's log; none if it wrote nothing, or its log has been thrown away.
///
/// # Errors
/// There is a log, and it cannot be read.
pub fn read_log(layout: &Layout, run: &str, path: &str, attempt: u32) -> Result<Vec<String>, StoreError> {
    let path = log_path(layout, run, path, attempt);
    match fs::read(&path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(vec![]),
        Err(error) => Err(StoreError::from_io(path, &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_bounded_and_keeps_both_ends() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        let mut log = AttemptLog::new(&layout, "r1", "3", 1);
        let at = Timestamp::UNIX_EPOCH;
        for number in 0..100_000 {
            log.line(at, "out", format!("line {number} of a step that prints without end").as_bytes());
        }
        log.finish(at);
        let size = fs::metadata(log_path(&layout, "r1", "3", 1)).unwrap().len() as usize;
        assert!(size > HEAD_BYTES && size < HEAD_BYTES + TAIL_BYTES + 200, "{size}");
        let lines = read_log(&layout, "r1", "3", 1).unwrap();
        assert!(lines.first().unwrap().contains(" out line 0 "));
        assert!(lines.last().unwrap().contains(" out line 99999 "));
        assert!(lines.iter().any(|line| line.contains("lines left out")));
    }

    #[test]
    fn an_attempt_that_says_nothing_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        AttemptLog::new(&layout, "r1", "3", 1).finish(Timestamp::UNIX_EPOCH);
        assert!(!layout.logs().exists());
        assert_eq!(read_log(&layout, "r1", "3", 1).unwrap(), Vec::<String>::new());
    }
}
