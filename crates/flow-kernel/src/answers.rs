//! What a kernel says of the rows of a batch.

use crate::kind::Kind;
use arrow_buffer::BooleanBuffer;
use flow_expr::{TypeTable, Value, VariantValue};
use jiff::{SignedDuration, Timestamp, civil};
use std::sync::Arc;

/// For each row a value, or that it is for the evaluator to say.
#[derive(Debug)]
pub struct Answers {
    pub(crate) kind: Kind,
    /// Of a Bool: for each row a bit, set where it is true, present and known. Else a value in each.
    pub(crate) values: Vec<u64>,
    /// Rows of which something is known; all without it.
    pub(crate) known: Option<BooleanBuffer>,
    /// Rows with a value; all without it.
    pub(crate) present: Option<BooleanBuffer>,
    pub(crate) rows: usize,
}

impl Answers {
    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Whether the expression, a condition, holds for a row; none if the evaluator must say.
    #[must_use]
    pub fn holds(&self, row: usize) -> Option<bool> {
        let known = self.known.as_ref().is_none_or(|known| known.value(row));
        let present = self.present.as_ref().is_none_or(|present| present.value(row));
        (known && present && self.kind == Kind::Bool).then(|| self.bit(row))
    }

    fn bit(&self, row: usize) -> bool {
        self.values[row / 64] >> (row % 64) & 1 == 1
    }

    /// The rows for which the condition is not known to hold, in order: those that break it, and those for the
    /// evaluator ([`Self::holds`] tells which).
    pub fn others(&self) -> impl Iterator<Item = usize> + '_ {
        let rows = self.rows;
        self.values.iter().enumerate().flat_map(move |(number, word)| {
            let first = number * 64;
            let mut rest = !word;
            if rows - first < 64 {
                rest &= (1 << (rows - first)) - 1;
            }
            std::iter::from_fn(move || {
                let bit = rest.trailing_zeros() as usize;
                rest &= rest.wrapping_sub(1);
                (bit < 64).then_some(first + bit)
            })
        })
    }

    /// The value for a row; none if the evaluator must say.
    #[must_use]
    pub fn value(&self, row: usize, types: &TypeTable) -> Option<Value> {
        if row >= self.rows || self.known.as_ref().is_some_and(|known| !known.value(row)) {
            return None;
        }
        if self.present.as_ref().is_some_and(|present| !present.value(row)) {
            return Some(Value::Absent);
        }
        if self.kind == Kind::Bool {
            return Some(Value::Bool(self.bit(row)));
        }
        let bits = self.values[row];
        let number = bits as i64;
        Some(match &self.kind {
            Kind::Int => Value::Int(number),
            Kind::Float => Value::Float(f64::from_bits(bits)),
            Kind::Date => {
                let days = SignedDuration::from_hours(number.checked_mul(24)?);
                Value::Date(civil::date(1970, 1, 1).checked_add(days).ok()?)
            }
            Kind::Time => Value::Time(civil::Time::midnight().checked_add(SignedDuration::from_micros(number)).ok()?),
            Kind::Timestamp => Value::Timestamp(Timestamp::from_microsecond(number).ok()?),
            Kind::Duration => Value::Duration(SignedDuration::from_micros(number)),
            Kind::Enum(name) => {
                let variants = crate::plan::variants(name, types)?;
                let variant = variants.get(usize::try_from(number).ok()?)?.clone();
                Value::Variant(Arc::new(VariantValue { ty: name.clone(), variant, fields: vec![] }))
            }
            Kind::Bool | Kind::Decimal(_) | Kind::Text => return None,
        })
    }
}
