//! Operators on one or two values.

use super::{
    Arithmetic, Constant, Node, Op, Why,
    constant::MOST_SCALE,
    lower::{Frame, Lower},
};
use crate::kind::Kind;
use flow_expr::{BinaryOp, Expr, ExprKind, Value};
use std::sync::Arc;

impl Lower<'_> {
    pub(super) fn negated(&mut self, inner: &Expr, frame: &Frame, hint: Option<&Kind>) -> Result<Arc<Node>, Why> {
        let inner = self.operand(inner, frame, hint)?;
        match inner.kind {
            Kind::Int | Kind::Float | Kind::Decimal(_) | Kind::Duration => {
                let kind = inner.kind.clone();
                self.node(Op::Negate(inner), kind)
            }
            ref other => Err(format!("it takes the negative of a {other}")),
        }
    }

    pub(super) fn binary(
        &mut self,
        op: BinaryOp,
        left: &Expr,
        right: &Expr,
        frame: &Frame,
        hint: Option<&Kind>,
    ) -> Result<Arc<Node>, Why> {
        use BinaryOp::{Add, And, Coalesce, Divide, Multiply, Or, Remainder, Subtract};
        match op {
            And | Or => {
                let left = self.operand(left, frame, Some(&Kind::Bool))?;
                let right = self.operand(right, frame, Some(&Kind::Bool))?;
                let left = self.node(Op::Required(left), Kind::Bool)?;
                let right = self.node(Op::Required(right), Kind::Bool)?;
                self.node(if op == And { Op::And(left, right) } else { Op::Or(left, right) }, Kind::Bool)
            }
            Coalesce => {
                let (left, right) = self.two(left, right, frame, hint)?;
                let kind = left.kind.clone();
                self.node(Op::Coalesce(left, right), kind)
            }
            Add | Subtract | Multiply | Divide | Remainder => self.arithmetic(op, left, right, frame),
            comparison => self.comparison(comparison, left, right, frame),
        }
    }

    fn comparison(&mut self, op: BinaryOp, left: &Expr, right: &Expr, frame: &Frame) -> Result<Arc<Node>, Why> {
        let equality = matches!(op, BinaryOp::Equal | BinaryOp::NotEqual);
        if equality && let Some(node) = self.against_none(op, left, right, frame)? {
            return Ok(node);
        }
        if let Some(node) = self.text_comparison(op, left, right, frame)? {
            return Ok(node);
        }
        for (op, subject, bound) in [(op, left, right), (op.mirrored(), right, left)] {
            if !equality && let Some(node) = self.against_instant(op, subject, bound, frame)? {
                return Ok(node);
            }
        }
        let (left, right) = self.two(left, right, frame, None)?;
        self.compared(op, left, right)
    }

    /// `age(at) < 2h` and `at <= now()`: an instant against one that may lie between two microseconds.
    fn against_instant(
        &mut self,
        op: BinaryOp,
        subject: &Expr,
        bound: &Expr,
        frame: &Frame,
    ) -> Result<Option<Arc<Node>>, Why> {
        let (from, instant) = match &subject.kind {
            ExprKind::Builtin(name, arguments) if &**name == "age" && arguments.len() == 1 => {
                (Some(Value::Timestamp(self.context.now)), &arguments[0])
            }
            ExprKind::Binary(BinaryOp::Subtract, from, instant) => (self.constant(from, frame), &**instant),
            _ => (None, subject),
        };
        let (op, instant, nanoseconds) = match (from, self.constant(bound, frame)) {
            // The longer ago, the earlier.
            (Some(Value::Timestamp(from)), Some(Value::Duration(length))) => {
                (op.mirrored(), instant, from.as_nanosecond() - length.as_nanos())
            }
            (_, Some(Value::Timestamp(bound))) => (op, subject, bound.as_nanosecond()),
            _ => return Ok(None),
        };
        let micros = i64::try_from(nanoseconds.div_euclid(1000)).map_err(|_| "it compares with a far time")?;
        let op = match (op, nanoseconds.rem_euclid(1000)) {
            (op, 0) => op,
            (BinaryOp::Less | BinaryOp::LessEqual, _) => BinaryOp::LessEqual,
            _ => BinaryOp::Greater,
        };
        let instant = self.operand(instant, frame, Some(&Kind::Timestamp))?;
        let bound = self.node(Op::Const(Constant::Whole(micros)), Kind::Timestamp)?;
        self.compared(op, instant, bound).map(Some)
    }

    /// A comparison of two of one kind.
    pub(super) fn compared(&mut self, op: BinaryOp, left: Arc<Node>, right: Arc<Node>) -> Result<Arc<Node>, Why> {
        self.node(Op::Compare(op, left, right), Kind::Bool)
    }

    /// `x == none`.
    fn against_none(
        &mut self,
        op: BinaryOp,
        left: &Expr,
        right: &Expr,
        frame: &Frame,
    ) -> Result<Option<Arc<Node>>, Why> {
        let is_none = |expr: &Expr| matches!(self.constant(expr, frame), Some(flow_expr::Value::Absent));
        let subject = match (is_none(left), is_none(right)) {
            (false, true) => left,
            (true, false) => right,
            _ => return Ok(None),
        };
        let present = self.presence(subject, frame)?;
        if op == BinaryOp::NotEqual { Ok(Some(present)) } else { self.node(Op::Not(present), Kind::Bool).map(Some) }
    }

    fn arithmetic(&mut self, op: BinaryOp, left: &Expr, right: &Expr, frame: &Frame) -> Result<Arc<Node>, Why> {
        // No hint: the sides of a product of a duration and a number differ. One that is evaluated is told by the other.
        let (nodes, why) = (self.operand(left, frame, None), "its sides cannot be told apart");
        let (left, right) = match nodes {
            Ok(left) => {
                let same = matches!(left.kind, Kind::Int | Kind::Float).then(|| left.kind.clone());
                let right = match self.operand(right, frame, None) {
                    Ok(right) => right,
                    Err(why) => self.operand(right, frame, same.as_ref()).map_err(|_| why)?,
                };
                (left, right)
            }
            Err(first) => {
                let right = self.operand(right, frame, None).map_err(|_| first.clone())?;
                let same = matches!(right.kind, Kind::Int | Kind::Float).then(|| right.kind.clone());
                (self.operand(left, frame, same.as_ref()).map_err(|_| first)?, right)
            }
        };
        let (op, kind) = meaning(op, &left.kind, &right.kind).ok_or(why)?;
        let is_decimal = matches!(kind, Kind::Decimal(_));
        let (left, right) = match op {
            // Units multiply, and so do scales.
            Arithmetic::Multiply if is_decimal => (as_decimal(self, left)?, as_decimal(self, right)?),
            _ if is_decimal => self.alike(left, right)?,
            _ => (left, right),
        };
        if let (Kind::Decimal(scale), true) = (&kind, is_decimal)
            && *scale > MOST_SCALE
        {
            return Err("its Decimals have too many digits after the point".into());
        }
        if op == Arithmetic::Divide && matches!(right.op, Op::Const(Constant::Whole(0))) {
            return Err("it divides by zero".into());
        }
        self.node(Op::Arithmetic(op, left, right), kind)
    }
}

