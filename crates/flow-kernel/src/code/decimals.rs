//! Decimals: whole numbers of units, in 128 bits or, where they are known to fit, in 64.
//!
//! Every Decimal that is known has less than 2⁹⁵ units, so that the evaluator's Decimal holds it exactly and no
//! sum of two overflows. What would be rounded there is not known here.

use super::{
    emit::Emit,
    values::{Val, any, is_wide, not, whole, widened},
};
use crate::{
    kind::Kind,
    plan::{Arithmetic, Constant, Node},
};
use cranelift_codegen::ir::{
    BlockArg, InstBuilder, Value,
    condcodes::IntCC,
    types::{I8, I32, I64, I128},
};
use std::sync::Arc;

impl Emit<'_, '_> {
    /// Whether there are 2⁹⁵ units or more.
    pub(super) fn too_large(&mut self, units: Value) -> Value {
        let (_, high) = self.b.ins().isplit(units);
        self.beyond_32(high)
    }

    /// Whether the upper half is not that of a number of 96 bits.
    fn beyond_32(&mut self, high: Value) -> Value {
        let low = self.b.ins().ireduce(I32, high);
        let again = self.b.ins().sextend(I64, low);
        self.b.ins().icmp(IntCC::NotEqual, high, again)
    }

    /// Whether a number of 128 bits is one of 64.
    fn fits_64(&mut self, low: Value, high: Value) -> Value {
        let places = whole(&mut self.b, 63);
        let sign = self.b.ins().sshr(low, places);
        self.b.ins().icmp(IntCC::Equal, high, sign)
    }

    /// An Int as it is, or a Decimal in smaller units.
    pub(super) fn convert(&mut self, inner: &Arc<Node>, kind: &Kind) -> Val {
        let found = self.node(inner);
        let (Kind::Decimal(from), Kind::Decimal(to)) = (&inner.kind, kind) else { return found };
        let factor = self.constant(&Constant::Whole(10_i64.pow(to - from)));
        let (value, wrong) = self.decimal(Arithmetic::Multiply, found.value, factor);
        // What is not there needs no room.
        let wrong = match (found.absent, wrong) {
            (Some(absent), Some(wrong)) => Some(self.b.ins().band_not(wrong, absent)),
            (_, wrong) => wrong,
        };
        Val { value, unknown: any(&mut self.b, found.unknown, wrong), ..found }
    }

    /// A sum, difference or product of units, and whether it is wrong.
    pub(super) fn decimal(&mut self, op: Arithmetic, x: Value, y: Value) -> (Value, Option<Value>) {
        if op == Arithmetic::Multiply {
            let (value, wrong) = match (is_wide(&self.b, x), is_wide(&self.b, y)) {
                (false, false) => self.short_product(x, y),
                (true, false) => self.mixed_product(x, y),
                (false, true) => self.mixed_product(y, x),
                (true, true) => self.long_product(x, y),
            };
            return (value, Some(wrong));
        }
        let short = !is_wide(&self.b, x) && !is_wide(&self.b, y);
        let (x, y) = (widened(&mut self.b, x), widened(&mut self.b, y));
        let value = if op == Arithmetic::Add { self.b.ins().iadd(x, y) } else { self.b.ins().isub(x, y) };
        let wrong = if short { None } else { Some(self.too_large(value)) };
        (value, wrong)
    }

    /// 64 by 64 bits.
    fn short_product(&mut self, x: Value, y: Value) -> (Value, Value) {
        let (low, high) = (self.b.ins().imul(x, y), self.b.ins().smulhi(x, y));
        let wrong = self.beyond_32(high);
        (self.b.ins().iconcat(low, high), wrong)
    }

    /// 128 by 64 bits. Most fit 64: the others take a side way.
    fn mixed_product(&mut self, x: Value, y: Value) -> (Value, Value) {
        let (low, high) = self.b.ins().isplit(x);
        let fits = self.fits_64(low, high);
        self.branch(fits, |emit| emit.short_product(low, y), |emit| emit.side_product((low, high), y))
    }

    fn long_product(&mut self, x: Value, y: Value) -> (Value, Value) {
        let ((xl, xh), (yl, yh)) = (self.b.ins().isplit(x), self.b.ins().isplit(y));
        let (x_fits, y_fits) = (self.fits_64(xl, xh), self.fits_64(yl, yh));
        let fit = self.b.ins().band(x_fits, y_fits);
        self.branch(
            fit,
            |emit| emit.short_product(xl, yl),
            |emit| {
                // One of them must fit; of two large ones the product is too large anyway.
                let low = emit.b.ins().select(y_fits, xl, yl);
                let high = emit.b.ins().select(y_fits, xh, yh);
                let short = emit.b.ins().select(y_fits, yl, xl);
                let (value, wrong) = emit.side_product((low, high), short);
                let one = emit.b.ins().bor(x_fits, y_fits);
                let none = not(&mut emit.b, one);
                (value, emit.b.ins().bor(wrong, none))
            },
        )
    }

    /// 128 by 64 bits, with whether the result has more than 96.
    fn side_product(&mut self, (low, high): (Value, Value), y: Value) -> (Value, Value) {
        let first = self.b.ins().imul(low, y);
        let carry = self.b.ins().umulhi(low, y);
        // The lower half counts as positive; a negative factor has counted 2⁶⁴ too much.
        let places = whole(&mut self.b, 63);
        let sign = self.b.ins().sshr(y, places);
        let excess = self.b.ins().band(sign, low);
        let carry = self.b.ins().isub(carry, excess);
        let (second, too_large) = self.b.ins().smul_overflow(high, y);
        let (upper, overflow) = self.b.ins().sadd_overflow(second, carry);
        let wrong = self.b.ins().bor(too_large, overflow);
        let large = self.beyond_32(upper);
        (self.b.ins().iconcat(first, upper), self.b.ins().bor(wrong, large))
    }

    /// One of two ways to a number and a flag.
    fn branch(
        &mut self,
        condition: Value,
        usual: impl FnOnce(&mut Self) -> (Value, Value),
        other: impl FnOnce(&mut Self) -> (Value, Value),
    ) -> (Value, Value) {
        let (usually, otherwise, after) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.b.append_block_param(after, I128);
        self.b.append_block_param(after, I8);
        self.b.ins().brif(condition, usually, &[], otherwise, &[]);
        self.b.switch_to_block(usually);
        let (value, wrong) = usual(self);
        self.b.ins().jump(after, &[BlockArg::from(value), BlockArg::from(wrong)]);
        self.b.set_cold_block(otherwise);
        self.b.switch_to_block(otherwise);
        let (value, wrong) = other(self);
        self.b.ins().jump(after, &[BlockArg::from(value), BlockArg::from(wrong)]);
        self.b.switch_to_block(after);
        (self.b.block_params(after)[0], self.b.block_params(after)[1])
    }
}
