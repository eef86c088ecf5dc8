//! The files of a project on disk, as the compiler asks for them. Reads, and only reads.
//!
//! Links to folders are not followed: they can lead in circles and out of the project.

#![expect(clippy::disallowed_methods, reason = "this is where files are read")]

use flow_compiler::{MAX_FILE_BYTES, World, WorldError};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Most folders inside one another.
const DEEPEST: usize = 64;

/// A folder on disk.
pub(crate) struct DiskWorld {
    root: PathBuf,
}

impl DiskWorld {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }
}

impl World for DiskWorld {
    fn list(&self, folder: &str) -> Result<Vec<String>, WorldError> {
        let top = if folder == "." { self.root.clone() } else { self.root.join(folder) };
        if fs::metadata(&top).map_err(|error| world_error(&error))?.is_file() {
            return Err(WorldError::IsFile);
        }
        let prefix = if folder == "." { String::new() } else { format!("{}/", folder.trim_end_matches('/')) };
        let mut found = Vec::new();
        let mut folders = vec![(top, prefix, 0)];
        while let Some((path, prefix, depth)) = folders.pop() {
            let entries = match fs::read_dir(&path) {
                Ok(entries) => entries,
                Err(error) if depth == 0 => return Err(world_error(&error)),
                // A folder that may not be read holds no program of ours.
                Err(_) => continue,
            };
            for entry in entries.flatten() {
                // A name that is no UTF-8 cannot be a module's.
                let Ok(name) = entry.file_name().into_string() else { continue };
                let Ok(kind) = entry.file_type() else { continue };
                if kind.is_dir() {
                    let is_own_project = entry.path().join("flow.toml").exists();
                    if !name.starts_with('.') && !is_own_project && depth < DEEPEST {
                        folders.push((entry.path(), format!("{prefix}{name}/"), depth + 1));
                    }
                } else if name.ends_with(".flow") && !name.starts_with('.') {
                    found.push(format!("{prefix}{name}"));
                }
            }
        }
        Ok(found)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, WorldError> {
        let path = self.root.join(path);
        let about = fs::metadata(&path).map_err(|error| world_error(&error))?;
        if about.is_dir() {
            return Err(WorldError::IsFolder);
        }
        // Pipes and devices may never end.
        if !about.is_file() {
            return Err(WorldError::Other("it is no regular file".into()));
        }
        if about.len() > MAX_FILE_BYTES {
            return Err(WorldError::TooLarge(about.len()));
        }
        fs::read(&path).map_err(|error| world_error(&error))
    }
}

fn world_error(error: &io::Error) -> WorldError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => WorldError::NotFound,
        io::ErrorKind::PermissionDenied => WorldError::Forbidden,
        io::ErrorKind::IsADirectory => WorldError::IsFolder,
        _ => WorldError::Other(error.to_string()),
    }
}
