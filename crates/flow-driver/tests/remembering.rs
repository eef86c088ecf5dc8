//! What runs again and why: kept results, early cut-off, datasets, plans, selections.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests stop at what they did not expect")]

mod harness;

use flow_driver::{Forced, How, NodeStatus::*, RunStatus};
use flow_expr::{Type, Value, VarId};
use flow_plan::{
    Body, CachePolicy, DataTimeSource, Decision, Effect, Freshness, HandlerEvent, NodeId, NodeKind, Param, Program,
    Reason, StaleAction, Step, Verdict,
};
use harness::*;

/// `raw` is read, `first` cleans it, `second` counts what is clean, the count is written.
fn pipeline() -> Program {
    let nodes = vec![
        read(0, "raw"),
        call(1, "clean", "clean", vec![var(0)]),
        call(2, "count", "count", vec![var(1)]),
        write(3, "total", var(2)),
    ];
    let total = flow_plan::Dataset { writer: Some(name("m.f")), ..dataset("total") };
    program(vec![step("clean", 1), step("count", 1)], vec![dataset("raw"), total], vec![flow("f", nodes, None)])
}

fn with_raw(value: i64) -> Memory {
    let mut memory = Memory::default();
    memory.places.insert(name("m.raw"), (Value::Int(value), Some(at(0))));
    memory
}

fn run(memory: &mut Memory, program: &Program) -> Run {
    // Cleaning forgets the last digit, so different raw data may give the same clean data.
    let run = World::new(memory).steps(|run, _| {
        let Value::Int(value) = run.args[0].1 else { panic!() };
        (10, Ok(Value::Int(if run.step.name.short() == "clean" { value / 10 } else { value + 1 })))
    });
    run.run(program, "f")
}

fn reasons(run: &Run, label: &str) -> Vec<Reason> {
    run.end_of(label).decision.clone().unwrap().reasons
}

#[test]
fn nothing_changed_means_no_work() {
    let (mut memory, program) = (with_raw(123), pipeline());
    let first = run(&mut memory, &program);
    assert_eq!(first.ran(), ["clean", "count"]);
    assert_eq!(reasons(&first, "clean"), [Reason::NeverRan]);
    assert_eq!(memory.places[&name("m.total")].0, Value::Int(13));
    let second = run(&mut memory, &program);
    assert!(second.ran().is_empty());
    assert_eq!((second.end.status, second.end.counts.reused, second.end.counts.ran), (RunStatus::Succeeded, 3, 0));
    for label in ["raw", "clean", "count", "write total"] {
        assert_eq!(second.end_of(label).how, Some(How::Reused), "{label}");
        assert_eq!(reasons(&second, label), [Reason::Unchanged { run: "r1".into() }]);
    }
    assert!(second.ends().all(|end| end.record.is_none()), "nothing new is to be remembered");
}

#[test]
fn changed_data_runs_what_depends_on_it_until_a_result_is_the_same() {
    let (mut memory, program) = (with_raw(123), pipeline());
    run(&mut memory, &program);
    memory.places.insert(name("m.raw"), (Value::Int(125), Some(at(1))));
    let cut = run(&mut memory, &program);
    assert_eq!(cut.ran(), ["clean"], "the clean data is the same");
    assert!(
        matches!(&reasons(&cut, "clean")[..], [Reason::InputChanged { input, old, new }] if &**input == "a" && &**old == "123" && &**new == "125")
    );
    memory.places.insert(name("m.raw"), (Value::Int(999), Some(at(2))));
    assert_eq!(run(&mut memory, &program).ran(), ["clean", "count"]);
    // A result of long ago is as good as the last one.
    memory.places.insert(name("m.raw"), (Value::Int(123), Some(at(3))));
    let back = run(&mut memory, &program);
    assert!(back.ran().is_empty());
    assert_eq!(memory.places[&name("m.total")].0, Value::Int(13));
}

#[test]
fn changed_code_runs_exactly_what_depends_on_it() {
    let (mut memory, mut program) = (with_raw(123), pipeline());
    run(&mut memory, &program);
    let changed = Body::Sql { text: "select count, more".into(), connection: None };
    program.steps.get_mut(&name("m.count")).unwrap().body = changed;
    let again = run(&mut memory, &program);
    assert_eq!(again.ran(), ["count"]);
    assert!(matches!(&reasons(&again, "count")[..], [Reason::CodeChanged { clause, old, new, .. }]
        if &**clause == "body" && &**old == "select count" && &**new == "select count, more"));
    // How long and how often is no part of what a result is.
    let count = program.steps.get_mut(&name("m.count")).unwrap();
    (count.timeout_ms, count.owner) = (1, Some("somebody".into()));
    assert!(run(&mut memory, &program).ran().is_empty());
}

