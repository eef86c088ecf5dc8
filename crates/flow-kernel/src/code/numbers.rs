//! Arithmetic and comparison of what fits one register.
//!
//! As `flow_expr` says: Int never wraps; a Float that is infinite or no number where its operands are not is no
//! value; Floats are ordered with all NaNs equal and above all numbers, and one zero. What is not a plain result is
//! not known.

use super::{
    emit::Emit,
    values::{Val, both, finite, is_wide, not, same_width, whole, within},
};
use crate::{
    kind::Kind,
    plan::{Arithmetic, Node},
};
use cranelift_codegen::ir::{
    InstBuilder, Value,
    condcodes::{FloatCC, IntCC},
};
use flow_expr::BinaryOp;
use std::rc::Rc;

const DAY_MICROSECONDS: i64 = 86_400_000_000;

impl Emit<'_, '_> {
    pub(super) fn arithmetic(&mut self, op: Arithmetic, left: &Rc<Node>, right: &Rc<Node>, kind: &Kind) -> Val {
        let (x, y) = (self.node(left), self.node(right));
        let (x, y) = (x.required(&mut self.b), y.required(&mut self.b));
        let known = both(&mut self.b, x.known, y.known);
        let (value, valid) = match kind {
            Kind::Decimal(_) => self.decimal(op, x.value, y.value),
            Kind::Float => {
                let value = match op {
                    Arithmetic::Add => self.b.ins().fadd(x.value, y.value),
                    Arithmetic::Subtract => self.b.ins().fsub(x.value, y.value),
                    Arithmetic::Multiply => self.b.ins().fmul(x.value, y.value),
                    // By zero is not finite.
                    _ => self.b.ins().fdiv(x.value, y.value),
                };
                (value, Some(finite(&mut self.b, value)))
            }
            _ => self.whole(op, x.value, y.value),
        };
        let known = both(&mut self.b, known, valid);
        let bounded = kind.bounds().map(|bounds| within(&mut self.b, value, bounds));
        Val::if_known(value, both(&mut self.b, known, bounded))
    }

    /// Whole numbers, with whether the result is right.
    fn whole(&mut self, op: Arithmetic, x: Value, y: Value) -> (Value, Option<Value>) {
        let checked = |emit: &mut Self, (value, overflow): (Value, Value)| {
            let valid = not(&mut emit.b, overflow);
            (value, Some(valid))
        };
        match op {
            Arithmetic::Add => {
                let sum = self.b.ins().sadd_overflow(x, y);
                checked(self, sum)
            }
            Arithmetic::Subtract => {
                let difference = self.b.ins().ssub_overflow(x, y);
                checked(self, difference)
            }
            Arithmetic::Multiply => {
                let product = self.b.ins().smul_overflow(x, y);
                checked(self, product)
            }
            Arithmetic::Divide | Arithmetic::Remainder => self.divided(op, x, y),
            Arithmetic::DateAdd | Arithmetic::DateSubtract => {
                let day = whole(&mut self.b, DAY_MICROSECONDS);
                let days = self.b.ins().sdiv(y, day);
                let rest = self.b.ins().srem(y, day);
                let zero = whole(&mut self.b, 0);
                let even = self.b.ins().icmp(IntCC::Equal, rest, zero);
                let moved =
                    if op == Arithmetic::DateAdd { self.b.ins().iadd(x, days) } else { self.b.ins().isub(x, days) };
                (moved, Some(even))
            }
            Arithmetic::DaysBetween => {
                let days = self.b.ins().isub(x, y);
                let day = whole(&mut self.b, DAY_MICROSECONDS);
                (self.b.ins().imul(days, day), None)
            }
        }
    }

    /// Never traps: where the processor would, 1 divides instead.
    fn divided(&mut self, op: Arithmetic, x: Value, y: Value) -> (Value, Option<Value>) {
        let (zero, one, minus) = (whole(&mut self.b, 0), whole(&mut self.b, 1), whole(&mut self.b, -1));
        let by_zero = self.b.ins().icmp(IntCC::Equal, y, zero);
        let by_minus = self.b.ins().icmp(IntCC::Equal, y, minus);
        let nonzero = not(&mut self.b, by_zero);
        if op == Arithmetic::Remainder {
            // Nothing is left by -1, as by 1.
            let odd = self.b.ins().bor(by_zero, by_minus);
            let divisor = self.b.ins().select(odd, one, y);
            return (self.b.ins().srem(x, divisor), Some(nonzero));
        }
        let least = whole(&mut self.b, i64::MIN);
        let is_least = self.b.ins().icmp(IntCC::Equal, x, least);
        let overflow = self.b.ins().band(by_minus, is_least);
        let odd = self.b.ins().bor(by_zero, overflow);
        let divisor = self.b.ins().select(odd, one, y);
        let valid = not(&mut self.b, odd);
        (self.b.ins().sdiv(x, divisor), Some(valid))
    }

