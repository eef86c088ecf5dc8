//! What the main loop knows of one project: how often its files changed, and the last state that was checked.

use flow_compiler::Kept;
use flow_ide::Analysis;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

/// Which project: a folder with a `flow.toml`, or one file on its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    /// The folder that paths are relative to.
    pub(crate) root: PathBuf,
    /// The only file, if no `flow.toml` is above it.
    pub(crate) only: Option<String>,
}

impl Key {
    /// A path from the root, with `/` between parts.
    pub(crate) fn relative(&self, path: &Path) -> Option<String> {
        let inside = path.strip_prefix(&self.root).ok()?;
        let parts: Vec<_> = inside.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        let relative = parts.join("/");
        self.only.as_ref().is_none_or(|only| *only == relative).then_some(relative)
    }
}

/// A project.
pub(crate) struct Project {
    /// Counts changes of its files.
    pub(crate) revision: u64,
    /// The count that the last check saw.
    pub(crate) checked: u64,
    /// Whether a check is under way.
    pub(crate) is_checking: bool,
    /// The last state that could be checked.
    pub(crate) analysis: Option<Arc<Analysis>>,
    /// What did not change from one check to the next.
    pub(crate) kept: Arc<Mutex<Kept>>,
    /// What was published of each file, by path from the root.
    pub(crate) published: BTreeMap<String, Vec<lsp_types::Diagnostic>>,
}

impl Default for Project {
    /// A project whose files have not been looked at.
    fn default() -> Self {
        let (kept, published) = <(Arc<Mutex<Kept>>, BTreeMap<_, _>)>::default();
        Self { revision: 1, checked: 0, is_checking: false, analysis: None, kept, published }
    }
}

impl Project {
    /// Whether the last check saw everything that is known now.
    pub(crate) fn is_fresh(&self) -> bool {
        self.checked == self.revision
    }
}
