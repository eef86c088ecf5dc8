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
