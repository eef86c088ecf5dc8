//! The open files, as the editor has them.
//!
//! Changes arrive as ranges of the text before them, in the client's way of counting. Tested here.

use crate::convert::Text;
use flow_diag::{Encoding, LineIndex};
use lsp_types::{TextDocumentContentChangeEvent, Uri};
use std::{collections::HashMap, path::PathBuf, sync::Arc};

/// The open files by their paths. Cheap to clone: few are open.
pub(crate) type Documents = HashMap<PathBuf, Document>;

/// An open file.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    /// Its address, as the client writes it.
    pub(crate) uri: Uri,
    /// The client's number of this text.
    pub(crate) version: i32,
    /// Its text.
    pub(crate) text: Arc<str>,
}

/// A text after some changes, made one after the other.
pub(crate) fn changed(text: &str, changes: Vec<TextDocumentContentChangeEvent>, encoding: Encoding) -> String {
    let mut text = text.to_owned();
    for change in changes {
        let Some(range) = change.range else {
            text = change.text;
            continue;
        };
        let lines = LineIndex::new(&text);
        let place = Text { text: &text, lines: &lines, encoding };
        let (start, end) = (place.offset(range.start) as usize, place.offset(range.end) as usize);
        text.replace_range(start.min(end)..end.max(start), &change.text);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use lsp_types::{Position, Range};

    fn change(from: (u32, u32), to: (u32, u32), text: &str) -> TextDocumentContentChangeEvent {
        let range = Range { start: Position::new(from.0, from.1), end: Position::new(to.0, to.1) };
        TextDocumentContentChangeEvent { range: Some(range), range_length: None, text: text.into() }
    }

    #[test]
    fn changes_build_on_one_another_and_count_as_the_client_does() {
        let text = "a😀b\r\nlast";
        let done = |encoding, changes| changed(text, changes, encoding);
        assert_eq!(done(Encoding::Utf16, vec![change((0, 3), (0, 4), "X")]), "a😀X\r\nlast");
        assert_eq!(done(Encoding::Utf8, vec![change((0, 5), (0, 6), "X")]), "a😀X\r\nlast");
        let two = vec![change((1, 0), (1, 4), "x\ny"), change((2, 1), (9, 9), "!")];
        assert_eq!(done(Encoding::Utf16, two), "a😀b\r\nx\ny!");
        let whole = TextDocumentContentChangeEvent { range: None, range_length: None, text: "new".into() };
        assert_eq!(done(Encoding::Utf16, vec![whole]), "new");
    }
}
