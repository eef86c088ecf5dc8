//! `flowc forecast`, and `--assume` of the commands that answer under it.

use crate::sandbox::Sandbox;
use serde_json::Value as Json;

const PROGRAM: &str = r#"
type Row { n: Int }
dataset orders: Table<Row> { at csv("orders.csv"), arrives every day by 05:30 in "UTC", fresh within 25h, owner "shop" }
dataset sums: Table<Row> { at csv("sums.csv"), fresh within 50h, owner "finance" }
dataset board: Table<Row> { at csv("board.csv"), owner "board" }
step add(rows: Table<Row>) -> Table<Row> { sql "select n from rows" timeout 5m }
step copy(rows: Table<Row>) -> Table<Row> { sql "select n from rows" timeout 10m }
flow daily { start every day at 06:00 in "UTC" finish within 20m owner "ops" write sums = add(orders) }
flow after { start when sums updates  write board = copy(sums) }
flow often { start every 10m  let _n = 1 }
flow by_hand { let _n = 1 }
"#;

const FROM: [&str; 2] = ["--from", "2026-03-02T00:00:00Z"];

fn forecast(more: &[&str]) -> Vec<String> {
    ["forecast"].into_iter().chain(FROM).chain(more.iter().copied()).map(str::to_owned).collect()
}

fn flowc(sandbox: &Sandbox, arguments: &[String]) -> crate::sandbox::Said {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    sandbox.flowc(&arguments)
}

#[test]
fn lengths_may_be_given_in_days() {
    let sandbox = Sandbox::program(PROGRAM);
    flowc(&sandbox, &forecast(&["--for", "7d", "daily"]))
        .ends(0)
        .gives("to Mon 2026-03-09")
        .gives("daily starts 4 more times");
    flowc(&sandbox, &forecast(&["--for", "soon"])).ends(2).tells("write 12h or 7d");
}

#[test]
fn the_coming_day_is_told_in_the_order_of_time() {
    let sandbox = Sandbox::program(PROGRAM);
    let said = flowc(&sandbox, &forecast(&[])).ends(0);
    let lines: Vec<&str> = said.out.lines().collect();
    let place =
        |text: &str| lines.iter().position(|line| line.contains(text)).unwrap_or_else(|| panic!("{text}: {lines:#?}"));
    let written = place("Monday 2026-03-02 06:05 UTC  daily  has written sums");
    assert!(place("Monday 2026-03-02 06:00 UTC  daily  starts") < written);
    assert!(written < place("Monday 2026-03-02 06:05 UTC  daily  has ended, promised by Monday 2026-03-02 06:20 UTC"));
    place("after  starts, up to 5m later");
    place("Monday 2026-03-02 06:15 UTC  after  has written board");
    place("often starts 141 more times");
    place("by_hand: nobody knows when it starts: `by_hand` is started by hand");
    assert_eq!(lines.last(), Some(&"every promise can be kept"));
    flowc(&sandbox, &forecast(&["daily", "--for", "30m"])).ends(0).gives("nothing starts");
    flowc(&sandbox, &forecast(&["nothing"])).ends(2).tells("there is no flow `nothing`");
    flowc(&sandbox, &forecast(&["--for", "0s"])).ends(2).tells("between a second and 366 days");
}

#[test]
fn what_breaks_under_an_assumption_is_told_with_whose_it_is_and_who_is_hit() {
    let sandbox = Sandbox::program(PROGRAM);
    let late = ["daily", "--assume", "add takes 5x", "--assume", "orders late 1h"];
    let said = flowc(&sandbox, &forecast(&late)).ends(2);
    let expected = "E0701 `daily` must finish within 20m, but may take 25m\n  promised by `daily`, of ops\n  \
                    first with the start of Monday 2026-03-02 06:00 UTC\n  reaches `board` (board), `sums` (finance)\n";
    assert!(said.out.contains(expected), "{}", said.out);
    assert!(said.out.contains("assumed: add takes 5x, orders late 1h\n"), "{}", said.out);
    let json = flowc(&sandbox, &forecast(&["--format", "json", "--assume", "add takes 5x"])).ends(2);
    let json: Json = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["assumed"], serde_json::json!(["add takes 5x"]));
    let daily = json["starts"].as_array().unwrap().iter().find(|start| start["flow"] == "main.daily").unwrap();
    assert_eq!((&daily["ends_by"], &daily["due"]), (&"2026-03-02T06:25:00Z".into(), &"2026-03-02T06:20:00Z".into()));
    assert_eq!(json["broken"][0]["owner"], "ops");
    assert_eq!(json["more"][0]["starts"], 141);
}

#[test]
fn other_commands_answer_under_an_assumption_too() {
    let sandbox = Sandbox::program(PROGRAM);
    sandbox.write("orders.csv", "n\n1\n");
    sandbox.flowc(&["check"]).ends(0);
    sandbox.flowc(&["check", "--assume", "add takes 5x"]).ends(2).tells("E0701");
    sandbox.flowc(&["bounds", "daily", "--assume", "add takes 3x"]).ends(0).gives("≤ 15m (declared)");
    sandbox.flowc(&["plan", "daily", "--assume", "add takes 3x"]).ends(0).gives("≤ 15m (declared)");
    sandbox.flowc(&["check", "--assume", "ad takes 3x"]).ends(2).tells("E0186");
    sandbox.flowc(&["run", "daily", "--assume", "add takes 3x"]).ends(2).tells("`daily` has no parameter `assume`");
}
