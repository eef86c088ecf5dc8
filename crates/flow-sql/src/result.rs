//! A query's columns against the type that the step declares.
//!
//! `Table<R>` and `List<R>` take the rows, a record takes the only row, another type the only cell. A
//! column that may have no value does not fit a field that must have one.

use crate::{Fit, OutputColumn, fits, problems::SqlProblem};
use flow_expr::{Field, Type, TypeTable};
use std::ops::Range;

/// What keeps the columns from being the declared type. `whole` is the place of the query itself.
#[must_use]
pub fn check_result(
    columns: &[OutputColumn],
    declared: &Type,
    types: &TypeTable,
    whole: Range<usize>,
) -> Vec<SqlProblem> {
    let rows = match declared {
        Type::Unknown => return vec![],
        Type::Table(row) | Type::List(row) => row,
        Type::Optional(inner) => inner,
        other => other,
    };
    match types.record(rows) {
        Some(fields) => check_fields(columns, fields, rows, types, &whole),
        None => check_single(columns, declared, types, whole),
    }
}

fn check_fields(
    columns: &[OutputColumn],
    fields: &[Field],
    record: &Type,
    types: &TypeTable,
    whole: &Range<usize>,
) -> Vec<SqlProblem> {
    let mut problems = Vec::new();
    let missing: Vec<&Field> =
        fields.iter().filter(|field| !columns.iter().any(|column| column.name == field.name)).collect();
    let extra: Vec<&OutputColumn> =
        columns.iter().filter(|column| !fields.iter().any(|field| field.name == column.name)).collect();
    for field in &missing {
        problems.push(SqlProblem::missing_column(whole.clone(), field, record, &extra));
    }
    for column in &extra {
        // A misspelt name has been reported as a missing one already.
        if missing.is_empty() {
            problems.push(SqlProblem::extra_column(column, record, fields));
        }
    }
    for (index, column) in columns.iter().enumerate() {
        if columns[..index].iter().any(|before| before.name == column.name) {
            problems.push(SqlProblem::repeated_column(column));
        } else if let Some(field) = fields.iter().find(|field| field.name == column.name) {
            problems.extend(check_column(column, &format!("{record}.{}", field.name), &field.ty, types));
        }
    }
    problems
}

fn check_column(column: &OutputColumn, target: &str, ty: &Type, types: &TypeTable) -> Option<SqlProblem> {
    if *ty == Type::Unknown {
        return None;
    }
    if fits(&column.data, ty, types) == Fit::Never {
        return Some(SqlProblem::wrong_type(column, target, ty));
    }
    let required = !matches!(ty, Type::Optional(_));
    (required && column.nullable).then(|| SqlProblem::may_be_absent(column, target, ty))
}

fn check_single(columns: &[OutputColumn], declared: &Type, types: &TypeTable, whole: Range<usize>) -> Vec<SqlProblem> {
    let cell = match declared {
        Type::List(cell) => cell,
        other => other,
    };
    match columns {
        [column] => check_column(column, "the result", cell, types).into_iter().collect(),
        _ => vec![SqlProblem::not_one_column(whole, columns.len(), declared)],
    }
}
