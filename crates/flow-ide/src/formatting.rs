//! The one style, as small edits, so that the cursor stays: of a whole file, or of the lines of a range.
//!
//! A text with mistakes is not touched, as in `flowc fmt`. Tested in `tests/it`.

use crate::{TextEdit, between};
use flow_diag::{FileId, Span};

/// What to change so that a text is in the one style; `None` when it has mistakes.
#[must_use]
pub fn format(file: FileId, text: &str) -> Option<Vec<TextEdit>> {
    let parse = flow_syntax::parse(file, text);
    Some(between(file, text, &flow_format::format(&parse)?))
}

/// The same for the changes that touch a range only.
#[must_use]
pub fn format_range(range: Span, text: &str) -> Option<Vec<TextEdit>> {
    let mut edits = format(range.file, text)?;
    edits.retain(|edit| edit.at.start <= range.end && range.start <= edit.at.end);
    Some(edits)
}
