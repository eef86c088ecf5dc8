//! Any text as a journal: each line is an event that is written as it was read, or none; and whatever events come in
//! whatever order, the driver neither panics nor goes on for ever, and gives the same state for the same journal.

#![no_main]

#[path = "../../tests/harness/mod.rs"]
mod harness;

use flow_driver::{Driver, Event, RunStart, recovery::replay};
use flow_plan::{NodeKind, Program};
use harness::*;
use libfuzzer_sys::fuzz_target;
use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, LazyLock},
};

/// More events than this show nothing new.
const MOST_EVENTS: usize = 64;

/// A read, a step, a loop with a step in it, and a write.
static PROGRAM: LazyLock<Arc<Program>> = LazyLock::new(|| {
    let body = block(vec![call(10, "each", "same", vec![var(20)])], Some(var(10)));
    let items = list((0..3).map(int).collect());
    let looped = NodeKind::For { item: flow_expr::VarId(20), items, limit: 3, parallel: 2, body };
    let nodes = vec![
        call(0, "first", "same", vec![int(1)]),
        node(1, "loop", looped),
        read(2, "before"),
        write(3, "made", add(var(0), int(1))),
        call(4, "last", "effect", vec![add(var(0), var(2))]),
    ];
    let effect = flow_plan::Step { effect: flow_plan::Effect::Write, ..step("effect", 1) };
    Arc::new(program(vec![step("same", 1), effect], vec![dataset("made"), dataset("before")], vec![flow("main", nodes, None)]))
});

fn start() -> RunStart {
    RunStart {
        run: "20260101-000000-00000000".into(),
        seed: 7,
        started: at(0),
        jobs: 2,
        forced: Default::default(),
        unselected: vec![],
        deadlines: BTreeMap::new(),
        retry: None,
        dry: false,
    }
}

fn snapshot(events: &[Event]) -> String {
    let driver = Driver::with_program(PROGRAM.clone(), name("m.main"), BTreeMap::new(), HashSet::new(), start());
    let begun = std::iter::once(Event::Begin).chain(events.iter().cloned());
    replay(driver, begun.zip(0..).map(|(event, ms)| (at(ms), event))).driver.snapshot()
}

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut events = vec![];
    for line in text.lines().take(MOST_EVENTS) {
        let Ok(event) = serde_json::from_str::<Event>(line) else { continue };
        let written = serde_json::to_string(&event).expect("what was read can be written");
        let again: Event = serde_json::from_str(&written).expect("and read again");
        assert_eq!(serde_json::to_string(&again).expect("and written"), written, "as it was: {line}");
        events.push(event);
    }
    assert_eq!(snapshot(&events), snapshot(&events), "the same journal, the same state");
});
