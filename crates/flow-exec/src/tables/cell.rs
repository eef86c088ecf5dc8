//! One cell of a column → the value of its declared type.
//!
//! Columns have the types of `flow_sql::arrow_type`; anything else is the absent value, never a guess.

use datafusion::arrow::{
    array::{Array, ArrayRef, AsArray},
    datatypes::{
        Date32Type, Decimal128Type, DurationMicrosecondType, Float64Type, Int64Type, Time64MicrosecondType,
        TimestampMicrosecondType,
    },
};
use flow_expr::{MapKey, Name, Record, Type, TypeDef, TypeTable, Value, VariantValue};
use flow_sql::{Scalar, scalar_kind};
use jiff::{SignedDuration, Timestamp, civil};
use rust_decimal::Decimal;
use std::{collections::BTreeMap, sync::Arc};

/// The value of a cell.
pub(crate) fn cell_value(array: &ArrayRef, row: usize, ty: &Type, types: &TypeTable) -> Value {
    if row >= array.len() || array.is_null(row) {
        return Value::Absent;
    }
    scalar_kind(ty, types).and_then(|kind| present(array, row, kind, ty, types)).unwrap_or(Value::Absent)
}

fn present(array: &ArrayRef, row: usize, kind: Scalar, ty: &Type, types: &TypeTable) -> Option<Value> {
    Some(match kind {
        Scalar::Bool => Value::Bool(array.as_boolean_opt()?.value(row)),
        Scalar::Int => Value::Int(array.as_primitive_opt::<Int64Type>()?.value(row)),
        Scalar::Float => Value::Float(array.as_primitive_opt::<Float64Type>()?.value(row)),
        Scalar::Decimal => Value::Decimal(decimal_of(array.as_primitive_opt::<Decimal128Type>()?.value(row))?),
        Scalar::String => Value::String(array.as_string_opt::<i32>()?.value(row).into()),
        Scalar::Date => Value::Date(date_of(array.as_primitive_opt::<Date32Type>()?.value(row))?),
        Scalar::Time => Value::Time(time_of(array.as_primitive_opt::<Time64MicrosecondType>()?.value(row))?),
        Scalar::Timestamp => {
            let micros = array.as_primitive_opt::<TimestampMicrosecondType>()?.value(row);
            Value::Timestamp(Timestamp::from_microsecond(micros).ok()?)
        }
        Scalar::Duration => Value::Duration(SignedDuration::from_micros(
            array.as_primitive_opt::<DurationMicrosecondType>()?.value(row),
        )),
        Scalar::Bytes => Value::Bytes(array.as_binary_opt::<i32>()?.value(row).into()),
        Scalar::Enum => {
            let variant = array.as_string_opt::<i32>()?.value(row).into();
            Value::Variant(Arc::new(VariantValue { ty: enum_name(ty, types)?, variant, fields: vec![] }))
        }
        Scalar::Json => {
            let json = serde_json::from_str(array.as_string_opt::<i32>()?.value(row)).ok()?;
            match enum_name(ty, types) {
                None => Value::Json(Arc::new(json)),
                Some(_) => decoded(&json, ty, types)?,
            }
        }
        Scalar::Nested => nested(array, row, ty.required(), types)?,
    })
}

/// An enum with payloads, from its JSON.
fn decoded(json: &serde_json::Value, ty: &Type, types: &TypeTable) -> Option<Value> {
    let functions = BTreeMap::new();
    let context = flow_expr::Context::new(&functions, types, Timestamp::UNIX_EPOCH);
    flow_expr::codec::decode(json, ty.required(), "", &context).ok()
}

fn enum_name(ty: &Type, types: &TypeTable) -> Option<Name> {
    match ty {
        Type::Optional(inner) => enum_name(inner, types),
        Type::Named(name) => match types.get(name)? {
            TypeDef::Enum(_) => Some(name.clone()),
            TypeDef::Refined { base, .. } => enum_name(base, types),
            TypeDef::Record(_) => None,
        },
        _ => None,
    }
}

fn nested(array: &ArrayRef, row: usize, ty: &Type, types: &TypeTable) -> Option<Value> {
    Some(match ty {
        Type::List(item) => {
            let items = array.as_list_opt::<i32>()?.value(row);
            Value::List((0..items.len()).map(|at| cell_value(&items, at, item, types)).collect())
        }
        Type::Map(key, item) => {
            let entries = array.as_map_opt()?.value(row);
            let pairs = (0..entries.len()).filter_map(|at| {
                let key = MapKey::from_value(&cell_value(entries.column(0), at, key, types))?;
                Some((key, cell_value(entries.column(1), at, item, types)))
            });
            Value::Map(Arc::new(pairs.collect()))
        }
        Type::Named(name) => match types.get(name)? {
            TypeDef::Refined { base, .. } => return nested(array, row, base.required(), types),
            _ => {
                let columns = array.as_struct_opt()?;
                let fields = types.record(ty)?.iter().zip(columns.columns());
                let fields =
                    fields.map(|(field, column)| (field.name.clone(), cell_value(column, row, &field.ty, types)));
                Value::Record(Arc::new(Record { ty: name.clone(), fields: fields.collect() }))
            }
        },
        _ => return None,
    })
}

/// A decimal from units of 10⁻¹⁰; none if it has more digits than a `Decimal` holds.
pub(crate) fn decimal_of(units: i128) -> Option<Decimal> {
    let (mut units, mut scale) = (units, flow_sql::DECIMAL_SCALE as u32);
    while scale > 0 && units % 10 == 0 {
        units /= 10;
        scale -= 1;
    }
    Decimal::try_from_i128_with_scale(units, scale).ok()
}

fn date_of(days: i32) -> Option<civil::Date> {
    civil::date(1970, 1, 1).checked_add(SignedDuration::from_hours(i64::from(days) * 24)).ok()
}

fn time_of(micros: i64) -> Option<civil::Time> {
    civil::Time::midnight().checked_add(SignedDuration::from_micros(micros)).ok()
}
