//! Bodies of functions and function-form guards, and the rule that none calls itself.

use super::constants::closes_circle;
use crate::{
    environment::Environment,
    expr::{Elaborator, Place},
    names::ItemId,
    output::Output,
    problems::{
        cycles::{Recursion, Turn},
        mismatch::Because,
    },
};
use flow_diag::Span;
use flow_expr::{Expr, ExprKind, Function, Name};
use flow_syntax::ast;
use std::collections::{BTreeMap, BTreeSet};

/// Checks all functions.
pub(crate) fn functions(env: &Environment, output: &mut Output) {
    for (id, item) in env.names.all() {
        if matches!(item.decl, ast::Decl::Fn(_) | ast::Decl::Guard(_)) {
            function(env, id, item.at, output);
        }
    }
    recursion(env, output);
}

/// Checks one function, unless that is done or under way.
fn function(env: &Environment, id: ItemId, mention: Span, output: &mut Output) {
    if !env.begun.borrow_mut().insert(id) {
        return;
    }
    let item = env.names.item(id);
    let (body, type_parameters): (_, Vec<ast::Name>) = match &item.decl {
        ast::Decl::Fn(decl) => (decl.body(), decl.type_params().collect()),
        ast::Decl::Guard(decl) => (decl.body(), decl.type_params().collect()),
        _ => (None, vec![]),
    };
    let (Some(body), Some(signature)) = (body, env.signatures.get(&id)) else { return };
    if let Some(last) = env.open.borrow_mut().last_mut() {
        last.1 = mention;
    }
    env.open.borrow_mut().push((id, mention));
    let mut elaborator = Elaborator::new(env, item.module, Place::Function, output);
    elaborator.type_parameters = type_parameters.iter().map(|name| name.text().into()).collect();
    elaborator.locals.enter();
    let params = signature.params.iter().map(|param| elaborator.bind_parameter(param)).collect();
    let because = Because::Returns { owner: item.name.short(), at: signature.returns_at };
    let (body, _) = elaborator.pure_block(&body, Some((&signature.returns, because)));
    elaborator.leave_scope();
    env.open.borrow_mut().pop();
    env.functions.borrow_mut().insert(item.name.clone(), Function { params, body });
}

/// Checks all functions that an expression needs to be computed now. False if it cannot be: one of them is
/// wrong, needs this very constant, or calls itself.
pub(super) fn ensure_callees(env: &Environment, expr: &Expr, output: &mut Output) -> bool {
    let mut seen: BTreeSet<Name> = BTreeSet::new();
    let mut waiting = calls(expr);
    let before = output.problems.0.len();
    while let Some((name, at)) = waiting.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let Some(id) = env.names.item_named(&name) else { continue };
        if !env.functions.borrow().contains_key(&name) {
            if env.begun.borrow().contains(&id) {
                closes_circle(env, id, at, output);
                return false;
            }
            function(env, id, at, output);
        }
        if let Some(function) = env.functions.borrow().get(&name) {
            waiting.extend(calls(&function.body));
        }
    }
    let all = env.functions.borrow();
    let is_recursive = seen.iter().any(|name| reaches(&all, name, name));
    !is_recursive && output.problems.0.len() == before
}

fn calls(expr: &Expr) -> Vec<(Name, Span)> {
    let mut found = vec![];
    expr.visit(&mut |part| {
        if let ExprKind::Call(name, _) = &part.kind {
            found.push((name.clone(), part.at));
        }
    });
    found
}

/// Whether a function's calls lead to another one.
fn reaches(all: &BTreeMap<Name, Function>, from: &Name, to: &Name) -> bool {
    let mut seen: BTreeSet<Name> = BTreeSet::new();
    let mut waiting = vec![from.clone()];
    while let Some(name) = waiting.pop() {
        for (callee, _) in all.get(&name).map(|function| calls(&function.body)).unwrap_or_default() {
            if callee == *to {
                return true;
            }
            if seen.insert(callee.clone()) {
                waiting.push(callee);
            }
        }
    }
    false
}

/// Reports each circle of calls once.
fn recursion(env: &Environment, output: &mut Output) {
    let all = env.functions.borrow();
    let edges: BTreeMap<&Name, Vec<(Name, Span)>> =
        all.iter().map(|(name, function)| (name, calls(&function.body))).collect();
    let mut done: BTreeSet<&Name> = BTreeSet::new();
    for start in edges.keys() {
        // A walk with its path: (function, next edge to follow).
        let mut path: Vec<(&Name, usize)> = vec![(*start, 0)];
        while let Some((name, next)) = path.last_mut() {
            let name: &Name = name;
            let edge = edges.get(name).and_then(|edges| edges.get(*next));
            let Some((callee, _)) = edge.filter(|_| !done.contains(name)) else {
                done.insert(name);
                path.pop();
                continue;
            };
            *next += 1;
            let Some((callee, _)) = edges.get_key_value(callee) else { continue };
            if let Some(start) = path.iter().position(|(open, _)| open == callee) {
                report(env, &path[start..], &edges, output);
                for (open, _) in &path[start..] {
                    done.insert(*open);
                }
            } else if !done.contains(*callee) {
                path.push((*callee, 0));
            }
        }
    }
}

fn report(env: &Environment, path: &[(&Name, usize)], edges: &BTreeMap<&Name, Vec<(Name, Span)>>, output: &mut Output) {
    let mut turns: Vec<Turn> = path
        .iter()
        .filter_map(|(name, next)| {
            let item = env.names.item(env.names.item_named(name)?);
            let mention = edges.get(*name)?.get(next.checked_sub(1)?)?.1;
            Some(Turn { name: (*name).clone(), at: item.at, mention })
        })
        .collect();
    // The walk goes by name; people read from the top.
    let first = (0..turns.len()).min_by_key(|place| turns[*place].at).unwrap_or(0);
    turns.rotate_left(first);
    if !turns.is_empty() {
        output.problem(Recursion(turns));
    }
}
