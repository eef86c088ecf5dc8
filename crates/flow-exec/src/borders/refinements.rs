//! Refinements of a record's fields, prepared once and asked of every batch.

use super::{
    RowErrors, context,
    simple::{SimpleRule, is_it, simple_rule},
};
use crate::tables::{cell_value, shown};
use datafusion::arrow::{
    array::{Array, ArrayRef},
    record_batch::RecordBatch,
};
use flow_expr::{
    Broken, Context, Expr, Field, Refinement, Type, TypeDef, TypeTable, Value, VarId, broken_inside, evaluate,
    has_refinements,
};
use flow_kernel::{Kernel, Rows};
use flow_plan::Program;
use flow_sql::{Scalar, scalar_kind};
use jiff::Timestamp;
use std::collections::HashMap;

/// Different values of a column whose verdicts are remembered.
const REMEMBERED: usize = 4096;

/// The refinements of one record type.
pub(crate) struct BorderCheck<'a> {
    program: &'a Program,
    now: Timestamp,
    columns: Vec<Column>,
}

struct Column {
    index: usize,
    field: Field,
    rules: Vec<Rule>,
    /// Whether refinements may be deeper inside: in lists, maps and records.
    deep: bool,
}

struct Rule {
    refinement: Refinement,
    simple: Option<SimpleRule>,
    kernel: Kernel,
    /// By the value's JSON; true if it holds.
    known: HashMap<String, Option<String>>,
}

impl<'a> BorderCheck<'a> {
    /// The refinements of a record type's fields, their own and those of their types.
    pub(crate) fn new(program: &'a Program, record: &Type, now: Timestamp) -> Self {
        let types = &program.types;
        let fields = types.record(record).unwrap_or_default();
        let columns = fields.iter().enumerate().map(|(index, field)| {
            let refinements = of_type(&field.ty, types).into_iter().chain(field.refinement.clone());
            let rules = refinements.map(|refinement| Rule {
                kernel: value_kernel(&refinement.condition, &field.ty, &context(program, now)),
                simple: simple_rule(&refinement.condition, &|expr| is_it(expr).then_some(0)),
                refinement,
                known: HashMap::new(),
            });
            let deep = matches!(scalar_kind(&field.ty, types), Some(Scalar::Nested | Scalar::Json))
                && has_refinements(&field.ty, types);
            Column { index, field: field.clone(), rules: rules.collect(), deep }
        });
        Self { program, now, columns: columns.filter(|column| column.deep || !column.rules.is_empty()).collect() }
    }

    /// Checks rows in declared columns; `first` is the number of the first.
    pub(crate) fn check(&mut self, batch: &RecordBatch, first: u64, errors: &mut RowErrors) {
        for column in &mut self.columns {
            let array = batch.column(column.index);
            for rule in &mut column.rules {
                rule.check(&column.field, array, first, (self.program, self.now), errors);
            }
            if column.deep {
                let context = context(self.program, self.now);
                for row in 0..array.len() {
                    let value = cell_value(array, row, &column.field.ty, &self.program.types);
                    if let Some(Broken { path, rule, found }) = broken_inside(&value, &column.field.ty, &context) {
                        errors.add(|place| {
                            place.cell(first + row as u64, &column.field, &format!("`{rule}` of {path}"), &found)
                        });
                    }
                }
            }
        }
    }
}

/// Refinements of a named type, innermost first.
pub(crate) fn of_type(ty: &Type, types: &TypeTable) -> Vec<Refinement> {
    match ty.required() {
        Type::Named(name) => match types.get(name) {
            Some(TypeDef::Refined { base, refinement, .. }) => {
                let mut found = of_type(base, types);
                found.push(refinement.clone());
                found
            }
            _ => vec![],
        },
        _ => vec![],
    }
}

/// A condition on values of a column, to be compiled when it is worth it.
pub(crate) fn value_kernel(condition: &Expr, ty: &Type, context: &Context<'_>) -> Kernel {
    Kernel::condition(condition, Rows::Value(VarId::IT), std::slice::from_ref(ty), context)
}

impl Rule {
    fn check(
        &mut self,
        field: &Field,
        array: &ArrayRef,
        first: u64,
        (program, now): (&Program, Timestamp),
        errors: &mut RowErrors,
    ) {
        for row in self.suspects(field, array, &context(program, now)).into_iter().filter(|row| array.is_valid(*row)) {
            let value = cell_value(array, row, &field.ty, &program.types);
            if let Some(found) = self.broken(&value, program, now) {
                let rule = format!("`{}`", self.refinement.text);
                errors.add(|place| place.cell(first + row as u64, field, &rule, &found));
            }
        }
    }

    /// Rows whose values may break the rule, and absent ones.
    fn suspects(&mut self, field: &Field, array: &ArrayRef, context: &Context<'_>) -> Vec<usize> {
        let column = std::slice::from_ref(array);
        let cell = |row: usize, _: usize| cell_value(array, row, &field.ty, context.types);
        if let Some(answers) = self.kernel.run(column, &cell, context) {
            return answers.others().collect();
        }
        match self.simple.as_ref().and_then(|simple| simple.verdicts(column)) {
            Some(verdicts) => (0..array.len()).filter(|row| !verdicts[*row]).collect(),
            None => (0..array.len()).collect(),
        }
    }

    /// What was found, if the value breaks the rule. Different values are evaluated once, as long as there are few.
    fn broken(&mut self, value: &Value, program: &Program, now: Timestamp) -> Option<String> {
        let key = flow_expr::codec::encode(value).to_string();
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let verdict = match evaluate(&self.refinement.condition, value, &context(program, now)) {
            Ok(Value::Bool(true)) => None,
            Ok(_) => Some(shown(value)),
            Err(error) => Some(format!("{}: {error}", shown(value))),
        };
        if self.known.len() < REMEMBERED {
            self.known.insert(key, verdict.clone());
        }
        verdict
    }
}
