//! The statements of flows, and of the blocks inside them.

use super::{let_stmt, problems::EarlyReturn, require, write};
use crate::{
    expr::{Elaborator, Ended},
    index::DefinitionKind,
    problems::{context::NotHere, mismatch::Because},
};
use flow_expr::Type;
use flow_plan::NodeKind;
use flow_syntax::ast::{self, AstNode as _, Stmt};

/// A statement of a block inside a flow. The elaborator calls this.
pub(super) fn statement(el: &mut Elaborator<'_>, stmt: &Stmt, wanted: Option<&Type>) -> Ended {
    if let Stmt::Return(stmt) = stmt {
        let at = el.span(stmt.range());
        el.problem(EarlyReturn { at });
        if let Some(value) = stmt.value() {
            el.infer(&value);
        }
        return Ended::Open;
    }
    common(el, stmt, wanted)
}

/// A statement of the flow's own block.
pub(super) fn of_flow(el: &mut Elaborator<'_>, stmt: &Stmt, returns: &Type) -> Ended {
    if let Stmt::Return(stmt) = stmt {
        let Some(value) = stmt.value() else { return Ended::Open };
        let (value, ty) = el.elaborate(&value, Some(returns));
        return Ended::Value(value, ty);
    }
    common(el, stmt, Some(returns).filter(|returns| **returns != Type::Unit))
}

fn common(el: &mut Elaborator<'_>, stmt: &Stmt, wanted: Option<&Type>) -> Ended {
    match stmt {
        Stmt::Let(stmt) => let_stmt::let_stmt(el, stmt),
        Stmt::Do(stmt) => let_stmt::do_stmt(el, stmt),
        Stmt::Write(stmt) => write::write(el, stmt),
        Stmt::Require(stmt) => require::require(el, stmt),
        Stmt::Wait(stmt) => wait(el, stmt),
        Stmt::Expr(expr) => return expression(el, expr, wanted),
        Stmt::Return(_) | Stmt::Doc(_) | Stmt::Owner(_) | Stmt::Tags(_) => {}
        Stmt::Given(_) | Stmt::Expect(_) => not_here(el, stmt, "only tests have this"),
        Stmt::Start(_) | Stmt::Finish(_) | Stmt::Overlap(_) | Stmt::CatchUp(_) | Stmt::On(_) | Stmt::Budget(_) => {
            not_here(el, stmt, "it speaks of the whole flow: move it to the flow's own block");
        }
    }
    Ended::Open
}

/// An expression as a statement: the block's value if it stands last and has one.
fn expression(el: &mut Elaborator<'_>, expr: &ast::Expr, wanted: Option<&Type>) -> Ended {
    let is_last = expr.syntax().next_sibling().is_none();
    let (value, ty) = el.elaborate(expr, wanted.filter(|_| is_last));
    if is_last && ty != Type::Unit { Ended::Value(value, ty) } else { Ended::Open }
}

fn wait(el: &mut Elaborator<'_>, stmt: &ast::WaitStmt) {
    let at = el.span(stmt.range());
    let written = stmt.duration();
    let because = Because::Place("as `wait for` takes a time");
    if let Some(duration) = el.check_present(written.as_ref(), &Type::Duration, because) {
        el.hoist("wait", Type::Unit, NodeKind::Wait { duration }, at);
    }
}

/// Reports a statement that stands elsewhere.
pub(super) fn not_here(el: &mut Elaborator<'_>, stmt: &Stmt, help: &'static str) {
    let at = el.span(stmt.range());
    let text = stmt.syntax().text().to_string();
    let what = text.split_whitespace().next().unwrap_or_default().to_owned();
    el.problem(NotHere { at, what, place: "this block", help });
}

/// The kind under which a `let` is indexed.
pub(super) const LOCAL: DefinitionKind = DefinitionKind::Local;
