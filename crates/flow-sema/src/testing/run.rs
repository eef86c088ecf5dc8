//! `run FLOW(args)`: the outcome of a run, as a value.

use super::{no_value, problems::NotRunnable};
use crate::{
    decl::{item_of, mention},
    expr::Elaborator,
};
use flow_expr::{Expr, ExprKind, Name, Type};
use flow_plan::NodeKind;
use flow_syntax::ast;

/// An expression that only flows and tests have. The elaborator calls this.
pub(super) fn expression(el: &mut Elaborator<'_>, expr: &ast::Expr, _hint: Option<&Type>) -> (Expr, Type) {
    let at = el.span(expr.range());
    match expr {
        ast::Expr::Run(run) => self::run(el, run),
        ast::Expr::Check(_) => no_value(el, at, "check"),
        _ => no_value(el, at, "for"),
    }
}

/// Whether a type is that of a run's outcome.
pub(super) fn is_outcome(ty: &Type) -> bool {
    matches!(ty, Type::Named(name) if name.short().starts_with("run of "))
}

fn run(el: &mut Elaborator<'_>, expr: &ast::RunExpr) -> (Expr, Type) {
    let at = el.span(expr.range());
    let Some(target) = expr.target() else { return el.unknown(at) };
    let (value, declared) = match &target {
        ast::Expr::Call(_) => el.infer(&target),
        _ => bare(el, &target),
    };
    let ExprKind::Var(var) = value.kind else {
        if declared != Type::Unknown {
            el.problem(NotRunnable { at: value.at });
        }
        return el.unknown(at);
    };
    let node = el.graph.as_mut().and_then(|graph| graph.node_of(var));
    let Some((node, name)) = node.and_then(|node| match &node.kind {
        NodeKind::Call { step: name, .. } | NodeKind::Flow { flow: name, .. } => {
            Some(name.clone()).map(|name| (node, name))
        }
        _ => None,
    }) else {
        el.problem(NotRunnable { at: value.at });
        return el.unknown(at);
    };
    let outcome = Name::new(format!("{}.run of {}", name.module(), name.short()));
    let ty = if el.env.types.get(&outcome).is_some() { Type::Named(outcome) } else { Type::Unknown };
    node.ty = ty.clone();
    node.at = at;
    el.output.index.typed(at, &ty);
    (Expr::new(value.kind, at), ty)
}

/// `run morning_revenue`: a call without arguments.
fn bare(el: &mut Elaborator<'_>, target: &ast::Expr) -> (Expr, Type) {
    let at = el.span(target.range());
    let Some(item) = item_of(el, target) else {
        return el.infer(target);
    };
    mention(el, target, item);
    let declared = el.env.names.item(item);
    if !matches!(declared.decl, ast::Decl::Step(_) | ast::Decl::Flow(_)) {
        el.problem(NotRunnable { at });
        return el.unknown(at);
    }
    let (name, is_step) = (declared.name.clone(), matches!(declared.decl, ast::Decl::Step(_)));
    let Some((args, returns)) = el.call_arguments(item, vec![], at) else { return el.unknown(at) };
    let label = name.short().to_owned();
    let kind = if is_step {
        NodeKind::Call { step: name, args, recover: None }
    } else {
        NodeKind::Flow { flow: name, args, recover: None }
    };
    el.hoist(&label, returns, kind, at)
}