#[test]
fn what_changes_the_world_runs_each_time_and_its_result_cuts_off_the_rest() {
    let mut program = pipeline();
    let clean = program.steps.get_mut(&name("m.clean")).unwrap();
    (clean.body, clean.effect) = (Body::Shell { script: "clean".into() }, Effect::Write);
    clean.cache = CachePolicy::Never;
    let mut memory = with_raw(123);
    run(&mut memory, &program);
    let second = run(&mut memory, &program);
    assert_eq!(second.ran(), ["clean"]);
    assert!(
        matches!(&reasons(&second, "clean")[..], [Reason::NotCacheable { why }] if &**why == "`sh` steps may change the world")
    );
}

#[test]
fn results_expire_and_can_be_forced() {
    let mut program = pipeline();
    program.steps.get_mut(&name("m.clean")).unwrap().cache = CachePolicy::For(5_000_000);
    let mut memory = with_raw(123);
    run(&mut memory, &program);
    assert!(run(&mut memory, &program).ran().is_empty(), "an hour later");
    let expired = run(&mut memory, &program);
    assert_eq!(expired.ran(), ["clean"], "two hours later");
    assert!(matches!(reasons(&expired, "clean")[..], [Reason::CacheExpired { limit_ms: 5_000_000, .. }]));
    let forced = World { forced: Forced::Nodes(vec![2]), ..World::new(&mut memory) }.run(&program, "f");
    assert_eq!((forced.ran(), reasons(&forced, "count")), (vec!["count"], vec![Reason::Forced]));
}

#[test]
fn what_failed_runs_again_and_says_so() {
    let program = program(vec![step("bad", 0)], vec![], vec![flow("f", vec![call(0, "bad", "bad", vec![])], None)]);
    let mut memory = Memory::default();
    let failure = flow_plan::Failure::new(flow_plan::ErrorClass::Exit(1), "R0000", "no");
    World::new(&mut memory).steps(|_, _| (10, Err(failure.clone()))).run(&program, "f");
    let second = World::new(&mut memory).run(&program, "f");
    assert_eq!(reasons(&second, "bad"), [Reason::FailedLastTime { run: "r1".into() }]);
    assert_eq!(second.end.status, RunStatus::Succeeded);
}

#[test]
fn an_output_that_somebody_changed_is_written_again() {
    let (mut memory, program) = (with_raw(123), pipeline());
    run(&mut memory, &program);
    memory.places.insert(name("m.total"), (Value::Int(0), Some(at(5))));
    let second = run(&mut memory, &program);
    assert!(second.ran().is_empty());
    assert_eq!(reasons(&second, "write total"), [Reason::OutputMissing { dataset: name("m.total") }]);
    assert_eq!(memory.places[&name("m.total")].0, Value::Int(13));
}

#[test]
fn parameters_are_named_as_such() {
    let mut parametric = flow("f", vec![call(0, "x", "same", vec![var(80)])], None);
    parametric.params.push(Param {
        name: "day".into(),
        var: VarId(80),
        ty: Type::Int,
        default: Some(int(1)),
        labels: vec![],
    });
    let program = program(vec![step("same", 1)], vec![], vec![parametric]);
    let mut memory = Memory::default();
    World::new(&mut memory).run(&program, "f");
    let params = [("day".into(), Value::Int(2))].into();
    let second = World { params, ..World::new(&mut memory) }.run(&program, "f");
    assert!(
        matches!(&reasons(&second, "x")[..], [Reason::ParameterChanged { old, new, .. }] if (&**old, &**new) == ("1", "2"))
    );
}

fn fresh(action: StaleAction) -> Program {
    let raw = flow_plan::Dataset {
        fresh: Some(Freshness { within_ms: 1000, by: DataTimeSource::Modified, at: Default::default() }),
        writer: Some(name("m.maker")),
        ..dataset("raw")
    };
    let kind = NodeKind::RequireFresh { dataset: name("m.raw"), within_ms: 60_000, partition: vec![], action };
    let require = node(0, "require raw", kind);
    let nodes = vec![require, read(1, "raw"), after(call(2, "use", "use", vec![var(1)]), &[0])];
    let mut main = flow("f", nodes, None);
    main.handlers.push(handler(HandlerEvent::Stale, vec![call(9, "alarm", "alarm", vec![])]));
    let maker = flow("maker", vec![call(0, "make", "make", vec![]), write(1, "raw", var(0))], None);
    program(vec![step("use", 1), step("make", 0), step("alarm", 0)], vec![raw], vec![main, maker])
}

