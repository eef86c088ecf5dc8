//! Definition, type definition, references, rename, symbols.

use crate::fixture::Fixture;

const SHOP: &str = r#"
//- types.flow
/// One sale.
type Order {
  id: Int
  /// In euros.
  amount: Decimal where it >= 0
}
type Region = North | South(name: String)
//- main.flow
use types.{Order, Region}
use std.retry.{patient}

dataset orders: Table<Order> {
  at csv("data/orders.csv")
  arrives every day by 05:30 in "Europe/London"
}

step total(sales: Table<Order>, floor: Decimal) -> Table<Order> {
  sql """
    select id, amount from sales where amount > :floor
  """
  retry patient
}

step count(note: String) -> String {
  sh """
    echo "$note" ${note}
  """
}

fn name(region: Region) -> String {
  match region {
    North => "north",
    South(name) => name,
  }
}

flow morning {
  let sums = total(orders, 1.0)
  do count("{sums.count()} {name(Region.North)}")
}
"#;

/// The program with the cursor before the first place where some text stands, after some other text.
fn at(after: &str, text: &str) -> Fixture {
    let from = SHOP.find(after).expect("it is there");
    let place = from + SHOP[from..].find(text).expect("it is there");
    Fixture::new(&format!("{}$0{}", &SHOP[..place], &SHOP[place..]))
}

fn definition(after: &str, text: &str) -> String {
    let fixture = at(after, text);
    flow_ide::definition(&fixture.analysis, fixture.at).map_or("nothing".to_owned(), |found| fixture.show(found))
}

#[test]
fn a_name_leads_to_its_declaration() {
    assert_eq!(definition("dataset orders", "Order>"), "types.flow:2 Order");
    assert_eq!(definition("let sums", "total"), "main.flow:9 total");
    assert_eq!(definition("let sums", "orders"), "main.flow:4 orders");
    assert_eq!(definition("do count", "sums"), "main.flow:30 sums");
    assert_eq!(definition("do count", "North"), "types.flow:7 North");
    assert!(definition("  retry", "patient").starts_with("std/retry.flow:"));
    assert!(definition("sums.count", "count").starts_with("std/"), "a built-in function");
    assert_eq!(definition("use types", "types"), "types.flow:1 ");
}

#[test]
fn parameters_are_found_inside_code() {
    assert_eq!(definition("from sales", "sales"), "main.flow:9 sales");
    assert_eq!(definition(":floor", "floor"), "main.flow:9 floor");
    assert_eq!(definition("echo", "note"), "main.flow:16 note");
}

#[test]
fn a_value_leads_to_its_type() {
    let fixture = at("do count", "sums");
    let found = flow_ide::type_definition(&fixture.analysis, fixture.at).expect("a type");
    assert_eq!(fixture.show(found), "types.flow:2 Order");
}

#[test]
fn references_are_in_all_files_and_in_code() {
    let fixture = at("type Order", "Order");
    let found = flow_ide::references(&fixture.analysis, fixture.at);
    let shown: Vec<String> = found.iter().map(|found| fixture.show(found.at)).collect();
    let wanted =
        ["main.flow:1 Order", "main.flow:4 Order", "main.flow:9 Order", "main.flow:9 Order", "types.flow:2 Order"];
    assert_eq!(shown, wanted);
    let fixture = at("step count", "note");
    assert_eq!(flow_ide::highlights(&fixture.analysis, fixture.at).len(), 3);
}

fn renamed(after: &str, text: &str, new: &str) -> Result<(String, String), String> {
    let fixture = at(after, text);
    let edits = flow_ide::rename(&fixture.analysis, fixture.at, new)?;
    let file = |path: &str| fixture.analysis.file(path).expect("it is there");
    Ok((fixture.edited(file("types.flow"), &edits), fixture.edited(file("main.flow"), &edits)))
}

/// A program that is right stays right when names are changed.
fn assert_right((types, main): &(String, String)) {
    let fixture = Fixture::new(&format!("//- types.flow\n{types}//- main.flow\n{main}"));
    let before = at("type Order", "Order").analysis.compilation.problems.0.len();
    let problems = &fixture.analysis.compilation.problems.0;
    assert_eq!(problems.len(), before, "{problems:#?}");
}

#[test]
fn a_new_name_is_written_everywhere() {
    let done = renamed("let sums", "orders", "sales_of_today").expect("it can be");
    assert!(done.1.contains("dataset sales_of_today:") && done.1.contains("total(sales_of_today, 1.0)"), "{}", done.1);
    assert_right(&done);
    let done = renamed("type Order", "Order", "Sale").expect("it can be");
    assert!(done.0.contains("type Sale {") && done.1.contains("use types.{Sale, Region}"), "{}", done.1);
    assert_right(&done);
}

#[test]
fn a_parameter_is_renamed_inside_code() {
    let done = renamed("step total", "floor", "least").expect("it can be");
    assert!(done.1.contains("amount > :least"), "{}", done.1);
    assert_right(&done);
    let done = renamed("step count", "note", "message").expect("it can be");
    assert!(done.1.contains("echo \"$message\" ${message}"), "{}", done.1);
    assert_right(&done);
}

#[test]
fn a_field_that_a_pattern_names_shortly_is_spelt_out() {
    let done = renamed("South(", "name", "title").expect("it can be");
    assert!(done.0.contains("South(title: String)"), "{}", done.0);
    assert!(done.1.contains("South(title: name) => name"), "{}", done.1);
    assert_right(&done);
    let done = renamed("South(name) => ", "name,", "title").expect("it can be");
    assert!(done.1.contains("South(name: title) => title"), "{}", done.1);
    assert_right(&done);
}

#[test]
fn what_cannot_be_renamed_says_why() {
    let why = |after, text, new| renamed(after, text, new).expect_err("it cannot be");
    for word in ["if", "match", "not", "else", "true", "none", "and"] {
        assert!(why("let sums", "orders", word).contains("a word of the language"), "{word}");
    }
    assert_eq!(why("  retry", "patient", "x"), "`patient` is part of the standard library");
    assert_eq!(why("let sums", "total", "count"), "there is a `count` already: main.flow:16");
    assert_eq!(why("let sums", "total", "Total"), "names of values begin with a small letter");
    assert_eq!(why("type Order", "Order", "order"), "names of types and variants begin with a capital letter");
    assert_eq!(why("let sums", "total", "a b"), "`a b` is no name");
}

#[test]
fn symbols_of_a_file_and_of_the_program() {
    let fixture = at("use types", "use");
    let parse = &fixture.analysis.compilation.trees[&fixture.at.file];
    let symbols = flow_ide::document_symbols(parse);
    let names: Vec<&str> = symbols.iter().map(|symbol| symbol.name.as_str()).collect();
    assert_eq!(names, ["orders", "total", "count", "name", "morning"]);
    assert_eq!(symbols[4].children[0].name, "sums");
    let found = flow_ide::workspace_symbols(&fixture.analysis, "ord");
    let names: Vec<&str> = found.iter().map(|found| found.name.as_str()).collect();
    assert_eq!(names, ["Order", "orders", "North"][..2], "{names:?}");
}