    pub(super) fn negate(&mut self, inner: &Rc<Node>) -> Val {
        let found = self.node(inner).required(&mut self.b);
        match inner.kind {
            Kind::Float => Val { value: self.b.ins().fneg(found.value), ..found },
            Kind::Decimal(_) => {
                let wide = super::values::widened(&mut self.b, found.value);
                Val { value: self.b.ins().ineg(wide), ..found }
            }
            _ => {
                let known = self.not_least(found);
                Val { value: self.b.ins().ineg(found.value), known, ..found }
            }
        }
    }

    pub(super) fn absolute(&mut self, inner: &Rc<Node>) -> Val {
        let found = self.node(inner).required(&mut self.b);
        match inner.kind {
            Kind::Float => Val { value: self.b.ins().fabs(found.value), ..found },
            Kind::Decimal(_) => {
                let wide = super::values::widened(&mut self.b, found.value);
                let (low, high) = self.b.ins().isplit(wide);
                let zero = whole(&mut self.b, 0);
                let below = self.b.ins().icmp(IntCC::SignedLessThan, high, zero);
                let wide = self.b.ins().iconcat(low, high);
                let negative = self.b.ins().ineg(wide);
                Val { value: self.b.ins().select(below, negative, wide), ..found }
            }
            _ => {
                let known = self.not_least(found);
                Val { value: self.b.ins().iabs(found.value), known, ..found }
            }
        }
    }

    /// The least Int has no opposite.
    fn not_least(&mut self, found: Val) -> Option<Value> {
        let least = whole(&mut self.b, i64::MIN);
        let other = self.b.ins().icmp(IntCC::NotEqual, found.value, least);
        both(&mut self.b, found.known, Some(other))
    }

    /// The order of two values of one kind.
    pub(super) fn ordered(&mut self, op: BinaryOp, kind: &Kind, x: Value, y: Value) -> Value {
        if *kind == Kind::Float {
            return self.floats_ordered(op, x, y);
        }
        let unsigned = *kind == Kind::Bool;
        let (x, y) = if is_wide(&self.b, x) || is_wide(&self.b, y) { same_width(&mut self.b, x, y) } else { (x, y) };
        let condition = match op {
            BinaryOp::Equal => IntCC::Equal,
            BinaryOp::NotEqual => IntCC::NotEqual,
            BinaryOp::Less if unsigned => IntCC::UnsignedLessThan,
            BinaryOp::LessEqual if unsigned => IntCC::UnsignedLessThanOrEqual,
            BinaryOp::Greater if unsigned => IntCC::UnsignedGreaterThan,
            BinaryOp::Less => IntCC::SignedLessThan,
            BinaryOp::LessEqual => IntCC::SignedLessThanOrEqual,
            BinaryOp::Greater => IntCC::SignedGreaterThan,
            _ if unsigned => IntCC::UnsignedGreaterThanOrEqual,
            _ => IntCC::SignedGreaterThanOrEqual,
        };
        self.b.ins().icmp(condition, x, y)
    }

    fn floats_ordered(&mut self, op: BinaryOp, x: Value, y: Value) -> Value {
        match op {
            BinaryOp::Equal | BinaryOp::NotEqual => {
                let equal = self.b.ins().fcmp(FloatCC::Equal, x, y);
                let strange_x = self.b.ins().fcmp(FloatCC::Unordered, x, x);
                let strange_y = self.b.ins().fcmp(FloatCC::Unordered, y, y);
                let strange = self.b.ins().band(strange_x, strange_y);
                let equal = self.b.ins().bor(equal, strange);
                if op == BinaryOp::Equal { equal } else { not(&mut self.b, equal) }
            }
            BinaryOp::Less => self.float_below(x, y),
            BinaryOp::Greater => self.float_below(y, x),
            BinaryOp::LessEqual => {
                let above = self.float_below(y, x);
                not(&mut self.b, above)
            }
            _ => {
                let below = self.float_below(x, y);
                not(&mut self.b, below)
            }
        }
    }

    /// `x < y`: less as numbers, or a number below what is none.
    fn float_below(&mut self, x: Value, y: Value) -> Value {
        let below = self.b.ins().fcmp(FloatCC::LessThan, x, y);
        let number = self.b.ins().fcmp(FloatCC::Ordered, x, x);
        let none = self.b.ins().fcmp(FloatCC::Unordered, y, y);
        let apart = self.b.ins().band(number, none);
        self.b.ins().bor(below, apart)
    }
}
