//! Text: `std.text`.
//!
//! Characters are Unicode code points. Positions count from 0.

use super::call::Call;
use crate::{EvalError, Type, Value, codec, eval::Fault, render};
use regex::{Regex, RegexBuilder};
use std::sync::Arc;

type Outcome = Result<Value, EvalError>;

const MODULE: &str = "std.text";

macro_rules! builtins {
    ($($name:literal $text:literal $docs:literal => $run:expr,)*) => {
        pub(super) const GROUP: (&str, &[$crate::builtins::registry::Line]) = (MODULE, &[$(($name, $text, $docs, $run)),*]);
    };
}
pub(super) use builtins;

builtins! {
    "text" "(value: T) -> String" "The text of any value, as a hole prints it: numbers so that they read back, times in ISO 8601." => text,
    "length" "(text: String) -> Int" "How many characters a text has." => |call| Ok(Value::Int(call.text(0)?.chars().count() as i64)),
    "length" "(bytes: Bytes) -> Int" "How many bytes there are." => |call| match call.value(0)? {
        Value::Bytes(bytes) => Ok(Value::Int(bytes.len() as i64)),
        _ => call.fail(Fault::kind("expected Bytes")),
    },
    "is_empty" "(text: String) -> Bool" "Whether a text has no characters." => |call| Ok(Value::Bool(call.text(0)?.is_empty())),
    "is_blank" "(text: String) -> Bool" "Whether a text has nothing but white space." => |call| Ok(Value::Bool(call.text(0)?.trim().is_empty())),
    "upper" "(text: String) -> String" "The text in capital letters." => |call| { let text = call.text(0)?.to_uppercase(); call.string(text) },
    "lower" "(text: String) -> String" "The text in small letters." => |call| { let text = call.text(0)?.to_lowercase(); call.string(text) },
    "trim" "(text: String) -> String" "The text without white space at its ends." => |call| { let text = call.text(0)?.trim(); call.string(text) },
    "trim_start" "(text: String) -> String" "The text without white space at its start." => |call| { let text = call.text(0)?.trim_start(); call.string(text) },
    "trim_end" "(text: String) -> String" "The text without white space at its end." => |call| { let text = call.text(0)?.trim_end(); call.string(text) },
    "split" "(text: String, separator: String) -> List<String>" "The pieces between separators, empty ones too. The separator must not be empty." => split,
    "lines" "(text: String) -> List<String>" "The lines of a text, without their ends; a last empty one is left out." => lines,
    "words" "(text: String) -> List<String>" "The pieces between white space." => words,
    "join" "(texts: List<String>, separator: String = \"\") -> String" "The texts one after another, with the separator between them." => join,
    "replace" "(text: String, old: String, new: String) -> String" "The text with every `old` replaced. `old` must not be empty." => replace,
    "contains" "(text: String, part: String) -> Bool" "Whether a text has this part." => |call| Ok(Value::Bool(call.text(0)?.contains(&**call.text(1)?))),
    "starts_with" "(text: String, start: String) -> Bool" "Whether a text begins so." => |call| Ok(Value::Bool(call.text(0)?.starts_with(&**call.text(1)?))),
    "ends_with" "(text: String, end: String) -> Bool" "Whether a text ends so." => |call| Ok(Value::Bool(call.text(0)?.ends_with(&**call.text(1)?))),
    "index_of" "(text: String, part: String) -> Int?" "The position of the first such part." => index_of,
    "matches" "(text: String, pattern: String) -> Bool" "Whether a regular expression matches somewhere in a text; `^` and `$` anchor it. Takes linear time." => |call| { let found = regex(call, 1)?.is_match(call.text(0)?); Ok(Value::Bool(found)) },
    "extract" "(text: String, pattern: String) -> String?" "What a regular expression finds first: its first group if it has one, else all of it." => extract,
    "substring" "(text: String, start: Int, count: Int) -> String" "The `count` characters from position `start` on; fewer where the text ends." => substring,
    "pad_start" "(text: String, width: Int, fill: String = \" \") -> String" "The text with `fill` in front until it has `width` characters." => |call| pad(call, true),
    "pad_end" "(text: String, width: Int, fill: String = \" \") -> String" "The text with `fill` after it until it has `width` characters." => |call| pad(call, false),
    "repeat" "(text: String, times: Int) -> String" "The text so many times." => repeat,
    "url_encode" "(text: String) -> String" "The text percent-encoded for a part of a URL: all but ASCII letters, digits and `-._~`." => url_encode,
    "numbers" "(value: T) -> List<Decimal>" "Every number that occurs in a text, or in the texts of all parts of a value, in order: `1,234.50` is one, and so is `1.234,50`; signs count after white space or at the start. Digits of any script count." => numbers,
    "hash" "(value: T) -> String" "The BLAKE3 hash of a value, 64 hexadecimal digits. Equal values have equal hashes. Takes labels away: it cannot be undone, but short values can be guessed." => hash,
    "redact" "(value: T) -> String" "The text `[redacted]`, whatever the value. Takes labels away." => |call| call.string("[redacted]"),
    "declassify" "(value: T, because: String) -> T" "The value as it is, without its labels. The reason must be a text that stands there; `flowc audit labels` lists each of them." => |call| call.value(0).cloned(),
}

