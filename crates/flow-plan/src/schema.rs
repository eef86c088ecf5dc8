//! The JSON Schema of plans, made from the types and published as `plan.schema.json` beside this crate.
//!
//! A test holds the file to the types: `FLOW_WRITE_SCHEMA=1 cargo test -p flow-plan schema` writes it anew.

use crate::{PLAN_FORMAT, Plan};

/// The schema (draft 2020-12) of a plan of [`PLAN_FORMAT`], indented, with a line end.
#[must_use]
pub fn plan_schema() -> String {
    let mut schema = schemars::schema_for!(Plan);
    schema.insert("$id".into(), format!("flow-plan-{PLAN_FORMAT}.schema.json").into());
    schema.insert("title".into(), "Flow plan".into());
    if let Some(format) = schema.pointer_mut("/properties/format").and_then(serde_json::Value::as_object_mut) {
        format.insert("const".into(), PLAN_FORMAT.into());
    }
    let json = serde_json::to_string_pretty(&schema).expect("a schema is JSON");
    json + "\n"
}
