//! Steps that a model calls, under virtual time: their own clauses hold, each attempt is recorded, asks are on the
//! ledger of whoever called, and what is not called says why.

#![allow(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

mod harness;

use flow_driver::{Answer, ContractVerdict, Driver, NodeStatus, Note, Resolution, Resolved, Says, recovery::replay};
use flow_expr::{BinaryOp, Part, Value, VarId};
use flow_plan::{
    AiBody, AskReport, Body, Budget, Called, Effect, ErrorClass, Failure, Guard, GuardAction, MOST_CALLS, Program,
    RetryPolicy, Said, Step,
};
use harness::*;
use std::sync::Arc;

fn ai(tools: &[&str], turns: u32) -> Body {
    let tools = tools.iter().map(|tool| name(&format!("m.{tool}"))).collect();
    let asked = AiBody::new(vec![name("m.first")], vec![Part::Text("How many?".into())]);
    Body::Ai(Box::new(AiBody { tools, turns, ..asked }))
}

/// A flow with one AI step, `count`, that may call the step `look`.
fn world(count: Step, look: Step) -> Program {
    counting(vec![count, look])
}

fn asking() -> Step {
    Step { body: ai(&["look"], 3), cache: flow_plan::CachePolicy::Never, ..step("count", 0) }
}

fn look() -> Step {
    Step { effect: Effect::Read, cache: flow_plan::CachePolicy::Never, ..step("look", 1) }
}

fn called(id: &str) -> Called {
    let args = vec![("a".into(), Value::Int(3))];
    Called { id: id.into(), step: "m.look".into(), arguments: "{\"a\": 3}".into(), args, refused: None }
}

/// The first answer calls `look` so often; the next one is the result.
fn calls_first(ask: &flow_driver::AskStep, calls: usize) -> AskReport {
    let calls = (0..calls).map(|number| called(&format!("c{number}"))).collect();
    match ask.said.is_empty() {
        true => AskReport { calls, ..report(ask, "") },
        false => report(ask, "8"),
    }
}

fn told(run: &Run) -> Vec<String> {
    let said = run.asks.last().unwrap().said.iter();
    said.filter_map(|said| match said {
        Said::Result { text, .. } => Some(text.to_string()),
        _ => None,
    })
    .collect()
}

/// The attempts: whose, and whether they failed.
fn attempts(run: &Run) -> Vec<(u32, Option<String>, bool)> {
    let note = |note: &Note| match note {
        Note::Attempted { attempt, tool, failure, .. } => {
            Some((*attempt, tool.as_ref().map(|tool| tool.short().to_owned()), failure.is_some()))
        }
        _ => None,
    };
    run.notes.iter().filter_map(|(_, found)| note(found)).collect()
}

fn guard(condition: flow_expr::Expr, action: GuardAction) -> Guard {
    Guard { condition, text: "the guard".into(), action }
}

fn text(text: &str) -> flow_expr::Expr {
    constant(Value::String(text.into()))
}

fn param_of(step: &Step) -> VarId {
    step.params[0].var
}

fn failure(class: ErrorClass) -> Failure {
    Failure::new(class, "R0000", "it went wrong")
}

#[test]
fn a_tool_is_tried_again_as_its_own_policy_says_and_each_attempt_is_recorded() {
    let retry = RetryPolicy {
        times: 2,
        on: vec![ErrorClass::Connection],
        backoff_min_ms: 100,
        backoff_max_ms: 100,
        within_ms: None,
    };
    for (class, tries, expected) in
        [(ErrorClass::Connection, 3, "error: it went wrong"), (ErrorClass::Auth, 1, "error: it went wrong")]
    {
        let tool = Step { retry: Some(retry.clone()), ..look() };
        let run = World::new(&mut Memory::default())
            .steps(|run, _| match &run.ask {
                Some(_) => (10, Ok(Value::Int(8))),
                None => (5, Err(failure(class))),
            })
            .answers(|_, ask, _| calls_first(ask, 1))
            .run(&world(asking(), tool), "main");
        assert_eq!(run.driver.result(), Some(&Value::Int(8)), "what a tool fails with does not fail the step");
        assert_eq!(told(&run), [expected]);
        let found = attempts(&run);
        assert_eq!(found.len(), tries + 2);
        assert!(found[1..=tries].iter().all(|(_, tool, failed)| tool.as_deref() == Some("look") && *failed));
        let numbers: Vec<u32> = found.iter().map(|(number, ..)| *number).collect();
        assert_eq!(numbers, (1..=found.len() as u32).collect::<Vec<_>>(), "each has a number of its own");
    }
}

