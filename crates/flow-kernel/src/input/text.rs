//! Columns made from texts: answers to what a plan asks of them, and the positions of variants.
//!
//! The answers mean what the built-ins of `flow_expr::builtins` say. A text so long that the evaluator counts it is
//! left to it.

use super::{Batch, Input, Values};
use crate::plan::{TextOp, TextSide};
use arrow_array::{Array, ArrayRef, StringArray, cast::AsArray};
use arrow_buffer::{BooleanBuffer, BooleanBufferBuilder, NullBuffer};
use flow_expr::BinaryOp;
use std::sync::Arc;

/// Bytes of text that are looked at here.
const MOST_BYTES: usize = 1 << 20;

/// A column of texts with its default.
struct Texts<'t> {
    array: &'t StringArray,
    default: Option<&'t str>,
}

impl<'t> Texts<'t> {
    fn new(side: &'t TextSide, batch: &'t Batch<'_>) -> Option<Self> {
        let array = batch.arrays.get(side.column)?.as_string_opt::<i32>()?;
        (array.len() >= batch.rows).then_some(Self { array, default: side.default.as_deref() })
    }

    fn get(&self, row: usize) -> Option<&str> {
        if self.array.is_null(row) { self.default } else { Some(self.array.value(row)) }
    }

    fn present(&self) -> Option<NullBuffer> {
        let nulls = self.array.nulls().filter(|nulls| nulls.null_count() > 0);
        if self.default.is_some() { None } else { nulls.cloned() }
    }

    /// Rows whose texts are short enough; none if all are.
    fn known(&self, rows: usize) -> Option<BooleanBuffer> {
        let offsets = self.array.value_offsets();
        let longest = offsets.windows(2).map(|pair| pair[1].abs_diff(pair[0])).max().unwrap_or(0) as usize;
        (longest > MOST_BYTES)
            .then(|| BooleanBuffer::collect_bool(rows, |row| self.get(row).is_none_or(|text| text.len() <= MOST_BYTES)))
    }

    /// For each row what `ask` says of its text.
    fn bits(&self, rows: usize, ask: impl Fn(&str) -> bool) -> Values {
        Values::Bits(BooleanBuffer::collect_bool(rows, |row| self.get(row).is_some_and(&ask)))
    }
}

/// The answers to a question.
pub(super) fn answers(op: &TextOp, side: &TextSide, batch: &Batch<'_>) -> Option<Input> {
    let texts = Texts::new(side, batch)?;
    let rows = batch.rows;
    let values = match op {
        TextOp::Presence => Values::Bits(BooleanBuffer::new_set(rows)),
        TextOp::Compare(BinaryOp::Equal, wanted) => texts.bits(rows, |text| *text == **wanted),
        TextOp::Compare(BinaryOp::NotEqual, wanted) => texts.bits(rows, |text| *text != **wanted),
        TextOp::Compare(op, wanted) => texts.bits(rows, |text| op.holds(text.cmp(wanted))),
        TextOp::CompareWith(op, other) => return compared(&texts, *op, &Texts::new(other, batch)?, rows),
        TextOp::Length => {
            let length = |row| texts.get(row).map_or(0, |text| text.chars().count() as i64);
            Values::Words((0..rows).map(length).collect::<Vec<_>>().into())
        }
        TextOp::IsEmpty => texts.bits(rows, str::is_empty),
        TextOp::IsBlank => texts.bits(rows, |text| text.trim().is_empty()),
        TextOp::StartsWith(start) => texts.bits(rows, |text| text.starts_with(&**start)),
        TextOp::EndsWith(end) => texts.bits(rows, |text| text.ends_with(&**end)),
        TextOp::Contains(part) => texts.bits(rows, |text| text.contains(&**part)),
        TextOp::OneOf(set) => texts.bits(rows, |text| set.contains(text)),
        TextOp::Matches(regex) => texts.bits(rows, |text| regex.is_match(text)),
    };
    Some(Input { values, present: texts.present(), known: texts.known(rows) })
}

/// Two columns row by row; where one has no text, it is not known.
fn compared(left: &Texts<'_>, op: BinaryOp, right: &Texts<'_>, rows: usize) -> Option<Input> {
    let (mut bits, mut known) = (BooleanBufferBuilder::new(rows), BooleanBufferBuilder::new(rows));
    for row in 0..rows {
        let both = left.get(row).zip(right.get(row));
        let both = both.filter(|(left, right)| left.len().max(right.len()) <= MOST_BYTES);
        bits.append(both.is_some_and(|(left, right)| op.holds(left.cmp(right))));
        known.append(both.is_some());
    }
    Some(Input { values: Values::Bits(bits.finish()), present: None, known: Some(known.finish()) })
}

/// Where each variant stands in its enum; what is none is not known.
pub(super) fn positions(array: &ArrayRef, variants: &[Arc<str>]) -> Option<Input> {
    let texts = array.as_string_opt::<i32>()?;
    let mut strange = false;
    let mut last = 0;
    let mut position = |row| {
        if texts.is_null(row) {
            return 0;
        }
        let text = texts.value(row);
        // Neighbours are often alike.
        if variants.get(last).is_none_or(|variant| **variant != *text) {
            last = variants.iter().position(|variant| **variant == *text).unwrap_or(usize::MAX);
        }
        strange |= last == usize::MAX;
        i64::try_from(last).unwrap_or(-1)
    };
    let found: Vec<i64> = (0..texts.len()).map(&mut position).collect();
    let known = strange.then(|| BooleanBuffer::collect_bool(found.len(), |row| found[row] >= 0));
    let present = texts.nulls().filter(|nulls| nulls.null_count() > 0).cloned();
    Some(Input { values: Values::Words(found.into()), present, known })
}
