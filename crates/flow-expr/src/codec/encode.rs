//! Values as the JSON that people, programs and models read and write.
//!
//! | value | JSON |
//! | --- | --- |
//! | `Unit`, absent | `null` |
//! | `Bool`, `Int`, `String` | themselves |
//! | `Float` | a number; `"NaN"`, `"inf"`, `"-inf"` |
//! | `Decimal` | a number if readers of doubles give back the same digits (15 of them always), else a string |
//! | `Date`, `Time`, `Timestamp`, `Duration` | ISO 8601 strings |
//! | `Bytes` | hexadecimal digits |
//! | `Map` | an object, keys as text |
//! | record | an object, absent fields as `null` |
//! | enum | `"North"`; with payload `{"Circle": {"radius": 1}}` |
//! | `Table` | an array of objects, where its rows are loaded |
//! | `File` | its name |
//!
//! Knows no types: `decode` needs them, since the table above forgets them.

use crate::{MapKey, Value, eval::sequence::row};
use rust_decimal::Decimal;
use serde_json::{Map, Number, Value as Json, json};
use std::sync::Arc;

/// The JSON of a value. A table that is not loaded and a function have none: they become `null`.
#[must_use]
pub fn encode(value: &Value) -> Json {
    match value {
        Value::Unit | Value::Absent | Value::Closure(_) => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Int(number) => Json::from(*number),
        Value::Float(number) => {
            Number::from_f64(*number).map_or_else(|| Json::String(number.to_string()), Json::Number)
        }
        Value::Decimal(number) => decimal(*number),
        Value::String(text) => Json::String(text.to_string()),
        Value::Date(date) => Json::String(date.to_string()),
        Value::Time(time) => Json::String(time.to_string()),
        Value::Timestamp(instant) => Json::String(instant.to_string()),
        Value::Duration(length) => Json::String(length.to_string()),
        Value::Bytes(bytes) => Json::String(crate::hex::encode(bytes)),
        Value::Json(json) => (**json).clone(),
        Value::List(items) => items.iter().map(encode).collect(),
        Value::Map(entries) => {
            Json::Object(entries.iter().map(|(key, value)| (key_text(key), encode(value))).collect())
        }
        Value::Record(record) => object(&record.fields),
        Value::Variant(variant) if variant.fields.is_empty() => Json::String(variant.variant.to_string()),
        Value::Variant(variant) => json!({ &*variant.variant: object(&variant.fields) }),
        Value::Table(table) => match &table.data {
            Some(data) => (0..data.rows()).map(|index| encode(&row(&**data, &table.ty, index))).collect(),
            None => Json::Null,
        },
        Value::File(file) => Json::String(file.name.to_string()),
    }
}

fn object(fields: &[(Arc<str>, Value)]) -> Json {
    Json::Object(fields.iter().map(|(name, value)| (name.to_string(), encode(value))).collect::<Map<_, _>>())
}

/// The text of a key in an object.
fn key_text(key: &MapKey) -> String {
    match key {
        MapKey::Bool(flag) => flag.to_string(),
        MapKey::Int(number) => number.to_string(),
        MapKey::Date(date) => date.to_string(),
        MapKey::String(text) => text.to_string(),
        MapKey::Variant(_, variant) => variant.to_string(),
    }
}

/// A number if its digits survive a double, else text.
fn decimal(number: Decimal) -> Json {
    let plain = number.normalize();
    if plain.scale() == 0
        && let Ok(whole) = i64::try_from(plain)
    {
        return Json::from(whole);
    }
    if plain.mantissa().unsigned_abs() < EXACT_MANTISSA
        && plain.scale() <= EXACT_SCALE
        && let Ok(double) = plain.to_string().parse::<f64>()
        && let Some(double) = Number::from_f64(double)
    {
        return Json::Number(double);
    }
    Json::String(number.to_string())
}

/// Fifteen digits survive a double,
const EXACT_MANTISSA: u128 = 1_000_000_000_000_000;
/// and readers that divide by a power of ten get them right up to this one.
const EXACT_SCALE: u32 = 22;
