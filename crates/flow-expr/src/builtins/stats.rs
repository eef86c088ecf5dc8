//! Statistics: `std.stats`.
//!
//! Of Int and Decimal the results are Decimals of 28 digits; of Float, Floats. Of no items there is no
//! result, which is absent. An absent item is a fault: leaving it out is a decision that the program must take.

use super::{call::Call, sequence::values, text::builtins};
use crate::{
    BinaryOp, EvalError, Value,
    eval::{Fault, arithmetic, order::SortKey},
    render,
};
use rust_decimal::Decimal;

type Outcome = Result<Value, EvalError>;

const MODULE: &str = "std.stats";

builtins! {
    "average" "(items: List<T>, of: fn(T) -> Decimal) -> Decimal?" "The mean of what the function makes of the items; absent of none." => |call| average(call, 1),
    "average" "(items: List<T>, of: fn(T) -> Float) -> Float?" "The mean of what the function makes of the items; absent of none." => |call| average(call, 1),
    "average" "(rows: Table<R>, of: fn(R) -> Decimal) -> Decimal?" "The mean of what the function makes of the rows; absent of none." => |call| average(call, 1),
    "average" "(rows: Table<R>, of: fn(R) -> Float) -> Float?" "The mean of what the function makes of the rows; absent of none." => |call| average(call, 1),
    "average" "(items: List<Decimal>) -> Decimal?" "The mean; absent of none." => |call| average(call, usize::MAX),
    "average" "(items: List<Float>) -> Float?" "The mean; absent of none." => |call| average(call, usize::MAX),
    "median" "(items: List<T>, of: fn(T) -> Decimal) -> Decimal?" "The middle of what the function makes of the items, or the mean of the two in the middle; absent of none." => |call| median(call, 1),
    "median" "(items: List<T>, of: fn(T) -> Float) -> Float?" "The middle of what the function makes of the items, or the mean of the two in the middle; absent of none." => |call| median(call, 1),
    "median" "(rows: Table<R>, of: fn(R) -> Decimal) -> Decimal?" "The middle of what the function makes of the rows, or the mean of the two in the middle; absent of none." => |call| median(call, 1),
    "median" "(rows: Table<R>, of: fn(R) -> Float) -> Float?" "The middle of what the function makes of the rows, or the mean of the two in the middle; absent of none." => |call| median(call, 1),
    "median" "(items: List<Decimal>) -> Decimal?" "The middle item, or the mean of the two in the middle; absent of none." => |call| median(call, usize::MAX),
    "median" "(items: List<Float>) -> Float?" "The middle item, or the mean of the two in the middle; absent of none." => |call| median(call, usize::MAX),
    "percentile" "(items: List<Decimal>, part: Decimal) -> Decimal?" "The value below which this part (0 to 1; `95%`) of the items lies, between two items in proportion; absent of none." => |call| percentile(call, usize::MAX, 1),
    "percentile" "(items: List<Float>, part: Decimal) -> Float?" "The value below which this part (0 to 1; `95%`) of the items lies, between two items in proportion; absent of none." => |call| percentile(call, usize::MAX, 1),
    "percentile" "(rows: Table<R>, of: fn(R) -> Decimal, part: Decimal) -> Decimal?" "The value below which this part (0 to 1; `95%`) of what the function makes of the rows lies; absent of none." => |call| percentile(call, 1, 2),
    "percentile" "(rows: Table<R>, of: fn(R) -> Float, part: Decimal) -> Float?" "The value below which this part (0 to 1; `95%`) of what the function makes of the rows lies; absent of none." => |call| percentile(call, 1, 2),
    "stddev" "(items: List<N>) -> Float?" "The standard deviation of a sample (n - 1); absent of fewer than two." => |call| stddev(call, usize::MAX),
    "stddev" "(rows: Table<R>, of: fn(R) -> N) -> Float?" "The standard deviation of a sample (n - 1); absent of fewer than two." => |call| stddev(call, 1),
    "correlation" "(items: List<N>, others: List<N>) -> Float?" "Pearson's correlation, -1 to 1; absent of fewer than two or where one side never varies. The lists must be equally long." => correlation_of_lists,
    "correlation" "(rows: Table<R>, first: fn(R) -> N, second: fn(R) -> N) -> Float?" "Pearson's correlation, -1 to 1; absent of fewer than two or where one side never varies." => correlation_of_rows,
}

fn add(call: &mut Call<'_, '_, '_>, op: BinaryOp, left: &Value, right: &Value) -> Outcome {
    let result = arithmetic::binary(op, left, right, &mut call.machine.meter);
    call.locate(result)
}

/// Numbers, with Int made Decimal.
fn numbers(call: &mut Call<'_, '_, '_>, lambda: usize) -> Result<Vec<Value>, EvalError> {
    let mut found = values(call, lambda)?;
    for (index, value) in found.iter_mut().enumerate() {
        match value {
            Value::Int(number) => *value = Value::Decimal((*number).into()),
            Value::Decimal(_) | Value::Float(_) => {}
            Value::Absent => {
                let message = format!("there is no value at position {index}; filter it out or use `??`");
                return call.fail(Fault::absent(message));
            }
            other => return call.fail(Fault::kind(format!("expected a number, found {}", render::kind(other)))),
        }
    }
    Ok(found)
}

fn divided(call: &mut Call<'_, '_, '_>, sum: &Value, count: usize) -> Outcome {
    let count = match sum {
        Value::Float(_) => Value::Float(count as f64),
        _ => Value::Decimal(Decimal::from(count)),
    };
    add(call, BinaryOp::Divide, sum, &count)
}

