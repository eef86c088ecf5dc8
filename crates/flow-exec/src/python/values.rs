//! Values as the prelude reads them: JSON where JSON says all, else an object with one key that names the kind.
//!
//! The other half is `DECODERS` in `prelude.py`; the test in `tests/python.rs` sends every kind through both.

use flow_expr::{MapKey, Value, codec};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// The JSON of a value.
pub(super) fn encode(value: &Value) -> Json {
    match value {
        Value::Float(number) if !number.is_finite() => json!({ "float": number.to_string() }),
        Value::Decimal(number) => json!({ "decimal": number.to_string() }),
        Value::Date(date) => json!({ "date": date.to_string() }),
        Value::Time(time) => {
            let microseconds = time.subsec_nanosecond() / 1_000;
            json!({ "time": [time.hour(), time.minute(), time.second(), microseconds] })
        }
        // Python's times end at microseconds; what is finer is cut off.
        Value::Timestamp(instant) => json!({ "timestamp": instant.as_microsecond() }),
        Value::Duration(length) => json!({ "duration": length.as_micros() as i64 }),
        Value::Bytes(_) => json!({ "bytes": codec::encode(value) }),
        Value::Json(json) => json!({ "json": **json }),
        Value::List(items) => items.iter().map(encode).collect(),
        Value::Map(entries) => {
            pairs(entries.iter().map(|(key, value)| (encode(&Value::from(MapKey::clone(key))), value)))
        }
        Value::Record(record) => fields(&record.fields),
        Value::Variant(variant) if variant.fields.is_empty() => Json::from(&*variant.variant),
        Value::Variant(variant) => json!({ "pairs": [[&*variant.variant, fields(&variant.fields)]] }),
        other => codec::encode(other),
    }
}

fn fields(fields: &[(Arc<str>, Value)]) -> Json {
    pairs(fields.iter().map(|(name, value)| (Json::from(&**name), value)))
}

fn pairs<'a>(entries: impl Iterator<Item = (Json, &'a Value)>) -> Json {
    let pairs: Vec<Json> = entries.map(|(key, value)| json!([key, encode(value)])).collect();
    json!({ "pairs": pairs })
}
