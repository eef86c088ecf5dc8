//! The OpenAPI document (3.1.0), made from the routes themselves.

use super::routes::{Route, all};
use axum::response::Json;
use serde_json::{Map, Value, json};

/// The document.
#[must_use]
pub fn document() -> Value {
    let mut paths = Map::new();
    for route in all() {
        let of = paths.entry(route.path).or_insert_with(|| json!({}));
        if let Some(of) = of.as_object_mut() {
            of.insert(route.method.into(), operation(&route));
        }
    }
    paths.insert(
        "/health".into(),
        json!({ "get": { "summary": "Whether it answers", "security": [],
        "responses": { "200": { "description": "it does" } } } }),
    );
    paths.insert(
        "/hooks/{path}".into(),
        json!({ "post": {
        "summary": "Starts the flows that start on webhook /PATH; signed as Standard Webhooks has it",
        "security": [], "parameters": [parameter("path", "path", "the path without its first slash")],
        "responses": { "202": { "description": "what was decided" }, "401": refused(), "409": refused() } } }),
    );
    json!({
        "openapi": "3.1.0",
        "info": { "title": "flowc", "version": env!("CARGO_PKG_VERSION") },
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": { "Problem": {
                "type": "object", "required": ["status", "code", "title"],
                "properties": {
                    "status": { "type": "integer" }, "code": { "type": "string" }, "title": { "type": "string" },
                    "hint": { "type": "string" },
                },
            } },
        },
        "security": [{ "token": [] }],
    })
}

pub(crate) async fn get() -> Json<Value> {
    Json(document())
}

fn operation(route: &Route) -> Value {
    let in_path = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let parameters: Vec<Value> = in_path
        .map(|name| parameter(name, "path", ""))
        .chain(route.query.iter().map(|(name, about)| parameter(name, "query", about)))
        .collect();
    let mut operation = json!({
        "summary": route.summary,
        "x-role": route.role,
        "parameters": parameters,
        "responses": {
            "200": { "description": "the answer", "content": { "application/json": {} } },
            "401": refused(), "403": refused(), "404": refused(), "429": refused(),
        },
    });
    if let Some(operation) = operation.as_object_mut().filter(|_| !route.body.is_empty()) {
        let properties: Map<String, Value> =
            route.body.iter().map(|(name, about)| ((*name).to_owned(), json!({ "description": about }))).collect();
        let schema = json!({ "type": "object", "properties": properties });
        operation.insert("requestBody".into(), json!({ "content": { "application/json": { "schema": schema } } }));
    }
    operation
}

fn parameter(name: &str, place: &str, about: &str) -> Value {
    json!({ "name": name, "in": place, "required": place == "path", "description": about, "schema": { "type": "string" } })
}

fn refused() -> Value {
    json!({ "description": "why not", "content": { "application/problem+json": {
        "schema": { "$ref": "#/components/schemas/Problem" } } } })
}
