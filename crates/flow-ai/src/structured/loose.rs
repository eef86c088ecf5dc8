//! JSON as models write it: comments, trailing commas, single quotes, keys without quotes, Python's words, brackets that
//! are missing at the end.
//!
//! Numbers stay as written. Only objects are closed where the text ends: a list may have had more items, a string or
//! number more letters. Knows no types. Every byte is looked at a fixed number of times, and nesting is bounded.

use super::leniency::{Forgiven, Leniency};

/// How deep an answer may be nested.
const MOST_DEPTH: usize = 128;

/// A value as written.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Loose {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// The digits, or `NaN`, `inf`, `-inf`.
    Number(String),
    /// A string without its quotes and escapes.
    String(String),
    /// A list.
    Array(Vec<Loose>),
    /// Keys and values in order, repeated keys and all.
    Object {
        /// Them.
        entries: Vec<(String, Loose)>,
        /// The text ended before the closing bracket.
        open: bool,
    },
}

/// A value that was read.
#[derive(Clone, Debug)]
pub(super) struct Parsed {
    pub(super) value: Loose,
    /// Where it ends.
    pub(super) end: usize,
    pub(super) forgiven: Forgiven,
}

/// Why nothing was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// Where.
    pub(super) at: usize,
    pub(super) why: &'static str,
    /// Enough was read to tell that JSON was meant.
    pub(super) meant: bool,
}

/// Reads the value that begins at a place.
pub(super) fn parse(text: &str, start: usize) -> Result<Parsed, Broken> {
    let mut parser =
        Parser { text, bytes: text.as_bytes(), at: start, depth: 0, meant: false, forgiven: Forgiven::default() };
    match parser.value() {
        Ok(value) => Ok(Parsed { value, end: parser.at, forgiven: parser.forgiven }),
        Err(why) => Err(Broken { at: parser.at, why, meant: parser.meant }),
    }
}

struct Parser<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    depth: usize,
    meant: bool,
    forgiven: Forgiven,
}

type Fails<T> = Result<T, &'static str>;

