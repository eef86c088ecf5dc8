//! AI steps: re-asks, retries, backup models, budgets, tools, under virtual time and with scripted answers.

#![allow(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

mod harness;

use flow_driver::{How, NodeStatus, Note};
use flow_expr::{BinaryOp, Part, Value};
use flow_plan::{
    AiBody, AskReport, Body, Budget, Called, ErrorClass, Failure, Guard, GuardAction, Model, Price, Program, Provider,
    RetryPolicy, Said, Step,
};
use harness::*;

fn model(short: &str) -> Model {
    let named = Model::new(name(&format!("m.{short}")), Provider::Openai, short);
    Model { price: Some(Price { input: 1_000_000, output: 2_000_000 }), max_tokens: Some(50), ..named }
}

/// An AI step that asks these models, and may call the step `look`.
fn asking(models: &[&str], tools: bool) -> Step {
    let asked = AiBody::new(
        models.iter().map(|model| name(&format!("m.{model}"))).collect(),
        vec![Part::Text("How many?".into())],
    );
    let body = AiBody { tools: if tools { vec![name("m.look")] } else { vec![] }, turns: 2, ..asked };
    Step { body: Body::Ai(Box::new(body)), cache: flow_plan::CachePolicy::Never, ..step("count", 0) }
}

fn world_of(step: Step) -> Program {
    let flows = vec![flow("main", vec![call(1, "count", "count", vec![])], Some(var(1)))];
    let mut program = program(vec![step, harness::step("look", 1)], vec![], flows);
    program.models = ["first", "second"].map(|short| (name(&format!("m.{short}")), model(short))).into();
    program
}

/// `guard it > 10 else retry`
fn more_than_ten() -> Guard {
    Guard {
        condition: binary(BinaryOp::Greater, it(), int(10)),
        text: "it > 10".into(),
        action: GuardAction::Retry(None),
    }
}

fn budget(asks: Option<u64>, tokens: Option<u64>, micro_dollars: Option<u64>) -> Option<Budget> {
    Some(Budget { asks, tokens, micro_dollars })
}

fn failure(class: ErrorClass) -> Failure {
    Failure::new(class, "R0000", "it went wrong")
}

fn times(times: u32) -> Option<RetryPolicy> {
    Some(RetryPolicy { times, on: vec![ErrorClass::Any], backoff_min_ms: 100, backoff_max_ms: 100, within_ms: None })
}

fn feedbacks(said: &[Said]) -> usize {
    said.iter().filter(|said| matches!(said, Said::Feedback { .. })).count()
}

#[test]
fn an_answer_that_a_guard_sends_back_is_asked_again_at_once_with_what_was_wrong() {
    let step = Step { guards: vec![more_than_ten()], budget: budget(Some(3), None, None), ..asking(&["first"], false) };
    let mut answers = vec![42, 7, 3];
    let run = World::new(&mut Memory::default())
        .steps(move |_, _| (10, Ok(Value::Int(answers.pop().unwrap()))))
        .answers(|_, ask, result| report(ask, &format!("{}", result.as_ref().unwrap() == &Value::Int(3))))
        .run(&world_of(step), "main");
    assert_eq!(run.driver.result(), Some(&Value::Int(42)));
    assert_eq!(run.asks.len(), 3);
    assert_eq!(run.asks.iter().map(|ask| feedbacks(&ask.said)).collect::<Vec<_>>(), [0, 1, 2]);
    let Said::Answer { text, .. } = &run.asks[1].said[0] else { panic!("{:?}", run.asks[1]) };
    assert_eq!(&**text, "true", "its own answer is sent back");
    assert_eq!(run.took(), 31, "no backoff between asks");
}

#[test]
fn the_budget_ends_re_asks_and_the_fallback_is_the_result() {
    let step = Step {
        guards: vec![more_than_ten()],
        budget: budget(Some(2), None, None),
        fallback: Some(int(99)),
        ..asking(&["first"], false)
    };
    let run = World::new(&mut Memory::default()).steps(|_, _| (10, Ok(Value::Int(1)))).run(&world_of(step), "main");
    assert_eq!(run.driver.result(), Some(&Value::Int(99)));
    let end = run.end_of("count");
    assert_eq!((end.how, end.failure.as_ref()), (Some(How::Fallback), None));
    let why = end.instead_of.as_ref().unwrap();
    assert!(&*why.code == "R0705" && why.details.iter().any(|line| line.contains("the budget of 2 asks")), "{why:?}");
    assert_eq!(run.asks.len(), 2);
    let retries = run.notes.iter().filter(|(_, note)| matches!(note, Note::Retrying { .. })).count();
    assert_eq!(retries, 1, "an ask that is not paid for is not announced");
}

