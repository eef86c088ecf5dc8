//! Data in the text of a test, or in a file beside it: checked against the type that it stands in for.
//!
//! Everything is decoded while compiling, by the rules of the border, so a bad cell is an error at its line.
//! A table becomes the list of its rows.

use super::problems::BadData;
use crate::expr::Elaborator;
use flow_diag::{FileId, Span};
use flow_expr::{
    Context, Field, Type, Value,
    codec::{self, BorderErrors},
};
use flow_plan::CsvOptions;
use flow_syntax::ast::TextMap;
use jiff::{Timestamp, civil};
use serde_json::Value as Json;
use std::sync::Arc;

/// Where data stands.
pub(super) enum Origin {
    /// In the program.
    Inline {
        /// From bytes of the data to bytes of the file.
        map: TextMap,
        /// The file.
        file: FileId,
        /// All of it.
        at: Span,
    },
    /// In a file of its own.
    File {
        /// Where it is named.
        at: Span,
        /// Its path.
        path: Arc<str>,
    },
}

impl Origin {
    /// The span of a range of bytes, and what to say before the complaint.
    fn place(&self, text: &str, start: usize, end: usize) -> (Span, String) {
        match self {
            Self::Inline { map, file, .. } => {
                let bounds = (u32::try_from(start).unwrap_or(u32::MAX), u32::try_from(end).unwrap_or(u32::MAX));
                let range = map.range_to_source(bounds.0, bounds.1);
                (Span::new(*file, range.start().into(), range.end().into()), String::new())
            }
            Self::File { at, path } => {
                let line = 1 + text.as_bytes().iter().take(start).filter(|byte| **byte == b'\n').count();
                (*at, format!("{path}:{line}: "))
            }
        }
    }

    fn whole(&self) -> (Span, String) {
        match self {
            Self::Inline { at, .. } => (*at, String::new()),
            Self::File { at, path } => (*at, format!("{path}: ")),
        }
    }
}

/// The value that a text stands for; none if it does not fit, which is reported.
pub(super) fn decode(
    el: &mut Elaborator<'_>,
    format: &str,
    text: &str,
    origin: &Origin,
    ty: &Type,
    options: &CsvOptions,
) -> Option<Value> {
    let row = match el.env.base(ty) {
        Type::Table(row) | Type::List(row) => Some((**row).clone()),
        _ => None,
    };
    let mut wrong = vec![];
    let value = match (format, &row) {
        ("csv", Some(row)) => csv(el, text, origin, row, options, &mut wrong),
        ("jsonl", Some(row)) => lines(el, text, origin, row, &mut wrong),
        ("csv" | "jsonl", None) => {
            let (at, before) = origin.whole();
            wrong.push((at, format!("{before}rows are given where one value is expected")));
            None
        }
        _ => {
            let wanted = row.as_ref().map_or_else(|| ty.clone(), |row| Type::List(Arc::new(row.clone())));
            json(el, text, origin, &wanted, &mut wrong)
        }
    };
    let what = row.map_or_else(|| format!("a `{ty}`"), |row| format!("a row of `{row}`"));
    let is_right = wrong.is_empty();
    for (at, why) in wrong {
        el.problem(BadData { at, why, what: what.clone() });
    }
    value.filter(|_| is_right)
}

type Wrong = Vec<(Span, String)>;

fn json(el: &Elaborator<'_>, text: &str, origin: &Origin, ty: &Type, wrong: &mut Wrong) -> Option<Value> {
    let functions = el.env.functions.borrow();
    let context = Context::new(&functions, &el.env.types, Timestamp::UNIX_EPOCH);
    match codec::parse_json(text) {
        Ok(json) => codec::decode(&json, ty, "", &context)
            .map_err(|errors| {
                let (at, before) = origin.whole();
                wrong.push((at, format!("{before}{}", first(&errors))));
            })
            .ok(),
        Err(error) => {
            let start = offset(text, error.line(), error.column());
            let (at, before) = origin.place(text, start, (start + 1).min(text.len()));
            wrong.push((at, format!("{before}{error}")));
            None
        }
    }
}

fn lines(el: &Elaborator<'_>, text: &str, origin: &Origin, row: &Type, wrong: &mut Wrong) -> Option<Value> {
    let functions = el.env.functions.borrow();
    let context = Context::new(&functions, &el.env.types, Timestamp::UNIX_EPOCH);
    let mut rows = vec![];
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let (from, plain) = (start, line.trim_end());
        start += line.len();
        if plain.trim().is_empty() {
            continue;
        }
        let found = codec::parse_json(plain).map_err(|error| error.to_string());
        let found = found.and_then(|json| codec::decode(&json, row, "", &context).map_err(|errors| first(&errors)));
        match found {
            Ok(value) => rows.push(value),
            Err(why) => {
                let (at, before) = origin.place(text, from, from + plain.len());
                wrong.push((at, format!("{before}{why}")));
            }
        }
    }
    Some(Value::List(rows.into()))
}

