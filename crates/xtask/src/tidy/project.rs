//! The project as its files: path and text of each, read once.
//!
//! Leaves out what building and running leave behind. Knows nothing of what should be in them.

use anyhow::Context;
use std::{fs, path::Path};

/// Folders that are not the project's own, wherever they are.
const LEFT_BEHIND: [&str; 5] = ["target", ".git", ".flow", "node_modules", "corpus"];

/// One file that is text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFile {
    /// Relative to the root, with `/` between parts.
    pub path: String,
    /// All of it.
    pub text: String,
}

/// Everything in the project's folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Project {
    /// Names in the root folder.
    pub root_entries: Vec<String>,
    /// All files and folders, by path.
    pub paths: Vec<String>,
    /// The files that are UTF-8.
    pub files: Vec<TextFile>,
}

impl Project {
    /// Reads the project.
    ///
    /// # Errors
    /// When a folder or file cannot be read.
    pub fn read(root: &Path) -> anyhow::Result<Self> {
        let mut project = Self::default();
        project.walk(root, "")?;
        project.root_entries = project.paths.iter().filter(|path| !path.contains('/')).cloned().collect();
        Ok(project)
    }

    fn walk(&mut self, folder: &Path, prefix: &str) -> anyhow::Result<()> {
        let entries = fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
        let mut names: Vec<_> = entries.collect::<Result<Vec<_>, _>>()?.iter().map(fs::DirEntry::file_name).collect();
        names.sort();
        for name in names {
            let name = name.to_string_lossy();
            let path = format!("{prefix}{name}");
            let at = folder.join(&*name);
            if LEFT_BEHIND.contains(&&*name) {
                continue;
            }
            if at.is_dir() {
                self.walk(&at, &format!("{path}/"))?;
            } else if let Ok(text) = String::from_utf8(fs::read(&at)?) {
                self.files.push(TextFile { path: path.clone(), text });
            }
            self.paths.push(path);
        }
        Ok(())
    }

    /// The text of one file.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path).map(|file| file.text.as_str())
    }
}
