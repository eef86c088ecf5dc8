//! Applying suggested changes to a text.
//!
//! Knows nothing of what a change means. Of two fixes that touch the same bytes the first wins and the
//! other is left for the next round, so a result is always one that some order of single fixes gives.

use crate::{Edit, FileId, Fix, Problem, Problems, Severity, position::clamp};

/// What came of applying fixes to one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The new text.
    pub text: String,
    /// How many fixes went in.
    pub applied: usize,
    /// How many were left out because an earlier one changes the same place.
    pub skipped: usize,
}

/// The fixes that leave no choice: of problems that have just one. While there are errors, warnings wait: what seems not
/// to be used may be what a mistyped name meant.
#[must_use]
pub fn only_fixes(problems: &Problems) -> Vec<Fix> {
    let has_errors = problems.has_errors();
    let is_due = |problem: &&Problem| !has_errors || problem.severity == Severity::Error;
    let due = problems.0.iter().filter(is_due);
    due.filter_map(|problem| <&[Fix; 1]>::try_from(&problem.fixes[..]).ok()).map(|[fix]| fix.clone()).collect()
}

/// Applies each fix's edits in `file` to `text`. A fix goes in whole or not at all.
#[must_use]
pub fn apply(file: FileId, fixes: &[Fix], text: &str) -> Applied {
    let mut taken: Vec<&Edit> = Vec::new();
    let (mut applied, mut skipped) = (0, 0);
    for fix in fixes {
        let edits: Vec<&Edit> = fix.edits.iter().filter(|edit| edit.span.file == file).collect();
        if edits.is_empty() {
            continue;
        }
        // The same change proposed by two problems is made once, and counts for both.
        let fresh: Vec<&Edit> = edits.into_iter().filter(|edit| !taken.contains(edit)).collect();
        if fresh.iter().any(|edit| taken.iter().any(|other| overlap(edit, other))) {
            skipped += 1;
            continue;
        }
        applied += 1;
        taken.extend(fresh);
    }
    taken.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let mut out = String::with_capacity(text.len() + 64);
    let mut done = 0;
    for edit in taken {
        let start = clamp(text, edit.span.start as usize).max(done);
        out.push_str(&text[done..start]);
        done = clamp(text, edit.span.end as usize).max(start);
        match edit.text.strip_prefix('\n').filter(|_| goes_on(&text[done..])) {
            Some(line) => out.extend([" ", line.trim_start()]),
            None => out.push_str(&edit.text),
        }
    }
    out.push_str(&text[done..]);
    Applied { text: out, applied, skipped }
}

/// Whether more stands on the line: what would be a line of its own joins it then, so that nothing moves out of its line.
fn goes_on(rest: &str) -> bool {
    let line = rest.lines().next().unwrap_or_default();
    !line.trim().is_empty() && !line.trim_start().starts_with("//")
}

/// Whether two edits cannot both be made. Two insertions at one place have no order, so they cannot.
fn overlap(a: &Edit, b: &Edit) -> bool {
    let (a, b) = (a.span, b.span);
    if a.start == b.start {
        return true;
    }
    a.start < b.end && b.start < a.end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Span;

    fn fix(start: u32, end: u32, text: &str) -> Fix {
        let span = Span::new(FileId(0), start, end);
        Fix { title: String::new(), edits: vec![Edit { span, text: text.into() }] }
    }

    #[test]
    fn applies_in_any_order() {
        let done = apply(FileId(0), &[fix(4, 5, "Z"), fix(0, 1, "XX"), fix(2, 2, "-")], "abcdef");
        assert_eq!(done, Applied { text: "XXb-cdZf".into(), applied: 3, skipped: 0 });
    }

    #[test]
    fn a_new_line_is_one_only_where_a_line_ends() {
        let with = |text: &str| apply(FileId(0), &[fix(1, 1, "\n  x")], text).text;
        assert_eq!(with("{\n  y\n}"), "{\n  x\n  y\n}");
        assert_eq!(with("{ // why\n}"), "{\n  x // why\n}");
        assert_eq!(with("{ y }"), "{ x y }");
        assert_eq!(with("{}"), "{ x}");
    }

    #[test]
    fn leaves_out_what_collides_and_other_files() {
        let mut elsewhere = fix(0, 1, "no");
        elsewhere.edits[0].span.file = FileId(7);
        let done = apply(FileId(0), &[fix(1, 3, "X"), fix(2, 4, "Y"), fix(1, 3, "X"), elsewhere], "abcd");
        assert_eq!(done, Applied { text: "aXd".into(), applied: 2, skipped: 1 });
    }

    #[test]
    fn never_splits_a_character() {
        assert_eq!(apply(FileId(0), &[fix(1, 99, "")], "ä").text, "");
    }
}
