//! Byte offsets to lines and columns and back: 1-based for people, 0-based for editors is one less.
//!
//! A line ends at `\n` only, whatever else the text contains, so every renderer counts alike. Offsets
//! that lie inside a character or past the end are clamped, never refused.

use serde::Serialize;

/// What a column counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Bytes.
    Utf8,
    /// UTF-16 code units, as most editors count.
    Utf16,
    /// Characters (Unicode scalar values), as reports count.
    Characters,
}

/// A place as people name it, both numbers from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column, in the units that were asked for.
    pub column: u32,
}

/// The starts of a text's lines. Built once per text, then each question costs a binary search and one line.
#[derive(Clone, Debug)]
pub struct LineIndex {
    starts: Vec<u32>,
}

impl LineIndex {
    /// Finds the lines of a text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let after_newlines =
            text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| saturate(at + 1));
        Self { starts: std::iter::once(0).chain(after_newlines).collect() }
    }

    /// How many lines there are; an empty text has one.
    #[must_use]
    pub fn lines(&self) -> u32 {
        saturate(self.starts.len())
    }

    /// The bytes of a line (from 1), without its line end. Empty for a line that does not exist.
    #[must_use]
    pub fn line_range(&self, text: &str, line: u32) -> std::ops::Range<usize> {
        let Some(start) = line.checked_sub(1).and_then(|index| self.starts.get(index as usize)) else {
            return text.len()..text.len();
        };
        let end = self.starts.get(line as usize).map_or(text.len(), |next| *next as usize - 1);
        let start = (*start as usize).min(end);
        let end = if text[start..end].ends_with('\r') { end - 1 } else { end };
        start..end
    }

    /// The place of a byte.
    #[must_use]
    pub fn position(&self, text: &str, offset: u32, encoding: Encoding) -> Position {
        let offset = clamp(text, offset as usize);
        let line = self.starts.partition_point(|start| *start as usize <= offset);
        let start = self.starts[line - 1] as usize;
        let before = &text[start..offset];
        let units = match encoding {
            Encoding::Utf8 => before.len(),
            Encoding::Utf16 => before.chars().map(char::len_utf16).sum(),
            Encoding::Characters => before.chars().count(),
        };
        Position { line: saturate(line), column: saturate(units + 1) }
    }

    /// The byte at a place; the end of the line or text where the place lies beyond it.
    #[must_use]
    pub fn offset(&self, text: &str, position: Position, encoding: Encoding) -> u32 {
        let line = self.line_range(text, position.line);
        let mut left = position.column.saturating_sub(1) as usize;
        for (at, char) in text[line.clone()].char_indices() {
            let width = match encoding {
                Encoding::Utf8 => char.len_utf8(),
                Encoding::Utf16 => char.len_utf16(),
                Encoding::Characters => 1,
            };
            if left < width {
                return saturate(line.start + at);
            }
            left -= width;
        }
        saturate(line.end)
    }
}

/// The nearest character border at or before an offset, within the text.
#[must_use]
pub(crate) fn clamp(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// The nearest character border at or after an offset, within the text.
#[must_use]
pub(crate) fn clamp_up(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset += 1;
    }
    offset
}

fn saturate(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_in_each_encoding() {
        let text = "a\r\nä😀b\nlast";
        let index = LineIndex::new(text);
        assert_eq!(index.lines(), 3);
        let b = saturate(text.find('b').unwrap());
        for (encoding, column) in [(Encoding::Utf8, 7), (Encoding::Utf16, 4), (Encoding::Characters, 3)] {
            let position = index.position(text, b, encoding);
            assert_eq!(position, Position { line: 2, column });
            assert_eq!(index.offset(text, position, encoding), b);
        }
        assert_eq!(&text[index.line_range(text, 1)], "a");
        assert_eq!(&text[index.line_range(text, 3)], "last");
    }

    #[test]
    fn clamps_what_lies_outside() {
        let text = "ä\n";
        let index = LineIndex::new(text);
        assert_eq!(index.position(text, 1, Encoding::Utf8), Position { line: 1, column: 1 });
        assert_eq!(index.position(text, 99, Encoding::Utf8), Position { line: 2, column: 1 });
        assert_eq!(index.offset(text, Position { line: 9, column: 9 }, Encoding::Utf8), 3);
        assert_eq!(index.offset(text, Position { line: 0, column: 0 }, Encoding::Utf16), 3);
        assert_eq!(LineIndex::new("").position("", 0, Encoding::Utf16), Position { line: 1, column: 1 });
    }
}