#[test]
fn what_does_not_fit_is_asked_again_only_where_somebody_pays() {
    let malformed = || Failure::new(ErrorClass::Malformed, "R0820", "no number").detail("answer: expected an Int");
    let three = || budget(Some(3), None, None);
    let on_timeout = times(1).map(|policy| RetryPolicy { on: vec![ErrorClass::Timeout], ..policy });
    let cases = [
        (three(), None, 3),
        (None, None, 1),
        (None, times(1), 2),
        (None, on_timeout.clone(), 1),
        // A policy that names it says how often; one that does not leaves it to the budget.
        (three(), times(1), 2),
        (three(), times(9), 3),
        (three(), times(0), 1),
        (three(), on_timeout, 3),
    ];
    for (budget, retry, expected) in cases {
        let step = Step { budget, retry, ..asking(&["first"], false) };
        let run = World::new(&mut Memory::default())
            .steps(|_, _| (10, Err(malformed())))
            .answers(|_, ask, _| report(ask, "seven"))
            .run(&world_of(step), "main");
        assert_eq!((run.asks.len(), run.status("count")), (expected, NodeStatus::Failed));
        if let Some(Said::Feedback { text }) = run.asks.last().and_then(|ask| ask.said.last()) {
            assert!(text.contains("no number") && text.contains("expected an Int"), "{text}");
        }
    }
}

#[test]
fn what_the_policy_does_not_name_leaves_it_what_it_pays_for() {
    let malformed = Failure::new(ErrorClass::Malformed, "R0820", "no number");
    let policy = times(1).map(|policy| RetryPolicy { on: vec![ErrorClass::Malformed], ..policy });
    let step = Step {
        guards: vec![more_than_ten()],
        retry: policy,
        budget: budget(Some(9), None, None),
        ..asking(&["first"], false)
    };
    // A guard sends two answers back, which the budget pays for; then the policy pays for one that does not fit.
    let mut answers = vec![Err(malformed.clone()), Err(malformed), Ok(2), Ok(1)];
    let run = World::new(&mut Memory::default())
        .steps(move |_, _| (10, answers.pop().unwrap().map(Value::Int)))
        .answers(|_, ask, _| report(ask, "seven"))
        .run(&world_of(step), "main");
    assert_eq!((run.asks.len(), run.status("count")), (4, NodeStatus::Failed));
    let announced = run.notes.iter().filter_map(|(_, note)| match note {
        Note::Retrying { attempt, attempts, .. } => Some((*attempt, *attempts)),
        _ => None,
    });
    assert_eq!(announced.collect::<Vec<_>>(), [(2, 9), (3, 9), (2, 2)]);
}

#[test]
fn tokens_and_money_are_charged_with_the_worst_and_settled_with_what_was_used() {
    // An ask costs at most 100 + 50 tokens and $0.0002, and what was said before; each uses 30 of them.
    let cases =
        [(Some(300), None, 2), (None, Some(400), 2), (Some(1000), None, 9), (Some(149), None, 0), (None, Some(199), 0)];
    for (tokens, money, at_least) in cases {
        let step = Step {
            guards: vec![more_than_ten()],
            budget: budget(None, tokens, money),
            retry: times(1000),
            ..asking(&["first"], false)
        };
        let run = World::new(&mut Memory::default())
            .steps(|_, _| (10, Ok(Value::Int(1))))
            .answers(|_, ask, _| AskReport {
                input_tokens: 20,
                output_tokens: 10,
                micro_dollars: 40,
                ..report(ask, "")
            })
            .run(&world_of(step), "main");
        assert_eq!(run.status("count"), NodeStatus::Failed);
        let asks = run.asks.len();
        assert!(if at_least == 0 { asks == 0 } else { asks >= at_least }, "{asks} asks, expected {at_least}");
        assert!(run.asks.iter().all(|ask| feedbacks(&ask.said) <= 3), "a conversation does not grow without end");
        let within = |ask: &flow_driver::AskStep| {
            tokens.is_none_or(|cap| ask.spent.tokens <= cap) && money.is_none_or(|cap| ask.spent.micro_dollars <= cap)
        };
        assert!(run.asks.iter().all(within), "{:?}", run.asks);
    }
}

#[test]
fn an_ask_of_unknown_cost_stays_charged_with_the_worst() {
    let step = Step { budget: budget(None, Some(400), None), retry: times(1000), ..asking(&["first"], false) };
    let run = World::new(&mut Memory::default())
        .steps(|_, _| (10, Err(failure(ErrorClass::Timeout))))
        .answers(|_, ask, _| AskReport { known: false, input_tokens: 0, output_tokens: 0, ..report(ask, "") })
        .run(&world_of(step), "main");
    assert_eq!(run.asks.len(), 2);
}

