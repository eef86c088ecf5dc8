//! Some rows of a table in some order: what `filter`, `sort_by` and `take` on tables give.
//!
//! Knows no evaluation. Nothing is copied; who can do better with the base's own representation gets at
//! it through [`SelectedRows::base`] and [`SelectedRows::indices`].

use crate::{Context, Expr, RowValues, Table, TableData, Type, Value, VarId};
use std::{any::Any, sync::Arc};

/// Rows of another table, by index.
pub struct SelectedRows {
    base: Arc<dyn TableData>,
    rows: Vec<usize>,
}

impl SelectedRows {
    /// These rows; indices that the base does not have are dropped. A selection of a selection is one of its base.
    #[must_use]
    pub fn new(base: Arc<dyn TableData>, mut rows: Vec<usize>) -> Self {
        rows.retain(|row| *row < base.rows());
        let inner = base.as_any().downcast_ref::<Self>();
        match inner {
            Some(inner) => {
                let rows = rows.into_iter().map(|row| inner.rows[row]).collect();
                Self { base: inner.base.clone(), rows }
            }
            None => Self { base, rows },
        }
    }

    /// The table that the rows are of.
    #[must_use]
    pub fn base(&self) -> &Arc<dyn TableData> {
        &self.base
    }

    /// Which rows, in which order.
    #[must_use]
    pub fn indices(&self) -> &[usize] {
        &self.rows
    }

    /// The selection as a value with rows of type `ty`; it has no hash until it is stored.
    #[must_use]
    pub fn into_table(self, ty: Type) -> Table {
        Table { hash: Arc::from(""), rows: self.rows.len() as u64, ty, data: Some(Arc::new(self)) }
    }
}

impl TableData for SelectedRows {
    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn columns(&self) -> &[Arc<str>] {
        self.base.columns()
    }

    fn cell(&self, row: usize, column: usize) -> Value {
        self.rows.get(row).map_or(Value::Absent, |row| self.base.cell(*row, column))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    /// By the base's way, if these are many of its rows, in its order.
    fn computed<'t>(
        &'t self,
        expr: &Expr,
        columns: &[(VarId, usize)],
        context: &'t Context<'t>,
    ) -> Option<Box<dyn RowValues + 't>> {
        if self.rows.len() < self.base.rows() / 2 || !self.rows.is_sorted() {
            return None;
        }
        let values = self.base.computed(expr, columns, context)?;
        Some(Box::new(Chosen { rows: &self.rows, values }))
    }
}

/// The values of some rows.
struct Chosen<'t> {
    rows: &'t [usize],
    values: Box<dyn RowValues + 't>,
}

impl RowValues for Chosen<'_> {
    fn get(&mut self, row: usize) -> Option<Value> {
        self.values.get(*self.rows.get(row)?)
    }
}
