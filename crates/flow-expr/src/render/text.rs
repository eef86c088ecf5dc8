//! The plain text of a value: what `{x}` and `text(x)` give.
//!
//! A string is itself; inside something else it is quoted. Times are ISO 8601, durations as in the
//! language (`1h30m`), records as one would write them. What is printed for a number reads back as it.

use super::kind;
use crate::{MapKey, Value, eval::Fault};
use jiff::SignedDuration;
use std::{fmt::Write as _, sync::Arc};

/// Prints a value.
pub(crate) fn text_into(value: &Value, out: &mut String) -> Result<(), Fault> {
    match value {
        Value::String(text) => out.push_str(text),
        Value::Json(json) => match &**json {
            serde_json::Value::String(text) => out.push_str(text),
            other => write(out, other),
        },
        other => nested(other, out)?,
    }
    Ok(())
}

fn write(out: &mut String, shown: impl std::fmt::Display) {
    // Writing to a string cannot fail.
    let _ = write!(out, "{shown}");
}

fn nested(value: &Value, out: &mut String) -> Result<(), Fault> {
    match value {
        Value::Unit => out.push_str("()"),
        Value::Absent => out.push_str("none"),
        Value::Bool(flag) => write(out, flag),
        Value::Int(number) => write(out, number),
        // With its point, so that it is seen to be a Float.
        Value::Float(number) => write(out, format_args!("{number:?}")),
        Value::Decimal(number) => write(out, number),
        Value::String(text) => quoted(text, out),
        Value::Date(date) => write(out, date),
        Value::Time(time) => write(out, time),
        Value::Timestamp(instant) => write(out, instant),
        Value::Duration(length) => out.push_str(&duration_text(*length)),
        Value::Bytes(bytes) => out.push_str(&crate::hex::encode(bytes)),
        Value::Json(json) => write(out, json),
        Value::List(items) => separated(items.iter(), out, ('[', ']'), nested)?,
        Value::Map(entries) => separated(entries.iter(), out, ('{', '}'), |(key, value), out| {
            nested(&Value::from(MapKey::clone(key)), out)?;
            out.push_str(": ");
            nested(value, out)
        })?,
        Value::Record(record) => {
            out.push_str(record.ty.short());
            fields(&record.fields, out)?;
        }
        Value::Variant(variant) => {
            out.push_str(&variant.variant);
            if !variant.fields.is_empty() {
                fields(&variant.fields, out)?;
            }
        }
        Value::Table(table) => write(out, format_args!("a table of {} rows", table.rows)),
        Value::File(file) => out.push_str(&file.name),
        Value::Closure(_) => return Err(Fault::kind(format!("{} has no text", kind(value)))),
    }
    Ok(())
}

fn fields(fields: &[(Arc<str>, Value)], out: &mut String) -> Result<(), Fault> {
    separated(fields.iter(), out, ('(', ')'), |(name, value), out| {
        write(out, format_args!("{name}: "));
        nested(value, out)
    })
}

fn separated<T>(
    items: impl Iterator<Item = T>,
    out: &mut String,
    (open, close): (char, char),
    mut print: impl FnMut(T, &mut String) -> Result<(), Fault>,
) -> Result<(), Fault> {
    out.push(open);
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        print(item, out)?;
    }
    out.push(close);
    Ok(())
}

/// A string as a literal of the language.
pub(super) fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '{' => out.push_str("\\{"),
            other => out.push(other),
        }
    }
    out.push('"');
}

/// A duration as the language writes it: `1d2h`, `1h30m`, `500ms`, `0s`.
#[must_use]
pub fn duration_text(length: SignedDuration) -> String {
    const UNITS: [(u128, &str); 7] = [
        (86_400_000_000_000, "d"),
        (3_600_000_000_000, "h"),
        (60_000_000_000, "m"),
        (1_000_000_000, "s"),
        (1_000_000, "ms"),
        (1_000, "us"),
        (1, "ns"),
    ];
    let nanoseconds = length.as_nanos();
    let mut rest = nanoseconds.unsigned_abs();
    if rest == 0 {
        return "0s".to_owned();
    }
    let mut text = String::from(if nanoseconds < 0 { "-" } else { "" });
    for (size, unit) in UNITS {
        if rest >= size {
            write(&mut text, format_args!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    text
}