/// Data that is two minutes old.
fn old() -> Memory {
    let mut memory = Memory::default();
    memory.places.insert(name("m.raw"), (Value::Int(5), Some(at(-120_000))));
    memory
}

#[test]
fn old_data_fails_warns_or_skips() {
    let failing = World::new(&mut old()).run(&fresh(StaleAction::Fail), "f");
    assert_eq!((failing.status("use"), failing.end.only_contracts), (NotRun, true));
    assert_eq!(failing.ran(), ["alarm"]);
    let message = &failing.end_of("require raw").failure.as_ref().unwrap().message;
    assert_eq!(message, "`raw` is 2m old, and must be fresh within 1m");
    let warned = World::new(&mut old()).run(&fresh(StaleAction::Warn), "f");
    assert_eq!((warned.end.status, warned.status("use")), (RunStatus::Succeeded, Succeeded));
    let skipped = World::new(&mut old()).run(&fresh(StaleAction::Skip), "f");
    assert_eq!((skipped.end.status, skipped.status("use")), (RunStatus::Skipped, Skipped));
    let mut young = Memory::default();
    young.places.insert(name("m.raw"), (Value::Int(5), Some(at(-50_000))));
    assert_eq!(World::new(&mut young).run(&fresh(StaleAction::Fail), "f").ran(), ["use"]);
}

#[test]
fn old_data_is_waited_for() {
    let program = fresh(StaleAction::Wait(600_000));
    let arrival = (90_000, name("m.raw"), Value::Int(6), at(80_000));
    let mut memory = old();
    let run = World { arrivals: vec![arrival], ..World::new(&mut memory) }.run(&program, "f");
    assert_eq!((run.end.status, run.status("use")), (RunStatus::Succeeded, Succeeded));
    let (began, ..) = run.attempts.iter().find(|(_, label, _)| &**label == "use").unwrap();
    assert!((90_000..=120_100).contains(began), "{began}");
    let run = World::new(&mut old()).run(&program, "f");
    assert_eq!((run.end.status, run.took()), (RunStatus::Failed, 600_000));
}

#[test]
fn old_data_is_made_anew() {
    let mut memory = old();
    let run = World::new(&mut memory).run(&fresh(StaleAction::Refresh), "f");
    assert_eq!(run.end.status, RunStatus::Succeeded, "{:?}", run.driver.root_failures());
    assert_eq!(run.end_of("make").path, "0.0".into());
    let position = |label| run.ran().iter().position(|ran| *ran == label).unwrap();
    assert!(position("make") < position("use"));
    assert_eq!(memory.places[&name("m.raw")].0, Value::Int(1));
}

#[test]
fn a_fresh_file_made_from_old_data_is_old() {
    let (mut memory, program) = (with_raw(123), pipeline());
    memory.places.insert(name("m.raw"), (Value::Int(123), Some(at(-999_000))));
    run(&mut memory, &program);
    let version = memory.versions[&name("m.total")].last().unwrap();
    assert_eq!(version.data_time, Some(at(-999_000)));
    // The same content made from newer data is newer.
    memory.places.insert(name("m.raw"), (Value::Int(124), Some(at(-5))));
    run(&mut memory, &program);
    assert_eq!(memory.versions[&name("m.total")].last().unwrap().data_time, Some(at(-5)));
}

#[test]
fn what_a_run_has_written_itself_keeps_its_data_time_when_read_back() {
    let nodes = vec![read(0, "raw"), write(1, "out", var(0)), after(read(2, "out"), &[1]), write(3, "copy", var(2))];
    let datasets = ["raw", "out", "copy"]
        .map(|short| flow_plan::Dataset { writer: (short != "raw").then(|| name("m.f")), ..dataset(short) });
    let program = program(vec![], datasets.into(), vec![flow("f", nodes, None)]);
    let mut memory = Memory::default();
    memory.places.insert(name("m.raw"), (Value::Int(1), Some(at(-777_000))));
    World { forgets: true, ..World::new(&mut memory) }.run(&program, "f");
    assert_eq!(memory.versions[&name("m.copy")].last().unwrap().data_time, Some(at(-777_000)));
}

