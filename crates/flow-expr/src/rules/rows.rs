//! A condition on every row: `expect amount < 1_000_000`.
//!
//! In the condition `Var(VarId::IT)` is the row, and `Field(Var(VarId::IT), column)` its cell.

use super::{FailedRow, RowCounts, values};
use crate::{
    Context, EvalError, Expr, TableData, Type, VarId,
    eval::{
        Machine,
        sequence::{Narrow, row},
    },
};
use flow_diag::codes;

/// Counts the rows for which `condition` does not hold and keeps the first `limit` of them. `ty` is the type of a row.
///
/// # Errors
/// Where a single row takes more than the context's limits.
pub fn check_rows(
    condition: &Expr,
    data: &dyn TableData,
    ty: &Type,
    context: &Context<'_>,
    limit: usize,
) -> Result<RowCounts, EvalError> {
    let mut machine = Machine::new(&(), context);
    let first = machine.column_variables(data.columns().len());
    let narrow = Narrow::new(VarId::IT, condition, data.columns(), first);
    let all: Vec<usize> = (0..data.columns().len()).collect();
    let mentioned = narrow.as_ref().map_or(all, Narrow::positions);
    let mut counts = RowCounts { rows: data.rows() as u64, ..RowCounts::default() };
    for index in 0..data.rows() {
        machine.meter.refill();
        let holds = match &narrow {
            Some(narrow) => machine.with_locals(narrow.cells(data, index), |machine| machine.condition(&narrow.body)),
            None => machine.with_locals([(VarId::IT, row(data, ty, index))], |machine: &mut Machine<'_>| {
                machine.condition(condition)
            }),
        };
        let error = match holds {
            Ok(true) => continue,
            Ok(false) => None,
            Err(error) if error.code == codes::R0006 => return Err(EvalError { row: Some(index as u64), ..error }),
            Err(error) => Some(error),
        };
        counts.fail(limit, || FailedRow { row: index as u64, values: values(data, index, &mentioned), error });
    }
    Ok(counts)
}
