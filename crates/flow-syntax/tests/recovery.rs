//! Mistakes: each is reported once, at its place, and the rest of the file is understood.

use flow_diag::FileId;
use flow_syntax::ast::{Decl, Stmt, TypeBody};
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
fn escaped_quotes_in_code() {
    let text = "step s() {\n  sh \"echo \\\"$x\\\"\"\n  timeout 5s\n}\n";
    assert_eq!(report(text), ["2 E0008: in code a backslash escapes nothing"]);
    let text = "step s() {\n  sh \"echo '{\\\"name\\\": 1}'\"\n  timeout 5s\n}\n";
    assert_eq!(report(text), ["2 E0008: in code a backslash escapes nothing"]);
    // What stands in the quotes may begin like a body of its own.
    let text = "step s() {\n  sh \"echo '{\\\"a\\\": 1}'\"\n  timeot 5s\n}\n";
    assert_eq!(
        report(text),
        ["2 E0008: in code a backslash escapes nothing", "3 E0015: `timeot` begins nothing that a step has"]
    );
}

#[test]
fn twelve_mistakes_are_twelve_reports_and_all_else_is_there() {
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
        [
            "2 E0001: expected `:` and a type, found `Int`",
            "3 E0001: expected an expression, found `region`",
            "6 E0004: `region` is not spelled like this kind of name",
            "8 E0001: expected `:` and the type of its content, found `Table`",
            "10 E0015: `freshness` begins nothing that a dataset has",
            "15 E0003: this text is never closed",
            "16 E0015: `timout` begins nothing that a step has",
            "17 E0001: expected `times`, found `,`",
            "22 E0001: expected `=` and a value, found `aggregate`",
            "23 E0002: `(` is never closed",
            "24 E0013: comparisons cannot be chained",
            "20 E0002: `{` is never closed",
        ]
    );
    let parse = parse(FileId(0), text);
    let decls: Vec<Decl> = parse.root().decls().collect();
    let names: Vec<String> = decls.iter().filter_map(|decl| Some(decl.name()?.text().to_owned())).collect();
    assert_eq!(names, ["Order", "region", "orders", "aggregate", "morning"]);
    let Some(Decl::Type(order)) = decls.first() else { panic!("a type") };
    let Some(TypeBody::Record(record)) = order.body() else { panic!("a record") };
    let fields: Vec<bool> = record.fields().map(|field| field.ty().is_some()).collect();
    assert_eq!(fields, [true, true, true], "also the field without a colon has a type");
    let Some(Decl::Dataset(orders)) = decls.get(2) else { panic!("a dataset") };
    assert_eq!(orders.clauses().count(), 2);
    let Some(Decl::Flow(morning)) = decls.last() else { panic!("a flow") };
    let stmts: Vec<Stmt> = morning.body().expect("a block").stmts().collect();
    assert_eq!(stmts.len(), 5);
    let values = stmts.iter().filter(|stmt| matches!(stmt, Stmt::Let(binding) if binding.value().is_some()));
    assert_eq!(values.count(), 2, "`let revenue` has no `=`, so no value");
}

/// One slip is one report, nearly always: every token of the program is left out once. (The exceptions are
/// quotes of blocks, without which text and program change places.)
#[test]
fn a_missing_token_is_one_report() {
    let tree = parse(FileId(0), WHOLE).tree();
    let (mut slips, mut reports, mut several) = (0, 0, vec![]);
    for token in tree.descendants_with_tokens().filter_map(flow_syntax::NodeOrToken::into_token) {
        if token.kind().is_trivia() || token.kind() == flow_syntax::SyntaxKind::STRING_TEXT {
            continue;
        }
        let range = token.text_range();
        let text = format!("{}{}", &WHOLE[..range.start().into()], &WHOLE[range.end().into()..]);
        let said = report(&text);
        if said.is_empty() {
            continue;
        }
        slips += 1;
        reports += said.len();
        if said.len() > 1 {
            let line = WHOLE[..range.start().into()].matches('\n').count() + 1;
            several.push(format!("{line} without `{}`: {said:?}", token.text()));
        }
    }
    let said = several.join("\n");
    assert!(slips > 400, "{slips} slips");
    assert!(reports * 100 <= slips * 104, "{slips} slips, {reports} reports\n{said}");
}

#[test]
fn what_a_hurried_user_meant_is_understood() {
    let text = r#"typ Order { id: Int }
dataset orders: Table<Order> {
  at csv "x.csv"
  fresh within 1 day
  expct unique(id)
}
fn f(a: Int) -> Int {
  let b = a * 2;
  c = b
  match c { 1 -> 2, _ => 3 }
}
step s(t: Table<Order, n: Int) -> Int {
  sql "select 1"
  timout 5 minutes
}
flow g { lett x = [1].map(r -> r) }
"#;
    assert_eq!(
        report(text),
        [
            "1 E0015: `typ` begins nothing that a file has",
            "3 E0001: expected `(` and the path in quotes, found `\"`",
            "4 E0007: a time is written with its unit, without a blank: `1d`",
            "5 E0015: `expct` begins nothing that a dataset has",
            "8 E0001: nothing needs a semicolon",
            "9 E0001: a value gets its name with `let`",
            "10 E0001: expected `=>`, found `->`",
            "12 E0002: `<` is never closed",
            "14 E0015: `timout` begins nothing that a step has",
            "14 E0007: a time is written with its unit, without a blank: `5m`",
            "16 E0015: `lett` begins nothing that a block has",
            "16 E0001: expected `=>`, found `->`",
        ]
    );
    assert_eq!(parse(FileId(0), text).root().decls().count(), 5);
}
