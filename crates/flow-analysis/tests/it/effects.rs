//! E04 on single steps.

use crate::build::*;
use flow_plan::{Effect, Guard, GuardAction, Idempotency, Step};

fn found(step: Step) -> Vec<&'static str> {
    let calls = flow("f", vec![(call(step.name.as_str()), vec![])]);
    codes(&check(&program(vec![], vec![step], vec![calls])))
}

#[test]
fn only_a_retried_write_needs_to_be_idempotent() {
    let retried = Step { retry: Some(policy(3)), ..step("s") };
    assert_eq!(found(retried.clone()), ["E0401"]);
    assert!(found(step("s")).is_empty());
    assert!(found(Step { retry: Some(policy(0)), ..step("s") }).is_empty());
    assert!(found(Step { effect: Effect::Read, ..retried.clone() }).is_empty());
    assert!(found(Step { idempotent: Some(Idempotency::Harmless), ..retried.clone() }).is_empty());
    assert_eq!(found(Step { effect: Effect::Irreversible, ..retried }), ["E0401", "E0403"]);
}

#[test]
fn a_guard_that_asks_again_is_a_retry() {
    let guard = Guard { condition: constant(1), text: "it".into(), action: GuardAction::Retry(None) };
    assert_eq!(found(Step { guards: vec![guard], ..step("s") }), ["E0401"]);
}
