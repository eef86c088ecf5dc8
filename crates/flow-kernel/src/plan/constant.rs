//! Constants as compiled code has them.

use crate::kind::Kind;
use flow_expr::{TypeDef, TypeTable, Value};
use rust_decimal::Decimal;
use std::sync::Arc;

/// A constant in a register.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Constant {
    Bool(bool),
    /// All kinds of one whole number.
    Whole(i64),
    Float(f64),
    /// Units of a Decimal.
    Units(i128),
}

/// Units of a Decimal stay below this, so that sums of two do not overflow and all of them are exact as Decimals.
pub(crate) const MOST_UNITS: i128 = 1 << 95;

/// The constant that a value is, with its kind; none if compiled code has no such.
pub(crate) fn constant(value: &Value, types: &TypeTable) -> Option<(Constant, Kind)> {
    Some(match value {
        Value::Bool(flag) => (Constant::Bool(*flag), Kind::Bool),
        Value::Int(number) => (Constant::Whole(*number), Kind::Int),
        Value::Float(number) => (Constant::Float(*number), Kind::Float),
        Value::Decimal(number) => {
            let plain = number.normalize();
            (Constant::Units(plain.mantissa()), Kind::Decimal(plain.scale()))
        }
        Value::Date(date) => {
            let days = date.duration_since(jiff::civil::date(1970, 1, 1)).as_hours() / 24;
            (Constant::Whole(days), Kind::Date)
        }
        Value::Time(time) => {
            let length = time.duration_since(jiff::civil::Time::midnight());
            (Constant::Whole(microseconds(length.as_nanos())?), Kind::Time)
        }
        Value::Timestamp(instant) => (Constant::Whole(microseconds(instant.as_nanosecond())?), Kind::Timestamp),
        Value::Duration(length) => (Constant::Whole(microseconds(length.as_nanos())?), Kind::Duration),
        Value::Variant(variant) if variant.fields.is_empty() => {
            let position = variants(&variant.ty, types)?.iter().position(|name| *name == variant.variant)?;
            (Constant::Whole(i64::try_from(position).ok()?), Kind::Enum(variant.ty.clone()))
        }
        _ => return None,
    })
}

/// The names of the variants of an enum.
pub(crate) fn variants(name: &flow_expr::Name, types: &TypeTable) -> Option<Arc<[Arc<str>]>> {
    match types.get(name)? {
        TypeDef::Enum(variants) => Some(variants.iter().map(|variant| variant.name.clone()).collect()),
        _ => None,
    }
}

/// Whole microseconds; none if there is a rest.
pub(crate) fn microseconds(nanoseconds: i128) -> Option<i64> {
    (nanoseconds % 1000 == 0).then(|| i64::try_from(nanoseconds / 1000).ok()).flatten()
}

/// Units as smaller ones, `digits` more after the point.
pub(crate) fn rescaled(units: i128, digits: u32) -> Option<i128> {
    let factor = 10_i128.checked_pow(digits)?;
    units.checked_mul(factor).filter(|units| units.abs() < MOST_UNITS)
}

/// The scale of a sum, product or comparison must be one that a Decimal can have.
pub(crate) const MOST_SCALE: u32 = Decimal::MAX_SCALE;
