//! JSON from text with every number exactly as written.
//!
//! The JSON reader underneath is fast and off by one bit in a tenth of all doubles of 17 digits. So after it has read
//! and checked a text, doubles are read again from their digits, which stand in the text in the order in which they
//! stand in the value. Where an object repeats a key they may not; then the digits do not match the double, and it stays.

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

/// As [`parse_json`], for an object whose entries are columns: numbers of those that `is_decimal` names become
/// texts, digit by digit as written, since a double would cut what a Decimal holds.
///
/// # Errors
/// If the text is no JSON, or is nested deeper than 128.
pub fn parse_row(text: &str, is_decimal: &dyn Fn(&str) -> bool) -> serde_json::Result<Json> {
    let mut json = parse_json(text)?;
    let Json::Object(entries) = &mut json else { return Ok(json) };
    if !entries.iter().any(|(name, value)| value.is_f64() && is_decimal(name)) {
        return Ok(json);
    }
    let mut numbers = Numbers { rest: text };
    for (name, value) in entries {
        match value {
            Json::Number(number) => {
                let written = numbers.next().unwrap_or_default();
                let same = written.parse::<f64>().is_ok_and(|written| number.as_f64() == Some(written));
                if number.is_f64() && same && is_decimal(name) && !written.contains(['e', 'E']) {
                    *value = Json::String(written.to_owned());
                }
            }
            other => drop(numbers.by_ref().take(count(other)).last()),
        }
    }
    Ok(json)
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
