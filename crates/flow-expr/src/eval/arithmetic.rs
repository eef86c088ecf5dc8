//! Operators on values: numbers, times, text and lists.
//!
//! Knows no expressions. Numbers never wrap or saturate: what a type cannot hold is a fault. `Int` meets
//! `Decimal` as a `Decimal`, which is the one implicit conversion of the language. `Decimal` keeps 28
//! significant digits: a sum, product or quotient that needs more is rounded half to even there, as documented.

use super::{error::Fault, limits::Meter};
use crate::{BinaryOp, UnaryOp, Value, render};
use jiff::{SignedDuration, civil};
use rust_decimal::Decimal;

const DAY_SECONDS: i64 = 86_400;

pub(super) fn unary(op: UnaryOp, operand: &Value) -> Result<Value, Fault> {
    match (op, operand) {
        (UnaryOp::Not, Value::Bool(flag)) => Ok(Value::Bool(!flag)),
        (UnaryOp::Negate, Value::Int(number)) => {
            number.checked_neg().map(Value::Int).ok_or_else(|| Fault::overflow(format!("-({number}) is no Int")))
        }
        (UnaryOp::Negate, Value::Float(number)) => Ok(Value::Float(-number)),
        (UnaryOp::Negate, Value::Decimal(number)) => Ok(Value::Decimal(-number)),
        (UnaryOp::Negate, Value::Duration(length)) => {
            length.checked_neg().map(Value::Duration).ok_or_else(|| Fault::overflow("the duration is too long"))
        }
        (_, Value::Absent) => Err(Fault::absent("the operand has no value")),
        (UnaryOp::Not, other) => Err(Fault::kind(format!("`not` expects a Bool, found {}", render::kind(other)))),
        (UnaryOp::Negate, other) => Err(Fault::kind(format!("`-` does not apply to {}", render::kind(other)))),
    }
}

/// `left op right` for the arithmetic operators.
pub(crate) fn binary(op: BinaryOp, left: &Value, right: &Value, meter: &mut Meter) -> Result<Value, Fault> {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => int(op, *a, *b).map(Value::Int),
        (Value::Decimal(a), Value::Decimal(b)) => decimal(op, *a, *b).map(Value::Decimal),
        (Value::Decimal(a), Value::Int(b)) => decimal(op, *a, (*b).into()).map(Value::Decimal),
        (Value::Int(a), Value::Decimal(b)) => decimal(op, (*a).into(), *b).map(Value::Decimal),
        (Value::Float(a), Value::Float(b)) => float(op, *a, *b).map(Value::Float),
        (Value::Absent, _) | (_, Value::Absent) => {
            let side = if matches!(left, Value::Absent) { "left" } else { "right" };
            Err(Fault::absent(format!("the {side} side of `{}` has no value", symbol(op))))
        }
        (Value::String(a), Value::String(b)) if op == BinaryOp::Add => {
            meter.bytes((a.len() + b.len()) as u64)?;
            Ok(Value::String([&**a, &**b].concat().into()))
        }
        (Value::List(a), Value::List(b)) if op == BinaryOp::Add => {
            meter.elements((a.len() + b.len()) as u64)?;
            Ok(Value::List(a.iter().chain(b.iter()).cloned().collect()))
        }
        _ => time(op, left, right),
    }
}

fn int(op: BinaryOp, a: i64, b: i64) -> Result<i64, Fault> {
    let result = match op {
        BinaryOp::Add => a.checked_add(b),
        BinaryOp::Subtract => a.checked_sub(b),
        BinaryOp::Multiply => a.checked_mul(b),
        BinaryOp::Divide | BinaryOp::Remainder if b == 0 => {
            return Err(Fault::division(format!("division by zero: {a} {} 0", symbol(op))));
        }
        BinaryOp::Divide => a.checked_div(b),
        // i64::MIN % -1 is 0, though the processor cannot compute it.
        BinaryOp::Remainder => Some(a.wrapping_rem(b)),
        _ => return Err(unknown(op, &Value::Int(a), &Value::Int(b))),
    };
    result.ok_or_else(|| Fault::overflow(format!("{a} {} {b} is outside the range of Int", symbol(op))))
}

fn decimal(op: BinaryOp, a: Decimal, b: Decimal) -> Result<Decimal, Fault> {
    let result = match op {
        BinaryOp::Add => a.checked_add(b),
        BinaryOp::Subtract => a.checked_sub(b),
        BinaryOp::Multiply => a.checked_mul(b),
        BinaryOp::Divide | BinaryOp::Remainder if b.is_zero() => {
            return Err(Fault::division(format!("division by zero: {a} {} 0", symbol(op))));
        }
        BinaryOp::Divide => a.checked_div(b),
        BinaryOp::Remainder => a.checked_rem(b),
        _ => return Err(unknown(op, &Value::Decimal(a), &Value::Decimal(b))),
    };
    result.ok_or_else(|| Fault::overflow(format!("{a} {} {b} is outside the range of Decimal", symbol(op))))
}

fn float(op: BinaryOp, a: f64, b: f64) -> Result<f64, Fault> {
    let result = match op {
        BinaryOp::Add => a + b,
        BinaryOp::Subtract => a - b,
        BinaryOp::Multiply => a * b,
        BinaryOp::Divide | BinaryOp::Remainder if b == 0.0 => {
            return Err(Fault::division(format!("division by zero: {a:?} {} 0.0", symbol(op))));
        }
        BinaryOp::Divide => a / b,
        BinaryOp::Remainder => a % b,
        _ => return Err(unknown(op, &Value::Float(a), &Value::Float(b))),
    };
    finite(result, &[a, b])
        .ok_or_else(|| Fault::overflow(format!("{a:?} {} {b:?} is outside the range of Float", symbol(op))))
}

