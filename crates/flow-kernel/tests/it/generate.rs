//! Expressions of all kinds that a checker would accept, grown from a tape of choices. A tape that has ended gives
//! leaves, so that short tapes are simple expressions.

use crate::table::{NAMES, TEXTS, region};
use flow_diag::Span;
use flow_expr::{Arm, BinaryOp, Expr, ExprKind, Function, Name, Pattern, UnaryOp, Value, VarId, VariantValue};
use jiff::{SignedDuration, Timestamp, civil};
use std::{collections::BTreeMap, sync::Arc};

/// Kinds of values, in the order of the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Of {
    Int,
    Float,
    Decimal,
    Bool,
    Text,
    Date,
    Instant,
    Length,
    Region,
}

use Of::*;

const ALL: [Of; 9] = [Int, Float, Decimal, Bool, Text, Date, Instant, Length, Region];

pub(crate) fn expr(kind: ExprKind) -> Expr {
    Expr::new(kind, Span::default())
}

pub(crate) fn constant(value: Value) -> Expr {
    expr(ExprKind::Const(value))
}

pub(crate) fn column(name: &str) -> Expr {
    expr(ExprKind::Field { base: expr(ExprKind::Var(VarId::IT)).into(), name: name.into() })
}

pub(crate) fn binary(op: BinaryOp, left: Expr, right: Expr) -> Expr {
    expr(ExprKind::Binary(op, left.into(), right.into()))
}

pub(crate) fn builtin(name: &str, arguments: Vec<Expr>) -> Expr {
    expr(ExprKind::Builtin(name.into(), arguments))
}

/// Functions that generated expressions call: `double(n) = n + n`, `first(a, b) = a`.
pub(crate) fn functions() -> BTreeMap<Name, Function> {
    let var = |id| expr(ExprKind::Var(VarId(id)));
    let double = Function { params: vec![VarId(1)], body: binary(BinaryOp::Add, var(1), var(1)) };
    let first = Function { params: vec![VarId(1), VarId(2)], body: var(1) };
    BTreeMap::from([(Name::new("m.double"), double), (Name::new("m.first"), first)])
}

/// Choices one after another.
pub(crate) struct Tape<'t> {
    choices: &'t [u8],
    at: usize,
    depth: usize,
    next_variable: u32,
}

impl<'t> Tape<'t> {
    pub(crate) fn new(choices: &'t [u8]) -> Self {
        Self { choices, at: 0, depth: 0, next_variable: 100 }
    }

