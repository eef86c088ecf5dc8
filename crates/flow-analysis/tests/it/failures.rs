//! Where each failure of an AI step ends.

use crate::build::*;
use flow_analysis::failures::courses;
use flow_plan::{AiBody, Body, Budget, Guard, GuardAction, Samples, Step};

fn asking(models: &[&str]) -> Step {
    let models = models.iter().map(|model| name(model)).collect();
    let body = AiBody::new(models, vec![]);
    Step { body: Body::Ai(Box::new(body)), ..step("s") }
}

fn lines(step: &Step, has_else: bool) -> Vec<String> {
    courses(step, has_else).iter().map(|course| format!("{}: {course}", course.trouble)).collect()
}

#[test]
fn by_default_everything_fails_at_once() {
    let found = lines(&asking(&["m"]), false);
    assert_eq!(found.len(), 8);
    assert!(found.iter().all(|line| line.ends_with(": the step fails")), "{found:?}");
    assert!(lines(&asking(&["m"]), true).iter().all(|line| line.ends_with(": the call's `else`")));
    assert!(lines(&step("s"), false).is_empty());
}

#[test]
fn several_answers_may_not_agree_and_one_that_does_not_fit_ends_nothing() {
    let mut step = asking(&["m"]);
    if let Body::Ai(ai) = &mut step.body {
        ai.samples = Some(Box::new(Samples { most: 3, agree: 2, on: None, text: "".into() }));
    }
    let found = lines(&step, false);
    assert!(found.contains(&"guard_failed: the step fails".to_owned()), "{found:?}");
    assert!(!found.iter().any(|line| line.starts_with("malformed")), "{found:?}");
}

#[test]
fn retries_then_backups_then_the_fallback() {
    let guard = |action| Guard { condition: constant(1), text: "it".into(), action };
    let full = Step {
        retry: Some(policy(3)),
        fallback: Some(constant(1)),
        guards: vec![
            guard(GuardAction::Retry(None)),
            guard(GuardAction::Fail(None)),
            guard(GuardAction::Warn(None)),
            guard(GuardAction::Fallback(constant(2))),
            guard(GuardAction::Ask { who: constant(3), message: None, within_ms: 1 }),
        ],
        budget: Some(Budget { asks: Some(3), ..Budget::default() }),
        ..asking(&["first", "second"])
    };
    let found = lines(&full, true);
    let has = |line: &str| assert!(found.iter().any(|found| found == line), "no {line:?} in {found:#?}");
    has("timeout: sent again 3 times for each model, then `second` is asked, then the step's fallback");
    has("malformed: asked again at most 2 times, then the step's fallback");
    has("guard … else retry: asked again at most 2 times, then the step's fallback");
    has("guard … else fail: the call's `else`");
    has("guard … else warn: recorded, and the answer is used");
    has("guard … else fallback: the guard's fallback");
    has("guard … else ask: a person is asked, then the step's fallback");
    has("budget: the step's fallback");
}
