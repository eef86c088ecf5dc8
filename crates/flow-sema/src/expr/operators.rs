//! Operators: arithmetic, comparison, logic, `??`.
//!
//! Chains such as `a + b + c` are walked in a loop, since they nest as deep as they are long.

use super::Elaborator;
use crate::problems::{
    mismatch::Because,
    operators::{NotComparable, NotOrdered, OperandAbsent, UselessCoalesce, WrongOperand, WrongOperands},
};
use flow_diag::Span;
use flow_expr::{BinaryOp, Expr, ExprKind, Type, UnaryOp, Value};
use flow_syntax::ast;

/// The left side of a link, as far as the chain has been walked.
struct Left {
    value: Expr,
    ty: Type,
    /// Whether it is a literal, whose number type may still change.
    literal: bool,
    /// Whether it is a comparison, so that another one after it has been reported by the parser.
    is_compared: bool,
}

impl Elaborator<'_> {
    pub(super) fn unary(&mut self, expr: &ast::UnaryExpr, hint: Option<&Type>) -> (Expr, Type) {
        let at = self.span(expr.range());
        let (Some(op), Some(operand)) = (expr.op(), expr.operand()) else { return self.missing(expr.range()) };
        if op == ast::UnaryOp::Not {
            let operand = self.check(&operand, &Type::Bool, Because::Place("which `not` takes"));
            return (Expr::new(ExprKind::Unary(UnaryOp::Not, Box::new(operand)), at), Type::Bool);
        }
        if let ast::Expr::Literal(literal) = &operand
            && !matches!(
                literal.kind(),
                None | Some(
                    ast::LiteralKind::Bool
                        | ast::LiteralKind::None
                        | ast::LiteralKind::Time
                        | ast::LiteralKind::Date
                        | ast::LiteralKind::Timestamp
                )
            )
        {
            return self.signed_literal(literal, true, at, hint);
        }
        let (value, ty) = self.elaborate(&operand, hint);
        match self.env.base(&ty) {
            base @ (Type::Int | Type::Float | Type::Decimal | Type::Duration) => {
                let base = base.clone();
                (Expr::new(ExprKind::Unary(UnaryOp::Negate, Box::new(value)), at), base)
            }
            Type::Unknown => self.unknown(at),
            _ => {
                self.problem(WrongOperand { at: value.at, operator: "-", found: &ty });
                self.unknown(at)
            }
        }
    }

    pub(super) fn binary(&mut self, expr: &ast::BinaryExpr, hint: Option<&Type>) -> (Expr, Type) {
        let mut links = vec![expr.clone()];
        let mut leftmost = expr.left();
        while let Some(ast::Expr::Binary(inner)) = &leftmost {
            let inner = inner.clone();
            leftmost = inner.left();
            links.push(inner);
        }
        let Some(first) = leftmost else { return self.missing(expr.range()) };
        let deepest = links.last().and_then(ast::BinaryExpr::op);
        let first_hint = match deepest {
            Some(op) if is_arithmetic(op) || op == ast::BinaryOp::Coalesce => hint.cloned(),
            // `North == region`: the variant is of the other side's type.
            Some(op) if is_comparison(op) && is_variant_name(&first) => {
                let right = links.last().and_then(ast::BinaryExpr::right);
                right.filter(|right| !is_variant_name(right)).map(|right| self.peek(&right))
            }
            _ => None,
        };
        let literal = is_literal(&first);
        let (value, ty) = match deepest {
            Some(op @ (ast::BinaryOp::And | ast::BinaryOp::Or)) => (self.condition(&first, op), Type::Bool),
            _ => self.elaborate(&first, first_hint.as_ref()),
        };
        let mut left = Left { value, ty, literal, is_compared: false };
        for link in links.iter().rev() {
            let at = self.span(link.range());
            let (value, ty) = match (link.op(), link.right()) {
                (Some(op), Some(right)) if left.is_compared && is_comparison(op) => {
                    self.infer(&right);
                    (self.unknown(at).0, Type::Bool)
                }
                (Some(op @ (ast::BinaryOp::And | ast::BinaryOp::Or)), Some(right)) => {
                    let holds = op == ast::BinaryOp::And;
                    self.knowing(link.left().as_ref(), holds, |this| this.link(op, left, &right, at, hint))
                }
                (Some(op), Some(right)) => self.link(op, left, &right, at, hint),
                _ => self.unknown(at),
            };
            left = Left { value, ty, literal: false, is_compared: link.op().is_some_and(is_comparison) };
        }
        (left.value, left.ty)
    }

    /// The type that an expression will have; what is wrong with it is said when it is elaborated for good.
    fn peek(&mut self, expr: &ast::Expr) -> Type {
        if self.graph.is_some() && matches!(expr, ast::Expr::Call(_)) {
            return Type::Unknown;
        }
        let problems = self.output.problems.0.len();
        let index = self.output.index.mark();
        let (_, ty) = self.infer(expr);
        self.output.problems.0.truncate(problems);
        self.output.index.back_to(index);
        ty
    }

    fn condition(&mut self, expr: &ast::Expr, op: ast::BinaryOp) -> Expr {
        let because = if op == ast::BinaryOp::And { "which `and` takes" } else { "which `or` takes" };
        self.check(expr, &Type::Bool, Because::Place(because))
    }

    fn link(
        &mut self,
        op: ast::BinaryOp,
        left: Left,
        right: &ast::Expr,
        at: Span,
        hint: Option<&Type>,
    ) -> (Expr, Type) {
        use ast::BinaryOp as Op;
        match op {
            Op::And | Op::Or => {
                let value = self.coerce_condition(left, op);
                // `call() or 0`: that neither side is a Bool is one mistake.
                let left_is_wrong = self
                    .output
                    .problems
                    .0
                    .last()
                    .is_some_and(|last| last.code == flow_diag::codes::E0201 && last.span() == value.at);
                let right = if left_is_wrong { self.infer(right).0 } else { self.condition(right, op) };
                let op = if op == Op::And { BinaryOp::And } else { BinaryOp::Or };
                (Expr::new(ExprKind::Binary(op, Box::new(value), Box::new(right)), at), Type::Bool)
            }
            Op::Coalesce => self.coalesce(left, right, at, hint),
            Op::Equal | Op::NotEqual => self.equality(op, left, right, at),
            Op::Less | Op::LessOrEqual | Op::Greater | Op::GreaterOrEqual => self.ordering(op, left, right, at),
            Op::Add | Op::Subtract | Op::Multiply | Op::Divide | Op::Remainder => {
                self.arithmetic(op, left, right, at, hint)
            }
        }
    }

    fn coerce_condition(&mut self, left: Left, op: ast::BinaryOp) -> Expr {
        let because = if op == ast::BinaryOp::And { "which `and` takes" } else { "which `or` takes" };
        self.coerce(left.value, &left.ty, &Type::Bool, Because::Place(because))
    }

    /// Elaborates the right side, and lets a literal on either side take the other's number type.
    fn operands(&mut self, left: Left, right: &ast::Expr) -> (Expr, Type, Expr, Type) {
        let hint = self.env.base(left.ty.required()).clone();
        let (mut value, mut ty) = (left.value, left.ty);
        // `x * 0.5` with an Int x: the literal stays what it is.
        let (right_value, right_ty) = self.elaborate(right, Some(&hint));
        if left.literal && *self.env.base(right_ty.required()) == Type::Float {
            (value, ty) = as_float(value, ty);
        }
        (value, ty, right_value, right_ty)
    }

    fn arithmetic(
        &mut self,
        op: ast::BinaryOp,
        left: Left,
        right: &ast::Expr,
        at: Span,
        _hint: Option<&Type>,
    ) -> (Expr, Type) {
        let (left, left_ty, right, right_ty) = self.operands(left, right);
        let (left_base, right_base) = (self.env.base(&left_ty).clone(), self.env.base(&right_ty).clone());
        if left_base == Type::Unknown || right_base == Type::Unknown {
            return self.unknown(at);
        }
        let Some(result) = self.arithmetic_type(op, &left_base, &right_base) else {
            let absent = [(&left, &left_base), (&right, &right_base)].into_iter().find_map(|(side, ty)| match ty {
                Type::Optional(_) => Some((side.at, ty.clone())),
                _ => None,
            });
            match absent {
                Some((side, ty)) => self.problem(OperandAbsent { at: side, operator: op.text(), found: &ty }),
                None => {
                    let (operator, left, right) = (op.text(), (left.at, &left_ty), (right.at, &right_ty));
                    self.problem(WrongOperands { at, operator, left, right });
                }
            }
            return self.unknown(at);
        };
        let (left, right) = if result == Type::Decimal {
            (self.lift(left, &left_base, &Type::Decimal), self.lift(right, &right_base, &Type::Decimal))
        } else {
            (left, right)
        };
        let op = match op {
            ast::BinaryOp::Add => BinaryOp::Add,
            ast::BinaryOp::Subtract => BinaryOp::Subtract,
            ast::BinaryOp::Multiply => BinaryOp::Multiply,
            ast::BinaryOp::Divide => BinaryOp::Divide,
            _ => BinaryOp::Remainder,
        };
        (Expr::new(ExprKind::Binary(op, Box::new(left), Box::new(right)), at), result)
    }

    fn arithmetic_type(&self, op: ast::BinaryOp, left: &Type, right: &Type) -> Option<Type> {
        use Type::{Date, Decimal, Duration, Float, Int, List, String, Time, Timestamp};
        use ast::BinaryOp::{Add, Divide, Multiply, Subtract};
        Some(match (op, left, right) {
            (_, Int, Int) => Int,
            (_, Decimal, Decimal | Int) | (_, Int, Decimal) => Decimal,
            (_, Float, Float) => Float,
            (Add, String, String) => String,
            (Add, List(_), List(_)) => self.env.join(left, right).filter(|joined| {
                // A list of Ints would have to be converted item by item.
                self.env.fits(left, joined) && self.env.fits(right, joined)
            })?,
            (Add | Subtract, Duration, Duration) | (Multiply | Divide, Duration, Int) | (Multiply, Int, Duration) => {
                Duration
            }
            (Add | Subtract, Timestamp, Duration) | (Add, Duration, Timestamp) => Timestamp,
            (Add | Subtract, Date, Duration) | (Add, Duration, Date) => Date,
            (Add | Subtract, Time, Duration) | (Add, Duration, Time) => Time,
            (Subtract, Timestamp, Timestamp) | (Subtract, Date, Date) | (Subtract, Time, Time) => Duration,
            _ => return None,
        })
    }

    fn equality(&mut self, op: ast::BinaryOp, left: Left, right: &ast::Expr, at: Span) -> (Expr, Type) {
        let (left, left_ty, right, right_ty) = self.operands(left, right);
        match self.env.join(&left_ty, &right_ty).filter(is_comparable) {
            Some(joined) => {
                let (left, right) = (self.lift(left, &left_ty, &joined), self.lift(right, &right_ty, &joined));
                let op = if op == ast::BinaryOp::Equal { BinaryOp::Equal } else { BinaryOp::NotEqual };
                (Expr::new(ExprKind::Binary(op, Box::new(left), Box::new(right)), at), Type::Bool)
            }
            None => {
                let (operator, left, right) = (op.text(), (left.at, &left_ty), (right.at, &right_ty));
                self.problem(NotComparable { at, operator, left, right });
                (self.unknown(at).0, Type::Bool)
            }
        }
    }

    fn ordering(&mut self, op: ast::BinaryOp, left: Left, right: &ast::Expr, at: Span) -> (Expr, Type) {
        let (left, left_ty, right, right_ty) = self.operands(left, right);
        let Some(joined) = self.env.join(&left_ty, &right_ty) else {
            let (operator, left, right) = (op.text(), (left.at, &left_ty), (right.at, &right_ty));
            self.problem(NotComparable { at, operator, left, right });
            return (self.unknown(at).0, Type::Bool);
        };
        if !flow_expr::builtins::is_ordered(joined.required(), &self.env.types) {
            self.problem(NotOrdered { at, operator: op.text(), found: joined.required() });
            return (self.unknown(at).0, Type::Bool);
        }
        // In a rule over rows, a value that is missing breaks the rule; elsewhere one must say what it means.
        let in_rows = self.locals.it().is_some_and(|it| it.bare_fields);
        let mut present = vec![];
        for (side, ty) in [(&left, &left_ty), (&right, &right_ty)] {
            if !matches!(self.env.base(ty), Type::Optional(_)) {
                continue;
            }
            if !in_rows {
                self.problem(OperandAbsent { at: side.at, operator: op.text(), found: ty });
                return (self.unknown(at).0, Type::Bool);
            }
            let absent = Expr::new(ExprKind::Const(Value::Absent), side.at);
            let check = ExprKind::Binary(BinaryOp::NotEqual, Box::new(side.clone()), Box::new(absent));
            present.push(Expr::new(check, side.at));
        }
        let (left, right) = (self.lift(left, &left_ty, &joined), self.lift(right, &right_ty, &joined));
        let op = match op {
            ast::BinaryOp::Less => BinaryOp::Less,
            ast::BinaryOp::LessOrEqual => BinaryOp::LessEqual,
            ast::BinaryOp::Greater => BinaryOp::Greater,
            _ => BinaryOp::GreaterEqual,
        };
        let compared = Expr::new(ExprKind::Binary(op, Box::new(left), Box::new(right)), at);
        let both = present.into_iter().rev().fold(compared, |rest, check| {
            Expr::new(ExprKind::Binary(BinaryOp::And, Box::new(check), Box::new(rest)), at)
        });
        (both, Type::Bool)
    }

    /// `x ?? y`.
    fn coalesce(&mut self, left: Left, right: &ast::Expr, at: Span, hint: Option<&Type>) -> (Expr, Type) {
        let inner = match self.env.base(&left.ty) {
            Type::Optional(inner) => (**inner).clone(),
            Type::Unknown => Type::Unknown,
            _ => {
                self.problem(UselessCoalesce { at: left.value.at, found: &left.ty, whole: at });
                left.ty.clone()
            }
        };
        let right_hint = if inner == Type::Unknown { hint } else { Some(&inner) };
        let (value, right_ty) = self.elaborate(right, right_hint);
        let Some(joined) = self.env.join(&inner, &right_ty) else {
            let because = Because::Like { what: "what `??` stands in for", at: left.value.at };
            self.coerce(value, &right_ty, &inner, because);
            return self.unknown(at);
        };
        let left_ty = if matches!(left.ty, Type::Optional(_)) { inner.clone().optional() } else { inner.clone() };
        let lifted = self.lift(left.value, &left_ty, &joined.clone().optional());
        let value = self.lift(value, &right_ty, &joined);
        (Expr::new(ExprKind::Binary(BinaryOp::Coalesce, Box::new(lifted), Box::new(value)), at), joined)
    }
}

