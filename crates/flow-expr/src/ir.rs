//! Expressions after checking: names resolved, coercions explicit, step calls hoisted out.
//!
//! This is the one form that is evaluated, compiled, hashed and stored in plans. Spans ride along for
//! messages and are left out of hashes (`flow_plan::hash` skips every field named `at`).

use crate::{Name, Type, Value};
use flow_diag::Span;
use serde::{Deserialize, Serialize};
use std::{cmp::Ordering, collections::BTreeSet, sync::Arc};

/// A variable. Unique within one function, step, flow or refinement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct VarId(pub u32);

impl VarId {
    /// `it`: the value under test in refinements and guards.
    pub const IT: Self = Self(u32::MAX);
}

/// An expression with its place in the text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Expr {
    /// What it is.
    #[serde(flatten)]
    pub kind: ExprKind,
    /// Where it was written.
    #[serde(default)]
    pub at: Span,
}

impl Expr {
    /// An expression at a place.
    #[must_use]
    pub fn new(kind: ExprKind, at: Span) -> Self {
        Self { kind, at }
    }

    /// What is converted to the type of its place, or must keep the refinements of that.
    #[must_use]
    pub fn unconverted(&self) -> &Self {
        match &self.kind {
            ExprKind::IntToDecimal(inner) | ExprKind::Refined(inner, _) => inner.unconverted(),
            _ => self,
        }
    }

    /// The variables that it uses and that nothing in it binds.
    #[must_use]
    pub fn free_variables(&self) -> BTreeSet<VarId> {
        let (mut used, mut bound) = (BTreeSet::new(), BTreeSet::new());
        self.visit(&mut |part| match &part.kind {
            ExprKind::Var(var) => drop(used.insert(*var)),
            ExprKind::Lambda(params, _) => bound.extend(params),
            ExprKind::Match(_, arms) => bound.extend(arms.iter().flat_map(|arm| arm.pattern.variables())),
            _ => {}
        });
        used.retain(|var| !bound.contains(var));
        used
    }

    /// Calls `see` for this expression and everything in it, in no particular order. Never recurses.
    pub fn visit<'e>(&'e self, see: &mut dyn FnMut(&'e Self)) {
        let mut waiting = vec![self];
        while let Some(expr) = waiting.pop() {
            see(expr);
            expr.kind.children(&mut |child| waiting.push(child));
        }
    }

    /// Calls `change` for this expression and everything that is then in it, outer ones first. Never recurses.
    pub fn visit_mut(&mut self, change: &mut dyn FnMut(&mut Self)) {
        let mut waiting = vec![self];
        while let Some(expr) = waiting.pop() {
            change(expr);
            expr.kind.children_mut(&mut waiting);
        }
    }
}

impl ExprKind {
    fn children<'e>(&'e self, see: &mut dyn FnMut(&'e Expr)) {
        match self {
            Self::Const(_) | Self::Var(_) => {}
            Self::Field { base, .. } => see(base),
            Self::Record { base, fields, .. } => {
                base.iter().for_each(|base| see(base));
                fields.iter().for_each(|(_, value)| see(value));
            }
            Self::Variant { fields, .. } => fields.iter().for_each(|(_, value)| see(value)),
            Self::List(items) | Self::Call(_, items) | Self::Builtin(_, items) => items.iter().for_each(see),
            Self::Range(left, right) | Self::Binary(_, left, right) => {
                see(left);
                see(right);
            }
            Self::Unary(_, inner) | Self::Lambda(_, inner) | Self::IntToDecimal(inner) | Self::Refined(inner, _) => {
                see(inner);
            }
            Self::If(condition, then, otherwise) => [condition, then, otherwise].into_iter().for_each(|part| see(part)),
            Self::Match(subject, arms) => {
                see(subject);
                for arm in arms {
                    arm.condition.iter().for_each(&mut *see);
                    see(&arm.body);
                }
            }
            Self::Interpolate(parts) => parts.iter().for_each(|part| {
                if let Part::Hole(expr, _) = part {
                    see(expr);
                }
            }),
        }
    }

    fn children_mut<'e>(&'e mut self, into: &mut Vec<&'e mut Expr>) {
        match self {
            Self::Const(_) | Self::Var(_) => {}
            Self::Field { base, .. } => into.push(base),
            Self::Record { base, fields, .. } => {
                into.extend(base.iter_mut().map(|base| &mut **base));
                into.extend(fields.iter_mut().map(|(_, value)| value));
            }
            Self::Variant { fields, .. } => into.extend(fields.iter_mut().map(|(_, value)| value)),
            Self::List(items) | Self::Call(_, items) | Self::Builtin(_, items) => into.extend(items),
            Self::Range(left, right) | Self::Binary(_, left, right) => into.extend([&mut **left, &mut **right]),
            Self::Unary(_, inner) | Self::Lambda(_, inner) | Self::IntToDecimal(inner) | Self::Refined(inner, _) => {
                into.push(inner);
            }
            Self::If(condition, then, otherwise) => into.extend([&mut **condition, &mut **then, &mut **otherwise]),
            Self::Match(subject, arms) => {
                into.push(subject);
                for arm in arms {
                    into.extend(arm.condition.as_mut());
                    into.push(&mut arm.body);
                }
            }
            Self::Interpolate(parts) => into.extend(parts.iter_mut().filter_map(|part| match part {
                Part::Hole(expr, _) => Some(expr),
                Part::Text(_) => None,
            })),
        }
    }
}

