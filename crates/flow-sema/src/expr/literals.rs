//! Literals and their values.
//!
//! `0` and `0.5` take the number type that is welcome; without one they are Int and Decimal. Digits that
//! their type cannot hold are reported here, calendar dates that do not exist by the parser.

use super::Elaborator;
use crate::problems::values::{NumberTooLarge, TooPrecise};
use flow_diag::Span;
use flow_expr::{Expr, ExprKind, Type, Value};
use flow_syntax::ast::{self, LiteralKind};
use jiff::{SignedDuration, Timestamp, civil};
use rust_decimal::Decimal;
use std::sync::Arc;

impl Elaborator<'_> {
    pub(super) fn literal(&mut self, literal: &ast::Literal, hint: Option<&Type>) -> (Expr, Type) {
        self.signed_literal(literal, false, self.span(literal.range()), hint)
    }

    /// A literal, perhaps after `-`: the least Int has no positive twin.
    pub(super) fn signed_literal(
        &mut self,
        literal: &ast::Literal,
        negative: bool,
        at: Span,
        hint: Option<&Type>,
    ) -> (Expr, Type) {
        let wanted = hint.map(|hint| self.env.base(hint.required()).clone());
        match self.literal_value(literal, negative, at, wanted.as_ref()) {
            Some((value, ty)) => (Expr::new(ExprKind::Const(value), at), ty),
            None => self.unknown(at),
        }
    }

    fn literal_value(
        &mut self,
        literal: &ast::Literal,
        negative: bool,
        at: Span,
        wanted: Option<&Type>,
    ) -> Option<(Value, Type)> {
        Some(match literal.kind()? {
            LiteralKind::Bool => (Value::Bool(literal.bool()?), Type::Bool),
            LiteralKind::None => (Value::Absent, Type::Optional(Arc::new(Type::Unknown))),
            LiteralKind::Int if !matches!(wanted, Some(Type::Decimal | Type::Float)) => {
                // What does not even fit 64 bits has been reported by the parser.
                let Some(number) = signed(literal.int()?, negative) else {
                    self.problem(NumberTooLarge { at, ty: Type::Int });
                    return None;
                };
                (Value::Int(number), Type::Int)
            }
            LiteralKind::Int | LiteralKind::Fraction | LiteralKind::Percent | LiteralKind::Money => {
                return self.fraction(literal, negative, at, wanted == Some(&Type::Float));
            }
            LiteralKind::Duration => {
                let nanoseconds = literal.duration_ns()?;
                let length = SignedDuration::from_nanos(if negative { -nanoseconds } else { nanoseconds });
                (Value::Duration(length), Type::Duration)
            }
            LiteralKind::Size => {
                let Some(bytes) = signed(literal.size_bytes()?, negative) else {
                    self.problem(NumberTooLarge { at, ty: Type::Int });
                    return None;
                };
                (Value::Int(bytes), Type::Int)
            }
            LiteralKind::Count => (Value::Int(signed(literal.count()?, negative)?), Type::Int),
            LiteralKind::Time => {
                let (hour, minute, second, nanosecond) = literal.time()?;
                let time = civil::Time::new(
                    i8::try_from(hour).ok()?,
                    i8::try_from(minute).ok()?,
                    i8::try_from(second).ok()?,
                    i32::try_from(nanosecond).ok()?,
                );
                (Value::Time(time.ok()?), Type::Time)
            }
            LiteralKind::Date => {
                let (year, month, day) = literal.date()?;
                let date = civil::Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?);
                (Value::Date(date.ok()?), Type::Date)
            }
            LiteralKind::Timestamp => {
                let instant: Timestamp = literal.timestamp()?.parse().ok()?;
                (Value::Timestamp(instant), Type::Timestamp)
            }
        })
    }

    /// A number with a point, a percentage or money; as a Float where one is welcome.
    fn fraction(&mut self, literal: &ast::Literal, negative: bool, at: Span, float: bool) -> Option<(Value, Type)> {
        let digits = literal.digits();
        let percent = literal.kind() == Some(LiteralKind::Percent);
        if float && !percent {
            let number: f64 = digits.parse().ok()?;
            if !number.is_finite() {
                self.problem(NumberTooLarge { at, ty: Type::Float });
                return None;
            }
            return Some((Value::Float(if negative { -number } else { number }), Type::Float));
        }
        let parsed = if digits.contains(['e', 'E']) {
            Decimal::from_scientific(&digits)
        } else {
            Decimal::from_str_exact(&digits)
        };
        let hundredth = if percent { Decimal::new(1, 2) } else { Decimal::ONE };
        let Some(mut number) = parsed.ok().and_then(|number| number.checked_mul(hundredth)) else {
            let whole = digits.split('.').next().unwrap_or_default();
            if whole.len() > 28 {
                self.problem(NumberTooLarge { at, ty: Type::Decimal });
            } else {
                self.problem(TooPrecise { at });
            }
            return None;
        };
        number.set_sign_negative(negative && !number.is_zero());
        Some((Value::Decimal(number), Type::Decimal))
    }
}

fn signed(number: u64, negative: bool) -> Option<i64> {
    let number = i128::from(number);
    i64::try_from(if negative { -number } else { number }).ok()
}
