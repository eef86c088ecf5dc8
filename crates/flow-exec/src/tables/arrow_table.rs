//! A loaded table: batches of declared columns, seen as values one cell at a time.

use super::cell_value;
use datafusion::arrow::record_batch::RecordBatch;
use flow_expr::{TableData, Type, Value};
use flow_plan::Program;
use std::{any::Any, sync::Arc};

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
}
