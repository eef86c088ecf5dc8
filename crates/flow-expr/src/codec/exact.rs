//! JSON from text with every number exactly as written.
//!
//! The JSON reader underneath is fast and off by one bit in a tenth of all doubles of 17 digits. So after it has read
//! and checked a text, doubles are read again from their digits, which stand in the text in the order in which they
//! stand in the value. Where an object repeats a key they may not; then the digits do not match the double, and it stays.

use crate::{Field, Type, TypeDef, TypeTable};
use serde_json::{Number, Value as Json};

/// Reads JSON.
///
/// # Errors
/// If the text is no JSON, or is nested deeper than 128.
pub fn parse_json(text: &str) -> serde_json::Result<Json> {
    let mut json: Json = serde_json::from_str(text)?;
    if text.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
        correct(&mut json, &mut Numbers { rest: text });
    }
    Ok(json)
}

/// As [`parse_json`], for a text that is to be a value of a type: numbers where the type has a Decimal become texts,
/// digit by digit as written, since a double would cut what a Decimal holds.
///
/// # Errors
/// If the text is no JSON, or is nested deeper than 128.
pub fn parse_json_as(text: &str, ty: &Type, types: &TypeTable) -> serde_json::Result<Json> {
    let mut json = parse_json(text)?;
    if has_double(&json) {
        keep_decimals(&mut json, ty, types, &mut Numbers { rest: text });
    }
    Ok(json)
}

pub(super) fn has_double(json: &Json) -> bool {
    match json {
        Json::Number(number) => number.is_f64(),
        Json::Array(items) => items.iter().any(has_double),
        Json::Object(entries) => entries.values().any(has_double),
        Json::Null | Json::Bool(_) | Json::String(_) => false,
    }
}

fn keep_decimals(json: &mut Json, ty: &Type, types: &TypeTable, numbers: &mut Numbers<'_>) {
    match (json, shape(ty, types)) {
        (json @ Json::Number(_), shape) => {
            let written = numbers.next().unwrap_or_default();
            let same = written.parse::<f64>().is_ok_and(|written| json.as_f64() == Some(written));
            if matches!(shape, Shape::Decimal) && json.is_f64() && same && !written.contains(['e', 'E']) {
                *json = Json::String(written.to_owned());
            }
        }
        (Json::Array(items), Shape::Items(item)) => {
            items.iter_mut().for_each(|json| keep_decimals(json, item, types, numbers));
        }
        (Json::Object(entries), Shape::Items(item)) => {
            entries.values_mut().for_each(|json| keep_decimals(json, item, types, numbers));
        }
        (Json::Object(entries), Shape::Fields(fields)) => {
            for (name, json) in entries {
                let field = fields.iter().find(|field| *field.name == **name);
                keep_decimals(json, field.map_or(&Type::Unknown, |field| &field.ty), types, numbers);
            }
        }
        (json, _) => drop(numbers.by_ref().take(count(json)).last()),
    }
}

/// What decides which numbers inside are Decimals.
enum Shape<'a> {
    Decimal,
    /// A list, table or map of these.
    Items(&'a Type),
    Fields(&'a [Field]),
    Other,
}

fn shape<'a>(ty: &'a Type, types: &'a TypeTable) -> Shape<'a> {
    match ty {
        Type::Decimal => Shape::Decimal,
        Type::Optional(inner) => shape(inner, types),
        Type::List(item) | Type::Table(item) | Type::Map(_, item) => Shape::Items(item),
        Type::Named(name) => match types.get(name) {
            Some(TypeDef::Refined { base, .. }) => shape(base, types),
            Some(TypeDef::Record(fields)) => Shape::Fields(fields),
            Some(TypeDef::Enum(_)) | None => Shape::Other,
        },
        _ => Shape::Other,
    }
}

/// How many numbers a value holds.
fn count(json: &Json) -> usize {
    match json {
        Json::Number(_) => 1,
        Json::Array(items) => items.iter().map(count).sum(),
        Json::Object(entries) => entries.values().map(count).sum(),
        Json::Null | Json::Bool(_) | Json::String(_) => 0,
    }
}

fn correct(json: &mut Json, numbers: &mut Numbers<'_>) {
    match json {
        Json::Number(number) => {
            let written = numbers.next().and_then(|text| text.parse::<f64>().ok());
            if let (true, Some(read), Some(written)) = (number.is_f64(), number.as_f64(), written)
                && (read - written).abs() <= written.abs() * 1e-14
                && let Some(exact) = Number::from_f64(written)
            {
                *number = exact;
            }
        }
        Json::Array(items) => items.iter_mut().for_each(|item| correct(item, numbers)),
        Json::Object(entries) => entries.values_mut().for_each(|item| correct(item, numbers)),
        Json::Null | Json::Bool(_) | Json::String(_) => {}
    }
}

/// The numbers of a valid JSON text, outside of strings.
struct Numbers<'t> {
    rest: &'t str,
}

impl<'t> Iterator for Numbers<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        loop {
            let start = self.rest.find(|letter: char| matches!(letter, '"' | '-' | '0'..='9'))?;
            let found = &self.rest[start..];
            if let Some(string) = found.strip_prefix('"') {
                self.rest = after_string(string);
                continue;
            }
            let is_part = |letter: char| matches!(letter, '-' | '+' | '.' | 'e' | 'E' | '0'..='9');
            let end = found.find(|letter| !is_part(letter)).unwrap_or(found.len());
            self.rest = &found[end..];
            return Some(&found[..end]);
        }
    }
}

/// What follows the quote that ends a string.
fn after_string(text: &str) -> &str {
    let bytes = text.as_bytes();
    let mut index = 0;
    while index < bytes.len() {
        match bytes[index] {
            b'"' => return &text[index + 1..],
            b'\\' => index += 2,
            _ => index += 1,
        }
    }
    ""
}
