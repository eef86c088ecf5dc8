//! Finding the part of a query that the planner's complaint is about, when it does not say.
//!
//! The planner's errors about types have no place. So parts are replaced by `null`, innermost first,
//! and the statement is planned again: the first part without which that complaint is gone is the
//! culprit. Only a query with a mistake pays for this.

use crate::parse::Lines;
use datafusion::{
    common::{DataFusionError, Result},
    logical_expr::LogicalPlan,
    sql::sqlparser::{
        ast::{Expr, Spanned, Statement, Value, VisitMut, VisitorMut, visit_expressions_mut},
        tokenizer::Span,
    },
};
use std::ops::{ControlFlow, Range};

/// Parts of a query that are tried; beyond that the whole query is the place.
const MAX_TRIES: usize = 300;

/// Replaces the `target`-th part, counting from the innermost: operators and calls, or names and constants.
struct Replace {
    leaves: bool,
    target: usize,
    seen: usize,
    replaced: Option<Span>,
}

impl VisitorMut for Replace {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let leaf = matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Value(_));
        if matches!(expr, Expr::Nested(_)) || leaf != self.leaves {
            return ControlFlow::Continue(());
        }
        if self.seen == self.target {
            self.replaced = Some(expr.span());
            *expr = null();
            return ControlFlow::Break(());
        }
        self.seen += 1;
        ControlFlow::Continue(())
    }
}

fn null() -> Expr {
    Expr::Value(Value::Null.into())
}

/// The place of the innermost part without which the complaint is gone.
pub(crate) fn innermost_culprit(
    statement: &Statement,
    lines: &Lines<'_>,
    error: &DataFusionError,
    plan: &dyn Fn(Statement) -> Result<LogicalPlan>,
) -> Option<Range<usize>> {
    let complaint = error.strip_backtrace();
    [false, true].iter().find_map(|leaves| {
        (0..MAX_TRIES).map_while(|target| without(statement, *leaves, target)).find_map(|(changed, span)| {
            let gone = plan(changed).err().is_none_or(|other| other.strip_backtrace() != complaint);
            gone.then(|| lines.range(span))
        })
    })
}

/// The statement without one of its parts, and where that was; none if there are not that many.
fn without(statement: &Statement, leaves: bool, target: usize) -> Option<(Statement, Span)> {
    let mut changed = statement.clone();
    let mut replace = Replace { leaves, target, seen: 0, replaced: None };
    let _ = changed.visit(&mut replace);
    Some((changed, replace.replaced?))
}

/// The statement with the column at a place, and all of the same name, replaced by `null`.
pub(crate) fn without_columns(statement: &Statement, lines: &Lines<'_>, place: &Range<usize>) -> Option<Statement> {
    let mut changed = statement.clone();
    let mut name = None;
    let _ = visit_expressions_mut(&mut changed, |expr| {
        if is_column(expr) && overlap(&lines.range(expr.span()), place) {
            name = Some(expr.to_string());
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    let name = name?;
    let _ = visit_expressions_mut(&mut changed, |expr| {
        if is_column(expr) && expr.to_string() == name {
            *expr = null();
        }
        ControlFlow::<()>::Continue(())
    });
    Some(changed)
}

fn is_column(expr: &Expr) -> bool {
    matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_))
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}
