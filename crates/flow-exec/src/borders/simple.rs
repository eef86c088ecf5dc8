//! Conditions simple enough to be asked of a whole column without making values.
//!
//! `it >= 0`, `it.length() <= 80`, `["a", "b"].contains(it)`, and `and`, `or`, `not` of such. They mean what
//! the evaluator says they mean; what is not covered here is left to it. Tested against it.

use crate::tables::decimal_units;
use datafusion::arrow::{
    array::{ArrayRef, AsArray},
    datatypes::{Date32Type, Decimal128Type, Float64Type, Int64Type, TimestampMicrosecondType},
};
use flow_expr::{BinaryOp, Expr, ExprKind, UnaryOp, Value, VarId};
use std::{cmp::Ordering, collections::HashSet, sync::Arc};

/// A condition over columns.
#[derive(Debug)]
pub(crate) enum SimpleRule {
    /// A column, by number, against a constant.
    Compare(usize, BinaryOp, Bound),
    /// The number of characters of a text column.
    Length(usize, BinaryOp, i64),
    /// A text column is one of these.
    OneOf(usize, HashSet<Arc<str>>),
    /// Both.
    And(Box<Self>, Box<Self>),
    /// Either.
    Or(Box<Self>, Box<Self>),
    /// The opposite.
    Not(Box<Self>),
}

/// A constant in a column's own units.
#[derive(Clone, Debug)]
pub(crate) enum Bound {
    Int(i64),
    Decimal(i128),
    Float(f64),
    Text(Arc<str>),
    Date(i32),
    Timestamp(i64),
}

/// The rule that an expression is, if it is simple. `column` finds the column that an expression is: `it` or
/// `it.amount`, whose cells all have values.
pub(crate) fn simple_rule(expr: &Expr, column: &dyn Fn(&Expr) -> Option<usize>) -> Option<SimpleRule> {
    match &expr.kind {
        ExprKind::Binary(BinaryOp::And, a, b) => {
            Some(SimpleRule::And(simple_rule(a, column)?.into(), simple_rule(b, column)?.into()))
        }
        ExprKind::Binary(BinaryOp::Or, a, b) => {
            Some(SimpleRule::Or(simple_rule(a, column)?.into(), simple_rule(b, column)?.into()))
        }
        ExprKind::Unary(UnaryOp::Not, a) => Some(SimpleRule::Not(simple_rule(a, column)?.into())),
        ExprKind::Binary(op, a, b) => match (column(a), constant(b), column(b), constant(a)) {
            (Some(index), Some(value), ..) => Some(SimpleRule::Compare(index, ordering_op(*op)?, bound(value)?)),
            (.., Some(index), Some(value)) => {
                Some(SimpleRule::Compare(index, ordering_op(op.mirrored())?, bound(value)?))
            }
            _ => match (length_of(a, column), constant(b)) {
                (Some(index), Some(Value::Int(number))) => Some(SimpleRule::Length(index, ordering_op(*op)?, *number)),
                _ => None,
            },
        },
        ExprKind::Builtin(name, args) if &**name == "contains" => match args.as_slice() {
            [list, item] => Some(SimpleRule::OneOf(column(item)?, texts(list)?)),
            _ => None,
        },
        _ => None,
    }
}

fn length_of(expr: &Expr, column: &dyn Fn(&Expr) -> Option<usize>) -> Option<usize> {
    match &expr.kind {
        ExprKind::Builtin(name, args) if &**name == "length" && args.len() == 1 => column(&args[0]),
        _ => None,
    }
}

fn constant(expr: &Expr) -> Option<&Value> {
    match &expr.kind {
        ExprKind::Const(value) => Some(value),
        _ => None,
    }
}

fn texts(expr: &Expr) -> Option<HashSet<Arc<str>>> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        _ => None,
    };
    match &expr.kind {
        ExprKind::Const(Value::List(items)) => items.iter().map(text).collect(),
        ExprKind::List(items) => items.iter().map(|item| constant(item).and_then(text)).collect(),
        _ => None,
    }
}

