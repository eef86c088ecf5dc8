//! Arithmetic and comparison of what fits one register.
//!
//! As `flow_expr` says: Int never wraps; a Float that is infinite or no number where its operands are not is no
//! value; Floats are ordered with all NaNs equal and above all numbers, and one zero. What is not a plain result is
//! not known.

use super::{
    emit::Emit,
    values::{Val, any, infinite, is_wide, not, outside, same_width, whole},
};
use crate::{
    kind::Kind,
    plan::{Arithmetic, Constant, Node, Op},
};
use cranelift_codegen::ir::{
    InstBuilder, Value,
    condcodes::{FloatCC, IntCC},
};
use flow_expr::BinaryOp;
use std::sync::Arc;

const DAY_MICROSECONDS: i64 = 86_400_000_000;
/// Days that a Date is moved by here; jiff moves none by more than half of its calendar.
const MOST_DAYS: i64 = 2_500_000;

impl Emit<'_, '_> {
    pub(super) fn arithmetic(&mut self, op: Arithmetic, left: &Arc<Node>, right: &Arc<Node>, kind: &Kind) -> Val {
        let (x, y) = (self.node(left), self.node(right));
        let (x, y) = (x.required(&mut self.b), y.required(&mut self.b));
        let unknown = any(&mut self.b, x.unknown, y.unknown);
        let (value, wrong) = match kind {
            Kind::Decimal(_) => self.decimal(op, x.value, y.value),
            Kind::Float => {
                let value = match op {
                    Arithmetic::Add => self.b.ins().fadd(x.value, y.value),
                    Arithmetic::Subtract => self.b.ins().fsub(x.value, y.value),
                    Arithmetic::Multiply => self.b.ins().fmul(x.value, y.value),
                    // By zero is not finite.
                    _ => self.b.ins().fdiv(x.value, y.value),
                };
                (value, Some(infinite(&mut self.b, value)))
            }
            _ => self.whole(op, x.value, y.value),
        };
        let unknown = any(&mut self.b, unknown, wrong);
        let beyond = kind.bounds().map(|bounds| outside(&mut self.b, value, bounds));
        Val::unless(any(&mut self.b, unknown, beyond), value)
    }

    /// Whole numbers, with whether the result is wrong.
    fn whole(&mut self, op: Arithmetic, x: Value, y: Value) -> (Value, Option<Value>) {
        let (value, wrong) = match op {
            Arithmetic::Add => self.b.ins().sadd_overflow(x, y),
            Arithmetic::Subtract => self.b.ins().ssub_overflow(x, y),
            Arithmetic::Multiply => self.b.ins().smul_overflow(x, y),
            Arithmetic::Divide | Arithmetic::Remainder => self.divided(op, x, y),
            Arithmetic::DateAdd | Arithmetic::DateSubtract => {
                let day = whole(&mut self.b, DAY_MICROSECONDS);
                let days = self.b.ins().sdiv(y, day);
                let rest = self.b.ins().srem(y, day);
                let zero = whole(&mut self.b, 0);
                let uneven = self.b.ins().icmp(IntCC::NotEqual, rest, zero);
                let far = outside(&mut self.b, days, (-MOST_DAYS, MOST_DAYS));
                let moved =
                    if op == Arithmetic::DateAdd { self.b.ins().iadd(x, days) } else { self.b.ins().isub(x, days) };
                (moved, self.b.ins().bor(uneven, far))
            }
            Arithmetic::DaysBetween => {
                let days = self.b.ins().isub(x, y);
                let day = whole(&mut self.b, DAY_MICROSECONDS);
                return (self.b.ins().imul(days, day), None);
            }
        };
        (value, Some(wrong))
    }

    /// Never traps: where the processor would, 1 divides instead.
    fn divided(&mut self, op: Arithmetic, x: Value, y: Value) -> (Value, Value) {
        let (zero, one, minus) = (whole(&mut self.b, 0), whole(&mut self.b, 1), whole(&mut self.b, -1));
        let by_zero = self.b.ins().icmp(IntCC::Equal, y, zero);
        let by_minus = self.b.ins().icmp(IntCC::Equal, y, minus);
        if op == Arithmetic::Remainder {
            // Nothing is left by -1, as by 1.
            let odd = self.b.ins().bor(by_zero, by_minus);
            let divisor = self.b.ins().select(odd, one, y);
            return (self.b.ins().srem(x, divisor), by_zero);
        }
        let least = whole(&mut self.b, i64::MIN);
        let is_least = self.b.ins().icmp(IntCC::Equal, x, least);
        let overflow = self.b.ins().band(by_minus, is_least);
        let odd = self.b.ins().bor(by_zero, overflow);
        let divisor = self.b.ins().select(odd, one, y);
        (self.b.ins().sdiv(x, divisor), odd)
    }

