//! Values → a column of their declared type.

use datafusion::arrow::{
    array::{
        ArrayRef, BinaryBuilder, BooleanBuilder, Date32Builder, Decimal128Builder, DurationMicrosecondBuilder,
        Float64Builder, Int64Builder, ListArray, MapArray, NullBufferBuilder, StringBuilder, StructArray,
        Time64MicrosecondBuilder, TimestampMicrosecondBuilder,
    },
    buffer::OffsetBuffer,
    datatypes::{DataType, Field, Fields, SchemaRef},
    record_batch::RecordBatch,
};
use flow_expr::{TableData, Type, TypeTable, Value};
use flow_sql::{DECIMAL_PRECISION, DECIMAL_SCALE, Scalar, UTC, arrow_type, scalar_kind};
use jiff::civil;
use rust_decimal::Decimal;
use std::sync::Arc;

/// Units of 10⁻¹⁰ of a decimal; none if it has more places, or too many digits.
pub(crate) fn decimal_units(number: Decimal) -> Option<i128> {
    let number = number.normalize();
    let shift = u32::try_from(DECIMAL_SCALE).ok()?.checked_sub(number.scale())?;
    let units = number.mantissa().checked_mul(10_i128.pow(shift))?;
    (units.unsigned_abs() < 10_u128.pow(u32::from(DECIMAL_PRECISION))).then_some(units)
}

/// The rows of any loaded table as batches of declared columns.
pub(crate) fn batches_of(
    data: &dyn TableData,
    record: &Type,
    schema: &SchemaRef,
    types: &TypeTable,
) -> Result<Vec<RecordBatch>, String> {
    if let Some(table) = data.as_any().downcast_ref::<super::ArrowTable>() {
        return Ok(table.batches().to_vec());
    }
    const ROWS: usize = 16 * 1024;
    let fields = types.record(record).unwrap_or_default();
    let position = |name: &str| data.columns().iter().position(|column| **column == *name);
    let mut batches = Vec::new();
    for first in (0..data.rows()).step_by(ROWS) {
        let rows = first..data.rows().min(first + ROWS);
        let mut columns = Vec::with_capacity(fields.len());
        for field in fields {
            let column = position(&field.name).ok_or_else(|| format!("the column `{}` is missing", field.name))?;
            let cells: Vec<Value> = rows.clone().map(|row| data.cell(row, column)).collect();
            columns.push(array_of(&cells, &field.ty, types).map_err(|why| format!("{}: {why}", field.name))?);
        }
        batches.push(RecordBatch::try_new(schema.clone(), columns).map_err(|error| error.to_string())?);
    }
    Ok(batches)
}

/// Days since 1970.
pub(crate) fn days_of(date: civil::Date) -> i32 {
    i32::try_from(date.duration_since(civil::date(1970, 1, 1)).as_hours() / 24).unwrap_or(i32::MAX)
}

/// Microseconds since midnight; none if that would cut something off.
pub(crate) fn micros_of(time: civil::Time) -> Option<i64> {
    whole_micros(time.duration_since(civil::Time::midnight()).as_nanos())
}

/// Nanoseconds as microseconds; none if that would cut something off.
fn whole_micros(nanoseconds: i128) -> Option<i64> {
    (nanoseconds % 1000 == 0).then(|| i64::try_from(nanoseconds / 1000).ok()).flatten()
}

/// A column keeps microseconds; what is finer is refused rather than cut.
fn too_fine(value: impl std::fmt::Display) -> String {
    format!("{value} is finer than a microsecond, which is what a column holds")
}

macro_rules! column {
    ($builder:expr, $values:expr, $ty:expr, $pattern:pat => $units:expr) => {{
        let mut builder = $builder;
        for value in $values {
            match value {
                $pattern => builder.append_value($units),
                Value::Absent => builder.append_null(),
                other => return Err(unfit(other, $ty)),
            }
        }
        Arc::new(builder.finish()) as ArrayRef
    }};
}

fn unfit(value: &Value, ty: &Type) -> String {
    format!("a {ty} was expected, found {}", crate::tables::shown(value))
}

