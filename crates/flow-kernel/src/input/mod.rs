//! The columns that compiled code reads: those of the batch as they lie, and those that are made for it.
//!
//! Checks that each array is of the planned kind and has the rows; who cannot be read so stops the run of the
//! kernel for that batch, and the evaluator does it.

mod evaluated;
mod text;

use crate::{
    kind::Kind,
    plan::{Plan, Source},
};
use arrow_array::{
    Array, ArrayRef,
    cast::AsArray,
    types::{
        Date32Type, Decimal128Type, DurationMicrosecondType, Float64Type, Int64Type, Time64MicrosecondType,
        TimestampMicrosecondType,
    },
};
use arrow_buffer::{BooleanBuffer, NullBuffer, ScalarBuffer};
use flow_expr::{Context, Value};

/// A column as it is read.
pub(crate) struct Input {
    pub(crate) values: Values,
    /// Which rows have a value; all without it.
    pub(crate) present: Option<NullBuffer>,
    /// Of which rows something is known; all without it.
    pub(crate) known: Option<BooleanBuffer>,
}

/// Values side by side; at least as many as there are rows.
pub(crate) enum Values {
    Bits(BooleanBuffer),
    Words(ScalarBuffer<i64>),
    Halves(ScalarBuffer<i32>),
    Floats(ScalarBuffer<f64>),
    Doubles(ScalarBuffer<i128>),
}

impl Values {
    /// Where they begin, and at which bit.
    pub(crate) fn address(&self) -> (usize, usize) {
        match self {
            Self::Bits(bits) => (bits.values().as_ptr().addr_exposed(), bits.offset()),
            Self::Words(words) => (words.as_ptr().addr_exposed(), 0),
            Self::Halves(halves) => (halves.as_ptr().addr_exposed(), 0),
            Self::Floats(floats) => (floats.as_ptr().addr_exposed(), 0),
            Self::Doubles(doubles) => (doubles.as_ptr().addr_exposed(), 0),
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Bits(bits) => bits.len(),
            Self::Words(words) => words.len(),
            Self::Halves(halves) => halves.len(),
            Self::Floats(floats) => floats.len(),
            Self::Doubles(doubles) => doubles.len(),
        }
    }
}

/// An address as a number that compiled code may use.
pub(crate) trait Exposed {
    fn addr_exposed(self) -> usize;
}

impl<T> Exposed for *const T {
    fn addr_exposed(self) -> usize {
        self.expose_provenance()
    }
}

/// Rows of a batch.
pub(crate) struct Batch<'b> {
    pub(crate) arrays: &'b [ArrayRef],
    pub(crate) rows: usize,
    /// A cell as a value, by row and column.
    pub(crate) cell: &'b dyn Fn(usize, usize) -> Value,
}

/// The columns of a plan; none if one is not as planned.
pub(crate) fn inputs(plan: &Plan, batch: &Batch<'_>, context: &Context<'_>) -> Option<Vec<Input>> {
    plan.inputs.iter().map(|source| input(source, batch, context)).collect()
}

fn input(source: &Source, batch: &Batch<'_>, context: &Context<'_>) -> Option<Input> {
    let found = match source {
        Source::Column(column, kind) => plain(batch.arrays.get(*column)?, kind)?,
        Source::Variants(column, variants) => text::positions(batch.arrays.get(*column)?, variants)?,
        Source::Text(op, side) => text::answers(op, side, batch)?,
        Source::Evaluated(expr, kind, depth) => evaluated::column(expr, kind, *depth, batch, context),
    };
    let long = |len: usize| len >= batch.rows;
    let whole = long(found.values.len())
        && found.present.as_ref().is_none_or(|present| long(present.len()))
        && found.known.as_ref().is_none_or(|known| long(known.len()));
    whole.then_some(found)
}

/// A column as it lies.
fn plain(array: &ArrayRef, kind: &Kind) -> Option<Input> {
    if !kind.lies_in(array.data_type()) {
        return None;
    }
    let values = match kind {
        Kind::Bool => Values::Bits(array.as_boolean_opt()?.values().clone()),
        Kind::Int => Values::Words(array.as_primitive_opt::<Int64Type>()?.values().clone()),
        Kind::Float => Values::Floats(array.as_primitive_opt::<Float64Type>()?.values().clone()),
        Kind::Decimal(_) => Values::Doubles(array.as_primitive_opt::<Decimal128Type>()?.values().clone()),
        Kind::Date => Values::Halves(array.as_primitive_opt::<Date32Type>()?.values().clone()),
        Kind::Time => Values::Words(array.as_primitive_opt::<Time64MicrosecondType>()?.values().clone()),
        Kind::Timestamp => Values::Words(array.as_primitive_opt::<TimestampMicrosecondType>()?.values().clone()),
        Kind::Duration => Values::Words(array.as_primitive_opt::<DurationMicrosecondType>()?.values().clone()),
        Kind::Enum(_) | Kind::Text => return None,
    };
    let present = array.nulls().filter(|nulls| nulls.null_count() > 0).cloned();
    Some(Input { values, present, known: None })
}
