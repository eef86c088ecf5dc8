//! Typing a query against declared columns: what it gives, or what is wrong and where.

use crate::{
    OutputColumn, arrow_type,
    arrow_types::variants,
    compare::VARIANTS,
    locate::{innermost_culprit, without_columns},
    output::output_columns,
    parse::Lines,
    planner::{Source, param, plan_checked},
    problems::SqlProblem,
};
use datafusion::{
    arrow::datatypes::{Field, Schema},
    common::{DataFusionError, Result, SchemaError},
    datasource::{empty::EmptyTable, provider_as_source},
    logical_expr::{LogicalPlan, TableSource},
    sql::sqlparser::ast::Statement,
};
use flow_expr::{Name, Type, TypeTable};
use std::sync::Arc;

/// A declared column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: Arc<str>,
    /// Its type.
    pub ty: Type,
    /// Labels of its values, for lineage.
    pub labels: Vec<Name>,
}

/// A table parameter of a query.
#[derive(Clone, Copy, Debug)]
pub struct TableColumns<'a> {
    /// The name by which the query knows it.
    pub name: &'a str,
    /// Its columns.
    pub columns: &'a [Column],
}

/// A query that was accepted.
#[derive(Clone, Debug)]
pub struct Query {
    /// What it gives, in order.
    pub columns: Vec<OutputColumn>,
    /// The engine's plan over the declared columns, for lineage.
    pub plan: LogicalPlan,
}

/// Types a query over tables and scalar parameters.
///
/// # Errors
/// Everything that is wrong with it, each with its place in the text.
pub fn type_query(
    text: &str,
    tables: &[TableColumns<'_>],
    params: &[(&str, Type)],
    types: &TypeTable,
) -> Result<Query, Vec<SqlProblem>> {
    let mut problems = Vec::new();
    let whole = Lines::new(text).whole();
    let mut sources: Vec<Source> = Vec::new();
    for table in tables {
        let source = source(table, types, &mut |column| {
            let name = format!("{}.{}", table.name, column.name);
            problems.push(SqlProblem::no_column_type(whole.clone(), &name, &column.ty));
        });
        sources.push((table.name.into(), source));
    }
    let mut bound = Vec::new();
    for (name, ty) in params {
        match arrow_type(ty, types) {
            Some(data) => bound.push(param(name, data, matches!(ty, Type::Optional(_)))),
            None => problems.push(SqlProblem::no_column_type(whole.clone(), name, ty)),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let planned = plan_checked(text, &sources, &bound)?;
    Ok(Query { columns: output_columns(&planned, &Lines::new(text)), plan: planned.plan })
}

/// A table without rows. Columns of unknown type, after another mistake, are left nullable text.
fn source(table: &TableColumns<'_>, types: &TypeTable, refuse: &mut dyn FnMut(&Column)) -> Arc<dyn TableSource> {
    let fields = table.columns.iter().filter_map(|column| match arrow_type(&column.ty, types) {
        Some(data) => {
            let field = Field::new(&*column.name, data, matches!(column.ty, Type::Optional(_)));
            let variants = variants(&column.ty, types).map(|variants| (VARIANTS.to_owned(), variants.join("\n")));
            Some(field.with_metadata(variants.into_iter().collect()))
        }
        None => {
            refuse(column);
            None
        }
    });
    provider_as_source(Arc::new(EmptyTable::new(Arc::new(Schema::new(fields.collect::<Vec<_>>())))))
}

/// More unknown columns than this are not looked for.
const MAX_UNKNOWN: usize = 10;

/// What the planner refused, with places. Plans changed statements to find them.
pub(crate) fn explain_failure(
    error: &DataFusionError,
    statement: &Statement,
    lines: &Lines<'_>,
    plan: &dyn Fn(Statement) -> Result<LogicalPlan>,
) -> Vec<SqlProblem> {
    let mut problems = Vec::new();
    let mut rest = statement.clone();
    let mut next = unknown_column(error, lines);
    while let Some(problem) = next.take() {
        let found = without_columns(&rest, lines, &problem.range);
        problems.push(problem);
        let Some(changed) = found else { break };
        rest = changed;
        if problems.len() < MAX_UNKNOWN {
            next = plan(rest.clone()).err().and_then(|error| unknown_column(&error, lines));
        }
    }
    if problems.is_empty() {
        // The place that comes with an operator's complaint is only that of its first column.
        let of_operator = |message: &str| message == "expressions have incompatible types";
        let known = error_span(error).map(|span| lines.planned(span));
        let precise = error.diagnostic().is_some_and(|found| !of_operator(&found.message));
        let range = match known.clone().filter(|_| precise) {
            Some(range) => range,
            None => innermost_culprit(statement, lines, error, plan).or(known).unwrap_or_else(|| lines.whole()),
        };
        problems.push(SqlProblem::refused(range, error));
    }
    problems
}

fn error_span(error: &DataFusionError) -> Option<datafusion::common::Span> {
    error.diagnostic()?.span
}

fn unknown_column(error: &DataFusionError, lines: &Lines<'_>) -> Option<SqlProblem> {
    let DataFusionError::SchemaError(inner, _) = error.find_root() else { return None };
    let range = error_span(error).map(|span| lines.planned(span));
    match inner.as_ref() {
        SchemaError::FieldNotFound { field, valid_fields } => {
            let range = range.or_else(|| field.spans().first().map(|span| lines.planned(span)));
            let range = range.unwrap_or_else(|| lines.find_word(&field.name));
            Some(SqlProblem::unknown_column(range, field, valid_fields))
        }
        SchemaError::AmbiguousReference { field } => {
            let range = range.unwrap_or_else(|| lines.find_word(&field.name));
            Some(SqlProblem::ambiguous_column(range, &field.name))
        }
        _ => None,
    }
}