/// The column that holds these values. What it cannot hold exactly is an error.
pub(crate) fn array_of(values: &[Value], ty: &Type, types: &TypeTable) -> Result<ArrayRef, String> {
    let kind = scalar_kind(ty, types).ok_or_else(|| format!("{ty} cannot be a column"))?;
    Ok(match kind {
        Scalar::Bool => column!(BooleanBuilder::new(), values, ty, Value::Bool(flag) => *flag),
        Scalar::Int => column!(Int64Builder::new(), values, ty, Value::Int(number) => *number),
        Scalar::Float => column!(Float64Builder::new(), values, ty, Value::Float(number) => *number),
        Scalar::Decimal => {
            let builder =
                Decimal128Builder::new().with_data_type(DataType::Decimal128(DECIMAL_PRECISION, DECIMAL_SCALE));
            column!(builder, values, ty, Value::Decimal(number) => decimal_units(*number)
                .ok_or_else(|| format!("{number} has more than {DECIMAL_SCALE} digits after the point"))?)
        }
        Scalar::String => column!(StringBuilder::new(), values, ty, Value::String(text) => &**text),
        Scalar::Date => column!(Date32Builder::new(), values, ty, Value::Date(date) => days_of(*date)),
        Scalar::Time => {
            column!(Time64MicrosecondBuilder::new(), values, ty, Value::Time(time) => micros_of(*time).ok_or_else(|| too_fine(time))?)
        }
        Scalar::Timestamp => {
            let builder = TimestampMicrosecondBuilder::new().with_timezone(UTC);
            column!(builder, values, ty, Value::Timestamp(instant) =>
                whole_micros(instant.as_nanosecond()).ok_or_else(|| too_fine(instant))?)
        }
        Scalar::Duration => column!(DurationMicrosecondBuilder::new(), values, ty, Value::Duration(length) =>
            whole_micros(length.as_nanos()).ok_or_else(|| too_fine(length))?),
        Scalar::Bytes => column!(BinaryBuilder::new(), values, ty, Value::Bytes(bytes) => &**bytes),
        Scalar::Enum => column!(StringBuilder::new(), values, ty, Value::Variant(variant) => &*variant.variant),
        Scalar::Json => column!(StringBuilder::new(), values, ty, value @ (Value::Json(_) | Value::Variant(_)) =>
            flow_expr::codec::encode(value).to_string()),
        Scalar::Nested => nested(values, ty, types)?,
    })
}

fn nested(values: &[Value], ty: &Type, types: &TypeTable) -> Result<ArrayRef, String> {
    let data = arrow_type(ty, types).ok_or_else(|| format!("{ty} cannot be a column"))?;
    let mut nulls = NullBufferBuilder::new(values.len());
    values.iter().for_each(|value| nulls.append(!matches!(value, Value::Absent)));
    match (&data, base_of(ty, types)) {
        (DataType::List(item), Type::List(inner)) => {
            let mut items = Vec::new();
            let mut lengths = Vec::with_capacity(values.len());
            for value in values {
                match value {
                    Value::List(list) => {
                        items.extend(list.iter().cloned());
                        lengths.push(list.len());
                    }
                    Value::Absent => lengths.push(0),
                    other => return Err(unfit(other, ty)),
                }
            }
            let items = array_of(&items, &inner, types)?;
            let list = ListArray::try_new(item.clone(), OffsetBuffer::from_lengths(lengths), items, nulls.finish());
            list.map(|list| Arc::new(list) as ArrayRef).map_err(|error| error.to_string())
        }
        (DataType::Map(entries, _), Type::Map(key, item)) => map_of(values, entries, (&key, &item), nulls, ty, types),
        (DataType::Struct(fields), record) => struct_of(values, fields, &record, nulls, types),
        _ => Err(format!("{ty} cannot be a column")),
    }
}

fn base_of(ty: &Type, types: &TypeTable) -> Type {
    match ty.required() {
        Type::Named(name) => match types.get(name) {
            Some(flow_expr::TypeDef::Refined { base, .. }) => base_of(base, types),
            _ => ty.required().clone(),
        },
        other => other.clone(),
    }
}

fn map_of(
    values: &[Value],
    entries: &Arc<Field>,
    (key, item): (&Type, &Type),
    mut nulls: NullBufferBuilder,
    ty: &Type,
    types: &TypeTable,
) -> Result<ArrayRef, String> {
    let (mut keys, mut items, mut lengths) = (Vec::new(), Vec::new(), Vec::new());
    for value in values {
        match value {
            Value::Map(map) => {
                lengths.push(map.len());
                for (key, item) in map.iter() {
                    keys.push(Value::from(key.clone()));
                    items.push(item.clone());
                }
            }
            Value::Absent => lengths.push(0),
            other => return Err(unfit(other, ty)),
        }
    }
    let DataType::Struct(fields) = entries.data_type() else { return Err(format!("{ty} cannot be a column")) };
    let columns = vec![array_of(&keys, key, types)?, array_of(&items, item, types)?];
    let pairs = StructArray::try_new(fields.clone(), columns, None).map_err(|error| error.to_string())?;
    let map = MapArray::try_new(entries.clone(), OffsetBuffer::from_lengths(lengths), pairs, nulls.finish(), false);
    map.map(|map| Arc::new(map) as ArrayRef).map_err(|error| error.to_string())
}

fn struct_of(
    values: &[Value],
    fields: &Fields,
    record: &Type,
    mut nulls: NullBufferBuilder,
    types: &TypeTable,
) -> Result<ArrayRef, String> {
    let declared = types.record(record).unwrap_or_default();
    let mut columns = Vec::with_capacity(fields.len());
    for field in declared {
        let cells: Vec<Value> = values
            .iter()
            .map(|value| match value {
                Value::Record(record) => record.get(&field.name).cloned().unwrap_or(Value::Absent),
                _ => Value::Absent,
            })
            .collect();
        columns.push(array_of(&cells, &field.ty, types)?);
    }
    let array = StructArray::try_new(fields.clone(), columns, nulls.finish()).map_err(|error| error.to_string())?;
    Ok(Arc::new(array) as ArrayRef)
}
