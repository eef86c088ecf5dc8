//! Expressions that look into tables and files: their values are loaded, then the one evaluator does it.
//!
//! Sums and counts over a column of a stored table are taken from its columns without making values of the
//! rows. A table in the result is stored, so that it can leave the process.

use crate::{
    api::ComputeCall,
    borders::context,
    datasets::{Datasets, schema_of},
    tables::{ArrowTable, Intake, batches_of},
};
use datafusion::arrow::{
    array::AsArray,
    datatypes::{Decimal128Type, Int64Type},
};
use flow_diag::codes;
use flow_expr::{
    Expr, ExprKind, Name, Record, Table, TableData as _, Type, Value, VarId, VariantValue, evaluate, redact::redact,
};
use flow_plan::{ErrorClass, Failure};
use std::{collections::BTreeMap, sync::Arc};

/// The value of an expression over data.
pub(crate) fn compute(call: &ComputeCall, datasets: &Datasets) -> Result<Value, Failure> {
    compute_seen(call, &[], datasets)
}

/// As [`compute`], with marks in the place of labelled data: by variable, its type where its value
/// does not tell, and its own labels.
pub(crate) fn compute_seen(
    call: &ComputeCall,
    hidden: &[(VarId, Option<Type>, Vec<Name>)],
    datasets: &Datasets,
) -> Result<Value, Failure> {
    let mut scope = BTreeMap::new();
    for (var, value) in &call.bindings {
        let mut value = with_data(value, call, datasets)?;
        if let Some((_, ty, labels)) = hidden.iter().find(|(known, ..)| known == var) {
            value = redact(&value, ty.as_ref(), labels, &call.program.types);
        }
        scope.insert(*var, value);
    }
    if let Some(found) = fast_sum(&call.expr, &scope) {
        return Ok(found);
    }
    let found = evaluate(&call.expr, &scope, &context(&call.program, call.now)).map_err(|error| {
        Failure::new(ErrorClass::ClientError, codes::R0312.as_str(), format!("the expression has no value: {error}"))
            .detail(format!("{}: {}", error.code, error.message))
            .at(error.at)
    })?;
    stored(found, call, datasets)
}

/// A value with the rows of its tables at hand, wherever they are in it.
fn with_data(value: &Value, call: &ComputeCall, datasets: &Datasets) -> Result<Value, Failure> {
    map_tables(value, &mut |table| {
        let mut table = table.clone();
        table.data = Some(datasets.artifacts.load(&table, &call.program)?);
        Ok(table)
    })
}

/// A value whose tables are all stored, and carry no rows.
fn stored(value: Value, call: &ComputeCall, datasets: &Datasets) -> Result<Value, Failure> {
    map_tables(&value, &mut |table| {
        let known = !table.hash.is_empty() && datasets.artifacts.table_path(&table.hash).exists();
        if let (false, Some(data)) = (known, &table.data) {
            let schema = schema_of(&table.ty, &call.program)?;
            let refused = |why: String| {
                Failure::new(ErrorClass::Malformed, codes::R0304.as_str(), format!("the result is no table: {why}"))
            };
            let batches = batches_of(&**data, &table.ty, &schema, &call.program.types).map_err(refused)?;
            let mut errors = crate::borders::RowErrors::new(crate::borders::Places::Rows("result".into()));
            let mut intake = Intake::scan(&call.program, &table.ty, schema, call.now).store(&datasets.artifacts)?;
            for batch in &batches {
                intake.take(batch, &mut errors)?;
            }
            errors.verdict("the result", &format!("a Table<{}>", table.ty))?;
            let stored = intake.finish()?.stored;
            return Ok(Table { hash: stored.hash, rows: stored.rows, ty: table.ty.clone(), data: None });
        }
        Ok(Table { data: None, ..table.clone() })
    })
}

/// The value with each table replaced.
fn map_tables(value: &Value, change: &mut dyn FnMut(&Table) -> Result<Table, Failure>) -> Result<Value, Failure> {
    let fields = |fields: &[(Arc<str>, Value)], change: &mut dyn FnMut(&Table) -> Result<Table, Failure>| {
        let mapped = fields.iter().map(|(name, value)| Ok((name.clone(), map_tables(value, change)?)));
        mapped.collect::<Result<Vec<_>, Failure>>()
    };
    Ok(match value {
        Value::Table(table) => Value::Table(change(table)?),
        Value::List(items) => Value::List(items.iter().map(|item| map_tables(item, change)).collect::<Result<_, _>>()?),
        Value::Map(entries) => {
            let mapped = entries.iter().map(|(key, item)| Ok((key.clone(), map_tables(item, change)?)));
            Value::Map(Arc::new(mapped.collect::<Result<_, Failure>>()?))
        }
        Value::Record(record) => {
            Value::Record(Arc::new(Record { ty: record.ty.clone(), fields: fields(&record.fields, change)? }))
        }
        Value::Variant(variant) => Value::Variant(Arc::new(VariantValue {
            ty: variant.ty.clone(),
            variant: variant.variant.clone(),
            fields: fields(&variant.fields, change)?,
        })),
        plain => plain.clone(),
    })
}

/// `rows.sum(r => r.amount)` of an Int or Decimal column without gaps. Anything unusual is left to the
/// evaluator, overflow too, so that its error says where.
fn fast_sum(expr: &Expr, scope: &BTreeMap<VarId, Value>) -> Option<Value> {
    let ExprKind::Builtin(name, args) = &expr.kind else { return None };
    let [Expr { kind: ExprKind::Var(rows), .. }, Expr { kind: ExprKind::Lambda(params, body), .. }] = args.as_slice()
    else {
        return None;
    };
    let ExprKind::Field { base, name: field } = &body.kind else { return None };
    if &**name != "sum" || !matches!((&base.kind, params.as_slice()), (ExprKind::Var(var), [param]) if var == param) {
        return None;
    }
    let Some(Value::Table(table)) = scope.get(rows) else { return None };
    let data = table.data.as_ref()?.as_any().downcast_ref::<ArrowTable>()?;
    let column = data.columns().iter().position(|name| name == field)?;
    let (mut ints, mut units, mut decimal) = (0_i64, 0_i128, false);
    if data.batches().is_empty() {
        return None;
    }
    for batch in data.batches() {
        let array = batch.column(column);
        if array.null_count() > 0 {
            return None;
        }
        if let Some(numbers) = array.as_primitive_opt::<Int64Type>() {
            ints = numbers.values().iter().try_fold(ints, |sum, number| sum.checked_add(*number))?;
        } else {
            decimal = true;
            let numbers = array.as_primitive_opt::<Decimal128Type>()?;
            units = numbers.values().iter().try_fold(units, |sum, number| sum.checked_add(*number))?;
        }
    }
    if decimal { crate::tables::decimal_of(units).map(Value::Decimal) } else { Some(Value::Int(ints)) }
}
