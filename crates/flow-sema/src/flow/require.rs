//! `require ds fresh within D else …`, `require COND else fail "why"`.

use super::{
    dataset_of,
    problems::{ConditionAction, NotADataset},
};
use crate::{
    decl::{feedback, milliseconds},
    expr::Elaborator,
    problems::mismatch::Because,
    source::one_line,
};
use flow_expr::Type;
use flow_plan::{NodeKind, StaleAction};
use flow_syntax::ast::{self, ActionKind};

pub(super) fn require(el: &mut Elaborator<'_>, stmt: &ast::RequireStmt) {
    let Some(subject) = stmt.subject() else { return };
    match stmt.fresh_within() {
        Some(within) => fresh(el, stmt, &subject, within),
        None => condition(el, stmt, &subject),
    }
}

fn fresh(el: &mut Elaborator<'_>, stmt: &ast::RequireStmt, subject: &ast::Expr, within: ast::Expr) {
    let at = el.span(stmt.range());
    let within_ms = milliseconds(el, Some(within), "fresh within");
    let before = el.output.problems.0.len();
    let Some((_, dataset, partition)) = dataset_of(el, subject) else {
        if el.output.problems.0.len() == before {
            not_a_dataset(el, subject);
        }
        return;
    };
    let action = stmt.action().map_or(Some(StaleAction::Fail), |action| stale_action(el, &action));
    let (Some(within_ms), Some(action)) = (within_ms, action) else { return };
    let label = format!("require {}", dataset.short());
    let kind = NodeKind::RequireFresh { dataset, within_ms, partition, action };
    el.hoist(&label, Type::Unit, kind, at);
}

fn not_a_dataset(el: &mut Elaborator<'_>, subject: &ast::Expr) {
    let at = el.span(subject.range());
    let item = crate::decl::item_of(el, subject).map(|id| el.env.names.item(id));
    match (item, crate::decl::path_of(subject)) {
        (Some(item), _) => {
            let (found, declared) = (item.keyword(), Some(item.at));
            el.problem(NotADataset { at, found, declared });
        }
        (None, Some(path)) => {
            let text = path.iter().map(ast::Name::text).collect::<Vec<_>>().join(".");
            el.unknown_value(&text, at, "dataset");
        }
        (None, None) => el.problem(NotADataset { at, found: "value", declared: None }),
    }
}

fn stale_action(el: &mut Elaborator<'_>, action: &ast::Action) -> Option<StaleAction> {
    Some(match action.kind()? {
        ActionKind::Fail => StaleAction::Fail,
        ActionKind::Warn => StaleAction::Warn,
        ActionKind::Skip => StaleAction::Skip,
        ActionKind::Refresh => StaleAction::Refresh,
        ActionKind::Wait => StaleAction::Wait(milliseconds(el, action.bound(), "wait up to")?),
        ActionKind::Retry | ActionKind::Fallback | ActionKind::Ask => {
            let at = el.span(action.range());
            el.problem(ConditionAction { at, allowed: "fail`, `warn`, `skip`, `refresh` or `wait up to D" });
            return None;
        }
    })
}

fn condition(el: &mut Elaborator<'_>, stmt: &ast::RequireStmt, subject: &ast::Expr) {
    let at = el.span(stmt.range());
    let condition = el.check(subject, &Type::Bool, Because::Place("as `require` takes a condition"));
    let action = stmt.action();
    let warn = match action.as_ref().and_then(ast::Action::kind) {
        Some(ActionKind::Warn) => true,
        Some(ActionKind::Fail) | None => false,
        Some(_) => {
            let at = action.as_ref().map_or(at, |action| el.span(action.range()));
            el.problem(ConditionAction { at, allowed: "fail` or `warn" });
            false
        }
    };
    let message = action.and_then(|action| action.message()).map(|text| feedback(el, &text));
    let text = one_line(subject.syntax());
    let kind = NodeKind::Require { condition, text, warn, message: message.map(Box::new) };
    el.hoist("require", Type::Unit, kind, at);
}
