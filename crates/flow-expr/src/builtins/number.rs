//! Numbers: `std.number`.
//!
//! A conversion that would lose something is a fault; `floor`, `ceil` and `round` say what to lose.

use super::{call::Call, text::builtins};
use crate::{
    BinaryOp, EvalError, Type, Value, codec,
    eval::{Fault, arithmetic, order::SortKey},
    render,
};
use rust_decimal::{Decimal, RoundingStrategy, prelude::ToPrimitive};

type Outcome = Result<Value, EvalError>;

const MODULE: &str = "std.number";

builtins! {
    "abs" "(number: N) -> N" "The number without its sign." => abs,
    "round" "(number: Decimal, digits: Int = 0) -> Decimal" "Rounded to so many digits after the point, halves away from zero: `2.5` to `3`, `-2.5` to `-3`." => round_decimal,
    "round" "(number: Float, digits: Int = 0) -> Float" "Rounded to so many digits after the point, halves (of the number as it prints) away from zero." => round_float,
    "floor" "(number: Decimal) -> Int" "The next whole number below." => |call| whole(call, RoundingStrategy::ToNegativeInfinity, f64::floor),
    "floor" "(number: Float) -> Int" "The next whole number below." => |call| whole(call, RoundingStrategy::ToNegativeInfinity, f64::floor),
    "ceil" "(number: Decimal) -> Int" "The next whole number above." => |call| whole(call, RoundingStrategy::ToPositiveInfinity, f64::ceil),
    "ceil" "(number: Float) -> Int" "The next whole number above." => |call| whole(call, RoundingStrategy::ToPositiveInfinity, f64::ceil),
    "clamp" "(value: O, low: O, high: O) -> O" "The value, or the bound that it is beyond. `low` must not be above `high`." => clamp,
    "power" "(base: N, exponent: Int) -> N" "The base multiplied by itself; a negative exponent needs a Decimal or Float." => power,
    "square_root" "(number: Float) -> Float" "The number whose square this is; it must not be negative." => square_root,
    "to_int" "(number: Decimal) -> Int" "The same number as an Int; an error if it has a fraction (see `floor`, `ceil`, `round`) or is too large." => to_int,
    "to_int" "(number: Float) -> Int" "The same number as an Int; an error if it has a fraction or is too large." => to_int,
    "to_int" "(text: String) -> Int" "The Int that a text is; an error if it is none. See `parse_int`." => |call| read(call, &Type::Int),
    "to_float" "(number: Decimal) -> Float" "The nearest Float." => to_float,
    "to_float" "(text: String) -> Float" "The Float that a text is; an error if it is none. See `parse_float`." => |call| read(call, &Type::Float),
    "to_decimal" "(number: Float) -> Decimal" "The Decimal that prints as the Float does; an error if no Decimal does." => to_decimal,
    "to_decimal" "(number: Int) -> Decimal" "The same number as a Decimal." => to_decimal,
    "to_decimal" "(text: String) -> Decimal" "The Decimal that a text is; an error if it is none. See `parse_decimal`." => |call| read(call, &Type::Decimal),
    "parse_int" "(text: String) -> Int?" "The Int that a text is, if it is one." => |call| parse(call, &Type::Int),
    "parse_float" "(text: String) -> Float?" "The Float that a text is, if it is one." => |call| parse(call, &Type::Float),
    "parse_decimal" "(text: String) -> Decimal?" "The Decimal that a text is, if it is one." => |call| parse(call, &Type::Decimal),
    "parse_bool" "(text: String) -> Bool?" "`true` or `false`, if the text says so." => |call| parse(call, &Type::Bool),
}

fn parse(call: &mut Call<'_, '_, '_>, ty: &Type) -> Outcome {
    Ok(codec::parse_scalar(call.text(0)?, ty).unwrap_or(Value::Absent))
}

pub(super) fn read(call: &mut Call<'_, '_, '_>, ty: &Type) -> Outcome {
    let text = call.value(0)?;
    let parsed = codec::parse_scalar(call.text(0)?, ty);
    parsed.map_or_else(|| call.fail(Fault::cast(format!("{} cannot be read as {ty}", render::short(text)))), Ok)
}

fn abs(call: &mut Call<'_, '_, '_>) -> Outcome {
    match call.value(0)? {
        Value::Int(number) => match number.checked_abs() {
            Some(number) => Ok(Value::Int(number)),
            None => call.fail(Fault::overflow(format!("abs({number}) is outside the range of Int"))),
        },
        Value::Decimal(number) => Ok(Value::Decimal(number.abs())),
        Value::Float(number) => Ok(Value::Float(number.abs())),
        other => call.fail(Fault::kind(format!("expected a number, found {}", render::kind(other)))),
    }
}

/// The argument as a Decimal.
fn decimal(call: &Call<'_, '_, '_>) -> Result<Decimal, EvalError> {
    match call.value(0)? {
        Value::Int(number) => Ok((*number).into()),
        Value::Decimal(number) => Ok(*number),
        other => call.fail(Fault::kind(format!("expected a Decimal, found {}", render::kind(other)))),
    }
}

fn float(call: &Call<'_, '_, '_>) -> Result<f64, EvalError> {
    match call.value(0)? {
        Value::Float(number) => Ok(*number),
        other => call.fail(Fault::kind(format!("expected a Float, found {}", render::kind(other)))),
    }
}

fn digits(call: &Call<'_, '_, '_>) -> Result<u32, EvalError> {
    let digits = call.int_or(1, 0)?;
    match u32::try_from(digits) {
        Ok(digits) if digits <= Decimal::MAX_SCALE => Ok(digits),
        _ => call.fail(Fault::argument(format!("expected 0 to 28 digits, found {digits}"))),
    }
}

