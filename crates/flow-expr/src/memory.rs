//! Tables whose rows are values in memory: constants, test data, results of table built-ins.
//!
//! Knows no files and no Arrow. Such a table is named by a hash of its content, computed when it is
//! made, so that equality by hash holds for it as for a stored one.

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

    /// The table as a value with rows of type `ty`, named by the hash of its cells.
    ///
    /// The hash begins with `memory-`: it never equals that of a stored artifact.
    #[must_use]
    pub fn into_table(self, ty: Type) -> Table {
        let mut hasher = blake3::Hasher::new();
        for name in self.columns.iter() {
            hasher.update(name.as_bytes()).update(&[0]);
        }
        for cell in self.rows.iter().flat_map(|row| row.iter()) {
            crate::digest::update(&mut hasher, cell);
        }
        let hash = format!("memory-{}", hasher.finalize().to_hex()).into();
        Table { hash, rows: self.rows.len() as u64, ty, data: Some(Arc::new(self)) }
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
