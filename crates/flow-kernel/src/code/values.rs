//! A value of a row in registers, and the small arithmetic of flags.
//!
//! Flags say what is unusual: that there is no value, that it is not known. So most operations only gather them, and
//! where nothing unusual can be there is no code at all.

use cranelift_codegen::ir::{
    InstBuilder, Value,
    condcodes::{FloatCC, IntCC},
    types::{F64, I8, I64, I128},
};
use cranelift_frontend::FunctionBuilder;

/// What an operation gives for a row. Flags are 0 or 1 in a byte.
#[derive(Clone, Copy, Debug)]
pub(super) struct Val {
    /// The value; anything where it is absent or unknown. A Decimal is 128 bits wide, or 64 where it is known to fit.
    pub(super) value: Value,
    /// Whether there is none; never without it.
    pub(super) absent: Option<Value>,
    /// Whether it is for the evaluator to say; never without it.
    pub(super) unknown: Option<Value>,
}

impl Val {
    /// A value that is there and known.
    pub(super) fn sure(value: Value) -> Self {
        Self { value, absent: None, unknown: None }
    }

    /// A value that is there unless it is `unknown`.
    pub(super) fn unless(unknown: Option<Value>, value: Value) -> Self {
        Self { value, absent: None, unknown }
    }

    /// Unknown also where there is no value.
    pub(super) fn required(self, b: &mut FunctionBuilder<'_>) -> Self {
        Self { unknown: any(b, self.unknown, self.absent), absent: None, ..self }
    }
}

/// `x or y`, where nothing is false.
pub(super) fn any(b: &mut FunctionBuilder<'_>, x: Option<Value>, y: Option<Value>) -> Option<Value> {
    match (x, y) {
        (Some(x), Some(y)) if x == y => Some(x),
        (Some(x), Some(y)) => Some(b.ins().bor(x, y)),
        (x, y) => x.or(y),
    }
}

/// `x and y`, where nothing is false.
pub(super) fn both(b: &mut FunctionBuilder<'_>, x: Option<Value>, y: Option<Value>) -> Option<Value> {
    let (x, y) = (x?, y?);
    Some(b.ins().band(x, y))
}

/// `not x`.
pub(super) fn not(b: &mut FunctionBuilder<'_>, x: Value) -> Value {
    let one = b.ins().iconst(I8, 1);
    b.ins().bxor(x, one)
}

/// The flag, written out.
pub(super) fn flag(b: &mut FunctionBuilder<'_>, x: Option<Value>) -> Value {
    x.unwrap_or_else(|| b.ins().iconst(I8, 0))
}

/// `if c { x } else { y }` of flags.
pub(super) fn choose(b: &mut FunctionBuilder<'_>, c: Value, x: Option<Value>, y: Option<Value>) -> Option<Value> {
    if x.is_none() && y.is_none() {
        return None;
    }
    let (x, y) = (flag(b, x), flag(b, y));
    Some(b.ins().select(c, x, y))
}

/// A whole number.
pub(super) fn whole(b: &mut FunctionBuilder<'_>, number: i64) -> Value {
    b.ins().iconst(I64, number)
}

/// Whether a register holds a number of 128 bits.
pub(super) fn is_wide(b: &FunctionBuilder<'_>, value: Value) -> bool {
    b.func.dfg.value_type(value) == I128
}

/// A Decimal in 128 bits.
pub(super) fn widened(b: &mut FunctionBuilder<'_>, value: Value) -> Value {
    if is_wide(b, value) { value } else { b.ins().sextend(I128, value) }
}

/// Two values in registers of one width.
pub(super) fn same_width(b: &mut FunctionBuilder<'_>, x: Value, y: Value) -> (Value, Value) {
    if is_wide(b, x) == is_wide(b, y) { (x, y) } else { (widened(b, x), widened(b, y)) }
}

/// Whether not `low <= value <= high`.
pub(super) fn outside(b: &mut FunctionBuilder<'_>, value: Value, (low, high): (i64, i64)) -> Value {
    let low_value = whole(b, low);
    let above = b.ins().isub(value, low_value);
    let width = whole(b, high.wrapping_sub(low));
    b.ins().icmp(IntCC::UnsignedGreaterThan, above, width)
}

/// Whether a Float is infinite or no number.
pub(super) fn infinite(b: &mut FunctionBuilder<'_>, value: Value) -> Value {
    debug_assert_eq!(b.func.dfg.value_type(value), F64);
    // Nothing but for these, from which nothing comes.
    let nothing = b.ins().fsub(value, value);
    b.ins().fcmp(FloatCC::Unordered, nothing, nothing)
}
