//! What a step makes of drafts: which give them, which pass them on, which check them, which let them out.

use flow_expr::{Expr, ExprKind, Value, VarId};
use flow_plan::{Body, Effect, GuardAction, Program, Step, every_expression};

/// Whether the step's result is a draft whatever it is given: a model's, which nothing checks, or what a judge says of
/// it where that stands in for the result.
pub(super) fn gives_draft(program: &Program, step: &Step) -> bool {
    let says_verdicts = fallbacks(step).any(|value| !asks_sound(program, value));
    says_verdicts || (matches!(step.body, Body::Ai(_)) && !is_checked(program, step))
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
    looks_at_it(condition) && asks_sound(program, condition)
}

/// Whether the judges that an expression asks are worth something; so if it asks none.
pub(crate) fn asks_sound(program: &Program, expr: &Expr) -> bool {
    program.judges_asked(expr).iter().all(|call| program.judges.get(call.judge).is_some_and(is_sound))
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

/// Whether a condition looks at the result, and not only at parameters.
pub(crate) fn looks_at_it(condition: &Expr) -> bool {
    every_expression(condition).any(|expr| matches!(expr.kind, ExprKind::Var(VarId::IT)))
}

/// Whether giving a draft to the step lets it out into the world.
pub(super) fn changes(step: &Step) -> bool {
    step.effect >= Effect::Write
}

/// The values that stand for the result of a checked step when its body's does not.
pub(crate) fn fallbacks(step: &Step) -> impl Iterator<Item = &Expr> {
    let of_guards = step.guards.iter().filter_map(|guard| match &guard.action {
        GuardAction::Fallback(value) => Some(value),
        _ => None,
    });
    step.fallback.iter().chain(of_guards)
}
