//! The walk from an expression to operations.
//!
//! Knows variables, constants and what nests; operators, calls, `match` and texts have files of their own. What
//! cannot be lowered says why, and the nearest expression around it whose kind is known is left to the evaluator.

use super::{
    Node, Op, Plan, Source, Why,
    constant::{MOST_SCALE, MOST_UNITS, constant},
};
use crate::kind::Kind;
use flow_expr::{Context, Expr, ExprKind, Limits, Type, UnaryOp, Value, VarId, evaluate};
use std::{collections::BTreeMap, sync::Arc};

/// Expressions in an expression: larger ones take long to compile.
const MOST_NODES: usize = 600;
/// Expressions inside expressions; far fewer than the evaluator allows.
const MOST_DEPTH: u32 = 200;
/// Columns of a table that variables can stand for.
const MOST_COLUMNS: usize = 1 << 20;
/// What finding out that something is a constant may cost.
const FOLDING: Limits = Limits { steps: 100_000, bytes: 1 << 20, depth: 300 };

/// The variable that stands for a column; far from those of programs, and from those that the evaluator makes.
pub(crate) fn column_variable(column: usize) -> VarId {
    VarId((1 << 31) + column as u32)
}

/// The column that a variable stands for.
pub(crate) fn column_of(var: VarId) -> Option<usize> {
    let column = var.0.checked_sub(1 << 31)? as usize;
    (column < MOST_COLUMNS).then_some(column)
}

/// What a variable is.
#[derive(Clone)]
pub(super) struct Bound {
    pub(super) node: Arc<Node>,
    /// As an expression over columns.
    pub(super) source: Expr,
}

/// The variables of the function or arm that is being lowered.
pub(super) type Frame = BTreeMap<VarId, Bound>;

/// A walk.
pub(crate) struct Lower<'a> {
    /// The types of the columns.
    pub(super) columns: &'a [Type],
    pub(super) context: &'a Context<'a>,
    pub(super) inputs: Vec<Source>,
    nodes: usize,
    depth: u32,
    evaluated: Vec<(Why, usize)>,
}

impl<'a> Lower<'a> {
    /// The plan for an expression whose columns are variables. `hint`: what its value is, if that is known.
    pub(crate) fn plan(
        expr: &Expr,
        columns: &'a [Type],
        hint: Option<&Kind>,
        context: &'a Context<'a>,
    ) -> Result<Plan, Why> {
        let mut size = 0;
        expr.visit(&mut |_| size += 1);
        if size > MOST_NODES {
            return Err("it is very long".into());
        }
        let mut lower = Self { columns, context, inputs: vec![], nodes: 0, depth: 0, evaluated: vec![] };
        let root = lower.lower(expr, &Frame::new(), hint)?;
        match &root.op {
            Op::Const(_) | Op::Absent | Op::Unknown => return Err("it does not depend on the row".into()),
            _ => {}
        }
        Ok(Plan { root, inputs: lower.inputs, nodes: lower.nodes, evaluated: lower.evaluated })
    }