const CUT: &str = "it was cut off";

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Passes over white space and comments.
    fn space(&mut self) -> Fails<()> {
        loop {
            let rest = &self.bytes[self.at..];
            match rest {
                [b' ' | b'\n' | b'\r' | b'\t', ..] => self.at += 1,
                [0xc2, 0xa0, ..] => self.at += 2,
                [b'/', b'/', ..] | [b'#', ..] => {
                    self.forgiven.once(Leniency::Comment);
                    self.at += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
                }
                [b'/', b'*', ..] => {
                    self.forgiven.once(Leniency::Comment);
                    match self.text[self.at + 2..].find("*/") {
                        Some(end) => self.at += end + 4,
                        None => {
                            self.at = self.bytes.len();
                            return Err(CUT);
                        }
                    }
                }
                _ => return Ok(()),
            }
        }
    }

    fn value(&mut self) -> Fails<Loose> {
        self.space()?;
        match self.peek() {
            None => Err(CUT),
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(quote @ (b'"' | b'\'')) => self.string(quote).map(Loose::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(byte) if byte.is_ascii_alphabetic() => self.word(),
            Some(_) => Err("a value is expected"),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Fails<Loose>) -> Fails<Loose> {
        if self.depth == MOST_DEPTH {
            self.meant = true;
            return Err("it is nested deeper than 128");
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    fn array(&mut self) -> Fails<Loose> {
        let mut items = Vec::new();
        loop {
            self.space()?;
            match self.peek() {
                Some(b']') => {
                    self.at += 1;
                    return Ok(Loose::Array(items));
                }
                None => return Err(CUT),
                _ => {}
            }
            let item = self.value()?;
            self.meant |= !matches!(item, Loose::Number(_));
            items.push(item);
            self.space()?;
            match self.peek() {
                Some(b',') => {
                    self.meant = true;
                    self.at += 1;
                    self.space()?;
                    if self.peek() == Some(b']') {
                        self.forgiven.once(Leniency::TrailingComma);
                    }
                }
                Some(b']') => {}
                None => return Err(CUT),
                Some(_) => return Err("`,` or `]` is expected"),
            }
        }
    }

    fn object(&mut self) -> Fails<Loose> {
        let mut entries = Vec::new();
        loop {
            self.space()?;
            match self.peek() {
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Loose::Object { entries, open: false });
                }
                // With nothing read it is no object that anybody wrote.
                None if !entries.is_empty() => return Ok(self.cut(entries)),
                None => return Err(CUT),
                _ => {}
            }
            let key = self.key()?;
            self.space()?;
            match self.peek() {
                Some(b':') => self.at += 1,
                None => return Err(CUT),
                Some(_) => return Err("`:` is expected after a key"),
            }
            let value = self.value()?;
            self.meant = true;
            entries.push((key, value));
            self.space()?;
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.space()?;
                    if self.peek() == Some(b'}') {
                        self.forgiven.once(Leniency::TrailingComma);
                    }
                }
                Some(b'}') => {}
                None => return Ok(self.cut(entries)),
                Some(_) => return Err("`,` or `}` is expected"),
            }
        }
    }

    fn cut(&mut self, entries: Vec<(String, Loose)>) -> Loose {
        self.forgiven.once(Leniency::CutTail);
        Loose::Object { entries, open: true }
    }

    fn key(&mut self) -> Fails<String> {
        match self.peek() {
            Some(quote @ (b'"' | b'\'')) => {
                let key = self.string(quote)?;
                // Prose has braces before many things, but hardly before a string and a colon.
                self.meant |= self.bytes[self.at..].first() == Some(&b':');
                Ok(key)
            }
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' || byte == b'$' => {
                let word = self.letters().to_owned();
                self.forgiven.once(Leniency::UnquotedKey);
                Ok(word)
            }
            Some(_) => Err("a key is expected"),
            None => Err(CUT),
        }
    }

    fn letters(&mut self) -> &str {
        let start = self.at;
        let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'-');
        self.at += self.bytes[start..].iter().take_while(|byte| is_letter(byte)).count();
        &self.text[start..self.at]
    }

    fn word(&mut self) -> Fails<Loose> {
        let start = self.at;
        let (value, python) = match self.letters() {
            "true" => (Loose::Bool(true), false),
            "false" => (Loose::Bool(false), false),
            "null" => (Loose::Null, false),
            "True" => (Loose::Bool(true), true),
            "False" => (Loose::Bool(false), true),
            "None" => (Loose::Null, true),
            "NaN" | "nan" => (Loose::Number("NaN".to_owned()), true),
            "Infinity" | "inf" => (Loose::Number("inf".to_owned()), true),
            _ => {
                self.at = start;
                return Err("a string without quotes may be anything");
            }
        };
        if python {
            self.forgiven.once(Leniency::PythonWord);
        }
        Ok(value)
    }

    fn number(&mut self) -> Fails<Loose> {
        let start = self.at;
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-' | b'_');
        let length = self.bytes[start..].iter().take_while(|byte| is_part(byte)).count();
        let written = &self.text[start..start + length];
        if start + length == self.bytes.len() && self.depth > 0 {
            // More digits may have followed.
            return Err(CUT);
        }
        if ["-Infinity", "-inf"].contains(&written) {
            self.at += length;
            self.forgiven.once(Leniency::PythonWord);
            return Ok(Loose::Number("-inf".to_owned()));
        }
        if !is_number(written) {
            return Err("a number as JSON writes it is expected");
        }
        self.at += length;
        Ok(Loose::Number(written.to_owned()))
    }

    fn string(&mut self, quote: u8) -> Fails<String> {
        if quote == b'\'' {
            self.forgiven.once(Leniency::SingleQuotes);
        }
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = &self.bytes[self.at..];
            let special = |byte: &u8| *byte == quote || *byte == b'\\' || *byte < b' ';
            let Some(length) = rest.iter().position(special) else {
                self.at = self.bytes.len();
                return Err(CUT);
            };
            text.push_str(&self.text[self.at..self.at + length]);
            self.at += length;
            match self.bytes[self.at] {
                b'\\' => {
                    self.at += 1;
                    text.push(self.escape()?);
                }
                byte if byte == quote => {
                    self.at += 1;
                    return Ok(text);
                }
                control => {
                    self.forgiven.once(Leniency::ControlCharacter);
                    text.push(char::from(control));
                    self.at += 1;
                }
            }
        }
    }

    fn escape(&mut self) -> Fails<char> {
        let byte = self.peek().ok_or(CUT)?;
        self.at += 1;
        Ok(match byte {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'\'' => {
                self.forgiven.once(Leniency::SingleQuotes);
                '\''
            }
            b'u' => return self.unicode(),
            _ => {
                self.at -= 1;
                return Err("there is no such escape in JSON");
            }
        })
    }

    fn unicode(&mut self) -> Fails<char> {
        const LONE: &str = "half a character is escaped";
        let first = self.hex()?;
        if !(0xd800..0xe000).contains(&first) {
            return char::from_u32(first).ok_or(LONE);
        }
        if first >= 0xdc00 || !self.bytes[self.at..].starts_with(b"\\u") {
            return Err(LONE);
        }
        self.at += 2;
        let second = self.hex()?;
        if !(0xdc00..0xe000).contains(&second) {
            return Err(LONE);
        }
        char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)).ok_or(LONE)
    }

    fn hex(&mut self) -> Fails<u32> {
        let digits = self.bytes.get(self.at..self.at + 4).ok_or(CUT)?;
        let mut number = 0;
        for digit in digits {
            number = number * 16 + char::from(*digit).to_digit(16).ok_or("four hexadecimal digits are expected")?;
        }
        self.at += 4;
        Ok(number)
    }
}

/// Whether it is a number of JSON.
pub(super) fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let no_zero = whole == "0" || !whole.starts_with('0');
    digits(whole) && no_zero && fraction.is_none_or(digits) && exponent.is_none_or(digits)
}
