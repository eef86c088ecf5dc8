//! Values and kinds in messages: short, quoted, never more than a line.
//!
//! Knows nothing of labels: who quotes a labelled value redacts it first.

use super::text::quoted;
use crate::Value;
use std::fmt::Write as _;

/// Characters of a quoted value at most.
const SHORT: usize = 80;

/// A value for a message.
#[must_use]
pub(crate) fn short(value: &Value) -> String {
    let mut text = String::new();
    short_into(value, &mut text);
    text
}

/// Prints a value for a message: scalars as literals, the rest by kind and size.
pub(crate) fn short_into(value: &Value, out: &mut String) {
    // Writing to a string cannot fail.
    let _ = match value {
        Value::String(text) => {
            let mut characters = text.chars();
            let head: String = characters.by_ref().take(SHORT).collect();
            quoted(&head, out);
            if characters.next().is_some() { write!(out, "… ({} characters)", text.chars().count()) } else { Ok(()) }
        }
        Value::Json(json) => {
            out.push_str(&short_json(json));
            Ok(())
        }
        Value::Bytes(bytes) => write!(out, "{} bytes", bytes.len()),
        Value::List(items) => write!(out, "a list of {}", items.len()),
        Value::Map(entries) => write!(out, "a map of {}", entries.len()),
        Value::Record(record) => write!(out, "a record `{}`", record.ty.short()),
        Value::Variant(variant) => write!(out, "`{}`", variant.variant),
        Value::Closure(_) => write!(out, "a function"),
        plain => super::text_into(plain, out).or(Ok(())),
    };
}

/// JSON for a message.
#[must_use]
pub(crate) fn short_json(json: &serde_json::Value) -> String {
    match json {
        serde_json::Value::String(text) => short(&Value::String(text.as_str().into())),
        serde_json::Value::Array(items) => format!("an array of {}", items.len()),
        serde_json::Value::Object(entries) => format!("an object of {} fields", entries.len()),
        plain => plain.to_string(),
    }
}

/// What a value is, with its article: `an Int`.
#[must_use]
pub(crate) fn kind(value: &Value) -> String {
    match value {
        Value::Unit => "Unit".to_owned(),
        Value::Absent => "no value".to_owned(),
        Value::Bool(_) => "a Bool".to_owned(),
        Value::Int(_) => "an Int".to_owned(),
        Value::Float(_) => "a Float".to_owned(),
        Value::Decimal(_) => "a Decimal".to_owned(),
        Value::String(_) => "a String".to_owned(),
        Value::Date(_) => "a Date".to_owned(),
        Value::Time(_) => "a Time".to_owned(),
        Value::Timestamp(_) => "a Timestamp".to_owned(),
        Value::Duration(_) => "a Duration".to_owned(),
        Value::Bytes(_) => "Bytes".to_owned(),
        Value::Json(_) => "Json".to_owned(),
        Value::List(_) => "a List".to_owned(),
        Value::Map(_) => "a Map".to_owned(),
        Value::Record(record) => format!("a record `{}`", record.ty.short()),
        Value::Variant(variant) => format!("a variant of `{}`", variant.ty.short()),
        Value::Table(_) => "a Table".to_owned(),
        Value::File(_) => "a File".to_owned(),
        Value::Closure(_) => "a function".to_owned(),
    }
}

/// What a JSON value is, with its article.
#[must_use]
pub(crate) fn json_kind(json: &serde_json::Value) -> &'static str {
    match json {
        serde_json::Value::Null => "null",
        serde_json::Value::Bool(_) => "a boolean",
        serde_json::Value::Number(_) => "a number",
        serde_json::Value::String(_) => "a string",
        serde_json::Value::Array(_) => "an array",
        serde_json::Value::Object(_) => "an object",
    }
}
