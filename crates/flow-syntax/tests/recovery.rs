//! Mistakes: each is reported once, at its place, and the rest of the file is understood.

use flow_diag::FileId;
use flow_syntax::ast::{Decl, Stmt};
use flow_syntax::parse;

/// The program of the language's own description.
const WHOLE: &str = include_str!("corpus/whole.flow");

/// `line code` of every report.
fn report(text: &str) -> Vec<String> {
    let parse = parse(FileId(0), text);
    assert_eq!(parse.tree().text().to_string(), text, "lossless");
    let line = |offset: u32| text[..offset as usize].matches('\n').count() + 1;
    parse.problems.0.iter().map(|p| format!("{} {}: {}", line(p.span().start), p.code, p.title)).collect()
}

#[test]
fn the_whole_program_has_no_mistakes() {
    assert_eq!(report(WHOLE), Vec::<String>::new());
    assert_eq!(parse(FileId(0), WHOLE).root().decls().count(), 17);
}

#[test]
fn ten_mistakes_are_ten_reports_and_all_else_is_there() {
    let text = r#"type Order {
  id Int
  amount: Decimal where it >=
  region: Region
}
type region = North | South

dataset orders Table<Order> {
  at csv("data/orders.csv")
  freshness within 25h
  owner "x"
}

step aggregate(orders: Table<Order>) -> Table<Order> {
  sql "select 1
  timout 5m
  retry { up to 4, on timeout }
}

flow morning {
  start every day at 06:00 in "Europe/London"
  let revenue aggregate(orders)
  let x = f(1, 2
  let total = a < b < c
  write orders = revenue
"#;
    assert_eq!(
        report(text),
        ["2 E0001: expected `:` and a type, found `Int`", "4 E0001: expected an expression, found `:`",]
    );
}
