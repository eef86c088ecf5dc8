//! Of any graph: every node settles once, nothing starts before its inputs, a replay is the run.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests stop at what they did not expect")]

mod harness;

use flow_driver::{
    Command, Driver, Event, NodeStatus, Note, Resolution, Resolved, Retry, RunStatus,
    recovery::{is_durable_first, replay},
};
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
    let mut memory = Memory::default();
    let world = World { cancel_at, jobs, ..World::new(&mut memory) };
    world.steps(|run, _| ends(shapes, &run.label, run.attempt)).run(program, "f")
}

/// How long an attempt takes, and how it ends.
fn ends(shapes: &[Shape], label: &str, attempt: u32) -> (u64, Result<Value, Failure>) {
    let id = label.trim_start_matches('n').split(['.', '[']).next().unwrap().parse::<usize>().unwrap();
    let failure = Failure::new(ErrorClass::Exit(1), "R0000", "no");
    (shapes[id].takes, if shapes[id].fails { Err(failure) } else { Ok(Value::Int(attempt.into())) })
}

fn fresh(program: &Program, start: &flow_driver::RunStart) -> Driver {
    Driver::with_program(
        std::sync::Arc::new(program.clone()),
        name("m.f"),
        Default::default(),
        HashSet::new(),
        start.clone(),
    )
}

/// The same program; its steps change the world, some of them in a way that may be repeated.
fn with_effects(mut program: Program, idempotent: bool) -> Program {
    for step in program.steps.values_mut() {
        step.effect = flow_plan::Effect::Write;
        step.cache = flow_plan::CachePolicy::Never;
        let may_repeat = idempotent && step.name.short() == "flaky";
        step.idempotent = may_repeat.then_some(flow_plan::Idempotency::Harmless);
    }
    program
}

