//! The small language of `--select`: which part of a program is meant.
//!
//! Its grammar is `grammar/selector.pest`, parsed by pest itself. Knows nothing of what is done with the
//! part. Errors say where in the text they are, and which name was probably meant.

mod evaluate;
mod parse;

pub use evaluate::{nearest, select};
pub use parse::{Selector, Term};

use std::{fmt, ops::Range};

/// What is wrong with a selector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectorError {
    /// The whole selector.
    pub text: String,
    /// The bytes that are wrong.
    pub at: Range<usize>,
    /// What is wrong. Lower case, no full stop.
    pub message: String,
    /// Names that were probably meant.
    pub nearest: Vec<String>,
}

impl fmt::Display for SelectorError {
    /// Three lines: the message, the selector, and what is wrong in it underlined.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = self.text[..self.at.start].chars().count();
        let width = self.text[self.at.clone()].chars().count().max(1);
        write!(f, "{}\n  {}\n  {}{}", self.message, self.text, " ".repeat(before), "^".repeat(width))?;
        if let [nearest, ..] = &self.nearest[..] {
            write!(f, " did you mean `{nearest}`?")?;
        }
        Ok(())
    }
}

impl std::error::Error for SelectorError {}
