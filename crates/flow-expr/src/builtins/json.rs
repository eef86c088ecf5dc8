//! JSON that is not looked into by types: `std.json`. Fields are also taken as `value.name`.

use super::{call::Call, text::builtins};
use crate::{EvalError, Type, Value, codec, eval::Fault, render};
use serde_json::Value as Json;
use std::{collections::BTreeMap, sync::Arc};

type Outcome = Result<Value, EvalError>;

const MODULE: &str = "std.json";

builtins! {
    "parse_json" "(text: String) -> Json" "The JSON that a text is; an error if it is none." => parse_json,
    "to_json" "(value: T) -> Json" "A value as JSON, in the form in which steps receive it." => to_json,
    "get" "(json: Json, name: String) -> Json?" "The field of an object, if it is one and has it." => |call| Ok(field(call)?.map_or(Value::Absent, wrap)),
    "get" "(json: Json, position: Int) -> Json?" "The item of an array, if it is one and has it." => |call| Ok(item(call)?.map_or(Value::Absent, wrap)),
    "at" "(json: Json, name: String) -> Json" "The field of an object; an error if there is none." => |call| { let found = field(call)?; there(call, found) },
    "at" "(json: Json, position: Int) -> Json" "The item of an array; an error if there is none." => |call| { let found = item(call)?; there(call, found) },
    "is_null" "(json: Json) -> Bool" "Whether it is `null`." => |call| Ok(Value::Bool(call.json(0)?.is_null())),
    "count" "(json: Json) -> Int" "How many items an array or fields an object has; 0 of anything else." => count,
    "items" "(json: Json) -> List<Json>" "The items of an array; an error if it is none." => items,
    "entries" "(json: Json) -> Map<String, Json>" "The fields of an object; an error if it is none." => entries,
    "to_text" "(json: Json) -> String" "The string; an error if it is none. See `text` for the text of any JSON." => |call| scalar(call, &Type::String),
    "to_int" "(json: Json) -> Int" "The number as an Int; an error if it is none." => |call| scalar(call, &Type::Int),
    "to_float" "(json: Json) -> Float" "The number as a Float; an error if it is none." => |call| scalar(call, &Type::Float),
    "to_decimal" "(json: Json) -> Decimal" "The number as a Decimal; an error if it is none." => |call| scalar(call, &Type::Decimal),
    "to_bool" "(json: Json) -> Bool" "The boolean; an error if it is none." => |call| scalar(call, &Type::Bool),
}

fn wrap(json: &Json) -> Value {
    Value::Json(Arc::new(json.clone()))
}

fn parse_json(call: &mut Call<'_, '_, '_>) -> Outcome {
    let text = call.text(0)?;
    // Two bytes of text make a node at most.
    call.bytes(text.len().saturating_mul(16))?;
    match codec::parse_json(text) {
        Ok(json) => Ok(Value::Json(Arc::new(json))),
        Err(error) => call.fail(Fault::cast(format!("this is no JSON: {error}"))),
    }
}

fn to_json(call: &mut Call<'_, '_, '_>) -> Outcome {
    let value = call.value(0)?;
    let weighed = call.machine.meter.weigh(value);
    call.locate(weighed)?;
    if let Value::Table(table) = value {
        let columns = table.data.as_ref().map_or(0, |data| data.columns().len());
        call.elements((table.rows as usize).saturating_mul(columns + 1))?;
    }
    Ok(Value::Json(Arc::new(codec::encode(value))))
}

fn field<'e>(call: &Call<'_, '_, 'e>) -> Result<Option<&'e Json>, EvalError> {
    Ok(call.json(0)?.get(&**call.text(1)?))
}

fn item<'e>(call: &Call<'_, '_, 'e>) -> Result<Option<&'e Json>, EvalError> {
    let json = call.json(0)?;
    Ok(usize::try_from(call.int(1)?).ok().and_then(|index| json.get(index)))
}

fn there(call: &Call<'_, '_, '_>, found: Option<&Json>) -> Outcome {
    match found {
        Some(json) => Ok(wrap(json)),
        None => {
            let (key, json) = (render::short(call.value(1)?), render::json_kind(call.json(0)?));
            call.fail(Fault::missing(format!("there is no {key} in this JSON, which is {json}")))
        }
    }
}

fn count(call: &mut Call<'_, '_, '_>) -> Outcome {
    let count = match &**call.json(0)? {
        Json::Array(items) => items.len(),
        Json::Object(entries) => entries.len(),
        _ => 0,
    };
    Ok(Value::Int(count as i64))
}

fn wrong(call: &Call<'_, '_, '_>, expected: &str) -> Outcome {
    let found = render::short(call.value(0)?);
    call.fail(Fault::cast(format!("expected {expected} in JSON, found {found}")))
}

fn items(call: &mut Call<'_, '_, '_>) -> Outcome {
    match &**call.json(0)? {
        Json::Array(items) => call.list_of(items.iter().map(wrap).collect()),
        _ => wrong(call, "an array"),
    }
}

fn entries(call: &mut Call<'_, '_, '_>) -> Outcome {
    let Json::Object(entries) = &**call.json(0)? else { return wrong(call, "an object") };
    call.elements(entries.len())?;
    let entries = entries.iter().map(|(name, json)| (crate::MapKey::String(name.as_str().into()), wrap(json)));
    Ok(Value::Map(Arc::new(entries.collect::<BTreeMap<_, _>>())))
}

fn scalar(call: &mut Call<'_, '_, '_>, ty: &Type) -> Outcome {
    let json = call.json(0)?;
    let decoded = codec::decode(json, ty, "", call.machine.context);
    decoded.or_else(|_| wrong(call, &format!("{ty}")))
}
