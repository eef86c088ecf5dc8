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

/// The text after the key whose place `$0` marks.
#[track_caller]
fn typed(key: char, text: &str) -> String {
    let at = u32::try_from(text.find("$0").expect("a place")).expect("a short text");
    let (text, file) = (text.replace("$0", ""), flow_diag::FileId(0));
    let edits = flow_ide::format_typed(flow_diag::Span::new(file, at, at), key, &text).unwrap_or_default();
    let mut done = text;
    for edit in edits.iter().rev() {
        assert!(edit.at.end <= at, "{edit:?} is behind the key");
        done.replace_range(edit.at.start as usize..edit.at.end as usize, &edit.text);
    }
    done
}

#[test]
fn a_key_puts_in_style_what_it_finishes() {
    let ugly = "fn g()->Int{1}\n";
    let done = typed('}', &format!("{ugly}fn f( a:Int )->Int {{\nlet b=a*2\n    b+1\n}}$0\n{ugly}"));
    assert_eq!(done, format!("{ugly}fn f(a: Int) -> Int {{\n  let b = a * 2\n  b + 1\n}}\n{ugly}"));
    let done = typed('\n', "fn f(a: Int) -> Int {\n  let b=a*2  \n  $0\n  b+1\n}\n");
    assert_eq!(done, "fn f(a: Int) -> Int {\n  let b = a * 2\n  \n  b+1\n}\n");
    // Mistakes elsewhere do not matter.
    assert_eq!(typed('}', "fn g( {\n}\nfn f()->Int { 1 }$0\n"), "fn g( {\n}\nfn f() -> Int { 1 }\n");
    assert_eq!(typed('}', "fn f()->Int { 1 }$0"), "fn f() -> Int { 1 }");
    // A brace of a text is none, a text with mistakes is left, and other keys mean nothing.
    for (key, text) in
        [('}', "fn f()->String {\n\"\\}$0\"}\n"), ('}', "fn f( ->Int {1}$0\n"), (';', "fn f()->Int {1}$0\n")]
    {
        assert_eq!(typed(key, text), text.replace("$0", ""));
    }
}

#[test]
fn a_value_takes_the_place_of_its_name() {
    let text = "fn f(a: Int) -> Int {\n  let b = a + 1\n  b * 2$0 - g(b)\n}\nfn g(a: Int) -> Int { a }\n";
    let text = text.replace("$0", "");
    let whole = "fn f(a: Int) -> Int {\n  (a + 1) * 2 - g(a + 1)\n}\nfn g(a: Int) -> Int { a }\n";
    assert_eq!(changed(&text.replace("let b", "let $0b"), "inline `b`"), whole);
    assert_eq!(changed(&text.replace("b * 2", "$0b * 2"), "inline `b`"), whole);
    // In a flow once, and beside.
    let done = changed(&SYSTEM.replace("let twice", "let $0twice"), "inline `twice`");
    assert!(done.contains("  let all = add(rows)\n  write total = all * 2\n"), "{done}");
}

#[test]
fn a_value_stays_where_its_place_would_change_it() {
    let none = |text: &str| {
        let fixture = Fixture::new(text);
        assert!(!fixture.analysis.compilation.problems.has_errors(), "{:?}", fixture.analysis.compilation.problems.0);
        let found = flow_ide::assists(&fixture.analysis, fixture.at);
        assert!(found.iter().all(|action| !action.title.starts_with("inline")), "{text}\n{found:?}");
    };
    // Made twice, made on one branch only, typed by what is written, part of a text.
    none(&SYSTEM.replace("let all", "let $0all").replace("all * 2", "all * all"));
    none(&SYSTEM.replace("let all", "let $0all").replace("all * 2", "if 1 > 2 { all } else { 0 }"));
    none("fn f() -> Float {\n  let $0b: Float = 1.0\n  b\n}\n");
    none("fn f(a: Int) -> String {\n  let $0b = a + 1\n  \"{b}\"\n}\n");
    none("fn f(a: Int) -> Int { $0a }\n");
    // Its name means something else there.
    none("fn f(a: Int, xs: List<Int>) -> List<Int> {\n  let $0b = a + 1\n  xs.map(a => a + b)\n}\n");
}
