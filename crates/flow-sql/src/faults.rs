//! What the engine computes wrong, so that it is refused: conditions over other queries that lose nulls or rows.
//!
//! - `x in (select …)` that is not all of a condition of `where`: where `x` or a row is null it gives false in place of
//!   null, so that `… or …`, `not` around it, `is null` and columns of it are wrong.
//! - `exists` and `in` over a query that uses columns of the query around it and has an aggregate without groups (which
//!   always gives a row) or an `offset`.
//! - A query that uses columns of the query around it in the `on` of an outer join, or in a side of one.
//! - A query in the `order by` or `partition by` of a window.
//!
//! Measured against SQLite. Looks at plans with types made equal, as they are run. Tested in [`crate::tests`].

use datafusion::{
    common::{
        DFSchema, JoinType, Result,
        tree_node::{TreeNode, TreeNodeRecursion},
    },
    logical_expr::{
        Expr, ExprSchemable, Filter, LogicalPlan, Subquery,
        utils::{merge_schema, split_conjunction},
    },
};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A null would be lost.
    Nulls,
    /// A row of an aggregate would be lost, or an `offset`.
    Rows,
    /// Rows that an outer join keeps would be lost.
    OuterJoin,
    /// A window would not be ordered.
    Window,
}

/// The first fault of a plan.
pub(crate) fn fault(plan: &LogicalPlan) -> Option<Fault> {
    let mut found = None;
    let walked = plan.apply_with_subqueries(|node| {
        let schema = merge_schema(&node.inputs());
        if let LogicalPlan::Filter(Filter { predicate, .. }) = node {
            for part in split_conjunction(predicate) {
                let alone = match part {
                    Expr::Not(inner) => inner,
                    other => other,
                };
                if let Expr::InSubquery(within) = alone {
                    found = found.or(inside(&within.subquery));
                    look(&within.expr, &schema, &mut found)?;
                } else {
                    look(part, &schema, &mut found)?;
                }
            }
        } else {
            node.apply_expressions(|expr| look(expr, &schema, &mut found).map(|()| TreeNodeRecursion::Continue))?;
        }
        Ok(if found.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    walked.ok().and(found)
}

fn look(expr: &Expr, schema: &DFSchema, found: &mut Option<Fault>) -> Result<()> {
    expr.apply(|part| {
        *found = found.or(match part {
            Expr::InSubquery(within) => {
                let column = within.subquery.subquery.schema().fields().first().is_none_or(|field| field.is_nullable());
                let may_be_null = column || within.expr.nullable(schema).unwrap_or(true);
                if may_be_null { Some(Fault::Nulls) } else { inside(&within.subquery) }
            }
            Expr::Exists(exists) => inside(&exists.subquery),
            Expr::ScalarSubquery(query) => outer_join(query),
            Expr::WindowFunction(window) => {
                let keys = window.params.order_by.iter().map(|key| &key.expr).chain(&window.params.partition_by);
                keys.into_iter().any(Expr::contains_scalar_subquery).then_some(Fault::Window)
            }
            _ => None,
        });
        Ok(TreeNodeRecursion::Continue)
    })
    .map(|_| ())
}

/// What is wrong with a query of which only matters whether it has rows.
fn inside(query: &Subquery) -> Option<Fault> {
    rows(query).or_else(|| outer_join(query))
}

/// Whether an outer join in a query looks at the query around it.
fn outer_join(query: &Subquery) -> Option<Fault> {
    if query.outer_ref_columns.is_empty() {
        return None;
    }
    let is_one = query.subquery.exists(|node| match node {
        LogicalPlan::Join(join) if join.join_type != JoinType::Inner => {
            node.exists(|part| Ok(part.contains_outer_reference()))
        }
        _ => Ok(false),
    });
    is_one.unwrap_or(false).then_some(Fault::OuterJoin)
}

/// Whether a query inside another may lose rows that it has whatever it finds.
fn rows(query: &Subquery) -> Option<Fault> {
    if query.outer_ref_columns.is_empty() {
        return None;
    }
    let mut plan = &*query.subquery;
    loop {
        plan = match plan {
            LogicalPlan::Projection(inner) => &inner.input,
            LogicalPlan::Sort(inner) => &inner.input,
            LogicalPlan::SubqueryAlias(inner) => &inner.input,
            LogicalPlan::Filter(inner) => &inner.input,
            LogicalPlan::Limit(inner) if inner.skip.is_none() => &inner.input,
            LogicalPlan::Limit(_) => return Some(Fault::Rows),
            LogicalPlan::Aggregate(inner) => return inner.group_expr.is_empty().then_some(Fault::Rows),
            _ => return None,
        };
    }
}