#[test]
fn one_version_for_the_whole_run() {
    let nodes = vec![read(0, "raw"), call(1, "slow", "slow", vec![]), after(read(2, "raw"), &[1])];
    let program =
        program(vec![step("slow", 0)], vec![dataset("raw")], vec![flow("f", nodes, Some(list(vec![var(0), var(2)])))]);
    let mut memory = with_raw(1);
    let arrivals = vec![(50, name("m.raw"), Value::Int(2), at(50))];
    let world = World { arrivals, ..World::new(&mut memory) };
    let run = world.steps(|_, _| (100, Ok(Value::Int(0)))).run(&program, "f");
    assert_eq!(run.driver.result(), Some(&Value::List([Value::Int(1), Value::Int(1)].into())));
}

type Decisions = Vec<(NodeId, Decision)>;

fn verdicts(decisions: &Decisions) -> Vec<(u32, Verdict)> {
    decisions.iter().map(|(node, decision)| (node.0, decision.verdict)).collect()
}

fn plan(memory: &mut Memory, program: &Program) -> Decisions {
    let run = World { dry: true, ..World::new(memory) };
    run.steps(|_, _| panic!("a plan runs nothing")).run(program, "f").driver.into_decisions()
}

#[test]
fn a_plan_says_what_a_run_would_do() {
    use Verdict::{Maybe, Reuse, Run};
    let (mut memory, mut program) = (with_raw(123), pipeline());
    assert_eq!(verdicts(&plan(&mut memory, &program)), [(0, Run), (1, Run), (2, Run), (3, Run)]);
    assert!(memory.records.is_empty() && memory.versions.is_empty());
    run(&mut memory, &program);
    assert_eq!(verdicts(&plan(&mut memory, &program)), [(0, Reuse), (1, Reuse), (2, Reuse), (3, Reuse)]);
    memory.places.insert(name("m.raw"), (Value::Int(125), Some(at(1))));
    let changed = plan(&mut memory, &program);
    assert_eq!(verdicts(&changed), [(0, Run), (1, Maybe), (2, Maybe), (3, Maybe)]);
    assert_eq!(changed[1].1.reasons, [Reason::UpstreamRuns { node: "raw".into() }]);
    memory.places.insert(name("m.raw"), (Value::Int(123), Some(at(1))));
    program.steps.get_mut(&name("m.count")).unwrap().body = Body::Sql { text: "x".into(), connection: None };
    assert_eq!(verdicts(&plan(&mut memory, &program)), [(0, Reuse), (1, Reuse), (2, Run), (3, Maybe)]);
}

#[test]
fn a_plan_knows_which_branch_is_not_taken() {
    let branch = |condition| NodeKind::If {
        condition,
        then: block(vec![call(1, "then", "same", vec![int(1)])], Some(var(1))),
        otherwise: block(vec![call(2, "otherwise", "same", vec![int(2)])], Some(var(2))),
    };
    let known = flow("f", vec![node(0, "branch", branch(constant(Value::Bool(true))))], None);
    let known = plan(&mut Memory::default(), &program(vec![step("same", 1)], vec![], vec![known]));
    assert_eq!(known[1].0.0, 2);
    assert_eq!(known[1].1.reasons, [Reason::BranchNotTaken]);
    let condition = binary_equal(var(3), int(1));
    let unknown = flow("f", vec![call(3, "ask", "ask", vec![]), node(0, "branch", branch(condition))], None);
    let unknown = plan(&mut Memory::default(), &program(vec![step("same", 1), step("ask", 0)], vec![], vec![unknown]));
    assert_eq!(verdicts(&unknown), [(0, Verdict::Maybe), (1, Verdict::Maybe), (2, Verdict::Maybe), (3, Verdict::Run)]);
}

fn binary_equal(left: flow_expr::Expr, right: flow_expr::Expr) -> flow_expr::Expr {
    binary(flow_expr::BinaryOp::Equal, left, right)
}

#[test]
fn what_is_not_selected_is_left_alone_and_its_last_result_stands_in() {
    let (mut memory, program) = (with_raw(123), pipeline());
    let selected = |memory: &mut Memory, unselected: &[u32]| {
        World { unselected: unselected.iter().copied().collect(), forced: Forced::All, ..World::new(memory) }
            .run(&program, "f")
    };
    let first = selected(&mut memory, &[0, 1, 3]);
    assert_eq!(&*first.end_of("count").failure.as_ref().unwrap().code, "R0710");
    run(&mut memory, &program);
    let second = selected(&mut memory, &[0, 1, 3]);
    assert_eq!((second.ran(), second.end.status), (vec!["count"], RunStatus::Succeeded));
    assert_eq!(second.end_of("clean").decision.as_ref().unwrap().reasons, [Reason::NotSelected]);
}

