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

#[test]
fn times_of_day_are_compared_row_by_row() {
    let query = |condition: &str| {
        format!(
            "step q(rows: Table<Row>) -> List<Int> {{ sql \"select id from rows where {condition} order by id\" }}\n"
        )
    };
    for (condition, expected) in [
        ("cast(at as time) > time '12:00'", vec![1]),
        ("at::time between time '09:00' and time '11:00'", vec![2]),
        ("time '12:00' >= try_cast(at as time)", vec![2]),
        ("cast(at as time) = time '15:00'", vec![1]),
    ] {
        let project = Sandbox::program(&format!(
            "type Row {{ id: Int, at: Timestamp }}\n\
             dataset rows: Table<Row> {{ at csv(\"rows.csv\"), arrives by hand }}\n{}\
             flow main() -> List<Int> {{ return q(rows) }}\n",
            query(condition)
        ));
        project.write("rows.csv", "id,at\n1,2025-03-04T15:00:00Z\n2,2025-03-05T10:00:00Z\n");
        let said = project.flowc(&["run", "-q"]).ends(0);
        let found: Vec<i64> = serde_json::from_str(&said.out).unwrap();
        assert_eq!(found, expected, "{condition}");
    }
}

/// Flows that make a value of a refined type out of `n` in every way that there is.
const REFINED: &str = r#"
type P = Int where it <= 100
type R { p: P, of: List<P> }
type Q = R where it.p < 10
dataset o: P { at json("o.json") }
fn same(p: P) -> P { p }
fn twice(p: P) -> P { p * 2 }
fn plus(p: P, q: P) -> Int { p + q }
step plus_one(p: P, n: Int where it <= 100) -> Int {
  python "print(p + n)"
  effect none
}
flow inner(p: P) -> Int { return p }

flow written(n: Int) { write o = n }
flow returned(n: Int) -> P { return n }
flow declared(n: Int) -> Int {
  let p: P = n
  return p
}
flow optional(n: Int) -> Int {
  let p: P? = n
  return p ?? 0
}
flow listed(n: Int) -> Int {
  let ps: List<P> = [1, n]
  return ps.count()
}
flow mapped(n: Int) -> Map<String, P> { return ["a": 1, "n": n] }
flow given(n: Int) -> Int { return plus(1, n) }
flow to_step(n: Int) -> Int { return plus_one(n, 1) }
flow to_step_with_where(n: Int) -> Int { return plus_one(1, n) }
flow to_flow(n: Int) -> Int { return inner(n) }
flow by_function(n: Int) -> Int {
  let p: P = 40
  return twice(p + n / 3 - n / 15)
}
flow passed_on(n: Int) -> List<P> { return [n].map(same) }
flow branched(n: Int) -> P {
  let p: P = 3
  let either = if n > 3 { n } else { p }
  return either
}
flow in_list(n: Int) -> R { return R(p: 1, of: [n]) }
flow in_record(n: Int) -> R { return R(p: n, of: []) }
flow of_record(n: Int) -> Q { return Q(p: n / 3, of: []) }
flow recovered(n: Int) -> P {
  let p: P = plus_one(1, 1) else n
  return p
}
"#;

#[test]
fn a_value_that_breaks_the_refinement_of_its_type_goes_no_further() {
    let project = Sandbox::program(REFINED);
    let flows = REFINED.lines().filter_map(|line| line.strip_prefix("flow ")?.split('(').next());
    let flows: Vec<&str> = flows.filter(|flow| !["inner", "recovered"].contains(flow)).collect();
    assert_eq!(flows.len(), 16);
    for flow in flows {
        // What a dataset may hold is its contract.
        let code = if flow == "written" { 3 } else { 1 };
        project.flowc(&["run", "-q", flow, "--n", "150"]).ends(code).tells("[R0007]").tells("must satisfy `it");
        project.flowc(&["run", "-q", flow, "--n", "15"]).ends(0);
    }
    project.flowc(&["run", "-q", "recovered", "--n", "15"]).ends(0).gives("2\n");
    assert_eq!(project.read("o.json").trim(), "15");
}
