//! Statement + tables → the engine's logical plan. The same when compiling and when running.
//!
//! Tables are whatever the caller has: bare schemas, or providers with rows. Parameters are typed and
//! become positional ones, in the caller's order.

use crate::{
    compare::mixed_comparisons,
    expansion::{MOST_OPERATORS, MOST_PARTS, operators, parts},
    parse::{Lines, one_statement},
    problems::SqlProblem,
    query::explain_failure,
    registry::{parser_options, registry},
    runnable::check_runnable,
    walk::{check_names, mentions},
};
use datafusion::{
    arrow::datatypes::{DataType, Field, FieldRef, SchemaRef},
    catalog::cte_worktable::CteWorkTable,
    common::{DataFusionError, Result, TableReference, config::ConfigOptions},
    datasource::provider_as_source,
    logical_expr::{
        AggregateUDF, HigherOrderUDF, LogicalPlan, ScalarUDF, TableSource, WindowUDF,
        planner::{ContextProvider, ExprPlanner, TypePlanner},
    },
    sql::{
        planner::{PlannerContext, SqlToRel},
        sqlparser::{
            ast::{self, Statement, visit_expressions_mut},
            dialect::GenericDialect,
        },
    },
};
use std::{ops::ControlFlow, sync::Arc};

/// A table of a query.
pub type Source = (Arc<str>, Arc<dyn TableSource>);

/// A query that has been planned, and the statement it came from.
pub(crate) struct Planned {
    pub(crate) plan: LogicalPlan,
    pub(crate) statement: Statement,
}

/// Plans a query over tables; `params` are `$1`, `$2`, … of the plan, in this order.
///
/// # Errors
/// What is wrong with the text. A text that was checked when compiling has no problems here.
pub fn plan_sources(text: &str, tables: &[Source], params: &[FieldRef]) -> Result<LogicalPlan, Vec<SqlProblem>> {
    plan_text(text, tables, params).map(|planned| planned.plan)
}

/// Plans a query over tables without rows, and sees to it that a run could plan it too.
pub(crate) fn plan_checked(text: &str, tables: &[Source], params: &[FieldRef]) -> Result<Planned, Vec<SqlProblem>> {
    let planned = plan_text(text, tables, params)?;
    let replan = |changed| Tables { tables }.plan(changed, params);
    match check_runnable(&planned, params, &Lines::new(text), &replan) {
        None => Ok(planned),
        Some(problem) => Err(vec![problem]),
    }
}

fn plan_text(text: &str, tables: &[Source], params: &[FieldRef]) -> Result<Planned, Vec<SqlProblem>> {
    let lines = Lines::new(text);
    let statement = one_statement(text, &GenericDialect {}, &lines).map_err(|problem| vec![problem])?;
    if !matches!(statement, Statement::Query(_)) {
        return Err(vec![SqlProblem::not_a_query(lines.first_word())]);
    }
    if let count @ MOST_OPERATORS.. = operators(&statement) {
        return Err(vec![SqlProblem::too_many_operators(lines.first_word(), count)]);
    }
    if let count @ MOST_PARTS.. = parts(&statement) {
        return Err(vec![SqlProblem::too_many_parts(lines.first_word(), count)]);
    }
    let table_names: Vec<&str> = tables.iter().map(|(name, _)| &**name).collect();
    let param_names: Vec<&str> = params.iter().map(|field| field.name().as_str()).collect();
    let problems = check_names(&mentions(&statement, &lines), &table_names, &param_names);
    if !problems.is_empty() {
        return Err(problems);
    }
    let context = Tables { tables };
    let as_written = context.as_written(statement.clone(), params);
    let mixed = as_written.as_ref().map_or_else(|_| vec![], |plan| mixed_comparisons(plan, &statement, &lines));
    match as_written.and_then(coerced) {
        _ if !mixed.is_empty() => Err(mixed),
        Ok(plan) => Ok(Planned { plan, statement }),
        Err(error) => Err(explain_failure(&error, &statement, &lines, &|changed| context.plan(changed, params))),
    }
}

/// The tables of one query, with the shared registry behind them.
struct Tables<'a> {
    tables: &'a [Source],
}

impl Tables<'_> {
    fn plan(&self, statement: Statement, params: &[FieldRef]) -> Result<LogicalPlan> {
        coerced(self.as_written(statement, params)?)
    }

    /// The plan with the types as the text has them.
    fn as_written(&self, statement: Statement, params: &[FieldRef]) -> Result<LogicalPlan> {
        let types = params.iter().cloned().map(Some).collect();
        let mut planning = PlannerContext::new().with_prepare_param_data_types(types);
        SqlToRel::new_with_options(self, parser_options())
            .sql_statement_to_plan_with_context(with_floats(statement), &mut planning)
    }
}

/// `1.5` is exact, `1.5e0` is a double, as the standard says; the planner knows only one of them at a time.
fn with_floats(mut statement: Statement) -> Statement {
    let _ = visit_expressions_mut(&mut statement, |expr| {
        if let ast::Expr::Value(found) = expr
            && let ast::Value::Number(text, _) = &found.value
            && text.contains(['e', 'E'])
        {
            let number = Box::new(expr.clone());
            let kind = ast::CastKind::Cast;
            *expr = ast::Expr::Cast {
                kind,
                expr: number,
                data_type: ast::DataType::DoublePrecision,
                array: false,
                format: None,
            };
        }
        ControlFlow::<()>::Continue(())
    });
    statement
}

/// Types made equal on both sides of every operator, which is where most mistakes in types show.
fn coerced(plan: LogicalPlan) -> Result<LogicalPlan> {
    use datafusion::optimizer::{AnalyzerRule, analyzer::type_coercion::TypeCoercion};
    TypeCoercion::new().analyze(plan, &registry().options)
}

impl ContextProvider for Tables<'_> {
    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>> {
        let found = self.tables.iter().find(|(table, _)| **table == *name.table());
        found.map(|(_, source)| source.clone()).ok_or_else(|| DataFusionError::Plan(format!("no table '{name}'")))
    }

    fn create_cte_work_table(&self, name: &str, schema: SchemaRef) -> Result<Arc<dyn TableSource>> {
        Ok(provider_as_source(Arc::new(CteWorkTable::new(name, schema))))
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        &registry().expr_planners
    }

    fn get_type_planner(&self) -> Option<Arc<dyn TypePlanner>> {
        Some(registry().type_planner.clone())
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        registry().scalar.get(name).cloned()
    }

    fn get_higher_order_meta(&self, name: &str) -> Option<Arc<HigherOrderUDF>> {
        registry().higher_order.get(name).cloned()
    }

    fn get_aggregate_meta(&self, name: &str) -> Option<Arc<AggregateUDF>> {
        registry().aggregate.get(name).cloned()
    }

    fn get_window_meta(&self, name: &str) -> Option<Arc<WindowUDF>> {
        registry().window.get(name).cloned()
    }

    fn get_variable_type(&self, _: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        &registry().options
    }

    fn udf_names(&self) -> Vec<String> {
        registry().scalar.keys().cloned().collect()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        registry().higher_order.keys().cloned().collect()
    }

    fn udaf_names(&self) -> Vec<String> {
        registry().aggregate.keys().cloned().collect()
    }

    fn udwf_names(&self) -> Vec<String> {
        registry().window.keys().cloned().collect()
    }
}

/// A parameter of a query by name and column type.
pub(crate) fn param(name: &str, data: DataType, nullable: bool) -> FieldRef {
    Arc::new(Field::new(name, data, nullable))
}
