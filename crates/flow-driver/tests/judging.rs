//! Judges, and budgets that steps, flows and runs share: under virtual time, with scripted answers.

#![allow(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

mod harness;

use flow_driver::{Command, ContractVerdict, Driver, Event, How, NodeStatus, Note, recovery::replay};
use flow_expr::{BinaryOp, Expr, ExprKind, Part, Value};
use flow_plan::{
    AiBody, Body, Budget, ErrorClass, Failure, FlowBudget, Guard, GuardAction, Model, Node, NodeKind, Price, Program,
    Provider, Step,
};
use harness::*;
use proptest::prelude::*;

fn model(short: &str) -> Model {
    let named = Model::new(name(&format!("m.{short}")), Provider::Openai, short);
    Model { price: Some(Price { input: 1_000_000, output: 1_000_000 }), max_tokens: Some(50), ..named }
}

fn asking(short: &str, model: &str, params: u32) -> Step {
    let asked = AiBody::new(vec![name(&format!("m.{model}"))], vec![Part::Text("How many?".into())]);
    let body = AiBody { turns: 2, ..asked };
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
        let Some(ContractVerdict::Guard { kept: false, judges, saw, .. }) = verdict.as_deref() else {
            panic!("{verdict:?}")
        };
        assert_eq!(saw[..], [("it".into(), "1".into())]);
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
fn what_may_be_reserved_is_released_when_a_run_that_was_cut_off_is_ended() {
    let program = looping(vec![budget(Budget { asks: Some(8), ..Budget::default() }, Some(1000))]);
    let run = World::new(&mut Memory::default()).steps(|_, _| (10, Ok(Value::Int(1)))).run(&program, "main");
    let reserved = run.journal.iter().position(|(_, event)| matches!(event, Event::Reserved { .. })).unwrap();
    let fresh = Driver::with_program(
        std::sync::Arc::new(program),
        name("m.main"),
        Default::default(),
        Default::default(),
        run.start.clone(),
    );
    let mut replayed = replay(fresh, run.journal[..reserved].to_vec());
    let open = replayed.open.iter().filter(|open| matches!(open.command, Command::Reserve { .. })).count();
    let commands: Vec<Command> =
        replayed.end().into_iter().flat_map(|event| replayed.driver.on(event, at(90))).collect();
    let released = commands.iter().filter(|command| matches!(command, Command::Note(Note::Released { .. }))).count();
    assert!(open > 0 && released == open, "{released} of {open}");
    assert!(replayed.driver.ended().is_some());
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

/// What a model does with one ask: it answers, fails, or nobody knows what it used.
#[derive(Clone, Debug)]
struct Happens {
    takes: u64,
    used: u64,
    fails: u8,
    known: bool,
}

fn happenings() -> impl Strategy<Value = Vec<Happens>> {
    let one = (1_u64..40, 0_u64..=150, 0_u8..6, prop::bool::weighted(0.8));
    let one = one.prop_map(|(takes, used, fails, known)| Happens { takes, used, fails, known });
    prop::collection::vec(one, 1..40)
}

fn caps() -> impl Strategy<Value = Budget> {
    (prop::option::of(1_u64..9), prop::option::of(100_u64..2000), prop::option::of(100_u64..2000))
        .prop_map(|(asks, tokens, micro_dollars)| Budget { asks, tokens, micro_dollars })
}

fn within(caps: &Budget, used: (u64, u64, u64)) -> bool {
    let keeps = |cap: Option<u64>, used: u64| cap.is_none_or(|cap| used <= cap);
    keeps(caps.asks, used.0) && keeps(caps.tokens, used.1) && keeps(caps.micro_dollars, used.2)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever models and judges do, in runs that follow each other, at most what budgets allow is used, and a replay
    /// decides the same.
    #[test]
    fn no_budget_is_passed(
        happens in happenings(),
        (of_step, of_judge, of_run, of_time) in (caps(), caps(), caps(), caps()),
        retries in 0_u32..3,
        cancel in prop::option::weighted(0.2, 1_i64..60),
    ) {
        let retry = flow_plan::RetryPolicy {
            times: retries,
            on: vec![ErrorClass::Any],
            backoff_min_ms: 1,
            backoff_max_ms: 5,
            within_ms: None,
        };
        let mut program =
            looping(vec![budget(of_run.clone(), None), budget(of_time.clone(), Some(1_000_000_000))]);
        let step = program.steps.get_mut(&name("m.count")).unwrap();
        (step.budget, step.guards) = (Some(of_step.clone()), vec![judged(GuardAction::Retry(None))]);
        step.retry = Some(retry.clone());
        let judge = program.judges.get_mut(&name("m.good")).unwrap();
        (judge.budget, judge.retry) = (Some(of_judge), Some(retry));
        let mut memory = Memory::default();
        for _ in 0..2 {
            let asked = std::cell::Cell::new(0);
            let at = |number: usize| happens[number % happens.len()].clone();
            let mut world = World::new(&mut memory)
                .steps(|run, _| {
                    let now = at(asked.get());
                    let value = match run.step.name.short() {
                        "good" => Value::Bool(now.used % 2 == 0),
                        _ => Value::Int(1),
                    };
                    let failed = |class| Err(Failure::new(class, "R0000", "it went wrong"));
                    let result = match now.fails {
                        0 => failed(ErrorClass::Malformed),
                        1 => failed(ErrorClass::Timeout),
                        _ => Ok(value),
                    };
                    (now.takes, result)
                })
                .answers(|_, ask, _| {
                    let now = at(asked.get());
                    asked.set(asked.get() + 1);
                    let (input_tokens, output_tokens) = (now.used.min(100), now.used.saturating_sub(100));
                    let micro_dollars = input_tokens + output_tokens;
                    flow_plan::AskReport { input_tokens, output_tokens, micro_dollars, known: now.known, ..report(ask, "1") }
                });
            world.cancel_at = cancel;
            let run = world.run(&program, "main");
            // What was charged, with what it did cost in its place where somebody knows.
            let mut spent: std::collections::BTreeMap<(std::sync::Arc<str>, u32), (u64, u64)> = Default::default();
            for (_, note) in &run.notes {
                match note {
                    Note::Charged(charge) => {
                        let worst = (charge.spent().tokens, charge.micro_dollars);
                        prop_assert!(spent.insert((charge.path.clone(), charge.attempt), worst).is_none());
                    }
                    Note::Attempted { path, attempt, ask: Some(ask), .. } if ask.known => {
                        let used = (ask.input_tokens + ask.output_tokens, ask.micro_dollars);
                        spent.insert((path.clone(), *attempt), used);
                    }
                    _ => {}
                }
            }
            prop_assert_eq!(spent.len(), run.asks.len(), "every ask is charged");
            let sum = |path: Option<&str>| {
                let of = spent.iter().filter(|((known, _), _)| path.is_none_or(|path| **known == *path));
                of.fold((0, 0, 0), |sum, (_, used)| (sum.0 + 1, sum.1 + used.0, sum.2 + used.1))
            };
            prop_assert!(within(&of_run, sum(None)), "run: {:?} of {of_run:?}", sum(None));
            for (path, _) in spent.keys() {
                prop_assert!(within(&of_step, sum(Some(path))), "step: {:?} of {of_step:?}", sum(Some(path)));
            }
            replays(&run, program.clone(), Default::default());
        }
        // The memory of these worlds settles nothing: all that was ever charged counts.
        let charged = memory.charged.iter().fold((0, 0, 0), |sum, (_, charge)| {
            (sum.0 + 1, sum.1 + charge.spent().tokens, sum.2 + charge.micro_dollars)
        });
        prop_assert!(within(&of_time, charged), "time: {charged:?} of {of_time:?}");
    }
}
