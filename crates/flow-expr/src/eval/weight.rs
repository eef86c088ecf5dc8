//! How much a value is when it is unfolded: counted before anything looks at all of it.
//!
//! Values share their parts, so one that is small in memory may be endless as text. Knows no operations: who
//! compares or hashes calls [`Meter::look`], who prints calls [`Meter::weigh`].

use super::{error::Fault, limits::Meter};
use crate::Value;
use serde_json::Value as Json;

/// Bytes of text that one step looks at.
const BYTES_A_STEP: u64 = 64;
/// Bytes that a number, a time or a name of a field is printed as, about.
const LEAF_BYTES: u64 = 16;

impl Meter {
    /// Counts a value that is about to be compared, hashed or searched: in steps.
    pub(crate) fn look(&mut self, value: &Value) -> Result<(), Fault> {
        self.unfold(value, false)
    }

    /// Counts a value that is about to be printed: in steps and bytes.
    pub(crate) fn weigh(&mut self, value: &Value) -> Result<(), Fault> {
        self.unfold(value, true)
    }

    /// Counts text that is about to be searched.
    pub(crate) fn search(&mut self, bytes: usize) -> Result<(), Fault> {
        self.steps(bytes as u64 / BYTES_A_STEP)
    }

    fn unfold(&mut self, value: &Value, print: bool) -> Result<(), Fault> {
        match value {
            Value::String(text) => self.leaf(text.len(), print),
            Value::Bytes(bytes) => self.leaf(bytes.len().saturating_mul(2), print),
            Value::Json(json) => self.unfold_json(json, print),
            Value::List(items) => {
                self.leaf(0, print)?;
                items.iter().try_for_each(|item| self.unfold(item, print))
            }
            Value::Map(entries) => {
                self.leaf(0, print)?;
                entries.values().try_for_each(|item| self.unfold(item, print))
            }
            Value::Record(record) => self.fields(&record.fields, print),
            Value::Variant(variant) => self.fields(&variant.fields, print),
            // Stored tables are compared and hashed by name; what prints one counts its cells.
            Value::Table(table) if table.hash.is_empty() => {
                let columns = table.data.as_ref().map_or(0, |data| data.columns().len());
                self.steps(table.rows.saturating_mul(columns as u64))
            }
            _ => self.leaf(0, print),
        }
    }

    fn fields(&mut self, fields: &[(std::sync::Arc<str>, Value)], print: bool) -> Result<(), Fault> {
        self.leaf(0, print)?;
        fields.iter().try_for_each(|(_, item)| self.unfold(item, print))
    }

    fn unfold_json(&mut self, json: &Json, print: bool) -> Result<(), Fault> {
        match json {
            Json::String(text) => self.leaf(text.len(), print),
            Json::Array(items) => {
                self.leaf(0, print)?;
                items.iter().try_for_each(|item| self.unfold_json(item, print))
            }
            Json::Object(entries) => entries.iter().try_for_each(|(name, item)| {
                self.leaf(name.len(), print)?;
                self.unfold_json(item, print)
            }),
            _ => self.leaf(0, print),
        }
    }

    fn leaf(&mut self, bytes: usize, print: bool) -> Result<(), Fault> {
        self.step()?;
        self.search(bytes)?;
        if print { self.bytes((bytes as u64).saturating_add(LEAF_BYTES)) } else { Ok(()) }
    }
}
