//! Flow's types as Arrow's and back: the one table of correspondence, for compiler and runtime alike.
//!
//! | Flow | Arrow | note |
//! | --- | --- | --- |
//! | `Bool` | Boolean | |
//! | `Int` | Int64 | every integer type of a result is an `Int` |
//! | `Float` | Float64 | Float32 and Float16 of a result are `Float` |
//! | `Decimal` | Decimal128(38, 10) | exact; 28 digits before the point, 10 after. A result with more places is rounded half away from zero; a value that is read with more is refused |
//! | `String` | Utf8 | |
//! | `Date` | Date32 | |
//! | `Time` | Time64(µs) | |
//! | `Timestamp` | Timestamp(µs, UTC) | a result without a zone is taken as UTC |
//! | `Duration` | Duration(µs) | |
//! | `Bytes` | Binary | |
//! | `Json` | Utf8 | its text |
//! | enum | Utf8 | the variant's name; with a payload its JSON text |
//! | `List<T>` | List | |
//! | `Map<K, V>` | Map | |
//! | record | Struct | |
//! | refined alias | its base | |
//!
//! `T?` is the same type, nullable. Files, secrets, approvals, functions and tables have no column type.

use datafusion::arrow::datatypes::{DataType, Field, Fields, IntervalUnit, Schema, SchemaRef, TimeUnit};
use flow_expr::{Type, TypeDef, TypeTable};
use std::sync::Arc;

/// Digits of a decimal column.
pub const DECIMAL_PRECISION: u8 = 38;
/// Digits after the point of a decimal column.
pub const DECIMAL_SCALE: i8 = 10;
/// The zone of all timestamp columns.
pub const UTC: &str = "UTC";

/// A type of a column, with names looked up: what codecs and checks match on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// `Bool`.
    Bool,
    /// `Int`.
    Int,
    /// `Float`.
    Float,
    /// `Decimal`.
    Decimal,
    /// `String`.
    String,
    /// `Date`.
    Date,
    /// `Time`.
    Time,
    /// `Timestamp`.
    Timestamp,
    /// `Duration`.
    Duration,
    /// `Bytes`.
    Bytes,
    /// `Json`, or an enum with payloads: JSON as text.
    Json,
    /// An enum without payload: the variant's name as text.
    Enum,
    /// A list, map or record.
    Nested,
}

/// What kind of column holds values of a type; none if no column can. Looks through `T?` and aliases.
#[must_use]
pub fn scalar_kind(ty: &Type, types: &TypeTable) -> Option<Scalar> {
    Some(match ty {
        Type::Bool => Scalar::Bool,
        Type::Int => Scalar::Int,
        Type::Float => Scalar::Float,
        Type::Decimal => Scalar::Decimal,
        Type::String => Scalar::String,
        Type::Date => Scalar::Date,
        Type::Time => Scalar::Time,
        Type::Timestamp => Scalar::Timestamp,
        Type::Duration => Scalar::Duration,
        Type::Bytes => Scalar::Bytes,
        Type::Json => Scalar::Json,
        Type::List(_) | Type::Map(..) => Scalar::Nested,
        Type::Optional(inner) => return scalar_kind(inner, types),
        Type::Named(name) => match types.get(name)? {
            TypeDef::Record(_) => Scalar::Nested,
            TypeDef::Enum(variants) if variants.iter().all(|variant| variant.payload.is_empty()) => Scalar::Enum,
            TypeDef::Enum(_) => Scalar::Json,
            TypeDef::Refined { base, .. } => return scalar_kind(base, types),
        },
        _ => return None,
    })
}

/// The variants of an enum without payload, which are its column's texts; none of another type.
#[must_use]
pub fn variants<'t>(ty: &Type, types: &'t TypeTable) -> Option<Vec<&'t str>> {
    match ty {
        Type::Optional(inner) => variants(inner, types),
        Type::Named(name) => match types.get(name)? {
            TypeDef::Refined { base, .. } => variants(base, types),
            TypeDef::Enum(all) if all.iter().all(|variant| variant.payload.is_empty()) => {
                Some(all.iter().map(|variant| &*variant.name).collect())
            }
            _ => None,
        },
        _ => None,
    }
}

/// The column type of a Flow type; none if it has none.
#[must_use]
pub fn arrow_type(ty: &Type, types: &TypeTable) -> Option<DataType> {
    nested_arrow_type(ty, types, 0)
}

/// Records that hold themselves through lists end here.
const MAX_DEPTH: u32 = 32;

fn nested_arrow_type(ty: &Type, types: &TypeTable, depth: u32) -> Option<DataType> {
    if depth > MAX_DEPTH {
        return None;
    }
    Some(match scalar_kind(ty, types)? {
        Scalar::Bool => DataType::Boolean,
        Scalar::Int => DataType::Int64,
        Scalar::Float => DataType::Float64,
        Scalar::Decimal => DataType::Decimal128(DECIMAL_PRECISION, DECIMAL_SCALE),
        Scalar::String | Scalar::Json | Scalar::Enum => DataType::Utf8,
        Scalar::Date => DataType::Date32,
        Scalar::Time => DataType::Time64(TimeUnit::Microsecond),
        Scalar::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into())),
        Scalar::Duration => DataType::Duration(TimeUnit::Microsecond),
        Scalar::Bytes => DataType::Binary,
        Scalar::Nested => return container(ty, types, depth + 1),
    })
}

