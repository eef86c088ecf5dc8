//! A column that the evaluator fills: the part of an expression that is not compiled.

use super::{Batch, Input, Values};
use crate::{
    kind::Kind,
    plan::{Constant, column_of, constant},
};
use arrow_buffer::{BooleanBufferBuilder, NullBuffer};
use flow_expr::{Context, Expr, Limits, Scope, Value, VarId, evaluate};

/// What a row may take; one that takes more is evaluated again by who has the whole expression and its limits.
const STEPS: u64 = 1_000_000;

/// The cells of a row, as variables.
struct Cells<'b> {
    batch: &'b Batch<'b>,
    row: usize,
}

impl Scope for Cells<'_> {
    fn get(&self, var: VarId) -> Option<Value> {
        let column = column_of(var)?;
        (column < self.batch.arrays.len()).then(|| (self.batch.cell)(self.row, column))
    }
}

/// The values of an expression; a row for which it has none, or one of another kind, is not known.
pub(super) fn column(expr: &Expr, kind: &Kind, depth: u32, batch: &Batch<'_>, context: &Context<'_>) -> Input {
    let rows = batch.rows;
    let limits = Limits {
        steps: context.limits.steps.min(STEPS),
        bytes: context.limits.bytes,
        depth: context.limits.depth.saturating_sub(depth),
    };
    let context = Context { limits, ..*context };
    let (mut known, mut present) = (BooleanBufferBuilder::new(rows), BooleanBufferBuilder::new(rows));
    let mut bits = BooleanBufferBuilder::new(rows);
    let (mut words, mut floats) = (Vec::new(), Vec::new());
    for row in 0..rows {
        let found = evaluate(expr, &Cells { batch, row }, &context).ok();
        let absent = matches!(found, Some(Value::Absent));
        let constant = found.and_then(|value| constant(&value, context.types));
        let constant = constant.filter(|(_, found)| found == kind).map(|(constant, _)| constant);
        known.append(absent || constant.is_some());
        present.append(!absent);
        match kind {
            Kind::Bool => bits.append(constant == Some(Constant::Bool(true))),
            Kind::Float => floats.push(match constant {
                Some(Constant::Float(number)) => number,
                _ => 0.0,
            }),
            _ => words.push(match constant {
                Some(Constant::Whole(number)) => number,
                _ => 0,
            }),
        }
    }
    let values = match kind {
        Kind::Bool => Values::Bits(bits.finish()),
        Kind::Float => Values::Floats(floats.into()),
        _ => Values::Words(words.into()),
    };
    let present = NullBuffer::new(present.finish());
    let present = (present.null_count() > 0).then_some(present);
    Input { values, present, known: Some(known.finish()) }
}
