//! Judges, and budgets that steps, flows and runs share: under virtual time, with scripted answers.

#![allow(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

mod harness;

use flow_driver::{Command, ContractVerdict, Driver, How, NodeStatus, Note};
use flow_expr::{BinaryOp, Expr, ExprKind, Part, Value};
use flow_plan::{
    AiBody, Body, Budget, ErrorClass, Failure, FlowBudget, Guard, GuardAction, Model, Node, NodeKind, Price, Program,
    Provider, Step,
};
use harness::*;

fn model(short: &str) -> Model {
    Model {
        name: name(&format!("m.{short}")),
        provider: Provider::Openai,
        model: short.into(),
        endpoint: None,
        key: None,
        price: Some(Price { input: 1_000_000, output: 1_000_000 }),
        limit: None,
        context: None,
        max_tokens: Some(50),
        temperature: None,
        accepts: vec![],
        at: Default::default(),
    }
}

fn asking(short: &str, model: &str, params: u32) -> Step {
    let body = AiBody {
        models: vec![name(&format!("m.{model}"))],
        system: vec![],
        prompt: vec![Part::Text("How many?".into())],
        max_tokens: None,
        temperature: None,
        seed: None,
        tools: vec![],
        turns: 2,
    };
    Step { body: Body::Ai(Box::new(body)), cache: flow_plan::CachePolicy::Never, ..step(short, params) }
}

/// `guard good(it) else retry`: what the judge says is a Bool.
fn judged(action: GuardAction) -> Guard {
    let call = Expr::new(ExprKind::Call(name("m.good"), vec![it()]), Default::default());
    Guard { condition: call, text: "good(it)".into(), action }
}

fn asks(count: u64) -> Option<Budget> {
    Some(Budget { asks: Some(count), ..Budget::default() })
}

fn world_of(step: Step, judge: Step) -> Program {
    let flows = vec![flow("main", vec![call(1, "count", "count", vec![])], Some(var(1)))];
    let mut program = program(vec![step], vec![], flows);
    program.models = ["writer", "strict"].map(|short| (name(&format!("m.{short}")), model(short))).into();
    program.judges.insert(judge.name.clone(), judge);
    program
}

fn judge() -> Step {
    asking("good", "strict", 1)
}

/// What the writer and the judge say, in order; the last again and again.
fn script(writer: &'static [i64], verdicts: &'static [bool]) -> impl FnMut(&flow_driver::RunStep) -> Value {
    let (mut written, mut said) = (0, 0);
    move |run| {
        if run.step.name.short() == "good" {
            said += 1;
            Value::Bool(*verdicts.get(said - 1).or(verdicts.last()).unwrap())
        } else {
            written += 1;
            Value::Int(*writer.get(written - 1).or(writer.last()).unwrap())
        }
    }
}

fn asked(run: &Run) -> Vec<&str> {
    run.asks.iter().map(|ask| ask.model.short()).collect()
}

/// The journal, replayed into a new driver, gives the same state.
fn replays(run: &Run, program: Program, params: std::collections::BTreeMap<std::sync::Arc<str>, Value>) {
    let program = std::sync::Arc::new(program);
    let mut again = Driver::with_program(program, name("m.main"), params, Default::default(), run.start.clone());
    let mut asks = vec![];
    for (now, event) in run.journal.clone() {
        for command in again.on(event, now) {
            if let Command::Run(step) = command {
                asks.extend(step.ask.as_deref().cloned());
            }
        }
    }
    assert_eq!(asks, run.asks);
    assert_eq!(again.snapshot(), run.driver.snapshot());
}

#[test]
fn a_judge_is_asked_once_for_each_result_and_its_asks_are_numbered_with_the_others() {
    let step = Step { guards: vec![judged(GuardAction::Retry(None))], budget: asks(4), ..asking("count", "writer", 0) };
    let program = world_of(step, judge());
    let mut says = script(&[1, 2], &[false, true]);
    let run = World::new(&mut Memory::default()).steps(move |run, _| (10, Ok(says(run)))).run(&program, "main");
    assert_eq!(run.driver.result(), Some(&Value::Int(2)));
    assert_eq!(asked(&run), ["writer", "strict", "writer", "strict"]);
    let judged: Vec<(u32, bool)> = run
        .notes
        .iter()
        .filter_map(|(_, note)| match note {
            Note::Attempted { attempt, judge, .. } => Some((*attempt, judge.is_some())),
            _ => None,
        })
        .collect();
    assert_eq!(judged, [(1, false), (2, true), (3, false), (4, true)]);
    let charged = run.notes.iter().filter(|(_, note)| matches!(note, Note::Charged(_))).count();
    assert_eq!(charged, 4, "each ask is charged before it is sent");
    replays(&run, program, Default::default());
}

