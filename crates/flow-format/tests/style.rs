//! The style, by example: what goes in, what comes out.

#[path = "../../flow-syntax/tests/support/mod.rs"]
mod support;

use flow_diag::FileId;
use flow_format::format;
use flow_syntax::parse;

fn formatted(text: &str) -> String {
    let parse = parse(FileId(0), text);
    assert!(parse.problems.is_empty(), "{:?}", parse.problems);
    format(&parse).expect("no problems")
}

#[test]
fn the_whole_program_without_its_columns() {
    let text = include_str!("../../flow-syntax/tests/corpus/whole.flow");
    let without_columns = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let out = formatted(text);
    assert_eq!(without_columns(&out), without_columns(text));
    assert_eq!(out.lines().count(), text.lines().count());
    assert!(out.contains("  id: Int\n  customer: String @pii\n"), "{out}");
}

#[test]
fn text_with_mistakes_is_not_touched() {
    assert_eq!(format(&parse(FileId(0), "type  a = ")), None);
}

#[test]
fn brackets_stay_open_when_the_author_opened_them() {
    assert_eq!(formatted("type  A{a:Int,b:T}"), "type A { a: Int, b: T }\n");
    assert_eq!(formatted("type A {\n a : Int, b : T }"), "type A {\n  a: Int\n  b: T\n}\n");
    assert_eq!(formatted("const a = [\n1,2]"), "const a = [\n  1,\n  2,\n]\n");
    assert_eq!(formatted("const a = [1,\n2]"), "const a = [1, 2]\n");
    assert_eq!(formatted("fn f()->Int{let a=1 a}"), "fn f() -> Int {\n  let a = 1\n  a\n}\n");
    assert_eq!(formatted("fn f()->Int{if a{1}else{2}}"), "fn f() -> Int { if a { 1 } else { 2 } }\n");
}

#[test]
fn what_does_not_fit_is_broken_up() {
    let (a, b, c) = ("a".repeat(40), "b".repeat(40), "c".repeat(40));
    assert_eq!(formatted(&format!("const x = {a} + {b} + {c}")), format!("const x = {a}\n  + {b}\n  + {c}\n"));
    assert_eq!(formatted(&format!("const x = f({a}, {b}, {c})")), format!("const x = f(\n  {a},\n  {b},\n  {c},\n)\n"));
    assert_eq!(
        formatted(&format!("const x = t.first(r => {a}).second(r => {b}).third({c})")),
        format!("const x = t.first(r => {a})\n  .second(r => {b})\n  .third({c})\n")
    );
    assert_eq!(
        formatted(&format!("step s() {{ sh \"x\"\n guard {a} else retry \"{b} {c}\" }}")),
        format!("step s() {{\n  sh \"x\"\n  guard {a}\n    else retry \"{b} {c}\"\n}}\n")
    );
    assert_eq!(
        formatted(&format!("type T = A{a} | B{b} | C{c}").replace('_', "")),
        format!("type T =\n  | A{a}\n  | B{b}\n  | C{c}\n")
    );
}

#[test]
fn comments_stay_where_they_are() {
    let text = "// first\n\n\n// second\nconst a = 1 // behind\n\nflow f { // opened\n  // own line\n\n  // another\n  let x = 1 // here\n  // last\n}\n// end";
    let expected = "// first\n\n// second\nconst a = 1 // behind\n\nflow f { // opened\n  // own line\n\n  // another\n  let x = 1 // here\n  // last\n}\n// end\n";
    assert_eq!(formatted(text), expected);
    assert_eq!(formatted("const a = [1, // one\n2]"), "const a = [\n  1, // one\n  2,\n]\n");
    assert_eq!(formatted("type R = A // a\n  | B"), "type R =\n  | A // a\n  | B\n");
}

#[test]
fn only_the_indentation_of_text_blocks_changes() {
    let text = "step s() {\nsh \"\"\"\n  if x; then  \n\techo\n\n      y\n  fi\n\"\"\" }";
    let out = formatted(text);
    assert_eq!(out, "step s() {\n  sh \"\"\"\n      if x; then  \n    \techo\n\n          y\n      fi\n  \"\"\"\n}\n");
    assert_eq!(formatted("const a = \"\"\"x\n    y\"\"\""), "const a = \"\"\"x\n    y\"\"\"\n");
    assert_eq!(formatted("const a = \"\"\"\r\n    y\r\n      z\"\"\"\r\n"), "const a = \"\"\"\n  y\n    z\"\"\"\n");
}

#[test]
fn empty_lines_between_things() {
    let text = "use a.b\nuse c\n\n\n\nlabel x\nconst a = 1\nconst b = 2\nflow f {\n\n  let a = 1\n\n\n  let b = 2\n\n}\nflow g {}";
    let expected = "use a.b\nuse c\n\nlabel x\n\nconst a = 1\nconst b = 2\n\nflow f {\n  let a = 1\n\n  let b = 2\n}\n\nflow g {}\n";
    assert_eq!(formatted(text), expected);
}

#[test]
fn examples_in_the_reference_are_formatted() {
    let blocks = support::repository::blocks("/grammar/");
    assert!(blocks.len() > 25, "{} examples", blocks.len());
    let other = blocks.iter().filter(|block| formatted(&block.text) != block.text);
    let said: Vec<String> = other.map(|block| format!("{}:\n{}", block.place, formatted(&block.text))).collect();
    assert!(said.is_empty(), "should read:\n{}", said.join("\n"));
}
