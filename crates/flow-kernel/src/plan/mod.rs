//! What will be computed, before any machine code: an expression as operations on columns of fixed width.
//!
//! Pure, and knows nothing of cranelift. `lower.rs` walks the expression; what has no operation here becomes a column
//! that the evaluator fills ([`Source::Evaluated`]), if its kind is known from where it stands.

mod calls;
mod constant;
mod lower;
mod matching;
mod operators;
mod text;

use crate::kind::Kind;
use flow_expr::{BinaryOp, Expr};
use std::sync::Arc;

pub(crate) use constant::{Constant, constant, variants};
pub(crate) use lower::{Lower, column_of, within};
pub(crate) use text::{TextOp, TextSide};

/// An expression, planned.
#[derive(Debug)]
pub(crate) struct Plan {
    /// What its value is.
    pub(crate) root: Arc<Node>,
    /// The columns that it is computed from.
    pub(crate) inputs: Vec<Source>,
    /// How many operations.
    pub(crate) nodes: usize,
    /// What is left to the evaluator: why, and how many expressions of it.
    pub(crate) evaluated: Vec<(Why, usize)>,
}

/// Why something is not compiled: a clause with a small letter.
pub(crate) type Why = String;

/// Where a column of fixed width comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// A column of the table.
    Column(usize, Kind),
    /// The positions of a column's variants.
    Variants(usize, Arc<[Arc<str>]>),
    /// Something about texts.
    Text(TextOp, TextSide),
    /// What the evaluator gives; columns are its variables by [`column_variable`]. With the depth at which it stands.
    Evaluated(Expr, Kind, u32),
}

/// An operation with its kind. Shared where it is used more than once, and then computed once.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) op: Op,
    pub(crate) kind: Kind,
}

/// Operations. Each gives for a row a value, or that there is none, or that it is not known here.
#[derive(Debug)]
pub(crate) enum Op {
    /// An input, by number.
    Input(usize),
    Const(Constant),
    /// `none`.
    Absent,
    /// An Int as a Decimal, a Decimal in smaller units.
    Convert(Arc<Node>),
    Arithmetic(Arithmetic, Arc<Node>, Arc<Node>),
    Negate(Arc<Node>),
    Absolute(Arc<Node>),
    /// Of two of one kind.
    Compare(BinaryOp, Arc<Node>, Arc<Node>),
    And(Arc<Node>, Arc<Node>),
    Or(Arc<Node>, Arc<Node>),
    Not(Arc<Node>),
    If(Arc<Node>, Arc<Node>, Arc<Node>),
    Coalesce(Arc<Node>, Arc<Node>),
    IsPresent(Arc<Node>),
    /// Known only if there is a value.
    Required(Arc<Node>),
    /// The second, known only if the first is: arguments are evaluated, used or not.
    After(Arc<Node>, Arc<Node>),
    OneOf(Arc<Node>, Vec<Constant>),
    /// Never known: left to the evaluator.
    Unknown,
}

/// Arithmetic, by what it means to registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    /// A Date later or earlier by whole days of a Duration.
    DateAdd,
    DateSubtract,
    /// Date − Date, a Duration.
    DaysBetween,
}

impl Node {
    pub(crate) fn new(op: Op, kind: Kind) -> Arc<Self> {
        Arc::new(Self { op, kind })
    }
}

impl Plan {
    /// The Floats that it compares and computes with, each once.
    pub(crate) fn floats(&self) -> Vec<f64> {
        let mut found: Vec<f64> = vec![];
        let mut note = |constant: &Constant| {
            if let Constant::Float(number) = constant
                && found.iter().all(|known| known.to_bits() != number.to_bits())
            {
                found.push(*number);
            }
        };
        let (mut waiting, mut seen) = (vec![&self.root], std::collections::HashSet::new());
        while let Some(node) = waiting.pop() {
            if !seen.insert(Arc::as_ptr(node)) {
                continue;
            }
            match &node.op {
                Op::Const(constant) => note(constant),
                Op::OneOf(_, constants) => constants.iter().for_each(&mut note),
                _ => {}
            }
            node.op.operands(&mut |operand| waiting.push(operand));
        }
        found
    }
}

impl Op {
    /// Calls `see` for what it is computed from.
    fn operands<'n>(&'n self, see: &mut dyn FnMut(&'n Arc<Node>)) {
        match self {
            Self::Input(_) | Self::Const(_) | Self::Absent | Self::Unknown => {}
            Self::Convert(x)
            | Self::Negate(x)
            | Self::Absolute(x)
            | Self::Not(x)
            | Self::IsPresent(x)
            | Self::Required(x)
            | Self::OneOf(x, _) => see(x),
            Self::Arithmetic(_, x, y)
            | Self::Compare(_, x, y)
            | Self::And(x, y)
            | Self::Or(x, y)
            | Self::Coalesce(x, y)
            | Self::After(x, y) => [x, y].into_iter().for_each(see),
            Self::If(x, y, z) => [x, y, z].into_iter().for_each(see),
        }
    }
}
