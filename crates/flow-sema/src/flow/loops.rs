//! Expressions that only flows have: `for x in xs limit 50 parallel 8 { … }` is made here, `check` in [`check`].

use super::{
    check,
    problems::{NoLimit, NotAList},
};
use crate::{
    decl::number,
    expr::{Elaborator, Place},
    index::DefinitionKind,
    problems::context::NotHere,
};
use flow_diag::Span;
use flow_expr::{Expr, ExprKind, Type, Value};
use flow_plan::NodeKind;
use flow_syntax::ast;
use std::sync::Arc;

/// An expression that only flows have. The elaborator calls this.
pub(super) fn expression(el: &mut Elaborator<'_>, expr: &ast::Expr, _hint: Option<&Type>) -> (Expr, Type) {
    let at = el.span(expr.range());
    match expr {
        ast::Expr::For(written) => for_each(el, written, at),
        ast::Expr::Check(written) => check::check(el, written, at),
        _ => {
            let help = "only tests run flows; a flow calls another one by its name";
            el.problem(NotHere { at, what: "run".to_owned(), place: "a flow", help });
            el.unknown(at)
        }
    }
}

fn for_each(el: &mut Elaborator<'_>, written: &ast::ForExpr, at: Span) -> (Expr, Type) {
    let (items, items_ty) = match written.items() {
        Some(items) => el.infer(&items),
        None => el.unknown(at),
    };
    let item_ty = match el.env.base(&items_ty) {
        Type::List(item) => (**item).clone(),
        Type::Unknown => Type::Unknown,
        _ => {
            el.problem(NotAList { at: items.at, found: &items_ty });
            Type::Unknown
        }
    };
    let limit = limit(el, written, &items);
    let parallel = match written.parallel() {
        Some(parallel) => {
            number(el, Some(parallel), "parallel", 1).map_or(1, |count| u32::try_from(count).unwrap_or(u32::MAX))
        }
        None => 1,
    };
    let id = el.graph.as_mut().map(crate::expr::Graph::reserve);
    if let Some(graph) = &mut el.graph {
        graph.open();
    }
    el.locals.enter();
    let item = match written.name() {
        Some(name) => el.bind(&name, item_ty, DefinitionKind::Local, false),
        None => el.locals.fresh(),
    };
    let (result, result_ty) = written.body().and_then(|body| el.block(&body, None)).unzip();
    el.leave_scope();
    let ty = result_ty.map_or(Type::Unit, |ty| Type::List(Arc::new(ty)));
    let (Some(graph), Some(id)) = (&mut el.graph, id) else { return el.unknown(at) };
    let body = graph.close(result);
    let var = el.locals.fresh();
    let kind = NodeKind::For { item, items, limit, parallel, body };
    if let Some(graph) = &mut el.graph {
        graph.add(id, "for", var, ty.clone(), kind, at);
    }
    (Expr::new(ExprKind::Var(var), at), ty)
}

/// The most items that there may be: written, or counted where the list is.
fn limit(el: &mut Elaborator<'_>, written: &ast::ForExpr, items: &Expr) -> u64 {
    if let Some(limit) = written.limit() {
        return number(el, Some(limit), "limit", 1).unwrap_or(1);
    }
    match &items.kind {
        // Nothing runs in a policy.
        _ if el.place == Place::Policy => u64::MAX,
        ExprKind::List(items) => items.len().max(1) as u64,
        ExprKind::Const(Value::List(items)) => items.len().max(1) as u64,
        _ => {
            let at = items.at;
            if at != Span::default() {
                el.problem(NoLimit { at });
            }
            1
        }
    }
}
