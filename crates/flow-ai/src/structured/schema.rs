//! JSON Schema of a type, in the strict style that providers can hold a model to: every key required, no others.
//!
//! What a schema cannot say (refinements, how a duration is written) is in descriptions, which models read. The root is
//! always an object: what is none stands under `result`. Records are definitions of their own, so that recursive types
//! end. Knows no provider.

use super::read::WRAPPER;
use flow_expr::{Field, Name, Refinement, Type, TypeDef, TypeTable, Variant};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;

/// Whether values of the type are the answer's text itself, so that no schema is sent.
#[must_use]
pub fn is_text(ty: &Type, types: &TypeTable) -> bool {
    match ty {
        Type::String => true,
        Type::Named(name) => {
            matches!(types.get(name), Some(TypeDef::Refined { base, .. }) if is_text(base, types))
        }
        _ => false,
    }
}

/// The schema of a type, as [`super::read`] reads what fits it.
#[must_use]
pub fn schema(ty: &Type, types: &TypeTable) -> Json {
    let mut writer = Writer { types, names: BTreeMap::new(), definitions: Map::new() };
    let mut root = match types.record(ty) {
        Some(fields) => with_notes(writer.object(fields), &writer.notes(ty)),
        None => closed(Map::from_iter([(WRAPPER.to_owned(), writer.ty(ty))])),
    };
    if let (Json::Object(root), false) = (&mut root, writer.definitions.is_empty()) {
        root.insert("$defs".to_owned(), Json::Object(writer.definitions));
    }
    root
}

struct Writer<'a> {
    types: &'a TypeTable,
    /// What each definition is called.
    names: BTreeMap<Name, String>,
    definitions: Map<String, Json>,
}

