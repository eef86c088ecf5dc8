//! Where everything is under `.flow/`. The one place that knows names of files.

use std::path::{Path, PathBuf};

/// The folder of a project's runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// The folder in a project's root.
    #[must_use]
    pub fn new(project: &Path) -> Self {
        Self { root: project.join(".flow") }
    }

    /// `.flow`.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Journal and catalogue.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.root.join("runs.db")
    }

    /// Who is running.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    /// Tables and files by content.
    #[must_use]
    pub fn artifacts(&self) -> PathBuf {
        self.root.join("artifacts")
    }

    /// What attempts wrote, one folder for each run.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// Private folders of attempts that are under way.
    #[must_use]
    pub fn scratch(&self) -> PathBuf {
        self.root.join("scratch")
    }
}
