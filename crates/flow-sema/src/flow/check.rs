//! `check x { guard COND else ACTION … }`: its value is `x` if it passes, a guard's `fallback` if one fails.
//!
//! Needs nothing of its own in a plan: it becomes a choice that asks the guards in their order. The arm of a guard
//! that fails holds what the guard does; the last arm holds all guards once more as requirements, which hold there
//! (but for those that only warn) and so leave their verdicts in the record.
//!
//! `else retry` has nothing to try again here and is reported. Tested by `tests/check/checks.flow` and by runs.

use super::{let_stmt::looks_into_data, problems::CheckAction};
use crate::{
    decl::feedback,
    expr::{Elaborator, It},
    problems::mismatch::Because,
    source::one_line,
};
use flow_diag::Span;
use flow_expr::{Expr, ExprKind, Pattern, Type, UnaryOp, VarId};
use flow_plan::{Block, MatchArm, NodeKind};
use flow_syntax::ast::{self, ActionKind};
use std::sync::Arc;

/// A guard, as far as it does not depend on what it does.
struct Guard {
    condition: Expr,
    text: Arc<str>,
    message: Option<Expr>,
    at: Span,
    action: Action,
}

enum Action {
    Fail,
    Warn,
    Fallback(Option<ast::Expr>),
}

/// The checked value. The elaborator calls this, in flows.
pub(super) fn check(el: &mut Elaborator<'_>, written: &ast::CheckExpr, at: Span) -> (Expr, Type) {
    let (subject, ty) = match written.subject() {
        Some(subject) => el.infer(&subject),
        None => el.unknown(at),
    };
    let it = variable(el, subject, &ty);
    let value = Expr::new(ExprKind::Var(it), at);
    let outer = el.locals.set_it(Some(It { ty: ty.clone(), var: it, bare_fields: false }));
    // The guards are asked before it is known what happens, so nothing can be started in them.
    let guards = el.deciding(|el| written.guards().filter_map(|guard| self::guard(el, &guard)).collect::<Vec<_>>());
    if guards.is_empty() {
        el.locals.set_it(outer);
        return (value, ty);
    }
    let id = el.reserve();
    let mut arms = vec![];
    for (number, guard) in guards.iter().enumerate() {
        let body = match &guard.action {
            Action::Warn => continue,
            Action::Fail => block(el, |el| {
                require(el, guard, false);
                Some(value.clone())
            }),
            Action::Fallback(other) => block(el, |el| {
                // What went wrong is on record, as are the warnings before it.
                let warnings = guards[..number].iter().filter(|guard| matches!(guard.action, Action::Warn));
                warnings.chain([guard]).for_each(|guard| require(el, guard, true));
                let because = Because::Place("as it stands for the checked value");
                el.check_present(other.as_ref(), &ty, because)
            }),
        };
        let broken = ExprKind::Unary(UnaryOp::Not, Box::new(guard.condition.clone()));
        arms.push(MatchArm { pattern: Pattern::Any, condition: Some(Expr::new(broken, guard.at)), body });
    }
    let body = block(el, |el| {
        guards.iter().for_each(|guard| require(el, guard, matches!(guard.action, Action::Warn)));
        Some(value.clone())
    });
    arms.push(MatchArm { pattern: Pattern::Any, condition: None, body });
    el.locals.set_it(outer);
    el.hoist_as(id, "check", ty, NodeKind::Match { subject: value, arms }, at)
}

/// The variable that holds the value: its own, or that of a node made for it.
fn variable(el: &mut Elaborator<'_>, subject: Expr, ty: &Type) -> VarId {
    if let ExprKind::Var(var) = subject.kind {
        return var;
    }
    let (data, at) = (looks_into_data(el, &subject), subject.at);
    match el.hoist("checked", ty.clone(), NodeKind::Compute { expr: subject, data }, at).0.kind {
        ExprKind::Var(var) => var,
        _ => el.locals.fresh(),
    }
}

fn guard(el: &mut Elaborator<'_>, clause: &ast::GuardClause) -> Option<Guard> {
    let written = clause.condition()?;
    let condition = el.check(&written, &Type::Bool, Because::Place("as a guard holds or does not"));
    let action = clause.action();
    let message = action.as_ref().and_then(ast::Action::message).map(|text| feedback(el, &text));
    let does = match action.as_ref().and_then(ast::Action::kind) {
        Some(ActionKind::Fail) | None => Action::Fail,
        Some(ActionKind::Warn) => Action::Warn,
        Some(ActionKind::Fallback) => Action::Fallback(action.as_ref().and_then(ast::Action::value)),
        Some(kind) => {
            let at = action.map_or_else(|| el.span(clause.range()), |action| el.span(action.range()));
            el.problem(CheckAction { at, retry: kind == ActionKind::Retry });
            Action::Fail
        }
    };
    Some(Guard { condition, text: one_line(written.syntax()), message, at: el.span(clause.range()), action: does })
}

fn require(el: &mut Elaborator<'_>, guard: &Guard, warn: bool) {
    let (condition, text, message) = (guard.condition.clone(), guard.text.clone(), guard.message.clone());
    el.hoist(
        "guard",
        Type::Unit,
        NodeKind::Require { condition, text, warn, message: message.map(Box::new) },
        guard.at,
    );
}

/// What is made by `work`, as a block of its own.
fn block(el: &mut Elaborator<'_>, work: impl FnOnce(&mut Elaborator<'_>) -> Option<Expr>) -> Block {
    if let Some(graph) = &mut el.graph {
        graph.open();
    }
    let result = work(el);
    el.graph.as_mut().map_or_else(Block::default, |graph| graph.close(result))
}
