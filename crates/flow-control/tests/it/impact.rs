//! Who is hit when something goes wrong, when, and by which promise: on systems of flows in a row, on a morning.

use flow_compiler::{MemoryWorld, Options, compile};
use flow_control::impact::{Hit, Impact, Known, impact, suppose};
use flow_expr::Name;
use flow_plan::Program;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Orders come by 05:30; sales are made at 06:00 and the note at 07:00.
pub(crate) const MORNING: &str = r#"
dataset orders: String { at text("orders.txt"), arrives every day by 05:30 in "UTC", fresh within 26h, owner "shop" }
dataset sales: String { at text("sales.txt"), fresh within 27h, owner "finance" }
dataset note: String { at text("note.txt"), fresh within 60h, owner "board" }
dataset other: String { at text("other.txt"), arrives every day by 05:00 in "UTC" }
dataset aside: String { at text("aside.txt") }
step sum(orders: String) -> String { sh """echo "$orders" """ effect read timeout 5m }
flow daily { start every day at 06:00 in "UTC" finish by 08:00 require orders fresh within 2h55m else fail "orders is too old" write sales = sum(orders) }
flow report { start every day at 07:00 in "UTC" write note = sum(sales) }
flow unrelated { start every day at 06:00 in "UTC" write aside = sum(other) }
"#;

pub(crate) fn program(text: &str) -> Program {
    let compiled = compile(
        &MemoryWorld::new([("flow.toml", "name = \"m\"\nedition = \"2026\""), ("m.flow", text)]),
        &Options::default(),
    );
    assert!(!compiled.problems.has_errors(), "{:?}", compiled.problems);
    compiled.program
}

pub(crate) fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_millisecond()
}

/// The evening before: everything is from this morning.
fn known() -> Known {
    let data = [("orders", "05:30"), ("sales", "05:30"), ("note", "05:30"), ("other", "05:00")];
    let data_times =
        data.into_iter().map(|(name, time)| (Name::new(format!("m.{name}")), at(&format!("2026-11-23T{time}:00Z"))));
    let durations = ["daily", "report", "unrelated"].into_iter().map(|flow| (Name::new(format!("m.{flow}")), 300_000));
    Known { data_times: data_times.collect(), durations_ms: durations.collect::<BTreeMap<_, _>>() }
}

fn of(text: &str, supposed: &[&str]) -> Impact {
    let program = program(text);
    let now = at("2026-11-23T20:00:00Z");
    let supposed: Vec<_> = supposed.iter().map(|text| suppose(&program, text, now).unwrap()).collect();
    impact(&program, &known(), &supposed, now, at("2026-11-26T00:00:00Z"))
}

fn said(hits: &[Hit]) -> Vec<String> {
    let moment = |ms: i64| Timestamp::from_millisecond(ms).unwrap().strftime("%dT%H:%M").to_string();
    let line = |hit: &Hit| {
        let until = hit.until.map_or_else(|| "…".to_owned(), moment);
        format!("{} {} {}–{until}", hit.of.short(), hit.breach, moment(hit.from))
    };
    hits.iter().map(line).collect()
}

#[test]
fn late_data_fails_what_requires_it_and_makes_old_what_is_not_renewed() {
    let found = of(MORNING, &["orders late 2h"]);
    assert_eq!(said(&found.hits), ["daily fails 24T06:00–…", "sales stale 24T08:30–25T06:05"], "{found:#?}");
    assert!(found.hits[0].because.contains("`orders` is too old"), "{:?}", found.hits[0]);
    let sales = &found.hits[1];
    assert_eq!(sales.owner.as_deref(), Some("finance"));
    assert_eq!(sales.promise.as_deref(), Some("fresh within 1d3h"));
    assert!(sales.because.contains("`orders` is too old"), "{}", sales.because);
    assert!(
        sales.ways_out[0].contains("flowc start daily") && sales.ways_out[1].contains("fresh within 2d35m"),
        "{sales:?}"
    );
    // What keeps its promise is reached all the same; what is not made from it is not.
    let reached: Vec<&str> = found.reached.iter().map(|one| one.of.short()).collect();
    assert_eq!(reached, ["report", "note", "orders"]);
}

#[test]
fn nothing_breaks_where_there_is_room() {
    let found = of(MORNING, &["orders late 20m"]);
    assert_eq!(said(&found.hits), Vec::<String>::new());
    assert_eq!(found.reached.len(), 5);
}

#[test]
fn a_flow_that_fails_does_not_renew_what_it_writes() {
    let found = of(MORNING, &["daily failed"]);
    assert_eq!(said(&found.hits), ["daily fails 24T06:05–…", "sales stale 24T08:30–25T06:05"]);
    assert_eq!(found.hits[1].because, "`daily` fails");
}

#[test]
fn what_waits_for_fresh_data_waits_for_as_long_as_it_may() {
    let waits = |length: &str| {
        let action = format!("else wait up to {length}");
        MORNING.replace("else fail \"orders is too old\"", &action).replace("27h", "30h").replace("08:00", "12:00")
    };
    assert_eq!(said(&of(&waits("3h"), &["orders late 2h"]).hits), Vec::<String>::new());
    let found = of(&waits("1h"), &["orders late 2h"]);
    assert_eq!(said(&found.hits), ["daily fails 24T07:00–…", "sales stale 24T11:30–25T06:05"]);
}

#[test]
fn a_slow_step_and_a_flow_that_starts_late_miss_the_deadline() {
    assert_eq!(said(&of(MORNING, &["sum takes 30x"]).hits), ["daily late 24T08:00–24T08:30"]);
    assert_eq!(said(&of(MORNING, &["daily late 2h"]).hits), ["daily late 24T08:00–24T08:05"]);
    assert_eq!(said(&of(MORNING, &["daily takes 2x"]).hits), Vec::<String>::new());
}

#[test]
fn bad_data_reaches_all_that_is_made_from_it() {
    let found = of(MORNING, &["sales bad"]);
    assert_eq!(said(&found.hits), ["sales bad 23T20:00–24T06:05"]);
    let early = MORNING
        .replace("start every day at 07:00 in \"UTC\" write note", "start every day at 21:00 in \"UTC\" write note");
    let found = of(&early, &["sales bad"]);
    assert_eq!(said(&found.hits), ["sales bad 23T20:00–24T06:05", "note bad 23T21:05–24T21:05"]);
}

#[test]
fn what_cannot_be_supposed_is_refused_with_what_can() {
    let program = program(MORNING);
    let wrong = |text: &str| suppose(&program, text, 0).unwrap_err().to_string();
    assert!(wrong("orders").contains("`late 2h`, `failed`, `stale` or `bad`"));
    assert!(wrong("sum late 2h").contains("`takes 3x`"));
    assert!(wrong("orders late soon").contains("no length of time"));
    assert!(wrong("daily takes 0x").contains("no factor"));
    assert!(wrong("nothing late 2h").contains("there is no dataset"));
    assert!(suppose(&program, "orders late 1d12h", 0).is_ok());
    assert_eq!(wrong(""), "nothing is supposed");
}
