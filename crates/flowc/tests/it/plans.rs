//! Plans as files: frozen, run as they are, refused when they do not fit.

use crate::sandbox::Sandbox;

#[test]
fn a_frozen_plan_runs_once_for_its_inputs() {
    let project = Sandbox::new_project();
    project.flowc(&["plan", "publish", "-o", "plan.json"]).ends(0).tells("wrote plan.json");
    let json: serde_json::Value = serde_json::from_str(&project.read("plan.json")).unwrap();
    assert_eq!(json["format"], 1);
    project.flowc(&["run", "plan.json"]).ends(0).tells("succeeded");

    project.change("data/sales.csv", "120.50", "120.51");
    project.flowc(&["run", "plan.json"]).ends(2).tells("another version of `sales`");
}

#[test]
fn plans_that_were_changed_or_made_elsewhere_are_refused() {
    let project = Sandbox::new_project();
    project.flowc(&["plan", "publish", "-o", "plan.json"]).ends(0);
    let plan = project.read("plan.json");
    for (from, to, why) in [
        ("sum(amount)", "max(amount)", "was changed after it was made"),
        ("\"format\": 1", "\"format\": 999", "format 999"),
        ("\"compiler\": \"", "\"compiler\": \"9.", "was made by flowc 9."),
    ] {
        assert!(plan.contains(from), "{from}");
        project.write("other.json", plan.replacen(from, to, 1));
        project.flowc(&["run", "other.json"]).ends(2).tells(why);
    }
    project.write("other.json", &plan[..plan.len() / 2]);
    project.flowc(&["run", "other.json"]).ends(2).tells("this is no plan").tells("[R0734]");
    project.flowc(&["run", "missing.json"]).ends(2).tells("missing.json");
    project.flowc(&["run", "plan.json", "--set", "sales.minimum=1"]).ends(2).tells("as it is");
}

#[test]
fn selections() {
    let project = Sandbox::new_project();
    let said = project.flowc(&["plan", "publish", "--select", "dataset:totals"]).ends(0);
    assert!(said.out.contains("not selected"), "{}", said.out);
    project.flowc(&["run", "publish", "--select", "+totals"]).ends(0);
    assert!(project.path("out/totals.csv").exists() && !project.path("out/report.md").exists());
    project.flowc(&["run", "publish", "--select", "totls"]).ends(2).tells("^^^^^ did you mean `totals`?");
    project.flowc(&["run", "publish", "--select", "a,,b"]).ends(2).tells("cannot stand here");
}

#[test]
fn a_flow_of_ten_thousand_steps_is_planned() {
    let mut text = String::from("step work(a: String, b: String) -> String {\n  sh \"true\"\n  timeout 1m\n}\n");
    text.push_str("flow all {\n  let n0 = work(\"a\", \"b\")\n");
    for number in 1..10_000 {
        let (a, b) = (number / 2, number * 2 / 3);
        let recovery = if number % 2 == 0 { " else n0" } else { "" };
        text.push_str(&format!("  let n{number} = work(n{a}, n{b}){recovery}\n"));
    }
    text.push_str("}\n");
    let project = Sandbox::empty();
    project.write("graph.flow", text);
    // The longest path is that of `n9999`, which goes on from two thirds of the number.
    let longest = std::iter::successors(Some(9_999), |number| (*number > 0).then_some(number * 2 / 3)).count();
    let said = project.flowc(&["--project", "graph.flow", "plan", "all"]).ends(0);
    said.gives("10000 to run").gives(&format!("worst case: ≤ {longest}m (declared)"));
}

#[test]
fn dry_runs_write_nothing() {
    let project = Sandbox::new_project();
    project.flowc(&["run", "publish", "--dry-run"]).ends(0).gives("never ran");
    assert!(!project.path(".flow").exists() && !project.path("out").exists());
}

#[test]
fn a_verbose_plan_says_which_rules_are_compiled() {
    let project = Sandbox::program(
        r#"
type Sale { id: Int, amount: Decimal where it >= 0, note: String? }
dataset sales: Table<Sale> {
  at csv("data/sales.csv")
  arrives by hand
  expect amount * id < 1_000_000 or note != none
  expect (note ?? "").upper() != "BAD"
  expect id >= 0 and id < 1000 and id != 7 and (note ?? "").upper() != "BAD"
  expect unique(id)
}
dataset copy: Table<Sale> { at parquet("out/copy.parquet") }
step same(sales: Table<Sale>) -> Table<Sale> { sql "select * from sales" }
flow daily { write copy = same(sales) }
"#,
    );
    let plan = project.flowc(&["plan", "--verbose"]).ends(0).gives("rules over rows");
    let line = |rule: &str| plan.out.lines().find(|line| line.contains(rule)).unwrap_or_else(|| panic!("{}", plan.out));
    for rule in ["amount: it >= 0", "amount * id < 1_000_000 or note != none"] {
        assert!(line(rule).contains("  compiled for more than "), "{}", plan.out);
    }
    assert!(line("  (note ?? \"\").upper()").ends_with("evaluated row by row: it calls `upper`"), "{}", plan.out);
    let part = line("id >= 0 and");
    assert!(part.contains("compiled in part for more than ") && part.ends_with("rows: it calls `upper`"), "{part}");
    // Not about rows one by one.
    assert!(!plan.out.contains("unique(id)"), "{}", plan.out);
    assert!(!project.flowc(&["plan"]).ends(0).out.contains("rules over rows"));
}
