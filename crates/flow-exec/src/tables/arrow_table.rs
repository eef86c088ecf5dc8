//! A loaded table: batches of declared columns, seen as values one cell at a time, or through compiled expressions.

use super::cell_value;
use datafusion::arrow::record_batch::RecordBatch;
use flow_expr::{Context, Expr, RowValues, TableData, Type, Value, VarId};
use flow_kernel::{Answers, Kernel, Rows};
use flow_plan::Program;
use std::{any::Any, sync::Arc};

/// Rows for which it is not even worth to see what compiling would bring.
const FEW: usize = 512;

/// Batches that all have the columns of one record type, in declaration order.
#[derive(Debug)]
pub struct ArrowTable {
    program: Arc<Program>,
    names: Arc<[Arc<str>]>,
    types: Vec<Type>,
    batches: Vec<RecordBatch>,
    /// The first row of each batch.
    starts: Vec<usize>,
    rows: usize,
}

impl ArrowTable {
    /// A table of these batches, whose columns are those of `record`.
    #[must_use]
    pub fn new(program: Arc<Program>, record: &Type, batches: Vec<RecordBatch>) -> Self {
        let fields = program.types.record(record).unwrap_or_default();
        let names = fields.iter().map(|field| field.name.clone()).collect();
        let types = fields.iter().map(|field| field.ty.clone()).collect();
        let mut rows = 0;
        let mut starts = Vec::with_capacity(batches.len());
        for batch in &batches {
            starts.push(rows);
            rows += batch.num_rows();
        }
        Self { program, names, types, batches, starts, rows }
    }

    /// The batches.
    #[must_use]
    pub fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }
}

impl TableData for ArrowTable {
    fn rows(&self) -> usize {
        self.rows
    }

    fn columns(&self) -> &[Arc<str>] {
        &self.names
    }

    fn cell(&self, row: usize, column: usize) -> Value {
        let at = self.starts.partition_point(|start| *start <= row).saturating_sub(1);
        match (self.batches.get(at), self.types.get(column)) {
            (Some(batch), Some(ty)) if row < self.rows => {
                cell_value(batch.column(column), row - self.starts[at], ty, &self.program.types)
            }
            _ => Value::Absent,
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    /// Compiled, batch by batch, if there are enough rows.
    fn computed<'t>(
        &'t self,
        expr: &Expr,
        columns: &[(VarId, usize)],
        context: &'t Context<'t>,
    ) -> Option<Box<dyn RowValues + 't>> {
        if self.rows < FEW {
            return None;
        }
        let kernel = Kernel::value(expr, Rows::Variables(columns), &self.types, context).expecting(self.rows as u64);
        kernel.is_worth_it().then(|| Box::new(Compiled { table: self, context, kernel, batch: None }) as Box<_>)
    }
}

/// The values of an expression, one batch at a time.
struct Compiled<'t> {
    table: &'t ArrowTable,
    context: &'t Context<'t>,
    kernel: Kernel,
    /// The batch whose answers are there.
    batch: Option<(usize, Option<Answers>)>,
}

impl RowValues for Compiled<'_> {
    fn get(&mut self, row: usize) -> Option<Value> {
        let Self { table, context, kernel, batch } = self;
        let inside = |at: &usize| (table.starts[*at]..table.starts[*at] + table.batches[*at].num_rows()).contains(&row);
        if !batch.as_ref().is_some_and(|(at, _)| inside(at)) {
            let at = table.starts.partition_point(|start| *start <= row).checked_sub(1)?;
            let found = table.batches.get(at)?;
            let cell = |row: usize, column: usize| {
                let ty = table.types.get(column);
                ty.map_or(Value::Absent, |ty| cell_value(found.column(column), row, ty, &table.program.types))
            };
            *batch = Some((at, kernel.run(found.columns(), &cell, context)));
        }
        let (at, answers) = batch.as_ref()?;
        answers.as_ref()?.value(row - table.starts[*at], &table.program.types)
    }
}
