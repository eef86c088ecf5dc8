//! What lists and tables share: `std.list` and, over rows, `std.table`.
//!
//! A function over a table's rows sees a record per row. What selects or orders rows gives a table again.

use super::{
    call::{Call, items},
    text::builtins,
};
use crate::{
    BinaryOp, EvalError, MapKey, SelectedRows, Value,
    eval::{Fault, Machine, arithmetic, order, order::SortKey, sequence::Sequence},
    render,
};
use std::{
    cmp::Ordering,
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

type Outcome = Result<Value, EvalError>;

const MODULE: &str = "std.list";

builtins! {
    "count" "(items: List<T>) -> Int" "How many items a list has." => |call| Ok(Value::Int(call.list(0)?.len() as i64)),
    "count" "(rows: Table<R>) -> Int" "How many rows a table has." => count_rows,
    "count" "(items: List<T>, where: fn(T) -> Bool) -> Int" "For how many items the condition holds." => count_where,
    "count" "(rows: Table<R>, where: fn(R) -> Bool) -> Int" "For how many rows the condition holds." => count_where,
    "is_empty" "(items: List<T>) -> Bool" "Whether a list has no items." => |call| Ok(Value::Bool(call.list(0)?.is_empty())),
    "is_empty" "(rows: Table<R>) -> Bool" "Whether a table has no rows." => |call| Ok(Value::Bool(count_rows(call)? == Value::Int(0))),
    "map" "(items: List<T>, with: fn(T) -> U) -> List<U>" "What the function makes of every item." => map,
    "map" "(rows: Table<R>, with: fn(R) -> U) -> List<U>" "What the function makes of every row." => map,
    "filter" "(items: List<T>, where: fn(T) -> Bool) -> List<T>" "The items for which the condition holds." => filter,
    "filter" "(rows: Table<R>, where: fn(R) -> Bool) -> Table<R>" "The rows for which the condition holds." => filter,
    "any" "(items: List<T>, where: fn(T) -> Bool) -> Bool" "Whether the condition holds for some item." => |call| any(call, true),
    "any" "(rows: Table<R>, where: fn(R) -> Bool) -> Bool" "Whether the condition holds for some row." => |call| any(call, true),
    "all" "(items: List<T>, where: fn(T) -> Bool) -> Bool" "Whether the condition holds for every item; of none, it does." => |call| any(call, false),
    "all" "(rows: Table<R>, where: fn(R) -> Bool) -> Bool" "Whether the condition holds for every row; of none, it does." => |call| any(call, false),
    "find" "(items: List<T>, where: fn(T) -> Bool) -> T?" "The first item for which the condition holds." => find,
    "find" "(rows: Table<R>, where: fn(R) -> Bool) -> R?" "The first row for which the condition holds." => find,
    "sum" "(items: List<T>, of: fn(T) -> N) -> N" "The sum of what the function makes of every item; 0 of none." => |call| sum(call, 1),
    "sum" "(rows: Table<R>, of: fn(R) -> N) -> N" "The sum of what the function makes of every row; 0 of none." => |call| sum(call, 1),
    "sum" "(items: List<N>) -> N" "The sum of the items; 0 of none." => |call| sum(call, usize::MAX),
    "min" "(items: List<T>, of: fn(T) -> O) -> O?" "The least of what the function makes of the items; absent of none." => |call| extreme(call, 1, Ordering::Less),
    "min" "(rows: Table<R>, of: fn(R) -> O) -> O?" "The least of what the function makes of the rows; absent of none." => |call| extreme(call, 1, Ordering::Less),
    "min" "(items: List<O>) -> O?" "The least item; absent of none." => |call| extreme(call, usize::MAX, Ordering::Less),
    "min" "(first: O, second: O) -> O" "The lesser of two values." => |call| lesser(call, Ordering::Less),
    "max" "(items: List<T>, of: fn(T) -> O) -> O?" "The greatest of what the function makes of the items; absent of none." => |call| extreme(call, 1, Ordering::Greater),
    "max" "(rows: Table<R>, of: fn(R) -> O) -> O?" "The greatest of what the function makes of the rows; absent of none." => |call| extreme(call, 1, Ordering::Greater),
    "max" "(items: List<O>) -> O?" "The greatest item; absent of none." => |call| extreme(call, usize::MAX, Ordering::Greater),
    "max" "(first: O, second: O) -> O" "The greater of two values." => |call| lesser(call, Ordering::Greater),
    "min_by" "(items: List<T>, by: fn(T) -> O) -> T?" "The first item for which the function gives the least." => |call| extreme_item(call, Ordering::Less),
    "min_by" "(rows: Table<R>, by: fn(R) -> O) -> R?" "The first row for which the function gives the least." => |call| extreme_item(call, Ordering::Less),
    "max_by" "(items: List<T>, by: fn(T) -> O) -> T?" "The first item for which the function gives the greatest." => |call| extreme_item(call, Ordering::Greater),
    "max_by" "(rows: Table<R>, by: fn(R) -> O) -> R?" "The first row for which the function gives the greatest." => |call| extreme_item(call, Ordering::Greater),
    "first" "(items: List<T>) -> T?" "The first item; absent of none." => |call| Ok(end(call.sequence(0)?, false)),
    "first" "(rows: Table<R>) -> R?" "The first row; absent of none." => |call| Ok(end(call.sequence(0)?, false)),
    "last" "(items: List<T>) -> T?" "The last item; absent of none." => |call| Ok(end(call.sequence(0)?, true)),
    "last" "(rows: Table<R>) -> R?" "The last row; absent of none." => |call| Ok(end(call.sequence(0)?, true)),
    "take" "(items: List<T>, count: Int) -> List<T>" "The first items, at most so many." => |call| { let count = call.count(1)?; part(call, 0, count) },
    "take" "(rows: Table<R>, count: Int) -> Table<R>" "The first rows, at most so many." => |call| { let count = call.count(1)?; part(call, 0, count) },
    "skip" "(items: List<T>, count: Int) -> List<T>" "The items after the first so many." => |call| { let count = call.count(1)?; part(call, count, usize::MAX) },
    "skip" "(rows: Table<R>, count: Int) -> Table<R>" "The rows after the first so many." => |call| { let count = call.count(1)?; part(call, count, usize::MAX) },
    "reverse" "(items: List<T>) -> List<T>" "The items, last first." => reverse,
    "reverse" "(rows: Table<R>) -> Table<R>" "The rows, last first." => reverse,
    "sort_by" "(items: List<T>, by: fn(T) -> O) -> List<T>" "The items, least first by what the function gives; absent ones last, equal ones in their order. Several keys: a list of them." => sort_by,
    "sort_by" "(rows: Table<R>, by: fn(R) -> O) -> Table<R>" "The rows, least first by what the function gives; absent ones last, equal ones in their order." => sort_by,
    "group_by" "(items: List<T>, by: fn(T) -> K) -> Map<K, List<T>>" "The items by what the function gives, in their order." => group_by,
    "group_by" "(rows: Table<R>, by: fn(R) -> K) -> Map<K, List<R>>" "The rows by what the function gives, in their order." => group_by,
    "distinct" "(items: List<T>) -> List<T>" "The items without repeats, in the order of first appearance." => distinct,
    "distinct" "(rows: Table<R>) -> Table<R>" "The rows without repeats, in the order of first appearance." => distinct,
}

fn count_rows(call: &mut Call<'_, '_, '_>) -> Outcome {
    match call.value(0)? {
        // Known even where the rows are not loaded.
        Value::Table(table) => Ok(Value::Int(i64::try_from(table.rows).unwrap_or(i64::MAX))),
        other => call.fail(Fault::kind(format!("expected a Table, found {}", render::kind(other)))),
    }
}

fn truth(call_at: flow_diag::Span, value: &Value) -> Result<bool, EvalError> {
    match value {
        Value::Bool(flag) => Ok(*flag),
        Value::Absent => Err(Fault::absent("the condition has no value").at(call_at)),
        other => Err(Fault::kind(format!("expected a Bool, found {}", render::kind(other))).at(call_at)),
    }
}

/// Calls `found` with the index of every item for which the condition holds, until it says that it is done.
fn matching(call: &mut Call<'_, '_, '_>, mut found: impl FnMut(usize) -> bool) -> Result<(), EvalError> {
    let at = call.at;
    call.callable(1)?;
    call.each(1, |_, index, value| Ok(truth(at, &value)? && found(index)))
}

fn count_where(call: &mut Call<'_, '_, '_>) -> Outcome {
    let mut count = 0;
    matching(call, |_| {
        count += 1;
        false
    })?;
    Ok(Value::Int(count))
}

/// Whether some condition is `wanted`, seen from `wanted`: `any` looks for a true one, `all` for a false one.
fn any(call: &mut Call<'_, '_, '_>, wanted: bool) -> Outcome {
    let at = call.at;
    let mut found = false;
    call.callable(1)?;
    call.each(1, |_, _, value| {
        found = truth(at, &value)? == wanted;
        Ok(found)
    })?;
    Ok(Value::Bool(found == wanted))
}

fn find(call: &mut Call<'_, '_, '_>) -> Outcome {
    let items = call.sequence(0)?;
    let mut found = None;
    matching(call, |index| {
        found = Some(index);
        true
    })?;
    Ok(found.map_or(Value::Absent, |index| items.item(index)))
}

fn map(call: &mut Call<'_, '_, '_>) -> Outcome {
    let at = call.at;
    let mut made = Vec::new();
    call.callable(1)?;
    call.each(1, |machine, _, value| {
        machine.meter.elements(1).map_err(|fault| fault.at(at))?;
        made.push(value);
        Ok(false)
    })?;
    Ok(Value::List(made.into()))
}

/// These items of a list or rows of a table, as the same kind.
fn select(call: &mut Call<'_, '_, '_>, chosen: Vec<usize>) -> Outcome {
    call.elements(chosen.len())?;
    Ok(match call.sequence(0)? {
        Sequence::List(items) => Value::List(chosen.into_iter().map(|index| items[index].clone()).collect()),
        Sequence::Table(data, ty) => Value::Table(SelectedRows::new(data, chosen).into_table(ty)),
    })
}

fn filter(call: &mut Call<'_, '_, '_>) -> Outcome {
    let mut chosen = Vec::new();
    matching(call, |index| {
        chosen.push(index);
        false
    })?;
    select(call, chosen)
}

fn part(call: &mut Call<'_, '_, '_>, start: usize, count: usize) -> Outcome {
    let length = call.sequence(0)?.len();
    let chosen: Vec<usize> = (0..length).skip(start).take(count).collect();
    select(call, chosen)
}

fn reverse(call: &mut Call<'_, '_, '_>) -> Outcome {
    let length = call.sequence(0)?.len();
    select(call, (0..length).rev().collect())
}

fn end(items: Sequence, last: bool) -> Value {
    match items.len() {
        0 => Value::Absent,
        length => items.item(if last { length - 1 } else { 0 }),
    }
}

fn sum(call: &mut Call<'_, '_, '_>, lambda: usize) -> Outcome {
    let at = call.at;
    let mut total: Option<Value> = None;
    call.each(lambda, |machine, index, value| {
        let next = match total.take() {
            None if matches!(value, Value::Int(_) | Value::Decimal(_) | Value::Float(_)) => value,
            None if matches!(value, Value::Absent) => return Err(absent(index).at(at)),
            None => return Err(Fault::kind(format!("expected a number, found {}", render::kind(&value))).at(at)),
            Some(sum) => arithmetic::binary(BinaryOp::Add, &sum, &value, &mut machine.meter)
                .map_err(|fault| if matches!(value, Value::Absent) { absent(index) } else { fault }.at(at))?,
        };
        total = Some(next);
        Ok(false)
    })?;
    // The checker appends the zero of the result's type; without one, of none is the Int that fits Decimal too.
    let zero = if lambda == 1 { call.given(2) } else { call.given(1) };
    Ok(total.or(zero.cloned()).unwrap_or(Value::Int(0)))
}

fn absent(index: usize) -> Fault {
    Fault::absent(format!("there is no value to add at position {index}; filter it out or use `??`"))
}

fn sort_key(machine: &mut Machine<'_>, at: flow_diag::Span, value: &Value) -> Result<SortKey, EvalError> {
    machine.meter.look(value).and_then(|()| SortKey::of(value, machine.context.types)).map_err(|fault| fault.at(at))
}

/// The first least or greatest item: its position, and what the function made of it. Absent ones are left out.
fn best(call: &mut Call<'_, '_, '_>, lambda: usize, wanted: Ordering) -> Result<Option<(usize, Value)>, EvalError> {
    let at = call.at;
    let mut best: Option<(SortKey, usize, Value)> = None;
    call.each(lambda, |machine, index, value| {
        let key = sort_key(machine, at, &value)?;
        if key != SortKey::Absent && best.as_ref().is_none_or(|(known, ..)| key.cmp(known) == wanted) {
            best = Some((key, index, value));
        }
        Ok(false)
    })?;
    Ok(best.map(|(_, index, value)| (index, value)))
}

fn extreme(call: &mut Call<'_, '_, '_>, lambda: usize, wanted: Ordering) -> Outcome {
    Ok(best(call, lambda, wanted)?.map_or(Value::Absent, |(_, value)| value))
}

fn extreme_item(call: &mut Call<'_, '_, '_>, wanted: Ordering) -> Outcome {
    let items = call.sequence(0)?;
    call.callable(1)?;
    Ok(best(call, 1, wanted)?.map_or(Value::Absent, |(index, _)| items.item(index)))
}

fn lesser(call: &mut Call<'_, '_, '_>, wanted: Ordering) -> Outcome {
    let at = call.at;
    let (first, second) = (call.value(0)?, call.value(1)?);
    if matches!(first, Value::Absent) || matches!(second, Value::Absent) {
        return call.fail(Fault::absent("one of the two has no value"));
    }
    let (first_key, second_key) = (sort_key(call.machine, at, first)?, sort_key(call.machine, at, second)?);
    let ordering = match (&first_key, &second_key) {
        (SortKey::Int(a), SortKey::Decimal(b)) => rust_decimal::Decimal::from(*a).cmp(b),
        (SortKey::Decimal(a), SortKey::Int(b)) => a.cmp(&rust_decimal::Decimal::from(*b)),
        _ => first_key.cmp(&second_key),
    };
    Ok(if ordering == wanted.reverse() { second.clone() } else { first.clone() })
}

/// The order that sorts these values: their positions, least first, stable.
pub(super) fn sorted(
    call: &mut Call<'_, '_, '_>,
    values: impl Iterator<Item = Value>,
) -> Result<Vec<usize>, EvalError> {
    let at = call.at;
    let mut keys = Vec::new();
    for (index, value) in values.enumerate() {
        call.step()?;
        keys.push((sort_key(call.machine, at, &value)?, index));
    }
    keys.sort();
    Ok(keys.into_iter().map(|(_, index)| index).collect())
}

fn sort_by(call: &mut Call<'_, '_, '_>) -> Outcome {
    let at = call.at;
    let mut keys = Vec::new();
    call.callable(1)?;
    call.each(1, |machine, index, value| {
        keys.push((sort_key(machine, at, &value)?, index));
        Ok(false)
    })?;
    keys.sort();
    select(call, keys.into_iter().map(|(_, index)| index).collect())
}

fn group_by(call: &mut Call<'_, '_, '_>) -> Outcome {
    let (items, at) = (call.sequence(0)?, call.at);
    let mut groups: BTreeMap<MapKey, Vec<Value>> = BTreeMap::new();
    call.callable(1)?;
    call.each(1, |machine, index, key| {
        machine.meter.elements(2).map_err(|fault| fault.at(at))?;
        groups.entry(order::map_key(&key).map_err(|fault| fault.at(at))?).or_default().push(items.item(index));
        Ok(false)
    })?;
    let groups = groups.into_iter().map(|(key, items)| (key, Value::List(items.into())));
    Ok(Value::Map(Arc::new(groups.collect())))
}

fn distinct(call: &mut Call<'_, '_, '_>) -> Outcome {
    let sequence = call.sequence(0)?;
    let mut seen = HashSet::new();
    let mut chosen = Vec::new();
    for index in 0..sequence.len() {
        let item = sequence.item(index);
        let weighed = call.machine.meter.look(&item);
        call.locate(weighed)?;
        if seen.insert(crate::digest::key(&item)) {
            chosen.push(index);
        }
    }
    select(call, chosen)
}

/// The numbers of a sequence, or of what the lambda at `lambda` makes of it.
pub(super) fn values(call: &mut Call<'_, '_, '_>, lambda: usize) -> Result<Vec<Value>, EvalError> {
    let at = call.at;
    if !call.has_callable(lambda) {
        let sequence = call.sequence(0)?;
        call.elements(sequence.len())?;
        return Ok(items(&sequence));
    }
    let mut found = Vec::new();
    call.each(lambda, |machine, _, value| {
        machine.meter.elements(1).map_err(|fault| fault.at(at))?;
        found.push(value);
        Ok(false)
    })?;
    Ok(found)
}