fn is_arithmetic(op: ast::BinaryOp) -> bool {
    use ast::BinaryOp::{Add, Divide, Multiply, Remainder, Subtract};
    matches!(op, Add | Subtract | Multiply | Divide | Remainder)
}

fn is_comparison(op: ast::BinaryOp) -> bool {
    use ast::BinaryOp::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    matches!(op, Equal | NotEqual | Less | LessOrEqual | Greater | GreaterOrEqual)
}

fn is_variant_name(expr: &ast::Expr) -> bool {
    let name = match expr {
        ast::Expr::Name(name) => name.name(),
        _ => None,
    };
    name.is_some_and(|name| name.text().starts_with(char::is_uppercase))
}

fn is_literal(expr: &ast::Expr) -> bool {
    match expr {
        ast::Expr::Literal(_) => true,
        ast::Expr::Unary(unary) => matches!(unary.operand(), Some(ast::Expr::Literal(_))),
        _ => false,
    }
}

/// Values that `==` can tell apart or not.
fn is_comparable(ty: &Type) -> bool {
    !matches!(ty, Type::Function(..) | Type::Secret)
}

fn as_float(value: Expr, ty: Type) -> (Expr, Type) {
    let number = match &value.kind {
        ExprKind::Const(Value::Int(number)) => number.to_string().parse().ok(),
        ExprKind::Const(Value::Decimal(number)) => number.to_string().parse().ok(),
        _ => None,
    };
    match number {
        Some(number) => (Expr::new(ExprKind::Const(Value::Float(number)), value.at), Type::Float),
        None => (value, ty),
    }
}
