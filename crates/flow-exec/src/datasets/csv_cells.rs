//! Cells of CSV → a column. One rule with the command line and JSON for what a text means, and a fast way
//! for the common kinds.

use crate::tables::{array_of, days_of, decimal_units, micros_of, one_of, variants};
use datafusion::arrow::{
    array::{
        ArrayBuilder, ArrayRef, BooleanBuilder, Date32Builder, Decimal128Builder, Float64Builder, Int64Builder,
        StringBuilder, Time64MicrosecondBuilder, TimestampMicrosecondBuilder,
    },
    datatypes::DataType,
};
use flow_expr::{Field, Type, TypeTable, Value, codec::parse_scalar};
use flow_plan::CsvOptions;
use flow_sql::{DECIMAL_PRECISION, DECIMAL_SCALE, Scalar, UTC, scalar_kind};
use jiff::{Timestamp, civil, fmt::strtime, tz::TimeZone};
use std::{collections::HashSet, sync::Arc};

/// A column in the making.
pub(crate) struct Cells {
    ty: Type,
    optional: bool,
    /// Whether an empty cell is the empty text.
    empty_is_text: bool,
    nulls: Vec<Arc<str>>,
    column: Column,
}

enum Column {
    Bool(BooleanBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
    Decimal(Decimal128Builder),
    Text(StringBuilder),
    Enum(StringBuilder, HashSet<String>),
    Json(StringBuilder),
    Date(Date32Builder, Option<Arc<str>>),
    Time(Time64MicrosecondBuilder),
    Timestamp(TimestampMicrosecondBuilder, Option<Arc<str>>),
    /// Rare kinds: values first.
    Values(Vec<Value>),
}

impl Cells {
    /// An empty column for a field.
    pub(crate) fn new(field: &Field, options: &CsvOptions, types: &TypeTable) -> Self {
        let optional = matches!(field.ty, Type::Optional(_));
        let kind = scalar_kind(&field.ty, types);
        let column = match kind {
            Some(Scalar::Bool) => Column::Bool(BooleanBuilder::new()),
            Some(Scalar::Int) => Column::Int(Int64Builder::new()),
            Some(Scalar::Float) => Column::Float(Float64Builder::new()),
            Some(Scalar::Decimal) => Column::Decimal(
                Decimal128Builder::new().with_data_type(DataType::Decimal128(DECIMAL_PRECISION, DECIMAL_SCALE)),
            ),
            Some(Scalar::String) => Column::Text(StringBuilder::new()),
            Some(Scalar::Enum) => Column::Enum(StringBuilder::new(), variants(&field.ty, types)),
            Some(Scalar::Json) => Column::Json(StringBuilder::new()),
            Some(Scalar::Date) => Column::Date(Date32Builder::new(), options.date_format.clone()),
            Some(Scalar::Time) => Column::Time(Time64MicrosecondBuilder::new()),
            Some(Scalar::Timestamp) => Column::Timestamp(
                TimestampMicrosecondBuilder::new().with_timezone(UTC),
                options.timestamp_format.clone(),
            ),
            _ => Column::Values(vec![]),
        };
        Self {
            ty: base_type(&field.ty, types),
            optional,
            empty_is_text: kind == Some(Scalar::String) && !optional,
            nulls: options.null.clone(),
            column,
        }
    }

    /// Adds a cell.
    ///
    /// # Errors
    /// What was expected.
    pub(crate) fn push(&mut self, text: &str) -> Result<(), String> {
        let empty = text.is_empty() && !self.empty_is_text;
        if empty || self.nulls.iter().any(|null| **null == *text) {
            if !self.optional {
                return Err(format!("a value of type {}", self.ty));
            }
            self.null();
            return Ok(());
        }
        self.value(text)
    }

    fn null(&mut self) {
        match &mut self.column {
            Column::Bool(builder) => builder.append_null(),
            Column::Int(builder) => builder.append_null(),
            Column::Float(builder) => builder.append_null(),
            Column::Decimal(builder) => builder.append_null(),
            Column::Text(builder) | Column::Enum(builder, _) | Column::Json(builder) => builder.append_null(),
            Column::Date(builder, _) => builder.append_null(),
            Column::Time(builder) => builder.append_null(),
            Column::Timestamp(builder, _) => builder.append_null(),
            Column::Values(values) => values.push(Value::Absent),
        }
    }

