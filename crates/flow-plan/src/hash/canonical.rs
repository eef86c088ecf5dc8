//! The serializer behind [`super::meaning_hash`].
//!
//! Infallible but for values that refuse. Whole numbers of every width share one form, since a wider
//! field is no change of meaning; an optional value that is there reads as the value within a tag.

use super::SKIPPED;
use serde::{Serialize, ser};
use std::{fmt, ops::Range};

const NONE: u8 = 0;
const SOME: u8 = 1;
const UNIT: u8 = 2;
const BOOL: u8 = 3;
const INTEGER: u8 = 4;
const FLOAT: u8 = 5;
const TEXT: u8 = 6;
const BYTES: u8 = 7;
const VARIANT: u8 = 8;
const SEQUENCE: u8 = 9;
const FIELDS: u8 = 10;
const MAP: u8 = 11;
const END: u8 = 12;
const PLACE: u8 = 13;

/// Writes canonical bytes to the end of a buffer.
pub(super) struct Canonical<'b> {
    out: &'b mut Vec<u8>,
}

impl<'b> Canonical<'b> {
    pub(super) fn new(out: &'b mut Vec<u8>) -> Self {
        Self { out }
    }

    fn integer(self, number: i128) {
        self.out.push(INTEGER);
        self.out.extend(number.to_le_bytes());
    }

    fn sized(self, tag: u8, content: &[u8]) {
        self.out.push(tag);
        self.out.extend((content.len() as u64).to_le_bytes());
        self.out.extend(content);
    }

    fn name(self, name: &str) {
        self.sized(TEXT, name.as_bytes());
    }

    fn variant(self, name: &str) -> &'b mut Vec<u8> {
        Canonical::new(self.out).sized(VARIANT, name.as_bytes());
        self.out
    }
}

/// A value refused to be serialised.
#[derive(Debug)]
pub(super) struct Refused(String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

impl ser::Error for Refused {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

macro_rules! integers {
    ($($method:ident: $kind:ty),*) => {
        $(fn $method(self, number: $kind) -> Result<(), Refused> {
            self.integer(i128::from(number));
            Ok(())
        })*
    };
}

impl<'b> ser::Serializer for Canonical<'b> {
    type Ok = ();
    type Error = Refused;
    type SerializeSeq = Sequence<'b>;
    type SerializeTuple = Sequence<'b>;
    type SerializeTupleStruct = Sequence<'b>;
    type SerializeTupleVariant = Sequence<'b>;
    type SerializeMap = Map<'b>;
    type SerializeStruct = Fields<'b>;
    type SerializeStructVariant = Fields<'b>;

    integers!(serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128,
        serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64);

    fn serialize_bool(self, flag: bool) -> Result<(), Refused> {
        self.out.extend([BOOL, u8::from(flag)]);
        Ok(())
    }

    fn serialize_f32(self, number: f32) -> Result<(), Refused> {
        self.serialize_f64(f64::from(number))
    }

    fn serialize_f64(self, number: f64) -> Result<(), Refused> {
        self.out.push(FLOAT);
        self.out.extend(number.to_bits().to_le_bytes());
        Ok(())
    }

    fn serialize_char(self, char: char) -> Result<(), Refused> {
        self.serialize_str(char.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, text: &str) -> Result<(), Refused> {
        self.sized(TEXT, text.as_bytes());
        Ok(())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), Refused> {
        self.sized(BYTES, bytes);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Refused> {
        self.out.push(NONE);
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Refused> {
        self.out.push(SOME);
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Refused> {
        self.out.push(UNIT);
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Refused> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Refused> {
        self.variant(variant).push(UNIT);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Refused> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Refused> {
        value.serialize(Canonical::new(self.variant(variant)))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Sequence<'b>, Refused> {
        self.out.push(SEQUENCE);
        Ok(Sequence { out: self.out })
    }

    fn serialize_tuple(self, length: usize) -> Result<Sequence<'b>, Refused> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(self, _: &'static str, length: usize) -> Result<Sequence<'b>, Refused> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Sequence<'b>, Refused> {
        Canonical::new(self.variant(variant)).serialize_seq(Some(length))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Map<'b>, Refused> {
        self.out.push(MAP);
        let start = self.out.len();
        Ok(Map { out: self.out, start, entries: Vec::new() })
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Fields<'b>, Refused> {
        let is_place = name == "Span";
        self.out.push(if is_place { PLACE } else { FIELDS });
        Ok(Fields { out: self.out, is_place })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Fields<'b>, Refused> {
        let out = self.variant(variant);
        out.push(FIELDS);
        Ok(Fields { out, is_place: false })
    }

    /// Dates and decimals print themselves differently for people and machines; one form is hashed.
    fn is_human_readable(&self) -> bool {
        true
    }
}

/// Items in order.
pub(super) struct Sequence<'b> {
    out: &'b mut Vec<u8>,
}

macro_rules! sequence {
    ($($kind:ident: $method:ident),*) => {
        $(impl ser::$kind for Sequence<'_> {
            type Ok = ();
            type Error = Refused;

            fn $method<T: Serialize + ?Sized>(&mut self, item: &T) -> Result<(), Refused> {
                item.serialize(Canonical::new(self.out))
            }

            fn end(self) -> Result<(), Refused> {
                self.out.push(END);
                Ok(())
            }
        })*
    };
}

sequence!(
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field
);

/// Named fields, in the order of their declaration.
pub(super) struct Fields<'b> {
    out: &'b mut Vec<u8>,
    is_place: bool,
}

macro_rules! fields {
    ($($kind:ident),*) => {
        $(impl ser::$kind for Fields<'_> {
            type Ok = ();
            type Error = Refused;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Refused> {
                if self.is_place || SKIPPED.contains(&name) {
                    return Ok(());
                }
                Canonical::new(self.out).name(name);
                value.serialize(Canonical::new(self.out))
            }

            fn end(self) -> Result<(), Refused> {
                self.out.push(END);
                Ok(())
            }
        })*
    };
}

fields!(SerializeStruct, SerializeStructVariant);

/// Entries, put in the order of their bytes at the end.
pub(super) struct Map<'b> {
    out: &'b mut Vec<u8>,
    start: usize,
    entries: Vec<Range<usize>>,
}

impl ser::SerializeMap for Map<'_> {
    type Ok = ();
    type Error = Refused;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refused> {
        let start = self.out.len();
        key.serialize(Canonical::new(self.out))?;
        self.entries.push(start..start);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refused> {
        value.serialize(Canonical::new(self.out))?;
        if let Some(entry) = self.entries.last_mut() {
            entry.end = self.out.len();
        }
        Ok(())
    }

    fn end(mut self) -> Result<(), Refused> {
        let is_sorted = self.entries.is_sorted_by(|a, b| self.out[a.clone()] <= self.out[b.clone()]);
        if !is_sorted {
            let unsorted = self.out[self.start..].to_vec();
            self.entries.sort_by(|a, b| self.out[a.clone()].cmp(&self.out[b.clone()]));
            let sorted: Vec<u8> = self
                .entries
                .iter()
                .flat_map(|entry| &unsorted[entry.start - self.start..entry.end - self.start])
                .copied()
                .collect();
            self.out.truncate(self.start);
            self.out.extend(sorted);
        }
        self.out.push(END);
        Ok(())
    }
}