fn csv(
    el: &Elaborator<'_>,
    text: &str,
    origin: &Origin,
    row: &Type,
    options: &CsvOptions,
    wrong: &mut Wrong,
) -> Option<Value> {
    let fields = el.env.types.record(row)?;
    let functions = el.env.functions.borrow();
    let context = Context::new(&functions, &el.env.types, Timestamp::UNIX_EPOCH);
    let delimiter = u8::try_from(options.delimiter).unwrap_or(b',');
    let mut reader =
        ::csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    let mut header: Option<Vec<usize>> = None;
    let mut width = 0;
    let mut rows = vec![];
    for record in reader.records() {
        let Ok(record) = record else { return None };
        let start = record.position().map_or(0, |position| usize::try_from(position.byte()).unwrap_or(0));
        let line = text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let place = |cell: &str| {
            let found = line.find(cell).filter(|_| !cell.is_empty());
            let (from, length) = found.map_or((0, line.len()), |at| (at, cell.len()));
            origin.place(text, start + from, start + from + length)
        };
        let Some(columns) = &header else {
            width = record.len();
            header = Some(columns(&record, fields, &place, wrong)?);
            continue;
        };
        if record.len() != width {
            let (at, before) = place("");
            wrong.push((at, format!("{before}it has {} cells, the header has {width}", record.len())));
            continue;
        }
        let mut object = serde_json::Map::new();
        let before = wrong.len();
        for (field, column) in fields.iter().zip(columns) {
            let cell = record.get(*column).unwrap_or_default();
            match self::cell(cell, field, options, &context) {
                Ok(json) => drop(object.insert(field.name.to_string(), json)),
                Err(why) => {
                    let (at, before) = place(cell);
                    wrong.push((at, format!("{before}{}: {why}", field.name)));
                }
            }
        }
        if wrong.len() > before {
            continue;
        }
        match codec::decode(&Json::Object(object), row, "", &context) {
            Ok(value) => rows.push(value),
            Err(errors) => {
                let (at, before) = place("");
                wrong.push((at, format!("{before}{}", first(&errors))));
            }
        }
    }
    if header.is_none() {
        let (at, before) = origin.whole();
        wrong.push((at, format!("{before}a header line with the names of columns is expected")));
    }
    Some(Value::List(rows.into()))
}

/// Which column each field is in; what is missing or not declared is told.
fn columns(
    record: &::csv::StringRecord,
    fields: &[Field],
    place: &dyn Fn(&str) -> (Span, String),
    wrong: &mut Wrong,
) -> Option<Vec<usize>> {
    let known = |name: &str| fields.iter().any(|field| *field.name == *name);
    for name in record.iter().filter(|name| !known(name.trim())) {
        let (at, before) = place(name);
        wrong.push((at, format!("{before}there is no field `{}`", name.trim())));
    }
    let mut found = vec![];
    for field in fields {
        match record.iter().position(|name| name.trim() == &*field.name) {
            Some(column) => found.push(column),
            None => {
                let (at, before) = place("");
                wrong.push((at, format!("{before}column `{}` is missing", field.name)));
            }
        }
    }
    (found.len() == fields.len()).then_some(found)
}

/// A cell as JSON of its field's type.
fn cell(text: &str, field: &Field, options: &CsvOptions, context: &Context<'_>) -> Result<Json, String> {
    let base = base(&field.ty, context);
    let optional = matches!(field.ty, Type::Optional(_));
    let is_text = base == Type::String && !optional;
    if (text.is_empty() && !is_text) || options.null.iter().any(|null| **null == *text) {
        return if optional { Ok(Json::Null) } else { Err(format!("a {} is expected, found an empty cell", field.ty)) };
    }
    if base == Type::String {
        return Ok(Json::String(text.to_owned()));
    }
    let formatted = match (&base, &options.date_format, &options.timestamp_format) {
        (Type::Date, Some(format), _) => civil::Date::strptime(&**format, text).ok().map(Value::Date),
        (Type::Timestamp, _, Some(format)) => Timestamp::strptime(&**format, text).ok().map(Value::Timestamp),
        _ => None,
    };
    let value = match formatted {
        Some(value) => Ok(value),
        None => codec::decode_text(text, &base, "", context),
    };
    value.map(|value| codec::encode(&value)).map_err(|errors| first(&errors))
}

/// A type through optionals and refined aliases, whose rules are checked with the row.
fn base(ty: &Type, context: &Context<'_>) -> Type {
    match ty.required() {
        Type::Named(name) => match context.types.get(name) {
            Some(flow_expr::TypeDef::Refined { base: inner, .. }) => base(inner, context),
            _ => ty.required().clone(),
        },
        other => other.clone(),
    }
}

fn first(errors: &BorderErrors) -> String {
    errors.errors.first().map_or_else(String::new, |error| {
        if error.path.is_empty() {
            format!("expected {}, found {}", error.rule, error.found)
        } else {
            error.to_string()
        }
    })
}

/// The byte at a line and column, both from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (start + column.saturating_sub(1)).min(text.len().saturating_sub(1))
}
