//! Rules over all rows of a loaded table: `expect`, and the refinements of its columns.
//!
//! A rule is prepared once, so that a row costs the cells that it mentions. Each row may use the whole of
//! the context's limits: a large table is not a large expression. Knows nothing of datasets, shares or
//! verdicts: it counts, and keeps the first rows that fail. A rule over the whole table is an expression over it:
//! [`crate::evaluate`] with the table as scope.

mod columns;
mod keys;
mod rows;

pub use columns::check_columns;
pub use keys::{check_not_null, check_unique};
pub use rows::check_rows;

use crate::{EvalError, TableData, Value};
use std::sync::Arc;

/// How many rows a rule holds for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowCounts {
    /// Rows looked at: all of them.
    pub rows: u64,
    /// Rows for which the rule does not hold.
    pub failed: u64,
    /// The first of them.
    pub first: Vec<FailedRow>,
}

/// A row for which a rule does not hold.
#[derive(Clone, Debug, PartialEq)]
pub struct FailedRow {
    /// Which, from 0.
    pub row: u64,
    /// The columns that the rule mentions, with their values. Not redacted: the caller knows labels.
    pub values: Vec<(Arc<str>, Value)>,
    /// Why the rule could not be computed: an absent value, a division by zero. Such a row does not pass.
    pub error: Option<EvalError>,
}

impl RowCounts {
    fn fail(&mut self, limit: usize, found: impl FnOnce() -> FailedRow) {
        self.failed += 1;
        if self.first.len() < limit {
            self.first.push(found());
        }
    }
}

/// A rule names a column that the table does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSuchColumn(pub Arc<str>);

impl std::fmt::Display for NoSuchColumn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the table has no column `{}`", self.0)
    }
}

impl std::error::Error for NoSuchColumn {}

fn position(data: &dyn TableData, name: &Arc<str>) -> Result<usize, NoSuchColumn> {
    data.columns().iter().position(|column| column == name).ok_or_else(|| NoSuchColumn(name.clone()))
}

fn values(data: &dyn TableData, row: usize, columns: &[usize]) -> Vec<(Arc<str>, Value)> {
    columns.iter().map(|column| (data.columns()[*column].clone(), data.cell(row, *column))).collect()
}
