//! What a step makes of drafts: which give them, which pass them on, which check them, which let them out.

use flow_expr::{Expr, ExprKind, VarId};
use flow_plan::{Body, Effect, GuardAction, Step, every_expression};

/// Whether the step's result is a draft whatever it is given: a model's, which nothing checks.
pub(super) fn gives_draft(step: &Step) -> bool {
    matches!(step.body, Body::Ai(_)) && !is_checked(step)
}

/// Whether a guard stands between what the body gives and what the step gives: one that looks at the result and
/// does more than warn.
#[must_use]
pub fn is_checked(step: &Step) -> bool {
    step.guards.iter().any(|guard| !matches!(guard.action, GuardAction::Warn(_)) && looks_at_it(&guard.condition))
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
    matches!(step.body, Body::Ask { .. })
}

/// The values that stand for the result of a checked step when its body's does not.
pub(super) fn fallbacks(step: &Step) -> impl Iterator<Item = &Expr> {
    let of_guards = step.guards.iter().filter_map(|guard| match &guard.action {
        GuardAction::Fallback(value) => Some(value),
        _ => None,
    });
    step.fallback.iter().chain(of_guards)
}
