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
