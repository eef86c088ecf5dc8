//! Comparison with the types at hand: `==`, `<`, sorting.
//!
//! Knows enums' order of declaration, which [`crate::compare`] cannot. An absent value is equal to
//! `none` only; `<` on one is a fault, while sorting puts it last.

use super::{arithmetic, error::Fault};
use crate::{BinaryOp, MapKey, Name, TypeDef, TypeTable, Value, VariantValue, render};
use jiff::{SignedDuration, Timestamp, civil};
use rust_decimal::Decimal;
use std::{cmp::Ordering, mem::discriminant, sync::Arc};

/// `left == right`; `Int` and `Decimal` meet, other kinds do not.
pub(super) fn equal(left: &Value, right: &Value) -> Result<bool, Fault> {
    match (left, right) {
        (Value::Int(a), Value::Decimal(b)) | (Value::Decimal(b), Value::Int(a)) => Ok(Decimal::from(*a) == *b),
        (Value::Absent, _) | (_, Value::Absent) => Ok(discriminant(left) == discriminant(right)),
        _ if discriminant(left) == discriminant(right) => Ok(left == right),
        _ => {
            let (left, right) = (render::kind(left), render::kind(right));
            Err(Fault::kind(format!("{left} and {right} cannot be compared")))
        }
    }
}

/// `left < right` and its kin.
pub(super) fn comparison(op: BinaryOp, left: &Value, right: &Value, types: &TypeTable) -> Result<Value, Fault> {
    let ordering = compare(left, right, types).map_err(|fault| match (left, right) {
        (Value::Absent, _) => Fault::absent(format!("the left side of `{}` has no value", arithmetic::symbol(op))),
        (_, Value::Absent) => Fault::absent(format!("the right side of `{}` has no value", arithmetic::symbol(op))),
        _ => fault,
    })?;
    Ok(Value::Bool(op.holds(ordering)))
}

/// The order of two values that are there.
fn compare(left: &Value, right: &Value, types: &TypeTable) -> Result<Ordering, Fault> {
    let found = match (left, right) {
        (Value::Absent, _) | (_, Value::Absent) => return Err(Fault::absent("a value to compare is absent")),
        (Value::Int(a), Value::Decimal(b)) => Some(Decimal::from(*a).cmp(b)),
        (Value::Decimal(a), Value::Int(b)) => Some(a.cmp(&Decimal::from(*b))),
        (Value::Variant(_) | Value::List(_), _) => {
            let (a, b) = (SortKey::of(left, types)?, SortKey::of(right, types)?);
            (discriminant(&a) == discriminant(&b)).then(|| a.cmp(&b))
        }
        _ => crate::compare(left, right),
    };
    found.ok_or_else(|| {
        let (left, right) = (render::kind(left), render::kind(right));
        Fault::kind(format!("{left} and {right} have no order"))
    })
}

/// A value as something that is totally ordered, whatever it is compared with, as sorting demands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SortKey {
    Bool(bool),
    Int(i64),
    Decimal(Decimal),
    Float(i64),
    String(Arc<str>),
    Date(civil::Date),
    Time(civil::Time),
    Timestamp(Timestamp),
    Duration(SignedDuration),
    Variant(usize, Vec<SortKey>),
    List(Vec<SortKey>),
    Absent,
}

impl SortKey {
    pub(crate) fn of(value: &Value, types: &TypeTable) -> Result<Self, Fault> {
        Ok(match value {
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Int(number) => Self::Int(*number),
            Value::Decimal(number) => Self::Decimal(*number),
            Value::Float(number) => Self::Float(crate::equality::float_key(*number)),
            Value::String(text) => Self::String(text.clone()),
            Value::Date(date) => Self::Date(*date),
            Value::Time(time) => Self::Time(*time),
            Value::Timestamp(instant) => Self::Timestamp(*instant),
            Value::Duration(length) => Self::Duration(*length),
            Value::Absent => Self::Absent,
            Value::Variant(variant) => {
                let payload = variant.fields.iter().map(|(_, value)| Self::of(value, types));
                Self::Variant(position(variant, types)?, payload.collect::<Result<_, _>>()?)
            }
            Value::List(items) => Self::List(items.iter().map(|item| Self::of(item, types)).collect::<Result<_, _>>()?),
            other => return Err(Fault::kind(format!("{} has no order", render::kind(other)))),
        })
    }
}

/// Where a variant stands in its enum.
fn position(variant: &VariantValue, types: &TypeTable) -> Result<usize, Fault> {
    variants(&variant.ty, types)
        .and_then(|variants| variants.iter().position(|declared| declared.name == variant.variant))
        .ok_or_else(|| Fault::kind(format!("`{}` is no variant of `{}`", variant.variant, variant.ty)))
}

/// The variants of an enum, through refined aliases.
pub(crate) fn variants<'t>(name: &Name, types: &'t TypeTable) -> Option<&'t [crate::Variant]> {
    match types.get(name)? {
        TypeDef::Enum(variants) => Some(variants),
        TypeDef::Refined { base: crate::Type::Named(base), .. } => variants_of_base(base, types),
        _ => None,
    }
}

fn variants_of_base<'t>(name: &Name, types: &'t TypeTable) -> Option<&'t [crate::Variant]> {
    match types.get(name)? {
        TypeDef::Enum(variants) => Some(variants),
        _ => None,
    }
}

/// The key of a map that a value is.
pub(crate) fn map_key(value: &Value) -> Result<MapKey, Fault> {
    match value {
        Value::Absent => Err(Fault::absent("the key has no value")),
        _ => MapKey::from_value(value)
            .ok_or_else(|| Fault::kind(format!("{} cannot be the key of a map", render::kind(value)))),
    }
}
