//! Folders of attempts, below the run's own: one that an attempt has left empty serves another.
//!
//! To make and to remove a folder costs more than a small step. Whoever gives one back knows that nobody uses it any
//! more. The run's folder is removed by whoever ends the run. Tested here.

use flow_store::Layout;
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

/// The folders of a run.
#[derive(Clone, Debug)]
pub(crate) struct Scratch(Arc<Folders>);

#[derive(Debug)]
struct Folders {
    root: PathBuf,
    /// How many were made.
    made: AtomicU32,
    /// Those that nobody uses, which are empty.
    free: Mutex<Vec<PathBuf>>,
}

/// An attempt's own folder, empty at first. It is removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    of: Scratch,
}

impl Scratch {
    /// The folders of a run; none is made yet.
    pub(crate) fn new(layout: &Layout, run: &str) -> Self {
        Self(Arc::new(Folders { root: layout.scratch().join(run), made: AtomicU32::default(), free: Mutex::default() }))
    }

    /// A folder of one's own.
    pub(crate) fn take(&self) -> io::Result<Folder> {
        let free = self.0.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(path) = free {
            return Ok(Folder { path, of: self.clone() });
        }
        loop {
            let path = self.0.root.join(self.0.made.fetch_add(1, Ordering::Relaxed).to_string());
            match fs::create_dir(&path) {
                Ok(()) => return Ok(Folder { path, of: self.clone() }),
                // The run was cut off before, and this is left of it.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => fs::create_dir_all(&self.0.root)?,
                Err(error) => return Err(error),
            }
        }
    }
}

impl Folder {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Nobody uses it any more.
    pub(crate) fn give_back(mut self) {
        let is_empty = fs::read_dir(&self.path).is_ok_and(|mut entries| entries.next().is_none());
        if is_empty {
            let path = std::mem::take(&mut self.path);
            self.of.0.free.lock().unwrap_or_else(PoisonError::into_inner).push(path);
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left over goes with the run's folder. One that was given back has no path.
        if !self.path.as_os_str().is_empty() {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_given_back_empty_is_used_again() {
        let project = tempfile::tempdir().unwrap();
        let scratch = Scratch::new(&Layout::new(project.path()), "r1");
        let (first, second) = (scratch.take().unwrap(), scratch.take().unwrap());
        let paths = [first.path().to_owned(), second.path().to_owned()];
        assert_ne!(paths[0], paths[1]);
        fs::write(second.path().join("left"), "over").unwrap();
        second.give_back();
        assert!(!paths[1].exists());
        first.give_back();
        let again = scratch.take().unwrap();
        assert_eq!(again.path(), paths[0]);
        drop(again);
        assert!(!paths[0].exists());
        assert!(!paths.contains(&scratch.take().unwrap().path().to_owned()));
    }

    #[test]
    fn what_a_run_left_that_was_cut_off_is_not_used() {
        let project = tempfile::tempdir().unwrap();
        let layout = Layout::new(project.path());
        let left = Scratch::new(&layout, "r1").take().unwrap();
        fs::write(left.path().join("left"), "over").unwrap();
        let fresh = Scratch::new(&layout, "r1").take().unwrap();
        assert_ne!(fresh.path(), left.path());
        assert_eq!(fs::read_dir(fresh.path()).unwrap().count(), 0);
    }
}
