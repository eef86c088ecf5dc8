//! What a cut means for each kind of command, and what people say of steps in doubt; retries of loops and handlers.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests stop at what they did not expect")]

mod harness;

use flow_driver::{
    Command, Driver, Event, How, NodeStatus, Note, Resolution, Resolved, Retry, RunStatus,
    recovery::{AfterCut, Next, Replayed, after_cut, is_durable_first, replay},
};
use flow_expr::{BinaryOp, Value, VarId};
use flow_plan::{
    CachePolicy, Effect, ErrorClass, Failure, Guard, GuardAction, HandlerEvent, Idempotency, NodeKind, Step,
};
use harness::*;

fn pay() -> Step {
    Step { effect: Effect::Write, cache: CachePolicy::Never, ..step("pay", 1) }
}

fn paying(pay: Step, nodes: Vec<flow_plan::Node>) -> flow_plan::Program {
    program(vec![pay, step("one", 0), step("same", 1)], vec![dataset("d")], vec![flow("f", nodes, None)])
}

fn steps_fail(run: &flow_driver::RunStep) -> (u64, Result<Value, Failure>) {
    match &*run.label {
        "bad" | "x[1]" => (10, Err(Failure::new(ErrorClass::Exit(1), "R0000", "no"))),
        _ => (10, Ok(run.args.first().map_or(Value::Int(1), |(_, value)| value.clone()))),
    }
}

fn driver(program: &flow_plan::Program, run: &Run) -> Driver {
    let program = std::sync::Arc::new(program.clone());
    Driver::with_program(program, name("m.f"), Default::default(), Default::default(), run.start.clone())
}

/// A run, cut off as soon as an attempt of this step had begun.
fn cut_in(program: &flow_plan::Program, label: &str) -> (Run, Replayed) {
    let mut run = World::new(&mut Memory::default()).steps(|run, _| steps_fail(run)).run(program, "f");
    for events in 1..=run.journal.len() {
        let replayed = replay(driver(program, &run), run.journal[..events].to_vec());
        let is_open =
            |open: &flow_driver::recovery::Open| matches!(&open.command, Command::Run(run) if *run.label == *label);
        if replayed.open.iter().any(is_open) {
            run.journal.truncate(events);
            return (run, replayed);
        }
    }
    panic!("{label} never began");
}

fn says(says: Resolved) -> impl Fn(&flow_driver::Doubt) -> Option<Resolution> {
    move |_| Some(Resolution { by: "ada".into(), at: at(50), says: says.clone() })
}

#[test]
fn what_a_cut_means_follows_from_effect_and_idempotency() {
    for (effect, idempotent, waits, after) in [
        (Effect::None, None, false, AfterCut::Again),
        (Effect::Read, None, false, AfterCut::Again),
        (Effect::Write, Some(Idempotency::Harmless), true, AfterCut::Again),
        (Effect::Write, Some(Idempotency::By(int(1))), true, AfterCut::Again),
        (Effect::Irreversible, Some(Idempotency::Harmless), true, AfterCut::Again),
        (Effect::Write, None, true, AfterCut::InDoubt),
        (Effect::Irreversible, None, true, AfterCut::InDoubt),
    ] {
        let program = paying(Step { effect, idempotent, ..pay() }, vec![call(0, "x", "pay", vec![int(5)])]);
        let (_, replayed) = cut_in(&program, "x");
        let [open] = &replayed.open[..] else { panic!("{:?}", replayed.open) };
        assert_eq!((is_durable_first(&open.command), after_cut(&open.command)), (waits, after), "{effect:?}");
    }
}

#[test]
fn every_other_command_is_given_again_and_publishing_waits_for_what_led_to_it() {
    let program = paying(pay(), vec![call(0, "x", "one", vec![]), write(1, "d", var(0))]);
    let run = World::new(&mut Memory::default()).run(&program, "f");
    let mut seen = vec![];
    for events in 1..run.journal.len() {
        let replayed = replay(driver(&program, &run), run.journal[..events].to_vec());
        for open in &replayed.open {
            assert_eq!(after_cut(&open.command), AfterCut::Again, "{:?}", open.command);
            let is_write = matches!(open.command, Command::Write { .. });
            assert_eq!(is_durable_first(&open.command), is_write);
            seen.push(is_write);
        }
        let given = replayed.next(|_| None).unwrap();
        assert_eq!(given, replayed.open.iter().map(|open| Next::Give(open.command.clone())).collect::<Vec<_>>());
    }
    assert!(seen.contains(&true) && seen.len() >= 4, "{seen:?}");
}