/// Where in a run, and which attempt.
type Tries = BTreeSet<(std::sync::Arc<str>, u32)>;

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

    #[test]
    fn cut_anywhere_it_goes_on_to_the_same_end_and_nothing_that_must_not_is_done_twice(
        shapes in shapes(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 1..4),
        again in any::<bool>(),
        idempotent in any::<bool>(),
    ) {
        let program = with_effects(graph(&shapes).0, idempotent);
        let whole = run(&program, &shapes, None, 3);
        let mut journal = whole.journal.clone();
        let mut last = None;
        for cut in cuts {
            // At least the beginning is durable, or there is no run.
            journal.truncate(1 + cut.index(journal.len()));
            let replayed = replay(fresh(&program, &whole.start), journal.clone());
            prop_assert_eq!(replayed.events, journal.len() as u64);
            let doubts = replayed.doubts();
            for doubt in &doubts {
                prop_assert!(!(idempotent && doubt.step.short() == "flaky"), "what is idempotent is in no doubt");
            }
            if !doubts.is_empty() {
                prop_assert_eq!(replayed.next(|_| None), Err(doubts.clone()), "nobody has said anything");
            }
            let now = journal.last().unwrap().0;
            let says = |label: &str, attempt| match ends(&shapes, label, attempt).1 {
                Ok(value) if !again => Resolved::Done { value },
                _ => Resolved::Again,
            };
            let next = replayed.next(|doubt| {
                Some(Resolution { by: "ada".into(), at: now, says: says(&doubt.label, doubt.attempt) })
            });
            let next = next.unwrap();
            let done: Tries = doubts
                .iter()
                .filter(|doubt| matches!(says(&doubt.label, doubt.attempt), Resolved::Done { .. }))
                .map(|doubt| (doubt.path.clone(), doubt.attempt))
                .collect();
            // What the journal knows as ended, whatever became of it.
            let ended: Tries = replayed.notes.iter().filter_map(|(_, note)| match note {
                Note::Attempted { path, attempt, .. } => Some((path.clone(), *attempt)),
                _ => None,
            }).collect();
            let mut memory = Memory::default();
            let mut given = vec![];
            let world = World { jobs: 3, ..World::new(&mut memory) }.steps(|run, _| {
                given.push((run.path.clone(), run.attempt));
                ends(&shapes, &run.label, run.attempt)
            });
            let went_on = world.go_on(whole.start.clone(), replayed, next, now);
            for tried in &given {
                prop_assert!(!ended.contains(tried) && !done.contains(tried), "{tried:?} is done twice");
            }
            prop_assert_eq!(went_on.end.status, whole.end.status);
            prop_assert_eq!(went_on.end.counts, whole.end.counts);
            journal.extend(went_on.journal.clone());
            // What is in the journal now leads to the very same state.
            let replayed = replay(fresh(&program, &whole.start), journal.clone());
            prop_assert_eq!(replayed.driver.snapshot(), went_on.driver.snapshot());
            last = Some(went_on);
        }
        let values = |run: &Run| run.driver.values().into_iter().map(|(path, _, value)| (path, value)).collect::<Vec<_>>();
        prop_assert_eq!(sorted(values(&last.unwrap())), sorted(values(&whole)));
    }

    #[test]
    fn cut_anywhere_it_can_be_ended_without_doing_anything(
        shapes in shapes(), cut in any::<prop::sample::Index>(), cancel in prop::option::of(0_i64..200),
    ) {
        let program = with_effects(graph(&shapes).0, false);
        let mut whole = run(&program, &shapes, cancel, 3);
        whole.journal.truncate(cut.index(whole.journal.len()).max(1));
        let now = whole.journal.last().unwrap().0;
        let mut replayed = replay(fresh(&program, &whole.start), whole.journal);
        prop_assume!(replayed.driver.ended().is_none());
        for event in replayed.end() {
            let commands = replayed.driver.on(event, now);
            let does = commands.iter().find(|command| is_durable_first(command));
            prop_assert!(does.is_none(), "{does:?}");
        }
        // What has failed before has failed.
        let status = replayed.driver.ended().map(|end| end.status);
        let failed = shapes.iter().any(|shape| shape.fails) && status == Some(RunStatus::Failed);
        prop_assert!(failed || status == Some(RunStatus::Cancelled), "{status:?}");
    }

    #[test]
    fn a_retry_does_what_failed_or_did_not_run_and_nothing_else(
        shapes in shapes(), cancel in prop::option::of(0_i64..200), from in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let program = with_effects(graph(&shapes).0, false);
        let first = run(&program, &shapes, cancel, 3);
        let from = from.map(|index| index.index(shapes.len()).to_string());
        let kept = first.driver.kept(from.as_deref()).unwrap();
        let succeeded: BTreeSet<_> = first.ends()
            .filter(|end| end.status == NodeStatus::Succeeded)
            .map(|end| end.path.clone())
            .collect();
        // The world has become kinder meanwhile.
        let mut kind = shapes.clone();
        kind.iter_mut().for_each(|shape| shape.fails = false);
        let mut memory = Memory::default();
        let mut given = BTreeSet::new();
        let retries = Some((Retry { of: first.start.run.clone(), from: from.as_deref().map(Into::into) }, kept));
        let world = World { jobs: 3, retries, ..World::new(&mut memory) };
        let second = world.steps(|run, _| { given.insert(run.path.clone()); ends(&kind, &run.label, 7) }).run(&program, "f");
        prop_assert_eq!(second.end.status, RunStatus::Succeeded);
        match &from {
            None => prop_assert!(given.is_disjoint(&succeeded), "{given:?} of {succeeded:?}"),
            Some(from) => {
                let calls = shapes[from.parse::<usize>().unwrap()].kind >= 3;
                prop_assert!(!calls || given.contains(&**from), "{from} is done again");
            }
        }
        // Whatever was done, and all that is not kept has been.
        for end in second.ends().filter(|end| &*end.kind == "call") {
            let reused = end.how == Some(flow_driver::How::Reused);
            prop_assert_eq!(reused, !given.contains(&end.path), "{}", end.label);
            prop_assert!(!reused || succeeded.contains(&end.path), "{} was not done", end.label);
        }
        let replayed = replay(fresh(&program, &second.start), second.journal.clone());
        prop_assert_eq!(replayed.driver.snapshot(), second.driver.snapshot());
    }
}

fn sorted<T: std::fmt::Debug>(mut values: Vec<T>) -> Vec<String> {
    let mut texts: Vec<String> = values.drain(..).map(|value| format!("{value:?}")).collect();
    texts.sort();
    texts
}