fn container(ty: &Type, types: &TypeTable, depth: u32) -> Option<DataType> {
    let field = |name: &str, ty: &Type| {
        Some(Field::new(name, nested_arrow_type(ty, types, depth)?, matches!(ty, Type::Optional(_))))
    };
    Some(match ty {
        Type::Optional(inner) => return container(inner, types, depth),
        Type::List(item) => DataType::List(Arc::new(field("item", item)?)),
        Type::Map(key, value) => {
            let entries = Fields::from(vec![field("keys", key)?, field("values", value)?]);
            DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entries), false)), false)
        }
        Type::Named(_) => {
            let fields = types.record(ty)?.iter().map(|each| field(&each.name, &each.ty));
            DataType::Struct(fields.collect::<Option<Vec<_>>>()?.into())
        }
        _ => return None,
    })
}

/// The columns of a table of records, in declaration order; `Err` names the field that cannot be one.
pub fn record_schema(record: &Type, types: &TypeTable) -> Result<SchemaRef, Arc<str>> {
    fields_schema(types.record(record).unwrap_or_default(), types)
}

/// The columns of fields; `Err` names the field that cannot be one.
pub fn fields_schema(fields: &[flow_expr::Field], types: &TypeTable) -> Result<SchemaRef, Arc<str>> {
    let fields = fields.iter().map(|field| {
        arrow_type(&field.ty, types)
            .map(|data| Field::new(&*field.name, data, matches!(field.ty, Type::Optional(_))))
            .ok_or_else(|| field.name.clone())
    });
    Ok(Arc::new(Schema::new(fields.collect::<Result<Vec<_>, _>>()?)))
}

/// Whether a query's column can become a value of a declared type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Every value fits.
    Always,
    /// Text that names a variant, or holds JSON: each value is looked at when it arrives.
    Checked,
    /// None does.
    Never,
}

/// Whether a column of type `data` can be declared as `ty`.
#[must_use]
pub fn fits(data: &DataType, ty: &Type, types: &TypeTable) -> Fit {
    let Some(kind) = scalar_kind(ty, types) else { return Fit::Never };
    let text = matches!(data, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
    let fit = match kind {
        _ if *data == DataType::Null => matches!(ty, Type::Optional(_)),
        Scalar::Enum | Scalar::Json if text => return Fit::Checked,
        Scalar::Json => matches!(data, DataType::Struct(_) | DataType::List(_)),
        Scalar::Enum => false,
        Scalar::Bool => *data == DataType::Boolean,
        Scalar::Int => data.is_integer(),
        Scalar::Float => data.is_floating(),
        Scalar::Decimal => data.is_integer() || is_decimal(data),
        Scalar::String => text,
        Scalar::Date => matches!(data, DataType::Date32),
        Scalar::Time => matches!(data, DataType::Time32(_) | DataType::Time64(_)),
        Scalar::Timestamp => matches!(data, DataType::Timestamp(..)),
        Scalar::Duration => {
            matches!(
                data,
                DataType::Duration(_) | DataType::Interval(IntervalUnit::DayTime | IntervalUnit::MonthDayNano)
            )
        }
        Scalar::Bytes => matches!(data, DataType::Binary | DataType::LargeBinary | DataType::BinaryView),
        Scalar::Nested => return nested_fit(data, ty.required(), types),
    };
    if fit { Fit::Always } else { Fit::Never }
}

fn nested_fit(data: &DataType, ty: &Type, types: &TypeTable) -> Fit {
    match (data, ty) {
        (DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _), Type::List(inner)) => {
            fits(item.data_type(), inner, types)
        }
        (DataType::Map(entries, _), Type::Map(key, value)) => match entries.data_type() {
            DataType::Struct(pair) if pair.len() == 2 => {
                weaker(fits(pair[0].data_type(), key, types), fits(pair[1].data_type(), value, types))
            }
            _ => Fit::Never,
        },
        (DataType::Struct(columns), record) => match types.record(record) {
            Some(fields) if fields.len() == columns.len() => {
                fields.iter().fold(Fit::Always, |fit, field| match columns.find(&field.name) {
                    Some((_, column)) => weaker(fit, fits(column.data_type(), &field.ty, types)),
                    None => Fit::Never,
                })
            }
            _ => Fit::Never,
        },
        _ => Fit::Never,
    }
}

fn weaker(a: Fit, b: Fit) -> Fit {
    match (a, b) {
        (Fit::Never, _) | (_, Fit::Never) => Fit::Never,
        (Fit::Checked, _) | (_, Fit::Checked) => Fit::Checked,
        _ => Fit::Always,
    }
}

fn is_decimal(data: &DataType) -> bool {
    matches!(
        data,
        DataType::Decimal32(..) | DataType::Decimal64(..) | DataType::Decimal128(..) | DataType::Decimal256(..)
    )
}

/// A column's type in Flow's words, for messages: `Int`, `Decimal`, `List<String>`.
#[must_use]
pub fn type_name(data: &DataType) -> String {
    match data {
        DataType::Null => "null".into(),
        DataType::Boolean => "Bool".into(),
        _ if data.is_integer() => "Int".into(),
        _ if data.is_floating() => "Float".into(),
        _ if is_decimal(data) => "Decimal".into(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "String".into(),
        DataType::Date32 | DataType::Date64 => "Date".into(),
        DataType::Time32(_) | DataType::Time64(_) => "Time".into(),
        DataType::Timestamp(..) => "Timestamp".into(),
        DataType::Duration(_) => "Duration".into(),
        DataType::Interval(_) => "an interval".into(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => "Bytes".into(),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            format!("List<{}>", type_name(item.data_type()))
        }
        DataType::Struct(_) => "a record".into(),
        other => other.to_string(),
    }
}
