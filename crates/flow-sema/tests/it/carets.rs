//! The caret cases of `tests/check` that are about names, types and expressions.
//!
//! A comment of carets under a line says what is found there: `//   ^^^ E0201`. Everything that is found must
//! be said, everything that is said must be found, at that column and of that length.

use crate::common::check;
use flow_diag::Problem;
use std::collections::BTreeSet;

/// (line, column, length, code), counted from 0; a problem over several lines ends with its first.
type Case = (usize, usize, usize, String);

fn expected(text: &str) -> BTreeSet<Case> {
    let mut cases = BTreeSet::new();
    let mut line = 0;
    for (number, content) in text.lines().enumerate() {
        let marks = content.strip_prefix("//").map(str::trim_start).filter(|rest| rest.starts_with('^'));
        let Some(marks) = marks else {
            line = number;
            continue;
        };
        let column = content.len() - marks.len();
        let length = marks.bytes().take_while(|byte| *byte == b'^').count();
        for code in marks[length..].split_whitespace() {
            cases.insert((line, column, length, code.to_owned()));
        }
    }
    cases
}

fn found(text: &str, problem: &Problem) -> Case {
    let (start, end) = (problem.span().start as usize, problem.span().end as usize);
    let before = &text[..start];
    let line = before.matches('\n').count();
    let column = start - before.rfind('\n').map_or(0, |at| at + 1);
    let end = text[start..end].find('\n').map_or(end, |at| start + at);
    (line, column, end - start, problem.code.to_string())
}

fn run(name: &str, text: &str) {
    let (_, problems) = check(text);
    let here = problems.0.iter().filter(|problem| problem.span().file.0 == 0);
    let found: BTreeSet<Case> = here.map(|problem| found(text, problem)).collect();
    let expected = expected(text);
    let show = |(line, column, length, code): &Case| format!("  {}:{}+{length} {code}", line + 1, column + 1);
    let missing: Vec<String> = expected.difference(&found).map(show).collect();
    let surplus: Vec<String> = found.difference(&expected).map(show).collect();
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "{name}: said but not found:\n{}\nfound but not said:\n{}",
        missing.join("\n"),
        surplus.join("\n")
    );
}

macro_rules! cases {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            run(stringify!($name), include_str!(concat!("../../../../tests/check/", stringify!($name), ".flow")));
        }
    )*};
}

cases! { steps datasets connections names operators calls records matching types constants strings functions }
