//! What steps wait for a place in their pool, with the sums written out. Each attempt takes at most 10 s.

use crate::build::*;
use flow_analysis::time::{all_bounds, bounds};
use flow_plan::{Flow, NodeKind, Program, Step};

fn pooled(text: &str) -> Step {
    Step { pool: Some(name("warehouse")), ..step(text) }
}

fn with_slots(slots: u32, steps: Vec<Step>, flows: Vec<Flow>) -> Program {
    let mut program = program(vec![], steps, flows);
    program.pools.insert(name("warehouse"), slots);
    program
}

/// The worst case of the flow `f` with a pool of so many slots, seconds.
fn seconds(slots: u32, kinds: Vec<(NodeKind, Vec<u32>)>) -> u64 {
    let program = with_slots(slots, vec![pooled("s"), step("free")], vec![flow("f", kinds)]);
    bounds(&program, &name("f")).flow.expect("everything is bounded").worst_ms / 1_000
}

fn each(limit: u64, parallel: u32, body: Vec<(NodeKind, Vec<u32>)>) -> NodeKind {
    let body = block(body, 100);
    NodeKind::For { item: flow_expr::VarId(9), items: constant(1), limit, parallel, body }
}

#[test]
fn what_goes_on_at_once_shares_the_slots() {
    let three = || vec![(call("s"), vec![]), (call("s"), vec![]), (call("s"), vec![])];
    assert_eq!((seconds(1, three()), seconds(2, three()), seconds(3, three())), (30, 20, 10));
}

#[test]
fn what_waits_for_each_other_is_never_there_at_once() {
    assert_eq!(seconds(1, vec![(call("s"), vec![]), (call("s"), vec![0]), (call("s"), vec![1])]), 30);
    // Two chains of two: each step waits for one of the other chain.
    let chains = vec![(call("s"), vec![]), (call("s"), vec![0]), (call("s"), vec![]), (call("s"), vec![2])];
    assert_eq!(seconds(1, chains), 40);
    // Of three chains one is not in the pool.
    assert_eq!(seconds(1, vec![(call("s"), vec![]), (call("free"), vec![]), (call("s"), vec![0])]), 20);
}

#[test]
fn turns_of_a_loop_wait_for_each_other() {
    let calls = |parallel| vec![(each(10, parallel, vec![(call("s"), vec![])]), vec![])];
    assert_eq!((seconds(2, calls(4)), seconds(4, calls(4)), seconds(1, calls(4))), (50, 30, 100));
    // What is tried again waits each time, here for the two others: two rounds of two attempts.
    let retried = Step { retry: Some(policy(1)), ..pooled("r") };
    let loops = vec![(each(6, 3, vec![(call("r"), vec![])]), vec![])];
    let program = with_slots(2, vec![retried], vec![flow("f", loops)]);
    let whole = bounds(&program, &name("f")).flow.map(|bound| bound.worst_ms);
    assert_eq!(whole, Some(2 * (2 * (10_000 + 10_000) + 1_000)));
    // Of turns with more in them each may wait for the three others, by two slots.
    let longer = vec![(each(8, 4, vec![(call("s"), vec![]), (call("free"), vec![100])]), vec![])];
    assert_eq!(seconds(2, longer), 2 * (15 + 10 + 10));
}

#[test]
fn each_attempt_waits_again_and_never_for_more_than_all_others() {
    let worst = |others: u32| {
        let retried = Step { retry: Some(policy(1)), ..pooled("r") };
        let calls = (0..others).map(|other| (call("s"), if other == 0 { vec![] } else { vec![other] }));
        let all = std::iter::once((call("r"), vec![])).chain(calls).collect();
        let program = with_slots(1, vec![retried, pooled("s")], vec![flow("f", all)]);
        bounds(&program, &name("f")).nodes[&0].worst_ms
    };
    // Two attempts and a pause of 1 s; the other is in front of one of them.
    assert_eq!(worst(1), 2 * 10_000 + 1_000 + 10_000);
    // Of three that come one after the other, one each is in front of both.
    assert_eq!(worst(3), 2 * (10_000 + 10_000) + 1_000);
}

#[test]
fn a_loop_waits_once_for_what_goes_on_beside_it() {
    let turns = |times: u64| (each(times, 1, vec![(call("s"), vec![])]), vec![]);
    let beside = |times| vec![turns(times), (call("s"), vec![])];
    assert_eq!((seconds(1, beside(3)), seconds(1, beside(5)), seconds(2, beside(3))), (40, 60, 30));
    // Each turn waits for one of the other loop's.
    assert_eq!(seconds(1, vec![turns(3), turns(3)]), 60);
    assert_eq!(seconds(1, vec![turns(2), turns(5)]), 70);
    // Two at a time by two slots, one of which the other has at first.
    let two = (each(10, 2, vec![(call("s"), vec![])]), vec![]);
    assert!(seconds(2, vec![two, (call("s"), vec![])]) >= 60);
}

#[test]
fn all_takes_no_longer_than_all_there_is_to_do() {
    // The last one is in front of the first or of the third, not of both; the second is not in the pool.
    let chain = || vec![(call("s"), vec![]), (call("free"), vec![0]), (call("s"), vec![1]), (call("s"), vec![])];
    assert_eq!((seconds(1, chain()), seconds(2, chain())), (40, 30));
    let twice = || vec![(call("s"), vec![]), (call("free"), vec![0]), (call("s"), vec![]), (call("free"), vec![2])];
    assert_eq!(seconds(1, twice()), 30);
    let inside = |first: u32| {
        let body =
            twice().into_iter().map(|(kind, needs)| (kind, needs.into_iter().map(|need| need + first).collect()));
        NodeKind::For {
            item: flow_expr::VarId(9),
            items: constant(1),
            limit: 3,
            parallel: 1,
            body: block(body.collect(), first),
        }
    };
    assert_eq!(seconds(1, vec![(inside(100), vec![])]), 90);
    // Two loops that fill the pool: all of their turns by the slots, and half of the last one.
    let four = || (each(10, 4, vec![(call("s"), vec![])]), vec![]);
    let other = || (each(10, 4, vec![(call("s"), vec![])]), vec![]);
    assert_eq!(seconds(2, vec![four(), other()]), 105);
}

#[test]
fn a_called_flow_waits_for_what_goes_on_around_its_calls() {
    let inner = flow("inner", vec![(call("s"), vec![])]);
    let alone = flow("alone", vec![(run("inner"), vec![]), (call("s"), vec![0])]);
    let outer = flow("outer", vec![(run("inner"), vec![]), (call("s"), vec![]), (run("inner"), vec![])]);
    let worst = |flows: Vec<Flow>, text: &str| {
        let all = with_slots(1, vec![pooled("s")], flows);
        all_bounds(&all)[&name(text)].flow.as_ref().map(|bound| bound.worst_ms / 1_000)
    };
    assert_eq!(worst(vec![inner.clone(), alone.clone()], "alone"), Some(20));
    assert_eq!(worst(vec![inner.clone(), outer.clone()], "outer"), Some(30));
    // A flow has one worst case, whoever calls it.
    assert_eq!(worst(vec![inner, alone, outer], "alone"), Some(40));
}
