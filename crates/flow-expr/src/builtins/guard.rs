//! What guards find in texts: `std.guard`.
//!
//! The findings are [`crate::prose`]'s; here are the arguments, the limits, and the walk through a source of any type.

use super::{call::Call, text::builtins};
use crate::{EvalError, Value, eval::Fault, prose, render};
use std::collections::HashSet;

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