/// The result, unless it is infinite or undefined while what it was made from was not.
pub(crate) fn finite(result: f64, from: &[f64]) -> Option<f64> {
    (result.is_finite() || from.iter().any(|number| !number.is_finite())).then_some(result)
}

fn time(op: BinaryOp, left: &Value, right: &Value) -> Result<Value, Fault> {
    use BinaryOp::{Add, Divide, Multiply, Subtract};
    let too_far = |_| Fault::overflow("the result is outside the calendar (years -9999 to 9999)");
    match (op, left, right) {
        (Add, Value::Duration(a), Value::Duration(b)) => a.checked_add(*b).map(Value::Duration).ok_or_else(too_long),
        (Subtract, Value::Duration(a), Value::Duration(b)) => {
            a.checked_sub(*b).map(Value::Duration).ok_or_else(too_long)
        }
        (Multiply, Value::Duration(a), Value::Int(b)) | (Multiply, Value::Int(b), Value::Duration(a)) => {
            a.as_nanos().checked_mul(i128::from(*b)).and_then(nanoseconds).ok_or_else(too_long)
        }
        (Divide, Value::Duration(_), Value::Int(0)) => Err(Fault::division("division by zero of a duration")),
        (Divide, Value::Duration(a), Value::Int(b)) => nanoseconds(a.as_nanos() / i128::from(*b)).ok_or_else(too_long),
        (Add, Value::Timestamp(a), Value::Duration(b)) | (Add, Value::Duration(b), Value::Timestamp(a)) => {
            a.checked_add(*b).map(Value::Timestamp).map_err(too_far)
        }
        (Subtract, Value::Timestamp(a), Value::Duration(b)) => a.checked_sub(*b).map(Value::Timestamp).map_err(too_far),
        (Subtract, Value::Timestamp(a), Value::Timestamp(b)) => Ok(Value::Duration(a.duration_since(*b))),
        (Add, Value::Date(a), Value::Duration(b)) | (Add, Value::Duration(b), Value::Date(a)) => {
            a.checked_add(whole_days(*b)?).map(Value::Date).map_err(too_far)
        }
        (Subtract, Value::Date(a), Value::Duration(b)) => {
            a.checked_sub(whole_days(*b)?).map(Value::Date).map_err(too_far)
        }
        (Subtract, Value::Date(a), Value::Date(b)) => Ok(Value::Duration(a.duration_since(*b))),
        (Add, Value::Time(a), Value::Duration(b)) | (Add, Value::Duration(b), Value::Time(a)) => {
            a.checked_add(*b).map(Value::Time).map_err(|_| past_midnight(*a, op, *b))
        }
        (Subtract, Value::Time(a), Value::Duration(b)) => {
            a.checked_sub(*b).map(Value::Time).map_err(|_| past_midnight(*a, op, *b))
        }
        (Subtract, Value::Time(a), Value::Time(b)) => Ok(Value::Duration(a.duration_since(*b))),
        _ => Err(unknown(op, left, right)),
    }
}

fn too_long() -> Fault {
    Fault::overflow("the duration is too long")
}

fn past_midnight(time: civil::Time, op: BinaryOp, length: SignedDuration) -> Fault {
    Fault::overflow(format!("{time} {} {length:#} leaves the day; use a Timestamp", symbol(op)))
}

fn nanoseconds(count: i128) -> Option<Value> {
    SignedDuration::try_from_nanos_i128(count).map(Value::Duration)
}

fn whole_days(length: SignedDuration) -> Result<SignedDuration, Fault> {
    if length.as_secs() % DAY_SECONDS == 0 && length.subsec_nanos() == 0 {
        Ok(length)
    } else {
        Err(Fault::argument(format!("a date moves by whole days, not by {length:#}")))
    }
}

/// `low..high`, both inclusive; empty where low is above high.
pub(super) fn range(low: &Value, high: &Value, meter: &mut Meter) -> Result<Value, Fault> {
    match (low, high) {
        (Value::Int(low), Value::Int(high)) => {
            let count = (i128::from(*high) - i128::from(*low) + 1).max(0);
            meter.elements(u64::try_from(count).unwrap_or(u64::MAX))?;
            Ok(Value::List((*low..=*high).map(Value::Int).collect()))
        }
        (Value::Date(low), Value::Date(high)) => {
            let days = high.duration_since(*low).as_hours() / 24 + 1;
            meter.elements(u64::try_from(days).unwrap_or(0))?;
            Ok(Value::List(
                low.series(jiff::Span::new().days(1)).take_while(|day| day <= high).map(Value::Date).collect(),
            ))
        }
        (Value::Absent, _) | (_, Value::Absent) => Err(Fault::absent("an end of the range has no value")),
        _ => Err(Fault::kind(format!("a range is of Int or Date, not {}..{}", render::kind(low), render::kind(high)))),
    }
}

fn unknown(op: BinaryOp, left: &Value, right: &Value) -> Fault {
    Fault::kind(format!("`{}` does not apply to {} and {}", symbol(op), render::kind(left), render::kind(right)))
}

/// The operator as written.
pub(super) fn symbol(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::Remainder => "%",
        BinaryOp::Equal => "==",
        BinaryOp::NotEqual => "!=",
        BinaryOp::Less => "<",
        BinaryOp::LessEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterEqual => ">=",
        BinaryOp::And => "and",
        BinaryOp::Or => "or",
        BinaryOp::Coalesce => "??",
    }
}