    pub(super) fn negate(&mut self, inner: &Arc<Node>) -> Val {
        let found = self.node(inner).required(&mut self.b);
        match inner.kind {
            Kind::Float => Val { value: self.b.ins().fneg(found.value), ..found },
            Kind::Decimal(_) => {
                let wide = super::values::widened(&mut self.b, found.value);
                Val { value: self.b.ins().ineg(wide), ..found }
            }
            _ => {
                let unknown = self.or_least(found);
                Val { value: self.b.ins().ineg(found.value), unknown, ..found }
            }
        }
    }

    pub(super) fn absolute(&mut self, inner: &Arc<Node>) -> Val {
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
                let unknown = self.or_least(found);
                Val { value: self.b.ins().iabs(found.value), unknown, ..found }
            }
        }
    }

    /// The least Int has no opposite.
    fn or_least(&mut self, found: Val) -> Option<Value> {
        let least = whole(&mut self.b, i64::MIN);
        let least = self.b.ins().icmp(IntCC::Equal, found.value, least);
        any(&mut self.b, found.unknown, Some(least))
    }

    /// The order of two values of one kind.
    pub(super) fn ordered(&mut self, op: BinaryOp, kind: &Kind, x: Value, y: Value) -> Value {
        debug_assert!(*kind != Kind::Float, "ordered by `floats_ordered`");
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

    /// Floats. One that is a constant, or was computed, is a number or not known: that saves asking.
    pub(super) fn floats_ordered(&mut self, op: BinaryOp, x: (Value, bool), y: (Value, bool)) -> Value {
        match op {
            BinaryOp::Equal | BinaryOp::NotEqual => {
                let equal = self.b.ins().fcmp(FloatCC::Equal, x.0, y.0);
                let equal = if x.1 || y.1 {
                    equal
                } else {
                    let strange_x = self.b.ins().fcmp(FloatCC::Unordered, x.0, x.0);
                    let strange_y = self.b.ins().fcmp(FloatCC::Unordered, y.0, y.0);
                    let strange = self.b.ins().band(strange_x, strange_y);
                    self.b.ins().bor(equal, strange)
                };
                if op == BinaryOp::Equal { equal } else { not(&mut self.b, equal) }
            }
            _ => match (x.1, y.1) {
                (_, true) => {
                    let condition = match op {
                        BinaryOp::Less => FloatCC::LessThan,
                        BinaryOp::LessEqual => FloatCC::LessThanOrEqual,
                        BinaryOp::Greater => FloatCC::UnorderedOrGreaterThan,
                        _ => FloatCC::UnorderedOrGreaterThanOrEqual,
                    };
                    self.b.ins().fcmp(condition, x.0, y.0)
                }
                (true, false) => {
                    let condition = match op {
                        BinaryOp::Less => FloatCC::UnorderedOrLessThan,
                        BinaryOp::LessEqual => FloatCC::UnorderedOrLessThanOrEqual,
                        BinaryOp::Greater => FloatCC::GreaterThan,
                        _ => FloatCC::GreaterThanOrEqual,
                    };
                    self.b.ins().fcmp(condition, x.0, y.0)
                }
                (false, false) => {
                    let swapped = matches!(op, BinaryOp::Greater | BinaryOp::LessEqual);
                    let below = if swapped { self.float_below(y.0, x.0) } else { self.float_below(x.0, y.0) };
                    let opposite = matches!(op, BinaryOp::LessEqual | BinaryOp::GreaterEqual);
                    if opposite { not(&mut self.b, below) } else { below }
                }
            },
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

/// Whether a Float is a number wherever it is known.
pub(super) fn is_number(node: &Node) -> bool {
    match &node.op {
        Op::Const(Constant::Float(number)) => !number.is_nan(),
        // An operation on infinities is never known.
        Op::Arithmetic(..) => true,
        _ => false,
    }
}
