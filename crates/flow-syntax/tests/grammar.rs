//! The hand-written parser and `grammar/flow.pest` accept the same programs: those of the repository,
//! generated ones, and both with random damage.

mod support;

use flow_diag::FileId;
use flow_syntax::parse;
use pest::Parser as _;
use proptest::prelude::*;

/// The normative grammar, as pest runs it.
#[allow(missing_docs, reason = "pest makes one variant per rule")]
mod normative {
    #[derive(pest_derive::Parser)]
    #[grammar = "../../grammar/flow.pest"]
    pub(crate) struct Grammar;
}

use normative::{Grammar, Rule};

/// Enough for every honest program here; pest backtracks, and damage can make it do so for very long.
const CALL_LIMIT: usize = 2_000_000;

fn grammar_accepts(text: &str) -> Result<(), String> {
    pest::set_call_limit(std::num::NonZeroUsize::new(CALL_LIMIT));
    Grammar::parse(Rule::module, text).map(|_| ()).map_err(|error| error.to_string())
}

/// What the parser says against a text; `None` where it speaks of what a grammar cannot express.
fn parser_accepts(text: &str) -> Option<Result<(), String>> {
    let problems = parse(FileId(0), text).problems.0;
    let beyond = |code: &str, title: &str| {
        matches!(code, "E0009" | "E0010" | "E0012")
            || (code == "E0007" && (title.ends_with("does not exist") || title.starts_with("a time is written")))
            || (code == "E0008" && title.starts_with("`\\u{"))
    };
    if problems.iter().any(|problem| beyond(problem.code.as_str(), &problem.title)) {
        return None;
    }
    let said: Vec<String> = problems.iter().map(|problem| format!("{} {}", problem.code, problem.title)).collect();
    Some(if said.is_empty() { Ok(()) } else { Err(said.join("\n")) })
}

fn agree(text: &str) {
    let Some(parser) = parser_accepts(text) else { return };
    let grammar = grammar_accepts(text);
    if grammar.as_ref().is_err_and(|error| error.contains("call limit")) {
        return;
    }
    assert_eq!(parser.is_ok(), grammar.is_ok(), "parser: {parser:?}\ngrammar: {grammar:?}\ntext:\n{text}");
}

/// Pieces to damage programs with.
const PIECES: &[&str] = &[
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    ",",
    ":",
    ".",
    "..",
    "=",
    "==",
    "=>",
    "->",
    "??",
    "?",
    "|",
    "@",
    "-",
    "+",
    "%",
    "x",
    "Foo",
    "fooBar",
    "let",
    "if",
    "else",
    "for",
    "match",
    "not",
    "and",
    "in",
    "on",
    "sql",
    "retry",
    "timeout",
    "use",
    "5m",
    "12",
    "06:00",
    "\"s\"",
    "\"a {x}\"",
    "\"\"\"",
    "\"",
    "csv",
    "run",
    "\n",
    ";",
    "r\"",
];

fn damage(text: &str, place: usize, length: usize, piece: Option<&str>) -> String {
    let boundary = |mut place: usize| {
        while !text.is_char_boundary(place) {
            place -= 1;
        }
        place
    };
    let start = boundary(place % (text.len() + 1));
    let end = boundary((start + length).min(text.len())).max(start);
    let piece = piece.map(|piece| format!(" {piece} ")).unwrap_or_default();
    format!("{}{piece}{}", &text[..start], &text[end..])
}

/// What generated programs once showed to be judged differently.
#[test]
fn once_judged_differently() {
    let wrong = [
        "flow f { start every day at 06:00 in }",
        "flow f { start every 5m with }",
        "flow f { finish by 06:00 in }",
        "flow f { budget $50 per }",
        "step s() -> String { ai writer { r\"x\" } }",
        "type Order { amount: Int where it > 0 or: Int }",
        "step s() -> String { ai writer { prompt r sql \"\\d+{x}\" } }",
        "step s() -> String { ask sql \"Say {x}\" }",
    ];
    for text in wrong {
        assert!(parser_accepts(text).is_some_and(|said| said.is_err()), "{text}");
        agree(text);
    }
    let field = "type Order { amount: Int where it >= 0 m: String }";
    assert_eq!(parser_accepts(field), Some(Ok(())));
    agree(field);
    let right = "const smile = \"\\u{F600}\"";
    assert_eq!(parser_accepts(right), Some(Ok(())));
    agree(right);
}

proptest! {
    #[test]
    fn generated_programs_are_accepted_by_both(choices in prop::collection::vec(any::<u16>(), 0..200)) {
        let text = support::generate::program(choices);
        if let Some(parser) = parser_accepts(&text) {
            prop_assert_eq!(&parser, &Ok(()), "{}", text);
        }
        match grammar_accepts(&text) {
            Err(error) if !error.contains("call limit") => prop_assert!(false, "{}\n{}", error, text),
            _ => {}
        }
    }

    #[test]
    fn damaged_programs_are_judged_alike(
        choices in prop::collection::vec(any::<u16>(), 0..100),
        place in any::<usize>(),
        length in 0..6_usize,
        piece in prop::option::of(prop::sample::select(PIECES)),
    ) {
        agree(&damage(&support::generate::program(choices), place, length, piece));
    }

    #[test]
    fn the_damaged_whole_program_is_judged_alike(
        place in any::<usize>(),
        length in 0..12_usize,
        piece in prop::option::of(prop::sample::select(PIECES)),
    ) {
        agree(&damage(include_str!("corpus/whole.flow"), place, length, piece));
    }
}

/// What is wrong with a program that should be all right for the parser and the grammar, whatever the compiler
/// says.
fn refusals(place: &str, text: &str) -> Vec<String> {
    let mut said = vec![];
    if let Some(Err(problems)) = parser_accepts(text) {
        said.push(format!("{place}: {problems}"));
    }
    if let Err(error) = grammar_accepts(text) {
        said.push(format!("{place}: {error}"));
    }
    said
}

#[test]
fn the_files_of_the_repository_are_accepted_by_both() {
    let files = support::repository::flow_files();
    assert!(files.len() > 10);
    // Under `tests/check` are programs with mistakes, of which some are in the syntax.
    let (mistakes, programs): (Vec<_>, Vec<_>) = files.iter().partition(|file| file.place.contains("/tests/check/"));
    mistakes.iter().for_each(|file| agree(&file.text));
    let said: Vec<String> = programs.iter().flat_map(|file| refusals(&file.place, &file.text)).collect();
    assert!(said.is_empty(), "{}", said.join("\n"));
}

#[test]
fn the_examples_in_pages_are_judged_alike() {
    let blocks = support::repository::blocks("");
    assert!(blocks.len() > 100);
    let (mistakes, programs): (Vec<_>, Vec<_>) =
        blocks.iter().partition(|block| block.fails && block.place.contains("pages/E00"));
    mistakes.iter().for_each(|block| agree(&block.text));
    let said: Vec<String> = programs.iter().flat_map(|block| refusals(&block.place, &block.text)).collect();
    assert!(said.is_empty(), "{}", said.join("\n"));
}