#[test]
fn what_a_model_was_asked_is_lost_and_is_in_no_doubt() {
    let body = flow_plan::Body::Ai(Box::new(flow_plan::AiBody {
        models: vec![name("m.first")],
        system: vec![],
        prompt: vec![],
        max_tokens: None,
        temperature: None,
        seed: None,
        samples: None,
        tools: vec![],
        turns: 1,
    }));
    let program = counting(vec![Step { body, effect: Effect::Write, ..step("count", 0) }]);
    let run = World::new(&mut Memory::default()).run(&program, "main");
    let fresh = || {
        let program = std::sync::Arc::new(program.clone());
        Driver::with_program(program, name("m.main"), Default::default(), Default::default(), run.start.clone())
    };
    let asked = (1..run.journal.len()).find_map(|events| {
        let replayed = replay(fresh(), run.journal[..events].to_vec());
        replayed.open.iter().any(|open| matches!(open.command, Command::Run(_))).then_some(replayed)
    });
    let replayed = asked.unwrap();
    assert!(is_durable_first(&replayed.open[0].command), "a charge is durable before anybody is asked");
    assert!(replayed.doubts().is_empty());
    let next = replayed.next(|_| None).unwrap();
    let [Next::Happened(Event::Ran { result: Err(failure), .. })] = &next[..] else { panic!("{next:?}") };
    assert_eq!((failure.class, &*failure.code), (ErrorClass::Connection, "R0801"));
}

#[test]
fn a_doubt_says_what_it_is_and_done_is_a_result_like_any_other() {
    let guard = Guard {
        condition: binary(BinaryOp::GreaterEqual, it(), int(10)),
        text: "it >= 10".into(),
        action: GuardAction::Fail(None),
    };
    let program = paying(
        Step { guards: vec![guard], ..pay() },
        vec![call(0, "x", "pay", vec![int(50)]), call(1, "y", "same", vec![var(0)])],
    );
    let (run, replayed) = cut_in(&program, "x");
    let [doubt] = &replayed.doubts()[..] else { panic!("{:?}", replayed.doubts()) };
    assert_eq!((&*doubt.label, &*doubt.path, doubt.attempt, doubt.number), ("x", "0", 1, 0));
    assert_eq!((&*doubt.does, doubt.effect), ("select pay", Effect::Write));
    assert_eq!(replayed.next(|_| None), Err(vec![doubt.clone()]));

    let mut memory = Memory::default();
    let next = replayed.next(says(Resolved::Done { value: Value::Int(70) })).unwrap();
    let went_on = World::new(&mut memory).go_on(run.start.clone(), replayed, next, at(60));
    assert_eq!((went_on.end.status, went_on.ran()), (RunStatus::Succeeded, vec!["y"]));
    assert!(went_on.notes.iter().any(|(_, note)| matches!(note, Note::Resolved { attempt: 1, .. })));
    assert_eq!(went_on.driver.values().iter().find(|(path, ..)| &**path == "1").unwrap().2, Value::Int(70));

    // What is given is held to the step's guards.
    let (run, replayed) = cut_in(&program, "x");
    let next = replayed.next(says(Resolved::Done { value: Value::Int(7) })).unwrap();
    let went_on = World::new(&mut memory).go_on(run.start, replayed, next, at(60));
    assert_eq!((went_on.status("x"), went_on.status("y")), (NodeStatus::Failed, NodeStatus::NotRun));
}

#[test]
fn again_is_the_same_attempt_and_a_second_cut_is_a_new_doubt() {
    let program = paying(pay(), vec![call(0, "x", "pay", vec![int(5)])]);
    let (run, replayed) = cut_in(&program, "x");
    let next = replayed.next(says(Resolved::Again)).unwrap();
    let [Next::Happened(event @ Event::Resolved { .. }), Next::Give(Command::Run(given))] = &next[..] else {
        panic!("{next:?}")
    };
    assert_eq!((given.attempt, &*given.path), (1, "0"));
    let mut journal = run.journal.clone();
    journal.push((at(60), event.clone()));
    let replayed = replay(driver(&program, &run), journal);
    let doubt = &replayed.doubts()[0];
    assert_eq!((doubt.number, doubt.began, doubt.attempt), (1, at(60), 1));
    let next = replayed.next(says(Resolved::Again)).unwrap();
    let went_on = World::new(&mut Memory::default()).go_on(run.start, replayed, next, at(70));
    assert_eq!((went_on.end.status, went_on.ran()), (RunStatus::Succeeded, vec!["x"]));
}

