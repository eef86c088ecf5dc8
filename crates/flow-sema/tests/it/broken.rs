//! Broken text: every program of `tests/check` cut off, or with a piece missing, is still checked without a
//! panic and in reasonable time, and what is reported has a place in the text.

use flow_diag::FileId;
use flow_expr::Name;
use flow_sema::{ParsedModule, manifest::Manifest};

const PROGRAMS: &[&str] = &[
    include_str!("../../../../tests/check/names.flow"),
    include_str!("../../../../tests/check/operators.flow"),
    include_str!("../../../../tests/check/calls.flow"),
    include_str!("../../../../tests/check/records.flow"),
    include_str!("../../../../tests/check/matching.flow"),
    include_str!("../../../../tests/check/types.flow"),
    include_str!("../../../../tests/check/constants.flow"),
    include_str!("../../../../tests/check/strings.flow"),
    include_str!("../../../../tests/check/functions.flow"),
    include_str!("../../../../examples/02-weather/weather.flow"),
];

fn check(text: &str) {
    let parse = flow_syntax::parse(FileId(0), text);
    let modules = [ParsedModule { name: Name::new("main"), file: FileId(0), module: parse.root() }];
    let (_, problems) = crate::common::run(&modules, &Manifest::default(), None, &[]);
    for problem in &problems.0 {
        let span = problem.span();
        assert!(span.end as usize <= text.len(), "{problem:?} in\n{text}");
        assert!(text.is_char_boundary(span.start as usize) && text.is_char_boundary(span.end as usize));
    }
}

/// Where words and signs begin.
fn borders(text: &str) -> Vec<usize> {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut before = ' ';
    let mut borders = vec![];
    for (at, letter) in text.char_indices() {
        if !(letter.is_whitespace() || is_word(before) && is_word(letter)) {
            borders.push(at);
        }
        before = letter;
    }
    borders
}

#[test]
fn cut_off_at_any_word() {
    for text in PROGRAMS {
        for at in borders(text).into_iter().step_by(13) {
            check(&text[..at]);
        }
    }
}

#[test]
fn without_any_one_word() {
    for text in PROGRAMS {
        let borders = borders(text);
        for pair in borders.windows(2).step_by(11) {
            check(&format!("{}{}", &text[..pair[0]], &text[pair[1]..]));
        }
    }
}