fn bound(value: &Value) -> Option<Bound> {
    Some(match value {
        Value::Int(number) => Bound::Int(*number),
        Value::Decimal(number) => Bound::Decimal(decimal_units(*number)?),
        // The two zeros are one, and NaN is above all: left to the evaluator.
        Value::Float(number) if *number != 0.0 && !number.is_nan() => Bound::Float(*number),
        Value::String(text) => Bound::Text(text.clone()),
        Value::Date(date) => Bound::Date(crate::tables::days_of(*date)),
        // A column has microseconds; a bound with more would compare wrongly.
        Value::Timestamp(instant) if instant.as_nanosecond() % 1000 == 0 => Bound::Timestamp(instant.as_microsecond()),
        _ => return None,
    })
}

fn ordering_op(op: BinaryOp) -> Option<BinaryOp> {
    use BinaryOp::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
    matches!(op, Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual).then_some(op)
}

impl SimpleRule {
    /// For each row whether it holds; cells without a value count as if it did. None if a column is not of
    /// the constant's type.
    pub(crate) fn verdicts(&self, columns: &[ArrayRef]) -> Option<Vec<bool>> {
        match self {
            Self::Compare(index, op, bound) => compare(columns.get(*index)?, *op, bound),
            Self::Length(index, op, bound) => {
                let texts = columns.get(*index)?.as_string_opt::<i32>()?;
                let verdict = |text: Option<&str>| {
                    text.is_none_or(|text| op.holds(i64::try_from(text.chars().count()).unwrap_or(i64::MAX).cmp(bound)))
                };
                Some(texts.iter().map(verdict).collect())
            }
            Self::OneOf(index, set) => {
                let texts = columns.get(*index)?.as_string_opt::<i32>()?;
                Some(texts.iter().map(|text| text.is_none_or(|text| set.contains(text))).collect())
            }
            Self::And(a, b) => both(a.verdicts(columns)?, &b.verdicts(columns)?, |a, b| a && b),
            Self::Or(a, b) => both(a.verdicts(columns)?, &b.verdicts(columns)?, |a, b| a || b),
            Self::Not(a) => a.verdicts(columns).map(|verdicts| verdicts.into_iter().map(|holds| !holds).collect()),
        }
    }
}

fn both(mut a: Vec<bool>, b: &[bool], join: impl Fn(bool, bool) -> bool) -> Option<Vec<bool>> {
    a.iter_mut().zip(b).for_each(|(a, b)| *a = join(*a, *b));
    Some(a)
}

macro_rules! each {
    ($array:expr, $kind:ty, $op:expr, $bound:expr) => {
        $array
            .as_primitive_opt::<$kind>()?
            .iter()
            .map(|cell| cell.is_none_or(|cell| $op.holds(cell.cmp($bound))))
            .collect()
    };
}

fn compare(array: &ArrayRef, op: BinaryOp, bound: &Bound) -> Option<Vec<bool>> {
    Some(match bound {
        Bound::Int(bound) => each!(array, Int64Type, op, bound),
        Bound::Decimal(bound) => each!(array, Decimal128Type, op, bound),
        Bound::Date(bound) => each!(array, Date32Type, op, bound),
        Bound::Timestamp(bound) => each!(array, TimestampMicrosecondType, op, bound),
        Bound::Float(bound) => {
            let order = |cell: f64| cell.partial_cmp(bound).unwrap_or(Ordering::Greater);
            array
                .as_primitive_opt::<Float64Type>()?
                .iter()
                .map(|cell| cell.is_none_or(|cell| op.holds(order(cell))))
                .collect()
        }
        Bound::Text(bound) => {
            let texts = array.as_string_opt::<i32>()?;
            texts.iter().map(|cell| cell.is_none_or(|cell| op.holds(cell.cmp(bound)))).collect()
        }
    })
}

/// Whether an expression is `it`.
pub(crate) fn is_it(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Var(VarId::IT))
}
