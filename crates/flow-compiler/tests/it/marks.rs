//! Caret marks: `//   ^^^ E0201` under a line says what is found there, at that column and of that length.
//!
//! Several codes on one mark are several problems at one place. Marks at the place of the comment's own
//! slashes are written with `//<`: then the mark begins in the first column.

use flow_diag::{Problem, Sources};
use std::collections::BTreeSet;

/// (path, line, column, length, code), lines and columns counted from 1; over several lines, the first.
pub(crate) type Mark = (String, usize, usize, usize, String);

/// The marks in a text.
pub(crate) fn expected(path: &str, text: &str) -> BTreeSet<Mark> {
    let mut marks = BTreeSet::new();
    let mut line = 0;
    for (number, content) in text.lines().enumerate() {
        let rest = content.trim_start().strip_prefix("//").map(|rest| rest.trim_start_matches('<').trim_start());
        let Some(carets) = rest.filter(|rest| rest.starts_with('^')) else {
            line = number;
            continue;
        };
        let is_first = content.trim_start().starts_with("//<");
        let column = if is_first { 0 } else { content.len() - carets.len() };
        let length = carets.bytes().take_while(|byte| *byte == b'^').count();
        for code in carets[length..].split_whitespace() {
            marks.insert((path.to_owned(), line + 1, column + 1, length, code.to_owned()));
        }
    }
    marks
}

/// The mark of a problem.
pub(crate) fn found(sources: &Sources, problem: &Problem) -> Mark {
    let span = problem.span();
    let Some(source) = sources.get(span.file) else {
        return ("nowhere".to_owned(), 0, 0, 0, problem.code.to_string());
    };
    let text = &*source.text;
    let (start, end) = ((span.start as usize).min(text.len()), (span.end as usize).min(text.len()));
    let before = &text[..start];
    let line = before.matches('\n').count();
    let column = start - before.rfind('\n').map_or(0, |at| at + 1);
    let end = text[start..end].find('\n').map_or(end, |at| start + at);
    // A place without length is marked with one caret.
    (source.path.clone(), line + 1, column + 1, (end - start).max(1), problem.code.to_string())
}

/// What differs, in lines; empty if nothing does.
pub(crate) fn difference(expected: &BTreeSet<Mark>, found: &BTreeSet<Mark>) -> String {
    let show = |(path, line, column, length, code): &Mark| format!("  {path}:{line}:{column}+{length} {code}\n");
    let missing: String = expected.difference(found).map(show).collect();
    let surplus: String = found.difference(expected).map(show).collect();
    match (missing.is_empty(), surplus.is_empty()) {
        (true, true) => String::new(),
        _ => format!("said but not found:\n{missing}found but not said:\n{surplus}"),
    }
}
