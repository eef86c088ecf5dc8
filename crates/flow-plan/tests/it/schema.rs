//! The published schema is the one of the types, and plans fit it.

#![expect(clippy::disallowed_methods, reason = "compares with a file of the repository, and can write it")]

use crate::{file::plan, sample::name};
use flow_plan::plan_schema;

#[test]
fn the_published_schema_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/plan.schema.json");
    if std::env::var("FLOW_WRITE_SCHEMA").is_ok() {
        std::fs::write(path, plan_schema()).unwrap();
    }
    let published = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        published == plan_schema(),
        "plan.schema.json is not what the types say: run `FLOW_WRITE_SCHEMA=1 cargo test -p flow-plan schema`, \
         and raise PLAN_FORMAT if a reader of the old one could be misled"
    );
}

#[test]
fn plans_fit_the_schema() {
    let schema: serde_json::Value = serde_json::from_str(&plan_schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let json: serde_json::Value = serde_json::from_str(&plan().to_json()).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&json).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let mut wrong = json.clone();
    wrong["program"]["steps"][name("shop.daily").as_str()]["timeout_ms"] = "soon".into();
    assert!(!validator.is_valid(&wrong));
    wrong = json;
    wrong["format"] = 2.into();
    assert!(!validator.is_valid(&wrong));
}
