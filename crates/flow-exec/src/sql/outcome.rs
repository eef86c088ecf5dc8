//! What a query gave → the step's declared type; what it failed with → a class and a sentence.

use crate::{
    borders::{BorderCheck, Places, RowErrors, context},
    tables::{Converter, cell_value},
};
use datafusion::{
    arrow::{datatypes::SchemaRef, error::ArrowError, record_batch::RecordBatch},
    error::DataFusionError,
};
use flow_diag::codes;
use flow_expr::{Broken, Field, Record, Type, Value, broken_inside};
use flow_plan::{ErrorClass, Failure, Program};
use jiff::Timestamp;
use std::sync::Arc;

/// Rows that a result that is no table may have.
pub(crate) const MOST_ITEMS: usize = 1_000_000;

/// Rows as a value that is no table: the only row, the only cell, or a list of either.
pub(crate) fn value_of(
    batches: &[RecordBatch],
    schema: &SchemaRef,
    returns: &Type,
    program: &Program,
    now: Timestamp,
) -> Result<Value, Failure> {
    let item = match returns {
        Type::List(item) => item,
        other => other.required(),
    };
    let mut items = match program.types.record(item) {
        Some(_) => records(batches, schema, item, program, now)?,
        None => cells(batches, schema, if matches!(returns, Type::List(_)) { item } else { returns }, program, now)?,
    };
    if matches!(returns, Type::List(_)) {
        return Ok(Value::List(items.into()));
    }
    match (items.len(), returns) {
        (1, _) => Ok(items.remove(0)),
        (0, Type::Optional(_)) => Ok(Value::Absent),
        (rows, _) => {
            let message = format!("the query gave {rows} rows, but a {returns} is one");
            Err(Failure::new(ErrorClass::Malformed, codes::R0310.as_str(), message))
        }
    }
}

fn records(
    batches: &[RecordBatch],
    schema: &SchemaRef,
    record: &Type,
    program: &Program,
    now: Timestamp,
) -> Result<Vec<Value>, Failure> {
    let mut converter = Converter::new(schema, record, &program.types, "the result", true)?;
    let mut border = BorderCheck::new(program, record, now);
    let mut errors = RowErrors::new(Places::Rows("result".into()));
    let fields = program.types.record(record).unwrap_or_default();
    let Type::Named(name) = record else { return Ok(vec![]) };
    let mut items = Vec::new();
    for batch in batches {
        let Some(batch) = converter.convert(batch, &mut errors) else { continue };
        border.check(&batch, items.len() as u64, &mut errors);
        for row in 0..batch.num_rows() {
            let cells = fields.iter().zip(batch.columns());
            let cells =
                cells.map(|(field, array)| (field.name.clone(), cell_value(array, row, &field.ty, &program.types)));
            items.push(Value::Record(Arc::new(Record { ty: name.clone(), fields: cells.collect() })));
        }
    }
    errors.verdict("the result", &format!("a {record}"))?;
    Ok(items)
}

fn cells(
    batches: &[RecordBatch],
    schema: &SchemaRef,
    ty: &Type,
    program: &Program,
    now: Timestamp,
) -> Result<Vec<Value>, Failure> {
    let [column] = schema.fields().as_ref() else {
        let message = format!("a {ty} is one column, the query gave {}", schema.fields().len());
        return Err(Failure::new(ErrorClass::Malformed, codes::R0310.as_str(), message));
    };
    let field = Field { name: column.name().as_str().into(), ty: ty.clone(), refinement: None, labels: vec![] };
    let mut converter = Converter::of_fields(schema, std::slice::from_ref(&field), "the result", &program.types, true)?;
    let mut errors = RowErrors::new(Places::Rows("result".into()));
    let mut items = Vec::new();
    for batch in batches {
        let Some(batch) = converter.convert(batch, &mut errors) else { continue };
        items.extend((0..batch.num_rows()).map(|row| cell_value(batch.column(0), row, ty, &program.types)));
    }
    for (row, item) in items.iter().enumerate() {
        if let Some(Broken { path, rule, found }) = broken_inside(item, ty, &context(program, now)) {
            errors.add(|place| place.cell(row as u64, &field, &format!("`{rule}` of {path}"), &found));
        }
    }
    errors.verdict("the result", &format!("a {ty}"))?;
    Ok(items)
}

/// What says of a failed query what kind of failure it is, without a word of its data.
pub(super) const KINDS: [&str; 7] = [
    DIVISION,
    TOO_LARGE,
    NOT_CONVERTED,
    "the query needs more disk than there is",
    "the query needs more memory than it may use",
    "the query could not use the disk",
    "the statement was stopped because the run was cancelled",
];

const DIVISION: &str = "a division by zero";
const TOO_LARGE: &str = "a number is too large for its type";
const NOT_CONVERTED: &str = "a value cannot be converted";

/// Why a query failed while it ran.
pub(crate) fn failed(error: &DataFusionError) -> Failure {
    let text = error.strip_backtrace();
    let plain = text.lines().next().unwrap_or_default();
    let plain = ["Arrow error: ", "Execution error: ", "Compute error: ", "Divide by zero error", "Cast error: "]
        .iter()
        .fold(plain, |text, prefix| text.strip_prefix(prefix).filter(|rest| !rest.is_empty()).unwrap_or(text));
    let (class, code, message) = match error.find_root() {
        DataFusionError::ResourcesExhausted(why) if why.contains("disk") || why.contains("No space") => {
            (ErrorClass::Internal, codes::R0308, format!("the query needs more disk than there is: {why}"))
        }
        DataFusionError::ResourcesExhausted(why) => {
            (ErrorClass::Internal, codes::R0308, format!("the query needs more memory than it may use: {why}"))
        }
        DataFusionError::IoError(error) => {
            (ErrorClass::Internal, codes::R0308, format!("the query could not use the disk: {error}"))
        }
        DataFusionError::ArrowError(inner, _) => match inner.as_ref() {
            ArrowError::DivideByZero => (ErrorClass::ClientError, codes::R0307, DIVISION.to_owned()),
            ArrowError::ArithmeticOverflow(why) => {
                (ErrorClass::ClientError, codes::R0307, format!("{TOO_LARGE}: {why}"))
            }
            ArrowError::CastError(why) => (ErrorClass::ClientError, codes::R0307, format!("{NOT_CONVERTED}: {why}")),
            _ => (ErrorClass::ClientError, codes::R0307, plain.to_owned()),
        },
        DataFusionError::Internal(_) => (ErrorClass::Internal, codes::R0307, plain.to_owned()),
        _ => (ErrorClass::ClientError, codes::R0307, plain.to_owned()),
    };
    Failure::new(class, code.as_str(), format!("the query failed: {message}"))
}
