//! What a run gives and what it says of a failure of its own: at its end, and when asked later.

use crate::sandbox::Sandbox;

const TABLE: &str = "type Row { n: Int, word: String }\n\
    dataset rows: Table<Row> { at csv(\"rows.csv\"), arrives by hand }\n\
    step above(rows: Table<Row>, least: Int) -> Table<Row> { sql \"select * from rows where n >= :least order by n\" }\n\
    flow main(least: Int = 1) -> Table<Row> { above(rows, least) }\n";

fn table() -> Sandbox {
    let project = Sandbox::program(TABLE);
    let rows: String = (1..=25).map(|n| format!("{n},w{n}\n")).collect();
    project.write("rows.csv", format!("n,word\n{rows}"));
    project
}

#[test]
fn of_a_table_the_first_rows_are_shown_and_where_the_whole_is() {
    let project = table();
    let said = project.flowc(&["run"]).ends(0).tells("the first 10 of 25 rows; the whole table is ");
    assert!(said.out.starts_with("n   word\n1   w1\n") && said.out.ends_with("10  w10\n"), "{}", said.out);
    let path = said.err.split("the whole table is ").nth(1).unwrap().trim();
    assert!(project.path(path).is_file(), "{path}");
    // Also where nothing had to be done.
    project.flowc(&["run"]).ends(0).tells("nothing to do").tells("of 25 rows").gives("10  w10\n");
    assert!(project.path(path).is_file(), "{path}");
    project.flowc(&["run", "--least", "25"]).ends(0).tells("1 row; the whole").gives("25  w25\n");
    let none = project.flowc(&["run", "--least", "99"]).ends(0).tells("no rows; the whole");
    assert_eq!(none.out, "");
    assert_eq!(project.flowc(&["run", "-q", "--least", "25"]).ends(0).err, "");
    let said = project.flowc(&["run", "--format", "json"]).ends(0);
    let last: serde_json::Value = serde_json::from_str(said.out.lines().last().unwrap()).unwrap();
    assert_eq!((&last["table"]["rows"], &last["table"]["first"][1][1]), (&25.into(), &"w2".into()), "{last}");
}

#[test]
fn labelled_columns_of_a_table_are_marked() {
    let project = table();
    project.change("main.flow", "word: String", "word: String @pii");
    project.write("labels.flow", "label pii \"Identifies a person.\"\n");
    project.change("main.flow", "type Row", "use labels.{pii}\ntype Row");
    let said = project.flowc(&["run", "--least", "24"]).ends(0).gives("24  ‹@pii›\n");
    assert!(!said.out.contains("w24") && !said.err.contains("w24"), "{}{}", said.out, said.err);
}

#[test]
fn a_flow_whose_result_has_no_value_says_so_at_the_end_and_when_asked() {
    let project = Sandbox::program("flow main(n: Int) -> Int { return 1 / n }\n");
    let said = project.flowc(&["run", "--n", "0"]).ends(1);
    let said =
        said.tells("✗ main.main failed after ").tells(": 1 failed  run ").tells("division by zero: 1 / 0 [R0002]");
    assert!(!said.err.contains("flowc logs"), "nothing was written: {}", said.err);
    project.flowc(&["show", "last"]).ends(0).gives("main: division by zero: 1 / 0 [R0002]");
    project.flowc(&["why", "last", "main"]).ends(0).gives("division by zero").gives("main.flow:1");
    project.flowc(&["history"]).ends(0).gives("1 failed");
    assert_eq!(project.flowc(&["run", "--n", "1"]).ends(0).out, "1\n");
}
