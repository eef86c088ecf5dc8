//! One hash for one meaning: values that are equal feed the same bytes to a hasher.
//!
//! Knows nothing of plans or journals. The test is the property "equal values, equal digests".

use crate::{MapKey, Table, Value};

/// BLAKE3 (hex) of what the value means: `1.0` and `1.00` have the same digest.
#[must_use]
pub fn digest(value: &Value) -> String {
    let mut hasher = blake3::Hasher::new();
    update(&mut hasher, value);
    hasher.finalize().to_hex().to_string()
}

/// The digest as bytes, to look values up by.
pub(crate) fn key(value: &Value) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    update(&mut hasher, value);
    hasher.finalize().into()
}

/// The digest of several values together.
pub(crate) fn key_of(values: &[Value]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    values.iter().for_each(|value| update(&mut hasher, value));
    hasher.finalize().into()
}

/// Feeds a value: a tag, then its content, lengths before everything whose length varies.
pub(crate) fn update(hasher: &mut blake3::Hasher, value: &Value) {
    match value {
        Value::Unit => tagged(hasher, 0, &[]),
        Value::Absent => tagged(hasher, 1, &[]),
        Value::Bool(flag) => tagged(hasher, 2, &[u8::from(*flag)]),
        Value::Int(number) => tagged(hasher, 3, &number.to_le_bytes()),
        Value::Float(number) => tagged(hasher, 4, &crate::equality::float_key(*number).to_le_bytes()),
        Value::Decimal(number) => tagged(hasher, 5, number.normalize().to_string().as_bytes()),
        Value::String(text) => tagged(hasher, 6, text.as_bytes()),
        Value::Date(date) => tagged(hasher, 7, date.to_string().as_bytes()),
        Value::Time(time) => tagged(hasher, 8, time.to_string().as_bytes()),
        Value::Timestamp(instant) => tagged(hasher, 9, &instant.as_nanosecond().to_le_bytes()),
        Value::Duration(length) => tagged(hasher, 10, &length.as_nanos().to_le_bytes()),
        Value::Bytes(bytes) => tagged(hasher, 11, bytes),
        Value::Json(json) => tagged(hasher, 12, canonical_json(json).as_bytes()),
        Value::List(items) => {
            tagged(hasher, 13, &(items.len() as u64).to_le_bytes());
            items.iter().for_each(|item| update(hasher, item));
        }
        Value::Map(entries) => {
            tagged(hasher, 14, &(entries.len() as u64).to_le_bytes());
            for (key, value) in entries.iter() {
                update_key(hasher, key);
                update(hasher, value);
            }
        }
        Value::Record(record) => {
            tagged(hasher, 15, record.ty.as_str().as_bytes());
            update_fields(hasher, &record.fields);
        }
        Value::Variant(variant) => {
            tagged(hasher, 16, variant.ty.as_str().as_bytes());
            tagged(hasher, 16, variant.variant.as_bytes());
            update_fields(hasher, &variant.fields);
        }
        Value::Table(table) => update_table(hasher, table),
        Value::File(file) => tagged(hasher, 18, file.hash.as_bytes()),
        Value::Closure(_) => tagged(hasher, 19, &[]),
    }
}

/// A stored table by its name, another by its cells.
fn update_table(hasher: &mut blake3::Hasher, table: &Table) {
    tagged(hasher, 17, table.hash.as_bytes());
    let (true, Some(data)) = (table.hash.is_empty(), &table.data) else { return };
    tagged(hasher, 17, &table.rows.to_le_bytes());
    data.columns().iter().for_each(|name| tagged(hasher, 17, name.as_bytes()));
    for row in 0..data.rows() {
        (0..data.columns().len()).for_each(|column| update(hasher, &data.cell(row, column)));
    }
}

fn update_key(hasher: &mut blake3::Hasher, key: &MapKey) {
    update(hasher, &Value::from(key.clone()));
}

fn update_fields(hasher: &mut blake3::Hasher, fields: &[(std::sync::Arc<str>, Value)]) {
    tagged(hasher, 20, &(fields.len() as u64).to_le_bytes());
    for (name, value) in fields {
        tagged(hasher, 20, name.as_bytes());
        update(hasher, value);
    }
}

fn tagged(hasher: &mut blake3::Hasher, tag: u8, content: &[u8]) {
    hasher.update(&[tag]).update(&(content.len() as u64).to_le_bytes()).update(content);
}

/// JSON with the keys of objects sorted, since their order says nothing.
fn canonical_json(json: &serde_json::Value) -> String {
    fn sorted(json: &serde_json::Value) -> serde_json::Value {
        match json {
            serde_json::Value::Array(items) => items.iter().map(sorted).collect(),
            serde_json::Value::Object(entries) => {
                let mut entries: Vec<_> = entries.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
                entries.sort_by(|a, b| a.0.cmp(&b.0));
                serde_json::Value::Object(entries.into_iter().collect())
            }
            plain => plain.clone(),
        }
    }
    sorted(json).to_string()
}
