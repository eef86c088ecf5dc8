//! Bools, and what chooses between values. Nothing branches: both sides are computed, and what is not chosen does
//! not matter, errors included.

use super::{
    emit::Emit,
    values::{Val, both, choose, either, flag, not, same_width},
};
use crate::plan::{Constant, Node};
use cranelift_codegen::ir::{InstBuilder, Value};
use flow_expr::BinaryOp;
use std::rc::Rc;

impl Emit<'_, '_> {
    /// `a and b`: known if `a` is, and is false or `b` is known.
    pub(super) fn and(&mut self, left: &Rc<Node>, right: &Rc<Node>) -> Val {
        let (x, y) = (self.node(left), self.node(right));
        let value = self.b.ins().band(x.value, y.value);
        let decided = not(&mut self.b, x.value);
        self.decided(value, x, y, decided)
    }

    /// `a or b`.
    pub(super) fn or(&mut self, left: &Rc<Node>, right: &Rc<Node>) -> Val {
        let (x, y) = (self.node(left), self.node(right));
        let value = self.b.ins().bor(x.value, y.value);
        self.decided(value, x, y, x.value)
    }

    fn decided(&mut self, value: Value, x: Val, y: Val, decided: Value) -> Val {
        let needed = y.known.map(|known| self.b.ins().bor(known, decided));
        Val::if_known(value, both(&mut self.b, x.known, needed))
    }

    pub(super) fn choice(&mut self, condition: &Rc<Node>, then: &Rc<Node>, otherwise: &Rc<Node>) -> Val {
        let (c, x, y) = (self.node(condition), self.node(then), self.node(otherwise));
        let (left, right) = same_width(&mut self.b, x.value, y.value);
        let value = self.b.ins().select(c.value, left, right);
        let known = choose(&mut self.b, c.value, x.known, y.known);
        let present = choose(&mut self.b, c.value, x.present, y.present);
        Val { value, present, known: both(&mut self.b, c.known, known) }
    }

    pub(super) fn coalesce(&mut self, left: &Rc<Node>, right: &Rc<Node>) -> Val {
        let x = self.node(left);
        let Some(there) = x.present else { return x };
        let y = self.node(right);
        let (first, second) = same_width(&mut self.b, x.value, y.value);
        let value = self.b.ins().select(there, first, second);
        let needed = y.known.map(|known| self.b.ins().bor(known, there));
        let known = both(&mut self.b, x.known, needed);
        Val { value, present: either(&mut self.b, Some(there), y.present), known }
    }

    pub(super) fn compare(&mut self, op: BinaryOp, left: &Rc<Node>, right: &Rc<Node>) -> Val {
        let (x, y) = (self.node(left), self.node(right));
        let found = self.ordered(op, &left.kind, x.value, y.value);
        let known = both(&mut self.b, x.known, y.known);
        let there = both(&mut self.b, x.present, y.present);
        if !matches!(op, BinaryOp::Equal | BinaryOp::NotEqual) {
            return Val::if_known(found, both(&mut self.b, known, there));
        }
        // What is not there is equal to `none` only.
        let Some(there) = there else { return Val::if_known(found, known) };
        let (here, other) = (flag(&mut self.b, x.present), flag(&mut self.b, y.present));
        let same = self.b.ins().bxor(here, other);
        let value = if op == BinaryOp::Equal {
            // Both there and equal, or neither there.
            let alike = not(&mut self.b, same);
            self.b.ins().select(there, found, alike)
        } else {
            self.b.ins().select(there, found, same)
        };
        Val::if_known(value, known)
    }

    /// Whether an item is one of these; there is an answer where there is an item.
    pub(super) fn one_of(&mut self, item: &Rc<Node>, constants: &[Constant]) -> Val {
        let found = self.node(item);
        let mut any = self.constant(&Constant::Bool(false));
        for constant in constants {
            let wanted = self.constant(constant);
            let equal = self.ordered(BinaryOp::Equal, &item.kind, found.value, wanted);
            any = self.b.ins().bor(any, equal);
        }
        Val { value: any, ..found }
    }
}
