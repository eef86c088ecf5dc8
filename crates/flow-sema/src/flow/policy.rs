//! `policy owned "…" { for dataset in datasets { require … } }`.
//!
//! A policy's statements are made into a block as a flow's are, but nothing of it runs: it holds values, loops,
//! branches and requirements over what is seen of the program. One of the standard library holds where a module of
//! the project `use`s it. Evaluating is `flow-analysis`'s.

use super::{let_stmt, loops, require, statements};
use crate::{
    decl::Declaring,
    expr::{Elaborator, Ended, Graph, Local, Place},
    index::DefinitionId,
    names::ItemId,
    problems::context::NotHere,
};
use flow_diag::Span;
use flow_expr::{Name, Type, VarId};
use flow_plan::{NodeKind, Policy, SEEN};
use flow_syntax::ast::{self, Stmt};
use std::sync::Arc;

const HELP: &str =
    "a policy looks at the program: it holds `let`, `if`, `match`, `for`, `require COND else fail|warn` and `budget`";

/// All policies that hold.
pub(super) fn declare(declaring: &mut Declaring<'_>) {
    let env = declaring.env;
    for (id, item) in env.names.all() {
        if let ast::Decl::Policy(decl) = &item.decl {
            let taken = taken(declaring, id);
            let policy = policy(declaring, id, decl);
            if taken {
                declaring.program.policies.push(policy);
            }
        }
    }
}

/// Whether a policy holds: one of the project does, one of the library if a module of the project takes it.
fn taken(declaring: &Declaring<'_>, id: ItemId) -> bool {
    let names = &declaring.env.names;
    if !names.module(names.item(id).module).is_standard {
        return true;
    }
    let imports = names.modules.iter().filter(|module| !module.is_standard).flat_map(|module| module.imported.values());
    imports.filter(|import| import.what == id).map(|import| import.used.set(true)).count() > 0
}

fn policy(declaring: &mut Declaring<'_>, id: ItemId, decl: &ast::PolicyDecl) -> Policy {
    let item = declaring.env.names.item(id);
    let (name, at, module, definition) = (item.name.clone(), item.at, item.module, item.definition);
    let mut el = declaring.elaborator(module, Place::Policy);
    el.graph = Some(Graph::new(statement, loops::expression, 0));
    el.locals.enter();
    let seen = SEEN.map(|(list, ty)| el.bind_seen(list, ty, (at, definition)));
    el.locals.enter();
    let mut budgets = vec![];
    for stmt in decl.body().into_iter().flat_map(|body| body.stmts()) {
        match &stmt {
            Stmt::Budget(clause) => budgets.extend(crate::decl::flow_budget(&mut el, clause)),
            stmt => drop(statement(&mut el, stmt, None)),
        }
    }
    el.leave_scope();
    drop(el.locals.leave());
    let body = el.graph.take().map(|mut graph| graph.close(None)).unwrap_or_default();
    for node in body.all_nodes().filter(|node| !belongs(&node.kind)) {
        let what = what(&node.kind).to_owned();
        el.problem(NotHere { at: node.at, what, place: "a policy", help: HELP });
    }
    let description = decl.description().and_then(|text| text.plain_text()).map(|text| text.as_str().into());
    Policy { name, description, seen: seen.to_vec(), body, budgets, at }
}

fn statement(el: &mut Elaborator<'_>, stmt: &Stmt, _wanted: Option<&Type>) -> Ended {
    match stmt {
        Stmt::Let(stmt) => let_stmt::let_stmt(el, stmt),
        Stmt::Require(stmt) => require::require(el, stmt),
        Stmt::Expr(expr) => drop(el.infer(expr)),
        Stmt::Doc(_) | Stmt::Owner(_) | Stmt::Tags(_) => {}
        Stmt::Budget(_) => {
            statements::not_here(el, stmt, "a budget holds for all flows: say it outside of `for` and `if`")
        }
        _ => statements::not_here(el, stmt, HELP),
    }
    Ended::Open
}

fn belongs(kind: &NodeKind) -> bool {
    matches!(
        kind,
        NodeKind::Compute { .. }
            | NodeKind::If { .. }
            | NodeKind::Match { .. }
            | NodeKind::For { .. }
            | NodeKind::Require { .. }
    )
}

fn what(kind: &NodeKind) -> &'static str {
    match kind {
        NodeKind::Read { .. } => "the data of a dataset",
        NodeKind::Call { .. } => "a step",
        NodeKind::Flow { .. } => "a flow",
        NodeKind::RequireFresh { .. } => "require … fresh within",
        _ => "this",
    }
}

impl Elaborator<'_> {
    /// Binds one of the lists that a policy sees; gives its variable.
    fn bind_seen(&mut self, name: &str, item: &str, (at, definition): (Span, DefinitionId)) -> VarId {
        let (name, var) = (name.into(), self.locals.fresh());
        let ty = Type::List(Arc::new(Type::Named(Name::new(item))));
        self.locals.push(Local { name, var, ty, at, definition, used: false, expects_use: false });
        var
    }
}
