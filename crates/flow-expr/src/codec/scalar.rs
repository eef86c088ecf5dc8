//! Scalars from text: cells of CSV, arguments of the command line, keys of JSON objects, strings in JSON.
//!
//! One rule for all of them. Knows no refinements; whitespace around a value is part of it, so `" 5"` is no Int.

use crate::{Type, Value};
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp, civil};
use rust_decimal::Decimal;

/// The value of a scalar type that a text is, if it is one.
#[must_use]
pub fn parse_scalar(text: &str, ty: &Type) -> Option<Value> {
    Some(match ty {
        Type::String => Value::String(text.into()),
        Type::Bool => match text {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => return None,
        },
        Type::Int => Value::Int(text.parse().ok()?),
        Type::Float => Value::Float(float(text)?),
        Type::Decimal => Value::Decimal(decimal(text)?),
        Type::Date => Value::Date(date(text)?),
        Type::Time => Value::Time(time(text)?),
        Type::Timestamp => Value::Timestamp(text.parse::<Timestamp>().ok()?),
        Type::Duration => Value::Duration(duration(text)?),
        Type::Bytes => Value::Bytes(crate::hex::decode(text)?.into()),
        _ => return None,
    })
}

/// A number that a double can hold; infinity only if it says so.
pub(crate) fn float(text: &str) -> Option<f64> {
    let number: f64 = text.parse().ok()?;
    (number.is_finite() || !text.contains(|digit: char| digit.is_ascii_digit())).then_some(number)
}

/// A decimal that needs no rounding.
pub(crate) fn decimal(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    // The parser would skip underscores, and take a lone point.
    let plain = digits.starts_with(|digit: char| digit.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'-' | b'+'));
    if !plain {
        return None;
    }
    if text.contains(['e', 'E']) { scientific(text) } else { Decimal::from_str_exact(text).ok() }
}

/// `1.5e-7`, exactly.
fn scientific(text: &str) -> Option<Decimal> {
    let (mantissa, exponent) = text.split_once(['e', 'E'])?;
    let exponent: i32 = exponent.parse().ok()?;
    let mantissa = Decimal::from_str_exact(mantissa).ok()?.normalize();
    if mantissa.is_zero() {
        return Some(mantissa);
    }
    let scale = i32::try_from(mantissa.scale()).ok()?.checked_sub(exponent)?;
    match u32::try_from(scale) {
        Ok(scale) => Decimal::try_from_i128_with_scale(mantissa.mantissa(), scale).ok(),
        Err(_) => {
            let power = 10_i128.checked_pow(scale.unsigned_abs())?;
            Decimal::try_from_i128_with_scale(mantissa.mantissa().checked_mul(power)?, 0).ok()
        }
    }
}

/// `2026-11-22` and nothing after it.
fn date(text: &str) -> Option<civil::Date> {
    // A date-time would be taken too, its time dropped.
    (!text.contains(['T', 't', ' ', ':', '['])).then(|| text.parse().ok())?
}

/// `06:00`, `06:00:30.5`.
fn time(text: &str) -> Option<civil::Time> {
    (text.contains(':') && !text.contains(['T', 't', ' ', '['])).then(|| text.parse().ok())?
}

/// `PT1H30M`, `1h30m`, and with days of 24 hours `P2D` and `2d`.
fn duration(text: &str) -> Option<SignedDuration> {
    let exact = text.parse::<SignedDuration>().ok();
    exact.or_else(|| text.parse::<Span>().ok()?.to_duration(SpanRelativeTo::days_are_24_hours()).ok())
}
