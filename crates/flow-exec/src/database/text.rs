//! Values as a database takes them and gives them: as text, with the type said beside it.
//!
//! Text is the one form that every server parses by its own rules and that loses nothing: a Decimal
//! never passes through a float.

use flow_expr::{Type, TypeDef, TypeTable, Value};
use serde_json::{Number, Value as Json};
use std::sync::Arc;

/// A column that a result must have, or that a table is made with.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    /// Its name.
    pub(crate) name: Arc<str>,
    /// Its type, maybe optional.
    pub(crate) ty: Type,
}

/// What kind of text a type travels as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Bool,
    Int,
    Float,
    Decimal,
    String,
    Date,
    Time,
    Timestamp,
    Duration,
    Bytes,
    /// Everything else, as JSON text.
    Json,
}

/// The shape of a type, through optionals and refined aliases.
pub(super) fn shape(ty: &Type, types: &TypeTable) -> Shape {
    match ty.required() {
        Type::Bool => Shape::Bool,
        Type::Int => Shape::Int,
        Type::Float => Shape::Float,
        Type::Decimal => Shape::Decimal,
        Type::String => Shape::String,
        Type::Date => Shape::Date,
        Type::Time => Shape::Time,
        Type::Timestamp => Shape::Timestamp,
        Type::Duration => Shape::Duration,
        Type::Bytes => Shape::Bytes,
        Type::Named(name) => match types.get(name) {
            Some(TypeDef::Refined { base, .. }) => shape(base, types),
            Some(TypeDef::Enum(variants)) if variants.iter().all(|variant| variant.payload.is_empty()) => Shape::String,
            _ => Shape::Json,
        },
        _ => Shape::Json,
    }
}

/// The text of a value; `None` for no value.
pub(super) fn to_text(value: &Value) -> Option<String> {
    Some(match value {
        Value::Absent | Value::Unit => return None,
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Decimal(number) => number.to_string(),
        Value::String(text) => text.to_string(),
        Value::Date(date) => date.to_string(),
        Value::Time(time) => time.to_string(),
        Value::Timestamp(instant) => instant.to_string(),
        Value::Duration(length) => format!("{length}"),
        Value::Bytes(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        Value::Variant(variant) if variant.fields.is_empty() => variant.variant.to_string(),
        other => flow_expr::codec::encode(other).to_string(),
    })
}

/// What `flow_expr::codec::decode` reads for a cell's text. Text that is not of its shape stays text, so the border names it.
pub(super) fn to_json(text: String, shape: Shape) -> Json {
    let parsed = match shape {
        Shape::Bool => match text.as_str() {
            "t" | "true" => Some(Json::Bool(true)),
            "f" | "false" => Some(Json::Bool(false)),
            _ => None,
        },
        Shape::Int => text.parse::<i64>().ok().map(Json::from),
        Shape::Float => text.parse::<f64>().ok().and_then(Number::from_f64).map(Json::Number),
        Shape::Json => serde_json::from_str(&text).ok(),
        _ => None,
    };
    parsed.unwrap_or(Json::String(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_is_not_of_its_shape_stays_text() {
        assert_eq!(to_json("7".into(), Shape::Int), Json::from(7));
        assert_eq!(to_json("7.5".into(), Shape::Int), Json::from("7.5"));
        assert_eq!(to_json("t".into(), Shape::Bool), Json::Bool(true));
        assert_eq!(to_json("1.10".into(), Shape::Decimal), Json::from("1.10"));
        assert_eq!(to_json("{\"a\":1}".into(), Shape::Json), serde_json::json!({"a": 1}));
        assert_eq!(to_json("NaN".into(), Shape::Float), Json::from("NaN"));
    }

    #[test]
    fn refined_aliases_travel_as_what_they_refine() {
        let plain = TypeTable::default();
        assert_eq!(shape(&Type::Decimal.optional(), &plain), Shape::Decimal);
        assert_eq!(shape(&Type::List(Arc::new(Type::Int)), &plain), Shape::Json);
    }
}
