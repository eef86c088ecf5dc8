//! Bools, and what chooses between values. Nothing branches: both sides are computed, and what is not chosen does
//! not matter, errors included.

use super::{
    emit::Emit,
    numbers::is_number,
    values::{Val, any, both, choose, flag, not, same_width},
};
use crate::{
    kind::Kind,
    plan::{Constant, Node},
};
use cranelift_codegen::ir::InstBuilder;
use flow_expr::BinaryOp;
use std::sync::Arc;

impl Emit<'_, '_> {
    /// `a and b`: unknown if `a` is, or is true and `b` is unknown.
    pub(super) fn and(&mut self, left: &Arc<Node>, right: &Arc<Node>) -> Val {
        let (x, y) = (self.node(left), self.node(right));
        let value = self.b.ins().band(x.value, y.value);
        let needed = y.unknown.map(|unknown| self.b.ins().band(x.value, unknown));
        Val::unless(any(&mut self.b, x.unknown, needed), value)
    }

    /// `a or b`.
    pub(super) fn or(&mut self, left: &Arc<Node>, right: &Arc<Node>) -> Val {
        let (x, y) = (self.node(left), self.node(right));
        let value = self.b.ins().bor(x.value, y.value);
        let needed = y.unknown.map(|unknown| self.b.ins().band_not(unknown, x.value));
        Val::unless(any(&mut self.b, x.unknown, needed), value)
    }

    pub(super) fn choice(&mut self, condition: &Arc<Node>, then: &Arc<Node>, otherwise: &Arc<Node>) -> Val {
        let (c, x, y) = (self.node(condition), self.node(then), self.node(otherwise));
        let (left, right) = same_width(&mut self.b, x.value, y.value);
        let value = self.b.ins().select(c.value, left, right);
        let unknown = choose(&mut self.b, c.value, x.unknown, y.unknown);
        let absent = choose(&mut self.b, c.value, x.absent, y.absent);
        Val { value, absent, unknown: any(&mut self.b, c.unknown, unknown) }
    }

    pub(super) fn coalesce(&mut self, left: &Arc<Node>, right: &Arc<Node>) -> Val {
        let x = self.node(left);
        let Some(gone) = x.absent else { return x };
        let y = self.node(right);
        let (first, second) = same_width(&mut self.b, x.value, y.value);
        let value = self.b.ins().select(gone, second, first);
        let needed = both(&mut self.b, Some(gone), y.unknown);
        let unknown = any(&mut self.b, x.unknown, needed);
        Val { value, absent: both(&mut self.b, Some(gone), y.absent), unknown }
    }

    pub(super) fn compare(&mut self, op: BinaryOp, left: &Arc<Node>, right: &Arc<Node>) -> Val {
        let (x, y) = (self.node(left), self.node(right));
        let found = if left.kind == Kind::Float {
            self.floats_ordered(op, (x.value, is_number(left)), (y.value, is_number(right)))
        } else {
            self.ordered(op, &left.kind, x.value, y.value)
        };
        let unknown = any(&mut self.b, x.unknown, y.unknown);
        let Some(gone) = any(&mut self.b, x.absent, y.absent) else { return Val::unless(unknown, found) };
        if !matches!(op, BinaryOp::Equal | BinaryOp::NotEqual) {
            return Val::unless(any(&mut self.b, unknown, Some(gone)), found);
        }
        // What is not there is equal to `none` only.
        let (here, other) = (flag(&mut self.b, x.absent), flag(&mut self.b, y.absent));
        let differ = self.b.ins().bxor(here, other);
        let verdict = if op == BinaryOp::Equal { not(&mut self.b, differ) } else { differ };
        Val::unless(unknown, self.b.ins().select(gone, verdict, found))
    }

    /// Whether an item is one of these; there is an answer where there is an item.
    pub(super) fn one_of(&mut self, item: &Arc<Node>, constants: &[Constant]) -> Val {
        let found = self.node(item);
        let mut is_one = self.constant(&Constant::Bool(false));
        for constant in constants {
            let wanted = self.constant(constant);
            let equal = match constant {
                Constant::Float(number) => {
                    self.floats_ordered(BinaryOp::Equal, (found.value, is_number(item)), (wanted, !number.is_nan()))
                }
                _ => self.ordered(BinaryOp::Equal, &item.kind, found.value, wanted),
            };
            is_one = self.b.ins().bor(is_one, equal);
        }
        Val { value: is_one, ..found }
    }
}
