//! What a step makes of drafts: which give them, which pass them on, which check them, which let them out.

use flow_expr::{Expr, ExprKind, Name, Value, VarId};
use flow_plan::{Body, Effect, GuardAction, Program, Step, every_expression};

/// Whether the step's result is a draft whatever it is given: a model's, which nothing checks.
pub(super) fn gives_draft(program: &Program, step: &Step) -> bool {
    matches!(step.body, Body::Ai(_)) && !is_checked(program, step)
}

/// Whether a guard stands between what the body gives and what the step gives: one that looks at the result and
/// does more than warn.
///
/// What a judge says of a draft is a draft itself: data can tell a judge what to say as it can tell the model. So a
/// judge counts where its own verdict is checked, and for nothing where it is not.
#[must_use]
pub fn is_checked(program: &Program, step: &Step) -> bool {
    step.guards.iter().any(|guard| !matches!(guard.action, GuardAction::Warn(_)) && checks(program, &guard.condition))
}

/// Whether a condition looks at the result: by form, or through judges whose verdicts are checked.
fn checks(program: &Program, condition: &Expr) -> bool {
    let judges = program.judges_asked(condition);
    if judges.is_empty() {
        return looks_at_it(condition);
    }
    let is_sound = |judge: &Name| program.judges.get(judge).is_some_and(|judge| is_sound(judge));
    looks_at_it(condition) && judges.iter().all(|call| is_sound(call.judge))
}

/// Whether a judge's verdict is worth something: a guard looks at it, and no fallback says yes in its place.
#[must_use]
pub fn is_sound(judge: &Step) -> bool {
    let is_checked =
        judge.guards.iter().any(|guard| !matches!(guard.action, GuardAction::Warn(_)) && looks_at_it(&guard.condition));
    is_checked && fallbacks(judge).all(says_no)
}

/// Whether a verdict that stands in is no, whatever was asked.
fn says_no(verdict: &Expr) -> bool {
    match &verdict.kind {
        ExprKind::Const(Value::Bool(ok)) => !ok,
        ExprKind::Record { base: None, fields, .. } => {
            fields.iter().any(|(name, value)| &**name == "ok" && says_no(value))
        }
        _ => false,
    }
}

fn looks_at_it(condition: &Expr) -> bool {
    every_expression(condition).any(|expr| matches!(expr.kind, ExprKind::Var(VarId::IT)))
}

/// Whether giving a draft to the step lets it out into the world.
pub(super) fn changes(step: &Step) -> bool {
    step.effect >= Effect::Write
}

/// Whether a person answers: who sees the arguments and decides.
pub(super) fn is_person(step: &Step) -> bool {
    step.body.keyword() == "ask"
}

/// The values that stand for the result of a checked step when its body's does not.
pub(super) fn fallbacks(step: &Step) -> impl Iterator<Item = &Expr> {
    let of_guards = step.guards.iter().filter_map(|guard| match &guard.action {
        GuardAction::Fallback(value) => Some(value),
        _ => None,
    });
    step.fallback.iter().chain(of_guards)
}