#[test]
fn a_tools_fallback_stands_in_and_its_guards_look_at_what_it_gave() {
    let too_small = guard(binary(BinaryOp::Greater, it(), int(10)), GuardAction::Fail(Some(text("no"))));
    let lower = guard(binary(BinaryOp::Greater, it(), int(10)), GuardAction::Fallback(int(11)));
    let cases = [
        (Step { fallback: Some(int(77)), ..look() }, Err(failure(ErrorClass::Timeout)), "77"),
        (Step { guards: vec![too_small.clone()], ..look() }, Ok(Value::Int(3)), "error: no"),
        (Step { guards: vec![too_small], ..look() }, Ok(Value::Int(30)), "30"),
        (Step { guards: vec![lower], ..look() }, Ok(Value::Int(3)), "11"),
    ];
    for (tool, gives, expected) in cases {
        let run = World::new(&mut Memory::default())
            .steps(|run, _| (10, if run.ask.is_some() { Ok(Value::Int(8)) } else { gives.clone() }))
            .answers(|_, ask, _| calls_first(ask, 1))
            .run(&world(asking(), tool), "main");
        assert_eq!(told(&run), [expected]);
        assert_eq!(run.status("count"), NodeStatus::Succeeded);
    }
}

#[test]
fn a_guard_on_parameters_is_asked_before_anything_runs() {
    let tool = look();
    let small = binary(BinaryOp::Less, var(param_of(&tool).0), int(3));
    let cases = [
        (GuardAction::Fail(Some(text("too much"))), "error: too much", 0),
        (GuardAction::Retry(Some(text("less"))), "error: less", 0),
        (GuardAction::Fallback(int(0)), "0", 0),
        (GuardAction::Warn(None), "33", 1),
    ];
    for (action, expected, ran) in cases {
        let tool = Step { guards: vec![guard(small.clone(), action)], effect: Effect::Write, ..tool.clone() };
        let mut runs = 0;
        let run = World::new(&mut Memory::default())
            .steps(|run, _| match run.ask {
                Some(_) => (10, Ok(Value::Int(8))),
                None => {
                    runs += 1;
                    (10, Ok(Value::Int(33)))
                }
            })
            .answers(|_, ask, _| calls_first(ask, 1))
            .run(&world(asking(), tool), "main");
        assert_eq!(told(&run), [expected]);
        let asked = run.notes.iter().filter(|(_, note)| {
            matches!(note, Note::Contract { verdict, .. }
                if matches!(&**verdict, ContractVerdict::Guard { tool: Some(tool), kept: false, .. } if tool.short() == "look"))
        });
        assert_eq!(asked.count(), 1, "it is asked once, and recorded as the tool's");
        drop(run);
        assert_eq!(runs, ran);
    }
}

#[test]
fn a_person_lets_a_tool_run_or_not() {
    let ask = GuardAction::Ask { who: text("ops"), message: None, within_ms: 1000 };
    let tool = Step { guards: vec![guard(constant(Value::Bool(false)), ask)], effect: Effect::Write, ..look() };
    let cases = [(Says::Approved, "33", 1), (Says::Rejected, "error: ada rejected it", 0)];
    for (says, expected, ran) in cases {
        let mut runs = 0;
        let run = World::new(&mut Memory::default())
            .steps(|run, _| match run.ask {
                Some(_) => (10, Ok(Value::Int(8))),
                None => {
                    runs += 1;
                    (10, Ok(Value::Int(33)))
                }
            })
            .people(move |question, _| {
                assert_eq!((question.step.short(), &*question.arguments[0].1), ("look", "3"));
                assert!(question.message.contains("run `look` all the same?"), "{}", question.message);
                let digest = question.digest.clone();
                Some((50, Answer { by: "ada".into(), says: says.clone(), note: None, digest }))
            })
            .answers(|_, ask, _| calls_first(ask, 1))
            .run(&world(asking(), tool.clone()), "main");
        assert!(told(&run)[0].starts_with(expected), "{:?}", told(&run));
        drop(run);
        assert_eq!(runs, ran);
    }
}

#[test]
fn a_tool_that_asks_a_model_is_paid_for_by_whoever_called_it() {
    let budget = |asks| Some(Budget { asks: Some(asks), tokens: None, micro_dollars: None });
    for (outer, inner, asks, expected) in [(3, 2, 3, "8"), (2, 2, 2, "8"), (1, 2, 1, "error: "), (3, 0, 2, "error: ")] {
        let count = Step { budget: budget(outer), ..asking() };
        let tool = Step { body: ai(&[], 1), budget: budget(inner), ..look() };
        let run = World::new(&mut Memory::default())
            .steps(|_, _| (10, Ok(Value::Int(8))))
            .answers(|run, ask, _| if run.step.name.short() == "look" { report(ask, "8") } else { calls_first(ask, 1) })
            .run(&world(count, tool), "main");
        assert_eq!(run.asks.len(), asks, "{outer} asks of the step, {inner} of the tool");
        if asks == outer as usize && outer < 3 {
            let failures = run.driver.root_failures();
            assert!(failures[0].2.message.contains("budget of"), "{failures:?}");
        } else {
            assert!(told(&run)[0].starts_with(expected), "{:?}", told(&run));
        }
        let charged = run.notes.iter().filter(|(_, note)| {
            matches!(note, Note::Charged(charge) if charge.tool.as_ref().is_some_and(|tool| tool.short() == "look"))
        });
        assert_eq!(charged.count(), usize::from(outer > 1 && inner > 0));
    }
}

