//! Which names a piece of SQL, shell or Python mentions, as far as can be told without running it.
//!
//! Scanners, not parsers: they know comments, quotes and what a variable looks like, and nothing else of
//! those languages. What they find serves messages (a name that is no parameter, a parameter that is not
//! used), never execution.

pub(crate) mod python;
pub(crate) mod shell;
pub(crate) mod sql;
pub(crate) mod sql_changes;

/// A name in a text, with the bytes that it takes (the name alone, without `:` or `$`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mention<'a> {
    pub(crate) name: &'a str,
    pub(crate) start: usize,
}

impl Mention<'_> {
    /// One past its last byte.
    pub(crate) fn end(&self) -> usize {
        self.start + self.name.len()
    }
}

/// How many bytes of a name stand at the start of a text: a letter or `_`, then letters, digits, `_`.
fn name_length(text: &str) -> usize {
    if !text.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        return 0;
    }
    text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())
}

/// How many bytes up to and with the closing quote, given the text after the opening one.
fn quoted_length(text: &str, quote: char, backslash: bool) -> usize {
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if c == quote {
            return at + c.len_utf8();
        }
        if backslash && c == '\\' {
            chars.next();
        }
    }
    text.len()
}

/// How many bytes up to and with a closing mark, or all.
fn through(text: &str, mark: &str) -> usize {
    text.find(mark).map_or(text.len(), |at| at + mark.len())
}
