//! What runs when: data, order, failures, retries, bounds, blocks, handlers, cancelling.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests stop at what they did not expect")]

mod harness;

use flow_driver::{ContractVerdict, How, NodeStatus::*, Note, RunStatus};
use flow_expr::{BinaryOp, Pattern, Type, Value, VarId};
use flow_plan::{
    CachePolicy, Deadline, Effect, ErrorClass, Failure, Finish, Guard, GuardAction, HandlerEvent, Idempotency,
    MatchArm, NodeKind, RetryPolicy, Step,
};
use harness::*;
use std::time::Duration;

fn fails(class: ErrorClass) -> (u64, Result<Value, Failure>) {
    (10, Err(Failure::new(class, "R0000", "it did not work")))
}

fn gives(value: i64) -> (u64, Result<Value, Failure>) {
    (10, Ok(Value::Int(value)))
}

fn retry(times: u32, min: u64, max: u64) -> Option<RetryPolicy> {
    Some(RetryPolicy { times, on: vec![ErrorClass::Any], backoff_min_ms: min, backoff_max_ms: max, within_ms: None })
}

#[test]
fn values_flow_and_independent_steps_run_at_once() {
    let nodes = vec![
        call(0, "x", "one", vec![]),
        call(1, "y", "two", vec![]),
        compute(2, "sum", add(var(0), var(1))),
        call(3, "z", "same", vec![add(var(2), int(1))]),
    ];
    let program =
        program(vec![step("one", 0), step("two", 0), step("same", 1)], vec![], vec![flow("f", nodes, Some(var(3)))]);
    let run = World::new(&mut Memory::default())
        .steps(|run, _| match run.step.name.short() {
            "one" => gives(1),
            "two" => (30, Ok(Value::Int(2))),
            _ => (10, Ok(run.args[0].1.clone())),
        })
        .run(&program, "f");
    assert_eq!(run.end.status, RunStatus::Succeeded);
    assert_eq!(run.driver.result(), Some(&Value::Int(4)));
    assert_eq!((run.took(), run.most_at_once), (40, 2));
    assert_eq!(run.end.counts.ran, 3);
}

#[test]
fn what_needs_a_failure_does_not_run_and_says_so_the_rest_finishes() {
    let nodes = vec![
        call(0, "bad", "bad", vec![]),
        call(1, "next", "same", vec![var(0)]),
        call(2, "last", "same", vec![var(1)]),
        after(call(3, "ordered", "one", vec![]), &[0]),
        call(4, "free", "one", vec![]),
    ];
    let program = program(vec![step("bad", 0), step("same", 1), step("one", 0)], vec![], vec![flow("f", nodes, None)]);
    let run = World::new(&mut Memory::default())
        .steps(|run, _| if &*run.label == "bad" { fails(ErrorClass::Exit(3)) } else { gives(1) })
        .run(&program, "f");
    assert_eq!(run.end.status, RunStatus::Failed);
    assert_eq!((run.status("bad"), run.status("free")), (Failed, Succeeded));
    for label in ["next", "last", "ordered"] {
        assert_eq!(run.status(label), NotRun);
        assert_eq!(run.end_of(label).because.as_ref().unwrap().1, "bad".into());
    }
    assert_eq!(run.driver.root_failures().len(), 1);
    assert_eq!((run.end.counts.failed, run.end.counts.not_run, run.end.counts.ran), (1, 3, 1));
    assert!(!run.end.contract_broken);
}

#[test]
fn attempts_are_counted_and_waits_stay_below_their_bounds() {
    let flaky = Step { retry: retry(3, 1000, 1500), ..step("flaky", 0) };
    let program = program(vec![flaky], vec![], vec![flow("f", vec![call(0, "x", "flaky", vec![])], None)]);
    let run = World::new(&mut Memory::default()).steps(|_, _| fails(ErrorClass::Timeout)).run(&program, "f");
    assert_eq!(run.end.status, RunStatus::Failed);
    assert_eq!(run.end_of("x").attempts, 4);
    let begins: Vec<i64> = run.attempts.iter().map(|(ms, ..)| *ms).collect();
    for (pair, bound) in begins.windows(2).zip([1000, 1500, 1500]) {
        let wait = pair[1] - pair[0] - 10;
        assert!((0..=bound).contains(&wait), "{begins:?}");
    }
    let mut memory = Memory::default();
    let mut tries = 0;
    let run = World::new(&mut memory)
        .steps(|_, _| {
            tries += 1;
            if tries < 3 { fails(ErrorClass::Timeout) } else { gives(5) }
        })
        .run(&program, "f");
    assert_eq!((run.end.status, run.attempts.len()), (RunStatus::Succeeded, 3));
}

