//! `flowc test`: a whole system tested in its own language.

use crate::sandbox::Sandbox;
use std::path::Path;

/// From an export to a note for a board: a query, an AI step with guards, a budget and a fallback.
const MORNING: &str = include_str!("morning.flow");

/// What the tests here have in common: one order.
const ORDER: &str = "  given orders = csv \"\"\"\n    id,customer,region,amount,placed_at\n    1,ada,North,10.00,2026-01-01T09:00:00Z\n  \"\"\"\n";

fn morning(test: &str) -> Sandbox {
    Sandbox::program(&format!("{MORNING}\ntest \"this\" {{\n{ORDER}{test}\n}}\n"))
}

fn passes(test: &str) {
    morning(test).flowc(&["test", "this"]).ends(0).gives("✓ this");
}

#[test]
fn a_guard_that_fails_is_asked_again() {
    Sandbox::program(MORNING)
        .flowc(&["test"])
        .ends(0)
        .gives("✓ a wrong total is asked again, once")
        .gives("1 passed in");
}

#[test]
fn a_mutant_is_killed() {
    let mutant =
        MORNING.replace("guard    it.total == total                  else retry", "guard    it.total >= 0 else retry");
    assert_ne!(mutant, MORNING);
    Sandbox::program(&mutant)
        .flowc(&["test"])
        .ends(1)
        .gives("✗ a wrong total is asked again, once")
        .gives("expect r.write_note.asks == 2")
        .gives("is `1`")
        .gives("write_note           attempt 1: done");
}

#[test]
fn a_failing_test_names_the_item_that_does_not_fit() {
    let text = r#"
model m { provider openai, name "gpt-5-mini-2025-08-07" }
type Item { id: Int, qty: Int where it > 0 }
step list() -> List<Item> {
  ai m { prompt "list" }
  guard it.count() > 0 else fail
}
flow main() -> Int { return list().count() }
test "one bad item" {
  given list = malformed("[\{\"id\": 1, \"qty\": 1}, \{\"id\": 2, \"qty\": 0}]")
  let r = run main()
  expect r.result == 2
}
"#;
    let said = Sandbox::program(text).flowc(&["test"]).ends(1);
    said.gives("does not fit `List<Item>`: list[1].qty: expected `it > 0`, found 0");
}

#[test]
fn waits_take_no_time_and_count() {
    passes(
        r#"
        given now = 2026-01-01T10:00:00Z
        given write_note = [timeout, rate_limited(30s), Note(headline: "h", body: "North", total: 10)]
        let r = run morning_revenue
        expect r.succeeded and r.write_note.asks == 3 and not r.write_note.recovered
        expect r.took >= 1m and r.took < 2m
        expect r.cost > 0 and r.cost < 0.02
        "#,
    );
}

#[test]
fn what_a_model_said_goes_through_the_reader() {
    passes(
        r#"
        given write_note = [
          malformed("I would rather not."),
          malformed("Here it is: {\"headline\": \"h\", \"body\": \"North\", \"total\": \"10.00\"}"),
        ]
        let r = run morning_revenue
        expect r.write_note.asks == 2 and r.write_note.result.total == 10
        "#,
    );
}

#[test]
fn a_budget_ends_in_the_fallback() {
    passes(
        r#"
        given write_note = Note(headline: "h", body: "North", total: 1)
        let r = run morning_revenue
        expect r.write_note.asks == 3 and r.write_note.recovered
        expect r.write_note.failure == "guard_failed"
        expect board_note.headline == "Revenue 10"
        "#,
    );
}

#[test]
fn a_second_run_does_only_what_changed() {
    passes(
        r#"
        given write_note = Note(headline: "h", body: "North", total: 10)
        let first = run morning_revenue
        let second = run morning_revenue
        expect first.revenue.ran and not first.revenue.reused
        expect second.revenue.reused and second.revenue.attempts == 0 and second.asks == 1
        given orders = [Order(id: 1, customer: "bob", region: South, amount: 3, placed_at: 2026-01-01T09:00:00Z)]
        given write_note = Note(headline: "h", body: "South", total: 3)
        let third = run morning_revenue
        expect third.revenue.ran and board_note.total == 3
        "#,
    );
}

#[test]
fn old_data_is_waited_for_and_refused() {
    passes(
        r#"
        given orders = stale(3h)
        let r = run morning_revenue
        expect r.failed and r.failure == "stale" and r.took == 10m
        expect r.write_note.attempts == 0
        "#,
    );
}

#[test]
fn rules_of_datasets_hold_in_tests_too() {
    passes(
        r#"
        given orders = csv """
          id,customer,region,amount,placed_at
          1,ada,North,10.00,2026-01-01T09:00:00Z
          1,bob,South,10.00,2026-01-01T09:00:00Z
        """
        let r = run morning_revenue
        expect r.failed and r.message == "orders does not keep `expect unique(id)`"
        "#,
    );
}

#[test]
fn a_step_runs_alone_and_answers_by_a_function() {
    passes(
        r#"
        given daily_revenue = [DailyRevenue(day: 2026-01-01, region: North, revenue: 3)]
        given write_note = (revenue, total) => Note(headline: "h", body: "{revenue.count()} row, North", total: total)
        let r = run write_note(daily_revenue, 3)
        expect r.result.total == 3 and r.result.body == "1 row, North"
        let sums = run aggregate(orders)
        expect sums.result.map(row => row.revenue) == [10]
        "#,
    );
}