fn text(call: &mut Call<'_, '_, '_>) -> Outcome {
    let value = call.value(0)?;
    let weighed = call.machine.meter.weigh(value);
    call.locate(weighed)?;
    let mut text = String::new();
    call.locate(render::text_into(value, &mut text))?;
    call.string(text)
}

fn hash(call: &mut Call<'_, '_, '_>) -> Outcome {
    let value = call.value(0)?;
    let weighed = call.machine.meter.look(value);
    call.locate(weighed)?;
    call.string(crate::digest(value))
}

fn not_empty<'t>(call: &Call<'_, '_, '_>, text: &'t str, what: &str) -> Result<&'t str, EvalError> {
    if text.is_empty() { call.fail(Fault::argument(format!("the {what} must not be empty"))) } else { Ok(text) }
}

fn pieces<'t>(call: &mut Call<'_, '_, '_>, pieces: impl Iterator<Item = &'t str>) -> Outcome {
    let mut found = Vec::new();
    for piece in pieces {
        call.bytes(piece.len())?;
        call.elements(1)?;
        found.push(Value::String(piece.into()));
    }
    Ok(Value::List(found.into()))
}

fn split(call: &mut Call<'_, '_, '_>) -> Outcome {
    let (text, separator) = (call.text(0)?, call.text(1)?);
    not_empty(call, separator, "separator")?;
    pieces(call, text.split(&**separator))
}

fn lines(call: &mut Call<'_, '_, '_>) -> Outcome {
    let text = call.text(0)?;
    pieces(call, text.lines())
}

fn words(call: &mut Call<'_, '_, '_>) -> Outcome {
    let text = call.text(0)?;
    pieces(call, text.split_whitespace())
}

fn join(call: &mut Call<'_, '_, '_>) -> Outcome {
    let (items, separator) = (call.list(0)?, call.text_or(1, "")?);
    let mut text = String::new();
    for (index, item) in items.iter().enumerate() {
        let Value::String(item) = item else {
            return call.fail(Fault::kind(format!("expected a list of String, found {} in it", render::kind(item))));
        };
        let separator = if index == 0 { "" } else { separator };
        call.bytes(separator.len() + item.len())?;
        text.push_str(separator);
        text.push_str(item);
    }
    Ok(Value::String(text.into()))
}

fn replace(call: &mut Call<'_, '_, '_>) -> Outcome {
    let (text, old, new) = (call.text(0)?, call.text(1)?, call.text(2)?);
    not_empty(call, old, "text to replace")?;
    // Counted before it is made.
    call.bytes(text.matches(&**old).count().saturating_mul(new.len()).saturating_add(text.len()))?;
    Ok(Value::String(text.replace(&**old, new).into()))
}

fn index_of(call: &mut Call<'_, '_, '_>) -> Outcome {
    let (text, part) = (call.text(0)?, call.text(1)?);
    Ok(match text.find(&**part) {
        Some(byte) => Value::Int(text[..byte].chars().count() as i64),
        None => Value::Absent,
    })
}

/// The argument as a regular expression, compiled once per evaluation.
fn regex(call: &mut Call<'_, '_, '_>, index: usize) -> Result<Arc<Regex>, EvalError> {
    let pattern = call.text(index)?;
    if let Some(known) = call.machine.regexes.get(pattern) {
        return Ok(known.clone());
    }
    match RegexBuilder::new(pattern).size_limit(1 << 20).build() {
        Ok(regex) => {
            let regex = Arc::new(regex);
            call.machine.regexes.insert(pattern.clone(), regex.clone());
            Ok(regex)
        }
        Err(error) => {
            let reason = error.to_string();
            let reason = reason.lines().last().unwrap_or_default().trim_start_matches("error: ");
            call.fail(Fault::argument(format!("{pattern:?} is no regular expression: {reason}")))
        }
    }
}