#[test]
fn retry_after_is_honoured_and_within_bounds_all() {
    let policy = RetryPolicy { within_ms: Some(10_000), ..retry(9, 1, 1).unwrap() };
    let slow = Step { retry: Some(policy), timeout_ms: 6000, ..step("slow", 0) };
    let program = program(vec![slow], vec![], vec![flow("f", vec![call(0, "x", "slow", vec![])], None)]);
    let run = World::new(&mut Memory::default())
        .steps(|_, _| {
            let failure = Failure::new(ErrorClass::RateLimited, "R0000", "slow down");
            (10, Err(failure.retry_after(Some(Duration::from_secs(4)))))
        })
        .run(&program, "f");
    let begins: Vec<i64> = run.attempts.iter().map(|(ms, ..)| *ms).collect();
    assert_eq!(begins, [0, 4010, 8020], "the next would begin at 12030");
    assert_eq!(run.timeouts, [6000, 5990, 1980], "no attempt may outlast the whole");
}

#[test]
fn fallback_and_else_and_guards() {
    let guard =
        |text: &str, action| Guard { condition: binary(BinaryOp::Less, it(), int(10)), text: text.into(), action };
    let with = |short: &str, guards, fallback| Step { guards, fallback, ..step(short, 0) };
    let steps = vec![
        with("tired", vec![], Some(int(-1))),
        with("warned", vec![guard("small", GuardAction::Warn(None))], None),
        with("replaced", vec![guard("small", GuardAction::Fallback(add(it(), int(1))))], None),
        with("refused", vec![guard("small", GuardAction::Fail(None))], Some(int(-2))),
        Step { retry: retry(1, 0, 0), ..with("again", vec![guard("small", GuardAction::Retry(None))], None) },
    ];
    let labels = ["tired", "warned", "replaced", "refused", "again"];
    let nodes: Vec<_> = (0..).zip(labels).map(|(id, label)| call(id, label, label, vec![])).collect();
    let mut recovered = nodes[3].clone();
    if let NodeKind::Call { recover, .. } = &mut recovered.kind {
        *recover = Some(block(vec![compute(9, "plan b", int(8))], Some(var(9))));
    }
    let nodes: Vec<_> =
        nodes.into_iter().enumerate().map(|(id, node)| if id == 3 { recovered.clone() } else { node }).collect();
    let result = list((0..5).map(var).collect());
    let program = program(steps, vec![], vec![flow("f", nodes, Some(result))]);
    let run = World::new(&mut Memory::default())
        .steps(|run, _| match (&*run.label, run.attempt) {
            ("tired", _) => fails(ErrorClass::ServerError),
            ("again", 2) => gives(3),
            _ => gives(20),
        })
        .run(&program, "f");
    let expected: Vec<Value> = [-1, 20, 21, 8, 3].map(Value::Int).into();
    assert_eq!(run.driver.result(), Some(&Value::List(expected.into())), "{:?}", run.driver.root_failures());
    let how = |label| run.end_of(label).how;
    assert_eq!(how("tired"), Some(How::Fallback));
    assert_eq!(how("replaced"), Some(How::Fallback));
    assert_eq!(how("refused"), Some(How::Recovered));
    assert_eq!(how("warned"), Some(How::Ran));
    let broken = run.notes.iter().filter(|(_, note)| matches!(note, Note::Contract { verdict, .. } if !verdict.kept()));
    assert_eq!(broken.count(), 4);
}

#[test]
fn a_recovery_that_fails_says_why() {
    let mut node = call(0, "x", "tired", vec![]);
    if let NodeKind::Call { recover, .. } = &mut node.kind {
        *recover = Some(block(vec![], Some(binary(BinaryOp::Divide, int(10), int(0)))));
    }
    let program = program(vec![step("tired", 0)], vec![], vec![flow("f", vec![node], Some(var(0)))]);
    let run = World::new(&mut Memory::default()).steps(|_, _| fails(ErrorClass::ServerError)).run(&program, "f");
    let end = run.end_of("x");
    assert!(end.failure.as_ref().is_some_and(|failure| &*failure.code == "R0002"), "{end:?}");
    assert_eq!(run.driver.root_failures().len(), 1);
}

