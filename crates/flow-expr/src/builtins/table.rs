//! Tables as a whole: `std.table`. What they share with lists is in `sequence.rs`.

use super::{
    call::{Call, items},
    text::builtins,
};
use crate::{EvalError, Value};

type Outcome = Result<Value, EvalError>;

const MODULE: &str = "std.table";

builtins! {
    "to_list" "(rows: Table<R>) -> List<R>" "The rows as records." => to_list,
    "columns" "(rows: Table<R>) -> List<String>" "The names of the columns." => columns,
}

fn to_list(call: &mut Call<'_, '_, '_>) -> Outcome {
    let rows = call.sequence(0)?;
    let (table, _) = call.table(0)?;
    call.elements(rows.len().saturating_mul(table.columns().len() + 1))?;
    Ok(Value::List(items(&rows).into()))
}

fn columns(call: &mut Call<'_, '_, '_>) -> Outcome {
    let (table, _) = call.table(0)?;
    call.list_of(table.columns().iter().cloned().map(Value::String).collect())
}
