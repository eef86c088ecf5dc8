//! A long list from text, item by item: the whole of it is never there as JSON, which takes several times the room.
//!
//! Only what is right is read so. Anything else is left to who reads the whole, and says what is wrong and where.
//! Tested against that.

use super::{decode::Decoder, exact::has_double};
use crate::{Context, Type, Value};
use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use serde_json::Value as Json;
use std::fmt;

/// The value of a list type that a JSON text stands for, as [`super::parse_json_as`] and [`super::decode`] would read it.
/// None if it is not a list, if something in it is wrong, or if a number in it is no integer, whose digits count.
#[must_use]
pub fn decode_items(text: &str, ty: &Type, context: &Context<'_>) -> Option<Value> {
    let Type::List(item) = ty else { return None };
    let mut json = serde_json::Deserializer::from_str(text);
    let items = Items { decoder: Decoder::new("", context), item }.deserialize(&mut json).ok()?;
    json.end().ok()?;
    Some(Value::List(items.into()))
}

struct Items<'a> {
    decoder: Decoder<'a>,
    item: &'a Type,
}

impl<'de> DeserializeSeed<'de> for Items<'_> {
    type Value = Vec<Value>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = Vec<Value>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "a list of {}", self.item)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut from: A) -> Result<Self::Value, A::Error> {
        let mut items = vec![];
        while let Some(json) = from.next_element::<Json>()? {
            let item = if has_double(&json) { None } else { self.decoder.value(&json, self.item) };
            items.push(item.filter(|_| self.decoder.is_right()).ok_or_else(|| A::Error::custom("not so simple"))?);
        }
        Ok(items)
    }
}
