//! E03 on small graphs.

use crate::build::*;
use flow_plan::{NodeId, NodeKind, Start, Trigger};

#[test]
fn a_circle_through_three_flows_names_all_ties() {
    let flows = [("a", "z", "x"), ("b", "x", "y"), ("c", "y", "z")]
        .map(|(flow_name, reads, writes)| flow(flow_name, vec![(read(reads), vec![]), (write(writes), vec![0])]));
    let found = check(&program(vec![dataset("x"), dataset("y"), dataset("z")], vec![], flows.into()));
    assert_eq!(codes(&found), ["E0301"]);
    assert_eq!(found.0[0].labels.len(), 6);
    assert_eq!(found.0[0].notes, ["each needs the next: `a` → `z` → `c` → `y` → `b` → `x` → `a`"]);
}

#[test]
fn a_trigger_is_a_tie_too() {
    let mut one = flow("one", vec![(write("x"), vec![])]);
    one.starts.push(Start { trigger: Trigger::Updates(vec![name("x")]), with: vec![], at: at(50) });
    let found = check(&program(vec![dataset("x")], vec![], vec![one]));
    assert_eq!(codes(&found), ["E0301"]);
}

#[test]
fn a_flow_that_calls_itself() {
    let found = check(&program(vec![], vec![], vec![flow("again", vec![(run("again"), vec![])])]));
    assert_eq!(found.0[0].title, "flow `again` calls itself");
}

#[test]
fn previous_points_backwards() {
    let before = NodeKind::Read { dataset: name("x"), previous: true, partition: vec![] };
    let found =
        check(&program(vec![dataset("x")], vec![], vec![flow("f", vec![(before, vec![]), (write("x"), vec![0])])]));
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn reading_the_own_dataset_before_the_write_contradicts() {
    let mut own = flow("f", vec![(read("x"), vec![]), (write("x"), vec![0])]);
    own.body.nodes[0].after.push(NodeId(1));
    let found = check(&program(vec![dataset("x")], vec![], vec![own]));
    assert_eq!(codes(&found), ["E0305"]);
}

#[test]
fn datasets_that_wait_for_each_other_never_arrive() {
    let after = |own: &str, others: &[&str]| {
        let mut dataset = arrives(dataset(own));
        dataset.arrives.as_mut().unwrap().after = others.iter().map(|other| name(other)).collect();
        dataset
    };
    let used = || vec![flow("f", ["a", "b", "c"].map(|name| (read(name), vec![])).into())];
    // `c` waits for the circle, which is told once.
    let circle = vec![after("a", &["b"]), after("b", &["a"]), after("c", &["a"])];
    let found = check(&program(circle, vec![], used()));
    assert_eq!(codes(&found), ["E0159"]);
    assert_eq!(found.0[0].notes, ["each waits for the next: `a` → `b` → `a`"]);
    assert_eq!(found.0[0].labels.len(), 2);
    let begun = vec![after("a", &["b", "c"]), after("b", &["a"]), arrives(dataset("c"))];
    assert_eq!(codes(&check(&program(begun, vec![], used()))), Vec::<String>::new());
}

#[test]
fn writers() {
    let two = vec![flow("a", vec![(write("x"), vec![])]), flow("b", vec![(write("x"), vec![])])];
    assert_eq!(codes(&check(&program(vec![dataset("x")], vec![], two))), ["E0302"]);
    let foreign = vec![flow("a", vec![(write("x"), vec![])])];
    assert_eq!(codes(&check(&program(vec![arrives(dataset("x"))], vec![], foreign))), ["E0304"]);
    let twice = vec![flow("a", vec![(write("x"), vec![]), (write("x"), vec![])])];
    assert_eq!(codes(&check(&program(vec![dataset("x")], vec![], twice))), ["E0306"]);
}

#[test]
fn branches_exclude_each_other_and_loops_repeat() {
    let branches = NodeKind::If {
        condition: constant(1),
        then: block(vec![(write("x"), vec![])], 1),
        otherwise: block(vec![(write("x"), vec![])], 2),
    };
    let found = check(&program(vec![dataset("x")], vec![], vec![flow("f", vec![(branches.clone(), vec![])])]));
    assert!(found.is_empty(), "{found:?}");
    let after = flow("f", vec![(branches, vec![]), (write("x"), vec![])]);
    assert_eq!(codes(&check(&program(vec![dataset("x")], vec![], vec![after]))), ["E0306"]);
    let repeated = NodeKind::For {
        item: flow_expr::VarId(9),
        items: constant(1),
        limit: 3,
        parallel: 1,
        body: block(vec![(write("x"), vec![])], 1),
    };
    let found = check(&program(vec![dataset("x")], vec![], vec![flow("f", vec![(repeated, vec![])])]));
    assert_eq!(codes(&found), ["E0306"]);
}

#[test]
fn what_nobody_makes_and_what_nobody_uses() {
    let reads = flow("f", vec![(read("x"), vec![])]);
    assert_eq!(codes(&check(&program(vec![dataset("x")], vec![], vec![reads.clone()]))), ["E0303"]);
    assert!(check(&program(vec![arrives(dataset("x"))], vec![], vec![reads])).is_empty());
    let idle = || vec![flow("f", vec![])];
    assert_eq!(codes(&check(&program(vec![dataset("x")], vec![step("s")], idle()))), ["W0301", "W0302"]);
    assert!(check(&program(vec![dataset("_x")], vec![step("m._s")], idle())).is_empty());
    let library = program(vec![dataset("x")], vec![step("s")], vec![]);
    assert!(check(&library).is_empty(), "a system without a flow is a library");
}
