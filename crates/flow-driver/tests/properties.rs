//! Of any graph: every node settles once, nothing starts before its inputs, a replay is the run.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests stop at what they did not expect")]

mod harness;

use flow_driver::{Command, Driver, Event, Note};
use flow_expr::{Value, VarId};
use flow_plan::{ErrorClass, Failure, Node, NodeId, NodeKind, Program, RetryPolicy, Step};
use harness::*;
use proptest::prelude::*;
use std::collections::{BTreeSet, HashMap, HashSet};

/// What a node of a random graph is.
#[derive(Clone, Debug)]
struct Shape {
    kind: u8,
    needs: Vec<prop::sample::Index>,
    orders: Vec<prop::sample::Index>,
    fails: bool,
    takes: u64,
}

fn shapes() -> impl Strategy<Value = Vec<Shape>> {
    let index = any::<prop::sample::Index>;
    let shape = (
        0_u8..8,
        prop::collection::vec(index(), 0..4),
        prop::collection::vec(index(), 0..2),
        prop::bool::weighted(0.15),
        1_u64..50,
    )
        .prop_map(|(kind, needs, orders, fails, takes)| Shape { kind, needs, orders, fails, takes });
    prop::collection::vec(shape, 1..40)
}

/// A flow of these nodes; each uses earlier ones only.
fn graph(shapes: &[Shape]) -> (Program, Vec<BTreeSet<u32>>) {
    let mut nodes: Vec<Node> = vec![];
    let mut all_needs = vec![];
    for (id, shape) in (0_u32..).zip(shapes) {
        let chosen = |among: &[prop::sample::Index]| -> BTreeSet<u32> {
            if id == 0 { BTreeSet::new() } else { among.iter().map(|index| index.index(id as usize) as u32).collect() }
        };
        let (needs, orders) = (chosen(&shape.needs), chosen(&shape.orders));
        let sum = needs.iter().fold(int(1), |sum, need| add(sum, var(*need)));
        let inner = |kind: u32| {
            block(
                vec![call(1000 + id * 10 + kind, &format!("n{id}.{kind}"), "same", vec![sum.clone()])],
                Some(var(1000 + id * 10 + kind)),
            )
        };
        let made = match shape.kind {
            0 => compute(id, &format!("n{id}"), sum.clone()),
            1 => node(
                id,
                &format!("n{id}"),
                NodeKind::If {
                    condition: constant(Value::Bool(shape.takes % 2 == 0)),
                    then: inner(1),
                    otherwise: inner(2),
                },
            ),
            2 => {
                let body = block(
                    vec![call(1000 + id * 10, &format!("n{id}.0"), "same", vec![add(var(5000 + id), sum.clone())])],
                    Some(var(1000 + id * 10)),
                );
                let items = list((0..(shape.takes % 5) as i64).map(int).collect());
                let looped = NodeKind::For { item: VarId(5000 + id), items, limit: 9, parallel: 2, body };
                node(id, &format!("n{id}"), looped)
            }
            3 => {
                let mut recovered = call(id, &format!("n{id}"), "flaky", vec![sum.clone()]);
                if let NodeKind::Call { recover, .. } = &mut recovered.kind {
                    *recover = Some(inner(3));
                }
                recovered
            }
            4 => call(id, &format!("n{id}"), "flaky", vec![sum.clone()]),
            _ => call(id, &format!("n{id}"), "same", vec![sum.clone()]),
        };
        // Loops give lists, which do not add up: whoever uses one uses its length, which is a constant here.
        let made = if shape.kind == 2 { Node { var: VarId(9000 + id), ..made } } else { made };
        if shape.kind == 2 {
            nodes.push(Node { needs: vec![NodeId(id)], ..compute(3000 + id, &format!("c{id}"), int(1)) });
            nodes.last_mut().unwrap().var = VarId(id);
        }
        nodes.push(after(made, &orders.iter().copied().collect::<Vec<_>>()));
        all_needs.push(&needs | &orders);
    }
    let policy =
        RetryPolicy { times: 2, on: vec![ErrorClass::Any], backoff_min_ms: 5, backoff_max_ms: 20, within_ms: None };
    let flaky = Step { retry: Some(policy), ..step("flaky", 1) };
    (program(vec![step("same", 1), flaky], vec![], vec![flow("f", nodes, None)]), all_needs)
}