fn extract(call: &mut Call<'_, '_, '_>) -> Outcome {
    let regex = regex(call, 1)?;
    let text = call.text(0)?;
    let found = regex.captures(text).and_then(|groups| groups.get(usize::from(groups.len() > 1)));
    match found {
        Some(found) => call.string(found.as_str()),
        None => Ok(Value::Absent),
    }
}

fn substring(call: &mut Call<'_, '_, '_>) -> Outcome {
    let (text, start, count) = (call.text(0)?, call.count(1)?, call.count(2)?);
    let part: String = text.chars().skip(start).take(count).collect();
    call.string(part)
}

fn pad(call: &mut Call<'_, '_, '_>, front: bool) -> Outcome {
    let (text, width, fill) = (call.text(0)?, call.count(1)?, call.text_or(2, " ")?);
    not_empty(call, fill, "fill")?;
    let missing = width.saturating_sub(text.chars().count());
    call.bytes(missing.saturating_mul(4).saturating_add(text.len()))?;
    let padding: String = fill.chars().cycle().take(missing).collect();
    let padded = if front { [&padding, &**text].concat() } else { [&**text, &padding].concat() };
    Ok(Value::String(padded.into()))
}

fn repeat(call: &mut Call<'_, '_, '_>) -> Outcome {
    let (text, times) = (call.text(0)?, call.count(1)?);
    call.bytes(text.len().saturating_mul(times))?;
    Ok(Value::String(text.repeat(if text.is_empty() { 0 } else { times }).into()))
}

fn url_encode(call: &mut Call<'_, '_, '_>) -> Outcome {
    let text = call.text(0)?;
    call.bytes(text.len().saturating_mul(3))?;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    Ok(Value::String(encoded.into()))
}

fn numbers(call: &mut Call<'_, '_, '_>) -> Outcome {
    static NUMBER: std::sync::LazyLock<Option<Regex>> = std::sync::LazyLock::new(|| {
        Regex::new(r"(?:(^|\s)([+-]))?([0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?)").ok()
    });
    let value = call.value(0)?;
    let weighed = call.machine.meter.weigh(value);
    call.locate(weighed)?;
    let mut found = Vec::new();
    if let Some(pattern) = &*NUMBER {
        numbers_in(call, value, pattern, &mut found)?;
    }
    Ok(Value::List(found.into()))
}

fn numbers_in(
    call: &mut Call<'_, '_, '_>,
    value: &Value,
    pattern: &Regex,
    found: &mut Vec<Value>,
) -> Result<(), EvalError> {
    call.step()?;
    match value {
        Value::List(items) => items.iter().try_for_each(|item| numbers_in(call, item, pattern, found)),
        Value::Map(entries) => entries.iter().try_for_each(|(key, item)| {
            numbers_in(call, &Value::from(key.clone()), pattern, found)?;
            numbers_in(call, item, pattern, found)
        }),
        Value::Record(record) => record.fields.iter().try_for_each(|(_, item)| numbers_in(call, item, pattern, found)),
        Value::Variant(variant) => {
            variant.fields.iter().try_for_each(|(_, item)| numbers_in(call, item, pattern, found))
        }
        Value::Table(table) => {
            let Some(data) = &table.data else {
                return call.fail(Fault::kind("the rows of this table are not loaded here"));
            };
            (0..data.rows()).try_for_each(|row| {
                (0..data.columns().len())
                    .try_for_each(|column| numbers_in(call, &data.cell(row, column), pattern, found))
            })
        }
        leaf => {
            let mut text = String::new();
            call.locate(render::text_into(leaf, &mut text))?;
            for groups in pattern.captures_iter(&crate::prose::fold::fold(&text)) {
                let written = groups.get(3).map_or("", |digits| digits.as_str());
                // A comma after a point separates the fraction.
                let digits = match (written.find('.'), written.rfind(',')) {
                    (Some(point), Some(comma)) if point < comma => written.replace('.', "").replace(',', "."),
                    _ => written.replace(',', ""),
                };
                let sign = groups.get(2).map_or("", |sign| sign.as_str());
                call.elements(1)?;
                // What a Decimal cannot hold is no number that a text could be checked against.
                found.extend(codec::parse_scalar(&format!("{}{digits}", sign.trim_start_matches('+')), &Type::Decimal));
            }
            Ok(())
        }
    }
}