#[test]
fn what_is_not_given_is_named() {
    morning("  let r = run morning_revenue\n  expect r.succeeded")
        .flowc(&["test", "this"])
        .ends(1)
        .gives("error[R0741]: `write_note` is not given: a test never runs `ai` steps by itself")
        .gives("say what it gives, or how it fails: `given write_note = …`");
    Sandbox::program(&format!(
        "{MORNING}\ntest \"this\" {{\n  let r = run morning_revenue\n  expect r.succeeded\n}}\n"
    ))
    .flowc(&["test", "this"])
    .ends(1)
    .gives("error[R0741]: `orders` is not given: a test never reads the project's data");
}

#[test]
fn data_that_does_not_fit_is_an_error_at_its_line() {
    let said = Sandbox::program(
        "type Row { id: Int, amount: Decimal where it >= 0 }\n\
         dataset rows: Table<Row> { at csv(\"rows.csv\"), arrives by hand }\n\
         flow look() -> Int {\n  rows.count()\n}\n\
         test \"t\" {\n  given rows = csv \"\"\"\n    id,amount\n    one,2\n    2,-3\n    3\n  \"\"\"\n  \
         given rows = csv(\"part.csv\")\n  let r = run look\n  expect r.result == 1\n}\n",
    );
    said.write("part.csv", "id,amount\n1,2\n2,x\n");
    said.flowc(&["test"])
        .ends(2)
        .tells("id: expected an Int, found \"one\"")
        .tells("main.flow:9:5")
        .tells("amount: expected `it >= 0`, found -3")
        .tells("main.flow:10:5")
        .tells("it has 1 cells, the header has 2")
        .tells("part.csv:3: amount: expected a Decimal, found \"x\"");
}

#[test]
fn scripts_run_only_when_a_test_lets_them() {
    let program = "step greet(name: String) -> String {\n  sh \"printf 'hello %s' \\\"$name\\\"\"\n  effect none\n}\n";
    let program = program.replace("\\\"$name\\\"", "$name");
    let test = |given: &str| {
        let text = format!(
            "{program}test \"t\" {{\n{given}  let r = run greet(\"ada\")\n  expect r.result == \"hello ada\"\n}}\n"
        );
        Sandbox::program(&text)
    };
    test("").flowc(&["test"]).ends(1).gives("`given greet = real`");
    test("  given greet = real\n").flowc(&["test"]).ends(0);
}

#[test]
fn nothing_of_the_project_is_written() {
    let sandbox = morning(
        "  given write_note = Note(headline: \"h\", body: \"North\", total: 10)\n  let r = run morning_revenue\n  expect r.succeeded",
    );
    sandbox.flowc(&["test"]).ends(0);
    let mut left: Vec<String> = std::fs::read_dir(sandbox.path("."))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    left.sort();
    assert_eq!(left, ["flow.toml", "main.flow"]);
}

#[test]
fn documents_and_selections() {
    let sandbox =
        Sandbox::program("test \"one & two\" {\n  expect 1 == 2\n}\n\ntest \"three\" {\n  expect 3 == 3\n}\n");
    let said = sandbox.flowc(&["test", "--format", "junit"]).ends(1);
    assert!(
        said.out.contains("<testsuites tests=\"2\" failures=\"1\">") && said.out.contains("one &amp; two"),
        "{}",
        said.out
    );
    sandbox.flowc(&["test", "--format", "json"]).ends(1).gives("\"failed\": 1");
    sandbox.flowc(&["test", "three"]).ends(0).gives("1 passed");
    sandbox.flowc(&["test", "thre"]).ends(0);
    sandbox.flowc(&["test", "threee"]).ends(2).tells("no test is called so: threee").tells("did you mean `three`?");
}

#[test]
fn coverage_names_what_no_test_has_reached() {
    Sandbox::program(MORNING)
        .flowc(&["test", "--coverage"])
        .ends(0)
        .gives("never: it is tried again after `timeout`")
        .gives("never: guard `it.body.length() <= 900` does not hold")
        .gives("never: the fallback is taken");
}

#[test]
fn branches_are_covered_one_by_one() {
    let program = "step say(text: String) -> String {\n  sh \"echo\"\n  effect none\n}\n\
        flow pick(n: Int) -> String {\n  let found = if n > 0 { say(\"more\") } else { say(\"less\") }\n  found\n}\n\
        test \"more\" {\n  given say = text => text\n  let r = run pick(1)\n  expect r.result == \"more\"\n}\n";
    Sandbox::program(program)
        .flowc(&["test", "--coverage"])
        .ends(0)
        .gives("1 of 2 guards")
        .gives("never: the condition of `if` does not hold");
}

#[test]
fn the_tests_of_the_examples_pass() {
    for example in ["02-weather", "04-flaky-api", "06-morning-revenue"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(example);
        let folder = folder.to_string_lossy().into_owned();
        Sandbox::empty().flowc(&["test", "--project", &folder]).ends(0).gives(" passed in");
    }
}
