//! What the engine types but cannot compute: some sub-queries and lateral joins that use columns of the query around them.
//!
//! The engine turns these into joins where it knows how, and finds out only when it plans a run. So such a query is
//! planned here as far as a run would, over tables without rows; others always can be, and are not. Tested in
//! [`crate::tests`].

use crate::{locate::innermost_sub_query, parse::Lines, planner::Planned, problems::SqlProblem, session::session};
use datafusion::{
    arrow::datatypes::FieldRef,
    common::{ParamValues, Result, ScalarValue, internal_err},
    execution::SessionState,
    logical_expr::LogicalPlan,
    sql::sqlparser::ast::{Expr, Spanned, Statement, TableFactor, Visit, Visitor},
};
use std::{
    ops::{ControlFlow, Range},
    pin::pin,
    sync::OnceLock,
    task::{Context, Poll, Waker},
};

/// What is wrong with a query that was typed, if a run could not plan it. `plan` types changed statements.
pub(crate) fn check_runnable(
    planned: &Planned,
    params: &[FieldRef],
    lines: &Lines<'_>,
    plan: &dyn Fn(Statement) -> Result<LogicalPlan>,
) -> Option<SqlProblem> {
    let mut nested = Nested { lines, sub_queries: false, lateral: None };
    let _ = planned.statement.visit(&mut nested);
    if !nested.sub_queries && nested.lateral.is_none() {
        return None;
    }
    let error = plan_run(&planned.plan, params).err()?;
    let accepts = |changed| plan(changed).and_then(|plan| plan_run(&plan, params)).is_ok();
    let culprit = innermost_sub_query(&planned.statement, lines, &accepts).or(nested.lateral);
    Some(culprit.map_or_else(|| SqlProblem::refused(lines.whole(), &error), SqlProblem::sub_query))
}

/// Whether a query has others inside it that may use its columns.
struct Nested<'a, 'l> {
    lines: &'a Lines<'l>,
    sub_queries: bool,
    lateral: Option<Range<usize>>,
}

impl Visitor for Nested<'_, '_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        self.sub_queries |= matches!(expr, Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. });
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Derived { lateral: true, subquery, .. } = factor {
            self.lateral.get_or_insert_with(|| self.lines.range(subquery.span()));
        }
        ControlFlow::Continue(())
    }
}

/// Plans a run. Nothing is read: the tables have no rows, and no file is behind them. Planning awaits nothing then.
fn plan_run(plan: &LogicalPlan, params: &[FieldRef]) -> Result<()> {
    static ENGINE: OnceLock<SessionState> = OnceLock::new();
    let engine = ENGINE.get_or_init(|| session().build());
    let values = params.iter().map(|param| ScalarValue::new_default(param.data_type())).collect::<Result<Vec<_>>>()?;
    let plan = plan.clone().with_param_values(ParamValues::from(values))?;
    let planning = pin!(engine.create_physical_plan(&plan));
    match planning.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(planned) => planned.map(drop),
        Poll::Pending => internal_err!("planning over empty tables waits for something"),
    }
}
