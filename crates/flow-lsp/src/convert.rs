//! Offsets to the protocol's positions and back.

use flow_diag::{Encoding, LineIndex, Position as Place};
use lsp_types::{Position, Range};

/// A text with its lines, in the client's way of counting.
pub(crate) struct Text<'a> {
    pub(crate) text: &'a str,
    pub(crate) lines: &'a LineIndex,
    pub(crate) encoding: Encoding,
}

impl Text<'_> {
    /// The byte at a position.
    pub(crate) fn offset(&self, position: Position) -> u32 {
        let place = Place { line: position.line.saturating_add(1), column: position.character.saturating_add(1) };
        self.lines.offset(self.text, place, self.encoding)
    }

    /// The position of a byte.
    pub(crate) fn position(&self, offset: u32) -> Position {
        let place = self.lines.position(self.text, offset, self.encoding);
        Position { line: place.line - 1, character: place.column - 1 }
    }

    /// The range of some bytes.
    pub(crate) fn range(&self, start: u32, end: u32) -> Range {
        Range { start: self.position(start), end: self.position(end) }
    }
}
