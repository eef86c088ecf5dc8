//! Attributes and spans in OTLP's JSON encoding: 64-bit numbers are texts, ids are hex.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

/// Longest text of one attribute, in bytes: collectors refuse requests that are too large.
const LONGEST: usize = 32 << 10;

/// Attributes, in the order in which they were added.
#[derive(Debug, Default)]
pub(super) struct Attributes(Vec<Json>);

impl Attributes {
    pub(super) fn text(&mut self, key: &str, value: &str) {
        let end = (0..=LONGEST.min(value.len())).rev().find(|end| value.is_char_boundary(*end)).unwrap_or(0);
        self.add(key, json!({ "stringValue": value.get(..end).unwrap_or_default() }));
    }

    pub(super) fn number(&mut self, key: &str, value: u64) {
        self.add(key, json!({ "intValue": value.to_string() }));
    }

    pub(super) fn double(&mut self, key: &str, value: f64) {
        self.add(key, json!({ "doubleValue": value }));
    }

    pub(super) fn flag(&mut self, key: &str, value: bool) {
        self.add(key, json!({ "boolValue": value }));
    }

    pub(super) fn texts(&mut self, key: &str, values: &[&str]) {
        let values: Vec<Json> = values.iter().map(|value| json!({ "stringValue": value })).collect();
        self.add(key, json!({ "arrayValue": { "values": values } }));
    }

    fn add(&mut self, key: &str, value: Json) {
        self.0.push(json!({ "key": key, "value": value }));
    }

    pub(super) fn json(self) -> Json {
        Json::Array(self.0)
    }
}

/// A span of this process's own work.
pub(super) fn span(
    trace: &str,
    id: &str,
    parent: Option<&str>,
    name: &str,
    (began, ended): (Timestamp, Timestamp),
) -> Json {
    let mut json = json!({
        "traceId": trace,
        "spanId": id,
        "name": name,
        "kind": 1,
        "startTimeUnixNano": began.as_nanosecond().to_string(),
        "endTimeUnixNano": ended.max(began).as_nanosecond().to_string(),
    });
    if let Some(parent) = parent {
        json["parentSpanId"] = parent.into();
    }
    json
}
