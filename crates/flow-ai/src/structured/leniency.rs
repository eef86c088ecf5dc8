//! What was forgiven when an answer was read, in words for people. Holds no values: they may be labelled.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How many are kept of one answer; the last then counts the others.
const MOST: usize = 100;

/// One thing that was forgiven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leniency {
    /// Text around the JSON.
    Prose,
    /// A fence of backticks around the JSON.
    Fence,
    /// A part in which the model thinks aloud.
    Thinking,
    /// A comment in the JSON.
    Comment,
    /// A comma before a closing bracket.
    TrailingComma,
    /// Strings in single quotes.
    SingleQuotes,
    /// A key without quotes.
    UnquotedKey,
    /// `True`, `False`, `None`, as Python writes them.
    PythonWord,
    /// A line's end or another control character as it is in a string.
    ControlCharacter,
    /// The closing brackets at the end were missing.
    CutTail,
    /// A value by itself, without quotes.
    Bare,
    /// The answer stood in an object around it.
    Wrapped(String),
    /// A variant in another spelling, at this path.
    Spelling(String),
    /// A number written as text, at this path.
    NumberAsText(String),
    /// `"true"` for `true`, at this path.
    BoolAsText(String),
    /// A single value where a list is wanted, at this path.
    ListOfOne(String),
    /// A key in another spelling, at this path.
    KeySpelling(String),
    /// A key that the type does not have.
    ExtraKey(String),
    /// So many more.
    More(u64),
}

impl fmt::Display for Leniency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Prose => "text around the JSON was left out",
            Self::Fence => "a code fence around the JSON was taken off",
            Self::Thinking => "the part in which the model thinks aloud was left out",
            Self::Comment => "comments in the JSON were left out",
            Self::TrailingComma => "a comma before a closing bracket was left out",
            Self::SingleQuotes => "single quotes were taken for double ones",
            Self::UnquotedKey => "a key without quotes was taken",
            Self::PythonWord => "Python's words were taken for JSON's",
            Self::ControlCharacter => "control characters in a string were taken as they are",
            Self::CutTail => "missing brackets at the end were closed",
            Self::Bare => "a value without quotes was taken",
            Self::Wrapped(key) => return write!(f, "the answer was taken out of `{key}`"),
            Self::Spelling(path) => return write!(f, "{path}: a variant in another spelling was taken"),
            Self::NumberAsText(path) => return write!(f, "{path}: a number written as text was taken"),
            Self::BoolAsText(path) => return write!(f, "{path}: `true` or `false` written as text was taken"),
            Self::ListOfOne(path) => return write!(f, "{path}: a single value was taken for a list of one"),
            Self::KeySpelling(path) => return write!(f, "{path}: its key was spelled otherwise"),
            Self::ExtraKey(path) => return write!(f, "{path}: a key that the type does not have was left out"),
            Self::More(count) => return write!(f, "and {count} more"),
        };
        f.write_str(text)
    }
}

/// What was forgiven so far: each thing once, and only so many.
#[derive(Clone, Debug, Default)]
pub(super) struct Forgiven {
    kept: Vec<Leniency>,
    more: u64,
}

impl Forgiven {
    /// Adds one that has no path, once.
    pub(super) fn once(&mut self, leniency: Leniency) {
        if !self.kept.contains(&leniency) {
            self.add(|| leniency);
        }
    }

    /// Adds one.
    pub(super) fn add(&mut self, leniency: impl FnOnce() -> Leniency) {
        if self.kept.len() < MOST {
            self.kept.push(leniency());
        } else {
            self.more += 1;
        }
    }

    /// All of them.
    pub(super) fn into_list(mut self) -> Vec<Leniency> {
        if self.more > 0 {
            self.kept.push(Leniency::More(self.more));
        }
        self.kept
    }
}