#[test]
fn a_pure_step_is_called_once_for_the_same_inputs() {
    let twice = Step { guards: vec![], ..step("same", 1) };
    let nodes = vec![call(0, "x", "same", vec![int(1)]), call(1, "y", "same", vec![var(0)])];
    let program = program(vec![twice], vec![], vec![flow("f", nodes, None)]);
    assert_eq!(World::new(&mut Memory::default()).run(&program, "f").ran(), ["x"]);
}

#[test]
fn a_plan_that_looks_nowhere_says_what_it_does_not_know() {
    use Verdict::{Maybe, Run};
    let (mut memory, program) = (with_raw(123), pipeline());
    let blind = |memory: &mut Memory, program: &Program| {
        let world = World { dry: true, blind: true, ..World::new(memory) };
        let run = world.steps(|_, _| panic!("a plan runs nothing")).run(program, "f");
        (run.driver.into_decisions(), run.end.status)
    };
    assert_eq!(verdicts(&blind(&mut memory, &program).0), [(0, Run), (1, Run), (2, Run), (3, Run)]);
    run(&mut memory, &program);
    let (decisions, _) = blind(&mut memory, &program);
    assert_eq!(verdicts(&decisions), [(0, Maybe), (1, Maybe), (2, Maybe), (3, Maybe)]);
    assert_eq!(decisions[0].1.reasons, [Reason::NotLookedAt { dataset: name("m.raw") }]);
    assert!(decisions.iter().all(|(_, decision)| !decision.reasons.is_empty()), "{decisions:?}");
    let mut fresh = program.clone();
    fresh.flows.get_mut(&name("m.f")).unwrap().body.nodes = vec![node(
        0,
        "require raw",
        NodeKind::RequireFresh { dataset: name("m.raw"), partition: vec![], within_ms: 1, action: StaleAction::Fail },
    )];
    let (decisions, status) = blind(&mut memory, &fresh);
    assert_eq!(verdicts(&decisions), [(0, Maybe)]);
    assert_eq!(status, RunStatus::Succeeded, "nobody knows that it is stale");
}

#[test]
fn what_stood_in_for_a_failure_is_said_the_next_time() {
    let nodes = vec![call(0, "x", "flaky", vec![int(1)])];
    let flaky = Step { fallback: Some(int(7)), ..step("flaky", 1) };
    let program = program(vec![flaky], vec![], vec![flow("f", nodes, None)]);
    let mut memory = Memory::default();
    let run = |memory: &mut Memory, works| {
        let failure = flow_plan::Failure::new(flow_plan::ErrorClass::Exit(1), "R0101", "it broke");
        let steps =
            move |_: &flow_driver::RunStep, _| (1, if works { Ok(Value::Int(1)) } else { Err(failure.clone()) });
        World::new(memory).steps(steps).run(&program, "f")
    };
    assert_eq!(run(&mut memory, false).end_of("x").how, Some(How::Fallback));
    let second = run(&mut memory, true);
    assert_eq!(reasons(&second, "x"), [Reason::RecoveredLastTime { run: "r1".into() }]);
    assert_eq!(run(&mut memory, true).end_of("x").how, Some(How::Reused));
}

#[test]
fn partitions_are_remembered_apart() {
    let key = Param { name: "key".into(), var: VarId(80), ty: Type::Int, default: None, labels: vec![] };
    let raw = flow_plan::Dataset { partition: vec![key.clone()], ..dataset("raw") };
    let read = NodeKind::Read { dataset: name("m.raw"), partition: vec![var(80)], previous: false };
    let nodes = vec![node(0, "raw", read), call(1, "clean", "clean", vec![var(0)])];
    let by_key = flow_plan::Flow { params: vec![key], ..flow("f", nodes, None) };
    let program = program(vec![step("clean", 1)], vec![raw], vec![by_key]);
    let mut memory = with_raw(123);
    let run = |memory: &mut Memory, value: i64| {
        let params = [("key".into(), Value::Int(value))].into();
        World { params, ..World::new(memory) }.run(&program, "f")
    };
    run(&mut memory, 1);
    assert_eq!(memory.records.keys().map(|key| &**key).collect::<Vec<_>>(), ["m.f[key=1]/clean"]);
    memory.places.insert(name("m.raw"), (Value::Int(5), Some(at(0))));
    assert_eq!(reasons(&run(&mut memory, 2), "clean"), [Reason::NeverRan]);
}