fn as_decimal(lower: &mut Lower<'_>, node: Arc<Node>) -> Result<Arc<Node>, Why> {
    if node.kind == Kind::Int { lower.converted(node, &Kind::Decimal(0)) } else { Ok(node) }
}

/// What an operator does to two kinds, and the kind of its result; none if that is not compiled.
fn meaning(op: BinaryOp, left: &Kind, right: &Kind) -> Option<(Arithmetic, Kind)> {
    use Kind::{Date, Decimal, Duration, Float, Int, Timestamp};
    let plain = match op {
        BinaryOp::Add => Arithmetic::Add,
        BinaryOp::Subtract => Arithmetic::Subtract,
        BinaryOp::Multiply => Arithmetic::Multiply,
        BinaryOp::Divide => Arithmetic::Divide,
        _ => Arithmetic::Remainder,
    };
    let add = op == BinaryOp::Add;
    let sum = matches!(op, BinaryOp::Add | BinaryOp::Subtract);
    Some(match (left, right) {
        (Int, Int) => (plain, Int),
        (Float, Float) if op != BinaryOp::Remainder => (plain, Float),
        (Decimal(a), Decimal(b)) if op == BinaryOp::Multiply => (plain, Decimal(a + b)),
        (Decimal(scale), Int) | (Int, Decimal(scale)) if op == BinaryOp::Multiply => (plain, Decimal(*scale)),
        (Decimal(a), Decimal(b)) if sum => (plain, Decimal(*a.max(b))),
        (Decimal(scale), Int) | (Int, Decimal(scale)) if sum => (plain, Decimal(*scale)),
        (Duration, Duration) if sum => (plain, Duration),
        (Duration, Int) | (Int, Duration) if op == BinaryOp::Multiply => (plain, Duration),
        (Timestamp, Duration) if sum => (plain, Timestamp),
        (Duration, Timestamp) if add => (plain, Timestamp),
        (Timestamp, Timestamp) if op == BinaryOp::Subtract => (plain, Duration),
        (Date, Duration) if sum => (if add { Arithmetic::DateAdd } else { Arithmetic::DateSubtract }, Date),
        (Date, Date) if op == BinaryOp::Subtract => (Arithmetic::DaysBetween, Duration),
        _ => return None,
    })
}
