//! From JSON to a value of a type, checking shape and refinements; every mismatch is collected.
//!
//! Fields that the type does not have are ignored: producers may add some. A missing field, or `null`, is
//! the absent value of an optional one and a mismatch of any other. No number is rounded to fit.

use super::{BorderError, BorderErrors, parse_scalar, scalar};
use crate::{
    Context, EvalError, Field, MapKey, MemoryTable, Name, Record, Type, TypeDef, Value, Variant, VariantValue,
    eval::Machine,
    render::{json_kind, short_json},
};
use flow_diag::{Code, codes};
use serde_json::{Map, Value as Json};
use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

/// The value of a type that JSON stands for. `root` names it in paths: a step's or parameter's name, or nothing.
///
/// # Errors
/// All places where type or refinements do not hold, up to [`super::ERROR_LIMIT`], with their total.
pub fn decode(json: &Json, ty: &Type, root: &str, context: &Context<'_>) -> Result<Value, BorderErrors> {
    Decoder::new(root, context).run(|decoder| decoder.value(json, ty))
}

/// The value of a type that a text stands for: a scalar or plain variant by itself, anything else as JSON.
///
/// For `--set name=value`, environment, cells of CSV: what a person writes without quotes.
///
/// # Errors
/// As [`decode`].
pub fn decode_text(text: &str, ty: &Type, root: &str, context: &Context<'_>) -> Result<Value, BorderErrors> {
    Decoder::new(root, context).run(|decoder| decoder.text(text, ty))
}

