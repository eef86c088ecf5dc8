//! What guards find in texts: `std.guard`.
//!
//! The findings are [`crate::prose`]'s; here are the arguments, the limits, and the walk through a source of any type.

use super::{call::Call, text::builtins};
use crate::{EvalError, Value, codec, eval::Fault, prose, render, schema::Schema};
use serde_json::Value as Json;
use std::{borrow::Cow, collections::HashSet, sync::Arc};

type Outcome = Result<Value, EvalError>;

const MODULE: &str = "std.guard";

builtins! {
    "personal_data" "(text: String) -> List<String>" "The kinds of personal data that occur in a text, of `e-mail`, `phone`, `iban` and `card`, by their form; IBANs and cards by their check digits too. Names and postal addresses are not looked for." => |call| { let kinds = prose::personal::kinds(call.text(0)?); strings(call, kinds) },
    "language" "(text: String) -> String?" "The language of a text by its small words: `en`, `de`, `fr`, `es`, `it`, `nl`, `pt`, or `other` where most letters are not Latin; no value where that cannot be told, as in a text of a few words." => |call| {
        match prose::language::language(call.text(0)?) {
            Some(code) => call.string(code),
            None => Ok(Value::Absent),
        }
    },
    "likeness" "(text: String, other: String) -> Decimal" "How alike two texts are, from 0 to 1: twice the words that both have, by the words of both (Dice's coefficient). Order and capitals do not count." => |call| { let likeness = prose::likeness::likeness(call.text(0)?, call.text(1)?); Ok(Value::Decimal(likeness)) },
    "names" "(text: String) -> List<String>" "The names in a text: words with a capital letter that no sentence's start asks for, and several in a row as one." => |call| { let names = prose::names::names(call.text(0)?); strings(call, names) },
    "names_missing" "(text: String, source: T) -> List<String>" "The names in a text that have a word which occurs nowhere in the source, its texts, keys and fields' names included." => names_missing,
    "fits_schema" "(value: T, schema: Json) -> Bool" "Whether a value fits a JSON Schema. A String is looked at as the JSON that it holds, anything else in the form in which steps receive it." => fits_schema,
    "fits_schema" "(value: T, schema: String) -> Bool" "Whether a value fits a JSON Schema that is given as text." => fits_schema,
    "schema_errors" "(value: T, schema: Json) -> List<String>" "What of a value does not fit a JSON Schema, with the places; empty where it fits." => schema_errors,
    "schema_errors" "(value: T, schema: String) -> List<String>" "What of a value does not fit a JSON Schema that is given as text." => schema_errors,
}

fn fits_schema(call: &mut Call<'_, '_, '_>) -> Outcome {
    let schema = schema(call)?;
    Ok(Value::Bool(json(call)?.is_ok_and(|json| schema.fits(&json))))
}

fn schema_errors(call: &mut Call<'_, '_, '_>) -> Outcome {
    let schema = schema(call)?;
    match json(call)? {
        Ok(json) => strings(call, schema.errors(&json)),
        Err(why) => strings(call, vec![why]),
    }
}

/// The second argument as a schema, compiled once per evaluation.
fn schema(call: &mut Call<'_, '_, '_>) -> Result<Arc<Schema>, EvalError> {
    let text: Arc<str> = match call.value(1)? {
        Value::String(text) => text.clone(),
        value => {
            let weighed = call.machine.meter.weigh(value);
            call.locate(weighed)?;
            call.json(1)?.to_string().into()
        }
    };
    if let Some(known) = call.machine.schemas.get(&text) {
        return Ok(known.clone());
    }
    match Schema::of_text(&text) {
        Ok(schema) => {
            let schema = Arc::new(schema);
            call.machine.schemas.insert(text, schema.clone());
            Ok(schema)
        }
        Err(why) => call.fail(Fault::argument(format!("this is no JSON Schema: {why}"))),
    }
}

/// The first argument as JSON, or why it is none.
fn json<'e>(call: &mut Call<'_, '_, 'e>) -> Result<Result<Cow<'e, Json>, String>, EvalError> {
    let value = call.value(0)?;
    let weighed = call.machine.meter.weigh(value);
    call.locate(weighed)?;
    Ok(match value {
        Value::Json(json) => Ok(Cow::Borrowed(json)),
        Value::String(text) => {
            // Two bytes of text make a node at most.
            call.bytes(text.len().saturating_mul(16))?;
            codec::parse_json(text).map(Cow::Owned).map_err(|error| format!("this is no JSON: {error}"))
        }
        Value::Table(_) => return call.fail(Fault::kind("a table has no JSON Schema")),
        other => Ok(Cow::Owned(codec::encode(other))),
    })
}

fn strings(call: &mut Call<'_, '_, '_>, texts: Vec<impl AsRef<str>>) -> Outcome {
    let bytes = texts.iter().map(|text| text.as_ref().len()).sum();
    call.bytes(bytes)?;
    call.list_of(texts.iter().map(|text| Value::String(text.as_ref().into())).collect())
}

fn names_missing(call: &mut Call<'_, '_, '_>) -> Outcome {
    let (text, source) = (call.text(0)?, call.value(1)?);
    let weighed = call.machine.meter.weigh(source);
    call.locate(weighed)?;
    let mut known = HashSet::new();
    know(call, source, &mut known)?;
    let missing = prose::names::names(text).into_iter().filter(|name| !prose::names::is_known(name, &known));
    strings(call, missing.collect::<Vec<_>>())
}

/// Adds the words of a value. Values nest as deeply as their types, or as the codec allows.
fn know(call: &mut Call<'_, '_, '_>, value: &Value, known: &mut HashSet<String>) -> Result<(), EvalError> {
    call.step()?;
    match value {
        Value::List(items) => items.iter().try_for_each(|item| know(call, item, known)),
        Value::Map(entries) => entries.iter().try_for_each(|(key, item)| {
            know(call, &Value::from(key.clone()), known)?;
            know(call, item, known)
        }),
        Value::Record(record) => record.fields.iter().try_for_each(|(name, item)| {
            prose::names::know(name, known);
            know(call, item, known)
        }),
        Value::Variant(variant) => {
            prose::names::know(&variant.variant, known);
            variant.fields.iter().try_for_each(|(name, item)| {
                prose::names::know(name, known);
                know(call, item, known)
            })
        }
        Value::Table(table) => {
            let Some(data) = &table.data else {
                return call.fail(Fault::kind("the rows of this table are not loaded here"));
            };
            data.columns().iter().for_each(|column| prose::names::know(column, known));
            (0..data.rows()).try_for_each(|row| {
                (0..data.columns().len()).try_for_each(|column| know(call, &data.cell(row, column), known))
            })
        }
        leaf => {
            let mut text = String::new();
            call.locate(render::text_into(leaf, &mut text))?;
            prose::names::know(&text, known);
            Ok(())
        }
    }
}
