//! The words for a step's worst case, against the number that is proved.

use crate::build::*;
use flow_analysis::{terms::of_step, time::step_bound};
use flow_expr::{Expr, ExprKind, Value};
use flow_plan::{Guard, GuardAction, Step};

fn word(value: Value) -> Expr {
    Expr::new(ExprKind::Const(value), flow_diag::Span::default())
}

#[test]
fn each_term_is_said_and_what_caps_them() {
    let program = program(vec![], vec![], vec![]);
    let once = step("once");
    assert_eq!(of_step(&program, &once), None);
    // Two retries with pauses of a second, and of two.
    let retried = Step { retry: Some(policy(2)), ..step("again") };
    let pauses = step_bound(&retried).worst_ms - 3 * retried.timeout_ms;
    let said = of_step(&program, &retried).expect("it is tried again");
    let expected = match pauses {
        0 => "3 × 10s".to_owned(),
        pauses => format!("3 × 10s + {} of pauses", flow_analysis::spell::length(pauses)),
    };
    assert_eq!(said, expected);
    let mut capped = retried.clone();
    capped.retry.as_mut().expect("it has one").within_ms = Some(20_000);
    assert_eq!(of_step(&program, &capped), Some(format!("{expected}, capped by `within 20s`")));
    let mut asks = once;
    let action = GuardAction::Ask { who: word(Value::String("ops".into())), message: None, within_ms: 3_600_000 };
    asks.guards.push(Guard { condition: word(Value::Bool(true)), text: "true".into(), action });
    assert_eq!(of_step(&program, &asks).as_deref(), Some("10s + 1h for people"));
}
