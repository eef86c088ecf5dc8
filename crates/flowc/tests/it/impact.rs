//! `flowc impact`, `flowc what-if` and `flowc explain NAME`, as those who ask see it.

use crate::sandbox::Sandbox;

const PROGRAM: &str = r#"dataset orders: String { at text("orders.txt"), arrives every day by 05:30 in "UTC", fresh within 26h, owner "shop" }
dataset sales: String { at text("sales.txt"), fresh within 27h, owner "finance" }
step sum(orders: String) -> String { sh """echo "$orders" """ effect read timeout 5m }
flow daily { start every day at 06:00 in "UTC" finish by 08:00 require orders fresh within 2h55m else fail "too old" write sales = sum(orders) }
"#;

#[test]
fn who_is_hit_when_whose_it_is_and_the_ways_out() {
    let sandbox = Sandbox::program(PROGRAM);
    sandbox.write("orders.txt", "1");
    sandbox.flowc(&["run", "daily"]).ends(0);
    let said = sandbox.flowc(&["impact", "orders", "--stale", "--for", "4d"]).ends(1);
    let said = said.gives("`daily` fails").gives("`orders` is too old").gives("`sales` is too old (fresh within 1d3h)");
    said.gives("of finance").gives("way out: `flowc start daily`");
    sandbox.flowc(&["impact", "orders", "--late", "10m"]).ends(0).gives("no promise is broken").gives("reached");
    // Runs took a moment here; where there was none, the worst that is proved counts.
    let supposed = ["what-if", "sum takes 40x", "orders late 1m"];
    sandbox.flowc(&supposed).ends(0);
    Sandbox::program(PROGRAM).flowc(&supposed).ends(1).gives("`daily` misses its deadline");
    let json = sandbox.flowc(&["impact", "daily", "--failed", "--format", "json"]).ends(1).out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["hits"][0]["breach"], "fails");
    sandbox.flowc(&["impact", "order"]).ends(2).tells("no dataset, flow, step or model `order`").tells("orders");
    sandbox.flowc(&["what-if", "orders down 1h"]).ends(2).tells("`late 2h`, `failed`, `stale` or `bad`");
    sandbox.flowc(&["what-if"]).ends(2);
}

#[test]
fn a_flow_a_step_and_a_dataset_are_explained_in_sentences() {
    let sandbox = Sandbox::program(PROGRAM);
    let daily = sandbox.flowc(&["explain", "daily"]).ends(0).gives("`daily` is a flow that starts every day at 06:00");
    daily.gives("It needs `orders` that is no older than 2h55m; else it fails.").gives("It has never run.");
    sandbox.write("orders.txt", "1");
    sandbox.flowc(&["run", "daily"]).ends(0);
    sandbox.flowc(&["explain", "daily"]).ends(0).gives("Its last run,").gives("went well");
    sandbox.flowc(&["explain", "sales"]).ends(0).gives("The flow `daily` writes it.").gives("as promised");
    sandbox.flowc(&["explain", "sum", "--format", "json"]).ends(0).gives("\"kind\": \"step\"");
    sandbox.flowc(&["explain", "dayly"]).ends(2).tells("no dataset, flow, step or model `dayly`").tells("daily");
}