    fn value(&mut self, text: &str) -> Result<(), String> {
        match &mut self.column {
            Column::Bool(builder) => match text {
                "true" => builder.append_value(true),
                "false" => builder.append_value(false),
                _ => return Err("true or false".into()),
            },
            Column::Int(builder) => builder.append_value(text.parse().map_err(|_| "an Int".to_owned())?),
            Column::Float(builder) => match parse_scalar(text, &Type::Float) {
                Some(Value::Float(number)) => builder.append_value(number),
                _ => return Err("a Float".into()),
            },
            Column::Decimal(builder) => builder.append_value(decimal(text)?),
            Column::Text(builder) => builder.append_value(text),
            Column::Enum(builder, variants) if variants.contains(text) => builder.append_value(text),
            Column::Enum(_, variants) => return Err(one_of(variants)),
            Column::Json(builder) => {
                serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|error| format!("JSON ({error})"))?;
                builder.append_value(text);
            }
            Column::Date(builder, format) => builder.append_value(date(text, format.as_deref())?),
            Column::Time(builder) => match parse_scalar(text, &Type::Time) {
                Some(Value::Time(time)) => {
                    builder.append_value(micros_of(time).ok_or("a Time of at most microseconds")?);
                }
                _ => return Err("a Time (06:00)".into()),
            },
            Column::Timestamp(builder, format) => builder.append_value(timestamp(text, format.as_deref())?),
            Column::Values(values) => {
                let value = parse_scalar(text, &self.ty).or_else(|| nested(text));
                if let Some(Value::Duration(length)) = &value
                    && length.as_nanos() % 1000 != 0
                {
                    return Err("a Duration of at most microseconds".into());
                }
                values.push(value.ok_or_else(|| format!("a {}", self.ty))?);
            }
        }
        Ok(())
    }

    /// The column so far; an empty one remains.
    pub(crate) fn finish(&mut self, types: &TypeTable) -> Result<ArrayRef, String> {
        Ok(match &mut self.column {
            Column::Values(values) => array_of(&std::mem::take(values), &self.ty, types)?,
            other => builder(other).map(ArrayBuilder::finish).ok_or("no column")?,
        })
    }

    /// Forgets what was added.
    pub(crate) fn clear(&mut self) {
        match &mut self.column {
            Column::Values(values) => values.clear(),
            other => drop(builder(other).map(ArrayBuilder::finish)),
        }
    }
}

fn builder(column: &mut Column) -> Option<&mut dyn ArrayBuilder> {
    Some(match column {
        Column::Bool(builder) => builder,
        Column::Int(builder) => builder,
        Column::Float(builder) => builder,
        Column::Decimal(builder) => builder,
        Column::Text(builder) | Column::Enum(builder, _) | Column::Json(builder) => builder,
        Column::Date(builder, _) => builder,
        Column::Time(builder) => builder,
        Column::Timestamp(builder, _) => builder,
        Column::Values(_) => return None,
    })
}

fn base_type(ty: &Type, types: &TypeTable) -> Type {
    match ty.required() {
        Type::Named(name) => match types.get(name) {
            Some(flow_expr::TypeDef::Refined { base, .. }) => base_type(base, types),
            _ => ty.required().clone(),
        },
        other => other.clone(),
    }
}

/// Lists, maps and records cannot stand in a cell but as JSON, which needs their types: not supported.
fn nested(_: &str) -> Option<Value> {
    None
}

fn decimal(text: &str) -> Result<i128, String> {
    if let Some(units) = plain_decimal(text) {
        return Ok(units);
    }
    match parse_scalar(text, &Type::Decimal) {
        Some(Value::Decimal(number)) => {
            decimal_units(number).ok_or_else(|| format!("a Decimal of at most {DECIMAL_SCALE} digits after the point"))
        }
        _ => Err("a Decimal".into()),
    }
}

/// `-12.50` without exponent, of few digits: the common case.
fn plain_decimal(text: &str) -> Option<i128> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || whole.len() + places.len() > 18 || places.len() > DECIMAL_SCALE as usize {
        return None;
    }
    let mut units = 0_i128;
    for digit in whole.bytes().chain(places.bytes()) {
        if !digit.is_ascii_digit() {
            return None;
        }
        units = units * 10 + i128::from(digit - b'0');
    }
    if digits.ends_with('.') {
        return None;
    }
    let units = units * 10_i128.pow(u32::from(DECIMAL_SCALE as u8) - places.len() as u32);
    Some(if digits.len() < text.len() { -units } else { units })
}

fn date(text: &str, format: Option<&str>) -> Result<i32, String> {
    let date = match format {
        None => match parse_scalar(text, &Type::Date) {
            Some(Value::Date(date)) => date,
            _ => return Err("a Date (2026-11-22)".into()),
        },
        Some(format) => civil::Date::strptime(format, text).map_err(|_| format!("a Date as {format}"))?,
    };
    Ok(days_of(date))
}

fn timestamp(text: &str, format: Option<&str>) -> Result<i64, String> {
    let instant = match format {
        None => {
            text.parse::<Timestamp>().map_err(|_| "a Timestamp with its offset (2026-11-22T06:00:00Z)".to_owned())?
        }
        Some(format) => {
            let expected = |_| format!("a Timestamp as {format}");
            let parts = strtime::parse(format, text).map_err(expected)?;
            match parts.offset() {
                Some(_) => parts.to_timestamp().map_err(expected)?,
                None => {
                    let local = parts.to_datetime().map_err(expected)?;
                    local.to_zoned(TimeZone::UTC).map_err(expected)?.timestamp()
                }
            }
        }
    };
    if instant.as_nanosecond() % 1000 != 0 {
        return Err("a Timestamp of at most microseconds".into());
    }
    Ok(instant.as_microsecond())
}
