//! `expect unique(id)` and `expect not_null(name)`.

use super::{FailedRow, NoSuchColumn, RowCounts, position, values};
use crate::{TableData, Value};
use std::{collections::HashSet, sync::Arc};

/// Counts the rows whose values in `columns` an earlier row has too.
///
/// Rows in which one of them is absent repeat nothing, as in SQL.
///
/// # Errors
/// If there is no such column.
pub fn check_unique(data: &dyn TableData, columns: &[Arc<str>], limit: usize) -> Result<RowCounts, NoSuchColumn> {
    let positions = columns.iter().map(|name| position(data, name)).collect::<Result<Vec<_>, _>>()?;
    let mut counts = RowCounts { rows: data.rows() as u64, ..RowCounts::default() };
    let mut seen = Seen::default();
    for row in 0..data.rows() {
        let cells: Vec<Value> = positions.iter().map(|column| data.cell(row, *column)).collect();
        if cells.iter().any(|cell| matches!(cell, Value::Absent)) || seen.insert(&cells) {
            continue;
        }
        counts.fail(limit, || FailedRow { row: row as u64, values: values(data, row, &positions), error: None });
    }
    Ok(counts)
}

/// Counts the rows that have no value in `column`.
///
/// # Errors
/// If there is no such column.
pub fn check_not_null(data: &dyn TableData, column: &Arc<str>, limit: usize) -> Result<RowCounts, NoSuchColumn> {
    let position = position(data, column)?;
    let mut counts = RowCounts { rows: data.rows() as u64, ..RowCounts::default() };
    for row in 0..data.rows() {
        if matches!(data.cell(row, position), Value::Absent) {
            counts.fail(limit, || FailedRow { row: row as u64, values: values(data, row, &[position]), error: None });
        }
    }
    Ok(counts)
}

/// Keys seen so far; the usual lone Int is kept as it is, others by digest.
#[derive(Default)]
struct Seen {
    ints: HashSet<i64>,
    digests: HashSet<[u8; 32]>,
}

impl Seen {
    fn insert(&mut self, cells: &[Value]) -> bool {
        match cells {
            [Value::Int(number)] => self.ints.insert(*number),
            cells => self.digests.insert(crate::digest::key_of(cells)),
        }
    }
}