#[test]
fn several_doubts_of_a_loop_all_have_to_be_said() {
    let body = block(vec![call(10, "x", "pay", vec![var(9)])], Some(var(10)));
    let items = list((5..8).map(int).collect());
    let looped = node(0, "all", NodeKind::For { item: VarId(9), items, limit: 9, parallel: 3, body });
    let program = paying(pay(), vec![looped]);
    let (run, _) = cut_in(&program, "x[2]");
    let replayed = replay(driver(&program, &run), run.journal.clone());
    let labels: Vec<_> = replayed.doubts().iter().map(|doubt| doubt.label.to_string()).collect();
    assert_eq!(labels, ["x[0]", "x[1]", "x[2]"]);
    let all = says(Resolved::Again);
    let left = replayed.next(|doubt| if &*doubt.label == "x[1]" { None } else { all(doubt) }).unwrap_err();
    assert_eq!(left.iter().map(|doubt| &*doubt.label).collect::<Vec<_>>(), ["x[1]"]);
    let went_on = {
        let next = replayed.next(&all).unwrap();
        World::new(&mut Memory::default()).go_on(run.start, replayed, next, at(60))
    };
    assert_eq!((went_on.end.status, went_on.attempts.len()), (RunStatus::Succeeded, 3));
}

#[test]
fn what_is_said_of_something_that_is_not_open_changes_nothing() {
    let program = paying(pay(), vec![call(0, "x", "pay", vec![int(5)]), call(1, "y", "same", vec![var(0)])]);
    let run = World::new(&mut Memory::default()).run(&program, "f");
    let resolution = says(Resolved::Done { value: Value::Int(9) });
    let (_, cut) = cut_in(&program, "x");
    let doubt = &cut.doubts()[0];
    let mut driver = driver(&program, &run);
    for (now, event) in &run.journal {
        driver.on(event.clone(), *now);
        let stray = Event::Resolved { task: doubt.task, resolution: Box::new(resolution(doubt).unwrap()) };
        if matches!(event, Event::Ran { .. }) {
            let commands = driver.on(stray, *now);
            assert!(commands.is_empty(), "{commands:?}");
        }
    }
    assert_eq!(driver.ended(), run.driver.ended());
}

#[test]
fn a_retry_of_a_loop_makes_the_failed_item_and_handlers_react_again() {
    let body = block(vec![call(10, "x", "pay", vec![var(9)])], Some(var(10)));
    let looped = |items: Vec<i64>| {
        let items = list(items.into_iter().map(int).collect());
        node(0, "all", NodeKind::For { item: VarId(9), items, limit: 9, parallel: 1, body: body.clone() })
    };
    let make = |items: Vec<i64>| {
        let on_failure = handler(HandlerEvent::Failure, vec![call(20, "tell", "pay", vec![int(1)])]);
        let failing = flow_plan::Flow {
            handlers: vec![on_failure],
            ..flow("f", vec![looped(items), call(1, "bad", "one", vec![])], None)
        };
        program(vec![pay(), Step { cache: CachePolicy::Never, ..step("one", 0) }], vec![], vec![failing])
    };
    let program = make(vec![5, 6, 7]);
    let first = World::new(&mut Memory::default()).steps(|run, _| steps_fail(run)).run(&program, "f");
    assert_eq!((first.end.status, first.status("tell")), (RunStatus::Failed, NodeStatus::Succeeded));
    let kept = first.driver.kept(None).unwrap();
    let retry = Retry { of: "r0".into(), from: None };
    let mut memory = Memory::default();
    let again = |program: &flow_plan::Program, kept, memory: &mut Memory| {
        let world = World { retries: Some((retry.clone(), kept)), ..World::new(memory) };
        world
            .steps(|run, _| if &*run.label == "bad" { steps_fail(run) } else { (1, Ok(Value::Int(2))) })
            .run(program, "f")
    };
    let second = again(&program, kept.clone(), &mut memory);
    assert_eq!(second.ran(), ["bad", "x[1]", "tell"]);
    assert_eq!(second.end_of("x[0]").how, Some(How::Reused));

    // An item that is another one than it was is made, though one at its place was.
    let changed = again(&make(vec![5, 6, 8]), kept, &mut memory);
    assert_eq!(changed.ran(), ["bad", "x[1]", "x[2]", "tell"]);

    // A retry of the retry knows what the first one did, and `from` is heard for every item.
    let third = again(&program, second.driver.kept(Some("x")).unwrap(), &mut memory);
    assert_eq!(third.ran(), ["bad", "x[0]", "x[1]", "x[2]", "tell"]);
    let only = again(&program, second.driver.kept(Some("x[2]")).unwrap(), &mut memory);
    assert_eq!(only.ran(), ["bad", "x[2]", "tell"]);
    assert_eq!(second.driver.kept(Some("nothing")), None);
}

