//! Several answers to one question: which is taken, how many are asked for, who pays, what follows where none is.

#![allow(clippy::unwrap_used, reason = "tests stop at what they did not expect")]

mod harness;

use flow_driver::{ContractVerdict, NodeStatus, Note};
use flow_expr::{BinaryOp, Part, Value};
use flow_plan::{AiBody, Body, Budget, ErrorClass, Failure, Guard, GuardAction, Program, RetryPolicy, Samples, Step};
use harness::*;

fn asking(most: u32, agree: u32) -> Step {
    let asked = AiBody::new(vec![name("m.first")], vec![Part::Text("How many?".into())]);
    let samples = Samples { most, agree, on: None, text: "".into() };
    let body = AiBody { turns: 1, samples: Some(Box::new(samples)), ..asked };
    Step { body: Body::Ai(Box::new(body)), cache: flow_plan::CachePolicy::Never, ..step("count", 0) }
}

fn world(step: Step) -> Program {
    counting(vec![step])
}

/// What the model says: numbers, or 0 for something that is none.
fn run<'a>(memory: &'a mut Memory, step: Step, answers: &'a [i64]) -> Run {
    let mut next = answers.iter().cycle();
    World::new(memory)
        .steps(move |_, _| match next.next().unwrap() {
            0 => (10, Err(Failure::new(ErrorClass::Malformed, "R0820", "no number"))),
            number => (10, Ok(Value::Int(*number))),
        })
        .answers(|_, ask, result| report(ask, &format!("{result:?}")))
        .run(&world(step), "main")
}

#[test]
fn what_enough_answers_say_is_taken_and_no_more_are_asked_for() {
    let cases = [
        (3, 2, &[5_i64, 5][..], Some(5), 2),
        (3, 2, &[4, 5, 5], Some(5), 3),
        (3, 2, &[4, 5, 6], None, 3),
        (3, 3, &[4, 5], None, 2),
        (3, 2, &[0, 5, 5], Some(5), 3),
        (3, 2, &[0, 0], None, 2),
        (5, 3, &[1, 2, 1, 2, 2], Some(2), 5),
    ];
    for (most, agree, answers, expected, asks) in cases {
        let mut memory = Memory::default();
        let run = run(&mut memory, asking(most, agree), answers);
        assert_eq!(run.driver.result(), expected.map(Value::Int).as_ref(), "{answers:?}");
        assert_eq!(run.asks.len(), asks, "{answers:?}");
        assert!(run.asks.iter().all(|ask| ask.said.is_empty()), "each is asked by itself");
        if expected.is_none() {
            let failures = run.driver.root_failures();
            assert_eq!((&*failures[0].2.code, failures[0].2.class), ("R0718", ErrorClass::GuardFailed));
        }
        let told = run.notes.iter().filter(|(_, note)| {
            matches!(note, Note::Contract { verdict, .. }
            if matches!(&**verdict, ContractVerdict::Guard { kept, .. } if *kept == expected.is_some()))
        });
        assert_eq!(told.count(), 1, "it is on record how many agreed");
    }
}

#[test]
fn disagreement_is_asked_anew_where_the_policy_names_it_and_else_falls_back() {
    let policy = |on| RetryPolicy { times: 1, on, backoff_min_ms: 1, backoff_max_ms: 1, within_ms: None };
    for (on, asks) in [(vec![ErrorClass::GuardFailed], 6), (vec![ErrorClass::Timeout], 3)] {
        let step = Step { retry: Some(policy(on)), fallback: Some(int(9)), ..asking(3, 2) };
        let mut memory = Memory::default();
        let run = run(&mut memory, step, &[1, 2, 3]);
        assert_eq!((run.driver.result(), run.asks.len()), (Some(&Value::Int(9)), asks));
    }
}

#[test]
fn a_budget_ends_it_before_the_next_answer_is_asked_for() {
    let budget = Some(Budget { asks: Some(2), tokens: None, micro_dollars: None });
    let mut memory = Memory::default();
    let run = run(&mut memory, Step { budget, ..asking(3, 2) }, &[1, 2, 1]);
    assert_eq!((run.status("count"), run.asks.len()), (NodeStatus::Failed, 2));
    assert_eq!(&*run.driver.root_failures()[0].2.code, "R0711");
}

#[test]
fn a_guard_looks_at_what_was_agreed_and_sends_it_back_to_all() {
    let guard = Guard {
        condition: binary(BinaryOp::Greater, it(), int(10)),
        text: "it > 10".into(),
        action: GuardAction::Retry(None),
    };
    let budget = Some(Budget { asks: Some(6), tokens: None, micro_dollars: None });
    let mut memory = Memory::default();
    let run = run(&mut memory, Step { guards: vec![guard], budget, ..asking(3, 2) }, &[5, 5, 50, 50]);
    assert_eq!(run.driver.result(), Some(&Value::Int(50)));
    let said: Vec<usize> = run.asks.iter().map(|ask| ask.said.len()).collect();
    assert_eq!(said, [0, 0, 2, 2]);
}
