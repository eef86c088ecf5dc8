//! `let x = value else other`, `do call(…) else other`.
//!
//! A `let` whose value is a new node gives the node its name. Any other value becomes a node that computes
//! it, so that everything with a name can be seen in the plan.

use super::{
    edges::may_hold_data,
    problems::{InnerCalls, NothingToDo, NothingToRecover},
    statements::LOCAL,
};
use crate::{expr::Elaborator, problems::mismatch::Because};
use flow_diag::Span;
use flow_expr::{Expr, ExprKind, Type, VarId};
use flow_plan::{Block, NodeKind, every_expression};
use flow_syntax::ast::{self, Recovery};

pub(super) fn let_stmt(el: &mut Elaborator<'_>, stmt: &ast::LetStmt) {
    let at = el.span(stmt.range());
    let before = made(el);
    let (value, mut ty) = el.let_value(stmt);
    let fresh = fresh_node(el, &value, before);
    if let Some(recovery) = stmt.recovery() {
        let call = fresh.or_else(|| fresh_node(el, value.unconverted(), before));
        ty = recover(el, &recovery, (&value, &ty), call, before, stmt.ty().is_some());
    }
    let Some(name) = stmt.name() else { return };
    let node_at = fresh.and_then(|var| Some(el.graph.as_mut()?.node_of(var)?.at));
    el.annotate(stmt, &name, &ty, node_at.unwrap_or(at));
    let var = el.bind(&name, ty.clone(), LOCAL, true);
    match fresh {
        Some(node) => {
            if let Some(graph) = &mut el.graph {
                graph.rename(node, name.text(), var);
            }
        }
        None => {
            let data = looks_into_data(el, &value);
            compute(el, name.text(), var, ty, value, data, at);
        }
    }
}

pub(super) fn do_stmt(el: &mut Elaborator<'_>, stmt: &ast::DoStmt) {
    let Some(call) = stmt.call() else { return };
    let before = made(el);
    let (value, ty) = el.infer(&call);
    let fresh = fresh_node(el, &value, before);
    if fresh.is_none() && ty != Type::Unknown {
        el.problem(NothingToDo { at: value.at });
    }
    if let Some(recovery) = stmt.recovery() {
        recover(el, &recovery, (&value, &ty), fresh, before, false);
    }
}

/// Adds the node of a computed value.
pub(super) fn compute(el: &mut Elaborator<'_>, label: &str, var: VarId, ty: Type, expr: Expr, data: bool, at: Span) {
    if let Some(graph) = &mut el.graph {
        let id = graph.reserve();
        graph.add(id, label, var, ty, NodeKind::Compute { expr, data }, at);
    }
}

/// How many nodes have been made.
fn made(el: &mut Elaborator<'_>) -> u32 {
    el.graph.as_ref().map_or(0, crate::expr::Graph::made)
}

/// The variable of the node that a value is, if that node was made for it and is no read of a dataset.
fn fresh_node(el: &mut Elaborator<'_>, value: &Expr, before: u32) -> Option<VarId> {
    let ExprKind::Var(var) = value.kind else { return None };
    let node = el.graph.as_mut()?.node_of(var)?;
    (node.id.0 >= before && !matches!(node.kind, NodeKind::Read { .. })).then_some(var)
}

/// Elaborates a recovery and adds it to the call that it belongs to; gives the type of both.
fn recover(
    el: &mut Elaborator<'_>,
    recovery: &Recovery,
    (value, ty): (&Expr, &Type),
    call: Option<VarId>,
    before: u32,
    is_declared: bool,
) -> Type {
    let calls = el.graph.as_ref().map_or(0, |graph| graph.calls_since(before));
    let block = recovery_block(el, recovery, ty, is_declared);
    let node = call.and_then(|var| el.graph.as_mut()?.node_of(var));
    let Some(NodeKind::Call { recover, .. } | NodeKind::Flow { recover, .. }) = node.map(|node| &mut node.kind) else {
        if *ty != Type::Unknown {
            el.problem(NothingToRecover { at: value.at });
        }
        return block.map_or_else(|| ty.clone(), |(_, ty)| ty);
    };
    let Some((block, joined)) = block else { return ty.clone() };
    *recover = Some(block);
    if calls > 1 {
        el.problem(InnerCalls { at: value.at });
    }
    if let (Some(var), Some(graph)) = (call, &mut el.graph)
        && let Some(node) = graph.node_of(var)
    {
        node.ty = joined.clone();
    }
    joined
}

fn recovery_block(el: &mut Elaborator<'_>, recovery: &Recovery, ty: &Type, is_declared: bool) -> Option<(Block, Type)> {
    el.graph.as_mut()?.open();
    let because = Because::Place("as it stands in for the call's result");
    let found = match recovery {
        Recovery::Expr(expr) => {
            let (other, found) = el.elaborate(expr, Some(ty));
            Some((other, found))
        }
        Recovery::Block(block) => {
            // Where nothing is declared, the value need not keep the rules of the call's.
            let wanted = if is_declared { ty.clone() } else { el.env.unruled(ty) };
            el.block(block, Some((&wanted, because)).filter(|_| is_declared || !matches!(ty, Type::Unit)))
        }
    };
    let (result, joined) = match found {
        // The call's own value is not converted, so it must fit the joined type as it is.
        Some((other, found)) => {
            match el.env.join(ty, &found).filter(|joined| !is_declared && el.env.fits(ty, joined)) {
                Some(joined) => (Some(el.lift(other, &found, &joined)), joined),
                None => (Some(el.coerce(other, &found, ty, because)), ty.clone()),
            }
        }
        None => (None, ty.clone()),
    };
    let block = el.graph.as_mut()?.close(result);
    Some((block, joined))
}

/// Whether evaluating needs the content of a table or file; passing one on does not.
pub(super) fn looks_into_data(el: &Elaborator<'_>, expr: &Expr) -> bool {
    let holds = |var: VarId| {
        let local = el.locals.type_of(var).map(|ty| may_hold_data(ty, &el.env.types));
        local.or_else(|| el.graph.as_ref()?.type_of(var).map(|ty| may_hold_data(ty, &el.env.types))).unwrap_or(false)
    };
    into_data(expr, &holds)
}

fn into_data(expr: &Expr, holds: &dyn Fn(VarId) -> bool) -> bool {
    match &expr.kind {
        ExprKind::Var(_) | ExprKind::Const(_) => false,
        ExprKind::Record { base: None, .. } | ExprKind::Variant { .. } | ExprKind::List(_) => {
            flow_plan::subexpressions(expr).into_iter().any(|part| into_data(part, holds))
        }
        _ => every_expression(expr).any(|part| matches!(part.kind, ExprKind::Var(var) if holds(var))),
    }
}