#[test]
fn one_answer_calls_no_more_than_it_may_and_what_is_too_long_is_not_told() {
    let run = World::new(&mut Memory::default())
        .steps(|run, _| (10, Ok(Value::Int(if run.ask.is_some() { 8 } else { 33 }))))
        .answers(|_, ask, _| calls_first(ask, MOST_CALLS + 2))
        .run(&world(asking(), look()), "main");
    let found = told(&run);
    assert_eq!(found.iter().filter(|text| *text == "33").count(), MOST_CALLS);
    assert_eq!(found.iter().filter(|text| text.starts_with("error: not called")).count(), 2);

    let long: Arc<str> = "x".repeat(70_000).into();
    let run = World::new(&mut Memory::default())
        .steps(|run, _| (10, Ok(if run.ask.is_some() { Value::Int(8) } else { Value::String(long.clone()) })))
        .answers(|_, ask, _| calls_first(ask, 1))
        .run(&world(asking(), look()), "main");
    assert!(told(&run)[0].starts_with("error: the result has 70002 bytes"), "{:?}", told(&run));
}

#[test]
fn a_tool_ends_within_its_callers_timeout() {
    for (own, callers, expected) in [(500, 2000, 500), (5000, 2000, 2000)] {
        let count = Step { timeout_ms: callers, ..asking() };
        let tool = Step { timeout_ms: own, ..look() };
        let mut given = 0;
        World::new(&mut Memory::default())
            .steps(|run, _| {
                if run.ask.is_none() {
                    given = run.timeout_ms;
                }
                (10, Ok(Value::Int(8)))
            })
            .answers(|_, ask, _| calls_first(ask, 1))
            .run(&world(count, tool), "main");
        assert_eq!(given, expected);
    }
}

#[test]
fn a_tool_that_changes_the_world_is_in_doubt_after_a_cut_and_the_model_is_told_what_is_said() {
    let program = world(asking(), Step { effect: Effect::Write, ..look() });
    let steps = |run: &flow_driver::RunStep| (10, Ok(Value::Int(if run.ask.is_some() { 8 } else { 5 })));
    let world = |memory| World::new(memory).steps(move |run, _| steps(run)).answers(|_, ask, _| calls_first(ask, 1));
    let (mut first, mut memory) = (Memory::default(), Memory::default());
    let run = world(&mut first).run(&program, "main");
    let fresh = || {
        let program = Arc::new(program.clone());
        Driver::with_program(program, name("m.main"), Default::default(), Default::default(), run.start.clone())
    };
    let cut = (1..run.journal.len()).find_map(|events| {
        let replayed = replay(fresh(), run.journal[..events].to_vec());
        (!replayed.doubts().is_empty()).then_some(replayed)
    });
    let replayed = cut.unwrap();
    let [doubt] = &replayed.doubts()[..] else { panic!("{:?}", replayed.doubts()) };
    assert_eq!((&*doubt.label, doubt.step.short()), ("count", "look"));
    let says = Resolved::Done { value: Value::Int(77) };
    let next = replayed.next(|_| Some(Resolution { by: "ada".into(), at: at(50), says: says.clone() })).unwrap();
    let went_on = world(&mut memory).go_on(run.start.clone(), replayed, next, at(60));
    assert_eq!((went_on.status("count"), told(&went_on)), (NodeStatus::Succeeded, vec!["77".to_owned()]));
}

#[test]
fn questions_about_what_a_model_called_are_numbered_one_after_the_other() {
    let asks = GuardAction::Ask { who: text("editor"), message: None, within_ms: 3_600_000 };
    let condition = flow_expr::Expr::new(flow_expr::ExprKind::Var(VarId::IT), Default::default());
    let tool = Step { guards: vec![guard(binary(BinaryOp::Less, condition, int(5)), asks)], ..look() };
    let run = World::new(&mut Memory::default())
        .steps(|_, _| (10, Ok(Value::Int(8))))
        .answers(|_, ask, _| calls_first(ask, 2))
        .people(|question, _| {
            let digest = question.digest.clone();
            Some((10, Answer { by: "ada".into(), says: Says::Approved, note: None, digest }))
        })
        .run(&world(asking(), tool), "main");
    // An answer is kept by the number of its question: that of the first is none to the second.
    assert_eq!(run.questions.iter().map(|question| question.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(run.status("count"), NodeStatus::Succeeded);
}
