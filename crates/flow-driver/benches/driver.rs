//! What one event costs the driver: flows of no-op steps, and a loop, answered at once.
//!
//! `cargo bench -p flow-driver`. The figures in `crates/README.md` are per event: a step has four
//! (recalled, ran, and what they set free), so divide by items × 2 answers.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests stop at what they did not expect")]

#[path = "../tests/harness/mod.rs"]
mod harness;

use divan::{Bencher, counter::ItemsCount};
use flow_driver::{CachedResult, Command, Driver, Event, Last, Product, RunStart};
use flow_expr::{Value, VarId};
use flow_plan::{NodeKind, Program};
use harness::*;
use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
};

fn main() {
    divan::main();
}

/// Steps that each use up to three earlier ones.
fn steps(count: u32) -> Arc<Program> {
    let nodes = (0..count).map(|id| {
        let mut node = call(id, "n", "same", vec![if id == 0 { int(1) } else { var(id - 1 - id % 7 % id) }]);
        node.after = [2, 5].iter().filter_map(|back| id.checked_sub(*back)).map(flow_plan::NodeId).collect();
        node
    });
    Arc::new(program(vec![step("same", 1)], vec![], vec![flow("f", nodes.collect(), None)]))
}

fn looped(count: i64) -> Arc<Program> {
    let body = block(vec![call(1, "each", "same", vec![var(50)])], Some(var(1)));
    let items = list((0..count).map(int).collect());
    let kind = NodeKind::For { item: VarId(50), items, limit: 1_000_000, parallel: 64, body };
    Arc::new(program(vec![step("same", 1)], vec![], vec![flow("f", vec![node(0, "loop", kind)], None)]))
}

fn driver(program: &Arc<Program>) -> Driver {
    let start = RunStart {
        run: "r1".into(),
        seed: 1,
        started: at(0),
        jobs: 64,
        forced: Default::default(),
        unselected: vec![],
        deadlines: Default::default(),
        retry: None,
        dry: false,
    };
    Driver::with_program(program.clone(), name("m.f"), Default::default(), HashSet::new(), start)
}

/// Answers everything at once; gives the number of events.
fn run(mut driver: Driver, reuse: bool) -> u64 {
    let mut events = VecDeque::from([Event::Begin]);
    let mut count = 0;
    while let Some(event) = events.pop_front() {
        count += 1;
        for command in driver.on(event, at(0)) {
            match command {
                Command::Recall { task, .. } => {
                    let value = Value::Int(1);
                    let kept = || Box::new(CachedResult { value, run: "r0".into(), at: at(0) });
                    let last = if reuse { Last::Same { run: "r0".into(), at: at(0) } } else { Last::Nothing };
                    events.push_back(Event::Recalled { task, last, cached: reuse.then(kept) });
                }
                Command::Run(run) => {
                    let result = Ok(Product { value: Value::Int(1), rows: None });
                    events.push_back(Event::Ran { task: run.task, result, ask: None });
                }
                _ => {}
            }
        }
    }
    assert!(driver.ended().is_some());
    count
}

#[divan::bench(args = [1_000, 100_000], sample_count = 5, sample_size = 1)]
fn steps_that_run(bencher: Bencher<'_, '_>, count: u32) {
    let program = steps(count);
    bencher.counter(ItemsCount::new(count)).with_inputs(|| driver(&program)).bench_values(|driver| run(driver, false));
}

#[divan::bench(args = [1_000, 100_000], sample_count = 5, sample_size = 1)]
fn steps_that_are_up_to_date(bencher: Bencher<'_, '_>, count: u32) {
    let program = steps(count);
    bencher.counter(ItemsCount::new(count)).with_inputs(|| driver(&program)).bench_values(|driver| run(driver, true));
}

#[divan::bench(args = [1_000, 100_000], sample_count = 5, sample_size = 1)]
fn items_of_a_loop(bencher: Bencher<'_, '_>, count: i64) {
    let program = looped(count);
    bencher
        .counter(ItemsCount::new(count as u64))
        .with_inputs(|| driver(&program))
        .bench_values(|driver| run(driver, false));
}
