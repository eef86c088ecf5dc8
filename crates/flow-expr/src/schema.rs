//! JSON Schemas: whether JSON fits one, and what is wrong where it does not.
//!
//! Nothing is fetched: a reference leads into the schema itself, or the schema is wrong. Patterns take linear time.
//! Knows no types of the language and no built-ins. Tested below, and through `std.guard`.

use jsonschema::{PatternOptions, Validator, error::ValidationErrorKind, paths::LocationSegment};
use serde_json::Value as Json;

/// The most that is said of one value.
const MOST_ERRORS: usize = 20;
/// The most letters that one of them has.
const MOST_LETTERS: usize = 300;
/// The most that the automaton of a pattern may take.
const PATTERN_BYTES: usize = 1 << 20;

/// A schema that can be asked.
#[derive(Debug)]
pub(crate) struct Schema(Validator);

/// Why a text is no JSON Schema; none if it is one.
#[must_use]
pub fn wrong_schema(text: &str) -> Option<String> {
    Schema::of_text(text).err()
}

/// Why JSON is no JSON Schema; none if it is one.
#[must_use]
pub fn wrong_json_schema(schema: &Json) -> Option<String> {
    Schema::of_json(schema).err()
}

impl Schema {
    pub(crate) fn of_text(text: &str) -> Result<Self, String> {
        let schema = crate::codec::parse_json(text).map_err(|error| format!("it is no JSON: {error}"))?;
        Self::of_json(&schema)
    }

    pub(crate) fn of_json(schema: &Json) -> Result<Self, String> {
        let patterns = PatternOptions::regex().size_limit(PATTERN_BYTES);
        let options = jsonschema::options().offline().should_validate_formats(true).with_pattern_options(patterns);
        options.build(schema).map(Self).map_err(|error| said(&error))
    }

    /// What is wrong with a value: the place, and the rule that it breaks.
    pub(crate) fn errors(&self, json: &Json) -> Vec<String> {
        self.0.iter_errors(json).take(MOST_ERRORS).map(|error| said(&error)).collect()
    }

    pub(crate) fn fits(&self, json: &Json) -> bool {
        self.0.is_valid(json)
    }
}

/// A problem in words, with its place as the language writes it: `items[3].price`.
fn said(error: &jsonschema::ValidationError<'_>) -> String {
    let mut place = String::new();
    for segment in error.instance_path() {
        match segment {
            LocationSegment::Index(index) => place.push_str(&format!("[{index}]")),
            LocationSegment::Property(name) if place.is_empty() => place.push_str(&name),
            LocationSegment::Property(name) => place.push_str(&format!(".{name}")),
        }
    }
    let text = match error.kind() {
        ValidationErrorKind::Referencing(reference) => format!("a reference leads nowhere: {reference}"),
        _ => error.to_string(),
    };
    let text = if place.is_empty() { text } else { format!("{place}: {text}") };
    match text.char_indices().nth(MOST_LETTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn errors(schema: &Json, value: &Json) -> Vec<String> {
        Schema::of_json(schema).unwrap().errors(value)
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let price = json!({"type": "number", "minimum": 0});
        let item = json!({"type": "object", "required": ["price"], "properties": {"price": price}});
        let schema = json!({"type": "object", "properties": {"items": {"type": "array", "items": item}}});
        let value = json!({"items": [{"price": 1}, {"price": -2}, {}]});
        let expected =
            ["items[1].price: -2 is less than the minimum of 0", "items[2]: \"price\" is a required property"];
        assert_eq!(errors(&schema, &value), expected);
        assert_eq!(errors(&schema, &json!([])), ["[] is not of type \"object\""]);
        assert!(errors(&schema, &json!({})).is_empty());
    }

    #[test]
    fn formats_are_looked_at_and_what_is_said_is_bounded() {
        assert_eq!(errors(&json!({"format": "date"}), &json!("2026-02-30")).len(), 1);
        assert!(errors(&json!({"format": "date"}), &json!("2026-02-28")).is_empty());
        let many = errors(&json!({"items": {"type": "string"}}), &json!(vec![1; 1000]));
        assert_eq!(many.len(), MOST_ERRORS);
        let long = errors(&json!({"type": "number"}), &json!("é".repeat(100_000)));
        assert_eq!(long[0].chars().count(), MOST_LETTERS + 1);
    }

    #[test]
    fn schemas_that_are_none() {
        let lookahead = r#"{"pattern": "(?=a)b"}"#;
        let elsewhere = r#"{"$ref": "https://example.com/schema.json"}"#;
        let file = r#"{"$ref": "file:///etc/passwd"}"#;
        let texts =
            ["", "{", "3", r#"{"type": "objekt"}"#, r##"{"$ref": "#/$defs/none"}"##, lookahead, elsewhere, file];
        for text in texts {
            let why = wrong_schema(text).unwrap_or_else(|| panic!("{text} is none"));
            assert!(!why.is_empty() && why.chars().count() <= MOST_LETTERS + 40, "{text}: {why}");
        }
        assert_eq!(wrong_schema("true"), None);
    }

    #[test]
    fn schemas_that_lead_back_to_themselves_end() {
        let tree = json!({"type": "object", "properties": {"left": {"$ref": "#"}}});
        let deep = (0..120).fold(json!({"left": 3}), |inner, _| json!({ "left": inner }));
        assert_eq!(errors(&tree, &deep).len(), 1);
        for circle in [json!({"$ref": "#"}), json!({"allOf": [{"$ref": "#"}]}), json!({"not": {"$ref": "#"}})] {
            if let Ok(schema) = Schema::of_json(&circle) {
                schema.errors(&json!({"a": 1}));
            }
        }
    }
}
