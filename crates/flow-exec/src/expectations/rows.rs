//! A rule over each row.
//!
//! Over many rows it is compiled, and only rows of which the compiled rule does not know are made into values, with
//! the fields that it mentions. Over few rows a simple rule is asked of the columns, where all fields have values.

use super::Note;
use crate::{
    borders::{SimpleRule, context, simple_rule},
    tables::{cell_value, shown},
};
use datafusion::arrow::{array::Array, record_batch::RecordBatch};
use flow_expr::{Arm, Context, Expr, ExprKind, Field, Name, Part, Record, Type, Value, VarId, evaluate};
use flow_kernel::{Kernel, Rows};
use flow_plan::Program;
use jiff::Timestamp;
use std::sync::Arc;

/// A rule over rows, prepared.
pub(crate) struct RowRule {
    expr: Expr,
    record: Name,
    /// The fields that it mentions, by column.
    fields: Vec<(usize, Field)>,
    simple: Option<SimpleRule>,
    kernel: Kernel,
}

impl RowRule {
    pub(crate) fn new(expr: &Expr, record: &Type, fields: &[Field], context: &Context<'_>) -> Self {
        let mut names = Vec::new();
        let whole = !fields_of_row(expr, &mut names);
        let used = fields.iter().enumerate().filter(|(_, field)| whole || names.contains(&field.name));
        let column = |expr: &Expr| match &expr.kind {
            ExprKind::Field { base, name } if matches!(base.kind, ExprKind::Var(VarId::IT)) => {
                fields.iter().position(|field| field.name == *name)
            }
            _ => None,
        };
        let record = match record {
            Type::Named(name) => name.clone(),
            other => Name::new(other.to_string()),
        };
        Self {
            expr: expr.clone(),
            record,
            fields: used.map(|(column, field)| (column, field.clone())).collect(),
            simple: simple_rule(expr, &column),
            kernel: row_kernel(expr, fields, context),
        }
    }

    pub(crate) fn look(
        &mut self,
        batch: &RecordBatch,
        first: u64,
        (program, now): (&Program, Timestamp),
        note: &mut Note<'_>,
    ) {
        let context = context(program, now);
        let cell = |row: usize, column: usize| {
            let field = self.fields.iter().find(|(known, _)| *known == column);
            field.map_or(Value::Absent, |(_, field)| cell_value(batch.column(column), row, &field.ty, &program.types))
        };
        let answers = self.kernel.run(batch.columns(), &cell, &context);
        let verdicts = match &answers {
            Some(_) => None,
            None => self.simple.as_ref().and_then(|simple| simple.verdicts(batch.columns())),
        };
        let rows: Box<dyn Iterator<Item = usize>> = match &answers {
            Some(answers) => Box::new(answers.others()),
            None => Box::new(0..batch.num_rows()),
        };
        for row in rows {
            if let Some(verdicts) = &verdicts
                && verdicts[row]
                && self.fields.iter().all(|(column, _)| batch.column(*column).is_valid(row))
            {
                continue;
            }
            let value = |(column, field): &(usize, Field)| {
                (field.name.clone(), cell_value(batch.column(*column), row, &field.ty, &program.types))
            };
            let record = || {
                let fields = self.fields.iter().map(value).collect();
                Value::Record(Arc::new(Record { ty: self.record.clone(), fields }))
            };
            if answers.as_ref().and_then(|answers| answers.holds(row)) == Some(false) {
                note.broken(|| format!("row {}: {}", first + row as u64 + 1, self.values(&record())));
                continue;
            }
            let record = record();
            match evaluate(&self.expr, &record, &context) {
                Ok(Value::Bool(true)) => {}
                Ok(_) => note.broken(|| format!("row {}: {}", first + row as u64 + 1, self.values(&record))),
                Err(error) => {
                    // An error may quote what it cannot use.
                    let quoted = self.fields.iter().all(|(_, field)| field.labels.is_empty());
                    let why = if quoted { format!(" ({})", error.message) } else { String::new() };
                    note.broken(|| format!("row {}: {}{why}", first + row as u64 + 1, self.values(&record)));
                }
            }
        }
    }

    /// `amount = -3, id = 7`; labelled values redacted.
    fn values(&self, record: &Value) -> String {
        let Value::Record(record) = record else { return String::new() };
        let pairs = self.fields.iter().zip(&record.fields).map(|((_, field), (name, value))| match value {
            Value::Absent => format!("{name} = none"),
            _ if !field.labels.is_empty() => format!("{name} = [redacted]"),
            value => format!("{name} = {}", shown(value)),
        });
        pairs.collect::<Vec<_>>().join(", ")
    }
}

/// A rule over rows, to be compiled when it is worth it.
pub(crate) fn row_kernel(expr: &Expr, fields: &[Field], context: &Context<'_>) -> Kernel {
    let names: Vec<Arc<str>> = fields.iter().map(|field| field.name.clone()).collect();
    let types: Vec<Type> = fields.iter().map(|field| field.ty.clone()).collect();
    Kernel::condition(expr, Rows::Record(VarId::IT, &names), &types, context)
}

/// The fields that a rule mentions, with their values.
pub(crate) fn mentioned(expr: &Expr, field: &dyn Fn(&str) -> Value) -> String {
    let mut names = Vec::new();
    fields_of_row(expr, &mut names);
    names.iter().map(|name| format!("{name} = {}", shown(&field(name)))).collect::<Vec<_>>().join(", ")
}

/// Collects the fields of `it`; false if `it` is used as a whole.
fn fields_of_row(expr: &Expr, names: &mut Vec<Arc<str>>) -> bool {
    let mut each = |parts: &[&Expr]| parts.iter().all(|part| fields_of_row(part, names));
    match &expr.kind {
        ExprKind::Field { base, name } if matches!(base.kind, ExprKind::Var(VarId::IT)) => {
            if !names.contains(name) {
                names.push(name.clone());
            }
            true
        }
        ExprKind::Var(var) => *var != VarId::IT,
        ExprKind::Const(_) => true,
        ExprKind::Field { base, .. } => each(&[base]),
        ExprKind::Record { base, fields, .. } => {
            base.iter().all(|base| fields_of_row(base, names))
                && fields.iter().all(|(_, part)| fields_of_row(part, names))
        }
        ExprKind::Variant { fields, .. } => fields.iter().all(|(_, part)| fields_of_row(part, names)),
        ExprKind::List(parts) | ExprKind::Call(_, parts) | ExprKind::Builtin(_, parts) => {
            parts.iter().all(|part| fields_of_row(part, names))
        }
        ExprKind::Range(a, b) | ExprKind::Binary(_, a, b) => each(&[a, b]),
        ExprKind::Unary(_, a) | ExprKind::IntToDecimal(a) | ExprKind::Refined(a, _) | ExprKind::Lambda(_, a) => {
            each(&[a])
        }
        ExprKind::If(a, b, c) => each(&[a, b, c]),
        ExprKind::Match(subject, arms) => {
            fields_of_row(subject, names) && arms.iter().all(|arm| fields_of_arm(arm, names))
        }
        ExprKind::Interpolate(parts) => parts.iter().all(|part| match part {
            Part::Text(_) => true,
            Part::Hole(expr, _) => fields_of_row(expr, names),
        }),
    }
}

fn fields_of_arm(arm: &Arm, names: &mut Vec<Arc<str>>) -> bool {
    arm.condition.iter().all(|condition| fields_of_row(condition, names)) && fields_of_row(&arm.body, names)
}
