//! What a kernel says of the rows of a batch.

use crate::kind::Kind;
use flow_expr::{TypeTable, Value, VariantValue};
use jiff::{SignedDuration, Timestamp, civil};
use std::sync::Arc;

/// For each row a value, or that it is for the evaluator to say.
#[derive(Debug)]
pub struct Answers {
    pub(crate) kind: Kind,
    pub(crate) values: Column,
    /// For each row 1 if it is for the evaluator; empty if none is.
    pub(crate) unknown: Vec<u8>,
    /// For each row 1 if it has no value; empty if all have.
    pub(crate) absent: Vec<u8>,
}

/// Values of rows.
#[derive(Debug)]
pub(crate) enum Column {
    /// Of a condition: 1 where it is known to hold, else 0.
    Flags(Vec<u8>),
    /// Of anything else.
    Words(Vec<u64>),
}

impl Answers {
    /// How many rows there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        match &self.values {
            Column::Flags(flags) => flags.len(),
            Column::Words(words) => words.len(),
        }
    }

    /// Whether the expression, a condition, holds for a row; none if the evaluator must say.
    #[must_use]
    pub fn holds(&self, row: usize) -> Option<bool> {
        let Column::Flags(flags) = &self.values else { return None };
        let odd = is_set(&self.unknown, row) || is_set(&self.absent, row);
        (!odd).then(|| is_set(flags, row))
    }

    /// The rows for which the condition is not known to hold, in order: those that break it, and those for the
    /// evaluator ([`Self::holds`] tells which).
    pub fn others(&self) -> impl Iterator<Item = usize> + '_ {
        let flags: &[u8] = match &self.values {
            Column::Flags(flags) => flags,
            Column::Words(_) => &[],
        };
        // Most often it holds for all rows of a chunk, which is seen at a glance.
        flags.chunks(64).enumerate().filter(|(_, chunk)| !all_set(chunk)).flat_map(|(number, chunk)| {
            chunk.iter().enumerate().filter(|(_, flag)| **flag == 0).map(move |(row, _)| number * 64 + row)
        })
    }

    /// The value for a row; none if the evaluator must say.
    #[must_use]
    pub fn value(&self, row: usize, types: &TypeTable) -> Option<Value> {
        if row >= self.rows() || is_set(&self.unknown, row) {
            return None;
        }
        if is_set(&self.absent, row) {
            return Some(Value::Absent);
        }
        let bits = match &self.values {
            Column::Flags(flags) => return Some(Value::Bool(is_set(flags, row))),
            Column::Words(words) => words[row],
        };
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

/// Whether the flag of a row is set; of no flags none is.
fn is_set(flags: &[u8], row: usize) -> bool {
    flags.get(row).is_some_and(|flag| *flag == 1)
}

/// Whether all flags are.
fn all_set(flags: &[u8]) -> bool {
    flags.iter().fold(1, |all, flag| all & flag) == 1
}
