//! Sentences about a program, and about what is known of its runs.

use crate::impact::{MORNING, at, program};
use flow_control::{
    chance::History,
    explain::explain,
    status::{Facts, Last},
};
use flow_expr::Name;

fn said(of: &str, facts: &Facts) -> String {
    let program = program(MORNING);
    let explained = explain(&program, facts, of, at("2026-11-23T20:00:00Z")).unwrap();
    explained.sentences.into_iter().chain(explained.now).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_flow_says_when_it_starts_what_it_needs_and_who_reads_what_it_writes() {
    let said = said("daily", &Facts::default());
    let expected = [
        "`daily` is a flow that starts every day at 06:00 in \"UTC\".",
        "A run is to end by 08:00.",
        "A start while a run is under way is dropped; of starts that were missed the last is made up for.",
        "It needs `orders` that is no older than 2h55m; else it fails.",
        "It reads `orders`.",
        "It runs `sum` (a shell script).",
        "It writes `sales`, which `report` reads.",
        "It has never run.",
    ];
    for sentence in expected {
        assert!(said.contains(sentence), "{sentence} is not in\n{said}");
    }
}

#[test]
fn what_is_known_of_runs_and_data_is_said_too() {
    let mut facts = Facts::default();
    let failure = Some("`sum`: the program ended with status 3".to_owned());
    let daily = Name::new("m.daily");
    facts.last.insert(daily.clone(), Last { run: "r1".into(), ended: at("2026-11-23T06:05:00Z"), failure });
    facts.histories.insert(daily, History::of([(300_000, true), (360_000, true), (420_000, true)]));
    facts.data_times.insert(Name::new("m.sales"), at("2026-11-22T05:30:00Z"));
    let flow = said("daily", &facts);
    assert!(flow.contains("Its last run, r1, ended") && flow.contains("failed: `sum`"), "{flow}");
    assert!(flow.contains("A run takes 6m as a rule.") && flow.contains("if `flowc serve` is there"), "{flow}");
    let sales = said("sales", &facts);
    assert!(sales.contains("it is 1d14h30m old, older than promised"), "{sales}");
}

#[test]
fn a_step_and_a_dataset_say_what_they_are_bound_to() {
    let step = said("sum", &Facts::default());
    for sentence in [
        "An attempt may take 5m.",
        "What fails is not tried again.",
        "It only looks at the world.",
        "`daily`, `report` and `unrelated` run it.",
    ] {
        assert!(step.contains(sentence), "{sentence} is not in\n{step}");
    }
    let orders = said("orders", &Facts::default());
    for sentence in [
        "`orders` is a String at orders.txt.",
        "Others bring it, every day",
        "no older than 1d2h",
        "`daily` reads it.",
        "shop answers for it.",
    ] {
        assert!(orders.contains(sentence), "{sentence} is not in\n{orders}");
    }
}
