//! `flowc bounds`, end to end: sums, critical paths, and what has no bound.

use crate::sandbox::Sandbox;
use serde_json::Value as Json;

const PROGRAM: &str = r#"
type Row { id: Int, at: Timestamp }
dataset orders: Table<Row> {
  at csv("data/orders.csv")
  arrives every day by 05:30 in "Europe/London"
  fresh within 26h by at
}
dataset revenue: Table<Row> { at parquet("out/revenue.parquet"), fresh within PROMISE }
dataset note: Table<Row> { at parquet("out/note.parquet") }
step sum_up(orders: Table<Row>) -> Table<Row> { sql "select id, at from orders", timeout 30m }
step look(orders: Table<Row>) -> Table<Row> { sql "select id, at from orders", timeout 20m }
flow morning {
  start every day at 06:00 in "Europe/London"
  finish by 07:00
  write revenue = sum_up(orders)
  let _seen = look(orders)
}
flow early {
  start every day at 05:55 in "Europe/London"
  write note = look(revenue)
}
"#;

#[test]
fn the_sum_of_a_dataset_and_the_path_of_a_flow() {
    let sandbox = Sandbox::program(&PROGRAM.replace("PROMISE", "26h"));
    let check = sandbox.flowc(&["check"]).ends(2);
    assert!(check.err.contains("E0801") || check.out.contains("E0801"), "{}{}", check.out, check.err);
    let sum = "25h between starts + 30m for the path to the write + 26h that `orders` may be old = 51h30m";
    sandbox.flowc(&["bounds", "revenue"]).ends(0).gives("≤ 51h30m (declared) old, promised within 26h").gives(sum);
    sandbox
        .flowc(&["bounds", "morning", "--path"])
        .ends(0)
        .gives("≤ 30m (declared)")
        .gives("up to 25h between starts (clocks go back on 2026-10-25)")
        .gives("30m to spare")
        .gives("on the critical path")
        .gives("10m of slack")
        .gives("shortening `sum_up` helps most: up to 10m less");
    sandbox.flowc(&["bounds", "nothing"]).ends(2);
}

#[test]
fn a_reader_that_comes_too_early_is_told_which_version_it_sees() {
    let sandbox = Sandbox::program(&PROGRAM.replace("PROMISE", "52h"));
    let said = sandbox.flowc(&["bounds", "early"]).ends(0);
    assert!(said.out.contains("reads revenue  ≤ 50h55m (declared) old"), "{}", said.out);
    assert!(said.out.contains("surely sees only what was begun on Saturday 2026-10-24 06:00"), "{}", said.out);
    let json: Json = serde_json::from_str(&sandbox.flowc(&["bounds", "--format", "json"]).ends(0).out).unwrap();
    assert_eq!(json["datasets"][1]["terms"]["gap_ms"], 25 * 3_600_000);
    assert_eq!(json["flows"][0]["reads"][0]["age_ms"], (50 * 60 + 55) * 60_000);
}

const SPENDING: &str = r#"
model writer { provider openai, name "gpt-5-mini-2025-08-07", price input $1, output $2 per 1M tokens }
step summary(text: String) -> String {
  ai writer { prompt "In one sentence: {text}" }
  budget 2 asks, 5_000 tokens, $0.01
}
step endless(text: String) -> String { ai writer { prompt "{text}" } }
flow capped(texts: List<String>) {
  start every 12h with texts = ["a"]
  budget $0.20
  for text in texts limit 100 { do summary(text) else "" }
}
flow passed {
  budget $0.01
  do summary("a")
  do summary("b")
}
flow open {
  start every weekday at 06:00 in "UTC"
  do endless("a")
}
flow by_time(text: String) {
  budget $3 per 12h
  do summary(text) else ""
}
"#;

#[test]
fn what_may_be_spent_has_its_sum_and_what_has_no_bound_its_clause() {
    let sandbox = Sandbox::program(SPENDING);
    sandbox
        .flowc(&["bounds", "capped"])
        .ends(0)
        .gives("a run asks ≤ 200 asks, 500_000 tokens, $0.20 (declared)")
        .gives("100 × `summary` $0.01 = $1.00, and its budget ends it at $0.20")
        .gives("a day of 2 runs asks ≤ 400 asks, 1_000_000 tokens, $0.40 (declared)");
    sandbox.flowc(&["bounds", "passed"]).ends(0).gives("2 × `summary` $0.01 = $0.02").gives("started by hand");
    sandbox
        .flowc(&["bounds", "open"])
        .ends(0)
        .gives("a run asks ≤ 1 ask, no bound of tokens and money (declared)")
        .gives("give `endless` a budget, such as `budget 3 asks, 20_000 tokens, $0.05`; or its model a `context`");
    sandbox
        .flowc(&["bounds", "by_time"])
        .ends(0)
        .gives("a day asks ≤ $6.00, no bound of asks and tokens (declared), whatever its runs");
    let json: Json = serde_json::from_str(&sandbox.flowc(&["bounds", "--format", "json"]).ends(0).out).unwrap();
    let capped =
        json["flows"].as_array().unwrap().iter().find(|flow| flow["flow"].as_str().unwrap().ends_with("capped"));
    let spends = &capped.unwrap()["spends"];
    assert_eq!((&spends["run"]["micro_dollars"]["most"], &spends["runs_per_day"]), (&200_000.into(), &2.into()));
    assert_eq!(spends["parts"][0]["times"], 100);
}