    /// A node, counted.
    pub(super) fn node(&mut self, op: Op, kind: Kind) -> Result<Arc<Node>, Why> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err("it is very long, with the functions that it calls".into());
        }
        Ok(Node::new(op, kind))
    }

    /// An input, once each.
    pub(super) fn input(&mut self, source: Source, kind: Kind) -> Result<Arc<Node>, Why> {
        let known = self.inputs.iter().position(|known| match (known, &source) {
            (Source::Column(a, _), Source::Column(b, _)) => a == b,
            (Source::Variants(a, _), Source::Variants(b, _)) => a == b,
            _ => false,
        });
        let number = known.unwrap_or_else(|| {
            self.inputs.push(source);
            self.inputs.len() - 1
        });
        self.node(Op::Input(number), kind)
    }

    /// An expression that is a part of another: compiled, or else evaluated into a column if `hint` says of what kind.
    pub(super) fn operand(&mut self, expr: &Expr, frame: &Frame, hint: Option<&Kind>) -> Result<Arc<Node>, Why> {
        let (inputs, evaluated) = (self.inputs.len(), self.evaluated.len());
        let why = match self.lower(expr, frame, hint) {
            Ok(node) => return Ok(node),
            Err(why) => why,
        };
        // Of what could not be finished nothing stays.
        self.inputs.truncate(inputs);
        self.evaluated.truncate(evaluated);
        // Decimals have no one scale that holds what the evaluator gives; a text is no value of a register.
        let Some(kind) = hint.filter(|kind| !matches!(kind, Kind::Decimal(_) | Kind::Text | Kind::Enum(_))) else {
            return Err(why);
        };
        let source = closed(expr, frame, &why)?;
        let mut size = 0;
        source.visit(&mut |_| size += 1);
        self.evaluated.push((why, size));
        let depth = self.depth;
        self.input(Source::Evaluated(source, kind.clone(), depth), kind.clone())
    }

    /// An expression as operations.
    pub(super) fn lower(&mut self, expr: &Expr, frame: &Frame, hint: Option<&Kind>) -> Result<Arc<Node>, Why> {
        if self.depth >= MOST_DEPTH {
            return Err("it is nested deeply".into());
        }
        self.depth += 1;
        let node = self.nested(expr, frame, hint);
        self.depth -= 1;
        let node = node?;
        // What it is must be what its place wants, but for numbers, which meet.
        match (hint, &node.kind) {
            (Some(hint), found) if hint != found && !(is_number(hint) && is_number(found)) => {
                Err(format!("a {found} is not the {hint} that is wanted there"))
            }
            _ => Ok(node),
        }
    }

    fn nested(&mut self, expr: &Expr, frame: &Frame, hint: Option<&Kind>) -> Result<Arc<Node>, Why> {
        if let Some(value) = self.constant(expr, frame) {
            return self.constant_node(&value, hint);
        }
        match &expr.kind {
            ExprKind::Const(value) => self.constant_node(value, hint),
            ExprKind::Var(var) => match (frame.get(var), column_of(*var)) {
                (Some(bound), _) => Ok(bound.node.clone()),
                (None, Some(column)) => self.column(column),
                _ => Err("it uses the row as a whole".into()),
            },
            ExprKind::Unary(UnaryOp::Not, inner) => {
                let inner = self.operand(inner, frame, Some(&Kind::Bool))?;
                let inner = self.node(Op::Required(inner), Kind::Bool)?;
                self.node(Op::Not(inner), Kind::Bool)
            }
            ExprKind::Unary(UnaryOp::Negate, inner) => self.negated(inner, frame, hint),
            ExprKind::Binary(op, left, right) => self.binary(*op, left, right, frame, hint),
            ExprKind::If(condition, then, otherwise) => {
                let condition = self.operand(condition, frame, Some(&Kind::Bool))?;
                let condition = self.node(Op::Required(condition), Kind::Bool)?;
                let (then, otherwise) = self.two(then, otherwise, frame, hint)?;
                let kind = then.kind.clone();
                self.node(Op::If(condition, then, otherwise), kind)
            }
            ExprKind::Match(subject, arms) => self.matching(subject, arms, frame, hint),
            ExprKind::Call(name, arguments) => self.call(name, arguments, frame, hint),
            ExprKind::Builtin(name, arguments) => self.builtin(name, arguments, frame, hint),
            ExprKind::IntToDecimal(inner) => {
                let inner = self.operand(inner, frame, Some(&Kind::Int))?;
                match inner.kind {
                    Kind::Int => self.node(Op::Convert(inner), Kind::Decimal(0)),
                    Kind::Decimal(_) => Ok(inner),
                    _ => Err("what it converts is no Int".into()),
                }
            }
            ExprKind::Field { .. } => Err("it looks into a record".into()),
            ExprKind::Interpolate(_) => Err("it makes a text".into()),
            ExprKind::Refined(..) => Err("it checks the refinements of a type".into()),
            ExprKind::Record { .. } | ExprKind::Variant { .. } | ExprKind::List(_) | ExprKind::Range(..) => {
                Err("it makes a list, record or variant".into())
            }
            ExprKind::Lambda(..) => Err("it makes a function".into()),
        }
    }

    /// The value of what uses no column.
    pub(super) fn constant(&self, expr: &Expr, frame: &Frame) -> Option<Value> {
        match &expr.kind {
            ExprKind::Const(value) => return Some(value.clone()),
            ExprKind::Var(_) => return None,
            _ => {}
        }
        if !expr.free_variables().is_empty() {
            return None;
        }
        debug_assert!(frame.len() < MOST_NODES);
        let context = Context { limits: FOLDING, ..*self.context };
        evaluate(expr, &(), &context).ok()
    }

    pub(super) fn constant_node(&mut self, value: &Value, hint: Option<&Kind>) -> Result<Arc<Node>, Why> {
        if let Value::Absent = value {
            let kind = hint.cloned().ok_or("it does not say of what type its `none` is")?;
            return self.node(Op::Absent, kind);
        }
        match constant(value, self.context.types) {
            Some((constant, kind)) => self.node(Op::Const(constant), kind),
            None => Err("it uses a value that compiled code does not have".into()),
        }
    }

    fn column(&mut self, column: usize) -> Result<Arc<Node>, Why> {
        let ty = self.columns.get(column).ok_or("it uses an unknown column")?;
        match Kind::of(ty, self.context.types) {
            Some(Kind::Text) => Err("it uses a text in a way that is not compiled".into()),
            Some(Kind::Enum(name)) => {
                let variants = super::constant::variants(&name, self.context.types).ok_or("its enum is not known")?;
                self.input(Source::Variants(column, variants), Kind::Enum(name))
            }
            Some(kind) => self.input(Source::Column(column, kind.clone()), kind),
            None => Err(format!("it uses a column of type {ty}")),
        }
    }

    /// Two expressions of one kind.
    pub(super) fn two(
        &mut self,
        left: &Expr,
        right: &Expr,
        frame: &Frame,
        hint: Option<&Kind>,
    ) -> Result<(Arc<Node>, Arc<Node>), Why> {
        // Either may tell the kind of the other.
        match self.operand(left, frame, hint) {
            Ok(left) => {
                let right = self.operand(right, frame, Some(&left.kind.clone()))?;
                self.alike(left, right)
            }
            Err(why) if hint.is_none() => {
                let right = self.operand(right, frame, None).map_err(|_| why)?;
                let left = self.operand(left, frame, Some(&right.kind.clone()))?;
                self.alike(left, right)
            }
            Err(why) => Err(why),
        }
    }

    /// Brings numbers to one kind.
    pub(super) fn alike(&mut self, left: Arc<Node>, right: Arc<Node>) -> Result<(Arc<Node>, Arc<Node>), Why> {
        let kind = match (&left.kind, &right.kind) {
            (a, b) if a == b => return Ok((left, right)),
            (Kind::Decimal(a), Kind::Decimal(b)) => Kind::Decimal(*a.max(b)),
            (Kind::Decimal(scale), Kind::Int) | (Kind::Int, Kind::Decimal(scale)) => Kind::Decimal(*scale),
            (a, b) => return Err(format!("it mixes {a} and {b}")),
        };
        Ok((self.converted(left, &kind)?, self.converted(right, &kind)?))
    }

    /// A number as a Decimal of a scale.
    pub(super) fn converted(&mut self, node: Arc<Node>, kind: &Kind) -> Result<Arc<Node>, Why> {
        let Kind::Decimal(scale) = kind else { return Ok(node) };
        let from = match &node.kind {
            Kind::Decimal(from) if from == scale => return Ok(node),
            Kind::Decimal(from) => *from,
            Kind::Int => 0,
            other => return Err(format!("a {other} is no Decimal")),
        };
        let digits = scale.checked_sub(from).filter(|digits| *scale <= MOST_SCALE && *digits <= 18);
        let digits = digits.ok_or("its Decimals have too many digits after the point")?;
        if let Op::Const(found) = &node.op {
            let units = match found {
                super::Constant::Units(units) => Some(*units),
                super::Constant::Whole(number) => Some(i128::from(*number)),
                _ => None,
            };
            let units = units.and_then(|units| super::constant::rescaled(units, digits));
            let units = units.filter(|units| units.abs() < MOST_UNITS).ok_or("a constant in it has too many digits")?;
            return self.node(Op::Const(super::Constant::Units(units)), kind.clone());
        }
        match (&node.op, &node.kind) {
            (Op::Absent, _) => self.node(Op::Absent, kind.clone()),
            (_, Kind::Int) if digits > 0 => {
                let whole = self.node(Op::Convert(node), Kind::Decimal(0))?;
                self.node(Op::Convert(whole), kind.clone())
            }
            _ => self.node(Op::Convert(node), kind.clone()),
        }
    }
}

fn is_number(kind: &Kind) -> bool {
    matches!(kind, Kind::Int | Kind::Decimal(_))
}

/// Rewrites an expression so that its columns are variables; `place` tells which column an expression is.
pub(crate) fn within(expr: &Expr, place: &dyn Fn(&Expr) -> Option<usize>) -> Expr {
    let mut expr = expr.clone();
    expr.visit_mut(&mut |part| {
        if let Some(column) = place(part) {
            part.kind = ExprKind::Var(column_variable(column));
        }
    });
    expr
}

/// An expression with its frame's variables replaced by what they are, so that only columns are free in it.
pub(super) fn closed(expr: &Expr, frame: &Frame, why: &Why) -> Result<Expr, Why> {
    let mut expr = expr.clone();
    expr.visit_mut(&mut |part| {
        if let ExprKind::Var(var) = &part.kind
            && let Some(bound) = frame.get(var)
        {
            *part = bound.source.clone();
        }
    });
    let mut size = 0;
    expr.visit(&mut |_| size += 1);
    if size <= MOST_NODES && expr.free_variables().into_iter().all(|var| column_of(var).is_some()) {
        Ok(expr)
    } else {
        Err(why.clone())
    }
}