pub(super) struct Decoder<'a> {
    machine: Machine<'a>,
    context: &'a Context<'a>,
    path: String,
    /// Inside a field with a label: values are not shown.
    redacted: bool,
    errors: BorderErrors,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(root: &str, context: &'a Context<'a>) -> Self {
        let machine = Machine::new(&(), context);
        Self { machine, context, path: root.to_owned(), redacted: false, errors: BorderErrors::default() }
    }

    /// Whether nothing was wrong so far.
    pub(super) fn is_right(&self) -> bool {
        self.errors.total == 0
    }

    fn run(mut self, work: impl FnOnce(&mut Self) -> Option<Value>) -> Result<Value, BorderErrors> {
        match work(&mut self) {
            Some(value) if self.errors.total == 0 => Ok(value),
            _ => Err(self.errors),
        }
    }

    fn mismatch<T>(&mut self, code: Code, rule: impl Into<String>, found: impl Into<String>) -> Option<T> {
        let (path, redacted) = (&self.path, self.redacted);
        self.errors.push(|| {
            let found = if redacted { "[redacted]".to_owned() } else { found.into() };
            BorderError { code, path: path.clone(), rule: rule.into(), found }
        });
        None
    }

    fn wrong<T>(&mut self, json: &Json, rule: impl Into<String>) -> Option<T> {
        self.mismatch(codes::R0020, rule, short_json(json))
    }

    fn inside<T>(&mut self, step: std::fmt::Arguments<'_>, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.path.len();
        // Writing to a string cannot fail.
        let _ = self.path.write_fmt(step);
        let result = work(self);
        self.path.truncate(before);
        result
    }

    pub(super) fn value(&mut self, json: &Json, ty: &Type) -> Option<Value> {
        match ty {
            Type::Optional(inner) => {
                if json.is_null() {
                    return Some(Value::Absent);
                }
                self.value(json, inner)
            }
            Type::Unit if json.is_null() => Some(Value::Unit),
            Type::Json => Some(Value::Json(Arc::new(json.clone()))),
            Type::List(item) => {
                let Json::Array(items) = json else { return self.wrong(json, ty.to_string()) };
                self.items(items, item).map(|items| Value::List(items.into()))
            }
            Type::Map(key, item) => {
                let Json::Object(entries) = json else { return self.wrong(json, ty.to_string()) };
                self.map(entries, key, item)
            }
            Type::Table(row) => {
                let Json::Array(rows) = json else { return self.wrong(json, format!("an array of `{row}`")) };
                self.table(rows, row)
            }
            Type::Named(name) => self.named(json, name),
            Type::File | Type::Secret | Type::Function(..) | Type::Unknown | Type::Unit => {
                self.wrong(json, ty.to_string())
            }
            scalar => self.scalar(json, scalar),
        }
    }

    fn text(&mut self, text: &str, ty: &Type) -> Option<Value> {
        match ty {
            Type::Optional(inner) if text.is_empty() && **inner != Type::String => Some(Value::Absent),
            Type::Optional(inner) => self.text(text, inner),
            Type::List(_) | Type::Map(..) | Type::Table(_) | Type::Json | Type::Unit => self.json_text(text, ty),
            Type::Named(name) => match self.context.types.get(name) {
                Some(TypeDef::Refined { base, .. }) => {
                    let value = self.text(text, base)?;
                    self.refined(value, ty)
                }
                Some(TypeDef::Enum(_)) if !text.trim_start().starts_with('{') => self.value(&Json::from(text), ty),
                _ => self.json_text(text, ty),
            },
            scalar => parse_scalar(text, scalar).or_else(|| self.wrong(&Json::from(text), rule(scalar))),
        }
    }

    fn json_text(&mut self, text: &str, ty: &Type) -> Option<Value> {
        match super::parse_json_as(text, ty, self.context.types) {
            Ok(json) => self.value(&json, ty),
            Err(error) => self.mismatch(codes::R0020, format!("JSON of `{ty}`"), error.to_string()),
        }
    }

    fn scalar(&mut self, json: &Json, ty: &Type) -> Option<Value> {
        let found = match (ty, json) {
            (Type::Bool, Json::Bool(flag)) => Some(Value::Bool(*flag)),
            (Type::Int, Json::Number(number)) => whole(number).map(Value::Int),
            (Type::Float, Json::Number(number)) => number.as_f64().map(Value::Float),
            (Type::Float, Json::String(text)) if matches!(text.as_str(), "NaN" | "inf" | "-inf") => {
                scalar::float(text).map(Value::Float)
            }
            (Type::Decimal, Json::Number(number)) => match exact(number) {
                Some(number) => Some(Value::Decimal(number)),
                None => return self.wrong(json, "a Decimal (of more than 15 digits: as a string)"),
            },
            (Type::Bool | Type::Int | Type::Float, Json::String(_)) => None,
            (_, Json::String(text)) => parse_scalar(text, ty),
            _ => None,
        };
        found.or_else(|| self.wrong(json, rule(ty)))
    }

    fn items(&mut self, items: &[Json], ty: &Type) -> Option<Vec<Value>> {
        let mut values = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let value = self.inside(format_args!("[{index}]"), |decoder| decoder.value(item, ty));
            values.extend(value);
        }
        (values.len() == items.len()).then_some(values)
    }

    fn map(&mut self, entries: &Map<String, Json>, key: &Type, item: &Type) -> Option<Value> {
        let mut values = BTreeMap::new();
        let mut complete = true;
        for (name, json) in entries {
            let entry = self.inside(format_args!("[{name:?}]"), |decoder| {
                let key = decoder.key(name, key);
                Some((key?, decoder.value(json, item)?))
            });
            match entry {
                Some((key, value)) => drop(values.insert(key, value)),
                None => complete = false,
            }
        }
        complete.then(|| Value::Map(Arc::new(values)))
    }

    fn key(&mut self, name: &str, ty: &Type) -> Option<MapKey> {
        let value = self.text(name, ty)?;
        MapKey::from_value(&value).or_else(|| self.mismatch(codes::R0020, format!("a key of type `{ty}`"), name))
    }

    fn table(&mut self, rows: &[Json], ty: &Type) -> Option<Value> {
        let Some(fields) = self.context.types.record(ty) else {
            return self.mismatch(codes::R0020, "rows of a record type", ty.to_string());
        };
        let columns = fields.iter().map(|field| field.name.clone()).collect();
        let records = self.items(rows, ty)?;
        let cells = records.iter().map(|record| match record {
            Value::Record(record) => record.fields.iter().map(|(_, value)| value.clone()).collect(),
            _ => vec![],
        });
        Some(Value::Table(MemoryTable::new(columns, cells.collect()).into_table(ty.clone())))
    }

    fn named(&mut self, json: &Json, name: &Name) -> Option<Value> {
        match self.context.types.get(name) {
            Some(TypeDef::Refined { base, .. }) => {
                let value = self.value(json, base)?;
                self.refined(value, &Type::Named(name.clone()))
            }
            Some(TypeDef::Record(fields)) => {
                let Json::Object(object) = json else {
                    return self.wrong(json, format!("a record `{}`", name.short()));
                };
                let fields = self.fields(object, fields)?;
                Some(Value::Record(Arc::new(Record { ty: name.clone(), fields })))
            }
            Some(TypeDef::Enum(variants)) => self.variant(json, name, variants),
            None => self.mismatch(codes::R0020, format!("`{name}`, which is no type of this program"), json_kind(json)),
        }
    }

    fn refined(&mut self, value: Value, ty: &Type) -> Option<Value> {
        let broken = self.machine.broken_refinement(ty, None, &value);
        self.verdict(value, broken)
    }

    fn verdict(&mut self, value: Value, broken: Result<Option<Arc<str>>, EvalError>) -> Option<Value> {
        match broken {
            Ok(None) => Some(value),
            Ok(Some(text)) => self.mismatch(codes::R0021, format!("`{text}`"), crate::render::short(&value)),
            Err(error) => {
                let found = format!("{}: {}", crate::render::short(&value), error.message);
                self.mismatch(error.code, "a refinement that can be computed", found)
            }
        }
    }

    fn fields(&mut self, object: &Map<String, Json>, fields: &[Field]) -> Option<Vec<(Arc<str>, Value)>> {
        let mut values = Vec::with_capacity(fields.len());
        for field in fields {
            let redacted = self.redacted;
            self.redacted |= !field.labels.is_empty();
            let dot = if self.path.is_empty() { "" } else { "." };
            let value =
                self.inside(format_args!("{dot}{}", field.name), |decoder| decoder.field(object, field, fields));
            self.redacted = redacted;
            values.extend(value.map(|value| (field.name.clone(), value)));
        }
        (values.len() == fields.len()).then_some(values)
    }

    fn field(&mut self, object: &Map<String, Json>, field: &Field, fields: &[Field]) -> Option<Value> {
        let Some(json) = object.get(&*field.name) else {
            if matches!(field.ty, Type::Optional(_)) {
                return Some(Value::Absent);
            }
            // Names are not values: they are shown even under a label.
            let redacted = std::mem::take(&mut self.redacted);
            let found = nearest(object, field, fields).map_or("no such field".to_owned(), |name| format!("`{name}`"));
            self.mismatch::<()>(codes::R0020, format!("a field of type `{}`", field.ty), found);
            self.redacted = redacted;
            return None;
        };
        let value = self.value(json, &field.ty)?;
        let Some(own) = &field.refinement else { return Some(value) };
        // Refinements of the type itself were checked on the way.
        let broken = match (&value, self.machine.holds(own, &value)) {
            (Value::Absent, _) | (_, Ok(true)) => Ok(None),
            (_, Ok(false)) => Ok(Some(own.text.clone())),
            (_, Err(error)) => Err(error),
        };
        self.verdict(value, broken)
    }

    fn variant(&mut self, json: &Json, ty: &Name, variants: &[Variant]) -> Option<Value> {
        let (name, payload) = match json {
            Json::String(name) => (name.as_str(), None),
            Json::Object(object) if object.len() == 1 => match object.iter().next() {
                Some((name, payload)) => (name.as_str(), Some(payload)),
                None => return None,
            },
            _ => return self.wrong(json, names(variants)),
        };
        let Some(variant) = variants.iter().find(|variant| &*variant.name == name) else {
            return self.wrong(&Json::from(name), names(variants));
        };
        let none = Map::new();
        let object = match payload {
            None => &none,
            Some(Json::Object(object)) => object,
            Some(other) => return self.wrong(other, format!("the payload of `{name}`")),
        };
        let dot = if self.path.is_empty() { "" } else { "." };
        let fields = self.inside(format_args!("{dot}{name}"), |decoder| decoder.fields(object, &variant.payload))?;
        Some(Value::Variant(Arc::new(VariantValue { ty: ty.clone(), variant: variant.name.clone(), fields })))
    }
}

