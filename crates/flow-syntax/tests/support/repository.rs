//! The programs in the repository: files, and examples in its pages.

#![allow(clippy::disallowed_methods, reason = "tests read the repository")]

use std::fs;
use std::path::{Path, PathBuf};

/// A program with the place that it comes from.
pub(crate) struct Program {
    pub(crate) place: String,
    pub(crate) text: String,
    /// Marked as an example of a mistake.
    pub(crate) fails: bool,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut entries: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() && !name.starts_with('.') && name != "target" {
            walk(&path, found);
        } else if path.is_file() {
            found.push(path);
        }
    }
}

fn files(ending: &str) -> Vec<(String, String)> {
    let mut found = vec![];
    for folder in ["crates", "examples", "grammar", "stdlib", "tests", "README.md"] {
        let path = root().join(folder);
        if path.is_file() { found.push(path) } else { walk(&path, &mut found) }
    }
    let wanted = found.into_iter().filter(|path| path.to_string_lossy().ends_with(ending));
    wanted.filter_map(|path| Some((path.display().to_string(), fs::read_to_string(&path).ok()?))).collect()
}

/// Every `.flow` file.
pub(crate) fn flow_files() -> Vec<Program> {
    files(".flow").into_iter().map(|(place, text)| Program { place, text, fails: false }).collect()
}

/// Every ```` ```flow ```` block of the Markdown files whose path contains `part`.
pub(crate) fn blocks(part: &str) -> Vec<Program> {
    let mut found = vec![];
    for (path, text) in files(".md").into_iter().filter(|(path, _)| path.contains(part)) {
        let mut open: Option<(usize, bool, String)> = None;
        for (number, line) in text.lines().enumerate() {
            match (&mut open, line.trim_end()) {
                (None, "```flow") => open = Some((number, false, String::new())),
                (None, "```flow fails") => open = Some((number, true, String::new())),
                (Some((start, fails, block)), "```") => {
                    let place = format!("{path}:{}", *start + 1);
                    found.push(Program { place, text: std::mem::take(block), fails: *fails });
                    open = None;
                }
                (Some((.., block)), _) => {
                    block.push_str(line);
                    block.push('\n');
                }
                _ => {}
            }
        }
    }
    found
}
