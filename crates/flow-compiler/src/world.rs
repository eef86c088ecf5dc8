//! Where text comes from: the files of a project, read by somebody else.
//!
//! Paths are relative to the project's root, with `/` between parts. Knows no file system.

use std::{collections::BTreeMap, fmt};

/// The files of one project.
pub trait World {
    /// The paths of all files whose name ends in `.flow`, in this folder and all folders inside it, in any
    /// order. `.` is the root. Hidden folders, and those that hold a `flow.toml` of their own, are left out.
    ///
    /// # Errors
    /// The folder is missing, is no folder, or may not be read.
    fn list(&self, folder: &str) -> Result<Vec<String>, WorldError>;

    /// The content of a file.
    ///
    /// # Errors
    /// The file is missing, is a folder, is too large, or may not be read.
    fn read(&self, path: &str) -> Result<Vec<u8>, WorldError>;
}

/// Why a file or folder could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorldError {
    /// There is nothing there.
    NotFound,
    /// A folder stands where a file is expected.
    IsFolder,
    /// A file stands where a folder is expected.
    IsFile,
    /// The operating system forbids it.
    Forbidden,
    /// It has so many bytes, which is more than [`crate::MAX_FILE_BYTES`].
    TooLarge(u64),
    /// Anything else, in the operating system's words.
    Other(String),
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("it does not exist"),
            Self::IsFolder => f.write_str("it is a folder"),
            Self::IsFile => f.write_str("it is a file, not a folder"),
            Self::Forbidden => f.write_str("permission denied"),
            Self::TooLarge(bytes) => write!(f, "it has {bytes} bytes; the most is {}", crate::MAX_FILE_BYTES),
            Self::Other(why) => f.write_str(why),
        }
    }
}

/// Files in memory: for tests, the editor's unsaved buffers, and the browser.
#[derive(Clone, Debug, Default)]
pub struct MemoryWorld {
    files: BTreeMap<String, Result<Vec<u8>, WorldError>>,
}

impl MemoryWorld {
    /// A project of these files.
    pub fn new<P: Into<String>, C: Into<Vec<u8>>>(files: impl IntoIterator<Item = (P, C)>) -> Self {
        Self { files: files.into_iter().map(|(path, content)| (path.into(), Ok(content.into()))).collect() }
    }

    /// Adds or replaces a file.
    pub fn insert(&mut self, path: impl Into<String>, content: impl Into<Vec<u8>>) {
        self.files.insert(path.into(), Ok(content.into()));
    }

    /// Adds a file that cannot be read.
    pub fn insert_error(&mut self, path: impl Into<String>, error: WorldError) {
        self.files.insert(path.into(), Err(error));
    }
}

impl World for MemoryWorld {
    fn list(&self, folder: &str) -> Result<Vec<String>, WorldError> {
        let folder = folder.trim_start_matches("./").trim_end_matches('/');
        if self.files.contains_key(folder) {
            return Err(WorldError::IsFile);
        }
        let prefix = if folder == "." || folder.is_empty() { String::new() } else { format!("{folder}/") };
        let inside: Vec<&String> = self.files.keys().filter(|path| path.starts_with(&prefix)).collect();
        if inside.is_empty() && !prefix.is_empty() {
            return Err(WorldError::NotFound);
        }
        Ok(inside.into_iter().filter(|path| path.ends_with(".flow")).cloned().collect())
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, WorldError> {
        match self.files.get(path) {
            Some(content) => content.clone(),
            None if self
                .files
                .keys()
                .any(|other| other.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))) =>
            {
                Err(WorldError::IsFolder)
            }
            None => Err(WorldError::NotFound),
        }
    }
}
