//! The text of a value where a program or a server reads it: variables, headers, query parameters.
//!
//! Scalars as people write them, everything else as JSON. Knows no encodings: who puts the text somewhere
//! encodes it for where it lands.

use flow_expr::{Value, codec, render::duration_text};

/// The text.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Unit => String::new(),
        Value::String(text) => text.to_string(),
        Value::Decimal(number) => number.to_string(),
        Value::Duration(length) => duration_text(*length),
        Value::Json(json) => json.to_string(),
        other => match codec::encode(other) {
            serde_json::Value::String(text) => text,
            json => json.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn scalars_are_plain_and_the_rest_is_json() {
        let cases = [
            (Value::Bool(true), "true"),
            (Value::Int(-3), "-3"),
            (Value::Decimal("1.50".parse().unwrap()), "1.50"),
            (Value::String("a 'b'\n$(c)".into()), "a 'b'\n$(c)"),
            (Value::Date("2026-11-22".parse().unwrap()), "2026-11-22"),
            (Value::Duration(jiff::SignedDuration::from_mins(90)), "1h30m"),
            (Value::List(Arc::from([Value::Int(1), Value::String("x".into())])), r#"[1,"x"]"#),
            (Value::Json(Arc::new(serde_json::json!("x"))), r#""x""#),
        ];
        for (value, expected) in cases {
            assert_eq!(text(&value), expected);
        }
    }
}
