//! The texts that spans point into: path and content of every loaded file.
//!
//! Holds what it is given and reads nothing itself.

use crate::FileId;
use std::sync::Arc;

/// One file: its path relative to the project's root (or as given by the user) and its text.
#[derive(Clone, Debug)]
pub struct Source {
    /// Path, with `/` between parts. Files of the standard library start with `std/`.
    pub path: String,
    /// The whole text, as valid UTF-8.
    pub text: Arc<str>,
}

/// All files of a compilation, in the order of their [`FileId`]s.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// Adds a file.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        self.files.push(Source { path: path.into(), text: text.into() });
        FileId(u32::try_from(self.files.len() - 1).expect("fewer than 2^32 files"))
    }

    /// The file, if the number is one of ours.
    #[must_use]
    pub fn get(&self, file: FileId) -> Option<&Source> {
        self.files.get(file.0 as usize)
    }

    /// All files with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Source)> {
        (0_u32..).map(FileId).zip(&self.files)
    }
}
