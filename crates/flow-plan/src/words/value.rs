//! Values as literals, cut short where they are long.

use flow_expr::{MapKey, Value};

/// Longest text shown whole, in characters.
const LONG: usize = 60;
/// Most items of a list or record shown.
const MANY: usize = 6;

/// A value as a literal: `3`, `"text"`, `Note(total: 3.00)`, `Table of 12 rows`.
#[must_use]
pub fn value(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, 0);
    out
}

fn write(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Unit => out.push_str("()"),
        Value::Absent => out.push_str("none"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Int(number) => out.push_str(&number.to_string()),
        Value::Float(number) => out.push_str(&format!("{number:?}")),
        Value::Decimal(number) => out.push_str(&number.to_string()),
        Value::String(text) => out.push_str(&quoted(text)),
        Value::Date(date) => out.push_str(&date.to_string()),
        Value::Time(time) => out.push_str(&time.to_string()),
        Value::Timestamp(instant) => out.push_str(&instant.to_string()),
        Value::Duration(length) => {
            let ms = length.as_millis();
            let sign = if ms < 0 { "-" } else { "" };
            out.push_str(&format!("{sign}{}", super::duration(u64::try_from(ms.unsigned_abs()).unwrap_or(u64::MAX))));
        }
        Value::Bytes(bytes) => out.push_str(&format!("{} bytes", bytes.len())),
        Value::Json(json) => out.push_str(&short(&json.to_string())),
        Value::Table(table) => out.push_str(&format!("table of {} rows", table.rows)),
        Value::File(file) => out.push_str(&format!("file {} ({} bytes)", quoted(&file.name), file.bytes)),
        Value::Closure(_) => out.push_str("a function"),
        // Deep values say nothing in one line, and must not exhaust the stack.
        _ if depth > 4 => out.push('…'),
        Value::List(items) => {
            let items = items.iter().map(|item| (None, item));
            group(out, "[", items, "]", depth);
        }
        Value::Map(entries) => {
            let entries = entries.iter().map(|(name, item)| (Some(key(name)), item));
            group(out, "{", entries, "}", depth);
        }
        Value::Record(record) => {
            let fields = record.fields.iter().map(|(name, item)| (Some(name.to_string()), item));
            group(out, &format!("{}(", record.ty.short()), fields, ")", depth);
        }
        Value::Variant(variant) if variant.fields.is_empty() => out.push_str(&variant.variant),
        Value::Variant(variant) => {
            let fields = variant.fields.iter().map(|(name, item)| (Some(name.to_string()), item));
            group(out, &format!("{}(", variant.variant), fields, ")", depth);
        }
    }
}

fn group<'a>(
    out: &mut String,
    open: &str,
    items: impl ExactSizeIterator<Item = (Option<String>, &'a Value)>,
    close: &str,
    depth: usize,
) {
    out.push_str(open);
    let more = items.len().saturating_sub(MANY);
    for (index, (name, item)) in items.take(MANY).enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        if let Some(name) = name {
            out.push_str(&name);
            out.push_str(": ");
        }
        write(out, item, depth + 1);
    }
    if more > 0 {
        out.push_str(&format!(", … {more} more"));
    }
    out.push_str(close);
}

fn key(key: &MapKey) -> String {
    match key {
        MapKey::Variant(_, variant) => variant.to_string(),
        MapKey::String(text) => quoted(text),
        other => value(&other.clone().into()),
    }
}

pub(super) fn quoted(text: &str) -> String {
    format!("{:?}", short(text))
}

fn short(text: &str) -> String {
    if text.chars().count() <= LONG {
        return text.into();
    }
    text.chars().take(LONG - 1).chain(['…']).collect()
}
