//! Calls: functions of the program in their place, and the built-ins that have operations.

use super::{
    Constant, Node, Op, Why,
    lower::{Bound, Frame, Lower},
};
use crate::kind::Kind;
use flow_expr::{BinaryOp, Expr, ExprKind, Name, Value};
use std::sync::Arc;

impl Lower<'_> {
    /// A function's body, with its parameters being the arguments.
    pub(super) fn call(
        &mut self,
        name: &Name,
        arguments: &[Expr],
        frame: &Frame,
        hint: Option<&Kind>,
    ) -> Result<Arc<Node>, Why> {
        let context = self.context;
        let why = || format!("it calls `{}`", name.short());
        let function = context.functions.get(name).ok_or_else(why)?;
        if function.params.len() != arguments.len() {
            return Err(why());
        }
        let mut inner = Frame::new();
        let mut bound = Vec::new();
        for (param, argument) in function.params.iter().zip(arguments) {
            let node = self.operand(argument, frame, None).map_err(|_| why())?;
            bound.push(node.clone());
            let source = super::lower::closed(argument, frame, &why())?;
            inner.insert(*param, Bound { node, source });
        }
        let mut result = self.lower(&function.body, &inner, hint).map_err(|_| why())?;
        for argument in bound {
            let kind = result.kind.clone();
            result = self.node(Op::After(argument, result), kind)?;
        }
        Ok(result)
    }

    pub(super) fn builtin(
        &mut self,
        name: &str,
        arguments: &[Expr],
        frame: &Frame,
        hint: Option<&Kind>,
    ) -> Result<Arc<Node>, Why> {
        if let Some(node) = self.text_builtin(name, arguments, frame)? {
            return Ok(node);
        }
        match (name, arguments) {
            ("is_present", [value]) => self.presence(value, frame),
            ("is_absent", [value]) => {
                let present = self.presence(value, frame)?;
                self.node(Op::Not(present), Kind::Bool)
            }
            ("value_or", [value, default]) => {
                // Unlike `??` it evaluates both.
                let (left, right) = self.two(value, default, frame, hint)?;
                let kind = left.kind.clone();
                let either = self.node(Op::Coalesce(left, right.clone()), kind.clone())?;
                self.node(Op::After(right, either), kind)
            }
            ("required", [value, ..]) if arguments.len() == 1 => {
                let value = self.operand(value, frame, hint)?;
                let kind = value.kind.clone();
                self.node(Op::Required(value), kind)
            }
            ("abs", [number]) => {
                let number = self.operand(number, frame, hint)?;
                match number.kind {
                    Kind::Int | Kind::Float | Kind::Decimal(_) => {
                        let kind = number.kind.clone();
                        self.node(Op::Absolute(number), kind)
                    }
                    _ => Err("it calls `abs`".into()),
                }
            }
            ("contains", [list, item]) => self.contains(list, item, frame),
            ("age", [instant]) => {
                let now = self.constant_node(&Value::Timestamp(self.context.now), None);
                let now = now.map_err(|_| "the run did not start at a whole microsecond")?;
                let instant = self.operand(instant, frame, Some(&Kind::Timestamp))?;
                let op = Op::Arithmetic(super::Arithmetic::Subtract, now, instant);
                self.node(op, Kind::Duration)
            }
            _ => Err(format!("it calls `{name}`")),
        }
    }

    /// Whether there is a value.
    pub(super) fn presence(&mut self, value: &Expr, frame: &Frame) -> Result<Arc<Node>, Why> {
        if let Some(node) = self.text_presence(value, frame)? {
            return Ok(node);
        }
        let value = self.operand(value, frame, None)?;
        self.node(Op::IsPresent(value), Kind::Bool)
    }

    /// `[1, 2].contains(x)`, `(1..12).contains(x)`.
    fn contains(&mut self, list: &Expr, item: &Expr, frame: &Frame) -> Result<Arc<Node>, Why> {
        const MOST_ITEMS: usize = 64;
        let why = || "it looks into a list".to_owned();
        if let ExprKind::Range(low, high) = &list.kind {
            return self.in_range(low, high, item, frame);
        }
        let Some(Value::List(items)) = self.constant(list, frame) else { return Err(why()) };
        if items.len() > MOST_ITEMS {
            return Err("it looks into a long list".into());
        }
        let item = self.operand(item, frame, None)?;
        let kind = item.kind.clone();
        let mut constants = Vec::with_capacity(items.len());
        for wanted in items.iter() {
            match super::constant::constant(wanted, self.context.types) {
                // Kinds never mix in a list: 1 is not 1.0 there.
                Some((constant, found)) if found == kind => constants.push(constant),
                Some((Constant::Units(units), Kind::Decimal(scale))) => {
                    let Kind::Decimal(wide) = &kind else { return Err(why()) };
                    let digits = wide.checked_sub(scale).ok_or_else(why)?;
                    let units = super::constant::rescaled(units, digits).ok_or_else(why)?;
                    constants.push(Constant::Units(units));
                }
                _ => return Err(why()),
            }
        }
        // An item without a value is equal to none of these.
        let found = self.node(Op::OneOf(item, constants), Kind::Bool)?;
        let no = self.node(Op::Const(Constant::Bool(false)), Kind::Bool)?;
        self.node(Op::Coalesce(found, no), Kind::Bool)
    }

    fn in_range(&mut self, low: &Expr, high: &Expr, item: &Expr, frame: &Frame) -> Result<Arc<Node>, Why> {
        let why = || "it looks into a range".to_owned();
        // A range is a list, which may be too long to be made.
        const MOST_ITEMS: i64 = 1 << 20;
        let whole = |value: Option<Value>| {
            super::constant::constant(&value?, self.context.types)
                .filter(|(_, kind)| matches!(kind, Kind::Int | Kind::Date))
        };
        let (low, high) = (whole(self.constant(low, frame)), whole(self.constant(high, frame)));
        let (Some((Constant::Whole(first), kind)), Some((Constant::Whole(last), same))) = (low, high) else {
            return Err(why());
        };
        if kind != same || last.checked_sub(first).is_none_or(|length| length >= MOST_ITEMS) {
            return Err(why());
        }
        let item = self.operand(item, frame, Some(&kind))?;
        if item.kind != kind {
            return Err(why());
        }
        let first = self.node(Op::Const(Constant::Whole(first)), kind.clone())?;
        let last = self.node(Op::Const(Constant::Whole(last)), kind)?;
        let above = self.compared(BinaryOp::GreaterEqual, item.clone(), first)?;
        let below = self.compared(BinaryOp::LessEqual, item.clone(), last)?;
        let inside = self.node(Op::And(above, below), Kind::Bool)?;
        let present = self.node(Op::IsPresent(item.clone()), Kind::Bool)?;
        let no = self.node(Op::Const(Constant::Bool(false)), Kind::Bool)?;
        let inside = self.node(Op::If(present, inside, no), Kind::Bool)?;
        self.node(Op::After(item, inside), Kind::Bool)
    }
}
