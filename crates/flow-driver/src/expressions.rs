//! Questions about expressions that do not need their value.
//!
//! Knows the IR only. Variables are unique within a function, step or flow, so what is free is what is
//! mentioned and not bound inside.

use flow_expr::{Expr, ExprKind, Function, Name, Pattern, VarId};
use flow_plan::{every_expression, subexpressions};
use std::collections::{BTreeMap, BTreeSet};

/// Variables that an expression takes from its surroundings, each once, in order.
pub(crate) fn free_variables(expr: &Expr) -> BTreeSet<VarId> {
    let mut mentioned = BTreeSet::new();
    let mut bound = BTreeSet::new();
    for part in every_expression(expr) {
        match &part.kind {
            ExprKind::Var(var) => {
                mentioned.insert(*var);
            }
            ExprKind::Lambda(params, _) => bound.extend(params),
            ExprKind::Match(_, arms) => arms.iter().for_each(|arm| bind(&arm.pattern, &mut bound)),
            _ => {}
        }
    }
    &mentioned - &bound
}

/// Variables that a pattern binds.
pub(crate) fn bind(pattern: &Pattern, bound: &mut BTreeSet<VarId>) {
    match pattern {
        Pattern::Bind(var) => {
            bound.insert(*var);
        }
        Pattern::Variant(_, fields) => fields.iter().for_each(|(_, field)| bind(field, bound)),
        Pattern::Either(options) => options.iter().for_each(|option| bind(option, bound)),
        Pattern::Any | Pattern::Const(_) | Pattern::Absent => {}
    }
}

/// Whether evaluating needs the content of a table or file, given which variables may hold one.
///
/// Passing data on as it is (alone, in a list or record) needs only its name.
pub(crate) fn looks_into_data(expr: &Expr, holds_data: &dyn Fn(VarId) -> bool) -> bool {
    match &expr.kind {
        ExprKind::Var(_) | ExprKind::Const(_) => false,
        ExprKind::Record { base: None, .. } | ExprKind::Variant { .. } | ExprKind::List(_) => {
            subexpressions(expr).into_iter().any(|part| looks_into_data(part, holds_data))
        }
        _ => every_expression(expr).any(|part| matches!(part.kind, ExprKind::Var(var) if holds_data(var))),
    }
}

/// Whether the value depends on when the run started.
pub(crate) fn tells_time<'a>(
    exprs: impl IntoIterator<Item = &'a Expr>,
    functions: &'a BTreeMap<Name, Function>,
) -> bool {
    let mut open: Vec<&Expr> = exprs.into_iter().collect();
    let mut seen = BTreeSet::new();
    while let Some(expr) = open.pop() {
        for part in every_expression(expr) {
            match &part.kind {
                ExprKind::Builtin(name, _) if matches!(&**name, "now" | "today" | "yesterday" | "tomorrow") => {
                    return true;
                }
                ExprKind::Call(name, _) if seen.insert(name) => {
                    open.extend(functions.get(name).map(|function| &function.body));
                }
                _ => {}
            }
        }
    }
    false
}