#[test]
fn what_a_judge_uses_counts_for_the_step_and_for_itself() {
    let step = |count| Step {
        guards: vec![judged(GuardAction::Retry(None))],
        budget: asks(count),
        fallback: Some(int(99)),
        ..asking("count", "writer", 0)
    };
    for (steps_own, judges_own, expected) in
        [(3, 9, vec!["writer", "strict", "writer"]), (9, 1, vec!["writer", "strict", "writer", "strict"])]
    {
        let judge = Step { budget: asks(judges_own), ..judge() };
        let program = world_of(step(steps_own), judge);
        let mut says = script(&[1], &[false, true]);
        let run = World::new(&mut Memory::default()).steps(move |run, _| (10, Ok(says(run)))).run(&program, "main");
        assert_eq!(asked(&run), expected);
        let how = if steps_own == 3 { How::Fallback } else { How::Ran };
        assert_eq!(run.end_of("count").how, Some(how), "a judge's budget is for one question");
        replays(&run, program, Default::default());
    }
}

#[test]
fn a_judge_that_fails_leaves_the_guard_failed() {
    let malformed = || Failure::new(ErrorClass::Malformed, "R0820", "no Bool");
    for fails in [malformed(), Failure::new(ErrorClass::Timeout, "R0101", "too slow")] {
        let step = Step { guards: vec![judged(GuardAction::Fail(None))], ..asking("count", "writer", 0) };
        let program = world_of(step, judge());
        let why = fails.message.clone();
        let run = World::new(&mut Memory::default())
            .steps(move |run, _| {
                let is_judge = run.step.name.short() == "good";
                (10, if is_judge { Err(fails.clone()) } else { Ok(Value::Int(1)) })
            })
            .run(&program, "main");
        assert_eq!(run.status("count"), NodeStatus::Failed);
        let failure = run.end_of("count").failure.clone().unwrap();
        assert_eq!((failure.class, &*failure.code), (ErrorClass::GuardFailed, "R0717"));
        assert!(failure.message.contains("gave no verdict") && failure.message.contains(&why), "{failure:?}");
        let verdict = run.notes.iter().find_map(|(_, note)| match note {
            Note::Contract { verdict, .. } => Some(verdict.clone()),
            _ => None,
        });
        let Some(ContractVerdict::Guard { kept: false, judges, .. }) = verdict.as_deref() else {
            panic!("{verdict:?}")
        };
        assert_eq!((judges.len(), judges[0].verdict.is_none()), (1, true));
    }
}

#[test]
fn a_fallback_of_the_judge_is_its_verdict() {
    for (falls_back_to, how) in [(true, NodeStatus::Succeeded), (false, NodeStatus::Failed)] {
        let step = Step { guards: vec![judged(GuardAction::Fail(None))], ..asking("count", "writer", 0) };
        let judge = Step { fallback: Some(constant(Value::Bool(falls_back_to))), ..judge() };
        let run = World::new(&mut Memory::default())
            .steps(|run, _| match run.step.name.short() {
                "good" => (10, Err(Failure::new(ErrorClass::Refused, "R0000", "no"))),
                _ => (10, Ok(Value::Int(1))),
            })
            .run(&world_of(step, judge), "main");
        assert_eq!(run.status("count"), how);
    }
}

#[test]
fn a_cancel_while_a_judge_is_asked_ends_the_step() {
    let step = Step { guards: vec![judged(GuardAction::Fail(None))], ..asking("count", "writer", 0) };
    let program = world_of(step, judge());
    let mut memory = Memory::default();
    let mut world = World::new(&mut memory).steps(|run, _| match run.step.name.short() {
        "good" => (10_000, Ok(Value::Bool(true))),
        _ => (10, Ok(Value::Int(1))),
    });
    world.cancel_at = Some(500);
    let run = world.run(&program, "main");
    assert_eq!(run.status("count"), NodeStatus::Cancelled);
    assert_eq!(run.stopped.len(), 1);
    replays(&run, program, Default::default());
}

/// `for i in 1..=n parallel 3 { count() else 0 }`, with budgets.
fn looping(budgets: Vec<FlowBudget>) -> Program {
    let recover = Some(block(vec![], Some(int(0))));
    let kind = NodeKind::Call { step: name("m.count"), args: vec![], recover };
    let body = block(vec![node(2, "count", kind)], Some(var(2)));
    let items = list((1..=6).map(int).collect());
    let each = NodeKind::For { item: flow_expr::VarId(9), items, limit: 9, parallel: 3, body };
    let main = flow("main", vec![Node { ..node(1, "each", each) }], None);
    let mut program = world_of(asking("count", "writer", 0), judge());
    program.flows.insert(main.name.clone(), flow_plan::Flow { budgets, ..main });
    program
}

