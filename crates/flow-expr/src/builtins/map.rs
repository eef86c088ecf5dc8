//! Maps: `std.map`. They are ordered by key.

use super::{call::Call, text::builtins};
use crate::{EvalError, MapKey, Value, eval::Fault, eval::order, render};
use std::{collections::BTreeMap, sync::Arc};

type Outcome = Result<Value, EvalError>;

const MODULE: &str = "std.map";

builtins! {
    "count" "(entries: Map<K, V>) -> Int" "How many entries a map has." => |call| Ok(Value::Int(call.map(0)?.len() as i64)),
    "is_empty" "(entries: Map<K, V>) -> Bool" "Whether a map has no entries." => |call| Ok(Value::Bool(call.map(0)?.is_empty())),
    "keys" "(entries: Map<K, V>) -> List<K>" "The keys, in order." => |call| { let keys = call.map(0)?.keys().cloned().map(Value::from).collect(); call.list_of(keys) },
    "values" "(entries: Map<K, V>) -> List<V>" "The values, in the order of their keys." => |call| { let values = call.map(0)?.values().cloned().collect(); call.list_of(values) },
    "get" "(entries: Map<K, V>, key: K) -> V?" "The value at a key, if there is one." => |call| Ok(call.map(0)?.get(&call.key(1)?).cloned().unwrap_or(Value::Absent)),
    "at" "(entries: Map<K, V>, key: K) -> V" "The value at a key; an error if there is none. See `get`." => at,
    "contains_key" "(entries: Map<K, V>, key: K) -> Bool" "Whether a map has this key." => |call| Ok(Value::Bool(call.map(0)?.contains_key(&call.key(1)?))),
    "insert" "(entries: Map<K, V>, key: K, value: V) -> Map<K, V>" "The map with this value at this key." => insert,
    "remove" "(entries: Map<K, V>, key: K) -> Map<K, V>" "The map without this key." => remove,
    "merge" "(entries: Map<K, V>, others: Map<K, V>) -> Map<K, V>" "The entries of both; where both have a key, the second one's." => merge,
    "map_values" "(entries: Map<K, V>, with: fn(V) -> T) -> Map<K, T>" "The same keys with what the function makes of their values." => map_values,
    "index_by" "(items: List<T>, by: fn(T) -> K) -> Map<K, T>" "The items by their key; an error if two have the same. See `group_by`." => index_by,
    "index_by" "(rows: Table<R>, by: fn(R) -> K) -> Map<K, R>" "The rows by their key; an error if two have the same. See `group_by`." => index_by,
}

fn changed(call: &mut Call<'_, '_, '_>, change: impl FnOnce(&mut BTreeMap<MapKey, Value>)) -> Outcome {
    let entries = call.map(0)?;
    call.elements(entries.len() + 1)?;
    let mut entries = BTreeMap::clone(entries);
    change(&mut entries);
    Ok(Value::Map(Arc::new(entries)))
}

fn at(call: &mut Call<'_, '_, '_>) -> Outcome {
    match call.map(0)?.get(&call.key(1)?) {
        Some(value) => Ok(value.clone()),
        None => {
            let key = render::short(call.value(1)?);
            call.fail(Fault::missing(format!("the map has no key {key}")))
        }
    }
}

fn insert(call: &mut Call<'_, '_, '_>) -> Outcome {
    let (key, value) = (call.key(1)?, call.value(2)?.clone());
    changed(call, |entries| drop(entries.insert(key, value)))
}

fn remove(call: &mut Call<'_, '_, '_>) -> Outcome {
    let key = call.key(1)?;
    changed(call, |entries| drop(entries.remove(&key)))
}

fn merge(call: &mut Call<'_, '_, '_>) -> Outcome {
    let others = call.map(1)?.clone();
    call.elements(others.len())?;
    changed(call, |entries| entries.extend(others.iter().map(|(key, value)| (key.clone(), value.clone()))))
}

fn map_values(call: &mut Call<'_, '_, '_>) -> Outcome {
    let (entries, with, at) = (call.map(0)?, call.callable(1)?, call.at);
    call.elements(entries.len())?;
    let mut made = BTreeMap::new();
    for (key, value) in entries.iter() {
        call.step()?;
        made.insert(key.clone(), call.machine.apply(at, with, [value.clone()])?);
    }
    Ok(Value::Map(Arc::new(made)))
}

fn index_by(call: &mut Call<'_, '_, '_>) -> Outcome {
    let (items, at) = (call.sequence(0)?, call.at);
    let mut made = BTreeMap::new();
    call.each(1, |machine, index, key| {
        let key_value = order::map_key(&key).map_err(|fault| fault.at(at))?;
        machine.meter.elements(2).map_err(|fault| fault.at(at))?;
        match made.insert(key_value, items.item(index)) {
            None => Ok(false),
            Some(_) => Err(Fault::argument(format!("two items have the key {}", render::short(&key))).at(at)),
        }
    })?;
    Ok(Value::Map(Arc::new(made)))
}