#[test]
fn policies_of_a_company_hold_for_any_project() {
    let sandbox = Sandbox::program(&format!("{SPENDING}\npolicy cheap {{ budget $0.001 per 1d }}\n"));
    // What breaks a policy is shown with its sums.
    sandbox.flowc(&["bounds", "capped"]).ends(0).gives("100 × `summary` $0.01 = $1.00");
    let sandbox_of_company = Sandbox::program(SPENDING);
    let company = tempfile::tempdir().unwrap();
    let (rules, wrong) = (company.path().join("rules.flow"), company.path().join("wrong.flow"));
    let text = "use std.policy.{flows_owned}\npolicy few { for flow in flows { require flow.runs_per_day != none \
                else fail \"`{flow.name}` runs at any time\" } }\n";
    std::fs::write(&rules, text).unwrap();
    std::fs::write(&wrong, "step extra() -> Int { sh \"echo 1\" effect read }\npolicy none_at_all {}\n").unwrap();
    let sandbox = sandbox_of_company;
    let (rules, wrong) = (rules.to_str().unwrap(), wrong.to_str().unwrap());
    let json = sandbox.flowc(&["check", "--policy", rules, "--format", "json"]).ends(2).out;
    let of_policies = |code: &str| json.matches(code).count();
    // Two flows start by themselves and have no owner, two are started at any time.
    assert_eq!(of_policies("\"E1001\""), 4, "{json}");
    let sarif: Json =
        serde_json::from_str(&sandbox.flowc(&["check", "--policy", rules, "--format", "sarif"]).ends(2).out).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let broken = results.iter().filter(|result| result["ruleId"] == "E1001");
    let places: Vec<&Json> =
        broken.map(|result| &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]).collect();
    assert!(
        places.len() == 4 && places.iter().all(|place| !place.as_str().unwrap().contains("rules.flow")),
        "{places:?}"
    );
    let said = sandbox.flowc(&["check", "--policy", wrong]).ends(2);
    assert!(format!("{}{}", said.out, said.err).contains("E1003"), "{}{}", said.out, said.err);
}

#[test]
fn what_was_measured_stands_beside_what_is_proved() {
    let sandbox = Sandbox::program(
        r#"
dataset word: String { at text("out/word.txt") }
step say() -> String { sh "printf hello" effect read timeout 1m cache never }
flow speak { write word = say() }
flow never_run { let _x = say() }
"#,
    );
    let before = sandbox.flowc(&["bounds", "--with-history", "speak"]).ends(0);
    assert!(before.out.contains("measured: no run of it has succeeded yet"), "{}", before.out);
    for _ in 0..3 {
        sandbox.flowc(&["run", "speak", "--force"]).ends(0);
    }
    let json: Json =
        serde_json::from_str(&sandbox.flowc(&["bounds", "--with-history", "--format", "json"]).ends(0).out).unwrap();
    let flows = json["history"]["flows"].as_array().unwrap();
    let speak = flows.iter().find(|flow| flow["flow"].as_str().unwrap().ends_with("speak")).unwrap();
    let measured = speak["measured"].as_array().unwrap();
    let run = &measured[0];
    assert_eq!((&run["what"], &run["of"], &run["bound"]), (&"a run".into(), &3.into(), &60_000.into()), "{json:#}");
    assert!(run["p50"].as_u64() <= run["p95"].as_u64() && run["p95"].as_u64() <= run["most"].as_u64(), "{run}");
    assert!(measured.iter().any(|row| row["what"] == "say" && row["of"] == 3), "{measured:?}");
    sandbox
        .flowc(&["bounds", "--with-history", "speak"])
        .ends(0)
        .gives("measured a run")
        .gives("of 3")
        .gives("≤ 1m (declared)");
    sandbox.flowc(&["bounds", "--with-history", "never_run"]).ends(0).gives("no run of it has succeeded yet");
}
