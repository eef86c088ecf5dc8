//! Tables whose rows are values in memory: constants, test data, results of table built-ins.
//!
//! Knows no files and no Arrow, and has no hash: who stores the rows names them.

use crate::{Table, TableData, Type, Value};
use std::{any::Any, sync::Arc};

/// Rows of values, all as long as there are columns.
#[derive(Clone, Debug)]
pub struct MemoryTable {
    columns: Arc<[Arc<str>]>,
    rows: Vec<Arc<[Value]>>,
}

impl MemoryTable {
    /// A table of these columns; rows are cut or filled with [`Value::Absent`] to their number.
    #[must_use]
    pub fn new(columns: Vec<Arc<str>>, rows: Vec<Vec<Value>>) -> Self {
        let width = columns.len();
        let rows = rows
            .into_iter()
            .map(|mut row| {
                row.resize(width, Value::Absent);
                row.into()
            })
            .collect();
        Self { columns: columns.into(), rows }
    }

    /// The table as a value with rows of type `ty`; it has no hash until it is stored.
    #[must_use]
    pub fn into_table(self, ty: Type) -> Table {
        Table { hash: Arc::from(""), rows: self.rows.len() as u64, ty, data: Some(Arc::new(self)) }
    }
}

impl TableData for MemoryTable {
    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn columns(&self) -> &[Arc<str>] {
        &self.columns
    }

    fn cell(&self, row: usize, column: usize) -> Value {
        self.rows.get(row).and_then(|cells| cells.get(column)).cloned().unwrap_or(Value::Absent)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
