//! A plan as machine code: one function that goes over all rows.
//!
//! The function walks words of 64 rows. For each row it computes, without branches but for wide products, the value and
//! whether it is known; Bools are gathered into words of bits. Knows operations and registers, not expressions.

mod decimals;
mod emit;
mod logic;
mod memory;
mod numbers;
mod values;

use crate::{
    answers::Answers,
    input::{Exposed as _, Input},
    kind::Kind,
    plan::Plan,
};
use arrow_buffer::{BooleanBuffer, Buffer};
pub(crate) use memory::Code;

/// Slots before those of the inputs: rows, values, known, present.
const HEAD_SLOTS: usize = 4;
/// Slots of an input: values, their first bit, presence, its first bit, knowledge, its first bit.
const INPUT_SLOTS: usize = 6;

/// Which parts of the inputs a function looks at: those that batches have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// By input: whether some rows have no value, whether some are not known.
    inputs: Vec<(bool, bool)>,
}

impl Shape {
    /// The shape of inputs.
    pub(crate) fn of(inputs: &[Input]) -> Self {
        Self { inputs: inputs.iter().map(|input| (input.present.is_some(), input.known.is_some())).collect() }
    }
}

impl Code {
    /// Runs over rows.
    pub(crate) fn run(&self, plan: &Plan, inputs: &[Input], rows: usize) -> Answers {
        assert_eq!(*self.shape(), Shape::of(inputs), "compiled for other inputs");
        let words = rows.div_ceil(64);
        let is_bool = plan.root.kind == Kind::Bool;
        let mut values = vec![0_u64; if is_bool { words } else { rows }];
        let (mut known, mut present) = (vec![0_u64; words], vec![0_u64; words]);
        let mut slots = Vec::with_capacity(HEAD_SLOTS + INPUT_SLOTS * inputs.len());
        let writable = |words: &mut Vec<u64>| words.as_mut_ptr().cast_const().addr_exposed();
        slots.extend([rows, writable(&mut values), writable(&mut known), writable(&mut present)]);
        for input in inputs {
            assert!(input.values.len() >= rows, "an input with too few rows");
            let (address, bit) = input.values.address();
            slots.extend([address, bit]);
            for bits in [input.present.as_ref().map(arrow_buffer::NullBuffer::inner), input.known.as_ref()] {
                assert!(bits.is_none_or(|bits| bits.len() >= rows), "flags with too few rows");
                let place = |bits: &BooleanBuffer| [bits.values().as_ptr().addr_exposed(), bits.offset()];
                slots.extend(bits.map_or([0, 0], place));
            }
        }
        self.call(&slots);
        let bits = |words: Vec<u64>| BooleanBuffer::new(Buffer::from_vec(words), 0, rows);
        Answers {
            kind: plan.root.kind.clone(),
            known: self.partial.then(|| bits(known)),
            present: self.optional.then(|| bits(present)),
            values,
            rows,
        }
    }
}
