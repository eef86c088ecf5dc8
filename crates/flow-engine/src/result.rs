//! The result of a run as it is shown: a value as JSON; of a table the first rows, and where all of them are.
//!
//! Labelled data shows marks. Tested by `crates/flowc/tests/it/results.rs`.

use crate::{Engine, rim::Rim};
use flow_driver::Driver;
use flow_exec::api::{Cancel, ComputeCall};
use flow_expr::{Expr, ExprKind, Name, Table, Value, VarId};
use flow_plan::Program;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, sync::Arc};

/// Rows of a table that are shown.
const FIRST_ROWS: i64 = 10;

/// A table that a flow returned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableResult {
    /// How many rows it has.
    pub rows: u64,
    /// Where all of them are: a Parquet file.
    pub file: PathBuf,
    /// The names of its columns; none where no row can be shown.
    pub columns: Vec<Arc<str>>,
    /// The first rows, cell by cell.
    pub first: Vec<Vec<serde_json::Value>>,
}

/// What a run gave.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    pub(crate) value: Option<serde_json::Value>,
    pub(crate) table: Option<TableResult>,
}

impl Engine {
    /// The result of a run that has succeeded, as it may be seen.
    pub(crate) async fn shown(
        &self,
        driver: &Driver,
        (flow, program, rim): (&Name, &Arc<Program>, &Rim),
        now: Timestamp,
    ) -> Shown {
        match driver.result() {
            None | Some(Value::Unit) => Shown::default(),
            Some(Value::Table(table)) => {
                let call = ComputeCall { program: program.clone(), expr: first_rows(), bindings: vec![], now };
                Shown { value: None, table: Some(self.table(table, call, rim).await) }
            }
            Some(value) => Shown { value: Some(rim.shown(value, flow)), table: None },
        }
    }

    async fn table(&self, table: &Table, mut call: ComputeCall, rim: &Rim) -> TableResult {
        call.bindings.push((ROWS, Value::Table(table.clone())));
        // Rows that cannot be read are not shown; the run is none the worse for it.
        let found = self.executor().compute_seen(call, Cancel::never()).await.ok();
        let (mut columns, mut first) = (vec![], vec![]);
        if let Some(Value::List(rows)) = found {
            for row in rows.iter() {
                let Value::Record(record) = row else { continue };
                columns = record.fields.iter().map(|(name, _)| name.clone()).collect();
                first.push(record.fields.iter().map(|(_, cell)| rim.cell(cell)).collect());
            }
        }
        let shard = table.hash.get(..2).unwrap_or("00");
        let file = self.layout.artifacts().join(shard).join(format!("{}.parquet", table.hash));
        TableResult { rows: table.rows, file, columns, first }
    }
}

const ROWS: VarId = VarId(0);
const ROW: VarId = VarId(1);

/// `rows.take(10).map(row => row)`.
fn first_rows() -> Expr {
    let here = |kind| Expr { kind, at: Default::default() };
    let count = here(ExprKind::Const(Value::Int(FIRST_ROWS)));
    let first = here(ExprKind::Builtin("take".into(), vec![here(ExprKind::Var(ROWS)), count]));
    let same = here(ExprKind::Lambda(vec![ROW], Box::new(here(ExprKind::Var(ROW)))));
    here(ExprKind::Builtin("map".into(), vec![first, same]))
}
