//! JSON of any program's depth: a tree of values from text, without recursion.
//!
//! The usual reader stops at 128 levels, and an expression takes several levels of JSON for each of its own.
//! Here the levels are a list, so that reading takes no stack; texts and numbers are left to the usual
//! reader. Tested through plans, there and back.

use super::PlanError;
use serde_json::{Map, Value};

/// Levels of JSON that are read: more than the deepest checked program has (256 levels of the language,
/// each of at most eight of JSON), and few enough for the stack on which the tree is taken apart.
const MOST_LEVELS: usize = 4096;

/// A list or object that is not closed yet.
enum Open {
    List(Vec<Value>),
    /// With the name of the entry whose value comes next.
    Object(Map<String, Value>, String),
}

/// Reads a text that holds one value.
pub(super) fn parse(text: &str) -> Result<Value, PlanError> {
    let mut reader = Reader { text, at: 0 };
    let mut open: Vec<Open> = vec![];
    loop {
        let mut value = match reader.peek() {
            Some(b'[') => {
                reader.at += 1;
                if reader.takes(b']') {
                    Value::Array(vec![])
                } else {
                    nest(&mut open, Open::List(vec![]))?;
                    continue;
                }
            }
            Some(b'{') => {
                reader.at += 1;
                if reader.takes(b'}') {
                    Value::Object(Map::new())
                } else {
                    let name = reader.name()?;
                    nest(&mut open, Open::Object(Map::new(), name))?;
                    continue;
                }
            }
            _ => reader.scalar()?,
        };
        // A value is complete: it goes where it belongs, and may complete what it is in.
        loop {
            match open.pop() {
                None => return if reader.peek().is_none() { Ok(value) } else { Err(reader.wrong("the end")) },
                Some(Open::List(mut items)) => {
                    items.push(value);
                    if reader.takes(b',') {
                        open.push(Open::List(items));
                        break;
                    }
                    reader.needs(b']')?;
                    value = Value::Array(items);
                }
                Some(Open::Object(mut entries, name)) => {
                    entries.insert(name, value);
                    if reader.takes(b',') {
                        let name = reader.name()?;
                        open.push(Open::Object(entries, name));
                        break;
                    }
                    reader.needs(b'}')?;
                    value = Value::Object(entries);
                }
            }
        }
    }
}

fn nest(open: &mut Vec<Open>, new: Open) -> Result<(), PlanError> {
    if open.len() == MOST_LEVELS {
        return Err(PlanError::TooDeep);
    }
    open.push(new);
    Ok(())
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    /// The next byte that is no blank.
    fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.text.as_bytes().get(self.at).copied()
    }

    fn takes(&mut self, sign: u8) -> bool {
        let found = self.peek() == Some(sign);
        self.at += usize::from(found);
        found
    }

    fn needs(&mut self, sign: u8) -> Result<(), PlanError> {
        if self.takes(sign) { Ok(()) } else { Err(self.wrong(&format!("`{}`", char::from(sign)))) }
    }

    /// A name and its colon.
    fn name(&mut self) -> Result<String, PlanError> {
        match (self.peek(), self.scalar()?) {
            (Some(b'"'), Value::String(name)) => self.needs(b':').map(|()| name),
            _ => Err(self.wrong("a name in quotes")),
        }
    }

    /// A text, a number, `true`, `false` or `null`.
    fn scalar(&mut self) -> Result<Value, PlanError> {
        let first = self.peek();
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = match first {
            Some(b'"') => string_length(rest),
            Some(_) => rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte)).count(),
            None => 0,
        };
        let found = rest.get(..length).and_then(|text| serde_json::from_str(text).ok());
        let value = found.ok_or_else(|| self.wrong("a value"))?;
        self.at += length;
        Ok(value)
    }

    fn wrong(&self, expected: &str) -> PlanError {
        let line = 1 + self.text.as_bytes()[..self.at].iter().filter(|byte| **byte == b'\n').count();
        PlanError::Malformed(format!("expected {expected} in line {line}"))
    }
}

/// Bytes of a text with its quotes; of all that is left if it does not end.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::parse;
    use serde_json::Value;

    #[test]
    fn reads_what_the_usual_reader_reads() {
        for text in [
            "null",
            " true ",
            "-1.5e3",
            "\"a\\\"\\u00e9]\"",
            "[]",
            "{}",
            "[[],{}]",
            "{\"a\":[1,{\"b\":null}],\"c\":\"}\"}",
            "[1,2 , 3]\n",
        ] {
            assert_eq!(parse(text).unwrap(), serde_json::from_str::<Value>(text).unwrap(), "{text}");
        }
        for text in [
            "",
            "[",
            "[1",
            "[1,]",
            "{\"a\"}",
            "{\"a\":}",
            "{a:1}",
            "{1:1}",
            "[1]]",
            "nul",
            "\"a",
            "\"a\nb\"",
            "1 2",
            "{\"a\":1,}",
            "é",
        ] {
            assert!(parse(text).is_err(), "{text}");
            assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
        }
    }
}
