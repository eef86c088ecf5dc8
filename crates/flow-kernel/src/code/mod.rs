//! A plan as machine code: one function that goes over all rows.
//!
//! For each row it computes, without branches but for wide products, the value and whether it is known. Knows
//! operations and registers, not expressions.

mod decimals;
mod emit;
mod logic;
mod loops;
mod memory;
mod numbers;
mod values;

use crate::{
    answers::{Answers, Column},
    input::{Exposed as _, Input},
    kind::Kind,
    plan::Plan,
};
use arrow_buffer::BooleanBuffer;
pub(crate) use memory::Code;

/// Slots before those of the inputs: rows, and the columns for values, for what is unknown and for what is absent.
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
        let mut values = match plan.root.kind {
            Kind::Bool => Column::Flags(vec![0; rows]),
            _ => Column::Words(vec![0; rows]),
        };
        let mut unknown = vec![0_u8; if self.partial { rows } else { 0 }];
        let mut absent = vec![0_u8; if self.optional { rows } else { 0 }];
        let flags = |flags: &mut Vec<u8>| flags.as_mut_ptr().cast_const().addr_exposed();
        let address = match &mut values {
            Column::Flags(bytes) => flags(bytes),
            Column::Words(words) => words.as_mut_ptr().cast_const().addr_exposed(),
        };
        let mut slots = Vec::with_capacity(HEAD_SLOTS + INPUT_SLOTS * inputs.len());
        slots.extend([rows, address, flags(&mut unknown), flags(&mut absent)]);
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
        slots.extend(self.floats.iter().map(|number| number.to_bits() as usize));
        self.call(&slots);
        Answers { kind: plan.root.kind.clone(), values, unknown, absent }
    }
}
