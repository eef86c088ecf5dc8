//! Questions about expressions that do not need their value.
//!
//! Knows the IR only. Variables are unique within a function, step or flow, so what is free is what is
//! mentioned and not bound inside.

use flow_expr::{Expr, ExprKind, Function, Name, Part, Pattern, VarId};
use std::collections::{BTreeMap, BTreeSet};

/// Calls `see` on an expression and everything in it, outermost first.
pub(crate) fn visit<'a>(expr: &'a Expr, see: &mut dyn FnMut(&'a Expr)) {
    see(expr);
    children(expr, &mut |child| visit(child, see));
}

/// Calls `see` on the expressions directly in one.
pub(crate) fn children<'a>(expr: &'a Expr, see: &mut dyn FnMut(&'a Expr)) {
    match &expr.kind {
        ExprKind::Const(_) | ExprKind::Var(_) => {}
        ExprKind::Field { base, .. } => see(base),
        ExprKind::Record { base, fields, .. } => {
            base.iter().for_each(|base| see(base));
            fields.iter().for_each(|(_, value)| see(value));
        }
        ExprKind::Variant { fields, .. } => fields.iter().for_each(|(_, value)| see(value)),
        ExprKind::List(items) | ExprKind::Call(_, items) | ExprKind::Builtin(_, items) => {
            items.iter().for_each(|item| see(item));
        }
        ExprKind::Range(low, high) => {
            see(low);
            see(high);
        }
        ExprKind::Unary(_, value) | ExprKind::IntToDecimal(value) | ExprKind::Lambda(_, value) => see(value),
        ExprKind::Binary(_, left, right) => {
            see(left);
            see(right);
        }
        ExprKind::If(condition, then, otherwise) => {
            see(condition);
            see(then);
            see(otherwise);
        }
        ExprKind::Match(subject, arms) => {
            see(subject);
            for arm in arms {
                arm.condition.iter().for_each(|condition| see(condition));
                see(&arm.body);
            }
        }
        ExprKind::Interpolate(parts) => holes(parts, see),
    }
}

/// Calls `see` on the holes of an interpolated text.
pub(crate) fn holes<'a>(parts: &'a [Part], see: &mut dyn FnMut(&'a Expr)) {
    for part in parts {
        if let Part::Hole(hole, _) = part {
            see(hole);
        }
    }
}

/// Variables that an expression takes from its surroundings, each once, in order.
pub(crate) fn free_variables(expr: &Expr) -> BTreeSet<VarId> {
    let mut mentioned = BTreeSet::new();
    let mut bound = BTreeSet::new();
    visit(expr, &mut |part| match &part.kind {
        ExprKind::Var(var) => {
            mentioned.insert(*var);
        }
        ExprKind::Lambda(params, _) => bound.extend(params),
        ExprKind::Match(_, arms) => arms.iter().for_each(|arm| bind(&arm.pattern, &mut bound)),
        _ => {}
    });
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
/// Passing data on as it is (as an argument, in a list or record) needs only its name.
pub(crate) fn looks_into_data(expr: &Expr, holds_data: &dyn Fn(VarId) -> bool) -> bool {
    match &expr.kind {
        ExprKind::Var(_) | ExprKind::Const(_) => false,
        ExprKind::Record { .. } | ExprKind::Variant { .. } | ExprKind::List(_) => {
            let mut looks = false;
            children(expr, &mut |child| looks = looks || looks_into_data(child, holds_data));
            looks
        }
        ExprKind::If(condition, then, otherwise) => {
            mentions_data(condition, holds_data)
                || looks_into_data(then, holds_data)
                || looks_into_data(otherwise, holds_data)
        }
        _ => mentions_data(expr, holds_data),
    }
}

fn mentions_data(expr: &Expr, holds_data: &dyn Fn(VarId) -> bool) -> bool {
    let mut mentions = false;
    visit(expr, &mut |part| {
        if let ExprKind::Var(var) = part.kind {
            mentions = mentions || holds_data(var);
        }
    });
    mentions
}

/// The functions that expressions call, and those that these call, by name.
pub(crate) fn functions_called<'a>(
    exprs: &[&'a Expr],
    functions: &'a BTreeMap<Name, Function>,
) -> BTreeMap<&'a Name, &'a Function> {
    let mut found = BTreeMap::new();
    let mut open: Vec<&Expr> = exprs.to_vec();
    while let Some(expr) = open.pop() {
        visit(expr, &mut |part| {
            let ExprKind::Call(name, _) = &part.kind else { return };
            let Some((name, function)) = functions.get_key_value(name) else { return };
            if found.insert(name, function).is_none() {
                open.push(&function.body);
            }
        });
    }
    found
}

/// Whether the value depends on when the run started.
pub(crate) fn tells_time(exprs: &[&Expr], functions: &BTreeMap<Name, Function>) -> bool {
    let mut tells = false;
    let mut look = |part: &Expr| {
        if let ExprKind::Builtin(name, _) = &part.kind {
            tells = tells || matches!(&**name, "now" | "today" | "yesterday" | "tomorrow");
        }
    };
    exprs.iter().for_each(|expr| visit(expr, &mut look));
    functions_called(exprs, functions).values().for_each(|function| visit(&function.body, &mut look));
    tells
}