#[test]
fn a_guard_that_keeps_failing_is_a_failure_when_attempts_are_used_up() {
    let guard = Guard {
        condition: binary(BinaryOp::Less, it(), int(10)),
        text: "it < 10".into(),
        action: GuardAction::Retry(Some(constant(Value::String("too much".into())))),
    };
    let policy = RetryPolicy { on: vec![ErrorClass::Timeout], ..retry(2, 0, 0).unwrap() };
    let again = Step { guards: vec![guard], retry: Some(policy), ..step("again", 0) };
    let program = program(vec![again], vec![], vec![flow("f", vec![call(0, "x", "again", vec![])], None)]);
    let run = World::new(&mut Memory::default()).steps(|_, _| gives(20)).run(&program, "f");
    assert_eq!(run.attempts.len(), 3);
    let failure = run.end_of("x").failure.clone().unwrap();
    assert_eq!((failure.class, &*failure.message), (ErrorClass::GuardFailed, "too much"));
}

#[test]
fn a_loop_runs_so_many_at_once_and_keeps_the_order() {
    let body = block(vec![call(1, "twice", "twice", vec![var(50)])], Some(var(1)));
    let items = list((0..20).map(int).collect());
    let kind = |limit| NodeKind::For { item: VarId(50), items: items.clone(), limit, parallel: 3, body: body.clone() };
    let program = |limit| {
        program(vec![step("twice", 1)], vec![], vec![flow("f", vec![node(0, "loop", kind(limit))], Some(var(0)))])
    };
    let run = World { jobs: 100, ..World::new(&mut Memory::default()) }
        .steps(|run, _| {
            let Value::Int(item) = run.args[0].1 else { panic!() };
            ((100 - item) as u64, Ok(Value::Int(item * 2)))
        })
        .run(&program(20), "f");
    let doubled: Vec<Value> = (0..20).map(|item| Value::Int(item * 2)).collect();
    assert_eq!(run.driver.result(), Some(&Value::List(doubled.into())));
    assert_eq!((run.most_at_once, run.attempts.len()), (3, 20));
    let paths: Vec<_> = run.ends().map(|end| (&*end.path, &*end.key)).collect();
    assert!(paths.contains(&("0[17].1", "m.f/loop[17]/twice")), "{paths:?}");
    let run = World::new(&mut Memory::default()).run(&program(19), "f");
    assert_eq!((&*run.end_of("loop").failure.clone().unwrap().code, run.attempts.len()), ("R0702", 0));
}

#[test]
fn a_loop_with_failures_finishes_the_others_and_fails() {
    let body = block(vec![call(1, "each", "each", vec![var(50)])], Some(var(1)));
    let kind = NodeKind::For { item: VarId(50), items: list((0..6).map(int).collect()), limit: 9, parallel: 2, body };
    let program = program(vec![step("each", 1)], vec![], vec![flow("f", vec![node(0, "loop", kind)], None)]);
    let run = World::new(&mut Memory::default())
        .steps(|run, _| if run.args[0].1 == Value::Int(2) { fails(ErrorClass::Exit(1)) } else { gives(1) })
        .run(&program, "f");
    assert_eq!((run.attempts.len(), run.status("loop"), run.end.status), (6, Failed, RunStatus::Failed));
    let because = run.end_of("loop").because.clone().unwrap();
    assert_eq!((&*because.0, &*because.1), ("0[2].1", "each[2]"), "a label tells the items of a loop apart");
    assert_eq!(run.driver.root_failures().len(), 1);
}

#[test]
fn jobs_and_pools_bound_what_is_done_at_once() {
    let pooled = Step { pool: Some(name("m.db")), ..step("pooled", 1) };
    let nodes: Vec<_> = (0..10)
        .map(|id| call(id, &format!("n{id}"), if id < 6 { "pooled" } else { "free" }, vec![int(i64::from(id))]))
        .collect();
    let mut program = program(vec![pooled, step("free", 1)], vec![], vec![flow("f", nodes, None)]);
    program.pools.insert(name("m.db"), 1);
    let run = World { jobs: 3, ..World::new(&mut Memory::default()) }.run(&program, "f");
    assert_eq!((run.end.status, run.most_at_once), (RunStatus::Succeeded, 3));
    let pooled: Vec<i64> = run
        .attempts
        .iter()
        .filter(|(_, label, _)| label[1..].parse::<u32>().unwrap() < 6)
        .map(|(ms, ..)| *ms)
        .collect();
    assert_eq!(pooled, [0, 10, 20, 30, 40, 50], "one at a time");
    assert!(run.notes.iter().any(|(_, note)| matches!(note, Note::Waiting { .. })));
}

