//! Changes of texts, as small as they can be said: a cursor and its marks stay where the text does not change.
//!
//! Knows nothing of what a change means. Tested here.

use flow_diag::{FileId, Span};
use similar::{ChangeTag, TextDiff};

/// One replacement of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextEdit {
    /// What is replaced; empty to insert.
    pub at: Span,
    /// The new text.
    pub text: String,
}

/// The lines to replace so that one text becomes the other.
#[must_use]
pub fn between(file: FileId, old: &str, new: &str) -> Vec<TextEdit> {
    if old == new {
        return vec![];
    }
    let diff = TextDiff::from_lines(old, new);
    let (mut edits, mut open, mut offset): (Vec<TextEdit>, Option<TextEdit>, usize) = (vec![], None, 0);
    let place = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
    for change in diff.iter_all_changes() {
        let text = change.value();
        if change.tag() == ChangeTag::Equal {
            edits.extend(open.take());
            offset += text.len();
            continue;
        }
        let edit = open
            .get_or_insert_with(|| TextEdit { at: Span::new(file, place(offset), place(offset)), text: String::new() });
        if change.tag() == ChangeTag::Insert {
            edit.text.push_str(text);
        } else {
            offset += text.len();
            edit.at.end = place(offset);
        }
    }
    edits.extend(open);
    edits.iter_mut().for_each(|edit| shrink(edit, old));
    edits
}

/// Leaves out what an edit replaces by itself, at both ends.
fn shrink(edit: &mut TextEdit, old: &str) {
    let before = &old[edit.at.start as usize..edit.at.end as usize];
    let same = |pairs: &mut dyn Iterator<Item = (char, char)>| -> usize {
        pairs.take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
    };
    let prefix = same(&mut before.chars().zip(edit.text.chars()));
    let suffix = same(&mut before[prefix..].chars().rev().zip(edit.text[prefix..].chars().rev()));
    let end = edit.text.len() - suffix;
    edit.text = edit.text[prefix..end].to_owned();
    edit.at.start += u32::try_from(prefix).unwrap_or(0);
    edit.at.end -= u32::try_from(suffix).unwrap_or(0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(old: &str, new: &str) -> (String, usize) {
        let edits = between(FileId(0), old, new);
        let mut text = old.to_owned();
        for edit in edits.iter().rev() {
            text.replace_range(edit.at.start as usize..edit.at.end as usize, &edit.text);
        }
        (text, edits.len())
    }

    #[test]
    fn gives_the_new_text_and_touches_little() {
        let cases =
            [("", "a\n", 1), ("a\n", "", 1), ("a\nb\nc\n", "a\nx\nc\n", 1), ("a\nb\nc", "x\nb\ny", 2), ("ä", "ö", 1)];
        for (old, new, edits) in cases {
            assert_eq!(applied(old, new), (new.to_owned(), edits), "{old:?} to {new:?}");
        }
        let edit = &between(FileId(0), "x\nlet a  = 1\n", "x\nlet a = 1\n")[0];
        assert_eq!((edit.at.end - edit.at.start, edit.text.as_str()), (1, ""));
    }
}
