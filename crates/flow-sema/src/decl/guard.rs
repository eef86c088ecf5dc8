//! `guard COND else ACTION` on a step's result.

use super::{clause::milliseconds, problems::NotSupported};
use crate::{
    expr::{Elaborator, It},
    problems::mismatch::Because,
    source::one_line,
};
use flow_expr::{Expr, ExprKind, Part, Type, Value, VarId};
use flow_plan::{DEFAULT_WAIT_MS, Guard, GuardAction, Param};
use flow_syntax::ast::{self, ActionKind};

/// Whose result a guard looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// A step's.
    Step,
    /// A judge's: it is the verdict.
    Judge,
}

/// A guard.
pub(super) fn guard(
    el: &mut Elaborator<'_>,
    clause: &ast::GuardClause,
    returns: &Type,
    params: &[Param],
    of: Of,
) -> Option<Guard> {
    let written = clause.condition()?;
    // A judge's verdict is looked at by conditions alone: judges of judges would have no end.
    el.asks_judges = of == Of::Step;
    let outer = el.locals.set_it(Some(It { ty: returns.clone(), var: VarId::IT, bare_fields: false }));
    let condition = el.check(&written, &Type::Bool, Because::Place("as a guard holds or does not"));
    let action = match clause.action() {
        Some(action) => self::action(el, &action, returns),
        None => GuardAction::Fail(None),
    };
    el.locals.set_it(outer);
    el.asks_judges = false;
    let known = params.iter().map(|param| param.var).chain([VarId::IT]).collect();
    el.check_judges(&condition, action.expression(), &known);
    Some(Guard { condition, text: one_line(written.syntax()), action })
}

fn action(el: &mut Elaborator<'_>, action: &ast::Action, returns: &Type) -> GuardAction {
    let message = action.message().map(|text| feedback(el, &text));
    match action.kind() {
        Some(ActionKind::Retry) => GuardAction::Retry(message),
        Some(ActionKind::Warn) => GuardAction::Warn(message),
        Some(ActionKind::Fallback) => {
            let because = Because::Place("as it stands for the step's result");
            match action.value() {
                Some(value) => GuardAction::Fallback(el.check(&value, returns, because)),
                None => GuardAction::Fail(None),
            }
        }
        Some(ActionKind::Fail) | None => GuardAction::Fail(message),
        Some(ActionKind::Ask) => ask(el, action, message),
        Some(_) => {
            let at = el.span(action.range());
            let help = "a guard can `retry`, `fail`, `warn`, use a `fallback` or `ask` a person";
            el.problem(NotSupported { at, what: "this action in a guard", help });
            GuardAction::Fail(message)
        }
    }
}

/// `ask "who" "what" within 4h`: a person decides on what does not hold.
fn ask(el: &mut Elaborator<'_>, action: &ast::Action, message: Option<Expr>) -> GuardAction {
    let within_ms = match action.bound() {
        Some(bound) => milliseconds(el, Some(bound), "within").unwrap_or(DEFAULT_WAIT_MS),
        None => DEFAULT_WAIT_MS,
    };
    match action.who() {
        Some(who) => GuardAction::Ask { who: feedback(el, &who), message, within_ms },
        // The parser has said that it is missing.
        None => GuardAction::Fail(message),
    }
}

/// A message with holes as an expression.
pub(crate) fn feedback(el: &mut Elaborator<'_>, text: &ast::StringLit) -> Expr {
    let at = el.span(text.range());
    let parts = el.parts(text);
    match parts.as_slice() {
        [Part::Text(text)] => Expr::new(ExprKind::Const(Value::String(text.clone())), at),
        _ => Expr::new(ExprKind::Interpolate(parts), at),
    }
}
