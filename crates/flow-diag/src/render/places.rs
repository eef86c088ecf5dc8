//! Spans as paths with lines and columns, for the formats that tools read.
//!
//! One line index per file and rendering, made when first asked for.

use crate::{Encoding, FileId, LineIndex, Position, Sources, Span};
use std::collections::HashMap;

/// A span with its path and both ends.
pub(super) struct Place<'a> {
    /// The file's path.
    pub(super) path: &'a str,
    /// Its first character.
    pub(super) start: Position,
    /// One past its last character.
    pub(super) end: Position,
}

/// The places of one rendering.
pub(super) struct Places<'a> {
    sources: &'a Sources,
    indexes: HashMap<FileId, LineIndex>,
}

impl<'a> Places<'a> {
    pub(super) fn new(sources: &'a Sources) -> Self {
        Self { sources, indexes: HashMap::new() }
    }

    /// The place, unless the file is not among the sources.
    pub(super) fn get(&mut self, span: Span) -> Option<Place<'a>> {
        let source = self.sources.get(span.file)?;
        let index = self.indexes.entry(span.file).or_insert_with(|| LineIndex::new(&source.text));
        let at = |offset| index.position(&source.text, offset, Encoding::Characters);
        Some(Place { path: &source.path, start: at(span.start), end: at(span.end) })
    }
}