/// The kinds of expression.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExprKind {
    /// A constant.
    Const(Value),
    /// A parameter, `let`, loop variable, pattern binding, lambda parameter or `it`.
    Var(VarId),
    /// `base.field`; of an optional base it is an error when there is no value.
    Field {
        /// The record, variant payload or JSON object.
        base: Box<Expr>,
        /// The field.
        name: Arc<str>,
    },
    /// A record; every field that `base` does not give is present.
    Record {
        /// Its type.
        ty: Name,
        /// `..base`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base: Option<Box<Expr>>,
        /// Fields in declaration order.
        fields: Vec<(Arc<str>, Expr)>,
    },
    /// A variant of an enum.
    Variant {
        /// The enum.
        ty: Name,
        /// The variant.
        variant: Arc<str>,
        /// Its payload.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        fields: Vec<(Arc<str>, Expr)>,
    },
    /// `[a, b]`.
    List(Vec<Expr>),
    /// `lo..hi` (both inclusive: days and partitions are spoken of that way), a list of Int or Date.
    Range(Box<Expr>, Box<Expr>),
    /// `-x`, `not x`.
    Unary(UnaryOp, Box<Expr>),
    /// `a + b` and the like; `and`, `or`, `??` evaluate their right side only when needed.
    #[serde(with = "crate::chain")]
    #[schemars(with = "crate::chain::Chain")]
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `if c { a } else { b }`.
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// `match x { … }`; the checker proved that some arm fits.
    Match(Box<Expr>, Vec<Arm>),
    /// A call of a `fn` of the program or of the standard library.
    Call(Name, Vec<Expr>),
    /// A call of a built-in, by its short name: `sum`, `count`, `length`, … (see `builtins`).
    Builtin(Arc<str>, Vec<Expr>),
    /// `x => body`.
    Lambda(Vec<VarId>, Box<Expr>),
    /// A string with holes; each hole's value is printed as by the built-in `text`.
    Interpolate(Vec<Part>),
    /// `Int` where a `Decimal` is expected.
    IntToDecimal(Box<Expr>),
    /// A value where a type with refinements is expected that its own type does not have: they must hold for it.
    Refined(Box<Expr>, Type),
}

/// A piece of an interpolated string.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Literal text, escapes applied.
    Text(Arc<str>),
    /// A hole, with its format (`{revenue as csv}`).
    Hole(Expr, #[serde(default, skip_serializing_if = "Option::is_none")] Option<Arc<str>>),
}

/// Operators on one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnaryOp {
    /// `-`: Int, Float, Decimal, Duration.
    Negate,
    /// `not`.
    Not,
}

/// Operators on two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BinaryOp {
    /// `+`: numbers, Duration, Timestamp/Date/Time + Duration, String, List.
    Add,
    /// `-`: numbers, Duration, Timestamp - Timestamp, …
    Subtract,
    /// `*`: numbers, Duration * Int.
    Multiply,
    /// `/`: numbers (Int / Int is integer division, truncating), Duration / Int.
    Divide,
    /// `%`: Int, Decimal.
    Remainder,
    /// `==`.
    Equal,
    /// `!=`.
    NotEqual,
    /// `<`.
    Less,
    /// `<=`.
    LessEqual,
    /// `>`.
    Greater,
    /// `>=`.
    GreaterEqual,
    /// `and`.
    And,
    /// `or`.
    Or,
    /// `x ?? y`: y where x has no value.
    Coalesce,
}

impl BinaryOp {
    /// Whether two values that are in this order compare so: `<` and its kin. Any other operator counts as `>=`.
    #[must_use]
    pub fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            _ => order.is_ge(),
        }
    }

    /// The comparison with its sides changed: `>` for `<`.
    #[must_use]
    pub fn mirrored(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessEqual => Self::GreaterEqual,
            Self::Greater => Self::Less,
            Self::GreaterEqual => Self::LessEqual,
            same => same,
        }
    }
}

/// An arm of a `match`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Arm {
    /// What must fit.
    pub pattern: Pattern,
    /// `if` condition of the arm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Expr>,
    /// The result.
    pub body: Expr,
}

/// A pattern.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pattern {
    /// `_`.
    Any,
    /// A name that binds what is there.
    Bind(VarId),
    /// A constant.
    Const(Value),
    /// `none`.
    Absent,
    /// A variant with patterns for its payload.
    Variant(Arc<str>, Vec<(Arc<str>, Pattern)>),
    /// `a | b`; binds nothing.
    Either(Vec<Pattern>),
}

impl Pattern {
    /// The variables that it binds.
    #[must_use]
    pub fn variables(&self) -> Vec<VarId> {
        let (mut found, mut pending) = (vec![], vec![self]);
        while let Some(pattern) = pending.pop() {
            match pattern {
                Self::Bind(var) => found.push(*var),
                Self::Variant(_, fields) => pending.extend(fields.iter().map(|(_, field)| field)),
                Self::Either(choices) => pending.extend(choices),
                _ => {}
            }
        }
        found
    }
}

/// A pure function of the program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Function {
    /// Parameters; the body refers to them by these variables.
    pub params: Vec<VarId>,
    /// Its body.
    pub body: Expr,
}
