//! Finding the part of a query that the planner's complaint is about, when it does not say.
//!
//! The planner's errors about types have no place. So parts are replaced by `null`, innermost first,
//! and the statement is planned again: the first part without which that complaint is gone is the
//! culprit. Sub-queries that cannot be computed are found alike. Only a query with a mistake pays for this.

use crate::parse::Lines;
use datafusion::{
    common::{DataFusionError, Result},
    logical_expr::LogicalPlan,
    sql::sqlparser::{
        ast::{
            Expr, Spanned, Statement, TableFactor, Value, Visit, VisitMut, Visitor, VisitorMut, visit_expressions_mut,
        },
        tokenizer::Span,
    },
};
use std::ops::{ControlFlow, Range};

/// Parts of a query that are tried; beyond that the whole query is the place.
const MAX_TRIES: usize = 300;

/// Replaces the `target`-th of some parts, counting from the innermost.
struct Replace {
    parts: Parts,
    target: usize,
    seen: usize,
    replaced: Option<Span>,
}

/// Which parts, and what each is replaced by.
type Parts = fn(&Expr) -> Option<Expr>;

impl VisitorMut for Replace {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let Some(other) = (self.parts)(expr) else { return ControlFlow::Continue(()) };
        if self.seen == self.target {
            self.replaced = Some(expr.span());
            *expr = other;
            return ControlFlow::Break(());
        }
        self.seen += 1;
        ControlFlow::Continue(())
    }
}

/// Operators and calls.
fn operation(expr: &Expr) -> Option<Expr> {
    (!matches!(expr, Expr::Nested(_)) && !is_leaf(expr)).then(|| value(Value::Null))
}

/// Names and constants.
fn leaf(expr: &Expr) -> Option<Expr> {
    is_leaf(expr).then(|| value(Value::Null))
}

fn is_leaf(expr: &Expr) -> bool {
    matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Value(_))
}

/// Sub-queries, as values and as conditions.
fn sub_query(expr: &Expr) -> Option<Expr> {
    match expr {
        Expr::Subquery(_) => Some(value(Value::Null)),
        Expr::Exists { .. } | Expr::InSubquery { .. } => Some(value(Value::Boolean(false))),
        Expr::AnyOp { right, .. } | Expr::AllOp { right, .. } if matches!(**right, Expr::Subquery(_)) => {
            Some(value(Value::Boolean(false)))
        }
        _ => None,
    }
}

fn value(value: Value) -> Expr {
    Expr::Value(value.into())
}

/// The place of the innermost part without which the complaint is gone.
pub(crate) fn innermost_culprit(
    statement: &Statement,
    lines: &Lines<'_>,
    error: &DataFusionError,
    plan: &dyn Fn(Statement) -> Result<LogicalPlan>,
) -> Option<Range<usize>> {
    let complaint = error.strip_backtrace();
    let gone = |changed| plan(changed).err().is_none_or(|other| other.strip_backtrace() != complaint);
    [operation as Parts, leaf].iter().find_map(|parts| first_culprit(statement, lines, *parts, &gone))
}

/// The place of the innermost sub-query without which the statement is accepted.
pub(crate) fn innermost_sub_query(
    statement: &Statement,
    lines: &Lines<'_>,
    accepts: &dyn Fn(Statement) -> bool,
) -> Option<Range<usize>> {
    first_culprit(statement, lines, sub_query, accepts)
}

/// The place of the first query in `from` that may use columns of those before it.
pub(crate) fn first_lateral(statement: &Statement, lines: &Lines<'_>) -> Option<Range<usize>> {
    struct Lateral(Option<Span>);
    impl Visitor for Lateral {
        type Break = ();

        fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
            match factor {
                TableFactor::Derived { lateral: true, subquery, .. } => {
                    self.0 = Some(subquery.span());
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            }
        }
    }
    let mut found = Lateral(None);
    let _ = Visit::visit(statement, &mut found);
    found.0.map(|span| lines.range(span))
}

fn first_culprit(
    statement: &Statement,
    lines: &Lines<'_>,
    parts: Parts,
    gone: &dyn Fn(Statement) -> bool,
) -> Option<Range<usize>> {
    (0..MAX_TRIES)
        .map_while(|target| without(statement, parts, target))
        .find_map(|(changed, span)| gone(changed).then(|| lines.range(span)))
}

/// The statement without one of its parts, and where that was; none if there are not that many.
fn without(statement: &Statement, parts: Parts, target: usize) -> Option<(Statement, Span)> {
    let mut changed = statement.clone();
    let mut replace = Replace { parts, target, seen: 0, replaced: None };
    let _ = VisitMut::visit(&mut changed, &mut replace);
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
            *expr = value(Value::Null);
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