fn average(call: &mut Call<'_, '_, '_>, lambda: usize) -> Outcome {
    let items = numbers(call, lambda)?;
    let mut items_left = items.iter();
    let Some(mut sum) = items_left.next().cloned() else { return Ok(Value::Absent) };
    for item in items_left {
        call.step()?;
        sum = add(call, BinaryOp::Add, &sum, item)?;
    }
    divided(call, &sum, items.len())
}

fn sorted(call: &mut Call<'_, '_, '_>, lambda: usize) -> Result<Vec<Value>, EvalError> {
    let items = numbers(call, lambda)?;
    let types = call.machine.context.types;
    let keys: Result<Vec<_>, _> = items.into_iter().map(|item| Ok((SortKey::of(&item, types)?, item))).collect();
    let mut keys = call.locate(keys)?;
    keys.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(keys.into_iter().map(|(_, item)| item).collect())
}

fn median(call: &mut Call<'_, '_, '_>, lambda: usize) -> Outcome {
    let items = sorted(call, lambda)?;
    let middle = items.len() / 2;
    match items.len() {
        0 => Ok(Value::Absent),
        odd if odd % 2 == 1 => Ok(items[middle].clone()),
        _ => {
            let sum = add(call, BinaryOp::Add, &items[middle - 1], &items[middle])?;
            divided(call, &sum, 2)
        }
    }
}

/// Between the two nearest items in proportion, as most tools do by default.
fn percentile(call: &mut Call<'_, '_, '_>, lambda: usize, part: usize) -> Outcome {
    let part = match call.value(part)? {
        Value::Decimal(part) if *part >= Decimal::ZERO && *part <= Decimal::ONE => *part,
        Value::Int(part @ (0 | 1)) => (*part).into(),
        other => return call.fail(Fault::argument(format!("expected 0 to 1, found {}", render::short(other)))),
    };
    let items = sorted(call, lambda)?;
    let Some(last) = items.len().checked_sub(1) else { return Ok(Value::Absent) };
    let place = part * Decimal::from(last);
    let below = place.floor();
    let index = usize::try_from(below).unwrap_or(last);
    let (low, high) = (&items[index], &items[(index + 1).min(last)]);
    let share = match low {
        Value::Float(_) => {
            let share = (place - below).to_string().parse().unwrap_or(0.0);
            Value::Float(share)
        }
        _ => Value::Decimal(place - below),
    };
    let gap = add(call, BinaryOp::Subtract, high, low)?;
    let step = add(call, BinaryOp::Multiply, &gap, &share)?;
    add(call, BinaryOp::Add, low, &step)
}

fn floats(call: &mut Call<'_, '_, '_>, lambda: usize) -> Result<Vec<f64>, EvalError> {
    Ok(numbers(call, lambda)?.iter().map(float).collect())
}

fn float(value: &Value) -> f64 {
    match value {
        Value::Float(number) => *number,
        // Every decimal has a nearest double.
        Value::Decimal(number) => number.to_string().parse().unwrap_or(f64::NAN),
        _ => f64::NAN,
    }
}

fn mean(items: &[f64]) -> f64 {
    items.iter().sum::<f64>() / items.len() as f64
}

fn result(call: &Call<'_, '_, '_>, number: f64, from: &[f64]) -> Outcome {
    match arithmetic::finite(number, from) {
        Some(number) => Ok(Value::Float(number)),
        None => call.fail(Fault::overflow("the numbers are too large for a Float")),
    }
}

fn stddev(call: &mut Call<'_, '_, '_>, lambda: usize) -> Outcome {
    let items = floats(call, lambda)?;
    if items.len() < 2 {
        return Ok(Value::Absent);
    }
    let mean = mean(&items);
    let squares: f64 = items.iter().map(|item| (item - mean).powi(2)).sum();
    result(call, (squares / (items.len() - 1) as f64).sqrt(), &items)
}

fn correlation_of_lists(call: &mut Call<'_, '_, '_>) -> Outcome {
    let first = floats(call, usize::MAX)?;
    let second = {
        let mut others = Call { machine: &mut *call.machine, at: call.at, arguments: &call.arguments[1..] };
        floats(&mut others, usize::MAX)?
    };
    if first.len() != second.len() {
        return call.fail(Fault::argument(format!("the lists have {} and {} items", first.len(), second.len())));
    }
    correlation(call, &first, &second)
}

fn correlation_of_rows(call: &mut Call<'_, '_, '_>) -> Outcome {
    let (first, second) = (floats(call, 1)?, floats(call, 2)?);
    correlation(call, &first, &second)
}

fn correlation(call: &Call<'_, '_, '_>, first: &[f64], second: &[f64]) -> Outcome {
    if first.len() < 2 {
        return Ok(Value::Absent);
    }
    let (mean_first, mean_second) = (mean(first), mean(second));
    let (mut both, mut squares_first, mut squares_second) = (0.0, 0.0, 0.0);
    for (a, b) in first.iter().zip(second) {
        both += (a - mean_first) * (b - mean_second);
        squares_first += (a - mean_first).powi(2);
        squares_second += (b - mean_second).powi(2);
    }
    if squares_first == 0.0 || squares_second == 0.0 {
        return Ok(Value::Absent);
    }
    let all: Vec<f64> = first.iter().chain(second).copied().collect();
    let found = both / (squares_first * squares_second).sqrt();
    result(call, found.clamp(-1.0, 1.0), &all)
}