fn run(program: &Program, shapes: &[Shape], cancel_at: Option<i64>, jobs: u32) -> Run {
    let shape = |label: &str| {
        let id = label.trim_start_matches('n').split('.').next().unwrap().parse::<usize>().unwrap();
        shapes[id].clone()
    };
    let mut memory = Memory::default();
    let world = World { cancel_at, jobs, ..World::new(&mut memory) };
    world
        .steps(|run, _| {
            let shape = shape(&run.label);
            let failure = Failure::new(ErrorClass::Exit(1), "R0000", "no");
            (shape.takes, if shape.fails { Err(failure) } else { Ok(Value::Int(run.attempt.into())) })
        })
        .run(program, "f")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_node_settles_once_and_only_after_what_it_needs(shapes in shapes(), jobs in 1_u32..6) {
        let (program, needs) = graph(&shapes);
        let run = run(&program, &shapes, None, jobs);
        let mut settled: HashMap<&str, usize> = HashMap::new();
        let mut done: HashSet<String> = HashSet::new();
        for (_, note) in &run.notes {
            match note {
                Note::Settled(end) => {
                    *settled.entry(&end.path).or_default() += 1;
                    done.insert(end.path.to_string());
                }
                Note::Started { path, .. } => {
                    if let Ok(id) = path.parse::<usize>() {
                        for need in &needs[id] {
                            let trivial = shapes[*need as usize].kind == 0;
                            prop_assert!(trivial || done.contains(&need.to_string()), "{path} before {need}");
                        }
                    }
                }
                _ => {}
            }
        }
        prop_assert!(settled.values().all(|count| *count == 1));
        for (id, shape) in shapes.iter().enumerate() {
            // Plain expressions that succeed are not worth a note.
            prop_assert!(shape.kind == 0 || settled.contains_key(&*id.to_string()), "node {id}");
        }
        prop_assert!(run.most_at_once <= jobs as usize);
    }

    #[test]
    fn a_replay_is_the_run(shapes in shapes(), cancel in prop::option::of(0_i64..200), cut in any::<prop::sample::Index>()) {
        let (program, _) = graph(&shapes);
        let run = run(&program, &shapes, cancel, 3);
        let text = serde_json::to_string(&run.journal).unwrap();
        let journal: Vec<(jiff::Timestamp, Event)> = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&journal, &run.journal, "the journal is stored without loss");
        let fresh = || Driver::with_program(
            std::sync::Arc::new(program.clone()), name("m.f"), Default::default(), HashSet::new(), run.start.clone(),
        );
        let mut replayed = fresh();
        let mut notes = vec![];
        for (now, event) in journal.clone() {
            notes.extend(replayed.on(event, now).into_iter().filter_map(|command| match command {
                Command::Note(note) => Some((now, note)),
                _ => None,
            }));
        }
        prop_assert_eq!(replayed.snapshot(), run.driver.snapshot());
        prop_assert_eq!(notes, run.notes.clone());
        // A crash at any point loses nothing: the rest of the journal leads to the same end.
        let cut = cut.index(journal.len());
        let mut resumed = fresh();
        for (now, event) in &journal[..cut] {
            resumed.on(event.clone(), *now);
        }
        for (now, event) in &journal[cut..] {
            resumed.on(event.clone(), *now);
        }
        prop_assert_eq!(resumed.ended(), run.driver.ended());
    }

    #[test]
    fn stray_and_repeated_events_change_nothing(shapes in shapes()) {
        let (program, _) = graph(&shapes);
        let run = run(&program, &shapes, None, 3);
        let mut disturbed = Driver::with_program(
            std::sync::Arc::new(program.clone()), name("m.f"), Default::default(), HashSet::new(), run.start.clone(),
        );
        for (now, event) in &run.journal {
            disturbed.on(event.clone(), *now);
            let repeated = disturbed.on(event.clone(), *now);
            prop_assert!(repeated.is_empty(), "{event:?}: {repeated:?}");
        }
        prop_assert_eq!(disturbed.snapshot(), run.driver.snapshot());
    }
}
