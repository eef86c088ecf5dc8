//! Changes of texts, as small as they can be said: a cursor and its marks stay where the text does not change.
//!
//! Knows nothing of what a change means. Tested here.

use flow_diag::{FileId, Span};
use similar::{Algorithm, DiffOp};
use std::ops::Range;

/// One replacement of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextEdit {
    /// What is replaced; empty to insert.
    pub at: Span,
    /// The new text.
    pub text: String,
}

/// What to replace so that one text becomes the other: a line that differs in blanks only is an edit of its own.
#[must_use]
pub fn between(file: FileId, old: &str, new: &str) -> Vec<TextEdit> {
    let (old_lines, new_lines): (Vec<&str>, Vec<&str>) =
        (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
    let words =
        |lines: &[&str]| -> Vec<String> { lines.iter().map(|line| line.split_whitespace().collect()).collect() };
    let starts = starts(&old_lines);
    let edit = |old_range: Range<usize>, new_range: Range<usize>| {
        let at = Span::new(file, starts[old_range.start], starts[old_range.end]);
        let mut edit = TextEdit { at, text: new_lines[new_range].concat() };
        shrink(&mut edit, old);
        edit
    };
    let mut edits = vec![];
    for op in similar::capture_diff_slices(Algorithm::Myers, &words(&old_lines), &words(&new_lines)) {
        if let DiffOp::Equal { old_index, new_index, len } = op {
            let pairs = (old_index..old_index + len).zip(new_index..new_index + len);
            let differ = pairs.filter(|(before, after)| old_lines[*before] != new_lines[*after]);
            edits.extend(differ.map(|(before, after)| edit(before..before + 1, after..after + 1)));
        } else {
            edits.push(edit(op.old_range(), op.new_range()));
        }
    }
    edits
}

/// Where each line starts, and where the last one ends.
fn starts(lines: &[&str]) -> Vec<u32> {
    let mut at = 0;
    let ends = lines.iter().map(|line| {
        at += u32::try_from(line.len()).unwrap_or(u32::MAX);
        at
    });
    std::iter::once(0).chain(ends).collect()
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
        assert_eq!(applied("a=1\nb=2\n", "a = 1\n\nb = 2\n").1, 3);
    }
}
