//! Lineage, pictures, lenses, and changes that fill something in.

use crate::fixture::Fixture;
use flow_ide::Way;

const SYSTEM: &str = r#"
type Row { n: Int }
dataset rows: Table<Row> {
  at csv("rows.csv")
  arrives by hand
}
dataset total: Int {
  at json("total.json")
}
step add(rows: Table<Row>) -> Int {
  sql "select coalesce(sum(n), 0) as n from rows"
}
flow sum {
  let all = add(rows)
  let twice = all * 2
  write total = twice
}
"#;

#[test]
fn data_is_followed_both_ways_through_values() {
    let fixture = Fixture::new(&SYSTEM.replace("step add", "step $0add"));
    let step = flow_ide::station(&fixture.analysis, fixture.at).expect("it is one");
    let names = |way| -> Vec<String> {
        flow_ide::next(&fixture.analysis, &step.name, way).iter().map(|next| fixture.show(next.at)).collect()
    };
    assert_eq!(names(Way::Up), ["main.flow:2 rows"]);
    assert_eq!(names(Way::Down), ["main.flow:6 total"]);
}

#[test]
fn the_system_is_drawn() {
    let fixture = Fixture::new(SYSTEM);
    let svg = flow_ide::graph(&fixture.analysis, None).expect("it can be");
    assert!(svg.starts_with("<svg") && svg.contains("add") && svg.contains("total"), "{svg}");
    assert!(flow_ide::graph(&fixture.analysis, Some("nothing_such")).is_err());
}

#[test]
fn flows_and_tests_have_lenses() {
    let fixture = Fixture::new(&format!("{SYSTEM}test \"sums\" {{\n  expect true\n}}\n$0"));
    let parse = &fixture.analysis.compilation.trees[&fixture.at.file];
    let names: Vec<String> = flow_ide::lenses(parse).into_iter().map(|lens| lens.name).collect();
    assert_eq!(names, ["sum", "sum", "sum", "sums"]);
}

/// The text after the change of that title, which must leave no errors.
#[track_caller]
fn changed(text: &str, title: &str) -> String {
    let fixture = Fixture::new(text);
    let found = flow_ide::assists(&fixture.analysis, fixture.at);
    let action = found.iter().find(|action| action.title == title);
    let action = action.unwrap_or_else(|| panic!("{title} is not in {found:?}"));
    let done = fixture.edited(fixture.at.file, &action.edits);
    let problems = Fixture::new(&done).analysis.compilation.problems;
    assert!(!problems.has_errors(), "{done}\n{:?}", problems.0);
    done
}

#[test]
fn what_is_missing_is_filled_in() {
    let record = "type T { a: Int, b: String?, c: List<Int> }\nfn f() -> T { T(a: 1$0) }\n";
    assert!(changed(record, "fill in 2 missing fields").contains("T(a: 1, b: none, c: [])"));
    let arms = "type R = A | B(x: Int) | C\nfn f(r: R) -> Int {\n  mat$0ch r {\n    A => 1\n  }\n}\n";
    let done = changed(arms, "fill in 2 missing arms");
    assert!(done.contains("B(x) => 1") && done.contains("C => 1"), "{done}");
    let done = changed(&arms.replace("A => 1", "A => 1,"), "fill in 2 missing arms");
    assert!(done.contains("A => 1,\nB(x)"), "{done}");
    let none = Fixture::new("type T { a: Int }\nfn f() -> T { T(a: 1$0) }\n");
    assert_eq!(flow_ide::assists(&none.analysis, none.at), []);
}

#[test]
fn promises_are_added() {
    assert!(changed(&SYSTEM.replace("step add", "step a$0dd"), "add a timeout").contains("{\n  timeout 5m\n  sql"));
    assert!(changed(&SYSTEM.replace("flow sum", "flow s$0um"), "add a deadline").contains("finish within 1h"));
    assert!(changed(&SYSTEM.replace("dataset total", "dataset to$0tal"), "name an owner").contains("owner \"team\""));
}