#[test]
fn branches_and_matches() {
    let branch = |condition: bool| NodeKind::If {
        condition: constant(Value::Bool(condition)),
        then: block(vec![call(1, "then", "same", vec![int(1)])], Some(var(1))),
        otherwise: block(vec![call(2, "otherwise", "same", vec![int(2)])], Some(var(2))),
    };
    let arms = vec![
        MatchArm { pattern: Pattern::Const(Value::Int(1)), condition: None, body: block(vec![], Some(int(100))) },
        MatchArm {
            pattern: Pattern::Bind(VarId(60)),
            condition: None,
            body: block(vec![call(4, "other", "same", vec![add(var(60), var(0))])], Some(var(4))),
        },
    ];
    let nodes = vec![node(0, "branch", branch(false)), node(3, "choice", NodeKind::Match { subject: var(0), arms })];
    let program = program(vec![step("same", 1)], vec![], vec![flow("f", nodes, Some(var(3)))]);
    let run = World::new(&mut Memory::default()).run(&program, "f");
    assert_eq!(run.driver.result(), Some(&Value::Int(4)));
    assert_eq!(run.ran(), ["otherwise", "other"]);
}

#[test]
fn cancelling_stops_what_runs_and_starts_nothing() {
    let flaky = Step { retry: retry(9, 60_000, 60_000), ..step("flaky", 0) };
    let body = block(vec![call(3, "item", "long", vec![])], None);
    let kind = NodeKind::For { item: VarId(50), items: list((0..9).map(int).collect()), limit: 9, parallel: 1, body };
    let nodes = vec![
        call(0, "long", "long", vec![]),
        call(1, "next", "same", vec![var(0)]),
        call(4, "flaky", "flaky", vec![]),
        node(2, "loop", kind),
    ];
    let mut failing = flow("f", nodes, None);
    failing.handlers.push(handler(HandlerEvent::Failure, vec![call(8, "alarm", "alarm", vec![])]));
    let steps = vec![step("long", 0), flaky, step("same", 1), step("alarm", 0)];
    let program = program(steps, vec![], vec![failing]);
    let run = World { cancel_at: Some(50), ..World::new(&mut Memory::default()) }
        .steps(|run, _| match &*run.label {
            "flaky" => fails(ErrorClass::Timeout),
            _ => (100_000, Ok(Value::Int(1))),
        })
        .run(&program, "f");
    assert_eq!((run.end.status, run.took(), run.stopped.len()), (RunStatus::Cancelled, 50, 2));
    for label in ["long", "next", "flaky", "loop", "item[0]"] {
        assert_eq!(run.status(label), Cancelled, "{label}");
    }
    assert_eq!(run.attempts.len(), 3);
}

#[test]
fn handlers_of_failure_and_lateness() {
    let nodes = vec![call(0, "slow", "slow", vec![]), call(1, "bad", "bad", vec![var(0)])];
    let mut watched = flow("f", nodes, None);
    watched.finish = Some(Finish { deadline: Deadline::Within(1000), at: Default::default() });
    watched.handlers = vec![
        handler(HandlerEvent::Late, vec![call(5, "late", "alarm", vec![int(1)])]),
        handler(HandlerEvent::Failure, vec![call(6, "alarm", "alarm", vec![int(2)])]),
    ];
    let program = program(vec![step("slow", 0), step("bad", 1), step("alarm", 1)], vec![], vec![watched]);
    let run = World::new(&mut Memory::default())
        .steps(|run, _| match &*run.label {
            "slow" => (5000, Ok(Value::Int(1))),
            "bad" => fails(ErrorClass::Exit(1)),
            _ => gives(0),
        })
        .run(&program, "f");
    let begins: Vec<_> = run.attempts.iter().map(|(ms, label, _)| (*ms, &**label)).collect();
    assert_eq!(begins, [(0, "slow"), (1000, "late"), (5000, "bad"), (5010, "alarm")]);
    assert!(run.end.late && run.end.contract_broken && !run.end.only_contracts);
    let finish = |note: &Note| matches!(note, Note::Contract { verdict, .. } if matches!(**verdict, ContractVerdict::Finish { .. }));
    assert_eq!(run.notes.iter().filter(|(_, note)| finish(note)).count(), 1);
}

