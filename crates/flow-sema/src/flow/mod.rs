//! Flows: from statements to a graph of nodes.
//!
//! The [`Elaborator`] takes expressions apart and calls back here for the statements and expressions that
//! only flows have. When all of a flow's statements are done, [`edges`] numbers the nodes and works out
//! which wait for which. Knows nothing of other flows: what they make together is `flow-analysis`'s.

mod check;
mod edges;
mod header;
mod let_stmt;
mod loops;
mod policy;
pub(crate) mod problems;
mod require;
mod statements;
mod write;

use crate::{
    decl::{Declaring, order_calls, params, tags, text},
    environment::Signature,
    expr::{Elaborator, Ended, Graph, Place},
    names::ItemId,
    problems::{context::NoResult, mismatch::Because},
    source::has_errors,
};
use flow_diag::Span;
use flow_expr::{Expr, Name, Type};
use flow_plan::{Block, Flow, Handler, HandlerEvent, NodeKind, Param};
use flow_syntax::ast::{self, Stmt};

/// Declares all flows, and says in each dataset which flow writes it.
pub(crate) fn declare(declaring: &mut Declaring<'_>) {
    let env = declaring.env;
    for (id, item) in env.names.all() {
        if let ast::Decl::Flow(decl) = &item.decl {
            flow(declaring, id, decl);
        }
    }
    policy::declare(declaring);
    let flows = &declaring.program.flows;
    let writes = flows.values().flat_map(|flow| {
        flow.nodes().filter_map(|node| match &node.kind {
            NodeKind::Write { dataset, .. } => Some((dataset.clone(), flow.name.clone())),
            _ => None,
        })
    });
    for (dataset, flow) in writes.collect::<Vec<_>>() {
        if let Some(dataset) = declaring.program.datasets.get_mut(&dataset) {
            dataset.writer.get_or_insert(flow);
        }
    }
}

fn flow(declaring: &mut Declaring<'_>, id: ItemId, decl: &ast::FlowDecl) {
    let item = declaring.env.names.item(id);
    let (name, at, module) = (item.name.clone(), item.at, item.module);
    let Some(signature) = declaring.env.signatures.get(&id).cloned() else { return };
    let mut el = declaring.elaborator(module, Place::Flow);
    let stmts: Vec<Stmt> = decl.body().into_iter().flat_map(|body| body.stmts()).collect();
    el.graph = Some(Graph::new(statements::statement, loops::expression, stmts.len()).with_body(decl.body()));
    el.locals.reserve(stmts.len());
    el.locals.enter();
    let bound: Vec<Param> = signature.params.iter().map(|param| params::bind(&mut el, param)).collect();
    let mut flow = header::new_flow(&name, at, bound, &signature);
    let result = body(&mut el, &stmts, &mut flow, &signature, decl);
    flow.body = el.graph.as_mut().map_or_else(Block::default, |graph| graph.close(result));
    for stmt in &stmts {
        if let Stmt::On(stmt) = stmt {
            flow.handlers.extend(handler(&mut el, stmt));
        }
    }
    params::warn_unused(&mut el, name.short(), |_| false);
    header::check_starts(&mut el, &flow, &signature);
    edges::connect(&mut flow);
    order_calls(&mut flow, declaring.places);
    declaring.program.flows.insert(name, flow);
}

/// The statements of the flow itself, but its handlers; gives the flow's value.
fn body(
    el: &mut Elaborator<'_>,
    stmts: &[Stmt],
    flow: &mut Flow,
    signature: &Signature,
    decl: &ast::FlowDecl,
) -> Option<Expr> {
    let name = flow.name.clone();
    let because = Because::Returns { owner: name.short(), at: signature.returns_at };
    el.locals.enter();
    let mut result = None;
    for stmt in stmts {
        match stmt {
            Stmt::Start(stmt) => flow.starts.extend(header::start(el, stmt, &flow.params)),
            Stmt::Finish(stmt) => flow.finish = header::finish(el, stmt),
            Stmt::Overlap(stmt) => flow.overlap = header::overlap(stmt),
            Stmt::CatchUp(stmt) => flow.catch_up = header::catch_up(stmt),
            Stmt::Owner(clause) => flow.owner = text(el, clause.owner(), "owner"),
            Stmt::Tags(clause) => flow.tags = tags(clause),
            Stmt::Budget(clause) => flow.budgets.extend(crate::decl::flow_budget(el, clause)),
            Stmt::On(_) | Stmt::Doc(_) => {}
            other => {
                if let Ended::Value(value, ty) = statements::of_flow(el, other, &signature.returns) {
                    result = returned(el, value, &ty, &signature.returns, because);
                }
            }
        }
    }
    el.leave_scope();
    let expects_value = !matches!(signature.returns, Type::Unit | Type::Unknown);
    let is_broken = decl.body().is_some_and(|body| has_errors(body.syntax()));
    if expects_value && result.is_none() && !stmts.is_empty() && !is_broken {
        let end = decl.body().map_or(flow.at, |body| el.span(body.range()));
        let at = Span::new(end.file, end.end.saturating_sub(1).max(end.start), end.end);
        el.problem(NoResult { at, expected: &signature.returns, because: Some(because) });
    }
    result
}

/// The flow's value as one of its declared type; a flow that declares none has no value.
fn returned(el: &mut Elaborator<'_>, value: Expr, ty: &Type, declared: &Type, because: Because<'_>) -> Option<Expr> {
    if *declared == Type::Unit {
        if !matches!(ty, Type::Unit | Type::Unknown) {
            el.problem(problems::ReturnsNothing { at: value.at, ty });
        }
        return None;
    }
    Some(el.coerce(value, ty, declared, because))
}

/// `on failure { … }`: sees the flow's parameters, not its values, which may not exist.
fn handler(el: &mut Elaborator<'_>, stmt: &ast::OnStmt) -> Option<Handler> {
    let on = match stmt.event()?.text() {
        "failure" => HandlerEvent::Failure,
        "late" => HandlerEvent::Late,
        "stale" => HandlerEvent::Stale,
        _ => return None,
    };
    let block = stmt.body()?;
    el.graph.as_mut()?.open();
    el.block(&block, None);
    let body = el.graph.as_mut()?.close(None);
    Some(Handler { on, body })
}

/// The dataset that an expression names, with the keys of a partition: `sales`, `sales[day]`.
pub(super) fn dataset_of(el: &mut Elaborator<'_>, expr: &ast::Expr) -> Option<(ItemId, Name, Vec<Expr>)> {
    let (base, index) = match expr {
        ast::Expr::Index(index) => (index.receiver()?, Some(index.index()?)),
        other => (other.clone(), None),
    };
    let id = crate::decl::item_of(el, &base)?;
    let item = el.env.names.item(id);
    if !matches!(item.decl, ast::Decl::Dataset(_)) {
        return None;
    }
    let name = item.name.clone();
    crate::decl::mention(el, &base, id);
    let at = el.span(expr.range());
    let keys = match index {
        Some(index) => el.partition_keys(id, &index, at)?,
        None => vec![],
    };
    Some((id, name, keys))
}
