//! The one style, as small edits, so that the cursor stays: of a whole file, of the lines of a range, or of what was just
//! finished.
//!
//! A text with mistakes is not touched, as in `flowc fmt`. Tested in `tests/it`.

use crate::{TextEdit, between};
use flow_diag::{FileId, Span};
use flow_syntax::{SyntaxKind, TextRange, TextSize};

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

/// The same after a key: what a `}` closes, or the line that a new line ends. Nothing behind the key is changed, and
/// mistakes in other declarations do not matter.
///
/// `at` is where the cursor stands, behind what was typed.
#[must_use]
pub fn format_typed(at: Span, typed: char, text: &str) -> Option<Vec<TextEdit>> {
    let cursor = at.start as usize;
    let tree = flow_syntax::parse(at.file, text).tree();
    let finished = match typed {
        '}' => {
            let brace = tree.token_at_offset(TextSize::from(at.start).min(tree.text_range().end())).left_biased()?;
            let closed = brace.parent().filter(|_| brace.kind() == SyntaxKind::R_BRACE)?;
            // With what stands before it: the head of an `if`, the signature of a step.
            let ends = closed.text_range().end();
            let outer =
                closed.ancestors().take_while(|node| node.parent().is_some() && node.text_range().end() == ends);
            outer.last()?.text_range()
        }
        '\n' => {
            // The new line may be indented already.
            let line = text[..text.get(..cursor)?.rfind('\n')?].trim_end_matches('\r');
            let start = line.rfind('\n').map_or(0, |before| before + 1);
            TextRange::new(offset(start), offset(line.len()))
        }
        _ => return None,
    };
    let whole = tree.children().map(|child| child.text_range()).find(|range| range.contains_range(finished))?;
    let alone = format!("{}\n", &text[whole]);
    let touches = |edit: &TextEdit| edit.at.start <= finished.end().into() && finished.start() <= edit.at.end.into();
    let mut edits = format(at.file, &alone)?;
    for edit in &mut edits {
        edit.at.start += u32::from(whole.start());
        edit.at.end += u32::from(whole.start());
    }
    edits.retain(|edit| touches(edit) && edit.at.end <= finished.end().into());
    Some(edits)
}

fn offset(at: usize) -> TextSize {
    u32::try_from(at).unwrap_or(u32::MAX).into()
}