/// What a scalar type is in JSON.
fn rule(ty: &Type) -> String {
    match ty {
        Type::Int => "an Int".to_owned(),
        Type::Date => "a Date (2026-11-22)".to_owned(),
        Type::Time => "a Time (06:00)".to_owned(),
        Type::Timestamp => "a Timestamp (2026-11-22T06:00:00Z)".to_owned(),
        Type::Duration => "a Duration (PT1H30M or 1h30m)".to_owned(),
        Type::Bytes => "Bytes (hexadecimal digits)".to_owned(),
        other => format!("a {other}"),
    }
}

fn names(variants: &[Variant]) -> String {
    let names: Vec<String> = variants.iter().map(|variant| format!("`{}`", variant.name)).collect();
    format!("one of {}", names.join(", "))
}

/// A whole number: also `5.0`, which many programs write for 5.
fn whole(number: &serde_json::Number) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    number.as_i64().or_else(|| {
        let double = number.as_f64().filter(|_| number.is_f64())?;
        (double.fract() == 0.0 && double.abs() < EXACT).then_some(double as i64)
    })
}

/// The decimal that was written, as far as a double can tell: of up to 15 digits.
fn exact(number: &serde_json::Number) -> Option<rust_decimal::Decimal> {
    if let Some(whole) = number.as_i64() {
        return Some(whole.into());
    }
    if let Some(whole) = number.as_u64() {
        return Some(whole.into());
    }
    let found = scalar::decimal(&number.to_string())?;
    let digits = found.normalize().mantissa().unsigned_abs();
    (digits < 1_000_000_000_000_000).then_some(found)
}

/// A field that was given under a name that nobody asked for, like the one that is missing.
fn nearest<'j>(object: &'j Map<String, Json>, field: &Field, fields: &[Field]) -> Option<&'j str> {
    object
        .keys()
        .filter(|name| fields.iter().all(|declared| *declared.name != ***name))
        .map(|name| (strsim::damerau_levenshtein(name, &field.name), name.as_str()))
        .filter(|(distance, _)| *distance <= field.name.len().max(3) / 3)
        .min()
        .map(|(_, name)| name)
}
