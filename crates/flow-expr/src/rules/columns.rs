//! The refinements of a table's columns, and that required ones have values: the border for data in columns.
//!
//! Who loads columns makes cells of the declared types; what the types promise beyond that is checked here,
//! with the paths and words that `codec` uses for JSON.

use crate::{
    Context, EvalError, Field, TableData, Type, TypeDef, Value,
    codec::{BorderError, BorderErrors},
    eval::Machine,
    render,
};
use flow_diag::codes;
use std::sync::Arc;

/// Checks every cell of a table whose rows are of the record `ty`; paths begin with `root`: `orders[17].amount`.
///
/// # Errors
/// All mismatches, counted; the first ones in full, column by column.
pub fn check_columns(data: &dyn TableData, ty: &Type, root: &str, context: &Context<'_>) -> Result<(), BorderErrors> {
    let mut errors = BorderErrors::default();
    for field in context.types.record(ty).unwrap_or_default() {
        let Some(column) = data.columns().iter().position(|name| *name == field.name) else {
            errors.push(|| BorderError {
                code: codes::R0020,
                path: root.to_owned(),
                rule: format!("a column `{}` of type `{}`", field.name, field.ty),
                found: "no such column".to_owned(),
            });
            continue;
        };
        check_column(data, column, field, root, context, &mut errors);
    }
    if errors.total == 0 { Ok(()) } else { Err(errors) }
}

fn check_column(
    data: &dyn TableData,
    column: usize,
    field: &Field,
    root: &str,
    context: &Context<'_>,
    errors: &mut BorderErrors,
) {
    let required = !matches!(field.ty, Type::Optional(_));
    let refined = field.refinement.is_some() || is_refined(&field.ty, context);
    if !required && !refined {
        return;
    }
    let mut machine = Machine::new(&(), context);
    for row in 0..data.rows() {
        let cell = data.cell(row, column);
        if matches!(cell, Value::Absent) {
            if required {
                let rule = format!("a value of type `{}`", field.ty);
                push(errors, field, (root, row), codes::R0020, rule, "no value".to_owned());
            }
            continue;
        }
        if !refined {
            continue;
        }
        machine.meter.refill();
        match machine.broken_refinement(&field.ty, field.refinement.as_ref(), &cell) {
            Ok(None) => {}
            Ok(Some(text)) => broken(errors, field, (root, row), &text, &cell),
            Err(EvalError { code, message, .. }) => {
                let rule = "a refinement that can be computed".to_owned();
                push(errors, field, (root, row), code, rule, format!("{}: {message}", render::short(&cell)));
            }
        }
    }
}

fn broken(errors: &mut BorderErrors, field: &Field, place: (&str, usize), text: &Arc<str>, cell: &Value) {
    push(errors, field, place, codes::R0021, format!("`{text}`"), render::short(cell));
}

fn push(
    errors: &mut BorderErrors,
    field: &Field,
    (root, row): (&str, usize),
    code: flow_diag::Code,
    rule: String,
    found: String,
) {
    errors.push(|| BorderError {
        code,
        path: format!("{root}[{row}].{}", field.name),
        rule,
        found: if field.labels.is_empty() { found } else { "[redacted]".to_owned() },
    });
}

/// Whether a type is a refined alias.
fn is_refined(ty: &Type, context: &Context<'_>) -> bool {
    match ty.required() {
        Type::Named(name) => matches!(context.types.get(name), Some(TypeDef::Refined { .. })),
        _ => false,
    }
}
