//! What the server needs of the machine: files, the project around a file, a place for texts of its own.

use flow_compiler::{Options, World};
use std::path::{Path, PathBuf};

/// The machine, as the server sees it. `flowc` has the real one, tests one in memory.
pub trait Host: Send + Sync {
    /// The files below a folder.
    fn world(&self, root: &Path) -> Box<dyn World>;

    /// The folder of the project that a file or folder belongs to: the nearest one above with a `flow.toml`, if there is one.
    fn project(&self, path: &Path) -> Option<PathBuf>;

    /// How programs are compiled.
    fn options(&self) -> Options;

    /// Puts a text that is part of the compiler (a module of the library, a code's page) where an editor can open it.
    fn shelve(&self, path: &str, text: &str) -> Option<PathBuf>;

    /// The path that a text was shelved under, if it was.
    fn shelved(&self, file: &Path) -> Option<String>;
}
