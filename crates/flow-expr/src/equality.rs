//! When two values are the same, and which comes first.
//!
//! `Decimal` compares by amount (`1.0 == 1.00`), `Float` by IEEE 754 total order with the two zeros
//! and all NaNs made one each (so `==` is reflexive and values can be sorted and grouped), tables and
//! files by the hash of their content (tables that are not stored yet by their cells). Kinds never mix: `1` and `1.0` are different values here, since the checker made every
//! coercion explicit. Closures are equal to nothing.

use crate::{FileHandle, MapKey, Record, Table, Value, VariantValue};
use std::{cmp::Ordering, sync::Arc};

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unit, Self::Unit) | (Self::Absent, Self::Absent) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => float_key(*a) == float_key(*b),
            (Self::Decimal(a), Self::Decimal(b)) => a == b,
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Date(a), Self::Date(b)) => a == b,
            (Self::Time(a), Self::Time(b)) => a == b,
            (Self::Timestamp(a), Self::Timestamp(b)) => a == b,
            (Self::Duration(a), Self::Duration(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Json(a), Self::Json(b)) => Arc::ptr_eq(a, b) || a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => a == b,
            (Self::Record(a), Self::Record(b)) => a == b,
            (Self::Variant(a), Self::Variant(b)) => a == b,
            (Self::Table(a), Self::Table(b)) => a == b,
            (Self::File(a), Self::File(b)) => a == b,
            _ => false,
        }
    }
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        self.ty == other.ty && self.fields == other.fields
    }
}

impl PartialEq for VariantValue {
    fn eq(&self, other: &Self) -> bool {
        self.ty == other.ty && self.variant == other.variant && self.fields == other.fields
    }
}

impl PartialEq for Table {
    /// By content hash where both are stored, else by cells where both are loaded, else not at all.
    fn eq(&self, other: &Self) -> bool {
        if !self.hash.is_empty() && !other.hash.is_empty() {
            return self.hash == other.hash;
        }
        let (Some(a), Some(b)) = (&self.data, &other.data) else { return false };
        let same_cells = || {
            let columns = a.columns().len();
            (0..a.rows()).all(|row| (0..columns).all(|column| a.cell(row, column) == b.cell(row, column)))
        };
        Arc::ptr_eq(a, b) || (a.rows() == b.rows() && a.columns() == b.columns() && same_cells())
    }
}

impl PartialEq for FileHandle {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
    }
}

impl Eq for FileHandle {}

impl From<MapKey> for Value {
    fn from(key: MapKey) -> Self {
        match key {
            MapKey::Bool(flag) => Self::Bool(flag),
            MapKey::Int(number) => Self::Int(number),
            MapKey::Date(date) => Self::Date(date),
            MapKey::String(text) => Self::String(text),
            MapKey::Variant(ty, variant) => Self::Variant(Arc::new(VariantValue { ty, variant, fields: vec![] })),
        }
    }
}

impl MapKey {
    /// The key that a value is, if it can be one.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Int(number) => Self::Int(*number),
            Value::Date(date) => Self::Date(*date),
            Value::String(text) => Self::String(text.clone()),
            Value::Variant(variant) if variant.fields.is_empty() => {
                Self::Variant(variant.ty.clone(), variant.variant.clone())
            }
            _ => return None,
        })
    }
}

/// Bits that order as [`f64::total_cmp`] does, with one zero, and one NaN above all numbers.
pub(crate) fn float_key(number: f64) -> i64 {
    if number.is_nan() {
        return i64::MAX;
    }
    let bits = if number == 0.0 { 0 } else { number.to_bits() as i64 };
    bits ^ ((((bits >> 63) as u64) >> 1) as i64)
}

/// The order of two values of one ordered type; `None` where there is none.
///
/// Text orders by code points, `false` before `true`, absent values last. Variants of an enum order by
/// declaration, which only a type table knows: [`crate::eval`] asks it before it comes here.
#[must_use]
pub fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    Some(match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Float(a), Value::Float(b)) => float_key(*a).cmp(&float_key(*b)),
        (Value::Decimal(a), Value::Decimal(b)) => a.cmp(b),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::Time(a), Value::Time(b)) => a.cmp(b),
        (Value::Timestamp(a), Value::Timestamp(b)) => a.cmp(b),
        (Value::Duration(a), Value::Duration(b)) => a.cmp(b),
        (Value::Absent, Value::Absent) => Ordering::Equal,
        (Value::Absent, _) => Ordering::Greater,
        (_, Value::Absent) => Ordering::Less,
        (Value::List(a), Value::List(b)) => {
            for (a, b) in a.iter().zip(b.iter()) {
                match compare(a, b)? {
                    Ordering::Equal => {}
                    unequal => return Some(unequal),
                }
            }
            a.len().cmp(&b.len())
        }
        _ => return None,
    })
}