#[test]
fn each_model_has_the_whole_retry_policy_and_the_next_one_its_turn() {
    let step = Step { retry: times(2), ..asking(&["first", "second"], false) };
    let run = World::new(&mut Memory::default())
        .steps(|run, _| match run.ask.as_ref().unwrap().model.short() {
            "first" => (10, Err(failure(ErrorClass::ServerError))),
            _ => (10, Ok(Value::Int(5))),
        })
        .run(&world_of(step), "main");
    assert_eq!(run.driver.result(), Some(&Value::Int(5)));
    let asked: Vec<&str> = run.asks.iter().map(|ask| ask.model.short()).collect();
    assert_eq!(asked, ["first", "first", "first", "second"]);
}

#[test]
fn a_refusal_goes_to_the_backup_and_a_malformed_answer_does_not() {
    for (class, expected) in [(ErrorClass::Refused, 2), (ErrorClass::Auth, 2), (ErrorClass::Malformed, 1)] {
        let run = World::new(&mut Memory::default())
            .steps(|_, _| (10, Err(failure(class))))
            .run(&world_of(asking(&["first", "second"], false)), "main");
        assert_eq!(run.asks.len(), expected, "{class:?}");
    }
}

fn called(id: &str, refused: Option<&str>) -> Called {
    Called {
        id: id.into(),
        step: "m.look".into(),
        arguments: "{\"a\": 3}".into(),
        args: vec![("a".into(), Value::Int(3))],
        refused: refused.map(Into::into),
    }
}

#[test]
fn a_model_calls_steps_and_is_told_what_they_gave() {
    let run = World::new(&mut Memory::default())
        .steps(|run, _| match &run.ask {
            Some(ask) if ask.said.is_empty() => (10, Ok(Value::Unit)),
            Some(_) => (10, Ok(Value::Int(8))),
            None => (10, Ok(Value::Int(33))),
        })
        .answers(|_, ask, _| match ask.said.is_empty() {
            true => {
                AskReport { calls: vec![called("c1", None), called("c2", Some("`a` is no Int"))], ..report(ask, "") }
            }
            false => report(ask, "8"),
        })
        .run(&world_of(asking(&["first"], true)), "main");
    assert_eq!(run.driver.result(), Some(&Value::Int(8)));
    let results: Vec<(&str, &str)> = run.asks[1]
        .said
        .iter()
        .filter_map(|said| match said {
            Said::Result { id, text } => Some((&**id, &**text)),
            _ => None,
        })
        .collect();
    assert_eq!(results, [("c1", "33"), ("c2", "`a` is no Int")]);
}

#[test]
fn a_conversation_with_tools_ends_at_its_turns() {
    let run = World::new(&mut Memory::default())
        .steps(|run, _| (10, Ok(if run.ask.is_some() { Value::Unit } else { Value::Int(1) })))
        .answers(|_, ask, _| AskReport { calls: vec![called("c", None)], ..report(ask, "") })
        .run(&world_of(asking(&["first"], true)), "main");
    assert_eq!(run.asks.len(), 2);
    let failures = run.driver.root_failures();
    assert_eq!(&*failures[0].2.code, "R0712");
}

#[test]
fn a_replayed_journal_asks_the_same_and_ends_the_same() {
    let step = Step {
        guards: vec![more_than_ten()],
        budget: budget(Some(4), None, None),
        retry: times(2),
        ..asking(&["first", "second"], false)
    };
    let program = world_of(step);
    let mut turn = 0;
    let run = World::new(&mut Memory::default())
        .steps(move |_, _| {
            turn += 1;
            match turn {
                1 | 2 => (10, Err(failure(ErrorClass::Timeout))),
                3 => (10, Ok(Value::Int(1))),
                _ => (10, Ok(Value::Int(11))),
            }
        })
        .run(&program, "main");
    assert_eq!(run.driver.result(), Some(&Value::Int(11)));
    let mut again = flow_driver::Driver::with_program(
        std::sync::Arc::new(program),
        name("m.main"),
        Default::default(),
        Default::default(),
        run.start.clone(),
    );
    let mut asks = vec![];
    for (now, event) in run.journal {
        for command in again.on(event, now) {
            if let flow_driver::Command::Run(step) = command {
                asks.extend(step.ask.as_deref().cloned());
            }
        }
    }
    assert_eq!(asks, run.asks);
    assert_eq!(again.snapshot(), run.driver.snapshot());
    let costs = run.notes.iter().filter(|(_, note)| matches!(note, Note::Attempted { ask: Some(_), .. })).count();
    assert_eq!(costs, 4, "what each ask cost is noted");
}