impl Writer<'_> {
    fn ty(&mut self, ty: &Type) -> Json {
        match ty {
            Type::Unit => json!({"type": "null"}),
            Type::Bool => json!({"type": "boolean"}),
            Type::Int => json!({"type": "integer"}),
            Type::Float => json!({"type": "number"}),
            Type::Decimal => json!({"type": "number", "description": "an exact decimal number"}),
            Type::Date => json!({"type": "string", "format": "date", "description": "a day such as 2026-11-22"}),
            Type::Time => json!({"type": "string", "description": "a time of day such as 06:00 or 06:00:30"}),
            Type::Timestamp => {
                let description = "an instant such as 2026-11-22T06:00:00Z";
                json!({"type": "string", "format": "date-time", "description": description})
            }
            Type::Duration => json!({"type": "string", "description": "a length of time such as PT1H30M"}),
            Type::Bytes => json!({"type": "string", "description": "bytes as hexadecimal digits"}),
            Type::Optional(inner) => json!({"anyOf": [self.ty(inner), {"type": "null"}]}),
            Type::List(item) | Type::Table(item) => json!({"type": "array", "items": self.ty(item)}),
            Type::Map(key, item) => {
                let description = format!("keys are {}", self.key_words(key));
                json!({"type": "object", "additionalProperties": self.ty(item), "description": description})
            }
            Type::Named(name) => self.named(ty, name),
            Type::Json => json!({"additionalProperties": true, "description": "any JSON value"}),
            // What has no form in JSON never gets here: such a step does not compile.
            Type::String | Type::File | Type::Secret | Type::Function(..) | Type::Unknown => {
                json!({"type": "string"})
            }
        }
    }

    fn key_words(&self, key: &Type) -> String {
        match key {
            Type::Named(name) => match self.types.get(name) {
                Some(TypeDef::Enum(variants)) => {
                    let names: Vec<&str> = variants.iter().map(|variant| &*variant.name).collect();
                    format!("one of {}", names.join(", "))
                }
                _ => name.short().to_owned(),
            },
            Type::Int => "whole numbers".to_owned(),
            Type::Bool => "`true` and `false`".to_owned(),
            Type::Date => "days such as 2026-11-22".to_owned(),
            _ => "texts".to_owned(),
        }
    }

    fn named(&mut self, ty: &Type, name: &Name) -> Json {
        match self.types.get(name) {
            Some(TypeDef::Refined { base, refinement, .. }) => {
                let schema = self.ty(base);
                with_notes(schema, &[rule(refinement)])
            }
            Some(TypeDef::Enum(variants)) if variants.iter().all(|variant| variant.payload.is_empty()) => {
                let names: Vec<&str> = variants.iter().map(|variant| &*variant.name).collect();
                json!({"type": "string", "enum": names})
            }
            Some(_) => self.reference(name),
            None => json!({"type": "string", "description": ty.to_string()}),
        }
    }

    /// A reference to a record's or enum's definition, which is made when first needed.
    fn reference(&mut self, name: &Name) -> Json {
        if let Some(known) = self.names.get(name) {
            return json!({"$ref": format!("#/$defs/{known}")});
        }
        // Modules may have types of the same name.
        let short = name.short().to_owned();
        let taken = self.names.values().any(|known| *known == short);
        let called = if taken { name.as_str().replace('.', "_") } else { short };
        self.names.insert(name.clone(), called.clone());
        let types = self.types;
        let definition = match types.get(name) {
            Some(TypeDef::Record(fields)) => self.object(fields),
            Some(TypeDef::Enum(variants)) => self.variants(variants),
            Some(TypeDef::Refined { base, .. }) => self.ty(base),
            None => json!({"type": "string"}),
        };
        self.definitions.insert(called.clone(), definition);
        json!({"$ref": format!("#/$defs/{called}")})
    }

    fn object(&mut self, fields: &[Field]) -> Json {
        let property = |writer: &mut Self, field: &Field| {
            let notes: Vec<String> = field.refinement.iter().map(rule).collect();
            (field.name.to_string(), with_notes(writer.ty(&field.ty), &notes))
        };
        closed(fields.iter().map(|field| property(self, field)).collect())
    }

    /// Plain variants are their name, others an object with their name as its key.
    fn variants(&mut self, variants: &[Variant]) -> Json {
        let plain: Vec<&str> =
            variants.iter().filter(|variant| variant.payload.is_empty()).map(|variant| &*variant.name).collect();
        let mut choices = Vec::new();
        if !plain.is_empty() {
            choices.push(json!({"type": "string", "enum": plain}));
        }
        for variant in variants.iter().filter(|variant| !variant.payload.is_empty()) {
            let payload = self.object(&variant.payload);
            choices.push(closed(Map::from_iter([(variant.name.to_string(), payload)])));
        }
        json!({"anyOf": choices})
    }

    /// The refinements of an alias of a record.
    fn notes(&self, ty: &Type) -> Vec<String> {
        let mut notes = Vec::new();
        let mut ty = ty;
        while let Type::Named(name) = ty
            && let Some(TypeDef::Refined { base, refinement, .. }) = self.types.get(name)
        {
            notes.push(rule(refinement));
            ty = base;
        }
        notes
    }
}

fn rule(refinement: &Refinement) -> String {
    format!("must satisfy: {}", refinement.text)
}

/// An object with these keys and no others.
fn closed(properties: Map<String, Json>) -> Json {
    let required: Vec<Json> = properties.keys().map(|name| Json::from(name.as_str())).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// The schema with more in its description. Nothing may stand beside a reference, so that becomes a choice of one.
fn with_notes(schema: Json, notes: &[String]) -> Json {
    if notes.is_empty() {
        return schema;
    }
    let mut object = match schema {
        Json::Object(object) if !object.contains_key("$ref") => object,
        other => Map::from_iter([("anyOf".to_owned(), Json::from(vec![other]))]),
    };
    let before = object.get("description").and_then(Json::as_str).map(str::to_owned);
    let parts: Vec<&str> = before.as_deref().into_iter().chain(notes.iter().map(String::as_str)).collect();
    object.insert("description".to_owned(), Json::from(parts.join("; ")));
    Json::Object(object)
}