#[test]
fn a_run_that_was_cancelled_is_ended_and_nothing_of_it_is_given_again() {
    for idempotent in [None, Some(Idempotency::Harmless)] {
        let program = paying(Step { idempotent, ..pay() }, vec![call(0, "x", "pay", vec![int(5)])]);
        let (run, _) = cut_in(&program, "x");
        let mut journal = run.journal.clone();
        journal.push((at(20), Event::Cancel));
        let replayed = replay(driver(&program, &run), journal);
        let next = replayed.next(|_| None).unwrap();
        let [Next::Happened(Event::Ran { result: Err(_), .. })] = &next[..] else { panic!("{next:?}") };
        let went_on = World::new(&mut Memory::default()).go_on(run.start, replayed, next, at(60));
        assert_eq!((went_on.end.status, went_on.ran()), (RunStatus::Cancelled, vec![]));
    }
}

#[test]
fn a_run_that_was_cut_off_before_it_began_begins_and_a_retry_does_not() {
    let program = paying(pay(), vec![call(0, "x", "pay", vec![int(5)])]);
    let run = World::new(&mut Memory::default()).run(&program, "f");
    let kept = Event::Kept { results: vec![] };
    let retry = Some(Retry { of: "r0".into(), from: None });
    for (journal, retry, expected) in [
        (vec![], None, RunStatus::Succeeded),
        (vec![Event::Cancel], None, RunStatus::Cancelled),
        // More may have been kept than the journal has.
        (vec![kept.clone()], retry.clone(), RunStatus::Cancelled),
        (vec![kept, Event::Begin], retry, RunStatus::Succeeded),
    ] {
        let start = flow_driver::RunStart { retry, ..run.start.clone() };
        let fresh = Run { start: start.clone(), ..World::new(&mut Memory::default()).run(&program, "f") };
        let replayed = replay(driver(&program, &fresh), journal.into_iter().map(|event| (at(1), event)));
        let next = replayed.next(|_| None).unwrap();
        let went_on = World::new(&mut Memory::default()).go_on(start, replayed, next, at(60));
        let ran = usize::from(expected == RunStatus::Succeeded);
        assert_eq!((went_on.end.status, went_on.attempts.len()), (expected, ran));
    }
}

#[test]
fn a_cancel_before_the_beginning_counts() {
    let program = paying(pay(), vec![call(0, "x", "pay", vec![int(5)])]);
    let run = World::new(&mut Memory::default()).run(&program, "f");
    let mut driver = driver(&program, &run);
    assert_eq!(driver.on(Event::Cancel, at(0)), vec![]);
    driver.on(Event::Begin, at(1));
    assert_eq!(driver.ended().map(|end| end.status), Some(RunStatus::Cancelled));
}

#[test]
fn a_result_that_comes_after_a_cancel_begins_nothing() {
    let guard = |action| Guard { condition: binary(BinaryOp::Greater, it(), int(99)), text: "it > 99".into(), action };
    let policy = flow_plan::RetryPolicy {
        times: 3,
        on: vec![ErrorClass::Any],
        backoff_min_ms: 10,
        backoff_max_ms: 10,
        within_ms: None,
    };
    let sent_back =
        |step: Step| Step { guards: vec![guard(GuardAction::Retry(None))], retry: Some(policy.clone()), ..step };
    let asked = flow_plan::AiBody::new(vec![name("m.first")], vec![]);
    let asks = Step { body: flow_plan::Body::Ai(Box::new(asked)), cache: CachePolicy::Never, ..step("count", 0) };
    for step in [Step { cache: CachePolicy::Never, ..step("count", 0) }, asks] {
        let program = counting(vec![sent_back(step)]);
        let run = World::new(&mut Memory::default()).run(&program, "main");
        let program = std::sync::Arc::new(program);
        let mut driver =
            Driver::with_program(program, name("m.main"), Default::default(), Default::default(), run.start.clone());
        let ran = run.journal.iter().position(|(_, event)| matches!(event, Event::Ran { .. })).unwrap();
        run.journal[..ran].iter().for_each(|(now, event)| drop(driver.on(event.clone(), *now)));
        driver.on(Event::Cancel, at(50));
        let commands = driver.on(run.journal[ran].1.clone(), at(60));
        assert!(commands.iter().all(|command| matches!(command, Command::Note(_))), "{commands:?}");
        assert_eq!(driver.ended().map(|end| end.status), Some(RunStatus::Cancelled));
    }
}
