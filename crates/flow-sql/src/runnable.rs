//! What the engine types but cannot run: it finds out only when it plans a run, or computes something else.
//!
//! So a query that is not [`plain`](crate::plain) is planned here as far as a run would, over tables without rows, and
//! what the engine is known to compute wrong ([`crate::faults`]) is refused. Tested in [`crate::tests`].

use crate::{
    faults::fault,
    locate::{first_lateral, innermost_culprit, innermost_sub_query},
    parse::Lines,
    plain::is_plain,
    planner::Planned,
    problems::SqlProblem,
    session::session,
    trial::{try_accumulators, try_calls},
};
use datafusion::{
    arrow::datatypes::FieldRef,
    common::{ParamValues, Result, ScalarValue, tree_node::TreeNodeRecursion},
    execution::SessionState,
    logical_expr::LogicalPlan,
    sql::sqlparser::ast::Statement,
};
use std::{
    pin::pin,
    sync::OnceLock,
    task::{Context, Poll, Waker},
};

/// What is wrong with a query that was typed, if a run could not compute it. `plan` types changed statements.
pub(crate) fn check_runnable(
    planned: &Planned,
    params: &[FieldRef],
    lines: &Lines<'_>,
    plan: &dyn Fn(Statement) -> Result<LogicalPlan>,
) -> Option<SqlProblem> {
    let statement = &planned.statement;
    if is_plain(statement) {
        return None;
    }
    if let Some(found) = fault(&planned.plan) {
        let without = |changed| plan(changed).is_ok_and(|plan| fault(&plan).is_none());
        let range = innermost_sub_query(statement, lines, &without).unwrap_or_else(|| lines.whole());
        return Some(SqlProblem::fault(range, found));
    }
    let error = plan_run(&planned.plan, params).err()?;
    let run = |changed| plan(changed).and_then(|plan| plan_run(&plan, params).map(|()| plan));
    let sub_query = innermost_sub_query(statement, lines, &|changed| run(changed).is_ok());
    let sub_query = sub_query.or_else(|| first_lateral(statement, lines));
    Some(match sub_query {
        Some(range) => SqlProblem::sub_query(range, uses_outer_columns(&planned.plan)),
        None => {
            let range = innermost_culprit(statement, lines, &error, &run).unwrap_or_else(|| lines.whole());
            SqlProblem::not_run(range, &error)
        }
    })
}

/// Whether some query inside another uses columns of that.
fn uses_outer_columns(plan: &LogicalPlan) -> bool {
    let mut uses = false;
    let _ = plan.apply_with_subqueries(|node| {
        uses |= node.contains_outer_reference();
        Ok(TreeNodeRecursion::Continue)
    });
    uses
}

/// Plans a run. Nothing is read: the tables have no rows, and no file is behind them, so planning awaits nothing of its own.
fn plan_run(plan: &LogicalPlan, params: &[FieldRef]) -> Result<()> {
    static ENGINE: OnceLock<SessionState> = OnceLock::new();
    let engine = ENGINE.get_or_init(|| session().build());
    let values = params.iter().map(|param| ScalarValue::new_default(param.data_type())).collect::<Result<Vec<_>>>()?;
    let plan = plan.clone().with_param_values(ParamValues::from(values))?;
    try_calls(&plan)?;
    let planning = pin!(engine.create_physical_plan(&plan));
    match planning.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(planned) => try_accumulators(&planned?),
        // A task that has done much without a pause is told to wait, whatever it does: then it is seen at run time.
        Poll::Pending => Ok(()),
    }
}
