//! One run at a time on one project.
//!
//! The lock is the system's own on an open file, so it ends with the process, however that ends: there
//! is nothing stale to clean up. The file's text only says who has it, for people.

use crate::{Layout, StoreError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    fs::{File, OpenOptions, TryLockError},
    io::{Read as _, Seek as _, Write as _},
    sync::Arc,
};

/// In the place of a run: who has the lock runs whatever is due, for as long as it lives.
pub const SCHEDULER: &str = "scheduler";

/// Who has the lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockHolder {
    /// The process.
    pub pid: u32,
    /// Its run.
    pub run: Arc<str>,
    /// Since when.
    pub since: Timestamp,
}

impl fmt::Display for LockHolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if &*self.run == SCHEDULER {
            return write!(f, "`flowc serve`, process {}, since {:.0}", self.pid, self.since);
        }
        write!(f, "run {} of process {}, since {:.0}", self.run, self.pid, self.since)
    }
}

/// The lock, for as long as this value lives.
#[derive(Debug)]
pub struct Lock(File);

impl Lock {
    /// Takes the lock, without waiting.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if somebody has it.
    pub fn take(layout: &Layout, holder: &LockHolder) -> Result<Self, StoreError> {
        let path = layout.lock();
        let io = |error: &std::io::Error| StoreError::from_io(&path, error);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| io(&error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::Locked { holder: read_holder(&mut file) }),
            Err(TryLockError::Error(error)) => return Err(io(&error)),
        }
        let text = serde_json::to_string(holder).map_err(|error| StoreError::from_json(&path, &error))?;
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(text.as_bytes()))
            .and_then(|()| file.flush())
            .map_err(|error| io(&error))?;
        Ok(Self(file))
    }
}

impl LockHolder {
    /// Who runs on the project now, if anybody does.
    ///
    /// # Errors
    /// The lock's file cannot be read.
    pub fn now(layout: &Layout) -> Result<Option<Self>, StoreError> {
        let path = layout.lock();
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::from_io(&path, &error)),
        };
        // An empty file says that nobody does: the lock itself is only asked after somebody who did not say goodbye.
        if file.metadata().is_ok_and(|data| data.len() == 0) {
            return Ok(None);
        }
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => Ok(Some(read_holder(&mut file))),
            Err(TryLockError::Error(error)) => Err(StoreError::from_io(&path, &error)),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The next holder writes its own name; an empty file says that nobody runs. Closing unlocks.
        let _ = self.0.set_len(0);
        let _ = self.0.unlock();
    }
}

/// Who has it; a holder that has not written its name yet is nobody in particular.
fn read_holder(file: &mut File) -> LockHolder {
    let mut text = String::new();
    let _ = file.rewind().and_then(|()| file.read_to_string(&mut text));
    serde_json::from_str(&text).unwrap_or(LockHolder {
        pid: 0,
        run: "that just begins".into(),
        since: Timestamp::UNIX_EPOCH,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(run: &str) -> LockHolder {
        LockHolder { pid: 7, run: run.into(), since: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn the_second_is_refused_by_name_and_may_come_after() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(".flow")).unwrap();
        let layout = Layout::new(folder.path());
        let first = Lock::take(&layout, &holder("r1")).unwrap();
        match Lock::take(&layout, &holder("r2")) {
            Err(StoreError::Locked { holder: found }) => assert_eq!(found, holder("r1")),
            other => panic!("{other:?}"),
        }
        drop(first);
        drop(Lock::take(&layout, &holder("r2")).unwrap());
    }

    #[test]
    fn what_a_dead_process_left_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(".flow")).unwrap();
        let layout = Layout::new(folder.path());
        std::fs::write(layout.lock(), serde_json::to_string(&holder("r0")).unwrap()).unwrap();
        drop(Lock::take(&layout, &holder("r1")).unwrap());
    }
}
