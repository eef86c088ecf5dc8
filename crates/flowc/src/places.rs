//! Places that a plan remembers, shown from the files as they are now.
//!
//! A file may have changed since; then the place is only named.

use crate::{project::Project, world::DiskWorld};
use flow_compiler::World;
use flow_diag::{Encoding, LineIndex, Span, render::clean};
use std::sync::Arc;

/// `morning.flow:12: timeout 5m`, or nothing if the place is in no file of the project.
pub(crate) fn excerpt(project: &Project, files: &[Arc<str>], at: Span) -> String {
    let Some(path) = files.get(at.file.0 as usize) else { return String::new() };
    let text = DiskWorld::new(&project.root).read(path).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let Some(text) = text.filter(|text| (at.end as usize) <= text.len() && at.end > at.start) else {
        return String::new();
    };
    let index = LineIndex::new(&text);
    let line = index.position(&text, at.start, Encoding::Characters).line;
    let shown: String = text[index.line_range(&text, line)].trim().chars().take(100).collect();
    format!("  {path}:{line}: {}\n", clean(&shown))
}