#[test]
fn flows_in_flows_with_parameters_recovery_and_paths() {
    let mut inner = flow("inner", vec![call(0, "work", "work", vec![var(90)])], Some(var(0)));
    inner.params.push(flow_plan::Param {
        name: "n".into(),
        var: VarId(90),
        ty: Type::Int,
        default: None,
        labels: vec![],
    });
    let recover = Some(block(vec![], Some(int(-1))));
    let nodes = vec![
        node(0, "first", NodeKind::Flow { flow: name("m.inner"), args: vec![int(1)], recover: None }),
        node(1, "second", NodeKind::Flow { flow: name("m.inner"), args: vec![add(var(0), int(1))], recover }),
    ];
    let program =
        program(vec![step("work", 1)], vec![], vec![flow("f", nodes, Some(list(vec![var(0), var(1)]))), inner]);
    let run = World::new(&mut Memory::default())
        .steps(|run, _| if run.args[0].1 == Value::Int(2) { fails(ErrorClass::Exit(1)) } else { gives(1) })
        .run(&program, "f");
    assert_eq!(run.driver.result(), Some(&Value::List([Value::Int(1), Value::Int(-1)].into())));
    let paths: Vec<_> = run.ends().map(|end| (&*end.path, &*end.key)).collect();
    assert!(paths.contains(&("0.0", "m.f/first/work")) && paths.contains(&("1.0", "m.f/second/work")), "{paths:?}");
    assert_eq!(run.end.status, RunStatus::Succeeded);
}

#[test]
fn waiting_takes_its_time_and_nothing_else() {
    let wait = NodeKind::Wait { duration: constant(Value::Duration(jiff::SignedDuration::from_secs(90))) };
    let nodes =
        vec![node(0, "wait", wait), after(call(1, "then", "one", vec![]), &[0]), call(2, "free", "two", vec![])];
    let program = program(vec![step("one", 0), step("two", 0)], vec![], vec![flow("f", nodes, None)]);
    let run = World::new(&mut Memory::default()).run(&program, "f");
    let begins: Vec<_> = run.attempts.iter().map(|(ms, label, _)| (*ms, &**label)).collect();
    assert_eq!(begins, [(0, "free"), (90_000, "then")]);
}

#[test]
fn conditions_that_are_required() {
    let require = |id, holds: bool, warn| {
        let message = Some(constant(Value::String("not today".into())));
        node(
            id,
            &format!("require{id}"),
            NodeKind::Require {
                condition: constant(Value::Bool(holds)),
                text: "sunny".into(),
                warn,
                message: message.map(Box::new),
            },
        )
    };
    let nodes = vec![
        require(0, true, false),
        require(1, false, true),
        require(2, false, false),
        after(call(3, "x", "one", vec![]), &[2]),
    ];
    let program = program(vec![step("one", 0)], vec![], vec![flow("f", nodes, None)]);
    let run = World::new(&mut Memory::default()).run(&program, "f");
    assert_eq!(
        (run.status("require0"), run.status("require1"), run.status("require2")),
        (Succeeded, Succeeded, Failed)
    );
    assert_eq!((run.status("x"), run.attempts.len()), (NotRun, 0));
    assert!(run.end.only_contracts);
    assert_eq!(run.end_of("require2").failure.as_ref().unwrap().message, "not today");
}

#[test]
fn idempotency_keys_are_sent_along_in_full() {
    let key = Idempotency::By(add(var(0), int(1)));
    let send = Step { idempotent: Some(key), effect: Effect::Write, cache: CachePolicy::Never, ..step("send", 1) };
    let program = program(vec![send], vec![], vec![flow("f", vec![call(0, "x", "send", vec![int(41)])], None)]);
    let run = World::new(&mut Memory::default()).run(&program, "f");
    assert_eq!(run.keys, [Some("42".to_owned())]);
}

#[test]
fn an_expression_that_has_no_value_fails_its_node_with_its_code() {
    let bad = binary(BinaryOp::Divide, int(1), int(0));
    let nodes = vec![compute(0, "bad", bad), call(1, "x", "same", vec![var(0)])];
    let program = program(vec![step("same", 1)], vec![], vec![flow("f", nodes, None)]);
    let run = World::new(&mut Memory::default()).run(&program, "f");
    assert_eq!((run.status("bad"), run.status("x")), (Failed, NotRun));
    assert_eq!(&*run.end_of("bad").failure.as_ref().unwrap().code, "R0002");
}

#[test]
fn a_plan_that_waits_for_itself_ends_all_the_same() {
    let mut first = call(0, "a", "same", vec![var(1)]);
    first.needs = vec![flow_plan::NodeId(1)];
    let second = call(1, "b", "same", vec![var(0)]);
    let program = program(vec![step("same", 1)], vec![], vec![flow("f", vec![first, second], None)]);
    let run = World::new(&mut Memory::default()).run(&program, "f");
    assert_eq!((run.end.status, run.status("a"), run.status("b")), (RunStatus::Failed, Failed, NotRun));
}