fn budget(caps: Budget, per_ms: Option<u64>) -> FlowBudget {
    FlowBudget { caps, per_ms, at: Default::default() }
}

#[test]
fn a_run_s_budget_holds_for_asks_that_go_on_at_once() {
    // An ask is charged with 150 tokens and uses 150; the third one of the first round finds no room.
    for (caps, sent) in [
        (Budget { asks: Some(2), ..Budget::default() }, 2),
        (Budget { tokens: Some(449), ..Budget::default() }, 2),
        (Budget { micro_dollars: Some(450), ..Budget::default() }, 3),
    ] {
        let program = looping(vec![budget(caps, None)]);
        let run = World::new(&mut Memory::default())
            .steps(|_, _| (10, Ok(Value::Int(1))))
            .answers(|_, ask, _| flow_plan::AskReport { micro_dollars: 150, ..report(ask, "1") })
            .run(&program, "main");
        assert_eq!(run.asks.len(), sent);
        let recovered = run.ends().filter(|end| end.how == Some(How::Recovered)).count();
        assert_eq!(recovered, 6 - sent);
        replays(&run, program, Default::default());
    }
}

#[test]
fn the_budget_of_a_time_outlives_runs_and_is_asked_before_each_ask() {
    let hour = 3_600_000;
    let program = looping(vec![budget(Budget { asks: Some(8), ..Budget::default() }, Some(hour + 1000))]);
    let mut memory = Memory::default();
    for (run, sent) in [6, 2, 6].into_iter().enumerate() {
        // Runs of this world begin an hour apart: the third one is free of the first.
        let run_of = World::new(&mut memory).steps(|_, _| (10, Ok(Value::Int(1)))).run(&program, "main");
        assert_eq!(run_of.asks.len(), sent, "run {run}");
        replays(&run_of, program.clone(), Default::default());
    }
}

#[test]
fn what_is_reserved_and_never_sent_is_released() {
    let program = looping(vec![budget(Budget { asks: Some(8), ..Budget::default() }, Some(1000))]);
    let mut memory = Memory::default();
    let mut world = World::new(&mut memory).steps(|_, _| (10_000, Ok(Value::Int(1))));
    world.jobs = 1;
    world.cancel_at = Some(500);
    let run = world.run(&program, "main");
    let released = run.notes.iter().filter(|(_, note)| matches!(note, Note::Released { .. })).count();
    assert_eq!((run.asks.len(), memory.charged.len() - released), (1, 1), "one was sent, the others gave back");
}

#[test]
fn a_judge_of_a_script_looks_at_what_it_made() {
    let step = Step { guards: vec![judged(GuardAction::Fail(None))], ..step("count", 0) };
    let program = world_of(step, judge());
    let mut says = script(&[5], &[false]);
    let run = World::new(&mut Memory::default()).steps(move |run, _| (10, Ok(says(run)))).run(&program, "main");
    assert_eq!((run.status("count"), asked(&run)), (NodeStatus::Failed, vec!["strict"]));
    let failure = run.end_of("count").failure.clone().unwrap();
    assert!(
        failure.details.iter().any(|detail| detail.contains("the verdict of `good`, as data: \"false\"")),
        "{failure:?}"
    );
}

#[test]
fn two_questions_of_one_guard_are_two_asks() {
    let ask = |value: Expr| Expr::new(ExprKind::Call(name("m.good"), vec![value]), Default::default());
    let both = binary(BinaryOp::And, ask(it()), binary(BinaryOp::And, ask(int(7)), ask(it())));
    let guard = Guard { condition: both, text: "both".into(), action: GuardAction::Fail(None) };
    let program = world_of(Step { guards: vec![guard], ..step("count", 0) }, judge());
    let mut seen: Vec<Value> = vec![];
    let run = World::new(&mut Memory::default())
        .steps(|run, _| {
            if run.step.name.short() == "good" {
                seen.push(run.args[0].1.clone());
                return (10, Ok(Value::Bool(true)));
            }
            (10, Ok(Value::Int(5)))
        })
        .run(&program, "main");
    assert_eq!(run.status("count"), NodeStatus::Succeeded);
    seen.sort_by_key(|value| format!("{value:?}"));
    assert_eq!(seen, [Value::Int(5), Value::Int(7)]);
}