    fn choose(&mut self, of: usize) -> usize {
        let choice = self.choices.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::from(choice) % of
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.choose(of.len())]
    }

    fn leaf(&mut self, of: Of) -> Expr {
        let place = ALL.iter().position(|kind| *kind == of).unwrap() * 2;
        match self.choose(3) {
            0 => column(NAMES[place]),
            1 => binary(BinaryOp::Coalesce, column(NAMES[place + 1]), self.constant(of)),
            _ => self.constant(of),
        }
    }

    fn constant(&mut self, of: Of) -> Expr {
        let n = self.choose(8);
        constant(match of {
            Int => Value::Int([0, 1, -1, 2, 60, 1000, i64::MAX, i64::MIN][n]),
            Float => Value::Float([0.0, -0.0, 1.0, 0.5, f64::NAN, f64::INFINITY, 1e300, -3.0][n]),
            Decimal => Value::Decimal(
                ["0", "1", "-1.00", "0.1", "1000000", "0.0000000000001", "922337203.7", "2.50"][n].parse().unwrap(),
            ),
            Bool => Value::Bool(n.is_multiple_of(2)),
            Text => Value::String(TEXTS[n].into()),
            Date => Value::Date(civil::date([1970, 2020, 1, 9999][n % 4], 1, 2)),
            Instant => {
                Value::Timestamp(Timestamp::from_nanosecond([0, 1_700_000_000_000_000_000, 1_500, -1][n % 4]).unwrap())
            }
            Length => Value::Duration(SignedDuration::from_nanos(
                [0, 86_400_000_000_000, 1_000, 500, -3_600_000_000_000][n % 5],
            )),
            Region => Value::Variant(Arc::new(VariantValue {
                ty: region(),
                variant: ["North", "South", "East"][n % 3].into(),
                fields: vec![],
            })),
        })
    }

    /// A value that may be absent.
    fn optional(&mut self, of: Of) -> Expr {
        let place = ALL.iter().position(|kind| *kind == of).unwrap() * 2 + 1;
        if self.choose(4) == 3 { self.of(of) } else { column(NAMES[place]) }
    }

    /// An expression of this kind that always has a value, or an error.
    pub(crate) fn of(&mut self, of: Of) -> Expr {
        if self.depth > 5 {
            return self.leaf(of);
        }
        self.depth += 1;
        let found = match self.choose(8) {
            0 | 1 => self.leaf(of),
            2 => {
                let condition = self.of(Bool);
                let (then, otherwise) = (self.of(of), self.of(of));
                expr(ExprKind::If(condition.into(), then.into(), otherwise.into()))
            }
            3 => self.shared(of),
            _ => self.particular(of),
        };
        self.depth -= 1;
        found
    }

    /// What there is for all kinds.
    fn shared(&mut self, of: Of) -> Expr {
        match self.choose(6) {
            0 => binary(BinaryOp::Coalesce, self.optional(of), self.of(of)),
            1 => builtin("value_or", vec![self.optional(of), self.of(of)]),
            2 => builtin("required", vec![self.optional(of)]),
            3 => {
                let other = self.pick(&ALL);
                expr(ExprKind::Call(Name::new("m.first"), vec![self.of(of), self.of(other)]))
            }
            4 => self.matching(of),
            // What compiled code does not have.
            _ => builtin("at", vec![expr(ExprKind::List(vec![self.of(of)])), constant(Value::Int(0))]),
        }
    }

    fn matching(&mut self, of: Of) -> Expr {
        let (bound, other) = (VarId(self.next_variable), self.of(of));
        self.next_variable += 1;
        let arm = |pattern, condition, body| Arm { pattern, condition, body };
        let arms = if self.choose(2) == 0 {
            let variant = |name: &str| Pattern::Variant(name.into(), vec![]);
            let first = Pattern::Either(vec![variant("North"), variant("East")]);
            let condition = (self.choose(2) == 0).then(|| self.of(Bool));
            vec![
                arm(first, condition, self.of(of)),
                arm(Pattern::Absent, None, self.of(of)),
                arm(Pattern::Any, None, other),
            ]
        } else {
            let condition = binary(BinaryOp::NotEqual, expr(ExprKind::Var(bound)), self.of(Region));
            vec![arm(Pattern::Bind(bound), Some(condition), self.of(of)), arm(Pattern::Any, None, other)]
        };
        expr(ExprKind::Match(self.optional(Region).into(), arms))
    }

    fn sum(&mut self, ops: &[BinaryOp], left: Of, right: Of) -> Expr {
        let op = self.pick(ops);
        binary(op, self.of(left), self.of(right))
    }

    fn particular(&mut self, of: Of) -> Expr {
        use BinaryOp::{Add, Divide, Multiply, Remainder, Subtract};
        match of {
            Bool => self.condition(),
            Int => match self.choose(6) {
                0..4 => self.sum(&[Add, Subtract, Multiply, Divide, Remainder], Int, Int),
                4 => builtin("length", vec![self.of(Text)]),
                _ => match self.choose(3) {
                    0 => expr(ExprKind::Unary(UnaryOp::Negate, self.of(Int).into())),
                    1 => builtin("abs", vec![self.of(Int)]),
                    _ => expr(ExprKind::Call(Name::new("m.double"), vec![self.of(Int)])),
                },
            },
            Float => match self.choose(4) {
                0..3 => self.sum(&[Add, Subtract, Multiply, Divide], Float, Float),
                _ => expr(ExprKind::Unary(UnaryOp::Negate, self.of(Float).into())),
            },
            Decimal => match self.choose(6) {
                0..3 => self.sum(&[Add, Subtract, Multiply, Multiply, Divide, Remainder], Decimal, Decimal),
                3 => expr(ExprKind::IntToDecimal(self.of(Int).into())),
                4 => builtin("abs", vec![self.of(Decimal)]),
                _ => expr(ExprKind::Unary(UnaryOp::Negate, self.of(Decimal).into())),
            },
            Text => match self.choose(2) {
                0 => builtin("trim", vec![self.of(Text)]),
                _ => self.leaf(Text),
            },
            Date => self.sum(&[Add, Subtract], Date, Length),
            Instant => self.sum(&[Add, Subtract], Instant, Length),
            Length => match self.choose(5) {
                0 => self.sum(&[Subtract], Instant, Instant),
                1 => self.sum(&[Subtract], Date, Date),
                2 => self.sum(&[Add, Subtract], Length, Length),
                3 => self.sum(&[Multiply, Divide], Length, Int),
                _ => builtin("age", vec![self.of(Instant)]),
            },
            Region => self.leaf(Region),
        }
    }

    fn condition(&mut self) -> Expr {
        use BinaryOp::{And, Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual, Or};
        match self.choose(11) {
            10 => {
                let op = self.pick(&[Less, LessEqual, Greater, GreaterEqual, Equal]);
                let age = builtin("age", vec![self.of(Instant)]);
                if self.choose(2) == 0 { binary(op, age, self.of(Length)) } else { binary(op, self.of(Length), age) }
            }
            0..4 => {
                let (op, of) = (self.pick(&[Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual]), self.pick(&ALL));
                let left = if matches!(op, Equal | NotEqual) { self.optional(of) } else { self.of(of) };
                binary(op, left, self.of(of))
            }
            4 | 5 => self.sum(&[And, Or], Bool, Bool),
            6 => expr(ExprKind::Unary(UnaryOp::Not, self.of(Bool).into())),
            7 => {
                let of = self.pick(&ALL);
                let none = constant(Value::Absent);
                match self.choose(3) {
                    0 => binary(NotEqual, self.optional(of), none),
                    1 => builtin("is_present", vec![self.optional(of)]),
                    _ => builtin("is_absent", vec![self.optional(of)]),
                }
            }
            8 => {
                let of = self.pick(&ALL);
                let items = (0..self.choose(4)).map(|_| self.constant(of)).collect();
                builtin("contains", vec![expr(ExprKind::List(items)), self.optional(of)])
            }
            _ => {
                let name = self.pick(&["starts_with", "ends_with", "contains", "is_empty", "is_blank", "matches"]);
                let text = self.of(Text);
                let part =
                    if name == "matches" { constant(Value::String("^[a-z]+$".into())) } else { self.constant(Text) };
                builtin(name, if name.starts_with("is_") { vec![text] } else { vec![text, part] })
            }
        }
    }
}
