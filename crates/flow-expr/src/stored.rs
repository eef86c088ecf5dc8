//! The stored form of values: what plans, journals and catalogues keep. Lossless.
//!
//! Externally tagged: `{"int": 5}`, `"unit"`, `{"decimal": "1.50"}`, `{"duration": "PT1H"}`. Numbers
//! that JSON readers round are text: `{"float": "0.1"}`. A table keeps hash, rows and type and loses
//! its handle; a closure is an error. For the JSON that people read and write see [`crate::codec`].

use crate::{FileHandle, MapKey, Name, Record, Table, Type, Value, VariantValue};
use jiff::{SignedDuration, Timestamp, civil};
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use std::sync::Arc;

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Stored {
    Unit,
    Absent,
    Bool(bool),
    Int(i64),
    Float(
        #[serde(with = "float_text")]
        #[schemars(with = "String")]
        f64,
    ),
    Decimal(#[schemars(with = "String")] Decimal),
    String(Arc<str>),
    Date(#[schemars(with = "String")] civil::Date),
    Time(#[schemars(with = "String")] civil::Time),
    Timestamp(#[schemars(with = "String")] Timestamp),
    Duration(#[schemars(with = "String")] SignedDuration),
    Bytes(
        #[serde(with = "hex_text")]
        #[schemars(with = "String")]
        Arc<[u8]>,
    ),
    /// As text: a reader that buffers would change its numbers.
    Json(
        #[serde(with = "json_text")]
        #[schemars(with = "String")]
        Arc<serde_json::Value>,
    ),
    List(Arc<[Value]>),
    Map(Vec<(StoredKey, Value)>),
    Record(StoredRecord),
    Variant(StoredVariant),
    Table(StoredTable),
    File(StoredFile),
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
enum StoredKey {
    Bool(bool),
    Int(i64),
    Date(#[schemars(with = "String")] civil::Date),
    String(Arc<str>),
    Variant(Name, Arc<str>),
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
struct StoredRecord {
    ty: Name,
    fields: Vec<(Arc<str>, Value)>,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
struct StoredVariant {
    ty: Name,
    variant: Arc<str>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    fields: Vec<(Arc<str>, Value)>,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
struct StoredTable {
    hash: Arc<str>,
    rows: u64,
    ty: Type,
}

#[derive(Serialize, Deserialize, schemars::JsonSchema)]
struct StoredFile {
    hash: Arc<str>,
    bytes: u64,
    name: Arc<str>,
}

impl schemars::JsonSchema for Value {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Stored::json_schema(generator)
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let stored = match self {
            Self::Unit => Stored::Unit,
            Self::Absent => Stored::Absent,
            Self::Bool(flag) => Stored::Bool(*flag),
            Self::Int(number) => Stored::Int(*number),
            Self::Float(number) => Stored::Float(*number),
            Self::Decimal(number) => Stored::Decimal(*number),
            Self::String(text) => Stored::String(text.clone()),
            Self::Date(date) => Stored::Date(*date),
            Self::Time(time) => Stored::Time(*time),
            Self::Timestamp(instant) => Stored::Timestamp(*instant),
            Self::Duration(length) => Stored::Duration(*length),
            Self::Bytes(bytes) => Stored::Bytes(bytes.clone()),
            Self::Json(json) => Stored::Json(json.clone()),
            Self::List(items) => Stored::List(items.clone()),
            Self::Map(entries) => {
                Stored::Map(entries.iter().map(|(key, value)| (key.clone().into(), value.clone())).collect())
            }
            Self::Record(record) => {
                Stored::Record(StoredRecord { ty: record.ty.clone(), fields: record.fields.clone() })
            }
            Self::Variant(variant) => Stored::Variant(StoredVariant {
                ty: variant.ty.clone(),
                variant: variant.variant.clone(),
                fields: variant.fields.clone(),
            }),
            Self::Table(table) => {
                Stored::Table(StoredTable { hash: table.hash.clone(), rows: table.rows, ty: table.ty.clone() })
            }
            Self::File(file) => {
                Stored::File(StoredFile { hash: file.hash.clone(), bytes: file.bytes, name: file.name.clone() })
            }
            Self::Closure(_) => return Err(ser::Error::custom("a function value cannot be stored")),
        };
        stored.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Stored::deserialize(deserializer)? {
            Stored::Unit => Self::Unit,
            Stored::Absent => Self::Absent,
            Stored::Bool(flag) => Self::Bool(flag),
            Stored::Int(number) => Self::Int(number),
            Stored::Float(number) => Self::Float(number),
            Stored::Decimal(number) => Self::Decimal(number),
            Stored::String(text) => Self::String(text),
            Stored::Date(date) => Self::Date(date),
            Stored::Time(time) => Self::Time(time),
            Stored::Timestamp(instant) => Self::Timestamp(instant),
            Stored::Duration(length) => Self::Duration(length),
            Stored::Bytes(bytes) => Self::Bytes(bytes),
            Stored::Json(json) => Self::Json(json),
            Stored::List(items) => Self::List(items),
            Stored::Map(entries) => {
                Self::Map(Arc::new(entries.into_iter().map(|(key, value)| (key.into(), value)).collect()))
            }
            Stored::Record(StoredRecord { ty, fields }) => Self::Record(Arc::new(Record { ty, fields })),
            Stored::Variant(StoredVariant { ty, variant, fields }) => {
                Self::Variant(Arc::new(VariantValue { ty, variant, fields }))
            }
            Stored::Table(StoredTable { hash, rows, ty }) => Self::Table(Table { hash, rows, ty, data: None }),
            Stored::File(StoredFile { hash, bytes, name }) => Self::File(FileHandle { hash, bytes, name }),
        })
    }
}

impl From<MapKey> for StoredKey {
    fn from(key: MapKey) -> Self {
        match key {
            MapKey::Bool(flag) => Self::Bool(flag),
            MapKey::Int(number) => Self::Int(number),
            MapKey::Date(date) => Self::Date(date),
            MapKey::String(text) => Self::String(text),
            MapKey::Variant(ty, variant) => Self::Variant(ty, variant),
        }
    }
}

impl From<StoredKey> for MapKey {
    fn from(key: StoredKey) -> Self {
        match key {
            StoredKey::Bool(flag) => Self::Bool(flag),
            StoredKey::Int(number) => Self::Int(number),
            StoredKey::Date(date) => Self::Date(date),
            StoredKey::String(text) => Self::String(text),
            StoredKey::Variant(ty, variant) => Self::Variant(ty, variant),
        }
    }
}

mod float_text {
    use super::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

mod hex_text {
    use super::{Arc, Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(bytes: &Arc<[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&crate::hex::encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<[u8]>, D::Error> {
        let text = String::deserialize(deserializer)?;
        crate::hex::decode(&text)
            .map(Arc::from)
            .ok_or_else(|| de::Error::custom("expected pairs of hexadecimal digits"))
    }
}

mod json_text {
    use super::{Arc, Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(json: &Arc<serde_json::Value>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(json)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<serde_json::Value>, D::Error> {
        let text = String::deserialize(deserializer)?;
        crate::codec::parse_json(&text).map(Arc::new).map_err(de::Error::custom)
    }
}