fn round_decimal(call: &mut Call<'_, '_, '_>) -> Outcome {
    let rounded = decimal(call)?.round_dp_with_strategy(digits(call)?, RoundingStrategy::MidpointAwayFromZero);
    Ok(Value::Decimal(rounded))
}

fn round_float(call: &mut Call<'_, '_, '_>) -> Outcome {
    let (number, digits) = (float(call)?, digits(call)?);
    // Beyond the range of Decimal a Float has no fraction, or is none that is seen at 28 digits.
    let rounded = match codec::parse_scalar(&number.to_string(), &Type::Decimal) {
        Some(Value::Decimal(exact)) => {
            let rounded = exact.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero);
            rounded.to_string().parse().unwrap_or(number)
        }
        _ if number.abs() < 1.0 => format!("{number:.28}").parse().unwrap_or(number),
        _ => number,
    };
    Ok(Value::Float(rounded))
}

fn whole(call: &mut Call<'_, '_, '_>, strategy: RoundingStrategy, float: fn(f64) -> f64) -> Outcome {
    match call.value(0)? {
        Value::Float(number) => float_to_int(call, float(*number)),
        _ => decimal_to_int(call, decimal(call)?.round_dp_with_strategy(0, strategy)),
    }
}

fn to_int(call: &mut Call<'_, '_, '_>) -> Outcome {
    match call.value(0)? {
        Value::Float(number) => float_to_int(call, *number),
        _ => decimal_to_int(call, decimal(call)?),
    }
}

fn fraction(call: &Call<'_, '_, '_>, number: impl std::fmt::Display) -> Outcome {
    call.fail(Fault::cast(format!("{number} is no whole number; use `floor`, `ceil` or `round`")))
}

fn decimal_to_int(call: &Call<'_, '_, '_>, number: Decimal) -> Outcome {
    let plain = number.normalize();
    if plain.scale() > 0 {
        return fraction(call, number);
    }
    match plain.to_i64() {
        Some(number) => Ok(Value::Int(number)),
        None => call.fail(Fault::overflow(format!("{number} is outside the range of Int"))),
    }
}

fn float_to_int(call: &Call<'_, '_, '_>, number: f64) -> Outcome {
    // 2^63, which is the first that does not fit; its negative does.
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if number.fract() != 0.0 && number.is_finite() {
        return fraction(call, number);
    }
    if (-LIMIT..LIMIT).contains(&number) {
        Ok(Value::Int(number as i64))
    } else {
        call.fail(Fault::overflow(format!("{number:?} is outside the range of Int")))
    }
}

fn to_float(call: &mut Call<'_, '_, '_>) -> Outcome {
    let number = decimal(call)?;
    match number.to_string().parse() {
        Ok(number) => Ok(Value::Float(number)),
        Err(_) => call.fail(Fault::cast(format!("{number} cannot be read as Float"))),
    }
}

fn to_decimal(call: &mut Call<'_, '_, '_>) -> Outcome {
    match call.value(0)? {
        Value::Float(number) => match codec::parse_scalar(&number.to_string(), &Type::Decimal) {
            Some(exact) => Ok(exact),
            None => call.fail(Fault::overflow(format!("{number:?} is outside what a Decimal holds"))),
        },
        _ => Ok(Value::Decimal(decimal(call)?)),
    }
}

fn clamp(call: &mut Call<'_, '_, '_>) -> Outcome {
    let types = call.machine.context.types;
    let key = |index| call.locate(SortKey::of(call.value(index)?, types));
    let (value, low, high) = (key(0)?, key(1)?, key(2)?);
    if low > high {
        return call.fail(Fault::argument("the lower bound is above the upper one"));
    }
    let index = if value < low { 1 } else { usize::from(value > high) * 2 };
    call.value(index).cloned()
}

/// By squaring, so that no exponent takes long.
fn power(call: &mut Call<'_, '_, '_>) -> Outcome {
    let (base, exponent) = (call.value(0)?.clone(), call.int(1)?);
    if let Value::Float(base) = base {
        let result = base.powf(exponent as f64);
        return match arithmetic::finite(result, &[base]) {
            Some(result) => Ok(Value::Float(result)),
            None => call.fail(Fault::overflow(format!("{base:?} to the {exponent} is outside the range of Float"))),
        };
    }
    let one = if matches!(base, Value::Int(_)) { Value::Int(1) } else { Value::Decimal(Decimal::ONE) };
    if exponent < 0 && matches!(base, Value::Int(_)) {
        return call.fail(Fault::argument(format!("an Int to the {exponent} is no Int; use a Decimal")));
    }
    let (mut result, mut square, mut rest) = (one.clone(), base, exponent.unsigned_abs());
    while rest > 0 {
        call.step()?;
        if rest & 1 == 1 {
            result = multiply(call, BinaryOp::Multiply, &result, &square)?;
        }
        rest >>= 1;
        if rest > 0 {
            square = multiply(call, BinaryOp::Multiply, &square, &square)?;
        }
    }
    if exponent < 0 { multiply(call, BinaryOp::Divide, &one, &result) } else { Ok(result) }
}

fn multiply(call: &mut Call<'_, '_, '_>, op: BinaryOp, left: &Value, right: &Value) -> Outcome {
    let result = arithmetic::binary(op, left, right, &mut call.machine.meter);
    call.locate(result)
}

fn square_root(call: &mut Call<'_, '_, '_>) -> Outcome {
    let number = float(call)?;
    if number < 0.0 {
        return call.fail(Fault::argument(format!("{number:?} has no square root")));
    }
    Ok(Value::Float(number.sqrt()))
}
