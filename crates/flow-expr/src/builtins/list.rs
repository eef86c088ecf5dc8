//! Lists alone: `std.list`. What they share with tables is in `sequence.rs`.

use super::{call::Call, text::builtins};
use crate::{EvalError, Value, eval::Fault, render};

type Outcome = Result<Value, EvalError>;

const MODULE: &str = "std.list";

builtins! {
    "at" "(items: List<T>, position: Int) -> T" "The item at a position, from 0; an error if there is none. See `get`." => at,
    "get" "(items: List<T>, position: Int) -> T?" "The item at a position, from 0, if there is one." => |call| Ok(lookup(call)?.cloned().unwrap_or(Value::Absent)),
    "contains" "(items: List<T>, item: T) -> Bool" "Whether a list has this item." => |call| Ok(Value::Bool(position(call)?.is_some())),
    "index_of" "(items: List<T>, item: T) -> Int?" "The position of the first such item." => |call| Ok(position(call)?.map_or(Value::Absent, |index| Value::Int(index as i64))),
    "flatten" "(lists: List<List<T>>) -> List<T>" "The items of all lists, one list after another." => flatten,
    "flat_map" "(items: List<T>, with: fn(T) -> List<U>) -> List<U>" "What the function makes of every item, one list after another." => flat_map,
    "zip" "(items: List<T>, others: List<U>, with: fn(T, U) -> V) -> List<V>" "What the function makes of the first items, of the second ones, and on; the lists must be equally long." => zip,
    "chunk" "(items: List<T>, size: Int) -> List<List<T>>" "The items in lists of `size`; the last may be shorter." => chunk,
    "sort" "(items: List<O>) -> List<O>" "The items, smallest first; absent ones last." => sort,
}

fn lookup<'e>(call: &Call<'_, '_, 'e>) -> Result<Option<&'e Value>, EvalError> {
    let items = call.list(0)?;
    Ok(usize::try_from(call.int(1)?).ok().and_then(|index| items.get(index)))
}

fn at(call: &mut Call<'_, '_, '_>) -> Outcome {
    match lookup(call)? {
        Some(item) => Ok(item.clone()),
        None => {
            let (position, count) = (call.int(1)?, call.list(0)?.len());
            call.fail(Fault::missing(format!("there is no position {position} in a list of {count}")))
        }
    }
}

fn position(call: &mut Call<'_, '_, '_>) -> Result<Option<usize>, EvalError> {
    let (items, wanted) = (call.list(0)?, call.value(1)?);
    for (index, item) in items.iter().enumerate() {
        let weighed = call.machine.meter.look(item);
        call.locate(weighed)?;
        if item == wanted {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

fn append(call: &mut Call<'_, '_, '_>, into: &mut Vec<Value>, item: &Value) -> Result<(), EvalError> {
    let Value::List(items) = item else {
        return call.fail(Fault::kind(format!("expected a List, found {}", render::kind(item))));
    };
    call.elements(items.len())?;
    into.extend(items.iter().cloned());
    Ok(())
}

fn flatten(call: &mut Call<'_, '_, '_>) -> Outcome {
    let mut flat = Vec::new();
    for item in call.list(0)?.iter() {
        call.step()?;
        append(call, &mut flat, item)?;
    }
    Ok(Value::List(flat.into()))
}

fn flat_map(call: &mut Call<'_, '_, '_>) -> Outcome {
    let (with, at) = (call.callable(1)?, call.at);
    let mut flat = Vec::new();
    for item in call.list(0)?.iter() {
        call.step()?;
        let made = call.machine.apply(at, with, [item.clone()])?;
        append(call, &mut flat, &made)?;
    }
    Ok(Value::List(flat.into()))
}

fn zip(call: &mut Call<'_, '_, '_>) -> Outcome {
    let (items, others, with, at) = (call.list(0)?, call.list(1)?, call.callable(2)?, call.at);
    if items.len() != others.len() {
        return call.fail(Fault::argument(format!("the lists have {} and {} items", items.len(), others.len())));
    }
    call.elements(items.len())?;
    let mut made = Vec::with_capacity(items.len());
    for (item, other) in items.iter().zip(others.iter()) {
        call.step()?;
        made.push(call.machine.apply(at, with, [item.clone(), other.clone()])?);
    }
    Ok(Value::List(made.into()))
}

fn chunk(call: &mut Call<'_, '_, '_>) -> Outcome {
    let (items, size) = (call.list(0)?, call.count(1)?);
    if size == 0 {
        return call.fail(Fault::argument("chunks of 0 items never end"));
    }
    call.elements(items.len().saturating_mul(2))?;
    call.list_of(items.chunks(size).map(|chunk| Value::List(chunk.into())).collect())
}

fn sort(call: &mut Call<'_, '_, '_>) -> Outcome {
    let items = call.list(0)?;
    let order = super::sequence::sorted(call, items.iter().cloned())?;
    call.list_of(order.into_iter().map(|index| items[index].clone()).collect())
}
